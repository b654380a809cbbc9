//! Dicts and sets.
use super::Engine;
use super::arg::{Any, DictSlot, Iterable, Missing, Rest, SetSlot, Within, new_array, new_pair};
use super::iter::items_of;
use super::table::{Outcome, builtins};
use crate::semantics::fault::{Raise, faults};
use crate::value::dict::InsertError;
use crate::value::{Dict, DictRef, NotAKey, SetRef, Value, dict, set};

builtins! {
    /// Dicts and sets.
    pub(super) ROWS:

    /// The keys in order of insertion.
    ///
    /// ```ruff
    /// assert_equal(keys({a: 1, b: 2}), ["a", "b"])
    /// ```
    [pure] keys(d: DictSlot) -> array = native keys;

    /// The values in order of insertion of their keys.
    ///
    /// ```ruff
    /// assert_equal(values({a: 1, b: 2}), [1, 2])
    /// ```
    [pure] values(d: DictSlot) -> array = native values;

    /// `[key, value]` for every entry, in order of insertion.
    ///
    /// ```ruff
    /// assert_equal(items({a: 1}), [["a", 1]])
    /// ```
    [pure] items | entries (d: DictSlot) -> array = native items;

    /// Is there an entry with this key?
    ///
    /// ```ruff
    /// assert(has_key({a: null}, "a"))
    /// ```
    [pure, may_fault] has_key(d: DictSlot, key: Any) -> bool = native has_key;

    /// The value of a key, or `default` if there is none (`get` with a default that must be given).
    ///
    /// ```ruff
    /// assert_equal(get_default({a: 1}, "b", 0), 0)
    /// ```
    [pure, may_fault] get_default(d: DictSlot, key: Any, default: Any) -> any = native get_default;

    /// The value of a key, which is entered with `value` if there is none: the method gives the value, the function
    /// `[dict, value]`.
    ///
    /// ```ruff
    /// d := {a: 1}
    /// assert_equal(d.get_or_insert("b", 2), 2)
    /// assert_equal(d, {a: 1, b: 2})
    /// ```
    [may_fault] get_or_insert(d: DictSlot, key: Any, value: Any) -> any = both get_or_insert;

    /// The dict with the entries of others; later ones win and keep the first position.
    ///
    /// ```ruff
    /// assert_equal(merge({a: 1, b: 2}, {b: 3}), {a: 1, b: 3})
    /// ```
    [may_fault] merge | update (d: DictSlot, others: Rest) -> dict = place merge;

    /// Values as keys, keys as values.
    ///
    /// ```ruff
    /// assert_equal(invert({a: 1}), {1: "a"})
    /// ```
    [pure, may_fault] invert(d: DictSlot) -> dict = native invert;

    /// The set with an item added.
    ///
    /// ```ruff
    /// s := set([1])
    /// s.add(2)
    /// assert_equal(s, set([1, 2]))
    /// ```
    [may_fault] set_add(s: SetSlot, item: Any) -> set = place set_add;

    /// The set without an item.
    ///
    /// ```ruff
    /// assert_equal(set_remove(set([1, 2]), 1), set([2]))
    /// ```
    [may_fault] set_remove(s: SetSlot, item: Any) -> set = native set_remove;

    /// Is the item in the set?
    ///
    /// ```ruff
    /// assert(set_has(set([1]), 1))
    /// ```
    [pure, may_fault] set_has(s: SetSlot, item: Any) -> bool = native set_has;

    /// The items of both.
    ///
    /// ```ruff
    /// assert_equal(set_union(set([1]), set([2])), set([1, 2]))
    /// ```
    [may_fault, may_call] set_union(s: SetSlot, other: Iterable) -> set = native set_union;

    /// The items that are in both.
    ///
    /// ```ruff
    /// assert_equal(set_intersect(set([1, 2]), set([2, 3])), set([2]))
    /// ```
    [may_fault, may_call] set_intersect(s: SetSlot, other: Iterable) -> set = native set_intersect;

    /// The items of the first that are not in the second.
    ///
    /// ```ruff
    /// assert_equal(set_difference(set([1, 2]), set([2])), set([1]))
    /// ```
    [may_fault, may_call] set_difference(s: SetSlot, other: Iterable) -> set = native set_difference;

    /// The items that are in exactly one of both.
    ///
    /// ```ruff
    /// assert_equal(set_symmetric_difference(set([1, 2]), set([2, 3])), set([1, 3]))
    /// ```
    [may_fault, may_call] set_symmetric_difference(s: SetSlot, other: Iterable) -> set = native set_symmetric_difference;

    /// The items in order of insertion.
    ///
    /// ```ruff
    /// assert_equal(set_to_array(set([2, 1])), [2, 1])
    /// ```
    [pure] set_to_array(s: SetSlot) -> array = native set_to_array;

    /// Are all items also in the other?
    ///
    /// ```ruff
    /// assert(is_subset(set([1]), set([1, 2])))
    /// ```
    [may_fault, may_call] is_subset(s: SetSlot, other: Iterable) -> bool = native is_subset;

    /// How often each item occurs, in order of first appearance.
    ///
    /// ```ruff
    /// assert_equal(tally(["a", "b", "a"]), {"a": 2, "b": 1})
    /// ```
    [may_fault, may_call] tally(items: Iterable) -> dict = native tally;
}

