//! The tree of one source text, kept in arenas.
//!
//! Nodes live in vectors of the `Ast` and refer to each other by typed ids; lists are ranges into pools, read
//! with `ast.list(range)`. Nothing here recurses when it is dropped, cloned or moved, however deep the program.
//!
//! What always holds:
//! - A child is allocated before its parent, so its id is smaller: a pass may run over `ast.exprs` in order.
//! - Every node has a span within its parent's. Names carry their own span.
//! - Identifiers are in NFC; `Symbol`s of one `Ast` are equal iff their texts are.
//! - After errors the tree is still complete: a place that could not be read is an `Error` node.
//!
//! Left-nested chains (`1 + 1 + …`, `a.b().c()…`) may be as deep as the text is long, and `a ?? b ?? …`, which nests to
//! the right, too; walk their spine with a loop. Everything else is at most `MAX_NESTING` deep, apart from those spines.

mod stmt;

pub use stmt::*;

use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::ops::Index;

use super::names::Names;
use crate::source::{SourceId, Span};

/// How deep brackets, blocks and prefix operators may nest.
pub const MAX_NESTING: u32 = 2000;

/// Implemented for everything that has an arena.
pub trait Node {
    type Id;
    fn add_to(self, ast: &mut Ast) -> Self::Id;
}

macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident => $node:ident in $arena:ident;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
            pub struct $id(NonZeroU32);

            impl $id {
                /// The id of the node at `index` of its arena.
                pub fn new(index: usize) -> $id {
                    // One is added so that `Option<Id>` takes no more room than `Id`.
                    let number = u32::try_from(index + 1).expect("an arena holds fewer nodes than the text has bytes");
                    $id(NonZeroU32::MIN.saturating_add(number - 1))
                }

                pub fn index(self) -> usize {
                    self.0.get() as usize - 1
                }
            }

            impl fmt::Debug for $id {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, concat!(stringify!($id), "({})"), self.index())
                }
            }

            impl Index<$id> for Ast {
                type Output = $node;
                fn index(&self, id: $id) -> &$node {
                    &self.$arena[id.index()]
                }
            }

            impl Node for $node {
                type Id = $id;
                fn add_to(self, ast: &mut Ast) -> $id {
                    let id = $id::new(ast.$arena.len());
                    ast.$arena.push(self);
                    id
                }
            }
        )*
    };
}

ids! {
    ExprId => Expr in exprs;
    StmtId => Stmt in stmts;
    BlockId => Block in blocks;
    TargetId => Target in targets;
    PatternId => Pattern in patterns;
    TypeId => Type in types;
    FuncId => Func in funcs;
    StructId => Struct in structs;
    EnumId => Enum in enums;
    ImplId => Impl in impls;
    FormatId => Format in formats;
}

/// A run of `T` in the pool for `T`; read it with `ast.list(range)` or `&ast[range]`.
pub struct List<T> {
    start: u32,
    len: u32,
    of: PhantomData<fn() -> T>,
}

impl<T> List<T> {
    pub const EMPTY: List<T> = List { start: 0, len: 0, of: PhantomData };

    pub fn len(self) -> usize {
        self.len as usize
    }

    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<T> {}

impl<T> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        self.start == other.start && self.len == other.len
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "List({}+{})", self.start, self.len)
    }
}

/// Implemented for everything that stands in lists: where its pool is.
pub trait Pooled: Sized {
    fn pool(pools: &Pools) -> &Vec<Self>;
    fn pool_mut(pools: &mut Pools) -> &mut Vec<Self>;
}

macro_rules! pools {
    ($($name:ident: $item:ty,)*) => {
        /// The pools that lists are ranges of.
        #[derive(Debug, Default, Clone)]
        pub struct Pools { $($name: Vec<$item>),* }

        $(impl Pooled for $item {
            fn pool(pools: &Pools) -> &Vec<Self> { &pools.$name }
            fn pool_mut(pools: &mut Pools) -> &mut Vec<Self> { &mut pools.$name }
        })*
    };
}

pools! {
    stmts: StmtId,
    names: Name,
    elements: Element,
    entries: DictEntry,
    inits: FieldInit,
    args: Arg,
    parts: Part,
    if_arms: IfArm,
    match_arms: MatchArm,
    params: Param,
    fields: Field,
    funcs: FuncId,
    variants: Variant,
    payloads: Payload,
    target_elements: TargetElement,
    target_entries: TargetEntry,
    patterns: PatternId,
    pattern_elements: PatternElement,
    pattern_entries: PatternEntry,
    types: TypeId,
    import_items: ImportItem,
}

