//! Blocks: thread-local free lists per size class up to 256 bytes, the system's allocator above.
//!
//! Small blocks are cut from chunks (`chunk.rs`) that live as long as the process, and may be freed on
//! another thread than they came from. A thread that ends hands its lists to a common pool.
//! Chunks are charged to the memory account when they are begun, large blocks one by one.
//!
//! Building with the environment variable `RUFF_PLAIN_MALLOC` set sends every block to the system,
//! which is what memory checkers want to see.

use std::alloc::{Layout, LayoutError, alloc as system_alloc, alloc_zeroed, dealloc, handle_alloc_error, realloc};
use std::cell::{Cell, RefCell};
use std::ptr::{self, NonNull, null_mut};
use std::sync::Mutex;

use super::Hdr;
pub(super) use super::chunk::in_whole_pages;
use super::chunk::{Fresh, LARGE_PAGE, LINE};
use super::idle::{self, Idle, Waiting};
use super::pool::keep_large;
use crate::limits::{self, OutOfMemory};
use crate::value::layout::free_blocks;

pub(super) const MAX_SMALL: usize = 256;
const CLASSES: usize = MAX_SMALL / 16;
/// Bytes of fresh memory that become blocks of one size at a time.
const SLICE: usize = 4 << 10;
/// While blocks are counted, a profiler is told of them when this share of all bytes is new, and after so many bytes at the latest.
const TOLD_SHARE: u64 = 1024;
const TOLD_BYTES: u64 = 64 << 10;
const PLAIN: bool = option_env!("RUFF_PLAIN_MALLOC").is_some();

/// A block in a free list.
struct Free {
    next: *mut Free,
}

struct Lists {
    ready: Ready,
    fresh: Fresh,
    live: Cell<i64>,
    /// Whether blocks are counted; see [`count_allocations`].
    counting: Cell<bool>,
    made: Cell<Allocations>,
    /// Bytes that a profiler was told of.
    told: Cell<u64>,
}

/// What machine code takes and gives by itself; it knows where what is.
#[repr(C)]
struct Ready {
    heads: [Cell<*mut Free>; CLASSES],
    idle: Idle,
}

const _: () = assert!(std::mem::offset_of!(Ready, idle) == free_blocks::IDLE);

/// Blocks that have been allocated on a thread, and their bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Allocations {
    pub count: u64,
    pub bytes: u64,
}

thread_local! {
    static LISTS: Lists = const {
        Lists {
            ready: Ready { heads: [const { Cell::new(null_mut()) }; CLASSES], idle: Idle::empty() },
            fresh: Fresh::nothing(),
            live: Cell::new(0),
            counting: Cell::new(false),
            made: Cell::new(Allocations { count: 0, bytes: 0 }),
            told: Cell::new(0),
        }
    };
    static AT_EXIT: AtExit = const { AtExit };
    /// Cells, generators and handles of this thread, for the cycle collector.
    static TRACKED: RefCell<Vec<NonNull<Hdr>>> = const { RefCell::new(Vec::new()) };
}

/// Lists of threads that have ended, each as it was: to join them, all their blocks would have to be visited.
struct Pool([Vec<*mut Free>; CLASSES]);
// SAFETY: the blocks in it belong to nobody.
unsafe impl Send for Pool {}
static POOL: Mutex<Pool> = Mutex::new(Pool([const { Vec::new() }; CLASSES]));

struct AtExit;

impl Drop for AtExit {
    fn drop(&mut self) {
        LISTS.with(hand_over);
        limits::flush();
    }
}

fn hand_over(lists: &Lists) {
    lists.fresh.hand_over();
    lists.ready.idle.take_apart();
    let Ok(mut pool) = POOL.lock() else { return };
    for (head, pooled) in lists.ready.heads.iter().zip(&mut pool.0) {
        let first = head.replace(null_mut());
        if !first.is_null() {
            pooled.push(first);
        }
    }
}

/// Heap objects alive on this thread: made here minus freed here. Counted in debug builds only.
pub fn live_objects() -> i64 {
    LISTS.with(|lists| lists.live.get())
}

/// Counts blocks on this thread from now on, or no longer; gives what was counted so far.
pub fn count_allocations(on: bool) -> Allocations {
    LISTS.with(|lists| {
        lists.counting.set(on);
        lists.told.set(lists.made.get().bytes);
        lists.made.get()
    })
}

