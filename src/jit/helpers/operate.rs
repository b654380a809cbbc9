//! Operations on whole values: the functions of `semantics`, on values that compiled code lends.
//!
//! Promises the blocks rest on: those of `helpers`, and **lent**: arguments are alive until the call returns, and a place is the
//! home of a live value that nobody else reads or writes meanwhile.
//!
//! Always holds: user code never runs; where it would, and where something is to be raised, nothing is done.
#![allow(unsafe_code)]

use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::Pair;
use crate::bytecode::chunk::Segment;
use crate::bytecode::op::{ArithCode, CompareCode, slice_kind};
use crate::jit::lower::context::MOST_PARTS;
use crate::jit::runtime::Context;
use crate::semantics::arith::{self, ArithOp};
use crate::semantics::compare::{self, CompareOp};
use crate::semantics::fault::Raise;
use crate::semantics::member::Member;
use crate::semantics::step::{Callback, Step};
use crate::semantics::{index, member, place};
use crate::value::heap::Kind;
use crate::value::layout::tag;
use crate::value::{Cell, FnId, NotAKey, Symbol, Value, array, dict};
use crate::vm::function::Activation;
use crate::vm::operate::{arith_op, compare_op};
use crate::vm::{Vm, pattern};

/// A value that somebody else owns.
fn lent(tag: u64, payload: u64) -> ManuallyDrop<Value> {
    // SAFETY: **lent**: tag and payload of a live value; it is not dropped here.
    ManuallyDrop::new(unsafe { Pair { tag, payload }.into_value() })
}

/// A place that may be changed.
fn place_at<'a>(address: *mut Value) -> &'a mut Value {
    // SAFETY: **lent**.
    unsafe { &mut *address }
}

/// For what walks values: asks for nothing, and gives up when something wants attention.
struct Alone;

fn refused<R>() -> Result<R, Raise> {
    Err(Raise::bug("user code asked for by an operation that runs none"))
}

impl Callback for Alone {
    fn call_method(&mut self, _: FnId, _: Value, _: &mut [Value]) -> Result<Value, Raise> {
        refused()
    }
    fn call(&mut self, _: &Value, _: &mut [Value]) -> Result<Value, Raise> {
        refused()
    }
    fn function_name(&self, _: FnId) -> Arc<str> {
        Arc::from("")
    }
    fn is_builtin(&self, _: FnId) -> bool {
        false
    }
    fn poll(&mut self) -> Result<(), Raise> {
        if crate::limits::pending() { refused() } else { Ok(()) }
    }
}

fn operator(code: u64) -> ArithOp {
    arith_op(ArithCode::ALL[code as usize])
}

/// The result, or nothing: also after a panic, which the VM meets again and reports.
fn attempt<R>(work: impl FnOnce() -> Option<R>) -> Option<R> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(None)
}

fn owned(result: Option<Value>) -> Pair {
    result.map_or(Pair::RAISED, Pair::from_value)
}

fn borrowed(result: Option<Pair>) -> Pair {
    result.unwrap_or(Pair::RAISED)
}

fn answer(result: Option<bool>) -> u64 {
    result.map_or(2, u64::from)
}

fn done(result: Option<()>) -> u64 {
    u64::from(result.is_some())
}

fn finished<E>(step: Result<Step, E>) -> Option<Value> {
    match step {
        Ok(Step::Done(value)) => Some(value),
        _ => None,
    }
}

pub extern "C" fn arith(code: u64, a_tag: u64, a: u64, b_tag: u64, b: u64) -> Pair {
    let (a, b) = (lent(a_tag, a), lent(b_tag, b));
    owned(attempt(|| finished(arith::binary(operator(code), &a, &b))))
}

pub extern "C" fn amend(code: u64, place: *mut Value, b_tag: u64, b: u64) -> u64 {
    let (place, b) = (place_at(place), lent(b_tag, b));
    done(attempt(|| match arith::binary_in_place(operator(code), place, Value::clone(&b)) {
        Ok(None) => Some(()),
        _ => None,
    }))
}

