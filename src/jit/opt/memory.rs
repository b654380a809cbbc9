//! Abstract memory for alias analysis: a numbered list of places that loads read and stores write.
//!
//! A dimension is one abstract heap, one frame slot, or one field (shape and offset) – values never alias through
//! variables, instances of different shapes and fields of different offsets never overlap, and nobody but this frame and
//! its callees can write its slots.
//!
//! *Elements that are values* have one dimension for each depth: of arrays held by a slot or variable, by a container in one,
//! and so on. A scalar is stored only to an array that has one holder, so it cannot be one held at another depth as well, and
//! what moves arrays from one depth to another (a call, a counted value stored to a container) writes all depths.
//!
//! *Uniqueness* has dimensions too: one for each slot (nobody but the slot holds its object), one for all objects inside
//! containers. An object that only a slot holds can become shared only by an instruction that takes a reference to what it
//! has read from that very slot.
//!
//! *Headers* of arrays have one dimension, and one more for what each slot holds that only reads from it lead to: nothing read from
//! it is stored elsewhere. Appending to the array of another slot does not change such a header: that array has one holder
//! when it changes, and no pointer read from here leads to it.
use crate::jit::ir::cfg::Cfg;
use crate::jit::ir::ids::IdMap;
use crate::jit::ir::inst::{Cell, Heaps, Home, SlotWrites};
use crate::jit::ir::{BlockId, Function, Inst, InstKind, Kinds, Operation, Repr, SlotIx, ValueId};
use crate::value::layout::tag;

/// Versions of slots that a function may have in all its blocks together.
const MOST_VERSIONS: usize = 1 << 21;

/// Number of heap dimensions; slots follow, then the uniqueness of each slot and of everything else, then fields.
const HEAP_DIMENSIONS: usize = 16;

/// The dimensions of value elements by depth, the last one for all below; those of arrays of unknown depth have the one of
/// [`Heaps::VALUES`].
const DEPTHS: [usize; 3] = [11, 12, 13];

/// Where a borrowed value was read from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    Slot(SlotIx),
    /// An element, a field, a constant, a variable.
    Inside,
    Unknown,
}

/// The dimensions of one function.
#[derive(Debug)]
pub struct Memory {
    /// Number of dimensions for slots: in functions too large for a version of each in each block, several slots share one.
    slots: usize,
    shared: bool,
    fields: IdMap<(u32, u32), usize>,
    /// The dimensions of headers of what slots hold.
    held_headers: Vec<(SlotIx, usize)>,
    /// By value. Later passes may make values of their own, of which nothing is known.
    ways: Vec<Way>,
}

/// What is known of where a value came from.
#[derive(Clone, Copy, Debug)]
struct Way {
    origin: Origin,
    /// The slot that it was read from, or from something inside of.
    root: Option<SlotIx>,
    /// How many containers there are between a slot or variable and what it belongs to, if that is known.
    depth: Option<u8>,
    /// What a caller or a variable lends for as long as the code runs, and what is inside of it: nothing changes that in place, since
    /// whoever lends holds it.
    lent: bool,
    /// No write changes it: it is no object with changeable contents.
    fixed: bool,
}

impl Way {
    const UNKNOWN: Way = Way { origin: Origin::Unknown, root: None, depth: None, lent: false, fixed: false };
}

impl Memory {
    pub fn new(function: &Function, cfg: &Cfg) -> Memory {
        let most = (MOST_VERSIONS / function.blocks.len().max(1)).max(1);
        let slots = (function.frame_slots as usize).min(most);
        let mut memory = Memory {
            slots,
            shared: slots < function.frame_slots as usize,
            fields: IdMap::default(),
            held_headers: Vec::new(),
            ways: vec![Way::UNKNOWN; function.values.len()],
        };
        let met = Met::of(function);
        memory.look_round(function, cfg, &met);
        if met.resizes {
            let first = memory.dimensions();
            let apart = memory.held_apart(function).into_iter().filter(|slot| slot.index() < slots);
            memory.held_headers = apart.enumerate().map(|(at, slot)| (slot, first + at)).collect();
        }
        memory
    }

