//! One way to run a program on any engine, and the table of modes that tests compare.
//!
//! Always holds: an [`Outcome`] is plain data; nothing of the program's values leaves the thread it ran on.
use std::sync::Arc;
use std::time::Duration;

use super::Loaded;
use super::machine::{Machine, with_machine};
use super::report::Failure;
use super::thread::{Deadline, Panicked, peak_memory, set_process_output, with_large_stack};
use crate::host::{Capabilities, Captured, Host, Output};
pub use crate::jit::explain as jit_report;
pub use crate::jit::foresight::Foresight;
pub use crate::jit::options::Form;
pub use crate::jit::stats::Stats as JitStats;
use crate::limits;
use crate::semantics::fault::{Raise, Stop};
use crate::value::{cycles, isolate};

/// What executes a program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EngineKind {
    /// The tree walker.
    Interp,
    /// The bytecode VM.
    Vm,
    /// The VM with the compiler to machine code.
    Jit,
}

impl EngineKind {
    pub const ALL: [EngineKind; 3] = [EngineKind::Interp, EngineKind::Vm, EngineKind::Jit];

    pub fn name(self) -> &'static str {
        match self {
            EngineKind::Interp => "interp",
            EngineKind::Vm => "vm",
            EngineKind::Jit => "jit",
        }
    }
}

/// When the compiler to machine code works.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum JitMode {
    Off,
    /// On the program's thread.
    Sync,
    /// On a thread of its own.
    #[default]
    Background,
}

/// How the compiler to machine code is set up.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct JitOptions {
    pub mode: JitMode,
    /// Compile at the first call, without feedback.
    pub eager: bool,
    /// Every n-th guard fails on purpose.
    pub exit_every: Option<u32>,
    /// Invalidate at random safe points.
    pub churn: bool,
    /// When compiling begins; by default at once, or in the background when it will be worth its time.
    pub begins: Option<Foresight>,
    /// What to show of each code that is made.
    pub dump: Vec<Form>,
    /// Keep it in [`Outcome::dump`], with the code of what did not become hot, instead of printing it.
    pub keeps_dump: bool,
    /// Compile only this function.
    pub only: Option<String>,
    /// Print statistics at the end.
    pub stats: bool,
    /// Tell `perf` the names of compiled code.
    pub perf_map: bool,
    /// Keep what happens to each function and loop; [`Outcome::jit`] tells it.
    pub explain: bool,
}

/// An engine and how it is set up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mode {
    pub kind: EngineKind,
    pub jit: JitOptions,
    /// Check each chunk before it runs.
    pub verify: bool,
}

impl Mode {
    pub fn new(kind: EngineKind) -> Mode {
        Mode { kind, jit: JitOptions::default(), verify: false }
    }

    /// One of `interp`, `vm`, `vm-verify`, `jit`, `jit-eager`, `jit-exit=N`, `jit-churn`.
    pub fn parse(name: &str) -> Option<Mode> {
        let jit = |change: &dyn Fn(&mut JitOptions)| {
            let mut mode = Mode::new(EngineKind::Jit);
            mode.jit.mode = JitMode::Sync;
            change(&mut mode.jit);
            mode
        };
        Some(match name {
            "interp" => Mode::new(EngineKind::Interp),
            "vm" => Mode::new(EngineKind::Vm),
            "vm-verify" => Mode { verify: true, ..Mode::new(EngineKind::Vm) },
            "jit" => Mode::new(EngineKind::Jit),
            "jit-eager" => jit(&|jit| jit.eager = true),
            "jit-churn" => jit(&|jit| jit.churn = true),
            _ => {
                let every = name.strip_prefix("jit-exit=")?.parse().ok().filter(|&every| every > 0)?;
                jit(&|jit| jit.exit_every = Some(every))
            }
        })
    }
}

/// The modes every program is run in by tests.
pub const MODES: &[&str] = &["interp", "vm", "jit", "jit-eager", "jit-exit=3", "jit-churn"];

