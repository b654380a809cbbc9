//! What the VM is given: loaded programs as plain tables, and where their code and positions come from.
use std::collections::HashMap;
use std::sync::Arc;

use crate::builtins::BuiltinId;
use crate::bytecode::Chunk;
use crate::semantics::call::FnInfo;
use crate::source::{LineColumn, SourceId};
use crate::value::{DeclId, FnId, ModuleId, Symbol};

/// One loaded program: a script with its imports, or the prelude.
#[derive(Debug, Default)]
pub struct Unit {
    /// `FnId` of function 0.
    pub base: u32,
    /// Per function.
    pub infos: Box<[Arc<FnInfo>]>,
    /// Per function: it is the value of a field default, whose frame belongs to the constructing expression.
    pub field_defaults: Box<[bool]>,
    pub structs: Box<[StructUnit]>,
    pub enums: Box<[EnumUnit]>,
    /// Place of module variable 0 in the isolate's table.
    pub first_var: u32,
    /// Names of module variables.
    pub vars: Box<[Box<str>]>,
    /// Which of them get a value once, and are never changed.
    pub constant: Box<[bool]>,
    pub modules: Box<[ModuleUnit]>,
}

/// A struct of a unit.
#[derive(Debug)]
pub struct StructUnit {
    pub decl: DeclId,
    /// Per field the function that gives its default.
    pub defaults: Box<[Option<FnId>]>,
}

/// An enum of a unit.
#[derive(Debug)]
pub struct EnumUnit {
    pub decl: DeclId,
    /// Per variant its constructor function, if it has a payload.
    pub constructors: Box<[Option<FnId>]>,
}

/// A module of a unit.
#[derive(Debug)]
pub struct ModuleUnit {
    pub id: ModuleId,
    pub name: Box<str>,
    /// Its top level.
    pub body: FnId,
    pub exports: HashMap<Symbol, Export>,
}

/// What an exported name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Export {
    /// A module variable, by its number in the unit.
    Var(u32),
    Func(FnId),
    /// A struct or enum.
    Type(DeclId),
}

/// Where code comes from; the driver implements it.
pub trait Code {
    /// Compiles a function; the text says why that is impossible.
    fn chunk(&self, function: FnId) -> Result<Arc<Chunk>, Box<str>>;
    /// The function with the body of a builtin that is written in Ruff, and its unit the first time it is asked for.
    fn prelude(&self, builtin: BuiltinId) -> Result<(FnId, Arc<Unit>), Box<str>>;
    fn file_name(&self, source: SourceId) -> Arc<str>;
    fn position(&self, source: SourceId, offset: u32) -> LineColumn;
    /// The source text of a span.
    fn excerpt(&self, source: SourceId, start: u32, end: u32) -> Arc<str>;
    /// The text of a line, without its end.
    fn line_text(&self, source: SourceId, line: u32) -> Arc<str>;
}
