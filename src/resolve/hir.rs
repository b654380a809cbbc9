//! The resolved tree: what both engines run.
//!
//! Names are gone: every variable is a slot, a capture or a module-table entry; every declaration is an id;
//! syntactic sugar (`|>`, compound names, shorthand fields, label names, implicit `self` fields) is gone too.
//! Nodes live in arenas of the [`Program`] and are named by typed ids; a tree of any depth is freed without recursion.
//!
//! Always holds:
//! * a `Var::Local` slot is initialised on every path that reaches a read of it (scoping is textual); only cells and
//!   module variables can be met uninitialised and are checked when read;
//! * the children of a node are evaluated in the order of its fields, left to right, except where [`Take`] defers a read;
//! * `Expr::span` is the span a fault of that node is reported at: the whole expression for operators, calls and
//!   indexing; from the name to the end for `.name` and `.name(…)`; the `throw` keyword for `throw`.
//!   All spans of a function lie in the source of its module.
mod declarations;

pub use declarations::*;

use std::ops::Range;

use crate::builtins::{self, BuiltinId, BuiltinTypeId, ConstantId, NamespaceId};
use crate::source::{SourceId, Span};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(pub u32);
        impl $name {
            pub fn index(self) -> usize { self.0 as usize }
        }
    )*};
}

ids! {
    /// An expression of the program.
    ExprId,
    /// A statement of the program.
    StmtId,
    /// A block of the program.
    BlockId,
    /// A pattern (of `match` or of destructuring).
    PatId,
    /// A place: a root variable and a path into it.
    PlaceId,
    /// A function of this program; the engine adds the program's base to get the `FnId` of values.
    FuncId,
    /// A struct declared by this program.
    StructId,
    /// An enum declared by this program.
    EnumId,
    /// A module of this program; 0 is the script.
    ModuleId,
    /// A text of this program: names and string literals, interned (equal texts have equal ids).
    TextId,
    /// A slot of the running function's frame.
    Slot,
    /// An entry of the isolate's module table, numbered over all modules of the program.
    ModuleVar,
    /// An annotation that is enforced.
    AnnotationId,
    /// A loop of the running function, the target of `break` and `continue`.
    LoopId,
}

/// Everything that a script and its imports declare and do.
#[derive(Default, Debug)]
pub struct Program {
    pub modules: Vec<Module>,
    pub functions: Vec<Function>,
    pub structs: Vec<StructDecl>,
    pub enums: Vec<EnumDecl>,
    pub module_vars: Vec<ModuleVarInfo>,
    pub texts: Vec<Box<str>>,
    pub exprs: Vec<Expr>,
    pub stmts: Vec<Stmt>,
    pub blocks: Vec<Block>,
    pub patterns: Vec<Pattern>,
    pub places: Vec<Place>,
    /// What is enforced under `--strict-types`; else empty.
    pub annotations: Vec<Annotation>,
    /// Literals that name annotations by their ids, which loading replaces by the numbers they get.
    pub annotation_numbers: Vec<ExprId>,
    /// `test`, `bench`, `test_group` … declarations in source order; `ruff run` ignores them.
    pub tests: Vec<TestItem>,
}

impl Program {
    /// Whether some method of this name changes its receiver.
    pub fn may_mutate(&self, name: TextId) -> bool {
        let mutating = |func: FuncId| matches!(self[func].self_mode, SelfMode::Mutating | SelfMode::MaybeMutating);
        let structs = self.structs.iter().flat_map(|decl| &decl.methods);
        let enums = self.enums.iter().flat_map(|decl| &decl.methods);
        builtins::is_mutating_method(&self[name])
            || structs.chain(enums).any(|method| method.name == name && mutating(method.func))
    }

