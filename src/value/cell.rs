//! A variable that closures share. A heap object but no value of the language.

use super::Value;
use super::heap::{Hdr, Ref, Slot, Tracked};
use super::layout::shape;

/// A shared variable. Never seen by another thread.
#[repr(C)]
pub struct Cell {
    hdr: Hdr,
    pub(super) value: std::cell::Cell<Value>,
    slot: Slot,
}

/// A counted pointer to a shared variable.
pub type CellRef = Ref<Cell>;

impl Tracked for Cell {
    #[inline(always)]
    fn slot(&self) -> &Slot {
        &self.slot
    }
}

impl Cell {
    /// A new variable, entered in this thread's list for the cycle collector.
    pub fn alloc(value: Value) -> CellRef {
        super::cycles::collect_if_due();
        Cell::alloc_detached(value).tracked()
    }

    /// A variable that no thread's list knows yet (on its way to another thread).
    pub(super) fn alloc_detached(value: Value) -> CellRef {
        Ref::new(Cell { hdr: Hdr::new(shape::CELL), value: std::cell::Cell::new(value), slot: Slot::detached() })
    }

    /// A copy of the content.
    #[inline]
    pub fn get(&self) -> Value {
        super::layout::copy_of_cell(&self.value)
    }

    /// Looks at the content. `f` must not reach this variable again.
    #[inline]
    pub fn with<R>(&self, f: impl FnOnce(&Value) -> R) -> R {
        let value = self.value.replace(Value::InUse);
        let result = f(&value);
        self.value.set(value);
        result
    }

    /// Changes the content in place. `f` must not reach this variable again: it reads as in use.
    #[inline]
    pub fn with_mut<R>(&self, f: impl FnOnce(&mut Value) -> R) -> R {
        let mut value = self.value.replace(Value::InUse);
        let result = f(&mut value);
        self.value.set(value);
        result
    }

    /// Replaces the content.
    #[inline]
    pub fn set(&self, value: Value) {
        drop(self.value.replace(value));
    }

    /// Replaces the content and gives the old one.
    #[inline]
    pub fn replace(&self, value: Value) -> Value {
        self.value.replace(value)
    }
}
