//! Bytes.
use super::Engine;
use super::arg::{Any, BytesSlot, Rest, new_array};
use super::table::builtins;
use crate::semantics::fault::{Raise, faults};
use crate::value::{IBig, Value};

builtins! {
    /// Bytes.
    pub(super) ROWS:

    /// The text as bytes in an encoding: `utf-8`, `utf-16le`, `utf-16be`, `latin-1` or `ascii`.
    ///
    /// ```ruff
    /// assert_equal(encode("é").to_array(), [195, 169])
    /// ```
    [pure, may_fault] encode(s: &str, encoding: &str = "utf-8") -> bytes = native encode;

    /// The text that bytes stand for in an encoding.
    ///
    /// ```ruff
    /// assert_equal(decode(bytes([195, 169])), "é")
    /// ```
    [pure, may_fault] decode(b: BytesSlot, encoding: &str = "utf-8") -> string = native decode;

    /// Values as bytes, by a format as in Python and C: `<` or `>` (the default is `<`: least significant byte first), then
    /// for each value `b B h H i I q Q` (ints of 1, 2, 4, 8 bytes, capitals without sign), `f d` (floats of 4, 8 bytes) or
    /// `Ns` (N bytes of a string or of bytes, filled up with zeros); `x` is a zero byte.
    ///
    /// ```ruff
    /// assert_equal(pack(">Hb", 258, -1), bytes([1, 2, 255]))
    /// ```
    [pure, may_fault] pack(format: &str, values: Rest) -> bytes = native pack;

    /// The values that bytes stand for, by the format of `pack`; `Ns` gives bytes.
    ///
    /// ```ruff
    /// assert_equal(unpack(">Hb", bytes([1, 2, 255])), [258, -1])
    /// ```
    [pure, may_fault] unpack(format: &str, b: BytesSlot) -> array = native unpack;

    /// The bytes that pairs of hexadecimal digits stand for.
    ///
    /// ```ruff
    /// assert_equal(unhex("01ff"), bytes([1, 255]))
    /// ```
    [pure, may_fault] unhex(s: &str) -> bytes = native unhex;

    /// Bytes, or the UTF-8 form of a text, in base 64.
    ///
    /// ```ruff
    /// assert_equal(encode_base64("hello"), "aGVsbG8=")
    /// ```
    [pure, may_fault] encode_base64(data: Any) -> string = native encode_base64;

    /// The bytes that a text in base 64 stands for; white space is skipped, the padding may be missing, `-_` count as `+/`.
    ///
    /// ```ruff
    /// assert_equal(decode(decode_base64("aGVsbG8=")), "hello")
    /// ```
    [pure, may_fault] decode_base64(s: &str) -> bytes = native decode_base64;
}

type Fallible<T = Value> = Result<T, Raise>;

/// The encodings that `encode` and `decode` know.
#[derive(Clone, Copy)]
enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    Latin1,
    Ascii,
}

fn encoding(function: &str, name: &str) -> Fallible<Encoding> {
    match name.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" => Ok(Encoding::Utf8),
        "utf-16le" | "utf-16" => Ok(Encoding::Utf16Le),
        "utf-16be" => Ok(Encoding::Utf16Be),
        "latin-1" | "latin1" | "iso-8859-1" => Ok(Encoding::Latin1),
        "ascii" => Ok(Encoding::Ascii),
        _ => {
            let expected = "utf-8, utf-16le, utf-16be, latin-1 or ascii";
            Err(faults::argument_value(function, "encoding", expected, format_args!("\"{name}\"")))
        }
    }
}

fn encode(_: &mut dyn Engine, s: &str, name: &str) -> Fallible {
    let narrow = |limit: u32| -> Fallible<Vec<u8>> {
        s.chars()
            .map(|c| match u32::from(c) {
                code if code < limit => Ok(code as u8),
                _ => Err(faults::value_error("encode", format_args!("{name} has no '{c}'"))),
            })
            .collect()
    };
    Ok(Value::bytes(match encoding("encode", name)? {
        Encoding::Utf8 => s.as_bytes().to_vec(),
        Encoding::Utf16Le => s.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        Encoding::Utf16Be => s.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        Encoding::Latin1 => narrow(256)?,
        Encoding::Ascii => narrow(128)?,
    }))
}

