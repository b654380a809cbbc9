//! Integer ranges, and the overflow, bounds and zero checks that they make superfluous.
//!
//! Two steps. *Solve*: ranges of all values to a fixpoint over the dominator tree, growing bounds of loop parameters jump to
//! the end of the scale and are then narrowed again by two more rounds. *Use*: a second walk with the facts of the branches
//! taken removes checks. Facts are ranges of values and pairs `a + gap <= b` (`a < b` has the gap 1), known where a branch went that way, a
//! constant was added or a difference taken, or a loop's parameter only falls. They are added up along chains.
//! Relies on: arithmetic with a check gives the exact result where it continues.
//! Must not: use a fact outside the blocks that the branch's edge dominates. A range that holds where a value is defined is lost
//! when the value moves in front of a branch: only the last run writes ranges down.
use super::counters;
use super::falling::{self, Falling};
use crate::jit::ir::cfg::Cfg;
use crate::jit::ir::ids::{IdMap, IdSet};
use crate::jit::ir::inst::{BitOp, Cmp, IntOp};
use crate::jit::ir::{BlockId, Function, Inst, InstKind, Range, Repr, Terminator, ValueId};

/// Rounds after which bounds that still grow are given up.
const WIDEN_AFTER: usize = 2;
const ROUNDS: usize = 6;

/// Steps from a value to what it is less than.
const MOST_STEPS: usize = 6;
/// Values looked at on the way.
const MOST_ABOVE: usize = 32;

/// A bounds check that would be superfluous if `limit - gap` were less than `length`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unproven {
    pub block: BlockId,
    pub index: ValueId,
    pub limit: ValueId,
    pub length: ValueId,
    /// What the index is known to be less than the limit by.
    pub gap: i64,
}

/// Returns the number of checks removed.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    prove(function, cfg, false).removed
}

/// The same where nothing is moved any more: values get the ranges found, and the bounds checks that lack one fact are given. `again`:
/// the values have got such ranges, and they need only become narrower.
pub fn run_last(function: &mut Function, cfg: &Cfg, again: bool) -> (usize, Vec<Unproven>) {
    let Proof { removed, unproven, ranges } = prove(function, cfg, again);
    for (ty, found) in function.values.iter_mut().zip(ranges) {
        if let (Repr::I64, Some(range)) = (ty.repr, found) {
            ty.range = range.intersect(ty.range);
        }
    }
    (removed, unproven)
}

struct Proof {
    removed: usize,
    unproven: Vec<Unproven>,
    /// Of all values, where they are defined now.
    ranges: Vec<Option<Range>>,
}

fn prove(function: &mut Function, cfg: &Cfg, again: bool) -> Proof {
    let (compares, ints) = (compares(function), ints(function));
    let ranges = known(function, cfg);
    let mut pass = Pass {
        reached: if again { ranges.clone() } else { vec![None; function.values.len()] },
        facts: Facts { ranges: vec![None; ranges.len()], less: vec![Vec::new(); ranges.len()], undo: Vec::new() },
        ranges,
        compares,
        ints,
        falling: falling::find(function, cfg),
        less_one: less_one(function),
        removed: 0,
        unproven: Vec::new(),
        function,
        cfg,
    };
    pass.solve(if again { WIDEN_AFTER + 1 } else { 0 });
    pass.walk(true);
    Proof { removed: pass.removed, unproven: pass.unproven, ranges: pass.reached }
}

/// What holds without a look at the ways taken: by type, and because no program counts far.
fn known(function: &Function, cfg: &Cfg) -> Vec<Option<Range>> {
    let mut ranges: Vec<_> = function.values.iter().map(|ty| (ty.repr == Repr::I64).then_some(ty.range)).collect();
    for (value, range) in counters::find(function, cfg) {
        ranges[value.index()] = ranges[value.index()].map(|known| known.intersect(range));
    }
    ranges
}