#[cold]
#[inline(never)]
fn note_block(lists: &Lists, size: usize) {
    let made = lists.made.get();
    let bytes = made.bytes + size as u64;
    lists.made.set(Allocations { count: made.count + 1, bytes });
    let untold = bytes - lists.told.get();
    if untold > (bytes / TOLD_SHARE).min(TOLD_BYTES) {
        limits::sample::allocated(untold);
        lists.told.set(bytes);
    }
}

/// A block for an object. Small ones never fail; see `limits` for how the limit is kept.
#[inline]
pub(super) fn object(size: usize) -> NonNull<u8> {
    count_live(1);
    block(size)
}

/// What machine code needs to take small blocks of this thread by itself.
#[derive(Clone, Copy, Debug)]
pub struct FreeLists {
    /// Address of a table with the first free block of each size (or 0), in steps of 16 bytes. A free block starts with the
    /// address of the next one. Behind them ([`free_blocks::IDLE`]) stands the address of the first idle array (`idle.rs`).
    pub heads: usize,
    /// Address of the number of objects alive, an i64; to be counted in debug builds only.
    pub live: usize,
}

/// Looks like [`Ready`]: there is no block, nor is there room for an idle array.
#[repr(C)]
struct NoBlocks {
    heads: [usize; CLASSES],
    idle: &'static Waiting,
}

static NO_BLOCKS: NoBlocks = NoBlocks { heads: [0; CLASSES], idle: &idle::FULL };

/// The free lists of this thread. While blocks are counted they look empty, so that each is asked for.
pub fn free_lists() -> FreeLists {
    LISTS.with(|lists| FreeLists {
        heads: if PLAIN || lists.counting.get() { no_blocks() } else { ptr::from_ref(&lists.ready) as usize },
        live: lists.live.as_ptr() as usize,
    })
}

fn no_blocks() -> usize {
    ptr::from_ref(&NO_BLOCKS) as usize
}

/// The block of a new object of at most 256 bytes, for machine code, which fills it.
pub fn small_object(size: usize) -> usize {
    object(size).as_ptr() as usize
}

/// Heads of a thread's free lists, for callers that have them at hand.
#[derive(Clone, Copy)]
pub(super) struct Heads<'a>(&'a Ready);

impl Heads<'_> {
    /// What [`free_lists`] gave machine code; nothing while blocks are counted.
    ///
    /// # Safety
    /// It was given on this thread.
    #[inline(always)]
    pub(super) unsafe fn given(heads: usize) -> Option<Heads<'static>> {
        let hidden = PLAIN || heads == no_blocks();
        // SAFETY: by the caller's promise it is the table of this thread, which is running.
        (!hidden).then(|| Heads(unsafe { &*(heads as *const Ready) }))
    }

    /// Those of this thread, unless blocks are counted.
    #[inline(always)]
    pub(super) fn of_thread() -> Option<Heads<'static>> {
        // SAFETY: it is the table of this thread.
        unsafe { Heads::given(free_lists().heads) }
    }

    /// Takes idle arrays apart.
    #[inline(always)]
    pub(super) fn give_idle(self) {
        self.0.idle.take_apart();
    }

    /// A block for a buffer of `size` bytes (a multiple of 16), if it is small and there.
    #[inline(always)]
    pub(super) fn take(self, size: usize) -> Option<NonNull<u8>> {
        let head = self.0.heads.get((size / 16).wrapping_sub(1))?;
        let block = NonNull::new(head.get())?;
        // SAFETY: blocks in the lists are free and start with their links.
        head.set(unsafe { block.as_ref() }.next);
        Some(block.cast())
    }

    /// The block of an object of `size` bytes, if it is small and there.
    #[inline(always)]
    pub(super) fn take_object(self, size: usize) -> Option<NonNull<u8>> {
        let block = self.take(size.next_multiple_of(16))?;
        count_live(1);
        Some(block)
    }

    /// Blocks for an object of `size` bytes and for its buffer of `buffer` bytes (a multiple of 16), if both are small and there.
    #[inline(always)]
    pub(super) fn take_both(self, size: usize, buffer: usize) -> Option<[NonNull<u8>; 2]> {
        let objects = &self.0.heads[(size - 1) / 16];
        let object = NonNull::new(objects.get())?;
        // SAFETY: as above.
        objects.set(unsafe { object.as_ref() }.next);
        let Some(buffer) = self.take(buffer) else {
            objects.set(object.as_ptr());
            return None;
        };
        count_live(1);
        Some([object.cast(), buffer])
    }

    /// Returns a block; false, and nothing is done, if it is not small.
    ///
    /// # Safety
    /// It is a block of this size that nobody uses.
    #[inline(always)]
    pub(super) unsafe fn give(self, block: NonNull<u8>, size: usize) -> bool {
        let Some(head) = self.0.heads.get(size.wrapping_sub(1) / 16) else { return false };
        // SAFETY: by the caller's promise, and it is large enough for a link.
        unsafe { block.cast::<Free>().write(Free { next: head.get() }) };
        head.set(block.as_ptr().cast());
        true
    }

    /// Returns the block of an object; false, and nothing is done, if it is not small.
    ///
    /// # Safety
    /// It is a block of this size that nobody uses.
    #[inline(always)]
    pub(super) unsafe fn give_object(self, object: NonNull<u8>, size: usize) -> bool {
        // SAFETY: by the caller's promise.
        let given = unsafe { self.give(object, size) };
        count_live(-i64::from(given));
        given
    }

    /// Returns the blocks of an object and of its buffer; false, and nothing is done, if the buffer is not small.
    ///
    /// # Safety
    /// Both are blocks of these sizes that nobody uses; that of the object is small.
    #[inline(always)]
    pub(super) unsafe fn give_both(self, object: NonNull<u8>, size: usize, buffer: NonNull<u8>, bytes: usize) -> bool {
        // SAFETY: by the caller's promise.
        unsafe { self.give(buffer, bytes) && self.give_object(object, size) }
    }
}

