//! Control flow and liveness of bytecode, computed once for each function that is built or inlined.
use std::ops::Range;
use std::sync::Arc;

use ahash::AHashMap;

use super::{lending, parts};
use crate::bytecode::chunk::{Callee, Chunk, MethodSite, Root};
use crate::bytecode::op::{Op, OperandKind};
use crate::jit::profile::FunctionProfile;

/// A set of registers. Most functions have at most 64, which take no memory elsewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RegisterSet {
    first: u64,
    others: Vec<u64>,
}

impl RegisterSet {
    pub fn empty(registers: usize) -> RegisterSet {
        RegisterSet { first: 0, others: vec![0; registers.div_ceil(64).saturating_sub(1)] }
    }
    pub fn insert(&mut self, register: usize) {
        if register / 64 > self.others.len() {
            self.others.resize(register / 64, 0);
        }
        if let Some(word) = self.word(register) {
            *word |= 1 << (register % 64);
        }
    }
    pub fn remove(&mut self, register: usize) {
        if let Some(word) = self.word(register) {
            *word &= !(1 << (register % 64));
        }
    }
    pub fn contains(&self, register: usize) -> bool {
        let word = if register < 64 { Some(&self.first) } else { self.others.get(register / 64 - 1) };
        word.is_some_and(|word| word >> (register % 64) & 1 == 1)
    }
    /// True if something was added.
    pub fn union(&mut self, other: &RegisterSet) -> bool {
        let mut changed = other.first & !self.first != 0;
        self.first |= other.first;
        for (mine, theirs) in self.others.iter_mut().zip(&other.others) {
            changed |= theirs & !*mine != 0;
            *mine |= theirs;
        }
        changed
    }
    fn word(&mut self, register: usize) -> Option<&mut u64> {
        if register < 64 { Some(&mut self.first) } else { self.others.get_mut(register / 64 - 1) }
    }
}

/// A bytecode block: `[start, end)`.
#[derive(Debug)]
pub struct CodeBlock {
    pub start: u32,
    pub end: u32,
    /// Start offsets of the blocks it may continue at.
    pub next: Vec<u32>,
    /// Registers whose values are wanted at its start.
    pub live: RegisterSet,
}

/// The blocks of a function in code order.
#[derive(Debug)]
pub struct Flow {
    pub blocks: Vec<CodeBlock>,
}

/// The flows of the functions of one program, by `FnId`: each is looked at once.
#[derive(Debug, Default)]
pub struct Flows {
    known: AHashMap<u32, Arc<Flow>>,
    /// Their parameters that compiled callers lend.
    lent: AHashMap<u32, Arc<[u16]>>,
    /// The parts in which they return arrays.
    parts: AHashMap<u32, Option<u8>>,
}

impl Flows {
    pub fn of(&mut self, function: u32, chunk: &Chunk) -> Arc<Flow> {
        self.known.entry(function).or_insert_with(|| Arc::new(Flow::new(chunk, &chunk.code))).clone()
    }

    /// The parameters of a function that compiled callers lend: decided once, when it or a caller is first compiled.
    pub fn lent(&mut self, function: u32, functions: &AHashMap<u32, Arc<FunctionProfile>>) -> Arc<[u16]> {
        self.lent.entry(function).or_insert_with(|| lending::lent(function, functions)).clone()
    }

    /// The number of parts in which the code of a function returns arrays, decided once as well.
    pub fn parts(&mut self, function: u32, functions: &AHashMap<u32, Arc<FunctionProfile>>) -> Option<u8> {
        *self.parts.entry(function).or_insert_with(|| parts::returned(&functions.get(&function)?.chunk))
    }
}

impl Flow {
    fn new(chunk: &Chunk, code: &[Op]) -> Flow {
        let mut flow = Flow { blocks: split(chunk, code) };
        flow.solve_liveness(chunk, code);
        flow
    }

    /// The block that starts at `pc`.
    pub fn at(&self, pc: u32) -> &CodeBlock {
        &self.blocks[self.index(pc)]
    }

    fn index(&self, pc: u32) -> usize {
        self.blocks.partition_point(|block| block.start <= pc) - 1
    }

