//! Builtins that serve several types: arrays, strings, dicts, sets, bytes, iterators.
use super::Engine;
use super::arg::{Any, Iterable, Missing, Size, Within, describe, new_array, new_string};
use super::array::position;
use super::iter::{for_each, is_lazy, items_of};
use super::table::{Outcome, builtins};
use super::{dict, math, text};
use crate::semantics::compare::{self, CompareOp};
use crate::semantics::display;
use crate::semantics::fault::{Raise, faults};
use crate::value::{ArrRef, Bytes, Str, Value, array};

builtins! {
    /// Arrays, strings, dicts, sets and bytes alike.
    pub(super) ROWS:

    /// The number of items, entries, characters or bytes.
    ///
    /// ```ruff
    /// assert_equal(len([1, 2]), 2)
    /// assert_equal("añ".len(), 2)
    /// ```
    [pure, may_fault] len(x: Any) -> int = native len;

    /// Is the length 0?
    ///
    /// ```ruff
    /// assert(is_empty("") && !is_empty([0]))
    /// ```
    [pure, may_fault] is_empty(x: Any) -> bool = native is_empty;

    /// `item in whole`: an item, a part of a text, a key.
    ///
    /// ```ruff
    /// assert([1, 2].contains(2) && "abc".contains("bc") && {a: 1}.contains("a"))
    /// ```
    [may_fault, may_call] contains(whole: Any, item: Any) -> bool = native contains;

    /// The position of the first equal item, or of the first such part of a text; null if there is none.
    ///
    /// ```ruff
    /// assert_equal(index_of([3, 1, 1], 1), 1)
    /// assert_equal("hello".index_of("l"), 2)
    /// assert_equal(index_of([], 1), null)
    /// ```
    [may_fault, may_call] index_of(whole: Any, item: Any) -> any = native index_of;

    /// The position of the last equal item, or of the last such part of a text; null if there is none.
    ///
    /// ```ruff
    /// assert_equal("hello".last_index_of("l"), 3)
    /// ```
    [may_fault, may_call] last_index_of(whole: Any, item: Any) -> any = native last_index_of;

    /// How many items there are; how many are equal to `item`, or for how many `item(x)` is true if it is a function; in a
    /// text, how often the part `item` occurs.
    ///
    /// ```ruff
    /// assert_equal(count([1, 2, 1], 1), 2)
    /// assert_equal(count([1, 2, 3], x => x > 1), 2)
    /// assert_equal("banana".count("an"), 2)
    /// ```
    [may_fault, may_call] count(whole: Iterable, item: Missing) -> int = native count;

    /// The first item; null if there is none. Takes it from an iterator.
    ///
    /// ```ruff
    /// assert_equal(first([1, 2]), 1)
    /// ```
    [may_fault, may_call] first(items: Iterable) -> any = native first;

    /// The last item; null if there is none.
    ///
    /// ```ruff
    /// assert_equal(last([1, 2]), 2)
    /// ```
    [may_fault, may_call] last(items: Iterable) -> any = native last;

    /// The item at a position, or the value of a key; `default` if there is none.
    ///
    /// ```ruff
    /// assert_equal(get([1, 2], 5, 0), 0)
    /// assert_equal(get({a: 1}, "a"), 1)
    /// ```
    [may_fault] get(items: Any, key: Any, default: Missing) -> any = native get;

    /// The items, characters or bytes from `start` to before `end`; negative ends count from the end, then both are
    /// clamped.
    ///
    /// ```ruff
    /// assert_equal(slice([1, 2, 3, 4], 1, -1), [2, 3])
    /// ```
    [pure, may_fault] slice(x: Any, start: i64, end: Option<i64>) -> any = native slice;

    /// In opposite order; as a method it turns an array round in its place.
    ///
    /// ```ruff
    /// assert_equal(reverse([1, 2, 3]), [3, 2, 1])
    /// assert_equal(reverse("abc"), "cba")
    /// ```
    [may_fault] reverse(x: Any) -> any = native reverse, method reverse_place;

    /// The text or array `n` times.
    ///
    /// ```ruff
    /// assert_equal(repeat("ab", 2), "abab")
    /// assert_equal(repeat([0], 3), [0, 0, 0])
    /// ```
    [pure, may_fault] repeat(x: Any, n: i64) -> any = native repeat;

    /// The display forms of the items, with `sep` between.
    ///
    /// ```ruff
    /// assert_equal(join([1, "a", true], ", "), "1, a, true")
    /// ```
    [may_fault, may_call] join(items: Iterable, sep: &str = "") -> string = native join;

    /// The array with a value put in before a position, or the dict with an entry.
    ///
    /// ```ruff
    /// assert_equal(insert([1, 3], 1, 2), [1, 2, 3])
    /// assert_equal(insert({a: 1}, "b", 2), {a: 1, b: 2})
    /// ```
    [may_fault] insert(items: Any, at: Any, value: Any) -> any = place insert;

    /// The array without the first item equal to `item`, the set without it, or of a dict `[rest, value]` of the key; as a
    /// method it gives whether something was removed, of a dict the value or null.
    ///
    /// ```ruff
    /// assert_equal(remove([1, 2, 1], 1), [2, 1])
    /// d := {a: 1}
    /// assert_equal(d.remove("a"), 1)
    /// assert_equal(d, {})
    /// ```
    [may_fault, may_call] remove(items: Any, item: Any) -> any = native remove, method remove_place;

    /// Without any items.
    ///
    /// ```ruff
    /// xs := [1]
    /// xs.clear()
    /// assert_equal(xs, [])
    /// ```
    [may_fault] clear(items: Any) -> any = place clear;

    /// The array or set with more items, or the dict with more entries.
    ///
    /// ```ruff
    /// assert_equal(extend([1], [2, 3]), [1, 2, 3])
    /// ```
    [may_fault, may_call] extend(items: Any, more: Iterable) -> any = place extend;

    /// The first `n` items; of a text, at most `n` characters that end in `suffix` if some were cut off.
    ///
    /// ```ruff
    /// assert_equal(truncate("a long text", 7), "a long…")
    /// assert_equal(truncate([1, 2, 3], 2), [1, 2])
    /// ```
    [may_fault] truncate(x: Any, n: Size, suffix: &str = "…") -> any = native truncate, method truncate_place;
}

