//! Strip mining: short counted loops run in stretches of turns that neither compare the counter with its limit nor poll.
//!
//! A register counts down the turns of a stretch: as many as are left, at most `super::polls::TURNS`. Only behind a stretch is it
//! seen whether the loop goes on, and if so the poll is made. A turn then has one test for both, and what the counter becomes
//! may take its place at once, since nothing else looks at it.
//! Relies on: the counter of a rare poll is one more, or one less, at each turn; the loop's test is at its end.
//! Must not: move a poll over an effect, since what it leaves with describes one moment; nor make loops of many instructions
//! wait for one more register; nor begin a stretch for the few turns between two calls.
use ahash::AHashMap;

use super::polls;
use crate::jit::ir::cfg::{Cfg, Loop};
use crate::jit::ir::inst::{Cmp, IntOp};
use crate::jit::ir::{Block, BlockId, Function, Inst, InstKind, Late, Origin, Terminator, Type, ValueId};

/// Instructions of a loop, at most.
const MOST_INSTS: usize = 12;

/// A loop in stretches.
struct Plan {
    header: BlockId,
    latch: BlockId,
    /// Those outside that lead to the header.
    fronts: Vec<BlockId>,
    /// Where the counter stands among the header's parameters.
    counter: usize,
    limit: ValueId,
    poll: (BlockId, usize),
    /// What the state and the sums of the poll are behind the turn.
    renamed: AHashMap<ValueId, ValueId>,
}

/// Returns the number of loops.
pub fn run(function: &mut Function, cfg: &mut Cfg) -> usize {
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
    let (poll, counter) = looped.blocks.iter().find_map(|block| rare_poll(function, *block))?;
    let params = &function.blocks[header.index()].params;
    let Some(Terminator::Branch { cond, then, otherwise }) = &function.blocks[latch.index()].term else { return None };
    let mut turns = params.iter().zip(&then.1);
    let counter = turns.position(|(param, next)| *param == counter || *next == counter)?;
    if then.0 != header || otherwise.0 == header {
        return None;
    }
    let test = function.blocks[latch.index()].insts.iter().find(|inst| inst.result == Some(*cond))?;
    let InstKind::CmpI { op: Cmp::Lt | Cmp::Le, a, b: limit } = test.kind else { return None };
    let outside = |value: ValueId| !looped.blocks.contains(&home[value.index()]);
    if a != then.1[counter] || !outside(limit) || !is_sum(function, looped, a) {
        return None;
    }
    let renamed = if poll == (header, 0) {
        // Then it speaks of what the next turn begins with.
        params.iter().copied().zip(then.1.iter().copied()).collect()
    } else if poll.0 == *latch && pure_behind(function, poll) {
        AHashMap::new()
    } else {
        return None;
    };
    let fronts: Vec<BlockId> = cfg.preds[header.index()].iter().copied().filter(|pred| pred != latch).collect();
    // The turns between two calls of one loop: they are few.
    if fronts.iter().any(|front| function.blocks[front.index()].loop_head.is_some()) {
        return None;
    }
    let plan = Plan { header, latch: *latch, fronts, counter, limit, poll, renamed };
    plan.fronts.iter().all(|front| edges_to(function, *front, header) == 1).then_some(plan)
}

/// Does the counter grow? Else its limit does not bound the turns.
fn is_sum(function: &Function, looped: &Loop, counter: ValueId) -> bool {
    let mut insts = looped.blocks.iter().flat_map(|block| &function.blocks[block.index()].insts);
    insts.any(|inst| inst.result == Some(counter) && matches!(inst.kind, InstKind::Int { op: IntOp::Add, .. }))
}

