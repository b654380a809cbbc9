//! The compiler to machine code from outside: what it compiles, when it gives up, what it tells, and that limits hold in
//! compiled code. That compiled programs mean the same is the business of `tests/lang`.
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use ruff::driver::engine::jit_report::{Fate, Report, Tier};
use ruff::driver::engine::{self, End, Foresight, JitMode, Mode, Outcome, RunOptions};
use ruff::driver::{Script, Text};

/// Runs a program in a mode, keeping what the compiler did.
fn run(mode: &str, text: &str) -> Outcome {
    run_with(mode, text, |_| {})
}

fn run_with(mode: &str, text: &str, change: impl FnOnce(&mut RunOptions)) -> Outcome {
    let script = Script::resolve(Text::inline("main.ruff", text));
    let loaded = Arc::new(script.load().unwrap_or_else(|_| panic!("the program has errors")));
    let mut options = RunOptions::new(Mode::parse(mode).expect("a mode of the table"));
    if options.mode.jit.mode == JitMode::Background {
        options.mode.jit.mode = JitMode::Sync;
    }
    options.mode.jit.explain = true;
    options.captured = Some(String::new());
    change(&mut options);
    engine::run(&loaded, &options)
}

#[track_caller]
fn report(mode: &str, text: &str, stdout: &str) -> Report {
    let outcome = run(mode, text);
    assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
    assert_eq!(String::from_utf8_lossy(&outcome.stdout), stdout);
    *outcome.jit.expect("it was asked for")
}

fn fate(report: &Report, line: u32, is_loop: bool) -> &Fate {
    let found = report.fates.iter().find(|fate| fate.line == line && fate.is_loop == is_loop);
    found.unwrap_or_else(|| panic!("nothing on line {line}: {:#?}", report.fates))
}

#[track_caller]
fn check_remark(fate: &Fate, wanted: &str) {
    assert!(fate.remarks.iter().any(|remark| remark.contains(wanted)), "no {wanted:?} in {fate:#?}");
}

const FIB: &str = "func fib(n) {\n    if n < 2 { return n }\n    return fib(n - 1) + fib(n - 2)\n}\nprint(fib(22))";

#[test]
fn hot_functions_run_compiled() {
    let report = report("jit", FIB, "17711\n");
    assert!(report.stats.share() > 0.95, "{}", report.stats);
    assert_eq!(report.stats.functions, 1);
    let fate = fate(&report, 1, false);
    assert_eq!(fate.tier, Tier::Compiled);
    check_remark(fate, "compiled after 1024 calls");
}

#[test]
fn hot_loops_run_compiled() {
    let report = report("jit", "s := 0\nfor i in 0..30000 {\n    s = s + i\n}\nprint(s)", "449985000\n");
    assert!(report.stats.share() > 0.9, "{}", report.stats);
    check_remark(fate(&report, 2, true), "compiled after 768 turns");
}

#[test]
fn what_is_cold_stays_in_the_vm() {
    let report = report("jit", "func f(x) { return x }\nfor i in 0..100 { f(i) }\nprint(f(1))", "1\n");
    assert_eq!(report.stats.compiled(), 0);
    assert_eq!(report.stats.code_bytes, 0);
    let fate = fate(&report, 1, false);
    assert_eq!(fate.tier, Tier::Vm);
    check_remark(fate, "101 calls so far; compiled after 1024");
}

/// Code that has left too often is given up, and compiled again for what it has met.
#[test]
fn a_failed_check_is_told_in_words() {
    let calls = "for i in 0..500 { add(i, 1) }\n".repeat(3);
    let text = format!("func add(a, b) {{\n    return a + b\n}}\n{calls}print(add(\"x\", \"y\"), add(2, 3))");
    let report = report("jit", &text, "xy 5\n");
    let fate = fate(&report, 1, false);
    check_remark(fate, "left compiled code 1x at `a");
    check_remark(fate, "'a' was int, became string; help: give it one kind of value");
    assert_eq!(report.stats.failed.get("a value of another kind"), Some(&1), "{}", report.stats);
}

#[test]
fn code_that_leaves_too_often_is_given_up_and_replaced() {
    let calls = "for i in 0..500 { add(i, 1) }\n".repeat(3);
    let others = "for i in 0..500 { n = n + len(add(\"x\", \"y\")) }\n".repeat(20);
    let text = format!("func add(a, b) {{\n    return a + b\n}}\n{calls}n := 0\n{others}print(n)");
    let report = report("jit", &text, "20000\n");
    assert!(report.stats.discarded > 0, "{}", report.stats);
    assert!(report.stats.exits < 2000, "an exit storm: {}", report.stats);
    check_remark(fate(&report, 1, false), "given up");
}