/// A block for an object whose size depends on data.
#[inline]
pub(super) fn try_object(size: usize) -> Result<NonNull<u8>, OutOfMemory> {
    let block = if size <= MAX_SMALL { block(size) } else { large(size, system_alloc)? };
    count_live(1);
    Ok(block)
}

/// A block for an object of any size, whatever the limit says.
pub(super) fn unlimited_object(size: usize) -> NonNull<u8> {
    count_live(1);
    if size <= MAX_SMALL {
        block(size)
    } else {
        system(size, system_alloc).unwrap_or_else(|_| handle_alloc_error(layout(size)))
    }
}

/// Returns an object's block.
///
/// # Safety
/// The block came from [`object`] or [`try_object`] with the same size.
#[inline]
pub(super) unsafe fn free_object(block: NonNull<u8>, size: usize) {
    count_live(-1);
    // SAFETY: by the caller's promise.
    unsafe { free_block(block, size) }
}

#[inline(always)]
pub(super) fn count_live(change: i64) {
    if cfg!(debug_assertions) {
        LISTS.with(|lists| lists.live.set(lists.live.get() + change));
    }
}

#[inline]
fn block(size: usize) -> NonNull<u8> {
    debug_assert!(size > 0 && size <= MAX_SMALL);
    let class = (size - 1) / 16;
    LISTS.with(|lists| {
        if lists.counting.get() {
            note_block(lists, (class + 1) * 16);
        }
        first_free(lists, class).unwrap_or_else(|| refill(lists, class))
    })
}

#[inline(always)]
fn first_free(lists: &Lists, class: usize) -> Option<NonNull<u8>> {
    let head = lists.ready.heads.get(class)?;
    let free = NonNull::new(head.get())?;
    // SAFETY: a block in the list is free and starts with its link.
    head.set(unsafe { free.as_ref() }.next);
    Some(free.cast())
}

/// The block of a new object, if one is free at once: a function that does without otherwise calls none, and keeps no registers.
#[inline(always)]
pub(super) fn ready_object(size: usize) -> Option<NonNull<u8>> {
    let free = LISTS.with(|lists| if lists.counting.get() { None } else { first_free(lists, (size - 1) / 16) })?;
    count_live(1);
    Some(free)
}

