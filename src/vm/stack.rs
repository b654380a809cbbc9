//! The value stack, and raw access to registers, code and functions.
//!
//! One region of 16-byte slots per VM, reserved at once, touched page by page, never moved. Invariants, which the blocks below
//! refer to by name:
//!
//! * **slots**: every slot of the region always holds a valid `Value` (the region starts zeroed, and zero is null); slots
//!   outside of live frames hold no counted reference.
//! * **registers**: a frame's registers lie in the region: `bytecode::verify` checks that every register of a chunk is below
//!   its register count, and a call enters a function only if that many slots are left.
//! * **code**: an instruction pointer stays inside its function's code: `verify` checks that jumps land on instructions and
//!   that the last one does not go on.
//! * **functions**: an [`Activation`] lives in a box that the VM's function table frees only when the VM is dropped, which
//!   outlives every frame and cache that refers to it.
//! * **one thread**: region, code and functions are used by one thread only; a reference into a slot does not live across
//!   anything that may write that slot. The accessors give short borrows, and the dispatch loop copies out what it needs.
#![allow(unsafe_code)]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::mem::MaybeUninit;
use std::ops::Deref;
use std::ptr::{self, NonNull};

use super::function::Activation;
use crate::bytecode::Op;
use crate::value::layout::tag;
use crate::value::{Array, FieldSlot, Inst, Kind, Rep, Value};

/// Slots behind the end, for compiled functions that call none and do not look whether there is room.
pub const SPARE_SLOTS: usize = 256;

/// The region.
pub struct Stack {
    base: NonNull<Value>,
    slots: usize,
}

impl Stack {
    /// Reserves a region; pages are committed when they are first touched.
    pub fn reserve(slots: usize) -> Option<Stack> {
        let layout = layout(slots)?;
        // SAFETY: the size is not zero.
        let base = NonNull::new(unsafe { alloc_zeroed(layout) })?.cast::<Value>();
        Some(Stack { base, slots })
    }

    pub fn start(&self) -> Fp {
        Fp(self.base.as_ptr())
    }

    /// One past the last slot, but for the spare ones.
    pub fn end(&self) -> Fp {
        // SAFETY: **slots**; inside of the allocation.
        Fp(unsafe { self.base.as_ptr().add(self.slots) })
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(layout) = layout(self.slots) {
            // SAFETY: allocated with this layout. By **slots** nothing is owned by the region any more.
            unsafe { dealloc(self.base.as_ptr().cast(), layout) }
        }
    }
}

fn layout(slots: usize) -> Option<Layout> {
    Layout::array::<Value>(slots.checked_add(SPARE_SLOTS)?).ok()
}

/// The second word of a value; not all kinds define all of it.
type Word = MaybeUninit<u64>;

/// A value as its two words, with the reference it owns.
#[derive(Clone, Copy)]
pub struct Bits {
    tag: u64,
    payload: Word,
}

impl Bits {
    #[inline(always)]
    pub fn of(value: Value) -> Bits {
        // SAFETY: a value is 16 bytes, the first 8 its tag, which is always defined.
        unsafe {
            let words = std::mem::transmute::<Value, [Word; 2]>(value);
            Bits { tag: words[0].assume_init(), payload: words[1] }
        }
    }

    #[inline(always)]
    pub fn into_value(self) -> Value {
        // SAFETY: the words came from a value and are used once: whoever moves them out leaves null behind.
        unsafe { std::mem::transmute::<[Word; 2], Value>([Word::new(self.tag), self.payload]) }
    }
}

/// The first register of a frame. Compiled code passes it as an address.
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Fp(*mut Value);

/// Whether a tag belongs to a counted reference (or to a mark, which dropping does not mind).
#[inline(always)]
fn owns(tag: u64) -> bool {
    tag >= tag::HEAP_FIRST
}

#[cold]
#[inline(never)]
unsafe fn drop_slot(at: *mut Value) {
    // SAFETY: by the caller, a slot; null is left behind before anything can run (**slots**).
    drop(unsafe { ptr::replace(at, Value::Null) });
}

impl Fp {
    /// The register as the start of another frame.
    #[inline(always)]
    pub fn window(self, register: u16) -> Fp {
        Fp(self.at(register))
    }

