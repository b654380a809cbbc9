//! The ways into code with parameters in registers, for callers that have put arguments into slots.
//!
//! From slots alone come the VM and calls of unknown functions: what the code takes as lent is taken out of its slot, kept here and given
//! up when the code has ended. Callers that lend have put only the rest into slots. Either way scalars are checked
//! before anything has happened; what fails goes to the VM with all arguments in slots.
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, AbiParam, InstBuilder, MemFlagsData, Signature, types};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::exits::{Check, ExitInfo, ExitKind};
use super::{Helper, Imports, context, machine_type, slot_offset};
use crate::jit::ir::{FrameInfo, Function, Repr, SlotIx, ValueId};
use crate::value::layout::tag;
use crate::vm::After;

/// How arguments come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// All in slots.
    Slots,
    /// In slots, but for those lent.
    Lent,
}

impl Way {
    pub fn signature(self, convention: CallConv, function: &Function) -> Signature {
        match self {
            Way::Slots => lent_signature(convention, 0),
            Way::Lent => lent_signature(convention, function.lent.len()),
        }
    }
}

/// The signature of code that is called with so many lent arguments.
pub fn lent_signature(convention: CallConv, lent: usize) -> Signature {
    let mut signature = Signature::new(convention);
    signature.params.extend(vec![AbiParam::new(types::I64); 2 + 2 * lent]);
    signature.returns.extend([AbiParam::new(types::I64); 2]);
    signature
}

/// The signature of code with its parameters in registers.
pub fn signature(convention: CallConv, function: &Function) -> Signature {
    let mut signature = lent_signature(convention, 0);
    for (_, value) in &function.params {
        let repr = function.ty(*value).repr;
        let words = if repr == Repr::Boxed { 2 } else { 1 };
        signature.params.extend(vec![AbiParam::new(machine_type(repr)); words]);
    }
    signature
}

/// Is the code itself what callers that lend may call?
pub fn takes_lent(function: &Function) -> bool {
    let is_lent = |(slot, value): &(SlotIx, ValueId)| function.lent.contains(slot) && is_boxed(function, *value);
    function.params.iter().all(is_lent)
}

fn is_boxed(function: &Function, value: ValueId) -> bool {
    function.ty(value).repr == Repr::Boxed
}

/// Tag and payload of an argument.
type Pair = (clif::Value, clif::Value);

/// Makes the entry: checks the scalars among the parameters and calls the code. Gives the exit for parameters of other kinds.
pub fn lower_entry(
    function: &Function,
    way: Way,
    number: u64,
    target: &mut clif::Function,
    context: &mut FunctionBuilderContext,
    imports: &mut dyn Imports,
    frontend: cranelift_codegen::isa::TargetFrontendConfig,
) -> ExitInfo {
    let mut entry = Entry::new(function, target, context, imports);
    let lent = entry.lent(way);
    let args = entry.arguments(&lent);
    let kept: Vec<Pair> = if way == Way::Slots { entry.take_lent(&lent) } else { Vec::new() };
    let own = entry.imports.own(entry.b.func);
    let call = entry.b.ins().call(own, &args);
    let mut results = entry.b.inst_results(call).to_vec();
    if way == Way::Slots && function.parts.is_some() {
        results = entry.join_parts(results[0], results[1]);
    }
    for (tag, payload) in kept {
        entry.release(tag, payload);
    }
    entry.b.ins().return_(&results);
    entry.leave(way, number, &lent);
    entry.b.seal_all_blocks();
    entry.b.finalize(frontend);
    exit(function)
}

/// What leaves with all arguments in slots.
fn exit(function: &Function) -> ExitInfo {
    let checks = function.params.iter().filter_map(|(_, value)| function.ty(*value).kinds.single());
    ExitInfo {
        kind: ExitKind::Execute,
        frames: vec![FrameInfo { function: function.id, base: SlotIx(0), pc: 0, after: After::Store, lent: None }],
        slots: Vec::new(),
        checks: checks.map(|tag| Check::Tag(tag as u8)).collect(),
        instances: Vec::new(),
        parts: Vec::new(),
        merged: false,
        guessed: false,
    }
}

