//! Operations on whole values, by functions of the runtime: dicts, text, big integers, membership.
//!
//! Operands are lent as they are, without going through slots; what an operation gives is borrowed from a dict or owned. A site
//! that has met values with overloads is the VM's business, since it may have to run them.
use super::arith::Source;
use super::field::of_found;
use super::state::{Scalar, Slot};
use super::{Builder, Built};
use crate::bytecode::chunk::Const;
use crate::bytecode::op::{ArithCode, CompareCode, Op};
use crate::jit::feedback::{BYTES, DICT, OTHER, TEXT};
use crate::jit::ir::inst::{Cmp, Home, ShortText};
use crate::jit::ir::{InstKind, Kinds, Operation, SlotIx, Type, ValueId};
use crate::jit::profile::Site;
use crate::value::layout::tag;
use crate::value::shapes;

impl Builder<'_> {
    /// An operation without a place, with its result.
    pub(super) fn operation(&mut self, op: Operation, args: &[ValueId]) -> ValueId {
        let exit = self.exit();
        let ty = op.result().expect("an operation without a place gives something");
        self.emit(InstKind::Operate { op, home: None, args: args.into(), exit }, ty)
    }

    /// An operation that changes what a slot in memory holds.
    pub(super) fn change(&mut self, op: Operation, slot: SlotIx, args: &[ValueId]) {
        let exit = self.exit();
        self.effect(InstKind::Operate { op, home: Some(Home::Slot(slot)), args: args.into(), exit });
        self.put(slot, Slot::Memory);
    }

    /// An operation that changes what stands in a container or variable.
    pub(super) fn change_home(&mut self, op: Operation, home: Home, args: &[ValueId]) {
        let exit = self.exit();
        self.effect(InstKind::Operate { op, home: Some(home), args: args.into(), exit });
        self.exit = None;
    }

    /// The operand, boxed and borrowed.
    pub(super) fn lent(&mut self, source: Source) -> ValueId {
        match source {
            Source::Register(register) => self.boxed(register),
            Source::Small(k) => {
                let value = self.int(i64::from(k));
                self.emit(InstKind::Box(value), Type::ANY)
            }
            Source::Constant(index) => self.boxed_constant(u32::from(index)),
        }
    }

    fn boxed_constant(&mut self, index: u32) -> ValueId {
        let context = self.context();
        let (constant, function) = (context.profile.chunk.constants[index as usize].clone(), context.function);
        let scalar = match constant {
            Const::Null => return self.null(),
            Const::Bool(value) => self.emit(InstKind::ConstB(value), Type::BOOL),
            Const::Int(value) => self.int(value),
            Const::Float(value) => self.emit(InstKind::ConstF(value.to_bits()), Type::FLOAT),
            _ => return self.emit(InstKind::ConstPool(function, index), Type::ANY),
        };
        self.emit(InstKind::Box(scalar), Type::ANY)
    }

    /// What the index site has met.
    pub(super) fn met(&self) -> &[u32] {
        match self.context().profile.sites.get(&self.pc) {
            Some(Site::Elements { shapes, .. }) => shapes,
            _ => &[],
        }
    }

    // ---- elements ----

    /// `a[b]` of anything but arrays of one kind. What is no collection may be bytes.
    pub(super) fn index_get_value(&mut self, op: Op, dst: u16, a: u16, b: Source) -> Built {
        if !self.holds_object(a) || (self.met().contains(&OTHER) && self.context().profile.overloads.contains_key(&self.pc))
        {
            return self.fallback(op);
        }
        if self.met() == [TEXT]
            && let Some(built) = self.index_get_text(dst, a, b)
        {
            return built;
        }
        if self.met() == [BYTES]
            && let Some(built) = self.index_get_bytes(dst, a, b)
        {
            return built;
        }
        if self.met() == [DICT] {
            let table = self.guarded(a, tag::DICT, 0);
            let key = self.lent(b);
            let value = self.entry(table, key, None);
            self.consume_source(b);
            self.write_read(dst, a, value, None);
            return Ok(());
        }
        self.item_by(Operation::Item, dst, a, b);
        Ok(())
    }

    /// The value of a key of a dict, borrowed from it. Without a default it leaves if there is none.
    fn entry(&mut self, table: ValueId, key: ValueId, default: Option<ValueId>) -> ValueId {
        let address = self.operation(Operation::Find, &[table, key]);
        let exit = if default.is_none() { Some(self.exit()) } else { None };
        self.emit(InstKind::LoadFound { address, default, exit }, Type::ANY)
    }

    /// `a.name` of a dict.
    pub(super) fn read_entry(&mut self, dst: u16, a: u16, site: u16, or_null: bool) {
        let table = self.guarded(a, tag::DICT, 0);
        let key = self.name(self.context().profile.chunk.fields[usize::from(site)].name);
        let default = or_null.then(|| self.null());
        let value = self.entry(table, key, default);
        self.write_read(dst, a, value, None);
    }

    /// Whether a dict has a key.
    fn has_entry(&mut self, table: ValueId, key: ValueId) -> ValueId {
        let (address, none) = (self.operation(Operation::Find, &[table, key]), self.int(0));
        self.emit(InstKind::CmpI { op: Cmp::Ne, a: address, b: none }, Type::BOOL)
    }

    fn item_by(&mut self, op: Operation, dst: u16, a: u16, b: Source) {
        let (base, index) = (self.boxed(a), self.lent(b));
        let value = self.operation(op, &[base, index]);
        self.consume_source(b);
        self.consume(a);
        self.write_owned(dst, value);
    }

    /// `a[b]`, or null for a missing key: a dict at first, then anything.
    pub(super) fn index_get_or_null(&mut self, op: Op, dst: u16, a: u16, b: u16) -> Built {
        if !self.holds_object(a) {
            return self.fallback(op);
        }
        let table = self.guarded(a, tag::DICT, 0);
        let key = self.boxed(b);
        let null = self.null();
        let value = self.entry(table, key, Some(null));
        self.consume(b);
        self.write_read(dst, a, value, None);
        Ok(())
    }

    pub(super) fn slice(&mut self, op: Op, kind: u8, dst: u16, a: u16, bounds: u16) -> Built {
        if !self.holds_object(a) {
            return self.fallback(op);
        }
        let args = [self.boxed(a), self.boxed(bounds), self.boxed(bounds + 1)];
        let value = self.operation(Operation::Slice(kind), &args);
        (bounds..bounds + 2).for_each(|bound| self.consume(bound));
        self.consume(a);
        self.write_owned(dst, value);
        Ok(())
    }

    /// A builtin that looks a key up in a dict in `base`; the other arguments follow it.
    pub(super) fn dict_method(&mut self, name: &str, count: u16, dst: u16, base: u16) -> bool {
        if !matches!((name, count), ("get", 2 | 3) | ("has_key", 2)) || !self.holds_object(base) {
            return false;
        }
        let table = self.guarded(base, tag::DICT, 0);
        let key = self.boxed(base + 1);
        if name == "has_key" {
            let found = self.has_entry(table, key);
            (base..base + count).for_each(|register| self.consume(register));
            self.write_scalar(dst, found, Scalar::Bool);
            return true;
        }
        let default = if count == 3 { self.boxed(base + 2) } else { self.null() };
        let value = self.entry(table, key, Some(default));
        // The key lends nothing.
        self.consume(base + 1);
        if count == 2 {
            self.write_read(dst, base, value, None);
            return true;
        }
        self.write_lent_by(dst, value, &[base, base + 2][..usize::from(count) - 1]);
        true
    }

    /// Writes a value that one of these registers lends; they are consumed.
    pub(super) fn write_lent_by(&mut self, dst: u16, value: ValueId, lenders: &[u16]) {
        let owns = |this: &Self, register: u16| {
            this.is_temporary(register) && matches!(this.state.get(this.slot(register)), Slot::Memory | Slot::Owned { .. })
        };
        let goes_away = lenders.iter().any(|register| owns(self, *register));
        let slot = self.slot(dst);
        if goes_away && lenders.contains(&dst) {
            self.settle(slot);
            self.effect(InstKind::ReplaceSlot(slot, value));
            self.put(slot, Slot::Memory);
        } else if goes_away {
            self.replace(slot, value);
        }
        lenders.iter().filter(|register| **register != dst).for_each(|register| self.consume(*register));
        if !goes_away {
            self.write_borrowed(dst, value);
        }
    }

    /// `a[b] = value` where `a` is a local.
    pub(super) fn set_item(&mut self, op: Op, a: u16, b: u16, value: u16) -> Built {
        let Some(slot) = self.changeable(a) else { return self.fallback(op) };
        let args = [self.boxed(b), self.boxed(value)];
        self.change_item(Operation::SetItem, slot, a, args);
        self.consume(b);
        self.consume(value);
        Ok(())
    }

    /// `a[b] op= value` where `a` is a local.
    pub(super) fn update_item(&mut self, op: Op, code: ArithCode, a: u16, b: u16, value: u16) -> Built {
        let slot = if code == ArithCode::Concat { None } else { self.changeable(a) };
        let Some(slot) = slot else { return self.fallback(op) };
        let args = [self.boxed(b), self.boxed(value)];
        self.change_item(Operation::UpdateItem(code), slot, a, args);
        self.consume(b);
        self.consume(value);
        Ok(())
    }

    /// Changes an item of what a register holds; the entry of a dict under a literal is found by instructions.
    fn change_item(&mut self, change: Operation, slot: SlotIx, a: u16, [key, value]: [ValueId; 2]) {
        let is_entry = self.met() == [DICT] && self.context().profile.storms(self.pc) < 2 && self.is_literal(key);
        if !is_entry {
            return self.change(change, slot, &[key, value]);
        }
        let table = self.guarded(a, tag::DICT, 0);
        let address = self.operation(Operation::Find, &[table, key]);
        self.change(of_found(change), slot, &[key, value, table, address]);
    }

    /// Whether a value is that of a literal which was met just before.
    fn is_literal(&self, value: ValueId) -> bool {
        /// Instructions that are looked back at.
        const NEAR: usize = 16;
        let insts = &self.out.blocks[self.block.index()].insts;
        let met = insts.iter().rev().take(NEAR).find(|inst| inst.result == Some(value));
        met.is_some_and(|inst| matches!(inst.kind, InstKind::ConstPool(..)))
    }

    /// The slot of a local whose object is in memory, to be changed there.
    pub(super) fn changeable(&mut self, register: u16) -> Option<SlotIx> {
        if !self.holds_object(register) {
            return None;
        }
        let slot = self.slot(register);
        self.settle(slot);
        Some(slot)
    }

    pub(super) fn contains(&mut self, op: Op, negate: bool, dst: u16, item: u16, container: u16) -> Built {
        if !self.holds_object(container) {
            return self.fallback(op);
        }
        let mut found = self.is_inside(item, container);
        if negate {
            found = self.emit(InstKind::NotB(found), Type::BOOL);
        }
        self.consume(item);
        self.consume(container);
        self.write_scalar(dst, found, Scalar::Bool);
        Ok(())
    }

    fn is_inside(&mut self, item: u16, container: u16) -> ValueId {
        if self.met() == [DICT] && self.context().profile.storms(self.pc) == 0 {
            let table = self.guarded(container, tag::DICT, 0);
            let key = self.boxed(item);
            return self.has_entry(table, key);
        }
        let args = [self.boxed(container), self.boxed(item)];
        self.operation(Operation::Contains, &args)
    }

    // ---- operators ----

    /// Has the site met values that may have overloads?
    fn meets_overloads(&self) -> bool {
        !self.context().profile.operands(self.pc).0.is_subset(Kinds::PLAIN)
    }

    /// `a op b` of anything: in place where the VM works in place.
    pub(super) fn arith_any(&mut self, op: Op, code: ArithCode, dst: u16, a: Source, b: Source) -> Built {
        if self.meets_overloads() || code == ArithCode::Concat {
            return self.fallback(op);
        }
        let (seen, overflow) = self.context().profile.operands(self.pc);
        let are_numbers = !overflow && seen.is_subset(Kinds::INT.union(Kinds::FLOAT));
        if let Source::Register(left) = a
            && !are_numbers
            && (left == dst || self.is_temporary(left))
            && self.holds_object(left)
        {
            self.amend(code, dst, left, b);
            return Ok(());
        }
        let args = [self.lent(a), self.lent(b)];
        let value = self.operation(Operation::Arith(code), &args);
        self.consume_source(a);
        self.consume_source(b);
        self.write_owned(dst, value);
        Ok(())
    }

    /// `left = left op b`, and on to `dst`.
    fn amend(&mut self, code: ArithCode, dst: u16, left: u16, b: Source) {
        let (slot, to) = (self.slot(left), self.slot(dst));
        self.before_write(slot);
        self.settle(slot);
        let (operation, right) = self.amendment(code, b);
        self.change(operation, slot, &[right]);
        if b_register(b) != Some(left) {
            self.consume_source(b);
        }
        self.move_value(to, slot);
    }

    /// What changes a place by an operator, and its operand: a character is appended by its code.
    pub(super) fn amendment(&mut self, code: ArithCode, operand: Source) -> (Operation, ValueId) {
        match self.code_of(operand) {
            Some(character) if code == ArithCode::Add => (Operation::AppendChar, character),
            _ => (Operation::Amend(code), self.lent(operand)),
        }
    }

    /// The result of a comparison of anything; nothing if it is the VM's business. Operands are not consumed.
    pub(super) fn compare_any(&mut self, code: CompareCode, a: Source, b: Source) -> Option<ValueId> {
        let with_null = self.is_null(a) || self.is_null(b);
        if self.is_null(b) && matches!(code, CompareCode::Eq | CompareCode::Ne) && !shapes::own_equality() {
            return Some(self.compare_null(code, a));
        }
        // What has no equality of its own has one without user code; the operation leaves for all else.
        let calls = self.context().profile.overloads.contains_key(&self.pc);
        if self.meets_overloads() && !with_null && (calls || !matches!(code, CompareCode::Eq | CompareCode::Ne)) {
            return None;
        }
        if let Some(equal) = self.equals_text(code, a, b) {
            return Some(equal);
        }
        let args = [self.lent(a), self.lent(b)];
        Some(self.operation(Operation::Compare(code), &args))
    }

    /// `a == "text"` or `a != "text"` of a short text, unless a value with an equality of its own has come by.
    fn equals_text(&mut self, code: CompareCode, a: Source, b: Source) -> Option<ValueId> {
        let is_equal = match code {
            CompareCode::Eq => true,
            CompareCode::Ne => false,
            _ => return None,
        };
        if self.meets_overloads() || self.context().profile.storms(self.pc) > 0 {
            return None;
        }
        let text = self.short_text(b)?;
        let value = self.lent(a);
        let exit = self.exit();
        let equal = self.emit(InstKind::EqualsText { value, text, exit }, Type::BOOL);
        Some(if is_equal { equal } else { self.emit(InstKind::NotB(equal), Type::BOOL) })
    }

    /// A constant that is a short text.
    pub(super) fn short_text(&self, source: Source) -> Option<ShortText> {
        match source {
            Source::Register(register) => match self.state.get(self.slot(register)) {
                Slot::Borrowed { value, .. } => self.texts.get(&value).copied(),
                _ => None,
            },
            Source::Constant(index) => self.short_constant(u32::from(index)),
            Source::Small(_) => None,
        }
    }

    /// The same of an entry of the constant pool.
    pub(super) fn short_constant(&self, index: u32) -> Option<ShortText> {
        match &self.context().profile.chunk.constants[index as usize] {
            Const::Str(text) => ShortText::new(text),
            _ => None,
        }
    }

    /// `a == null` or `a != null`, where nothing has an equality of its own.
    fn compare_null(&mut self, code: CompareCode, a: Source) -> ValueId {
        let value = self.lent(a);
        let exit = self.exit();
        let equal = self.emit(InstKind::EqualsNull { value, exit }, Type::BOOL);
        if code == CompareCode::Eq { equal } else { self.emit(InstKind::NotB(equal), Type::BOOL) }
    }

    pub(super) fn is_null(&self, source: Source) -> bool {
        match source {
            Source::Constant(index) => matches!(self.context().profile.chunk.constants[usize::from(index)], Const::Null),
            Source::Small(_) | Source::Register(_) => false,
        }
    }
}

fn b_register(source: Source) -> Option<u16> {
    match source {
        Source::Register(register) => Some(register),
        _ => None,
    }
}
