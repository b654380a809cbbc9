//! Lexer throughput on realistic source.

#[path = "common/settings.rs"]
mod settings;
#[path = "common/source.rs"]
mod source;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ruff::source::SourceId;
use ruff::syntax::lexer::lex;

fn lexer(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lexer");
    for size in [10_000, 1_000_000] {
        let text = source::realistic(size);
        group.throughput(Throughput::BytesDecimal(text.len() as u64));
        group.bench_function(format!("{} kB", size / 1000), |bencher| bencher.iter(|| lex(SourceId(0), &text).list.len()));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets = lexer
}
criterion_main!(benches);
