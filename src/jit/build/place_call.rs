//! Methods called on places: `self.items.push(x)`, `rows[i].len()`, `world.player.move(1)`.
//!
//! What a place holds is lent by its root while the method runs, changed where it is, or taken out of its container for a method that
//! changes it and put back afterwards. The keys of the place stay in their registers until nothing is left that could make the VM
//! execute the call again.
use super::arguments::Given;
use super::arith::Source;
use super::builtin::guarded_type;
use super::calls::{Call, enum_of, keeps_self_in_cell};
use super::memory::{End, Step};
use super::state::{Lender, Scalar, Slot};
use super::virtuals::Part;
use super::{Builder, Built};
use crate::builtins::{self, BuiltinId, N_BUILTINS};
use crate::bytecode::chunk::{Access, Root};
use crate::bytecode::op::Op;
use crate::jit::feedback::{DICT, TEXT};
use crate::jit::ir::inst::{Cell, Home};
use crate::jit::ir::{InstKind, Made, Operation, SlotIx, Type, ValueId};
use crate::jit::profile::Target;
use crate::value::layout::{shape, tag};
use crate::vm::compiled::needs_no_binding;

/// A method call on a place.
#[derive(Clone, Copy)]
pub(super) struct At {
    pub path: u16,
    pub root: Root,
    /// Register of the first key; behind the keys come the receiver's register and the arguments.
    pub base: u16,
    pub keys: u16,
    pub given: Given,
    pub dst: u16,
    pub used: bool,
}

impl At {
    pub fn receiver(self) -> u16 {
        self.base + self.keys
    }
}