/// A loop of a body that the program shares has code for each of the first functions that it calls, then for any.
#[test]
fn bodies_of_builtins_are_not_left_for_another_callback() {
    let calls: String =
        (0..6).map(|k| format!("t += xs.map(x => x + {k}).len() + xs.filter(x => x > {k}).len()\n")).collect();
    let text = format!("xs := (0..6000).map(x => x)\nmut t := 0\nfor r in 0..3 {{\n{calls}}}\nprint(t)");
    let stats = report("jit", &text, "215937\n").stats;
    assert!(stats.discarded == 0 && stats.failed.is_empty(), "{stats}");
    assert!(stats.loops <= 10, "{stats}");
}

/// A call in a function of the prelude learns of another callee after a few exits, and calls others without leaving.
#[test]
fn an_order_by_another_function_costs_few_exits() {
    let orders: String = (0..6).map(|k| format!("t += sort(xs, (a, b) => (a + {k}) % 97 - (b + {k}) % 97)[0]\n")).collect();
    let text = format!("xs := (0..3000).map(x => x * 7 % 1009)\nmut t := 0\nfor r in 0..2 {{\n{orders}}}\nprint(t)");
    let stats = report("jit", &text, "3850\n").stats;
    assert!(stats.discarded <= 2, "{stats}");
    assert!(stats.failed.get("another function called").copied().unwrap_or(0) <= 12, "{stats}");
}

#[test]
fn hostile_modes_do_what_they_say() {
    let once = "func f(a) { return a + 1 }\nprint(f(1))";
    assert!(report("jit-eager", once, "2\n").stats.functions >= 1);
    assert_eq!(report("jit", once, "2\n").stats.functions, 0);
    let stats = report("jit-exit=3", FIB, "17711\n").stats;
    assert!(stats.forced_exits > 1000, "{stats}");
    let loops = "for i in 0..50 { n = f(n) }\n".repeat(20);
    let calls = format!("func f(a) {{ return a + 1 }}\nn := 0\n{loops}print(n)");
    let stats = report("jit-churn", &calls, "1000\n").stats;
    assert!(stats.discarded > 0, "{stats}");
}

#[test]
fn an_excluded_function_is_not_compiled() {
    let outcome = run_with("jit", FIB, |options| options.mode.jit.only = Some("other".to_owned()));
    assert_eq!(outcome.jit.expect("it was asked for").stats.compiled(), 0);
}

#[test]
fn what_was_never_reached_before_is_told() {
    let calls = "for i in 0..500 { f(ys, i) }\n".repeat(3);
    let text = format!(
        "func f(xs, i) {{\n    if i < 0 {{\n        return xs[0]\n    }}\n    return i\n}}\nys := [7]\n{calls}print(f(ys, 0 - 1))"
    );
    let report = report("jit", &text, "7\n");
    check_remark(fate(&report, 1, false), "code that had not been reached before");
}

/// A method call that no turn has come to so far: the loop leaves there until it is compiled again, with the call.
#[test]
fn a_method_call_is_compiled_once_it_has_been_reached() {
    let text = "func pick(n) {\n    result := []\n    for i in 0..n {\n        if i > 5000 { result.push(i) }\n    }\n    return result.len()\n}\n\
        print(pick(200000))";
    let report = report("jit", text, "194999\n");
    let remarks = &fate(&report, 3, true).remarks;
    assert!(!remarks.iter().any(|remark| remark.contains("left to the VM")), "{remarks:#?}");
    assert!(report.stats.share() > 0.95 && report.stats.entered < 100, "{}", report.stats);
}

/// The same for fields, and for a function that does something else in each phase of the program: it is compiled again at once.
#[test]
fn fields_are_compiled_once_they_have_been_reached() {
    let arms: String = (0..3).map(|k| format!("    if phase == {k} {{ return p.f{k} * 2 + p.g{k} }}\n")).collect();
    let text = format!(
        "struct P {{ f0, g0, f1, g1, f2, g2 }}\nfunc pick(p, phase) {{\n{arms}    return 0\n}}\nps := [P(1, 2, 3, 4, 5, 6), P(7, 8, 9, 1, 2, 3)]\n\
         mut s := 0\nfor phase in 0..3 {{\n    for i in 0..20000 {{ s += pick(ps[i & 1], phase) }}\n}}\nprint(s)"
    );
    let report = report("jit", &text, "780000\n");
    let remarks: Vec<_> = report.fates.iter().flat_map(|fate| &fate.remarks).collect();
    assert!(!remarks.iter().any(|remark| remark.contains("left to the VM")), "{remarks:#?}");
    assert!(report.stats.share() > 0.9, "{}", report.stats);
}

