//! `for i in range(a, b)`, and by steps: the numbers are counted, and no range is made.
use super::arith::Source;
use super::state::{Scalar, Slot};
use super::{Builder, Built};
use crate::builtins::{self, BuiltinId};
use crate::bytecode::op::Op;
use crate::jit::feedback::STEPS;
use crate::jit::ir::inst::{Cmp, IntOp};
use crate::jit::ir::{InstKind, Range, Type, ValueId};
use crate::jit::profile::Site;
use crate::value::layout::shape;
use crate::vm::STEPPED;

/// Numbers so small that their distance fits 64 bits, and what is next to them as well.
const NEAR: Range = Range { low: *STEPPED.start(), high: *STEPPED.end() };

impl Builder<'_> {
    /// A call of `range` over whose numbers, by ones, the next instruction begins a loop: both are built. False if this is none.
    pub(super) fn counts_range(&mut self, builtin: u16, dst: u16, base: u16) -> bool {
        if builtins::info(BuiltinId(builtin)).name != "range" || !self.begins_counting(dst) || !self.goes_by_ones(base) {
            return false;
        }
        let Some((start, end)) = self.bounds(base) else { return false };
        let start = if self.out.ty(start).range.low >= 0 {
            start
        } else {
            self.near(end);
            self.near(start)
        };
        let (first, one) = (self.out.ty(start).range, self.int(1));
        let before = Type::int_in(first.low - 1, first.high - 1);
        let before = self.emit(InstKind::Int { op: IntOp::Sub, a: start, b: one, exit: None }, before);
        (base..base + 3).for_each(|register| self.consume(register));
        self.write_scalar(dst, before, Scalar::Int);
        self.write_scalar(dst + 1, end, Scalar::Int);
        self.out.blocks[self.block.index()].work += 1;
        self.jump();
        true
    }

    /// Does the next instruction begin a loop over what this one gives to `state`, which was always a range by ones or empty?
    fn begins_counting(&self, state: u16) -> bool {
        let (profile, next) = (&self.context().profile, self.pc + 1);
        let begins = matches!(profile.chunk.code.get(next as usize), Some(&Op::ForPrep { pairs: 0, state: over, .. }) if over == state);
        let Some(Site::Elements { shapes, .. }) = profile.sites.get(&next) else { return false };
        begins && shapes.contains(&STEPS) && shapes.iter().all(|met| matches!(*met, STEPS | shape::ARR_EMPTY))
    }

    /// Is the third argument left out, or 1?
    fn goes_by_ones(&self, base: u16) -> bool {
        let is_one = |step: ValueId| self.out.ty(step).range == Range::exactly(1);
        self.is_left_out(base + 2) || self.known_scalar(base + 2).is_some_and(is_one)
    }

    /// The ends of the range: ints, or guessed to be.
    fn bounds(&mut self, base: u16) -> Option<(ValueId, ValueId)> {
        let first = self.scalar(Source::Register(base), Scalar::Int)?;
        if self.is_left_out(base + 1) {
            return Some((self.int(0), first));
        }
        Some((first, self.scalar(Source::Register(base + 1), Scalar::Int)?))
    }

    /// Leaves unless the number is [`NEAR`]: of ranges that are too long the VM complains.
    fn near(&mut self, value: ValueId) -> ValueId {
        let known = self.out.ty(value).range;
        if known.low >= NEAR.low && known.high <= NEAR.high {
            return value;
        }
        let exit = Some(self.exit());
        let small = known.intersect(NEAR);
        self.emit(InstKind::GuardSmall { value, low: NEAR.low, high: NEAR.high, exit }, Type::int_in(small.low, small.high))
    }

    /// Has an instruction directly in front of this one marked the argument as left out?
    fn is_left_out(&self, register: u16) -> bool {
        let before = self.context().profile.chunk.code[..self.pc as usize].iter().rev();
        before.map_while(|op| if let Op::LoadMissing { dst } = op { Some(*dst) } else { None }).any(|dst| dst == register)
    }

    /// Where code is entered at the head of a loop that counts, the number at hand is where the count stands.
    pub(super) fn count_once(&mut self, head: u32) {
        let profile = self.context().profile.clone();
        for (at, op) in profile.chunk.code.iter().enumerate() {
            let leads_here = || op.jump().is_some_and(|offset| at as i64 + 1 + offset == i64::from(head));
            match *op {
                Op::ForRangeNext { state, dst, .. }
                | Op::ForStepsNext { state, dst, .. }
                | Op::ForNext { state, dst, .. }
                    if leads_here() =>
                {
                    self.is_number_at(dst, state);
                }
                _ => {}
            }
        }
    }

    /// Two registers hold the same int, if both hold one.
    fn is_number_at(&mut self, register: u16, other: u16) {
        let is_int = |found| matches!(found, Slot::Scalar { scalar: Scalar::Int, .. });
        let (known, same) = (self.state.get(self.slot(other)), self.slot(register));
        if let (Slot::Scalar { value, scalar: Scalar::Int, .. }, true) = (known, is_int(self.state.get(same))) {
            self.put(same, Slot::Scalar { value, scalar: Scalar::Int, dirty: false });
        }
    }

    // ---- by steps ----

    /// Where a loop by steps begins. Of a step that is not known the sign is guessed: up, and down once that has failed.
    pub(super) fn for_steps(&mut self, op: Op, state: u16) -> Built {
        let number = |builder: &mut Self, at: u16| builder.scalar(Source::Register(state + at), Scalar::Int);
        let (Some(start), Some(end), Some(step)) = (number(self, 0), number(self, 1), number(self, 2)) else {
            return self.fallback(op);
        };
        let (step, _) = self.signed(step);
        let start = self.near(start);
        self.near(end);
        let ty = self
            .out
            .ty(start)
            .range
            .checked_sub(self.out.ty(step).range)
            .map_or(Type::INT, |range| Type::int_in(range.low, range.high));
        let before = self.emit(InstKind::Int { op: IntOp::Sub, a: start, b: step, exit: None }, ty);
        self.write_scalar(state, before, Scalar::Int);
        self.write_scalar(state + 2, step, Scalar::Int);
        self.jump();
        Ok(())
    }

    pub(super) fn for_steps_next(&mut self, op: Op, state: u16, dst: u16) -> Built {
        let number = |builder: &mut Self, at: u16| builder.scalar(Source::Register(state + at), Scalar::Int);
        let (Some(position), Some(end)) = (number(self, 0), number(self, 1)) else { return self.fallback(op) };
        let step = match self.written_step(op, state) {
            Some(step) => self.int(step),
            None => match number(self, 2) {
                Some(step) => step,
                None => return self.fallback(op),
            },
        };
        // The check stands beside the step: what a loop does not change shall be the same value in each turn.
        let (_, falls) = self.signed(step);
        let exit = Some(self.exit());
        let next = self.emit(InstKind::Int { op: IntOp::Add, a: position, b: step, exit }, Type::INT);
        let (a, b) = if falls { (end, next) } else { (next, end) };
        let more = self.emit(InstKind::CmpI { op: Cmp::Lt, a, b }, Type::BOOL);
        self.write_scalar(state, next, Scalar::Int);
        self.write_scalar(dst, next, Scalar::Int);
        self.branch(more);
        Ok(())
    }

    /// A step that is small and has the sign that it is known or guessed to have; whether that is below zero.
    fn signed(&mut self, value: ValueId) -> (ValueId, bool) {
        let known = self.out.ty(value).range;
        let falls = known.high < 0 || known.low <= 0 && self.context().profile.storms(self.pc) > 0;
        let wanted = if falls { Range { low: NEAR.low, high: -1 } } else { Range { low: 1, high: NEAR.high } };
        if known.low >= wanted.low && known.high <= wanted.high {
            return (value, falls);
        }
        let exit = Some(self.exit());
        let ty = Type::int_in(wanted.low, wanted.high);
        (self.emit(InstKind::GuardSmall { value, low: wanted.low, high: wanted.high, exit }, ty), falls)
    }

    /// The step that is written in front of the loop, if it is a number on all ways there.
    fn written_step(&self, op: Op, state: u16) -> Option<i64> {
        let code = &self.context().profile.chunk.code;
        let is_met = |pc: usize| self.context().flow.blocks.binary_search_by_key(&(pc as u32), |block| block.start).is_ok();
        let first = (i64::from(self.pc) + 1 + op.jump()?) as usize;
        match code.get(first.checked_sub(3)?..first)? {
            [Op::LoadInt { dst, value }, Op::ForSteps { state: begun, .. }, Op::LoopHead {}]
                if *dst == state + 2 && *begun == state && !is_met(first - 2) =>
            {
                Some(i64::from(*value))
            }
            _ => None,
        }
    }
}
