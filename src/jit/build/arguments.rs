//! Arguments on their way to the parameters of a function the builder knows.
//!
//! They were evaluated in the order they are written, into consecutive registers. Those with names move to the registers of
//! their parameters, which is mostly no work: what is not in memory only gets another register. The callee sees marks where
//! arguments are left out, and evaluates its defaults.
//! Must not: happen before the last check of the call, since the VM would find the arguments in disorder.
use super::state::Slot;
use super::{Builder, Built};
use crate::bytecode::chunk::Callee;
use crate::bytecode::op::Op;
use crate::jit::ir::{InstKind, SlotIx, Type, ValueId};
use crate::jit::profile::FunctionProfile;
use crate::value::layout::tag;

/// For each parameter but `self` the argument it receives.
pub type Order = Box<[Option<u16>]>;

/// The arguments of a call.
#[derive(Clone, Copy)]
pub struct Given {
    pub positional: u16,
    /// Entry of `Chunk::calls` with the names of those that follow.
    named: Option<u16>,
}

impl Given {
    pub fn plain(argc: u8) -> Given {
        Given { positional: u16::from(argc), named: None }
    }

    /// The number of arguments that are not followed by named ones.
    pub fn all_positional(self) -> Option<u8> {
        if self.named.is_some() { None } else { u8::try_from(self.positional).ok() }
    }
}

impl Builder<'_> {
    /// A call with named arguments. Spreads are left to the VM.
    pub(super) fn call_args(&mut self, op: Op, dst: u16, base: u16, site: u16) -> Built {
        let chunk = self.context().profile.chunk.clone();
        let call = &chunk.calls[usize::from(site)];
        if call.spread.contains(&true) {
            return self.fallback(op);
        }
        let given = Given { positional: call.spread.len() as u16, named: Some(site) };
        match call.callee {
            Callee::Value => self.call_value(op, given, dst, base + 1),
            Callee::Method(_) => self.call_method(op, given, dst, base),
            Callee::Place(method) => self.call_method_place(op, given, dst, base, method),
            Callee::Func(_) | Callee::Builtin(_) | Callee::Construct(_) | Callee::Variant(..) => self.fallback(op),
        }
    }

    /// How the arguments meet the parameters of a function; nothing if they have to be bound by the VM.
    pub(super) fn order_of(&self, callee: &FunctionProfile, given: Given) -> Option<Order> {
        let chunk = &self.context().profile.chunk;
        let named = given.named.map_or(&[][..], |site| &chunk.calls[usize::from(site)].named);
        let names: Vec<&str> = named.iter().map(|name| &*chunk.names[usize::from(*name)]).collect();
        callee.info.order(usize::from(given.positional), &names)
    }

    /// Brings arguments that stand in order of writing from `first` on to their parameters.
    pub(super) fn put_in_order(&mut self, first: SlotIx, order: &Order) {
        let slot = |at: usize| SlotIx(first.0 + at as u32);
        // One argument may have lent another its value.
        (0..order.len()).for_each(|at| self.before_write(slot(at)));
        let (mut moved, mut missing) = (Vec::new(), Vec::new());
        for (param, argument) in order.iter().enumerate() {
            match argument.map(usize::from) {
                Some(argument) if argument == param => {}
                Some(argument) => moved.push((slot(param), self.pick_up(slot(argument)))),
                None => missing.push(slot(param)),
            }
        }
        for (to, (found, function)) in moved {
            self.release(to);
            self.put(to, found);
            self.hints.extend(function.map(|function| (to, function)));
        }
        for to in missing {
            let value = self.left_out();
            self.release(to);
            self.put(to, Slot::Immediate { value, dirty: true });
        }
    }

    /// Takes the newest value out of a slot, with the function it probably is.
    fn pick_up(&mut self, from: SlotIx) -> (Slot, Option<u32>) {
        let found = match self.state.get(from) {
            Slot::Scalar { value, scalar, .. } => Slot::Scalar { value, scalar, dirty: true },
            Slot::Immediate { value, .. } => Slot::Immediate { value, dirty: true },
            Slot::Memory | Slot::Clean => {
                let value = self.emit(InstKind::LoadSlot(from), Type::ANY);
                let null = self.null();
                self.effect(InstKind::StoreSlot(from, null));
                Slot::Owned { value }
            }
            found @ (Slot::Borrowed { .. } | Slot::Owned { .. } | Slot::Virtual(_)) => found,
        };
        self.put(from, Slot::Clean);
        (found, self.hints.remove(&from))
    }

    /// Marks arguments that a call leaves out. They may stand above the registers of this function.
    pub(super) fn mark_left_out(&mut self, registers: std::ops::Range<u16>) {
        for register in registers {
            let missing = self.left_out();
            self.write_immediate(register, missing);
        }
    }

    fn left_out(&mut self) -> ValueId {
        self.emit(InstKind::ConstBoxed(tag::UNINIT, 0), Type::ANY)
    }
}
