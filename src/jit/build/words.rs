//! Integers of 64 bits without a sign, as hashes and generators of numbers have them: `((h ^ b) * p) & 0xFFFFFFFFFFFFFFFF`.
//!
//! From 2 to the 63 on such a number is a big integer. What a mask leaves of sums, products, shifts to the left and bitwise operators
//! depends on the lowest 64 bits of their operands alone, so all that leads to the mask is computed with these, and one object is made of
//! what comes out. What leaves compiled code in between goes on with other numbers than the program names, of which the mask keeps the same.
use super::arith::Source;
use super::state::{Scalar, Slot};
use super::{Builder, Built};
use crate::bytecode::chunk::Const;
use crate::bytecode::op::{ArithCode, Op};
use crate::jit::ir::inst::{BitOp, IntOp};
use crate::jit::ir::{InstKind, Kinds, Operation, Range, Type, ValueId};
use crate::jit::profile::{Constant, FunctionProfile};

/// Instructions between the first operator and its mask.
const FARTHEST_MASK: usize = 16;

impl Builder<'_> {
    /// An operator of which a mask keeps 64 bits at most, or that puts one on, at a site that has met numbers beyond 64 bits; nothing if it
    /// is none, or was met with other things than ints.
    pub(super) fn word_arith(&mut self, code: ArithCode, dst: u16, a: Source, b: Source) -> Option<Built> {
        let (seen, overflow) = self.context().profile.operands(self.pc);
        let are_large = overflow || seen.intersect(Kinds::BIGINT) != Kinds::NEVER;
        if !are_large || !seen.is_subset(Kinds::INT.union(Kinds::BIGINT)) {
            return None;
        }
        if code == ArithCode::Shr {
            return self.word_shifted(dst, a, b);
        }
        let mask = (code == ArithCode::BitAnd).then(|| self.mask(a).or_else(|| self.mask(b))).flatten();
        let between = mask.is_none() && self.is_temporary(dst) && is_masked(&self.context().profile, self.pc, dst);
        let are_words = matches!(code, ArithCode::BitOr | ArithCode::BitXor) && self.is_word(a) && self.is_word(b);
        if mask.is_none() && !between && !are_words {
            return None;
        }
        let (left, right) = (self.low(a)?, if code == ArithCode::Shl { self.int(factor(b)?) } else { self.low(b)? });
        let value = self.emit(low_kind(code, left, right)?, mask_type(mask));
        let is_word = mask.map_or(!between, |mask| mask > i64::MAX as u64);
        // Before the operands are gone: where it leaves, the VM wants them.
        let object = is_word.then(|| self.operation(Operation::FromWord, &[value]));
        self.consume_source(a);
        self.consume_source(b);
        match object {
            Some(object) => {
                self.words.insert(object, value);
                self.write_owned(dst, object);
            }
            None => self.write_scalar(dst, value, Scalar::Int),
        }
        Some(Ok(()))
    }

    /// `word >> count`, which is an int from a count of 1 on.
    fn word_shifted(&mut self, dst: u16, a: Source, b: Source) -> Option<Built> {
        let Source::Small(count @ 1..=63) = b else { return None };
        let word = self.word(a)?;
        let (by, kept) = (self.int(i64::from(count)), (u64::MAX >> count) as i64);
        let shifted = self.emit(InstKind::ShrI { a: word, b: by, exit: None }, Type::INT);
        let rest = self.int(kept);
        let value = self.emit(InstKind::Bit { op: BitOp::And, a: shifted, b: rest }, Type::int_in(0, kept));
        self.consume_source(a);
        self.write_scalar(dst, value, Scalar::Int);
        Some(Ok(()))
    }

    /// The operand's word, if it is known to be a number of 64 bits without a sign.
    fn word(&self, source: Source) -> Option<ValueId> {
        let Source::Register(register) = source else { return None };
        match self.state.get(self.slot(register)) {
            Slot::Borrowed { value, .. } | Slot::Owned { value } => self.words.get(&value).copied(),
            _ => None,
        }
    }

    /// Is it such a number, or an int that is not negative?
    fn is_word(&self, source: Source) -> bool {
        let is_positive = |value: ValueId| self.out.ty(value).range.low >= 0;
        match source {
            Source::Register(register) => match self.state.get(self.slot(register)) {
                Slot::Scalar { value, scalar: Scalar::Int, .. } => is_positive(value),
                _ => self.word(source).is_some(),
            },
            Source::Small(k) => k >= 0,
            Source::Constant(_) => false,
        }
    }

    /// The number that an operand is, if it is one that is known and a word.
    fn mask(&self, source: Source) -> Option<u64> {
        let exactly = |value: ValueId| {
            let Range { low, high } = self.out.ty(value).range;
            (low == high).then_some(low)
        };
        match source {
            Source::Small(k) => u64::try_from(k).ok(),
            Source::Constant(_) => None,
            Source::Register(register) => match self.state.get(self.slot(register)) {
                Slot::Scalar { value, scalar: Scalar::Int, .. } => exactly(value).and_then(|mask| u64::try_from(mask).ok()),
                _ => self.word(source).and_then(exactly).map(|mask| mask as u64),
            },
        }
    }

    /// The lowest 64 bits of an int of any size.
    fn low(&mut self, source: Source) -> Option<ValueId> {
        if let Some(word) = self.word(source) {
            return Some(word);
        }
        let Source::Register(register) = source else { return self.scalar(source, Scalar::Int) };
        match self.state.get(self.slot(register)) {
            Slot::Scalar { value, scalar, .. } => (scalar == Scalar::Int).then_some(value),
            Slot::Immediate { .. } | Slot::Clean | Slot::Virtual(_) => None,
            _ => {
                let (value, exit) = (self.boxed(register), self.exit());
                Some(self.emit(InstKind::LowWord { value, exit }, Type::INT))
            }
        }
    }

    /// Notes the word of a big integer that is a constant.
    pub(super) fn note_word(&mut self, value: ValueId, constant: &Const) {
        if let Some(number) = word_of(constant) {
            let word = self.int(number as i64);
            self.words.insert(value, word);
        }
    }
}

