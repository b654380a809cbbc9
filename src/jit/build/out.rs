//! What a place holds, given to a call whose result the place gets ([`Op::TakeOut`]).
//!
//! The value was read a moment ago and is mostly lent by the place's root. Now it moves from its container, made unshared as by the store
//! that follows, to the register that has it, which owns it from then on; null stands in its place meanwhile.
use super::memory::{End, Step};
use super::state::Slot;
use super::{Builder, Built};
use crate::bytecode::chunk::{Root, Segment};
use crate::bytecode::op::Op;
use crate::jit::feedback::DICT;
use crate::jit::ir::inst::{Cell, Home};
use crate::jit::ir::{InstKind, Operation, Type};
use crate::value::layout::shape;

impl Builder<'_> {
    pub(super) fn take_out(&mut self, op: Op, held: u16, path: u16, keys: u16) -> Built {
        let chunk = self.context().profile.chunk.clone();
        let Root::Local(root) = chunk.paths[usize::from(path)].root else { return self.fallback(op) };
        let is_real =
            |register| self.holds_object(register) && !matches!(self.state.get(self.slot(register)), Slot::Virtual(_));
        // A number is in no need of it, and what does not exist owns nothing.
        if !is_real(held) || !is_real(root) || self.ends_in_number(path) {
            self.consume_keys(path, keys);
            return Ok(());
        }
        let home = match self.entry_of_place(path, keys) {
            Some(home) => Some(home),
            None => self.end_taken_out(path, keys).map(End::home),
        };
        let Some((home, load)) = home.and_then(|home| Some((home, home.load()?))) else { return self.fallback(op) };
        let slot = self.slot(held);
        let value = self.emit(load, Type::ANY);
        self.release(slot);
        self.effect(InstKind::TakePart { home, value, to: slot });
        self.put(slot, Slot::Memory);
        self.exit = None;
        self.consume_keys(path, keys);
        Ok(())
    }

    /// Is what stands at the end of the place stored unboxed?
    fn ends_in_number(&self, path: u16) -> bool {
        match self.steps(path).and_then(|steps| steps.last().copied()) {
            Some(Step::Field(case)) => case.cell != Cell::Value,
            Some(Step::Index(found)) => found != shape::ARR_VAL,
            Some(Step::AnyIndex | Step::Entry) | None => false,
        }
    }

    /// The end of the place, if fields, arrays of values and dicts lead to it and it is stored as a value.
    fn end_taken_out(&mut self, path: u16, keys: u16) -> Option<End> {
        let steps = self.steps(path)?;
        let is_value = |step: &Step| match step {
            Step::Field(case) => case.cell == Cell::Value,
            Step::Index(found) => *found == shape::ARR_VAL,
            Step::Entry => true,
            Step::AnyIndex => false,
        };
        if !steps.iter().all(is_value) {
            return None;
        }
        self.walk(path, keys)
    }

    /// Where an entry of a dict stands, which is a local or what fields of one lead to.
    fn entry_of_place(&mut self, path: u16, keys: u16) -> Option<Home> {
        let chunk = self.context().profile.chunk.clone();
        let path_of = &chunk.paths[usize::from(path)];
        let is_entry = self.place_site().is_some_and(|(_, met)| met == [DICT]);
        if !is_entry || path_of.keys() != 1 || self.context().profile.storms(self.pc) > 0 {
            return None;
        }
        let dict = match (path_of.root, &path_of.segments[..]) {
            (Root::Local(local), [Segment::Index]) => self.changeable(local).map(Home::Slot),
            _ => self.walk_to_last(path, keys).map(End::home),
        }?;
        Some(self.entry_at(dict, keys))
    }

    /// The address of the entry of an unshared dict.
    pub(super) fn entry_at(&mut self, dict: Home, key: u16) -> Home {
        let (key, exit) = (self.boxed(key), self.exit());
        let entry = InstKind::Operate { op: Operation::EntryAt, home: Some(dict), args: [key].into(), exit };
        let pointer = self.emit(entry, Type::RAW);
        self.exit = None;
        Home::Field { pointer, offset: 0 }
    }
}
