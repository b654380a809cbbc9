//! The storage of dicts and sets: entries in insertion order and an index table of u32 places (or none).
//!
//! `Hdr@0 | entries@8 | used@16 | live@20 | index@24 | mask@32 | room@36`. Entries are 32 bytes: key tag,
//! hash, key payload, value. `value/dict.rs` does look-up and change with the slices given here.

use std::mem::{ManuallyDrop, offset_of};
use std::ops::{Deref, DerefMut};
use std::ptr::{self, NonNull, null_mut};
use std::slice;

use super::{Hdr, Ref, Str, alloc};
use crate::limits::OutOfMemory;
use crate::value::Value;
use crate::value::layout::{Borrowed, dict as at, shape as ids, tag};

/// A dict; with `Null` for every value also the content of a [`Set`].
#[repr(C)]
pub struct Dict {
    hdr: Hdr,
    entries: *mut Entry,
    used: u32,
    live: u32,
    index: *mut u32,
    mask: u32,
    room: u32,
}

/// A set: a dict without values.
#[repr(transparent)]
pub struct Set(pub(in crate::value) Dict);

impl Deref for Set {
    type Target = Dict;
    #[inline(always)]
    fn deref(&self) -> &Dict {
        &self.0
    }
}

impl DerefMut for Set {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Dict {
        &mut self.0
    }
}

/// One key and its value; owns both.
#[repr(C)]
pub struct Entry {
    ktag: u32,
    hash: u32,
    kpayload: u64,
    /// The value.
    pub value: Value,
}

const _: () = {
    assert!(offset_of!(Dict, entries) == at::ENTRIES && offset_of!(Dict, used) == at::USED);
    assert!(offset_of!(Dict, live) == at::LIVE && offset_of!(Dict, index) == at::INDEX);
    assert!(offset_of!(Dict, mask) == at::MASK);
    assert!(offset_of!(Entry, ktag) == at::ENTRY_TAG && offset_of!(Entry, hash) == at::ENTRY_HASH);
    assert!(offset_of!(Entry, kpayload) == at::ENTRY_PAYLOAD && offset_of!(Entry, value) == at::ENTRY_VALUE);
    assert!(size_of::<Entry>() == at::ENTRY_SIZE);
};

impl Entry {
    /// An entry that owns key and value.
    #[inline(always)]
    pub(in crate::value) fn new(key: Value, hash: u32, value: Value) -> Entry {
        let (ktag, kpayload) = key.into_bits();
        Entry { ktag: ktag as u32, hash, kpayload, value }
    }

    /// Whether it was removed and only keeps its place.
    #[inline(always)]
    pub fn is_removed(&self) -> bool {
        self.ktag == at::REMOVED
    }

    /// The key.
    #[inline(always)]
    pub fn key(&self) -> Borrowed<'_> {
        debug_assert!(!self.is_removed());
        // SAFETY: the bits came from `into_bits` and the entry owns their count.
        unsafe { Borrowed::from_bits(u64::from(self.ktag), self.kpayload) }
    }

    /// The randomised hash of the key.
    #[inline(always)]
    pub fn hash(&self) -> u32 {
        self.hash
    }

    /// Whether the key is this small integer, without unification of floats.
    #[inline(always)]
    pub(in crate::value) fn is_int(&self, key: i64) -> bool {
        u64::from(self.ktag) == tag::INT && self.kpayload == key as u64
    }

    /// The int that is the key or, of a dict of ints, was the key of a removed entry.
    #[inline(always)]
    pub(in crate::value) fn number(&self) -> i64 {
        self.kpayload as i64
    }

    /// The key, if it is a string.
    #[inline(always)]
    pub(in crate::value) fn text(&self) -> Option<&Str> {
        // SAFETY: **bits**; the entry owns a count of its key.
        if u64::from(self.ktag) == tag::STR { Some(unsafe { &*(self.kpayload as *const Str) }) } else { None }
    }

    /// Key and value, if it was not removed.
    pub(in crate::value) fn into_parts(self) -> Option<(Value, Value)> {
        if self.is_removed() {
            return None;
        }
        let entry = ManuallyDrop::new(self);
        // SAFETY: the entry is forgotten, its two counts move to the caller.
        unsafe { Some((Value::from_bits(u64::from(entry.ktag), entry.kpayload), ptr::read(&raw const entry.value))) }
    }

    /// Takes key and value out and leaves a removed entry.
    pub(in crate::value) fn remove(&mut self) -> Option<(Value, Value)> {
        let number = if u64::from(self.ktag) == tag::INT { self.kpayload } else { 0 };
        let removed = Entry { ktag: at::REMOVED, hash: 0, kpayload: number, value: Value::Null };
        std::mem::replace(self, removed).into_parts()
    }
}

