//! Notation that means something else than it seems to: `!a == b`, `1 / 2` where a float is wanted, `7 // 2`.
use ahash::{AHashMap, AHashSet};

use super::Checker;
use crate::diagnostics::Code;
use crate::source::Span;
use crate::syntax::ast::{self, BinaryOp, ExprId, ExprKind, StmtKind, TargetKind, TypeKind, UnaryOp};
use crate::syntax::token::{Token, TokenKind as T};
use crate::syntax::{Ast, lexer};

/// Functions that are about floats.
const WANT_FLOATS: &[&str] = &["float", "to_float", "sqrt", "cbrt", "exp", "log", "round", "floor", "ceil"];

/// How deep a value is looked into.
const REACH: u32 = 20;

impl Checker<'_> {
    pub(super) fn notation(&mut self) {
        let parsed = crate::syntax::parse(self.source, self.text);
        if parsed.has_errors() {
            return;
        }
        let ast = &parsed.ast;
        for expr in &ast.exprs {
            self.negation(ast, expr);
            self.float_operands(ast, expr.kind);
        }
        self.float_annotations(ast);
        self.comments(ast);
    }

    /// `!a == b` and `!a in b`.
    fn negation(&mut self, ast: &Ast, expr: &ast::Expr) {
        let ExprKind::Binary { op, left, right, .. } = expr.kind else { return };
        let compares = matches!(op, BinaryOp::Eq | BinaryOp::Ne | BinaryOp::In | BinaryOp::NotIn);
        let tight = |side: ExprId| {
            matches!(ast[side].kind, ExprKind::Unary { op: UnaryOp::Not, .. })
                && ast[side].span.of(self.text).starts_with('!')
        };
        if !compares || !tight(left) || tight(right) {
            return;
        }
        let sign = op.text();
        let left = ast[left].span.of(self.text);
        let message = format!("`!` applies to what stands right of it only, not to the whole `{sign}`");
        let help = format!("write `not …` to negate the comparison, or `({left}) {sign} …`");
        self.warn(Code::NegatedOperand, expr.span, message, help);
    }

    // ---------------------------------------------------------------------------------------- ints for floats

    fn float_operands(&mut self, ast: &Ast, kind: ExprKind) {
        match kind {
            ExprKind::Binary { op: BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div, left, right, .. } => {
                if is_float(ast, left) {
                    self.int_division(ast, right, REACH);
                }
                if is_float(ast, right) {
                    self.int_division(ast, left, REACH);
                }
            }
            ExprKind::Interpolated(parts) => {
                for part in ast.list(parts) {
                    if let ast::Part::Value { value, format: Some(format) } = *part
                        && ast[format].precision.is_some()
                    {
                        self.int_division(ast, value, REACH);
                    }
                }
            }
            ExprKind::Call { callee, args } => {
                let ExprKind::Name(name) = ast[callee].kind else { return };
                if let (true, [ast::Arg::Positional(value), ..]) =
                    (WANT_FLOATS.contains(&ast.names.get(name)), ast.list(args))
                {
                    self.int_division(ast, *value, REACH);
                }
            }
            _ => {}
        }
    }

    fn float_annotations(&mut self, ast: &Ast) {
        for stmt in &ast.stmts {
            if let StmtKind::Bind { ty, value, .. } | StmtKind::Assign { ty, value, .. } = stmt.kind {
                self.float_value(ast, ty, Some(value));
            }
        }
        for func in &ast.funcs {
            ast.list(func.params).iter().for_each(|param| self.float_value(ast, param.ty, param.default));
            if let ast::FuncBody::Expr(value) = func.body {
                self.float_value(ast, func.result, Some(value));
            }
        }
        for decl in &ast.structs {
            ast.list(decl.fields).iter().for_each(|field| self.float_value(ast, field.ty, field.default));
        }
    }

    fn float_value(&mut self, ast: &Ast, ty: Option<ast::TypeId>, value: Option<ExprId>) {
        let (Some(ty), Some(value)) = (ty, value) else { return };
        if let TypeKind::Path { path, .. } = ast[ty].kind
            && let [name] = ast.list(path)
            && ast.name(*name) == "float"
        {
            self.int_division(ast, value, REACH);
        }
    }

    /// Warns if `value` is, or is calculated from, a quotient of two int literals with a remainder.
    fn int_division(&mut self, ast: &Ast, value: ExprId, reach: u32) {
        if reach == 0 {
            return;
        }
        match ast[value].kind {
            ExprKind::Paren(inner) | ExprKind::Unary { op: UnaryOp::Neg, operand: inner } => {
                self.int_division(ast, inner, reach - 1)
            }
            ExprKind::Binary { op: BinaryOp::Div, left, right, .. } => {
                let (Some(left), Some(right)) = (int(ast, left), int(ast, right)) else { return };
                if right == 0 || left % right == 0 {
                    return;
                }
                let message = format!("int / int drops the fraction: this is {}", left / right);
                let help = format!("write `{left}.0 / {right}` for {}", left as f64 / right as f64);
                let span = ast[value].span;
                if self.found.iter().all(|found| found.span != span || found.code != Code::IntDivision) {
                    self.warn(Code::IntDivision, span, message, help);
                }
            }
            ExprKind::Binary { op: BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul, left, right, .. } => {
                self.int_division(ast, left, reach - 1);
                self.int_division(ast, right, reach - 1);
            }
            _ => {}
        }
    }

    // --------------------------------------------------------------------------------- comments like divisions

    /// `x := 7 // 2`: the rest of the line is a comment.
    fn comments(&mut self, ast: &Ast) {
        let values = values_by_end(ast);
        let mut variables = None;
        let tokens = lexer::lex(self.source, self.text).list;
        for pair in tokens.windows(2) {
            let [last, next] = [pair[0], pair[1]];
            let Some((span, comment)) = self.line_comment(last, next) else { continue };
            let Some(&value) = values.get(&last.end) else { continue };
            let suspicious = match comment.parse::<i64>() {
                Ok(number) => number != 0 && !is_result(ast, value, number),
                Err(_) => variables.get_or_insert_with(|| bound_names(ast)).contains(comment) && !is_call(ast, value),
            };
            if suspicious {
                let message = format!("`// {comment}` is a comment here, not a division");
                let help = format!("int / int divides whole numbers: `… / {comment}`; `floor_div(a, b)` rounds down");
                self.warn(Code::CommentOrDivision, span, message, help);
            }
        }
    }

    /// The comment `// text` that follows a token on its line: its place and the text.
    fn line_comment(&self, last: Token, next: Token) -> Option<(Span, &str)> {
        let gap = self.text.get(last.end as usize..next.start as usize)?;
        let blanks = gap.len() - gap.trim_start_matches([' ', '\t']).len();
        let comment = gap[blanks..].strip_prefix("//").filter(|text| !text.starts_with('/'))?;
        let comment = comment.lines().next().unwrap_or_default();
        let start = last.end + blanks as u32;
        let span = Span::new(start, start + 2 + comment.trim_end().len() as u32);
        let text = comment.trim();
        let lone = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_');
        (lone && ends_operand(last.kind)).then_some((span, text))
    }
}

