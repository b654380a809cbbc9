//! Iterators: how any iterable is stepped through, the lazy adaptors, and what consumes items.
//!
//! A collection is stepped through as it was at the start. An iterator is stepped by taking its state out (`Busy` stands
//! in its place), so a callback that steps the same iterator gets an error instead of a wrong item; the state comes back
//! whatever happens. Adaptors read their source through [`next`]; the depth of a chain is bounded by the native stack check.
use super::Engine;
use super::arg::{Any, Iterable, Rest, Size, Within, array_of_items, new_array, new_dict, new_pair, push_item};
use super::table::builtins;
use crate::limits;
use crate::semantics::fault::{Raise, faults};
use crate::semantics::member;
use crate::semantics::step::Callback;
use crate::value::symbol::known;
use crate::value::{Array, Dict, IBig, Iter, IterState, Ref, SetRef, Value, array, set};

builtins! {
    /// Iterators, and the checks of the prelude.
    pub(super) ROWS:

    /// A lazy iterator: over a snapshot of a collection, over what remains of a channel or of a struct with `op_iter`; an
    /// iterator is its own.
    ///
    /// ```ruff
    /// assert_equal((1..=10**12).iter().filter(x => x % 7 == 0).first(), 7)
    /// ```
    [may_fault, may_call] iter(items: Iterable) -> iterator = native iter;

    /// The next item of an iterator as `Some(item)`, `None` at its end.
    ///
    /// ```ruff
    /// it := [1].iter()
    /// assert_equal(it.next(), Some(1))
    /// assert_equal(it.next(), None)
    /// ```
    [may_fault, may_call] next(it: Any) -> option = native next_item;

    /// Ends an iterator and its sources; a generator runs its pending `finally` blocks.
    ///
    /// ```ruff
    /// it := [1, 2].iter()
    /// it.close()
    /// assert_equal(it.next(), None)
    /// ```
    [may_fault, may_call] close(it: Any) -> null = native close;

    /// The items as an array; an array is itself.
    ///
    /// ```ruff
    /// assert_equal((1..4).iter().map(x => x * x).collect(), [1, 4, 9])
    /// assert_equal(to_array("ab"), ["a", "b"])
    /// ```
    [may_fault, may_call] collect | to_array (items: Iterable) -> array = native collect;

    /// The items as a set.
    ///
    /// ```ruff
    /// assert_equal(to_set([1, 1, 2]), set([1, 2]))
    /// ```
    [may_fault, may_call] to_set(items: Iterable) -> set = native to_set;

    /// A dict of `[key, value]` pairs; a later pair replaces an earlier one with an equal key.
    ///
    /// ```ruff
    /// assert_equal(to_dict([["a", 1], ["b", 2]]), {"a": 1, "b": 2})
    /// ```
    [may_fault, may_call] to_dict | from_items (pairs: Iterable) -> dict = native to_dict;

    /// The first `n` items; lazy for an iterator.
    ///
    /// ```ruff
    /// assert_equal(take([1, 2, 3], 2), [1, 2])
    /// ```
    [may_fault, may_call] take(items: Iterable, n: Size) -> any = native take;

    /// All but the first `n` items; lazy for an iterator.
    ///
    /// ```ruff
    /// assert_equal(skip([1, 2, 3], 2), [3])
    /// ```
    [may_fault, may_call] skip(items: Iterable, n: Size) -> any = native skip;

    /// Arrays of one item of each, as many as the shortest has; lazy if one of them is an iterator.
    ///
    /// ```ruff
    /// assert_equal(zip([1, 2], ["a", "b"]), [[1, "a"], [2, "b"]])
    /// ```
    [may_fault, may_call] zip(items: Iterable, others: Rest) -> any = native zip;

    /// `[position, item]` for every item, counting from `start`; lazy for an iterator.
    ///
    /// ```ruff
    /// assert_equal(enumerate(["a", "b"]), [[0, "a"], [1, "b"]])
    /// ```
    [may_fault, may_call] enumerate(items: Iterable, start: i64 = 0) -> any = native enumerate;

    /// The items of the items that are arrays, `depth` levels down; other items stay. Lazy for an iterator, one level down.
    ///
    /// ```ruff
    /// assert_equal(flatten([[1, 2], 3, [[4]]]), [1, 2, 3, [4]])
    /// assert_equal(flatten([[1, [2, [3]]]], 2), [1, 2, [3]])
    /// ```
    [may_fault, may_call] flatten(items: Iterable, depth: Size = Size(1)) -> any = native flatten;

    /// Arrays of `size` items one after the other, the last may be shorter; lazy for an iterator.
    ///
    /// ```ruff
    /// assert_equal(chunk([1, 2, 3], 2), [[1, 2], [3]])
    /// ```
    [may_fault, may_call] chunk(items: Iterable, size: Size) -> any = native chunk;

    /// Arrays of `size` neighbours; lazy for an iterator.
    ///
    /// ```ruff
    /// assert_equal(window([1, 2, 3], 2), [[1, 2], [2, 3]])
    /// ```
    [may_fault, may_call] window | windows (items: Iterable, size: Size) -> any = native window;

    /// The items without those equal to an earlier one; lazy for an iterator.
    ///
    /// ```ruff
    /// assert_equal(unique([3, 1, 3, 2, 1]), [3, 1, 2])
    /// ```
    [may_fault, may_call] unique(items: Iterable) -> any = native unique;

    /// Checks the arguments of a higher-order builtin; true if its result is not made by looping over `items`.
    [pure, may_fault] __lazy(name: &str, items: Any, f: Any, parameter: &str = "items") -> bool = native is_lazy_call;
    /// The lazy `map`.
    [may_fault, may_call] __map(items: Any, f: Any) -> any = native lazy_map;
    /// The lazy `filter`.
    [may_fault, may_call] __filter(items: Any, f: Any) -> any = native lazy_filter;
    /// The lazy `flat_map`.
    [may_fault, may_call] __flat_map(items: Any, f: Any) -> any = native lazy_flat_map;
    /// The lazy `take_while`.
    [may_fault, may_call] __take_while(items: Any, f: Any) -> any = native lazy_take_while;
    /// The lazy `skip_while`.
    [may_fault, may_call] __skip_while(items: Any, f: Any) -> any = native lazy_skip_while;
    /// The lazy `tap`.
    [may_fault, may_call] __tap(items: Any, f: Any) -> any = native lazy_tap;
}

