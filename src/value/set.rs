//! Sets: dicts without values. Look-up, order and key rules are those of `dict.rs`.

use super::Value;
use super::dict::InsertError;
use super::heap::{Dict, Ref, Set};
use super::layout::shape as ids;
use crate::limits::OutOfMemory;

/// A counted pointer to a set.
pub type SetRef = Ref<Set>;

/// An empty set.
pub fn new() -> SetRef {
    Ref::new(Set(Dict::empty(ids::SET_EMPTY)))
}

/// The set for changing; copied first if others hold it.
#[inline]
pub fn make_unique(this: &mut SetRef) -> Result<&mut Set, OutOfMemory> {
    if !this.own() {
        *this = Ref::new(Set(this.duplicate(Dict::shape(this))?));
    }
    Ok(this.get_mut().expect("the only reference after the copy"))
}

impl Set {
    /// Adds an element; false if it was there.
    #[inline]
    pub fn add(&mut self, element: Value) -> Result<bool, InsertError> {
        Ok(self.insert(element, Value::Null)?.is_none())
    }
}

impl Value {
    /// A set of these elements, in order of first appearance.
    pub fn set(elements: impl IntoIterator<Item = Value>) -> Result<Value, InsertError> {
        let mut set = Set(Dict::empty(ids::SET_EMPTY));
        for element in elements {
            set.add(element)?;
        }
        Ok(Value::Set(Ref::new(set)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_unique_and_ordered() {
        let elements = [3, 1, 3, 2, 1].map(Value::Int);
        let Ok(Value::Set(set)) = Value::set(elements) else { panic!("a set") };
        let order: Vec<_> = set.keys().map(|key| key.as_int().unwrap()).collect();
        assert_eq!(order, [3, 1, 2]);
        assert_eq!(Dict::shape(&set), ids::SET_INT);
    }

    #[test]
    fn a_second_holder_keeps_the_old_elements() {
        let mut set = new();
        make_unique(&mut set).unwrap().add(Value::Int(1)).unwrap();
        let old = set.clone();
        make_unique(&mut set).unwrap().remove(&Value::Int(1)).unwrap();
        assert_eq!((old.len(), set.len()), (1, 0));
    }
}
