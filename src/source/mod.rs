//! Where text comes from and how to point at it.
//!
//! A `SourceMap` owns the text of every file of a program; a `SourceId` names one of them and a `Span` a range
//! in it. Texts never change once added, so spans stay valid. The line table of a text is built at the first
//! question about lines: a program without errors never pays for it.

mod span;

pub use span::{LineColumn, LineTable, Span};

use std::sync::{Arc, OnceLock};

/// One text of a `SourceMap`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Default)]
pub struct SourceId(pub u32);

/// The name and text of one file, with its lazily built line table.
#[derive(Debug)]
pub struct Source {
    name: String,
    text: Arc<str>,
    lines: OnceLock<LineTable>,
}

impl Source {
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Source {
        Source { name: name.into(), text: text.into(), lines: OnceLock::new() }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text as a shared handle, for those who outlive the map.
    pub fn shared_text(&self) -> Arc<str> {
        self.text.clone()
    }

    pub fn lines(&self) -> &LineTable {
        self.lines.get_or_init(|| LineTable::new(&self.text))
    }

    pub fn line_column(&self, offset: u32) -> LineColumn {
        self.lines().line_column(&self.text, offset)
    }

    /// The text of line `line` (from 1) without its line end.
    pub fn line_text(&self, line: u32) -> Option<&str> {
        self.lines().line_span(&self.text, line).map(|span| span.of(&self.text))
    }

    pub fn slice(&self, span: Span) -> &str {
        span.of(&self.text)
    }
}

/// All texts of a program, by `SourceId` in the order they were added.
#[derive(Debug, Default)]
pub struct SourceMap {
    sources: Vec<Arc<Source>>,
}

impl SourceMap {
    pub fn new() -> SourceMap {
        SourceMap::default()
    }

    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> SourceId {
        let id = SourceId(self.sources.len() as u32);
        self.sources.push(Arc::new(Source::new(name, text)));
        id
    }

    /// The source `id`, which must come from this map.
    pub fn get(&self, id: SourceId) -> &Arc<Source> {
        &self.sources[id.0 as usize]
    }

    /// The source `id`, if it comes from this map.
    pub fn find(&self, id: SourceId) -> Option<&Arc<Source>> {
        self.sources.get(id.0 as usize)
    }

    pub fn len(&self) -> usize {
        self.sources.len()
    }

    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Arc<Source>)> {
        self.sources.iter().enumerate().map(|(index, source)| (SourceId(index as u32), source))
    }

    pub fn name(&self, id: SourceId) -> &str {
        self.get(id).name()
    }

    pub fn text(&self, id: SourceId) -> &str {
        self.get(id).text()
    }

    pub fn line_column(&self, id: SourceId, offset: u32) -> LineColumn {
        self.get(id).line_column(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_line_ends_count() {
        let source = Source::new("a.ruff", "one\ntwo\r\nthree\rfour");
        assert_eq!(source.lines().line_count(), 4);
        assert_eq!(source.line_text(2), Some("two"));
        assert_eq!(source.line_text(4), Some("four"));
        assert_eq!(source.line_text(5), None);
        assert_eq!(source.line_column(9), LineColumn { line: 3, column: 1 });
    }

    #[test]
    fn columns_count_code_points() {
        let source = Source::new("a.ruff", "é日x = 1");
        assert_eq!(source.line_column(5), LineColumn { line: 1, column: 3 });
    }

    #[test]
    fn the_end_of_text_has_a_place() {
        let source = Source::new("a.ruff", "ab\n");
        assert_eq!(source.line_column(3), LineColumn { line: 2, column: 1 });
        assert_eq!(source.line_column(99), LineColumn { line: 2, column: 1 });
    }

    #[test]
    fn a_bom_takes_no_column() {
        let source = Source::new("a.ruff", "\u{feff}x");
        assert_eq!(source.line_column(3), LineColumn { line: 1, column: 1 });
    }
}
