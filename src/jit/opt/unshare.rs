//! Makes what a loop writes to unshared once, in front of the loop.
//!
//! An [`InstKind::Unshare`] of a slot in a loop is moved to the preheader if nothing in the loop can make the slot's object
//! shared again or put another one into the slot; after that the loop only reads the slot, so its checks and addresses can move
//! out as well. One that not every turn reaches becomes a plain check where it stands, if it was a guess, and so does what is left of the
//! `self` of a mutating method.
//!
//! Parts of such an object that each turn changes (`rows[r][c] = …`) are unshared in front of the loop as well: their checks in the
//! loop stay, and move out with what is read of them.
//! Relies on: an object that only a slot holds becomes shared only by taking a reference to what was read from that slot.
//! Must not: copy for turns that may not write (hence only what every turn reaches is moved). A loop of no turns may copy in vain.
use super::memory::{DimensionSet, Memory};
use crate::jit::ir::cfg::{Cfg, Loop};
use crate::jit::ir::ids::IdMap;
use crate::jit::ir::inst::{Cell, Home, Origin};
use crate::jit::ir::{BlockId, Function, Inst, InstKind, SlotIx, StateId, Type, ValueId};

/// Returns the number of instructions moved or turned into checks.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    let mut changed = 0;
    let mut replace: Vec<ValueId> = (0..function.values.len() as u32).map(ValueId).collect();
    let memory = has_unshare(function).then(|| Memory::new(function, cfg));
    for looped in &cfg.loops {
        let (Some(preheader), Some(memory)) = (looped.preheader, &memory) else { continue };
        for slot in unshared_slots(function, looped) {
            if !keeps_unshared(function, memory, looped, slot) {
                continue;
            }
            changed += if is_always_reached(function, cfg, looped, slot) {
                Moving { cfg, memory, looped, slot }.hoist(function, preheader, &mut replace)
            } else {
                check_only(function, looped, slot)
            };
        }
    }
    changed += check_self(function);
    replace.extend((replace.len() as u32..function.values.len() as u32).map(ValueId));
    super::rewrite(function, &replace);
    changed
}

/// Is anything made unshared?
fn has_unshare(function: &Function) -> bool {
    function.blocks.iter().flat_map(|block| &block.insts).any(|inst| matches!(inst.kind, InstKind::Unshare { .. }))
}

fn unshare_of(inst: &Inst, wanted: SlotIx) -> bool {
    matches!(inst.kind, InstKind::Unshare { home: Home::Slot(slot), .. } if slot == wanted)
}

fn insts<'a>(function: &'a Function, looped: &'a Loop) -> impl Iterator<Item = (BlockId, &'a Inst)> {
    looped.blocks.iter().flat_map(|block| function.blocks[block.index()].insts.iter().map(move |inst| (*block, inst)))
}

fn unshared_slots(function: &Function, looped: &Loop) -> Vec<SlotIx> {
    let mut slots: Vec<SlotIx> = insts(function, looped)
        .filter_map(|(_, inst)| match inst.kind {
            InstKind::Unshare { home: Home::Slot(slot), .. } => Some(slot),
            _ => None,
        })
        .collect();
    slots.sort();
    slots.dedup();
    slots
}

/// Does the slot keep its object, and the object its only holder, all through the loop? What has been put in front of loops since `memory`
/// was looked at is unknown to it.
fn keeps_unshared(function: &Function, memory: &Memory, looped: &Loop, slot: SlotIx) -> bool {
    let mut written = DimensionSet::empty(memory);
    for (_, inst) in insts(function, looped).filter(|(_, inst)| !unshare_of(inst, slot)) {
        memory.add_writes(function, &inst.kind, &mut written);
    }
    !written.contains(memory.slot(slot)) && !written.contains(memory.unique(slot))
}

fn is_always_reached(function: &Function, cfg: &Cfg, looped: &Loop, slot: SlotIx) -> bool {
    insts(function, looped).any(|(block, inst)| unshare_of(inst, slot) && cfg.is_in_each_turn(function, block, looped))
}

/// A slot whose object is made unshared in front of a loop.
struct Moving<'a> {
    cfg: &'a Cfg,
    memory: &'a Memory,
    looped: &'a Loop,
    slot: SlotIx,
}

