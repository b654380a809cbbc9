//! Interpolated strings, dict literals and enum values: made by the runtime of values that are lent where they are.
use super::arith::Source;
use super::instance::MOST_BYTES;
use super::memory::scalar_of;
use super::state::Slot;
use super::{Builder, Built};
use crate::bytecode::chunk::{Size, TemplatePart};
use crate::bytecode::op::Op;
use crate::jit::ir::inst::Cell;
use crate::jit::ir::operation::Site;
use crate::jit::ir::{InstKind, Made, Operation, Type, ValueId};
use crate::value::layout::tag;
use crate::value::shapes::shape_info;

/// Elements of an array that need not exist.
const MOST_ELEMENTS: u16 = 4;
/// Values lent in an array, which stands on the native stack; more are left to the VM.
const MOST_VALUES: u16 = 32;

impl Builder<'_> {
    /// Entry `index` of a table of the function at hand.
    pub(super) fn site(&self, index: u16) -> Site {
        Site { function: self.context().function, index }
    }

    fn lent_all(&mut self, base: u16, count: u16) -> Vec<ValueId> {
        (base..base + count).map(|register| self.boxed(register)).collect()
    }

    /// Makes something of `count` temporaries.
    fn make(&mut self, op: Operation, dst: u16, base: u16, count: u16) {
        let args = self.lent_all(base, count);
        let value = self.operation(op, &args);
        (base..base + count).for_each(|register| self.consume(register));
        self.write_owned(dst, value);
    }

    /// `last`: the instruction ends its block.
    pub(super) fn make_array(&mut self, op: Op, last: bool, dst: u16, base: u16, count: u16) -> Built {
        if !last && self.extreme_of(dst, base, count) {
            self.fused = 1;
            return Ok(());
        }
        if count > MOST_VALUES {
            return self.fallback(op);
        }
        if !last && self.is_given_in_parts(dst, count) {
            self.give_parts(base, count);
            return Ok(());
        }
        if !self.make_elements(dst, base, count) {
            self.make(Operation::Array, dst, base, count);
        }
        Ok(())
    }

    /// Makes an array of the only kind met here, if the elements are known or guessed to be of it; false if not.
    fn make_elements(&mut self, dst: u16, base: u16, count: u16) -> bool {
        let Some((shape, cell, _)) = self.array_kind() else { return false };
        let bytes = cell.size() * usize::from(count);
        if bytes > MOST_BYTES as usize || count == 0 || self.context().profile.storms(self.pc) > 0 {
            return false;
        }
        let few = count <= MOST_ELEMENTS && (cell != Cell::Value || self.is_mixed(base..base + count));
        if few
            && self.are_stored_as(cell, base, count)
            && let Some(object) = self.virtual_of(Made::Array(shape), dst, base, count)
        {
            (base..base + count).for_each(|register| self.consume(register));
            self.write_virtual(dst, object);
            return true;
        }
        let Some(values) = self.elements_of(cell, base, count) else { return false };
        let pointer = self.emit(InstKind::MakeInstance { shape, values }, Type::pointer(tag::ARRAY, shape));
        self.exit = None;
        (base..base + count).for_each(|register| self.consume(register));
        self.write_owned(dst, pointer);
        true
    }

    /// Are the registers known to hold what the cell stores, checked if need be?
    fn are_stored_as(&mut self, cell: Cell, base: u16, count: u16) -> bool {
        let mut registers = base..base + count;
        match scalar_of(cell) {
            Some(scalar) => registers.all(|register| self.scalar(Source::Register(register), scalar).is_some()),
            None => true,
        }
    }

    /// The elements as they are stored. Values only if they are not all scalars of one kind, which the runtime would store unboxed.
    fn elements_of(&mut self, cell: Cell, base: u16, count: u16) -> Option<Box<[ValueId]>> {
        let registers = base..base + count;
        if let Some(scalar) = scalar_of(cell) {
            return registers.map(|register| self.scalar(Source::Register(register), scalar)).collect();
        }
        self.is_mixed(registers.clone()).then(|| registers.map(|register| self.own(register)).collect())
    }

    /// Are two known to be of different kinds, or is one, checked if need be, no scalar?
    fn is_mixed(&mut self, registers: std::ops::Range<u16>) -> bool {
        let kinds: Vec<_> = registers.clone().map(|register| self.known(Source::Register(register))).collect();
        let first = kinds.iter().flatten().next();
        if kinds.iter().flatten().any(|kind| Some(kind) != first) {
            return true;
        }
        let Some((register, _)) = registers.zip(&kinds).find(|(_, kind)| kind.is_none()) else { return false };
        if let Slot::Virtual(_) | Slot::Clean = self.state.get(self.slot(register)) {
            return false;
        }
        let (value, exit) = (self.boxed(register), self.exit());
        for tag in [tag::BOOL, tag::INT, tag::FLOAT] {
            self.effect(InstKind::GuardNotTag { value, tag, exit });
        }
        true
    }

    pub(super) fn make_dict(&mut self, op: Op, dst: u16, base: u16, count: u16) -> Built {
        if count > MOST_VALUES / 2 {
            return self.fallback(op);
        }
        self.make(Operation::Dict, dst, base, 2 * count);
        Ok(())
    }

    pub(super) fn make_variant(&mut self, op: Op, count: u16, dst: u16, base: u16, variant: u16) -> Built {
        if count > MOST_VALUES {
            return self.fallback(op);
        }
        match self.context().profile.variants[usize::from(variant)] {
            Some(shape)
                if self.fits(shape, count)
                    && let Some(object) = self.virtual_of(Made::Variant(shape), dst, base, count) =>
            {
                (base..base + count).for_each(|register| self.consume(register));
                self.write_virtual(dst, object);
            }
            Some(shape) if self.fits(shape, count) => self.make_payload(shape, dst, base, count),
            _ => self.make(Operation::Variant(self.site(variant)), dst, base, count),
        }
        Ok(())
    }

    fn fits(&self, shape: u32, count: u16) -> bool {
        let info = shape_info(shape);
        info.slot_count() == usize::from(count) && info.size <= MOST_BYTES
    }

    /// An enum value of `count` temporaries.
    fn make_payload(&mut self, shape: u32, dst: u16, base: u16, count: u16) {
        let values = (base..base + count).map(|register| self.own(register)).collect();
        let pointer = self.emit(InstKind::MakeInstance { shape, values }, Type::pointer(tag::VARIANT, shape));
        self.exit = None;
        (base..base + count).for_each(|register| self.consume(register));
        self.write_owned(dst, pointer);
    }

    // ---- text ----

    /// The number of values that a template takes; nothing if there are too many, or sizes among them.
    fn values_of(&self, template: u16) -> Option<u16> {
        let parts = &self.context().profile.chunk.templates[usize::from(template)].parts;
        let is_computed = |part: &TemplatePart| matches!(part, TemplatePart::Formatted(format) if format.width == Size::Computed || format.precision == Size::Computed);
        let count = parts.iter().filter(|part| !matches!(part, TemplatePart::Text(_))).count();
        let count = u16::try_from(count).ok().filter(|count| *count <= MOST_VALUES)?;
        (!parts.iter().any(is_computed)).then_some(count)
    }

    /// An interpolated string; `last`: the instruction ends its block.
    pub(super) fn text(&mut self, op: Op, last: bool, dst: u16, base: u16, template: u16) -> Built {
        let Some(count) = self.values_of(template) else { return self.fallback(op) };
        match self.appended_next(dst).filter(|_| !last) {
            Some(target) => {
                self.append_to(target, base, count, template);
                self.fused = 1;
            }
            None => self.make(Operation::Text(self.site(template)), dst, base, count),
        }
        Ok(())
    }

    /// The local that the next instruction appends this temporary to, if it is text or anything else in memory.
    fn appended_next(&self, temporary: u16) -> Option<u16> {
        let next = self.context().profile.chunk.code.get(self.pc as usize + 1)?;
        let Op::Add { dst, a, b } = *next else { return None };
        let appends = dst == a && b == temporary && !self.is_temporary(a) && self.is_temporary(temporary);
        let storms = self.context().profile.storms(self.pc + 1);
        (appends && storms == 0 && self.holds_object(a)).then_some(a)
    }

    /// `x = "${x}…"` where `x` is a local.
    pub(super) fn append_text(&mut self, op: Op, target: u16, base: u16, template: u16) -> Built {
        let count = self.values_of(template).filter(|_| self.holds_object(target));
        let Some(count) = count else { return self.fallback(op) };
        self.append_to(target, base, count, template);
        Ok(())
    }

    fn append_to(&mut self, target: u16, base: u16, count: u16, template: u16) {
        let slot = self.slot(target);
        self.before_write(slot);
        self.settle(slot);
        let args = self.lent_all(base, count);
        self.change(Operation::AppendText(self.site(template)), slot, &args);
        (base..base + count).for_each(|register| self.consume(register));
    }
}
