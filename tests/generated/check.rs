//! Runs one program in several engine modes and says in what they differ.
use std::sync::Arc;
use std::time::Duration;

use ruff::diagnostics::RenderOptions;
use ruff::driver::engine::{self, End, JitMode, Mode, RunOptions};
use ruff::driver::{Loaded, Script, Text};
use ruff::host::Capabilities;

/// A program that takes longer in some mode proves nothing.
const MOST_TIME: Duration = Duration::from_secs(20);
const MOST_OUTPUT: usize = 8 << 20;
const MOST_MEMORY: u64 = 3 << 30;

/// What the runs have exercised.
#[derive(Clone, Copy, Default, Debug)]
pub struct Work {
    /// Functions and loops compiled to machine code, in all modes together.
    pub compiled: u64,
    pub entered: u64,
    /// Times that compiled code has left for the VM.
    pub exits: u64,
}

pub enum Verdict {
    Agree(Work),
    /// Static checking stops the program, or it does not end within its limits.
    Unusable(String),
    Differ {
        mode: String,
        what: String,
    },
}

/// All there is to see of a run.
struct Seen {
    output: String,
    end: String,
}

/// Runs `text` in all `modes`; the first is what the others are measured by.
pub fn check(text: &str, modes: &[&str]) -> Verdict {
    check_within(text, modes, MOST_TIME)
}

pub fn check_within(text: &str, modes: &[&str], time: Duration) -> Verdict {
    let script = Script::resolve(Text::inline("generated.ruff", text));
    let loaded = match script.load() {
        Ok(loaded) => Arc::new(loaded),
        Err(script) => {
            let first = script.diagnostics.iter().find(|found| found.is_error());
            return Verdict::Unusable(first.map_or_else(String::new, |found| found.message.to_string()));
        }
    };
    let mut work = Work::default();
    let mut reference: Option<Seen> = None;
    for mode in modes {
        let outcome = engine::run(&loaded, &RunOptions { timeout: Some(time), ..options(mode) });
        if let Some(report) = &outcome.jit {
            work.compiled += report.stats.functions + report.stats.loops;
            work.entered += report.stats.entered;
            work.exits += report.stats.exits;
        }
        if let End::Timeout | End::Interrupted = outcome.end {
            return Verdict::Unusable(format!("too slow in {mode}"));
        }
        let seen =
            Seen { output: String::from_utf8_lossy(&outcome.stdout).into_owned(), end: end_text(&loaded, &outcome.end) };
        let what = match (&reference, &outcome.end, outcome.live_objects) {
            (_, End::Bug(report), _) => Some(format!("internal fault: {report}")),
            (_, _, left) if left != 0 => Some(format!("{left} objects are left, {}", seen.end)),
            (Some(reference), ..) => difference(reference, &seen),
            _ => None,
        };
        if let Some(what) = what {
            return Verdict::Differ { mode: (*mode).to_owned(), what };
        }
        reference.get_or_insert(seen);
    }
    Verdict::Agree(work)
}

fn options(mode: &str) -> RunOptions {
    let mut options = RunOptions::new(Mode::parse(mode).expect("a mode of the table"));
    // The same moment in every run.
    options.mode.jit.mode = JitMode::Sync;
    options.mode.jit.explain = true;
    options.captured = Some(String::new());
    options.output_limit = Some(MOST_OUTPUT);
    options.max_memory = Some(MOST_MEMORY);
    options.seed = Some(1);
    // Nothing of the world outside, which may differ from run to run.
    options.capabilities = Capabilities::none();
    options
}

/// How a run ended, with every position.
fn end_text(loaded: &Loaded, end: &End) -> String {
    match end {
        // At which depth the stack overflows may differ, and so what has happened until then.
        End::Failed(failure) if failure.kind == "StackOverflow" => failure.kind.clone(),
        End::Failed(failure) => failure.render(loaded, RenderOptions::default()),
        End::Done => "ran to its end".to_owned(),
        other => format!("{other:?}"),
    }
}

fn difference(expected: &Seen, seen: &Seen) -> Option<String> {
    let lines = expected.output.lines().zip(seen.output.lines()).enumerate();
    if let Some((at, (left, right))) = lines.clone().find(|(_, (left, right))| left != right) {
        return Some(format!("line {} of the output is\n  {}\nnot\n  {}", at + 1, shortened(right), shortened(left)));
    }
    let (left, right) = (expected.output.lines().count(), seen.output.lines().count());
    if left != right {
        return Some(format!("{right} lines of output, not {left}; the end is\n{}not\n{}", seen.end, expected.end));
    }
    (expected.end != seen.end).then(|| format!("the end is\n{}not\n{}", seen.end, expected.end))
}

fn shortened(line: &str) -> String {
    line.chars().take(300).collect()
}
