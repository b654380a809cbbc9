//! Which form of the dispatch loop runs, and when it changes.
use super::Vm;
use crate::limits::sample;
use crate::semantics::fault::Raise;
use crate::value::Value;

impl Vm {
    /// Runs the frame in `here` and everything it calls, until the foot frame is reached again.
    pub(super) fn run(&mut self) -> Result<Value, Raise> {
        match (self.sampled, self.counts) {
            (true, _) => self.run_sampled(),
            (false, true) => self.run_watched(false),
            (false, false) => self.dispatch::<false>(false),
        }
    }

    /// The same for a profiler: in the plain loop, and for a moment in the watched one to find out where the program is.
    #[cold]
    fn run_sampled(&mut self) -> Result<Value, Raise> {
        let mut watched = self.counts || sample::watched().is_some();
        loop {
            let done = if watched { self.run_watched(false) } else { self.run_plain() };
            if !std::mem::take(&mut self.switches) {
                return done;
            }
            if let Some(value) = self.finished.take() {
                return Ok(value);
            }
            watched = !watched;
        }
    }

    fn run_plain(&mut self) -> Result<Value, Raise> {
        let outer = std::mem::replace(&mut self.watched, false);
        let done = self.dispatch::<false>(false);
        self.watched = outer;
        done
    }

    fn run_watched(&mut self, one: bool) -> Result<Value, Raise> {
        let outer = std::mem::replace(&mut self.watched, true);
        let done = self.dispatch::<true>(one);
        self.watched = outer;
        done
    }

    /// Executes one instruction of the frame in `here`. A raise is not unwound, a call is entered but not run.
    #[cold]
    pub(super) fn run_one(&mut self) -> Result<(), Raise> {
        self.run_watched(true).map(drop)
    }
}
