//! Arrays: what changes them, and what makes new ones of them.
//!
//! A mutating method finishes everything that may fail before it changes its place.
use super::Engine;
use super::arg::{Any, ArraySlot, Callable, Iterable, Rest, Within, new_array};
use super::iter::items_of;
use super::math::holds;
use super::sort;
use super::table::{Outcome, builtins};
use crate::semantics::arith::ArithOp;
use crate::semantics::compare::CompareOp;
use crate::semantics::fault::{Raise, faults};
use crate::value::{Array, Value, array};

builtins! {
    /// Arrays.
    pub(super) ROWS:

    /// The array with a value added at the end.
    ///
    /// ```ruff
    /// xs := [1]
    /// xs.push(2)
    /// assert_equal(xs, [1, 2])
    /// assert_equal(push([1], 2), [1, 2])
    /// ```
    [may_fault] push | append (items: ArraySlot, value: Any) -> array = place push;

    /// Takes the last item away: the method gives the item, the function `[rest, item]`; null if there is none.
    ///
    /// ```ruff
    /// xs := [1, 2]
    /// assert_equal(xs.pop(), 2)
    /// assert_equal(xs, [1])
    /// assert_equal(pop([1, 2]), [[1], 2])
    /// ```
    [may_fault] pop(items: ArraySlot) -> any = both pop;

    /// Takes the item at a position away: the method gives the item, the function `[rest, item]`.
    ///
    /// ```ruff
    /// xs := ["a", "b", "c"]
    /// assert_equal(xs.remove_at(1), "b")
    /// assert_equal(xs, ["a", "c"])
    /// ```
    [may_fault] remove_at(items: ArraySlot, i: i64) -> any = both remove_at;

    /// In ascending order, stable; `cmp(a, b)` gives a negative number if `a` stands before `b`, zero if they are equal.
    ///
    /// ```ruff
    /// assert_equal(sort([3, 1, 2]), [1, 2, 3])
    /// assert_equal([3, 1, 2].sort((a, b) => b - a), [3, 2, 1])
    /// ```
    [may_fault, may_call] sort(items: ArraySlot, cmp: Option<Callable>) -> array = place sort_items;

    /// The positions of the items, given in ascending order, in the stable order of a comparison.
    [may_fault, may_call] __order(order: Any, items: Any, cmp: Callable) -> array = prelude;
    /// What a comparison has said: does the first item stand before the second?
    [pure, may_fault] __before(answer: Any) -> bool = native before;

    /// In ascending order of `key(item)`, stable.
    ///
    /// ```ruff
    /// assert_equal(sort_by(["ccc", "a", "bb"], len), ["a", "bb", "ccc"])
    /// ```
    [may_fault, may_call] sort_by(items: ArraySlot, key: Callable) -> array = place sort_by;

    /// Two items exchanged.
    ///
    /// ```ruff
    /// assert_equal(swap([1, 2, 3], 0, -1), [3, 2, 1])
    /// ```
    [may_fault] swap(items: ArraySlot, i: i64, j: i64) -> array = place swap;

    /// The items for which `f(item)` is true; as a method it keeps only those in its place.
    ///
    /// ```ruff
    /// xs := [1, 2, 3]
    /// xs.retain(x => x != 2)
    /// assert_equal(xs, [1, 3])
    /// ```
    [may_fault, may_call] retain(items: ArraySlot, f: Callable) -> array = place retain;

    /// The first `n` items move to the end; with a negative `n` the last ones to the start.
    ///
    /// ```ruff
    /// assert_equal(rotate([1, 2, 3], 1), [2, 3, 1])
    /// ```
    [may_fault] rotate(items: ArraySlot, n: i64) -> array = place rotate;

    /// An array of `n` times the value; or, of an array, one as long with the value everywhere.
    ///
    /// ```ruff
    /// assert_equal(fill(3, 0), [0, 0, 0])
    /// xs := [1, 2]
    /// xs.fill(7)
    /// assert_equal(xs, [7, 7])
    /// ```
    [may_fault] fill(items: Any, value: Any) -> array = native fill, method fill_place;

    /// The items of the arrays one after the other.
    ///
    /// ```ruff
    /// assert_equal(concat([1], [2, 3], [4]), [1, 2, 3, 4])
    /// ```
    [may_fault, may_call] concat(items: ArraySlot, others: Rest) -> array = native concat;

    /// The sum of the items, 0 of none. Ints stay exact.
    ///
    /// ```ruff
    /// assert_equal(sum([1, 2, 3]), 6)
    /// assert_equal((1..=100).sum(), 5050)
    /// ```
    [may_fault, may_call] sum(items: Iterable) -> any = native sum;

    /// The product of the items, 1 of none. Ints stay exact.
    ///
    /// ```ruff
    /// assert_equal(product([2, 3, 4]), 24)
    /// ```
    [may_fault, may_call] product(items: Iterable) -> any = native product;

    /// The arithmetic mean as a float; null if there are no items.
    ///
    /// ```ruff
    /// assert_equal(mean([1, 2]), 1.5)
    /// ```
    [may_fault, may_call] mean(items: Iterable) -> any = native mean;

    /// The middle item in order of size, or the mean of the two in the middle; null if there are no items.
    ///
    /// ```ruff
    /// assert_equal(median([5, 1, 3]), 3)
    /// assert_equal(median([1, 2, 3, 4]), 2.5)
    /// ```
    [may_fault, may_call] median(items: Iterable) -> any = native median;

    /// The columns of rows of equal length.
    ///
    /// ```ruff
    /// assert_equal(transpose([[1, 2], [3, 4]]), [[1, 3], [2, 4]])
    /// ```
    [may_fault, may_call] transpose(rows: Iterable) -> array = native transpose;

    /// The opposite of `zip`: an array of first items, an array of second items …
    ///
    /// ```ruff
    /// assert_equal(unzip([[1, "a"], [2, "b"]]), [[1, 2], ["a", "b"]])
    /// ```
    [may_fault, may_call] unzip(pairs: Iterable) -> array = native transpose_pairs;

    /// The position of an item equal to `x` in a sorted array; null if there is none.
    ///
    /// ```ruff
    /// assert_equal(binary_search([1, 3, 5], 3), 1)
    /// assert_equal(binary_search([1, 3, 5], 4), null)
    /// ```
    [may_fault, may_call] binary_search(items: ArraySlot, x: Any) -> any = native binary_search;
}

