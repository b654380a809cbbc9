//! The process that runs one script on one engine. It is told what to do by a JSON object and reports in JSON lines on
//! standard output: stages, then measured turns in batches, then the end.
//!
//! Turns run on one engine after another run, so that what a program compiles and caches in its first turns serves the
//! later ones; a script that cannot run twice on one engine gets a new one per turn.
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::record::{Allocations, Problem, ProblemKind, Stages};
use super::record::{allocations_to_json, number, stages_to_json};
use super::stats;
use super::timer::{Plan, SystemClock, Turns, Work, measure};
use crate::compile;
use crate::driver::engine::{End, EngineKind, Mode, RunOptions};
use crate::driver::repeat::{Repeated, on_one_machine};
use crate::driver::thread::peak_memory;
use crate::driver::{Loaded, Script, Text};
use crate::resolve::hir::FuncId;
use crate::source::{SourceId, SourceMap};
use crate::syntax;
use crate::value;

/// What a worker is to do.
#[derive(Clone, PartialEq, Debug)]
pub struct Task {
    pub script: PathBuf,
    /// As [`Mode::parse`] knows them.
    pub mode: String,
    pub plan: Plan,
    /// A new engine for every turn.
    pub fresh: bool,
    /// Count allocations in a turn of its own.
    pub memory: bool,
    /// Longest time one turn may take.
    pub timeout: Option<Duration>,
    pub max_memory: Option<u64>,
}

/// Time between two batches of turns.
const BATCH: Duration = Duration::from_millis(40);

/// Stages are repeated for this long; their median counts.
const STAGE_BUDGET: Duration = Duration::from_millis(10);

impl Task {
    pub fn to_json(&self) -> Value {
        let (turns, budget) = match self.plan.turns {
            Turns::Exactly(count) => (Some(count), None),
            Turns::Within(budget) => (None, Some(budget.as_nanos() as u64)),
        };
        json!({
            "script": self.script.to_string_lossy(),
            "mode": self.mode,
            "warm_up": self.plan.warm_up,
            "turns": turns,
            "budget": budget,
            "fresh": self.fresh,
            "memory": self.memory,
            "timeout": self.timeout.map(|timeout| timeout.as_nanos() as u64),
            "max_memory": self.max_memory,
        })
    }

    pub fn from_json(json: &Value) -> Option<Task> {
        let turns = match json["turns"].as_u64() {
            Some(count) => Turns::Exactly(u32::try_from(count).ok()?),
            None => Turns::Within(Duration::from_nanos(json["budget"].as_u64()?)),
        };
        Some(Task {
            script: PathBuf::from(json["script"].as_str()?),
            mode: json["mode"].as_str()?.to_owned(),
            plan: Plan { warm_up: u32::try_from(number(&json["warm_up"])).ok()?, turns },
            fresh: json["fresh"].as_bool()?,
            memory: json["memory"].as_bool()?,
            timeout: json["timeout"].as_u64().map(Duration::from_nanos),
            max_memory: json["max_memory"].as_u64(),
        })
    }
}

/// Does what the JSON text says; gives the exit code.
pub fn main(task: &str) -> i32 {
    let task = serde_json::from_str(task).ok().and_then(|json: Value| Task::from_json(&json));
    let Some(task) = task else {
        eprintln!("ruff: this command is for `ruff bench` only");
        return 2;
    };
    let end = match perform(&task) {
        Ok(end) => end,
        Err(problem) => json!({ "bench": "failed", "problem": problem.to_json(), "peak_memory": peak_memory() }),
    };
    say(&end);
    0
}

/// One line of the report. If nobody listens any more there is nothing left to do.
fn say(event: &Value) {
    let mut stdout = std::io::stdout().lock();
    if writeln!(stdout, "{event}").and_then(|()| stdout.flush()).is_err() {
        std::process::exit(0);
    }
}

