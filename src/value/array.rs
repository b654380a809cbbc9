//! Arrays: the operations of the language on storage of any kind.
//!
//! An array whose elements are all bools, all small integers or all floats stores them unboxed; an
//! element of another kind generalises it. A range stays start, step and length until its first change.
//! The way to change one: `let xs = array::make_unique(&mut reference)?; xs.push(v)?`.

use super::Value;
use super::heap::{Array, Elem, Kind, Ref};
use super::layout::Borrowed;
use crate::limits::{self, OutOfMemory};

/// A counted pointer to an array.
pub type ArrRef = Ref<Array>;

/// A generic array this short is tried for one kind whenever it is copied or grows.
const REPACK: usize = 16;

/// Runs the same code for each kind of storage: `each!(array, slice, items => …, range => …)`.
macro_rules! by_kind {
    ($array:expr, $get:ident, $items:ident => $body:expr, else $other:expr) => {
        match $array.kind() {
            Kind::I64 => {
                let $items = $array.$get::<i64>().unwrap_or_default();
                $body
            }
            Kind::F64 => {
                let $items = $array.$get::<f64>().unwrap_or_default();
                $body
            }
            Kind::Val => {
                let $items = $array.$get::<Value>().unwrap_or_default();
                $body
            }
            Kind::Bool => {
                let $items = $array.$get::<bool>().unwrap_or_default();
                $body
            }
            Kind::Empty | Kind::Range => $other,
        }
    };
}

impl Value {
    /// An array; unboxed if the elements allow it.
    pub fn array(items: Vec<Value>) -> Value {
        Value::Array(from_vec(items).expect("a vector can always be taken over"))
    }

    /// An array of integers.
    pub fn ints(items: Vec<i64>) -> Result<Value, OutOfMemory> {
        Ok(Value::Array(Array::adopt(items)?.into_block()))
    }

    /// An array of floats.
    pub fn floats(items: Vec<f64>) -> Result<Value, OutOfMemory> {
        Ok(Value::Array(Array::adopt(items)?.into_block()))
    }

    /// An array of bools.
    pub fn bools(items: Vec<bool>) -> Result<Value, OutOfMemory> {
        Ok(Value::Array(Array::adopt(items)?.into_block()))
    }

    /// `start, start + step, …`, `len` elements, compact. `None` if an element does not fit in 64 bits.
    pub fn range(start: i64, step: i64, len: usize) -> Option<Value> {
        Some(Value::Array(range(start, step, len)?))
    }
}

/// An empty array.
#[inline]
pub fn new() -> ArrRef {
    Ref::made(Array::empty)
}

/// An empty array that will get `cap` elements: of the kind of the first push.
///
/// The room is made by that push or by [`Array::reserve_for`], since it depends on the kind.
pub fn with_capacity(cap: usize) -> Result<ArrRef, OutOfMemory> {
    limits::reserve_array(cap, 16)?;
    Ok(new())
}

/// Of copies of a few values, unboxed if all have one kind.
pub fn from_items(items: &[Value]) -> Result<ArrRef, OutOfMemory> {
    let made = match common_kind(items) {
        Kind::I64 => collect_into(items, Value::as_int),
        Kind::F64 => collect_into(items, Value::as_float),
        Kind::Bool => collect_into(items, Value::as_bool),
        Kind::Val => collect_into(items, |item| Some(item.clone())),
        Kind::Empty | Kind::Range => return Ok(new()),
    };
    Ok(made?.into_block())
}

/// Takes over a vector, unboxed if all elements have one kind.
pub fn from_vec(items: Vec<Value>) -> Result<ArrRef, OutOfMemory> {
    let packed = match common_kind(&items) {
        Kind::I64 => collect_into(&items, Value::as_int),
        Kind::F64 => collect_into(&items, Value::as_float),
        Kind::Bool => collect_into(&items, Value::as_bool),
        Kind::Val => return Ok(Array::adopt(items)?.into_block()),
        Kind::Empty | Kind::Range => Ok(Array::empty()),
    };
    // Where there is no memory for an unboxed copy, the vector itself still serves.
    Ok(packed.or_else(|_| Array::adopt(items))?.into_block())
}