    /// The slot just below the frame: where a called closure is.
    #[inline(always)]
    pub fn below(self) -> Fp {
        // SAFETY: **registers**; frames of closures begin behind the register that holds the closure.
        Fp(unsafe { self.0.sub(1) })
    }

    /// The position `count` slots further.
    #[inline(always)]
    pub fn above(self, count: usize) -> Fp {
        Fp(self.0.wrapping_add(count))
    }

    /// Number of slots between two positions.
    #[inline(always)]
    pub fn distance(self, start: Fp) -> usize {
        (self.0 as usize).wrapping_sub(start.0 as usize) / size_of::<Value>()
    }

    #[inline(always)]
    fn at(self, register: u16) -> *mut Value {
        // SAFETY: **registers**.
        unsafe { self.0.add(usize::from(register)) }
    }

    /// The address of a register, as the home of a `self`.
    #[inline(always)]
    pub fn address(self, register: u16) -> *mut Value {
        self.at(register)
    }

    #[inline(always)]
    pub fn tag(self, register: u16) -> u64 {
        // SAFETY: **registers**; a value begins with its tag.
        unsafe { *self.at(register).cast::<u64>() }
    }

    #[inline(always)]
    fn payload<T: Copy>(self, register: u16) -> T {
        // SAFETY: **registers**; the payload stands 8 bytes behind the tag. Callers have checked the tag.
        unsafe { *self.at(register).cast::<u64>().add(1).cast::<T>() }
    }

    #[inline(always)]
    pub fn get<'a>(self, register: u16) -> &'a Value {
        // SAFETY: **registers**, **one thread**.
        unsafe { &*self.at(register) }
    }

    #[inline(always)]
    pub fn get_mut<'a>(self, register: u16) -> &'a mut Value {
        // SAFETY: **registers**, **one thread**.
        unsafe { &mut *self.at(register) }
    }

    /// Consecutive registers.
    #[inline(always)]
    pub fn slice<'a>(self, first: u16, count: usize) -> &'a mut [Value] {
        // SAFETY: **registers**, **one thread**.
        unsafe { std::slice::from_raw_parts_mut(self.at(first), count) }
    }

    /// The int in a register, if it is one.
    #[inline(always)]
    pub fn int(self, register: u16) -> Option<i64> {
        if self.tag(register) == tag::INT { Some(self.payload(register)) } else { None }
    }

    #[inline(always)]
    pub fn float(self, register: u16) -> Option<f64> {
        if self.tag(register) == tag::FLOAT { Some(self.payload(register)) } else { None }
    }

    /// The payload of a register that is known to hold an int.
    #[inline(always)]
    pub fn raw_int(self, register: u16) -> i64 {
        self.payload(register)
    }

    #[inline(always)]
    pub fn bool(self, register: u16) -> Option<bool> {
        if self.tag(register) == tag::BOOL { Some(self.payload::<u64>(register) != 0) } else { None }
    }

    /// Both ints, if both are.
    #[inline(always)]
    pub fn ints(self, a: u16, b: u16) -> Option<(i64, i64)> {
        if self.tag(a) == tag::INT && self.tag(b) == tag::INT { Some((self.payload(a), self.payload(b))) } else { None }
    }

    /// Both floats, if both are.
    #[inline(always)]
    pub fn floats(self, a: u16, b: u16) -> Option<(f64, f64)> {
        if self.tag(a) == tag::FLOAT && self.tag(b) == tag::FLOAT { Some((self.payload(a), self.payload(b))) } else { None }
    }

    /// Drops what the register holds, if that is a counted reference.
    #[inline(always)]
    pub fn free(self, register: u16) {
        if owns(self.tag(register)) {
            // SAFETY: **registers**.
            unsafe { drop_slot(self.at(register)) }
        }
    }

    /// The two words of a register. Read one by one: a 16-byte load of a slot that was just written by words waits for the
    /// stores (measured: it made up half of the time of a loop of additions).
    #[inline(always)]
    fn read(self, register: u16) -> Bits {
        let at = self.at(register).cast::<Word>();
        // SAFETY: **registers**.
        unsafe { Bits { tag: ptr::read_volatile(at.cast::<u64>()), payload: ptr::read_volatile(at.add(1)) } }
    }

