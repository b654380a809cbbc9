//! Sums, differences, products and the order of numbers whose kinds are seen when they are met: of two ints that fit, and of ints and floats,
//! by instructions; of anything else by the runtime, which also compares ints with floats, by their exact values.
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, BlockArg, InstBuilder, MemFlagsData, types};

use super::insts::{float_condition, int_condition};
use super::{Helper, Lowering};
use crate::bytecode::op::ArithCode;
use crate::jit::ir::inst::{Cmp, IntOp};
use crate::jit::ir::{Operation, StateId, ValueId};
use crate::value::layout::tag;

/// Tags differ in their last bit.
const _: () = assert!(tag::INT == 2 && tag::FLOAT == 3);

/// The operator, if numbers get it by instructions.
pub(super) fn operator(code: ArithCode) -> Option<(ArithCode, IntOp)> {
    let op = match code {
        ArithCode::Add => IntOp::Add,
        ArithCode::Sub => IntOp::Sub,
        ArithCode::Mul => IntOp::Mul,
        _ => return None,
    };
    Some((code, op))
}

impl Lowering<'_> {
    /// Whether `a cmp b`; goes to `left` where the runtime does not know it either.
    pub(super) fn ordered_or(&mut self, cmp: Cmp, a: ValueId, b: ValueId, left: clif::Block, result: Option<ValueId>) {
        let ((a_tag, a_word), (b_tag, b_word)) = (self.boxed(a), self.boxed(b));
        let (same, ints, floats) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let (slow, next) = (self.b.create_block(), self.b.create_block());
        let answer = self.b.append_block_param(next, types::I8);
        let are_same = self.b.ins().icmp(IntCC::Equal, a_tag, b_tag);
        self.b.ins().brif(are_same, same, &[], slow, &[]);
        self.b.switch_to_block(same);
        let is_int = self.b.ins().icmp_imm_u(IntCC::Equal, a_tag, tag::INT as i64);
        self.b.ins().brif(is_int, ints, &[], floats, &[]);

        self.b.switch_to_block(ints);
        let holds = self.b.ins().icmp(int_condition(cmp), a_word, b_word);
        self.b.ins().jump(next, &[BlockArg::Value(holds)]);

        self.b.switch_to_block(floats);
        let are_floats = self.b.ins().icmp_imm_u(IntCC::Equal, a_tag, tag::FLOAT as i64);
        self.go_on_if(are_floats, slow);
        let [a_float, b_float] = [a_word, b_word].map(|word| self.b.ins().bitcast(types::F64, MemFlagsData::new(), word));
        let holds = self.b.ins().fcmp(float_condition(cmp), a_float, b_float);
        self.b.ins().jump(next, &[BlockArg::Value(holds)]);

        self.b.switch_to_block(slow);
        let word = self.call_operation(Operation::Compare(cmp), None, &[a, b])[0];
        let done = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, word, 2);
        self.go_on_if(done, left);
        let holds = self.b.ins().ireduce(types::I8, word);
        self.b.ins().jump(next, &[BlockArg::Value(holds)]);
        self.b.switch_to_block(next);
        self.define(result, answer);
    }

    /// `a op b`; goes to `left` where the runtime does not have it either.
    pub(super) fn number_or(
        &mut self,
        (code, op): (ArithCode, IntOp),
        a: ValueId,
        b: ValueId,
        left: clif::Block,
        result: Option<ValueId>,
    ) {
        let ((a_tag, a_word), (b_tag, b_word)) = (self.boxed(a), self.boxed(b));
        let (ints, mixed, floats) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let (slow, next) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(slow);
        let (found, word) = self.results_of(next);
        // 0 for two ints, 1 for numbers with a float among them.
        let [a_kind, b_kind] = [a_tag, b_tag].map(|found| self.b.ins().bxor_imm_s(found, tag::INT as i64));
        let kinds = self.b.ins().bor(a_kind, b_kind);
        let are_others = self.b.ins().icmp_imm_u(IntCC::NotEqual, kinds, 0);
        self.b.ins().brif(are_others, mixed, &[], ints, &[]);

        self.b.switch_to_block(ints);
        let (sum, overflow) = match op {
            IntOp::Add => self.b.ins().sadd_overflow(a_word, b_word),
            IntOp::Sub => self.b.ins().ssub_overflow(a_word, b_word),
            IntOp::Mul => self.b.ins().smul_overflow(a_word, b_word),
        };
        let int = self.word_of(tag::INT as i64);
        self.b.ins().brif(overflow, slow, &[], next, &[BlockArg::Value(int), BlockArg::Value(sum)]);

        self.b.switch_to_block(mixed);
        let are_numbers = self.b.ins().icmp_imm_u(IntCC::Equal, kinds, 1);
        self.b.ins().brif(are_numbers, floats, &[], slow, &[]);

        self.b.switch_to_block(floats);
        let (a_float, b_float) = (self.float_of(a_tag, a_word), self.float_of(b_tag, b_word));
        let sum = match op {
            IntOp::Add => self.b.ins().fadd(a_float, b_float),
            IntOp::Sub => self.b.ins().fsub(a_float, b_float),
            IntOp::Mul => self.b.ins().fmul(a_float, b_float),
        };
        let sum = self.b.ins().bitcast(types::I64, MemFlagsData::new(), sum);
        let float = self.word_of(tag::FLOAT as i64);
        self.b.ins().jump(next, &[BlockArg::Value(float), BlockArg::Value(sum)]);

        self.b.switch_to_block(slow);
        let results = self.call_operation(Operation::Arith(code), None, &[a, b]);
        let done = self.b.ins().icmp_imm_u(IntCC::NotEqual, results[0], tag::EXC as i64);
        self.b.ins().brif(done, next, &[BlockArg::Value(results[0]), BlockArg::Value(results[1])], left, &[]);
        self.b.switch_to_block(next);
        self.define_pair(result, found, word);
    }

    /// A number as a float.
    fn float_of(&mut self, found: clif::Value, word: clif::Value) -> clif::Value {
        let is_float = self.b.ins().icmp_imm_u(IntCC::Equal, found, tag::FLOAT as i64);
        let converted = self.b.ins().fcvt_from_sint(types::F64, word);
        let float = self.b.ins().bitcast(types::F64, MemFlagsData::new(), word);
        self.b.ins().select(is_float, float, converted)
    }
}

