//! Tokens: what the lexer makes and the parser reads, and the table of their texts.
//!
//! A token is twelve bytes – place, kind, flags – and owns nothing. Its text is looked up in the source when
//! somebody asks. Newlines are not tokens: a flag says whether one stands before.

use crate::source::Span;

/// A newline (or several, or a comment with one) stands between this token and the one before.
pub const NEWLINE: u8 = 1;
/// Of an opening bracket: after its partner follows `=>` (or `->`, a common slip), so it opens lambda parameters.
pub const ARROW: u8 = 2;
/// Of an opening bracket: after its partner follows `:=`, `=` or `:`, so at the start of a statement it opens a
/// target to assign to.
pub const ASSIGN: u8 = 4;
/// Of an opening bracket: after its partner follows `{`.
pub const BLOCK: u8 = 32;
/// Of a bracket: its partner is there.
pub const MATCHED: u8 = 16;
/// Of a string: it holds a backslash.
pub const ESCAPED: u8 = 8;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    pub start: u32,
    pub end: u32,
    pub kind: TokenKind,
    pub flags: u8,
}

impl Token {
    pub fn span(self) -> Span {
        Span::new(self.start, self.end)
    }

    /// Whether a newline stands before it.
    pub fn on_new_line(self) -> bool {
        self.flags & NEWLINE != 0
    }
}

/// What a kind of token is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TokenClass {
    /// Names, literals, pieces of strings.
    Varying,
    Keyword,
    Symbol,
}

macro_rules! tokens {
    (
        varying { $($varying:ident $description:literal,)* }
        keywords { $($keyword:ident $word:literal,)* }
        symbols { $($symbol:ident $sign:literal,)* }
    ) => {
        /// The kinds of tokens.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum TokenKind { $($varying,)* $($keyword,)* $($symbol,)* }

        impl TokenKind {
            /// The text of a keyword or symbol, else what such a token is.
            pub fn text(self) -> &'static str {
                match self {
                    $(TokenKind::$varying => $description,)*
                    $(TokenKind::$keyword => $word,)*
                    $(TokenKind::$symbol => $sign,)*
                }
            }

            pub fn class(self) -> TokenClass {
                match self {
                    $(TokenKind::$varying)|* => TokenClass::Varying,
                    $(TokenKind::$keyword)|* => TokenClass::Keyword,
                    $(TokenKind::$symbol)|* => TokenClass::Symbol,
                }
            }
        }

        /// The keywords, for completion and highlighting.
        pub const KEYWORDS: &[&str] = &[$($word),*];

        #[cfg(test)]
        pub(super) const KEYWORD_KINDS: &[(TokenKind, &str)] = &[$((TokenKind::$keyword, $word)),*];
        #[cfg(test)]
        pub(super) const SYMBOL_KINDS: &[(TokenKind, &str)] = &[$((TokenKind::$symbol, $sign)),*];
    };
}

