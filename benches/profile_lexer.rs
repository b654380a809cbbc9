//! Lexer throughput at sizes given on the command line, for profilers and for checking that time is linear:
//! `cargo bench --bench profile_lexer -- 1000000 10000000 100000000` (bytes; 1 MB without arguments).

#[path = "common/source.rs"]
mod source;

use std::hint::black_box;
use std::time::Instant;

use ruff::source::SourceId;
use ruff::syntax::lexer::lex;

/// As in the program.
#[global_allocator]
static ALLOCATOR: ruff::value::Spare = ruff::value::Spare;

fn main() {
    // Cargo itself passes `--bench`.
    let mut sizes: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    if sizes.is_empty() {
        sizes.push(1_000_000);
    }
    for size in sizes {
        let text = source::realistic(size);
        let rounds = (200_000_000 / text.len()).clamp(3, 200);
        let mut best = f64::INFINITY;
        for _ in 0..rounds {
            let start = Instant::now();
            let tokens = lex(SourceId(0), black_box(&text)).list.len();
            best = best.min(start.elapsed().as_secs_f64());
            black_box(tokens);
        }
        println!("{:>11} bytes {:>9.3} ms {:>7.1} MB/s", text.len(), best * 1e3, text.len() as f64 / best / 1e6);
    }
}
