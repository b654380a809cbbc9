//! Operators on numbers of any size: big integers, and an int with a float.
//!
//! The size of a result is checked before it is computed.
use std::borrow::Cow;

use dashu_int::ops::{BitTest, PowerOfTwo, UnsignedAbs};

use super::{ArithOp, power_of, two_floats};
use crate::limits::{self, HumanBytes};
use crate::semantics::fault::{Raise, faults};
use crate::semantics::memory;
use crate::value::bigint::Word;
use crate::value::{IBig, Value};

/// Integers have at most this many bits.
const MAX_BITS: u64 = 1 << 32;

/// A number of any kind.
pub(super) enum Number<'a> {
    Int(Cow<'a, IBig>),
    Float(f64),
}

impl<'a> Number<'a> {
    pub(super) fn of(value: &'a Value) -> Option<Number<'a>> {
        match value {
            Value::Int(_) | Value::BigInt(_) => Some(Number::Int(integer(value))),
            Value::Float(number) => Some(Number::Float(*number)),
            _ => None,
        }
    }

    fn to_f64(&self) -> f64 {
        match self {
            Number::Int(number) => big_to_f64(number),
            Number::Float(number) => *number,
        }
    }

    /// The result; `None` if the operator is not defined for these kinds.
    pub(super) fn with(self, op: ArithOp, other: Number) -> Option<Result<Value, Raise>> {
        match (&self, &other) {
            (Number::Int(a), Number::Int(b)) => Some(integers(op, a, b)),
            _ => floats(op, self.to_f64(), other.to_f64()),
        }
    }
}

/// An int of any size as a big integer; small ones take no memory.
pub(super) fn integer(value: &Value) -> Cow<'_, IBig> {
    match value {
        Value::BigInt(big) => Cow::Borrowed(big.get()),
        Value::Int(small) => Cow::Owned(IBig::from(*small)),
        _ => Cow::Owned(IBig::ZERO),
    }
}

