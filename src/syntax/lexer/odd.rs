//! Characters that start no token: names and signs beyond ASCII, what word processors put in place of quotes and
//! dashes, and signs that other languages use.

use super::string::text_of_broken_string;
use super::*;

impl Lexer<'_> {
    pub(super) fn beyond_ascii(&mut self) {
        let start = self.pos;
        let c = self.text[start..].chars().next().unwrap_or(' ');
        if unicode_ident::is_xid_start(c) {
            self.continue_word();
            return self.push(TokenKind::Ident, start);
        }
        self.pos += c.len_utf8();
        let end = self.pos;
        match c {
            '“' | '”' | '„' | '‘' | '’' | '«' | '»' => self.typographic_quote(start, c),
            '–' | '—' | '−' => self.substitute(start, c, TokenKind::Minus),
            '×' | '·' => self.substitute(start, c, TokenKind::Star),
            '÷' => self.substitute(start, c, TokenKind::Slash),
            '≤' => self.substitute(start, c, TokenKind::LessEq),
            '≥' => self.substitute(start, c, TokenKind::GreaterEq),
            '≠' => self.substitute(start, c, TokenKind::NotEq),
            '→' | '⇒' => self.substitute(start, c, TokenKind::FatArrow),
            '…' => self.substitute(start, c, TokenKind::Ellipsis),
            '\u{2028}' | '\u{2029}' | '\u{85}' => {
                self.newline = NEWLINE;
                self.invisible(start, end, c);
            }
            _ if c.is_whitespace()
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{202a}'..='\u{202e}') =>
            {
                self.invisible(start, end, c);
            }
            _ => self.unknown_run(start, c),
        }
    }

    pub(super) fn invisible(&mut self, start: usize, end: usize, c: char) {
        let message = format!("invisible character U+{:04X}", c as u32);
        self.error_with_help(Code::InvalidCharacter, start, end, message, "write an ordinary space");
    }

    /// A character that stands for a token Ruff writes otherwise.
    pub(super) fn substitute(&mut self, start: usize, c: char, meant: TokenKind) {
        if meant == TokenKind::FatArrow {
            self.mark_opener(ARROW);
        }
        self.push(meant, start);
        let help = format!("write `{}`", meant.text());
        self.error_with_help(Code::InvalidCharacter, start, self.pos, format!("character `{c}`"), &help);
    }

    /// A quote as word processors make them; what it encloses on this line is taken as one value.
    pub(super) fn typographic_quote(&mut self, start: usize, quote: char) {
        let from = self.pos;
        self.skip_line();
        let line = &self.text[from..self.pos];
        let closing: &[char] = match quote {
            '‘' | '’' => &['‘', '’', '\''],
            _ => &['“', '”', '"', '«', '»'],
        };
        let length = match line.char_indices().find(|(_, c)| closing.contains(c)) {
            Some((index, c)) => index + c.len_utf8(),
            None => text_of_broken_string(line).len(),
        };
        self.pos = from + length;
        self.push(TokenKind::Invalid, start);
        let message = format!("typographic quote `{quote}`");
        self.error_with_help(Code::InvalidCharacter, start, from, message, "write strings in straight quotes: \"…\"");
    }

    /// An ASCII character that starts no token.
    pub(super) fn unknown(&mut self) {
        let start = self.pos;
        let byte = self.bytes[start];
        self.pos += 1;
        let message = format!("unexpected character `{}`", char::from(byte).escape_default());
        match byte {
            b'`' => {
                let rest = &self.bytes[self.pos..];
                let end = memchr::memchr2(b'`', b'\n', rest);
                if let Some(length) = end.filter(|&length| rest[length] == b'`') {
                    self.pos += length + 1;
                    self.push(TokenKind::Invalid, start);
                }
                self.error_with_help(
                    Code::Habit,
                    start,
                    start + 1,
                    message,
                    "strings with `${…}` are written in double quotes: \"…${x}…\"",
                );
            }
            b'$' if WORD[self.peek(0) as usize] => {
                self.error_with_help(
                    Code::Habit,
                    start,
                    start + 1,
                    message,
                    "names of variables have no `$`; `${x}` stands only in strings",
                );
            }
            b'$' if self.peek(0) == b'{' => {
                self.error_with_help(
                    Code::Habit,
                    start,
                    start + 1,
                    message,
                    "`${…}` stands only in strings in double quotes",
                );
            }
            b'\\' if self.rest_of_line_is_blank() => {
                self.error_with_help(
                    Code::Habit,
                    start,
                    start + 1,
                    message,
                    "a line goes on by itself after an operator or an open bracket; drop the `\\`",
                );
                // The next line is meant to continue this one.
                self.skip_line();
                while matches!(self.peek(0), b'\n' | b'\r') {
                    self.pos += 1;
                }
            }
            b'@' => {
                let help = "there are no decorators; call the function: `f = decorate(f)`";
                // The name belongs to the mistake, and so do its arguments' brackets if it is a line of its own.
                self.skip_line();
                self.error_with_help(Code::Habit, start, start + 1, message, help);
            }
            _ => self.unknown_run(start, char::from(byte)),
        }
    }

    /// Whether nothing but blanks and a comment stand on the rest of the line.
    pub(super) fn rest_of_line_is_blank(&self) -> bool {
        let rest = &self.bytes[self.pos..];
        let rest = &rest[..memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len())];
        let rest = rest.trim_ascii_start();
        rest.is_empty() || rest.starts_with(b"//") || rest.starts_with(b"#")
    }

    /// One diagnostic for a run of characters that mean nothing.
    pub(super) fn unknown_run(&mut self, start: usize, first: char) {
        let mut count = 1usize;
        while let Some(c) = self.text[self.pos..].chars().next() {
            let known = c.is_ascii_graphic() || c.is_whitespace() || unicode_ident::is_xid_start(c);
            if known {
                break;
            }
            self.pos += c.len_utf8();
            count += 1;
        }
        self.push(TokenKind::Invalid, start);
        let message = match (count, first.is_control()) {
            (1, false) => format!("unexpected character `{first}`"),
            (1, true) => format!("unexpected character U+{:04X}", first as u32),
            _ => format!("{count} unexpected characters, the first U+{:04X}", first as u32),
        };
        self.error(Code::InvalidCharacter, start, self.pos, message);
    }
}
