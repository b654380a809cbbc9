//! Lets short loops look at the poll word once in many turns.
//!
//! In an innermost loop that counts its turns by ones, up or down – as every loop over a range does – the poll is made when the lowest bits
//! of the counter are zero: that is one test of a register instead of a load and a test, and the loop is still left within
//! [`TURNS`] turns. A loop around such loops, which itself may have few turns each, polls every [`OUTER_TURNS`].
//! Must not: make polls rarer where a turn may take long or take memory (calls, operations, what allocates), nor in a loop
//! around loops that are around others: a few of them inside of each other would poll next to never.
use crate::jit::ir::cfg::{Cfg, Loop};
use crate::jit::ir::ids::IdMap;
use crate::jit::ir::inst::IntOp;
use crate::jit::ir::types::Range;
use crate::jit::ir::{Function, InstKind, Terminator, ValueId};

/// Turns between two polls, a power of two.
pub const TURNS: i64 = 1024;

/// The same in a loop around others.
const OUTER_TURNS: i64 = 32;

/// Turns between two polls in loops that run in stretches: few for tests, where polls fail on purpose.
pub fn turns(function: &Function) -> i64 {
    if function.polls_often { 3 } else { TURNS }
}

/// Which way a counter goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    Up,
    Down,
}

/// Returns the number of polls that became rarer.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    let neighbours = neighbours(function);
    let mut rarer = 0;
    let short: Vec<_> =
        cfg.loops.iter().filter_map(|looped| Some((looped, turns_between(function, cfg, looped)?))).collect();
    for (looped, turns) in short {
        let Some(counters) = counters(function, &neighbours, looped) else { continue };
        for (&latch, found) in looped.latches.iter().zip(counters) {
            for inst in &mut function.blocks[latch.index()].insts {
                if let InstKind::Poll { counter, every, .. } = &mut inst.kind {
                    (*counter, *every) = (Some(found), turns);
                    rarer += 1;
                }
            }
        }
    }
    rarer
}

/// In how many turns a loop may poll once, if not in each.
fn turns_between(function: &Function, cfg: &Cfg, looped: &Loop) -> Option<i64> {
    let inner = cfg.loops.iter().filter(|inner| inner.header != looped.header && looped.blocks.contains(&inner.header));
    let turns = match inner.map(|inner| cfg.is_innermost(inner)).reduce(|all, next| all && next) {
        None => TURNS,
        Some(true) => OUTER_TURNS,
        Some(false) => return None,
    };
    is_short(function, looped).then_some(turns)
}

/// Does every turn, but for the loops in it, take a bounded number of steps, and no memory?
pub(super) fn is_short(function: &Function, looped: &Loop) -> bool {
    let insts = looped.blocks.iter().flat_map(|block| &function.blocks[block.index()].insts);
    insts.map(|inst| &inst.kind).all(|kind| {
        !kind.effects().calls
            && !matches!(
                kind,
                InstKind::Operate { .. }
                    | InstKind::Push { .. }
                    | InstKind::Pop { .. }
                    | InstKind::MakeInstance { .. }
                    | InstKind::MakeClosure { .. }
                    | InstKind::Unshare { .. }
                    | InstKind::Generalise { .. }
            )
    })
}

/// What each value is one more or one less than, if it is that of another.
fn neighbours(function: &Function) -> Vec<Option<(ValueId, Step)>> {
    let mut of = vec![None; function.values.len()];
    let is_one = |value: ValueId| function.ty(value).range == Range { low: 1, high: 1 };
    let insts = || function.blocks.iter().flat_map(|block| &block.insts);
    // A checked index is the index.
    let mut checked: IdMap<ValueId, ValueId> = IdMap::default();
    for inst in insts() {
        if let (InstKind::GuardBounds { index, .. }, Some(result)) = (&inst.kind, inst.result) {
            checked.insert(result, *index);
        }
    }
    for inst in insts() {
        let (InstKind::Int { op, a, b, .. }, Some(result)) = (&inst.kind, inst.result) else { continue };
        let before = match op {
            IntOp::Add if is_one(*b) => Some((*a, Step::Up)),
            IntOp::Add if is_one(*a) => Some((*b, Step::Up)),
            IntOp::Sub if is_one(*b) => Some((*a, Step::Down)),
            _ => None,
        };
        of[result.index()] = before.map(|(value, step)| (checked.get(&value).copied().unwrap_or(value), step));
    }
    of
}

/// What the head's parameter that each turn counts is behind it, one value for each way back. A parameter that only some
/// ways count, or that one counts up and another down, may be set to anything on the others: then no way back might ever find a multiple.
fn counters(function: &Function, neighbours: &[Option<(ValueId, Step)>], looped: &Loop) -> Option<Vec<ValueId>> {
    let ways = looped.latches.iter().map(|latch| match &function.blocks[latch.index()].term {
        Some(Terminator::Jump(_, args)) => Some(args),
        _ => None,
    });
    let ways: Vec<_> = ways.collect::<Option<_>>()?;
    let counted_by = |(at, param, step): (usize, ValueId, Step)| {
        ways.iter().map(|args| Some(args[at]).filter(|next| neighbours[next.index()] == Some((param, step)))).collect()
    };
    let params = function.blocks[looped.header.index()].params.iter().enumerate();
    let mut counted =
        params.flat_map(|(at, param)| [(at, *param, Step::Up), (at, *param, Step::Down)]).filter_map(counted_by);
    counted.next()
}
