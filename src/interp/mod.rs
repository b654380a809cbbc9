//! The tree walker: runs the resolved tree directly. Simple and slow, the reference that the other engines are compared with.
//!
//! * One contiguous stack of slots; a frame is a base into it. Arguments are pushed where the callee's first slots will be.
//! * Expressions give a value, statements nothing; or both a [`Signal`]: a raise on its way to a handler, or a jump. Where a
//!   jump goes waits in [`Interp::flow`], what was raised in [`Interp::raised`]: so what `eval` gives fits into registers.
//! * What calls need to know about a function stands in [`unit::Entry`]; arguments are evaluated where the frame begins.
//! * Meaning lives in `semantics` and `builtins`; here is only order, scope and control.
mod call;
mod engine;
mod expr;
mod literal;
mod method;
mod pattern;
mod place;
mod remembered;
mod sample;
mod stmt;
mod unit;
mod walk;

use std::collections::HashMap;
use std::sync::Arc;

use crate::builtins::Site;
use crate::host::Host;
use crate::limits;
use crate::resolve::hir::{Function, LoopId, Program, TextId};
use crate::semantics::fault::{Excerpt, Raise, Stop, TraceEntry, faults};
use crate::source::Span;
use crate::value::isolate::Isolate;
use crate::value::symbol::symbol;
use crate::value::{Clo, FnId, Ref, Symbol, Value};
pub use unit::{Provider, Unit};

/// What a run may use.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// Largest number of frames; `None`: as many as the native stack holds.
    pub max_depth: Option<u64>,
    /// Calls and loop turns.
    pub fuel: Option<u64>,
}

/// Where a jump goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flow {
    /// The value waits in [`Interp::result`].
    Return,
    Break(LoopId),
    Continue(LoopId),
    /// A `?.` has met null: the innermost chain is null.
    Chain,
}

/// Why an expression has no value, or a statement does not lead to the next one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Signal {
    /// The raise waits in [`Interp::raised`].
    Raise,
    /// The target waits in [`Interp::flow`].
    Jump,
}

pub(crate) type Eval<T = Value> = Result<T, Signal>;

const _: () = assert!(size_of::<Eval>() == size_of::<Value>());

/// A function with captures.
pub(crate) type ClosureRef = Ref<Clo>;

/// A running function.
#[derive(Clone)]
pub(crate) struct Frame<'p> {
    pub unit: usize,
    pub program: &'p Program,
    pub function: &'p Function,
    pub id: FnId,
    pub base: usize,
    pub closure: Option<ClosureRef>,
    /// `self` may not be changed: the place it came from may not.
    pub readonly_self: bool,
}

/// The engine: one per isolate.
pub struct Interp<'p> {
    units: Vec<Unit<'p>>,
    /// Functions of the prelude that are bodies of builtins, as far as they were called.
    bodies: HashMap<u16, FnId>,
    /// Where bodies of builtins in Ruff come from, at their first call.
    provider: &'p dyn Provider<'p>,
    isolate: Isolate,
    host: Host,
    limits: Limits,
    stack: Vec<Value>,
    depth: u64,
    flow: Flow,
    raised: Option<Raise>,
    result: Value,
    /// What became of the `self` of the method call that ended last.
    left_self: Value,
    /// Variables in exclusive use.
    uses: Vec<method::Use<'p>>,
    /// The builtin call being executed, for its site.
    site: Option<(usize, &'p Function, Span)>,
    names: remembered::Remembered,
    modules_run: Vec<bool>,
    /// Where every running function is, while a profiler records.
    trail: sample::Trail,
}

