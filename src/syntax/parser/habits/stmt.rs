//! Foreign notation of statements: words that start them, blocks without braces, loops, handlers.

use super::*;
use crate::syntax::parser::recover::starts_expression;
use crate::syntax::token::{ASSIGN, BLOCK};
use TokenKind as T;

/// Words that declare functions in other languages.
fn declares_function(word: &str) -> bool {
    matches!(word, "def" | "fn" | "fun" | "function" | "sub" | "proc" | "procedure")
}

impl Parser<'_> {
    /// A statement that starts with a word of another language, if the words after it confirm that.
    #[inline]
    pub(in super::super) fn foreign_statement(&mut self) -> Option<StmtId> {
        let next = self.peek(1);
        let possible = match next.kind {
            T::OpenParen => next.flags & BLOCK != 0,
            T::Ident
            | T::Str
            | T::StrBegin
            | T::Int
            | T::OpenBrace
            | T::OpenBracket
            | T::Func
            | T::Star
            | T::Struct
            | T::SelfWord => true,
            T::Bang | T::Not | T::True | T::False | T::Null | T::Let | T::Mut | T::Const | T::Enum => true,
            _ => false,
        };
        if !possible || next.on_new_line() { None } else { self.foreign_word(next) }
    }

    fn foreign_word(&mut self, next: Token) -> Option<StmtId> {
        let token = self.token();
        let start = token.start;
        let word = self.text_at(token);
        let named = next.kind == T::Ident;
        let third = self.peek(2).kind;
        match word {
            _ if declares_function(word) && (named && !assigns(third) || next.kind == T::Star) => {
                self.foreign_function(start, false)
            }
            "class" | "interface" | "trait" | "record" | "data" if named && !assigns(third) => {
                self.habit(
                    format!("`{word}` does not declare a type"),
                    "write `struct Name { field: type … func method(self) { … } }`",
                );
                let word = self.bump();
                Some(self.struct_after_word(word))
            }
            "var" | "val" | "auto" | "local" | "my" | "dim" if named || next.flags & ASSIGN != 0 => {
                Some(self.var_statement(word))
            }
            "elif" | "elsif" | "elseif" | "unless" => {
                let help = if word == "unless" {
                    "write `if !(…) { … }`"
                } else {
                    "write `else if`, behind the `}` of the `if`"
                };
                self.habit(format!("there is no `{word}`"), help);
                let value = self.nested(Self::if_expression, |parser| parser.error_expr());
                Some(self.stmt(StmtKind::Expr(value), start))
            }
            "switch" | "when" | "select" if self.brace_on_line() => {
                self.habit(format!("there is no `{word}`"), "write `match value { case pattern: … default: … }`");
                let value = self.nested(Self::match_expression, |parser| parser.error_expr());
                Some(self.stmt(StmtKind::Expr(value), start))
            }
            "foreach" => {
                self.habit("there is no `foreach`", "write `for x in xs { … }`");
                let word = self.bump();
                // The parentheses usual there have been explained with it.
                self.last_error = self.pos;
                Some(self.for_statement(None, word, start))
            }
            "until" => {
                self.habit("there is no `until`", "write `while !(…) { … }`");
                let word = self.bump();
                let condition = self.head();
                let body = self.block_after(word, "the condition");
                Some(self.stmt(StmtKind::While { label: None, condition, body }, start))
            }
            "do" | "repeat" | "forever" if next.kind == T::OpenBrace => Some(self.do_statement(word)),
            "raise" | "panic" | "die" if matches!(next.kind, T::Ident | T::Str | T::StrBegin) => {
                self.habit(format!("there is no `{word}`"), "write `throw value`");
                self.bump();
                let value = self.expression();
                let value = self.expr(ExprKind::Throw(value), start);
                Some(self.stmt(StmtKind::Expr(value), start))
            }
            word if is_modifier(word) && (named && !assigns(third) || next.kind.is_keyword()) => {
                self.habit(format!("there is no `{word}`"), "leave it out; what other modules may use is marked `export`");
                self.bump();
                Some(self.nested(Self::statement, |parser| parser.stmt(StmtKind::Error, start)))
            }
            "use" | "using" | "include" | "require" if matches!(next.kind, T::Ident | T::Str) => {
                self.report_with_help(
                    Code::BadImport,
                    token.span(),
                    format!("there is no `{word}`"),
                    "write `import a.b` or `from a.b import name`",
                );
                self.skip_statement();
                Some(self.stmt(StmtKind::Error, start))
            }
            "type" | "typedef" | "alias" if named && matches!(third, T::Eq | T::ColonEq | T::Ident) => {
                self.habit("there are no names for types", "write the type itself, or a struct");
                self.skip_statement();
                Some(self.stmt(StmtKind::Error, start))
            }
            "global" | "nonlocal" if named => {
                let help = "leave it out: a function assigns the outer variable if that is created above the function";
                self.habit(format!("there is no `{word}`"), help);
                self.skip_statement();
                Some(self.stmt(StmtKind::Error, start))
            }
            "goto" if named => {
                self.habit("there is no `goto`", "write a loop, with a label (`outer: for …`, `break outer`) if need be");
                self.skip_statement();
                Some(self.stmt(StmtKind::Error, start))
            }
            "del" | "delete" if named => {
                self.habit(format!("there is no `{word}`"), "write `d.remove(key)` or `xs.remove(i)`");
                self.skip_statement();
                Some(self.stmt(StmtKind::Error, start))
            }
            _ if named && matches!(third, T::Eq | T::Semicolon) && is_type_word(word) => {
                let name = self.text_at(next);
                let (name, word) = (recover::shorten(name), recover::shorten(word));
                self.habit("the type stands behind the name", format!("write `{name}: {word} = …` or just `{name} := …`"));
                self.bump();
                Some(self.var_rest(start))
            }
            _ => None,
        }
    }

    /// The declaration behind the word for a function that stands here.
    fn foreign_function(&mut self, start: u32, is_async: bool) -> Option<StmtId> {
        let word = self.text_at(self.token());
        let help = if is_async { "write `async func name(…) { … }`" } else { "write `func name(…) { … }`" };
        self.habit(format!("`{word}` does not declare a function"), help);
        let word = self.bump();
        let declare = |parser: &mut Self| Some(parser.function_after_word(word, Some("the function"), is_async));
        let func = self.nested(declare, |_| None)?;
        Some(self.stmt(StmtKind::Func(func), start))
    }

    /// Whether `async fn name(` stands here, or another word for it.
    pub(in super::super) fn foreign_async(&self) -> bool {
        let word = self.peek(1);
        word.kind == T::Ident && declares_function(self.text_at(word)) && self.peek(2).kind == T::Ident
    }

    pub(in super::super) fn async_with_foreign_word(&mut self) -> StmtId {
        let start = self.bump().start;
        self.foreign_function(start, true).unwrap_or_else(|| self.stmt(StmtKind::Error, start))
    }

    /// Whether a keyword that is no value is assigned to.
    pub(in super::super) fn assigns_keyword(&self, keyword: T) -> bool {
        let next = self.peek(1);
        let is_value = matches!(keyword, T::SelfWord | T::True | T::False | T::Null);
        matches!(next.kind, T::ColonEq | T::Eq) && !next.on_new_line() && !is_value
    }

    /// `match := 3`: the keyword is taken as the name that it was meant to be.
    pub(in super::super) fn assigned_keyword(&mut self) -> StmtId {
        let start = self.token().start;
        self.keyword_for_name("a variable");
        let name = self.take_name();
        let target = self.ast.add(Target { kind: TargetKind::Name(name.symbol), span: name.span });
        self.assignment(target, start)
    }

    fn brace_on_line(&mut self) -> bool {
        let place = self.pos;
        self.bump();
        let found = self.skip_on_line_to(T::OpenBrace);
        self.pos = place;
        found
    }

    fn var_statement(&mut self, word: &str) -> StmtId {
        let start = self.token().start;
        self.habit(
            format!("there is no `{word}`"),
            "write `name := value`, or `let` for what never changes and `mut` for what does",
        );
        self.bump();
        self.var_rest(start)
    }

    /// Target and value of a binding that has been complained about.
    fn var_rest(&mut self, start: u32) -> StmtId {
        let target = self.target();
        let ty = self.annotation();
        let value = if self.eat(T::Eq) || self.eat(T::ColonEq) { self.expression() } else { self.error_expr() };
        self.stmt(StmtKind::Bind { kind: BindKind::Mut, target, ty, value }, start)
    }

    /// `do { … } while c`.
    fn do_statement(&mut self, word: &str) -> StmtId {
        let start = self.token().start;
        self.habit(format!("there is no `{word}`"), "write `loop { … if done { break } }`");
        self.bump();
        let body = self.block("`do`");
        let until = self.is_word(self.token(), "until");
        if self.at(T::While) && self.peek(1).kind != T::OpenBrace || until {
            self.bump();
            self.expression();
        }
        self.stmt(StmtKind::Loop { label: None, body }, start)
    }

    // ------------------------------------------------------------------------------------------- assignments

    /// `a = b = c`.
    pub(in super::super) fn no_chained_assignment(&mut self) {
        let assigns = |kind| matches!(kind, T::Eq | T::ColonEq) || crate::syntax::parser::stmt::update_op(kind).is_some();
        if !assigns(self.kind()) || self.at_line_end() {
            return;
        }
        let span = self.token().span();
        self.report_with_help(Code::Chained, span, "assignments do not chain", "write one assignment per line");
        while assigns(self.kind()) && !self.at_line_end() {
            self.bump();
            self.expression();
        }
    }

    /// A binding or assignment without its value.
    pub(in super::super) fn missing_value(&mut self, what: &str) {
        let help = match (what, self.kind()) {
            (_, T::EqEq) => "`:=` or `=` assigns, `==` compares".to_string(),
            ("assignment", _) => "a declaration needs a value: `name: type := value`".to_string(),
            (word, _) => format!("write `{word} name := value`; the missing value is `null`"),
        };
        self.expected_with_help("`:=` and a value", &help);
    }

    /// `let mut x`.
    pub(in super::super) fn doubled_binding_word(&mut self, word: Token) {
        if matches!(self.kind(), T::Let | T::Mut | T::Const) && self.peek(1).kind != T::Colon {
            let message = format!("`{} {}`", word.kind.text(), self.kind().text());
            self.habit(message, "`let` and `const` make immutable bindings, `mut` makes mutable ones: write one of them");
            self.bump();
        }
    }

    /// Two statements on one line without a border.
    #[cold]
    pub(in super::super) fn statements_run_together(&mut self, stmt: StmtId, bare_name: bool) {
        let token = self.token();
        let found = self.found();
        if let (T::CloseParen | T::CloseBracket, false) = (token.kind, bare_name) {
            return self.stray_closer();
        }
        if bare_name && self.operand_on_line() {
            let name = recover::shorten(self.ast[stmt].span.of(self.text));
            let message = format!("expected a newline or `;` after `{name}`, found {found}");
            let help = match self.hint_for_next() {
                Some(hint) => hint.to_string(),
                None => format!("a call needs parentheses: `{name}(…)`"),
            };
            return self.report_with_help(Code::StatementBorder, token.span(), message, help);
        }
        let help = match token.kind {
            T::Colon => Some("blocks stand in braces; a dict within an expression too"),
            T::Question => Some("there is no `c ? a : b`: write `if c { a } else { b }`"),
            T::Else => Some("`else` follows the `}` of an `if`"),
            T::OpenBrace => Some("a block belongs to `if`, `for`, `func` and the like"),
            T::Comma => Some("several values are an array: `[a, b]`"),
            _ => self.hint_for_next(),
        };
        let message = format!("expected a newline or `;` between statements, found {found}");
        let mut diagnostic = self.problem(Code::StatementBorder, token.span(), message);
        if let Some(help) = help {
            diagnostic = diagnostic.with_help(help);
        }
        self.report(diagnostic);
    }

    /// `else`, `except`, `finally`, `case` and `default` where nothing is open that they could belong to.
    pub(in super::super) fn misplaced_clause(&mut self) -> StmtId {
        let word = self.token();
        let owner = match word.kind {
            T::Else => "if",
            T::Except | T::Finally => "try",
            _ => "match",
        };
        let message = format!("`{}` without its `{owner}`", word.kind.text());
        let diagnostic = self.problem(Code::Unexpected, word.span(), message);
        self.report(diagnostic);
        self.bump();
        match word.kind {
            T::Else if self.at(T::If) => {
                let value = self.nested(Self::if_expression, |parser| parser.error_expr());
                return self.stmt(StmtKind::Expr(value), word.start);
            }
            T::Except if self.at(T::Ident) => {
                self.bump();
            }
            _ => {}
        }
        if self.at(T::OpenBrace) && owner != "match" {
            self.block("the word");
        } else {
            self.errors += 1;
            self.skip_statement();
        }
        self.stmt(StmtKind::Error, word.start)
    }

    // ------------------------------------------------------------------------------------------------- blocks

    /// Something that needs a block has none.
    pub(in super::super) fn missing_block(&mut self, what: &str) -> BlockId {
        self.expected(&format!("`{{` after {what}"));
        if self.on_same_line() && self.skip_on_line_to(T::OpenBrace) {
            return self.block(what);
        }
        self.empty_block()
    }

    /// The block of a statement that starts with `word`, written without braces.
    #[cold]
    pub(in super::super) fn block_without_braces(&mut self, word: Token, what: &str) -> BlockId {
        let help = format!("blocks stand in braces: `{} … {{ … }}`", self.text_at(word));
        let token = self.token();
        let lua = self.on_same_line() && (self.is_word(token, "then") || self.is_word(token, "do"));
        if self.at(T::Colon) || lua {
            if !self.colon_blocks {
                let message = format!("expected `{{` after {what}, found {}", self.found());
                self.report_with_help(Code::MissingBraces, token.span(), message, help);
                self.colon_blocks = true;
            }
            self.errors += 1;
            self.bump();
            return if self.token().on_new_line() { self.indented_block(word, false) } else { self.block_of_statement() };
        }
        if self.token().on_new_line() || self.at(T::Eof) {
            if !self.colon_blocks {
                let message = format!("expected `{{` after {what}");
                self.report_with_help(Code::MissingBraces, self.place(), message, help);
            }
            self.errors += 1;
            return self.indented_block(word, true);
        }
        let message = format!("expected `{{` after {what}, found {}", self.found());
        let help = self.hint_for_next().map_or(help, str::to_string);
        self.report_with_help(Code::MissingBraces, token.span(), message, help);
        let statement =
            starts_expression(self.kind()) || matches!(self.kind(), T::Return | T::Break | T::Continue | T::While | T::For);
        let place = self.pos;
        if self.skip_on_line_to(T::OpenBrace) && !(statement && self.pos > place + 1 && self.peek_back_is_call(place)) {
            return self.block(what);
        }
        self.pos = place;
        if self.line_has_own_closer() {
            return self.rest_of_line_block();
        }
        if statement { self.block_of_statement() } else { self.empty_block() }
    }

    /// Whether a `}` follows on this line whose `{` is not on it: then only the opening brace was forgotten.
    fn line_has_own_closer(&self) -> bool {
        let mut depth = 0usize;
        let mut closers = 0usize;
        for ahead in 0..recover::LINE_REACH {
            let token = self.peek(ahead);
            if token.kind == T::Eof || ahead > 0 && token.on_new_line() {
                break;
            }
            match token.kind {
                T::OpenBrace | T::InterpBegin => depth += 1,
                T::CloseBrace | T::InterpEnd if depth > 0 => depth -= 1,
                T::CloseBrace => closers += 1,
                _ => {}
            }
        }
        let mut openers = 0usize;
        let mut closed = 0usize;
        for back in (self.pos.saturating_sub(recover::LINE_REACH)..self.pos).rev() {
            let token = self.tokens[back];
            match token.kind {
                T::CloseBrace | T::InterpEnd => closed += 1,
                T::OpenBrace | T::InterpBegin if closed > 0 => closed -= 1,
                T::OpenBrace => openers += 1,
                _ => {}
            }
            if token.on_new_line() {
                break;
            }
        }
        closers > openers
    }

    /// Statements up to a `}` on this line.
    fn rest_of_line_block(&mut self) -> BlockId {
        let start = self.token().start;
        let from = self.stacks.stmts.len();
        self.nested(|parser| parser.within(Context::BLOCK, |parser| parser.statements(false)), |_| ());
        self.eat(T::CloseBrace);
        self.finish_block(from, start)
    }

    /// Whether the text from token `place` reads like a statement of its own: a call or a jump.
    fn peek_back_is_call(&self, place: usize) -> bool {
        let kinds = [self.tokens[place].kind, self.tokens[(place + 1).min(self.tokens.len() - 1)].kind];
        matches!(kinds, [T::Return | T::Break | T::Continue, _] | [T::Ident, T::OpenParen | T::Dot | T::Eq | T::ColonEq])
    }

    /// A single statement taken as a block.
    fn block_of_statement(&mut self) -> BlockId {
        let start = self.token().start;
        let from = self.stacks.stmts.len();
        self.nested(
            |parser| {
                let stmt = parser.statement();
                parser.stacks.stmts.push(stmt);
            },
            |_| (),
        );
        self.finish_block(from, start)
    }

    /// Statements indented deeper than the line of `word`, taken as its block; with a closing `}` or `end` at the
    /// indentation of that line, if the opening one was just forgotten.
    fn indented_block(&mut self, word: Token, brace_closes: bool) -> BlockId {
        let start = self.token().start;
        let from = self.stacks.stmts.len();
        let indent = self.indent(word);
        self.nested(|parser| parser.within(Context::BLOCK, |parser| parser.indented_statements(indent)), |_| ());
        let block = self.finish_block(from, start);
        let token = self.token();
        if token.on_new_line() && self.indent(token) == indent {
            let closes = brace_closes && token.kind == T::CloseBrace || self.is_word(token, "end") && !self.at(T::Eof);
            if closes {
                self.bump();
            }
        }
        block
    }

    fn indented_statements(&mut self, indent: usize) {
        loop {
            while self.eat(T::Semicolon) {}
            let token = self.token();
            let ends = matches!(token.kind, T::CloseBrace | T::Eof | T::InterpEnd | T::CloseParen | T::CloseBracket);
            if ends || token.on_new_line() && self.indent(token) <= indent {
                return;
            }
            let (before, errors) = (self.pos, self.errors);
            let stmt = self.statement();
            self.stacks.stmts.push(stmt);
            self.statement_border(stmt, errors, false);
            if self.pos == before {
                self.bump();
            }
        }
    }

    /// `elif`, `elsif` and `elseif` behind a block.
    pub(in super::super) fn foreign_else_if(&mut self) -> bool {
        let token = self.token();
        let foreign = token.kind == T::Ident
            && matches!(self.text_at(token), "elif" | "elsif" | "elseif")
            && !assigns(self.peek(1).kind)
            && !matches!(self.peek(1).kind, T::Dot | T::Colon);
        if foreign {
            self.habit(format!("there is no `{}`", self.text_at(token)), "write `else if`");
        }
        foreign
    }

    /// `while … { } else { }`.
    pub(in super::super) fn foreign_while_else(&mut self) {
        if self.at(T::Else) {
            self.habit("loops have no `else`", "set a variable before `break` and test it behind the loop");
            let word = self.bump();
            self.block_after(word, "`else`");
        }
    }

    // -------------------------------------------------------------------------------------------------- loops

    /// Heads of other languages' `for`. Some(true): the head stands in parentheses, and we are behind the first.
    /// None: it has been skipped.
    pub(in super::super) fn foreign_for(&mut self) -> Option<bool> {
        let token = self.token();
        match token.kind {
            T::OpenParen => {
                if self.parentheses_hold_semicolon() {
                    self.c_style_loop(token.span());
                    self.skip_bracket();
                    return None;
                }
                self.habit("`(` in the head of a loop", "write `for x in xs { … }`");
                self.bump();
                // What else is foreign within the parentheses belongs to the same mistake.
                self.last_error = self.pos;
                self.loop_variable_words();
                return Some(true);
            }
            T::OpenBrace
                if self.peek(1).kind != T::CloseBrace && self.token().flags & BLOCK == 0 && !self.brace_is_target() =>
            {
                self.habit("`for` without a head", "an endless loop is `loop { … }`");
                return None;
            }
            T::Let | T::Mut | T::Const => self.loop_variable_words(),
            T::Ident if matches!(self.text_at(token), "var" | "val") && self.peek(1).kind == T::Ident => {
                self.loop_variable_words()
            }
            _ => {}
        }
        if self.at(T::Ident) && matches!(self.peek(1).kind, T::Eq | T::ColonEq) {
            let span = self.peek(1).span();
            self.c_style_loop(span);
            while !self.at(T::OpenBrace) && !self.at(T::Eof) && (self.on_same_line() || self.at(T::Semicolon)) {
                self.bump();
            }
            return None;
        }
        Some(false)
    }

    fn c_style_loop(&mut self, span: Span) {
        let help = "write `for i in 0..n { … }`, or `while`";
        self.report_with_help(Code::Habit, span, "a loop has no start, condition and step", help);
    }

    /// `let`, `var` … before a loop variable.
    fn loop_variable_words(&mut self) {
        let token = self.token();
        let word = matches!(token.kind, T::Let | T::Mut | T::Const)
            || token.kind == T::Ident && self.peek(1).kind == T::Ident && !self.is_word(self.peek(1), "of");
        if word {
            let message = format!("`{}` before a loop variable", self.text_at(token));
            self.habit(message, "write `for x in xs { … }`");
            self.bump();
        }
    }

    /// Whether the `{` here closes before `in`, so that it is a pattern.
    fn brace_is_target(&mut self) -> bool {
        let place = self.pos;
        self.skip_bracket();
        let target = matches!(self.kind(), T::In | T::Comma);
        self.pos = place;
        target
    }

    fn parentheses_hold_semicolon(&mut self) -> bool {
        let place = self.pos;
        self.skip_bracket();
        let end = std::mem::replace(&mut self.pos, place);
        let unclosed = end == place + 1;
        let limit = if unclosed { self.tokens.len().min(place + recover::LINE_REACH) } else { end };
        let mut inside = self.tokens[place..limit].iter();
        inside.next();
        inside.take_while(|token| token.kind != T::OpenBrace && !token.on_new_line()).any(|token| token.kind == T::Semicolon)
    }

    /// The `in` of a loop.
    pub(in super::super) fn expect_in(&mut self, wrapped: bool) {
        if self.eat(T::In) {
            return;
        }
        let token = self.token();
        if wrapped {
            self.last_error = self.pos;
        }
        if token.kind == T::Colon || self.is_word(token, "of") {
            self.habit(format!("`{}` in the head of a loop", self.text_at(token)), "write `for x in xs { … }`");
            self.bump();
        } else {
            self.expected_with_help("`in`", "write `for x in xs { … }`");
        }
    }

    // ----------------------------------------------------------------------------------------------- handlers

    /// `catch`, `rescue` behind the block of a `try`.
    pub(in super::super) fn foreign_except(&mut self) -> bool {
        let token = self.token();
        let foreign = token.kind == T::Ident
            && matches!(self.text_at(token), "catch" | "rescue" | "handle")
            && matches!(self.peek(1).kind, T::OpenBrace | T::OpenParen | T::Ident | T::Colon);
        if foreign {
            self.habit(format!("there is no `{}`", self.text_at(token)), "write `except e { … }`");
        }
        foreign
    }

    /// `except ValueError as e`: the name after the word turned out not to be the last thing before the block.
    pub(in super::super) fn foreign_except_name(&mut self, name: Name) -> Option<Name> {
        if self.at(T::OpenBrace) || self.at(T::Colon) || !self.on_same_line() {
            return Some(name);
        }
        let span = name.span;
        let help = "catch everything with `except e { … }` and look at `e.kind`; throw on what is not meant with `throw e`";
        self.report_with_help(Code::Habit, span, "`except` does not choose by type", help);
        while self.on_same_line() && !matches!(self.kind(), T::OpenBrace | T::Colon | T::Eof) {
            self.bump();
        }
        Some(name)
    }

    /// `except (e) {`.
    pub(in super::super) fn foreign_except_parentheses(&mut self) -> Option<Name> {
        if !self.at(T::OpenParen) {
            return None;
        }
        if self.last_error.wrapping_add(1) != self.pos {
            self.habit("`(` after `except`", "write `except e { … }`");
        }
        self.bump();
        let mut name = None;
        while !matches!(self.kind(), T::CloseParen | T::OpenBrace | T::Eof) {
            if self.at(T::Ident) {
                name = Some(self.take_name());
            } else {
                self.bump();
            }
        }
        self.eat(T::CloseParen);
        name
    }

    /// A second handler.
    pub(in super::super) fn further_except(&mut self) {
        while self.at(T::Except) || self.foreign_except() {
            let word = self.token();
            if word.kind == T::Except {
                self.habit("second `except`", "one handler catches everything; look at `e.kind` in it");
            }
            self.bump();
            while self.on_same_line() && !matches!(self.kind(), T::OpenBrace | T::Colon | T::Eof) {
                self.bump();
            }
            self.block_after(word, "`except`");
        }
    }
}

fn assigns(kind: TokenKind) -> bool {
    matches!(kind, T::Eq | T::ColonEq) || crate::syntax::parser::stmt::update_op(kind).is_some()
}
