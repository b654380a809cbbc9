//! Which values count as true (LANGUAGE §3).
use crate::value::Value;

/// Falsy are `false null 0 0.0 "" [] {}` and empty sets and bytes; all else is truthy, also NaN.
#[inline(always)]
pub fn truthy(value: &Value) -> bool {
    match value {
        Value::Bool(truth) => truth.get(),
        other => other.is_truthy(),
    }
}
