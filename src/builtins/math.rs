//! Math: everything on numbers. Results of ints stay exact ints wherever the mathematical result is one.
mod divisors;

use divisors::{factorial, gcd, is_prime, lcm};

use super::Engine;
use super::arg::{Any, Float, Integer, Missing, Number, Rest, Size, arithmetic, new_array};
use super::table::builtins;
use crate::semantics::arith::{self, ArithOp};
use crate::semantics::compare::{self, CompareOp};
use crate::semantics::display::structural_debug;
use crate::semantics::fault::{Raise, faults};
use crate::semantics::step::Callback;
use crate::semantics::truth::truthy;
use crate::value::{IBig, Value};

builtins! {
    /// Numbers and their functions.
    pub(super) ROWS:

    /// The number without its sign.
    ///
    /// ```ruff
    /// assert_equal(abs(-3), 3)
    /// ```
    [pure] abs(x: Number) -> number = native abs;

    /// The greatest int that is not greater than `x`.
    ///
    /// ```ruff
    /// assert_equal(floor(-2.5), -3)
    /// ```
    [pure, may_fault] floor(x: Number) -> int = native floor;

    /// The smallest int that is not smaller than `x`.
    ///
    /// ```ruff
    /// assert_equal(ceil(2.1), 3)
    /// ```
    [pure, may_fault] ceil(x: Number) -> int = native ceil;

    /// The nearest int, halves away from zero; with `digits` above 0 the nearest float with so many decimals, below 0
    /// the nearest multiple of a power of ten. An int with `digits` of 0 or more is itself.
    ///
    /// ```ruff
    /// assert_equal(round(2.5), 3)
    /// assert_equal(round(3.14159, 2), 3.14)
    /// assert_equal(round(1234, -2), 1200)
    /// ```
    [pure, may_fault] round(x: Number, digits: i64 = 0) -> number = native round;

    /// The int that remains when the decimals are cut off.
    ///
    /// ```ruff
    /// assert_equal(trunc(-2.7), -2)
    /// ```
    [pure, may_fault] trunc(x: Number) -> int = native trunc;

    /// The square root; of a negative number an `ArithmeticError`.
    ///
    /// ```ruff
    /// assert_equal(sqrt(9), 3.0)
    /// ```
    [pure, may_fault] sqrt(x: Float) -> float = native sqrt;

    /// The cube root.
    ///
    /// ```ruff
    /// assert_equal(cbrt(27), 3.0)
    /// ```
    [pure] cbrt(x: Float) -> float = native cbrt;

    /// `base ** exponent`.
    ///
    /// ```ruff
    /// assert_equal(pow(2, 100), 2 ** 100)
    /// ```
    [pure, may_fault] pow(base: Number, exponent: Number) -> number = native pow;

    /// `E` to the power of `x`.
    ///
    /// ```ruff
    /// assert_equal(exp(0), 1.0)
    /// ```
    [pure] exp(x: Float) -> float = native exp;

    /// The logarithm of `x`, natural without a base.
    ///
    /// ```ruff
    /// assert_approx(log(E), 1.0)
    /// assert_approx(log(8, 2), 3.0)
    /// ```
    [pure, may_fault] log(x: Number, base: Option<Number>) -> float = native log;

    /// The logarithm to base 2.
    ///
    /// ```ruff
    /// assert_equal(log2(8), 3.0)
    /// ```
    [pure, may_fault] log2(x: Number) -> float = native log2;

    /// The logarithm to base 10.
    ///
    /// ```ruff
    /// assert_equal(log10(1000), 3.0)
    /// ```
    [pure, may_fault] log10(x: Number) -> float = native log10;

    /// The sine of an angle in radians.
    ///
    /// ```ruff
    /// assert_approx(sin(PI / 2), 1.0)
    /// ```
    [pure] sin(x: Float) -> float = native sin;

    /// The cosine of an angle in radians.
    ///
    /// ```ruff
    /// assert_approx(cos(PI), -1.0)
    /// ```
    [pure] cos(x: Float) -> float = native cos;

    /// The tangent of an angle in radians.
    ///
    /// ```ruff
    /// assert_approx(tan(0), 0.0)
    /// ```
    [pure] tan(x: Float) -> float = native tan;

    /// The angle in radians whose sine is `x`.
    ///
    /// ```ruff
    /// assert_approx(asin(1), PI / 2)
    /// ```
    [pure, may_fault] asin(x: Float) -> float = native asin;

    /// The angle in radians whose cosine is `x`.
    ///
    /// ```ruff
    /// assert_approx(acos(1), 0.0)
    /// ```
    [pure, may_fault] acos(x: Float) -> float = native acos;

    /// The angle in radians whose tangent is `x`.
    ///
    /// ```ruff
    /// assert_approx(atan(1), PI / 4)
    /// ```
    [pure] atan(x: Float) -> float = native atan;

    /// The angle in radians of the point `(x, y)`.
    ///
    /// ```ruff
    /// assert_approx(atan2(1, -1), 3 * PI / 4)
    /// ```
    [pure] atan2(y: Float, x: Float) -> float = native atan2;

    /// The hyperbolic sine.
    ///
    /// ```ruff
    /// assert_equal(sinh(0), 0.0)
    /// ```
    [pure] sinh(x: Float) -> float = native sinh;

    /// The hyperbolic cosine.
    ///
    /// ```ruff
    /// assert_equal(cosh(0), 1.0)
    /// ```
    [pure] cosh(x: Float) -> float = native cosh;

    /// The hyperbolic tangent.
    ///
    /// ```ruff
    /// assert_equal(tanh(0), 0.0)
    /// ```
    [pure] tanh(x: Float) -> float = native tanh;

    /// The length of the hypotenuse over `x` and `y`, without overflow in between.
    ///
    /// ```ruff
    /// assert_equal(hypot(3, 4), 5.0)
    /// ```
    [pure] hypot(x: Float, y: Float) -> float = native hypot;

    /// The smallest of its arguments, or of the items of a single iterable; null if there are no items. The first of
    /// equal ones.
    ///
    /// ```ruff
    /// assert_equal(min(3, 1, 2), 1)
    /// assert_equal(min([3, 1, 2]), 1)
    /// ```
    [may_fault, may_call] min(first: Any, second: Missing, others: Rest) -> any = native min;

    /// The greatest of its arguments, or of the items of a single iterable; null if there are no items. The first of
    /// equal ones.
    ///
    /// ```ruff
    /// assert_equal(max(3, 1, 2), 3)
    /// assert_equal(max("a", "b"), "b")
    /// ```
    [may_fault, may_call] max(first: Any, second: Missing, others: Rest) -> any = native max;

    /// `x`, or the bound that it passes.
    ///
    /// ```ruff
    /// assert_equal(clamp(15, 0, 10), 10)
    /// ```
    [may_fault, may_call] clamp(x: Any, low: Any, high: Any) -> any = native clamp;

    /// -1, 0 or 1, as an int; NaN of NaN.
    ///
    /// ```ruff
    /// assert_equal(sign(-2.5), -1)
    /// ```
    [pure] sign(x: Number) -> number = native sign;

    /// The greatest common divisor, never negative.
    ///
    /// ```ruff
    /// assert_equal(gcd(12, 18), 6)
    /// ```
    [pure] gcd(a: Integer, b: Integer) -> int = native gcd;

    /// The least common multiple, never negative.
    ///
    /// ```ruff
    /// assert_equal(lcm(4, 6), 12)
    /// ```
    [pure] lcm(a: Integer, b: Integer) -> int = native lcm;

    /// The product of the ints from 1 to `n`.
    ///
    /// ```ruff
    /// assert_equal(factorial(20), 2432902008176640000)
    /// ```
    [pure, may_fault] factorial(n: Size) -> int = native factorial;

    /// Is `n` a prime number?
    ///
    /// ```ruff
    /// assert_equal([1, 2, 91, 97].filter(is_prime), [2, 97])
    /// ```
    [pure, may_fault] is_prime(n: Integer) -> bool = native is_prime;

    /// The quotient rounded down (`/` rounds toward zero).
    ///
    /// ```ruff
    /// assert_equal(floor_div(-7, 2), -4)
    /// ```
    [pure, may_fault] floor_div(a: Number, b: Number) -> number = native floor_div;

    /// What remains of a division rounded down: it has the sign of `b` (`%` has that of `a`).
    ///
    /// ```ruff
    /// assert_equal(mod(-7, 3), 2)
    /// ```
    [pure, may_fault] mod(a: Number, b: Number) -> number = native modulo;

    /// `[floor_div(a, b), mod(a, b)]`.
    ///
    /// ```ruff
    /// assert_equal(divmod(-7, 2), [-4, 1])
    /// ```
    [pure, may_fault] divmod(a: Number, b: Number) -> array = native divmod;

    /// Radians as degrees.
    ///
    /// ```ruff
    /// assert_approx(degrees(PI), 180.0)
    /// ```
    [pure] degrees(x: Float) -> float = native degrees;

    /// Degrees as radians.
    ///
    /// ```ruff
    /// assert_approx(radians(180), PI)
    /// ```
    [pure] radians(x: Float) -> float = native radians;

    /// Is it the float "not a number"?
    ///
    /// ```ruff
    /// assert(is_nan(NAN) && !is_nan(1))
    /// ```
    [pure] is_nan(x: Number) -> bool = native is_nan;

    /// Is it neither NaN nor infinite?
    ///
    /// ```ruff
    /// assert(is_finite(1.5) && !is_finite(INF))
    /// ```
    [pure] is_finite(x: Number) -> bool = native is_finite;

    /// Do two numbers differ by at most `eps`, times the greater magnitude where that is above 1?
    ///
    /// ```ruff
    /// assert(approx_equal(0.1 + 0.2, 0.3))
    /// ```
    [pure] approx_equal(a: Float, b: Float, eps: Float = Float(1e-9)) -> bool = native approx_equal;

    /// `a & b`.
    ///
    /// ```ruff
    /// assert_equal(bit_and(6, 3), 2)
    /// ```
    [pure] bit_and(a: Integer, b: Integer) -> int = native bit_and;

    /// `a | b`.
    ///
    /// ```ruff
    /// assert_equal(bit_or(6, 3), 7)
    /// ```
    [pure] bit_or(a: Integer, b: Integer) -> int = native bit_or;

    /// `a ^ b`.
    ///
    /// ```ruff
    /// assert_equal(bit_xor(6, 3), 5)
    /// ```
    [pure] bit_xor(a: Integer, b: Integer) -> int = native bit_xor;

    /// `~a`.
    ///
    /// ```ruff
    /// assert_equal(bit_not(0), -1)
    /// ```
    [pure] bit_not(a: Integer) -> int = native bit_not;

    /// `a << n`.
    ///
    /// ```ruff
    /// assert_equal(bit_shl(1, 70), 2 ** 70)
    /// ```
    [pure, may_fault] bit_shl(a: Integer, n: Integer) -> int = native bit_shl;

    /// `a >> n`.
    ///
    /// ```ruff
    /// assert_equal(bit_shr(-8, 1), -4)
    /// ```
    [pure, may_fault] bit_shr(a: Integer, n: Integer) -> int = native bit_shr;

    /// The number of one bits; of a negative int in its magnitude.
    ///
    /// ```ruff
    /// assert_equal(popcount(255), 8)
    /// ```
    [pure] popcount(a: Integer) -> int = native popcount;
}

