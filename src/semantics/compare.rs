//! Equality and order (LANGUAGE §3).
//!
//! `==` is deep and structural and uses `op_eq` at every depth; ints and floats compare by exact value; NaN equals nothing.
//! Data is walked with a list of frames, and a frame is dropped before its last part is entered, so that a chain of any
//! length takes no room. An order is decided by the first parts that differ.
use std::cmp::Ordering;

use super::fault::kind_name;
use super::fault::{Raise, faults};
use super::member::{declaration, overload};
use super::step::{Callback, SmallArgs, Step, Then};
use super::truth::truthy;
use crate::value::error::ErrorData;
use crate::value::layout::{Borrowed, View};
use crate::value::shapes::{self, Contents};
use crate::value::symbol::known;
use crate::value::{Array, Dict, FnId, IBig, Inst, Symbol, Value, function};

/// A comparison operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl CompareOp {
    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            CompareOp::Eq => "==",
            CompareOp::Ne => "!=",
            CompareOp::Lt => "<",
            CompareOp::Le => "<=",
            CompareOp::Gt => ">",
            CompareOp::Ge => ">=",
        }
    }

    fn method(self) -> Symbol {
        match self {
            CompareOp::Eq => known::OP_EQ,
            CompareOp::Ne => known::OP_NE,
            CompareOp::Lt => known::OP_LT,
            CompareOp::Le => known::OP_LE,
            CompareOp::Gt => known::OP_GT,
            CompareOp::Ge => known::OP_GE,
        }
    }

    /// What the operator says about an order; `None` is "neither" (a NaN is involved).
    #[inline(always)]
    pub fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            CompareOp::Eq => order == Some(Ordering::Equal),
            CompareOp::Ne => order != Some(Ordering::Equal),
            CompareOp::Lt => order == Some(Ordering::Less),
            CompareOp::Le => matches!(order, Some(Ordering::Less | Ordering::Equal)),
            CompareOp::Gt => order == Some(Ordering::Greater),
            CompareOp::Ge => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
        }
    }

    fn is_equality(self) -> bool {
        matches!(self, CompareOp::Eq | CompareOp::Ne)
    }
}

/// The answer for small numbers and strings, and for `==` of other immediates: all that engines need inline.
#[inline(always)]
pub fn simple(op: CompareOp, a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(op.holds(Some(a.cmp(b)))),
        (Value::Float(a), Value::Float(b)) => Some(op.holds(a.partial_cmp(b))),
        (_, Value::Null) if op.is_equality() => equal_null(a).map(|equal| equal == (op == CompareOp::Eq)),
        _ => simple_rest(op, a, b),
    }
}

/// Whether a value is null, unless it has an opinion of its own.
#[inline(always)]
pub fn equal_null(value: &Value) -> Option<bool> {
    match value {
        Value::Null => Some(true),
        Value::Struct(_) | Value::Variant(_) | Value::Unit { .. } => instance_equal_null(value),
        _ => Some(false),
    }
}

#[inline(always)]
fn instance_equal_null(value: &Value) -> Option<bool> {
    let may_be = shapes::own_equality() && declaration(value)?.has_own_equality();
    if may_be { None } else { Some(false) }
}

#[inline(never)]
fn simple_rest(op: CompareOp, a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Str(x), Value::Str(y)) if op.is_equality() => Some((**x == **y) == (op == CompareOp::Eq)),
        (Value::Str(x), Value::Str(y)) => Some(op.holds(Some(x.as_bytes().cmp(y.as_bytes())))),
        _ => match order_numbers(a, b) {
            Some(order) => Some(op.holds(order)),
            None if op.is_equality() => equal_simple(a, b).map(|equal| equal == (op == CompareOp::Eq)),
            None => None,
        },
    }
}