/// Nor is what a case compares with taken for a number before a value has come so far, which a loop would check in front of it.
#[test]
fn texts_that_nothing_was_compared_with_are_texts() {
    let text = "func count(words, n) {\n    mut c := 0\n    for i in 0..n {\n        match words[i % 2] {\n            case \"a\": { c += 1 }\n            \
        case \"b\": { c += 2 }\n            case \"end\": { c += 3 }\n        }\n    }\n    return c\n}\n\
        words := [\"a\", \"b\"]\nmut t := 0\nfor r in 0..400 { t += count(words, 300) }\nprint(t, count([\"end\", \"b\"], 10))";
    let stats = report("jit", text, "180000 25\n").stats;
    assert!(stats.loops == 1 && stats.discarded == 0, "{stats}");
}

/// Much code is made once, and called: only what gets an instance that need not exist, or is called by an innermost loop, becomes part of it.
#[test]
fn long_functions_are_copied_into_little_code_only() {
    let body = |x: &str, k: u32| {
        format!(
            "{{\n    a := {x} * {k} + 1\n    b := a % 7 + {x} % 5\n    c := b * a - {x} % 3\n    d := c % 9 + b * 3 - a % 4\n    e := d * 5 % 17 + c * 2\n    return (a + b + c) % 1000 + a % 11 + d * e % 13\n}}\n"
        )
    };
    let inlined = |param: &str, arg: &str, in_loop: bool| {
        let functions: String = (0..8).map(|k| format!("func f{k}(x) {}", body(param, k + 2))).collect();
        let calls: Vec<_> = (0..8).map(|k| format!("f{k}({arg})")).collect();
        let calls = calls.join(" + ");
        let (all, turn) =
            if in_loop { (String::new(), calls) } else { (format!("func all(i) {{ return {calls} }}"), "all(i)".into()) };
        let text =
            format!("struct P {{ x, y }}\n{functions}{all}\nmut s := 0\nfor i in 0..5000 {{ s += {turn} }}\nprint(s > 0)");
        report("jit", &text, "true\n").stats.inlined
    };
    assert!(inlined("x", "i", false) < 8);
    assert!(inlined("x.x", "P(i, 1)", false) >= 8);
    assert_eq!(inlined("x", "i", true), 8);
}

/// A call of what a dict holds is not remembered at its site, but was reached all the same.
#[test]
fn a_method_call_that_is_not_remembered_does_not_leave() {
    let text = "func run(d, n) {\n    s := 0\n    for i in 0..n {\n        s += d.half(i)\n        s += i * 3 % 5\n        s += i * 5 % 7\n    }\n    return s\n}\n\
        print(run({half: x => x / 2}, 30000))";
    let stats = report("jit", text, "225135000\n").stats;
    assert!(stats.exits < 20 && stats.loops == 1, "{stats}");
}

/// The program goes on in the VM while its loop is compiled, and takes the code when it is there.
/// Each loop guesses a kind that it then no longer meets, in a phase of its own: that does not use up the compilations of the function.
#[test]
fn guesses_that_fail_one_after_another_do_not_leave_a_function_to_the_vm() {
    let loops: String = (0..7).map(|k| format!("    for i in 0..n {{ s += i; if c > i {{ s += p{k}.x }} }}\n")).collect();
    let params: Vec<String> = (0..7).map(|k| format!("p{k}")).collect();
    let calls: String = (0..7)
        .map(|k| {
            let args: Vec<_> = (0..7).map(|at| if at == k { "null" } else { "p" }).collect();
            format!("for i in 0..2000 {{ f(30, -1, {}) }}\n", args.join(", "))
        })
        .collect();
    let all = ["p"; 7].join(", ");
    let text = format!(
        "struct P {{ x, y }}\nfunc f(n, c, {}) {{\n    mut s := 0\n{loops}    return s\n}}\np := P {{ x: 1, y: 2 }}\n\
         for i in 0..2000 {{ f(30, 100, {all}) }}\n{calls}for i in 0..2000 {{ f(30, 100, {all}) }}\nprint(f(30, 100, {all}))",
        params.join(", ")
    );
    let report = report("jit", &text, "3255\n");
    let function = fate(&report, 2, false);
    assert_eq!(function.tier, Tier::Compiled, "{function:#?}");
    assert!(report.stats.discarded <= 6, "{}", report.stats);
}

