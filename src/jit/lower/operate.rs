//! Operations of the runtime: words in, a result or "not done" out.
use cranelift_codegen::ir::{self as clif, InstBuilder, condcodes::IntCC, types};

use super::exits::ExitKind;
use super::{Helper, Lowering};
use crate::jit::ir::inst::Home;
use crate::jit::ir::operation::Gives;
use crate::jit::ir::{Operation, Repr, StateId, ValueId};
use crate::value::layout::tag;

fn helper_of(op: Operation) -> Helper {
    match op {
        Operation::Arith(_) => Helper::Arith,
        Operation::Amend(_) => Helper::Amend,
        Operation::Compare(_) => Helper::Compare,
        Operation::Contains => Helper::Contains,
        Operation::Entry => Helper::Entry,
        Operation::EntryOrNull => Helper::EntryOrNull,
        Operation::EntryOr => Helper::EntryOr,
        Operation::Item => Helper::Item,
        Operation::ItemOrNull => Helper::ItemOrNull,
        Operation::SetItem => Helper::SetItem,
        Operation::UpdateItem(_) => Helper::UpdateItem,
        Operation::Slice(_) => Helper::Slice,
    }
}

impl Lowering<'_> {
    pub(super) fn operate(&mut self, op: Operation, home: Option<Home>, args: &[ValueId], exit: StateId, result: Option<ValueId>) {
        // A forced exit comes before the operation: afterwards it must not happen again.
        let left = self.exit_block(exit, ExitKind::Execute);
        self.count_check(left, ExitKind::Execute);
        let words = self.operation_words(op, home, args);
        let helper = self.helper(helper_of(op));
        let call = self.b.ins().call(helper, &words);
        let results = self.b.inst_results(call).to_vec();
        let done = match op.gives() {
            Gives::Nothing => results[0],
            Gives::Bool => self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, results[0], 2),
            Gives::Owned | Gives::Borrowed => self.b.ins().icmp_imm_u(IntCC::NotEqual, results[0], tag::EXC as i64),
        };
        let next = self.b.create_block();
        self.b.ins().brif(done, next, &[], left, &[]);
        self.b.switch_to_block(next);
        match op.gives() {
            Gives::Nothing => {}
            Gives::Bool => self.unbox(result, results[0]),
            Gives::Owned | Gives::Borrowed => self.define_pair(result, results[0], results[1]),
        }
    }

    /// Detail, address of the place, arguments: two words each, one for a known kind of object.
    fn operation_words(&mut self, op: Operation, home: Option<Home>, args: &[ValueId]) -> Vec<clif::Value> {
        let mut words = Vec::with_capacity(8);
        if let Some(detail) = op.detail() {
            words.push(self.b.ins().iconst(types::I64, detail as i64));
        }
        if let Some(home) = home {
            let (address, offset) = self.home(home);
            words.push(self.b.ins().iadd_imm_s(address, i64::from(offset)));
        }
        for arg in args {
            if self.function.ty(*arg).repr == Repr::Ptr {
                words.push(self.one(*arg));
            } else {
                let (tag, payload) = self.boxed(*arg);
                words.extend([tag, payload]);
            }
        }
        words
    }
}