type Fallible<T = Value> = Result<T, Raise>;

/// The array of a slot for changing; copied first if others hold it.
#[inline]
fn unique<'a>(items: &'a mut ArraySlot) -> Fallible<&'a mut Array> {
    array::make_unique(items.object()).within("array")
}

/// The position that an index means; negative ones count from the end.
pub(super) fn position(index: i64, length: usize) -> Fallible<usize> {
    let from_start = if index < 0 { index.checked_add(length as i64) } else { Some(index) };
    match from_start.and_then(|at| usize::try_from(at).ok()) {
        Some(at) if at < length => Ok(at),
        _ => Err(faults::index_out_of_bounds(index, length)),
    }
}

fn push(_: &mut dyn Engine, mut items: ArraySlot, value: Any) -> Fallible<Outcome> {
    let array = unique(&mut items)?;
    array.push(value.take()).within("push")?;
    Ok(Outcome::Changed)
}

fn pop(_: &mut dyn Engine, mut items: ArraySlot) -> Fallible<Outcome> {
    Ok(Outcome::Item(unique(&mut items)?.pop().unwrap_or_default()))
}

fn remove_at(_: &mut dyn Engine, mut items: ArraySlot, i: i64) -> Fallible<Outcome> {
    let at = position(i, items.object().len())?;
    Ok(Outcome::Item(unique(&mut items)?.remove(at).within("remove_at")?.unwrap_or_default()))
}

/// Sorts arrays of one unboxed kind in place. Gives false if it is not one.
fn sort_unboxed(array: &mut Array) -> bool {
    if let Some(ints) = array.as_i64_slice_mut() {
        ints.sort_unstable();
        return true;
    }
    if let Some(floats) = array.as_f64_slice_mut() {
        floats.sort_by(sort::compare_floats);
        return true;
    }
    array.is_empty()
}

fn sort_items(engine: &mut dyn Engine, mut items: ArraySlot, cmp: Option<Callable>) -> Fallible<Outcome> {
    match cmp {
        None => sort_naturally(engine, &mut items)?,
        Some(cmp) => {
            if items.object().as_range().is_some() {
                unique(&mut items)?.materialise().within("sort")?;
            }
            let order = sort::order_by_comparison(engine, items.object().clone(), cmp.0)?;
            let values = items.object().to_vec().within("sort")?;
            put_in_order(&mut items, values, &order)?;
        }
    }
    Ok(Outcome::Changed)
}

fn before(_: &mut dyn Engine, answer: Any) -> Fallible<bool> {
    sort::comparator_says_less("sort", &answer.take())
}

fn sort_naturally(engine: &mut dyn Engine, items: &mut ArraySlot) -> Fallible<()> {
    if items.object().as_range().is_some_and(|(_, step, _)| step > 0) || items.object().len() < 2 {
        return Ok(());
    }
    if !matches!(items.object().kind(), crate::value::Kind::Val) {
        let array = unique(items)?;
        array.materialise().within("sort")?;
        if sort_unboxed(array) {
            return Ok(());
        }
    }
    let values = items.object().to_vec().within("sort")?;
    let order = sort::natural_order(engine, &values)?;
    put_in_order(items, values, &order)
}