fn decode(_: &mut dyn Engine, mut b: BytesSlot, name: &str) -> Fallible<String> {
    let bytes = b.object().as_slice();
    let bad = || faults::value_error("decode", format_args!("the bytes are not {name}"));
    let wide = |join: fn([u8; 2]) -> u16| -> Fallible<String> {
        let (units, rest) = bytes.as_chunks::<2>();
        let units: Vec<u16> = units.iter().map(|unit| join(*unit)).collect();
        if rest.is_empty() { String::from_utf16(&units).map_err(|_| bad()) } else { Err(bad()) }
    };
    match encoding("decode", name)? {
        Encoding::Utf8 => std::str::from_utf8(bytes).map(str::to_owned).map_err(|error| {
            faults::value_error("decode", format_args!("the bytes are not {name} at position {}", error.valid_up_to()))
        }),
        Encoding::Utf16Le => wide(u16::from_le_bytes),
        Encoding::Utf16Be => wide(u16::from_be_bytes),
        Encoding::Latin1 => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
        Encoding::Ascii if bytes.is_ascii() => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
        Encoding::Ascii => Err(bad()),
    }
}

/// Two hexadecimal digits per byte.
pub(super) fn hex_of(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

fn unhex(_: &mut dyn Engine, s: &str) -> Fallible {
    let bad = || faults::argument_value("unhex", "s", "pairs of hexadecimal digits", format_args!("\"{s}\""));
    let digits: Option<Vec<u8>> = s.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    let digits = digits.filter(|digits| digits.len().is_multiple_of(2)).ok_or_else(bad)?;
    Ok(Value::bytes(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()))
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn encode_base64(_: &mut dyn Engine, data: Any) -> Fallible<String> {
    let bytes = match &*data {
        Value::Bytes(bytes) => bytes.as_slice(),
        Value::Str(text) => text.as_bytes(),
        _ => return Err(faults::argument_type("encode_base64", "data", "bytes or a string", data.type_name())),
    };
    super::arg::reserve_text("encode_base64", bytes.len().checked_mul(2))?;
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let word = group.iter().enumerate().fold(0u32, |word, (at, byte)| word | u32::from(*byte) << (16 - 8 * at));
        for place in 0..4 {
            let digit = BASE64[(word >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    Ok(out)
}

fn decode_base64(_: &mut dyn Engine, s: &str) -> Fallible {
    let mut out = Vec::with_capacity(s.len() / 4 * 3);
    let (mut word, mut bits) = (0u32, 0);
    for c in s.trim_end_matches(|c: char| c == '=' || c.is_whitespace()).chars().filter(|c| !c.is_whitespace()) {
        let digit = match c {
            'A'..='Z' => c as u32 - 'A' as u32,
            'a'..='z' => c as u32 - 'a' as u32 + 26,
            '0'..='9' => c as u32 - '0' as u32 + 52,
            '+' | '-' => 62,
            '/' | '_' => 63,
            _ => return Err(faults::value_error("decode_base64", format_args!("'{c}' is no digit of base 64"))),
        };
        word = word << 6 | digit;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((word >> bits) as u8);
        }
    }
    if bits >= 6 {
        return Err(faults::value_error("decode_base64", "the text is cut off"));
    }
    Ok(Value::bytes(out))
}

/// One item of a `pack` format.
#[derive(Clone, Copy)]
enum Field {
    /// So many bytes, with a sign or without.
    Int(usize, bool),
    Float(usize),
    Text(usize),
    Zero,
}

/// Whether the most significant byte comes first, and the items with how often each stands there.
fn parse_format(function: &str, format: &str) -> Fallible<(bool, Vec<(Field, usize)>)> {
    let big = format.starts_with(['>', '!']);
    let items = format.strip_prefix(['<', '>', '!', '=']).unwrap_or(format);
    let mut fields = Vec::new();
    let mut count: Option<usize> = None;
    for c in items.chars().filter(|c| !c.is_whitespace()) {
        if let Some(digit) = c.to_digit(10) {
            let longer = count.unwrap_or(0).checked_mul(10).and_then(|n| n.checked_add(digit as usize));
            count = Some(longer.filter(|n| *n <= 1 << 30).ok_or_else(|| bad_format(function, format))?);
            continue;
        }
        let field = match c {
            'b' => Field::Int(1, true),
            'B' => Field::Int(1, false),
            'h' => Field::Int(2, true),
            'H' => Field::Int(2, false),
            'i' | 'l' => Field::Int(4, true),
            'I' | 'L' => Field::Int(4, false),
            'q' => Field::Int(8, true),
            'Q' => Field::Int(8, false),
            'f' => Field::Float(4),
            'd' => Field::Float(8),
            'x' => Field::Zero,
            's' => Field::Text(count.take().unwrap_or(1)),
            _ => return Err(bad_format(function, format)),
        };
        fields.push((field, count.take().unwrap_or(1)));
    }
    if count.is_some() { Err(bad_format(function, format)) } else { Ok((big, fields)) }
}

#[cold]
fn bad_format(function: &str, format: &str) -> Raise {
    faults::argument_value(function, "format", "items of b B h H i I q Q f d x Ns", format_args!("\"{format}\""))
}

/// Appends the lowest `size` bytes of a little-endian form in the wanted order.
fn push_ordered(out: &mut Vec<u8>, little: &[u8], big: bool) {
    if big { out.extend(little.iter().rev()) } else { out.extend(little) }
}

fn pack(_: &mut dyn Engine, format: &str, values: Rest) -> Fallible {
    let (big, fields) = parse_format("pack", format)?;
    let values = values.into_values();
    let wanted: usize = fields.iter().filter(|(field, _)| !matches!(field, Field::Zero)).map(|(_, times)| times).sum();
    if wanted != values.len() {
        return Err(faults::value_error("pack", format_args!("the format takes {wanted} values, got {}", values.len())));
    }
    let mut values = values.into_iter();
    let mut out = Vec::new();
    for (field, times) in fields {
        if let Field::Zero = field {
            super::arg::reserve_text("pack", out.len().checked_add(times))?;
            out.extend(std::iter::repeat_n(0, times));
            continue;
        }
        for value in values.by_ref().take(times) {
            pack_value(&mut out, field, &value, big)?;
        }
    }
    Ok(Value::bytes(out))
}

fn pack_value(out: &mut Vec<u8>, field: Field, value: &Value, big: bool) -> Fallible<()> {
    match (field, value) {
        (Field::Int(size, signed), Value::Int(_) | Value::BigInt(_)) => {
            let number = value.to_ibig().and_then(|n| i128::try_from(n).ok());
            let bits = 8 * size as u32;
            let (low, high) = if signed { (-(1i128 << (bits - 1)), 1i128 << (bits - 1)) } else { (0, 1i128 << bits) };
            let number = number.filter(|n| (low..high).contains(n)).ok_or_else(|| {
                faults::value_error("pack", format_args!("{} does not fit into {size} bytes", super::arg::describe(value)))
            })?;
            push_ordered(out, &number.to_le_bytes()[..size], big);
        }
        (Field::Float(size), Value::Float(_) | Value::Int(_) | Value::BigInt(_)) => {
            let number = crate::semantics::convert::to_f64(value).unwrap_or(f64::NAN);
            if size == 4 {
                push_ordered(out, &(number as f32).to_le_bytes(), big);
            } else {
                push_ordered(out, &number.to_le_bytes(), big);
            }
        }
        (Field::Text(size), Value::Str(_) | Value::Bytes(_)) => {
            super::arg::reserve_text("pack", out.len().checked_add(size))?;
            let bytes = match value {
                Value::Bytes(bytes) => bytes.as_slice(),
                _ => value.as_str().unwrap_or_default().as_bytes(),
            };
            if bytes.len() > size {
                return Err(faults::value_error("pack", format_args!("{} bytes do not fit into {size}", bytes.len())));
            }
            out.extend(bytes);
            out.extend(std::iter::repeat_n(0, size - bytes.len()));
        }
        _ => {
            return Err(faults::type_error(
                "pack",
                format_args!("the format does not fit a value of type {}", value.type_name()),
            ));
        }
    }
    Ok(())
}

fn unpack(_: &mut dyn Engine, format: &str, mut b: BytesSlot) -> Fallible {
    let (big, fields) = parse_format("unpack", format)?;
    let bytes = b.object().as_slice();
    let size = |field: &Field| match field {
        Field::Int(size, _) | Field::Float(size) | Field::Text(size) => *size,
        Field::Zero => 1,
    };
    let wanted = fields.iter().try_fold(0usize, |sum, (field, times)| sum.checked_add(size(field).checked_mul(*times)?));
    let wanted = wanted.ok_or_else(|| bad_format("unpack", format))?;
    if wanted != bytes.len() {
        return Err(faults::value_error("unpack", format_args!("the format takes {wanted} bytes, got {}", bytes.len())));
    }
    let mut values = Vec::new();
    let mut rest = bytes;
    let repeated = fields.iter().flat_map(|(field, times)| std::iter::repeat_n(field, *times));
    for field in repeated {
        let (part, after) = rest.split_at(size(field));
        rest = after;
        let mut little = [0u8; 8];
        if !matches!(field, Field::Text(_)) {
            for (at, byte) in part.iter().enumerate() {
                little[if big { part.len() - 1 - at } else { at }] = *byte;
            }
        }
        let value = match field {
            Field::Zero => continue,
            Field::Text(_) => Value::bytes(part.to_vec()),
            Field::Float(4) => Value::Float(f64::from(f32::from_le_bytes([little[0], little[1], little[2], little[3]]))),
            Field::Float(_) => Value::Float(f64::from_le_bytes(little)),
            Field::Int(_, false) => Value::int_from(IBig::from(u64::from_le_bytes(little))),
            Field::Int(size, true) => {
                let unused = 64 - 8 * *size as u32;
                Value::Int((u64::from_le_bytes(little) << unused) as i64 >> unused)
            }
        };
        super::arg::push_item(&mut values, value, "unpack")?;
    }
    new_array(values)
}
