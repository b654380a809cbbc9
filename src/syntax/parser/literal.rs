//! Literals: numbers, strings with their escapes and indentation, interpolation and format specifications.

use super::*;
use crate::syntax::token::ESCAPED;
use TokenKind as T;

/// What is done to the raw text of a string.
#[derive(Clone, Copy)]
struct Cooking<'t> {
    escapes: bool,
    /// Blanks to take off the start of each line.
    indent: &'t str,
}

/// A piece of an interpolated string before its text is known.
enum RawPart {
    Text(Span),
    Value { value: ExprId, format: Option<FormatId> },
}

impl<'a> Parser<'a> {
    // ------------------------------------------------------------------------------------------------ numbers

    #[inline]
    pub(super) fn int_literal(&mut self, token: Token) -> ExprKind {
        let text = self.text_at(token);
        if let Ok(value) = text.parse() {
            return ExprKind::Int(value);
        }
        self.unusual_int(text)
    }

    fn unusual_int(&mut self, text: &str) -> ExprKind {
        let digits: String = text.chars().filter(|&c| c != '_').collect();
        let lower = digits.to_ascii_lowercase();
        let (radix, body) = match lower.get(..2) {
            Some("0x") => (16, &lower[2..]),
            Some("0b") => (2, &lower[2..]),
            Some("0o") => (8, &lower[2..]),
            _ => (10, lower.as_str()),
        };
        if body.is_empty() || !body.chars().all(|c| c.is_digit(radix)) {
            // The lexer has reported it.
            return ExprKind::Error;
        }
        match i64::from_str_radix(body, radix) {
            Ok(value) => ExprKind::Int(value),
            Err(_) => ExprKind::BigInt(self.add_text(&lower)),
        }
    }

    pub(super) fn float_literal(&mut self, token: Token) -> ExprKind {
        let text = self.text_at(token);
        let value = if text.contains('_') { text.replace('_', "").parse() } else { text.parse() };
        value.map_or(ExprKind::Error, ExprKind::Float)
    }

    fn add_text(&mut self, text: &str) -> Text {
        let start = self.ast.text.len() as u32;
        self.ast.text.push_str(text);
        Text { start, end: self.ast.text.len() as u32 }
    }

    // ------------------------------------------------------------------------------------------------ strings

    /// The value of a string without interpolation.
    #[inline]
    pub(super) fn string_literal(&mut self, token: Token) -> ExprKind {
        let text = self.text_at(token);
        let raw = text.starts_with('r');
        let quoted = if raw { &text[1..] } else { text };
        let triple = quoted.len() >= 6 && quoted.starts_with("\"\"\"");
        if !triple && token.flags & ESCAPED == 0 {
            return ExprKind::Str(self.add_text(&quoted[1..quoted.len() - 1]));
        }
        let mark = if triple { 3 } else { 1 };
        let inner = Span::new(token.start + u32::from(raw) + mark, token.end - mark);
        let mut parts = vec![RawPart::Text(inner)];
        let indent = if triple { self.outdent(&mut parts) } else { Span::default() };
        let RawPart::Text(inner) = parts[0] else { return ExprKind::Error };
        let cooking = Cooking { escapes: !raw && token.flags & ESCAPED != 0, indent: indent.of(self.text) };
        ExprKind::Str(self.cook(inner, inner.start != token.start + u32::from(raw) + mark, cooking))
    }

    /// `"… ${e} …"` from its opening to its closing quotes.
    pub(super) fn interpolated_string(&mut self) -> ExprId {
        let begin = self.bump();
        let triple = begin.end - begin.start == 3;
        let mut raw = Vec::new();
        loop {
            match self.kind() {
                T::StrText => {
                    let span = self.bump().span();
                    raw.push(RawPart::Text(span));
                }
                T::InterpBegin => raw.push(self.interpolation()),
                T::StrEnd => {
                    self.bump();
                    break;
                }
                // The lexer has reported that the string does not end.
                _ => {
                    self.errors += 1;
                    break;
                }
            }
        }
        let first = matches!(raw.first(), Some(RawPart::Text(span)) if span.start == begin.end);
        let indent = if triple { self.outdent(&mut raw) } else { Span::default() };
        let cooking = Cooking { escapes: true, indent: indent.of(self.text) };
        let from = self.stacks.parts.len();
        for (index, part) in raw.into_iter().enumerate() {
            let part = match part {
                RawPart::Text(span) => {
                    let at_line = triple && index == 0 && first && span.start != begin.end;
                    let text = self.cook(span, at_line, cooking);
                    if text.start == text.end {
                        continue;
                    }
                    Part::Text(text)
                }
                RawPart::Value { value, format } => Part::Value { value, format },
            };
            self.stacks.parts.push(part);
        }
        let parts = self.ast.add_list(&mut self.stacks.parts, from);
        self.expr(ExprKind::Interpolated(parts), begin.start)
    }

