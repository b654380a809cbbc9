//! Statements: blocks, bindings and assignments, loops, `try`, modules, tests and benchmarks.

use super::recover::starts_expression;
use super::*;
use crate::syntax::token::ASSIGN;
use TokenKind as T;

impl Parser<'_> {
    /// Statements up to the end of the block (or text); they stay on the stack.
    pub(super) fn statements(&mut self, in_arm: bool) {
        loop {
            while self.eat(T::Semicolon) {}
            match self.kind() {
                T::CloseBrace | T::Eof | T::InterpEnd => return,
                _ if self.clause_ends_block() => return,
                T::CloseParen | T::CloseBracket => {
                    self.stray_closer();
                    continue;
                }
                _ => {}
            }
            let (before, errors) = (self.pos, self.errors);
            self.item_start = before;
            let stmt = self.statement();
            self.stacks.stmts.push(stmt);
            self.statement_border(stmt, errors, in_arm);
            if self.pos == before {
                // Reported; go on behind it.
                self.bump();
            }
        }
    }

    /// `{ … }` after `what`, which asks for a block.
    pub(super) fn block(&mut self, what: &str) -> BlockId {
        if !self.at(T::OpenBrace) {
            return self.missing_block(what);
        }
        self.nested(Self::braced_block, |parser| parser.empty_block())
    }

    /// The block of the statement that starts with `word`; `what` stands before it.
    pub(super) fn block_after(&mut self, word: Token, what: &str) -> BlockId {
        if self.at(T::OpenBrace) {
            let owner = if matches!(word.kind, T::If | T::Try | T::Except) { word.kind } else { T::Eof };
            return self.nested(|parser| parser.braced_block_of(owner), |parser| parser.empty_block());
        }
        self.block_without_braces(word, what)
    }

    pub(super) fn empty_block(&mut self) -> BlockId {
        let span = Span::at(self.prev_end());
        self.ast.add(Block { stmts: List::EMPTY, span })
    }

    fn braced_block(&mut self) -> BlockId {
        self.braced_block_of(T::Eof)
    }

    /// Whether an `else`, `except` or `finally` shows that the block before it lacks its `}`.
    fn clause_ends_block(&self) -> bool {
        let owner = self.context.owner;
        self.missing_braces > 0
            && match self.kind() {
                T::Else => owner == T::If,
                T::Except => owner == T::Try,
                T::Finally => owner == T::Try || owner == T::Except,
                _ => false,
            }
    }

    fn braced_block_of(&mut self, owner: TokenKind) -> BlockId {
        let open = self.pos;
        let start = self.bump().start;
        let from = self.stacks.stmts.len();
        self.within(Context { owner, ..Context::BLOCK }, |parser| {
            parser.statements(false);
            if !parser.eat(T::CloseBrace) {
                parser.unclosed_block(open);
            }
        });
        self.finish_block(from, start)
    }

    pub(super) fn finish_block(&mut self, from: usize, start: u32) -> BlockId {
        let stmts = self.ast.add_list(&mut self.stacks.stmts, from);
        let span = self.span_from(start);
        self.ast.add(Block { stmts, span })
    }

    pub(super) fn statement(&mut self) -> StmtId {
        let token = self.token();
        let start = token.start;
        match token.kind {
            T::Ident => self.statement_from_name(),
            kind if kind.is_keyword() && self.assigns_keyword(kind) => self.assigned_keyword(),
            T::If => {
                let value = self.if_expression();
                self.stmt(StmtKind::Expr(value), start)
            }
            T::Match => {
                let value = self.match_expression();
                self.stmt(StmtKind::Expr(value), start)
            }
            T::Return | T::Break | T::Continue => {
                let value = self.jump();
                self.stmt(StmtKind::Expr(value), start)
            }
            T::Let | T::Mut | T::Const => self.binding(),
            T::For | T::While | T::Loop => self.loop_statement(None, start),
            T::Func if self.peek(1).kind != T::OpenParen && !self.anonymous_generator() => self.func_statement(),
            T::Async if self.peek(1).kind == T::Func && self.peek(2).kind != T::OpenParen => self.func_statement(),
            T::Async if self.foreign_async() => self.async_with_foreign_word(),
            T::Struct => self.struct_statement(),
            T::Enum => self.enum_statement(),
            T::Impl => self.impl_statement(),
            T::Try => self.try_statement(),
            T::Import => self.import_statement(),
            T::From => self.import_from(),
            T::Export => self.export_statement(),
            T::OpenBracket | T::OpenBrace if token.flags & ASSIGN != 0 => {
                let target = self.target();
                self.assignment(target, start)
            }
            T::Else | T::Except | T::Finally | T::Case | T::Default => self.misplaced_clause(),
            _ => self.expression_statement(),
        }
    }

    /// Whether `func*(` stands here.
    fn anonymous_generator(&self) -> bool {
        self.peek(1).kind == T::Star && self.peek(2).kind == T::OpenParen
    }

    fn statement_from_name(&mut self) -> StmtId {
        let token = self.token();
        let next = self.peek(1);
        match next.kind {
            T::ColonEq | T::Eq if !next.on_new_line() => {
                let name = self.take_name();
                let kind = if name.symbol == self.underscore { TargetKind::Ignored } else { TargetKind::Name(name.symbol) };
                let target = self.ast.add(Target { kind, span: name.span });
                self.assignment(target, token.start)
            }
            T::Colon if !next.on_new_line() => self.label_or_annotation(),
            T::Str | T::StrBegin | T::OpenBrace if let Some(word) = self.test_word(token) => self.test_statement(word),
            _ => match self.foreign_statement() {
                Some(stmt) => stmt,
                None => self.expression_statement(),
            },
        }
    }

    /// An expression, or an assignment to a place.
    fn expression_statement(&mut self) -> StmtId {
        let start = self.token().start;
        let errors = self.errors;
        let value = self.expression();
        let kind = self.kind();
        if self.at_line_end() {
            return self.stmt(StmtKind::Expr(value), start);
        }
        if matches!(kind, T::ColonEq | T::Eq) {
            let target = self.place_target(value, errors);
            return self.assignment(target, start);
        }
        match update_op(kind) {
            Some(op) => self.update(op, value, start, errors),
            None => self.stmt(StmtKind::Expr(value), start),
        }
    }

    fn update(&mut self, op: UpdateOp, place: ExprId, start: u32, errors: usize) -> StmtId {
        let sign = self.token();
        if self.errors == errors && !self.check_place(place) {
            let span = self.ast.span_of(place);
            let help = format!("left of `{}` stands a variable, an element or a field", sign.kind.text());
            self.report_with_help(Code::BadTarget, span, "cannot assign to this", help);
        }
        self.bump();
        let value = self.expression();
        self.no_chained_assignment();
        self.stmt(StmtKind::Update { op, place, value }, start)
    }

    /// The rest of an assignment from its annotation on.
    pub(super) fn assignment(&mut self, target: TargetId, start: u32) -> StmtId {
        let ty = self.annotation();
        let value = self.assigned_value("assignment");
        self.stmt(StmtKind::Assign { target, ty, value }, start)
    }

    /// `:= e` or `= e`.
    fn assigned_value(&mut self, what: &str) -> ExprId {
        if matches!(self.kind(), T::ColonEq | T::Eq) && !self.at_line_end() {
            self.bump();
            let value = self.expression();
            self.no_chained_assignment();
            return value;
        }
        self.missing_value(what);
        self.error_expr()
    }

    fn binding(&mut self) -> StmtId {
        let word = self.bump();
        let kind = match word.kind {
            T::Let => BindKind::Let,
            T::Mut => BindKind::Mut,
            _ => BindKind::Const,
        };
        self.doubled_binding_word(word);
        let target = self.target();
        let ty = self.annotation();
        let value = self.assigned_value(word.kind.text());
        self.stmt(StmtKind::Bind { kind, target, ty, value }, word.start)
    }

    /// `name: for …` or `name: type := e`.
    fn label_or_annotation(&mut self) -> StmtId {
        let start = self.token().start;
        let name = self.take_name();
        if matches!(self.peek(1).kind, T::For | T::While | T::Loop) {
            self.bump();
            return self.loop_statement(Some(name), start);
        }
        let kind = if name.symbol == self.underscore { TargetKind::Ignored } else { TargetKind::Name(name.symbol) };
        let target = self.ast.add(Target { kind, span: name.span });
        self.assignment(target, start)
    }

    // -------------------------------------------------------------------------------------------------- loops

    pub(super) fn loop_statement(&mut self, label: Option<Name>, start: u32) -> StmtId {
        let word = self.bump();
        match word.kind {
            T::Loop => {
                let body = self.block_after(word, "`loop`");
                self.stmt(StmtKind::Loop { label, body }, start)
            }
            T::While => {
                let condition = self.head();
                let body = self.block_after(word, "the condition");
                self.foreign_while_else();
                self.stmt(StmtKind::While { label, condition, body }, start)
            }
            _ => self.for_statement(label, word, start),
        }
    }

    pub(super) fn for_statement(&mut self, label: Option<Name>, word: Token, start: u32) -> StmtId {
        let wrapped = self.foreign_for();
        let Some(wrapped) = wrapped else {
            // Explained; the body is read for its own mistakes.
            let body = self.block_after(word, "the head");
            let condition = self.error_expr();
            return self.stmt(StmtKind::While { label, condition, body }, start);
        };
        let first = self.target();
        let second = self.eat(T::Comma).then(|| self.target());
        self.expect_in(wrapped);
        let iterable = if wrapped {
            let iterable = self.within(Context::BRACKET, |parser| parser.expression());
            self.eat(T::CloseParen);
            iterable
        } else {
            self.head()
        };
        let body = self.block_after(word, "the head of the loop");
        self.foreign_while_else();
        self.stmt(StmtKind::For { label, first, second, iterable, body }, start)
    }

    // ---------------------------------------------------------------------------------------------------- try

    fn try_statement(&mut self) -> StmtId {
        let word = self.bump();
        let errors = self.errors;
        let body = self.block_after(word, "`try`");
        let mut handler = None;
        let clause = self.token();
        if self.at(T::Except) || self.foreign_except() {
            self.bump();
            let name = self.except_name();
            let body = self.block_after(clause, "`except`");
            handler = Some(Handler { name, body });
            self.further_except();
        }
        let clause = self.token();
        let finally = self.eat(T::Finally).then(|| self.block_after(clause, "`finally`"));
        if handler.is_none() && finally.is_none() && self.errors == errors {
            let help = "add `except e { … }`, `finally { … }` or both";
            self.report_with_help(Code::Unexpected, word.span(), "`try` without `except` or `finally`", help);
        }
        self.stmt(StmtKind::Try { body, handler, finally }, word.start)
    }

    fn except_name(&mut self) -> Option<Name> {
        if self.at(T::Ident) {
            let name = self.take_name();
            return self.foreign_except_name(name);
        }
        self.foreign_except_parentheses()
    }

    // ------------------------------------------------------------------------------------------------ modules

    fn import_statement(&mut self) -> StmtId {
        let start = self.bump().start;
        if self.foreign_import() {
            return self.stmt(StmtKind::Error, start);
        }
        let Some(path) = self.module_path() else {
            return self.stmt(StmtKind::Error, start);
        };
        let alias = self.alias();
        if !self.at_line_end() && (self.at(T::Comma) || self.at(T::From)) {
            self.foreign_import_tail();
        }
        self.stmt(StmtKind::Import { path, alias }, start)
    }

    fn import_from(&mut self) -> StmtId {
        let start = self.bump().start;
        if self.foreign_import() {
            return self.stmt(StmtKind::Error, start);
        }
        let Some(path) = self.module_path() else {
            return self.stmt(StmtKind::Error, start);
        };
        if !self.at(T::Import) {
            self.expected_with_help("`import`", "write `from module import name`");
            self.skip_statement();
            return self.stmt(StmtKind::Error, start);
        }
        self.bump();
        if self.eat(T::Star) {
            return self.stmt(StmtKind::ImportAll { path }, start);
        }
        let items = self.import_items();
        let items = match items {
            Some(mut items) => self.ast.add_list(&mut items, 0),
            None => List::EMPTY,
        };
        self.stmt(StmtKind::ImportFrom { path, items }, start)
    }

    fn import_items(&mut self) -> Option<Vec<ImportItem>> {
        let wrapped = self.wrapped_import_items();
        let mut items = Vec::new();
        loop {
            let name = self.expect_name("what to import")?;
            let alias = self.alias();
            items.push(ImportItem { name, alias });
            if !self.eat(T::Comma) {
                break;
            }
        }
        if wrapped && matches!(self.kind(), T::CloseParen | T::CloseBrace) {
            self.bump();
        }
        Some(items)
    }

    fn alias(&mut self) -> Option<Name> {
        if !self.at(T::As) || self.at_line_end() {
            return None;
        }
        self.bump();
        self.expect_name("the alias")
    }

    fn module_path(&mut self) -> Option<List<Name>> {
        let from = self.stacks.names.len();
        loop {
            let Some(name) = self.expect_name("the module") else {
                self.stacks.names.truncate(from);
                return None;
            };
            self.stacks.names.push(name);
            if !self.foreign_path_separator() && !self.eat(T::Dot) {
                return Some(self.ast.add_list(&mut self.stacks.names, from));
            }
        }
    }

    fn export_statement(&mut self) -> StmtId {
        let start = self.bump().start;
        self.foreign_export();
        let kind = match self.kind() {
            T::Func | T::Async | T::Struct | T::Enum | T::Let | T::Mut | T::Const => {
                let stmt = self.statement();
                StmtKind::Export(stmt)
            }
            T::OpenBracket | T::OpenBrace if self.token().flags & ASSIGN != 0 => StmtKind::Export(self.statement()),
            T::Ident if matches!(self.peek(1).kind, T::ColonEq | T::Eq | T::Colon) && !self.peek(1).on_new_line() => {
                StmtKind::Export(self.statement())
            }
            T::Ident => match self.exported_names() {
                Some(names) => StmtKind::ExportNames(names),
                None => StmtKind::Error,
            },
            _ => {
                let help = "`export` stands before `func`, `struct`, `enum`, a binding, or names";
                self.report_with_help(Code::BadImport, self.place(), format!("cannot export {}", self.found()), help);
                self.skip_statement();
                StmtKind::Error
            }
        };
        self.stmt(kind, start)
    }

    fn exported_names(&mut self) -> Option<List<Name>> {
        if let Some(stmt) = self.foreign_statement() {
            // `export fn f() { }`: explained and read.
            let _ = stmt;
            return None;
        }
        let from = self.stacks.names.len();
        loop {
            let Some(name) = self.expect_name("what to export") else {
                self.stacks.names.truncate(from);
                return None;
            };
            self.stacks.names.push(name);
            if !self.eat(T::Comma) {
                return Some(self.ast.add_list(&mut self.stacks.names, from));
            }
        }
    }

    // -------------------------------------------------------------------------------------------------- tests

    /// The word that starts a test or benchmark, if `token` is one: what follows is a string or a block already.
    fn test_word(&self, token: Token) -> Option<TestWord> {
        TestWord::find(self.text_at(token))
    }

    fn test_statement(&mut self, word: TestWord) -> StmtId {
        let token = self.bump();
        let name = self.test_name(word);
        let body = self.block_after(token, if name.is_some() { "the name" } else { "the word" });
        self.stmt(StmtKind::Test { word, name: name.unwrap_or_default(), body }, token.start)
    }

    fn test_name(&mut self, word: TestWord) -> Option<Text> {
        let (text, named) = (word.text(), word.is_named());
        match self.kind() {
            T::Str if named => {
                let token = self.token();
                let literal = self.string_literal(token);
                self.bump();
                match literal {
                    ExprKind::Str(text) => Some(text),
                    _ => None,
                }
            }
            T::Str | T::StrBegin => {
                let span = self.token().span();
                let (message, help) = if named {
                    (
                        format!("the name of a {text} is fixed text"),
                        format!("write `{text} \"what it shows\" {{ … }}` without `${{…}}`"),
                    )
                } else {
                    (format!("`{text}` has no name"), format!("write `{text} {{ … }}`"))
                };
                self.report_with_help(Code::Unexpected, span, message, &help);
                self.expression();
                None
            }
            _ if named => {
                let help = format!("write `{text} \"what it shows\" {{ … }}`");
                self.expected_with_help(&format!("a name after `{text}`"), &help);
                None
            }
            _ => None,
        }
    }

    // ------------------------------------------------------------------------------------------------ borders

    /// Sees to it that the statement just read ends here. `errors` is the count before it; `in_arm` says that
    /// `case` and `default` end it too.
    pub(super) fn statement_border(&mut self, stmt: StmtId, errors: usize, in_arm: bool) {
        let token = self.token();
        match token.kind {
            T::Semicolon | T::CloseBrace | T::Eof | T::InterpEnd => return,
            _ if self.clause_ends_block() => return,
            T::Case | T::Default if in_arm => return,
            _ if token.on_new_line() => return,
            _ => {}
        }
        if self.errors > errors {
            return self.skip_statement();
        }
        let bare_name =
            matches!(self.ast[stmt].kind, StmtKind::Expr(value) if matches!(self.ast[value].kind, ExprKind::Name(_)));
        if !bare_name && self.starts_statement() {
            return;
        }
        self.statements_run_together(stmt, bare_name);
        self.skip_statement();
    }

    /// Whether the next token clearly begins a statement, so that no separator is needed before it.
    fn starts_statement(&self) -> bool {
        let next = self.peek(1);
        match self.kind() {
            T::Let
            | T::Mut
            | T::Const
            | T::Func
            | T::Return
            | T::Enum
            | T::Struct
            | T::Impl
            | T::Match
            | T::If
            | T::Loop => true,
            T::While | T::For | T::Break | T::Continue | T::Try | T::Throw | T::Import | T::Export | T::From => true,
            T::Spawn | T::Async | T::Await | T::Yield => true,
            T::Ident if matches!(next.kind, T::Str | T::OpenBrace) => self.test_word(self.token()).is_some(),
            T::Ident | T::SelfWord => {
                !next.on_new_line()
                    && (matches!(next.kind, T::ColonEq | T::Eq | T::Colon | T::OpenParen | T::OpenBracket | T::Dot)
                        || matches!(next.kind, T::QuestionDot | T::ColonColon | T::FatArrow)
                        || update_op(next.kind).is_some())
            }
            _ => false,
        }
    }

    /// Whether an operand might follow on this line.
    pub(super) fn operand_on_line(&self) -> bool {
        self.on_same_line() && starts_expression(self.kind())
    }
}

/// The operator of a token like `+=`.
pub(super) fn update_op(kind: TokenKind) -> Option<UpdateOp> {
    use BinaryOp::*;
    Some(match kind {
        T::PlusEq => UpdateOp::Binary(Add),
        T::MinusEq => UpdateOp::Binary(Sub),
        T::StarEq => UpdateOp::Binary(Mul),
        T::SlashEq => UpdateOp::Binary(Div),
        T::PercentEq => UpdateOp::Binary(Mod),
        T::StarStarEq => UpdateOp::Binary(Pow),
        T::AmpEq => UpdateOp::Binary(BitAnd),
        T::PipeEq => UpdateOp::Binary(BitOr),
        T::CaretEq => UpdateOp::Binary(BitXor),
        T::ShlEq => UpdateOp::Binary(Shl),
        T::ShrEq => UpdateOp::Binary(Shr),
        T::QuestionQuestionEq => UpdateOp::Coalesce,
        _ => return None,
    })
}
