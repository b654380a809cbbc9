//! `ruff bench`: measures scripts on the engines, compares with earlier results, and gates on them.
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::options::{parse_duration, parse_size};
use super::{Context, exit, print_result};
use crate::benchmarks::discover::{self, Candidate};
use crate::benchmarks::record::{Problem, ProblemKind, Report, Row};
use crate::benchmarks::report::{self, Paint};
use crate::benchmarks::runner::{self, Job, Progress};
use crate::benchmarks::timer::{Plan, Time, Turns};
use crate::benchmarks::{markdown, saved, svg, worker};
use crate::diagnostics::Style;
use crate::driver::engine::{EngineKind, Mode};

#[derive(Args, Debug)]
#[command(
    after_help = "A script is run again and again on one engine, as a function that is called often would be; its output is\n\
captured. A script with `bench \"name\" { … }` blocks has its top level run once, and then each of them is measured, with\n\
what stands in `bench_setup { … }` before each turn. Every script or block, and engine, has processes of its own (--processes). Exit code 1: a script failed, or --fail-above was met; if\n\
nothing ran and all failed alike, the code that `ruff run` has for that (3 source, 4 error, 5 file, 124 timeout)."
)]
pub struct BenchArgs {
    /// Scripts, or folders with `.ruff` files
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Only scripts and blocks whose name contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Measured runs per script and engine (default: as many as --time allows, at least 10)
    #[arg(short = 'i', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    iterations: Option<u32>,
    /// Runs before that are not measured
    #[arg(short = 'w', long, value_name = "N", default_value_t = 3)]
    warmup: u32,
    /// Time to measure each script and engine for, in all processes together, without -i
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_duration, conflicts_with = "iterations")]
    time: Duration,
    /// Processes that share the measured runs of each script and engine; the interval comes from what lies between them
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    processes: u32,
    /// Three processes and 250 ms per script and engine, for a first look
    #[arg(long, conflicts_with_all = ["iterations", "time", "processes"])]
    quick: bool,
    /// Engines, in the order of columns
    #[arg(long, value_name = "ENGINES", value_delimiter = ',', default_values = ["interp", "vm", "jit"], value_parser = parse_mode)]
    engine: Vec<String>,
    /// A new engine for every run: measures start-up and compiling as well
    #[arg(long)]
    fresh: bool,
    /// Measure processor time of all threads rather than time on the wall, for a busy machine
    #[arg(long)]
    cpu: bool,
    /// Count allocations, in one more run
    #[arg(long)]
    memory: bool,
    /// Give up a script when one run takes longer: 500ms, 2s, 1m
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    timeout: Option<Duration>,
    /// Most memory of a script: 256M, 2G
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    max_memory: Option<u64>,
    /// Keep the results under this name
    #[arg(long, value_name = "NAME")]
    save: Option<String>,
    /// Compare with results kept under this name
    #[arg(long, value_name = "NAME")]
    compare: Option<String>,
    /// Exit with 1 if a median has grown by more than this, significantly: 5%
    #[arg(long, value_name = "SHARE", value_parser = saved::parse_share, requires = "compare")]
    fail_above: Option<f64>,
    /// Print results as JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Print results as Markdown
    #[arg(long)]
    markdown: bool,
    /// Draw results into a file
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Arguments of the scripts, after `--`
    #[arg(last = true, value_name = "ARGUMENTS")]
    args: Vec<String>,
}

fn parse_mode(text: &str) -> Result<String, String> {
    match Mode::parse(text) {
        Some(_) => Ok(text.to_owned()),
        None => {
            let names: Vec<_> = EngineKind::ALL.iter().map(|kind| kind.name()).collect();
            Err(format!("one of {}", names.join(", ")))
        }
    }
}

/// What `--quick` stands for.
const QUICK: (Duration, u32) = (Duration::from_millis(250), 3);

/// What the runner starts for each process of a row.
#[derive(Args, Debug)]
pub struct WorkerArgs {
    task: String,
}

/// The name of the worker's command.
pub const WORKER: &str = "bench-worker";

pub fn work(args: &WorkerArgs) -> i32 {
    worker::main(&args.task)
}

pub fn run(args: BenchArgs, context: Context) -> i32 {
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => {
            return refuse(&format!("cannot find its own program to start: {error}"), exit::IO);
        }
    };
    let earlier = match args.compare.as_deref().map(load).transpose() {
        Ok(earlier) => earlier,
        Err(code) => return code,
    };
    // Where to keep the results is settled before the time is spent.
    let kept = match args.save.as_deref().map(saved_file).transpose() {
        Ok(kept) => kept,
        Err(code) => return code,
    };
    let (mut scripts, unreadable) = find(&args.paths);
    if scripts.is_empty() && unreadable.is_empty() {
        let names: Vec<_> = args.paths.iter().map(|path| path.to_string_lossy()).collect();
        return refuse(&format!("no .ruff scripts in {}", names.join(", ")), exit::IO);
    }
    if let Some(text) = &args.filter {
        scripts.retain(|script| script.name.contains(text.as_str()));
        if scripts.is_empty() {
            return refuse(&format!("no script or block has '{text}' in its name"), exit::USAGE);
        }
    }
    let (time, processes) = if args.quick { QUICK } else { (args.time, args.processes) };
    let turns = args.iterations.map_or(Turns::Within(time), Turns::Exactly);
    let job = Job {
        program,
        program_args: vec![WORKER.to_owned()],
        engines: args.engine.clone(),
        args: args.args.clone(),
        plan: Plan { warm_up: args.warmup, turns },
        processes,
        time: if args.cpu { Time::Processor } else { Time::Wall },
        fresh: args.fresh,
        memory: args.memory,
        timeout: args.timeout,
        max_memory: args.max_memory,
    };
    let paint = Paint(context.colour.on_stdout().style == Style::Coloured);
    let mut shown = Shown::new(&job, !args.json && !args.markdown, paint);
    for row in &unreadable {
        shown.row_done(row);
    }
    let mut report = runner::run(&job, &scripts, &mut shown);
    shown.finish();
    report.rows.splice(0..0, unreadable);
    if let (Some(earlier), Some(name)) = (&earlier, &args.compare) {
        saved::compare(&mut report, earlier, name);
    }
    finish(&args, &report, kept.as_deref(), paint)
}

