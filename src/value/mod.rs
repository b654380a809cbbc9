//! What a value is, independent of any engine: small immediates, or a counted pointer to a heap object.
//!
//! ```text
//!  heap (Ref, counts, blocks)  ◄── string array dict set bytes instance variant function iter … (one kind each)
//!       ▲                            ▲
//!  layout (tags, offsets)       shapes · symbol (process-wide registries)      key · show (all kinds)
//!                               isolate · cycles · share (threads)
//! ```
//!
//! Arrays, dicts, sets and instances are values of the language: to change one, take
//! `make_unique(&mut Ref<_>)` and change that. Nothing here knows errors of scripts or engines; what
//! may need much memory fails with [`crate::limits::OutOfMemory`].

pub mod annotation;
pub mod array;
pub mod bigint;
pub mod bytes;
pub mod cell;
pub mod cycles;
pub mod dict;
pub mod error;
pub mod function;
pub mod generator;
pub mod handle;
pub mod heap;
pub mod instance;
pub mod isolate;
pub mod iter;
pub mod key;
pub mod layout;
pub mod set;
pub mod shapes;
pub mod share;
pub mod show;
pub mod string;
pub mod symbol;
pub mod trace;
pub mod types;
pub mod variant;

pub use array::ArrRef;
pub use bigint::{Big, IBig};
pub use bytes::Bytes;
pub use cell::{Cell, CellRef};
pub use dict::DictRef;
pub use error::{Err, ErrorData};
pub use function::{FnId, FnNames};
pub use generator::Gen;
pub use handle::{Han, HandleObject};
pub use heap::{Allocations, Spare, count_allocations, with_freeing};
pub use heap::{Array, Clo, Dict, Entry, Inst, Kind, Ref, Set, Str, Var};
pub use instance::InstRef;
pub use iter::{Iter, IterState};
pub use key::NotAKey;
pub use layout::Borrowed;
pub use set::SetRef;
pub use shapes::{DeclId, EnumDecl, FieldSlot, Rep, ShapeInfo, StructDecl};
pub use string::StrRef;
pub use symbol::Symbol;
pub use types::{BuiltinType, ModuleId, TypeId, type_name};
pub use variant::VarRef;

/// A bool that fills all eight payload bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u64)]
pub enum B64 {
    /// `false`
    False = 0,
    /// `true`
    True = 1,
}

impl B64 {
    /// As a Rust bool.
    #[inline(always)]
    pub fn get(self) -> bool {
        self as u64 != 0
    }
}

impl From<bool> for B64 {
    #[inline(always)]
    fn from(b: bool) -> B64 {
        if b { B64::True } else { B64::False }
    }
}

/// A value of the language, and the few things that may stand in a variable's home instead.
#[repr(u64)]
#[derive(Default)]
pub enum Value {
    /// `null`
    #[default]
    Null = layout::tag::NULL,
    /// `true` or `false`
    Bool(B64) = layout::tag::BOOL,
    /// An integer that fits in 64 bits; larger ones are `BigInt`.
    Int(i64) = layout::tag::INT,
    /// A float.
    Float(f64) = layout::tag::FLOAT,
    /// A builtin, or a user function without captures.
    Fn0(FnId) = layout::tag::FN0,
    /// An enum value without payload.
    Unit {
        /// The enum.
        decl: DeclId,
        /// Position of the variant in it.
        variant: u32,
    } = layout::tag::UNIT,
    /// A type.
    Type(TypeId) = layout::tag::TYPE,
    /// The namespace of a module.
    Module(ModuleId) = layout::tag::MODULE,
    /// Text.
    Str(Ref<Str>) = layout::tag::STR,
    /// An array, also a compact range.
    Array(Ref<Array>) = layout::tag::ARRAY,
    /// A dict.
    Dict(Ref<Dict>) = layout::tag::DICT,
    /// An instance of a struct.
    Struct(Ref<Inst>) = layout::tag::STRUCT,
    /// A function with captures, or a bound method.
    Closure(Ref<Clo>) = layout::tag::CLOSURE,
    /// An enum value with payload.
    Variant(Ref<Var>) = layout::tag::VARIANT,
    /// An integer that does not fit in 64 bits.
    BigInt(Ref<Big>) = layout::tag::BIGINT,
    /// An `Error`.
    Error(Ref<Err>) = layout::tag::ERROR,
    /// Bytes.
    Bytes(Ref<Bytes>) = layout::tag::BYTES,
    /// A set.
    Set(Ref<Set>) = layout::tag::SET,
    /// A lazy iterator.
    Iter(Ref<Iter>) = layout::tag::ITER,
    /// A generator or another suspended frame.
    Gen(Ref<Gen>) = layout::tag::GEN,
    /// A promise, channel, task, file …
    Handle(Ref<Han>) = layout::tag::HANDLE,
    /// A shared variable. Only in captured local slots and closure captures.
    Cell(Ref<Cell>) = layout::tag::CELL,
    /// Only in homes of captured and module variables: not initialised yet.
    Uninit = layout::tag::UNINIT,
    /// Only in homes of captured and module variables: in exclusive use.
    InUse = layout::tag::IN_USE,
}

