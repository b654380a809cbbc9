//! Functions of the runtime that compiled code calls, by C convention. They hold no meaning: they unpack, ask the VM, and report
//! by status.
//!
//! Promises the blocks rest on:
//! * **context**: compiled code passes the context it was entered with; its `vm` is the VM that is suspended in `Tier::enter`,
//!   which nobody else uses meanwhile.
//! * **frames**: `fp` is the frame that compiled code runs on, in that VM's stack; tags and payloads are those of values.
//! * No helper unwinds into compiled code: panics are caught and end the program as a mistake of ours.
#![allow(unsafe_code)]

mod operate;
pub mod preserving;

use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;

use super::ir::inst::FloatFunction;
use super::lower::Helper;
use super::runtime::Context;
use crate::builtins::{self, BuiltinId};
use crate::semantics::fault::Raise;
use crate::value::Array;
use crate::value::Value;
use crate::value::heap::{self, Kind};
use crate::value::layout::tag;
use crate::vm::After;
use crate::vm::Vm;
use crate::vm::compiled::LeftFrame;
use crate::vm::stack::Fp;

/// Tag and payload, in two registers.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    pub tag: u64,
    pub payload: u64,
}

impl Pair {
    pub const NULL: Pair = Pair { tag: tag::NULL, payload: 0 };
    pub const RAISED: Pair = Pair { tag: tag::EXC, payload: 0 };

    /// Gives up a value to whoever takes the pair.
    pub fn from_value(value: Value) -> Pair {
        let value = ManuallyDrop::new(value);
        // SAFETY: a value is its tag and its payload, 16 bytes.
        unsafe { *std::ptr::from_ref(&*value).cast::<Pair>() }
    }

    /// The bits of a value that somebody else keeps.
    pub fn borrowed(value: &Value) -> Pair {
        // SAFETY: a value is its tag and its payload, 16 bytes.
        unsafe { *std::ptr::from_ref(value).cast::<Pair>() }
    }

    /// Takes over a value that the pair owns.
    ///
    /// # Safety
    /// The pair is the tag and payload of a value nobody else owns.
    pub unsafe fn into_value(self) -> Value {
        // SAFETY: by the caller; same size and layout.
        unsafe { std::mem::transmute::<Pair, Value>(self) }
    }
}

/// Address of a helper.
pub fn address(helper: Helper) -> *const u8 {
    match helper {
        Helper::Exit => super::exit::leave as *const u8,
        Helper::Fallback => fallback as *const u8,
        Helper::Caught => super::exit::caught as *const u8,
        Helper::Throw => super::exit::throw as *const u8,
        Helper::Call => call as *const u8,
        Helper::CallValue => call_value as *const u8,
        Helper::Poll => super::exit::poll as *const u8,
        Helper::Room => super::exit::room as *const u8,
        Helper::JoinParts => operate::join_parts as *const u8,
        Helper::TakeParts => operate::take_parts as *const u8,
        Helper::Retain => retain as *const u8,
        Helper::Release => release as *const u8,
        Helper::Truthy => truthy as *const u8,
        Helper::CallBuiltin => call_builtin as *const u8,
        Helper::CallMutating => call_mutating as *const u8,
        Helper::Push => push as *const u8,
        Helper::Unshare => unshare as *const u8,
        Helper::Generalise => generalise as *const u8,
        Helper::Settle => settle as *const u8,
        Helper::NewObject => new_object as *const u8,
        Helper::ArrayItem => array_item as *const u8,
        Helper::Arith => operate::arith as *const u8,
        Helper::Amend => operate::amend as *const u8,
        Helper::AppendChar => operate::append_char as *const u8,
        Helper::Compare => operate::compare as *const u8,
        Helper::Contains => operate::contains as *const u8,
        Helper::Find => operate::find as *const u8,
        Helper::Item => operate::item as *const u8,
        Helper::ItemOrNull => operate::item_or_null as *const u8,
        Helper::RemoveAt => operate::remove_at as *const u8,
        Helper::InsertAt => operate::insert_at as *const u8,
        Helper::Swap => operate::swap as *const u8,
        Helper::SetItem => operate::set_item as *const u8,
        Helper::UpdateItem => operate::update_item as *const u8,
        Helper::PushItem => operate::push_item as *const u8,
        Helper::EntryAt => operate::entry_at as *const u8,
        Helper::Slice => operate::slice as *const u8,
        Helper::Text => operate::text as *const u8,
        Helper::AppendText => operate::append_text as *const u8,
        Helper::Array => operate::array as *const u8,
        Helper::Dict => operate::dict as *const u8,
        Helper::Variant => operate::variant as *const u8,
        Helper::Passes => operate::passes as *const u8,
        Helper::Part => operate::part as *const u8,
        Helper::NextEntry => operate::next_entry as *const u8,
        Helper::LowWord => operate::low_word as *const u8,
        Helper::FromWord => operate::from_word as *const u8,
        Helper::Place => operate::place as *const u8,
        Helper::OfEnum => operate::of_enum as *const u8,
        Helper::Field => operate::field as *const u8,
        Helper::SetField => operate::set_field as *const u8,
        Helper::UpdateField => operate::update_field as *const u8,
        Helper::SetPlace => operate::set_place as *const u8,
        Helper::UpdatePlace => operate::update_place as *const u8,
        Helper::Range => operate::range as *const u8,
        Helper::HasParts => operate::has_parts as *const u8,
        Helper::Cell => operate::cell as *const u8,
        Helper::Assign => operate::assign as *const u8,
        Helper::Float => float as *const u8,
    }
}

