//! Hostile programs: each gives a result or an error on every engine, none takes the process along.
//!
//! Sources that would be large are made here; small ones with expectations stand in `tests/lang/limits`.
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ruff::driver::engine::{self, End, EngineKind, Mode, Outcome, RunOptions};
use ruff::driver::{Loaded, Script, Text};

fn load(text: String) -> Result<Arc<Loaded>, Vec<String>> {
    let script = Script::resolve(Text::inline("hostile.ruff", text));
    let messages = |script: &Script| script.diagnostics.iter().map(|found| found.message.to_string()).collect();
    script.load().map(Arc::new).map_err(|script| messages(&script))
}

/// Limits and interrupts belong to the process: one program at a time.
static TURN: Mutex<()> = Mutex::new(());

fn run(loaded: &Arc<Loaded>, kind: EngineKind, change: impl Fn(&mut RunOptions)) -> (Outcome, Duration) {
    let mut options = RunOptions::new(Mode::new(kind));
    options.captured = Some(String::new());
    options.timeout = Some(Duration::from_secs(120));
    change(&mut options);
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let start = Instant::now();
    (engine::run(loaded, &options), start.elapsed())
}

/// Every engine prints `output` and ends well, with nothing left.
#[track_caller]
fn check_with(text: impl Into<String>, output: &str, change: impl Fn(&mut RunOptions)) {
    let loaded = load(text.into()).expect("the program has no errors");
    for kind in EngineKind::ALL {
        let (outcome, _) = run(&loaded, kind, &change);
        assert!(matches!(outcome.end, End::Done), "{kind:?}: {:?}", outcome.end);
        assert_eq!(String::from_utf8_lossy(&outcome.stdout), output, "{kind:?}");
        assert_eq!(outcome.live_objects, 0, "{kind:?}");
    }
}

#[track_caller]
fn check(text: impl Into<String>, output: &str) {
    check_with(text, output, |_| {});
}

/// Every engine raises a catchable error of `kind` for the expression.
#[track_caller]
fn refused(expression: &str, kind: &str) {
    check(format!("try {{ print({expression}) }} except e {{ print(e.kind) }}\n"), &format!("{kind}\n"));
}

#[test]
fn nothing_is_a_program() {
    for text in ["", "\n", "\r", ";", "\u{feff}", "#!/usr/bin/env ruff", "// only this", "/* /* */ */", " \t\r\n;;\n"] {
        check(text, "");
    }
}

#[test]
fn recursion_a_hundred_thousand_deep() {
    let text = "func down(n) { return if n == 0 { 0 } else { 1 + down(n - 1) } }\nprint(down(100000))\n";
    check_with(text, "100000\n", |options| options.max_depth = Some(200_000));
    let text = "func down(n) { return 1 + down(n + 1) }\ntry { down(0) } except e { print(e.kind) }\n";
    check_with(text, "StackOverflow\n", |options| options.max_depth = Some(200_000));
}

#[test]
fn methods_that_recurse_give_self_back() {
    let text = "struct S {
    n = 0
    func down(mut self) { self.n += 1
        return self.down() }
    func hot(mut self, k) { self.n += 1
        return if k > 0 { self.hot(k - 1) } else { 0 } }
}
s := S()
for i in 0..300 { s.hot(9) }
print(s.n)
try { s.down() } except e { print(e.kind) }
print(s.n > 3000)
s.n = 5
print(s)
";
    check(text, "3000\nStackOverflow\ntrue\nS { n: 5 }\n");
}

#[test]
fn a_megabyte_of_brackets_is_a_diagnostic() {
    for (open, close) in [("[", "]"), ("(", ")"), ("{a: ", "}"), ("x => ", ""), ("-", ""), ("f(", ")"), ("if true { ", " }")]
    {
        let n = (1 << 20) / (open.len() + close.len());
        let text = format!("x := {}1{}\n", open.repeat(n), close.repeat(n));
        let errors = load(text).err();
        if !matches!(open, "-") {
            let errors = errors.unwrap_or_else(|| panic!("{open}: no diagnostic"));
            assert!(errors[0].contains("nesting too deep"), "{open}: {errors:?}");
            assert!(errors.len() <= 2, "{open}: {errors:?}");
        }
        load(open.repeat(n)).expect_err("nothing is closed");
    }
}

#[test]
fn long_chains_of_operators() {
    check(format!("print({})\n", vec!["1"; 100_000].join(" + ")), "100000\n");
    check(format!("print({})\n", vec!["true"; 20_000].join(" && ")), "true\n");
    check(format!("print({})\n", vec!["null"; 20_000].join(" ?? ")), "null\n");
    check(format!("d := {{}}\nprint({} ?? 4)\n", vec!["d.a ?? d[0]"; 20_000].join(" ?? ")), "4\n");
    check(format!("x := \"a\"{}\nprint(x.len())\n", ".trim()".repeat(20_000)), "1\n");
    check(format!("func f() {{ return f }}\nprint(f{})\n", "()".repeat(20_000)), "<func f>\n");
    check(format!("func inc(x) {{ return x + 1 }}\nprint(0{})\n", " |> inc".repeat(20_000)), "20000\n");
    check(format!("d := null\nprint(d{})\n", "?.a".repeat(20_000)), "null\n");
    check(format!("d := {{}}\ntry {{ d{} += 1 }} except e {{ print(e.kind) }}\n", ".a".repeat(20_000)), "KeyError\n");
}

