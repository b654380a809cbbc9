//! Removes block parameters that always are one and the same value, or the same as another parameter of their block.
//!
//! The builder gives a loop a parameter for every scalar that lives through it; those that the loop does not change are the
//! value from in front of it, which the other passes then see to be invariant.
//! Must not: remove a parameter that any way in gives another value.
use crate::jit::ir::cfg::Cfg;
use crate::jit::ir::ids::IdMap;
use crate::jit::ir::{BlockId, Function, Terminator, ValueId};

/// Returns the number of parameters removed.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    let incoming = incoming(function, cfg);
    let mut replace: Vec<ValueId> = (0..function.values.len() as u32).map(ValueId).collect();
    let params: Vec<ValueId> =
        cfg.order.iter().flat_map(|block| function.blocks[block.index()].params.iter().copied()).collect();
    let mut changed = true;
    while changed {
        changed = false;
        for &param in &params {
            if replace[param.index()] == param
                && let Some(args) = incoming.get(&param)
                && let Some(only) = only_value(param, args, &replace)
            {
                replace[param.index()] = only;
                changed = true;
            }
        }
    }
    merge(function, cfg, &incoming, &mut replace);
    let removed = params.iter().filter(|param| replace[param.index()] != **param).count();
    if removed > 0 {
        drop_params(function, cfg, |param| replace[param.index()] == param);
        super::rewrite(function, &replace);
    }
    removed
}

/// What each parameter may be.
fn incoming(function: &Function, cfg: &Cfg) -> IdMap<ValueId, Vec<ValueId>> {
    let mut incoming: IdMap<ValueId, Vec<ValueId>> = IdMap::default();
    for &block in &cfg.order {
        for (to, args) in function.blocks[block.index()].term.iter().flat_map(Terminator::successors) {
            for (param, arg) in function.blocks[to.index()].params.iter().zip(args) {
                incoming.entry(*param).or_default().push(*arg);
            }
        }
    }
    incoming
}

/// Parameters of a block that are passed the same on all ways to it are the first of them.
fn merge(function: &Function, cfg: &Cfg, incoming: &IdMap<ValueId, Vec<ValueId>>, replace: &mut [ValueId]) {
    for &block in &cfg.order {
        let params = &function.blocks[block.index()].params;
        if params.len() < 2 {
            continue;
        }
        let mut first: IdMap<Vec<ValueId>, ValueId> = IdMap::with_capacity_and_hasher(params.len(), Default::default());
        for &param in params {
            if replace[param.index()] == param
                && let Some(args) = incoming.get(&param)
            {
                let passed = args.iter().map(|arg| found(*arg, replace)).collect();
                replace[param.index()] = *first.entry(passed).or_insert(param);
            }
        }
    }
}

/// The only value besides the parameter itself.
fn only_value(param: ValueId, args: &[ValueId], replace: &[ValueId]) -> Option<ValueId> {
    let mut only = None;
    for &arg in args {
        let arg = found(arg, replace);
        if arg != param && only.is_some_and(|only| only != arg) {
            return None;
        }
        if arg != param {
            only = Some(arg);
        }
    }
    only
}

fn found(mut value: ValueId, replace: &[ValueId]) -> ValueId {
    while replace[value.index()] != value {
        value = replace[value.index()];
    }
    value
}

/// Removes parameters of blocks that are not to be kept, and what is passed for them.
pub(super) fn drop_params(function: &mut Function, cfg: &Cfg, keep: impl Fn(ValueId) -> bool) {
    let keeps: Vec<Vec<bool>> =
        function.blocks.iter().map(|block| block.params.iter().map(|param| keep(*param)).collect()).collect();
    let kept = |to: BlockId, args: &[ValueId]| -> Box<[ValueId]> {
        args.iter().zip(&keeps[to.index()]).filter(|(_, keep)| **keep).map(|(arg, _)| *arg).collect()
    };
    for &block in &cfg.order {
        match &mut function.blocks[block.index()].term {
            Some(Terminator::Jump(to, args)) => *args = kept(*to, args),
            Some(Terminator::Branch { then, otherwise, .. }) => {
                then.1 = kept(then.0, &then.1);
                otherwise.1 = kept(otherwise.0, &otherwise.1);
            }
            _ => {}
        }
        function.blocks[block.index()].params.retain(|param| keep(*param));
    }
}
