//! Passes over the IR, one file each, and their order.
//!
//! ```text
//! returned ─► split ─► params ─► gvn ─► unshare ─► narrow ─► range ─► hoist (inner loops first) ─► settle ─► checked ─► gvn (and carry) ─► checked
//! ─► exchange ─► limits (range, addends, range) ─► dead ─► exits ─► polls ─► sums ─► rotate ─► strip ─► late ─► variables
//! ```
//! After each, `ir::verify` holds (checked in debug builds).
pub mod addends;
pub mod checked;
pub mod copy;
pub mod counters;
pub mod dead;
pub mod exchange;
pub mod exits;
pub mod falling;
pub mod gvn;
pub mod hoist;
pub mod late;
pub mod limits;
pub mod memory;
pub mod narrow;
pub mod params;
pub mod polls;
pub mod range;
pub mod returned;
pub mod rotate;
pub mod settle;
pub mod split;
pub mod strip;
pub mod sums;
pub mod unshare;
pub mod variables;

use super::ir::cfg::Cfg;
use super::ir::{Block, BlockId, Function, StateId, ValueId};

/// What the passes did, for `--jit-stats` and tests.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Summary {
    pub merged: usize,
    pub proven: usize,
    pub hoisted: usize,
    pub dead: usize,
    /// Values guessed to be small.
    pub narrowed: usize,
    /// Checks that leave with an earlier state.
    pub exits: usize,
    /// Polls that are not made each turn.
    pub polls: usize,
    /// Additions whose overflow is looked for in a poll.
    pub sums: usize,
    /// Sums whose old value exits compute.
    pub late: usize,
    /// Loops with their test at the end.
    pub rotated: usize,
    /// Loops that run in stretches.
    pub stripped: usize,
    /// Checks of results made where the call has returned.
    pub returned: usize,
    /// Loops with an inner one for turns that call nothing.
    pub split: usize,
    /// Arrays that may become of one kind behind a loop.
    pub settled: usize,
    /// Pairs of stores that exchange two elements.
    pub exchanged: usize,
    /// Stores to variables that are known to hold a number.
    pub stores: usize,
}

/// Runs all passes. `trace` sees the function after each one. Gives the control flow of what has come out, too.
pub fn optimise(function: &mut Function, trace: impl FnMut(&str, &Function)) -> (Summary, Cfg) {
    let cfg = Cfg::new(function);
    let mut steps = Steps { function, cfg, trace };
    let mut summary = Summary::default();
    summary.returned += steps.step("returned", returned::run);
    summary.split += steps.edges("split", split::run);
    summary.merged += steps.step("params", params::run);
    summary.merged += steps.step("gvn", gvn::run);
    summary.hoisted += steps.step("unshare", unshare::run);
    summary.narrowed += steps.step("narrow", narrow::run);
    summary.proven += steps.step("range", range::run);
    summary.hoisted += steps.step("hoist", hoist::run);
    summary.settled += steps.edges("settle", settle::run);
    steps.step("checked", checked::run);
    // Without loops nothing has moved since.
    if !steps.cfg.loops.is_empty() {
        summary.merged += steps.step("gvn", gvn::run_carrying);
        steps.step("checked", checked::run);
    }
    summary.exchanged += steps.step("exchange", exchange::run);
    summary.proven += steps.step("limits", limits::run);
    summary.dead += steps.step("dead", dead::run);
    if !steps.function.exact_exits {
        summary.exits += steps.step("exits", exits::run);
    }
    summary.polls += steps.step("polls", polls::run);
    summary.sums += steps.step("sums", sums::run);
    summary.rotated += steps.edges("rotate", rotate::run);
    summary.stripped += steps.edges("strip", strip::run);
    summary.late += steps.step("late", late::run);
    summary.stores += steps.step("variables", variables::run);
    (summary, steps.cfg)
}

/// The function between two passes, with its control flow.
struct Steps<'a, T> {
    function: &'a mut Function,
    cfg: Cfg,
    trace: T,
}

impl<T: FnMut(&str, &Function)> Steps<'_, T> {
    /// A pass that leaves blocks and the edges between them as they are.
    fn step(&mut self, name: &str, pass: impl FnOnce(&mut Function, &Cfg) -> usize) -> usize {
        self.edges(name, |function, cfg| pass(function, cfg))
    }

    /// A pass that may change edges, and then renews what is known of the control flow.
    fn edges(&mut self, name: &str, pass: impl FnOnce(&mut Function, &mut Cfg) -> usize) -> usize {
        let count = pass(self.function, &mut self.cfg);
        (self.trace)(name, self.function);
        if cfg!(debug_assertions) {
            if let Err(problem) = super::ir::verify::verify(self.function) {
                panic!("after {name}: {problem}\n{}", super::ir::print::print(self.function));
            }
            assert!(self.cfg == Cfg::new(self.function), "{name} has changed edges");
        }
        count
    }
}

/// Replaces values everywhere: operands, block arguments, frame states, preheader states.
fn rewrite(function: &mut Function, replace: &[ValueId]) {
    let find = |value: ValueId| {
        let mut value = value;
        while replace[value.index()] != value {
            value = replace[value.index()];
        }
        value
    };
    for block in &mut function.blocks {
        for inst in &mut block.insts {
            inst.kind.each_operand(|value| *value = find(*value));
        }
        block.term.iter_mut().for_each(|term| term.each_operand(|value| *value = find(*value)));
    }
    function.states.iter_mut().for_each(|state| state.each_value(|value| *value = find(*value)));
}

/// The values that a block defines.
fn defined(block: &Block) -> impl Iterator<Item = ValueId> {
    block.params.iter().copied().chain(block.insts.iter().filter_map(|inst| inst.result))
}

/// The same state with other values.
fn copy_state(function: &mut Function, state: StateId, rename: impl FnMut(&mut ValueId)) -> StateId {
    let mut copy = function.states[state.index()].clone();
    copy.each_value(rename);
    let new = function.new_state(copy);
    // The new one has the highest number, so both lists stay in order.
    for list in [&mut function.unreached, &mut function.merged] {
        if list.contains(&state) {
            list.push(new);
        }
    }
    new
}

/// The block each value is defined in.
fn homes(function: &Function, cfg: &Cfg) -> Vec<BlockId> {
    let mut home = vec![BlockId(0); function.values.len()];
    for &block in &cfg.order {
        let data = &function.blocks[block.index()];
        let results = data.insts.iter().filter_map(|inst| inst.result);
        for value in data.params.iter().copied().chain(results) {
            home[value.index()] = block;
        }
    }
    home
}
