//! What the resolver keeps while it works: scopes, bindings, references, and facts about functions and loops.
//!
//! While the tree is made, a variable in it is provisional: `Var::Local(Slot(n))` means reference `n` of
//! [`Resolver::refs`], and a hidden slot is `Slot(s)` for scope `s`. [`super::finish`] replaces both once it is known
//! which bindings are captured and assigned.
use std::collections::VecDeque;

use ahash::{AHashMap, AHashSet};

use super::hir::*;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{SourceId, SourceMap, Span};
use crate::syntax::Ast;
use crate::syntax::ast;

pub(super) type ScopeId = usize;
pub(super) type BindingId = usize;
pub(super) type LoopMeta = usize;

/// A moment of the textual walk over one function. Moments of different functions are not compared.
pub(super) type Time = u32;

/// A region in which names live.
#[derive(Debug)]
pub(super) struct Scope {
    pub parent: Option<ScopeId>,
    pub func: FuncId,
    pub bindings: Vec<BindingId>,
    /// Enums declared here, whose variants patterns may name without the enum.
    pub enums: Vec<EnumId>,
    /// Hidden slots of the construct this scope stands for.
    pub hidden: u32,
    /// Its bindings are entries of the module table when functions mention them.
    pub module_level: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum BindingKind {
    Let,
    Mut,
    Const,
    /// By `x := e`.
    Created,
    Param,
    SelfParam,
    Loop,
    Except,
    Pattern,
    Func(FuncId),
    Struct(StructId),
    Enum(EnumId),
}

impl BindingKind {
    pub fn is_mutable(self) -> bool {
        match self {
            BindingKind::Let | BindingKind::Const | BindingKind::Func(_) | BindingKind::Struct(_) | BindingKind::Enum(_) => {
                false
            }
            BindingKind::Mut
            | BindingKind::Created
            | BindingKind::Param
            | BindingKind::SelfParam
            | BindingKind::Loop
            | BindingKind::Except
            | BindingKind::Pattern => true,
        }
    }
}

/// What a binding turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Home {
    Unknown,
    /// Always this function, which captures nothing: needs no storage.
    Static(FuncId),
    Slot,
    Cell,
    Table(ModuleVar),
    /// A struct or enum: needs no storage.
    Declaration,
}

#[derive(Debug)]
pub(super) struct Binding {
    pub name: TextId,
    pub span: Span,
    pub scope: ScopeId,
    pub func: FuncId,
    pub module: ModuleId,
    pub kind: BindingKind,
    pub module_level: bool,
    pub exported: bool,
    /// The innermost loop of `func` around its introduction.
    pub in_loop: Option<LoopMeta>,
    /// When it has its value.
    pub init: Time,
    /// What its values are held against.
    pub annotation: Option<AnnotationId>,
    /// The function literal that its declaration gives it.
    pub literal: Option<FuncId>,
    /// The latest moment at which its own function may still assign or change it, loops taken into account.
    pub last_write: Time,
    /// Assigned or changed after its declaration, by its own function.
    pub written: bool,
    /// Assigned or changed by another function.
    pub written_inside: bool,
    pub home: Home,
    pub slot: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RefKind {
    Read,
    Write,
    /// The statement or pattern that introduces the binding.
    Declare,
    /// Root of a place that is called on with this method name.
    Method(TextId),
}

/// One mention of a binding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ref {
    pub binding: BindingId,
    pub func: FuncId,
    pub time: Time,
    pub in_loop: Option<LoopMeta>,
    pub kind: RefKind,
}

#[derive(Debug)]
pub(super) struct LoopInfo {
    pub parent: Option<LoopMeta>,
    pub end: Time,
}

/// The struct or enum a method belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Owner {
    Struct(StructId),
    Enum(EnumId),
}

/// Facts about a function beside its node.
#[derive(Debug, Default)]
pub(super) struct FuncFacts {
    pub parent: Option<FuncId>,
    /// Scope of its parameters.
    pub root: ScopeId,
    /// Where its text begins.
    pub start: u32,
    /// When its parent makes it.
    pub made: Time,
    /// It cannot capture: methods, field defaults, tests.
    pub barred: bool,
    pub owner: Option<Owner>,
    pub self_binding: Option<BindingId>,
    pub self_written: bool,
    pub mut_self: bool,
    /// It needs a `self`: written, a field read, an operator.
    pub instance: bool,
    /// Assigns to `self` or a path rooted in it: where.
    pub changes_self: Option<Span>,
    /// Methods called on paths rooted in `self`; whether the path is `self` itself.
    pub self_calls: Vec<(TextId, bool, Span)>,
    /// The binding whose value it is: a nested `func`, or a name bound once to this literal.
    pub bound_to: Option<BindingId>,
    pub captures: Vec<(BindingId, Capture)>,
    pub loops: u32,
    /// What its results are held against.
    pub result: Option<AnnotationId>,
}

