//! The block of a string: header and UTF-8 bytes in one piece.
//!
//! `Hdr@0 | len@8 | hash@16 | cap@24 | bytes@32…`, and behind the room for the bytes of every string with
//! `cap > INDEX_FROM` one pointer to its side table ([`IndexTable`]). Hash and table are filled lazily, also
//! by several threads at once, so both are atomics.

use std::ptr::{self, NonNull, null_mut};
use std::slice;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use super::{Hdr, HeapObject, Ref, alloc};
use crate::limits::OutOfMemory;
use crate::value::layout::{shape as ids, string as at};
use crate::value::string::IndexTable;

/// Strings with room for more bytes than this have a place for a side table.
const INDEX_FROM: usize = 64;

/// A string: immutable text, except for its only holder.
#[repr(C)]
pub struct Str {
    hdr: Hdr,
    len: usize,
    hash: AtomicU64,
    cap: usize,
    bytes: [u8; 0],
}

const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(Str, len) == at::LEN && offset_of!(Str, hash) == at::HASH);
    assert!(offset_of!(Str, cap) == at::CAP && offset_of!(Str, bytes) == at::BYTES);
};

/// Room for bytes in a block that holds at least `len`.
fn capacity(len: usize) -> Result<usize, OutOfMemory> {
    const {
        assert!(
            at::BYTES.is_multiple_of(16) && INDEX_FROM.is_multiple_of(16),
            "a short text takes whole steps of block sizes"
        )
    };
    if len <= INDEX_FROM {
        return Ok(len.next_multiple_of(16));
    }
    let block = len.checked_next_multiple_of(8).and_then(|len| len.checked_add(at::BYTES + 8));
    let block = block.filter(|&block| block < isize::MAX as usize).ok_or_else(|| OutOfMemory::new(len as u64))?;
    Ok(alloc::rounded(block) - at::BYTES - 8)
}

/// Bytes of the block (**blocks**).
fn block_size(cap: usize) -> usize {
    at::BYTES + cap + if cap > INDEX_FROM { 8 } else { 0 }
}

/// Copies a text. Whether every byte is a character.
///
/// Short ones, which most are, take two loads and stores that may overlap: calling the library costs more than the bytes.
///
/// # Safety
/// There is room for it at `to`, where `text` is not.
#[inline(always)]
unsafe fn copy_text(text: &str, to: *mut u8) -> bool {
    /// The first and the last bytes of a text that has at least as many as a `T` and at most twice as many.
    ///
    /// # Safety
    /// As above.
    #[inline(always)]
    unsafe fn ends<T: Copy>(text: &str, to: *mut u8) -> [T; 2] {
        let last = text.len() - size_of::<T>();
        // SAFETY: both pieces lie in the text and in the room for it.
        unsafe {
            let from = text.as_ptr();
            let both = [from.cast::<T>().read_unaligned(), from.add(last).cast::<T>().read_unaligned()];
            to.cast::<T>().write_unaligned(both[0]);
            to.add(last).cast::<T>().write_unaligned(both[1]);
            both
        }
    }
    let length = text.len();
    // SAFETY: the lengths are what `ends` asks for.
    unsafe {
        if length >= 8 {
            if length <= 16 {
                ends::<u64>(text, to).iter().all(|piece| piece & (u64::MAX / 255 * 128) == 0)
            } else if length <= 32 {
                ends::<u128>(text, to).iter().all(|piece| piece & (u128::MAX / 255 * 128) == 0)
            } else {
                to.copy_from_nonoverlapping(text.as_ptr(), length);
                is_ascii(text.as_bytes())
            }
        } else if length >= 4 {
            ends::<u32>(text, to).iter().all(|piece| piece & 0x8080_8080 == 0)
        } else if length >= 2 {
            ends::<u16>(text, to).iter().all(|piece| piece & 0x8080 == 0)
        } else {
            length == 0 || ends::<u8>(text, to)[0] < 0x80
        }
    }
}