    /// Finds fields, and where values came from: in an order in which what defines a value comes before what uses it.
    fn look_round(&mut self, function: &Function, cfg: &Cfg, met: &Met) {
        // What a caller lends is in none of the slots.
        for (_, value) in &function.params {
            self.ways[value.index()] = Way { origin: Origin::Inside, lent: true, ..Way::UNKNOWN };
        }
        if met.finds {
            self.ways.iter_mut().zip(&function.values).for_each(|(way, ty)| way.fixed = is_fixed(ty.kinds));
        }
        let blocks = cfg.order.iter().map(|block| &function.blocks[block.index()]);
        for Inst { kind, result, .. } in blocks.flat_map(|block| &block.insts) {
            if let InstKind::LoadField { pointer, offset, .. } | InstKind::StoreField { pointer, offset, .. } = *kind {
                self.note_field(function, pointer, offset);
            } else if let Some(Home::Field { pointer, offset }) = changed_home(kind) {
                self.note_field(function, pointer, offset);
            }
            if let Some(result) = result {
                self.ways[result.index()] = self.way(kind, *result, met);
            }
        }
    }

    fn note_field(&mut self, function: &Function, pointer: ValueId, offset: u32) {
        let next = self.other_fields() + 1 + self.fields.len();
        self.fields.entry((function.ty(pointer).shape, offset)).or_insert(next);
    }

    /// Number of dimensions.
    pub fn dimensions(&self) -> usize {
        self.other_fields() + 1 + self.fields.len() + self.held_headers.len()
    }

    /// Whether only this slot holds its object.
    pub fn unique(&self, slot: SlotIx) -> usize {
        HEAP_DIMENSIONS + self.slots + slot.index() % self.slots.max(1)
    }

    pub(super) fn unique_inside(&self) -> usize {
        HEAP_DIMENSIONS + 2 * self.slots
    }

    fn unique_home(&self, home: Home) -> usize {
        match home {
            Home::Slot(slot) => self.unique(slot),
            Home::Element { .. } | Home::Field { .. } | Home::Entry(_) | Home::Variable(_) => self.unique_inside(),
        }
    }

    pub fn slot(&self, slot: SlotIx) -> usize {
        HEAP_DIMENSIONS + slot.index() % self.slots.max(1)
    }

    /// Lengths, addresses and kinds of elements.
    pub fn headers(&self) -> usize {
        dimension(Heaps::HEADERS)
    }

    /// The dimension of the header of what a pointer leads to.
    pub fn header_of(&self, pointer: ValueId) -> usize {
        match self.origin_of(pointer) {
            Origin::Slot(slot) => self.headers_held(slot).unwrap_or(self.headers()),
            _ => self.headers(),
        }
    }

    fn headers_held(&self, slot: SlotIx) -> Option<usize> {
        self.held_headers.iter().find(|(held, _)| *held == slot).map(|(_, dimension)| *dimension)
    }

    /// The dimension of the shape of what a pointer leads to: what makes arrays longer or shorter leaves that of instances as it is.
    pub fn shape_of(&self, function: &Function, pointer: ValueId) -> usize {
        match function.ty(pointer).kinds.single() {
            Some(tag::STRUCT) => dimension(Heaps::SHAPES),
            _ => self.header_of(pointer),
        }
    }

    fn field(&self, function: &Function, pointer: ValueId, offset: u32) -> usize {
        self.fields.get(&(function.ty(pointer).shape, offset)).copied().unwrap_or(self.other_fields())
    }

    /// The dimension of the fields that only later passes read or write.
    fn other_fields(&self) -> usize {
        HEAP_DIMENSIONS + 2 * self.slots + 1
    }

    fn origin_of(&self, value: ValueId) -> Origin {
        self.ways.get(value.index()).map_or(Origin::Unknown, |way| way.origin)
    }

    fn is_lent(&self, value: ValueId) -> bool {
        self.ways.get(value.index()).is_some_and(|way| way.lent)
    }

