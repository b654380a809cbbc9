//! Tokens to tree, by recursive descent; binary operators by precedence climbing.
//!
//! Every function returns a node, also for text that makes no sense: then a diagnostic is recorded, the node is an
//! `Error`, and `recover` finds a place to go on. Chains as long as the text – operators, postfix, statements,
//! `else if` – are loops; everything that recurses counts its depth (`Parser::nested`) up to `MAX_NESTING`.
//!
//! Where a statement may end depends on the innermost bracket. `Context` holds what changes there; entering a
//! bracket or block replaces it, leaving restores it.
//!
//! ```text
//! stmt      statements, imports, assignments, loops      decl      functions, structs, enums
//! expr      operators and postfix chains                 operand   brackets, `if`, `match`, functions
//! literal   numbers, strings, format specifications
//! pattern   targets of assignments, patterns of cases    types     annotations
//! recover   expectations, skipping, unclosed brackets    habits    notations of other languages
//! ```

mod decl;
mod expr;
mod habits;
mod literal;
mod operand;
mod pattern;
mod recover;
mod stmt;
mod types;

use super::ast::*;
use super::lexer::{Tokens, lex};
use super::token::{MATCHED, Token, TokenKind};
use super::{Parsed, braces, lexer};
use crate::diagnostics::{Code, Diagnostic, Severity};
use crate::source::{SourceId, Span};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

pub use habits::{undefined_name_hint, unknown_member_hint};

/// How deep a text may nest before it is parsed on a stack of its own: a level takes at most a few kilobytes
/// optimised and some 20 kB unoptimised, and the smallest stacks we run on have 2 MB.
const SHALLOW_NESTING: u32 = 40;
/// Address space, of which only what is touched is used.
const DEEP_STACK: usize = 512 << 20;

/// Reads `text` into a tree; see `syntax::parse`.
pub(super) fn parse(source: SourceId, text: &str) -> Parsed {
    if text.len() >= u32::MAX as usize {
        let message = format!("the source text has {} bytes, the limit is 4 GiB", text.len());
        let diagnostic = Diagnostic::error(Code::TooLarge, source, Span::at(0), message);
        return Parsed { ast: Ast::new(source), diagnostics: vec![diagnostic] };
    }
    if let Some(parsed) = Parser::new(source, text, SHALLOW_NESTING).run() {
        return parsed;
    }
    let deep = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(DEEP_STACK);
        let handle = thread.spawn_scoped(scope, || Parser::new(source, text, MAX_NESTING).run()).ok()?;
        handle.join().ok().flatten()
    });
    deep.unwrap_or_else(|| {
        // No thread to be had: what this stack can hold is the limit.
        let diagnostic = Diagnostic::error(Code::TooDeep, source, Span::at(0), "nesting too deep");
        Parsed { ast: Ast::new(source), diagnostics: vec![diagnostic] }
    })
}

/// What the innermost bracket decides.
#[derive(Clone, Copy)]
struct Context {
    /// Newlines end statements.
    newlines: bool,
    /// A `{` after a name starts a block, not a struct literal: in the head of a statement.
    head: bool,
    /// Directly within the `[ ]` of an index, where ranges may lack an end.
    index: bool,
    /// In the guard of a `case`, which ends at a `:`.
    guard: bool,
    /// What the innermost block belongs to: `If` (which may have an `else`), `Try`, or anything else as `Eof`.
    owner: TokenKind,
}

impl Context {
    const BLOCK: Context = Context { newlines: true, head: false, index: false, guard: false, owner: TokenKind::Eof };
    const BRACKET: Context = Context { newlines: false, head: false, index: false, guard: false, owner: TokenKind::Eof };
}

/// Items of lists under construction. A list takes what lies above the mark it remembered.
#[derive(Default)]
struct Stacks {
    stmts: Vec<StmtId>,
    names: Vec<Name>,
    elements: Vec<Element>,
    entries: Vec<DictEntry>,
    inits: Vec<FieldInit>,
    args: Vec<Arg>,
    parts: Vec<Part>,
    params: Vec<Param>,
    match_arms: Vec<MatchArm>,
    patterns: Vec<PatternId>,
    types: Vec<TypeId>,
}

