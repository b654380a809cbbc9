//! Display and debug text of everything but containers, and the pieces that containers are shown with.
//! Containers themselves are walked in `semantics`, where a struct's `to_string` can be called.

use std::fmt::Write;

use super::{FnNames, Value};

/// The two forms of text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// What `print` shows: strings raw, whole floats without `.0`.
    Display,
    /// What `inspect` shows: strings quoted and escaped, whole floats with `.0`.
    Debug,
}

/// Appends a float: shortest text that reads back the same; exponent form from 1e21 up and below 1e-6.
pub fn float(x: f64, form: Form, out: &mut String) {
    if x.is_nan() {
        out.push_str("NaN");
    } else if x.is_infinite() {
        out.push_str(if x > 0.0 { "inf" } else { "-inf" });
    } else if x != 0.0 && !(1e-6..1e21).contains(&x.abs()) {
        let _ = write!(out, "{x:e}");
    } else {
        let _ = write!(out, "{x}");
        if form == Form::Debug && x.fract() == 0.0 {
            out.push_str(".0");
        }
    }
}

/// Appends text in quotes, with the escapes of the language; `${` does not interpolate when read back.
pub fn quoted(text: &str, out: &mut String) {
    out.push('"');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\0' => out.push_str("\\0"),
            '$' if chars.peek() == Some(&'{') => out.push_str("\\$"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

/// Appends bytes as `b"…"` with `\xNN` for what is not printable ASCII.
pub fn bytes(data: &[u8], out: &mut String) {
    out.push_str("b\"");
    for &byte in data {
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\t' => out.push_str("\\t"),
            b'\r' => out.push_str("\\r"),
            0x20..=0x7e => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
    }
    out.push('"');
}

/// Appends the text of a value that contains no others. False for arrays, dicts, sets, instances, enum
/// values with payload and errors, which nothing is appended for.
pub fn scalar(value: &Value, form: Form, names: &dyn FnNames, out: &mut String) -> bool {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(b) => out.push_str(if b.get() { "true" } else { "false" }),
        Value::Int(i) => {
            let _ = write!(out, "{i}");
        }
        Value::Float(x) => float(*x, form, out),
        Value::BigInt(i) => {
            let _ = write!(out, "{}", i.get());
        }
        Value::Str(s) if form == Form::Debug => quoted(s.as_str(), out),
        Value::Str(s) => out.push_str(s.as_str()),
        Value::Bytes(b) => bytes(b.as_slice(), out),
        Value::Fn0(func) => function(*func, names, out),
        Value::Closure(closure) => function(closure.func(), names, out),
        Value::Unit { decl, .. } => unit(value, *decl, out),
        Value::Type(ty) => out.push_str(ty.name()),
        Value::Module(id) => {
            let _ = write!(out, "<module {}>", names.module(*id));
        }
        Value::Iter(_) => out.push_str("<iterator>"),
        Value::Gen(_) => out.push_str("<generator>"),
        Value::Handle(handle) => {
            let _ = write!(out, "<{}>", handle.object().type_name());
        }
        Value::Cell(_) | Value::Uninit | Value::InUse => {
            let _ = write!(out, "<{}>", value.type_name());
        }
        Value::Array(_) | Value::Dict(_) | Value::Set(_) | Value::Struct(_) | Value::Variant(_) | Value::Error(_) => {
            return false;
        }
    }
    true
}

fn function(func: super::FnId, names: &dyn FnNames, out: &mut String) {
    let name = names.function(func);
    out.push_str(if name.builtin { "<builtin" } else { "<func" });
    if let Some(name) = name.name {
        out.push(' ');
        out.push_str(name);
    }
    out.push('>');
}

fn unit(value: &Value, decl: super::DeclId, out: &mut String) {
    if let Some(view) = value.as_variant() {
        variant_name(decl, view.variant, out);
    }
}

/// Appends `Ok`, `Some`, `None` …, or `Shape::Circle` for enums that are not of the prelude.
pub fn variant_name(id: super::DeclId, variant: u32, out: &mut String) {
    let decl = super::shapes::decl(id);
    if id != super::DeclId::OPTION && id != super::DeclId::RESULT {
        out.push_str(decl.name.as_str());
        out.push_str("::");
    }
    if let Some(variant) = decl.as_enum().and_then(|body| body.variants.get(variant as usize)) {
        out.push_str(variant.name.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::super::function::NoNames;
    use super::super::{FnId, IBig};
    use super::*;

    fn text(value: &Value, form: Form) -> String {
        let mut out = String::new();
        assert!(scalar(value, form, &NoNames, &mut out));
        out
    }

    fn floats(x: f64) -> (String, String) {
        (text(&Value::Float(x), Form::Display), text(&Value::Float(x), Form::Debug))
    }

    #[test]
    fn floats_are_shortest() {
        let both = |x, display: &str, debug: &str| assert_eq!(floats(x), (display.into(), debug.into()));
        both(100.0, "100", "100.0");
        both(2.5, "2.5", "2.5");
        both(0.1 + 0.2, "0.30000000000000004", "0.30000000000000004");
        both(1e21, "1e21", "1e21");
        both(1.5e300, "1.5e300", "1.5e300");
        both(1e20, "100000000000000000000", "100000000000000000000.0");
        both(1e-6, "0.000001", "0.000001");
        both(1e-7, "1e-7", "1e-7");
        both(-0.0, "-0", "-0.0");
        both(f64::NEG_INFINITY, "-inf", "-inf");
        both(f64::NAN, "NaN", "NaN");
    }

    #[test]
    fn debug_text_is_quoted_and_escaped() {
        let value = Value::str("a\"b\\\n\u{1}${x} $5 é");
        assert_eq!(text(&value, Form::Debug), r#""a\"b\\\n\u{1}\${x} $5 é""#);
        assert_eq!(text(&value, Form::Display), value.as_str().unwrap());
        assert_eq!(text(&Value::bytes(vec![b'a', 0, 255]), Form::Display), r#"b"a\x00\xff""#);
    }

    #[test]
    fn the_rest() {
        assert_eq!(text(&Value::function(FnId(0)), Form::Display), "<func>");
        assert_eq!(text(&Value::none(), Form::Display), "None");
        let big = Value::int_from(IBig::from(10).pow(20));
        assert_eq!(text(&big, Form::Display), "100000000000000000000");
    }
}
