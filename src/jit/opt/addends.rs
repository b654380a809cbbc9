//! Guesses that what a loop adds to, or takes from, its counters is not huge, so that such sums need no checks.
//!
//! `up = row + column` and `down = row - column + n` in a loop over columns: row and n do not change in it. Each is looked at once, in
//! front of the outermost loop that keeps it: at most [`MOST`] in magnitude. Sums and differences of a few such numbers and of
//! counters fit in 64 bits, which the range analysis then finds by itself.
//! Relies on: a check in front of a loop leaves to the loop head; the range analysis runs once more behind this, and takes what such a
//! check tells of a number for all blocks behind it. Code that fails there is made again without these guesses.
//! Must not: guess what would not help: a sum is left alone if one of its parts may be anything.
use super::limits::front;
use super::sums;
use crate::jit::ir::cfg::{Cfg, Loop};
use crate::jit::ir::ids::{IdMap, IdSet};
use crate::jit::ir::inst::IntOp;
use crate::jit::ir::{BlockId, Function, Inst, InstKind, Repr, StateId, Type, ValueId};

/// Magnitude of a part of a sum: [`DEEPEST`] sums of sums have four parts, and what a counter adds fits beside them.
const MOST: i64 = 1 << 60;

/// Sums whose parts are sums.
const DEEPEST: usize = 2;

/// Returns the number of values checked. `home`: where each value is made.
pub fn check_in_front(function: &mut Function, sums: &Sums, cfg: &Cfg, home: &[BlockId]) -> usize {
    let mut wanted: Vec<(ValueId, BlockId, StateId)> = Vec::new();
    let mut seen = IdSet::default();
    // Inner loops come first, so each block is looked at in its innermost one.
    for looped in &cfg.loops {
        let usable = front(function, looped).is_some() && sums::may_guess(function, cfg, looped);
        let fresh: Vec<BlockId> = looped.blocks.iter().copied().filter(|block| seen.insert(*block)).collect();
        let search = Search { function, looped, home, sums };
        for block in fresh.into_iter().filter(|_| usable) {
            let made = function.blocks[block.index()].insts.iter().filter_map(|inst| inst.result);
            for result in made.filter(|result| sums.contains_key(result)) {
                let mut parts = Vec::new();
                if search.is_bounded(result, DEEPEST, &mut parts) {
                    let places = parts.into_iter().filter_map(|part| outermost(function, cfg, home, looped, part));
                    wanted.extend(places);
                }
            }
        }
    }
    wanted.sort();
    wanted.dedup();
    wanted.iter().for_each(|(value, front, exit)| check(function, *value, *front, *exit));
    wanted.len()
}

/// The parts of sums and differences.
pub type Sums = IdMap<ValueId, [ValueId; 2]>;

/// All that are still checked.
pub fn checked_sums(function: &Function) -> Sums {
    let insts = function.blocks.iter().flat_map(|block| &block.insts);
    let sum = |inst: &Inst| match inst.kind {
        InstKind::Int { op: IntOp::Add | IntOp::Sub, a, b, exit: Some(_) } => Some((inst.result?, [a, b])),
        _ => None,
    };
    insts.filter_map(sum).collect()
}

/// A value with the front of the outermost loop, among those around one, that does not make it.
fn outermost(
    function: &Function,
    cfg: &Cfg,
    home: &[BlockId],
    inner: &Loop,
    value: ValueId,
) -> Option<(ValueId, BlockId, StateId)> {
    let around = cfg.loops.iter().filter(|looped| looped.blocks.contains(&inner.header));
    let keeping = around.take_while(|looped| !looped.blocks.contains(&home[value.index()]));
    keeping.filter_map(|looped| front(function, looped)).last().map(|(front, exit)| (value, front, exit))
}

/// The sums in one loop.
struct Search<'a> {
    function: &'a Function,
    looped: &'a Loop,
    home: &'a [BlockId],
    sums: &'a Sums,
}

impl Search<'_> {
    /// Is a value at most [`MOST`] in magnitude, or a sum of a few such ones, if `parts` are? They come from outside of the loop.
    fn is_bounded(&self, value: ValueId, depth: usize, parts: &mut Vec<ValueId>) -> bool {
        let ty = self.function.ty(value);
        if ty.repr != Repr::I64 || (ty.range.low >= -MOST && ty.range.high <= MOST) {
            return ty.repr == Repr::I64;
        }
        if !self.looped.blocks.contains(&self.home[value.index()]) {
            parts.push(value);
            return true;
        }
        let Some(&[a, b]) = self.sums.get(&value).filter(|_| depth > 0) else { return false };
        self.is_bounded(a, depth - 1, parts) && self.is_bounded(b, depth - 1, parts)
    }
}

fn check(function: &mut Function, value: ValueId, front: BlockId, exit: StateId) {
    let origin = function.states[exit.index()].origin();
    let result = function.new_value(Type::int_in(-MOST, MOST));
    let kind = InstKind::GuardSmall { value, low: -MOST, high: MOST, exit: Some(exit) };
    function.blocks[front.index()].insts.push(Inst { kind, result: Some(result), origin });
    function.guessed.insert(exit);
}
