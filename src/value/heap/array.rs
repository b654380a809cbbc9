//! The storage of arrays: one buffer whose element type the shape word names.
//!
//! `Hdr@0 | data@8 | len@16 | cap@24 | room@32`. Everything that depends on the kind goes through a slice of the
//! right type or fails; `value/array.rs` builds the operations of the language on that.
//!
//! Promise **room**: `data` is the address of a buffer that the array owns or, only while the array stands in a block of the heap (behind
//! a [`Ref`], where it is never moved), that of its own room. So a pair takes one block, and what it holds mostly lies in the line of
//! its header. The room is read and written by way of `data` only.

use std::cell::UnsafeCell;
use std::marker::PhantomPinned;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr::{self, NonNull, null_mut};
use std::slice;
use std::sync::atomic::Ordering;

use super::alloc::{Heads, MAX_SMALL};
use super::inline::free_flat;
use super::{Hdr, Ref, alloc};
use crate::limits::{self, OutOfMemory};
use crate::value::Value;
use crate::value::layout::array::{LEAST_BUFFER, ROOM};
use crate::value::layout::shape as ids;

/// What the elements of an array are stored as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Kind {
    /// No elements yet; the first push decides.
    Empty = ids::ARR_EMPTY,
    /// One byte each.
    Bool = ids::ARR_BOOL,
    /// Unboxed 64-bit integers.
    I64 = ids::ARR_I64,
    /// Unboxed floats.
    F64 = ids::ARR_F64,
    /// Anything.
    Val = ids::ARR_VAL,
    /// Start, step and length only.
    Range = ids::ARR_RANGE,
}

/// Elements that an array without a buffer gets room for when one is appended: there will be more.
const LEAST_PUSHED: usize = 4;

/// Where in `cap` it is counted how often an array may have settled: the upper bits, of which the topmost is set once there is a
/// count. Who compares `cap` with a length as signed numbers then sees no room, and asks here.
const TRIES: u32 = 48;
const COUNTED: usize = 1 << (usize::BITS - 1);
const MOST_TRIES: usize = (1 << 15) - 1;

/// An array. For `Kind::Range`, `data` holds the first element and `cap` the step; else `cap` is the number of elements that the
/// buffer has room for, and above that a count ([`Array::may_settle`]).
#[repr(C)]
pub struct Array {
    hdr: Hdr,
    data: *mut u8,
    len: usize,
    cap: usize,
    room: Room,
}

/// Bytes that a buffer can be; **room** says when.
#[repr(C)]
struct Room {
    bytes: UnsafeCell<[MaybeUninit<u64>; LEAST_BUFFER / 8]>,
    /// What refers to an array does not only refer to what it is given for it.
    pinned: PhantomPinned,
}
// SAFETY: what is in the room is used as elements of any buffer are.
unsafe impl Sync for Room {}

impl Room {
    const fn new() -> Room {
        Room { bytes: UnsafeCell::new([MaybeUninit::uninit(); LEAST_BUFFER / 8]), pinned: PhantomPinned }
    }
}

const _: () = {
    use crate::value::layout::array as at;
    assert!(std::mem::offset_of!(Array, data) == at::DATA);
    assert!(std::mem::offset_of!(Array, len) == at::LEN);
    assert!(std::mem::offset_of!(Array, cap) == at::CAP);
    assert!(std::mem::offset_of!(Array, room) == at::ROOM);
    assert!(size_of::<Array>() == at::SIZE);
};

/// An element type with a kind of its own.
pub(in crate::value) trait Elem: Sized + Clone {
    const KIND: Kind;
}
impl Elem for bool {
    const KIND: Kind = Kind::Bool;
}
impl Elem for i64 {
    const KIND: Kind = Kind::I64;
}
impl Elem for f64 {
    const KIND: Kind = Kind::F64;
}
impl Elem for Value {
    const KIND: Kind = Kind::Val;
}

/// An element type whose elements are plain bytes.
pub(in crate::value) trait Unboxed: Elem + Copy {
    /// Whether every byte of it is zero.
    fn is_zeroed(self) -> bool;
}
impl Unboxed for bool {
    fn is_zeroed(self) -> bool {
        !self
    }
}
impl Unboxed for i64 {
    fn is_zeroed(self) -> bool {
        self == 0
    }
}
impl Unboxed for f64 {
    fn is_zeroed(self) -> bool {
        self.to_bits() == 0
    }
}

