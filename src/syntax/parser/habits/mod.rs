//! Notations of other languages, and slips of the pen: what was meant is said, read, and done with.
//!
//! Each function looks at a place where the grammar has failed (or where a word nobody would use otherwise stands),
//! reports with the Ruff notation as help, and goes on so that the rest of the text is read as it was meant.
//! None of the words here is reserved: `def`, `var`, `end` and the like are names wherever the grammar takes a name.

mod decl;
mod expr;
mod stmt;

use super::*;

/// What to write instead of a name that is found nowhere but usual in other languages.
pub fn undefined_name_hint(name: &str) -> Option<&'static str> {
    Some(match name {
        "nil" | "NULL" | "undefined" | "nullptr" | "Null" | "none" | "void" => "the missing value is written `null`",
        "True" | "TRUE" => "write `true`",
        "False" | "FALSE" => "write `false`",
        "this" | "me" => "inside a method write `self`",
        "println" | "puts" | "echo" | "printf" | "console" | "fmt" | "cout" | "System" => "write `print(…)`",
        "str" | "String" => "the type of text is `string`",
        "list" | "List" | "vec" | "Vec" | "Array" => "lists are arrays: `[1, 2]`, type `array`",
        "map" | "Map" | "HashMap" | "hash" | "object" | "Object" => "maps are dicts: `{a: 1}`, type `dict`",
        "double" | "number" | "Number" => "write `float` or `int`",
        "boolean" => "write `bool`",
        "pass" => "an empty block is `{}`",
        "elif" | "elsif" | "elseif" => "write `else if`",
        "lambda" => "write `x => …`",
        "length" | "size" | "strlen" | "count" => "write `len(x)`",
        "Math" | "math" => "mathematical functions are builtins: `sqrt(x)`",
        "nan" | "NaN" => "write `NAN`",
        "inf" | "Infinity" | "infinity" => "write `INF`",
        _ => return None,
    })
}

/// What to write instead of a member that no value of its kind has but that is usual in other languages.
pub fn unknown_member_hint(name: &str) -> Option<&'static str> {
    Some(match name {
        "length" | "size" | "Length" | "Count" => "write `len(x)` or `x.len()`",
        "toUpperCase" | "upcase" | "ToUpper" => "write `x.upper()`",
        "toLowerCase" | "downcase" | "ToLower" => "write `x.lower()`",
        "toString" | "to_s" | "ToString" => "write `to_string(x)` or `\"${x}\"`",
        "includes" | "has" | "Contains" | "containsKey" => "write `x.contains(item)`, of a dict `x.has_key(key)`",
        "strip" | "lstrip" | "rstrip" => "write `x.trim()`, `x.trim_start()` or `x.trim_end()`",
        "replaceAll" | "gsub" => "write `x.replace(from, to)`, which replaces all",
        "forEach" | "each" => "write `for item in x { … }` or `x.for_each(f)`",
        "addAll" | "push_all" | "pushAll" => "write `x.extend(items)`",
        "shift" => "write `x.remove_at(0)`",
        "unshift" => "write `x.insert(0, item)`",
        "inject" => "write `x.reduce(initial, f)`",
        "select" => "write `x.filter(f)`",
        "splice" => "write `x.remove_at(i)` and `x.insert(i, item)`",
        _ => return None,
    })
}

impl Parser<'_> {
    /// Reports foreign notation at the next token.
    #[cold]
    fn habit(&mut self, message: impl Into<String>, help: impl Into<String>) {
        let span = self.token().span();
        self.report_with_help(Code::Habit, span, message, help);
    }

    /// Advice that fits the next token wherever it was not expected.
    pub(super) fn hint_for_next(&self) -> Option<&'static str> {
        let token = self.token();
        if token.on_new_line() && self.context.newlines {
            return None;
        }
        Some(match token.kind {
            TokenKind::Arrow => "lambdas are written with `=>`",
            TokenKind::FatArrow => "a lambda is `x => …` or `(a, b) => …`; as an operand it needs parentheses",
            TokenKind::Eq => "`==` compares; an assignment is a statement of its own",
            TokenKind::Ident if self.is_word(token, "is") || self.is_word(token, "instanceof") => {
                "test types with `is_int(x)` or `type(x) == \"…\"`"
            }
            TokenKind::Ident if self.is_word(token, "step") || self.is_word(token, "by") => {
                "for steps use `range(start, end, step)`"
            }
            TokenKind::As => "convert with a call: `int(x)`",
            _ => return None,
        })
    }

    /// Skips to the closing bracket `close` of the bracket we are in, or to the end of the statement.
    fn skip_to_close(&mut self, close: TokenKind) {
        while !self.at(close)
            && !self.at(TokenKind::Eof)
            && !self.at(TokenKind::Semicolon)
            && !self.at(TokenKind::CloseBrace)
        {
            if matches!(self.kind(), TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::OpenBrace) {
                self.skip_bracket();
            } else {
                self.bump();
            }
        }
    }
}

/// Whether a word names a type in Ruff or a language near it.
fn is_type_word(word: &str) -> bool {
    matches!(
        word,
        "int"
            | "float"
            | "string"
            | "bool"
            | "array"
            | "dict"
            | "set"
            | "bytes"
            | "double"
            | "long"
            | "char"
            | "str"
            | "String"
            | "boolean"
            | "auto"
            | "void"
    )
}

/// Whether a word says who may use a declaration, in other languages.
fn is_modifier(word: &str) -> bool {
    matches!(
        word,
        "public" | "private" | "pub" | "static" | "protected" | "final" | "override" | "virtual" | "extern" | "abstract"
    )
}
