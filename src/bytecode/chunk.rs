//! A compiled function: code, tables its instructions refer to, spans. Plain data, shared by all isolates and readable by
//! the JIT's compile thread; values (constants, caches, feedback) are made from it per isolate by the VM.
use super::op::Op;
use crate::source::{SourceId, Span};

/// A constant; the VM turns each into a value once per isolate.
#[derive(Clone, PartialEq, Debug)]
pub enum Const {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// Decimal digits.
    BigInt(Box<str>),
    Str(Box<str>),
    /// An array of constants, for a loop to run over: nothing changes it in place.
    Array(Box<[Const]>),
    /// A function of this unit without captures.
    Func(u32),
    Builtin(u16),
    BuiltinType(u8),
    /// A struct of this unit as a type.
    Struct(u32),
    Enum(u32),
    /// A variant without payload, or the constructor function of one with payload.
    Variant(u32, u32),
    Module(u32),
    Namespace(u16),
    /// A named constant of the prelude.
    Prelude(u16),
}

/// A variable as instructions with a place in them see it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Root {
    Local(u16),
    LocalCell(u16),
    CaptureCell(u16),
    /// A captured value or the running closure: read-only.
    Capture(u16),
    SelfFn,
    Module(u32),
}

/// Whether a place may be changed, and which fault tells so if not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    Mutable,
    Immutable,
    Import,
    ReadonlySelf,
    SelfPlace,
}

/// A place: a root variable and the way into it.
#[derive(Clone, PartialEq, Debug)]
pub struct Path {
    pub root: Root,
    /// `Chunk::names`.
    pub name: u16,
    pub segments: Box<[Segment]>,
    pub access: Access,
}

impl Path {
    /// Is it a plain local, and all of it?
    pub fn is_local(&self) -> bool {
        self.segments.is_empty() && matches!(self.root, Root::Local(_))
    }

    /// Number of temporaries that hold its index keys.
    pub fn keys(&self) -> usize {
        self.segments.iter().filter(|segment| matches!(segment, Segment::Index)).count()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Segment {
    /// The next key temporary.
    Index,
    /// `Chunk::names`, and where the name stands.
    Field(u16, Span),
}

#[derive(Clone, PartialEq, Debug)]
pub struct ClosureSite {
    pub func: u32,
    pub captures: Box<[Root]>,
}

/// A `.name`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FieldSite {
    /// `Chunk::names`.
    pub name: u16,
    /// Written `?.`, or in front of `??`: a missing dict key is null.
    pub optional: bool,
}

#[derive(Clone, PartialEq, Debug)]
pub struct MethodSite {
    /// `Chunk::names`.
    pub name: u16,
    /// For [`Op::CallMethodPlace`]: the place; its keys precede the self slot in the window.
    pub path: Option<u16>,
    /// Number of keys before the self slot.
    pub keys: u16,
    /// Whether the result is used.
    pub used: bool,
}

/// What a [`Op::CallArgs`] calls. The window holds the callee (for `Value`), the keys and the self slot (`Place`), the
/// receiver (`Method`), nothing (others); then the argument values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Callee {
    Value,
    Func(u32),
    Builtin(u16),
    Construct(u32),
    Variant(u32, u32),
    /// `Chunk::methods`.
    Method(u16),
    /// `Chunk::methods`.
    Place(u16),
}

#[derive(Clone, PartialEq, Debug)]
pub struct CallSite {
    pub callee: Callee,
    /// For each positional argument whether it is a spread.
    pub spread: Box<[bool]>,
    /// Names of the arguments after them (`Chunk::names`).
    pub named: Box<[u16]>,
}

/// The items of a struct literal or of an update by a literal, in source order.
#[derive(Clone, PartialEq, Debug)]
pub enum LiteralSite {
    /// For each value whether it is a spread.
    Array(Box<[bool]>),
    /// True: a spread, one value; false: key and value.
    Dict(Box<[bool]>),
    /// Field names with their spans; `None` is a spread. The first value is the type (not in updates).
    Struct { decl: Option<u32>, items: Box<[Option<(u16, Span)>]> },
    /// Only in updates: `x = x + e`.
    Add,
    /// Only in updates: `x = "${x}…"`, the value being the text of the rest.
    Text,
}

impl LiteralSite {
    /// Number of temporaries of the items.
    pub fn values(&self) -> usize {
        match self {
            LiteralSite::Array(items) => items.len(),
            LiteralSite::Dict(items) => items.iter().map(|spread| if *spread { 1 } else { 2 }).sum(),
            LiteralSite::Struct { items, .. } => items.len(),
            LiteralSite::Add | LiteralSite::Text => 1,
        }
    }
}