type Fallible<T = Value> = Result<T, Raise>;

/// The fault for a first argument of a type that the function does not serve.
#[cold]
fn unfit(function: &str, parameter: &str, expected: &str, got: &Value) -> Raise {
    let hint = if is_lazy(got) { " (collect() it first)" } else { "" };
    faults::argument_type(function, parameter, expected, format_args!("{}{hint}", got.type_name()))
}

#[inline]
fn len(_: &mut dyn Engine, x: Any) -> Fallible<usize> {
    match x {
        Value::Array(items) => Ok(items.len()),
        Value::Str(text) => Ok(text.char_len()),
        Value::Dict(dict) => Ok(dict.len()),
        Value::Set(set) => Ok(set.len()),
        Value::Bytes(bytes) => Ok(bytes.len()),
        _ => Err(unfit("len", "x", "a string, bytes or a collection", x)),
    }
}

fn is_empty(engine: &mut dyn Engine, x: Any) -> Fallible<bool> {
    match x {
        Value::Str(text) => Ok(text.is_empty()),
        Value::Array(_) | Value::Dict(_) | Value::Set(_) | Value::Bytes(_) => Ok(len(engine, x)? == 0),
        _ => Err(unfit("is_empty", "x", "a string, bytes or a collection", x)),
    }
}

fn equal(engine: &mut dyn Engine, left: &Value, right: &Value) -> Fallible<bool> {
    math::holds(engine, CompareOp::Eq, left, right)
}