/// An interned identifier of one `Ast`; `ast.text_of(symbol)` is its text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct Symbol(pub NonZeroU32);

/// An identifier (or keyword standing for one) at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Name {
    pub symbol: Symbol,
    pub span: Span,
}

/// Text made by the parser (string contents, big digits, doc comments): a range of `ast.text`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Text {
    pub start: u32,
    pub end: u32,
}

/// The tree of one source text.
#[derive(Debug, Clone)]
pub struct Ast {
    pub source: SourceId,
    /// The statements of the top level.
    pub body: List<StmtId>,
    /// The whole text.
    pub span: Span,
    pub exprs: Vec<Expr>,
    pub stmts: Vec<Stmt>,
    pub blocks: Vec<Block>,
    pub targets: Vec<Target>,
    pub patterns: Vec<Pattern>,
    pub types: Vec<Type>,
    pub funcs: Vec<Func>,
    pub structs: Vec<Struct>,
    pub enums: Vec<Enum>,
    pub impls: Vec<Impl>,
    pub formats: Vec<Format>,
    pub pools: Pools,
    /// Identifiers by `Symbol`.
    pub names: Names,
    /// What `Text` ranges point into.
    pub text: String,
    /// Doc comments by the offset of the token they stand before, ascending. Read with `ast.doc`.
    pub docs: Vec<(u32, Text)>,
}

impl Ast {
    pub fn new(source: SourceId) -> Ast {
        Ast {
            source,
            body: List::EMPTY,
            span: Span::default(),
            exprs: Vec::new(),
            stmts: Vec::new(),
            blocks: Vec::new(),
            targets: Vec::new(),
            patterns: Vec::new(),
            types: Vec::new(),
            funcs: Vec::new(),
            structs: Vec::new(),
            enums: Vec::new(),
            impls: Vec::new(),
            formats: Vec::new(),
            pools: Pools::default(),
            names: Names::new(),
            text: String::new(),
            docs: Vec::new(),
        }
    }

    pub fn list<T: Pooled>(&self, list: List<T>) -> &[T] {
        &T::pool(&self.pools)[list.start as usize..(list.start + list.len) as usize]
    }

    /// Puts a node into its arena.
    pub fn add<N: Node>(&mut self, node: N) -> N::Id {
        node.add_to(self)
    }

    /// Moves the items from `from` on out of `items` into a new list.
    pub fn add_list<T: Pooled>(&mut self, items: &mut Vec<T>, from: usize) -> List<T> {
        let pool = T::pool_mut(&mut self.pools);
        let start = pool.len() as u32;
        pool.extend(items.drain(from..));
        List { start, len: pool.len() as u32 - start, of: PhantomData }
    }

    /// The text of an identifier.
    pub fn text_of(&self, symbol: Symbol) -> &str {
        self.names.get(symbol)
    }

    /// The text of a name.
    pub fn name(&self, name: Name) -> &str {
        self.names.get(name.symbol)
    }

    /// Contents of a string literal and the like.
    pub fn str(&self, text: Text) -> &str {
        &self.text[text.start as usize..text.end as usize]
    }

    /// The `///` comment before the declaration that starts at byte `offset` (for exported ones that is the
    /// start of the `Export` statement), lines joined by `\n`.
    pub fn doc(&self, offset: u32) -> Option<&str> {
        let at = self.docs.binary_search_by_key(&offset, |&(place, _)| place).ok()?;
        Some(self.str(self.docs[at].1))
    }

    pub fn span_of(&self, expr: ExprId) -> Span {
        self[expr].span
    }

    /// `expr` without the parentheses around it.
    pub fn unparenthesised(&self, mut expr: ExprId) -> ExprId {
        while let ExprKind::Paren(inner) = self[expr].kind {
            expr = inner;
        }
        expr
    }
}

impl<T: Pooled> Index<List<T>> for Ast {
    type Output = [T];
    fn index(&self, list: List<T>) -> &[T] {
        self.list(list)
    }
}

// ---------------------------------------------------------------------------------------------- expressions

#[derive(Clone, Copy, Debug)]
pub struct Expr {
    pub kind: ExprKind,
    /// The whole expression: of a binary one from its left to its right operand, of a call with its `)`.
    pub span: Span,
}

