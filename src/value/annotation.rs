//! Annotated types as values are held against them under `--strict-types`. Process-wide and append-only, like declarations.
//!
//! Always holds: looking at a value runs no user code, and goes no deeper than the annotation itself. The fields of an
//! instance are not looked at again: they were when it was made and when they were assigned.
use std::fmt::{self, Display};

use super::function::NoNames;
use super::heap::Registry;
use super::shapes::{DeclId, decl};
use super::{Array, Value, show};

/// The number of an annotation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(transparent)]
pub struct AnnotationId(pub u32);

/// A type as it is written behind a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Annotation {
    /// Every value.
    Any,
    /// The values of which `type(x)` is this name; `float` also takes ints.
    Named(Box<str>),
    /// A struct or enum; of `Result` and `Option` with the types of their payloads, if they are given.
    Declared(DeclId, Box<[Annotation]>),
    /// With the type of the items.
    Array(Box<Annotation>),
    Set(Box<Annotation>),
    /// With the types of keys and values.
    Dict(Box<[Annotation; 2]>),
    /// What can be called; the types of parameters and result are for whoever calls it.
    Func(Box<[Annotation]>, Box<Annotation>),
    /// Any of them.
    Union(Box<[Annotation]>),
}

static ANNOTATIONS: Registry<Annotation> = Registry::new();

/// Adds an annotation.
pub fn register(annotation: Annotation) -> AnnotationId {
    AnnotationId(ANNOTATIONS.push(annotation))
}

/// The annotation with this number.
pub fn annotation(id: AnnotationId) -> Option<&'static Annotation> {
    ANNOTATIONS.get(id.0)
}

/// How one comes from a value to a part of it that does not fit.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Item(usize),
    Entry(String),
    Key,
    Element,
    Payload,
}

/// Why a value does not fit.
#[derive(Clone, Debug)]
pub struct Misfit<'a> {
    expected: &'a Annotation,
    found: &'static str,
    /// From the innermost part outwards.
    path: Vec<Part>,
}

impl Misfit<'_> {
    /// The type that was asked for.
    pub fn expected(&self) -> impl Display {
        self.expected
    }

    /// The type that came.
    pub fn found(&self) -> &'static str {
        self.found
    }

    /// The part that does not fit, in a value called `whole`.
    pub fn place(&self, whole: &str) -> String {
        self.path.iter().rev().fold(whole.to_owned(), |text, part| match part {
            Part::Item(at) => format!("{text}[{at}]"),
            Part::Entry(key) => format!("{text}[{key}]"),
            Part::Key => format!("a key of {text}"),
            Part::Element => format!("an element of {text}"),
            Part::Payload => format!("the value in {text}"),
        })
    }

    fn within(mut self, part: Part) -> Self {
        self.path.push(part);
        self
    }
}

