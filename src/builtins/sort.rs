//! Sorting: stable, with comparisons that may fail.
//!
//! Arrays of one plain kind are sorted by the standard library; everything else by a merge sort of positions, because a
//! comparison may call user code, throw, or contradict itself, none of which the standard sort allows.
use std::cmp::Ordering;

use super::arg::Within;
use super::math::holds;
use super::{Engine, function};
use crate::semantics::compare::CompareOp;
use crate::semantics::fault::{Raise, faults};
use crate::value::{Array, FnId, Ref, Value};

/// Sorted runs of this length are made by insertion.
const RUN: usize = 12;

/// The positions of `0 .. count` in stable order; `less(a, b)` tells whether item `a` stands before item `b`.
pub fn order(count: usize, mut less: impl FnMut(usize, usize) -> Result<bool, Raise>) -> Result<Vec<usize>, Raise> {
    let mut from: Vec<usize> = (0..count).collect();
    for run in from.chunks_mut(RUN) {
        insertion_sort(run, &mut less)?;
    }
    let mut to = Vec::with_capacity(count);
    let mut width = RUN;
    while width < count {
        to.clear();
        for pair in from.chunks(2 * width) {
            merge(pair, width.min(pair.len()), &mut to, &mut less)?;
        }
        std::mem::swap(&mut from, &mut to);
        width *= 2;
    }
    Ok(from)
}

fn insertion_sort(run: &mut [usize], less: &mut impl FnMut(usize, usize) -> Result<bool, Raise>) -> Result<(), Raise> {
    for i in 1..run.len() {
        let mut k = i;
        while k > 0 && less(run[k], run[k - 1])? {
            run.swap(k, k - 1);
            k -= 1;
        }
    }
    Ok(())
}

fn merge(
    pair: &[usize],
    middle: usize,
    to: &mut Vec<usize>,
    less: &mut impl FnMut(usize, usize) -> Result<bool, Raise>,
) -> Result<(), Raise> {
    let (mut left, mut right) = pair.split_at(middle);
    while let (Some((&a, more_left)), Some((&b, more_right))) = (left.split_first(), right.split_first()) {
        if less(b, a)? {
            to.push(b);
            right = more_right;
        } else {
            to.push(a);
            left = more_left;
        }
    }
    to.extend_from_slice(left);
    to.extend_from_slice(right);
    Ok(())
}

/// The items in the order of the positions.
pub fn permute(items: Vec<Value>, order: &[usize]) -> Vec<Value> {
    let mut items = items;
    order.iter().map(|position| std::mem::take(&mut items[*position])).collect()
}

/// The stable order of an array's items by a comparison. It is found by a function of the prelude, which engines can inline the
/// comparison into.
pub fn order_by_comparison(engine: &mut dyn Engine, items: Ref<Array>, cmp: &Value) -> Result<Vec<usize>, Raise> {
    let id = function("__order").ok_or_else(|| Raise::bug("no order by comparisons"))?;
    let order = Value::ints((0..items.len() as i64).collect()).within("sort")?;
    let order = engine.call(&Value::Fn0(FnId(u32::from(id.0))), &mut [order, Value::Array(items), cmp.clone()])?;
    let positions = |order: &Value| match order {
        Value::Array(order) => order.iter().map(|at| usize::try_from(at.as_int()?).ok()).collect(),
        _ => None,
    };
    positions(&order).ok_or_else(|| Raise::bug("an order of no positions"))
}

/// The stable order of values by `<`, with shortcuts for values of one plain kind.
pub fn natural_order(engine: &mut dyn Engine, keys: &[Value]) -> Result<Vec<usize>, Raise> {
    if let Some(ints) = all(keys, Value::as_int) {
        return Ok(order_by(&ints, Ord::cmp));
    }
    if let Some(floats) = all(keys, Value::as_float) {
        return Ok(order_by(&floats, compare_floats));
    }
    if let Some(texts) = all(keys, |key| key.as_str().map(|text| (prefix(text), text))) {
        return Ok(order_by(&texts, Ord::cmp));
    }
    let mut comparisons = 0u32;
    order(keys.len(), |a, b| {
        comparisons = comparisons.wrapping_add(1);
        if comparisons.is_multiple_of(1024) {
            engine.poll()?;
        }
        match (nan(&keys[a]), nan(&keys[b])) {
            (Some(first), Some(second)) if first || second => Ok(!first),
            _ => holds(engine, CompareOp::Lt, &keys[a], &keys[b]),
        }
    })
}

/// Whether a number is NaN, which stands behind all others.
fn nan(key: &Value) -> Option<bool> {
    match key {
        Value::Float(number) => Some(number.is_nan()),
        Value::Int(_) | Value::BigInt(_) => Some(false),
        _ => None,
    }
}

fn all<'a, T>(keys: &'a [Value], get: impl Fn(&'a Value) -> Option<T>) -> Option<Vec<T>> {
    keys.iter().map(get).collect()
}

/// The first eight bytes as a number: most comparisons of texts end there, without a look at the text itself.
fn prefix(text: &str) -> u64 {
    let mut bytes = [0; 8];
    let length = text.len().min(8);
    bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
    u64::from_be_bytes(bytes)
}

fn order_by<T>(keys: &[T], compare: impl Fn(&T, &T) -> Ordering) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|a, b| compare(&keys[*a], &keys[*b]));
    order
}

/// By size; NaN stands behind all numbers.
pub fn compare_floats(a: &f64, b: &f64) -> Ordering {
    a.partial_cmp(b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

/// What a comparison callback said: is the first argument to stand before the second?
pub fn comparator_says_less(function: &str, answer: &Value) -> Result<bool, Raise> {
    match answer {
        Value::Int(x) => Ok(*x < 0),
        Value::Float(x) => Ok(*x < 0.0),
        Value::BigInt(x) => Ok(x.get() < &crate::value::IBig::ZERO),
        _ => Err(faults::callback_result(function, "a number", answer.type_name())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merge_sort_is_stable() {
        let keys: Vec<usize> = (0..100).map(|i| (i * 37) % 10).collect();
        let sorted = order(100, |a, b| Ok(keys[a] < keys[b])).expect("nothing fails");
        let mut expected: Vec<usize> = (0..100).collect();
        expected.sort_by_key(|i| keys[*i]);
        assert_eq!(sorted, expected);
    }
}
