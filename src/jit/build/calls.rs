//! Calls of functions known to the builder: inlined, or of their compiled code.
use std::sync::Arc;

use super::flow::{Flow, RegisterSet};
use super::state::{Slot, State};
use super::{Built, Builder, Context};
use crate::bytecode::chunk::SelfKind;
use crate::bytecode::op::Op;
use crate::jit::ir::inst::Callee;
use crate::jit::ir::{InstKind, Type};
use crate::jit::profile::{FunctionProfile, Site};
use crate::value::layout::tag;

impl Builder<'_> {
    pub(super) fn call_func(&mut self, op: Op, argc: u8, dst: u16, base: u16, func: u16) -> Built {
        let profile = &self.context().profile;
        let function = profile.unit_base + profile.chunk.functions[usize::from(func)];
        self.call_known(op, function, u16::from(argc), dst, base)
    }

    /// A method of the only shape the site has met, which does not change its receiver.
    pub(super) fn call_method(&mut self, op: Op, argc: u8, dst: u16, base: u16) -> Built {
        let target = match self.context().profile.sites.get(&self.pc) {
            Some(Site::Callees(targets)) if targets.len() == 1 && targets[0].shape != 0 => targets[0],
            _ => return self.fallback(op),
        };
        let plain = self.request.functions.get(&target.function).is_some_and(|callee| callee.chunk.self_kind == SelfKind::Value);
        if !plain || matches!(self.state.get(self.slot(base)), Slot::Scalar { .. } | Slot::Immediate { .. } | Slot::Clean) {
            return self.fallback(op);
        }
        let exit = self.exit();
        let boxed = self.boxed(base);
        let pointer = self.emit(InstKind::GuardTag { value: boxed, tag: tag::STRUCT, exit }, Type::pointer(tag::STRUCT, 0));
        self.emit(InstKind::GuardShape { pointer, shape: target.shape, exit }, Type::pointer(tag::STRUCT, target.shape));
        self.call_known(op, target.function, u16::from(argc) + 1, dst, base)
    }

    /// Calls `function` with `count` arguments (the receiver included) from `base` on.
    fn call_known(&mut self, op: Op, function: u32, count: u16, dst: u16, base: u16) -> Built {
        let Some(callee) = self.request.functions.get(&function).cloned() else { return self.fallback(op) };
        if callee.chunk.params != count {
            return self.fallback(op);
        }
        if self.inlines(function, &callee) {
            return self.inline(function, callee, dst, base);
        }
        for register in base..base + count {
            let slot = self.slot(register);
            self.settle(slot);
        }
        // What is borrowed from memory that the callee might change is counted.
        self.settle_borrowed();
        // The arguments belong to the callee now: the state for unwinding is without them.
        for register in base..base + count {
            let slot = self.slot(register);
            self.put(slot, Slot::Clean);
        }
        let exit = self.exit();
        let base = self.slot(base);
        let call = InstKind::CallCompiled { callee: Callee::Entry(function, 0), base, args: Box::new([]), exit };
        let result = self.emit(call, Type::ANY);
        self.write_owned(dst, result);
        Ok(())
    }

    fn write_owned(&mut self, register: u16, value: crate::jit::ir::ValueId) {
        let slot = self.slot(register);
        self.release(slot);
        self.put(slot, Slot::Owned { value });
    }

    fn inlines(&self, function: u32, callee: &FunctionProfile) -> bool {
        let limits = self.request.limits;
        let mut chain = self.context().chain.clone();
        chain.push(self.pc);
        let small = callee.chunk.code.len() <= limits.inline_size;
        let simple = callee.chunk.handlers.is_empty() && matches!(callee.chunk.self_kind, SelfKind::None | SelfKind::Value);
        let shallow = self.contexts.len() <= limits.inline_depth;
        let _ = function;
        small && simple && shallow && self.out.values.len() < limits.ir_size && !self.learned.not_inlined.contains(&chain)
    }

    /// Builds the callee's code here. Its frame is the window of the arguments.
    fn inline(&mut self, function: u32, callee: Arc<FunctionProfile>, dst: u16, base: u16) -> Built {
        self.settle_borrowed();
        let caller_live = self.live.clone();
        let (pc, window) = (self.pc, self.slot(base));
        let mut chain = self.context().chain.clone();
        chain.push(pc);
        let after = self.live_after_call(dst);
        self.contexts.last_mut().expect("building happens inside a function").live_after = after.clone();
        let flow = Arc::new(Flow::new(&callee.chunk, &callee.chunk.code, None));
        self.out.frame_slots = self.out.frame_slots.max(window.0 + u32::from(callee.chunk.registers));
        let context = Context { profile: callee, flow, function, base: window.0, chain, live_after: RegisterSet::empty(0), entered: None };
        self.contexts.push(context);
        self.exit = None;
        let returns = self.body((false, 0))?;
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
        live.insert(usize::from(base));
        self.join(returns, &live);
        if dst != base {
            self.take(dst, base);
        }
        Ok(())
    }

    /// Registers of the caller wanted after the call at hand, its result not included.
    fn live_after_call(&self, dst: u16) -> RegisterSet {
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
        live
    }

    /// Continues where all ways meet.
    fn join(&mut self, mut ways: Vec<super::Edge>, live: &RegisterSet) {
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
        let met = self.meet(ways, &params, live, Some(block));
        self.state = State { slots: met.state.slots };
        self.begin(block, &params);
        self.exit = None;
    }
}
