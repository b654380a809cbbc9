//! Indexing, slicing, membership and ranges (LANGUAGE §3).
use super::display::structural_debug;
use super::fault::{Raise, faults};
use super::member::overload;
use super::step::{Callback, SmallArgs, Step, Then};
use super::{compare, memory, with_article};
use crate::limits::OutOfMemory;
use crate::value::dict::{DictRef, InsertError};
use crate::value::heap::Str;
use crate::value::symbol::known;
use crate::value::{Array, NotAKey, Value, array, dict};

/// The fault for a key of a kind that cannot be one.
#[cold]
pub fn not_a_key(refused: NotAKey) -> Raise {
    faults::not_a_key(with_article(refused.0))
}

/// The fault for an entry that could not be made.
#[cold]
pub fn insert_fault(refused: InsertError) -> Raise {
    match refused {
        InsertError::NotAKey(refused) => not_a_key(refused),
        InsertError::Memory(refused) => memory("dict", refused),
    }
}

/// Whether a value may be a key of a dict or an element of a set.
pub fn check_key(key: &Value) -> Result<(), Raise> {
    match key {
        Value::Int(_) | Value::Str(_) | Value::Bool(_) | Value::Null | Value::Float(_) => Ok(()),
        other => crate::value::key::hash(other).map(|_| ()).map_err(not_a_key),
    }
}

/// `base[index]`.
#[inline(always)]
pub fn get(base: &Value, index: &Value) -> Result<Step, Raise> {
    if let (Value::Array(items), Value::Int(at)) = (base, index)
        && let Some(item) = usize::try_from(*at).ok().and_then(|at| items.get(at))
    {
        return Ok(Step::Done(item));
    }
    get_rest(base, index)
}

#[inline(never)]
fn get_rest(base: &Value, index: &Value) -> Result<Step, Raise> {
    match base {
        Value::Dict(table) => match table.get(index).map_err(not_a_key)? {
            Some(value) => Ok(Step::Done(value.clone())),
            None => Err(missing_key(index)),
        },
        Value::Array(_) | Value::Str(_) | Value::Bytes(_) => element(base, index).map(Step::Done),
        _ => match overload(base, known::OP_INDEX) {
            Some(method) => {
                Ok(Step::Call { method, receiver: base.clone(), args: SmallArgs::one(index.clone()), then: Then::Value })
            }
            None => Err(faults::cannot_index(base.type_name())),
        },
    }
}

/// `base[index] ?? …`: a missing key of a dict is null.
#[inline]
pub fn get_or_null(base: &Value, index: &Value) -> Result<Step, Raise> {
    match base {
        Value::Dict(table) => Ok(Step::Done(table.get(index).map_err(not_a_key)?.cloned().unwrap_or(Value::Null))),
        _ => get(base, index),
    }
}

/// An element of a sequence, or a slice if the index is a range.
fn element(base: &Value, index: &Value) -> Result<Value, Raise> {
    let at = match index {
        Value::Int(at) => *at,
        Value::BigInt(_) => return Err(out_of_bounds(base, index)),
        Value::Array(range) => match bounds(range) {
            Some((first, last)) => return cut(base, Ends { start: Some(first), end: last, inclusive: true }),
            None => return Err(faults::bad_index(base.type_name(), "array")),
        },
        other => return Err(faults::bad_index(base.type_name(), other.type_name())),
    };
    let item = match base {
        Value::Array(items) => position(at, items.len()).and_then(|at| items.get(at)),
        Value::Str(text) if at >= 0 => usize::try_from(at).ok().and_then(|at| text.char_at(at)),
        Value::Str(text) => position(at, text.char_len()).and_then(|at| text.char_at(at)),
        Value::Bytes(data) => {
            position(at, data.len()).and_then(|at| data.as_slice().get(at)).map(|&byte| Value::Int(i64::from(byte)))
        }
        _ => None,
    };
    item.ok_or_else(|| out_of_bounds(base, index))
}

/// The position that an index means: negative ones count from the end.
#[inline(always)]
pub fn position(index: i64, length: usize) -> Option<usize> {
    let at = if index < 0 { index.checked_add_unsigned(length as u64)? } else { index };
    usize::try_from(at).ok().filter(|&at| at < length)
}

#[cold]
fn out_of_bounds(base: &Value, index: &Value) -> Raise {
    faults::index_out_of_bounds(structural_debug(index), length(base).unwrap_or(0))
}

/// `Missing key: "k"`.
#[cold]
pub fn missing_key(key: &Value) -> Raise {
    faults::missing_key(structural_debug(key))
}