fn word_of(constant: &Const) -> Option<u64> {
    match constant {
        Const::Int(number) => u64::try_from(*number).ok(),
        Const::BigInt(digits) => digits.parse().ok(),
        _ => None,
    }
}

fn mask_type(mask: Option<u64>) -> Type {
    match mask.map(i64::try_from) {
        Some(Ok(mask)) => Type::int_in(0, mask),
        _ => Type::INT,
    }
}

/// What a shift to the left multiplies by.
fn factor(count: Source) -> Option<i64> {
    match count {
        Source::Small(count @ 0..=63) => Some(1 << count),
        _ => None,
    }
}

/// The operator on the lowest 64 bits.
fn low_kind(code: ArithCode, a: ValueId, b: ValueId) -> Option<InstKind> {
    let low = |op: IntOp| InstKind::Low { op, a, b };
    let bit = |op: BitOp| InstKind::Bit { op, a, b };
    Some(match code {
        ArithCode::Add => low(IntOp::Add),
        ArithCode::Sub => low(IntOp::Sub),
        ArithCode::Mul | ArithCode::Shl => low(IntOp::Mul),
        ArithCode::BitAnd => bit(BitOp::And),
        ArithCode::BitOr => bit(BitOp::Or),
        ArithCode::BitXor => bit(BitOp::Xor),
        _ => return None,
    })
}

/// An operator as the scan for a mask sees it.
struct Step {
    code: ArithCode,
    dst: u16,
    a: u16,
    b: Second,
}

enum Second {
    Register(u16),
    Number(i64),
}