type Fallible<T = Value> = Result<T, Raise>;
type Caller<'a> = dyn Callback + 'a;

/// How many steps a builtin makes between two questions whether it may go on.
const POLL_EVERY: usize = 4096;

/// Iterators and generators: stepping changes them.
pub(super) fn is_lazy(value: &Value) -> bool {
    matches!(value, Value::Iter(_) | Value::Gen(_))
}

/// Something that [`next`] steps, for any iterable.
pub fn start(engine: &mut Caller, value: Value) -> Fallible {
    let state = match value {
        Value::Iter(_) | Value::Gen(_) => return Ok(value),
        Value::Array(_) => IterState::Array { items: value, at: 0 },
        Value::Int(n) => IterState::Count { next: 0, end: n.max(0) },
        // Nobody lives to see the end of the counting.
        Value::BigInt(n) => IterState::Count { next: 0, end: if n.get() > &IBig::ZERO { i64::MAX } else { 0 } },
        Value::Str(_) => IterState::Chars { text: value, at: 0 },
        Value::Bytes(_) => IterState::Bytes { bytes: value, at: 0 },
        Value::Dict(_) | Value::Set(_) => IterState::Keys { table: value, at: 0 },
        Value::Handle(_) => IterState::Source(value),
        Value::Struct(_) => {
            let Some(method) = member::overload(&value, known::OP_ITER) else {
                return Err(faults::cannot_iterate(value.type_name()));
            };
            limits::stack::check().map_err(|_| faults::stack_overflow())?;
            let items = engine.call_method(method, value, &mut [])?;
            return start(engine, items);
        }
        _ => return Err(faults::cannot_iterate(value.type_name())),
    };
    Ok(Value::iterator(state))
}