/// Whether two values are equal, if that takes neither user code nor a walk.
#[inline]
pub fn equal_simple(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a == b),
        (Value::Str(a), Value::Str(b)) => Some(**a == **b),
        (Value::Struct(_), _) => None,
        (Value::Variant(_) | Value::Unit { .. }, _) if overload(a, known::OP_EQ).is_some() => None,
        _ => equal_rest(a, b),
    }
}

#[inline(never)]
fn equal_rest(a: &Value, b: &Value) -> Option<bool> {
    if let Some(order) = order_numbers(a, b) {
        return Some(order == Some(Ordering::Equal));
    }
    if a.tag() != b.tag() {
        return Some(false);
    }
    match (a, b) {
        (Value::Array(_), _) | (Value::Dict(_), _) | (Value::Set(_), _) | (Value::Variant(_), _) | (Value::Error(_), _) => {
            None
        }
        _ => Some(same_leaf(a, b)),
    }
}

/// Equality of two values of one kind that contain no others.
fn same_leaf(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Fn0(a), Value::Fn0(b)) => a == b,
        (Value::Unit { decl: a, variant: v }, Value::Unit { decl: b, variant: w }) => (a, v) == (b, w),
        (Value::Type(a), Value::Type(b)) => a == b,
        (Value::Module(a), Value::Module(b)) => a == b,
        (Value::Str(a), Value::Str(b)) => **a == **b,
        (Value::Bytes(a), Value::Bytes(b)) => a.as_slice() == b.as_slice(),
        (Value::Closure(a), Value::Closure(b)) => function::same_closure(a, b),
        (Value::Handle(a), Value::Handle(b)) => a.same(b),
        _ => a.address().is_some() && a.address() == b.address(),
    }
}

/// `a op b`. A struct operand on the left asks for its overload by [`Step::Call`].
#[inline]
pub fn compare(op: CompareOp, a: &Value, b: &Value, callback: &mut dyn Callback) -> Result<Step, Raise> {
    match simple(op, a, b) {
        Some(answer) => Step::bool(answer),
        None => compare_rest(op, a, b, callback),
    }
}

#[inline(never)]
fn compare_rest(op: CompareOp, a: &Value, b: &Value, callback: &mut dyn Callback) -> Result<Step, Raise> {
    let call =
        |method: FnId, then: Then| Ok(Step::Call { method, receiver: a.clone(), args: SmallArgs::one(b.clone()), then });
    if let Some(method) = overload(a, op.method()) {
        return call(method, Then::Truthy);
    }
    match op {
        CompareOp::Eq => Step::bool(equal(a, b, callback)?),
        CompareOp::Ne => match overload(a, known::OP_EQ) {
            Some(method) => call(method, Then::NotTruthy),
            None => Step::bool(!equal(a, b, callback)?),
        },
        CompareOp::Ge => match overload(a, known::OP_LT) {
            Some(method) => call(method, Then::NotTruthy),
            None => Step::bool(op.holds(order_as(op, a, b, callback)?)),
        },
        CompareOp::Lt | CompareOp::Le | CompareOp::Gt => Step::bool(op.holds(order_as(op, a, b, callback)?)),
    }
}

/// `a == b`, running `op_eq` where there is one.
#[inline]
pub fn equal(a: &Value, b: &Value, callback: &mut dyn Callback) -> Result<bool, Raise> {
    match equal_simple(a, b) {
        Some(answer) => Ok(answer),
        None => walk(a, b, Mode::Equal, callback),
    }
}

/// `same(a, b)`: `==` without int/float unification and with NaN the same as NaN.
pub fn same(a: &Value, b: &Value, callback: &mut dyn Callback) -> Result<bool, Raise> {
    walk(a, b, Mode::Same, callback)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Equal,
    Same,
}

