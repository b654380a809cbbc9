//! Elements of arrays and fields of instances, in place.
use super::arith::Source;
use super::state::{Scalar, Slot};
use super::{Built, Builder};
use crate::bytecode::op::{ArithCode, Op};
use crate::jit::ir::inst::{Cell, IntOp};
use crate::jit::ir::{InstKind, Kinds, Type, ValueId};
use crate::jit::profile::{FieldCase, Site};
use crate::value::layout::{shape, tag};

/// An element that is there: storage and checked index.
struct Element {
    cell: Cell,
    data: ValueId,
    index: ValueId,
    values: Kinds,
}

impl Builder<'_> {
    /// The only array kind a site has met, and the kinds of the values there.
    fn array_kind(&self) -> Option<(u32, Cell, Kinds)> {
        match self.context().profile.sites.get(&self.pc)? {
            Site::Elements { shapes, values } => match shapes[..] {
                [only] => Some((only, cell_of(only)?, *values)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Checks base and index; `write` also that nobody shares the array.
    fn element(&mut self, base: u16, index: Source, write: bool) -> Option<Element> {
        let (shape, cell, values) = self.array_kind()?;
        if let Slot::Scalar { .. } | Slot::Immediate { .. } | Slot::Clean = self.state.get(self.slot(base)) {
            return None;
        }
        let small = match index {
            Source::Small(k) => Some(i64::from(k)),
            _ => None,
        };
        let number = if small.is_some_and(|k| k < 0) { None } else { Some(self.scalar(index, Scalar::Int)?) };
        let array = self.guarded(base, tag::ARRAY, shape, write);
        let length = self.emit(InstKind::LoadLength(array), Type::int_in(0, 1 << 48));
        let exit = self.exit();
        let number = match (number, small) {
            (Some(number), _) => number,
            (None, k) => {
                let k = self.int(k.unwrap_or(-1));
                self.emit(InstKind::Int { op: IntOp::Add, a: length, b: k, exit: None }, Type::INT)
            }
        };
        let index = self.emit(InstKind::GuardBounds { index: number, length, exit: Some(exit) }, Type::INT);
        let data = self.emit(InstKind::LoadData(array), Type::RAW);
        Some(Element { cell, data, index, values })
    }

    /// The object in a register, of this tag and shape.
    fn guarded(&mut self, register: u16, tag: u64, shape: u32, write: bool) -> ValueId {
        let exit = self.exit();
        let boxed = self.boxed(register);
        let pointer = self.emit(InstKind::GuardTag { value: boxed, tag, exit }, Type::pointer(tag, 0));
        let pointer = self.emit(InstKind::GuardShape { pointer, shape, exit }, Type::pointer(tag, shape));
        if write {
            return self.emit(InstKind::GuardUnique { pointer, exit }, Type::pointer(tag, shape));
        }
        pointer
    }

    /// Reads a cell: a scalar where the kind is known or speculated, else a borrowed boxed value.
    fn read(&mut self, kind: InstKind, cell: Cell, values: Kinds) -> (ValueId, Option<Scalar>) {
        match cell {
            Cell::I64 => (self.emit(kind, Type::INT), Some(Scalar::Int)),
            Cell::F64 => (self.emit(kind, Type::FLOAT), Some(Scalar::Float)),
            Cell::Bool => (self.emit(kind, Type::BOOL), Some(Scalar::Bool)),
            Cell::Value => {
                let boxed = self.emit(kind, Type::ANY);
                match [Scalar::Int, Scalar::Float, Scalar::Bool].into_iter().find(|scalar| scalar.kinds() == values) {
                    Some(scalar) => {
                        let exit = self.exit();
                        (self.emit(InstKind::GuardTag { value: boxed, tag: scalar.tag(), exit }, scalar.ty()), Some(scalar))
                    }
                    None => (boxed, None),
                }
            }
        }
    }

    /// Writes what was read from the object in `base`, which is consumed.
    fn write_read(&mut self, dst: u16, base: u16, value: ValueId, scalar: Option<Scalar>) {
        let owned_base = self.is_temporary(base) && matches!(self.state.get(self.slot(base)), Slot::Memory | Slot::Owned { .. });
        match scalar {
            Some(scalar) => {
                self.consume(base);
                self.write_scalar(dst, value, scalar);
            }
            // The object goes away with its temporary: the value must be counted before.
            None if owned_base => {
                let (slot, base_slot) = (self.slot(dst), self.slot(base));
                if slot == base_slot {
                    self.settle(base_slot);
                    self.effect(InstKind::ReplaceSlot(slot, value));
                    self.put(slot, Slot::Memory);
                } else {
                    self.replace(slot, value);
                    self.consume(base);
                }
            }
            None => {
                if dst != base {
                    self.consume(base);
                }
                self.write_borrowed(dst, value);
            }
        }
    }

    pub(super) fn index_get(&mut self, op: Op, dst: u16, a: u16, b: Source) -> Built {
        let Some(element) = self.element(a, b, false) else { return self.fallback(op) };
        let load = InstKind::LoadElement { cell: element.cell, data: element.data, index: element.index };
        let (value, scalar) = self.read(load, element.cell, element.values);
        self.consume_source(b);
        self.write_read(dst, a, value, scalar);
        Ok(())
    }

    pub(super) fn index_set(&mut self, op: Op, a: u16, b: u16, value: u16) -> Built {
        let Some((_, cell, values)) = self.array_kind() else { return self.fallback(op) };
        let Some(wanted) = stored_scalar(cell, values) else { return self.fallback(op) };
        let Some(new) = self.scalar(Source::Register(value), wanted) else { return self.fallback(op) };
        let Some(element) = self.element(a, Source::Register(b), true) else { return self.fallback(op) };
        self.store_element(&element, new);
        self.consume(b);
        self.consume(value);
        Ok(())
    }

    fn store_element(&mut self, element: &Element, value: ValueId) {
        let (cell, data, index) = (element.cell, element.data, element.index);
        match cell {
            Cell::Value => {
                let exit = self.exit();
                self.effect(InstKind::StoreElementValue { data, index, value, exit });
            }
            _ => self.effect(InstKind::StoreElement { cell, data, index, value }),
        }
        self.exit = None;
    }

    pub(super) fn index_update(&mut self, op: Op, code: ArithCode, a: u16, b: u16, value: u16) -> Built {
        let wanted = match self.array_kind() {
            Some((_, Cell::I64, _)) => Scalar::Int,
            Some((_, Cell::F64, _)) => Scalar::Float,
            _ => return self.fallback(op),
        };
        let Some(operand) = self.scalar(Source::Register(value), wanted) else { return self.fallback(op) };
        let Some(element) = self.element(a, Source::Register(b), true) else { return self.fallback(op) };
        let load = InstKind::LoadElement { cell: element.cell, data: element.data, index: element.index };
        let old = self.emit(load, wanted.ty());
        let Some(new) = self.combine(wanted, code, old, operand) else { return self.fallback(op) };
        self.store_element(&element, new);
        self.consume(b);
        self.consume(value);
        Ok(())
    }

    fn combine(&mut self, scalar: Scalar, code: ArithCode, a: ValueId, b: ValueId) -> Option<ValueId> {
        match scalar {
            Scalar::Int => self.int_arith(code, a, b),
            Scalar::Float => self.float_arith(code, a, b),
            Scalar::Bool => None,
        }
    }

    // ---- fields ----

    fn field_case(&self) -> Option<FieldCase> {
        match self.context().profile.sites.get(&self.pc)? {
            Site::Fields(cases) => match cases[..] {
                [only] => Some(only),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn field_get(&mut self, op: Op, dst: u16, a: u16) -> Built {
        let Some(case) = self.field_case().filter(|_| self.holds_object(a)) else { return self.fallback(op) };
        let pointer = self.guarded(a, tag::STRUCT, case.shape, false);
        let load = InstKind::LoadField { cell: case.cell, pointer, offset: case.offset };
        let (value, scalar) = self.read(load, case.cell, case.values);
        self.write_read(dst, a, value, scalar);
        Ok(())
    }

    pub(super) fn field_set(&mut self, op: Op, a: u16, value: u16) -> Built {
        let Some(case) = self.field_case().filter(|_| self.holds_object(a)) else { return self.fallback(op) };
        let Some(wanted) = field_scalar(case.cell) else { return self.fallback(op) };
        let Some(new) = self.scalar(Source::Register(value), wanted) else { return self.fallback(op) };
        let pointer = self.guarded(a, tag::STRUCT, case.shape, true);
        self.effect(InstKind::StoreField { cell: case.cell, pointer, offset: case.offset, value: new });
        self.exit = None;
        self.consume(value);
        Ok(())
    }

    pub(super) fn field_update(&mut self, op: Op, code: ArithCode, a: u16, value: u16) -> Built {
        let Some(case) = self.field_case().filter(|_| self.holds_object(a)) else { return self.fallback(op) };
        let Some(wanted) = field_scalar(case.cell) else { return self.fallback(op) };
        let Some(operand) = self.scalar(Source::Register(value), wanted) else { return self.fallback(op) };
        let pointer = self.guarded(a, tag::STRUCT, case.shape, true);
        let old = self.emit(InstKind::LoadField { cell: case.cell, pointer, offset: case.offset }, wanted.ty());
        let Some(new) = self.combine(wanted, code, old, operand) else { return self.fallback(op) };
        self.effect(InstKind::StoreField { cell: case.cell, pointer, offset: case.offset, value: new });
        self.exit = None;
        self.consume(value);
        Ok(())
    }

    /// Might the register hold a heap object?
    fn holds_object(&self, register: u16) -> bool {
        matches!(self.state.get(self.slot(register)), Slot::Memory | Slot::Borrowed { .. } | Slot::Owned { .. })
    }
}

fn cell_of(array_shape: u32) -> Option<Cell> {
    match array_shape {
        shape::ARR_BOOL => Some(Cell::Bool),
        shape::ARR_I64 => Some(Cell::I64),
        shape::ARR_F64 => Some(Cell::F64),
        shape::ARR_VAL => Some(Cell::Value),
        _ => None,
    }
}

/// The kind of scalar that can be stored without changing the array's kind.
fn stored_scalar(cell: Cell, values: Kinds) -> Option<Scalar> {
    match cell {
        Cell::I64 => Some(Scalar::Int),
        Cell::F64 => Some(Scalar::Float),
        Cell::Bool => Some(Scalar::Bool),
        Cell::Value => [Scalar::Int, Scalar::Float, Scalar::Bool].into_iter().find(|scalar| scalar.kinds() == values),
    }
}

fn field_scalar(cell: Cell) -> Option<Scalar> {
    match cell {
        Cell::I64 => Some(Scalar::Int),
        Cell::F64 => Some(Scalar::Float),
        Cell::Bool | Cell::Value => None,
    }
}
