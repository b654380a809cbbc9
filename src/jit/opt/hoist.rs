//! Moves what does not change in a loop in front of it: pure work, loads of memory the loop does not write, and checks.
//!
//! A check moved to the preheader leaves with the preheader's state, which enters the loop in the VM: always valid, since
//! nothing of the loop has happened yet. Only checks that every turn makes are moved (their block dominates all latches),
//! so that a loop does not leave for a check it would never have reached. The exception is what was met under a branch – kinds and shapes,
//! variables of modules, and that what is stored to has one holder –, of what the loop does not change: it is guessed that it holds
//! whichever way a turn goes, unless something asks for the kind, or expects others as well. Code that fails there too often is made again without such guesses.
//! Relies on: a value guarded in the loop is reached only through the guard's result, so uses stay behind it.
//! Storing an array's elements as values is moved as well: it changes nothing that a program can tell, and what it writes (the
//! array's header) the loop does not write any more. That only holds if all of a loop can be moved; else none is. They are moved
//! first, and only with what cannot have read the header of an array that one of them changes: two places may hold one array.
//! Must not: move a load above a store, call or release that may change what it reads; move what is only defined because of
//! a branch above it (a proven bounds check, a division known not to be by zero).
use super::memory::{DimensionSet, Memory, block_writes, writes_of};
use super::sums;
use crate::jit::ir::cfg::{Cfg, Loop};
use crate::jit::ir::ids::{IdMap, IdSet};
use crate::jit::ir::inst::Heaps;
use crate::jit::ir::{BlockId, Function, Inst, InstKind, Kinds, StateId, ValueId};
use crate::value::layout::{shape, tag};

/// Instructions moved out of one loop: more values than there are registers would only be kept on the stack.
const MOST_MOVED: usize = 64;

/// Returns the number of instructions moved.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    if cfg.loops.is_empty() {
        return 0;
    }
    let memory = Memory::new(function, cfg);
    let mut home = super::homes(function, cfg);
    let mut moved = 0;
    let mut writes = block_writes(function, cfg, &memory);
    let uncertain = uncertain(function);
    for looped in &cfg.loops {
        let Some(preheader) = looped.preheader else { continue };
        let mut pass = Pass {
            cfg,
            memory: &memory,
            looped,
            inside: looped.blocks.iter().copied().collect(),
            preheader,
            written: DimensionSet::empty(&memory),
            home: &mut home,
            generalises: false,
            uncertain: Some(&uncertain).filter(|_| sums::may_guess(function, cfg, looped)),
        };
        if generalising(function, looped).next().is_some()
            && !stands_in_front(function, cfg, looped)
            && let Some(count) = pass.without_generalising(function)
        {
            moved += count;
            let changed = looped.blocks.iter().chain([&preheader]);
            changed.for_each(|block| writes[block.index()] = writes_of(function, &memory, *block));
        }
        pass.generalises = false;
        pass.written = DimensionSet::empty(&memory);
        looped.blocks.iter().for_each(|block| pass.written.union(&writes[block.index()]));
        moved += pass.run(function);
    }
    moved
}

/// Where a loop has elements stored as values from then on.
fn generalising<'a>(function: &'a Function, looped: &'a Loop) -> impl Iterator<Item = &'a Inst> {
    let insts = looped.blocks.iter().flat_map(|block| &function.blocks[block.index()].insts);
    insts.filter(|inst| matches!(inst.kind, InstKind::Generalise { .. }))
}

/// Does `Generalise` stand in front of an inner loop? It stays there: once that has filled the array, it may have settled, and each
/// further turn finds it so.
fn stands_in_front(function: &Function, cfg: &Cfg, looped: &Loop) -> bool {
    let inner = cfg.loops.iter().take_while(|inner| inner.header != looped.header);
    let fronts = inner.filter(|inner| looped.blocks.contains(&inner.header)).filter_map(|inner| inner.preheader);
    let mut insts = fronts.flat_map(|front| &function.blocks[front.index()].insts);
    insts.any(|inst| matches!(inst.kind, InstKind::Generalise { .. }))
}

