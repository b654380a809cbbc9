//! Bytecode and what the VM has seen → IR.
//!
//! One pass over the blocks of a function in reverse postorder. [`State`] says where each slot's newest value is; where
//! ways meet, slots that hold the same kind of scalar on all of them become block parameters, all others go to memory. At a
//! loop head the ways in decide, before the ways back are known; if a way back disagrees, the slot is noted as a *conflict*
//! and everything is built again with that slot in memory there.
//!
//! A loop entered in the middle of other loops (by OSR) is built twice, together with the rest of the first turn of the loops
//! around it: as what is entered, and again as part of those loops, so that they stay proper loops.
//!
//! Always holds: every instruction either is built from what its site has seen, or is left to the VM
//! ([`InstKind::Fallback`]); no function is refused.
mod arith;
mod borrow;
mod builtin;
mod calls;
mod field;
mod flow;
mod inline;
mod instance;
mod literal;
mod loops;
mod memory;
mod operate;
mod ops;
mod pattern;
mod place_call;
mod state;
mod variable;

pub use flow::{loop_end, loop_heads};

use std::sync::Arc;

use ahash::{AHashMap, AHashSet};

use super::ir::{BlockId, FrameInfo, FrameState, Function, Inst, Instance, InstKind, SlotIx, StateId, Terminator, Type, ValueId};
use super::profile::{Entry, FunctionProfile, Request};
use super::ir::Expected;
use flow::{Flow, RegisterSet};
use state::{Scalar, Slot, State};

/// Parameters passed in registers at most.
const UNBOXED: usize = 4;

/// How often building starts again before it is given up.
const ATTEMPTS: usize = 40;
/// Slots whose newest values are in registers, as far as every exit has to write them back; and parameters of a block. What is
/// more is kept in memory, so that code grows with the function and not with its square.
const MOST_IN_REGISTERS: usize = 64;

/// Builds the IR of a request. `Err` names the reason it cannot be compiled.
pub fn build(request: &Request) -> Result<Function, &'static str> {
    let mut learned = Learned::default();
    for _ in 0..ATTEMPTS {
        let mut builder = Builder::new(request, &mut learned);
        match builder.function() {
            Ok(()) => return Ok(builder.out),
            Err(Restart::Again) => {}
            Err(Restart::Never(reason)) => return Err(reason),
        }
    }
    Err("kinds of loop variables do not settle")
}

/// What earlier attempts have shown.
#[derive(Default)]
struct Learned {
    /// Slots that are in memory at the head of a loop: chain of calls, offset, slot.
    conflicts: AHashSet<(Vec<u32>, u32, SlotIx)>,
}

/// Why an attempt ended.
enum Restart {
    Again,
    Never(&'static str),
}

type Built<T = ()> = Result<T, Restart>;

/// One active function: the outermost or an inlined one.
#[derive(Clone)]
struct Context {
    profile: Arc<FunctionProfile>,
    flow: Arc<Flow>,
    function: u32,
    base: u32,
    /// Offsets of the calls that lead here, outermost first.
    chain: Vec<u32>,
    /// While a call of it is inlined: registers wanted after that call.
    live_after: RegisterSet,
    /// For code entered at a loop: where its first turn through the loops around it ends. What comes before exists twice.
    entered: Option<Arc<Vec<u32>>>,
    running: Running,
    /// The `self` of an inlined mutating method, which stays where its caller has it.
    own: Option<Lent>,
}

/// The closure whose code a context is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Running {
    /// None that it could ask for.
    Nothing,
    /// Passed to the compiled code.
    Outermost,
    /// In the slot below the frame; its captures are reached through this pointer, if it has any.
    Below(Option<ValueId>),
}

/// Where the `self` of an inlined method is.
#[derive(Clone, Copy, Debug)]
struct Lent {
    /// The slot that holds it.
    slot: SlotIx,
    /// The register of the caller that the method was called on, as a slot.
    home: SlotIx,
}

/// A bytecode block to build: in the entered loop's own copy or not, and its offset.
type Key = (bool, u32);

/// A way from a finished block to a key or a continuation, not yet connected.
struct Edge {
    from: BlockId,
    state: State,
}

/// A loop head whose ways back are still to come.
struct Header {
    block: BlockId,
    params: Vec<(SlotIx, Scalar)>,
    /// Where the other slots are.
    slots: Vec<Slot>,
}

