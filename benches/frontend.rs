//! Throughput of the stages before running, in bytes of source per second.
//!
//! `cargo bench --bench frontend`

#[path = "common/settings.rs"]
mod settings;

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ruff::compile;
use ruff::driver::{Loaded, Script, Text};
use ruff::resolve::hir::FuncId;
use ruff::source::SourceId;
use ruff::syntax;

/// About 200 kB of everyday code: functions, structs, loops, literals, interpolation.
fn source() -> String {
    let mut text = String::new();
    for number in 0..250 {
        let _ = write!(
            text,
            r#"
# Adds up what point {number} is worth.
struct Point{number} {{
    x: float
    y: float

    func length(self) {{
        return (self.x * self.x + self.y * self.y) ** 0.5
    }}
}}

func worth_{number}(items, limit = 100) {{
    total := 0
    names := {{"first": 1, "second": [1, 2, 3], "third": "text"}}
    for item in items {{
        if item > limit && item % 2 == 0 {{
            total += item * {number}
        }} else {{
            total -= 1
        }}
    }}
    while total > limit * 1000 {{
        total /= 2
    }}
    point := Point{number} {{ x: 1.5, y: 2.5 }}
    label := "worth ${{total}} at ${{point.length()}} of ${{names["first"]}}"
    return map(items, n => n + total)
}}
"#
        );
    }
    text
}

fn loaded(text: &str) -> Loaded {
    let script = Script::resolve(Text::inline("bench.ruff", text));
    let messages: Vec<_> = script.diagnostics.iter().map(|diagnostic| diagnostic.message.clone()).collect();
    script.load().unwrap_or_else(|_| panic!("the source of this benchmark is wrong: {messages:?}"))
}

fn stages(c: &mut Criterion) {
    let text = source();
    let mut group = c.benchmark_group("front end");
    group.throughput(Throughput::BytesDecimal(text.len() as u64));
    group.sample_size(20);
    group.bench_function("lex", |b| b.iter(|| syntax::lexer::lex(SourceId(0), black_box(&text))));
    group.bench_function("lex and parse", |b| b.iter(|| syntax::parse(SourceId(0), black_box(&text))));
    group.bench_function("lex, parse and resolve", |b| {
        b.iter(|| Script::resolve(Text::inline("bench.ruff", black_box(text.as_str()))));
    });
    let loaded = loaded(&text);
    let functions = loaded.program.functions.len() as u32;
    group.bench_function("compile to bytecode", |b| {
        b.iter(|| {
            for func in 0..functions {
                let chunk = compile::compile(&loaded.program, FuncId(func), compile::Options::default());
                black_box(chunk.is_ok());
            }
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets = stages
}
criterion_main!(benches);