    /// Calls `f` for the dimensions an instruction reads.
    pub fn each_read(&self, function: &Function, kind: &InstKind, mut f: impl FnMut(usize)) {
        match kind {
            InstKind::LoadField { pointer, .. }
            | InstKind::LoadLength(pointer)
            | InstKind::LoadStart(pointer)
            | InstKind::LoadStep(pointer)
            | InstKind::LoadData(pointer)
            | InstKind::GuardShape { pointer, .. }
            | InstKind::IsShape { pointer, .. }
                if self.is_lent(*pointer) => {}
            InstKind::LoadElement { data, .. } if self.is_lent(*data) => {}
            InstKind::LoadSlot(slot) => f(self.slot(*slot)),
            InstKind::LoadCell { slot, .. } => {
                f(self.slot(*slot));
                f(dimension(Heaps::CELLS));
            }
            InstKind::LoadField { pointer, offset, .. } => f(self.field(function, *pointer, *offset)),
            InstKind::LoadElement { cell: Cell::Value, data, .. } => self.each_value_at(*data, f),
            InstKind::LoadLength(pointer)
            | InstKind::LoadStart(pointer)
            | InstKind::LoadStep(pointer)
            | InstKind::LoadData(pointer) => f(self.header_of(*pointer)),
            InstKind::GuardShape { pointer, .. } | InstKind::IsShape { pointer, .. } => {
                f(self.shape_of(function, *pointer));
            }
            InstKind::GuardUnique { slot: Some(slot), .. } => f(self.unique(*slot)),
            InstKind::GuardUnique { slot: None, .. } => f(self.unique_inside()),
            InstKind::Unshare { home, .. } => f(self.unique_home(*home)),
            // Looking for a key compares it as a whole.
            InstKind::Operate { op: Operation::Find, args, .. }
                if !self.ways.get(args[1].index()).is_some_and(|way| way.fixed) =>
            {
                let items = Heaps::BOOLS.with(Heaps::INTS).with(Heaps::FLOATS).with(Heaps::VALUES);
                each_heap(kind.effects().reads.with(items).with(Heaps::HEADERS).with(Heaps::FIELDS), &mut f);
                self.each_field(f);
            }
            _ => each_heap(kind.effects().reads, f),
        }
    }

    fn each_field(&self, f: impl FnMut(usize)) {
        let first = self.other_fields();
        (first..=first + self.fields.len()).for_each(f);
    }

    /// Does an instruction write nothing?
    pub fn is_plain(kind: &InstKind) -> bool {
        let effects = kind.effects();
        effects.writes == Heaps::NONE && !effects.calls && matches!(kind.slot_writes(), SlotWrites::None) && !counts(kind)
    }

    /// Adds the dimensions an instruction writes to a set.
    pub fn add_writes(&self, function: &Function, kind: &InstKind, set: &mut DimensionSet) {
        if Memory::is_plain(kind) {
            return;
        }
        let (effects, slots) = (kind.effects(), kind.slot_writes());
        self.add_slots(slots, HEAP_DIMENSIONS, set);
        if effects.calls {
            set.insert_range(0..HEAP_DIMENSIONS);
            return set.insert_range(HEAP_DIMENSIONS + self.slots..self.dimensions());
        }
        if !matches!(kind, InstKind::Unshare { .. }) {
            self.add_slots(slots, HEAP_DIMENSIONS + self.slots, set);
        }
        self.add_uniqueness(function, kind, set);
        match resized(kind) {
            Some(slot) => self.headers_held(slot).into_iter().for_each(|dimension| set.insert(dimension)),
            _ if effects.writes.overlaps(Heaps::HEADERS) => {
                self.held_headers.iter().for_each(|(_, dimension)| set.insert(*dimension));
            }
            _ => {}
        }
        self.add_places(function, kind, effects.writes, set);
    }

    /// What loses its only holder.
    fn add_uniqueness(&self, function: &Function, kind: &InstKind, set: &mut DimensionSet) {
        match kind {
            InstKind::StoreSlotRetain(_, value) | InstKind::ReplaceSlot(_, value) | InstKind::Retain(value) => {
                self.share(*value, set)
            }
            InstKind::StoreOwned { home: Home::Element { .. } | Home::Field { .. } | Home::Entry(_), .. } => {
                set.insert(self.unique_inside());
            }
            // What it gives or stores may be a further reference to an argument or to something inside of one.
            InstKind::Operate { op, args, .. } if !op.is_mergeable() => {
                set.insert(self.unique_inside());
                args.iter().filter(|arg| function.ty(**arg).repr == Repr::Boxed).for_each(|arg| self.share(*arg, set));
            }
            InstKind::TakePart { .. } | InstKind::GivePart { .. } => set.insert(self.unique_inside()),
            // A number takes no reference.
            InstKind::Push { stays: true, .. } => {}
            // What was shared is copied, and what is inside of it shared.
            InstKind::Pop { .. } => set.insert(self.unique_inside()),
            InstKind::Push { value, .. } => {
                set.insert(self.unique_inside());
                if matches!(function.ty(*value).repr, Repr::Boxed | Repr::Ptr) {
                    self.share(*value, set);
                }
            }
            _ => {}
        }
    }

