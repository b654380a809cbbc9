//! Errors: thrown, and caught in the code being made.
//!
//! An error that is thrown in the code or raised by what it calls, and whose handler is part of the code, stays in it: the runtime makes
//! the value that the handler gets, the frames between are given up as they are when they return, and the handler's block is one more way
//! on. What is thrown and has no handler here returns as an exception, without the VM.
//!
//! Relies on: handlers stand behind what they are for, so that their blocks are still to be built.
use super::{Builder, Built, Edge, Key};
use crate::bytecode::op::Op;
use crate::jit::ir::{BlockId, InstKind, SlotIx, StateId, Terminator, Type, ValueId};
use crate::jit::profile::Entry;
use crate::value::layout::tag;

/// The handler of an error that is raised at the instruction at hand.
#[derive(Clone, Copy)]
pub(super) struct Handling {
    /// The context it belongs to.
    level: usize,
    /// Its block there.
    target: Key,
    error: SlotIx,
    /// It is that of a `finally`.
    cleanup: bool,
}

impl Builder<'_> {
    /// The handler, if one of the active functions has one; `Err` if it is not part of the code.
    fn handling(&self) -> Result<Option<Handling>, ()> {
        for (level, context) in self.contexts.iter().enumerate().rev() {
            let inner = self.contexts.get(level + 1).and_then(|inner| inner.chain.last().copied());
            let Some(handler) = context.profile.chunk.handler(inner.unwrap_or(self.pc) as usize) else { continue };
            let target = context.key_from(context.built, handler.target);
            let beyond = level == 0 && self.region.as_ref().is_some_and(|region| !region.contains(&target.1));
            let later = |order: &usize| *order > context.order[&context.built];
            if beyond || !context.order.get(&target).is_some_and(later) {
                return Err(());
            }
            let error = SlotIx(context.base + u32::from(handler.error));
            return Ok(Some(Handling { level, target, error, cleanup: handler.cleanup }));
        }
        let context = &self.contexts[0];
        match self.request.entry {
            // The VM, where it has entered the loop, would look for a handler of that place.
            Entry::Loop { pc, .. } if context.profile.chunk.handler(pc as usize).is_some() => Err(()),
            _ => Ok(None),
        }
    }

    /// The handler for what the call at hand raises, if it is part of the code.
    pub(super) fn catches(&self) -> Option<Handling> {
        self.handling().ok().flatten()
    }

    /// `throw e`
    pub(super) fn throw(&mut self, op: Op, value: u16) -> Built {
        // What has a display form of its own asks for it before anything else.
        let handling = if self.context().profile.storms(self.pc) > 0 { Err(()) } else { self.handling() };
        let Ok(handling) = handling else { return self.fallback(op) };
        let way = self.rare_block();
        self.terminate(Terminator::Jump(way, Box::new([])));
        (self.block, self.ended) = (way, false);
        let value = self.boxed(value);
        self.settle_passing();
        let exit = self.exit();
        match handling {
            Some(handling) => self.land(handling, Some(value), exit),
            None => {
                self.effect(InstKind::Throw { value, exit });
                self.return_raised();
            }
        }
        (self.ended, self.ends) = (true, Vec::new());
        Ok(())
    }

    /// Goes on where the last instruction has not raised; what it has is caught. `raised`: whether it has. `exit`: the state in which it
    /// would have left.
    pub(super) fn catch_raised(&mut self, handling: Handling, raised: ValueId, exit: StateId) {
        let (caught, next) = (self.rare_block(), self.out.new_block());
        self.terminate(Terminator::Branch { cond: raised, then: (caught, Box::new([])), otherwise: (next, Box::new([])) });
        let (state, hints) = (self.state.clone(), self.hints.clone());
        self.block = caught;
        self.land(handling, None, exit);
        (self.block, self.state, self.hints) = (next, state, hints);
        (self.ended, self.exit) = (false, None);
    }

    /// The same for what a call has given, which is no value if it has raised.
    pub(super) fn catch_of(&mut self, handling: Option<Handling>, result: ValueId, exit: StateId) {
        if let Some(handling) = handling {
            let raised = self.emit(InstKind::IsRaised(result), Type::BOOL);
            self.catch_raised(handling, raised, exit);
        }
    }

    /// Marks these slots and the temporaries of the innermost frame as what may hold anything, since the VM has ended in the middle of an
    /// instruction.
    pub(super) fn doubt(&mut self, written: &[SlotIx]) {
        let chunk = &self.context().profile.chunk;
        let temporaries = (chunk.locals..chunk.registers).map(|register| self.slot(register));
        let all: Vec<SlotIx> = temporaries.chain(written.iter().copied()).collect();
        all.into_iter().for_each(|slot| self.put(slot, super::state::Slot::Memory));
    }

    /// A block that stands aside.
    fn rare_block(&mut self) -> BlockId {
        let block = self.out.new_block();
        self.out.blocks[block.index()].cold = true;
        block
    }

    /// Makes the error's value, and leaves the frames up to the handler's for it.
    fn land(&mut self, handling: Handling, thrown: Option<ValueId>, exit: StateId) {
        let Handling { level, target, error, cleanup } = handling;
        let from = level as u16;
        let value = self.emit(InstKind::Caught { thrown, from, cleanup, exit }, Type::ANY);
        let contexts = self.contexts.clone();
        self.leave_contexts(level);
        let context = self.context();
        let first = context.base + u32::from(context.profile.chunk.locals);
        let above: Vec<SlotIx> = (first..self.state.slots.len() as u32).map(SlotIx).collect();
        self.release_all(&above);
        self.release(error);
        self.put(error, super::state::Slot::Owned { value });
        self.caught.push((level, target, Edge { from: self.block, state: self.state.clone() }));
        self.contexts = contexts;
    }

    /// Ends inlined functions for an error, up to that at `level`.
    fn leave_contexts(&mut self, level: usize) {
        while self.contexts.len() > level + 1 {
            self.give_back();
            self.contexts.pop();
        }
    }

    /// Returns from the code with an error on its way.
    fn return_raised(&mut self) {
        let contexts = self.contexts.clone();
        self.leave_contexts(0);
        self.give_up_frame();
        self.contexts = contexts;
        let raised = self.emit(InstKind::ConstBoxed(tag::EXC, 0), Type::ANY);
        self.terminate(Terminator::Return(raised));
    }
}