/// Where a block polls once in many turns, and the counter.
fn rare_poll(function: &Function, block: BlockId) -> Option<((BlockId, usize), ValueId)> {
    let insts = function.blocks[block.index()].insts.iter().enumerate();
    insts
        .filter_map(|(at, inst)| match inst.kind {
            InstKind::Poll { counter: Some(counter), .. } => Some(((block, at), counter)),
            _ => None,
        })
        .next()
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
    let left = function.new_value(Type::INT);
    function.blocks[plan.header.index()].params.push(left);
    for &front in &plan.fronts {
        let way = way_in(function, front, plan.header);
        begin_stretch(function, way, &plan);
    }
    let poll = function.blocks[plan.poll.0.index()].insts.remove(plan.poll.1);
    end_stretch(function, &plan, left, poll);
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

/// Before the jump to the header: how many turns the stretch takes, at least one.
fn begin_stretch(function: &mut Function, way: BlockId, plan: &Plan) {
    let Some(Terminator::Jump(_, args)) = &function.blocks[way.index()].term else { unreachable!("a way in jumps") };
    let counter = args[plan.counter];
    let origin = test_origin(function, plan);
    let most = polls::turns(function);
    let [turns, rest, least, one, left] = [Type::INT; 5].map(|ty| function.new_value(ty));
    let [is_less, is_none] = [Type::BOOL; 2].map(|ty| function.new_value(ty));
    let insts = [
        (InstKind::ConstI(most), turns),
        (InstKind::Int { op: IntOp::Sub, a: plan.limit, b: counter, exit: None }, rest),
        (InstKind::CmpI { op: Cmp::Lt, a: rest, b: turns }, is_less),
        (InstKind::Select { cond: is_less, a: rest, b: turns }, least),
        // What is negative, as the difference is too where it is beyond 64 bits, could not be counted down.
        (InstKind::ConstI(1), one),
        (InstKind::CmpI { op: Cmp::Lt, a: least, b: one }, is_none),
        (InstKind::Select { cond: is_none, a: one, b: least }, left),
    ];
    let block = &mut function.blocks[way.index()];
    block.insts.extend(insts.map(|(kind, result)| Inst { kind, result: Some(result), origin }));
    if let Some(Terminator::Jump(_, args)) = &mut block.term {
        *args = args.iter().copied().chain([left]).collect();
    }
}

/// The latch counts; behind a stretch come the loop's own test and the poll.
fn end_stretch(function: &mut Function, plan: &Plan, left: ValueId, poll: Inst) {
    let (test, again) = (function.new_block(), function.new_block());
    let origin = test_origin(function, plan);
    let [zero, one, next, goes_on] = [Type::INT, Type::INT, Type::INT, Type::BOOL].map(|ty| function.new_value(ty));
    let latch = &mut function.blocks[plan.latch.index()];
    let Some(Terminator::Branch { cond, then, otherwise }) = latch.term.take() else { unreachable!("a latch branches") };
    let counted = [
        (InstKind::ConstI(0), zero),
        (InstKind::ConstI(1), one),
        (InstKind::Int { op: IntOp::Sub, a: left, b: one, exit: None }, next),
        (InstKind::CmpI { op: Cmp::Gt, a: next, b: zero }, goes_on),
    ];
    let own = latch.insts.iter().position(|inst| inst.result == Some(cond)).map(|at| latch.insts.remove(at));
    latch.insts.extend(counted.map(|(kind, result)| Inst { kind, result: Some(result), origin }));
    let more: Box<[ValueId]> = then.1.iter().copied().chain([next]).collect();
    let behind = (test, Box::default());
    latch.term = Some(Terminator::Branch { cond: goes_on, then: (plan.header, more), otherwise: behind });
    let term = Terminator::Branch { cond, then: (again, Box::default()), otherwise };
    function.blocks[test.index()] = Block { insts: own.into_iter().collect(), term: Some(term), ..Block::default() };
    let poll = moved(function, plan, poll, (then.1[plan.counter], one));
    let term = Some(Terminator::Jump(plan.header, then.1));
    function.blocks[again.index()] = Block { insts: vec![poll], term, cold: true, ..Block::default() };
    begin_stretch(function, again, plan);
}

/// The poll for its place behind a stretch. If it wants what the counter was, that is computed from what it is there.
fn moved(function: &mut Function, plan: &Plan, mut poll: Inst, (next, one): (ValueId, ValueId)) -> Inst {
    let InstKind::Poll { counter, sums, exit } = &mut poll.kind else { unreachable!("it is a poll") };
    let mut renamed = plan.renamed.clone();
    let old = function.blocks[plan.header.index()].params[plan.counter];
    if renamed.is_empty() && function.states[exit.index()].values().any(|value| value == old) {
        let before = function.new_value(function.ty(old));
        function.late.insert(before, Late { adds: false, a: next, b: one });
        renamed.insert(old, before);
    }
    let replace = |values: &AHashMap<ValueId, ValueId>, value: &mut ValueId| {
        *value = values.get(value).copied().unwrap_or(*value);
    };
    *counter = None;
    sums.iter_mut().for_each(|sum| replace(&plan.renamed, sum));
    *exit = super::copy_state(function, *exit, |value| replace(&renamed, value));
    poll
}

fn test_origin(function: &Function, plan: &Plan) -> Origin {
    let insts = &function.blocks[plan.latch.index()].insts;
    insts.last().map_or(Origin { function: 0, pc: 0 }, |inst| inst.origin)
}
