//! What happens when the text is not what the grammar expects: messages, and where to go on.
//!
//! Two rules keep one mistake from becoming many reports. A token is complained about once (`Parser::report`), and
//! whoever has complained skips to the next border – the end of the bracket or of the statement – in silence.

use super::*;
use crate::syntax::token::{MATCHED, TokenClass};

/// How far ahead on a line the rest of a misspelt head is looked for, in tokens: broken text must not take quadratic
/// time.
pub(super) const LINE_REACH: usize = 500;

impl Parser<'_> {
    /// The next token in words.
    pub(super) fn found(&self) -> String {
        let token = self.token();
        match (token.kind, token.kind.class()) {
            (TokenKind::Eof, _) => "the end of the file".to_string(),
            (TokenKind::Ident | TokenKind::Int | TokenKind::Float, _) => format!("`{}`", shorten(self.text_at(token))),
            (TokenKind::Str | TokenKind::StrBegin, _) => "a string".to_string(),
            (_, TokenClass::Keyword) => format!("the keyword `{}`", token.kind.text()),
            (_, TokenClass::Symbol) => format!("`{}`", token.kind.text()),
            (TokenKind::SpecBegin | TokenKind::InterpEnd, _) => format!("`{}`", token.kind.text()),
            (_, TokenClass::Varying) => token.kind.text().to_string(),
        }
    }

    /// Where to point when something is missing before the next token: at that token, or behind the one before if
    /// the next is on another line.
    pub(super) fn place(&self) -> Span {
        let token = self.token();
        if self.next_is_elsewhere() || token.kind == TokenKind::Eof {
            return Span::at(self.prev_end());
        }
        token.span()
    }

    /// Reports that `what` was expected before the next token.
    #[cold]
    pub(super) fn expected(&mut self, what: &str) {
        let (message, code) = (format!("expected {what}, found {}", self.found_here()), Code::Unexpected);
        let mut diagnostic = self.problem(code, self.place(), message);
        if let Some(hint) = self.hint_for_next() {
            diagnostic = diagnostic.with_help(hint);
        }
        self.report(diagnostic);
    }

    /// As `expected`, with advice of the caller's.
    #[cold]
    pub(super) fn expected_with_help(&mut self, what: &str, help: &str) {
        let message = format!("expected {what}, found {}", self.found_here());
        self.report_with_help(Code::Unexpected, self.place(), message, help);
    }

    fn found_here(&self) -> String {
        if self.next_is_elsewhere() && !self.at(TokenKind::Eof) {
            return "the end of the line".to_string();
        }
        self.found()
    }

    /// Whether the next token is on another line than what is being read.
    fn next_is_elsewhere(&self) -> bool {
        self.token().on_new_line() && self.pos != self.item_start
    }

    /// Takes a token of `kind`, or reports that it is missing.
    pub(super) fn expect(&mut self, kind: TokenKind) -> bool {
        if self.eat(kind) {
            return true;
        }
        self.expected(&format!("`{}`", kind.text()));
        false
    }

    /// Reports the keyword that stands where a name should.
    pub(super) fn keyword_for_name(&mut self, what: &str) {
        let token = self.token();
        let message = format!("expected a name for {what}, but `{}` is a keyword", token.kind.text());
        self.report_with_help(Code::Unexpected, token.span(), message, "choose another name");
        self.take_keyword_for_name(token.kind);
    }

    /// From here on a keyword that somebody has used as a name is one wherever it does not begin anything: the mistake is the same.
    fn take_keyword_for_name(&mut self, keyword: TokenKind) {
        if !begins_something(keyword) || self.misnamed.contains(&keyword) {
            return;
        }
        self.misnamed.push(keyword);
        for at in self.pos + 1..self.tokens.len() - 1 {
            let next = self.tokens[at + 1];
            if self.tokens[at].kind == keyword && (next.on_new_line() || follows_operand(next.kind)) {
                self.tokens[at].kind = TokenKind::Ident;
            }
        }
    }

    /// Takes an identifier as the name of `what` ("a variable", "the function").
    pub(super) fn expect_name(&mut self, what: &str) -> Option<Name> {
        let token = self.token();
        if token.kind == TokenKind::Ident {
            return Some(self.take_name());
        }
        if token.kind.is_keyword() && !token.on_new_line() {
            self.keyword_for_name(what);
            // Taken as the name it was meant to be if the rest looks like that.
            use TokenKind::*;
            let is_name =
                matches!(self.peek(1).kind, OpenParen | CloseParen | ColonEq | Eq | Colon | OpenBrace | Comma | In);
            return is_name.then(|| self.take_name());
        }
        self.expected(&format!("a name for {what}"));
        None
    }

    /// Takes an identifier or keyword.
    pub(super) fn expect_key(&mut self, what: &str) -> Option<Name> {
        if self.at_key() {
            return Some(self.take_name());
        }
        self.expected(what);
        None
    }

    #[inline]
    pub(super) fn at_key(&self) -> bool {
        self.at(TokenKind::Ident) || self.kind().is_keyword()
    }

    // ---------------------------------------------------------------------------------------------- brackets

    /// The items of a bracket, separated by commas, and the closing bracket. The next token is the opening one.
    /// `item` must take at least one token or report.
    pub(super) fn list(&mut self, close: TokenKind, context: Context, mut item: impl FnMut(&mut Self)) {
        let open = self.pos;
        self.bump();
        self.closers.push(close);
        let inside = |parser: &mut Self| {
            parser.within(context, |parser| {
                let mut complained = false;
                while !parser.at(close) && !parser.at(TokenKind::Eof) {
                    let before = parser.pos;
                    item(parser);
                    if parser.eat(TokenKind::Comma) {
                        continue;
                    }
                    let stuck = parser.pos == before;
                    if parser.at(close) || stuck || !parser.starts_item(open) {
                        break;
                    }
                    if !complained {
                        complained = true;
                        parser.expected(&format!("`,` or `{}`", close.text()));
                    }
                    // What follows is taken as the next item.
                    parser.last_error = parser.pos;
                }
                parser.close(open, close);
            });
        };
        self.nested(inside, |_| ());
        self.closers.pop();
    }

    /// Whether the next token looks like a further item of the bracket at `open` whose comma is missing.
    fn starts_item(&self, open: usize) -> bool {
        self.tokens[open].flags & MATCHED != 0
            && (starts_expression(self.kind()) || self.at(TokenKind::Ellipsis))
            && !matches!(
                self.kind(),
                TokenKind::OpenBrace | TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::Minus
            )
            && self.hint_for_next().is_none()
    }

    /// Takes the closing bracket that belongs to the one at `open`, or says what is wrong and goes behind it.
    #[inline]
    pub(super) fn close(&mut self, open: usize, close: TokenKind) {
        if !self.eat(close) {
            self.not_closed(open, close);
        }
    }

    #[cold]
    fn not_closed(&mut self, open: usize, close: TokenKind) {
        let opener = self.tokens[open];
        let next = self.token();
        let ends = matches!(
            next.kind,
            TokenKind::Eof
                | TokenKind::Semicolon
                | TokenKind::CloseBrace
                | TokenKind::CloseBracket
                | TokenKind::CloseParen
                | TokenKind::InterpEnd
        ) || opener.kind == TokenKind::OpenParen && next.kind == TokenKind::OpenBrace;
        if opener.flags & MATCHED == 0 && (ends || next.on_new_line()) {
            let message = format!("`{}` without its `{}`", opener.kind.text(), close.text());
            let mut diagnostic = self.problem(Code::Unclosed, opener.span(), message);
            if matches!(next.kind, TokenKind::CloseBracket | TokenKind::CloseParen) {
                diagnostic = diagnostic.with_related(next.span(), format!("`{}` does not close it", next.kind.text()));
                self.report(diagnostic);
                // Most likely the wrong kind of bracket was typed, unless one around this is to be closed.
                let outer = &self.closers[..self.closers.len().saturating_sub(1)];
                if next.flags & MATCHED == 0 && !outer.contains(&next.kind) {
                    self.bump();
                }
                return;
            }
            return self.report(diagnostic);
        }
        let what = match opener.kind {
            TokenKind::InterpBegin => "`}` or `:`".to_string(),
            _ => format!("`,` or `{}`", close.text()),
        };
        self.expected(&what);
        if opener.flags & MATCHED != 0 {
            self.skip_to_partner();
        }
    }

    /// Goes behind the closing bracket of the bracket we are in, which is known to exist.
    pub(super) fn skip_to_partner(&mut self) {
        let mut depth = 0usize;
        while !self.at(TokenKind::Eof) {
            let token = self.bump();
            if token.flags & MATCHED == 0 {
                continue;
            }
            if opens(token.kind) {
                depth += 1;
            } else if depth == 0 {
                return;
            } else {
                depth -= 1;
            }
        }
    }

    /// Skips a bracket from its opening to its closing token, or just the token if it has no partner.
    pub(super) fn skip_bracket(&mut self) {
        let matched = self.bump().flags & MATCHED != 0;
        if matched {
            self.skip_to_partner();
        }
    }

    /// Skips to the end of the statement: a token on a new line, `;`, the `}` of the block, or the end.
    pub(super) fn skip_statement(&mut self) {
        loop {
            let token = self.token();
            match token.kind {
                TokenKind::Eof | TokenKind::Semicolon | TokenKind::CloseBrace | TokenKind::InterpEnd => return,
                _ if token.on_new_line() && self.pos > 0 => return,
                kind if opens(kind) => self.skip_bracket(),
                _ => {
                    self.bump();
                }
            }
        }
    }

    /// Skips to `stop` if it stands on this line (and near) outside brackets; says whether it was found.
    pub(super) fn skip_on_line_to(&mut self, stop: TokenKind) -> bool {
        let start = self.pos;
        let mut first = true;
        loop {
            let token = self.token();
            if token.kind == stop {
                return true;
            }
            let ends = matches!(token.kind, TokenKind::Eof | TokenKind::Semicolon | TokenKind::CloseBrace);
            if ends || token.on_new_line() && !first || self.pos - start > LINE_REACH {
                self.pos = start;
                return false;
            }
            first = false;
            if opens(token.kind) {
                self.skip_bracket();
            } else {
                self.bump();
            }
        }
    }

    /// A `)`, `]` or `}` at the top level.
    pub(super) fn stray_closer(&mut self) {
        let token = self.token();
        let partner = match token.kind {
            TokenKind::CloseParen => "(",
            TokenKind::CloseBracket => "[",
            _ => "{",
        };
        let message = format!("`{}` without its `{partner}`", token.kind.text());
        let diagnostic = self.problem(Code::Unclosed, token.span(), message);
        self.report(diagnostic);
        self.bump();
    }

    /// The text ended within the block opened at `open`, and indentation does not tell which block was meant to end
    /// (`braces`).
    pub(super) fn unclosed_block(&mut self, open: usize) {
        let span = self.tokens[open].span();
        self.report(unclosed_brace(self.source, self.text, span));
        self.missing_braces = self.missing_braces.saturating_sub(1);
    }

    /// The width of the blanks at the start of the line that `token` is on.
    pub(super) fn indent(&self, token: Token) -> usize {
        crate::syntax::braces::indentation(self.text, token.start)
    }
}

