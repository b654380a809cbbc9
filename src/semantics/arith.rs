//! Arithmetic (LANGUAGE §4): numbers of any size, concatenation and repetition, overloads.
//!
//! Two small ints and two floats are decided inline. Everything else is one cold call away: big integers, mixed numbers,
//! strings and arrays, overloads of the left operand. The size of a result is checked before it is computed.
mod numbers;

pub use numbers::big_to_f64;
use numbers::{Number, bits, check_bits, integer};

use super::display;
use super::fault::{Raise, faults};
use super::member::overload;
use super::memory;
use super::step::{Callback, SmallArgs, Step, Then};
use super::truth::truthy;
use crate::value::bigint::Word;
use crate::value::symbol::known;
use crate::value::{Big, IBig, Str, Symbol, Value, array};

/// A binary operator on numbers, strings and arrays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArithOp {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    BitAnd,
    BitOr,
    BitXor,
    Shl,
    Shr,
}

/// A prefix operator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnaryOp {
    Neg,
    Not,
    BitNot,
}

impl ArithOp {
    const ALL: [ArithOp; 11] = [
        ArithOp::Add,
        ArithOp::Sub,
        ArithOp::Mul,
        ArithOp::Div,
        ArithOp::Mod,
        ArithOp::Pow,
        ArithOp::BitAnd,
        ArithOp::BitOr,
        ArithOp::BitXor,
        ArithOp::Shl,
        ArithOp::Shr,
    ];

    /// The operator that is written so.
    pub fn written(text: &str) -> Option<ArithOp> {
        ArithOp::ALL.into_iter().find(|op| op.text() == text)
    }

    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            ArithOp::Add => "+",
            ArithOp::Sub => "-",
            ArithOp::Mul => "*",
            ArithOp::Div => "/",
            ArithOp::Mod => "%",
            ArithOp::Pow => "**",
            ArithOp::BitAnd => "&",
            ArithOp::BitOr => "|",
            ArithOp::BitXor => "^",
            ArithOp::Shl => "<<",
            ArithOp::Shr => ">>",
        }
    }

    /// The method that overloads it.
    fn method(self) -> Option<Symbol> {
        match self {
            ArithOp::Add => Some(known::OP_ADD),
            ArithOp::Sub => Some(known::OP_SUB),
            ArithOp::Mul => Some(known::OP_MUL),
            ArithOp::Div => Some(known::OP_DIV),
            ArithOp::Mod => Some(known::OP_MOD),
            ArithOp::Pow => Some(known::OP_POW),
            ArithOp::BitAnd | ArithOp::BitOr | ArithOp::BitXor | ArithOp::Shl | ArithOp::Shr => None,
        }
    }
}

/// `a op b`.
#[inline(always)]
pub fn binary(op: ArithOp, a: &Value, b: &Value) -> Result<Step, Raise> {
    match simple(op, a, b) {
        Some(result) => Ok(Step::Done(result)),
        None => binary_rest(op, a, b),
    }
}

/// The result for two small ints or two floats, unless it overflows or fails: all that engines need inline.
#[inline(always)]
pub fn simple(op: ArithOp, a: &Value, b: &Value) -> Option<Value> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => small_ints(op, *a, *b).map(Value::Int),
        (Value::Float(a), Value::Float(b)) => two_floats(op, *a, *b).map(Value::Float),
        (Value::Int(a), Value::Float(b)) => two_floats(op, *a as f64, *b).map(Value::Float),
        (Value::Float(a), Value::Int(b)) => two_floats(op, *a, *b as f64).map(Value::Float),
        _ => None,
    }
}

#[inline(always)]
fn small_ints(op: ArithOp, a: i64, b: i64) -> Option<i64> {
    match op {
        ArithOp::Add => a.checked_add(b),
        ArithOp::Sub => a.checked_sub(b),
        ArithOp::Mul => a.checked_mul(b),
        ArithOp::Div => a.checked_div(b),
        ArithOp::Mod => a.checked_rem(b),
        ArithOp::Pow => u32::try_from(b).ok().and_then(|b| a.checked_pow(b)),
        ArithOp::BitAnd => Some(a & b),
        ArithOp::BitOr => Some(a | b),
        ArithOp::BitXor => Some(a ^ b),
        ArithOp::Shl => small_shift_left(a, b),
        ArithOp::Shr => (b >= 0).then(|| a >> b.min(63)),
    }
}