/// Twice the depth that the language promises. Not as deep as the stack allows, which would take gigabytes of memory
/// before a runaway recursion is told.
pub const DEFAULT_MAX_DEPTH: u64 = 20_000;

/// How a program is run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    pub mode: Mode,
    /// The script's own arguments.
    pub args: Vec<String>,
    /// Keep output and errors in memory and read this text as standard input; else the process's streams.
    pub captured: Option<String>,
    /// Refuse output beyond this size (when captured).
    pub output_limit: Option<usize>,
    /// Most frames; by default [`DEFAULT_MAX_DEPTH`].
    pub max_depth: Option<u64>,
    pub timeout: Option<Duration>,
    /// Loop turns and calls.
    pub fuel: Option<u64>,
    /// Bytes; for the whole process.
    pub max_memory: Option<u64>,
    pub capabilities: Capabilities,
    pub seed: Option<u64>,
    /// Free everything at the end and count what is left. A process that ends anyway saves the time.
    pub tidy: bool,
    /// Ends the process if the program does not listen to its deadline, which it is given.
    pub last_resort: Option<fn(Duration)>,
}

impl RunOptions {
    pub fn new(mode: Mode) -> RunOptions {
        RunOptions {
            mode,
            args: Vec::new(),
            captured: None,
            output_limit: None,
            max_depth: None,
            timeout: None,
            fuel: None,
            max_memory: None,
            capabilities: Capabilities::all(),
            seed: None,
            tidy: true,
            last_resort: None,
        }
    }

    pub(super) fn host(&self) -> Host {
        let mut host = match &self.captured {
            Some(input) => Host::captured(input),
            None => Host::process(Vec::new()),
        };
        host.args = self.args.clone().into();
        if let (Some(_), Some(limit)) = (&self.captured, self.output_limit) {
            host.output = Output::captured_up_to(limit);
        }
        host = host.with_capabilities(self.capabilities.clone());
        match self.seed {
            Some(seed) => host.with_seed(seed),
            None => host,
        }
    }
}

/// How a program ended.
#[derive(Debug, Default)]
pub enum End {
    /// The top level ran to its end.
    #[default]
    Done,
    Exit(i32),
    /// An uncaught error.
    Failed(Box<Failure>),
    Interrupted,
    Timeout,
    Fuel,
    /// Nobody reads what it prints any more.
    PipeClosed,
    /// A mistake of ours, with what to report.
    Bug(String),
}

/// `exit` code of a program whose reader went away: what a shell shows for `SIGPIPE`.
pub const EXIT_PIPE: i32 = 128 + 13;

impl End {
    pub(super) fn of_raise(raise: Raise) -> End {
        match raise {
            Raise::Fault(fault) => End::Failed(Box::new(Failure::new(&fault))),
            Raise::Stop(Stop::Exit(code)) => End::Exit(code),
            Raise::Stop(Stop::PipeClosed) => End::PipeClosed,
            Raise::Stop(Stop::Interrupted) => End::Interrupted,
            Raise::Stop(Stop::Timeout) => End::Timeout,
            Raise::Stop(Stop::Fuel) => End::Fuel,
            Raise::Stop(Stop::Bug(report)) => End::Bug(report.into()),
        }
    }

    /// The exit code of the process (TOOLS, conventions).
    pub fn exit_code(&self) -> i32 {
        match self {
            End::Done => 0,
            End::Exit(code) => *code,
            End::Failed(_) => 4,
            End::Bug(_) => 6,
            End::Timeout | End::Fuel => 124,
            End::Interrupted => 130,
            End::PipeClosed => EXIT_PIPE,
        }
    }
}

/// What running a program gave.
#[derive(Debug)]
pub struct Outcome {
    pub end: End,
    /// Empty unless captured.
    pub stdout: Vec<u8>,
    /// Empty unless captured.
    pub stderr: Vec<u8>,
    /// Heap objects left at the end; 0 in release builds, and unless everything was freed.
    pub live_objects: i64,
    /// Largest amount of memory of the process so far, in bytes; asked only of runs that are captured.
    pub peak_memory: Option<u64>,
    /// What the compiler to machine code did, if that was to be explained.
    pub jit: Option<Box<jit_report::Report>>,
    /// What was to be shown of compiled code, if that was to be kept.
    pub dump: Option<String>,
}