/// An int of less than 128 bits.
fn wide(value: &Value) -> Option<i128> {
    let big = match value {
        Value::Int(small) => return Some(i128::from(*small)),
        Value::BigInt(big) => big,
        _ => return None,
    };
    let (negative, words) = big.words();
    let magnitude = match *words {
        [low] => i128::from(low),
        [low, high] if high >> (Word::BITS - 1) == 0 => i128::from(low) | i128::from(high) << Word::BITS,
        _ => return None,
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// The result for ints that together need no more than 128 bits; nothing if they do, or if it is an error or a power. What hashes and
/// generators of numbers do with 64 bits stays in registers this way.
pub(super) fn short(op: ArithOp, a: &Value, b: &Value) -> Option<Value> {
    let (a, b) = (wide(a)?, wide(b)?);
    let result = match op {
        ArithOp::Add => a.checked_add(b)?,
        ArithOp::Sub => a.checked_sub(b)?,
        ArithOp::Mul => a.checked_mul(b)?,
        ArithOp::Div => a.checked_div(b)?,
        ArithOp::Mod => a.checked_rem(b)?,
        ArithOp::BitAnd => a & b,
        ArithOp::BitOr => a | b,
        ArithOp::BitXor => a ^ b,
        ArithOp::Shl => {
            let count = u32::try_from(b).ok().filter(|count| *count < i128::BITS)?;
            Some(a << count).filter(|shifted| shifted >> count == a)?
        }
        ArithOp::Shr => a >> u32::try_from(b).ok()?.min(i128::BITS - 1),
        ArithOp::Pow => return None,
    };
    Some(Value::int_from_i128(result))
}

/// The nearest float, infinite beyond the range.
pub fn big_to_f64(number: &IBig) -> f64 {
    number.to_f64().value()
}

pub(super) fn bits(value: &Value) -> Option<u64> {
    value.is_int().then(|| integer(value).bit_len() as u64)
}

/// Checks that an integer of so many bits is allowed and fits in memory.
pub(super) fn check_bits(op: ArithOp, bits: u64) -> Result<(), Raise> {
    let bytes = bits / 8;
    if bits > MAX_BITS {
        let limit = limits::memory_limit().min(MAX_BITS / 8);
        return Err(faults::memory(op.text(), HumanBytes(bytes), HumanBytes(limit)));
    }
    limits::reserve(bytes as usize).map_err(|refused| memory(op.text(), refused))
}

fn floats(op: ArithOp, a: f64, b: f64) -> Option<Result<Value, Raise>> {
    match op {
        ArithOp::Div if b == 0.0 => Some(Err(faults::division_by_zero())),
        ArithOp::Mod if b == 0.0 => Some(Err(faults::modulo_by_zero())),
        ArithOp::Pow => Some(float_power(a, b)),
        _ => two_floats(op, a, b).map(|result| Ok(Value::Float(result))),
    }
}

fn float_power(a: f64, b: f64) -> Result<Value, Raise> {
    if a == 0.0 && b < 0.0 {
        return Err(faults::division_by_zero());
    }
    if a < 0.0 && a.is_finite() && b.is_finite() && b.fract() != 0.0 {
        return Err(faults::domain_error(format_args!("({a}) ** {b}")));
    }
    Ok(Value::Float(power_of(a, b)))
}

/// Two ints of which one is big, or whose small result does not exist.
fn integers(op: ArithOp, a: &IBig, b: &IBig) -> Result<Value, Raise> {
    let (a_bits, b_bits) = (a.bit_len() as u64, b.bit_len() as u64);
    match op {
        ArithOp::Add | ArithOp::Sub => check_bits(op, a_bits.max(b_bits) + 1)?,
        ArithOp::Mul => check_bits(op, a_bits.saturating_add(b_bits))?,
        _ => {}
    }
    Ok(Value::int_from(match op {
        ArithOp::Add => a + b,
        ArithOp::Sub => a - b,
        ArithOp::Mul => a * b,
        ArithOp::Div if b.is_zero() => return Err(faults::division_by_zero()),
        ArithOp::Mod if b.is_zero() => return Err(faults::modulo_by_zero()),
        ArithOp::Div => a / b,
        ArithOp::Mod => a % b,
        ArithOp::Pow => return power(a, b),
        ArithOp::BitAnd => a & b,
        ArithOp::BitOr => a | b,
        ArithOp::BitXor => a ^ b,
        ArithOp::Shl => return shift_left(a, b),
        ArithOp::Shr => return shift_right(a, b),
    }))
}

fn power(a: &IBig, b: &IBig) -> Result<Value, Raise> {
    if *b < IBig::ZERO {
        return float_power(big_to_f64(a), big_to_f64(b));
    }
    if a.is_zero() || a.is_one() {
        return Ok(Value::int_from(if b.is_zero() { IBig::ONE } else { a.clone() }));
    }
    if *a == IBig::NEG_ONE {
        return Ok(Value::Int(if b.bit(0) { -1 } else { 1 }));
    }
    let exponent = usize::try_from(b).unwrap_or(usize::MAX);
    // |a| >= 2, so the result has at least (bits of a - 1) * b bits, and at most bits of a * b.
    let magnitude = a.unsigned_abs();
    let bits = if magnitude.is_power_of_two() { magnitude.bit_len() - 1 } else { magnitude.bit_len() };
    check_bits(
        ArithOp::Pow,
        (bits as u64).saturating_mul(exponent as u64).saturating_sub(exponent_slack(&magnitude, exponent)),
    )?;
    Ok(Value::int_from(a.pow(exponent)))
}

/// By how much `bits * exponent` overestimates the size of a power of a small base: its logarithm is known exactly enough.
fn exponent_slack(base: &dashu_int::UBig, exponent: usize) -> u64 {
    match u32::try_from(base) {
        Ok(small) if !base.is_power_of_two() => {
            let lost = base.bit_len() as f64 - f64::from(small).log2();
            ((exponent as f64) * lost * 0.999_999) as u64
        }
        _ => 0,
    }
}

fn shift_left(a: &IBig, b: &IBig) -> Result<Value, Raise> {
    if *b < IBig::ZERO {
        return Err(negative_shift("<<", b));
    }
    if a.is_zero() {
        return Ok(Value::Int(0));
    }
    let count = usize::try_from(b).unwrap_or(usize::MAX);
    check_bits(ArithOp::Shl, (a.bit_len() as u64).saturating_add(count as u64))?;
    Ok(Value::int_from(a << count))
}

fn shift_right(a: &IBig, b: &IBig) -> Result<Value, Raise> {
    if *b < IBig::ZERO {
        return Err(negative_shift(">>", b));
    }
    let count = usize::try_from(b).unwrap_or(usize::MAX).min(a.bit_len() + 1);
    Ok(Value::int_from(a >> count))
}

#[cold]
fn negative_shift(operator: &str, count: &IBig) -> Raise {
    faults::negative_shift(operator, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ints around the borders of one, two and three words, and of all lengths between.
    fn ints() -> Vec<IBig> {
        let borders = [0, 1, 2, 31, 62, 63, 64, 65, 100, 126, 127, 128, 129, 200].map(|bits| IBig::ONE << bits);
        let near = borders.iter().flat_map(|border| [border - IBig::ONE, border.clone(), border + IBig::from(3)]);
        near.chain([IBig::from(6_364_136_223_846_793_005i64), IBig::from(10i64).pow(30)])
            .flat_map(|int| [-&int, int])
            .collect()
    }

    #[test]
    fn both_ways_agree() {
        use ArithOp::*;
        let ints = ints();
        let mut compared = 0;
        for op in [Add, Sub, Mul, Div, Mod, BitAnd, BitOr, BitXor, Shl, Shr, Pow] {
            for (a, b) in ints.iter().flat_map(|a| ints.iter().map(move |b| (a, b))) {
                let Some(found) = short(op, &Value::int_from(a.clone()), &Value::int_from(b.clone())) else { continue };
                let Ok(expected) = integers(op, a, b) else { panic!("{a} {} {b} is an error", op.text()) };
                assert_eq!(found.to_ibig(), expected.to_ibig(), "{a} {} {b}", op.text());
                assert_eq!(found.as_int(), expected.as_int(), "{a} {} {b}", op.text());
                compared += 1;
            }
        }
        assert!(compared > 20_000, "{compared}");
    }
}
