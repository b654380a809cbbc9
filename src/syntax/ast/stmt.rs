//! Statements, declarations, targets, patterns and types.

use super::*;

// ----------------------------------------------------------------------------------------------- statements

#[derive(Clone, Copy, Debug)]
pub struct Block {
    pub stmts: List<StmtId>,
    /// With the braces, if there are any.
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub enum StmtKind {
    Error,
    /// Any expression, also `if`, `match`, `spawn`, jumps and `throw`.
    Expr(ExprId),
    /// `let`, `mut`, `const`: new bindings in this scope. The target holds no `Place`.
    Bind {
        kind: BindKind,
        target: TargetId,
        ty: Option<TypeId>,
        value: ExprId,
    },
    /// `target := value` or `target = value`, which mean the same.
    Assign {
        target: TargetId,
        ty: Option<TypeId>,
        value: ExprId,
    },
    /// `place op= value`. The place is a `Name`, or `Field`/`Index` nodes (never optional, no slices' open ends)
    /// over a `Name` or `SelfValue`.
    Update {
        op: UpdateOp,
        place: ExprId,
        value: ExprId,
    },
    /// `func name(…) { }`; the function has a name.
    Func(FuncId),
    Struct(StructId),
    Enum(EnumId),
    Impl(ImplId),
    While {
        label: Option<Name>,
        condition: ExprId,
        body: BlockId,
    },
    Loop {
        label: Option<Name>,
        body: BlockId,
    },
    /// `for first in iterable` or `for first, second in iterable`.
    For {
        label: Option<Name>,
        first: TargetId,
        second: Option<TargetId>,
        iterable: ExprId,
        body: BlockId,
    },
    /// At least one of `handler` and `finally` is there, unless an error was reported.
    Try {
        body: BlockId,
        handler: Option<Handler>,
        finally: Option<BlockId>,
    },
    /// `import a.b as m`.
    Import {
        path: List<Name>,
        alias: Option<Name>,
    },
    /// `from a.b import x, y as z`.
    ImportFrom {
        path: List<Name>,
        items: List<ImportItem>,
    },
    /// `from a.b import *`.
    ImportAll {
        path: List<Name>,
    },
    /// `export` before a `Func`, `Struct`, `Enum`, `Bind` or `Assign` statement.
    Export(StmtId),
    /// `export a, b`.
    ExportNames(List<Name>),
    /// `test "name" { }` and its like; `name` is empty for words that take none.
    Test {
        word: TestWord,
        name: Text,
        body: BlockId,
    },
}

/// The words that declare tests and benchmarks. They are names like any other elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum TestWord {
    Test,
    TestGroup,
    TestSetup,
    TestTeardown,
    Bench,
    BenchGroup,
    BenchSetup,
}

impl TestWord {
    const ALL: [TestWord; 7] = {
        use TestWord as W;
        [W::Test, W::TestGroup, W::TestSetup, W::TestTeardown, W::Bench, W::BenchGroup, W::BenchSetup]
    };

    pub fn find(text: &str) -> Option<TestWord> {
        TestWord::ALL.into_iter().find(|word| word.text() == text)
    }

