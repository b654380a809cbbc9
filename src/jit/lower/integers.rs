//! Divisions, remainders, products, shifts and bits: with constants as what is shorter. Cranelift is not asked to look for that, which would
//! take a fifth of the time to compile.
//!
//! A division by a constant is a multiplication and shifts, a tenth of the time.
//! Relies on: Granlund and Montgomery, "Division by Invariant Integers using Multiplication": with `l` the number of bits of `d - 1` and
//! `m` = 2^(63 + l) / d, rounded down, plus 1, the quotient of any `a` from 0 to 2^63 - 1 is `a * m / 2^(63 + l)`, rounded down. If `a` is
//! negative, the quotient rounded down is one less than what is wanted.
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, InstBuilder, types};

use super::Lowering;
use super::exits::ExitKind;
use crate::jit::ir::inst::BitOp;
use crate::jit::ir::{StateId, ValueId};

impl Lowering<'_> {
    /// Neither is negative.
    fn are_unsigned(&self, a: ValueId, b: ValueId) -> bool {
        [a, b].iter().all(|value| self.function.ty(*value).range.is_non_negative())
    }

    /// A constant divisor of at least 2.
    fn known_divisor(&self, divisor: clif::Value) -> Option<i64> {
        self.constant(divisor).map(|bits| bits as i64).filter(|divisor| *divisor >= 2)
    }

    pub(super) fn divide(
        &mut self,
        a: ValueId,
        b: ValueId,
        zero: Option<StateId>,
        overflow: Option<StateId>,
        result: Option<ValueId>,
    ) {
        let unsigned = self.are_unsigned(a, b);
        let (a, b) = (self.one(a), self.one(b));
        if let Some(divisor) = self.known_divisor(b) {
            let value = self.quotient(a, divisor, unsigned);
            return self.define(result, value);
        }
        self.check_divisor(b, zero);
        if let Some(exit) = overflow {
            let lowest = self.b.ins().icmp_imm_s(IntCC::Equal, a, i64::MIN);
            let minus_one = self.b.ins().icmp_imm_s(IntCC::Equal, b, -1);
            let bad = self.b.ins().band(lowest, minus_one);
            self.leave_if(bad, exit, ExitKind::Execute);
        }
        let value = if unsigned { self.b.ins().udiv(a, b) } else { self.b.ins().sdiv(a, b) };
        self.define(result, value);
    }

    pub(super) fn remainder(&mut self, a: ValueId, b: ValueId, zero: Option<StateId>, result: Option<ValueId>) {
        let (range, unsigned) = (self.function.ty(b).range, self.are_unsigned(a, b));
        let (a, b) = (self.one(a), self.one(b));
        if let Some(divisor) = self.known_divisor(b) {
            let value = self.rest(a, divisor, unsigned);
            return self.define(result, value);
        }
        self.check_divisor(b, zero);
        // MIN % -1 would trap; every remainder by -1 is that by 1.
        let divisor = if range.low > -1 || range.high < -1 {
            b
        } else {
            let minus_one = self.b.ins().icmp_imm_s(IntCC::Equal, b, -1);
            let one = self.b.ins().iconst(types::I64, 1);
            self.b.ins().select(minus_one, one, b)
        };
        let value = if unsigned { self.b.ins().urem(a, divisor) } else { self.b.ins().srem(a, divisor) };
        self.define(result, value);
    }

    /// A product that does not overflow.
    pub(super) fn product(&mut self, a: clif::Value, b: clif::Value) -> clif::Value {
        let power =
            |bits: Option<u64>| bits.filter(|bits| bits.is_power_of_two()).map(|bits| i64::from(bits.trailing_zeros()));
        match (power(self.constant(a)), power(self.constant(b))) {
            (_, Some(bits)) => self.b.ins().ishl_imm_u(a, bits),
            (Some(bits), None) => self.b.ins().ishl_imm_u(b, bits),
            (None, None) => self.b.ins().imul(a, b),
        }
    }

    pub(super) fn bits(&mut self, op: BitOp, a: ValueId, b: ValueId, result: Option<ValueId>) {
        const LOW_HALF: Option<u64> = Some(u32::MAX as u64);
        let (a, b) = (self.one(a), self.one(b));
        let value = match op {
            // No constant of an instruction is as large.
            BitOp::And if self.constant(b) == LOW_HALF => self.low_half(a),
            BitOp::And if self.constant(a) == LOW_HALF => self.low_half(b),
            BitOp::And => self.b.ins().band(a, b),
            BitOp::Or => self.b.ins().bor(a, b),
            BitOp::Xor => self.b.ins().bxor(a, b),
        };
        self.define(result, value);
    }

    fn low_half(&mut self, value: clif::Value) -> clif::Value {
        let half = self.b.ins().ireduce(types::I32, value);
        self.b.ins().uextend(types::I64, half)
    }

    pub(super) fn shift_left(&mut self, a: ValueId, by: ValueId, exit: StateId, result: Option<ValueId>) {
        let (a, by) = (self.one(a), self.one(by));
        if self.constant(by).is_none_or(|bits| bits >= 64) {
            let small = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, by, 64);
            self.leave_unless(small, exit);
        }
        let value = self.b.ins().ishl(a, by);
        let back = self.b.ins().sshr(value, by);
        let same = self.b.ins().icmp(IntCC::Equal, back, a);
        self.leave_unless(same, exit);
        self.define(result, value);
    }

    pub(super) fn shift_right(&mut self, a: ValueId, by: ValueId, exit: Option<StateId>, result: Option<ValueId>) {
        let (a, by) = (self.one(a), self.one(by));
        let value = match self.constant(by).map(|bits| bits as i64).filter(|bits| *bits >= 0) {
            Some(bits) => self.b.ins().sshr_imm_u(a, bits.min(63)),
            None => {
                if let Some(exit) = exit {
                    let good = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, by, 0);
                    self.leave_unless(good, exit);
                }
                let most = self.b.ins().iconst(types::I64, 63);
                let count = self.b.ins().umin(by, most);
                self.b.ins().sshr(a, count)
            }
        };
        self.define(result, value);
    }

    fn check_divisor(&mut self, divisor: clif::Value, zero: Option<StateId>) {
        if let Some(exit) = zero {
            let bad = self.b.ins().icmp_imm_s(IntCC::Equal, divisor, 0);
            self.leave_if(bad, exit, ExitKind::Execute);
        }
    }

    /// `a / divisor`, rounded towards 0.
    fn quotient(&mut self, a: clif::Value, divisor: i64, unsigned: bool) -> clif::Value {
        let bits = (divisor as u64).next_power_of_two().trailing_zeros();
        match (divisor.count_ones() == 1, unsigned) {
            (true, true) => self.b.ins().ushr_imm_u(a, i64::from(bits)),
            (true, false) => {
                let raised = self.raised(a, bits);
                self.b.ins().sshr_imm_u(raised, i64::from(bits))
            }
            (false, true) => {
                let by = self.b.ins().iconst(types::I64, multiplier(divisor) as i64);
                let high = self.b.ins().umulhi(a, by);
                self.b.ins().ushr_imm_u(high, i64::from(bits - 1))
            }
            (false, false) => {
                // The multiplier is at least 2^63, and negative as a signed number: 2^64 times `a` is missing.
                let by = self.b.ins().iconst(types::I64, multiplier(divisor) as i64);
                let high = self.b.ins().smulhi(a, by);
                let high = self.b.ins().iadd(high, a);
                let floor = self.b.ins().sshr_imm_u(high, i64::from(bits - 1));
                let sign = self.b.ins().ushr_imm_u(a, 63);
                self.b.ins().iadd(floor, sign)
            }
        }
    }

    /// `a % divisor`, of the sign of `a`.
    fn rest(&mut self, a: clif::Value, divisor: i64, unsigned: bool) -> clif::Value {
        if divisor.count_ones() != 1 {
            let quotient = self.quotient(a, divisor, unsigned);
            let whole = self.b.ins().imul_imm_s(quotient, divisor);
            return self.b.ins().isub(a, whole);
        }
        if unsigned {
            return self.b.ins().band_imm_s(a, divisor - 1);
        }
        let raised = self.raised(a, divisor.trailing_zeros());
        let whole = self.b.ins().band_imm_s(raised, -divisor);
        self.b.ins().isub(a, whole)
    }

    /// A number whose quotient by 2^bits, rounded down, is that of `a` rounded towards 0.
    fn raised(&mut self, a: clif::Value, bits: u32) -> clif::Value {
        let sign = if bits == 1 { a } else { self.b.ins().sshr_imm_u(a, 63) };
        let most = self.b.ins().ushr_imm_u(sign, i64::from(64 - bits));
        self.b.ins().iadd(a, most)
    }
}

