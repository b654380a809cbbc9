//! Bytes.
use super::Engine;
use super::arg::{Any, BytesSlot};
use super::table::builtins;
use crate::semantics::fault::{Raise, faults};
use crate::value::Value;

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
