//! `ruff bench` on scripts that misbehave: each is one clear row, the rest still runs, and the exit code says it.
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn bench(folder: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ruff"))
        .arg("bench")
        .args(words)
        .current_dir(folder)
        .env("XDG_DATA_HOME", folder.join("data"))
        .env("NO_COLOR", "1")
        .output()
        .expect("the program of this package starts")
}

fn folder_with(scripts: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    for (name, text) in scripts {
        fs::write(folder.path().join(name), text).expect("files can be written there");
    }
    folder
}

/// Runs two turns per row and gives the rows.
#[track_caller]
fn rows(folder: &Path, words: &[&str], code: i32) -> Vec<Value> {
    let mut all = vec!["--json", "-i", "2", "-w", "1"];
    all.extend(words);
    let output = bench(folder, &all);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    assert_eq!(report["schema"], "rufflang.bench/1");
    report["rows"].as_array().expect("a report has rows").clone()
}

fn row<'a>(rows: &'a [Value], script: &str) -> &'a Value {
    rows.iter().find(|row| row["script"] == script).expect("every script has a row")
}

const GOOD: &str = "total := 0\nfor i in 0..100 { total += i }\nprint(total)\n";

#[test]
fn every_engine_has_a_row_and_output_is_captured() {
    let folder = folder_with(&[("good.ruff", GOOD)]);
    let rows = rows(folder.path(), &["good.ruff"], 0);
    let engines: Vec<_> = rows.iter().map(|row| row["engine"].as_str().unwrap()).collect();
    assert_eq!(engines, ["interp", "vm", "jit"]);
    for row in &rows {
        assert_eq!(row["ok"], true, "{row}");
        assert_eq!(row["times"].as_array().unwrap().len(), 2);
        assert_eq!(row["output"], 5);
        assert!(row["stages"]["parse"].as_u64().unwrap() > 0);
        assert!(row["peak_memory"].as_u64().unwrap() > 0);
    }
    assert_eq!(rows[0]["stages"]["compile"], 0);
    assert!(rows[1]["stages"]["compile"].as_u64().unwrap() > 0);
}

#[test]
fn scripts_that_misbehave_are_rows_and_the_rest_runs() {
    let folder = folder_with(&[
        ("deep.ruff", "func f(n) { return f(n + 1) + 1 }\nf(0)\n"),
        ("endless.ruff", "loop { }\n"),
        ("error.ruff", "x := [1]\nprint(x[5])\n"),
        ("exit.ruff", "exit(3)\n"),
        ("exit_well.ruff", "exit(0)\n"),
        ("good.ruff", GOOD),
        ("memory.ruff", "x := \"a\" * 10 ** 9\n"),
        ("prints.ruff", "for i in 0..20000 { print(\"a line of some length that is printed again and again\") }\n"),
        ("stuck.ruff", "x := 7 ** 30_000_000\n"),
        ("syntax.ruff", "x := (1 +\n"),
    ]);
    let rows = rows(folder.path(), &[".", "--engine", "vm", "--timeout", "1s", "--max-memory", "100M"], 1);
    assert_eq!(rows.len(), 10);
    let error = |script: &str| &row(&rows, script)["error"];
    assert_eq!((&error("endless")["kind"], &error("endless")["code"]), (&"timeout".into(), &124.into()));
    for late in ["endless", "stuck"] {
        assert!(error(late)["message"].as_str().unwrap().contains("--timeout"));
    }
    for (script, what) in [("deep", "StackOverflow"), ("memory", "MemoryError")] {
        assert!(error(script)["message"].as_str().unwrap().starts_with(what), "{}", error(script));
    }
    assert_eq!((&error("error")["kind"], &error("error")["code"]), (&"error".into(), &4.into()));
    assert!(error("error")["place"].as_str().unwrap().ends_with("error.ruff:2:7"), "{}", error("error"));
    assert_eq!((&error("exit")["kind"], &error("exit")["code"]), (&"exit".into(), &3.into()));
    assert_eq!((&error("syntax")["kind"], &error("syntax")["code"]), (&"source".into(), &3.into()));
    for good in ["exit_well", "good", "prints"] {
        assert_eq!(row(&rows, good)["ok"], true, "{}", row(&rows, good));
    }
    assert!(row(&rows, "prints")["output"].as_u64().unwrap() > 1_000_000);
    assert!(row(&rows, "exit_well")["notes"][0].as_str().unwrap().contains("exit(0)"));
}