pub extern "C" fn low_word(number: u64) -> u64 {
    match &*lent(tag::BIGINT, number) {
        Value::BigInt(big) => big.low_word(),
        _ => 0,
    }
}

pub extern "C" fn from_word(word: u64) -> u64 {
    Pair::from_value(Value::int_from_i128(i128::from(word))).payload
}

pub extern "C" fn append_char(place: *mut Value, code: u64) -> u64 {
    let place = place_at(place);
    done(attempt(|| {
        let character = Value::try_str(char::from(code as u8).encode_utf8(&mut [0; 4])).ok()?;
        match arith::binary_in_place(operator(ArithCode::Add as u64), place, character) {
            Ok(None) => Some(()),
            _ => None,
        }
    }))
}

pub extern "C" fn compare(code: u64, a_tag: u64, a: u64, b_tag: u64, b: u64) -> u64 {
    let (a, b) = (lent(a_tag, a), lent(b_tag, b));
    let op: CompareOp = compare_op(CompareCode::ALL[code as usize]);
    answer(attempt(|| {
        compare::simple(op, &a, &b).or_else(|| match compare::compare(op, &a, &b, &mut Alone) {
            Ok(Step::Done(answer)) => Some(answer.is_truthy()),
            _ => None,
        })
    }))
}

pub extern "C" fn contains(container_tag: u64, container: u64, item_tag: u64, item: u64) -> u64 {
    let (container, item) = (lent(container_tag, container), lent(item_tag, item));
    answer(attempt(|| index::contains(&container, &item, &mut Alone).ok()))
}

pub extern "C" fn find(dict: u64, key_tag: u64, key: u64) -> i64 {
    let (dict, key) = (lent(tag::DICT, dict), lent(key_tag, key));
    let Value::Dict(table) = &*dict else { return -1 };
    let value = match &*key {
        Value::Int(key) => Ok(table.get_int(*key)),
        Value::Str(key) => Ok(table.find_str(key).and_then(|at| table.at(at))),
        key => attempt(|| Some(table.get(key))).unwrap_or(Err(NotAKey("value"))),
    };
    match value {
        Ok(value) => value.map_or(0, |value| std::ptr::from_ref(value) as i64),
        Err(_) => -1,
    }
}

pub extern "C" fn item(base_tag: u64, base: u64, index_tag: u64, at: u64) -> Pair {
    let (base, at) = (lent(base_tag, base), lent(index_tag, at));
    owned(attempt(|| finished(index::get(&base, &at))))
}

pub extern "C" fn item_or_null(base_tag: u64, base: u64, index_tag: u64, at: u64) -> Pair {
    let (base, at) = (lent(base_tag, base), lent(index_tag, at));
    owned(attempt(|| finished(index::get_or_null(&base, &at))))
}

/// The position that an index means in an array; negative ones count from the end.
fn position(index: i64, length: usize) -> Option<usize> {
    let from_start = if index < 0 { index + length as i64 } else { index };
    usize::try_from(from_start).ok()
}

pub extern "C" fn remove_at(place: *mut Value, index: i64) -> Pair {
    let Value::Array(items) = place_at(place) else { return Pair::RAISED };
    let length = items.len();
    let Some(at) = position(index, length).filter(|at| *at < length) else { return Pair::RAISED };
    match items.get_mut() {
        Some(array) if array.kind() != Kind::Range => owned(array.remove(at).ok().flatten()),
        _ => owned(attempt(|| array::make_unique(items).ok()?.remove(at).ok()?)),
    }
}

pub extern "C" fn insert_at(place: *mut Value, index: i64, value_tag: u64, value: u64) -> u64 {
    let Value::Array(items) = place_at(place) else { return 0 };
    let length = items.len();
    let Some(at) = position(index, length).filter(|at| *at <= length) else { return 0 };
    let value = lent(value_tag, value);
    done(attempt(|| {
        // The value may be the array itself, which then has two holders.
        let value = Value::clone(&value);
        array::make_unique(items).ok()?.insert(at, value).ok()
    }))
}