/// Whether two texts are the same. Short ones, which most are, are compared by two pieces that may overlap.
#[inline(always)]
fn is_same(a: &[u8], b: &[u8]) -> bool {
    #[inline(always)]
    fn ends<const N: usize>(a: &[u8], b: &[u8]) -> bool {
        a.first_chunk::<N>() == b.first_chunk() && a.last_chunk::<N>() == b.last_chunk()
    }
    let length = a.len();
    if length != b.len() {
        false
    } else if length >= 8 {
        if length <= 16 {
            ends::<8>(a, b)
        } else if length <= 32 {
            ends::<16>(a, b)
        } else {
            a == b
        }
    } else if length >= 4 {
        ends::<4>(a, b)
    } else if length >= 2 {
        ends::<2>(a, b)
    } else {
        a.first() == b.first()
    }
}

impl Str {
    /// A string with this text.
    #[inline(never)]
    pub(in crate::value) fn of(text: &str) -> Result<Ref<Str>, OutOfMemory> {
        if text.len() <= 32 {
            let cap = (text.len() + 15) & !15;
            if let Some(block) = alloc::ready_object(block_size(cap)) {
                // SAFETY: a fresh block of that size.
                return Ok(unsafe { Str::fill(block.cast(), text, cap) });
            }
        }
        Str::with_room(text, text.len())
    }

