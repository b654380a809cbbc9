//! Time of the compiler to machine code by phase, for whole programs at small sizes: everything that gets hot in them.
//!
//! `cargo bench --bench jit`

#[path = "common/settings.rs"]
mod settings;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use ruff::driver::engine::{self, End, EngineKind, JitMode, JitStats, Mode, RunOptions};
use ruff::driver::{Loaded, Script, Text};

/// Programs of the cross-language set, and the arguments of a run that is just long enough.
const PROGRAMS: &[(&str, &[&str])] = &[
    ("fib_recursive", &["15"]),
    ("sieve", &["20000"]),
    ("nbody", &["500"]),
    ("matmul", &["30"]),
    ("quicksort", &["3000"]),
    ("fannkuch", &["6"]),
];

/// A phase, and its time among the statistics.
type Phase = (&'static str, fn(&JitStats) -> Duration);

const PHASES: &[Phase] = &[
    ("build", |stats| stats.times.build),
    ("optimise", |stats| stats.times.optimise),
    ("generate", |stats| stats.times.generate),
];

fn program(name: &str) -> Arc<Loaded> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benchmarks/cross-language/programs");
    let text = Text::file(&folder.join(format!("{name}/{name}.ruff"))).expect("the program is part of the project");
    Arc::new(Script::resolve(text).load().unwrap_or_else(|_| panic!("{name} has errors")))
}

/// Runs the program once, compiling on its own thread.
fn statistics(loaded: &Arc<Loaded>, args: &[&str]) -> JitStats {
    let mut mode = Mode::new(EngineKind::Jit);
    mode.jit.mode = JitMode::Sync;
    mode.jit.explain = true;
    let mut options = RunOptions::new(mode);
    options.captured = Some(String::new());
    options.args = args.iter().map(|&word| word.to_owned()).collect();
    let outcome = engine::run(loaded, &options);
    assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
    outcome.jit.expect("an engine that compiles says what it did").stats
}

fn phases(c: &mut Criterion) {
    for (name, args) in PROGRAMS {
        let loaded = program(name);
        let compiled = statistics(&loaded, args).compiled();
        assert!(compiled > 0, "{name}: nothing gets hot");
        let mut group = c.benchmark_group(format!("jit {name}"));
        group.sample_size(10).sampling_mode(SamplingMode::Flat);
        for (phase, time) in PHASES {
            group.bench_function(*phase, |b| {
                b.iter_custom(|turns| (0..turns).map(|_| time(&statistics(&loaded, args))).sum())
            });
        }
        group.finish();
    }
}

/// A function of so many hot loops: each is compiled for itself, and none may cost the length of the whole function.
fn function_of_loops(loops: usize) -> Arc<Loaded> {
    let body = |at: usize| format!("    for i in 0..n {{\n        t += i * {at} % 7\n    }}\n    x{at} := t + {at}\n");
    let text =
        format!("func f(n) {{\n    t := 0\n{}    return t\n}}\nprint(f(2000))", (0..loops).map(body).collect::<String>());
    Arc::new(Script::resolve(Text::inline("loops.ruff", &text)).load().unwrap_or_else(|_| panic!("it has errors")))
}

/// Grows the function a hundredfold; the rate should fall by little.
fn long_functions(c: &mut Criterion) {
    let mut group = c.benchmark_group("jit one function of loops");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    for loops in [20, 200, 2000] {
        let loaded = function_of_loops(loops);
        group.throughput(Throughput::Elements(loops as u64));
        group.bench_function(loops.to_string(), |b| b.iter(|| statistics(&loaded, &[])));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets = phases, long_functions
}
criterion_main!(benches);