fn step(op: Op, constants: &[Const]) -> Option<Step> {
    use Second::{Number, Register};
    let (code, dst, a, b) = match op {
        Op::Add { dst, a, b } => (ArithCode::Add, dst, a, Register(b)),
        Op::Sub { dst, a, b } => (ArithCode::Sub, dst, a, Register(b)),
        Op::Mul { dst, a, b } => (ArithCode::Mul, dst, a, Register(b)),
        Op::AddK { dst, a, k } => (ArithCode::Add, dst, a, Number(i64::from(k))),
        Op::SubK { dst, a, k } => (ArithCode::Sub, dst, a, Number(i64::from(k))),
        Op::MulK { dst, a, k } => (ArithCode::Mul, dst, a, Number(i64::from(k))),
        Op::AddC { dst, a, c } => (ArithCode::Add, dst, a, Number(int_of(&constants[usize::from(c)])?)),
        Op::SubC { dst, a, c } => (ArithCode::Sub, dst, a, Number(int_of(&constants[usize::from(c)])?)),
        Op::MulC { dst, a, c } => (ArithCode::Mul, dst, a, Number(int_of(&constants[usize::from(c)])?)),
        Op::Arith { op, dst, a, b } => (ArithCode::ALL[usize::from(op)], dst, a, Register(b)),
        Op::ArithK { op, dst, a, k } => (ArithCode::ALL[usize::from(op)], dst, a, Number(i64::from(k))),
        _ => return None,
    };
    Some(Step { code, dst, a, b })
}

fn int_of(constant: &Const) -> Option<i64> {
    match constant {
        Const::Int(number) => Some(*number),
        _ => None,
    }
}

/// A register that an instruction loads with a constant, and that constant if it is a word.
fn loaded(op: Op, profile: &FunctionProfile) -> Option<(u16, Option<u64>)> {
    match op {
        Op::LoadInt { dst, value } => Some((dst, u64::try_from(value).ok())),
        Op::LoadConst { dst, value } => Some((dst, word_of(&profile.chunk.constants[value as usize]))),
        Op::ModuleGet { dst, var } => match profile.constants.get(&var) {
            Some(Constant::Int(value)) => Some((dst, u64::try_from(*value).ok())),
            Some(Constant::Word(value)) => Some((dst, Some(*value))),
            _ => Some((dst, None)),
        },
        _ => None,
    }
}

/// Is all that is done with what an instruction writes to a temporary to compute something by its lowest 64 bits, of which a mask then keeps
/// no more?
fn is_masked(profile: &FunctionProfile, pc: u32, first: u16) -> bool {
    let mut held = first;
    let mut known: Vec<(u16, Option<u64>)> = Vec::new();
    for op in profile.chunk.code.iter().skip(pc as usize + 1).take(FARTHEST_MASK) {
        if let Some(load) = loaded(*op, profile) {
            known.push(load);
        } else if let Some(step) = step(*op, &profile.chunk.constants) {
            let number = |register: u16| known.iter().rev().find(|(to, _)| *to == register).and_then(|(_, number)| *number);
            match held_on(&step, held, number) {
                Next::Masked => return true,
                Next::Held if step.dst >= profile.chunk.locals => held = step.dst,
                Next::Other if step.dst != held => known.push((step.dst, None)),
                _ => return false,
            }
        } else {
            return false;
        }
        if known.last().is_some_and(|(to, _)| *to == held) {
            return false;
        }
    }
    false
}

/// What an operator does with the number that is to be masked.
enum Next {
    Masked,
    /// Its result depends on the lowest 64 bits alone.
    Held,
    /// It is not its operand.
    Other,
    Whole,
}

fn held_on(step: &Step, held: u16, number: impl Fn(u16) -> Option<u64>) -> Next {
    let is_left = step.a == held;
    let other = match step.b {
        Second::Register(b) if is_left => number(b),
        Second::Register(b) if b == held => number(step.a),
        Second::Number(k) if is_left => u64::try_from(k).ok(),
        _ => return Next::Other,
    };
    match step.code {
        ArithCode::BitAnd if other.is_some() => Next::Masked,
        ArithCode::Add | ArithCode::Sub | ArithCode::Mul => Next::Held,
        ArithCode::BitAnd | ArithCode::BitOr | ArithCode::BitXor => Next::Held,
        ArithCode::Shl if is_left && matches!(step.b, Second::Number(0..=63)) => Next::Held,
        _ => Next::Whole,
    }
}
