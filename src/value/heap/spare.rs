//! What the program's own structures take from the system: small blocks that a thread has freed wait for its next need.
//!
//! The compiler of machine code makes and drops thousands of short lists, and the C library takes 125 instructions for each block where
//! a list of free ones takes 15. Each block is one of the system's, of its class's size; it may be freed on any thread.
//!
//! Promises: **whole**: a block in a list is a free one of the system's with the size of its class. **bounded**: a list holds at most
//! [`MOST`] bytes, so a thread that only frees what others have made gives it back. A thread that ends gives back all.
//!
//! Large blocks are asked for in large pages: touching memory for the first time costs the system some microseconds a page, which for
//! pages of 4 KiB is as much as the work that long arrays and texts are made for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::null_mut;

use super::chunk::prefer_large_pages;

/// The allocator of the program, as `#[global_allocator]`.
pub struct Spare;

/// The largest blocks that are kept, and what sizes are multiples of.
const LARGEST: usize = 1024;
const STEP: usize = 16;
const CLASSES: usize = LARGEST / STEP;
/// Bytes in one list.
const MOST: usize = 8 << 10;
const PLAIN: bool = option_env!("RUFF_PLAIN_MALLOC").is_some();

/// A free block.
struct Free {
    next: *mut Free,
}

/// The free blocks of one size.
struct List {
    first: Cell<*mut Free>,
    bytes: Cell<usize>,
}

struct Lists {
    of_size: [List; CLASSES],
    /// Blocks that are freed are kept: not before [`AT_EXIT`] is there, and not after it.
    open: Cell<bool>,
}

thread_local! {
    static LISTS: Lists = const {
        Lists { of_size: [const { List { first: Cell::new(null_mut()), bytes: Cell::new(0) } }; CLASSES], open: Cell::new(false) }
    };
    static AT_EXIT: AtExit = const { AtExit };
}

struct AtExit;

impl Drop for AtExit {
    fn drop(&mut self) {
        LISTS.with(|lists| {
            lists.open.set(false);
            for (class, list) in lists.of_size.iter().enumerate() {
                while let Some(block) = list.take((class + 1) * STEP) {
                    // SAFETY: **whole**.
                    unsafe { System.dealloc(block, of_class(class)) }
                }
            }
        });
    }
}

impl List {
    #[inline(always)]
    fn take(&self, size: usize) -> Option<*mut u8> {
        let first = self.first.get();
        if first.is_null() {
            return None;
        }
        // SAFETY: a block in a list starts with its link.
        self.first.set(unsafe { (*first).next });
        self.bytes.set(self.bytes.get() - size);
        Some(first.cast())
    }

    /// # Safety
    /// The block is free, has this size and is aligned for a link.
    #[inline(always)]
    unsafe fn give(&self, block: *mut u8, size: usize) {
        let block = block.cast::<Free>();
        // SAFETY: by the caller's promise.
        unsafe { block.write(Free { next: self.first.get() }) };
        self.first.set(block);
        self.bytes.set(self.bytes.get() + size);
    }
}

/// The class of blocks that are kept.
#[inline(always)]
fn class(layout: Layout) -> Option<usize> {
    let class = layout.size().wrapping_sub(1) / STEP;
    (!PLAIN && class < CLASSES && layout.align() <= STEP).then_some(class)
}

/// What the system is asked for.
#[inline(always)]
fn of_class(class: usize) -> Layout {
    // SAFETY: the alignment is a power of two, and sizes are small.
    unsafe { Layout::from_size_align_unchecked((class + 1) * STEP, STEP) }
}

/// The same block, in large pages if it is a large one.
#[inline(always)]
fn in_large_pages(block: *mut u8, size: usize) -> *mut u8 {
    if !block.is_null() {
        prefer_large_pages(block, size);
    }
    block
}

/// Blocks may be kept from now on if the thread can still be told to give them back.
#[cold]
#[inline(never)]
fn open(lists: &Lists) -> bool {
    let opens = AT_EXIT.try_with(|_| ()).is_ok();
    lists.open.set(opens);
    opens
}