    /// Where the loops of the region around the one with its head at `pc` are entered: only there may the first turn join the others, or they
    /// would have two ways in.
    /// `own`: if there are none, those of the loop itself, whose first turn then ends at its test.
    pub fn entries_around(&self, code: &[Op], pc: u32, region: Option<&Range<u32>>, own: bool) -> Vec<u32> {
        let built = |range: &Range<u32>| region.is_some_and(|region| region.start <= range.start);
        let mut around: Vec<Range<u32>> =
            loops(code).filter(|range| built(range) && range.start < pc && range.contains(&pc)).collect();
        if around.is_empty() && own {
            around.extend(loops(code).find(|range| range.start == pc));
        }
        if around.is_empty() {
            return Vec::new();
        }
        let reached = self.reached();
        let mut found = Vec::new();
        for range in around {
            let outside =
                self.blocks.iter().zip(&reached).filter(|(block, reached)| **reached && !range.contains(&block.start));
            found.extend(outside.flat_map(|(block, _)| &block.next).filter(|next| range.contains(next)));
        }
        found
    }

    /// Which blocks can be reached from the start, other than by an exception.
    fn reached(&self) -> Vec<bool> {
        let mut reached = vec![false; self.blocks.len()];
        let mut work = vec![0];
        while let Some(at) = work.pop() {
            if !std::mem::replace(&mut reached[at], true) {
                work.extend(self.blocks[at].next.iter().map(|next| self.index(*next)));
            }
        }
        reached
    }

    fn solve_liveness(&mut self, chunk: &Chunk, code: &[Op]) {
        let registers = usize::from(chunk.registers);
        let mut changed = true;
        while changed {
            changed = false;
            for at in (0..self.blocks.len()).rev() {
                let mut live = RegisterSet::empty(registers);
                for next in &self.blocks[at].next {
                    live.union(&self.at(*next).live);
                }
                let (start, end) = (self.blocks[at].start, self.blocks[at].end);
                for handler in chunk.handlers.iter().filter(|handler| handler.start < end && handler.end > start) {
                    live.union(&self.at(handler.target).live);
                }
                for pc in (start..end).rev() {
                    step_back(chunk, &code[pc as usize], &mut live);
                    for handler in chunk.handlers.iter().filter(|handler| (handler.start..handler.end).contains(&pc)) {
                        live.union(&self.at(handler.target).live);
                    }
                }
                // No temporary is live at a loop's head.
                if is_loop_head(code, start) {
                    (usize::from(chunk.locals)..registers).for_each(|register| live.remove(register));
                }
                changed |= self.blocks[at].live.union(&live);
            }
        }
    }

    /// Registers wanted before each instruction of the block that starts at `start`.
    pub fn live_in_block(&self, chunk: &Chunk, code: &[Op], start: u32) -> Vec<RegisterSet> {
        let block = self.at(start);
        let mut live = RegisterSet::empty(usize::from(chunk.registers));
        for next in &block.next {
            live.union(&self.at(*next).live);
        }
        let mut sets = Vec::with_capacity((block.end - start) as usize);
        for pc in (start..block.end).rev() {
            step_back(chunk, &code[pc as usize], &mut live);
            for handler in chunk.handlers.iter().filter(|handler| (handler.start..handler.end).contains(&pc)) {
                live.union(&self.at(handler.target).live);
            }
            sets.push(live.clone());
        }
        sets.reverse();
        sets
    }
}

fn split(chunk: &Chunk, code: &[Op]) -> Vec<CodeBlock> {
    let mut leader = vec![false; code.len() + 1];
    leader[0] = true;
    chunk.handlers.iter().for_each(|handler| leader[handler.target as usize] = true);
    for (pc, op) in code.iter().enumerate() {
        if let Some(offset) = op.jump() {
            leader[target(pc, offset) as usize] = true;
        }
        if op.info().effects.jump || op.info().effects.end {
            leader[pc + 1] = true;
        }
    }
    let starts: Vec<usize> = (0..code.len()).filter(|pc| leader[*pc]).collect();
    let block = |at: usize| {
        let (start, end) = (starts[at], starts.get(at + 1).copied().unwrap_or(code.len()));
        let last = &code[end - 1];
        let mut next: Vec<u32> = last.jump().map(|offset| target(end - 1, offset)).into_iter().collect();
        if !last.info().effects.end && end < code.len() {
            next.push(end as u32);
        }
        CodeBlock { start: start as u32, end: end as u32, next, live: RegisterSet::empty(usize::from(chunk.registers)) }
    };
    (0..starts.len()).map(block).collect()
}

/// Do back edges lead here?
fn is_loop_head(code: &[Op], start: u32) -> bool {
    start.checked_sub(1).is_some_and(|before| matches!(code[before as usize], Op::LoopHead {}))
}

/// All loops, in code order: from behind the `LoopHead` to the last jump back there.
pub fn loops(code: &[Op]) -> impl Iterator<Item = Range<u32>> {
    let mut ends = vec![0; code.len() + 1];
    for (at, op) in code.iter().enumerate() {
        if let Some(offset) = op.jump().filter(|offset| *offset < 0) {
            ends[target(at, offset) as usize] = at as u32 + 1;
        }
    }
    let heads = code.iter().enumerate().filter(|(_, op)| matches!(op, Op::LoopHead {})).map(|(at, _)| at as u32 + 1);
    heads.map(move |head| head..ends[head as usize].max(head))
}