#[derive(Clone, Copy, Debug)]
pub enum ExprKind {
    /// Something that could not be read; a diagnostic says why.
    Error,
    Null,
    Bool(bool),
    Int(i64),
    /// An int literal beyond i64, as written but without `_` (`0xffff…`, `0b…`, `0o…`, decimal).
    BigInt(Text),
    Float(f64),
    /// A string without interpolation; the text is what it means, escapes and indentation done.
    Str(Text),
    /// A string with `${…}`; its pieces in order, empty ones left out.
    Interpolated(List<Part>),
    Name(Symbol),
    SelfValue,
    /// `(e)`. Kept because `(e?).x`, `(a < b) < c`, `v |> (f(x))` differ from the same without.
    Paren(ExprId),
    Array(List<Element>),
    Dict(List<DictEntry>),
    /// `Point { x: 1, y }`, `m.Point { … }`; the path has at least one name.
    StructLiteral {
        path: List<Name>,
        fields: List<FieldInit>,
    },
    Unary {
        op: UnaryOp,
        operand: ExprId,
    },
    /// Operators that always evaluate both sides. `op_span` is the operator itself.
    Binary {
        op: BinaryOp,
        left: ExprId,
        right: ExprId,
        op_span: Span,
    },
    /// `&& || ??`: the right side may not run. It may be a jump, `Throw`, `Yield` or lambda.
    Logical {
        op: LogicalOp,
        left: ExprId,
        right: ExprId,
    },
    /// `value |> target`. A target that is syntactically a `Call` or `MethodCall` (no `Paren` around it) gets the
    /// value as first argument; a jump, `Throw` or `Yield` just runs; any other target is called with the value.
    Pipe {
        value: ExprId,
        target: ExprId,
    },
    /// `a..b`, `a..=b`. An end is missing only directly as the index of an `Index`.
    Range {
        start: Option<ExprId>,
        end: Option<ExprId>,
        inclusive: bool,
    },
    /// `f(…)`, where `f` is any expression but a `Field` (that is `MethodCall`).
    Call {
        callee: ExprId,
        args: List<Arg>,
    },
    /// `receiver.method(…)`, or `receiver?.method(…)` if `optional`.
    MethodCall {
        receiver: ExprId,
        method: Name,
        args: List<Arg>,
        optional: bool,
    },
    /// `base.name`, or `base?.name` if `optional`.
    Field {
        base: ExprId,
        name: Name,
        optional: bool,
    },
    /// `base::name`. `Shape::Circle(2)` is a `Call` of it.
    Variant {
        base: ExprId,
        name: Name,
    },
    /// `base[index]`; a slice if `index` is a `Range` (no `Paren` around it).
    Index {
        base: ExprId,
        index: ExprId,
    },
    /// A whole postfix chain that contains at least one `?.`: where it gives null if a receiver is null.
    OptionalChain(ExprId),
    /// `e?`.
    Try(ExprId),
    Await(ExprId),
    Yield(Option<ExprId>),
    /// `yield* e`.
    YieldFrom(ExprId),
    Throw(ExprId),
    /// A lambda or `func` without a name.
    Func(FuncId),
    /// `if c { } else if d { } else { }`; the arms are the conditions in order. As the whole of an expression
    /// statement it has no value, unless that statement is the last of a block whose value is used.
    If {
        arms: List<IfArm>,
        otherwise: Option<BlockId>,
    },
    Match {
        subject: ExprId,
        arms: List<MatchArm>,
    },
    Spawn(BlockId),
    /// Jumps are expressions because they may stand right of `?? || && |>` and after `=>`; everywhere else the
    /// parser admits them only as a statement.
    Return(Option<ExprId>),
    Break(Option<Name>),
    Continue(Option<Name>),
}

/// Prefix operators.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `!` and `not`
    Not,
    /// `~`
    BitNot,
}

impl UnaryOp {
    pub fn text(self) -> &'static str {
        match self {
            UnaryOp::Neg => "-",
            UnaryOp::Not => "!",
            UnaryOp::BitNot => "~",
        }
    }
}

/// Binary operators that always evaluate both operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
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

impl BinaryOp {
    pub fn text(self) -> &'static str {
        match self {
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Mod => "%",
            BinaryOp::Pow => "**",
            BinaryOp::BitAnd => "&",
            BinaryOp::BitOr => "|",
            BinaryOp::BitXor => "^",
            BinaryOp::Shl => "<<",
            BinaryOp::Shr => ">>",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::In => "in",
            BinaryOp::NotIn => "not in",
        }
    }
}

