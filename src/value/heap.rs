//! Counted heap objects: header, `Ref<T>`, freeing without recursion.
//!
//! Invariants, and who keeps them (blocks below and in the files of `heap/` refer to them by name):
//!
//! * **shape**: the shape word of an object always names the Rust type that lives there and, for arrays
//!   and strings, the kind of its content. Kept by the constructors of each type, which alone write it.
//! * **count**: an object lives while its count is not zero-going. `rc > 0`: that many references, all on
//!   one thread, plain loads and stores. `rc < 0`: shared between threads, `-rc` references, atomic.
//!   `rc == 0`: immortal (interned), never counted. Kept by `Ref` and, in machine code, by the JIT's
//!   verifier of retain/release balance.
//! * **shared is frozen**: an object with `rc < 0` is not changed but through atomics, and nothing that
//!   it reaches is a Cell. Kept by `share.rs`.
//! * **blocks**: an object's block has exactly the size that its type computes from its header.
#![allow(unsafe_code)]

mod alloc;
mod array;
mod chunk;
mod idle;
mod inline;
mod pool;
mod registry;
mod spare;
mod str;
mod table;
pub(super) mod words;

use std::cell::Cell;
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use super::Value;
use super::layout::shape as ids;
use super::{bigint::Big, bytes::Bytes, cell, error::Err, function, generator::Gen, handle::Han, iter::Iter};

pub(super) use alloc::tracked_len;
pub use alloc::{Allocations, FreeLists, count_allocations, free_lists, live_objects, small_object};
pub(super) use array::Elem;
pub use array::{Array, Kind};
pub use inline::{Clo, Inst, Var};
pub use pool::share_pool;
pub(super) use registry::Registry;
pub use spare::Spare;
pub use str::Str;
pub(super) use table::look;
pub use table::{Dict, Entry, Set};

/// What every heap object starts with.
#[repr(C)]
pub struct Hdr {
    rc: AtomicI32,
    shape: u32,
}

/// A shared count below this is stuck: the object is never freed. Keeps counts from wrapping.
const STUCK: i32 = i32::MIN / 2;

impl Hdr {
    /// The header of a new object with one reference.
    #[inline(always)]
    pub(in crate::value) fn new(shape: u32) -> Hdr {
        Hdr { rc: AtomicI32::new(1), shape }
    }

    /// The shape word.
    #[inline(always)]
    pub fn shape(&self) -> u32 {
        self.shape
    }

    /// Changes the kind within one type (**shape**).
    #[inline(always)]
    fn set_shape(&mut self, shape: u32) {
        self.shape = shape;
    }

    /// The raw count, for tests, dumps and the cycle collector.
    #[inline(always)]
    pub fn count(&self) -> i32 {
        self.rc.load(Ordering::Relaxed)
    }

    /// Whether other threads may hold references, or it is immortal.
    #[inline(always)]
    pub fn is_shared(&self) -> bool {
        self.count() <= 0
    }

    /// Turns a local object into a shared one (`share.rs` decides when).
    pub(super) fn mark_shared(&self) {
        let count = self.count();
        if count > 0 {
            self.rc.store(-count, Ordering::Relaxed);
        }
    }

    /// Takes a mark back that nobody else has seen yet.
    pub(super) fn unmark_shared(&self) {
        let count = self.count();
        if count < 0 {
            self.rc.store(-count, Ordering::Relaxed);
        }
    }

    /// Makes the object immortal; it no longer counts as alive in the leak balance.
    pub(super) fn make_immortal(&self) {
        alloc::count_live(-1);
        self.rc.store(0, Ordering::Relaxed);
    }

    #[inline(always)]
    fn retain(&self) {
        let count = self.rc.load(Ordering::Relaxed);
        if count > 0 {
            self.rc.store(count.wrapping_add(1), Ordering::Relaxed);
        } else if count != 0 {
            self.retain_shared();
        }
    }

