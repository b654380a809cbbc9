//! Which form of the dispatch loop runs, and when it changes.
use super::Vm;
use super::dispatch::{LOOSE, PLAIN, WATCHED};
use crate::limits::sample;
use crate::semantics::fault::Raise;
use crate::value::Value;

impl Vm {
    /// Runs the frame in `here` and everything it calls, until the foot frame is reached again.
    pub(super) fn run(&mut self) -> Result<Value, Raise> {
        match (self.sampled, self.counts) {
            (true, _) => self.run_sampled(),
            (false, true) => self.dispatch::<WATCHED>(false),
            (false, false) => self.dispatch::<PLAIN>(false),
        }
    }

    /// The same for a profiler: in the loose loop, and for a moment in the watched one to find out where the program is.
    #[cold]
    fn run_sampled(&mut self) -> Result<Value, Raise> {
        let mut watched = self.counts || sample::watched().is_some();
        loop {
            let done = if watched { self.dispatch::<WATCHED>(false) } else { self.dispatch::<LOOSE>(false) };
            if !std::mem::take(&mut self.switches) {
                return done;
            }
            if let Some(value) = self.finished.take() {
                return Ok(value);
            }
            watched = !watched;
        }
    }

    /// Executes one instruction of the frame in `here`. A raise is not unwound, a call is entered but not run.
    #[cold]
    pub(super) fn run_one(&mut self) -> Result<(), Raise> {
        self.dispatch::<WATCHED>(true).map(drop)
    }
}
