//! What makes no heap object: calls on numbers, loops, and updates in place, on any engine.
use std::sync::Arc;

use ruff::driver::engine::{Mode, RunOptions};
use ruff::driver::{Script, Text};
use ruff::profiler;

/// Heap objects that a program makes on one engine.
fn objects(text: &str, engine: &str) -> u64 {
    let script = Script::resolve(Text::inline("counted.ruff", text));
    let loaded = Arc::new(script.load().expect("it has no errors"));
    let options = RunOptions::new(Mode::parse(engine).expect("a mode of the table"));
    let profile = profiler::run(&loaded, &options, true);
    profile.allocations.expect("they were counted").count
}

/// `program` with `n` for `N` makes as many objects for a large `n` as for a small one.
#[track_caller]
fn check(program: &str, small: u32, large: u32) {
    for engine in ["interp", "vm", "jit"] {
        let made = |n: u32| objects(&program.replace('N', &n.to_string()), engine);
        // The first run of a process enters names and shapes.
        made(small);
        assert_eq!(made(small), made(large), "{engine}: {program}");
    }
}

#[test]
fn recursive_calls() {
    check("func fib(n) { return if n < 2 { n } else { fib(n - 1) + fib(n - 2) } }\nassert(fib(N) > 0)", 3, 16);
}

#[test]
fn methods_and_loops() {
    let program =
        "struct Point { x, y\n func sum(self) { return self.x + self.y }\n func move(mut self, d) { self.x += d } }
func run(n) {
    mut p := Point { x: 0, y: 1 }
    for i in 0..n { p.move(p.sum() % 3) }
    return p.sum()
}
assert(run(N) > 0)";
    check(program, 2, 500);
}

#[test]
fn building_a_string_in_a_field() {
    let program = "struct Box { text }
func run(n) {
    mut box := Box { text: \"a rather long beginning\" }
    for i in 0..n { box.text = box.text + \"\" }
    return len(box.text)
}
assert(run(N) > 0)";
    check(program, 2, 500);
}

#[test]
fn a_new_array_each_turn_is_seen() {
    let made = |n: u32| objects(&format!("func f(i) {{ return [i, i] }}\nfor i in 0..{n} {{ f(i) }}"), "vm");
    assert!(made(100) >= made(10) + 90);
}
