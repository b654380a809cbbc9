//! From a text to a result: brings the stages together and runs programs on any engine.
//!
//! ```text
//!  Text ──► Script (parsed, resolved) ──► Loaded (declarations registered) ──► engine::run ──► Outcome
//! ```
//!
//! The stage of a program is its type: only a [`Script`] without errors becomes [`Loaded`], and only that can be run. A
//! loaded program is plain data that threads and engines share; what it does while running belongs to a `machine`.
//! Nothing here knows how arguments were parsed or where reports are shown.
mod annotations;
pub mod dump;
pub mod engine;
mod hints;
mod machine;
pub mod modules;
mod oversize;
mod prelude;
pub mod repeat;
pub mod report;
pub mod testing;
pub mod thread;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use crate::builtins::{self, N_BUILTINS};
use crate::check;
use crate::diagnostics::{Code, Diagnostic, has_errors};
use crate::resolve::{self, hir};
use crate::semantics::call::{FnInfo, ParamInfo, ParamKind, SelfMode};
use crate::source::{SourceId, SourceMap};
use crate::value::shapes::{self, Field, Method, decl};
use crate::value::symbol::symbol;
use crate::value::{DeclId, FnId};
use modules::FileLoader;

/// A text to run, with the name that reports show and the folder whose modules it imports.
#[derive(Clone, Debug)]
pub struct Text {
    pub name: String,
    pub text: String,
    /// The file it was read from; imports are looked for beside it.
    pub path: Option<PathBuf>,
    /// Its annotations, and those of what it imports, are enforced (`--strict-types`).
    pub strict_types: bool,
}

impl Text {
    /// A script file.
    pub fn file(path: &Path) -> io::Result<Text> {
        let text = decode(fs::read(path)?)?;
        Ok(Text { name: path.to_string_lossy().into_owned(), text, path: Some(path.to_owned()), strict_types: false })
    }

    /// Text that is not in a file; imports are looked for in the current folder.
    pub fn inline(name: &str, text: impl Into<String>) -> Text {
        Text { name: name.to_owned(), text: text.into(), path: None, strict_types: false }
    }

    /// The same, with its annotations enforced or not.
    pub fn strict(self, strict_types: bool) -> Text {
        Text { strict_types, ..self }
    }

    /// Everything that standard input holds.
    pub fn stdin() -> io::Result<Text> {
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut io::stdin().lock(), &mut bytes)?;
        Ok(Text::inline("<stdin>", decode(bytes)?))
    }
}

fn decode(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..at].iter().filter(|&&byte| byte == b'\n').count();
        io::Error::new(io::ErrorKind::InvalidData, format!("not UTF-8 text (line {line})"))
    })
}

/// A text and everything it imports, parsed and resolved.
#[derive(Debug)]
pub struct Script {
    pub sources: SourceMap,
    pub program: hir::Program,
    /// From lexer, parser and resolver. If any is an error the program cannot be loaded.
    pub diagnostics: Vec<Diagnostic>,
    /// What `ruff check` says beyond that; `ruff run` is silent about it.
    pub warnings: Vec<Diagnostic>,
}

impl Script {
    /// Parses and resolves `text` and the modules that it imports, on a stack that holds any of them.
    pub fn resolve(text: Text) -> Script {
        match thread::with_large_stack(|| Script::resolve_here(text)) {
            Ok(script) => script,
            Err(thread::Panicked(message)) => std::panic::resume_unwind(Box::new(message)),
        }
    }

    fn resolve_here(text: Text) -> Script {
        let mut sources = SourceMap::new();
        let root = sources.add(text.name, text.text);
        let mut loader = FileLoader::new(text.path.as_deref());
        let resolve = if text.strict_types { resolve::resolve_strict } else { resolve::resolve };
        let resolve::Resolved { program, mut diagnostics, warnings } = resolve(root, &mut sources, &mut loader);
        if !has_errors(&diagnostics) {
            diagnostics.extend(oversize::find(&program));
        }
        Script { sources, program, diagnostics, warnings }
    }

    /// What `ruff check` says beyond [`Script::warnings`]; nothing about a program that cannot run.
    pub fn check(&self) -> Vec<Diagnostic> {
        if self.has_errors() {
            return Vec::new();
        }
        let look =
            || check::check(&self.program, &self.sources, &|func| describe(&self.program, &self.program[func], false));
        match thread::with_large_stack(look) {
            Ok(found) => found,
            Err(thread::Panicked(message)) => std::panic::resume_unwind(Box::new(message)),
        }
    }

    pub fn has_errors(&self) -> bool {
        has_errors(&self.diagnostics)
    }

    /// The last statement, if it is an expression, is printed when the program runs (`ruff run -p`).
    pub fn print_last_value(&mut self) {
        let (Some(main), Some(print)) = (self.program.modules.first(), builtins::function("print")) else { return };
        let body = self.program[main.body].body;
        let Some(&last) = self.program[body].stmts.last() else { return };
        let span = self.program[last].span;
        let hir::StmtKind::Expr(value) = self.program[last].kind else { return };
        if let hir::ExprKind::Method { used, .. } = &mut self.program.exprs[value.index()].kind {
            *used = true;
        }
        let args = hir::Args { positional: Box::new([hir::Item::One(value)]), named: Box::new([]) };
        let call = hir::Expr { kind: hir::ExprKind::CallBuiltin { builtin: print, args }, span };
        self.program.exprs.push(call);
        let call = hir::ExprId(self.program.exprs.len() as u32 - 1);
        self.program.stmts[last.index()].kind = hir::StmtKind::Expr(call);
    }

