//! Objects that do not exist: what a slot knows of one that it stands for ([`Slot::Virtual`]), its parts, and how those of several
//! ways meet.
//!
//! A part is a scalar or immediate, an instance that does not exist either, or a value that something else keeps alive. What lends such a
//! value is not written before the object has been made, as for a slot that holds a borrowed value.
use std::sync::Arc;

use super::blocks::Param;
use super::state::{Lender, Scalar, Slot, State};
use super::{Builder, Edge};
use crate::jit::ir::{Form, InstKind, Made, Repr, SlotIx, Type, ValueId};
use crate::value::Rep;
use crate::value::layout::{shape, tag};
use crate::value::shapes::shape_info;

/// Values that stand for one object, and for all of them in a state: what an exit has room for.
const MOST_FIELDS: usize = 12;
const MOST_IN_STATE: usize = 256;

/// An object that does not exist. Fields of an object inside stand where that object would.
#[derive(Clone, Debug)]
pub struct Virtual {
    pub form: Arc<Form>,
    pub fields: Vec<ValueId>,
    /// Those of the fields that may be objects, and what keeps them alive.
    lent: Vec<(usize, Lender)>,
}

/// A field or capture.
#[derive(Clone)]
pub enum Part {
    /// A scalar, or an immediate as a boxed value.
    Value(ValueId),
    Lent(ValueId, Lender),
    Object(Virtual),
}

impl Virtual {
    pub fn new(made: Made, parts: impl IntoIterator<Item = Part>) -> Virtual {
        let (mut forms, mut fields, mut lent) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            let at = fields.len();
            forms.push(match part {
                Part::Object(inner) => {
                    fields.extend(inner.fields);
                    lent.extend(inner.lent.into_iter().map(|(field, lender)| (at + field, lender)));
                    Some(inner.form)
                }
                Part::Lent(value, lender) => {
                    fields.push(value);
                    lent.push((at, lender));
                    None
                }
                Part::Value(value) => {
                    fields.push(value);
                    None
                }
            });
        }
        Virtual { form: Arc::new(Form { made, parts: forms.into() }), fields, lent }
    }

    pub fn part(&self, position: usize) -> Part {
        let start = self.form.start(position);
        let Some(form) = &self.form.parts[position] else {
            return match self.lent.iter().find(|(field, _)| *field == start) {
                Some((_, lender)) => Part::Lent(self.fields[start], *lender),
                None => Part::Value(self.fields[start]),
            };
        };
        let inside = start..start + form.leaves();
        let lent = self.lent.iter().filter(|(field, _)| inside.contains(field));
        let lent = lent.map(|(field, lender)| (field - start, *lender)).collect();
        Part::Object(Virtual { form: form.clone(), fields: self.fields[inside.clone()].to_vec(), lent })
    }

    /// The part that a way through instances inside leads to.
    pub fn part_at(&self, positions: &[usize]) -> Part {
        positions.iter().fold(Part::Object(self.clone()), |part, position| match part {
            Part::Object(object) => object.part(*position),
            _ => unreachable!("the way leads through objects"),
        })
    }

    /// The same with another part there.
    pub fn with(&self, positions: &[usize], new: Part) -> Virtual {
        let mut parts: Vec<Part> = (0..self.form.parts.len()).map(|at| self.part(at)).collect();
        let (first, rest) = positions.split_first().expect("a part is inside");
        parts[*first] = match &parts[*first] {
            Part::Object(inner) if !rest.is_empty() => Part::Object(inner.with(rest, new)),
            _ => new,
        };
        Virtual::new(self.form.made, parts)
    }

    /// The position of the field at an offset, if it is an instance of the shape.
    pub fn field(&self, shape: u32, offset: u32) -> Option<usize> {
        let is_one = self.form.made == Made::Struct(shape);
        is_one.then(|| shape_info(shape).slots().iter().position(|slot| slot.offset() == offset))?
    }

    pub fn lenders(&self) -> impl Iterator<Item = Lender> {
        self.lent.iter().map(|(_, lender)| *lender)
    }

    pub fn lends_from(&self, slot: SlotIx) -> bool {
        self.lenders().any(|lender| lender.slot() == Some(slot))
    }
}

