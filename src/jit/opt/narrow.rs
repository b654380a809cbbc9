//! Guesses that what bounds a loop's counters is small, so that arithmetic with counters cannot overflow.
//!
//! An int that a loop compares with something it changes, and does not change itself, is checked once in front of the outermost
//! loop that does not change it: at most [`SMALL`] in magnitude. So is what the compared counter begins with, which is also taken
//! to be no less than [`START`], as for most loops. The ranges of counters follow from it, and products of two sums of counters
//! still fit in 64 bits. Where such products are summed up it is [`SMALLER`], so that many of them fit. What turns out to be known is removed by the range analysis.
//! Relies on: a check in front of a loop leaves to the loop head, and is not made again once it has failed too often.
//! Must not: use the checked value where the check does not dominate.
use super::late;
use crate::jit::ir::cfg::{Cfg, Loop};
use crate::jit::ir::ids::IdMap;
use crate::jit::ir::inst::{Cmp, IntOp};
use crate::jit::ir::{BlockId, Function, Inst, InstKind, Range, Repr, Type, ValueId};

/// Bound of the magnitude: `(2 * SMALL) * (2 * SMALL + 1)` fits in 64 bits.
pub const SMALL: i64 = 1 << 30;

/// Bound where products are summed up (`super::sums`).
pub const SMALLER: i64 = 1 << 25;

/// The least that a counter begins with: loops over ranges hold one less than the first number.
pub const START: i64 = -1;

/// Sums and differences between a product and what it is added to, at most.
const DEEPEST: usize = 3;

/// Returns the number of values checked.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    if cfg.loops.is_empty() {
        return 0;
    }
    let home = super::homes(function, cfg);
    let mut found: IdMap<ValueId, (&Loop, i64)> = IdMap::default();
    // Inner loops come first: an outer one replaces what an inner one has found.
    for looped in cfg.loops.iter().filter(|looped| looped.preheader.is_some()) {
        let is_inside = |value: ValueId| looped.blocks.contains(&home[value.index()]);
        let bounds = bounds(function, looped, is_inside).map(|value| (value, -SMALL));
        let large = super::sums::is_large(function, looped);
        let least = |value| if large { -SMALL } else { least(function, &home, value, DEEPEST) };
        let starts = starts(function, looped, is_inside).into_iter().map(|value| (value, least(value)));
        let known = found
            .iter()
            .filter(|(value, (inner, _))| !is_inside(**value) && looped.blocks.contains(&inner.header))
            .map(|(value, (_, low))| (*value, *low));
        let wanted: Vec<(ValueId, i64)> = bounds.chain(starts).chain(known).collect();
        for (value, low) in wanted {
            let low = found.get(&value).map_or(low, |(_, other)| low.max(*other));
            found.insert(value, (looped, low));
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|(value, _)| *value);
    for &(value, (looped, low)) in &found {
        let high = if sums_products(function, cfg, looped) { SMALLER } else { SMALL };
        check(function, looped, value, Range { low: low.max(-high), high });
    }
    found.len()
}

/// What the loop compares with something from outside, and that; nothing if it has no arithmetic that may overflow.
fn compared<'a>(
    function: &'a Function,
    looped: &'a Loop,
    is_inside: impl Fn(ValueId) -> bool + Copy + 'a,
) -> impl Iterator<Item = (ValueId, ValueId)> + 'a {
    let insts = || looped.blocks.iter().flat_map(|block| &function.blocks[block.index()].insts);
    let overflows = insts().any(|inst| matches!(inst.kind, InstKind::Int { exit: Some(_), .. }));
    insts().filter(move |_| overflows).filter_map(move |inst| match inst.kind {
        InstKind::CmpI { op: Cmp::Lt | Cmp::Le | Cmp::Gt | Cmp::Ge, a, b } if is_inside(a) && !is_inside(b) => Some((a, b)),
        InstKind::CmpI { op: Cmp::Lt | Cmp::Le | Cmp::Gt | Cmp::Ge, a, b } if is_inside(b) && !is_inside(a) => Some((b, a)),
        _ => None,
    })
}

/// Ints of unknown size from outside that the loop compares with what it changes.
fn bounds<'a>(
    function: &'a Function,
    looped: &'a Loop,
    is_inside: impl Fn(ValueId) -> bool + Copy + 'a,
) -> impl Iterator<Item = ValueId> + 'a {
    compared(function, looped, is_inside).map(|(_, bound)| bound).filter(|value| is_unknown(function, *value))
}

