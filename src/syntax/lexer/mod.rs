//! Characters to tokens, byte by byte, in one pass and without an allocation per token.
//!
//! Takes any text; always ends in one `Eof` token. What is wrong becomes a diagnostic and an `Invalid` token (or
//! the token that was meant), so the parser goes on behind it.
//!
//! The lexer keeps a stack of open brackets. It needs it to know which `}` ends a `${`, and it leaves the parser two
//! facts on the opening bracket that would otherwise need unbounded look-ahead: whether an arrow or an assignment
//! follows the closing one (`token::ARROW`, `token::ASSIGN`).
//!
//! Strings may span lines, so a forgotten quote swallows text up to the next one and everything after it is read
//! inside out. When a text ends within a string, the string most likely to be the culprit is chosen, taken to end
//! on its line, and the text is lexed again.

mod odd;
mod string;

use super::token::{ARROW, ASSIGN, BLOCK, ESCAPED, MATCHED, NEWLINE, Token, TokenKind};
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{SourceId, Span};

/// How many unclosed strings of one text are told apart before the rest of it is given up.
const MAX_BROKEN_STRINGS: usize = 8;
/// How far apart, in bytes, two problems of one line are seen to be on one line.
const SAME_LINE_REACH: usize = 200;
/// Diagnostics beyond this number are not recorded.
pub(super) const MAX_DIAGNOSTICS: usize = 500;

/// The tokens of a text.
#[derive(Debug)]
pub struct Tokens {
    /// At least one; the last is `Eof`.
    pub list: Vec<Token>,
    pub diagnostics: Vec<Diagnostic>,
    /// `///` comments in order: the index of the token after it, and its text without the slashes.
    pub docs: Vec<(u32, Span)>,
}

/// Lexes `text`, which must be shorter than 4 GiB.
pub fn lex(source: SourceId, text: &str) -> Tokens {
    let mut broken: Vec<Broken> = Vec::new();
    loop {
        let mut lexer = Lexer::new(source, text, &broken);
        lexer.run();
        let culprit = lexer.culprit;
        match culprit {
            Some(next) if broken.len() < MAX_BROKEN_STRINGS && broken.iter().all(|b| b.start != next.start) => {
                broken.push(next);
            }
            _ => return Tokens { list: lexer.tokens, diagnostics: lexer.diagnostics, docs: lexer.docs },
        }
    }
}

/// A string without end, found by an earlier pass.
#[derive(Clone, Copy, Debug)]
struct Broken {
    /// Where the string starts.
    start: u32,
    /// Where its unclosed `${` is, if that is what is wrong.
    interpolation: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Opener {
    Paren,
    Bracket,
    Brace,
    /// `${` within the string that starts at `string`.
    Interpolation {
        string: u32,
        triple: bool,
    },
    /// `{` within a format specification.
    SpecBrace,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    opener: Opener,
    token: u32,
}

/// How a piece of string text ended; the position is then on what ended it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Quote,
    Interpolation,
    Text,
}

struct Lexer<'a> {
    source: SourceId,
    text: &'a str,
    bytes: &'a [u8],
    pos: usize,
    /// Flags of the next token: `NEWLINE` if one stands before it.
    newline: u8,
    tokens: Vec<Token>,
    open: Vec<Open>,
    /// How many entries of `open` a `}` can close.
    open_braces: usize,
    /// The last closing bracket and its opener, as token indices.
    closed: (usize, usize),
    diagnostics: Vec<Diagnostic>,
    docs: Vec<(u32, Span)>,
    broken: &'a [Broken],
    /// The first plain string over several lines: to blame if the text ends within a string.
    suspect: Option<Broken>,
    /// The first of them that is followed by what no string is followed by: even more so.
    likely: Option<Broken>,
    culprit: Option<Broken>,
}

/// Whether a byte can stand within an ASCII identifier.
static WORD: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    table
};

