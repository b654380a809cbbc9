//! Declarations of the resolved tree: functions, structs, enums, blocks of tests.
use super::*;

/// A function, method, lambda, module body, spawn block or default-value thunk.
#[derive(Debug)]
pub struct Function {
    /// As traces and `<func name>` show it: `area`, `Account.deposit`, `<lambda>`, `<main>`.
    pub name: TextId,
    pub kind: FunctionKind,
    pub module: ModuleId,
    pub is_async: bool,
    pub is_generator: bool,
    pub self_mode: SelfMode,
    /// Without `self`. With a `self`, it is slot 0 and parameters follow; otherwise they begin at slot 0.
    /// Parameter n (rest included) arrives in slot n (+1 with `self`).
    pub params: Box<[Param]>,
    /// Parameter slots (or slot 0 of `self`) whose value moves into a fresh cell on entry: parameter by parameter, each right
    /// after its own default was evaluated (if it was needed), so that later defaults already see the cell.
    pub cell_params: Box<[Slot]>,
    /// What a closure takes along, in order; seen from the function that creates it.
    pub captures: Box<[Capture]>,
    /// Number of slots, parameters and hidden ones included.
    pub slots: u32,
    /// Number of loops.
    pub loops: u32,
    /// Gives no value: results leave by `Return` (of expression lambdas, field defaults and `spawn` blocks, too); falling off
    /// the end is null.
    pub body: BlockId,
    /// Names of slots for dumps and `Undefined variable`; hidden slots have none.
    pub slot_names: Vec<Option<TextId>>,
    pub span: Span,
    /// The name in the declaration (or the whole lambda), where traces of it point.
    pub name_span: Span,
    pub doc: Option<TextId>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FunctionKind {
    Main,
    Function,
    Lambda,
    /// Method of a struct (with or without `self`, see [`SelfMode`]).
    Method,
    /// Value of a field default; no parameters. Its frame is part of the constructing expression's.
    FieldDefault,
    /// Constructor function of a variant with payload: has no body of its own.
    VariantConstructor(EnumId, u32),
    SpawnBlock,
    Test,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SelfMode {
    /// Plain function or static method.
    None,
    /// Instance method that does not change `self`.
    Value,
    /// Mutating: `self` lives at the caller's place during the call.
    Mutating,
    /// Mutating only through user method names: read-only where the place may not be changed.
    MaybeMutating,
}

#[derive(Debug)]
pub struct Param {
    pub name: TextId,
    pub kind: ParamKind,
    /// Evaluated on entry, left to right, if the argument is missing (the slot then holds `Uninit`).
    pub default: Option<ExprId>,
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParamKind {
    Positional,
    Rest,
    /// After a rest parameter.
    NamedOnly,
}

/// One captured variable, as the creating function sees it.
#[derive(Clone, Copy, Debug)]
pub struct Capture {
    /// `Local`/`Capture`/`SelfFn` copy the value; `LocalCell`/`CaptureCell` share the cell.
    pub from: Var,
    pub name: TextId,
}

#[derive(Debug)]
pub struct StructDecl {
    pub name: TextId,
    pub module: ModuleId,
    pub fields: Box<[FieldDecl]>,
    pub methods: Vec<MethodDecl>,
    pub span: Span,
    pub doc: Option<TextId>,
}

#[derive(Debug)]
pub struct FieldDecl {
    pub name: TextId,
    pub default: Option<FuncId>,
    /// Annotated `float`: starts with float representation.
    pub float: bool,
    /// What its values are held against.
    pub annotation: Option<AnnotationId>,
}

#[derive(Debug)]
pub struct MethodDecl {
    pub name: TextId,
    pub func: FuncId,
}

#[derive(Debug)]
pub struct EnumDecl {
    pub name: TextId,
    pub module: ModuleId,
    pub variants: Box<[VariantDecl]>,
    pub methods: Vec<MethodDecl>,
    pub span: Span,
    pub doc: Option<TextId>,
}

#[derive(Debug)]
pub struct VariantDecl {
    pub name: TextId,
    /// Names of the payload, in order; empty for a plain variant.
    pub payload: Box<[TextId]>,
    /// What the payload is held against; empty if nothing is.
    pub annotations: Box<[Option<AnnotationId>]>,
    /// Present if the payload is not empty: its constructor as a function value.
    pub constructor: Option<FuncId>,
}

/// A type that values are held against. Without types of their items, collections have [`Annotation::Any`] for them.
#[derive(Debug)]
pub enum Annotation {
    Any,
    /// Values of which `type(x)` is this name; `float` also takes ints.
    Named(TextId),
    Struct(StructId),
    /// With the types of the payloads of `Result` and `Option`, if they are given.
    Enum(EnumId, Box<[AnnotationId]>),
    Array(AnnotationId),
    Set(AnnotationId),
    /// Keys, values.
    Dict(AnnotationId, AnnotationId),
    /// Parameters, result.
    Func(Box<[AnnotationId]>, AnnotationId),
    Union(Box<[AnnotationId]>),
}

/// The prelude's enums come first in `Program::enums` of every program, in this order.
pub const RESULT_ENUM: EnumId = EnumId(0);
/// `Option`: variants `None`, `Some`.
pub const OPTION_ENUM: EnumId = EnumId(1);

/// A declaration of section 13; nested through `group`.
#[derive(Debug)]
pub struct TestItem {
    pub kind: TestKind,
    pub module: ModuleId,
    /// Index in `Program::tests` of the group it stands in.
    pub group: Option<usize>,
    pub span: Span,
}

#[derive(Debug)]
pub enum TestKind {
    Test {
        name: TextId,
        body: FuncId,
    },
    Bench {
        name: TextId,
        body: FuncId,
    },
    Group {
        name: TextId,
    },
    /// What stands in a group beside its tests and benchmarks.
    GroupBody {
        body: FuncId,
    },
    /// Before each test.
    Setup {
        body: FuncId,
    },
    /// After each test.
    Teardown {
        body: FuncId,
    },
    /// Before each turn of a benchmark.
    BenchSetup {
        body: FuncId,
    },
}
