//! The `ruff` binary from outside: exit codes, streams, options, limits.
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn command(args: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ruff"));
    command.args(args).current_dir(folder).stdin(Stdio::null()).env_remove("FORCE_COLOR").env_remove("CLICOLOR_FORCE");
    command
}

fn ran(output: Output) -> Ran {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("our texts are UTF-8");
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn run_in(folder: &Path, args: &[&str]) -> Ran {
    ran(command(args, folder).output().expect("the binary was built for this test"))
}

fn run(args: &[&str]) -> Ran {
    run_in(Path::new(env!("CARGO_MANIFEST_DIR")), args)
}

fn run_with_input(args: &[&str], input: &str) -> Ran {
    let mut child = command(args, Path::new(env!("CARGO_MANIFEST_DIR")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary was built for this test");
    child.stdin.take().expect("a pipe was asked for").write_all(input.as_bytes()).expect("the input is read");
    ran(child.wait_with_output().expect("it ends"))
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder for the test");
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("files stand in folders")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    folder
}

#[track_caller]
fn check(args: &[&str], code: i32, stdout: &str, stderr_holds: &str) {
    let ran = run(args);
    assert_eq!(ran.stdout, stdout, "stderr: {}", ran.stderr);
    assert!(ran.stderr.contains(stderr_holds), "stderr: {}", ran.stderr);
    if stderr_holds.is_empty() {
        assert_eq!(ran.stderr, "");
    }
    assert_eq!(ran.code, Some(code));
}

#[test]
fn exit_codes_say_what_happened() {
    check(&["run", "-e", "print(1)"], 0, "1\n", "");
    check(&["run", "-e", "print(1); exit(7)"], 7, "1\n", "");
    check(&["run", "-e", "x := )"], 3, "", "error[E");
    check(&["run", "-e", "print(1); throw \"no\""], 4, "1\n", "error[Error]: no");
    check(&["run", "--no-such-option", "x.ruff"], 2, "", "--no-such-option");
    check(&["run", "missing.ruff"], 5, "", "cannot read missing.ruff: no such file");
    check(&["missing.ruff"], 5, "", "no such file");
    check(&["chekc"], 2, "", "Did you mean `ruff check`?");
}

#[test]
fn code_on_the_command_line() {
    check(&["run", "-p", "1 + 2"], 0, "3\n", "");
    check(&["-p", "x := [1]; x.push(2)"], 0, "[1, 2]\n", "");
    check(&["-e", "print(args())", "--", "-x", "y"], 0, "[-x, y]\n", "");
    check(&["run", "-p", "let x := 5"], 0, "", "");
}

#[test]
fn what_follows_the_script_belongs_to_it() {
    let folder = folder(&[("a.ruff", "#!/usr/bin/env ruff\nprint(args())\n")]);
    for command in [
        &["a.ruff", "--engine", "-v"][..],
        &["run", "a.ruff", "--engine", "-v"],
        &["run", "--fuel", "9999", "--", "a.ruff", "--engine", "-v"],
    ] {
        let ran = run_in(folder.path(), command);
        assert_eq!((ran.stdout.as_str(), ran.code), ("[--engine, -v]\n", Some(0)), "{}", ran.stderr);
    }
}

#[test]
fn standard_input_is_the_script_or_its_input() {
    let ran = run_with_input(&["run", "-", "a"], "print(args())");
    assert_eq!((ran.stdout.as_str(), ran.code), ("[a]\n", Some(0)));
    let ran = run_with_input(&["-e", "print(input(), input(), input())"], "one\ntwo\n");
    assert_eq!((ran.stdout.as_str(), ran.code), ("one two null\n", Some(0)));
}

#[test]
fn every_engine_runs_and_all_compares_them() {
    for engine in
        [&["--interpreter"][..], &["--engine", "interp"], &["--engine", "vm"], &["--engine", "all"], &["--jit", "off"]]
    {
        let args: Vec<&str> = ["run"].into_iter().chain(engine.iter().copied()).chain(["-e", "print(2 ** 100)"]).collect();
        check(&args, 0, "1267650600228229401496703205376\n", "");
    }
    check(&["run", "--engine", "all", "-e", "print(1)\n[1][2]"], 4, "1\n", "error[IndexError]");
    check(&["run", "--engine", "fast", "-e", "1"], 2, "", "interp, vm, jit, all");
}

#[test]
fn uncaught_errors_show_place_excerpt_and_stack() {
    let text = "func inner(x) {\n    return 10 / x\n}\nfunc outer() { return inner(0) }\nouter()\n";
    let folder = folder(&[("deep.ruff", text)]);
    for engine in ["interp", "vm"] {
        let ran = run_in(folder.path(), &["run", "--engine", engine, "deep.ruff"]);
        let lines: Vec<&str> = ran.stderr.lines().map(str::trim_end).collect();
        assert_eq!(lines[0], "error[ArithmeticError]: Division by zero");
        assert!(lines[1].trim_start().starts_with("--> deep.ruff:2:12"), "{}", ran.stderr);
        assert!(ran.stderr.contains("    return 10 / x"), "{}", ran.stderr);
        assert!(ran.stderr.contains("^^^^^^"), "{}", ran.stderr);
        let stack = ["  at inner (deep.ruff:2:12)", "  at outer (deep.ruff:4:23)", "  at <main> (deep.ruff:5:1)"];
        assert_eq!(lines[lines.len() - 3..], stack, "{}", ran.stderr);
    }
}

#[test]
fn uncaught_name_errors_say_what_to_write_instead() {
    let help = |code: &str| {
        let ran = run(&["run", "-e", code]);
        assert_eq!(ran.code, Some(4), "{}", ran.stderr);
        ran.stderr.lines().find_map(|line| line.split_once("= help: ")).map(|(_, text)| text.to_owned())
    };
    assert_eq!(help("pritn(1)").as_deref(), Some("did you mean `print`?"));
    assert_eq!(help("x := nil").as_deref(), Some("the missing value is written `null`"));
    assert_eq!(help("func f(counter) { return conter }\nf(1)").as_deref(), Some("did you mean `counter`?"));
    assert_eq!(help("print([1].length)").as_deref(), Some("write `len(x)` or `x.len()`"));
    assert_eq!(help("print(\"a\".toUpperCase())").as_deref(), Some("write `x.upper()`"));
    assert_eq!(help("print([1].fitler(x => x))").as_deref(), Some("did you mean `filter`?"));
    assert_eq!(
        help("struct P { x, func double(self) { return 1 } }\nP(1).duoble()").as_deref(),
        Some("did you mean `double`?")
    );
    assert_eq!(help("throw \"Undefined variable: nil\""), None);
    assert_eq!(help("struct P { x }\nP(1).y"), None);
    assert_eq!(run(&["run", "-e", "try { x := nil } except e { print(e.message) }"]).stderr, "");
}

#[test]
fn causes_are_reported() {
    let code = "try { throw \"first\" } except e { throw Error(\"second\", cause: e) }";
    check(&["-e", code], 4, "", "caused by Error: first (<command line>:1:7)");
}

#[test]
fn limits_end_programs() {
    check(&["run", "--fuel", "1000", "-e", "loop { }"], 124, "", "fuel");
    check(&["run", "--timeout", "100ms", "-e", "loop { }"], 124, "", "--timeout");
    check(&["run", "--timeout", "100ms", "-e", "sleep(60000)"], 124, "", "--timeout");
    // Nothing inside one operation looks at the clock.
    check(&["run", "--timeout", "100ms", "-e", "print(1)\nx := 7 ** 30_000_000"], 124, "1\n", "a single operation");
    check(
        &["run", "--max-depth", "50", "-e", "func f(n) { return f(n + 1) }\nf(0)"],
        4,
        "",
        "error[StackOverflow]: Stack overflow",
    );
    check(&["run", "--max-memory", "64M", "-e", "x := \"a\" * 10 ** 9"], 4, "", "error[MemoryError]");
}

#[test]
fn output_before_an_error_is_not_lost_and_keeps_its_order() {
    let mut child = command(&["-e", "print(1)\neprint(2)\nprint(3)\nthrow 4"], Path::new("."));
    let ran = ran(child.output().expect("it runs"));
    assert_eq!((ran.stdout.as_str(), ran.code), ("1\n3\n", Some(4)));
    assert!(ran.stderr.starts_with("2\nerror[Error]: 4"), "{}", ran.stderr);
}

#[test]
fn a_closed_pipe_is_silent() {
    let code = "for i in 10000000 { print(i) }";
    let mut child = command(&["run", "--timeout", "20s", "-e", code], Path::new("."))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut first = [0; 2];
    let mut stdout = child.stdout.take().expect("a pipe was asked for");
    stdout.read_exact(&mut first).expect("it prints");
    drop(stdout);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((&first, output.stderr.as_slice(), output.status.code()), (b"0\n", &b""[..], Some(141)));
}

#[test]
fn colours_follow_the_option_then_the_environment() {
    let coloured = |args: &[&str], variable: Option<&str>| {
        let mut command = command(args, Path::new("."));
        command.env_remove("NO_COLOR");
        variable.map(|name| command.env(name, "1"));
        command.output().expect("it runs").stderr.contains(&0x1b)
    };
    assert!(!coloured(&["-e", "throw 1"], None));
    assert!(coloured(&["-e", "throw 1"], Some("FORCE_COLOR")));
    assert!(!coloured(&["--color", "never", "-e", "throw 1"], Some("FORCE_COLOR")));
    assert!(coloured(&["--color", "always", "-e", "throw 1"], Some("NO_COLOR")));
}

#[test]
fn permissions() {
    let folder = folder(&[("note.txt", "hello")]);
    let read = "print(read_file(\"note.txt\"))";
    let code = |args: &[&str]| run_in(folder.path(), &[args, &["-e", read]].concat());
    assert_eq!(code(&["run"]).stdout, "hello\n");
    assert!(code(&["run", "--untrusted"]).stderr.contains("--allow-fs-read"));
    assert_eq!(code(&["run", "--untrusted", "--allow-fs-read=note.txt"]).stdout, "hello\n");
    assert_eq!(code(&["run", "--deny-fs-read"]).code, Some(4));
    assert_eq!(code(&["run", "--allow-teleport"]).code, Some(2));
}

#[test]
fn a_script_may_go_elsewhere() {
    let files = [
        (
            "main.ruff",
            "os_chdir(\"sub\")\nprint(read_file(\"note.txt\"), os_getcwd() |> ends_with(\"sub\"))\nos_chdir(\"missing\")\n",
        ),
        ("sub/note.txt", "hello"),
    ];
    let folder = folder(&files);
    // Every engine begins where the program was started.
    let all = run_in(folder.path(), &["run", "--engine", "all", "main.ruff"]);
    assert_eq!((all.stdout.as_str(), all.code), ("hello true\n", Some(4)), "{}", all.stderr);
    assert!(all.stderr.contains("os_chdir: missing: No such file or directory"), "{}", all.stderr);
    let refused = run_in(folder.path(), &["run", "--untrusted", "--allow-fs-read=main.ruff", "main.ruff"]);
    assert_eq!(refused.code, Some(4));
    assert!(refused.stderr.contains("--allow-fs-read=sub"), "{}", refused.stderr);
    // A rule means the folder where the program was started.
    let rules = ["run", "--untrusted", "--allow-fs-read=main.ruff,sub", "main.ruff"];
    assert_eq!(run_in(folder.path(), &rules).stdout, "hello true\n");
}

#[test]
fn modules_are_found_beside_the_script() {
    let files = [
        ("main.ruff", "import helper\nfrom deep.er import twice\nprint(helper.name, twice(4))\n"),
        ("helper.ruff", "export name := \"helper\"\n"),
        ("deep/er.ruff", "import sibling\nexport func twice(x) { return sibling.double(x) }\n"),
        ("deep/sibling.ruff", "export func double(x) { return x * 2 }\n"),
    ];
    let folder = folder(&files);
    for engine in ["interp", "vm"] {
        let ran = run_in(folder.path(), &["run", "--engine", engine, "main.ruff"]);
        assert_eq!((ran.stdout.as_str(), ran.code), ("helper 8\n", Some(0)), "{engine}: {}", ran.stderr);
    }
    let ran = run_in(folder.path(), &["run", "-e", "import nowhere"]);
    assert!(ran.stderr.contains("error[ImportError]: Module not found: nowhere"), "{}", ran.stderr);
}

#[test]
fn modules_are_found_in_the_project_but_not_outside() {
    let files = [
        ("ruff-project.toml", "name = \"demo\"\n"),
        ("src/in_src.ruff", "export where := \"src\"\n"),
        ("src/sib.ruff", "export who := \"src\"\n"),
        ("ruff_packages/pkg/mod.ruff", "export func p() { return \"package\" }\n"),
        ("bin/sib.ruff", "export who := \"sibling\"\n"),
        ("bin/main.ruff", "import sib\nimport in_src\nimport pkg\nprint(sib.who, in_src.where, pkg.p())\n"),
        ("bin/leaves.ruff", "print(\"before\")\nimport link\n"),
    ];
    let outside = folder(&[("elsewhere.ruff", "export x := 1\n")]);
    let folder = folder(&files);
    std::os::unix::fs::symlink(outside.path().join("elsewhere.ruff"), folder.path().join("bin/link.ruff")).expect("a link");
    let ran = run_in(folder.path(), &["run", "bin/main.ruff"]);
    assert_eq!((ran.stdout.as_str(), ran.code), ("sibling src package\n", Some(0)), "{}", ran.stderr);
    let ran = run_in(folder.path(), &["run", "bin/leaves.ruff"]);
    assert!(ran.code == Some(4) && ran.stdout == "before\n" && ran.stderr.contains("leads out of"), "{}", ran.stderr);
    let ran = run_in(folder.path(), &["check", "bin/leaves.ruff"]);
    assert!(ran.code == Some(1) && ran.stdout.contains("leads out of"), "{}", ran.stdout);
}

#[test]
fn setups_run_from_the_outside_in() {
    let text = "log := []\ntest_setup { log.push(\"a\") }\ntest_teardown { print(log, \"last\") }\n\
        test_group \"g\" {\n  test_setup { log.push(\"b\") }\n  test_teardown { log.push(\"inner\") }\n\
        test_group \"h\" {\n test_setup { log.push(\"c\") }\n test \"x\" { log.push(\"x\")\n throw \"stop\" } } }\n";
    let folder = folder(&[("a.ruff", text)]);
    for extra in [&[][..], &["--shared-setup"], &["--engine", "interp"]] {
        let ran = run_in(folder.path(), &[&["test", "a.ruff"], extra].concat());
        assert!(ran.code == Some(1) && ran.stdout.contains("[a, b, c, x, inner] last"), "{}", ran.stdout);
    }
}

#[test]
fn annotations_are_enforced_if_asked_for() {
    let code = "func half(n: int) -> int { return n / 2 } print(half(4.0))";
    check(&["run", "-e", code], 0, "2\n", "");
    check(&["run", "--strict-types", "-e", code], 4, "", "error[TypeError]: half: n must be int, got float");
    let files = folder(&[
        ("typed.ruff", "let n: int := \"a\"\nm: Nmber := 1\n"),
        ("tests.ruff", "struct P { x: int }\ntest \"made\" { P(\"a\") }\n"),
    ]);
    assert_eq!(run_in(files.path(), &["check", "typed.ruff"]).code, Some(0));
    let checked = run_in(files.path(), &["check", "--strict-types", "typed.ruff"]);
    assert_eq!(checked.code, Some(1));
    for text in ["E114", "n must be int, got string", "typed.ruff:1:15", "Undefined type: Nmber", "typed.ruff:2:4"] {
        assert!(checked.stdout.contains(text), "{text}: {}", checked.stdout);
    }
    assert_eq!(run_in(files.path(), &["test", "tests.ruff"]).code, Some(0));
    assert_eq!(run_in(files.path(), &["test", "--strict-types", "tests.ruff"]).code, Some(1));
}

#[test]
fn check_reports_without_running() {
    let folder = folder(&[("good.ruff", "print(1)\n"), ("bad.ruff", "let a := 1\na = 2\n"), ("name.ruff", "pritn(1)\n")]);
    let check = |args: &[&str]| run_in(folder.path(), &[&["check"], args].concat());
    assert_eq!((check(&["good.ruff"]).code, check(&["good.ruff"]).stdout.as_str()), (Some(0), ""));
    let bad = check(&["bad.ruff"]);
    assert!(bad.code == Some(3) && bad.stdout.contains("Cannot assign to immutable binding: a"), "{}", bad.stdout);
    let name = check(&["name.ruff"]);
    assert!(name.code == Some(1) && name.stdout.contains("print"), "{}", name.stdout);
    let json = check(&["--json", "."]);
    let report: serde_json::Value = serde_json::from_str(&json.stdout).expect("one JSON object");
    assert_eq!(report["schema"], "rufflang.check/1");
    assert_eq!(report["diagnostics"][0]["place"]["line"], 2);
    assert!(check(&["--output-format", "github", "bad.ruff"]).stdout.starts_with("::error file=bad.ruff,line=2,col=1"));
}

#[test]
fn tests_in_scripts() {
    let text = "mut counter := 0\nfunc next() { counter += 1; return counter }\n\
        test_group \"counting\" {\n    test_setup { next() }\n    test \"starts\" { assert_equal(next(), 2) }\n    \
        test \"starts again\" { assert_equal(next(), 2) }\n}\ntest \"fails\" {\n    print(\"seen\")\n    assert_equal(1 + 1, 3)\n}\n";
    let folder = folder(&[("a.ruff", text)]);
    for extra in [&[][..], &["--shared-setup"], &["--engine", "interp"]] {
        let ran = run_in(folder.path(), &[&["test", "a.ruff"], extra].concat());
        assert_eq!(ran.code, Some(1), "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains("ok   counting > starts again"), "{}", ran.stdout);
        assert!(ran.stdout.contains("FAIL fails") && ran.stdout.contains("a.ruff:10:5"), "{}", ran.stdout);
        assert!(ran.stdout.contains("| seen") && ran.stdout.contains("2 passed, 1 failed"), "{}", ran.stdout);
    }
    let ran = run_in(folder.path(), &["test", "a.ruff:5"]);
    assert!(ran.code == Some(0) && ran.stdout.contains("1 passed, 0 failed"), "{}", ran.stdout);
    let ran = run_in(folder.path(), &["test", "--junit", "report.xml", "starts"]);
    assert!(ran.code == Some(0) && ran.stdout.contains("2 passed"), "{}", ran.stdout);
    let report = std::fs::read_to_string(folder.path().join("report.xml")).expect("a report was asked for");
    assert!(report.contains("tests=\"2\" failures=\"0\""), "{report}");
    let ran = run_in(folder.path(), &["run", "a.ruff"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""));
}

#[test]
fn recorded_output() {
    let folder =
        folder(&[("a.ruff", "print(1)\nprint(2)\n"), ("a.out", "1\n2\n"), ("b.ruff", "print(9)\n"), ("b.out", "8\n")]);
    let ran = run_in(folder.path(), &["test"]);
    assert!(ran.code == Some(1) && ran.stdout.contains("1 passed, 1 failed"), "{}", ran.stdout);
    assert!(ran.stdout.contains("- 8") && ran.stdout.contains("+ 9"), "{}", ran.stdout);
    assert_eq!(run_in(folder.path(), &["test", "--update"]).code, Some(0));
    assert_eq!(std::fs::read_to_string(folder.path().join("b.out")).expect("it was written"), "9\n");
}

#[test]
fn dumps_show_each_stage() {
    let folder = folder(&[("a.ruff", "func area(w, h) { return w * h }\nprint(area(2, 3))\n")]);
    for (stage, holds) in [("--tokens", "area"), ("--ast", "area"), ("--resolved", "area"), ("--bytecode", "Return")] {
        let ran = run_in(folder.path(), &["dump", stage, "a.ruff"]);
        assert!(ran.code == Some(0) && ran.stdout.contains(holds), "{stage}: {}{}", ran.stdout, ran.stderr);
    }
    let ran = run_in(folder.path(), &["dump", "--bytecode", "a.ruff:area"]);
    assert!(ran.stdout.starts_with("func area") && !ran.stdout.contains("<main>"), "{}", ran.stdout);
    let ran = run_in(folder.path(), &["dump", "--bytecode", "a.ruff:aera"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("did you mean area?"), "{}", ran.stderr);
    let ran = run_in(folder.path(), &["dump", "--bytecode", "a.ruff:nothing"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("it has <main>, area"), "{}", ran.stderr);
}

/// A script with a hot function, one that is called once, and one that is not called.
const COMPILED: &str = "func hot(n) {
    total := 0
    for i in 0..n { total += i }
    return total
}
func once(x) { return x + 1 }
func never(x) { return x }
print(once(hot(5000)))
for word in args() { print(word) }
";

#[test]
fn dumps_show_compiled_code_below_its_source() {
    let folder = folder(&[("a.ruff", COMPILED)]);
    let dump = |args: &[&str]| run_in(folder.path(), &[&["dump"], args].concat());
    let ran = dump(&["--ir", "a.ruff"]);
    assert!(ran.code == Some(0) && ran.stderr.is_empty(), "{}", ran.stderr);
    let (built, optimised) = ("[jit] hot built, loop at a.ruff:3:\n", "[jit] hot optimised, loop at a.ruff:3:\n");
    assert!(ran.stdout.contains(built) && ran.stdout.contains(optimised), "{}", ran.stdout);
    assert!(ran.stdout.contains("    3 |     for i in 0..n { total += i }\n  v"), "{}", ran.stdout);
    assert!(ran.stdout.contains("[jit] once did not become hot in 1 call; compiled for this dump\n"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("never") && !ran.stdout.contains("12497501"), "{}", ran.stdout);
    assert_eq!(dump(&["--ir", "a.ruff"]).stdout, ran.stdout, "the same each time");
    let ran = dump(&["--clif", "--asm", "a.ruff:once"]);
    let (clif, asm) = ran.stdout.split_once("[jit] once asm:\n").expect("both are shown");
    assert!(clif.contains("[jit] once clif:\nfunction u0:"), "{clif}");
    let line = "    6 | func once(x) { return x + 1 }\n";
    assert!(clif.contains(line) && clif.contains("iadd") && !clif.contains('@'), "{clif}");
    let (before, after) = asm.split_once(line).expect("the line stands among the instructions");
    assert!(before.lines().all(|line| line.starts_with("  ")) && !asm.contains("[jit]"), "{asm}");
    assert!(after.lines().count() > 5, "{asm}");
    #[cfg(target_arch = "x86_64")]
    assert!(before.starts_with("  push rbp\n") && after.contains("  ret\n") && after.contains("; ruff_exit"), "{asm}");
}

#[test]
fn dumps_of_compiled_code_say_why_there_is_none() {
    let folder = folder(&[("a.ruff", COMPILED), ("b.ruff", "func f() { return 1 }\nf()\nthrow \"late\"\n")]);
    let dump = |args: &[&str]| run_in(folder.path(), &[&["dump"], args].concat());
    let ran = dump(&["--asm", "a.ruff:never"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert_eq!(ran.stderr, "ruff: never was not called, so that there is nothing to compile it from\n");
    assert_eq!(dump(&["--ir", "a.ruff:hott"]).code, Some(2));
    assert_eq!(dump(&["--ir", "c.ruff"]).code, Some(5));
    assert_eq!(run_in(folder.path(), &["dump", "--ir", "--fuel", "10", "a.ruff"]).code, Some(124));
    let ran = dump(&["--ir", "b.ruff:f"]);
    assert!(ran.code == Some(4) && ran.stdout.contains("[jit] f built:") && ran.stderr.contains("late"), "{}", ran.stderr);
}

#[test]
fn dumps_of_compiled_code_run_with_arguments_and_permissions_but_silently() {
    let folder = folder(&[("a.ruff", "func f(name) { write_file(name, \"x\") }\nf(args()[0])\nprint(\"done\")\n")]);
    let written = folder.path().join("made");
    let ran = run_in(folder.path(), &["dump", "--ir", "--deny-fs-write", "a.ruff:f", "made"]);
    assert!(ran.code == Some(4) && ran.stderr.contains("fs-write") && !written.exists(), "{}", ran.stderr);
    let ran = run_in(folder.path(), &["dump", "--ir", "a.ruff:f", "made"]);
    assert!(ran.code == Some(0) && written.exists() && !ran.stdout.contains("done"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn what_does_not_parse_has_no_compiled_code() {
    let folder = folder(&[("a.ruff", "x = = 1\n")]);
    let ran = run_in(folder.path(), &["dump", "--asm", "a.ruff"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""));
    assert!(ran.stderr.contains("a.ruff:1:5"), "{}", ran.stderr);
}

#[test]
fn help_about_the_language() {
    assert!(run(&["--version"]).stdout.starts_with("ruff-lang "));
    assert!(run(&["--version"]).stdout.trim_end().ends_with("(Ruff programming language)"));
    assert!(run(&["--help"]).stdout.contains("Run a script"));
    assert!(run(&["explain", "E103"]).stdout.contains("immutable"));
    assert!(run(&["explain", "IndexError"]).stdout.contains("Index out of bounds"));
    assert_eq!(run(&["explain", "E999"]).code, Some(2));
    assert!(run(&["doc", "print"]).stdout.contains("print("));
    assert!(run(&["doc", "math.sqrt"]).stdout.contains("sqrt("));
    assert!(run(&["doc", "pritn"]).stderr.contains("did you mean print?"));
    assert!(run(&["completions", "bash"]).stdout.contains("completion"));
}

#[test]
fn the_other_program_of_this_name_is_pointed_out() {
    for args in [&["check", "app.py"][..], &["server"], &["format", "."]] {
        let ran = run(args);
        assert!(ran.code == Some(2) && ran.stderr.lines().count() == 1 && ran.stderr.contains("not the Python linter"));
    }
}
