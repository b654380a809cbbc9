//! Functions with more parts than an instruction can number: errors of the program, found before it runs.
//!
//! The tree walker numbers nothing and could run them, but what a program means does not depend on the engine.
use crate::compile::{self, Options};
use crate::diagnostics::{Code, Diagnostic};
use crate::resolve::hir::{FuncId, Function, Program};

/// A function of fewer bytes does not have so many parts: the fewest that are too many are 2^15 locals, and each takes at
/// least a byte and another one that separates it from the next.
const FITS: u32 = 1 << 16;

/// An error for each function of the program that cannot be compiled.
pub(super) fn find(program: &Program) -> Vec<Diagnostic> {
    let large = program.functions.iter().enumerate().filter(|(_, function)| is_large(function));
    large.filter_map(|(index, function)| refused(program, FuncId(index as u32), function)).collect()
}

fn is_large(function: &Function) -> bool {
    function.span.len() >= FITS
}

fn refused(program: &Program, id: FuncId, function: &Function) -> Option<Diagnostic> {
    let refusal = compile::compile(program, id, Options::default()).err()?;
    let source = program.modules.get(function.module.0 as usize)?.source;
    let error = Diagnostic::error(Code::TooLarge, source, refusal.span, refusal.message);
    Some(error.with_help("split it into several functions, or read its data from a file"))
}