    #[cold]
    #[inline(never)]
    fn retain_shared(&self) {
        let count = self.rc.load(Ordering::Relaxed);
        if count != 0 && count > STUCK {
            self.rc.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Makes the last shared reference a local one. Only for its holder: a mere borrow may be one of
    /// several on different threads.
    #[cold]
    #[inline(never)]
    fn relocalise(&self) -> bool {
        if self.rc.load(Ordering::Relaxed) != -1 {
            return false;
        }
        std::sync::atomic::fence(Ordering::Acquire);
        self.rc.store(1, Ordering::Relaxed);
        true
    }
}

/// A type that lives in the value heap.
///
/// # Safety
/// `#[repr(C)]`, starts with `Hdr`, and `destroy` dispatches its shapes to this type (**shape**).
pub unsafe trait HeapObject {}

macro_rules! heap_objects {
    ($($name:ty),* $(,)?) => { $(
        // SAFETY: each is `#[repr(C)]` with `hdr: Hdr` first; `destroy` has an arm for its shapes.
        unsafe impl HeapObject for $name {}
    )* };
}
heap_objects!(Str, Array, Dict, Set, Inst, Var, Clo, Big, Err, Bytes, Iter, Gen, Han, cell::Cell);

/// A counted pointer to a heap object.
#[repr(transparent)]
pub struct Ref<T: HeapObject> {
    ptr: NonNull<T>,
    owns: PhantomData<T>,
}

impl<T: HeapObject> Ref<T> {
    /// Moves `object` to the heap. Its header says what it is.
    #[inline]
    pub(super) fn new(object: T) -> Ref<T> {
        Ref::made(|| object)
    }

    /// An object made on the heap. What is made elsewhere and moved there is read by wider words than it was written with, which
    /// the processor waits for.
    #[inline(always)]
    pub(super) fn made(make: impl FnOnce() -> T) -> Ref<T> {
        let ptr = alloc::object(size_of::<T>()).cast::<T>();
        // SAFETY: a fresh block of exactly this size, aligned to 8 (**blocks**).
        unsafe { ptr.write(make()) };
        Ref { ptr, owns: PhantomData }
    }

    /// The object's header.
    #[inline(always)]
    pub fn hdr(&self) -> &Hdr {
        // SAFETY: every heap object starts with its header.
        unsafe { self.ptr.cast::<Hdr>().as_ref() }
    }

    /// The shape word.
    #[inline(always)]
    pub fn shape(&self) -> u32 {
        self.hdr().shape
    }

    /// Whether this is the only reference.
    #[inline(always)]
    pub fn is_unique(&self) -> bool {
        matches!(self.hdr().count(), 1 | -1)
    }

    /// Whether this is the only reference, so that the object may be changed; makes it a local one.
    #[inline(always)]
    pub fn own(&mut self) -> bool {
        self.hdr().count() == 1 || self.hdr().relocalise()
    }

    /// The object for changing, if this is the only reference.
    #[inline(always)]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: the only reference, held by `&mut` (**count**).
        if self.own() { Some(unsafe { self.ptr.as_mut() }) } else { None }
    }

    /// Whether both are the same object.
    #[inline(always)]
    pub fn ptr_eq(&self, other: &Ref<T>) -> bool {
        self.ptr == other.ptr
    }

    /// The object's address, as identity.
    #[inline(always)]
    pub fn address(&self) -> usize {
        self.ptr.as_ptr() as usize
    }

    /// The pointer, with its count, for machine code and raw slots.
    #[inline(always)]
    pub fn into_raw(self) -> NonNull<T> {
        let ptr = self.ptr;
        std::mem::forget(self);
        ptr
    }

    /// Takes a pointer back that [`Ref::into_raw`] gave.
    ///
    /// # Safety
    /// `ptr` carries a count that the caller owns, and the object is a `T`.
    #[inline(always)]
    pub unsafe fn from_raw(ptr: NonNull<T>) -> Ref<T> {
        Ref { ptr, owns: PhantomData }
    }
}

impl<T: HeapObject> Deref for Ref<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the object lives while this reference does (**count**).
        unsafe { self.ptr.as_ref() }
    }
}

impl<T: HeapObject> Clone for Ref<T> {
    #[inline(always)]
    fn clone(&self) -> Ref<T> {
        self.hdr().retain();
        Ref { ptr: self.ptr, owns: PhantomData }
    }
}

impl<T: HeapObject> Drop for Ref<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: this reference owns one count.
        unsafe { release(self.ptr.cast()) }
    }
}

/// Adds a reference to an object.
///
/// # Safety
/// `object` points to a live heap object.
#[inline(always)]
pub unsafe fn retain(object: NonNull<Hdr>) {
    // SAFETY: by the caller's promise.
    unsafe { object.as_ref() }.retain();
}

