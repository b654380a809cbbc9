//! Ways on which a variant is known pass the tests of a `match` each by itself, and read its parts each by itself: such a variant
//! need not be made where other ways have one that was.
//!
//! What a function returns by several ways, inlined where the next instruction tests it, is the usual case.
//! Must not: build more than tests and reads of parts for each way; the ways meet behind those.
use ahash::AHashMap;

use super::flow::RegisterSet;
use super::state::Slot;
use super::{Builder, Built, Edge, Header, Key};
use crate::bytecode::op::Op;
use crate::jit::ir::{Made, SlotIx};

/// Ways that are built each by itself.
const MOST_WAYS: usize = 12;

/// Ways that go on together.
pub(super) type Group = Vec<Edge>;

impl Builder<'_> {
    /// Ways with a known variant in the slot one by one, all others together; nothing if there are none of the first, or too many.
    pub(super) fn by_variant(&self, slot: SlotIx, ways: Vec<Edge>) -> Result<Vec<Group>, Vec<Edge>> {
        let knows = |way: &Edge| self.variant_in(way.state.get(slot)).is_some();
        let known = ways.iter().filter(|way| knows(way)).count();
        if known == 0 || ways.len() == 1 || known > MOST_WAYS {
            return Err(ways);
        }
        let (known, others): (Vec<Edge>, Vec<Edge>) = ways.into_iter().partition(knows);
        let mut groups: Vec<Group> = known.into_iter().map(|way| vec![way]).collect();
        if !others.is_empty() {
            groups.push(others);
        }
        Ok(groups)
    }

    /// The ways that meet at a block, in groups that are built each by itself.
    pub(super) fn threads(&self, pc: u32, ways: Vec<Edge>) -> Result<Vec<Group>, Vec<Edge>> {
        let Some(subject) = self.tested_by(pc) else { return Err(ways) };
        self.by_variant(self.slot(subject), ways)
    }

    /// The register that a block tests for a variant, if that is all it does.
    fn tested_by(&self, pc: u32) -> Option<u16> {
        let context = self.context();
        match context.profile.chunk.code[pc as usize] {
            Op::Test { a, .. } if context.flow.at(pc).end == pc + 1 => Some(a),
            _ => None,
        }
    }

    /// Where the instructions end that read the parts of one value, and end its life, at the beginning of a block of more; and its register.
    fn reads(&self, pc: u32) -> Option<(u32, u16)> {
        let context = self.context();
        let code = &context.profile.chunk.code;
        let (Op::Part { a: subject, .. } | Op::Discard { a: subject }) = code[pc as usize] else { return None };
        let mut at = pc;
        while matches!(code[at as usize], Op::Part { a, .. } if a == subject) {
            at += 1;
        }
        if matches!(code[at as usize], Op::Discard { a } if a == subject) {
            at += 1;
        }
        (at < context.flow.at(pc).end).then_some((at, subject))
    }

    /// Builds the reads of parts at the beginning of a block for each group of ways, and lets them meet; gives where. Gives back the ways
    /// if that is not worth while.
    pub(super) fn read_apart(
        &mut self,
        key: Key,
        ways: Vec<Edge>,
        headers: &mut AHashMap<Key, Header>,
    ) -> Built<Result<u32, Vec<Edge>>> {
        let Some((end, subject)) = self.reads(key.1) else { return Ok(Err(ways)) };
        let groups = match self.by_variant(self.slot(subject), ways) {
            Ok(groups) => groups,
            Err(ways) => return Ok(Err(ways)),
        };
        let mut read = Vec::with_capacity(groups.len());
        let mut live = RegisterSet::empty(0);
        for group in groups {
            self.start_block(key, group, false, headers);
            self.begin_straight(key);
            self.instructions(key.1..end, &mut Vec::new())?;
            if !self.ended {
                read.push(Edge { from: self.block, state: self.state.clone() });
            }
            live = self.live.1[(end - key.1) as usize].clone();
        }
        self.ended = read.is_empty();
        if !self.ended {
            self.join(read, &live);
        }
        Ok(Ok(end))
    }

    /// The ways on from a call whose result is tested next: those with a known variant, and where all others meet.
    pub(super) fn meet_but_known(&mut self, slot: SlotIx, ways: Vec<Edge>, live: &RegisterSet) -> Vec<Edge> {
        match self.by_variant(slot, ways) {
            Err(ways) => ways,
            Ok(groups) => groups.into_iter().map(|group| self.joined(group, live)).collect(),
        }
    }

    fn joined(&mut self, group: Group, live: &RegisterSet) -> Edge {
        self.join(group, live);
        Edge { from: self.block, state: self.state.clone() }
    }

    /// Is the result of the call at hand tested for a variant next, at once or where it is moved to, and do some of the ways know it?
    pub(super) fn is_tested(&self, dst: u16, slot: SlotIx, ways: &[Edge]) -> bool {
        let code = &self.context().profile.chunk.code;
        let (next, mut register) = (self.pc as usize + 1, dst);
        for op in code.iter().skip(next).take(2) {
            match *op {
                Op::Take { dst: to, src } if src == register => register = to,
                Op::Test { a, .. } | Op::Unwrap { a, .. } if a == register => {
                    return ways.iter().any(|way| self.variant_in(way.state.get(slot)).is_some());
                }
                _ => return false,
            }
        }
        false
    }

    /// The number of the variant that this is, if it is known.
    pub(super) fn variant_in(&self, held: Slot) -> Option<i64> {
        match held {
            Slot::Virtual(at) => match self.virtuals[at as usize].form.made {
                Made::Variant(shape) => Some(i64::from(shape)),
                _ => None,
            },
            Slot::Immediate { value, .. } => self.units.get(&value).copied(),
            _ => None,
        }
    }
}
