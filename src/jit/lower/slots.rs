//! Slots and variables: what a block knows of them need not be loaded or looked at again.
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, InstBuilder, types};

use super::{Held, Lowering, context, slot_offset};
use crate::jit::ir::{Inst, InstKind, Repr, SlotIx, StateId, ValueId};
use crate::value::layout::tag;

impl Lowering<'_> {
    pub(super) fn move_slot(&mut self, from: SlotIx, to: SlotIx) {
        let (tag, payload) = self.take_slot(from);
        self.fill_slot(to, tag, payload);
    }

    pub(super) fn take_slot(&mut self, from: SlotIx) -> (clif::Value, clif::Value) {
        let held = self.slot_words(from);
        self.known_slots.retain(|(slot, ..)| *slot != from);
        self.store_null(from);
        held
    }

    /// What a slot holds.
    pub(super) fn slot_words(&mut self, slot: SlotIx) -> (clif::Value, clif::Value) {
        if let Some((_, tag, payload)) = self.known_slots.iter().find(|(known, ..)| *known == slot) {
            return (*tag, *payload);
        }
        let (tag, payload) = self.load_pair(self.fp, slot_offset(slot));
        self.known_slots.push((slot, tag, payload));
        (tag, payload)
    }

    /// Stores to a slot; what it holds now need not be loaded in the block at hand.
    pub(super) fn fill_slot(&mut self, slot: SlotIx, tag: clif::Value, payload: clif::Value) {
        self.store_pair(tag, payload, self.fp, slot_offset(slot));
        self.known_slots.retain(|(known, ..)| *known != slot);
        self.known_slots.push((slot, tag, payload));
    }

    /// Before an instruction: what it may change in slots is not known any more; behind a call, loading is as good as keeping.
    pub(super) fn forget_slots(&mut self, kind: &InstKind) {
        if kind.effects().calls {
            self.known_slots.clear();
            self.kept_table = None;
        }
        let reads_first = matches!(kind, InstKind::MoveSlot { .. } | InstKind::ClearSlot(_));
        if !reads_first {
            let writes = kind.slot_writes();
            self.known_slots.retain(|(slot, ..)| !writes.contains(*slot));
        }
    }

    pub(super) fn store_null(&mut self, slot: SlotIx) {
        let null = self.b.ins().iconst(types::I64, 0);
        self.store(null, self.fp, slot_offset(slot));
    }

    pub(super) fn store_slot(&mut self, slot: SlotIx, value: ValueId) {
        // The second word of null is nothing.
        if let Held::Pair(tag, _) = self.held(value)
            && self.constant(tag) == Some(tag::NULL)
        {
            return self.store_null(slot);
        }
        self.store_value(value, self.fp, slot_offset(slot));
    }

    pub(super) fn clear_slot(&mut self, slot: SlotIx) {
        let (tag, payload) = self.take_slot(slot);
        // What the VM has just left there is mostly the null of a call for its effect.
        let rarely = self.vm_results.contains(&slot);
        self.release_of_slot(slot, tag, payload, rarely);
    }

    pub(super) fn module_table(&mut self) -> clif::Value {
        let context = self.context();
        self.load(types::I64, context, context::MODULE_TABLE)
    }

    /// The same, for instructions that every turn of their block makes: the others of the block need not load it again.
    pub(super) fn kept_module_table(&mut self) -> clif::Value {
        if let Some(table) = self.kept_table {
            return table;
        }
        let table = self.module_table();
        self.kept_table = Some(table);
        table
    }

    /// The second word of a value.
    pub(super) fn payload(&mut self, value: ValueId) -> clif::Value {
        let held = self.one(value);
        match self.function.ty(value).repr {
            Repr::F64 => held,
            repr => self.word(held, repr),
        }
    }

    /// A variable that may be uninitialised or in use.
    pub(super) fn load_variable(&mut self, result: Option<ValueId>, address: clif::Value, offset: i32, exit: StateId) {
        let (found, payload) = self.load_pair(address, offset);
        if !self.kind_is_next {
            let good = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, found, tag::UNINIT as i64);
            self.leave_unless(good, exit);
        }
        self.define_pair(result, found, payload);
    }

    /// Overwrites a variable that holds an immediate; one that holds anything else is the VM's business.
    pub(super) fn store_variable(&mut self, value: ValueId, address: clif::Value, offset: i32, exit: StateId) {
        let found = self.load(types::I64, address, offset);
        let good = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, found, tag::HEAP_FIRST as i64);
        self.leave_unless(good, exit);
        self.store_value(value, address, offset);
    }
}

/// Is a load of a variable followed by a check of its kind that leaves at the same state? Of what a variable without a value holds that fails.
pub(super) fn is_kind_next(inst: &Inst, next: Option<&Inst>) -> bool {
    let (InstKind::LoadModule { exit, .. }
    | InstKind::LoadConstant { exit: Some(exit), .. }
    | InstKind::LoadCell { exit, .. }
    | InstKind::LoadCaptureCell { exit, .. }) = &inst.kind
    else {
        return false;
    };
    matches!(next.map(|next| &next.kind), Some(InstKind::GuardTag { value, exit: same, .. }) if inst.result == Some(*value) && exit == same)
}
