//! Conversions between kinds: `int(x)`, `float(x)`, `bool(x)`, and reading numbers from text.
use dashu_int::ops::BitTest;

use super::arith::big_to_f64;
use super::display::{float_text, structural_debug};
use super::fault::{Raise, faults};
use super::memory;
use super::truth::truthy;
use crate::limits;
use crate::value::{IBig, Value};

/// A number as a float: the nearest, infinite beyond the range.
#[inline]
pub fn to_f64(value: &Value) -> Option<f64> {
    match value {
        Value::Float(number) => Some(*number),
        Value::Int(number) => Some(*number as f64),
        Value::BigInt(big) => Some(big_to_f64(big.get())),
        _ => None,
    }
}

/// The integer that a float's whole part is, of any size; `None` for NaN and the infinities.
pub fn float_to_int(number: f64) -> Option<Value> {
    let whole = number.trunc();
    match crate::value::key::whole(whole) {
        Some(small) => Some(Value::Int(small)),
        None => IBig::try_from(whole).ok().map(Value::int_from),
    }
}

/// `to_int(x)`: truncates floats, reads strings.
pub fn to_int(value: &Value) -> Result<Value, Raise> {
    match value {
        Value::Int(_) | Value::BigInt(_) => Ok(value.clone()),
        Value::Bool(truth) => Ok(Value::Int(i64::from(truth.get()))),
        Value::Float(number) => float_to_int(*number).ok_or_else(|| faults::not_finite("to_int", float_text(*number))),
        Value::Str(text) => match (plain_int(text.as_str()), text.as_str()) {
            (Some(number), _) => Ok(Value::Int(number)),
            (None, text) => parse_int(text, 10)?.ok_or_else(|| bad_number("int", value)),
        },
        other => Err(cannot_convert(other, "int")),
    }
}

/// `to_float(x)`: reads strings.
pub fn to_float(value: &Value) -> Result<Value, Raise> {
    match value {
        Value::Bool(truth) => Ok(Value::Float(if truth.get() { 1.0 } else { 0.0 })),
        Value::Str(text) => match parse_float(text.as_str()) {
            Some(number) => Ok(Value::Float(number)),
            None => Err(bad_number("float", value)),
        },
        other => to_f64(other).map(Value::Float).ok_or_else(|| cannot_convert(other, "float")),
    }
}

/// `to_bool(x)`: its truth.
pub fn to_bool(value: &Value) -> Value {
    Value::bool(truthy(value))
}

#[cold]
fn cannot_convert(value: &Value, target: &str) -> Raise {
    faults::cannot_convert(value.type_name(), target)
}

#[cold]
fn bad_number(target: &str, text: &Value) -> Raise {
    faults::bad_number(target, structural_debug(text))
}

/// Digits that are certainly below 2 to the 63.
const SURELY_SMALL: usize = 18;

/// Reads what most integers are: a few decimal digits, perhaps with a minus in front. `None` says nothing about the text.
pub fn plain_int(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let digits = bytes.strip_prefix(b"-").unwrap_or(bytes);
    if digits.is_empty() || digits.len() > SURELY_SMALL {
        return None;
    }
    let mut number = 0;
    for byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(if digits.len() < bytes.len() { -number } else { number })
}

/// Reads an integer: surrounding space, a sign, digits of the base with `_` between them, and in base 10 also the
/// prefixes `0x`, `0o`, `0b`. `None` if it is none.
pub fn parse_int(text: &str, base: u32) -> Result<Option<Value>, Raise> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (base, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] if base == 10 || base == 16 => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] if base == 10 || base == 8 => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] if base == 10 || base == 2 => (2, &digits[2..]),
        _ => (base, digits),
    };
    let separated = digits.starts_with('_') || digits.ends_with('_') || digits.contains("__");
    if digits.is_empty() || separated || !digits.chars().all(|digit| digit == '_' || digit.is_digit(base)) {
        return Ok(None);
    }
    let plain: std::borrow::Cow<str> = if digits.contains('_') { digits.replace('_', "").into() } else { digits.into() };
    if let Ok(small) = i64::from_str_radix(&plain, base) {
        return Ok(Some(Value::Int(if negative { -small } else { small })));
    }
    limits::reserve(plain.len()).map_err(|refused| memory("parse_int", refused))?;
    let Ok(number) = IBig::from_str_radix(&plain, base) else { return Ok(None) };
    if number.bit_len() as u64 > 1 << 32 {
        return Err(memory("parse_int", limits::OutOfMemory::new(plain.len() as u64)));
    }
    Ok(Some(Value::int_from(if negative { -number } else { number })))
}