impl Clone for Entry {
    #[inline]
    fn clone(&self) -> Entry {
        if !self.is_removed() {
            std::mem::forget(self.key().get().clone());
        }
        Entry { ktag: self.ktag, hash: self.hash, kpayload: self.kpayload, value: self.value.clone() }
    }
}

impl Drop for Entry {
    #[inline]
    fn drop(&mut self) {
        if u64::from(self.ktag).wrapping_sub(tag::HEAP_FIRST) <= tag::HEAP_LAST - tag::HEAP_FIRST {
            // SAFETY: the entry owns the count of its key.
            drop(unsafe { Value::from_bits(u64::from(self.ktag), self.kpayload) });
        }
    }
}

impl Dict {
    /// A table without entries; `shape` is that of an empty dict or set.
    #[inline]
    pub(in crate::value) fn empty(shape: u32) -> Dict {
        Dict { hdr: Hdr::new(shape), entries: null_mut(), used: 0, live: 0, index: null_mut(), mask: 0, room: 0 }
    }

    /// The shape word.
    #[inline(always)]
    pub fn shape(&self) -> u32 {
        self.hdr.shape
    }

    /// Changes the kind of the keys, within dicts or within sets.
    #[inline(always)]
    pub(in crate::value) fn set_key_kind(&mut self, kind: u32) {
        let base = if self.hdr.shape >= ids::SET_EMPTY { ids::SET_EMPTY } else { ids::DICT_EMPTY };
        debug_assert!(kind < 4);
        self.hdr.set_shape(base + kind);
    }

    /// 0 no keys yet, 1 ints, 2 strings, 3 anything.
    #[inline(always)]
    pub(in crate::value) fn key_kind(&self) -> u32 {
        self.hdr.shape & 3
    }

