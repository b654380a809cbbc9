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
mod arguments;
mod arith;
mod blocks;
mod borrow;
mod builtin;
mod calls;
mod catch;
mod character;
mod counting;
mod field;
mod flow;
mod inline;
mod instance;
mod lending;
mod literal;
mod loops;
mod math;
mod memory;
mod operate;
mod ops;
mod out;
mod outcome;
mod overload;
mod parts;
mod passing;
mod pattern;
mod place_call;
mod several;
mod spread;
mod state;
mod threads;
mod unpack;
mod variable;
mod virtuals;
mod words;

pub use flow::{Flows, loops};

use std::ops::Range;
use std::sync::Arc;

use ahash::{AHashMap, AHashSet};

use super::feedback::TEXT;
use super::ir::Expected;
use super::ir::inst::{Home, ShortText};
use super::ir::{
    BlockId, FrameInfo, FrameState, Function, Inst, InstKind, Instance, Origin, Part, SlotIx, StateId, Terminator, Type,
    ValueId,
};
use super::profile::{Entry, FunctionProfile, Request, Site};
use crate::bytecode::op::Op;
use crate::vm::After;
use flow::{Flow, RegisterSet};
use state::{Lender, Scalar, Slot, State};

/// Parameters passed in registers at most.
const UNBOXED: usize = 4;

/// How often building starts again before it is given up.
const ATTEMPTS: usize = 40;
/// Slots whose newest values are in registers, as far as every exit has to write them back; and parameters of a block. What is
/// more is kept in memory, so that code grows with the function and not with its square.
const MOST_IN_REGISTERS: usize = 64;

/// Instructions that a block has room for when it gets the first one.
const FIRST_ROOM: usize = 16;

/// Builds the IR of a request. `Err` names the reason it cannot be compiled.
pub fn build(request: &Request, flows: &mut Flows) -> Result<Function, &'static str> {
    let mut learned = Learned::default();
    for _ in 0..ATTEMPTS {
        let mut builder = Builder::new(request, &mut learned, flows);
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
    /// Slots that hold one thing after another of the same lender at the head of a loop.
    varying: AHashMap<(Vec<u32>, u32, SlotIx), Lender>,
    /// Slots whose instance is read in front of a loop, so that it need not exist; nothing if ways back disagree.
    unpacked: AHashMap<(Vec<u32>, u32, SlotIx), Option<unpack::Unpacked>>,
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
    /// What becomes of its result.
    after: After,
    /// The `self` of an inlined mutating method, which stays where its caller has it.
    own: Option<Lent>,
    /// Where the `self` of an inlined method goes back to, if that is a part of a local: meanwhile it stands in the first slot.
    part: Option<Home>,
    /// The last loop that has begun.
    head: Option<u32>,
    /// Where slots were at its head.
    head_slots: Vec<Slot>,
    /// Its blocks in the order in which they are built.
    order: Arc<AHashMap<Key, usize>>,
    /// The one at hand.
    built: Key,
}

impl Context {
    /// The block at `to` that a block leads to: those of the entered loop's own copy lead to others of it, until that ends.
    fn key_from(&self, (copy, _): Key, to: u32) -> Key {
        (copy && self.entered.as_ref().is_some_and(|entries| !entries.contains(&to)), to)
    }
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
    /// In the slot below the frame, if it exists: its captures are known.
    Virtual(u32),
}

impl Running {
    fn is_below(self) -> bool {
        matches!(self, Running::Below(_) | Running::Virtual(_))
    }
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
    params: Vec<blocks::Param>,
    /// Where the other slots are.
    slots: Vec<Slot>,
}

struct Builder<'r> {
    request: &'r Request,
    learned: &'r mut Learned,
    flows: &'r mut Flows,
    out: Function,
    block: BlockId,
    state: State,
    /// Objects that do not exist, named by [`Slot::Virtual`]; never changed.
    virtuals: Vec<virtuals::Virtual>,
    /// The current block has ended.
    ended: bool,
    /// Its ways out: blocks without an end yet, and which successor each stands for.
    ends: Vec<(BlockId, usize)>,
    /// The states at those, where they differ.
    end_states: Vec<State>,
    /// Ways to handlers: the context that a handler belongs to, and its block there.
    caught: Vec<(usize, Key, Edge)>,
    /// The ways on from a call whose results have not met, since the next instruction returns or tests them.
    apart: Vec<Edge>,
    /// Registers wanted before each instruction of the current bytecode block, from its first one on.
    live: (u32, Vec<RegisterSet>),
    contexts: Vec<Context>,
    /// Functions that slots hold, as far as known: guesses, to be checked.
    hints: AHashMap<SlotIx, u32>,
    /// Functions without captures among the values.
    functions: AHashMap<ValueId, u32>,
    /// The numbers of variants without payload among the values.
    units: AHashMap<ValueId, i64>,
    /// The codes of characters among the values.
    codes: AHashMap<ValueId, ValueId>,
    /// Numbers of 64 bits without a sign, and their words.
    words: AHashMap<ValueId, ValueId>,
    /// Short texts among the values that are constants.
    texts: AHashMap<ValueId, ShortText>,
    /// Types among the values, by the builtin that makes values of them.
    constructors: AHashMap<ValueId, u16>,
    pc: u32,
    /// The frame state at the current instruction, while nothing has changed.
    exit: Option<StateId>,
    /// `[start, end)` of the outermost loop around the one entered by OSR, or that loop itself. What comes after it is left to the VM: it has been
    /// met seldom or never, and is compiled on its own account once it is hot.
    region: Option<Range<u32>>,
    /// So many of the next instructions were built together with the one before them.
    fused: u32,
    /// Something was learned: this attempt only goes on to learn more.
    again: bool,
}

