//! `ruff profile`: where a program spends its time and memory.
//!
//! ```text
//!  sampler (a thread that asks every millisecond) ──► engine (its stack at the next instruction or statement)
//!                                                         │
//!                       profile: names and lines  ◄── limits::sample (stacks with weights)
//!                          └──► text · formats (folded, speedscope, JSON, flame graph)
//! ```
//!
//! A stack stands for the time since the one before it, so that long builtins, which cannot be asked, get all of theirs.
pub mod formats;
mod sampler;
pub mod text;

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::driver::Loaded;
pub use crate::driver::engine::JitStats;
use crate::driver::engine::{End, RunOptions};
use crate::driver::repeat::{function_name, run_with_host};
use crate::driver::thread::{Panicked, peak_memory, with_large_stack};
use crate::host::{Captured, Host, Output};
use crate::limits::sample::{self, NO_SOURCE, Tier, Weight};
use crate::source::SourceId;
use crate::value;

/// A function, and a line of it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Place {
    pub function: Arc<str>,
    /// `None` for builtins.
    pub line: Option<(Arc<str>, u32)>,
}

impl Place {
    /// `file:line`, or the builtin's name.
    pub fn position(&self) -> String {
        match &self.line {
            Some((file, line)) => format!("{file}:{line}"),
            None => self.function.to_string(),
        }
    }
}

/// A stack that was met, innermost place first.
#[derive(Clone, PartialEq, Debug)]
pub struct Stack {
    pub tier: Tier,
    pub places: Vec<Place>,
    pub weight: Weight,
}

/// What running a program under the profiler gave.
#[derive(Debug)]
pub struct Profile {
    pub script: String,
    pub engine: String,
    pub end: End,
    pub output: Captured,
    /// From start to end.
    pub wall: Duration,
    /// The longest first.
    pub stacks: Vec<Stack>,
    pub peak_memory: Option<u64>,
    pub allocations: Option<value::Allocations>,
    /// What the compiler to machine code has done.
    pub jit: Option<JitStats>,
}

/// Time between two stacks.
pub const INTERVAL: Duration = Duration::from_millis(1);

/// Runs a program and watches it. Its standard input is the process's; what it prints is kept.
pub fn run(loaded: &Arc<Loaded>, options: &RunOptions, memory: bool) -> Profile {
    let output = Output::captured();
    let mut host = Host::process(options.args.clone()).with_capabilities(options.capabilities.clone());
    host.output = output.clone();
    let watched = || {
        sample::start();
        let before = value::count_allocations(memory);
        let (end, report, wall) = watched_for_time(|| run_with_host(loaded, options, host));
        let after = value::count_allocations(false);
        let made = value::Allocations { count: after.count - before.count, bytes: after.bytes - before.bytes };
        (end, wall, made, sample::stop(), report)
    };
    let (end, wall, made, samples, report) = with_large_stack(watched).unwrap_or_else(|Panicked(bug)| {
        (End::Bug(bug), Duration::ZERO, value::Allocations::default(), sample::Samples::new(), None)
    });
    Profile {
        script: loaded.sources.name(loaded.main_source()).to_owned(),
        engine: options.mode.kind.name().to_owned(),
        end,
        output: output.take_captured(),
        wall,
        stacks: named(loaded, samples),
        peak_memory: peak_memory(),
        allocations: memory.then_some(made),
        jit: report.map(|report| report.stats),
    }
}

/// What the work on this thread gives while it is asked where it is, and how long it took.
fn watched_for_time<A, B>(work: impl FnOnce() -> (A, B)) -> (A, B, Duration) {
    value::with_freeing(|freeing| {
        thread::scope(|scope| {
            let _sampler = sampler::start(scope, INTERVAL, freeing);
            let start = Instant::now();
            let (end, report) = work();
            (end, report, start.elapsed())
        })
    })
}

