//! Characters appended to text, and text compared with a short one.
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, InstBuilder, types};

use super::{Helper, Lowering};
use crate::jit::ir::inst::Home;
use crate::jit::ir::{StateId, ValueId};
use crate::value::layout::{header, shape, string, tag};

/// The first word of ASCII text that nobody else holds: shape and count are its halves.
const OWN_ASCII: i64 = (shape::STR_ASCII as i64) << (8 * (header::SHAPE - header::COUNT)) | 1;
const _: () = assert!(header::COUNT == 0 && header::SHAPE == 4 && cfg!(target_endian = "little"));

impl Lowering<'_> {
    /// An ASCII character behind what is in `home`: a byte, if that is ASCII text with room that nobody else holds. All else is up to
    /// the runtime, which changes nothing if it cannot do it either.
    pub(super) fn append_char(&mut self, home: Home, code: ValueId, left: clif::Block) {
        let (place, code) = (self.home_address(home), self.one(code));
        let (slow, next) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(slow);
        let (found, text) = self.load_pair(place, 0);
        let is_text = self.b.ins().icmp_imm_u(IntCC::Equal, found, tag::STR as i64);
        self.go_on_if(is_text, slow);
        let start = self.load(types::I64, text, header::COUNT as i32);
        let wanted = self.b.ins().iconst(types::I64, OWN_ASCII);
        let is_own = self.b.ins().icmp(IntCC::Equal, start, wanted);
        self.go_on_if(is_own, slow);
        let length = self.load(types::I64, text, string::LEN as i32);
        let room = self.load(types::I64, text, string::CAP as i32);
        let has_room = self.b.ins().icmp(IntCC::UnsignedLessThan, length, room);
        self.go_on_if(has_room, slow);
        let (end, byte) = (self.b.ins().iadd(text, length), self.b.ins().ireduce(types::I8, code));
        self.store(byte, end, string::BYTES as i32);
        let longer = self.b.ins().iadd_imm_s(length, 1);
        self.store(longer, text, string::LEN as i32);
        let unknown = self.b.ins().iconst(types::I64, 0);
        self.store(unknown, text, string::HASH as i32);
        self.b.ins().jump(next, &[]);

        self.b.switch_to_block(slow);
        let done = self.call_for_word(Helper::AppendChar, &[place, code]);
        self.b.ins().brif(done, next, &[], left, &[]);
        self.b.switch_to_block(next);
    }

    /// Whether a value is a text of at most 16 bytes: of the same length, and with the same bytes. What may have an equality of
    /// its own leaves.
    pub(super) fn equals_text(&mut self, value: ValueId, wanted: &[u8], exit: StateId) -> clif::Value {
        let (tag, text) = self.boxed(value);
        let (same_length, done) = (self.b.create_block(), self.b.create_block());
        let answer = self.b.append_block_param(done, types::I8);
        let no = self.b.ins().iconst(types::I8, 0);
        if self.function.ty(value).kinds.single() != Some(tag::STR) {
            let (is_text, other) = (self.b.create_block(), self.b.create_block());
            self.b.set_cold_block(other);
            let found = self.b.ins().icmp_imm_u(IntCC::Equal, tag, tag::STR as i64);
            self.b.ins().brif(found, is_text, &[], other, &[]);
            self.b.switch_to_block(other);
            self.leave_if_instance(tag, exit);
            self.b.ins().jump(done, &[no.into()]);
            self.b.switch_to_block(is_text);
        }
        let length = self.load(types::I64, text, string::LEN as i32);
        let same = self.b.ins().icmp_imm_u(IntCC::Equal, length, wanted.len() as i64);
        self.b.ins().brif(same, same_length, &[], done, &[no.into()]);
        self.b.switch_to_block(same_length);
        let equal = self.has_bytes(text, wanted);
        self.b.ins().jump(done, &[equal.into()]);
        self.b.switch_to_block(done);
        answer
    }

    fn leave_if_instance(&mut self, tag: clif::Value, exit: StateId) {
        for kind in [tag::UNIT, tag::STRUCT, tag::VARIANT] {
            let other = self.b.ins().icmp_imm_u(IntCC::NotEqual, tag, kind as i64);
            self.leave_unless(other, exit);
        }
    }

    /// Whether a text that is as long as `wanted` begins and ends with the same words, which may overlap.
    fn has_bytes(&mut self, text: clif::Value, wanted: &[u8]) -> clif::Value {
        let (ty, width) = match wanted.len() {
            0 => return self.b.ins().iconst(types::I8, 1),
            1 => (types::I8, 1),
            2..=3 => (types::I16, 2),
            4..=7 => (types::I32, 4),
            _ => (types::I64, 8),
        };
        let last = wanted.len() - width;
        let first = self.has_word(text, wanted, ty, 0);
        if last == 0 {
            return first;
        }
        let second = self.has_word(text, wanted, ty, last);
        self.b.ins().band(first, second)
    }

    fn has_word(&mut self, text: clif::Value, wanted: &[u8], ty: clif::Type, from: usize) -> clif::Value {
        let mut word = [0; 8];
        let width = ty.bytes() as usize;
        word[..width].copy_from_slice(&wanted[from..from + width]);
        let found = self.load(ty, text, (string::BYTES + from) as i32);
        let word = self.b.ins().iconst(ty, i64::from_le_bytes(word));
        self.b.ins().icmp(IntCC::Equal, found, word)
    }

    pub(super) fn go_on_if(&mut self, holds: clif::Value, otherwise: clif::Block) {
        let next = self.b.create_block();
        self.b.ins().brif(holds, next, &[], otherwise, &[]);
        self.b.switch_to_block(next);
    }
}
