//! Makes what a loop writes to unshared once, in front of the loop.
//!
//! An [`InstKind::Unshare`] of a slot in a loop is moved to the preheader if nothing in the loop can make the slot's object
//! shared again or put another one into the slot; after that the loop only reads the slot, so its checks and addresses can move
//! out as well. One that not every turn reaches becomes a plain check where it stands, if it was a guess, and so does what is left of the
//! `self` of a mutating method.
//! Relies on: an object that only a slot holds becomes shared only by taking a reference to what was read from that slot.
//! Must not: copy for a loop that may never write (hence only what every turn reaches is moved).
use super::memory::{DimensionSet, Memory};
use crate::jit::ir::cfg::{Cfg, Loop};
use crate::jit::ir::inst::Home;
use crate::jit::ir::{BlockId, Function, Inst, InstKind, SlotIx, StateId, Type, ValueId};

/// Returns the number of instructions moved or turned into checks.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    let mut changed = 0;
    let mut replace: Vec<ValueId> = (0..function.values.len() as u32).map(ValueId).collect();
    for looped in &cfg.loops {
        let Some(preheader) = looped.preheader else { continue };
        for slot in unshared_slots(function, looped) {
            if !keeps_unshared(function, looped, slot) {
                continue;
            }
            changed += if is_always_reached(function, cfg, looped, slot) {
                hoist(function, looped, preheader, slot, &mut replace)
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

/// Does the slot keep its object, and the object its only holder, all through the loop?
fn keeps_unshared(function: &Function, looped: &Loop, slot: SlotIx) -> bool {
    let memory = Memory::new(function);
    let mut written = DimensionSet::empty(&memory);
    for (_, inst) in insts(function, looped).filter(|(_, inst)| !unshare_of(inst, slot)) {
        written.add(&memory, memory.writes(function, &inst.kind));
    }
    !written.contains(memory.slot(slot)) && !written.contains(memory.unique(slot))
}

fn is_always_reached(function: &Function, cfg: &Cfg, looped: &Loop, slot: SlotIx) -> bool {
    insts(function, looped).any(|(block, inst)| unshare_of(inst, slot) && cfg.is_in_each_turn(function, block, looped))
}

/// One `Unshare` in the preheader; those in the loop give what they are given.
fn hoist(function: &mut Function, looped: &Loop, preheader: BlockId, slot: SlotIx, replace: &mut Vec<ValueId>) -> usize {
    let found =
        insts(function, looped).find(|(_, inst)| unshare_of(inst, slot)).map(|(_, inst)| (inst.kind.clone(), inst.origin));
    let Some((InstKind::Unshare { pointer, guess, .. }, origin)) = found else { return 0 };
    let (ty, exit) =
        (function.ty(pointer), function.blocks[preheader.index()].preheader.expect("a loop's preheader has a state"));
    let Some(tag) = ty.kinds.single() else { return 0 };
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
    let mut emit = |kind: InstKind, ty: Type| {
        let result = function.new_value(ty);
        replace.push(result);
        function.blocks[preheader.index()].insts.push(Inst { kind, result: Some(result), origin });
        result
    };
    let boxed = emit(InstKind::LoadSlot(slot), Type::ANY);
    let object = emit(InstKind::GuardTag { value: boxed, tag, exit }, Type::pointer(tag, 0));
    let object =
        if ty.shape == 0 { object } else { emit(InstKind::GuardShape { pointer: object, shape: ty.shape, exit }, ty) };
    emit(InstKind::Unshare { home: Home::Slot(slot), pointer: object, guess, exit }, ty);
    removed
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