/// Gives the stacks names and lines; those that then are the same become one.
fn named(loaded: &Loaded, samples: sample::Samples) -> Vec<Stack> {
    let mut names: HashMap<u32, Arc<str>> = HashMap::new();
    let mut files: HashMap<u32, Arc<str>> = HashMap::new();
    let mut merged: HashMap<(Tier, Vec<Place>), Weight> = HashMap::new();
    for ((tier, frames), weight) in samples {
        let places = frames.iter().map(|frame| {
            let function = names.entry(frame.function).or_insert_with(|| function_name(loaded, value::FnId(frame.function)));
            let source = SourceId(frame.source);
            let known = frame.source != NO_SOURCE && loaded.sources.find(source).is_some();
            let line = known.then(|| {
                let file = files.entry(frame.source).or_insert_with(|| Arc::from(loaded.sources.name(source)));
                (file.clone(), loaded.sources.line_column(source, frame.offset).line)
            });
            Place { function: function.clone(), line }
        });
        let total = merged.entry((tier, places.collect())).or_default();
        total.samples += weight.samples;
        total.nanoseconds += weight.nanoseconds;
        total.bytes += weight.bytes;
    }
    let mut stacks: Vec<Stack> = merged.into_iter().map(|((tier, places), weight)| Stack { tier, places, weight }).collect();
    stacks.sort_by(|a, b| b.weight.nanoseconds.cmp(&a.weight.nanoseconds).then_with(|| a.places.cmp(&b.places)));
    stacks
}

/// What a tier is called in reports.
pub fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::Walker => "tree walker",
        Tier::Vm => "vm",
        Tier::Compiled => "compiled",
        Tier::Builtin => "builtin",
        Tier::References => "reference counting",
    }
}

/// A line of a table: how much of the whole belongs to something.
#[derive(Clone, PartialEq, Debug)]
pub struct Share {
    pub name: String,
    /// While it was innermost.
    pub own: u64,
    /// While it was anywhere on the stack.
    pub total: u64,
}

/// What weight of a stack is counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Measure {
    Nanoseconds,
    Bytes,
}

impl Measure {
    pub fn of(self, weight: &Weight) -> u64 {
        match self {
            Measure::Nanoseconds => weight.nanoseconds,
            Measure::Bytes => weight.bytes,
        }
    }
}

impl Profile {
    /// The weight of all stacks.
    pub fn sum(&self, measure: Measure) -> u64 {
        self.stacks.iter().map(|stack| measure.of(&stack.weight)).sum()
    }

    pub fn samples(&self) -> u64 {
        self.stacks.iter().map(|stack| stack.weight.samples).sum()
    }

    /// Time per tier, the largest first.
    pub fn tiers(&self) -> Vec<(Tier, u64)> {
        let mut tiers: Vec<(Tier, u64)> = Vec::new();
        for stack in &self.stacks {
            match tiers.iter_mut().find(|(tier, _)| *tier == stack.tier) {
                Some((_, time)) => *time += stack.weight.nanoseconds,
                None => tiers.push((stack.tier, stack.weight.nanoseconds)),
            }
        }
        tiers.retain(|(_, time)| *time > 0);
        tiers.sort_by_key(|(_, time)| std::cmp::Reverse(*time));
        tiers
    }

    /// Functions and builtins by their own share.
    pub fn functions(&self, measure: Measure) -> Vec<Share> {
        self.shares(measure, |place| place.function.to_string(), |_| true)
    }

    /// Lines by their own share; a builtin's time is also the time of the line that called it.
    pub fn lines(&self, measure: Measure) -> Vec<Share> {
        self.shares(measure, Place::position, |place| place.line.is_some())
    }

