//! Expressions: operators by precedence climbing, postfix chains. What they stand between is in `operand`.
//!
//! Binary operators of one precedence are read by a loop, so `1 + 1 + …` may be as long as the text; only operands
//! of tighter operators, right-associative operators and brackets recurse.

use super::recover::starts_expression;
use super::*;
use crate::syntax::token::ARROW;
use TokenKind as T;

/// How tightly binary operators bind.
mod level {
    pub const PIPE: u8 = 1;
    pub const COALESCE: u8 = 2;
    pub const OR: u8 = 3;
    pub const AND: u8 = 4;
    pub const NOT: u8 = 5;
    pub const EQUALITY: u8 = 6;
    pub const COMPARE: u8 = 7;
    pub const RANGE: u8 = 8;
    pub const BIT_OR: u8 = 9;
    pub const BIT_XOR: u8 = 10;
    pub const BIT_AND: u8 = 11;
    pub const SHIFT: u8 = 12;
    pub const SUM: u8 = 13;
    pub const TERM: u8 = 14;
}

/// A binary operator as the loop sees it.
#[derive(Clone, Copy)]
pub(super) enum Infix {
    Binary(BinaryOp),
    Logical(LogicalOp),
    Pipe,
    Range,
    /// `not`, if `in` follows.
    NotIn,
}

/// The binary operator that `kind` is, and its level.
#[inline]
pub(super) fn infix(kind: TokenKind) -> Option<(u8, Infix)> {
    use BinaryOp::*;
    Some(match kind {
        T::Plus => (level::SUM, Infix::Binary(Add)),
        T::Minus => (level::SUM, Infix::Binary(Sub)),
        T::Star => (level::TERM, Infix::Binary(Mul)),
        T::Slash => (level::TERM, Infix::Binary(Div)),
        T::Percent => (level::TERM, Infix::Binary(Mod)),
        T::EqEq => (level::EQUALITY, Infix::Binary(Eq)),
        T::NotEq => (level::EQUALITY, Infix::Binary(Ne)),
        T::Less => (level::COMPARE, Infix::Binary(Lt)),
        T::LessEq => (level::COMPARE, Infix::Binary(Le)),
        T::Greater => (level::COMPARE, Infix::Binary(Gt)),
        T::GreaterEq => (level::COMPARE, Infix::Binary(Ge)),
        T::In => (level::COMPARE, Infix::Binary(In)),
        T::Not => (level::COMPARE, Infix::NotIn),
        T::DotDot | T::DotDotEq => (level::RANGE, Infix::Range),
        T::Pipe => (level::BIT_OR, Infix::Binary(BitOr)),
        T::Caret => (level::BIT_XOR, Infix::Binary(BitXor)),
        T::Amp => (level::BIT_AND, Infix::Binary(BitAnd)),
        T::Shl => (level::SHIFT, Infix::Binary(Shl)),
        T::Shr => (level::SHIFT, Infix::Binary(Shr)),
        T::AmpAmp | T::And => (level::AND, Infix::Logical(LogicalOp::And)),
        T::PipePipe | T::Or => (level::OR, Infix::Logical(LogicalOp::Or)),
        T::QuestionQuestion => (level::COALESCE, Infix::Logical(LogicalOp::Coalesce)),
        T::PipeGreater => (level::PIPE, Infix::Pipe),
        _ => return None,
    })
}

