//! Which [`InstKind::Unshare`] will copy for sure: what only looks at one first need not be the way that is made short.
//!
//! A slot that has just got a reference to what another place holds (`copy := items`) holds something shared.
//! Only for choosing the way to the helper: what is shared is still looked at.
use ahash::AHashSet;

use crate::jit::ir::cfg::Cfg;
use crate::jit::ir::inst::Home;
use crate::jit::ir::{Function, InstKind, SlotIx, ValueId};

/// So many slots are kept in mind at once.
const SLOTS: usize = 4;

/// What the instructions give that make a copy each time.
pub(super) fn copies(function: &Function, cfg: &Cfg) -> AHashSet<ValueId> {
    let mut found = AHashSet::new();
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
                found.insert(result);
            }
            let writes = inst.kind.slot_writes();
            shared.retain(|slot| !writes.contains(*slot));
            if let InstKind::StoreSlotRetain(slot, _) = inst.kind
                && shared.len() < SLOTS
            {
                shared.push(slot);
            }
        }
        ends[block.index()] = shared;
    }
    found
}
