//! Display and debug text of any value (LANGUAGE §3).
//!
//! Containers are walked with a list of frames, so data of any depth is shown; the memory limit is asked while the text
//! grows, since shared data can be far larger as text. A struct's `to_string` is called at every depth through the
//! [`Callback`]; the *structural* forms never run user code and are what reports and faults use.
use super::fault::{Raise, faults};
use super::member::overload;
use super::memory;
use super::step::Callback;
use crate::limits;
use crate::value::function::NoNames;
use crate::value::instance::Collection;
use crate::value::layout::{Borrowed, View};
use crate::value::shapes::Contents;
use crate::value::show::{self, Form};
use crate::value::symbol::known;
use crate::value::{Array, Dict, FnId, Inst, Str, Value};

/// What `print` and interpolation show.
pub fn display(value: &Value, callback: &mut dyn Callback) -> Result<String, Raise> {
    let mut out = String::new();
    display_into(&mut out, value, callback)?;
    Ok(out)
}

/// What `inspect` and `${x:?}` show.
pub fn debug(value: &Value, callback: &mut dyn Callback) -> Result<String, Raise> {
    let mut out = String::new();
    debug_into(&mut out, value, callback)?;
    Ok(out)
}

/// Appends the display form. On an error `out` may hold a part of it.
#[inline]
pub fn display_into(out: &mut String, value: &Value, callback: &mut dyn Callback) -> Result<(), Raise> {
    match value {
        Value::Str(text) => out.push_str(text.as_str()),
        Value::Int(number) => super::arith::push_int(out, *number),
        other => return write(out, other, Form::Display, User::Run(callback)).map(|_| ()),
    }
    Ok(())
}

/// Appends the debug form. On an error `out` may hold a part of it.
pub fn debug_into(out: &mut String, value: &Value, callback: &mut dyn Callback) -> Result<(), Raise> {
    write(out, value, Form::Debug, User::Run(callback)).map(|_| ())
}

/// Appends the display form to a string in place, if nobody else holds it: for interpolation. `place` is a string.
pub fn append(place: &mut Value, value: &Value, callback: &mut dyn Callback) -> Result<(), Raise> {
    let no_room = |refused| memory("string", refused);
    if let (Value::Str(text), Value::Str(more)) = (&mut *place, value) {
        return Str::push_str(text, more.as_str()).map_err(no_room);
    }
    let more = display(value, callback)?;
    place.push_str(&more).map(|_| ()).map_err(no_room)
}

/// The display form without user code: `to_string` is ignored, functions have no names.
pub fn structural(value: &Value) -> String {
    structural_as(value, Form::Display)
}

/// The debug form without user code.
pub fn structural_debug(value: &Value) -> String {
    structural_as(value, Form::Debug)
}

fn structural_as(value: &Value, form: Form) -> String {
    let mut out = String::new();
    if write(&mut out, value, form, User::Ignore).is_err() {
        out.push('…');
    }
    out
}

/// The display form, if it takes no user code and no name of a function.
pub fn plain(value: &Value) -> Option<Result<String, Raise>> {
    let mut out = String::new();
    match write(&mut out, value, Form::Display, User::Refuse) {
        Ok(true) => Some(Ok(out)),
        Ok(false) => None,
        Err(raise) => Some(Err(raise)),
    }
}

/// Is this an instance without an own `to_string` whose fields are numbers, bools, strings and nulls? Its display form takes no
/// user code and stays the same.
pub fn is_settled(value: &Value) -> bool {
    let Value::Struct(object) = value else { return false };
    let is_simple = |at| match object.borrow(at) {
        Some(field) => {
            matches!(*field, Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Str(_))
        }
        None => false,
    };
    object.collection().is_none()
        && overload(&Borrowed::of(value), known::TO_STRING).is_none()
        && (0..object.len()).all(is_simple)
}

/// The display form of a string or a small int; `digits` is room for a number's.
#[inline]
pub fn simple<'a>(value: &'a Value, digits: &'a mut itoa::Buffer) -> Option<&'a str> {
    match value {
        Value::Str(text) => Some(text.as_str()),
        Value::Int(number) => Some(digits.format(*number)),
        _ => None,
    }
}