    /// Number of keys.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.live as usize
    }

    /// Whether there are no keys.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.live == 0
    }

    /// All entries in insertion order, removed ones included; the positions of iteration.
    #[inline(always)]
    pub fn entries(&self) -> &[Entry] {
        if self.entries.is_null() {
            return &[];
        }
        // SAFETY: `used` entries are initialised.
        unsafe { slice::from_raw_parts(self.entries, self.used as usize) }
    }

    #[inline(always)]
    pub(in crate::value) fn entries_mut(&mut self) -> &mut [Entry] {
        if self.entries.is_null() {
            return &mut [];
        }
        // SAFETY: as in `entries`, and `&mut self` is the only access.
        unsafe { slice::from_raw_parts_mut(self.entries, self.used as usize) }
    }

    /// The index table; empty while look-up is a linear scan. Its length is a power of two.
    #[inline(always)]
    pub(in crate::value) fn index(&self) -> &[u32] {
        if self.index.is_null() {
            return &[];
        }
        // SAFETY: the table has `mask + 1` places.
        unsafe { slice::from_raw_parts(self.index, self.mask as usize + 1) }
    }

    /// The group of places of the index that `place` lies in, if there is an index.
    #[inline(always)]
    pub(in crate::value) fn group(&self, place: usize) -> Option<(usize, &[u32; at::GROUP])> {
        const { assert!(at::GROUP.is_power_of_two()) }
        let first = place & self.mask as usize & !(at::GROUP - 1);
        // SAFETY: the table has `mask + 1` places, which are whole groups.
        if self.index.is_null() { None } else { Some((first, unsafe { &*self.index.add(first).cast() })) }
    }

    /// Tells the processor that the group of a hash will be looked at soon.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(in crate::value) fn expect(&self, hash: u32) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let group = self.index.wrapping_add((hash & self.mask) as usize);
        // SAFETY: an instruction that every machine of this kind has, and to which any address is allowed.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(group.cast()) }
    }

    /// As there; other machines are told nothing.
    #[cfg(not(target_arch = "x86_64"))]
    #[inline(always)]
    pub(in crate::value) fn expect(&self, _: u32) {}

    #[inline(always)]
    pub(in crate::value) fn index_mut(&mut self) -> &mut [u32] {
        if self.index.is_null() {
            return &mut [];
        }
        // SAFETY: as in `index`, and `&mut self` is the only access.
        unsafe { slice::from_raw_parts_mut(self.index, self.mask as usize + 1) }
    }

    /// The bits of a hash that choose a place, and of a word of the index that are a position.
    #[inline(always)]
    pub(in crate::value) fn mask(&self) -> u32 {
        self.mask
    }

    /// Appends an entry; look-up does not know it yet.
    #[inline(always)]
    pub(in crate::value) fn push_entry(&mut self, entry: Entry) -> Result<(), OutOfMemory> {
        if self.used == self.room {
            self.reserve_entries(self.used as usize + 1)?;
        }
        // SAFETY: there is room behind the last entry.
        unsafe { self.entries.add(self.used as usize).write(entry) };
        self.used += 1;
        self.live += 1;
        Ok(())
    }

    /// Takes key and value at a position out; the entry keeps its place.
    pub(in crate::value) fn remove_entry(&mut self, position: usize) -> Option<(Value, Value)> {
        let parts = self.entries_mut().get_mut(position)?.remove()?;
        self.live -= 1;
        while let Some(true) = self.entries().last().map(Entry::is_removed) {
            if !self.index.is_null() {
                break;
            }
            self.used -= 1;
        }
        Some(parts)
    }

    /// Makes room for `total` entries.
    #[cold]
    #[inline(never)]
    pub(in crate::value) fn reserve_entries(&mut self, total: usize) -> Result<(), OutOfMemory> {
        const SIZE: usize = size_of::<Entry>();
        let old = self.room as usize;
        if total <= old {
            return Ok(());
        }
        let bytes = alloc::in_whole_pages(total.saturating_mul(SIZE), total.max(4).max(old * 2).saturating_mul(SIZE));
        if total >= u32::MAX as usize / 2 {
            return Err(OutOfMemory::new(bytes as u64));
        }
        let buffer = match NonNull::new(self.entries) {
            None => alloc::buffer(bytes)?,
            // SAFETY: the buffer has `room` entries, `used` in use (**blocks**).
            Some(entries) => unsafe { alloc::resize(entries.cast(), old * SIZE, bytes, self.used as usize * SIZE)? },
        };
        self.entries = buffer.as_ptr().cast();
        self.room = (bytes / SIZE) as u32;
        Ok(())
    }

    /// Squeezes out removed entries; positions change, so the index must be rebuilt.
    pub(in crate::value) fn compact(&mut self) {
        let used = self.used as usize;
        let mut kept = 0;
        for position in 0..used {
            if !self.entries()[position].is_removed() {
                self.entries_mut().swap(kept, position);
                kept += 1;
            }
        }
        // The tail now holds removed entries only, which own nothing.
        self.used = kept as u32;
    }

    /// Gives the index table `places` (a power of two, or 0 for none), all free.
    pub(in crate::value) fn reset_index(&mut self, places: usize) -> Result<(), OutOfMemory> {
        let old = self.index().len();
        if places != old {
            let fresh = if places == 0 { null_mut() } else { alloc::buffer_of_lines(places * 4)?.as_ptr().cast::<u32>() };
            if let Some(index) = NonNull::new(self.index) {
                // SAFETY: **blocks**.
                unsafe { alloc::free_lines(index.cast(), old * 4) };
            }
            self.index = fresh;
            self.mask = (places.max(1) - 1) as u32;
        }
        if places > 0 {
            // SAFETY: all bytes set to 0xFF make every place `FREE`; the table has so many places.
            unsafe { ptr::write_bytes(self.index, 0xFF, places) };
        }
        Ok(())
    }

    /// A copy of entries and index, with increments only.
    pub(in crate::value) fn duplicate(&self, shape: u32) -> Result<Dict, OutOfMemory> {
        let mut copy = Dict::empty(shape);
        copy.reserve_entries(self.entries().len())?;
        for entry in self.entries() {
            copy.push_entry(entry.clone())?;
        }
        copy.live = self.live;
        let index = self.index();
        if !index.is_empty() {
            copy.reset_index(index.len())?;
            copy.index_mut().copy_from_slice(index);
        }
        Ok(copy)
    }

    /// Removes everything.
    pub(in crate::value) fn reset(&mut self) {
        let used = std::mem::take(&mut self.used) as usize;
        self.live = 0;
        if let Some(entries) = NonNull::new(std::mem::replace(&mut self.entries, null_mut())) {
            // SAFETY: `used` entries are initialised and forgotten above; **blocks**.
            unsafe {
                ptr::drop_in_place(ptr::slice_from_raw_parts_mut(entries.as_ptr(), used));
                alloc::free_block(entries.cast(), self.room as usize * size_of::<Entry>());
            }
        }
        if let Some(index) = NonNull::new(std::mem::replace(&mut self.index, null_mut())) {
            // SAFETY: **blocks**.
            unsafe { alloc::free_lines(index.cast(), (self.mask as usize + 1) * 4) };
        }
        self.room = 0;
        self.mask = 0;
        self.set_key_kind(0);
    }
}

