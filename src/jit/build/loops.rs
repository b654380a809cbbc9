//! Loops over arrays, dicts, sets, bytes and ASCII text: position and items are stepped in registers.
//!
//! Everything else that can be iterated is the VM's business.
use super::arith::Source;
use super::blocks::PAST;
use super::memory::are_many_kinds;
use super::state::{Scalar, Slot, State};
use super::{Builder, Built};
use crate::bytecode::op::Op;
use crate::jit::feedback::{BYTES, DICT, SET, STEPS, TEXT};
use crate::jit::ir::inst::{Cell, Cmp, IntOp};
use crate::jit::ir::{BlockId, InstKind, Kinds, Operation, SlotIx, Terminator, Type, ValueId};
use crate::jit::profile::Site;
use crate::value::layout::{shape, tag};

impl Builder<'_> {
    /// The only thing the loop has run over, as far as the register with what it runs over may hold it: an array of this shape
    /// (0: of any kind), [`DICT`], [`SET`], [`BYTES`], [`TEXT`] or [`STEPS`]. The VM counts through ranges by ones, which are no objects to its loops.
    fn iterated(&self, state: u16) -> Option<u32> {
        let Site::Elements { shapes, .. } = self.context().profile.sites.get(&self.pc)? else { return None };
        if matches!(self.state.get(self.slot(state)), Slot::Scalar { .. }) {
            return shapes.contains(&STEPS).then_some(STEPS);
        }
        let mut shapes: Vec<u32> =
            shapes.iter().map(|shape| if *shape == STEPS { shape::ARR_RANGE } else { *shape }).collect();
        shapes.dedup();
        // A loop over an empty one is passed by where it would begin.
        if shapes.len() > 1 {
            shapes.retain(|shape| *shape != shape::ARR_EMPTY);
        }
        match shapes[..] {
            [only] if matches!(only, shape::ARR_RANGE | DICT | SET | BYTES) || Cell::of_array(only).is_some() => Some(only),
            // Text that is guessed to be ASCII.
            [TEXT] if self.context().profile.storms(self.pc) == 0 => Some(TEXT),
            _ if are_many_kinds(&shapes) => Some(0),
            _ => None,
        }
    }

    /// Has the loop run through nothing but ranges that go by ones?
    fn steps_by_ones(&self) -> bool {
        match self.context().profile.sites.get(&self.pc) {
            Some(Site::Elements { shapes, .. }) => shapes[..] == [STEPS],
            _ => false,
        }
    }

    pub(super) fn for_prep(&mut self, op: Op, pairs: bool, state: u16) -> Built {
        match self.iterated(state) {
            Some(STEPS) if !pairs => {
                let Some(end) = self.scalar(Source::Register(state), Scalar::Int) else { return self.fallback(op) };
                let before = self.int(-1);
                self.write_scalar(state, before, Scalar::Int);
                self.write_scalar(state + 1, end, Scalar::Int);
                self.jump();
                Ok(())
            }
            Some(shape::ARR_RANGE) if !pairs && self.steps_by_ones() && self.holds_object(state) => {
                self.count_through(state);
                self.jump();
                Ok(())
            }
            // Positions in a set are counted beside its entries, by the VM.
            Some(SET) if pairs => self.fallback(op),
            Some(shape) if shape != STEPS && self.holds_object(state) => {
                let slot = self.slot(state);
                if !self.lives_on(slot) {
                    self.settle(slot);
                }
                let past = if self.may_be_empty(shape) { Some(self.unless_empty(state)) } else { None };
                match shape {
                    DICT => self.guarded(state, tag::DICT, 0),
                    SET => self.guarded(state, tag::SET, 0),
                    BYTES => self.guarded(state, tag::BYTES, 0),
                    TEXT => self.guarded(state, tag::STR, shape::STR_ASCII),
                    _ => self.guarded(state, tag::ARRAY, shape),
                };
                for hidden in [state + 1, state + 2] {
                    let zero = self.int(0);
                    self.write_scalar(hidden, zero, Scalar::Int);
                }
                match past {
                    Some((end, before)) => self.enter_or_pass(state, end, before),
                    None => self.jump(),
                }
                Ok(())
            }
            _ => self.fallback(op),
        }
    }

    /// Does a loop over what the slot holds find the same in each turn: by a reference of its own, or since it is lent for as long as
    /// the code runs?
    fn is_held(&self, slot: SlotIx) -> bool {
        self.state.get(slot) == Slot::Memory || self.lives_on(slot)
    }

    /// Has a loop over arrays of one kind met empty ones as well, which are of none?
    fn may_be_empty(&self, shape: u32) -> bool {
        let met = self.context().profile.sites.get(&self.pc);
        Cell::of_array(shape).is_some()
            && matches!(met, Some(Site::Elements { shapes, .. }) if shapes.contains(&shape::ARR_EMPTY))
    }

    /// Goes on if the array has items; gives the block for where it has none, and the state there.
    fn unless_empty(&mut self, state: u16) -> (BlockId, State) {
        let array = self.guarded(state, tag::ARRAY, 0);
        let (length, zero) = (self.length_of(array), self.int(0));
        let cond = self.emit(InstKind::CmpI { op: Cmp::Lt, a: zero, b: length }, Type::BOOL);
        let (some, none) = (self.out.new_block(), self.out.new_block());
        self.terminate(Terminator::Branch { cond, then: (some, Box::new([])), otherwise: (none, Box::new([])) });
        (self.block, self.ended) = (some, false);
        (none, self.state.clone())
    }

    /// Registers of ints that say how far loops around `head` have come in what they go through, which is no number by its kind: never
    /// below zero.
    pub(super) fn positions(&self, head: u32, kinds: &[Kinds]) -> Vec<u16> {
        let code = &self.context().profile.chunk.code;
        let is_around = |at: usize, op: &Op| {
            op.jump().is_some_and(|offset| (at as i64 + 1 + offset..=at as i64).contains(&i64::from(head)))
        };
        let scalar = |register: u16| kinds.get(usize::from(register)).and_then(|kind| Scalar::only(*kind));
        let mut found = Vec::new();
        for (_, op) in code.iter().enumerate().filter(|(at, op)| is_around(*at, op)) {
            let (state, last) = match *op {
                Op::ForNext { state, .. } => (state, state + 1),
                Op::ForNextPair { state, .. } => (state, state + 2),
                _ => continue,
            };
            if scalar(state).is_none() {
                found.extend((state + 1..=last).filter(|register| scalar(*register) == Some(Scalar::Int)));
            }
        }
        found
    }

    /// Ends the block on its way into the loop, and the one for no items on its way past it.
    fn enter_or_pass(&mut self, state: u16, end: BlockId, before: State) {
        let (enters, after) = (self.block, std::mem::replace(&mut self.state, before));
        (self.block, self.exit) = (end, None);
        let slot = self.slot(state);
        self.release(slot);
        self.finish_ways(vec![(enters, 0, after), (end, PAST, self.state.clone())]);
    }

    /// The numbers of a range that goes by ones are counted, as the VM does.
    fn count_through(&mut self, state: u16) {
        let slot = self.slot(state);
        self.settle(slot);
        let range = self.guarded(state, tag::ARRAY, shape::ARR_RANGE);
        let exit = self.exit();
        let (step, one) = (self.emit(InstKind::LoadStep(range), Type::INT), self.int(1));
        let value = self.emit(InstKind::CmpI { op: Cmp::Eq, a: step, b: one }, Type::BOOL);
        self.effect(InstKind::GuardTrue { value, exit });
        let start = self.emit(InstKind::LoadStart(range), Type::INT);
        let length = self.length_of(range);
        let before = self.emit(InstKind::Int { op: IntOp::Sub, a: start, b: one, exit: Some(exit) }, Type::INT);
        let end = self.emit(InstKind::Int { op: IntOp::Add, a: start, b: length, exit: Some(exit) }, Type::INT);
        self.release(slot);
        self.write_scalar(state, before, Scalar::Int);
        self.write_scalar(state + 1, end, Scalar::Int);
    }

    pub(super) fn for_next(&mut self, op: Op, state: u16, dst: u16, pair: bool) -> Built {
        let cell = match self.iterated(state) {
            Some(STEPS) if !pair => return self.for_range_next(op, state, dst),
            Some(DICT) => return self.step_entries(op, tag::DICT, state, dst, pair),
            Some(SET) if pair => return self.fallback(op),
            Some(SET) => return self.step_entries(op, tag::SET, state, dst, false),
            Some(kind @ (TEXT | BYTES)) => return self.step_bytes(op, kind == BYTES, state, dst, pair),
            Some(shape) if shape != STEPS => Some((shape, Cell::of_array(shape))),
            _ => None,
        };
        match cell {
            Some((shape, cell)) if self.is_held(self.slot(state)) => self.step_array(op, state, dst, pair, shape, cell),
            _ => self.fallback(op),
        }
    }

    /// The end of a loop that is left early; iterators are the VM's business.
    pub(super) fn for_close(&mut self, state: u16) {
        if self.holds_object(state) {
            let (value, exit) = (self.boxed(state), self.exit());
            for tag in [tag::ITER, tag::GEN] {
                self.effect(InstKind::GuardNotTag { value, tag, exit });
            }
        }
        for register in state..state + 3 {
            let slot = self.slot(register);
            self.release(slot);
        }
    }

    fn step_array(&mut self, op: Op, state: u16, dst: u16, pair: bool, shape: u32, cell: Option<Cell>) -> Built {
        let Some(position) = self.scalar(Source::Register(state + 1), Scalar::Int) else { return self.fallback(op) };
        let array = self.guarded(state, tag::ARRAY, shape);
        let length = self.length_of(array);
        let more = self.emit(InstKind::CmpI { op: Cmp::Lt, a: position, b: length }, Type::BOOL);
        let (item, end) = (self.out.new_block(), self.out.new_block());
        self.terminate(Terminator::Branch { cond: more, then: (item, Box::new([])), otherwise: (end, Box::new([])) });
        let before = self.state.clone();
        self.block = item;
        self.item(array, position, length, cell, (state, dst, pair));
        let after = std::mem::replace(&mut self.state, before);
        self.block = end;
        let slot = self.slot(state);
        self.release(slot);
        self.finish_ways(vec![(item, 0, after), (end, 1, self.state.clone())]);
        Ok(())
    }

    /// The next entry of a dict or set: its key, with `pair` its value too, lent by the loop's own reference.
    fn step_entries(&mut self, op: Op, kind: u64, state: u16, dst: u16, pair: bool) -> Built {
        let slot = self.slot(state);
        if !self.is_held(slot) {
            return self.fallback(op);
        }
        let Some(cursor) = self.scalar(Source::Register(state + 1), Scalar::Int) else { return self.fallback(op) };
        let table = self.guarded(state, kind, 0);
        let next = self.operation(Operation::NextEntry { set: kind == tag::SET }, &[table, cursor]);
        let zero = self.int(0);
        let more = self.emit(InstKind::CmpI { op: Cmp::Ne, a: next, b: zero }, Type::BOOL);
        let (item, end) = (self.out.new_block(), self.out.new_block());
        self.terminate(Terminator::Branch { cond: more, then: (item, Box::new([])), otherwise: (end, Box::new([])) });
        let before = self.state.clone();
        (self.block, self.exit) = (item, None);
        let key = self.emit(InstKind::LoadEntry { table, next, key: true }, Type::ANY);
        let lender = self.lender_of_part(state);
        self.write_lent(dst, key, lender);
        if pair {
            let value = self.emit(InstKind::LoadEntry { table, next, key: false }, Type::ANY);
            self.write_lent(dst + 1, value, lender);
        }
        self.write_scalar(state + 1, next, Scalar::Int);
        let after = std::mem::replace(&mut self.state, before);
        (self.block, self.exit) = (end, None);
        self.release(slot);
        self.finish_ways(vec![(item, 0, after), (end, 1, self.state.clone())]);
        Ok(())
    }

    /// The next of bytes (as a number), or of the characters of ASCII text, where cursor and position are one.
    fn step_bytes(&mut self, op: Op, numbers: bool, state: u16, dst: u16, pair: bool) -> Built {
        let slot = self.slot(state);
        if !self.is_held(slot) {
            return self.fallback(op);
        }
        let Some(position) = self.scalar(Source::Register(state + 1), Scalar::Int) else { return self.fallback(op) };
        let pointer = match numbers {
            true => self.guarded(state, tag::BYTES, 0),
            false => self.guarded(state, tag::STR, shape::STR_ASCII),
        };
        let length = self.length_of(pointer);
        let more = self.emit(InstKind::CmpI { op: Cmp::Lt, a: position, b: length }, Type::BOOL);
        let (item, end) = (self.out.new_block(), self.out.new_block());
        self.terminate(Terminator::Branch { cond: more, then: (item, Box::new([])), otherwise: (end, Box::new([])) });
        let before = self.state.clone();
        self.block = item;
        let exit = self.exit();
        let index = self.emit(InstKind::GuardBounds { index: position, length, exit: Some(exit) }, Type::INT);
        let one = self.int(1);
        let next = self.emit(InstKind::Int { op: IntOp::Add, a: index, b: one, exit: None }, Type::INT);
        let target = if pair { dst + 1 } else { dst };
        if numbers {
            let byte = self.byte(pointer, index);
            self.write_scalar(target, byte, Scalar::Int);
        } else {
            let code = self.emit(InstKind::LoadByte { pointer, index }, Type::int_in(0, 127));
            self.write_character(target, code);
        }
        if pair {
            self.write_scalar(dst, index, Scalar::Int);
        }
        self.write_scalar(state + 1, next, Scalar::Int);
        let after = std::mem::replace(&mut self.state, before);
        self.block = end;
        self.release(slot);
        self.finish_ways(vec![(item, 0, after), (end, 1, self.state.clone())]);
        Ok(())
    }

    /// Takes the item at `position`, and steps.
    fn item(
        &mut self,
        array: ValueId,
        position: ValueId,
        length: ValueId,
        cell: Option<Cell>,
        (state, dst, pair): (u16, u16, bool),
    ) {
        let exit = self.exit();
        let index = self.emit(InstKind::GuardBounds { index: position, length, exit: Some(exit) }, Type::INT);
        let one = self.int(1);
        let next = self.emit(InstKind::Int { op: IntOp::Add, a: index, b: one, exit: None }, Type::INT);
        let (value, scalar) = match cell {
            None if self.out.ty(array).shape == shape::ARR_RANGE => (self.number(array, index), Some(Scalar::Int)),
            Some(cell) => {
                let data = self.emit(InstKind::LoadData(array), Type::RAW);
                self.read(InstKind::LoadElement { cell, data, index }, cell, Kinds::ANY)
            }
            None => (self.emit(InstKind::LoadItem { pointer: array, index }, Type::ANY), None),
        };
        let item = if pair { dst + 1 } else { dst };
        match scalar {
            Some(scalar) => self.write_scalar(item, value, scalar),
            // The loop has a reference of its own.
            None => self.write_lent(item, value, self.lender_of_part(state)),
        }
        if pair {
            self.write_scalar(dst, index, Scalar::Int);
        }
        self.write_scalar(state + 1, next, Scalar::Int);
        self.settle_passing();
    }

    /// The number at a position of a range, all of whose numbers are small ints.
    fn number(&mut self, range: ValueId, index: ValueId) -> ValueId {
        let (start, step) =
            (self.emit(InstKind::LoadStart(range), Type::INT), self.emit(InstKind::LoadStep(range), Type::INT));
        let offset = self.emit(InstKind::Int { op: IntOp::Mul, a: index, b: step, exit: None }, Type::INT);
        self.emit(InstKind::Int { op: IntOp::Add, a: start, b: offset, exit: None }, Type::INT)
    }

    /// Ends the block with ways out whose states differ.
    pub(super) fn finish_ways(&mut self, ways: Vec<(BlockId, usize, State)>) {
        self.ended = true;
        self.ends = ways.iter().map(|(block, which, _)| (*block, *which)).collect();
        self.end_states = ways.into_iter().map(|(_, _, state)| state).collect();
    }
}
