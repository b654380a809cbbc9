//! Generated programs: all engine modes agree in output, error, positions, exit code, and leave nothing behind.
//!
//! A fixed list of seeds runs always. `cargo test --profile checked --test generated -- --ignored` runs more:
//! `RUFF_SEEDS=FIRST..LAST` says which. Programs run in processes of their own, so that a crash is a finding like any other.
//! What modes disagree on is made smaller and written to `tests/lang/regression`, to be given its expectations by hand.
#[path = "generated/mod.rs"]
mod generated;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};
use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use ruff::driver::engine::MODES;

use generated::Generator;
use generated::check::{Verdict, Work, check};
use generated::choices::Choices;
use generated::shrink::shrink;
use generated::tree::{Tree, print};

/// Set in processes that run programs: what to do.
const CHILD: &str = "RUFF_GENERATED";
/// The seeds that run always: the first of each group, which is one trial.
const FIXED_GROUPS: &[u64] = &[0, 7, 14, 21, 28, 35, 42, 49];
const SEEDS_OF_A_GROUP: u64 = 7;
/// Programs that may be tried to make one smaller.
const SHRINK_TRIES: usize = 1500;

fn main() -> ExitCode {
    if let Ok(task) = std::env::var(CHILD) {
        return child(&task);
    }
    let group = |&first: &u64| {
        let seeds = first..first + SEEDS_OF_A_GROUP;
        Trial::test(format!("seeds_from_{}", seeds.start), move || run(seeds.start, seeds.end))
    };
    let mut trials: Vec<Trial> = FIXED_GROUPS.iter().map(group).collect();
    trials.push(Trial::test("long_run", run_long).with_ignored_flag(true));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

struct Seeded(TestRng);

impl Choices for Seeded {
    fn below(&mut self, n: u64) -> u64 {
        self.0.next_u64() % n
    }
}

fn program(seed: u64) -> Vec<Tree> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut choices = Seeded(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    Generator::new(&mut choices).program()
}

// ---------------------------------------------------------------------------------------------------------------------
// In the process that runs programs

fn child(task: &str) -> ExitCode {
    let words: Vec<&str> = task.split(' ').collect();
    match words[..] {
        ["print", seed] => {
            println!("{}", print(&program(number(seed))));
            ExitCode::SUCCESS
        }
        ["seeds", from, to] => {
            (number(from)..number(to)).for_each(report_seed);
            ExitCode::SUCCESS
        }
        ["file", path, mode] => {
            let text = std::fs::read_to_string(path).expect("the parent has written it");
            let modes: Vec<&str> = if mode == "all" { MODES.to_vec() } else { vec!["interp", mode] };
            match check(&text, &modes) {
                Verdict::Agree(_) => ExitCode::SUCCESS,
                Verdict::Unusable(_) => ExitCode::from(2),
                Verdict::Differ { mode, what } => {
                    println!("{mode}: {what}");
                    ExitCode::FAILURE
                }
            }
        }
        _ => panic!("unknown task {task:?}"),
    }
}

fn number(text: &str) -> u64 {
    text.parse().expect("a number")
}

/// A line before the seed runs, in case it takes the process along, and one after it.
fn report_seed(seed: u64) {
    println!("start {seed}");
    let _ = std::io::stdout().flush();
    match check(&print(&program(seed)), MODES) {
        Verdict::Agree(work) => println!("agree {} {} {}", work.compiled, work.entered, work.exits),
        Verdict::Unusable(why) => println!("unusable {}", why.replace('\n', " ")),
        Verdict::Differ { mode, what } => println!("differ {mode} {}", what.replace('\n', "⏎")),
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// In the process that looks on

fn run_long() -> Result<(), Failed> {
    let seeds = std::env::var("RUFF_SEEDS").unwrap_or_else(|_| "1000..3000".to_owned());
    let (from, to) = seeds.split_once("..").expect("RUFF_SEEDS is FIRST..LAST");
    run(number(from), number(to))
}

fn command(task: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.env(CHILD, task);
    command
}

#[derive(Default)]
struct Totals {
    agreed: u64,
    compiled_programs: u64,
    work: Work,
    unusable: Vec<String>,
    findings: Vec<String>,
}

fn run(from: u64, to: u64) -> Result<(), Failed> {
    let mut totals = Totals::default();
    let mut next = from;
    while next < to {
        next = run_until_crash(next, to, &mut totals);
    }
    println!(
        "seeds {from}..{to}: {} agree, {} unusable, {} differ; {} programs compiled, {} compilations, {} entries, {} exits",
        totals.agreed,
        totals.unusable.len(),
        totals.findings.len(),
        totals.compiled_programs,
        totals.work.compiled,
        totals.work.entered,
        totals.work.exits
    );
    if !totals.findings.is_empty() {
        return Err(totals.findings.join("\n").into());
    }
    // Programs that do not run, or are never compiled, prove nothing.
    if totals.unusable.len() as u64 > (to - from) / 5 + 1 {
        return Err(format!("too many programs are unusable:\n{}", totals.unusable.join("\n")).into());
    }
    if to - from >= SEEDS_OF_A_GROUP && totals.compiled_programs == 0 {
        return Err("no program was compiled to machine code".into());
    }
    Ok(())
}

/// Runs seeds in one process; the seed after the last that was started.
fn run_until_crash(from: u64, to: u64, totals: &mut Totals) -> u64 {
    let mut process = command(&format!("seeds {from} {to}")).stdout(Stdio::piped()).spawn().expect("this program runs");
    let output = BufReader::new(process.stdout.take().expect("it is piped"));
    let mut seed = from;
    let mut ended = false;
    for line in output.lines().map_while(Result::ok) {
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        ended = word != "start";
        match word {
            "start" => seed = number(rest),
            "agree" => {
                let counts: Vec<u64> = rest.split(' ').map(number).collect();
                totals.agreed += 1;
                totals.compiled_programs += u64::from(counts[0] > 0);
                totals.work.compiled += counts[0];
                totals.work.entered += counts[1];
                totals.work.exits += counts[2];
            }
            "unusable" => totals.unusable.push(format!("seed {seed}: {rest}")),
            _ => {
                let (mode, what) = rest.split_once(' ').unwrap_or((rest, ""));
                totals.findings.push(found(seed, mode, &what.replace('⏎', "\n")));
            }
        }
    }
    let status = process.wait().expect("it was started");
    if !ended {
        let mode = crashing_mode(seed);
        totals.findings.push(found(seed, &mode, &format!("the process ends with {status}")));
    }
    if ended && !status.success() { to } else { seed + 1 }
}

/// The mode in which a seed ends the process.
fn crashing_mode(seed: u64) -> String {
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let path = folder.path().join("crash.ruff");
    std::fs::write(&path, print(&program(seed))).expect("the folder was made");
    let crashes = |mode: &&&str| run_file(&path, mode).is_some_and(|code| code.is_none());
    MODES.iter().find(crashes).map_or_else(|| "all".to_owned(), |mode| (*mode).to_owned())
}

/// Exit code of checking a file; inner `None` if it crashed.
fn run_file(path: &Path, mode: &str) -> Option<Option<i32>> {
    let mut command = command(&format!("file {} {mode}", path.display()));
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    Some(status.code())
}

/// Makes the program of a finding smaller and keeps it; what to tell of it.
fn found(seed: u64, mode: &str, what: &str) -> String {
    eprintln!("seed {seed} differs in {mode}: {what}");
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let path = folder.path().join("smaller.ruff");
    let mut fails = |program: &[Tree]| {
        std::fs::write(&path, print(program)).is_ok() && matches!(run_file(&path, mode), Some(None | Some(1)))
    };
    let tries = std::env::var("RUFF_SHRINK").ok().and_then(|n| n.parse().ok()).unwrap_or(SHRINK_TRIES);
    let small = print(&shrink(program(seed), tries, &mut fails));
    let kept = target(seed);
    let first = what.lines().collect::<Vec<_>>().join("\n// ");
    let _ = std::fs::write(&kept, format!("// Seed {seed} of the generated programs, in {mode}: {first}\n{small}"));
    format!("seed {seed} differs in {mode}: {what}\nsmaller program in {}:\n{small}", kept.display())
}

fn target(seed: u64) -> PathBuf {
    let folder = std::env::var("RUFF_FINDINGS").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|_| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang/regression"));
    folder.join(format!("generated_{seed}.ruff"))
}
