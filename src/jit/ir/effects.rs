//! What instructions may do to memory, slots and control, for alias analysis: [`InstKind::effects`], [`InstKind::slot_writes`].
use super::SlotIx;
use super::home::Home;
use super::inst::{Callee, InstKind};

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

impl InstKind {
    /// The slots it may change.
    pub fn slot_writes(&self) -> SlotWrites<'_> {
        use InstKind::*;
        match self {
            Unshare { home: Home::Slot(slot), .. } | Operate { home: Some(Home::Slot(slot)), .. } => SlotWrites::One(*slot),
            StoreSlot(slot, _)
            | ClearSlot(slot)
            | StoreSlotRetain(slot, _)
            | StoreSlotOwned(slot, _)
            | ReplaceSlot(slot, _) => SlotWrites::One(*slot),
            MoveSlot { from, to } => SlotWrites::Two(*from, *to),
            CallCompiled { callee: Callee::Below(_), base, .. } => SlotWrites::From(SlotIx(base.0 - 1)),
            CallCompiled { base, gives_back: Some(Home::Slot(own)), .. } => SlotWrites::FromAnd(*base, *own),
            CallCompiled { base, .. } | CallBuiltin { base, .. } => SlotWrites::From(*base),
            CallMutating { base, place: Home::Slot(place), .. } => SlotWrites::FromAnd(*base, *place),
            CallMutating { base, .. } => SlotWrites::From(*base),
            Push { home: Home::Slot(slot), stays: false, .. } => SlotWrites::One(*slot),
            Pop { home: Home::Slot(slot), .. } => SlotWrites::One(*slot),
            TakePart { to: slot, .. } | GivePart { from: slot, .. } => SlotWrites::One(*slot),
            CallHelper { writes, .. } | Fallback { writes, .. } => SlotWrites::Set(writes),
            _ => SlotWrites::None,
        }
    }

    /// Does the code catch what it raises?
    pub fn catches(&self) -> bool {
        use InstKind::*;
        match self {
            CallCompiled { catches, .. }
            | CallBuiltin { catches, .. }
            | CallMutating { catches, .. }
            | Fallback { catches, .. } => *catches,
            _ => false,
        }
    }

    /// What the instruction reads, writes and may do.
    pub fn effects(&self) -> Effects {
        use InstKind::*;
        let pure = Effects::default();
        let exit = |exits: bool| Effects { exits, ..pure };
        let read = |heap: Heaps, exits: bool| Effects { reads: heap, exits, ..pure };
        let write = |heap: Heaps, exits: bool| Effects { writes: heap, exits, ..pure };
        match *self {
            ConstI(_) | ConstF(_) | ConstB(_) | ConstBoxed(..) | ConstPool(..) => pure,
            TagOf(_)
            | VariantOf(_)
            | LoadPayload { .. }
            | CharOf(_)
            | Unbox { .. }
            | Box(_)
            | Bit { .. }
            | Low { .. }
            | NotI(_)
            | Float { .. }
            | FloatUnary { .. }
            | CallFloat { .. } => pure,
            IntToFloat(_) | CmpI { .. } | CmpF { .. } | NotB(_) | CmpPtr { .. } | Select { .. } => pure,
            LoadSlot(_) => read(Heaps::SLOTS, false),
            StoreSlot(..) => write(Heaps::SLOTS, false),
            ClearSlot(_) | StoreSlotRetain(..) | ReplaceSlot(..) | MoveSlot { .. } | StoreSlotOwned(..) => {
                write(Heaps::SLOTS.with(Heaps::COUNTS), false)
            }
            Operate { op, home, .. } => {
                let (reads, writes) = op.effects();
                Effects { reads, writes: home.map_or(writes, |home| writes.with(home.heap())), exits: true, calls: false }
            }
            Unshare { home, .. } => Effects { reads: Heaps::COUNTS, ..write(home.heap(), true) },
            Generalise { .. } => write(Heaps::HEADERS, true),
            Settle { .. } => write(Heaps::HEADERS, false),
            ToFloat { .. } => exit(true),
            // A sum that is added to in place is another one then.
            LowWord { .. } => read(Heaps::HEADERS, true),
            LoadItem { .. } => {
                let items = Heaps::BOOLS.with(Heaps::INTS).with(Heaps::FLOATS).with(Heaps::VALUES);
                read(items.with(Heaps::HEADERS), false)
            }
            Retain(_) | Release(_) | MakeInstance { .. } | MakeClosure { .. } => write(Heaps::COUNTS, false),
            StoreOwned { home, .. } => write(home.heap().with(Heaps::COUNTS), false),
            // Modules that are loaded declare types.
            LoadModule { .. } | EqualsNull { .. } => read(Heaps::MODULE, true),
            LoadConstant { exit: e, .. } => exit(e.is_some()),
            StoreModule { known, .. } => write(Heaps::MODULE, !known),
            LoadCell { .. } => read(Heaps::CELLS.with(Heaps::SLOTS), true),
            RunningClosure | LoadCapture { .. } => pure,
            LoadCaptureCell { .. } => read(Heaps::CELLS, true),
            StoreCell { .. } | StoreCaptureCell { .. } => write(Heaps::CELLS, true),
            GuardTag { .. } | GuardNotTag { .. } | GuardTrue { .. } => exit(true),
            GuardFunction { .. } | GuardClosure { .. } | FloatToInt { .. } | ShlI { .. } => exit(true),
            IsShape { .. } => read(Heaps::HEADERS.with(Heaps::SHAPES), false),
            IsClosure { .. } | IsFunction { .. } | IsRaised(_) => pure,
            GuardShape { .. } => read(Heaps::HEADERS.with(Heaps::SHAPES), true),
            GuardUnique { .. } => read(Heaps::COUNTS, true),
            GuardSmall { exit: e, .. }
            | GuardNonZeroF { exit: e, .. }
            | GuardBounds { exit: e, .. }
            | Int { exit: e, .. }
            | ModI { zero: e, .. }
            | ShrI { exit: e, .. }
            | NegI { exit: e, .. } => exit(e.is_some()),
            DivI { zero, overflow, .. } => exit(zero.is_some() || overflow.is_some()),
            EqualsText { .. } => read(Heaps::HEADERS, true),
            Truthy(_) | LoadLength(_) | LoadStart(_) | LoadStep(_) | LoadData(_) | LoadByte { .. } => {
                read(Heaps::HEADERS, false)
            }
            LoadElement { cell, .. } => read(cell.heap(), false),
            StoreElement { cell, .. } => write(cell.heap(), false),
            StoreElementValue { .. } => write(Heaps::VALUES, true),
            Exchange { .. } => write(Heaps::VALUES, false),
            LoadEntry { .. } => read(Heaps::DICTS, false),
            LoadFound { exit: e, .. } => read(Heaps::DICTS, e.is_some()),
            LoadField { .. } => read(Heaps::FIELDS, false),
            StoreField { .. } => write(Heaps::FIELDS, false),
            Pop { home, .. } => write(Heaps::HEADERS.with(Heaps::COUNTS).with(home.heap()), true),
            Push { home, .. } => {
                let items = Heaps::BOOLS.with(Heaps::INTS).with(Heaps::FLOATS).with(Heaps::VALUES);
                write(items.with(Heaps::HEADERS).with(Heaps::COUNTS).with(home.heap()), true)
            }
            // Arrays inside of it are at another depth.
            TakePart { home, .. } | GivePart { home, .. } => {
                write(Heaps::SLOTS.with(Heaps::COUNTS).with(Heaps::VALUES).with(home.heap()), false)
            }
            CallBuiltin { .. } | CallMutating { .. } => {
                Effects { reads: Heaps::ALL, writes: Heaps::ALL, exits: true, calls: true }
            }
            // It continues only if nothing was to be done.
            Poll { .. } => exit(true),
            // What follows a call must not come between it and these, nor these behind a return.
            GiveParts(_) | LoadPart(_) => Effects { reads: Heaps::ALL, writes: Heaps::ALL, exits: false, calls: false },
            GuardParts { .. } => Effects { reads: Heaps::ALL, writes: Heaps::ALL, exits: true, calls: false },
            CallCompiled { .. } | CallHelper { .. } | Fallback { .. } | Caught { .. } | Throw { .. } => {
                Effects { reads: Heaps::ALL, writes: Heaps::ALL, exits: true, calls: true }
            }
        }
    }
}
