//! Runs every program below `tests/lang` in every engine mode and compares what it does with what its comments promise.
//!
//! Each program in each mode is one trial, named `values/equality_nan::vm`. The comments are described in
//! `tests/lang/README.md`. The file has three parts: reading the promises (`Expected`), running a program
//! (`run`, the only place that knows how an engine is started and how its report looks), and comparing.
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};
use ruff::driver::engine::MODES;

/// Modes of which each runs in a third of the programs only, always the same; all of them if `RUFFLANG_TEST_ALL` is set.
const SAMPLED: &[&str] = &["jit-eager", "jit-exit=3", "jit-churn"];
/// How long one program may take.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Exit code of a program that static checking stopped.
const EXIT_STATIC: i32 = 3;
/// Exit code after an uncaught error.
const EXIT_FAULT: i32 = 4;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang");
    let mut programs = Vec::new();
    collect(&root, &mut programs);
    programs.sort();
    let trials = programs.iter().flat_map(|path| trials_of(&root, path)).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Whether a program is among those that run in a mode.
fn runs_in(mode: &str, name: &str) -> bool {
    let sum = name.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
    let third = SAMPLED.iter().position(|sampled| *sampled == mode);
    third.is_none_or(|third| sum % SAMPLED.len() == third) || std::env::var_os("RUFFLANG_TEST_ALL").is_some()
}

/// All `.ruff` files below `folder`, but for files and folders whose name starts with `_`.
fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('_') {
            continue;
        }
        if path.is_dir() {
            collect(&path, into);
        } else if name.ends_with(".ruff") {
            into.push(path);
        }
    }
}

fn trials_of(root: &Path, path: &Path) -> Vec<Trial> {
    let relative = path.strip_prefix(root).unwrap_or(path).with_extension("");
    let name = relative.to_string_lossy().replace('\\', "/");
    let source = std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let expected = source.map_err(|e| e.to_string()).and_then(|text| Expected::parse(&text));
    MODES
        .iter()
        .filter(|mode| runs_in(mode, &name))
        .filter(|mode| expected.as_ref().map_or(true, |e| e.only.is_empty() || e.only.iter().any(|m| m == *mode)))
        .map(|mode| {
            let (path, expected) = (path.to_path_buf(), expected.clone());
            Trial::test(format!("{name}::{mode}"), move || check(mode, &path, &expected?))
        })
        .collect()
}

// ---------------------------------------------------------------------------------------------------------------------
// What a program promises

/// A place and a text that a report has to show there.
#[derive(Clone, Debug)]
struct Promise {
    line: usize,
    column: Option<usize>,
    text: String,
}

/// Everything the comments of one program promise.
#[derive(Clone, Debug, Default)]
struct Expected {
    stdout: Vec<String>,
    errors: Vec<Promise>,
    fault: Option<Promise>,
    exit: Option<i32>,
    stderr: Vec<String>,
    args: Vec<String>,
    stdin: String,
    flags: Vec<String>,
    only: Vec<String>,
}

impl Expected {
    fn parse(source: &str) -> Result<Expected, String> {
        let mut expected = Expected::default();
        for (index, line) in lines_of(source).iter().enumerate() {
            if let Some((word, column, text)) = directive(line) {
                expected.add(index + 1, word, column, text).map_err(|why| format!("line {}: {why}", index + 1))?;
            }
        }
        let says_something = !expected.stdout.is_empty()
            || !expected.errors.is_empty()
            || expected.fault.is_some()
            || expected.exit.is_some()
            || !expected.stderr.is_empty();
        if says_something { Ok(expected) } else { Err("the program promises nothing".to_string()) }
    }

    fn add(&mut self, line: usize, word: &str, column: Option<usize>, text: &str) -> Result<(), String> {
        let trimmed = text.trim();
        let words = || trimmed.split_whitespace().map(str::to_string);
        let promise = || Promise { line, column, text: trimmed.to_string() };
        match word {
            "expect" => self.stdout.push(trimmed.to_string()),
            "expect|" => {
                let text = text.trim_end();
                self.stdout.push(text.strip_suffix('|').unwrap_or(text).to_string());
            }
            "error" => self.errors.push(promise()),
            "fault" if self.fault.is_some() => return Err("a second fault".to_string()),
            "fault" => self.fault = Some(promise()),
            "exit" => self.exit = Some(trimmed.parse().map_err(|_| format!("bad exit code {trimmed:?}"))?),
            "stderr" => self.stderr.push(trimmed.to_string()),
            "args" => self.args.extend(words()),
            "stdin" => self.stdin.push_str(&trimmed.replace("\\n", "\n")),
            "flags" => self.flags.extend(words()),
            "only" => self.only.extend(trimmed.split(',').map(|mode| mode.trim().to_string())),
            other => return Err(format!("unknown directive {other:?}")),
        }
        Ok(())
    }

