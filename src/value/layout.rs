//! Tag numbers, shape ids and offsets that machine code may rely on.
//!
//! Invariant **bits**: a `Value` is 16 bytes, the tag a u64 at 0, the payload 8 bytes at 8; tags 8 to 21
//! own one count of the heap object at the payload. Kept by the declaration of `Value` and asserted here.
//! The upper half of the payload of `Fn0`, `Type` and `Module` is undefined: compare 32 bits there.
#![allow(unsafe_code)]

use std::marker::PhantomData;
use std::mem::{ManuallyDrop, offset_of};
use std::ops::Deref;
use std::ptr::{self, NonNull};

use super::Value;
use super::heap::{self, Hdr};

/// Tag numbers.
pub mod tag {
    pub const NULL: u64 = 0;
    pub const BOOL: u64 = 1;
    pub const INT: u64 = 2;
    pub const FLOAT: u64 = 3;
    pub const FN0: u64 = 4;
    pub const UNIT: u64 = 5;
    pub const TYPE: u64 = 6;
    pub const MODULE: u64 = 7;
    pub const STR: u64 = 8;
    pub const ARRAY: u64 = 9;
    pub const DICT: u64 = 10;
    pub const STRUCT: u64 = 11;
    pub const CLOSURE: u64 = 12;
    pub const VARIANT: u64 = 13;
    pub const BIGINT: u64 = 14;
    pub const ERROR: u64 = 15;
    pub const BYTES: u64 = 16;
    pub const SET: u64 = 17;
    pub const ITER: u64 = 18;
    pub const GEN: u64 = 19;
    pub const HANDLE: u64 = 20;
    /// Only in captured local slots and closure captures; never seen by a program.
    pub const CELL: u64 = 21;
    /// Only in return registers: the parts of an array are in the context, the payload is their number.
    pub const PARTS: u64 = 0xFB;
    /// A variable home before its initialisation.
    pub const UNINIT: u64 = 0xFC;
    /// A variable home during exclusive use.
    pub const IN_USE: u64 = 0xFD;
    /// Only in return registers, never in memory of type `Value`.
    pub const EXC: u64 = 0xFE;
    /// Only in return registers.
    pub const SUSPEND: u64 = 0xFF;
    /// Only in return registers.
    pub const EXIT: u64 = 0x100;

    /// First and last tag whose payload is a counted pointer.
    pub const HEAP_FIRST: u64 = STR;
    pub const HEAP_LAST: u64 = CELL;
}

/// Fixed shape words; from `FIRST_DECLARED` on they are struct and variant shapes of the registry.
pub mod shape {
    pub const STR_ASCII: u32 = 1;
    pub const STR_UTF8: u32 = 2;
    pub const ARR_EMPTY: u32 = 8;
    pub const ARR_BOOL: u32 = 9;
    pub const ARR_I64: u32 = 10;
    pub const ARR_F64: u32 = 11;
    pub const ARR_VAL: u32 = 12;
    pub const ARR_RANGE: u32 = 13;
    pub const DICT_EMPTY: u32 = 16;
    pub const DICT_INT: u32 = 17;
    pub const DICT_STR: u32 = 18;
    pub const DICT_ANY: u32 = 19;
    pub const SET_EMPTY: u32 = 20;
    pub const SET_INT: u32 = 21;
    pub const SET_STR: u32 = 22;
    pub const SET_ANY: u32 = 23;
    pub const CLOSURE: u32 = 24;
    pub const CLOSURE_BOUND: u32 = 25;
    pub const BIGINT: u32 = 26;
    pub const ERROR: u32 = 27;
    pub const BYTES: u32 = 28;
    pub const ITER: u32 = 29;
    pub const GEN: u32 = 30;
    pub const HANDLE: u32 = 31;
    pub const CELL: u32 = 32;
    pub const FIRST_DECLARED: u32 = 64;

    /// Whether an object of this shape is a string.
    #[inline(always)]
    pub(in crate::value) fn is_string(shape: u32) -> bool {
        matches!(shape, STR_ASCII | STR_UTF8)
    }