/// `a << b` if that is a small int.
#[inline(always)]
pub fn small_shift_left(a: i64, b: i64) -> Option<i64> {
    let shifted = a.checked_shl(u32::try_from(b).ok()?)?;
    (shifted >> b == a).then_some(shifted)
}

#[inline(always)]
fn two_floats(op: ArithOp, a: f64, b: f64) -> Option<f64> {
    match op {
        ArithOp::Add => Some(a + b),
        ArithOp::Sub => Some(a - b),
        ArithOp::Mul => Some(a * b),
        ArithOp::Div if b != 0.0 => Some(a / b),
        ArithOp::Mod if b != 0.0 => Some(a % b),
        ArithOp::Pow => sure_power(a, b),
        ArithOp::Div | ArithOp::Mod => None,
        ArithOp::BitAnd | ArithOp::BitOr | ArithOp::BitXor | ArithOp::Shl | ArithOp::Shr => None,
    }
}

/// `a ** b` where no two numbers like these fail.
#[inline(never)]
fn sure_power(a: f64, b: f64) -> Option<f64> {
    (a > 0.0 || (b >= 0.0 && b.fract() == 0.0)).then(|| power_of(a, b))
}

/// The power of two floats that have one. A square is rounded once, as a product is.
fn power_of(a: f64, b: f64) -> f64 {
    if b == 2.0 { a * a } else { a.powf(b) }
}

#[inline(never)]
fn binary_rest(op: ArithOp, a: &Value, b: &Value) -> Result<Step, Raise> {
    if let (ArithOp::Add, Value::Str(_), Value::Str(_)) = (op, a, b) {
        return add_rest(a, b);
    }
    if let Some(result) = numbers::short(op, a, b) {
        return Ok(Step::Done(result));
    }
    if op == ArithOp::Add
        && (matches!(a, Value::BigInt(_)) || matches!(b, Value::BigInt(_)))
        && let Some(sum) = long_sum(a, b)
    {
        return sum.map(Step::Done);
    }
    if let (Some(x), Some(y)) = (Number::of(a), Number::of(b)) {
        return match x.with(op, y) {
            Some(result) => Ok(Step::Done(result?)),
            None => Err(invalid(op, a, b)),
        };
    }
    if let Some(call) = op.method().and_then(|name| overload(a, name)) {
        return Ok(Step::Call { method: call, receiver: a.clone(), args: SmallArgs::one(b.clone()), then: Then::Value });
    }
    let result = match op {
        ArithOp::Add => return add_rest(a, b),
        ArithOp::Mul => repeat(a, b),
        _ => None,
    };
    result.unwrap_or_else(|| Err(invalid(op, a, b))).map(Step::Done)
}

#[cold]
fn invalid(op: ArithOp, a: &Value, b: &Value) -> Raise {
    faults::invalid_operands(op.text(), a.type_name(), b.type_name())
}

/// `+` of what is not two numbers.
fn add_rest(a: &Value, b: &Value) -> Result<Step, Raise> {
    let no_room = |refused| memory("+", refused);
    match (a, b) {
        (Value::Str(x), Value::Str(y)) => Ok(Step::Done(Value::Str(Str::concat(x.as_str(), y.as_str()).map_err(no_room)?))),
        (Value::Array(x), Value::Array(y)) => Ok(Step::Done(Value::Array(x.concat(y).map_err(no_room)?))),
        (Value::Str(x), other) => match display::plain(other) {
            Some(text) => Ok(Step::Done(Value::Str(Str::concat(x.as_str(), &text?).map_err(no_room)?))),
            None => Ok(Step::Concat { left: a.clone(), right: b.clone() }),
        },
        (other, Value::Str(y)) => match display::plain(other) {
            Some(text) => Ok(Step::Done(Value::Str(Str::concat(&text?, y.as_str()).map_err(no_room)?))),
            None => Ok(Step::Concat { left: a.clone(), right: b.clone() }),
        },
        _ => Err(invalid(ArithOp::Add, a, b)),
    }
}

