//! Which blocks of the IR become blocks of Cranelift's, and which of them run seldom.
//!
//! Each block costs the compiler as much as several instructions: those that only one leads to are the rest of that one, and those
//! that only lead to another are passed by.
use cranelift_codegen::ir::{InstBuilder, types};

use super::{Lowering, context};
use crate::jit::ir::cfg::{Cfg, Loop};
use crate::jit::ir::{BlockId, Function, StateId, Terminator};
use crate::jit::layout;

/// The blocks that only the one in front of them leads to, and nowhere else. The first one is the rest of the prologue.
pub(super) fn joined(function: &Function, cfg: &Cfg) -> Vec<bool> {
    let mut joined = vec![false; function.blocks.len()];
    joined[0] = cfg.preds[0].is_empty();
    for pair in cfg.order.windows(2) {
        let [before, block] = [pair[0], pair[1]].map(|block| &function.blocks[block.index()]);
        let follows = matches!(before.term, Some(Terminator::Jump(to, _)) if to == pair[1]);
        joined[pair[1].index()] = follows && cfg.preds[pair[1].index()].len() == 1 && before.cold == block.cold;
    }
    joined
}

/// Where a way to a block leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    Block(BlockId),
    /// Out of the code.
    Exit(StateId),
}

/// Where to jump instead of each block: mostly to itself; where an empty block leads without values, if it is no end of a loop, whose
/// places in the code are wanted.
pub(super) fn ends(function: &Function, cfg: &Cfg, joined: &[bool], counts_work: bool) -> Vec<End> {
    let mut stays = joined.to_vec();
    let marked = cfg.loops.iter().flat_map(|looped| looped.latches.iter().chain([&looped.header]));
    marked.for_each(|block| stays[block.index()] = true);
    let mut ends: Vec<End> = (0..function.blocks.len() as u32).map(|block| End::Block(BlockId(block))).collect();
    for &block in cfg.order.iter().rev().filter(|block| !stays[block.index()]) {
        let data = &function.blocks[block.index()];
        if !data.params.is_empty() || !data.insts.is_empty() || (counts_work && data.work != 0) {
            continue;
        }
        match &data.term {
            Some(Terminator::Jump(to, args)) if args.is_empty() && !joined[to.index()] => {
                ends[block.index()] = ends[to.index()]
            }
            Some(Terminator::Exit(state)) => ends[block.index()] = End::Exit(*state),
            _ => {}
        }
    }
    ends
}

/// Blocks that run less often than a loop inside of the loop, or function, that they belong to.
pub(super) fn around_loops(blocks: usize, loops: &[Loop]) -> Vec<bool> {
    let mut is_header = vec![false; blocks];
    loops.iter().for_each(|looped| is_header[looped.header.index()] = true);
    // Inner loops come first, and what belongs to one is not looked at again.
    let mut around = vec![None; blocks];
    for looped in loops {
        let has_inner = looped.blocks.iter().any(|block| is_header[block.index()] && *block != looped.header);
        for block in &looped.blocks {
            around[block.index()].get_or_insert(has_inner);
        }
    }
    around.into_iter().map(|around| around.unwrap_or(!loops.is_empty())).collect()
}

impl Lowering<'_> {
    /// For layout: the machine code made here belongs to the start, or the end, of a loop.
    pub(super) fn tag_loop(&mut self, looped: usize, ends: bool) {
        let point = self.b.ins().sequence_point();
        self.b.func.debug_tags.set(point, [layout::tag(looped, ends)]);
    }

    /// Counts bytecode instructions as executed, in code that counts them.
    pub(super) fn count_work(&mut self, instructions: i64) {
        if instructions != 0 && self.imports.counts_work() {
            let context = self.context();
            let before = self.load(types::I64, context, context::EXECUTED);
            let after = self.b.ins().iadd_imm_s(before, instructions);
            self.store(after, context, context::EXECUTED);
        }
    }
}