/// The comparison that defines a bool, also by its negation.
fn compares(function: &Function) -> IdMap<ValueId, (Cmp, ValueId, ValueId)> {
    let insts = || function.blocks.iter().flat_map(|block| &block.insts);
    let compare = |inst: &Inst| match inst.kind {
        InstKind::CmpI { op, a, b } => Some((inst.result?, (op, a, b))),
        _ => None,
    };
    let mut found: IdMap<_, _> = insts().filter_map(compare).collect();
    for inst in insts() {
        if let (InstKind::NotB(inner), Some(result)) = (&inst.kind, inst.result)
            && let Some(&(op, a, b)) = found.get(inner)
        {
            found.insert(result, (negated(op), a, b));
        }
    }
    found
}

/// The int that each float is made of that is made of one.
fn ints(function: &Function) -> IdMap<ValueId, ValueId> {
    let insts = function.blocks.iter().flat_map(|block| &block.insts);
    let made = |inst: &Inst| match inst.kind {
        InstKind::IntToFloat(int) => Some((inst.result?, int)),
        _ => None,
    };
    insts.filter_map(made).collect()
}

/// The value that each one is one less than.
fn less_one(function: &Function) -> IdMap<ValueId, ValueId> {
    let insts = || function.blocks.iter().flat_map(|block| &block.insts);
    let one = |inst: &Inst| if inst.kind == InstKind::ConstI(1) { inst.result } else { None };
    let ones: IdSet<ValueId> = insts().filter_map(one).collect();
    let less = |inst: &Inst| match inst.kind {
        InstKind::Int { op: IntOp::Sub, a, b, .. } if ones.contains(&b) => Some((inst.result?, a)),
        _ => None,
    };
    insts().filter_map(less).collect()
}

/// What the branches on the way here tell, in the order learned (undone from the end).
struct Facts {
    ranges: Vec<Option<Range>>,
    /// What each value is at most, and by how much it is less.
    less: Vec<Vec<(ValueId, i64)>>,
    undo: Vec<Undo>,
}

/// What a round did to the ranges of block parameters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    None,
    Narrowed,
    Grew,
}

enum Undo {
    Range(ValueId, Option<Range>),
    Less(ValueId),
}

struct Pass<'a> {
    function: &'a mut Function,
    cfg: &'a Cfg,
    /// Bounds never exceeded: see [`known`].
    ranges: Vec<Option<Range>>,
    /// Solved ranges; `None`: not reached yet.
    reached: Vec<Option<Range>>,
    facts: Facts,
    compares: IdMap<ValueId, (Cmp, ValueId, ValueId)>,
    /// The ints that floats are made of.
    ints: IdMap<ValueId, ValueId>,
    falling: Falling,
    less_one: IdMap<ValueId, ValueId>,
    removed: usize,
    unproven: Vec<Unproven>,
}