/// Parts of an object in a fixed order.
#[derive(Clone, Copy)]
enum Parts<'a> {
    Array(&'a Array),
    Struct(&'a Inst),
    /// The items of an array from a position on.
    Items(&'a Array, usize),
    Payload(&'a [Value]),
    Error(&'a ErrorData),
}

impl<'a> Parts<'a> {
    /// What an instance is compared by.
    fn of(object: &'a Inst) -> Parts<'a> {
        match object.collection() {
            Some(found) if found.contents == Contents::Items => Parts::Items(found.items, found.from),
            _ => Parts::Struct(object),
        }
    }

    fn len(self) -> usize {
        match self {
            Parts::Array(array) => array.len(),
            Parts::Struct(object) => object.len(),
            Parts::Items(array, from) => array.len() - from,
            Parts::Payload(values) => values.len(),
            Parts::Error(_) => 3,
        }
    }

    fn get(self, at: usize) -> Option<Borrowed<'a>> {
        match self {
            Parts::Array(array) => array.borrow(at),
            Parts::Struct(object) => object.borrow(at),
            Parts::Items(array, from) => array.borrow(from + at),
            Parts::Payload(values) => values.get(at).map(Borrowed::of),
            Parts::Error(data) => [data.message(), &data.value, &data.cause].get(at).map(|part| Borrowed::of(part)),
        }
    }
}

enum Frame<'a> {
    Parts { a: Parts<'a>, b: Parts<'a>, at: usize },
    Table { a: &'a Dict, b: &'a Dict, at: usize },
}

/// What a frame has to offer.
enum Next<'a> {
    Pair(Borrowed<'a>, Borrowed<'a>),
    Missing,
    End,
}

impl<'a> Frame<'a> {
    fn next(&mut self, mode: Mode) -> Next<'a> {
        match self {
            Frame::Parts { a, b, at } => {
                let pair = (a.get(*at), b.get(*at));
                *at += 1;
                match pair {
                    (Some(x), Some(y)) => Next::Pair(x, y),
                    _ => Next::End,
                }
            }
            Frame::Table { a, b, at } => {
                let Some((position, entry)) = a.next_entry(*at) else {
                    *at = a.entries().len();
                    return Next::End;
                };
                *at = position + 1;
                let found = b.find(&entry.key()).ok().flatten().and_then(|found| b.entries().get(found));
                match found {
                    Some(other) if mode == Mode::Equal || entry.key().tag() == other.key().tag() => {
                        Next::Pair(Borrowed::of(&entry.value), Borrowed::of(&other.value))
                    }
                    _ => Next::Missing,
                }
            }
        }
    }

    fn is_finished(&self) -> bool {
        match self {
            Frame::Parts { a, at, .. } => *at >= a.len(),
            Frame::Table { a, at, .. } => *at >= a.entries().len(),
        }
    }
}

/// How many steps lie between two polls.
const POLL_EVERY: u32 = 1 << 14;

fn walk(a: &Value, b: &Value, mode: Mode, callback: &mut dyn Callback) -> Result<bool, Raise> {
    let mut stack: Vec<Frame<'_>> = Vec::new();
    if !enter(&Borrowed::of(a), &Borrowed::of(b), mode, callback, &mut stack)? {
        return Ok(false);
    }
    let mut steps = 0u32;
    while let Some(frame) = stack.last_mut() {
        steps += 1;
        if steps.is_multiple_of(POLL_EVERY) {
            callback.poll()?;
        }
        let next = frame.next(mode);
        if frame.is_finished() {
            stack.pop();
        }
        match next {
            Next::Missing => return Ok(false),
            Next::End => {}
            Next::Pair(x, y) => {
                if !enter(&x, &y, mode, callback, &mut stack)? {
                    return Ok(false);
                }
            }
        }
    }
    Ok(true)
}

/// The answer for a pair, or true and a frame for its parts.
fn enter<'a>(
    a: &Borrowed<'a>,
    b: &Borrowed<'a>,
    mode: Mode,
    callback: &mut dyn Callback,
    stack: &mut Vec<Frame<'a>>,
) -> Result<bool, Raise> {
    if mode == Mode::Same && (is_number(a) || is_number(b)) {
        return Ok(same_number(a, b));
    }
    if let Some(answer) = equal_simple(a, b) {
        return Ok(answer);
    }
    if let Some(method) = overload(a, known::OP_EQ) {
        let result = callback.call_method(method, a.get().clone(), &mut [b.get().clone()])?;
        return Ok(truthy(&result));
    }
    let frame = match (a.object(), b.object()) {
        (View::Array(x), View::Array(y)) => match same_slices(x, y, mode) {
            Some(answer) => return Ok(answer),
            None => Frame::Parts { a: Parts::Array(x), b: Parts::Array(y), at: 0 },
        },
        (View::Struct(x), View::Struct(y)) if x.decl_id() == y.decl_id() => {
            Frame::Parts { a: Parts::of(x), b: Parts::of(y), at: 0 }
        }
        (View::Variant(x), View::Variant(y)) if x.info().id == y.info().id => {
            Frame::Parts { a: Parts::Payload(x.payload()), b: Parts::Payload(y.payload()), at: 0 }
        }
        (View::Error(x), View::Error(y)) => {
            let (x, y) = (x.data(), y.data());
            if kind_name(x) != kind_name(y) || x.trace.place() != y.trace.place() {
                return Ok(false);
            }
            Frame::Parts { a: Parts::Error(x), b: Parts::Error(y), at: 0 }
        }
        (View::Dict(x), View::Dict(y)) | (View::Set(x), View::Set(y)) => {
            if x.len() != y.len() {
                return Ok(false);
            }
            Frame::Table { a: x, b: y, at: 0 }
        }
        _ => return Ok(a.tag() == b.tag() && same_leaf(a, b)),
    };
    if let Frame::Parts { a, b, .. } = &frame
        && a.len() != b.len()
    {
        return Ok(false);
    }
    stack.push(frame);
    Ok(true)
}