/// The next item of what [`start`] gave.
pub fn next(engine: &mut Caller, it: &Value) -> Fallible<Option<Value>> {
    match it {
        Value::Iter(it) => next_of(engine, it),
        Value::Handle(_) => match super::resume_handle(it) {
            Some(item) => item,
            None => engine.resume(it),
        },
        _ => engine.resume(it),
    }
}

fn next_of(engine: &mut Caller, it: &Ref<Iter>) -> Fallible<Option<Value>> {
    let mut state = it.begin();
    if matches!(state, IterState::Busy) {
        return Err(faults::value_error("next", "the iterator is being stepped already"));
    }
    let item = step(engine, &mut state);
    if matches!(item, Ok(None)) {
        state = IterState::Done;
    }
    it.end(state);
    item
}

/// One step: the state moves on; `None` means that it is done.
fn step(engine: &mut Caller, state: &mut IterState) -> Fallible<Option<Value>> {
    match state {
        IterState::Done | IterState::Busy => Ok(None),
        IterState::Array { items: Value::Array(items), at } => Ok(advance(at, items.get(*at))),
        IterState::Count { next, end } => {
            let item = (*next < *end).then_some(Value::Int(*next));
            *next += i64::from(item.is_some());
            Ok(item)
        }
        IterState::Chars { text, at } => Ok(next_char(text, at)),
        IterState::Bytes { bytes: Value::Bytes(bytes), at } => {
            Ok(advance(at, bytes.as_slice().get(*at).map(|byte| Value::Int(i64::from(*byte)))))
        }
        IterState::Keys { table, at } => Ok(next_entry(table, at).map(|(key, _)| key)),
        IterState::Values { table, at } => Ok(next_entry(table, at).map(|(_, value)| value)),
        IterState::Items { table, at } => match next_entry(table, at) {
            Some((key, value)) => Ok(Some(new_pair(key, value))),
            None => Ok(None),
        },
        IterState::Array { .. } | IterState::Bytes { .. } => Ok(None),
        _ => {
            limits::stack::check().map_err(|_| faults::stack_overflow())?;
            step_adaptor(engine, state)
        }
    }
}

fn advance(at: &mut usize, item: Option<Value>) -> Option<Value> {
    *at += usize::from(item.is_some());
    item
}

fn next_char(text: &Value, at: &mut usize) -> Option<Value> {
    let c = text.as_str()?[*at..].chars().next()?;
    *at += c.len_utf8();
    Some(Value::char(c))
}

/// The entries of a dict, or of a set with null as value.
fn table_of(table: &Value) -> Option<&Dict> {
    match table {
        Value::Dict(dict) => Some(dict),
        Value::Set(set) => Some(set.table()),
        _ => None,
    }
}

fn next_entry(table: &Value, at: &mut usize) -> Option<(Value, Value)> {
    let entries = table_of(table)?.entries();
    loop {
        let entry = entries.get(*at)?;
        *at += 1;
        if !entry.is_removed() {
            return Some((entry.key().get().clone(), entry.value.clone()));
        }
    }
}

