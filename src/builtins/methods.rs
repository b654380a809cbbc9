//! Methods of built-in types: which names change a place, and what a name means on a receiver of a type.
//!
//! A method call looks at the fixed table of the receiver's type ([`method_of`], rule 3 of LANGUAGE §6), then, on a dict,
//! at its entries, then at all functions ([`super::lookup`], rule 5). Whether the call changes its receiver is told by
//! [`mutating_method`]: only the names listed for the type do.
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

/// The builtin of a name in a list.
fn listed(methods: &[(&str, &str)], name: &str) -> Option<BuiltinId> {
    let (_, row) = methods.iter().find(|(known, _)| *known == name)?;
    function(row)
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
        tag::DICT => listed(DICT_METHODS, name),
        tag::SET => listed(SET_METHODS, name),
        tag::STRUCT => listed(QUEUE_METHODS, name),
        _ => None,
    };
    mutating_method(tag, name).or(others)
}

/// The builtin whose `mutating` body a method call on a receiver with this tag runs, on a place or on a temporary.
pub fn mutating_method(tag: u64, name: &str) -> Option<BuiltinId> {
    match tag {
        tag::ARRAY => listed(ARRAY_MUTATING, name),
        tag::DICT => listed(DICT_MUTATING, name),
        tag::SET => listed(SET_MUTATING, name),
        tag::STRUCT => listed(QUEUE_MUTATING, name),
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