impl Drop for Dict {
    fn drop(&mut self) {
        self.reset();
    }
}

/// Which words of a group agree with `hash` outside `mask`, and which are free: a bit each.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(in crate::value) fn look(group: &[u32; at::GROUP], hash: u32, mask: u32) -> (u32, u32) {
    use std::arch::x86_64::*;
    const { assert!(at::GROUP == 8) }
    // SAFETY: the group has eight words; these loads need no alignment, and every machine of this kind has them.
    unsafe {
        let words = group.as_ptr().cast::<__m128i>();
        let halves = [_mm_loadu_si128(words), _mm_loadu_si128(words.add(1))];
        let (hash, kept) = (_mm_set1_epi32(hash as i32), _mm_set1_epi32(!mask as i32));
        let (free, zero) = (_mm_set1_epi32(at::FREE as i32), _mm_setzero_si128());
        let agrees = halves.map(|half| _mm_cmpeq_epi32(_mm_and_si128(_mm_xor_si128(half, hash), kept), zero));
        let is_free = halves.map(|half| _mm_cmpeq_epi32(half, free));
        let agrees = _mm_packs_epi32(agrees[0], agrees[1]);
        let is_free = _mm_packs_epi32(is_free[0], is_free[1]);
        let bits = _mm_movemask_epi8(_mm_packs_epi16(agrees, is_free)) as u32;
        (bits & 0xFF & !(bits >> 8), bits >> 8)
    }
}

/// As there, for other machines.
#[cfg(not(target_arch = "x86_64"))]
pub(in crate::value) use self::look_one_by_one as look;

#[cfg(any(test, not(target_arch = "x86_64")))]
#[inline(always)]
pub(in crate::value) fn look_one_by_one(group: &[u32; at::GROUP], hash: u32, mask: u32) -> (u32, u32) {
    let bits = group.iter().enumerate().fold((0, 0), |(agreeing, free), (n, word)| {
        let agrees = (word ^ hash) & !mask == 0;
        (agreeing | u32::from(agrees) << n, free | u32::from(*word == at::FREE) << n)
    });
    (bits.0 & !bits.1, bits.1)
}

impl Ref<Set> {
    /// The dict inside.
    #[inline(always)]
    pub fn table(&self) -> &Dict {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_look_at_a_group_agree() {
        let mut state = 1_u32;
        let mut next = || {
            state = state.wrapping_mul(0x9E37_79B9) ^ state >> 13;
            state
        };
        for mask in [15, 0xFFFF, 0x1F_FFFF] {
            for _ in 0..2000 {
                let hash = if next() % 4 == 0 { u32::MAX } else { next() };
                let group = std::array::from_fn(|_| match next() % 4 {
                    0 => at::FREE,
                    1 => hash & !mask | next() & (mask / 2),
                    _ => next() & !mask | next() & (mask / 2),
                });
                assert_eq!(look(&group, hash, mask), look_one_by_one(&group, hash, mask), "{group:x?} {hash:x} {mask:x}");
            }
        }
    }
}
