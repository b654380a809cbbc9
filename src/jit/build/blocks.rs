//! Blocks: their order, where ways meet, heads of loops and the ways back to them.
use ahash::{AHashMap, AHashSet};

use super::flow::{self, RegisterSet};
use super::state::{Scalar, Slot, State};
use super::{Builder, Built, Edge, Header, Key, MOST_IN_REGISTERS, borrow};
use crate::bytecode::op::Op;
use crate::jit::ir::{BlockId, InstKind, SlotIx, Terminator, ValueId};
use crate::jit::profile::{FRONT, LARGE};

/// Stands for the way past a loop, where a block leads to its test.
pub(super) const PAST: usize = usize::MAX;

/// Instructions before a return that are built for each way that leads there.
const MOST_BEFORE_RETURN: usize = 2;

/// Ways to one return that are built apart, and values that they release.
const MOST_RELEASES: usize = 12;

impl Builder<'_> {
    /// Builds all blocks of the innermost context from `first` on; gives the ways to its returns (none for the outermost,
    /// which returns from compiled code). The value returned lies in the callee's slot 0.
    pub(super) fn body(&mut self, first: Key) -> Built<Vec<Edge>> {
        let order = self.order(first);
        let position: AHashMap<Key, usize> = order.iter().enumerate().map(|(at, key)| (*key, at)).collect();
        let mut edges: AHashMap<Key, Vec<Edge>> = AHashMap::new();
        let mut headers: AHashMap<Key, Header> = AHashMap::new();
        let mut returns = Vec::new();
        let mut heads = AHashSet::new();
        for (at, &from) in order.iter().enumerate() {
            heads.extend(self.successors(from).into_iter().filter(|to| position.get(to).is_some_and(|to| *to <= at)));
        }
        for (at, &key) in order.iter().enumerate() {
            let ways = edges.remove(&key).unwrap_or_default();
            let is_header = heads.contains(&key);
            if at > 0 {
                if ways.is_empty() {
                    continue;
                }
                if !is_header && self.returns_apart(key.1, &ways) {
                    for way in ways {
                        self.start_block(key, vec![way], false, &mut headers);
                        self.straight(key, &mut returns)?;
                        self.connect(key, at, &position, &mut edges, &headers)?;
                    }
                    continue;
                }
                self.start_block(key, ways, is_header, &mut headers);
            } else if is_header {
                let edge = Edge { from: self.block, state: self.state.clone() };
                self.start_block(key, vec![edge], true, &mut headers);
            }
            self.straight(key, &mut returns)?;
            self.connect(key, at, &position, &mut edges, &headers)?;
        }
        Ok(returns)
    }

    /// Does each way that meets at `pc` return by itself? What they return need not be brought to one form then.
    fn returns_apart(&self, pc: u32, ways: &[Edge]) -> bool {
        let context = self.context();
        let (code, block) = (&context.profile.chunk.code, context.flow.at(pc));
        let end = block.end as usize;
        let leads_to_return = match code[end - 1] {
            Op::Jump { to } if to > 0 && end - 1 == pc as usize => {
                let target = context.flow.at(flow::target(end - 1, i64::from(to)));
                target.end == target.start + 1 && is_return(&code[target.start as usize])
            }
            ref last => is_return(last) && end <= pc as usize + MOST_BEFORE_RETURN + 1,
        };
        // Each of them releases what is in memory.
        let in_memory = |way: &Edge| way.state.slots.iter().filter(|slot| matches!(slot, Slot::Memory)).count();
        leads_to_return && ways.len() > 1 && ways.iter().map(|way| 1 + in_memory(way)).sum::<usize>() <= MOST_RELEASES
    }

    /// Reverse postorder of the blocks reachable from `first`.
    pub(super) fn order(&self, first: Key) -> Vec<Key> {
        let mut seen = AHashSet::from([first]);
        let mut order = Vec::new();
        let mut stack = vec![(first, self.successors(first))];
        while let Some((key, rest)) = stack.last_mut() {
            match rest.pop() {
                Some(next) if !self.is_beyond(next) && seen.insert(next) => {
                    let successors = self.successors(next);
                    stack.push((next, successors));
                }
                Some(_) => {}
                None => {
                    order.push(*key);
                    stack.pop();
                }
            }
        }
        order.reverse();
        order
    }

    pub(super) fn successors(&self, (copy, pc): Key) -> Vec<Key> {
        let context = self.context();
        let inside = |pc: u32| copy && context.entered.as_ref().is_some_and(|entries| !entries.contains(&pc));
        context.flow.at(pc).next.iter().map(|&next| (inside(next), next)).collect()
    }

    /// Is this outside of what is compiled?
    pub(super) fn is_beyond(&self, (_, pc): Key) -> bool {
        self.contexts.len() == 1 && self.region.as_ref().is_some_and(|region| !region.contains(&pc))
    }

    /// Makes the block of `key` where `ways` meet, and its state.
    pub(super) fn start_block(&mut self, key: Key, ways: Vec<Edge>, is_header: bool, headers: &mut AHashMap<Key, Header>) {
        self.pc = key.1;
        self.ended = false;
        if ways.len() == 1 && !is_header {
            let only = ways.into_iter().next().expect("one way");
            self.block = only.from;
            self.state = only.state;
            self.exit = None;
            return;
        }
        let live = self.live_at(key.1);
        let params = self.meeting_params(&ways, &live, key, is_header);
        let block = self.out.new_block();
        if is_header {
            self.out.blocks[block.index()].loop_head = Some(key.1);
            // One block in front of the loop, for checks that are moved out of it.
            let front = self.meet(ways, &params, &live, None, Some(key.1));
            headers.insert(key, Header { block, params: params.clone(), slots: front.state.slots.clone() });
            self.state = front.state;
            self.block = front.from;
            self.exit = None;
            self.live = (key.1, vec![live.clone()]);
            let state = self.frame_state(key.1);
            let profile = &self.context().profile;
            // Checks moved there failed too often: none is moved out of this loop any more.
            let steady = profile.storms(key.1 | FRONT) == 0;
            if profile.storms(key.1 | LARGE) > 0 {
                self.out.large.insert(self.out.states[state.index()].origin());
            }
            self.out.blocks[front.from.index()].preheader = Some(state).filter(|_| steady);
            let args = params.iter().map(|(slot, _)| self.scalar_value(*slot)).collect();
            self.terminate(Terminator::Jump(block, args));
            self.begin(block, &params);
        } else {
            let met = self.meet(ways, &params, &live, Some(block), None);
            self.state = met.state;
            self.begin(block, &params);
        }
        self.ended = false;
    }

    pub(super) fn scalar_value(&self, slot: SlotIx) -> ValueId {
        match self.state.get(slot) {
            Slot::Scalar { value, .. } => value,
            other => unreachable!("slot {slot:?} was to be a scalar, is {other:?}"),
        }
    }

    /// Slots that hold one kind of scalar on all ways and are wanted.
    pub(super) fn meeting_params(
        &self,
        ways: &[Edge],
        live: &RegisterSet,
        key: Key,
        is_header: bool,
    ) -> Vec<(SlotIx, Scalar)> {
        let base = self.context().base;
        let count = ways.iter().map(|way| way.state.slots.len()).max().unwrap_or(0);
        let mut params = Vec::new();
        let mut candidates = 0;
        for at in 0..count {
            let slot = SlotIx(at as u32);
            // Slots of outer frames are wanted if the outer function wants them; that is not known here, so they all are.
            let wanted = slot.0 < base || live.contains(at - base as usize);
            let mut scalars = ways.iter().map(|way| match way.state.get(slot) {
                Slot::Scalar { scalar, .. } => Some(scalar),
                _ => None,
            });
            let first = scalars.next().flatten();
            let same = scalars.all(|scalar| scalar == first);
            let Some(scalar) = first.filter(|_| same && wanted) else { continue };
            candidates += 1;
            let conflict = candidates > MOST_IN_REGISTERS || (is_header && self.is_conflict(key.1, slot));
            if !conflict {
                params.push((slot, scalar));
            }
        }
        params
    }

    pub(super) fn is_conflict(&self, pc: u32, slot: SlotIx) -> bool {
        self.learned.conflicts.contains(&(self.context().chain.clone(), pc, slot))
    }

    /// Connects all ways to `to` (a new block if `None`), bringing their states to one: parameters as scalars, everything
    /// else in memory. Gives the common state, before the parameters are defined.
    pub(super) fn meet(
        &mut self,
        ways: Vec<Edge>,
        params: &[(SlotIx, Scalar)],
        live: &RegisterSet,
        to: Option<BlockId>,
        head: Option<u32>,
    ) -> Edge {
        let target = to.unwrap_or_else(|| self.out.new_block());
        // Into a fresh block in front of a loop the scalars pass as its own parameters.
        let own: Vec<ValueId> = if to.is_none() {
            params.iter().map(|(_, scalar)| self.out.new_value(scalar.ty())).collect()
        } else {
            Vec::new()
        };
        if to.is_none() {
            self.out.blocks[target.index()].params = own.clone();
        }
        let count = ways.iter().map(|way| way.state.slots.len()).max().unwrap_or(0);
        let common: Vec<Slot> = (0..count).map(|at| self.common(&ways, SlotIx(at as u32), live, head)).collect();
        for way in ways {
            self.block = way.from;
            self.state = way.state;
            self.exit = None;
            for (at, wanted) in common.iter().enumerate() {
                let slot = SlotIx(at as u32);
                if params.iter().any(|(param, _)| *param == slot) {
                    continue;
                }
                match wanted {
                    Slot::Memory => self.settle(slot),
                    Slot::Borrowed { .. } | Slot::Immediate { .. } | Slot::Virtual(_) => {}
                    _ => self.release(slot),
                }
            }
            let args: Box<[ValueId]> = params.iter().map(|(slot, _)| self.scalar_value(*slot)).collect();
            self.out.blocks[self.block.index()].term = Some(Terminator::Jump(target, args));
        }
        let mut state = State { slots: common };
        for (at, (slot, scalar)) in params.iter().enumerate() {
            let value = own.get(at).copied().unwrap_or(ValueId(u32::MAX));
            state.set(*slot, Slot::Scalar { value, scalar: *scalar, dirty: true });
        }
        self.block = target;
        Edge { from: target, state }
    }

    /// Where a slot that is no parameter is after a meeting: where it is on all ways, if that is the same value; else in memory
    /// if any way has a value that is wanted (or must be released), else nowhere. `head`: of a loop.
    pub(super) fn common(&self, ways: &[Edge], slot: SlotIx, live: &RegisterSet, head: Option<u32>) -> Slot {
        let base = self.context().base;
        let wanted = slot.0 < base || live.contains((slot.0 - base) as usize);
        let same = self.same_on_all(ways, slot);
        if wanted && same.is_some() && !head.is_some_and(|pc| self.is_conflict(pc, slot)) {
            return same.unwrap_or(Slot::Clean);
        }
        let any_memory = ways.iter().any(|way| matches!(way.state.get(slot), Slot::Memory | Slot::Owned { .. }));
        let any_value = ways.iter().any(|way| way.state.get(slot) != Slot::Clean);
        if any_memory || (wanted && any_value) { Slot::Memory } else { Slot::Clean }
    }

    /// Continues in `block`, whose parameters become the newest values of their slots.
    pub(super) fn begin(&mut self, block: BlockId, params: &[(SlotIx, Scalar)]) {
        self.block = block;
        self.exit = None;
        for (slot, scalar) in params {
            let value = self.out.new_value(scalar.ty());
            self.out.blocks[block.index()].params.push(value);
            self.state.set(*slot, Slot::Scalar { value, scalar: *scalar, dirty: true });
        }
    }

    /// Ends the block with a branch: to the jump's target if `cond`, else on to the next instruction.
    pub(super) fn branch(&mut self, cond: ValueId) {
        let (target, next) = (self.out.new_block(), self.out.new_block());
        self.terminate(Terminator::Branch { cond, then: (target, Box::new([])), otherwise: (next, Box::new([])) });
        self.ends = vec![(target, 0), (next, 1)];
    }

    /// Ends the block on its way to the only successor, or to the jump's target.
    pub(super) fn jump(&mut self) {
        self.ended = true;
        self.ends = vec![(self.block, 0)];
    }

    /// Ends the block on its way to what follows a jump that is not taken.
    pub(super) fn fall_through(&mut self) {
        self.ended = true;
        self.ends = vec![(self.block, 1)];
    }

    /// The instructions of one bytecode block, up to its end or until it is left.
    pub(super) fn straight(&mut self, key: Key, returns: &mut Vec<Edge>) -> Built {
        let context = self.context().clone();
        let code_block = context.flow.at(key.1);
        self.live = (key.1, context.flow.live_in_block(&context.profile.chunk, &context.profile.chunk.code, key.1));
        for pc in key.1..code_block.end {
            if self.ended {
                break;
            }
            if std::mem::take(&mut self.fused) {
                self.out.blocks[self.block.index()].work += 1;
                continue;
            }
            self.pc = pc;
            self.exit = None;
            let op = context.profile.chunk.code[pc as usize];
            self.out.blocks[self.block.index()].work += 1;
            self.instruction(op, pc + 1 == code_block.end, returns)?;
            if !self.apart.is_empty() {
                return self.return_apart(pc, code_block.end, returns);
            }
            if !self.ended && pc % 8 == 0 {
                self.limit_registers();
            }
        }
        Ok(())
    }

    /// The return behind the call at `pc` whose results have not met.
    fn return_apart(&mut self, pc: u32, end: u32, returns: &mut Vec<Edge>) -> Built {
        let ways = std::mem::take(&mut self.apart);
        self.ended = true;
        if pc + 1 == end {
            (self.ends, self.end_states) = ways.into_iter().map(|way| ((way.from, 0), way.state)).unzip();
            return Ok(());
        }
        let op = self.context().profile.chunk.code[pc as usize + 1];
        for way in ways {
            (self.block, self.state, self.pc, self.exit, self.ended) = (way.from, way.state, pc + 1, None, false);
            self.out.blocks[self.block.index()].work += 1;
            self.instruction(op, true, returns)?;
        }
        Ok(())
    }

    /// Leaves scalars to memory when there are too many of them.
    pub(super) fn limit_registers(&mut self) {
        if self.state.slots.len() <= MOST_IN_REGISTERS {
            return;
        }
        let slots = self.state.slots.iter().enumerate().filter(|(_, slot)| matches!(slot, Slot::Scalar { .. }));
        let scalars: Vec<SlotIx> = slots.map(|(at, _)| SlotIx(at as u32)).collect();
        if scalars.len() > MOST_IN_REGISTERS {
            for slot in scalars {
                self.settle(slot);
                self.put(slot, Slot::Memory);
            }
        }
    }

    /// Hands the states at the block's end to its successors. `ends` was filled by the jump at its end.
    pub(super) fn connect(
        &mut self,
        key: Key,
        at: usize,
        position: &AHashMap<Key, usize>,
        edges: &mut AHashMap<Key, Vec<Edge>>,
        headers: &AHashMap<Key, Header>,
    ) -> Built {
        let successors = self.successors(key);
        let ends: Vec<(BlockId, usize)> = if self.ended {
            std::mem::take(&mut self.ends)
        } else {
            // Falls into the next block.
            self.settle_passing();
            vec![(self.block, successors.len() - 1)]
        };
        let mut states = std::mem::take(&mut self.end_states).into_iter();
        let end_state = self.state.clone();
        for (block, which) in ends {
            let to = if which == PAST { self.past(key) } else { successors[which] };
            let state = states.next().unwrap_or_else(|| end_state.clone());
            if self.is_beyond(to) {
                self.leave_region(block, state, to.1);
            } else if position[&to] <= at {
                self.close_loop(block, state, to, headers)?;
            } else {
                edges.entry(to).or_default().push(Edge { from: block, state });
            }
        }
        Ok(())
    }

    /// Behind the loop that the block at `key` leads to: its test is the end of the next block.
    fn past(&self, key: Key) -> Key {
        let test = self.successors(key)[0];
        *self.successors(test).last().expect("a test goes two ways")
    }

    /// Goes on in the VM at `pc`.
    pub(super) fn leave_region(&mut self, block: BlockId, state: State, pc: u32) {
        (self.block, self.state, self.pc, self.exit) = (block, state, pc, None);
        self.live = (pc, vec![self.live_at(pc)]);
        let exit = self.frame_state(pc);
        self.out.blocks[block.index()].term = Some(Terminator::Exit(exit));
    }

    /// A way back to a loop head: brings the state to what the head was built with.
    pub(super) fn close_loop(&mut self, block: BlockId, state: State, to: Key, headers: &AHashMap<Key, Header>) -> Built {
        let header = &headers[&to];
        self.block = block;
        self.state = state;
        self.pc = to.1;
        self.exit = None;
        let mut disagree = Vec::new();
        for (slot, scalar) in &header.params {
            match self.state.get(*slot) {
                Slot::Scalar { scalar: mine, .. } if mine == *scalar => {}
                _ => disagree.push(*slot),
            }
        }
        for (at, held) in header.slots.iter().enumerate() {
            let slot = SlotIx(at as u32);
            if matches!(held, Slot::Borrowed { .. } | Slot::Immediate { .. } | Slot::Virtual(_))
                && !borrow::is_same(*held, self.state.get(slot))
            {
                disagree.push(slot);
            }
        }
        if !disagree.is_empty() {
            let chain = self.context().chain.clone();
            for slot in disagree {
                self.learned.conflicts.insert((chain.clone(), to.1, slot));
            }
            self.again = true;
            self.leave_region(block, self.state.clone(), to.1);
            return Ok(());
        }
        for at in 0..self.state.slots.len() {
            let slot = SlotIx(at as u32);
            if !header.params.iter().any(|(param, _)| *param == slot) {
                match header.slots.get(at) {
                    Some(Slot::Memory) => self.settle(slot),
                    Some(Slot::Borrowed { .. } | Slot::Immediate { .. } | Slot::Virtual(_)) => {}
                    _ => self.release(slot),
                }
            }
        }
        self.live = (to.1, vec![self.live_at(to.1)]);
        let exit = self.frame_state(to.1);
        self.effect(InstKind::Poll { counter: None, sums: Box::default(), exit });
        let args = header.params.iter().map(|(slot, _)| self.scalar_value(*slot)).collect();
        self.out.blocks[block.index()].term = Some(Terminator::Jump(header.block, args));
        Ok(())
    }
}

/// Does the instruction end the function?
fn is_return(op: &Op) -> bool {
    matches!(op, Op::Return { .. } | Op::ReturnNull {})
}
