//! What compiled code asks of the VM: to execute one instruction, to go on where it has left, to call what is not compiled.
//!
//! While compiled code runs, its frames are not in `frames`; whatever the VM does for one of them runs with that frame as the
//! running one and above it, and afterwards `here` is as before.
use std::sync::Arc;

use super::function::Activation;
use super::sample::builtin_at;
use super::stack::{FnRef, Fp, Home, Ip};
use super::{After, Frame, Here, Loan, LoanHome, Vm, flag};
use crate::builtins::{self, BuiltinId};
use crate::bytecode::chunk::Callee;
use crate::bytecode::op::{Op, OperandKind};
use crate::semantics::call::FnInfo;
use crate::semantics::fault::{Raise, faults};
use crate::value::layout::tag;
use crate::value::{FnId, Value};

/// A frame that compiled code has left: function, registers, and the instruction to execute next (for the innermost one) or
/// the call being executed.
#[derive(Clone, Copy, Debug)]
pub struct LeftFrame {
    pub function: FnRef,
    pub fp: Fp,
    pub pc: usize,
    /// What becomes of the result of that call.
    pub after: After,
    /// Its `self` was lent to it.
    pub lent: Option<Lent>,
}

/// Where the `self` of a mutating method in such a frame comes from.
#[derive(Clone, Copy, Debug)]
pub enum Lent {
    /// It still stands in this register of its caller.
    Register(Fp),
    /// It stands in its register, and goes back to the part of a local of its caller that it was taken from.
    Part(Home),
}

/// Was compiled code left for an error, raised already or by the instruction to come?
pub(super) fn raises(left: &[LeftFrame], raise: Option<&Raise>) -> bool {
    let throws = |frame: &LeftFrame| matches!(frame.function.code()[frame.pc], Op::Throw { .. });
    raise.is_some() || left.last().is_some_and(throws)
}

/// The words of a value that a variable holds, which is given up, or why there is none. Not a function, since it would get a copy.
macro_rules! words_of {
    ($result:ident) => {
        match &$result {
            Ok(value) => {
                let words = value.words();
                std::mem::forget($result);
                Ok(words)
            }
            Err(_) => $result.map(Value::into_bits),
        }
    };
}

impl Vm {
    /// A function that has been called.
    pub fn activation(&self, id: u32) -> Option<&Activation> {
        self.functions.get(id as usize)?.as_deref()
    }

    /// The function with the body of a builtin written in Ruff, if it was called.
    pub fn prelude_id(&self, builtin: u16) -> Option<u32> {
        self.prelude.get(usize::from(builtin)).copied().flatten().map(|id| id.0)
    }

    pub fn function_ref(&mut self, id: u32) -> Result<FnRef, Raise> {
        self.function(FnId(id))
    }

    /// Does what an interrupt asks for.
    pub fn attend(&mut self) -> Result<(), Raise> {
        self.poll_word()
    }

    /// The registers of the running frame.
    pub fn current_frame(&self) -> Fp {
        self.here.fp
    }

    /// The function that waits for the running one, and the instruction that called it, if the VM runs it.
    pub fn caller(&self) -> Option<(FnRef, usize)> {
        let here = self.frames.last()?.here;
        (here.func.id.0 != 0).then(|| (here.func, here.ip.pc(here.func.start)))
    }

    /// The functions that wait for the running one, if the VM runs them, each with the instruction that called, and its registers; the innermost
    /// first.
    pub fn callers(&self) -> impl Iterator<Item = (FnRef, usize, Fp)> {
        let waiting = self.frames.iter().rev().map(|frame| frame.here).filter(|here| here.func.id.0 != 0);
        waiting.map(|here| (here.func, here.ip.pc(here.func.start), here.fp))
    }

    /// Instructions executed here so far, if they are counted.
    pub fn instructions(&self) -> u64 {
        self.instructions
    }

