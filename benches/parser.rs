//! Throughput from text to tree on realistic source.

#[path = "common/settings.rs"]
mod settings;
#[path = "common/source.rs"]
mod source;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ruff::source::SourceId;
use ruff::syntax::parse;

fn parser(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parser");
    for size in [10_000, 1_000_000] {
        let text = source::realistic(size);
        group.throughput(Throughput::BytesDecimal(text.len() as u64));
        group.bench_function(format!("{} kB", size / 1000), |bencher| {
            bencher.iter(|| parse(SourceId(0), &text).ast.exprs.len())
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets = parser
}
criterion_main!(benches);
