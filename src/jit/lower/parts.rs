//! Arrays that functions return in parts: in the context, from the code that returns to the one that has called it.
//!
//! Always holds: the result says whether there are parts ([`tag::PARTS`]), and nothing that runs code comes between their being given and taken.
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, BlockArg, InstBuilder};

use super::exits::ExitKind;
use super::{Helper, Lowering, context};
use crate::jit::ir::{StateId, ValueId};
use crate::value::layout::tag;

/// Where a part stands in the context.
pub(super) fn part_offset(at: u8) -> i32 {
    context::PARTS + 16 * i32::from(at)
}

impl Lowering<'_> {
    pub(super) fn give_parts(&mut self, values: &[ValueId]) {
        let context = self.context();
        for (value, at) in values.iter().zip(0..) {
            let (tag, payload) = self.boxed(*value);
            self.store_pair(tag, payload, context, part_offset(at));
        }
    }

    /// Goes on if a call has given parts, or an array whose elements the runtime can take for them.
    pub(super) fn guard_parts(&mut self, value: ValueId, count: u8, exit: StateId) {
        let (found, payload) = self.boxed(value);
        let in_parts = self.b.ins().icmp_imm_u(IntCC::Equal, found, tag::PARTS as i64);
        let (other, next) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(other);
        self.b.ins().brif(in_parts, next, &[], other, &[]);
        self.b.switch_to_block(other);
        if let Some(raised) = self.unless_raised.take() {
            self.leave_raised(found, raised);
            self.set_cold();
        }
        let (context, count) = (self.context(), self.word_of(i64::from(count)));
        let taken = self.call_for_word(Helper::TakeParts, &[context, found, payload, count]);
        let exit = self.exit_block(exit, ExitKind::Execute);
        self.b.ins().brif(taken, next, &[], exit, &[]);
        self.b.switch_to_block(next);
    }

    /// What a call has given; an array made of it if it is in parts.
    pub(super) fn join_parts(&mut self, (found, payload): (clif::Value, clif::Value)) -> (clif::Value, clif::Value) {
        let (parts, next) = (self.b.create_block(), self.b.create_block());
        let results = self.results_of(next);
        let in_parts = self.b.ins().icmp_imm_u(IntCC::Equal, found, tag::PARTS as i64);
        let whole = [BlockArg::Value(found), BlockArg::Value(payload)];
        self.b.ins().brif(in_parts, parts, &[], next, &whole);
        self.b.switch_to_block(parts);
        let context = self.context();
        let helper = self.helper(Helper::JoinParts);
        let call = self.b.ins().call(helper, &[context, payload]);
        self.jump_with_results(call, next);
        self.b.switch_to_block(next);
        results
    }
}
