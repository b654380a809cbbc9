//! Fields and places that are not where the VM has met them only: by name, by functions of the runtime. Ranges and variables made.
use super::arith::Source;
use super::calls::MOST_CASES;
use super::state::{Scalar, Slot};
use super::{Builder, Built};
use crate::bytecode::chunk::{Root, Segment};
use crate::bytecode::op::{ArithCode, Op};
use crate::jit::feedback::DICT;
use crate::jit::ir::inst::Cell;
use crate::jit::ir::{BlockId, InstKind, Kinds, Made, Operation, Terminator, Type, ValueId};
use crate::jit::profile::{FieldCase, Site};
use crate::value::layout::tag;

/// Keys of a place that are lent in an array.
const MOST_KEYS: usize = 16;

impl Builder<'_> {
    fn is_reached(&self) -> bool {
        self.context().profile.reached.contains(&self.pc)
    }

    /// A field the VM has never asked for: it sees what it meets there, unless it would execute the turns of a loop after that.
    fn unreached(&mut self, op: Op) -> Built {
        let code = &self.context().profile.chunk.code;
        if !self.request.limits.leaves_unreached || super::flow::is_around_loops(code, self.pc) {
            return self.fallback(op);
        }
        self.leave_unreached();
        Ok(())
    }

    /// The field site of the instruction at hand.
    fn field_site(&self) -> u16 {
        match self.context().profile.chunk.code[self.pc as usize] {
            Op::FieldGet { site, .. } | Op::FieldSet { site, .. } | Op::FieldUpdate { site, .. } => site,
            other => unreachable!("{other:?} has no field site"),
        }
    }

    /// `a.name` of instances of a few shapes, each with a way of its own; false if it is something else.
    pub(super) fn field_of_several(&mut self, dst: u16, a: u16) -> bool {
        let Some(Site::Fields(cases)) = self.context().profile.sites.get(&self.pc) else { return false };
        if !(2..=MOST_CASES).contains(&cases.len()) || !self.holds_object(a) {
            return false;
        }
        let cases = cases.clone();
        let (found, common) = self.read_field_of(a, &cases);
        self.write_read(dst, a, found, common);
        true
    }

    /// A field of the instance in a register, which has one of a few shapes: of one kind of scalar, or a value that the instance lends.
    pub(super) fn read_field_of(&mut self, a: u16, cases: &[FieldCase]) -> (ValueId, Option<Scalar>) {
        if let [case] = cases {
            let pointer = self.guarded(a, tag::STRUCT, case.shape);
            let load = InstKind::LoadField { cell: case.cell, pointer, offset: case.offset };
            return self.read(load, case.cell, case.values);
        }
        let exit = self.exit();
        let kinds: Vec<Option<Scalar>> = cases.iter().map(kind_of).collect();
        let common = kinds[0].filter(|first| kinds.iter().all(|kind| *kind == Some(*first)));
        let pointer = self.guarded(a, tag::STRUCT, 0);
        let found = self.out.new_value(common.map_or(Type::ANY, Scalar::ty));
        let met = self.out.new_block();
        self.out.blocks[met.index()].params.push(found);
        for (at, case) in cases.iter().enumerate() {
            let other = (at + 1 < cases.len()).then(|| self.unless_shape(pointer, case.shape));
            let guard = InstKind::GuardShape { pointer, shape: case.shape, exit };
            let instance = self.emit(guard, Type::pointer(tag::STRUCT, case.shape));
            let load = InstKind::LoadField { cell: case.cell, pointer: instance, offset: case.offset };
            let values = if common.is_some() { case.values } else { Kinds::ANY };
            let value = match self.read(load, case.cell, values) {
                (value, Some(_)) if common.is_none() => self.emit(InstKind::Box(value), Type::ANY),
                (value, _) => value,
            };
            self.terminate(Terminator::Jump(met, Box::new([value])));
            (self.block, self.ended) = (other.unwrap_or(met), false);
        }
        (found, common)
    }

    /// Goes on if an instance has this shape; gives the block for others.
    fn unless_shape(&mut self, pointer: ValueId, shape: u32) -> BlockId {
        let cond = self.emit(InstKind::IsShape { pointer, shape }, Type::BOOL);
        let (same, other) = (self.out.new_block(), self.out.new_block());
        self.terminate(Terminator::Branch { cond, then: (same, Box::new([])), otherwise: (other, Box::new([])) });
        (self.block, self.ended) = (same, false);
        other
    }

    /// `a.name` of a dict, or of instances of many shapes.
    pub(super) fn field_by_name(&mut self, op: Op, dst: u16, a: u16) -> Built {
        if !self.is_reached() {
            return self.unreached(op);
        }
        if !self.holds_object(a) {
            return self.fallback(op);
        }
        let site = self.field_site();
        let or_null = self.context().profile.chunk.fields[usize::from(site)].optional;
        if self.met() == [DICT] {
            self.read_entry(dst, a, site, or_null);
        } else {
            self.read_field(dst, a, site, or_null);
        }
        Ok(())
    }

    fn read_field(&mut self, dst: u16, a: u16, site: u16, or_null: bool) {
        let (base, site) = (self.boxed(a), self.site(site));
        let value = self.operation(Operation::Field { site, or_null }, &[base]);
        self.consume(a);
        self.write_owned(dst, value);
    }

    /// `a.name = value` where the field is not where it was met.
    pub(super) fn set_field(&mut self, op: Op, a: u16, value: u16) -> Built {
        if !self.is_reached() {
            return self.unreached(op);
        }
        let Some(slot) = self.changeable(a) else { return self.fallback(op) };
        let new = self.boxed(value);
        if self.met() == [DICT] && self.context().profile.storms(self.pc) < 2 {
            let (key, table, address) = self.field_of_dict(a);
            self.change(Operation::SetFound, slot, &[key, new, table, address]);
        } else {
            let site = self.site(self.field_site());
            self.change(Operation::SetField(site), slot, &[new]);
        }
        self.consume(value);
        Ok(())
    }

    pub(super) fn update_field(&mut self, op: Op, code: ArithCode, a: u16, value: u16) -> Built {
        if !self.is_reached() {
            return self.unreached(op);
        }
        let slot = if code == ArithCode::Concat { None } else { self.changeable(a) };
        let Some(slot) = slot else { return self.fallback(op) };
        let operand = self.boxed(value);
        if self.met() == [DICT] && self.context().profile.storms(self.pc) < 2 {
            let (key, table, address) = self.field_of_dict(a);
            self.change(Operation::UpdateFound(code), slot, &[key, operand, table, address]);
        } else {
            let site = self.site(self.field_site());
            self.change(Operation::UpdateField(code, site), slot, &[operand]);
        }
        self.consume(value);
        Ok(())
    }

    /// The name of a field as a key, the dict in a register that it is a key of, and the address of what is under it.
    fn field_of_dict(&mut self, a: u16) -> (ValueId, ValueId, ValueId) {
        let table = self.guarded(a, tag::DICT, 0);
        let name = self.context().profile.chunk.fields[usize::from(self.field_site())].name;
        let key = self.name(name);
        (key, table, self.operation(Operation::Find, &[table, key]))
    }

    /// A name as a text.
    pub(super) fn name(&mut self, name: u16) -> ValueId {
        let address = self.context().profile.names[usize::from(name)];
        self.emit(InstKind::ConstBoxed(tag::STR, address), Type::ANY)
    }

    // ---- places ----

    pub(super) fn set_place(&mut self, op: Op, path: u16, keys: u16, value: u16) -> Built {
        self.change_place(op, Operation::SetPlace(self.site(path)), path, keys, value)
    }

    pub(super) fn update_place(&mut self, op: Op, code: ArithCode, path: u16, keys: u16, value: u16) -> Built {
        if code == ArithCode::Concat {
            return self.fallback(op);
        }
        self.change_place(op, Operation::UpdatePlace(code, self.site(path)), path, keys, value)
    }

    /// Changes what a place of any containers ends in, by its path.
    fn change_place(&mut self, op: Op, change: Operation, path: u16, keys: u16, value: u16) -> Built {
        let chunk = self.context().profile.chunk.clone();
        let path_of = &chunk.paths[usize::from(path)];
        let change = match path_of.segments[..] {
            [Segment::Index] => of_item(change),
            _ => change,
        };
        let count = path_of.keys() as u16;
        if usize::from(count) > MOST_KEYS {
            return self.fallback(op);
        }
        if !matches!(path_of.root, Root::Local(_)) {
            // What was read from the variable stays what it was.
            self.settle_passing();
        }
        if self.change_entry(change, path, keys, value) {
            return Ok(());
        }
        let mut args: Vec<ValueId> = (keys..keys + count).map(|key| self.boxed(key)).collect();
        args.push(self.boxed(value));
        if let Root::Local(local) = path_of.root {
            let Some(slot) = self.changeable(local) else { return self.fallback(op) };
            self.change(change, slot, &args);
        } else {
            let Some((_, home)) = self.present_variable(path_of.root) else { return self.fallback(op) };
            self.change_home(change, home, &args);
        }
        self.consume(value);
        self.consume_keys(path, keys);
        Ok(())
    }

    /// Changes an item of what fields lead to – mostly an entry of a dict, `self.counts[word] += 1` –, or of a dict inside of other containers,
    /// which are found by instructions; false if the place is none of these.
    fn change_entry(&mut self, change: Operation, path: u16, keys: u16, value: u16) -> bool {
        let Some(end) = self.walk_to_container(path, keys) else { return false };
        let path_of = &self.context().profile.chunk.paths[usize::from(path)];
        let last = keys + path_of.keys() as u16;
        match path_of.segments.last() {
            Some(Segment::Field(name, _)) => {
                let key = self.name(*name);
                let (held, new) = (self.emit(end.load(), Type::ANY), self.boxed(value));
                let table = self.guarded_value(held, tag::DICT, 0);
                let address = self.operation(Operation::Find, &[table, key]);
                self.change_home(of_found(change), end.home(), &[key, new, table, address]);
            }
            _ => {
                let args = [self.boxed(last - 1), self.boxed(value)];
                self.change_home(of_item(change), end.home(), &args);
            }
        }
        self.consume(value);
        self.consume_keys(path, keys);
        true
    }

    // ---- other values ----

    pub(super) fn range(&mut self, inclusive: bool, dst: u16, a: u16, b: u16) {
        let args = [self.boxed(a), self.boxed(b)];
        let value = self.operation(Operation::Range(inclusive), &args);
        self.consume_source(Source::Register(a));
        self.consume_source(Source::Register(b));
        self.write_owned(dst, value);
    }

    /// Destructuring needs something that has parts.
    pub(super) fn check_kind(&mut self, op: Op, fields: bool, a: u16) -> Built {
        if !self.holds_object(a) {
            return self.fallback(op);
        }
        match self.made_in(self.slot(a)) {
            Some(Made::Array(_)) if !fields => return Ok(()),
            Some(Made::Struct(_)) if fields => return Ok(()),
            _ if !fields => {
                self.guarded(a, tag::ARRAY, 0);
                return Ok(());
            }
            _ => {}
        }
        if fields && let Some(shape) = self.shape_taken_apart(a) {
            self.guarded(a, tag::STRUCT, shape);
            return Ok(());
        }
        let object = self.boxed(a);
        let value = self.operation(Operation::HasParts(fields), &[object]);
        let exit = self.exit();
        self.effect(InstKind::GuardTrue { value, exit });
        Ok(())
    }

    pub(super) fn new_cell(&mut self, register: u16) {
        let missing = self.emit(InstKind::ConstBoxed(tag::UNINIT, 0), Type::ANY);
        self.put_cell(register, missing);
    }

    pub(super) fn cell_param(&mut self, register: u16) {
        let value = self.boxed(register);
        self.put_cell(register, value);
    }

    /// A new variable in a local; what the local held is in it now.
    fn put_cell(&mut self, register: u16, value: ValueId) {
        let cell = self.operation(Operation::Cell, &[value]);
        self.write_owned(register, cell);
        let slot = self.slot(register);
        self.settle(slot);
        debug_assert!(self.state.get(slot) == Slot::Memory);
    }
}

/// The same change where the path is one index, which need not be looked up in the tables of the function.
fn of_item(change: Operation) -> Operation {
    match change {
        Operation::SetPlace(_) => Operation::SetItem,
        Operation::UpdatePlace(code, _) => Operation::UpdateItem(code),
        other => other,
    }
}

/// The same where the path ends in an entry of a dict that has been looked up.
pub(super) fn of_found(change: Operation) -> Operation {
    match of_item(change) {
        Operation::UpdateItem(code) => Operation::UpdateFound(code),
        _ => Operation::SetFound,
    }
}

/// The kind of scalar that a field holds, as far as met.
fn kind_of(case: &FieldCase) -> Option<Scalar> {
    match case.cell {
        Cell::I64 => Some(Scalar::Int),
        Cell::F64 => Some(Scalar::Float),
        Cell::Bool => Some(Scalar::Bool),
        Cell::Value => Scalar::only(case.values),
    }
}
