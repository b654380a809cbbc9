//! What `DEBUG_JIT` prints: one line on standard error for each event.
use super::compiler::{Product, Refusal, op_name};
use super::lower::{Check, ExitInfo};
use super::policy::Place;
use super::runtime::Exit;
use crate::bytecode::op::OperandKind;
use crate::vm::Vm;
use crate::vm::stack::Fp;

/// A printer of events, silent at level 0.
pub struct Trace {
    level: u8,
}

impl Trace {
    pub fn new(level: u8) -> Trace {
        Trace { level }
    }

    pub fn compiled(&self, vm: &Vm, place: Place, product: &Product) {
        if self.level == 0 {
            return;
        }
        let (sizes, times, passes) = (product.sizes, product.times, product.passes);
        eprintln!(
            "[jit] compile {} ops={} ir={} exits={} code={} merged={} proven={} hoisted={} dead={} left-to-vm={} t=build {} opt {} cg {} us",
            name(vm, place),
            sizes.ops,
            sizes.ir,
            product.exits.len(),
            sizes.code,
            passes.merged,
            passes.proven,
            passes.hoisted,
            passes.dead,
            product.fallbacks.len(),
            times.build.as_micros(),
            times.optimise.as_micros(),
            times.generate.as_micros(),
        );
        for (function, size) in &product.inlined {
            eprintln!("[jit]   inlined {} ({size} instructions)", name(vm, (*function, None)));
        }
    }

    pub fn refused(&self, vm: &Vm, place: Place, reason: &Refusal) {
        if self.level == 0 {
            return;
        }
        eprintln!("[jit] refuse {}: {reason}", name(vm, place));
        if let Refusal::MostlyVm(left) = reason {
            for &(function, pc) in left {
                eprintln!("[jit]   left to the VM: {}", instruction(vm, function, pc));
            }
        }
    }

    pub fn left(&self, vm: &Vm, place: Place, exit: &Exit, (check, found): (Check, Option<String>)) {
        if self.level == 0 || !matches!(exit.taken, 1 | 10 | 100 | 1000 | 10_000) {
            return;
        }
        let Some(frame) = exit.info.frames.last() else { return };
        let found = found.map(|found| format!(" ({found})")).unwrap_or_default();
        let at = instruction(vm, frame.function, frame.pc);
        eprintln!("[jit] exit {} at {at}: {}{found} n={}", name(vm, place), check.name(), exit.taken);
    }

    pub fn discarded(&self, vm: &Vm, place: Place, left: &[(u32, u32)], rest: Option<u32>) {
        if self.level == 0 {
            return;
        }
        let next = rest.map_or("never again".to_owned(), |rest| format!("next after {rest}"));
        eprintln!("[jit] discard {}: {next}", name(vm, place));
        for &(function, pc) in left {
            eprintln!("[jit]   left too often at {}", instruction(vm, function, pc));
        }
    }
}

/// `f#12 name` or `loop at main.ruff:3 in f#12 name`.
fn name(vm: &Vm, (function, head): Place) -> String {
    let Some(activation) = vm.activation(function) else { return format!("f#{function}") };
    let name = format!("f#{function} {}", activation.info.name);
    match head {
        None => name,
        Some(pc) => format!("loop at {} in {name}", vm.place_of(activation, pc as usize - 1)),
    }
}

fn instruction(vm: &Vm, function: u32, pc: u32) -> String {
    let Some(activation) = vm.activation(function) else { return format!("f#{function} pc={pc}") };
    let op = activation.code().get(pc as usize).map_or("end", op_name);
    format!("{op} {} pc={pc}", vm.place_of(activation, pc as usize))
}

/// Which of an exit's checks has failed, as far as the frame shows, and what was found instead.
pub fn failed_check(vm: &Vm, info: &ExitInfo, fp: Fp) -> (Check, Option<String>) {
    let none = (info.checks.first().copied().unwrap_or(Check::Other), None);
    let Some(frame) = info.frames.last() else { return none };
    let Some(activation) = vm.activation(frame.function) else { return none };
    let Some(op) = activation.code().get(frame.pc as usize) else { return none };
    let registers = fp.above(frame.base.index());
    let tags: Vec<u8> = info.checks.iter().filter_map(|check| if let Check::Tag(tag) = check { Some(*tag) } else { None }).collect();
    let mut found = None;
    op.operands(|kind, register| {
        let reads = matches!(kind, OperandKind::Read | OperandKind::Peek | OperandKind::Keep | OperandKind::Modify | OperandKind::Local);
        if found.is_none() && reads {
            let value = registers.get(register as u16);
            if !tags.is_empty() && !tags.contains(&(value.tag() as u8)) {
                let variable = activation.chunk.local_names.get(register as usize).and_then(Option::as_deref);
                found = Some(format!("{} is {}", variable.unwrap_or("a value"), crate::value::types::type_name(value)));
            }
        }
    });
    match found {
        Some(found) => (Check::Tag(tags[0]), Some(found)),
        None => (info.checks.iter().copied().find(|check| !matches!(check, Check::Tag(_))).unwrap_or(none.0), None),
    }
}
