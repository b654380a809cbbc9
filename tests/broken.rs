//! Broken programs: each mistake is reported once, at the right place, with a useful text.
//!
//! A program in `tests/broken` says on the line of a mistake `// error@COLUMN: text`, where the text is part of the
//! message or of its help. The comment counts wherever it stands, even within a string that swallowed it; and as
//! some mistakes are reported on a line that cannot hold a comment, `// error@LINE:COLUMN: text` may stand anywhere.
//! At most one report more than there are mistakes is allowed.

use std::fs;
use std::path::Path;

use ruff::diagnostics::Diagnostic;
use ruff::source::Source;

/// What a person who runs the program is told before it starts.
fn diagnose(text: &str) -> Vec<Diagnostic> {
    let parsed = ruff::syntax::parse(ruff::source::SourceId(0), text);
    parsed.diagnostics.into_iter().filter(Diagnostic::is_error).collect()
}

struct Expectation {
    line: u32,
    column: u32,
    text: String,
}

fn expectations(source: &Source) -> Vec<Expectation> {
    let mut list = Vec::new();
    for line in 1..=source.lines().line_count() {
        let text = source.line_text(line).unwrap_or("");
        for mark in text.split("// error@").skip(1) {
            let Some((place, text)) = mark.split_once(": ") else {
                panic!("{}:{line}: malformed expectation", source.name())
            };
            let numbers: Vec<u32> =
                place.split(':').map(|number| number.parse().expect("a number after `error@`")).collect();
            let (line, column) = if let [line, column] = numbers[..] { (line, column) } else { (line, numbers[0]) };
            list.push(Expectation { line, column, text: text.trim().to_string() });
        }
    }
    list
}

/// What is wrong with the reports on one program, if anything.
fn check(source: &Source) -> Result<(), String> {
    let expected = expectations(source);
    let reports = diagnose(source.text());
    let mut problems = String::new();
    if expected.is_empty() {
        problems.push_str("  no expectation in the file\n");
    }
    for Expectation { line, column, text } in &expected {
        let met = reports.iter().any(|report| {
            let at = source.line_column(report.span.start);
            let said = format!("{} | {}", report.message, report.help.join(" | "));
            (at.line, at.column) == (*line, *column) && said.contains(text.as_str())
        });
        if !met {
            problems.push_str(&format!("  expected {line}:{column}: {text}\n"));
        }
    }
    if reports.len() > expected.len() + 1 {
        problems.push_str(&format!("  {} mistakes, {} reports\n", expected.len(), reports.len()));
    }
    if problems.is_empty() {
        return Ok(());
    }
    for report in &reports {
        let at = source.line_column(report.span.start);
        problems.push_str(&format!("  got {}:{}: {} | {}\n", at.line, at.column, report.message, report.help.join(" | ")));
    }
    Err(problems)
}

#[test]
fn broken_programs_are_reported_where_and_as_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    let mut files: Vec<_> =
        fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("readable").path()).collect();
    files.sort();
    assert!(files.len() >= 150, "only {} programs", files.len());
    let mut failures = String::new();
    let mut exact = 0;
    for file in &files {
        let name = file.file_name().expect("a file").to_string_lossy();
        let text = fs::read_to_string(file).expect("readable");
        let source = Source::new(name.clone(), text);
        exact += usize::from(diagnose(source.text()).len() == expectations(&source).len());
        if let Err(problems) = check(&source) {
            failures.push_str(&format!("{name}\n{problems}"));
        }
    }
    println!("{} programs, {exact} without a report too many", files.len());
    assert!(failures.is_empty(), "\n{failures}");
}

#[test]
fn reports_of_broken_programs_can_be_drawn() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/broken");
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let text = fs::read_to_string(entry.expect("readable").path()).expect("readable");
        let mut sources = ruff::source::SourceMap::new();
        let id = sources.add("broken.ruff", text.as_str());
        let parsed = ruff::syntax::parse(id, &text);
        let drawn = ruff::diagnostics::render_all(&sources, &parsed.diagnostics, Default::default());
        assert!(drawn.contains("broken.ruff:"), "{drawn}");
    }
}