type Fallible<T = Value> = Result<T, Raise>;

fn abs(_: &mut dyn Engine, x: Number) -> Fallible {
    Ok(match x {
        Number::Float(x) => Value::Float(x.abs()),
        Number::Int(x) => match x.checked_abs() {
            Some(x) => Value::Int(x),
            None => Value::int_from(-IBig::from(x)),
        },
        Number::Big(x) if x < &IBig::ZERO => Value::int_from(-x),
        Number::Big(x) => Value::int_from(x.clone()),
    })
}

/// A float rounded by `rule` as an exact int.
fn rounded(function: &str, x: Number, rule: fn(f64) -> f64) -> Fallible {
    match x {
        Number::Int(x) => Ok(Value::Int(x)),
        Number::Big(x) => Ok(Value::int_from(x.clone())),
        Number::Float(x) => float_to_int(function, rule(x)),
    }
}

/// A whole float as an int of any size.
fn float_to_int(function: &str, x: f64) -> Fallible {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if (-LIMIT..LIMIT).contains(&x) {
        return Ok(Value::Int(x as i64));
    }
    match exact_int(x) {
        Some(big) => Ok(Value::int_from(big)),
        None => Err(faults::not_finite(function, super::arg::show_float(x))),
    }
}

/// The value of a whole, finite float, from its bits.
fn exact_int(x: f64) -> Option<IBig> {
    if !x.is_finite() {
        return None;
    }
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1075;
    let mantissa = IBig::from((bits & ((1 << 52) - 1)) | (1 << 52));
    let magnitude = if exponent >= 0 { mantissa << exponent as usize } else { mantissa >> exponent.unsigned_abs() as usize };
    Some(if x < 0.0 { -magnitude } else { magnitude })
}

