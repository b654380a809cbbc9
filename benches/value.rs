//! Cost of the basic operations on values, in nanoseconds per operation.
//!
//! `cargo bench --bench value`

#[path = "common/settings.rs"]
mod settings;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use ruff::value::{FnId, Str, Value, array, dict};

/// Operations per measured iteration, so that the loop around them does not count.
const N: usize = 1000;

fn counts(c: &mut Criterion) {
    let mut group = c.benchmark_group("value");
    group.throughput(criterion::Throughput::Elements(N as u64));
    let string = Value::str("a string on the heap");
    group.bench_function("clone and drop a string", |b| {
        b.iter(|| {
            for _ in 0..N {
                drop(black_box(black_box(&string).clone()));
            }
        });
    });
    let int = Value::Int(5);
    group.bench_function("clone and drop an int", |b| {
        b.iter(|| {
            for _ in 0..N {
                drop(black_box(black_box(&int).clone()));
            }
        });
    });
    group.bench_function("make and free Some(int)", |b| {
        b.iter(|| {
            for i in 0..N {
                drop(black_box(Value::some(Value::Int(i as i64))));
            }
        });
    });
    group.bench_function("make and free a closure", |b| {
        b.iter(|| {
            for i in 0..N {
                drop(black_box(Value::closure(FnId(1), [Value::Int(i as i64)])));
            }
        });
    });
    group.bench_function("make and free a short string", |b| {
        b.iter(|| {
            for _ in 0..N {
                drop(black_box(Value::str(black_box("short text"))));
            }
        });
    });
    group.finish();
}

fn arrays(c: &mut Criterion) {
    let mut group = c.benchmark_group("array");
    group.throughput(criterion::Throughput::Elements(N as u64));
    group.bench_function("push ints", |b| {
        b.iter(|| {
            let mut xs = array::new();
            for i in 0..N {
                array::make_unique(&mut xs).unwrap().push(Value::Int(i as i64)).unwrap();
            }
            xs
        });
    });
    let mut xs = array::from_vec((0..N as i64).map(Value::Int).collect()).unwrap();
    group.bench_function("get and set ints", |b| {
        b.iter(|| {
            for i in 0..N {
                let value = xs.get(black_box(i)).unwrap();
                array::make_unique(&mut xs).unwrap().set(i, value).unwrap();
            }
        });
    });
    let mut xs = array::from_vec((0..N).map(|i| Value::str(&format!("text {i}"))).collect()).unwrap();
    group.bench_function("get and set strings", |b| {
        b.iter(|| {
            for i in 0..N {
                let value = xs.get(black_box(i)).unwrap();
                array::make_unique(&mut xs).unwrap().set(i, value).unwrap();
            }
        });
    });
    group.finish();
}

fn dicts(c: &mut Criterion) {
    let mut group = c.benchmark_group("dict");
    group.throughput(criterion::Throughput::Elements(N as u64));
    group.bench_function("insert ints", |b| {
        b.iter(|| {
            let mut d = dict::new();
            for i in 0..N {
                dict::make_unique(&mut d).unwrap().insert(Value::Int(i as i64), Value::Int(1)).unwrap();
            }
            d
        });
    });
    let mut d = dict::new();
    for i in 0..N {
        dict::make_unique(&mut d).unwrap().insert(Value::Int(i as i64), Value::Int(0)).unwrap();
    }
    group.bench_function("get and set ints", |b| {
        b.iter(|| {
            for i in 0..N as i64 {
                let n = d.get_int(black_box(i)).and_then(Value::as_int).unwrap_or(0);
                dict::make_unique(&mut d).unwrap().insert(Value::Int(i), Value::Int(n + 1)).unwrap();
            }
        });
    });
    let keys: Vec<Value> = (0..N).map(|i| Value::str(&format!("key number {i}"))).collect();
    let mut d = dict::new();
    for key in &keys {
        dict::make_unique(&mut d).unwrap().insert(key.clone(), Value::Int(0)).unwrap();
    }
    group.bench_function("get strings", |b| {
        b.iter(|| keys.iter().filter_map(|key| d.get(key).unwrap()?.as_int()).sum::<i64>());
    });
    group.finish();
}

fn strings(c: &mut Criterion) {
    let mut group = c.benchmark_group("string");
    group.throughput(criterion::Throughput::Elements(N as u64));
    group.bench_function("append one character", |b| {
        b.iter(|| {
            let Value::Str(mut s) = Value::str("") else { unreachable!("a text is a string") };
            for _ in 0..N {
                Str::push_str(&mut s, black_box("x")).unwrap();
            }
            s
        });
    });
    let Value::Str(mixed) = Value::str(&"aé€x".repeat(N)) else { return };
    group.bench_function("index mixed text", |b| {
        b.iter(|| (0..N).filter(|i| mixed.char_at(black_box(i * 3)).is_some()).count());
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = settings::short();
    targets = counts, arrays, dicts, strings
}
criterion_main!(benches);
