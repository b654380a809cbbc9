//! What happens to hot code, told as it happens (`DEBUG_JIT`: one line on standard error for each event) and kept for
//! `ruff jit explain`.
use std::cell::RefCell;

use ahash::AHashMap;

use super::advice;
use super::compiler::{Product, Refusal, op_name};
use super::ir::Kinds;
use super::lower::{Check, ExitInfo};
use super::policy::Place;
use super::profile::{FRONT, LARGE};
use super::runtime::Exit;
use crate::bytecode::op::{Op, OperandKind};
use crate::value::Value;
use crate::value::layout::tag;
use crate::value::types::type_name;
use crate::vm::Vm;
use crate::vm::function::Activation;
use crate::vm::stack::Fp;

/// Something that happened to a place.
#[derive(Clone, Debug)]
pub enum Event {
    /// After so many calls, or turns of the loop.
    Compiled {
        heat: u32,
        code_bytes: usize,
        inlined: Vec<String>,
        left_to_vm: Vec<Spot>,
    },
    Refused {
        reason: Refusal,
        left_to_vm: Vec<Spot>,
    },
    /// The exit, by number, and why in the user's words.
    Left {
        exit: usize,
        at: Spot,
        why: String,
        check: Check,
    },
    GivenUp {
        again: bool,
    },
}

/// An instruction as the user sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spot {
    pub file: String,
    pub line: u32,
    /// The source text it was made from, on one line.
    pub text: String,
}

/// Tells and keeps.
pub struct Trace {
    level: u8,
    /// What happened to each place, in order; nothing if nobody wants to know.
    kept: Option<RefCell<AHashMap<Place, Vec<Event>>>>,
}

impl Trace {
    pub fn new(level: u8, keeps: bool) -> Trace {
        Trace { level, kept: keeps.then(RefCell::default) }
    }

    /// What happened to a place.
    pub fn events(&self, place: Place) -> Vec<Event> {
        self.kept.as_ref().and_then(|kept| kept.borrow().get(&place).cloned()).unwrap_or_default()
    }

    fn keep(&self, place: Place, event: impl FnOnce() -> Event) {
        if let Some(kept) = &self.kept {
            kept.borrow_mut().entry(place).or_default().push(event());
        }
    }

    pub fn compiled(&self, vm: &Vm, place: Place, product: &Product) {
        self.keep(place, || Event::Compiled {
            heat: heat(vm, place),
            code_bytes: product.sizes.code,
            inlined: product.inlined.iter().map(|(function, _)| function_name(vm, *function)).collect(),
            left_to_vm: spots(vm, &product.fallbacks),
        });
        if self.level == 0 {
            return;
        }
        let (sizes, times, passes) = (product.sizes, product.times, product.passes);
        let kinds: Vec<String> = product.params.iter().map(|kinds| kind_name(*kinds)).collect();
        eprintln!(
            "[jit] compile {} ({}) ops={} ir={} code={} guards={} t=build {} opt {} cg {} us",
            name(vm, place),
            kinds.join(", "),
            sizes.ops,
            sizes.ir,
            sizes.code,
            product.exits.len(),
            times.build.as_micros(),
            times.optimise.as_micros(),
            times.generate.as_micros(),
        );
        eprintln!(
            "[jit]   split {} merged {} proven {} hoisted {} dead {}",
            passes.split, passes.merged, passes.proven, passes.hoisted, passes.dead
        );
        for (function, size) in &product.inlined {
            eprintln!("[jit]   inlined {} ({size} instructions)", name(vm, (*function, None)));
        }
        self.left_to_vm(vm, &product.fallbacks);
    }

    pub fn refused(&self, vm: &Vm, place: Place, reason: &Refusal) {
        let left: &[(u32, u32)] = if let Refusal::MostlyVm(left) = reason { left } else { &[] };
        self.keep(place, || Event::Refused { reason: reason.clone(), left_to_vm: spots(vm, left) });
        if self.level == 0 {
            return;
        }
        eprintln!("[jit] refuse {}: {reason}{}", name(vm, place), advice::appended(advice::for_refusal(reason)));
        self.left_to_vm(vm, left);
    }

    fn left_to_vm(&self, vm: &Vm, left: &[(u32, u32)]) {
        for &(function, pc) in left {
            eprintln!("[jit]   left to the VM: {}", instruction(vm, function, pc));
        }
    }

    pub fn left(&self, vm: &Vm, place: Place, number: usize, exit: &Exit, check: Check, why: &str) {
        let Some(frame) = exit.info.frames.last() else { return };
        if exit.taken == 1 {
            let at = spot(vm, frame.function, frame.pc);
            self.keep(place, || Event::Left { exit: number, at, why: why.to_owned(), check });
        }
        // The first time, and at every power of ten.
        if self.level > 0 && 10_u32.pow(exit.taken.ilog10()) == exit.taken {
            let at = instruction(vm, frame.function, frame.pc);
            let help = advice::appended(advice::for_check(check));
            eprintln!("[jit] exit {} at {at}: {why}; n={}{help}", name(vm, place), exit.taken);
        }
    }

    pub fn given_up(&self, vm: &Vm, place: Place, left: &[(u32, u32)], rest: Option<u32>) {
        self.keep(place, || Event::GivenUp { again: rest.is_some() });
        if self.level == 0 {
            return;
        }
        let next = rest.map_or("never again".to_owned(), |rest| format!("again after {rest}"));
        eprintln!("[jit] discard {}: {next}", name(vm, place));
        for &(function, pc) in left {
            let front = if pc & (FRONT | LARGE) == 0 { "" } else { "in front of the loop " };
            eprintln!("[jit]   left too often {front}at {}", instruction(vm, function, pc & !(FRONT | LARGE)));
        }
    }
}