    /// Fields, elements and other heaps that are written.
    fn add_places(&self, function: &Function, kind: &InstKind, writes: Heaps, set: &mut DimensionSet) {
        let heaps = Heaps(writes.0 & !Heaps::SLOTS.0);
        match kind {
            InstKind::StoreField { pointer, offset, .. }
            | InstKind::Unshare { home: Home::Field { pointer, offset }, .. }
            | InstKind::StoreOwned { home: Home::Field { pointer, offset }, .. } => {
                set.insert(self.field(function, *pointer, *offset));
            }
            InstKind::StoreElement { cell: Cell::Value, data, .. }
            | InstKind::StoreElementValue { data, .. }
            | InstKind::Exchange { data, .. } => self.each_value_at(*data, |dimension| set.insert(dimension)),
            InstKind::TakePart { .. }
            | InstKind::GivePart { .. }
            | InstKind::Operate { .. }
            | InstKind::Push { .. }
            | InstKind::Pop { .. } => {
                if let Some(Home::Field { pointer, offset }) = changed_home(kind) {
                    set.insert(self.field(function, pointer, offset));
                }
                if matches!(kind, InstKind::Operate { op, .. } if op.writes_fields()) {
                    self.each_field(|dimension| set.insert(dimension));
                }
                each_heap(heaps, |dimension| set.insert(dimension));
            }
            _ => each_heap(heaps, |dimension| set.insert(dimension)),
        }
    }

    /// The dimensions of the value elements stored at an address.
    fn each_value_at(&self, data: ValueId, mut f: impl FnMut(usize)) {
        match self.ways.get(data.index()).and_then(|way| way.depth) {
            Some(depth) => f(DEPTHS[usize::from(depth)]),
            None => each_heap(Heaps::VALUES, f),
        }
    }

    /// The uniqueness that is lost when one more reference to a value is taken: also that of what is inside, since whoever holds the
    /// other reference may make a copy of the value, which then holds the same, and be the only holder again.
    fn share(&self, value: ValueId, set: &mut DimensionSet) {
        set.insert(self.unique_inside());
        match self.origin_of(value) {
            Origin::Slot(slot) => set.insert(self.unique(slot)),
            Origin::Inside => {}
            Origin::Unknown => set.insert_range(HEAP_DIMENSIONS + self.slots..HEAP_DIMENSIONS + 2 * self.slots + 1),
        }
    }

    /// May two pointers lead to one array, which is unshared with all containers around it? Not if they come from different slots, or
    /// there are more containers around one.
    pub fn may_be_same(&self, a: ValueId, b: ValueId) -> bool {
        let (a, b) = (self.ways[a.index()], self.ways[b.index()]);
        let apart = matches!((a.root, b.root), (Some(a), Some(b)) if a != b)
            || matches!((a.depth, b.depth), (Some(a), Some(b)) if a != b);
        !apart
    }

    /// Adds the slots that are written, or what belongs to each of them from `first` on.
    fn add_slots(&self, writes: SlotWrites<'_>, first: usize, set: &mut DimensionSet) {
        let one = |slot: SlotIx| first + slot.index() % self.slots.max(1);
        match writes {
            SlotWrites::None => {}
            SlotWrites::One(a) => set.insert(one(a)),
            SlotWrites::Two(a, b) => [a, b].into_iter().for_each(|slot| set.insert(one(slot))),
            SlotWrites::From(base) | SlotWrites::FromAnd(base, _) => {
                let from = if self.shared { 0 } else { base.index().min(self.slots) };
                set.insert_range(first + from..first + self.slots);
                if let SlotWrites::FromAnd(_, slot) = writes {
                    set.insert(one(slot));
                }
            }
            SlotWrites::Set(slots) => slots.iter().for_each(|slot| set.insert(one(*slot))),
        }
    }
}

/// The slot whose array an instruction makes longer or shorter.
fn resized(kind: &InstKind) -> Option<SlotIx> {
    match *kind {
        InstKind::Push { home: Home::Slot(slot), .. } | InstKind::Pop { home: Home::Slot(slot), .. } => Some(slot),
        InstKind::Operate { op, home: Some(Home::Slot(slot)), .. } if op.resizes() => Some(slot),
        _ => None,
    }
}