    /// Whether freeing an object of this shape frees no other object.
    #[inline(always)]
    pub(in crate::value) fn is_leaf(shape: u32) -> bool {
        matches!(shape, STR_ASCII | STR_UTF8 | ARR_EMPTY..=ARR_F64 | ARR_RANGE | BIGINT | BYTES)
    }
}

/// Set in the number of a variant without payload.
pub const UNIT_MARK: i64 = i64::MIN;

/// Set in what decides the methods of a value without payload; the rest is its enum.
pub const UNIT_KEY: u32 = 1 << 31;

/// A number for a variant that no other one has: its shape (`VariantDecl::shape`), or if it has no payload the payload word of its values
/// with a mark.
pub fn variant_number(decl: u32, variant: u32, shape: u32) -> i64 {
    match shape {
        0 => (i64::from(decl) | i64::from(variant) << 32) | UNIT_MARK,
        shape => i64::from(shape),
    }
}

/// Offsets in a header.
pub mod header {
    pub const COUNT: usize = 0;
    pub const SHAPE: usize = 4;
}
/// Offsets in an array.
pub mod array {
    pub const DATA: usize = 8;
    pub const LEN: usize = 16;
    pub const CAP: usize = 24;
    /// Where the room begins that an array has for a few elements in its own block.
    pub const ROOM: usize = 32;
    pub const SIZE: usize = 64;
    /// Bytes of the smallest buffer an array begins with, and of that room.
    pub const LEAST_BUFFER: usize = SIZE - ROOM;
}
/// Of the free lists that machine code takes blocks from.
pub mod free_blocks {
    /// Offset of the address of the first idle array.
    pub const IDLE: usize = 128;
    /// Most of them.
    pub const MOST_IDLE: usize = 8;
    /// Numbers that there is room for in the largest of them. Longer ones are copied in less time by wide words.
    pub const MOST_NUMBERS: usize = 128;
}
/// Offsets in a string.
pub mod string {
    pub const LEN: usize = 8;
    pub const HASH: usize = 16;
    pub const CAP: usize = 24;
    pub const BYTES: usize = 32;
}
/// Offsets in a dict or set, in an entry, and the marks of the index table.
pub mod dict {
    pub const ENTRIES: usize = 8;
    pub const USED: usize = 16;
    pub const LIVE: usize = 20;
    pub const INDEX: usize = 24;
    pub const MASK: usize = 32;
    pub const ENTRY_TAG: usize = 0;
    pub const ENTRY_HASH: usize = 4;
    pub const ENTRY_PAYLOAD: usize = 8;
    pub const ENTRY_VALUE: usize = 16;
    pub const ENTRY_SIZE: usize = 32;
    /// Up to this many entries there is no index and look-up is a linear scan. Consecutive ints never have an index.
    pub const LINEAR: usize = 8;
    /// Places of the index that are looked at together; it has whole groups of them.
    pub const GROUP: usize = 8;
    /// An index place that was never used. The others hold `hash & !mask | position`.
    pub const FREE: u32 = u32::MAX;
    /// `ENTRY_TAG` of a removed entry. Its index place keeps pointing at it.
    pub const REMOVED: u32 = u32::MAX;
}
/// Offsets in a closure.
pub mod closure {
    pub const FUNCTION: usize = 8;
    pub const COUNT: usize = 16;
    pub const CAPTURES: usize = 24;
}
/// Offset of the first payload value of a variant, and of the first field of an instance.
pub mod object {
    pub const FIELDS: usize = 8;
}
/// Offset of a Cell's content.
pub mod cell {
    pub const VALUE: usize = 8;
}

const _: () = {
    assert!(size_of::<Value>() == 16 && align_of::<Value>() == 8);
    assert!(size_of::<Option<Value>>() == 16);
    assert!(offset_of!(super::cell::Cell, value) == cell::VALUE);
};

impl Value {
    /// The tag number.
    #[inline(always)]
    pub fn tag(&self) -> u64 {
        // SAFETY: **bits**; the tag of a `repr(u64)` enum is a u64 at 0.
        unsafe { *ptr::from_ref(self).cast::<u64>() }
    }

