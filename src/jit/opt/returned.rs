//! Checks of what calls have given are made as soon as they have returned.
//!
//! `f(a) + f(b)` checks both results where they are added: until then the first takes a register for its tag as well. Behind the call
//! the check is also the check for an exception: that has a tag of its own, which no check asks for.
//! Relies on: the builder has noted the state behind a call, which is that of the next instruction.
//! Must not: bring a check to a call that does not always come to it.
use ahash::AHashMap;

use crate::jit::ir::cfg::Cfg;
use crate::jit::ir::{Block, Function, InstKind, StateId, ValueId};

/// Instructions behind a call among which the check is looked for.
const NEAR: usize = 64;

/// Returns the number of checks moved. The states behind calls are used up.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    let behind = std::mem::take(&mut function.behind_calls);
    if behind.is_empty() {
        return 0;
    }
    cfg.order.iter().map(|block| in_block(&mut function.blocks[block.index()], &behind)).sum()
}

fn in_block(block: &mut Block, behind: &AHashMap<ValueId, StateId>) -> usize {
    let mut moved = 0;
    let mut at = 0;
    while let Some(inst) = block.insts.get(at) {
        at += 1;
        let Some((value, state)) = inst.result.and_then(|value| Some((value, *behind.get(&value)?))) else { continue };
        moved += usize::from(brought(block, at, value, state));
    }
    moved
}

/// Brings the check of a value to place `at`, if there is one close behind it.
fn brought(block: &mut Block, at: usize, checked: ValueId, state: StateId) -> bool {
    let end = block.insts.len().min(at + NEAR);
    let near = &mut block.insts[at..end];
    let is_check = |kind: &InstKind| matches!(kind, InstKind::GuardTag { value, .. } if *value == checked);
    let Some(place) = near.iter().position(|inst| is_check(&inst.kind)) else { return false };
    near[..=place].rotate_right(1);
    if let InstKind::GuardTag { exit, .. } = &mut near[0].kind {
        *exit = state;
    }
    true
}