impl Annotation {
    /// What of `value` does not fit.
    pub fn misfit(&self, value: &Value) -> Option<Misfit<'_>> {
        match (self, value) {
            (Annotation::Any, _) => None,
            (Annotation::Named(name), _) => self.unless(value, name_fits(name, value)),
            (Annotation::Array(item), Value::Array(items)) => item.misfit_in(items),
            (Annotation::Set(item), Value::Set(items)) if **item != Annotation::Any => {
                items.iter().find_map(|(element, _)| Some(item.misfit(&element)?.within(Part::Element)))
            }
            (Annotation::Dict(types), Value::Dict(table)) => {
                let [key_type, value_type] = &**types;
                table.iter().find_map(|(key, value)| {
                    let key_misfit = key_type.misfit(&key).map(|misfit| misfit.within(Part::Key));
                    key_misfit.or_else(|| Some(value_type.misfit(value)?.within(Part::Entry(shown(&key)))))
                })
            }
            (Annotation::Set(_), Value::Set(_)) => None,
            (Annotation::Declared(id, _), Value::Struct(object)) => self.unless(value, object.decl_id() == *id),
            (Annotation::Declared(id, payload), _) => match value.as_variant().filter(|view| view.decl == *id) {
                Some(view) => {
                    let ty = payload_type(*id, view.variant, payload)?;
                    Some(ty.misfit(view.payload.first()?)?.within(Part::Payload))
                }
                None => self.unless(value, false),
            },
            (Annotation::Func(..), _) => self.unless(value, value.is_callable()),
            (Annotation::Union(types), _) => self.unless(value, types.iter().any(|ty| ty.misfit(value).is_none())),
            (Annotation::Array(_) | Annotation::Set(_) | Annotation::Dict(_), _) => self.unless(value, false),
        }
    }

    fn unless(&self, value: &Value, fits: bool) -> Option<Misfit<'_>> {
        (!fits).then(|| Misfit { expected: self, found: value.type_name(), path: Vec::new() })
    }

    /// Items stored unboxed are all of one type: the first speaks for them.
    fn misfit_in(&self, items: &Array) -> Option<Misfit<'_>> {
        if *self == Annotation::Any {
            return None;
        }
        let count = if items.as_val_slice().is_some() { items.len() } else { items.len().min(1) };
        (0..count).find_map(|at| Some(self.misfit(&items.get(at)?)?.within(Part::Item(at))))
    }

    /// The type of the items, elements or values.
    pub fn item(&self) -> Option<&Annotation> {
        match self {
            Annotation::Array(item) | Annotation::Set(item) => Some(item),
            Annotation::Dict(types) => Some(&types[1]),
            Annotation::Any
            | Annotation::Named(_)
            | Annotation::Declared(..)
            | Annotation::Func(..)
            | Annotation::Union(_) => None,
        }
    }
}

fn name_fits(name: &str, value: &Value) -> bool {
    let found = value.type_name();
    found == name || (name == "float" && found == "int")
}

/// `Result<T, E>` has a type for each variant, `Option<T>` one for `Some`.
fn payload_type(id: DeclId, variant: u32, types: &[Annotation]) -> Option<&Annotation> {
    match id {
        DeclId::RESULT => types.get(variant as usize),
        DeclId::OPTION => types.first(),
        _ => None,
    }
}

fn shown(key: &Value) -> String {
    let mut text = String::new();
    if !show::scalar(key, show::Form::Debug, &NoNames, &mut text) {
        text.push('…');
    }
    text
}

impl Display for Annotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Annotation::Any => f.write_str("any"),
            Annotation::Named(name) => f.write_str(name),
            Annotation::Declared(id, types) => write_with(f, decl(*id).name.as_str(), types),
            Annotation::Array(item) => write_with(f, "array", std::slice::from_ref(item)),
            Annotation::Set(item) => write_with(f, "set", std::slice::from_ref(item)),
            Annotation::Dict(types) => write_with(f, "dict", &**types),
            Annotation::Func(params, result) => write_function(f, params, result),
            Annotation::Union(types) => write_union(f, types),
        }
    }
}

fn write_with(f: &mut fmt::Formatter<'_>, name: &str, types: &[Annotation]) -> fmt::Result {
    if types.iter().all(|ty| *ty == Annotation::Any) {
        return f.write_str(name);
    }
    write!(f, "{name}<")?;
    write_list(f, types, ", ")?;
    f.write_str(">")
}

/// A function that takes what comes and gives anything is `func()`.
fn write_function(f: &mut fmt::Formatter<'_>, params: &[Annotation], result: &Annotation) -> fmt::Result {
    f.write_str("func(")?;
    write_list(f, params, ", ")?;
    f.write_str(")")?;
    if *result == Annotation::Any { Ok(()) } else { write!(f, " -> {result}") }
}

/// `T?` for two of which one is null.
fn write_union(f: &mut fmt::Formatter<'_>, types: &[Annotation]) -> fmt::Result {
    let is_null = |ty: &Annotation| matches!(ty, Annotation::Named(name) if **name == *"null");
    match types {
        [ty, null] if is_null(null) => write!(f, "{ty}?"),
        _ => write_list(f, types, " | "),
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, types: &[Annotation], between: &str) -> fmt::Result {
    for (at, ty) in types.iter().enumerate() {
        if at > 0 {
            f.write_str(between)?;
        }
        write!(f, "{ty}")?;
    }
    Ok(())
}
