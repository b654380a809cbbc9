//! Leaving compiled code: the frame state goes back to the VM's registers, and the VM goes on.
//!
//! Promises the blocks rest on: those of `helpers`, and **state**: an exit's description was made together with the code that
//! takes it; a slot it names holds no counted reference before, and a boxed value it names is a value that is alive.
#![allow(unsafe_code)]

use super::helpers::{Pair, guarded};
use super::lower::{ExitInfo, ExitKind, Where};
use super::runtime::Context;
use crate::semantics::fault::{Raise, faults};
use crate::value::layout::tag;
use crate::value::Value;
use crate::vm::compiled::LeftFrame;
use crate::vm::Vm;
use crate::vm::stack::Fp;

/// Exits at one instruction after which the code that contains it is given up.
const STORM: u32 = 50;

/// In the payload of an EXIT result: the instruction has raised.
pub const RAISED: u64 = 1 << 40;

/// The exit helper.
pub extern "C" fn leave(context: *mut Context, number: u64, fp: Fp, _closure: u64) -> Pair {
    // SAFETY: `helpers::context`.
    let context = unsafe { &mut *context };
    let info = context.exits[number as usize].info.clone();
    count(context, number as usize, &info);
    write_back(context, &info, fp);
    if info.kind == ExitKind::StackOverflow {
        context.raised = Some(faults::stack_overflow());
        return overflow(context, &info, fp);
    }
    let raise = if info.kind == ExitKind::Raise { context.raised.take() } else { None };
    if let [frame] = info.frames[..]
        && fp.address(0) as u64 == context.entered_frame
    {
        let flag = if raise.is_some() { RAISED } else { 0 };
        context.raised = raise;
        return Pair { tag: tag::EXIT, payload: u64::from(frame.pc) | flag };
    }
    let result = guarded(context, |_, vm| continue_in_vm(vm, &info, fp, raise));
    result.map_or(Pair::RAISED, Pair::from_value)
}

fn continue_in_vm(vm: &mut Vm, info: &ExitInfo, fp: Fp, raise: Option<Raise>) -> Result<Value, Raise> {
    let mut frames = Vec::with_capacity(info.frames.len());
    for frame in &info.frames {
        let function = vm.function_ref(frame.function)?;
        frames.push(LeftFrame { function, fp: fp.above(frame.base.index()), pc: frame.pc as usize });
    }
    vm.continue_frames(&frames, raise)
}

/// The function has not begun: its arguments are dropped, its caller sees the error at the call.
fn overflow(context: &mut Context, info: &ExitInfo, fp: Fp) -> Pair {
    let function = info.frames[0].function;
    // SAFETY: `helpers::context`.
    let vm = unsafe { &mut *(context.vm as *mut Vm) };
    if let Ok(function) = vm.function_ref(function) {
        fp.clear_nulling(0, function.chunk.params);
    }
    Pair::RAISED
}

fn write_back(context: &Context, info: &ExitInfo, fp: Fp) {
    for slot in &info.slots {
        let value = match slot.value {
            Where::Scalar { word, tag } => {
                let pair = Pair { tag: u64::from(tag), payload: context.exit_buffer[usize::from(word)] };
                // SAFETY: **state**; scalars own nothing.
                unsafe { pair.into_value() }
            }
            Where::Boxed { word, owned } => {
                let at = usize::from(word);
                let pair = Pair { tag: context.exit_buffer[at], payload: context.exit_buffer[at + 1] };
                // SAFETY: **state**; a borrowed value is counted for its slot, an owned one moves there.
                let value = unsafe { pair.into_value() };
                if !owned {
                    std::mem::forget(value.clone());
                }
                value
            }
        };
        fp.above(slot.slot.index()).set(0, value);
    }
}

/// Counts exits of checks that failed; an instruction that leaves often is noted for the policy.
fn count(context: &mut Context, number: usize, info: &ExitInfo) {
    if info.kind != ExitKind::Execute {
        return;
    }
    let owner = context.exits[number].owner;
    let Some(frame) = info.frames.last().copied() else { return };
    let count = context.exit_counts.entry((frame.function, frame.pc)).or_insert(0);
    *count += 1;
    if context.trace && matches!(*count, 1 | 10 | 100 | 1000) {
        eprintln!("[jit] exit f#{} pc={} n={}", frame.function, frame.pc, count);
    }
    if *count % STORM == 0 {
        context.storms.push((owner, frame.function, frame.pc));
    }
}