impl Pass<'_> {
    fn solve(&mut self, first: usize) {
        for (_, value) in &self.function.params {
            self.reached[value.index()] = self.ranges[value.index()];
        }
        for round in first..ROUNDS {
            match self.round(round) {
                Change::None => return,
                Change::Narrowed if round > WIDEN_AFTER + 1 => break,
                Change::Narrowed | Change::Grew => {}
            }
        }
        // A value that is still growing after the last round is not known better than its type.
        if self.round(usize::MAX) == Change::Grew {
            self.reached = self.ranges.clone();
        }
    }

    /// One walk; how block parameters changed.
    fn round(&mut self, round: usize) -> Change {
        let mut incoming = Incoming::new(self.ranges.len());
        self.walk_with(false, &mut incoming);
        let mut change = Change::None;
        for param in incoming.params {
            let new = incoming.ranges[param.index()].unwrap_or(Range::FULL);
            let bound = self.ranges[param.index()].unwrap_or(Range::FULL);
            let new = new.intersect(bound);
            let old = self.reached[param.index()];
            let next = match old {
                None => new,
                Some(old) if round <= WIDEN_AFTER && round != usize::MAX => {
                    if round == WIDEN_AFTER {
                        widen(old, new, bound)
                    } else {
                        old.union(new)
                    }
                }
                // Narrowing: what comes in now is all that can come in.
                Some(_) => new,
            };
            if old != Some(next) {
                let grew = old.is_none_or(|old| next.low < old.low || next.high > old.high);
                change = change.max(if grew { Change::Grew } else { Change::Narrowed });
                self.reached[param.index()] = Some(next);
            }
        }
        change
    }

    fn walk(&mut self, remove: bool) {
        self.walk_with(remove, &mut Incoming::new(self.ranges.len()));
    }

    fn walk_with(&mut self, remove: bool, incoming: &mut Incoming) {
        enum Visit {
            Enter(BlockId),
            Leave(usize),
        }
        let mut work = vec![Visit::Enter(self.cfg.order[0])];
        while let Some(visit) = work.pop() {
            match visit {
                Visit::Enter(block) => {
                    work.push(Visit::Leave(self.facts.undo.len()));
                    self.learn_edge(block);
                    for (param, start) in self.falling.get(&block).into_iter().flatten() {
                        self.facts.set_less(*param, *start, 0);
                    }
                    self.block(block, remove);
                    self.pass_on(block, incoming);
                    work.extend(self.cfg.children[block.index()].iter().rev().map(|&child| Visit::Enter(child)));
                }
                Visit::Leave(mark) => self.facts.forget(mark),
            }
        }
    }

    /// The condition of the only edge into a block.
    fn learn_edge(&mut self, block: BlockId) {
        let [pred] = self.cfg.preds[block.index()][..] else { return };
        let Some((cond, taken)) = branch_towards(self.function, pred, block) else { return };
        self.learn(cond, taken);
    }

    fn learn(&mut self, cond: ValueId, taken: bool) {
        let Some(&(op, a, b)) = self.compares.get(&cond) else { return };
        let op = if taken { op } else { negated(op) };
        let (ra, rb) = (self.range(a), self.range(b));
        match op {
            Cmp::Lt => self.learn_less(a, b, ra, rb, true),
            Cmp::Le => self.learn_less(a, b, ra, rb, false),
            Cmp::Gt => self.learn_less(b, a, rb, ra, true),
            Cmp::Ge => self.learn_less(b, a, rb, ra, false),
            Cmp::Eq => {
                let both = ra.intersect(rb);
                self.facts.set_range(a, both);
                self.facts.set_range(b, both);
            }
            Cmp::Ne => {}
        }
    }

    fn learn_less(&mut self, a: ValueId, b: ValueId, ra: Range, rb: Range, strict: bool) {
        let step = i64::from(strict);
        self.facts.set_range(a, ra.intersect(Range { low: i64::MIN, high: rb.high.saturating_sub(step) }));
        self.facts.set_range(b, rb.intersect(Range { low: ra.low.saturating_add(step), high: i64::MAX }));
        self.facts.set_less(a, b, step);
    }

    fn range(&self, value: ValueId) -> Range {
        let solved = self.reached[value.index()].or(self.ranges[value.index()]).unwrap_or(Range::FULL);
        match self.facts.ranges[value.index()] {
            Some(fact) => solved.intersect(fact),
            None => solved,
        }
    }

    fn block(&mut self, block: BlockId, remove: bool) {
        let mut insts = std::mem::take(&mut self.function.blocks[block.index()].insts);
        for Inst { kind, result, .. } in &mut insts {
            let bound = result.and_then(|result| Some((result, self.ranges[result.index()]?)));
            let teaches = matches!(kind, InstKind::GuardTrue { .. } | InstKind::GuardBounds { .. });
            if !(remove || bound.is_some() || teaches) {
                continue;
            }
            if let Some((result, bound)) = bound {
                self.reached[result.index()] = Some(self.result_range(kind).intersect(bound));
            }
            if remove {
                self.removed += usize::from(self.prove(kind));
                self.note_unproven(block, kind);
            }
            self.learn_check(kind, *result);
        }
        self.function.blocks[block.index()].insts = insts;
    }

    fn note_unproven(&mut self, block: BlockId, kind: &InstKind) {
        let InstKind::GuardBounds { index, length, exit: Some(_) } = *kind else { return };
        if self.range(index).low >= 0 {
            let limits = self.facts.all_above(index).into_iter();
            let others = limits.filter(|(limit, _)| *limit != length);
            self.unproven.extend(others.map(|(limit, gap)| Unproven { block, index, limit, length, gap }));
        }
    }

    /// What holds after a check has passed.
    fn learn_check(&mut self, kind: &InstKind, result: Option<ValueId>) {
        match *kind {
            InstKind::GuardTrue { value, .. } => self.learn(value, true),
            InstKind::Int { op, a, b, .. } => result.into_iter().for_each(|result| self.learn_result(op, a, b, result)),
            InstKind::GuardSmall { value, low, high, .. } => {
                self.facts.set_range(value, self.range(value).intersect(Range { low, high }));
                result.into_iter().for_each(|result| self.facts.set_less(value, result, 0))
            }
            InstKind::GuardBounds { index, length, .. } => {
                let (ri, rl) = (self.range(index), self.range(length));
                let high = rl.high.saturating_sub(1);
                self.facts.set_range(index, ri.intersect(Range { low: 0, high }));
                self.facts.set_less(index, length, 1);
                if let Some(result) = result {
                    self.facts.set_range(result, ri.intersect(Range { low: 0, high }));
                    self.facts.set_less(result, length, 1);
                }
            }
            _ => {}
        }
    }

    /// How a sum or difference compares with what it was made of.
    fn learn_result(&mut self, op: IntOp, a: ValueId, b: ValueId, result: ValueId) {
        let by = self.range(b);
        match op {
            IntOp::Sub if by.low >= 0 => self.facts.set_less(result, a, by.low),
            IntOp::Add if by.low == by.high && by.low != i64::MIN => {
                self.facts.set_less(result, a, -by.high);
                self.facts.set_less(a, result, by.low);
            }
            _ => {}
        }
    }

    /// What a difference is at least because of what is known of the two.
    fn least_difference(&self, a: ValueId, b: ValueId) -> Option<i64> {
        let is_more = || self.less_one.get(&a).is_some_and(|more| self.facts.is_less(b, *more));
        if a == b {
            return Some(0);
        }
        let gap = self.facts.gap(b, a);
        if gap.is_none_or(|gap| gap < 0) && is_more() { Some(0) } else { gap }
    }

    fn result_range(&self, kind: &InstKind) -> Range {
        match *kind {
            InstKind::ConstI(value) => Range::exactly(value),
            InstKind::Int { op, a, b, .. } => self.int_range(op, a, b).unwrap_or(Range::FULL),
            InstKind::NegI { a, .. } => Range::exactly(0).checked_sub(self.range(a)).unwrap_or(Range::FULL),
            InstKind::ModI { a, b, .. } => self.mod_range(a, b),
            InstKind::DivI { a, b, .. } => self.div_range(a, b),
            InstKind::Bit { op: BitOp::And, a, b } => and_range(self.range(a), self.range(b)),
            InstKind::ShrI { a, .. } => {
                let range = self.range(a);
                Range { low: range.low.min(0), high: range.high.max(0) }
            }
            InstKind::LoadLength(object) => self.function.ty(object).lengths(),
            InstKind::GuardBounds { index, length, .. } => {
                self.range(index).intersect(Range { low: 0, high: self.range(length).high.saturating_sub(1) })
            }
            InstKind::GuardSmall { value, low, high, .. } => self.range(value).intersect(Range { low, high }),
            InstKind::Select { a, b, .. } => self.range(a).union(self.range(b)),
            _ => Range::FULL,
        }
    }

    fn int_range(&self, op: IntOp, a: ValueId, b: ValueId) -> Option<Range> {
        let least = if op == IntOp::Sub { self.least_difference(a, b) } else { None };
        let (a, b) = (self.range(a), self.range(b));
        // With an exact result that overflows on one side only, the other side still bounds it.
        let clamp = |low: Option<i64>, high: Option<i64>| {
            Some(Range { low: low.unwrap_or(i64::MIN), high: high.unwrap_or(i64::MAX) })
        };
        match op {
            IntOp::Add => clamp(a.low.checked_add(b.low), a.high.checked_add(b.high)),
            IntOp::Sub => clamp(a.low.checked_sub(b.high).max(least), a.high.checked_sub(b.low)),
            IntOp::Mul => a.checked_mul(b),
        }
    }

    fn mod_range(&self, a: ValueId, b: ValueId) -> Range {
        let (a, b) = (self.range(a), self.range(b));
        let most = b.low.unsigned_abs().max(b.high.unsigned_abs()).saturating_sub(1).min(i64::MAX as u64) as i64;
        Range { low: if a.low >= 0 { 0 } else { a.low.max(-most) }, high: if a.high <= 0 { 0 } else { a.high.min(most) } }
    }

    fn div_range(&self, a: ValueId, b: ValueId) -> Range {
        let (a, b) = (self.range(a), self.range(b));
        if b.low < 1 {
            return Range::FULL;
        }
        let ends = [a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high];
        ends.into_iter().map(Range::exactly).reduce(Range::union).unwrap_or(Range::FULL)
    }

    /// Drops the checks of an instruction that cannot fail; true if one was dropped.
    fn prove(&self, kind: &mut InstKind) -> bool {
        match kind {
            InstKind::Int { op, a, b, exit: exit @ Some(_) } => {
                let (ra, rb) = (self.range(*a), self.range(*b));
                let fits = match op {
                    IntOp::Add => ra.checked_add(rb),
                    IntOp::Sub => ra.checked_sub(rb),
                    IntOp::Mul => ra.checked_mul(rb),
                };
                take_if(exit, fits.is_some())
            }
            InstKind::NegI { a, exit: exit @ Some(_) } => take_if(exit, self.range(*a).low > i64::MIN),
            InstKind::DivI { a, b, zero, overflow } => {
                let (ra, rb) = (self.range(*a), self.range(*b));
                let no_zero = take_if(zero, rb.low > 0 || rb.high < 0);
                let no_overflow = take_if(overflow, ra.low > i64::MIN || rb.low > -1 || rb.high < -1);
                no_zero || no_overflow
            }
            InstKind::GuardNonZeroF { a, exit } => take_if(exit, self.is_not_zero(*a)),
            InstKind::ModI { b, zero, .. } => take_if(zero, self.range(*b).low > 0 || self.range(*b).high < 0),
            InstKind::ShrI { b, exit, .. } => take_if(exit, self.range(*b).low >= 0),
            InstKind::GuardSmall { value, low, high, exit } => {
                take_if(exit, self.range(*value).low >= *low && self.range(*value).high <= *high)
            }
            // Kept as an instruction so that its result stays the way to the element; lowering makes nothing of it.
            InstKind::GuardBounds { index, length, exit } => {
                let known = self.range(*index).low >= 0
                    && (self.facts.is_less(*index, *length) || self.range(*index).high < self.range(*length).low);
                take_if(exit, known)
            }
            _ => false,
        }
    }

    /// Is a float made of an int that is known not to be zero?
    fn is_not_zero(&self, float: ValueId) -> bool {
        self.ints.get(&float).is_some_and(|int| self.range(*int).low > 0 || self.range(*int).high < 0)
    }

    /// Ranges of the values a block passes to its successors.
    fn pass_on(&mut self, block: BlockId, incoming: &mut Incoming) {
        let Some(term) = self.function.blocks[block.index()].term.take() else { return };
        for (at, (to, args)) in term.successors().enumerate() {
            if args.is_empty() {
                continue;
            }
            let mark = self.facts.undo.len();
            if let Terminator::Branch { cond, .. } = term {
                self.learn(cond, at == 0);
            }
            for (arg, param) in args.iter().zip(&self.function.blocks[to.index()].params) {
                if self.ranges[param.index()].is_some() && self.reached[arg.index()].is_some() {
                    let range = self.range(*arg);
                    // The first way in is all that is known of a loop's start before its end was seen.
                    self.reached[param.index()].get_or_insert(range);
                    incoming.add(*param, range);
                }
            }
            self.facts.forget(mark);
        }
        self.function.blocks[block.index()].term = Some(term);
    }
}

