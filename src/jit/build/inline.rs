//! Inlining: the callee's code is built in place, on the window of its arguments as its frame.
use std::sync::Arc;

use super::calls::Call;
use super::flow::RegisterSet;
use super::flow::is_in_innermost_loop;
use super::state::{Lender, Slot, State};
use super::{Builder, Built, Context, Edge};
use crate::builtins::N_BUILTINS;
use crate::bytecode::chunk::Callee;
use crate::bytecode::op::Op;
use crate::jit::ir::{InstKind, SlotIx, ValueId};
use crate::jit::profile::{FunctionProfile, Site};

impl Builder<'_> {
    pub(super) fn inlines(&self, call: &Call, callee: &FunctionProfile) -> bool {
        let limits = self.request.limits;
        let size = size(callee);
        // A function in itself, as often as it fits.
        let active = self.contexts.iter().filter(|context| context.function == call.function).count();
        let small =
            size <= limits.inline_size && active < limits.inline_copies && weight(callee) * active <= limits.recursive_size;
        // Its own code has copies of it inlined already; a call from outside is one among many.
        let recursive = active == 0 && calls_itself(call.function, callee);
        let shallow = self.contexts.len() <= limits.inline_depth;
        // A loop is worth more than the call around it, unless it calls what it is given.
        let takes_function = (0..call.count).any(|at| self.is_known_function(SlotIx(call.window.0 + u32::from(at))));
        let short = takes_function || size <= limits.loop_size || !has_loop(callee);
        // Much code is made once: an instance that need not exist and the turns of a loop are worth a copy, one call is not.
        let made = self.out.values.len();
        let is_turn = || is_in_innermost_loop(&self.context().profile.chunk.code, self.pc);
        let is_worth_it = || self.takes_virtual(call) || (is_turn() && (made < limits.calling_ir || !calls_others(callee)));
        let lean = size <= limits.small_size || made < limits.lean_ir || is_worth_it();
        small && lean && short && !recursive && callee.chunk.handlers.is_empty() && shallow && made < limits.ir_size
    }

    fn takes_virtual(&self, call: &Call) -> bool {
        let is_virtual = |slot| matches!(self.state.get(slot), Slot::Virtual(_));
        let lent = call.own.as_ref().is_some_and(|own| is_virtual(own.slot));
        lent || (0..call.count).any(|at| is_virtual(SlotIx(call.window.0 + u32::from(at))))
    }

    fn is_known_function(&self, slot: SlotIx) -> bool {
        match self.state.get(slot) {
            Slot::Immediate { value, .. } => self.functions.contains_key(&value),
            _ => self.hints.contains_key(&slot),
        }
    }

    /// Builds the callee's code here. Its frame is the window of the arguments.
    pub(super) fn inline(&mut self, call: &Call, callee: Arc<FunctionProfile>) -> Built {
        self.settle_passing();
        let caller_live = self.live.clone();
        let (pc, window) = (self.pc, call.window);
        if let Some((home, value)) = call.part {
            self.effect(InstKind::TakePart { home, value, to: window });
            self.put(window, Slot::Memory);
        }
        let mut chain = self.context().chain.clone();
        chain.push(pc);
        let after = self.live_after_call(call.dst);
        self.contexts.last_mut().expect("building happens inside a function").live_after = after.clone();
        let flow = self.flows.of(call.function, &callee.chunk);
        self.out.frame_slots = self.out.frame_slots.max(window.0 + u32::from(callee.chunk.registers));
        self.contexts.push(Context {
            profile: callee,
            flow,
            function: call.function,
            base: window.0,
            chain,
            live_after: RegisterSet::empty(0),
            entered: None,
            running: call.running,
            after: call.after,
            own: call.own,
            part: call.part.map(|(home, _)| home),
            head: None,
            head_slots: Vec::new(),
            order: Arc::default(),
            built: (false, 0),
        });
        self.exit = None;
        let mut returns = self.body((false, 0))?;
        self.contexts.pop();
        self.live = caller_live;
        self.pc = pc;
        self.exit = None;
        self.ended = returns.is_empty();
        self.ends = Vec::new();
        if self.ended {
            return Ok(());
        }
        let mut live = after;
        live.insert((window.0 - self.context().base) as usize);
        if returns.len() > 1
            && call.operands.is_none()
            && !self.is_returned(call.dst)
            && self.is_tested(call.dst, window, &returns)
        {
            returns = self.meet_but_known(window, returns, &live);
        }
        let told_apart = self.is_returned(call.dst) || self.is_tested(call.dst, window, &returns);
        if returns.len() > 1 && call.operands.is_none() && told_apart {
            self.apart = returns.into_iter().map(|way| self.conclude_way(call, way)).collect();
            return Ok(());
        }
        self.join(returns, &live);
        self.conclude_call(call);
        Ok(())
    }

    /// The way on from one of the returns of an inlined call.
    fn conclude_way(&mut self, call: &Call, way: Edge) -> Edge {
        (self.block, self.state, self.exit) = (way.from, way.state, None);
        self.conclude_call(call);
        Edge { from: self.block, state: self.state.clone() }
    }

    /// Behind an inlined call the result goes to its register.
    fn conclude_call(&mut self, call: &Call) {
        if call.running.is_below() {
            self.release(SlotIx(call.window.0 - 1));
        }
        self.move_value(self.slot(call.dst), call.window);
    }

    /// Is what the call at hand gives returned by the next instruction?
    pub(super) fn is_returned(&self, dst: u16) -> bool {
        let code = &self.context().profile.chunk.code;
        code.get(self.pc as usize + 1).is_some_and(|next| matches!(next, Op::Return { value } if *value == dst))
    }

    /// Moves the newest value of a slot to another.
    pub(super) fn move_value(&mut self, to: SlotIx, from: SlotIx) {
        if from == to {
            return;
        }
        match self.state.get(from) {
            Slot::Memory => {
                self.release(to);
                self.before_write(from);
                self.effect(InstKind::MoveSlot { from, to });
                self.put(to, Slot::Memory);
            }
            // What the slot itself lends stays alive until it is counted again.
            Slot::Borrowed { value, lender } if lender == Lender::Passing || lender.slot() == Some(to) => {
                self.put(from, Slot::Clean);
                self.replace(to, value);
            }
            Slot::Virtual(at) if self.virtuals[at as usize].lends_from(to) => {
                self.settle(from);
                return self.move_value(to, from);
            }
            newest => {
                self.release(to);
                let newest = match newest {
                    Slot::Scalar { value, scalar, .. } => Slot::Scalar { value, scalar, dirty: true },
                    Slot::Immediate { value, .. } => Slot::Immediate { value, dirty: true },
                    other => other,
                };
                self.put(to, newest);
            }
        }
        self.put(from, Slot::Clean);
        if let Some(function) = self.hints.get(&from).copied() {
            self.hints.insert(to, function);
        }
    }

    /// A return of an inlined function: the result goes to the first slot of its frame.
    pub(super) fn return_inlined(&mut self, register: u16, returns: &mut Vec<Edge>) -> Built {
        let (slot, result) = (self.slot(register), SlotIx(self.context().base));
        if self.is_lent(self.state.get(slot), |lender| !self.outlives_frame(lender)) {
            self.settle(slot);
        }
        self.give_back();
        self.move_value(result, slot);
        self.finish_inlined(returns)
    }

    /// The `self` of an inlined method goes back to the local it is a part of.
    pub(super) fn give_back(&mut self) {
        let (part, from) = (self.context().part, SlotIx(self.context().base));
        let Some(home) = part else { return };
        self.settle(from);
        self.effect(InstKind::GivePart { home, from });
        self.put(from, Slot::Clean);
    }

    pub(super) fn return_null_inlined(&mut self, null: ValueId, returns: &mut Vec<Edge>) -> Built {
        let result = SlotIx(self.context().base);
        self.give_back();
        self.release(result);
        self.put(result, Slot::Immediate { value: null, dirty: true });
        self.finish_inlined(returns)
    }

    /// Does what this lender keeps alive live on when the innermost frame ends?
    fn outlives_frame(&self, lender: Lender) -> bool {
        match lender {
            Lender::Passing => false,
            Lender::Slot(slot) | Lender::Field(slot, _) => slot.0 + 1 < self.context().base,
            Lender::Constant => true,
        }
    }

    /// The result is in place; everything else of the frame is given up.
    fn finish_inlined(&mut self, returns: &mut Vec<Edge>) -> Built {
        let own: Vec<SlotIx> = (self.context().base + 1..self.state.slots.len() as u32).map(SlotIx).collect();
        self.release_all(&own);
        returns.push(Edge { from: self.block, state: self.state.clone() });
        self.ended = true;
        self.ends = Vec::new();
        Ok(())
    }

    /// Registers of the caller wanted after the call at hand, its result not included, or if it raises.
    pub(super) fn live_after_call(&self, dst: u16) -> RegisterSet {
        let context = self.context();
        let at = (self.pc - self.live.0) as usize + 1;
        let mut live = match self.live.1.get(at) {
            Some(live) => live.clone(),
            None => {
                let mut live = RegisterSet::empty(usize::from(context.profile.chunk.registers));
                let block = context.flow.blocks.iter().find(|block| block.start == self.live.0);
                for next in block.into_iter().flat_map(|block| &block.next) {
                    live.union(&context.flow.at(*next).live);
                }
                live
            }
        };
        live.remove(usize::from(dst));
        // A handler around the call wants what was there before, the old value of its result's register included.
        let chunk = &context.profile.chunk;
        for handler in chunk.handlers.iter().filter(|handler| (handler.start..handler.end).contains(&self.pc)) {
            live.union(&context.flow.at(handler.target).live);
        }
        live
    }

    /// Continues where all ways meet.
    pub(super) fn join(&mut self, mut ways: Vec<Edge>, live: &RegisterSet) {
        if ways.len() == 1 {
            let only = ways.remove(0);
            self.block = only.from;
            self.state = only.state;
            self.exit = None;
            return;
        }
        let key = (false, u32::MAX);
        let params = self.meeting_params(&ways, live, key, false);
        let block = self.out.new_block();
        let met = self.meet(ways, &params, live, Some(block), None);
        self.state = State { slots: met.state.slots };
        self.begin(block, &params);
        self.exit = None;
    }
}