struct Parser<'a> {
    text: &'a str,
    source: SourceId,
    tokens: Vec<Token>,
    docs: Vec<(u32, Span)>,
    /// Index of the next token; never beyond the final `Eof`.
    pos: usize,
    ast: Ast,
    stacks: Stacks,
    context: Context,
    depth: u32,
    max_depth: u32,
    /// The text nests deeper than `max_depth`; nothing more is read.
    too_deep: bool,
    /// Where a jump, `throw`, `yield` or lambda on the right of an operator ended: no operator may follow it.
    tail_end: usize,
    diagnostics: Vec<Diagnostic>,
    errors: usize,
    /// The token at which the last error was reported; a second one there would be a consequence.
    last_error: usize,
    /// The token at which the statement, arm or member being read starts: what is wrong there is that token, not
    /// something missing before it.
    item_start: usize,
    /// The closing brackets that the lists and parentheses we are in wait for, innermost last.
    closers: Vec<TokenKind>,
    /// How many `{` of the text have no partner, as far as that has not been reported.
    missing_braces: usize,
    /// `if x:` has been explained; every further one is the same misunderstanding.
    colon_blocks: bool,
    /// `case 1 => …` has been explained; so that the next arm need not be.
    arrow_arms: bool,
    /// Keywords that somebody has used as names.
    misnamed: Vec<TokenKind>,
    underscore: Symbol,
}

impl<'a> Parser<'a> {
    fn new(source: SourceId, text: &'a str, max_depth: u32) -> Parser<'a> {
        let Tokens { mut list, mut diagnostics, mut docs } = lex(source, text);
        if diagnostics.is_empty() {
            // Only then are the brackets certain to be what they seem.
            let places: Vec<u32> = docs.iter().map(|&(token, _)| list[token as usize].start).collect();
            let unclosed = braces::close_forgotten(text, &mut list);
            for opener in &unclosed {
                diagnostics.push(recover::unclosed_brace(source, text, opener.span()));
            }
            if !unclosed.is_empty() {
                for (doc, place) in docs.iter_mut().zip(places) {
                    // The end of the file has no width.
                    let behind = list.partition_point(|token| token.end <= place).min(list.len() - 1);
                    doc.0 = behind as u32;
                }
            }
        }
        let unmatched = |token: &&Token| token.kind == TokenKind::OpenBrace && token.flags & MATCHED == 0;
        let missing_braces = list.iter().filter(unmatched).count();
        let mut ast = Ast::new(source);
        let underscore = ast.names.intern("_");
        ast.exprs.reserve(list.len() / 2);
        ast.stmts.reserve(list.len() / 10);
        let errors = diagnostics.len();
        Parser {
            text,
            source,
            tokens: list,
            docs,
            pos: 0,
            ast,
            stacks: Stacks::default(),
            context: Context::BLOCK,
            depth: 0,
            max_depth,
            too_deep: false,
            tail_end: usize::MAX,
            diagnostics,
            errors,
            last_error: usize::MAX,
            item_start: 0,
            missing_braces,
            closers: Vec::new(),
            colon_blocks: false,
            arrow_arms: false,
            misnamed: Vec::new(),
            underscore,
        }
    }

    /// Parses the whole text; None if it is too deep for a shallow attempt.
    fn run(mut self) -> Option<Parsed> {
        let from = self.stacks.stmts.len();
        loop {
            self.statements(false);
            if self.at(TokenKind::Eof) {
                break;
            }
            self.stray_closer();
        }
        if self.too_deep && self.max_depth < MAX_NESTING {
            return None;
        }
        self.ast.body = self.ast.add_list(&mut self.stacks.stmts, from);
        self.ast.span = Span::new(0, self.text.len() as u32);
        self.collect_docs();
        // Lexer and parser found theirs apart.
        self.diagnostics.sort_by_key(|diagnostic| diagnostic.span.start);
        Some(Parsed { ast: self.ast, diagnostics: self.diagnostics })
    }

    /// Joins the lines of doc comments and files them under the token they stand before.
    fn collect_docs(&mut self) {
        let mut last = None;
        for &(token, span) in &self.docs {
            let line = span.of(self.text);
            let line = line.strip_prefix(' ').unwrap_or(line).trim_end();
            let start = self.ast.text.len() as u32;
            if last == Some(token)
                && let Some((_, text)) = self.ast.docs.last_mut()
            {
                // The text of the line before is the last thing in the buffer.
                self.ast.text.push('\n');
                self.ast.text.push_str(line);
                text.end = self.ast.text.len() as u32;
            } else {
                self.ast.text.push_str(line);
                let text = Text { start, end: self.ast.text.len() as u32 };
                self.ast.docs.push((self.tokens[token as usize].start, text));
            }
            last = Some(token);
        }
    }

    // ------------------------------------------------------------------------------------------------ tokens

    #[inline]
    fn token(&self) -> Token {
        self.tokens[self.pos]
    }

    #[inline]
    fn kind(&self) -> TokenKind {
        self.tokens[self.pos].kind
    }

    /// The token `ahead` places after the next one; `Eof` beyond the end.
    #[inline]
    fn peek(&self, ahead: usize) -> Token {
        let index = (self.pos + ahead).min(self.tokens.len() - 1);
        self.tokens[index]
    }

    #[inline]
    fn at(&self, kind: TokenKind) -> bool {
        self.kind() == kind
    }

    #[inline]
    fn bump(&mut self) -> Token {
        let token = self.tokens[self.pos];
        if token.kind != TokenKind::Eof {
            self.pos += 1;
        }
        token
    }

    #[inline]
    fn eat(&mut self, kind: TokenKind) -> bool {
        let found = self.at(kind);
        if found {
            self.bump();
        }
        found
    }

    /// Whether the next token stands on a line of its own and that ends the statement here.
    #[inline]
    fn at_line_end(&self) -> bool {
        self.context.newlines && self.token().on_new_line()
    }

    /// Whether the next token is on the same line as the one before.
    #[inline]
    fn on_same_line(&self) -> bool {
        !self.token().on_new_line()
    }

    /// Whether the next token and the one after it touch.
    fn touches_next(&self) -> bool {
        self.token().end == self.peek(1).start
    }

    fn text_at(&self, token: Token) -> &'a str {
        token.span().of(self.text)
    }

