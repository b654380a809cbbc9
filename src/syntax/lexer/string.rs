//! Strings: plain, raw, over several lines, with interpolation and format specifications; and which one is to blame
//! if the text ends within a string.

use super::*;

impl Lexer<'_> {
    pub(super) fn raw_string(&mut self) {
        let start = self.pos;
        let triple = self.peek(2) == b'"' && self.peek(3) == b'"';
        let quote: &[u8] = if triple { b"\"\"\"" } else { b"\"" };
        if let Some(&broken) = self.broken.iter().find(|broken| broken.start == start as u32) {
            return self.broken_string(broken);
        }
        self.pos += 1 + quote.len();
        match memchr::memmem::find(&self.bytes[self.pos..], quote) {
            Some(length) => {
                let newline = memchr::memchr2(b'\n', b'\r', &self.bytes[self.pos..self.pos + length]).is_some();
                self.pos += length + quote.len();
                if triple {
                    self.extra_quotes();
                } else if newline {
                    self.suspect_string(start);
                }
                self.push(TokenKind::Str, start);
            }
            None => self.unclosed_string(start, 1 + quote.len(), triple),
        }
    }

    pub(super) fn string(&mut self, quote: u8) {
        let start = self.pos;
        if !self.broken.is_empty()
            && let Some(&broken) = self.broken.iter().find(|broken| broken.start == start as u32)
        {
            return self.broken_string(broken);
        }
        let triple = self.peek(1) == quote && self.peek(2) == quote;
        if triple && quote == b'\'' {
            return self.triple_apostrophes();
        }
        let mark = if triple { 3 } else { 1 };
        self.pos += mark;
        let mut escaped = 0;
        match self.string_text(quote, triple, quote == b'"', &mut escaped) {
            End::Quote => {
                self.pos += mark;
                if triple {
                    self.extra_quotes();
                } else if memchr::memchr2(b'\n', b'\r', &self.bytes[start..self.pos]).is_some() {
                    self.suspect_string(start);
                }
                let flags = std::mem::take(&mut self.newline) | escaped;
                self.tokens.push(Token { start: start as u32, end: self.pos as u32, kind: TokenKind::Str, flags });
            }
            End::Interpolation => {
                let end = self.pos;
                self.pos = start + mark;
                self.push(TokenKind::StrBegin, start);
                self.pos = end;
                if end > start + mark {
                    self.push(TokenKind::StrText, start + mark);
                }
                self.interpolation(start as u32, triple);
            }
            End::Text => self.unclosed_string(start, mark, triple),
        }
    }

    /// Moves to the end of a piece of string text: the closing quotes, a `${` if those count, or the end of text.
    #[inline]
    pub(super) fn string_text(&mut self, quote: u8, triple: bool, interpolates: bool, escaped: &mut u8) -> End {
        loop {
            let rest = &self.bytes[self.pos..];
            let Some(found) = memchr::memchr3(quote, b'\\', if interpolates { b'$' } else { quote }, rest) else {
                self.pos = self.bytes.len();
                return End::Text;
            };
            self.pos += found;
            let byte = self.bytes[self.pos];
            if byte == b'\\' {
                *escaped = ESCAPED;
                // The byte after the backslash may be the first of several; those never look like a quote.
                self.pos = (self.pos + 2).min(self.bytes.len());
            } else if byte == b'$' {
                if self.peek(1) == b'{' {
                    return End::Interpolation;
                }
                self.pos += 1;
            } else if !triple || (self.peek(1) == quote && self.peek(2) == quote) {
                return End::Quote;
            } else {
                self.pos += 1;
            }
        }
    }

    /// Quotes right after closing triple quotes belong to the text: `"""say "hi""""`.
    pub(super) fn extra_quotes(&mut self) {
        let mut extra = 0;
        while extra < 2 && self.peek(0) == b'"' {
            self.pos += 1;
            extra += 1;
        }
    }

    /// At `${`.
    pub(super) fn interpolation(&mut self, string: u32, triple: bool) {
        self.open.push(Open { opener: Opener::Interpolation { string, triple }, token: self.tokens.len() as u32 });
        self.open_braces += 1;
        self.symbol(TokenKind::InterpBegin, 2);
    }

    /// The text of an interpolated string behind the `}` of an interpolation.
    pub(super) fn string_rest(&mut self, string: u32, triple: bool) {
        let start = self.pos;
        let mut escaped = 0;
        let end = self.string_text(b'"', triple, true, &mut escaped);
        if end == End::Quote && triple {
            // Of four or five quotes the last three close.
            for _ in 0..2 {
                self.pos += usize::from(self.peek(3) == b'"');
            }
        }
        if self.pos > start {
            self.push(TokenKind::StrText, start);
        }
        match end {
            End::Quote => {
                self.symbol(TokenKind::StrEnd, if triple { 3 } else { 1 });
                let lines = || memchr::memchr2(b'\n', b'\r', &self.bytes[string as usize..self.pos]).is_some();
                if !triple && (self.suspect.is_none() || self.likely.is_none()) && lines() {
                    self.suspect_string(string as usize);
                }
            }
            End::Interpolation => self.interpolation(string, triple),
            End::Text => {
                let mark = if triple { 3 } else { 1 };
                self.blame(Broken { start: string, interpolation: None }, !triple);
                let start = string as usize;
                self.error_with_help(
                    Code::UnclosedString,
                    start,
                    start + mark,
                    "string without end",
                    "close it with the same quotes",
                );
            }
        }
    }

    /// A format specification up to the `}` of its interpolation, or to a `{` that starts a computed size.
    pub(super) fn spec(&mut self, string: u32, triple: bool, at_begin: bool) {
        let start = self.pos;
        if at_begin {
            // A fill character may be `{` or a quote; it is one if an alignment follows.
            let mut chars = self.text[start..].chars();
            if let (Some(fill), Some('<' | '^' | '>')) = (chars.next(), chars.next())
                && fill != '}'
            {
                self.pos += fill.len_utf8() + 1;
            }
        }
        loop {
            match self.bytes.get(self.pos) {
                Some(b'}') => {
                    if self.pos > start {
                        self.push(TokenKind::SpecText, start);
                    }
                    return;
                }
                Some(b'{') => {
                    if self.pos > start {
                        self.push(TokenKind::SpecText, start);
                    }
                    self.open.push(Open { opener: Opener::SpecBrace, token: self.tokens.len() as u32 });
                    self.open_braces += 1;
                    return self.symbol(TokenKind::SpecOpen, 1);
                }
                Some(b'\n' | b'\r' | b'"') | None => {
                    // No specification holds these, so the `}` is missing.
                    if self.pos > start {
                        self.push(TokenKind::SpecText, start);
                    }
                    let interpolation = self.open.last().map(|open| self.tokens[open.token as usize].start);
                    return self.blame(Broken { start: string, interpolation }, !triple);
                }
                Some(_) => self.pos += 1,
            }
        }
    }

    /// Notes a plain string over several lines: if it is followed by more text on its last line, it probably began
    /// where another should have ended.
    pub(super) fn suspect_string(&mut self, start: usize) {
        let interpolation = self.open.iter().find_map(|open| match open.opener {
            Opener::Interpolation { string, triple: false } => Some((string, self.tokens[open.token as usize].start)),
            _ => None,
        });
        let suspect = match interpolation {
            Some((string, at)) => Broken { start: string, interpolation: Some(at) },
            None => Broken { start: start as u32, interpolation: None },
        };
        let usual = matches!(
            self.peek(0),
            0..=b' ' | b')' | b']' | b'}' | b',' | b';' | b'.' | b':' | b'?' | b'+' | b'=' | b'!' | b'*' | b'|'
        );
        if interpolation.is_some() || !usual {
            self.likely.get_or_insert(suspect);
        }
        self.suspect.get_or_insert(suspect);
    }

    /// Settles on the string that a further pass takes to end on its line.
    pub(super) fn blame(&mut self, fallback: Broken, repairable: bool) {
        if self.culprit.is_none() {
            self.culprit = self.likely.or(self.suspect).or(repairable.then_some(fallback));
        }
    }

    pub(super) fn unclosed_string(&mut self, start: usize, mark: usize, triple: bool) {
        let outer = self.open.iter().find_map(|open| match open.opener {
            Opener::Interpolation { string, triple: false } => {
                Some(Broken { start: string, interpolation: Some(self.tokens[open.token as usize].start) })
            }
            _ => None,
        });
        self.blame(outer.unwrap_or(Broken { start: start as u32, interpolation: None }), !triple || outer.is_some());
        self.pos = self.bytes.len();
        self.push(TokenKind::Invalid, start);
        let help = if triple { "close it with `\"\"\"`" } else { "close it with the same quote" };
        self.error_with_help(Code::UnclosedString, start, start + mark, "string without end", help);
    }

    /// The text ended within `${ … `.
    pub(super) fn unclosed_interpolation(&mut self) {
        let found = self.open.iter().find_map(|open| match open.opener {
            Opener::Interpolation { string, triple } => Some((string, triple, self.tokens[open.token as usize].start)),
            _ => None,
        });
        if let Some((string, triple, at)) = found {
            self.blame(Broken { start: string, interpolation: Some(at) }, !triple);
            self.error_with_help(Code::Unclosed, at as usize, at as usize + 2, "`${` without its `}`", "close it with `}`");
        }
    }

    /// A string that an earlier pass found to have no end: it ends on its line, before closing brackets there.
    pub(super) fn broken_string(&mut self, broken: Broken) {
        let start = self.pos;
        self.skip_line();
        let line = &self.text[start..self.pos];
        let inner_end = match broken.interpolation {
            Some(at) => {
                let from = (at as usize).saturating_sub(start).min(line.len());
                line[from..].rfind('"').map(|quote| from + quote + 1)
            }
            None => None,
        };
        let length = inner_end.unwrap_or_else(|| text_of_broken_string(line).len().max(1));
        self.pos = start + length;
        self.push(TokenKind::Invalid, start);
        match broken.interpolation {
            Some(at) => {
                let at = at as usize;
                self.error_with_help(
                    Code::Unclosed,
                    at,
                    at + 2,
                    "`${` without its `}`",
                    "close it with `}` before the string ends",
                );
            }
            None => {
                let mark = 1 + usize::from(self.bytes[start] == b'r');
                self.error_with_help(
                    Code::UnclosedString,
                    start,
                    start + mark,
                    "string without end",
                    "close it with the same quote",
                );
            }
        }
    }

    pub(super) fn triple_apostrophes(&mut self) {
        let start = self.pos;
        self.pos += 3;
        let rest = &self.bytes[self.pos..];
        self.pos += memchr::memmem::find(rest, b"'''").map_or(rest.len(), |found| found + 3);
        self.push(TokenKind::Invalid, start);
        self.error_with_help(
            Code::Habit,
            start,
            start + 3,
            "`'''` does not start a string",
            "strings over several lines are written `\"\"\"…\"\"\"`",
        );
    }
}

/// The part of a line that belongs to a string without end: not the closing brackets at the line's end that nothing
/// in the string opens, nor a `{` or comma there.
pub(super) fn text_of_broken_string(line: &str) -> &str {
    let count = |text: &str, bracket: char| text.bytes().filter(|&byte| byte == bracket as u8).count();
    let mut text = line;
    // Few closing brackets stand at the end of a line; more are not told apart.
    for _ in 0..16 {
        let trimmed = text.trim_end();
        let opener = match trimmed.chars().next_back() {
            Some(')') => '(',
            Some(']') => '[',
            Some('}') => '{',
            Some('{' | ',' | ';') => '\0',
            _ => return trimmed,
        };
        let closer = &trimmed[trimmed.len() - 1..];
        if opener != '\0' && count(trimmed, opener) >= trimmed.matches(closer).count() {
            return trimmed;
        }
        text = &trimmed[..trimmed.len() - 1];
    }
    text
}
