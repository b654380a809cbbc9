//! A missing `}` found by indentation, before parsing.
//!
//! If a text has more `{` than `}`, every block behind the forgotten brace is taken for part of the one before, and
//! the end of the file is where it shows. People indent what they mean: a line that stands no deeper than the line
//! of an open `{`, and does not start with its `}`, shows where the block was to end. There a closing brace of no
//! width is put in, so the rest is read as it was meant; the `{` is what gets reported.

use super::token::{MATCHED, Token, TokenKind};

/// Puts in missing braces; gives the indices of the `{` they close.
pub fn close_forgotten(text: &str, tokens: &mut Vec<Token>) -> Vec<Token> {
    let mut missing = tokens.iter().filter(|token| token.kind == TokenKind::OpenBrace && token.flags & MATCHED == 0).count();
    let mut culprits = Vec::new();
    if missing == 0 {
        return culprits;
    }
    let mut out: Vec<Token> = Vec::with_capacity(tokens.len() + missing);
    // Of each open bracket: its index in `out` and the indentation of its line.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut indent = 0;
    for &token in tokens.iter() {
        if token.on_new_line() {
            indent = indentation(text, token.start);
            let closes = token.kind == TokenKind::CloseBrace;
            while culprits.len() < missing
                && let Some(&(opener, outer)) = open.last()
                && out[opener].kind == TokenKind::OpenBrace
                && (indent < outer || indent == outer && !closes && !continues(token.kind))
                && token.kind != TokenKind::Eof
            {
                open.pop();
                culprits.push(out[opener]);
                let end = out.last().map_or(0, |last| last.end);
                out.push(Token { start: end, end, kind: TokenKind::CloseBrace, flags: 0 });
            }
        }
        match token.kind {
            kind if opens(kind) => open.push((out.len(), indent)),
            TokenKind::CloseBrace | TokenKind::InterpEnd | TokenKind::SpecClose => {
                while open.pop().is_some_and(|(top, _)| round(out[top].kind)) {}
            }
            TokenKind::CloseParen | TokenKind::CloseBracket => {
                let kind = if token.kind == TokenKind::CloseParen { TokenKind::OpenParen } else { TokenKind::OpenBracket };
                let at = |back: usize| open.len().checked_sub(back).map(|index| out[open[index].0].kind);
                if at(1) == Some(kind) {
                    open.pop();
                } else if at(1) == Some(TokenKind::OpenBrace) && at(2) == Some(kind) {
                    // A dict within a call: the parser sees where it ends.
                    open.truncate(open.len() - 2);
                    missing = missing.saturating_sub(1);
                }
            }
            _ => {}
        }
        out.push(token);
    }
    if !culprits.is_empty() {
        rematch(&mut out);
        *tokens = out;
    }
    culprits
}

fn opens(kind: TokenKind) -> bool {
    round(kind) || matches!(kind, TokenKind::OpenBrace | TokenKind::InterpBegin | TokenKind::SpecOpen)
}

fn round(kind: TokenKind) -> bool {
    matches!(kind, TokenKind::OpenParen | TokenKind::OpenBracket)
}

/// Whether a token at the start of a line goes on with what stands before a block's end.
fn continues(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::OpenBrace | TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::Dot | TokenKind::QuestionDot
    )
}

/// The width of the blanks at the start of the line that `offset` is on.
pub fn indentation(text: &str, offset: u32) -> usize {
    let before = &text.as_bytes()[..offset as usize];
    let start = memchr::memrchr2(b'\n', b'\r', before).map_or(0, |newline| newline + 1);
    text.as_bytes()[start..].iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count()
}

/// Finds the partners of all brackets anew.
fn rematch(tokens: &mut [Token]) {
    let mut open: Vec<usize> = Vec::new();
    for index in 0..tokens.len() {
        tokens[index].flags &= !MATCHED;
        let opener = match tokens[index].kind {
            kind if opens(kind) => {
                open.push(index);
                continue;
            }
            TokenKind::CloseParen => TokenKind::OpenParen,
            TokenKind::CloseBracket => TokenKind::OpenBracket,
            TokenKind::CloseBrace => TokenKind::OpenBrace,
            TokenKind::InterpEnd => TokenKind::InterpBegin,
            TokenKind::SpecClose => TokenKind::SpecOpen,
            _ => continue,
        };
        // Round brackets left open end with the brace around them.
        while !round(opener) && open.last().is_some_and(|&top| round(tokens[top].kind)) {
            open.pop();
        }
        if let Some(&top) = open.last()
            && tokens[top].kind == opener
        {
            open.pop();
            tokens[top].flags |= MATCHED;
            tokens[index].flags |= MATCHED;
        }
    }
}
