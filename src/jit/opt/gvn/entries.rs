//! Entries of dicts that were looked up: what changes one under the same key goes straight to it.
//!
//! `d[k] = d.get(k, 0) + 1` and `if k in d { d[k] += 1 }` look the key up once. Keys are the same if they are one value, also where it went
//! from slot to slot meanwhile.
//! Relies on: an address stays what it is as long as no dict changes, and the dict that a place holds is the one looked into if neither the
//! place nor what leads there was written.
//! Must not: let other instructions use a value for one that was stored – who keeps it alive, and who knows it to be unshared, differs.
use super::Pass;
use crate::jit::ir::inst::SlotWrites;
use crate::jit::ir::{Inst, InstKind, Operation, Repr, SlotIx, StateId, ValueId};
use crate::value::layout::tag;

impl Pass<'_> {
    /// The same search, of the dict before it was checked and for the key that was stored where this one was read.
    pub(super) fn of_same_key(&self, mut find: InstKind) -> InstKind {
        if let InstKind::Operate { args, .. } = &mut find {
            (args[0], args[1]) = (self.object(args[0]), self.original(args[1]));
        }
        find
    }

    fn original(&self, value: ValueId) -> ValueId {
        self.copies.get(&value).copied().unwrap_or(value)
    }

    /// Gives what changes an entry of a dict the address that a search for its key has come to.
    pub(super) fn use_found(&self, kind: &mut InstKind, versions: &[u32]) {
        let InstKind::Operate { op, home: Some(home), args, .. } = kind else { return };
        let found = match *op {
            Operation::SetItem => Operation::SetFound,
            Operation::UpdateItem(code) => Operation::UpdateFound(code),
            _ => return,
        };
        let load = super::load_of(*home);
        let Some(table) = load.and_then(|load| self.table(&load, versions)) else { return };
        let find = InstKind::Operate { op: Operation::Find, home: None, args: [table, args[0]].into(), exit: StateId(0) };
        if let Some(address) = self.known_result(&find, versions) {
            *op = found;
            *args = args.iter().copied().chain([table, address]).collect();
        }
    }

    /// The dict that a load gives, if it is known to be one.
    fn table(&self, load: &InstKind, versions: &[u32]) -> Option<ValueId> {
        let value = self.known_result(load, versions)?;
        self.known_result(&InstKind::GuardTag { value, tag: tag::DICT, exit: StateId(0) }, versions)
    }

    fn known_result(&self, kind: &InstKind, versions: &[u32]) -> Option<ValueId> {
        self.find(kind, &self.key(kind, versions), versions, self.at)
    }

    /// What a slot that is moved holds.
    pub(super) fn moved(&self, kind: &InstKind, versions: &[u32]) -> Option<ValueId> {
        let InstKind::MoveSlot { from, .. } = *kind else { return None };
        let known = || self.known_result(&InstKind::LoadSlot(from), versions);
        self.held(from, versions).or_else(known)
    }

    fn held(&self, slot: SlotIx, versions: &[u32]) -> Option<ValueId> {
        self.stored.get(&(slot, versions[self.memory.slot(slot)])).copied()
    }

    /// Notes what an instruction has stored to a slot, or read from one where something was stored.
    pub(super) fn note_stored(&mut self, inst: &Inst, moved: Option<ValueId>, versions: &[u32]) {
        match (&inst.kind, inst.result) {
            (InstKind::LoadSlot(slot), Some(result)) => {
                if let Some(held) = self.held(*slot, versions) {
                    self.copies.insert(result, held);
                }
            }
            (
                InstKind::StoreSlot(slot, value)
                | InstKind::StoreSlotRetain(slot, value)
                | InstKind::StoreSlotOwned(slot, value)
                | InstKind::ReplaceSlot(slot, value),
                _,
            ) => self.store(*slot, *value, versions),
            (InstKind::MoveSlot { to, .. }, _) => {
                if let Some(moved) = moved {
                    self.store(*to, moved, versions);
                }
            }
            (kind, _) => debug_assert!(!matches!(kind.slot_writes(), SlotWrites::Two(..))),
        }
    }

    fn store(&mut self, slot: SlotIx, value: ValueId, versions: &[u32]) {
        if self.function.ty(value).repr == Repr::Boxed {
            let original = self.original(value);
            self.stored.insert((slot, versions[self.memory.slot(slot)]), original);
        }
    }
}
