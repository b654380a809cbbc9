//! Format specs (LANGUAGE §1): `[[fill](< | ^ | >)][+][#][0][width][, | _][.precision][x X o b e E ? %]`.
//!
//! Numbers are formatted as numbers and stand on the right, everything else by its display form and on the left. A spec
//! that asks for what the value has not (hexadecimal digits of a string) is a `ValueError`.
use std::borrow::Cow;

use super::convert::{digits, to_f64};
use super::display::{debug, display, float_text};
use super::fault::{Raise, faults};
use super::memory;
use super::step::Callback;
use crate::limits;
use crate::value::{Value, type_name};

/// Where the text stands within its width.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    Left,
    Center,
    Right,
}

/// A spec whose sizes are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    pub fill: char,
    pub align: Option<Align>,
    pub plus: bool,
    pub alternate: bool,
    pub zero: bool,
    pub width: Option<usize>,
    pub group: Option<char>,
    pub precision: Option<usize>,
    /// One of `x X o b e E ? %`.
    pub kind: Option<char>,
}

impl Default for Spec {
    fn default() -> Spec {
        Spec {
            fill: ' ',
            align: None,
            plus: false,
            alternate: false,
            zero: false,
            width: None,
            group: None,
            precision: None,
            kind: None,
        }
    }
}

impl Spec {
    /// Reads a spec that is known only at run time (the `format` builtin); sizes are digits.
    pub fn parse(text: &str) -> Result<Spec, Raise> {
        SpecReader { rest: text }.spec().ok_or_else(|| faults::format_spec(text))
    }
}

struct SpecReader<'a> {
    rest: &'a str,
}

impl SpecReader<'_> {
    fn spec(mut self) -> Option<Spec> {
        let mut spec = Spec::default();
        self.fill_and_align(&mut spec);
        spec.plus = self.take('+');
        spec.alternate = self.take('#');
        spec.zero = self.take('0');
        spec.width = self.size()?;
        spec.group = [',', '_'].into_iter().find(|&group| self.take(group));
        if self.take('.') {
            spec.precision = Some(self.size()??);
        }
        spec.kind = "xXobeE?%".chars().find(|&kind| self.take(kind));
        self.rest.is_empty().then_some(spec)
    }

    fn fill_and_align(&mut self, spec: &mut Spec) {
        let mut chars = self.rest.chars();
        let (first, second) = (chars.next(), chars.next());
        if let (Some(fill), Some(align)) = (first, second.and_then(align_of)) {
            spec.fill = fill;
            spec.align = Some(align);
            self.rest = chars.as_str();
        } else if let Some(align) = first.and_then(align_of) {
            spec.align = Some(align);
            self.rest = &self.rest[1..];
        }
    }

    fn take(&mut self, wanted: char) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Digits, if some stand here; `None` if they are no size.
    fn size(&mut self) -> Option<Option<usize>> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (size, rest) = self.rest.split_at(digits);
        self.rest = rest;
        if digits == 0 { Some(None) } else { size.parse().ok().map(Some) }
    }
}

fn align_of(sign: char) -> Option<Align> {
    match sign {
        '<' => Some(Align::Left),
        '^' => Some(Align::Center),
        '>' => Some(Align::Right),
        _ => None,
    }
}

/// A computed width or precision (`part` names which) as a size.
pub fn size(part: &str, value: &Value) -> Result<usize, Raise> {
    match value {
        Value::Int(size) if *size >= 0 => Ok(*size as usize),
        Value::Int(size) => Err(faults::format_size(part, size)),
        other => Err(faults::format_size(part, type_name(other))),
    }
}

/// The text of `value` under `spec`.
pub fn format(value: &Value, spec: &Spec, callback: &mut dyn Callback) -> Result<String, Raise> {
    check_sizes(spec)?;
    match value {
        Value::Int(_) | Value::BigInt(_) if spec.kind != Some('?') => integer(value, spec),
        Value::Float(number) if spec.kind != Some('?') => float(*number, spec),
        Value::Float(_) | Value::Int(_) | Value::BigInt(_) => Ok(aligned(debug(value, callback)?, spec, Align::Right)),
        other => text(other, spec, callback),
    }
}

fn check_sizes(spec: &Spec) -> Result<(), Raise> {
    let size = spec.width.unwrap_or(0).saturating_add(spec.precision.unwrap_or(0));
    limits::reserve(size.saturating_mul(spec.fill.len_utf8())).map_err(|refused| memory("format", refused))
}