fn floor(_: &mut dyn Engine, x: Number) -> Fallible {
    rounded("floor", x, f64::floor)
}

fn ceil(_: &mut dyn Engine, x: Number) -> Fallible {
    rounded("ceil", x, f64::ceil)
}

fn trunc(_: &mut dyn Engine, x: Number) -> Fallible {
    rounded("trunc", x, f64::trunc)
}

fn round(_: &mut dyn Engine, x: Number, digits: i64) -> Fallible {
    match x {
        Number::Float(x) if digits > 0 => Ok(Value::Float(round_decimals(x, digits))),
        Number::Float(x) if digits == 0 => float_to_int("round", x.round()),
        Number::Float(x) => {
            let Some(whole) = exact_int(x.trunc()) else {
                return Err(faults::not_finite("round", super::arg::show_float(x)));
            };
            Ok(Value::int_from(round_to_power(&whole, digits)))
        }
        _ if digits >= 0 => rounded("round", x, f64::round),
        Number::Int(x) => Ok(Value::int_from(round_to_power(&IBig::from(x), digits))),
        Number::Big(x) => Ok(Value::int_from(round_to_power(x, digits))),
    }
}

/// The float nearest to `x` rounded to a number of decimals, by its shortest decimal form so that `2.675` counts as written.
fn round_decimals(x: f64, digits: i64) -> f64 {
    if !x.is_finite() || digits > 320 {
        return x;
    }
    let scale = 10f64.powi(digits.min(308) as i32);
    let scaled = x * scale;
    if scaled.is_finite() && scaled.abs() < 4_503_599_627_370_496.0 {
        let near = scaled.round();
        let half_away = (scaled.fract().abs() - 0.5).abs() < 1e-9 * scaled.abs().max(1.0);
        let adjusted = if half_away { decimal_half_up(x, digits) } else { None };
        return adjusted.unwrap_or(near / scale);
    }
    x
}

