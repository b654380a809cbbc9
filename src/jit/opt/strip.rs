//! Strip mining: short loops that count run in stretches of turns that do not poll.
//!
//! A stretch ends where the loop does, or at most `super::polls::TURNS` turns on: the counter is compared with the nearer of the two. Only
//! behind a stretch is it seen whether the loop goes on, and if so the poll is made. So a turn has one test for both.
//! Relies on: each turn takes the counter one step nearer to its limit – that the step does so is looked at before each stretch, if it is
//! not known – and neither step nor limit changes; the loop's test is at its end.
//! Must not: move a poll over an effect, since what it leaves with describes one moment; nor make long loops wait for one more
//! register; nor begin a stretch for the few turns between two calls.
use super::polls;
use crate::jit::ir::cfg::{Cfg, Loop};
use crate::jit::ir::ids::IdMap;
use crate::jit::ir::inst::{Cmp, IntOp};
use crate::jit::ir::{Block, BlockId, Function, Inst, InstKind, Late, Origin, Terminator, Type, ValueId};

/// Instructions of a loop, at most.
const MOST_INSTS: usize = 24;

/// What a turn adds to a counter, or takes off it, at most: a stretch is far from 64 bits then.
const MOST_STEP: i64 = 1 << 40;

/// A loop in stretches.
struct Plan {
    header: BlockId,
    latch: BlockId,
    /// Those outside that lead to the header.
    fronts: Vec<BlockId>,
    /// Where the counter stands among the header's parameters.
    counter: usize,
    count: Count,
    poll: (BlockId, usize),
    /// What the state and the sums of the poll are behind the turn.
    renamed: IdMap<ValueId, ValueId>,
}

/// How a loop counts.
#[derive(Clone, Copy)]
struct Count {
    /// The counter at the end of a turn.
    next: ValueId,
    step: ValueId,
    limit: ValueId,
    /// The loop goes on while `next` compares so with `limit`.
    op: Cmp,
}

impl Count {
    fn falls(self) -> bool {
        matches!(self.op, Cmp::Gt | Cmp::Ge)
    }

    /// What brings the counter nearer to its limit.
    fn towards(self) -> IntOp {
        if self.falls() { IntOp::Sub } else { IntOp::Add }
    }

    /// Holds for two numbers of which the counter comes to the first one first.
    fn nearer(self) -> Cmp {
        if self.falls() { Cmp::Gt } else { Cmp::Lt }
    }
}

/// Returns the number of loops.
pub fn run(function: &mut Function, cfg: &mut Cfg) -> usize {
    if cfg.loops.is_empty() {
        return 0;
    }
    let home = super::homes(function, cfg);
    let plans: Vec<Plan> = cfg.loops.iter().filter_map(|looped| plan(function, cfg, &home, looped)).collect();
    let count = plans.len();
    plans.into_iter().for_each(|plan| apply(function, plan));
    if count > 0 {
        *cfg = Cfg::new(function);
    }
    count
}

fn plan(function: &Function, cfg: &Cfg, home: &[BlockId], looped: &Loop) -> Option<Plan> {
    let [latch] = &looped.latches[..] else { return None };
    let header = looped.header;
    let size: usize = looped.blocks.iter().map(|block| function.blocks[block.index()].insts.len()).sum();
    if size > MOST_INSTS {
        return None;
    }
    let Some(Terminator::Branch { cond, then, otherwise }) = &function.blocks[latch.index()].term else { return None };
    if then.0 != header || otherwise.0 == header {
        return None;
    }
    let params = &function.blocks[header.index()].params;
    let count = counted(function, home, looped, *cond)?;
    let counter = params
        .iter()
        .zip(&then.1)
        .position(|(param, next)| *next == count.next && is_step(function, looped, count, *param))?;
    let poll = rare_poll(function, cfg, looped)?;
    let renamed = if poll == (header, 0) {
        // Then it speaks of what the next turn begins with.
        params.iter().copied().zip(then.1.iter().copied()).collect()
    } else if poll.0 == *latch && pure_behind(function, poll) {
        IdMap::default()
    } else {
        return None;
    };
    let fronts: Vec<BlockId> = cfg.preds[header.index()].iter().copied().filter(|pred| pred != latch).collect();
    // The turns between two calls of one loop: they are few.
    if fronts.iter().any(|front| function.blocks[front.index()].loop_head.is_some()) {
        return None;
    }
    let plan = Plan { header, latch: *latch, fronts, counter, count, poll, renamed };
    plan.fronts.iter().all(|front| edges_to(function, *front, header) == 1).then_some(plan)
}

/// How a loop counts that goes on under this condition.
fn counted(function: &Function, home: &[BlockId], looped: &Loop, cond: ValueId) -> Option<Count> {
    let outside = |value: ValueId| !looped.blocks.contains(&home[value.index()]);
    let InstKind::CmpI { op, a: next, b: limit } = *made(function, looped, cond)? else { return None };
    let InstKind::Int { op: made, b: step, .. } = *made(function, looped, next)? else { return None };
    let count = Count { next, step, limit, op };
    let range = function.ty(step).range;
    let is_order = matches!(op, Cmp::Lt | Cmp::Le | Cmp::Gt | Cmp::Ge);
    let counts = made == count.towards() && range.high >= 1 && range.low <= MOST_STEP;
    let is_kept = outside(limit) && (outside(step) || range.low == range.high);
    (is_order && counts && is_kept).then_some(count)
}

