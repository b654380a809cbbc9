//! Tests and benchmarks in the language (LANGUAGE §13): which there are, with their set-ups; and running tests. A test runs
//! in an isolate of its own after a fresh run of the file's top level, or, with shared set-up, on a copy of the state after
//! one run.
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Loaded;
use super::engine::{End, RunOptions, limited};
use super::machine::{Machine, with_machine};
use super::thread::{Panicked, on_isolate_thread, set_process_output};
use crate::host::{Captured, Host, Output};
use crate::resolve::hir::{FuncId, ModuleId, TestItem, TestKind, TextId};
use crate::semantics::fault::Raise;
use crate::source::Span;
use crate::value::isolate::Isolate;
use crate::value::{FnId, Value};

/// A test or benchmark of a file.
#[derive(Clone, Debug)]
pub struct Case {
    /// With the names of its groups: `parser > numbers > rejects 1.`.
    pub name: String,
    pub line: u32,
    /// Lines from the first to the last of it.
    pub lines: std::ops::RangeInclusive<u32>,
    pub(super) body: FuncId,
    /// Outer first.
    pub(super) setups: Vec<FuncId>,
    /// Inner first; benchmarks have none.
    teardowns: Vec<FuncId>,
}

impl Case {
    /// Whether something runs before each turn.
    pub fn has_setup(&self) -> bool {
        !self.setups.is_empty()
    }
}

/// What running a test gave.
#[derive(Debug)]
pub struct TestResult {
    /// How it ended; passed if [`End::Done`].
    pub end: End,
    pub output: Captured,
    pub duration: Duration,
}

impl TestResult {
    pub fn passed(&self) -> bool {
        matches!(self.end, End::Done)
    }
}

/// Between the names of groups and tests.
pub const SEPARATOR: &str = " > ";

/// The tests of the script (not of its imports), in source order.
pub fn cases(loaded: &Loaded) -> Vec<Case> {
    declared(loaded, |kind| match *kind {
        TestKind::Test { name, body } => Some((name, body)),
        _ => None,
    })
}

/// The benchmarks of the script, likewise.
pub fn benches(loaded: &Loaded) -> Vec<Case> {
    declared(loaded, |kind| match *kind {
        TestKind::Bench { name, body } => Some((name, body)),
        _ => None,
    })
}

fn declared(loaded: &Loaded, wanted: impl Fn(&TestKind) -> Option<(TextId, FuncId)>) -> Vec<Case> {
    let in_script = loaded.program.tests.iter().filter(|item| item.module == ModuleId(0));
    in_script
        .filter_map(|item| {
            let (name, body) = wanted(&item.kind)?;
            Some(case(loaded, item, name, body))
        })
        .collect()
}

fn case(loaded: &Loaded, item: &TestItem, name: TextId, body: FuncId) -> Case {
    let program = &loaded.program;
    let groups = groups_around(loaded, item);
    let group_names = groups.iter().filter_map(|&group| match program.tests[group].kind {
        TestKind::Group { name } => Some(&program[name]),
        _ => None,
    });
    let name = group_names.chain([&program[name]]).collect::<Vec<_>>().join(SEPARATOR);
    let is_test = matches!(item.kind, TestKind::Test { .. });
    let (mut setups, mut teardowns) = (Vec::new(), Vec::new());
    for level in std::iter::once(None).chain(groups.into_iter().map(Some)) {
        for other in program.tests.iter().filter(|other| other.module == item.module && other.group == level) {
            match other.kind {
                TestKind::GroupBody { body } => setups.push(body),
                TestKind::Setup { body } if is_test => setups.push(body),
                TestKind::BenchSetup { body } if !is_test => setups.push(body),
                TestKind::Teardown { body } if is_test => teardowns.insert(0, body),
                _ => {}
            }
        }
    }
    let lines = lines_of(loaded, item.span);
    Case { name, line: *lines.start(), lines, body, setups, teardowns }
}

/// Indexes of the groups around an item, outermost first.
fn groups_around(loaded: &Loaded, item: &TestItem) -> Vec<usize> {
    let mut groups: Vec<usize> = std::iter::successors(item.group, |&group| loaded.program.tests[group].group).collect();
    groups.reverse();
    groups
}

