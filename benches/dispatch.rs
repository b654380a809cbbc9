//! Cost of bytecode instructions by family, in nanoseconds per turn of a loop around one of them. The empty loop's time is to
//! be taken off.
//!
//! `cargo bench --bench dispatch`

#[path = "common/settings.rs"]
mod settings;

use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ruff::driver::engine::{End, EngineKind, Mode, RunOptions};
use ruff::driver::repeat::on_one_machine;
use ruff::driver::{Loaded, Script, Text};

/// Turns of the loop per run of a program.
const N: usize = 100_000;

/// A family, what comes before the loop, and the loop's body; the code is that of a function.
const FAMILIES: &[(&str, &str, &str)] = &[
    ("empty loop", "", ""),
    ("move local", "a := 1\nb := 2", "a = b"),
    ("int arithmetic", "a := 1", "a = i * 3 - 7"),
    ("float arithmetic", "a := 1.5", "a = a * 0.5 + 1.25"),
    ("compare and branch", "a := 0", "if i < 50 { a += 1 }"),
    ("array get", "xs := [1, 2, 3, 4]\na := 0", "a = xs[i & 3]"),
    ("array set", "xs := [1, 2, 3, 4]", "xs[i & 3] = i"),
    ("dict get", "d := {\"one\": 1, \"two\": 2}\na := 0", "a = d[\"two\"]"),
    ("dict set", "d := {\"one\": 1, \"two\": 2}", "d[\"two\"] = i"),
    ("field get", "p := Point { x: 1, y: 2 }\na := 0", "a = p.y"),
    ("field set", "p := Point { x: 1, y: 2 }", "p.y = i"),
    ("call function", "a := 0", "a = add(i, 1)"),
    ("call method", "p := Point { x: 1, y: 2 }\na := 0", "a = p.sum()"),
    ("call closure", "f := x => x + 1\na := 0", "a = f(i)"),
    ("call builtin", "xs := [1, 2, 3]\na := 0", "a = len(xs)"),
    ("global variable", "", "counter += 1"),
    ("string interpolation", "s := \"\"", "s = \"n ${i}\""),
    ("match", "a := 0", "match i & 3 {\ncase 0: a = 5\ncase 1: a = 6\ncase _: a = 7\n}"),
];

fn program(before: &str, body: &str) -> Arc<Loaded> {
    let text = format!(
        "struct Point {{ x, y\n func sum(self) {{ return self.x + self.y }} }}\n\
         func add(a, b) {{ return a + b }}\n\
         counter := 0\n\
         func work() {{\n{before}\nfor i in 0..{N} {{\n{body}\n}}\n}}\n\
         work()\n"
    );
    let script = Script::resolve(Text::inline("bench.ruff", text.as_str()));
    let messages: Vec<_> = script.diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect();
    Arc::new(script.load().unwrap_or_else(|_| panic!("{messages:?} in\n{text}")))
}

fn families(c: &mut Criterion) {
    for kind in [EngineKind::Vm, EngineKind::Jit, EngineKind::Interp] {
        let mut group = c.benchmark_group(kind.name());
        group.throughput(Throughput::Elements(N as u64));
        group.sample_size(10);
        for (name, before, body) in FAMILIES {
            let loaded = program(before, body);
            let mut options = RunOptions::new(Mode::new(kind));
            options.captured = Some(String::new());
            group.bench_function(*name, |b| {
                // The timing loop runs on the program's own thread.
                b.iter_custom(|turns| {
                    let timed = on_one_machine(&loaded, &options, |machine| {
                        let start = std::time::Instant::now();
                        for _ in 0..turns {
                            let end = machine.run();
                            assert!(matches!(end, End::Done), "{name}: {end:?}");
                        }
                        start.elapsed()
                    });
                    timed.unwrap_or_else(|end| panic!("{name}: {end:?}"))
                });
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets = families
}
criterion_main!(benches);