/// Does an instruction read what `Generalise` may change? Not if the array has its elements stored as values already.
fn reads_generalised(function: &Function, kind: &InstKind) -> bool {
    if !kind.effects().reads.overlaps(Heaps::HEADERS) || matches!(kind, InstKind::GuardShape { shape: shape::ARR_VAL, .. }) {
        return false;
    }
    let mut found = false;
    kind.operands(|value| {
        let ty = function.ty(value);
        found |= ty.kinds.intersect(Kinds::of_tag(tag::ARRAY)) != Kinds::NEVER && ty.shape != shape::ARR_VAL;
    });
    found
}

/// Instructions that are only defined because of a branch above them: their check was proven away or never needed.
fn rests_on_branches(kind: &InstKind) -> bool {
    match kind {
        InstKind::GuardBounds { exit, .. } | InstKind::GuardSmall { exit, .. } => exit.is_none(),
        InstKind::DivI { zero, overflow, .. } => zero.is_none() || overflow.is_none(),
        InstKind::ModI { zero, .. } => zero.is_none(),
        InstKind::Unbox { .. } | InstKind::Truthy(_) | InstKind::LoadEntry { .. } => true,
        _ => false,
    }
}

/// A value that is checked to be of one kind or shape.
fn checked_kind(kind: &InstKind) -> Option<(ValueId, u64)> {
    match *kind {
        InstKind::GuardTag { value, tag, .. } => Some((value, tag)),
        InstKind::GuardShape { pointer, shape, .. } => Some((pointer, u64::from(shape))),
        _ => None,
    }
}

/// Values whose kind something asks for, or that are checked to be of one kind here and of another there.
fn uncertain(function: &Function) -> IdSet<ValueId> {
    let mut kinds: IdMap<ValueId, u64> = IdMap::default();
    let mut uncertain = IdSet::default();
    for inst in function.blocks.iter().flat_map(|block| &block.insts) {
        if let Some((value, kind)) = checked_kind(&inst.kind)
            && *kinds.entry(value).or_insert(kind) != kind
        {
            uncertain.insert(value);
        }
        uncertain.extend(asked(&inst.kind));
    }
    uncertain
}

/// The value whose kind an instruction asks for.
fn asked(kind: &InstKind) -> Option<ValueId> {
    match *kind {
        InstKind::TagOf(value)
        | InstKind::VariantOf(value)
        | InstKind::Truthy(value)
        | InstKind::EqualsNull { value, .. }
        | InstKind::EqualsText { value, .. }
        | InstKind::IsFunction { value, .. }
        | InstKind::GuardNotTag { value, .. }
        | InstKind::ToFloat { value, .. }
        | InstKind::IsShape { pointer: value, .. }
        | InstKind::IsClosure { pointer: value, .. } => Some(value),
        _ => None,
    }
}

struct Pass<'a> {
    cfg: &'a Cfg,
    memory: &'a Memory,
    looped: &'a Loop,
    /// Its blocks again.
    inside: IdSet<BlockId>,
    preheader: BlockId,
    written: DimensionSet,
    home: &'a mut Vec<BlockId>,
    /// `Generalise` is moved, and nothing that must stay behind it.
    generalises: bool,
    /// What is not checked in front of the loop unless each turn does it; nothing if that holds for all.
    uncertain: Option<&'a IdSet<ValueId>>,
}

