//! The IR as text, the same for dumps and snapshots.
use std::fmt::Write;
use std::sync::Arc;

use super::{Block, Form, FrameState, Function, Inst, Late, Made, Terminator, ValueId};
use crate::jit::listing::Listing;
use crate::jit::options;

/// The text alone.
pub fn print(function: &Function) -> String {
    list(function, "").plain()
}

/// One line for each instruction, with the types of results and the exits.
pub fn list(function: &Function, stage: &'static str) -> Listing {
    let mut out = Listing::new(options::Form::Ir, stage);
    out.text(&format!("function {} ({} slots)\n", function.name, function.frame_slots));
    for (slot, value) in &function.params {
        out.text(&format!("  param s{} = v{}: {}\n", slot.0, value.0, ty(function, *value)));
    }
    for (index, block) in function.blocks.iter().enumerate() {
        let Some(term) = &block.term else { continue };
        out.text(&header(function, index, block));
        for inst in &block.insts {
            out.origin(inst.origin);
            out.text(&instruction(function, inst));
        }
        out.text(&format!("  {}\n", terminator(term)));
    }
    for (index, state) in function.states.iter().enumerate() {
        out.text(&format!("!{index}: {}\n", frame_state(state)));
    }
    let mut late: Vec<_> = function.late.iter().collect();
    late.sort_unstable_by_key(|(value, _)| value.0);
    for (value, Late { adds, a, b }) in late {
        out.text(&format!("late v{} = v{} {} v{}\n", value.0, a.0, if *adds { '+' } else { '-' }, b.0));
    }
    out
}

fn header(function: &Function, index: usize, block: &Block) -> String {
    let params: Vec<_> = block.params.iter().map(|p| format!("v{}: {}", p.0, ty(function, *p))).collect();
    let mut out = format!("b{index}({})", params.join(", "));
    if let Some(pc) = block.loop_head {
        let _ = write!(out, " loop@{pc}");
    }
    if let Some(state) = block.preheader {
        let _ = write!(out, " preheader!{}", state.0);
    }
    out + if block.cold { " cold:\n" } else { ":\n" }
}

fn instruction(function: &Function, inst: &Inst) -> String {
    let text = shorten(&format!("{:?}", inst.kind));
    match inst.result {
        Some(result) => format!("  v{}: {} = {text}\n", result.0, ty(function, result)),
        None => format!("  {text}\n"),
    }
}

fn frame_state(state: &FrameState) -> String {
    let frames: Vec<_> = state.frames.iter().map(|f| format!("f{}@{}+{}", f.function, f.pc, f.base.0)).collect();
    let mut slots: Vec<_> = state.slots.iter().map(|(slot, value)| format!("s{}=v{}", slot.0, value.0)).collect();
    slots.extend(state.instances.iter().map(|made| {
        let object = object(&made.form, &mut made.fields.iter());
        format!("s{}={object}", made.slot.0)
    }));
    slots.extend(state.parts.iter().map(|part| format!("s{} of {}", part.base.0, shorten(&format!("{:?}", part.home)))));
    format!("{} [{}]", frames.join(" > "), slots.join(" "))
}

/// What an object will be, with its fields.
fn object(form: &Form, fields: &mut std::slice::Iter<ValueId>) -> String {
    let what = match form.made {
        Made::Struct(shape) | Made::Variant(shape) | Made::Array(shape) => format!("#{shape}"),
        Made::Closure(function) => format!("f{function}"),
    };
    let part = |part: &Option<Arc<Form>>| match part {
        Some(inner) => object(inner, fields),
        None => fields.next().map_or(String::new(), |value| value.0.to_string()),
    };
    let parts: Vec<String> = form.parts.iter().map(part).collect();
    format!("{what}[{}]", parts.join(", "))
}

fn shorten(text: &str) -> String {
    let mut text = text.to_string();
    for (long, short) in [("ValueId(", "v("), ("StateId(", "!("), ("SlotIx(", "s(")] {
        text = text.replace(long, short);
    }
    text
}

fn ty(function: &Function, value: ValueId) -> String {
    let ty = function.ty(value);
    let mut text = format!("{:?}", ty.repr).to_lowercase();
    if ty.range != super::Range::FULL {
        let _ = write!(text, "[{}..{}]", ty.range.low, ty.range.high);
    }
    if ty.shape != 0 {
        let _ = write!(text, "#{}", ty.shape);
    }
    text
}

fn terminator(term: &Terminator) -> String {
    let target = |block: &super::BlockId, args: &[ValueId]| {
        let args: Vec<_> = args.iter().map(|v| format!("v{}", v.0)).collect();
        format!("b{}({})", block.0, args.join(", "))
    };
    match term {
        Terminator::Jump(block, args) => format!("jump {}", target(block, args)),
        Terminator::Branch { cond, then, otherwise } => {
            format!("branch v{} {} else {}", cond.0, target(&then.0, &then.1), target(&otherwise.0, &otherwise.1))
        }
        Terminator::Return(value) => format!("return v{}", value.0),
        Terminator::Exit(state) => format!("exit !{}", state.0),
    }
}