/// What to multiply by for a division by `divisor`, at least 2: see above.
fn multiplier(divisor: i64) -> u64 {
    let divisor = divisor as u128;
    let bits = divisor.next_power_of_two().trailing_zeros();
    ((1_u128 << (63 + bits)) / divisor + 1) as u64
}

#[cfg(test)]
mod tests {
    use super::multiplier;

    /// As the instructions of `quotient` compute it for divisors that are no power of 2.
    fn quotient(a: i64, divisor: i64) -> i64 {
        let bits = (divisor as u64).next_power_of_two().trailing_zeros();
        let by = multiplier(divisor);
        if a >= 0 {
            let high = ((u128::from(a as u64) * u128::from(by)) >> 64) as u64;
            assert_eq!((high >> (bits - 1)) as i64, a / divisor);
        }
        let high = ((i128::from(a) * i128::from(by as i64)) >> 64) as i64;
        (high.wrapping_add(a) >> (bits - 1)) + i64::from(a < 0)
    }

    #[test]
    fn products_are_quotients() {
        let divisors = [3, 5, 6, 7, 9, 10, 11, 12, 100, 127, 641, 1000, 12345, 1_000_003, 1_000_000_007, (1 << 32) + 1];
        let large = [i64::MAX, i64::MAX - 1, (1 << 62) + 1, (1 << 62) - 1, 6_700_417];
        for divisor in divisors.into_iter().chain(large) {
            let near = (-2..=2)
                .flat_map(|step| [1, 2, 1000, i64::MAX / divisor].map(|n| n.wrapping_mul(divisor).wrapping_add(step)));
            let ends = [i64::MIN, i64::MIN + 1, -1, 0, 1, i64::MAX - 1, i64::MAX];
            for a in near.chain(ends).flat_map(|a| [a, a.wrapping_neg()]) {
                assert_eq!(quotient(a, divisor), a / divisor, "{a} / {divisor}");
            }
        }
    }
}