#[cold]
#[inline(never)]
fn refill(lists: &Lists, class: usize) -> NonNull<u8> {
    let size = (class + 1) * 16;
    if PLAIN || class >= CLASSES {
        return system(size, system_alloc).unwrap_or_else(|_| handle_alloc_error(layout(size)));
    }
    // Lists that come from the pool go back there, too.
    let _ = AT_EXIT.try_with(|_| ());
    if let Some(block) = from_pool(lists, class) {
        return block;
    }
    let count = SLICE / size;
    // So that blocks of a line's size begin with one.
    let start = lists.fresh.cut((count * size).next_multiple_of(LINE));
    // SAFETY: `start` has room for `count` blocks; each becomes a link to the next, the first is kept.
    unsafe {
        for i in 1..count {
            let next = if i + 1 < count { start.add((i + 1) * size) } else { null_mut() };
            start.add(i * size).cast::<Free>().write(Free { next: next.cast() });
        }
        lists.ready.heads[class].set(start.add(size).cast());
        NonNull::new_unchecked(start)
    }
}

fn from_pool(lists: &Lists, class: usize) -> Option<NonNull<u8>> {
    let mut pool = POOL.try_lock().ok()?;
    let first = NonNull::new(pool.0[class].pop()?)?;
    // SAFETY: a pooled list is a chain of free blocks that ends with null.
    lists.ready.heads[class].set(unsafe { first.as_ref() }.next);
    Some(first.cast())
}

/// Returns a block of any size.
///
/// # Safety
/// The block came from this file with the same size.
#[inline]
pub(super) unsafe fn free_block(block: NonNull<u8>, size: usize) {
    LISTS.with(|lists| {
        let Some(head) = lists.ready.heads.get(size.wrapping_sub(1) / 16).filter(|_| !PLAIN) else {
            // SAFETY: by the caller's promise.
            return unsafe { free_large(block, size) };
        };
        // SAFETY: the block is free now and large enough for a link.
        unsafe { block.cast::<Free>().write(Free { next: head.get() }) };
        head.set(block.as_ptr().cast());
    });
}

/// From this size on a freed block tells that the program uses large ones for a while only.
const WORTH_KEEPING: usize = 256 << 10;

#[inline(never)]
unsafe fn free_large(block: NonNull<u8>, size: usize) {
    let size = if size > MAX_SMALL { size } else { size.next_multiple_of(16) };
    limits::release(size);
    if size >= WORTH_KEEPING {
        keep_large();
    }
    // SAFETY: it was allocated with this layout.
    unsafe { dealloc(block.as_ptr(), layout(size)) }
}

#[inline(never)]
fn large(size: usize, from: unsafe fn(Layout) -> *mut u8) -> Result<NonNull<u8>, OutOfMemory> {
    limits::reserve(size)?;
    LISTS.with(|lists| {
        if lists.counting.get() {
            note_block(lists, size)
        }
    });
    system(size, from)
}

/// A block of the system's allocator, by one of its functions.
fn system(size: usize, from: unsafe fn(Layout) -> *mut u8) -> Result<NonNull<u8>, OutOfMemory> {
    let refused = OutOfMemory::new(size as u64);
    let layout = Layout::from_size_align(size, 8).map_err(|_| refused)?;
    // SAFETY: the layout has a size.
    let block = NonNull::new(unsafe { from(layout) }).ok_or(refused)?;
    limits::account(size);
    Ok(block)
}

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 8).expect("only sizes that were allocated before come here")
}

/// A buffer of `size` bytes; `size` is not zero.
#[inline]
pub(super) fn buffer(size: usize) -> Result<NonNull<u8>, OutOfMemory> {
    if size <= MAX_SMALL { Ok(block(size)) } else { large(size, system_alloc) }
}

/// [`buffer`] that begins with a line, and with a large page if it is as long as one, unless it is small.
pub(super) fn buffer_of_lines(size: usize) -> Result<NonNull<u8>, OutOfMemory> {
    /// # Safety
    /// The layout has a size.
    unsafe fn from_a_line(layout: Layout) -> *mut u8 {
        // SAFETY: by the caller's promise.
        in_lines(layout).map_or(null_mut(), |layout| unsafe { system_alloc(layout) })
    }
    if size <= MAX_SMALL { Ok(block(size)) } else { large(size, from_a_line) }
}

fn in_lines(layout: Layout) -> Result<Layout, LayoutError> {
    layout.align_to(if layout.size() < LARGE_PAGE { LINE } else { LARGE_PAGE })
}