#[test]
fn a_failure_alone_has_the_exit_code_of_a_run() {
    let folder = folder_with(&[("syntax.ruff", "x := (1 +\n"), ("error.ruff", "throw 1\n"), ("endless.ruff", "loop { }\n")]);
    for (script, words, code) in [
        ("syntax.ruff", &[][..], 3),
        ("error.ruff", &[], 4),
        ("endless.ruff", &["--timeout", "300ms"], 124),
        ("missing.ruff", &[], 5),
    ] {
        let mut all = vec![script, "--engine", "vm"];
        all.extend(words);
        let rows = rows(folder.path(), &all, code);
        assert_eq!(rows[0]["ok"], false);
    }
}

#[test]
fn an_empty_folder_is_said() {
    let folder = folder_with(&[]);
    let output = bench(folder.path(), &["."]);
    assert_eq!(output.status.code(), Some(5));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "ruff: no .ruff scripts in .\n");
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_a_row() {
    use std::os::unix::fs::symlink;
    let folder = folder_with(&[("good.ruff", GOOD)]);
    // A link to nothing cannot be read by anyone, whoever runs the test.
    symlink("nowhere", folder.path().join("gone.ruff")).unwrap();
    let rows = rows(folder.path(), &[".", "--engine", "vm"], 1);
    assert_eq!(row(&rows, "gone")["error"]["kind"], "unreadable");
    assert_eq!(row(&rows, "good")["ok"], true);
}

#[test]
fn failing_rows_are_crosses_in_the_table() {
    let folder = folder_with(&[("bad.ruff", "throw \"no\"\n"), ("good.ruff", GOOD)]);
    let output = bench(folder.path(), &[".", "-i", "2", "-w", "0", "--engine", "interp,vm"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("  ✗ vm        Error: no (bad.ruff:1:1)"), "{text}");
    assert!(text.contains("  ✓ vm"), "{text}");
    assert!(text.contains("2 of 4 rows failed"), "{text}");
    assert!(!text.contains('\x1b'));
}

#[test]
fn results_are_saved_and_compared() {
    let folder = folder_with(&[("good.ruff", GOOD)]);
    let here = folder.path();
    let words = ["good.ruff", "-i", "6", "--engine", "vm"];
    let run = |more: &[&str]| bench(here, &[&words[..], more].concat());
    assert_eq!(run(&["--save", "before"]).status.code(), Some(0));
    let file = here.join("data/rufflang/bench/before.json");
    // As if it had been much faster before.
    let mut saved: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    saved["rows"][0]["times"] = serde_json::json!([10, 11, 12, 13, 14, 15, 16, 17]);
    fs::write(&file, saved.to_string()).unwrap();
    let slower = run(&["--compare", "before", "--fail-above", "5%"]);
    assert_eq!(slower.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&slower.stdout).contains("slower"));
    assert!(String::from_utf8_lossy(&slower.stderr).contains("slower than allowed: good on vm"));
    assert_eq!(run(&["--compare", "before"]).status.code(), Some(0));
    assert_eq!(run(&["--compare", "nothing"]).status.code(), Some(5));
    assert_eq!(run(&["--save", "../x"]).status.code(), Some(2));
}

#[test]
fn memory_markdown_and_picture() {
    let folder = folder_with(&[("strings.ruff", "xs := []\nfor i in 0..1000 { xs.push(\"item number ${i} of many\") }\n")]);
    let all = rows(folder.path(), &["strings.ruff", "--engine", "vm", "--memory"], 0);
    assert!(all[0]["allocations"]["count"].as_u64().unwrap() >= 1000, "{}", all[0]);
    let output = bench(folder.path(), &["strings.ruff", "-i", "2", "--markdown", "--svg", "out.svg"]);
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("# Benchmarks\n"));
    assert!(fs::read_to_string(folder.path().join("out.svg")).unwrap().contains("</svg>"));
}