    /// What a loop over `e.chars()` asks for its characters: if that is a text, the loop takes them one by one, without a list of them.
    pub fn chars_of(&self, iterable: ExprId) -> Option<Receiver> {
        let ExprKind::Method { recv, name, args, .. } = &self[iterable].kind else { return None };
        let is_read = match recv {
            Receiver::Value(_) => true,
            Receiver::Place(place) => self[*place].is_keyless() && !self.may_mutate(*name),
        };
        (is_read && args.positional.is_empty() && args.named.is_empty() && self[*name] == *"chars").then_some(*recv)
    }
}

macro_rules! arena {
    ($($id:ident => $field:ident : $node:ident),* $(,)?) => {$(
        impl std::ops::Index<$id> for Program {
            type Output = $node;
            #[inline]
            fn index(&self, id: $id) -> &$node { &self.$field[id.index()] }
        }
    )*};
}
arena! {
    ExprId => exprs: Expr, StmtId => stmts: Stmt, BlockId => blocks: Block, PatId => patterns: Pattern,
    PlaceId => places: Place, FuncId => functions: Function, StructId => structs: StructDecl, EnumId => enums: EnumDecl,
    ModuleId => modules: Module, ModuleVar => module_vars: ModuleVarInfo, AnnotationId => annotations: Annotation,
}
impl std::ops::Index<TextId> for Program {
    type Output = str;
    #[inline]
    fn index(&self, id: TextId) -> &str {
        &self.texts[id.index()]
    }
}

impl Program {
    /// The operand of an operation that can work in place on it: `a` of `a + e`, `f(a, e)`, `[...a, e]`, `{...a, k: e}`,
    /// `P { ...a, f: e }`, `"${a}…"`.
    pub fn first_operand(&self, value: ExprId) -> Option<ExprId> {
        match &self[value].kind {
            ExprKind::Binary(BinaryOp::Add, left, _) => Some(*left),
            ExprKind::CallBuiltin { args, .. } if args.is_plain() => match args.positional.first() {
                Some(&Item::One(first)) => Some(first),
                _ => None,
            },
            ExprKind::Array(items) => match items.first() {
                Some(&Item::Spread(first)) => Some(first),
                _ => None,
            },
            ExprKind::Dict(items) => match items.first() {
                Some(&DictItem::Spread(first)) => Some(first),
                _ => None,
            },
            ExprKind::StructLit { items, .. } => match items.first() {
                Some(&FieldItem::Spread(first)) => Some(first),
                _ => None,
            },
            ExprKind::Interp(parts) if parts.len() > 1 => match parts[0] {
                Part::Value(first) => Some(first),
                Part::Text(_) | Part::Formatted { .. } => None,
            },
            _ => None,
        }
    }
}

/// One source file. `body` is its top level as a function without parameters (`<main>`).
#[derive(Debug)]
pub struct Module {
    pub name: TextId,
    pub source: SourceId,
    pub body: FuncId,
    /// Exported names and what they are; the namespace `m` in `m.x` looks here.
    pub exports: Vec<(TextId, Export)>,
    /// Its nodes in [`Program::exprs`] and [`Program::stmts`].
    pub exprs: Range<usize>,
    pub stmts: Range<usize>,
}

/// What an exported name stands for.
#[derive(Clone, Copy, Debug)]
pub enum Export {
    Var(ModuleVar),
    Func(FuncId),
    Struct(StructId),
    Enum(EnumId),
}

/// A module-table entry. It is `Uninit` until its binding has run.
#[derive(Debug)]
pub struct ModuleVarInfo {
    pub module: ModuleId,
    pub name: TextId,
    pub span: Span,
    /// Assigned exactly once, by its declaration.
    pub constant: bool,
}

/// Where a variable lives, seen from the running function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Var {
    /// A slot of this frame holding the value itself.
    Local(Slot),
    /// A slot of this frame holding a cell (captured by a closure and assigned afterwards, or before it is initialised).
    LocalCell(Slot),
    /// Captured value number n of the running closure; never assigned.
    Capture(u32),
    /// Captured cell number n of the running closure.
    CaptureCell(u32),
    /// An entry of the isolate's module table.
    Module(ModuleVar),
    /// The running closure itself (a nested `func`, or a name bound once to a function literal, naming itself).
    SelfFn,
}