/// Gives up a reference; the last one frees.
///
/// # Safety
/// The caller owns one count of the live heap object.
#[inline(always)]
pub unsafe fn release(object: NonNull<Hdr>) {
    // SAFETY: by the caller's promise.
    let header = unsafe { object.as_ref() };
    let count = header.rc.load(Ordering::Relaxed);
    if count > 1 {
        header.rc.store(count - 1, Ordering::Relaxed);
    } else if count != 0 {
        // SAFETY: by the caller's promise.
        unsafe { release_slow(object) }
    }
}

/// The same for machine code, which has found that this is the last local reference or the object is shared, and has the free lists
/// (`FreeLists::heads`).
///
/// # Safety
/// As for [`release`]; the lists are those of this thread.
#[inline(always)]
pub unsafe fn release_last(object: NonNull<Hdr>, heads: usize) {
    // SAFETY: by the caller's promise.
    unsafe {
        let header = object.as_ref();
        let count = header.count();
        // Literals are passed around all the time.
        if count == 0 {
            return;
        }
        let is_array = matches!(header.shape, ids::ARR_BOOL | ids::ARR_I64 | ids::ARR_F64 | ids::ARR_VAL);
        let is_declared = inline::is_declared(header.shape);
        if count == 1
            && (is_array || is_declared)
            && let Some(heads) = alloc::Heads::given(heads)
        {
            if is_declared {
                return inline::free_declared(object, header.shape, heads);
            }
            let is_freed = match header.shape {
                ids::ARR_VAL => Array::free_values(object.cast(), heads),
                _ => Array::free_small(object.cast(), heads),
            };
            if is_freed {
                return;
            }
        }
        if ids::is_string(header.shape) { release_slow(object) } else { release_other(object) }
    }
}

/// Replaces a reference to a small array of numbers or bools that others on this thread hold, too, by one to a copy. False, and
/// nothing is done, if it is none, or if the free lists (`FreeLists::heads`) have no blocks for it.
///
/// # Safety
/// The lists are those of this thread.
#[inline(always)]
pub unsafe fn unshare_small(array: &mut Ref<Array>, heads: usize) -> bool {
    // SAFETY: by the caller's promise.
    unsafe { alloc::Heads::given(heads) }.is_some_and(|heads| Array::unshare_small(array, heads))
}

/// Appends an item (its kind and the words of the value) to an array that nobody else holds, and that is empty or full. False, and nothing
/// is done, if it is not so, or if the free lists (`FreeLists::heads`) have no larger buffer for it.
///
/// # Safety
/// The lists are those of this thread. The words are of the kind; those of a value are given up if it says true.
#[inline(always)]
pub unsafe fn grow_small(array: &mut Ref<Array>, kind: Kind, words: [u64; 2], heads: usize) -> bool {
    // SAFETY: by the caller's promise; the only reference (**count**).
    unsafe {
        array.hdr().count() == 1
            && alloc::Heads::given(heads).is_some_and(|heads| array.ptr.as_mut().grow_small(kind, words, heads))
    }
}

/// The last local reference, or any shared one.
#[cold]
#[inline(never)]
unsafe fn release_slow(object: NonNull<Hdr>) {
    // SAFETY: by the caller's promise.
    let header = unsafe { object.as_ref() };
    if header.count() == 1 && ids::is_string(header.shape) {
        // SAFETY: that was the last reference (**shape**).
        return unsafe { Str::destroy(object.cast()) };
    }
    // SAFETY: by the caller's promise.
    unsafe { release_other(object) }
}

/// [`release_slow`] of what is no string, or shared.
#[inline(never)]
unsafe fn release_other(object: NonNull<Hdr>) {
    // SAFETY: by the caller's promise.
    let header = unsafe { object.as_ref() };
    let count = header.rc.load(Ordering::Relaxed);
    if count == 1 && matches!(header.shape, ids::ARR_BOOL | ids::ARR_I64 | ids::ARR_F64) {
        // SAFETY: that was the last reference (**shape**).
        return unsafe { array::destroy_unboxed(object.cast()) };
    }
    if count < 0 {
        if count < STUCK || header.rc.fetch_add(1, Ordering::Release) != -1 {
            return;
        }
        std::sync::atomic::fence(Ordering::Acquire);
    } else if count == 0 {
        return;
    }
    // SAFETY: that was the last reference.
    unsafe { free(object) }
}

/// Objects nested this deep are freed by recursion; what lies deeper waits in a list.
const MAX_NESTING: u32 = 24;

