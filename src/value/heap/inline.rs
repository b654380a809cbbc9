//! Objects whose content follows the header in the same block: instances, enum values, closures.
//!
//! How many slots follow, and what they are, is known from the shape registry (instances, enum values) or
//! from the object's own count (closures). That never changes while the object lives (**shape**).

use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};
use std::slice;

use super::{FnId, Hdr, Ref, alloc};
use crate::limits::OutOfMemory;
use crate::value::layout::{Borrowed, closure, object, shape as ids};
use crate::value::shapes::{FieldSlot, Layout, Rep, ShapeInfo, prelude, shape_info};
use crate::value::{B64, Value};

/// An instance of a struct: fields in the representation that its shape says.
#[repr(C)]
pub struct Inst {
    hdr: Hdr,
    fields: [u64; 0],
}

/// An enum value with a payload.
#[repr(C)]
pub struct Var {
    hdr: Hdr,
    payload: [Value; 0],
}

/// A function with captured values, or a bound method (its receiver is the only capture).
#[repr(C)]
pub struct Clo {
    hdr: Hdr,
    func: FnId,
    /// The evaluation it came from; distinguishes nothing but documents the padding.
    _pad: u32,
    count: usize,
    captures: [Value; 0],
}

const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(Inst, fields) == object::FIELDS && offset_of!(Var, payload) == object::FIELDS);
    assert!(offset_of!(Clo, func) == closure::FUNCTION && offset_of!(Clo, count) == closure::COUNT);
    assert!(offset_of!(Clo, captures) == closure::CAPTURES);
};

/// # Safety
/// `offset` lies within the object's block.
#[inline(always)]
unsafe fn place<T, U>(object: &T, offset: usize) -> *const U {
    // SAFETY: by the caller's promise.
    unsafe { ptr::from_ref(object).cast::<u8>().add(offset).cast() }
}

impl Inst {
    /// A new instance of a struct shape whose representations fit the values.
    ///
    /// The caller (`instance.rs`) has asked [`ShapeInfo::fits`]; a value that does not fit panics.
    #[inline]
    pub(in crate::value) fn build(
        info: &'static ShapeInfo,
        values: impl ExactSizeIterator<Item = Value>,
    ) -> Result<Ref<Inst>, OutOfMemory> {
        let slots = info.slots();
        assert!(matches!(info.layout, Layout::Struct { .. }) && values.len() == slots.len());
        let block = alloc::try_object(info.size as usize)?;
        // SAFETY: the block has room for the header and, at the offsets of the shape, for every field. If a
        // value does not fit, the block leaks instead of being freed half filled.
        unsafe {
            block.cast::<Hdr>().write(Hdr::new(info.id));
            for (slot, value) in slots.iter().zip(values) {
                let at = block.add(slot.offset as usize);
                match (slot.rep, value) {
                    (Rep::F64, Value::Float(x)) => at.cast::<f64>().write(x),
                    (Rep::I64, Value::Int(x)) => at.cast::<i64>().write(x),
                    (Rep::Value, value) => at.cast::<Value>().write(value),
                    (Rep::F64 | Rep::I64, _) => panic!("a field that does not fit its shape"),
                }
            }
            Ok(Ref::from_raw(block.cast()))
        }
    }

    /// A copy that refers to the same values.
    pub(in crate::value) fn duplicate(&self) -> Result<Ref<Inst>, OutOfMemory> {
        let info = self.info();
        let size = info.size as usize;
        let block = alloc::try_object(size)?;
        // SAFETY: both blocks have the size of the shape. Fields are copied as they are stored; those that are values get one more
        // reference each, which the copy owns.
        unsafe {
            let from = ptr::from_ref(self).cast::<u8>();
            ptr::copy_nonoverlapping(from.add(object::FIELDS), block.add(object::FIELDS).as_ptr(), size - object::FIELDS);
            block.cast::<Hdr>().write(Hdr::new(info.id));
            for &offset in info.value_offsets() {
                std::mem::forget((*from.add(offset as usize).cast::<Value>()).clone());
            }
            Ok(Ref::from_raw(block.cast()))
        }
    }

