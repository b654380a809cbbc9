//! Foreign notation within expressions and patterns.

use super::*;
use crate::syntax::parser::expr::infix;
use crate::syntax::parser::recover::starts_expression;
use crate::syntax::token::BLOCK;
use TokenKind as T;

/// How far ahead the `:` of `c ? a : b` is looked for, in tokens.
const TERNARY_REACH: usize = 200;

impl Parser<'_> {
    // ---------------------------------------------------------------------------------------------- operators

    /// `if {`: the brace is that of the block.
    pub(in super::super) fn head_is_missing(&mut self) -> bool {
        let missing = self.at(T::OpenBrace) && self.brace_is_block();
        if missing {
            self.expected("an expression before the block");
        }
        missing
    }

    /// Whether the `{` in the head of a statement starts its block: nothing follows that could go on from a dict.
    pub(in super::super) fn brace_is_block(&mut self) -> bool {
        let place = self.pos;
        self.skip_bracket();
        let next = self.token();
        self.pos = place;
        next.on_new_line() && next.kind != T::OpenBrace
            || matches!(next.kind, T::Eof | T::CloseBrace | T::Semicolon | T::Else | T::Except | T::Finally)
    }

    /// `if P { x: 1 } == p {`: reports it, if the `{` can only be that of a struct literal, and says so.
    pub(in super::super) fn struct_literal_in_head(&mut self, path: ExprId) -> bool {
        let fields = match (self.peek(1).kind, self.peek(2).kind) {
            (T::CloseBrace | T::Ellipsis, _) => true,
            (key, T::Colon | T::Comma | T::CloseBrace) => key == T::Ident || key.is_keyword(),
            _ => false,
        };
        if !fields || !self.is_path(path) {
            return false;
        }
        let place = self.pos;
        self.skip_bracket();
        let next = self.token();
        self.pos = place;
        let goes_on = next.kind == T::OpenBrace || next.kind != T::Minus && infix(next.kind).is_some();
        if !goes_on || next.on_new_line() {
            return false;
        }
        let name = self.ast.span_of(path).of(self.text);
        self.habit(
            format!("a struct literal of {name} before the `{{` of a block"),
            format!("put it in parentheses: `({name} {{ … }})`"),
        );
        true
    }

    /// `if x = 1 {`.
    pub(in super::super) fn assignment_in_condition(&mut self) {
        if matches!(self.kind(), T::Eq | T::ColonEq) && !self.at_line_end() {
            let message = format!("`{}` in a condition", self.kind().text());
            self.habit(message, "`==` compares; an assignment is a statement of its own");
            self.bump();
            self.expression();
        }
    }

    /// `x++` and `x--`; says whether that was it.
    pub(in super::super) fn foreign_operator(&mut self, left: ExprId) -> bool {
        let kind = self.kind();
        if !matches!(kind, T::Plus | T::Minus) || self.peek(1).kind != kind || !self.touches_next() {
            return false;
        }
        let after = self.peek(2);
        let operand = starts_expression(after.kind) && !after.on_new_line();
        if kind == T::Minus && operand {
            return false;
        }
        let span = Span::new(self.token().start, self.peek(1).end);
        let sign = kind.text();
        let name = self.ast.span_of(left).of(self.text);
        let help = match self.ast[left].kind {
            ExprKind::Name(_) | ExprKind::Field { .. } | ExprKind::Index { .. } if !operand && name.len() <= 40 => {
                format!("write `{name} {sign}= 1`")
            }
            _ => format!("write `x {sign}= 1`; strings and arrays are joined by `+`"),
        };
        self.report_with_help(Code::Habit, span, format!("there is no operator `{sign}{sign}`"), help);
        self.bump();
        if !operand {
            self.bump();
        }
        !operand
    }

    /// `===`, `!==`, `<>`, `>>>`, `<=>`, `^^`.
    pub(in super::super) fn operator_with_extra_sign(&mut self, op: BinaryOp, op_span: Span) {
        let next = self.token();
        let help = match (op, next.kind) {
            (BinaryOp::Eq, T::Eq) => "write `==`, which never converts",
            (BinaryOp::Ne, T::Eq) | (BinaryOp::Lt, T::Greater) => "write `!=`, which never converts",
            (BinaryOp::Shr, T::Greater) => "write `>>`: ints have no highest bit",
            (BinaryOp::Le, T::Greater) => "compare with `<`, `==` and `>`",
            (BinaryOp::BitXor, T::Caret) => "powers are written `a ** b`; of two bools, `a != b` says whether one is true",
            _ => return,
        };
        if next.start == op_span.end {
            self.no_such_operator(Span::new(op_span.start, next.end), help);
            self.bump();
        }
    }

    /// `&&&`, `|||`, `&&=`, `||=`.
    pub(in super::super) fn logical_with_extra_sign(&mut self, op: Token) {
        let next = self.token();
        let sign = op.kind.text();
        let help = match (op.kind, next.kind) {
            (T::AmpAmp, T::Amp | T::AmpAmp) | (T::PipePipe, T::Pipe | T::PipePipe) => format!("write `{sign}`"),
            (T::AmpAmp | T::PipePipe, T::Eq) => format!("write `x = x {sign} …`"),
            _ => return,
        };
        if next.start == op.end {
            self.no_such_operator(Span::new(op.start, next.end), &help);
            self.bump();
        }
    }

    fn no_such_operator(&mut self, span: Span, help: &str) {
        let message = format!("there is no operator `{}`", span.of(self.text));
        self.report_with_help(Code::Habit, span, message, help);
    }

    /// `a mod b`, `a xor b`, `a ~= b`, behind `a`.
    #[cold]
    pub(in super::super) fn foreign_binary(&mut self, left: ExprId, start: u32) -> ExprId {
        let (op, help) = match self.text_at(self.token()) {
            "mod" => (BinaryOp::Mod, "write `a % b`"),
            "div" => (BinaryOp::Div, "write `a / b`, which truncates if both are ints"),
            "xor" => (BinaryOp::BitXor, "write `a != b` for bools, `a ^ b` for the bits of ints"),
            "shl" => (BinaryOp::Shl, "write `a << b`"),
            "shr" => (BinaryOp::Shr, "write `a >> b`"),
            "~" if self.peek(1).kind == T::Eq && self.touches_next() => (BinaryOp::Ne, "write `!=`"),
            _ => return left,
        };
        let sign = if self.at(T::Tilde) { 2 } else { 1 };
        let operand = self.peek(sign);
        // `x := 1 mod(2)` calls a function of that name.
        let bracket =
            matches!(operand.kind, T::OpenParen | T::OpenBracket | T::Minus) && self.context.newlines && !self.context.head;
        if !starts_expression(operand.kind) || operand.on_new_line() && self.context.newlines || bracket && sign == 1 {
            return left;
        }
        let op_span = Span::new(self.token().start, self.peek(sign - 1).end);
        self.no_such_operator(op_span, help);
        self.pos += sign;
        let right = self.nested(Self::prefix, Self::error_expr);
        self.expr(ExprKind::Binary { op, left, right, op_span }, start)
    }

    /// `a?:b`, `a!`, `p->x` behind the operand `left`: what is to stand in its place.
    #[cold]
    pub(in super::super) fn foreign_postfix(&mut self, left: ExprId, start: u32) -> Option<ExprId> {
        let (token, next) = (self.token(), self.peek(1));
        match token.kind {
            T::Question
                if next.kind == T::Colon
                    && self.touches_next()
                    && !self.context.guard
                    && !self.closes_with(T::CloseBrace) =>
            {
                self.no_such_operator(Span::new(token.start, next.end), "write `a ?? b`");
                self.pos += 2;
                let right = self.nested(Self::expression, Self::error_expr);
                Some(self.expr(ExprKind::Logical { op: LogicalOp::Coalesce, left, right }, start))
            }
            T::Bang
                if self.prev_end() == token.start
                    && (next.on_new_line() || next.kind == T::Bang || !starts_expression(next.kind)) =>
            {
                let help = "`e?` takes the value out of `Ok` and `Some`; nothing else needs unwrapping";
                self.report_with_help(Code::Habit, token.span(), "there is no postfix `!`", help);
                while self.at(T::Bang) {
                    self.bump();
                }
                Some(left)
            }
            T::Arrow if self.prev_end() == token.start && next.kind == T::Ident && self.touches_next() => {
                self.no_such_operator(token.span(), "write `a.b`; a lambda is `x => …`");
                self.bump();
                let name = self.take_name();
                Some(self.expr(ExprKind::Field { base: left, name, optional: false }, start))
            }
            _ => None,
        }
    }

    fn closes_with(&self, closer: TokenKind) -> bool {
        self.closers.last() == Some(&closer)
    }

    /// `1..10.map(f)`: warns, because the method is that of the 10.
    pub(in super::super) fn range_of_method(&mut self, start: u32, left: ExprId, end: ExprId) {
        let ExprKind::MethodCall { receiver, method, .. } = self.ast[end].kind else { return };
        let literal = matches!(self.ast[receiver].kind, ExprKind::Int(_) | ExprKind::Name(_));
        let collection = matches!(
            self.ast.name(method),
            "map"
                | "filter"
                | "reduce"
                | "fold"
                | "each"
                | "for_each"
                | "collect"
                | "to_array"
                | "iter"
                | "enumerate"
                | "zip"
                | "take"
                | "skip"
                | "flat_map"
                | "rev"
                | "reverse"
        );
        if !literal || !collection {
            return;
        }
        let range = Span::new(start, self.ast.span_of(receiver).end).of(self.text);
        let help = format!("write `({range}).{}(…)`", self.ast.name(method));
        let span = self.ast.span_of(left).to(self.ast.span_of(end));
        let message = format!("`{}` is called on the end of the range, not on the range", self.ast.name(method));
        self.report(Diagnostic::warning(Code::RangeOfMethod, self.source, span, message).with_help(help));
    }

    /// `c ? a : b`.
    pub(in super::super) fn ternary(&mut self, condition: ExprId, start: u32) -> Option<ExprId> {
        let next = self.peek(1);
        if self.context.guard || next.on_new_line() || !starts_expression(next.kind) || !self.ternary_colon_follows() {
            return None;
        }
        self.habit("there is no `c ? a : b`", "write `if c { a } else { b }`, which is an expression too");
        self.bump();
        let context = Context { guard: false, ..self.context };
        let yes = self.nested(|parser| parser.within(context, Self::expression), Self::error_expr);
        self.eat(T::Colon);
        let no = self.nested(Self::expression, Self::error_expr);
        let body = self.block_of(yes);
        let otherwise = Some(self.block_of(no));
        let arms = self.ast.add_list(&mut vec![IfArm { condition, body }], 0);
        Some(self.expr(ExprKind::If { arms, otherwise }, start))
    }

    fn block_of(&mut self, value: ExprId) -> BlockId {
        let span = self.ast.span_of(value);
        let stmt = self.ast.add(Stmt { kind: StmtKind::Expr(value), span });
        let stmts = self.ast.add_list(&mut vec![stmt], 0);
        self.ast.add(Block { stmts, span })
    }

    fn ternary_colon_follows(&self) -> bool {
        let mut depth = 0usize;
        for ahead in 1..TERNARY_REACH {
            let token = self.peek(ahead);
            if token.on_new_line() && depth == 0 {
                return false;
            }
            match token.kind {
                T::Colon if depth == 0 => return true,
                T::OpenParen | T::OpenBracket | T::OpenBrace | T::InterpBegin => depth += 1,
                T::CloseParen | T::CloseBracket | T::CloseBrace | T::InterpEnd if depth > 0 => depth -= 1,
                T::CloseParen | T::CloseBracket | T::CloseBrace | T::InterpEnd => return false,
                T::Comma | T::Semicolon | T::ColonEq | T::Eq if depth == 0 => return false,
                T::Eof => return false,
                _ => {}
            }
        }
        false
    }

    // ----------------------------------------------------------------------------------------------- operands

    /// Whether a name is a word like `new` before an operand.
    #[inline]
    pub(in super::super) fn is_foreign_operand(&self, token: Token) -> bool {
        let next = self.peek(1);
        match next.kind {
            T::Str | T::StrBegin if self.touches_next() => matches!(self.text_at(token), "f" | "F" | "b" | "u" | "R"),
            T::Ident | T::Str | T::Int if !next.on_new_line() => {
                matches!(self.text_at(token), "new" | "typeof" | "sizeof" | "lambda" | "delete")
            }
            T::OpenParen if next.flags & BLOCK != 0 && !next.on_new_line() && !self.context.head => {
                matches!(self.text_at(token), "function" | "fn" | "fun" | "lambda")
            }
            _ => false,
        }
    }

    /// A name that is no value here: `_`, or one of the words above.
    pub(in super::super) fn odd_name(&mut self, symbol: Symbol) -> ExprId {
        let token = self.token();
        if symbol == self.underscore {
            self.habit("`_` has no value", "`_` only says that something is not needed; give it a name to use it");
            self.bump();
            return self.error_expr();
        }
        match self.text_at(token) {
            "lambda" => self.python_lambda(),
            word @ ("function" | "fn" | "fun") => {
                self.habit(format!("`{word}` does not start a function"), "write `func(x) { … }` or `x => …`");
                let word = self.bump();
                let func = self.nested(|parser| Some(parser.function_after_word(word, None, false)), |_| None);
                match func {
                    Some(func) => self.expr(ExprKind::Func(func), token.start),
                    None => self.error_expr(),
                }
            }
            word => {
                let help = match word {
                    "f" | "F" => "write `${…}` within the string: \"x = ${x}\"",
                    "b" => "write `bytes(\"…\")`",
                    "u" => "leave it out: all strings are Unicode",
                    "R" => "write `r\"…\"`",
                    "new" => "write `Point(1, 2)` or `Point { x: 1, y: 2 }`",
                    "typeof" => "write `type(x)`",
                    "delete" => "write `d.remove(key)`",
                    _ => "write `len(x)`",
                };
                self.habit(format!("there is no `{word}`"), help);
                self.bump();
                self.nested(Self::expression, Self::error_expr)
            }
        }
    }

    fn python_lambda(&mut self) -> ExprId {
        self.habit("`lambda` does not start a function", "write `x => …` or `(a, b) => …`");
        self.bump();
        while matches!(self.kind(), T::Ident | T::Comma) {
            self.bump();
        }
        if self.eat(T::Colon) {
            self.nested(Self::expression, Self::error_expr);
        }
        self.error_expr()
    }

    /// A jump, `yield`, `throw` or lambda where only an operand may stand.
    pub(in super::super) fn misplaced_low(&mut self) -> ExprId {
        let token = self.token();
        let (message, help) = match token.kind {
            T::Return | T::Break | T::Continue => (
                format!("`{}` is not a value", token.kind.text()),
                "it may stand as a statement, or right of `??`, `||`, `&&`, `|>`",
            ),
            T::Yield | T::Throw => (
                format!("`{}` needs parentheses here", token.kind.text()),
                "put it in parentheses, as it extends as far right as possible",
            ),
            _ => (
                "a lambda needs parentheses here".to_string(),
                "put it in parentheses, as its body extends as far right as possible",
            ),
        };
        self.report_with_help(Code::Unexpected, token.span(), message, help);
        self.expression_or_jump()
    }

    /// The next token cannot start an operand.
    #[cold]
    pub(in super::super) fn missing_operand(&mut self) -> ExprId {
        let token = self.token();
        let next = self.peek(1);
        if token.on_new_line()
            && self.context.newlines
            && !matches!(token.kind, T::Plus | T::Question | T::Dot | T::Ellipsis)
        {
            self.expected("an expression");
            return self.error_expr();
        }
        match token.kind {
            T::Dot if next.kind == T::Int && self.touches_next() => {
                self.habit(
                    "a float needs a digit before the point",
                    format!("write `0.{}`", recover::shorten(self.text_at(next))),
                );
                self.bump();
                self.bump();
            }
            T::Plus if next.kind == T::Plus && self.touches_next() => {
                let span = Span::new(token.start, next.end);
                self.report_with_help(Code::Habit, span, "there is no operator `++`", "write `x += 1` as a statement");
                self.bump();
                self.bump();
                self.nested(Self::expression, Self::error_expr);
            }
            T::Plus => {
                self.habit("there is no prefix `+`", "leave it out");
                self.bump();
                return self.nested(Self::expression, Self::error_expr);
            }
            T::Star | T::StarStar if starts_expression(next.kind) => {
                self.habit(
                    format!("`{}` before a value", token.kind.text()),
                    "values are spread with `...xs`; there are no pointers",
                );
                self.bump();
                return self.nested(Self::expression, Self::error_expr);
            }
            T::Amp if starts_expression(next.kind) => {
                self.habit("`&` before a value", "there are no references: assigning and passing copy");
                self.bump();
                return self.nested(Self::expression, Self::error_expr);
            }
            T::Pipe | T::PipePipe => self.rust_closure(),
            T::Ellipsis => {
                let help = "`...xs` stands in calls, arrays, dicts and struct literals; a range is `a..b`";
                self.report_with_help(Code::Unexpected, token.span(), "`...` cannot stand here", help);
                self.bump();
                return self.nested(Self::expression, Self::error_expr);
            }
            T::DotDot | T::DotDotEq => {
                let help = "a range may lack an end only as an index (`xs[..3]`) or in a pattern";
                self.report_with_help(Code::Unexpected, token.span(), "range without a start", help);
                self.bump();
                return self.nested(Self::expression, Self::error_expr);
            }
            _ if self.tokens[self.pos.saturating_sub(1)].kind == T::QuestionQuestion => {
                self.expected_with_help("an expression", "`a ?? b` is `b` if `a` is null; `(e?)?` takes two values out");
            }
            T::Question => self.expected_with_help("a statement", "there is no `c ? a : b`: write `if c { a } else { b }`"),
            T::Less if self.tokens[self.pos.saturating_sub(1)].kind == T::Eq && self.prev_end() == token.start => {
                self.habit("there is no operator `=<`", "write `<=`");
                self.bump();
                return self.nested(Self::expression, Self::error_expr);
            }
            T::Let
            | T::Mut
            | T::Const
            | T::While
            | T::For
            | T::Loop
            | T::Try
            | T::Struct
            | T::Enum
            | T::Import
            | T::Export => {
                let help = "a statement has no value; as the body of a lambda it needs braces: `() => { … }`";
                self.expected_with_help("an expression", help);
            }
            T::Else | T::In | T::And | T::Or | T::As | T::Case => {
                self.expected_with_help("an expression", "an operand is missing before this word");
            }
            _ => self.expected("an expression"),
        }
        self.error_expr()
    }

    /// `|x| x + 1`.
    fn rust_closure(&mut self) {
        let token = self.bump();
        if token.kind == T::Pipe {
            let params = self.pos;
            while matches!(self.kind(), T::Ident | T::Comma) {
                self.bump();
            }
            if !self.eat(T::Pipe) {
                self.pos = params - 1;
                return self.expected("an expression");
            }
        }
        let place = self.pos;
        self.report_with_help(
            Code::Habit,
            token.span(),
            "lambdas are not written with `|`",
            "write `x => …` or `(a, b) => …`",
        );
        self.last_error = place;
        self.nested(Self::expression, Self::error_expr);
    }

    /// Nothing that could be a member after `.` or `?.`.
    pub(in super::super) fn missing_member(&mut self, base: ExprId, optional: bool) {
        let int = matches!(self.ast[base].kind, ExprKind::Int(_)) && self.ast.span_of(base).end + 1 == self.prev_end();
        match self.kind() {
            T::OpenBracket | T::OpenParen if optional => {
                self.expected_with_help("a name after `?.`", "write `xs?.get(i)` or test for null first");
            }
            _ if int && !optional => {
                let span = Span::new(self.ast.span_of(base).start, self.prev_end());
                let help = format!("write `{}0`", recover::shorten(span.of(self.text)));
                self.report_with_help(Code::InvalidNumber, span, "a float needs a digit after the point", help);
            }
            T::Await => self.expected_with_help("a name after `.`", "write `await x`"),
            _ => self.expected(if optional { "a name after `?.`" } else { "a name after `.`" }),
        }
    }

    /// `f(*xs)`.
    pub(in super::super) fn starred_argument(&mut self) -> bool {
        let starred = matches!(self.kind(), T::Star | T::StarStar);
        if starred {
            let message = format!("`{}` before an argument", self.kind().text());
            self.habit(message, "an array is spread with `...xs`");
            self.bump();
        }
        starred
    }

    /// `xs[1:3]`; the `:` is next.
    pub(in super::super) fn foreign_slice(&mut self) {
        if matches!(self.kind(), T::Colon | T::ColonColon) {
            self.habit("`:` in an index", "slices are written with a range: `xs[1..3]`");
            self.skip_to_close(T::CloseBracket);
        }
    }

    /// `()` as a value.
    pub(in super::super) fn empty_parentheses(&mut self, open: usize) {
        let span = Span::new(self.tokens[open].start, self.token().end);
        self.report_with_help(Code::Unexpected, span, "`()` is not a value", "write `null`, or `() => …` for a function");
    }

    /// `(a, b)` and `(a = b)`.
    pub(in super::super) fn tuple_or_assignment(&mut self, open: usize) {
        match self.kind() {
            T::Comma => {
                let span = self.tokens[open].span();
                self.report_with_help(Code::Habit, span, "there are no tuples", "write an array: `[a, b]`");
                while self.eat(T::Comma) {
                    if starts_expression(self.kind()) {
                        self.expression();
                    }
                }
            }
            T::Eq | T::ColonEq => {
                let message = format!("`{}` within an expression", self.kind().text());
                self.habit(message, "`==` compares; an assignment is a statement of its own");
                self.bump();
                self.expression();
            }
            _ => {}
        }
    }

    /// `[x * 2 for x in xs]`.
    pub(in super::super) fn comprehension(&mut self) {
        if self.at(T::For) {
            self.habit("there are no comprehensions", "write `xs.filter(x => …).map(x => …)`");
            self.skip_to_close(T::CloseBracket);
        }
    }

    /// `{a = 1}`, `{"a" => 1}`.
    pub(in super::super) fn dict_entry_with_other_sign(&mut self) -> bool {
        let foreign = matches!(self.kind(), T::Eq | T::FatArrow | T::ColonEq | T::Arrow);
        if foreign {
            let message = format!("`{}` in a dict", self.kind().text());
            self.habit(message, "an entry is `key: value`");
            self.bump();
        }
        foreign
    }

    // ------------------------------------------------------------------------------------------------ lambdas

    pub(in super::super) fn lambda_arrow(&mut self) {
        if self.at(T::Arrow) {
            self.habit("lambdas are not written with `->`", "write `x => …`");
            self.bump();
        } else {
            self.expect(T::FatArrow);
        }
    }

    /// Whether the `{` behind `=>` starts what can only be a dict; then that is reported.
    pub(in super::super) fn block_is_dict(&mut self) -> bool {
        let (first, second, third) = (self.peek(1), self.peek(2), self.peek(3));
        let keyed = (first.kind == T::Ident || first.kind.is_keyword()) && !matches!(first.kind, T::Default | T::Else);
        let dict = match second.kind {
            _ if first.kind == T::Ellipsis => true,
            T::Colon if first.kind == T::Str => true,
            T::Colon if keyed => !matches!(third.kind, T::For | T::While | T::Loop) && !self.annotation_ahead(),
            T::Comma if first.kind == T::Ident => true,
            _ => false,
        };
        if dict {
            self.habit("`{` after `=>` opens a block", "put a dict in parentheses: `x => ({ … })`");
        }
        dict
    }

    /// Whether `{ name: type :=` stands here.
    fn annotation_ahead(&self) -> bool {
        for ahead in 3..40 {
            let token = self.peek(ahead);
            match token.kind {
                T::ColonEq | T::Eq => return true,
                T::CloseBrace | T::Semicolon | T::Eof => return false,
                _ if token.on_new_line() => return false,
                _ => {}
            }
        }
        false
    }

    /// `() => n += 1`.
    pub(in super::super) fn statement_as_lambda_body(&mut self, body: ExprId) {
        let assigns =
            matches!(self.kind(), T::Eq | T::ColonEq) || crate::syntax::parser::stmt::update_op(self.kind()).is_some();
        if !assigns || self.at_line_end() || matches!(self.ast[body].kind, ExprKind::Error) {
            return;
        }
        let message = format!("`{}` in the body of a lambda", self.kind().text());
        self.habit(message, "a body that is a statement needs braces: `() => { n += 1 }`");
        self.bump();
        self.expression();
    }

    // ----------------------------------------------------------------------------------------------- patterns

    /// The `|` before a further alternative.
    pub(in super::super) fn pattern_alternative(&mut self) -> bool {
        match self.kind() {
            T::Pipe => {}
            T::PipePipe | T::Or => {
                self.habit(format!("`{}` in a pattern", self.kind().text()), "alternatives are separated by `|`")
            }
            _ => return false,
        }
        self.bump();
        true
    }

    /// `case 1, 2:`.
    pub(in super::super) fn patterns_with_commas(&mut self) {
        if self.at(T::Comma) {
            self.habit("`,` between patterns", "alternatives are separated by `|`");
            while self.eat(T::Comma) {
                self.pattern();
            }
        }
    }

    pub(in super::super) fn odd_pattern(&mut self) {
        let token = self.token();
        match token.kind {
            T::StrBegin => {
                let help = "compare after `if`: `case s if s == \"${x}\":`";
                self.report_with_help(Code::BadPattern, token.span(), "a string in a pattern has no `${…}`", help);
                self.expression();
            }
            T::Less | T::LessEq | T::Greater | T::GreaterEq | T::EqEq | T::NotEq | T::Not | T::In => {
                let message = format!("`{}` in a pattern", token.kind.text());
                self.report_with_help(Code::BadPattern, token.span(), message, "compare after `if`: `case x if x > 5:`");
                self.bump();
                self.expression();
            }
            T::If => self.expected_with_help("a pattern", "a guard follows a pattern: `case x if x > 5:`"),
            T::Ellipsis => {
                let help = "`...rest` stands within `[ ]` and `{ }`";
                self.report_with_help(Code::BadPattern, token.span(), "`...` outside an array or dict pattern", help);
                self.bump();
            }
            T::Let | T::Mut | T::Const => {
                let message = format!("`{}` in a pattern", token.kind.text());
                self.report_with_help(Code::BadPattern, token.span(), message, "a name alone binds what it matches");
                self.bump();
                self.pattern();
            }
            _ => self.expected("a pattern"),
        }
    }

    /// The `:` of an arm.
    pub(in super::super) fn arm_colon(&mut self) {
        match self.kind() {
            T::Colon => {
                self.bump();
            }
            T::FatArrow | T::Arrow | T::ColonEq => {
                if !self.arrow_arms {
                    let message = format!("`{}` after a pattern", self.kind().text());
                    self.habit(message, "an arm is `case pattern: statement`");
                    self.arrow_arms = true;
                }
                self.bump();
            }
            T::OpenBrace => self.expected_with_help("`:` after the pattern", "an arm is `case pattern: { … }`"),
            _ => {
                self.expected_with_help("`:` after the pattern", "an arm is `case pattern: statement`");
                if self.on_same_line() && self.skip_on_line_to(T::Colon) {
                    self.bump();
                }
            }
        }
    }

    /// `1 => …` and `else => …` within a `match`.
    pub(in super::super) fn foreign_arm(&mut self) -> bool {
        let start = self.token().start;
        if self.at(T::Else) {
            self.habit("`else` in a `match`", "write `default: …`");
            self.bump();
            self.finish_arm(start, None, None);
            return true;
        }
        let place = self.pos;
        let arrow = self.skip_on_line_to(T::FatArrow);
        self.pos = place;
        if !arrow {
            let colon = self.skip_on_line_to(T::Colon);
            self.pos = place;
            if colon && !self.at(T::Colon) {
                self.habit("an arm starts with `case`", "write `case pattern: statement`");
                let pattern = self.pattern();
                let guard = self.eat(T::If).then(|| self.expression());
                self.finish_arm(start, Some(pattern), guard);
            }
            return colon && self.pos > place;
        }
        if !self.arrow_arms {
            self.habit("an arm starts with `case`", "write `case pattern: statement`");
            self.arrow_arms = true;
        }
        let pattern = self.pattern();
        let guard = self.eat(T::If).then(|| self.expression());
        self.eat(T::FatArrow);
        let body = if self.at(T::OpenBrace) {
            self.block("`=>`")
        } else {
            let value = self.nested(Self::expression_or_jump, Self::error_expr);
            self.block_of(value)
        };
        self.eat(T::Comma);
        let span = self.span_from(start);
        self.stacks.match_arms.push(MatchArm { pattern: Some(pattern), guard, body, span });
        true
    }

    /// `array[int]`, `int[]`.
    pub(in super::super) fn bracket_type(&mut self) {
        self.habit("`[` in a type", "write `array<int>`");
        self.skip_bracket();
    }
}