/// Whether a read may empty its variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Take {
    /// The variable keeps its value.
    No,
    /// A plain local that nobody reads afterwards, handlers and `finally` of this function included: move it out.
    /// As an argument of a call it is loaded where it stands like any other (it is dead whatever happens).
    Dead,
    /// The read is the operand that an operation consumes whose result is assigned to the same variable
    /// (`x = x + e`, `x = f(x, e)` with a builtin `f`, `x = [...x, e]`, `x = {...x, k: e}`, `x = P { ...x, f: e }`,
    /// `x = "${x}…"`, `[x, y] := pop(x)`). It is the *first* operand.
    /// `deferred` (plain local that the other operands do not assign): read it after the other operands, by moving it out.
    /// Otherwise (cell, capture, module variable): read a copy first; when the operation runs, if the variable still holds
    /// the very same object, the variable's own reference is released first.
    /// Either way the variable gets its value back if the operation fails, and before user code (an overload) runs.
    Update { deferred: bool },
}

#[derive(Debug)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

/// The tag is a byte of its own, so that a walker finds its case without arithmetic.
#[derive(Debug)]
#[repr(u8)]
pub enum ExprKind {
    Null,
    Bool(bool),
    Int(i64),
    /// Decimal digits of an integer literal beyond 64 bits.
    BigInt(TextId),
    Float(f64),
    Str(TextId),
    /// A named constant of the prelude (`PI`).
    Constant(ConstantId),
    /// Reads a variable; `name` for `Undefined variable` and in-use errors.
    Var {
        var: Var,
        name: TextId,
        take: Take,
    },
    /// A function without captures.
    Func(FuncId),
    /// A new closure over `functions[f].captures`.
    Closure(FuncId),
    Builtin(BuiltinId),
    BuiltinType(BuiltinTypeId),
    Struct(StructId),
    Enum(EnumId),
    /// A variant without payload is its value; one with payload is its constructor function.
    Variant(EnumId, u32),
    /// An imported module as a value.
    Module(ModuleId),
    /// A namespace of builtins as a value (`math`).
    Namespace(NamespaceId),
    /// Raises `NameError` when reached; the text is the complete message.
    NameError(TextId),

    Array(Box<[Item]>),
    Dict(Box<[DictItem]>),
    /// `ty { field: v, ...base }`; `ty` evaluates to a struct type (nearly always [`ExprKind::Struct`]).
    StructLit {
        ty: ExprId,
        items: Box<[FieldItem]>,
    },
    /// Interpolated string.
    Interp(Box<[Part]>),

    Unary(UnaryOp, ExprId),
    Binary(BinaryOp, ExprId, ExprId),
    /// Short-circuit `&&`, `||`; the result is a bool.
    And(ExprId, ExprId),
    Or(ExprId, ExprId),
    /// Right side only if the left is null; a missing dict key directly on the left ([`ExprKind::Index`] or
    /// [`ExprKind::Field`] node) counts as null.
    /// `a ?? b ?? …`, two operands or more.
    Coalesce(Box<[ExprId]>),
    Range {
        start: ExprId,
        end: ExprId,
        inclusive: bool,
    },
    Index {
        base: ExprId,
        index: ExprId,
    },
    /// `base[start..end]`, with a range written inside the brackets. On a dict it is a look-up by the range as key
    /// (both ends present).
    Slice {
        base: ExprId,
        start: Option<ExprId>,
        end: Option<ExprId>,
        inclusive: bool,
    },
    /// `base.name`. `optional`: written `?.`, so that a missing dict key is null.
    Field {
        base: ExprId,
        name: TextId,
        optional: bool,
    },
    /// The value of `read`, an argument of a call that reads `place`, whose result, or what is made of it, is assigned to this very place
    /// (`x.f = g(x.f)`). Nothing looks at the place until then, whatever happens: if all containers on the way have one holder it gives up
    /// its own reference, so that the call may work in place. Its keys are literals and locals, so reading them again changes nothing.
    TakeOut {
        read: ExprId,
        place: PlaceId,
    },
    /// A postfix chain containing `?.`: the value of the inner expression, or null if an [`ExprKind::OptCheck`] left it.
    OptChain(ExprId),
    /// The value of the receiver, unless null: then the innermost enclosing `OptChain` is null at once.
    OptCheck(ExprId),