struct Builder<'r> {
    request: &'r Request,
    learned: &'r mut Learned,
    out: Function,
    block: BlockId,
    state: State,
    /// Instances that do not exist, named by [`Slot::Virtual`]; never changed.
    virtuals: Vec<instance::Virtual>,
    /// The current block has ended.
    ended: bool,
    /// Its ways out: blocks without an end yet, and which successor each stands for.
    ends: Vec<(BlockId, usize)>,
    /// The states at those, where they differ.
    end_states: Vec<State>,
    /// Registers wanted before each instruction of the current bytecode block, from its first one on.
    live: (u32, Vec<RegisterSet>),
    contexts: Vec<Context>,
    /// Functions that slots hold, as far as known: guesses, to be checked.
    hints: AHashMap<SlotIx, u32>,
    /// Functions without captures among the values.
    functions: AHashMap<ValueId, u32>,
    /// Types among the values, by the builtin that makes values of them.
    constructors: AHashMap<ValueId, u16>,
    pc: u32,
    /// The frame state at the current instruction, while nothing has changed.
    exit: Option<StateId>,
    /// `[start, end)` of the outermost loop around the one entered by OSR. What comes after it is left to the VM: it has been
    /// met seldom or never, and is compiled on its own account once it is hot.
    region: Option<(u32, u32)>,
    /// The next instruction was built together with the one before it.
    fused: bool,
    /// Something was learned: this attempt only goes on to learn more.
    again: bool,
}

