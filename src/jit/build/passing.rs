//! How arguments go to compiled code that is not inlined: in the slots of its frame, or in registers.
//!
//! Code that calls itself passes scalars unboxed. Parameters that are lent (`lending`) are passed as tag and payload: what a slot, a
//! constant or the caller of the caller keeps alive stays theirs, and what only the call owns – a result, a new object, what
//! would have to be counted in passing – is kept here and given up when the call has ended, however it ends. Always holds: the slots
//! of what is in registers hold no heap value when the callee begins.
use super::arith::Source;
use super::calls::Call;
use super::state::{Lender, Scalar, Slot};
use super::{Builder, Running};
use crate::jit::ir::inst::{Callee, Home, Outcome};
use crate::jit::ir::{InstKind, SlotIx, StateId, Type, ValueId};
use crate::jit::profile::Entry;
use crate::vm::After;

/// Arguments in registers.
#[derive(Default)]
pub(super) struct Passed {
    /// Slots of the window and values, in the order of the callee's parameters.
    args: Vec<(SlotIx, ValueId)>,
    /// Those that the call owns.
    drops: Vec<ValueId>,
}

impl Builder<'_> {
    /// Is it a call of the code being made?
    fn calls_own_code(&self, call: &Call) -> bool {
        call.function == self.request.function && self.request.entry == Entry::Call
    }

    /// The parameters of the code being made that are unboxed.
    fn unboxed_params(&self) -> impl Iterator<Item = (SlotIx, Scalar)> {
        let scalar = |(param, value): &(SlotIx, ValueId)| {
            let kinds = self.out.ty(*value).kinds;
            let scalar = Scalar::only(kinds)?;
            Some((*param, scalar))
        };
        self.out.params.iter().filter_map(scalar)
    }

    /// Arguments of a call of the code being made that may be of the kinds it expects are taken to be: what other calls have given, say.
    pub(super) fn guess_arguments(&mut self, call: &Call) {
        if !self.calls_own_code(call) {
            return;
        }
        let expected = |(param, scalar): (SlotIx, Scalar)| {
            let slot = SlotIx(call.window.0 + param.0);
            match self.state.get(slot) {
                Slot::Scalar { scalar: held, .. } => (held == scalar).then_some((slot, scalar)),
                Slot::Owned { .. } | Slot::Borrowed { .. } | Slot::Memory => Some((slot, scalar)),
                Slot::Virtual(_) | Slot::Immediate { .. } | Slot::Clean => None,
            }
        };
        let Some(guessed) = self.unboxed_params().map(expected).collect::<Option<Vec<_>>>() else { return };
        let base = self.context().base;
        for (slot, scalar) in guessed {
            self.scalar(Source::Register((slot.0 - base) as u16), scalar);
        }
    }

    pub(super) fn call_compiled(&mut self, call: &Call) {
        let is_own = self.calls_own_code(call) && !self.out.params.is_empty() && self.has_expected(call);
        let passed = if is_own { self.pass_to_own(call) } else { self.lend_arguments(call) };
        self.call_code(call, if is_own { Callee::Own } else { Callee::Entry(call.function) }, passed);
    }

    /// Are the arguments that the code being made takes unboxed scalars of the kinds that it expects?
    fn has_expected(&self, call: &Call) -> bool {
        self.unboxed_params().all(|(param, expected)| {
            let held = self.state.get(SlotIx(call.window.0 + param.0));
            matches!(held, Slot::Scalar { scalar, .. } if scalar == expected)
        })
    }

    fn pass_to_own(&mut self, call: &Call) -> Passed {
        let mut passed = Passed::default();
        for (param, value) in self.out.params.clone() {
            let slot = SlotIx(call.window.0 + param.0);
            match self.state.get(slot) {
                Slot::Scalar { value: given, .. } if self.out.ty(value).kinds.single().is_some() => {
                    passed.args.push((slot, given));
                }
                _ => self.pass_lent(call, slot, &mut passed),
            }
        }
        passed
    }

    fn lend_arguments(&mut self, call: &Call) -> Passed {
        let mut passed = Passed::default();
        let lent = self.flows.lent(call.function, &self.request.functions);
        for param in lent.iter() {
            self.pass_lent(call, SlotIx(call.window.0 + u32::from(*param)), &mut passed);
        }
        if !lent.is_empty() {
            self.out.lends.insert(call.function, lent);
        }
        passed
    }

    /// Passes what an argument's slot holds, boxed.
    fn pass_lent(&mut self, call: &Call, slot: SlotIx, passed: &mut Passed) {
        let (value, is_owned) = match self.state.get(slot) {
            Slot::Scalar { value, .. } => (self.emit(InstKind::Box(value), Type::ANY), false),
            Slot::Immediate { value, .. } => (value, false),
            Slot::Borrowed { value, lender } if self.outlives_call(lender, call) => (value, false),
            Slot::Borrowed { value, .. } => (self.emit(InstKind::Retain(value), Type::ANY), true),
            Slot::Owned { value } => (value, true),
            Slot::Clean => (self.emit(InstKind::LoadSlot(slot), Type::ANY), false),
            Slot::Virtual(at) => match self.made_for_loop(at, slot) {
                Some(object) => (self.emit(InstKind::Retain(object), Type::ANY), true),
                None => (self.materialise(at), true),
            },
            Slot::Memory => {
                let value = self.emit(InstKind::LoadSlot(slot), Type::ANY);
                let null = self.null();
                self.effect(InstKind::StoreSlot(slot, null));
                (value, true)
            }
        };
        self.put(slot, Slot::Clean);
        passed.args.push((slot, value));
        passed.drops.extend(is_owned.then_some(value));
    }

    /// Does what this lender keeps alive live until the call has ended?
    fn outlives_call(&self, lender: Lender, call: &Call) -> bool {
        match lender {
            Lender::Passing => false,
            Lender::Slot(slot) | Lender::Field(slot, _) => slot < call.window && call.own.is_none_or(|own| own.slot != slot),
            Lender::Constant => true,
        }
    }

    /// Calls code with the arguments in slots, but for those in registers.
    pub(super) fn call_code(&mut self, call: &Call, callee: Callee, passed: Passed) {
        let window = call.window;
        let slots = || (0..u32::from(call.count)).map(|n| SlotIx(window.0 + n));
        let closure = match call.running {
            Running::Below(captures) => {
                self.settle(SlotIx(window.0 - 1));
                captures
            }
            Running::Virtual(at) => Some(self.settle_virtual(SlotIx(window.0 - 1), at)),
            Running::Nothing | Running::Outermost => None,
        };
        let in_register = |slot: SlotIx| passed.args.iter().any(|(other, _)| *other == slot);
        for slot in slots().filter(|slot| !in_register(*slot)) {
            if let Slot::Virtual(at) = self.state.get(slot)
                && let Some(object) = self.made_for_loop(at, slot)
            {
                self.put(slot, Slot::Clean);
                self.effect(InstKind::StoreSlotRetain(slot, object));
                self.put(slot, Slot::Memory);
            }
            self.settle(slot);
        }
        if let Some(own) = call.own {
            self.settle(own.slot);
            self.move_value(window, own.slot);
        }
        // What is borrowed from memory that the callee might change is counted.
        self.settle_passing();
        // The arguments belong to the callee now: the state for unwinding is without them.
        slots().for_each(|slot| self.put(slot, Slot::Clean));
        let exit = self.exit();
        let gives_back = call.own.map(|own| Home::Slot(own.slot)).or(call.part.map(|(home, _)| home));
        let args = passed.args.into_iter().map(|(_, value)| value).collect();
        let handling = self.catches();
        let (drops, catches) = (passed.drops.into(), handling.is_some());
        let (outcome, taken) = match callee {
            Callee::Below(_) => (Outcome::Value, None),
            Callee::Own | Callee::Entry(_) => self.outcome(call, catches || gives_back.is_some()),
        };
        let kind = InstKind::CallCompiled { callee, base: window, args, drops, closure, gives_back, outcome, catches, exit };
        let result = self.emit(kind, Type::ANY);
        if let Some(Home::Slot(slot)) = gives_back {
            self.put(slot, Slot::Memory);
        }
        self.catch_of(handling, result, exit);
        if call.running.is_below() {
            self.release(SlotIx(window.0 - 1));
        }
        self.write_owned(call.dst, result);
        match taken {
            Some(taken) => self.take_parts(call.dst, result, taken),
            None if call.after == After::Store => self.note_behind(result),
            None => {}
        }
    }

    /// Notes the state behind the call that has given `result`, unless something is still to be done there.
    fn note_behind(&mut self, result: ValueId) {
        if self.out.blocks[self.block.index()].insts.last().and_then(|inst| inst.result) != Some(result) {
            return;
        }
        let state = self.state_behind();
        self.out.behind_calls.insert(result, state);
    }

    /// The state of the next instruction, if nothing else happens before.
    pub(super) fn state_behind(&mut self) -> StateId {
        self.pc += 1;
        let state = self.frame_state(self.pc);
        self.pc -= 1;
        state
    }
}
