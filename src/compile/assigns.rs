//! Which locals an expression may assign, so that an operand read before it is copied only where that matters.
use super::{Builder, plain_local};
use crate::resolve::hir::{
    Args, DictItem, ExprId, ExprKind, FieldItem, Item, Part, PathSegment, Place, Receiver, SpecSize, Take,
};

/// The plain locals that evaluating an expression may change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Assigned {
    None,
    One(u16),
    /// Not told apart: the expression contains statements.
    Any,
}

impl Assigned {
    fn and(self, other: Assigned) -> Assigned {
        match (self, other) {
            (Assigned::None, other) => other,
            (one, Assigned::None) => one,
            (Assigned::One(a), Assigned::One(b)) if a == b => self,
            _ => Assigned::Any,
        }
    }

    pub(super) fn may_change(self, local: u16) -> bool {
        match self {
            Assigned::None => false,
            Assigned::One(other) => other == local,
            Assigned::Any => true,
        }
    }
}

impl Builder<'_> {
    /// Each expression is looked at once per function; operands of long chains are visited with a list, not by recursion.
    pub(super) fn assigns(&mut self, expr: ExprId) -> Assigned {
        if let Some(found) = self.assigned.get(&expr) {
            return *found;
        }
        let (mut total, mut pending) = (Assigned::None, vec![expr]);
        while let Some(expr) = pending.pop() {
            if total == Assigned::Any {
                break;
            }
            match self.assigned.get(&expr) {
                Some(found) => total = total.and(*found),
                None => total = total.and(self.assigns_itself(expr, &mut pending)),
            }
        }
        self.assigned.insert(expr, total);
        total
    }

    /// What the node itself assigns; its children go to `pending`.
    fn assigns_itself(&self, expr: ExprId, pending: &mut Vec<ExprId>) -> Assigned {
        let mut own = Assigned::None;
        match &self.program[expr].kind {
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::BigInt(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Constant(_)
            | ExprKind::Func(_)
            | ExprKind::Closure(_)
            | ExprKind::Builtin(_)
            | ExprKind::BuiltinType(_)
            | ExprKind::Struct(_)
            | ExprKind::Enum(_)
            | ExprKind::Variant(..)
            | ExprKind::Module(_)
            | ExprKind::Namespace(_)
            | ExprKind::NameError(_)
            | ExprKind::Break(_)
            | ExprKind::Continue(_)
            | ExprKind::Spawn(_) => {}
            // A last read empties its variable, which an operand before it may still stand for.
            ExprKind::Var { var, take: Take::Dead, .. } => {
                own = plain_local(*var).map_or(Assigned::None, Assigned::One);
            }
            ExprKind::Var { take: Take::No | Take::Update { .. }, .. } => {}
            ExprKind::Array(items) => push_items(items, pending),
            ExprKind::Dict(items) => {
                for item in items {
                    match item {
                        DictItem::Pair(key, value) => pending.extend([*key, *value]),
                        DictItem::Spread(value) => pending.push(*value),
                    }
                }
            }
            ExprKind::StructLit { ty, items } => {
                pending.push(*ty);
                pending.extend(items.iter().map(|item| match item {
                    FieldItem::Field { value, .. } | FieldItem::Spread(value) => *value,
                }));
            }
            ExprKind::Interp(parts) => {
                for part in parts {
                    match part {
                        Part::Text(_) => {}
                        Part::Value(value) => pending.push(*value),
                        Part::Formatted { value, spec } => {
                            pending.push(*value);
                            let computed = |size: &Option<SpecSize>| match size {
                                Some(SpecSize::Computed(expr)) => Some(*expr),
                                _ => None,
                            };
                            pending.extend(computed(&spec.width));
                            pending.extend(computed(&spec.precision));
                        }
                    }
                }
            }
            ExprKind::Unary(_, a)
            | ExprKind::Field { base: a, .. }
            | ExprKind::TakeOut { read: a, .. }
            | ExprKind::OptChain(a)
            | ExprKind::OptCheck(a)
            | ExprKind::Path { base: a, .. }
            | ExprKind::Try(a)
            | ExprKind::Throw(a)
            | ExprKind::Await(a)
            | ExprKind::YieldFrom(a) => pending.push(*a),
            ExprKind::Binary(_, a, b)
            | ExprKind::And(a, b)
            | ExprKind::Or(a, b)
            | ExprKind::Range { start: a, end: b, .. }
            | ExprKind::Index { base: a, index: b } => pending.extend([*a, *b]),
            ExprKind::Coalesce(operands) => pending.extend_from_slice(operands),
            ExprKind::Slice { base, start, end, .. } => {
                pending.push(*base);
                pending.extend(start.iter().chain(end));
            }
            ExprKind::Call { callee, args } => {
                pending.push(*callee);
                push_args(args, pending);
            }
            ExprKind::CallFunc { args, .. }
            | ExprKind::CallBuiltin { args, .. }
            | ExprKind::Construct { args, .. }
            | ExprKind::MakeVariant { args, .. } => push_args(args, pending),
            ExprKind::Method { recv, args, .. } => {
                push_args(args, pending);
                match recv {
                    Receiver::Value(value) => pending.push(*value),
                    Receiver::Place(place) => {
                        let place = &self.program[*place];
                        push_keys(place, pending);
                        own = plain_local(place.root).map_or(Assigned::None, Assigned::One);
                    }
                }
            }
            ExprKind::Return(value) | ExprKind::Yield(value) => pending.extend(value),
            ExprKind::If { .. } | ExprKind::Match(_) | ExprKind::Block(_) => own = Assigned::Any,
        }
        own
    }
}

fn push_items(items: &[Item], pending: &mut Vec<ExprId>) {
    pending.extend(items.iter().map(|item| match item {
        Item::One(value) | Item::Spread(value) => *value,
    }));
}

fn push_args(args: &Args, pending: &mut Vec<ExprId>) {
    push_items(&args.positional, pending);
    pending.extend(args.named.iter().map(|(_, value)| *value));
}

fn push_keys(place: &Place, pending: &mut Vec<ExprId>) {
    pending.extend(place.path.iter().filter_map(|segment| match segment {
        PathSegment::Index(key) => Some(*key),
        PathSegment::Field(..) => None,
    }));
}
