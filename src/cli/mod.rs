//! The command line: what the user asked for, turned into calls of the driver, and outcomes into text and exit codes.
//!
//! One file per command; each has its arguments as a struct and `run(arguments, context) -> exit code`. A new command is
//! such a file, a variant of [`Command`] and an arm of [`dispatch`].
mod bench;
mod check;
mod colour;
mod completions;
mod doc;
mod dump;
mod explain;
mod jit;
mod options;
mod profile;
mod python;
mod run;
mod split;
mod test;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::panic;
use std::sync::{Mutex, PoisonError};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::driver::thread::{Panicked, with_large_stack};
use colour::ColourChoice;

/// Exit codes (TOOLS, conventions).
pub mod exit {
    pub const OK: i32 = 0;
    /// A gate was not met: a test failed, a mistake was found.
    pub const GATE: i32 = 1;
    pub const USAGE: i32 = 2;
    /// The source does not parse, or static checking stops it.
    pub const SOURCE: i32 = 3;
    /// A file could not be read or written.
    pub const IO: i32 = 5;
    /// A mistake of ours.
    pub const INTERNAL: i32 = 6;
    /// Out of time or fuel.
    pub const TIMEOUT: i32 = 124;
}

/// What every command knows.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    pub colour: ColourChoice,
}

#[derive(Parser, Debug)]
#[command(
    name = "ruff",
    display_name = "ruff-lang",
    bin_name = "ruff",
    version = concat!(env!("CARGO_PKG_VERSION"), " (Ruff programming language)"),
    about = "The Ruff programming language",
    after_help = "`ruff FILE` is short for `ruff run FILE`."
)]
struct Cli {
    /// Colours in output and reports
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    color: ColourChoice,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run a script
    Run(Box<run::RunArgs>),
    /// Report mistakes without running
    Check(check::CheckArgs),
    /// Run the tests of scripts
    #[command(alias = "test-run")]
    Test(Box<test::TestArgs>),
    /// Measure how long scripts take on each engine
    Bench(Box<bench::BenchArgs>),
    /// Show where a script spends its time and memory
    Profile(Box<profile::ProfileArgs>),
    /// Look into the compiler to machine code
    Jit(Box<jit::JitArgs>),
    #[command(name = bench::WORKER, hide = true)]
    BenchWorker(bench::WorkerArgs),
    /// Show tokens, syntax tree, resolved tree, bytecode, or what the compiler to machine code makes
    Dump(Box<dump::DumpArgs>),
    /// Explain a diagnostic code or a kind of error
    Explain(explain::ExplainArgs),
    /// Documentation of the built-in functions
    Doc(doc::DocArgs),
    /// Completions for a shell
    Completions(completions::CompletionArgs),
}

fn dispatch(cli: Cli) -> i32 {
    let context = Context { colour: cli.color };
    match cli.command {
        Command::Run(args) => run::run(*args, context),
        Command::Check(args) => check::run(args, context),
        Command::Test(args) => test::run(*args, context),
        Command::Bench(args) => bench::run(*args, context),
        Command::Profile(args) => profile::run(*args, context),
        Command::Jit(args) => jit::run(*args, context),
        Command::BenchWorker(args) => bench::work(&args),
        Command::Dump(args) => dump::run(*args, context),
        Command::Explain(args) => explain::run(args, context),
        Command::Doc(args) => doc::run(args),
        Command::Completions(args) => completions::run(args),
    }
}

/// Runs the command line `args` (without the program's name); gives the exit code.
pub fn main(args: Vec<OsString>) -> i32 {
    panic::set_hook(Box::new(note_panic));
    if let Some(direct) = run::RunArgs::direct(&args) {
        return guarded(move || run::run(direct, Context { colour: ColourChoice::Auto }));
    }
    if let Some(code) = python::refuse(&args) {
        return code;
    }
    guarded(move || {
        let command = Cli::command();
        let args = match split::complete(args, &command) {
            Ok(args) => args,
            Err(code) => return code,
        };
        let args = std::iter::once(OsString::from("ruff")).chain(args);
        match command.try_get_matches_from(args).and_then(|matches| Cli::from_arg_matches(&matches)) {
            Ok(cli) => dispatch(cli),
            Err(error) => {
                let _ = error.print();
                error.exit_code()
            }
        }
    })
}

/// Everything runs on a large stack, since sources may be as deep as they like, and a panic is reported, not shown raw.
fn guarded(work: impl FnOnce() -> i32 + Send) -> i32 {
    match with_large_stack(work) {
        Ok(code) => code,
        Err(Panicked(report)) => internal_fault(&report),
    }
}

/// Where the last panic happened; the hook writes it instead of a backtrace.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

fn note_panic(info: &panic::PanicHookInfo<'_>) {
    let place = info.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
    let text = format!("{}{place}", info.payload_as_str().unwrap_or("panic"));
    *PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
}

/// Says what to report; gives the exit code.
pub fn internal_fault(report: &str) -> i32 {
    let noted = PANIC.lock().unwrap_or_else(PoisonError::into_inner).take();
    let report = noted.as_deref().filter(|noted| noted.starts_with(report)).unwrap_or(report);
    eprintln!("internal fault: {report}");
    eprintln!(
        "This is a mistake in ruff itself, not in the script. A report should hold this text, the script and the command line."
    );
    eprintln!("ruff-lang {} on {} {}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH);
    exit::INTERNAL
}

/// Writes results to stdout. Nobody reading them any more is no error.
pub fn print_result(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Says why a file cannot be read; gives the exit code.
pub fn cannot_read(name: &str, error: &std::io::Error) -> i32 {
    let reason = match error.kind() {
        std::io::ErrorKind::NotFound => "no such file".to_owned(),
        std::io::ErrorKind::IsADirectory => "this is a folder".to_owned(),
        _ => error.to_string(),
    };
    eprintln!("ruff: cannot read {name}: {reason}");
    exit::IO
}

/// Whether somebody is typing.
fn stdin_is_terminal() -> bool {
    std::io::stdin().is_terminal()
}