    fn shares(&self, measure: Measure, name: impl Fn(&Place) -> String, counts: impl Fn(&Place) -> bool) -> Vec<Share> {
        let mut shares: HashMap<String, Share> = HashMap::new();
        for stack in &self.stacks {
            let weight = measure.of(&stack.weight);
            if weight == 0 {
                continue;
            }
            let mut met: Vec<String> = Vec::new();
            for (at, place) in stack.places.iter().filter(|place| counts(place)).enumerate() {
                let name = name(place);
                let share = shares.entry(name.clone()).or_insert_with(|| Share { name: name.clone(), own: 0, total: 0 });
                share.own += if at == 0 { weight } else { 0 };
                // In a recursion a function is on the stack many times, but its time passes only once.
                if !met.contains(&name) {
                    share.total += weight;
                    met.push(name);
                }
            }
        }
        let mut shares: Vec<Share> = shares.into_values().collect();
        shares.sort_by(|a, b| (b.own, b.total).cmp(&(a.own, a.total)).then_with(|| a.name.cmp(&b.name)));
        shares
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::limits::sample::tests::ALONE;

    pub(crate) fn place(function: &str, line: Option<u32>) -> Place {
        Place { function: function.into(), line: line.map(|line| ("a.ruff".into(), line)) }
    }

    pub(crate) fn profile() -> Profile {
        let weight =
            |milliseconds: u64, bytes| Weight { samples: milliseconds, nanoseconds: milliseconds * 1_000_000, bytes };
        let stacks = vec![
            Stack {
                tier: Tier::Vm,
                places: vec![place("fib", Some(3)), place("fib", Some(3)), place("main", Some(9))],
                weight: weight(60, 0),
            },
            Stack {
                tier: Tier::Builtin,
                places: vec![place("sort", None), place("main", Some(8))],
                weight: weight(30, 4096),
            },
            Stack { tier: Tier::Compiled, places: vec![place("main", Some(5))], weight: weight(10, 0) },
        ];
        Profile {
            script: "a.ruff".into(),
            engine: "jit".into(),
            end: End::Done,
            output: Captured::default(),
            wall: Duration::from_millis(101),
            stacks,
            peak_memory: Some(8 << 20),
            allocations: Some(value::Allocations { count: 3, bytes: 5000 }),
            jit: Some(JitStats { functions: 1, loops: 2, entered: 40, exits: 1, ..JitStats::default() }),
        }
    }

    #[test]
    fn recursion_counts_once_and_builtins_belong_to_their_line() {
        let profile = profile();
        let functions = profile.functions(Measure::Nanoseconds);
        assert_eq!(functions[0], Share { name: "fib".into(), own: 60_000_000, total: 60_000_000 });
        let main = functions.iter().find(|share| share.name == "main").unwrap();
        assert_eq!((main.own, main.total), (10_000_000, 100_000_000));
        let lines = profile.lines(Measure::Nanoseconds);
        assert_eq!(lines[1], Share { name: "a.ruff:8".into(), own: 30_000_000, total: 30_000_000 });
        assert_eq!(profile.tiers()[0], (Tier::Vm, 60_000_000));
        assert_eq!(profile.lines(Measure::Bytes).len(), 1);
    }

    #[test]
    fn compiled_frames_are_walked() {
        let _alone = ALONE.lock();
        use crate::driver::engine::{EngineKind, JitMode, Mode};
        use crate::driver::{Script, Text};
        let text = "func leaf(n) {\n    total := 0\n    for i in 0..n { total += i * i % 7 }\n    return total\n}\n\
                    func down(k, n) {\n    if k == 0 { return leaf(n) }\n    return down(k - 1, n) + 1\n}\n\
                    for i in 0..2000 { down(20, 3000) }\n";
        let loaded = Arc::new(Script::resolve(Text::inline("deep.ruff", text)).load().expect("the program has no errors"));
        let mut mode = Mode::new(EngineKind::Jit);
        mode.jit.mode = JitMode::Sync;
        let profile = run(&loaded, &RunOptions::new(mode), false);
        let compiled = profile.stacks.iter().filter(|stack| stack.tier == Tier::Compiled);
        let depth = |stack: &Stack| stack.places.iter().filter(|place| &*place.function == "down").count();
        assert_eq!(compiled.map(depth).max(), Some(21), "{:?}", profile.stacks);
    }

    /// The builtin's time is not that of what runs beside it: both take much longer than the margin.
    #[test]
    fn long_builtins_get_their_own_time_on_every_engine() {
        let _alone = ALONE.lock();
        use crate::driver::engine::{EngineKind, Mode};
        use crate::driver::{Script, Text};
        let text = "func build(n) {\n    items := []\n    for i in 0..n { items.push(i * 7919 % 1000003) }\n    return items\n}\n\
                    items := build(300_000)\nfor turn in 0..10 { items.reverse()\n sorted := items.sort_by(x => -x) }\n";
        let loaded = Arc::new(Script::resolve(Text::inline("sort.ruff", text)).load().expect("the program has no errors"));
        for kind in EngineKind::ALL {
            let profile = run(&loaded, &RunOptions::new(Mode::new(kind)), false);
            assert!(matches!(profile.end, End::Done), "{kind:?}: {:?}", profile.end);
            let whole = profile.sum(Measure::Nanoseconds);
            let functions = profile.functions(Measure::Nanoseconds);
            let sorting = functions.iter().find(|share| share.name == "sort_by").map_or(0, |share| share.total);
            assert!(sorting * 2 > whole, "{kind:?}: {sorting} of {whole}, {functions:?}");
        }
    }

    /// Freeing takes a tenth of the time or more, also where what is freed is small; where nothing is freed, nothing is booked on it.
    #[test]
    fn freeing_is_a_tier_on_every_engine() {
        let _alone = ALONE.lock();
        use crate::driver::engine::{EngineKind, Mode};
        use crate::driver::{Script, Text};
        let at_once =
            "for turn in 0..4 {\n    items := []\n    for i in 0..200_000 { items.push([[i], [i]]) }\n    items = null\n}\n";
        let small = "func f(n) {\n    last := null\n    for i in 0..n { last = [[i], [i], [[i]]] }\n    return last\n}\nf(1_000_000)\n";
        let none = "func f(n) {\n    total := 0\n    for i in 0..n { total += i % 7 }\n    return total\n}\nf(3_000_000)\n";
        for (kind, (text, frees)) in EngineKind::ALL
            .into_iter()
            .flat_map(|kind| [(at_once, true), (small, true), (none, false)].map(|case| (kind, case)))
        {
            let loaded =
                Arc::new(Script::resolve(Text::inline("free.ruff", text)).load().expect("the program has no errors"));
            let profile = run(&loaded, &RunOptions::new(Mode::new(kind)), false);
            let tiers = profile.tiers();
            let freed = tiers.iter().find(|(tier, _)| *tier == Tier::References).map_or(0, |(_, time)| *time);
            assert_eq!(freed * 50 > profile.sum(Measure::Nanoseconds), frees, "{kind:?}: {text} {tiers:?}");
        }
    }

    #[test]
    fn a_run_shows_the_hot_line_on_every_engine() {
        let _alone = ALONE.lock();
        use crate::driver::engine::{EngineKind, Mode};
        use crate::driver::{Script, Text};
        for kind in EngineKind::ALL {
            // Long enough for some samples, however fast the engine.
            let turns = if kind == EngineKind::Jit { 60_000_000 } else { 300_000 };
            let text = format!(
                "func hot(n) {{\n    total := 0\n    for i in 0..n {{\n        total += i * i % 7\n    }}\n    return total\n}}\n\
                 print(hot({turns}))\n"
            );
            let loaded =
                Arc::new(Script::resolve(Text::inline("hot.ruff", text)).load().expect("the program has no errors"));
            let start = Instant::now();
            let profile = run(&loaded, &RunOptions::new(Mode::new(kind)), true);
            let took = start.elapsed();
            assert!(matches!(profile.end, End::Done), "{kind:?}: {:?}", profile.end);
            assert!(!profile.output.stdout.is_empty());
            let functions = profile.functions(Measure::Nanoseconds);
            assert_eq!(functions.first().map(|share| share.name.as_str()), Some("hot"), "{kind:?}: {functions:?}");
            let jit = profile.jit.as_ref();
            assert_eq!(
                jit.is_some_and(|stats| stats.compiled() > 0 && stats.entered > 0),
                kind == EngineKind::Jit,
                "{jit:?}"
            );
            assert!(profile.sum(Measure::Nanoseconds) <= took.as_nanos() as u64);
        }
    }
}