/// A small function is compiled by the program, a large one by the thread that takes over then, as is all that comes later.
#[test]
fn code_made_before_and_behind_the_start_of_the_thread_is_used() {
    let sums = |name: &str, times: usize| {
        let lines: String = (0..times).map(|at| format!("        s += i % {}\n", at + 2)).collect();
        format!("func {name}(n) {{\n    s := 0\n    for i in 0..n {{\n{lines}    }}\n    return s\n}}\n")
    };
    let calls = "total := 0\nfor _ in 0..40 { total += small(5000) + large(5000) + other(5000) }\nprint(total)";
    let text = [sums("small", 1), sums("large", 90), sums("other", 2), calls.to_owned()].concat();
    let expected = run("vm", &text).stdout;
    let outcome = run_with("jit", &text, |options| options.mode.jit.mode = JitMode::Background);
    assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
    assert_eq!(outcome.stdout, expected);
    let report = outcome.jit.expect("it was asked for");
    let compiled = report.fates.iter().filter(|fate| fate.is_loop && fate.tier == Tier::Compiled).count();
    assert!(compiled >= 2, "{:#?}", report.fates);
}

#[test]
fn code_from_the_background_is_taken_up() {
    let text = "i := 0\nwhile i < 20000000 { i = i + 1 }\nprint(i)";
    let outcome = run_with("jit", text, |options| options.mode.jit.mode = JitMode::Background);
    assert_eq!(String::from_utf8_lossy(&outcome.stdout), "20000000\n");
    let stats = outcome.jit.expect("it was asked for").stats;
    assert!(stats.loops == 1 && stats.share() > 0.1, "{stats}");
}

/// How many loops and functions are compiled of a program that has run for ever too short, unless loops have so much left.
fn compiled_for(left: Duration, text: &str) -> u64 {
    let begins = Foresight { run: Duration::MAX, left };
    let outcome = run_with("jit", text, |options| options.mode.jit.begins = Some(begins));
    assert!(matches!(outcome.end, End::Done), "{:?}", outcome.end);
    let stats = outcome.jit.expect("it was asked for").stats;
    stats.loops + stats.functions
}

#[test]
fn loops_that_tell_what_they_have_left_are_compiled_before_the_program_has_run_for_long() {
    let counting = ["for i in 0..9000 { n += i }", "for i in range(0, 27000, 3) { n += i }", "for i in xs { n += i }"];
    let untold = ["i := 0\nwhile i < 9000 { i += 1; n += i }", "for c in \"x\".repeat(9000) { n += c.len() }"];
    let program =
        |body: &str| format!("xs := range(9000).to_array()\nfunc f() {{\nn := 0\n{body}\nreturn n\n}}\nprint(f())");
    for body in counting {
        assert_eq!(compiled_for(Duration::from_nanos(1), &program(body)), 1, "{body}");
        assert_eq!(compiled_for(Duration::MAX, &program(body)), 0, "{body}");
    }
    for body in untold {
        assert_eq!(compiled_for(Duration::from_nanos(1), &program(body)), 0, "{body}");
    }
    // What is called in such a loop is part of what is left.
    let called =
        "func g(k) {\ni := 0\nwhile i < 900 { i += 1 }\nreturn i + k\n}\nn := 0\nfor k in 0..20 { n += g(k) }\nprint(n)";
    assert!(compiled_for(Duration::from_nanos(1), called) > 0);
}

#[test]
fn without_compiler_nothing_is_compiled() {
    let (_, _, stderr) = ruff(&["run", "--jit", "off", "--jit-stats", "-e", FIB]);
    assert_eq!(stderr, "");
}

