//! `/tmp/perf-PID.map`: names of compiled code, by which `perf report` knows it.
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

/// The file that `perf` looks for.
pub fn path() -> PathBuf {
    PathBuf::from(format!("/tmp/perf-{}.map", std::process::id()))
}

/// Adds finished code. Without the file `perf` shows addresses, which is no reason to stop.
pub fn note(address: u64, bytes: usize, name: &str) {
    let line = line(address, bytes, name);
    let file = OpenOptions::new().create(true).append(true).open(path());
    let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
}

fn line(address: u64, bytes: usize, name: &str) -> String {
    format!("{address:x} {bytes:x} ruff: {}\n", name.replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_hexadecimal_and_a_name_is_one_line() {
        assert_eq!(line(0x7f00_1000, 255, "fib\na.ruff:3"), "7f001000 ff ruff: fib a.ruff:3\n");
    }
}