/// May it make further references to an object, whatever it writes?
fn counts(kind: &InstKind) -> bool {
    match kind {
        InstKind::Operate { op, .. } => !op.is_mergeable(),
        InstKind::Retain(_)
        | InstKind::StoreSlotRetain(..)
        | InstKind::ReplaceSlot(..)
        | InstKind::StoreOwned { .. }
        | InstKind::Unshare { .. }
        | InstKind::Push { .. }
        | InstKind::Pop { .. } => true,
        _ => false,
    }
}

/// The place in a container or slot that an instruction changes as a whole.
fn changed_home(kind: &InstKind) -> Option<Home> {
    match *kind {
        InstKind::Unshare { home, .. } | InstKind::StoreOwned { home, .. } => Some(home),
        InstKind::TakePart { home, .. } | InstKind::GivePart { home, .. } => Some(home),
        InstKind::Push { home, .. } | InstKind::Pop { home, .. } => Some(home),
        InstKind::CallMutating { place, .. } => Some(place),
        InstKind::CallCompiled { gives_back, .. } => gives_back,
        InstKind::Operate { home, .. } => home,
        _ => None,
    }
}

/// What a function has that matters to all of it.
#[derive(Default)]
struct Met {
    /// Slots that parts of locals are moved to, and these parts. An object is reached in two ways then, of which neither tells how far
    /// inside it is.
    taken: Vec<SlotIx>,
    parts: Vec<ValueId>,
    /// Something is appended to a slot's array, or taken from it.
    resizes: bool,
    /// A key is looked for in a dict.
    finds: bool,
}

impl Met {
    fn of(function: &Function) -> Met {
        let mut met = Met::default();
        for inst in function.blocks.iter().flat_map(|block| &block.insts) {
            match &inst.kind {
                InstKind::TakePart { value, to, .. } => {
                    met.taken.push(*to);
                    met.parts.push(*value);
                }
                InstKind::Push { .. } | InstKind::Pop { .. } => met.resizes |= resized(&inst.kind).is_some(),
                InstKind::Operate { op, .. } => {
                    met.resizes |= resized(&inst.kind).is_some();
                    met.finds |= matches!(op, Operation::Find | Operation::SetItem | Operation::UpdateItem(_));
                }
                _ => {}
            }
        }
        met
    }
}

impl Memory {
    /// Where the result of an instruction came from.
    fn way(&self, kind: &InstKind, result: ValueId, met: &Met) -> Way {
        let fixed = match *kind {
            InstKind::ConstPool(..) | InstKind::ConstBoxed(..) => true,
            InstKind::Box(value) => self.ways[value.index()].fixed || self.ways[result.index()].fixed,
            _ => self.ways[result.index()].fixed,
        };
        let lent = self.lends(kind);
        if !met.parts.is_empty() && met.parts.contains(&result) {
            return Way { fixed, lent, ..Way::UNKNOWN };
        }
        let source = Source::of(kind).map(|(source, inside)| (self.ways[source.index()], inside));
        let (depth, root) = (self.depth(kind, source, &met.taken), root(kind, source, &met.taken));
        Way { origin: self.origin(kind), root, depth, lent, fixed }
    }

    /// Where a value was read from.
    fn origin(&self, kind: &InstKind) -> Origin {
        match *kind {
            InstKind::LoadSlot(slot) | InstKind::Unshare { home: Home::Slot(slot), .. } => Origin::Slot(slot),
            InstKind::GuardTag { value, .. } | InstKind::Box(value) | InstKind::Unbox { value, .. } => {
                self.ways[value.index()].origin
            }
            InstKind::GuardShape { pointer, .. }
            | InstKind::GuardUnique { pointer, .. }
            | InstKind::Generalise { pointer, .. } => self.ways[pointer.index()].origin,
            InstKind::LoadFound { default: Some(default), .. } if self.ways[default.index()].origin != Origin::Inside => {
                Origin::Unknown
            }
            InstKind::LoadEntry { .. }
            | InstKind::LoadFound { .. }
            | InstKind::LoadElement { .. }
            | InstKind::LoadItem { .. }
            | InstKind::LoadPayload { .. }
            | InstKind::LoadField { .. }
            | InstKind::Unshare { .. }
            | InstKind::ConstPool(..) => Origin::Inside,
            InstKind::LoadModule { .. }
            | InstKind::LoadConstant { .. }
            | InstKind::LoadCell { .. }
            | InstKind::RunningClosure
            | InstKind::LoadCapture { .. }
            | InstKind::LoadCaptureCell { .. }
            | InstKind::ConstBoxed(..) => Origin::Inside,
            _ => Origin::Unknown,
        }
    }