/// Appends the display form, if it takes no user code and no name of a function; false otherwise, with any part of it appended.
pub fn plain_into(out: &mut String, value: &Value) -> bool {
    match simple(value, &mut itoa::Buffer::new()) {
        Some(text) => out.push_str(text),
        None => return matches!(write(out, value, Form::Display, User::Refuse), Ok(true)),
    }
    true
}

/// What is done where user code or the engine's names are needed.
enum User<'c> {
    Run(&'c mut dyn Callback),
    Ignore,
    /// Give up.
    Refuse,
}

impl User<'_> {
    fn poll(&mut self) -> Result<(), Raise> {
        match self {
            User::Run(callback) => callback.poll(),
            User::Ignore | User::Refuse => Ok(()),
        }
    }
}

/// An object whose parts are being shown.
enum Frame<'a> {
    Array {
        items: &'a Array,
        from: usize,
        at: usize,
    },
    /// Arrays of which the last part is shown.
    Entries {
        items: &'a Array,
        order: Vec<usize>,
        at: usize,
    },
    Dict {
        table: &'a Dict,
        at: usize,
    },
    Set {
        table: &'a Dict,
        at: usize,
    },
    Struct {
        object: &'a Inst,
        at: usize,
    },
    Payload {
        values: &'a [Value],
        at: usize,
    },
}

/// Text between two questions whether memory suffices.
const CHECK_EVERY: usize = 1 << 20;

/// Writes any value. False: user code would have been needed and `user` refuses it.
fn write(out: &mut String, value: &Value, form: Form, mut user: User) -> Result<bool, Raise> {
    let mut stack: Vec<Frame<'_>> = Vec::new();
    if !begin(out, &Borrowed::of(value), form, &mut user, &mut stack)? {
        return Ok(false);
    }
    let mut check_at = out.len() + CHECK_EVERY;
    while let Some(frame) = stack.last_mut() {
        if out.len() >= check_at {
            check_at = out.len() + CHECK_EVERY;
            limits::reserve(out.len() + CHECK_EVERY).map_err(|refused| memory("display", refused))?;
            user.poll()?;
        }
        match frame.next(out, form) {
            Some(part) => {
                if !begin(out, &part, form, &mut user, &mut stack)? {
                    return Ok(false);
                }
            }
            None => {
                stack.pop();
            }
        }
    }
    Ok(true)
}

impl<'a> Frame<'a> {
    /// Writes what stands before the next part, which is given to be shown; or the end.
    fn next(&mut self, out: &mut String, form: Form) -> Option<Borrowed<'a>> {
        match self {
            Frame::Array { items, from, at } => {
                let items: &'a Array = items;
                let next = items.borrow(*at);
                separate(out, *at - *from, next.is_some(), "]");
                *at += 1;
                next
            }
            Frame::Entries { items, order, at } => {
                let items: &'a Array = items;
                let next = order.get(*at).and_then(|&entry| last_part(items, entry));
                separate(out, *at, next.is_some(), "]");
                *at += 1;
                next
            }
            Frame::Payload { values, at } => {
                let values: &'a [Value] = values;
                let next = values.get(*at).map(Borrowed::of);
                separate(out, *at, next.is_some(), ")");
                *at += 1;
                next
            }
            Frame::Struct { object, at } => {
                let object: &'a Inst = object;
                let next = object.borrow(*at);
                separate(out, *at, next.is_some(), if *at == 0 { "}" } else { " }" });
                if let Some(field) = object.struct_decl().fields.get(*at) {
                    if *at == 0 {
                        out.push(' ');
                    }
                    out.push_str(field.name.as_str());
                    out.push_str(": ");
                }
                *at += 1;
                next
            }
            Frame::Set { table, at } => {
                let table: &'a Dict = table;
                let next = table.next_entry(*at);
                separate(out, *at, next.is_some(), "}");
                let (position, entry) = next?;
                *at = position + 1;
                Some(entry.key())
            }
            Frame::Dict { table, at } => {
                let table: &'a Dict = table;
                let next = table.next_entry(*at);
                separate(out, *at, next.is_some(), "}");
                let (position, entry) = next?;
                *at = position + 1;
                write_key(out, &entry.key(), form);
                Some(Borrowed::of(&entry.value))
            }
        }
    }
}

