//! Characters appended to text.
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, InstBuilder, types};

use super::{Helper, Lowering};
use crate::jit::ir::ValueId;
use crate::jit::ir::inst::Home;
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

    fn go_on_if(&mut self, holds: clif::Value, otherwise: clif::Block) {
        let next = self.b.create_block();
        self.b.ins().brif(holds, next, &[], otherwise, &[]);
        self.b.switch_to_block(next);
    }
}