/// Runs `work` with the VM; a panic becomes a raise that ends the program.
pub fn guarded<R>(context: &mut Context, work: impl FnOnce(&mut Context, &mut Vm) -> Result<R, Raise>) -> Option<R> {
    // SAFETY: **context**.
    let vm = unsafe { &mut *(context.vm as *mut Vm) };
    let result = catch_unwind(AssertUnwindSafe(|| work(&mut *context, vm)));
    // SAFETY: **context**; the table may have moved while the VM ran.
    context.module_table = unsafe { &*(context.vm as *const Vm) }.module_table() as u64;
    match result {
        Ok(Ok(value)) => Some(value),
        Ok(Err(raise)) => {
            context.raised = Some(raise);
            None
        }
        Err(_) => {
            context.raised = Some(Raise::bug("a panic under compiled code"));
            None
        }
    }
}

/// The same for a value, tag and payload apart. Handed on as a whole it would be read in one piece right after its words were written one by
/// one, for which the processor waits a dozen cycles, at each level again.
fn guarded_value(context: &mut Context, work: impl FnOnce(&mut Vm) -> Result<(u64, u64), Raise>) -> Pair {
    let mut pair = Pair::RAISED;
    guarded(context, |_, vm| {
        let (tag, payload) = work(vm)?;
        pair = Pair { tag, payload };
        Ok(())
    });
    pair
}

extern "C" fn fallback(context: *mut Context, function: u64, pc: u64, fp: Fp) -> i64 {
    // SAFETY: **context**.
    let context = unsafe { &mut *context };
    let next = guarded(context, |_, vm| {
        let function = vm.function_ref(function as u32)?;
        vm.execute_one(function, fp, pc as usize)
    });
    next.map_or(-1, |next| next as i64)
}

extern "C" fn call(context: *mut Context, function: u64, fp: Fp) -> Pair {
    // SAFETY: **context**.
    let context = unsafe { &mut *context };
    guarded_value(context, |vm| {
        let function = vm.function_ref(function as u32)?;
        vm.call_in_place(function, fp).map(Value::into_bits)
    })
}

extern "C" fn call_value(context: *mut Context, function: u64, pc: u64, fp: Fp) -> Pair {
    // SAFETY: **context**.
    let context = unsafe { &mut *context };
    guarded_value(context, |vm| {
        let function = vm.function_ref(function as u32)?;
        vm.execute_for_result(function, fp, pc as usize).map(Value::into_bits)
    })
}

extern "C" fn call_builtin(context: *mut Context, function: u64, pc: u64, fp: Fp, base: Fp, what: u64) -> Pair {
    // SAFETY: **context**.
    let context = unsafe { &mut *context };
    guarded_value(context, |vm| {
        let frame =
            LeftFrame { function: vm.function_ref(function as u32)?, fp, pc: pc as usize, after: After::Store, lent: None };
        vm.call_native(frame, what as u16, base, (what >> 16) as usize)
    })
}

extern "C" fn call_mutating(context: *mut Context, site: u64, fp: Fp, place: Fp, base: Fp, what: u64) -> Pair {
    // SAFETY: **context**.
    let context = unsafe { &mut *context };
    guarded_value(context, |vm| {
        let frame = LeftFrame {
            function: vm.function_ref(site as u32)?,
            fp,
            pc: (site >> 32) as usize,
            after: After::Store,
            lent: None,
        };
        vm.call_mutating(frame, what as u16, place, base, (what >> 16) as usize & 0xFFFF, what >> 32 != 0)
    })
}

/// Appends to the array in a slot, by the builtin; the item is given up.
extern "C" fn push(context: *mut Context, slot: Fp, value_tag: u64, payload: u64, builtin: u64) -> u64 {
    // SAFETY: **context**.
    let heads = unsafe { (*context).free_blocks } as usize;
    let kind = match value_tag {
        tag::INT => Kind::I64,
        tag::FLOAT => Kind::F64,
        tag::BOOL => Kind::Bool,
        _ => Kind::Val,
    };
    if let Value::Array(items) = slot.get_mut(0)
        // SAFETY: **context** for the lists; compiled code gives up the value that these words are.
        && unsafe { heap::grow_small(items, kind, [value_tag, payload], heads) }
    {
        return 0;
    }
    push_any(context, slot, Pair { tag: value_tag, payload }, builtin)
}

