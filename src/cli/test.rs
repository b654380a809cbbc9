//! `ruff test`: the tests that stand in scripts, and scripts whose output is recorded beside them.
//!
//! * A file with `test` blocks: each runs after a fresh run of the top level (or on a copy of its state, `--shared-setup`).
//! * `NAME.ruff` with a sibling `NAME.out`: the script must print exactly that. `--update` writes what it prints.
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value as Json, json};

use super::colour::{DIM, GREEN, RED, paint};
use super::options::{EngineOptions, LimitOptions, Permissions, TypeOptions};
use super::{Context, cannot_read, exit, print_result, run};
use crate::diagnostics::RenderOptions;
use crate::driver::engine::{self, End, RunOptions};
use crate::driver::testing::{self, Case, TestResult};
use crate::driver::thread::handle_interrupts;
use crate::driver::{Loaded, Script, Text};
use crate::host::Captured;

#[derive(Args, Debug)]
pub struct TestArgs {
    /// Files, folders, FILE:LINE, or parts of test names (default: the current folder)
    #[arg(value_name = "PATH|FILTER")]
    selection: Vec<String>,
    /// Run the top level once and every test on a copy of its state
    #[arg(long)]
    shared_setup: bool,
    /// Write what scripts print to their `.out` files
    #[arg(long)]
    update: bool,
    /// Write a JUnit report
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// One JSON object per test, then a summary
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    engine: EngineOptions,
    #[command(flatten)]
    limits: LimitOptions,
    #[command(flatten)]
    permissions: Permissions,
    #[command(flatten)]
    types: TypeOptions,
}

/// What to run.
struct Selection {
    /// Files with the lines asked for; none means all.
    files: Vec<(PathBuf, Option<u32>)>,
    /// Of these parts of names one must occur.
    names: Vec<String>,
    /// Files that were named, and so must be readable scripts.
    named: BTreeSet<PathBuf>,
}

/// One line of the report.
struct Record {
    file: String,
    name: String,
    line: u32,
    duration: Duration,
    /// Why it failed, as plain text.
    failure: Option<String>,
}

struct Report {
    records: Vec<Record>,
    json: bool,
    style: RenderOptions,
    /// Sources that do not parse.
    broken: usize,
    unreadable: bool,
    interrupted: bool,
}

/// `.ruff` files in these folders, and the files themselves, in order.
pub fn scripts_in(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            collect(path, &mut found);
        } else {
            found.push(path.clone());
        }
    }
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if hidden || path.is_symlink() && path.is_dir() {
            continue;
        }
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "ruff") {
            found.push(path);
        }
    }
}

impl Selection {
    fn new(words: &[String]) -> Selection {
        let mut selection = Selection { files: Vec::new(), names: Vec::new(), named: BTreeSet::new() };
        for word in words {
            let path = PathBuf::from(word);
            if path.exists() || path.extension().is_some_and(|ending| ending == "ruff") {
                selection.add(&path, None);
            } else if let Some((file, line)) = file_and_line(word) {
                selection.add(&file, Some(line));
            } else {
                selection.names.push(word.clone());
            }
        }
        if selection.files.is_empty() {
            selection.add(Path::new("."), None);
        }
        selection
    }

    fn add(&mut self, path: &Path, line: Option<u32>) {
        if !path.is_dir() {
            self.named.insert(path.to_owned());
        }
        let scripts = scripts_in(&[path.to_owned()]).into_iter();
        self.files.extend(scripts.map(|file| (file.strip_prefix(".").map(Path::to_owned).unwrap_or(file), line)));
    }

    fn wants(&self, case: &Case, line: Option<u32>) -> bool {
        line.is_none_or(|line| case.lines.contains(&line)) && self.wants_name(&case.name)
    }

    fn wants_name(&self, name: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|part| name.contains(part.as_str()))
    }
}

fn file_and_line(word: &str) -> Option<(PathBuf, u32)> {
    let (file, line) = word.rsplit_once(':')?;
    let path = PathBuf::from(file);
    if path.is_file() { Some((path, line.parse().ok()?)) } else { None }
}

pub fn run(args: TestArgs, context: Context) -> i32 {
    let start = Instant::now();
    let selection = Selection::new(&args.selection);
    let mut options = RunOptions::new(args.engine.mode());
    options.capabilities = args.permissions.0.clone();
    args.limits.apply(&mut options);
    options.last_resort = None;
    handle_interrupts();
    let mut report = Report {
        records: Vec::new(),
        json: args.json,
        style: context.colour.on_stdout(),
        broken: 0,
        unreadable: false,
        interrupted: false,
    };
    for (file, line) in &selection.files {
        if report.interrupted {
            break;
        }
        run_file(file, *line, &args, &selection, &options, &mut report, context);
    }
    report.summary(start.elapsed());
    if let Some(path) = &args.junit
        && let Err(error) = std::fs::write(path, report.junit())
    {
        eprintln!("ruff: cannot write {}: {error}", path.display());
        return exit::IO;
    }
    report.exit_code(&selection)
}