const BLOCKS: &str = "mut runs := 0\nprint(\"top level\")\n\
    bench \"counts\" { runs += 1 }\n\
    bench_group \"sorting\" {\n    data := [3, 1, 2]\n    mut prepared := 0\n    bench_setup { prepared += 1 }\n    \
    bench \"one turn after each set-up\" { assert_equal(prepared, 1); data.sort(); assert_equal(data, [1, 2, 3]); prepared += 1 }\n}\n\
    bench \"fails\" { throw \"no\" }\n\
    bench \"fails later\" { runs += 1; if runs > 3 { throw \"spent\" } }\n";

#[test]
fn blocks_are_rows_each_with_a_state_of_its_own() {
    let folder = folder_with(&[("a.ruff", BLOCKS)]);
    let rows = rows(folder.path(), &["a.ruff"], 1);
    assert_eq!(rows.len(), 4 * 3, "each block on each engine");
    for row in rows.iter().filter(|row| !row["script"].as_str().unwrap().contains("fails")) {
        assert_eq!(row["ok"], true, "{row}");
        assert_eq!(row["output"], 0, "the top level is not part of a turn: {row}");
        let short = row["script"] == "a > counts";
        assert_eq!(row["repeat"].as_u64().unwrap() > 1, short, "only a short block without set-up is repeated: {row}");
    }
    assert_eq!(row(&rows, "a > fails")["error"]["message"], "Error: no");
    let later = row(&rows, "a > fails later")["error"]["message"].as_str().unwrap();
    assert!(later.contains("spent"), "{later}");
}

#[test]
fn a_block_that_spends_its_state_is_told_of_set_ups() {
    let text = "mut xs := [1, 2]\nbench \"pops\" { if len(xs) == 0 { throw \"empty\" }; xs.pop(); sleep_a_little() }\n\
        func sleep_a_little() { total := 0; for i in 0..2000 { total += i }; return total }\n\
        bench_group \"prepared\" {\n    bench_setup { xs = [1, 2] }\n    bench \"pops\" { xs.pop() }\n}\n";
    let folder = folder_with(&[("a.ruff", text)]);
    let rows = rows(folder.path(), &["a.ruff", "--engine", "vm"], 1);
    assert_eq!(row(&rows, "a > pops")["ok"], false);
    assert_eq!(row(&rows, "a > prepared > pops")["ok"], true, "{}", row(&rows, "a > prepared > pops"));
}

#[test]
fn turns_are_shared_by_processes() {
    let folder = folder_with(&[("a.ruff", BLOCKS), ("good.ruff", GOOD)]);
    let processes = |words: &[&str]| -> Vec<u64> {
        let output = bench(folder.path(), &[&["good.ruff", "--json", "--engine", "vm", "-w", "1"], words].concat());
        let report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
        let row = &report["rows"][0];
        let counts: Vec<u64> = row["processes"].as_array().unwrap().iter().map(|count| count.as_u64().unwrap()).collect();
        assert_eq!(counts.iter().sum::<u64>(), row["times"].as_array().unwrap().len() as u64);
        counts
    };
    assert_eq!(processes(&["-i", "4"]), [4]);
    assert_eq!(processes(&["-i", "17"]), [6, 6, 5]);
    assert_eq!(processes(&["-i", "17", "--processes", "1"]), [17]);
    assert_eq!(processes(&["--quick"]).len(), 3);
    assert_eq!(processes(&["--time", "50ms"]).len(), 10);
    // A block is repeated as often in each of them.
    let blocks = bench(folder.path(), &["a.ruff", "--json", "--engine", "vm", "--filter", "counts", "-i", "15"]);
    let report: Value = serde_json::from_slice(&blocks.stdout).expect("the report is JSON");
    assert_eq!(report["rows"][0]["processes"], serde_json::json!([5, 5, 5]), "{report}");
}