impl Pass<'_> {
    /// Moves as if `Generalise` wrote nothing; undone, and nothing given, if one cannot be moved.
    fn without_generalising(&mut self, function: &mut Function) -> Option<usize> {
        for inst in self.looped.blocks.iter().flat_map(|block| &function.blocks[block.index()].insts) {
            if !matches!(inst.kind, InstKind::Generalise { .. }) {
                self.memory.add_writes(function, &inst.kind, &mut self.written);
            }
        }
        if self.written.contains(self.memory.headers()) {
            return None;
        }
        let changed = self.looped.blocks.iter().copied().chain([self.preheader]);
        let before: Vec<_> = changed.map(|block| (block, function.blocks[block.index()].insts.clone())).collect();
        let homes = self.home.clone();
        self.generalises = true;
        let moved = self.run(function);
        if generalising(function, self.looped).next().is_none() {
            return Some(moved);
        }
        before.into_iter().for_each(|(block, insts)| function.blocks[block.index()].insts = insts);
        *self.home = homes;
        None
    }

    fn run(&mut self, function: &mut Function) -> usize {
        let state = function.blocks[self.preheader.index()].preheader.expect("a loop's preheader has a state");
        let mut moved = 0;
        for &block in &self.looped.blocks {
            let always = self.cfg.is_in_each_turn(function, block, self.looped);
            let is_first = |inst: &Inst| moved < MOST_MOVED && self.movable(function, inst, always);
            let Some(first) = function.blocks[block.index()].insts.iter().position(is_first) else { continue };
            let mut kept = std::mem::take(&mut function.blocks[block.index()].insts);
            for inst in kept.split_off(first) {
                if moved < MOST_MOVED && self.movable(function, &inst, always) {
                    if (!always && inst.kind.effects().exits) || self.was_guess(function, &inst) {
                        function.guessed.insert(state);
                    }
                    self.move_out(function, inst, state);
                    moved += 1;
                } else {
                    kept.push(inst);
                }
            }
            function.blocks[block.index()].insts = kept;
        }
        moved
    }

    fn movable(&self, function: &Function, inst: &Inst, always: bool) -> bool {
        let effects = inst.kind.effects();
        let generalises = self.generalises && matches!(inst.kind, InstKind::Generalise { .. });
        if effects.calls
            || (effects.writes != Heaps::NONE && !generalises)
            || inst.result.is_none()
            || (effects.exits && !always && !self.is_guess(&inst.kind))
        {
            return false;
        }
        if rests_on_branches(&inst.kind) || (self.generalises && reads_generalised(function, &inst.kind)) {
            return false;
        }
        self.operands_invariant(inst) && self.reads_unwritten(function, &inst.kind)
    }

    fn reads_unwritten(&self, function: &Function, kind: &InstKind) -> bool {
        let mut unwritten = true;
        self.memory.each_read(function, kind, |dimension| unwritten &= !self.written.contains(dimension));
        unwritten
    }

    /// Is it a check under a branch that is likely to hold in front of the loop? A variable that functions share has a value once it is reached.
    fn is_guess(&self, kind: &InstKind) -> bool {
        if let InstKind::LoadModule { .. }
        | InstKind::LoadConstant { .. }
        | InstKind::LoadCell { .. }
        | InstKind::LoadCaptureCell { .. }
        | InstKind::GuardUnique { .. } = kind
        {
            return self.uncertain.is_some();
        }
        checked_kind(kind).is_some_and(|(value, _)| self.uncertain.is_some_and(|uncertain| !uncertain.contains(&value)))
    }

    /// Was it moved in front of an inner loop as a guess?
    fn was_guess(&self, function: &Function, inst: &Inst) -> bool {
        let mut guess = false;
        inst.kind.exits(|exit| guess |= function.guessed.contains(&exit));
        guess
    }

    fn operands_invariant(&self, inst: &Inst) -> bool {
        let mut invariant = true;
        inst.kind.operands(|value| invariant &= self.is_invariant(value));
        invariant
    }

    fn is_invariant(&self, value: ValueId) -> bool {
        !self.inside.contains(&self.home[value.index()])
    }

    fn move_out(&mut self, function: &mut Function, mut inst: Inst, state: StateId) {
        inst.kind.each_exit(|exit| *exit = state);
        if let Some(result) = inst.result {
            self.home[result.index()] = self.preheader;
        }
        function.blocks[self.preheader.index()].insts.push(inst);
    }
}