impl Array {
    /// An array without elements.
    #[inline]
    pub(in crate::value) fn empty() -> Array {
        Array::with_buffer(ids::ARR_EMPTY, null_mut(), 0, 0)
    }

    /// An array of a shape, with a buffer for `cap` elements of which `len` are there, or without one.
    #[inline(always)]
    fn with_buffer(shape: u32, data: *mut u8, len: usize, cap: usize) -> Array {
        Array { hdr: Hdr::new(shape), data, len, cap, room: Room::new() }
    }

    /// Moves the array to a block of its own, and the elements to its room if they fit there.
    #[inline]
    pub(in crate::value) fn into_block(self) -> Ref<Array> {
        let (shape, len, cap) = (self.hdr.shape, self.len, self.cap);
        let Some(data) = NonNull::new(self.data).filter(|_| self.bytes() == LEAST_BUFFER) else {
            return Ref::made(|| self);
        };
        std::mem::forget(self);
        let mut made = Array::in_room(shape, len, cap);
        // SAFETY: the buffer has as many bytes as the room, and nobody uses it afterwards (**blocks**).
        unsafe {
            copy_pairs(data.as_ptr(), made.ptr.as_mut().data, LEAST_BUFFER / 16);
            alloc::free_block(data, LEAST_BUFFER);
        }
        made
    }

    /// Two elements.
    #[inline]
    pub(in crate::value) fn pair<T: Elem>(first: T, second: T) -> Ref<Array> {
        const { assert!(2 * size_of::<T>() <= LEAST_BUFFER) }
        let mut made = Array::in_room(T::KIND as u32, 2, LEAST_BUFFER / size_of::<T>());
        // SAFETY: the room has as many bytes, and nobody else refers to the array (**room**).
        unsafe {
            let items = made.ptr.as_mut().data.cast::<T>();
            items.write(first);
            items.add(1).write(second);
        }
        made
    }

    /// An array in a block of its own whose elements are in its room; they are still to be written.
    #[inline(always)]
    fn in_room(shape: u32, len: usize, cap: usize) -> Ref<Array> {
        let mut made = Ref::made(|| Array::with_buffer(shape, null_mut(), len, cap));
        // SAFETY: nobody else refers to it.
        unsafe { Array::use_room(made.ptr.as_mut()) };
        made
    }

    /// Makes the room the buffer.
    ///
    /// # Safety
    /// The array stands in a block of the heap.
    #[inline(always)]
    unsafe fn use_room(&mut self) {
        self.data = self.room_start();
    }

    #[inline(always)]
    fn room_start(&self) -> *mut u8 {
        self.room.bytes.get().cast()
    }

    /// The buffer, if there is one of its own: neither a range nor the room.
    #[inline(always)]
    fn own_buffer(&self) -> Option<NonNull<u8>> {
        NonNull::new(self.data).filter(|data| data.as_ptr() != self.room_start() && self.hdr.shape != ids::ARR_RANGE)
    }

    /// `start, start + step, …`. The caller has checked that the last element fits in an `i64`.
    pub(in crate::value) fn compact_range(start: i64, step: i64, len: usize) -> Array {
        Array::with_buffer(ids::ARR_RANGE, ptr::without_provenance_mut(start as usize), len, step as usize)
    }

    /// An empty array of one kind with room for `cap` elements.
    pub(in crate::value) fn with_kind<T: Elem>(cap: usize) -> Result<Array, OutOfMemory> {
        let mut array = Array::with_buffer(T::KIND as u32, null_mut(), 0, 0);
        if cap > 0 {
            array.grow_to::<T>(cap)?;
        }
        Ok(array)
    }

    /// `item` n times. Large arrays of zeros are memory that is zeroed when it is first used.
    pub(in crate::value) fn filled<T: Unboxed>(item: T, n: usize) -> Result<Array, OutOfMemory> {
        let size = size_of::<T>();
        let bytes = alloc::rounded(limits::reserve_array(n, size)?.max(LEAST_BUFFER));
        let data = if item.is_zeroed() { alloc::zeroed_buffer(bytes)? } else { alloc::buffer(bytes)? };
        if !item.is_zeroed() {
            // SAFETY: the fresh buffer has room for `n` elements (**blocks**).
            let items = unsafe { slice::from_raw_parts_mut(data.as_ptr().cast::<MaybeUninit<T>>(), n) };
            items.fill(MaybeUninit::new(item));
        }
        Ok(Array::with_buffer(T::KIND as u32, data.as_ptr(), n, bytes / size))
    }

