//! The built-in library: every builtin declared once, in a row of the table.
//!
//! What lives here: the ids that the resolved tree and values carry, look-up by name, by namespace and by receiver, and
//! the groups of builtins, one file each. From a row come dispatch, arity and type faults, documentation, and what the
//! checker, the constant folder and the JIT know.
//!
//! Always holds: a [`BuiltinId`] is the index of its row; names and aliases are unique; a builtin sees the engine that
//! calls it only through the trait [`Engine`].
mod annotated;
mod arg;
mod array;
mod bytes;
mod core;
mod dict;
pub mod effects;
pub mod engine;
mod higher;
pub mod iter;
mod json;
pub mod library;
mod math;
pub mod methods;
mod names;
mod outcome;
pub mod prelude;
mod queue;
mod random;
mod sequence;
mod sort;
mod system;
pub mod table;
mod testing;
mod text;
pub mod types;

use std::sync::{Arc, OnceLock};

use crate::semantics::call::{self, FnInfo, SelfMode};
use crate::value::{BuiltinType, DeclId, FnId, ModuleId, TypeId, Value};

pub use effects::{Capability, Effects};
pub use engine::{Engine, MutatingFn, NativeFn, Site};
pub use methods::{Names, is_mutating_method, method_of, mutating_method};
pub use names::{constructor, lookup, names};
pub use table::{Body, BuiltinInfo, ParamInfo, ParamKind};
pub use types::Type;

/// The index of a builtin's row.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BuiltinId(pub u16);

/// The index of a constant (`PI`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ConstantId(pub u16);

/// The index of a namespace of builtins (`math`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct NamespaceId(pub u16);

/// The index of a built-in type in [`BUILTIN_TYPES`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct BuiltinTypeId(pub u8);

/// What a name of the prelude scope, or of a namespace of builtins, stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PreludeName {
    Function(BuiltinId),
    Constant(ConstantId),
    Type(BuiltinTypeId),
    Namespace(NamespaceId),
    /// A variant of `Result` (`decl` 0: `Ok` 0, `Err` 1) or `Option` (`decl` 1: `None` 0, `Some` 1), as `value` numbers them.
    Variant {
        decl: u32,
        variant: u32,
    },
    /// `Result` (0) or `Option` (1) itself.
    Enum(u32),
}

/// A group of rows: one file, one chapter of the reference.
#[derive(Debug)]
pub struct Group {
    pub title: &'static str,
    pub rows: &'static [BuiltinInfo],
}

/// All groups; ids count through them in this order.
pub const GROUPS: &[Group] = &[
    Group { title: "Core", rows: core::ROWS },
    Group { title: "Assertions", rows: testing::ROWS },
    Group { title: "Math", rows: math::ROWS },
    Group { title: "Random numbers", rows: random::ROWS },
    Group { title: "Strings", rows: text::ROWS },
    Group { title: "Collections and texts", rows: sequence::ROWS },
    Group { title: "Arrays", rows: array::ROWS },
    Group { title: "Higher-order functions", rows: higher::ROWS },
    Group { title: "Iterators", rows: iter::ROWS },
    Group { title: "Dicts and sets", rows: dict::ROWS },
    Group { title: "Queues and stacks", rows: queue::ROWS },
    Group { title: "Result and Option", rows: outcome::ROWS },
    Group { title: "Bytes", rows: bytes::ROWS },
    Group { title: "JSON", rows: json::ROWS },
    Group { title: "Files, arguments, environment, time", rows: system::ROWS },
];

/// How many builtins there are; ids of user functions begin here.
pub const N_BUILTINS: usize = {
    let (mut count, mut group) = (0, 0);
    while group < GROUPS.len() {
        count += GROUPS[group].rows.len();
        group += 1;
    }
    count
};

static TABLE: [&BuiltinInfo; N_BUILTINS] = {
    let mut table = [&GROUPS[0].rows[0]; N_BUILTINS];
    let (mut next, mut group) = (0, 0);
    while group < GROUPS.len() {
        let mut row = 0;
        while row < GROUPS[group].rows.len() {
            table[next] = &GROUPS[group].rows[row];
            next += 1;
            row += 1;
        }
        group += 1;
    }
    table
};

/// The builtin that makes values of a type called as a function: `int(x)`.
pub fn constructor_of_id(id: BuiltinTypeId) -> Option<BuiltinId> {
    constructor(type_of_id(id))
}

/// The names of the built-in types, by [`BuiltinTypeId`]: those of `BuiltinType::ALL`, in its order.
pub const BUILTIN_TYPES: &[&str] = &[
    "null",
    "bool",
    "int",
    "float",
    "string",
    "bytes",
    "array",
    "dict",
    "set",
    "function",
    "type",
    "Error",
    "iterator",
    "generator",
    "module",
    "promise",
    "channel",
    "task",
    "file",
    "any",
];

