//! Blocks: their order, where ways meet, heads of loops and the ways back to them.
use std::ops::Range;
use std::sync::Arc;

use ahash::{AHashMap, AHashSet};

use super::flow::{self, RegisterSet};
use super::state::{Lender, Scalar, Slot, State};
use super::threads::Group;
use super::{Builder, Built, Edge, Header, Key, MOST_IN_REGISTERS, borrow};
use crate::bytecode::op::Op;
use crate::jit::ir::{BlockId, InstKind, SlotIx, Terminator, Type, ValueId};
use crate::jit::profile::{FRONT, LARGE};

/// Stands for the way past a loop, where a block leads to its test.
pub(super) const PAST: usize = usize::MAX;

/// Instructions before a return that are built for each way that leads there.
const MOST_BEFORE_RETURN: usize = 2;

/// Ways to one return that are built apart, and values that they release.
const MOST_RELEASES: usize = 12;

/// A parameter of a block: what a slot holds, or a field of the object is which it stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Param {
    pub slot: SlotIx,
    pub field: Option<usize>,
    pub passed: Passed,
}

/// What a parameter is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Passed {
    /// Fields are nothing else.
    Scalar(Scalar),
    /// One thing or another that has the same lender.
    Lent(Lender),
}

impl Passed {
    pub fn ty(self) -> Type {
        match self {
            Passed::Scalar(scalar) => scalar.ty(),
            Passed::Lent(_) => Type::ANY,
        }
    }

    /// How the slot that it stands for holds it.
    pub fn held(self, value: ValueId) -> Slot {
        match self {
            Passed::Scalar(scalar) => Slot::Scalar { value, scalar, dirty: true },
            Passed::Lent(lender) => Slot::Borrowed { value, lender },
        }
    }

    /// May it be what a slot holds?
    fn fits(self, held: Slot) -> bool {
        match self {
            Passed::Scalar(wanted) => matches!(held, Slot::Scalar { scalar, .. } if scalar == wanted),
            Passed::Lent(lender) => held.lender().is_some_and(|mine| lender.and(mine) == Some(lender)),
        }
    }
}

impl Param {
    pub fn is(&self, slot: SlotIx, field: Option<usize>) -> bool {
        self.slot == slot && self.field == field
    }
}