/// Arrays of one unboxed kind at once, and compact ranges without looking at their elements.
fn same_slices(a: &Array, b: &Array, mode: Mode) -> Option<bool> {
    if let (Some((start, step, len)), Some((other_start, other_step, other_len))) = (a.as_range(), b.as_range()) {
        return Some(len == other_len && start == other_start && (step == other_step || len == 1));
    }
    if let (Some(x), Some(y)) = (a.as_i64_slice(), b.as_i64_slice()) {
        return Some(x == y);
    }
    if let (Some(x), Some(y)) = (a.as_bool_slice(), b.as_bool_slice()) {
        return Some(x == y);
    }
    match (a.as_f64_slice(), b.as_f64_slice()) {
        (Some(x), Some(y)) if mode == Mode::Equal => Some(x == y),
        _ => None,
    }
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Float(_) | Value::BigInt(_))
}

fn same_number(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(x), Value::Float(y)) => x == y || x.is_nan() && y.is_nan(),
        (Value::Float(_), _) | (_, Value::Float(_)) => false,
        _ => order_numbers(a, b) == Some(Some(Ordering::Equal)),
    }
}

/// The order of two numbers by exact value; `None` if they are not both numbers, `Some(None)` with a NaN.
pub fn order_numbers(a: &Value, b: &Value) -> Option<Option<Ordering>> {
    Some(match (a, b) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Float(a), Value::Float(b)) => a.partial_cmp(b),
        (Value::Int(i), Value::Float(x)) => order_int_float(*i, *x),
        (Value::Float(x), Value::Int(i)) => order_int_float(*i, *x).map(Ordering::reverse),
        (Value::BigInt(a), Value::BigInt(b)) => Some(a.get().cmp(b.get())),
        (Value::BigInt(a), Value::Int(_)) => Some(a.get().cmp(&IBig::ZERO)),
        (Value::Int(_), Value::BigInt(b)) => Some(IBig::ZERO.cmp(b.get())),
        (Value::BigInt(a), Value::Float(x)) => order_big_float(a.get(), *x),
        (Value::Float(x), Value::BigInt(b)) => order_big_float(b.get(), *x).map(Ordering::reverse),
        _ => return None,
    })
}