    /// Makes an empty array one of a kind, with copies of these elements.
    pub(in crate::value) fn copy_in<T: Elem>(&mut self, items: &[T]) -> Result<(), OutOfMemory> {
        assert!(self.hdr.shape == ids::ARR_EMPTY);
        self.hdr.set_shape(T::KIND as u32);
        self.extend_raw(items)
    }

    /// Takes over a vector, without copying if its buffer is of a kind we may keep: large, and not of
    /// bools. Then it cannot fail.
    pub(in crate::value) fn adopt<T: Elem>(mut items: Vec<T>) -> Result<Array, OutOfMemory> {
        if items.capacity() / 2 > items.len() {
            items.shrink_to_fit();
        }
        let bytes = items.capacity() * size_of::<T>();
        if align_of::<T>() == 8 && alloc::is_adoptable(bytes) {
            limits::account(bytes);
            let (len, cap) = (items.len(), items.capacity());
            let data = items.as_mut_ptr().cast::<u8>();
            std::mem::forget(items);
            return Ok(Array::with_buffer(T::KIND as u32, data, len, cap));
        }
        let mut array = Array::with_kind::<T>(items.len())?;
        for item in items {
            array.push_raw(item)?;
        }
        Ok(array)
    }

    /// The kind of the elements.
    #[inline(always)]
    pub fn kind(&self) -> Kind {
        match self.hdr.shape {
            ids::ARR_I64 => Kind::I64,
            ids::ARR_F64 => Kind::F64,
            ids::ARR_VAL => Kind::Val,
            ids::ARR_BOOL => Kind::Bool,
            ids::ARR_RANGE => Kind::Range,
            _ => Kind::Empty,
        }
    }

    /// Number of elements.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Elements there is room for.
    #[inline]
    pub fn capacity(&self) -> usize {
        if self.hdr.shape == ids::ARR_RANGE { 0 } else { self.cap & ((1 << TRIES) - 1) }
    }

    /// Whether it is time to look if all elements have become of one kind: at the first, second, fourth, … of the occasions this is
    /// asked at. The count goes with the array through all kinds until its buffer grows, which costs as much as a look.
    pub(in crate::value) fn may_settle(&mut self) -> bool {
        let tries = (self.tries() + 1).min(MOST_TRIES);
        self.set_tries(tries);
        tries.is_power_of_two()
    }

    fn tries(&self) -> usize {
        if self.hdr.shape == ids::ARR_RANGE { 0 } else { (self.cap & !COUNTED) >> TRIES }
    }

    fn set_tries(&mut self, tries: usize) {
        self.cap = self.capacity() | if tries == 0 { 0 } else { tries << TRIES | COUNTED };
    }

    /// First element and step of a compact range.
    #[inline(always)]
    pub fn as_range(&self) -> Option<(i64, i64, usize)> {
        if self.hdr.shape == ids::ARR_RANGE { Some((self.data.addr() as i64, self.cap as i64, self.len)) } else { None }
    }

    /// The elements, if they are stored as `T`.
    #[inline(always)]
    pub(in crate::value) fn slice<T: Elem>(&self) -> Option<&[T]> {
        if self.hdr.shape != T::KIND as u32 {
            return None;
        }
        if self.data.is_null() {
            return Some(&[]);
        }
        // SAFETY: the shape says that `len` elements of `T` lie at `data` (**shape**).
        Some(unsafe { slice::from_raw_parts(self.data.cast::<T>(), self.len) })
    }

    /// The elements for changing, if they are stored as `T`.
    #[inline(always)]
    pub(in crate::value) fn slice_mut<T: Elem>(&mut self) -> Option<&mut [T]> {
        if self.hdr.shape != T::KIND as u32 {
            return None;
        }
        if self.data.is_null() {
            return Some(&mut []);
        }
        // SAFETY: as in `slice`; `&mut self` is the only access.
        Some(unsafe { slice::from_raw_parts_mut(self.data.cast::<T>(), self.len) })
    }

