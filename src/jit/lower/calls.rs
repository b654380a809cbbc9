//! Calls: compiled code, helpers, counting.
use cranelift_codegen::ir::{self as clif, InstBuilder, MemFlagsData, condcodes::IntCC, types};

use super::entry::lent_signature;
use super::exits::ExitKind;
use super::{Held, Helper, Lowering, context, slot_offset};
use crate::jit::ir::inst::{Callee, FloatFunction, Home, Outcome};
use crate::jit::ir::{Inst, InstKind, Repr, SlotIx, StateId, ValueId};
use crate::value::layout::{array, closure, string, tag};

/// A call of compiled code.
pub(super) struct Call<'a> {
    pub callee: Callee,
    /// The callee's first slot.
    pub base: SlotIx,
    pub args: &'a [ValueId],
    pub closure: Option<ValueId>,
    pub outcome: Outcome,
    /// Where a raise leaves.
    pub exit: StateId,
    /// A raise has nothing to do but leave.
    pub leaves: bool,
}

impl Lowering<'_> {
    /// Calls a helper that gives one word.
    pub(super) fn call_for_word(&mut self, helper: Helper, args: &[clif::Value]) -> clif::Value {
        let callee = self.keeping_helper(helper);
        self.word_of_call(callee, args)
    }

    /// The same, by the short way also for helpers that are called rarely elsewhere.
    pub(super) fn call_often(&mut self, helper: Helper, args: &[clif::Value]) -> clif::Value {
        let callee = self.helper(helper);
        self.word_of_call(callee, args)
    }

    fn word_of_call(&mut self, callee: clif::FuncRef, args: &[clif::Value]) -> clif::Value {
        let call = self.b.ins().call(callee, args);
        if let [word] = *self.b.inst_results(call) {
            return word;
        }
        // It keeps all registers.
        let context = self.context();
        self.load(types::I64, context, context::RESULT)
    }

    /// Whether a value is truthy: null, bools, ints, instances, strings and arrays here, all others by the runtime, by a way that keeps
    /// all registers.
    pub(super) fn truthy(&mut self, value: ValueId, result: Option<ValueId>) {
        let (tag, payload) = self.boxed(value);
        let (other, long, next) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let answer = self.b.append_block_param(next, types::I8);
        let is_other = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, tag, tag::BOOL as i64);
        self.jump_if(is_other, other);
        // The tag of null is 0, that of bools 1.
        let both = self.b.ins().band(tag, payload);
        let truth = self.b.ins().ireduce(types::I8, both);
        self.b.ins().jump(next, &[clif::BlockArg::Value(truth)]);
        self.b.switch_to_block(other);
        self.if_payload_tells(tag, payload, next, long);
        self.b.switch_to_block(long);
        let rare = self.if_length_tells(tag, payload, next);
        self.b.switch_to_block(rare);
        self.b.set_cold_block(rare);
        let word = self.call_for_word(Helper::Truthy, &[tag, payload]);
        let truth = self.b.ins().ireduce(types::I8, word);
        self.b.ins().jump(next, &[clif::BlockArg::Value(truth)]);
        self.b.switch_to_block(next);
        self.define(result, answer);
    }

    /// Goes on with the truth of a value that is truthy if its payload is not zero, else at the other block.
    fn if_payload_tells(&mut self, tag: clif::Value, payload: clif::Value, next: clif::Block, other: clif::Block) {
        let all = [tag::INT, tag::STRUCT, tag::CLOSURE, tag::VARIANT, tag::BIGINT];
        let all = self.word_of(all.iter().map(|tag| 1 << tag).sum());
        // Counted modulo 64, tags above that lead to bits that are not set.
        let bit = self.b.ins().ushr(all, tag);
        let tells = self.b.ins().band_imm_u(bit, 1);
        let truth = self.b.ins().icmp_imm_u(IntCC::NotEqual, payload, 0);
        self.b.ins().brif(tells, next, &[clif::BlockArg::Value(truth)], other, &[]);
    }

    /// Goes on with the truth of a string or array, else at the block it gives.
    fn if_length_tells(&mut self, tag: clif::Value, payload: clif::Value, next: clif::Block) -> clif::Block {
        const { assert!(string::LEN == 8 && array::LEN == 16 && tag::ARRAY == tag::STR + 1) };
        let (found, other) = (self.b.create_block(), self.b.create_block());
        let nth = self.b.ins().iadd_imm_s(tag, -(tag::STR as i64));
        let tells = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, nth, 2);
        self.b.ins().brif(tells, found, &[], other, &[]);
        self.b.switch_to_block(found);
        let offset = self.b.ins().ishl_imm_u(nth, 3);
        let address = self.b.ins().iadd(payload, offset);
        let length = self.load(types::I64, address, string::LEN as i32);
        let truth = self.b.ins().icmp_imm_u(IntCC::NotEqual, length, 0);
        self.b.ins().jump(next, &[clif::BlockArg::Value(truth)]);
        other
    }

    /// A function of floats, whose bits the helper takes and gives.
    pub(super) fn call_float(&mut self, function: FloatFunction, a: ValueId, b: ValueId, result: Option<ValueId>) {
        let [a, b] = [a, b].map(|value| {
            let value = self.one(value);
            self.b.ins().bitcast(types::I64, MemFlagsData::new(), value)
        });
        let function = self.b.ins().iconst(types::I64, function as i64);
        let bits = self.call_for_word(Helper::Float, &[function, a, b]);
        let value = self.b.ins().bitcast(types::F64, MemFlagsData::new(), bits);
        self.define(result, value);
    }

    /// A helper that gives nothing or two words.
    pub(super) fn helper(&mut self, helper: Helper) -> clif::FuncRef {
        self.helper_by(helper, false)
    }

    /// A helper; its way is to keep all registers if it is called rarely for what it is, or for where that is.
    fn keeping_helper(&mut self, helper: Helper) -> clif::FuncRef {
        let is_rare = matches!(
            helper,
            Helper::Poll
                | Helper::Room
                | Helper::Push
                | Helper::Unshare
                | Helper::Generalise
                | Helper::Settle
                | Helper::Truthy
                | Helper::AppendChar
        );
        self.helper_by(helper, is_rare || self.around)
    }

    fn helper_by(&mut self, helper: Helper, keeps: bool) -> clif::FuncRef {
        if let Some(known) = self.helpers.get(&(helper, keeps)) {
            return *known;
        }
        let reference = self.imports.helper(helper, keeps, self.b.func);
        self.helpers.insert((helper, keeps), reference);
        reference
    }

    /// Signature of compiled code that takes so many lent arguments in registers.
    fn signature_of(&mut self, lent: usize) -> clif::SigRef {
        if let Some((_, known)) = self.signatures.iter().find(|(count, _)| *count == lent) {
            return *known;
        }
        let reference = self.b.import_signature(lent_signature(self.b.func.signature.call_conv, lent));
        self.signatures.push((lent, reference));
        reference
    }

    /// The parameters that come in registers.
    pub(super) fn hold_params(&mut self, mut words: impl Iterator<Item = clif::Value>) {
        let mut word = || words.next().expect("the signature has words for all parameters");
        for (_, value) in &self.function.params {
            self.held[value.index()] = Some(match self.function.ty(*value).repr {
                Repr::Boxed => Held::Pair(word(), word()),
                _ => Held::One(word()),
            });
        }
    }

    /// Jumps if `cond`, else goes on in a new block.
    pub(super) fn jump_if(&mut self, cond: clif::Value, to: clif::Block) {
        let next = self.b.create_block();
        self.b.ins().brif(cond, to, &[], next, &[]);
        self.b.switch_to_block(next);
    }

    /// Calls compiled code, with room for it made sure; gives tag and payload of what it returns.
    pub(super) fn call_code(&mut self, call: &Call) -> (clif::Value, clif::Value) {
        let function = match call.callee {
            Callee::Entry(function) => Some(function),
            Callee::Own => Some(self.function.id),
            Callee::Below(_) => None,
        };
        let Some(function) = function.filter(|_| !std::mem::replace(&mut self.has_room, true)) else {
            return self.call_with_room(call);
        };
        let frame = self.address(call.base);
        if call.leaves {
            let refused = self.exit_block(call.exit, ExitKind::Raise);
            self.make_room(function, frame, refused);
            return self.call_with_room(call);
        }
        let (refused, next) = (self.b.create_block(), self.b.create_block());
        let result = self.results_of(next);
        self.make_room(function, frame, refused);
        let (tag, payload) = self.call_with_room(call);
        self.b.ins().jump(next, &[clif::BlockArg::Value(tag), clif::BlockArg::Value(payload)]);
        self.b.switch_to_block(refused);
        self.set_cold();
        let (tag, payload) = (self.word_of(tag::EXC as i64), self.word_of(0));
        self.b.ins().jump(next, &[clif::BlockArg::Value(tag), clif::BlockArg::Value(payload)]);
        self.b.switch_to_block(next);
        result
    }

    fn call_with_room(&mut self, call: &Call) -> (clif::Value, clif::Value) {
        let Call { callee, base, args, outcome, exit, .. } = *call;
        let frame = self.address(base);
        let closure = match call.closure {
            Some(closure) => self.one(closure),
            None => self.word_of(0),
        };
        let own = match callee {
            Callee::Entry(function) if Some(function) != self.own_id => {
                return self.call_entry(function, base, args, closure, outcome);
            }
            Callee::Entry(_) => *self.own_entry.get_or_insert_with(|| self.imports.own_entry(self.b.func)),
            Callee::Below(count) => return self.call_below(count, base, exit),
            Callee::Own => *self.own.get_or_insert_with(|| self.imports.own(self.b.func)),
        };
        let mut values = vec![frame, closure];
        match callee {
            Callee::Own => self.own_arguments(args, &mut values),
            _ => values.extend(self.pairs(args)),
        }
        let call = self.b.ins().call(own, &values);
        let results = self.b.inst_results(call);
        (results[0], results[1])
    }

    /// The arguments of the code at hand in registers.
    fn own_arguments(&mut self, args: &[ValueId], values: &mut Vec<clif::Value>) {
        let function = self.function;
        for ((_, param), arg) in function.params.iter().zip(args) {
            match function.ty(*param).repr {
                Repr::Boxed => values.extend(self.pairs(&[*arg])),
                _ => values.push(self.one(*arg)),
            }
        }
    }

    /// Tags and payloads of values.
    fn pairs(&mut self, args: &[ValueId]) -> Vec<clif::Value> {
        args.iter().flat_map(|arg| <[clif::Value; 2]>::from(self.boxed(*arg))).collect()
    }

    /// After a call: a `self` on loan goes from the first slot to its home, a raise leaves.
    pub(super) fn end_call(
        &mut self,
        (tag, payload): (clif::Value, clif::Value),
        lent: Option<(SlotIx, Home)>,
        exit: StateId,
        result: Option<ValueId>,
    ) {
        if let Some((from, home)) = lent {
            self.give_part(from, home);
        }
        self.leave_if_raised(tag, exit);
        self.define_pair(result, tag, payload);
    }

    /// After a call: what stands in the callee's first slot goes back.
    pub(super) fn give_part(&mut self, from: SlotIx, home: Home) {
        let (tag, payload) = self.take_slot(from);
        let (address, offset) = self.home(home);
        self.store_pair(tag, payload, address, offset);
    }

    /// Before a call: what a container keeps goes to the callee's first slot.
    pub(super) fn take_part(&mut self, home: Home, to: SlotIx) {
        let (address, offset) = self.home(home);
        let (tag, payload) = self.load_pair(address, offset);
        let null = self.word_of(tag::NULL as i64);
        self.store(null, address, offset);
        self.store_pair(tag, payload, self.fp, slot_offset(to));
    }

    fn leave_if_raised(&mut self, tag: clif::Value, exit: StateId) {
        if self.catches {
            return;
        }
        if self.is_checked_next {
            self.unless_raised = Some(exit);
            return;
        }
        self.leave_raised(tag, exit);
    }

    pub(super) fn leave_raised(&mut self, tag: clif::Value, exit: StateId) {
        let raised = self.is_raised(tag);
        self.leave_if(raised, exit, ExitKind::Raise);
    }

    pub(super) fn is_raised(&mut self, tag: clif::Value) -> clif::Value {
        self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThanOrEqual, tag, tag::EXC as i64)
    }

    /// What a handler gets for an error.
    pub(super) fn caught(
        &mut self,
        thrown: Option<ValueId>,
        from: u16,
        cleanup: bool,
        exit: StateId,
        result: Option<ValueId>,
    ) {
        let left = self.way_of_error(thrown.is_some(), exit);
        let (tag, payload) = match thrown {
            Some(value) => self.boxed(value),
            None => (self.word_of(tag::EXC as i64), self.word_of(0)),
        };
        let (context, frames) = (self.context(), self.frames_of(exit));
        let how = self.word_of(i64::from(from) | i64::from(cleanup) << 32);
        let helper = self.helper(Helper::Caught);
        let call = self.b.ins().call(helper, &[context, frames, how, tag, payload]);
        let results = self.b.inst_results(call).to_vec();
        let refused = self.is_raised(results[0]);
        self.jump_if(refused, left);
        self.define_pair(result, results[0], results[1]);
    }

    /// Throws a value that no handler of the code is for.
    pub(super) fn throw(&mut self, value: ValueId, exit: StateId) {
        let left = self.way_of_error(true, exit);
        let (tag, payload) = self.boxed(value);
        let (context, frames) = (self.context(), self.frames_of(exit));
        let helper = self.helper(Helper::Throw);
        let call = self.b.ins().call(helper, &[context, frames, tag, payload]);
        let done = self.b.inst_results(call)[0];
        let next = self.b.create_block();
        self.b.ins().brif(done, next, &[], left, &[]);
        self.b.switch_to_block(next);
    }

    /// Where an error goes that is the VM's business. What is thrown by the VM may be left to it by force, before it is thrown.
    fn way_of_error(&mut self, is_thrown: bool, exit: StateId) -> clif::Block {
        let kind = if is_thrown { ExitKind::Execute } else { ExitKind::Raise };
        let left = self.exit_block(exit, kind);
        if is_thrown {
            self.count_check(left, kind);
        }
        left
    }

    /// The number by which the runtime finds the frames of a state.
    fn frames_of(&mut self, state: StateId) -> clif::Value {
        let info = self.describe(state, ExitKind::Raise);
        self.number_of(info)
    }

    /// Is the kind of what a call gives checked right behind it? Where checks fail on purpose, each is made by itself.
    pub(super) fn checks_at_once(&self, inst: &Inst, next: Option<&Inst>) -> bool {
        let checks = |next: &Inst| match &next.kind {
            InstKind::GuardTag { value, .. } | InstKind::GuardParts { value, .. } => inst.result == Some(*value),
            _ => false,
        };
        let calls = matches!(
            inst.kind,
            InstKind::CallCompiled { .. } | InstKind::CallBuiltin { .. } | InstKind::CallMutating { .. }
        );
        calls && next.is_some_and(checks) && !self.imports.counts_checks(ExitKind::Execute)
    }

    /// Leaves unless a value is of this kind; where it is not, a call may have raised instead of giving it.
    pub(super) fn leave_unless_tag(&mut self, found: clif::Value, wanted: u64, exit: StateId) {
        let good = self.b.ins().icmp_imm_u(IntCC::Equal, found, wanted as i64);
        let Some(raised) = self.unless_raised.take() else { return self.leave_unless(good, exit) };
        let (other, next) = (self.call_exit(exit, raised, found), self.b.create_block());
        self.b.ins().brif(good, next, &[], other, &[]);
        self.b.switch_to_block(next);
    }

    pub(super) fn address(&mut self, slot: SlotIx) -> clif::Value {
        self.b.ins().iadd_imm_s(self.fp, i64::from(slot_offset(slot)))
    }

    /// Function and instruction of a state's innermost frame, and the address of its slots.
    fn innermost(&mut self, exit: StateId) -> (u32, u32, clif::Value) {
        let frame = *self.function.states[exit.index()].frames.last().expect("a state has a frame");
        (frame.function, frame.pc, self.address(frame.base))
    }

    pub(super) fn word_of(&mut self, value: i64) -> clif::Value {
        self.b.ins().iconst(types::I64, value)
    }

    pub(super) fn call_builtin(&mut self, builtin: u16, base: SlotIx, count: u16, exit: StateId, result: Option<ValueId>) {
        let (function, pc, frame) = self.innermost(exit);
        let (function, pc) = (self.word_of(i64::from(function)), self.word_of(i64::from(pc)));
        let base = self.address(base);
        let what = self.word_of(i64::from(builtin) | i64::from(count) << 16);
        let context = self.context();
        let helper = self.helper(Helper::CallBuiltin);
        let call = self.b.ins().call(helper, &[context, function, pc, frame, base, what]);
        self.take_result(call, exit, result);
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn call_mutating(
        &mut self,
        builtin: u16,
        place: Home,
        base: SlotIx,
        count: u16,
        used: bool,
        exit: StateId,
        result: Option<ValueId>,
    ) {
        let base = self.address(base);
        let what = i64::from(builtin) | i64::from(count) << 16 | i64::from(used) << 32;
        let (tag, payload) = self.change_by(what, place, base, exit);
        self.define_pair(result, tag, payload);
    }

    /// Calls the mutating form of a builtin without arguments for its result.
    pub(super) fn change(&mut self, builtin: u16, place: Home, exit: StateId) -> (clif::Value, clif::Value) {
        self.change_by(i64::from(builtin) | 1 << 32, place, self.fp, exit)
    }

    fn change_by(&mut self, what: i64, place: Home, base: clif::Value, exit: StateId) -> (clif::Value, clif::Value) {
        let (function, pc, frame) = self.innermost(exit);
        let site = self.word_of(i64::from(function) | i64::from(pc) << 32);
        let (place, what) = (self.home_address(place), self.word_of(what));
        let context = self.context();
        let helper = self.helper(Helper::CallMutating);
        let call = self.b.ins().call(helper, &[context, site, frame, place, base, what]);
        let results = self.b.inst_results(call);
        let (tag, payload) = (results[0], results[1]);
        self.leave_if_raised(tag, exit);
        (tag, payload)
    }

    fn take_result(&mut self, call: clif::Inst, exit: StateId, result: Option<ValueId>) {
        let results = self.b.inst_results(call);
        let (tag, payload) = (results[0], results[1]);
        self.leave_if_raised(tag, exit);
        self.define_pair(result, tag, payload);
    }

    /// Address of the value in a container's place or a slot.
    pub(super) fn home_address(&mut self, home: Home) -> clif::Value {
        let (address, offset) = self.home(home);
        self.moved(address, offset)
    }

    /// Calls through the table of entry points; a function without one runs in the VM. `args` are lent in registers.
    fn call_entry(
        &mut self,
        function: u32,
        base: SlotIx,
        args: &[ValueId],
        closure: clif::Value,
        outcome: Outcome,
    ) -> (clif::Value, clif::Value) {
        let (context, frame, pairs) = (self.context(), self.address(base), self.pairs(args));
        let is_plain = args.is_empty() && outcome == Outcome::Value;
        let table = if is_plain { context::ENTRIES } else { context::LENT_ENTRIES };
        let entries = self.load(types::I64, context, table);
        let target = self.load(types::I64, entries, i32::try_from(function * 8).expect("function ids are small"));
        let (fast, slow, next) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(slow);
        let (tag, payload) = self.results_of(next);
        self.b.ins().brif(target, fast, &[], slow, &[]);
        self.b.switch_to_block(fast);
        let signature = self.signature_of(args.len());
        let call = self.b.ins().call_indirect(signature, target, &[&[frame, closure], &pairs[..]].concat());
        self.jump_with_results(call, next);
        self.b.switch_to_block(slow);
        let number = self.b.ins().iconst(types::I64, i64::from(function));
        self.give_arguments(function, base, &pairs);
        let helper = self.helper(Helper::Call);
        let call = self.b.ins().call(helper, &[context, number, frame]);
        self.jump_with_results(call, next);
        self.b.switch_to_block(next);
        (tag, payload)
    }

    /// Counts what would be lent to a function and puts it into the slots of its parameters.
    fn give_arguments(&mut self, function: u32, base: SlotIx, pairs: &[clif::Value]) {
        let function = self.function.lends.get(&function);
        for (param, pair) in function.into_iter().flat_map(|params| params.iter()).zip(pairs.chunks_exact(2)) {
            self.retain(pair[0], pair[1]);
            self.store_pair(pair[0], pair[1], self.fp, slot_offset(SlotIx(base.0 + u32::from(*param))));
        }
    }

    /// Calls the value below the frame: its code, if it has any and takes so many arguments as they are; else the VM executes the call.
    fn call_below(&mut self, count: u16, base: SlotIx, exit: StateId) -> (clif::Value, clif::Value) {
        let (slow, next) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(slow);
        let (tag, payload) = self.results_of(next);
        let (function, closure) = self.function_in(SlotIx(base.0 - 1), slow);
        let target = self.code_taking(count, function, slow);
        let (frame, signature) = (self.address(base), self.signature_of(0));
        let call = self.b.ins().call_indirect(signature, target, &[frame, closure]);
        self.jump_with_results(call, next);
        self.b.switch_to_block(slow);
        // The VM counts it.
        self.count_work(-1);
        let (function, pc, frame) = self.innermost(exit);
        let (function, pc) = (self.word_of(i64::from(function)), self.word_of(i64::from(pc)));
        let context = self.context();
        let helper = self.helper(Helper::CallValue);
        let call = self.b.ins().call(helper, &[context, function, pc, frame]);
        self.jump_with_results(call, next);
        self.b.switch_to_block(next);
        (tag, payload)
    }

    /// The number of the function in a slot, and the closure, if it is one.
    fn function_in(&mut self, slot: SlotIx, otherwise: clif::Block) -> (clif::Value, clif::Value) {
        let at = slot_offset(slot);
        let (tag, payload) = (self.load(types::I64, self.fp, at), self.load(types::I64, self.fp, at + 8));
        let (plain, with_captures, found) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        let results = self.results_of(found);
        let is_closure = self.b.ins().icmp_imm_u(IntCC::Equal, tag, tag::CLOSURE as i64);
        self.b.ins().brif(is_closure, with_captures, &[], plain, &[]);
        self.b.switch_to_block(with_captures);
        let function = self.load(types::I32, payload, closure::FUNCTION as i32);
        let function = self.b.ins().uextend(types::I64, function);
        self.b.ins().jump(found, &[function.into(), payload.into()]);
        self.b.switch_to_block(plain);
        let is_other = self.b.ins().icmp_imm_u(IntCC::NotEqual, tag, tag::FN0 as i64);
        self.jump_if(is_other, otherwise);
        let function = self.b.ins().ireduce(types::I32, payload);
        let (function, none) = (self.b.ins().uextend(types::I64, function), self.word_of(0));
        self.b.ins().jump(found, &[function.into(), none.into()]);
        self.b.switch_to_block(found);
        results
    }

    /// The code of the function with this number, if it has any and takes so many arguments as they are. Bound methods do not.
    fn code_taking(&mut self, count: u16, function: clif::Value, otherwise: clif::Block) -> clif::Value {
        let most = context::MAX_FUNCTIONS as i64;
        let is_unlisted = self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThanOrEqual, function, most);
        self.jump_if(is_unlisted, otherwise);
        let arity = self.entry_of(context::ARITIES, types::I16, function);
        let differs = self.b.ins().icmp_imm_u(IntCC::NotEqual, arity, i64::from(count) + 1);
        self.jump_if(differs, otherwise);
        let target = self.entry_of(context::ENTRIES, types::I64, function);
        let is_missing = self.b.ins().icmp_imm_u(IntCC::Equal, target, 0);
        self.jump_if(is_missing, otherwise);
        target
    }

    /// Entry of a table whose address is in the context.
    fn entry_of(&mut self, table: i32, ty: clif::Type, index: clif::Value) -> clif::Value {
        let context = self.context();
        let table = self.load(types::I64, context, table);
        let offset = self.b.ins().imul_imm_s(index, i64::from(ty.bytes()));
        let address = self.b.ins().iadd(table, offset);
        self.load(ty, address, 0)
    }

    /// Two words that a block takes.
    pub(super) fn results_of(&mut self, block: clif::Block) -> (clif::Value, clif::Value) {
        (self.b.append_block_param(block, types::I64), self.b.append_block_param(block, types::I64))
    }

    pub(super) fn jump_with_results(&mut self, call: clif::Inst, next: clif::Block) {
        let results: Vec<clif::BlockArg> =
            self.b.inst_results(call).iter().map(|result| clif::BlockArg::Value(*result)).collect();
        self.b.ins().jump(next, &results);
    }

    pub(super) fn fallback(&mut self, exit: StateId, result: Option<ValueId>) {
        let (function, pc, frame) = self.innermost(exit);
        let (function, pc) = (self.word_of(i64::from(function)), self.word_of(i64::from(pc)));
        let lent = self.function.states[exit.index()].home();
        if let Some((home, own)) = lent {
            self.move_slot(home, own);
        }
        let context = self.context();
        let next = self.call_for_word(Helper::Fallback, &[context, function, pc, frame]);
        self.known_slots.clear();
        if let Some((home, own)) = lent {
            self.move_slot(own, home);
        }
        if !self.catches {
            let raised = self.b.ins().icmp_imm_s(IntCC::SignedLessThan, next, 0);
            self.leave_if(raised, exit, ExitKind::Raise);
        }
        self.define(result, next);
    }

    /// Is the tag that of a counted kind?
    pub(super) fn is_counted(&mut self, value_tag: clif::Value) -> clif::Value {
        let offset = self.b.ins().iadd_imm_s(value_tag, -(tag::HEAP_FIRST as i64));
        self.b.ins().icmp_imm_u(IntCC::UnsignedLessThanOrEqual, offset, (tag::HEAP_LAST - tag::HEAP_FIRST) as i64)
    }

    /// Adds one to the count of what a boxed value refers to, if anything.
    pub(super) fn retain(&mut self, value_tag: clif::Value, payload: clif::Value) {
        match self.constant(value_tag) {
            Some(known) if (tag::HEAP_FIRST..=tag::HEAP_LAST).contains(&known) => self.retain_object(payload),
            Some(_) => {}
            None => {
                let counted = self.is_counted(value_tag);
                self.when(counted, false, |this| this.retain_object(payload));
            }
        }
    }

    fn retain_object(&mut self, object: clif::Value) {
        let count = self.load(types::I32, object, 0);
        let local = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThan, count, 0);
        let (fast, slow, next) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(slow);
        self.b.ins().brif(local, fast, &[], slow, &[]);
        self.b.switch_to_block(fast);
        let more = self.b.ins().iadd_imm_s(count, 1);
        self.store(more, object, 0);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(slow);
        let helper = self.helper(Helper::Retain);
        self.b.ins().call(helper, &[object]);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
    }

    /// Address of the free blocks of this thread by size.
    pub(super) fn free_blocks(&mut self) -> clif::Value {
        let context = self.context();
        self.load(types::I64, context, context::FREE_BLOCKS)
    }

    /// Gives up one count of what a boxed value refers to, if anything; `rarely` it is the last one.
    pub(super) fn release(&mut self, value_tag: clif::Value, payload: clif::Value, rarely: bool) {
        let counted = self.is_counted(value_tag);
        self.when(counted, false, |this| this.release_object(payload, rarely));
    }

    /// Gives up one count of an object.
    pub(super) fn release_object(&mut self, object: clif::Value, rarely: bool) {
        let count = self.load(types::I32, object, 0);
        let several = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThan, count, 1);
        let (fast, slow, next) = (self.b.create_block(), self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(slow);
        self.b.ins().brif(several, fast, &[], slow, &[]);
        self.b.switch_to_block(fast);
        let fewer = self.b.ins().iadd_imm_s(count, -1);
        self.store(fewer, object, 0);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(slow);
        let helper = self.helper_by(Helper::Release, rarely && self.around);
        let heads = self.free_blocks();
        self.b.ins().call(helper, &[object, heads]);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
    }
}

/// The array of a check that nobody else holds it, which what comes next makes as well where it appends: with where it leaves. An
/// array that is ready for one more element has a count of one, so that the check is only needed if it is not.
pub(super) fn checked_by_push(inst: &Inst, next: Option<&Inst>) -> Option<(ValueId, StateId)> {
    match (&inst.kind, &next?.kind) {
        (InstKind::GuardUnique { pointer, exit, .. }, InstKind::Push { pointer: pushed, stays: true, .. })
            if inst.result == Some(*pushed) =>
        {
            Some((*pointer, *exit))
        }
        _ => None,
    }
}