/// What the loop's counters begin with: parameters that become, from turn to turn, what is compared.
fn starts(function: &Function, looped: &Loop, is_inside: impl Fn(ValueId) -> bool + Copy) -> Vec<ValueId> {
    let (Some(front), [latch]) = (looped.preheader, &looped.latches[..]) else { return Vec::new() };
    let args = |from: BlockId| {
        function.blocks[from.index()]
            .term
            .iter()
            .flat_map(|term| term.successors())
            .find(|(to, _)| *to == looped.header)
            .map(|(_, args)| args)
    };
    let (Some(first), Some(next)) = (args(front), args(*latch)) else { return Vec::new() };
    let counters: Vec<ValueId> = compared(function, looped, is_inside).map(|(counter, _)| counter).collect();
    let counted = first.iter().zip(next).filter(|(_, next)| counters.contains(next));
    counted.map(|(first, _)| *first).filter(|value| is_unknown(function, *value) && !is_inside(*value)).collect()
}

/// What is guessed to be the least that a counter begins with, unless a guess has failed: nothing for what is a number with its sign
/// turned, or was below zero when the loop was entered in the middle. Otherwise that has taken a step.
fn least(function: &Function, home: &[BlockId], value: ValueId, depth: usize) -> i64 {
    let made = |value: ValueId| {
        let insts = &function.blocks[home[value.index()].index()].insts;
        insts.iter().find(|inst| inst.result == Some(value)).map(|inst| &inst.kind)
    };
    match made(value) {
        Some(InstKind::NegI { .. }) => -SMALL,
        Some(InstKind::Int { op: IntOp::Add | IntOp::Sub, a, .. }) if depth > 0 => {
            least(function, home, *a, depth - 1).min(START)
        }
        Some(InstKind::Unbox { value, .. }) => match made(*value) {
            Some(InstKind::LoadSlot(slot)) if function.negative.contains(slot) => -SMALL,
            _ => START + 1,
        },
        _ => START,
    }
}

fn is_unknown(function: &Function, value: ValueId) -> bool {
    let ty = function.ty(value);
    ty.repr == Repr::I64 && (ty.range.low < -SMALL || ty.range.high > SMALL)
}

/// Is there a sum of products of numbers that change in a loop, here or in a loop inside?
fn sums_products(function: &Function, cfg: &Cfg, looped: &Loop) -> bool {
    let inner = cfg.loops.iter().filter(|inner| looped.blocks.contains(&inner.header));
    let mut sums =
        inner.filter(|inner| !super::sums::is_large(function, inner)).flat_map(|inner| late::steps(function, inner));
    !super::sums::is_large(function, looped) && sums.any(|step| is_product(function, step.late.b, DEEPEST))
}

fn is_product(function: &Function, value: ValueId, depth: usize) -> bool {
    let mut insts = function.blocks.iter().flat_map(|block| &block.insts);
    match insts.find(|inst| inst.result == Some(value)).map(|inst| &inst.kind) {
        Some(InstKind::Int { op: IntOp::Mul, a, b, exit: Some(_) }) => {
            !is_constant(function, *a) && !is_constant(function, *b)
        }
        Some(InstKind::Int { a, b, .. }) if depth > 0 => {
            is_product(function, *a, depth - 1) || is_product(function, *b, depth - 1)
        }
        _ => false,
    }
}

fn is_constant(function: &Function, value: ValueId) -> bool {
    let range = function.ty(value).range;
    range.low == range.high
}

fn check(function: &mut Function, looped: &Loop, value: ValueId, bounds: Range) {
    let front = looped.preheader.expect("only loops with a block in front are looked at");
    let exit = function.blocks[front.index()].preheader.expect("a loop's preheader has a state");
    let range = function.ty(value).range.intersect(bounds);
    let result = function.new_value(Type { range, ..Type::INT });
    let origin = function.states[exit.index()].origin();
    function.blocks[front.index()].insts.push(Inst {
        kind: InstKind::GuardSmall { value, low: bounds.low, high: bounds.high, exit: Some(exit) },
        result: Some(result),
        origin,
    });
    let replace = |operand: &mut ValueId| {
        if *operand == value {
            *operand = result;
        }
    };
    for &block in looped.blocks.iter().chain([&front]) {
        let data = &mut function.blocks[block.index()];
        // What stands in front of the loop already comes before the check.
        if block != front {
            data.insts.iter_mut().for_each(|inst| inst.kind.each_operand(replace));
        }
        data.term.iter_mut().for_each(|term| term.each_operand(replace));
    }
}
