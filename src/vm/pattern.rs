//! Tests and parts of patterns.
use super::Vm;
use super::feedback::{item_bit, seen};
use super::function::Activation;
use crate::builtins::{self, BuiltinTypeId};
use crate::bytecode::chunk::{Part, Test};
use crate::semantics::compare;
use crate::semantics::fault::{Raise, faults};
use crate::semantics::index::insert_fault;
use crate::semantics::{member, memory};
use crate::value::{DeclId, Value, dict};

impl Vm {
    /// Jumps unless the value passes.
    #[inline(never)]
    pub(super) fn test(&mut self, a: u16, test: u16, to: i32) -> Result<(), Raise> {
        let passes = self.here.func.passes(self.here.fp.get(a), test);
        self.branch(!passes, to)
    }

    #[inline(never)]
    pub(super) fn part(&mut self, dst: u16, a: u16, part: u16) -> Result<(), Raise> {
        let func = self.here.func;
        let value = self.here.fp.get(a);
        let found = func.part_of(value, part)?;
        self.note_part(&func.chunk.parts[usize::from(part)], value, &found);
        self.here.fp.set(dst, found);
        Ok(())
    }

    /// Notes what a part was taken out of.
    fn note_part(&self, part: &Part, value: &Value, found: &Value) {
        match (part, value) {
            (Part::Element(_), Value::Array(items)) => self.note(1 << (items.shape() & 31) | item_bit(found)),
            (Part::Key(_), Value::Struct(object)) => self.note_shape(object.shape()),
            (Part::Key(_), _) => self.note_shape(seen::MEGAMORPHIC),
            _ => {}
        }
    }

    fn note_shape(&self, shape: u32) {
        let func = self.here.func;
        func.note_shape(self.here.ip.pc(func.start), shape);
    }

    /// Destructuring needs something that has parts of this kind.
    #[inline(never)]
    pub(super) fn check_kind(&mut self, fields: bool, a: u16) -> Result<(), Raise> {
        let value = self.here.fp.get(a);
        if has_parts(value, fields) {
            return Ok(());
        }
        let pattern = if fields { "a dict pattern" } else { "an array pattern" };
        Err(faults::cannot_destructure(value.type_name(), pattern))
    }

    /// `e?`: see the instruction.
    #[inline(never)]
    pub(super) fn unwrap_value(&mut self, dst: u16, a: u16, to: i32) -> Result<(), Raise> {
        let value = self.operand(a);
        match outcome(&value) {
            Some(true) => {
                let payload = payload_of(&value).cloned().unwrap_or_default();
                self.here.fp.set(dst, payload);
                self.branch(true, to)
            }
            Some(false) => {
                self.here.fp.set(dst, value);
                Ok(())
            }
            None => Err(faults::type_error("?", format!("needs a Result or Option, got {}", value.type_name()))),
        }
    }
}

/// Can a value be taken apart by elements, or by fields?
pub fn has_parts(value: &Value, fields: bool) -> bool {
    match value {
        Value::Array(_) => !fields,
        Value::Dict(_) | Value::Struct(_) | Value::Error(_) => fields,
        _ => false,
    }
}

/// Whether a value is `Ok` or `Some` (true), or `Err` or `None`; nothing if it is no Result or Option.
pub fn outcome(value: &Value) -> Option<bool> {
    let view = value.as_variant()?;
    let is_either = view.decl == DeclId::RESULT || view.decl == DeclId::OPTION;
    is_either.then(|| matches!(view.declared().name.as_str(), "Ok" | "Some"))
}

/// The first payload value.
pub fn payload_of(value: &Value) -> Option<&Value> {
    match value {
        Value::Variant(object) => object.payload().first(),
        _ => None,
    }
}