    Call {
        callee: ExprId,
        args: Args,
    },
    /// A call of a function known before execution (declared, without captures, never reassigned).
    CallFunc {
        func: FuncId,
        args: Args,
    },
    CallBuiltin {
        builtin: BuiltinId,
        args: Args,
    },
    /// Positional construction `Point(1, 2)` of a struct known before execution.
    Construct {
        decl: StructId,
        args: Args,
    },
    /// `Shape::Circle(2)` of a variant known before execution.
    MakeVariant {
        decl: EnumId,
        variant: u32,
        args: Args,
    },
    /// `recv.name(args)`. Order: index expressions of the place (or the receiver), arguments, walk, look-up.
    Method {
        recv: Receiver,
        name: TextId,
        args: Args,
        used: bool,
    },
    /// `base::name` that is not a variant known before execution.
    Path {
        base: ExprId,
        name: TextId,
    },

    If {
        cond: ExprId,
        then: BlockId,
        otherwise: Option<BlockId>,
    },
    Match(Box<Match>),
    /// A block whose `value` is the value.
    Block(BlockId),
    /// `e?`
    Try(ExprId),
    Throw(ExprId),
    Return(Option<ExprId>),
    Break(LoopId),
    Continue(LoopId),
    Await(ExprId),
    Yield(Option<ExprId>),
    YieldFrom(ExprId),
    /// `spawn { … }`: the block as a function without parameters.
    Spawn(FuncId),
}

#[derive(Debug)]
pub enum Item {
    One(ExprId),
    Spread(ExprId),
}

#[derive(Debug)]
pub enum DictItem {
    /// Key, value.
    Pair(ExprId, ExprId),
    Spread(ExprId),
}

#[derive(Debug)]
pub enum FieldItem {
    Field { name: TextId, value: ExprId, span: Span },
    Spread(ExprId),
}

#[derive(Debug)]
pub enum Part {
    Text(TextId),
    Value(ExprId),
    Formatted { value: ExprId, spec: Box<FormatSpec> },
}

/// A format spec whose width and precision may be computed (evaluated after the value, width first).
#[derive(Debug, Clone)]
pub struct FormatSpec {
    pub fill: char,
    pub align: Option<Align>,
    pub plus: bool,
    pub alternate: bool,
    pub zero: bool,
    pub width: Option<SpecSize>,
    pub group: Option<char>,
    pub precision: Option<SpecSize>,
    /// One of `x X o b e E ? %`.
    pub kind: Option<char>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Center,
    Right,
}

#[derive(Debug, Clone, Copy)]
pub enum SpecSize {
    Fixed(u32),
    Computed(ExprId),
}

/// Arguments in source order: positional ones and spreads, then named ones.
#[derive(Debug, Default)]
pub struct Args {
    pub positional: Box<[Item]>,
    pub named: Box<[(TextId, ExprId)]>,
}

impl Args {
    /// Neither spreads nor names: `positional.len()` is the argument count.
    pub fn is_plain(&self) -> bool {
        self.named.is_empty() && self.positional.iter().all(|item| matches!(item, Item::One(_)))
    }
}

