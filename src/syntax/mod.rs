//! Text to tree: lexer, parser, printing. Parsing never fails; what is wrong comes back as diagnostics.
//!
//! `parse` always returns a whole tree. If any diagnostic is an error the tree has `Error` nodes (or a guess at
//! what was meant) and must not be run; tools may still look at it.

pub mod ast;
mod names;

pub use ast::Ast;
pub use names::Names;

use crate::diagnostics::{Diagnostic, has_errors};

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