/// 2^63, the first float beyond the small ints.
const TWO_63: f64 = 9_223_372_036_854_775_808.0;

fn order_int_float(i: i64, x: f64) -> Option<Ordering> {
    if x.is_nan() {
        None
    } else if x >= TWO_63 {
        Some(Ordering::Less)
    } else if x < -TWO_63 {
        Some(Ordering::Greater)
    } else {
        // The whole part fits exactly; the fraction decides between equals.
        Some(i.cmp(&(x as i64)).then_with(|| {
            if x.fract() > 0.0 {
                Ordering::Less
            } else if x.fract() < 0.0 {
                Ordering::Greater
            } else {
                Ordering::Equal
            }
        }))
    }
}

fn order_big_float(big: &IBig, x: f64) -> Option<Ordering> {
    if x.is_nan() {
        return None;
    }
    if x.is_infinite() {
        return Some(if x > 0.0 { Ordering::Less } else { Ordering::Greater });
    }
    // A big integer lies beyond every float whose fraction could count.
    let whole = IBig::try_from(x.trunc()).unwrap_or(IBig::ZERO);
    Some(big.cmp(&whole))
}

/// The order of two values for sorting: `None` if neither comes first (a NaN). Kinds that have no order are an error.
pub fn order(a: &Value, b: &Value, callback: &mut dyn Callback) -> Result<Option<Ordering>, Raise> {
    order_as(CompareOp::Lt, a, b, callback)
}

fn order_as(op: CompareOp, a: &Value, b: &Value, callback: &mut dyn Callback) -> Result<Option<Ordering>, Raise> {
    let mut stack: Vec<(&Array, &Array, usize)> = Vec::new();
    let mut decided = order_pair(op, &Borrowed::of(a), &Borrowed::of(b), callback, &mut stack)?;
    let mut steps = 0u32;
    loop {
        match decided {
            Some(Some(Ordering::Equal)) => {}
            Some(different) => return Ok(different),
            None => {}
        }
        let Some((x, y, at)) = stack.last_mut() else { return Ok(Some(Ordering::Equal)) };
        steps += 1;
        if steps.is_multiple_of(POLL_EVERY) {
            callback.poll()?;
        }
        let (first, second) = (x.borrow(*at), y.borrow(*at));
        *at += 1;
        decided = match (first, second) {
            (Some(first), Some(second)) => {
                if x.len() == y.len() && *at == x.len() {
                    stack.pop();
                }
                order_pair(op, &first, &second, callback, &mut stack)?
            }
            _ => {
                let lengths = x.len().cmp(&y.len());
                stack.pop();
                Some(Some(lengths))
            }
        };
    }
}

/// The order of a pair; `None` if its arrays have been entered.
fn order_pair<'a>(
    op: CompareOp,
    a: &Borrowed<'a>,
    b: &Borrowed<'a>,
    callback: &mut dyn Callback,
    stack: &mut Vec<(&'a Array, &'a Array, usize)>,
) -> Result<Option<Option<Ordering>>, Raise> {
    if let Some(order) = order_numbers(a, b) {
        return Ok(Some(order));
    }
    match (a.object(), b.object()) {
        (View::Str(x), View::Str(y)) => return Ok(Some(Some(x.as_bytes().cmp(y.as_bytes())))),
        (View::Array(x), View::Array(y)) => {
            let same_run = match (x.as_range(), y.as_range()) {
                (Some((start, step, _)), Some((other_start, other_step, _))) => (start, step) == (other_start, other_step),
                _ => false,
            };
            if same_run {
                return Ok(Some(Some(x.len().cmp(&y.len()))));
            }
            stack.push((x, y, 0));
            return Ok(None);
        }
        _ => {}
    }
    let Some(less) = overload(a, known::OP_LT) else {
        return Err(faults::invalid_operands(op.text(), a.type_name(), b.type_name()));
    };
    if truthy(&callback.call_method(less, a.get().clone(), &mut [b.get().clone()])?) {
        return Ok(Some(Some(Ordering::Less)));
    }
    let equal = equal(a, b, callback)?;
    Ok(Some(Some(if equal { Ordering::Equal } else { Ordering::Greater })))
}

