//! The way into code with unboxed parameters for callers that have put them into slots.
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, AbiParam, InstBuilder, MemFlagsData, Signature, types};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::exits::{Check, ExitInfo, ExitKind};
use super::{Helper, Imports, machine_type, slot_offset};
use crate::jit::ir::{FrameInfo, Function, SlotIx};
use crate::vm::After;

/// The signature of code with the unboxed parameters of `function`, or without any.
pub fn signature(convention: CallConv, function: Option<&Function>) -> Signature {
    let mut signature = Signature::new(convention);
    signature.params.extend([AbiParam::new(types::I64); 2]);
    for (_, value) in function.map_or(&[][..], |function| &function.params) {
        let repr = function.expect("it has parameters").ty(*value).repr;
        signature.params.push(AbiParam::new(machine_type(repr)));
    }
    signature.returns.extend([AbiParam::new(types::I64); 2]);
    signature
}

/// Makes the entry: checks the parameters in their slots and calls the code. Gives the exit for parameters of other kinds.
pub fn lower_entry(
    function: &Function,
    number: u64,
    target: &mut clif::Function,
    context: &mut FunctionBuilderContext,
    imports: &mut dyn Imports,
    frontend: cranelift_codegen::isa::TargetFrontendConfig,
) -> ExitInfo {
    let mut b = FunctionBuilder::new(target, context);
    let (entry, other) = (b.create_block(), b.create_block());
    b.set_cold_block(other);
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let (fp, closure) = (b.block_params(entry)[0], b.block_params(entry)[1]);
    let mut args = vec![fp, closure];
    for (slot, value) in &function.params {
        let ty = function.ty(*value);
        let wanted = ty.kinds.single().expect("a scalar is of one kind") as i64;
        let tag = b.ins().load(types::I64, MemFlagsData::trusted(), fp, slot_offset(*slot));
        let good = b.ins().icmp_imm_u(IntCC::Equal, tag, wanted);
        let next = b.create_block();
        b.ins().brif(good, next, &[], other, &[]);
        b.switch_to_block(next);
        args.push(b.ins().load(machine_type(ty.repr), MemFlagsData::trusted(), fp, slot_offset(*slot) + 8));
    }
    let own = imports.own(b.func);
    let call = b.ins().call(own, &args);
    let results = b.inst_results(call).to_vec();
    b.ins().return_(&results);
    b.switch_to_block(other);
    let pinned = b.ins().get_pinned_reg(types::I64);
    let number = b.ins().iconst(types::I64, number as i64);
    let helper = imports.helper(Helper::Exit, false, b.func);
    let native = b.ins().get_frame_pointer(types::I64);
    let call = b.ins().call(helper, &[pinned, number, fp, closure, native]);
    let results = b.inst_results(call).to_vec();
    b.ins().return_(&results);
    b.seal_all_blocks();
    b.finalize(frontend);
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
