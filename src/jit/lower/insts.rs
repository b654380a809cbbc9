//! One arm per instruction.
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{self as clif, InstBuilder, MemFlagsData, types};

use super::calls::Call;
use super::exits::ExitKind;
use super::parts::part_offset;
use super::{Lowering, context, machine_type, negation, slot_offset};
use crate::jit::ir::inst::{Cell, Cmp, FloatOp, FloatUnary, Home, IntOp, Outcome, Variable};
use crate::jit::ir::{Inst, InstKind, Repr, StateId, ValueId};
use crate::jit::opt::sums;
use crate::value::layout::{array, cell, closure, dict, header, object, string, tag};
use crate::value::shapes;
use crate::value::string::ascii_strings;

impl Lowering<'_> {
    pub(super) fn inst(&mut self, inst: &Inst) {
        let result = inst.result;
        match &inst.kind {
            InstKind::ConstI(value) => {
                let value = self.b.ins().iconst(types::I64, *value);
                self.define(result, value);
            }
            InstKind::ConstF(bits) => {
                let value = self.b.ins().f64const(f64::from_bits(*bits));
                self.define(result, value);
            }
            InstKind::ConstB(value) => {
                let value = self.b.ins().iconst(types::I8, i64::from(*value));
                self.define(result, value);
            }
            InstKind::ConstBoxed(tag, payload) => {
                self.texts.extend(result.filter(|_| *tag == crate::value::layout::tag::STR));
                let tag = self.b.ins().iconst(types::I64, *tag as i64);
                let payload = self.b.ins().iconst(types::I64, *payload as i64);
                self.define_pair(result, tag, payload);
            }
            InstKind::ConstPool(function, index) => {
                self.texts.extend(result);
                let context = self.context();
                let tables = self.load(types::I64, context, context::CONSTANTS);
                let table = self.load(types::I64, tables, i32::try_from(function * 8).expect("function ids are small"));
                self.load_boxed(result, table, i32::try_from(index * 16).expect("constant pools are small"));
            }

            InstKind::LoadSlot(slot) => {
                let (tag, payload) = self.slot_words(*slot);
                self.define_pair(result, tag, payload);
            }
            InstKind::StoreSlot(slot, value) => self.store_slot(*slot, *value),
            InstKind::ClearSlot(slot) => self.clear_slot(*slot),
            InstKind::StoreSlotRetain(slot, value) => {
                let (tag, payload) = self.boxed(*value);
                self.retain(tag, payload);
                self.fill_slot(*slot, tag, payload);
            }
            InstKind::ReplaceSlot(slot, value) => {
                let (tag, payload) = self.boxed(*value);
                self.retain(tag, payload);
                let (old_tag, old_payload) = self.load_pair(self.fp, slot_offset(*slot));
                self.store_pair(tag, payload, self.fp, slot_offset(*slot));
                self.release_of_slot(*slot, old_tag, old_payload, false);
            }
            InstKind::MoveSlot { from, to } => self.move_slot(*from, *to),
            InstKind::StoreSlotOwned(slot, value) => {
                let (tag, payload) = self.boxed(*value);
                self.fill_slot(*slot, tag, payload);
            }

            InstKind::LoadModule { index, exit } | InstKind::LoadConstant { index, exit: Some(exit) } => {
                let table = self.kept_module_table();
                self.load_variable(result, table, (index * 16) as i32, *exit);
            }
            InstKind::LoadConstant { index, exit: None } => {
                let table = self.kept_module_table();
                self.load_boxed(result, table, (index * 16) as i32);
            }
            InstKind::StoreModule { index, value, known: true, .. } => {
                let (table, value) = (self.kept_module_table(), self.payload(*value));
                self.store(value, table, (index * 16) as i32 + 8);
            }
            InstKind::StoreModule { index, value, exit, .. } => {
                let table = self.kept_module_table();
                self.store_variable(*value, table, (index * 16) as i32, *exit);
            }
            InstKind::LoadCell { slot, exit } => {
                let object = self.load(types::I64, self.fp, slot_offset(*slot) + 8);
                self.load_variable(result, object, cell::VALUE as i32, *exit);
            }
            InstKind::StoreCell { slot, value, exit } => {
                let object = self.load(types::I64, self.fp, slot_offset(*slot) + 8);
                self.store_variable(*value, object, cell::VALUE as i32, *exit);
            }
            InstKind::RunningClosure => self.define(result, self.closure),
            InstKind::LoadCapture { closure, index } => {
                let closure = self.closure_object(*closure);
                self.load_boxed(result, closure, capture_offset(*index));
            }
            InstKind::LoadCaptureCell { closure, index, exit } => {
                let closure = self.closure_object(*closure);
                let object = self.load(types::I64, closure, capture_offset(*index) + 8);
                self.load_variable(result, object, cell::VALUE as i32, *exit);
            }
            InstKind::StoreCaptureCell { closure, index, value, exit } => {
                let closure = self.closure_object(*closure);
                let object = self.load(types::I64, closure, capture_offset(*index) + 8);
                self.store_variable(*value, object, cell::VALUE as i32, *exit);
            }

            InstKind::GuardTag { value, tag, exit } => {
                let (found, payload) = self.boxed(*value);
                self.leave_unless_tag(found, *tag, *exit);
                self.unbox(result, payload);
            }
            InstKind::GuardNotTag { value, tag, exit } => {
                let (found, _) = self.boxed(*value);
                let good = self.b.ins().icmp_imm_u(IntCC::NotEqual, found, *tag as i64);
                self.leave_unless(good, *exit);
            }
            InstKind::GuardShape { pointer, shape, exit } => {
                let pointer = self.one(*pointer);
                let found = self.load(types::I32, pointer, header::SHAPE as i32);
                let good = self.b.ins().icmp_imm_u(IntCC::Equal, found, i64::from(*shape));
                self.leave_unless(good, *exit);
                self.define(result, pointer);
            }
            InstKind::Unshare { home, pointer, exit, .. } => self.unshare(*home, *pointer, *exit, result),
            InstKind::Generalise { pointer, exit } => self.generalise(*pointer, *exit, result),
            InstKind::Settle { pointer, tag } => self.settle(*pointer, *tag),
            InstKind::LoadItem { pointer, index } => self.load_item(*pointer, *index, result),
            InstKind::ToFloat { value, exit } => self.as_float(*value, *exit, result),
            InstKind::MakeInstance { shape, values } => self.make_object(*shape, values, result),
            InstKind::MakeClosure { function, captures } => self.make_closure(*function, captures, result),
            InstKind::Release(value) => {
                let (tag, payload) = self.boxed(*value);
                self.release(tag, payload, false);
            }
            InstKind::Retain(value) => {
                let (tag, payload) = self.boxed(*value);
                self.retain(tag, payload);
                self.define_pair(result, tag, payload);
            }
            InstKind::StoreOwned { home, value } => {
                let (new_tag, new_payload) = self.boxed(*value);
                let (address, offset) = self.home(*home);
                let (old_tag, old_payload) = self.load_pair(address, offset);
                self.store_pair(new_tag, new_payload, address, offset);
                self.release(old_tag, old_payload, false);
            }
            InstKind::GuardUnique { pointer, exit, .. } => {
                let pointer = self.one(*pointer);
                self.leave_if_shared(pointer, *exit);
                self.define(result, pointer);
            }
            InstKind::GuardBounds { index, length, exit } => {
                let index = self.one(*index);
                if let Some(exit) = exit {
                    let length = self.one(*length);
                    let good = self.b.ins().icmp(IntCC::UnsignedLessThan, index, length);
                    self.leave_unless(good, *exit);
                }
                self.define(result, index);
            }
            InstKind::GuardSmall { value, low, high, exit } => {
                let value = self.one(*value);
                if let Some(exit) = exit {
                    let shifted = self.b.ins().iadd_imm_s(value, -*low);
                    let good = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThanOrEqual, shifted, *high - *low);
                    self.leave_unless(good, *exit);
                }
                self.define(result, value);
            }
            InstKind::GuardTrue { value, exit } => {
                let good = self.one(*value);
                self.leave_unless(good, *exit);
            }
            InstKind::GuardFunction { value, function, exit } => {
                let good = self.is_function(*value, *function);
                self.leave_unless(good, *exit);
            }
            InstKind::IsFunction { value, function, captures } => {
                let value = match captures {
                    true => self.is_closure_of(*value, *function),
                    false => self.is_function(*value, *function),
                };
                self.define(result, value);
            }
            InstKind::GuardClosure { pointer, function, exit } => {
                let pointer = self.one(*pointer);
                let found = self.load(types::I32, pointer, closure::FUNCTION as i32);
                let good = self.b.ins().icmp_imm_u(IntCC::Equal, found, i64::from(*function));
                self.leave_unless(good, *exit);
                self.define(result, pointer);
            }
            InstKind::IsShape { pointer, shape } => {
                let pointer = self.one(*pointer);
                let found = self.load(types::I32, pointer, header::SHAPE as i32);
                let value = self.b.ins().icmp_imm_u(IntCC::Equal, found, i64::from(*shape));
                self.define(result, value);
            }
            InstKind::IsClosure { pointer, function } => {
                let pointer = self.one(*pointer);
                let found = self.load(types::I32, pointer, closure::FUNCTION as i32);
                let value = self.b.ins().icmp_imm_u(IntCC::Equal, found, i64::from(*function));
                self.define(result, value);
            }
            InstKind::EqualsNull { value, exit } => {
                let address = self.b.ins().iconst(types::I64, shapes::own_equality_address() as i64);
                let own = self.load(types::I8, address, 0);
                let good = self.b.ins().icmp_imm_u(IntCC::Equal, own, 0);
                self.leave_unless(good, *exit);
                let (tag, _) = self.boxed(*value);
                let value = self.b.ins().icmp_imm_u(IntCC::Equal, tag, tag::NULL as i64);
                self.define(result, value);
            }
            InstKind::EqualsText { value, text, exit } => {
                let equal = self.equals_text(*value, text.as_bytes(), *exit);
                self.define(result, equal);
            }
            InstKind::TagOf(value) => {
                let (tag, _) = self.boxed(*value);
                self.define(result, tag);
            }
            InstKind::LoadByte { pointer, index } => {
                let offset = if self.function.ty(*pointer).repr == Repr::Raw { 0 } else { string::BYTES as i32 };
                let (pointer, index) = (self.one(*pointer), self.one(*index));
                let address = self.b.ins().iadd(pointer, index);
                let byte = self.b.ins().uload8(types::I64, MemFlagsData::trusted(), address, offset);
                self.define(result, byte);
            }
            InstKind::CharOf(byte) => {
                let table = self.b.ins().iconst(types::I64, ascii_strings() as i64);
                let byte = self.one(*byte);
                let offset = self.b.ins().ishl_imm_u(byte, 3);
                let address = self.b.ins().iadd(table, offset);
                let payload = self.load(types::I64, address, 0);
                let tag = self.b.ins().iconst(types::I64, tag::STR as i64);
                self.define_pair(result, tag, payload);
            }
            InstKind::VariantOf(value) => self.variant_of(*value, result),
            InstKind::LoadPayload { pointer, index } => {
                let pointer = self.one(*pointer);
                self.load_boxed(result, pointer, (object::FIELDS + 16 * *index as usize) as i32);
            }
            InstKind::Unbox { value, .. } => {
                let (_, payload) = self.boxed(*value);
                self.unbox(result, payload);
            }
            InstKind::Box(value) => {
                let (tag, payload) = self.boxed(*value);
                self.define_pair(result, tag, payload);
            }

            InstKind::Int { op, a, b, exit } => self.int(*op, *a, *b, *exit, result),
            InstKind::DivI { a, b, zero, overflow } => self.divide(*a, *b, *zero, *overflow, result),
            InstKind::ModI { a, b, zero } => self.remainder(*a, *b, *zero, result),
            InstKind::Bit { op, a, b } => self.bits(*op, *a, *b, result),
            InstKind::Low { op, a, b } => {
                let (a, b) = (self.one(*a), self.one(*b));
                let number = match op {
                    IntOp::Add => self.b.ins().iadd(a, b),
                    IntOp::Sub => self.b.ins().isub(a, b),
                    IntOp::Mul => self.b.ins().imul(a, b),
                };
                self.define(result, number);
            }
            InstKind::LowWord { value, exit } => self.low_word(*value, *exit, result),
            InstKind::ShlI { a, b, exit } => self.shift_left(*a, *b, *exit, result),
            InstKind::ShrI { a, b, exit } => self.shift_right(*a, *b, *exit, result),
            InstKind::NegI { a, exit } => {
                let a = self.one(*a);
                if let Some(exit) = exit {
                    let bad = self.b.ins().icmp_imm_s(IntCC::Equal, a, i64::MIN);
                    self.leave_if(bad, *exit, ExitKind::Execute);
                }
                let value = self.b.ins().ineg(a);
                self.define(result, value);
            }
            InstKind::NotI(a) => {
                let a = self.one(*a);
                let value = self.b.ins().bnot(a);
                self.define(result, value);
            }
            InstKind::Float { op, a, b } => {
                let (a, b) = (self.one(*a), self.one(*b));
                let value = match op {
                    FloatOp::Add => self.b.ins().fadd(a, b),
                    FloatOp::Sub => self.b.ins().fsub(a, b),
                    FloatOp::Mul => self.b.ins().fmul(a, b),
                    FloatOp::Div => self.b.ins().fdiv(a, b),
                };
                self.define(result, value);
            }
            InstKind::FloatUnary { op, a } => {
                let a = self.one(*a);
                let value = match op {
                    FloatUnary::Neg => self.b.ins().fneg(a),
                    FloatUnary::Abs => self.b.ins().fabs(a),
                    FloatUnary::Sqrt => self.b.ins().sqrt(a),
                    FloatUnary::Floor => self.b.ins().floor(a),
                    FloatUnary::Ceil => self.b.ins().ceil(a),
                    FloatUnary::Trunc => self.b.ins().trunc(a),
                };
                self.define(result, value);
            }
            InstKind::CallFloat { function, a, b } => self.call_float(*function, *a, *b, result),
            InstKind::GuardNonZeroF { a, exit } => {
                let a = self.one(*a);
                if let Some(exit) = exit {
                    let zero = self.b.ins().f64const(0.0);
                    let bad = self.b.ins().fcmp(FloatCC::Equal, a, zero);
                    self.leave_if(bad, *exit, ExitKind::Execute);
                }
                self.define(result, a);
            }
            InstKind::IntToFloat(a) => {
                let a = self.one(*a);
                let value = match self.constant(a) {
                    Some(bits) => self.b.ins().f64const(bits as i64 as f64),
                    None => self.b.ins().fcvt_from_sint(types::F64, a),
                };
                self.define(result, value);
            }
            InstKind::FloatToInt { a, exit } => {
                let a = self.one(*a);
                let magnitude = self.b.ins().fabs(a);
                let limit = self.b.ins().f64const(9.2e18);
                let good = self.b.ins().fcmp(FloatCC::LessThan, magnitude, limit);
                self.leave_unless(good, *exit);
                let value = self.b.ins().fcvt_to_sint_sat(types::I64, a);
                self.define(result, value);
            }
            InstKind::CmpI { op, a, b } => {
                let (a, b) = (self.one(*a), self.one(*b));
                let value = self.b.ins().icmp(int_condition(*op), a, b);
                self.define(result, value);
            }
            InstKind::CmpF { op, a, b } => {
                let (a, b) = (self.one(*a), self.one(*b));
                let value = self.b.ins().fcmp(float_condition(*op), a, b);
                self.define(result, value);
            }
            InstKind::NotB(_) => self.not(inst, result),
            InstKind::CmpPtr { equal, a, b } => {
                let (a, b) = (self.one(*a), self.one(*b));
                let condition = if *equal { IntCC::Equal } else { IntCC::NotEqual };
                let value = self.b.ins().icmp(condition, a, b);
                self.define(result, value);
            }
            InstKind::Truthy(value) => self.truthy(*value, result),
            InstKind::Select { cond, a, b } => {
                let (cond, a, b) = (self.one(*cond), self.one(*a), self.one(*b));
                let value = self.b.ins().select(cond, a, b);
                self.define(result, value);
            }

            InstKind::LoadLength(pointer) => {
                let value = self.length(*pointer);
                self.define(result, value);
            }
            InstKind::LoadStart(pointer) => self.load_header(*pointer, array::DATA, result),
            InstKind::LoadStep(pointer) => self.load_header(*pointer, array::CAP, result),
            InstKind::LoadData(pointer) => self.load_header(*pointer, array::DATA, result),
            InstKind::LoadElement { cell, data, index } => {
                let (address, offset) = self.element(*cell, *data, *index);
                self.load_cell(*cell, address, offset, result);
            }
            InstKind::StoreElement { cell, data, index, value } => {
                let (address, offset) = self.element(*cell, *data, *index);
                self.store_cell(*cell, *value, address, offset);
            }
            InstKind::StoreElementValue { data, index, value, exit } => {
                let (address, offset) = self.element(Cell::Value, *data, *index);
                self.store_variable(*value, address, offset, *exit);
            }
            InstKind::Exchange { data, a, b } => {
                let (first, first_offset) = self.element(Cell::Value, *data, *a);
                let (second, second_offset) = self.element(Cell::Value, *data, *b);
                let (tag, payload) = self.load_pair(first, first_offset);
                let (other_tag, other_payload) = self.load_pair(second, second_offset);
                self.store_pair(other_tag, other_payload, first, first_offset);
                self.store_pair(tag, payload, second, second_offset);
            }
            InstKind::LoadEntry { table, next, key } => self.load_entry(*table, *next, *key, result),
            InstKind::LoadFound { address, default, exit } => self.load_found(*address, *default, *exit, result),
            InstKind::LoadField { cell, pointer, offset } => {
                let pointer = self.one(*pointer);
                self.load_cell(*cell, pointer, *offset as i32, result);
            }
            InstKind::StoreField { cell, pointer, offset, value } => {
                let pointer = self.one(*pointer);
                self.store_cell(*cell, *value, pointer, *offset as i32);
            }

            InstKind::CallCompiled { callee, base, args, drops, closure, gives_back, outcome, exit, .. } => {
                if let Some(part) = gives_back.filter(|home| !matches!(home, Home::Slot(_))) {
                    self.take_part(part, *base);
                }
                let leaves = gives_back.is_none() && drops.is_empty() && !self.catches;
                let (callee, base, closure, exit) = (*callee, *base, *closure, *exit);
                let mut returned = self.call_code(&Call { callee, base, args, closure, outcome: *outcome, exit, leaves });
                if *outcome == Outcome::Joined {
                    returned = self.join_parts(returned);
                }
                for value in drops {
                    let (tag, payload) = self.boxed(*value);
                    self.release(tag, payload, false);
                }
                self.end_call(returned, gives_back.map(|home| (base, home)), exit, result);
            }
            InstKind::CallBuiltin { builtin, base, count, exit, .. } => {
                self.call_builtin(*builtin, *base, *count, *exit, result)
            }
            InstKind::CallMutating { builtin, place, base, count, used, exit, .. } => {
                self.call_mutating(*builtin, *place, *base, *count, *used, *exit, result);
            }
            InstKind::Push { builtin, home, pointer, value, owned, exit, .. } => {
                self.push(*home, *pointer, *value, *owned, *builtin, *exit)
            }
            InstKind::GiveParts(values) => self.give_parts(values),
            InstKind::GuardParts { value, count, exit } => self.guard_parts(*value, *count, *exit),
            InstKind::LoadPart(at) => {
                let context = self.context();
                let (tag, payload) = self.load_pair(context, part_offset(*at));
                self.define_pair(result, tag, payload);
            }
            InstKind::TakePart { home, to, .. } => self.take_part(*home, *to),
            InstKind::GivePart { home, from } => self.give_part(*from, *home),
            InstKind::Pop { builtin, home, pointer, exit } => self.pop(*builtin, *home, *pointer, *exit, result),
            InstKind::Operate { op, home, args, exit } => self.operate(*op, *home, args, *exit, result),
            InstKind::CallHelper { .. } => unreachable!("no instruction is built as a helper call by number"),
            InstKind::IsRaised(value) => {
                let (tag, _) = self.boxed(*value);
                let raised = self.is_raised(tag);
                self.define(result, raised);
            }
            InstKind::Caught { thrown, from, cleanup, exit } => self.caught(*thrown, *from, *cleanup, *exit, result),
            InstKind::Throw { value, exit } => self.throw(*value, *exit),
            InstKind::Fallback { exit, writes, .. } => {
                self.fallback(*exit, result);
                self.vm_results = writes.to_vec();
            }
            InstKind::Poll { counter, every, sums, exit } => {
                self.poll(counter.map(|counter| (counter, *every)), sums, *exit)
            }
        }
    }

    /// `rare`: only in turns in which the number is a multiple of the power of two.
    fn poll(&mut self, rare: Option<(ValueId, i64)>, sums: &[ValueId], exit: StateId) {
        // Where polls are counted, each turn has one.
        let rare = rare.filter(|_| !self.imports.counts_checks(ExitKind::Poll));
        let others = rare.map(|(counter, every)| {
            let (counter, mask) = (self.one(counter), self.b.ins().iconst(types::I64, every - 1));
            let low = self.b.ins().band(counter, mask);
            let (now, others) = (self.b.create_block(), self.b.create_block());
            self.b.set_cold_block(now);
            self.b.ins().brif(low, others, &[], now, &[]);
            self.b.switch_to_block(now);
            others
        });
        let word = self.poll_word();
        let pending = self.load(types::I32, word, 0);
        self.leave_if(pending, exit, ExitKind::Poll);
        for &sum in sums {
            let shifted = self.one(sum);
            let shifted = self.b.ins().iadd_imm_s(shifted, sums::MOST);
            let large = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, shifted, 2 * sums::MOST);
            self.set_cold();
            self.leave_if(large, exit, ExitKind::Poll);
        }
        if let Some(others) = others {
            self.set_cold();
            self.b.ins().jump(others, &[]);
            self.b.switch_to_block(others);
        }
    }

    /// The address of the word that is not zero when something wants attention.
    pub(super) fn poll_word(&mut self) -> clif::Value {
        self.b.ins().iconst(types::I64, std::ptr::from_ref(crate::limits::poll_word()) as i64)
    }

    /// What comes next is rarely reached.
    pub(super) fn set_cold(&mut self) {
        if let Some(block) = self.b.current_block() {
            self.b.set_cold_block(block);
        }
    }

    // ---- memory ----

    pub(super) fn load_pair(&mut self, address: clif::Value, offset: i32) -> (clif::Value, clif::Value) {
        (self.load(types::I64, address, offset), self.load(types::I64, address, offset + 8))
    }

    fn load_boxed(&mut self, result: Option<ValueId>, address: clif::Value, offset: i32) {
        let (tag, payload) = self.load_pair(address, offset);
        self.define_pair(result, tag, payload);
    }

    pub(super) fn store_pair(&mut self, tag: clif::Value, payload: clif::Value, address: clif::Value, offset: i32) {
        self.store(tag, address, offset);
        self.store(payload, address, offset + 8);
    }

    fn is_function(&mut self, value: ValueId, function: u32) -> clif::Value {
        let (found, payload) = self.boxed(value);
        let is_function = self.b.ins().icmp_imm_u(IntCC::Equal, found, tag::FN0 as i64);
        let id = self.b.ins().ireduce(types::I32, payload);
        let same = self.b.ins().icmp_imm_u(IntCC::Equal, id, i64::from(function));
        self.b.ins().band(is_function, same)
    }

    fn is_closure_of(&mut self, value: ValueId, function: u32) -> clif::Value {
        let (found, payload) = self.boxed(value);
        let (object, next) = (self.b.create_block(), self.b.create_block());
        let answer = self.b.append_block_param(next, types::I8);
        let is_closure = self.b.ins().icmp_imm_u(IntCC::Equal, found, tag::CLOSURE as i64);
        self.b.ins().brif(is_closure, object, &[], next, &[is_closure.into()]);
        self.b.switch_to_block(object);
        let found = self.load(types::I32, payload, closure::FUNCTION as i32);
        let same = self.b.ins().icmp_imm_u(IntCC::Equal, found, i64::from(function));
        self.b.ins().jump(next, &[same.into()]);
        self.b.switch_to_block(next);
        answer
    }

    /// The closure object that captures are read from.
    fn closure_object(&mut self, closure: Option<ValueId>) -> clif::Value {
        closure.map_or(self.closure, |closure| self.one(closure))
    }

    /// The length of an array, a dict, bytes, or a string in bytes.
    fn length(&mut self, pointer: ValueId) -> clif::Value {
        let kind = self.function.ty(pointer).kinds.single();
        let pointer = self.one(pointer);
        match kind {
            Some(tag::STR) => self.load(types::I64, pointer, string::LEN as i32),
            Some(tag::DICT) => {
                let live = self.load(types::I32, pointer, dict::LIVE as i32);
                self.b.ins().uextend(types::I64, live)
            }
            _ => self.load(types::I64, pointer, array::LEN as i32),
        }
    }

    /// Writes tag and payload; floats go straight from their register.
    pub(super) fn store_value(&mut self, value: ValueId, address: clif::Value, offset: i32) {
        if self.function.ty(value).repr == Repr::F64 {
            let (tag, held) = (self.b.ins().iconst(types::I64, tag::FLOAT as i64), self.one(value));
            self.store_pair(tag, held, address, offset);
            return;
        }
        let (tag, payload) = self.boxed(value);
        self.store_pair(tag, payload, address, offset);
    }

    /// The address of an element, less an offset.
    fn element(&mut self, cell: Cell, data: ValueId, index: ValueId) -> (clif::Value, i32) {
        let (index, more) = self.indices.get(&index).copied().unwrap_or((index, 0));
        let (data, index) = (self.one(data), self.one(index));
        let shift = match cell {
            Cell::Bool => 0,
            Cell::I64 | Cell::F64 => 3,
            Cell::Value => 4,
        };
        let offset = if shift == 0 { index } else { self.b.ins().ishl_imm_u(index, shift) };
        (self.b.ins().iadd(data, offset), more << shift)
    }

    fn load_cell(&mut self, cell: Cell, address: clif::Value, offset: i32, result: Option<ValueId>) {
        match cell {
            Cell::Value => self.load_boxed(result, address, offset),
            Cell::Bool => {
                let value = self.load(types::I8, address, offset);
                self.define(result, value);
            }
            Cell::I64 => {
                let value = self.load(types::I64, address, offset);
                self.define(result, value);
            }
            Cell::F64 => {
                let value = self.load(types::F64, address, offset);
                self.define(result, value);
            }
        }
    }

    /// Stores a scalar in the width of its kind.
    pub(super) fn store_cell(&mut self, cell: Cell, value: ValueId, address: clif::Value, offset: i32) {
        if cell == Cell::Value {
            let (tag, payload) = self.boxed(value);
            return self.store_pair(tag, payload, address, offset);
        }
        let held = self.one(value);
        self.store(held, address, offset);
    }

    /// The payload in the representation of the result.
    pub(super) fn unbox(&mut self, result: Option<ValueId>, payload: clif::Value) {
        let repr = self.function.ty(result.expect("unboxing gives a value")).repr;
        let value = match machine_type(repr) {
            types::F64 => self.b.ins().bitcast(types::F64, MemFlagsData::new(), payload),
            types::I8 => self.b.ins().ireduce(types::I8, payload),
            _ => payload,
        };
        self.define(result, value);
    }

    /// Address and offset of a container's place.
    pub(super) fn home(&mut self, home: Home) -> (clif::Value, i32) {
        match home {
            Home::Slot(slot) => (self.fp, slot_offset(slot)),
            Home::Element { data, index } => self.element(Cell::Value, data, index),
            Home::Field { pointer, offset } => (self.one(pointer), offset as i32),
            Home::Entry(address) => (self.one(address), 0),
            Home::Variable(Variable::Module(index)) => (self.module_table(), (index * 16) as i32),
            Home::Variable(Variable::Cell(slot)) => {
                (self.load(types::I64, self.fp, slot_offset(slot) + 8), cell::VALUE as i32)
            }
            Home::Variable(Variable::Capture { closure, index }) => {
                let closure = self.closure_object(closure);
                (self.load(types::I64, closure, capture_offset(index) + 8), cell::VALUE as i32)
            }
        }
    }

    pub(super) fn leave_if_shared(&mut self, pointer: clif::Value, exit: StateId) {
        let count = self.load(types::I32, pointer, header::COUNT as i32);
        let good = self.b.ins().icmp_imm_s(IntCC::Equal, count, 1);
        self.leave_unless(good, exit);
    }

    /// Ints become floats, others leave.
    fn as_float(&mut self, value: ValueId, exit: StateId, result: Option<ValueId>) {
        let (found, payload) = self.boxed(value);
        let (float, other, next) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let number = self.b.append_block_param(next, types::F64);
        let is_float = self.b.ins().icmp_imm_u(IntCC::Equal, found, tag::FLOAT as i64);
        self.b.ins().brif(is_float, float, &[], other, &[]);
        self.b.switch_to_block(float);
        let held = self.b.ins().bitcast(types::F64, MemFlagsData::new(), payload);
        self.b.ins().jump(next, &[clif::BlockArg::Value(held)]);
        self.b.switch_to_block(other);
        let is_int = self.b.ins().icmp_imm_u(IntCC::Equal, found, tag::INT as i64);
        self.leave_unless(is_int, exit);
        let converted = self.b.ins().fcvt_from_sint(types::F64, payload);
        self.b.ins().jump(next, &[clif::BlockArg::Value(converted)]);
        self.b.switch_to_block(next);
        self.define(result, number);
    }

    // ---- arithmetic ----

    fn int(&mut self, op: IntOp, a: ValueId, b: ValueId, exit: Option<StateId>, result: Option<ValueId>) {
        let signs = (self.sign(a), self.sign(b));
        let (a, b) = (self.one(a), self.one(b));
        let Some(exit) = exit else {
            let known = result.map(|result| self.function.ty(result).range).filter(|range| range.low == range.high);
            let value = match op {
                _ if let Some(range) = known => self.b.ins().iconst(types::I64, range.low),
                IntOp::Add => self.b.ins().iadd(a, b),
                IntOp::Sub => self.b.ins().isub(a, b),
                IntOp::Mul => self.product(a, b),
            };
            self.define(result, value);
            return;
        };
        if let Some((value, overflow)) = self.towards(op, a, b, signs) {
            self.leave_if(overflow, exit, ExitKind::Execute);
            self.define(result, value);
            return;
        }
        let (value, overflow) = match op {
            IntOp::Add => self.b.ins().sadd_overflow(a, b),
            IntOp::Sub => self.b.ins().ssub_overflow(a, b),
            // Checked products take fixed registers.
            IntOp::Mul if self.constant(b) == Some(2) => self.b.ins().sadd_overflow(a, a),
            IntOp::Mul if self.constant(a) == Some(2) => self.b.ins().sadd_overflow(b, b),
            IntOp::Mul => self.b.ins().smul_overflow(a, b),
        };
        self.leave_if(overflow, exit, ExitKind::Execute);
        self.define(result, value);
    }

    /// Is an int known to be not negative (or not positive)?
    fn sign(&self, value: ValueId) -> Option<bool> {
        let range = self.function.ty(value).range;
        if range.low >= 0 { Some(true) } else { (range.high <= 0).then_some(false) }
    }

    /// A sum or difference that goes one way only: it overflows if it ends up on the other side of where it began.
    fn towards(
        &mut self,
        op: IntOp,
        a: clif::Value,
        b: clif::Value,
        signs: (Option<bool>, Option<bool>),
    ) -> Option<(clif::Value, clif::Value)> {
        let (from, up) = match (op, signs) {
            (IntOp::Add, (_, Some(up))) => (a, up),
            (IntOp::Add, (Some(up), None)) => (b, up),
            (IntOp::Sub, (_, Some(down))) => (a, !down),
            _ => return None,
        };
        let value = if op == IntOp::Add { self.b.ins().iadd(a, b) } else { self.b.ins().isub(a, b) };
        let wrong = if up { IntCC::SignedLessThan } else { IntCC::SignedGreaterThan };
        let overflow = self.b.ins().icmp(wrong, value, from);
        Some((value, overflow))
    }

    fn not(&mut self, inst: &Inst, result: Option<ValueId>) {
        let inner = negation(&inst.kind).expect("a negation");
        self.inverted.insert(result.expect("a negation gives a value"), inner);
        let inner = self.one(inner);
        let value = self.b.ins().icmp_imm_u(IntCC::Equal, inner, 0);
        self.define(result, value);
    }
}

fn capture_offset(index: u32) -> i32 {
    closure::CAPTURES as i32 + 16 * index as i32
}

pub(super) fn int_condition(op: Cmp) -> IntCC {
    match op {
        Cmp::Eq => IntCC::Equal,
        Cmp::Ne => IntCC::NotEqual,
        Cmp::Lt => IntCC::SignedLessThan,
        Cmp::Le => IntCC::SignedLessThanOrEqual,
        Cmp::Gt => IntCC::SignedGreaterThan,
        Cmp::Ge => IntCC::SignedGreaterThanOrEqual,
    }
}

pub(super) fn float_condition(op: Cmp) -> FloatCC {
    match op {
        Cmp::Eq => FloatCC::Equal,
        Cmp::Ne => FloatCC::NotEqual,
        Cmp::Lt => FloatCC::LessThan,
        Cmp::Le => FloatCC::LessThanOrEqual,
        Cmp::Gt => FloatCC::GreaterThan,
        Cmp::Ge => FloatCC::GreaterThanOrEqual,
    }
}