/// Instructions of a function. Fields that are read in one without branches cost nothing where instances need not exist.
fn size(callee: &FunctionProfile) -> usize {
    let code = &callee.chunk.code;
    let is_straight = code.iter().all(|op| op.jump().is_none());
    let is_free = |op: &&Op| is_straight && matches!(op, Op::FieldGet { .. });
    code.len() - code.iter().filter(is_free).count()
}

/// Instructions of a function, those counted several times that become much code.
fn weight(callee: &FunctionProfile) -> usize {
    let weight = |op: &Op| match op {
        Op::MakeStruct { .. }
        | Op::Construct { .. }
        | Op::CallMethod { .. }
        | Op::CallMethodPlace { .. }
        | Op::CallArgs { .. }
        | Op::CallValue { .. } => 6,
        Op::FieldGet { .. } | Op::IndexGet { .. } | Op::CallBuiltin { .. } => 3,
        _ => 1,
    };
    callee.chunk.code.iter().map(weight).sum()
}

fn calls_itself(function: u32, callee: &FunctionProfile) -> bool {
    let chunk = &callee.chunk;
    chunk.code.iter().any(|op| match op {
        Op::CallFunc { func, .. } => callee.unit_base + chunk.functions[usize::from(*func)] == function,
        _ => false,
    })
}

/// Does a function call others, builtins not counted?
fn calls_others(callee: &FunctionProfile) -> bool {
    let is_other = |site: Option<&Site>| match site {
        Some(Site::Callees(targets) | Site::Called { functions: targets, .. }) => {
            targets.iter().any(|target| target.function as usize >= N_BUILTINS)
        }
        _ => matches!(site, Some(Site::ManyCallees)),
    };
    callee.chunk.code.iter().zip(0..).any(|(op, pc)| match *op {
        Op::CallFunc { .. } => true,
        Op::CallArgs { site, .. } if matches!(callee.chunk.calls[usize::from(site)].callee, Callee::Func(_)) => true,
        _ => is_other(callee.sites.get(&pc)),
    })
}

fn has_loop(callee: &FunctionProfile) -> bool {
    callee.chunk.code.iter().any(|op| matches!(op, Op::LoopHead {}))
}
