//! `Error` values: what `except` receives.
//!
//! Always holds: the message of a thrown struct whose display form takes no user code may not be made yet; it is when somebody
//! asks for it, and before another thread can see the error.

use std::cell::OnceCell;
use std::collections::VecDeque;

use super::Value;
use super::heap::{Hdr, Ref};
use super::layout::shape;
use super::symbol::{Symbol, known};

/// The kind of an error.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// One of the language's own kinds: a number of the table in `semantics/fault.rs`.
    Known(u16),
    /// The name of the struct that was thrown.
    Thrown,
}

/// A stretch of a source text by numbers: the id of the source and byte offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Excerpt {
    pub source: u32,
    pub start: u32,
    pub end: u32,
}

/// One frame of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceEntry {
    /// `area`, `Account.deposit`, `<lambda>`, `<main>`.
    pub function: Symbol,
    /// File as the user named it.
    pub file: Symbol,
    /// Counts from 1.
    pub line: u32,
    /// Counts from 1, in code points.
    pub column: u32,
    /// What the excerpt shows.
    pub excerpt: Excerpt,
}

impl TraceEntry {
    /// Fills the room for entries.
    const NONE: TraceEntry = TraceEntry {
        function: known::SELF,
        file: known::SELF,
        line: 0,
        column: 0,
        excerpt: Excerpt { source: 0, start: 0, end: 0 },
    };
}

/// How many innermost and outermost frames a trace keeps.
const KEEP_INNERMOST: usize = 100;
const KEEP_OUTERMOST: usize = 20;
/// Frames that take no memory of their own.
const NEAR: usize = 3;

/// The frames that an error has left, innermost first; the middle of a very long trace is only counted.
#[derive(Clone, Debug)]
pub struct Trace {
    near: [TraceEntry; NEAR],
    near_count: u32,
    far: Option<Box<Far>>,
}

/// What follows the first few frames.
#[derive(Clone, Debug, Default)]
struct Far {
    innermost: Vec<TraceEntry>,
    outermost: VecDeque<TraceEntry>,
    left_out: usize,
}

impl Default for Trace {
    fn default() -> Trace {
        Trace { near: [TraceEntry::NONE; NEAR], near_count: 0, far: None }
    }
}

impl Trace {
    /// Adds the next frame outwards.
    pub fn push(&mut self, entry: TraceEntry) {
        if let Some(next) = self.near.get_mut(self.near_count as usize) {
            *next = entry;
            self.near_count += 1;
            return;
        }
        let far = self.far.get_or_insert_default();
        if NEAR + far.innermost.len() < KEEP_INNERMOST {
            far.innermost.push(entry);
            return;
        }
        if far.outermost.len() == KEEP_OUTERMOST {
            far.outermost.pop_front();
            far.left_out += 1;
        }
        far.outermost.push_back(entry);
    }

    /// The frames that are kept.
    pub fn iter(&self) -> impl Iterator<Item = &TraceEntry> {
        let far = self.far.iter().flat_map(|far| far.innermost.iter().chain(&far.outermost));
        self.near[..self.near_count as usize].iter().chain(far)
    }

    /// How many frames are missing, and behind how many of those that are kept.
    pub fn gap(&self) -> Option<(usize, usize)> {
        let left_out = self.far.as_ref().map_or(0, |far| far.left_out);
        (left_out > 0).then_some((left_out, KEEP_INNERMOST))
    }

    /// Where the error was raised.
    pub fn position(&self) -> Option<&TraceEntry> {
        self.iter().next()
    }

    /// File, line and column of that.
    pub fn place(&self) -> Option<(Symbol, u32, u32)> {
        self.position().map(|entry| (entry.file, entry.line, entry.column))
    }
}

/// Everything an error says.
#[derive(Clone)]
pub struct ErrorData {
    message: OnceCell<Value>,
    /// Makes the message of the thrown value.
    make: fn(&Value) -> Value,
    /// The kind.
    pub kind: ErrorKind,
    /// What was thrown; null for errors of the language and of builtins.
    pub value: Value,
    /// Where it was raised; nothing before it is thrown.
    pub trace: Trace,
    /// The error it replaced or was built from; else null.
    pub cause: Value,
}

impl ErrorData {
    /// An error that has no position yet.
    pub fn new(kind: ErrorKind, message: Value) -> ErrorData {
        ErrorData { message: OnceCell::from(message), ..ErrorData::thrown(kind, Value::Null, |_| Value::Null) }
    }

    /// An error for a thrown value, of which `make` makes the message when it is asked for.
    pub fn thrown(kind: ErrorKind, value: Value, make: fn(&Value) -> Value) -> ErrorData {
        ErrorData { message: OnceCell::new(), make, kind, value, trace: Trace::default(), cause: Value::Null }
    }

    /// The message.
    pub fn message(&self) -> &Value {
        self.message.get_or_init(|| (self.make)(&self.value))
    }

    /// Message, thrown value and cause; without the message while it is not made.
    pub(super) fn parts(&self) -> impl Iterator<Item = &Value> {
        self.message.get().into_iter().chain([&self.value, &self.cause])
    }

    /// The same for changing.
    pub(super) fn parts_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.message.get_mut().into_iter().chain([&mut self.value, &mut self.cause])
    }
}

/// An error.
#[repr(C)]
pub struct Err {
    hdr: Hdr,
    data: ErrorData,
}

impl Err {
    /// A new error value.
    pub fn alloc(data: ErrorData) -> Ref<Err> {
        Ref::new(Err { hdr: Hdr::new(shape::ERROR), data })
    }

    /// What it says.
    pub fn data(&self) -> &ErrorData {
        &self.data
    }

    /// The data for changing; copied first if others hold the error.
    pub fn make_unique(this: &mut Ref<Err>) -> &mut ErrorData {
        if !this.own() {
            *this = Err::alloc(this.data.clone());
        }
        &mut this.get_mut().expect("the only reference after the copy").data
    }

    pub(super) fn data_mut(&mut self) -> &mut ErrorData {
        &mut self.data
    }
}

impl Value {
    /// A new error value.
    pub fn error(data: ErrorData) -> Value {
        Value::Error(Err::alloc(data))
    }
}
