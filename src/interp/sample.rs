//! Where the tree walker is, for a profiler: the running functions, kept only while one records.
use super::{Frame, Interp, Unit};
use crate::builtins::BuiltinId;
use crate::limits;
use crate::limits::sample::{self, NO_SOURCE, Tier};
use crate::source::Span;

/// The running function and what called it.
#[derive(Debug)]
pub(super) struct Trail {
    /// Whether a profiler records; what follows is only called then.
    pub(super) on: bool,
    current: Place,
    /// Where its callers are, outermost first.
    callers: Vec<Place>,
}

/// A place in a running function. Its source is only looked up for a stack that is taken.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Its id among values, or of a builtin its number.
    function: u32,
    /// Where the statement starts that it is in; [`NO_STATEMENT`] before the first one, [`BUILTIN`] in a builtin.
    offset: u32,
}

const NO_STATEMENT: u32 = u32::MAX;
const BUILTIN: u32 = u32::MAX - 1;

impl Trail {
    pub(super) fn new() -> Trail {
        let nowhere = Place { function: 0, offset: NO_STATEMENT };
        Trail { on: sample::active(), current: nowhere, callers: Vec::new() }
    }

    #[inline]
    fn enter(&mut self, function: u32, offset: u32) {
        self.callers.push(self.current);
        self.current = Place { function, offset };
    }

    #[inline]
    fn leave(&mut self) {
        if let Some(caller) = self.callers.pop() {
            self.current = caller;
        }
    }

    /// The running functions, innermost first. The outermost place is no function's.
    fn places(&self) -> impl Iterator<Item = Place> {
        let callers = self.callers.iter().skip(1).rev().copied();
        (!self.callers.is_empty()).then_some(self.current).into_iter().chain(callers)
    }
}

/// A place with its source; builtins and what the library keeps for itself have none.
fn frame_of(place: Place, units: &[Unit]) -> sample::Frame {
    let Place { function, offset } = place;
    let hidden = sample::Frame { function, source: NO_SOURCE, offset: 0 };
    if offset == BUILTIN {
        return hidden;
    }
    let unit = units.iter().rfind(|unit| unit.base <= function);
    let found = unit.and_then(|unit| Some((unit, unit.program.functions.get((function - unit.base) as usize)?)));
    let Some((unit, body)) = found else { return hidden };
    let source = if unit.hidden { NO_SOURCE } else { unit.program[body.module].source.0 };
    sample::Frame { function, source, offset: if offset == NO_STATEMENT { body.span.start } else { offset } }
}

impl<'p> Interp<'p> {
    #[inline]
    pub(super) fn begin_trail(&mut self, frame: &Frame<'p>) {
        self.trail.enter(frame.id.0, NO_STATEMENT);
    }

    #[inline]
    pub(super) fn end_trail(&mut self) {
        // What is due belongs to this function rather than to the rest of the caller's statement.
        self.sample_in(Tier::Walker);
        self.trail.leave();
    }

    /// Before a statement: what is due belongs to the statement before it.
    #[inline]
    pub(super) fn move_trail(&mut self, span: Span) {
        self.sample_in(Tier::Walker);
        self.trail.current.offset = span.start;
    }

    /// What is due is the time of what ran until here.
    #[inline]
    fn sample_in(&mut self, tier: Tier) {
        if limits::pending() {
            self.record(tier);
        }
    }

    #[cold]
    #[inline(never)]
    fn record(&mut self, tier: Tier) {
        if limits::take_sample() {
            let units = &self.units;
            sample::record(tier, self.trail.places().map(|place| frame_of(place, units)));
        }
    }

    /// A builtin begins, which may call back.
    pub(super) fn begin_builtin(&mut self, builtin: BuiltinId) {
        self.sample_in(Tier::Walker);
        self.trail.enter(u32::from(builtin.0), BUILTIN);
    }

    /// What is due is the time of the builtin that ends.
    pub(super) fn end_builtin(&mut self) {
        self.sample_in(Tier::Builtin);
        self.trail.leave();
    }
}