/// Words of integers of any size.
impl Lowering<'_> {
    /// The lowest 64 bits of an int or big integer.
    pub(super) fn low_word(&mut self, value: ValueId, exit: StateId, result: Option<ValueId>) {
        let (found, payload) = self.boxed(value);
        let (other, next) = (self.b.create_block(), self.b.create_block());
        let low = self.b.append_block_param(next, types::I64);
        let is_int = self.b.ins().icmp_imm_u(IntCC::Equal, found, tag::INT as i64);
        self.b.ins().brif(is_int, next, &[BlockArg::Value(payload)], other, &[]);
        self.b.switch_to_block(other);
        let is_big = self.b.ins().icmp_imm_u(IntCC::Equal, found, tag::BIGINT as i64);
        self.leave_unless(is_big, exit);
        let word = self.call_often(Helper::LowWord, &[payload]);
        self.b.ins().jump(next, &[BlockArg::Value(word)]);
        self.b.switch_to_block(next);
        self.define(result, low);
    }

    /// The integer of 64 bits without a sign, as a value.
    pub(super) fn number_of_word(&mut self, word: ValueId, result: Option<ValueId>) {
        let word = self.one(word);
        let (large, next) = (self.b.create_block(), self.b.create_block());
        let (found, payload) = self.results_of(next);
        let is_int = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, word, 0);
        let int = self.word_of(tag::INT as i64);
        self.b.ins().brif(is_int, next, &[BlockArg::Value(int), BlockArg::Value(word)], large, &[]);
        self.b.switch_to_block(large);
        let big = self.call_often(Helper::FromWord, &[word]);
        let tag = self.word_of(tag::BIGINT as i64);
        self.b.ins().jump(next, &[BlockArg::Value(tag), BlockArg::Value(big)]);
        self.b.switch_to_block(next);
        self.define_pair(result, found, payload);
    }
}
