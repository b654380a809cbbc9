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
use ahash::AHashMap;

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
    fields: AHashMap<(u32, u32), usize>,
    /// The dimensions of headers of what slots hold.
    held_headers: AHashMap<SlotIx, usize>,
    origins: Vec<Origin>,
    /// How many containers there are between a slot or variable and what each value belongs to, if that is known.
    depths: Vec<Option<u8>>,
    /// The slot that each value was read from, or from something inside of.
    roots: Vec<Option<SlotIx>>,
    /// What a caller or a variable lends for as long as the code runs, and what is inside of it: nothing changes that in place, since
    /// whoever lends holds it.
    lent: Vec<bool>,
    /// Values that no write changes: all but those that may be objects with changeable contents.
    fixed: Vec<bool>,
}

/// What an instruction writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Writes {
    These(Vec<usize>),
    /// Every heap and field, and these slots.
    Everything(Vec<usize>),
}

impl Memory {
    pub fn new(function: &Function) -> Memory {
        let most = (MOST_VERSIONS / function.blocks.len().max(1)).max(1);
        let slots = (function.frame_slots as usize).min(most);
        let mut fields = AHashMap::new();
        for inst in function.blocks.iter().flat_map(|block| &block.insts) {
            if let InstKind::LoadField { pointer, offset, .. } | InstKind::StoreField { pointer, offset, .. } = inst.kind {
                let next = HEAP_DIMENSIONS + 2 * slots + 1 + fields.len();
                fields.entry((function.ty(pointer).shape, offset)).or_insert(next);
            }
            if let Some(Home::Field { pointer, offset }) = changed_home(&inst.kind) {
                let next = HEAP_DIMENSIONS + 2 * slots + 1 + fields.len();
                fields.entry((function.ty(pointer).shape, offset)).or_insert(next);
            }
        }
        let Ways { origins, depths, roots } = Ways::new(function);
        let first = HEAP_DIMENSIONS + 2 * slots + 1 + fields.len();
        let apart = held_apart(function, &origins).into_iter().filter(|slot| slot.index() < slots);
        Memory {
            slots,
            shared: slots < function.frame_slots as usize,
            fields,
            held_headers: apart.enumerate().map(|(at, slot)| (slot, first + at)).collect(),
            origins,
            depths,
            roots,
            lent: lent(function),
            fixed: fixed(function),
        }
    }