fn perform(task: &Task) -> Result<Value, Problem> {
    let mode = Mode::parse(&task.mode).ok_or_else(|| Problem::new(ProblemKind::Crash, "an engine without a name"))?;
    let text = Text::file(&task.script).map_err(|error| Problem::new(ProblemKind::Unreadable, unreadable(&error)))?;
    let (loaded, stages) = load(text, mode.kind)?;
    say(&json!({ "bench": "loaded", "stages": stages_to_json(stages) }));
    let mut options = RunOptions::new(mode);
    options.captured = Some(String::new());
    options.max_memory = task.max_memory;
    let mut bench = Bench::new(task, &loaded, &options);
    let measured = match bench.run(task.fresh) {
        // The script has run, but not a second time on the same engine.
        Err(_) if !task.fresh && bench.finished > 0 && !bench.too_slow => {
            say(&json!({ "bench": "again" }));
            bench = Bench::new(task, &loaded, &options);
            bench.notes.push("a new engine for every turn: it does not run twice on one".to_owned());
            bench.run(true)
        }
        other => other,
    };
    measured?;
    bench.hand_over();
    let peak = peak_memory();
    let allocations = if task.memory { Some(count_allocations(&loaded, &options)?) } else { None };
    if let Some(code) = bench.exit {
        bench.notes.push(format!("ends with exit({code})"));
    }
    Ok(json!({
        "bench": "done",
        "output": bench.output,
        "peak_memory": peak,
        "allocations": allocations.map_or(Value::Null, allocations_to_json),
        "notes": bench.notes,
    }))
}

pub(super) fn unreadable(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "cannot be read: no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "cannot be read: permission denied".to_owned(),
        std::io::ErrorKind::IsADirectory => "cannot be read: it is a folder".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

// ---- stages ----

fn load(text: Text, engine: EngineKind) -> Result<(Arc<Loaded>, Stages), Problem> {
    let parse = stage(|| drop(std::hint::black_box(syntax::parse(SourceId(0), &text.text))));
    let whole = stage(|| drop(std::hint::black_box(Script::resolve(text.clone()))));
    let script = Script::resolve(text);
    let loaded = script.load().map_err(|script| source_problem(&script))?;
    let functions = loaded.program.functions.len() as u32;
    let compile_all = || {
        for func in 0..functions {
            let _ = std::hint::black_box(compile::compile(&loaded.program, FuncId(func), compile::Options::default()));
        }
    };
    let compile = if engine == EngineKind::Interp { 0 } else { stage(compile_all) };
    Ok((Arc::new(loaded), Stages { parse, resolve: whole.saturating_sub(parse), compile }))
}

/// The median time of some work, repeated for a moment.
fn stage(work: impl Fn()) -> u64 {
    let begun = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || begun.elapsed() < STAGE_BUDGET && times.len() < 100 {
        let start = Instant::now();
        work();
        times.push(start.elapsed().as_nanos() as f64);
    }
    stats::median(&times) as u64
}

fn source_problem(script: &Script) -> Problem {
    let Some(first) = script.diagnostics.iter().find(|diagnostic| diagnostic.is_error()) else {
        return Problem::new(ProblemKind::Crash, "it was not loaded, without a reason");
    };
    let mut problem = Problem::new(ProblemKind::Source, first.message.to_string());
    problem.place = place(&script.sources, first.source, first.span.start);
    problem
}

fn place(sources: &SourceMap, source: SourceId, offset: u32) -> Option<String> {
    sources.find(source)?;
    let at = sources.line_column(source, offset);
    Some(format!("{}:{}:{}", sources.name(source), at.line, at.column))
}

// ---- turns ----

/// The turns of one script.
struct Bench<'a> {
    task: &'a Task,
    loaded: &'a Arc<Loaded>,
    options: &'a RunOptions,
    /// Where every turn begins: a script may change the folder.
    folder: Option<PathBuf>,
    waiting: Vec<u64>,
    told: Instant,
    finished: u32,
    too_slow: bool,
    output: u64,
    exit: Option<i32>,
    notes: Vec<String>,
}