tokens! {
    varying {
        Eof "end of file",
        // Text the lexer has already complained about; stands for a value.
        Invalid "invalid text",
        Ident "name",
        Int "int",
        Float "float",
        // A whole string literal without interpolation, quotes included.
        Str "string",
        // An interpolated string: StrBegin { StrText | InterpBegin expr [ SpecBegin spec ] InterpEnd } StrEnd.
        StrBegin "string",
        StrText "text of a string",
        StrEnd "end of the string",
        InterpBegin "${",
        InterpEnd "}",
        // spec = { SpecText | SpecOpen expr SpecClose }
        SpecBegin ":",
        SpecText "format specification",
        SpecOpen "{",
        SpecClose "}",
    }
    keywords {
        Let "let",
        Mut "mut",
        Const "const",
        Func "func",
        Return "return",
        Enum "enum",
        Struct "struct",
        Impl "impl",
        Match "match",
        Case "case",
        Default "default",
        If "if",
        Else "else",
        Loop "loop",
        While "while",
        For "for",
        In "in",
        Break "break",
        Continue "continue",
        Try "try",
        Except "except",
        Finally "finally",
        Throw "throw",
        Import "import",
        Export "export",
        From "from",
        As "as",
        SelfWord "self",
        Null "null",
        True "true",
        False "false",
        Spawn "spawn",
        Async "async",
        Await "await",
        Yield "yield",
        And "and",
        Or "or",
        Not "not",
    }
    symbols {
        ColonEq ":=",
        Eq "=",
        PlusEq "+=",
        MinusEq "-=",
        StarEq "*=",
        SlashEq "/=",
        PercentEq "%=",
        StarStarEq "**=",
        QuestionQuestionEq "??=",
        AmpEq "&=",
        PipeEq "|=",
        CaretEq "^=",
        ShlEq "<<=",
        ShrEq ">>=",
        EqEq "==",
        NotEq "!=",
        Less "<",
        LessEq "<=",
        Greater ">",
        GreaterEq ">=",
        Plus "+",
        Minus "-",
        Star "*",
        Slash "/",
        Percent "%",
        StarStar "**",
        Amp "&",
        Pipe "|",
        Caret "^",
        Tilde "~",
        Shl "<<",
        Shr ">>",
        AmpAmp "&&",
        PipePipe "||",
        Bang "!",
        PipeGreater "|>",
        QuestionQuestion "??",
        QuestionDot "?.",
        Question "?",
        ColonColon "::",
        Dot ".",
        DotDot "..",
        DotDotEq "..=",
        Ellipsis "...",
        Arrow "->",
        FatArrow "=>",
        Comma ",",
        Semicolon ";",
        Colon ":",
        OpenParen "(",
        CloseParen ")",
        OpenBracket "[",
        CloseBracket "]",
        OpenBrace "{",
        CloseBrace "}",
    }
}

impl TokenKind {
    pub fn is_keyword(self) -> bool {
        self.class() == TokenClass::Keyword
    }

    /// The keyword that `word` is, found by length and then by text.
    #[inline]
    pub fn keyword(word: &[u8]) -> Option<TokenKind> {
        use TokenKind::*;
        let kind = match word.len() {
            2 => match word {
                b"if" => If,
                b"in" => In,
                b"or" => Or,
                b"as" => As,
                _ => return None,
            },
            3 => match word {
                b"let" => Let,
                b"mut" => Mut,
                b"for" => For,
                b"try" => Try,
                b"and" => And,
                b"not" => Not,
                _ => return None,
            },
            4 => match word {
                b"func" => Func,
                b"self" => SelfWord,
                b"else" => Else,
                b"case" => Case,
                b"null" => Null,
                b"true" => True,
                b"enum" => Enum,
                b"impl" => Impl,
                b"loop" => Loop,
                b"from" => From,
                _ => return None,
            },
            5 => match word {
                b"const" => Const,
                b"match" => Match,
                b"while" => While,
                b"break" => Break,
                b"throw" => Throw,
                b"false" => False,
                b"spawn" => Spawn,
                b"async" => Async,
                b"await" => Await,
                b"yield" => Yield,
                _ => return None,
            },
            6 => match word {
                b"return" => Return,
                b"struct" => Struct,
                b"except" => Except,
                b"import" => Import,
                b"export" => Export,
                _ => return None,
            },
            7 => match word {
                b"default" => Default,
                b"finally" => Finally,
                _ => return None,
            },
            8 if word == b"continue" => Continue,
            _ => return None,
        };
        Some(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_of_the_table_is_found() {
        for &(kind, word) in KEYWORD_KINDS {
            assert_eq!(TokenKind::keyword(word.as_bytes()), Some(kind), "{word}");
        }
        assert_eq!(TokenKind::keyword(b"lets"), None);
        assert_eq!(TokenKind::keyword(b""), None);
    }

    #[test]
    fn tokens_are_small() {
        assert_eq!(size_of::<Token>(), 12);
    }
}
