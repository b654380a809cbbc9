//! Loop parameters that only fall: they are at most what they begin with.
//!
//! `j` in `while i < j { …; i += 1; j -= 1 }`. A parameter falls if each way back to the head gives it something that was made of it,
//! or of what it begins with, by taking away constants: directly, by way of merges, or by an inner loop that does the same.
//! Relies on: differences are exact where they are used. What a loop begins with does not change while it runs.
//! Must not: follow values out of the loop; there they may be those of an earlier turn of a loop around it.
use crate::jit::ir::cfg::{Cfg, Loop};
use crate::jit::ir::ids::{IdMap, IdSet};
use crate::jit::ir::inst::IntOp;
use crate::jit::ir::{BlockId, Function, InstKind, Repr, ValueId};

/// By loop head: parameters, and what each is at most.
pub type Falling = IdMap<BlockId, Vec<(ValueId, ValueId)>>;

pub fn find(function: &Function, cfg: &Cfg) -> Falling {
    if cfg.loops.is_empty() {
        return Falling::default();
    }
    let ways = Ways::new(function, cfg);
    let in_loop = |looped: &Loop| {
        let inside: IdSet<BlockId> = looped.blocks.iter().copied().collect();
        let params = function.blocks[looped.header.index()].params.iter().copied();
        let found: Vec<_> = params.filter_map(|param| Some((param, ways.begins(looped, &inside, param)?))).collect();
        (!found.is_empty()).then_some((looped.header, found))
    };
    cfg.loops.iter().filter_map(in_loop).collect()
}

/// Where ints come from.
enum Source {
    /// One for each edge into the block of the parameter: the block it comes from, and the argument.
    Merge(Vec<(BlockId, ValueId)>),
    /// The same or less.
    Reduced(ValueId),
}

struct Ways {
    sources: IdMap<ValueId, Source>,
    home: Vec<BlockId>,
}

impl Ways {
    fn new(function: &Function, cfg: &Cfg) -> Ways {
        let mut sources = IdMap::default();
        let blocks = || cfg.order.iter().map(|block| (*block, &function.blocks[block.index()]));
        let insts = || blocks().flat_map(|(_, data)| &data.insts);
        let constant = |inst: &crate::jit::ir::Inst| match inst.kind {
            InstKind::ConstI(number) if number >= 0 => inst.result,
            _ => None,
        };
        let constants: IdSet<ValueId> = insts().filter_map(constant).collect();
        for inst in insts() {
            let (Some(result), Some(from)) = (inst.result, reduced(&inst.kind, &constants)) else { continue };
            sources.insert(result, Source::Reduced(from));
        }
        for (from, data) in blocks() {
            for (to, args) in data.term.iter().flat_map(|term| term.successors()) {
                for (param, arg) in function.blocks[to.index()].params.iter().zip(args) {
                    if function.ty(*param).repr == Repr::I64
                        && let Source::Merge(list) = sources.entry(*param).or_insert_with(|| Source::Merge(Vec::new()))
                    {
                        list.push((from, *arg));
                    }
                }
            }
        }
        Ways { sources, home: super::homes(function, cfg) }
    }

    /// What a loop's parameter begins with, if it only falls from there.
    fn begins(&self, looped: &Loop, inside: &IdSet<BlockId>, param: ValueId) -> Option<ValueId> {
        let Source::Merge(ways) = self.sources.get(&param)? else { return None };
        let mut outside = ways.iter().filter(|(from, _)| !inside.contains(from)).map(|(_, arg)| *arg);
        let start = outside.next()?;
        let mut falls = false;
        let mut seen = IdSet::from_iter([param]);
        let mut work: Vec<ValueId> = ways.iter().map(|(_, arg)| *arg).collect();
        while let Some(value) = work.pop() {
            if value == start || !seen.insert(value) {
                continue;
            }
            if !inside.contains(&self.home[value.index()]) {
                return None;
            }
            match self.sources.get(&value)? {
                Source::Reduced(from) => {
                    falls = true;
                    work.push(*from);
                }
                Source::Merge(ways) => work.extend(ways.iter().map(|(_, arg)| *arg)),
            }
        }
        debug_assert!(self.home[param.index()] == looped.header);
        falls.then_some(start)
    }
}

/// What an instruction gives something at most as large as.
fn reduced(kind: &InstKind, constants: &IdSet<ValueId>) -> Option<ValueId> {
    match *kind {
        InstKind::Int { op: IntOp::Sub, a, b, .. } if constants.contains(&b) => Some(a),
        InstKind::GuardBounds { index, .. } => Some(index),
        InstKind::GuardSmall { value, .. } => Some(value),
        _ => None,
    }
}