/// The same for whatever it is; apart, so that nothing has to be saved for it above.
#[inline(never)]
extern "C" fn push_any(context: *mut Context, slot: Fp, item: Pair, builtin: u64) -> u64 {
    // SAFETY: **context**, **frames**; compiled code gives up the value.
    let (context, item) = unsafe { (&mut *context, item.into_value()) };
    if let Value::Array(items) = slot.get_mut(0)
        && let Some(array) = items.get_mut()
        && array.kind() != Kind::Val
        && array.reserve_for(&item, 1).is_ok()
    {
        array.push(item).expect("room was made");
        return 0;
    }
    let pushed = guarded(context, |_, vm| match builtins::info(BuiltinId(builtin as u16)).mutating() {
        Some(change) => change(vm, slot.get_mut(0), &mut [item], false).map(drop),
        None => Err(Raise::bug("a push that changes nothing")),
    });
    u64::from(pushed.is_none())
}

extern "C" fn retain(object: u64) {
    // SAFETY: **frames**; a counted object of any kind: its count is in its header. The tag does not matter to the count.
    let value = ManuallyDrop::new(unsafe { Pair { tag: tag::STR, payload: object }.into_value() });
    std::mem::forget((*value).clone());
}

extern "C" fn release(object: *mut heap::Hdr, heads: usize) {
    let Some(object) = NonNull::new(object) else { return };
    // SAFETY: **frames**; compiled code gives up a reference to a counted object. **context** for the lists.
    unsafe { heap::release_last(object, heads) };
}

extern "C" fn float(function: u64, a: u64, b: u64) -> u64 {
    let (a, b) = (f64::from_bits(a), f64::from_bits(b));
    let result = match FloatFunction::ALL[function as usize] {
        FloatFunction::Sin => a.sin(),
        FloatFunction::Cos => a.cos(),
        FloatFunction::Tan => a.tan(),
        FloatFunction::Atan => a.atan(),
        FloatFunction::Exp => a.exp(),
        FloatFunction::Log => a.ln(),
        FloatFunction::Atan2 => a.atan2(b),
        FloatFunction::Power => a.powf(b),
        FloatFunction::Remainder => a % b,
    };
    result.to_bits()
}

extern "C" fn truthy(value_tag: u64, payload: u64) -> u64 {
    // SAFETY: **frames**; borrowed.
    let value = ManuallyDrop::new(unsafe { Pair { tag: value_tag, payload }.into_value() });
    u64::from(value.is_truthy())
}

extern "C" fn unshare(address: *mut Value, heads: usize) -> u64 {
    // SAFETY: **frames**; the place of a live value that only compiled code can reach now.
    let value = unsafe { &mut *address };
    if let Value::Array(items) = value
        // SAFETY: **context**.
        && unsafe { heap::unshare_small(items, heads) }
    {
        return items.address() as u64;
    }
    unshare_any(value)
}

/// The same for whatever it is; apart, so that nothing has to be saved for it above.
#[inline(never)]
extern "C" fn unshare_any(value: &mut Value) -> u64 {
    if let Value::Array(items) = value
        && !items.is_unique()
        && let Some(Ok(copied)) = items.copy_unboxed(0, items.len())
    {
        *items = copied;
        return items.address() as u64;
    }
    let before = value.shape();
    let copied = catch_unwind(AssertUnwindSafe(|| value.unshare().is_ok()));
    match value.address() {
        Some(object) if copied.unwrap_or(false) && value.shape() == before => object as u64,
        _ => 0,
    }
}

extern "C" fn new_object(size: u64) -> u64 {
    crate::value::heap::small_object(size as usize) as u64
}

extern "C" fn generalise(array: u64) -> u64 {
    change_array(array, |items| items.generalise().is_ok())
}

extern "C" fn settle(array: u64) -> u64 {
    change_array(array, |items| {
        items.settle();
        true
    })
}

/// Changes how an array is stored; false if others hold it as well.
fn change_array(array: u64, change: impl FnOnce(&mut Array) -> bool) -> u64 {
    // SAFETY: **frames**; an array that only one slot or container holds. The reference belongs to that one.
    let mut value = ManuallyDrop::new(unsafe { Pair { tag: tag::ARRAY, payload: array }.into_value() });
    let work = AssertUnwindSafe(|| match &mut *value {
        Value::Array(items) => items.get_mut().is_some_and(change),
        _ => false,
    });
    u64::from(catch_unwind(work).unwrap_or(false))
}

extern "C" fn array_item(array: u64, index: u64) -> Pair {
    // SAFETY: **frames**; borrowed.
    let value = ManuallyDrop::new(unsafe { Pair { tag: tag::ARRAY, payload: array }.into_value() });
    let Value::Array(items) = &*value else { return Pair::RAISED };
    // What is given is borrowed from the array: it is not counted.
    let item = items.borrow(index as usize).map(|item| Pair::from_value(item.get().clone()));
    let Some(pair) = item else { return Pair::RAISED };
    // SAFETY: the count taken by the clone above; the array keeps its own.
    drop(unsafe { pair.into_value() });
    pair
}

/// The value that compiled code has returned.
pub fn returned(pair: Pair) -> Value {
    // SAFETY: compiled code returns an owned value; its special tags were looked at before.
    unsafe { pair.into_value() }
}