impl Moving<'_> {
    /// One `Unshare` in the preheader; those in the loop give what they are given. It copies what is shared, also where they were a guess:
    /// leaving would cost the loop all that stands in front of it.
    fn hoist(self, function: &mut Function, preheader: BlockId, replace: &mut Vec<ValueId>) -> usize {
        let Moving { cfg, memory, looped, slot } = self;
        let found = insts(function, looped).find(|(_, inst)| unshare_of(inst, slot));
        let Some((InstKind::Unshare { pointer, .. }, origin)) = found.map(|(_, inst)| (&inst.kind, inst.origin)) else {
            return 0;
        };
        let (ty, exit) =
            (function.ty(*pointer), function.blocks[preheader.index()].preheader.expect("a loop's preheader has a state"));
        let Some(tag) = ty.kinds.single() else { return 0 };
        let parts = Parts::of(function, looped, slot);
        let found = parts.found(function, cfg, looped);
        let removed = parts.check_only(function, memory, looped, &found) + remove(function, looped, slot, replace);
        let mut front = Front { function, preheader, exit, origin, replace };
        let boxed = front.emit(InstKind::LoadSlot(slot), Type::ANY);
        let object = front.checked(boxed, tag, ty);
        let object = front.emit(InstKind::Unshare { home: Home::Slot(slot), pointer: object, guess: false, exit }, ty);
        removed + found.iter().map(|part| front.unshare(object, part)).count()
    }
}

/// Takes the `Unshare`s of a slot out of a loop.
fn remove(function: &mut Function, looped: &Loop, slot: SlotIx, replace: &mut [ValueId]) -> usize {
    let mut removed = 0;
    for &block in &looped.blocks {
        function.blocks[block.index()].insts.retain(|inst| {
            let InstKind::Unshare { pointer, .. } = inst.kind else { return true };
            if !unshare_of(inst, slot) {
                return true;
            }
            if let Some(result) = inst.result {
                replace[result.index()] = pointer;
            }
            removed += 1;
            false
        });
    }
    removed
}

/// Where instructions are put in front of a loop.
struct Front<'a> {
    function: &'a mut Function,
    preheader: BlockId,
    exit: StateId,
    origin: Origin,
    replace: &'a mut Vec<ValueId>,
}

impl Front<'_> {
    fn emit(&mut self, kind: InstKind, ty: Type) -> ValueId {
        let result = self.function.new_value(ty);
        self.replace.push(result);
        let inst = Inst { kind, result: Some(result), origin: self.origin };
        self.function.blocks[self.preheader.index()].insts.push(inst);
        result
    }

    /// The object of this tag and type that a value is.
    fn checked(&mut self, value: ValueId, tag: u64, ty: Type) -> ValueId {
        let exit = self.exit;
        let pointer = self.emit(InstKind::GuardTag { value, tag, exit }, Type::pointer(tag, 0));
        if ty.shape == 0 { pointer } else { self.emit(InstKind::GuardShape { pointer, shape: ty.shape, exit }, ty) }
    }

    /// Unshares a part of an object that nobody else holds.
    fn unshare(&mut self, whole: ValueId, part: &Part) {
        self.origin = part.origin;
        let exit = self.exit;
        let (home, load) = match part.place {
            Place::Element { index, length } => {
                let length = self.emit(InstKind::LoadLength(whole), length);
                let index = self.emit(InstKind::GuardBounds { index, length, exit: Some(exit) }, Type::INT);
                let data = self.emit(InstKind::LoadData(whole), Type::RAW);
                (Home::Element { data, index }, InstKind::LoadElement { cell: Cell::Value, data, index })
            }
            Place::Field { offset } => {
                let pointer = whole;
                (Home::Field { pointer, offset }, InstKind::LoadField { cell: Cell::Value, pointer, offset })
            }
        };
        let value = self.emit(load, Type::ANY);
        let pointer = self.checked(value, part.tag, part.ty);
        self.emit(InstKind::Unshare { home, pointer, guess: false, exit }, part.ty);
    }
}

/// A part that each turn of a loop changes.
struct Part {
    place: Place,
    tag: u64,
    ty: Type,
    origin: Origin,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// At an index that is the same in all turns; `length`: the type of the array's length.
    Element {
        index: ValueId,
        length: Type,
    },
    Field {
        offset: u32,
    },
}

/// How the values of a loop are made, to find parts of what a slot holds.
struct Parts {
    slot: SlotIx,
    /// The block and place of the instruction that makes each value.
    made: IdMap<ValueId, (BlockId, usize)>,
    params: Vec<ValueId>,
    /// Pointers that are unshared in the loop.
    wholes: Vec<ValueId>,
}

impl Parts {
    fn of(function: &Function, looped: &Loop, slot: SlotIx) -> Parts {
        let (mut made, mut wholes, mut params) = (IdMap::default(), Vec::new(), Vec::new());
        for &block in &looped.blocks {
            let data = &function.blocks[block.index()];
            params.extend_from_slice(&data.params);
            made.reserve(data.insts.len());
            for (at, inst) in data.insts.iter().enumerate() {
                made.extend(inst.result.map(|result| (result, (block, at))));
                match inst.kind {
                    InstKind::Unshare { pointer, .. } if unshare_of(inst, slot) => wholes.push(pointer),
                    _ => {}
                }
            }
        }
        Parts { slot, made, params, wholes }
    }

