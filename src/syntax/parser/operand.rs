//! Operands: names and literals, brackets, `if` and `match`, functions.

use super::*;
use crate::syntax::token::ARROW;
use TokenKind as T;

impl Parser<'_> {
    #[inline]
    pub(super) fn primary(&mut self) -> ExprId {
        let token = self.token();
        let kind = match token.kind {
            T::Ident => {
                let symbol = self.intern(token);
                if symbol == self.underscore || self.is_foreign_operand(token) {
                    return self.odd_name(symbol);
                }
                self.pos += 1;
                return self.ast.add(Expr { kind: ExprKind::Name(symbol), span: token.span() });
            }
            T::Int => self.int_literal(token),
            T::Float => self.float_literal(token),
            T::Str => self.string_literal(token),
            T::StrBegin => return self.nested(Self::interpolated_string, Self::error_expr),
            T::True => ExprKind::Bool(true),
            T::False => ExprKind::Bool(false),
            T::Null => ExprKind::Null,
            T::SelfWord => ExprKind::SelfValue,
            T::Invalid => ExprKind::Error,
            T::OpenParen => return self.parenthesised(token),
            T::OpenBracket => return self.array(),
            T::OpenBrace if self.context.head && self.brace_is_block() => return self.missing_operand(),
            T::OpenBrace => return self.dict(),
            T::If => return self.nested(Self::if_expression, Self::error_expr),
            T::Match => return self.nested(Self::match_expression, Self::error_expr),
            T::Spawn => {
                self.bump();
                let body = self.block("`spawn`");
                return self.expr(ExprKind::Spawn(body), token.start);
            }
            T::Func => return self.nested(Self::anonymous_function, Self::error_expr),
            T::Async if self.peek(1).kind == T::Func => return self.nested(Self::anonymous_function, Self::error_expr),
            T::Async => return self.nested(Self::misplaced_low, Self::error_expr),
            T::Yield | T::Throw | T::Return | T::Break | T::Continue => {
                return self.nested(Self::misplaced_low, Self::error_expr);
            }
            _ => return self.missing_operand(),
        };
        self.bump();
        self.ast.add(Expr { kind, span: token.span() })
    }

    fn parenthesised(&mut self, token: Token) -> ExprId {
        if token.flags & ARROW != 0 {
            return self.nested(Self::misplaced_low, Self::error_expr);
        }
        let open = self.pos;
        self.bump();
        let inside = |parser: &mut Self| {
            parser.within(Context::BRACKET, |parser| {
                if parser.at(T::CloseParen) {
                    parser.empty_parentheses(open);
                    parser.bump();
                    return parser.error_expr();
                }
                let inner = parser.expression();
                parser.tuple_or_assignment(open);
                parser.close(open, T::CloseParen);
                inner
            })
        };
        self.closers.push(T::CloseParen);
        let inner = self.nested(inside, Self::error_expr);
        self.closers.pop();
        self.expr(ExprKind::Paren(inner), token.start)
    }

    fn array(&mut self) -> ExprId {
        let start = self.token().start;
        let from = self.stacks.elements.len();
        self.list(T::CloseBracket, Context::BRACKET, |parser| {
            let element = if parser.eat(T::Ellipsis) {
                Element::Spread(parser.expression())
            } else {
                Element::Item(parser.expression())
            };
            parser.comprehension();
            parser.stacks.elements.push(element);
        });
        let elements = self.ast.add_list(&mut self.stacks.elements, from);
        self.expr(ExprKind::Array(elements), start)
    }

    pub(super) fn dict(&mut self) -> ExprId {
        let start = self.token().start;
        let from = self.stacks.entries.len();
        self.list(T::CloseBrace, Context::BRACKET, Self::dict_entry);
        let entries = self.ast.add_list(&mut self.stacks.entries, from);
        self.expr(ExprKind::Dict(entries), start)
    }

    fn dict_entry(&mut self) {
        if self.eat(T::Ellipsis) {
            let value = self.expression();
            return self.stacks.entries.push(DictEntry::Spread(value));
        }
        let token = self.token();
        if self.at_key() && self.peek(1).kind == T::Colon && !matches!(token.kind, T::Null | T::True | T::False) {
            let name = self.take_name();
            self.bump();
            let value = self.expression();
            return self.stacks.entries.push(DictEntry::Pair { key: DictKey::Name(name), value });
        }
        let key = self.expression();
        if self.eat(T::Colon) {
            let value = self.expression();
            return self.stacks.entries.push(DictEntry::Pair { key: DictKey::Expr(key), value });
        }
        if self.dict_entry_with_other_sign() {
            let value = self.expression();
            return self.stacks.entries.push(DictEntry::Pair { key: DictKey::Expr(key), value });
        }
        match self.ast[key] {
            Expr { kind: ExprKind::Name(symbol), span } => {
                let name = Name { symbol, span };
                self.stacks.entries.push(DictEntry::Shorthand { name, value: key });
            }
            // Something has been said about it already.
            Expr { kind: ExprKind::Error, .. } => {}
            _ => self
                .expected_with_help("`:` after the key", "an entry is `key: value`; a name alone is short for `name: name`"),
        }
    }

    // -------------------------------------------------------------------------------------------- conditionals

    /// `if`, with all its `else if`s.
    pub(super) fn if_expression(&mut self) -> ExprId {
        let start = self.token().start;
        let mut arms = Vec::new();
        let mut otherwise = None;
        let word = Token { kind: T::If, ..self.bump() };
        let condition = self.head();
        let body = self.block_after(word, "the condition");
        arms.push(IfArm { condition, body });
        loop {
            let mut word = self.token();
            if self.at(T::Else) && self.peek(1).kind == T::If {
                self.bump();
                self.bump();
                word.kind = T::If;
            } else if self.foreign_else_if() {
                self.bump();
            } else if self.eat(T::Else) {
                otherwise = Some(self.block_after(word, "`else`"));
                break;
            } else {
                break;
            }
            let condition = self.head();
            let body = self.block_after(word, "the condition");
            arms.push(IfArm { condition, body });
        }
        let arms = self.ast.add_list(&mut arms, 0);
        self.expr(ExprKind::If { arms, otherwise }, start)
    }

    pub(super) fn match_expression(&mut self) -> ExprId {
        let start = self.bump().start;
        let subject = self.head();
        let from = self.stacks.match_arms.len();
        let open = self.pos;
        if !self.at(T::OpenBrace) && matches!(self.kind(), T::Case | T::Default) {
            self.expected("`{` after the value to match");
            self.nested(|parser| parser.within(Context::BLOCK, |parser| parser.match_arms(open, from)), |_| ());
        } else if self.at(T::OpenBrace) {
            self.bump();
            self.nested(|parser| parser.within(Context::BLOCK, |parser| parser.match_arms(open, from)), |_| ());
        } else {
            self.missing_block("the value to match");
        }
        let arms = self.ast.add_list(&mut self.stacks.match_arms, from);
        self.expr(ExprKind::Match { subject, arms }, start)
    }

    fn match_arms(&mut self, open: usize, from: usize) {
        loop {
            while self.eat(T::Semicolon) {}
            self.item_start = self.pos;
            match self.kind() {
                T::Case => self.case_arm(),
                T::Default => self.default_arm(from),
                T::CloseBrace => {
                    self.bump();
                    return;
                }
                T::Eof => return self.unclosed_block(open),
                _ => {
                    let before = self.pos;
                    if !self.foreign_arm() {
                        self.expected_with_help("`case` or `default`", "an arm is `case pattern: statement`");
                    }
                    if self.pos == before {
                        self.bump();
                        self.skip_statement();
                    }
                }
            }
        }
    }

    fn case_arm(&mut self) {
        let start = self.bump().start;
        let pattern = self.pattern();
        self.patterns_with_commas();
        let guard = if self.eat(T::If) {
            let context = Context { guard: true, ..Context::BLOCK };
            Some(self.within(context, |parser| parser.expression()))
        } else {
            None
        };
        self.finish_arm(start, Some(pattern), guard);
    }

    fn default_arm(&mut self, from: usize) {
        let word = self.bump();
        if self.stacks.match_arms[from..].iter().any(|arm| arm.pattern.is_none()) {
            let diagnostic = self.problem(Code::DuplicateDefault, word.span(), "second `default` in this `match`");
            self.report(diagnostic);
        }
        self.finish_arm(word.start, None, None);
    }

    /// The `:` and body of an arm.
    pub(super) fn finish_arm(&mut self, start: u32, pattern: Option<PatternId>, guard: Option<ExprId>) {
        self.arm_colon();
        let body = self.arm_body();
        let span = self.span_from(start);
        self.stacks.match_arms.push(MatchArm { pattern, guard, body, span });
    }

    fn arm_body(&mut self) -> BlockId {
        if self.at(T::OpenBrace) {
            return self.block("`:`");
        }
        let start = self.token().start;
        let from = self.stacks.stmts.len();
        if matches!(self.kind(), T::Case | T::Default | T::CloseBrace | T::Eof) {
            self.expected_with_help("a statement after `:`", "write `{}` for an arm that does nothing");
        } else {
            self.nested(
                |parser| {
                    let before = parser.errors;
                    let stmt = parser.statement();
                    parser.stacks.stmts.push(stmt);
                    parser.statement_border(stmt, before, true);
                },
                |_| (),
            );
        }
        let stmts = self.ast.add_list(&mut self.stacks.stmts, from);
        let span = self.span_from(start);
        self.ast.add(Block { stmts, span })
    }

    // ---------------------------------------------------------------------------------------------- functions

    /// `x => …`, `(a, b) => …`, with `async` before.
    pub(super) fn lambda(&mut self) -> ExprId {
        self.nested(Self::lambda_within, Self::error_expr)
    }

    fn lambda_within(&mut self) -> ExprId {
        let start = self.token().start;
        let is_async = self.eat(T::Async);
        let params = if self.at(T::OpenParen) {
            self.params()
        } else if self.at(T::Ident) {
            let from = self.stacks.params.len();
            let name = self.take_name();
            let kind = if name.symbol == self.underscore { ParamKind::Ignored } else { ParamKind::Plain };
            self.stacks.params.push(Param { kind, name, ty: None, default: None, span: name.span });
            self.ast.add_list(&mut self.stacks.params, from)
        } else {
            self.expected_with_help("`func` or a lambda after `async`", "write `async func name() { … }` or `async x => …`");
            return self.error_expr();
        };
        self.lambda_arrow();
        let body = if self.at(T::OpenBrace) && !self.block_is_dict() {
            FuncBody::Block(self.block("`=>`"))
        } else {
            let body = self.expression_or_jump();
            self.statement_as_lambda_body(body);
            FuncBody::Expr(body)
        };
        let span = self.span_from(start);
        let func = Func { name: None, params, result: None, body, is_async, is_generator: false, is_lambda: true, span };
        let func = self.ast.add(func);
        self.expr(ExprKind::Func(func), start)
    }

    fn anonymous_function(&mut self) -> ExprId {
        let start = self.token().start;
        let func = self.function(None);
        if let Some(name) = self.ast[func].name {
            let help = "leave the name out, or declare the function before";
            self.report_with_help(Code::Unexpected, name.span, "a function within an expression has no name", help);
        }
        self.expr(ExprKind::Func(func), start)
    }
}
