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
use crate::jit::ir::inst::{Cmp, IntOp};
use crate::jit::ir::{BlockId, Function, Inst, InstKind, Range, StateId, Type, ValueId};

/// What an index may go beyond the limit by, as in `xs[i + 2]` where `i < limit`.
const MOST_BEYOND: i64 = 8;

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
fn check_in_front(function: &mut Function, mut unproven: Vec<Unproven>, cfg: &Cfg, home: &[BlockId]) -> usize {
    let mut made: Vec<(BlockId, Unproven)> = Vec::new();
    unproven.retain(|check| can_compare(function, check));
    unproven.sort_by_key(|check| check.gap);
    for check in unproven {
        let Some(looped) = cfg.loops.iter().find(|looped| looped.blocks.contains(&check.block)) else { continue };
        let is_outside = |value: ValueId| !looped.blocks.contains(&home[value.index()]);
        let Some((front, exit)) = front(function, looped) else { continue };
        let always = cfg.is_in_each_turn(function, check.block, looped);
        // One comparison is enough for a check, and what holds with a small gap holds with a larger one.
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

/// Can the two be compared without a sum that might be too large for an int?
fn can_compare(function: &Function, check: &Unproven) -> bool {
    check.gap >= -MOST_BEYOND && sides(function, check).is_some()
}

/// What is added to the limit and to the length, so that the limit is then less than the length, or with a gap at most as large.
fn sides(function: &Function, check: &Unproven) -> Option<[i64; 2]> {
    let by = if check.gap > 0 { 1 - check.gap } else { -check.gap };
    let is_exact = |value: ValueId, by: i64| moved(function, value, by).is_some();
    match by {
        by if is_exact(check.limit, by) => Some([by, 0]),
        ..0 if is_exact(check.length, -by) => Some([0, -by]),
        _ => None,
    }
}

fn moved(function: &Function, value: ValueId, by: i64) -> Option<Range> {
    function.ty(value).range.checked_add(Range::exactly(by))
}

/// Checks that `limit - gap` is less than the length.
fn compare(function: &mut Function, front: BlockId, exit: StateId, check: Unproven) {
    let Some([limit, length]) = sides(function, &check) else { return };
    let op = if check.gap > 0 { Cmp::Le } else { Cmp::Lt };
    let (a, b) = (more(function, front, exit, check.limit, limit), more(function, front, exit, check.length, length));
    let good = function.new_value(Type::BOOL);
    push(function, front, exit, InstKind::CmpI { op, a, b }, Some(good));
    push(function, front, exit, InstKind::GuardTrue { value: good, exit }, None);
}

/// The exact sum of a value and a number.
fn more(function: &mut Function, front: BlockId, exit: StateId, value: ValueId, by: i64) -> ValueId {
    let Some(Range { low, high }) = moved(function, value, by).filter(|_| by != 0) else { return value };
    let (number, sum) = (function.new_value(Type::int_in(by, by)), function.new_value(Type::int_in(low, high)));
    push(function, front, exit, InstKind::ConstI(by), Some(number));
    push(function, front, exit, InstKind::Int { op: IntOp::Add, a: value, b: number, exit: None }, Some(sum));
    sum
}

fn push(function: &mut Function, front: BlockId, exit: StateId, kind: InstKind, result: Option<ValueId>) {
    let origin = function.states[exit.index()].origin();
    function.blocks[front.index()].insts.push(Inst { kind, result, origin });
}
