//! Leaving compiled code: the frame state goes back to the VM's registers, and the VM goes on.
//!
//! Promises the blocks rest on: those of `helpers`, and **state**: an exit's description was made together with the code that
//! takes it; a slot it names holds no counted reference before, and a boxed value it names is a value that is alive; and
//! **native**: compiled code keeps frame pointers, and only its own return addresses are in `Context::calls`, so a frame whose
//! return address is there was called by compiled code.
#![allow(unsafe_code)]

use std::mem::ManuallyDrop;
use std::sync::Arc;

use super::helpers::{Pair, guarded};
use super::ir::{Form, Made, SlotIx};
use super::lower::{ExitInfo, ExitKind, Where};
use super::runtime::Context;
use crate::semantics::fault::{Fault, Raise, faults, throw_simply};
use crate::value::layout::tag;
use crate::value::shapes::shape_info;
use crate::value::{FnId, Value};
use crate::vm::Vm;
use crate::vm::compiled::{LeftFrame, Lent};
use crate::vm::stack::{Fp, Home};

/// The exit helper.
///
/// # Safety
/// As `helpers::context` says of what machine code hands over.
pub unsafe extern "C" fn leave(context: *mut Context, number: u64, fp: Fp, native: u64) -> Pair {
    // SAFETY: `helpers::context`.
    let context = unsafe { &mut *context };
    let number = number as usize;
    let info = context.exits[number].info.clone();
    if info.kind == ExitKind::Poll {
        let own = info.frames.iter().rev().map(|frame| (frame.function, frame.pc));
        sample(context, own, native);
    }
    write_back(context, &info, fp);
    if count(context, number, info.kind) {
        // SAFETY: `helpers::context`.
        let vm = unsafe { &mut *(context.vm as *mut Vm) };
        vm.tell_tier(number, fp);
    }
    if info.kind == ExitKind::StackOverflow {
        context.raised = Some(faults::stack_overflow());
        return overflow(context, &info, fp);
    }
    let raise = if info.kind == ExitKind::Raise { context.raised.take() } else { None };
    if fp.address(0) as u64 == context.entered_frame {
        context.raised = raise;
        context.left = Some(number);
        return Pair { tag: tag::EXIT, payload: 0 };
    }
    let parts = parts(context, &info);
    let result = guarded(context, |_, vm| {
        let frames = left_frames(vm, &info, &parts, fp)?;
        vm.continue_frames(&frames, raise)
    });
    result.map_or(Pair::RAISED, Pair::from_value)
}

/// The frames of an exit of code that runs at `fp`.
/// `parts`: see [`parts`].
pub fn left_frames(vm: &mut Vm, info: &ExitInfo, parts: &[(SlotIx, Home)], fp: Fp) -> Result<Vec<LeftFrame>, Raise> {
    let mut frames = Vec::with_capacity(info.frames.len());
    for frame in &info.frames {
        let function = vm.function_ref(frame.function)?;
        let part = || parts.iter().find(|(base, _)| *base == frame.base).map(|(_, home)| Lent::Part(*home));
        let lent = frame.lent.map(|home| Lent::Register(fp.above(home.index()))).or_else(part);
        let (fp, pc) = (fp.above(frame.base.index()), frame.pc as usize);
        frames.push(LeftFrame { function, fp, pc, after: frame.after, lent });
    }
    Ok(frames)
}

/// First slots of frames whose `self` is a part of a local, and where it goes back to, as the exit that was just taken has left it.
pub fn parts(context: &Context, info: &ExitInfo) -> Vec<(SlotIx, Home)> {
    info.parts.iter().map(|(base, word)| (*base, Home::left(context.exit_buffer[usize::from(*word)]))).collect()
}

/// The function has not begun: its arguments are dropped, its caller sees the error at the call. A `self` on loan stays for
/// the caller to give back.
fn overflow(context: &mut Context, info: &ExitInfo, fp: Fp) -> Pair {
    drop_arguments(context, info.frames[0].function, fp);
    Pair::RAISED
}

fn drop_arguments(context: &Context, function: u32, fp: Fp) {
    // SAFETY: `helpers::context`.
    let vm = unsafe { &mut *(context.vm as *mut Vm) };
    if let Ok(function) = vm.function_ref(function) {
        let first = u16::from(function.mutating());
        fp.clear_nulling(first, function.chunk.params - first);
    }
}