/// Does the counter become what it is at the end of a turn from this parameter?
fn is_step(function: &Function, looped: &Loop, count: Count, param: ValueId) -> bool {
    let Some(InstKind::Int { a, .. }) = made(function, looped, count.next) else { return false };
    // A checked index is the index.
    *a == param || matches!(made(function, looped, *a), Some(InstKind::GuardBounds { index, .. }) if *index == param)
}

/// What makes a value of a loop.
fn made<'a>(function: &'a Function, looped: &Loop, value: ValueId) -> Option<&'a InstKind> {
    let mut insts = looped.blocks.iter().flat_map(|block| &function.blocks[block.index()].insts);
    insts.find(|inst| inst.result == Some(value)).map(|inst| &inst.kind)
}

/// Where a loop polls that may do so once in many turns.
fn rare_poll(function: &Function, cfg: &Cfg, looped: &Loop) -> Option<(BlockId, usize)> {
    let polls = looped.blocks.iter().flat_map(|block| {
        let insts = function.blocks[block.index()].insts.iter().enumerate();
        insts.filter_map(|(at, inst)| match &inst.kind {
            InstKind::Poll { counter, .. } => Some(((*block, at), counter.is_some())),
            _ => None,
        })
    });
    let polls: Vec<_> = polls.collect();
    let [(poll, is_rare)] = polls[..] else { return None };
    (cfg.is_innermost(looped) && (is_rare || polls::is_short(function, looped))).then_some(poll)
}

/// Does nothing behind the poll in its block have effects?
fn pure_behind(function: &Function, poll: (BlockId, usize)) -> bool {
    function.blocks[poll.0.index()].insts[poll.1 + 1..].iter().all(|inst| {
        let effects = inst.kind.effects();
        !effects.exits && !effects.calls && effects.writes == crate::jit::ir::inst::Heaps::NONE
    })
}

fn edges_to(function: &Function, from: BlockId, to: BlockId) -> usize {
    let term = function.blocks[from.index()].term.iter();
    term.flat_map(Terminator::successors).filter(|(next, _)| *next == to).count()
}

fn apply(function: &mut Function, plan: Plan) {
    let end = function.new_value(Type::INT);
    function.blocks[plan.header.index()].params.push(end);
    for &front in &plan.fronts {
        let way = way_in(function, front, plan.header);
        let counter = passed(function, way, &plan);
        begin_stretch(function, way, counter, &plan);
    }
    let poll = function.blocks[plan.poll.0.index()].insts.remove(plan.poll.1);
    end_stretch(function, &plan, end, poll);
}

/// The block whose jump leads to the header: `front`, or a new one on its edge.
fn way_in(function: &mut Function, front: BlockId, header: BlockId) -> BlockId {
    if matches!(function.blocks[front.index()].term, Some(Terminator::Jump(..))) {
        return front;
    }
    let way = function.new_block();
    let Some(Terminator::Branch { then, otherwise, .. }) = &mut function.blocks[front.index()].term else {
        unreachable!("a block that leads elsewhere jumps or branches")
    };
    let edge = if then.0 == header { then } else { otherwise };
    let args = std::mem::take(&mut edge.1);
    edge.0 = way;
    function.blocks[way.index()].term = Some(Terminator::Jump(header, args));
    way
}

/// What the counter is where a block jumps to the header.
fn passed(function: &Function, way: BlockId, plan: &Plan) -> ValueId {
    let Some(Terminator::Jump(_, args)) = &function.blocks[way.index()].term else { unreachable!("a way in jumps") };
    args[plan.counter]
}

/// Before the jump to the header: what the stretch goes up to, which is the loop's limit if there are few turns left. `from` is where
/// the counter is, or where the stretch before has ended, which is hardly less: so nothing but the counter is kept up to here.
fn begin_stretch(function: &mut Function, way: BlockId, from: ValueId, plan: &Plan) {
    let count = plan.count;
    let small = stays_within(function, passed(function, way, plan));
    let origin = test_origin(function, plan);
    let turns = polls::turns(function);
    let step = function.ty(count.step).range;
    let [most, far, all, mut nearer, end] = [Type::INT; 5].map(|ty| function.new_value(ty));
    let [is_less, is_beyond] = [Type::BOOL; 2].map(|ty| function.new_value(ty));
    let mut insts = match step.low == step.high {
        true => vec![(InstKind::ConstI(step.low * turns), far)],
        false => vec![
            (InstKind::ConstI(turns), most),
            (InstKind::Int { op: IntOp::Mul, a: count.step, b: most, exit: None }, far),
        ],
    };
    insts.extend([
        (InstKind::Int { op: count.towards(), a: from, b: far, exit: None }, all),
        (InstKind::CmpI { op: count.nearer(), a: count.limit, b: all }, is_less),
        (InstKind::Select { cond: is_less, a: count.limit, b: all }, nearer),
    ]);
    if !small {
        // Beyond 64 bits the limit is the nearer one.
        insts.push((InstKind::CmpI { op: count.nearer(), a: all, b: from }, is_beyond));
        insts.push((InstKind::Select { cond: is_beyond, a: count.limit, b: nearer }, end));
        nearer = end;
    }
    let end = only_small(function, count, nearer, &mut insts);
    let block = &mut function.blocks[way.index()];
    block.insts.extend(insts.into_iter().map(|(kind, result)| Inst { kind, result: Some(result), origin }));
    if let Some(Terminator::Jump(_, args)) = &mut block.term {
        *args = args.iter().copied().chain([end]).collect();
    }
}

