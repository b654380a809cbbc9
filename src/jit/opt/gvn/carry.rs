//! Carries what a turn of a loop knows at its end over to the next one.
//!
//! A loop whose turns call something reads at the beginning of a turn what the turn before has read behind the call: variables, fields, lengths and
//! addresses of arrays, with their checks. Where all ways back to the head know what such a load or check would give, it is done in
//! front of the loop only, and its result becomes a parameter of the head.
//! Relies on: what is known by dominance at the end of a way back, at the versions that memory has there, is what the next turn would
//! read; checks that each turn makes may be made in front of the loop, as in `hoist`.
//! Must not: carry what a way back does not know, or what the turn may write first; loads that a loop does not change are in front of
//! it already.
use super::Pass;
use crate::jit::ir::cfg::Loop;
use crate::jit::ir::ids::IdMap;
use crate::jit::ir::inst::Heaps;
use crate::jit::ir::{BlockId, Inst, InstKind, Terminator, ValueId};

/// Values carried round one loop at most.
const MOST: usize = 24;

/// A way to the head of a loop: what the head's own values are on it.
struct Way {
    from: BlockId,
    values: IdMap<ValueId, ValueId>,
}

/// What one instruction at the beginning of turns is in front of the loop, and on each way back.
struct Carried {
    result: ValueId,
    in_front: Inst,
    back: Vec<ValueId>,
}

pub(super) fn run(pass: &mut Pass) {
    let cfg = pass.cfg;
    for looped in &cfg.loops {
        pass.carry(looped);
    }
}

