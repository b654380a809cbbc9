//! Patterns and `?`: tests by the runtime on values that are lent, branches here.
use super::state::Slot;
use super::{Builder, Built};
use crate::bytecode::op::Op;
use crate::jit::ir::inst::Cmp;
use crate::jit::ir::{InstKind, Operation, Terminator, Type};
use crate::value::layout::tag;

impl Builder<'_> {
    /// Jumps unless the value passes.
    pub(super) fn test(&mut self, op: Op, a: u16, test: u16) -> Built {
        if self.is_cleared(a) {
            return self.fallback(op);
        }
        let (value, site) = (self.boxed(a), self.site(test));
        let passes = self.operation(Operation::Passes(site), &[value]);
        self.settle_passing();
        let fails = self.emit(InstKind::NotB(passes), Type::BOOL);
        self.branch(fails);
        Ok(())
    }

    /// A part of a value, which its register keeps.
    pub(super) fn part(&mut self, op: Op, dst: u16, a: u16, part: u16) -> Built {
        if self.is_cleared(a) {
            return self.fallback(op);
        }
        let (value, site) = (self.boxed(a), self.site(part));
        let found = self.operation(Operation::Part(site), &[value]);
        self.settle_passing();
        self.write_owned(dst, found);
        Ok(())
    }

    fn is_cleared(&self, register: u16) -> bool {
        self.state.get(self.slot(register)) == Slot::Clean
    }

    /// "missing" becomes null: what is a scalar or lent was never missing.
    pub(super) fn null_if_missing(&mut self, op: Op, a: u16) -> Built {
        let slot = self.slot(a);
        match self.state.get(slot) {
            Slot::Scalar { .. } | Slot::Virtual(_) => return Ok(()),
            Slot::Owned { .. } | Slot::Memory | Slot::Borrowed { .. } => {}
            Slot::Immediate { .. } | Slot::Clean => return self.fallback(op),
        }
        self.settle(slot);
        let value = self.emit(InstKind::LoadSlot(slot), Type::ANY);
        let found = self.emit(InstKind::TagOf(value), Type::INT);
        let missing = self.int(tag::UNINIT as i64);
        let cond = self.emit(InstKind::CmpI { op: Cmp::Eq, a: found, b: missing }, Type::BOOL);
        let (then, next) = (self.out.new_block(), self.out.new_block());
        self.terminate(Terminator::Branch { cond, then: (then, Box::new([])), otherwise: (next, Box::new([])) });
        self.block = then;
        let null = self.null();
        self.effect(InstKind::StoreSlot(slot, null));
        self.terminate(Terminator::Jump(next, Box::new([])));
        (self.block, self.ended) = (next, false);
        self.put(slot, Slot::Memory);
        Ok(())
    }

    /// `e?`: the payload and a jump, or on with the value itself.
    pub(super) fn unwrap_value(&mut self, op: Op, dst: u16, a: u16) -> Built {
        if matches!(self.state.get(self.slot(a)), Slot::Clean | Slot::Scalar { .. }) {
            return self.fallback(op);
        }
        let value = self.boxed(a);
        let cond = self.operation(Operation::Succeeded, &[value]);
        let (good, bad) = (self.out.new_block(), self.out.new_block());
        self.terminate(Terminator::Branch { cond, then: (good, Box::new([])), otherwise: (bad, Box::new([])) });
        let before = self.state.clone();
        (self.block, self.exit) = (good, None);
        let payload = self.operation(Operation::Payload, &[value]);
        self.write_lent_by(dst, payload, &[a]);
        self.settle_passing();
        let after = std::mem::replace(&mut self.state, before);
        (self.block, self.exit) = (bad, None);
        if self.is_temporary(a) {
            self.take(dst, a)
        } else {
            self.copy(dst, a)
        }
        self.settle_passing();
        self.finish_ways(vec![(good, 0, after), (bad, 1, self.state.clone())]);
        Ok(())
    }
}
