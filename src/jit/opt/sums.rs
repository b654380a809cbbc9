//! Lets sums in short loops be looked at now and then instead of at each addition.
//!
//! A variable to which each turn adds no more than a known amount, [`STEP`] in all, cannot get beyond 64 bits between two polls if
//! it was within [`MOST`] at the first: so it is checked in front of the loop and in the polls that `super::polls` has made rare,
//! and the additions are not. Past [`MOST`] the loop goes on in the VM.
//! Relies on: a check in front of a loop leaves to the loop head, and is not made again once it has failed too often.
//! Must not: take sums of numbers of unknown size (elements, fields, results), nor loops that are polled each turn.
use super::polls;
use crate::jit::ir::cfg::{Cfg, Loop};
use crate::jit::ir::ids::IdMap;
use crate::jit::ir::inst::IntOp;
use crate::jit::ir::{BlockId, Function, Inst, InstKind, Range, Repr, Terminator, Type, ValueId};

/// Magnitude of sums at a poll, at most.
pub const MOST: i64 = 1 << 61;

/// What a turn may add in all.
const STEP: i64 = MOST / polls::TURNS;

/// Returns the number of additions that are no longer checked.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    let mut freed = 0;
    for looped in &cfg.loops {
        let Some(polls) = rare_polls(function, looped).filter(|_| !is_large(function, looped)) else { continue };
        freed += Sums::new(function, cfg, looped, polls).run();
    }
    freed
}

/// Has a guess in front of the loop failed, as that what it sums up is not large?
pub(super) fn is_large(function: &Function, looped: &Loop) -> bool {
    let state = looped.preheader.and_then(|front| function.blocks[front.index()].preheader);
    state.is_some_and(|state| function.large.contains(&function.states[state.index()].origin()))
}

/// Have guesses failed neither in front of a loop nor of those around it?
pub(super) fn may_guess(function: &Function, cfg: &Cfg, looped: &Loop) -> bool {
    let around = || cfg.loops.iter().filter(|around| around.blocks.contains(&looped.header));
    !function.careful && (function.large.is_empty() || around().all(|around| !is_large(function, around)))
}

/// Where the ways back to the head poll, if all do so once in many turns.
fn rare_polls(function: &Function, looped: &Loop) -> Option<Vec<(BlockId, usize)>> {
    let poll = |latch: &BlockId| {
        let mut insts = function.blocks[latch.index()].insts.iter();
        let at = insts.position(|inst| matches!(inst.kind, InstKind::Poll { counter: Some(_), .. }))?;
        Some((*latch, at))
    };
    looped.latches.iter().map(poll).collect()
}

/// The sums of one loop.
struct Sums<'a> {
    function: &'a mut Function,
    cfg: &'a Cfg,
    looped: &'a Loop,
    /// Where it polls: once on each way back.
    polls: Vec<(BlockId, usize)>,
    /// Where each value of the loop is made; parameters have no instruction.
    made: IdMap<ValueId, (BlockId, Option<usize>)>,
}

/// What a turn has added to a variable at some point: a bound, and the additions that are checked.
#[derive(Default)]
struct Added {
    most: i64,
    checked: Vec<(BlockId, usize)>,
}

