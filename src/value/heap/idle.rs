//! Short arrays of numbers that nobody uses any more, kept as they are for the next copies of such arrays.
//!
//! A loop that copies an array in each turn and drops the copy (`perm := start`, then `perm[0] = …`) would give back two blocks
//! and take them again. Machine code puts the array here instead, and copies the elements of another into it.
//!
//! Promise **idle**: what is here was an array of ints or floats with a buffer of its capacity, and nobody refers to it. Its first word says how
//! many are here from it on, its length which is the next one, and the last one is [`NONE`]. It is not among the objects that are alive.
//! Kept by machine code, which alone puts arrays here; it puts no more than [`free_blocks::MOST_IDLE`].

use std::cell::Cell;
use std::ptr::NonNull;

use super::alloc;
use crate::value::layout::{array, free_blocks};

/// What machine code sees of an array that is here; `Array` says how it lies there.
#[repr(C)]
pub(super) struct Waiting {
    count: usize,
    data: *mut u8,
    next: *const Waiting,
    cap: usize,
}
// SAFETY: the two that are shared are never changed.
unsafe impl Sync for Waiting {}

const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(Waiting, data) == array::DATA && offset_of!(Waiting, next) == array::LEN);
    assert!(offset_of!(Waiting, cap) == array::CAP && size_of::<Waiting>() == array::ROOM);
};

const fn no_array(count: usize) -> Waiting {
    Waiting { count, data: std::ptr::null_mut(), next: std::ptr::null(), cap: 0 }
}

/// Where there is no array: one without room.
static NONE: Waiting = no_array(0);
/// The same where none is to be put.
pub(super) static FULL: Waiting = no_array(free_blocks::MOST_IDLE);

/// The first idle array of a thread.
#[repr(transparent)]
pub(super) struct Idle(Cell<*const Waiting>);

impl Idle {
    pub(super) const fn empty() -> Idle {
        Idle(Cell::new(&raw const NONE))
    }

    /// Frees the blocks of all: nobody has had use for them.
    #[inline(always)]
    pub(super) fn take_apart(&self) {
        if self.0.get() != &raw const NONE {
            self.take_all();
        }
    }

    #[inline(never)]
    fn take_all(&self) {
        while self.0.get() != &raw const NONE {
            let idle = self.0.get().cast_mut();
            // SAFETY: **idle**; an array's block, and that of its buffer if it is not in its room, nobody uses.
            unsafe {
                let Waiting { data, next, cap, .. } = idle.read();
                self.0.set(next);
                if data != idle.cast::<u8>().add(array::ROOM) {
                    alloc::free_block(NonNull::new_unchecked(data), cap * size_of::<u64>());
                }
                alloc::free_block(NonNull::new_unchecked(idle.cast()), array::SIZE);
            }
        }
    }
}
