//! What compiled code asks of the VM: to execute one instruction, to go on where it has left, to call what is not compiled.
//!
//! While compiled code runs, its frames are not in `frames`; whatever the VM does for one of them runs with that frame as the
//! running one and above it, and afterwards `here` is as before.
use std::sync::Arc;

use super::function::Activation;
use super::stack::{FnRef, Fp, Ip};
use super::{After, Frame, Here, Vm, flag};
use crate::bytecode::op::Op;
use crate::semantics::fault::{Raise, faults};
use crate::value::{FnId, Value};

/// A frame that compiled code has left: function, registers, and the instruction to execute next (for the innermost one) or
/// the call being executed.
#[derive(Clone, Copy, Debug)]
pub struct LeftFrame {
    pub function: FnRef,
    pub fp: Fp,
    pub pc: usize,
}

impl Vm {
    /// A function that has been called.
    pub fn activation(&self, id: u32) -> Option<&Activation> {
        self.functions.get(id as usize)?.as_deref()
    }

    pub fn function_ref(&mut self, id: u32) -> Result<FnRef, Raise> {
        self.function(FnId(id))
    }

    /// The registers of the running frame.
    pub fn current_frame(&self) -> Fp {
        self.here.fp
    }

    /// Instructions executed here so far, if they are counted.
    pub fn instructions(&self) -> u64 {
        self.instructions
    }

    /// Tells the tier that compiled code has left by an exit.
    pub fn tell_tier(&mut self, exit: usize, fp: Fp) {
        if let Some(tier) = self.tier.clone() {
            tier.left(self, exit, fp);
        }
    }

    /// Functions that have been called.
    pub fn activations(&self) -> impl Iterator<Item = &Activation> {
        self.functions.iter().filter_map(|function| function.as_deref())
    }

    /// File, line and text that an instruction was made from.
    pub fn source_of(&self, function: &Activation, pc: usize) -> (Arc<str>, u32, Arc<str>) {
        let chunk = &function.chunk;
        let span = chunk.span(pc);
        let line = self.code.position(chunk.source, span.start).line;
        (self.code.file_name(chunk.source), line, self.code.excerpt(chunk.source, span.start, span.end))
    }

    /// File and line of a function's declaration.
    pub fn declared_at(&self, function: &Activation) -> (Arc<str>, u32) {
        let chunk = &function.chunk;
        let line = self.code.position(chunk.source, chunk.name_span.start).line;
        (self.code.file_name(chunk.source), line)
    }

    /// Address of the module table; it stays where it is while no unit is loaded.
    pub fn module_table(&self) -> *const Value {
        self.isolate.table.as_ptr()
    }

    /// One past the last register that calls from the frame at `fp` on may use: the depth limit in registers, since compiled
    /// code counts no frames.
    pub fn registers_end(&self, fp: Fp) -> Fp {
        let frames = self.depth_limit.saturating_sub(self.frames.len());
        let room = self.stack_end.distance(fp).min(frames.saturating_mul(super::SLOTS_PER_FRAME));
        fp.above(room)
    }

    /// Executes the instruction at `pc`, with the calls it makes; gives the offset of the next one. A raise is not unwound.
    pub fn execute_one(&mut self, function: FnRef, fp: Fp, pc: usize) -> Result<usize, Raise> {
        let outside = self.here;
        self.here = Here { func: function, ip: Ip::at(function.code(), pc), fp };
        let result = self.execute_here(function, fp);
        let next = self.here.ip.index(function.code());
        self.here = outside;
        result.map(|()| next)
    }

    fn execute_here(&mut self, function: FnRef, fp: Fp) -> Result<(), Raise> {
        let depth = self.frames.len();
        let executed = self.run_one();
        if self.frames.len() == depth {
            return executed;
        }
        crate::limits::stack::check().map_err(|_| faults::stack_overflow())?;
        let Some(frame) = self.frames.last_mut() else { return Err(Raise::bug("a call without a frame")) };
        let (dst, flags, after) = (frame.dst, frame.flags, frame.after);
        frame.flags |= flag::FOOT;
        // The callee's compiled code may have raised already: its frame stands.
        executed.or_else(|raise| self.unwind(raise))?;
        let value = self.run()?;
        debug_assert!(self.here.fp == fp && self.here.func == function);
        self.store_result(dst, flags, after, value)
    }

    fn store_result(&mut self, dst: u16, flags: u8, after: After, value: Value) -> Result<(), Raise> {
        match after {
            After::Store if flags & flag::DROP != 0 => drop(value),
            After::Store => self.here.fp.set(dst, value),
            After::Truthy => self.here.fp.set_bool(dst, value.is_truthy()),
            After::NotTruthy => self.here.fp.set_bool(dst, !value.is_truthy()),
            After::Branch => self.branch_after(value.is_truthy())?,
            After::BranchNot => self.branch_after(!value.is_truthy())?,
        }
        Ok(())
    }

    /// Runs frames that compiled code has left, outermost first, until the outermost has returned. With `raise` the call at
    /// the innermost frame's `pc` has raised it.
    pub fn continue_frames(&mut self, left: &[LeftFrame], raise: Option<Raise>) -> Result<Value, Raise> {
        crate::limits::stack::check().map_err(|_| faults::stack_overflow())?;
        self.frames.push(Frame { here: self.here, dst: 0, flags: flag::FOOT, after: After::Store });
        let Some((innermost, waiting)) = left.split_last() else { return Err(Raise::bug("an exit without a frame")) };
        for frame in waiting {
            let here = Here { func: frame.function, ip: Ip::at(frame.function.code(), frame.pc + 1), fp: frame.fp };
            let dst = result_register(&frame.function.code()[frame.pc]);
            self.frames.push(Frame { here, dst, flags: 0, after: After::Store });
        }
        let code = innermost.function.code();
        let at = innermost.pc + usize::from(raise.is_some());
        self.here = Here { func: innermost.function, ip: Ip::at(code, at), fp: innermost.fp };
        self.traced = false;
        match raise.map_or(Ok(()), |raise| self.unwind(raise)) {
            Ok(()) => self.run(),
            Err(raise) => Err(raise),
        }
    }

    /// Calls a function whose arguments are in place at `window`.
    pub fn call_in_place(&mut self, function: FnRef, window: Fp) -> Result<Value, Raise> {
        self.run_nested(function, window, 0)
    }
}

/// Where a call puts its result.
fn result_register(op: &Op) -> u16 {
    match *op {
        Op::CallFunc { dst, .. } | Op::CallMethod { dst, .. } | Op::CallValue { dst, .. } | Op::CallMethodPlace { dst, .. } => dst,
        _ => 0,
    }
}