    /// Registers what the program declares. A script with errors comes back as it is.
    pub fn load(self) -> Result<Loaded, Box<Script>> {
        if self.has_errors() {
            return Err(Box::new(self));
        }
        let helpful = |warning: &Diagnostic| warning.code == Code::UndefinedName && !warning.help.is_empty();
        let hints = self.warnings.into_iter().filter(helpful).collect();
        Ok(Loaded { hints, ..Loaded::new(self.program, self.sources, false) })
    }
}

/// A program that engines can run: its declarations are known to the value layer, its functions have ids.
#[derive(Debug)]
pub struct Loaded {
    pub program: hir::Program,
    pub sources: SourceMap,
    /// What to write instead of names that are found nowhere; said where one is reached and not caught.
    pub hints: Vec<Diagnostic>,
    /// Struct n of the program.
    pub structs: Box<[DeclId]>,
    /// Enum n of the program; the first two are the prelude's.
    pub enums: Box<[DeclId]>,
    /// Function n of the program, as callers see it.
    pub infos: Box<[Arc<FnInfo>]>,
    /// Its functions are bodies of builtins: their frames stay out of traces.
    pub hidden: bool,
}

/// The id of function 0 of a script.
pub const SCRIPT_BASE: u32 = N_BUILTINS as u32;

impl Loaded {
    fn new(mut program: hir::Program, sources: SourceMap, hidden: bool) -> Loaded {
        let structs: Box<[DeclId]> = program.structs.iter().map(|decl| declare_struct(&program, decl)).collect();
        let enums: Box<[DeclId]> =
            program.enums.iter().enumerate().map(|(index, decl)| declare_enum(&program, index, decl)).collect();
        annotations::enforce(&mut program, &structs, &enums);
        let infos = program.functions.iter().map(|function| Arc::new(describe(&program, function, hidden))).collect();
        let loaded = Loaded { program, sources, hints: Vec::new(), structs, enums, infos, hidden };
        loaded.add_methods();
        loaded
    }

    /// The id in values of a function of a script.
    pub fn fn_id(&self, func: hir::FuncId) -> FnId {
        FnId(SCRIPT_BASE + func.0)
    }

    /// The source of the script itself.
    pub fn main_source(&self) -> SourceId {
        self.program.modules.first().map(|module| module.source).unwrap_or_default()
    }

    fn add_methods(&self) {
        let structs = self.program.structs.iter().map(|decl| &decl.methods).zip(&self.structs);
        let enums = self.program.enums.iter().map(|decl| &decl.methods).zip(&self.enums);
        for (methods, &id) in structs.chain(enums).filter(|(methods, _)| !methods.is_empty()) {
            decl(id).add_methods(methods.iter().map(|method| {
                let mode = self.program[method.func].self_mode;
                let mutating = matches!(mode, hir::SelfMode::Mutating | hir::SelfMode::MaybeMutating);
                let has_self = mode != hir::SelfMode::None;
                (symbol(&self.program[method.name]), Method { func: self.fn_id(method.func), has_self, mutating })
            }));
        }
    }
}

fn declare_struct(program: &hir::Program, decl: &hir::StructDecl) -> DeclId {
    let field = |field: &hir::FieldDecl| Field { name: symbol(&program[field.name]), float: field.float };
    let fields: Vec<Field> = decl.fields.iter().map(field).collect();
    shapes::declare_struct(symbol(&program[decl.name]), fields)
}

fn declare_enum(program: &hir::Program, index: usize, decl: &hir::EnumDecl) -> DeclId {
    match hir::EnumId(index as u32) {
        hir::RESULT_ENUM => DeclId::RESULT,
        hir::OPTION_ENUM => DeclId::OPTION,
        _ => {
            let names = |names: &[hir::TextId]| names.iter().map(|&name| symbol(&program[name])).collect::<Vec<_>>();
            let payloads: Vec<_> = decl.variants.iter().map(|variant| names(&variant.payload)).collect();
            let variants: Vec<_> = decl
                .variants
                .iter()
                .zip(&payloads)
                .map(|(variant, payload)| (symbol(&program[variant.name]), payload.as_slice()))
                .collect();
            shapes::declare_enum(symbol(&program[decl.name]), &variants)
        }
    }
}

fn describe(program: &hir::Program, function: &hir::Function, hidden: bool) -> FnInfo {
    let params = function.params.iter().map(|param| ParamInfo {
        name: Arc::from(&program[param.name]),
        kind: match param.kind {
            hir::ParamKind::Positional => ParamKind::Positional,
            hir::ParamKind::Rest => ParamKind::Rest,
            hir::ParamKind::NamedOnly => ParamKind::NamedOnly,
        },
        has_default: param.default.is_some(),
    });
    FnInfo {
        name: Arc::from(&program[function.name]),
        params: params.collect(),
        self_mode: match function.self_mode {
            hir::SelfMode::None => SelfMode::None,
            hir::SelfMode::Value => SelfMode::Value,
            hir::SelfMode::Mutating => SelfMode::Mutating,
            hir::SelfMode::MaybeMutating => SelfMode::MaybeMutating,
        },
        builtin: false,
        hidden,
        is_generator: function.is_generator,
        is_async: function.is_async,
    }
}
