//! Operators off the fast path: other kinds of operands, overloads, work in place, fused comparisons.
use super::feedback::{Overload, arith_bits, comparison_bits};
use super::{After, Vm};
use crate::bytecode::op::{ArithCode, CompareCode};
use crate::semantics::arith::{self, ArithOp, UnaryOp};
use crate::semantics::compare::{self, CompareOp};
use crate::semantics::fault::Raise;
use crate::semantics::index;
use crate::semantics::step::{Step, Then};
use crate::value::{FnId, Value};

pub(crate) fn arith_op(code: ArithCode) -> ArithOp {
    match code {
        ArithCode::Add | ArithCode::Concat => ArithOp::Add,
        ArithCode::Sub => ArithOp::Sub,
        ArithCode::Mul => ArithOp::Mul,
        ArithCode::Div => ArithOp::Div,
        ArithCode::Mod => ArithOp::Mod,
        ArithCode::Pow => ArithOp::Pow,
        ArithCode::BitAnd => ArithOp::BitAnd,
        ArithCode::BitOr => ArithOp::BitOr,
        ArithCode::BitXor => ArithOp::BitXor,
        ArithCode::Shl => ArithOp::Shl,
        ArithCode::Shr => ArithOp::Shr,
    }
}

pub(crate) fn compare_op(code: CompareCode) -> CompareOp {
    match code {
        CompareCode::Eq => CompareOp::Eq,
        CompareCode::Ne => CompareOp::Ne,
        CompareCode::Lt => CompareOp::Lt,
        CompareCode::Le => CompareOp::Le,
        CompareCode::Gt => CompareOp::Gt,
        CompareCode::Ge => CompareOp::Ge,
    }
}

/// The result for two numbers, for `op=` on unboxed fields.
#[inline(always)]
pub(super) fn simple(op: u8, a: &Value, b: &Value) -> Option<Value> {
    match ArithCode::ALL[usize::from(op)] {
        ArithCode::Add => arith::simple(ArithOp::Add, a, b),
        ArithCode::Sub => arith::simple(ArithOp::Sub, a, b),
        ArithCode::Mul => arith::simple(ArithOp::Mul, a, b),
        _ => None,
    }
}

impl Vm {
    /// Whether a register is a temporary of the running frame.
    #[inline(always)]
    pub(super) fn is_temp(&self, register: u16) -> bool {
        register >= self.here.func.locals
    }

    /// The value of an operand: taken from a temporary, copied from a local.
    #[inline(always)]
    pub(super) fn operand(&self, register: u16) -> Value {
        if self.is_temp(register) { self.here.fp.take(register) } else { self.here.fp.get(register).clone() }
    }

    /// Drops an operand that was only looked at.
    #[inline(always)]
    pub(super) fn release(&self, register: u16) {
        if self.is_temp(register) {
            self.here.fp.free_temp(register);
        }
    }

    pub(super) fn note(&self, bits: u32) {
        let func = self.here.func;
        func.note(self.here.ip.pc(func.start), bits);
    }