/// What a method is called on.
#[derive(Debug, Clone, Copy)]
pub enum Receiver {
    /// A temporary.
    Value(ExprId),
    /// A variable or a path into one: a mutating method updates it.
    Place(PlaceId),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnaryOp {
    Neg,
    /// Both `!e` and `not e`.
    Not,
    BitNot,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    BitAnd,
    BitOr,
    BitXor,
    Shl,
    Shr,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
}

/// A variable and a path into it.
#[derive(Debug)]
pub struct Place {
    pub root: Var,
    pub name: TextId,
    pub path: Box<[PathSegment]>,
    pub access: Access,
    /// The whole place, for faults of assignments to it.
    pub span: Span,
}

impl Place {
    /// Whether the path has only fields.
    pub fn is_keyless(&self) -> bool {
        self.path.iter().all(|segment| matches!(segment, PathSegment::Field(..)))
    }
}

/// Whether a place may be changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    Mutable,
    /// Rooted in `let`, `const`, `func` …: a mutating method that is reached is `Cannot mutate immutable binding: name`.
    Immutable,
    /// Rooted in an import.
    Import,
    /// Rooted in the `self` of a method that is not classified as mutating.
    ReadonlySelf,
    /// Rooted in the `self` of a mutating method (or of one mutating by name only: then it depends on the call).
    SelfPlace,
}

#[derive(Debug)]
pub enum PathSegment {
    Index(ExprId),
    /// A field name and its span.
    Field(TextId, Span),
}

/// Statements with an optional value.
#[derive(Debug, Default)]
pub struct Block {
    pub stmts: Box<[StmtId]>,
    /// In value position: the last statement if it is an expression. Evaluated after `stmts`.
    pub value: Option<ExprId>,
    /// Slots that get a fresh, uninitialised cell when the block is entered (each iteration for loop bodies).
    pub cells: Box<[Slot]>,
    /// Slots of the variables created in this block; dead after it. Engines clear them on leaving so that no value is
    /// kept alive (and shared) by a variable nobody can name.
    pub slots: Box<[Slot]>,
}

#[derive(Debug)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

