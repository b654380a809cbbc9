//! Shows the forms of code that are asked for (`--jit-dump`, on standard error as code is made), or keeps them for
//! `ruff dump`, which also wants to see what did not become hot.
use ahash::AHashSet;

use super::Jit;
use super::compiler::Refusal;
use super::ir::{Kinds, Origin};
use super::listing::{Listing, SourceLine};
use super::policy::Place;
use super::profile::Entry;
use crate::vm::Vm;
use crate::vm::function::Activation;

/// What was shown, and the functions of which something was.
#[derive(Default)]
pub struct Dumped {
    text: String,
    functions: AHashSet<u32>,
}

impl Jit {
    /// All that was kept. Functions of the program that have run without becoming hot are compiled for it, from what was
    /// seen of them.
    pub fn dump(&self, vm: &Vm) -> String {
        self.collect(vm);
        for function in vm.activations() {
            let is_wanted = !function.info.hidden && self.options.compiles(&function.info.name);
            if is_wanted && !self.dumped.borrow().functions.contains(&function.id.0) {
                self.compile_cold(vm, function);
            }
        }
        std::mem::take(&mut self.dumped.borrow_mut().text)
    }

    fn compile_cold(&self, vm: &Vm, function: &Activation) {
        let (name, calls) = (&function.info.name, function.heat.get());
        let times = if calls == 1 { "1 call".to_owned() } else { format!("{calls} calls") };
        self.tell(
            vm,
            (function.id.0, None),
            &format!("[jit] {name} did not become hot in {times}; compiled for this dump\n"),
        );
        let params = vec![Kinds::ANY; usize::from(function.chunk.params)];
        self.submit(vm, (function.id.0, None), self.request(vm, function, Entry::Call, params));
    }

    /// Shows what was made of a place.
    pub(super) fn show(&self, vm: &Vm, place: Place, listings: &[Listing]) {
        let Some(function) = vm.activation(place.0).filter(|_| !listings.is_empty()) else { return };
        let (file, _) = vm.declared_at(function);
        for listing in listings {
            let stage = if listing.stage.is_empty() { listing.form.name() } else { listing.stage };
            let text = listing.show(&file, |origin| source_line(vm, origin));
            self.tell(vm, place, &format!("[jit] {} {stage}{}:\n{text}", function.info.name, loop_of(vm, function, place)));
        }
    }

    /// Shows why nothing, or nothing more, was made of a place.
    pub(super) fn show_refusal(&self, vm: &Vm, place: Place, reason: &Refusal) {
        if let Some(function) = vm.activation(place.0).filter(|_| self.options.keeps_dump) {
            let (name, place_text) = (&function.info.name, loop_of(vm, function, place));
            self.tell(vm, place, &format!("[jit] {name} stays in the VM{place_text}: {reason}\n"));
        }
    }

    /// What is kept is that of the program, without the bodies of builtins.
    fn tell(&self, vm: &Vm, place: Place, text: &str) {
        if !self.options.keeps_dump {
            eprintln!("{text}");
        } else if vm.activation(place.0).is_some_and(|function| !function.info.hidden) {
            let mut dumped = self.dumped.borrow_mut();
            dumped.text += text;
            dumped.text.push('\n');
            dumped.functions.insert(place.0);
        }
    }
}

/// `, loop at main.ruff:3` for a loop.
fn loop_of(vm: &Vm, function: &Activation, place: Place) -> String {
    place.1.map_or_else(String::new, |pc| {
        let (file, line, _) = vm.source_of(function, pc as usize - 1);
        format!(", loop at {file}:{line}")
    })
}

fn source_line(vm: &Vm, origin: Origin) -> Option<SourceLine> {
    let (file, line, text) = vm.source_line(vm.activation(origin.function)?, origin.pc as usize);
    Some(SourceLine { file, line, text: text.trim_end().to_owned() })
}