/// Is there a loop in what the instruction at `pc` is part of: the innermost loop around it, or all of the code? Leaving there has the
/// VM execute turns of that loop.
pub fn is_around_loops(code: &[Op], pc: u32) -> bool {
    let around = loops(code).filter(|range| range.contains(&pc)).min_by_key(ExactSizeIterator::len);
    let around = around.unwrap_or(0..code.len() as u32);
    loops(code).any(|inner| inner != around && around.start <= inner.start && inner.end <= around.end)
}

/// Is the instruction at `pc` part of a loop without loops in it?
pub fn is_in_innermost_loop(code: &[Op], pc: u32) -> bool {
    loops(code).any(|range| range.contains(&pc)) && !is_around_loops(code, pc)
}

/// What is built for a loop with its head at `pc`: the outermost loop that contains it, or itself if it has more than `most` instructions.
pub fn region(code: &[Op], pc: u32, most: usize) -> Range<u32> {
    let own = loops(code).find(|range| range.start == pc).unwrap_or(pc..pc);
    if own.len() > most { own } else { loops(code).find(|range| range.contains(&pc)).unwrap_or(own) }
}

/// Where a jump at `pc` leads.
pub fn target(pc: usize, offset: i64) -> u32 {
    (pc as i64 + 1 + offset) as u32
}

fn step_back(chunk: &Chunk, op: &Op, live: &mut RegisterSet) {
    op.operands(|kind, value| match kind {
        OperandKind::Write => live.remove(value as usize),
        OperandKind::WritePair => {
            live.remove(value as usize);
            live.remove(value as usize + 1);
        }
        _ => {}
    });
    if let Op::Clear { first, count } = *op {
        (first..first + count).for_each(|register| live.remove(usize::from(register)));
        return;
    }
    if let Op::ForPrep { state, .. } | Op::ForRange { state, .. } | Op::ForSteps { state, .. } = *op {
        (state..state + 3).for_each(|register| live.remove(usize::from(register)));
    }
    op.operands(|kind, value| {
        let register = value as usize;
        match kind {
            OperandKind::Read | OperandKind::Peek | OperandKind::Keep | OperandKind::Empty | OperandKind::Last => {
                live.insert(register)
            }
            OperandKind::Modify | OperandKind::Local => live.insert(register),
            OperandKind::State => (register..register + state_read(op)).for_each(|r| live.insert(r)),
            // Windows reach up to some temporary; taking all of them is right and cheap. One below for the callee.
            OperandKind::Window | OperandKind::PeekWindow => {
                let first = register.saturating_sub(1).max(usize::from(chunk.locals));
                (first..usize::from(chunk.registers)).for_each(|r| live.insert(r));
            }
            _ => roots(chunk, kind, value as usize).for_each(|r| live.insert(r)),
        }
    });
    // The `self` of a mutating method goes back to the caller's place however it ends.
    if chunk.self_kind.changes() {
        live.insert(0);
    }
}

/// How many of the three registers of a loop's state an instruction reads: what it loops over, where it is, and how many pairs were met.
fn state_read(op: &Op) -> usize {
    match op {
        Op::ForPrep { .. } | Op::ForClose { .. } => 1,
        Op::ForRange { .. } | Op::ForRangeNext { .. } | Op::ForNext { .. } => 2,
        _ => 3,
    }
}

/// Locals that an operand refers to by a place or a list of captures.
fn roots(chunk: &Chunk, kind: OperandKind, value: usize) -> impl Iterator<Item = usize> {
    let place = |method: &MethodSite| method.path.map(|path| chunk.paths[usize::from(path)].root);
    let one = match kind {
        OperandKind::Path => Some(chunk.paths[value].root),
        OperandKind::MethodSite => place(&chunk.methods[value]),
        OperandKind::CallSite => match chunk.calls[value].callee {
            Callee::Place(method) => place(&chunk.methods[usize::from(method)]),
            _ => None,
        },
        _ => None,
    };
    let captures = if kind == OperandKind::Closure { &chunk.closures[value].captures[..] } else { &[] };
    one.into_iter().chain(captures.iter().copied()).filter_map(|root| match root {
        Root::Local(local) | Root::LocalCell(local) => Some(usize::from(local)),
        Root::CaptureCell(_) | Root::Capture(_) | Root::SelfFn | Root::Module(_) => None,
    })
}