fn run_file(
    file: &Path,
    line: Option<u32>,
    args: &TestArgs,
    selection: &Selection,
    options: &RunOptions,
    report: &mut Report,
    context: Context,
) {
    let name = file.to_string_lossy().into_owned();
    let text = match Text::file(file) {
        Ok(text) => text,
        Err(error) => {
            cannot_read(&name, &error);
            report.unreadable = true;
            return;
        }
    };
    let recorded = file.with_extension("out");
    let script = Script::resolve(text.strict(args.types.strict_types));
    if script.has_errors() {
        // In a folder there may be broken scripts that are nobody's test.
        if recorded.exists() || selection.named.contains(file) || !script.program.tests.is_empty() {
            run::refuse(&script, context);
            report.broken += 1;
        }
        return;
    }
    let Ok(loaded) = script.load() else { return };
    let loaded = Arc::new(loaded);
    let wanted: Vec<Case> = testing::cases(&loaded).into_iter().filter(|case| selection.wants(case, line)).collect();
    if !wanted.is_empty() {
        report.heading(&name);
    }
    if args.shared_setup {
        let mut results = Vec::new();
        testing::run_shared(&loaded, options, &wanted, &mut |case, result| results.push((case.clone(), result)));
        for (case, result) in results {
            report.add(&loaded, &name, &case, result);
        }
    } else {
        for case in &wanted {
            let result = testing::run_case(&loaded, options, case);
            report.add(&loaded, &name, case, result);
        }
    }
    let is_snapshot = recorded.exists() || args.update && selection.named.contains(file) && wanted.is_empty();
    if is_snapshot && line.is_none() && selection.wants_name(&name) {
        run_recorded(&loaded, &name, &recorded, args, options, report);
    }
}

fn run_recorded(
    loaded: &Arc<Loaded>,
    name: &str,
    recorded: &Path,
    args: &TestArgs,
    options: &RunOptions,
    report: &mut Report,
) {
    let start = Instant::now();
    let options = RunOptions { captured: Some(String::new()), ..options.clone() };
    let outcome = engine::run(loaded, &options);
    let printed = String::from_utf8_lossy(&outcome.stdout).into_owned();
    let mut failure = failure_text(loaded, &outcome.end, &Captured::default());
    if failure.is_none() && args.update {
        failure = std::fs::write(recorded, &printed).err().map(|error| format!("{}: {error}", recorded.display()));
    } else if failure.is_none() {
        failure = match std::fs::read_to_string(recorded) {
            Ok(expected) if expected == printed => None,
            Ok(expected) => Some(line_difference(&recorded.to_string_lossy(), &expected, &printed)),
            Err(error) => Some(format!("{}: {error}", recorded.display())),
        };
    }
    report.interrupted |= matches!(outcome.end, End::Interrupted);
    report.heading(name);
    report.record(Record { file: name.to_owned(), name: "output".to_owned(), line: 1, duration: start.elapsed(), failure });
}

/// Why a run failed; `None` if it did not.
fn failure_text(loaded: &Loaded, end: &End, output: &Captured) -> Option<String> {
    let mut text = match end {
        End::Done => return None,
        End::Failed(failure) => failure.render(loaded, RenderOptions::default()),
        End::Exit(code) => format!("exit({code}) ended it\n"),
        End::Timeout => "took longer than --timeout allows\n".to_owned(),
        End::Fuel => "used up its --fuel\n".to_owned(),
        End::Interrupted => "interrupted\n".to_owned(),
        End::PipeClosed => "nobody reads its output\n".to_owned(),
        End::Bug(report) => format!("internal fault: {report}\n"),
    };
    for (stream, bytes) in [("output", &output.stdout), ("standard error", &output.stderr)] {
        if !bytes.is_empty() {
            let _ = writeln!(text, "{stream}:");
            text.extend(String::from_utf8_lossy(bytes).lines().map(|line| format!("  | {line}\n")));
        }
    }
    Some(text)
}

