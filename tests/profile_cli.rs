//! `ruff profile` from outside: what it prints in each format, what it writes, and its exit codes.
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn profile(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ruff"))
        .arg("profile")
        .args(words)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .expect("the program of this package starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A script that works in `work`, line 4, for long enough to be met.
const SCRIPT: &str = "func work(n) {\n    total := 0\n    for i in 0..n {\n        total += i * i % 7\n    }\n    return total\n}\n\
    func outer(n) {\n    return work(n)\n}\n\
    mut texts := []\nfor i in 0..2000 { texts.push(\"text number ${i} of many\") }\n\
    print(outer(int(args().get(0, 400_000))))\n";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    fs::write(folder.path().join("a.ruff"), SCRIPT).expect("files can be written there");
    folder
}

#[test]
fn the_hot_line_stands_first() {
    let folder = folder();
    for engine in ["interp", "vm"] {
        let output = profile(folder.path(), &["--engine", engine, "a.ruff"]);
        let text = stdout(&output);
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert!(text.starts_with(&format!("a.ruff on {engine}: ")), "{text}");
        let mut functions = text.split("functions by time\n").nth(1).expect("there are functions").lines();
        assert!(functions.next().is_some_and(|line| line.ends_with("  work")), "{text}");
        assert!(text.contains("  a.ruff:4  total += i * i % 7"), "{text}");
        assert!(text.contains("peak memory"), "{text}");
        let is_number = |line: &str| line.parse::<u64>().is_ok();
        assert!(!text.lines().any(is_number), "the script's output is not part of the report: {text}");
    }
}

#[test]
fn json_has_tiers_functions_lines_and_what_was_compiled() {
    let folder = folder();
    let output = profile(folder.path(), &["--json", "--memory", "a.ruff", "3000000"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    assert_eq!(report["schema"], "rufflang.profile/1");
    assert_eq!(report["engine"], "jit");
    assert_eq!(report["exit_code"], 0);
    assert!(report["jit"]["loops"].as_u64().is_some_and(|loops| loops > 0), "{}", report["jit"]);
    assert!(report["jit"]["guard_success"].is_number(), "{}", report["jit"]);
    assert!(report["allocations"]["count"].as_u64().is_some_and(|count| count >= 2000), "{}", report["allocations"]);
    assert!(report["peak_memory"].as_u64().is_some_and(|bytes| bytes > 0));
    let tiers: u64 = report["tiers"].as_array().expect("a list").iter().filter_map(|tier| tier["time"].as_u64()).sum();
    assert_eq!(tiers, report["sampled"].as_u64().expect("a number"));
}

#[test]
fn inline_caches_are_counted() {
    let folder = folder();
    // Each site meets one kind of receiver, until the last loop shows one of them ten kinds in turn.
    let kinds: String = (0..10).map(|kind| format!("struct K{kind} {{ x{kind}, x }}\n")).collect();
    let made: String = (0..10).map(|kind| format!("K{kind} {{ x{kind}: 0, x: 1 }}, ")).collect();
    let script = |loops: &str| {
        format!("{kinds}struct P {{ x\n func get(self) {{ return self.x }} }}\nmany := [{made}]\np := P {{ x: 1 }}\n{loops}")
    };
    let one = "for i in 0..200000 { p.x = p.get() - p.x }\n";
    fs::write(folder.path().join("one.ruff"), script(one)).unwrap();
    fs::write(folder.path().join("many.ruff"), script("sum := 0\nfor i in 0..200000 { sum += many[i % 10].x }\n")).unwrap();
    let caches = |file: &str| {
        let output = profile(folder.path(), &["--json", "--jit-only", "nothing", file]);
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        ["cache_hits", "cache_misses"].map(|name| report["jit"][name].as_u64().expect("a number"))
    };
    let [hits, misses] = caches("one.ruff");
    assert!(hits > 0 && misses * 20 < hits, "{hits} {misses}");
    let [hits, misses] = caches("many.ruff");
    assert!(misses > 0 && hits * 20 < misses, "{hits} {misses}");
}

#[test]
fn formats_for_other_programs() {
    let folder = folder();
    let run = |format: &str| stdout(&profile(folder.path(), &["--engine", "vm", "--format", format, "a.ruff"]));
    assert!(run("md").starts_with("# Profile of a.ruff on vm"));
    let folded = run("folded");
    assert!(folded.lines().any(|line| line.starts_with("<main>;outer;work;a.ruff:4 [vm] ")), "{folded}");
    let speedscope: Value = serde_json::from_str(&run("speedscope")).expect("it is JSON");
    assert_eq!(speedscope["profiles"][0]["type"], "sampled");
}

#[test]
fn the_flame_graph_is_written() {
    let folder = folder();
    let output = profile(folder.path(), &["--engine", "vm", "--flamegraph", "out.svg", "a.ruff"]);
    assert_eq!(output.status.code(), Some(0));
    let svg = fs::read_to_string(folder.path().join("out.svg")).expect("it was asked for");
    assert!(svg.contains("<svg") && svg.contains("work") && svg.contains("a.ruff on vm"));
    let nowhere = profile(folder.path(), &["--engine", "vm", "--flamegraph", "missing/out.svg", "a.ruff"]);
    assert_eq!(nowhere.status.code(), Some(5));
}

#[test]
fn a_script_that_fails_is_reported_and_keeps_its_exit_code() {
    let folder = folder();
    fs::write(folder.path().join("fails.ruff"), format!("{SCRIPT}throw \"no\"\n")).unwrap();
    fs::write(folder.path().join("exits.ruff"), format!("{SCRIPT}exit(7)\n")).unwrap();
    fs::write(folder.path().join("broken.ruff"), "x := (\n").unwrap();
    fs::write(folder.path().join("endless.ruff"), "loop { }\n").unwrap();
    for (words, code) in [
        (&["fails.ruff"][..], 4),
        (&["exits.ruff"], 7),
        (&["--timeout", "300ms", "endless.ruff"], 124),
        (&["broken.ruff"], 3),
        (&["missing.ruff"], 5),
    ] {
        let output = profile(folder.path(), &[&["--engine", "vm"], words].concat());
        assert_eq!(output.status.code(), Some(code), "{words:?}");
        let reported = code != 3 && code != 5;
        assert_eq!(stdout(&output).contains("lines by time"), reported, "{words:?}: {}", stdout(&output));
    }
}

#[test]
fn the_output_of_the_script_is_shown_if_wanted() {
    let folder = folder();
    let output = profile(folder.path(), &["--engine", "vm", "--output", "a.ruff", "1000"]);
    assert!(!String::from_utf8_lossy(&output.stderr).trim().is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn perf_learns_the_names_of_compiled_code() {
    let folder = folder();
    let mut child = Command::new(env!("CARGO_BIN_EXE_ruff"))
        .args(["profile", "--perf-map", "a.ruff", "3000000"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("the program of this package starts");
    let map = format!("/tmp/perf-{}.map", child.id());
    assert!(child.wait().expect("it ends").success());
    let text = fs::read_to_string(&map).expect("the map was written");
    fs::remove_file(&map).expect("it can be removed");
    let line = text
        .lines()
        .find(|line| line.contains(" ruff: ") && line.ends_with(" work"))
        .unwrap_or_else(|| panic!("no code of work in\n{text}"));
    let mut words = line.split(' ');
    let mut number = || words.next().and_then(|word| u64::from_str_radix(word, 16).ok());
    assert!(number().is_some_and(|address| address > 4096) && number().is_some_and(|size| size > 0), "{line}");
}