    /// Number of dimensions.
    pub fn len(&self) -> usize {
        HEAP_DIMENSIONS + 2 * self.slots + 1 + self.fields.len() + self.held_headers.len()
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
            Home::Element { .. } | Home::Field { .. } | Home::Variable(_) => self.unique_inside(),
        }
    }

    pub fn slot(&self, slot: SlotIx) -> usize {
        HEAP_DIMENSIONS + slot.index() % self.slots.max(1)
    }

    /// Lengths, addresses and kinds of elements.
    pub fn headers(&self) -> usize {
        heap_dimensions(Heaps::HEADERS)[0]
    }

    /// The dimension of the header of what a pointer leads to.
    pub fn header_of(&self, pointer: ValueId) -> usize {
        match self.origins.get(pointer.index()) {
            Some(Origin::Slot(slot)) => self.held_headers.get(slot).copied().unwrap_or(self.headers()),
            _ => self.headers(),
        }
    }

    /// The dimension of the shape of what a pointer leads to: what makes arrays longer or shorter leaves that of instances as it is.
    pub fn shape_of(&self, function: &Function, pointer: ValueId) -> usize {
        match function.ty(pointer).kinds.single() {
            Some(tag::STRUCT) => heap_dimensions(Heaps::SHAPES)[0],
            _ => self.header_of(pointer),
        }
    }

    fn is_slot(&self, dimension: usize) -> bool {
        (HEAP_DIMENSIONS..HEAP_DIMENSIONS + self.slots).contains(&dimension)
    }

    fn field(&self, function: &Function, pointer: crate::jit::ir::ValueId, offset: u32) -> usize {
        self.fields[&(function.ty(pointer).shape, offset)]
    }

    /// Later passes may make values of their own.
    fn is_lent(&self, value: ValueId) -> bool {
        self.lent.get(value.index()).is_some_and(|lent| *lent)
    }

    /// The dimensions an instruction reads.
    pub fn reads(&self, function: &Function, kind: &InstKind) -> Vec<usize> {
        match kind {
            InstKind::LoadField { pointer, .. }
            | InstKind::LoadLength(pointer)
            | InstKind::LoadStart(pointer)
            | InstKind::LoadStep(pointer)
            | InstKind::LoadData(pointer)
            | InstKind::GuardShape { pointer, .. }
            | InstKind::IsShape { pointer, .. }
                if self.is_lent(*pointer) =>
            {
                Vec::new()
            }
            InstKind::LoadElement { data, .. } if self.is_lent(*data) => Vec::new(),
            InstKind::LoadSlot(slot) => vec![self.slot(*slot)],
            InstKind::LoadCell { slot, .. } => vec![self.slot(*slot), heap_dimensions(Heaps::CELLS)[0]],
            InstKind::LoadField { pointer, offset, .. } => vec![self.field(function, *pointer, *offset)],
            InstKind::LoadElement { cell: Cell::Value, data, .. } => self.values_at(*data),
            InstKind::LoadLength(pointer)
            | InstKind::LoadStart(pointer)
            | InstKind::LoadStep(pointer)
            | InstKind::LoadData(pointer) => vec![self.header_of(*pointer)],
            InstKind::GuardShape { pointer, .. } | InstKind::IsShape { pointer, .. } => {
                vec![self.shape_of(function, *pointer)]
            }
            InstKind::GuardUnique { slot: Some(slot), .. } => vec![self.unique(*slot)],
            InstKind::GuardUnique { slot: None, .. } => vec![self.unique_inside()],
            InstKind::Unshare { home, .. } => vec![self.unique_home(*home)],
            // Looking for a key compares it as a whole.
            InstKind::Operate { op: Operation::Find, args, .. }
                if !self.fixed.get(args[1].index()).is_some_and(|fixed| *fixed) =>
            {
                let items = Heaps::BOOLS.with(Heaps::INTS).with(Heaps::FLOATS).with(Heaps::VALUES);
                let read = kind.effects().reads.with(items).with(Heaps::HEADERS).with(Heaps::FIELDS);
                heap_dimensions(read).into_iter().chain(self.fields.values().copied()).collect()
            }
            _ => heap_dimensions(kind.effects().reads),
        }
    }

    /// The dimensions an instruction writes.
    pub fn writes(&self, function: &Function, kind: &InstKind) -> Writes {
        let (effects, slots) = (kind.effects(), kind.slot_writes());
        if effects.writes == Heaps::NONE && !effects.calls && matches!(slots, SlotWrites::None) && !counts(kind) {
            return Writes::These(Vec::new());
        }
        let mut dimensions = self.slot_writes(slots);
        if effects.calls {
            return Writes::Everything(dimensions);
        }
        if !matches!(kind, InstKind::Unshare { .. }) {
            let slots: Vec<usize> = dimensions.iter().map(|slot| slot + self.slots).collect();
            dimensions.extend(slots);
        }
        match kind {
            InstKind::StoreSlotRetain(_, value) | InstKind::ReplaceSlot(_, value) | InstKind::Retain(value) => {
                self.share(*value, &mut dimensions)
            }
            InstKind::StoreOwned { home: Home::Element { .. }, .. } => dimensions.push(self.unique_inside()),
            // What it gives or stores may be a further reference to an argument or to something inside of one.
            InstKind::Operate { op, args, .. } if !op.is_mergeable() => {
                dimensions.push(self.unique_inside());
                args.iter()
                    .filter(|arg| function.ty(**arg).repr == Repr::Boxed)
                    .for_each(|arg| self.share(*arg, &mut dimensions));
            }
            InstKind::StoreOwned { home: Home::Field { .. }, .. } => dimensions.push(self.unique_inside()),
            InstKind::TakePart { .. } | InstKind::GivePart { .. } => dimensions.push(self.unique_inside()),
            // A number takes no reference.
            InstKind::Push { stays: true, .. } => {}
            // What was shared is copied, and what is inside of it shared.
            InstKind::Pop { .. } => dimensions.push(self.unique_inside()),
            InstKind::Push { value, .. } => {
                dimensions.push(self.unique_inside());
                if matches!(function.ty(*value).repr, Repr::Boxed | Repr::Ptr) {
                    self.share(*value, &mut dimensions);
                }
            }
            _ => {}
        }
        match resized(kind) {
            Some(slot) => dimensions.extend(self.held_headers.get(&slot)),
            _ if effects.writes.overlaps(Heaps::HEADERS) => dimensions.extend(self.held_headers.values()),
            _ => {}
        }
        match kind {
            InstKind::StoreField { pointer, offset, .. } => dimensions.push(self.field(function, *pointer, *offset)),
            InstKind::Unshare { home: Home::Field { pointer, offset }, .. }
            | InstKind::StoreOwned { home: Home::Field { pointer, offset }, .. } => {
                dimensions.push(self.field(function, *pointer, *offset));
            }
            InstKind::TakePart { home, .. } | InstKind::GivePart { home, .. } => {
                if let Home::Field { pointer, offset } = *home {
                    dimensions.push(self.field(function, pointer, offset));
                }
                dimensions.extend(heap_dimensions(Heaps(effects.writes.0 & !Heaps::SLOTS.0)));
            }
            InstKind::StoreElement { cell: Cell::Value, data, .. }
            | InstKind::StoreElementValue { data, .. }
            | InstKind::Exchange { data, .. } => {
                dimensions.extend(self.values_at(*data));
            }
            InstKind::Operate { .. } | InstKind::Push { .. } | InstKind::Pop { .. } => {
                if let Some(Home::Field { pointer, offset }) = changed_home(kind) {
                    dimensions.push(self.field(function, pointer, offset));
                }
                if matches!(kind, InstKind::Operate { op, .. } if op.writes_fields()) {
                    dimensions.extend(self.fields.values().copied());
                }
                dimensions.extend(heap_dimensions(Heaps(effects.writes.0 & !Heaps::SLOTS.0)));
            }
            _ => dimensions.extend(heap_dimensions(Heaps(effects.writes.0 & !Heaps::SLOTS.0))),
        }
        Writes::These(dimensions)
    }

    /// The dimensions of the value elements stored at an address.
    fn values_at(&self, data: ValueId) -> Vec<usize> {
        match self.depths.get(data.index()).copied().flatten() {
            Some(depth) => vec![DEPTHS[usize::from(depth)]],
            None => heap_dimensions(Heaps::VALUES),
        }
    }

    /// The uniqueness that is lost when one more reference to a value is taken.
    fn share(&self, value: ValueId, dimensions: &mut Vec<usize>) {
        match self.origins.get(value.index()) {
            Some(Origin::Slot(slot)) => dimensions.push(self.unique(*slot)),
            Some(Origin::Inside) => dimensions.push(self.unique_inside()),
            _ => dimensions.extend((0..=self.slots).map(|slot| HEAP_DIMENSIONS + self.slots + slot)),
        }
    }

    /// May two pointers lead to one array, which is unshared with all containers around it? Not if they come from different slots, or
    /// there are more containers around one.
    pub fn may_be_same(&self, a: ValueId, b: ValueId) -> bool {
        let slots = (self.roots[a.index()], self.roots[b.index()]);
        let depths = (self.depths[a.index()], self.depths[b.index()]);
        let apart = matches!(slots, (Some(a), Some(b)) if a != b) || matches!(depths, (Some(a), Some(b)) if a != b);
        !apart
    }

    fn slot_writes(&self, writes: SlotWrites<'_>) -> Vec<usize> {
        match writes {
            SlotWrites::None => Vec::new(),
            SlotWrites::One(a) => vec![self.slot(a)],
            SlotWrites::Two(a, b) => vec![self.slot(a), self.slot(b)],
            SlotWrites::From(base) => {
                let first = if self.shared { 0 } else { base.index() };
                (first..self.slots).map(|slot| HEAP_DIMENSIONS + slot).collect()
            }
            SlotWrites::FromAnd(base, one) => {
                let mut all = self.slot_writes(SlotWrites::From(base));
                all.push(self.slot(one));
                all
            }
            SlotWrites::Set(slots) => slots.iter().map(|slot| self.slot(*slot)).collect(),
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
    matches!(
        kind,
        InstKind::Retain(_)
            | InstKind::StoreSlotRetain(..)
            | InstKind::ReplaceSlot(..)
            | InstKind::StoreOwned { .. }
            | InstKind::Unshare { .. }
            | InstKind::Operate { .. }
            | InstKind::Push { .. }
            | InstKind::Pop { .. }
    )
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

/// Slots that parts of locals are moved to, and these parts. An object is reached in two ways then, of which neither tells how far
/// inside it is.
fn taken(function: &Function) -> (Vec<SlotIx>, Vec<ValueId>) {
    let insts = function.blocks.iter().flat_map(|block| &block.insts);
    let taken = |inst: &Inst| match inst.kind {
        InstKind::TakePart { value, to, .. } => Some((to, value)),
        _ => None,
    };
    insts.filter_map(taken).unzip()
}

/// What is known of where values came from, by value.
struct Ways {
    origins: Vec<Origin>,
    depths: Vec<Option<u8>>,
    roots: Vec<Option<SlotIx>>,
}

impl Ways {
    fn new(function: &Function) -> Ways {
        let (taken, parts) = taken(function);
        let count = function.values.len();
        let mut ways = Ways { origins: vec![Origin::Unknown; count], depths: vec![None; count], roots: vec![None; count] };
        // What a caller lends is in none of the slots.
        function.params.iter().for_each(|(_, value)| ways.origins[value.index()] = Origin::Inside);
        // Twice, since a block may stand before one that defines what it uses.
        for _ in 0..2 {
            for inst in function.blocks.iter().flat_map(|block| &block.insts) {
                let Some(result) = inst.result.filter(|result| !parts.contains(result)) else { continue };
                ways.origins[result.index()] = ways.origin(&inst.kind);
                let source = Source::of(&inst.kind);
                ways.depths[result.index()] = ways.depth(&inst.kind, &source, &taken);
                ways.roots[result.index()] = ways.root(&inst.kind, &source, &taken);
            }
        }
        ways
    }

    /// Where a value was read from.
    fn origin(&self, kind: &InstKind) -> Origin {
        match *kind {
            InstKind::LoadSlot(slot) | InstKind::Unshare { home: Home::Slot(slot), .. } => Origin::Slot(slot),
            InstKind::GuardTag { value, .. } | InstKind::Box(value) | InstKind::Unbox { value, .. } => {
                self.origins[value.index()]
            }
            InstKind::GuardShape { pointer, .. }
            | InstKind::GuardUnique { pointer, .. }
            | InstKind::Generalise { pointer, .. } => self.origins[pointer.index()],
            InstKind::LoadFound { default: Some(default), .. } if self.origins[default.index()] != Origin::Inside => {
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
            | InstKind::LoadCapture { .. }
            | InstKind::ConstBoxed(..) => Origin::Inside,
            _ => Origin::Unknown,
        }
    }

    /// The depth of an object, and of the address of its elements.
    fn depth(&self, kind: &InstKind, source: &Option<Source>, taken: &[SlotIx]) -> Option<u8> {
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
                self.depths[pointer.index()].filter(|depth| *depth == 0)
            }
            _ => match source {
                Some(Source::Inside(outer)) => self.depths[outer.index()].map(|depth| (depth + 1).min(deepest)),
                Some(Source::Same(value)) => self.depths[value.index()],
                None => None,
            },
        }
    }

    /// The slot that an object, or the address of its elements, was reached from.
    fn root(&self, kind: &InstKind, source: &Option<Source>, taken: &[SlotIx]) -> Option<SlotIx> {
        match *kind {
            InstKind::LoadSlot(slot) | InstKind::Unshare { home: Home::Slot(slot), .. } => {
                Some(slot).filter(|slot| !taken.contains(slot))
            }
            _ => match source {
                Some(Source::Inside(value) | Source::Same(value)) => self.roots[value.index()],
                None => None,
            },
        }
    }
}

/// What a caller lends, or a variable that is never changed, and what is read from it. Only who has an array to itself may store its
/// elements otherwise, and those who are lent one have not: they count it first.
fn lent(function: &Function) -> Vec<bool> {
    let mut lent = vec![false; function.values.len()];
    function.params.iter().for_each(|(_, value)| lent[value.index()] = true);
    // Twice, since a block may stand before one that defines what it uses.
    for _ in 0..2 {
        for inst in function.blocks.iter().flat_map(|block| &block.insts) {
            let Some(result) = inst.result else { continue };
            lent[result.index()] |= match inst.kind {
                InstKind::LoadConstant { .. } => true,
                InstKind::GuardTag { value, .. } | InstKind::Unbox { value, .. } => lent[value.index()],
                InstKind::GuardShape { pointer, .. }
                | InstKind::LoadField { cell: Cell::Value, pointer, .. }
                | InstKind::LoadPayload { pointer, .. }
                | InstKind::LoadItem { pointer, .. }
                | InstKind::LoadData(pointer) => lent[pointer.index()],
                InstKind::LoadElement { cell: Cell::Value, data, .. } => lent[data.index()],
                _ => false,
            };
        }
    }
    lent
}

/// The slots whose objects are reached only by way of them: what is read from one is not stored to another, nor anywhere else. Only
/// asked of where something is appended to a slot's array.
fn held_apart(function: &Function, origins: &[Origin]) -> Vec<SlotIx> {
    let insts = || function.blocks.iter().flat_map(|block| &block.insts);
    if !insts().any(|inst| resized(&inst.kind).is_some()) {
        return Vec::new();
    }
    let read = |inst: &Inst| match (&inst.kind, inst.result) {
        (InstKind::LoadLength(pointer) | InstKind::LoadData(pointer) | InstKind::GuardShape { pointer, .. }, _) => {
            match origins[pointer.index()] {
                Origin::Slot(slot) => Some(slot),
                _ => None,
            }
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
        each_stored(&inst.kind, |value| {
            if let Origin::Slot(slot) = origins[value.index()] {
                leaves(slot);
            }
        });
    }
    // A parameter of a block may be any of its arguments.
    let edges = function.blocks.iter().flat_map(|block| &block.term).flat_map(|term| term.successors());
    for value in edges.flat_map(|(_, args)| args) {
        if let (Origin::Slot(slot), true) = (origins[value.index()], function.ty(*value).repr != Repr::I64) {
            leaves(slot);
        }
    }
    slots
}

/// The operands that may be stored somewhere, or be part of the result.
fn each_stored(kind: &InstKind, mut f: impl FnMut(ValueId)) {
    match kind {
        InstKind::Unshare { .. } | InstKind::Generalise { .. } | InstKind::Settle { .. } | InstKind::Pop { .. } => {}
        InstKind::Push { value, .. } | InstKind::StoreElement { value, .. } | InstKind::StoreField { value, .. } => {
            f(*value)
        }
        _ if kind.effects().writes == Heaps::NONE && !kind.effects().calls => {}
        _ => kind.clone().each_operand(|value| f(*value)),
    }
}

/// What an object, or the address of its elements, was reached from.
enum Source {
    /// A container, or the address of its elements.
    Inside(ValueId),
    /// The same object.
    Same(ValueId),
}

impl Source {
    fn of(kind: &InstKind) -> Option<Source> {
        match *kind {
            InstKind::Unshare { home: Home::Element { data: outer, .. } | Home::Field { pointer: outer, .. }, .. }
            | InstKind::LoadElement { data: outer, .. }
            | InstKind::LoadItem { pointer: outer, .. }
            | InstKind::LoadField { pointer: outer, .. } => Some(Source::Inside(outer)),
            InstKind::GuardTag { value, .. } | InstKind::Box(value) | InstKind::Unbox { value, .. } => {
                Some(Source::Same(value))
            }
            InstKind::GuardShape { pointer, .. }
            | InstKind::GuardUnique { pointer, .. }
            | InstKind::Generalise { pointer, .. }
            | InstKind::LoadData(pointer) => Some(Source::Same(pointer)),
            _ => None,
        }
    }
}

fn fixed(function: &Function) -> Vec<bool> {
    let changes =
        [tag::ARRAY, tag::DICT, tag::SET, tag::STRUCT].into_iter().map(Kinds::of_tag).fold(Kinds::NEVER, Kinds::union);
    let is_fixed = |value: ValueId| function.ty(value).kinds.intersect(changes) == Kinds::NEVER;
    let mut fixed: Vec<bool> = (0..function.values.len() as u32).map(|at| is_fixed(ValueId(at))).collect();
    for inst in function.blocks.iter().flat_map(|block| &block.insts) {
        let Some(result) = inst.result else { continue };
        match inst.kind {
            InstKind::ConstPool(..) | InstKind::ConstBoxed(..) => fixed[result.index()] = true,
            InstKind::Box(value) => fixed[result.index()] |= is_fixed(value),
            _ => {}
        }
    }
    fixed
}

fn heap_dimensions(heaps: Heaps) -> Vec<usize> {
    if heaps == Heaps::NONE {
        return Vec::new();
    }
    let depths = if heaps.overlaps(Heaps::VALUES) { &DEPTHS[..] } else { &[] };
    let plain = (0..HEAP_DIMENSIONS).filter(|bit| heaps.0 >> bit & 1 == 1 && !DEPTHS.contains(bit));
    plain.chain(depths.iter().copied()).collect()
}

/// A set of dimensions.
#[derive(Clone, Debug)]
pub struct DimensionSet {
    bits: Vec<u64>,
}

impl DimensionSet {
    pub fn empty(memory: &Memory) -> DimensionSet {
        DimensionSet { bits: vec![0; memory.len().div_ceil(64)] }
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

    pub fn add(&mut self, memory: &Memory, writes: Writes) {
        match writes {
            Writes::These(dimensions) => dimensions.into_iter().for_each(|d| self.insert(d)),
            Writes::Everything(slots) => {
                (0..memory.len()).filter(|d| !memory.is_slot(*d)).for_each(|d| self.insert(d));
                slots.into_iter().for_each(|d| self.insert(d));
            }
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.bits
            .iter()
            .enumerate()
            .flat_map(|(word, bits)| (0..64).filter(move |bit| bits >> bit & 1 == 1).map(move |bit| word * 64 + bit))
    }
}

/// What each block writes.
pub fn block_writes(function: &Function, memory: &Memory) -> Vec<DimensionSet> {
    (0..function.blocks.len() as u32).map(|block| writes_of(function, memory, BlockId(block))).collect()
}

/// What a block writes.
pub fn writes_of(function: &Function, memory: &Memory, block: BlockId) -> DimensionSet {
    let mut set = DimensionSet::empty(memory);
    for inst in &function.blocks[block.index()].insts {
        set.add(memory, memory.writes(function, &inst.kind));
    }
    set
}
