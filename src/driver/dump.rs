//! The text of each stage, for `ruff dump` and for snapshots.
use std::fmt::Write as _;

use super::{Script, Text};
use crate::bytecode::disasm;
use crate::compile;
use crate::resolve::hir::{FuncId, FunctionKind};
use crate::resolve::print;
use crate::source::SourceId;
use crate::syntax;

/// The tokens of a text.
pub fn tokens(text: &Text) -> String {
    syntax::print::tokens_text(&text.text, &syntax::lexer::lex(SourceId(0), &text.text))
}

/// The syntax tree of a text.
pub fn ast(text: &Text) -> String {
    syntax::print::ast_text(&syntax::parse(SourceId(0), &text.text).ast)
}

/// The resolved tree of a script, or of its functions called `function`.
pub fn resolved(script: &Script, function: Option<&str>) -> String {
    match function {
        None => print::print(&script.program),
        Some(name) => {
            let functions = selected(script, Some(name)).into_iter();
            functions.map(|func| print::print_function(&script.program, func)).collect::<Vec<_>>().join("\n")
        }
    }
}

/// The bytecode of a script, or of its functions called `function`, with the source line of each instruction.
pub fn bytecode(script: &Script, function: Option<&str>) -> String {
    let mut text = String::new();
    for func in selected(script, function) {
        if !text.is_empty() {
            text.push('\n');
        }
        match compile::compile(&script.program, func, compile::Options::default()) {
            Ok(chunk) => text.push_str(&disasm::disassemble(&chunk, script.sources.get(chunk.source))),
            Err(refusal) => {
                let _ = writeln!(text, "{}: {}", &script.program[script.program[func].name], refusal.message);
            }
        }
    }
    text
}

/// All functions with a body, or those with this name (`area`, `Account.deposit`).
fn selected(script: &Script, name: Option<&str>) -> Vec<FuncId> {
    let program = &script.program;
    let wanted = |func: &FuncId| {
        let function = &program[*func];
        !matches!(function.kind, FunctionKind::VariantConstructor(..))
            && name.is_none_or(|name| &program[function.name] == name)
    };
    (0..program.functions.len() as u32).map(FuncId).filter(wanted).collect()
}

/// The names of the script's functions.
pub fn functions(script: &Script) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for func in selected(script, None) {
        let name = &script.program[script.program[func].name];
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
