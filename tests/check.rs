//! `ruff check`: what it says about programs that run, and that it says nothing more.
//!
//! A program in `tests/check` has on the line of a finding `// warning: CODE text` or `// error: CODE text`, where the text
//! is part of the message or of its help. Lines without such a comment have no finding, but for the comments of
//! `comments.ruff`, which are what is looked at.
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ruff::diagnostics::Diagnostic;
use ruff::driver::{Script, Text};

/// Findings by line, each as `warning: CODE message | help`.
fn findings(path: &Path) -> BTreeMap<u32, Vec<String>> {
    let mut script = Script::resolve(Text::file(path).expect("the file is there"));
    let mut found: Vec<Diagnostic> = script.check();
    found.append(&mut script.diagnostics);
    found.append(&mut script.warnings);
    let mut lines: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for diagnostic in found {
        let line = script.sources.line_column(diagnostic.source, diagnostic.span.start).line;
        let (severity, code) = (diagnostic.severity.name(), diagnostic.code.id());
        let text = format!("{severity}: {code} {} | {}", diagnostic.message, diagnostic.help.join(" | "));
        lines.entry(line).or_default().push(text);
    }
    lines
}

/// The expectation on a line: `warning` or `error`, the code, and a part of the text.
fn expectation(line: &str) -> Option<(&str, &str, &str)> {
    let severity = ["warning", "error"].into_iter().find(|severity| line.contains(&format!("// {severity}: ")))?;
    let (_, rest) = line.split_once(&format!("// {severity}: "))?;
    let (code, text) = rest.split_once(' ').unwrap_or((rest, ""));
    Some((severity, code, text))
}

#[test]
fn findings_stand_where_they_are_expected_and_nowhere_else() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check");
    let mut problems = Vec::new();
    let mut programs = 0;
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("a folder can be read").path();
        if path.ends_with("comments.ruff") {
            continue;
        }
        programs += 1;
        let text = fs::read_to_string(&path).expect("programs are text");
        let mut found = findings(&path);
        for (number, line) in (1..).zip(text.lines()) {
            let said = found.remove(&number).unwrap_or_default();
            let met = match expectation(line) {
                Some((severity, code, text)) => {
                    let start = format!("{severity}: {code} ");
                    !said.is_empty() && said.iter().all(|said| said.starts_with(&start)) && said[0].contains(text)
                }
                None => said.is_empty(),
            };
            if !met {
                problems.push(format!("{}:{number}: {line}\n    {said:?}", path.display()));
            }
        }
    }
    assert!(programs > 5 && problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn comments_like_divisions() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/comments.ruff");
    let found = findings(&path);
    let lines: Vec<u32> = found.keys().copied().collect();
    assert_eq!(lines, [4, 5, 6, 8], "{found:?}");
    assert!(found.values().flatten().all(|said| said.starts_with("warning: W009 ")), "{found:?}");
}

#[test]
fn examples_draw_no_complaint() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("a folder can be read").path();
        if path.extension().is_some_and(|ending| ending == "ruff") {
            assert_eq!(findings(&path), BTreeMap::new(), "{}", path.display());
        }
    }
}