/// The positions of an array in one direction, to the first where the item is equal.
fn find_equal(
    engine: &mut dyn Engine,
    items: &ArrRef,
    item: &Value,
    mut positions: impl Iterator<Item = usize>,
) -> Fallible<Option<usize>> {
    if let (Some(ints), Value::Int(wanted)) = (items.as_i64_slice(), item) {
        return Ok(positions.find(|at| ints[*at] == *wanted));
    }
    let items = items.clone();
    for (steps, at) in positions.enumerate() {
        if steps % 4096 == 4095 {
            engine.poll()?;
        }
        let simple = items.as_val_slice().and_then(|items| compare::simple(CompareOp::Eq, &items[at], item));
        if simple.map_or_else(|| equal(engine, &items.get(at).unwrap_or_default(), item), Ok)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

/// `item in whole`, for every type that can be searched.
pub(super) fn contains_item(engine: &mut dyn Engine, whole: &mut Value, item: &mut Value) -> Fallible<bool> {
    match (&*whole, &*item) {
        (Value::Array(items), item) => {
            if let (Some((start, step, len)), Value::Int(x)) = (items.as_range(), item) {
                let distance = i128::from(*x) - i128::from(start);
                let step = i128::from(step);
                return Ok(step != 0 && distance % step == 0 && (0..len as i128).contains(&(distance / step)));
            }
            Ok(find_equal(engine, items, item, 0..items.len())?.is_some())
        }
        (Value::Str(text), Value::Str(part)) => Ok(text.as_str().contains(part.as_str())),
        (Value::Str(_), other) => Err(faults::argument_type("contains", "item", "a string", other.type_name())),
        (Value::Dict(dict), key) => dict.contains(key).map_err(dict::not_a_key),
        (Value::Set(set), key) => set.contains(key).map_err(dict::not_a_key),
        (Value::Bytes(bytes), Value::Int(byte)) => Ok(bytes.as_slice().iter().any(|b| i64::from(*b) == *byte)),
        (Value::Bytes(bytes), Value::Bytes(part)) => Ok(memchr::memmem::find(bytes.as_slice(), part.as_slice()).is_some()),
        _ => {
            let mut found = false;
            let item = item.clone();
            for_each(engine, "contains", "whole", whole, |engine, other| {
                found = equal(engine, &other, &item)?;
                Ok(!found)
            })?;
            Ok(found)
        }
    }
}

fn contains(engine: &mut dyn Engine, whole: Any, item: Any) -> Fallible<bool> {
    contains_item(engine, whole, item)
}

/// Position as a value, null for none.
fn position_or_null(position: Option<usize>) -> Value {
    position.map_or(Value::Null, |at| Value::Int(at as i64))
}

fn part<'a>(function: &str, item: &'a Value) -> Fallible<&'a str> {
    item.as_str().ok_or_else(|| faults::argument_type(function, "item", "a string", item.type_name()))
}

fn index_of(engine: &mut dyn Engine, whole: Any, item: Any) -> Fallible {
    match whole {
        Value::Array(items) => Ok(position_or_null(find_equal(engine, items, item, 0..items.len())?)),
        Value::Str(text) => {
            let found = memchr::memmem::find(text.as_bytes(), part("index_of", item)?.as_bytes());
            Ok(position_or_null(found.map(|byte| text.char_position(byte))))
        }
        _ => Err(unfit("index_of", "whole", "an array or a string", whole)),
    }
}

fn last_index_of(engine: &mut dyn Engine, whole: Any, item: Any) -> Fallible {
    match whole {
        Value::Array(items) => Ok(position_or_null(find_equal(engine, items, item, (0..items.len()).rev())?)),
        Value::Str(text) => {
            let found = memchr::memmem::rfind(text.as_bytes(), part("last_index_of", item)?.as_bytes());
            Ok(position_or_null(found.map(|byte| text.char_position(byte))))
        }
        _ => Err(unfit("last_index_of", "whole", "an array or a string", whole)),
    }
}

fn count(engine: &mut dyn Engine, whole: Iterable, item: Missing) -> Fallible<usize> {
    let Some(item) = item.0 else { return count_all(engine, whole.0) };
    if let (Value::Str(text), Value::Str(part)) = (&*whole.0, &*item) {
        return Ok(text.as_str().matches(part.as_str()).count());
    }
    let is_predicate = matches!(item, Value::Fn0(_) | Value::Closure(_));
    let mut total = 0;
    for_each(engine, "count", "whole", whole.0, |engine, other| {
        let counts = if is_predicate { engine.call(item, &mut [other])?.is_truthy() } else { equal(engine, &other, item)? };
        total += usize::from(counts);
        Ok(true)
    })?;
    Ok(total)
}

fn count_all(engine: &mut dyn Engine, whole: &mut Value) -> Fallible<usize> {
    match whole {
        Value::Array(_) | Value::Str(_) | Value::Dict(_) | Value::Set(_) | Value::Bytes(_) => len(engine, whole),
        _ => {
            let mut total = 0;
            for_each(engine, "count", "whole", whole, |_, _| {
                total += 1;
                Ok(true)
            })?;
            Ok(total)
        }
    }
}

fn first(engine: &mut dyn Engine, items: Iterable) -> Fallible {
    let mut first = Value::Null;
    for_each(engine, "first", "items", items.0, |_, item| {
        first = item;
        Ok(false)
    })?;
    Ok(first)
}

fn last(engine: &mut dyn Engine, items: Iterable) -> Fallible {
    match &*items.0 {
        Value::Array(array) => Ok(array.len().checked_sub(1).and_then(|at| array.get(at)).unwrap_or_default()),
        Value::Str(text) => Ok(text.as_str().chars().next_back().map_or(Value::Null, Value::char)),
        _ => {
            let mut last = Value::Null;
            for_each(engine, "last", "items", items.0, |_, item| {
                last = item;
                Ok(true)
            })?;
            Ok(last)
        }
    }
}