impl Value {
    /// Makes an array, dict or instance this value's own for changing: copied if others hold it. Other kinds stay as they are.
    pub fn unshare(&mut self) -> Result<(), crate::limits::OutOfMemory> {
        match self {
            Value::Array(items) => array::make_unique(items).map(drop),
            Value::Dict(table) => dict::make_unique(table).map(drop),
            Value::Struct(object) => instance::make_unique(object).map(drop),
            _ => Ok(()),
        }
    }

    /// `true` or `false`.
    #[inline(always)]
    pub fn bool(b: bool) -> Value {
        Value::Bool(B64::from(b))
    }

    /// The bool, if it is one.
    #[inline(always)]
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(b) = self { Some(b.get()) } else { None }
    }

    /// The integer, if it is one of 64 bits.
    #[inline(always)]
    pub fn as_int(&self) -> Option<i64> {
        if let Value::Int(i) = self { Some(*i) } else { None }
    }

    /// The float, if it is one.
    #[inline(always)]
    pub fn as_float(&self) -> Option<f64> {
        if let Value::Float(x) = self { Some(*x) } else { None }
    }

    /// The text, if it is a string.
    #[inline(always)]
    pub fn as_str(&self) -> Option<&str> {
        if let Value::Str(s) = self { Some(s.as_str()) } else { None }
    }

    /// Whether it is `null`.
    #[inline(always)]
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// Whether it counts as true: all but `false null 0 0.0 "" [] {}` and empty sets and bytes.
    #[inline]
    pub fn is_truthy(&self) -> bool {
        match self {
            Value::Bool(b) => b.get(),
            Value::Null => false,
            Value::Int(i) => *i != 0,
            Value::Float(x) => *x != 0.0,
            Value::Str(s) => !s.is_empty(),
            Value::Array(a) => !a.is_empty(),
            Value::Dict(d) => !d.is_empty(),
            Value::Set(s) => !s.is_empty(),
            Value::Bytes(b) => !b.is_empty(),
            Value::Fn0(_)
            | Value::Unit { .. }
            | Value::Type(_)
            | Value::Module(_)
            | Value::Struct(_)
            | Value::Closure(_)
            | Value::Variant(_)
            | Value::BigInt(_)
            | Value::Error(_)
            | Value::Iter(_)
            | Value::Gen(_)
            | Value::Handle(_)
            | Value::Cell(_)
            | Value::Uninit
            | Value::InUse => true,
        }
    }

    /// Takes the value out and leaves `null`.
    #[inline(always)]
    pub fn take(&mut self) -> Value {
        std::mem::replace(self, Value::Null)
    }
}

impl From<bool> for Value {
    #[inline(always)]
    fn from(b: bool) -> Value {
        Value::bool(b)
    }
}

impl From<i64> for Value {
    #[inline(always)]
    fn from(i: i64) -> Value {
        Value::Int(i)
    }
}

impl From<f64> for Value {
    #[inline(always)]
    fn from(x: f64) -> Value {
        Value::Float(x)
    }
}
