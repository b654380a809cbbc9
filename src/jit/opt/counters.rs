//! Numbers that only count: what begins within [`START`] and changes by steps of at most [`STEP`] stays far within 64 bits.
//!
//! `steps += 1`, wherever it stands: such a number would have to be counted [`MOST`]`/`[`STEP`] times to get further than [`MOST`]
//! from where it began, which takes years. Numbers that are made of each other, by constants added and ways that meet, are looked at
//! together: the group has a bound if all that comes into it from elsewhere has.
//! Relies on: sums are exact where they are used, and each step is an instruction that runs.
//! Must not: take steps of unknown size, nor starts of unknown size (slots, parameters, results), as they are where code is entered in the
//! middle of a loop.
use crate::jit::ir::cfg::Cfg;
use crate::jit::ir::inst::IntOp;
use crate::jit::ir::{Function, InstKind, Range, Repr, ValueId};

/// The largest step.
const STEP: i64 = 16;
/// How far all steps lead at most.
const MOST: i64 = 1 << 62;
/// Magnitude of starts, at most.
const START: i64 = 1 << 61;

/// The ranges of all that only counts.
pub fn find(function: &Function, cfg: &Cfg) -> Vec<(ValueId, Range)> {
    if cfg.loops.is_empty() {
        return Vec::new();
    }
    let mut groups = Groups::new(function);
    for &block in &cfg.order {
        let data = &function.blocks[block.index()];
        for inst in &data.insts {
            if let Some(result) = inst.result {
                groups.made(result, &inst.kind);
            }
        }
        for (to, args) in data.term.iter().flat_map(|term| term.successors()) {
            for (param, arg) in function.blocks[to.index()].params.iter().zip(args) {
                groups.passed(*param, *arg);
            }
        }
    }
    groups.found(cfg)
}

/// What is known of the numbers of one group.
#[derive(Clone, Copy, Default)]
struct Group {
    /// Of all that came in; nothing if no number has.
    starts: Option<Range>,
    falls: bool,
    rises: bool,
    /// Something of unknown size has come in.
    is_open: bool,
}

struct Groups<'a> {
    function: &'a Function,
    /// Another number of the same group, in the end the one that stands for it.
    of: Vec<u32>,
    groups: Vec<Group>,
}

impl<'a> Groups<'a> {
    fn new(function: &'a Function) -> Groups<'a> {
        let count = function.values.len();
        Groups { function, of: (0..count as u32).collect(), groups: vec![Group::default(); count] }
    }

    fn root(&mut self, value: ValueId) -> usize {
        let mut at = value.index();
        while self.of[at] as usize != at {
            let above = self.of[self.of[at] as usize];
            self.of[at] = above;
            at = above as usize;
        }
        at
    }

    fn join(&mut self, a: ValueId, b: ValueId) {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.of[b] = a as u32;
            self.groups[a] = both(self.groups[a], self.groups[b]);
        }
    }

    /// A number whose size is known comes into the group of `value`, or all that makes `from`.
    fn comes_from(&mut self, value: ValueId, from: ValueId) {
        let range = self.function.ty(from).range;
        if range.low < -START || range.high > START {
            return self.join(value, from);
        }
        let root = self.root(value);
        let group = &mut self.groups[root];
        group.starts = Some(group.starts.map_or(range, |starts| starts.union(range)));
    }

    fn passed(&mut self, param: ValueId, arg: ValueId) {
        if self.function.ty(param).repr == Repr::I64 {
            self.comes_from(param, arg);
        }
    }

    fn made(&mut self, result: ValueId, kind: &InstKind) {
        if self.function.ty(result).repr != Repr::I64 {
            return;
        }
        match *kind {
            InstKind::GuardBounds { index: from, .. } | InstKind::GuardSmall { value: from, .. } => {
                self.comes_from(result, from)
            }
            InstKind::Int { op: op @ (IntOp::Add | IntOp::Sub), a, b, .. } => match self.step(op, a, b) {
                Some((from, step)) => self.stepped(result, from, step),
                None => self.open(result),
            },
            _ => self.open(result),
        }
    }

    /// What a small constant is added to, and the constant.
    fn step(&self, op: IntOp, a: ValueId, b: ValueId) -> Option<(ValueId, i64)> {
        let small = |value: ValueId| {
            let Range { low, high } = self.function.ty(value).range;
            (low == high && (-STEP..=STEP).contains(&low)).then_some(low)
        };
        match (op, small(a), small(b)) {
            (IntOp::Add, _, Some(step)) => Some((a, step)),
            (IntOp::Add, Some(step), None) => Some((b, step)),
            (IntOp::Sub, _, Some(step)) => Some((a, -step)),
            _ => None,
        }
    }

    fn stepped(&mut self, result: ValueId, from: ValueId, step: i64) {
        self.comes_from(result, from);
        let root = self.root(result);
        let group = &mut self.groups[root];
        group.rises |= step > 0;
        group.falls |= step < 0;
    }

    fn open(&mut self, value: ValueId) {
        let root = self.root(value);
        self.groups[root].is_open = true;
    }

    fn found(mut self, cfg: &Cfg) -> Vec<(ValueId, Range)> {
        self.params().into_iter().for_each(|param| self.open(param));
        let function = self.function;
        let values = cfg.order.iter().flat_map(|block| super::defined(&function.blocks[block.index()]));
        values.filter_map(|value| Some((value, self.bounds(value)?))).collect()
    }

    /// What the function is called with.
    fn params(&self) -> Vec<ValueId> {
        self.function.params.iter().map(|(_, value)| *value).collect()
    }

    fn bounds(&mut self, value: ValueId) -> Option<Range> {
        let root = self.root(value);
        let Group { starts, falls, rises, is_open } = self.groups[root];
        let starts = starts.filter(|_| !is_open && self.function.ty(value).repr == Repr::I64)?;
        Some(Range { low: starts.low - if falls { MOST } else { 0 }, high: starts.high + if rises { MOST } else { 0 } })
    }
}

fn both(a: Group, b: Group) -> Group {
    let starts = match (a.starts, b.starts) {
        (Some(a), Some(b)) => Some(a.union(b)),
        (starts, None) | (None, starts) => starts,
    };
    Group { starts, falls: a.falls || b.falls, rises: a.rises || b.rises, is_open: a.is_open || b.is_open }
}