fn get(_: &mut dyn Engine, items: Any, key: Any, default: Missing) -> Fallible {
    if let Value::Dict(dict) = &*items {
        return Ok(dict::value_or(dict::get(dict, key)?, default));
    }
    let length = match &*items {
        Value::Array(array) => array.len(),
        Value::Str(text) => text.char_len(),
        Value::Bytes(bytes) => bytes.len(),
        _ => return Err(unfit("get", "items", "an array, a dict, a string or bytes", items)),
    };
    let index = match &*key {
        Value::Int(index) => *index,
        Value::BigInt(_) => i64::MAX,
        _ => return Err(faults::argument_type("get", "key", "an int", key.type_name())),
    };
    let found = position(index, length).ok().and_then(|at| match &*items {
        Value::Array(array) => array.get(at),
        Value::Str(text) => text.char_at(at),
        Value::Bytes(bytes) => bytes.as_slice().get(at).map(|byte| Value::Int(i64::from(*byte))),
        _ => None,
    });
    Ok(dict::value_or(found.as_ref(), default))
}

/// Both ends of a slice as positions: negative ones count from the end, then they are clamped.
pub(super) fn slice_ends(start: i64, end: Option<i64>, length: usize) -> (usize, usize) {
    let absolute = |at: i64| match usize::try_from(at) {
        Ok(at) => at.min(length),
        Err(_) => length.saturating_sub(at.unsigned_abs() as usize),
    };
    let start = absolute(start);
    (start, end.map_or(length, absolute).max(start))
}

fn slice(_: &mut dyn Engine, x: Any, start: i64, end: Option<i64>) -> Fallible {
    match x {
        Value::Array(items) => {
            let (start, end) = slice_ends(start, end, items.len());
            Ok(Value::Array(items.slice_of(start, end).within("slice")?))
        }
        Value::Str(text) => {
            let (start, end) = slice_ends(start, end, text.char_len());
            text.slice(start, end).within("slice")
        }
        Value::Bytes(bytes) => {
            let (start, end) = slice_ends(start, end, bytes.len());
            Ok(Value::Bytes(Bytes::copy(&bytes.as_slice()[start..end]).within("slice")?))
        }
        _ => Err(unfit("slice", "x", "an array, a string or bytes", x)),
    }
}

fn reverse(engine: &mut dyn Engine, x: Any) -> Fallible {
    match x {
        Value::Str(text) => new_string(&text::reversed(text.as_str())),
        Value::Array(_) => {
            reverse_place(engine, x)?;
            Ok(x.take())
        }
        Value::Bytes(bytes) => Ok(Value::bytes(bytes.as_slice().iter().rev().copied().collect())),
        _ => Err(unfit("reverse", "x", "an array, a string or bytes", x)),
    }
}

fn reverse_place(_: &mut dyn Engine, x: Any) -> Fallible<Outcome> {
    let Value::Array(items) = x else { return Err(unfit("reverse", "x", "an array", x)) };
    array::make_unique(items).within("reverse")?.reverse().within("reverse")?;
    Ok(Outcome::Changed)
}

fn repeat(_: &mut dyn Engine, x: Any, n: i64) -> Fallible {
    let times = usize::try_from(n).unwrap_or(0);
    match x {
        Value::Str(text) => Ok(Value::Str(Str::repeat(text.as_str(), times).within("repeat")?)),
        Value::Array(items) => Ok(Value::Array(items.repeat(times).within("repeat")?)),
        _ => Err(unfit("repeat", "x", "a string or an array", x)),
    }
}

fn join(engine: &mut dyn Engine, items: Iterable, sep: &str) -> Fallible {
    if let Value::Array(array) = &*items.0
        && let Some(texts) = array.as_val_slice()
        && let Some(length) = joined_length(texts, sep.len())
    {
        return Ok(Value::Str(Str::join(length, sep, texts.iter().filter_map(Value::as_str)).within("join")?));
    }
    let mut out = String::new();
    let mut is_first = true;
    for_each(engine, "join", "items", items.0, |engine, item| {
        if !std::mem::take(&mut is_first) {
            out.push_str(sep);
        }
        // Before it grows once more.
        if out.capacity() - out.len() < 64 {
            super::arg::reserve_text("join", out.len().checked_mul(2))?;
        }
        display::display_into(&mut out, &item, engine)?;
        Ok(true)
    })?;
    new_string(&out)
}