fn put_in_order(items: &mut ArraySlot, values: Vec<Value>, order: &[usize]) -> Fallible<()> {
    let sorted = array::from_vec(sort::permute(values, order)).within("sort")?;
    *items.object() = sorted;
    Ok(())
}

fn sort_by(engine: &mut dyn Engine, mut items: ArraySlot, key: Callable) -> Fallible<Outcome> {
    let values = items.object().to_vec().within("sort_by")?;
    let keys: Fallible<Vec<Value>> = values.iter().map(|item| engine.call(key.0, &mut [item.clone()])).collect();
    let order = sort::natural_order(engine, &keys?)?;
    put_in_order(&mut items, values, &order)?;
    Ok(Outcome::Changed)
}

fn swap(_: &mut dyn Engine, mut items: ArraySlot, i: i64, j: i64) -> Fallible<Outcome> {
    let length = items.object().len();
    let (i, j) = (position(i, length)?, position(j, length)?);
    unique(&mut items)?.swap(i, j).within("swap")?;
    Ok(Outcome::Changed)
}

fn retain(engine: &mut dyn Engine, mut items: ArraySlot, f: Callable) -> Fallible<Outcome> {
    let mut kept = Vec::new();
    for item in items.object().to_vec().within("retain")? {
        if engine.call(f.0, &mut [item.clone()])?.is_truthy() {
            super::arg::push_item(&mut kept, item, "retain")?;
        }
    }
    *items.object() = array::from_vec(kept).within("retain")?;
    Ok(Outcome::Changed)
}

fn rotate(_: &mut dyn Engine, mut items: ArraySlot, n: i64) -> Fallible<Outcome> {
    let length = items.object().len();
    if length > 1 {
        let by = n.rem_euclid(length as i64) as usize;
        let whole = items.object().slice_of(by, length).within("rotate")?;
        let front = items.object().slice_of(0, by).within("rotate")?;
        *items.object() = whole.concat(&front).within("rotate")?;
    }
    Ok(Outcome::Changed)
}

fn fill(_: &mut dyn Engine, items: Any, value: Any) -> Fallible {
    let count = match &*items {
        Value::Array(array) => array.len(),
        Value::Int(n) if *n >= 0 => *n as usize,
        Value::BigInt(n) if n.get() > &crate::value::IBig::ZERO => usize::MAX,
        Value::Int(_) | Value::BigInt(_) => {
            return Err(faults::argument_value(
                "fill",
                "items",
                "an array or a non-negative int",
                super::arg::describe(items),
            ));
        }
        _ => return Err(faults::argument_type("fill", "items", "an array or a non-negative int", items.type_name())),
    };
    Ok(Value::Array(array::fill(value, count).within("fill")?))
}

fn fill_place(_: &mut dyn Engine, items: Any, value: Any) -> Fallible<Outcome> {
    let Value::Array(array) = &*items else {
        return Err(faults::argument_type("fill", "items", "an array", items.type_name()));
    };
    *items = Value::Array(array::fill(value, array.len()).within("fill")?);
    Ok(Outcome::Changed)
}

fn concat(_: &mut dyn Engine, mut items: ArraySlot, others: Rest) -> Fallible {
    let mut joined = items.0.take();
    let mut slot = ArraySlot(&mut joined);
    for other in others.into_values() {
        let Value::Array(other) = &other else {
            let expected = if super::arg::is_lazy(&other) { "arrays (collect() it first)" } else { "arrays" };
            *items.0 = joined;
            return Err(faults::argument_type("concat", "others", expected, other.type_name()));
        };
        unique(&mut slot)?.extend(other).within("concat")?;
    }
    let _ = &mut items;
    Ok(joined)
}

/// `a op b` for items of `sum` and `product`: numbers, or structs that overload the operator.
fn accumulate(engine: &mut dyn Engine, function: &str, op: ArithOp, total: Value, item: Value) -> Fallible {
    match (&total, &item) {
        (_, Value::Int(_) | Value::Float(_) | Value::BigInt(_)) | (Value::Struct(_), _) => {
            super::arg::arithmetic(engine, op, total, item)
        }
        (_, Value::Struct(_)) if matches!(total, Value::Int(0 | 1)) => Ok(item),
        _ => Err(faults::type_error(function, format_args!("items must be numbers, got {}", item.type_name()))),
    }
}

fn sum(engine: &mut dyn Engine, items: Iterable) -> Fallible {
    if let Value::Array(array) = &*items.0 {
        if let Some(ints) = array.as_i64_slice() {
            return Ok(Value::int_from_i128(ints.iter().map(|x| i128::from(*x)).sum()));
        }
        if let Some((start, step, len)) = array.as_range() {
            return Ok(sum_of_range(start, step, len));
        }
        if let Some(floats) = array.as_f64_slice() {
            return Ok(Value::Float(floats.iter().sum()));
        }
    }
    let mut total = Value::Int(0);
    super::iter::for_each(engine, "sum", "items", items.0, |engine, item| {
        total = accumulate(engine, "sum", ArithOp::Add, total.take(), item)?;
        Ok(true)
    })?;
    Ok(total)
}