thread_local! {
    static NESTING: AtomicU32 = const { AtomicU32::new(0) };
    /// Length of the list below, which is slower to reach.
    static WAITING_COUNT: Cell<usize> = const { Cell::new(0) };
    /// Objects without references that wait to be destroyed.
    static WAITING: Cell<Vec<NonNull<Hdr>>> = const { Cell::new(Vec::new()) };
}

/// Destroys an object whose last reference is gone, and what dies with it.
///
/// Recursion is bounded by `MAX_NESTING`; deeper objects go to a list that the outermost call empties.
unsafe fn free(object: NonNull<Hdr>) {
    // SAFETY: the caller gave up the last reference.
    let shape = unsafe { object.as_ref() }.shape;
    if ids::is_leaf(shape) {
        // SAFETY: as above.
        return unsafe { destroy(object, shape) };
    }
    let nesting = NESTING.with(|cell| cell.load(Ordering::Relaxed));
    if nesting >= MAX_NESTING && wait(object) {
        return;
    }
    NESTING.with(|cell| cell.store(nesting + 1, Ordering::Relaxed));
    // SAFETY: as above.
    unsafe { destroy(object, shape) };
    if nesting == 0 && WAITING_COUNT.with(Cell::get) > 0 {
        free_waiting();
    }
    NESTING.with(|cell| cell.store(nesting, Ordering::Relaxed));
}

/// Lends the number that is not 0 while this thread frees what the last reference to a composite object has left; for another
/// thread that wants to know.
pub fn with_freeing<R>(look: impl FnOnce(&AtomicU32) -> R) -> R {
    NESTING.with(look)
}

#[cold]
#[inline(never)]
fn free_waiting() {
    while let Some(next) = next_waiting() {
        // SAFETY: it was put there without references.
        unsafe { destroy(next, next.as_ref().shape) };
    }
    // The list may have been long; an empty one owns no memory.
    let _ = WAITING.try_with(Cell::take);
}

fn wait(object: NonNull<Hdr>) -> bool {
    WAITING
        .try_with(|cell| {
            let mut list = cell.take();
            list.push(object);
            WAITING_COUNT.with(|count| count.set(list.len()));
            cell.set(list);
        })
        .is_ok()
}

fn next_waiting() -> Option<NonNull<Hdr>> {
    WAITING
        .try_with(|cell| {
            let mut list = cell.take();
            let next = list.pop();
            WAITING_COUNT.with(|count| count.set(list.len()));
            cell.set(list);
            next
        })
        .ok()
        .flatten()
}

/// Runs the destructor that the shape names and returns the block.
unsafe fn destroy(object: NonNull<Hdr>, shape: u32) {
    /// Destructor and block of a type of fixed size.
    unsafe fn sized<T: HeapObject>(object: NonNull<Hdr>) {
        // SAFETY: the shape names `T`, and nobody else refers to it.
        unsafe {
            object.cast::<T>().drop_in_place();
            alloc::free_object(object.cast(), size_of::<T>());
        }
    }
    // SAFETY: **shape**.
    unsafe {
        match shape {
            ids::STR_ASCII | ids::STR_UTF8 => Str::destroy(object.cast()),
            ids::ARR_EMPTY..=ids::ARR_RANGE => sized::<Array>(object),
            ids::DICT_EMPTY..=ids::DICT_ANY => sized::<Dict>(object),
            ids::SET_EMPTY..=ids::SET_ANY => sized::<Set>(object),
            ids::CLOSURE | ids::CLOSURE_BOUND => Clo::destroy(object.cast()),
            ids::BIGINT => sized::<Big>(object),
            ids::ERROR => sized::<Err>(object),
            ids::BYTES => sized::<Bytes>(object),
            ids::ITER => sized::<Iter>(object),
            ids::GEN => sized::<Gen>(object),
            ids::HANDLE => sized::<Han>(object),
            ids::CELL => sized::<cell::Cell>(object),
            _ => inline::destroy_shaped(object, shape),
        }
    }
}

use function::FnId;

/// The place of an object in its thread's list for the cycle collector; leaves the list when dropped.
#[repr(transparent)]
pub struct Slot(Cell<usize>);

impl Slot {
    const NONE: usize = usize::MAX;

    /// In no list.
    #[inline(always)]
    pub(super) fn detached() -> Slot {
        Slot(Cell::new(Slot::NONE))
    }