impl<'a> Bench<'a> {
    fn new(task: &'a Task, loaded: &'a Arc<Loaded>, options: &'a RunOptions) -> Bench<'a> {
        Bench {
            task,
            loaded,
            options,
            folder: std::env::current_dir().ok(),
            waiting: Vec::new(),
            told: Instant::now(),
            finished: 0,
            too_slow: false,
            output: 0,
            exit: None,
            notes: Vec::new(),
        }
    }

    /// Measures all turns, on one engine or each on a new one.
    fn run(&mut self, fresh: bool) -> Result<(), Problem> {
        let plan = self.task.plan;
        let (loaded, options) = (self.loaded, self.options);
        if fresh {
            let mut turn = || {
                let ran = on_one_machine(loaded, options, |machine| (machine.run(), machine.take_output()));
                ran.unwrap_or_else(|end| (end, 0))
            };
            return measure(plan, &mut SystemClock::start(), &mut Turn { bench: self, run: &mut turn }).1;
        }
        let measured = on_one_machine(loaded, options, |machine| {
            let mut turn = || (machine.run(), machine.take_output());
            measure(plan, &mut SystemClock::start(), &mut Turn { bench: self, run: &mut turn }).1
        });
        measured.unwrap_or_else(|end| Err(end_problem(&end)))
    }

    /// After a turn: says now and then how far it is, and goes back to the folder it began in.
    fn note(&mut self, counted: bool, time: u64) -> Result<(), Problem> {
        self.finished += 1;
        if let Some(folder) = &self.folder {
            let _ = std::env::set_current_dir(folder);
        }
        if let Some(timeout) = self.task.timeout
            && u128::from(time) > timeout.as_nanos()
        {
            self.too_slow = true;
            return Err(timed_out(timeout));
        }
        if counted {
            self.waiting.push(time);
        }
        if self.told.elapsed() >= BATCH {
            self.hand_over();
        }
        Ok(())
    }

    fn hand_over(&mut self) {
        let times = std::mem::take(&mut self.waiting);
        say(&json!({ "bench": "turns", "times": times }));
        self.told = Instant::now();
    }
}

/// The problem of a turn that took longer than allowed.
pub(super) fn timed_out(timeout: Duration) -> Problem {
    let time = super::units::duration(timeout.as_nanos() as f64);
    Problem::new(ProblemKind::Timeout, format!("did not end within {time} (--timeout)"))
}

struct Turn<'b, 'a, 'r> {
    bench: &'b mut Bench<'a>,
    run: &'r mut dyn FnMut() -> (End, u64),
}

impl Work for Turn<'_, '_, '_> {
    type Error = Problem;

    #[inline]
    fn turn(&mut self) -> Result<(), Problem> {
        let (end, output) = (self.run)();
        self.bench.output = output;
        match end {
            End::Done => Ok(()),
            End::Exit(0) => {
                self.bench.exit = Some(0);
                Ok(())
            }
            other => Err(end_problem(&other)),
        }
    }

    fn after(&mut self, counted: bool, nanoseconds: u64) -> Result<(), Problem> {
        self.bench.note(counted, nanoseconds)
    }
}

fn end_problem(end: &End) -> Problem {
    match end {
        End::Failed(failure) => {
            let mut problem = Problem::new(ProblemKind::Error, format!("{}: {}", failure.kind, failure.message));
            problem.place = failure.stack.first().map(|at| format!("{}:{}:{}", at.file, at.line, at.column));
            problem
        }
        End::Exit(code) => Problem::new(ProblemKind::Exit(*code), format!("ended with exit({code})")),
        End::Interrupted => Problem::new(ProblemKind::Interrupted, "interrupted"),
        End::Timeout | End::Fuel => Problem::new(ProblemKind::Timeout, "ran out of time"),
        End::Bug(report) => Problem::new(ProblemKind::Crash, format!("internal fault: {report}")),
        End::Done | End::PipeClosed => Problem::new(ProblemKind::Crash, "its output was closed"),
    }
}

/// Allocations of one turn on an engine of its own.
fn count_allocations(loaded: &Arc<Loaded>, options: &RunOptions) -> Result<Allocations, Problem> {
    let counted = on_one_machine(loaded, options, |machine: &mut Repeated<'_>| {
        let before = value::count_allocations(true);
        let end = machine.run();
        let after = value::count_allocations(false);
        (end, Allocations { count: after.count - before.count, bytes: after.bytes - before.bytes })
    });
    match counted {
        Ok((End::Done | End::Exit(0), allocations)) => Ok(allocations),
        Ok((end, _)) | Err(end) => Err(end_problem(&end)),
    }
}

/// Whether a path is a script's.
pub fn is_script(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "ruff")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_survives_its_journey() {
        let task = Task {
            script: "a b.ruff".into(),
            mode: "jit".into(),
            plan: Plan { warm_up: 2, turns: Turns::Exactly(10) },
            fresh: false,
            memory: true,
            timeout: Some(Duration::from_millis(1500)),
            max_memory: None,
        };
        assert_eq!(Task::from_json(&task.to_json()), Some(task.clone()));
        let other = Task { plan: Plan { warm_up: 0, turns: Turns::Within(Duration::from_secs(1)) }, ..task };
        assert_eq!(Task::from_json(&other.to_json()), Some(other));
        assert_eq!(main("{}"), 2);
    }
}