/// Prints, draws and keeps the results; gives the exit code.
fn finish(args: &BenchArgs, report: &Report, kept: Option<&Path>, paint: Paint) -> i32 {
    if args.json {
        print_result(&format!("{:#}\n", report.to_json()));
    } else if args.markdown {
        print_result(&markdown::render(report));
    } else {
        print_result(&format!("\n{}", report::tables(report, paint)));
    }
    if let Some(file) = &args.svg
        && let Err(error) = std::fs::write(file, svg::render(report))
    {
        return refuse(&format!("cannot write {}: {error}", file.display()), exit::IO);
    }
    if let Some(file) = kept
        && let Err(error) = saved::save(report, file)
    {
        return refuse(&format!("cannot write {}: {error}", file.display()), exit::IO);
    }
    let regressions = args.fail_above.map(|share| saved::regressions(report, share)).unwrap_or_default();
    for regression in &regressions {
        eprintln!("ruff: slower than allowed: {regression}");
    }
    match report.exit_code() {
        exit::OK if !regressions.is_empty() => exit::GATE,
        code => code,
    }
}

fn refuse(message: &str, code: i32) -> i32 {
    eprintln!("ruff: {message}");
    code
}

fn saved_file(name: &str) -> Result<PathBuf, i32> {
    let folder =
        saved::folder().ok_or_else(|| refuse("no folder for results: neither XDG_DATA_HOME nor HOME is set", exit::IO))?;
    saved::file(&folder, name).map_err(|why| refuse(&why, exit::USAGE))
}

fn load(name: &str) -> Result<Report, i32> {
    let file = saved_file(name)?;
    saved::load(&file).map_err(|why| refuse(&format!("cannot compare with '{name}': {why}"), exit::IO))
}

/// The scripts of all paths, and a row for each path that cannot be read.
fn find(paths: &[PathBuf]) -> (Vec<Candidate>, Vec<Row>) {
    let (mut scripts, mut unreadable) = (Vec::new(), Vec::new());
    for path in paths {
        match discover::scripts_in(path) {
            Ok(found) => scripts.extend(found.into_iter().flat_map(discover::blocks_in)),
            Err(error) => unreadable.push(Row {
                script: path.to_string_lossy().into_owned(),
                path: path.to_string_lossy().into_owned(),
                engine: "-".to_owned(),
                problem: Some(Problem::new(ProblemKind::Unreadable, format!("cannot be read: {error}"))),
                ..Row::default()
            }),
        }
    }
    (scripts, unreadable)
}

/// Shows rows as they come, and a bar on a terminal.
struct Shown {
    bar: ProgressBar,
    rows: bool,
    paint: Paint,
    /// Turns a process measures, where that is known.
    turns: Option<u32>,
    last: Option<String>,
    row: String,
}

impl Shown {
    fn new(job: &Job, rows: bool, paint: Paint) -> Shown {
        let animated = std::io::stderr().is_terminal() && std::env::var_os("CI").is_none();
        let target = if animated { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(1), target);
        if let Ok(style) = ProgressStyle::with_template("{wide_bar:.cyan/dim} {msg}") {
            bar.set_style(style);
        }
        Shown {
            bar,
            rows,
            paint,
            turns: match job.plan.turns.shared(job.processes).first() {
                Some(Turns::Exactly(count)) => Some(*count),
                _ => None,
            },
            last: None,
            row: String::new(),
        }
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Shown {
    fn row(&mut self, name: &str, engine: &str, index: usize, total: usize) {
        self.row = format!("{name} on {engine} ({} of {total})", index + 1);
        self.bar.set_length(total as u64 * 100);
        self.bar.set_position(index as u64 * 100);
        self.bar.set_message(self.row.clone());
    }

    fn turns(&mut self, count: usize) {
        let done = self.bar.position() / 100 * 100;
        // Without a fixed number, the time says how far it is: half of the way is as good a guess as any.
        let share = self.turns.map_or(0.5, |wanted| count as f64 / f64::from(wanted.max(1)));
        self.bar.set_position(done + (share.clamp(0.0, 0.99) * 100.0) as u64);
    }

    fn row_done(&mut self, row: &Row) {
        if !self.rows {
            return;
        }
        let first = self.last.as_ref() != Some(&row.script);
        let text = report::row_lines(row, first, self.paint);
        self.last = Some(row.script.clone());
        self.bar.suspend(|| {
            let mut stdout = std::io::stdout().lock();
            let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        });
    }
}
