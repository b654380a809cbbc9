//! Elements of arrays and fields of instances, in place.
use super::arith::Source;
use super::overload::Purpose;
use super::state::{Field, Lender, Scalar, Slot};
use super::{Builder, Built};
use crate::bytecode::chunk::{Root, Segment};
use crate::bytecode::op::{ArithCode, Op};
use crate::jit::feedback::DICT;
use crate::jit::ir::inst::{Cell, Home, IntOp};
use crate::jit::ir::{InstKind, Kinds, Operation, StateId, Type, ValueId};
use crate::jit::profile::{FieldCase, Site};
use crate::value::Rep;
use crate::value::layout::{shape, tag};

/// An element that is there: storage and checked index.
#[derive(Clone, Copy)]
pub(super) struct Element {
    cell: Cell,
    data: ValueId,
    index: ValueId,
    values: Kinds,
}

/// Where an element is wanted.
#[derive(Clone, Copy)]
enum Index {
    At(ValueId),
    FromEnd(i64),
}

/// What a place ends in, its container unshared.
#[derive(Clone, Copy)]
pub(super) enum End {
    Element(Element),
    Field {
        pointer: ValueId,
        case: FieldCase,
    },
    /// Of a dict; only on the way to something inside. Reading it leaves if there is none.
    Entry {
        address: ValueId,
        exit: StateId,
    },
}

impl End {
    pub(super) fn cell(self) -> Cell {
        match self {
            End::Element(element) => element.cell,
            End::Field { case, .. } => case.cell,
            End::Entry { .. } => Cell::Value,
        }
    }

    pub(super) fn home(self) -> Home {
        match self {
            End::Element(element) => Home::Element { data: element.data, index: element.index },
            End::Field { pointer, case } => Home::Field { pointer, offset: case.offset },
            End::Entry { address, .. } => Home::Entry(address),
        }
    }

    pub(super) fn load(self) -> InstKind {
        match self {
            End::Element(Element { cell, data, index, .. }) => InstKind::LoadElement { cell, data, index },
            End::Field { pointer, case } => InstKind::LoadField { cell: case.cell, pointer, offset: case.offset },
            End::Entry { address, exit } => InstKind::LoadFound { address, default: None, exit: Some(exit) },
        }
    }

    fn store(self, value: ValueId) -> InstKind {
        match self {
            End::Element(Element { cell, data, index, .. }) => InstKind::StoreElement { cell, data, index, value },
            End::Field { pointer, case } => InstKind::StoreField { cell: case.cell, pointer, offset: case.offset, value },
            End::Entry { .. } => unreachable!("an entry of a dict is only on the way"),
        }
    }
}