impl<'p> Interp<'p> {
    /// An engine for one isolate; `main` is the script's unit.
    pub fn new(main: Unit<'p>, provider: &'p dyn Provider<'p>, host: Host, limits: Limits) -> Interp<'p> {
        let isolate = Isolate::new(main.program.module_vars.len());
        let modules = main.program.modules.len();
        Interp {
            units: vec![main],
            bodies: HashMap::new(),
            provider,
            isolate,
            host,
            limits,
            stack: Vec::with_capacity(1024),
            depth: 0,
            flow: Flow::Return,
            raised: None,
            result: Value::Null,
            left_self: Value::Null,
            uses: Vec::new(),
            site: None,
            names: remembered::Remembered::new(),
            modules_run: vec![false; modules],
            trail: sample::Trail::new(),
        }
    }

    /// Runs the top level of the script.
    pub fn run_main(&mut self) -> Result<Value, Raise> {
        self.run_module(0)
    }

    /// Gives the outside back, with what was printed.
    pub fn into_host(self) -> Host {
        self.host
    }

    pub fn host_mut(&mut self) -> &mut Host {
        &mut self.host
    }

    // ---- frames and positions ----

    /// Raises, with where that left this frame added to the trace.
    #[cold]
    fn leave_at(&mut self, frame: &Frame<'p>, span: Span, mut raise: Raise) -> Signal {
        let unit = &self.units[frame.unit];
        if !unit.hidden {
            raise.push_frame(self.trace_entry(frame, span));
        }
        self.raise(raise)
    }

    /// Raises what has its trace, or needs no entry of this frame.
    #[cold]
    fn raise(&mut self, raise: Raise) -> Signal {
        self.raised = Some(raise);
        Signal::Raise
    }

    /// Adds where a call that raised left this frame to the trace.
    #[cold]
    fn pass(&mut self, frame: &Frame<'p>, span: Span) -> Signal {
        match self.raised.take() {
            Some(raise) => self.leave_at(frame, span, raise),
            None => Signal::Raise,
        }
    }

    /// What an evaluation outside of any loop or function came to.
    fn settle<T>(&mut self, outcome: Eval<T>) -> Result<T, Raise> {
        outcome.map_err(|signal| {
            self.raised.take().unwrap_or_else(|| Raise::bug(format!("tree walker: {signal:?} leads nowhere")))
        })
    }

    fn trace_entry(&self, frame: &Frame<'p>, span: Span) -> TraceEntry {
        let unit = &self.units[frame.unit];
        let source = frame.program[frame.function.module].source;
        let place = unit.sources.line_column(source, span.start);
        TraceEntry {
            function: symbol(&frame.program[frame.function.name]),
            file: symbol(unit.sources.name(source)),
            line: place.line,
            column: place.column,
            excerpt: Excerpt { source: source.0, start: span.start, end: span.end },
        }
    }

    /// The site of the builtin call being executed.
    fn current_site(&self) -> Site {
        let Some((unit, function, span)) = self.site else { return Site::default() };
        let unit = &self.units[unit];
        let source = unit.program[function.module].source;
        let place = unit.sources.line_column(source, span.start);
        let text = unit.sources.text(source).get(span.start as usize..span.end as usize).unwrap_or_default();
        Site { file: Arc::from(unit.sources.name(source)), line: place.line, column: place.column, text: Arc::from(text) }
    }

    fn text(&mut self, unit: usize, id: TextId) -> Value {
        self.units[unit].text(id)
    }

    fn symbol(&mut self, unit: usize, id: TextId) -> Symbol {
        self.units[unit].symbol(id)
    }

    // ---- limits ----

    /// To be passed once per call and loop turn.
    #[inline]
    fn charge(&mut self) -> Result<(), Raise> {
        if let Some(fuel) = &mut self.limits.fuel {
            if *fuel == 0 {
                return Err(Raise::Stop(Stop::Fuel));
            }
            *fuel -= 1;
        }
        if limits::pending() { self.attend() } else { Ok(()) }
    }

    /// [`Interp::charge`] for a turn of the loop at `span`.
    #[inline(always)]
    fn charge_turn(&mut self, frame: &Frame<'p>, span: Span) -> Eval<()> {
        if self.limits.fuel.is_none() && !limits::pending() {
            return Ok(());
        }
        self.charge().map_err(|raise| self.leave_at(frame, span, raise))
    }

    #[cold]
    fn attend(&mut self) -> Result<(), Raise> {
        use limits::Interrupt;
        // A profiler's wish is granted between statements, and stays until then.
        if self.trail.on && limits::interrupt() == Some(Interrupt::Sample) {
            return Ok(());
        }
        match limits::take_interrupt() {
            Some(Interrupt::Stop) => Err(Raise::Stop(Stop::Interrupted)),
            Some(Interrupt::Timeout) => Err(Raise::Stop(Stop::Timeout)),
            Some(Interrupt::Memory) => Err(crate::semantics::memory("program", limits::OutOfMemory::new(limits::used()))),
            Some(Interrupt::Code | Interrupt::Events | Interrupt::Sample) | None => Ok(()),
        }
    }

    #[inline]
    fn enter(&mut self) -> Result<(), Raise> {
        self.charge()?;
        if self.limits.max_depth.is_some_and(|most| self.depth >= most) || limits::stack::check().is_err() {
            return Err(faults::stack_overflow());
        }
        self.depth += 1;
        Ok(())
    }
}
