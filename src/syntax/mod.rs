//! Text to tree: lexer, parser, printing. Parsing never fails; what is wrong comes back as diagnostics.
//!
//! `parse` always returns a whole tree. If any diagnostic is an error the tree has `Error` nodes (or a guess at
//! what was meant) and must not be run; tools may still look at it.

pub mod ast;
mod braces;
pub mod lexer;
mod names;
mod parser;
pub mod print;
pub mod token;

pub use ast::Ast;
pub use names::Names;
pub use parser::{undefined_name_hint, unknown_member_hint};

use crate::diagnostics::{Diagnostic, has_errors};
use crate::source::SourceId;

/// What `parse` gives.
#[derive(Debug)]
pub struct Parsed {
    pub ast: Ast,
    /// In the order of their places. Warnings may be among them; they stop nothing.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parsed {
    pub fn has_errors(&self) -> bool {
        has_errors(&self.diagnostics)
    }
}

/// Reads `text`, which `source` names in diagnostics, into a tree. Takes time linear in the text; never panics,
/// and never needs more native stack than a thread has: deeply nested text is read on a stack of its own.
pub fn parse(source: SourceId, text: &str) -> Parsed {
    parser::parse(source, text)
}