/// What a handler in compiled code gets for an error: for a value thrown, or for what was raised. An exception if that is the VM's business.
///
/// # Safety
/// As `helpers::context` says of what machine code hands over; tag and payload are those of a live value, or say that none is thrown.
pub unsafe extern "C" fn caught(context: *mut Context, number: u64, how: u64, value_tag: u64, payload: u64) -> Pair {
    // SAFETY: `helpers::context`.
    let context = unsafe { &mut *context };
    let fault = if value_tag == tag::EXC {
        match context.raised.take() {
            Some(Raise::Fault(fault)) => Some(*fault),
            other => {
                context.raised = other;
                None
            }
        }
    } else {
        thrown(Pair { tag: value_tag, payload })
    };
    let Some(mut fault) = fault else { return Pair::RAISED };
    let info = context.exits[number as usize].info.clone();
    let frames = info.frames[how as u32 as usize..].iter().rev().map(|frame| (frame.function, frame.pc));
    let caught = guarded(context, |_, vm| {
        vm.trace_left(&mut fault, frames)?;
        vm.caught_left(fault, info.frames[how as u32 as usize].function, how >> 32 != 0)
    });
    caught.map_or(Pair::RAISED, Pair::from_value)
}

/// Leaves the error of a value thrown, which leaves all frames of the code, for who called it. 0 if it is the VM's business to throw it.
///
/// # Safety
/// As `helpers::context` says of what machine code hands over; tag and payload are those of a live value.
pub unsafe extern "C" fn throw(context: *mut Context, number: u64, value_tag: u64, payload: u64) -> u64 {
    // SAFETY: `helpers::context`.
    let context = unsafe { &mut *context };
    let Some(mut fault) = thrown(Pair { tag: value_tag, payload }) else { return 0 };
    let info = context.exits[number as usize].info.clone();
    let frames = info.frames.iter().rev().map(|frame| (frame.function, frame.pc));
    if guarded(context, |_, vm| vm.trace_left(&mut fault, frames)).is_some() {
        context.raised = Some(fault.into());
    }
    1
}

/// The error of a value that somebody else keeps, if making it runs no user code.
fn thrown(pair: Pair) -> Option<Fault> {
    // SAFETY: **state**: a value that is alive; it is not dropped here.
    let value = ManuallyDrop::new(unsafe { pair.into_value() });
    throw_simply(Value::clone(&value)).ok()
}

/// Something wants attention before a function begins. 1: it has raised, and its arguments are dropped.
///
/// # Safety
/// As `helpers::context` says of what machine code hands over.
pub unsafe extern "C" fn poll(context: *mut Context, function: u64, fp: Fp, native: u64) -> u64 {
    // SAFETY: `helpers::context`.
    let context = unsafe { &mut *context };
    sample(context, std::iter::once((function as u32, 0)), native);
    if guarded(context, |_, vm| vm.attend()).is_some() {
        return 0;
    }
    drop_arguments(context, function as u32, fp);
    1
}

/// Before a call of a compiled function: there may be no room for it, or something wants attention. 1: it has raised, and the
/// arguments of the function to be called, whose number is in the upper half of `functions`, are dropped.
///
/// # Safety
/// As `helpers::context` says of what machine code hands over.
pub unsafe extern "C" fn room(context: *mut Context, functions: u64, fp: Fp, top: u64, native: u64) -> u64 {
    // SAFETY: `helpers::context`.
    let context = unsafe { &mut *context };
    let is_full = top > context.slots_end || crate::limits::stack::remaining() < super::STACK_MARGIN as usize;
    if crate::limits::pending() {
        sample(context, std::iter::once((functions as u32, 0)), native);
        if guarded(context, |_, vm| vm.attend()).is_none() {
            drop_arguments(context, (functions >> 32) as u32, fp);
            return 1;
        }
    }
    if is_full {
        context.raised = Some(faults::stack_overflow());
        drop_arguments(context, (functions >> 32) as u32, fp);
    }
    u64::from(is_full)
}

/// A profiler wants to know where the program is: in these functions, the innermost first, and in those that called them.
fn sample(context: &Context, own: impl Iterator<Item = (u32, u32)>, native: u64) {
    // SAFETY: `helpers::context`.
    let vm = unsafe { &mut *(context.vm as *mut Vm) };
    if vm.is_sampled() {
        vm.sample_left(own.chain(callers(context, native)));
    }
}

