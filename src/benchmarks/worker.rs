//! The process that runs one script, or one `bench` block of it, on one engine. It is told what to do by a JSON object and
//! reports in JSON lines on standard output: stages, then measured turns in batches, then the end.
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
use super::timer::{Plan, Time, Turns, Work, measure};
use crate::compile;
use crate::driver::engine::{End, EngineKind, Mode, RunOptions};
use crate::driver::repeat::{Repeated, on_one_machine};
use crate::driver::testing::{self, Case};
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
    /// Which of the script's benchmarks; `None` for the script as a whole.
    pub bench: Option<usize>,
    /// As [`Mode::parse`] knows them.
    pub mode: String,
    /// The script's own arguments.
    pub args: Vec<String>,
    pub plan: Plan,
    pub time: Time,
    /// A new engine for every turn.
    pub fresh: bool,
    /// How often a turn repeats a block, if another process has found that out.
    pub repeat: Option<u32>,
    /// Measure the stages before running for a moment, rather than once.
    pub stages: bool,
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
        let (turns, budget, parts) = match self.plan.turns {
            Turns::Exactly(count) => (Some(count), None, None),
            Turns::Within(budget) => (None, Some(budget.as_nanos() as u64), None),
            Turns::Part(budget, parts) => (None, Some(budget.as_nanos() as u64), Some(parts)),
        };
        json!({
            "script": self.script.to_string_lossy(),
            "block": self.bench,
            "mode": self.mode,
            "args": self.args,
            "processor_time": self.time == Time::Processor,
            "warm_up": self.plan.warm_up,
            "turns": turns,
            "budget": budget,
            "parts": parts,
            "fresh": self.fresh,
            "repeat": self.repeat,
            "stages": self.stages,
            "memory": self.memory,
            "timeout": self.timeout.map(|timeout| timeout.as_nanos() as u64),
            "max_memory": self.max_memory,
        })
    }

    pub fn from_json(json: &Value) -> Option<Task> {
        let turns = match json["turns"].as_u64() {
            Some(count) => Turns::Exactly(u32::try_from(count).ok()?),
            None => {
                let budget = Duration::from_nanos(json["budget"].as_u64()?);
                count_of(&json["parts"]).map_or(Turns::Within(budget), |parts| Turns::Part(budget, parts))
            }
        };
        Some(Task {
            script: PathBuf::from(json["script"].as_str()?),
            bench: json["block"].as_u64().and_then(|index| usize::try_from(index).ok()),
            mode: json["mode"].as_str()?.to_owned(),
            plan: Plan { warm_up: u32::try_from(number(&json["warm_up"])).ok()?, turns },
            args: json["args"].as_array()?.iter().filter_map(|word| Some(word.as_str()?.to_owned())).collect(),
            time: if json["processor_time"].as_bool()? { Time::Processor } else { Time::Wall },
            fresh: json["fresh"].as_bool()?,
            repeat: count_of(&json["repeat"]),
            stages: json["stages"].as_bool()?,
            memory: json["memory"].as_bool()?,
            timeout: json["timeout"].as_u64().map(Duration::from_nanos),
            max_memory: json["max_memory"].as_u64(),
        })
    }
}