    /// Makes an array without elements one of kind `T`; keeps nothing else.
    pub(in crate::value) fn decide<T: Elem>(&mut self) {
        if self.hdr.shape == ids::ARR_EMPTY {
            self.hdr.set_shape(T::KIND as u32);
        }
    }

    /// Appends to an array of kind `T`; the caller has checked the kind.
    #[inline(always)]
    pub(in crate::value) fn push_raw<T: Elem>(&mut self, item: T) -> Result<(), OutOfMemory> {
        assert!(self.hdr.shape == T::KIND as u32);
        if self.len as isize >= self.cap as isize {
            self.reserve::<T>(if self.cap == 0 { LEAST_PUSHED } else { 1 })?;
        }
        // SAFETY: the kind is `T` and there is room behind the last element.
        unsafe { self.data.cast::<T>().add(self.len).write(item) };
        self.len += 1;
        Ok(())
    }

    /// Takes the last element of an array of kind `T`.
    #[inline]
    pub(in crate::value) fn pop_raw<T: Elem>(&mut self) -> Option<T> {
        if self.hdr.shape != T::KIND as u32 || self.len == 0 {
            return None;
        }
        self.len -= 1;
        // SAFETY: the last element is ours now, the array has forgotten it.
        Some(unsafe { self.data.cast::<T>().add(self.len).read() })
    }

    /// Takes the element at `at` out of an array of kind `T`; those behind it move up.
    #[inline]
    pub(in crate::value) fn take_raw<T: Elem>(&mut self, at: usize) -> Option<T> {
        if self.hdr.shape != T::KIND as u32 || at >= self.len {
            return None;
        }
        self.len -= 1;
        // SAFETY: the element is ours now, and the `len - at` behind it lie one place further on (**blocks**).
        Some(unsafe {
            let place = self.data.cast::<T>().add(at);
            let item = place.read();
            ptr::copy(place.add(1), place, self.len - at);
            item
        })
    }

    /// Appends copies of `items` to an array of kind `T`.
    pub(in crate::value) fn extend_raw<T: Elem>(&mut self, items: &[T]) -> Result<(), OutOfMemory> {
        self.reserve::<T>(items.len())?;
        for item in items {
            // SAFETY: `reserve` checked the kind and made room.
            unsafe { self.data.cast::<T>().add(self.len).write(item.clone()) };
            self.len += 1;
        }
        Ok(())
    }

    /// The elements from `from` up to before `to` as a new array, if they are unboxed and there are any: their
    /// bytes are copied. `to` is not above the length.
    #[inline]
    pub fn copy_unboxed(&self, from: usize, to: usize) -> Option<Result<Ref<Array>, OutOfMemory>> {
        let shift = self.unboxed_shift()?;
        assert!(to <= self.len);
        if from >= to {
            return None;
        }
        let (start, len) = (from << shift, to - from);
        let Some(copy) = Heads::of_thread().and_then(|heads| self.like_small(len, shift, heads)) else {
            return Some(self.copy_to_new_blocks(start, len << shift));
        };
        // SAFETY: so many bytes of elements lie at `start`, and the fresh buffer has room for them (**blocks**).
        unsafe { ptr::copy_nonoverlapping(self.data.add(start), copy.data, len << shift) };
        Some(Ok(copy))
    }

    /// A copy of `used` bytes of elements from `start`, where blocks have to be asked for.
    #[inline(never)]
    fn copy_to_new_blocks(&self, start: usize, used: usize) -> Result<Ref<Array>, OutOfMemory> {
        let bytes = alloc::rounded(used.max(LEAST_BUFFER));
        let (shape, size) = (self.hdr.shape, self.element_size());
        let (len, cap) = (used / size, bytes / size);
        let copy = match bytes {
            LEAST_BUFFER => Array::in_room(shape, len, cap),
            _ => {
                let data = alloc::buffer(bytes)?.as_ptr();
                Ref::made(|| Array::with_buffer(shape, data, len, cap))
            }
        };
        // SAFETY: `used` bytes of elements lie at `start`, and the fresh buffer has as many (**blocks**, **room**).
        unsafe { ptr::copy_nonoverlapping(self.data.add(start), copy.data, used) };
        Ok(copy)
    }