fn step_adaptor(engine: &mut Caller, state: &mut IterState) -> Fallible<Option<Value>> {
    match state {
        IterState::Source(source) => next(engine, source),
        IterState::Map { source, f } => match next(engine, source)? {
            Some(item) => engine.call(f, &mut [item]).map(Some),
            None => Ok(None),
        },
        IterState::Tap { source, f } => {
            let item = next(engine, source)?;
            if let Some(item) = &item {
                engine.call(f, &mut [item.clone()])?;
            }
            Ok(item)
        }
        IterState::Filter { source, f } => loop {
            engine.poll()?;
            let Some(item) = next(engine, source)? else { return Ok(None) };
            if engine.call(f, &mut [item.clone()])?.is_truthy() {
                return Ok(Some(item));
            }
        },
        IterState::Take { source, left } => {
            if *left == 0 {
                return Ok(None);
            }
            *left -= 1;
            next(engine, source)
        }
        IterState::Skip { source, left } => {
            while *left > 0 {
                *left -= 1;
                if next(engine, source)?.is_none() {
                    return Ok(None);
                }
            }
            next(engine, source)
        }
        IterState::TakeWhile { source, f } => match next(engine, source)? {
            Some(item) if engine.call(f, &mut [item.clone()])?.is_truthy() => Ok(Some(item)),
            _ => Ok(None),
        },
        IterState::SkipWhile { source, f } => loop {
            let Some(item) = next(engine, source)? else { return Ok(None) };
            if f.is_null() || !engine.call(f, &mut [item.clone()])?.is_truthy() {
                *f = Value::Null;
                return Ok(Some(item));
            }
        },
        IterState::Zip { sources } => {
            let mut items = Vec::with_capacity(sources.len());
            for source in sources.iter() {
                match next(engine, source)? {
                    Some(item) => items.push(item),
                    None => return Ok(None),
                }
            }
            new_array(items).map(Some)
        }
        IterState::Enumerate { source, at } => match next(engine, source)? {
            Some(item) => {
                let position = *at;
                *at += 1;
                Ok(Some(new_pair(Value::Int(position), item)))
            }
            None => Ok(None),
        },
        IterState::FlatMap { source, f, inner } => next_flat(engine, source, f, inner),
        IterState::Chunk { source, size } => {
            let mut items = Vec::new();
            while items.len() < *size
                && let Some(item) = next(engine, source)?
            {
                items.push(item);
            }
            if items.is_empty() { Ok(None) } else { new_array(items).map(Some) }
        }
        IterState::Window { source, size, last } => next_window(engine, source, *size, last),
        IterState::Unique { source, seen } => loop {
            engine.poll()?;
            let Some(item) = next(engine, source)? else { return Ok(None) };
            let mut memory = Seen::from_value(seen.take());
            let fresh = memory.add(engine, &item);
            *seen = memory.into_value()?;
            if fresh? {
                return Ok(Some(item));
            }
        },
        IterState::Chain { sources } => loop {
            let Some(source) = sources.first() else { return Ok(None) };
            if let Some(item) = next(engine, source)? {
                return Ok(Some(item));
            }
            sources.remove(0);
        },
        IterState::StepBy { source, step, started } => {
            let skipped = if *started { step.saturating_sub(1) } else { 0 };
            *started = true;
            for _ in 0..skipped {
                if next(engine, source)?.is_none() {
                    return Ok(None);
                }
            }
            next(engine, source)
        }
        IterState::Peeked { source, item } => {
            let (source, item) = (source.take(), item.take());
            *state = IterState::Source(source);
            Ok(Some(item))
        }
        _ => Ok(None),
    }
}

fn next_flat(engine: &mut Caller, source: &Value, f: &Value, inner: &mut Value) -> Fallible<Option<Value>> {
    loop {
        if !inner.is_null() {
            if let Some(item) = next(engine, inner)? {
                return Ok(Some(item));
            }
            *inner = Value::Null;
        }
        let Some(item) = next(engine, source)? else { return Ok(None) };
        if f.is_null() && !is_nested(&item) {
            return Ok(Some(item));
        }
        let items = if f.is_null() { item } else { engine.call(f, &mut [item])? };
        *inner = start(engine, items)?;
    }
}

/// What `flatten` takes apart.
fn is_nested(item: &Value) -> bool {
    matches!(item, Value::Array(_)) || is_lazy(item)
}