impl<'r> Builder<'r> {
    fn new(request: &'r Request, learned: &'r mut Learned, flows: &'r mut Flows) -> Builder<'r> {
        Builder {
            request,
            learned,
            flows,
            out: Function { exact_exits: request.exact_exits, careful: request.careful, ..Function::default() },
            block: BlockId(0),
            virtuals: Vec::new(),
            state: State::new(0),
            ended: false,
            ends: Vec::new(),
            end_states: Vec::new(),
            caught: Vec::new(),
            apart: Vec::new(),
            live: (0, Vec::new()),
            contexts: Vec::new(),
            hints: AHashMap::new(),
            functions: AHashMap::new(),
            units: AHashMap::new(),
            codes: AHashMap::new(),
            words: AHashMap::new(),
            texts: AHashMap::new(),
            constructors: AHashMap::new(),
            pc: 0,
            exit: None,
            region: None,
            fused: 0,
            again: false,
        }
    }

    fn function(&mut self) -> Built {
        let profile = self.request.functions.get(&self.request.function).ok_or(Restart::Never("no profile"))?.clone();
        let head = match self.request.entry {
            Entry::Call => None,
            Entry::Loop { pc, .. } => Some(pc),
        };
        let flow = self.flows.of(self.request.function, &profile.chunk);
        let code = &profile.chunk.code;
        self.region = head.map(|pc| flow::region(code, pc, self.request.limits.twice_size));
        let entered = head.map(|pc| {
            // Behind the test of a loop over text its characters are known by their codes.
            let own = runs_over_text(&profile, pc);
            Arc::new(flow.entries_around(code, pc, self.region.as_ref(), own))
        });
        self.out.name = profile.chunk.name.to_string();
        (self.out.id, self.out.entry) = (self.request.function, head);
        self.out.frame_slots = u32::from(profile.chunk.registers);
        self.out.own = profile.chunk.self_kind.changes().then_some(SlotIx(0));
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
            after: After::Store,
            own: None,
            part: None,
            head: None,
            head_slots: Vec::new(),
            order: Arc::default(),
            built: (false, 0),
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
            Entry::Loop { tags, .. } => tags
                .iter()
                .map(|tag| if *tag < 32 { super::ir::Kinds::of_tag(*tag) } else { super::ir::Kinds::ANY })
                .collect(),
        };
        if let Entry::Loop { negative, .. } = &self.request.entry {
            self.out.negative = negative.iter().map(|at| SlotIx(u32::from(*at))).collect();
        }
        self.pc = head.unwrap_or(0);
        let live = self.live_at(self.pc);
        let positions = head.map(|head| self.positions(head, &kinds)).unwrap_or_default();
        if head.is_none() {
            let lent = self.flows.lent(self.request.function, &self.request.functions);
            self.out.lent = lent.iter().map(|param| SlotIx(u32::from(*param))).collect();
            self.out.parts = self.flows.parts(self.request.function, &self.request.functions);
        }
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
            let scalar = Scalar::only(*kind);
            let is_lent = self.out.lent.contains(&slot);
            match scalar {
                Some(scalar) if live.contains(at) && head.is_none() && (is_lent || self.out.params.len() < UNBOXED) => {
                    let value = self.out.new_value(scalar.ty());
                    self.out.params.push((slot, value));
                    self.put(slot, Slot::Scalar { value, scalar, dirty: true });
                }
                _ if is_lent => {
                    let value = self.out.new_value(Type::ANY);
                    self.out.params.push((slot, value));
                    self.put(slot, Slot::Borrowed { value, lender: Lender::Constant });
                }
                Some(scalar) if live.contains(at) && head.is_none() => {
                    let value = self.load_scalar(slot, scalar);
                    self.put(slot, Slot::Scalar { value, scalar, dirty: false });
                }
                // Whoever enters a loop has looked at its variables.
                Some(scalar) if live.contains(at) => {
                    self.out.expected.push((at as u16, Expected::Scalar(scalar.tag())));
                    let boxed = self.emit(InstKind::LoadSlot(slot), Type::ANY);
                    let ty = if positions.contains(&(at as u16)) { Type::int_in(0, i64::MAX) } else { scalar.ty() };
                    let value = self.emit(InstKind::Unbox { value: boxed, tag: scalar.tag() }, ty);
                    self.put(slot, Slot::Scalar { value, scalar, dirty: false });
                }
                None if live.contains(at) && head.is_some() => {
                    let expected = self.expect_function(at as u16).map_or(Expected::Other, Expected::Function);
                    self.out.expected.push((at as u16, expected));
                }
                // What was an immediate at this moment needs no release, but may be anything next time.
                _ => {}
            }
        }
        if let Some(head) = head {
            self.count_once(head);
        }
        Ok(())
    }

    /// The function that code entered at a loop is made for, if the parameter holds one.
    fn expect_function(&mut self, register: u16) -> Option<u32> {
        let Entry::Loop { functions, .. } = &self.request.entry else { return None };
        let (_, function) = *functions.iter().find(|(param, _)| *param == register)?;
        self.hints.insert(SlotIx(u32::from(register)), function);
        Some(function)
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
        let is_below = |context: &Context| context.running.is_below() && slot.0 + 1 == context.base;
        let is_self = |context: &Context| match context.own {
            Some(own) => own.slot == slot,
            None => context.part.is_some() && context.base == slot.0,
        };
        if self.contexts.iter().any(|context| is_below(context) || is_self(context)) {
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
            let inner = self.contexts.get(at + 1);
            let pc = inner.and_then(|inner| inner.chain.last().copied()).unwrap_or(pc);
            frames.push(FrameInfo {
                function: context.function,
                base: SlotIx(context.base),
                pc,
                after: inner.map_or(After::Store, |inner| inner.after),
                lent: context.own.map(|own| own.home),
            });
        }
        let slots = self
            .state
            .dirty()
            .filter(|(slot, _)| self.is_wanted(*slot) || matches!(self.state.get(*slot), Slot::Owned { .. }))
            .collect();
        let owned = self.state.owned().collect();
        let instances = self.state.virtuals().filter(|(slot, _)| self.is_wanted(*slot)).map(|(slot, at)| {
            let instance = &self.virtuals[at as usize];
            Instance { slot, form: instance.form.clone(), fields: instance.fields.clone() }
        });
        let instances = instances.collect();
        let part = |context: &Context| context.part.map(|home| Part { base: SlotIx(context.base), home });
        let parts = self.contexts.iter().filter_map(part).collect();
        self.out.new_state(FrameState { frames, slots, owned, instances, parts })
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
        let origin = Origin { function: self.context().function, pc: self.pc };
        let insts = &mut self.out.blocks[self.block.index()].insts;
        if insts.capacity() == 0 {
            insts.reserve(FIRST_ROOM);
        }
        insts.push(Inst { kind, result, origin });
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
    pub(super) fn leave_unreached(&mut self) {
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
                self.settle_virtual(slot, at);
            }
            _ => {}
        }
    }

    /// Makes the object that a slot stands for → pointer, borrowed from the slot.
    fn settle_virtual(&mut self, slot: SlotIx, at: u32) -> ValueId {
        let pointer = self.materialise(at);
        self.effect(InstKind::StoreSlotOwned(slot, pointer));
        self.put(slot, Slot::Memory);
        pointer
    }

    /// Writes back whatever the VM wants to find in memory.
    fn settle_all(&mut self) {
        for at in 0..self.state.slots.len() {
            let slot = SlotIx(at as u32);
            match self.state.get(slot) {
                Slot::Scalar { .. } | Slot::Immediate { .. } if !self.is_wanted(slot) => {}
                // It may have parts that are lent.
                Slot::Virtual(_) if !self.is_wanted(slot) => self.put(slot, Slot::Clean),
                _ => self.settle(slot),
            }
        }
    }

    /// Gives up slots, of which some may have lent others what they hold.
    fn release_all(&mut self, slots: &[SlotIx]) {
        for slot in slots {
            if let Slot::Borrowed { .. } | Slot::Virtual(_) = self.state.get(*slot) {
                self.hints.remove(slot);
                self.put(*slot, Slot::Clean);
            }
        }
        slots.iter().for_each(|slot| self.release(*slot));
    }

    /// Makes sure memory holds no heap value before something else takes the slot.
    fn release(&mut self, slot: SlotIx) {
        if let Slot::Owned { value } = self.state.get(slot) {
            self.effect(InstKind::Release(value));
        }
        if self.state.get(slot) == Slot::Memory {
            self.before_write(slot);
            self.effect(InstKind::ClearSlot(slot));
        }
        self.hints.remove(&slot);
        self.put(slot, Slot::Clean);
    }
}

/// Has the loop with its head at `pc` run over nothing but text?
fn runs_over_text(profile: &FunctionProfile, pc: u32) -> bool {
    let steps = |(at, op): (usize, &Op)| {
        let back = op.jump().is_some_and(|offset| flow::target(at, offset) == pc);
        let is_step = back && matches!(op, Op::ForNext { .. } | Op::ForNextPair { .. });
        is_step && matches!(profile.sites.get(&(at as u32)), Some(Site::Elements { shapes, .. }) if shapes[..] == [TEXT])
    };
    profile.chunk.code.iter().enumerate().any(steps)
}