/// Anything but a number.
fn text(value: &Value, spec: &Spec, callback: &mut dyn Callback) -> Result<String, Raise> {
    let is_debug = match spec.kind {
        None => false,
        Some('?') => true,
        Some(_) => return Err(misfit(spec, value)),
    };
    if spec.group.is_some() || spec.plus || spec.alternate {
        return Err(misfit(spec, value));
    }
    let mut text = if is_debug { debug(value, callback)? } else { display(value, callback)? };
    if let Some((cut, _)) = spec.precision.and_then(|precision| text.char_indices().nth(precision)) {
        text.truncate(cut);
    }
    Ok(aligned(text, spec, Align::Left))
}

fn misfit(spec: &Spec, value: &Value) -> Raise {
    faults::format_type(spec_text(spec), type_name(value))
}

/// The part of the spec that a fault quotes.
fn spec_text(spec: &Spec) -> String {
    let mut text = String::new();
    text.extend(spec.plus.then_some('+'));
    text.extend(spec.alternate.then_some('#'));
    text.extend(spec.group);
    text.extend(spec.kind);
    text
}

/// A number taken apart for padding and grouping.
struct Number<'a> {
    negative: bool,
    prefix: &'static str,
    /// The digits before the point.
    digits: Cow<'a, str>,
    /// Point, decimals, exponent, percent sign.
    tail: &'a str,
    group_size: usize,
}

fn integer(value: &Value, spec: &Spec) -> Result<String, Raise> {
    let (radix, prefix) = match spec.kind {
        Some('x' | 'X') => (16, "0x"),
        Some('o') => (8, "0o"),
        Some('b') => (2, "0b"),
        Some('e' | 'E' | '%') => return float(to_f64(value).unwrap_or(f64::NAN), spec),
        _ => (10, ""),
    };
    let mut digits = digits(value, radix)?;
    let negative = digits.starts_with('-');
    if negative {
        digits.remove(0);
    }
    if spec.kind == Some('X') {
        digits.make_ascii_uppercase();
    }
    let decimals = if radix == 10 { spec.precision.filter(|&precision| precision > 0) } else { None };
    let tail = decimals.map_or(String::new(), |precision| format!(".{:0<precision$}", ""));
    let prefix = if spec.alternate { prefix } else { "" };
    let group_size = if radix == 10 { 3 } else { 4 };
    Ok(number(Number { negative, prefix, digits: digits.into(), tail: &tail, group_size }, spec))
}

fn float(value: f64, spec: &Spec) -> Result<String, Raise> {
    if matches!(spec.kind, Some('x' | 'X' | 'o' | 'b')) {
        return Err(misfit(spec, &Value::Float(value)));
    }
    if !value.is_finite() {
        let sign = if spec.plus && value > 0.0 { "+" } else { "" };
        let percent = if spec.kind == Some('%') { "%" } else { "" };
        let plain = Spec { zero: false, ..spec.clone() };
        return Ok(aligned(format!("{sign}{}{percent}", float_text(value)), &plain, Align::Right));
    }
    let magnitude = value.abs();
    let body = match (spec.kind, spec.precision) {
        (Some('e'), None) => format!("{magnitude:e}"),
        (Some('e'), Some(precision)) => scientific(magnitude, precision, "e"),
        (Some('E'), None) => format!("{magnitude:E}"),
        (Some('E'), Some(precision)) => scientific(magnitude, precision, "E"),
        (Some('%'), precision) => percent(magnitude, precision),
        (_, Some(precision)) => fixed(magnitude, precision),
        (_, None) => float_text(magnitude),
    };
    let cut = body.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(body.len());
    let (digits, tail) = body.split_at(cut);
    let parts = Number { negative: value.is_sign_negative(), prefix: "", digits: digits.into(), tail, group_size: 3 };
    Ok(number(parts, spec))
}

/// Decimals of the exact value of a float, at most: all further ones are zeros.
const MOST_DECIMALS: usize = 1074;

/// Powers of ten that 64 bits hold.
const MOST_SMALL: usize = 19;

fn fixed(magnitude: f64, precision: usize) -> String {
    if let Some(text) = fixed_by_product(magnitude, precision) {
        return text;
    }
    let (known, zeros) = (precision.min(MOST_DECIMALS), precision.saturating_sub(MOST_DECIMALS));
    let mut text = format!("{magnitude:.known$}");
    text.extend(std::iter::repeat_n('0', zeros));
    text
}