fn ruff(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_ruff"))
        .args(args)
        .env_remove("DEBUG_JIT")
        .output()
        .expect("it was built for this test");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("our texts are UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

#[test]
fn explain_shows_the_source_with_remarks() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("fib.ruff");
    std::fs::write(&file, FIB).expect("a file");
    let path = file.to_string_lossy();
    let (code, stdout, stderr) = ruff(&["jit", "explain", &path]);
    assert_eq!((code, stderr.as_str()), (0, ""));
    assert!(stdout.starts_with("1 | func fib(n) {\n  | ^ func fib [compiled] compiled after 1024 calls, "), "{stdout}");
    assert!(stdout.contains("instructions ran compiled"), "{stdout}");
    let (code, stdout, _) = ruff(&["jit", "explain", "--json", &path]);
    assert_eq!(code, 0);
    assert!(
        stdout.contains("\"schema\": \"rufflang.jit-explain/1\"") && stdout.contains("\"tier\": \"compiled\""),
        "{stdout}"
    );
}

#[test]
fn a_failing_script_is_explained_as_well() {
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("fails.ruff");
    std::fs::write(&file, "func f() { return 1 + null }\nf()").expect("a file");
    let (code, stdout, stderr) = ruff(&["jit", "explain", &file.to_string_lossy()]);
    assert_eq!(code, 4);
    assert!(stdout.contains("^ func f [VM] 1 call so far; compiled after 1024"), "{stdout}");
    assert!(stderr.contains("error[TypeError]"), "{stderr}");
}

#[test]
fn statistics_are_printed_on_request() {
    let (code, stdout, stderr) = ruff(&["run", "--jit", "sync", "--jit-stats", "-e", FIB]);
    assert_eq!((code, stdout.as_str()), (0, "17711\n"));
    assert!(stderr.contains("[jit] compiled 1 functions") && stderr.contains("% of"), "{stderr}");
}

// ---- limits, stops and traces in compiled code ----

/// `end` as text, with the whole stack of an error.
fn end(outcome: &Outcome) -> String {
    match &outcome.end {
        End::Failed(failure) => {
            let frames = failure.stack.iter().map(|at| format!("{} {}:{}", at.function, at.line, at.column));
            format!("{}: {}\n{}", failure.kind, failure.message, frames.collect::<Vec<_>>().join("\n"))
        }
        other => format!("{other:?}"),
    }
}

/// A program that ends the same way compiled as in the VM, and did run compiled.
#[track_caller]
fn check_same_end(mode: &str, text: &str, change: fn(&mut RunOptions)) -> Outcome {
    let vm = run_with("vm", text, change);
    let compiled = run_with(mode, text, change);
    assert_eq!(end(&compiled), end(&vm));
    assert_eq!(String::from_utf8_lossy(&compiled.stdout), String::from_utf8_lossy(&vm.stdout));
    let stats = &compiled.jit.as_ref().expect("it was asked for").stats;
    assert!(stats.entered > 0, "{stats}");
    compiled
}

#[test]
fn a_timeout_ends_compiled_loops_and_recursion() {
    for text in [
        "i := 0\nloop { i = i + 1 }",
        "func f(n) {\n    if n < 2 { return n }\n    return f(n - 1) + f(n - 2)\n}\nf(90)",
        "func mark(xs, step) {\n    j := 0\n    while j < 3000 {\n        xs[j] = step\n        j += step\n    }\n}\n\
            for i in 1..600 { mark([0] * 3000, i) }\nmark([0] * 3000, 0)",
    ] {
        // In a process of its own: the timeout is that of the process.
        let (code, _, stderr) = ruff(&["run", "--jit", "sync", "--jit-stats", "--timeout", "700ms", "-e", text]);
        assert_eq!(code, 124, "{stderr}");
        assert!(stderr.contains("[jit] entered") && !stderr.contains("[jit] entered 0"), "{stderr}");
    }
}

#[test]
fn fuel_is_used_up_at_the_same_point() {
    let text = "x := 0\nfor i in 0..100000 {\n    x = x + 1\n    if x % 1000 == 0 { print(x) }\n}";
    let outcome = check_same_end("jit-eager", text, |options| options.fuel = Some(50_500));
    assert!(matches!(outcome.end, End::Fuel));
    let text = "func f(n) {\n    if n < 2 { return n }\n    return f(n - 1) + f(n - 2)\n}\nfor i in 0..60 { print(f(i)) }";
    check_same_end("jit-eager", text, |options| options.fuel = Some(50_500));
}

#[test]
fn the_depth_limit_holds_in_compiled_code() {
    let text = "func f(n) {\n    if n == 0 { return 0 }\n    return f(n - 1) + 1\n}\n\
        for i in 0..60 { f(20) }\nfor i in 0..60 { f(20) }\nprint(f(900))\nfunc g() { try { return f(100000) } except e { return e.kind } }\nprint(g())";
    let outcome = run_with("jit", text, |options| options.max_depth = Some(1000));
    assert_eq!(String::from_utf8_lossy(&outcome.stdout), "900\nStackOverflow\n");
}

/// A method that changes `self` and overflows the stack leaves what it has changed so far.
#[test]
fn a_self_on_loan_comes_back_when_the_stack_overflows() {
    let text = "struct C {\n    n\n    func down(self, k) {\n        self.n = self.n + 1\n        if k > 0 { self.down(k - 1) }\n    }\n}\n\
        c := C { n: 0 }\nfor i in 0..600 { c.down(3) }\nprint(c.n)\n\
        kind := \"\"\ntry { c.down(1000000) } except e { kind = e.kind }\nprint(kind, c.n > 2400, type(c))";
    let outcome = run("jit", text);
    assert_eq!(String::from_utf8_lossy(&outcome.stdout), "2400\nStackOverflow true C\n", "{:?}", outcome.end);
}

#[test]
fn traces_through_compiled_and_inlined_frames_are_exact() {
    let text = "func third(xs, i) {\n    return xs[i]\n}\nfunc second(xs, i) { return third(xs, i) + 1 }\n\
        func first(xs, i) {\n    x := second(xs, i)\n    return x\n}\n\
        s := 0\nfor i in 0..3000 { s = s + first([1, 2, 3], i % 3) }\nprint(s)\nfor i in 0..3000 {\n    s = s + first([1, 2], i - 2000)\n}";
    check_same_end("jit", text, |_| {});
    let deep = "func f(n, d) {\n    if n == 0 { return 1 / d }\n    return f(n - 1, d) + 1\n}\nfor i in 0..600 { f(5, 1) }\nf(7, 0)";
    check_same_end("jit", deep, |_| {});
}

#[test]
fn memory_errors_in_compiled_loops_can_be_caught() {
    let text = "func fill(n) {\n    xs := []\n    for i in 0..n { xs.push(i * 2) }\n    return len(xs)\n}\n\
        for i in 0..300 { fill(5) }\nkind := \"none\"\ntry { fill(1000000000) } except e { kind = e.kind }\nprint(kind)";
    let folder = tempfile::tempdir().expect("a folder for the test");
    let file = folder.path().join("fill.ruff");
    std::fs::write(&file, text).expect("a file");
    let (code, stdout, stderr) = ruff(&["run", "--jit", "sync", "--max-memory", "64M", &file.to_string_lossy()]);
    assert_eq!((code, stdout.as_str()), (0, "MemoryError\n"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_compiled_loop() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ruff"))
        .args(["run", "--jit", "sync", "-e", "i := 0\nfor k in 0..5000 { i = i + 1 }\neprint(i)\nloop { i = i + 1 }"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it was built for this test");
    let mut first = [0; 5];
    let mut stderr = child.stderr.take().expect("a pipe was asked for");
    std::io::Read::read_exact(&mut stderr, &mut first).expect("it prints");
    // Long enough for the endless loop to be compiled.
    std::thread::sleep(std::time::Duration::from_millis(500));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it runs");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
}

/// Calls whose arguments have names are calls like any other: of methods, on places, of values.
#[test]
fn named_arguments_are_compiled() {
    let text = "struct P {\n    x\n    func mix(self, a, b = 2) { return self.x * a - b }\n    func bump(mut self, by, times = 1) { self.x += by * times }\n}\n\
        func run(n) {\n    mut p := P { x: 1 }\n    f := (a, b) => a - b\n    s := 0\n    \
        for i in 0..n {\n        s += p.mix(b: i, a: 2) + p.mix(a: i) + f(b: i, a: 1)\n        p.bump(times: 0, by: i)\n    }\n    return s\n}\n\
        print(run(60000))";
    let stats = report("jit", text, "-1799910000\n").stats;
    assert!(stats.share() > 0.95 && stats.inlined == 3, "{stats}");
}

/// Operators of structs are calls of their methods, with the comparisons and jumps they are part of.
/// More functions than are built for one site: it calls their code, and does not leave nor ask the VM.
#[test]
fn calls_of_many_functions_are_compiled() {
    let text = "func apply(fs, n) {\n    total := 0\n    for i in 0..n { total += fs[i % 6](i) }\n    return total\n}\n\
        fs := [x => x + 1, x => x - 1, x => x * 2, x => x % 3, x => x, x => 7]\n\
        for i in 0..40 { apply(fs, 3000) }\nprint(apply(fs, 6))";
    let report = report("jit", text, "16\n");
    let remarks = &fate(&report, 3, true).remarks;
    assert!(!remarks.iter().any(|remark| remark.contains("left to the VM")), "{remarks:#?}");
    let entered = report.stats.entered;
    assert!(entered < 5000, "{entered}");
}

#[test]
fn overloaded_operators_are_compiled() {
    let text = "struct V {\n    x\n    func op_add(self, o) { return V { x: self.x + o.x } }\n    func op_eq(self, o) { return self.x == o.x }\n    \
        func op_lt(self, o) { return self.x < o.x }\n    func op_index(self, i) { return self.x + i }\n    func op_neg(self) { return V { x: -self.x } }\n}\n\
        func run(n) {\n    p := V { x: 0 }\n    one := V { x: 1 }\n    s := 0\n    \
        for i in 0..n {\n        p = p + one\n        if p == one { s += 1 }\n        if p != one { s += 1 }\n        if one >= p { s += 1 }\n        s += (-p)[i]\n    }\n    return s\n}\n\
        print(run(60000))";
    let stats = report("jit", text, "1\n").stats;
    assert!(stats.share() > 0.95 && stats.inlined >= 5, "{stats}");
}

/// Where errors are rare, a loop left for one is entered again at once; where they are frequent, it stays in the VM.
#[test]
fn loops_left_for_errors_are_entered_again_unless_the_next_comes_soon() {
    // Only the VM throws what has a display form of its own.
    let shown = "struct No {\n    func to_string(self) { return \"no\" }\n}\n";
    let rare = report("jit", &format!("{shown}{}", throwing(50, "No {}")), "1200\n").stats;
    assert!(rare.share() > 0.85 && rare.entered > 1000, "{rare}");
    let frequent = report("jit", &format!("{shown}{}", throwing(1, "No {}")), "60000\n").stats;
    // What is entered as well is the method, by the VM.
    assert!(frequent.exits < 500, "{frequent}");
}

/// A loop that catches what it throws, in every so many turns.
fn throwing(every: u32, thrown: &str) -> String {
    format!(
        "func run(n) {{\n    s := 0\n    bad := 0\n    for i in 0..n {{\n        \
         try {{\n            if i % {every} == 0 {{ throw {thrown} }}\n            s += i\n        }} except {{ bad += 1 }}\n    }}\n    \
         return bad\n}}\nprint(run(60000))"
    )
}

#[test]
fn what_is_caught_in_compiled_code_does_not_leave_it() {
    for every in [1, 2, 50] {
        let stats = report("jit", &throwing(every, "\"no\""), &format!("{}\n", 60000 / every)).stats;
        assert!(stats.entered < 10 && stats.exits < 10, "{stats}");
    }
    // What instructions raise is caught once they are left to the VM, and what calls raise behind them.
    let text = "func f(xs, i, depth) {\n    if depth > 0 { return f(xs, i, depth - 1) + 1 }\n    return xs[i]\n}\nfunc run(n) {\n    bad := 0\n    \
                for i in 0..n {\n        try { bad += [7][i % 2] - 7 } except { bad += 1 }\n        \
                try { bad += f([-2], i % 2, 2) } except { bad += 1 }\n    }\n    return bad\n}\nprint(run(40000))";
    let stats = report("jit", text, "40000\n").stats;
    assert!(stats.entered < 500, "{stats}");
}

#[test]
fn small_functions_with_loops_become_part_of_the_loop_that_calls_them() {
    let program = |call: &str| {
        format!(
            "func f(n) {{\n    s := 0\n    for i in 0..n {{ s += i }}\n    return s\n}}\nfunc g(n) {{\n    t := 0\n    for k in 0..n {{ t += {call} }}\n    return t\n}}\nprint(g(3000))"
        )
    };
    let inside = report("jit", &program("f(k % 20)"), "171000\n");
    assert_eq!((inside.stats.functions, inside.stats.loops), (0, 1), "{}", inside.stats);
    // A function that calls itself does not.
    let text = program("f(k % 20)").replace("return s\n", "return if n < 0 { f(n + 1) } else { s }\n");
    let recursive = report("jit", &text, "171000\n");
    assert_eq!(recursive.stats.functions, 1, "{}", recursive.stats);
}

/// More values than there are words to leave them in go to their variables, and the others share the code that stores them.
#[test]
fn exits_write_back_more_variables_than_the_buffer_holds() {
    let lines = |int: fn(u32) -> String, float: fn(u32) -> String| {
        (0..1400).map(|at| if at % 2 == 0 { float(at) } else { int(at) }).collect::<String>()
    };
    let starts = lines(|at| format!("    v{at} := {at}\n"), |at| format!("    v{at} := {at}.5\n"));
    let steps = lines(|at| format!("        v{at} += i\n"), |at| format!("        v{at} += xs[i % 4] * {at}\n"));
    let shown = lines(|at| format!("v{at}, "), |at| format!("v{at}, "));
    let text = format!(
        "func run(n, xs) {{\n{starts}    for i in 0..n {{\n{steps}    }}\n    return [{shown}]\n}}\n\
         print(run(60, [1.5, 2.5, 3.5, 4.5]))\nprint(run(9, [1, 2, 3, 4]))"
    );
    check_same_end("jit-eager", &text, |_| {});
}

/// Objects that need not exist are made once there are more than an exit has words for, however they come to be more: as fields of others, as
/// elements of pairs, or as what an option holds.
#[test]
fn exits_leave_more_instances_than_the_buffer_holds() {
    let fields: Vec<_> = (0..10).map(|at| format!("f{at}")).collect();
    let items = ["i"; 10].join(", ");
    for (whole, part) in [("R(V(ITEMS))", "whole.v"), ("[V(ITEMS), i]", "whole[0]"), ("Some(V(ITEMS))", "whole.unwrap()")] {
        let reads: String = (0..60).map(|at| format!("        x{at} := {part}\n        x{at}.f1 += {at}\n")).collect();
        let sums: Vec<_> = (0..60).map(|at| format!("x{at}.f0 + x{at}.f1")).collect();
        let text = format!(
            "struct V {{ {} }}\nstruct R {{ v }}\nfunc f(n) {{\n    mut s := 0\n    for i in 0..n {{\n        whole := {}\n{reads}        s += n / (i + 1) + {}\n    }}\n    return s\n}}\n\
             print(f(1500))",
            fields.join("; "),
            whole.replace("ITEMS", &items),
            sums.join(" + ")
        );
        check_same_end("jit-eager", &text, |_| {});
        check_same_end("jit", &text, |_| {});
    }
}

/// Compiled code reads tables by function: what has no place there is called by way of the VM, and never part of other code.
#[test]
fn functions_beyond_the_tables_are_left_to_the_vm() {
    let many: String = (0..66_000).map(|at| format!("func f{at}(x) {{ return x + {at} }}\n")).collect();
    let text = format!(
        "func texts(n) {{\n    t := 0\n    for i in 0..n {{ t += text(i % 10).len() }}\n    return t\n}}\n\
         func sums(n) {{\n    t := 0\n    for i in 0..n {{ t += sum(i % 10) }}\n    return t\n}}\n{many}\
         func text(x) {{ return \"abc${{x}}xyz\" + \"constant\" }}\n\
         func sum(x) {{\n    if x < 1 {{ return 0 }}\n    s := 0\n    for k in 0..x {{ s += k * x }}\n    return sum(x - 1) + s\n}}\n\
         print(texts(3000), sums(3000), texts(3000), sums(3000))"
    );
    let compiled = check_same_end("jit", &text, |_| {});
    assert!(matches!(compiled.end, End::Done));
}

/// Compiled code knows constants of one character by their codes, however many constants there are before.
#[test]
fn characters_behind_many_constants_are_what_they_are() {
    let letters: String = ('a'..='t').map(|letter| format!("    s = \"{letter}\"\n")).collect();
    let many: String = (0..65_520).map(|at| format!("        s = \"k{at}\"\n")).collect();
    let word = |at| format!("        w{at} := \"word{at}\"\n        if text[i % 20] == w{at} {{ found += 1000 }}\n");
    let words: String = (0..12).map(word).collect();
    let text = format!(
        "func run(n, text) {{\n    mut s := \"\"\n{letters}    found := 0\n    if n < 0 {{\n{many}    }}\n    for i in 0..n {{\n{words}\
         \x20       b := \"b\"\n        if text[i % 20] == b {{ found += 1 }}\n    }}\n    return found\n}}\n\
         print(run(3000, \"abcdefghijklmnopqrst\"))"
    );
    let compiled = check_same_end("jit-eager", &text, |_| {});
    assert!(matches!(compiled.end, End::Done));
    assert_eq!(String::from_utf8_lossy(&compiled.stdout), "150\n");
}
