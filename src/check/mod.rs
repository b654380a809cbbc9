//! What `ruff check` says about a program that may run: calls that cannot succeed, and code that probably does not mean
//! what it says. `ruff run` is silent about all of it.
//!
//! * [`notation`] looks at the text and the syntax tree: `!a == b`, `1 / 2` used as a float, `7 // 2`;
//! * [`calls`], [`kinds`], [`matches`], [`loops`] look at the resolved tree, each at all nodes of a module in turn.
//!
//! Always holds: errors (severity `Error`) are certain to be raised when the place is reached; everything that only looks
//! wrong is a warning.
mod calls;
mod kinds;
mod loops;
mod matches;
mod notation;

use crate::diagnostics::{Code, Diagnostic};
use crate::resolve::hir::{Expr, FuncId, ModuleId, Program, Stmt};
use crate::semantics::call::FnInfo;
use crate::source::{SourceId, SourceMap, Span};

/// How a function of the program takes its arguments.
pub type Describe<'a> = &'a dyn Fn(FuncId) -> FnInfo;

/// Looks at the script and all its modules.
pub fn check(program: &Program, sources: &SourceMap, describe: Describe<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (index, module) in program.modules.iter().enumerate() {
        let text = sources.text(module.source);
        let module = ModuleId(index as u32);
        let mut checker = Checker { program, module, source: program[module].source, text, describe, found };
        checker.notation();
        checker.calls();
        checker.kinds();
        checker.matches();
        checker.loops();
        found = checker.found;
    }
    found
}

/// One module being looked at.
struct Checker<'a> {
    program: &'a Program,
    module: ModuleId,
    source: SourceId,
    text: &'a str,
    describe: Describe<'a>,
    found: Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    fn exprs(&self) -> &'a [Expr] {
        &self.program.exprs[self.program[self.module].exprs.clone()]
    }

    fn stmts(&self) -> &'a [Stmt] {
        &self.program.stmts[self.program[self.module].stmts.clone()]
    }

    fn warn(&mut self, code: Code, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(Diagnostic::warning(code, self.source, span, message).with_help(help));
    }

    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.found.push(Diagnostic::error(code, self.source, span, message));
    }
}