/// The exact value with so many decimals, ties to even, by one product of whole numbers: that of the digits wanted, and what is cut off.
/// Nothing for floats and precisions that have no room in it. The general way of the standard library takes ten times as long for
/// values that end soon, as 2.5.
fn fixed_by_product(magnitude: f64, precision: usize) -> Option<String> {
    let (fraction, exponent) = (magnitude.to_bits() & ((1 << 52) - 1), (magnitude.to_bits() >> 52) as u32);
    // Of what is as small as the exponent 0 stands for, no decimals are wanted here. The value is mantissa / 2^shift.
    let (mantissa, shift) = (fraction | 1 << 52, 1075u32.checked_sub(exponent)?);
    if !(1..=100).contains(&shift) || precision > MOST_SMALL {
        return None;
    }
    let unit = 10u64.pow(precision as u32);
    let product = u128::from(mantissa) * u128::from(unit);
    let (floor, rest, half) = (u64::try_from(product >> shift).ok()?, product & ((1 << shift) - 1), 1 << (shift - 1));
    let rounds_up = rest > half || (rest == half && floor & 1 == 1);
    let scaled = floor.checked_add(u64::from(rounds_up))?;
    let (mut whole, mut decimals) = (itoa::Buffer::new(), itoa::Buffer::new());
    let (whole, decimals) = (whole.format(scaled / unit), decimals.format(scaled % unit));
    let mut text = String::with_capacity(whole.len() + 1 + precision);
    text.push_str(whole);
    if precision > 0 {
        text.push('.');
        (decimals.len()..precision).for_each(|_| text.push('0'));
        text.push_str(decimals);
    }
    Some(text)
}

fn scientific(magnitude: f64, precision: usize, mark: &str) -> String {
    let (known, zeros) = (precision.min(MOST_DECIMALS), precision.saturating_sub(MOST_DECIMALS));
    let text = format!("{magnitude:.known$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let zeros: String = std::iter::repeat_n('0', zeros).collect();
    format!("{mantissa}{zeros}{mark}{exponent}")
}

/// Hundredths. The decimal point is moved in the shortest decimal form, so that 0.07 is `7%` and not 7.000000000000001%.
fn percent(magnitude: f64, precision: Option<usize>) -> String {
    let shortest = format!("{magnitude:e}");
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let scaled: f64 = format!("{mantissa}e{}", exponent + 2).parse().unwrap_or(f64::INFINITY);
    match precision {
        Some(precision) => format!("{}%", fixed(scaled, precision)),
        None => format!("{}%", float_text(scaled)),
    }
}

/// Sign, prefix, zeros up to the width, grouped digits, tail; then aligned.
fn number(mut parts: Number, spec: &Spec) -> String {
    let sign = match (parts.negative, spec.plus) {
        (true, _) => "-",
        (false, true) => "+",
        (false, false) => "",
    };
    if spec.zero && spec.align.is_none() {
        let around = sign.len() + parts.prefix.len() + parts.tail.len();
        zero_fill(&mut parts, spec.width.unwrap_or(0).saturating_sub(around), spec.group.is_some());
    }
    if let Some(mark) = spec.group {
        parts.digits = grouped(&parts.digits, mark, parts.group_size).into();
    }
    let text = [sign, parts.prefix, &*parts.digits, parts.tail].concat();
    aligned(text, spec, Align::Right)
}

/// Puts zeros before the digits until they fill `room`; with grouping, as many as leave no room for one more.
fn zero_fill(parts: &mut Number, room: usize, grouping: bool) {
    let marks = |digits: usize| if grouping { digits.saturating_sub(1) / parts.group_size } else { 0 };
    let mut wanted = parts.digits.len();
    let estimate = if grouping { room * parts.group_size / (parts.group_size + 1) } else { room };
    wanted = wanted.max(estimate);
    while wanted + marks(wanted) < room {
        wanted += 1;
    }
    parts.digits = format!("{:0>wanted$}", parts.digits).into();
}

fn grouped(digits: &str, mark: char, size: usize) -> String {
    let mut text = String::with_capacity(digits.len() + digits.len() / size);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(size) {
            text.push(mark);
        }
        text.push(digit);
    }
    text
}

