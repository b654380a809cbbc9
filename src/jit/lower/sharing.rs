//! Which [`InstKind::Unshare`] will copy for sure: what only looks at one first need not be the way that is made short.
//!
//! A slot that has just got a reference to what another place holds (`copy := items`) holds something shared.
//! Only for choosing the way to the copy: what is shared is still looked at.
use ahash::AHashSet;

use crate::jit::ir::cfg::Cfg;
use crate::jit::ir::inst::Home;
use crate::jit::ir::{Function, InstKind, SlotIx, ValueId};
use crate::value::layout::shape;

/// So many slots are kept in mind at once.
const SLOTS: usize = 4;

/// What is copied each time.
pub(super) struct Copies {
    /// What the instructions give that make a copy.
    made: AHashSet<ValueId>,
    /// Slots that hold copies of arrays of numbers.
    slots: AHashSet<SlotIx>,
}

impl Copies {
    pub(super) fn of(function: &Function, cfg: &Cfg) -> Copies {
        let mut found = Copies { made: AHashSet::new(), slots: AHashSet::new() };
        let mut ends: Vec<Vec<SlotIx>> = vec![Vec::new(); function.blocks.len()];
        for &block in &cfg.order {
            let mut shared = match cfg.preds[block.index()][..] {
                [only] => ends[only.index()].clone(),
                _ => Vec::new(),
            };
            for inst in &function.blocks[block.index()].insts {
                if let (InstKind::Unshare { home: Home::Slot(slot), .. }, Some(result)) = (&inst.kind, inst.result)
                    && shared.contains(slot)
                {
                    found.add(function, result, *slot);
                }
                let writes = inst.kind.slot_writes();
                shared.retain(|slot| !writes.contains(*slot));
                if let InstKind::StoreSlotRetain(slot, _) | InstKind::ReplaceSlot(slot, _) = inst.kind
                    && shared.len() < SLOTS
                {
                    shared.push(slot);
                }
            }
            ends[block.index()] = shared;
        }
        found
    }

    fn add(&mut self, function: &Function, result: ValueId, slot: SlotIx) {
        self.made.insert(result);
        if has_numbers(function, result) {
            self.slots.insert(slot);
        }
    }

    /// Is this given by an instruction that makes a copy each time?
    pub(super) fn contains(&self, result: ValueId) -> bool {
        self.made.contains(&result)
    }

    /// Does a slot hold copies of arrays of numbers, here or elsewhere in the function?
    pub(super) fn are_kept_in(&self, slot: SlotIx) -> bool {
        self.slots.contains(&slot)
    }
}

/// Is it an array whose elements are ints or floats, unboxed?
pub(super) fn has_numbers(function: &Function, pointer: ValueId) -> bool {
    matches!(function.ty(pointer).shape, shape::ARR_I64 | shape::ARR_F64)
}