    /// A new array of the same kind with `len` elements that are not written yet, if it is small and its blocks are there. `shift` is
    /// that of this kind.
    #[inline(always)]
    fn like_small(&self, len: usize, shift: u32, heads: Heads<'_>) -> Option<Ref<Array>> {
        let bytes = (len << shift).max(LEAST_BUFFER).next_multiple_of(16);
        let (block, data) = match bytes {
            LEAST_BUFFER => {
                let block = heads.take_object(size_of::<Array>())?;
                // SAFETY: the block has the size of an array (**blocks**).
                (block, unsafe { block.add(ROOM) })
            }
            _ => heads.take_both(size_of::<Array>(), bytes)?.into(),
        };
        let made = Array::with_buffer(self.hdr.shape, data.as_ptr(), len, bytes >> shift);
        // SAFETY: as above.
        unsafe {
            block.cast::<Array>().write(made);
            Some(Ref::from_raw(block.cast()))
        }
    }

    /// By how much a number of elements is shifted for the number of their bytes; nothing if they are not unboxed.
    #[inline(always)]
    fn unboxed_shift(&self) -> Option<u32> {
        match self.hdr.shape {
            ids::ARR_I64 | ids::ARR_F64 => Some(3),
            ids::ARR_BOOL => Some(0),
            _ => None,
        }
    }

    /// Replaces a reference to a small array of unboxed elements that others on this thread hold, too, by one to a copy. False, and
    /// nothing is done, if it is none or if there are no blocks for it.
    #[inline(always)]
    pub(super) fn unshare_small(this: &mut Ref<Array>, heads: Heads<'_>) -> bool {
        let (count, len, from) = (this.hdr.count(), this.len, this.data);
        let Some(shift) = this.unboxed_shift().filter(|_| count > 1 && len > 0) else { return false };
        // What machine code had no use for would be in the way of what it has use for.
        heads.give_idle();
        let Some(copy) = this.like_small(len, shift, heads) else { return false };
        let to = copy.data;
        let others = std::mem::replace(this, copy).into_raw();
        // SAFETY: there is another local reference, so the object lives on without this one (**count**). Its buffer has `len` elements,
        // and at least as many pairs of words as these take: buffers of up to 256 bytes are multiples of 16. The copy's has as many
        // (**blocks**).
        unsafe {
            others.as_ref().hdr.rc.store(count - 1, Ordering::Relaxed);
            copy_pairs(from, to, (len << shift).div_ceil(16));
        }
        true
    }

    /// Appends an item to an array that is empty or of its kind and full, if the new buffer is small and there: an int or a float, its bits
    /// in the second word, or a value that no array stores unboxed. Else it does nothing and says false.
    ///
    /// # Safety
    /// The array stands in a block of the heap. The words are of the kind; those of a value are given up if it says true.
    #[inline(always)]
    pub(super) unsafe fn grow_small(&mut self, kind: Kind, words: [u64; 2], heads: Heads<'_>) -> bool {
        let size = match kind {
            Kind::I64 | Kind::F64 => 8,
            Kind::Val => 16,
            Kind::Empty | Kind::Bool | Kind::Range => return false,
        };
        let (used, shape) = (self.len * size, self.hdr.shape);
        let is_full = shape == kind as u32 && self.len == self.capacity();
        if !(is_full || shape == ids::ARR_EMPTY) {
            return false;
        }
        let bytes = if used == 0 { LEAST_BUFFER } else { used * 2 };
        if used == 0 {
            // SAFETY: by the caller's promise; without elements an array of no capacity has no buffer.
            unsafe { self.use_room() };
        } else {
            let Some(data) = heads.take(bytes) else { return false };
            let own = self.own_buffer();
            let old = std::mem::replace(&mut self.data, data.as_ptr());
            // SAFETY: the old buffer has `used` bytes, less than the new one, so it is small and a multiple of 16; nobody uses it
            // afterwards (**blocks**).
            unsafe {
                copy_pairs(old, data.as_ptr(), used / 16);
                own.map(|own| heads.give(own, used));
            }
        }
        // SAFETY: the buffer has `bytes` bytes now, more than are used.
        unsafe {
            let to = self.data.add(used).cast::<u64>();
            match kind {
                Kind::Val => to.cast::<[u64; 2]>().write(words),
                _ => to.write(words[1]),
            }
        }
        self.hdr.set_shape(kind as u32);
        (self.len, self.cap) = (self.len + 1, bytes / size);
        true
    }