    /// Whether the payload is a counted pointer.
    #[inline(always)]
    pub fn is_heap(&self) -> bool {
        self.tag().wrapping_sub(tag::HEAP_FIRST) <= tag::HEAP_LAST - tag::HEAP_FIRST
    }

    /// The header of the heap object, if there is one.
    #[inline(always)]
    pub fn hdr(&self) -> Option<&Hdr> {
        // SAFETY: **bits**; the object lives as long as this value refers to it.
        if self.is_heap() { Some(unsafe { self.object().as_ref() }) } else { None }
    }

    /// The shape word of a heap value; 0 for immediates.
    #[inline(always)]
    pub fn shape(&self) -> u32 {
        self.hdr().map_or(0, Hdr::shape)
    }

    /// # Safety
    /// The value is a heap value.
    #[inline(always)]
    pub(in crate::value) unsafe fn object(&self) -> NonNull<Hdr> {
        // SAFETY: by the caller's promise and **bits**.
        unsafe { *ptr::from_ref(self).cast::<NonNull<Hdr>>().add(1) }
    }

    /// The address of the heap object, as identity; `None` for immediates.
    #[inline(always)]
    pub fn address(&self) -> Option<usize> {
        self.hdr().map(|header| ptr::from_ref(header) as usize)
    }

    /// Drops with one test and one decrement inline. The compiler's own drop glue goes through a jump
    /// table (measured: about 1 ns more); hot code of engines uses this.
    #[inline(always)]
    pub fn discard(self) {
        let value = ManuallyDrop::new(self);
        if value.is_heap() {
            // SAFETY: the value owned one count and is forgotten.
            unsafe { heap::release(value.object()) };
        }
    }

    /// `*self = new`, dropping as [`Value::discard`] does.
    #[inline(always)]
    pub fn assign(&mut self, new: Value) {
        std::mem::replace(self, new).discard();
    }

    /// Tag and payload, with the count they carry. The payload of `Null`, `Uninit` and `InUse` is 0.
    #[inline]
    pub fn into_bits(self) -> (u64, u64) {
        let value = ManuallyDrop::new(self);
        let at = ptr::from_ref::<Value>(&value);
        let payload = match value.tag() {
            tag::NULL | tag::UNINIT | tag::IN_USE => 0,
            // SAFETY: **bits**; these three have four defined bytes.
            tag::FN0 | tag::TYPE | tag::MODULE => u64::from(unsafe { *at.cast::<u32>().add(2) }),
            // SAFETY: **bits**; all eight bytes are defined.
            _ => unsafe { *at.cast::<u64>().add(1) },
        };
        (value.tag(), payload)
    }

    /// The same without giving it up, each word read on its own. Read at once, as the compiler would, a value that was just written word by
    /// word keeps the processor waiting for a dozen cycles.
    #[inline(always)]
    pub fn words(&self) -> (u64, u64) {
        let at = ptr::from_ref::<Value>(self);
        let payload = match self.tag() {
            tag::NULL | tag::UNINIT | tag::IN_USE => 0,
            // SAFETY: **bits**; these three have four defined bytes.
            tag::FN0 | tag::TYPE | tag::MODULE => u64::from(unsafe { at.cast::<u32>().add(2).read_volatile() }),
            // SAFETY: **bits**; all eight bytes are defined.
            _ => unsafe { at.cast::<u64>().add(1).read_volatile() },
        };
        (self.tag(), payload)
    }

    /// Puts a value together again.
    ///
    /// # Safety
    /// `tag` and `payload` came from [`Value::into_bits`] or equal what it gives, and the caller owns
    /// the count.
    #[inline(always)]
    pub unsafe fn from_bits(tag: u64, payload: u64) -> Value {
        // SAFETY: **bits**.
        unsafe { std::mem::transmute::<[u64; 2], Value>([tag, payload]) }
    }
}

impl Clone for Value {
    #[inline(always)]
    fn clone(&self) -> Value {
        if self.is_heap() {
            // SAFETY: a heap value's object is alive.
            unsafe { heap::retain(self.object()) };
        }
        // SAFETY: immediates are plain bits, and the count of a heap object was raised above.
        unsafe { ptr::read(self) }
    }
}

