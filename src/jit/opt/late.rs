//! Lets exits compute what a sum was before its last step, so that the old value need not live beside the new one.
//!
//! In `total += x` an exit behind the addition, the check for overflow included, that wants the old total can have it as the new
//! one less `x`, modulo 2 to the 64. Without that the two need a register each, and a copy at the end of every turn.
//! Must not: touch sums whose old value is used behind the addition in any other way, since it lives on then.
use crate::jit::ir::cfg::{Cfg, Loop};
use crate::jit::ir::ids::{IdMap, IdSet};
use crate::jit::ir::inst::IntOp;
use crate::jit::ir::{BlockId, Function, InstKind, Late, StateId, Terminator, ValueId};

/// `new` is `old` with something added or taken off by an instruction of a block.
pub(super) struct Step {
    block: BlockId,
    at: usize,
    old: ValueId,
    pub(super) late: Late,
}

/// Returns the number of sums.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    let before = function.late.len();
    for looped in &cfg.loops {
        for step in steps(function, looped) {
            take_back(function, cfg, looped, &step);
        }
    }
    function.late.len() - before
}

/// The checked steps of the loop's own sums: what a turn gives the head for a parameter is made from that parameter.
pub(super) fn steps(function: &Function, looped: &Loop) -> Vec<Step> {
    let params = &function.blocks[looped.header.index()].params;
    let mut next = IdMap::default();
    for latch in &looped.latches {
        for (to, args) in function.blocks[latch.index()].term.iter().flat_map(Terminator::successors) {
            if to == looped.header {
                next.extend(args.iter().copied().zip(params.iter().copied()));
            }
        }
    }
    let mut steps = Vec::new();
    for &block in &looped.blocks {
        for (at, inst) in function.blocks[block.index()].insts.iter().enumerate() {
            let (InstKind::Int { op, a, b, exit: Some(_) }, Some(new)) = (&inst.kind, inst.result) else { continue };
            let Some(&old) = next.get(&new) else { continue };
            let late = match op {
                IntOp::Add if *a == old && *b != old => Late { adds: false, a: new, b: *b },
                IntOp::Add if *b == old && *a != old => Late { adds: false, a: new, b: *a },
                IntOp::Sub if *a == old && *b != old => Late { adds: true, a: new, b: *b },
                _ => continue,
            };
            steps.push(Step { block, at, old, late });
        }
    }
    steps
}

/// Changes the exits behind a step, if only exits want the old value there.
fn take_back(function: &mut Function, cfg: &Cfg, looped: &Loop, step: &Step) {
    let behind = reachable(function, looped.header, step.block);
    let mut found = Vec::new();
    for &block in cfg.order.iter().filter(|block| **block == step.block || behind.contains(block)) {
        let from = if block == step.block { step.at } else { 0 };
        let wants = |state: &StateId| function.states[state.index()].values().any(|value| value == step.old);
        let data = &function.blocks[block.index()];
        for (at, inst) in data.insts.iter().enumerate().skip(from) {
            let (mut used, mut wanted) = (false, false);
            inst.kind.operands(|value| used |= value == step.old);
            inst.kind.exits(|exit| wanted |= wants(&exit));
            if used && (block, at) != (step.block, step.at) {
                return;
            }
            if wanted {
                found.push((block, at));
            }
        }
        let mut used = data.preheader.as_ref().is_some_and(wants);
        used |= matches!(&data.term, Some(Terminator::Exit(state)) if wants(state));
        data.term.iter().for_each(|term| term.operands(|value| used |= value == step.old));
        if used || found.last().is_some_and(|(at, _)| *at == block) && !cfg.dominates(step.block, block) {
            return;
        }
    }
    change(function, step, &found);
}

/// The blocks that may run behind a block in the same turn or past the loop.
fn reachable(function: &Function, header: BlockId, from: BlockId) -> IdSet<BlockId> {
    let mut seen = IdSet::default();
    let mut work = vec![from];
    while let Some(block) = work.pop() {
        for (to, _) in function.blocks[block.index()].term.iter().flat_map(Terminator::successors) {
            if to != header && seen.insert(to) {
                work.push(to);
            }
        }
    }
    seen
}

fn change(function: &mut Function, step: &Step, found: &[(BlockId, usize)]) {
    let late = function.new_value(function.ty(step.old));
    function.late.insert(late, step.late);
    let mut states: IdMap<StateId, StateId> = IdMap::default();
    for &(block, at) in found {
        let mut kind = function.blocks[block.index()].insts[at].kind.clone();
        kind.each_exit(|exit| {
            let old = *exit;
            if function.states[old.index()].values().any(|value| value == step.old) {
                let rename = |value: &mut ValueId| *value = if *value == step.old { late } else { *value };
                *exit = *states.entry(old).or_insert_with(|| super::copy_state(function, old, rename));
            }
        });
        function.blocks[block.index()].insts[at].kind = kind;
    }
}
