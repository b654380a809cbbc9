//! Iteration over collections: what `for` and spread see (LANGUAGE §9).
//!
//! A loop holds the collection as it was at its start and a cursor; engines keep both in slots of their own. Iterators,
//! generators and other handles are stepped by builtins and engines, which [`Start::Lazy`] hands them.
use super::fault::{Raise, faults};
use super::member::overload;
use super::step::{SmallArgs, Step, Then};
use crate::limits;
use crate::value::symbol::known;
use crate::value::{IBig, Value};

/// How a loop over a value begins.
pub enum Start {
    /// Step it with [`next`] or [`next_pair`] from cursor 0.
    Collection(Value),
    /// An iterator, generator or handle with identity: ask it for each item.
    Lazy(Value),
    /// A struct with `op_iter`: call it, then iterate over what it gives.
    Call(Step),
}

/// Begins a loop over `value`.
#[inline]
pub fn start(value: Value) -> Result<Start, Raise> {
    match value {
        Value::Array(_) | Value::Int(_) | Value::Str(_) | Value::Dict(_) | Value::Set(_) | Value::Bytes(_) => {
            Ok(Start::Collection(value))
        }
        Value::Iter(_) | Value::Gen(_) | Value::Handle(_) => Ok(Start::Lazy(value)),
        other => start_rest(other),
    }
}

/// Items that are collected between two looks at memory and time.
pub const CHECK_EVERY: usize = 4096;

/// Checks that `count` items, and what `value` gives as far as its length is known, fit in memory.
pub fn reserve_spread(count: usize, value: &Value) -> Result<(), Raise> {
    let more = match value {
        Value::Array(items) => items.len(),
        Value::Int(n) => usize::try_from(*n).unwrap_or(0),
        _ => 0,
    };
    let refused = |refused| super::memory("spread", refused);
    limits::reserve_array(count.saturating_add(more), size_of::<Value>()).map(drop).map_err(refused)
}

#[cold]
fn start_rest(value: Value) -> Result<Start, Raise> {
    if let Value::BigInt(big) = &value {
        // Nobody lives to see the end of the counting.
        let end = if *big.get() > IBig::ZERO { i64::MAX } else { 0 };
        return Ok(Start::Collection(Value::Int(end)));
    }
    match overload(&value, known::OP_ITER) {
        Some(method) => {
            Ok(Start::Call(Step::Call { method, receiver: value, args: SmallArgs::none(), then: Then::Iterate }))
        }
        None => Err(faults::cannot_iterate(value.type_name())),
    }
}

/// The next item of a collection. `cursor` begins at 0 and belongs to this function: a position, byte offset or entry.
#[inline(always)]
pub fn next(collection: &Value, cursor: &mut usize) -> Option<Value> {
    match collection {
        Value::Array(items) => {
            let item = items.get(*cursor)?;
            *cursor += 1;
            Some(item)
        }
        Value::Int(end) => {
            let item = *cursor as i64;
            if item >= *end {
                return None;
            }
            *cursor += 1;
            Some(Value::Int(item))
        }
        _ => next_rest(collection, cursor),
    }
}

#[inline(never)]
fn next_rest(collection: &Value, cursor: &mut usize) -> Option<Value> {
    match collection {
        Value::Str(text) => {
            let character = text.as_str().get(*cursor..)?.chars().next()?;
            *cursor += character.len_utf8();
            Some(Value::char(character))
        }
        Value::Dict(table) => {
            let (at, entry) = table.next_entry(*cursor)?;
            *cursor = at + 1;
            Some(entry.key().get().clone())
        }
        Value::Set(table) => {
            let (at, entry) = table.next_entry(*cursor)?;
            *cursor = at + 1;
            Some(entry.key().get().clone())
        }
        Value::Bytes(data) => {
            let byte = *data.as_slice().get(*cursor)?;
            *cursor += 1;
            Some(Value::Int(i64::from(byte)))
        }
        _ => None,
    }
}

