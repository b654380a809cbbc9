//! New instances, closures and empty arrays: a block from the free list of its size, filled.
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, BlockArg, InstBuilder, types};

use super::{Helper, Lowering, context};
use crate::jit::ir::ValueId;
use crate::jit::ir::inst::Cell;
use crate::value::Rep;
use crate::value::layout::{UNIT_MARK, array, closure, header, shape, tag};
use crate::value::shapes::shape_info;

impl Lowering<'_> {
    pub(super) fn make_object(&mut self, shape: u32, values: &[ValueId], result: Option<ValueId>) {
        match Cell::of_array(shape) {
            Some(cell) => self.make_array(shape, cell, values, result),
            None => self.make_instance(shape, values, result),
        }
    }

    fn make_instance(&mut self, shape: u32, values: &[ValueId], result: Option<ValueId>) {
        let info = shape_info(shape);
        let object = self.new_block(info.size);
        // Count and shape are one word.
        let start = self.b.ins().iconst(types::I64, 1 | i64::from(shape) << 32);
        self.store(start, object, header::COUNT as i32);
        for (slot, value) in info.slots().iter().zip(values) {
            let at = slot.offset() as i32;
            if slot.rep() == Rep::Value {
                let (tag, payload) = self.boxed(*value);
                self.store(tag, object, at);
                self.store(payload, object, at + 8);
            } else {
                let held = self.one(*value);
                self.store(held, object, at);
            }
        }
        self.define(result, object);
    }

    pub(super) fn make_closure(&mut self, function: u32, captures: &[ValueId], result: Option<ValueId>) {
        let object = self.new_block(closure::CAPTURES as u32 + 16 * captures.len() as u32);
        let start = self.b.ins().iconst(types::I64, 1 | i64::from(shape::CLOSURE) << 32);
        self.store(start, object, header::COUNT as i32);
        // The upper half of this word is padding.
        let function = self.b.ins().iconst(types::I64, i64::from(function));
        self.store(function, object, closure::FUNCTION as i32);
        let count = self.b.ins().iconst(types::I64, captures.len() as i64);
        self.store(count, object, closure::COUNT as i32);
        for (at, value) in captures.iter().enumerate() {
            let (tag, payload) = self.boxed(*value);
            self.store_pair(tag, payload, object, (closure::CAPTURES + 16 * at) as i32);
        }
        self.define(result, object);
    }

    /// The number of a value's variant, or the shape of an instance.
    pub(super) fn variant_of(&mut self, value: ValueId, result: Option<ValueId>) {
        let (found, payload) = self.boxed(value);
        let (object, other, next) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let number = self.b.append_block_param(next, types::I64);
        // Both tags, and no others, differ from the smaller one in this bit at most.
        const { assert!(tag::VARIANT - tag::STRUCT == 2) };
        let above = self.b.ins().iadd_imm_s(found, -(tag::STRUCT as i64));
        let others = self.b.ins().band_imm_s(above, !2);
        let is_object = self.b.ins().icmp_imm_u(IntCC::Equal, others, 0);
        self.b.ins().brif(is_object, object, &[], other, &[]);
        self.b.switch_to_block(object);
        let shape = self.load(types::I32, payload, header::SHAPE as i32);
        let shape = self.b.ins().uextend(types::I64, shape);
        self.b.ins().jump(next, &[BlockArg::Value(shape)]);
        self.b.switch_to_block(other);
        let is_unit = self.b.ins().icmp_imm_u(IntCC::Equal, found, tag::UNIT as i64);
        let marked = self.b.ins().bor_imm_s(payload, UNIT_MARK);
        let nothing = self.b.ins().iconst(types::I64, 0);
        let unit = self.b.ins().select(is_unit, marked, nothing);
        self.b.ins().jump(next, &[BlockArg::Value(unit)]);
        self.b.switch_to_block(next);
        self.define(result, number);
    }

    /// An array of a few elements: its object, and a buffer as large as the runtime would make it, in the object if it has room for it.
    fn make_array(&mut self, shape: u32, cell: Cell, values: &[ValueId], result: Option<ValueId>) {
        let size = cell.size();
        let bytes = buffer_of(size * values.len());
        let object = self.new_block(array::SIZE as u32);
        let data = match bytes {
            array::LEAST_BUFFER => self.b.ins().iadd_imm_s(object, array::ROOM as i64),
            _ => self.new_buffer(bytes as u32),
        };
        let start = self.b.ins().iconst(types::I64, 1 | i64::from(shape) << 32);
        self.store(start, object, header::COUNT as i32);
        self.store(data, object, array::DATA as i32);
        for (at, number) in [(array::LEN, values.len()), (array::CAP, bytes / size)] {
            let number = self.b.ins().iconst(types::I64, number as i64);
            self.store(number, object, at as i32);
        }
        for (at, value) in values.iter().enumerate() {
            self.store_cell(cell, *value, data, (at * size) as i32);
        }
        self.define(result, object);
    }

    /// An array without elements, as a value.
    pub(super) fn make_empty_array(&mut self, result: Option<ValueId>) {
        let object = self.new_block(array::SIZE as u32);
        let start = self.b.ins().iconst(types::I64, 1 | i64::from(shape::ARR_EMPTY) << 32);
        let (nothing, tag) = (self.b.ins().iconst(types::I64, 0), self.b.ins().iconst(types::I64, tag::ARRAY as i64));
        self.store(start, object, header::COUNT as i32);
        for at in [array::DATA, array::LEN, array::CAP] {
            self.store(nothing, object, at as i32);
        }
        self.define_pair(result, tag, object);
    }

    /// The block of a new object of at most 256 bytes.
    fn new_block(&mut self, size: u32) -> clif::Value {
        let (object, next, slow) = self.free_block(size);
        self.count_objects(1);
        self.b.ins().jump(next, &[BlockArg::Value(object)]);
        self.asked_for(size, next, slow, 0)
    }

    /// A block of at most 256 bytes that is no object of its own.
    fn new_buffer(&mut self, size: u32) -> clif::Value {
        let (buffer, next, slow) = self.free_block(size);
        self.b.ins().jump(next, &[BlockArg::Value(buffer)]);
        self.asked_for(size, next, slow, -1)
    }

    /// The first block of the free list for a size, taken out; the way on from there, and the one where there is none.
    fn free_block(&mut self, size: u32) -> (clif::Value, clif::Block, clif::Block) {
        let heads = self.free_blocks();
        let head = (size as i32 - 1) / 16 * 8;
        let first = self.load(types::I64, heads, head);
        let (fast, slow, next) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.append_block_param(next, types::I64);
        self.b.set_cold_block(slow);
        self.b.ins().brif(first, fast, &[], slow, &[]);
        self.b.switch_to_block(fast);
        let second = self.load(types::I64, first, 0);
        self.store(second, heads, head);
        (first, next, slow)
    }

    /// Goes on with the block that was free, or one of the runtime, which counts it as an object.
    fn asked_for(&mut self, size: u32, next: clif::Block, slow: clif::Block, objects: i64) -> clif::Value {
        self.b.switch_to_block(slow);
        let bytes = self.b.ins().iconst(types::I64, i64::from(size));
        let made = self.call_for_word(Helper::NewObject, &[bytes]);
        self.count_objects(objects);
        self.b.ins().jump(next, &[BlockArg::Value(made)]);
        self.b.switch_to_block(next);
        self.b.block_params(next)[0]
    }

    /// Debug builds balance what is made and freed.
    pub(super) fn count_objects(&mut self, change: i64) {
        if cfg!(debug_assertions) && change != 0 {
            let context = self.context();
            let live = self.load(types::I64, context, context::LIVE_OBJECTS);
            let before = self.load(types::I64, live, 0);
            let after = self.b.ins().iadd_imm_s(before, change);
            self.store(after, live, 0);
        }
    }
}

/// Bytes of the buffer that the runtime would make for so many bytes of elements.
pub fn buffer_of(bytes: usize) -> usize {
    bytes.max(array::LEAST_BUFFER).next_multiple_of(16)
}
