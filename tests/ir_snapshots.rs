//! The IR of the function `f` of each program in `tests/ir`, as it is built and as the passes leave it.
//!
//! After a wanted change run with `INSTA_UPDATE=always` and read the difference.
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn programs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ir");
    let entries = fs::read_dir(folder).expect("the folder is there");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    files
}

/// What is printed of the code that was made last.
fn ir(program: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_ruff"))
        .args(["run", "--jit", "sync", "--jit-only", "f", "--jit-dump", "ir"])
        .arg(program.file_name().expect("a file"))
        .current_dir(program.parent().expect("it is in a folder"))
        .output()
        .expect("it was built for this test");
    let stderr = String::from_utf8(output.stderr).expect("our texts are UTF-8");
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let last = stderr.rfind("[jit] f built").unwrap_or_else(|| panic!("f was not compiled: {stderr}"));
    without_numbers(&stderr[last..])
}

/// Functions and shapes of structs are numbered behind those of the prelude, which changes.
fn without_numbers(text: &str) -> String {
    let text = numbered(&numbered(text, "f", "@", 0), "=f", "[", 0);
    let text = numbered(&numbered(&text, "function: ", ",", 0), "function: ", " ", 0);
    numbered(&numbered(&text, "#", " ", FIRST_STRUCT), "shape: ", ",", FIRST_STRUCT)
}

/// Numbers of this and above are shapes of structs and of enum values.
const FIRST_STRUCT: u32 = 32;

/// The text with an `n` for each number of `least` and above between `before` and `after`.
fn numbered(text: &str, before: &str, after: &str, least: u32) -> String {
    let mut parts = text.split(before);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(before);
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let is_one = part[end..].starts_with(after) && part[..end].parse().is_ok_and(|number: u32| number >= least);
        out.push_str(if is_one { "n" } else { &part[..end] });
        out.push_str(&part[end..]);
    }
    out
}

#[test]
fn built_and_optimised() {
    for program in programs() {
        let name = program.file_stem().expect("a file").to_string_lossy().into_owned();
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("ir_{name}"), ir(&program));
        });
    }
}
