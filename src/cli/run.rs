//! `ruff run`, also plain `ruff FILE`.
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::options::{EngineOptions, LimitOptions, Permissions, TypeOptions, timeout_message};
use super::{Context, cannot_read, exit, internal_fault, print_result};
use crate::diagnostics::{Diagnostic, render_all};
use crate::driver::engine::{self, Comparison, End, Outcome, RunOptions};
use crate::driver::thread::handle_interrupts;
use crate::driver::{Loaded, Script, Text};

#[derive(Args, Debug, Default)]
#[command(
    override_usage = "ruff run [OPTIONS] FILE [ARGUMENTS]...\n       ruff run [OPTIONS] -e CODE [-- ARGUMENTS]...",
    after_help = "FILE may be `-` for standard input. Everything after FILE belongs to the script; `--` ends our options."
)]
pub struct RunArgs {
    /// Run this code
    #[arg(short = 'e', long = "eval", value_name = "CODE", conflicts_with = "print", allow_hyphen_values = true)]
    eval: Option<String>,
    /// Run this code and print the value of its last statement
    #[arg(short = 'p', long = "print", value_name = "CODE", allow_hyphen_values = true)]
    print: Option<String>,
    #[command(flatten)]
    engine: EngineOptions,
    #[command(flatten)]
    limits: LimitOptions,
    #[command(flatten)]
    permissions: Permissions,
    #[command(flatten)]
    types: TypeOptions,
    /// The script and its arguments
    #[arg(last = true, value_name = "FILE [ARGUMENTS]")]
    script: Vec<OsString>,
}

impl RunArgs {
    /// `ruff FILE …` and `ruff run FILE …` need no argument parser: starting up is part of what a script costs.
    pub fn direct(args: &[OsString]) -> Option<RunArgs> {
        let first = args.first()?;
        let script = if first == "run" { &args[1..] } else { args };
        let file = script.first()?;
        if file.as_encoded_bytes().starts_with(b"-") || !file.as_encoded_bytes().ends_with(b".ruff") {
            return None;
        }
        Some(RunArgs { script: script.to_vec(), ..RunArgs::default() })
    }

    /// The text to run and what is left for the script.
    fn text(&self) -> Result<(Text, &[OsString]), i32> {
        if let Some(code) = self.eval.as_ref().or(self.print.as_ref()) {
            return Ok((Text::inline("<command line>", code), &self.script));
        }
        let text = match self.script.first() {
            Some(file) if file != "-" => Text::file(Path::new(file)).map_err(|error| (file.to_string_lossy(), error)),
            Some(_) => Text::stdin().map_err(|error| ("standard input".into(), error)),
            None if super::stdin_is_terminal() => {
                eprintln!("ruff: no script: write `ruff run FILE`, `ruff run -e CODE`, or `-` for standard input");
                return Err(exit::USAGE);
            }
            None => Text::stdin().map_err(|error| ("standard input".into(), error)),
        };
        match text {
            Ok(text) => Ok((text, self.script.get(1..).unwrap_or_default())),
            Err((name, error)) => Err(cannot_read(&name, &error)),
        }
    }
}

pub fn run(args: RunArgs, context: Context) -> i32 {
    let (text, rest) = match args.text() {
        Ok(found) => found,
        Err(code) => return code,
    };
    let mut script = Script::resolve(text.strict(args.types.strict_types));
    if script.has_errors() {
        return refuse(&script, context);
    }
    if args.print.is_some() {
        script.print_last_value();
    }
    let Ok(loaded) = script.load() else { return internal_fault("a script without errors was not loaded") };
    let loaded = Arc::new(loaded);
    let mut options = RunOptions::new(args.engine.mode());
    options.args = rest.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    options.capabilities = args.permissions.0.clone();
    options.tidy = false;
    args.limits.apply(&mut options);
    handle_interrupts();
    if args.engine.compares_all() {
        return run_all(&loaded, options, context);
    }
    let outcome = engine::run(&loaded, &options);
    report_end(&outcome.end, &loaded, &options, context)
}

/// Loads a script for a command that runs it to report on it; the exit code if that is impossible, which is said.
pub fn load_for_report(file: &Path, context: Context) -> Result<Arc<Loaded>, i32> {
    let text = Text::file(file).map_err(|error| cannot_read(&file.to_string_lossy(), &error))?;
    let script = Script::resolve(text);
    if script.has_errors() {
        return Err(refuse(&script, context));
    }
    script.load().map(Arc::new).map_err(|_| internal_fault("a script without errors was not loaded"))
}

/// Reports what stops the program before it runs.
pub fn refuse(script: &Script, context: Context) -> i32 {
    let errors: Vec<Diagnostic> = script.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).cloned().collect();
    eprint!("{}", render_all(&script.sources, &errors, context.colour.on_stderr()));
    exit::SOURCE
}

/// Says on stderr why a program did not end well; gives the exit code.
pub fn report_end(end: &End, loaded: &Loaded, options: &RunOptions, context: Context) -> i32 {
    match end {
        End::Done | End::Exit(_) | End::PipeClosed | End::Interrupted => {}
        End::Failed(failure) => eprint!("{}", failure.render(loaded, context.colour.on_stderr())),
        End::Timeout => eprint!("{}", timeout_message(options.timeout.unwrap_or_default(), "")),
        End::Fuel => eprintln!("ruff: {} units of fuel used up (--fuel)", options.fuel.unwrap_or_default()),
        End::Bug(report) => return internal_fault(report),
    }
    end.exit_code()
}

/// Runs all engines on the same input; shows their common output, or where they begin to differ.
fn run_all(loaded: &Arc<Loaded>, mut options: RunOptions, context: Context) -> i32 {
    let input = if super::stdin_is_terminal() { Ok(String::new()) } else { Text::stdin().map(|text| text.text) };
    match input {
        Ok(input) => options.captured = Some(input),
        Err(error) => return cannot_read("standard input", &error),
    }
    options.tidy = true;
    match engine::compare(loaded, &options) {
        Comparison::Same(outcome) => {
            let Outcome { end, stdout, stderr, .. } = *outcome;
            print_result(&String::from_utf8_lossy(&stdout));
            eprint!("{}", String::from_utf8_lossy(&stderr));
            report_end(&end, loaded, &options, context)
        }
        Comparison::Different(what) => {
            eprintln!("ruff: the engines disagree: {what}");
            exit::INTERNAL
        }
    }
}