fn next_window(engine: &mut Caller, source: &Value, size: usize, last: &mut Value) -> Fallible<Option<Value>> {
    let mut items = match &*last {
        Value::Array(items) => items.slice_of(1, items.len()).within("window")?,
        _ => array::new(),
    };
    while items.len() < size {
        let Some(item) = next(engine, source)? else { return Ok(None) };
        array::make_unique(&mut items).within("window")?.push(item).within("window")?;
    }
    *last = Value::Array(items.clone());
    Ok(Some(Value::Array(items)))
}

/// What `unique` has met: keys whose key equality is `==` in a set, all others in an array.
pub(super) struct Seen {
    keys: SetRef,
    others: Vec<Value>,
}

impl Seen {
    pub fn new() -> Seen {
        Seen { keys: set::new(), others: Vec::new() }
    }

    fn from_value(value: Value) -> Seen {
        match value {
            Value::Array(parts) => match (parts.get(0), parts.get(1)) {
                (Some(Value::Set(keys)), Some(Value::Array(others))) => Seen { keys, others: others.iter().collect() },
                _ => Seen::new(),
            },
            _ => Seen::new(),
        }
    }

    fn into_value(self) -> Fallible {
        let others = new_array(self.others)?;
        new_array(vec![Value::Set(self.keys), others])
    }

    /// Remembers an item; false if an equal one was met before.
    pub fn add(&mut self, engine: &mut Caller, item: &Value) -> Fallible<bool> {
        if is_plain_key(item, 8) {
            return super::dict::add_to_set(&mut self.keys, item.clone());
        }
        for other in &self.others {
            if super::math::holds_for(engine, crate::semantics::compare::CompareOp::Eq, other, item)? {
                return Ok(false);
            }
        }
        push_item(&mut self.others, item.clone(), "unique")?;
        Ok(true)
    }
}

/// Is key equality of this value the same as `==`? Not of NaN, and not where user code may define `==`.
pub(super) fn is_plain_key(value: &Value, depth: usize) -> bool {
    match value {
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::BigInt(_)
        | Value::Str(_)
        | Value::Bytes(_)
        | Value::Unit { .. } => true,
        Value::Float(x) => !x.is_nan(),
        Value::Array(items) => {
            items.as_i64_slice().is_some()
                || items.as_range().is_some()
                || depth > 0 && items.iter().all(|item| is_plain_key(&item, depth - 1))
        }
        _ => false,
    }
}

/// Can it be looped over? Structs are asked when a loop begins (`op_iter`).
pub(super) fn is_iterable(value: &Value) -> bool {
    matches!(
        value,
        Value::Array(_)
            | Value::Int(_)
            | Value::BigInt(_)
            | Value::Str(_)
            | Value::Bytes(_)
            | Value::Dict(_)
            | Value::Set(_)
            | Value::Iter(_)
            | Value::Gen(_)
            | Value::Handle(_)
            | Value::Struct(_)
    )
}

/// The fault for a parameter that is not iterable names the parameter.
fn start_argument(engine: &mut Caller, function: &str, parameter: &str, value: Value) -> Fallible {
    if is_iterable(&value) {
        return start(engine, value);
    }
    Err(faults::argument_type(function, parameter, "iterable", value.type_name()))
}

/// Runs `each` for the items of any iterable, until it gives false.
pub fn for_each(
    engine: &mut dyn Engine,
    function: &str,
    parameter: &str,
    value: &mut Value,
    mut each: impl FnMut(&mut dyn Engine, Value) -> Fallible<bool>,
) -> Fallible<()> {
    if let Value::Array(items) = &*value {
        let items = items.clone();
        for at in 0..items.len() {
            if at % POLL_EVERY == POLL_EVERY - 1 {
                engine.poll()?;
            }
            if !each(engine, items.get(at).unwrap_or_default())? {
                break;
            }
        }
        return Ok(());
    }
    let it = start_argument(engine, function, parameter, value.clone())?;
    let mut count = 0usize;
    while let Some(item) = next(engine, &it)? {
        count += 1;
        if count.is_multiple_of(POLL_EVERY) {
            engine.poll()?;
        }
        if !each(engine, item)? {
            break;
        }
    }
    Ok(())
}