impl<'a> Lexer<'a> {
    fn new(source: SourceId, text: &'a str, broken: &'a [Broken]) -> Lexer<'a> {
        Lexer {
            source,
            text,
            bytes: text.as_bytes(),
            pos: 0,
            newline: 0,
            // A token per four bytes is what real programs have.
            tokens: Vec::with_capacity(text.len() / 4 + 2),
            open: Vec::new(),
            open_braces: 0,
            closed: (usize::MAX - 1, 0),
            diagnostics: Vec::new(),
            docs: Vec::new(),
            broken,
            suspect: None,
            likely: None,
            culprit: None,
        }
    }

    fn run(&mut self) {
        if self.text.starts_with('\u{feff}') {
            self.pos = 3;
        }
        if self.bytes[self.pos..].starts_with(b"#!") {
            self.skip_line();
        }
        self.newline = NEWLINE;
        while let Some(&byte) = self.bytes.get(self.pos) {
            self.token(byte);
        }
        self.unclosed_interpolation();
        let end = self.bytes.len() as u32;
        self.tokens.push(Token { start: end, end, kind: TokenKind::Eof, flags: NEWLINE });
    }

    #[inline]
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.pos + ahead).copied().unwrap_or(0)
    }

    #[inline]
    fn push(&mut self, kind: TokenKind, start: usize) {
        let flags = std::mem::take(&mut self.newline);
        self.tokens.push(Token { start: start as u32, end: self.pos as u32, kind, flags });
    }

    /// Adds a token of the next `length` bytes.
    #[inline]
    fn symbol(&mut self, kind: TokenKind, length: usize) {
        let start = self.pos;
        self.pos += length;
        self.push(kind, start);
    }

    fn error(&mut self, code: Code, start: usize, end: usize, message: impl Into<String>) -> Option<&mut Diagnostic> {
        if self.diagnostics.len() >= MAX_DIAGNOSTICS {
            return None;
        }
        let (span, message) = (Span::new(start as u32, end as u32), message.into());
        if let Some(last) = self.diagnostics.last()
            && last.message == message
            && let Some(between) = self.bytes.get(last.span.end as usize..start)
            && between.len() < SAME_LINE_REACH
            && !between.contains(&b'\n')
        {
            // The same again on one line is one mistake.
            return None;
        }
        self.diagnostics.push(Diagnostic::error(code, self.source, span, message));
        self.diagnostics.last_mut()
    }

    fn error_with_help(&mut self, code: Code, start: usize, end: usize, message: impl Into<String>, help: &str) {
        if let Some(diagnostic) = self.error(code, start, end, message) {
            diagnostic.help.push(help.to_string());
        }
    }

    /// Lexes what starts with `byte` at the current position: one token, or blanks.
    #[inline]
    fn token(&mut self, byte: u8) {
        use TokenKind::*;
        match byte {
            b' ' | b'\t' | 0x0b | 0x0c => self.pos += 1,
            b'\n' | b'\r' => {
                self.pos += 1;
                self.newline = NEWLINE;
            }
            b'r' if self.peek(1) == b'"' => self.raw_string(),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
            b'0'..=b'9' => self.number(),
            b'"' | b'\'' => self.string(byte),
            b'#' => self.skip_line(),
            b'/' => match self.peek(1) {
                b'/' => self.line_comment(),
                b'*' => self.block_comment(),
                b'=' => self.symbol(SlashEq, 2),
                _ => self.symbol(Slash, 1),
            },
            b'(' => self.open_bracket(Opener::Paren, OpenParen),
            b'[' => self.open_bracket(Opener::Bracket, OpenBracket),
            b'{' => self.open_bracket(Opener::Brace, OpenBrace),
            b')' => self.close_round(Opener::Paren, CloseParen),
            b']' => self.close_round(Opener::Bracket, CloseBracket),
            b'}' => self.close_brace(),
            b',' => self.symbol(Comma, 1),
            b';' => self.symbol(Semicolon, 1),
            b'~' => self.symbol(Tilde, 1),
            b':' => self.colon(),
            b'.' => match (self.peek(1), self.peek(2)) {
                (b'.', b'.') => self.symbol(Ellipsis, 3),
                (b'.', b'=') => self.symbol(DotDotEq, 3),
                (b'.', _) => self.symbol(DotDot, 2),
                _ => self.symbol(Dot, 1),
            },
            b'=' => match self.peek(1) {
                b'=' => self.symbol(EqEq, 2),
                b'>' => self.arrow(FatArrow),
                _ => {
                    self.mark_opener(ASSIGN);
                    self.symbol(Eq, 1);
                }
            },
            b'-' => match self.peek(1) {
                b'=' => self.symbol(MinusEq, 2),
                b'>' => self.arrow(Arrow),
                _ => self.symbol(Minus, 1),
            },
            b'+' => self.with_equals(Plus, PlusEq),
            b'%' => self.with_equals(Percent, PercentEq),
            b'^' => self.with_equals(Caret, CaretEq),
            b'!' => self.with_equals(Bang, NotEq),
            b'*' => match (self.peek(1), self.peek(2)) {
                (b'*', b'=') => self.symbol(StarStarEq, 3),
                (b'*', _) => self.symbol(StarStar, 2),
                (b'=', _) => self.symbol(StarEq, 2),
                _ => self.symbol(Star, 1),
            },
            b'<' => match (self.peek(1), self.peek(2)) {
                (b'<', b'=') => self.symbol(ShlEq, 3),
                (b'<', _) => self.symbol(Shl, 2),
                (b'=', _) => self.symbol(LessEq, 2),
                _ => self.symbol(Less, 1),
            },
            b'>' => match (self.peek(1), self.peek(2)) {
                (b'>', b'=') => self.symbol(ShrEq, 3),
                (b'>', _) => self.symbol(Shr, 2),
                (b'=', _) => self.symbol(GreaterEq, 2),
                _ => self.symbol(Greater, 1),
            },
            b'&' => match self.peek(1) {
                b'&' => self.symbol(AmpAmp, 2),
                b'=' => self.symbol(AmpEq, 2),
                _ => self.symbol(Amp, 1),
            },
            b'|' => match self.peek(1) {
                b'|' => self.symbol(PipePipe, 2),
                b'=' => self.symbol(PipeEq, 2),
                b'>' => self.symbol(PipeGreater, 2),
                _ => self.symbol(Pipe, 1),
            },
            b'?' => match (self.peek(1), self.peek(2)) {
                (b'?', b'=') => self.symbol(QuestionQuestionEq, 3),
                (b'?', _) => self.symbol(QuestionQuestion, 2),
                // `e?..b` is a range that starts with `e?`.
                (b'.', b'.') => self.symbol(Question, 1),
                (b'.', _) => self.symbol(QuestionDot, 2),
                _ => self.symbol(Question, 1),
            },
            0x80.. => self.beyond_ascii(),
            _ => self.unknown(),
        }
    }

    fn with_equals(&mut self, plain: TokenKind, equals: TokenKind) {
        if self.peek(1) == b'=' { self.symbol(equals, 2) } else { self.symbol(plain, 1) }
    }

    // ------------------------------------------------------------------------------------ brackets and marks

    /// Leaves `flag` on the opener of the bracket that was closed just before, if any.
    #[inline]
    fn mark_opener(&mut self, flag: u8) {
        if self.closed.0.wrapping_add(1) == self.tokens.len() {
            self.tokens[self.closed.1].flags |= flag;
        }
    }

    fn arrow(&mut self, kind: TokenKind) {
        self.mark_opener(ARROW);
        self.symbol(kind, 2);
    }

    fn colon(&mut self) {
        if self.peek(1) == b':' {
            return self.symbol(TokenKind::ColonColon, 2);
        }
        if let Some(&Open { opener: Opener::Interpolation { string, triple }, .. }) = self.open.last() {
            self.symbol(TokenKind::SpecBegin, 1);
            return self.spec(string, triple, true);
        }
        self.mark_opener(ASSIGN);
        if self.peek(1) == b'=' {
            self.symbol(TokenKind::ColonEq, 2);
        } else {
            self.symbol(TokenKind::Colon, 1);
        }
    }

    fn open_bracket(&mut self, opener: Opener, kind: TokenKind) {
        self.open.push(Open { opener, token: self.tokens.len() as u32 });
        if opener == Opener::Brace {
            self.mark_opener(BLOCK);
            self.open_braces += 1;
        }
        self.symbol(kind, 1);
    }

    /// `)` or `]`. Never closes past a brace: a block's border is the stronger sign.
    fn close_round(&mut self, opener: Opener, kind: TokenKind) {
        let depth = self.open.len();
        let other = if opener == Opener::Paren { Opener::Bracket } else { Opener::Paren };
        let found = match self.open.last() {
            Some(open) if open.opener == opener => Some(depth - 1),
            Some(open) if open.opener == other && depth >= 2 && self.open[depth - 2].opener == opener => Some(depth - 2),
            _ => None,
        };
        if let Some(found) = found {
            let opener = self.open[found].token as usize;
            self.open.truncate(found);
            return self.close(kind, opener);
        }
        self.symbol(kind, 1);
    }

    /// Adds the partner of the bracket at token `opener`.
    #[inline]
    fn close(&mut self, kind: TokenKind, opener: usize) {
        self.closed = (self.tokens.len(), opener);
        self.tokens[opener].flags |= MATCHED;
        self.newline |= MATCHED;
        self.symbol(kind, 1);
    }

    /// `}` closes the innermost brace or `${`, together with whatever was left open inside.
    fn close_brace(&mut self) {
        if self.open_braces == 0 {
            return self.symbol(TokenKind::CloseBrace, 1);
        }
        while let Some(open) = self.open.pop() {
            match open.opener {
                Opener::Paren | Opener::Bracket => {}
                Opener::Brace => {
                    self.open_braces -= 1;
                    return self.close(TokenKind::CloseBrace, open.token as usize);
                }
                Opener::Interpolation { string, triple } => {
                    self.open_braces -= 1;
                    self.close(TokenKind::InterpEnd, open.token as usize);
                    return self.string_rest(string, triple);
                }
                Opener::SpecBrace => {
                    self.open_braces -= 1;
                    self.close(TokenKind::SpecClose, open.token as usize);
                    if let Some(&Open { opener: Opener::Interpolation { string, triple }, .. }) = self.open.last() {
                        self.spec(string, triple, false);
                    }
                    return;
                }
            }
        }
    }

    // ------------------------------------------------------------------------------------ blanks and comments

    fn skip_line(&mut self) {
        let rest = &self.bytes[self.pos..];
        self.pos += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
    }

    fn line_comment(&mut self) {
        let start = self.pos;
        self.skip_line();
        let slashes = self.bytes[start..self.pos].iter().take_while(|&&byte| byte == b'/').count();
        if slashes == 3 {
            let span = Span::new(start as u32 + 3, self.pos as u32);
            self.docs.push((self.tokens.len() as u32, span));
        }
    }

    fn block_comment(&mut self) {
        let start = self.pos;
        let mut depth = 0usize;
        while let Some(found) = memchr::memchr3(b'*', b'/', b'\n', &self.bytes[self.pos..]) {
            self.pos += found;
            match (self.bytes[self.pos], self.peek(1)) {
                (b'/', b'*') => {
                    depth += 1;
                    self.pos += 2;
                }
                (b'*', b'/') => {
                    depth -= 1;
                    self.pos += 2;
                    if depth == 0 {
                        return;
                    }
                }
                (b'\n', _) => {
                    self.newline = NEWLINE;
                    self.pos += 1;
                }
                _ => self.pos += 1,
            }
        }
        self.pos = self.bytes.len();
        let help = "end it with `*/`; comments nest, so each `/*` needs its own";
        self.error_with_help(Code::UnclosedComment, start, start + 2, "comment without end", help);
    }

    // ------------------------------------------------------------------------------------- words and numbers

    #[inline]
    fn word(&mut self) {
        let start = self.pos;
        let mut end = start + 1;
        while let Some(&byte) = self.bytes.get(end) {
            if !WORD[byte as usize] {
                break;
            }
            end += 1;
        }
        self.pos = end;
        if self.bytes.get(end).is_some_and(|&byte| byte >= 0x80) && self.continue_word() {
            return self.push(TokenKind::Ident, start);
        }
        let kind = TokenKind::keyword(&self.bytes[start..end]).unwrap_or(TokenKind::Ident);
        self.push(kind, start);
    }

    /// Takes identifier characters of any script; says whether there was one.
    fn continue_word(&mut self) -> bool {
        let start = self.pos;
        for c in self.text[start..].chars() {
            if !(unicode_ident::is_xid_continue(c) || c == '_') {
                break;
            }
            self.pos += c.len_utf8();
        }
        self.pos > start
    }

    fn number(&mut self) {
        let start = self.pos;
        let radix = match (self.bytes[start], self.peek(1)) {
            (b'0', b'x' | b'X') => 16,
            (b'0', b'b' | b'B') => 2,
            (b'0', b'o' | b'O') => 8,
            _ => 10,
        };
        let mut kind = TokenKind::Int;
        if radix == 10 {
            self.digits();
            if self.peek(0) == b'.' && self.peek(1).is_ascii_digit() {
                kind = TokenKind::Float;
                self.pos += 1;
                self.digits();
            }
            if matches!(self.peek(0), b'e' | b'E') {
                let sign = usize::from(matches!(self.peek(1), b'+' | b'-'));
                if self.peek(1 + sign).is_ascii_digit() {
                    kind = TokenKind::Float;
                    self.pos += 1 + sign;
                    self.digits();
                }
            }
        } else {
            self.pos += 2;
        }
        let digits_end = self.pos;
        while let Some(&byte) = self.bytes.get(self.pos) {
            if !WORD[byte as usize] {
                break;
            }
            self.pos += 1;
        }
        if self.bytes.get(self.pos).is_some_and(|&byte| byte >= 0x80) {
            self.continue_word();
        }
        if radix != 10 || self.pos > digits_end || self.bytes[self.pos - 1] == b'_' || self.bytes[start] == b'0' {
            self.check_number(start, digits_end, radix, kind);
        }
        self.push(kind, start);
    }

    fn digits(&mut self) {
        while matches!(self.peek(0), b'0'..=b'9' | b'_') {
            self.pos += 1;
        }
    }

    /// Reports what is wrong with the number between `start` and the position, if anything. `digits_end` is where
    /// its decimal part ends.
    fn check_number(&mut self, start: usize, digits_end: usize, radix: u32, kind: TokenKind) {
        let end = self.pos;
        let text = &self.text[start..end];
        let (message, help) = if radix != 10 {
            let digits = &text[2..];
            match digits.chars().find(|&c| c != '_' && !c.is_digit(radix)) {
                Some(bad) => (format!("`{bad}` is not a digit of base {radix}"), "digits are `0b01`, `0o0-7`, `0x0-9a-f`"),
                None if !digits.contains(|c: char| c != '_') || digits.ends_with('_') => {
                    (format!("number `{text}` lacks digits"), "write at least one digit at the end")
                }
                None => return,
            }
        } else if end > digits_end {
            let suffix = &self.text[digits_end..end];
            if matches!(suffix, "e" | "E") {
                ("exponent without digits".to_string(), "write `1e9` or `2.5e-3`")
            } else if matches!(suffix, "j" | "L" | "l" | "n" | "f" | "u" | "i" | "d") {
                (format!("number with the suffix `{suffix}`"), "numbers have no suffix: ints are exact and of any size")
            } else {
                (
                    format!("`{suffix}` directly after a number"),
                    "a name cannot start with a digit; an operator may be missing",
                )
            }
        } else if text.ends_with('_') {
            (format!("`_` at the end of the number `{text}`"), "`_` stands between digits")
        } else if kind == TokenKind::Int
            && text.len() > 1
            && text.starts_with('0')
            && text.contains(|c| matches!(c, '1'..='9'))
        {
            (format!("int `{text}` starts with 0"), "drop the zeros, or write `0o17` for base 8")
        } else {
            return;
        };
        self.error_with_help(Code::InvalidNumber, start, end, message, help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::syntax::token::SYMBOL_KINDS;
    use TokenKind::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        let tokens = lex(SourceId(0), text);
        assert!(tokens.diagnostics.is_empty(), "{text}: {:?}", tokens.diagnostics);
        tokens.list[..tokens.list.len() - 1].iter().map(|token| token.kind).collect()
    }

    fn errors(text: &str) -> Vec<String> {
        lex(SourceId(0), text).diagnostics.into_iter().map(|d| d.message).collect()
    }

    #[test]
    fn every_symbol_of_the_table_is_one_token() {
        for &(kind, sign) in SYMBOL_KINDS {
            assert_eq!(kinds(sign), [kind], "{sign}");
        }
    }

    #[test]
    fn a_range_of_ints_is_three_tokens() {
        assert_eq!(kinds("1..5"), [Int, DotDot, Int]);
        assert_eq!(kinds("1.5..=2.5"), [Float, DotDotEq, Float]);
        assert_eq!(kinds("1.len"), [Int, Dot, Ident]);
        assert_eq!(kinds("x?..3"), [Ident, Question, DotDot, Int]);
    }

    #[test]
    fn numbers_of_all_forms() {
        assert_eq!(kinds("0 42 1_000 0xfF 0b10 0o17"), [Int; 6]);
        assert_eq!(kinds("1.5 1e9 2.5e-3 1E+2"), [Float; 4]);
        assert_eq!(errors("0x"), ["number `0x` lacks digits"]);
        assert_eq!(errors("1e"), ["exponent without digits"]);
        assert_eq!(errors("12abc"), ["`abc` directly after a number"]);
        assert_eq!(errors("0755"), ["int `0755` starts with 0"]);
    }

    #[test]
    fn interpolation_nests_strings_and_braces() {
        assert_eq!(
            kinds(r#""a${f({"k": "}"})}b""#),
            [
                StrBegin,
                StrText,
                InterpBegin,
                Ident,
                OpenParen,
                OpenBrace,
                Str,
                Colon,
                Str,
                CloseBrace,
                CloseParen,
                InterpEnd,
                StrText,
                StrEnd
            ]
        );
        assert_eq!(kinds(r#"'a${b}'"#), [Str]);
        assert_eq!(kinds(r#"r"a${b}\""#), [Str]);
        assert_eq!(kinds(r#""\${b}""#), [Str]);
    }

    #[test]
    fn a_format_spec_starts_at_the_first_free_colon() {
        assert_eq!(kinds(r#""${x:>5}""#), [StrBegin, InterpBegin, Ident, SpecBegin, SpecText, InterpEnd, StrEnd]);
        assert_eq!(kinds(r#""${E::V}""#), [StrBegin, InterpBegin, Ident, ColonColon, Ident, InterpEnd, StrEnd]);
        assert_eq!(
            kinds(r#""${x:{<{w}.{p}}""#),
            [
                StrBegin,
                InterpBegin,
                Ident,
                SpecBegin,
                SpecText,
                SpecOpen,
                Ident,
                SpecClose,
                SpecText,
                SpecOpen,
                Ident,
                SpecClose,
                InterpEnd,
                StrEnd
            ]
        );
    }

    #[test]
    fn comments_and_line_ends() {
        let tokens = lex(SourceId(0), "#!/usr/bin/ruff\na // x\r\nb /* /* */ \n */ c\rd");
        let lines: Vec<bool> = tokens.list.iter().map(|token| token.on_new_line()).collect();
        assert_eq!(lines, [true, true, true, true, true]);
        assert_eq!(errors("/* /* */"), ["comment without end"]);
    }

    #[test]
    fn doc_comments_are_kept_aside() {
        let tokens = lex(SourceId(0), "x\n/// one\n//// not\nfunc");
        assert_eq!(tokens.docs.len(), 1);
        assert_eq!(tokens.docs[0].0, 1);
    }

    #[test]
    fn a_forgotten_quote_is_found_on_its_line() {
        let text = "print(\"one)\nprint(\"two\")\nprint(\"three\")\n";
        let tokens = lex(SourceId(0), text);
        assert_eq!(tokens.diagnostics.len(), 1);
        assert_eq!(tokens.diagnostics[0].span.start, 6);
        assert_eq!(tokens.list.iter().filter(|token| token.kind == Str).count(), 2);
    }

    #[test]
    fn an_unclosed_interpolation_is_found_on_its_line() {
        let text = "print(\"a ${x\")\nprint(\"two\")\n";
        let tokens = lex(SourceId(0), text);
        let messages: Vec<&str> = tokens.diagnostics.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(messages, ["`${` without its `}`"]);
        assert_eq!(tokens.diagnostics[0].span.start, 9);
    }

    #[test]
    fn openers_know_what_follows_their_partner() {
        let tokens = lex(SourceId(0), "(a) => [b] := {c} = (d)");
        let flags: Vec<u8> = tokens
            .list
            .iter()
            .filter(|t| matches!(t.kind, OpenParen | OpenBracket | OpenBrace))
            .map(|t| t.flags & (ARROW | ASSIGN))
            .collect();
        assert_eq!(flags, [ARROW, ASSIGN, ASSIGN, 0]);
    }

    #[test]
    fn other_scripts_and_signs() {
        assert_eq!(kinds("größe 名前 x2é"), [Ident; 3]);
        assert_eq!(errors("“hi”"), ["typographic quote `“`"]);
        assert_eq!(errors("a ≤ b"), ["character `≤`"]);
        assert_eq!(errors("\u{1}\u{2}").len(), 1);
    }
}
