//! The built-in library: every builtin declared once, in a row of the table.
//!
//! What lives here: the ids that the resolved tree and values carry, look-up by name, by namespace and by receiver, and
//! the groups of builtins, one file each. From a row come dispatch, arity and type faults, documentation, and what the
//! checker, the constant folder and the JIT know.
//!
//! Always holds: a [`BuiltinId`] is the index of its row; names and aliases are unique; a builtin sees the engine that
//! calls it only through the trait [`Engine`].
pub mod effects;
mod higher;
pub mod table;
pub mod types;

use std::collections::HashMap;
use std::sync::OnceLock;

pub use effects::{Capability, Effects};
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
    /// A variant of `Result` (`decl` 0: `Ok` 0, `Err` 1) or `Option` (`decl` 1: `None` 0, `Some` 1).
    Variant { decl: u32, variant: u32 },
}

/// A group of rows: one file, one chapter of the reference.
#[derive(Debug)]
pub struct Group {
    pub title: &'static str,
    pub rows: &'static [BuiltinInfo],
}

/// All groups; ids count through them in this order.
pub const GROUPS: &[Group] = &[Group { title: "Higher-order functions", rows: higher::ROWS }];

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

/// The built-in types that are values (`int`, `string` …), by [`BuiltinTypeId`].
pub const BUILTIN_TYPES: &[&str] = &[
    "null", "bool", "int", "float", "string", "array", "dict", "function", "type", "bytes", "set", "iterator",
    "generator", "promise", "channel", "Error", "Result", "Option",
];

/// The names of constants, by [`ConstantId`].
pub const CONSTANTS: &[&str] = &["PI", "E", "TAU", "INF", "NAN", "INT64_MAX", "INT64_MIN"];

/// Method names that change the place they are called on, whatever its type.
const MUTATING_METHODS: &[&str] = &[
    "push", "append", "pop", "insert", "remove", "remove_at", "clear", "extend", "sort", "sort_by", "reverse", "shuffle",
    "swap", "retain", "truncate", "fill", "rotate", "set", "update", "merge", "get_or_insert", "add", "enqueue", "dequeue",
];

/// A namespace: its name and its members with the builtins or constants they stand for.
struct Namespace {
    name: &'static str,
    members: &'static [(&'static str, &'static str)],
}

const NAMESPACES: &[Namespace] = &[
    Namespace {
        name: "math",
        members: &[
            ("abs", "abs"), ("floor", "floor"), ("ceil", "ceil"), ("round", "round"), ("trunc", "trunc"),
            ("sqrt", "sqrt"), ("cbrt", "cbrt"), ("pow", "pow"), ("exp", "exp"), ("log", "log"), ("log2", "log2"),
            ("log10", "log10"), ("sin", "sin"), ("cos", "cos"), ("tan", "tan"), ("asin", "asin"), ("acos", "acos"),
            ("atan", "atan"), ("atan2", "atan2"), ("sinh", "sinh"), ("cosh", "cosh"), ("tanh", "tanh"),
            ("hypot", "hypot"), ("min", "min"), ("max", "max"), ("clamp", "clamp"), ("sign", "sign"), ("gcd", "gcd"),
            ("lcm", "lcm"), ("factorial", "factorial"), ("is_prime", "is_prime"), ("floor_div", "floor_div"),
            ("mod", "mod"), ("divmod", "divmod"), ("degrees", "degrees"), ("radians", "radians"),
            ("is_nan", "is_nan"), ("is_finite", "is_finite"), ("approx_equal", "approx_equal"),
            ("PI", "PI"), ("E", "E"), ("TAU", "TAU"), ("INF", "INF"), ("NAN", "NAN"),
            ("INT64_MAX", "INT64_MAX"), ("INT64_MIN", "INT64_MIN"),
        ],
    },
    Namespace {
        name: "fs",
        members: &[
            ("read", "read_file"), ("write", "write_file"), ("append", "append_file"), ("exists", "file_exists"),
            ("delete", "delete_file"),
        ],
    },
    Namespace {
        name: "json",
        members: &[("parse", "parse_json"), ("stringify", "to_json"), ("pretty", "to_json_pretty")],
    },
    Namespace {
        name: "time",
        members: &[("now", "now"), ("performance_now", "performance_now"), ("sleep", "sleep")],
    },
    Namespace {
        name: "random",
        members: &[
            ("int", "random_int"), ("float", "random_float"), ("choice", "random_choice"), ("sample", "random_sample"),
            ("shuffle", "shuffle"), ("seed", "set_random_seed"),
        ],
    },
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

/// What `name` means in the prelude scope.
pub fn lookup(name: &str) -> Option<PreludeName> {
    names_table().get(name).copied()
}

/// The builtin function called `name` (not a type or a constant).
pub fn function(name: &str) -> Option<BuiltinId> {
    match lookup(name) {
        Some(PreludeName::Function(id)) => Some(id),
        _ => None,
    }
}

/// Every name of the prelude scope that programs are meant to use, for "did you mean" and completion.
pub fn names() -> impl Iterator<Item = &'static str> {
    names_table().keys().copied().filter(|name| !name.starts_with("__"))
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

/// Does a method of this name change the place it is called on, for some built-in type?
pub fn is_mutating_method(name: &str) -> bool {
    MUTATING_METHODS.contains(&name)
}

fn names_table() -> &'static HashMap<&'static str, PreludeName> {
    static NAMES: OnceLock<HashMap<&'static str, PreludeName>> = OnceLock::new();
    NAMES.get_or_init(build_names)
}

fn build_names() -> HashMap<&'static str, PreludeName> {
    let mut names = HashMap::new();
    for (id, row) in all() {
        for name in std::iter::once(&row.name).chain(row.aliases) {
            let earlier = names.insert(*name, PreludeName::Function(id));
            debug_assert!(earlier.is_none(), "two builtins are called {name}");
        }
    }
    let constants = CONSTANTS.iter().enumerate();
    names.extend(constants.map(|(index, name)| (*name, PreludeName::Constant(ConstantId(index as u16)))));
    let namespaces = NAMESPACES.iter().enumerate();
    names.extend(namespaces.map(|(index, space)| (space.name, PreludeName::Namespace(NamespaceId(index as u16)))));
    for (index, name) in BUILTIN_TYPES.iter().enumerate().filter(|(_, name)| is_type_name(name)) {
        names.insert(name, PreludeName::Type(BuiltinTypeId(index as u8)));
    }
    for (name, decl, variant) in [("Ok", 0, 0), ("Err", 0, 1), ("None", 1, 0), ("Some", 1, 1)] {
        names.insert(name, PreludeName::Variant { decl, variant });
    }
    names
}

/// Types that are visible as values under their name; `null` is a literal, `type` the function.
fn is_type_name(name: &str) -> bool {
    !matches!(name, "null" | "type")
}