/// A `func` in a block: its closure is made as late as possible.
#[derive(Debug)]
pub(super) struct HoistBlock {
    pub block: BlockId,
    /// When each statement of the block ends.
    pub times: Vec<Time>,
    pub bindings: Vec<BindingId>,
}

/// What is still to be lowered: bodies wait until all scopes around them are complete.
#[derive(Clone, Copy, Debug)]
pub(super) enum Job {
    Func(ast::FuncId),
    FieldDefault(ast::ExprId),
    Spawn(ast::BlockId),
    Test(ast::BlockId),
}

/// What a name brought by an import stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Exported {
    Binding(BindingId),
    Func(FuncId),
    Struct(StructId),
    Enum(EnumId),
    Module(ModuleId),
}

#[derive(Clone, Debug)]
pub(super) enum Imported {
    /// By its own name: `from m import x`, or the namespace itself.
    Named(Exported),
    /// With all others: `import m`, `from m import *`.
    Bulk(Exported, ModuleId),
    /// By several bulk imports.
    Ambiguous(ModuleId, ModuleId),
    /// From a module that is missing: no further complaints about it.
    Missing,
}

/// An enclosing loop, as `break` and `continue` see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoopFrame {
    pub label: Option<TextId>,
    pub id: LoopId,
    pub finally_depth: u32,
}

/// Where the walk is.
#[derive(Debug)]
pub(super) struct Position {
    pub func: FuncId,
    pub module: ModuleId,
    pub scope: ScopeId,
    pub in_loop: Option<LoopMeta>,
    pub loops: Vec<LoopFrame>,
    pub finally_depth: u32,
    pub await_ok: bool,
    pub yield_ok: bool,
    /// Directly at the top level of a module.
    pub at_top: bool,
    /// Reads of outer bindings introduced after this function's start, in the current statement (rule 4).
    pub later_reads: Vec<BindingId>,
    /// How many assignments the walk is in the values of.
    pub value_depth: u32,
    /// In the target of an assignment, outside the brackets of its indices.
    pub in_target: bool,
    /// Group of tests that declarations stand in.
    pub group: Option<usize>,
}

/// A name found nowhere; its message is completed when all bindings are known.
#[derive(Debug)]
pub(super) struct Unknown {
    pub message: TextId,
    pub name: TextId,
    pub span: Span,
    pub module: ModuleId,
    pub func: FuncId,
    pub scope: ScopeId,
}

/// A module's tree and what is known about it.
pub(super) struct ModuleState<'a> {
    pub ast: &'a Ast,
    /// Names of the tree as texts of the program.
    pub symbols: Vec<Option<TextId>>,
    pub top: ScopeId,
    pub imports: AHashMap<TextId, Imported>,
    pub exports: AHashMap<TextId, Exported>,
    /// A bulk import failed, so that any unknown name might have come from it.
    pub incomplete: bool,
    /// Enums that imports make visible.
    pub enums: Vec<EnumId>,
}