/// Rounds the shortest decimal text of `x`, halves away from zero.
fn decimal_half_up(x: f64, digits: i64) -> Option<f64> {
    let text = format!("{:e}", x.abs());
    let (mantissa, exponent) = text.split_once('e')?;
    let exponent: i64 = exponent.parse().ok()?;
    let figures: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
    let keep = exponent + 1 + digits;
    if keep < 0 || keep as usize >= figures.len() {
        return None;
    }
    let kept = std::str::from_utf8(&figures[..keep as usize]).ok()?;
    let mut whole = kept.parse::<u64>().unwrap_or(0);
    whole += u64::from(figures[keep as usize] >= b'5');
    let magnitude: f64 = format!("{whole}e-{digits}").parse().ok()?;
    Some(magnitude.copysign(x))
}

/// The nearest multiple of `10 ** -digits`, halves away from zero; `digits` is negative.
fn round_to_power(x: &IBig, digits: i64) -> IBig {
    let power = digits.unsigned_abs() as usize;
    let length = x.to_string().len();
    if power > length {
        return IBig::ZERO;
    }
    let unit = IBig::from(10).pow(power);
    let half = &unit / IBig::from(2);
    let shifted = if x < &IBig::ZERO { x - half } else { x + half };
    (shifted / &unit) * unit
}