/// Is a counter so small that no stretch takes it beyond 64 bits?
fn stays_within(function: &Function, counter: ValueId) -> bool {
    let (range, most) = (function.ty(counter).range, i64::MAX - MOST_STEP * polls::TURNS);
    (-most..=most).contains(&range.low) && (-most..=most).contains(&range.high)
}

/// The end of a stretch; if the step is not known to be small and to bring the counter nearer to its limit, that is looked at, and
/// otherwise a stretch ends with its first turn.
fn only_small(function: &mut Function, count: Count, end: ValueId, insts: &mut Vec<(InstKind, ValueId)>) -> ValueId {
    let range = function.ty(count.step).range;
    let [least, most, at_once] = [1, MOST_STEP, if count.falls() { i64::MAX } else { i64::MIN }];
    let mut unless = |op: Cmp, bound: i64, end: ValueId| {
        let [bound_at, never, kept] = [Type::INT; 3].map(|ty| function.new_value(ty));
        let is_bad = function.new_value(Type::BOOL);
        insts.extend([
            (InstKind::ConstI(bound), bound_at),
            (InstKind::CmpI { op, a: count.step, b: bound_at }, is_bad),
            (InstKind::ConstI(at_once), never),
            (InstKind::Select { cond: is_bad, a: never, b: end }, kept),
        ]);
        kept
    };
    let end = if range.low < least { unless(Cmp::Lt, least, end) } else { end };
    if range.high > most { unless(Cmp::Gt, most, end) } else { end }
}

/// The latch looks for the end of the stretch; behind it come the loop's own test and the poll.
fn end_stretch(function: &mut Function, plan: &Plan, end: ValueId, poll: Inst) {
    let (test, again) = (function.new_block(), function.new_block());
    let origin = test_origin(function, plan);
    let goes_on = function.new_value(Type::BOOL);
    let latch = &mut function.blocks[plan.latch.index()];
    let Some(Terminator::Branch { cond, then, otherwise }) = latch.term.take() else { unreachable!("a latch branches") };
    let own = latch.insts.iter().position(|inst| inst.result == Some(cond)).map(|at| latch.insts.remove(at));
    let kind = InstKind::CmpI { op: plan.count.op, a: plan.count.next, b: end };
    latch.insts.push(Inst { kind, result: Some(goes_on), origin });
    let more: Box<[ValueId]> = then.1.iter().copied().chain([end]).collect();
    let behind = (test, Box::default());
    latch.term = Some(Terminator::Branch { cond: goes_on, then: (plan.header, more), otherwise: behind });
    let term = Terminator::Branch { cond, then: (again, Box::default()), otherwise };
    function.blocks[test.index()] = Block { insts: own.into_iter().collect(), term: Some(term), ..Block::default() };
    let poll = moved(function, plan, poll);
    let term = Some(Terminator::Jump(plan.header, then.1));
    function.blocks[again.index()] = Block { insts: vec![poll], term, cold: true, ..Block::default() };
    begin_stretch(function, again, end, plan);
}

/// The poll for its place behind a stretch. If it wants what the counter was, that is computed from what it is there.
fn moved(function: &mut Function, plan: &Plan, mut poll: Inst) -> Inst {
    let InstKind::Poll { counter, every, sums, exit } = &mut poll.kind else { unreachable!("it is a poll") };
    let mut renamed = plan.renamed.clone();
    let old = function.blocks[plan.header.index()].params[plan.counter];
    if renamed.is_empty() && function.states[exit.index()].values().any(|value| value == old) {
        let before = function.new_value(function.ty(old));
        function.late.insert(before, Late { adds: plan.count.falls(), a: plan.count.next, b: plan.count.step });
        renamed.insert(old, before);
    }
    let replace = |values: &IdMap<ValueId, ValueId>, value: &mut ValueId| {
        *value = values.get(value).copied().unwrap_or(*value);
    };
    (*counter, *every) = (None, 1);
    sums.iter_mut().for_each(|sum| replace(&plan.renamed, sum));
    *exit = super::copy_state(function, *exit, |value| replace(&renamed, value));
    poll
}

fn test_origin(function: &Function, plan: &Plan) -> Origin {
    let insts = &function.blocks[plan.latch.index()].insts;
    insts.last().map_or(Origin { function: 0, pc: 0 }, |inst| inst.origin)
}
