//! How elements of arrays and fields of instances are stored.
use super::inst::Heaps;
use crate::value::layout::shape;

/// Storage of array elements or struct fields.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Cell {
    /// One byte, 0 or 1.
    Bool,
    I64,
    F64,
    /// A 16-byte `Value`.
    Value,
}

impl Cell {
    /// That of the elements of an array; nothing for ranges, empty arrays and what is no array.
    pub fn of_array(array_shape: u32) -> Option<Cell> {
        match array_shape {
            shape::ARR_BOOL => Some(Cell::Bool),
            shape::ARR_I64 => Some(Cell::I64),
            shape::ARR_F64 => Some(Cell::F64),
            shape::ARR_VAL => Some(Cell::Value),
            _ => None,
        }
    }

    /// Bytes of one.
    pub fn size(self) -> usize {
        match self {
            Cell::Bool => 1,
            Cell::I64 | Cell::F64 => 8,
            Cell::Value => 16,
        }
    }

    pub(super) fn heap(self) -> Heaps {
        match self {
            Cell::Bool => Heaps::BOOLS,
            Cell::I64 => Heaps::INTS,
            Cell::F64 => Heaps::FLOATS,
            Cell::Value => Heaps::VALUES,
        }
    }
}