/// The items of any iterable as a vector.
pub fn items_of(engine: &mut Caller, function: &str, parameter: &str, value: &mut Value) -> Fallible<Vec<Value>> {
    if let Value::Array(items) = &*value {
        return items.to_vec().within(function);
    }
    if let Value::Int(count) = &*value {
        super::arg::reserve_items(function, usize::try_from(*count).unwrap_or(0))?;
    }
    let it = start_argument(engine, function, parameter, value.clone())?;
    let mut items = Vec::new();
    while let Some(item) = next(engine, &it)? {
        if items.len().is_multiple_of(POLL_EVERY) {
            engine.poll()?;
        }
        push_item(&mut items, item, function)?;
    }
    Ok(items)
}

fn iter(engine: &mut dyn Engine, items: Iterable) -> Fallible {
    start_argument(engine, "iter", "items", items.0.take())
}

/// The argument must be something that can be stepped.
fn stepped<'a>(function: &str, it: &'a Value) -> Fallible<&'a Value> {
    if is_lazy(it) || matches!(it, Value::Handle(_)) {
        return Ok(it);
    }
    Err(faults::argument_type(function, "it", "an iterator (make one with .iter())", it.type_name()))
}

fn next_item(engine: &mut dyn Engine, it: Any) -> Fallible {
    let item = next(engine, stepped("next", it)?)?;
    Ok(item.map_or_else(Value::none, Value::some))
}

fn close(engine: &mut dyn Engine, it: Any) -> Fallible<()> {
    let source = stepped("close", it)?.clone();
    close_all(engine, source)
}

/// Closes an iterator and everything it draws from.
pub fn close_all(engine: &mut Caller, source: Value) -> Fallible<()> {
    let mut open = vec![source];
    while let Some(source) = open.pop() {
        match &source {
            Value::Iter(it) => {
                let state = it.begin();
                open.extend(state.sources());
                it.end(IterState::Done);
            }
            Value::Gen(_) | Value::Handle(_) => engine.close(&source)?,
            _ => {}
        }
    }
    Ok(())
}

fn collect(engine: &mut dyn Engine, items: Iterable) -> Fallible {
    if matches!(items.0, Value::Array(_)) {
        return Ok(items.0.take());
    }
    new_array(items_of(engine, "collect", "items", items.0)?)
}

fn to_set(engine: &mut dyn Engine, items: Iterable) -> Fallible {
    super::dict::set_of(engine, "to_set", "items", items.0)
}

fn to_dict(engine: &mut dyn Engine, pairs: Iterable) -> Fallible {
    dict_of(engine, "to_dict", pairs.0)
}

/// A dict of pairs; a dict is itself.
pub(super) fn dict_of(engine: &mut dyn Engine, function: &str, pairs: &mut Value) -> Fallible {
    if matches!(pairs, Value::Dict(_)) {
        return Ok(pairs.take());
    }
    let pairs = items_of(engine, function, "pairs", pairs)?;
    new_dict(pairs.into_iter().map(|pair| match &pair {
        Value::Array(pair) if pair.len() == 2 => Ok((pair.get(0).unwrap_or_default(), pair.get(1).unwrap_or_default())),
        _ => Err(faults::argument_type(function, "pairs", "[key, value] pairs", super::arg::describe(&pair))),
    }))
}

/// A lazy adaptor over a source that is an iterator already.
fn adaptor(state: IterState) -> Fallible {
    Ok(Value::iterator(state))
}

/// The items of a collection as an array object, without a copy where it is an array.
fn array_of(engine: &mut dyn Engine, function: &str, items: &mut Value) -> Fallible<Ref<Array>> {
    match &*items {
        Value::Array(items) => Ok(items.clone()),
        Value::Int(n) => Ok(array::range(0, 1, usize::try_from(*n).unwrap_or(0)).unwrap_or_else(array::new)),
        _ => array::from_vec(items_of(engine, function, "items", items)?).within(function),
    }
}