    /// The depth of an object, and of the address of its elements. `source`: see [`Source`].
    fn depth(&self, kind: &InstKind, source: Option<(Way, bool)>, taken: &[SlotIx]) -> Option<u8> {
        let deepest = DEPTHS.len() as u8 - 1;
        match *kind {
            InstKind::LoadSlot(slot) if taken.contains(&slot) => None,
            InstKind::LoadSlot(_)
            | InstKind::LoadModule { .. }
            | InstKind::LoadConstant { .. }
            | InstKind::LoadCell { .. } => Some(0),
            InstKind::LoadCapture { .. } | InstKind::LoadCaptureCell { .. } => Some(0),
            // What was read elsewhere and is in a slot now is at neither depth for certain.
            InstKind::Unshare { home: Home::Slot(_) | Home::Variable(_), pointer, .. }
            | InstKind::GuardUnique { slot: Some(_), pointer, .. } => {
                self.ways[pointer.index()].depth.filter(|depth| *depth == 0)
            }
            _ => match source? {
                (outer, true) => outer.depth.map(|depth| (depth + 1).min(deepest)),
                (same, false) => same.depth,
            },
        }
    }

    /// Is it what a caller lends, or a variable that is never changed, or what is read from it? Only who has an array to itself may store
    /// its elements otherwise, and those who are lent one have not: they count it first.
    fn lends(&self, kind: &InstKind) -> bool {
        match *kind {
            InstKind::LoadConstant { .. } => true,
            InstKind::GuardTag { value, .. } | InstKind::Unbox { value, .. } => self.ways[value.index()].lent,
            InstKind::GuardShape { pointer, .. }
            | InstKind::LoadField { cell: Cell::Value, pointer, .. }
            | InstKind::LoadPayload { pointer, .. }
            | InstKind::LoadItem { pointer, .. }
            | InstKind::LoadData(pointer) => self.ways[pointer.index()].lent,
            InstKind::LoadElement { cell: Cell::Value, data, .. } => self.ways[data.index()].lent,
            _ => false,
        }
    }

    /// The slots whose objects are reached only by way of them: what is read from one is not stored to another, nor anywhere else. Only
    /// asked of where something is appended to a slot's array.
    fn held_apart(&self, function: &Function) -> Vec<SlotIx> {
        let insts = || function.blocks.iter().flat_map(|block| &block.insts);
        let slot_of = |value: ValueId| match self.ways[value.index()].origin {
            Origin::Slot(slot) => Some(slot),
            _ => None,
        };
        let read = |inst: &Inst| match &inst.kind {
            InstKind::LoadLength(pointer) | InstKind::LoadData(pointer) | InstKind::GuardShape { pointer, .. } => {
                slot_of(*pointer)
            }
            _ => None,
        };
        let mut slots: Vec<SlotIx> = insts().filter_map(read).collect();
        slots.sort();
        slots.dedup();
        let mut leaves = |slot: SlotIx| slots.retain(|other| *other != slot);
        for inst in insts() {
            if let InstKind::MoveSlot { from: slot, .. } | InstKind::TakePart { to: slot, .. } = inst.kind {
                leaves(slot);
            }
            each_stored(&inst.kind, |value| slot_of(value).into_iter().for_each(&mut leaves));
        }
        // A parameter of a block may be any of its arguments.
        let edges = function.blocks.iter().flat_map(|block| &block.term).flat_map(|term| term.successors());
        for value in edges.flat_map(|(_, args)| args).filter(|value| function.ty(**value).repr != Repr::I64) {
            slot_of(*value).into_iter().for_each(&mut leaves);
        }
        slots
    }
}

/// The slot that an object, or the address of its elements, was reached from.
fn root(kind: &InstKind, source: Option<(Way, bool)>, taken: &[SlotIx]) -> Option<SlotIx> {
    match *kind {
        InstKind::LoadSlot(slot) | InstKind::Unshare { home: Home::Slot(slot), .. } => {
            Some(slot).filter(|slot| !taken.contains(slot))
        }
        _ => source.and_then(|(way, _)| way.root),
    }
}

