//! Patterns and `?`: tests by the runtime on values that are lent, branches here.
use super::arith::Source;
use super::calls::MOST_CASES;
use super::state::{Lender, Slot};
use super::{Builder, Built};
use crate::bytecode::chunk::Part;
use crate::bytecode::op::Op;
use crate::jit::ir::inst::{BitOp, Cmp};
use crate::jit::ir::{InstKind, Made, Operation, Terminator, Type, ValueId};
use crate::jit::profile::{FieldCase, Site, Tested};
use crate::value::DeclId;
use crate::value::layout::{UNIT_MARK, tag, variant_number};
use crate::value::shapes::{self, prelude, shape_info};

/// How many instructions before a part its test may stand: further up it is that of another pattern.
const FARTHEST_TEST: usize = 64;
/// Shapes – of variants with payload, or of one struct – that are told apart without asking the runtime.
const MOST_SHAPES: usize = 4;
/// Codes that may have met instances of newer shapes too often.
const MOST_STORMS: usize = 2;

impl Builder<'_> {
    /// Jumps unless the value passes.
    pub(super) fn test(&mut self, op: Op, a: u16, test: u16) -> Built {
        if self.is_cleared(a) {
            return self.fallback(op);
        }
        let wanted = self.context().profile.tests[usize::from(test)].clone();
        if let Some(passes) = wanted.as_ref().and_then(|wanted| self.passes(a, wanted)) {
            self.settle_passing();
            if passes {
                self.fall_through()
            } else {
                self.jump()
            }
            return Ok(());
        }
        let value = self.boxed(a);
        let passes = match wanted {
            Some(Tested::Variant(variant)) => self.is_variant(value, variant),
            Some(Tested::Struct { shapes, end }) if shapes.len() <= MOST_SHAPES && self.may_leave() => {
                let Some(answer) = self.is_instance(value, &shapes, end) else {
                    self.settle_passing();
                    self.jump();
                    return Ok(());
                };
                answer
            }
            Some(Tested::Fields) => {
                let found = self.emit(InstKind::TagOf(value), Type::INT);
                let tags = [tag::STRUCT, tag::DICT, tag::ERROR].map(|tag| tag as u32);
                self.is_one_of(found, &tags, None).expect("there are tags")
            }
            _ => self.operation(Operation::Passes(self.site(test)), &[value]),
        };
        self.settle_passing();
        let fails = self.emit(InstKind::NotB(passes), Type::BOOL);
        self.branch(fails);
        Ok(())
    }

    /// Whether a register passes a test, if what it holds is known.
    fn passes(&self, register: u16, wanted: &Tested) -> Option<bool> {
        match wanted {
            Tested::Variant(wanted) => self.known_variant(register).map(|found| found == *wanted),
            Tested::Struct { shapes, .. } => match self.made_in(self.slot(register))? {
                Made::Struct(shape) => Some(shapes.contains(&shape)),
                _ => None,
            },
            Tested::Fields => matches!(self.made_in(self.slot(register))?, Made::Struct(_)).then_some(true),
        }
    }

    /// Has code that leaves for instances of other shapes not been given up too often for that?
    fn may_leave(&self) -> bool {
        self.context().profile.storms(self.pc) < MOST_STORMS
    }

    /// Whether a value is an instance of a struct that has these shapes, nothing if it has none; leaves for shapes that were not there then,
    /// from `end` on.
    fn is_instance(&mut self, value: ValueId, shapes: &[u32], end: u32) -> Option<ValueId> {
        let (found, end) = (self.emit(InstKind::VariantOf(value), Type::INT), self.int(i64::from(end)));
        let old = self.emit(InstKind::CmpI { op: Cmp::Lt, a: found, b: end }, Type::BOOL);
        let exit = self.exit();
        self.effect(InstKind::GuardTrue { value: old, exit });
        self.is_one_of(found, shapes, None)
    }

    /// Whether a number is one of these, or this answer is true already.
    fn is_one_of(&mut self, found: ValueId, wanted: &[u32], mut answer: Option<ValueId>) -> Option<ValueId> {
        for number in wanted {
            let number = self.int(i64::from(*number));
            let is = self.emit(InstKind::CmpI { op: Cmp::Eq, a: found, b: number }, Type::BOOL);
            answer = Some(match answer {
                Some(before) => self.emit(InstKind::Select { cond: before, a: before, b: is }, Type::BOOL),
                None => is,
            });
        }
        answer
    }

    pub(super) fn is_variant(&mut self, value: ValueId, variant: i64) -> ValueId {
        let (found, wanted) = (self.emit(InstKind::VariantOf(value), Type::INT), self.int(variant));
        self.emit(InstKind::CmpI { op: Cmp::Eq, a: found, b: wanted }, Type::BOOL)
    }

    /// Whether a value is one of an enum.
    pub(super) fn is_of_enum(&mut self, value: ValueId, decl: DeclId) -> ValueId {
        let variants = shapes::decl(decl).as_enum().map_or(&[][..], |owner| &owner.variants);
        let shapes: Vec<u32> = variants.iter().map(|variant| variant.shape).filter(|shape| *shape != 0).collect();
        let units = variants.len() > shapes.len();
        let run = run_of(&shapes);
        if run.is_none() && shapes.len() > MOST_SHAPES || variants.is_empty() {
            return self.operation(Operation::OfEnum(decl.0), &[value]);
        }
        let found = self.emit(InstKind::VariantOf(value), Type::INT);
        let unit = units.then(|| {
            // All bits of its number but those that say which of them it is.
            let mask = self.int(UNIT_MARK | i64::from(u32::MAX));
            let (owner, wanted) =
                (InstKind::Bit { op: BitOp::And, a: found, b: mask }, self.int(variant_number(decl.0, 0, 0)));
            let owner = self.emit(owner, Type::INT);
            self.emit(InstKind::CmpI { op: Cmp::Eq, a: owner, b: wanted }, Type::BOOL)
        });
        match run {
            Some((first, last)) => self.is_between(found, first, last, unit),
            None => self.is_one_of(found, &shapes, unit).unwrap_or(found),
        }
    }

    /// Whether a number is one from the first to the last, or this answer is true already.
    fn is_between(&mut self, found: ValueId, first: u32, last: u32, answer: Option<ValueId>) -> ValueId {
        let (first, last) = (self.int(i64::from(first)), self.int(i64::from(last)));
        let above = self.emit(InstKind::CmpI { op: Cmp::Ge, a: found, b: first }, Type::BOOL);
        let below = self.emit(InstKind::CmpI { op: Cmp::Le, a: found, b: last }, Type::BOOL);
        let between = self.emit(InstKind::Select { cond: above, a: below, b: above }, Type::BOOL);
        match answer {
            Some(before) => self.emit(InstKind::Select { cond: before, a: before, b: between }, Type::BOOL),
            None => between,
        }
    }

    /// Whether two values are equal, one of which is known to be a variant without payload of an enum without an equality of its own;
    /// nothing if neither is.
    pub(super) fn equals_unit(&mut self, a: Source, b: Source) -> Option<ValueId> {
        let (left, right) = (self.unit_in(a), self.unit_in(b));
        match (left, right, a, b) {
            // What stands on the left decides.
            (Some(number), _, _, Source::Register(other)) if !self.is_cleared(other) => {
                let value = self.boxed(other);
                Some(self.is_variant(value, number))
            }
            (None, Some(number), Source::Register(other), _) if !self.is_cleared(other) => {
                let value = self.boxed(other);
                if self.known(a).is_none() {
                    self.guard_enum_value(value, DeclId(number as u32));
                }
                Some(self.is_variant(value, number))
            }
            _ => None,
        }
    }

    fn unit_in(&self, source: Source) -> Option<i64> {
        let Source::Register(register) = source else { return None };
        match self.state.get(self.slot(register)) {
            Slot::Immediate { value, .. } => self.units.get(&value).copied(),
            _ => None,
        }
    }

    /// What a register was tested for last: a guess, to be checked.
    fn tested(&self, register: u16) -> Option<&Tested> {
        let profile = &self.context().profile;
        let before = profile.chunk.code[..self.pc as usize].iter().rev();
        let test = before.take(FARTHEST_TEST).find_map(|op| match *op {
            Op::Test { a, test, .. } if a == register => Some(test),
            _ => None,
        });
        profile.tests[usize::from(test?)].as_ref()
    }

    /// A payload value, lent by what lends the whole.
    fn payload(&mut self, dst: u16, a: u16, shape: u32, index: u32) {
        let pointer = self.guarded(a, tag::VARIANT, shape);
        let value = self.emit(InstKind::LoadPayload { pointer, index }, Type::ANY);
        self.lend_from(dst, a, value);
    }

    /// The field that a pattern names, of the struct that its register was tested for, or of the only shape met; false if there is none.
    fn field_part(&mut self, dst: u16, a: u16, part: u16) -> bool {
        let chunk = self.context().profile.chunk.clone();
        let Part::Key(name) = chunk.parts[usize::from(part)] else { return false };
        let cases = match (self.tested(a), self.context().profile.sites.get(&self.pc)) {
            (Some(Tested::Struct { shapes, .. }), _) => {
                let field = |shape: &u32| FieldCase::named(shape_info(*shape), &chunk.names[usize::from(name)]);
                shapes.iter().map(field).collect::<Option<Vec<_>>>()
            }
            (_, Some(Site::Fields(cases))) => Some(cases.clone()),
            _ => None,
        };
        let Some(cases) = cases else { return false };
        if let Slot::Virtual(at) = self.state.get(self.slot(a)) {
            let object = &self.virtuals[at as usize];
            let position = cases.iter().find_map(|case| object.field(case.shape, case.offset));
            let Some(part) = position.and_then(|position| self.virtual_part(a, position)) else { return false };
            self.write_part(dst, part);
            return true;
        }
        if !(1..=MOST_CASES).contains(&cases.len()) || !self.holds_object(a) || !self.may_leave() {
            return false;
        }
        match self.read_field_of(a, &cases) {
            (value, Some(scalar)) => self.write_scalar(dst, value, scalar),
            (value, None) => self.lend_from(dst, a, value),
        }
        true
    }

    /// The only shape of instances that a register is taken apart as by the next instruction, if that has met one.
    pub(super) fn shape_taken_apart(&self, register: u16) -> Option<u32> {
        let (profile, next) = (&self.context().profile, self.pc + 1);
        let is_part = matches!(profile.chunk.code.get(next as usize), Some(Op::Part { a, .. }) if *a == register);
        match profile.sites.get(&next)? {
            Site::Fields(cases) if is_part && profile.storms(self.pc) == 0 => Some(cases[0].shape),
            _ => None,
        }
    }

    /// A part of what `a` keeps: lent by what lends the whole.
    fn lend_from(&mut self, dst: u16, a: u16, value: ValueId) {
        let slot = self.slot(a);
        if let Slot::Owned { .. } = self.state.get(slot) {
            self.settle(slot);
        }
        let lender = match self.state.get(slot) {
            Slot::Memory => Lender::Slot(slot),
            Slot::Borrowed { lender, .. } => lender,
            _ => Lender::Passing,
        };
        self.write_lent(dst, value, lender);
    }

    /// An element that an array of the only kind met is guessed to have, and to be of the kind met. One without it leaves, for
    /// "missing".
    fn element_part(&mut self, dst: u16, a: u16, part: u16) -> bool {
        let Part::Element(at) = self.context().profile.chunk.parts[usize::from(part)] else { return false };
        if self.virtual_length(a).is_some_and(|length| (at as usize) < length)
            && let Some(part) = self.virtual_part(a, at as usize)
        {
            self.write_part(dst, part);
            return true;
        }
        let (Ok(at), storms) = (i16::try_from(at), self.context().profile.storms(self.pc)) else { return false };
        if storms > 1 {
            return false;
        }
        match self.read_element(a, Source::Small(at), storms == 0) {
            Some((value, Some(scalar))) => self.write_scalar(dst, value, scalar),
            Some((value, None)) => self.lend_from(dst, a, value),
            None => return false,
        }
        true
    }

    /// A part of a value, which its register keeps.
    pub(super) fn part(&mut self, op: Op, dst: u16, a: u16, part: u16) -> Built {
        if self.is_cleared(a) {
            return self.fallback(op);
        }
        if let Part::Payload(index) = self.context().profile.chunk.parts[usize::from(part)]
            && self.known_variant(a).is_some()
            && let Some(part) = self.virtual_part(a, index as usize)
        {
            self.write_part(dst, part);
            return Ok(());
        }
        if let (Part::Payload(index), Some(Tested::Variant(variant))) =
            (&self.context().profile.chunk.parts[usize::from(part)], self.tested(a))
            && let (index, Ok(shape)) = (*index, u32::try_from(*variant))
            && (index as usize) < shape_info(shape).slot_count()
        {
            self.payload(dst, a, shape, index);
            return Ok(());
        }
        if self.element_part(dst, a, part) || self.field_part(dst, a, part) {
            return Ok(());
        }
        let (value, site) = (self.boxed(a), self.site(part));
        let found = self.operation(Operation::Part(site), &[value]);
        self.settle_passing();
        self.write_owned(dst, found);
        Ok(())
    }

    /// Has the instruction in front read a part that is there? What is lent by the whole was never missing.
    pub(super) fn is_present(&self, register: u16) -> bool {
        let before = self.context().profile.chunk.code[..self.pc as usize].last();
        let is_part = matches!(before, Some(Op::Part { dst, .. }) if *dst == register);
        is_part && matches!(self.state.get(self.slot(register)), Slot::Borrowed { .. } | Slot::Virtual(_))
    }

    fn is_cleared(&self, register: u16) -> bool {
        self.state.get(self.slot(register)) == Slot::Clean
    }

    /// "missing" becomes null: what is a scalar, or lent by the whole it is a part of, was never missing.
    pub(super) fn null_if_missing(&mut self, op: Op, a: u16) -> Built {
        let slot = self.slot(a);
        match self.state.get(slot) {
            Slot::Scalar { .. } | Slot::Virtual(_) | Slot::Borrowed { .. } => return Ok(()),
            Slot::Owned { .. } | Slot::Memory => {}
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

    /// Whether a value is `Ok` or `Some`; leaves for what is no Result or Option.
    fn succeeded(&mut self, value: ValueId) -> ValueId {
        let none = variant_number(DeclId::OPTION.0, 0, 0);
        let good = self.either(value, i64::from(prelude::OK), i64::from(prelude::SOME));
        let bad = self.either(value, i64::from(prelude::ERR), none);
        let known = self.emit(InstKind::Select { cond: good, a: good, b: bad }, Type::BOOL);
        let exit = self.exit();
        self.effect(InstKind::GuardTrue { value: known, exit });
        good
    }

    fn either(&mut self, value: ValueId, one: i64, other: i64) -> ValueId {
        let (a, b) = (self.is_variant(value, one), self.is_variant(value, other));
        self.emit(InstKind::Select { cond: a, a, b }, Type::BOOL)
    }

    /// [`Self::unwrap_value`] of a variant that is known.
    fn unwrap_known(&mut self, found: i64, dst: u16, a: u16) {
        let is_good = [prelude::OK, prelude::SOME].map(i64::from).contains(&found);
        match self.virtual_part(a, 0).filter(|_| is_good) {
            Some(payload) => {
                self.write_part(dst, payload);
                self.settle_passing();
                self.jump();
            }
            None => {
                if self.is_temporary(a) {
                    self.take(dst, a)
                } else {
                    self.copy(dst, a)
                }
                self.settle_passing();
                self.fall_through();
            }
        }
    }

    /// `e?`: the payload and a jump, or on with the value itself.
    pub(super) fn unwrap_value(&mut self, op: Op, dst: u16, a: u16) -> Built {
        if matches!(self.state.get(self.slot(a)), Slot::Clean | Slot::Scalar { .. }) {
            return self.fallback(op);
        }
        if let Some(found) = self.known_variant(a).filter(|found| is_outcome(*found)) {
            self.unwrap_known(found, dst, a);
            return Ok(());
        }
        let value = self.boxed(a);
        let cond = self.succeeded(value);
        let (good, bad) = (self.out.new_block(), self.out.new_block());
        self.terminate(Terminator::Branch { cond, then: (good, Box::new([])), otherwise: (bad, Box::new([])) });
        let before = self.state.clone();
        (self.block, self.exit) = (good, None);
        let payload = self.only_payload(value);
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

/// The first and the last of three shapes or more, if they follow one another without gaps, as those that one declaration has made mostly do.
fn run_of(shapes: &[u32]) -> Option<(u32, u32)> {
    let (first, last) = (*shapes.first()?, *shapes.last()?);
    let is_run = shapes.len() > 2 && (first..=last).eq(shapes.iter().copied());
    is_run.then_some((first, last))
}

/// Is this the number of a variant of Result or Option?
fn is_outcome(variant: i64) -> bool {
    let with_payload = [prelude::OK, prelude::ERR, prelude::SOME].map(i64::from);
    with_payload.contains(&variant) || variant == variant_number(DeclId::OPTION.0, 0, 0)
}