fn last_part(items: &Array, entry: usize) -> Option<Borrowed<'_>> {
    let View::Array(parts) = items.borrow(entry)?.object() else { return None };
    parts.borrow(parts.len().checked_sub(1)?)
}

/// The entries in the order of their first parts if these are numbers, which no user code orders, else as they stand.
fn order_of(items: &Array, from: usize) -> Vec<usize> {
    let key = |entry: usize| match items.borrow(entry).map(|entry| entry.object()) {
        Some(View::Array(parts)) => (parts.get(0).unwrap_or_default(), parts.get(1).unwrap_or_default()),
        _ => (Value::Null, Value::Null),
    };
    let mut keyed: Vec<_> = (from..items.len()).map(|entry| (key(entry), entry)).collect();
    if keyed.iter().all(|((priority, _), _)| matches!(priority, Value::Int(_) | Value::Float(_) | Value::BigInt(_))) {
        let by = |a: &Value, b: &Value| super::compare::order_numbers(a, b).flatten().unwrap_or(std::cmp::Ordering::Equal);
        keyed.sort_by(|((a, first), _), ((b, second), _)| by(a, b).then(by(first, second)));
    }
    keyed.into_iter().map(|(_, entry)| entry).collect()
}

fn separate(out: &mut String, at: usize, more: bool, end: &str) {
    if !more {
        out.push_str(end);
    } else if at > 0 {
        out.push_str(", ");
    }
}

/// A dict's key: strings are quoted in both forms, structured keys are shown structurally.
fn write_key(out: &mut String, key: &Value, form: Form) {
    match key {
        Value::Str(text) => show::quoted(text.as_str(), out),
        other => {
            if write(out, other, form, User::Ignore).is_err() {
                out.push('…');
            }
        }
    }
    out.push_str(": ");
}

/// Writes a value without parts, or its beginning and a frame for the parts.
fn begin<'a>(
    out: &mut String,
    value: &Borrowed<'a>,
    form: Form,
    user: &mut User,
    stack: &mut Vec<Frame<'a>>,
) -> Result<bool, Raise> {
    match value.object() {
        View::Array(items) => {
            if items.len() > CHECK_EVERY {
                // Each item takes its comma and blank at least.
                let least = items.len().saturating_mul(2).saturating_add(out.len());
                limits::reserve(least).map_err(|refused| memory("display", refused))?;
            }
            out.push('[');
            stack.push(Frame::Array { items, from: 0, at: 0 });
        }
        View::Dict(table) => {
            out.push('{');
            stack.push(Frame::Dict { table, at: 0 });
        }
        View::Set(table) => {
            out.push_str("Set{");
            stack.push(Frame::Set { table, at: 0 });
        }
        View::Error(error) if form == Form::Debug => {
            out.push_str("Error(");
            stack.push(Frame::Payload { values: std::slice::from_ref(error.data().message()), at: 0 });
        }
        View::Error(error) => return begin(out, &Borrowed::of(error.data().message()), form, user, stack),
        View::Struct(_) | View::Variant(_) => return begin_declared(out, value, user, stack),
        View::Str(_) | View::BigInt(_) | View::Bytes(_) | View::Other => return leaf(out, value, form, user),
    }
    Ok(true)
}

fn begin_declared<'a>(
    out: &mut String,
    value: &Borrowed<'a>,
    user: &mut User,
    stack: &mut Vec<Frame<'a>>,
) -> Result<bool, Raise> {
    if let Some(method) = overload(value, known::TO_STRING) {
        match user {
            User::Run(callback) => return to_string(out, value, method, *callback).map(|()| true),
            User::Refuse => return Ok(false),
            User::Ignore => {}
        }
    }
    match value.object() {
        View::Struct(object) => {
            out.push_str(value.type_name());
            match object.collection() {
                Some(Collection { items, from, contents: Contents::Entries }) => {
                    out.push('[');
                    stack.push(Frame::Entries { items, order: order_of(items, from), at: 0 });
                }
                Some(Collection { items, from, .. }) => {
                    out.push('[');
                    stack.push(Frame::Array { items, from, at: from });
                }
                None => {
                    out.push_str(" {");
                    stack.push(Frame::Struct { object, at: 0 });
                }
            }
        }
        View::Variant(object) => {
            if let Some(view) = value.as_variant() {
                show::variant_name(view.decl, view.variant, out);
            }
            out.push('(');
            stack.push(Frame::Payload { values: object.payload(), at: 0 });
        }
        _ => {}
    }
    Ok(true)
}