pub extern "C" fn swap(place: *mut Value, one: i64, other: i64) -> u64 {
    let Value::Array(items) = place_at(place) else { return 0 };
    let length = items.len();
    let (Some(one), Some(other)) = (position(one, length), position(other, length)) else { return 0 };
    if one >= length || other >= length {
        return 0;
    }
    match items.get_mut() {
        Some(array) if array.kind() != Kind::Range => done(array.swap(one, other).ok().map(drop)),
        _ => done(attempt(|| array::make_unique(items).ok()?.swap(one, other).ok().map(drop))),
    }
}

pub extern "C" fn set_item(place: *mut Value, key_tag: u64, key: u64, value_tag: u64, value: u64) -> u64 {
    let (place, key, value) = (place_at(place), lent(key_tag, key), lent(value_tag, value));
    done(attempt(|| index::set(place, &key, Value::clone(&value)).ok()))
}

pub extern "C" fn update_item(code: u64, place: *mut Value, key_tag: u64, key: u64, value_tag: u64, value: u64) -> u64 {
    let (place, key, value) = (place_at(place), lent(key_tag, key), lent(value_tag, value));
    done(attempt(|| {
        if place::update_entry(place, &key, operator(code), &value) {
            return Some(());
        }
        let keys = [place::Key::Index(Value::clone(&key))];
        match place::place_update(place, &keys, operator(code), Value::clone(&value)) {
            Ok(None) => Some(()),
            _ => None,
        }
    }))
}

pub extern "C" fn push_item(place: *mut Value, key_tag: u64, key: u64, value_tag: u64, value: u64) -> u64 {
    let (place, key, value) = (place_at(place), lent(key_tag, key), lent(value_tag, value));
    let Value::Dict(table) = place else { return 0 };
    done(attempt(|| {
        let at = table.find(&key).ok()??;
        if !matches!(table.at(at), Some(Value::Array(_))) {
            return None;
        }
        // The value may be that array or this dict, which then has two holders.
        let value = Value::clone(&value);
        match dict::make_unique(table).ok()?.at_mut(at)? {
            Value::Array(items) => array::make_unique(items).ok()?.push(value).ok(),
            _ => None,
        }
    }))
}

pub extern "C" fn entry_at(place: *mut Value, key_tag: u64, key: u64) -> i64 {
    let (place, key) = (place_at(place), lent(key_tag, key));
    let Value::Dict(table) = place else { return -1 };
    let address = attempt(|| {
        let at = table.find(&key).ok()??;
        Some(std::ptr::from_mut(dict::make_unique(table).ok()?.at_mut(at)?) as i64)
    });
    address.unwrap_or(-1)
}

pub extern "C" fn slice(kind: u64, base_tag: u64, base: u64, start_tag: u64, start: u64, end_tag: u64, end: u64) -> Pair {
    let (base, start, end) = (lent(base_tag, base), lent(start_tag, start), lent(end_tag, end));
    let bound = |bound: &'_ ManuallyDrop<Value>| !matches!(**bound, Value::Uninit);
    let is_plain = |end: &'_ ManuallyDrop<Value>| matches!(**end, Value::Uninit | Value::Int(_));
    if is_plain(&start) && is_plain(&end) {
        let inclusive = kind as u8 & slice_kind::INCLUSIVE != 0;
        match &*base {
            Value::Array(items) => {
                return owned(attempt(|| index::slice_array(items, start.as_int(), end.as_int(), inclusive).ok()));
            }
            Value::Str(text) => {
                return owned(attempt(|| index::slice_text(text, start.as_int(), end.as_int(), inclusive).ok()));
            }
            _ => {}
        }
    }
    let (start, end) = (bound(&start).then_some(&*start), bound(&end).then_some(&*end));
    let (or_null, inclusive) = (kind as u8 & slice_kind::OR_NULL != 0, kind as u8 & slice_kind::INCLUSIVE != 0);
    let slice = if or_null { index::slice_or_null } else { index::slice };
    owned(attempt(|| finished(slice(&base, start, end, inclusive))))
}

