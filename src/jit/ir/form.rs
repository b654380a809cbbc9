//! What an object is that need not exist, with the objects inside of it.
//!
//! Its fields stand in a flat list elsewhere: those of an object inside stand where that object would.
use std::sync::Arc;

/// What an object is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Made {
    /// An instance of a struct, of this shape.
    Struct(u32),
    /// An enum value with payload, of this shape.
    Variant(u32),
    /// An array of this shape, as long as it has parts.
    Array(u32),
    /// A closure of this function.
    Closure(u32),
}

/// An object and, for each of its fields or captures, the object there if that does not exist either.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Form {
    pub made: Made,
    pub parts: Box<[Option<Arc<Form>>]>,
}

impl Form {
    /// Values that stand for the object.
    pub fn leaves(&self) -> usize {
        self.parts.iter().map(leaves_of).sum()
    }

    /// Where in the list the field at a position begins.
    pub fn start(&self, position: usize) -> usize {
        self.parts[..position].iter().map(leaves_of).sum()
    }
}

fn leaves_of(part: &Option<Arc<Form>>) -> usize {
    part.as_ref().map_or(1, |form| form.leaves())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_objects_inside_count() {
        let form = |parts: Vec<Option<Arc<Form>>>| Form { made: Made::Struct(70), parts: parts.into() };
        let pair = Arc::new(form(vec![None, None]));
        let outer = form(vec![None, Some(pair.clone()), Some(pair)]);
        assert_eq!((outer.leaves(), outer.start(0), outer.start(1), outer.start(2)), (5, 0, 1, 3));
    }
}