    /// How the caches of field and method sites did, if a profiler watches or instructions are counted.
    pub fn caches(&self) -> super::feedback::CacheCounts {
        self.caches
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

    /// File, line and the text of that line, of an instruction.
    pub fn source_line(&self, function: &Activation, pc: usize) -> (Arc<str>, u32, Arc<str>) {
        let chunk = &function.chunk;
        let line = self.code.position(chunk.source, chunk.span(pc).start).line;
        (self.code.file_name(chunk.source), line, self.code.line_text(chunk.source, line))
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

    /// What a variable of a module holds now.
    pub fn module_variable(&self, index: u32) -> Option<&Value> {
        self.isolate.table.get(index as usize)
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
        let result = match self.sampled.then(|| builtin_at(function, pc)).flatten() {
            Some(builtin) => self.for_builtin(builtin, function, pc, |vm| vm.execute_here(function, fp)),
            None => self.execute_here(function, fp),
        };
        let next = self.here.ip.index(function.code());
        self.here = outside;
        result.map(|()| next)
    }

    /// Executes the call of a value at `pc` for its result, which does not go to its register.
    pub fn execute_for_result(&mut self, function: FnRef, fp: Fp, pc: usize) -> Result<Value, Raise> {
        let Op::CallValue { dst, base, .. } = function.code()[pc] else { return Err(Raise::bug("a call of no value")) };
        // Registers from the value on are the call's.
        let kept = (dst + 1 < base).then(|| fp.take(dst));
        let result = self.execute_one(function, fp, pc).map(|_| fp.take(dst));
        if let Some(kept) = kept {
            fp.set(dst, kept);
        }
        result
    }

    fn execute_here(&mut self, function: FnRef, fp: Fp) -> Result<(), Raise> {
        let depth = self.frames.len();
        let code = function.code();
        let pc = self.here.ip.index(code);
        let own = self.here.ip;
        self.here.ip = Ip::at(code, pc + 1);
        let executed = match self.execute_directly(code[pc]) {
            Some(executed) => executed,
            None => {
                self.here.ip = own;
                self.run_one()
            }
        };
        let Some(frame) = self.frames.get_mut(depth) else { return executed };
        let (dst, flags, after) = (frame.dst, frame.flags, frame.after);
        frame.flags |= flag::FOOT;
        if let Err(raise) = executed.and_then(|()| crate::limits::stack::check().map_err(|_| faults::stack_overflow())) {
            self.unwind(raise)?;
        }
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
        let raise = raise.or_else(|| crate::limits::stack::check().err().map(|_| faults::stack_overflow()));
        let Some(outermost) = left.first() else { return Err(Raise::bug("an exit without a frame")) };
        let flags = flag::FOOT | kept_self(outermost.function);
        self.frames.push(Frame { here: self.here, dst: 0, flags, after: After::Store });
        self.stand_up(left, raise.is_some())?;
        self.traced = false;
        match raise.map_or(Ok(()), |raise| self.unwind(raise)) {
            Ok(()) => self.run(),
            Err(raise) => Err(raise),
        }
    }

    /// Makes the innermost of these frames the running one, and the others wait for it. The frame below them stands already.
    pub(super) fn stand_up(&mut self, left: &[LeftFrame], raised: bool) -> Result<(), Raise> {
        let Some((innermost, waiting)) = left.split_last() else { return Err(Raise::bug("an exit without a frame")) };
        for (at, frame) in waiting.iter().enumerate() {
            let here = Here { func: frame.function, ip: Ip::at(frame.function.code(), frame.pc + 1), fp: frame.fp };
            let op = frame.function.code()[frame.pc];
            let callee = &left[at + 1];
            let mut flags = if calls_value(frame, &op, callee) { flag::CLOSURE } else { 0 };
            if let Some(lent) = callee.lent {
                let home = match lent {
                    Lent::Register(home) => {
                        callee.fp.set(0, home.take(0));
                        Home::register(home, 0)
                    }
                    Lent::Part(home) => home,
                };
                self.push_loan(Loan { home: LoanHome::Place(home), root: None, by: None });
                flags |= flag::LOAN;
            }
            if frame.after != After::Store {
                flags |= flag::AFTER;
            }
            self.frames.push(Frame { here, dst: result_register(&op), flags, after: frame.after });
        }
        let ip = Ip::at(innermost.function.code(), innermost.pc + usize::from(raised));
        self.here = Here { func: innermost.function, ip, fp: innermost.fp };
        Ok(())
    }

    /// Calls the function form of a builtin on the arguments in registers from `base` on, which it empties: all that it takes, with marks
    /// for those left out. The result is the words of a value.
    #[inline]
    pub fn call_native(&mut self, frame: LeftFrame, builtin: u16, base: Fp, count: usize) -> Result<(u64, u64), Raise> {
        let Some(call) = builtins::info(BuiltinId(builtin)).native() else {
            return Err(Raise::bug("a builtin without a function"));
        };
        let result = self.at(frame, builtin, |vm| {
            let result = call(vm, base.slice(0, count));
            words_of!(result)
        });
        base.wipe(0, count as u16);
        result
    }

    /// Calls the mutating form of a builtin on the value in a register. The result is the words of a value.
    #[inline]
    pub fn call_mutating(
        &mut self,
        frame: LeftFrame,
        builtin: u16,
        place: Fp,
        base: Fp,
        count: usize,
        used: bool,
    ) -> Result<(u64, u64), Raise> {
        let Some(change) = builtins::info(BuiltinId(builtin)).mutating() else {
            return Err(Raise::bug("a builtin that changes nothing"));
        };
        let params = builtins::method_info(BuiltinId(builtin)).params.len();
        let result = self.at(frame, builtin, |vm| {
            padded(base.slice(0, count), params, |args| {
                let result = change(vm, place.get_mut(0), args, used);
                words_of!(result)
            })
        });
        base.wipe(0, count as u16);
        result
    }

    /// Does what a builtin does for a frame of compiled code.
    fn at<R>(&mut self, frame: LeftFrame, builtin: u16, work: impl FnOnce(&mut Vm) -> R) -> R {
        let outside = self.here;
        let ip = Ip::at(frame.function.code(), frame.pc + 1);
        self.here = Here { func: frame.function, ip, fp: frame.fp };
        let result = self.for_builtin(FnId(u32::from(builtin)), frame.function, frame.pc, work);
        self.here = outside;
        result
    }

    /// Calls a function whose arguments are in place at `window`.
    pub fn call_in_place(&mut self, function: FnRef, window: Fp) -> Result<Value, Raise> {
        self.run_nested(function, window, kept_self(function))
    }
}

/// Arguments a builtin takes at most, of those that may be left out.
const MOST_PADDED: usize = 8;

/// Calls with the arguments, and a mark for each that is left out at the end.
pub(super) fn padded<R>(args: &mut [Value], params: usize, call: impl FnOnce(&mut [Value]) -> R) -> R {
    match params {
        _ if args.len() >= params || params > MOST_PADDED => call(args),
        ..=2 => padded_to::<2, R>(args, params, call),
        3..=4 => padded_to::<4, R>(args, params, call),
        _ => padded_to::<MOST_PADDED, R>(args, params, call),
    }
}

/// With room for `N` arguments: each place is filled and looked at once more at the end.
fn padded_to<const N: usize, R>(args: &mut [Value], params: usize, call: impl FnOnce(&mut [Value]) -> R) -> R {
    let mut all = [const { Value::Uninit }; N];
    for (to, from) in all.iter_mut().zip(args) {
        *to = std::mem::take(from);
    }
    call(&mut all[..params])
}

/// Have values of this tag no methods that change them? Strings and bytes have none, whatever rows of the same name do to arrays.
pub fn never_changes(tag: u64) -> bool {
    matches!(tag, tag::STR | tag::BYTES)
}

/// Can a builtin with this signature be called with that many positional arguments as they are?
pub fn needs_no_binding(info: &FnInfo, count: usize) -> bool {
    info.is_exactly(count) || (info.params.len() <= MOST_PADDED && info.is_filled_by(count))
}

/// The `self` of a mutating method called from compiled code stays where its caller finds it.
fn kept_self(function: FnRef) -> u8 {
    if function.mutating() { flag::KEEP } else { 0 }
}

/// Does the value called stand below the callee's frame?
fn calls_value(frame: &LeftFrame, op: &Op, callee: &LeftFrame) -> bool {
    match *op {
        Op::CallValue { .. } => true,
        // A field that is called took the place of its receiver; a method's frame begins there.
        Op::CallMethod { base, .. } => callee.fp == frame.fp.window(base + 1),
        Op::CallArgs { site, .. } => frame.function.chunk.calls[usize::from(site)].callee == Callee::Value,
        _ => false,
    }
}

/// Where a call puts its result.
fn result_register(op: &Op) -> u16 {
    let mut dst = 0;
    op.operands(|kind, value| {
        if kind == OperandKind::Write {
            dst = value as u16;
        }
    });
    dst
}
