//! Instances of structs and closures: made in one step, or not at all while all that is asked of them are fields and calls.
//!
//! Structs are values, so that a slot may hold an instance that does not exist ([`Slot::Virtual`]): its fields are known
//! (`virtuals`). It is made when something needs the object, and when compiled code is left. A copy of the slot is another instance
//! of the same fields; changing a field changes only what the slot stands for.
//!
//! A closure can be told from another of the same captures, so only one slot stands for one, and that from which it is called. A copy
//! for anything else is a copy of the object.
use super::memory::Step;
use super::spread::Spread;
use super::state::{Scalar, Slot};
use super::virtuals::{Part, Virtual};
use super::{Builder, Built, Running};
use crate::bytecode::chunk::{Chunk, LiteralSite, Root};
use crate::bytecode::op::{ArithCode, Op};
use crate::jit::ir::inst::Cell;
use crate::jit::ir::{InstKind, Made, Operation, SlotIx, Type, ValueId};
use crate::jit::profile::{FieldCase, FieldFrom, Site};
use crate::value::Rep;
use crate::value::layout::{shape, tag};
use crate::value::shapes::{ShapeInfo, shape_info};

/// Captures of a closure that is made here.
const MOST_CAPTURES: usize = 14;
/// Larger instances may meet the memory limit.
pub(super) const MOST_BYTES: u32 = 256;

