//! Runs a program's top level, or a benchmark in it, again and again on one engine, whose caches and compiled code stay: for
//! measuring.
use std::sync::Arc;

use super::engine::{End, RunOptions, jit_report, limited};
use super::machine::{Machine, with_machine};
use super::testing::Case;
use super::thread::{Panicked, with_large_stack};
use super::{Loaded, SCRIPT_BASE, prelude};
use crate::builtins::BuiltinId;
use crate::host::{Folder, Host};
use crate::resolve::hir::FuncId;
use crate::semantics::fault::Raise;
use crate::value::{FnId, Value};

/// An engine with a program in it.
pub struct Repeated<'m> {
    machine: &'m mut dyn Machine,
    host: Host,
    /// Where the top level has gone, for all that runs after it.
    left_in: Folder,
}

impl Repeated<'_> {
    /// Runs the top level once, from the folder where the program begins.
    pub fn run(&mut self) -> End {
        self.host.go_back(Folder::default());
        let result = self.machine.run_main();
        self.left_in = self.host.place();
        end_of(result.map(drop))
    }

    /// Runs what comes before each turn of a benchmark.
    pub fn set_up(&mut self, bench: &Case, loaded: &Loaded) -> End {
        self.host.go_back(self.left_in.clone());
        end_of(bench.setups.iter().try_for_each(|&setup| self.call(loaded, setup)))
    }

    /// Runs a benchmark's block `times` times, each from the same folder; the top level has run before.
    pub fn run_block(&mut self, bench: &Case, loaded: &Loaded, times: u32) -> End {
        let folder = self.host.place();
        end_of((0..times).try_for_each(|_| {
            let result = self.call(loaded, bench.body);
            self.host.go_back(folder.clone());
            result
        }))
    }

    fn call(&mut self, loaded: &Loaded, func: FuncId) -> Result<(), Raise> {
        self.machine.engine().call(&Value::function(loaded.fn_id(func)), &mut []).map(drop)
    }

    /// Drops what has been printed so far; gives its size in bytes.
    pub fn take_output(&mut self) -> u64 {
        let captured = self.host.output.take_captured();
        (captured.stdout.len() + captured.stderr.len()) as u64
    }
}

fn end_of(result: Result<(), Raise>) -> End {
    result.map_or_else(End::of_raise, |()| End::Done)
}

/// Lets `work` run the program as often as it likes. `Err` says why there was no engine.
pub fn on_one_machine<R: Send>(
    loaded: &Arc<Loaded>,
    options: &RunOptions,
    work: impl FnOnce(&mut Repeated<'_>) -> R + Send,
) -> Result<R, End> {
    let host = options.host();
    let outside = host.clone();
    let ran = with_large_stack(|| {
        limited(options, || {
            with_machine(loaded, options, host, |machine| {
                Ok(work(&mut Repeated { machine, host: outside, left_in: Folder::default() }))
            })
        })
        .map_err(End::of_raise)
    });
    ran.unwrap_or_else(|Panicked(report)| Err(End::Bug(report)))
}

/// Runs a program once, with this outside. Also says what the compiler to machine code has done, if there was one.
pub fn run_with_host(loaded: &Arc<Loaded>, options: &RunOptions, host: Host) -> (End, Option<jit_report::Report>) {
    let mut report = None;
    let ran = with_large_stack(|| {
        let result = limited(options, || {
            with_machine(loaded, options, host, |machine| {
                let result = machine.run_main().map(drop);
                report = machine.jit_report();
                result
            })
        });
        end_of(result)
    });
    let end = ran.unwrap_or_else(|Panicked(bug)| End::Bug(bug));
    (end, report)
}

/// The name of a function: a builtin's, the script's, or the prelude's.
pub fn function_name(loaded: &Loaded, id: FnId) -> Arc<str> {
    let Some(own) = id.0.checked_sub(SCRIPT_BASE) else {
        return Arc::from(crate::builtins::info(BuiltinId(id.0 as u16)).name);
    };
    let own = own as usize;
    let found = loaded.infos.get(own).or_else(|| prelude::get().loaded.infos.get(own - loaded.infos.len()));
    found.map_or_else(|| Arc::from("?"), |info| info.name.clone())
}
