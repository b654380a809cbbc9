//! Errors on their way: handlers, traces, `finally`, and what a frame leaves behind.
use super::function::Activation;
use super::{After, LoanHome, Vm, flag};
use crate::bytecode::op::Op;
use crate::semantics::fault::{Excerpt, Fault, Missing, Raise, TraceEntry, faults, throw};
use crate::semantics::step::Callback;
use crate::value::Value;
use crate::value::symbol::symbol;

impl Vm {
    /// Leaves frames until a handler of this run takes the error; then `here` is at the handler. Otherwise the foot of the
    /// run has been left, and the error is given back.
    #[cold]
    #[inline(never)]
    pub(super) fn unwind(&mut self, raise: Raise) -> Result<(), Raise> {
        let mut raise = raise;
        if std::mem::take(&mut self.leaves) {
            return Err(raise);
        }
        loop {
            self.trace(&mut raise);
            raise = match self.handle(raise) {
                Ok(()) => return Ok(()),
                Err(raise) => raise,
            };
            if let Some(left) = self.leave_frame(raise)? {
                raise = left;
            } else {
                return Ok(());
            }
        }
    }

    /// Adds the running frame's entry to the trace.
    fn trace(&mut self, raise: &mut Raise) {
        if std::mem::take(&mut self.traced) {
            return;
        }
        let func = self.here.func;
        if let Raise::Fault(fault) = raise
            && !fault.is_again()
            && !func.info.hidden
        {
            let entry = self.trace_entry();
            fault.push_frame(entry);
        }
    }

    /// Where the running frame is.
    fn trace_entry(&mut self) -> TraceEntry {
        let func = self.here.func;
        self.trace_entry_at(&func, self.here.ip.pc(func.start))
    }

    /// The entry of an instruction in traces.
    pub(super) fn trace_entry_at(&mut self, func: &Activation, pc: usize) -> TraceEntry {
        let code = &*self.code;
        self.places.find(func.id.0, pc as u32, || {
            let chunk = &func.chunk;
            let span = chunk.span(pc);
            let position = code.position(chunk.source, span.start);
            TraceEntry {
                function: symbol(&func.info.name),
                file: symbol(&code.file_name(chunk.source)),
                line: position.line,
                column: position.column,
                excerpt: Excerpt { source: chunk.source.0, start: span.start, end: span.end },
            }
        })
    }

    /// Adds what an error leaves to its trace: functions of compiled code, each with the instruction being executed, the innermost first.
    pub fn trace_left(&mut self, fault: &mut Fault, left: impl Iterator<Item = (u32, u32)>) -> Result<(), Raise> {
        for (function, pc) in left {
            let function = self.function_ref(function)?;
            if !fault.is_again() && !function.info.hidden {
                let entry = self.trace_entry_at(&function, pc as usize);
                fault.push_frame(entry);
            }
        }
        Ok(())
    }

    /// What a handler of a compiled function gets, that of a `finally` if `cleanup`.
    pub fn caught_left(&mut self, fault: Fault, function: u32, cleanup: bool) -> Result<Value, Raise> {
        self.function_ref(function)?.count_caught();
        self.restore_depth();
        Ok(if cleanup { self.hold_up(Box::new(fault)) } else { fault.into_error_value() })
    }

    /// The room that a full stack leaves to handlers ends once there is enough again.
    fn restore_depth(&mut self) {
        if self.frames.len() + super::RESERVE_FRAMES < self.max_depth {
            self.depth_limit = self.max_depth;
        }
    }

    /// Goes to the innermost handler of the running frame, if it has one.
    fn handle(&mut self, raise: Raise) -> Result<(), Raise> {
        let Raise::Fault(fault) = raise else { return Err(raise) };
        let func = self.here.func;
        let Some(handler) = func.chunk.handler(self.here.ip.pc(func.start)) else { return Err(Raise::Fault(fault)) };
        let fp = self.here.fp;
        func.count_caught();
        fp.wipe(func.locals, func.registers);
        let error = if handler.cleanup { self.hold_up(fault) } else { fault.into_error_value() };
        fp.set(handler.error, error);
        self.here.ip = super::stack::Ip::at(func.code(), handler.target as usize);
        self.restore_depth();
        Ok(())
    }

    /// Keeps an error while a `finally` runs; gives the number to find it by.
    fn hold_up(&mut self, fault: Box<Fault>) -> Value {
        let free = self.pending.iter().position(Option::is_none).unwrap_or_else(|| {
            self.pending.push(None);
            self.pending.len() - 1
        });
        self.pending[free] = Some(fault);
        Value::Int(free as i64)
    }

    fn held_up(&mut self, register: u16) -> Option<Box<Fault>> {
        let number = self.here.fp.int(register)?;
        self.pending.get_mut(usize::try_from(number).ok()?)?.take()
    }