impl<'r> Builder<'r> {
    fn new(request: &'r Request, learned: &'r mut Learned) -> Builder<'r> {
        Builder {
            request,
            learned,
            out: Function { exact_exits: request.exact_exits, ..Function::default() },
            block: BlockId(0),
            virtuals: Vec::new(),
            state: State::new(0),
            ended: false,
            ends: Vec::new(),
            end_states: Vec::new(),
            live: (0, Vec::new()),
            contexts: Vec::new(),
            hints: AHashMap::new(),
            functions: AHashMap::new(),
            constructors: AHashMap::new(),
            pc: 0,
            exit: None,
            region: None,
            fused: false,
            again: false,
        }
    }

    fn function(&mut self) -> Built {
        let profile = self.request.functions.get(&self.request.function).ok_or(Restart::Never("no profile"))?.clone();
        let head = match self.request.entry {
            Entry::Call => None,
            Entry::Loop { pc, .. } => Some(pc),
        };
        let flow = Arc::new(Flow::new(&profile.chunk, &profile.chunk.code, head));
        let entered = head.map(|pc| Arc::new(flow.entries_around(&profile.chunk.code, pc)));
        self.region = head.map(|pc| flow.outermost_loop(&profile.chunk.code, pc));
        self.out.name = profile.chunk.name.to_string();
        (self.out.id, self.out.entry) = (self.request.function, head);
        self.out.frame_slots = u32::from(profile.chunk.registers);
        self.state = State::new(usize::from(profile.chunk.registers));
        self.block = self.out.new_block();
        let live_after = RegisterSet::empty(0);
        let context = Context {
            profile,
            flow,
            function: self.request.function,
            base: 0,
            chain: Vec::new(),
            live_after,
            entered: entered.clone(),
            running: Running::Outermost,
            own: None,
        };
        self.contexts.push(context);
        self.enter(head)?;
        let returns = self.body((entered.is_some(), head.unwrap_or(0)))?;
        debug_assert!(returns.is_empty(), "the outermost function returns by itself");
        if self.again { Err(Restart::Again) } else { Ok(()) }
    }

    /// The state at the entry: parameters and, for loops, everything in memory; scalars are read once.
    fn enter(&mut self, head: Option<u32>) -> Built {
        let chunk = self.context().profile.chunk.clone();
        let kinds: Vec<super::ir::Kinds> = match &self.request.entry {
            Entry::Call => {
                let seen = &self.context().profile.params;
                (0..usize::from(chunk.params)).map(|at| seen.get(at).copied().unwrap_or(super::ir::Kinds::ANY)).collect()
            }
            Entry::Loop { tags, .. } => tags.iter().map(|tag| if *tag < 32 { super::ir::Kinds::of_tag(*tag) } else { super::ir::Kinds::ANY }).collect(),
        };
        self.pc = head.unwrap_or(0);
        let live = self.live_at(self.pc);
        for at in 0..kinds.len() {
            // Whoever enters a loop empties what it does not want.
            let empty = head.is_some() && !live.contains(at);
            if empty {
                self.out.emptied.push(at as u16);
            }
            self.state.set(SlotIx(at as u32), if empty { Slot::Clean } else { Slot::Memory });
        }
        for (at, kind) in kinds.iter().enumerate() {
            let slot = SlotIx(at as u32);
            let scalar = [Scalar::Int, Scalar::Float, Scalar::Bool].into_iter().find(|scalar| scalar.kinds() == *kind);
            match scalar {
                Some(scalar) if live.contains(at) && head.is_none() && self.out.params.len() < UNBOXED => {
                    let value = self.out.new_value(scalar.ty());
                    self.out.params.push((slot, value));
                    self.put(slot, Slot::Scalar { value, scalar, dirty: true });
                }
                Some(scalar) if live.contains(at) && head.is_none() => {
                    let value = self.load_scalar(slot, scalar);
                    self.put(slot, Slot::Scalar { value, scalar, dirty: false });
                }
                // Whoever enters a loop has looked at its variables.
                Some(scalar) if live.contains(at) => {
                    self.out.expected.push((at as u16, Expected::Scalar(scalar.tag())));
                    let boxed = self.emit(InstKind::LoadSlot(slot), Type::ANY);
                    let value = self.emit(InstKind::Unbox { value: boxed, tag: scalar.tag() }, scalar.ty());
                    self.put(slot, Slot::Scalar { value, scalar, dirty: false });
                }
                None if live.contains(at) && head.is_some() => self.out.expected.push((at as u16, Expected::Other)),
                // What was an immediate at this moment needs no release, but may be anything next time.
                _ => {}
            }
        }
        Ok(())
    }

    // ---- contexts and states ----

    fn context(&self) -> &Context {
        self.contexts.last().expect("building happens inside a function")
    }

    fn slot(&self, register: u16) -> SlotIx {
        let context = self.context();
        match context.own {
            Some(own) if register == 0 => own.slot,
            _ => SlotIx(context.base + u32::from(register)),
        }
    }

    fn is_temporary(&self, register: u16) -> bool {
        register >= self.context().profile.chunk.locals
    }

    /// Registers wanted at the start of a bytecode block.
    fn live_at(&self, pc: u32) -> RegisterSet {
        self.context().flow.at(pc).live.clone()
    }

    /// Does the VM want this slot if compiled code is left at the current instruction?
    fn is_wanted(&self, slot: SlotIx) -> bool {
        let is_below = |context: &Context| matches!(context.running, Running::Below(_)) && slot.0 + 1 == context.base;
        if self.contexts.iter().any(|context| is_below(context) || context.own.is_some_and(|own| own.slot == slot)) {
            return true;
        }
        let innermost = self.contexts.len() - 1;
        let at = self.contexts.iter().rposition(|context| context.base <= slot.0).unwrap_or(0);
        let register = (slot.0 - self.contexts[at].base) as usize;
        if at < innermost {
            return self.contexts[at].live_after.contains(register);
        }
        match self.live.1.get((self.pc.wrapping_sub(self.live.0)) as usize) {
            Some(live) => live.contains(register),
            None => true,
        }
    }

    /// The state in which the VM would execute the current instruction.
    fn exit(&mut self) -> StateId {
        if let Some(state) = self.exit {
            return state;
        }
        let state = self.frame_state(self.pc);
        self.exit = Some(state);
        state
    }

    fn frame_state(&mut self, pc: u32) -> StateId {
        let mut frames: Vec<FrameInfo> = Vec::with_capacity(self.contexts.len());
        for (at, context) in self.contexts.iter().enumerate() {
            let pc = self.contexts.get(at + 1).and_then(|inner| inner.chain.last().copied()).unwrap_or(pc);
            frames.push(FrameInfo { function: context.function, base: SlotIx(context.base), pc, lent: context.own.map(|own| own.home) });
        }
        let slots = self.state.dirty().filter(|(slot, _)| self.is_wanted(*slot) || matches!(self.state.get(*slot), Slot::Owned { .. })).collect();
        let owned = self.state.owned().collect();
        let instances = self.state.virtuals().filter(|(slot, _)| self.is_wanted(*slot)).map(|(slot, at)| {
            let instance = &self.virtuals[at as usize];
            Instance { slot, shape: instance.shape, fields: instance.fields.clone() }
        });
        let instances = instances.collect();
        self.out.new_state(FrameState { frames, slots, owned, instances })
    }

    fn put(&mut self, slot: SlotIx, to: Slot) {
        self.state.set(slot, to);
        self.exit = None;
        self.out.frame_slots = self.out.frame_slots.max(slot.0 + 1);
    }

    // ---- emitting ----

    fn emit(&mut self, kind: InstKind, ty: Type) -> ValueId {
        let result = self.out.new_value(ty);
        self.push(kind, Some(result));
        result
    }

    fn effect(&mut self, kind: InstKind) {
        self.push(kind, None);
    }

    fn push(&mut self, kind: InstKind, result: Option<ValueId>) {
        let pc = self.pc;
        self.out.blocks[self.block.index()].insts.push(Inst { kind, result, pc });
    }

    fn terminate(&mut self, term: Terminator) {
        let block = &mut self.out.blocks[self.block.index()];
        debug_assert!(block.term.is_none(), "a block ends once");
        block.term = Some(term);
        self.ended = true;
    }

    /// Leaves for good: what comes next was never reached, or is the VM's business.
    fn leave(&mut self) {
        let exit = self.exit();
        self.terminate(Terminator::Exit(exit));
    }

    /// Leaves to where the VM has never been.
    fn leave_unreached(&mut self) {
        let exit = self.exit();
        self.out.unreached.push(exit);
        self.terminate(Terminator::Exit(exit));
    }

    fn int(&mut self, value: i64) -> ValueId {
        self.emit(InstKind::ConstI(value), Type::int_in(value, value))
    }

    fn null(&mut self) -> ValueId {
        self.emit(InstKind::ConstBoxed(0, 0), Type::ANY)
    }

    /// Reads a scalar of known or speculated kind from memory.
    fn load_scalar(&mut self, slot: SlotIx, scalar: Scalar) -> ValueId {
        let exit = self.exit();
        let boxed = self.emit(InstKind::LoadSlot(slot), Type::ANY);
        self.emit(InstKind::GuardTag { value: boxed, tag: scalar.tag(), exit }, scalar.ty())
    }

    /// Makes memory hold the newest value of a slot.
    fn settle(&mut self, slot: SlotIx) {
        match self.state.get(slot) {
            Slot::Scalar { value, scalar, dirty: true } => {
                self.effect(InstKind::StoreSlot(slot, value));
                self.put(slot, Slot::Scalar { value, scalar, dirty: false });
            }
            Slot::Immediate { value, dirty: true } => {
                self.effect(InstKind::StoreSlot(slot, value));
                self.put(slot, Slot::Immediate { value, dirty: false });
            }
            Slot::Borrowed { value, .. } => {
                self.effect(InstKind::StoreSlotRetain(slot, value));
                self.put(slot, Slot::Memory);
            }
            Slot::Owned { value } => {
                self.effect(InstKind::StoreSlotOwned(slot, value));
                self.put(slot, Slot::Memory);
            }
            Slot::Virtual(at) => {
                let value = self.materialise(at);
                self.effect(InstKind::StoreSlotOwned(slot, value));
                self.put(slot, Slot::Memory);
            }
            _ => {}
        }
    }

    /// Writes back whatever the VM wants to find in memory.
    fn settle_all(&mut self) {
        for at in 0..self.state.slots.len() {
            let slot = SlotIx(at as u32);
            match self.state.get(slot) {
                Slot::Scalar { .. } | Slot::Immediate { .. } | Slot::Virtual(_) if !self.is_wanted(slot) => {}
                _ => self.settle(slot),
            }
        }
    }

    /// Makes sure memory holds no heap value before something else takes the slot.
    fn release(&mut self, slot: SlotIx) {
        if let Slot::Owned { .. } = self.state.get(slot) {
            self.settle(slot);
        }
        if self.state.get(slot) == Slot::Memory {
            self.before_write(slot);
            self.effect(InstKind::ClearSlot(slot));
        }
        self.hints.remove(&slot);
        self.put(slot, Slot::Clean);
    }

    // ---- blocks ----

    /// Builds all blocks of the innermost context from `first` on; gives the ways to its returns (none for the outermost,
    /// which returns from compiled code). The value returned lies in the callee's slot 0.
    fn body(&mut self, first: Key) -> Built<Vec<Edge>> {
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

    /// Reverse postorder of the blocks reachable from `first`.
    fn order(&self, first: Key) -> Vec<Key> {
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

    fn successors(&self, (copy, pc): Key) -> Vec<Key> {
        let context = self.context();
        let inside = |pc: u32| copy && context.entered.as_ref().is_some_and(|entries| !entries.contains(&pc));
        context.flow.at(pc).next.iter().map(|&next| (inside(next), next)).collect()
    }

    /// Is this outside of what is compiled?
    fn is_beyond(&self, (_, pc): Key) -> bool {
        self.contexts.len() == 1 && self.region.is_some_and(|(start, end)| !(start..end).contains(&pc))
    }

    /// Makes the block of `key` where `ways` meet, and its state.
    fn start_block(&mut self, key: Key, ways: Vec<Edge>, is_header: bool, headers: &mut AHashMap<Key, Header>) {
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
            // Checks moved there failed too often: none is moved out of this loop any more.
            let steady = self.context().profile.storms(key.1 | crate::jit::profile::FRONT) == 0;
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

    fn scalar_value(&self, slot: SlotIx) -> ValueId {
        match self.state.get(slot) {
            Slot::Scalar { value, .. } => value,
            other => unreachable!("slot {slot:?} was to be a scalar, is {other:?}"),
        }
    }

    /// Slots that hold one kind of scalar on all ways and are wanted.
    fn meeting_params(&self, ways: &[Edge], live: &RegisterSet, key: Key, is_header: bool) -> Vec<(SlotIx, Scalar)> {
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

    fn is_conflict(&self, pc: u32, slot: SlotIx) -> bool {
        self.learned.conflicts.contains(&(self.context().chain.clone(), pc, slot))
    }

    /// Connects all ways to `to` (a new block if `None`), bringing their states to one: parameters as scalars, everything
    /// else in memory. Gives the common state, before the parameters are defined.
    fn meet(&mut self, ways: Vec<Edge>, params: &[(SlotIx, Scalar)], live: &RegisterSet, to: Option<BlockId>, head: Option<u32>) -> Edge {
        let target = to.unwrap_or_else(|| self.out.new_block());
        // Into a fresh block in front of a loop the scalars pass as its own parameters.
        let own: Vec<ValueId> = if to.is_none() { params.iter().map(|(_, scalar)| self.out.new_value(scalar.ty())).collect() } else { Vec::new() };
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
    fn common(&self, ways: &[Edge], slot: SlotIx, live: &RegisterSet, head: Option<u32>) -> Slot {
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
    fn begin(&mut self, block: BlockId, params: &[(SlotIx, Scalar)]) {
        self.block = block;
        self.exit = None;
        for (slot, scalar) in params {
            let value = self.out.new_value(scalar.ty());
            self.out.blocks[block.index()].params.push(value);
            self.state.set(*slot, Slot::Scalar { value, scalar: *scalar, dirty: true });
        }
    }

    /// Ends the block with a branch: to the jump's target if `cond`, else on to the next instruction.
    fn branch(&mut self, cond: ValueId) {
        let (target, next) = (self.out.new_block(), self.out.new_block());
        self.terminate(Terminator::Branch { cond, then: (target, Box::new([])), otherwise: (next, Box::new([])) });
        self.ends = vec![(target, 0), (next, 1)];
    }

    /// Ends the block on its way to the only successor, or to the jump's target.
    fn jump(&mut self) {
        self.ended = true;
        self.ends = vec![(self.block, 0)];
    }

    /// Ends the block on its way to what follows a jump that is not taken.
    fn fall_through(&mut self) {
        self.ended = true;
        self.ends = vec![(self.block, 1)];
    }

    /// The instructions of one bytecode block, up to its end or until it is left.
    fn straight(&mut self, key: Key, returns: &mut Vec<Edge>) -> Built {
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
            if !self.ended && pc % 8 == 0 {
                self.limit_registers();
            }
        }
        Ok(())
    }

    /// Leaves scalars to memory when there are too many of them.
    fn limit_registers(&mut self) {
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
    fn connect(&mut self, key: Key, at: usize, position: &AHashMap<Key, usize>, edges: &mut AHashMap<Key, Vec<Edge>>, headers: &AHashMap<Key, Header>) -> Built {
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
            let to = successors[which];
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

    /// Goes on in the VM at `pc`.
    fn leave_region(&mut self, block: BlockId, state: State, pc: u32) {
        (self.block, self.state, self.pc, self.exit) = (block, state, pc, None);
        self.live = (pc, vec![self.live_at(pc)]);
        let exit = self.frame_state(pc);
        self.out.blocks[block.index()].term = Some(Terminator::Exit(exit));
    }

    /// A way back to a loop head: brings the state to what the head was built with.
    fn close_loop(&mut self, block: BlockId, state: State, to: Key, headers: &AHashMap<Key, Header>) -> Built {
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
            if matches!(held, Slot::Borrowed { .. } | Slot::Immediate { .. } | Slot::Virtual(_)) && !borrow::is_same(*held, self.state.get(slot)) {
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
        self.effect(InstKind::Poll { exit });
        let args = header.params.iter().map(|(slot, _)| self.scalar_value(*slot)).collect();
        self.out.blocks[block.index()].term = Some(Terminator::Jump(header.block, args));
        Ok(())
    }
}