    /// Frees an array of unboxed elements in a small buffer. False, and nothing is done, if it is none.
    ///
    /// # Safety
    /// The caller owns the last reference to it.
    #[inline(always)]
    pub(super) unsafe fn free_small(this: NonNull<Array>, heads: Heads<'_>) -> bool {
        // SAFETY: by the caller's promise; its blocks have these sizes (**blocks**).
        unsafe {
            let array = this.as_ref();
            let Some(shift) = array.unboxed_shift() else { return false };
            Array::give_blocks(this, array.capacity() << shift, heads)
        }
    }

    /// Returns the blocks of an array with so many bytes of buffer; false, and nothing is done, if the buffer is not small.
    ///
    /// # Safety
    /// Nobody uses them.
    #[inline(always)]
    unsafe fn give_blocks(this: NonNull<Array>, bytes: usize, heads: Heads<'_>) -> bool {
        // SAFETY: by the caller's promise; its blocks have these sizes (**blocks**).
        unsafe {
            match this.as_ref().own_buffer() {
                Some(data) => heads.give_both(this.cast(), size_of::<Array>(), data, bytes),
                None => heads.give_object(this.cast(), size_of::<Array>()),
            }
        }
    }

    /// Frees an array of values in a small buffer, and gives up what it holds. False, and nothing is done, if it is none.
    ///
    /// # Safety
    /// The caller owns the last reference to it.
    pub(super) unsafe fn free_values(this: NonNull<Array>, heads: Heads<'_>) -> bool {
        // SAFETY: by the caller's promise; each element owns a count, and its blocks have these sizes (**blocks**).
        unsafe {
            let array = this.as_ref();
            let bytes = array.capacity() * size_of::<Value>();
            let small = NonNull::new(array.data).filter(|_| bytes <= MAX_SMALL);
            let Some(data) = small.filter(|_| array.hdr.shape == ids::ARR_VAL) else { return false };
            for at in 0..array.len {
                let value = ManuallyDrop::new(data.cast::<Value>().add(at).read());
                if value.is_heap() && !free_flat(value.object(), heads) {
                    super::release(value.object());
                }
            }
            Array::give_blocks(this, bytes, heads)
        }
    }

    /// Makes room for `more` elements in an array of kind `T`.
    pub(in crate::value) fn reserve<T: Elem>(&mut self, more: usize) -> Result<(), OutOfMemory> {
        assert!(self.hdr.shape == T::KIND as u32);
        let Some(total) = self.len.checked_add(more) else { return Err(OutOfMemory::new(u64::MAX)) };
        if total > self.capacity() { self.grow_to::<T>(total) } else { Ok(()) }
    }

    /// Grows the buffer to at least `min` elements, by doubling.
    #[cold]
    #[inline(never)]
    fn grow_to<T: Elem>(&mut self, min: usize) -> Result<(), OutOfMemory> {
        let size = size_of::<T>();
        let cap = self.capacity();
        let wanted = if cap == 0 { min } else { min.max(cap * 2) };
        let Some(bytes) = wanted.max(min).checked_mul(size) else {
            return Err(OutOfMemory::new((min as u64).saturating_mul(size as u64)));
        };
        let bytes = match cap {
            0 => alloc::rounded(bytes.max(LEAST_BUFFER)),
            _ => alloc::in_whole_pages(min.saturating_mul(size), alloc::rounded(bytes.max(16))),
        };
        self.data = match self.own_buffer() {
            // SAFETY: the buffer has `cap` elements, `len` of them in use (**blocks**).
            Some(data) => unsafe { alloc::resize(data, self.bytes(), bytes, self.len * size)? }.as_ptr(),
            None => {
                let data = alloc::buffer(bytes)?.as_ptr();
                // SAFETY: without elements, or they are in the room, and the new buffer is larger (**room**).
                unsafe { ptr::copy_nonoverlapping(self.data, data, self.len * size) };
                data
            }
        };
        self.cap = if size == 1 { bytes } else { bytes / size };
        Ok(())
    }

    /// Bytes of the buffer. Blocks of small buffers are multiples of 16, so `cap` loses nothing there.
    fn bytes(&self) -> usize {
        self.capacity() * self.element_size()
    }

    fn element_size(&self) -> usize {
        match self.kind() {
            Kind::Bool => 1,
            Kind::I64 | Kind::F64 => 8,
            Kind::Val => 16,
            Kind::Empty | Kind::Range => 0,
        }
    }