struct Entry<'a> {
    function: &'a Function,
    b: FunctionBuilder<'a>,
    imports: &'a mut dyn Imports,
    words: Vec<clif::Value>,
    /// For parameters of other kinds.
    other: clif::Block,
}

impl<'a> Entry<'a> {
    fn new(
        function: &'a Function,
        target: &'a mut clif::Function,
        context: &'a mut FunctionBuilderContext,
        imports: &'a mut dyn Imports,
    ) -> Entry<'a> {
        let mut b = FunctionBuilder::new(target, context);
        let (entry, other) = (b.create_block(), b.create_block());
        b.set_cold_block(other);
        b.append_block_params_for_function_params(entry);
        b.switch_to_block(entry);
        let words = b.block_params(entry).to_vec();
        Entry { function, b, imports, words, other }
    }

    fn load(&mut self, ty: clif::Type, address: clif::Value, offset: i32) -> clif::Value {
        self.b.ins().load(ty, MemFlagsData::trusted(), address, offset)
    }

    fn load_slot(&mut self, slot: SlotIx) -> Pair {
        let (fp, at) = (self.words[0], slot_offset(slot));
        (self.load(types::I64, fp, at), self.load(types::I64, fp, at + 8))
    }

    /// The arguments that are lent, as they come.
    fn lent(&mut self, way: Way) -> Vec<(SlotIx, Pair)> {
        let slots = self.function.lent.iter().copied();
        match way {
            Way::Lent => slots.zip(self.words[2..].chunks_exact(2)).map(|(slot, pair)| (slot, (pair[0], pair[1]))).collect(),
            Way::Slots => slots.map(|slot| (slot, self.load_slot(slot))).collect(),
        }
    }

    /// What the code is called with.
    fn arguments(&mut self, lent: &[(SlotIx, Pair)]) -> Vec<clif::Value> {
        let mut args = vec![self.words[0], self.words[1]];
        for (slot, value) in &self.function.params {
            let known = lent.iter().find(|(other, _)| other == slot).map(|(_, pair)| *pair);
            let (tag, payload) = known.unwrap_or_else(|| self.load_slot(*slot));
            if is_boxed(self.function, *value) {
                args.extend([tag, payload]);
                continue;
            }
            args.push(self.scalar(*value, tag, payload));
        }
        args
    }

    /// A scalar, checked.
    fn scalar(&mut self, value: ValueId, tag: clif::Value, payload: clif::Value) -> clif::Value {
        let ty = self.function.ty(value);
        let wanted = ty.kinds.single().expect("a scalar is of one kind") as i64;
        let good = self.b.ins().icmp_imm_u(IntCC::Equal, tag, wanted);
        let next = self.b.create_block();
        self.b.ins().brif(good, next, &[], self.other, &[]);
        self.b.switch_to_block(next);
        match ty.repr {
            Repr::F64 => self.b.ins().bitcast(types::F64, MemFlagsData::new(), payload),
            Repr::Bool => self.b.ins().ireduce(types::I8, payload),
            _ => payload,
        }
    }

    /// Takes what the code is lent out of the slots.
    fn take_lent(&mut self, lent: &[(SlotIx, Pair)]) -> Vec<Pair> {
        let null = self.b.ins().iconst(types::I64, tag::NULL as i64);
        for (slot, _) in lent {
            self.b.ins().store(MemFlagsData::trusted(), null, self.words[0], slot_offset(*slot));
        }
        lent.iter().map(|(_, pair)| *pair).collect()
    }

    fn is_counted(&mut self, value_tag: clif::Value) -> clif::Value {
        let offset = self.b.ins().iadd_imm_s(value_tag, -(tag::HEAP_FIRST as i64));
        self.b.ins().icmp_imm_u(IntCC::UnsignedLessThanOrEqual, offset, (tag::HEAP_LAST - tag::HEAP_FIRST) as i64)
    }

    /// Gives up one count of what a boxed value refers to, if anything.
    fn release(&mut self, value_tag: clif::Value, payload: clif::Value) {
        let (counted, several, last, next) =
            (self.b.create_block(), self.b.create_block(), self.b.create_block(), self.b.create_block());
        let is_counted = self.is_counted(value_tag);
        self.b.ins().brif(is_counted, counted, &[], next, &[]);
        self.b.switch_to_block(counted);
        let count = self.load(types::I32, payload, 0);
        let are_several = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThan, count, 1);
        self.b.ins().brif(are_several, several, &[], last, &[]);
        self.b.switch_to_block(several);
        let fewer = self.b.ins().iadd_imm_s(count, -1);
        self.b.ins().store(MemFlagsData::trusted(), fewer, payload, 0);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(last);
        let pinned = self.b.ins().get_pinned_reg(types::I64);
        let heads = self.load(types::I64, pinned, context::FREE_BLOCKS);
        let helper = self.imports.helper(Helper::Release, false, self.b.func);
        self.b.ins().call(helper, &[payload, heads]);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
    }

    /// A result in parts, made an array; any other as it is.
    fn join_parts(&mut self, tag: clif::Value, payload: clif::Value) -> Vec<clif::Value> {
        let (parts, next) = (self.b.create_block(), self.b.create_block());
        let results = vec![self.b.append_block_param(next, types::I64), self.b.append_block_param(next, types::I64)];
        let in_parts = self.b.ins().icmp_imm_u(IntCC::Equal, tag, tag::PARTS as i64);
        self.b.ins().brif(in_parts, parts, &[], next, &[tag.into(), payload.into()]);
        self.b.switch_to_block(parts);
        let pinned = self.b.ins().get_pinned_reg(types::I64);
        let helper = self.imports.helper(Helper::JoinParts, false, self.b.func);
        let call = self.b.ins().call(helper, &[pinned, payload]);
        let joined: Vec<clif::BlockArg> = self.b.inst_results(call).iter().map(|word| (*word).into()).collect();
        self.b.ins().jump(next, &joined);
        self.b.switch_to_block(next);
        results
    }

    /// Counts what a boxed value refers to, if anything.
    fn retain(&mut self, value_tag: clif::Value, payload: clif::Value) {
        let (counted, next) = (self.b.create_block(), self.b.create_block());
        let is_counted = self.is_counted(value_tag);
        self.b.ins().brif(is_counted, counted, &[], next, &[]);
        self.b.switch_to_block(counted);
        let helper = self.imports.helper(Helper::Retain, false, self.b.func);
        self.b.ins().call(helper, &[payload]);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
    }

    /// The way out for parameters of other kinds.
    fn leave(&mut self, way: Way, number: u64, lent: &[(SlotIx, Pair)]) {
        let fp = self.words[0];
        self.b.switch_to_block(self.other);
        for (slot, (tag, payload)) in lent.iter().filter(|_| way == Way::Lent) {
            self.retain(*tag, *payload);
            self.b.ins().store(MemFlagsData::trusted(), *tag, fp, slot_offset(*slot));
            self.b.ins().store(MemFlagsData::trusted(), *payload, fp, slot_offset(*slot) + 8);
        }
        let pinned = self.b.ins().get_pinned_reg(types::I64);
        let number = self.b.ins().iconst(types::I64, number as i64);
        let helper = self.imports.helper(Helper::Exit, false, self.b.func);
        let native = self.b.ins().get_frame_pointer(types::I64);
        let call = self.b.ins().call(helper, &[pinned, number, fp, native]);
        let results = self.b.inst_results(call).to_vec();
        self.b.ins().return_(&results);
    }
}