impl<'a> Sums<'a> {
    fn new(function: &'a mut Function, cfg: &'a Cfg, looped: &'a Loop, polls: Vec<(BlockId, usize)>) -> Sums<'a> {
        let mut made = IdMap::default();
        for &block in &looped.blocks {
            let data = &function.blocks[block.index()];
            made.extend(data.params.iter().map(|param| (*param, (block, None))));
            let results = data.insts.iter().enumerate().filter_map(|(at, inst)| Some((inst.result?, (block, Some(at)))));
            made.extend(results);
        }
        Sums { function, cfg, looped, polls, made }
    }

    fn run(mut self) -> usize {
        let params = self.function.blocks[self.looped.header.index()].params.clone();
        (0..params.len()).map(|at| self.free(at, params[at]).unwrap_or(0)).sum()
    }

    /// Frees the additions to the head's parameter number `at`, if there are any and all are bounded.
    fn free(&mut self, at: usize, param: ValueId) -> Option<usize> {
        let front = self.looped.preheader?;
        if self.function.ty(param).repr != Repr::I64 {
            return None;
        }
        let nexts: Vec<ValueId> =
            self.polls.iter().map(|poll| self.argument(poll.0, self.looped.header, at)).collect::<Option<_>>()?;
        let mut known = IdMap::default();
        let mut checked = Vec::new();
        for (next, poll) in nexts.iter().zip(&self.polls) {
            checked.extend(self.added(param, *next, &mut known).filter(|_| !self.is_behind(*next, *poll))?.checked);
        }
        if checked.is_empty() {
            return None;
        }
        self.check_in_front(front, at)?;
        for (block, at) in &checked {
            if let InstKind::Int { exit, .. } = &mut self.function.blocks[block.index()].insts[*at].kind {
                *exit = None;
            }
        }
        for (next, (block, at)) in nexts.into_iter().zip(&self.polls) {
            if let InstKind::Poll { sums, .. } = &mut self.function.blocks[block.index()].insts[*at].kind {
                *sums = sums.iter().copied().chain([next]).collect();
            }
        }
        Some(checked.len())
    }

    /// Is a value made behind a poll in its block?
    fn is_behind(&self, value: ValueId, poll: (BlockId, usize)) -> bool {
        matches!(self.made.get(&value), Some((block, Some(at))) if *block == poll.0 && *at > poll.1)
    }

    /// What was added to `param` to make `value`; nothing if it is not known to be little.
    fn added(&self, param: ValueId, value: ValueId, known: &mut IdMap<ValueId, i64>) -> Option<Added> {
        if value == param {
            return Some(Added::default());
        }
        // Counted once already, on another way here.
        if let Some(&most) = known.get(&value) {
            return Some(Added { most, checked: Vec::new() });
        }
        let (block, at) = *self.made.get(&value)?;
        let added = match at {
            Some(at) => self.added_by(param, (block, at), known),
            None => self.added_on_all_ways(param, block, value, known),
        }?;
        known.insert(value, added.most);
        (added.most <= STEP).then_some(added)
    }

    fn added_by(&self, param: ValueId, made: (BlockId, usize), known: &mut IdMap<ValueId, i64>) -> Option<Added> {
        let InstKind::Int { op, a, b, exit } = self.function.blocks[made.0.index()].insts[made.1].kind else { return None };
        let (sum, most) = match (op, self.magnitude(a), self.magnitude(b)) {
            (IntOp::Add | IntOp::Sub, _, Some(most)) => (a, most),
            (IntOp::Add, Some(most), None) => (b, most),
            _ => return None,
        };
        let mut added = self.added(param, sum, known)?;
        added.most += most;
        added.checked.extend(exit.map(|_| made));
        Some(added)
    }

    /// Of a parameter of a block where ways meet.
    fn added_on_all_ways(
        &self,
        param: ValueId,
        block: BlockId,
        value: ValueId,
        known: &mut IdMap<ValueId, i64>,
    ) -> Option<Added> {
        if self.cfg.loops.iter().any(|looped| looped.header == block) {
            return None;
        }
        let at = self.function.blocks[block.index()].params.iter().position(|other| *other == value)?;
        let mut all = Added::default();
        for &from in &self.cfg.preds[block.index()] {
            let added = self.added(param, self.argument(from, block, at)?, known)?;
            all.most = all.most.max(added.most);
            all.checked.extend(added.checked);
        }
        Some(all)
    }

    /// What a block passes on as argument number `at`; nothing if it goes there on two ways.
    fn argument(&self, from: BlockId, to: BlockId, at: usize) -> Option<ValueId> {
        let term = self.function.blocks[from.index()].term.as_ref()?;
        let mut ways = term.successors().filter(|(next, _)| *next == to);
        let (_, args) = ways.next()?;
        ways.next().is_none().then(|| args[at])
    }

    /// Bound of a value's magnitude, if it is at most [`STEP`].
    fn magnitude(&self, value: ValueId) -> Option<i64> {
        let Range { low, high } = self.function.ty(value).range;
        (low >= -STEP && high <= STEP).then(|| low.abs().max(high.abs()))
    }

    /// Sees to it that the variable begins within [`MOST`].
    fn check_in_front(&mut self, front: BlockId, at: usize) -> Option<()> {
        let first = self.argument(front, self.looped.header, at)?;
        let range = self.function.ty(first).range;
        let wanted = Range { low: -MOST, high: MOST };
        if range.low >= wanted.low && range.high <= wanted.high {
            return Some(());
        }
        let exit = self.function.blocks[front.index()].preheader?;
        let origin = self.function.states[exit.index()].origin();
        let result = self.function.new_value(Type { range: range.intersect(wanted), ..Type::INT });
        let kind = InstKind::GuardSmall { value: first, low: wanted.low, high: wanted.high, exit: Some(exit) };
        let data = &mut self.function.blocks[front.index()];
        data.insts.push(Inst { kind, result: Some(result), origin });
        if let Some(Terminator::Jump(_, args)) = &mut data.term {
            args[at] = result;
        }
        Some(())
    }
}