/// What the parameters of blocks get in a round.
struct Incoming {
    params: Vec<ValueId>,
    /// By value.
    ranges: Vec<Option<Range>>,
}

impl Incoming {
    fn new(values: usize) -> Incoming {
        Incoming { params: Vec::new(), ranges: vec![None; values] }
    }

    fn add(&mut self, param: ValueId, range: Range) {
        let known = &mut self.ranges[param.index()];
        match known {
            Some(old) => *old = old.union(range),
            None => {
                *known = Some(range);
                self.params.push(param);
            }
        }
    }
}

impl Facts {
    fn set_range(&mut self, value: ValueId, range: Range) {
        let old = self.ranges[value.index()].replace(range);
        self.undo.push(Undo::Range(value, old));
    }

    fn set_less(&mut self, a: ValueId, b: ValueId, gap: i64) {
        self.less[a.index()].push((b, gap));
        self.undo.push(Undo::Less(a));
    }

    /// What a value is at most, and by how much it is less, as far as it is known of the value itself.
    fn above(&self, value: ValueId) -> &[(ValueId, i64)] {
        &self.less[value.index()]
    }

    /// The same also by way of others. Each is there once, nearest first.
    fn all_above(&self, value: ValueId) -> Vec<(ValueId, i64)> {
        let mut found: Vec<(ValueId, i64)> = Vec::new();
        let mut from = vec![(value, 0_i64)];
        for _ in 0..MOST_STEPS {
            let mut further = Vec::new();
            for (middle, gap) in from {
                for &(end, more) in self.above(middle) {
                    let gap = gap.saturating_add(more);
                    let room = found.len() < MOST_ABOVE && end != value;
                    match found.iter_mut().find(|(other, _)| *other == end) {
                        Some((_, known)) if *known >= gap => continue,
                        Some((_, known)) => *known = gap,
                        None if room => found.push((end, gap)),
                        None => continue,
                    }
                    further.push((end, gap));
                }
            }
            from = further;
        }
        found
    }