impl Builder<'_> {
    /// Is there room for one more object of so many fields that does not exist?
    pub(super) fn has_room_for(&self, fields: usize) -> bool {
        fields <= MOST_FIELDS && self.has_room_for_all(fields)
    }

    /// Is there room for objects of so many fields together?
    pub(super) fn has_room_for_all(&self, fields: usize) -> bool {
        let held = self.state.virtuals().map(|(_, at)| self.virtuals[at as usize].fields.len()).sum::<usize>();
        held + fields <= MOST_IN_STATE
    }

    /// Does a slot hold a value, or stand for an object with one, that such a lender keeps alive?
    pub(super) fn is_lent(&self, held: Slot, by: impl Fn(Lender) -> bool) -> bool {
        match held {
            Slot::Borrowed { lender, .. } => by(lender),
            Slot::Virtual(at) => self.virtuals[at as usize].lenders().any(by),
            _ => false,
        }
    }

    /// What a slot holds as part of an object that is to be in slot `into` and does not exist; nothing if it owns an object.
    pub(super) fn part_in(&self, slot: SlotIx, into: SlotIx) -> Option<Part> {
        match self.state.get(slot) {
            Slot::Scalar { value, .. } | Slot::Immediate { value, .. } => Some(Part::Value(value)),
            Slot::Borrowed { value, lender } if !matches!(lender, Lender::Passing) && lender.slot() != Some(into) => {
                Some(Part::Lent(value, lender))
            }
            // A closure is one object wherever it is.
            Slot::Virtual(at) if self.virtual_function(at).is_none() && !self.virtuals[at as usize].lends_from(into) => {
                Some(Part::Object(self.virtuals[at as usize].clone()))
            }
            _ => None,
        }
    }

    pub(super) fn write_virtual(&mut self, dst: u16, object: Virtual) {
        self.virtuals.push(object);
        let (slot, at) = (self.slot(dst), self.virtuals.len() - 1);
        self.release(slot);
        self.put(slot, Slot::Virtual(at as u32));
    }

    /// Writes a part of an object that does not exist.
    pub(super) fn write_part(&mut self, dst: u16, part: Part) {
        match part {
            Part::Value(value) => match self.scalar_kind(value) {
                Some(scalar) => self.write_scalar(dst, value, scalar),
                None => self.write_immediate(dst, value),
            },
            Part::Lent(value, lender) => self.write_lent(dst, value, lender),
            Part::Object(object) if object.lends_from(self.slot(dst)) || !self.has_room_for_all(object.fields.len()) => {
                let pointer = self.make_object(&object);
                self.write_owned(dst, pointer);
            }
            Part::Object(object) => self.write_virtual(dst, object),
        }
    }

    /// What a slot stands for since the head of a loop would be made anew in each turn for what wants it made: it is made in that slot, and so in
    /// front of the loop once building starts again. Gives the object, borrowed.
    pub(super) fn made_for_loop(&mut self, at: u32, wanted: SlotIx) -> Option<ValueId> {
        let heads = self.contexts.iter().map(|context| &context.head_slots);
        let found = heads.filter_map(|slots| slots.iter().position(|held| *held == Slot::Virtual(at))).next()?;
        let slot = SlotIx(found as u32);
        if slot == wanted || self.state.get(slot) != Slot::Virtual(at) || self.virtual_function(at).is_some() {
            return None;
        }
        self.settle(slot);
        Some(self.emit(InstKind::LoadSlot(slot), Type::ANY))
    }

    /// Makes an object that did not exist → pointer, owned.
    pub(super) fn materialise(&mut self, at: u32) -> ValueId {
        let object = self.virtuals[at as usize].clone();
        self.make_object(&object)
    }

    fn make_object(&mut self, object: &Virtual) -> ValueId {
        let parts: Vec<Part> = (0..object.form.parts.len()).map(|at| object.part(at)).collect();
        match object.form.made {
            Made::Struct(shape) => {
                let reps = shape_info(shape).slots().iter().map(|slot| slot.rep());
                let values = reps.zip(parts).map(|(rep, part)| self.made_part(rep, part)).collect();
                self.emit(InstKind::MakeInstance { shape, values }, Type::pointer(tag::STRUCT, shape))
            }
            Made::Variant(shape) => self.make_of(Rep::Value, tag::VARIANT, shape, parts),
            Made::Array(shape) if shape == shape::ARR_VAL => self.make_of(Rep::Value, tag::ARRAY, shape, parts),
            // Scalars are stored as they are.
            Made::Array(shape) => self.make_of(Rep::I64, tag::ARRAY, shape, parts),
            Made::Closure(function) => {
                let captures = parts.into_iter().map(|part| self.made_part(Rep::Value, part)).collect();
                let ty = Type::pointer(tag::CLOSURE, shape::CLOSURE);
                self.emit(InstKind::MakeClosure { function, captures }, ty)
            }
        }
    }

    fn make_of(&mut self, rep: Rep, tag: u64, shape: u32, parts: Vec<Part>) -> ValueId {
        let values = parts.into_iter().map(|part| self.made_part(rep, part)).collect();
        self.emit(InstKind::MakeInstance { shape, values }, Type::pointer(tag, shape))
    }

    /// A part as it is stored.
    pub(super) fn made_part(&mut self, rep: Rep, part: Part) -> ValueId {
        match part {
            Part::Value(value) if rep == Rep::Value => self.boxed_field(value),
            Part::Value(value) => value,
            Part::Lent(value, _) => self.emit(InstKind::Retain(value), Type::ANY),
            Part::Object(object) => self.make_object(&object),
        }
    }

    pub(super) fn boxed_field(&mut self, field: ValueId) -> ValueId {
        if self.out.ty(field).repr == Repr::Boxed { field } else { self.emit(InstKind::Box(field), Type::ANY) }
    }

    /// The shape of an instance that does not exist.
    pub(super) fn virtual_shape(&self, slot: SlotIx) -> Option<u32> {
        match self.made_in(slot) {
            Some(Made::Struct(shape)) => Some(shape),
            _ => None,
        }
    }

    /// What a slot stands for that does not exist.
    pub(super) fn made_in(&self, slot: SlotIx) -> Option<Made> {
        match self.state.get(slot) {
            Slot::Virtual(at) => Some(self.virtuals[at as usize].form.made),
            _ => None,
        }
    }

    /// The part at a position of the object in a register, which does not exist.
    pub(super) fn virtual_part(&self, register: u16, position: usize) -> Option<Part> {
        let Slot::Virtual(at) = self.state.get(self.slot(register)) else { return None };
        let object = &self.virtuals[at as usize];
        (position < object.form.parts.len()).then(|| object.part(position))
    }

    /// An object of consecutive registers that need not exist, if there is room for one more and none of them owns an object.
    pub(super) fn virtual_of(&self, made: Made, dst: u16, base: u16, count: u16) -> Option<Virtual> {
        let into = self.slot(dst);
        let parts = (base..base + count).map(|register| self.part_in(self.slot(register), into));
        let object = Virtual::new(made, parts.collect::<Option<Vec<_>>>()?);
        self.has_room_for(object.fields.len()).then_some(object)
    }

    /// The number of the variant that a register holds, if it is known.
    pub(super) fn known_variant(&self, register: u16) -> Option<i64> {
        self.variant_in(self.state.get(self.slot(register)))
    }

    /// The number of elements of an array that does not exist.
    pub(super) fn virtual_length(&self, register: u16) -> Option<usize> {
        match (self.made_in(self.slot(register))?, self.state.get(self.slot(register))) {
            (Made::Array(_), Slot::Virtual(at)) => Some(self.virtuals[at as usize].form.parts.len()),
            _ => None,
        }
    }

    pub(super) fn scalar_kind(&self, value: ValueId) -> Option<Scalar> {
        match self.out.ty(value).repr {
            Repr::I64 => Some(Scalar::Int),
            Repr::F64 => Some(Scalar::Float),
            Repr::Bool => Some(Scalar::Bool),
            Repr::Ptr | Repr::Raw | Repr::Boxed => None,
        }
    }

    // ---- where ways meet ----

    /// The object that a slot stands for on the first way, if it stands for one of the same form on all, and they differ in nothing but
    /// scalars of one kind. Those fields of which one of all ways would have to be a parameter, with their kinds; `is_header`: all scalars,
    /// since the ways back are not known.
    pub(super) fn meeting_fields(&self, ways: &[Edge], slot: SlotIx, is_header: bool) -> Option<Vec<(usize, Scalar)>> {
        let Slot::Virtual(first) = ways.first()?.state.get(slot) else { return None };
        if ways.iter().any(|way| !self.is_like(first, way.state.get(slot))) {
            return None;
        }
        match self.virtuals[first as usize].form.made {
            Made::Closure(_) => return Some(Vec::new()),
            // A loop that wants it mostly wants it made, once and in front.
            Made::Array(_) if is_header => return None,
            _ => {}
        }
        let differs =
            |field: usize| ways.iter().any(|way| self.field(way.state.get(slot), field) != self.field_of(first, field));
        let fields = 0..self.virtuals[first as usize].fields.len();
        let kinds = fields.filter_map(|field| Some((field, self.scalar_kind(self.field_of(first, field)?)?)));
        Some(kinds.filter(|(field, _)| is_header || differs(*field)).collect())
    }

    fn field_of(&self, at: u32, field: usize) -> Option<ValueId> {
        self.virtuals[at as usize].fields.get(field).copied()
    }

    fn field(&self, held: Slot, field: usize) -> Option<ValueId> {
        if let Slot::Virtual(at) = held { self.field_of(at, field) } else { None }
    }

    /// Could a slot stand for either, but for the values of scalar fields?
    fn is_like(&self, object: u32, held: Slot) -> bool {
        self.is_like_but(object, held, |_| true)
    }

    /// Does a slot stand for the same object, but for the values of scalars in such fields?
    pub(super) fn is_like_but(&self, object: u32, held: Slot, varies: impl Fn(usize) -> bool) -> bool {
        let Slot::Virtual(other) = held else { return false };
        if object == other {
            return true;
        }
        let (one, other) = (&self.virtuals[object as usize], &self.virtuals[other as usize]);
        let is_same = |(field, (a, b)): (usize, (&ValueId, &ValueId))| {
            let kind = self.scalar_kind(*a);
            a == b || (kind.is_some() && kind == self.scalar_kind(*b) && varies(field))
        };
        // A closure is one object wherever it is.
        !matches!(one.form.made, Made::Closure(_))
            && one.form == other.form
            && one.lent == other.lent
            && one.fields.iter().zip(&other.fields).enumerate().all(is_same)
    }

    /// The values that a way passes for parameters.
    pub(super) fn param_values(&mut self, params: &[Param]) -> Box<[ValueId]> {
        params.iter().map(|param| self.param_value(param)).collect()
    }

    fn param_value(&mut self, param: &Param) -> ValueId {
        match (self.state.get(param.slot), param.field) {
            (Slot::Scalar { value, .. }, None) => value,
            (Slot::Borrowed { value, .. } | Slot::Immediate { value, .. }, None)
                if self.out.ty(value).repr == Repr::Boxed =>
            {
                value
            }
            (Slot::Borrowed { value, .. } | Slot::Immediate { value, .. }, None) => {
                self.emit(InstKind::Box(value), Type::ANY)
            }
            (held, Some(field)) => self.field(held, field).expect("the ways were looked at"),
            (other, None) => unreachable!("slot {:?} was to be a parameter, is {other:?}", param.slot),
        }
    }

    /// What a parameter stands for has this value in a state.
    pub(super) fn set_param(&mut self, state: &mut State, param: &Param, value: ValueId) {
        match (state.get(param.slot), param.field) {
            (Slot::Virtual(at), Some(field)) => {
                let mut object = self.virtuals[at as usize].clone();
                object.fields[field] = value;
                self.virtuals.push(object);
                state.set(param.slot, Slot::Virtual(self.virtuals.len() as u32 - 1));
            }
            _ => state.set(param.slot, param.passed.held(value)),
        }
    }
}