fn take(engine: &mut dyn Engine, items: Iterable, n: Size) -> Fallible {
    if is_lazy(items.0) {
        return adaptor(IterState::Take { source: items.0.take(), left: n.0 as u64 });
    }
    let items = array_of(engine, "take", items.0)?;
    Ok(Value::Array(items.slice_of(0, n.0).within("take")?))
}

fn skip(engine: &mut dyn Engine, items: Iterable, n: Size) -> Fallible {
    if is_lazy(items.0) {
        return adaptor(IterState::Skip { source: items.0.take(), left: n.0 as u64 });
    }
    let items = array_of(engine, "skip", items.0)?;
    Ok(Value::Array(items.slice_of(n.0, usize::MAX).within("skip")?))
}

fn zip(engine: &mut dyn Engine, items: Iterable, others: Rest) -> Fallible {
    let mut sources = vec![items.0.clone()];
    sources.extend(others.into_values());
    if sources.iter().any(is_lazy) {
        let sources: Fallible<Vec<Value>> =
            sources.into_iter().map(|source| start_argument(engine, "zip", "items", source)).collect();
        return adaptor(IterState::Zip { sources: sources? });
    }
    let columns: Fallible<Vec<Ref<Array>>> = sources.iter_mut().map(|source| array_of(engine, "zip", source)).collect();
    let columns = columns?;
    let length = columns.iter().map(|column| column.len()).min().unwrap_or(0);
    super::arg::reserve_items("zip", length)?;
    if let [left, right] = &columns[..] {
        let row = |at: usize| Ok(new_pair(left.get(at).unwrap_or_default(), right.get(at).unwrap_or_default()));
        return array_of_items("zip", (0..length).map(row));
    }
    let row = |at: usize| new_array(columns.iter().map(|column| column.get(at).unwrap_or_default()).collect());
    array_of_items("zip", (0..length).map(row))
}

fn enumerate(engine: &mut dyn Engine, items: Iterable, start: i64) -> Fallible {
    if is_lazy(items.0) {
        return adaptor(IterState::Enumerate { source: items.0.take(), at: start });
    }
    let items = items_of(engine, "enumerate", "items", items.0)?;
    if start.checked_add(items.len() as i64).is_none() {
        return Err(faults::argument_value("enumerate", "start", "an int that leaves room to count", start));
    }
    let pairs = items.into_iter().zip(start..).map(|(item, at)| Ok(new_pair(Value::Int(at), item)));
    array_of_items("enumerate", pairs)
}

fn flatten(engine: &mut dyn Engine, items: Iterable, depth: Size) -> Fallible {
    if is_lazy(items.0) {
        return adaptor(IterState::FlatMap { source: items.0.take(), f: Value::Null, inner: Value::Null });
    }
    let items = items_of(engine, "flatten", "items", items.0)?;
    let mut out = array::new();
    // Each level is the rest of one array; what it holds is taken apart until `depth` levels are open.
    let mut levels = vec![items.into_iter()];
    while let Some(level) = levels.last_mut() {
        match level.next() {
            None => {
                levels.pop();
            }
            Some(Value::Array(inner)) if levels.len() <= depth.0 => {
                levels.push(inner.to_vec().within("flatten")?.into_iter())
            }
            Some(item) => array::make_unique(&mut out).within("flatten")?.push(item).within("flatten")?,
        }
    }
    Ok(Value::Array(out))
}

/// A size of 0 would never get anywhere.
fn positive(function: &str, size: Size) -> Fallible<usize> {
    if size.0 == 0 { Err(faults::argument_value(function, "size", "a positive int", 0)) } else { Ok(size.0) }
}

