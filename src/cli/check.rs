//! `ruff check`: what is wrong or suspicious, without running anything.
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use super::options::TypeOptions;
use super::{Context, cannot_read, exit, print_result};
use crate::diagnostics::{Diagnostic, Severity, render_all};
use crate::driver::{Script, Text};
use crate::source::{SourceId, SourceMap, Span};

#[derive(Args, Debug)]
pub struct CheckArgs {
    /// Files or folders; `-` is standard input
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// One JSON object (short for `--output-format json`)
    #[arg(long)]
    json: bool,
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    output_format: Format,
    #[command(flatten)]
    types: TypeOptions,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    Text,
    Json,
    /// Annotations of a GitHub workflow
    Github,
}

/// What was found in all files.
#[derive(Default)]
struct Findings {
    text: String,
    json: Vec<Json>,
    github: String,
    /// Something stops a program.
    stops: bool,
    errors: usize,
    warnings: usize,
}

pub fn run(args: CheckArgs, context: Context) -> i32 {
    let mut findings = Findings::default();
    let mut failed = None;
    for path in super::test::scripts_in(&args.paths) {
        let text = if path == Path::new("-") { Text::stdin() } else { Text::file(&path) };
        match text {
            Ok(text) => findings.add(Script::resolve(text.strict(args.types.strict_types)), context),
            Err(error) => failed = Some(cannot_read(&path.to_string_lossy(), &error)),
        }
    }
    match if args.json { Format::Json } else { args.output_format } {
        Format::Text => print_result(&findings.text),
        Format::Github => print_result(&findings.github),
        Format::Json => {
            let report = json!({
                "schema": "rufflang.check/1",
                "diagnostics": findings.json,
                "errors": findings.errors,
                "warnings": findings.warnings,
            });
            print_result(&format!("{report}\n"));
        }
    }
    match failed {
        Some(code) => code,
        None if findings.stops => exit::SOURCE,
        None if findings.errors > 0 => exit::GATE,
        None => exit::OK,
    }
}

impl Findings {
    fn add(&mut self, mut script: Script, context: Context) {
        self.stops |= script.has_errors();
        let mut diagnostics = script.check();
        diagnostics.append(&mut script.diagnostics);
        diagnostics.append(&mut script.warnings);
        diagnostics.sort_by_key(|diagnostic| (diagnostic.source, diagnostic.span.start));
        if !diagnostics.is_empty() {
            self.text.push_str(&render_all(&script.sources, &diagnostics, context.colour.on_stdout()));
        }
        for diagnostic in &diagnostics {
            match diagnostic.severity {
                Severity::Error => self.errors += 1,
                Severity::Warning => self.warnings += 1,
                Severity::Note => {}
            }
            self.json.push(as_json(&script.sources, diagnostic));
            self.github.push_str(&as_annotation(&script.sources, diagnostic));
        }
    }
}

fn place(sources: &SourceMap, source: SourceId, span: Span) -> Json {
    let (start, end) = (sources.line_column(source, span.start), sources.line_column(source, span.end));
    json!({
        "file": sources.name(source),
        "line": start.line, "column": start.column, "end_line": end.line, "end_column": end.column,
    })
}

fn as_json(sources: &SourceMap, diagnostic: &Diagnostic) -> Json {
    let related: Vec<Json> = diagnostic
        .related
        .iter()
        .map(|label| json!({ "message": label.text, "place": place(sources, label.source, label.span) }))
        .collect();
    let fix = diagnostic.fix.as_ref().map(|fix| {
        json!({ "title": fix.title, "place": place(sources, diagnostic.source, fix.span), "replacement": fix.replacement })
    });
    json!({
        "severity": diagnostic.severity.name(),
        "code": diagnostic.code.id(),
        "message": diagnostic.message,
        "place": place(sources, diagnostic.source, diagnostic.span),
        "label": diagnostic.label,
        "related": related,
        "help": diagnostic.help,
        "fix": fix,
    })
}

fn as_annotation(sources: &SourceMap, diagnostic: &Diagnostic) -> String {
    let at = sources.line_column(diagnostic.source, diagnostic.span.start);
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let message = diagnostic.message.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let (file, code) = (sources.name(diagnostic.source), diagnostic.code.id());
    format!("::{level} file={file},line={},col={},title={code}::{message}\n", at.line, at.column)
}
