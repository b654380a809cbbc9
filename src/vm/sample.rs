//! Where the VM is, for a profiler.
use super::stack::{FnRef, Ip};
use super::{Here, Vm};
use crate::builtins::{self, BuiltinId};
use crate::bytecode::op::Op;
use crate::limits;
use crate::limits::sample::{self, Frame, NO_SOURCE, Tier};
use crate::semantics::fault::Raise;
use crate::value::FnId;

/// A builtin that compiled code has called, and the instruction that called it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Late {
    builtin: FnId,
    caller: FnRef,
    pc: usize,
}

impl Vm {
    /// Before an instruction: what is due is the time of the instruction before it, which is the next one of `last`. In a
    /// recursion a call or return may be taken for one of the frame that runs now; it is the same function's. True if the time
    /// is booked.
    #[cold]
    #[inline(never)]
    pub(super) fn sample(&mut self, last: Ip) -> bool {
        let timed = sample::wanted();
        if !limits::take_sample() {
            return false;
        }
        let (tier, pc, builtin) = self.executed(last.index(self.here.func.code()));
        self.record(tier, pc, builtin);
        timed
    }

    /// A poll of the running instruction, or a method of it that may take long. If the loop has to go on as the watched one, it
    /// is left by a raise that no handler sees.
    #[inline(never)]
    pub(super) fn long(&mut self, method: impl FnOnce(&mut Vm) -> Result<(), Raise>) -> Result<(), Raise> {
        if self.sampled { self.long_sampled(method) } else { method(self) }
    }

    #[cold]
    #[inline(never)]
    fn long_sampled(&mut self, method: impl FnOnce(&mut Vm) -> Result<(), Raise>) -> Result<(), Raise> {
        let here = self.here;
        let watched = self.watched;
        if !watched && limits::pending() {
            self.wanted = sample::wanted_for();
        }
        let done = method(self);
        if !limits::pending() {
            return done;
        }
        if watched {
            self.sample_watched(here);
            return done;
        }
        if !self.sample_loosely(here) {
            return done;
        }
        let done = done.or_else(|raise| self.unwind(raise));
        self.switches = done.is_ok();
        self.leaves = true;
        done.and_then(|()| Err(Raise::bug("the plain loop goes on as the watched one")))
    }

    /// After such a method of the instruction at `here`. What has become due meanwhile is its time; what was wanted before is
    /// that of some instruction before it: then the watched loop has to find out where the program is (true). If that was
    /// freeing something very large, which will not come again soon, the place is taken for that one.
    #[cold]
    #[inline(never)]
    pub(super) fn sample_loosely(&mut self, here: Here) -> bool {
        let wanted = self.wanted.take();
        let still = sample::wanted();
        if !limits::take_sample() {
            return false;
        }
        let (tier, pc, builtin) = self.executed_at(here);
        match wanted {
            Some(before) if still => {
                let freed = sample::freed_until(before);
                sample::record_since(before, tier, self.stack_from(pc, builtin));
                if freed {
                    self.record(tier, pc, builtin);
                    return false;
                }
                sample::watch(before);
                true
            }
            // Compiled code has granted the earlier wish.
            Some(_) | None => {
                self.record(tier, pc, builtin);
                false
            }
        }
    }

    /// The same in the watched loop. Wishes that come in such methods are granted by the plain loop; the unseen time was that of
    /// other instructions, and stays due until a wish comes in one of them.
    #[cold]
    #[inline(never)]
    pub(super) fn sample_watched(&mut self, here: Here) {
        let Some(unseen) = sample::watched().filter(|_| sample::wanted()) else { return };
        limits::take_sample();
        let (tier, pc, builtin) = self.executed_at(here);
        sample::record_since(unseen, tier, self.stack_from(pc, builtin));
        sample::watch(unseen);
    }

    fn executed_at(&self, here: Here) -> (Tier, usize, Option<FnId>) {
        let same = here.func == self.here.func;
        self.executed(if same { here.ip.pc(here.func.start) } else { usize::MAX })
    }

    /// What has run until now: the instruction at `at`, or after a call or return the one that the running frame is at.
    fn executed(&self, at: usize) -> (Tier, usize, Option<FnId>) {
        let func = self.here.func;
        let same = at < func.code().len();
        let builtin = if same { builtin_at(func, at) } else { None };
        let tier = if builtin.is_some() { Tier::Builtin } else { Tier::Vm };
        (tier, if same { at } else { self.next_pc() }, builtin)
    }

