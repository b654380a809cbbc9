//! Making what is shared unshared, and giving up copies.
//!
//! A copy of a small array of numbers that is made again and again – `perm := start`, then `perm[0] = …`, in a loop – is given up
//! as often. It is put aside then, as it is, and the next one is written into it (`value/heap/idle.rs`): that stores a few words where
//! two blocks would be given back and taken.
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, BlockArg, InstBuilder, types};

use super::exits::ExitKind;
use super::sharing::has_numbers;
use super::{Helper, Lowering};
use crate::jit::ir::inst::Home;
use crate::jit::ir::{SlotIx, StateId, ValueId};
use crate::value::layout::{array, free_blocks, header, shape};

impl Lowering<'_> {
    pub(super) fn unshare(&mut self, home: Home, of: ValueId, exit: StateId, result: Option<ValueId>) {
        let pointer = self.one(of);
        let count = self.load(types::I32, pointer, header::COUNT as i32);
        let alone = self.b.ins().icmp_imm_s(IntCC::Equal, count, 1);
        let (shared, next) = (self.b.create_block(), self.b.create_block());
        let unshared = self.b.append_block_param(next, types::I64);
        let copies = result.is_some_and(|result| self.copies.contains(result));
        if !copies {
            self.b.set_cold_block(shared);
        }
        self.b.ins().brif(alone, next, &[BlockArg::Value(pointer)], shared, &[]);
        self.b.switch_to_block(shared);
        let (address, offset) = self.home(home);
        let address = self.moved(address, offset);
        let is_short = copies && has_numbers(self.function, of);
        if is_short {
            self.copy_to_idle(pointer, count, self.function.ty(of).shape, address, next);
        }
        // Rarely, beside the short way: what lives around it need not be on the stack.
        self.copy_by_helper(address, copies && !is_short, exit, next);
        self.b.switch_to_block(next);
        self.define(result, unshared);
        if let (Home::Slot(slot), Some(tag)) = (home, self.function.ty(of).kinds.single()) {
            let tag = self.b.ins().iconst(types::I64, tag as i64);
            self.known_slots.push((slot, tag, unshared));
        }
    }

    fn copy_by_helper(&mut self, address: clif::Value, often: bool, exit: StateId, next: clif::Block) {
        let heads = self.free_blocks();
        let copy = match often {
            true => self.call_often(Helper::Unshare, &[address, heads]),
            false => self.call_for_word(Helper::Unshare, &[address, heads]),
        };
        let refused = self.b.ins().icmp_imm_u(IntCC::Equal, copy, 0);
        self.leave_if(refused, exit, ExitKind::Execute);
        self.b.ins().jump(next, &[BlockArg::Value(copy)]);
    }

    /// Puts a copy of an array of numbers with this count to the place that holds it, and goes on at `next` with it; here if the array is
    /// not one that others on this thread hold, or if the first idle array has no room for it.
    fn copy_to_idle(
        &mut self,
        pointer: clif::Value,
        count: clif::Value,
        shape: u32,
        address: clif::Value,
        next: clif::Block,
    ) {
        let other = self.b.create_block();
        self.b.set_cold_block(other);
        let several = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThan, count, 1);
        self.go_on_if(several, other);
        let heads = self.free_blocks();
        let idle = self.load(types::I64, heads, free_blocks::IDLE as i32);
        let length = self.load(types::I64, pointer, array::LEN as i32);
        let capacity = self.load(types::I64, idle, array::CAP as i32);
        // An array without elements need have no buffer.
        let last = self.b.ins().iadd_imm_s(length, -1);
        let fits = self.b.ins().icmp(IntCC::UnsignedLessThan, last, capacity);
        self.go_on_if(fits, other);
        let second = self.load(types::I64, idle, array::LEN as i32);
        self.store(second, heads, free_blocks::IDLE as i32);
        let start = self.b.ins().iconst(types::I64, 1 | i64::from(shape) << 32);
        self.store(start, idle, header::COUNT as i32);
        self.store(length, idle, array::LEN as i32);
        self.count_objects(1);
        let fewer = self.b.ins().iadd_imm_s(count, -1);
        self.store(fewer, pointer, header::COUNT as i32);
        self.store(idle, address, 8);
        let [from, to] = [pointer, idle].map(|object| self.load(types::I64, object, array::DATA as i32));
        self.copy_numbers(from, to, length);
        self.b.ins().jump(next, &[BlockArg::Value(idle)]);
        self.b.switch_to_block(other);
    }

    /// Copies so many numbers, at least one: the last one, and all pairs. Word by word: what was written a moment ago element by element
    /// cannot be read by wider words without waiting for it.
    fn copy_numbers(&mut self, from: clif::Value, to: clif::Value, length: clif::Value) {
        let (turn, done) = (self.b.create_block(), self.b.create_block());
        let last = self.b.ins().iadd_imm_s(length, -1);
        let [from_last, to_last] = [from, to].map(|start| self.element_at(start, last, 3));
        let number = self.load(types::I64, from_last, 0);
        self.store(number, to_last, 0);
        let pairs = self.b.ins().ushr_imm_u(length, 1);
        let bytes = self.b.ins().ishl_imm_u(pairs, 4);
        let at = self.b.append_block_param(turn, types::I64);
        let start = self.word_of(0);
        self.b.ins().brif(pairs, turn, &[BlockArg::Value(start)], done, &[]);
        self.b.switch_to_block(turn);
        let [from, to] = [from, to].map(|start| self.b.ins().iadd(start, at));
        let (first, second) = self.load_pair(from, 0);
        self.store_pair(first, second, to, 0);
        let at = self.b.ins().iadd_imm_s(at, 16);
        let more = self.b.ins().icmp(IntCC::UnsignedLessThan, at, bytes);
        self.b.ins().brif(more, turn, &[BlockArg::Value(at)], done, &[]);
        self.b.switch_to_block(done);
    }

    /// Gives up one count of what a slot has held until now.
    pub(super) fn release_of_slot(&mut self, slot: SlotIx, tag: clif::Value, payload: clif::Value, rarely: bool) {
        if !self.copies.are_kept_in(slot) {
            return self.release(tag, payload, rarely);
        }
        let counted = self.is_counted(tag);
        self.when(counted, false, |this| {
            let (next, other) = (this.b.create_block(), this.b.create_block());
            this.b.set_cold_block(other);
            this.put_aside(payload, next, other);
            this.b.switch_to_block(other);
            this.release_object(payload, rarely);
            this.b.ins().jump(next, &[]);
            this.b.switch_to_block(next);
        });
    }

    /// Makes a small array of numbers that nobody else holds the first idle one, and goes on at `next`; at `other` if it is none, or if
    /// there are enough.
    fn put_aside(&mut self, object: clif::Value, next: clif::Block, other: clif::Block) {
        let count = self.load(types::I32, object, header::COUNT as i32);
        let alone = self.b.ins().icmp_imm_s(IntCC::Equal, count, 1);
        self.go_on_if(alone, other);
        let found = self.load(types::I32, object, header::SHAPE as i32);
        let nth = self.b.ins().iadd_imm_s(found, -i64::from(shape::ARR_I64));
        let has_numbers = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, nth, 2);
        self.go_on_if(has_numbers, other);
        let capacity = self.load(types::I64, object, array::CAP as i32);
        let last = self.b.ins().iadd_imm_s(capacity, -1);
        let small = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, last, free_blocks::MOST_NUMBERS as i64);
        self.go_on_if(small, other);
        let heads = self.free_blocks();
        let first = self.load(types::I64, heads, free_blocks::IDLE as i32);
        let idle = self.load(types::I64, first, header::COUNT as i32);
        let few = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, idle, free_blocks::MOST_IDLE as i64);
        self.go_on_if(few, other);
        let more = self.b.ins().iadd_imm_s(idle, 1);
        self.store(more, object, header::COUNT as i32);
        self.store(first, object, array::LEN as i32);
        self.store(object, heads, free_blocks::IDLE as i32);
        self.count_objects(-1);
        self.b.ins().jump(next, &[]);
    }
}