/// The next pair of a loop with two names: key and value of a dict, else position and item. `count` begins at 0.
#[inline]
pub fn next_pair(collection: &Value, cursor: &mut usize, count: &mut i64) -> Option<(Value, Value)> {
    if let Value::Dict(table) = collection {
        let (at, entry) = table.next_entry(*cursor)?;
        *cursor = at + 1;
        return Some((entry.key().get().clone(), entry.value.clone()));
    }
    // In arrays, bytes and ASCII text the cursor says it: who goes on with a loop may have counted nothing else.
    if is_counted_by_cursor(collection) {
        *count = *cursor as i64;
    }
    let item = next(collection, cursor)?;
    let position = *count;
    *count += 1;
    Some((Value::Int(position), item))
}

/// Do positions count items one by one?
fn is_counted_by_cursor(collection: &Value) -> bool {
    match collection {
        Value::Array(_) | Value::Bytes(_) => true,
        Value::Str(text) => text.is_ascii(),
        _ => false,
    }
}

/// How many items a collection has, if that is known without counting.
pub fn size_hint(collection: &Value) -> usize {
    match collection {
        Value::Array(items) => items.len(),
        Value::Int(end) => usize::try_from(*end).unwrap_or(0),
        Value::Str(text) => text.len(),
        Value::Dict(table) => table.len(),
        Value::Set(table) => table.len(),
        Value::Bytes(data) => data.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::display::structural_debug;
    use super::*;

    fn items(value: Value) -> String {
        let Ok(Start::Collection(collection)) = start(value) else { return "no collection".to_owned() };
        let mut cursor = 0;
        let items: Vec<_> = std::iter::from_fn(|| next(&collection, &mut cursor)).collect();
        structural_debug(&Value::array(items))
    }

    fn pairs(value: Value) -> String {
        let Ok(Start::Collection(collection)) = start(value) else { return "no collection".to_owned() };
        let (mut cursor, mut count) = (0, 0);
        let pairs = std::iter::from_fn(|| next_pair(&collection, &mut cursor, &mut count));
        let pairs: Vec<_> = pairs.map(|(first, second)| Value::array(vec![first, second])).collect();
        structural_debug(&Value::array(pairs))
    }

    #[test]
    fn collections_give_their_items() {
        assert_eq!(items(Value::Int(3)), "[0, 1, 2]");
        assert_eq!(items(Value::Int(-3)), "[]");
        assert_eq!(items(Value::range(5, -2, 3).unwrap()), "[5, 3, 1]");
        assert_eq!(items(Value::str("añ")), "[\"a\", \"ñ\"]");
        assert_eq!(items(Value::bytes(vec![1, 2])), "[1, 2]");
        let mut d = Value::dict([(Value::str("a"), Value::Int(1)), (Value::Int(2), Value::Null)]).unwrap();
        assert_eq!(items(d.clone()), "[\"a\", 2]");
        if let Value::Dict(table) = &mut d {
            crate::value::dict::make_unique(table).unwrap().remove(&Value::str("a")).unwrap();
        }
        assert_eq!(items(d), "[2]");
        assert_eq!(items(Value::set([Value::Int(4)]).unwrap()), "[4]");
    }

    #[test]
    fn two_names_see_keys_or_positions() {
        let d = Value::dict([(Value::str("a"), Value::Int(1))]).unwrap();
        assert_eq!(pairs(d), "[[\"a\", 1]]");
        assert_eq!(pairs(Value::str("xñy")), "[[0, \"x\"], [1, \"ñ\"], [2, \"y\"]]");
        assert_eq!(pairs(Value::set([Value::str("q")]).unwrap()), "[[0, \"q\"]]");
    }

    #[test]
    fn what_cannot_be_iterated() {
        let Err(raise) = start(Value::bool(true)) else { panic!("an error") };
        assert_eq!(raise.as_fault().unwrap().message(), "Cannot iterate over bool");
    }
}
