//! Operators of structs: calls of the methods that overload them.
//!
//! The left operand's shape alone decides which method an operator calls, so a site that has met structs only is a method call
//! guarded by shape. Its window lies above the registers of the function, where the VM's would be; the operands come there
//! behind the last check. What a comparison makes of the result is done behind the call, and by the VM if it has to go on inside
//! of the method.
use super::arguments::Given;
use super::arith::Source;
use super::calls::{Call, MOST_CASES, Test, enum_of};
use super::state::{Scalar, Slot};
use super::{Builder, Built};
use crate::bytecode::op::Op;
use crate::jit::ir::{InstKind, SlotIx, Type};
use crate::jit::profile::Target;
use crate::semantics::step::Then;
use crate::value::layout::tag;
use crate::vm::After;
use crate::vm::feedback::Overload;

/// What an operator is there for.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// Its value goes to this register.
    Value(u16),
    /// A jump is taken if it gives this.
    Jump(bool),
}

impl Builder<'_> {
    /// Builds an operator as the call of its overload; nothing if it is none, as far as known.
    pub(super) fn overloaded(&mut self, op: Op, a: Source, b: Option<Source>, purpose: Purpose) -> Option<Built> {
        let Source::Register(receiver) = a else { return None };
        let slot = self.slot(receiver);
        if matches!(self.state.get(slot), Slot::Scalar { .. } | Slot::Immediate { .. } | Slot::Clean) {
            return None;
        }
        let mut met = self.context().profile.overloads.get(&self.pc)?.clone();
        if let Some(shape) = self.virtual_shape(slot) {
            met.retain(|overload| overload.shape == shape);
        }
        let then = met.first()?.then;
        if met.len() > MOST_CASES || met.iter().any(|overload| overload.then != then) {
            return None;
        }
        let window = self.context().profile.chunk.registers;
        let dst = match (then, purpose) {
            (Then::Value, Purpose::Value(dst)) => dst,
            _ => window,
        };
        let after = after(then, purpose)?;
        let call = |overload: &Overload| {
            let target = Target { shape: overload.shape, function: overload.method };
            let call = self.method_call(target, Given::plain(u8::from(b.is_some())), dst, window)?;
            let test = enum_of(overload.shape).is_none().then_some(target)?;
            Some((test, Call { operands: Some((receiver, b)), after, ..call }))
        };
        let mut calls = met.iter().map(call).collect::<Option<Vec<(Target, Call)>>>()?;
        let called = match calls.len() {
            1 => {
                let (_, call) = calls.pop().filter(|(target, _)| self.guard_instance(slot, *target))?;
                self.call_known(op, call)
            }
            _ => self.call_overload_of_several(op, slot, calls),
        };
        Some(called.map(|()| self.conclude(after, window, purpose)))
    }

    fn call_overload_of_several(&mut self, op: Op, slot: SlotIx, calls: Vec<(Target, Call)>) -> Built {
        let exit = self.exit();
        let value = self.boxed_slot(slot);
        let pointer = self.emit(InstKind::GuardTag { value, tag: tag::STRUCT, exit }, Type::pointer(tag::STRUCT, 0));
        let cases = calls.into_iter().map(|(target, call)| (Test::Shape(pointer, target.shape), call)).collect();
        self.call_one_of(op, cases, exit)
    }

    /// Does what the operator does with the result of its overload.
    fn conclude(&mut self, after: After, result: u16, purpose: Purpose) {
        if self.ended || after == After::Store {
            return;
        }
        let mut holds = self.truth(result);
        let slot = self.slot(result);
        self.release(slot);
        if matches!(after, After::NotTruthy | After::BranchNot) {
            holds = self.emit(InstKind::NotB(holds), Type::BOOL);
        }
        match purpose {
            Purpose::Value(dst) => self.write_scalar(dst, holds, Scalar::Bool),
            Purpose::Jump(_) => self.branch(holds),
        }
    }

    /// Puts the operands where the method finds its parameters.
    pub(super) fn place_operands(&mut self, window: SlotIx, receiver: u16, argument: Option<Source>) {
        let first = (window.0 - self.context().base) as u16;
        match argument {
            Some(Source::Register(register)) if register == receiver => self.copy(first + 1, register),
            Some(Source::Register(register)) => self.hand_over(first + 1, register),
            Some(Source::Small(k)) => {
                let value = self.int(i64::from(k));
                self.write_scalar(first + 1, value, Scalar::Int);
            }
            Some(Source::Constant(index)) => self.constant(first + 1, u32::from(index)),
            None => {}
        }
        self.hand_over(first, receiver);
    }

    fn hand_over(&mut self, to: u16, from: u16) {
        if self.is_temporary(from) { self.take(to, from) } else { self.copy(to, from) }
    }
}

/// What becomes of the method's result; nothing for what operators do not ask of it.
fn after(then: Then, purpose: Purpose) -> Option<After> {
    match (then, purpose) {
        (Then::Value, Purpose::Value(_)) => Some(After::Store),
        (Then::Truthy, Purpose::Value(_)) => Some(After::Truthy),
        (Then::NotTruthy, Purpose::Value(_)) => Some(After::NotTruthy),
        (Then::Truthy | Then::NotTruthy, Purpose::Jump(expected)) => {
            Some(if expected == (then == Then::Truthy) { After::Branch } else { After::BranchNot })
        }
        (Then::Value, Purpose::Jump(_)) | (Then::String | Then::Iterate, _) => None,
    }
}
