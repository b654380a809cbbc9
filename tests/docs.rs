//! The programs in README and notes run, on both engines, and print what stands under them.
//!
//! A fence `ruff` is a program, `ruff --strict-types` one whose annotations are enforced; if a fence `text` follows it directly (a line `prints` may stand between), that is its output.
use std::path::Path;
use std::sync::Arc;

use ruff::driver::engine::{self, EngineKind, Mode, RunOptions};
use ruff::driver::{Script, Text};

struct Example {
    line: usize,
    program: String,
    strict_types: bool,
    output: Option<String>,
}

/// Fenced blocks: the line they begin at, their language, their text, and whether they follow the one before.
fn blocks(page: &str) -> Vec<(usize, String, String, bool)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String, String)> = None;
    let mut follows = false;
    for (number, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((number + 1, language.to_owned(), String::new())),
            (Some(_), Some(_)) => {
                blocks.extend(open.take().map(|(at, language, text)| (at, language, text, follows)));
                follows = true;
            }
            (None, Some((_, _, text))) => *text += &format!("{line}\n"),
            (None, None) => follows &= line.trim().is_empty() || line == "prints",
        }
    }
    blocks
}

fn examples(page: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut last_was_program = false;
    for (line, language, text, follows) in blocks(page) {
        let is_program = language == "ruff" || language == "ruff --strict-types";
        if is_program {
            examples.push(Example { line, program: text, strict_types: language != "ruff", output: None });
        } else if language == "text"
            && last_was_program
            && follows
            && let Some(example) = examples.last_mut()
        {
            example.output = Some(text);
        }
        last_was_program = is_program;
    }
    examples
}

fn check(file: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let page = std::fs::read_to_string(path).expect("the page is part of the project");
    let examples = examples(&page);
    assert!(!examples.is_empty(), "{file} has no programs");
    for Example { line, program, strict_types, output } in examples {
        let script = Script::resolve(Text::inline(file, program).strict(strict_types));
        assert!(!script.has_errors(), "{file}:{line}: {:?}", script.diagnostics);
        let loaded = Arc::new(script.load().expect("it has no errors"));
        for kind in [EngineKind::Interp, EngineKind::Vm] {
            let options = RunOptions { captured: Some(String::new()), ..RunOptions::new(Mode::new(kind)) };
            let outcome = engine::run(&loaded, &options);
            assert_eq!(outcome.exit_code(), 0, "{file}:{line} on {kind:?}: {:?}", outcome.end);
            let printed = String::from_utf8_lossy(&outcome.stdout).into_owned();
            if let Some(output) = &output {
                assert_eq!(&printed, output, "{file}:{line} on {kind:?}");
            }
        }
    }
}

#[test]
fn readme() {
    check("README.md");
}

#[test]
fn language_page() {
    check("notes/language.md");
}
