//! Where the VM is, for a profiler.
use super::Vm;
use super::stack::{FnRef, Ip};
use crate::builtins::{self, BuiltinId};
use crate::bytecode::op::Op;
use crate::limits;
use crate::limits::sample::{self, Frame, NO_SOURCE, Tier};
use crate::value::FnId;

impl Vm {
    /// Before an instruction: what is due is the time of the instruction before it, which is the next one of `last`. In a
    /// recursion a call or return may be taken for one of the frame that runs now; it is the same function's.
    #[cold]
    #[inline(never)]
    pub(super) fn sample(&mut self, last: Ip) {
        if !limits::take_sample() {
            return;
        }
        // A call or return in between: then it is the frame that runs now.
        let func = self.here.func;
        let at = last.index(func.code());
        let same = at < func.code().len();
        let pc = if same { at } else { self.next_pc() };
        let builtin = if same { builtin_at(func, pc) } else { None };
        let tier = if builtin.is_some() { Tier::Builtin } else { Tier::Vm };
        self.record(tier, pc, builtin);
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
        sample::record(Tier::Compiled, frames.into_iter().chain(self.waiting()));
    }

    fn next_pc(&self) -> usize {
        let code = self.here.func.code();
        self.here.ip.index(code).min(code.len().saturating_sub(1))
    }

    fn record(&self, tier: Tier, pc: usize, builtin: Option<FnId>) {
        sample::record(tier, self.stack_from(pc, builtin));
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

/// The builtin in Rust that an instruction calls.
fn builtin_at(func: FnRef, pc: usize) -> Option<FnId> {
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