/// The first lines in which two texts differ.
fn line_difference(recorded: &str, expected: &str, printed: &str) -> String {
    let count = expected.lines().count().max(printed.lines().count());
    let (mut left, mut right) = (expected.lines(), printed.lines());
    for number in 1..=count {
        let (wanted, got) = (left.next(), right.next());
        if wanted != got {
            let show = |line: Option<&str>| line.map_or_else(|| "(end of output)".to_owned(), str::to_owned);
            return format!(
                "the output differs from {recorded} in line {number}\n  - {}\n  + {}\n",
                show(wanted),
                show(got)
            );
        }
    }
    format!("the output differs from {recorded} in its line ends\n")
}

impl Report {
    fn heading(&mut self, file: &str) {
        if !self.json && self.records.last().is_none_or(|last| last.file != file) {
            print_result(&format!("{file}\n"));
        }
    }

    fn add(&mut self, loaded: &Loaded, file: &str, case: &Case, result: TestResult) {
        self.interrupted |= matches!(result.end, End::Interrupted);
        let failure = failure_text(loaded, &result.end, &result.output);
        let (name, line, duration) = (case.name.clone(), case.line, result.duration);
        self.record(Record { file: file.to_owned(), name, line, duration, failure });
    }

    fn record(&mut self, record: Record) {
        let text = if self.json { format!("{}\n", record.json()) } else { self.lines(&record) };
        print_result(&text);
        self.records.push(record);
    }

    fn lines(&self, record: &Record) -> String {
        let verdict = match record.failure {
            None => paint("ok  ", GREEN, self.style),
            Some(_) => paint("FAIL", RED, self.style),
        };
        let time = paint(&format!("({})", milliseconds(record.duration)), DIM, self.style);
        let mut text = format!("  {verdict} {} {time}\n", record.name);
        for line in record.failure.iter().flat_map(|failure| failure.lines()) {
            let _ = writeln!(text, "       {line}");
        }
        text
    }

    fn failed(&self) -> usize {
        self.records.iter().filter(|record| record.failure.is_some()).count()
    }

    fn summary(&self, elapsed: Duration) {
        let (failed, total) = (self.failed(), self.records.len());
        if self.json {
            let summary = json!({
                "schema": "rufflang.test/1", "passed": total - failed, "failed": failed,
                "broken_sources": self.broken, "seconds": elapsed.as_secs_f64(),
            });
            print_result(&format!("{summary}\n"));
            return;
        }
        let broken = match self.broken {
            0 => String::new(),
            1 => ", 1 source does not parse".to_owned(),
            n => format!(", {n} sources do not parse"),
        };
        let failed_text = format!("{failed} failed");
        let failed_text = if failed > 0 { paint(&failed_text, RED, self.style) } else { failed_text };
        let blank = if total > 0 { "\n" } else { "" };
        let time = milliseconds(elapsed);
        print_result(&format!("{blank}{} passed, {failed_text}{broken} ({time})\n", total - failed));
    }

    fn exit_code(&self, selection: &Selection) -> i32 {
        if self.interrupted {
            130
        } else if self.unreadable {
            exit::IO
        } else if self.broken > 0 {
            exit::SOURCE
        } else if self.failed() > 0 || self.records.is_empty() && !selection.names.is_empty() {
            exit::GATE
        } else {
            exit::OK
        }
    }

    fn junit(&self) -> String {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let seconds: f64 = self.records.iter().map(|record| record.duration.as_secs_f64()).sum();
        let (total, failed) = (self.records.len(), self.failed());
        let _ = writeln!(
            text,
            "<testsuites><testsuite name=\"ruff\" tests=\"{total}\" failures=\"{failed}\" time=\"{seconds:.3}\">"
        );
        for record in &self.records {
            let (file, name) = (xml(&record.file), xml(&record.name));
            let seconds = record.duration.as_secs_f64();
            let line = record.line;
            let _ = write!(
                text,
                "<testcase classname=\"{file}\" name=\"{name}\" file=\"{file}\" line=\"{line}\" time=\"{seconds:.3}\""
            );
            match &record.failure {
                None => text.push_str("/>\n"),
                Some(failure) => {
                    let first = xml(failure.lines().next().unwrap_or_default());
                    let _ = writeln!(text, "><failure message=\"{first}\">{}</failure></testcase>", xml(failure));
                }
            }
        }
        text.push_str("</testsuite></testsuites>\n");
        text
    }
}

impl Record {
    fn json(&self) -> Json {
        json!({
            "schema": "rufflang.test/1",
            "file": self.file, "name": self.name, "line": self.line,
            "passed": self.failure.is_none(), "seconds": self.duration.as_secs_f64(), "failure": self.failure,
        })
    }
}

fn milliseconds(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1000.0;
    if milliseconds < 1000.0 { format!("{milliseconds:.1} ms") } else { format!("{:.2} s", milliseconds / 1000.0) }
}

/// Text as XML; characters that XML cannot hold become replacement characters.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
