//! Integers beyond 64 bits. A `Value::BigInt` never holds one that would fit in 64.

pub use dashu_int::IBig;

use super::Value;
use super::heap::{Hdr, Ref};
use super::layout::shape;
use crate::limits;

/// A big integer.
#[repr(C)]
pub struct Big {
    hdr: Hdr,
    value: IBig,
}

impl Big {
    /// The integer.
    #[inline]
    pub fn get(&self) -> &IBig {
        &self.value
    }

    /// The integer, moved out if nobody else holds it, else a copy.
    pub fn into_inner(mut this: Ref<Big>) -> IBig {
        match this.get_mut() {
            Some(big) => {
                limits::release(size(&big.value));
                std::mem::take(&mut big.value)
            }
            None => this.value.clone(),
        }
    }
}

/// Bytes of an integer's digits, as charged to the memory account.
fn size(value: &IBig) -> usize {
    use dashu_int::ops::BitTest;
    value.bit_len() / 8
}

impl Drop for Big {
    fn drop(&mut self) {
        limits::release(size(&self.value));
    }
}

impl Value {
    /// An integer of any size: `Int` if it fits in 64 bits, else `BigInt`.
    #[inline]
    pub fn int_from(value: IBig) -> Value {
        match i64::try_from(&value) {
            Ok(small) => Value::Int(small),
            Err(_) => {
                limits::account(size(&value));
                Value::BigInt(Ref::new(Big { hdr: Hdr::new(shape::BIGINT), value }))
            }
        }
    }

    /// The integer, if it is one of any size.
    pub fn to_ibig(&self) -> Option<IBig> {
        match self {
            Value::Int(i) => Some(IBig::from(*i)),
            Value::BigInt(big) => Some(big.get().clone()),
            _ => None,
        }
    }

    /// Whether it is an integer of any size.
    #[inline]
    pub fn is_int(&self) -> bool {
        matches!(self, Value::Int(_) | Value::BigInt(_))
    }

    /// An integer of 128 bits, for sums and products of two small ones.
    #[inline]
    pub fn int_from_i128(value: i128) -> Value {
        match i64::try_from(value) {
            Ok(small) => Value::Int(small),
            Err(_) => Value::int_from(IBig::from(value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_normalise() {
        let big = Value::int_from(IBig::from(i64::MAX) + IBig::from(1));
        assert!(matches!(big, Value::BigInt(_)));
        let back = Value::int_from(big.to_ibig().unwrap() - IBig::from(1));
        assert_eq!(back.as_int(), Some(i64::MAX));
        assert_eq!(Value::int_from(IBig::from(i64::MIN)).as_int(), Some(i64::MIN));
    }
}