    /// Texts one after another, with `separator` between them; together they have at most `length` bytes.
    pub fn join<'a>(length: usize, separator: &str, texts: impl Iterator<Item = &'a str>) -> Result<Ref<Str>, OutOfMemory> {
        let mut joined = Writer::new(length)?;
        for (at, text) in texts.enumerate() {
            if at > 0 {
                joined.push(separator);
            }
            joined.push(text);
        }
        Ok(joined.finish())
    }

    /// Texts one after another; together they have at most `length` bytes.
    pub(in crate::value) fn concat_all(length: usize, texts: &[&str]) -> Result<Ref<Str>, OutOfMemory> {
        let mut joined = Writer::new(length)?;
        for text in texts {
            joined.push(text);
        }
        Ok(joined.finish())
    }

    /// Whether both have the same text.
    #[inline(always)]
    pub(in crate::value) fn has_text_of(&self, other: &Str) -> bool {
        ptr::eq(self, other) || is_same(self.as_bytes(), other.as_bytes())
    }

    /// As there, of texts that are compared without a call; false for others.
    #[inline(always)]
    pub(in crate::value) fn has_short_text_of(&self, other: &Str) -> bool {
        ptr::eq(self, other) || self.len <= 32 && is_same(self.as_bytes(), other.as_bytes())
    }

    /// A string with room for `room` bytes, holding `text`.
    pub(in crate::value) fn with_room(text: &str, room: usize) -> Result<Ref<Str>, OutOfMemory> {
        let cap = capacity(room.max(text.len()))?;
        let block = alloc::try_object(block_size(cap))?;
        // SAFETY: a fresh block of that size.
        Ok(unsafe { Str::fill(block.cast(), text, cap) })
    }

    /// A string without text that has room for `room` bytes, if these are few and a block is there.
    #[inline(always)]
    fn short_room(room: usize) -> Option<Ref<Str>> {
        if room > INDEX_FROM {
            return None;
        }
        let cap = room.next_multiple_of(16);
        let block = alloc::ready_object(block_size(cap))?;
        // SAFETY: a fresh block of that size.
        Some(unsafe { Str::fill(block.cast(), "", cap) })
    }

    /// A string whatever the memory limit says; the account raises the poll flag.
    pub(in crate::value) fn unlimited(text: &str) -> Ref<Str> {
        let cap = capacity(text.len()).expect("text that exists is smaller than the address space");
        let block = alloc::unlimited_object(block_size(cap));
        // SAFETY: a fresh block of that size.
        unsafe { Str::fill(block.cast(), text, cap) }
    }

    /// # Safety
    /// `block` is fresh and has the size for `cap`, which is enough for `text`.
    #[inline(always)]
    unsafe fn fill(block: NonNull<Str>, text: &str, cap: usize) -> Ref<Str> {
        // SAFETY: the block has room for header, `cap` bytes and the table pointer.
        unsafe {
            let shape = if copy_text(text, bytes_of(block)) { ids::STR_ASCII } else { ids::STR_UTF8 };
            block.write(Str { hdr: Hdr::new(shape), len: text.len(), hash: AtomicU64::new(0), cap, bytes: [] });
            if cap > INDEX_FROM {
                bytes_of(block).add(cap).cast::<AtomicPtr<IndexTable>>().write(AtomicPtr::new(null_mut()));
            }
            Ref::from_raw(block)
        }
    }

    /// Length in bytes.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no text.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes there is room for.
    pub fn capacity(&self) -> usize {
        self.cap
    }

    /// Whether every byte is a character.
    #[inline(always)]
    pub fn is_ascii(&self) -> bool {
        self.hdr.shape == ids::STR_ASCII
    }

    /// The bytes.
    #[inline(always)]
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: `len` bytes behind the header are in use.
        unsafe { slice::from_raw_parts(ptr::from_ref(self).cast::<u8>().add(at::BYTES), self.len) }
    }

    /// The text.
    #[inline(always)]
    pub fn as_str(&self) -> &str {
        // SAFETY: only whole `str`s are ever written.
        unsafe { std::str::from_utf8_unchecked(self.as_bytes()) }
    }

    /// The cached hash; 0 if there is none yet.
    #[inline(always)]
    pub(in crate::value) fn cached_hash(&self) -> u64 {
        self.hash.load(Ordering::Relaxed)
    }

    /// Keeps a hash; every thread computes the same.
    #[inline]
    pub(in crate::value) fn cache_hash(&self, hash: u64) {
        self.hash.store(hash, Ordering::Relaxed);
    }

    fn table_place(&self) -> Option<&AtomicPtr<IndexTable>> {
        if self.cap <= INDEX_FROM {
            return None;
        }
        // SAFETY: such a block ends with the pointer, at a multiple of 8.
        Some(unsafe { &*ptr::from_ref(self).cast::<u8>().add(at::BYTES + self.cap).cast::<AtomicPtr<IndexTable>>() })
    }

    /// The side table, made by `make` at the first call. `None` if the block has no place for one.
    pub(in crate::value) fn index_table(&self, make: impl FnOnce(&str) -> IndexTable) -> Option<&IndexTable> {
        let place = self.table_place()?;
        let mut table = place.load(Ordering::Acquire);
        if table.is_null() {
            let made = Box::into_raw(Box::new(make(self.as_str())));
            match place.compare_exchange(null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => table = made,
                Err(other) => {
                    // SAFETY: `made` was not published.
                    drop(unsafe { Box::from_raw(made) });
                    table = other;
                }
            }
        }
        // SAFETY: a published table lives until the string is changed or freed, which needs `&mut` or the
        // last reference.
        Some(unsafe { &*table })
    }

    /// Appends, in place if `this` is the only reference and has room; else `this` is replaced by a copy.
    #[inline]
    pub(in crate::value) fn append(this: &mut Ref<Str>, text: &str) -> Result<(), OutOfMemory> {
        let old = this.len;
        if old + text.len() > this.cap || !this.own() {
            Str::make_room(this, text.len())?;
        }
        // SAFETY: `make_room` left the only reference to a block with room behind `len`.
        unsafe {
            let ascii = copy_text(text, bytes_of(this.ptr).add(old));
            let header = this.ptr.as_mut();
            header.len = old + text.len();
            *header.hash.get_mut() = 0;
            if !ascii {
                header.hdr.set_shape(ids::STR_UTF8);
            }
        }
        if !this.is_ascii() {
            this.extend_table();
        }
        Ok(())
    }

    /// A table that exists learns about appended text, so that appending and indexing may alternate.
    fn extend_table(&self) {
        let Some(place) = self.table_place() else { return };
        // SAFETY: `append` holds the only reference.
        if let Some(table) = unsafe { place.load(Ordering::Relaxed).as_mut() } {
            table.extend(self.as_str());
        }
    }

    #[cold]
    #[inline(never)]
    fn make_room(this: &mut Ref<Str>, more: usize) -> Result<(), OutOfMemory> {
        let Some(needed) = this.len.checked_add(more) else { return Err(OutOfMemory::new(u64::MAX)) };
        if !this.own() {
            *this = Str::with_room(this.as_str(), needed.max(this.len + this.len / 4))?;
            return Ok(());
        }
        let cap = capacity(needed.max(this.cap.saturating_mul(2)))?;
        let (old, table) = (this.cap, this.take_table());
        // SAFETY: the only reference; the block has the size that its header says.
        unsafe {
            let moved = alloc::resize(this.ptr.cast(), block_size(old), block_size(cap), at::BYTES + this.len);
            let moved = match moved {
                Ok(block) => block.cast::<Str>(),
                Err(refused) => {
                    this.put_table(table);
                    return Err(refused);
                }
            };
            (*moved.as_ptr()).cap = cap;
            if cap > INDEX_FROM {
                bytes_of(moved).add(cap).cast::<AtomicPtr<IndexTable>>().write(AtomicPtr::new(table));
            }
            ptr::write(this, Ref::from_raw(moved));
        }
        Ok(())
    }

    fn take_table(&self) -> *mut IndexTable {
        self.table_place().map_or(null_mut(), |place| place.swap(null_mut(), Ordering::Relaxed))
    }

    fn put_table(&self, table: *mut IndexTable) {
        if let Some(place) = self.table_place() {
            place.store(table, Ordering::Relaxed);
        }
    }

    fn drop_table(&mut self) {
        let table = self.take_table();
        if !table.is_null() {
            // SAFETY: `&mut self`, so nobody looks at the table.
            drop(unsafe { Box::from_raw(table) });
        }
    }

    /// # Safety
    /// The last reference is gone.
    #[inline(always)]
    pub(super) unsafe fn destroy(this: NonNull<Str>) {
        // SAFETY: by the caller's promise (**blocks**).
        unsafe {
            match this.as_ref().cap {
                cap @ ..=INDEX_FROM => alloc::free_object(this.cast(), block_size(cap)),
                _ => Str::destroy_long(this),
            }
        }
    }

    /// # Safety
    /// As above.
    #[inline(never)]
    unsafe fn destroy_long(mut this: NonNull<Str>) {
        // SAFETY: by the caller's promise (**blocks**).
        unsafe {
            this.as_mut().drop_table();
            alloc::free_object(this.cast(), block_size(this.as_ref().cap));
        }
    }
}

