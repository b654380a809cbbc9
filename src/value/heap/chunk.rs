//! Fresh memory for small blocks, and advice to the system on large ones.
//!
//! Small blocks are cut from 64 KiB chunks. The first of a thread come from the system one by one; a thread that goes on
//! takes them from slabs of 2 MiB, each a large page of the machine if the system has one: a heap that does not fit the
//! caches then costs a page fault and a look-up of addresses per slab and not per 4 KiB. Chunks are charged to the memory
//! account when they are begun. What a thread has left of its chunk and of its slab when it ends goes to common pools: a
//! process that runs many programs, each on a thread of its own, would lose it each time.

use std::alloc::{Layout, alloc as system_alloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::Mutex;

use crate::limits;

/// Bytes of a line of the processor's caches.
pub(super) const LINE: usize = 64;
const CHUNK: usize = 64 << 10;
/// Size and alignment of a large page.
const SLAB: usize = 2 << 20;
/// So many chunks come one by one.
const ALONE: usize = SLAB / CHUNK;
/// From this size on a block can have a large page of its own.
const LARGE: usize = SLAB - HEADER;
/// What a block of the system's allocator takes in front of it, and what keeps blocks multiples of all sizes of elements.
const HEADER: usize = 32;
/// How a block that has large pages is aligned if it cannot choose its size.
pub(super) const LARGE_PAGE: usize = SLAB;

/// What a thread has left of the chunk that it cuts from, and of the slab behind it.
pub(super) struct Fresh {
    chunk: Cell<Piece>,
    slab: Cell<Piece>,
    begun: Cell<usize>,
}

/// Memory that nobody uses yet.
#[derive(Clone, Copy)]
struct Piece {
    start: *mut u8,
    left: usize,
}
// SAFETY: the memory belongs to whoever has the piece.
unsafe impl Send for Piece {}

const NOTHING: Piece = Piece { start: null_mut(), left: 0 };

/// Slabs, and chunks, of threads that have ended.
static SLABS: Mutex<Vec<Piece>> = Mutex::new(Vec::new());
static CHUNKS: Mutex<Vec<Piece>> = Mutex::new(Vec::new());
/// What is less of a chunk is not worth a place in the pool.
const LEAST: usize = 4 << 10;

impl Piece {
    /// The first `bytes`, of which there must be as many.
    fn cut(&mut self, bytes: usize) -> *mut u8 {
        debug_assert!(bytes <= self.left);
        let start = self.start;
        // SAFETY: `left` bytes lie before the end.
        self.start = unsafe { start.add(bytes) };
        self.left -= bytes;
        start
    }
}

impl Fresh {
    pub(super) const fn nothing() -> Fresh {
        Fresh { chunk: Cell::new(NOTHING), slab: Cell::new(NOTHING), begun: Cell::new(0) }
    }

    /// `bytes` of fresh memory, not more than a chunk.
    pub(super) fn cut(&self, bytes: usize) -> *mut u8 {
        if self.chunk.get().left < bytes {
            self.chunk.set(pooled_chunk(bytes).unwrap_or_else(|| self.begin_chunk()));
        }
        cut(&self.chunk, bytes)
    }

    fn begin_chunk(&self) -> Piece {
        limits::account(CHUNK);
        self.begun.set(self.begun.get() + 1);
        if self.slab.get().left == 0 {
            if self.begun.get() <= ALONE {
                return system(CHUNK, LINE);
            }
            self.slab.set(pooled_slab().unwrap_or_else(slab));
        }
        Piece { start: cut(&self.slab, CHUNK), left: CHUNK }
    }

    /// Leaves the rest of the chunk and of the slab to other threads.
    pub(super) fn hand_over(&self) {
        for (rest, least, pool) in [(&self.slab, CHUNK, &SLABS), (&self.chunk, LEAST, &CHUNKS)] {
            let rest = rest.replace(NOTHING);
            if rest.left >= least
                && let Ok(mut pool) = pool.lock()
            {
                pool.push(rest);
            }
        }
    }
}

fn cut(from: &Cell<Piece>, bytes: usize) -> *mut u8 {
    let mut piece = from.get();
    let start = piece.cut(bytes);
    from.set(piece);
    start
}

fn pooled_slab() -> Option<Piece> {
    SLABS.try_lock().ok()?.pop()
}

/// A chunk with at least so many bytes; its memory is in the account already.
fn pooled_chunk(bytes: usize) -> Option<Piece> {
    CHUNKS.try_lock().ok()?.pop_if(|rest| rest.left >= bytes)
}

fn slab() -> Piece {
    let slab = system(SLAB, SLAB);
    advise(slab.start, SLAB);
    slab
}

fn system(size: usize, align: usize) -> Piece {
    let layout = Layout::from_size_align(size, align).expect("sizes and alignments of this file");
    // SAFETY: the layout has a size.
    let start = unsafe { system_alloc(layout) };
    if start.is_null() {
        handle_alloc_error(layout);
    }
    Piece { start, left: size }
}

/// Size of a buffer that is to have about `wanted` bytes and at least `needed`, which is not more: if it is large, it and what
/// the allocator puts in front fill whole large pages. Such mappings are laid on the borders of these pages, and stay there
/// when they grow; others have small pages at both ends, and only small ones once they have been moved by less than a large one.
#[inline]
pub(super) fn in_whole_pages(needed: usize, wanted: usize) -> usize {
    if wanted < LARGE {
        return wanted;
    }
    let pages = wanted.saturating_add(SLAB - 1) / SLAB;
    let sized = (pages * SLAB).saturating_sub(HEADER);
    if sized >= needed { sized } else { sized.saturating_add(SLAB) }
}

/// Tells the system of a block that it has just given: large ones are better off in large pages.
#[inline]
pub(super) fn prefer_large_pages(start: *mut u8, size: usize) {
    if size >= LARGE {
        advise(start, size);
    }
}

/// The pages of a block, whole: a block that the system mapped by itself stays one mapping, which it can move.
#[cfg(target_os = "linux")]
#[cold]
fn advise(start: *mut u8, size: usize) {
    const PAGE: usize = 4096;
    let before = start as usize % PAGE;
    let pages = (before + size).next_multiple_of(PAGE);
    // SAFETY: the pages are mapped, since a byte of each is in the block; advice changes no content. A system without
    // large pages refuses, which does no harm.
    let _ = unsafe { rustix::mm::madvise(start.sub(before).cast(), pages, rustix::mm::Advice::LinuxHugepage) };
}

#[cfg(not(target_os = "linux"))]
fn advise(_: *mut u8, _: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Begins a chunk and fills it, so that the next call begins another.
    fn chunk(fresh: &Fresh) -> usize {
        let start = fresh.cut(CHUNK);
        // SAFETY: `cut` gives so many bytes, which nobody else uses.
        unsafe { start.write_bytes(1, CHUNK) };
        start as usize
    }

    #[test]
    fn chunks_do_not_overlap_and_later_ones_are_parts_of_slabs() {
        let fresh = Fresh::nothing();
        let mut all: Vec<usize> = (0..ALONE + 3 * SLAB / CHUNK).map(|_| chunk(&fresh)).collect();
        assert!(all[ALONE..].iter().all(|at| at.is_multiple_of(CHUNK)));
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[1] - pair[0] >= CHUNK));
    }

    /// Hands over the rest of a slab; does the next heap take it?
    fn is_taken_over() -> bool {
        let fresh = Fresh::nothing();
        let last = (0..=ALONE).map(|_| chunk(&fresh)).last().expect("one at least");
        fresh.hand_over();
        let other = Fresh::nothing();
        let theirs: Vec<usize> = (0..2 * SLAB / CHUNK).map(|_| chunk(&other)).collect();
        theirs.contains(&(last + CHUNK))
    }

    /// Hands over the rest of a chunk; does the next heap take it?
    fn chunk_is_taken_over() -> bool {
        let fresh = Fresh::nothing();
        let start = fresh.cut(LEAST) as usize;
        fresh.hand_over();
        Fresh::nothing().cut(LEAST) as usize == start + LEAST
    }

    #[test]
    fn the_rest_of_a_chunk_goes_to_another_thread() {
        assert!((0..20).any(|_| chunk_is_taken_over()));
    }

    /// Tests on other threads may be quicker once, but not always.
    #[test]
    fn the_rest_of_a_slab_goes_to_another_thread() {
        assert!((0..20).any(|_| is_taken_over()));
    }

    #[test]
    fn large_buffers_fill_whole_pages_and_are_large_enough() {
        assert_eq!(in_whole_pages(5, 4096), 4096);
        assert_eq!(in_whole_pages(SLAB / 2 + 8, SLAB), SLAB - HEADER);
        assert_eq!(in_whole_pages(SLAB, SLAB), 2 * SLAB - HEADER);
        assert_eq!(in_whole_pages(SLAB, 2 * (SLAB - HEADER)), 2 * SLAB - HEADER);
        assert_eq!(in_whole_pages(7 * SLAB + 1, 7 * SLAB + 1), 8 * SLAB - HEADER);
        assert!(in_whole_pages(usize::MAX, usize::MAX) >= isize::MAX as usize);
    }

    #[test]
    fn advice_on_large_blocks_keeps_what_is_in_them() {
        let mut block = vec![7_u8; LARGE + 5];
        prefer_large_pages(block.as_mut_ptr(), block.len());
        assert!(block.iter().all(|&byte| byte == 7));
    }
}
