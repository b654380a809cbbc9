//! Arithmetic and comparisons on unboxed operands, speculated from what the site has met.
use super::overload::Purpose;
use super::state::{Scalar, Slot};
use super::{Builder, Built};
use crate::bytecode::chunk::Const;
use crate::bytecode::op::{ArithCode, Op, OperandKind};
use crate::jit::ir::inst::{BitOp, Cmp, FloatFunction, FloatOp, FloatUnary, IntOp};
use crate::jit::ir::{InstKind, Kinds, Range, Type, ValueId};
use crate::value::layout::tag;

/// An operand.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    Register(u16),
    Small(i16),
    /// Of the constant pool.
    Constant(u16),
}

impl Builder<'_> {
    /// What is known of an operand without a check.
    pub(super) fn known(&self, source: Source) -> Option<Scalar> {
        match source {
            Source::Register(register) => match self.state.get(self.slot(register)) {
                Slot::Scalar { scalar, .. } => Some(scalar),
                _ => None,
            },
            Source::Small(_) => Some(Scalar::Int),
            Source::Constant(index) => match self.context().profile.chunk.constants[usize::from(index)] {
                Const::Int(_) => Some(Scalar::Int),
                Const::Float(_) => Some(Scalar::Float),
                Const::Bool(_) => Some(Scalar::Bool),
                _ => None,
            },
        }
    }

    /// The operand as a scalar of this kind, checked if need be; nothing if it is known to be something else.
    pub(super) fn scalar(&mut self, source: Source, wanted: Scalar) -> Option<ValueId> {
        match source {
            Source::Small(k) => (wanted == Scalar::Int).then(|| self.int(i64::from(k))),
            Source::Constant(index) => {
                let constant = self.context().profile.chunk.constants[usize::from(index)].clone();
                match (constant, wanted) {
                    (Const::Int(value), Scalar::Int) => Some(self.int(value)),
                    (Const::Float(value), Scalar::Float) => Some(self.emit(InstKind::ConstF(value.to_bits()), Type::FLOAT)),
                    (Const::Bool(value), Scalar::Bool) => Some(self.emit(InstKind::ConstB(value), Type::BOOL)),
                    _ => None,
                }
            }
            Source::Register(register) => {
                let slot = self.slot(register);
                match self.state.get(slot) {
                    Slot::Scalar { value, scalar, .. } => (scalar == wanted).then_some(value),
                    Slot::Immediate { .. } | Slot::Clean => None,
                    found => {
                        let boxed = self.boxed(register);
                        let exit = self.exit();
                        let value = self.emit(InstKind::GuardTag { value: boxed, tag: wanted.tag(), exit }, wanted.ty());
                        let dirty = found != Slot::Memory;
                        // The exit states taken so far stay right: they describe the same value in another form.
                        let state = self.exit;
                        self.put(slot, Slot::Scalar { value, scalar: wanted, dirty });
                        self.exit = state;
                        Some(value)
                    }
                }
            }
        }
    }

    /// The value of a register, boxed and borrowed.
    pub(super) fn boxed(&mut self, register: u16) -> ValueId {
        self.boxed_slot(self.slot(register))
    }

    pub(super) fn boxed_slot(&mut self, slot: crate::jit::ir::SlotIx) -> ValueId {
        match self.state.get(slot) {
            Slot::Immediate { value, .. } | Slot::Borrowed { value, .. } | Slot::Owned { value } => value,
            Slot::Scalar { value, .. } => self.emit(InstKind::Box(value), Type::ANY),
            Slot::Virtual(_) => {
                self.settle(slot);
                self.emit(InstKind::LoadSlot(slot), Type::ANY)
            }
            Slot::Memory | Slot::Clean => self.emit(InstKind::LoadSlot(slot), Type::ANY),
        }
    }

    /// The operand of an operator whose other operand is a float, as a float: ints are converted.
    pub(super) fn float(&mut self, source: Source) -> Option<ValueId> {
        if self.known(source) == Some(Scalar::Int) {
            let value = self.scalar(source, Scalar::Int)?;
            return Some(self.emit(InstKind::IntToFloat(value), Type::FLOAT));
        }
        if let Some(register) = self.converted(source) {
            let (value, exit) = (self.boxed(register), self.exit());
            return Some(self.emit(InstKind::ToFloat { value, exit }, Type::FLOAT));
        }
        self.scalar(source, Scalar::Float)
    }

    /// The register of an operand that may be an int or a float.
    fn converted(&self, source: Source) -> Option<u16> {
        let Source::Register(register) = source else { return None };
        let known =
            matches!(self.state.get(self.slot(register)), Slot::Scalar { .. } | Slot::Immediate { .. } | Slot::Clean);
        (!known && self.has_met(Kinds::INT)).then_some(register)
    }

    fn has_met(&self, kinds: Kinds) -> bool {
        self.context().profile.operands(self.pc).0.intersect(kinds) != Kinds::NEVER
    }

    /// Two operands as floats, one of which is one: two ints are exact, and must not come here.
    fn floats(&mut self, a: Source, b: Source) -> Option<(ValueId, ValueId)> {
        match (self.known(a), self.known(b)) {
            (Some(Scalar::Int), other) if other != Some(Scalar::Float) => {
                Some((self.float(a)?, self.scalar(b, Scalar::Float)?))
            }
            (other, Some(Scalar::Int)) if other != Some(Scalar::Float) => {
                Some((self.scalar(a, Scalar::Float)?, self.float(b)?))
            }
            (None, None) => {
                if let (Some(a), Some(b)) = (self.converted(a), self.converted(b)) {
                    self.leave_for_two_ints(a, b);
                }
                Some((self.float(a)?, self.float(b)?))
            }
            _ => Some((self.float(a)?, self.float(b)?)),
        }
    }

    fn leave_for_two_ints(&mut self, a: u16, b: u16) {
        let int = self.int(tag::INT as i64);
        let [a, b] = [a, b].map(|register| {
            let boxed = self.boxed(register);
            let found = self.emit(InstKind::TagOf(boxed), Type::INT);
            self.emit(InstKind::Bit { op: BitOp::Xor, a: found, b: int }, Type::INT)
        });
        let (either, zero) = (self.emit(InstKind::Bit { op: BitOp::Or, a, b }, Type::INT), self.int(0));
        let value = self.emit(InstKind::CmpI { op: Cmp::Ne, a: either, b: zero }, Type::BOOL);
        let exit = self.exit();
        self.effect(InstKind::GuardTrue { value, exit });
    }

    /// Which kind of arithmetic a site wants: ints, floats (with ints converted), or neither.
    fn numeric_kind(&self, a: Source, b: Source) -> Option<Scalar> {
        let (seen, overflow) = self.context().profile.operands(self.pc);
        let known = [self.known(a), self.known(b)];
        // A text is no number, also where the VM has never been.
        if overflow || known.contains(&Some(Scalar::Bool)) || self.short_text(a).or(self.short_text(b)).is_some() {
            return None;
        }
        if known.contains(&Some(Scalar::Float)) {
            return Some(Scalar::Float);
        }
        if known == [Some(Scalar::Int); 2] {
            return Some(Scalar::Int);
        }
        if !seen.is_subset(Kinds::INT.union(Kinds::FLOAT)) {
            return None;
        }
        // A guess that has failed is made again only for floats that came late.
        if self.context().profile.storms(self.pc) > 0 && seen != Kinds::FLOAT {
            return None;
        }
        // An operand not known, at a site that has met floats, is a float.
        Some(if seen.intersect(Kinds::FLOAT) == Kinds::NEVER { Scalar::Int } else { Scalar::Float })
    }

    pub(super) fn arith(&mut self, op: Op, code: ArithCode, dst: u16, a: Source, b: Source) -> Built {
        if let Some(built) = self.overloaded(op, a, Some(b), Purpose::Value(dst)) {
            return built;
        }
        if let Some(built) = self.word_arith(code, dst, a, b) {
            return built;
        }
        let Some((value, scalar)) = self.arith_value(code, a, b) else { return self.arith_any(op, code, dst, a, b) };
        self.consume_source(a);
        self.consume_source(b);
        self.write_scalar(dst, value, scalar);
        Ok(())
    }

    /// The result of an arithmetic operator; nothing if it is the VM's business. Operands are not consumed.
    pub(super) fn arith_value(&mut self, code: ArithCode, a: Source, b: Source) -> Option<(ValueId, Scalar)> {
        match self.numeric_kind(a, b)? {
            Scalar::Int => {
                let (a, mut code, mut b) = (self.scalar(a, Scalar::Int)?, code, self.scalar(b, Scalar::Int)?);
                if code == ArithCode::Pow && self.out.ty(b).range == Range::exactly(2) {
                    (code, b) = (ArithCode::Mul, a);
                }
                Some((self.int_arith(code, a, b)?, Scalar::Int))
            }
            Scalar::Float if code == ArithCode::Pow => {
                let exponent = self.exponent(b)?;
                // Two ints are exact, and must not come here.
                let a = if self.known(a) == Some(Scalar::Int) { self.float(a) } else { self.scalar(a, Scalar::Float) }?;
                Some((self.power(a, exponent), Scalar::Float))
            }
            Scalar::Float => {
                is_of_floats(code).then_some(())?;
                let (a, b) = self.floats(a, b)?;
                Some((self.float_arith(code, a, b)?, Scalar::Float))
            }
            Scalar::Bool => None,
        }
    }

    /// The operator on two ints.
    pub(super) fn int_arith(&mut self, code: ArithCode, a: ValueId, b: ValueId) -> Option<ValueId> {
        let exit = self.exit();
        let simple = |op: IntOp| InstKind::Int { op, a, b, exit: Some(exit) };
        let bit = |op: BitOp| InstKind::Bit { op, a, b };
        let kind = match code {
            ArithCode::Add => simple(IntOp::Add),
            ArithCode::Sub => simple(IntOp::Sub),
            ArithCode::Mul => simple(IntOp::Mul),
            ArithCode::Div => InstKind::DivI { a, b, zero: Some(exit), overflow: Some(exit) },
            ArithCode::Mod => InstKind::ModI { a, b, zero: Some(exit) },
            ArithCode::BitAnd => bit(BitOp::And),
            ArithCode::BitOr => bit(BitOp::Or),
            ArithCode::BitXor => bit(BitOp::Xor),
            ArithCode::Shl => InstKind::ShlI { a, b, exit },
            ArithCode::Shr => InstKind::ShrI { a, b, exit: Some(exit) },
            ArithCode::Pow | ArithCode::Concat => return None,
        };
        Some(self.emit(kind, Type::INT))
    }

    /// A constant exponent, as the float it is taken for beside one.
    fn exponent(&self, source: Source) -> Option<f64> {
        match source {
            Source::Small(k) => Some(f64::from(k)),
            Source::Constant(index) => match self.context().profile.chunk.constants[usize::from(index)] {
                Const::Float(exponent) => Some(exponent),
                _ => None,
            },
            Source::Register(register) => match self.state.get(self.slot(register)) {
                Slot::Scalar { value, .. } => self.loaded_float(value),
                _ => None,
            },
        }
    }

    /// The float that the block at hand has loaded as this value.
    fn loaded_float(&self, value: ValueId) -> Option<f64> {
        let made = self.out.blocks[self.block.index()].insts.iter().rfind(|inst| inst.result == Some(value))?;
        match made.kind {
            InstKind::ConstF(bits) => Some(f64::from_bits(bits)),
            _ => None,
        }
    }

    /// `a ** exponent`; leaves for what may have none.
    fn power(&mut self, a: ValueId, exponent: f64) -> ValueId {
        if exponent == 2.0 {
            return self.emit(InstKind::Float { op: FloatOp::Mul, a, b: a }, Type::FLOAT);
        }
        match (exponent >= 0.0, exponent.fract() == 0.0) {
            (true, true) => {}
            (true, false) => self.check_float(Cmp::Ge, a),
            (false, _) => self.check_float(Cmp::Gt, a),
        }
        let b = self.emit(InstKind::ConstF(exponent.to_bits()), Type::FLOAT);
        self.call_float(FloatFunction::Power, a, b)
    }

    /// The operator on two floats.
    pub(super) fn float_arith(&mut self, code: ArithCode, a: ValueId, mut b: ValueId) -> Option<ValueId> {
        let op = if code == ArithCode::Mod { FloatOp::Div } else { float_op(code)? };
        if op == FloatOp::Div {
            let exit = self.exit();
            b = self.emit(InstKind::GuardNonZeroF { a: b, exit: Some(exit) }, Type::FLOAT);
        }
        if code == ArithCode::Mod {
            return Some(self.call_float(FloatFunction::Remainder, a, b));
        }
        Some(self.emit(InstKind::Float { op, a, b }, Type::FLOAT))
    }

    pub(super) fn consume_source(&mut self, source: Source) {
        if let Source::Register(register) = source {
            self.consume(register);
        }
    }

    pub(super) fn negate(&mut self, op: Op, dst: u16, a: u16) -> Built {
        let source = Source::Register(a);
        if let Some(built) = self.overloaded(op, source, None, Purpose::Value(dst)) {
            return built;
        }
        let value = match self.numeric_kind(source, source) {
            Some(Scalar::Int) => self.scalar(source, Scalar::Int).map(|a| {
                let exit = Some(self.exit());
                (self.emit(InstKind::NegI { a, exit }, Type::INT), Scalar::Int)
            }),
            Some(Scalar::Float) => self
                .scalar(source, Scalar::Float)
                .map(|a| (self.emit(InstKind::FloatUnary { op: FloatUnary::Neg, a }, Type::FLOAT), Scalar::Float)),
            _ => None,
        };
        let Some((value, scalar)) = value else { return self.fallback(op) };
        self.consume(a);
        self.write_scalar(dst, value, scalar);
        Ok(())
    }

    pub(super) fn bit_not(&mut self, op: Op, dst: u16, a: u16) -> Built {
        if self.known(Source::Register(a)) != Some(Scalar::Int) {
            return self.fallback(op);
        }
        let Some(value) = self.scalar(Source::Register(a), Scalar::Int) else { return self.fallback(op) };
        let value = self.emit(InstKind::NotI(value), Type::INT);
        self.consume(a);
        self.write_scalar(dst, value, Scalar::Int);
        Ok(())
    }

    /// `!a`, where no overload can be meant.
    pub(super) fn not(&mut self, op: Op, dst: u16, a: u16) -> Built {
        if let Some(built) = self.overloaded(op, Source::Register(a), None, Purpose::Value(dst)) {
            return built;
        }
        if self.known(Source::Register(a)).is_none() {
            if matches!(self.state.get(self.slot(a)), Slot::Clean | Slot::Virtual(_)) {
                return self.fallback(op);
            }
            // Only these may have a `not` of their own.
            let (value, exit) = (self.boxed(a), self.exit());
            for tag in [tag::STRUCT, tag::VARIANT, tag::UNIT] {
                self.effect(InstKind::GuardNotTag { value, tag, exit });
            }
        }
        let truth = self.truth(a);
        let value = self.emit(InstKind::NotB(truth), Type::BOOL);
        self.consume(a);
        self.write_scalar(dst, value, Scalar::Bool);
        Ok(())
    }

    /// Whether the value of a register is truthy.
    pub(super) fn truth(&mut self, register: u16) -> ValueId {
        match self.state.get(self.slot(register)) {
            Slot::Scalar { value, scalar: Scalar::Bool, .. } => value,
            Slot::Scalar { value, scalar: Scalar::Int, .. } => {
                let zero = self.int(0);
                self.emit(InstKind::CmpI { op: Cmp::Ne, a: value, b: zero }, Type::BOOL)
            }
            Slot::Scalar { value, scalar: Scalar::Float, .. } => {
                let zero = self.emit(InstKind::ConstF(0), Type::FLOAT);
                self.emit(InstKind::CmpF { op: Cmp::Ne, a: value, b: zero }, Type::BOOL)
            }
            _ => {
                let value = self.boxed(register);
                self.emit(InstKind::Truthy(value), Type::BOOL)
            }
        }
    }

    pub(super) fn compare(&mut self, op: Op, cmp: Cmp, dst: u16, a: Source, b: Source) -> Built {
        if let Some(built) = self.overloaded(op, a, Some(b), Purpose::Value(dst)) {
            return built;
        }
        let Some(value) = self.compare_value(cmp, a, b).or_else(|| self.compare_any(cmp, a, b)) else {
            return self.fallback(op);
        };
        self.consume_source(a);
        self.consume_source(b);
        self.write_scalar(dst, value, Scalar::Bool);
        Ok(())
    }

    fn compare_value(&mut self, cmp: Cmp, a: Source, b: Source) -> Option<ValueId> {
        if let Some(value) = self.compare_characters(cmp, a, b) {
            return Some(value);
        }
        if matches!(cmp, Cmp::Eq | Cmp::Ne)
            && let Some(equal) = self.equals_unit(a, b)
        {
            return Some(if cmp == Cmp::Eq { equal } else { self.emit(InstKind::NotB(equal), Type::BOOL) });
        }
        // Compared with null, it may well be no number, whatever has been met.
        if matches!(cmp, Cmp::Eq | Cmp::Ne) && (self.is_null(a) || self.is_null(b)) {
            return None;
        }
        if self.known(a) == Some(Scalar::Bool) && self.known(b) == Some(Scalar::Bool) && matches!(cmp, Cmp::Eq | Cmp::Ne) {
            let (a, b) = (self.scalar(a, Scalar::Bool)?, self.scalar(b, Scalar::Bool)?);
            return Some(self.emit(InstKind::CmpI { op: cmp, a, b }, Type::BOOL));
        }
        match self.numeric_kind(a, b)? {
            Scalar::Int => {
                let (a, b) = (self.scalar(a, Scalar::Int)?, self.scalar(b, Scalar::Int)?);
                Some(self.emit(InstKind::CmpI { op: cmp, a, b }, Type::BOOL))
            }
            // An int and a float compare by exact value, which a conversion would not keep.
            Scalar::Float if !self.is_small(a) && !self.is_small(b) => {
                let is_int = |source| self.known(source) == Some(Scalar::Int) || self.converted(source).is_some();
                if is_int(a) || is_int(b) {
                    return None;
                }
                let (a, b) = (self.scalar(a, Scalar::Float)?, self.scalar(b, Scalar::Float)?);
                Some(self.emit(InstKind::CmpF { op: cmp, a, b }, Type::BOOL))
            }
            Scalar::Float => {
                let (a, b) = (self.float(a)?, self.float(b)?);
                Some(self.emit(InstKind::CmpF { op: cmp, a, b }, Type::BOOL))
            }
            Scalar::Bool => None,
        }
    }

    /// An int that every float comparison treats exactly.
    fn is_small(&self, source: Source) -> bool {
        match source {
            Source::Small(_) => true,
            Source::Constant(index) => {
                matches!(self.context().profile.chunk.constants[usize::from(index)], Const::Int(value) if value.unsigned_abs() < 1 << 53)
            }
            Source::Register(_) => false,
        }
    }

    /// A fused comparison and jump: jumps if the comparison gives `expected`.
    pub(super) fn jump_if(&mut self, op: Op, cmp: Cmp, expected: bool, a: Source, b: Source) -> Built {
        if let Some(built) = self.overloaded(op, a, Some(b), Purpose::Jump(expected != says_unequal(&op))) {
            return built;
        }
        let Some(mut cond) = self.compare_value(cmp, a, b).or_else(|| self.compare_any(cmp, a, b)) else {
            return self.fallback(op);
        };
        self.consume_source(a);
        self.consume_source(b);
        if !expected {
            cond = self.emit(InstKind::NotB(cond), Type::BOOL);
        }
        self.branch(cond);
        Ok(())
    }
}

/// Does the source of a fused comparison say `!=`? Then the jump is decided by the opposite of equality.
fn says_unequal(op: &Op) -> bool {
    let mut found = false;
    op.operands(|kind, value| found |= kind == OperandKind::Flag && value != 0);
    found
}

/// Two floats and a divisor that is not zero have a result.
fn is_of_floats(code: ArithCode) -> bool {
    code == ArithCode::Mod || float_op(code).is_some()
}

fn float_op(code: ArithCode) -> Option<FloatOp> {
    match code {
        ArithCode::Add => Some(FloatOp::Add),
        ArithCode::Sub => Some(FloatOp::Sub),
        ArithCode::Mul => Some(FloatOp::Mul),
        ArithCode::Div => Some(FloatOp::Div),
        ArithCode::Mod
        | ArithCode::Pow
        | ArithCode::BitAnd
        | ArithCode::BitOr
        | ArithCode::BitXor
        | ArithCode::Shl
        | ArithCode::Shr
        | ArithCode::Concat => None,
    }
}
