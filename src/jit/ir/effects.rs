//! What an instruction may do to memory, for alias analysis. `InstKind::effects` says it of each.
use super::SlotIx;

/// Abstract heaps, for alias analysis: which of them an instruction reads and writes.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Effects {
    pub reads: Heaps,
    pub writes: Heaps,
    /// May leave compiled code.
    pub exits: bool,
    /// May run arbitrary script code.
    pub calls: bool,
}

/// A set of abstract heaps.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Heaps(pub u16);

impl Heaps {
    pub const NONE: Heaps = Heaps(0);
    pub const SLOTS: Heaps = Heaps(1 << 0);
    pub const MODULE: Heaps = Heaps(1 << 1);
    pub const CELLS: Heaps = Heaps(1 << 2);
    /// Length, storage address and shape words.
    pub const HEADERS: Heaps = Heaps(1 << 3);
    pub const COUNTS: Heaps = Heaps(1 << 4);
    pub const BOOLS: Heaps = Heaps(1 << 5);
    pub const INTS: Heaps = Heaps(1 << 6);
    pub const FLOATS: Heaps = Heaps(1 << 7);
    pub const VALUES: Heaps = Heaps(1 << 8);
    pub const FIELDS: Heaps = Heaps(1 << 9);
    pub const DICTS: Heaps = Heaps(1 << 10);
    /// Shape words of instances; those of arrays are part of the headers.
    pub const SHAPES: Heaps = Heaps(1 << 14);
    pub const ALL: Heaps = Heaps(u16::MAX);

    pub const fn with(self, other: Heaps) -> Heaps {
        Heaps(self.0 | other.0)
    }
    pub const fn overlaps(self, other: Heaps) -> bool {
        self.0 & other.0 != 0
    }
}

/// Which slots an instruction may change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlotWrites<'a> {
    None,
    One(SlotIx),
    Two(SlotIx, SlotIx),
    /// The frame of a callee: this slot and all above.
    From(SlotIx),
    /// That, and one more.
    FromAnd(SlotIx, SlotIx),
    Set(&'a [SlotIx]),
}

impl SlotWrites<'_> {
    pub fn contains(self, slot: SlotIx) -> bool {
        match self {
            SlotWrites::None => false,
            SlotWrites::One(a) => a == slot,
            SlotWrites::Two(a, b) => a == slot || b == slot,
            SlotWrites::From(base) => slot >= base,
            SlotWrites::FromAnd(base, one) => slot >= base || slot == one,
            SlotWrites::Set(slots) => slots.contains(&slot),
        }
    }
}