/// The values of assignments and `return`s, by where they end.
fn values_by_end(ast: &Ast) -> AHashMap<u32, ExprId> {
    let assigned = ast.stmts.iter().filter_map(|stmt| match stmt.kind {
        StmtKind::Bind { value, .. } | StmtKind::Assign { value, .. } | StmtKind::Update { value, .. } => Some(value),
        _ => None,
    });
    let returned = ast.exprs.iter().filter_map(|expr| match expr.kind {
        ExprKind::Return(value) => value,
        _ => None,
    });
    assigned.chain(returned).map(|value| (ast[value].span.end, value)).collect()
}

/// Whether a division could go on behind such a token.
fn ends_operand(kind: T) -> bool {
    matches!(kind, T::Int | T::Float | T::Ident | T::CloseParen | T::CloseBracket)
}

/// Whether a comment that says `number` tells what `value` is.
fn is_result(ast: &Ast, value: ExprId, number: i64) -> bool {
    is_call(ast, value) || int(ast, value) == Some(number) || constant(ast, value) == Some(number)
}

/// Results of calls are often told in comments.
fn is_call(ast: &Ast, value: ExprId) -> bool {
    matches!(ast[value].kind, ExprKind::Call { .. } | ExprKind::MethodCall { .. })
}

/// The value of a sum or product of literals.
fn constant(ast: &Ast, value: ExprId) -> Option<i64> {
    match ast[value].kind {
        ExprKind::Paren(inner) => constant(ast, inner),
        ExprKind::Binary { op, left, right, .. } => {
            let (left, right) = (constant(ast, left)?, constant(ast, right)?);
            match op {
                BinaryOp::Add => left.checked_add(right),
                BinaryOp::Sub => left.checked_sub(right),
                BinaryOp::Mul => left.checked_mul(right),
                BinaryOp::Div => left.checked_div(right),
                BinaryOp::Mod => left.checked_rem(right),
                BinaryOp::Pow => left.checked_pow(u32::try_from(right).ok()?),
                _ => None,
            }
        }
        _ => int(ast, value),
    }
}

fn is_float(ast: &Ast, value: ExprId) -> bool {
    match ast[value].kind {
        ExprKind::Float(_) => true,
        ExprKind::Paren(inner) | ExprKind::Unary { op: UnaryOp::Neg, operand: inner } => is_float(ast, inner),
        _ => false,
    }
}

/// An int literal, with its sign.
fn int(ast: &Ast, value: ExprId) -> Option<i64> {
    match ast[value].kind {
        ExprKind::Int(value) => Some(value),
        ExprKind::Unary { op: UnaryOp::Neg, operand } => int(ast, operand)?.checked_neg(),
        ExprKind::Paren(inner) => int(ast, inner),
        _ => None,
    }
}

/// The names of all variables and parameters of the text.
fn bound_names(ast: &Ast) -> AHashSet<String> {
    let targets = ast.targets.iter().filter_map(|target| match target.kind {
        TargetKind::Name(name) => Some(ast.names.get(name).to_owned()),
        _ => None,
    });
    let params = ast.funcs.iter().flat_map(|func| ast.list(func.params)).map(|param| ast.name(param.name).to_owned());
    targets.chain(params).collect()
}
