//! Writing JSON.
use super::super::Engine;
use super::super::arg::Within;
use crate::limits;
use crate::semantics::fault::{Raise, faults};
use crate::value::shapes::Contents;
use crate::value::show::{self, Form};
use crate::value::{ArrRef, DeclId, Dict, Inst, Ref, Set, Value};

type Fallible<T> = Result<T, Raise>;

/// A container that is being written, and the position of its next item.
enum Open {
    Array(ArrRef, usize),
    Dict(Ref<Dict>, usize),
    Set(Ref<Set>, usize),
    Struct(Ref<Inst>, usize),
    /// Name and payload of an enum value: `{"Circle": [2]}`.
    Payload(ArrRef, usize),
}

struct Writer<'a> {
    function: &'a str,
    out: String,
    /// Spaces per level; `None` for compact text.
    indent: Option<usize>,
    open: Vec<Open>,
    /// Up to this length the text is covered by `limits::reserve`.
    reserved: usize,
}

/// The JSON text of a value.
pub fn text(engine: &mut dyn Engine, function: &str, value: &Value, indent: Option<usize>) -> Fallible<String> {
    let mut writer = Writer { function, out: String::new(), indent, open: Vec::new(), reserved: 1 << 16 };
    writer.value(value)?;
    let mut items = 0u32;
    while let Some(top) = writer.open.pop() {
        items = items.wrapping_add(1);
        if items.is_multiple_of(16384) {
            engine.poll()?;
        }
        writer.item(top)?;
        if writer.out.len() > writer.reserved {
            limits::reserve(writer.out.len()).within(function)?;
            writer.reserved = writer.out.len() * 2;
        }
    }
    Ok(writer.out)
}