/// Both display forms in one string; what [`Step::Concat`] asks for.
pub fn concat(left: &Value, right: &Value, callback: &mut dyn Callback) -> Result<Value, Raise> {
    let mut text = String::new();
    display::display_into(&mut text, left, callback)?;
    display::display_into(&mut text, right, callback)?;
    Value::try_str(&text).map_err(|refused| memory("+", refused))
}

/// `string * int`, `array * int`, either order.
fn repeat(a: &Value, b: &Value) -> Option<Result<Value, Raise>> {
    let (items, times) = match (a, b) {
        (Value::Str(_) | Value::Array(_), times) if times.is_int() => (a, times),
        (times, Value::Str(_) | Value::Array(_)) if times.is_int() => (b, times),
        _ => return None,
    };
    let times = match times {
        Value::Int(times) => usize::try_from(*times).unwrap_or(0),
        Value::BigInt(big) if *big.get() > IBig::ZERO => usize::MAX,
        _ => 0,
    };
    let repeated = match items {
        Value::Str(text) => Str::repeat(text.as_str(), times).map(Value::Str),
        Value::Array(items) => items.repeat(times).map(Value::Array),
        _ => return None,
    };
    Some(repeated.map_err(|refused| memory("*", refused)))
}

/// `place op= b`, in place if nobody else holds the value of `a`.
///
/// `None`: the result stands in `a`. A step: user code comes first; `a` is unchanged and gets the step's result. On an
/// error `a` is unchanged.
#[inline(always)]
pub fn binary_in_place(op: ArithOp, a: &mut Value, b: Value) -> Result<Option<Step>, Raise> {
    match simple(op, a, &b) {
        Some(result) => {
            *a = result;
            Ok(None)
        }
        None => in_place_rest(op, a, b),
    }
}

#[inline(never)]
fn in_place_rest(op: ArithOp, a: &mut Value, b: Value) -> Result<Option<Step>, Raise> {
    if op == ArithOp::Add && append(a, &b)? {
        return Ok(None);
    }
    if op == ArithOp::Add
        && let Value::BigInt(_) = a
        && add_magnitude(a, &b)?
    {
        return Ok(None);
    }
    if let Value::BigInt(_) = a
        && let Some(result) = numbers::short(op, a, &b)
    {
        *a = result;
        return Ok(None);
    }
    if op == ArithOp::Add
        && let Value::BigInt(_) = a
        && let Some(sum) = long_sum(a, &b)
    {
        *a = sum?;
        return Ok(None);
    }
    if let Value::BigInt(_) = a
        && b.is_int()
        && matches!(op, ArithOp::Add | ArithOp::Sub | ArithOp::Mul)
    {
        return big_in_place(op, a, &b).map(|()| None);
    }
    match binary_rest(op, a, &b)? {
        Step::Done(result) => {
            *a = result;
            Ok(None)
        }
        step => Ok(Some(step)),
    }
}

/// `a op b` where nobody needs `a` any more: its memory is used for the result if nobody else holds it.
#[inline(always)]
pub fn binary_take(op: ArithOp, mut a: Value, b: &Value) -> Result<Step, Raise> {
    match simple(op, &a, b) {
        Some(result) => Ok(Step::Done(result)),
        None => match in_place_rest(op, &mut a, b.clone())? {
            None => Ok(Step::Done(a)),
            Some(step) => Ok(step),
        },
    }
}