// SAFETY: blocks come from the system, and only free ones are given out again: **whole**.
unsafe impl GlobalAlloc for Spare {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(class) = class(layout) else {
            // SAFETY: by the caller's promise.
            return in_large_pages(unsafe { System.alloc(layout) }, layout.size());
        };
        let kept = LISTS.with(|lists| lists.of_size[class].take((class + 1) * STEP));
        // SAFETY: the layout has a size.
        kept.unwrap_or_else(|| unsafe { System.alloc(of_class(class)) })
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some(class) = class(layout) else {
            // SAFETY: by the caller's promise.
            return unsafe { System.dealloc(block, layout) };
        };
        let size = (class + 1) * STEP;
        LISTS.with(|lists| {
            let list = &lists.of_size[class];
            if list.bytes.get() + size <= MOST && (lists.open.get() || open(lists)) {
                // SAFETY: by the caller's promise; it was made with the size of its class.
                unsafe { list.give(block, size) }
            } else {
                // SAFETY: as above.
                unsafe { System.dealloc(block, of_class(class)) }
            }
        });
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if class(layout).is_none() {
            // SAFETY: by the caller's promise.
            return in_large_pages(unsafe { System.alloc_zeroed(layout) }, layout.size());
        }
        // SAFETY: by the caller's promise.
        let block = unsafe { self.alloc(layout) };
        if !block.is_null() {
            // SAFETY: it has so many bytes.
            unsafe { block.write_bytes(0, layout.size()) };
        }
        block
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the alignment was one before.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (class(layout), class(wanted)) {
            (Some(old), Some(new)) if old == new => return block,
            (old, None) => {
                // SAFETY: the system knows it by the size of its class, if it has one.
                let moved = unsafe { System.realloc(block, old.map_or(layout, of_class), size) };
                return in_large_pages(moved, size);
            }
            _ => {}
        }
        // SAFETY: the caller's promises hold for both.
        unsafe {
            let moved = self.alloc(wanted);
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(block, layout.size().min(size));
                self.dealloc(block, layout);
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: [usize; 8] = [1, 16, 17, 100, 1023, 1024, 1025, 5000];

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 8).expect("sizes of this file")
    }

    fn filled(size: usize) -> *mut u8 {
        // SAFETY: the layout has a size, and the block as many bytes.
        unsafe {
            let block = Spare.alloc(layout(size));
            block.write_bytes(size as u8, size);
            block
        }
    }

    fn free(block: *mut u8, size: usize) {
        // SAFETY: tests free what they have made.
        unsafe { Spare.dealloc(block, layout(size)) }
    }

    #[test]
    fn a_freed_block_is_the_next_of_its_size() {
        let block = filled(40);
        free(block, 40);
        let next = filled(48);
        assert_eq!(block, next);
        free(next, 48);
    }

    #[test]
    fn what_grows_or_shrinks_keeps_its_content() {
        for (from, to) in SIZES.into_iter().flat_map(|from| SIZES.map(|to| (from, to))) {
            let block = filled(from);
            // SAFETY: it was made with this layout.
            let moved = unsafe { Spare.realloc(block, layout(from), to) };
            // SAFETY: it has that many bytes.
            let kept = unsafe { std::slice::from_raw_parts(moved, from.min(to)) };
            assert!(kept.iter().all(|byte| *byte == from as u8));
            free(moved, to);
        }
    }

    #[test]
    fn zeros_are_zeros_in_used_blocks() {
        for size in SIZES {
            free(filled(size), size);
            // SAFETY: the layout has a size, and the block as many bytes.
            let block = unsafe { Spare.alloc_zeroed(layout(size)) };
            // SAFETY: as above.
            assert!(unsafe { std::slice::from_raw_parts(block, size) }.iter().all(|byte| *byte == 0));
            free(block, size);
        }
    }

    #[test]
    fn a_list_has_an_end() {
        let blocks: Vec<_> = (0..2 * MOST / 64).map(|_| filled(64)).collect();
        blocks.into_iter().for_each(|block| free(block, 64));
        let bytes = LISTS.with(|lists| lists.of_size[(64 - 1) / STEP].bytes.get());
        assert!((1..=MOST).contains(&bytes));
    }

    #[test]
    fn blocks_are_freed_on_other_threads() {
        let blocks: Vec<usize> = (0..50).map(|_| filled(200) as usize).collect();
        let done = std::thread::spawn(move || blocks.into_iter().for_each(|block| free(block as *mut u8, 200)));
        done.join().expect("it does not panic");
    }
}