    /// Writes the two words; what the register held owns nothing.
    #[inline(always)]
    fn write(self, register: u16, bits: Bits) {
        let at = self.at(register).cast::<Word>();
        // SAFETY: **registers**.
        unsafe {
            ptr::write(at.cast::<u64>(), bits.tag);
            ptr::write(at.add(1), bits.payload);
        }
    }

    /// Replaces what the register holds.
    #[inline(always)]
    pub fn put(self, register: u16, bits: Bits) {
        self.free(register);
        self.write(register, bits);
    }

    #[inline(always)]
    pub fn set_int(self, register: u16, value: i64) {
        self.put(register, Bits { tag: tag::INT, payload: Word::new(value as u64) });
    }

    #[inline(always)]
    pub fn set_float(self, register: u16, value: f64) {
        self.put(register, Bits { tag: tag::FLOAT, payload: Word::new(value.to_bits()) });
    }

    #[inline(always)]
    pub fn set_bool(self, register: u16, value: bool) {
        self.put(register, Bits { tag: tag::BOOL, payload: Word::new(u64::from(value)) });
    }

    #[inline(always)]
    pub fn set_null(self, register: u16) {
        self.put(register, Bits { tag: tag::NULL, payload: Word::new(0) });
    }

    /// Replaces what the register holds.
    #[inline(always)]
    pub fn set(self, register: u16, value: Value) {
        self.put(register, Bits::of(value));
    }

    /// Copies a register.
    #[inline(always)]
    pub fn copy(self, dst: u16, src: u16) {
        self.copy_from(dst, self.get(src));
    }

    /// Copies a value that stands anywhere.
    #[inline(always)]
    pub fn copy_from(self, dst: u16, value: &Value) {
        let bits = Fp(ptr::from_ref(value).cast_mut()).read(0);
        if owns(bits.tag) {
            std::mem::forget(value.clone());
        }
        self.put(dst, bits);
    }

    /// Moves the words out and leaves null.
    #[inline(always)]
    pub fn take_bits(self, register: u16) -> Bits {
        let bits = self.read(register);
        // SAFETY: **registers**; the value has been moved out.
        unsafe { ptr::write(self.at(register).cast::<u64>(), tag::NULL) }
        bits
    }

    /// Writes the payload of a register that is known to hold an int.
    #[inline(always)]
    pub fn put_raw_int(self, register: u16, value: i64) {
        // SAFETY: **registers**; ints own nothing.
        unsafe { *self.at(register).cast::<i64>().add(1) = value }
    }

    /// Moves the value out and leaves null.
    #[inline(always)]
    pub fn take(self, register: u16) -> Value {
        self.take_bits(register).into_value()
    }

    /// Puts element `at` of an array into a register; false if there is none, or the array is a range.
    #[inline(always)]
    pub fn load_item(self, dst: u16, items: &Array, at: i64) -> bool {
        let at = at as usize;
        match items.kind() {
            Kind::I64 => match items.as_i64_slice().and_then(|items| items.get(at)) {
                Some(item) => self.set_int(dst, *item),
                None => return false,
            },
            Kind::F64 => match items.as_f64_slice().and_then(|items| items.get(at)) {
                Some(item) => self.set_float(dst, *item),
                None => return false,
            },
            Kind::Val => match items.as_val_slice().and_then(|items| items.get(at)) {
                Some(item) => self.copy_from(dst, item),
                None => return false,
            },
            Kind::Bool => match items.as_bool_slice().and_then(|items| items.get(at)) {
                Some(item) => self.set_bool(dst, *item),
                None => return false,
            },
            Kind::Empty | Kind::Range => return false,
        }
        true
    }

    /// Puts an element of the array in a temporary into a register and consumes the temporary; gives the array's shape, or
    /// nothing, with nothing done, if it is no array with that element.
    #[inline(always)]
    pub fn load_from_temp(self, dst: u16, a: u16, at: i64) -> Option<u32> {
        if self.tag(a) != tag::ARRAY {
            return None;
        }
        let Value::Array(items) = self.take(a) else { return None };
        if self.load_item(dst, &items, at) {
            return Some(items.shape());
        }
        self.set(a, Value::Array(items));
        None
    }

