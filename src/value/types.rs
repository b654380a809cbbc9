//! Types and modules as values, and the names of types.

use super::Value;
use super::shapes::{DeclId, decl};

/// A module of a loaded program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct ModuleId(pub u32);

/// A type: a builtin one, or a declared struct or enum.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct TypeId(pub u32);

/// Numbers below this are builtin types.
const FIRST_DECLARED: u32 = 64;

macro_rules! builtin_types {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// The builtin types, by the names that `type(x)` gives.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u32)]
        #[allow(missing_docs)]
        pub enum BuiltinType { $($name),* }

        impl BuiltinType {
            /// All of them, by number.
            pub const ALL: &'static [BuiltinType] = &[$(BuiltinType::$name),*];

            /// Its name.
            pub const fn name(self) -> &'static str {
                match self { $(BuiltinType::$name => $text),* }
            }
        }
    };
}

builtin_types! {
    Null = "null", Bool = "bool", Int = "int", Float = "float", String = "string", Bytes = "bytes",
    Array = "array", Dict = "dict", Set = "set", Function = "function", Type = "type", Error = "Error",
    Iterator = "iterator", Generator = "generator", Module = "module", Promise = "promise",
    Channel = "channel", Task = "task", File = "file", Any = "any",
}

impl BuiltinType {
    /// The type of this name.
    pub fn by_name(name: &str) -> Option<BuiltinType> {
        BuiltinType::ALL.iter().copied().find(|ty| ty.name() == name)
    }

    /// As a type value's number.
    pub fn id(self) -> TypeId {
        TypeId(self as u32)
    }
}

impl TypeId {
    /// The type of a declaration.
    pub fn of_decl(id: DeclId) -> TypeId {
        TypeId(id.0 + FIRST_DECLARED)
    }

    /// The declaration, if it is a declared type.
    pub fn decl(self) -> Option<DeclId> {
        self.0.checked_sub(FIRST_DECLARED).map(DeclId)
    }

    /// The builtin type, if it is one.
    pub fn builtin(self) -> Option<BuiltinType> {
        BuiltinType::ALL.get(self.0 as usize).copied()
    }

    /// The type's name.
    pub fn name(self) -> &'static str {
        match (self.decl(), self.builtin()) {
            (Some(id), _) => decl(id).name.as_str(),
            (None, Some(ty)) => ty.name(),
            (None, None) => "type",
        }
    }
}

/// What `type(x)` gives: a builtin name, or the name of a struct or enum.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Int(_) | Value::BigInt(_) => "int",
        Value::Float(_) => "float",
        Value::Fn0(_) | Value::Closure(_) => "function",
        Value::Unit { decl: id, .. } => decl(*id).name.as_str(),
        Value::Type(_) => "type",
        Value::Module(_) => "module",
        Value::Str(_) => "string",
        Value::Array(_) => "array",
        Value::Dict(_) => "dict",
        Value::Struct(object) => object.info().decl().name.as_str(),
        Value::Variant(object) => object.info().decl().name.as_str(),
        Value::Error(_) => "Error",
        Value::Bytes(_) => "bytes",
        Value::Set(_) => "set",
        Value::Iter(_) => "iterator",
        Value::Gen(_) => "generator",
        Value::Handle(handle) => handle.object().type_name(),
        Value::Cell(_) => "variable",
        Value::Uninit => "uninitialised variable",
        Value::InUse => "variable in use",
    }
}

impl Value {
    /// What `type(x)` gives.
    pub fn type_name(&self) -> &'static str {
        type_name(self)
    }

    /// Functions, types and variants with a payload; structs answer when they are called (`op_call`).
    #[inline]
    pub fn is_callable(&self) -> bool {
        matches!(self, Value::Fn0(_) | Value::Closure(_) | Value::Type(_) | Value::Struct(_))
    }
}