/// Operators whose right side may not run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum LogicalOp {
    And,
    Or,
    /// `??`
    Coalesce,
}

impl LogicalOp {
    pub fn text(self) -> &'static str {
        match self {
            LogicalOp::And => "&&",
            LogicalOp::Or => "||",
            LogicalOp::Coalesce => "??",
        }
    }
}

/// The operator of `place op= e`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum UpdateOp {
    /// One of `+ - * / % ** & | ^ << >>`.
    Binary(BinaryOp),
    /// `??=`: assigns only if the place is null (or a dict key is missing).
    Coalesce,
}

/// An element of an array literal.
#[derive(Clone, Copy, Debug)]
pub enum Element {
    Item(ExprId),
    /// `...e`
    Spread(ExprId),
}

/// An entry of a dict literal.
#[derive(Clone, Copy, Debug)]
pub enum DictEntry {
    /// `key: value`
    Pair { key: DictKey, value: ExprId },
    /// `{name}`: the string key and the variable of that name; `value` is a `Name` expression.
    Shorthand { name: Name, value: ExprId },
    /// `...e`
    Spread(ExprId),
}

/// The key of a dict entry.
#[derive(Clone, Copy, Debug)]
pub enum DictKey {
    /// A bare name or keyword, which stands for that string.
    Name(Name),
    /// Any other expression (string, number, `(e)`, `null`, `true`, …), which stands for its value.
    Expr(ExprId),
}

/// A field in a struct literal.
#[derive(Clone, Copy, Debug)]
pub enum FieldInit {
    /// `name: value`; of the shorthand `name` the value is a `Name` expression with the name's span.
    Field { name: Name, value: ExprId },
    /// `...base`
    Spread(ExprId),
}

/// An argument of a call.
#[derive(Clone, Copy, Debug)]
pub enum Arg {
    Positional(ExprId),
    /// `...e`
    Spread(ExprId),
    /// `name: e` or `name = e`; all of these follow the others.
    Named {
        name: Name,
        value: ExprId,
    },
}

impl Arg {
    pub fn value(self) -> ExprId {
        match self {
            Arg::Positional(value) | Arg::Spread(value) | Arg::Named { value, .. } => value,
        }
    }
}

/// A piece of an interpolated string.
#[derive(Clone, Copy, Debug)]
pub enum Part {
    Text(Text),
    /// `${value}` or `${value:format}`.
    Value {
        value: ExprId,
        format: Option<FormatId>,
    },
}

/// A format specification: `[[fill](<|^|>)][+][#][0][width][,|_][.precision][kind]`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Format {
    /// Only together with `align`.
    pub fill: Option<char>,
    pub align: Option<Align>,
    /// `+`: also positive numbers get a sign.
    pub sign: bool,
    /// `#`: with the prefix `0x`, `0o`, `0b`.
    pub alternate: bool,
    /// `0`: pad with zeros after the sign.
    pub zero: bool,
    pub width: Option<FormatSize>,
    /// `,` or `_` between groups of digits.
    pub group: Option<char>,
    pub precision: Option<FormatSize>,
    pub kind: Option<FormatKind>,
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    Left,
    Center,
    Right,
}

#[derive(Clone, Copy, Debug)]
pub enum FormatSize {
    Fixed(u32),
    /// `{expr}`
    Expr(ExprId),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FormatKind {
    /// `x`
    HexLower,
    /// `X`
    HexUpper,
    /// `o`
    Octal,
    /// `b`
    Binary,
    /// `e`
    ExpLower,
    /// `E`
    ExpUpper,
    /// `?`
    Debug,
    /// `%`
    Percent,
}

/// `if` or `else if` with its condition.
#[derive(Clone, Copy, Debug)]
pub struct IfArm {
    pub condition: ExprId,
    pub body: BlockId,
}

/// An arm of a `match`.
#[derive(Clone, Copy, Debug)]
pub struct MatchArm {
    /// None for `default`, which is tried last wherever it stands; there is at most one.
    pub pattern: Option<PatternId>,
    pub guard: Option<ExprId>,
    /// A body without braces is a block of one statement.
    pub body: BlockId,
    /// From `case` to the end of the body.
    pub span: Span,
}