impl Builder<'_> {
    // ---- making ----

    /// A struct literal whose fields are items or known defaults.
    pub(super) fn make_struct(&mut self, op: Op, dst: u16, base: u16, site: u16) -> Built {
        let profile = self.context().profile.clone();
        let LiteralSite::Struct { items, .. } = &profile.chunk.literals[usize::from(site)] else { return self.fallback(op) };
        let Some(fields) = &profile.literals[usize::from(site)] else { return self.fallback(op) };
        self.make_instance(op, dst, (base, items.len() as u16), fields)
    }

    /// An instance of the shape met here, with the fields in consecutive registers.
    pub(super) fn construct(&mut self, op: Op, dst: u16, base: u16, count: usize, decl: u16) -> Built {
        let defaults = self.context().profile.defaults[usize::from(decl)].iter().skip(count).copied();
        let items = (0..count as u16).map(|item| Some(FieldFrom::Item(item)));
        let Some(fields) = items.chain(defaults).collect::<Option<Vec<FieldFrom>>>() else { return self.fallback(op) };
        self.make_instance(op, dst, (base, count as u16), &fields)
    }

    /// An instance of the shape met here; `items`: the first register of the items, and their number.
    fn make_instance(&mut self, op: Op, dst: u16, (base, items): (u16, u16), fields: &[FieldFrom]) -> Built {
        let Some(Site::Made(shape)) = self.context().profile.sites.get(&self.pc) else { return self.fallback(op) };
        let info = shape_info(*shape);
        if info.slot_count() != fields.len() || info.size > MOST_BYTES {
            return self.fallback(op);
        }
        let registers = base..base + items;
        let Some(spread) = self.spread(base, fields, info.id) else { return self.fallback(op) };
        let Some(known) = self.known_fields(info, base, fields, spread) else { return self.fallback(op) };
        if let Some(object) = self.virtual_instance(info.id, dst, &known, base, fields) {
            registers.for_each(|register| self.consume(register));
            self.write_virtual(dst, object);
            return Ok(());
        }
        let parts = info.slots().iter().zip(known).zip(fields);
        let values = parts.map(|((slot, known), from)| self.field_value(slot.rep(), known, base, *from)).collect();
        let pointer = self.emit(InstKind::MakeInstance { shape: info.id, values }, Type::pointer(tag::STRUCT, info.id));
        self.exit = None;
        registers.for_each(|register| self.consume(register));
        self.write_owned(dst, pointer);
        Ok(())
    }

    /// What a field gets: unboxed, or owned. Nothing may leave from the first one on.
    fn field_value(&mut self, rep: Rep, known: Option<ValueId>, base: u16, from: FieldFrom) -> ValueId {
        match (known, from) {
            (Some(value), FieldFrom::Variable(_) | FieldFrom::Spread(_))
                if rep == Rep::Value && self.scalar_kind(value).is_none() =>
            {
                self.emit(InstKind::Retain(value), Type::ANY)
            }
            (Some(value), _) if rep == Rep::Value => self.boxed_field(value),
            (Some(value), _) => value,
            (None, FieldFrom::Item(item)) => self.own(base + item),
            // Which never leaves.
            (None, _) => self.operation(Operation::Array, &[]),
        }
    }

    /// The fields that the shape stores unboxed, and those that are defaults; nothing if one is of another kind.
    fn known_fields(
        &mut self,
        info: &ShapeInfo,
        base: u16,
        fields: &[FieldFrom],
        spread: Spread,
    ) -> Option<Vec<Option<ValueId>>> {
        let field = |(position, (from, slot)): (usize, (&FieldFrom, &crate::value::FieldSlot))| {
            let wanted = match slot.rep() {
                Rep::F64 => Some(Scalar::Float),
                Rep::I64 => Some(Scalar::Int),
                Rep::Value => None,
            };
            match (*from, wanted) {
                (FieldFrom::Item(item), Some(wanted)) => {
                    self.scalar(super::arith::Source::Register(base + item), wanted).map(Some)
                }
                (FieldFrom::Item(_) | FieldFrom::NoElements, None) => Some(None),
                (FieldFrom::Spread(_), wanted) => self.spread_field(spread, position, slot, wanted).map(Some),
                (from, wanted) => self.default_field(from, wanted).map(Some),
            }
        };
        fields.iter().zip(info.slots()).enumerate().map(field).collect()
    }

    /// A default, as a scalar of the kind that is wanted.
    fn default_field(&mut self, from: FieldFrom, wanted: Option<Scalar>) -> Option<ValueId> {
        let value = match from {
            FieldFrom::Item(_) | FieldFrom::Spread(_) | FieldFrom::NoElements => return None,
            FieldFrom::Null => self.null(),
            FieldFrom::Bool(value) => self.emit(InstKind::ConstB(value), Type::BOOL),
            FieldFrom::Int(value) => self.int(value),
            FieldFrom::Float(value) => self.emit(InstKind::ConstF(value.to_bits()), Type::FLOAT),
            FieldFrom::Unit(number) => self.unit(number),
            FieldFrom::Variable(index) => {
                let exit = self.exit();
                let value = self.emit(InstKind::LoadModule { index, exit }, Type::ANY);
                match wanted {
                    Some(scalar) => self.emit(InstKind::GuardTag { value, tag: scalar.tag(), exit }, scalar.ty()),
                    None => value,
                }
            }
        };
        (wanted.is_none() || self.scalar_kind(value) == wanted).then_some(value)
    }

    /// An instance that need not exist, if there is room for one more and it owns no object.
    fn virtual_instance(
        &self,
        shape: u32,
        dst: u16,
        known: &[Option<ValueId>],
        base: u16,
        fields: &[FieldFrom],
    ) -> Option<Virtual> {
        let into = self.slot(dst);
        let part = |(from, known): (&FieldFrom, &Option<ValueId>)| match (*from, *known) {
            (FieldFrom::Item(item), None) => self.part_in(self.slot(base + item), into),
            // It may be an object.
            (FieldFrom::Variable(_) | FieldFrom::Spread(_), Some(value)) if self.scalar_kind(value).is_none() => None,
            (_, known) => known.map(Part::Value),
        };
        let parts = fields.iter().zip(known).map(part).collect::<Option<Vec<Part>>>()?;
        let object = Virtual::new(Made::Struct(shape), parts);
        self.has_room_for(object.fields.len()).then_some(object)
    }

    // ---- closures ----

    /// The function of a closure that does not exist.
    pub(super) fn virtual_function(&self, at: u32) -> Option<u32> {
        match self.virtuals[at as usize].form.made {
            Made::Closure(function) => Some(function),
            Made::Struct(_) | Made::Variant(_) | Made::Array(_) => None,
        }
    }

    /// Copies what a slot stands for, if there is room for one more. A closure is made before, unless the copy is for a call of it.
    pub(super) fn copy_virtual(&mut self, dst: u16, from: SlotIx, at: u32) {
        let (to, object) = (self.slot(dst), &self.virtuals[at as usize]);
        let is_object = self.virtual_function(at).is_some() && !self.is_called_next(dst);
        if is_object || object.lends_from(to) || !self.has_room_for(object.fields.len()) {
            self.settle(from);
            self.copy_value(dst, from);
            return;
        }
        self.release(to);
        self.put(to, Slot::Virtual(at));
    }

    /// Does nothing ask for the value that this temporary is about to get but a call of it?
    fn is_called_next(&self, register: u16) -> bool {
        let (start, live) = &self.live;
        let code = &self.context().profile.chunk.code;
        let wanted_behind = |pc: &u32| match live.get((pc - start) as usize + 1) {
            Some(live) => live.contains(usize::from(register)),
            None => true,
        };
        let end = start + live.len() as u32;
        let Some(last) = (self.pc + 1..end).find(|pc| !wanted_behind(pc)) else { return false };
        let mentions = |op: &Op| {
            let mut found = false;
            op.operands(|_, value| found |= value == i64::from(register));
            found
        };
        let between = &code[self.pc as usize + 1..last as usize];
        let is_call = matches!(code[last as usize], Op::CallValue { base, .. } if base == register + 1);
        is_call && self.is_temporary(register) && !between.iter().any(mentions)
    }

    /// Reads a capture of the closure that runs and does not exist.
    pub(super) fn virtual_capture(&mut self, dst: u16, at: u32, index: u16) {
        self.write_part(dst, self.virtuals[at as usize].part(usize::from(index)));
    }

    /// The captures of a closure that need not exist: nothing if one of them is an object or a variable, or it may ask for itself.
    fn virtual_captures(&self, function: u32, roots: &[Root]) -> Option<Vec<ValueId>> {
        let knows_itself = |callee: &crate::jit::profile::FunctionProfile| asks_for_itself(&callee.chunk);
        if !self.has_room_for(roots.len()) || self.callee(function).is_none_or(|callee| knows_itself(&callee)) {
            return None;
        }
        let capture = |root: &Root| match *root {
            Root::Local(local) => match self.state.get(self.slot(local)) {
                Slot::Scalar { value, .. } | Slot::Immediate { value, .. } => Some(value),
                _ => None,
            },
            Root::Capture(index) => match self.context().running {
                Running::Virtual(at) => Some(self.virtuals[at as usize].fields[usize::from(index)]),
                _ => None,
            },
            Root::LocalCell(_) | Root::CaptureCell(_) | Root::SelfFn | Root::Module(_) => None,
        };
        roots.iter().map(capture).collect()
    }

    /// A closure; its calls know which function it runs.
    pub(super) fn make_closure(&mut self, op: Op, dst: u16, closure: u16) -> Built {
        let profile = self.context().profile.clone();
        let site = &profile.chunk.closures[usize::from(closure)];
        let function = profile.unit_base + site.func;
        if let Some(fields) = self.virtual_captures(function, &site.captures) {
            self.write_virtual(dst, Virtual::new(Made::Closure(function), fields.into_iter().map(Part::Value)));
            let slot = self.slot(dst);
            self.hints.insert(slot, function);
            return Ok(());
        }
        // Asked before anything is counted: nothing may be left to the VM afterwards.
        let is_makeable = site.captures.len() <= MOST_CAPTURES && site.captures.iter().all(|root| self.is_capturable(*root));
        let captures = if is_makeable { site.captures.iter().map(|root| self.captured(*root)).collect() } else { None };
        match captures {
            Some(captures) => {
                let pointer =
                    self.emit(InstKind::MakeClosure { function, captures }, Type::pointer(tag::CLOSURE, shape::CLOSURE));
                self.exit = None;
                self.write_owned(dst, pointer);
            }
            None => self.fallback(op)?,
        }
        let slot = self.slot(dst);
        self.hints.insert(slot, function);
        Ok(())
    }

    fn is_capturable(&self, root: Root) -> bool {
        match root {
            Root::Local(_) | Root::LocalCell(_) => true,
            Root::Capture(_) if matches!(self.context().running, Running::Virtual(_)) => true,
            Root::Capture(_) | Root::CaptureCell(_) => self.captures().is_some(),
            Root::SelfFn | Root::Module(_) => false,
        }
    }

    /// What a closure takes along, counted.
    fn captured(&mut self, root: Root) -> Option<ValueId> {
        let value = match root {
            Root::Local(local) | Root::LocalCell(local) => {
                let slot = self.slot(local);
                match self.state.get(slot) {
                    Slot::Scalar { value, .. } => return Some(self.emit(InstKind::Box(value), Type::ANY)),
                    Slot::Immediate { value, .. } => return Some(value),
                    Slot::Owned { .. } | Slot::Virtual(_) => self.settle(slot),
                    Slot::Clean | Slot::Borrowed { .. } | Slot::Memory => {}
                }
                self.boxed_slot(slot)
            }
            Root::Capture(index) if let Running::Virtual(at) = self.context().running => {
                let field = self.virtuals[at as usize].fields[usize::from(index)];
                return Some(self.boxed_field(field));
            }
            Root::Capture(index) | Root::CaptureCell(index) => {
                let closure = self.captures()?;
                self.emit(InstKind::LoadCapture { closure, index: u32::from(index) }, Type::ANY)
            }
            Root::SelfFn | Root::Module(_) => return None,
        };
        Some(self.emit(InstKind::Retain(value), Type::ANY))
    }

    // ---- fields ----

    /// The instance in a register that does not exist, and the position of the field at hand.
    fn virtual_field(&self, register: u16) -> Option<(u32, Vec<usize>, FieldCase)> {
        let Slot::Virtual(at) = self.state.get(self.slot(register)) else { return None };
        let Some(Site::Fields(cases)) = self.context().profile.sites.get(&self.pc) else { return None };
        let object = &self.virtuals[at as usize];
        cases.iter().find_map(|case| Some((at, vec![object.field(case.shape, case.offset)?], *case)))
    }

    /// The instance in a local that does not exist, and the way to the place at hand through instances inside of it.
    pub(super) fn virtual_place(&self, local: u16, path: u16) -> Option<(u32, Vec<usize>, FieldCase)> {
        let Slot::Virtual(at) = self.state.get(self.slot(local)) else { return None };
        let (mut part, mut positions, mut last) = (Part::Object(self.virtuals[at as usize].clone()), Vec::new(), None);
        for step in self.steps(path)? {
            let (Step::Field(case), Part::Object(object)) = (step, &part) else { return None };
            let position = object.field(case.shape, case.offset)?;
            part = object.part(position);
            positions.push(position);
            last = Some(case);
        }
        Some((at, positions, last?))
    }

    /// Reads a field of an instance that does not exist; false if there is none in the register.
    pub(super) fn virtual_get(&mut self, dst: u16, register: u16) -> bool {
        let Some((at, positions, _)) = self.virtual_field(register) else { return false };
        let part = self.virtuals[at as usize].part_at(&positions);
        self.consume(register);
        self.write_part(dst, part);
        true
    }

    /// Writes one; false also if it cannot stay what it is with the value.
    pub(super) fn virtual_set(&mut self, register: u16, value: u16) -> bool {
        self.virtual_field(register).is_some_and(|field| self.set_virtual(register, field, value))
    }

    /// Updates one by an operator; false also if that is the VM's business.
    pub(super) fn virtual_update(&mut self, code: ArithCode, register: u16, value: u16) -> bool {
        self.virtual_field(register).is_some_and(|field| self.update_virtual(code, register, field, value))
    }

    /// Writes what a place in an instance ends in that does not exist; false if it is none.
    pub(super) fn virtual_place_set(&mut self, path: u16, value: u16) -> bool {
        let Root::Local(local) = self.context().profile.chunk.paths[usize::from(path)].root else { return false };
        self.virtual_place(local, path).is_some_and(|place| self.set_virtual(local, place, value))
    }

    pub(super) fn virtual_place_update(&mut self, code: ArithCode, path: u16, value: u16) -> bool {
        let Root::Local(local) = self.context().profile.chunk.paths[usize::from(path)].root else { return false };
        self.virtual_place(local, path).is_some_and(|place| self.update_virtual(code, local, place, value))
    }

    fn set_virtual(&mut self, register: u16, (at, positions, case): (u32, Vec<usize>, FieldCase), value: u16) -> bool {
        let slot = self.slot(register);
        let new = match (case.cell, self.state.get(self.slot(value))) {
            (Cell::I64, Slot::Scalar { value, scalar: Scalar::Int, .. })
            | (Cell::F64, Slot::Scalar { value, scalar: Scalar::Float, .. }) => Some(Part::Value(value)),
            (Cell::Value, _) => self.part_in(self.slot(value), slot),
            _ => None,
        };
        let Some(new) = new else { return false };
        let changed = self.change_virtual(slot, at, &positions, new);
        if changed {
            self.consume(value);
        }
        changed
    }

    fn update_virtual(
        &mut self,
        code: ArithCode,
        register: u16,
        (at, positions, _): (u32, Vec<usize>, FieldCase),
        value: u16,
    ) -> bool {
        let Part::Value(old) = self.virtuals[at as usize].part_at(&positions) else { return false };
        let Some(scalar) = self.scalar_kind(old).filter(|scalar| *scalar != Scalar::Bool) else { return false };
        let source = super::arith::Source::Register(value);
        if self.known(source).is_some_and(|known| known == Scalar::Bool || (known == Scalar::Float && scalar == Scalar::Int))
        {
            return false;
        }
        let operand = if scalar == Scalar::Float { self.float(source) } else { self.scalar(source, scalar) };
        let Some(new) = operand.and_then(|operand| self.combine(scalar, code, old, operand)) else { return false };
        // `/` of ints and the like give another kind than the field has.
        if self.scalar_kind(new) != Some(scalar) {
            return false;
        }
        let changed = self.change_virtual(self.slot(register), at, &positions, Part::Value(new));
        debug_assert!(changed, "a scalar takes the place of another");
        self.consume(value);
        true
    }

    /// Gives the object that a slot stands for another part, if there is room.
    fn change_virtual(&mut self, slot: SlotIx, at: u32, positions: &[usize], new: Part) -> bool {
        let before = self.virtuals[at as usize].fields.len();
        let changed = self.virtuals[at as usize].with(positions, new);
        let has_room = changed.fields.len() <= before || self.has_room_for(changed.fields.len());
        if has_room {
            self.virtuals.push(changed);
            self.put(slot, Slot::Virtual(self.virtuals.len() as u32 - 1));
        }
        has_room
    }
}

/// Does code of the function, or what it makes, ask for the closure that runs?
fn asks_for_itself(chunk: &Chunk) -> bool {
    let takes_itself = |captures: &[Root]| captures.contains(&Root::SelfFn);
    chunk.code.iter().any(|op| matches!(op, Op::LoadSelfFn { .. }))
        || chunk.closures.iter().any(|site| takes_itself(&site.captures))
        || chunk.paths.iter().any(|path| path.root == Root::SelfFn)
}