/// `f(x)` where it is defined.
fn on_domain(function: &str, x: f64, defined: bool, f: fn(f64) -> f64) -> Fallible<f64> {
    if defined || x.is_nan() {
        return Ok(f(x));
    }
    Err(faults::domain_error(format_args!("{function}({})", super::arg::show_float(x))))
}

fn sqrt(_: &mut dyn Engine, x: Float) -> Fallible<f64> {
    on_domain("sqrt", x.0, x.0 >= 0.0, f64::sqrt)
}

fn cbrt(_: &mut dyn Engine, x: Float) -> Fallible<f64> {
    Ok(x.0.cbrt())
}

fn pow(engine: &mut dyn Engine, base: Number, exponent: Number) -> Fallible {
    arithmetic(engine, ArithOp::Pow, base.value(), exponent.value())
}

fn exp(_: &mut dyn Engine, x: Float) -> Fallible<f64> {
    Ok(x.0.exp())
}

/// The logarithm of a number of any size: a big integer is split into a fraction and a power of two.
fn logarithm(function: &str, x: Number, of_float: fn(f64) -> f64, of_two: f64) -> Fallible<f64> {
    if let Number::Big(big) = x
        && big > &IBig::ZERO
    {
        use dashu_int::ops::BitTest;
        let shift = big.bit_len().saturating_sub(60);
        let top: i64 = (big >> shift).try_into().unwrap_or(i64::MAX);
        return Ok(of_float(top as f64) + shift as f64 * of_two);
    }
    let x = x.to_float();
    on_domain(function, x, x > 0.0, of_float)
}

fn log(_: &mut dyn Engine, x: Number, base: Option<Number>) -> Fallible<f64> {
    let natural = logarithm("log", x, f64::ln, std::f64::consts::LN_2)?;
    let Some(base) = base else { return Ok(natural) };
    let divisor = logarithm("log", base, f64::ln, std::f64::consts::LN_2)?;
    if divisor == 0.0 {
        return Err(faults::domain_error("log to base 1"));
    }
    Ok(natural / divisor)
}

fn log2(_: &mut dyn Engine, x: Number) -> Fallible<f64> {
    logarithm("log2", x, f64::log2, 1.0)
}

fn log10(_: &mut dyn Engine, x: Number) -> Fallible<f64> {
    logarithm("log10", x, f64::log10, std::f64::consts::LOG10_2)
}

fn sin(_: &mut dyn Engine, x: Float) -> Fallible<f64> {
    Ok(x.0.sin())
}

fn cos(_: &mut dyn Engine, x: Float) -> Fallible<f64> {
    Ok(x.0.cos())
}

fn tan(_: &mut dyn Engine, x: Float) -> Fallible<f64> {
    Ok(x.0.tan())
}

fn asin(_: &mut dyn Engine, x: Float) -> Fallible<f64> {
    on_domain("asin", x.0, x.0.abs() <= 1.0, f64::asin)
}

fn acos(_: &mut dyn Engine, x: Float) -> Fallible<f64> {
    on_domain("acos", x.0, x.0.abs() <= 1.0, f64::acos)
}

fn atan(_: &mut dyn Engine, x: Float) -> Fallible<f64> {
    Ok(x.0.atan())
}

fn atan2(_: &mut dyn Engine, y: Float, x: Float) -> Fallible<f64> {
    Ok(y.0.atan2(x.0))
}

fn sinh(_: &mut dyn Engine, x: Float) -> Fallible<f64> {
    Ok(x.0.sinh())
}

fn cosh(_: &mut dyn Engine, x: Float) -> Fallible<f64> {
    Ok(x.0.cosh())
}

fn tanh(_: &mut dyn Engine, x: Float) -> Fallible<f64> {
    Ok(x.0.tanh())
}

fn hypot(_: &mut dyn Engine, x: Float, y: Float) -> Fallible<f64> {
    Ok(x.0.hypot(y.0))
}