type Fallible<T = Value> = Result<T, Raise>;

/// Why an entry could not be made, as a fault.
#[cold]
pub(super) fn insert_fault(error: InsertError) -> Raise {
    match error {
        InsertError::NotAKey(error) => not_a_key(error),
        InsertError::Memory(error) => crate::semantics::memory("dict", error),
    }
}

#[cold]
pub(super) fn not_a_key(error: NotAKey) -> Raise {
    faults::not_a_key(crate::semantics::with_article(error.0))
}

/// Enters a value into a dict that nobody else holds.
#[inline]
pub(super) fn insert(dict: &mut DictRef, key: Value, value: Value) -> Fallible<Option<Value>> {
    dict::make_unique(dict).within("dict")?.insert(key, value).map_err(insert_fault)
}

/// Adds an item; false if it was there.
pub(super) fn add_to_set(target: &mut SetRef, item: Value) -> Fallible<bool> {
    set::make_unique(target).within("set")?.add(item).map_err(insert_fault)
}

/// The value of a key.
pub(super) fn get<'a>(dict: &'a Dict, key: &Value) -> Fallible<Option<&'a Value>> {
    dict.get(key).map_err(not_a_key)
}

fn keys(_: &mut dyn Engine, mut d: DictSlot) -> Fallible {
    new_array(d.object().keys().collect())
}

fn values(_: &mut dyn Engine, mut d: DictSlot) -> Fallible {
    new_array(d.object().values().cloned().collect())
}

fn items(_: &mut dyn Engine, mut d: DictSlot) -> Fallible {
    new_array(d.object().iter().map(|(key, value)| new_pair(key, value.clone())).collect())
}

fn has_key(_: &mut dyn Engine, mut d: DictSlot, key: Any) -> Fallible<bool> {
    d.object().contains(key).map_err(not_a_key)
}

fn get_default(_: &mut dyn Engine, mut d: DictSlot, key: Any, default: Any) -> Fallible {
    Ok(get(d.object(), key)?.cloned().unwrap_or_else(|| default.take()))
}

fn get_or_insert(_: &mut dyn Engine, mut d: DictSlot, key: Any, value: Any) -> Fallible<Outcome> {
    if let Some(present) = get(d.object(), key)? {
        return Ok(Outcome::Item(present.clone()));
    }
    insert(d.object(), key.clone(), value.clone())?;
    Ok(Outcome::Item(value.take()))
}

fn merge(_: &mut dyn Engine, mut d: DictSlot, others: Rest) -> Fallible<Outcome> {
    let others = others.into_values();
    if let Some(other) = others.iter().find(|other| !matches!(other, Value::Dict(_))) {
        return Err(faults::argument_type("merge", "others", "dicts", other.type_name()));
    }
    for other in &others {
        extend_dict(d.object(), other)?;
    }
    Ok(Outcome::Changed)
}

/// Enters all entries of another dict.
pub(super) fn extend_dict(target: &mut DictRef, other: &Value) -> Fallible<()> {
    let Value::Dict(other) = other else { return Ok(()) };
    dict::make_unique(target).within("dict")?.extend(other).map_err(insert_fault)
}

fn invert(_: &mut dyn Engine, mut d: DictSlot) -> Fallible {
    let mut inverted = dict::new();
    for (key, value) in d.object().iter() {
        insert(&mut inverted, value.clone(), key)?;
    }
    Ok(Value::Dict(inverted))
}

/// A set of the items of any iterable; a set is itself.
pub(super) fn set_of(engine: &mut dyn Engine, function: &str, parameter: &str, items: &mut Value) -> Fallible {
    if matches!(items, Value::Set(_)) {
        return Ok(items.clone());
    }
    let mut out = set::new();
    for item in items_of(engine, function, parameter, items)? {
        add_to_set(&mut out, item)?;
    }
    Ok(Value::Set(out))
}