/// Values that compiled code has put into an array.
fn values<'a>(address: *const ManuallyDrop<Value>, count: u64) -> &'a [Value] {
    // SAFETY: **lent**; an array of that many values, of which none is dropped.
    unsafe { std::slice::from_raw_parts(address.cast::<Value>(), count as usize) }
}

/// Lets `work` look into the tables of a function.
fn with_tables<R>(context: *mut Context, site: u64, work: impl FnOnce(&Activation, u16) -> Option<R>) -> Option<R> {
    // SAFETY: **context**.
    let vm = unsafe { &*((*context).vm as *const Vm) };
    attempt(|| work(vm.activation(site as u32)?, (site >> 32) as u16))
}

/// The interpolated string in the context's buffer, which keeps its room.
fn filled<R>(context: *mut Context, site: u64, values: &[Value], finish: impl FnOnce(&str) -> Option<R>) -> Option<R> {
    // SAFETY: **context**; nothing else uses the buffer meanwhile, since no user code runs.
    let text = unsafe { &mut (*context).text };
    text.clear();
    let result = with_tables(context, site, |function, template| {
        if function.fill_plainly(text, template, values, &mut Alone) { finish(text) } else { None }
    });
    if text.capacity() > MOST_KEPT {
        *text = String::new();
    }
    result
}

/// Room for text that is kept between two uses.
const MOST_KEPT: usize = 1 << 16;

pub extern "C" fn text(context: *mut Context, template: u64, parts: *const ManuallyDrop<Value>, count: u64) -> Pair {
    let values = values(parts, count);
    let plain = with_tables(context, template, |function, template| function.plain_text(template, values));
    owned(plain.or_else(|| filled(context, template, values, |text| Value::try_str(text).ok())))
}

pub extern "C" fn append_text(
    context: *mut Context,
    template: u64,
    place: *mut Value,
    parts: *const ManuallyDrop<Value>,
    count: u64,
) -> u64 {
    let place = place_at(place);
    done(filled(context, template, values(parts, count), |text| match place.push_str(text) {
        Ok(true) => Some(()),
        _ => None,
    }))
}

pub extern "C" fn array(items: *const ManuallyDrop<Value>, count: u64) -> Pair {
    owned(attempt(|| array::from_items(values(items, count)).ok().map(Value::Array)))
}

pub extern "C" fn join_parts(context: *mut Context, count: u64) -> Pair {
    let parts = parts_of(context, count);
    // SAFETY: whoever returned the array has given the parts to the context; each is taken out once.
    let parts = parts.iter().map(|part| unsafe { part.into_value() });
    let parts: [Value; MOST_PARTS] = take_all(parts);
    let made = attempt(|| array::from_items(&parts[..count as usize]).ok().map(Value::Array));
    // Where there is no memory, what the error is raised with is there already, at the next poll.
    Pair::from_value(made.unwrap_or_else(|| Value::array(parts.into_iter().take(count as usize).collect())))
}

pub extern "C" fn take_parts(context: *mut Context, array_tag: u64, array: u64, count: u64) -> u64 {
    let value = lent(array_tag, array);
    let Value::Array(items) = &*value else { return 0 };
    if items.len() as u64 != count {
        return 0;
    }
    for (at, part) in parts_of(context, count).iter_mut().enumerate() {
        *part = Pair::from_value(items.get(at).expect("the array is as long"));
    }
    drop(ManuallyDrop::into_inner(value));
    1
}

/// The parts of an array that is handed over.
fn parts_of<'a>(context: *mut Context, count: u64) -> &'a mut [Pair] {
    // SAFETY: **context**; nothing else looks at the parts meanwhile.
    unsafe { &mut (&mut (*context).parts)[..count as usize] }
}

/// Up to so many values, and nulls.
fn take_all(values: impl Iterator<Item = Value>) -> [Value; MOST_PARTS] {
    let mut all = [const { Value::Null }; MOST_PARTS];
    all.iter_mut().zip(values).for_each(|(place, value)| *place = value);
    all
}

pub extern "C" fn dict(entries: *const ManuallyDrop<Value>, count: u64) -> Pair {
    let entries = values(entries, count);
    owned(attempt(|| Value::dict(entries.chunks_exact(2).map(|entry| (entry[0].clone(), entry[1].clone()))).ok()))
}