/// A `{` whose `}` is missing, or has gone into a comment.
pub(super) fn unclosed_brace(source: SourceId, text: &str, span: Span) -> Diagnostic {
    let diagnostic = Diagnostic::error(Code::Unclosed, source, span, "`{` without its `}`");
    let line = text[span.start as usize..].lines().next().unwrap_or_default();
    match line.find("//") {
        Some(at) if line[at..].contains('}') => {
            diagnostic.with_help("`//` starts a comment, and the `}` behind it is part of that")
        }
        _ => diagnostic,
    }
}

fn opens(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::OpenBrace | TokenKind::InterpBegin | TokenKind::SpecOpen
    )
}

/// Whether an expression can start with such a token.
#[inline]
pub(super) fn starts_expression(kind: TokenKind) -> bool {
    use TokenKind::*;
    matches!(
        kind,
        Ident
            | Int
            | Float
            | Str
            | StrBegin
            | Invalid
            | True
            | False
            | Null
            | SelfWord
            | OpenParen
            | OpenBracket
            | OpenBrace
            | Minus
            | Bang
            | Tilde
            | Not
            | Await
            | Async
            | Func
            | If
            | Match
            | Spawn
            | Yield
            | Throw
    )
}

/// A piece of source as it may stand in a message.
pub(super) fn shorten(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

/// A keyword that is nothing by itself.
fn begins_something(keyword: TokenKind) -> bool {
    use TokenKind::*;
    matches!(
        keyword,
        Let | Mut
            | Const
            | Enum
            | Struct
            | Impl
            | Match
            | Case
            | Default
            | If
            | While
            | For
            | In
            | Throw
            | Import
            | Export
            | From
            | As
            | Spawn
            | Async
            | Await
    )
}

/// Can a token only stand behind an operand, or where one is missing?
fn follows_operand(kind: TokenKind) -> bool {
    use TokenKind::*;
    matches!(
        kind,
        Eof | ColonEq
            | Eq
            | PlusEq
            | MinusEq
            | StarEq
            | SlashEq
            | PercentEq
            | EqEq
            | NotEq
            | Less
            | LessEq
            | Greater
            | GreaterEq
            | Plus
            | Star
            | Slash
            | Percent
            | StarStar
            | AmpAmp
            | PipePipe
            | And
            | Or
            | QuestionQuestion
            | Dot
            | DotDot
            | DotDotEq
            | Comma
            | Semicolon
            | CloseParen
            | CloseBracket
            | CloseBrace
            | InterpEnd
    )
}