    /// Notes the method that overloads an operator for a struct.
    fn note_overload(&self, method: FnId, receiver: &Value, then: Then) {
        if let Value::Struct(object) = receiver {
            let func = self.here.func;
            let pc = self.here.ip.pc(func.start) as u32;
            func.note_overload(Overload { pc, shape: object.shape(), method: method.0, then });
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn arith(&mut self, code: ArithCode, dst: u16, a: u16, b: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        self.note(arith_bits(arith_op(code), fp.get(a), fp.get(b)));
        if self.in_place(dst, a) {
            let b = self.operand(b);
            return self.arith_in_place(code, dst, a, b);
        }
        let step = arith::binary(arith_op(code), fp.get(a), fp.get(b))?;
        self.release(b);
        self.step_to(step, dst)
    }

    /// The right operand is a value of its own.
    #[cold]
    #[inline(never)]
    pub(super) fn arith_value(&mut self, code: ArithCode, dst: u16, a: u16, b: Value) -> Result<(), Raise> {
        let fp = self.here.fp;
        self.note(arith_bits(arith_op(code), fp.get(a), &b));
        if self.in_place(dst, a) {
            return self.arith_in_place(code, dst, a, b);
        }
        let step = arith::binary(arith_op(code), fp.get(a), &b)?;
        self.step_to(step, dst)
    }

    /// Whether the left operand may be changed: it is consumed or overwritten by the result.
    #[inline(always)]
    fn in_place(&self, dst: u16, a: u16) -> bool {
        (dst == a || self.is_temp(a)) && self.here.fp.get(a).is_heap()
    }

    fn arith_in_place(&mut self, code: ArithCode, dst: u16, a: u16, b: Value) -> Result<(), Raise> {
        let fp = self.here.fp;
        let left = fp.get_mut(a);
        let step = match arith::binary_in_place(arith_op(code), left, b) {
            Ok(step) => step,
            Err(raise) => {
                self.release(a);
                return Err(raise);
            }
        };
        match step {
            None => {
                if dst != a {
                    fp.set(dst, fp.take(a));
                }
                Ok(())
            }
            Some(step) => {
                self.release(a);
                self.step_to(step, dst)
            }
        }
    }

    /// Finishes an operator: its result, or the call that gives it.
    pub(super) fn step_to(&mut self, step: Step, dst: u16) -> Result<(), Raise> {
        match step {
            Step::Done(value) => {
                self.here.fp.set(dst, value);
                Ok(())
            }
            Step::Call { method, receiver, args, then } => {
                self.note_overload(method, &receiver, then);
                let after = match then {
                    Then::Value => After::Store,
                    Then::Truthy => After::Truthy,
                    Then::NotTruthy => After::NotTruthy,
                    Then::String | Then::Iterate => {
                        let value = Step::Call { method, receiver, args, then }.finish(self)?;
                        self.here.fp.set(dst, value);
                        return Ok(());
                    }
                };
                self.push_overload(method, receiver, args.into_value(), dst, after)
            }
            step @ Step::Concat { .. } => {
                let value = step.finish(self)?;
                self.here.fp.set(dst, value);
                Ok(())
            }
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn unary(&mut self, op: UnaryOp, dst: u16, a: u16) -> Result<(), Raise> {
        let step = arith::unary(op, self.here.fp.get(a))?;
        self.release(a);
        self.step_to(step, dst)
    }

    // ---- comparisons ----

    #[cold]
    #[inline(never)]
    pub(super) fn compare(&mut self, code: CompareCode, dst: u16, a: u16, b: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        self.note(comparison_bits(fp.get(a), fp.get(b)));
        let step = compare::compare(compare_op(code), fp.get(a), fp.get(b), self)?;
        self.release(a);
        self.release(b);
        self.step_to(step, dst)
    }

    #[cold]
    #[inline(never)]
    pub(super) fn compare_value(&mut self, code: CompareCode, dst: u16, a: u16, b: Value) -> Result<(), Raise> {
        let fp = self.here.fp;
        self.note(comparison_bits(fp.get(a), &b));
        let step = compare::compare(compare_op(code), fp.get(a), &b, self)?;
        self.release(a);
        self.step_to(step, dst)
    }

    /// Jumps by `to` if the comparison's truth is `want`.
    #[inline(never)]
    pub(super) fn compare_jump(&mut self, code: CompareCode, want: bool, a: u16, b: u16, to: i32) -> Result<(), Raise> {
        let fp = self.here.fp;
        self.note(comparison_bits(fp.get(a), fp.get(b)));
        let op = compare_op(code);
        let step = match compare::simple(op, fp.get(a), fp.get(b)) {
            Some(holds) => Step::Done(Value::bool(holds)),
            None => compare::compare(op, fp.get(a), fp.get(b), self)?,
        };
        self.release(a);
        self.release(b);
        self.step_jump(step, want, to)
    }

    #[inline(never)]
    pub(super) fn compare_jump_value(
        &mut self,
        code: CompareCode,
        want: bool,
        a: u16,
        b: Value,
        to: i32,
    ) -> Result<(), Raise> {
        let fp = self.here.fp;
        self.note(comparison_bits(fp.get(a), &b));
        let op = compare_op(code);
        let step = match compare::simple(op, fp.get(a), &b) {
            Some(holds) => Step::Done(Value::bool(holds)),
            None => compare::compare(op, fp.get(a), &b, self)?,
        };
        self.release(a);
        self.step_jump(step, want, to)
    }

    fn step_jump(&mut self, step: Step, want: bool, to: i32) -> Result<(), Raise> {
        match step {
            Step::Done(value) => self.branch(value.is_truthy() == want, to),
            Step::Call { method, receiver, args, then } => {
                self.note_overload(method, &receiver, then);
                // The jump happens when the method has returned, by decoding the instruction again.
                let after = if want == (then != Then::NotTruthy) { After::Branch } else { After::BranchNot };
                self.push_overload(method, receiver, args.into_value(), 0, after)
            }
            step @ Step::Concat { .. } => {
                let value = step.finish(self)?;
                self.branch(value.is_truthy() == want, to)
            }
        }
    }

    /// Takes a jump of a cold instruction.
    pub(super) fn branch(&mut self, taken: bool, to: i32) -> Result<(), Raise> {
        if !taken {
            return Ok(());
        }
        self.here.ip.jump(to);
        if to < 0 {
            let func = self.here.func;
            let head = func.feedback.at(self.here.ip.pc(func.start));
            head.set(head.get().wrapping_add(1));
            if head.get().is_multiple_of(super::function::CALL_INTERVAL) {
                self.hot_edge = Some(self.here.ip);
                return self.poll_word();
            }
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    pub(super) fn contains(&mut self, negate: bool, dst: u16, a: u16, b: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        self.note_base(fp.get(b));
        let found = index::contains(fp.get(b), fp.get(a), self)?;
        self.release(a);
        self.release(b);
        fp.set_bool(dst, found != negate);
        Ok(())
    }

    #[cold]
    #[inline(never)]
    pub(super) fn range(&mut self, inclusive: bool, dst: u16, a: u16, b: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        let range = index::range(fp.get(a), fp.get(b), inclusive)?;
        self.release(a);
        self.release(b);
        fp.set(dst, range);
        Ok(())
    }
}
