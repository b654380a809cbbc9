//! What the resolver writes around values that annotations are enforced on (`--strict-types`). No program can name these.
use super::Engine;
use super::arg::{Any, Rest};
use super::iter::items_of;
use crate::semantics::annotated::{Part, check, check_items};
use crate::semantics::arith::ArithOp;
use crate::semantics::fault::Raise;
use crate::value::annotation::{Annotation, AnnotationId, annotation};
use crate::value::{DeclId, Value};

fn known(number: i64) -> Result<&'static Annotation, Raise> {
    let id = u32::try_from(number).ok().and_then(|number| annotation(AnnotationId(number)));
    id.ok_or_else(|| Raise::bug("an annotation without a number"))
}

/// The value, if it fits.
pub(super) fn typed(_: &mut dyn Engine, value: Any, number: i64, whole: &str) -> Result<Value, Raise> {
    check(known(number)?, value, whole)?;
    Ok(value.take())
}

/// The operand of `?`; what it may return early has to fit the result of the function.
pub(super) fn typed_exit(engine: &mut dyn Engine, value: Any, number: i64, whole: &str) -> Result<Value, Raise> {
    let leaves = value.as_variant().is_some_and(|view| match view.decl {
        DeclId::RESULT => view.variant == 1,
        DeclId::OPTION => view.variant == 0,
        _ => false,
    });
    if leaves { typed(engine, value, number, whole) } else { Ok(value.take()) }
}

/// The value of `root.keys = value`, if it fits the field on the path.
pub(super) fn typed_part(_: &mut dyn Engine, value: Any, whole: &str, root: Any, keys: Rest) -> Result<Value, Raise> {
    if let Some(annotation) = Part::find(None, root, keys.into_values().into_iter()).annotation {
        check(annotation, value, whole)?;
    }
    Ok(value.take())
}

/// The value of `root.keys op= value`, if the result fits the annotation of that number or of the field on the path.
pub(super) fn typed_update(
    _: &mut dyn Engine,
    value: Any,
    whole: &str,
    op: &str,
    number: Option<i64>,
    root: Any,
    keys: Rest,
) -> Result<Value, Raise> {
    let annotation = number.map(known).transpose()?;
    let op = ArithOp::written(op).ok_or_else(|| Raise::bug("an operator that is none"))?;
    let mut part = Part::find(annotation, root, keys.into_values().into_iter());
    part.annotation = annotation.or(part.annotation);
    part.check_update(op, value, whole)?;
    Ok(value.take())
}

/// A value whose items go to `root.keys`, if they fit there; what can be walked once only is an array from then on.
pub(super) fn typed_items(
    engine: &mut dyn Engine,
    value: Any,
    whole: &str,
    number: Option<i64>,
    root: Any,
    keys: Rest,
) -> Result<Value, Raise> {
    let annotation = match number {
        Some(number) => Some(known(number)?),
        None => Part::find(None, root, keys.into_values().into_iter()).annotation,
    };
    let Some(annotation) = annotation.filter(|annotation| annotation.item().is_some()) else { return Ok(value.take()) };
    let is_dict = matches!(annotation, Annotation::Dict(_));
    if !is_dict && !matches!(value, Value::Array(_) | Value::Set(_)) {
        *value = Value::array(items_of(engine, "extend", "more", value)?);
    }
    check_items(annotation, value, whole)?;
    Ok(value.take())
}

/// What a function gave whose result is described; what it gives later is not looked at.
pub(super) fn typed_call(engine: &mut dyn Engine, value: Any, number: i64, whole: &str) -> Result<Value, Raise> {
    if matches!(value.type_name(), "promise" | "generator") { Ok(value.take()) } else { typed(engine, value, number, whole) }
}

/// Is there a struct at `root.keys` now?
pub(super) fn holds_struct(_: &mut dyn Engine, root: Any, keys: Rest) -> Result<Value, Raise> {
    let part = Part::find(None, root, keys.into_values().into_iter());
    Ok(Value::bool(matches!(part.value, Some(Value::Struct(_)))))
}