    /// Leaves the list; before the object goes to another thread.
    pub(super) fn detach(&self) {
        let at = self.0.replace(Slot::NONE);
        if at == Slot::NONE {
            return;
        }
        if let Some(moved) = alloc::tracked_remove(at) {
            // SAFETY: what stands in the list is alive: its slot removes it when it dies.
            unsafe { slot_of(moved) }.0.set(at);
        }
    }
}

impl Drop for Slot {
    #[inline]
    fn drop(&mut self) {
        self.detach();
    }
}

/// An object that can be part of a cycle and so stands in its thread's list.
pub trait Tracked: HeapObject {
    /// Its place in the list.
    fn slot(&self) -> &Slot;
}

/// # Safety
/// `object` is alive and of a tracked type.
unsafe fn slot_of<'a>(object: NonNull<Hdr>) -> &'a Slot {
    // SAFETY: **shape**.
    unsafe {
        match object.as_ref().shape {
            ids::CELL => object.cast::<cell::Cell>().as_ref().slot(),
            ids::GEN => object.cast::<Gen>().as_ref().slot(),
            _ => object.cast::<Han>().as_ref().slot(),
        }
    }
}

impl<T: Tracked> Ref<T> {
    /// Enters the object in this thread's list.
    pub(super) fn tracked(self) -> Ref<T> {
        let slot = self.slot();
        slot.detach();
        slot.0.set(alloc::tracked_add(self.ptr.cast()));
        self
    }
}

/// References to everything in this thread's list.
pub(super) fn tracked_values() -> Vec<Value> {
    let reference = |object: NonNull<Hdr>| {
        // SAFETY: what stands in the list is alive and of the type that its shape names.
        unsafe {
            object.as_ref().retain();
            match object.as_ref().shape {
                ids::CELL => Value::Cell(Ref::from_raw(object.cast())),
                ids::GEN => Value::Gen(Ref::from_raw(object.cast())),
                _ => Value::Handle(Ref::from_raw(object.cast())),
            }
        }
    };
    alloc::tracked_snapshot().into_iter().map(reference).collect()
}

/// Gives a fresh copy its children, in the order in which `trace::children` shows them.
///
/// Only for copies that `share.rs` has just made: they are referred to more than once already, but
/// only by that copying, which looks into none of them meanwhile.
pub(super) fn install_children(copy: &Value, children: Vec<Value>) {
    /// # Safety
    /// Nobody else looks at the object while the reference is used.
    #[allow(clippy::mut_from_ref)]
    unsafe fn open<T: HeapObject>(object: &Ref<T>) -> &mut T {
        // SAFETY: by the caller's promise.
        unsafe { &mut *object.ptr.as_ptr() }
    }
    let mut children = children.into_iter();
    let mut fill = |places: &mut [Value]| places.iter_mut().zip(&mut children).for_each(|(place, child)| *place = child);
    // SAFETY: see above.
    unsafe {
        match copy {
            Value::Array(object) => fill(open(object).slice_mut::<Value>().unwrap_or_default()),
            Value::Variant(object) => fill(open(object).payload_mut()),
            Value::Closure(object) => fill(open(object).captures_mut()),
            Value::Cell(object) => fill(std::slice::from_mut(open(object).value.get_mut())),
            Value::Error(object) => open(object).data_mut().parts_mut().map(std::slice::from_mut).for_each(fill),
            Value::Dict(object) => {
                for entry in open(object).entries_mut().iter_mut().filter(|entry| !entry.is_removed()) {
                    let mut key = [Value::Null];
                    fill(&mut key);
                    fill(std::slice::from_mut(&mut entry.value));
                }
            }
            Value::Struct(object) => {
                let info = object.info();
                for slot in info.slots().iter().filter(|slot| slot.rep() == super::Rep::Value) {
                    if let Some(place) = open(object).place_mut(slot) {
                        fill(std::slice::from_mut(place));
                    }
                }
            }
            _ => debug_assert!(false, "no variable can be reached through such an object"),
        }
    }
}

/// A payload that may cross threads because `share.rs` has prepared it.
pub(super) struct Crossing<T>(pub(super) T);

// SAFETY: constructed by `share.rs` only, around values that are marked shared or exclusively owned by
// the packet (**shared is frozen**).
unsafe impl<T> Send for Crossing<T> {}
// SAFETY: as above; `Shared` hands out only values that are marked shared.
unsafe impl<T> Sync for Crossing<T> {}
