//! Methods of built-in types: which names change a place, and what a name means on a receiver of a type.
//!
//! A method call looks at the fixed table of the receiver's type ([`method_of`], rule 3 of LANGUAGE §6), then, on a dict,
//! at its entries, then at all functions ([`super::lookup`], rule 5). Whether the call changes its receiver is told by
//! [`mutating_method`]: only the names listed for the type do.
use std::sync::OnceLock;

use ahash::AHashMap;

use super::{BuiltinId, function};
use crate::semantics::member::BuiltinNames;
use crate::value::layout::tag;
use crate::value::{Symbol, Value};

/// Mutating methods by type: the name, and the row whose `method` body it runs.
const ARRAY_MUTATING: &[(&str, &str)] = &[
    ("push", "push"),
    ("append", "push"),
    ("pop", "pop"),
    ("insert", "insert"),
    ("remove", "remove"),
    ("remove_at", "remove_at"),
    ("clear", "clear"),
    ("extend", "extend"),
    ("sort", "sort"),
    ("sort_by", "sort_by"),
    ("reverse", "reverse"),
    ("shuffle", "shuffle"),
    ("swap", "swap"),
    ("retain", "retain"),
    ("truncate", "truncate"),
    ("fill", "fill"),
    ("rotate", "rotate"),
];
const DICT_MUTATING: &[(&str, &str)] = &[
    ("insert", "insert"),
    ("set", "insert"),
    ("remove", "remove"),
    ("clear", "clear"),
    ("extend", "extend"),
    ("update", "merge"),
    ("merge", "merge"),
    ("get_or_insert", "get_or_insert"),
];
const SET_MUTATING: &[(&str, &str)] = &[("add", "set_add"), ("remove", "remove"), ("clear", "clear"), ("extend", "extend")];

/// Queue, Stack and PriorityQueue are structs; on others these names are faults of the same kind.
const QUEUE_MUTATING: &[(&str, &str)] = &[
    ("enqueue", "enqueue"),
    ("dequeue", "dequeue"),
    ("push", "stack_push"),
    ("pop", "stack_pop"),
    ("clear", "queue_clear"),
];
const QUEUE_METHODS: &[(&str, &str)] =
    &[("is_empty", "queue_is_empty"), ("to_array", "queue_to_array"), ("collect", "queue_to_array")];

/// What a dict understands before its own entries.
const DICT_METHODS: &[(&str, &str)] = &[
    ("len", "len"),
    ("is_empty", "is_empty"),
    ("keys", "keys"),
    ("values", "values"),
    ("items", "items"),
    ("entries", "items"),
    ("has_key", "has_key"),
    ("contains", "contains"),
    ("get", "get"),
    ("get_default", "get_default"),
    ("get_or_insert", "get_or_insert"),
    ("merge", "merge"),
    ("update", "merge"),
    ("invert", "invert"),
    ("insert", "insert"),
    ("set", "insert"),
    ("remove", "remove"),
    ("clear", "clear"),
    ("extend", "extend"),
    ("map_values", "map_values"),
    ("filter_dict", "filter_dict"),
    ("iter", "iter"),
];
/// Shorter names that a set understands.
const SET_METHODS: &[(&str, &str)] = &[
    ("add", "set_add"),
    ("has", "set_has"),
    ("union", "set_union"),
    ("intersect", "set_intersect"),
    ("difference", "set_difference"),
    ("symmetric_difference", "set_symmetric_difference"),
    ("to_array", "set_to_array"),
];

type Methods = AHashMap<&'static str, BuiltinId>;

struct Tables {
    array_mutating: Methods,
    dict_mutating: Methods,
    set_mutating: Methods,
    queue_mutating: Methods,
    queue: Methods,
    dict: Methods,
    set: Methods,
}

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    let collect = |rows: &[(&'static str, &'static str)]| -> Methods {
        rows.iter().filter_map(|(name, row)| Some((*name, function(row)?))).collect()
    };
    TABLES.get_or_init(|| Tables {
        array_mutating: collect(ARRAY_MUTATING),
        dict_mutating: collect(DICT_MUTATING),
        set_mutating: collect(SET_MUTATING),
        queue_mutating: collect(QUEUE_MUTATING),
        queue: collect(QUEUE_METHODS),
        dict: collect(DICT_METHODS),
        set: collect(SET_METHODS),
    })
}

/// Does a method of this name change the place it is called on, for some built-in type?
pub fn is_mutating_method(name: &str) -> bool {
    let lists = [ARRAY_MUTATING, DICT_MUTATING, SET_MUTATING, QUEUE_MUTATING];
    lists.iter().any(|list| list.iter().any(|(known, _)| *known == name))
}

/// The fixed table: what `name` means on a receiver with this tag, before its entries and before functions. If the row
/// has a `mutating` body, the method is a mutating one.
pub fn method_of(tag: u64, name: &str) -> Option<BuiltinId> {
    let others = match tag {
        tag::DICT => tables().dict.get(name).copied(),
        tag::SET => tables().set.get(name).copied(),
        tag::STRUCT => tables().queue.get(name).copied(),
        _ => None,
    };
    mutating_method(tag, name).or(others)
}

/// The builtin whose `mutating` body a method call on a receiver with this tag runs, on a place or on a temporary.
pub fn mutating_method(tag: u64, name: &str) -> Option<BuiltinId> {
    match tag {
        tag::ARRAY => tables().array_mutating.get(name).copied(),
        tag::DICT => tables().dict_mutating.get(name).copied(),
        tag::SET => tables().set_mutating.get(name).copied(),
        tag::STRUCT => tables().queue_mutating.get(name).copied(),
        _ => None,
    }
}

/// The builtins as look-up of methods asks for them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names;

impl BuiltinNames for Names {
    fn method(&self, receiver: &Value, name: Symbol) -> Option<u16> {
        method_of(receiver.tag(), name.as_str()).map(|id| id.0)
    }

    fn function(&self, _: &Value, name: Symbol) -> Option<u16> {
        function(name.as_str()).map(|id| id.0)
    }
}