pub extern "C" fn variant(context: *mut Context, variant: u64, payload: *const ManuallyDrop<Value>, count: u64) -> Pair {
    let payload = values(payload, count);
    owned(with_tables(context, variant, |function, at| {
        let (decl, variant) = function.chunk.variants[usize::from(at)];
        member::make_variant(function.unit.enums[decl as usize].decl, variant, payload.to_vec()).ok()
    }))
}

pub extern "C" fn passes(context: *mut Context, test: u64, value_tag: u64, payload: u64) -> u64 {
    let value = lent(value_tag, payload);
    answer(with_tables(context, test, |function, test| Some(function.passes(&value, test))))
}

pub extern "C" fn part(context: *mut Context, part: u64, value_tag: u64, payload: u64) -> Pair {
    let value = lent(value_tag, payload);
    owned(with_tables(context, part, |function, part| function.part_of(&value, part).ok()))
}

pub extern "C" fn next_entry(is_set: u64, table: u64, cursor: u64) -> i64 {
    let holder = lent(if is_set != 0 { tag::SET } else { tag::DICT }, table);
    let table = match &*holder {
        Value::Dict(table) => &**table,
        Value::Set(table) => &***table,
        _ => return -1,
    };
    table.next_entry(cursor as usize).map_or(0, |(at, _)| at as i64 + 1)
}

/// Only through what keeps its parts alive, since what is found is lent by the root.
fn part_at(base: &Value, key: &place::Key) -> Option<Pair> {
    let found = match (base, key) {
        (Value::Array(_) | Value::Dict(_), place::Key::Index(at)) => finished(index::get(base, at)),
        (Value::Struct(object), place::Key::Field(name)) => object.field(*name),
        _ => None,
    };
    found.map(|value| Pair::borrowed(&value))
}

pub extern "C" fn place(context: *mut Context, path: u64, values_of: *const ManuallyDrop<Value>, count: u64) -> Pair {
    let Some((root, mut keys)) = values(values_of, count).split_first() else { return Pair::RAISED };
    borrowed(with_tables(context, path, |function, path| {
        let mut here = Pair::borrowed(root);
        for segment in &function.chunk.paths[usize::from(path)].segments {
            let key = match segment {
                Segment::Index => {
                    let (first, rest) = keys.split_first()?;
                    keys = rest;
                    place::Key::Index(first.clone())
                }
                Segment::Field(name, _) => place::Key::Field(*function.names.at(usize::from(*name))),
            };
            here = part_at(&lent(here.tag, here.payload), &key)?;
        }
        Some(here)
    }))
}

pub extern "C" fn of_enum(decl: u64, value_tag: u64, payload: u64) -> u64 {
    let value = lent(value_tag, payload);
    u64::from(value.as_variant().is_some_and(|view| u64::from(view.decl.0) == decl))
}

fn field_name(function: &Activation, site: u16) -> Symbol {
    *function.names.at(usize::from(function.chunk.fields[usize::from(site)].name))
}

/// What a detail word carries beside function and index.
fn beside(detail: u64) -> u64 {
    detail >> 48
}

pub extern "C" fn field(context: *mut Context, detail: u64, base_tag: u64, base: u64) -> Pair {
    let base = lent(base_tag, base);
    owned(with_tables(context, detail, |function, site| {
        let get = if beside(detail) != 0 { member::get_or_null } else { member::get };
        match get(&base, field_name(function, site)) {
            Ok(Member::Value(value)) => Some(value),
            _ => None,
        }
    }))
}

pub extern "C" fn set_field(context: *mut Context, detail: u64, place: *mut Value, value_tag: u64, value: u64) -> u64 {
    let (place, value) = (place_at(place), lent(value_tag, value));
    done(with_tables(context, detail, |function, site| {
        member::set(place, field_name(function, site), Value::clone(&value)).ok()
    }))
}