/// A string that is being written, with all the room it will need.
struct Writer {
    made: Ref<Str>,
    cap: usize,
    used: usize,
    is_ascii: bool,
}

impl Writer {
    #[inline(always)]
    fn new(room: usize) -> Result<Writer, OutOfMemory> {
        let made = match Str::short_room(room) {
            Some(made) => made,
            None => Str::with_room("", room)?,
        };
        Ok(Writer { cap: made.cap, made, used: 0, is_ascii: true })
    }

    #[inline(always)]
    fn push(&mut self, text: &str) {
        assert!(text.len() <= self.cap - self.used);
        // SAFETY: nobody else has the block, and behind the bytes in use there is room.
        self.is_ascii &= unsafe { copy_text(text, bytes_of(self.made.ptr).add(self.used)) };
        self.used += text.len();
    }

    #[inline(always)]
    fn finish(mut self) -> Ref<Str> {
        // SAFETY: nobody else has the block; so many of its bytes are text.
        let header = unsafe { self.made.ptr.as_mut() };
        header.len = self.used;
        if !self.is_ascii {
            header.hdr.set_shape(ids::STR_UTF8);
        }
        self.made
    }
}

/// Whether every byte of a text of at least sixteen is a character.
fn is_ascii(text: &[u8]) -> bool {
    const TOP: u128 = u128::MAX / 255 * 128;
    let (words, _) = text.as_chunks::<16>();
    // The last sixteen hold what does not fill sixteen, and may hold some twice.
    let last = text.last_chunk::<16>();
    words.iter().chain(last).fold(0, |all, word| all | u128::from_ne_bytes(*word)) & TOP == 0
}

/// Where the bytes of a block begin.
unsafe fn bytes_of(block: NonNull<Str>) -> *mut u8 {
    // SAFETY: the caller's block is larger than the header.
    unsafe { block.cast::<u8>().add(at::BYTES).as_ptr() }
}

const _: fn() = || {
    fn is_object<T: HeapObject>() {}
    is_object::<Str>();
};