fn chunk(engine: &mut dyn Engine, items: Iterable, size: Size) -> Fallible {
    let size = positive("chunk", size)?;
    if is_lazy(items.0) {
        return adaptor(IterState::Chunk { source: items.0.take(), size });
    }
    let items = array_of(engine, "chunk", items.0)?;
    super::arg::reserve_items("chunk", items.len().div_ceil(size))?;
    let starts = (0..items.len()).step_by(size);
    let chunks = starts.map(|at| items.slice_of(at, at.saturating_add(size)).map(Value::Array).within("chunk"));
    array_of_items("chunk", chunks)
}

fn window(engine: &mut dyn Engine, items: Iterable, size: Size) -> Fallible {
    let size = positive("window", size)?;
    if is_lazy(items.0) {
        return adaptor(IterState::Window { source: items.0.take(), size, last: Value::Null });
    }
    let items = array_of(engine, "window", items.0)?;
    let count = (items.len() + 1).saturating_sub(size);
    super::arg::reserve_items("window", count.saturating_mul(size))?;
    let windows = (0..count).map(|at| items.slice_of(at, at + size).map(Value::Array).within("window"));
    array_of_items("window", windows)
}

fn unique(engine: &mut dyn Engine, items: Iterable) -> Fallible {
    if is_lazy(items.0) {
        return adaptor(IterState::Unique { source: items.0.take(), seen: Value::Null });
    }
    let mut seen = Seen::new();
    let mut fresh = Vec::new();
    for_each(engine, "unique", "items", items.0, |engine, item| {
        if seen.add(engine, &item)? {
            push_item(&mut fresh, item, "unique")?;
        }
        Ok(true)
    })?;
    new_array(fresh)
}

/// What the second parameter of a prelude function is called, for faults.
fn callback_name(function: &str) -> &'static str {
    match function {
        "group_by" | "key_by" | "min_by" | "max_by" | "unique_by" => "key",
        "partition" => "by",
        _ => "f",
    }
}

fn is_lazy_call(_: &mut dyn Engine, name: &str, items: Any, f: Any, parameter: &str) -> Fallible<bool> {
    let lazy = is_lazy_for(name, items, parameter)?;
    if !f.is_callable() {
        return Err(faults::argument_type(name, callback_name(name), "a function", f.type_name()));
    }
    Ok(lazy)
}

fn is_lazy_for(name: &str, items: &Value, parameter: &str) -> Fallible<bool> {
    match items {
        Value::Dict(_) => Ok(false),
        _ if matches!(name, "map_values" | "filter_dict") => {
            Err(faults::argument_type(name, parameter, "a dict", items.type_name()))
        }
        Value::Iter(_) | Value::Gen(_) => {
            Ok(matches!(name, "map" | "filter" | "flat_map" | "take_while" | "skip_while" | "tap"))
        }
        _ if is_iterable(items) => Ok(false),
        _ if name == "map" && super::outcome::is_outcome(items) => Ok(true),
        _ => Err(faults::argument_type(name, parameter, "iterable", items.type_name())),
    }
}

fn lazy_map(_: &mut dyn Engine, items: Any, f: Any) -> Fallible {
    adaptor(IterState::Map { source: items.take(), f: f.take() })
}

fn lazy_filter(_: &mut dyn Engine, items: Any, f: Any) -> Fallible {
    adaptor(IterState::Filter { source: items.take(), f: f.take() })
}

fn lazy_flat_map(_: &mut dyn Engine, items: Any, f: Any) -> Fallible {
    adaptor(IterState::FlatMap { source: items.take(), f: f.take(), inner: Value::Null })
}

fn lazy_take_while(_: &mut dyn Engine, items: Any, f: Any) -> Fallible {
    adaptor(IterState::TakeWhile { source: items.take(), f: f.take() })
}

fn lazy_skip_while(_: &mut dyn Engine, items: Any, f: Any) -> Fallible {
    adaptor(IterState::SkipWhile { source: items.take(), f: f.take() })
}

fn lazy_tap(_: &mut dyn Engine, items: Any, f: Any) -> Fallible {
    adaptor(IterState::Tap { source: items.take(), f: f.take() })
}