/// Relative paths mean the same in each turn, and in the scripts that come after.
#[test]
fn a_script_may_go_elsewhere() {
    let script = "write_file(\"b.txt\", \"b\")\nos_chdir(\"sub\")\nwrite_file(\"c.txt\", \"c\")\n";
    let blocks = "os_chdir(\"sub\")\nwrite_file(\"d.txt\", \"d\")\nbench \"deeper\" { os_chdir(\"deep\")\n write_file(\"e.txt\", \"e\") }\n";
    let folder = folder_with(&[("a.ruff", script), ("b.ruff", blocks), ("good.ruff", GOOD)]);
    fs::create_dir_all(folder.path().join("sub/deep")).expect("folders can be made there");
    for fresh in [&["."][..], &[".", "--fresh"]] {
        let found = rows(folder.path(), fresh, 0);
        assert!(found.iter().all(|row| row["error"].is_null()), "{found:?}");
        for file in ["b.txt", "sub/c.txt", "sub/d.txt", "sub/deep/e.txt"] {
            fs::remove_file(folder.path().join(file)).expect("it was written where it was meant");
        }
        assert!(!folder.path().join("d.txt").exists() && !folder.path().join("e.txt").exists());
    }
}

/// Seen by a program that makes terminals; where there is none, nothing is shown to look at.
#[cfg(target_os = "linux")]
#[test]
fn a_terminal_shows_how_far_it_is() {
    let folder = folder_with(&[("good.ruff", GOOD)]);
    let words = format!("'{}' bench good.ruff --engine vm,jit --quick", env!("CARGO_BIN_EXE_ruff"));
    let shown = Command::new("script")
        .args(["-qec", &words, "/dev/null"])
        .current_dir(folder.path())
        .env("TERM", "xterm")
        .env_remove("CI")
        .env_remove("NO_COLOR")
        .output();
    let Ok(shown) = shown else { return };
    let text = String::from_utf8_lossy(&shown.stdout);
    assert_eq!(shown.status.code(), Some(0), "{text}");
    for wanted in ["good on vm (1 of 6)", "good on jit (6 of 6)", "✓\x1b[0m jit"] {
        assert!(text.contains(wanted), "no {wanted:?} in {text:?}");
    }
    // The bar is gone at the end, and is not there where nobody looks.
    assert!(text.rfind("of 6)") < text.rfind("linux"), "{text:?}");
    let unseen = bench(folder.path(), &["good.ruff", "--engine", "vm", "--quick"]);
    assert_eq!(String::from_utf8_lossy(&unseen.stderr), "");
}

#[test]
fn a_filter_chooses_blocks_and_scripts() {
    let folder = folder_with(&[("a.ruff", BLOCKS), ("good.ruff", GOOD)]);
    let chosen = rows(folder.path(), &[".", "--engine", "vm", "--filter", "count"], 0);
    let names: Vec<_> = chosen.iter().map(|row| row["script"].as_str().unwrap()).collect();
    assert_eq!(names, ["a > counts"]);
    let none = bench(folder.path(), &[".", "--filter", "nothing like it"]);
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn one_engine_for_all_turns_or_a_new_one_for_each() {
    let folder = folder_with(&[("a.ruff", BLOCKS)]);
    let chosen = rows(folder.path(), &["a.ruff", "--fresh", "--engine", "vm", "--filter", "sorting"], 0);
    // With the top level as a part of the turn, so is what it prints.
    assert_eq!(chosen[0]["output"], "top level\n".len());
}

#[cfg(unix)]
#[test]
fn a_pipe_among_the_scripts_is_a_row() {
    let folder = folder_with(&[("good.ruff", GOOD)]);
    let made = Command::new("mkfifo").arg(folder.path().join("pipe.ruff")).status();
    if made.is_ok_and(|status| status.success()) {
        let rows = rows(folder.path(), &[".", "--engine", "vm"], 1);
        assert_eq!(row(&rows, "pipe")["error"]["kind"], "unreadable");
        assert_eq!(row(&rows, "good")["ok"], true);
    }
}