    /// What the registry knows about this shape.
    #[inline(always)]
    pub fn info(&self) -> &'static ShapeInfo {
        shape_info(self.hdr.shape)
    }

    /// Reads a field by a slot of this shape; `None` if the slot is of another shape.
    #[inline(always)]
    pub fn load(&self, slot: &FieldSlot) -> Option<Value> {
        if self.hdr.shape != slot.shape {
            return None;
        }
        // SAFETY: slots come from the registry only and this one is of our shape.
        Some(unsafe {
            match slot.rep {
                Rep::F64 => Value::Float(*place::<_, f64>(self, slot.offset as usize)),
                Rep::I64 => Value::Int(*place::<_, i64>(self, slot.offset as usize)),
                Rep::Value => (*place::<_, Value>(self, slot.offset as usize)).clone(),
            }
        })
    }

    /// Looks at a field without taking a reference.
    #[inline(always)]
    pub fn peek(&self, slot: &FieldSlot) -> Option<Borrowed<'_>> {
        if self.hdr.shape != slot.shape {
            return None;
        }
        // SAFETY: as in `load`.
        Some(unsafe {
            match slot.rep {
                Rep::F64 => Borrowed::scalar(Value::Float(*place::<_, f64>(self, slot.offset as usize))),
                Rep::I64 => Borrowed::scalar(Value::Int(*place::<_, i64>(self, slot.offset as usize))),
                Rep::Value => Borrowed::of(&*place::<_, Value>(self, slot.offset as usize)),
            }
        })
    }

    /// A field stored as a value; `None` for unboxed ones.
    #[inline(always)]
    pub fn held(&self, slot: &FieldSlot) -> Option<&Value> {
        if self.hdr.shape != slot.shape || slot.rep != Rep::Value {
            return None;
        }
        // SAFETY: as in `load`.
        Some(unsafe { &*place::<_, Value>(self, slot.offset as usize) })
    }

    /// Stores into a field; gives the value back if slot or representation do not fit.
    #[inline(always)]
    pub fn store(&mut self, slot: &FieldSlot, value: Value) -> Result<(), Value> {
        if self.hdr.shape != slot.shape {
            return Err(value);
        }
        // SAFETY: as in `load`, and `&mut self` is the only access.
        unsafe {
            let at = place::<_, u8>(self, slot.offset as usize).cast_mut();
            match (slot.rep, value) {
                (Rep::Value, value) => *at.cast::<Value>() = value,
                (Rep::F64, Value::Float(x)) => *at.cast::<f64>() = x,
                (Rep::I64, Value::Int(x)) => *at.cast::<i64>() = x,
                (_, value) => return Err(value),
            }
        }
        Ok(())
    }

    /// A field stored as a value, for changing in place; `None` for unboxed ones.
    #[inline(always)]
    pub fn place_mut(&mut self, slot: &FieldSlot) -> Option<&mut Value> {
        if self.hdr.shape != slot.shape || slot.rep != Rep::Value {
            return None;
        }
        // SAFETY: as in `store`.
        Some(unsafe { &mut *place::<_, Value>(self, slot.offset as usize).cast_mut() })
    }
}

impl Var {
    /// A new enum value; the payload has as many values as the variant declares.
    #[inline]
    pub(in crate::value) fn build(info: &'static ShapeInfo, payload: impl ExactSizeIterator<Item = Value>) -> Ref<Var> {
        let Layout::Variant { count, .. } = info.layout else { panic!("not the shape of an enum variant") };
        assert!(payload.len() == count as usize);
        let size = info.size as usize;
        let block = if size <= 256 { Ok(alloc::object(size)) } else { alloc::try_object(size) };
        let block = block.expect("a payload is as large as its declaration in the source");
        // SAFETY: the block has room for the header and `count` values.
        unsafe {
            block.cast::<Hdr>().write(Hdr::new(info.id));
            let mut at = block.add(object::FIELDS).cast::<Value>();
            for value in payload {
                at.write(value);
                at = at.add(1);
            }
            Ref::from_raw(block.cast())
        }
    }

    /// `Ok(v)`, `Err(e)` or `Some(v)`: the shapes whose numbers and size are fixed.
    #[inline(always)]
    pub(in crate::value) fn prelude(shape: u32, value: Value) -> Ref<Var> {
        debug_assert!(is_prelude(shape));
        let block = alloc::object(PRELUDE_SIZE);
        // SAFETY: the block has room for the header and one value.
        unsafe {
            block.cast::<Hdr>().write(Hdr::new(shape));
            block.add(object::FIELDS).cast::<Value>().write(value);
            Ref::from_raw(block.cast())
        }
    }

    /// What the registry knows about this shape.
    #[inline(always)]
    pub fn info(&self) -> &'static ShapeInfo {
        shape_info(self.hdr.shape)
    }

    /// The payload.
    #[inline]
    pub fn payload(&self) -> &[Value] {
        let count = if is_prelude(self.hdr.shape) { 1 } else { self.info().slot_count() };
        // SAFETY: so many values follow the header.
        unsafe { slice::from_raw_parts(place(self, object::FIELDS), count) }
    }

    /// The payload, for changing.
    #[inline]
    pub fn payload_mut(&mut self) -> &mut [Value] {
        let count = self.info().slot_count();
        // SAFETY: as in `payload`, and `&mut self` is the only access.
        unsafe { slice::from_raw_parts_mut(place::<_, Value>(self, object::FIELDS).cast_mut(), count) }
    }
}

impl Clo {
    /// A new closure over `captures`; `bound` makes it a bound method.
    #[inline]
    pub(in crate::value) fn build(func: FnId, bound: bool, captures: impl ExactSizeIterator<Item = Value>) -> Ref<Clo> {
        let count = captures.len();
        let size = closure::CAPTURES + count * 16;
        let block = if size <= 256 { Ok(alloc::object(size)) } else { alloc::try_object(size) };
        let block = block.expect("a closure is as large as its list of captures in the source");
        let shape = if bound { ids::CLOSURE_BOUND } else { ids::CLOSURE };
        let header = Clo { hdr: Hdr::new(shape), func, _pad: 0, count, captures: [] };
        // SAFETY: the block has room for the header and `count` values.
        unsafe {
            block.cast::<Clo>().write(header);
            let mut at = block.add(closure::CAPTURES).cast::<Value>();
            for value in captures {
                at.write(value);
                at = at.add(1);
            }
            Ref::from_raw(block.cast())
        }
    }