/// The tag is a byte of its own, so that a walker finds its case without arithmetic.
#[derive(Debug)]
#[repr(u8)]
pub enum StmtKind {
    /// Evaluated, value discarded.
    Expr(ExprId),
    /// Stores to a whole variable. `declare`: this statement creates the binding. `var` is never a capture by value.
    Assign {
        var: Var,
        name: TextId,
        value: ExprId,
        declare: bool,
    },
    /// Takes a value apart: `[a, b] := e`. If `value` is an array literal without spreads and the pattern has only plain
    /// elements, engines build no array.
    Destructure {
        pattern: PatId,
        value: ExprId,
    },
    /// `a[i].x = e`: index expressions, value, then the store. `path` is never empty.
    /// `update`: the path has fields only, and the first operand of `value` ([`Program::first_operand`]) reads this very place
    /// to make it longer. It is consumed as [`Take::Update`] says of variables that others can reach.
    Store {
        place: PlaceId,
        value: ExprId,
        update: bool,
    },
    /// `place op= e` (also for whole variables, with an empty path): index expressions, `e`, then read–operate–store in one step.
    Update {
        place: PlaceId,
        op: UpdateOp,
        value: ExprId,
    },
    /// An `if` in statement position.
    If {
        cond: ExprId,
        then: BlockId,
        otherwise: Option<BlockId>,
    },
    Match(Box<Match>),
    Block(BlockId),
    While {
        id: LoopId,
        cond: ExprId,
        body: BlockId,
    },
    Loop {
        id: LoopId,
        body: BlockId,
    },
    For(Box<For>),
    Try(Box<Try>),
    Return(Option<ExprId>),
    Break(LoopId),
    Continue(LoopId),
    /// Runs the module once; its exports are module-table entries.
    Import(ModuleId),
    /// A missing module or a cycle: raises `ImportError` when reached; the text is the message.
    ImportError(TextId),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UpdateOp {
    Binary(BinaryOp),
    /// `??=`: stores only if the place is null or a missing dict key; then only `e` is evaluated.
    Coalesce,
}

#[derive(Debug)]
pub struct For {
    pub id: LoopId,
    /// Item, or key/position and item. The names it binds belong to `body`: its `cells` are made, each iteration, before the
    /// patterns bind, and its `slots` include theirs.
    pub first: PatId,
    pub second: Option<PatId>,
    pub iterable: ExprId,
    pub body: BlockId,
    /// First of three consecutive hidden slots for the engine's loop state.
    pub state: Slot,
    /// The iterable is an expression other than a plain variable or place: leaving early closes the iterator.
    pub close: bool,
    /// The iterable is a variable that nothing in the loop can change: it may be borrowed without counting.
    pub borrow: bool,
}

#[derive(Debug)]
pub struct Try {
    pub body: BlockId,
    pub except: Option<Except>,
    pub finally: Option<BlockId>,
    /// First of three consecutive hidden slots (pending completion of `finally`).
    pub state: Slot,
}

#[derive(Debug)]
pub struct Except {
    /// The variable that receives the `Error`. It belongs to `body`, whose cells are made before it is stored.
    pub var: Option<Var>,
    pub body: BlockId,
}

#[derive(Debug)]
pub struct Match {
    pub subject: ExprId,
    /// Hidden slot that holds the subject while arms are tried.
    pub slot: Slot,
    pub arms: Box<[Arm]>,
    /// `default:`, tried last.
    pub default: Option<BlockId>,
    /// In value position a `match` without a fitting arm raises; as a statement it does nothing.
    pub value: bool,
    pub span: Span,
}

#[derive(Debug)]
pub struct Arm {
    pub pattern: PatId,
    pub guard: Option<ExprId>,
    /// Includes the cells and slots of the pattern's names (cells are made before the pattern binds).
    pub body: BlockId,
}

#[derive(Debug)]
pub struct Pattern {
    pub kind: PatternKind,
    pub span: Span,
}

/// Patterns of `match` (a mismatch tries the next arm) and of destructuring (missing elements are null, a wrong kind is a `TypeError`).
#[derive(Debug)]
pub enum PatternKind {
    Wildcard,
    /// Stores the value to a variable. `declare` as in [`StmtKind::Assign`].
    Bind {
        var: Var,
        name: TextId,
        declare: bool,
    },
    /// A number, string, bool or null literal; compares with `==`.
    Literal(ExprId),
    /// Bounds are literals.
    Range {
        low: Option<ExprId>,
        high: Option<ExprId>,
        inclusive: bool,
    },
    BuiltinType(BuiltinTypeId),
    Struct(StructId),
    Enum(EnumId),
    /// `args: None` accepts any payload; otherwise the count was checked to fit, or [`PatternKind::NameError`] stands instead.
    Variant {
        decl: EnumId,
        variant: u32,
        args: Option<Box<[PatId]>>,
    },
    /// In `match`: exactly as many elements as named (at least, with a rest). In destructuring: missing ones are null.
    Array {
        before: Box<[ElementPattern]>,
        rest: Option<RestPattern>,
        after: Box<[ElementPattern]>,
    },
    /// Dicts and structs having these keys; `ty` restricts to one struct.
    Fields {
        ty: Option<StructId>,
        entries: Box<[FieldPattern]>,
        rest: Option<RestPattern>,
    },
    Or(Box<[PatId]>),
    /// The pattern, then the whole value to the second pattern (a `Bind`).
    As(PatId, PatId),
    /// Raises `NameError` when the arm is tried; the text is the message.
    NameError(TextId),
}

#[derive(Debug)]
pub struct ElementPattern {
    pub pattern: PatId,
    pub default: Option<ExprId>,
}

#[derive(Debug)]
pub struct FieldPattern {
    pub key: TextId,
    pub pattern: PatId,
    pub default: Option<ExprId>,
}

/// `...name` or `...` / `..._`.
#[derive(Debug)]
pub struct RestPattern {
    /// A `Bind` pattern.
    pub bind: Option<PatId>,
}