/// The names of constants, by [`ConstantId`].
pub const CONSTANTS: &[&str] = &["PI", "E", "TAU", "INF", "NAN", "INT64_MAX", "INT64_MIN"];

/// A namespace: its name and its members with the builtins or constants they stand for.
struct Namespace {
    name: &'static str,
    members: &'static [(&'static str, &'static str)],
}

const NAMESPACES: &[Namespace] = &[
    Namespace {
        name: "math",
        members: &[
            ("abs", "abs"),
            ("floor", "floor"),
            ("ceil", "ceil"),
            ("round", "round"),
            ("trunc", "trunc"),
            ("sqrt", "sqrt"),
            ("cbrt", "cbrt"),
            ("pow", "pow"),
            ("exp", "exp"),
            ("log", "log"),
            ("log2", "log2"),
            ("log10", "log10"),
            ("sin", "sin"),
            ("cos", "cos"),
            ("tan", "tan"),
            ("asin", "asin"),
            ("acos", "acos"),
            ("atan", "atan"),
            ("atan2", "atan2"),
            ("sinh", "sinh"),
            ("cosh", "cosh"),
            ("tanh", "tanh"),
            ("hypot", "hypot"),
            ("min", "min"),
            ("max", "max"),
            ("clamp", "clamp"),
            ("sign", "sign"),
            ("gcd", "gcd"),
            ("lcm", "lcm"),
            ("factorial", "factorial"),
            ("is_prime", "is_prime"),
            ("floor_div", "floor_div"),
            ("mod", "mod"),
            ("divmod", "divmod"),
            ("degrees", "degrees"),
            ("radians", "radians"),
            ("is_nan", "is_nan"),
            ("is_finite", "is_finite"),
            ("approx_equal", "approx_equal"),
            ("PI", "PI"),
            ("E", "E"),
            ("TAU", "TAU"),
            ("INF", "INF"),
            ("NAN", "NAN"),
            ("INT64_MAX", "INT64_MAX"),
            ("INT64_MIN", "INT64_MIN"),
        ],
    },
    Namespace {
        name: "fs",
        members: &[
            ("read", "read_file"),
            ("write", "write_file"),
            ("append", "append_file"),
            ("exists", "file_exists"),
            ("delete", "delete_file"),
        ],
    },
    Namespace { name: "json", members: &[("parse", "parse_json"), ("stringify", "to_json"), ("pretty", "to_json_pretty")] },
    Namespace { name: "time", members: &[("now", "now"), ("performance_now", "performance_now"), ("sleep", "sleep")] },
];

/// Everything known about a builtin.
#[inline]
pub fn info(id: BuiltinId) -> &'static BuiltinInfo {
    TABLE[usize::from(id.0)]
}

/// All builtins with their ids, in order.
pub fn all() -> impl Iterator<Item = (BuiltinId, &'static BuiltinInfo)> {
    TABLE.iter().enumerate().map(|(index, row)| (BuiltinId(index as u16), *row))
}

/// What a call of the prelude's `name` runs: the function, or the constructor of the type of that name.
pub fn function(name: &str) -> Option<BuiltinId> {
    match lookup(name)? {
        PreludeName::Function(id) => Some(id),
        PreludeName::Type(id) => BuiltinType::ALL.get(usize::from(id.0)).and_then(|ty| constructor(*ty)),
        PreludeName::Constant(_) | PreludeName::Namespace(_) | PreludeName::Variant { .. } | PreludeName::Enum(_) => None,
    }
}

/// What `name` means in a namespace.
pub fn namespace_member(namespace: NamespaceId, name: &str) -> Option<PreludeName> {
    let members = NAMESPACES.get(usize::from(namespace.0))?.members;
    let (_, target) = members.iter().find(|(member, _)| *member == name)?;
    lookup(target)
}

/// The name of a namespace.
pub fn namespace_name(namespace: NamespaceId) -> &'static str {
    NAMESPACES[usize::from(namespace.0)].name
}

/// The members of a namespace.
pub fn namespace_members(namespace: NamespaceId) -> impl Iterator<Item = &'static str> {
    NAMESPACES[usize::from(namespace.0)].members.iter().map(|(member, _)| *member)
}

/// The value of a constant.
pub fn constant(id: ConstantId) -> Value {
    match CONSTANTS.get(usize::from(id.0)).copied() {
        Some("PI") => Value::Float(std::f64::consts::PI),
        Some("E") => Value::Float(std::f64::consts::E),
        Some("TAU") => Value::Float(std::f64::consts::TAU),
        Some("INF") => Value::Float(f64::INFINITY),
        Some("NAN") => Value::Float(f64::NAN),
        Some("INT64_MAX") => Value::Int(i64::MAX),
        Some("INT64_MIN") => Value::Int(i64::MIN),
        Some(_) | None => Value::Null,
    }
}

