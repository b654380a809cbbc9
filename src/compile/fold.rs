//! Constant folding. Only operations that cannot fault are folded; everything else is left to be done, and to fail, when it is
//! reached.
use super::Builder;
use crate::bytecode::chunk::Const;
use crate::resolve::hir::{BinaryOp, ExprId, ExprKind, Item, UnaryOp};

/// Longest text that folding makes.
const LONGEST_TEXT: usize = 1000;
/// Longest array that is made once rather than each time it is reached.
const LONGEST_ARRAY: usize = 64;
/// Deepest nesting that folding looks into; a longer chain is computed when it runs.
const DEEPEST: usize = 32;

impl Builder<'_> {
    /// The value of an expression that is constant.
    pub(super) fn folded(&self, expr: ExprId) -> Option<Const> {
        self.fold(expr, DEEPEST)
    }

    /// The array that an expression always is: a literal of constants and of such arrays.
    pub(super) fn folded_array(&self, expr: ExprId) -> Option<Const> {
        self.fold_array(expr, DEEPEST)
    }

    fn fold_array(&self, expr: ExprId, depth: usize) -> Option<Const> {
        let depth = depth.checked_sub(1)?;
        let ExprKind::Array(items) = &self.program[expr].kind else { return None };
        if items.len() > LONGEST_ARRAY {
            return None;
        }
        let constant = |item: &Item| match item {
            Item::One(value) => self.fold(*value, depth).or_else(|| self.fold_array(*value, depth)),
            Item::Spread(_) => None,
        };
        items.iter().map(constant).collect::<Option<Box<[Const]>>>().map(Const::Array)
    }

    fn fold(&self, expr: ExprId, depth: usize) -> Option<Const> {
        let depth = depth.checked_sub(1)?;
        match &self.program[expr].kind {
            ExprKind::Null => Some(Const::Null),
            ExprKind::Bool(value) => Some(Const::Bool(*value)),
            ExprKind::Int(value) => Some(Const::Int(*value)),
            ExprKind::Float(value) => Some(Const::Float(*value)),
            ExprKind::Str(text) => Some(Const::Str(Box::from(&self.program[*text]))),
            ExprKind::Unary(op, a) => fold_unary(*op, self.fold(*a, depth)?),
            ExprKind::Binary(op, a, b) => {
                let left = self.fold(*a, depth)?;
                fold_binary(*op, left, self.fold(*b, depth)?)
            }
            _ => None,
        }
    }
}

fn fold_unary(op: UnaryOp, a: Const) -> Option<Const> {
    match (op, a) {
        (UnaryOp::Neg, Const::Int(a)) => a.checked_neg().map(Const::Int),
        (UnaryOp::Neg, Const::Float(a)) => Some(Const::Float(-a)),
        (UnaryOp::Not, Const::Bool(a)) => Some(Const::Bool(!a)),
        (UnaryOp::BitNot, Const::Int(a)) => Some(Const::Int(!a)),
        _ => None,
    }
}

fn fold_binary(op: BinaryOp, a: Const, b: Const) -> Option<Const> {
    match (a, b) {
        (Const::Int(a), Const::Int(b)) => fold_ints(op, a, b),
        (Const::Float(a), Const::Float(b)) => fold_floats(op, a, b),
        (Const::Str(a), Const::Str(b)) if op == BinaryOp::Add && a.len() + b.len() <= LONGEST_TEXT => {
            Some(Const::Str(format!("{a}{b}").into()))
        }
        _ => None,
    }
}

fn fold_ints(op: BinaryOp, a: i64, b: i64) -> Option<Const> {
    let int = |value: Option<i64>| value.map(Const::Int);
    match op {
        BinaryOp::Add => int(a.checked_add(b)),
        BinaryOp::Sub => int(a.checked_sub(b)),
        BinaryOp::Mul => int(a.checked_mul(b)),
        BinaryOp::Div => int(a.checked_div(b)),
        BinaryOp::Mod => int(a.checked_rem(b)),
        BinaryOp::BitAnd => Some(Const::Int(a & b)),
        BinaryOp::BitOr => Some(Const::Int(a | b)),
        BinaryOp::BitXor => Some(Const::Int(a ^ b)),
        BinaryOp::Eq => Some(Const::Bool(a == b)),
        BinaryOp::Ne => Some(Const::Bool(a != b)),
        BinaryOp::Lt => Some(Const::Bool(a < b)),
        BinaryOp::Le => Some(Const::Bool(a <= b)),
        BinaryOp::Gt => Some(Const::Bool(a > b)),
        BinaryOp::Ge => Some(Const::Bool(a >= b)),
        BinaryOp::Pow | BinaryOp::Shl | BinaryOp::Shr | BinaryOp::In | BinaryOp::NotIn => None,
    }
}

fn fold_floats(op: BinaryOp, a: f64, b: f64) -> Option<Const> {
    match op {
        BinaryOp::Add => Some(Const::Float(a + b)),
        BinaryOp::Sub => Some(Const::Float(a - b)),
        BinaryOp::Mul => Some(Const::Float(a * b)),
        BinaryOp::Div if b != 0.0 => Some(Const::Float(a / b)),
        _ => None,
    }
}