impl Parser<'_> {
    /// Any expression.
    pub(super) fn expression(&mut self) -> ExprId {
        match self.kind() {
            T::Ident if self.peek(1).kind == T::FatArrow && !self.peek(1).on_new_line() => self.lambda(),
            T::OpenParen if self.token().flags & ARROW != 0 => self.lambda(),
            T::Async if self.peek(1).kind != T::Func => self.lambda(),
            T::Yield => self.yield_expression(),
            T::Throw => self.throw_expression(),
            _ => self.binary(level::PIPE),
        }
    }

    /// The expression in the head of a statement, before its `{`.
    pub(super) fn head(&mut self) -> ExprId {
        let context = Context { head: true, guard: false, ..self.context };
        self.within(context, |parser| {
            if parser.head_is_missing() {
                return parser.error_expr();
            }
            let condition = parser.expression();
            parser.assignment_in_condition();
            condition
        })
    }

    /// Operands joined by operators of at least level `least`.
    fn binary(&mut self, least: u8) -> ExprId {
        let start = self.token().start;
        let mut left = if self.at(T::Not) { self.not_expression(least) } else { self.prefix() };
        while let Some((level, operator)) = infix(self.kind()) {
            if level < least || self.pos == self.tail_end {
                break;
            }
            // Of the operators only `-` starts a statement when it starts a line.
            if self.at(T::Minus) && self.at_line_end() {
                break;
            }
            left = match operator {
                Infix::Binary(op) => match self.binary_operator(op, level, left, start) {
                    Some(joined) => joined,
                    None => break,
                },
                Infix::Logical(LogicalOp::Coalesce) => self.coalesce(left, start),
                Infix::Logical(op) => self.logical_operator(op, level, left, start),
                Infix::Range => self.range_operator(left, start),
                Infix::Pipe => {
                    self.bump();
                    let target = self.tail_or(level::COALESCE);
                    self.expr(ExprKind::Pipe { value: left, target }, start)
                }
                Infix::NotIn if self.peek(1).kind == T::In => {
                    let op_start = self.bump().start;
                    self.bump();
                    let op_span = self.span_from(op_start);
                    let right = self.binary(level::RANGE);
                    self.no_chain(level::COMPARE);
                    self.expr(ExprKind::Binary { op: BinaryOp::NotIn, left, right, op_span }, start)
                }
                Infix::NotIn => break,
            };
        }
        if matches!(self.kind(), T::Ident | T::Tilde) && self.on_same_line() {
            return self.foreign_binary(left, start);
        }
        left
    }

    /// `left ?? b ?? c`, which groups from the right but is read by a loop.
    fn coalesce(&mut self, left: ExprId, start: u32) -> ExprId {
        let mut operands = vec![(left, start)];
        while self.at(T::QuestionQuestion) && self.pos != self.tail_end {
            let op = self.bump();
            self.logical_with_extra_sign(op);
            let start = self.token().start;
            operands.push((self.tail_or(level::OR), start));
        }
        let grouped = operands.into_iter().rev().reduce(|(right, _), (left, start)| {
            (self.expr(ExprKind::Logical { op: LogicalOp::Coalesce, left, right }, start), start)
        });
        grouped.map_or(left, |(whole, _)| whole)
    }

    /// Reads operator and right side; None if this only looks like an operator.
    fn binary_operator(&mut self, op: BinaryOp, level: u8, left: ExprId, start: u32) -> Option<ExprId> {
        if self.foreign_operator(left) {
            return None;
        }
        let op_span = self.bump().span();
        self.operator_with_extra_sign(op, op_span);
        let right = self.binary(level + 1);
        if level == level::COMPARE {
            self.no_chain(level);
        }
        Some(self.expr(ExprKind::Binary { op, left, right, op_span }, start))
    }

    /// After an operator that does not chain: reports if another of its level follows.
    fn no_chain(&mut self, level: u8) {
        let Some((next, operator)) = infix(self.kind()) else { return };
        if next != level || self.at_line_end() && self.at(T::Not) {
            return;
        }
        if matches!(operator, Infix::NotIn) && self.peek(1).kind != T::In {
            return;
        }
        // `a <> b` and the like have been explained already.
        let span = self.token().span();
        if level == level::RANGE {
            let help = "for steps use `range(start, end, step)`";
            self.report_with_help(Code::Chained, span, "ranges do not chain", help);
        } else {
            let help = "join two comparisons: `a < b && b < c`";
            self.report_with_help(Code::Chained, span, "comparisons do not chain", help);
        }
    }

    fn logical_operator(&mut self, op: LogicalOp, level: u8, left: ExprId, start: u32) -> ExprId {
        let op_token = self.bump();
        self.logical_with_extra_sign(op_token);
        let right = self.tail_or(level + 1);
        self.expr(ExprKind::Logical { op, left, right }, start)
    }

    fn range_operator(&mut self, left: ExprId, start: u32) -> ExprId {
        let token = self.bump();
        let inclusive = token.kind == T::DotDotEq;
        if self.at(T::CloseBracket) && self.context.index {
            return self.expr(ExprKind::Range { start: Some(left), end: None, inclusive }, start);
        }
        if !starts_expression(self.kind()) && !self.at(T::DotDot) && !self.at(T::Dot) {
            self.report_with_help(
                Code::Unexpected,
                self.place(),
                format!("`{}` without an end", token.kind.text()),
                "a range may lack an end only as an index (`xs[1..]`) or in a pattern",
            );
            let end = Some(self.error_expr());
            return self.expr(ExprKind::Range { start: Some(left), end, inclusive }, start);
        }
        let end = self.binary(level::BIT_OR);
        self.range_of_method(start, left, end);
        self.no_chain(level::RANGE);
        self.expr(ExprKind::Range { start: Some(left), end: Some(end), inclusive }, start)
    }

    /// The right side of an operator after which a jump, `throw`, `yield` or lambda may stand.
    fn tail_or(&mut self, level: u8) -> ExprId {
        let tail = match self.kind() {
            T::Ident => self.peek(1).kind == T::FatArrow && !self.peek(1).on_new_line(),
            T::OpenParen => self.token().flags & ARROW != 0,
            T::Async => self.peek(1).kind != T::Func,
            T::Yield | T::Throw | T::Return | T::Break | T::Continue => true,
            _ => false,
        };
        if !tail {
            return self.binary(level);
        }
        let tail = self.nested(Self::expression_or_jump, Self::error_expr);
        self.tail_end = self.pos;
        tail
    }

    pub(super) fn expression_or_jump(&mut self) -> ExprId {
        match self.kind() {
            T::Return | T::Break | T::Continue => self.jump(),
            _ => self.expression(),
        }
    }

    pub(super) fn jump(&mut self) -> ExprId {
        let word = self.bump();
        let kind = match word.kind {
            T::Return => {
                let value =
                    (self.on_same_line() && self.starts_operand()).then(|| self.nested(Self::expression, Self::error_expr));
                ExprKind::Return(value)
            }
            kind => {
                let label = (self.on_same_line() && self.at(T::Ident)).then(|| self.take_name());
                if kind == T::Break { ExprKind::Break(label) } else { ExprKind::Continue(label) }
            }
        };
        self.expr(kind, word.start)
    }

    /// Whether an operand stands here, or something that was meant as one.
    fn starts_operand(&self) -> bool {
        starts_expression(self.kind()) || matches!(self.kind(), T::Pipe | T::Plus | T::Ellipsis | T::Star)
    }

    fn yield_expression(&mut self) -> ExprId {
        let start = self.bump().start;
        if self.at(T::Star) && self.on_same_line() {
            self.bump();
            let source = self.nested(Self::expression, Self::error_expr);
            return self.expr(ExprKind::YieldFrom(source), start);
        }
        let value =
            (self.on_same_line() && starts_expression(self.kind())).then(|| self.nested(Self::expression, Self::error_expr));
        self.expr(ExprKind::Yield(value), start)
    }

    fn throw_expression(&mut self) -> ExprId {
        let start = self.bump().start;
        let value = if self.on_same_line() && self.starts_operand() {
            self.nested(Self::expression, Self::error_expr)
        } else {
            self.expected_with_help(
                "what to throw",
                "write `throw value` on one line; in `except e` write `throw e` to throw it on",
            );
            self.error_expr()
        };
        self.expr(ExprKind::Throw(value), start)
    }

    /// `not e`, which binds looser than comparisons.
    fn not_expression(&mut self, least: u8) -> ExprId {
        let word = self.bump();
        if least > level::NOT {
            let help = "`not` binds looser than this operator: write `(not …)`, or `!`";
            self.report_with_help(Code::Unexpected, word.span(), "`not` needs parentheses here", help);
        }
        let operand = self.nested(
            |parser| if parser.at(T::Not) { parser.not_expression(level::NOT) } else { parser.binary(level::EQUALITY) },
            Self::error_expr,
        );
        self.expr(ExprKind::Unary { op: UnaryOp::Not, operand }, word.start)
    }

    #[inline]
    pub(super) fn prefix(&mut self) -> ExprId {
        let op = match self.kind() {
            T::Minus => UnaryOp::Neg,
            T::Bang => UnaryOp::Not,
            T::Tilde => UnaryOp::BitNot,
            _ => return self.power(),
        };
        let start = self.bump().start;
        let operand = self.nested(Self::prefix, Self::error_expr);
        self.expr(ExprKind::Unary { op, operand }, start)
    }

    fn power(&mut self) -> ExprId {
        let start = self.token().start;
        let base = if self.at(T::Await) { self.await_expression() } else { self.postfix() };
        if !self.at(T::StarStar) || self.pos == self.tail_end {
            return base;
        }
        let op_span = self.bump().span();
        let exponent = self.nested(Self::prefix, Self::error_expr);
        self.expr(ExprKind::Binary { op: BinaryOp::Pow, left: base, right: exponent, op_span }, start)
    }

    fn await_expression(&mut self) -> ExprId {
        let start = self.bump().start;
        let operand = self.nested(
            |parser| if parser.at(T::Await) { parser.await_expression() } else { parser.postfix() },
            Self::error_expr,
        );
        self.expr(ExprKind::Await(operand), start)
    }

    // ------------------------------------------------------------------------------------------------ postfix

    #[inline]
    fn postfix(&mut self) -> ExprId {
        let start = self.token().start;
        let mut left = self.primary();
        let mut optional_chain = false;
        loop {
            left = match self.kind() {
                T::Dot => {
                    self.bump();
                    self.member(left, false, start)
                }
                T::OpenParen if !self.at_line_end() => {
                    let args = self.arguments();
                    self.expr(ExprKind::Call { callee: left, args }, start)
                }
                T::OpenBracket if !self.at_line_end() => self.index(left, start),
                T::QuestionDot => {
                    self.bump();
                    optional_chain = true;
                    self.member(left, true, start)
                }
                T::ColonColon => {
                    self.bump();
                    match self.expect_key("the name of a variant") {
                        Some(name) => self.expr(ExprKind::Variant { base: left, name }, start),
                        None => left,
                    }
                }
                T::Question if !self.at_line_end() => {
                    if let Some(ternary) = self.ternary(left, start) {
                        return ternary;
                    }
                    if let Some(meant) = self.foreign_postfix(left, start) {
                        return meant;
                    }
                    self.bump();
                    self.expr(ExprKind::Try(left), start)
                }
                T::OpenBrace if !self.context.head && !self.at_line_end() && self.is_path(left) => {
                    self.struct_literal(left, start)
                }
                T::OpenBrace if self.context.head && !self.at_line_end() && self.struct_literal_in_head(left) => {
                    self.struct_literal(left, start)
                }
                T::Bang | T::Arrow if !self.at_line_end() => match self.foreign_postfix(left, start) {
                    Some(meant) => meant,
                    None => break,
                },
                _ => break,
            };
        }
        if optional_chain { self.expr(ExprKind::OptionalChain(left), start) } else { left }
    }

    /// What stands behind `.` or `?.`.
    fn member(&mut self, base: ExprId, optional: bool, start: u32) -> ExprId {
        if !self.at_key() || self.at_line_end() && self.kind().is_keyword() {
            self.missing_member(base, optional);
            return base;
        }
        let name = self.take_name();
        if self.at(T::OpenParen) && !self.at_line_end() {
            let args = self.arguments();
            return self.expr(ExprKind::MethodCall { receiver: base, method: name, args, optional }, start);
        }
        self.expr(ExprKind::Field { base, name, optional }, start)
    }

    fn arguments(&mut self) -> List<Arg> {
        let from = self.stacks.args.len();
        self.list(T::CloseParen, Context::BRACKET, |parser| parser.argument(from));
        self.ast.add_list(&mut self.stacks.args, from)
    }

    fn argument(&mut self, from: usize) {
        if self.at(T::Ellipsis) {
            self.bump();
            let value = self.expression();
            return self.stacks.args.push(Arg::Spread(value));
        }
        if self.at_key() && matches!(self.peek(1).kind, T::Colon | T::Eq) {
            let name = self.take_name();
            self.bump();
            let value = self.expression();
            return self.stacks.args.push(Arg::Named { name, value });
        }
        if self.starred_argument() {
            let value = self.expression();
            return self.stacks.args.push(Arg::Spread(value));
        }
        let value = self.expression();
        let after_named = self.stacks.args.len() > from && matches!(self.stacks.args.last(), Some(Arg::Named { .. }));
        if after_named {
            let span = self.ast.span_of(value);
            let help = "move it before the named ones, or give its name too";
            self.report_with_help(Code::ArgumentOrder, span, "positional argument after a named one", help);
            // Left out, so that what follows is not taken for out of order as well.
            return;
        }
        self.stacks.args.push(Arg::Positional(value));
    }

    fn index(&mut self, base: ExprId, start: u32) -> ExprId {
        let open = self.pos;
        self.bump();
        let context = Context { index: true, ..Context::BRACKET };
        let inside = |parser: &mut Self| {
            parser.within(context, |parser| {
                let index = parser.index_expression(open);
                parser.close(open, T::CloseBracket);
                index
            })
        };
        let index = self.nested(inside, Self::error_expr);
        self.expr(ExprKind::Index { base, index }, start)
    }

    fn index_expression(&mut self, open: usize) -> ExprId {
        if self.at(T::CloseBracket) {
            let help = "write the position, as in `xs[0]`; to append use `xs.push(v)`";
            let span = Span::new(self.tokens[open].start, self.token().end);
            self.report_with_help(Code::Unexpected, span, "index without a position", help);
            return self.error_expr();
        }
        if matches!(self.kind(), T::Colon | T::ColonColon) {
            self.foreign_slice();
            return self.error_expr();
        }
        if !matches!(self.kind(), T::DotDot | T::DotDotEq) {
            let index = self.expression();
            self.foreign_slice();
            return index;
        }
        let token = self.bump();
        let inclusive = token.kind == T::DotDotEq;
        let end = if self.at(T::CloseBracket) { None } else { Some(self.binary(level::BIT_OR)) };
        self.no_chain(level::RANGE);
        self.expr(ExprKind::Range { start: None, end, inclusive }, token.start)
    }

    /// Whether `expr` is a name or names joined by points: what may stand before the `{` of a struct literal.
    pub(super) fn is_path(&self, mut expr: ExprId) -> bool {
        loop {
            match self.ast[expr].kind {
                ExprKind::Name(_) => return true,
                ExprKind::Field { base, optional: false, .. } => expr = base,
                _ => return false,
            }
        }
    }

    fn struct_literal(&mut self, path: ExprId, start: u32) -> ExprId {
        let names = self.stacks.names.len();
        self.push_path(path);
        let path = self.ast.add_list(&mut self.stacks.names, names);
        let from = self.stacks.inits.len();
        self.list(T::CloseBrace, Context::BRACKET, Self::field_init);
        let fields = self.ast.add_list(&mut self.stacks.inits, from);
        self.expr(ExprKind::StructLiteral { path, fields }, start)
    }

    /// Pushes the names of a path, the first one first.
    fn push_path(&mut self, mut expr: ExprId) {
        let from = self.stacks.names.len();
        loop {
            match self.ast[expr].kind {
                ExprKind::Field { base, name, .. } => {
                    self.stacks.names.push(name);
                    expr = base;
                }
                ExprKind::Name(symbol) => {
                    self.stacks.names.push(Name { symbol, span: self.ast.span_of(expr) });
                    break;
                }
                _ => break,
            }
        }
        self.stacks.names[from..].reverse();
    }

    fn field_init(&mut self) {
        if self.eat(T::Ellipsis) {
            let value = self.expression();
            return self.stacks.inits.push(FieldInit::Spread(value));
        }
        if !self.at_key() {
            if self.at(T::Str) && self.peek(1).kind == T::Colon {
                let span = self.token().span();
                self.report_with_help(Code::Unexpected, span, "field name in quotes", "write the name without quotes");
                self.bump();
                self.bump();
                self.expression();
                return;
            }
            return self.expected("a field name");
        }
        let name = self.take_name();
        if self.at(T::Eq) || self.at(T::ColonEq) {
            let span = self.token().span();
            let message = format!("`{}` in a struct literal", self.kind().text());
            self.report_with_help(Code::Habit, span, message, "write `field: value`");
            self.bump();
        } else if !self.eat(T::Colon) {
            let value = self.ast.add(Expr { kind: ExprKind::Name(name.symbol), span: name.span });
            return self.stacks.inits.push(FieldInit::Field { name, value });
        }
        let value = self.expression();
        self.stacks.inits.push(FieldInit::Field { name, value });
    }
}