/// Number of elements, characters, bytes or entries.
pub fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Str(text) => Some(text.char_len()),
        Value::Array(items) => Some(items.len()),
        Value::Dict(table) => Some(table.len()),
        Value::Set(table) => Some(table.len()),
        Value::Bytes(data) => Some(data.len()),
        _ => None,
    }
}

/// First and last element of an array of neighbouring ascending ints, which a range is; `None` for the last if empty.
fn bounds(range: &Array) -> Option<(i64, Option<i64>)> {
    let Some(first) = range.get(0) else { return Some((0, None)) };
    let (first, last) = (first.as_int()?, range.get(range.len() - 1)?.as_int()?);
    let ascending = match (range.as_range(), range.as_i64_slice()) {
        (Some((_, step, len)), _) => step == 1 || len == 1,
        (None, Some(items)) => items.windows(2).all(|pair| pair[0].checked_add(1) == Some(pair[1])),
        (None, None) => false,
    };
    ascending.then_some((first, Some(last)))
}

/// The ends of a slice. `end: None` with `inclusive` is the empty range, without it the open end.
struct Ends {
    start: Option<i64>,
    end: Option<i64>,
    inclusive: bool,
}

impl Ends {
    /// Positions for a sequence of this length: negative ends count from the end, then both are clamped.
    #[inline]
    fn resolve(&self, length: usize) -> (usize, usize) {
        let length = i64::try_from(length).unwrap_or(i64::MAX);
        let from_end = |end: i64| if end < 0 { end.saturating_add(length) } else { end };
        let start = self.start.map_or(0, from_end).clamp(0, length);
        let end = match (self.end, self.inclusive) {
            (Some(end), true) => from_end(end).saturating_add(1),
            (Some(end), false) => from_end(end),
            (None, true) => 0,
            (None, false) => length,
        };
        let end = end.clamp(0, length).max(start);
        (start as usize, end as usize)
    }
}

/// [`slice`] of a string with ends of 64 bits.
#[inline]
pub fn slice_text(text: &Str, start: Option<i64>, end: Option<i64>, inclusive: bool) -> Result<Value, OutOfMemory> {
    cut_text(text, &Ends { start, end, inclusive: inclusive && end.is_some() })
}

#[inline]
fn cut_text(text: &Str, ends: &Ends) -> Result<Value, OutOfMemory> {
    let (from, to) = ends.resolve(text.char_len());
    text.slice(from, to)
}

/// [`slice`] of an array with ends of 64 bits.
pub fn slice_array(items: &Array, start: Option<i64>, end: Option<i64>, inclusive: bool) -> Result<Value, OutOfMemory> {
    cut_array(items, &Ends { start, end, inclusive: inclusive && end.is_some() })
}

fn cut_array(items: &Array, ends: &Ends) -> Result<Value, OutOfMemory> {
    let (from, to) = ends.resolve(items.len());
    items.slice_of(from, to).map(Value::Array)
}

fn cut(base: &Value, ends: Ends) -> Result<Value, Raise> {
    let no_room = |refused: OutOfMemory| memory("slice", refused);
    match base {
        Value::Array(items) => cut_array(items, &ends).map_err(no_room),
        Value::Str(text) => cut_text(text, &ends).map_err(no_room),
        Value::Bytes(data) => {
            let (from, to) = ends.resolve(data.len());
            crate::value::Bytes::copy(&data.as_slice()[from..to]).map(Value::Bytes).map_err(no_room)
        }
        other => Err(faults::cannot_slice(other.type_name())),
    }
}

/// [`slice`] or [`slice_or_null`].
pub type Slice = fn(&Value, Option<&Value>, Option<&Value>, bool) -> Result<Step, Raise>;

/// `base[start..end]` with the range written inside the brackets. On a dict, and for `op_index`, the range is a value.
pub fn slice(base: &Value, start: Option<&Value>, end: Option<&Value>, inclusive: bool) -> Result<Step, Raise> {
    slice_with(base, start, end, inclusive, get)
}

/// [`slice`] on the left of `??`, where a range that a dict lacks as a key gives null.
pub fn slice_or_null(base: &Value, start: Option<&Value>, end: Option<&Value>, inclusive: bool) -> Result<Step, Raise> {
    slice_with(base, start, end, inclusive, get_or_null)
}

