//! A process-wide table that only grows, with look-up in two loads and without locks.
//!
//! Invariant **table**: `items` points to at least `len` initialised references, and both only grow; a
//! table that is replaced by a larger one is leaked, since readers may still use it. `push` keeps it.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Leaked items by number.
pub struct Registry<T: 'static> {
    items: AtomicPtr<&'static T>,
    len: AtomicUsize,
    room: Mutex<usize>,
}

impl<T: Sync> Registry<T> {
    /// An empty table.
    pub const fn new() -> Registry<T> {
        Registry { items: AtomicPtr::new(null_mut()), len: AtomicUsize::new(0), room: Mutex::new(0) }
    }

    /// The item with this number.
    #[inline(always)]
    pub fn get(&self, number: u32) -> Option<&'static T> {
        if number as usize >= self.len.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: **table**; a table loaded after the length is at least as long.
        Some(unsafe { *self.items.load(Ordering::Acquire).add(number as usize) })
    }

    /// Number of items.
    pub fn len(&self) -> u32 {
        self.len.load(Ordering::Acquire) as u32
    }

    /// Appends an item; gives its number.
    pub fn push(&self, item: T) -> u32 {
        self.push_with(|_| item)
    }

    /// Appends what `make` gives for its own number.
    pub fn push_with(&self, make: impl FnOnce(u32) -> T) -> u32 {
        let mut room = self.room.lock().unwrap_or_else(PoisonError::into_inner);
        let len = self.len.load(Ordering::Relaxed);
        if len == *room {
            *room = (len * 2).max(64);
            self.move_to(len, *room);
        }
        let item: &'static T = Box::leak(Box::new(make(len as u32)));
        // SAFETY: there is room behind the last item, and readers do not look there yet.
        unsafe { self.items.load(Ordering::Relaxed).add(len).write(item) };
        self.len.store(len + 1, Ordering::Release);
        len as u32
    }

    fn move_to(&self, len: usize, room: usize) {
        let mut larger: Vec<&'static T> = Vec::with_capacity(room);
        let old = self.items.load(Ordering::Relaxed);
        for at in 0..len {
            // SAFETY: **table**.
            larger.push(unsafe { *old.add(at) });
        }
        self.items.store(std::mem::ManuallyDrop::new(larger).as_mut_ptr(), Ordering::Release);
    }
}