    /// Drops the running frame; gives the error on, or `Err` if it was the foot of this run. `None`: a handler below took it.
    fn leave_frame(&mut self, raise: Raise) -> Result<Option<Raise>, Raise> {
        let (func, fp) = (self.here.func, self.here.fp);
        let Some(frame) = self.frames.pop() else { return Err(raise) };
        if frame.flags & flag::LOAN != 0 {
            let own = self.own_self();
            self.end_loan(own);
        }
        let kept = (frame.flags & flag::KEEP != 0).then(|| self.own_self());
        fp.wipe(0, func.registers);
        if let Some(own) = kept {
            fp.set(0, own);
        }
        if frame.flags & flag::CLOSURE != 0 {
            fp.below().set_null(0);
        }
        self.here = frame.here;
        if frame.flags & flag::FOOT != 0 { Err(raise) } else { Ok(Some(raise)) }
    }

    /// The running method's `self`, taken out of its register or cell.
    fn own_self(&mut self) -> Value {
        let own = self.here.fp.take(0);
        match own {
            Value::Cell(cell) => {
                // Closures that captured `self` keep a copy of their own.
                let value = cell.get();
                if matches!(value, Value::Uninit | Value::InUse) { Value::Null } else { value }
            }
            own => own,
        }
    }

    /// Gives a `self` back to its place.
    pub(super) fn end_loan(&mut self, own: Value) {
        let Some(loan) = self.loans.pop() else { return };
        match loan.home {
            LoanHome::Place(home) => home.put(own),
            LoanHome::Root(root) => self.put_shared(&root, own),
        }
        if let Some((root, value)) = loan.root {
            self.put_shared(&root, value);
        }
    }

    /// Leaves the running frame for a caller that wants more than the result in a register; gives the result if that was the
    /// foot of a run.
    #[inline(never)]
    pub(super) fn leave_specially(&mut self, value: Value) -> Result<Option<Value>, Raise> {
        let Some(frame) = self.frames.pop() else { return Err(Raise::bug("a frame without a caller")) };
        let (func, fp) = (self.here.func, self.here.fp);
        if frame.flags & flag::LOAN != 0 {
            let own = self.own_self();
            self.end_loan(own);
        }
        let kept = (frame.flags & flag::KEEP != 0).then(|| self.own_self());
        fp.wipe(0, func.locals);
        if let Some(own) = kept {
            fp.set(0, own);
        }
        if frame.flags & flag::CLOSURE != 0 {
            fp.below().set_null(0);
        }
        self.here = frame.here;
        if frame.flags & flag::FOOT != 0 {
            return Ok(Some(value));
        }
        match frame.after {
            After::Store if frame.flags & flag::DROP != 0 => drop(value),
            After::Store => self.here.fp.set(frame.dst, value),
            After::Truthy => self.here.fp.set_bool(frame.dst, value.is_truthy()),
            After::NotTruthy => self.here.fp.set_bool(frame.dst, !value.is_truthy()),
            After::Branch => self.branch_after(value.is_truthy())?,
            After::BranchNot => self.branch_after(!value.is_truthy())?,
        }
        Ok(None)
    }

    /// Finishes a fused comparison whose overload has returned: `taken` decides for the jump.
    pub(super) fn branch_after(&mut self, taken: bool) -> Result<(), Raise> {
        let func = self.here.func;
        let op: Op = func.code()[self.here.ip.pc(func.start)];
        let to = op.jump().unwrap_or(0) as i32;
        self.branch(taken, to)
    }

    // ---- instructions that raise ----

    #[cold]
    #[inline(never)]
    pub(super) fn throw(&mut self, value: u16) -> Result<(), Raise> {
        let value = self.operand(value);
        Err(throw(value, self))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn rethrow(&mut self, error: u16) -> Result<(), Raise> {
        match self.held_up(error) {
            Some(fault) => {
                self.traced = true;
                Err(Raise::Fault(fault))
            }
            None => Err(Raise::bug("a finally without its error")),
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn rethrow_from(&mut self, error: u16, state: u16) -> Result<(), Raise> {
        let Some(mut fault) = self.held_up(error) else { return Err(Raise::bug("a finally without its error")) };
        if self.here.fp.int(state) == Some(1)
            && let Some(pending) = self.held_up(state + 1)
        {
            fault.replace(*pending);
        }
        self.traced = true;
        Err(Raise::Fault(fault))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn raise_name(&mut self, message: u16) -> Result<(), Raise> {
        Err(faults::name_error(&self.here.func.chunk.names[usize::from(message)]))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn raise_import(&mut self, message: u16) -> Result<(), Raise> {
        Err(faults::import(&self.here.func.chunk.names[usize::from(message)]))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn raise_no_match(&mut self, subject: u16) -> Result<(), Raise> {
        let subject = self.here.fp.take(subject);
        let text = crate::semantics::display::debug(&subject, self)?;
        Err(faults::no_match(text))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn raise_early_return(&mut self, value: u16) -> Result<(), Raise> {
        let value = self.operand(value);
        let text = crate::semantics::display::display(&value, self)?;
        Err(faults::uncaught_early_return(text))
    }

    #[cold]
    #[inline(never)]
    pub(super) fn raise_missing(&mut self, feature: u8) -> Result<(), Raise> {
        Err(Missing::ALL[usize::from(feature)].raise())
    }

    /// Unwinding what a nested run or compiled code has raised in the running frame.
    pub(super) fn poll_word(&mut self) -> Result<(), Raise> {
        Callback::poll(self)
    }
}
