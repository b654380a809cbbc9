//! Calls of builtins: small ones as instructions, others by their Rust function, those written in Ruff like functions.
use super::arith::Source;
use super::calls::{Call, enum_of};
use super::character::class_of;
use super::state::{Scalar, Slot};
use super::{Builder, Built};
use crate::builtins::{self, Body, BuiltinId};
use crate::bytecode::chunk::Root;
use crate::bytecode::op::Op;
use crate::jit::ir::inst::Home;
use crate::jit::ir::{InstKind, Operation, SlotIx, Type, ValueId};
use crate::jit::profile::{Site, Target};
use crate::value::layout::tag;
use crate::vm::compiled::{needs_no_binding, never_changes};

/// The type of a value with this tag; `None` for keys of declared shapes, and for null and what is like it.
pub(super) fn guarded_type(key: u32) -> Option<Type> {
    match u64::from(key) {
        1 => Some(Type::BOOL),
        2 => Some(Type::INT),
        3 => Some(Type::FLOAT),
        tag::STRUCT | tag::VARIANT => None,
        heap @ tag::HEAP_FIRST..=tag::HEAP_LAST => Some(Type::pointer(heap, 0)),
        _ => None,
    }
}

impl Builder<'_> {
    /// `last`: the instruction ends its block.
    pub(super) fn call_builtin(&mut self, op: Op, last: bool, dst: u16, base: u16, builtin: u16) -> Built {
        let Op::CallBuiltin { argc, .. } = op else { return self.fallback(op) };
        let count = u16::from(argc);
        let guesses = self.context().profile.storms(self.pc) == 0;
        if guesses && !last && self.counts_range(builtin, dst, base) {
            return Ok(());
        }
        if guesses && self.intrinsic(builtin, self.argument_tag(), count, dst, base) {
            return Ok(());
        }
        self.call_row(op, builtin, count, dst, base)
    }

    /// A type called as a function: `int(x)`.
    pub(super) fn call_constructor(&mut self, op: Op, builtin: u16, argc: u8, dst: u16, base: u16) -> Built {
        let count = u16::from(argc);
        let row = builtins::info(BuiltinId(builtin));
        if row.native().is_none() || !needs_no_binding(builtins::fn_info(BuiltinId(builtin)), usize::from(argc)) {
            return self.fallback(op);
        }
        let below = SlotIx(self.slot(base).0 - 1);
        if count == 1 && self.intrinsic(builtin, None, count, dst, base) {
            self.drop_lent(below, dst);
            return Ok(());
        }
        self.put(below, Slot::Clean);
        self.call_native(builtin, count, dst, base);
        Ok(())
    }

    /// A slot whose value is only lent is empty again, unless it holds the result.
    fn drop_lent(&mut self, slot: SlotIx, dst: u16) {
        if slot != self.slot(dst) {
            self.put(slot, Slot::Clean);
        }
    }

    /// `x = f(x, e)` where `x` is a local: in place if that is `push`.
    pub(super) fn call_builtin_update(&mut self, op: Op, argc: u8, base: u16, builtin: u16, path: u16) -> Built {
        let chunk = self.context().profile.chunk.clone();
        let path = &chunk.paths[usize::from(path)];
        let Root::Local(local) = path.root else { return self.fallback(op) };
        let slot = self.slot(local);
        let is_push = builtins::info(BuiltinId(builtin)).name == "push" && argc == 2;
        if !path.segments.is_empty() || !is_push || !self.holds_object(local) {
            return self.fallback(op);
        }
        self.settle(slot);
        let (boxed, exit) = (self.boxed_slot(slot), self.exit());
        let pointer = self.emit(InstKind::GuardTag { value: boxed, tag: tag::ARRAY, exit }, Type::pointer(tag::ARRAY, 0));
        let to = self.slot(base);
        self.release(to);
        self.push_value(builtin, Home::Slot(slot), pointer, base + 1, false);
        self.move_value(to, slot);
        Ok(())
    }

    /// The only tag of first arguments that the site has met.
    fn argument_tag(&self) -> Option<u64> {
        match self.context().profile.sites.get(&self.pc)? {
            Site::Argument(kinds) => kinds.single(),
            _ => None,
        }
    }

    /// Calls a builtin with all its arguments in the window.
    fn call_row(&mut self, op: Op, builtin: u16, count: u16, dst: u16, base: u16) -> Built {
        match builtins::info(BuiltinId(builtin)).body {
            Body::Native { .. } => {
                self.call_native(builtin, count, dst, base);
                Ok(())
            }
            Body::Prelude => {
                let Some(&function) = self.request.prelude.get(&builtin) else { return self.fallback(op) };
                let (window, count) = (self.slot(base), self.mark_missing(builtin, count, base));
                self.call_known(op, Call::new(function, count, dst, window))
            }
        }
    }

    /// Marks the arguments that a call of a body in Ruff leaves out; gives the number of all.
    fn mark_missing(&mut self, builtin: u16, count: u16, base: u16) -> u16 {
        let params = builtins::fn_info(BuiltinId(builtin)).params.len() as u16;
        self.mark_left_out(base + count..base + params);
        count.max(params)
    }

    pub(super) fn call_native(&mut self, builtin: u16, count: u16, dst: u16, base: u16) {
        let (first, count) = (self.slot(base), self.mark_missing(builtin, count, base));
        let slots = || (0..u32::from(count)).map(|n| SlotIx(first.0 + n));
        slots().for_each(|slot| self.settle(slot));
        self.settle_passing();
        slots().for_each(|slot| self.put(slot, Slot::Clean));
        let exit = self.exit();
        let handling = self.catches();
        let catches = handling.is_some();
        let result = self.emit(InstKind::CallBuiltin { builtin, base: first, count, catches, exit }, Type::ANY);
        self.catch_of(handling, result, exit);
        self.write_owned(dst, result);
    }

    // ---- methods ----

    /// A builtin method of a temporary.
    pub(super) fn call_builtin_method(&mut self, op: Op, target: Target, argc: u8, dst: u16, base: u16) -> Built {
        let (builtin, count) = (target.function as u16, u16::from(argc) + 1);
        let row = builtins::info(BuiltinId(builtin));
        let plain = needs_no_binding(builtins::fn_info(BuiltinId(builtin)), usize::from(count));
        let changes = row.mutating().is_some() && !never_changes(u64::from(target.shape));
        if changes {
            return self.change_temporary(op, target, argc, dst, base);
        }
        if !plain || !self.guard_receiver(self.slot(base), target.shape) {
            return self.fallback(op);
        }
        if enum_of(target.shape).is_some_and(|decl| self.outcome_method(builtin, decl, count, dst, base)) {
            return Ok(());
        }
        if self.intrinsic(builtin, Some(u64::from(target.shape)), count, dst, base) {
            return Ok(());
        }
        self.call_row(op, builtin, count, dst, base)
    }

    /// A builtin method that changes a temporary – what a local held that is not asked for again (`return stack.pop()`) –, of which only the
    /// result is left.
    fn change_temporary(&mut self, op: Op, target: Target, argc: u8, dst: u16, base: u16) -> Built {
        let Op::CallMethod { site, .. } = op else { return self.fallback(op) };
        let (slot, wanted) = (self.slot(base), u64::from(target.shape));
        let used = self.context().profile.chunk.methods[usize::from(site)].used;
        let plain = needs_no_binding(builtins::method_info(BuiltinId(target.function as u16)), usize::from(argc));
        self.settle(slot);
        let is_apart = dst < base && self.state.get(slot) == Slot::Memory;
        if !plain || !is_apart || !self.guard_tag(slot, target.shape) {
            return self.fallback(op);
        }
        let boxed = self.boxed_slot(slot);
        let pointer = self.guarded_value(boxed, wanted, 0);
        if !self.change_items(target, (Home::Slot(slot), used), argc, dst, (base, base)) {
            self.change_known(target, Home::Slot(slot), pointer, used, argc, dst, base);
        }
        self.consume(base);
        Ok(())
    }

    /// A builtin method of a local variable; `(mutable, used)`: whether it may change it, whether its result is wanted.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn call_builtin_on_local(
        &mut self,
        op: Op,
        target: Target,
        (mutable, used): (bool, bool),
        argc: u8,
        dst: u16,
        base: u16,
        local: u16,
    ) -> Built {
        let (builtin, slot) = (target.function as u16, self.slot(local));
        let row = builtins::info(BuiltinId(builtin));
        if row.mutating().is_some() && !never_changes(u64::from(target.shape)) {
            let plain = needs_no_binding(builtins::method_info(BuiltinId(builtin)), usize::from(argc));
            self.settle(slot);
            if !plain || !mutable || self.state.get(slot) != Slot::Memory || !self.guard_tag(slot, target.shape) {
                return self.fallback(op);
            }
            let boxed = self.boxed_slot(slot);
            let pointer = self.guarded_value(boxed, u64::from(target.shape), 0);
            if !self.change_items(target, (Home::Slot(slot), used), argc, dst, (base, base)) {
                self.change_known(target, Home::Slot(slot), pointer, used, argc, dst, base);
            }
            return Ok(());
        }
        let plain = needs_no_binding(builtins::fn_info(BuiltinId(builtin)), usize::from(argc) + 1);
        if !plain || !self.guard_receiver(slot, target.shape) {
            return self.fallback(op);
        }
        self.copy(base, local);
        let count = u16::from(argc) + 1;
        if enum_of(target.shape).is_some_and(|decl| self.outcome_method(builtin, decl, count, dst, base)) {
            return Ok(());
        }
        if self.intrinsic(builtin, Some(u64::from(target.shape)), count, dst, base) {
            return Ok(());
        }
        self.call_row(op, builtin, count, dst, base)
    }

    /// Checks that a slot's value has the builtin methods of what was met; false if it is known to be something else, or a struct.
    fn guard_receiver(&mut self, slot: SlotIx, key: u32) -> bool {
        match enum_of(key) {
            Some(decl) => self.guard_enum(slot, decl),
            None => self.guard_tag(slot, key),
        }
    }

    /// Checks the tag of a slot's value; false if it is known to be another, or the key is that of a declared shape.
    pub(super) fn guard_tag(&mut self, slot: SlotIx, key: u32) -> bool {
        let Some(ty) = guarded_type(key) else { return false };
        match self.state.get(slot) {
            Slot::Scalar { scalar, .. } => return scalar.tag() == u64::from(key),
            Slot::Immediate { .. } | Slot::Clean => return false,
            _ => {}
        }
        let exit = self.exit();
        let value = self.boxed_slot(slot);
        self.emit(InstKind::GuardTag { value, tag: u64::from(key), exit }, ty);
        true
    }

    /// A mutating builtin of what is in `home`, whose kind was checked; its arguments stand behind `base`.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn change_known(
        &mut self,
        target: Target,
        home: Home,
        pointer: ValueId,
        used: bool,
        argc: u8,
        dst: u16,
        base: u16,
    ) {
        let builtin = target.function as u16;
        let is_array = u64::from(target.shape) == tag::ARRAY;
        match builtins::info(BuiltinId(builtin)).name {
            "push" if is_array && !used => self.push_item(builtin, home, pointer, base + 1, dst),
            "pop" if is_array => {
                let exit = self.exit();
                let item = self.emit(InstKind::Pop { builtin, home, pointer, exit }, Type::ANY);
                self.exit = None;
                self.write_owned(dst, item);
            }
            _ => self.change_value(builtin, home, used, argc, dst, base),
        }
    }

    /// `home.remove_at(i)`, and `home.insert(i, x)` and `home.swap(i, j)` unless their value is used, on an array, whose other positions the VM executes; false if it is
    /// something else. `(keys, base)`: the keys of the place stand in front of the receiver's register.
    pub(super) fn change_items(
        &mut self,
        target: Target,
        (home, used): (Home, bool),
        argc: u8,
        dst: u16,
        (keys, base): (u16, u16),
    ) -> bool {
        let op = match (builtins::info(BuiltinId(target.function as u16)).name, argc) {
            ("remove_at", 1) => Operation::RemoveAt,
            ("insert", 2) if !used => Operation::InsertAt,
            ("swap", 2) if !used => Operation::Swap,
            _ => return false,
        };
        if u64::from(target.shape) != tag::ARRAY || self.context().profile.storms(self.pc) > 0 {
            return false;
        }
        let Some(index) = self.scalar(Source::Register(base + 1), Scalar::Int) else { return false };
        let mut args = vec![index];
        match op {
            Operation::InsertAt => args.push(self.boxed(base + 2)),
            Operation::Swap => {
                let Some(other) = self.scalar(Source::Register(base + 2), Scalar::Int) else { return false };
                args.push(other);
            }
            _ => {}
        }
        let (exit, null) = (self.exit(), self.null());
        let change = InstKind::Operate { op, home: Some(home), args: args.into(), exit };
        let item = op.result().map(|ty| self.emit(change.clone(), ty));
        if item.is_none() {
            self.effect(change);
        }
        self.exit = None;
        (keys..base).chain(base + 1..=base + u16::from(argc)).for_each(|register| self.consume(register));
        match item {
            Some(item) => self.write_owned(dst, item),
            None => self.write_immediate(dst, null),
        }
        true
    }

    /// `home.push(item)` on an array.
    pub(super) fn push_item(&mut self, builtin: u16, home: Home, pointer: ValueId, item: u16, dst: u16) {
        // An object could be the array itself, which is shared while it is appended.
        let stays = matches!(home, Home::Slot(_)) && matches!(self.state.get(self.slot(item)), Slot::Scalar { .. });
        let pointer = if stays { self.unshared(home, pointer, tag::ARRAY, 0) } else { pointer };
        self.push_value(builtin, home, pointer, item, stays);
        let null = self.null();
        self.write_immediate(dst, null);
    }

    fn push_value(&mut self, builtin: u16, home: Home, pointer: ValueId, item: u16, stays: bool) {
        let from = self.slot(item);
        let (value, owned) = match self.state.get(from) {
            Slot::Scalar { value, .. } | Slot::Immediate { value, .. } => (value, false),
            Slot::Owned { value } => (value, true),
            Slot::Virtual(at) => match self.made_for_loop(at, from) {
                Some(object) => (object, false),
                None => (self.materialise(at), true),
            },
            Slot::Memory => {
                // Moved out of its temporary.
                let value = self.emit(InstKind::LoadSlot(from), Type::ANY);
                let null = self.null();
                self.effect(InstKind::StoreSlot(from, null));
                (value, true)
            }
            _ => (self.boxed_slot(from), false),
        };
        self.put(from, Slot::Clean);
        self.settle_passing();
        let exit = self.exit();
        self.effect(InstKind::Push { builtin, home, pointer, value, owned, stays, exit });
        self.exit = None;
    }

    /// Any other mutating method of a builtin kind; the arguments stand behind `base`.
    pub(super) fn change_value(&mut self, builtin: u16, place: Home, used: bool, argc: u8, dst: u16, base: u16) {
        let first = SlotIx(self.slot(base).0 + 1);
        let slots = || (0..u32::from(argc)).map(|n| SlotIx(first.0 + n));
        slots().for_each(|slot| self.settle(slot));
        self.settle_passing();
        slots().for_each(|slot| self.put(slot, Slot::Clean));
        let exit = self.exit();
        let (handling, count) = (self.catches(), u16::from(argc));
        let catches = handling.is_some();
        let kind = InstKind::CallMutating { builtin, place, base: first, count, used, catches, exit };
        let result = self.emit(kind, Type::ANY);
        self.catch_of(handling, result, exit);
        self.write_owned(dst, result);
    }

    // ---- intrinsics ----

    /// Builds a builtin as instructions, if that is possible for arguments of the kinds met.
    pub(super) fn intrinsic(&mut self, builtin: u16, first: Option<u64>, count: u16, dst: u16, base: u16) -> bool {
        let name = builtins::info(BuiltinId(builtin)).name;
        if first == Some(tag::DICT) && self.dict_method(name, count, dst, base) {
            return true;
        }
        if name == "chr" && count == 1 && self.character_of(dst, base) {
            return true;
        }
        let result = match (name, count) {
            ("ord", 1) => self.character_in(base, first).map(|code| (code, Scalar::Int)),
            ("len", 1) => self.length(base, first),
            ("__before", 1) => self.is_negative(base, first).map(|holds| (holds, Scalar::Bool)),
            _ => match class_of(name) {
                Some(class) => self.character_in(base, first).map(|code| (self.is_of_class(code, class), Scalar::Bool)),
                None => self.number_function(name, count, base, first),
            },
        };
        let Some((value, scalar)) = result else { return false };
        (base..base + count).for_each(|register| self.consume(register));
        self.write_scalar(dst, value, scalar);
        true
    }

    /// The length word of an object.
    pub(super) fn length_of(&mut self, object: ValueId) -> ValueId {
        let range = self.out.ty(object).lengths();
        self.emit(InstKind::LoadLength(object), Type { range, ..Type::INT })
    }

    fn length(&mut self, register: u16, met: Option<u64>) -> Option<(ValueId, Scalar)> {
        let kind = met.filter(|kind| matches!(*kind, tag::ARRAY | tag::STR | tag::DICT | tag::BYTES))?;
        if let Slot::Scalar { .. } | Slot::Immediate { .. } | Slot::Clean = self.state.get(self.slot(register)) {
            return None;
        }
        if let Some(length) = self.virtual_length(register) {
            return Some((self.int(length as i64), Scalar::Int));
        }
        let exit = self.exit();
        let boxed = self.boxed(register);
        let mut pointer = self.emit(InstKind::GuardTag { value: boxed, tag: kind, exit }, Type::pointer(kind, 0));
        if kind == tag::STR {
            // Of ASCII text the bytes are the characters.
            let shape = crate::value::layout::shape::STR_ASCII;
            pointer = self.emit(InstKind::GuardShape { pointer, shape, exit }, Type::pointer(kind, shape));
        }
        Some((self.length_of(pointer), Scalar::Int))
    }
}
