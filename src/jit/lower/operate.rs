//! Operations of the runtime: words in, a result or "not done" out.
use cranelift_codegen::ir::{self as clif, InstBuilder, condcodes::IntCC, types};

use super::exits::ExitKind;
use super::{Helper, Lowering, numbers};
use crate::jit::ir::inst::{Cmp, Home};
use crate::jit::ir::operation::Gives;
use crate::jit::ir::{Operation, StateId, ValueId};
use crate::value::layout::tag;

fn helper_of(op: Operation) -> Helper {
    match op {
        Operation::Arith(_) => Helper::Arith,
        Operation::Amend(_) => Helper::Amend,
        Operation::Compare(_) => Helper::Compare,
        Operation::Contains => Helper::Contains,
        Operation::Find => Helper::Find,
        Operation::Item => Helper::Item,
        Operation::ItemOrNull => Helper::ItemOrNull,
        Operation::Assign => Helper::Assign,
        Operation::RemoveAt => Helper::RemoveAt,
        Operation::InsertAt => Helper::InsertAt,
        Operation::Swap => Helper::Swap,
        Operation::SetItem | Operation::SetFound => Helper::SetItem,
        Operation::UpdateItem(_) | Operation::UpdateFound(_) => Helper::UpdateItem,
        Operation::PushItem => Helper::PushItem,
        Operation::EntryAt => Helper::EntryAt,
        Operation::Slice(_) => Helper::Slice,
        Operation::Text(_) => Helper::Text,
        Operation::AppendText(_) => Helper::AppendText,
        Operation::AppendChar => Helper::AppendChar,
        Operation::FromWord => Helper::FromWord,
        Operation::Array => Helper::Array,
        Operation::Dict => Helper::Dict,
        Operation::Variant(_) => Helper::Variant,
        Operation::Passes(_) => Helper::Passes,
        Operation::Part(_) => Helper::Part,
        Operation::Field { .. } => Helper::Field,
        Operation::SetField(_) => Helper::SetField,
        Operation::UpdateField(..) => Helper::UpdateField,
        Operation::SetPlace(_) => Helper::SetPlace,
        Operation::UpdatePlace(..) => Helper::UpdatePlace,
        Operation::Range(_) => Helper::Range,
        Operation::HasParts(_) => Helper::HasParts,
        Operation::Cell => Helper::Cell,
        Operation::OfEnum(_) => Helper::OfEnum,
        Operation::NextEntry { .. } => Helper::NextEntry,
        Operation::Place(_) => Helper::Place,
    }
}

impl Lowering<'_> {
    pub(super) fn operate(
        &mut self,
        op: Operation,
        home: Option<Home>,
        args: &[ValueId],
        exit: StateId,
        result: Option<ValueId>,
    ) {
        if op == Operation::Array && args.is_empty() {
            return self.make_empty_array(result);
        }
        // A forced exit comes before the operation: afterwards it must not happen again.
        let left = self.exit_block(exit, ExitKind::Execute);
        self.count_check(left, ExitKind::Execute);
        if let (Operation::AppendChar, Some(home), &[code]) = (op, home, args) {
            return self.append_char(home, code, left);
        }
        if let (Operation::Swap, Some(home), &[one, other]) = (op, home, args) {
            return self.swap(home, [one, other], left);
        }
        if let (Operation::Arith(code), &[a, b]) = (op, args)
            && let Some(operator) = numbers::operator(code)
        {
            return self.number_or(operator, a, b, left, result);
        }
        if let (Operation::Find, &[table, key]) = (op, args)
            && self.texts.contains(&key)
        {
            return self.find_text(table, key, left, result);
        }
        if let (Operation::FromWord, &[word]) = (op, args) {
            return self.number_of_word(word, result);
        }
        // What is asked for equality is text and values of enums mostly.
        if let (Operation::Compare(cmp @ (Cmp::Lt | Cmp::Le | Cmp::Gt | Cmp::Ge)), &[a, b]) = (op, args) {
            return self.ordered_or(cmp, a, b, left, result);
        }
        if let (Operation::SetFound | Operation::UpdateFound(_), Some(home), &[key, value, table, address]) =
            (op, home, args)
        {
            return self.change_found(op, home, [key, value], [table, address], left);
        }
        let results = self.call_operation(op, home, args);
        let done = match op.gives() {
            Gives::Nothing => results[0],
            Gives::Int => self.b.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, results[0], 0),
            Gives::Bool => self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, results[0], 2),
            Gives::Owned | Gives::Borrowed => self.b.ins().icmp_imm_u(IntCC::NotEqual, results[0], tag::EXC as i64),
        };
        let next = self.b.create_block();
        self.b.ins().brif(done, next, &[], left, &[]);
        self.b.switch_to_block(next);
        match op.gives() {
            Gives::Nothing => {}
            Gives::Bool | Gives::Int => self.unbox(result, results[0]),
            Gives::Owned | Gives::Borrowed => self.define_pair(result, results[0], results[1]),
        }
    }

    /// Calls the helper of an operation.
    pub(super) fn call_operation(&mut self, op: Operation, home: Option<Home>, args: &[ValueId]) -> Vec<clif::Value> {
        let words = self.operation_words(op, home, args);
        let helper = self.helper(helper_of(op));
        let call = self.b.ins().call(helper, &words);
        self.b.inst_results(call).to_vec()
    }

    /// Detail, address of the place, arguments: two words each, one if they are taken without tag.
    fn operation_words(&mut self, op: Operation, home: Option<Home>, args: &[ValueId]) -> Vec<clif::Value> {
        let mut words = Vec::with_capacity(8);
        if op.takes_context() {
            words.push(self.context());
        }
        if let Some(detail) = op.detail() {
            words.push(self.b.ins().iconst(types::I64, detail as i64));
        }
        if let Some(home) = home {
            words.push(self.home_address(home));
        }
        if op.takes_array() {
            words.extend([self.array_of(args), self.b.ins().iconst(types::I64, args.len() as i64)]);
            return words;
        }
        for (at, arg) in args.iter().enumerate() {
            if op.takes_bare(at) {
                words.push(self.one(*arg));
            } else {
                let (tag, payload) = self.boxed(*arg);
                words.extend([tag, payload]);
            }
        }
        words
    }

    /// Address of the values in an array on the native stack.
    fn array_of(&mut self, args: &[ValueId]) -> clif::Value {
        let size = 16 * args.len().max(1) as u32;
        let slot = self.b.create_sized_stack_slot(clif::StackSlotData::new(clif::StackSlotKind::ExplicitSlot, size, 3));
        let address = self.b.ins().stack_addr(types::I64, slot, 0);
        for (at, arg) in args.iter().enumerate() {
            self.store_value(*arg, address, 16 * at as i32);
        }
        address
    }
}