/// Calls of a function, or turns of a loop, that the VM has counted.
pub fn heat(vm: &Vm, (function, head): Place) -> u32 {
    let Some(activation) = vm.activation(function) else { return 0 };
    match head {
        None => activation.heat.get(),
        Some(pc) => activation.feedback.at(pc as usize - 1).get(),
    }
}

fn function_name(vm: &Vm, function: u32) -> String {
    vm.activation(function).map_or_else(|| format!("f#{function}"), |activation| activation.info.name.to_string())
}

/// `f#12 name` or `loop at main.ruff:3 in f#12 name`.
pub fn name(vm: &Vm, (function, head): Place) -> String {
    let Some(activation) = vm.activation(function) else { return format!("f#{function}") };
    let name = format!("f#{function} {}", activation.info.name);
    match head {
        None => name,
        Some(pc) => {
            let (file, line, _) = vm.source_of(activation, pc as usize - 1);
            format!("loop at {file}:{line} in {name}")
        }
    }
}

fn instruction(vm: &Vm, function: u32, pc: u32) -> String {
    let Some(activation) = vm.activation(function) else { return format!("f#{function} pc={pc}") };
    let op = activation.code().get(pc as usize).map_or("end", op_name);
    let (file, line, _) = vm.source_of(activation, pc as usize);
    format!("{op} {file}:{line} pc={pc}")
}

fn spots(vm: &Vm, instructions: &[(u32, u32)]) -> Vec<Spot> {
    let mut spots: Vec<Spot> = Vec::new();
    for &(function, pc) in instructions {
        let spot = spot(vm, function, pc);
        if !spots.contains(&spot) {
            spots.push(spot);
        }
    }
    spots
}

/// The longest source text shown of an instruction.
const LONGEST_TEXT: usize = 40;

fn spot(vm: &Vm, function: u32, pc: u32) -> Spot {
    let Some(activation) = vm.activation(function) else {
        return Spot { file: String::new(), line: 0, text: String::new() };
    };
    let (file, line, text) = vm.source_of(activation, pc as usize);
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut text = words.join(" ");
    if let Some((end, _)) = text.char_indices().nth(LONGEST_TEXT) {
        text.replace_range(end.., "…");
    }
    Spot { file: file.to_string(), line, text }
}

fn kind_name(kinds: Kinds) -> String {
    kinds.single().map_or("any".to_owned(), |tag| tag_name(tag as u8).to_owned())
}

/// The name of the type that a tag stands for.
fn tag_name(value_tag: u8) -> &'static str {
    match u64::from(value_tag) {
        tag::NULL => "null",
        tag::BOOL => "bool",
        tag::INT => "int",
        tag::FLOAT => "float",
        tag::FN0 | tag::CLOSURE => "function",
        tag::STR => "string",
        tag::ARRAY => "array",
        tag::DICT => "dict",
        tag::STRUCT => "struct",
        _ => "another type",
    }
}

/// What a value is, where a check has wanted something else.
fn found_name(value: &Value) -> &'static str {
    match value {
        Value::BigInt(_) => "int beyond 64 bits",
        other => type_name(other),
    }
}

/// Which of an exit's checks has failed, as far as the frame shows, and why in the user's words.
pub fn failed_check(vm: &Vm, info: &ExitInfo, fp: Fp) -> (Check, String) {
    let frame = info.frames.last().expect("a state has a frame");
    let first = info.checks.first().copied().unwrap_or(Check::Other);
    let Some(activation) = vm.activation(frame.function) else { return (first, first.name().to_owned()) };
    let Some(op) = activation.code().get(frame.pc as usize) else { return (first, first.name().to_owned()) };
    let registers = fp.above(frame.base.index());
    let wanted: Vec<u8> =
        info.checks.iter().filter_map(|check| if let Check::Tag(tag) = check { Some(*tag) } else { None }).collect();
    if let Some((register, value)) = other_kind(op, registers, &wanted) {
        let wanted = tag_name(wanted[0]);
        return (Check::Tag(0), format!("{} was {wanted}, became {}", variable(activation, register), found_name(value)));
    }
    let check = info.checks.iter().copied().find(|check| !matches!(check, Check::Tag(_))).unwrap_or(first);
    (check, check.name().to_owned())
}

/// An operand of a kind that is not among those wanted.
fn other_kind(op: &Op, registers: Fp, wanted: &[u8]) -> Option<(u16, &'static Value)> {
    let mut found = None;
    op.operands(|kind, register| {
        let reads = matches!(
            kind,
            OperandKind::Read | OperandKind::Peek | OperandKind::Keep | OperandKind::Modify | OperandKind::Local
        );
        let register = register as u16;
        if reads && found.is_none() && !wanted.is_empty() && !wanted.contains(&(registers.tag(register) as u8)) {
            found = Some(register);
        }
    });
    found.map(|register| (register, registers.get(register)))
}

fn variable(activation: &Activation, register: u16) -> String {
    match activation.chunk.local_names.get(usize::from(register)) {
        Some(Some(name)) => format!("'{name}'"),
        _ => "a value".to_owned(),
    }
}