impl Builder<'_> {
    /// Builds all blocks of the innermost context from `first` on; gives the ways to its returns (none for the outermost,
    /// which returns from compiled code). The value returned lies in the callee's slot 0.
    pub(super) fn body(&mut self, first: Key) -> Built<Vec<Edge>> {
        let order = self.order(first);
        let position: Arc<AHashMap<Key, usize>> = Arc::new(order.iter().enumerate().map(|(at, key)| (*key, at)).collect());
        self.contexts.last_mut().expect("building happens inside a function").order = position.clone();
        let mut edges: AHashMap<Key, Vec<Edge>> = AHashMap::new();
        let mut headers: AHashMap<Key, Header> = AHashMap::new();
        let mut returns = Vec::new();
        let mut heads = AHashSet::new();
        for (at, &from) in order.iter().enumerate() {
            heads.extend(self.ways_on(from).into_iter().filter(|to| position.get(to).is_some_and(|to| *to <= at)));
        }
        for (at, &key) in order.iter().enumerate() {
            let is_header = heads.contains(&key);
            self.contexts.last_mut().expect("building happens inside a function").built = key;
            if at == 0 && !is_header {
                self.straight(key, key.1, &mut returns)?;
                self.connect(key, at, &position, &mut edges, &headers)?;
                self.connect_handlers(&mut edges);
                continue;
            }
            let ways = match at {
                0 => vec![Edge { from: self.block, state: self.state.clone() }],
                _ => edges.remove(&key).unwrap_or_default(),
            };
            for group in self.groups(key.1, ways, is_header) {
                let from = self.start_group(key, group, is_header, &mut headers)?;
                self.straight(key, from, &mut returns)?;
                self.connect(key, at, &position, &mut edges, &headers)?;
                self.connect_handlers(&mut edges);
            }
        }
        Ok(returns)
    }

    /// The ways that meet at `pc`, in groups that the block is built for each by itself; mostly one, none if nothing leads there.
    fn groups(&self, pc: u32, ways: Vec<Edge>, is_header: bool) -> Vec<Group> {
        if ways.is_empty() {
            return Vec::new();
        }
        if is_header {
            return vec![ways];
        }
        if self.returns_apart(pc, &ways) {
            return ways.into_iter().map(|way| vec![way]).collect();
        }
        self.threads(pc, ways).unwrap_or_else(|together| vec![together])
    }

    /// Starts a block for ways that meet there; gives the first instruction that is not built yet.
    fn start_group(
        &mut self,
        key: Key,
        mut group: Group,
        is_header: bool,
        headers: &mut AHashMap<Key, Header>,
    ) -> Built<u32> {
        if !is_header {
            match self.read_apart(key, group, headers)? {
                Ok(first) => return Ok(first),
                Err(together) => group = together,
            }
        }
        self.start_block(key, group, is_header, headers);
        Ok(key.1)
    }

    /// Hands on what has been caught for handlers of this function.
    fn connect_handlers(&mut self, edges: &mut AHashMap<Key, Vec<Edge>>) {
        let level = self.contexts.len() - 1;
        for (_, key, edge) in self.caught.extract_if(.., |(at, ..)| *at == level) {
            edges.entry(key).or_default().push(edge);
        }
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
        let mut stack = vec![(first, self.ways_on(first))];
        while let Some((key, rest)) = stack.last_mut() {
            match rest.pop() {
                Some(next) if !self.is_beyond(next) && seen.insert(next) => {
                    let ways = self.ways_on(next);
                    stack.push((next, ways));
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

    pub(super) fn successors(&self, key: Key) -> Vec<Key> {
        let context = self.context();
        context.flow.at(key.1).next.iter().map(|&next| context.key_from(key, next)).collect()
    }

    /// The same with the handlers of what it raises, first.
    fn ways_on(&self, key: Key) -> Vec<Key> {
        let context = self.context();
        let block = context.flow.at(key.1);
        let handlers = context.profile.chunk.handlers.iter();
        let mut ways: Vec<Key> = handlers
            .filter(|handler| handler.start < block.end && handler.end > block.start)
            .map(|handler| context.key_from(key, handler.target))
            .collect();
        ways.extend(self.successors(key));
        ways
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
        let mut params = self.meeting_params(&ways, &live, key, is_header);
        let block = self.out.new_block();
        if is_header {
            self.out.blocks[block.index()].loop_head = Some(key.1);
            // Checks in front of the loop failed too often: none is moved out of it any more.
            let steady = self.context().profile.storms(key.1 | FRONT) == 0;
            self.contexts.last_mut().expect("building happens inside a function").head = Some(key.1);
            let wanted = if steady { self.to_unpack(key.1, &ways) } else { Vec::new() };
            // One block in front of the loop, for checks that are moved out of it.
            let front = self.meet(ways, &params, &live, None, Some(key.1));
            self.state = front.state;
            self.block = front.from;
            self.exit = None;
            self.live = (key.1, vec![live.clone()]);
            let mut state = self.frame_state(key.1);
            if !wanted.is_empty() {
                self.out.blocks[self.block.index()].preheader = Some(state);
                params.extend(self.unpack(wanted, state));
                // What had lent others its parts gives them up: they have been made.
                params.retain(|param| param.field.is_none() || matches!(self.state.get(param.slot), Slot::Virtual(_)));
                state = self.frame_state(key.1);
            }
            headers.insert(key, Header { block, params: params.clone(), slots: self.state.slots.clone() });
            if self.context().profile.storms(key.1 | LARGE) > 0 {
                self.out.large.insert(self.out.states[state.index()].origin());
            }
            self.out.blocks[self.block.index()].preheader = Some(state).filter(|_| steady);
            let args = self.param_values(&params);
            self.terminate(Terminator::Jump(block, args));
            self.begin(block, &params);
            let at_head = self.state.slots.clone();
            self.contexts.last_mut().expect("building happens inside a function").head_slots = at_head;
        } else {
            let met = self.meet(ways, &params, &live, Some(block), None);
            self.state = met.state;
            self.begin(block, &params);
        }
        self.ended = false;
    }

    /// Slots that hold one kind of scalar or things of one lender on all ways and are wanted, and fields of objects that slots stand for on
    /// all ways.
    pub(super) fn meeting_params(&mut self, ways: &[Edge], live: &RegisterSet, key: Key, is_header: bool) -> Vec<Param> {
        let base = self.context().base;
        let count = ways.iter().map(|way| way.state.slots.len()).max().unwrap_or(0);
        let mut params = Vec::new();
        let mut candidates = 0;
        for at in 0..count {
            let slot = SlotIx(at as u32);
            // Slots of outer frames are wanted if the outer function wants them; that is not known here, so they all are.
            if slot.0 >= base && !live.contains(at - base as usize) {
                continue;
            }
            let lent = if is_header { self.varying_lent(ways, slot, key.1) } else { self.meeting_lent(ways, slot) };
            let met = match lent {
                Some(lender) => vec![Param { slot, field: None, passed: Passed::Lent(lender) }],
                None => self.meeting_scalars(ways, slot, is_header),
            };
            candidates += met.len();
            let fits = candidates <= MOST_IN_REGISTERS;
            if fits && !(is_header && self.is_conflict(key.1, slot)) {
                params.extend(met);
            } else if is_header && met.iter().any(|param| matches!(param.passed, Passed::Lent(_))) {
                let chain = self.context().chain.clone();
                self.learned.conflicts.insert((chain, key.1, slot));
            }
        }
        params
    }

    /// What of a slot would be parameters.
    fn meeting_scalars(&self, ways: &[Edge], slot: SlotIx, is_header: bool) -> Vec<Param> {
        let scalar = |way: &Edge| match way.state.get(slot) {
            Slot::Scalar { scalar, .. } => Some(scalar),
            _ => None,
        };
        let first = ways.first().and_then(scalar);
        if let Some(found) = first {
            let same = ways.iter().all(|way| scalar(way) == first);
            return same.then_some(Param { slot, field: None, passed: Passed::Scalar(found) }).into_iter().collect();
        }
        let fields = self.meeting_fields(ways, slot, is_header).unwrap_or_default();
        let param = |(field, scalar)| Param { slot, field: Some(field), passed: Passed::Scalar(scalar) };
        fields.into_iter().map(param).collect()
    }

    /// Who lends what a slot holds on all ways, if those are not one thing.
    fn meeting_lent(&self, ways: &[Edge], slot: SlotIx) -> Option<Lender> {
        let first = ways.first()?.state.get(slot);
        let same = ways.iter().all(|way| borrow::is_same(first, way.state.get(slot)));
        let lender = common_lender(ways.iter().map(|way| way.state.get(slot)))?;
        (!same).then_some(lender)
    }

    /// The same in front of a loop, if ways back are known to bring other things. What those and the ways that lead there do not agree on is
    /// in memory.
    fn varying_lent(&mut self, ways: &[Edge], slot: SlotIx, head: u32) -> Option<Lender> {
        if self.learned.varying.is_empty() {
            return None;
        }
        let place = (self.context().chain.clone(), head, slot);
        let known = *self.learned.varying.get(&place)?;
        let lender = common_lender(ways.iter().map(|way| way.state.get(slot)))?.and(known);
        if lender.is_none() {
            self.learned.conflicts.insert(place);
        }
        lender
    }

    pub(super) fn is_conflict(&self, pc: u32, slot: SlotIx) -> bool {
        !self.learned.conflicts.is_empty() && self.learned.conflicts.contains(&(self.context().chain.clone(), pc, slot))
    }

    /// Connects all ways to `to` (a new block if `None`), bringing their states to one: parameters as scalars, everything
    /// else in memory. Gives the common state, before the parameters are defined.
    pub(super) fn meet(
        &mut self,
        ways: Vec<Edge>,
        params: &[Param],
        live: &RegisterSet,
        to: Option<BlockId>,
        head: Option<u32>,
    ) -> Edge {
        let target = to.unwrap_or_else(|| self.out.new_block());
        // Into a fresh block in front of a loop the scalars pass as its own parameters.
        let own: Vec<ValueId> = if to.is_none() {
            params.iter().map(|param| self.out.new_value(param.passed.ty())).collect()
        } else {
            Vec::new()
        };
        if to.is_none() {
            self.out.blocks[target.index()].params = own.clone();
        }
        let count = ways.iter().map(|way| way.state.slots.len()).max().unwrap_or(0);
        let common: Vec<Slot> = (0..count).map(|at| self.common(&ways, SlotIx(at as u32), live, head, params)).collect();
        if head.is_none() {
            self.learn_where_ways_differ(&ways, &common, live);
        }
        for way in ways {
            self.block = way.from;
            self.state = way.state;
            self.exit = None;
            for (at, wanted) in common.iter().enumerate() {
                let slot = SlotIx(at as u32);
                if params.iter().any(|param| param.slot == slot) {
                    continue;
                }
                match wanted {
                    Slot::Memory => self.settle(slot),
                    Slot::Borrowed { .. } | Slot::Immediate { .. } | Slot::Virtual(_) => {}
                    _ => self.release(slot),
                }
            }
            let args = self.param_values(params);
            self.out.blocks[self.block.index()].term = Some(Terminator::Jump(target, args));
        }
        let mut state = State { slots: common };
        for (param, value) in params.iter().zip(own) {
            self.set_param(&mut state, param, value);
        }
        self.block = target;
        Edge { from: target, state }
    }

    /// Where a slot that is no parameter is after a meeting: where it is on all ways, if that is the same value; else in memory
    /// if any way has a value that is wanted (or must be released), else nowhere. `head`: of a loop.
    fn common(&self, ways: &[Edge], slot: SlotIx, live: &RegisterSet, head: Option<u32>, params: &[Param]) -> Slot {
        let base = self.context().base;
        let wanted = slot.0 < base || live.contains((slot.0 - base) as usize);
        let same = self.same_on_all(ways, slot, params);
        if wanted && same.is_some() && !head.is_some_and(|pc| self.is_conflict(pc, slot)) {
            return same.unwrap_or(Slot::Clean);
        }
        let any_memory = ways.iter().any(|way| matches!(way.state.get(slot), Slot::Memory | Slot::Owned { .. }));
        let any_value = ways.iter().any(|way| way.state.get(slot) != Slot::Clean);
        if any_memory || (wanted && any_value) { Slot::Memory } else { Slot::Clean }
    }

    /// Continues in `block`, whose parameters become the newest values of their slots.
    pub(super) fn begin(&mut self, block: BlockId, params: &[Param]) {
        self.block = block;
        self.exit = None;
        let mut state = std::mem::take(&mut self.state);
        for param in params {
            let value = self.out.new_value(param.passed.ty());
            self.out.blocks[block.index()].params.push(value);
            self.set_param(&mut state, param, value);
        }
        self.state = state;
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

    /// The instructions of one bytecode block from `from` on, up to its end or until it is left.
    fn straight(&mut self, key: Key, from: u32, returns: &mut Vec<Edge>) -> Built {
        self.begin_straight(key);
        let end = self.context().flow.at(key.1).end;
        self.instructions(from..end, returns)
    }

    /// Before instructions of a bytecode block: what is wanted before each.
    pub(super) fn begin_straight(&mut self, key: Key) {
        let context = self.context();
        let chunk = &context.profile.chunk;
        self.live = (key.1, context.flow.live_in_block(chunk, &chunk.code, key.1));
    }

    /// Instructions of the bytecode block at hand.
    pub(super) fn instructions(&mut self, range: Range<u32>, returns: &mut Vec<Edge>) -> Built {
        let (profile, end) = (self.context().profile.clone(), self.context().flow.at(self.live.0).end);
        for pc in range {
            if self.ended {
                break;
            }
            if self.fused > 0 {
                self.fused -= 1;
                self.out.blocks[self.block.index()].work += 1;
                continue;
            }
            self.pc = pc;
            self.exit = None;
            let op = profile.chunk.code[pc as usize];
            self.out.blocks[self.block.index()].work += 1;
            self.instruction(op, pc + 1 == end, returns)?;
            if !self.apart.is_empty() {
                return self.return_apart(pc, end, returns);
            }
            if !self.ended && pc % 8 == 0 {
                self.limit_registers();
            }
        }
        Ok(())
    }

    /// The rest of the block behind the call at `pc` whose results have not met: a return, or a test.
    fn return_apart(&mut self, pc: u32, end: u32, returns: &mut Vec<Edge>) -> Built {
        let ways = std::mem::take(&mut self.apart);
        self.ended = true;
        if pc + 1 == end {
            (self.ends, self.end_states) = ways.into_iter().map(|way| ((way.from, 0), way.state)).unzip();
            return Ok(());
        }
        let profile = self.context().profile.clone();
        let mut ends = Vec::new();
        for way in ways {
            (self.block, self.state, self.ended) = (way.from, way.state, false);
            for next in pc + 1..end {
                if self.ended {
                    break;
                }
                (self.pc, self.exit) = (next, None);
                self.out.blocks[self.block.index()].work += 1;
                self.instruction(profile.chunk.code[next as usize], next + 1 == end, returns)?;
            }
            let (state, mut own) = (&self.state, std::mem::take(&mut self.end_states).into_iter());
            ends.extend(self.ends.drain(..).map(|end| (end, own.next().unwrap_or_else(|| state.clone()))));
        }
        (self.ends, self.end_states) = ends.into_iter().unzip();
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
            // The head of a loop that only an error leads into may have been passed by: no other way led there.
            let is_missing = || position[&to] <= at && !headers.contains_key(&to);
            if self.is_beyond(to) || is_missing() {
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
        let mut varies = Vec::new();
        for param in header.params.iter().filter(|param| param.field.is_none()) {
            let mine = self.state.get(param.slot);
            if !param.passed.fits(mine) {
                match (param.passed, mine.lender()) {
                    (Passed::Lent(lender), Some(other)) => varies.push((param.slot, lender.and(other))),
                    _ => disagree.push(param.slot),
                }
            }
        }
        for (at, held) in header.slots.iter().enumerate() {
            let slot = SlotIx(at as u32);
            if header.params.iter().any(|param| param.is(slot, None)) {
                continue;
            }
            let mine = self.state.get(slot);
            let agrees = match *held {
                Slot::Virtual(at) => {
                    self.is_like_but(at, mine, |field| header.params.iter().any(|param| param.is(slot, Some(field))))
                }
                Slot::Borrowed { .. } | Slot::Immediate { .. } => borrow::is_same(*held, mine),
                _ => true,
            };
            if self.learn_to_unpack(to.1, slot, *held) {
                disagree.push(slot);
            } else if !agrees {
                self.unlearn_to_unpack(to.1, slot);
                match common_lender([*held, mine]) {
                    Some(lender) => varies.push((slot, Some(lender))),
                    None => disagree.push(slot),
                }
            }
        }
        let chain = self.context().chain.clone();
        for (slot, lender) in varies {
            let place = (chain.clone(), to.1, slot);
            let known = self.learned.varying.get(&place).copied().unwrap_or(Lender::Constant);
            match lender.and_then(|lender| lender.and(known)) {
                Some(lender) => _ = self.learned.varying.insert(place, lender),
                None => disagree.push(slot),
            }
            self.again = true;
        }
        if !disagree.is_empty() || self.again {
            for slot in disagree {
                self.learned.conflicts.insert((chain.clone(), to.1, slot));
            }
            self.again = true;
            self.leave_region(block, self.state.clone(), to.1);
            return Ok(());
        }
        for at in 0..self.state.slots.len() {
            let slot = SlotIx(at as u32);
            if !header.params.iter().any(|param| param.slot == slot) {
                match header.slots.get(at) {
                    Some(Slot::Memory) => self.settle(slot),
                    Some(Slot::Borrowed { .. } | Slot::Immediate { .. } | Slot::Virtual(_)) => {}
                    _ => self.release(slot),
                }
            }
        }
        self.live = (to.1, vec![self.live_at(to.1)]);
        let exit = self.frame_state(to.1);
        self.effect(InstKind::Poll { counter: None, every: 1, sums: Box::default(), exit });
        let args = self.param_values(&header.params);
        self.out.blocks[block.index()].term = Some(Terminator::Jump(header.block, args));
        Ok(())
    }
}

/// Who lends all that is held, if it is lent.
fn common_lender(held: impl IntoIterator<Item = Slot>) -> Option<Lender> {
    let mut lenders = held.into_iter().map(|slot| slot.lender());
    let first = lenders.next()??;
    lenders.try_fold(first, |lender, other| lender.and(other?))
}

/// Does the instruction end the function?
fn is_return(op: &Op) -> bool {
    matches!(op, Op::Return { .. } | Op::ReturnNull {})
}