    /// `${expr}` or `${expr:spec}`.
    fn interpolation(&mut self) -> RawPart {
        let open = self.pos;
        self.bump();
        let (value, format) = self.nested(
            |parser| {
                parser.within(Context::BRACKET, |parser| {
                    let value = if parser.at(T::InterpEnd) || parser.at(T::SpecBegin) {
                        let span = Span::new(parser.tokens[open].start, parser.token().end);
                        parser.report_with_help(
                            Code::Unexpected,
                            span,
                            "`${}` without an expression",
                            "write `\\${` for the characters themselves",
                        );
                        parser.error_expr()
                    } else {
                        parser.expression()
                    };
                    let format = parser.at(T::SpecBegin).then(|| parser.format());
                    parser.close(open, T::InterpEnd);
                    (value, format)
                })
            },
            |parser| (parser.error_expr(), None),
        );
        RawPart::Value { value, format }
    }

    /// Drops the first newline and the last line of a triple-quoted string, if those are what the quotes' own lines
    /// leave; gives the blanks before the closing quotes.
    fn outdent(&self, parts: &mut [RawPart]) -> Span {
        if let Some(RawPart::Text(first)) = parts.first_mut() {
            let text = first.of(self.text);
            let newline = if text.starts_with("\r\n") { 2 } else { u32::from(text.starts_with(['\n', '\r'])) };
            // If that is also the line of the closing quotes, both are done with here.
            let rest = &text[newline as usize..];
            if newline > 0 && parts.len() == 1 && rest.chars().all(|c| c == ' ' || c == '\t') {
                let Some(RawPart::Text(only)) = parts.first_mut() else { return Span::default() };
                only.start = only.end;
                return Span::default();
            }
            let Some(RawPart::Text(first)) = parts.first_mut() else { return Span::default() };
            first.start += newline;
        }
        let Some(RawPart::Text(last)) = parts.last_mut() else { return Span::default() };
        let text = last.of(self.text);
        let Some(newline) = memchr::memrchr2(b'\n', b'\r', text.as_bytes()) else { return Span::default() };
        let blanks = &text[newline + 1..];
        if !blanks.chars().all(|c| c == ' ' || c == '\t') {
            return Span::default();
        }
        let indent = Span::new(last.end - blanks.len() as u32, last.end);
        let crlf = text[..newline].ends_with('\r') && text.as_bytes()[newline] == b'\n';
        last.end = last.start + newline as u32 - u32::from(crlf);
        indent
    }

    /// What the raw text under `span` means. `at_line` says that it starts at the start of a line.
    fn cook(&mut self, span: Span, mut at_line: bool, cooking: Cooking<'_>) -> Text {
        let start = self.ast.text.len() as u32;
        let raw = span.of(self.text);
        let mut rest = raw;
        while !rest.is_empty() {
            if at_line && !cooking.indent.is_empty() {
                rest = strip_indent(rest, cooking.indent);
            }
            let end = memchr::memchr2(b'\n', b'\r', rest.as_bytes()).map_or(rest.len(), |at| at + 1);
            let line_end = if cooking.indent.is_empty() { rest.len() } else { end };
            let (line, after) = rest.split_at(line_end);
            if cooking.escapes {
                let offset = span.end - rest.len() as u32;
                self.unescape(line, offset);
            } else {
                self.ast.text.push_str(line);
            }
            // `\r\n` is one line end.
            at_line = !(line.ends_with('\r') && after.starts_with('\n'));
            rest = after;
        }
        Text { start, end: self.ast.text.len() as u32 }
    }

