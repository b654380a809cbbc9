//! Operators that the loop decides itself: comparisons of numbers, and bits of small ints.
use crate::bytecode::op::{ArithCode, CompareCode};
use crate::semantics::arith::small_shift_left;

#[inline(always)]
pub(super) fn equality(ne: u8) -> CompareCode {
    if ne == 0 { CompareCode::Eq } else { CompareCode::Ne }
}

#[inline(always)]
pub(super) fn holds<T: PartialOrd>(op: u8, a: &T, b: &T) -> bool {
    match CompareCode::ALL[usize::from(op)] {
        CompareCode::Eq => a == b,
        CompareCode::Ne => a != b,
        CompareCode::Lt => a < b,
        CompareCode::Le => a <= b,
        CompareCode::Gt => a > b,
        CompareCode::Ge => a >= b,
    }
}

/// Operators on bits where the result is a small int for certain.
#[inline(always)]
pub(super) fn small_bits(op: u8, a: i64, b: i64) -> Option<i64> {
    const AND: u8 = ArithCode::BitAnd as u8;
    const OR: u8 = ArithCode::BitOr as u8;
    const XOR: u8 = ArithCode::BitXor as u8;
    const SHL: u8 = ArithCode::Shl as u8;
    const SHR: u8 = ArithCode::Shr as u8;
    match op {
        AND => Some(a & b),
        OR => Some(a | b),
        XOR => Some(a ^ b),
        SHL => small_shift_left(a, b),
        SHR if (0..64).contains(&b) => Some(a >> b),
        _ => None,
    }
}