pub(super) struct Resolver<'a> {
    pub program: Program,
    pub text_ids: AHashMap<Box<str>, TextId>,
    pub scopes: Vec<Scope>,
    pub names: AHashMap<(ScopeId, TextId), BindingId>,
    pub bindings: Vec<Binding>,
    pub refs: Vec<Ref>,
    pub loops: Vec<LoopInfo>,
    /// Loops by the ids that the tree uses.
    pub loop_ids: AHashMap<(FuncId, LoopId), LoopMeta>,
    pub facts: Vec<FuncFacts>,
    pub modules: Vec<ModuleState<'a>>,
    /// Where the imports of each module lead.
    pub targets: Vec<Vec<(ast::StmtId, super::modules::Target)>>,
    pub jobs: VecDeque<(FuncId, ModuleId, Job)>,
    /// Field names of each struct.
    pub fields: Vec<AHashSet<TextId>>,
    /// Methods by owner and name.
    pub methods: AHashMap<(Owner, TextId), FuncId>,
    pub block_scopes: Vec<(BlockId, ScopeId)>,
    pub hoists: Vec<HoistBlock>,
    /// `Type.method(…)` calls that become direct calls if the method turns out static.
    pub static_calls: Vec<(ExprId, FuncId)>,
    /// Places rooted in `self`, with the method it belongs to.
    pub self_places: Vec<(PlaceId, FuncId)>,
    pub unknowns: Vec<Unknown>,
    /// Names of `export a, b` with the expressions that raise if they turn out unknown.
    pub pending_exports: Vec<(TextId, Span, ExprId)>,
    pub clock: Time,
    pub at: Position,
    pub sources: &'a SourceMap,
    pub diagnostics: Vec<Diagnostic>,
    pub warnings: Vec<Diagnostic>,
    /// The native stack was nearly used up; reported once.
    pub too_deep: bool,
    /// Everything at the top level is exported (the prelude).
    pub export_all: bool,
    /// Annotations are enforced.
    pub strict_types: bool,
    pub type_builtin: Option<crate::builtins::BuiltinId>,
    /// Names of user methods that may change their `self`.
    pub changing: AHashSet<TextId>,
    /// By function: does it capture anything?
    pub capturing: Vec<bool>,
    /// By binding: do closures hold it or its value?
    pub captured: Vec<bool>,
    /// First slot of each scope; its hidden slots come first.
    pub slot_bases: Vec<u32>,
    pub capture_ids: AHashMap<(FuncId, BindingId), usize>,
    /// Places whose root needs no variable.
    pub rootless: Vec<PlaceId>,
}

impl<'a> Resolver<'a> {
    pub fn text(&mut self, text: &str) -> TextId {
        if let Some(&id) = self.text_ids.get(text) {
            return id;
        }
        let id = TextId(self.program.texts.len() as u32);
        self.program.texts.push(text.into());
        self.text_ids.insert(text.into(), id);
        id
    }

    pub fn ast(&self) -> &'a Ast {
        self.modules[self.at.module.index()].ast
    }

    /// The program's text of an identifier of the current module.
    pub fn symbol(&mut self, symbol: ast::Symbol) -> TextId {
        let module = self.at.module.index();
        let index = symbol.0.get() as usize;
        if let Some(Some(id)) = self.modules[module].symbols.get(index) {
            return *id;
        }
        let ast = self.modules[module].ast;
        let id = self.text(ast.text_of(symbol));
        let symbols = &mut self.modules[module].symbols;
        if symbols.len() <= index {
            symbols.resize(index + 1, None);
        }
        symbols[index] = Some(id);
        id
    }

    pub fn name(&mut self, name: ast::Name) -> TextId {
        self.symbol(name.symbol)
    }

    pub fn tick(&mut self) -> Time {
        self.clock += 1;
        self.clock
    }

    pub fn source(&self, module: ModuleId) -> SourceId {
        self.modules[module.index()].ast.source
    }

    pub fn here(&self) -> SourceId {
        self.source(self.at.module)
    }

    pub fn line_of(&self, module: ModuleId, span: Span) -> u32 {
        self.sources.line_column(self.source(module), span.start).line
    }

    pub fn stop(&mut self, code: Code, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        let diagnostic = Diagnostic::error(code, self.here(), span, message);
        self.diagnostics.push(diagnostic);
        self.diagnostics.last_mut().expect("a diagnostic was just pushed")
    }

    pub fn expr(&mut self, kind: ExprKind, span: Span) -> ExprId {
        let id = ExprId(self.program.exprs.len() as u32);
        self.program.exprs.push(Expr { kind, span });
        id
    }

    pub fn stmt(&mut self, kind: StmtKind, span: Span) -> StmtId {
        let id = StmtId(self.program.stmts.len() as u32);
        self.program.stmts.push(Stmt { kind, span });
        id
    }

    pub fn pattern(&mut self, kind: PatternKind, span: Span) -> PatId {
        let id = PatId(self.program.patterns.len() as u32);
        self.program.patterns.push(Pattern { kind, span });
        id
    }

    pub fn block(&mut self, stmts: Vec<StmtId>, value: Option<ExprId>) -> BlockId {
        let id = BlockId(self.program.blocks.len() as u32);
        self.program.blocks.push(Block { stmts: stmts.into(), value, ..Block::default() });
        id
    }

    /// Is there native stack left for one more level? Reports once if not.
    pub fn deeper(&mut self, span: Span) -> bool {
        if crate::limits::stack::check().is_ok() {
            return true;
        }
        if !self.too_deep {
            self.too_deep = true;
            self.stop(Code::TooDeep, span, "nesting too deep");
        }
        false
    }
}
