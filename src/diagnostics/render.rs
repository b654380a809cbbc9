//! Diagnostics as text for a terminal or a log: message, `file:line:column`, excerpt with carets, help.
//!
//! The excerpt is cut out here, line by line, before `annotate-snippets` draws it: so a line of a megabyte shows
//! only the part around the caret, and lines that end in a lone `\r` are lines here as in our positions.
//! Run-time errors are drawn by the same functions; their title is `error[TypeError]: …`.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Severity};
use crate::source::{Source, SourceId, SourceMap, Span};

/// The longest piece of a source line that an excerpt shows, in code points.
const LINE_WIDTH: usize = 110;
/// How much of a long line stands before the caret.
const LEAD: usize = 50;

/// With or without colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Style {
    #[default]
    Plain,
    Coloured,
}

/// How to draw.
#[derive(Clone, Copy, Debug, Default)]
pub struct RenderOptions {
    pub style: Style,
    /// Show at most this many diagnostics, then how many are left; 0 shows all.
    pub limit: usize,
}

/// Draws all of `diagnostics`, a blank line between them.
pub fn render_all(sources: &SourceMap, diagnostics: &[Diagnostic], options: RenderOptions) -> String {
    let shown = if options.limit == 0 { diagnostics.len() } else { options.limit.min(diagnostics.len()) };
    let mut text = String::new();
    for diagnostic in &diagnostics[..shown] {
        text.push_str(&render(sources, diagnostic, options));
        text.push_str("\n\n");
    }
    if shown < diagnostics.len() {
        text.push_str(&format!("… and {} more\n", diagnostics.len() - shown));
    } else {
        text.pop();
    }
    text
}

/// Draws one diagnostic; the text does not end in a newline.
pub fn render(sources: &SourceMap, diagnostic: &Diagnostic, options: RenderOptions) -> String {
    render_titled(sources, diagnostic, None, options)
}

/// As `render`, with `id` instead of the code's number: `error[TypeError]: …` for errors at run time.
pub fn render_titled(sources: &SourceMap, diagnostic: &Diagnostic, id: Option<&str>, options: RenderOptions) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let message = printable(&diagnostic.message);
    let excerpts = excerpts(sources, diagnostic);
    let id = id.unwrap_or(diagnostic.code.id());
    let mut group: Group<'_> = level.primary_title(message).id(id).elements(std::iter::empty::<Origin<'_>>());
    for excerpt in &excerpts {
        group = if excerpt.text.is_empty() { group.element(excerpt.origin()) } else { group.element(excerpt.snippet()) };
    }
    for help in &diagnostic.help {
        group = group.element(Level::HELP.message(printable(help)));
    }
    let renderer = match options.style {
        Style::Plain => Renderer::plain(),
        Style::Coloured => Renderer::styled(),
    };
    place_headers(&renderer.render(&[group]), &excerpts)
}

/// Puts our own line and column into the `--> file:line:column` lines: the renderer knows only the part of a line
/// that is shown.
fn place_headers(drawn: &str, excerpts: &[Excerpt]) -> String {
    let mut excerpts = excerpts.iter();
    let mut out = String::with_capacity(drawn.len());
    for line in drawn.split_inclusive('\n') {
        let header = ["--> ", "::: "].iter().any(|sign| {
            line.find(sign).is_some_and(|at| {
                line[..at].chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '\x1b' | '[' | ';' | 'm'))
            })
        });
        let place =
            excerpts.as_slice().first().and_then(|excerpt| Some((excerpt, line.find(&format!("{}:", excerpt.path))?)));
        match place {
            Some((excerpt, at)) if header => {
                let end = at + excerpt.path.len();
                let numbers = line[end..].bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b':').count();
                out.push_str(&line[..end]);
                out.push_str(&format!(":{}:{}", excerpt.line, excerpt.column));
                out.push_str(&line[end + numbers..]);
                excerpts.next();
            }
            _ => out.push_str(line),
        }
    }
    out
}

/// One line of source with the places in it to point at.
struct Excerpt {
    path: String,
    line: u32,
    column: u32,
    text: String,
    marks: Vec<Mark>,
}

struct Mark {
    start: usize,
    end: usize,
    label: String,
    primary: bool,
}

impl Excerpt {
    fn origin(&self) -> Origin<'_> {
        Origin::path(self.path.as_str()).line(self.line as usize).char_column(self.column as usize)
    }

    fn snippet(&self) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
        let mut snippet =
            Snippet::source(self.text.as_str()).path(self.path.as_str()).line_start(self.line as usize).fold(false);
        for mark in &self.marks {
            let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
            let mut annotation = kind.span(mark.start..mark.end);
            if !mark.label.is_empty() {
                annotation = annotation.label(mark.label.as_str());
            }
            snippet = snippet.annotation(annotation);
        }
        snippet
    }
}