/// Fills `text` up to the width.
fn aligned(text: String, spec: &Spec, natural: Align) -> String {
    let Some(width) = spec.width else { return text };
    let count = if text.is_ascii() { text.len() } else { text.chars().count() };
    let Some(missing) = width.checked_sub(count).filter(|&missing| missing > 0) else { return text };
    let fill = if spec.zero && spec.align.is_none() { '0' } else { spec.fill };
    let before = match spec.align.unwrap_or(natural) {
        Align::Left => 0,
        Align::Center => missing / 2,
        Align::Right => missing,
    };
    let mut padded = String::with_capacity(text.len() + missing * fill.len_utf8());
    padded.extend(std::iter::repeat_n(fill, before));
    padded.push_str(&text);
    padded.extend(std::iter::repeat_n(fill, missing - before));
    padded
}

#[cfg(test)]
mod tests {
    use super::super::step::NoCallback;
    use super::*;

    #[track_caller]
    fn check(value: impl Into<Operand>, spec: &str, expected: &str) {
        let spec = Spec::parse(spec).unwrap();
        assert_eq!(format(&value.into().0, &spec, &mut NoCallback).unwrap(), expected);
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
    impl From<&str> for Operand {
        fn from(text: &str) -> Operand {
            Operand(Value::str(text))
        }
    }
    impl From<bool> for Operand {
        fn from(truth: bool) -> Operand {
            Operand(Value::bool(truth))
        }
    }

    #[test]
    fn both_ways_to_decimals_agree() {
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state >> 11
        };
        let mut compared = 0;
        for at in 0..20_000 {
            // Ties, halves of them, and anything.
            let number = match at % 4 {
                0 => (next() % 4000) as f64 / 8.0,
                1 => (next() % 1_000_000) as f64 / 64.0,
                2 => next() as f64 / (1u64 << (next() % 64)) as f64,
                _ => f64::from_bits(next() << 10 & !(1 << 63)),
            };
            for precision in [0, 1, 2, 3, 6, 15, 19, 20] {
                if let Some(text) = fixed_by_product(number, precision) {
                    assert_eq!(text, format!("{number:.precision$}"), "{number:?} to {precision}");
                    compared += 1;
                }
            }
        }
        assert!(compared > 60_000, "{compared}");
    }

    #[test]
    fn numbers() {
        check(3.24159, ".2", "3.24");
        check(5, ".2", "5.00");
        check(255, "08x", "000000ff");
        check(255, "#x", "0xff");
        check(255, "#010b", "0b11111111");
        check(-255, "X", "-FF");
        check(1234567, ",", "1,234,567");
        check(1234567, "_", "1_234_567");
        check(0xdead_beef, "_x", "dead_beef");
        check(1234, "010,", "00,001,234");
        check(1234.5, ",.2", "1,234.50");
        check(42, "+", "+42");
        check(-42, "+06", "-00042");
        check(42, "6", "    42");
        check(42, "<6", "42    ");
        check(42, "*^6", "**42**");
        check(0.5, ".1%", "50.0%");
        check(0.07, "%", "7%");
        check(12345.678, ".2e", "1.23e4");
        check(12345.678, "E", "1.2345678E4");
        check(2.0, "?", "2.0");
        check(f64::NAN, "06", "   NaN");
        check(0.125, ".2", "0.12");
        check(i64::MIN, "x", "-8000000000000000");
    }

    #[test]
    fn texts() {
        check("ab", "5", "ab   ");
        check("ab", ">5", "   ab");
        check("ab", "·^6", "··ab··");
        check("añb", "5", "añb  ");
        check("abcdef", ".3", "abc");
        check("a\"b", "?", "\"a\\\"b\"");
        check(true, ">6", "  true");
    }

    #[test]
    fn specs_that_do_not_fit() {
        for spec in ["x", ",", "+", "e", "%"] {
            let spec = Spec::parse(spec).unwrap();
            assert!(format(&Value::str("a"), &spec, &mut NoCallback).is_err());
        }
        assert!(format(&Value::Float(1.5), &Spec::parse("x").unwrap(), &mut NoCallback).is_err());
        for spec in [".", "xx", "5.", "q", ",,", "5+"] {
            assert!(Spec::parse(spec).is_err(), "{spec}");
        }
    }

    #[test]
    fn a_width_beyond_memory_is_a_memory_error() {
        let spec = Spec { width: Some(1 << 60), ..Spec::default() };
        assert!(format(&Value::Int(1), &spec, &mut NoCallback).is_err());
    }
}
