//! Arrays of any kind: how they are stored is looked at where they are used.
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, InstBuilder, types};

use super::calls::checked_by_push;
use super::exits::ExitKind;
use super::{Helper, Lowering};
use crate::jit::ir::{Inst, InstKind, StateId, ValueId};
use crate::value::layout::{array, header, shape, tag};

/// The first half of a header is its count where words are little-endian.
const _: () = assert!(header::COUNT == 0 && header::SHAPE == 4 && cfg!(target_endian = "little"));

/// The tags of ints and floats follow each other as the shapes of their arrays do.
const _: () = assert!(shape::ARR_F64 == shape::ARR_I64 + 1 && tag::FLOAT == tag::INT + 1);

/// A check of an object's shape that is followed by one that nobody else holds it and leaves at the same state: one look at the
/// header makes both. Where something is appended next, that makes the second check itself.
pub(super) fn checked_at_once<'a>(inst: &'a Inst, rest: &'a [Inst]) -> Option<[&'a Inst; 2]> {
    let unique = rest.first()?;
    match (&inst.kind, &unique.kind) {
        (InstKind::GuardShape { exit, .. }, InstKind::GuardUnique { pointer, exit: same, .. }) => {
            let by_push = checked_by_push(unique, rest.get(1)).is_some();
            (inst.result == Some(*pointer) && exit == same && !by_push).then_some([inst, unique])
        }
        _ => None,
    }
}

impl Lowering<'_> {
    fn has_values(&mut self, array: clif::Value) -> clif::Value {
        let found = self.load(types::I32, array, header::SHAPE as i32);
        self.b.ins().icmp_imm_u(IntCC::Equal, found, i64::from(shape::ARR_VAL))
    }

    /// Count and shape are the halves of one word.
    pub(super) fn shape_and_unique(&mut self, [first, second]: &[&Inst; 2]) {
        let InstKind::GuardShape { pointer, shape, exit } = &first.kind else { panic!("a check of the shape comes first") };
        let pointer = self.one(*pointer);
        let found = self.load(types::I64, pointer, header::COUNT as i32);
        let wanted = i64::from(*shape) << (8 * (header::SHAPE - header::COUNT)) | 1;
        let wanted = self.b.ins().iconst(types::I64, wanted);
        let good = self.b.ins().icmp(IntCC::Equal, found, wanted);
        self.checks_of(&second.kind);
        self.exit_block(*exit, ExitKind::Execute);
        self.checks_of(&first.kind);
        self.leave_unless(good, *exit);
        self.define(first.result, pointer);
        self.define(second.result, pointer);
    }

    /// A word of an array's header.
    pub(super) fn load_header(&mut self, pointer: ValueId, offset: usize, result: Option<ValueId>) {
        let pointer = self.one(pointer);
        let value = self.load(types::I64, pointer, offset as i32);
        self.define(result, value);
    }

    pub(super) fn generalise(&mut self, pointer: ValueId, exit: StateId, result: Option<ValueId>) {
        let pointer = self.one(pointer);
        let done = self.has_values(pointer);
        let (other, next) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(other);
        self.b.ins().brif(done, next, &[], other, &[]);
        self.b.switch_to_block(other);
        let worked = self.call_for_word(Helper::Generalise, &[pointer]);
        self.leave_unless(worked, exit);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
        self.define(result, pointer);
    }

    pub(super) fn settle(&mut self, pointer: ValueId, tag: u64) {
        let pointer = self.one(pointer);
        let (some, try_it, next) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let length = self.load(types::I64, pointer, array::LEN as i32);
        self.b.ins().brif(length, some, &[], next, &[]);
        self.b.switch_to_block(some);
        let data = self.load(types::I64, pointer, array::DATA as i32);
        let offset = self.b.ins().ishl_imm_u(length, 4);
        let end = self.b.ins().iadd(data, offset);
        let last = self.load(types::I64, end, -16);
        let fits = self.b.ins().icmp_imm_u(IntCC::Equal, last, tag as i64);
        self.b.ins().brif(fits, try_it, &[], next, &[]);
        self.b.switch_to_block(try_it);
        self.call_for_word(Helper::Settle, &[pointer]);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
    }

    pub(super) fn load_item(&mut self, pointer: ValueId, index: ValueId, result: Option<ValueId>) {
        let (pointer, index) = (self.one(pointer), self.one(index));
        let values = self.has_values(pointer);
        let (inline, other, next) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let of_kind = self.b.append_block_param(next, types::I64);
        let payload = self.b.append_block_param(next, types::I64);
        self.b.ins().brif(values, inline, &[], other, &[]);
        self.b.switch_to_block(inline);
        let data = self.load(types::I64, pointer, array::DATA as i32);
        let offset = self.b.ins().ishl_imm_u(index, 4);
        let address = self.b.ins().iadd(data, offset);
        let (found, word) = self.load_pair(address, 0);
        self.b.ins().jump(next, &[clif::BlockArg::Value(found), clif::BlockArg::Value(word)]);
        self.b.switch_to_block(other);
        let (word_kinds, rare) = (self.b.create_block(), self.b.create_block());
        let found = self.load(types::I32, pointer, header::SHAPE as i32);
        let nth = self.b.ins().iadd_imm_s(found, -i64::from(shape::ARR_I64));
        let is_word = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, nth, 2);
        self.b.ins().brif(is_word, word_kinds, &[], rare, &[]);
        self.b.switch_to_block(word_kinds);
        let data = self.load(types::I64, pointer, array::DATA as i32);
        let offset = self.b.ins().ishl_imm_u(index, 3);
        let address = self.b.ins().iadd(data, offset);
        let word = self.load(types::I64, address, 0);
        let nth = self.b.ins().uextend(types::I64, nth);
        let kind = self.b.ins().iadd_imm_s(nth, tag::INT as i64);
        self.b.ins().jump(next, &[clif::BlockArg::Value(kind), clif::BlockArg::Value(word)]);
        self.b.switch_to_block(rare);
        let is_range = self.b.ins().icmp_imm_u(IntCC::Equal, found, i64::from(shape::ARR_RANGE));
        let (range, bool_kind) = (self.b.create_block(), self.b.create_block());
        self.b.ins().brif(is_range, range, &[], bool_kind, &[]);
        self.b.switch_to_block(range);
        let (start, step) =
            (self.load(types::I64, pointer, array::DATA as i32), self.load(types::I64, pointer, array::CAP as i32));
        let offset = self.b.ins().imul(index, step);
        let number = self.b.ins().iadd(start, offset);
        let int = self.b.ins().iconst(types::I64, tag::INT as i64);
        self.b.ins().jump(next, &[clif::BlockArg::Value(int), clif::BlockArg::Value(number)]);
        self.b.switch_to_block(bool_kind);
        let helper = self.helper(Helper::ArrayItem);
        let call = self.b.ins().call(helper, &[pointer, index]);
        let results: Vec<_> = self.b.inst_results(call).iter().map(|result| clif::BlockArg::Value(*result)).collect();
        self.b.ins().jump(next, &results);
        self.b.switch_to_block(next);
        self.define_pair(result, of_kind, payload);
    }
}