fn slice_with(
    base: &Value,
    start: Option<&Value>,
    end: Option<&Value>,
    inclusive: bool,
    get: fn(&Value, &Value) -> Result<Step, Raise>,
) -> Result<Step, Raise> {
    if matches!(base, Value::Array(_) | Value::Str(_) | Value::Bytes(_)) {
        let ends = Ends { start: start.map(slice_end).transpose()?, end: end.map(slice_end).transpose()?, inclusive };
        let ends = if end.is_none() { Ends { inclusive: false, ..ends } } else { ends };
        return cut(base, ends).map(Step::Done);
    }
    match (start, end) {
        (Some(start), Some(end)) => get(base, &range(start, end, inclusive)?),
        _ => Err(faults::cannot_slice(base.type_name())),
    }
}

/// Ends of any size clamp.
fn slice_end(value: &Value) -> Result<i64, Raise> {
    match value {
        Value::Int(end) => Ok(*end),
        Value::BigInt(big) => Ok(if *big.get() < crate::value::IBig::ZERO { i64::MIN + 1 } else { i64::MAX }),
        other => Err(faults::slice_end(other.type_name())),
    }
}

/// `start..end`, `start..=end`.
#[inline]
pub fn range(start: &Value, end: &Value, inclusive: bool) -> Result<Value, Raise> {
    let (Value::Int(first), Value::Int(last)) = (start, end) else { return big_range(start, end, inclusive) };
    let length = (i128::from(*last) - i128::from(*first) + i128::from(inclusive)).max(0);
    let length = usize::try_from(length).ok().filter(|&length| length <= i64::MAX as usize);
    match length.and_then(|length| Value::range(*first, 1, length)) {
        Some(range) => Ok(range),
        None => big_range(start, end, inclusive),
    }
}

/// The ints of a range that a loop can count without the range itself, whose length may have more than 63 bits.
#[inline]
pub fn steps(start: &Value, end: &Value, inclusive: bool) -> Option<std::ops::Range<i64>> {
    let (Value::Int(start), Value::Int(end)) = (start, end) else { return None };
    // Where the VM stands before the first turn must be an int, too.
    start.checked_sub(1)?;
    Some(*start..end.checked_add(i64::from(inclusive))?)
}

/// A range that leaves 64 bits has no compact form: it is a plain array, if that fits in memory.
#[cold]
fn big_range(start: &Value, end: &Value, inclusive: bool) -> Result<Value, Raise> {
    let wide = |end: &Value| end.to_ibig().ok_or_else(|| faults::range_end(end.type_name()));
    let (first, last) = (wide(start)?, wide(end)?);
    let length = last - &first + crate::value::IBig::from(u8::from(inclusive));
    if length <= crate::value::IBig::ZERO {
        return Ok(Value::array(Vec::new()));
    }
    let length = usize::try_from(&length).unwrap_or(usize::MAX);
    // Each item is a value and a block of its own.
    crate::limits::reserve_array(length, 3 * size_of::<Value>()).map_err(|refused| memory("..", refused))?;
    let items = (0..length).map(|index| Value::int_from(&first + crate::value::IBig::from(index)));
    Ok(Value::array(items.collect()))
}

/// `item in container`.
#[inline]
pub fn contains(container: &Value, item: &Value, callback: &mut dyn Callback) -> Result<bool, Raise> {
    match container {
        Value::Dict(table) => table.contains(item).map_err(not_a_key),
        Value::Set(table) => table.contains(item).map_err(not_a_key),
        Value::Array(items) => Ok(find(items, item, callback)?.is_some()),
        Value::Str(text) => match item {
            Value::Str(part) => Ok(memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some()),
            other => Err(faults::search_text(other.type_name())),
        },
        Value::Bytes(data) => match item {
            Value::Int(byte) => Ok(u8::try_from(*byte).is_ok_and(|byte| memchr::memchr(byte, data.as_slice()).is_some())),
            Value::Bytes(part) => Ok(memchr::memmem::find(data.as_slice(), part.as_slice()).is_some()),
            _ => Ok(false),
        },
        other => Err(faults::cannot_search(other.type_name())),
    }
}

