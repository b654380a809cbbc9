//! Runs the example programs and, at small sizes, the benchmark programs on every engine.
//!
//! - `examples/**/NAME.ruff` runs without arguments and without input and prints `NAME.out`, which lies beside it.
//! - The runs of `WITH_INPUT` read a file of `examples/data/` and print `examples/data/NAME.out`.
//! - `benchmarks/cross-language/expected.tsv` says what the benchmark programs print; its `quick` lines are run here.
//!
//! `UPDATE_EXAMPLES=1` writes the `.out` files of the examples from what the first engine prints, to be read by a person.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use libtest_mimic::{Arguments, Failed, Trial};

const ENGINES: &[&str] = &["interp", "vm", "jit"];

/// Example programs run a second time, with these arguments; paths are relative to `examples`.
const WITH_INPUT: &[(&str, &[&str])] = &[
    ("log_analyser", &["data/access.log"]),
    ("csv_report", &["data/sales.csv"]),
    ("word_counter", &["data/poem.txt", "3"]),
    ("dependencies", &["data/tasks.deps"]),
    ("template", &["data/letter.txt", "data/letter.json"]),
    ("sudoku", &["data/puzzle.txt"]),
    ("maze", &["data/maze.txt"]),
    ("calendar", &["2000", "1"]),
    ("life", &["2"]),
    ("calculator", &["6 * 7", "2 ^ 0.5", "x"]),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut trials = Vec::new();
    for folder in ["examples", "examples/benchmarks"] {
        for program in programs_in(&root.join(folder)) {
            let expected = program.with_extension("out");
            let name = format!("{folder}/{}", stem(&program));
            trials.extend(trials_of(&name, program, Vec::new(), Expected::File(expected)));
        }
    }
    for (name, words) in WITH_INPUT {
        let examples = root.join("examples");
        let words = words.iter().map(|word| argument(&examples, word)).collect();
        let expected = Expected::File(examples.join(format!("data/{name}.out")));
        let title = format!("examples/{name} with input");
        trials.extend(trials_of(&title, examples.join(format!("{name}.ruff")), words, expected));
    }
    trials.extend(benchmark_trials(&root.join("benchmarks/cross-language")));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Paths become absolute, since programs run in an empty folder of their own.
fn argument(examples: &Path, word: &str) -> String {
    if word.starts_with("data/") { examples.join(word).to_string_lossy().into_owned() } else { word.to_string() }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn programs_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder is part of the project");
    let mut programs: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    programs.retain(|path| path.extension().is_some_and(|ending| ending == "ruff"));
    programs.sort();
    programs
}

fn benchmark_trials(folder: &Path) -> Vec<Trial> {
    let table = std::fs::read_to_string(folder.join("expected.tsv")).expect("the table is part of the project");
    let mut trials = Vec::new();
    for line in table.lines() {
        let Some(["quick", program, words, output]) = fields(line) else { continue };
        let path = folder.join(format!("programs/{program}/{program}.ruff"));
        let words: Vec<_> = words.split_whitespace().map(str::to_string).collect();
        let name = format!("benchmarks/{program} {}", words.join(" "));
        trials.extend(trials_of(&name, path, words, Expected::Text(format!("{output}\n"))));
    }
    trials
}

fn fields(line: &str) -> Option<[&str; 4]> {
    line.split('\t').collect::<Vec<_>>().try_into().ok()
}

/// What a program prints.
#[derive(Clone)]
enum Expected {
    File(PathBuf),
    Text(String),
}

fn trials_of(name: &str, program: PathBuf, words: Vec<String>, expected: Expected) -> Vec<Trial> {
    let trial = |engine: &&'static str| {
        let (engine, program, words, expected) = (*engine, program.clone(), words.clone(), expected.clone());
        Trial::test(format!("{name}::{engine}"), move || check(engine, &program, &words, &expected))
    };
    ENGINES.iter().map(trial).collect()
}

fn check(engine: &str, program: &Path, words: &[String], expected: &Expected) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let output = Command::new(env!("CARGO_BIN_EXE_ruff"))
        .args(["run", "--engine", engine])
        .arg(program)
        .args(words)
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        let report = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}\nit printed:\n{printed}\nand reported:\n{report}", output.status).into());
    }
    if std::fs::read_dir(folder.path())?.next().is_some() {
        return Err("it left files behind".into());
    }
    let wanted = match expected {
        Expected::Text(text) => text.clone(),
        Expected::File(path) if std::env::var_os("UPDATE_EXAMPLES").is_some() && engine == ENGINES[0] => {
            std::fs::write(path, printed.as_bytes())?;
            return Ok(());
        }
        Expected::File(path) => std::fs::read_to_string(path)?,
    };
    if wanted == printed { Ok(()) } else { Err(difference(&wanted, &printed).into()) }
}

/// The first line in which two texts differ.
fn difference(wanted: &str, printed: &str) -> String {
    let (mut wanted, mut printed) = (wanted.lines(), printed.lines());
    for number in 1.. {
        let (left, right) = (wanted.next(), printed.next());
        if left != right || left.is_none() {
            return format!("line {number}:\n  expected {left:?}\n  printed  {right:?}");
        }
    }
    unreachable!("one of the texts ends")
}