    /// What `b` is known to be more than `a` by.
    fn gap(&self, a: ValueId, b: ValueId) -> Option<i64> {
        if self.above(a).is_empty() {
            return None;
        }
        self.all_above(a).into_iter().find(|(end, _)| *end == b).map(|(_, gap)| gap)
    }

    /// Is `a < b` known?
    fn is_less(&self, a: ValueId, b: ValueId) -> bool {
        self.gap(a, b).is_some_and(|gap| gap > 0)
    }

    fn forget(&mut self, mark: usize) {
        for undo in self.undo.drain(mark..).rev() {
            match undo {
                Undo::Range(value, old) => self.ranges[value.index()] = old,
                Undo::Less(value) => drop(self.less[value.index()].pop()),
            }
        }
    }
}

fn take_if<T>(check: &mut Option<T>, proven: bool) -> bool {
    proven && check.take().is_some()
}

fn widen(old: Range, new: Range, bound: Range) -> Range {
    Range {
        low: if new.low < old.low { bound.low } else { old.low },
        high: if new.high > old.high { bound.high } else { old.high },
    }
}

fn and_range(a: Range, b: Range) -> Range {
    match (a.is_non_negative(), b.is_non_negative()) {
        (true, true) => Range { low: 0, high: a.high.min(b.high) },
        (true, false) => Range { low: 0, high: a.high },
        (false, true) => Range { low: 0, high: b.high },
        (false, false) => Range::FULL,
    }
}

fn negated(op: Cmp) -> Cmp {
    match op {
        Cmp::Eq => Cmp::Ne,
        Cmp::Ne => Cmp::Eq,
        Cmp::Lt => Cmp::Ge,
        Cmp::Le => Cmp::Gt,
        Cmp::Gt => Cmp::Le,
        Cmp::Ge => Cmp::Lt,
    }
}

/// The condition of the branch at the end of `from`, and whether `to` is where it leads if true. Nothing if both edges do.
fn branch_towards(function: &Function, from: BlockId, to: BlockId) -> Option<(ValueId, bool)> {
    match function.blocks[from.index()].term.as_ref()? {
        Terminator::Branch { cond, then, otherwise } if then.0 != otherwise.0 => Some((*cond, then.0 == to)),
        _ => None,
    }
}
