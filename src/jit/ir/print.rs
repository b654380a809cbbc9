//! The IR as text, the same for dumps and snapshots.
use std::fmt::Write;

use super::{Function, Terminator, ValueId};

/// One line for each instruction, with the types of results and the exits.
pub fn print(function: &Function) -> String {
    let mut out = format!("function {} ({} slots)\n", function.name, function.frame_slots);
    for (slot, value) in &function.params {
        let _ = writeln!(out, "  param s{} = v{}: {}", slot.0, value.0, ty(function, *value));
    }
    for (index, block) in function.blocks.iter().enumerate() {
        let Some(term) = &block.term else { continue };
        let params: Vec<_> = block.params.iter().map(|p| format!("v{}: {}", p.0, ty(function, *p))).collect();
        let _ = write!(out, "b{index}({})", params.join(", "));
        if let Some(pc) = block.loop_head {
            let _ = write!(out, " loop@{pc}");
        }
        if let Some(state) = block.preheader {
            let _ = write!(out, " preheader!{}", state.0);
        }
        out.push_str(if block.cold { " cold:\n" } else { ":\n" });
        for inst in &block.insts {
            let text = format!("{:?}", inst.kind);
            let text = shorten(&text);
            match inst.result {
                Some(result) => {
                    let _ = writeln!(out, "  v{}: {} = {text}", result.0, ty(function, result));
                }
                None => {
                    let _ = writeln!(out, "  {text}");
                }
            }
        }
        let _ = writeln!(out, "  {}", terminator(term));
    }
    for (index, state) in function.states.iter().enumerate() {
        let frames: Vec<_> = state.frames.iter().map(|f| format!("f{}@{}+{}", f.function, f.pc, f.base.0)).collect();
        let mut slots: Vec<_> = state.slots.iter().map(|(slot, value)| format!("s{}=v{}", slot.0, value.0)).collect();
        slots.extend(state.instances.iter().map(|made| {
            format!("s{}=#{}{:?}", made.slot.0, made.shape, made.fields.iter().map(|value| value.0).collect::<Vec<_>>())
        }));
        let _ = writeln!(out, "!{index}: {} [{}]", frames.join(" > "), slots.join(" "));
    }
    out
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
