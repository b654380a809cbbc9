//! Instances of structs: fields by position, stored as the shape says.

use super::heap::{Array, Inst, Ref};
use super::layout::{Borrowed, View};
use super::shapes::{Contents, DeclId, Layout, StructDecl, decl};
use super::{Symbol, Value};
use crate::limits::OutOfMemory;

/// A counted pointer to an instance.
pub type InstRef = Ref<Inst>;

/// What an instance of a built-in collection holds.
#[derive(Clone, Copy)]
pub struct Collection<'a> {
    /// What it keeps its items in.
    pub items: &'a Array,
    /// The position of the first that belongs to it.
    pub from: usize,
    /// How the array is to be read.
    pub contents: Contents,
}

impl Value {
    /// A new instance; one value per declared field, in order.
    pub fn instance(id: DeclId, values: Vec<Value>) -> Result<Value, OutOfMemory> {
        let body = decl(id).as_struct().expect("the declaration of a struct");
        debug_assert_eq!(values.len(), body.fields.len());
        let info = body.shape_for(id, &values);
        Ok(Value::Struct(Inst::build(info, values.into_iter())?))
    }
}

impl Value {
    /// As [`Value::instance`], with the values taken out of where they stand.
    #[inline]
    pub fn instance_taking(id: DeclId, values: &mut [Value]) -> Result<Value, OutOfMemory> {
        let body = decl(id).as_struct().expect("the declaration of a struct");
        debug_assert_eq!(values.len(), body.fields.len());
        let info = body.shape_for(id, values);
        Ok(Value::Struct(Inst::build(info, values.iter_mut().map(Value::take))?))
    }
}

impl Inst {
    /// The declaration.
    pub fn decl_id(&self) -> DeclId {
        match self.info().layout {
            Layout::Struct { decl } | Layout::Variant { decl, .. } => decl,
        }
    }

    /// The declared fields.
    pub fn struct_decl(&self) -> &'static StructDecl {
        decl(self.decl_id()).as_struct().expect("instances belong to structs")
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.info().slot_count()
    }

    /// Whether it has no fields.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A field by position.
    #[inline]
    pub fn get(&self, at: usize) -> Option<Value> {
        self.load(self.info().slots().get(at)?)
    }

    /// A field by position, without taking a reference.
    #[inline]
    pub fn borrow(&self, at: usize) -> Option<Borrowed<'_>> {
        self.peek(self.info().slots().get(at)?)
    }

    /// A field by name.
    pub fn field(&self, name: Symbol) -> Option<Value> {
        self.load(self.info().field(name)?)
    }

    /// The array that holds what the instance stands for, and where that begins, if it does not stand for its fields.
    pub fn collection(&self) -> Option<Collection<'_>> {
        let contents = self.struct_decl().contents;
        if contents == Contents::Fields {
            return None;
        }
        let View::Array(items) = self.borrow(0)?.object() else { return None };
        let from = match contents {
            Contents::Items => self.get(1).and_then(|from| from.as_int()).map_or(0, |from| from as usize),
            Contents::Fields | Contents::Entries => 0,
        };
        Some(Collection { items, from, contents })
    }

    /// A field that is stored as a value, for changing in place. `None` for unboxed numbers (use
    /// [`set`]) and for positions that do not exist.
    #[inline]
    pub fn field_mut(&mut self, at: usize) -> Option<&mut Value> {
        let slot = *self.info().slots().get(at)?;
        self.place_mut(&slot)
    }
}

/// The instance for changing; copied first if others hold it.
#[inline]
pub fn make_unique(this: &mut InstRef) -> Result<&mut Inst, OutOfMemory> {
    if !this.own() {
        *this = this.duplicate()?;
    }
    Ok(this.get_mut().expect("the only reference after the copy"))
}

/// Stores a field by position. The instance may move: to a copy if others hold it, to a more general
/// shape if the value does not fit. A position that does not exist changes nothing.
#[inline]
pub fn set(this: &mut InstRef, at: usize, value: Value) -> Result<(), OutOfMemory> {
    let object = make_unique(this)?;
    let info = object.info();
    let Some(slot) = info.slots().get(at) else { return Ok(()) };
    match object.store(slot, value) {
        Ok(()) => Ok(()),
        Err(value) => set_general(this, at, value),
    }
}

#[cold]
fn set_general(this: &mut InstRef, at: usize, value: Value) -> Result<(), OutOfMemory> {
    let general = this.struct_decl().generalise(this.info(), at, &value);
    let fields: Vec<Value> = (0..this.len()).map(|at| this.get(at).unwrap_or_default()).collect();
    let mut moved = Inst::build(general, fields.into_iter())?;
    let stored = moved.get_mut().map(|object| object.store(&general.slots()[at], value));
    debug_assert!(matches!(stored, Some(Ok(()))));
    *this = moved;
    Ok(())
}

/// A copy that refers to the same values.
pub(super) fn duplicate(object: &Inst) -> Result<InstRef, OutOfMemory> {
    object.duplicate()
}

#[cfg(test)]
mod tests {
    use super::super::shapes::{Field, declare_struct};
    use super::super::symbol::symbol;
    use super::*;

    fn point(name: &str, x: Value, y: Value) -> InstRef {
        let field = |name| Field { name: symbol(name), float: false };
        let id = declare_struct(symbol(name), [field("x"), field("y")]);
        let Ok(Value::Struct(object)) = Value::instance(id, vec![x, y]) else { panic!("an instance") };
        object
    }

    #[test]
    fn unboxed_fields_come_back_as_they_were() {
        let p = point("P1", Value::Float(1.5), Value::Int(2));
        assert_eq!(p.get(0).unwrap().as_float(), Some(1.5));
        assert_eq!(p.field(symbol("y")).unwrap().as_int(), Some(2));
        assert!(p.get(2).is_none() && p.field(symbol("z")).is_none());
    }

    #[test]
    fn a_store_that_does_not_fit_moves_the_instance() {
        let mut p = point("P2", Value::Int(1), Value::Int(2));
        let before = p.shape();
        set(&mut p, 0, Value::str("text")).unwrap();
        assert_ne!(p.shape(), before);
        assert_eq!(p.get(0).unwrap().as_str(), Some("text"));
        assert_eq!(p.get(1).unwrap().as_int(), Some(2));
        set(&mut p, 0, Value::Int(7)).unwrap();
        assert_eq!(p.get(0).unwrap().as_int(), Some(7));
    }

    #[test]
    fn a_second_holder_keeps_the_old_state() {
        let mut p = point("P3", Value::Int(1), Value::str("a"));
        let old = p.clone();
        set(&mut p, 0, Value::Int(9)).unwrap();
        assert_eq!(old.get(0).unwrap().as_int(), Some(1));
        assert_eq!(p.get(0).unwrap().as_int(), Some(9));
    }

    #[test]
    fn slots_of_another_shape_are_refused() {
        let p = point("P4", Value::Int(1), Value::Int(2));
        let q = point("P5", Value::Int(1), Value::Int(2));
        let slot = q.info().slots()[0];
        assert!(p.load(&slot).is_none());
    }
}
