//! Is there room on both stacks, and does something want attention? Asked before a function begins, or before it first calls another.
//!
//! An activation that calls no compiled code is no step of a recursion, and there is always room for one more: below the limit of the
//! native stack ([`crate::limits::stack::HEADROOM`]), and behind the end of the VM's ([`SPARE_SLOTS`]); what it leaves to the VM looks for
//! itself. So a function need not ask when it begins, only on ways that lead to a call: leaves of a recursion, mostly more
//! than half of all, ask nothing. If there is no room, the call ends as if its function had found none.
use cranelift_codegen::ir::{self as clif, InstBuilder, condcodes::IntCC, types};

use super::exits::{ExitInfo, ExitKind};
use super::{Helper, Lowering, context};
use crate::jit::ir::cfg::Cfg;
use crate::jit::ir::inst::Callee;
use crate::jit::ir::{Block, BlockId, FrameInfo, Function, InstKind, SlotIx};
use crate::value::layout::tag;
use crate::vm::After;
use crate::vm::stack::SPARE_SLOTS;

/// For each block, whether every way to it has asked already; all have if the function asks when it begins.
pub(super) fn at_starts(function: &Function, cfg: &Cfg) -> Vec<bool> {
    let all = vec![true; function.blocks.len()];
    let insts = || function.blocks.iter().flat_map(|block| &block.insts);
    // Who is called is not known there.
    let calls_any = insts().any(|inst| matches!(inst.kind, InstKind::CallCompiled { callee: Callee::Below(_), .. }));
    if function.entry.is_some() || calls_any || function.frame_slots as usize > SPARE_SLOTS {
        return all;
    }
    let starts = asked(function, cfg);
    let asks_in_loop = |block: &BlockId| !starts[block.index()] && calls(&function.blocks[block.index()]);
    if cfg.loops.iter().flat_map(|looped| &looped.blocks).any(asks_in_loop) {
        return all;
    }
    starts
}

fn calls(block: &Block) -> bool {
    block.insts.iter().any(|inst| matches!(inst.kind, InstKind::CallCompiled { .. }))
}

fn asked(function: &Function, cfg: &Cfg) -> Vec<bool> {
    let mut starts = vec![true; function.blocks.len()];
    starts[0] = false;
    let mut changed = true;
    while changed {
        changed = false;
        for &block in &cfg.order {
            let ends = |pred: &BlockId| starts[pred.index()] || calls(&function.blocks[pred.index()]);
            if starts[block.index()] && !cfg.preds[block.index()].iter().all(ends) {
                starts[block.index()] = false;
                changed = true;
            }
        }
    }
    starts
}

impl Lowering<'_> {
    /// Leaves before anything has happened if one of the stacks is full.
    pub(super) fn prologue(&mut self) {
        let full = self.b.create_block();
        self.b.set_cold_block(full);
        self.jump_unless_room(full);
        let begin = self.b.current_block().expect("the test has two ways");
        self.b.switch_to_block(full);
        let (function, entry) = (self.function.id, self.function.entry);
        let frames = vec![FrameInfo { function, base: SlotIx(0), pc: entry.unwrap_or(0), after: After::Store, lent: None }];
        // A frame entered in the middle has its registers already: the VM goes on with it.
        let kind = if entry.is_some() { ExitKind::Poll } else { ExitKind::StackOverflow };
        let (slots, instances, parts, checks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        self.leave(ExitInfo { kind, frames, slots, instances, parts, checks, merged: false, guessed: false });
        self.b.switch_to_block(begin);
        if self.function.entry.is_none() {
            self.poll_at_start();
        }
    }

    fn jump_unless_room(&mut self, full: clif::Block) {
        let context = self.context();
        let limit = self.load(types::I64, context, context::STACK_LIMIT);
        let native = self.b.ins().get_stack_pointer(types::I64);
        let low = self.b.ins().icmp(IntCC::UnsignedLessThan, native, limit);
        self.jump_if(low, full);
        let end = self.load(types::I64, context, context::SLOTS_END);
        let top = self.address(SlotIx(self.function.frame_slots));
        let high = self.b.ins().icmp(IntCC::UnsignedGreaterThan, top, end);
        self.jump_if(high, full);
    }

    /// Before a function begins: a recursion has no back edge at which it would poll.
    fn poll_at_start(&mut self) {
        let word = self.poll_word();
        let pending = self.load(types::I32, word, 0);
        let [asked, raise, next] = [self.b.create_block(), self.b.create_block(), self.b.create_block()];
        [asked, raise].into_iter().for_each(|block| self.b.set_cold_block(block));
        self.b.ins().brif(pending, asked, &[], next, &[]);
        self.b.switch_to_block(asked);
        let context = self.context();
        let function = self.b.ins().iconst(types::I64, i64::from(self.function.id));
        let native = self.b.ins().get_frame_pointer(types::I64);
        let raised = self.call_for_word(Helper::Poll, &[context, function, self.fp, native]);
        self.b.ins().brif(raised, raise, &[], next, &[]);
        self.b.switch_to_block(raise);
        let (tag, payload) = (self.b.ins().iconst(types::I64, tag::EXC as i64), self.b.ins().iconst(types::I64, 0));
        self.b.ins().return_(&[tag, payload]);
        self.b.switch_to_block(next);
    }

    /// Before a call of a function whose arguments stand in `frame`: goes on if there is room and nothing has raised.
    pub(super) fn make_room(&mut self, callee: u32, frame: clif::Value, refused: clif::Block) {
        let (asked, next) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(asked);
        self.jump_unless_room(asked);
        let word = self.poll_word();
        let pending = self.load(types::I32, word, 0);
        self.b.ins().brif(pending, asked, &[], next, &[]);
        self.b.switch_to_block(asked);
        let context = self.context();
        let functions = self.word_of(i64::from(self.function.id) | i64::from(callee) << 32);
        let top = self.address(SlotIx(self.function.frame_slots));
        let native = self.b.ins().get_frame_pointer(types::I64);
        let raised = self.call_for_word(Helper::Room, &[context, functions, frame, top, native]);
        self.b.ins().brif(raised, refused, &[], next, &[]);
        self.b.switch_to_block(next);
    }
}
