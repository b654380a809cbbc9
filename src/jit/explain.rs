//! The fate of each function and loop that has run, as plain data in the user's words, for `ruff jit explain`.
use super::Jit;
use super::advice;
use super::lower::ExitKind;
use super::policy::Place;
use super::stats::Stats;
use super::trace::{self, Event, Spot};
use crate::bytecode::op::Op;
use crate::vm::Vm;
use crate::vm::function::Activation;

/// All of it, and the counters.
#[derive(Clone, Debug)]
pub struct Report {
    pub stats: Stats,
    /// By file and line; of a line the outer one first.
    pub fates: Vec<Fate>,
}

/// How far a function or loop has got.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fate {
    pub file: String,
    pub line: u32,
    /// The name of a function; of a loop, that of the function it is in.
    pub function: String,
    pub is_loop: bool,
    pub tier: Tier,
    /// Sentences about it.
    pub remarks: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tier {
    Vm,
    Compiled,
}

impl Tier {
    pub fn name(self) -> &'static str {
        match self {
            Tier::Vm => "VM",
            Tier::Compiled => "compiled",
        }
    }
}

impl Jit {
    /// What has become of every visible function that was called, and of its loops.
    pub fn explain(&self, vm: &Vm) -> Report {
        let mut fates = Vec::new();
        for function in vm.activations().filter(|function| !function.info.hidden) {
            if &*function.info.name != "<main>" {
                fates.push(self.fate(vm, function, None));
            }
            let heads = function.code().iter().enumerate().filter(|(_, op)| matches!(op, Op::LoopHead {}));
            fates.extend(heads.map(|(pc, _)| self.fate(vm, function, Some(pc as u32 + 1))));
        }
        fates.sort_by(|a, b| (&a.file, a.line, a.is_loop).cmp(&(&b.file, b.line, b.is_loop)));
        Report { stats: self.stats(vm), fates }
    }

    fn fate(&self, vm: &Vm, function: &Activation, head: Option<u32>) -> Fate {
        let place = (function.id.0, head);
        let (file, line) = match head {
            None => vm.declared_at(function),
            Some(pc) => {
                let (file, line, _) = vm.source_of(function, pc as usize - 1);
                (file, line)
            }
        };
        let mut remarks = self.remarks(vm, place);
        let whole = head.is_some() && self.has_code((function.id.0, None));
        if whole {
            remarks.push(format!("compiled together with '{}'", function.info.name));
        } else if remarks.is_empty() {
            remarks.push(self.too_cold(vm, place));
        }
        let tier = if whole || self.has_code(place) { Tier::Compiled } else { Tier::Vm };
        let function = function.info.name.to_string();
        Fate { file: file.to_string(), line, function, is_loop: head.is_some(), tier, remarks }
    }

    fn too_cold(&self, vm: &Vm, place: Place) -> String {
        let heat = trace::heat(vm, place);
        let (what, each) = match place.1 {
            None => ("calls", self.policy.patience.calls),
            Some(_) => ("turns", self.policy.patience.turns),
        };
        let wanted = each * vm.activation(place.0).map_or(1, |function| self.reports(function, place));
        format!("{} so far; compiled after {wanted}", counted(heat, what))
    }

    fn remarks(&self, vm: &Vm, place: Place) -> Vec<String> {
        let what = if place.1.is_none() { "calls" } else { "turns" };
        let mut remarks = Vec::new();
        for event in self.trace.events(place) {
            match event {
                Event::Compiled { heat, code_bytes, inlined, left_to_vm } => {
                    let mut text = format!("compiled after {}, {code_bytes} bytes", counted(heat, what));
                    if !inlined.is_empty() {
                        text += &format!(", with {} inlined", inlined.join(", "));
                    }
                    remarks.push(text);
                    remarks.extend(left_to_vm.iter().map(|spot| format!("{} is left to the VM", quoted(vm, spot))));
                }
                Event::Refused { reason, left_to_vm } => {
                    remarks.push(format!("stays in the VM: {reason}{}", advice::appended(advice::for_refusal(&reason))));
                    remarks.extend(left_to_vm.iter().map(|spot| format!("{} would be left to the VM", quoted(vm, spot))));
                }
                Event::Left { exit, at, why, check } => {
                    let help = advice::appended(advice::for_check(check));
                    remarks.push(format!("left compiled code {}x at {}: {why}{help}", self.taken(exit), quoted(vm, &at)));
                }
                Event::GivenUp { again: true } => {
                    remarks.push("this code was given up, to be compiled again without what failed".to_owned())
                }
                Event::GivenUp { again: false } => {}
            }
        }
        remarks
    }

    fn taken(&self, exit: usize) -> u32 {
        self.context
            .borrow()
            .exits
            .get(exit)
            .filter(|exit| matches!(exit.info.kind, ExitKind::Execute | ExitKind::Front | ExitKind::Unreached))
            .map_or(0, |exit| exit.taken)
    }

    fn has_code(&self, place: Place) -> bool {
        self.ledger.borrow().is_compiled(place)
    }
}

fn counted(count: u32, what: &str) -> String {
    if count == 1 { format!("1 {}", what.trim_end_matches('s')) } else { format!("{count} {what}") }
}

fn quoted(_vm: &Vm, spot: &Spot) -> String {
    format!("`{}` (line {})", spot.text, spot.line)
}