/// One piece of an interpolated string.
#[derive(Clone, PartialEq, Debug)]
pub enum TemplatePart {
    Text(Box<str>),
    /// The next temporary.
    Value,
    /// The next temporary, formatted; then the computed width and precision, if they are computed.
    Formatted(Box<Format>),
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Format {
    pub fill: char,
    pub align: Option<char>,
    pub plus: bool,
    pub alternate: bool,
    pub zero: bool,
    pub width: Size,
    pub group: Option<char>,
    pub precision: Size,
    pub kind: Option<char>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Size {
    None,
    Fixed(u32),
    /// The next temporary.
    Computed,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Template {
    pub parts: Box<[TemplatePart]>,
}

impl Template {
    /// Number of temporaries it uses.
    pub fn values(&self) -> usize {
        let computed = |size: Size| usize::from(size == Size::Computed);
        let part = |part: &TemplatePart| match part {
            TemplatePart::Text(_) => 0,
            TemplatePart::Value => 1,
            TemplatePart::Formatted(format) => 1 + computed(format.width) + computed(format.precision),
        };
        self.parts.iter().map(part).sum()
    }
}

/// A condition of a pattern.
#[derive(Clone, PartialEq, Debug)]
pub enum Test {
    BuiltinType(u8),
    Struct(u32),
    Enum(u32),
    Variant(u32, u32),
    /// Constants; both ends may be open.
    Range {
        low: Option<u16>,
        high: Option<u16>,
        inclusive: bool,
    },
    /// An array of at least (`open`) or exactly `length` items.
    Array {
        length: u32,
        open: bool,
    },
    /// A dict or struct.
    Fields,
}

/// A part of a value that a pattern takes out.
#[derive(Clone, PartialEq, Debug)]
pub enum Part {
    Element(u32),
    /// Element `index` of the `after` elements at the end of an array of which `before` are named at the front.
    FromEnd {
        index: u32,
        before: u32,
        after: u32,
    },
    /// The items between the first `before` and the last `after`.
    Rest {
        before: u32,
        after: u32,
    },
    /// Payload value of a variant.
    Payload(u32),
    /// Entry or field by name.
    Key(u16),
    /// All entries or fields but these, as a dict.
    OtherKeys(Box<[u16]>),
}

/// Where an error raised in `[start, end)` continues. Handlers of one chunk are ordered from the innermost outward.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Handler {
    pub start: u32,
    pub end: u32,
    pub target: u32,
    /// The local that receives the `Error`.
    pub error: u16,
    /// A `finally` or the closing of an iterator, which continues the unwinding with [`Op::Rethrow`]: the trace goes on.
    pub cleanup: bool,
}

/// How a function takes its `self`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SelfKind {
    None,
    Value,
    Mutating,
    /// By the names of what it calls: it runs on a read-only `self` as well.
    MaybeMutating,
}

impl SelfKind {
    /// May it change its `self`?
    pub fn changes(self) -> bool {
        matches!(self, SelfKind::Mutating | SelfKind::MaybeMutating)
    }
}

/// A compiled function.
#[derive(Debug)]
pub struct Chunk {
    pub name: Box<str>,
    /// Its number in the unit.
    pub func: u32,
    pub source: SourceId,
    /// The name in its declaration.
    pub name_span: Span,
    pub code: Vec<Op>,
    /// From this instruction on the span; ascending.
    pub spans: Vec<(u32, Span)>,
    /// Registers filled by the caller, `self` included.
    pub params: u16,
    /// Registers below this are locals, the others temporaries.
    pub locals: u16,
    pub registers: u16,
    pub self_kind: SelfKind,
    pub handlers: Vec<Handler>,
    pub constants: Vec<Const>,
    pub names: Vec<Box<str>>,
    pub functions: Vec<u32>,
    pub closures: Vec<ClosureSite>,
    pub fields: Vec<FieldSite>,
    pub methods: Vec<MethodSite>,
    pub calls: Vec<CallSite>,
    pub literals: Vec<LiteralSite>,
    pub paths: Vec<Path>,
    pub templates: Vec<Template>,
    pub structs: Vec<u32>,
    pub variants: Vec<(u32, u32)>,
    pub tests: Vec<Test>,
    pub parts: Vec<Part>,
    /// Names of locals, for dumps; hidden ones have none.
    pub local_names: Vec<Option<Box<str>>>,
}

impl Chunk {
    /// Where the instruction at `pc` stands in the source.
    pub fn span(&self, pc: usize) -> Span {
        let after = self.spans.partition_point(|(start, _)| *start as usize <= pc);
        after.checked_sub(1).map_or(self.name_span, |entry| self.spans[entry].1)
    }

    /// The innermost handler around `pc`.
    pub fn handler(&self, pc: usize) -> Option<&Handler> {
        self.handlers.iter().find(|handler| (handler.start as usize..handler.end as usize).contains(&pc))
    }

    /// The method that an instruction calls: an entry of `methods`.
    pub fn method_site(&self, op: &Op) -> Option<u16> {
        match *op {
            Op::CallMethod { site, .. } | Op::CallMethodPlace { site, .. } => Some(site),
            Op::CallArgs { site, .. } => match self.calls[usize::from(site)].callee {
                Callee::Method(method) | Callee::Place(method) => Some(method),
                _ => None,
            },
            _ => None,
        }
    }

    /// The place that an instruction calls a method on: an entry of `paths`.
    pub fn receiver(&self, op: &Op) -> Option<u16> {
        self.methods[usize::from(self.method_site(op)?)].path
    }
}