/// Returns a buffer that begins with a line.
///
/// # Safety
/// It came from [`buffer_of_lines`] with the same size.
pub(super) unsafe fn free_lines(buffer: NonNull<u8>, size: usize) {
    if size <= MAX_SMALL {
        // SAFETY: by the caller's promise.
        return unsafe { free_block(buffer, size) };
    }
    limits::release(size);
    let layout = in_lines(layout(size)).expect("as when it was allocated");
    // SAFETY: it was allocated with this layout.
    unsafe { dealloc(buffer.as_ptr(), layout) }
}

/// [`buffer`] with every byte zero.
pub(super) fn zeroed_buffer(size: usize) -> Result<NonNull<u8>, OutOfMemory> {
    if size > MAX_SMALL {
        return large(size, alloc_zeroed);
    }
    let block = block(size);
    // SAFETY: the block has `size` bytes.
    unsafe { block.write_bytes(0, size) };
    Ok(block)
}

/// Moves a buffer to a new size; the first `used` bytes keep their content.
///
/// # Safety
/// The buffer came from this file with size `old`; `used` is not above either size.
pub(super) unsafe fn resize(buffer_: NonNull<u8>, old: usize, new: usize, used: usize) -> Result<NonNull<u8>, OutOfMemory> {
    if old > MAX_SMALL && new > MAX_SMALL {
        let refused = OutOfMemory::new(new as u64);
        if new > old {
            limits::reserve(new - old).map_err(|_| refused)?;
        }
        let checked = Layout::from_size_align(new, 8).map_err(|_| refused)?;
        // SAFETY: allocated with this layout; the new size is valid for its alignment.
        let moved = unsafe { realloc(buffer_.as_ptr(), layout(old), checked.size()) };
        let moved = NonNull::new(moved).ok_or(refused)?;
        // In this order: both together may be more than the limit, which the larger one alone is not.
        limits::release(old);
        limits::account(new);
        LISTS.with(|lists| {
            if lists.counting.get() {
                note_block(lists, new)
            }
        });
        return Ok(moved);
    }
    let moved = buffer(new)?;
    // SAFETY: both hold at least `used` bytes and are different blocks.
    unsafe {
        moved.copy_from_nonoverlapping(buffer_, used);
        free_block(buffer_, old);
    }
    Ok(moved)
}

/// Whether a buffer of this size comes from the system with the layout that `Vec` uses.
pub(super) fn is_adoptable(size: usize) -> bool {
    size > MAX_SMALL
}

/// Size up to which rounding to the block is free: what a request for `size` really gets.
#[inline]
pub(super) fn rounded(size: usize) -> usize {
    if size <= MAX_SMALL { size.next_multiple_of(16) } else { size }
}

/// Enters an object in this thread's list for the cycle collector; gives its position.
pub(in crate::value) fn tracked_add(object: NonNull<Hdr>) -> usize {
    TRACKED
        .try_with(|list| {
            let mut list = list.borrow_mut();
            list.push(object);
            list.len() - 1
        })
        .unwrap_or(usize::MAX)
}

/// Removes the entry at `slot`; gives the object that moved there, if any.
pub(in crate::value) fn tracked_remove(slot: usize) -> Option<NonNull<Hdr>> {
    TRACKED
        .try_with(|list| {
            let mut list = list.borrow_mut();
            list.swap_remove(slot);
            list.get(slot).copied()
        })
        .ok()
        .flatten()
}

/// How many objects are tracked on this thread.
pub(in crate::value) fn tracked_len() -> usize {
    TRACKED.try_with(|list| list.borrow().len()).unwrap_or(0)
}

/// The objects tracked now.
pub(in crate::value) fn tracked_snapshot() -> Vec<NonNull<Hdr>> {
    TRACKED.try_with(|list| list.borrow().clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a block on a thread of its own and gives it back; its address.
    fn on_a_thread() -> usize {
        let work = || {
            let start = block(MAX_SMALL);
            // SAFETY: it came from there just now, and nobody else has it.
            unsafe { free_block(start, MAX_SMALL) };
            start.as_ptr() as usize
        };
        std::thread::spawn(work).join().expect("nothing panics in it")
    }

    /// Tests on other threads may take some in between.
    #[test]
    fn threads_that_follow_each_other_use_the_same_blocks() {
        let mut blocks: Vec<usize> = (0..64).map(|_| on_a_thread()).collect();
        blocks.sort_unstable();
        blocks.dedup();
        assert!(blocks.len() < 16, "{}", blocks.len());
    }
}