impl Outcome {
    pub fn exit_code(&self) -> i32 {
        self.end.exit_code()
    }
}

/// Runs a program to its end.
pub fn run(loaded: &Arc<Loaded>, options: &RunOptions) -> Outcome {
    let host = options.host();
    let output = host.output.clone();
    if options.captured.is_none() {
        set_process_output(&output);
    }
    let ran = with_large_stack(|| run_here(loaded, options, host));
    let ran = ran.unwrap_or_else(|Panicked(report)| Ran { end: End::Bug(report), ..Ran::default() });
    let Ran { mut end, live_objects, jit, dump } = ran;
    if let Err(error) = output.flush()
        && matches!(end, End::Done)
    {
        end = broken_output(&error);
    }
    let Captured { stdout, stderr } = output.take_captured();
    let peak_memory = options.captured.as_ref().and_then(|_| peak_memory());
    Outcome { end, stdout, stderr, live_objects, peak_memory, jit, dump }
}

fn broken_output(error: &std::io::Error) -> End {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => End::PipeClosed,
        _ => End::Failed(Box::new(Failure::output(error))),
    }
}

/// What a run has given, its streams aside.
#[derive(Default)]
struct Ran {
    end: End,
    live_objects: i64,
    jit: Option<Box<jit_report::Report>>,
    dump: Option<String>,
}

fn run_here(loaded: &Arc<Loaded>, options: &RunOptions, host: Host) -> Ran {
    limited(options, || {
        let before = isolate::live_objects();
        let (mut jit, mut dump) = (None, None);
        let result = with_machine(loaded, options, host, |machine: &mut dyn Machine| {
            let result = machine.run_main().map(drop);
            if options.mode.jit.explain {
                jit = machine.jit_report().map(Box::new);
            }
            if options.mode.jit.keeps_dump {
                dump = machine.jit_dump();
            }
            result
        });
        let end = match result {
            Ok(()) => End::Done,
            Err(raise) => End::of_raise(raise),
        };
        if options.tidy {
            cycles::collect();
        }
        Ran { end, live_objects: isolate::live_objects() - before, jit, dump }
    })
}

/// Sets the limits of the process for the time of `work`.
pub(super) fn limited<R>(options: &RunOptions, work: impl FnOnce() -> R) -> R {
    if let Some(bytes) = options.max_memory {
        limits::set_memory_limit(bytes);
    }
    let deadline = options.timeout.map(|after| Deadline::start(after, options.last_resort));
    let result = work();
    if deadline.is_some() {
        drop(deadline);
        limits::clear_interrupts();
    }
    result
}

/// Runs the script on one engine after the other; the first two outcomes that differ, if there are any.
pub fn compare(loaded: &Arc<Loaded>, options: &RunOptions) -> Comparison {
    let mut first: Option<(EngineKind, Outcome)> = None;
    for kind in EngineKind::ALL {
        let outcome = run(loaded, &RunOptions { mode: Mode::new(kind), ..options.clone() });
        if matches!(outcome.end, End::Interrupted) {
            return Comparison::Same(Box::new(outcome));
        }
        match &first {
            None => first = Some((kind, outcome)),
            Some((reference, expected)) => {
                if let Some(what) = difference(loaded, options, *reference, expected, kind, &outcome) {
                    return Comparison::Different(what);
                }
            }
        }
    }
    match first {
        Some((_, outcome)) => Comparison::Same(Box::new(outcome)),
        None => Comparison::Different("there are no engines".to_owned()),
    }
}

/// What [`compare`] found.
#[derive(Debug)]
pub enum Comparison {
    /// What all engines gave.
    Same(Box<Outcome>),
    /// The first difference, in words.
    Different(String),
}