    /// Appends `raw`, which stands at `offset`, with its escapes replaced.
    fn unescape(&mut self, raw: &str, offset: u32) {
        let mut rest = raw;
        while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
            self.ast.text.push_str(&rest[..at]);
            let escape = &rest[at..];
            let place = offset + (raw.len() - escape.len()) as u32;
            let length = self.escape(escape, place);
            rest = &escape[length..];
        }
        self.ast.text.push_str(rest);
    }

    /// Appends what the escape at the start of `text` stands for; gives its length.
    fn escape(&mut self, text: &str, place: u32) -> usize {
        let Some(c) = text[1..].chars().next() else { return 1 };
        let plain = match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '0' => '\0',
            '\\' | '"' | '\'' | '$' => c,
            'x' => return self.hex_escape(text, place),
            'u' => return self.unicode_escape(text, place),
            _ => return self.unknown_escape(c, place),
        };
        self.ast.text.push(plain);
        2
    }

    fn unknown_escape(&mut self, c: char, place: u32) -> usize {
        let length = 1 + c.len_utf8();
        let span = Span::new(place, place + length as u32);
        let (message, help) = match c {
            '\n' | '\r' => (
                "`\\` at the end of a line of a string".to_string(),
                "strings may span lines; `+` joins pieces without a newline",
            ),
            '{' | '}' => {
                (format!("unknown escape `\\{c}`"), "only `${` starts an interpolation; write `\\${` for the characters")
            }
            'e' | 'a' | 'b' | 'f' | 'v' => {
                (format!("unknown escape `\\{c}`"), "write the code: `\\x1b`, `\\x07`, `\\x08`, `\\x0c`, `\\x0b`")
            }
            _ => (format!("unknown escape `\\{c}`"), "write `\\\\` for a backslash, or a raw string: r\"…\""),
        };
        self.escape_error(span, message, help);
        length
    }

    fn escape_error(&mut self, span: Span, message: String, help: &str) {
        // Several escapes of one token are several mistakes.
        self.last_error = usize::MAX;
        self.report_with_help(Code::InvalidEscape, span, message, help);
    }

    fn hex_escape(&mut self, text: &str, place: u32) -> usize {
        let digits = text[2..].bytes().take(2).take_while(u8::is_ascii_hexdigit).count();
        if digits == 2
            && let Ok(code) = u8::from_str_radix(&text[2..4], 16)
        {
            self.ast.text.push(char::from(code));
            return 4;
        }
        let span = Span::new(place, place + 2 + digits as u32);
        self.escape_error(
            span,
            "`\\x` needs two hexadecimal digits".to_string(),
            "write `\\x0a`; other characters are `\\u{…}`",
        );
        2 + digits
    }

    fn unicode_escape(&mut self, text: &str, place: u32) -> usize {
        let digits = text[2..].strip_prefix('{').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_hexdigit).count());
        let closed = text.as_bytes().get(3 + digits) == Some(&b'}');
        if digits == 0 || !closed {
            let bare = text[2..].bytes().take(8).take_while(u8::is_ascii_hexdigit).count();
            let length = 2 + if text[2..].starts_with('{') { 1 + digits } else { bare };
            let span = Span::new(place, place + length as u32);
            self.escape_error(span, "`\\u` needs a code point in braces".to_string(), "write `\\u{1F600}`");
            return length;
        }
        let length = 4 + digits;
        let code = u32::from_str_radix(&text[3..3 + digits], 16).ok().and_then(char::from_u32);
        match code {
            Some(c) => self.ast.text.push(c),
            None => {
                let span = Span::new(place, place + length as u32);
                self.escape_error(
                    span,
                    format!("`{}` is not a character", &text[..length.min(24)]),
                    "code points go up to 10FFFF, without D800 to DFFF",
                );
            }
        }
        length
    }

    // --------------------------------------------------------------------------------- format specifications

    /// `:spec` of an interpolation.
    fn format(&mut self) -> FormatId {
        let begin = self.bump();
        let mut pieces = Vec::new();
        loop {
            match self.kind() {
                T::SpecText => {
                    let token = self.bump();
                    let chars = self.text_at(token).char_indices();
                    pieces.extend(chars.map(|(at, c)| Piece { at: token.start + at as u32, value: PieceValue::Char(c) }));
                }
                T::SpecOpen => {
                    let open = self.pos;
                    let at = self.bump().start;
                    let value = self.nested(
                        |parser| {
                            parser.within(Context::BRACKET, |parser| {
                                let value = parser.expression();
                                parser.close(open, T::SpecClose);
                                value
                            })
                        },
                        Self::error_expr,
                    );
                    pieces.push(Piece { at, value: PieceValue::Expr(value) });
                }
                _ => break,
            }
        }
        let span = self.span_from(begin.end);
        let mut reader = FormatReader { pieces: &pieces, at: 0 };
        let mut format = reader.read();
        format.span = span;
        if let Some(piece) = reader.pieces.get(reader.at) {
            self.bad_format(piece, span);
        }
        self.ast.add(format)
    }

    fn bad_format(&mut self, piece: &Piece, span: Span) {
        let (length, what) = match piece.value {
            PieceValue::Char(c) => (c.len_utf8() as u32, format!("`{c}`")),
            PieceValue::Expr(_) => (1, "`{`".to_string()),
        };
        let place = Span::new(piece.at, piece.at + length);
        let spec = recover::shorten(span.of(self.text));
        let message = format!("{what} does not fit into the format specification `{spec}`");
        let help = "its form is [[fill](<|^|>)][+][#][0][width][,|_][.precision][x|X|o|b|e|E|?|%]";
        let mut diagnostic = self.problem(Code::InvalidFormat, place, message).with_help(help);
        if matches!(piece.value, PieceValue::Char('d' | 'f' | 's' | 'g' | 'i')) {
            diagnostic = diagnostic
                .with_help("there are no letters for ints, floats and strings: leave it out (`.2` for two decimals)");
        }
        self.report(diagnostic);
    }
}

