//! What `--strict-types` asks of values: that they fit the annotations of variables, parameters, results and fields.
//!
//! Always holds: a value is looked at before it is stored, so that a place keeps what it has if something else does not fit.
use super::arith::{self, ArithOp};
use super::fault::{Raise, faults};
use super::index;
use super::step::Step;
use crate::value::annotation::{Annotation, Misfit};
use crate::value::shapes::Decl;
use crate::value::symbol::symbol;
use crate::value::{Inst, Value};

/// Raises unless the value fits; `whole` is what the fault calls it.
#[inline]
pub fn check(annotation: &Annotation, value: &Value, whole: &str) -> Result<(), Raise> {
    annotation.misfit(value).map_or(Ok(()), |misfit| Err(unfit(&misfit, whole)))
}

/// Raises unless what becomes a part of `whole` fits.
#[inline]
fn check_part(annotation: &Annotation, value: &Value, part: &str, whole: &str) -> Result<(), Raise> {
    annotation.misfit(value).map_or(Ok(()), |misfit| Err(unfit(&misfit, &format!("{part} of {whole}"))))
}

#[cold]
fn unfit(misfit: &Misfit<'_>, whole: &str) -> Raise {
    faults::annotated(misfit.place(whole), misfit.expected(), misfit.found())
}

/// Raises unless all that is in `value` may be put into a collection with this annotation.
pub fn check_items(annotation: &Annotation, value: &Value, whole: &str) -> Result<(), Raise> {
    match (annotation, value) {
        (Annotation::Array(item) | Annotation::Set(item), Value::Array(items)) => {
            items.iter().try_for_each(|one| check_part(item, &one, "an item", whole))
        }
        (Annotation::Array(item) | Annotation::Set(item), Value::Set(items)) => {
            items.keys().try_for_each(|one| check_part(item, &one, "an item", whole))
        }
        (Annotation::Dict(types), Value::Dict(entries)) => entries.iter().try_for_each(|(key, value)| {
            check_part(&types[0], &key, "a key", whole)?;
            check_part(&types[1], value, "an item", whole)
        }),
        _ => Ok(()),
    }
}

/// Raises unless the fields of a new instance fit.
#[inline]
pub fn check_fields(declared: &Decl, values: &[Value]) -> Result<(), Raise> {
    if declared.is_annotated() { check_all_fields(declared, values) } else { Ok(()) }
}

#[inline(never)]
fn check_all_fields(declared: &Decl, values: &[Value]) -> Result<(), Raise> {
    for (at, (annotation, value)) in declared.annotations(0).iter().zip(values).enumerate() {
        if let Some(misfit) = annotation.and_then(|annotation| annotation.misfit(value)) {
            return Err(unfit(&misfit, &field_name(declared, at)));
        }
    }
    Ok(())
}

/// Raises unless the value fits the field.
#[inline]
pub fn check_field(declared: &Decl, at: usize, value: &Value) -> Result<(), Raise> {
    match declared.annotations(0).get(at).copied().flatten().and_then(|annotation| annotation.misfit(value)) {
        Some(misfit) => Err(unfit(&misfit, &field_name(declared, at))),
        None => Ok(()),
    }
}

fn field_name(declared: &Decl, at: usize) -> String {
    let field = declared.as_struct().and_then(|body| body.fields.get(at)).map_or("?", |field| field.name.as_str());
    format!("{}.{field}", declared.name)
}

/// Raises unless the payload of a new enum value fits.
pub fn check_payload(declared: &Decl, variant: u32, values: &[Value]) -> Result<(), Raise> {
    let annotations = declared.annotations(variant as usize);
    for (at, (annotation, value)) in annotations.iter().zip(values).enumerate() {
        if let Some(misfit) = annotation.and_then(|annotation| annotation.misfit(value)) {
            let mut whole = String::new();
            crate::value::show::variant_name(declared.id, variant, &mut whole);
            let declared = declared.as_enum().map(|body| &body.variants[variant as usize].payload[at]);
            return Err(unfit(&misfit, &format!("{whole}: {}", declared.map_or("?", |name| name.as_str()))));
        }
    }
    Ok(())
}

/// A part of a value that a path leads to.
pub struct Part<'a> {
    /// What it is held against: the annotation of the last field on the path, and of the items in that.
    pub annotation: Option<&'a Annotation>,
    /// What is there now.
    pub value: Option<Value>,
}

impl<'a> Part<'a> {
    /// Follows `keys`, strings being names of fields; `annotation` is that of the root.
    pub fn find(annotation: Option<&'a Annotation>, root: &Value, keys: impl Iterator<Item = Value>) -> Part<'a> {
        let whole = Part { annotation, value: Some(root.clone()) };
        keys.fold(whole, |part, key| match (part.value, &key) {
            (Some(Value::Struct(object)), Value::Str(name)) => Part::field(&object, name.as_str()),
            (value, _) => Part {
                annotation: part.annotation.and_then(Annotation::item),
                value: value.and_then(|base| item(&base, &key)),
            },
        })
    }

    fn field(object: &Inst, name: &str) -> Part<'a> {
        let declared = crate::value::shapes::decl(object.decl_id());
        let at = object.struct_decl().position(symbol(name));
        let annotation = at.and_then(|at| declared.annotations(0).get(at).copied().flatten());
        Part { annotation, value: at.and_then(|at| object.get(at)) }
    }

    /// Raises if `value` is not what `part op= value` may store, where no overload runs.
    pub fn check_update(&self, op: ArithOp, value: &Value, whole: &str) -> Result<(), Raise> {
        let (Some(annotation), Some(current)) = (self.annotation, &self.value) else { return Ok(()) };
        let is_number = |value: &Value| matches!(value, Value::Int(_) | Value::BigInt(_) | Value::Float(_));
        match (current, value) {
            _ if is_number(current) && is_number(value) => match arith::binary(op, current, value) {
                Ok(Step::Done(result)) => check(annotation, &result, whole),
                _ => Ok(()),
            },
            (Value::Array(_), Value::Array(added)) => match annotation.item() {
                Some(item) => added.iter().try_for_each(|one| check_part(item, &one, "an item", whole)),
                None => check(annotation, value, whole),
            },
            // The result is of the kind of the text or array.
            (Value::Array(_), Value::Str(_)) => check(annotation, value, whole),
            (_, Value::Array(_) | Value::Str(_)) if is_number(current) => check(annotation, value, whole),
            _ => Ok(()),
        }
    }
}

fn item(base: &Value, key: &Value) -> Option<Value> {
    match (base, key) {
        (Value::Array(items), Value::Int(at)) => items.get(index::position(*at, items.len())?),
        (Value::Dict(table), _) => table.get(key).ok().flatten().cloned(),
        _ => None,
    }
}