/// An array of two, unboxed if both have one kind.
#[inline]
pub fn pair(first: Value, second: Value) -> ArrRef {
    match (&first, &second) {
        (Value::Int(a), Value::Int(b)) => Array::pair(*a, *b),
        (Value::Float(a), Value::Float(b)) => Array::pair(*a, *b),
        (Value::Bool(a), Value::Bool(b)) => Array::pair(a.get(), b.get()),
        _ => Array::pair(first, second),
    }
}

/// An array of values none of which is stored unboxed, made one by one; `least` of them are expected.
pub fn of_objects(least: usize, values: impl Iterator<Item = Result<Value, OutOfMemory>>) -> Result<ArrRef, OutOfMemory> {
    let mut array = Array::with_kind::<Value>(least)?;
    for value in values {
        array.push_raw(value?)?;
    }
    Ok(if array.is_empty() { new() } else { array.into_block() })
}

fn collect_into<T: Elem>(items: &[Value], unbox: impl Fn(&Value) -> Option<T>) -> Result<Array, OutOfMemory> {
    let mut array = Array::with_kind::<T>(items.len())?;
    for item in items.iter().filter_map(unbox) {
        array.push_raw(item)?;
    }
    Ok(array)
}

/// A compact range. `None` if an element does not fit in 64 bits.
pub fn range(start: i64, step: i64, len: usize) -> Option<ArrRef> {
    if len == 0 {
        return Some(new());
    }
    let last = i128::from(start) + i128::from(step) * (len as i128 - 1);
    i64::try_from(last).ok()?;
    // Lengths are ints of 64 bits.
    i64::try_from(len).ok()?;
    Some(Ref::made(|| Array::compact_range(start, step, len)))
}

/// `value` n times, unboxed if possible.
pub fn fill(value: &Value, n: usize) -> Result<ArrRef, OutOfMemory> {
    fn values(item: &Value, n: usize) -> Result<Array, OutOfMemory> {
        limits::reserve_array(n, size_of::<Value>())?;
        let mut array = Array::with_kind::<Value>(n)?;
        for _ in 0..n {
            array.push_raw(item.clone())?;
        }
        Ok(array)
    }
    let made = match value {
        Value::Int(i) => Array::filled(*i, n)?,
        Value::Float(x) => Array::filled(*x, n)?,
        Value::Bool(b) => Array::filled(b.get(), n)?,
        other => values(other, n)?,
    };
    Ok(made.into_block())
}

/// The kind that holds every element unboxed, else `Val`.
fn common_kind(items: &[Value]) -> Kind {
    let Some(first) = items.first() else { return Kind::Empty };
    let kind = kind_of(first);
    if kind != Kind::Val && items.iter().any(|item| item.tag() != first.tag()) { Kind::Val } else { kind }
}

#[inline]
fn kind_of(value: &Value) -> Kind {
    match value {
        Value::Int(_) => Kind::I64,
        Value::Float(_) => Kind::F64,
        Value::Bool(_) => Kind::Bool,
        _ => Kind::Val,
    }
}

/// The array for changing; copied first if others hold it. A range stays compact until it is changed.
#[inline(always)]
pub fn make_unique(this: &mut ArrRef) -> Result<&mut Array, OutOfMemory> {
    if !this.own() {
        copy_out(this)?;
    }
    Ok(this.get_mut().expect("the only reference after the copy"))
}

#[cold]
#[inline(never)]
fn copy_out(this: &mut ArrRef) -> Result<(), OutOfMemory> {
    *this = match this.copy_unboxed(0, this.len()) {
        Some(copied) => copied?,
        None => duplicate(this)?,
    };
    Ok(())
}