    /// Puts a field into a register; false if the object has another shape than the slot.
    #[inline(always)]
    pub fn load_field(self, dst: u16, object: &Inst, slot: &FieldSlot) -> bool {
        let Some(field) = object.peek(slot) else { return false };
        match slot.rep() {
            Rep::F64 => match field.as_float() {
                Some(field) => self.set_float(dst, field),
                None => return false,
            },
            Rep::I64 => match field.as_int() {
                Some(field) => self.set_int(dst, field),
                None => return false,
            },
            Rep::Value => self.copy_from(dst, field.get()),
        }
        true
    }

    /// Consumes a temporary that is of no further use.
    #[inline(always)]
    pub fn free_temp(self, register: u16) {
        self.free(register);
    }

    /// Drops and nulls all counted references in `count` registers from `first` on. (`free` leaves null behind.)
    #[inline(always)]
    pub fn clear_nulling(self, first: u16, count: u16) {
        for register in first..first + count {
            self.free(register);
        }
    }

    /// The same for the registers in `from..to`, off the fast path.
    #[cold]
    pub fn wipe(self, from: u16, to: u16) {
        for register in from..to {
            self.free(register);
        }
    }
}

/// The home of a `self` on loan to a mutating method: the caller's local, or a place below it that the caller owns alone.
#[derive(Clone, Copy, Debug)]
pub struct Home(*mut Value);

impl Home {
    /// A place inside a value that the caller owns alone and does not touch before the value is given back.
    pub fn of(place: &mut Value) -> Home {
        Home(place)
    }

    /// A place inside a local of compiled code, which has taken its value out and leaves it alone meanwhile.
    pub fn left(address: u64) -> Home {
        Home(address as *mut Value)
    }

    /// A register of the caller: it outlives the call (**registers**).
    pub fn register(fp: Fp, register: u16) -> Home {
        Home(fp.address(register))
    }

    /// Gives the value back.
    pub fn put(self, value: Value) {
        // SAFETY: the place's owner is suspended in, or kept by, the call that ends here, and nobody else can reach it
        // (**one thread**).
        unsafe { *self.0 = value }
    }
}

/// The next instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ip(*const Op);

impl Ip {
    pub fn start(code: &[Op]) -> Ip {
        Ip(code.as_ptr())
    }

    /// Reads the instruction and steps over it.
    #[inline(always)]
    pub fn fetch(&mut self) -> Op {
        // SAFETY: **code**.
        unsafe {
            let op = *self.0;
            self.0 = self.0.add(1);
            op
        }
    }

    #[inline(always)]
    pub fn jump(&mut self, offset: i32) {
        self.0 = self.0.wrapping_offset(offset as isize);
    }

    /// Position of the instruction that was read last, counted from `start`.
    #[inline(always)]
    pub fn pc(self, start: Ip) -> usize {
        ((self.0 as usize).wrapping_sub(start.0 as usize) / size_of::<Op>()).wrapping_sub(1)
    }

    /// Position in `code` of the next instruction.
    #[inline(always)]
    pub fn index(self, code: &[Op]) -> usize {
        (self.0 as usize).wrapping_sub(code.as_ptr() as usize) / size_of::<Op>()
    }

    pub fn at(code: &[Op], index: usize) -> Ip {
        Ip(code.as_ptr().wrapping_add(index))
    }
}

/// A function of this VM.
#[derive(Clone, Copy, Debug)]
pub struct FnRef(NonNull<Activation>);

impl FnRef {
    pub fn new(activation: &Activation) -> FnRef {
        FnRef(NonNull::from(activation))
    }
}

impl Deref for FnRef {
    type Target = Activation;
    #[inline(always)]
    fn deref(&self) -> &Activation {
        // SAFETY: **functions**.
        unsafe { self.0.as_ref() }
    }
}

impl PartialEq for FnRef {
    fn eq(&self, other: &FnRef) -> bool {
        self.0 == other.0
    }
}

/// A table of a function that instructions index: `verify` checks the indices.
#[derive(Debug)]
pub struct Table<T>(Box<[T]>);

impl<T> Table<T> {
    pub fn new(items: impl IntoIterator<Item = T>) -> Table<T> {
        Table(items.into_iter().collect())
    }

    #[inline(always)]
    pub fn at(&self, index: usize) -> &T {
        debug_assert!(index < self.0.len());
        // SAFETY: **code**; indices are operands or positions of instructions.
        unsafe { self.0.get_unchecked(index) }
    }

    pub fn as_slice(&self) -> &[T] {
        &self.0
    }
}
