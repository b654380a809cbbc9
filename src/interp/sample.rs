//! Where the tree walker is, for a profiler: a list of running functions that is kept only while one records.
use super::{Frame, Interp, Unit};
use crate::builtins::BuiltinId;
use crate::limits;
use crate::limits::sample::{self, NO_SOURCE, Tier};
use crate::source::Span;

/// The running functions, outermost first, each with the statement it is in. Their sources are units until a stack is taken.
#[derive(Debug)]
pub(super) struct Trail {
    /// Whether a profiler records; what follows is only called then.
    pub(super) on: bool,
    frames: Vec<sample::Frame>,
}

impl Trail {
    pub(super) fn new() -> Trail {
        Trail { on: sample::active(), frames: Vec::new() }
    }
}

/// The source of a running function; builtins and what the library keeps for itself have none.
fn source_of(frame: &sample::Frame, units: &[Unit]) -> u32 {
    let unit = units.get(frame.source as usize).filter(|unit| !unit.hidden);
    let source = unit.and_then(|unit| {
        let function = unit.program.functions.get((frame.function - unit.base) as usize)?;
        Some(unit.program[function.module].source.0)
    });
    source.unwrap_or(NO_SOURCE)
}

impl<'p> Interp<'p> {
    #[inline]
    pub(super) fn begin_trail(&mut self, frame: &Frame<'p>) {
        let (source, offset) = (frame.unit as u32, frame.function.span.start);
        self.trail.frames.push(sample::Frame { function: frame.id.0, source, offset });
    }

    #[inline]
    pub(super) fn end_trail(&mut self) {
        // What is due belongs to this function rather than to the rest of the caller's statement.
        self.sample_in(Tier::Walker);
        self.trail.frames.pop();
    }

    /// Before a statement: what is due belongs to the statement before it.
    #[inline]
    pub(super) fn move_trail(&mut self, span: Span) {
        self.sample_in(Tier::Walker);
        if let Some(last) = self.trail.frames.last_mut() {
            last.offset = span.start;
        }
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
            let frames = self.trail.frames.iter().rev();
            sample::record(tier, frames.map(|frame| sample::Frame { source: source_of(frame, units), ..*frame }));
        }
    }

    /// A builtin begins, which may call back.
    pub(super) fn begin_builtin(&mut self, builtin: BuiltinId) {
        self.sample_in(Tier::Walker);
        self.trail.frames.push(sample::Frame { function: u32::from(builtin.0), source: NO_SOURCE, offset: 0 });
    }

    /// What is due is the time of the builtin that ends.
    pub(super) fn end_builtin(&mut self) {
        self.sample_in(Tier::Builtin);
        self.trail.frames.pop();
    }
}