/// The operands that may be stored somewhere, or be part of the result.
fn each_stored(kind: &InstKind, mut f: impl FnMut(ValueId)) {
    match kind {
        InstKind::Unshare { .. } | InstKind::Generalise { .. } | InstKind::Settle { .. } | InstKind::Pop { .. } => {}
        InstKind::Push { value, .. } | InstKind::StoreElement { value, .. } | InstKind::StoreField { value, .. } => {
            f(*value)
        }
        _ if kind.effects().writes == Heaps::NONE && !kind.effects().calls => {}
        _ => kind.operands(f),
    }
}

/// What an object, or the address of its elements, was reached from.
struct Source;

impl Source {
    /// A container, or the address of its elements (`true`), or the same object.
    fn of(kind: &InstKind) -> Option<(ValueId, bool)> {
        match *kind {
            InstKind::Unshare { home: Home::Element { data: outer, .. } | Home::Field { pointer: outer, .. }, .. }
            | InstKind::LoadElement { data: outer, .. }
            | InstKind::LoadItem { pointer: outer, .. }
            | InstKind::LoadField { pointer: outer, .. } => Some((outer, true)),
            InstKind::GuardTag { value, .. } | InstKind::Box(value) | InstKind::Unbox { value, .. } => Some((value, false)),
            InstKind::GuardShape { pointer, .. }
            | InstKind::GuardUnique { pointer, .. }
            | InstKind::Generalise { pointer, .. }
            | InstKind::LoadData(pointer) => Some((pointer, false)),
            _ => None,
        }
    }
}

/// Can a value of these kinds not be an object with changeable contents?
fn is_fixed(kinds: Kinds) -> bool {
    let changes =
        [tag::ARRAY, tag::DICT, tag::SET, tag::STRUCT].into_iter().map(Kinds::of_tag).fold(Kinds::NEVER, Kinds::union);
    kinds.intersect(changes) == Kinds::NEVER
}

/// The dimension of one heap.
const fn dimension(heap: Heaps) -> usize {
    heap.0.trailing_zeros() as usize
}

/// Calls `f` for the dimensions of heaps.
fn each_heap(heaps: Heaps, mut f: impl FnMut(usize)) {
    let depths = 1 << DEPTHS[0] | 1 << DEPTHS[1] | 1 << DEPTHS[2];
    let mut bits = if heaps.overlaps(Heaps::VALUES) { heaps.0 | depths } else { heaps.0 & !depths };
    while bits != 0 {
        f(bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

/// A set of dimensions.
#[derive(Clone, Debug)]
pub struct DimensionSet {
    bits: Vec<u64>,
}

impl DimensionSet {
    pub fn empty(memory: &Memory) -> DimensionSet {
        DimensionSet { bits: vec![0; memory.dimensions().div_ceil(64)] }
    }

    pub fn insert(&mut self, dimension: usize) {
        self.bits[dimension / 64] |= 1 << (dimension % 64);
    }

    pub fn contains(&self, dimension: usize) -> bool {
        self.bits[dimension / 64] >> (dimension % 64) & 1 == 1
    }

    pub fn union(&mut self, other: &DimensionSet) {
        for (mine, theirs) in self.bits.iter_mut().zip(&other.bits) {
            *mine |= theirs;
        }
    }

    pub fn insert_range(&mut self, range: std::ops::Range<usize>) {
        range.for_each(|dimension| self.insert(dimension));
    }

    pub fn clear(&mut self) {
        self.bits.fill(0);
    }

    pub fn iter(&self) -> impl Iterator<Item = usize> {
        let words = self.bits.iter().enumerate();
        words.flat_map(|(word, bits)| {
            let rest = |bits: &u64| Some(bits & (bits - 1)).filter(|rest| *rest != 0);
            let lowest = std::iter::successors(Some(*bits).filter(|bits| *bits != 0), rest);
            lowest.map(move |bits| word * 64 + bits.trailing_zeros() as usize)
        })
    }
}

/// What each block that is reached writes.
pub fn block_writes(function: &Function, cfg: &Cfg, memory: &Memory) -> Vec<DimensionSet> {
    let mut writes = vec![DimensionSet { bits: Vec::new() }; function.blocks.len()];
    cfg.order.iter().for_each(|block| writes[block.index()] = writes_of(function, memory, *block));
    writes
}

/// What a block writes.
pub fn writes_of(function: &Function, memory: &Memory, block: BlockId) -> DimensionSet {
    let mut set = DimensionSet::empty(memory);
    for inst in &function.blocks[block.index()].insts {
        memory.add_writes(function, &inst.kind, &mut set);
    }
    set
}