/// Appends to a string or array, without a copy if it is not shared. False if the operands are others.
fn append(a: &mut Value, b: &Value) -> Result<bool, Raise> {
    let no_room = |refused| memory("+", refused);
    match (a, b) {
        (Value::Str(text), Value::Str(more)) => Str::push_str(text, more.as_str()).map_err(no_room)?,
        (Value::Str(text), Value::Int(number)) => {
            Str::push_str(text, itoa::Buffer::new().format(*number)).map_err(no_room)?
        }
        (Value::Str(text), other) => match display::plain(other) {
            Some(more) => Str::push_str(text, &more?).map_err(no_room)?,
            None => return Ok(false),
        },
        (Value::Array(items), Value::Array(more)) => {
            // The same array twice has two references, so the left one is copied before it grows.
            array::make_unique(items).and_then(|items| items.extend(more)).map_err(no_room)?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Appends the decimal digits of a small int.
#[inline]
pub(super) fn push_int(out: &mut String, number: i64) {
    out.push_str(itoa::Buffer::new().format(number));
}

/// Integers from this many words on are added word by word here; shorter ones by the library, which keeps them inline.
const LONG: usize = 4;

/// Sign and words of an int of any size; `low` is room for a small one.
fn words<'a>(value: &'a Value, low: &'a mut [Word; 2]) -> Option<(bool, &'a [Word])> {
    match value {
        Value::BigInt(big) => Some(big.words()),
        Value::Int(small) => {
            let magnitude = small.unsigned_abs();
            let high = magnitude.checked_shr(Word::BITS).unwrap_or(0);
            *low = [magnitude as Word, high as Word];
            Some((*small < 0, &low[..if high > 0 { 2 } else { 1 }]))
        }
        _ => None,
    }
}

/// `a += b` in the words of `a`, if the signs agree. False if that cannot be.
fn add_magnitude(a: &mut Value, b: &Value) -> Result<bool, Raise> {
    let Value::BigInt(big) = a else { return Ok(false) };
    let mut low = [0; 2];
    let Some((negative, more)) = words(b, &mut low) else { return Ok(false) };
    let (own_negative, own) = big.words();
    let length = own.len().max(more.len());
    if negative != own_negative || length < LONG || !big.is_unique() {
        return Ok(false);
    }
    check_bits(ArithOp::Add, (length as u64 + 1) * u64::from(Word::BITS))?;
    Ok(Big::add_magnitude(big, more))
}

/// `a + b` of long integers of one sign.
fn long_sum(a: &Value, b: &Value) -> Option<Result<Value, Raise>> {
    let (mut low_a, mut low_b) = ([0; 2], [0; 2]);
    let ((negative, x), (other, y)) = (words(a, &mut low_a)?, words(b, &mut low_b)?);
    let length = x.len().max(y.len());
    if negative != other || length < LONG {
        return None;
    }
    let (long, short) = if x.len() >= y.len() { (x, y) } else { (y, x) };
    let checked = check_bits(ArithOp::Add, (length as u64 + 1) * u64::from(Word::BITS));
    Some(checked.map(|()| Value::magnitude_sum(negative, long, short)))
}

/// Adds, subtracts or multiplies into the digits of `a`; they are copied first if others hold them.
fn big_in_place(op: ArithOp, a: &mut Value, b: &Value) -> Result<(), Raise> {
    let (Some(x), Some(y)) = (bits(a), bits(b)) else { return Ok(()) };
    check_bits(op, if op == ArithOp::Mul { x.saturating_add(y) } else { x.max(y) + 1 })?;
    let Value::BigInt(big) = a.take() else { return Ok(()) };
    let left = Big::into_inner(big);
    let right = integer(b);
    *a = Value::int_from(match op {
        ArithOp::Add => left + right.as_ref(),
        ArithOp::Sub => left - right.as_ref(),
        _ => left * right.as_ref(),
    });
    Ok(())
}

/// `op a`.
#[inline]
pub fn unary(op: UnaryOp, a: &Value) -> Result<Step, Raise> {
    let result = match (op, a) {
        (UnaryOp::Neg, Value::Int(number)) if *number != i64::MIN => Value::Int(-number),
        (UnaryOp::Neg, Value::Float(number)) => Value::Float(-number),
        (UnaryOp::Not, Value::Bool(truth)) => Value::bool(!truth.get()),
        (UnaryOp::BitNot, Value::Int(number)) => Value::Int(!number),
        _ => return unary_rest(op, a),
    };
    Ok(Step::Done(result))
}

#[cold]
fn unary_rest(op: UnaryOp, a: &Value) -> Result<Step, Raise> {
    let (name, text) = match op {
        UnaryOp::Neg => (Some(known::OP_NEG), "-"),
        UnaryOp::Not => (Some(known::OP_NOT), "!"),
        UnaryOp::BitNot => (None, "~"),
    };
    if let Some(method) = name.and_then(|name| overload(a, name)) {
        return Ok(Step::Call { method, receiver: a.clone(), args: SmallArgs::none(), then: Then::Value });
    }
    match (op, a.to_ibig()) {
        (UnaryOp::Not, _) => Step::bool(!truthy(a)),
        (UnaryOp::Neg, Some(number)) => Ok(Step::Done(Value::int_from(-number))),
        (UnaryOp::BitNot, Some(number)) => Ok(Step::Done(Value::int_from(!number))),
        (UnaryOp::Neg | UnaryOp::BitNot, None) => Err(faults::invalid_operand(text, a.type_name())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ArithOp::*;

    fn show(result: Result<Step, Raise>) -> String {
        match result {
            Ok(Step::Done(value)) => super::super::display::structural_debug(&value),
            Ok(_) => "user code".to_owned(),
            Err(raise) => raise.as_fault().unwrap().message().to_owned(),
        }
    }

    #[track_caller]
    fn check(a: impl Into<Operand>, op: ArithOp, b: impl Into<Operand>, expected: &str) {
        let (a, b) = (a.into().0, b.into().0);
        assert_eq!(show(binary(op, &a, &b)), expected);
        let mut place = a.clone();
        let in_place = match binary_in_place(op, &mut place, b.clone()) {
            Ok(None) => show(Ok(Step::Done(place))),
            Ok(Some(step)) => show(Ok(step)),
            Err(raise) => {
                assert_eq!(show(Ok(Step::Done(place))), show(Ok(Step::Done(a))), "an error leaves the place alone");
                show(Err(raise))
            }
        };
        assert_eq!(in_place, expected);
    }

    struct Operand(Value);
    impl From<i64> for Operand {
        fn from(number: i64) -> Operand {
            Operand(Value::Int(number))
        }
    }
    impl From<f64> for Operand {
        fn from(number: f64) -> Operand {
            Operand(Value::Float(number))
        }
    }
    /// Digits are an int, anything else a string.
    impl From<&str> for Operand {
        fn from(text: &str) -> Operand {
            match IBig::from_str_radix(text, 10) {
                Ok(number) => Operand(Value::int_from(number)),
                Err(_) => Operand(Value::str(text)),
            }
        }
    }
    impl From<Value> for Operand {
        fn from(value: Value) -> Operand {
            Operand(value)
        }
    }

    const MAX: i64 = i64::MAX;
    const MIN: i64 = i64::MIN;

    #[test]
    fn ints_never_wrap() {
        check(1, Add, 2, "3");
        check(MAX, Add, 1, "9223372036854775808");
        check(MIN, Sub, 1, "-9223372036854775809");
        check(MAX, Mul, MAX, "85070591730234615847396907784232501249");
        check(MIN, Div, -1, "9223372036854775808");
        check(MIN, Mod, -1, "0");
        check("9223372036854775808", Sub, 1, "9223372036854775807");
        check("100000000000000000000", Add, "-99999999999999999999", "1");
        check(2, Pow, 64, "18446744073709551616");
        check(-2, Pow, 63, "-9223372036854775808");
        check(10, Pow, 30, "1000000000000000000000000000000");
        check(1, Shl, 64, "18446744073709551616");
        check(-1, Shl, 63, "-9223372036854775808");
        check(1, Shl, 63, "9223372036854775808");
    }

    #[test]
    fn division_truncates_and_the_remainder_follows_the_dividend() {
        check(7, Div, 2, "3");
        check(-7, Div, 2, "-3");
        check(7, Mod, -3, "1");
        check(-7, Mod, 3, "-1");
        check("-100000000000000000001", Div, 10, "-10000000000000000000");
        check("-100000000000000000001", Mod, 10, "-1");
        check(-7.5, Mod, 2, "-1.5");
        check(7.0, Div, 2, "3.5");
    }

    #[test]
    fn zero_divisors() {
        check(1, Div, 0, "Division by zero");
        check(1.0, Div, 0, "Division by zero");
        check(1, Div, 0.0, "Division by zero");
        check("100000000000000000000", Div, 0, "Division by zero");
        check(1, Mod, 0, "Modulo by zero");
        check(1.0, Mod, -0.0, "Modulo by zero");
        check(0, Pow, -1, "Division by zero");
        check(0.0, Pow, -1.5, "Division by zero");
    }

    #[test]
    fn powers() {
        check(2, Pow, -1, "0.5");
        check(2, Pow, 0.5, "1.4142135623730951");
        check(0, Pow, 0, "1");
        check(0, Pow, "100000000000000000000", "0");
        check(-1, Pow, "100000000000000000001", "-1");
        check(-8.0, Pow, 0.5, "domain error: (-8) ** 0.5");
        check(-8.0, Pow, 2, "64.0");
        check(3, Pow, 100, "515377520732011331036461129765621272702107522001");
    }

    #[test]
    fn floats_are_ieee() {
        check(0.1, Add, 0.2, "0.30000000000000004");
        check(1e308, Mul, 10.0, "inf");
        check(1, Add, 0.5, "1.5");
        check(9007199254740993, Add, 0.0, "9007199254740992.0");
        check(Operand::from("9".repeat(400).as_str()).0, Add, 1.0, "inf");
    }

    #[test]
    fn bits_have_unbounded_width() {
        check(-1, BitAnd, "18446744073709551615", "18446744073709551615");
        check(-1, BitXor, "18446744073709551616", "-18446744073709551617");
        check(6, BitOr, 9, "15");
        check(-1, Shr, 1000, "-1");
        check(5, Shr, 1000, "0");
        check(-5, Shr, 1, "-3");
        check("-36893488147419103233", Shr, 1, "-18446744073709551617");
        check("-36893488147419103233", Shr, 1000, "-1");
        check(1, Shl, -1, "Negative shift count: << -1");
        check(1, Shr, -1, "Negative shift count: >> -1");
        check(0, Shl, "100000000000000000000", "0");
        check(1.5, BitAnd, 1, "Invalid operands for &: float and int");
    }

    #[test]
    fn sizes_are_checked_before_computing() {
        let message = |op, a: i64, b: i64| show(binary(op, &Value::Int(a), &Value::Int(b)));
        assert!(message(Shl, 1, 1_000_000_000_000).starts_with("\"<<\" needs 116.4 GiB, limit "));
        assert!(message(Pow, 2, 10_000_000_000).starts_with("\"**\" needs 1.2 GiB, limit "));
        assert!(message(Pow, 7, 10_000_000_000).contains("needs"));
        let text = show(binary(Mul, &Value::str("a"), &Value::Int(1_000_000_000_000_000)));
        assert!(text.starts_with("\"*\" needs 909.5 TiB"), "{text}");
        let xs = Value::array(vec![Value::Null]);
        assert!(show(binary(Mul, &xs, &Value::int_from(IBig::from(10).pow(30)))).contains("needs"));
    }

    #[test]
    fn strings_and_arrays() {
        check("a", Add, "b", "\"ab\"");
        check("n = ", Add, 3, "\"n = 3\"");
        check(MIN, Add, " min", "\"-9223372036854775808 min\"");
        check(" ", Add, MIN, "\" -9223372036854775808\"");
        check(Value::Null, Add, "x", "\"nullx\"");
        check("ab", Mul, 3, "\"ababab\"");
        check(3, Mul, "ab", "\"ababab\"");
        check("ab", Mul, -3, "\"\"");
        let xs = || Value::array(vec![Value::Int(1), Value::str("a")]);
        check(xs(), Add, xs(), "[1, \"a\", 1, \"a\"]");
        check(xs(), Mul, 2, "[1, \"a\", 1, \"a\"]");
        check("", Add, xs(), "\"[1, a]\"");
        check(1, Add, Value::Null, "Invalid operands for +: int and null");
        check("a", Sub, "b", "Invalid operands for -: string and string");
        check("a", Mul, 1.5, "Invalid operands for *: string and float");
        check(Value::bool(true), Add, 1, "Invalid operands for +: bool and int");
    }

    #[test]
    fn appending_keeps_what_others_hold() {
        let mut text = Value::str("a long enough text");
        let held = text.clone();
        binary_in_place(Add, &mut text, Value::str("!")).unwrap();
        assert_eq!((text.as_str(), held.as_str()), (Some("a long enough text!"), Some("a long enough text")));
        let mut items = Value::array(vec![Value::Int(1)]);
        let same = items.clone();
        binary_in_place(Add, &mut items, same).unwrap();
        assert_eq!(show(Ok(Step::Done(items))), "[1, 1]");
    }

    #[test]
    fn unary_operators() {
        let run = |op, value: Value| show(unary(op, &value));
        assert_eq!(run(UnaryOp::Neg, Value::Int(MIN)), "9223372036854775808");
        assert_eq!(run(UnaryOp::Neg, Operand::from("9223372036854775808").0), "-9223372036854775808");
        assert_eq!(run(UnaryOp::BitNot, Operand::from("18446744073709551615").0), "-18446744073709551616");
        assert_eq!(run(UnaryOp::BitNot, Value::Float(1.0)), "Invalid operand for ~: float");
        assert_eq!(run(UnaryOp::Neg, Value::str("a")), "Invalid operand for -: string");
        assert_eq!(run(UnaryOp::Not, Value::str("")), "true");
        assert_eq!(run(UnaryOp::Neg, Value::Float(0.0)), "-0.0");
    }

    #[test]
    fn digits_of_known_numbers() {
        let mut factorial = Value::Int(1);
        for n in 1..=50 {
            assert!(binary_in_place(Mul, &mut factorial, Value::Int(n)).unwrap().is_none());
        }
        check(factorial, Add, 0, "30414093201713378043612608166064768844377641568960512000000000000");
        let (mut a, mut b) = (Value::Int(0), Value::Int(1));
        for _ in 0..300 {
            assert!(binary_in_place(Add, &mut a, b.clone()).unwrap().is_none());
            std::mem::swap(&mut a, &mut b);
        }
        check(a, Add, 0, "222232244629420445529739893461909967206666939096499764990979600");
    }

    /// Number, sum, first and last of the decimal digits.
    fn fingerprint(number: &Value) -> (usize, u32, String, String) {
        let digits = super::super::convert::digits(number, 10).unwrap();
        let sum = digits.bytes().map(|digit| u32::from(digit - b'0')).sum();
        (digits.len(), sum, digits[..10].to_owned(), digits[digits.len() - 10..].to_owned())
    }

    #[test]
    fn long_numbers_have_the_digits_of_other_implementations() {
        let mut factorial = Value::Int(1);
        for n in 1..=1000 {
            binary_in_place(Mul, &mut factorial, Value::Int(n)).unwrap();
        }
        assert_eq!(fingerprint(&factorial).1, 10539);
        let Ok(Step::Done(power)) = binary(Pow, &Value::Int(2), &Value::Int(1000)) else { panic!("a number") };
        assert_eq!(fingerprint(&power).1, 1366);
        let (mut a, mut b) = (Value::Int(0), Value::Int(1));
        for _ in 0..20_000 {
            binary_in_place(Add, &mut a, b.clone()).unwrap();
            std::mem::swap(&mut a, &mut b);
        }
        assert_eq!(fingerprint(&a), (4180, 18597, "2531162323".to_owned(), "1213093125".to_owned()));
    }
}