    fn exit_code(&self) -> i32 {
        let implied = if !self.errors.is_empty() {
            EXIT_STATIC
        } else if self.fault.is_some() {
            EXIT_FAULT
        } else {
            0
        };
        self.exit.unwrap_or(implied)
    }
}

/// The lines of a source as the language counts them: `\n`, `\r\n` or `\r` ends one.
fn lines_of(source: &str) -> Vec<String> {
    source.replace("\r\n", "\n").replace('\r', "\n").split('\n').map(str::to_string).collect()
}

/// Words that begin a promise, after `// ` or `# `.
const DIRECTIVES: &[&str] = &["expect", "error", "fault", "exit", "stderr", "args", "stdin", "flags", "only"];

/// The promise in a line: its word (`expect|` for the form that keeps blanks), its column if pinned, its text.
fn directive(line: &str) -> Option<(&'static str, Option<usize>, &str)> {
    for (at, _) in line.match_indices(['/', '#']) {
        let Some(rest) = line[at..].strip_prefix("// ").or_else(|| line[at..].strip_prefix("# ")) else { continue };
        for &word in DIRECTIVES {
            let Some(after) = rest.strip_prefix(word) else { continue };
            if let Some(text) = after.strip_prefix(':') {
                return Some((word, None, text));
            }
            if word == "expect"
                && let Some(text) = after.strip_prefix('|')
            {
                return Some(("expect|", None, text));
            }
            let pinned = after.strip_prefix('@').and_then(|text| text.split_once(':'));
            if let Some((digits, text)) = pinned
                && let Ok(column) = digits.parse()
            {
                return Some((word, Some(column), text));
            }
        }
    }
    None
}

// ---------------------------------------------------------------------------------------------------------------------
// Running a program

/// A diagnostic or an uncaught error, as it was reported.
#[derive(Debug)]
struct Report {
    /// Diagnostic code or error kind.
    code: String,
    message: String,
    /// Everything the report says besides the quoted source lines.
    text: String,
    file: String,
    line: usize,
    column: usize,
}

struct Outcome {
    stdout: String,
    stderr: String,
    exit_code: i32,
    /// Diagnostics after exit code 3; the uncaught error first after exit code 4.
    reports: Vec<Report>,
}

/// Runs `path` in `mode`. `{tmp}` among the arguments stands for a fresh folder that is removed afterwards.
fn run(mode: &str, path: &Path, expected: &Expected) -> Result<Outcome, String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let scratch = folder.path().to_string_lossy().into_owned();
    let child = Command::new(env!("CARGO_BIN_EXE_ruff"))
        .args(["run", "--engine", mode, "--color", "never"])
        .args(&expected.flags)
        .arg(path)
        .args(expected.args.iter().map(|arg| arg.replace("{tmp}", &scratch)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| e.to_string())?;
    let (exit_code, stdout, stderr) = finish(child, expected.stdin.clone())?;
    let reports = reports_in(&stderr);
    Ok(Outcome { stdout, stderr, exit_code, reports })
}