/// Copies of values, each counted. Filled where it is: an array built elsewhere and moved costs more than its elements if they are few.
fn copy_values(items: &[Value]) -> Result<ArrRef, OutOfMemory> {
    let mut made = new();
    make_unique(&mut made)?.copy_in(items)?;
    Ok(made)
}

/// A copy; a generic one is re-packed if its elements have one kind.
pub(super) fn duplicate(array: &Array) -> Result<ArrRef, OutOfMemory> {
    array.slice_of(0, array.len())
}

impl Array {
    /// The elements as small integers, if they are stored so.
    #[inline(always)]
    pub fn as_i64_slice(&self) -> Option<&[i64]> {
        self.slice()
    }
    /// The elements as floats, if they are stored so.
    #[inline(always)]
    pub fn as_f64_slice(&self) -> Option<&[f64]> {
        self.slice()
    }
    /// The elements as bools, if they are stored so.
    #[inline(always)]
    pub fn as_bool_slice(&self) -> Option<&[bool]> {
        self.slice()
    }
    /// The elements as values, if they are stored so.
    #[inline(always)]
    pub fn as_val_slice(&self) -> Option<&[Value]> {
        self.slice()
    }
    /// The elements as small integers for changing, if they are stored so.
    #[inline(always)]
    pub fn as_i64_slice_mut(&mut self) -> Option<&mut [i64]> {
        self.slice_mut()
    }
    /// The elements as floats for changing, if they are stored so.
    #[inline(always)]
    pub fn as_f64_slice_mut(&mut self) -> Option<&mut [f64]> {
        self.slice_mut()
    }
    /// The elements as bools for changing, if they are stored so.
    #[inline(always)]
    pub fn as_bool_slice_mut(&mut self) -> Option<&mut [bool]> {
        self.slice_mut()
    }
    /// The elements as values for changing, if they are stored so.
    #[inline(always)]
    pub fn as_val_slice_mut(&mut self) -> Option<&mut [Value]> {
        self.slice_mut()
    }

    /// An element.
    #[inline(always)]
    pub fn get(&self, at: usize) -> Option<Value> {
        if let Some(items) = self.as_i64_slice() {
            return items.get(at).map(|&item| Value::Int(item));
        }
        if let Some(items) = self.as_val_slice() {
            return items.get(at).cloned();
        }
        if let Some(items) = self.as_f64_slice() {
            return items.get(at).map(|&item| Value::Float(item));
        }
        self.get_rare(at)
    }

    #[inline(never)]
    fn get_rare(&self, at: usize) -> Option<Value> {
        if let Some((start, step, len)) = self.as_range() {
            return if at < len { Some(Value::Int(start.wrapping_add(step.wrapping_mul(at as i64)))) } else { None };
        }
        self.as_bool_slice()?.get(at).map(|&item| Value::bool(item))
    }