fn as_set(engine: &mut dyn Engine, function: &str, items: &mut Value) -> Fallible<SetRef> {
    match set_of(engine, function, "other", items)? {
        Value::Set(items) => Ok(items),
        _ => Err(Raise::bug("set_of gives sets")),
    }
}

fn set_add(_: &mut dyn Engine, mut s: SetSlot, item: Any) -> Fallible<Outcome> {
    add_to_set(s.object(), item.clone())?;
    Ok(Outcome::Changed)
}

/// Removes an item; false if it was not there.
pub(super) fn remove_from_set(target: &mut SetRef, item: &Value) -> Fallible<bool> {
    if !target.contains(item).map_err(not_a_key)? {
        return Ok(false);
    }
    set::make_unique(target).within("set")?.remove(item).map_err(not_a_key).map(|removed| removed.is_some())
}

fn set_remove(_: &mut dyn Engine, mut s: SetSlot, item: Any) -> Fallible {
    remove_from_set(s.object(), item)?;
    Ok(s.0.take())
}

fn set_has(_: &mut dyn Engine, mut s: SetSlot, item: Any) -> Fallible<bool> {
    s.object().contains(item).map_err(not_a_key)
}

fn set_union(engine: &mut dyn Engine, mut s: SetSlot, other: Iterable) -> Fallible {
    let other = items_of(engine, "set_union", "other", other.0)?;
    let mut out = s.object().clone();
    for item in other {
        add_to_set(&mut out, item)?;
    }
    Ok(Value::Set(out))
}

/// The items of the first for which being in the second is `wanted`.
fn selected(first: &SetRef, second: &SetRef, wanted: bool, out: &mut SetRef) -> Fallible<()> {
    for item in first.keys() {
        if second.contains(&item).map_err(not_a_key)? == wanted {
            add_to_set(out, item)?;
        }
    }
    Ok(())
}

fn set_intersect(engine: &mut dyn Engine, mut s: SetSlot, other: Iterable) -> Fallible {
    let other = as_set(engine, "set_intersect", other.0)?;
    let mut out = set::new();
    selected(s.object(), &other, true, &mut out)?;
    Ok(Value::Set(out))
}

fn set_difference(engine: &mut dyn Engine, mut s: SetSlot, other: Iterable) -> Fallible {
    let other = as_set(engine, "set_difference", other.0)?;
    let mut out = set::new();
    selected(s.object(), &other, false, &mut out)?;
    Ok(Value::Set(out))
}

fn set_symmetric_difference(engine: &mut dyn Engine, mut s: SetSlot, other: Iterable) -> Fallible {
    let other = as_set(engine, "set_symmetric_difference", other.0)?;
    let mut out = set::new();
    selected(s.object(), &other, false, &mut out)?;
    selected(&other, s.object(), false, &mut out)?;
    Ok(Value::Set(out))
}

fn set_to_array(_: &mut dyn Engine, mut s: SetSlot) -> Fallible {
    new_array(s.object().keys().collect())
}

fn is_subset(engine: &mut dyn Engine, mut s: SetSlot, other: Iterable) -> Fallible<bool> {
    let other = as_set(engine, "is_subset", other.0)?;
    for item in s.object().keys() {
        if !other.contains(&item).map_err(not_a_key)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn tally(engine: &mut dyn Engine, items: Iterable) -> Fallible {
    let mut counts = dict::new();
    super::iter::for_each(engine, "tally", "items", items.0, |_, item| {
        let dict = dict::make_unique(&mut counts).within("tally")?;
        let count = dict.get_mut_or_insert(item, Value::Int(0)).map_err(insert_fault)?;
        if let Value::Int(n) = count {
            *n += 1;
        }
        Ok(true)
    })?;
    Ok(Value::Dict(counts))
}

/// `insert`, `remove` and `get` of a dict, for the functions that serve several types.
pub(super) fn remove_key(target: &mut DictRef, key: &Value) -> Fallible<Option<Value>> {
    if !target.contains(key).map_err(not_a_key)? {
        return Ok(None);
    }
    dict::make_unique(target).within("dict")?.remove(key).map_err(not_a_key)
}

/// A missing item is null.
pub(super) fn value_or(found: Option<&Value>, default: Missing) -> Value {
    match (found, default.0) {
        (Some(value), _) => value.clone(),
        (None, Some(default)) => default.take(),
        (None, None) => Value::Null,
    }
}