    /// The code it runs.
    #[inline(always)]
    pub fn func(&self) -> FnId {
        self.func
    }

    /// Whether it is a method bound to a receiver, which is then the only capture.
    #[inline(always)]
    pub fn is_bound(&self) -> bool {
        self.hdr.shape == ids::CLOSURE_BOUND
    }

    /// The captured values; variables that are shared are `Value::Cell`s.
    #[inline(always)]
    pub fn captures(&self) -> &[Value] {
        // SAFETY: `count` values follow.
        unsafe { slice::from_raw_parts(place(self, closure::CAPTURES), self.count) }
    }

    /// The captured values, for changing.
    #[inline(always)]
    pub fn captures_mut(&mut self) -> &mut [Value] {
        // SAFETY: as above, and `&mut self` is the only access.
        unsafe { slice::from_raw_parts_mut(place::<_, Value>(self, closure::CAPTURES).cast_mut(), self.count) }
    }

    /// # Safety
    /// The last reference is gone.
    pub(super) unsafe fn destroy(this: NonNull<Clo>) {
        // SAFETY: by the caller's promise.
        unsafe {
            let count = this.as_ref().count;
            let captures = this.cast::<u8>().add(closure::CAPTURES).cast::<Value>();
            for at in 0..count {
                captures.add(at).read().discard();
            }
            alloc::free_object(this.cast(), closure::CAPTURES + count * 16);
        }
    }
}

/// Bytes of a prelude variant: header and one value.
const PRELUDE_SIZE: usize = object::FIELDS + 16;

/// Whether it is the shape of `Ok`, `Err` or `Some`.
#[inline(always)]
fn is_prelude(shape: u32) -> bool {
    matches!(shape, prelude::OK..=prelude::SOME)
}

/// Frees an instance or enum value.
///
/// # Safety
/// The last reference is gone.
#[inline]
pub(super) unsafe fn destroy_shaped(object: NonNull<Hdr>, shape: u32) {
    if is_prelude(shape) {
        // SAFETY: by the caller's promise; these shapes hold one value.
        unsafe {
            object.cast::<u8>().add(object::FIELDS).cast::<Value>().read().discard();
            return alloc::free_object(object.cast(), PRELUDE_SIZE);
        }
    }
    // SAFETY: by the caller's promise.
    unsafe { destroy_declared(object, shape) }
}

/// Frees an instance or enum value to the free lists at hand, and what dies with it: instances of nothing but numbers at once, everything
/// else as ever.
///
/// # Safety
/// The last reference is gone, and the shape is that of a declaration.
pub(super) unsafe fn free_declared(object: NonNull<Hdr>, shape: u32, heads: alloc::Heads<'_>) {
    let info = shape_info(shape);
    let base = object.cast::<u8>();
    // SAFETY: by the caller's promise; the slots are where the registry says, and own a count each.
    unsafe {
        for &offset in info.value_offsets() {
            let value = ManuallyDrop::new(base.add(offset as usize).cast::<Value>().read());
            if value.is_heap() && !free_flat(value.object(), heads) {
                super::release(value.object());
            }
        }
        give(base, info, heads);
    }
}

/// Frees an instance of nothing but numbers that nobody else holds; false if it is none.
///
/// # Safety
/// The caller owns a count, which it has given up if this says true.
pub(super) unsafe fn free_flat(object: NonNull<Hdr>, heads: alloc::Heads<'_>) -> bool {
    // SAFETY: the caller owns a count.
    let header = unsafe { object.as_ref() };
    if header.count() != 1 || !is_declared(header.shape) {
        return false;
    }
    let info = shape_info(header.shape);
    let is_flat = info.value_offsets().is_empty();
    if is_flat {
        // SAFETY: that was the last reference, and there is nothing else to free.
        unsafe { give(object.cast(), info, heads) };
    }
    is_flat
}

unsafe fn give(block: NonNull<u8>, info: &ShapeInfo, heads: alloc::Heads<'_>) {
    // SAFETY: by the callers' promises; the block has this size.
    unsafe {
        if heads.give(block, info.size as usize) {
            alloc::count_live(-1);
        } else {
            alloc::free_object(block, info.size as usize);
        }
    }
}

/// Whether it is the shape of an instance or enum value that a program has declared.
#[inline(always)]
pub(super) fn is_declared(shape: u32) -> bool {
    shape > prelude::SOME
}

unsafe fn destroy_declared(object: NonNull<Hdr>, shape: u32) {
    let info = shape_info(shape);
    let base = object.cast::<u8>();
    // SAFETY: by the caller's promise; the slots are where the registry says.
    unsafe {
        for &offset in info.value_offsets() {
            base.add(offset as usize).cast::<Value>().read().discard();
        }
        alloc::free_object(base, info.size as usize);
    }
}

const _: () = assert!(size_of::<B64>() == 8);