/// `text` without the leading `indent`, or as much of it as is there.
fn strip_indent<'t>(text: &'t str, indent: &str) -> &'t str {
    let common = text.bytes().zip(indent.bytes()).take_while(|(a, b)| a == b).count();
    &text[common..]
}

/// A character of a format specification, or an expression in braces.
struct Piece {
    at: u32,
    value: PieceValue,
}

enum PieceValue {
    Char(char),
    Expr(ExprId),
}

/// Reads the parts of a specification in their order; what it stops at does not fit.
struct FormatReader<'p> {
    pieces: &'p [Piece],
    at: usize,
}

impl FormatReader<'_> {
    fn read(&mut self) -> Format {
        let mut format = Format::default();
        match (self.char(0), self.char(1).and_then(align)) {
            (Some(fill), Some(alignment)) => {
                format.fill = Some(fill);
                format.align = Some(alignment);
                self.at += 2;
            }
            _ => {
                format.align = self.char(0).and_then(align);
                self.at += usize::from(format.align.is_some());
            }
        }
        format.sign = self.eat('+');
        format.alternate = self.eat('#');
        format.zero = self.eat('0');
        format.width = self.size();
        format.group = self.char(0).filter(|&c| c == ',' || c == '_');
        self.at += usize::from(format.group.is_some());
        if self.char(0) == Some('.') {
            self.at += 1;
            format.precision = self.size();
            if format.precision.is_none() {
                // A point alone is what does not fit.
                self.at -= 1;
                return format;
            }
        }
        format.kind = self.char(0).and_then(kind);
        self.at += usize::from(format.kind.is_some());
        format
    }

    fn char(&self, ahead: usize) -> Option<char> {
        match self.pieces.get(self.at + ahead)?.value {
            PieceValue::Char(c) => Some(c),
            PieceValue::Expr(_) => None,
        }
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.char(0) == Some(c);
        self.at += usize::from(found);
        found
    }

    fn size(&mut self) -> Option<FormatSize> {
        if let Some(Piece { value: PieceValue::Expr(value), .. }) = self.pieces.get(self.at) {
            self.at += 1;
            return Some(FormatSize::Expr(*value));
        }
        let start = self.at;
        let mut size = 0u32;
        while let Some(digit) = self.char(0).and_then(|c| c.to_digit(10)) {
            let Some(next) = size.checked_mul(10).and_then(|size| size.checked_add(digit)) else {
                // The digit that makes the number too large is what does not fit.
                return Some(FormatSize::Fixed(size));
            };
            size = next;
            self.at += 1;
        }
        (self.at > start).then_some(FormatSize::Fixed(size))
    }
}

fn align(c: char) -> Option<Align> {
    match c {
        '<' => Some(Align::Left),
        '^' => Some(Align::Center),
        '>' => Some(Align::Right),
        _ => None,
    }
}

fn kind(c: char) -> Option<FormatKind> {
    Some(match c {
        'x' => FormatKind::HexLower,
        'X' => FormatKind::HexUpper,
        'o' => FormatKind::Octal,
        'b' => FormatKind::Binary,
        'e' => FormatKind::ExpLower,
        'E' => FormatKind::ExpUpper,
        '?' => FormatKind::Debug,
        '%' => FormatKind::Percent,
        _ => return None,
    })
}