    /// Does the work of a builtin for compiled code, which has called it at this instruction. What becomes due meanwhile is the
    /// builtin's time.
    #[inline]
    pub(super) fn for_builtin<R>(&mut self, builtin: FnId, caller: FnRef, pc: usize, work: impl FnOnce(&mut Vm) -> R) -> R {
        let earlier = self.sampled && sample::wanted();
        let result = work(self);
        if self.sampled && !earlier && sample::wanted() {
            self.late = Some(Late { builtin, caller, pc });
        }
        result
    }

    /// After compiled code: what is due is its time, since it runs for as long as it can.
    #[cold]
    pub(super) fn sample_compiled(&mut self, func: FnRef) {
        if !limits::pending() || !limits::take_sample() {
            return;
        }
        if self.here.func == func {
            self.record(Tier::Compiled, self.next_pc(), None);
        } else {
            // It has returned: its frame is gone already.
            let own = frame_at(func, 0);
            sample::record(Tier::Compiled, std::iter::once(own).chain(self.stack_from(self.next_pc(), None)));
        }
    }

    /// Whether a profiler watches.
    pub fn is_sampled(&self) -> bool {
        self.sampled
    }

    /// Compiled code, still running, is in these functions at these instructions, innermost first; the last one is the frame that
    /// the VM has entered it on.
    #[cold]
    pub fn sample_left(&mut self, own: impl Iterator<Item = (u32, u32)>) {
        if !limits::take_sample() {
            return;
        }
        let mut frames = Vec::new();
        for (function, pc) in own.take(sample::MOST_FRAMES) {
            if let Ok(function) = self.function_ref(function) {
                frames.push(frame_at(function, pc as usize));
            }
        }
        let late = self.late.take();
        if let Some(late) = late {
            // It was called from one of these frames; those above have been called since.
            let caller = frames.iter().position(|frame| frame.function == late.caller.id.0);
            frames.splice(..caller.map_or(0, |at| at + 1), late.frames());
        }
        let tier = if late.is_some() { Tier::Builtin } else { Tier::Compiled };
        sample::record(tier, frames.into_iter().chain(self.waiting()));
    }

    fn next_pc(&self) -> usize {
        let code = self.here.func.code();
        self.here.ip.index(code).min(code.len().saturating_sub(1))
    }

    fn record(&mut self, tier: Tier, pc: usize, builtin: Option<FnId>) {
        match self.late.take() {
            Some(late) => sample::record(Tier::Builtin, late.frames().into_iter().chain(self.stack_from(pc, builtin))),
            None => sample::record(tier, self.stack_from(pc, builtin)),
        }
    }

    /// All frames, innermost first, with the builtins that have called back.
    fn stack_from(&self, pc: usize, builtin: Option<FnId>) -> impl Iterator<Item = Frame> {
        let own = builtin.map(builtin_frame).into_iter().chain(std::iter::once(frame_at(self.here.func, pc)));
        own.chain(self.waiting())
    }

    /// The frames below the running one, innermost first, with the builtins that have called back.
    fn waiting(&self) -> impl Iterator<Item = Frame> {
        self.frames.iter().rev().filter(|frame| frame.here.func.id.0 != 0).flat_map(|frame| {
            let func = frame.here.func;
            let pc = frame.here.ip.pc(func.start);
            builtin_at(func, pc).map(builtin_frame).into_iter().chain(std::iter::once(frame_at(func, pc)))
        })
    }
}

impl Late {
    fn frames(&self) -> [Frame; 2] {
        [builtin_frame(self.builtin), frame_at(self.caller, self.pc)]
    }
}

/// The builtin in Rust that an instruction calls.
pub(super) fn builtin_at(func: FnRef, pc: usize) -> Option<FnId> {
    let id = match *func.code().get(pc)? {
        Op::CallBuiltin { builtin, .. } | Op::CallBuiltinUpdate { builtin, .. } => builtin,
        Op::CallMethod { site, .. } | Op::CallMethodPlace { site, .. } => {
            func.methods.at(usize::from(site)).latest_builtin()?
        }
        _ => return None,
    };
    builtins::info(BuiltinId(id)).native().is_some().then(|| FnId(u32::from(id)))
}

fn builtin_frame(id: FnId) -> Frame {
    Frame { function: id.0, source: NO_SOURCE, offset: 0 }
}

fn frame_at(func: FnRef, pc: usize) -> Frame {
    let source = if func.info.hidden { NO_SOURCE } else { func.chunk.source.0 };
    Frame { function: func.id.0, source, offset: func.chunk.span(pc).start }
}