    /// Whether `token` is the identifier `word`.
    fn is_word(&self, token: Token, word: &str) -> bool {
        token.kind == TokenKind::Ident && self.text_at(token) == word
    }

    /// Where the token before the next one ends.
    #[inline]
    fn prev_end(&self) -> u32 {
        if self.pos == 0 { 0 } else { self.tokens[self.pos - 1].end }
    }

    #[inline]
    fn span_from(&self, start: u32) -> Span {
        Span::new(start, self.prev_end().max(start))
    }

    // ------------------------------------------------------------------------------------------------- names

    /// Takes the next token, whatever it is, as a name.
    #[inline]
    fn take_name(&mut self) -> Name {
        let token = self.bump();
        Name { symbol: self.intern(token), span: token.span() }
    }

    #[inline]
    fn intern(&mut self, token: Token) -> Symbol {
        let text = token.span().of(self.text);
        if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
            return self.ast.names.intern(text);
        }
        let normal: String = text.nfc().collect();
        self.ast.names.intern(&normal)
    }

    // ------------------------------------------------------------------------------------------------- nodes

    #[inline]
    fn expr(&mut self, kind: ExprKind, start: u32) -> ExprId {
        let span = self.span_from(start);
        self.ast.add(Expr { kind, span })
    }

    fn error_expr(&mut self) -> ExprId {
        let span = Span::at(self.prev_end());
        self.ast.add(Expr { kind: ExprKind::Error, span })
    }

    #[inline]
    fn stmt(&mut self, kind: StmtKind, start: u32) -> StmtId {
        let span = self.span_from(start);
        self.ast.add(Stmt { kind, span })
    }

    // ----------------------------------------------------------------------------------------------- nesting

    /// Runs `inside` one level deeper, unless the text nests too deep: then nothing more is read.
    #[inline]
    fn nested<R>(&mut self, inside: impl FnOnce(&mut Self) -> R, otherwise: impl FnOnce(&mut Self) -> R) -> R {
        if self.depth >= self.max_depth {
            self.give_up();
            return otherwise(self);
        }
        self.depth += 1;
        let result = inside(self);
        self.depth -= 1;
        result
    }

    /// Runs `inside` in another context.
    #[inline]
    fn within<R>(&mut self, context: Context, inside: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::replace(&mut self.context, context);
        let result = inside(self);
        self.context = outer;
        result
    }

    #[cold]
    fn give_up(&mut self) {
        if !self.too_deep {
            let before = self.tokens[self.pos.saturating_sub(1)];
            let bracket = matches!(
                before.kind,
                TokenKind::OpenParen | TokenKind::OpenBracket | TokenKind::OpenBrace | TokenKind::InterpBegin
            );
            let span = if bracket { before.span() } else { self.token().span() };
            let help = format!("brackets, blocks and prefix operators nest at most {MAX_NESTING} deep");
            self.report(self.problem(Code::TooDeep, span, "nesting too deep").with_help(help));
        }
        self.too_deep = true;
        self.pos = self.tokens.len() - 1;
    }

    // ----------------------------------------------------------------------------------------------- reports

    fn problem(&self, code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::error(code, self.source, span, message)
    }

    /// Records a problem, unless it follows from one already reported at this token.
    #[cold]
    fn report(&mut self, diagnostic: Diagnostic) {
        if diagnostic.severity == Severity::Error {
            self.errors += 1;
            // Of an `Invalid` token the lexer has said what is wrong.
            if self.too_deep || self.last_error == self.pos || self.at(TokenKind::Invalid) {
                return;
            }
            self.last_error = self.pos;
        }
        if self.diagnostics.len() < lexer::MAX_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        }
    }

    #[cold]
    fn report_with_help(&mut self, code: Code, span: Span, message: impl Into<String>, help: impl Into<String>) {
        let diagnostic = self.problem(code, span, message).with_help(help);
        self.report(diagnostic);
    }
}