/// A copy of what a cell holds.
#[inline(always)]
pub(super) fn copy_of_cell(cell: &std::cell::Cell<Value>) -> Value {
    // SAFETY: cloning a value runs no foreign code, so nobody changes the cell meanwhile.
    unsafe { (*cell.as_ptr()).clone() }
}

/// A value looked at without taking a reference, even where it is stored unboxed.
#[repr(transparent)]
pub struct Borrowed<'a> {
    value: ManuallyDrop<Value>,
    of: PhantomData<&'a Value>,
}

impl<'a> Borrowed<'a> {
    /// Looks at a stored value.
    #[inline(always)]
    pub fn of(value: &'a Value) -> Borrowed<'a> {
        // SAFETY: the copy is never dropped and lives no longer than the original.
        Borrowed { value: ManuallyDrop::new(unsafe { ptr::read(value) }), of: PhantomData }
    }

    /// An unboxed element as a value; only for values without a count.
    #[inline(always)]
    pub fn scalar(value: Value) -> Borrowed<'a> {
        debug_assert!(!value.is_heap());
        Borrowed { value: ManuallyDrop::new(value), of: PhantomData }
    }

    /// A value stored as tag and payload.
    ///
    /// # Safety
    /// As for [`Value::from_bits`], and the owner of the count outlives `'a`.
    #[inline(always)]
    pub(super) unsafe fn from_bits(tag: u64, payload: u64) -> Borrowed<'a> {
        // SAFETY: by the caller's promise.
        Borrowed { value: ManuallyDrop::new(unsafe { Value::from_bits(tag, payload) }), of: PhantomData }
    }

    /// The value.
    #[inline(always)]
    pub fn get(&self) -> &Value {
        &self.value
    }

    /// The object behind it, for as long as the container is borrowed.
    #[inline]
    pub fn object(&self) -> View<'a> {
        // SAFETY: the container keeps a count of the object for `'a`, and is not changed meanwhile.
        unsafe {
            match &*self.value {
                Value::Str(r) => View::Str(&*ptr::from_ref::<super::Str>(r)),
                Value::Array(r) => View::Array(&*ptr::from_ref::<super::Array>(r)),
                Value::Dict(r) => View::Dict(&*ptr::from_ref::<super::Dict>(r)),
                Value::Set(r) => View::Set(&*ptr::from_ref::<super::Dict>(r.table())),
                Value::Struct(r) => View::Struct(&*ptr::from_ref::<super::Inst>(r)),
                Value::Variant(r) => View::Variant(&*ptr::from_ref::<super::Var>(r)),
                Value::BigInt(r) => View::BigInt(&*ptr::from_ref::<super::Big>(r)),
                Value::Bytes(r) => View::Bytes(&*ptr::from_ref::<super::Bytes>(r)),
                Value::Error(r) => View::Error(&*ptr::from_ref::<super::Err>(r)),
                _ => View::Other,
            }
        }
    }
}

/// The objects that walks over data look into.
#[derive(Clone, Copy)]
pub enum View<'a> {
    /// Text.
    Str(&'a super::Str),
    /// An array or compact range.
    Array(&'a super::Array),
    /// A dict.
    Dict(&'a super::Dict),
    /// A set.
    Set(&'a super::Dict),
    /// An instance.
    Struct(&'a super::Inst),
    /// An enum value with payload.
    Variant(&'a super::Var),
    /// A big integer.
    BigInt(&'a super::Big),
    /// Bytes.
    Bytes(&'a super::Bytes),
    /// An error.
    Error(&'a super::Err),
    /// Immediates and things with identity.
    Other,
}

impl Deref for Borrowed<'_> {
    type Target = Value;
    #[inline(always)]
    fn deref(&self) -> &Value {
        &self.value
    }
}

impl Clone for Borrowed<'_> {
    fn clone(&self) -> Self {
        // SAFETY: a copy of bits that nobody drops.
        Borrowed { value: ManuallyDrop::new(unsafe { ptr::read(&raw const *self.value) }), of: PhantomData }
    }
}
