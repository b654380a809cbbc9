//! Builtin methods of Result and Option: questions for the variant, and the payload, lent by what lends the whole.
use super::virtuals::Part;
use super::{Builder, Edge};
use crate::builtins::{self, BuiltinId};
use crate::jit::build::state::Scalar;
use crate::jit::ir::{InstKind, Terminator, Type, ValueId};
use crate::value::DeclId;
use crate::value::layout::{tag, variant_number};
use crate::value::shapes::prelude;

impl Builder<'_> {
    /// A builtin of a value known to be of this enum, with all its arguments in consecutive temporaries; false if it has no instructions
    /// of its own.
    pub(super) fn outcome_method(&mut self, builtin: u16, decl: DeclId, count: u16, dst: u16, base: u16) -> bool {
        let good = match decl {
            DeclId::RESULT => prelude::OK,
            DeclId::OPTION => prelude::SOME,
            _ => return false,
        };
        match (builtins::info(BuiltinId(builtin)).name, count) {
            ("is_ok", 1) => self.is_outcome(i64::from(prelude::OK), dst, base),
            ("is_err", 1) => self.is_outcome(i64::from(prelude::ERR), dst, base),
            ("is_some", 1) => self.is_outcome(i64::from(prelude::SOME), dst, base),
            ("is_none", 1) => self.is_outcome(variant_number(DeclId::OPTION.0, 0, 0), dst, base),
            ("unwrap" | "expect", _) => self.unwrapped(i64::from(good), count, dst, base),
            ("unwrap_or", 2) => self.unwrapped_or(i64::from(good), dst, base),
            _ => return false,
        }
        true
    }

    fn is_outcome(&mut self, variant: i64, dst: u16, base: u16) {
        let answer = match self.known_variant(base) {
            Some(found) => self.emit(InstKind::ConstB(found == variant), Type::BOOL),
            None => {
                let value = self.boxed(base);
                self.is_variant(value, variant)
            }
        };
        self.consume(base);
        self.write_scalar(dst, answer, Scalar::Bool);
    }

    /// The payload; leaves if there is none to take, for the error.
    fn unwrapped(&mut self, good: i64, count: u16, dst: u16, base: u16) {
        if let Some(payload) = self.known_payload(good, base) {
            (base..base + count).for_each(|register| self.consume(register));
            return self.write_part(dst, payload);
        }
        let boxed = self.boxed(base);
        let (value, exit) = (self.is_variant(boxed, good), self.exit());
        self.effect(InstKind::GuardTrue { value, exit });
        let payload = self.only_payload(boxed);
        (base + 1..base + count).for_each(|register| self.consume(register));
        self.write_lent_by(dst, payload, &[base]);
    }

    /// The payload, or the argument behind.
    fn unwrapped_or(&mut self, good: i64, dst: u16, base: u16) {
        if let Some(payload) = self.known_payload(good, base) {
            (base..base + 2).for_each(|register| self.consume(register));
            return self.write_part(dst, payload);
        }
        let mut live = self.live_after_call(dst);
        live.insert(usize::from(dst));
        let boxed = self.boxed(base);
        let cond = self.is_variant(boxed, good);
        let (then, otherwise) = (self.out.new_block(), self.out.new_block());
        self.terminate(Terminator::Branch { cond, then: (then, Box::new([])), otherwise: (otherwise, Box::new([])) });
        let before = self.state.clone();
        (self.block, self.exit, self.ended) = (then, None, false);
        let payload = self.only_payload(boxed);
        self.consume(base + 1);
        self.write_lent_by(dst, payload, &[base]);
        self.settle_passing();
        let payload = Edge { from: self.block, state: std::mem::replace(&mut self.state, before) };
        (self.block, self.exit) = (otherwise, None);
        self.take(dst, base + 1);
        if dst != base {
            self.consume(base);
        }
        self.settle_passing();
        let default = Edge { from: self.block, state: self.state.clone() };
        self.ends = Vec::new();
        self.join(vec![payload, default], &live);
    }

    /// The payload of a value that does not exist, and that has one.
    fn known_payload(&self, good: i64, register: u16) -> Option<Part> {
        let is_good = self.known_variant(register) == Some(good);
        self.virtual_part(register, 0).filter(|_| is_good)
    }

    /// The payload of what is no unit; a check, so that nothing is loaded before it.
    pub(super) fn only_payload(&mut self, value: ValueId) -> ValueId {
        let pointer = self.guarded_value(value, tag::VARIANT, 0);
        self.emit(InstKind::LoadPayload { pointer, index: 0 }, Type::ANY)
    }
}