/// The length of the joined texts, if all are texts.
fn joined_length(texts: &[Value], separator: usize) -> Option<usize> {
    let mut length = separator.checked_mul(texts.len().saturating_sub(1))?;
    for text in texts {
        length = length.checked_add(text.as_str()?.len())?;
    }
    Some(length)
}

fn insert(_: &mut dyn Engine, items: Any, at: Any, value: Any) -> Fallible<Outcome> {
    match items {
        Value::Array(array) => {
            let length = array.len();
            let index = match &*at {
                Value::Int(index) => *index,
                Value::BigInt(_) => return Err(faults::index_out_of_bounds(describe(at), length)),
                _ => return Err(faults::argument_type("insert", "at", "an int", at.type_name())),
            };
            let from_start = if index < 0 { index.checked_add(length as i64) } else { Some(index) };
            let position = from_start.and_then(|at| usize::try_from(at).ok()).filter(|at| *at <= length);
            let position = position.ok_or_else(|| faults::index_out_of_bounds(index, length))?;
            array::make_unique(array).within("insert")?.insert(position, value.take()).within("insert")?;
        }
        Value::Dict(dict) => {
            dict::insert(dict, at.clone(), value.clone())?;
        }
        _ => return Err(unfit("insert", "items", "an array or a dict", items)),
    }
    Ok(Outcome::Changed)
}

fn remove(engine: &mut dyn Engine, items: Any, item: Any) -> Fallible {
    let is_dict = matches!(items, Value::Dict(_));
    let mut place = items.clone();
    let Outcome::Item(removed) = remove_place(engine, &mut place, item)? else { return Ok(place) };
    if is_dict { new_array(vec![place, removed]) } else { Ok(place) }
}

fn remove_place(engine: &mut dyn Engine, items: Any, item: Any) -> Fallible<Outcome> {
    let removed = match items {
        Value::Array(array) => match find_equal(engine, array, item, 0..array.len())? {
            Some(at) => {
                array::make_unique(array).within("remove")?.remove(at).within("remove")?;
                Value::from(true)
            }
            None => Value::from(false),
        },
        Value::Dict(dict) => dict::remove_key(dict, item)?.unwrap_or_default(),
        Value::Set(set) => Value::from(dict::remove_from_set(set, item)?),
        _ => return Err(unfit("remove", "items", "an array, a dict or a set", items)),
    };
    Ok(Outcome::Item(removed))
}

fn clear(_: &mut dyn Engine, items: Any) -> Fallible<Outcome> {
    *items = match items {
        Value::Array(_) => Value::Array(array::new()),
        Value::Dict(_) => Value::Dict(crate::value::dict::new()),
        Value::Set(_) => Value::Set(crate::value::set::new()),
        _ => return Err(unfit("clear", "items", "an array, a dict or a set", items)),
    };
    Ok(Outcome::Changed)
}

fn extend(engine: &mut dyn Engine, items: Any, more: Iterable) -> Fallible<Outcome> {
    match items {
        Value::Array(array) => match &*more.0 {
            Value::Array(more) => array::make_unique(array).within("extend")?.extend(more).within("extend")?,
            _ => {
                let more = array::from_vec(items_of(engine, "extend", "more", more.0)?).within("extend")?;
                array::make_unique(array).within("extend")?.extend(&more).within("extend")?;
            }
        },
        Value::Dict(target) => {
            if !matches!(more.0, Value::Dict(_)) {
                return Err(faults::argument_type("extend", "more", "a dict", more.0.type_name()));
            }
            dict::extend_dict(target, more.0)?;
        }
        Value::Set(target) => {
            let Value::Set(more) = dict::set_of(engine, "extend", "more", more.0)? else { return Ok(Outcome::Changed) };
            for item in more.keys() {
                dict::add_to_set(target, item)?;
            }
        }
        _ => return Err(unfit("extend", "items", "an array, a dict or a set", items)),
    }
    Ok(Outcome::Changed)
}

fn truncate(_: &mut dyn Engine, x: Any, n: Size, suffix: &str) -> Fallible {
    match x {
        Value::Str(text) => text::truncate_text(text.as_str(), n.0, suffix),
        Value::Array(items) => Ok(Value::Array(items.slice_of(0, n.0).within("truncate")?)),
        _ => Err(unfit("truncate", "x", "a string or an array", x)),
    }
}

fn truncate_place(_: &mut dyn Engine, x: Any, n: Size, _suffix: &str) -> Fallible<Outcome> {
    let Value::Array(items) = x else { return Err(unfit("truncate", "x", "an array", x)) };
    if n.0 < items.len() {
        array::make_unique(items).within("truncate")?.truncate(n.0);
    }
    Ok(Outcome::Changed)
}