/// The lines to show: that of the diagnostic, then one for each label that stands elsewhere.
fn excerpts(sources: &SourceMap, diagnostic: &Diagnostic) -> Vec<Excerpt> {
    let mut list: Vec<Excerpt> = Vec::new();
    let mut add = |id: SourceId, span: Span, label: &str, primary: bool| {
        let Some(source) = sources.find(id) else { return };
        let at = source.line_column(span.start);
        let known = list.iter_mut().find(|known| known.path == source.name() && known.line == at.line);
        if let Some(known) = known {
            // A second mark fits only if the line is shown whole.
            if let Some(whole) = source.line_text(at.line).filter(|text| shown(text) == known.text) {
                let start = offset_in_line(source, at.line, span.start);
                known.marks.push(mark(whole, start, span.len() as usize, label, primary));
            }
            return;
        }
        list.push(excerpt(source, at.line, at.column, span, label, primary));
    };
    add(diagnostic.source, diagnostic.span, &diagnostic.label, true);
    for label in &diagnostic.related {
        add(label.source, label.span, &label.text, false);
    }
    list
}

fn offset_in_line(source: &Source, line: u32, offset: u32) -> usize {
    let start = source.lines().line_start(line).unwrap_or(0);
    offset.saturating_sub(start) as usize
}

fn excerpt(source: &Source, line: u32, column: u32, span: Span, label: &str, primary: bool) -> Excerpt {
    let whole = source.line_text(line).unwrap_or("");
    let start = offset_in_line(source, line, span.start).min(whole.len());
    let (text, start) = window(whole, start);
    let marks = vec![mark(&text, start, span.len() as usize, label, primary)];
    Excerpt { path: source.name().to_string(), line, column, text: shown(&text), marks }
}

/// The mark of `length` bytes at `start`, kept within the line and on character borders.
fn mark(line: &str, start: usize, length: usize, label: &str, primary: bool) -> Mark {
    let start = floor_boundary(line, start.min(line.len()));
    let end = floor_boundary(line, start.saturating_add(length).min(line.len()));
    Mark { start, end: end.max(start), label: printable(label), primary }
}

fn floor_boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The part of a long line around byte `at`, with `…` where something is left out, and the place of `at` in it.
fn window(line: &str, at: usize) -> (String, usize) {
    let at = floor_boundary(line, at);
    if line.len() <= LINE_WIDTH {
        return (line.to_string(), at);
    }
    let from = line[..at].char_indices().rev().take(LEAD).last().map_or(at, |(index, _)| index);
    let length: usize = line[from..].chars().take(LINE_WIDTH).map(char::len_utf8).sum();
    let mut text = String::new();
    if from > 0 {
        text.push('…');
    }
    let start = text.len() + (at - from);
    text.push_str(&line[from..from + length]);
    if from + length < line.len() {
        text.push('…');
    }
    (text, start)
}

/// A line without characters that would move the cursor; every replacement is as long as what it replaces.
fn shown(line: &str) -> String {
    line.chars().map(|c| if c.is_ascii_control() && c != '\t' { ' ' } else { c }).collect()
}

/// A message as one piece of text that cannot upset the terminal.
fn printable(text: &str) -> String {
    const LONGEST: usize = 2000;
    let mut out = String::with_capacity(text.len().min(LONGEST));
    for (count, c) in text.chars().enumerate() {
        if count == LONGEST {
            out.push('…');
            break;
        }
        if c.is_control() && c != '\n' && c != '\t' {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Code;

    fn draw(text: &str, span: Span, label: &str) -> String {
        let mut sources = SourceMap::new();
        let id = sources.add("demo.ruff", text);
        let diagnostic = Diagnostic::error(Code::Unexpected, id, span, "expected an expression")
            .with_label(label)
            .with_help("write a value");
        render(&sources, &diagnostic, RenderOptions::default())
    }

    #[test]
    fn shows_place_excerpt_caret_and_help() {
        let text = draw("a := 1\nb := )\n", Span::new(12, 13), "here");
        assert!(text.contains("demo.ruff:2:6"), "{text}");
        assert!(text.contains("2 | b := )"), "{text}");
        assert!(text.contains("^ here"), "{text}");
        assert!(text.contains("help: write a value"), "{text}");
        assert!(text.starts_with("error[E007]: expected an expression"), "{text}");
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_caret() {
        let text = format!("{} ) {}", "x".repeat(1_000_000), "y".repeat(1_000_000));
        let drawn = draw(&text, Span::new(1_000_001, 1_000_002), "");
        assert!(drawn.len() < 1000, "{}", drawn.len());
        assert!(drawn.contains("demo.ruff:1:1000002"), "{drawn}");
    }

    #[test]
    fn the_end_of_an_empty_text_can_be_shown() {
        assert!(draw("", Span::at(0), "").contains("demo.ruff:1:1"));
        assert!(draw("a\n", Span::at(2), "").contains("demo.ruff:2:1"));
    }

    #[test]
    fn labels_on_other_lines_get_their_own_excerpt() {
        let mut sources = SourceMap::new();
        let id = sources.add("demo.ruff", "f(1,\n  2\n}\n");
        let diagnostic = Diagnostic::error(Code::Unclosed, id, Span::new(9, 10), "expected `)`")
            .with_related(Span::new(1, 2), "opened here");
        let text = render(&sources, &diagnostic, RenderOptions::default());
        assert!(text.contains("3 | }"), "{text}");
        assert!(text.contains("- opened here"), "{text}");
    }
}