/// Whether `op` holds between two values, overloads included.
pub(super) fn holds(engine: &mut dyn Engine, op: CompareOp, left: &Value, right: &Value) -> Fallible<bool> {
    if let (Value::Int(left), Value::Int(right)) = (left, right) {
        return Ok(match op {
            CompareOp::Eq => left == right,
            CompareOp::Ne => left != right,
            CompareOp::Lt => left < right,
            CompareOp::Le => left <= right,
            CompareOp::Gt => left > right,
            CompareOp::Ge => left >= right,
        });
    }
    holds_for(engine, op, left, right)
}

/// The same where only callbacks are at hand.
pub(super) fn holds_for(engine: &mut dyn Callback, op: CompareOp, left: &Value, right: &Value) -> Fallible<bool> {
    if let Some(answer) = compare::simple(op, left, right) {
        return Ok(answer);
    }
    let step = compare::compare(op, left, right, engine)?;
    Ok(truthy(&step.finish(engine)?))
}

/// The best of some values: another replaces it if `op` holds between the other and it. One NaN makes the result NaN.
fn best(engine: &mut dyn Engine, op: CompareOp, values: impl Iterator<Item = Value>) -> Fallible {
    let mut best: Option<Value> = None;
    for value in values {
        best = Some(match best {
            None => value,
            Some(best @ Value::Float(x)) if x.is_nan() => best,
            Some(_) if matches!(value, Value::Float(x) if x.is_nan()) => value,
            Some(best) => {
                if holds(engine, op, &value, &best)? {
                    value
                } else {
                    best
                }
            }
        });
    }
    Ok(best.unwrap_or(Value::Null))
}

fn extreme(engine: &mut dyn Engine, function: &str, op: CompareOp, first: Any, second: Missing, others: Rest) -> Fallible {
    match second.0 {
        None => {
            let items = super::iter::items_of(engine, function, "first", first)?;
            best(engine, op, items.into_iter())
        }
        Some(second) => {
            let both = [std::mem::take(first), std::mem::take(second)];
            best(engine, op, both.into_iter().chain(others.into_values()))
        }
    }
}

fn min(engine: &mut dyn Engine, first: Any, second: Missing, others: Rest) -> Fallible {
    extreme(engine, "min", CompareOp::Lt, first, second, others)
}

fn max(engine: &mut dyn Engine, first: Any, second: Missing, others: Rest) -> Fallible {
    extreme(engine, "max", CompareOp::Gt, first, second, others)
}

fn clamp(engine: &mut dyn Engine, x: Any, low: Any, high: Any) -> Fallible {
    if holds(engine, CompareOp::Lt, high, low)? {
        let (low, high) = (structural_debug(low), structural_debug(high));
        return Err(faults::value_error("clamp", format_args!("low must not be greater than high, got {low} and {high}")));
    }
    if holds(engine, CompareOp::Lt, x, low)? {
        return Ok(std::mem::take(low));
    }
    let above = holds(engine, CompareOp::Gt, x, high)?;
    Ok(std::mem::take(if above { high } else { x }))
}

fn sign(_: &mut dyn Engine, x: Number) -> Fallible {
    Ok(match x {
        Number::Int(x) => Value::Int(x.signum()),
        Number::Big(x) => Value::Int(if x < &IBig::ZERO { -1 } else { 1 }),
        Number::Float(x) if x.is_nan() => Value::Float(x),
        Number::Float(x) => Value::Int(i64::from(x > 0.0) - i64::from(x < 0.0)),
    })
}

fn floor_div(engine: &mut dyn Engine, a: Number, b: Number) -> Fallible {
    no_zero_divisor(&b)?;
    Ok(floored_division(engine, a, b)?.0)
}

fn modulo(engine: &mut dyn Engine, a: Number, b: Number) -> Fallible {
    Ok(floored_division(engine, a, b)?.1)
}

fn divmod(engine: &mut dyn Engine, a: Number, b: Number) -> Fallible {
    no_zero_divisor(&b)?;
    let (quotient, rest) = floored_division(engine, a, b)?;
    new_array(vec![quotient, rest])
}

