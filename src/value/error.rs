//! `Error` values: what `except` receives.

use std::sync::Arc;

use super::Value;
use super::heap::{Hdr, Ref};
use super::layout::shape;

/// The kind of an error: a number of the table in `semantics/fault.rs`, or the name of a thrown struct.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ErrorKind {
    /// One of the language's own kinds.
    Known(u16),
    /// The name of a thrown struct.
    Named(Arc<str>),
}

/// A place in a source file. Lines and columns count from 1, columns in code points; 0 means unknown.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Position {
    /// File as the user named it.
    pub file: Arc<str>,
    /// Line.
    pub line: u32,
    /// Column.
    pub column: u32,
}

/// One entry of a stack trace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StackFrame {
    /// `<main>`, `<lambda>`, `Struct.method`, or the function's name.
    pub function: Arc<str>,
    /// Where it was.
    pub position: Position,
}

/// Everything an error says.
#[derive(Clone)]
pub struct ErrorData {
    /// The message.
    pub message: Value,
    /// The kind.
    pub kind: ErrorKind,
    /// What was thrown; null for errors of the language and of builtins.
    pub value: Value,
    /// Where it was raised.
    pub position: Position,
    /// Innermost first, at most 120.
    pub stack: Vec<StackFrame>,
    /// Frames left out between the first 100 and the last 20.
    pub left_out: u64,
    /// The error it replaced or was built from; else null.
    pub cause: Value,
}

impl ErrorData {
    /// An error that has no position yet.
    pub fn new(kind: ErrorKind, message: Value) -> ErrorData {
        ErrorData {
            message,
            kind,
            value: Value::Null,
            position: Position::default(),
            stack: Vec::new(),
            left_out: 0,
            cause: Value::Null,
        }
    }
}

/// An error.
#[repr(C)]
pub struct Err {
    hdr: Hdr,
    data: Box<ErrorData>,
}

impl Err {
    /// A new error value.
    pub fn alloc(data: ErrorData) -> Ref<Err> {
        Ref::new(Err { hdr: Hdr::new(shape::ERROR), data: Box::new(data) })
    }

    /// What it says.
    pub fn data(&self) -> &ErrorData {
        &self.data
    }

    /// The data for changing; copied first if others hold the error.
    pub fn make_unique(this: &mut Ref<Err>) -> &mut ErrorData {
        if !this.own() {
            *this = Err::alloc((*this.data).clone());
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