    fn maker<'a>(&self, function: &'a Function, value: ValueId) -> Option<&'a InstKind> {
        let (block, at) = self.made.get(&value)?;
        Some(&function.blocks[block.index()].insts[*at].kind)
    }

    /// Those that are checked or unshared in each turn.
    fn found(&self, function: &Function, cfg: &Cfg, looped: &Loop) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for (block, inst) in insts(function, looped) {
            let (InstKind::GuardUnique { slot: None, pointer, .. } | InstKind::Unshare { pointer, .. }) = inst.kind else {
                continue;
            };
            if let Some((place, tag)) = self.place_of(function, pointer)
                && cfg.is_in_each_turn(function, block, looped)
                && !parts.iter().any(|part| part.place == place)
            {
                parts.push(Part { place, tag, ty: function.ty(pointer), origin: inst.origin });
            }
        }
        parts
    }

    /// Parts that were unshared in front of the loop are checked in it, if nothing in the loop can make one shared.
    fn check_only(&self, function: &mut Function, memory: &Memory, looped: &Loop, parts: &[Part]) -> usize {
        let is_part = |function: &Function, inst: &Inst| match inst.kind {
            InstKind::Unshare { home: Home::Element { .. } | Home::Field { .. }, pointer, .. } => {
                self.place_of(function, pointer).is_some_and(|(place, _)| parts.iter().any(|part| part.place == place))
            }
            _ => false,
        };
        let mut written = DimensionSet::empty(memory);
        for (_, inst) in insts(function, looped).filter(|(_, inst)| !is_part(function, inst)) {
            memory.add_writes(function, &inst.kind, &mut written);
        }
        if written.contains(memory.unique_inside()) {
            return 0;
        }
        let mut changed = 0;
        for &block in &looped.blocks {
            for at in 0..function.blocks[block.index()].insts.len() {
                let inst = &function.blocks[block.index()].insts[at];
                let (true, InstKind::Unshare { pointer, exit, .. }) = (is_part(function, inst), &inst.kind) else {
                    continue;
                };
                let kind = InstKind::GuardUnique { slot: None, pointer: *pointer, exit: *exit };
                function.blocks[block.index()].insts[at].kind = kind;
                changed += 1;
            }
        }
        changed
    }

    /// Where in the slot's object an object was read, and its tag.
    fn place_of(&self, function: &Function, pointer: ValueId) -> Option<(Place, u64)> {
        let tagged = match *self.maker(function, pointer)? {
            InstKind::GuardShape { pointer, .. } | InstKind::Unbox { value: pointer, .. } => pointer,
            _ => pointer,
        };
        let InstKind::GuardTag { value, tag, .. } = *self.maker(function, tagged)? else { return None };
        let place = match *self.maker(function, value)? {
            InstKind::LoadElement { cell: Cell::Value, data, index } => {
                let (InstKind::LoadData(whole), InstKind::GuardBounds { index, length, .. }) =
                    (self.maker(function, data)?, self.maker(function, index)?)
                else {
                    return None;
                };
                let fixed =
                    self.is_whole(function, *whole) && !self.made.contains_key(index) && !self.params.contains(index);
                fixed.then(|| Place::Element { index: *index, length: function.ty(*length) })?
            }
            InstKind::LoadField { cell: Cell::Value, pointer, offset } if self.is_whole(function, pointer) => {
                Place::Field { offset }
            }
            _ => return None,
        };
        Some((place, tag))
    }

    fn is_whole(&self, function: &Function, pointer: ValueId) -> bool {
        self.wholes.contains(&pointer)
            || matches!(self.maker(function, pointer), Some(InstKind::Unshare { home: Home::Slot(slot), .. }) if *slot == self.slot)
    }
}

/// Checks where they stand, which leave if a copy would be needed.
fn check_only(function: &mut Function, looped: &Loop, slot: SlotIx) -> usize {
    if insts(function, looped)
        .any(|(_, inst)| unshare_of(inst, slot) && matches!(inst.kind, InstKind::Unshare { guess: false, .. }))
    {
        return 0;
    }
    let mut changed = 0;
    for &block in &looped.blocks {
        for inst in function.blocks[block.index()].insts.iter_mut().filter(|inst| unshare_of(inst, slot)) {
            let InstKind::Unshare { pointer, exit, .. } = inst.kind else { continue };
            inst.kind = guard(slot, pointer, exit);
            changed += 1;
        }
    }
    changed
}

/// The `self` of a method that changes it is seldom shared: what is left is checked, and what was read of it before stays known.
fn check_self(function: &mut Function) -> usize {
    let Some(slot) = function.own else { return 0 };
    let mut changed = 0;
    for inst in function.blocks.iter_mut().flat_map(|block| &mut block.insts).filter(|inst| unshare_of(inst, slot)) {
        if let InstKind::Unshare { pointer, exit, guess: true, .. } = inst.kind {
            inst.kind = guard(slot, pointer, exit);
            changed += 1;
        }
    }
    changed
}

fn guard(slot: SlotIx, pointer: ValueId, exit: StateId) -> InstKind {
    InstKind::GuardUnique { slot: Some(slot), pointer, exit }
}