fn no_zero_divisor(b: &Number) -> Fallible<()> {
    match b {
        Number::Int(0) => Err(faults::division_by_zero()),
        Number::Float(b) if *b == 0.0 => Err(faults::division_by_zero()),
        _ => Ok(()),
    }
}

/// Quotient rounded down and what remains.
fn floored_division(engine: &mut dyn Engine, a: Number, b: Number) -> Fallible<(Value, Value)> {
    if let (Number::Int(a), Number::Int(b)) = (a, b)
        && b != 0
        && !(a == i64::MIN && b == -1)
    {
        let (quotient, rest) = (a / b, a % b);
        let down = i64::from(rest != 0 && (rest < 0) != (b < 0));
        return Ok((Value::Int(quotient - down), Value::Int(rest + down * b)));
    }
    let (a, b) = (a.value(), b.value());
    let rest = arithmetic(engine, ArithOp::Mod, a.clone(), b.clone())?;
    let zero = Value::Int(0);
    let negative = holds(engine, CompareOp::Lt, &rest, &zero)?;
    let down = holds(engine, CompareOp::Ne, &rest, &zero)? && negative != holds(engine, CompareOp::Lt, &b, &zero)?;
    let rest = if down { arithmetic(engine, ArithOp::Add, rest, b.clone())? } else { rest };
    let whole = arithmetic(engine, ArithOp::Sub, a, rest.clone())?;
    let quotient = arithmetic(engine, ArithOp::Div, whole, b)?;
    let quotient = if let Value::Float(x) = quotient { Value::Float(x.round()) } else { quotient };
    Ok((quotient, rest))
}

fn degrees(_: &mut dyn Engine, x: Float) -> Fallible<f64> {
    Ok(x.0.to_degrees())
}

fn radians(_: &mut dyn Engine, x: Float) -> Fallible<f64> {
    Ok(x.0.to_radians())
}

fn is_nan(_: &mut dyn Engine, x: Number) -> Fallible<bool> {
    Ok(matches!(x, Number::Float(x) if x.is_nan()))
}

fn is_finite(_: &mut dyn Engine, x: Number) -> Fallible<bool> {
    Ok(!matches!(x, Number::Float(x) if !x.is_finite()))
}

fn approx_equal(_: &mut dyn Engine, a: Float, b: Float, eps: Float) -> Fallible<bool> {
    Ok(is_close(a.0, b.0, eps.0))
}

/// Equal, or apart by at most `eps`, scaled by the greater magnitude where that is above 1.
pub(super) fn is_close(a: f64, b: f64, eps: f64) -> bool {
    a == b || (a - b).abs() <= eps * a.abs().max(b.abs()).max(1.0) && a.is_finite() && b.is_finite()
}

fn bit_and(engine: &mut dyn Engine, a: Integer, b: Integer) -> Fallible {
    arithmetic(engine, ArithOp::BitAnd, a.value(), b.value())
}

fn bit_or(engine: &mut dyn Engine, a: Integer, b: Integer) -> Fallible {
    arithmetic(engine, ArithOp::BitOr, a.value(), b.value())
}

fn bit_xor(engine: &mut dyn Engine, a: Integer, b: Integer) -> Fallible {
    arithmetic(engine, ArithOp::BitXor, a.value(), b.value())
}

fn bit_not(engine: &mut dyn Engine, a: Integer) -> Fallible {
    arith::unary(arith::UnaryOp::BitNot, &a.value())?.finish(engine)
}

fn bit_shl(engine: &mut dyn Engine, a: Integer, n: Integer) -> Fallible {
    arithmetic(engine, ArithOp::Shl, a.value(), n.value())
}

fn bit_shr(engine: &mut dyn Engine, a: Integer, n: Integer) -> Fallible {
    arithmetic(engine, ArithOp::Shr, a.value(), n.value())
}

fn popcount(_: &mut dyn Engine, a: Integer) -> Fallible<i64> {
    Ok(match a {
        Integer::Small(a) => i64::from(a.unsigned_abs().count_ones()),
        Integer::Big(a) => {
            let (_, words) = a.as_sign_words();
            words.iter().map(|word| i64::from(word.count_ones())).sum()
        }
    })
}