/// Calls `to_string` and writes its result, which must be a string.
fn to_string(out: &mut String, value: &Value, method: FnId, callback: &mut dyn Callback) -> Result<(), Raise> {
    match callback.call_method(method, value.clone(), &mut [])? {
        Value::Str(text) => {
            out.push_str(text.as_str());
            Ok(())
        }
        other => Err(faults::to_string_result(value.type_name(), other.type_name())),
    }
}

/// A value without parts.
fn leaf(out: &mut String, value: &Value, form: Form, user: &mut User) -> Result<bool, Raise> {
    let function = match value {
        Value::Fn0(function) => *function,
        Value::Closure(closure) => closure.func(),
        Value::Module(id) => match user {
            User::Run(callback) => {
                out.push_str(&format!("<module {}>", callback.module_name(*id)));
                return Ok(true);
            }
            User::Ignore => {
                out.push_str("<module>");
                return Ok(true);
            }
            User::Refuse => return Ok(false),
        },
        Value::BigInt(big) => {
            limits::reserve(big_text_size(big.get())).map_err(|refused| memory("display", refused))?;
            out.push_str(&big.get().to_string());
            return Ok(true);
        }
        Value::Unit { .. } if overload(value, known::TO_STRING).is_some() => {
            match (user, overload(value, known::TO_STRING)) {
                (User::Run(callback), Some(method)) => return to_string(out, value, method, *callback).map(|()| true),
                (User::Refuse, _) => return Ok(false),
                _ => {
                    show::scalar(value, form, &NoNames, out);
                    return Ok(true);
                }
            }
        }
        other => {
            show::scalar(other, form, &NoNames, out);
            return Ok(true);
        }
    };
    match user {
        User::Run(callback) => {
            let name = callback.function_name(function);
            function_text(out, &name, callback.is_builtin(function));
        }
        User::Ignore => out.push_str("<func>"),
        User::Refuse => return Ok(false),
    }
    Ok(true)
}

/// `<func name>`, `<func>` for lambdas, `<builtin len>`.
fn function_text(out: &mut String, name: &str, builtin: bool) {
    out.push_str(if builtin { "<builtin" } else { "<func" });
    if !name.is_empty() && name != "<lambda>" {
        out.push(' ');
        out.push_str(name);
    }
    out.push('>');
}

/// Decimal digits of a big integer, and what the conversion needs besides.
fn big_text_size(big: &crate::value::IBig) -> usize {
    use dashu_int::ops::BitTest;
    big.bit_len()
}

/// The text of a float as display shows it.
pub fn float_text(number: f64) -> String {
    let mut out = String::new();
    show::float(number, Form::Display, &mut out);
    out
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&structural_debug(self))
    }
}

#[cfg(test)]
mod tests {
    use super::super::step::NoCallback;
    use super::*;
    use crate::value::FnId;
    use crate::value::shapes::{self, Field, Method, declare_enum, declare_struct};
    use crate::value::symbol::symbol;

    #[track_caller]
    fn check(value: &Value, shown: &str, debugged: &str) {
        assert_eq!(display(value, &mut NoCallback).unwrap(), shown);
        assert_eq!(debug(value, &mut NoCallback).unwrap(), debugged);
    }

    fn array(items: &[Value]) -> Value {
        Value::array(items.to_vec())
    }

    #[test]
    fn scalars() {
        check(&Value::Null, "null", "null");
        check(&Value::bool(true), "true", "true");
        check(&Value::Int(i64::MIN), "-9223372036854775808", "-9223372036854775808");
        check(&Value::Float(100.0), "100", "100.0");
        check(&Value::Float(2.5), "2.5", "2.5");
        check(&Value::Float(-0.0), "-0", "-0.0");
        check(&Value::Float(1e21), "1e21", "1e21");
        check(&Value::Float(1e-7), "1e-7", "1e-7");
        check(&Value::Float(f64::NAN), "NaN", "NaN");
        check(&Value::Float(f64::NEG_INFINITY), "-inf", "-inf");
        check(&Value::str("a\"\n"), "a\"\n", "\"a\\\"\\n\"");
    }