/// Position of the first element equal to `item`.
pub fn find(items: &Array, item: &Value, callback: &mut dyn Callback) -> Result<Option<usize>, Raise> {
    if let Some((start, step, len)) = items.as_range() {
        return Ok(find_in_range(start, step, len, item));
    }
    if let (Some(items), Value::Int(wanted)) = (items.as_i64_slice(), item) {
        return Ok(items.iter().position(|item| item == wanted));
    }
    for at in 0..items.len() {
        if at % 4096 == 4095 {
            callback.poll()?;
        }
        let Some(candidate) = items.borrow(at) else { break };
        if compare::equal(&candidate, item, callback)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

fn find_in_range(start: i64, step: i64, len: usize, item: &Value) -> Option<usize> {
    let wanted = match item {
        Value::Int(wanted) => *wanted,
        Value::Float(wanted) => crate::value::key::whole(*wanted)?,
        _ => return None,
    };
    let distance = i128::from(wanted) - i128::from(start);
    if step == 0 {
        return (distance == 0 && len > 0).then_some(0);
    }
    let (at, rest) = (distance / i128::from(step), distance % i128::from(step));
    usize::try_from(at).ok().filter(|&at| rest == 0 && at < len)
}

/// `base[index] = value` on a variable's own value; nothing changes on an error.
#[inline(always)]
pub fn set(base: &mut Value, index: &Value, value: Value) -> Result<(), Raise> {
    if let (Value::Array(items), Value::Int(at)) = (&mut *base, index)
        && let Some(at) = position(*at, items.len())
    {
        let items = array::make_unique(items).map_err(|refused| memory("array", refused))?;
        items.set(at, value).map_err(|refused| memory("array", refused))?;
        return Ok(());
    }
    if let (Value::Dict(table), Value::Str(key)) = (&mut *base, index)
        && let Some(table) = table.get_mut()
    {
        return table.set_str(key, value).map_err(|refused| memory("dict", refused));
    }
    set_rest(base, index, value)
}

#[inline]
fn set_entry(table: &mut DictRef, key: &Value, value: Value) -> Result<(), Raise> {
    check_key(key)?;
    let table = dict::make_unique(table).map_err(|refused| memory("dict", refused))?;
    table.set(key, value).map_err(insert_fault)
}

#[inline(never)]
fn set_rest(base: &mut Value, index: &Value, value: Value) -> Result<(), Raise> {
    match base {
        Value::Dict(table) => set_entry(table, index, value),
        Value::Array(_) => match index {
            Value::Int(_) | Value::BigInt(_) => Err(out_of_bounds(base, index)),
            Value::Array(_) => Err(faults::assign_slice("array")),
            other => Err(faults::bad_index("array", other.type_name())),
        },
        Value::Str(_) | Value::Bytes(_) if matches!(index, Value::Array(_)) => Err(faults::assign_slice(base.type_name())),
        other => Err(faults::cannot_assign_index(other.type_name())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::step::NoCallback;
    use super::*;

    fn text(result: Result<Value, Raise>) -> String {
        match result {
            Ok(value) => structural_debug(&value),
            Err(raise) => raise.as_fault().unwrap().message().to_owned(),
        }
    }

    fn done(step: Step) -> Value {
        match step {
            Step::Done(value) => value,
            _ => panic!("user code"),
        }
    }

    fn ints(items: &[i64]) -> Value {
        Value::array(items.iter().map(|&item| Value::Int(item)).collect())
    }

    #[track_caller]
    fn check(base: &Value, index: impl Into<Value>, expected: &str) {
        assert_eq!(text(get(base, &index.into()).map(done)), expected);
    }

    #[test]
    fn elements() {
        let xs = ints(&[10, 20, 30]);
        check(&xs, 0, "10");
        check(&xs, -1, "30");
        check(&xs, 5, "Index out of bounds: index 5, length 3");
        check(&xs, -4, "Index out of bounds: index -4, length 3");
        check(&xs, i64::MIN, "Index out of bounds: index -9223372036854775808, length 3");
        check(&xs, 1.0, "Cannot index array with float");
        let s = Value::str("añb");
        check(&s, 1, "\"ñ\"");
        check(&s, -1, "\"b\"");
        check(&s, 3, "Index out of bounds: index 3, length 3");
        check(&Value::bytes(vec![1, 255]), -1, "255");
        check(&Value::Null, 0, "Cannot index null");
        let d = Value::dict([(Value::str("k"), Value::Int(1)), (Value::Int(2), Value::Null)]).unwrap();
        check(&d, Value::str("k"), "1");
        check(&d, 2.0, "null");
        check(&d, Value::str("q"), "Missing key: \"q\"");
        check(&d, Value::Fn0(crate::value::FnId(0)), "a function cannot be a key");
        assert!(done(get_or_null(&d, &Value::str("q")).unwrap()).is_null());
    }

    #[track_caller]
    fn cut(base: &Value, start: Option<i64>, end: Option<i64>, inclusive: bool, expected: &str) {
        let (start, end) = (start.map(Value::Int), end.map(Value::Int));
        assert_eq!(text(slice(base, start.as_ref(), end.as_ref(), inclusive).map(done)), expected);
    }

    #[test]
    fn slices() {
        let xs = ints(&[0, 1, 2, 3, 4]);
        cut(&xs, Some(1), Some(3), false, "[1, 2]");
        cut(&xs, None, Some(2), true, "[0, 1, 2]");
        cut(&xs, Some(-2), None, false, "[3, 4]");
        cut(&xs, Some(-2), None, true, "[3, 4]");
        cut(&xs, Some(-3), Some(-1), true, "[2, 3, 4]");
        cut(&xs, Some(-100), Some(100), false, "[0, 1, 2, 3, 4]");
        cut(&xs, Some(3), Some(1), false, "[]");
        cut(&xs, Some(i64::MIN), Some(i64::MAX), true, "[0, 1, 2, 3, 4]");
        cut(&Value::str("añb"), Some(1), None, false, "\"ñb\"");
        cut(&Value::bytes(vec![1, 2, 3]), Some(1), Some(2), false, "b\"\\x02\"");
        cut(&Value::Int(1), Some(1), Some(2), false, "Cannot index int");
    }

    #[test]
    fn a_range_value_slices_and_is_a_key() {
        let r = range(&Value::Int(1), &Value::Int(3), false).unwrap();
        check(&ints(&[0, 1, 2, 3]), r.clone(), "[1, 2]");
        check(&ints(&[0, 1, 2, 3]), ints(&[1, 2]), "[1, 2]");
        check(&ints(&[0, 1, 2, 3]), ints(&[2, 1]), "Cannot index array with array");
        check(&ints(&[0, 1]), ints(&[]), "[]");
        let d = Value::dict([(r, Value::Int(7))]).unwrap();
        cut(&d, Some(1), Some(3), false, "7");
        cut(&d, Some(1), Some(2), true, "7");
    }

    #[test]
    fn ranges() {
        let make = |start: Value, end: Value, inclusive| text(range(&start, &end, inclusive));
        assert_eq!(make(Value::Int(0), Value::Int(3), false), "[0, 1, 2]");
        assert_eq!(make(Value::Int(0), Value::Int(3), true), "[0, 1, 2, 3]");
        assert_eq!(make(Value::Int(5), Value::Int(1), false), "[]");
        assert_eq!(make(Value::Int(5), Value::Int(1), true), "[]");
        assert_eq!(make(Value::Int(0), Value::Float(1.0), false), "range ends must be ints, got float");
        assert_eq!(
            make(Value::Int(i64::MAX), Value::int_from_i128(1 << 63), true),
            "[9223372036854775807, 9223372036854775808]"
        );
        assert!(make(Value::Int(i64::MIN), Value::Int(i64::MAX), true).starts_with("\"..\" needs 16 EiB"));
    }

    #[test]
    fn membership() {
        let ask = |container: &Value, item: Value| contains(container, &item, &mut NoCallback).map(Value::from);
        assert_eq!(text(ask(&ints(&[1, 2]), Value::Float(2.0))), "true");
        assert_eq!(text(ask(&Value::range(0, 3, 1_000_000_000_000).unwrap(), Value::Int(2_999_999_999_997))), "true");
        assert_eq!(text(ask(&Value::range(0, 3, 10).unwrap(), Value::Int(4))), "false");
        assert_eq!(text(ask(&Value::range(9, -3, 3).unwrap(), Value::Int(3))), "true");
        assert_eq!(text(ask(&Value::str("hello"), Value::str("ell"))), "true");
        assert_eq!(text(ask(&Value::str("hello"), Value::Int(1))), "in: a string contains strings, not int");
        assert_eq!(text(ask(&Value::Int(5), Value::Int(1))), "Cannot search in int");
        let set = Value::set([Value::Int(1)]).unwrap();
        assert_eq!(text(ask(&set, Value::Float(1.0))), "true");
    }

    #[test]
    fn stores() {
        let mut xs = ints(&[1, 2, 3]);
        let held = xs.clone();
        set(&mut xs, &Value::Int(-1), Value::str("x")).unwrap();
        assert_eq!((text(Ok(xs.clone())), text(Ok(held))), ("[1, 2, \"x\"]".into(), "[1, 2, 3]".into()));
        let fault = |base: &mut Value, index: Value| text(set(base, &index, Value::Null).map(|()| Value::Null));
        assert_eq!(fault(&mut xs, Value::Int(3)), "Index out of bounds: index 3, length 3");
        assert_eq!(fault(&mut xs, ints(&[0, 1])), "Cannot assign to a slice of array");
        assert_eq!(fault(&mut Value::str("abc"), Value::Int(0)), "Cannot assign to an element of string");
    }
}