    /// Shortens to `len` elements; a compact range stays one.
    pub(in crate::value) fn truncate_raw(&mut self, len: usize) {
        if len >= self.len {
            return;
        }
        let tail = self.len - len;
        self.len = len;
        if self.hdr.shape == ids::ARR_VAL {
            for at in len..len + tail {
                // SAFETY: the array has already forgotten the tail.
                unsafe { self.data.cast::<Value>().add(at).read() }.discard();
            }
        }
    }

    /// Forgets everything, also the kind and the buffer.
    pub(in crate::value) fn reset(&mut self) {
        self.truncate_raw(0);
        self.free_buffer();
        self.data = null_mut();
        self.cap = 0;
        self.len = 0;
        self.hdr.set_shape(ids::ARR_EMPTY);
    }

    /// Returns the buffer; what is written there is forgotten.
    #[inline(always)]
    fn free_buffer(&mut self) {
        if let Some(data) = self.own_buffer() {
            // SAFETY: **blocks**.
            unsafe { alloc::free_block(data, self.bytes()) };
        }
    }

    /// Takes over the content of `other`, whatever its kind, and leaves it empty.
    pub(in crate::value) fn take_content(&mut self, other: &mut Array) {
        self.reset();
        other.leave_room();
        self.data = std::mem::replace(&mut other.data, null_mut());
        self.len = std::mem::take(&mut other.len);
        self.cap = std::mem::take(&mut other.cap);
        let shape = other.hdr.shape;
        other.hdr.set_shape(ids::ARR_EMPTY);
        self.hdr.set_shape(shape);
    }

    /// Moves the elements out of the room to a buffer.
    fn leave_room(&mut self) {
        if self.data == self.room_start() {
            let data = alloc::buffer(LEAST_BUFFER).expect("small blocks can always be had").as_ptr();
            // SAFETY: both have as many bytes.
            unsafe { ptr::copy_nonoverlapping(self.data, data, LEAST_BUFFER) };
            self.data = data;
        }
    }

    /// Takes over the same elements stored in another way.
    pub(in crate::value) fn take_kind(&mut self, other: &mut Array) {
        let tries = self.tries();
        self.take_content(other);
        self.set_tries(tries);
    }

    /// Moves the elements out of an array of kind `Val`, leaving it empty.
    pub(in crate::value) fn take_values(&mut self) -> Vec<Value> {
        let mut items = Vec::with_capacity(self.len);
        if self.hdr.shape == ids::ARR_VAL {
            let len = std::mem::take(&mut self.len);
            // SAFETY: the array has forgotten `len` elements, which move to the vector's fresh room.
            unsafe {
                ptr::copy_nonoverlapping(self.data.cast::<Value>(), items.as_mut_ptr(), len);
                items.set_len(len);
            }
            self.reset();
        }
        items
    }
}

/// Destroys an array of unboxed elements and returns its block.
///
/// # Safety
/// The last reference to an array of bools, ints or floats has been given up.
#[inline(always)]
pub(super) unsafe fn destroy_unboxed(array: NonNull<Array>) {
    // SAFETY: nobody else refers to it; elements need no destruction (**blocks**).
    unsafe {
        (*array.as_ptr()).free_buffer();
        alloc::free_object(array.cast(), size_of::<Array>());
    }
}

/// Copies pairs of words, word by word: what was written a moment ago element by element cannot be read by wider words without
/// waiting for it.
///
/// # Safety
/// There are so many pairs at both places, aligned to 8, and they do not overlap.
#[inline(always)]
unsafe fn copy_pairs(from: *const u8, to: *mut u8, count: usize) {
    let (from, to) = (from.cast::<[MaybeUninit<u64>; 2]>(), to.cast::<[MaybeUninit<u64>; 2]>());
    for at in 0..count {
        // SAFETY: by the caller's promise. Volatile, so that it is not made a copy by wider words.
        unsafe {
            let from = from.add(at).cast::<MaybeUninit<u64>>();
            to.add(at).write([from.read_volatile(), from.add(1).read_volatile()]);
        }
    }
}

impl Drop for Array {
    #[inline]
    fn drop(&mut self) {
        if self.hdr.shape == ids::ARR_VAL {
            self.truncate_raw(0);
        }
        self.free_buffer();
    }
}