/// Functions and instructions of the compiled code that has called the one with this frame, up to where the VM has entered.
fn callers(context: &Context, mut native: u64) -> impl Iterator<Item = (u32, u32)> {
    let step = move || {
        // SAFETY: **native**: the frame pointer's two words are the caller's frame pointer and the return address.
        let [caller, address] = unsafe { *(native as *const [u64; 2]) };
        let frames = context.calls.get(&address)?;
        native = caller;
        Some(frames.iter().copied())
    };
    std::iter::from_fn(step).flatten()
}

fn write_back(context: &Context, info: &ExitInfo, fp: Fp) {
    for instance in &info.instances {
        let mut fields = instance.fields.iter().map(|place| left(context, place).expect("fields are in the buffer"));
        fp.above(instance.slot.index()).set(0, make(&instance.form, &mut fields));
    }
    for slot in &info.slots {
        let at = fp.above(slot.slot.index());
        match left(context, &slot.value) {
            Some(value) => at.set(0, value),
            None if slot.value == (Where::Slot { owned: false }) => std::mem::forget(at.get(0).clone()),
            None => {}
        }
    }
}

/// Makes an object that did not exist, and those inside of it, of its fields in order.
fn make(form: &Form, fields: &mut dyn Iterator<Item = Value>) -> Value {
    let mut part = |part: &Option<Arc<Form>>| match part {
        Some(inner) => make(inner, fields),
        None => fields.next().expect("each field is somewhere"),
    };
    let values: Vec<Value> = form.parts.iter().map(&mut part).collect();
    match form.made {
        Made::Struct(shape) => Value::instance(shape_info(shape).decl().id, values).expect("a small block is always there"),
        Made::Variant(shape) => Value::variant(shape, values),
        Made::Array(_) => Value::array(values),
        Made::Closure(function) => Value::closure(FnId(function), values),
    }
}

/// A value that an exit has left, counted for where it goes; nothing if it is in its slot already.
fn left(context: &Context, place: &Where) -> Option<Value> {
    let word = |word: u16| context.exit_buffer[usize::from(word)];
    let (pair, owned) = match *place {
        Where::Constant { tag, payload } => (Pair { tag, payload }, true),
        // Of bools one byte is stored.
        Where::Payload { word: at, tag: tag::BOOL, owned } => (Pair { tag: tag::BOOL, payload: word(at) & 0xff }, owned),
        Where::Payload { word: at, tag, owned } => (Pair { tag, payload: word(at) }, owned),
        Where::Pair { word: at, owned } => (Pair { tag: word(at), payload: word(at + 1) }, owned),
        Where::Slot { .. } => return None,
    };
    // SAFETY: **state**; a borrowed value is counted for where it goes, an owned one moves there, constants own nothing.
    let value = unsafe { pair.into_value() };
    if !owned {
        std::mem::forget(value.clone());
    }
    Some(value)
}

/// Counts exits. True if the tier wants to hear of this one: a check has failed, and not on purpose.
fn count(context: &mut Context, at: usize, kind: ExitKind) -> bool {
    let exit = &mut context.exits[at];
    exit.taken = exit.taken.saturating_add(1);
    if !matches!(kind, ExitKind::Execute | ExitKind::Front | ExitKind::Poll | ExitKind::Unreached) {
        return false;
    }
    if kind != ExitKind::Unreached && context.countdown == 0 && (context.exit_every > 0 || context.churns) {
        context.forced += 1;
        exit.taken -= 1;
        let code = exit.code;
        context.countdown = context.exit_every;
        return context.churns && churn(context, code);
    }
    if kind == ExitKind::Poll {
        return false;
    }
    let (taken, number) = (exit.taken, exit.code);
    let patience = context.patience(&context.exits[at].info);
    let code = &mut context.codes[number as usize];
    code.failed = code.failed.saturating_add(1);
    let storm = taken % patience == 0 || code.failed.is_multiple_of(context.storms_in_all);
    if storm && !code.given_up {
        code.given_up = true;
        context.storms.push(number);
    }
    storm || context.listens
}

/// For tests: code is given up at every fourth poll that fails. True if this is one.
fn churn(context: &mut Context, number: u32) -> bool {
    context.countdown = 1 + context.random() % 16;
    let code = &mut context.codes[number as usize];
    let gives_up = context.countdown.is_multiple_of(4) && !code.given_up;
    if gives_up {
        code.given_up = true;
        context.storms.push(number);
    }
    gives_up
}