/// Reads a float: surrounding space, a sign, digits with `_` between them, point, exponent; `inf` and `NaN`.
pub fn parse_float(text: &str) -> Option<f64> {
    let text = text.trim();
    if text.contains('_') {
        let bytes = text.as_bytes();
        let between =
            |at: usize| at > 0 && bytes[at - 1].is_ascii_digit() && bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
        let misplaced = bytes.iter().enumerate().any(|(at, &byte)| byte == b'_' && !between(at));
        return if misplaced { None } else { text.replace('_', "").parse().ok() };
    }
    text.parse().ok()
}

/// The digits of an int of any size in a base, with its sign.
pub fn digits(value: &Value, base: u8) -> Result<String, Raise> {
    match value {
        Value::Int(number) if base == 10 => Ok(number.to_string()),
        Value::Int(number) => Ok(IBig::from(*number).in_radix(base).to_string()),
        Value::BigInt(big) => {
            // One byte per digit, and as much again while converting.
            let bits = big.get().bit_len();
            let size = bits / base.ilog2().max(1) as usize;
            limits::reserve(size.saturating_mul(2)).map_err(|refused| memory("to_string", refused))?;
            Ok(big.get().in_radix(base).to_string())
        }
        other => Err(cannot_convert(other, "int")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(result: Result<Value, Raise>, expected: &str) {
        let text = match result {
            Ok(value) => structural_debug(&value),
            Err(raise) => raise.as_fault().unwrap().message().to_owned(),
        };
        assert_eq!(text, expected);
    }

    #[test]
    fn plain_ints_are_what_every_int_is_read_as() {
        let long = "9".repeat(SURELY_SMALL);
        for text in ["0", "7", "-7", "007", "-0", "123456789", &long, &format!("-{long}")] {
            let number = plain_int(text).map(Value::Int).expect("it is plain");
            assert_eq!(structural_debug(&number), structural_debug(&parse_int(text, 10).unwrap().unwrap()), "{text}");
        }
        for text in ["", "-", "+1", " 1", "1 ", "1_0", "0x1", "--1", "1-", "१", &format!("{long}9")] {
            assert_eq!(plain_int(text), None, "{text}");
        }
    }

    #[test]
    fn ints() {
        let int = |text: &str| to_int(&Value::str(text));
        check(int("42"), "42");
        check(int(" -1_000 "), "-1000");
        check(int("0xff"), "255");
        check(int("-0b101"), "-5");
        check(int("-9223372036854775808"), "-9223372036854775808");
        check(int("123456789012345678901234567890"), "123456789012345678901234567890");
        check(int("12a"), "Cannot convert \"12a\" to int");
        check(int(""), "Cannot convert \"\" to int");
        check(int("1__2"), "Cannot convert \"1__2\" to int");
        check(int("--1"), "Cannot convert \"--1\" to int");
        check(to_int(&Value::Float(-2.9)), "-2");
        check(to_int(&Value::Float(1e20)), "100000000000000000000");
        check(to_int(&Value::Float(9_223_372_036_854_775_808.0)), "9223372036854775808");
        check(to_int(&Value::Float(f64::NAN)), "to_int: cannot convert NaN to int");
        check(to_int(&Value::bool(true)), "1");
        check(to_int(&Value::Null), "Cannot convert null to int");
        assert!(matches!(parse_int("zz", 36), Ok(Some(Value::Int(1295)))));
    }

    #[test]
    fn floats() {
        let float = |text: &str| to_float(&Value::str(text));
        check(float("2.5"), "2.5");
        check(float(" 1e3 "), "1000.0");
        check(float("1_000.5"), "1000.5");
        check(float("_1"), "Cannot convert \"_1\" to float");
        check(float("abc"), "Cannot convert \"abc\" to float");
        check(to_float(&Value::Int(3)), "3.0");
        check(to_float(&Value::array(vec![])), "Cannot convert array to float");
    }

    #[test]
    fn digits_in_any_base() {
        let text = |value: Value, base| digits(&value, base).unwrap();
        assert_eq!(text(Value::Int(i64::MIN), 16), "-8000000000000000");
        assert_eq!(text(Value::int_from(IBig::from(1) << 100usize), 2).len(), 101);
        assert_eq!(text(Value::int_from(IBig::from(1) << 100usize), 10), "1267650600228229401496703205376");
    }
}
