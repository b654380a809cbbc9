//! Leak balance: a program that has ended and was taken apart leaves no heap object behind, on any engine.
//!
//! Counts exist in debug builds only; in others there is nothing to see and the test passes.
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ruff::driver::engine::{self, MODES, Mode, RunOptions};
use ruff::driver::{Script, Text};

/// Modes of which each runs in a third of the programs only; all of them if `RUFFLANG_TEST_ALL` is set.
const SAMPLED: &[&str] = &["jit-eager", "jit-exit=3", "jit-churn"];

fn programs(folder: &Path, found: &mut Vec<PathBuf>) {
    for path in std::fs::read_dir(folder).expect("the folder is part of the project").flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            programs(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "ruff") {
            found.push(path);
        }
    }
}

/// What runs of a program have left in each of these modes, in words.
fn leaks_of(path: &Path, args: &[String], modes: &[&str]) -> Vec<String> {
    let Ok(text) = Text::file(path) else { return Vec::new() };
    let Ok(loaded) = Script::resolve(text).load().map(Arc::new) else { return Vec::new() };
    let left = |name: &&str| {
        let mut options = RunOptions::new(Mode::parse(name).expect("a mode of the table"));
        options.captured = Some(String::new());
        options.args = args.to_vec();
        options.timeout = Some(Duration::from_secs(60));
        let outcome = engine::run(&loaded, &options);
        let objects = outcome.live_objects;
        (objects != 0).then(|| format!("{} in {name}: {objects} objects ({:?})", path.display(), outcome.end))
    };
    modes.iter().filter_map(left).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn nothing_is_left_behind() {
    let mut found = Vec::new();
    programs(&root().join("tests/lang"), &mut found);
    found.sort();
    // Those with options of their own may not end without them.
    found.retain(|path| std::fs::read_to_string(path).is_ok_and(|text| !text.contains("flags:")));
    let all = std::env::var_os("RUFFLANG_TEST_ALL").is_some();
    let mut leaks = Vec::new();
    for (number, path) in found.into_iter().enumerate() {
        let third = |mode: &&str| SAMPLED.iter().position(|sampled| sampled == mode).is_none_or(|third| number % 3 == third);
        let modes: Vec<&str> = MODES.iter().copied().filter(|mode| all || third(mode)).collect();
        leaks.extend(leaks_of(&path, &[], &modes));
    }
    assert!(leaks.is_empty(), "{} runs leak:\n{}", leaks.len(), leaks.join("\n"));
}

#[test]
fn no_benchmark_leaves_anything_behind() {
    let mut runs = Vec::new();
    let mut found = Vec::new();
    programs(&root().join("examples/benchmarks"), &mut found);
    runs.extend(found.into_iter().map(|path| (path, Vec::new())));
    let folder = root().join("benchmarks/cross-language");
    let table = std::fs::read_to_string(folder.join("expected.tsv")).expect("the table is part of the project");
    for line in table.lines() {
        if let ["quick", program, args, _] = line.split('\t').collect::<Vec<_>>()[..] {
            let args = args.split_whitespace().map(str::to_owned).collect();
            runs.push((folder.join(format!("programs/{program}/{program}.ruff")), args));
        }
    }
    assert!(runs.len() > 40, "only {} benchmarks were found", runs.len());
    let leaks: Vec<String> = runs.iter().flat_map(|(path, args)| leaks_of(path, args, &["interp", "vm", "jit"])).collect();
    assert!(leaks.is_empty(), "{} runs leak:\n{}", leaks.len(), leaks.join("\n"));
}

#[test]
fn the_count_sees_what_is_left() {
    let script = Script::resolve(Text::inline("kept.ruff", "xs := [[1], [2]]\nfunc f() { return xs }\n"));
    let loaded = Arc::new(script.load().expect("it has no errors"));
    for name in MODES {
        let mut options = RunOptions::new(Mode::parse(name).expect("a mode of the table"));
        options.captured = Some(String::new());
        options.tidy = false;
        let left = engine::run(&loaded, &options).live_objects;
        assert!(left >= 3 || !cfg!(debug_assertions), "{name}: {left}");
    }
}