    #[test]
    fn containers() {
        let xs = array(&[Value::Int(1), Value::str("a"), array(&[Value::Float(2.0)])]);
        check(&xs, "[1, a, [2]]", "[1, \"a\", [2.0]]");
        check(&array(&[]), "[]", "[]");
        check(&Value::range(0, 1, 3).unwrap(), "[0, 1, 2]", "[0, 1, 2]");
        let d = Value::dict([(Value::str("a"), Value::Int(1)), (Value::Int(2), Value::str("t"))]).unwrap();
        check(&d, "{\"a\": 1, 2: t}", "{\"a\": 1, 2: \"t\"}");
        check(&Value::dict([]).unwrap(), "{}", "{}");
        check(&Value::set([Value::Int(1), Value::str("x")]).unwrap(), "Set{1, x}", "Set{1, \"x\"}");
        check(&Value::ok(Value::Int(1)), "Ok(1)", "Ok(1)");
        check(&Value::err(Value::str("bad")), "Err(bad)", "Err(\"bad\")");
        check(&Value::none(), "None", "None");
    }

    #[test]
    fn declared_types() {
        let field = |name| Field { name: symbol(name), float: false };
        let id = declare_struct(symbol("Pnt"), [field("x"), field("y")]);
        let point = Value::instance(id, vec![Value::Int(1), Value::str("b")]).unwrap();
        check(&point, "Pnt { x: 1, y: b }", "Pnt { x: 1, y: \"b\" }");
        let empty = Value::instance(declare_struct(symbol("Emp"), []), vec![]).unwrap();
        check(&empty, "Emp {}", "Emp {}");
        let shape = declare_enum(symbol("Shape3"), &[(symbol("Circle"), &[symbol("r")]), (symbol("Nil"), &[])]);
        check(&Value::enum_value(shape, 0, vec![Value::Int(5)]), "Shape3::Circle(5)", "Shape3::Circle(5)");
        check(&Value::enum_value(shape, 1, vec![]), "Shape3::Nil", "Shape3::Nil");
    }

    /// Answers every call of a method with a fixed text.
    struct Says(&'static str);
    impl Callback for Says {
        fn call_method(&mut self, _: FnId, _: Value, _: &mut [Value]) -> Result<Value, Raise> {
            Ok(Value::str(self.0))
        }
        fn call(&mut self, _: &Value, _: &mut [Value]) -> Result<Value, Raise> {
            Ok(Value::Null)
        }
        fn function_name(&self, function: FnId) -> std::sync::Arc<str> {
            if function.0 == 0 { "len".into() } else { "<lambda>".into() }
        }
        fn is_builtin(&self, function: FnId) -> bool {
            function.0 == 0
        }
        fn poll(&mut self) -> Result<(), Raise> {
            Ok(())
        }
    }

    #[test]
    fn to_string_is_used_at_every_depth() {
        let id = declare_struct(symbol("Money"), [Field { name: symbol("n"), float: false }]);
        let method = Method { func: FnId(99), has_self: true, mutating: false };
        shapes::decl(id).add_methods([(known::TO_STRING, method)]);
        let xs = array(&[Value::instance(id, vec![Value::Int(1)]).unwrap(), Value::Null]);
        assert_eq!(display(&xs, &mut Says("5 EUR")).unwrap(), "[5 EUR, null]");
        assert_eq!(structural(&xs), "[Money { n: 1 }, null]");
        assert!(plain(&xs).is_none());
    }

    #[test]
    fn functions_by_name() {
        let xs = array(&[Value::Fn0(FnId(0)), Value::Fn0(FnId(5))]);
        assert_eq!(display(&xs, &mut Says("")).unwrap(), "[<builtin len>, <func>]");
    }

    #[test]
    fn deep_and_shared_data() {
        let deep = (0..1_000_000).fold(Value::Int(1), |inner, _| array(&[inner]));
        assert_eq!(structural(&deep).len(), 2_000_001);
        drop(deep);
    }
}