#[test]
fn long_lists_of_branches() {
    let arms = "if x == 0 { 0 } else ".repeat(20_000);
    check(format!("x := 5\ny := {arms}{{ 2 }}\nprint(y)\n"), "2\n");
    check(format!("x := 5\n{arms}{{ print(3) }}\n"), "3\n");
    check(format!("match 5 {{{}\ndefault: print(4) }}\n", "\ncase 1: print(1)".repeat(20_000)), "4\n");
    check(format!("match 5 {{ case 0{}: print(0)\ndefault: print(5) }}\n", " | 0".repeat(20_000)), "5\n");
}

#[test]
fn a_string_literal_of_ten_megabytes() {
    check(format!("s := \"{}\"\nprint(len(s), s[9999999])\n", "a".repeat(10_000_000)), "10000000 a\n");
}

#[test]
fn data_nested_a_hundred_thousand_deep() {
    let text = "func deep() { x := []
    for i in 0..100000 { x = [x] }
    return x }
a := deep()
b := deep()
print(a == b, hash(a) == hash(b), same(a, b), len(\"${a}\"), {(a): 1}[b])
d := {}
for i in 0..100000 { d = {d} }
print(len(inspect(d)) > 100000, d == d)
";
    check(text, "true true true 200002 1\ntrue true\n");
}

#[test]
fn closures_that_reach_themselves_are_freed() {
    let text = "func make(n) { f := null
    xs := [n]
    f = k => if k == 0 { xs } else { f(k - 1) }
    return f }
total := 0
for i in 0..2000 { total += make(i)(3)[0] }
print(total)
";
    check(text, "1999000\n");
}

#[test]
fn sizes_beyond_all_memory_are_refused_at_once() {
    let all = [
        "\"a\" * 10**15",
        "[0] * 10**15",
        "1 << 10**12",
        "2 ** 10**10",
        "10 ** 18 ** 10 ** 18",
        "[...(0..10**12)]",
        "max(...(0..10**12))",
        "(0..10**12) + [1]",
        "(0..10**12).shuffle()",
        "(0..10**12).chunk(2)",
        "\"a\".pad_left(10**15)",
        "\"ab\".repeat(10**17)",
        "(10**12).enumerate()",
        "\"${1:{10**12}}\"",
        "factorial(10**12)",
    ];
    for expression in all {
        refused(expression, "MemoryError");
    }
    check("x := (0..10**12).to_array()\nprint(len(x), x[10**11])\n", "1000000000000 100000000000\n");
    check("print((10**12).take(2), {(0..10**12): 1}[0..10**12])\n", "[0, 1] 1\n");
}

#[test]
fn long_work_listens_to_a_deadline() {
    let endless = [
        "loop { }",
        "(0..10**12).map(x => x)",
        "(0..10**12).product()",
        "print((0..10**12).unique().len())",
        "for x in 10**12 { }",
        "\"${0..10**10}\".len()",
        "(0..10**12).join(\",\")",
        "x := [0, 1.5]\nloop { x = x.map(y => y) }",
        "(1..10**12).iter().filter(x => false).first()",
        "func f(n) { return if n < 2 { n } else { f(n - 1) + f(n - 2) } }\nf(90)",
    ];
    for text in endless {
        let loaded = load(text.to_owned()).expect("the program has no errors");
        for kind in EngineKind::ALL {
            let (outcome, time) = run(&loaded, kind, |options| {
                options.timeout = Some(Duration::from_millis(200));
                options.max_memory = Some(6 << 30);
            });
            let memory = matches!(&outcome.end, End::Failed(failure) if failure.kind == "MemoryError");
            assert!(memory || matches!(outcome.end, End::Timeout), "{kind:?} {text}: {:?}", outcome.end);
            assert!(time < Duration::from_secs(20), "{kind:?} {text}: {time:?}");
        }
    }
}

/// `count` pieces of text, the `n`th made from n.
fn repeated(count: usize, piece: impl Fn(usize) -> String) -> String {
    (0..count).map(piece).collect()
}

#[test]
fn functions_of_more_parts_than_can_be_numbered_run_on_no_engine() {
    let locals = |count| repeated(count, |n| format!("v{n} := {n}\n"));
    let calls = |count| "t += d.get(0, 1)\n".repeat(count);
    let structs = |count| repeated(count, |n| format!("s = S {{ x: {n} }}\n"));
    check(format!("func f() {{\n{}return v0 + v29999 }}\nprint(f())\n", locals(30_000)), "29999\n");
    check(format!("d := {{}}\nt := 0\n{}print(t)\n", calls(5000)), "5000\n");
    check(format!("struct S {{ x }}\ns := null\n{}print(s)\n", structs(20_000)), "S { x: 19999 }\n");
    for (text, why) in [
        (format!("func f() {{\n{}}}\nf()\n", locals(40_000)), "f is too large: too many local variables"),
        (locals(40_000), "<main> is too large: too many local variables"),
        (format!("d := {{}}\nt := 0\n{}print(t)\n", calls(70_000)), "<main> is too large: too many method calls"),
        (format!("struct S {{ x }}\ns := null\n{}print(s)\n", structs(70_000)), "<main> is too large: too many literals"),
    ] {
        let messages = load(text).map(drop).expect_err("too large for an instruction");
        assert!(messages.len() == 1 && messages[0].starts_with(why), "{messages:?}");
    }
}
