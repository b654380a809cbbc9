//! Code as text, under the source lines it comes from: for `--jit-dump`, `ruff dump` and snapshots.
//!
//! A listing is plain data of the compiler, which has no sources: what stands for a source line becomes one when it is shown.
use std::fmt::Write as _;
use std::sync::Arc;

use super::ir::Origin;
use super::options::Form;

/// One form of one code.
#[derive(Debug)]
pub struct Listing {
    pub form: Form,
    /// More of what it shows: how far it has got.
    pub stage: &'static str,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    /// What follows was made for this instruction.
    Origin(Origin),
}

/// A line of a source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceLine {
    pub file: Arc<str>,
    pub line: u32,
    pub text: String,
}

impl Listing {
    pub fn new(form: Form, stage: &'static str) -> Listing {
        Listing { form, stage, parts: Vec::new() }
    }

    pub fn text(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Text(last)) => last.push_str(text),
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }

    pub fn origin(&mut self, origin: Origin) {
        self.parts.push(Part::Origin(origin));
    }

    /// The text alone.
    pub fn plain(self) -> String {
        self.parts.into_iter().filter_map(|part| if let Part::Text(text) = part { Some(text) } else { None }).collect()
    }

    /// The text with each line of the source above what was made for it, once for all that follows; lines of other files
    /// than `file` with the file's name.
    pub fn show(&self, file: &str, line_of: impl Fn(Origin) -> Option<SourceLine>) -> String {
        let (mut out, mut shown) = (String::new(), None);
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Origin(origin) => {
                    let Some(line) = line_of(*origin).filter(|line| shown.as_ref() != Some(line)) else { continue };
                    let SourceLine { line: number, text, .. } = &line;
                    let _ = match &*line.file {
                        own if own == file => writeln!(out, "{number:>5} | {text}"),
                        other => writeln!(out, "{other}:{number} | {text}"),
                    };
                    shown = Some(line);
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(origin: Origin) -> Option<SourceLine> {
        let file = if origin.function == 0 { "a.ruff" } else { "b.ruff" };
        (origin.pc < 90).then(|| SourceLine {
            file: file.into(),
            line: origin.pc / 10,
            text: format!("line {}", origin.pc / 10),
        })
    }

    #[test]
    fn a_source_line_stands_once_above_what_was_made_for_it() {
        let mut listing = Listing::new(Form::Ir, "built");
        for (function, pc, text) in
            [(0, 10, "one\n"), (0, 12, "two\n"), (1, 12, "three\n"), (0, 99, "four\n"), (0, 10, "five\n")]
        {
            listing.origin(Origin { function, pc });
            listing.text(text);
        }
        let expected = "    1 | line 1\none\ntwo\nb.ruff:1 | line 1\nthree\nfour\n    1 | line 1\nfive\n";
        assert_eq!(listing.show("a.ruff", line), expected);
        assert_eq!(listing.plain(), "one\ntwo\nthree\nfour\nfive\n");
    }
}