impl Pass<'_> {
    fn carry(&mut self, looped: &Loop) {
        let Some((mut front, mut back)) = self.ways(looped) else { return };
        let mut all = Vec::new();
        for block in self.beginning(looped) {
            let insts = std::mem::take(&mut self.function.blocks[block.index()].insts);
            let mut kept = Vec::with_capacity(insts.len());
            let mut unchanged = true;
            for inst in insts {
                unchanged &= writes_nothing(&inst.kind);
                match self.carried(&inst, looped, &front, &back).filter(|_| unchanged && all.len() < MOST) {
                    Some(carried) => {
                        self.name_as_checked(&inst.kind, carried.result, &all);
                        front.values.insert(carried.result, carried.in_front.result.expect("it gives a value"));
                        back.iter_mut()
                            .zip(&carried.back)
                            .for_each(|(way, value)| _ = way.values.insert(carried.result, *value));
                        all.push(carried);
                    }
                    None => kept.push(inst),
                }
            }
            self.function.blocks[block.index()].insts = kept;
        }
        let head = &mut self.function.blocks[looped.header.index()];
        head.params.extend(all.iter().map(|carried| carried.result));
        self.removed += all.len();
        for (at, way) in back.iter().enumerate() {
            self.pass_on(way.from, looped.header, all.iter().map(|carried| carried.back[at]));
        }
        self.pass_on(front.from, looped.header, all.iter().filter_map(|carried| carried.in_front.result));
        self.function.blocks[front.from.index()].insts.extend(all.into_iter().map(|carried| carried.in_front));
    }

    /// The head of a loop and the blocks that follow it in each turn, up to the first that writes something.
    fn beginning(&self, looped: &Loop) -> Vec<BlockId> {
        let mut blocks = vec![looped.header];
        let mut last = looped.header;
        while self.function.blocks[last.index()].insts.iter().all(|inst| writes_nothing(&inst.kind)) {
            let follows = |block: &&BlockId| {
                self.cfg.preds[block.index()][..] == [last] && self.cfg.is_in_each_turn(self.function, **block, looped)
            };
            let Some(next) = looped.blocks.iter().find(follows) else { break };
            blocks.push(*next);
            last = *next;
        }
        blocks
    }

    /// Uses of a carried value have it as a check at the beginning gives it.
    fn name_as_checked(&mut self, check: &InstKind, result: ValueId, all: &[Carried]) {
        if let Some(same) = unchecked(check).filter(|same| all.iter().any(|other| other.result == *same)) {
            self.replace[same.index()] = result;
        }
    }

    /// The way into a loop and the ways back to its head; nothing if one of them cannot be given more values.
    fn ways(&self, looped: &Loop) -> Option<(Way, Vec<Way>)> {
        let front = self.way(looped.preheader?, looped.header)?;
        let back: Option<Vec<Way>> = looped.latches.iter().map(|latch| self.way(*latch, looped.header)).collect();
        Some((front, back?))
    }

    fn way(&self, from: BlockId, head: BlockId) -> Option<Way> {
        let term = self.function.blocks[from.index()].term.as_ref()?;
        let mut to_head = term.successors().filter(|(to, _)| *to == head);
        let ((_, args), None) = (to_head.next()?, to_head.next()) else { return None };
        let params = &self.function.blocks[head.index()].params;
        Some(Way { from, values: params.iter().zip(args).map(|(param, arg)| (*param, self.final_value(*arg))).collect() })
    }

    /// What a value has been replaced by.
    fn final_value(&self, mut value: ValueId) -> ValueId {
        while self.replace[value.index()] != value {
            value = self.replace[value.index()];
        }
        value
    }

    /// An instruction at the beginning of turns that is to be done in front of the loop only.
    fn carried(&mut self, inst: &Inst, looped: &Loop, front: &Way, back: &[Way]) -> Option<Carried> {
        let result = inst.result?;
        if !is_worth_it(&inst.kind) || !self.is_there(&inst.kind, looped, front) {
            return None;
        }
        let back: Option<Vec<ValueId>> = back.iter().map(|way| self.known_on(way, &inst.kind, result)).collect();
        let back = back?;
        let state = self.function.blocks[front.from.index()].preheader?;
        let mut kind = renamed(&inst.kind, front);
        kind.each_exit(|exit| *exit = state);
        let made = self.function.new_value(self.function.ty(result));
        self.replace.push(made);
        let in_front = Inst { kind, result: Some(made), origin: inst.origin };
        Some(Carried { result, in_front, back })
    }

    /// Are its operands known in front of the loop?
    fn is_there(&self, kind: &InstKind, looped: &Loop, front: &Way) -> bool {
        let mut there = true;
        kind.operands(|value| there &= front.values.contains_key(&value) || self.is_outside(value, looped));
        there
    }

    /// Is a value made outside a loop?
    fn is_outside(&self, value: ValueId, looped: &Loop) -> bool {
        self.home.get(value.index()).is_some_and(|home| !looped.blocks.contains(home))
    }

    /// What an instruction at the beginning of turns would give at the end of a way back, if that is known there.
    fn known_on(&self, way: &Way, kind: &InstKind, result: ValueId) -> Option<ValueId> {
        let (head, kind) = (kind, renamed(kind, way));
        if self.shape_read(head) != self.shape_read(&kind) {
            return None;
        }
        let versions = &self.versions_at_end[way.from.index()];
        let found = self.final_value(self.find(&kind, &self.key(&kind, versions), versions, way.from)?);
        let (known, wanted) = (self.function.ty(found), self.function.ty(result));
        let fits = known.repr == wanted.repr && known.kinds.is_subset(wanted.kinds);
        (fits && [0, known.shape].contains(&wanted.shape) && wanted.range.union(known.range) == wanted.range)
            .then_some(found)
    }

    /// The shape of the instance that a field is read from.
    fn shape_read(&self, kind: &InstKind) -> Option<u32> {
        match kind {
            InstKind::LoadField { pointer, .. } => Some(self.function.ty(*pointer).shape),
            _ => None,
        }
    }

    /// Gives the head of a loop more values on a way to it.
    fn pass_on(&mut self, from: BlockId, head: BlockId, more: impl Iterator<Item = ValueId>) {
        let args = match &mut self.function.blocks[from.index()].term {
            Some(Terminator::Jump(_, args)) => args,
            Some(Terminator::Branch { then, otherwise, .. }) => {
                if then.0 == head {
                    &mut then.1
                } else {
                    &mut otherwise.1
                }
            }
            _ => unreachable!("a way to the head of a loop"),
        };
        *args = args.iter().copied().chain(more).collect();
    }
}

fn writes_nothing(kind: &InstKind) -> bool {
    let effects = kind.effects();
    !effects.calls && effects.writes == Heaps::NONE
}

/// Is it a load, or a check of what is loaded?
fn is_worth_it(kind: &InstKind) -> bool {
    matches!(
        kind,
        InstKind::LoadSlot(_)
            | InstKind::LoadField { .. }
            | InstKind::LoadElement { .. }
            | InstKind::LoadLength(_)
            | InstKind::LoadData(_)
            | InstKind::GuardTag { .. }
            | InstKind::GuardShape { .. }
            | InstKind::GuardUnique { .. }
            | InstKind::GuardBounds { exit: Some(_), .. }
    )
}

/// The value that a check gives back.
fn unchecked(kind: &InstKind) -> Option<ValueId> {
    match *kind {
        InstKind::GuardShape { pointer, .. } | InstKind::GuardUnique { pointer, .. } => Some(pointer),
        InstKind::GuardBounds { index, .. } => Some(index),
        _ => None,
    }
}

/// An instruction at the beginning of turns with what its values are on a way there.
fn renamed(kind: &InstKind, way: &Way) -> InstKind {
    let mut kind = kind.clone();
    kind.each_operand(|value| *value = way.values.get(value).copied().unwrap_or(*value));
    kind
}
