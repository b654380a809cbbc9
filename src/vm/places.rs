//! Where instructions stand in their program's text: file, line and column of places that errors came from lately.
//!
//! A place is looked up in the text once, and kept until another one that shares its entry is asked for.
use std::sync::Arc;

use super::Code;
use crate::source::SourceId;

/// Entries, a power of two.
const ENTRIES: usize = 32;

#[derive(Clone, Debug)]
pub struct Place {
    source: SourceId,
    offset: u32,
    pub file: Arc<str>,
    pub line: u32,
    pub column: u32,
}

/// Places looked up lately; without memory until the first is.
#[derive(Debug, Default)]
pub struct Places {
    known: Vec<Option<Place>>,
}

impl Places {
    pub fn find(&mut self, code: &dyn Code, source: SourceId, offset: u32) -> &Place {
        if self.known.is_empty() {
            self.known.resize(ENTRIES, None);
        }
        let at = (offset ^ offset >> 5 ^ source.0) as usize % ENTRIES;
        let known = &mut self.known[at];
        if known.as_ref().is_none_or(|place| (place.source, place.offset) != (source, offset)) {
            *known = None;
        }
        known.get_or_insert_with(|| {
            let position = code.position(source, offset);
            let file = code.file_name(source);
            Place { source, offset, file, line: position.line, column: position.column }
        })
    }
}
