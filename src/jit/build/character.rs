//! Characters of ASCII text, known by their codes: `s[i]` is a byte, and the string of one character is looked up only where it is wanted.
use super::arith::Source;
use super::state::{Lender, Slot};
use super::{Builder, Built};
use crate::bytecode::chunk::Const;
use crate::jit::ir::inst::{BitOp, Cmp, IntOp};
use crate::jit::ir::{InstKind, Type, ValueId};
use crate::value::layout::{shape, tag};

impl Builder<'_> {
    /// `a[b]` of text that is guessed to be ASCII; nothing if that has failed before.
    pub(super) fn index_get_text(&mut self, dst: u16, a: u16, b: Source) -> Option<Built> {
        if self.context().profile.storms(self.pc) > 0 {
            return None;
        }
        let code = self.code_in(a, b)?;
        self.consume_source(b);
        if dst != a {
            self.consume(a);
        }
        self.write_character(dst, code);
        Some(Ok(()))
    }

    /// `a[b]` of bytes.
    pub(super) fn index_get_bytes(&mut self, dst: u16, a: u16, b: Source) -> Option<Built> {
        if self.context().profile.storms(self.pc) > 0 {
            return None;
        }
        let number = self.scalar(b, super::state::Scalar::Int)?;
        let pointer = self.guarded(a, tag::BYTES, 0);
        let index = self.checked_index(pointer, number, b);
        let byte = self.byte(pointer, index);
        self.consume_source(b);
        self.consume(a);
        self.write_scalar(dst, byte, super::state::Scalar::Int);
        Some(Ok(()))
    }

    /// The byte at a checked index of bytes.
    pub(super) fn byte(&mut self, bytes: ValueId, index: ValueId) -> ValueId {
        let data = self.emit(InstKind::LoadData(bytes), Type::RAW);
        self.emit(InstKind::LoadByte { pointer: data, index }, Type::int_in(0, 255))
    }

    /// The code of the character at `b` of a register's text, checked to be ASCII.
    pub(super) fn code_in(&mut self, a: u16, b: Source) -> Option<ValueId> {
        let number = self.scalar(b, super::state::Scalar::Int)?;
        let pointer = self.guarded(a, tag::STR, shape::STR_ASCII);
        let index = self.checked_index(pointer, number, b);
        Some(self.emit(InstKind::LoadByte { pointer, index }, Type::int_in(0, 127)))
    }

    /// A position in text or bytes, counted from the end if it is written as a number below zero.
    fn checked_index(&mut self, pointer: ValueId, number: ValueId, b: Source) -> ValueId {
        let length = self.length_of(pointer);
        let from_end = matches!(b, Source::Small(k) if k < 0);
        let number = if from_end {
            self.emit(InstKind::Int { op: IntOp::Add, a: length, b: number, exit: None }, Type::INT)
        } else {
            number
        };
        let exit = self.exit();
        self.emit(InstKind::GuardBounds { index: number, length, exit: Some(exit) }, Type::INT)
    }

    pub(super) fn write_character(&mut self, dst: u16, code: ValueId) {
        let value = self.emit(InstKind::CharOf(code), Type::ANY);
        self.codes.insert(value, code);
        self.write_lent(dst, value, Lender::Constant);
    }

    /// `chr(code)` of an ASCII code; false if it is not known to be an int, or was another code before.
    pub(super) fn character_of(&mut self, dst: u16, base: u16) -> bool {
        let slot = self.slot(base);
        let Slot::Scalar { value, scalar: super::state::Scalar::Int, .. } = self.state.get(slot) else { return false };
        if self.context().profile.storms(self.pc) > 0 {
            return false;
        }
        let exit = Some(self.exit());
        let code = self.emit(InstKind::GuardSmall { value, low: 0, high: 127, exit }, Type::int_in(0, 127));
        self.consume(base);
        self.write_character(dst, code);
        true
    }

    /// The code of what is known to be one ASCII character.
    pub(super) fn code_of(&mut self, source: Source) -> Option<ValueId> {
        match source {
            Source::Register(register) => match self.state.get(self.slot(register)) {
                Slot::Borrowed { value, .. } => self.codes.get(&value).copied(),
                _ => None,
            },
            Source::Constant(index) => self.code_of_constant(u32::from(index)),
            Source::Small(_) => None,
        }
    }

    /// The code of what is known to be one ASCII character, or guessed to be where a function of text has met nothing else than text.
    pub(super) fn character_in(&mut self, register: u16, met: Option<u64>) -> Option<ValueId> {
        if let Some(code) = self.code_of(Source::Register(register)) {
            return Some(code);
        }
        let holds_object =
            matches!(self.state.get(self.slot(register)), Slot::Memory | Slot::Borrowed { .. } | Slot::Owned { .. });
        if met != Some(tag::STR) || !holds_object || self.context().profile.storms(self.pc) > 0 {
            return None;
        }
        let pointer = self.guarded(register, tag::STR, shape::STR_ASCII);
        let (length, one, exit) = (self.length_of(pointer), self.int(1), self.exit());
        let value = self.emit(InstKind::CmpI { op: Cmp::Eq, a: length, b: one }, Type::BOOL);
        self.effect(InstKind::GuardTrue { value, exit });
        let index = self.int(0);
        Some(self.emit(InstKind::LoadByte { pointer, index }, Type::int_in(0, 127)))
    }

    /// Is the code one of those whose bits are set?
    pub(super) fn is_of_class(&mut self, code: ValueId, class: u128) -> ValueId {
        let [low, high] = [class as u64 as i64, (class >> 64) as u64 as i64].map(|bits| self.int(bits));
        let (width, last, exit) = (self.int(64), self.int(63), self.exit());
        let cond = self.emit(InstKind::CmpI { op: Cmp::Lt, a: code, b: width }, Type::BOOL);
        let bits = self.emit(InstKind::Select { cond, a: low, b: high }, Type::INT);
        let at = self.emit(InstKind::Bit { op: BitOp::And, a: code, b: last }, Type::int_in(0, 63));
        let shifted = self.emit(InstKind::ShrI { a: bits, b: at, exit: Some(exit) }, Type::INT);
        let (one, zero) = (self.int(1), self.int(0));
        let bit = self.emit(InstKind::Bit { op: BitOp::And, a: shifted, b: one }, Type::int_in(0, 1));
        self.emit(InstKind::CmpI { op: Cmp::Ne, a: bit, b: zero }, Type::BOOL)
    }

    /// The same of an entry of the constant pool.
    pub(super) fn code_of_constant(&mut self, index: u32) -> Option<ValueId> {
        match &self.context().profile.chunk.constants[index as usize] {
            Const::Str(text) => match *text.as_bytes() {
                [byte] => Some(self.int(i64::from(byte))),
                _ => None,
            },
            _ => None,
        }
    }

    /// Characters are ordered as their codes are.
    pub(super) fn compare_characters(&mut self, op: Cmp, a: Source, b: Source) -> Option<ValueId> {
        let (a, b) = (self.code_of(a)?, self.code_of(b)?);
        Some(self.emit(InstKind::CmpI { op, a, b }, Type::BOOL))
    }
}

/// The ASCII characters of which a function of text says yes, by the bits of their codes.
pub(super) fn class_of(function: &str) -> Option<u128> {
    let holds: fn(char) -> bool = match function {
        "is_digit" => |c| c.is_ascii_digit(),
        "is_alpha" => char::is_alphabetic,
        "is_alnum" => char::is_alphanumeric,
        "is_space" => char::is_whitespace,
        "is_upper" => char::is_uppercase,
        "is_lower" => char::is_lowercase,
        _ => return None,
    };
    Some((0..128u8).filter(|code| holds(char::from(*code))).fold(0, |class, code| class | 1 << code))
}
