//! What an object refers to: one match over all kinds, for sharing, the cycle collector and dumps.

use super::{Array, Clo, Dict, Err, Gen, Han, Inst, Iter, Kind, Set, Value, Var, cell::Cell};

/// Shows every value that the object refers to directly.
pub fn children(value: &Value, visit: &mut dyn FnMut(&Value)) {
    match value {
        Value::Array(object) => object.trace(visit),
        Value::Dict(object) => object.trace(visit),
        Value::Set(object) => object.trace(visit),
        Value::Struct(object) => object.trace(visit),
        Value::Closure(object) => object.trace(visit),
        Value::Variant(object) => object.trace(visit),
        Value::Error(object) => object.trace(visit),
        Value::Iter(object) => object.trace(visit),
        Value::Gen(object) => object.trace(visit),
        Value::Handle(object) => object.trace(visit),
        Value::Cell(object) => object.trace(visit),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Fn0(_)
        | Value::Unit { .. }
        | Value::Type(_)
        | Value::Module(_)
        | Value::Str(_)
        | Value::BigInt(_)
        | Value::Bytes(_)
        | Value::Uninit
        | Value::InUse => {}
    }
}

/// Whether [`children`] can show anything.
pub fn has_children(value: &Value) -> bool {
    match value {
        Value::Array(object) => object.kind() == Kind::Val && !object.is_empty(),
        Value::Dict(object) => !object.is_empty(),
        Value::Set(object) => !object.is_empty(),
        Value::Struct(_)
        | Value::Closure(_)
        | Value::Variant(_)
        | Value::Error(_)
        | Value::Iter(_)
        | Value::Gen(_)
        | Value::Handle(_)
        | Value::Cell(_) => true,
        _ => false,
    }
}

impl Array {
    /// Shows every element that is stored as a value.
    pub fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        self.as_val_slice().unwrap_or_default().iter().for_each(visit);
    }
}

impl Dict {
    /// Shows key and value of every entry.
    pub fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        for entry in self.entries().iter().filter(|entry| !entry.is_removed()) {
            visit(&entry.key());
            visit(&entry.value);
        }
    }
}

impl Set {
    /// Shows every element.
    pub fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        for entry in self.entries().iter().filter(|entry| !entry.is_removed()) {
            visit(&entry.key());
        }
    }
}

impl Inst {
    /// Shows every field that is stored as a value.
    pub fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        for slot in self.info().slots().iter().filter(|slot| slot.rep() == super::Rep::Value) {
            if let Some(field) = self.peek(slot) {
                visit(&field);
            }
        }
    }
}

impl Var {
    /// Shows the payload.
    pub fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        self.payload().iter().for_each(visit);
    }
}

impl Clo {
    /// Shows the captures.
    pub fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        self.captures().iter().for_each(visit);
    }
}

impl Err {
    /// Shows message, if it is made, thrown value and cause.
    pub fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        self.data().parts().for_each(visit);
    }
}

impl Iter {
    /// Shows what the state holds.
    pub fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        if let Ok(state) = self.state.try_borrow() {
            state.trace(visit);
        }
    }
}

impl Gen {
    /// Shows what the suspended frame holds.
    pub fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        if let Ok(state) = self.state.try_borrow() {
            state.frame.iter().chain(&state.extra).for_each(&mut *visit);
            visit(&state.closure);
            visit(&state.delegate);
        }
    }
}

impl Han {
    /// Shows what the object behind a local handle holds.
    pub fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        if self.shared_object().is_none() {
            self.object().trace(visit);
        }
    }
}

impl Cell {
    /// Shows the content.
    pub fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        visit(&self.get());
    }
}