/// Feeds, drains and waits for `child`, and kills it at the time limit.
fn finish(mut child: Child, stdin: String) -> Result<(i32, String, String), String> {
    let mut input = child.stdin.take().ok_or("no stdin")?;
    let output = child.stdout.take().ok_or("no stdout")?;
    let errors = child.stderr.take().ok_or("no stderr")?;
    // A program that never reads its input closes the pipe: not an error of the trial.
    std::thread::spawn(move || input.write_all(stdin.as_bytes()));
    let output = std::thread::spawn(move || read_all(output));
    let errors = std::thread::spawn(move || read_all(errors));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            break status;
        }
        if start.elapsed() > TIME_LIMIT {
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("still running after {} s", TIME_LIMIT.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let stdout = output.join().unwrap_or_default();
    let stderr = errors.join().unwrap_or_default();
    let code = status.code().ok_or_else(|| format!("killed by a signal: {status}\n{stderr}"))?;
    Ok((code, stdout, stderr))
}

fn read_all(mut from: impl Read) -> String {
    let mut bytes = Vec::new();
    let _ = from.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The reports in a program's stderr: `error[CODE]: message`, then ` --> file:line:column`, then excerpt and notes.
fn reports_in(stderr: &str) -> Vec<Report> {
    let mut reports: Vec<Report> = Vec::new();
    for line in stderr.lines() {
        if let Some((code, message)) = line.strip_prefix("error[").and_then(|rest| rest.split_once("]: ")) {
            let (code, message) = (code.to_string(), message.to_string());
            reports.push(Report { code, text: message.clone(), message, file: String::new(), line: 0, column: 0 });
            continue;
        }
        let Some(report) = reports.last_mut() else { continue };
        let trimmed = line.trim_start();
        if let Some(place) = trimmed.strip_prefix("--> ").filter(|_| report.line == 0) {
            let mut parts = place.rsplitn(3, ':');
            report.column = parts.next().and_then(|text| text.parse().ok()).unwrap_or(0);
            report.line = parts.next().and_then(|text| text.parse().ok()).unwrap_or(0);
            report.file = parts.next().unwrap_or_default().to_string();
        } else if !quotes_source(trimmed) {
            let _ = write!(report.text, "\n{line}");
        }
    }
    reports
}

/// Whether a line of a report is an excerpt (`12 | code`): those contain the promises themselves.
fn quotes_source(line: &str) -> bool {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < line.len() && rest.trim_start().starts_with('|')
}

// ---------------------------------------------------------------------------------------------------------------------
// Comparing

fn check(mode: &str, path: &Path, expected: &Expected) -> Result<(), Failed> {
    let outcome = run(mode, path, expected)?;
    let mut problems = Vec::new();
    compare_stdout(expected, &outcome, &mut problems);
    if !expected.errors.is_empty() {
        compare_errors(expected, &outcome, &mut problems);
    }
    if let Some(fault) = &expected.fault {
        compare_fault(fault, path, &outcome, &mut problems);
    }
    for text in &expected.stderr {
        if !outcome.stderr.contains(text.as_str()) {
            problems.push(format!("stderr lacks {text:?}"));
        }
    }
    if outcome.exit_code != expected.exit_code() {
        problems.push(format!("exit code {}, expected {}", outcome.exit_code, expected.exit_code()));
    }
    if problems.is_empty() {
        return Ok(());
    }
    let mut report = problems.join("\n");
    let _ = write!(report, "\n--- stdout\n{}--- stderr\n{}", outcome.stdout, outcome.stderr);
    Err(report.into())
}

fn compare_stdout(expected: &Expected, outcome: &Outcome, problems: &mut Vec<String>) {
    let wanted: String = expected.stdout.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    if wanted == outcome.stdout {
        return;
    }
    let mut got = outcome.stdout.split('\n');
    for (index, line) in expected.stdout.iter().enumerate() {
        let found = got.next();
        if found != Some(line) {
            problems.push(format!("output line {}: expected {line:?}, got {found:?}", index + 1));
            return;
        }
    }
    problems.push(format!("more output than expected: {:?}", got.collect::<Vec<_>>().join("\n")));
}

fn compare_errors(expected: &Expected, outcome: &Outcome, problems: &mut Vec<String>) {
    let wanted: BTreeSet<usize> = expected.errors.iter().map(|promise| promise.line).collect();
    let got: BTreeSet<usize> = outcome.reports.iter().map(|report| report.line).collect();
    if wanted != got {
        problems.push(format!("diagnostics on lines {got:?}, expected {wanted:?}"));
    }
    for promise in &expected.errors {
        let fits = |report: &Report| {
            report.line == promise.line
                && promise.column.is_none_or(|column| column == report.column)
                && report.text.contains(&promise.text)
        };
        if !outcome.reports.iter().any(fits) {
            problems.push(format!("no diagnostic like {promise:?}"));
        }
    }
}

fn compare_fault(fault: &Promise, path: &Path, outcome: &Outcome, problems: &mut Vec<String>) {
    let Some(report) = outcome.reports.first() else {
        problems.push(format!("no uncaught error; expected {}", fault.text));
        return;
    };
    let got = format!("{}: {}", report.code, report.message);
    if !fits_text(&fault.text, &got) {
        problems.push(format!("error {got:?}, expected {:?}", fault.text));
    }
    if Path::new(&report.file).file_name() != path.file_name() || report.line != fault.line {
        problems.push(format!("error at {}:{}, expected line {}", report.file, report.line, fault.line));
    }
    if fault.column.is_some_and(|column| column != report.column) {
        problems.push(format!("error at column {}, expected {}", report.column, fault.column.unwrap_or(0)));
    }
}

/// Whether `got` is `wanted`, or begins with it where that ends in `…`.
fn fits_text(wanted: &str, got: &str) -> bool {
    match wanted.strip_suffix('…') {
        Some(beginning) => got.starts_with(beginning),
        None => got.trim_end() == wanted,
    }
}