fn difference(
    loaded: &Arc<Loaded>,
    options: &RunOptions,
    first: EngineKind,
    a: &Outcome,
    second: EngineKind,
    b: &Outcome,
) -> Option<String> {
    for (stream, left, right) in [("output", &a.stdout, &b.stdout), ("standard error", &a.stderr, &b.stderr)] {
        let Some(at) = first_difference(left, right) else { continue };
        let line = 1 + left[..at].iter().filter(|&&byte| byte == b'\n').count();
        let origin = (stream == "output").then(|| printed_at(loaded, options, at)).flatten();
        let origin = origin.map(|place| format!(", printed at {place}")).unwrap_or_default();
        return Some(format!(
            "{stream} differs in line {line}{origin}\n  {:<6} {}\n  {:<6} {}",
            first.name(),
            line_at(left, line),
            second.name(),
            line_at(right, line)
        ));
    }
    let (left, right) = (end_text(&a.end), end_text(&b.end));
    (left != right).then(|| format!("the end differs\n  {:<6} {left}\n  {:<6} {right}", first.name(), second.name()))
}

fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    let common = a.iter().zip(b).position(|(a, b)| a != b);
    common.or_else(|| (a.len() != b.len()).then(|| a.len().min(b.len())))
}

fn line_at(text: &[u8], line: usize) -> String {
    match String::from_utf8_lossy(text).split('\n').nth(line - 1) {
        Some(line) => format!("{line:?}"),
        None => "nothing".to_owned(),
    }
}

/// Where the program writes byte `at` of its output: it is run again with output refused from there on.
fn printed_at(loaded: &Arc<Loaded>, options: &RunOptions, at: usize) -> Option<String> {
    let mode = Mode::new(EngineKind::Interp);
    let outcome = run(loaded, &RunOptions { mode, output_limit: Some(at), ..options.clone() });
    let End::Failed(failure) = outcome.end else { return None };
    let place = failure.stack.first()?;
    Some(format!("{}:{}:{}", place.file, place.line, place.column))
}

fn end_text(end: &End) -> String {
    match end {
        End::Failed(failure) => {
            let place = failure.stack.first().map(|at| format!(" at {}:{}:{}", at.file, at.line, at.column));
            format!("error[{}]: {}{}", failure.kind, failure.message, place.unwrap_or_default())
        }
        End::Bug(report) => format!("internal fault: {report}"),
        End::Done => "ran to its end".to_owned(),
        End::Exit(_) | End::Interrupted | End::Timeout | End::Fuel | End::PipeClosed => {
            format!("exit code {}", end.exit_code())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::{Script, Text};

    fn load(text: &str) -> Arc<Loaded> {
        Arc::new(Script::resolve(Text::inline("test.ruff", text)).load().expect("the program has no errors"))
    }

    #[track_caller]
    fn check(text: &str, stdout: &str, end: &str) {
        let loaded = load(text);
        for name in MODES {
            let mut options = RunOptions::new(Mode::parse(name).expect("the table has only modes"));
            options.captured = Some(String::new());
            let outcome = run(&loaded, &options);
            assert_eq!(String::from_utf8_lossy(&outcome.stdout), stdout, "{name}");
            assert_eq!(end_text(&outcome.end), end, "{name}");
        }
    }

    #[test]
    fn output_and_ends_are_the_same_on_all_engines() {
        check("print(1 + 2)", "3\n", "ran to its end");
        check("print(1)\nx := [1][3]", "1\n", "error[IndexError]: Index out of bounds: index 3, length 1 at test.ruff:2:6");
        check("exit(7)", "", "exit code 7");
        check("print(map([1, 2], x => x * 2))", "[2, 4]\n", "ran to its end");
    }

    #[test]
    fn fuel_ends_a_program() {
        let loaded = load("loop { }");
        for kind in EngineKind::ALL {
            let options = RunOptions { fuel: Some(1000), captured: Some(String::new()), ..RunOptions::new(Mode::new(kind)) };
            assert!(matches!(run(&loaded, &options).end, End::Fuel), "{kind:?}");
        }
    }
}
