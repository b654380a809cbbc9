//! `format(template, …)`: `{}` fields with the format specs of interpolation, and `%` conversions.
use super::super::Engine;
use super::super::arg::Rest;
use crate::semantics::display;
use crate::semantics::fault::{Raise, faults};
use crate::semantics::format::{self, Align, Spec};
use crate::value::Value;

type Fallible<T> = Result<T, Raise>;

/// The template filled in.
pub fn fill(engine: &mut dyn Engine, template: &str, values: Rest) -> Fallible<String> {
    let mut filler = Filler { values: values.into_values(), next: 0, out: String::with_capacity(template.len()) };
    let mut rest = template;
    while let Some(at) = rest.find(['{', '}', '%']) {
        filler.out.push_str(&rest[..at]);
        rest = match &rest[at..] {
            text if text.starts_with("{{") || text.starts_with("}}") => {
                filler.out.push_str(&text[..1]);
                &text[2..]
            }
            text if text.starts_with('{') => filler.field(engine, text)?,
            text if text.starts_with('}') => return Err(bad("a single } must be written }}")),
            text => filler.conversion(engine, text)?,
        };
    }
    filler.out.push_str(rest);
    Ok(filler.out)
}

#[cold]
fn bad(message: &str) -> Raise {
    faults::value_error("format", message)
}

struct Filler {
    values: Vec<Value>,
    next: usize,
    out: String,
}

impl Filler {
    /// The value that the next `{}` or `%` takes.
    fn take_next(&mut self) -> Fallible<Value> {
        self.next += 1;
        self.values.get(self.next - 1).cloned().ok_or_else(|| {
            let values = if self.next == 1 { "value" } else { "values" };
            bad(&format!("the template takes at least {} {values}, got {}", self.next, self.values.len()))
        })
    }

    /// `{}`, `{0}`, `{name}`, each with an optional `:spec`; gives what follows it.
    fn field<'t>(&mut self, engine: &mut dyn Engine, text: &'t str) -> Fallible<&'t str> {
        let end = text.find('}').ok_or_else(|| bad("a single { must be written {{"))?;
        let inside = &text[1..end];
        let (name, spec) = inside.split_once(':').map_or((inside, None), |(name, spec)| (name, Some(spec)));
        let value = self.named(name.trim())?;
        match spec {
            None => display::display_into(&mut self.out, &value, engine)?,
            Some(spec) => {
                let spec = Spec::parse(spec)?;
                self.out.push_str(&format::format(&value, &spec, engine)?);
            }
        }
        Ok(&text[end + 1..])
    }

    fn named(&mut self, name: &str) -> Fallible<Value> {
        if name.is_empty() {
            return self.take_next();
        }
        if let Ok(index) = name.parse::<usize>() {
            let missing = || bad(&format!("there is no value {{{index}}}, got {}", self.values.len()));
            return self.values.get(index).cloned().ok_or_else(missing);
        }
        let [Value::Dict(entries)] = self.values.as_slice() else {
            return Err(bad(&format!("{{{name}}} needs a dict as the only value")));
        };
        entries.get_str(name).cloned().ok_or_else(|| bad(&format!("the dict has no entry \"{name}\"")))
    }

    /// `%s %d %f %x %o %b %e %%` with flags, width and precision; a `%` that begins none of them stands for itself.
    fn conversion<'t>(&mut self, engine: &mut dyn Engine, text: &'t str) -> Fallible<&'t str> {
        let Some((spec, letter, length)) = conversion(&text[1..]) else {
            self.out.push('%');
            return Ok(&text[1..]);
        };
        if letter == '%' {
            self.out.push('%');
        } else {
            let value = self.take_next()?;
            let text = converted(engine, &value, spec, letter)?;
            self.out.push_str(&text);
        }
        Ok(&text[1 + length..])
    }
}

/// The spec of a conversion, its letter and its length.
fn conversion(text: &str) -> Option<(Spec, char, usize)> {
    let mut spec = Spec::default();
    let mut at = 0;
    let bytes = text.as_bytes();
    while let Some(flag) = bytes.get(at) {
        match flag {
            b'-' => spec.align = Some(Align::Left),
            b'+' => spec.plus = true,
            b'0' => spec.zero = true,
            b'#' => spec.alternate = true,
            _ => break,
        }
        at += 1;
    }
    let number = |at: &mut usize| {
        let begin = *at;
        while bytes.get(*at).is_some_and(u8::is_ascii_digit) {
            *at += 1;
        }
        // What no machine can count is refused by the memory limit.
        (*at > begin).then(|| text[begin..*at].parse::<usize>().unwrap_or(usize::MAX / 2))
    };
    spec.width = number(&mut at);
    if bytes.get(at) == Some(&b'.') {
        at += 1;
        spec.precision = Some(number(&mut at).unwrap_or(0));
    }
    let letter = char::from(*bytes.get(at)?);
    matches!(letter, 's' | 'd' | 'i' | 'f' | 'x' | 'X' | 'o' | 'b' | 'e' | '%').then_some((spec, letter, at + 1))
}

fn converted(engine: &mut dyn Engine, value: &Value, mut spec: Spec, letter: char) -> Fallible<String> {
    let is_number = matches!(value, Value::Int(_) | Value::BigInt(_) | Value::Float(_));
    if letter != 's' && !is_number || letter != 's' && letter != 'f' && letter != 'e' && !value.is_int() {
        let wanted = if matches!(letter, 'f' | 'e') { "a number" } else { "an int" };
        return Err(bad(&format!("%{letter} needs {wanted}, got {}", value.type_name())));
    }
    match letter {
        's' => {
            let mut text = display::display(value, engine)?;
            if let Some(limit) = spec.precision.take() {
                text.truncate(super::algorithms::byte_offset(&text, limit));
            }
            if spec.align.is_none() {
                spec.align = Some(Align::Right);
            }
            spec.zero = false;
            let text = super::new_string(&text)?;
            return format::format(&text, &spec, engine);
        }
        'f' => spec.precision = Some(spec.precision.unwrap_or(6)),
        'd' | 'i' => spec.precision = None,
        letter => spec.kind = Some(letter),
    }
    format::format(value, &spec, engine)
}