impl Activation {
    /// Does a value pass a test of a pattern?
    pub fn passes(&self, value: &Value, test: u16) -> bool {
        match &self.chunk.tests[usize::from(test)] {
            Test::BuiltinType(id) => builtins::is_of_type(value, BuiltinTypeId(*id)),
            Test::Struct(decl) => {
                matches!(value, Value::Struct(object) if object.decl_id() == self.unit.structs[*decl as usize].decl)
            }
            Test::Enum(decl) => {
                let decl = self.unit.enums[*decl as usize].decl;
                value.as_variant().is_some_and(|view| view.decl == decl)
            }
            Test::Variant(decl, variant) => {
                let decl = self.unit.enums[*decl as usize].decl;
                value.as_variant().is_some_and(|view| view.decl == decl && view.variant == *variant)
            }
            Test::Range { low, high, inclusive } => self.in_range(value, *low, *high, *inclusive),
            Test::Array { length, open } => match value {
                Value::Array(items) if *open => items.len() >= *length as usize,
                Value::Array(items) => items.len() == *length as usize,
                _ => false,
            },
            Test::Fields => matches!(value, Value::Dict(_) | Value::Struct(_) | Value::Error(_)),
        }
    }

    /// Bounds of another kind than the value do not fit.
    fn in_range(&self, value: &Value, low: Option<u16>, high: Option<u16>, inclusive: bool) -> bool {
        let holds = |op, bound: u16| {
            compare::simple(op, value, self.constants.at(usize::from(bound))).or_else(|| {
                let order = compare::order_numbers(value, self.constants.at(usize::from(bound)))?;
                Some(op.holds(order))
            })
        };
        let above = low.is_none_or(|low| holds(compare::CompareOp::Ge, low) == Some(true));
        let end = if inclusive { compare::CompareOp::Le } else { compare::CompareOp::Lt };
        above && high.is_none_or(|high| holds(end, high) == Some(true))
    }

    /// A part of a value as `Chunk::parts` says, or "missing".
    pub fn part_of(&self, value: &Value, part: u16) -> Result<Value, Raise> {
        let found = match (&self.chunk.parts[usize::from(part)], value) {
            (Part::Element(at), Value::Array(items)) => items.get(*at as usize),
            (Part::FromEnd { index, before, after }, Value::Array(items)) => {
                // In a short array the first elements go to the front.
                let first = items.len().saturating_sub(*after as usize).max(*before as usize);
                items.get(first + *index as usize)
            }
            (Part::Rest { before, after }, Value::Array(items)) => {
                let from = (*before as usize).min(items.len());
                let to = items.len().saturating_sub(*after as usize).max(from);
                Some(Value::Array(items.slice_of(from, to).map_err(|refused| memory("rest", refused))?))
            }
            (Part::Payload(at), Value::Variant(object)) => object.payload().get(*at as usize).cloned(),
            (Part::Key(name), Value::Dict(table)) => {
                table.get(&self.names.at(usize::from(*name)).value()).ok().flatten().cloned()
            }
            (Part::Key(name), Value::Struct(object)) => object.field(*self.names.at(usize::from(*name))),
            (Part::Key(name), Value::Error(_)) => member::get_value(value, *self.names.at(usize::from(*name))).ok(),
            (Part::OtherKeys(names), value) => Some(self.other_entries(names, value)?),
            (Part::Element(_) | Part::FromEnd { .. } | Part::Rest { .. } | Part::Payload(_) | Part::Key(_), _) => None,
        };
        Ok(found.unwrap_or(Value::Uninit))
    }

    /// The entries or fields that are not named, as a dict.
    fn other_entries(&self, names: &[u16], value: &Value) -> Result<Value, Raise> {
        let named = |key: &str| names.iter().any(|name| &*self.chunk.names[usize::from(*name)] == key);
        let mut rest = dict::new();
        let table = dict::make_unique(&mut rest).map_err(|refused| memory("rest", refused))?;
        match value {
            Value::Dict(entries) => {
                for (key, value) in entries.iter() {
                    if !key.as_str().is_some_and(named) {
                        table.insert(key, value.clone()).map_err(insert_fault)?;
                    }
                }
            }
            Value::Struct(object) => {
                for (at, field) in object.struct_decl().fields.iter().enumerate() {
                    if !named(field.name.as_str()) {
                        table.insert(field.name.value(), object.get(at).unwrap_or_default()).map_err(insert_fault)?;
                    }
                }
            }
            _ => {}
        }
        Ok(Value::Dict(rest))
    }
}
