//! Entries of dicts at addresses that are known: by a loop over the dict, or since the key was looked up.
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, BlockArg, InstBuilder, types};

use super::{Lowering, numbers};
use crate::bytecode::op::ArithCode;
use crate::jit::ir::inst::{Home, IntOp};
use crate::jit::ir::{Operation, StateId, ValueId};
use crate::value::layout::{dict, header, shape, tag};

/// The texts of a dict are looked through by their addresses.
const _: () = assert!(dict::ENTRY_SIZE.is_power_of_two());

impl Lowering<'_> {
    /// The tag of a key has 32 bits, that of a value 64.
    pub(super) fn load_entry(&mut self, table: ValueId, next: ValueId, key: bool, result: Option<ValueId>) {
        let (table, next) = (self.one(table), self.one(next));
        let entries = self.load(types::I64, table, dict::ENTRIES as i32);
        let offset = self.b.ins().imul_imm_s(next, dict::ENTRY_SIZE as i64);
        let end = self.b.ins().iadd(entries, offset);
        let at = |offset: usize| offset as i32 - dict::ENTRY_SIZE as i32;
        let (tag, payload) = if key {
            let tag = self.load(types::I32, end, at(dict::ENTRY_TAG));
            (self.b.ins().uextend(types::I64, tag), self.load(types::I64, end, at(dict::ENTRY_PAYLOAD)))
        } else {
            (self.load(types::I64, end, at(dict::ENTRY_VALUE)), self.load(types::I64, end, at(dict::ENTRY_VALUE) + 8))
        };
        self.define_pair(result, tag, payload);
    }

    /// Address of the value under a literal or a name: where there are few keys, and all are texts, they are mostly the same objects.
    pub(super) fn find_text(&mut self, table: ValueId, key: ValueId, left: clif::Block, result: Option<ValueId>) {
        let object = self.one(table);
        let (_, text) = self.boxed(key);
        let [turn, look, slow, next] = [(); 4].map(|()| self.b.create_block());
        self.b.set_cold_block(slow);
        let at = self.b.append_block_param(turn, types::I64);
        let address = self.b.append_block_param(next, types::I64);
        let found = self.load(types::I32, object, header::SHAPE as i32);
        let has_texts = self.b.ins().icmp_imm_u(IntCC::Equal, found, i64::from(shape::DICT_STR));
        self.go_on_if(has_texts, slow);
        let used = self.load(types::I32, object, dict::USED as i32);
        let are_few = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThanOrEqual, used, dict::LINEAR as i64);
        self.go_on_if(are_few, slow);
        let entries = self.load(types::I64, object, dict::ENTRIES as i32);
        let used = self.b.ins().uextend(types::I64, used);
        let bytes = self.b.ins().ishl_imm_u(used, i64::from(dict::ENTRY_SIZE.trailing_zeros()));
        let end = self.b.ins().iadd(entries, bytes);
        self.b.ins().jump(turn, &[BlockArg::Value(entries)]);

        self.b.switch_to_block(turn);
        let is_end = self.b.ins().icmp(IntCC::Equal, at, end);
        self.b.ins().brif(is_end, slow, &[], look, &[]);
        self.b.switch_to_block(look);
        let held = self.load(types::I64, at, dict::ENTRY_PAYLOAD as i32);
        let same = self.b.ins().icmp(IntCC::Equal, held, text);
        let value = self.moved(at, dict::ENTRY_VALUE as i32);
        let following = self.moved(at, dict::ENTRY_SIZE as i32);
        self.b.ins().brif(same, next, &[BlockArg::Value(value)], turn, &[BlockArg::Value(following)]);

        self.b.switch_to_block(slow);
        let searched = self.call_operation(Operation::Find, None, &[table, key])[0];
        let done = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, searched, 0);
        self.b.ins().brif(done, next, &[BlockArg::Value(searched)], left, &[]);
        self.b.switch_to_block(next);
        self.define(result, address);
    }

    /// The value at an address that is not 0, or the default.
    pub(super) fn load_found(
        &mut self,
        address: ValueId,
        default: Option<ValueId>,
        exit: Option<StateId>,
        result: Option<ValueId>,
    ) {
        let address = self.one(address);
        let Some(default) = default else {
            self.leave_unless(address, exit.expect("without a default it leaves"));
            let (tag, payload) = self.load_pair(address, 0);
            return self.define_pair(result, tag, payload);
        };
        let (found, missing, next) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let (tag, payload) = self.results_of(next);
        self.b.ins().brif(address, found, &[], missing, &[]);
        self.b.switch_to_block(found);
        let held = self.load_pair(address, 0);
        self.b.ins().jump(next, &[BlockArg::Value(held.0), BlockArg::Value(held.1)]);
        self.b.switch_to_block(missing);
        let (default_tag, word) = self.boxed(default);
        let default_tag = self.null_if_missing(default_tag);
        self.b.ins().jump(next, &[BlockArg::Value(default_tag), BlockArg::Value(word)]);
        self.b.switch_to_block(next);
        self.define_pair(result, tag, payload);
    }

    /// The tag of an argument, which is null if it was left out.
    fn null_if_missing(&mut self, found: clif::Value) -> clif::Value {
        if self.constant(found).is_some_and(|found| found != tag::UNINIT) {
            return found;
        }
        let is_missing = self.b.ins().icmp_imm_u(IntCC::Equal, found, tag::UNINIT as i64);
        let null = self.word_of(tag::NULL as i64);
        self.b.ins().select(is_missing, null, found)
    }

    /// Stores to the entry at an address, or adds to it, if there is one, nobody else has the dict, and there is no object to give up or to
    /// count; else the runtime does it, or leaves that at `left`.
    pub(super) fn change_found(
        &mut self,
        op: Operation,
        home: Home,
        [key, value]: [ValueId; 2],
        [table, address]: [ValueId; 2],
        left: clif::Block,
    ) {
        let (table, address) = (self.one(table), self.one(address));
        let (slow, next) = (self.b.create_block(), self.b.create_block());
        self.go_on_if(address, slow);
        let count = self.load(types::I32, table, header::COUNT as i32);
        let is_own = self.b.ins().icmp_imm_u(IntCC::Equal, count, 1);
        self.go_on_if(is_own, slow);
        let found = self.load(types::I64, address, 0);
        match op {
            Operation::UpdateFound(code) => self.update_at(code, address, found, value, slow),
            _ => self.set_at(address, found, value, slow),
        }
        self.b.ins().jump(next, &[]);

        self.b.switch_to_block(slow);
        let done = self.call_operation(op, Some(home), &[key, value])[0];
        self.b.ins().brif(done, next, &[], left, &[]);
        self.b.switch_to_block(next);
    }

    fn set_at(&mut self, address: clif::Value, found: clif::Value, value: ValueId, slow: clif::Block) {
        let (new, word) = self.boxed(value);
        for tag in [found, new] {
            if self.constant(tag).is_none_or(|tag| tag >= tag::HEAP_FIRST) {
                let is_plain = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, tag, tag::HEAP_FIRST as i64);
                self.go_on_if(is_plain, slow);
            }
        }
        self.store_pair(new, word, address, 0);
    }

    /// `op=` of two ints, if the result is one, or of two floats.
    fn update_at(&mut self, code: ArithCode, address: clif::Value, found: clif::Value, value: ValueId, slow: clif::Block) {
        let (new, word) = self.boxed(value);
        let (Some((_, op)), known) = (numbers::operator(code), self.constant(new)) else {
            return self.leave_to(slow);
        };
        match known {
            Some(tag::INT) | Some(tag::FLOAT) => {
                let is_same = self.b.ins().icmp(IntCC::Equal, found, new);
                self.go_on_if(is_same, slow);
            }
            Some(_) => return self.leave_to(slow),
            None => {}
        }
        match known {
            Some(tag::INT) => self.update_int(op, address, word, slow),
            Some(_) => self.update_float(op, address, word),
            None => self.update_number(op, address, [found, new], word, slow),
        }
    }

    /// Nothing more is done here.
    fn leave_to(&mut self, slow: clif::Block) {
        self.b.ins().jump(slow, &[]);
        let unreached = self.b.create_block();
        self.b.switch_to_block(unreached);
    }

    fn update_number(
        &mut self,
        op: IntOp,
        address: clif::Value,
        [found, new]: [clif::Value; 2],
        word: clif::Value,
        slow: clif::Block,
    ) {
        let [ints, floats, next] = [(); 3].map(|()| self.b.create_block());
        let is_same = self.b.ins().icmp(IntCC::Equal, found, new);
        self.go_on_if(is_same, slow);
        let is_int = self.b.ins().icmp_imm_u(IntCC::Equal, found, tag::INT as i64);
        self.b.ins().brif(is_int, ints, &[], floats, &[]);
        self.b.switch_to_block(ints);
        self.update_int(op, address, word, slow);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(floats);
        let is_float = self.b.ins().icmp_imm_u(IntCC::Equal, found, tag::FLOAT as i64);
        self.go_on_if(is_float, slow);
        self.update_float(op, address, word);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
    }

    fn update_int(&mut self, op: IntOp, address: clif::Value, word: clif::Value, slow: clif::Block) {
        let held = self.load(types::I64, address, 8);
        let (sum, overflow) = match op {
            IntOp::Add => self.b.ins().sadd_overflow(held, word),
            IntOp::Sub => self.b.ins().ssub_overflow(held, word),
            IntOp::Mul => self.b.ins().smul_overflow(held, word),
        };
        let fits = self.b.create_block();
        self.b.ins().brif(overflow, slow, &[], fits, &[]);
        self.b.switch_to_block(fits);
        self.store(sum, address, 8);
    }

    fn update_float(&mut self, op: IntOp, address: clif::Value, word: clif::Value) {
        let held = self.load(types::F64, address, 8);
        let operand = self.b.ins().bitcast(types::F64, clif::MemFlagsData::new(), word);
        let sum = match op {
            IntOp::Add => self.b.ins().fadd(held, operand),
            IntOp::Sub => self.b.ins().fsub(held, operand),
            IntOp::Mul => self.b.ins().fmul(held, operand),
        };
        self.store(sum, address, 8);
    }
}