    pub fn text(self) -> &'static str {
        match self {
            TestWord::Test => "test",
            TestWord::TestGroup => "test_group",
            TestWord::TestSetup => "test_setup",
            TestWord::TestTeardown => "test_teardown",
            TestWord::Bench => "bench",
            TestWord::BenchGroup => "bench_group",
            TestWord::BenchSetup => "bench_setup",
        }
    }

    /// Whether a text stands between the word and the block.
    pub fn is_named(self) -> bool {
        match self {
            TestWord::Test | TestWord::TestGroup | TestWord::Bench | TestWord::BenchGroup => true,
            TestWord::TestSetup | TestWord::TestTeardown | TestWord::BenchSetup => false,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum BindKind {
    Let,
    Mut,
    Const,
}

impl BindKind {
    pub fn text(self) -> &'static str {
        match self {
            BindKind::Let => "let",
            BindKind::Mut => "mut",
            BindKind::Const => "const",
        }
    }
}

/// `except name { }`.
#[derive(Clone, Copy, Debug)]
pub struct Handler {
    pub name: Option<Name>,
    pub body: BlockId,
}

/// `name` or `name as alias` after `from … import`.
#[derive(Clone, Copy, Debug)]
pub struct ImportItem {
    pub name: Name,
    pub alias: Option<Name>,
}

// --------------------------------------------------------------------------------------------- declarations

/// A function: declared, anonymous, lambda or method.
#[derive(Clone, Copy, Debug)]
pub struct Func {
    /// None for lambdas and anonymous functions.
    pub name: Option<Name>,
    pub params: List<Param>,
    pub result: Option<TypeId>,
    pub body: FuncBody,
    pub is_async: bool,
    pub is_generator: bool,
    /// Written with `=>`.
    pub is_lambda: bool,
    /// From `async`, `func` or the first parameter to the end of the body.
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub enum FuncBody {
    /// Gives a value only by `return`.
    Block(BlockId),
    /// Of a lambda without braces: the expression is the result. It may be a jump, `Throw` or `Yield`.
    Expr(ExprId),
}

#[derive(Clone, Copy, Debug)]
pub struct Param {
    pub kind: ParamKind,
    /// For `_` and `self` the name is that word.
    pub name: Name,
    pub ty: Option<TypeId>,
    pub default: Option<ExprId>,
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParamKind {
    /// `name`. After a `Rest` it is passed by name only.
    Plain,
    /// `_`: takes an argument and binds nothing.
    Ignored,
    /// `...name`; at most one.
    Rest,
    /// `self`; the parser has seen to it that it is the first. That it is a method is for the resolver to check.
    SelfValue,
    /// `mut self`.
    MutSelf,
}

#[derive(Clone, Copy, Debug)]
pub struct Struct {
    pub name: Name,
    pub fields: List<Field>,
    pub methods: List<FuncId>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: Name,
    pub ty: Option<TypeId>,
    pub default: Option<ExprId>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub struct Enum {
    pub name: Name,
    pub variants: List<Variant>,
    pub methods: List<FuncId>,
    pub span: Span,
}

/// `Rect(w, h: float)` or `Empty`; `Empty()` has an empty payload too.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    pub name: Name,
    pub payload: List<Payload>,
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub struct Payload {
    pub name: Name,
    pub ty: Option<TypeId>,
}

/// `impl Name { func … }`.
#[derive(Clone, Copy, Debug)]
pub struct Impl {
    pub name: Name,
    pub methods: List<FuncId>,
    pub span: Span,
}

// -------------------------------------------------------------------------------------------------- targets

/// What a binding or assignment stores into.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    pub kind: TargetKind,
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub enum TargetKind {
    Error,
    /// The symbol of a name; the target's span is the name's.
    Name(Symbol),
    /// `_`
    Ignored,
    /// `[a, [b, _], c = 1, ...rest]`
    Array(List<TargetElement>),
    /// `{k, other: name, nested: {x}, k = 1, ...rest}`
    Dict(List<TargetEntry>),
    /// `p.x`, `xs[i]`, `self.a[0].b`: `Field` and `Index` nodes over a `Name` or `SelfValue`, or `self` alone. Only
    /// as the whole target of an `Assign`.
    Place(ExprId),
}

#[derive(Clone, Copy, Debug)]
pub enum TargetElement {
    Item {
        target: TargetId,
        default: Option<ExprId>,
    },
    /// `...name`; the last element.
    Rest(Name),
}

#[derive(Clone, Copy, Debug)]
pub enum TargetEntry {
    /// `key: target = default`; of the shorthand `key` the target is the name itself.
    Item { key: Name, target: TargetId, default: Option<ExprId> },
    /// `...name`; the last entry.
    Rest(Name),
}

// ------------------------------------------------------------------------------------------------- patterns

/// What a `case` tries.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    pub kind: PatternKind,
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub enum PatternKind {
    Error,
    /// `_`
    Ignored,
    /// `Null`, `Bool`, `Int`, `BigInt`, `Float`, `Str`, or `Unary { Neg }` of a number.
    Literal(ExprId),
    /// `a..b`, `..=b`, `a..`: the ends are literals as above (numbers or strings); at least one is there.
    Range {
        start: Option<ExprId>,
        end: Option<ExprId>,
        inclusive: bool,
    },
    /// `x`, `int`, `None`, `Shape::Empty`, `m.Point`: a variant, a type, or – a single name that resolves to
    /// nothing – a binding.
    Name(List<Name>),
    /// `Circle(r)`, `Shape::Rect(w, _)`.
    Variant {
        path: List<Name>,
        payload: List<PatternId>,
    },
    /// `{kind: "ok", value}` (empty path) or `Point { x, y: 0 }`.
    Fields {
        path: List<Name>,
        entries: List<PatternEntry>,
    },
    /// `[first, ...rest]`; at most one rest, anywhere.
    Array(List<PatternElement>),
    /// `a | b | c`, at least two.
    Or(List<PatternId>),
    /// `pattern as name`.
    As {
        pattern: PatternId,
        name: Name,
    },
}

#[derive(Clone, Copy, Debug)]
pub enum PatternElement {
    Item(PatternId),
    /// `...name`; `..._` has no name.
    Rest {
        name: Option<Name>,
        span: Span,
    },
}

#[derive(Clone, Copy, Debug)]
pub enum PatternEntry {
    /// `key: pattern = default`. Of the shorthand `key` the pattern is none and the key binds itself – always, even
    /// if a type or variant has that name.
    Item { key: Name, pattern: Option<PatternId>, default: Option<ExprId> },
    /// `...name`
    Rest(Name),
}

// ---------------------------------------------------------------------------------------------------- types

#[derive(Clone, Copy, Debug)]
pub struct Type {
    pub kind: TypeKind,
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub enum TypeKind {
    Error,
    Null,
    /// `int`, `m.Point`, `dict<K, V>`.
    Path {
        path: List<Name>,
        args: List<TypeId>,
    },
    /// `func(A, B) -> R`
    Func {
        params: List<TypeId>,
        result: Option<TypeId>,
    },
    /// `T?`
    Optional(TypeId),
    /// `A | B`, at least two.
    Union(List<TypeId>),
}

const _: () = {
    // Trees are large; a field that makes these grow should be noticed.
    assert!(size_of::<Option<ExprId>>() == 4);
    assert!(size_of::<Expr>() <= 40);
    assert!(size_of::<Stmt>() <= 40);
};
