//! Methods called on places that have held instances of several shapes: `tasks[i].run()`, `self.handler.take(packet)`.
//!
//! The place is walked once, and each shape has a way of its own from there, with a method that changes what it is called on or one
//! that only reads it.
//! Must not: touch the keys or the receiver's register before the check of its way, since until then the VM may execute the call again.
use super::calls::{Call, MOST_CASES, Test, enum_of, keeps_self_in_cell};
use super::memory::End;
use super::place_call::At;
use super::state::{Lender, Slot};
use super::{Builder, Built, Lent};
use crate::bytecode::chunk::{Root, SelfKind};
use crate::bytecode::op::Op;
use crate::jit::ir::inst::{Cell, Home};
use crate::jit::ir::{InstKind, SlotIx, Type, ValueId};
use crate::jit::profile::{Site, Target};
use crate::value::layout::{shape, tag};

/// How a method called on a place gets its receiver, behind the check of its way.
#[derive(Clone, Copy)]
pub struct Receiving {
    /// The path, and the register of its first key.
    keys: (u16, u16),
    from: From,
}

#[derive(Clone, Copy)]
enum From {
    /// The call itself takes it there, and gives it back.
    Taken,
    /// A copy of a local.
    Local(u16),
    Lent(ValueId, Lender),
}

/// What a place holds, and where.
#[derive(Clone, Copy)]
struct Held {
    value: ValueId,
    home: Option<Home>,
}

impl Builder<'_> {
    /// A way for each shape that the site has met.
    pub(super) fn call_place_of_several(&mut self, op: Op, at: At, mutable: bool) -> Built {
        let Some(calls) = self.calls_on(at, mutable) else { return self.fallback(op) };
        let changes = calls.iter().any(|(_, changes, _)| *changes);
        let Some(held) = self.held(at, changes) else { return self.fallback(op) };
        let exit = self.exit();
        let guard = InstKind::GuardTag { value: held.value, tag: tag::STRUCT, exit };
        let pointer = self.emit(guard, Type::pointer(tag::STRUCT, 0));
        let case = |(shape, changes, call)| (Test::Shape(pointer, shape), self.receiving(call, changes, at, held));
        let cases = calls.into_iter().map(case).collect();
        self.call_one_of(op, cases, exit)
    }

    /// Shape, whether the method changes its receiver, and its call; nothing if one of them is the VM's business.
    fn calls_on(&self, at: At, mutable: bool) -> Option<Vec<(u32, bool, Call)>> {
        let Site::Callees(targets) = self.context().profile.sites.get(&self.pc)? else { return None };
        let call = |target: &Target| {
            if target.shape < shape::FIRST_DECLARED || enum_of(target.shape).is_some() {
                return None;
            }
            let callee = self.callee(target.function)?;
            let changes = match callee.chunk.self_kind {
                SelfKind::Value => false,
                SelfKind::Mutating | SelfKind::MaybeMutating if mutable && !keeps_self_in_cell(&callee) => true,
                _ => return None,
            };
            let order = Some(self.order_of(&callee, at.given)?);
            let call = Call::new(target.function, callee.chunk.params, at.dst, self.slot(at.receiver()));
            Some((target.shape, changes, Call { order, ..call }))
        };
        let calls: Vec<_> = targets.iter().map(call).collect::<Option<_>>()?;
        (2..=MOST_CASES).contains(&calls.len()).then_some(calls)
    }

    /// Walks to the place; if it is to be changed, through unshared containers, and it is where it stays until the call.
    fn held(&mut self, at: At, changes: bool) -> Option<Held> {
        if let Some(local) = self.whole_local(at) {
            let slot = self.slot(local);
            if changes || matches!(self.state.get(slot), Slot::Virtual(_)) {
                self.settle(slot);
            }
            let is_there = if changes { self.state.get(slot) == Slot::Memory } else { self.holds_object(local) };
            let home = changes.then_some(Home::Slot(slot));
            return is_there.then(|| Held { value: self.boxed(local), home });
        }
        if !changes {
            return self.value_at(at).map(|value| Held { value, home: None });
        }
        if !matches!(at.root, Root::Local(_)) {
            return None;
        }
        let end = self.walk_to_part(at)?;
        let value = self.emit(end.load(), Type::ANY);
        Some(Held { value, home: Some(end.home()) })
    }

    /// Walks to a part of a local that will be taken out of its container.
    pub(super) fn walk_to_part(&mut self, at: At) -> Option<End> {
        // Counting an argument later could share what is on the way.
        self.settle_passing();
        self.settle_borrowed(self.slot(at.receiver()));
        self.walk(at.path, at.base).filter(|end: &End| end.cell() == Cell::Value)
    }

    /// The local, if the place is no part of one.
    fn whole_local(&self, at: At) -> Option<u16> {
        let path = &self.context().profile.chunk.paths[usize::from(at.path)];
        match path.root {
            Root::Local(local) if path.segments.is_empty() => Some(local),
            _ => None,
        }
    }

    fn receiving(&self, mut call: Call, changes: bool, at: At, held: Held) -> Call {
        let from = match (self.whole_local(at), held.home) {
            (Some(local), Some(Home::Slot(slot))) if changes => {
                let home = SlotIx(self.context().base + u32::from(local));
                call.own = Some(Lent { slot, home });
                From::Taken
            }
            (Some(local), _) => From::Local(local),
            (None, home) if changes => {
                call.part = home.map(|home| (home, held.value));
                From::Taken
            }
            (None, _) => From::Lent(held.value, self.lender_of_place(at)),
        };
        call.receiving = Some(Receiving { keys: (at.path, at.base), from });
        call
    }

    /// Gives a method of a place its receiver.
    pub(super) fn receive(&mut self, window: SlotIx, receiving: Receiving) {
        self.release(window);
        match receiving.from {
            From::Taken => {}
            From::Local(local) => self.copy((window.0 - self.context().base) as u16, local),
            From::Lent(value, lender) => {
                self.put(window, Slot::Borrowed { value, lender });
                if lender == Lender::Passing {
                    // The method may change the variable.
                    self.settle(window);
                }
            }
        }
        let (path, base) = receiving.keys;
        self.consume_keys(path, base);
    }
}