#[cfg(test)]
mod tests {
    use super::super::step::NoCallback;
    use super::*;
    use CompareOp::*;

    fn ask(op: CompareOp, a: &Value, b: &Value) -> Result<bool, String> {
        match compare(op, a, b, &mut NoCallback) {
            Ok(Step::Done(answer)) => Ok(answer.as_bool().unwrap()),
            Ok(_) => Err("user code".to_owned()),
            Err(raise) => Err(raise.as_fault().unwrap().message().to_owned()),
        }
    }

    #[track_caller]
    fn equality(a: &Value, b: &Value, expected: bool) {
        assert_eq!(ask(Eq, a, b), Ok(expected));
        assert_eq!(ask(Eq, b, a), Ok(expected));
        assert_eq!(ask(Ne, a, b), Ok(!expected));
    }

    #[track_caller]
    fn ordered(a: &Value, b: &Value, expected: Ordering) {
        for op in [Lt, Le, Gt, Ge] {
            assert_eq!(ask(op, a, b), Ok(op.holds(Some(expected))), "{op:?}");
            assert_eq!(ask(op, b, a), Ok(op.holds(Some(expected.reverse()))), "{op:?} turned round");
        }
    }

    fn big(exponent: usize) -> Value {
        Value::int_from(IBig::from(2).pow(exponent))
    }

    fn array(items: &[Value]) -> Value {
        Value::array(items.to_vec())
    }

    #[test]
    fn different_kinds_are_unequal() {
        equality(&Value::str("1"), &Value::Int(1), false);
        equality(&Value::bool(true), &Value::Int(1), false);
        equality(&Value::Null, &Value::bool(false), false);
        equality(&array(&[]), &Value::str(""), false);
    }

    #[test]
    fn ints_and_floats_compare_exactly() {
        equality(&Value::Int(1), &Value::Float(1.0), true);
        equality(&Value::Int((1 << 53) + 1), &Value::Float(9_007_199_254_740_992.0), false);
        equality(&Value::Int(i64::MAX), &Value::Float(TWO_63), false);
        equality(&big(63), &Value::Float(TWO_63), true);
        equality(&big(64), &big(64), true);
        ordered(&Value::Int(i64::MAX), &Value::Float(TWO_63), Ordering::Less);
        ordered(&Value::Int(i64::MIN), &Value::Float(-TWO_63), Ordering::Equal);
        ordered(&Value::Int(-1), &Value::Float(-1.5), Ordering::Greater);
        ordered(&Value::Int(1), &Value::Float(1.5), Ordering::Less);
        ordered(&big(2000), &Value::Float(f64::MAX), Ordering::Greater);
        ordered(&big(2000), &Value::Float(f64::INFINITY), Ordering::Less);
        ordered(&big(64), &Value::Float(18_446_744_073_709_549_568.0), Ordering::Greater);
        ordered(&big(64), &Value::Int(5), Ordering::Greater);
    }

    #[test]
    fn nan_equals_nothing_but_is_the_same() {
        let nan = array(&[Value::Float(f64::NAN)]);
        equality(&Value::Float(f64::NAN), &Value::Float(f64::NAN), false);
        equality(&nan, &nan, false);
        equality(&array(&[nan.clone(), Value::Null]), &array(&[nan.clone(), Value::Null]), false);
        assert!(same(&nan, &nan, &mut NoCallback).unwrap());
        assert!(!same(&Value::Int(1), &Value::Float(1.0), &mut NoCallback).unwrap());
        assert!(!same(&array(&[Value::Int(1)]), &array(&[Value::Float(1.0)]), &mut NoCallback).unwrap());
        assert!(same(&Value::Float(0.0), &Value::Float(-0.0), &mut NoCallback).unwrap());
        for op in [Lt, Le, Gt, Ge] {
            assert_eq!(ask(op, &Value::Float(f64::NAN), &Value::Int(1)), Ok(false));
        }
    }

