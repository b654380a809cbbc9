//! Bounds checks of counted loops, made once in front of them.
//!
//! Where a loop goes on while `i < limit` and reads element `i`, or `j` falls from a limit, with limit and length from outside, it is
//! checked in front of the loop that the limit is at most the length, or less; the range analysis then proves the check of each turn.
//! The method is known as loop predication.
//! Relies on: a check in front of a loop leaves to the loop head, and is not made again once it has failed too often. Only checks
//! that every turn makes are replaced: a program that goes beyond the length would then fail in the loop anyway, unless it leaves
//! the loop before.
//! Must not: compare what is only known inside of the loop.
use super::addends;
use super::range::{self, Unproven};
use crate::jit::ir::cfg::{Cfg, Loop};
use crate::jit::ir::inst::Cmp;
use crate::jit::ir::{BlockId, Function, Inst, InstKind, StateId, Type, ValueId};

/// Runs the range analysis, and once more with the checks made in front of loops. Returns the number of checks removed.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    let (proven, unproven) = range::run_last(function, cfg, false);
    let sums = addends::checked_sums(function);
    if unproven.is_empty() && sums.is_empty() {
        return proven;
    }
    let home = super::homes(function, cfg);
    let guessed = addends::check_in_front(function, &sums, cfg, &home);
    let checked = guessed + check_in_front(function, unproven, cfg, &home);
    if checked == 0 { proven } else { proven + range::run_last(function, cfg, true).0 }
}

/// Returns the number of comparisons made in front of loops.
fn check_in_front(function: &mut Function, unproven: Vec<Unproven>, cfg: &Cfg, home: &[BlockId]) -> usize {
    let mut made: Vec<(BlockId, Unproven)> = Vec::new();
    let (reach, others): (Vec<_>, Vec<_>) = unproven.into_iter().partition(|check| check.reaches);
    for check in reach.into_iter().chain(others) {
        let Some(looped) = cfg.loops.iter().find(|looped| looped.blocks.contains(&check.block)) else { continue };
        let is_outside = |value: ValueId| !looped.blocks.contains(&home[value.index()]);
        let Some((front, exit)) = front(function, looped) else { continue };
        let always = cfg.is_in_each_turn(function, check.block, looped);
        // One comparison is enough for a check, and a limit that is less than the length is at most the length.
        let known = made.iter().any(|(at, other)| {
            let is_same = (other.block, other.index, other.length) == (check.block, check.index, check.length);
            *at == front && (is_same || (other.limit, other.length) == (check.limit, check.length))
        });
        if always && !known && is_outside(check.limit) && is_outside(check.length) {
            compare(function, front, exit, check);
            made.push((front, check));
        }
    }
    made.len()
}

/// The block in front of a loop, with the state that checks there leave with.
pub(super) fn front(function: &Function, looped: &Loop) -> Option<(BlockId, StateId)> {
    let front = looped.preheader?;
    function.blocks[front.index()].preheader.map(|exit| (front, exit))
}

fn compare(function: &mut Function, front: BlockId, exit: StateId, check: Unproven) {
    let op = if check.reaches { Cmp::Lt } else { Cmp::Le };
    let origin = function.states[exit.index()].origin();
    let good = function.new_value(Type::BOOL);
    let insts = &mut function.blocks[front.index()].insts;
    insts.push(Inst { kind: InstKind::CmpI { op, a: check.limit, b: check.length }, result: Some(good), origin });
    insts.push(Inst { kind: InstKind::GuardTrue { value: good, exit }, result: None, origin });
}