/// The value of a constant, under the name that the other kinds of names have.
pub fn constant_value(id: ConstantId) -> Value {
    constant(id)
}

/// The built-in type of an id.
fn type_of_id(id: BuiltinTypeId) -> BuiltinType {
    BuiltinType::ALL.get(usize::from(id.0)).copied().unwrap_or(BuiltinType::Any)
}

/// A built-in type as a value.
pub fn type_value(id: BuiltinTypeId) -> Value {
    Value::Type(type_of_id(id).id())
}

/// Is the value of this built-in type? (Type patterns; `Error` matches every error value.)
pub fn is_of_type(value: &Value, id: BuiltinTypeId) -> bool {
    let ty = type_of_id(id);
    ty == BuiltinType::Any || value.type_name() == ty.name()
}

/// Namespaces of builtins are numbered from the top, where no module of a program comes.
const FIRST_NAMESPACE: u32 = u32::MAX - 0xFFFF;

/// A namespace of builtins as a value.
pub fn namespace_value(id: NamespaceId) -> Value {
    Value::Module(ModuleId(FIRST_NAMESPACE + u32::from(id.0)))
}

/// The namespace of builtins that a module value stands for, if it is one.
pub fn namespace_of(module: ModuleId) -> Option<NamespaceId> {
    let number = module.0.checked_sub(FIRST_NAMESPACE)?;
    (number < NAMESPACES.len() as u32).then_some(NamespaceId(number as u16))
}

/// A name of the prelude scope, or of a namespace, as a value.
pub fn member_value(name: PreludeName) -> Value {
    match name {
        PreludeName::Function(id) => Value::Fn0(FnId(u32::from(id.0))),
        PreludeName::Constant(id) => constant(id),
        PreludeName::Type(id) => type_value(id),
        PreludeName::Namespace(id) => namespace_value(id),
        PreludeName::Variant { decl: 1, variant: outcome::NONE } => Value::none(),
        // A constructor is called, not read, everywhere but here: its builtin does the same.
        PreludeName::Variant { decl, variant } => variant_function(decl, variant),
        PreludeName::Enum(0) => Value::Type(TypeId::of_decl(DeclId::RESULT)),
        PreludeName::Enum(_) => Value::Type(TypeId::of_decl(DeclId::OPTION)),
    }
}

/// Name and parameters of a builtin, as argument binding wants them.
pub fn fn_info(id: BuiltinId) -> &'static Arc<FnInfo> {
    static INFOS: Infos = Infos::new();
    described(&INFOS, id, 0)
}

/// The same for its mutating method: without the first parameter.
pub fn method_info(id: BuiltinId) -> &'static Arc<FnInfo> {
    static INFOS: Infos = Infos::new();
    described(&INFOS, id, 1)
}

/// Descriptions of builtins, each made when it is first asked for: few programs use more than some of them.
type Infos = OnceLock<Box<[OnceLock<Arc<FnInfo>>]>>;

fn described(infos: &'static Infos, id: BuiltinId, skipped: usize) -> &'static Arc<FnInfo> {
    let all = infos.get_or_init(|| TABLE.iter().map(|_| OnceLock::new()).collect());
    all[usize::from(id.0)].get_or_init(|| Arc::new(describe(TABLE[usize::from(id.0)], skipped)))
}

fn describe(row: &BuiltinInfo, skipped: usize) -> FnInfo {
    let mut after_rest = false;
    let params = row.params.iter().skip(skipped).map(|param| {
        let kind = match param.kind {
            ParamKind::Rest => call::ParamKind::Rest,
            _ if after_rest => call::ParamKind::NamedOnly,
            ParamKind::Required | ParamKind::Optional | ParamKind::Default(_) => call::ParamKind::Positional,
        };
        after_rest |= param.kind == ParamKind::Rest;
        call::ParamInfo { name: param.name.into(), kind, has_default: param.kind != ParamKind::Required }
    });
    FnInfo { name: row.name.into(), params: params.collect(), self_mode: SelfMode::None, builtin: true, ..FnInfo::default() }
}

/// The builtin that makes `Ok(v)`, `Err(e)` or `Some(v)`, as a function value.
pub fn variant_function(decl: u32, variant: u32) -> Value {
    let name = match (decl, variant) {
        (0, outcome::OK) => "__Ok",
        (0, _) => "__Err",
        _ => "__Some",
    };
    function(name).map_or(Value::Null, |id| Value::Fn0(FnId(u32::from(id.0))))
}

/// The next item of a handle that builtins made (`stdin_lines`); `None` if the handle is none of theirs.
pub fn resume_handle(handle: &Value) -> Option<Result<Option<Value>, crate::semantics::fault::Raise>> {
    handle.as_handle::<core::StdinLines>().map(core::StdinLines::next)
}