    /// An element without taking a reference.
    #[inline]
    pub fn borrow(&self, at: usize) -> Option<Borrowed<'_>> {
        match self.as_val_slice() {
            Some(items) => items.get(at).map(Borrowed::of),
            None => self.get(at).map(Borrowed::scalar),
        }
    }

    /// An element for changing in place; `None` if it is stored unboxed (use [`Array::set`]) or not there.
    #[inline(always)]
    pub fn get_mut(&mut self, at: usize) -> Option<&mut Value> {
        self.as_val_slice_mut()?.get_mut(at)
    }

    /// Replaces an element. A position that does not exist changes nothing and gives false.
    #[inline(always)]
    pub fn set(&mut self, at: usize, value: Value) -> Result<bool, OutOfMemory> {
        match (self.kind(), &value) {
            (Kind::I64, Value::Int(new)) => {
                if let Some(item) = self.as_i64_slice_mut().and_then(|items| items.get_mut(at)) {
                    *item = *new;
                    return Ok(true);
                }
            }
            (Kind::F64, Value::Float(new)) => {
                if let Some(item) = self.as_f64_slice_mut().and_then(|items| items.get_mut(at)) {
                    *item = *new;
                    return Ok(true);
                }
            }
            (Kind::Bool, Value::Bool(new)) => {
                if let Some(item) = self.as_bool_slice_mut().and_then(|items| items.get_mut(at)) {
                    *item = new.get();
                    return Ok(true);
                }
            }
            (Kind::Val, _) => {
                let is_last = at + 1 == self.len();
                if let Some(item) = self.as_val_slice_mut().and_then(|items| items.get_mut(at)) {
                    *item = value;
                    if is_last {
                        self.settle();
                    }
                    return Ok(true);
                }
            }
            _ => return self.set_other(at, value),
        }
        Ok(false)
    }

    #[cold]
    #[inline(never)]
    fn set_other(&mut self, at: usize, value: Value) -> Result<bool, OutOfMemory> {
        if at >= self.len() {
            return Ok(false);
        }
        self.fit(&value)?;
        self.set(at, value)
    }

    /// Appends.
    #[inline(always)]
    pub fn push(&mut self, value: Value) -> Result<(), OutOfMemory> {
        match (self.kind(), &value) {
            (Kind::I64, Value::Int(item)) => self.push_raw(*item),
            (Kind::F64, Value::Float(item)) => self.push_raw(*item),
            (Kind::Val, _) if self.len() < self.capacity() => self.push_raw(value),
            _ => self.push_other(value),
        }
    }

    #[inline(never)]
    fn push_other(&mut self, value: Value) -> Result<(), OutOfMemory> {
        if self.kind() == Kind::Val && self.len() <= REPACK {
            self.repack()?;
        }
        self.fit(&value)?;
        match (self.kind(), value) {
            (Kind::Bool, Value::Bool(item)) => self.push_raw(item.get()),
            (Kind::I64, Value::Int(item)) => self.push_raw(item),
            (Kind::F64, Value::Float(item)) => self.push_raw(item),
            (_, value) => self.push_raw(value),
        }
    }

    /// Makes the storage one that can hold `value`: decides an empty array, writes out a range,
    /// generalises if kinds would mix.
    fn fit(&mut self, value: &Value) -> Result<(), OutOfMemory> {
        self.materialise()?;
        let wanted = kind_of(value);
        match self.kind() {
            Kind::Empty => match wanted {
                Kind::I64 => self.decide::<i64>(),
                Kind::F64 => self.decide::<f64>(),
                Kind::Bool => self.decide::<bool>(),
                _ => self.decide::<Value>(),
            },
            Kind::Val => {}
            kind if kind == wanted => {}
            _ => self.generalise()?,
        }
        Ok(())
    }

    /// Turns a compact range into an array of integers.
    pub fn materialise(&mut self) -> Result<(), OutOfMemory> {
        let Some((start, step, len)) = self.as_range() else { return Ok(()) };
        limits::reserve_array(len, 8)?;
        let mut items = Array::with_kind::<i64>(len)?;
        for at in 0..len as i64 {
            items.push_raw(start.wrapping_add(step.wrapping_mul(at)))?;
        }
        self.take_content(&mut items);
        Ok(())
    }

    /// Stores the elements as values.
    pub fn generalise(&mut self) -> Result<(), OutOfMemory> {
        if self.kind() == Kind::Empty {
            self.decide::<Value>();
        }
        if self.kind() == Kind::Val {
            return Ok(());
        }
        limits::reserve_array(self.len(), 16)?;
        let mut items = Array::with_kind::<Value>(self.len() + self.len() / 8)?;
        for at in 0..self.len() {
            items.push_raw(self.get(at).unwrap_or_default())?;
        }
        self.take_kind(&mut items);
        Ok(())
    }

    /// Stores the elements of a generic array unboxed, if they all have one kind.
    pub fn repack(&mut self) -> Result<(), OutOfMemory> {
        let Some(items) = self.as_val_slice() else { return Ok(()) };
        let mut packed = match common_kind(items) {
            Kind::I64 => collect_into(items, Value::as_int)?,
            Kind::F64 => collect_into(items, Value::as_float)?,
            Kind::Bool => collect_into(items, Value::as_bool)?,
            Kind::Empty | Kind::Val | Kind::Range => return Ok(()),
        };
        self.take_kind(&mut packed);
        Ok(())
    }

    /// After a store to the last element of a generic array: if all are of one unboxed kind by now, they are stored so. `[0] * n` that
    /// is filled with floats was generic only meanwhile. Looks in vain, or changes of kind to and fro, make it look ever more rarely.
    #[cold]
    #[inline(never)]
    pub fn settle(&mut self) {
        let last = self.as_val_slice().and_then(|items| items.last());
        if last.is_some_and(|last| kind_of(last) != Kind::Val) && self.may_settle() {
            // Without room for it the array stays as it is.
            let _ = self.repack();
        }
    }

    /// Makes room for `more` elements like `sample`.
    pub fn reserve_for(&mut self, sample: &Value, more: usize) -> Result<(), OutOfMemory> {
        self.fit(sample)?;
        match self.kind() {
            Kind::I64 => self.reserve::<i64>(more),
            Kind::F64 => self.reserve::<f64>(more),
            Kind::Bool => self.reserve::<bool>(more),
            _ => self.reserve::<Value>(more),
        }
    }

    /// Takes the last element.
    #[inline]
    pub fn pop(&mut self) -> Option<Value> {
        match self.kind() {
            Kind::I64 => self.pop_raw::<i64>().map(Value::Int),
            Kind::F64 => self.pop_raw::<f64>().map(Value::Float),
            Kind::Val => self.pop_raw::<Value>(),
            Kind::Bool => self.pop_raw::<bool>().map(Value::bool),
            Kind::Range => {
                let last = self.get(self.len().checked_sub(1)?);
                self.truncate_raw(self.len() - 1);
                last
            }
            Kind::Empty => None,
        }
    }

    /// Inserts before position `at` (at most the length, else at the end).
    pub fn insert(&mut self, at: usize, value: Value) -> Result<(), OutOfMemory> {
        self.push(value)?;
        let at = at.min(self.len() - 1);
        by_kind!(self, slice_mut, items => items[at..].rotate_right(1), else {});
        Ok(())
    }

    /// Removes and gives the element at `at`.
    pub fn remove(&mut self, at: usize) -> Result<Option<Value>, OutOfMemory> {
        if at < self.len() && self.kind() == Kind::Range {
            self.materialise()?;
        }
        Ok(match self.kind() {
            Kind::I64 => self.take_raw::<i64>(at).map(Value::Int),
            Kind::F64 => self.take_raw::<f64>(at).map(Value::Float),
            Kind::Val => self.take_raw::<Value>(at),
            Kind::Bool => self.take_raw::<bool>(at).map(Value::bool),
            Kind::Range | Kind::Empty => None,
        })
    }

    /// Removes the elements from `from` up to before `to`.
    pub fn remove_range(&mut self, from: usize, to: usize) -> Result<(), OutOfMemory> {
        let to = to.min(self.len());
        if from >= to {
            return Ok(());
        }
        self.materialise()?;
        by_kind!(self, slice_mut, items => items[from..].rotate_left(to - from), else {});
        self.truncate_raw(self.len() - (to - from));
        Ok(())
    }

    /// Shortens to `len` elements.
    pub fn truncate(&mut self, len: usize) {
        self.truncate_raw(len);
    }

    /// Removes all elements.
    pub fn clear(&mut self) {
        self.reset();
    }

    /// Exchanges two elements.
    pub fn swap(&mut self, a: usize, b: usize) -> Result<bool, OutOfMemory> {
        if a >= self.len() || b >= self.len() {
            return Ok(false);
        }
        self.materialise()?;
        by_kind!(self, slice_mut, items => items.swap(a, b), else {});
        Ok(true)
    }

    /// Turns the order round.
    pub fn reverse(&mut self) -> Result<(), OutOfMemory> {
        if let Some((start, step, len)) = self.as_range() {
            // `-step` overflows only for a range of one or two elements.
            if let Some(back) = step.checked_neg() {
                let last = start.wrapping_add(step.wrapping_mul(len as i64 - 1));
                self.take_content(&mut Array::compact_range(last, back, len));
                return Ok(());
            }
        }
        self.materialise()?;
        by_kind!(self, slice_mut, items => items.reverse(), else {});
        Ok(())
    }

    /// Appends all elements of another array.
    pub fn extend(&mut self, other: &Array) -> Result<(), OutOfMemory> {
        if other.is_empty() {
            return Ok(());
        }
        if let Some(first) = other.borrow(0) {
            self.reserve_for(&first, other.len())?;
        }
        if self.kind() == other.kind() {
            return match self.kind() {
                Kind::I64 => self.extend_raw(other.slice::<i64>().unwrap_or_default()),
                Kind::F64 => self.extend_raw(other.slice::<f64>().unwrap_or_default()),
                Kind::Val => self.extend_raw(other.slice::<Value>().unwrap_or_default()),
                Kind::Bool => self.extend_raw(other.slice::<bool>().unwrap_or_default()),
                Kind::Empty | Kind::Range => Ok(()),
            };
        }
        for at in 0..other.len() {
            self.push(other.get(at).unwrap_or_default())?;
        }
        Ok(())
    }

    /// The elements from `from` up to before `to` as a new array; clamped.
    pub fn slice_of(&self, from: usize, to: usize) -> Result<ArrRef, OutOfMemory> {
        let to = to.min(self.len());
        let from = from.min(to);
        if from == to {
            return Ok(new());
        }
        if let Some(copied) = self.copy_unboxed(from, to) {
            return copied;
        }
        if let Some((start, step, _)) = self.as_range() {
            let first = start.wrapping_add(step.wrapping_mul(from as i64));
            return Ok(Ref::made(|| Array::compact_range(first, step, to - from)));
        }
        if let Some(items) = self.as_val_slice() {
            return match common_kind(&items[from..to]) {
                Kind::I64 => Ok(collect_into(&items[from..to], Value::as_int)?.into_block()),
                Kind::F64 => Ok(collect_into(&items[from..to], Value::as_float)?.into_block()),
                Kind::Bool => Ok(collect_into(&items[from..to], Value::as_bool)?.into_block()),
                _ => copy_values(&items[from..to]),
            };
        }
        Ok(new())
    }

    /// Both arrays in one new one.
    pub fn concat(&self, other: &Array) -> Result<ArrRef, OutOfMemory> {
        let mut joined = self.slice_of(0, self.len())?;
        make_unique(&mut joined)?.extend(other)?;
        Ok(joined)
    }

    /// The elements over and over.
    pub fn repeat(&self, times: usize) -> Result<ArrRef, OutOfMemory> {
        let total = limits::reserve_array(self.len(), times)?;
        if total == 0 {
            return Ok(new());
        }
        if self.len() == 1 {
            return fill(&self.get(0).unwrap_or_default(), times);
        }
        let mut repeated = new();
        let array = make_unique(&mut repeated)?;
        if let Some(first) = self.borrow(0) {
            array.reserve_for(&first, total)?;
        }
        for _ in 0..times {
            array.extend(self)?;
        }
        Ok(repeated)
    }

    /// All elements, cloned or boxed.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Value> + ExactSizeIterator + '_ {
        (0..self.len()).map(|at| self.get(at).unwrap_or_default())
    }

    /// All elements as a vector, within the memory limit.
    pub fn to_vec(&self) -> Result<Vec<Value>, OutOfMemory> {
        limits::reserve_array(self.len(), 16)?;
        Ok(self.iter().collect())
    }

    /// Takes all elements out, moving them where they are stored as values.
    pub fn take_all(&mut self) -> Result<Vec<Value>, OutOfMemory> {
        self.generalise()?;
        Ok(self.take_values())
    }

    /// Replaces all elements.
    pub fn replace_all(&mut self, items: Vec<Value>) -> Result<(), OutOfMemory> {
        let mut fresh = from_vec(items)?;
        self.take_content(make_unique(&mut fresh)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(items: &[Value]) -> ArrRef {
        from_vec(items.to_vec()).unwrap()
    }

    fn ints(array: &Array) -> Vec<i64> {
        array.iter().map(|value| value.as_int().unwrap()).collect()
    }

    #[test]
    fn first_push_decides_and_mixing_generalises() {
        let mut xs = new();
        let array = make_unique(&mut xs).unwrap();
        array.push(Value::Int(1)).unwrap();
        assert_eq!(array.kind(), Kind::I64);
        array.push(Value::Float(2.5)).unwrap();
        assert_eq!(array.kind(), Kind::Val);
        assert_eq!(array.get(0).unwrap().as_int(), Some(1), "ints stay exact");
        assert_eq!(array.get(1).unwrap().as_float(), Some(2.5));
    }

    #[test]
    fn literals_pick_their_kind() {
        assert_eq!(build(&[Value::Int(1), Value::Int(2)]).kind(), Kind::I64);
        assert_eq!(build(&[Value::Float(1.0)]).kind(), Kind::F64);
        assert_eq!(build(&[Value::bool(true)]).kind(), Kind::Bool);
        assert_eq!(build(&[Value::Int(1), Value::Null]).kind(), Kind::Val);
        assert_eq!(build(&[]).kind(), Kind::Empty);
    }

    #[test]
    fn kinds_come_back_by_copying_and_growing() {
        let mut xs = build(&[Value::Null, Value::Int(1)]);
        make_unique(&mut xs).unwrap().set(0, Value::Int(2)).unwrap();
        assert_eq!(xs.kind(), Kind::Val);
        let held = xs.clone();
        assert_eq!(make_unique(&mut xs).unwrap().kind(), Kind::I64);
        assert_eq!(ints(&held), [2, 1]);
    }

    #[test]
    fn a_generic_array_settles_once_its_last_element_fits_the_others() {
        let mut xs = fill(&Value::Int(0), 40).unwrap();
        let array = make_unique(&mut xs).unwrap();
        for at in 0..40 {
            array.set(at, Value::Float(at as f64)).unwrap();
            assert_eq!(array.kind(), if at == 39 { Kind::F64 } else { Kind::Val });
        }
        array.set(39, Value::str("text")).unwrap();
        array.set(39, Value::Int(1)).unwrap();
        assert_eq!((array.kind(), array.get(38).unwrap().as_float()), (Kind::Val, Some(38.0)));
    }

    #[test]
    fn changes_to_and_fro_make_an_array_settle_ever_more_rarely() {
        let mut xs = fill(&Value::Float(0.5), 40).unwrap();
        let array = make_unique(&mut xs).unwrap();
        let mut settled = 0;
        for _ in 0..100_000 {
            array.set(39, Value::Null).unwrap();
            array.set(39, Value::Float(1.5)).unwrap();
            settled += usize::from(array.kind() == Kind::F64);
        }
        assert_eq!(settled, 15, "at the stores 1, 2, 4, …, 16384");
        array.set(39, Value::Null).unwrap();
        while array.len() < 200 {
            array.push(Value::Float(2.5)).unwrap();
        }
        array.set(39, Value::Float(1.5)).unwrap();
        array.set(199, Value::Float(1.5)).unwrap();
        assert_eq!((array.kind(), array.len()), (Kind::F64, 200), "a grown array is looked at again");
        array.push(Value::Float(3.5)).unwrap();
        assert_eq!((array.get(39).unwrap().as_float(), array.get(200).unwrap().as_float()), (Some(1.5), Some(3.5)));
    }

    #[test]
    fn a_range_stays_compact_until_changed() {
        let mut r = range(10, -3, 4).unwrap();
        assert_eq!(ints(&r), [10, 7, 4, 1]);
        assert_eq!(r.kind(), Kind::Range);
        assert_eq!(ints(&r.slice_of(1, 3).unwrap()), [7, 4]);
        let array = make_unique(&mut r).unwrap();
        array.reverse().unwrap();
        assert_eq!((array.kind(), ints(array)), (Kind::Range, vec![1, 4, 7, 10]));
        assert_eq!(array.pop().unwrap().as_int(), Some(10));
        array.set(0, Value::Int(100)).unwrap();
        assert_eq!((array.kind(), ints(array)), (Kind::I64, vec![100, 4, 7]));
        assert!(range(i64::MAX, 1, 2).is_none());
        assert!(range(i64::MIN, i64::MAX, 3).is_some());
        assert_eq!(range(5, 1, 0).unwrap().kind(), Kind::Empty);
    }

    #[test]
    fn insert_remove_and_the_rest() {
        let mut xs = build(&(0..10).map(Value::Int).collect::<Vec<_>>());
        let array = make_unique(&mut xs).unwrap();
        array.insert(0, Value::Int(-1)).unwrap();
        array.insert(99, Value::Int(10)).unwrap();
        assert_eq!(array.remove(5).unwrap().unwrap().as_int(), Some(4));
        assert!(array.remove(50).unwrap().is_none());
        array.remove_range(1, 4).unwrap();
        assert_eq!(ints(array), [-1, 3, 5, 6, 7, 8, 9, 10]);
        array.swap(0, 1).unwrap();
        array.truncate(3);
        assert_eq!(ints(array), [3, -1, 5]);
        array.insert(1, Value::str("text of a string")).unwrap();
        assert_eq!(array.get(1).unwrap().as_str(), Some("text of a string"));
        array.clear();
        assert_eq!((array.kind(), array.len()), (Kind::Empty, 0));
    }

    #[test]
    fn a_second_holder_keeps_the_old_elements() {
        let mut xs = build(&[Value::str("first of all"), Value::Null]);
        let old = xs.clone();
        make_unique(&mut xs).unwrap().set(0, Value::Int(1)).unwrap();
        assert_eq!(old.get(0).unwrap().as_str(), Some("first of all"));
        assert_eq!(xs.get(0).unwrap().as_int(), Some(1));
    }

    #[test]
    fn joining_and_repeating() {
        let a = build(&[Value::Int(1), Value::Int(2)]);
        let b = build(&[Value::str("text of b")]);
        let joined = a.concat(&b).unwrap();
        assert_eq!((joined.len(), joined.kind()), (3, Kind::Val));
        assert_eq!(ints(&a.repeat(3).unwrap()), [1, 2, 1, 2, 1, 2]);
        assert!(a.repeat(usize::MAX / 4).is_err());
        assert_eq!(range(0, 1, 3).unwrap().concat(&a).unwrap().kind(), Kind::I64);
        assert_eq!(new().concat(&a).unwrap().kind(), Kind::I64);
        assert_eq!(fill(&Value::bool(true), 100).unwrap().kind(), Kind::Bool);
    }

    #[test]
    fn vectors_large_and_small_are_taken_over() {
        for n in [0, 1, 3, 15, 16, 17, 1000] {
            let strings: Vec<Value> = (0..n).map(|i| Value::str(&format!("number {i}"))).collect();
            let mut xs = from_vec(strings).unwrap();
            let array = make_unique(&mut xs).unwrap();
            for i in 0..100 {
                array.push(Value::Int(i)).unwrap();
            }
            assert_eq!(array.len(), n + 100);
            assert!(Value::ints((0..n as i64).collect()).unwrap().shape() != 0);
        }
    }

    #[test]
    fn all_elements_can_be_taken_and_put_back() {
        let mut xs = build(&[Value::Int(3), Value::Int(1)]);
        let array = make_unique(&mut xs).unwrap();
        let mut items = array.take_all().unwrap();
        assert_eq!((items.len(), array.len()), (2, 0));
        items.push(Value::Null);
        array.replace_all(items).unwrap();
        assert_eq!((array.len(), array.kind()), (3, Kind::Val));
    }
}
