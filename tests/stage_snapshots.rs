//! The later stages as text: the resolved tree and the bytecode of the programs in `tests/stages`, and what is printed about
//! some of the malformed ones in `tests/broken`.
//!
//! After a wanted change run with `INSTA_UPDATE=always` and read the difference.

use std::fs;
use std::path::{Path, PathBuf};

use ruff::builtins::{self, BuiltinId};
use ruff::diagnostics::{RenderOptions, render_all};
use ruff::driver::{Script, Text, dump};

/// Malformed programs whose reports differ in kind: labels, several lines, help, a fix, more than one mistake.
const BROKEN: &[&str] =
    &["assign_to_call", "assignment_in_if", "backquotes", "bad_format_letter", "c_for", "case_brace_without_colon"];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

/// The programs of `tests/stages`, by name.
fn scripts() -> Vec<(String, Script)> {
    let entries = fs::read_dir(folder("stages")).expect("the folder is there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    let script = |file: &PathBuf| {
        let name = file.file_stem().expect("a file").to_string_lossy().into_owned();
        let text = fs::read_to_string(file).expect("readable");
        let script = Script::resolve(Text::inline(&format!("{name}.ruff"), text));
        assert!(!script.has_errors(), "{name}: {:?}", script.diagnostics);
        (name, script)
    };
    files.iter().map(script).collect()
}

#[track_caller]
fn check(stage: &str, name: &str, text: String) {
    insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
        insta::assert_snapshot!(format!("{stage}_{name}"), text);
    });
}

/// Builtins by name: their numbers change with every new one.
fn with_names(text: &str) -> String {
    let mut parts = text.split("builtin=b");
    let mut named = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let id = BuiltinId(part[..end].parse().expect("a number"));
        named.push_str("builtin=");
        named.push_str(builtins::info(id).name);
        named.push_str(&part[end..]);
    }
    named
}

#[test]
fn resolved() {
    for (name, script) in scripts() {
        check("resolved", &name, dump::resolved(&script, None));
    }
}

#[test]
fn bytecode() {
    for (name, script) in scripts() {
        check("bytecode", &name, with_names(&dump::bytecode(&script, None)));
    }
}

#[test]
fn diagnostics() {
    for name in BROKEN {
        let text = fs::read_to_string(folder("broken").join(format!("{name}.ruff"))).expect("readable");
        let script = Script::resolve(Text::inline(&format!("{name}.ruff"), text));
        assert!(script.has_errors(), "{name}");
        check("diagnostics", name, render_all(&script.sources, &script.diagnostics, RenderOptions::default()));
    }
}
