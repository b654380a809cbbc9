//! Operators on operands of kinds they never take: `"a" - 1`, `-null`, `[1] < 2`.
use super::Checker;
use crate::builtins::{self, Type};
use crate::diagnostics::Code;
use crate::resolve::hir::{BinaryOp, Expr, ExprId, ExprKind, UnaryOp};

/// What an expression gives, as far as its form tells.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Bool,
    Int,
    Float,
    /// An int or a float.
    Number,
    String,
    Array,
    Dict,
    Set,
    Bytes,
    Function,
    /// A type, such as `int`.
    Type,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Null => "null",
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Float => "float",
            Kind::Number => "number",
            Kind::String => "string",
            Kind::Array => "array",
            Kind::Dict => "dict",
            Kind::Set => "set",
            Kind::Bytes => "bytes",
            Kind::Function => "function",
            Kind::Type => "type",
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Kind::Int | Kind::Float | Kind::Number)
    }

    fn may_be_int(self) -> bool {
        matches!(self, Kind::Int | Kind::Number)
    }

    /// The kind of what a builtin gives.
    fn of_result(ty: Type) -> Option<Kind> {
        Some(match ty {
            Type::null => Kind::Null,
            Type::bool => Kind::Bool,
            Type::int => Kind::Int,
            Type::float => Kind::Float,
            Type::number => Kind::Number,
            Type::string => Kind::String,
            Type::bytes => Kind::Bytes,
            Type::array => Kind::Array,
            Type::dict => Kind::Dict,
            Type::set => Kind::Set,
            Type::function => Kind::Function,
            Type::type_ => Kind::Type,
            Type::any | Type::iterable | Type::iterator | Type::collection => return None,
            Type::result | Type::option | Type::error | Type::never => return None,
        })
    }
}

/// How deep operands are looked into.
const REACH: u32 = 50;

impl Checker<'_> {
    pub(super) fn kinds(&mut self) {
        for expr in self.exprs() {
            self.operands(expr);
        }
    }

    fn operands(&mut self, expr: &Expr) {
        match expr.kind {
            ExprKind::Binary(op, left, right) => {
                let (Some(left), Some(right)) = (self.kind(left, REACH), self.kind(right, REACH)) else { return };
                if let (sign, false) = takes(op, left, right) {
                    let message = format!("Invalid operands for {sign}: {} and {}", left.name(), right.name());
                    self.error(Code::WrongOperands, expr.span, message);
                }
            }
            ExprKind::Unary(op, operand) => {
                let Some(kind) = self.kind(operand, REACH) else { return };
                let (sign, fits) = match op {
                    UnaryOp::Neg => ("-", kind.is_number()),
                    UnaryOp::BitNot => ("~", kind.may_be_int()),
                    UnaryOp::Not => return,
                };
                if !fits {
                    self.error(Code::WrongOperands, expr.span, format!("Invalid operand for {sign}: {}", kind.name()));
                }
            }
            _ => {}
        }
    }

    fn kind(&self, expr: ExprId, reach: u32) -> Option<Kind> {
        if reach == 0 {
            return None;
        }
        Some(match &self.program[expr].kind {
            ExprKind::Null => Kind::Null,
            ExprKind::Bool(_) | ExprKind::And(..) | ExprKind::Or(..) => Kind::Bool,
            ExprKind::Int(_) | ExprKind::BigInt(_) => Kind::Int,
            ExprKind::Float(_) => Kind::Float,
            ExprKind::Str(_) | ExprKind::Interp(_) => Kind::String,
            ExprKind::Array(_) | ExprKind::Range { .. } => Kind::Array,
            ExprKind::Dict(_) => Kind::Dict,
            ExprKind::Func(_) | ExprKind::Closure(_) | ExprKind::Builtin(_) => Kind::Function,
            ExprKind::BuiltinType(_) | ExprKind::Struct(_) | ExprKind::Enum(_) => Kind::Type,
            ExprKind::CallBuiltin { builtin, .. } => return Kind::of_result(builtins::info(*builtin).result),
            ExprKind::Unary(op, operand) => match (op, self.kind(*operand, reach - 1)?) {
                (UnaryOp::Neg, kind) if kind.is_number() => kind,
                (UnaryOp::BitNot, Kind::Int) => Kind::Int,
                _ => return None,
            },
            ExprKind::Binary(op, left, right) => {
                return result(*op, self.kind(*left, reach - 1), self.kind(*right, reach - 1));
            }
            _ => return None,
        })
    }
}

/// The operator as messages show it, and whether it takes operands of these kinds.
fn takes(op: BinaryOp, left: Kind, right: Kind) -> (&'static str, bool) {
    let numbers = left.is_number() && right.is_number();
    let ints = left.may_be_int() && right.may_be_int();
    let ordered = numbers || left == right && matches!(left, Kind::String | Kind::Array);
    let repeats = |kind: Kind, count: Kind| matches!(kind, Kind::String | Kind::Array) && count.may_be_int();
    match op {
        BinaryOp::Add => {
            let joins = left == Kind::String || right == Kind::String || left == Kind::Array && right == Kind::Array;
            ("+", numbers || joins)
        }
        BinaryOp::Sub => ("-", numbers),
        BinaryOp::Mul => ("*", numbers || repeats(left, right) || repeats(right, left)),
        BinaryOp::Div => ("/", numbers),
        BinaryOp::Mod => ("%", numbers),
        BinaryOp::Pow => ("**", numbers),
        BinaryOp::BitAnd => ("&", ints),
        BinaryOp::BitOr => ("|", ints),
        BinaryOp::BitXor => ("^", ints),
        BinaryOp::Shl => ("<<", ints),
        BinaryOp::Shr => (">>", ints),
        BinaryOp::Lt => ("<", ordered),
        BinaryOp::Le => ("<=", ordered),
        BinaryOp::Gt => (">", ordered),
        BinaryOp::Ge => (">=", ordered),
        BinaryOp::Eq | BinaryOp::Ne | BinaryOp::In | BinaryOp::NotIn => ("", true),
    }
}

/// What an operator gives, if one can tell from what is known of its operands.
fn result(op: BinaryOp, left: Option<Kind>, right: Option<Kind>) -> Option<Kind> {
    use BinaryOp::*;
    if matches!(op, Eq | Ne | In | NotIn) {
        // An overload may give anything.
        return None;
    }
    let (left, right) = (left?, right?);
    match op {
        Add if left == Kind::String || right == Kind::String => Some(Kind::String),
        Add if left == Kind::Array && right == Kind::Array => Some(Kind::Array),
        Add | Sub | Mul | Mod | Div if left == Kind::Int && right == Kind::Int => Some(Kind::Int),
        Add | Sub | Mul | Mod | Div | Pow if left.is_number() && right.is_number() => {
            let float = left == Kind::Float || right == Kind::Float;
            Some(if float { Kind::Float } else { Kind::Number })
        }
        Lt | Le | Gt | Ge => Some(Kind::Bool),
        BitAnd | BitOr | BitXor | Shl | Shr => Some(Kind::Int),
        _ => None,
    }
}