    #[test]
    fn containers_compare_by_content() {
        let xs = array(&[Value::Int(1), Value::str("a"), array(&[Value::Float(2.0)])]);
        let ys = array(&[Value::Float(1.0), Value::str("a"), array(&[Value::Int(2)])]);
        equality(&xs, &ys, true);
        equality(&Value::range(0, 1, 3).unwrap(), &array(&[Value::Int(0), Value::Int(1), Value::Int(2)]), true);
        let d = |pairs: [(Value, Value); 2]| Value::dict(pairs).unwrap();
        let a = d([(Value::str("x"), Value::Int(1)), (Value::Int(2), xs.clone())]);
        let b = d([(Value::Float(2.0), ys), (Value::str("x"), Value::Int(1))]);
        equality(&a, &b, true);
        equality(&a, &d([(Value::str("x"), Value::Int(1)), (Value::Int(3), xs)]), false);
        let set = |items: [i64; 2]| Value::set(items.map(Value::Int)).unwrap();
        equality(&set([1, 2]), &set([2, 1]), true);
        equality(&set([1, 2]), &set([2, 3]), false);
        equality(&Value::some(Value::Int(1)), &Value::some(Value::Float(1.0)), true);
        equality(&Value::some(Value::Int(1)), &Value::ok(Value::Int(1)), false);
        equality(&Value::none(), &Value::none(), true);
    }

    #[test]
    fn strings_and_arrays_have_an_order() {
        ordered(&Value::str("a"), &Value::str("b"), Ordering::Less);
        ordered(&Value::str("\u{ffff}"), &Value::str("\u{10000}"), Ordering::Less);
        let ints = |items: &[i64]| array(&items.iter().map(|&item| Value::Int(item)).collect::<Vec<_>>());
        ordered(&ints(&[1, 2]), &ints(&[1, 3]), Ordering::Less);
        ordered(&ints(&[1, 2]), &ints(&[1, 2, 0]), Ordering::Less);
        ordered(&ints(&[]), &ints(&[]), Ordering::Equal);
        ordered(&array(&[ints(&[1]), Value::str("b")]), &array(&[ints(&[1]), Value::str("a")]), Ordering::Greater);
        ordered(&array(&[ints(&[1, 5]), Value::Int(1)]), &array(&[ints(&[1]), Value::Int(2)]), Ordering::Greater);
    }

    #[test]
    fn other_kinds_have_none() {
        let message = ask(Lt, &Value::Int(1), &Value::str("a")).unwrap_err();
        assert_eq!(message, "Invalid operands for <: int and string");
        let message = ask(Ge, &Value::Null, &Value::Null).unwrap_err();
        assert_eq!(message, "Invalid operands for >=: null and null");
        assert!(ask(Gt, &array(&[Value::Null]), &array(&[Value::Int(1)])).is_err());
    }

    #[test]
    fn long_ranges_are_not_walked() {
        let range = |start, len| Value::range(start, 1, len).unwrap();
        let long = 1_000_000_000_000_000;
        equality(&range(0, long), &range(0, long), true);
        equality(&range(0, long), &range(1, long), false);
        equality(&Value::range(0, 5, 1).unwrap(), &range(0, 1), true);
        ordered(&range(0, long), &range(0, long + 1), Ordering::Less);
        ordered(&range(1, long), &range(0, long + 1), Ordering::Greater);
    }

    #[test]
    fn deep_data_needs_no_stack() {
        let nest = || (0..1_000_000).fold(Value::Int(1), |inner, _| array(&[inner]));
        let (a, b) = (nest(), nest());
        equality(&a, &b, true);
        ordered(&a, &b, Ordering::Equal);
        equality(&a, &array(&[b]), false);
    }
}