impl Builder<'_> {
    pub(super) fn call_method_at(&mut self, op: Op, given: Given, dst: u16, base: u16, site: u16) -> Built {
        let chunk = self.context().profile.chunk.clone();
        let method = &chunk.methods[usize::from(site)];
        let Some(path) = method.path else { return self.fallback(op) };
        let root = chunk.paths[usize::from(path)].root;
        let at = At { path, root, base, keys: method.keys, given, dst, used: method.used };
        if let Root::Local(local) = root
            && !self.holds_object(local)
        {
            return self.fallback(op);
        }
        let access = chunk.paths[usize::from(path)].access;
        let mutable = access == Access::Mutable || (access == Access::SelfPlace && chunk.self_kind.changes());
        let Some(target) = self.only_target() else { return self.call_place_of_several(op, at, mutable) };
        if (target.function as usize) >= N_BUILTINS {
            let changes = self.callee(target.function).is_some_and(|callee| callee.chunk.self_kind.changes());
            return match changes {
                true if mutable => self.lend_part(op, target, at),
                true => self.fallback(op),
                false => self.call_user_at(op, target, at),
            };
        }
        let Some(argc) = given.all_positional() else { return self.fallback(op) };
        match builtins::info(BuiltinId(target.function as u16)).mutating() {
            Some(_) if mutable => self.change_at(op, target, argc, at),
            Some(_) => self.fallback(op),
            None => self.call_builtin_at(op, target, argc, at),
        }
    }

    // ---- reading ----

    /// A method that does not change its receiver.
    fn call_user_at(&mut self, op: Op, target: Target, at: At) -> Built {
        let Some(call) = self.method_call(target, at.given, at.dst, at.receiver()) else { return self.fallback(op) };
        if target.shape < shape::FIRST_DECLARED {
            return self.fallback(op);
        }
        if self.lend_virtual(target, at) {
            return self.call_known(op, call);
        }
        let Some(value) = self.value_at(at) else { return self.fallback(op) };
        match enum_of(target.shape) {
            Some(decl) => self.guard_enum_value(value, decl),
            None => {
                self.guarded_value(value, tag::STRUCT, target.shape);
            }
        }
        self.lend(at, value);
        let window = call.window;
        if !matches!(at.root, Root::Local(_)) {
            // The method may change the variable.
            self.settle(window);
        }
        self.consume_keys(at.path, at.base);
        self.call_known(op, call)
    }

    /// Gives the receiver's register a part of an instance that does not exist; false if the place is none, or not of the shape met.
    fn lend_virtual(&mut self, target: Target, at: At) -> bool {
        let Root::Local(local) = at.root else { return false };
        let Some((object, positions, _)) = self.virtual_place(local, at.path) else { return false };
        match self.virtuals[object as usize].part_at(&positions) {
            Part::Object(inner) if inner.form.made == Made::Struct(target.shape) => {
                self.write_part(at.receiver(), Part::Object(inner));
                true
            }
            Part::Lent(value, lender) if enum_of(target.shape).is_none() => {
                self.guarded_value(value, tag::STRUCT, target.shape);
                let receiver = self.slot(at.receiver());
                self.release(receiver);
                self.put(receiver, Slot::Borrowed { value, lender });
                true
            }
            _ => false,
        }
    }

    fn call_builtin_at(&mut self, op: Op, target: Target, argc: u8, at: At) -> Built {
        let (builtin, count) = (target.function as u16, u16::from(argc) + 1);
        let plain = needs_no_binding(builtins::fn_info(BuiltinId(builtin)), usize::from(count));
        let Some(ty) = guarded_type(target.shape) else { return self.fallback(op) };
        if !plain || builtins::info(BuiltinId(builtin)).native().is_none() {
            return self.fallback(op);
        }
        if u64::from(target.shape) == tag::STR
            && let Some(code) = self.code_at(at)
        {
            self.consume_keys(at.path, at.base);
            self.write_character(at.receiver(), code);
            self.call_native(builtin, count, at.dst, at.receiver());
            return Ok(());
        }
        let Some(value) = self.value_at(at) else { return self.fallback(op) };
        let exit = self.exit();
        self.emit(InstKind::GuardTag { value, tag: u64::from(target.shape), exit }, ty);
        self.lend(at, value);
        let keys: Vec<u16> = (at.base..at.receiver()).filter(|key| *key != at.dst).collect();
        if self.intrinsic(builtin, Some(u64::from(target.shape)), count, at.dst, at.receiver()) {
            keys.into_iter().for_each(|key| self.consume(key));
            return Ok(());
        }
        self.consume_keys(at.path, at.base);
        self.call_native(builtin, count, at.dst, at.receiver());
        Ok(())
    }

    /// The code of a character of a local text that a method is called on: `s[i].is_alpha()`.
    fn code_at(&mut self, at: At) -> Option<ValueId> {
        let Root::Local(local) = at.root else { return None };
        let is_text = self.place_site().is_some_and(|(_, met)| met == [TEXT]);
        let is_item = at.keys == 1 && self.context().profile.chunk.paths[usize::from(at.path)].segments.len() == 1;
        if !is_text || !is_item || self.context().profile.storms(self.pc) > 0 {
            return None;
        }
        self.code_in(local, Source::Register(at.base))
    }

    /// Puts what the place holds into the receiver's register, lent by the local or by what lends that. It has been checked before: who
    /// leaves there has the VM execute the call, which expects nothing in that register.
    fn lend(&mut self, at: At, value: ValueId) {
        let receiver = self.slot(at.receiver());
        self.release(receiver);
        let lender = self.lender_of_place(at);
        self.put(receiver, Slot::Borrowed { value, lender });
    }

    pub(super) fn lender_of_place(&self, at: At) -> Lender {
        match at.root {
            Root::Local(local) => self.lender_of_part(local),
            _ => Lender::Passing,
        }
    }

    /// What the place holds, without a count; `None` if that is the VM's business.
    pub(super) fn value_at(&mut self, at: At) -> Option<ValueId> {
        let root = match at.root {
            Root::Local(local) => {
                // Only what a slot keeps can be lent by it.
                if let Slot::Owned { .. } = self.state.get(self.slot(local)) {
                    self.settle(self.slot(local));
                }
                self.boxed(local)
            }
            shared => self.present_variable(shared)?.0,
        };
        let chunk = self.context().profile.chunk.clone();
        let segments = &chunk.paths[usize::from(at.path)].segments;
        if segments.is_empty() {
            return Some(root);
        }
        if let Some(value) = self.value_by_steps(at, root) {
            return Some(value);
        }
        let mut args = vec![root];
        args.extend((at.base..at.receiver()).map(|key| self.boxed(key)).collect::<Vec<_>>());
        Some(self.operation(Operation::Place(self.site(at.path)), &args))
    }

    /// The same by instructions, if each step of the way has been of one kind and its keys count from the start.
    fn value_by_steps(&mut self, at: At, root: ValueId) -> Option<ValueId> {
        let (_, met) = self.place_site()?;
        let arrays = met.iter().all(|found| (shape::ARR_EMPTY..=shape::ARR_RANGE).contains(found));
        let guesses = (arrays || self.entries() != 0) && self.context().profile.storms(self.pc) == 0;
        let steps = self.steps(at.path).filter(|_| guesses)?;
        let holds_values = |step: &Step| match step {
            Step::Field(case) => case.cell == Cell::Value,
            Step::Index(found) => *found == shape::ARR_VAL,
            Step::Entry => true,
            Step::AnyIndex => false,
        };
        let is_number = |key| match self.state.get(self.slot(key)) {
            Slot::Scalar { value, scalar, .. } => scalar == Scalar::Int && self.out.ty(value).range.high >= 0,
            found => matches!(found, Slot::Memory | Slot::Borrowed { .. } | Slot::Owned { .. }),
        };
        let indices = steps.iter().filter(|step| !matches!(step, Step::Field(_)));
        let mut keys = indices.zip(at.base..).map(|(step, key)| matches!(step, Step::Entry) || is_number(key));
        if !steps.iter().all(holds_values) || !keys.all(|fits| fits) {
            return None;
        }
        let (mut value, mut keys) = (root, at.base..);
        for step in steps {
            let load = match step {
                Step::Entry => {
                    let table = self.guarded_value(value, tag::DICT, 0);
                    let key = self.boxed(keys.next()?);
                    let (address, exit) = (self.operation(Operation::Find, &[table, key]), self.exit());
                    InstKind::LoadFound { address, default: None, exit: Some(exit) }
                }
                Step::Field(case) => {
                    let pointer = self.guarded_value(value, tag::STRUCT, case.shape);
                    InstKind::LoadField { cell: case.cell, pointer, offset: case.offset }
                }
                _ => {
                    let index = self.scalar(Source::Register(keys.next()?), Scalar::Int)?;
                    let array = self.guarded_value(value, tag::ARRAY, shape::ARR_VAL);
                    self.item_of_values(array, index)
                }
            };
            value = self.emit(load, Type::ANY);
        }
        Some(value)
    }

    // ---- changing ----

    /// A builtin method that changes what the place holds.
    fn change_at(&mut self, op: Op, target: Target, argc: u8, at: At) -> Built {
        let builtin = target.function as u16;
        let wanted = u64::from(target.shape);
        let is_builtin_kind =
            (tag::HEAP_FIRST..=tag::HEAP_LAST).contains(&wanted) && !matches!(wanted, tag::STRUCT | tag::VARIANT);
        let plain = needs_no_binding(builtins::method_info(BuiltinId(builtin)), usize::from(argc));
        if !plain || !is_builtin_kind {
            return self.fallback(op);
        }
        if !matches!(at.root, Root::Local(_)) {
            return self.change_variable(op, target, argc, at);
        }
        if self.push_to_entry(target, argc, at) {
            return Ok(());
        }
        let Some(end) = self.walk(at.path, at.base).filter(|end: &End| end.cell() == Cell::Value) else {
            return self.fallback(op);
        };
        let boxed = self.emit(end.load(), Type::ANY);
        let pointer = self.guarded_value(boxed, wanted, 0);
        if self.change_items(target, (end.home(), at.used), argc, at.dst, (at.base, at.receiver())) {
            return Ok(());
        }
        self.consume_keys(at.path, at.base);
        self.change_known(target, end.home(), pointer, at.used, argc, at.dst, at.receiver());
        Ok(())
    }

    /// `groups[key].push(item)` on an entry of a dict, as long as that has not failed; false if it is something else.
    fn push_to_entry(&mut self, target: Target, argc: u8, at: At) -> bool {
        let is_push = builtins::info(BuiltinId(target.function as u16)).name == "push" && argc == 1 && !at.used;
        let is_entry = self.place_site().is_some_and(|(_, met)| met == [DICT]);
        if !is_push || !is_entry || self.context().profile.storms(self.pc) > 0 {
            return false;
        }
        let Some(home) = self.home_of_dict(at) else { return false };
        let (item, null) = (at.receiver() + 1, self.null());
        let args = [self.boxed(at.receiver() - 1), self.boxed(item)];
        self.change_home(Operation::PushItem, home, &args);
        self.consume_keys(at.path, at.base);
        self.consume(item);
        self.write_immediate(at.dst, null);
        true
    }

    /// A mutating method of a part of a local, which is taken out of its container during the call, as in the VM.
    fn lend_part(&mut self, op: Op, target: Target, at: At) -> Built {
        let Some(callee) = self.callee(target.function).filter(|callee| !keeps_self_in_cell(callee)) else {
            return self.fallback(op);
        };
        let Some(order) = self.order_of(&callee, at.given) else { return self.fallback(op) };
        let is_struct = target.shape >= shape::FIRST_DECLARED && enum_of(target.shape).is_none();
        if !is_struct || !matches!(at.root, Root::Local(_)) {
            return self.fallback(op);
        }
        let (count, window) = (callee.chunk.params, self.slot(at.receiver()));
        let home = match self.entry_of_dict(at) {
            Some(home) => Some((home, home.load())),
            None => self.walk_to_part(at).map(|end| (end.home(), Some(end.load()))),
        };
        let Some((home, Some(load))) = home else { return self.fallback(op) };
        let boxed = self.emit(load, Type::ANY);
        self.guarded_value(boxed, tag::STRUCT, target.shape);
        self.consume_keys(at.path, at.base);
        self.release(window);
        let (order, part) = (Some(order), Some((home, boxed)));
        self.call_known(op, Call { order, part, ..Call::new(target.function, count, at.dst, window) })
    }

    /// Where an entry of a dict stands, which is a local or what fields of one lead to: as long as that has not failed.
    fn entry_of_dict(&mut self, at: At) -> Option<Home> {
        let is_entry = self.place_site().is_some_and(|(_, met)| met == [DICT]);
        if !is_entry || self.context().profile.storms(self.pc) > 0 {
            return None;
        }
        // Counting an argument later could share what is on the way.
        self.settle_passing();
        self.settle_borrowed(self.slot(at.receiver()));
        let home = self.home_of_dict(at)?;
        Some(self.entry_at(home, at.receiver() - 1))
    }

    /// The home of the dict that the last key of a place belongs to.
    fn home_of_dict(&mut self, at: At) -> Option<Home> {
        let chunk = self.context().profile.chunk.clone();
        match (at.root, &chunk.paths[usize::from(at.path)].segments[..]) {
            (Root::Local(local), [_]) => self.changeable(local).map(Home::Slot),
            _ => self.walk_to_last(at.path, at.base).map(|end| end.home()),
        }
    }

    /// Counts what is borrowed by this slot and those above it.
    pub(super) fn settle_borrowed(&mut self, first: SlotIx) {
        for at in first.index()..self.state.slots.len() {
            if self.is_lent(self.state.slots[at], |_| true) {
                self.settle(SlotIx(at as u32));
            }
        }
    }

    /// The same of a whole variable that others can reach: by builtins that run no user code, so that nobody sees it in use.
    fn change_variable(&mut self, op: Op, target: Target, argc: u8, at: At) -> Built {
        let builtin = target.function as u16;
        let row = builtins::info(BuiltinId(builtin));
        let is_whole = self.context().profile.chunk.paths[usize::from(at.path)].segments.is_empty();
        if !is_whole || row.effects.can_call() {
            return self.fallback(op);
        }
        let Some((held, home)) = self.present_variable(at.root) else { return self.fallback(op) };
        let pointer = self.guarded_value(held, u64::from(target.shape), 0);
        if !self.change_items(target, (home, at.used), argc, at.dst, (at.base, at.receiver())) {
            self.change_known(target, home, pointer, at.used, argc, at.dst, at.receiver());
        }
        Ok(())
    }
}
