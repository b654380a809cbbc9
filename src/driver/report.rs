//! Uncaught errors: as plain data, and as the text people read.
use std::fmt::Write as _;
use std::sync::Arc;

use super::{Loaded, hints};
use crate::diagnostics::{Code, Diagnostic, RenderOptions, render_titled};
use crate::semantics::fault::{Fault, TraceEntry, kind_name};
use crate::source::{SourceId, SourceMap, Span};
use crate::value::Value;

/// A chain of causes is shown this far.
const MOST_CAUSES: usize = 16;

/// An uncaught error, without its values.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: String,
    pub message: String,
    /// Innermost first. Of very long ones the middle is missing.
    pub stack: Vec<TraceEntry>,
    /// How many frames are missing after the first [`KEPT_FRAMES`].
    pub left_out: usize,
    pub causes: Vec<Cause>,
}

/// Frames before the gap of a long stack.
pub const KEPT_FRAMES: usize = 100;

/// The error that another was built from or has replaced.
#[derive(Clone, Debug)]
pub struct Cause {
    pub kind: Arc<str>,
    pub message: String,
    pub file: Arc<str>,
    pub line: u32,
    pub column: u32,
}

impl Failure {
    pub fn new(fault: &Fault) -> Failure {
        let report = fault.report();
        Failure {
            kind: fault.kind_name().to_owned(),
            message: fault.message().to_owned(),
            stack: report.stack,
            left_out: report.left_out,
            causes: causes(fault.cause()),
        }
    }

    /// What the program printed could not be written.
    pub fn output(error: &std::io::Error) -> Failure {
        Failure {
            kind: "IOError".to_owned(),
            message: format!("print: {error}"),
            stack: Vec::new(),
            left_out: 0,
            causes: Vec::new(),
        }
    }

    /// The report for a terminal or a log; ends in a newline.
    pub fn render(&self, loaded: &Loaded, options: RenderOptions) -> String {
        let mut text = self.title(loaded, options);
        text.push('\n');
        for (index, frame) in self.stack.iter().enumerate() {
            if index == KEPT_FRAMES && self.left_out > 0 {
                let _ = writeln!(text, "  … {} frames left out", self.left_out);
            }
            let TraceEntry { function, file, line, column, .. } = frame;
            let _ = writeln!(text, "  at {function} ({file}:{line}:{column})");
        }
        for cause in &self.causes {
            let Cause { kind, message, file, line, column } = cause;
            let place = if *line > 0 { format!(" ({file}:{line}:{column})") } else { String::new() };
            let _ = writeln!(text, "caused by {kind}: {message}{place}");
        }
        text
    }

    fn title(&self, loaded: &Loaded, options: RenderOptions) -> String {
        let sources = &loaded.sources;
        let Some((source, span)) = self.stack.first().and_then(|entry| place(sources, entry)) else {
            return format!("error[{}]: {}", self.kind, self.message);
        };
        let mut diagnostic = Diagnostic::error(Code::Runtime, source, span, &self.message);
        diagnostic.help = hints::help(self, loaded, source, span);
        render_titled(sources, &diagnostic, Some(&self.kind), options)
    }
}

fn causes(first: Option<&Value>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut next = first.cloned();
    while let Some(Value::Error(error)) = next
        && causes.len() < MOST_CAUSES
    {
        let data = error.data();
        let (file, line, column) =
            data.trace.place().map_or(("", 0, 0), |(file, line, column)| (file.as_str(), line, column));
        causes.push(Cause {
            kind: kind_name(data).into(),
            message: data.message().as_str().unwrap_or_default().to_owned(),
            file: file.into(),
            line,
            column,
        });
        next = Some(data.cause.clone());
    }
    causes
}

/// The source and span of an entry. One that was caught and thrown again knows only file, line and column.
fn place(sources: &SourceMap, entry: &TraceEntry) -> Option<(SourceId, Span)> {
    let known = SourceId(entry.excerpt.source);
    let span = Span::new(entry.excerpt.start, entry.excerpt.end);
    if !span.is_empty() && sources.find(known).is_some_and(|source| source.name() == entry.file.as_str()) {
        return Some((known, span));
    }
    let (id, source) = sources.iter().find(|(_, source)| source.name() == entry.file.as_str())?;
    let line = source.line_text(entry.line)?;
    let start = source.lines().line_start(entry.line)?;
    let skipped = line.chars().take(entry.column.saturating_sub(1) as usize).map(char::len_utf8).sum::<usize>();
    let at = start + skipped as u32;
    Some((id, Span::new(at, at + 1)))
}