impl Builder<'_> {
    /// The only array kind a site has met, and the kinds of the values there.
    pub(super) fn array_kind(&self) -> Option<(u32, Cell, Kinds)> {
        match self.context().profile.sites.get(&self.pc)? {
            Site::Elements { shapes, values } => match self.likely(shapes)[..] {
                [only] => Some((only, Cell::of_array(only)?, *values)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The array shapes to expect at this instruction: ranges and empty arrays become arrays of a kind by their first change,
    /// so at first it is guessed that they are no more.
    pub(super) fn likely(&self, shapes: &[u32]) -> Vec<u32> {
        let lasting = |shape: &&u32| !matches!(**shape, shape::ARR_RANGE | shape::ARR_EMPTY);
        let guess = self.context().profile.storms(self.pc) == 0 && shapes.iter().any(|shape| lasting(&shape));
        shapes.iter().filter(|shape| !guess || lasting(shape)).copied().collect()
    }

    /// Has the site met arrays of several kinds, and nothing else?
    fn meets_many_kinds(&self) -> bool {
        match self.context().profile.sites.get(&self.pc) {
            Some(Site::Elements { shapes, .. } | Site::Place { shapes, .. }) => are_many_kinds(&self.likely(shapes)),
            _ => false,
        }
    }

    /// Reads an element of an array of any kind.
    fn index_get_any(&mut self, op: Op, dst: u16, a: u16, b: Source) -> Built {
        let number = if self.holds_object(a) { self.index(b) } else { None };
        let Some(number) = number else { return self.fallback(op) };
        let array = self.guarded(a, tag::ARRAY, 0);
        let element = self.checked(array, number, Cell::Value, Kinds::ANY);
        let value = self.emit(InstKind::LoadItem { pointer: array, index: element.index }, Type::ANY);
        self.consume_source(b);
        self.write_read(dst, a, value, None);
        Ok(())
    }

    /// Checks base and index.
    fn element(&mut self, base: u16, index: Source) -> Option<Element> {
        let (shape, cell, values) = self.array_kind()?;
        if !self.holds_object(base) {
            return None;
        }
        let number = self.index(index)?;
        let array = self.guarded(base, tag::ARRAY, shape);
        Some(self.checked(array, number, cell, values))
    }

    /// The element of a local's array, which is unshared.
    fn own_element(&mut self, base: u16, index: Source) -> Option<Element> {
        let (shape, cell, values) = self.written_kind()?;
        let number = self.index(index)?;
        let array = self.guarded_root(base, tag::ARRAY, shape)?;
        let array = self.with_values(array, shape);
        Some(self.checked(array, number, cell, values))
    }

    /// The kind that a site stores to; shape 0: any kind, which becomes values first.
    fn written_kind(&self) -> Option<(u32, Cell, Kinds)> {
        match self.context().profile.sites.get(&self.pc) {
            Some(Site::Elements { shapes, .. })
                if are_many_kinds(&self.likely(shapes)) && shapes.contains(&shape::ARR_VAL) =>
            {
                Some((0, Cell::Value, Kinds::ANY))
            }
            _ => self.array_kind(),
        }
    }

    /// An array whose kind was not checked, with its elements stored as values.
    fn with_values(&mut self, array: ValueId, found: u32) -> ValueId {
        if found != 0 {
            return array;
        }
        let exit = self.exit();
        self.emit(InstKind::Generalise { pointer: array, exit }, Type::pointer(tag::ARRAY, shape::ARR_VAL))
    }

    /// An index as an int; a negative constant counts from the end.
    fn index(&mut self, index: Source) -> Option<Index> {
        match index {
            Source::Small(k) if k < 0 => Some(Index::FromEnd(i64::from(k))),
            _ => self.scalar(index, Scalar::Int).map(Index::At),
        }
    }

    fn checked(&mut self, array: ValueId, index: Index, cell: Cell, values: Kinds) -> Element {
        let length = self.length_of(array);
        let exit = self.exit();
        let number = match index {
            Index::At(number) => number,
            Index::FromEnd(back) => {
                let back = self.int(back);
                self.emit(InstKind::Int { op: IntOp::Add, a: length, b: back, exit: None }, Type::INT)
            }
        };
        let index = self.emit(InstKind::GuardBounds { index: number, length, exit: Some(exit) }, Type::INT);
        let data = self.emit(InstKind::LoadData(array), Type::RAW);
        Element { cell, data, index, values }
    }

    /// The object in a register, of this tag and shape (0: any).
    pub(super) fn guarded(&mut self, register: u16, tag: u64, shape: u32) -> ValueId {
        let boxed = self.boxed(register);
        self.guarded_value(boxed, tag, shape)
    }

    pub(super) fn guarded_value(&mut self, boxed: ValueId, tag: u64, shape: u32) -> ValueId {
        let exit = self.exit();
        let pointer = self.emit(InstKind::GuardTag { value: boxed, tag, exit }, Type::pointer(tag, 0));
        if shape == 0 {
            return pointer;
        }
        self.emit(InstKind::GuardShape { pointer, shape, exit }, Type::pointer(tag, shape))
    }

    /// The object in a local, for changing.
    fn guarded_root(&mut self, register: u16, tag: u64, shape: u32) -> Option<ValueId> {
        if !self.holds_object(register) {
            return None;
        }
        let slot = self.slot(register);
        self.settle(slot);
        let pointer = self.guarded(register, tag, shape);
        Some(self.unshared(Home::Slot(slot), pointer, tag, shape))
    }

    /// Makes an object unshared where it is kept.
    pub(super) fn unshared(&mut self, home: Home, pointer: ValueId, tag: u64, shape: u32) -> ValueId {
        let exit = self.exit();
        let guess = self.context().profile.storms(self.pc) == 0;
        let ty = Type::pointer(tag, shape);
        if guess && !matches!(home, Home::Slot(_)) {
            // Inside of something unshared, sharing is rare: the VM may copy.
            return self.emit(InstKind::GuardUnique { slot: None, pointer, exit }, ty);
        }
        self.emit(InstKind::Unshare { home, pointer, guess, exit }, ty)
    }

    /// The value of a register as an owned boxed value; a temporary gives it up, a variable keeps it. Nothing may leave before
    /// it is stored.
    pub(super) fn own(&mut self, register: u16) -> ValueId {
        let slot = self.slot(register);
        let gives_up = self.is_temporary(register);
        match self.state.get(slot) {
            Slot::Scalar { value, .. } => self.emit(InstKind::Box(value), Type::ANY),
            Slot::Immediate { value, .. } => value,
            Slot::Owned { value } if gives_up => {
                self.put(slot, Slot::Clean);
                value
            }
            Slot::Virtual(at) if gives_up => {
                self.put(slot, Slot::Clean);
                match self.made_for_loop(at, slot) {
                    Some(object) => self.emit(InstKind::Retain(object), Type::ANY),
                    None => self.materialise(at),
                }
            }
            Slot::Borrowed { value, .. } if gives_up => {
                self.put(slot, Slot::Clean);
                self.emit(InstKind::Retain(value), Type::ANY)
            }
            Slot::Owned { .. } | Slot::Virtual(_) | Slot::Borrowed { .. } => {
                self.settle(slot);
                self.own(register)
            }
            Slot::Memory | Slot::Clean => {
                let value = self.emit(InstKind::LoadSlot(slot), Type::ANY);
                if !gives_up {
                    return self.emit(InstKind::Retain(value), Type::ANY);
                }
                let null = self.null();
                self.effect(InstKind::StoreSlot(slot, null));
                self.put(slot, Slot::Clean);
                value
            }
        }
    }

    /// Reads a cell: a scalar where the kind is known or speculated, else a borrowed boxed value.
    pub(super) fn read(&mut self, kind: InstKind, cell: Cell, values: Kinds) -> (ValueId, Option<Scalar>) {
        match cell {
            Cell::I64 => (self.emit(kind, Type::INT), Some(Scalar::Int)),
            Cell::F64 => (self.emit(kind, Type::FLOAT), Some(Scalar::Float)),
            Cell::Bool => (self.emit(kind, Type::BOOL), Some(Scalar::Bool)),
            Cell::Value => {
                let boxed = self.emit(kind, Type::ANY);
                match Scalar::only(values) {
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
    pub(super) fn write_read(&mut self, dst: u16, base: u16, value: ValueId, scalar: Option<Scalar>) {
        let owned_base = self.is_temporary(base)
            && matches!(self.state.get(self.slot(base)), Slot::Memory | Slot::Owned { .. } | Slot::Virtual(_));
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
                let lender = self.lender_of_part(base);
                if dst != base {
                    self.consume(base);
                }
                self.write_lent(dst, value, lender);
            }
        }
    }

    /// What keeps a part of a register's object alive.
    pub(super) fn lender_of_part(&self, register: u16) -> Lender {
        let slot = self.slot(register);
        match self.state.get(slot) {
            Slot::Memory if !self.is_temporary(register) => Lender::Slot(slot),
            Slot::Borrowed { lender, .. } => lender,
            _ => Lender::Passing,
        }
    }

    /// An element of the only kind of array met; `guess`: of values, one of the only kind met.
    pub(super) fn read_element(&mut self, base: u16, index: Source, guess: bool) -> Option<(ValueId, Option<Scalar>)> {
        let element = self.element(base, index)?;
        let load = InstKind::LoadElement { cell: element.cell, data: element.data, index: element.index };
        Some(self.read(load, element.cell, if guess { element.values } else { Kinds::ANY }))
    }

    pub(super) fn index_get(&mut self, op: Op, dst: u16, a: u16, b: Source) -> Built {
        if let Some(built) = self.overloaded(op, Source::Register(a), Some(b), Purpose::Value(dst)) {
            return built;
        }
        if let Source::Small(at) = b
            && self.virtual_element(dst, a, i64::from(at))
        {
            return Ok(());
        }
        if self.meets_many_kinds() {
            return self.index_get_any(op, dst, a, b);
        }
        let Some((value, scalar)) = self.read_element(a, b, true) else { return self.index_get_value(op, dst, a, b) };
        self.consume_source(b);
        self.write_read(dst, a, value, scalar);
        Ok(())
    }

    /// Reads an element of an array that does not exist; false if there is none.
    pub(super) fn virtual_element(&mut self, dst: u16, array: u16, at: i64) -> bool {
        let Some(length) = self.virtual_length(array) else { return false };
        let at = usize::try_from(if at < 0 { at + length as i64 } else { at });
        let Some(part) = at.ok().and_then(|at| self.virtual_part(array, at)) else { return false };
        self.consume(array);
        self.write_part(dst, part);
        true
    }

    pub(super) fn index_set(&mut self, op: Op, a: u16, b: u16, value: u16) -> Built {
        let Some((_, cell, _)) = self.written_kind() else { return self.set_item(op, a, b, value) };
        let Some(new) = self.scalar_to_store(cell, value) else { return self.set_item(op, a, b, value) };
        let Some(element) = self.own_element(a, Source::Register(b)) else { return self.fallback(op) };
        self.store(End::Element(element), new, value);
        self.consume(b);
        Ok(())
    }

    /// The scalar that a cell stores unboxed, or nothing for a value cell; outer nothing if the value is of another kind.
    fn scalar_to_store(&mut self, cell: Cell, value: u16) -> Option<Option<ValueId>> {
        match scalar_of(cell) {
            Some(wanted) => self.scalar(Source::Register(value), wanted).map(Some),
            None => Some(None),
        }
    }

    /// Stores a register's value, which is consumed.
    fn store(&mut self, end: End, new: Option<ValueId>, register: u16) {
        match new {
            Some(new) => {
                self.effect(end.store(new));
                self.exit = None;
                self.consume(register);
            }
            None if let Some((data, index, value)) = self.scalar_element(end, register) => {
                let exit = self.exit();
                self.effect(InstKind::StoreElementValue { data, index, value, exit });
                self.exit = None;
                self.consume(register);
            }
            None => {
                let value = self.own(register);
                self.effect(InstKind::StoreOwned { home: end.home(), value });
                self.exit = None;
                if matches!(self.state.get(self.slot(register)), Slot::Scalar { .. } | Slot::Immediate { .. }) {
                    self.consume(register);
                }
            }
        }
    }

    /// A scalar for an element that is a value, unless objects are overwritten there.
    fn scalar_element(&self, end: End, register: u16) -> Option<(ValueId, ValueId, ValueId)> {
        match (end, self.state.get(self.slot(register))) {
            (End::Element(Element { data, index, .. }), Slot::Scalar { value, .. }) => {
                (self.context().profile.storms(self.pc) == 0).then_some((data, index, value))
            }
            _ => None,
        }
    }

    pub(super) fn index_update(&mut self, op: Op, code: ArithCode, a: u16, b: u16, value: u16) -> Built {
        let Some((_, cell, _)) = self.written_kind() else { return self.update_item(op, code, a, b, value) };
        let Some(operand) = self.operand_of_update(cell, value) else { return self.update_item(op, code, a, b, value) };
        let Some(element) = self.own_element(a, Source::Register(b)) else { return self.fallback(op) };
        if !self.update(End::Element(element), code, operand) {
            return self.fallback(op);
        }
        self.consume(b);
        self.consume(value);
        Ok(())
    }

    /// The right operand of an update: of the cell's kind, or of the kind that is known.
    fn operand_of_update(&mut self, cell: Cell, value: u16) -> Option<(Scalar, ValueId)> {
        let source = Source::Register(value);
        let wanted = match cell {
            Cell::I64 => Scalar::Int,
            Cell::F64 => Scalar::Float,
            Cell::Bool => return None,
            Cell::Value => self.known(source).filter(|known| *known != Scalar::Bool)?,
        };
        if wanted == Scalar::Float {
            return self.float(source).map(|operand| (wanted, operand));
        }
        self.scalar(source, wanted).map(|operand| (wanted, operand))
    }

    /// Reads, operates, stores; false if the operator is the VM's business.
    fn update(&mut self, end: End, code: ArithCode, (scalar, operand): (Scalar, ValueId)) -> bool {
        let boxed = end.cell() == Cell::Value;
        let mut old = self.emit(end.load(), if boxed { Type::ANY } else { scalar.ty() });
        if boxed {
            let exit = self.exit();
            old = match scalar {
                Scalar::Float => self.emit(InstKind::ToFloat { value: old, exit }, Type::FLOAT),
                _ => self.emit(InstKind::GuardTag { value: old, tag: scalar.tag(), exit }, scalar.ty()),
            };
        }
        let Some(new) = self.combine(scalar, code, old, operand) else { return false };
        self.effect(end.store(new));
        self.exit = None;
        true
    }

    // ---- places ----

    pub(super) fn place_set(&mut self, op: Op, path: u16, keys: u16, value: u16) -> Built {
        if !self.is_walked(path) {
            return self.set_place(op, path, keys, value);
        }
        if self.virtual_place_set(path, value) {
            return Ok(());
        }
        // What is stored counts as a holder while its place is made unshared.
        let slot = self.slot(value);
        if self.is_lent(self.state.get(slot), |_| true) {
            self.settle(slot);
        }
        let Some(cell) = self.place_cell(path) else { return self.set_place(op, path, keys, value) };
        let Some(new) = self.scalar_to_store(cell, value) else { return self.set_place(op, path, keys, value) };
        let Some(end) = self.walk(path, keys) else { return self.fallback(op) };
        self.store(end, new, value);
        self.consume_keys(path, keys);
        Ok(())
    }

    pub(super) fn place_update(&mut self, op: Op, code: ArithCode, path: u16, keys: u16, value: u16) -> Built {
        if !self.is_walked(path) {
            return self.update_place(op, code, path, keys, value);
        }
        if self.virtual_place_update(code, path, value) {
            return Ok(());
        }
        let Some(cell) = self.place_cell(path) else { return self.update_place(op, code, path, keys, value) };
        let Some(operand) = self.operand_of_update(cell, value) else {
            return self.update_place(op, code, path, keys, value);
        };
        let Some(end) = self.walk(path, keys) else { return self.fallback(op) };
        if !self.update(end, code, operand) {
            return self.fallback(op);
        }
        self.consume(value);
        self.consume_keys(path, keys);
        Ok(())
    }

    pub(super) fn consume_keys(&mut self, path: u16, keys: u16) {
        let count = self.context().profile.chunk.paths[usize::from(path)].keys() as u16;
        (keys..keys + count).for_each(|key| self.consume(key));
    }

    /// Is the place walked step by step? Those in variables that functions share are as long as their containers are found unshared.
    fn is_walked(&self, path: u16) -> bool {
        match self.context().profile.chunk.paths[usize::from(path)].root {
            Root::Local(_) => true,
            Root::Module(_) | Root::LocalCell(_) | Root::CaptureCell(_) => self.context().profile.storms(self.pc) == 0,
            Root::Capture(_) | Root::SelfFn => false,
        }
    }

    /// The object at the root of a place, unshared.
    fn place_root(&mut self, path: u16, tag: u64, shape: u32) -> Option<ValueId> {
        let root = self.context().profile.chunk.paths[usize::from(path)].root;
        match root {
            Root::Local(root) => self.guarded_root(root, tag, shape),
            Root::Module(_) | Root::LocalCell(_) | Root::CaptureCell(_) => {
                let exit = self.exit();
                let value = self.variable(root, exit)?;
                let pointer = self.guarded_value(value, tag, shape);
                Some(self.emit(InstKind::GuardUnique { slot: None, pointer, exit }, Type::pointer(tag, shape)))
            }
            Root::Capture(_) | Root::SelfFn => None,
        }
    }

    fn site_of_place(&self) -> Option<&Site> {
        let profile = &self.context().profile;
        let site = profile.sites.get(&self.pc).filter(|site| matches!(site, Site::Place { .. }));
        site.or_else(|| profile.places.get(&self.pc))
    }

    /// What the segments of the place at hand have met: the fields' cases, and the shapes of the containers.
    pub(super) fn place_site(&self) -> Option<(&[Vec<FieldCase>], &[u32])> {
        match self.site_of_place()? {
            Site::Place { fields, shapes, .. } => Some((fields, shapes)),
            _ => None,
        }
    }

    /// The segments of the place at hand that have led to entries of dicts, as bits.
    pub(super) fn entries(&self) -> u32 {
        match self.site_of_place() {
            Some(Site::Place { entries, .. }) => *entries,
            _ => 0,
        }
    }

    /// The only way a place has been walked: a field's case or the array shape per segment.
    pub(super) fn steps(&self, path: u16) -> Option<Vec<Step>> {
        let (fields, shapes) = self.place_site()?;
        let segments = &self.context().profile.chunk.paths[usize::from(path)].segments;
        let last = segments.len().checked_sub(1)?;
        let step = |at: usize| match segments[at] {
            Segment::Field(..) => match fields[at][..] {
                [only] if at == last || only.cell == Cell::Value => Some(Step::Field(only)),
                _ => None,
            },
            Segment::Index if at < last => self.step_inside(at),
            Segment::Index => match self.likely(shapes)[..] {
                [only] => Cell::of_array(only).map(|_| Step::Index(only)),
                _ if are_many_kinds(&self.likely(shapes)) && shapes.contains(&shape::ARR_VAL) => Some(Step::AnyIndex),
                _ => None,
            },
        };
        (0..segments.len()).map(step).collect()
    }

    /// What an index that a place goes on behind is of: a dict if it has been one, as long as that has not failed more than once.
    fn step_inside(&self, segment: usize) -> Option<Step> {
        match self.entries() >> segment & 1 {
            0 => Some(Step::Index(shape::ARR_VAL)),
            _ => (self.context().profile.storms(self.pc) < 2).then_some(Step::Entry),
        }
    }

    /// Reads an item of an array of values.
    pub(super) fn item_of_values(&mut self, array: ValueId, index: ValueId) -> InstKind {
        let element = self.checked(array, Index::At(index), Cell::Value, Kinds::ANY);
        InstKind::LoadElement { cell: Cell::Value, data: element.data, index: element.index }
    }

    fn place_cell(&self, path: u16) -> Option<Cell> {
        match *self.steps(path)?.last()? {
            Step::Field(case) => Some(case.cell),
            Step::Index(shape) => Cell::of_array(shape),
            Step::AnyIndex | Step::Entry => Some(Cell::Value),
        }
    }

    /// Makes each container on the way unshared and gives the place's end.
    pub(super) fn walk(&mut self, path: u16, keys: u16) -> Option<End> {
        let steps = self.steps(path)?;
        self.walk_steps(path, keys, &steps)
    }

    /// The same for what leads to the container that the last index of a place is asked of; `None` if it is not reached by fields alone,
    /// unless it is a dict.
    pub(super) fn walk_to_last(&mut self, path: u16, keys: u16) -> Option<End> {
        let is_index = self.context().profile.chunk.paths[usize::from(path)].segments.last() == Some(&Segment::Index);
        if is_index { self.walk_to_container(path, keys) } else { None }
    }

    /// The same where the last segment may also be a field, of a dict.
    pub(super) fn walk_to_container(&mut self, path: u16, keys: u16) -> Option<End> {
        let chunk = self.context().profile.chunk.clone();
        let [way @ .., last] = &chunk.paths[usize::from(path)].segments[..] else { return None };
        if way.is_empty() || !self.is_walked(path) {
            return None;
        }
        let (fields, met) = self.place_site()?;
        let is_dict = met == [DICT] && self.context().profile.storms(self.pc) < 2;
        if matches!(last, Segment::Field(..)) && !is_dict {
            return None;
        }
        let step = |(at, segment): (usize, &Segment)| match (segment, &fields[at][..]) {
            (Segment::Field(..), [only]) if only.cell == Cell::Value => Some(Step::Field(*only)),
            (Segment::Index, _) if is_dict => self.step_inside(at),
            _ => None,
        };
        let steps: Vec<Step> = way.iter().enumerate().map(step).collect::<Option<_>>()?;
        self.walk_steps(path, keys, &steps)
    }

    fn walk_steps(&mut self, path: u16, keys: u16, steps: &[Step]) -> Option<End> {
        let mut found = Vec::new();
        for step in steps.iter().filter(|step| !matches!(step, Step::Field(_))) {
            let key = keys + found.len() as u16;
            found.push(match step {
                Step::Entry => self.boxed(key),
                _ => self.scalar(Source::Register(key), Scalar::Int)?,
            });
        }
        let (tag, shape) = steps[0].wants();
        let mut object = self.place_root(path, tag, shape)?;
        let mut keys = found.into_iter();
        for (at, step) in steps.iter().enumerate() {
            let end = match *step {
                Step::Field(case) => End::Field { pointer: object, case },
                Step::Index(shape) => {
                    let index = Index::At(keys.next()?);
                    End::Element(self.checked(object, index, Cell::of_array(shape)?, Kinds::ANY))
                }
                Step::AnyIndex => {
                    let (index, array) = (Index::At(keys.next()?), self.with_values(object, 0));
                    End::Element(self.checked(array, index, Cell::Value, Kinds::ANY))
                }
                Step::Entry => {
                    let address = self.operation(Operation::Find, &[object, keys.next()?]);
                    End::Entry { address, exit: self.exit() }
                }
            };
            let Some(next) = steps.get(at + 1) else {
                // Who changes what is there as a whole asks for no more than its address.
                if let End::Entry { .. } = end {
                    self.emit(end.load(), Type::ANY);
                }
                return Some(end);
            };
            let (tag, shape) = next.wants();
            let boxed = self.emit(end.load(), Type::ANY);
            let pointer = self.guarded_value(boxed, tag, shape);
            object = self.unshared(end.home(), pointer, tag, shape);
        }
        None
    }

    pub(super) fn combine(&mut self, scalar: Scalar, code: ArithCode, a: ValueId, b: ValueId) -> Option<ValueId> {
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
        if self.virtual_get(dst, a) {
            return Ok(());
        }
        if self.field_of_several(dst, a) {
            return Ok(());
        }
        let Some(case) = self.field_case().filter(|_| self.holds_object(a)) else { return self.field_by_name(op, dst, a) };
        let pointer = self.guarded(a, tag::STRUCT, case.shape);
        let load = InstKind::LoadField { cell: case.cell, pointer, offset: case.offset };
        let (value, scalar) = self.read(load, case.cell, case.values);
        let owns = self.state.get(self.slot(a)) == Slot::Memory && !self.is_temporary(a);
        match Field::at(case.shape, case.offset).filter(|_| owns && scalar.is_none()) {
            Some(field) => self.write_lent(dst, value, Lender::Field(self.slot(a), field)),
            None => self.write_read(dst, a, value, scalar),
        }
        Ok(())
    }

    pub(super) fn field_set(&mut self, op: Op, a: u16, value: u16) -> Built {
        if self.virtual_set(a, value) {
            return Ok(());
        }
        let Some(case) = self.field_case() else { return self.set_field(op, a, value) };
        let Some(new) = self.scalar_to_store(case.cell, value) else { return self.set_field(op, a, value) };
        let Some(pointer) = self.guarded_root(a, tag::STRUCT, case.shape) else { return self.fallback(op) };
        self.store(End::Field { pointer, case }, new, value);
        Ok(())
    }

    pub(super) fn field_update(&mut self, op: Op, code: ArithCode, a: u16, value: u16) -> Built {
        if self.virtual_update(code, a, value) {
            return Ok(());
        }
        let Some(case) = self.field_case() else { return self.update_field(op, code, a, value) };
        let Some(operand) = self.operand_of_update(case.cell, value) else { return self.update_field(op, code, a, value) };
        let Some(pointer) = self.guarded_root(a, tag::STRUCT, case.shape) else { return self.fallback(op) };
        if !self.update(End::Field { pointer, case }, code, operand) {
            return self.fallback(op);
        }
        self.consume(value);
        Ok(())
    }

    /// Might the register hold a heap object?
    pub(super) fn holds_object(&self, register: u16) -> bool {
        matches!(
            self.state.get(self.slot(register)),
            Slot::Memory | Slot::Borrowed { .. } | Slot::Owned { .. } | Slot::Virtual(_)
        )
    }
}

/// Arrays of several kinds or of one without storage, and nothing else.
pub(super) fn are_many_kinds(shapes: &[u32]) -> bool {
    let arrays = shapes.iter().all(|shape| (shape::ARR_EMPTY..=shape::ARR_RANGE).contains(shape));
    arrays && !matches!(shapes, [] | [shape::ARR_BOOL..=shape::ARR_VAL])
}

/// The kind of scalar that a cell stores unboxed.
pub(super) fn scalar_of(cell: Cell) -> Option<Scalar> {
    match cell {
        Cell::I64 => Some(Scalar::Int),
        Cell::F64 => Some(Scalar::Float),
        Cell::Bool => Some(Scalar::Bool),
        Cell::Value => None,
    }
}

/// How a field is stored.
pub(super) fn cell_of(rep: Rep) -> Cell {
    match rep {
        Rep::F64 => Cell::F64,
        Rep::I64 => Cell::I64,
        Rep::Value => Cell::Value,
    }
}

/// One segment of a place as it was walked.
#[derive(Clone, Copy)]
pub(super) enum Step {
    Field(FieldCase),
    /// Of an array of this shape.
    Index(u32),
    /// Of an array of any kind.
    AnyIndex,
    /// Of a dict.
    Entry,
}

impl Step {
    /// Tag and shape of the container.
    fn wants(self) -> (u64, u32) {
        match self {
            Step::Field(case) => (tag::STRUCT, case.shape),
            Step::Index(shape) => (tag::ARRAY, shape),
            Step::AnyIndex => (tag::ARRAY, 0),
            Step::Entry => (tag::DICT, 0),
        }
    }
}