pub extern "C" fn update_field(context: *mut Context, detail: u64, place: *mut Value, value_tag: u64, value: u64) -> u64 {
    let (place, value) = (place_at(place), lent(value_tag, value));
    done(with_tables(context, detail, |function, site| {
        let keys = [place::Key::Field(field_name(function, site))];
        updated(place, &keys, beside(detail), Value::clone(&value))
    }))
}

fn updated(place: &mut Value, keys: &[place::Key], code: u64, value: Value) -> Option<()> {
    match place::place_update(place, keys, operator(code), value) {
        Ok(None) => Some(()),
        _ => None,
    }
}

/// What the last key of a path of nothing but keys is a key of, if nobody else holds a container on the way.
fn reached<'a>(function: &Activation, path: u16, place: &'a mut Value, way: &[Value]) -> Option<&'a mut Value> {
    let segments = &function.chunk.paths[usize::from(path)].segments;
    if !segments.iter().all(|segment| matches!(segment, Segment::Index)) {
        return None;
    }
    way.iter().try_fold(place, |here, key| match here {
        Value::Dict(table) => table.get_mut()?.get_mut(key).ok()?,
        items => place::item_mut(items, key),
    })
}

/// The evaluated steps of a path, with its index keys.
fn keys_of(function: &Activation, path: u16, keys: &[Value]) -> Option<Vec<place::Key>> {
    let mut keys = keys.iter();
    let segments = function.chunk.paths[usize::from(path)].segments.iter();
    let step = |segment: &Segment| match segment {
        Segment::Index => keys.next().map(|key| place::Key::Index(key.clone())),
        Segment::Field(name, _) => Some(place::Key::Field(*function.names.at(usize::from(*name)))),
    };
    segments.map(step).collect()
}

pub extern "C" fn set_place(
    context: *mut Context,
    detail: u64,
    place: *mut Value,
    keys: *const ManuallyDrop<Value>,
    count: u64,
) -> u64 {
    let place = place_at(place);
    let Some((value, keys)) = values(keys, count).split_last() else { return 0 };
    done(with_tables(context, detail, |function, path| {
        if let Some((last, way)) = keys.split_last()
            && let Some(base) = reached(function, path, place, way)
        {
            return index::set(base, last, value.clone()).ok();
        }
        place::place_set(place, &keys_of(function, path, keys)?, value.clone()).ok()
    }))
}

pub extern "C" fn update_place(
    context: *mut Context,
    detail: u64,
    place: *mut Value,
    keys: *const ManuallyDrop<Value>,
    count: u64,
) -> u64 {
    let place = place_at(place);
    let Some((value, keys)) = values(keys, count).split_last() else { return 0 };
    done(with_tables(context, detail, |function, path| {
        if let Some((last, way)) = keys.split_last()
            && let Some(base) = reached(function, path, place, way)
        {
            return match place::update_entry(base, last, operator(beside(detail)), value) {
                true => Some(()),
                false => updated(base, &[place::Key::Index(last.clone())], beside(detail), value.clone()),
            };
        }
        updated(place, &keys_of(function, path, keys)?, beside(detail), value.clone())
    }))
}

pub extern "C" fn range(inclusive: u64, start_tag: u64, start: u64, end_tag: u64, end: u64) -> Pair {
    let (start, end) = (lent(start_tag, start), lent(end_tag, end));
    owned(attempt(|| index::range(&start, &end, inclusive != 0).ok()))
}

pub extern "C" fn has_parts(fields: u64, value_tag: u64, payload: u64) -> u64 {
    let value = lent(value_tag, payload);
    u64::from(pattern::has_parts(&value, fields != 0))
}

pub extern "C" fn cell(value_tag: u64, payload: u64) -> Pair {
    let value = lent(value_tag, payload);
    owned(attempt(|| Some(Value::Cell(Cell::alloc(Value::clone(&value))))))
}

pub extern "C" fn assign(place: *mut Value, value_tag: u64, value: u64) -> u64 {
    let (place, value) = (place_at(place), lent(value_tag, value));
    done(attempt(|| {
        if matches!(place, Value::InUse) {
            return None;
        }
        let old = std::mem::replace(place, Value::clone(&value));
        drop(old);
        Some(())
    }))
}
