//! Arrays of any kind: how they are stored is looked at where they are used.
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, InstBuilder, types};

use super::calls::checked_by_push;
use super::exits::{Check, ExitKind};
use super::{Helper, Lowering};
use crate::jit::ir::inst::Home;
use crate::jit::ir::{Inst, InstKind, Repr, StateId, ValueId};
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

    /// Stores in place if nobody else has the array, it is of the value's kind, and there is room.
    pub(super) fn push(&mut self, home: Home, pointer: ValueId, value: ValueId, owned: bool, builtin: u16, exit: StateId) {
        let pointer = self.one(pointer);
        let repr = self.function.ty(value).repr;
        let (slow, next) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(slow);
        let (tag, payload) = self.boxed(value);
        if !owned && matches!(repr, Repr::Boxed | Repr::Ptr) {
            self.retain(tag, payload);
        }
        let word = self.load(types::I64, pointer, header::COUNT as i32);
        match repr {
            Repr::I64 => self.append(word, shape::ARR_I64, 3, pointer, (tag, payload), (slow, next)),
            Repr::F64 => self.append(word, shape::ARR_F64, 3, pointer, (tag, payload), (slow, next)),
            Repr::Bool => self.append(word, shape::ARR_BOOL, 0, pointer, (tag, payload), (slow, next)),
            Repr::Ptr | Repr::Raw => self.append(word, shape::ARR_VAL, 4, pointer, (tag, payload), (slow, next)),
            Repr::Boxed => {
                let number = self.b.create_block();
                self.append(word, shape::ARR_VAL, 4, pointer, (tag, payload), (number, next));
                self.b.switch_to_block(number);
                self.append_number(word, pointer, (tag, payload), (slow, next));
            }
        }
        self.b.switch_to_block(slow);
        if let Some(exit) = self.unless_unique.take() {
            self.check = Check::Unique;
            self.leave_if_shared(pointer, exit);
            self.set_cold();
        }
        let (context, slot, builtin) = (self.context(), self.home_address(home), self.word_of(i64::from(builtin)));
        let status = self.call_for_word(Helper::Push, &[context, slot, tag, payload, builtin]);
        let raised = self.exit_block(exit, ExitKind::Raise);
        self.b.ins().brif(status, raised, &[], next, &[]);
        self.b.switch_to_block(next);
    }

    /// Appends to an unshared array of a shape with elements of 2 to the `shift` bytes, and goes on at the second block; at the first one if
    /// it is another or has no room. `word`: its count and shape.
    fn append(
        &mut self,
        word: clif::Value,
        shape: u32,
        shift: i64,
        pointer: clif::Value,
        (tag, payload): (clif::Value, clif::Value),
        (other, next): (clif::Block, clif::Block),
    ) {
        let ready = self.word_of(1 | i64::from(shape) << 32);
        let fits = self.b.ins().icmp(IntCC::Equal, word, ready);
        let room = self.b.create_block();
        self.b.ins().brif(fits, room, &[], other, &[]);
        self.b.switch_to_block(room);
        let place = self.room_behind(pointer, shift, other);
        match shift {
            4 => self.store_pair(tag, payload, place, 0),
            3 => self.store(payload, place, 0),
            _ => {
                let byte = self.b.ins().ireduce(types::I8, payload);
                self.store(byte, place, 0)
            }
        }
        self.b.ins().jump(next, &[]);
    }

    /// The same of an array of ints or floats, if the value is one.
    fn append_number(
        &mut self,
        word: clif::Value,
        pointer: clif::Value,
        (tag, payload): (clif::Value, clif::Value),
        (other, next): (clif::Block, clif::Block),
    ) {
        let nth = self.b.ins().iadd_imm_s(tag, -(tag::INT as i64));
        let is_number = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, nth, 2);
        let shape = self.b.ins().iadd_imm_s(nth, i64::from(shape::ARR_I64));
        let shape = self.b.ins().ishl_imm_u(shape, 32);
        let ready = self.b.ins().bor_imm_s(shape, 1);
        let same = self.b.ins().icmp(IntCC::Equal, word, ready);
        let fits = self.b.ins().band(is_number, same);
        let room = self.b.create_block();
        self.b.ins().brif(fits, room, &[], other, &[]);
        self.b.switch_to_block(room);
        let place = self.room_behind(pointer, 3, other);
        self.store(payload, place, 0);
        self.b.ins().jump(next, &[]);
    }

    /// Makes an array longer by one, and gives the address of the new element.
    fn room_behind(&mut self, pointer: clif::Value, shift: i64, full: clif::Block) -> clif::Value {
        let length = self.load(types::I64, pointer, array::LEN as i32);
        let capacity = self.load(types::I64, pointer, array::CAP as i32);
        let more = self.b.ins().icmp(IntCC::SignedLessThan, length, capacity);
        let fast = self.b.create_block();
        self.b.ins().brif(more, fast, &[], full, &[]);
        self.b.switch_to_block(fast);
        let data = self.load(types::I64, pointer, array::DATA as i32);
        let offset = self.b.ins().ishl_imm_u(length, shift);
        let longer = self.b.ins().iadd_imm_s(length, 1);
        self.store(longer, pointer, array::LEN as i32);
        self.b.ins().iadd(data, offset)
    }

    /// The last element of an unshared array that has one, of any kind but bools and ranges; else the builtin's business.
    pub(super) fn pop(&mut self, builtin: u16, home: Home, pointer: ValueId, exit: StateId, result: Option<ValueId>) {
        let pointer = self.one(pointer);
        let (values, other, numbers) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let (slow, next) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(slow);
        let found = self.b.append_block_param(next, types::I64);
        let payload = self.b.append_block_param(next, types::I64);
        let some = self.b.create_block();
        let length = self.load(types::I64, pointer, array::LEN as i32);
        self.b.ins().brif(length, some, &[], slow, &[]);
        self.b.switch_to_block(some);
        let last = self.b.ins().iadd_imm_s(length, -1);
        let word = self.load(types::I64, pointer, header::COUNT as i32);
        let ready = self.word_of(1 | i64::from(shape::ARR_VAL) << 32);
        let fits = self.b.ins().icmp(IntCC::Equal, word, ready);
        self.b.ins().brif(fits, values, &[], other, &[]);

        self.b.switch_to_block(values);
        let place = self.last_element(pointer, last, 4);
        let (tag, held) = self.load_pair(place, 0);
        self.b.ins().jump(next, &[clif::BlockArg::Value(tag), clif::BlockArg::Value(held)]);

        self.b.switch_to_block(other);
        let (nth, fits) = self.kind_of_numbers(word);
        self.b.ins().brif(fits, numbers, &[], slow, &[]);
        self.b.switch_to_block(numbers);
        let place = self.last_element(pointer, last, 3);
        let held = self.load(types::I64, place, 0);
        let tag = self.b.ins().iadd_imm_s(nth, tag::INT as i64);
        self.b.ins().jump(next, &[clif::BlockArg::Value(tag), clif::BlockArg::Value(held)]);

        self.b.switch_to_block(slow);
        let (tag, held) = self.change(builtin, home, exit);
        self.b.ins().jump(next, &[clif::BlockArg::Value(tag), clif::BlockArg::Value(held)]);
        self.b.switch_to_block(next);
        self.define_pair(result, found, payload);
    }

    /// Makes an array end before its element number `last`, and gives the address of that.
    fn last_element(&mut self, pointer: clif::Value, last: clif::Value, shift: i64) -> clif::Value {
        self.store(last, pointer, array::LEN as i32);
        let data = self.load(types::I64, pointer, array::DATA as i32);
        self.element_at(data, last, shift)
    }

    /// Exchanges two elements of an unshared array of numbers or values that has both positions; of others the helper does it, or leaves
    /// that at `left`.
    pub(super) fn swap(&mut self, home: Home, [one, other]: [ValueId; 2], left: clif::Block) {
        let (place, one, other) = (self.home_address(home), self.one(one), self.one(other));
        let (numbers, values) = (self.b.create_block(), self.b.create_block());
        let (slow, next) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(slow);
        let (found, pointer) = self.load_pair(place, 0);
        let is_array = self.b.ins().icmp_imm_u(IntCC::Equal, found, tag::ARRAY as i64);
        self.go_on_if(is_array, slow);
        let length = self.load(types::I64, pointer, array::LEN as i32);
        for position in [one, other] {
            let inside = self.b.ins().icmp(IntCC::UnsignedLessThan, position, length);
            self.go_on_if(inside, slow);
        }
        let data = self.load(types::I64, pointer, array::DATA as i32);
        let word = self.load(types::I64, pointer, header::COUNT as i32);
        let (_, are_numbers) = self.kind_of_numbers(word);
        self.b.ins().brif(are_numbers, numbers, &[], values, &[]);

        self.b.switch_to_block(numbers);
        let places = [one, other].map(|position| self.element_at(data, position, 3));
        let held = places.map(|place| self.load(types::I64, place, 0));
        self.store(held[1], places[0], 0);
        self.store(held[0], places[1], 0);
        self.b.ins().jump(next, &[]);

        self.b.switch_to_block(values);
        let ready = self.word_of(1 | i64::from(shape::ARR_VAL) << 32);
        let fits = self.b.ins().icmp(IntCC::Equal, word, ready);
        self.go_on_if(fits, slow);
        let places = [one, other].map(|position| self.element_at(data, position, 4));
        let held = places.map(|place| self.load_pair(place, 0));
        self.store_pair(held[1].0, held[1].1, places[0], 0);
        self.store_pair(held[0].0, held[0].1, places[1], 0);
        self.b.ins().jump(next, &[]);

        self.b.switch_to_block(slow);
        let done = self.call_for_word(Helper::Swap, &[place, one, other]);
        self.b.ins().brif(done, next, &[], left, &[]);
        self.b.switch_to_block(next);
    }

    /// 0 for count and shape of an unshared array of ints, 1 for one of floats; and whether it is one of them.
    fn kind_of_numbers(&mut self, word: clif::Value) -> (clif::Value, clif::Value) {
        let first = self.word_of(1 | i64::from(shape::ARR_I64) << 32);
        let beyond = self.b.ins().isub(word, first);
        let nth = self.b.ins().rotr_imm_u(beyond, 32);
        (nth, self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, nth, 2))
    }

    /// Address of an element of 2 to the `shift` bytes.
    pub(super) fn element_at(&mut self, data: clif::Value, position: clif::Value, shift: i64) -> clif::Value {
        let offset = self.b.ins().ishl_imm_u(position, shift);
        self.b.ins().iadd(data, offset)
    }
}
