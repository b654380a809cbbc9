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

#[test]
fn nothing_is_left_behind() {
    let mut found = Vec::new();
    programs(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lang"), &mut found);
    found.sort();
    let mut leaks = Vec::new();
    let all = std::env::var_os("RUFFLANG_TEST_ALL").is_some();
    for (number, path) in found.into_iter().enumerate() {
        let Ok(text) = Text::file(&path) else { continue };
        // Those with options of their own may not end without them.
        if text.text.contains("flags:") {
            continue;
        }
        let Ok(loaded) = Script::resolve(text).load().map(Arc::new) else { continue };
        let third = |mode: &&&str| SAMPLED.iter().position(|sampled| sampled == *mode).is_none_or(|third| number % 3 == third);
        for name in MODES.iter().filter(|mode| all || third(mode)) {
            let mut options = RunOptions::new(Mode::parse(name).expect("a mode of the table"));
            options.captured = Some(String::new());
            options.timeout = Some(Duration::from_secs(20));
            let outcome = engine::run(&loaded, &options);
            if outcome.live_objects != 0 {
                leaks.push(format!("{} in {name}: {} objects ({:?})", path.display(), outcome.live_objects, outcome.end));
            }
        }
    }
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
