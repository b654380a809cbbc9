//! Immutable byte strings.
//!
//! Where the bytes begin and how many they are stands where arrays have it, for machine code, which only reads them.

use super::Value;
use super::heap::{Hdr, Ref};
use super::layout::shape;
use crate::limits::{self, OutOfMemory};

/// A byte string.
#[repr(C)]
pub struct Bytes {
    hdr: Hdr,
    /// Address of the first byte of `data`.
    start: usize,
    len: usize,
    data: Box<[u8]>,
}

const _: () = {
    use super::layout::array;
    assert!(std::mem::offset_of!(Bytes, start) == array::DATA && std::mem::offset_of!(Bytes, len) == array::LEN);
};

impl Bytes {
    /// Takes over a vector; its size was checked by whoever made it.
    pub fn alloc(data: Vec<u8>) -> Ref<Bytes> {
        limits::account(data.len());
        let data = data.into_boxed_slice();
        let (start, len) = (data.as_ptr().expose_provenance(), data.len());
        Ref::new(Bytes { hdr: Hdr::new(shape::BYTES), start, len, data })
    }

    /// Copies `data`.
    pub fn copy(data: &[u8]) -> Result<Ref<Bytes>, OutOfMemory> {
        limits::reserve(data.len())?;
        Ok(Bytes::alloc(data.to_vec()))
    }

    /// The bytes.
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        &self.data
    }

    /// How many.
    #[inline]
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        limits::release(self.data.len());
    }
}

impl Value {
    /// A byte string.
    pub fn bytes(data: Vec<u8>) -> Value {
        Value::Bytes(Bytes::alloc(data))
    }
}