/// `start + (start + step) + …` by Gauss.
fn sum_of_range(start: i64, step: i64, len: usize) -> Value {
    use crate::value::IBig;
    let n = IBig::from(len);
    let last = IBig::from(start) + IBig::from(step) * (&n - IBig::ONE);
    Value::int_from((IBig::from(start) + last) * n / IBig::from(2))
}

fn product(engine: &mut dyn Engine, items: Iterable) -> Fallible {
    let mut total = Value::Int(1);
    super::iter::for_each(engine, "product", "items", items.0, |engine, item| {
        total = accumulate(engine, "product", ArithOp::Mul, total.take(), item)?;
        Ok(true)
    })?;
    Ok(total)
}

fn mean(engine: &mut dyn Engine, items: Iterable) -> Fallible {
    let items = items_of(engine, "mean", "items", items.0)?;
    let count = items.len() as i64;
    if count == 0 {
        return Ok(Value::Null);
    }
    let mut total = Value::Float(0.0);
    if items.iter().all(Value::is_int) {
        total = Value::Int(0);
    }
    for item in items {
        total = accumulate(engine, "mean", ArithOp::Add, total, item)?;
    }
    super::arg::arithmetic(engine, ArithOp::Div, super::arg::as_float(total), Value::Int(count))
}

fn median(engine: &mut dyn Engine, items: Iterable) -> Fallible {
    let items = items_of(engine, "median", "items", items.0)?;
    if let Some(odd) = items.iter().find(|item| !matches!(item, Value::Int(_) | Value::Float(_) | Value::BigInt(_))) {
        return Err(faults::type_error("median", format_args!("items must be numbers, got {}", odd.type_name())));
    }
    let order = sort::natural_order(engine, &items)?;
    let middle = items.len() / 2;
    match items.len() {
        0 => Ok(Value::Null),
        n if n % 2 == 1 => Ok(items[order[middle]].clone()),
        _ => {
            let (low, high) = (items[order[middle - 1]].clone(), items[order[middle]].clone());
            let both = super::arg::arithmetic(engine, ArithOp::Add, low, high)?;
            super::arg::arithmetic(engine, ArithOp::Div, super::arg::as_float(both), Value::Int(2))
        }
    }
}

/// Rows as vectors; all must be as long as the first.
fn columns(engine: &mut dyn Engine, function: &str, rows: &mut Value) -> Fallible<Vec<Vec<Value>>> {
    let parameter = if function == "unzip" { "pairs" } else { "rows" };
    let mut columns: Vec<Vec<Value>> = Vec::new();
    for (number, mut row) in items_of(engine, function, parameter, rows)?.into_iter().enumerate() {
        let row = items_of(engine, function, parameter, &mut row)?;
        if number == 0 {
            columns.resize_with(row.len(), Vec::new);
        }
        if row.len() != columns.len() {
            let message = format!("row {number} has {} items, the first has {}", row.len(), columns.len());
            return Err(faults::value_error(function, message));
        }
        columns.iter_mut().zip(row).for_each(|(column, item)| column.push(item));
    }
    Ok(columns)
}

fn transpose(engine: &mut dyn Engine, rows: Iterable) -> Fallible {
    let columns = columns(engine, "transpose", rows.0)?;
    new_array(columns.into_iter().map(new_array).collect::<Fallible<_>>()?)
}

fn transpose_pairs(engine: &mut dyn Engine, pairs: Iterable) -> Fallible {
    let mut columns = columns(engine, "unzip", pairs.0)?;
    if columns.is_empty() {
        columns.resize_with(2, Vec::new);
    }
    new_array(columns.into_iter().map(new_array).collect::<Fallible<_>>()?)
}

fn binary_search(engine: &mut dyn Engine, mut items: ArraySlot, x: Any) -> Fallible {
    let array = items.object().clone();
    let (mut low, mut high) = (0, array.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let item = array.get(middle).unwrap_or_default();
        if holds(engine, CompareOp::Lt, &item, x)? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    match array.get(low) {
        Some(item) if holds(engine, CompareOp::Eq, &item, x)? => Ok(Value::Int(low as i64)),
        _ => Ok(Value::Null),
    }
}

/// An array of the values of `items` in another order; for `shuffle`.
pub(super) fn reorder(items: &mut ArraySlot, change: impl FnOnce(&mut [Value])) -> Fallible<()> {
    let mut values = items.object().to_vec().within("array")?;
    change(&mut values);
    *items.object() = array::from_vec(values).within("array")?;
    Ok(())
}