impl Writer<'_> {
    /// Writes the next item of a container, or its end.
    fn item(&mut self, top: Open) -> Fallible<()> {
        match top {
            Open::Array(items, at) => match items.get(at) {
                Some(item) => {
                    self.separate(at);
                    self.open.push(Open::Array(items, at + 1));
                    self.value(&item)
                }
                None => {
                    self.close(']', at);
                    Ok(())
                }
            },
            Open::Payload(items, at) => match items.get(at) {
                Some(item) => {
                    self.separate(at);
                    self.open.push(Open::Payload(items, at + 1));
                    self.value(&item)
                }
                None => {
                    self.close(']', at);
                    self.out.push('}');
                    Ok(())
                }
            },
            Open::Set(items, at) => match items.table().next_entry(at) {
                Some((position, entry)) => {
                    self.separate(at);
                    let key = entry.key().get().clone();
                    self.open.push(Open::Set(items.clone(), position + 1));
                    self.value(&key)
                }
                None => {
                    self.close(']', at);
                    Ok(())
                }
            },
            Open::Dict(entries, at) => match entries.next_entry(at) {
                Some((position, entry)) => {
                    self.separate(at);
                    self.key(entry.key().get())?;
                    let value = entry.value.clone();
                    self.open.push(Open::Dict(entries.clone(), position + 1));
                    self.value(&value)
                }
                None => {
                    self.close('}', at);
                    Ok(())
                }
            },
            Open::Struct(object, at) => match object.get(at) {
                Some(value) => {
                    self.separate(at);
                    let name = object.struct_decl().fields[at].name;
                    quote(name.as_str(), &mut self.out);
                    self.colon();
                    self.open.push(Open::Struct(object, at + 1));
                    self.value(&value)
                }
                None => {
                    self.close('}', at);
                    Ok(())
                }
            },
        }
    }

    /// Writes a scalar, or the beginning of a container.
    fn value(&mut self, value: &Value) -> Fallible<()> {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(b) => self.out.push_str(if b.get() { "true" } else { "false" }),
            Value::Int(x) => push_int(*x, &mut self.out),
            Value::BigInt(x) => self.out.push_str(&x.get().to_string()),
            Value::Float(x) => self.float(*x)?,
            Value::Str(text) => quote(text.as_str(), &mut self.out),
            Value::Array(items) => self.begin('[', Open::Array(items.clone(), 0)),
            Value::Set(items) => self.begin('[', Open::Set(items.clone(), 0)),
            Value::Dict(entries) => self.begin('{', Open::Dict(entries.clone(), 0)),
            Value::Struct(object) => self.instance(value, object)?,
            Value::Unit { .. } | Value::Variant(_) => self.variant(value)?,
            _ => return Err(faults::type_error(self.function, format_args!("JSON has no {}", value.type_name()))),
        }
        Ok(())
    }

    /// A struct is an object of its fields, a queue or stack an array.
    fn instance(&mut self, value: &Value, object: &Ref<Inst>) -> Fallible<()> {
        match object.collection() {
            None => self.begin('{', Open::Struct(object.clone(), 0)),
            Some(found) if found.contents == Contents::Items => {
                let Some(Value::Array(items)) = object.get(0) else { return Ok(()) };
                let items = items.slice_of(found.from, usize::MAX).within(self.function)?;
                self.begin('[', Open::Array(items, 0));
            }
            Some(_) => return Err(faults::type_error(self.function, format_args!("JSON has no {}", value.type_name()))),
        }
        Ok(())
    }

    fn variant(&mut self, value: &Value) -> Fallible<()> {
        let Some(parts) = value.as_variant() else { return Ok(()) };
        match (parts.decl, parts.payload) {
            (DeclId::OPTION, []) => self.out.push_str("null"),
            (DeclId::OPTION, [some]) => {
                // The payload is written as the next item of nothing: `Some(x)` is `x`.
                let some = some.clone();
                return self.value(&some);
            }
            (_, []) => quote(parts.declared().name.as_str(), &mut self.out),
            (_, payload) => {
                let items = crate::value::array::from_vec(payload.to_vec()).within(self.function)?;
                self.out.push('{');
                quote(parts.declared().name.as_str(), &mut self.out);
                self.colon();
                self.begin('[', Open::Payload(items, 0));
            }
        }
        Ok(())
    }

    fn float(&mut self, x: f64) -> Fallible<()> {
        if !x.is_finite() {
            let shown = super::super::arg::show_float(x);
            return Err(faults::value_error(self.function, format_args!("JSON has no {shown}")));
        }
        show::float(x, Form::Debug, &mut self.out);
        Ok(())
    }

    fn key(&mut self, key: &Value) -> Fallible<()> {
        match key {
            Value::Str(text) => quote(text.as_str(), &mut self.out),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::BigInt(_) | Value::Float(_) => {
                let mut text = String::new();
                show::scalar(key, Form::Display, &crate::value::function::NoNames, &mut text);
                quote(&text, &mut self.out);
            }
            _ => {
                let message = format!("a key of a JSON object is a string, not {}", key.type_name());
                return Err(faults::type_error(self.function, message));
            }
        }
        self.colon();
        Ok(())
    }

    fn colon(&mut self) {
        self.out.push_str(if self.indent.is_some() { ": " } else { ":" });
    }

    fn begin(&mut self, bracket: char, open: Open) {
        self.out.push(bracket);
        self.open.push(open);
    }

    /// Between items, and before the first. The container itself is not on the stack now.
    fn separate(&mut self, at: usize) {
        if at > 0 {
            self.out.push(',');
        }
        self.new_line(self.open.len() + 1);
    }

    fn close(&mut self, bracket: char, at: usize) {
        if at > 0 {
            self.new_line(self.open.len());
        }
        self.out.push(bracket);
    }

    fn new_line(&mut self, depth: usize) {
        if let Some(indent) = self.indent {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n(' ', indent * depth));
        }
    }
}

/// The decimal text of an int.
fn push_int(x: i64, out: &mut String) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = x.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if x < 0 {
        out.push('-');
    }
    out.extend(digits[at..].iter().map(|digit| char::from(*digit)));
}

/// A string in quotes, with what JSON requires escaped.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(end) = rest.bytes().position(|byte| byte < 0x20 || matches!(byte, b'"' | b'\\')) {
        out.push_str(&rest[..end]);
        match rest.as_bytes()[end] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            8 => out.push_str("\\b"),
            12 => out.push_str("\\f"),
            control => out.push_str(&format!("\\u{control:04x}")),
        }
        rest = &rest[end + 1..];
    }
    out.push_str(rest);
    out.push('"');
}