fn count_of(json: &Value) -> Option<u32> {
    json.as_u64().and_then(|count| u32::try_from(count).ok())
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
        Err(problem) => {
            json!({ "bench": "failed", "problem": problem.to_json(), "peak_memory": peak_memory() })
        }
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
    let (loaded, stages) = load(text, mode.kind, if task.stages { STAGE_BUDGET } else { Duration::ZERO })?;
    say(&json!({ "bench": "loaded", "stages": stages_to_json(stages) }));
    let mut options = RunOptions::new(mode);
    options.captured = Some(String::new());
    options.max_memory = task.max_memory;
    options.args = task.args.clone();
    let block = block_of(task, &loaded)?;
    let mut bench = Bench::new(task, &loaded, &options, block.as_ref());
    let measured = match bench.run(task.fresh) {
        // The script has run, but not a second time on the same engine.
        Err(_) if !task.fresh && block.is_none() && bench.finished > 0 && !bench.too_slow => {
            say(&json!({ "bench": "again" }));
            bench = Bench::new(task, &loaded, &options, None);
            bench.notes.push("a new engine for every turn: it does not run twice on one".to_owned());
            bench.run(true)
        }
        other => other,
    };
    measured.map_err(|problem| bench.explained(problem))?;
    bench.hand_over();
    let peak = peak_memory();
    let allocations = if task.memory { Some(count_allocations(&loaded, &options, block.as_ref())?) } else { None };
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

fn block_of(task: &Task, loaded: &Loaded) -> Result<Option<Case>, Problem> {
    let Some(index) = task.bench else {
        return Ok(None);
    };
    let found = testing::benches(loaded).into_iter().nth(index);
    found.map(Some).ok_or_else(|| Problem::new(ProblemKind::Crash, "the script was changed meanwhile"))
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

fn load(text: Text, engine: EngineKind, budget: Duration) -> Result<(Arc<Loaded>, Stages), Problem> {
    let parse = stage(budget, || drop(std::hint::black_box(syntax::parse(SourceId(0), &text.text))));
    let whole = stage(budget, || drop(std::hint::black_box(Script::resolve(text.clone()))));
    let script = Script::resolve(text);
    let loaded = script.load().map_err(|script| source_problem(&script))?;
    let functions = loaded.program.functions.len() as u32;
    let compile_all = || {
        for func in 0..functions {
            let _ = std::hint::black_box(compile::compile(&loaded.program, FuncId(func), compile::Options::default()));
        }
    };
    let compile = if engine == EngineKind::Interp { 0 } else { stage(budget, compile_all) };
    Ok((Arc::new(loaded), Stages { parse, resolve: whole.saturating_sub(parse), compile }))
}

/// The median time of some work, repeated for a moment.
fn stage(budget: Duration, work: impl Fn()) -> u64 {
    let begun = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || begun.elapsed() < budget && times.len() < 100 {
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

/// What a turn consists of.
trait Subject {
    /// Not measured.
    fn prepare(&mut self) -> End {
        End::Done
    }
    fn run(&mut self) -> End;
    /// Bytes printed since it was last asked.
    fn take_output(&mut self) -> u64;
}

/// The top level, again on the same engine.
struct Whole<'m, 'r>(&'r mut Repeated<'m>);

impl Subject for Whole<'_, '_> {
    fn run(&mut self) -> End {
        self.0.run()
    }

    fn take_output(&mut self) -> u64 {
        self.0.take_output()
    }
}

/// A block, some times in a row, after its set-ups.
struct Block<'m, 'r> {
    machine: &'r mut Repeated<'m>,
    case: &'r Case,
    loaded: &'r Loaded,
    repeat: u32,
}

impl Subject for Block<'_, '_> {
    fn prepare(&mut self) -> End {
        self.machine.set_up(self.case, self.loaded)
    }

    fn run(&mut self) -> End {
        self.machine.run_block(self.case, self.loaded, self.repeat)
    }

    fn take_output(&mut self) -> u64 {
        self.machine.take_output() / u64::from(self.repeat)
    }
}

/// Everything from a new engine on.
struct Fresh<'r> {
    loaded: &'r Arc<Loaded>,
    options: &'r RunOptions,
    case: Option<&'r Case>,
    output: u64,
}

impl Subject for Fresh<'_> {
    fn run(&mut self) -> End {
        let ran = on_one_machine(self.loaded, self.options, |machine| {
            let end = run_once(machine, self.case, self.loaded);
            (end, machine.take_output())
        });
        let (end, output) = ran.unwrap_or_else(|end| (end, 0));
        self.output = output;
        end
    }

    fn take_output(&mut self) -> u64 {
        self.output
    }
}

/// The top level, and after it a block with its set-ups.
fn run_once(machine: &mut Repeated<'_>, case: Option<&Case>, loaded: &Loaded) -> End {
    let Some(case) = case else {
        return machine.run();
    };
    let steps: [fn(&mut Repeated<'_>, &Case, &Loaded) -> End; 3] = [
        |machine, _, _| machine.run(),
        |machine, case, loaded| machine.set_up(case, loaded),
        |machine, case, loaded| machine.run_block(case, loaded, 1),
    ];
    for step in steps {
        let end = step(machine, case, loaded);
        if !matches!(end, End::Done) {
            return end;
        }
    }
    End::Done
}

/// A turn of a block without set-up repeats it until it takes this long, so that reading the clock does not count.
const LEAST_TURN: Duration = Duration::from_micros(20);

/// Finding out how often may take this long; meanwhile a hot block is compiled.
const TRIALS: Duration = Duration::from_millis(20);

const MOST_REPEATS: u32 = 1 << 20;

/// How often a turn repeats a block: `known`, or found out.
fn repeats_for(block: &mut Block<'_, '_>, known: Option<u32>) -> Result<u32, Problem> {
    // A set-up must come before every run of the block.
    if block.case.has_setup() {
        return Ok(1);
    }
    block.repeat = known.unwrap_or(1).max(1);
    let begun = Instant::now();
    while begun.elapsed() < TRIALS {
        let start = Instant::now();
        well_ended(&block.run())?;
        let time = start.elapsed();
        block.take_output();
        if known.is_none() && time < LEAST_TURN && block.repeat < MOST_REPEATS {
            block.repeat *= 2;
        }
    }
    Ok(block.repeat)
}

fn well_ended(end: &End) -> Result<(), Problem> {
    match end {
        End::Done | End::Exit(0) => Ok(()),
        other => Err(end_problem(other)),
    }
}

/// The turns of one script.
struct Bench<'a> {
    task: &'a Task,
    loaded: &'a Arc<Loaded>,
    options: &'a RunOptions,
    block: Option<&'a Case>,
    waiting: Vec<u64>,
    told: Instant,
    finished: u32,
    too_slow: bool,
    output: u64,
    exit: Option<i32>,
    notes: Vec<String>,
}

impl<'a> Bench<'a> {
    fn new(task: &'a Task, loaded: &'a Arc<Loaded>, options: &'a RunOptions, block: Option<&'a Case>) -> Bench<'a> {
        Bench {
            task,
            loaded,
            options,
            block,
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
        let (loaded, options, block) = (self.loaded, self.options, self.block);
        if fresh {
            return self.measure(&mut Fresh { loaded, options, case: block, output: 0 });
        }
        let measured = on_one_machine(loaded, options, |machine| match block {
            None => self.measure(&mut Whole(machine)),
            Some(case) => self.measure_block(machine, case),
        });
        measured.unwrap_or_else(|end| Err(end_problem(&end)))
    }

    fn measure_block(&mut self, machine: &mut Repeated<'_>, case: &Case) -> Result<(), Problem> {
        well_ended(&machine.run())?;
        machine.take_output();
        let mut block = Block { machine, case, loaded: self.loaded, repeat: 1 };
        block.repeat = repeats_for(&mut block, self.task.repeat)?;
        say(&json!({ "bench": "repeat", "count": block.repeat }));
        self.measure(&mut block)
    }

    fn measure(&mut self, subject: &mut dyn Subject) -> Result<(), Problem> {
        let plan = self.task.plan;
        measure(plan, &mut *self.task.time.clock(), &mut Turn { bench: self, subject, end: End::Done }).1
    }

    /// A problem that may come from running a block more than once.
    fn explained(&self, mut problem: Problem) -> Problem {
        if self.block.is_some() && self.finished > 0 && problem.kind == ProblemKind::Error {
            problem.message += "; it ran before: what it changes can be set anew in `bench_setup`";
        }
        problem
    }

    /// After a turn: says now and then how far it is.
    fn note(&mut self, counted: bool, time: u64) -> Result<(), Problem> {
        self.finished += 1;
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
    subject: &'r mut dyn Subject,
    end: End,
}

impl Work for Turn<'_, '_, '_> {
    type Error = Problem;

    fn before(&mut self) -> Result<(), Problem> {
        well_ended(&self.subject.prepare())
    }

    #[inline]
    fn turn(&mut self) -> Result<(), Problem> {
        self.end = self.subject.run();
        Ok(())
    }

    fn after(&mut self, counted: bool, nanoseconds: u64) -> Result<(), Problem> {
        self.bench.output = self.subject.take_output();
        well_ended(&self.end)?;
        if matches!(self.end, End::Exit(_)) {
            self.bench.exit = Some(0);
        }
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
fn count_allocations(loaded: &Arc<Loaded>, options: &RunOptions, block: Option<&Case>) -> Result<Allocations, Problem> {
    let counted = on_one_machine(loaded, options, |machine: &mut Repeated<'_>| {
        if let Some(case) = block {
            well_ended(&machine.run())?;
            well_ended(&machine.set_up(case, loaded))?;
        }
        let before = value::count_allocations(true);
        let end = match block {
            Some(case) => machine.run_block(case, loaded, 1),
            None => machine.run(),
        };
        let after = value::count_allocations(false);
        well_ended(&end)?;
        Ok(Allocations { count: after.count - before.count, bytes: after.bytes - before.bytes })
    });
    counted.unwrap_or_else(|end| Err(end_problem(&end)))
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
            bench: Some(3),
            mode: "jit".into(),
            plan: Plan { warm_up: 2, turns: Turns::Exactly(10) },
            args: vec!["--size".into(), "5".into()],
            time: Time::Processor,
            fresh: false,
            repeat: Some(4),
            stages: true,
            memory: true,
            timeout: Some(Duration::from_millis(1500)),
            max_memory: None,
        };
        assert_eq!(Task::from_json(&task.to_json()), Some(task.clone()));
        let other = Task { plan: Plan { warm_up: 0, turns: Turns::Within(Duration::from_secs(1)) }, bench: None, ..task };
        assert_eq!(Task::from_json(&other.to_json()), Some(other.clone()));
        let turns = Turns::Part(Duration::from_secs(1), 8);
        let part = Task { plan: Plan { warm_up: 0, turns }, repeat: None, ..other };
        assert_eq!(Task::from_json(&part.to_json()), Some(part));
        assert_eq!(main("{}"), 2);
    }
}