fn lines_of(loaded: &Loaded, span: Span) -> std::ops::RangeInclusive<u32> {
    let line = |offset| loaded.sources.line_column(loaded.main_source(), offset).line;
    line(span.start)..=line(span.end)
}

/// Runs a test after a fresh run of the top level.
pub fn run_case(loaded: &Arc<Loaded>, options: &RunOptions, case: &Case) -> TestResult {
    let start = Instant::now();
    let host = test_host(options);
    let output = host.output.clone();
    let ran = on_isolate_thread(|| {
        limited(options, || {
            with_machine(loaded, options, host, |machine| {
                machine.run_main()?;
                run_test(machine, case, loaded)
            })
        })
        .map_or_else(End::of_raise, |()| End::Done)
    });
    let end = ran.unwrap_or_else(|Panicked(report)| End::Bug(report));
    TestResult { end, output: output.take_captured(), duration: start.elapsed() }
}

/// Runs the top level once and each test on a copy of its state; `done` is told of each result.
pub fn run_shared(
    loaded: &Arc<Loaded>,
    options: &RunOptions,
    cases: &[Case],
    done: &mut (dyn FnMut(&Case, TestResult) + Send),
) {
    let host = test_host(options);
    let output = host.output.clone();
    let mut finished = 0;
    let ran = on_isolate_thread(|| {
        limited(options, || {
            with_machine(loaded, options, host, |machine| {
                machine.run_main()?;
                output.take_captured();
                for case in cases {
                    let start = Instant::now();
                    let result = on_copied_state(machine, |machine| run_test(machine, case, loaded));
                    let end = result.map_or_else(End::of_raise, |()| End::Done);
                    finished += 1;
                    done(case, TestResult { end, output: output.take_captured(), duration: start.elapsed() });
                }
                Ok(())
            })
        })
        .map_or_else(End::of_raise, |()| End::Done)
    });
    // The top level itself failed: so did every test that could not run.
    let mut end = ran.unwrap_or_else(|Panicked(report)| End::Bug(report));
    for case in &cases[finished..] {
        let text = end_again(&end);
        let end = std::mem::replace(&mut end, text);
        done(case, TestResult { end, output: output.take_captured(), duration: Duration::ZERO });
    }
}

fn end_again(end: &End) -> End {
    match end {
        End::Failed(failure) => End::Failed(failure.clone()),
        End::Bug(report) => End::Bug(report.clone()),
        End::Done => End::Done,
        End::Exit(code) => End::Exit(*code),
        End::Interrupted => End::Interrupted,
        End::Timeout => End::Timeout,
        End::Fuel => End::Fuel,
        End::PipeClosed => End::PipeClosed,
    }
}

fn test_host(options: &RunOptions) -> Host {
    let captured = Some(options.captured.clone().unwrap_or_default());
    let host = RunOptions { captured, ..options.clone() }.host();
    // What a test prints is shown later; nothing waits to be written when the process is ended from outside.
    set_process_output(&Output::captured());
    host
}

/// Gives `work` a copy of the module variables; functions in it share their captured variables as in the original.
fn on_copied_state<R>(machine: &mut dyn Machine, work: impl FnOnce(&mut dyn Machine) -> R) -> R {
    let isolate = machine.engine().isolate();
    let copy = Isolate::from_snapshot(isolate.snapshot(), isolate.random);
    let original = std::mem::replace(isolate, copy);
    let result = work(machine);
    *machine.engine().isolate() = original;
    result
}

/// Set-ups, the test, and whatever happened, the tear-downs.
fn run_test(machine: &mut dyn Machine, case: &Case, loaded: &Loaded) -> Result<(), Raise> {
    let mut call = |func: FuncId| {
        let id: FnId = loaded.fn_id(func);
        machine.engine().call(&Value::function(id), &mut []).map(drop)
    };
    let mut result = case.setups.iter().try_for_each(|&setup| call(setup)).and_then(|()| call(case.body));
    for &teardown in &case.teardowns {
        if matches!(result, Err(Raise::Stop(_))) {
            break;
        }
        let torn_down = call(teardown);
        result = result.and(torn_down);
    }
    result
}
