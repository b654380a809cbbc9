//! Expressions.
use super::{Eval, Flow, Frame, Interp, Signal};
use crate::builtins;
use crate::resolve::hir::{BinaryOp, Expr, ExprId, ExprKind, Slot, Take, UnaryOp, Var};
use crate::semantics::arith::{self, ArithOp};
use crate::semantics::compare::{self, CompareOp};
use crate::semantics::fault::{Raise, faults};
use crate::semantics::{index, member};
use crate::value::{CellRef, DeclId, FnId, Value};

/// An operator of the tree as the operation that means it.
pub(super) enum Operation {
    Arith(ArithOp),
    Compare(CompareOp),
    In,
    NotIn,
}

pub(super) fn operation(op: BinaryOp) -> Operation {
    use Operation::{Arith, Compare};
    match op {
        BinaryOp::Add => Arith(ArithOp::Add),
        BinaryOp::Sub => Arith(ArithOp::Sub),
        BinaryOp::Mul => Arith(ArithOp::Mul),
        BinaryOp::Div => Arith(ArithOp::Div),
        BinaryOp::Mod => Arith(ArithOp::Mod),
        BinaryOp::Pow => Arith(ArithOp::Pow),
        BinaryOp::BitAnd => Arith(ArithOp::BitAnd),
        BinaryOp::BitOr => Arith(ArithOp::BitOr),
        BinaryOp::BitXor => Arith(ArithOp::BitXor),
        BinaryOp::Shl => Arith(ArithOp::Shl),
        BinaryOp::Shr => Arith(ArithOp::Shr),
        BinaryOp::Eq => Compare(CompareOp::Eq),
        BinaryOp::Ne => Compare(CompareOp::Ne),
        BinaryOp::Lt => Compare(CompareOp::Lt),
        BinaryOp::Le => Compare(CompareOp::Le),
        BinaryOp::Gt => Compare(CompareOp::Gt),
        BinaryOp::Ge => Compare(CompareOp::Ge),
        BinaryOp::In => Operation::In,
        BinaryOp::NotIn => Operation::NotIn,
    }
}

impl<'p> Interp<'p> {
    /// The value of an expression. Recursion is bounded by the parser's limit on nesting, and for chains by the stack check.
    pub(super) fn eval(&mut self, frame: &Frame<'p>, id: ExprId) -> Eval {
        let program = frame.program;
        let expr: &'p Expr = &program[id];
        match &expr.kind {
            ExprKind::Int(value) => Ok(Value::Int(*value)),
            ExprKind::Var { var: Var::Local(slot), take: Take::No, .. } => Ok(self.stack[frame.base + slot.index()].clone()),
            ExprKind::Var { var: Var::Local(slot), .. } => Ok(self.stack[frame.base + slot.index()].take()),
            ExprKind::Binary(op, a, b) => self.binary(frame, expr, *op, *a, *b),
            ExprKind::Var { var, name, .. } => {
                self.read(frame, *var, *name).map_err(|raise| self.leave_at(frame, expr.span, raise).into())
            }
            ExprKind::Index { base, index } => self.index(frame, expr, *base, *index, false),
            ExprKind::Field { .. } => self.field(frame, expr),
            ExprKind::Call { .. } | ExprKind::CallFunc { .. } | ExprKind::CallBuiltin { .. } | ExprKind::Construct { .. }
            | ExprKind::MakeVariant { .. } => self.call_expr(frame, expr),
            ExprKind::Method { recv, name, args, used } => self.method(frame, expr.span, *recv, *name, args, *used),
            _ => self.other(frame, expr),
        }
    }

    /// The rarer kinds, out of the way of the frequent ones' stack frame.
    #[inline(never)]
    fn other(&mut self, frame: &Frame<'p>, expr: &'p Expr) -> Eval {
        let program = frame.program;
        let unit = frame.unit;
        match &expr.kind {
            ExprKind::Null => Ok(Value::Null),
            ExprKind::Bool(value) => Ok(Value::bool(*value)),
            ExprKind::BigInt(digits) => Ok(big_literal(&program[*digits])),
            ExprKind::Float(value) => Ok(Value::Float(*value)),
            ExprKind::Str(text) => Ok(self.text(unit, *text)),
            ExprKind::Constant(constant) => Ok(builtins::constant(*constant)),
            ExprKind::Func(func) => Ok(Value::function(self.units[unit].fn_id(*func))),
            ExprKind::Closure(func) => Ok(self.closure(frame, *func)),
            ExprKind::Builtin(builtin) => Ok(Value::function(FnId(u32::from(builtin.0)))),
            ExprKind::BuiltinType(ty) => Ok(builtins::type_value(*ty)),
            ExprKind::Struct(decl) => Ok(self.struct_type(unit, *decl)),
            ExprKind::Enum(decl) => Ok(self.enum_type(unit, *decl)),
            ExprKind::Variant(decl, variant) => Ok(self.variant(unit, *decl, *variant)),
            ExprKind::Module(module) => Ok(Value::Module(crate::value::ModuleId(module.0))),
            ExprKind::Namespace(namespace) => Err(self.leave_at(frame, expr.span, faults::name_error(format_args!("{0} is a namespace: write {0}.name", builtins::namespace_name(*namespace)))).into()),
            ExprKind::NameError(message) => {
                Err(self.leave_at(frame, expr.span, faults::name_error(&program[*message])).into())
            }

            ExprKind::Array(items) => self.array(frame, expr.span, items),
            ExprKind::Dict(items) => self.dict(frame, expr.span, items),
            ExprKind::StructLit { ty, items } => self.struct_literal(frame, expr.span, *ty, items),
            ExprKind::Interp(parts) => self.interp(frame, expr.span, parts),

            ExprKind::Unary(op, value) => self.unary(frame, expr, *op, *value),
            ExprKind::And(a, b) => Ok(Value::bool(self.truth(frame, *a)? && self.truth(frame, *b)?)),
            ExprKind::Or(a, b) => Ok(Value::bool(self.truth(frame, *a)? || self.truth(frame, *b)?)),
            ExprKind::Coalesce(a, b) => match self.or_null(frame, *a)? {
                Value::Null => self.eval(frame, *b),
                value => Ok(value),
            },
            ExprKind::Range { start, end, inclusive } => {
                let (start, end) = (self.eval(frame, *start)?, self.eval(frame, *end)?);
                let range = index::range(&start, &end, *inclusive);
                range.map_err(|raise| self.leave_at(frame, expr.span, raise).into())
            }
            ExprKind::Slice { base, start, end, inclusive } => {
                let base = self.eval(frame, *base)?;
                let start = start.map(|start| self.eval(frame, start)).transpose()?;
                let end = end.map(|end| self.eval(frame, end)).transpose()?;
                let sliced = index::slice(&base, start.as_ref(), end.as_ref(), *inclusive).and_then(|step| self.finish(step));
                sliced.map_err(|raise| self.leave_at(frame, expr.span, raise).into())
            }
            ExprKind::OptChain(inner) => match self.eval(frame, *inner) {
                Err(Signal::Jump) if self.chain_left => {
                    self.chain_left = false;
                    Ok(Value::Null)
                }
                other => other,
            },
            ExprKind::OptCheck(receiver) => match self.eval(frame, *receiver)? {
                Value::Null => {
                    self.chain_left = true;
                    Err(Signal::Jump)
                }
                value => Ok(value),
            },
            ExprKind::Path { base, name } => {
                let base = self.eval(frame, *base)?;
                let name = self.symbol(unit, *name);
                let found = member::variant(&base, name).and_then(|found| self.member_value(unit, found, name));
                found.map_err(|raise| self.leave_at(frame, expr.span, raise).into())
            }

            ExprKind::If { cond, then, otherwise } => {
                if self.truth(frame, *cond)? {
                    self.block_value(frame, *then)
                } else {
                    otherwise.map_or(Ok(Value::Null), |block| self.block_value(frame, block))
                }
            }
            ExprKind::Match(found) => self.match_value(frame, found),
            ExprKind::Block(block) => self.block_value(frame, *block),
            ExprKind::Try(value) => self.early_return(frame, expr, *value),
            ExprKind::Throw(value) => {
                let value = self.eval(frame, *value)?;
                let raise = self.thrown(value);
                Err(self.leave_at(frame, expr.span, raise).into())
            }
            ExprKind::Return(value) => {
                self.result = value.map_or(Ok(Value::Null), |value| self.eval(frame, value))?;
                self.jump(Flow::Return)
            }
            ExprKind::Break(id) => self.jump(Flow::Break(*id)),
            ExprKind::Continue(id) => self.jump(Flow::Continue(*id)),
            ExprKind::Await(value) => self.eval(frame, *value),
            ExprKind::Yield(_) | ExprKind::YieldFrom(_) => Err(self.missing(frame, expr, "generators")),
            ExprKind::Spawn(_) => Err(self.missing(frame, expr, "spawn blocks")),

            ExprKind::Int(_) | ExprKind::Var { .. } | ExprKind::Binary(..) | ExprKind::Index { .. } | ExprKind::Field { .. }
            | ExprKind::Call { .. } | ExprKind::CallFunc { .. } | ExprKind::CallBuiltin { .. } | ExprKind::Construct { .. }
            | ExprKind::MakeVariant { .. } | ExprKind::Method { .. } => self.eval_frequent(expr),
        }
    }

    #[cold]
    fn eval_frequent(&self, expr: &Expr) -> Eval {
        Err(Raise::bug(format!("tree walker: {:?} is handled elsewhere", expr.kind)).into())
    }

    #[cold]
    fn missing(&self, frame: &Frame<'p>, expr: &Expr, what: &str) -> Signal {
        self.leave_at(frame, expr.span, faults::raised(format_args!("{what} are not available yet"))).into()
    }

    fn jump(&mut self, flow: Flow) -> Eval {
        self.flow = flow;
        Err(Signal::Jump)
    }

    pub(super) fn truth(&mut self, frame: &Frame<'p>, id: ExprId) -> Eval<bool> {
        Ok(self.eval(frame, id)?.is_truthy())
    }

    /// The fault of a thrown value.
    pub(super) fn thrown(&mut self, value: Value) -> Raise {
        crate::semantics::fault::throw(value, self)
    }

    // ---- variables ----

    pub(super) fn captured_cell(&self, frame: &Frame<'p>, at: u32) -> CellRef {
        match frame.closure.as_ref().map(|closure| &closure.captures()[at as usize]) {
            Some(Value::Cell(cell)) => cell.clone(),
            _ => unreachable!("a captured cell is a cell"),
        }
    }

    pub(super) fn read(&mut self, frame: &Frame<'p>, var: Var, name: crate::resolve::hir::TextId) -> Result<Value, Raise> {
        let value = match var {
            Var::Local(slot) => return Ok(self.stack[frame.base + slot.index()].clone()),
            Var::LocalCell(slot) => self.cell(frame, slot.index()).get(),
            Var::CaptureCell(at) => self.captured_cell(frame, at).get(),
            Var::Module(var) => self.isolate.table[var.index()].clone(),
            Var::Capture(at) => match &frame.closure {
                Some(closure) => return Ok(closure.captures()[at as usize].clone()),
                None => unreachable!("a function with captures runs as a closure"),
            },
            Var::SelfFn => return Ok(frame.closure.clone().map_or(Value::function(frame.id), Value::Closure)),
        };
        match value {
            Value::Uninit => Err(faults::undefined_variable(&frame.program[name])),
            Value::InUse => Err(self.in_use(&frame.program[name])),
            value => Ok(value),
        }
    }

    /// Assigns a whole variable.
    pub(super) fn write(&mut self, frame: &Frame<'p>, var: Var, name: crate::resolve::hir::TextId, value: Value) -> Result<(), Raise> {
        if let Var::Local(slot) = var {
            self.stack[frame.base + slot.index()] = value;
            return Ok(());
        }
        let in_use = match var {
            Var::LocalCell(slot) => self.cell(frame, slot.index()).with(|old| matches!(old, Value::InUse)),
            Var::CaptureCell(at) => self.captured_cell(frame, at).with(|old| matches!(old, Value::InUse)),
            Var::Module(var) => matches!(self.isolate.table[var.index()], Value::InUse),
            Var::Local(_) | Var::Capture(_) | Var::SelfFn => false,
        };
        if in_use {
            return Err(self.in_use(&frame.program[name]));
        }
        self.initialise(frame, var, value);
        Ok(())
    }

    /// Takes the value out of a variable, leaving `hole`.
    pub(super) fn exchange(&mut self, frame: &Frame<'p>, var: Var, hole: Value) -> Value {
        match var {
            Var::Local(slot) => std::mem::replace(&mut self.stack[frame.base + slot.index()], hole),
            Var::LocalCell(slot) => self.cell(frame, slot.index()).replace(hole),
            Var::CaptureCell(at) => self.captured_cell(frame, at).replace(hole),
            Var::Module(var) => std::mem::replace(&mut self.isolate.table[var.index()], hole),
            Var::Capture(_) | Var::SelfFn => unreachable!("captured values are never changed"),
        }
    }

    // ---- operators ----

    fn binary(&mut self, frame: &Frame<'p>, expr: &'p Expr, op: BinaryOp, a: ExprId, b: ExprId) -> Eval {
        crate::limits::stack::check().map_err(|_| self.leave_at(frame, expr.span, faults::stack_overflow()))?;
        if let Some((var, name, deferred)) = self.update_operand(frame, a) {
            return self.update_binary(frame, expr, op, (var, name, deferred), b);
        }
        let a = self.eval(frame, a)?;
        let b = self.eval(frame, b)?;
        let result = match operation(op) {
            Operation::Arith(op) => match arith::simple(op, &a, &b) {
                Some(value) => return Ok(value),
                None => self.arith(op, a, b),
            },
            Operation::Compare(op) => match compare::simple(op, &a, &b) {
                Some(value) => return Ok(Value::bool(value)),
                None => compare::compare(op, &a, &b, self).and_then(|step| self.finish(step)),
            },
            Operation::In => index::contains(&b, &a, self).map(Value::bool),
            Operation::NotIn => index::contains(&b, &a, self).map(|found| Value::bool(!found)),
        };
        result.map_err(|raise| self.leave_at(frame, expr.span, raise).into())
    }

    fn arith(&mut self, op: ArithOp, mut a: Value, b: Value) -> Result<Value, Raise> {
        self.operate(op, &mut a, b)?;
        Ok(a)
    }

    /// `x = x op e`: works in place on the variable's own value.
    fn update_binary(&mut self, frame: &Frame<'p>, expr: &'p Expr, op: BinaryOp, operand: (Var, crate::resolve::hir::TextId, bool), b: ExprId) -> Eval {
        let early = self.update_early(frame, expr, operand)?;
        let b = self.eval(frame, b)?;
        let Operation::Arith(op) = operation(op) else {
            return Err(Raise::bug("only arithmetic updates its variable").into());
        };
        let (mut target, home) = self.update_take(frame, operand.0, early);
        // User code must find the variable as it was.
        if matches!(target, Value::Struct(_)) {
            if home {
                self.initialise(frame, operand.0, target.clone());
            }
            let result = self.arith(op, target, b);
            return result.map_err(|raise| self.leave_at(frame, expr.span, raise).into());
        }
        match self.operate(op, &mut target, b) {
            Ok(()) => Ok(target),
            Err(raise) => {
                if home {
                    self.initialise(frame, operand.0, target);
                }
                Err(self.leave_at(frame, expr.span, raise).into())
            }
        }
    }

    /// A copy of the variable that is to be updated, unless reading it is deferred.
    pub(super) fn update_early(&mut self, frame: &Frame<'p>, expr: &Expr, (var, name, deferred): (Var, crate::resolve::hir::TextId, bool)) -> Eval<Option<Value>> {
        if deferred {
            return Ok(None);
        }
        self.read(frame, var, name).map(Some).map_err(|raise| self.leave_at(frame, expr.span, raise).into())
    }

    /// The operand itself, with its variable emptied if it still holds the same object (true).
    pub(super) fn update_take(&mut self, frame: &Frame<'p>, var: Var, early: Option<Value>) -> (Value, bool) {
        let Some(early) = early else { return (self.exchange(frame, var, Value::Null), true) };
        let current = self.exchange(frame, var, Value::Null);
        if early.address().is_some() && early.address() == current.address() {
            drop(current);
            return (early, true);
        }
        self.initialise(frame, var, current);
        (early, false)
    }

    fn unary(&mut self, frame: &Frame<'p>, expr: &'p Expr, op: UnaryOp, value: ExprId) -> Eval {
        let value = self.eval(frame, value)?;
        let op = match op {
            UnaryOp::Neg => arith::UnaryOp::Neg,
            UnaryOp::Not => arith::UnaryOp::Not,
            UnaryOp::BitNot => arith::UnaryOp::BitNot,
        };
        let result = arith::unary(op, &value).and_then(|step| self.finish(step));
        result.map_err(|raise| self.leave_at(frame, expr.span, raise).into())
    }

    /// `e?`
    fn early_return(&mut self, frame: &Frame<'p>, expr: &'p Expr, value: ExprId) -> Eval {
        let value = self.eval(frame, value)?;
        match unwrap(value) {
            Ok(Ok(inner)) => Ok(inner),
            Ok(Err(whole)) if frame.function.kind == crate::resolve::hir::FunctionKind::Main => {
                let text = crate::semantics::display::display(&whole, self)?;
                Err(self.leave_at(frame, expr.span, faults::uncaught_early_return(text)).into())
            }
            Ok(Err(whole)) => {
                self.result = whole;
                self.jump(Flow::Return)
            }
            Err(raise) => Err(self.leave_at(frame, expr.span, raise).into()),
        }
    }

    // ---- elements and fields ----

    /// Lets `look` see a value without taking a copy of it, where it is a plain local.
    fn borrowed<R>(&mut self, frame: &Frame<'p>, id: ExprId, look: impl FnOnce(&mut Self, &Value) -> R) -> Eval<R> {
        let value = self.eval(frame, id)?;
        Ok(look(self, &value))
    }

    fn local(&self, frame: &Frame<'p>, id: ExprId) -> Option<Slot> {
        match frame.program[id].kind {
            ExprKind::Var { var: Var::Local(slot), take: Take::No, .. } => Some(slot),
            _ => None,
        }
    }

    fn index(&mut self, frame: &Frame<'p>, expr: &'p Expr, base: ExprId, at: ExprId, or_null: bool) -> Eval {
        let look = if or_null { index::get_or_null } else { index::get };
        if let (Some(slot), true) = (self.local(frame, base), self.is_simple(frame, at)) {
            let at = self.eval(frame, at)?;
            let step = look(&self.stack[frame.base + slot.index()], &at);
            let result = step.and_then(|step| self.finish(step));
            return result.map_err(|raise| self.leave_at(frame, expr.span, raise).into());
        }
        let base = self.eval(frame, base)?;
        let at = self.eval(frame, at)?;
        let result = look(&base, &at).and_then(|step| self.finish(step));
        result.map_err(|raise| self.leave_at(frame, expr.span, raise).into())
    }

    /// Evaluating it cannot change a variable.
    fn is_simple(&self, frame: &Frame<'p>, id: ExprId) -> bool {
        match &frame.program[id].kind {
            ExprKind::Int(_) | ExprKind::Str(_) | ExprKind::Var { take: Take::No, .. } => true,
            ExprKind::Binary(_, a, b) => self.is_simple(frame, *a) && matches!(frame.program[*b].kind, ExprKind::Int(_)),
            _ => false,
        }
    }

    fn field(&mut self, frame: &Frame<'p>, expr: &'p Expr) -> Eval {
        let ExprKind::Field { base, name, optional } = expr.kind else { return self.eval_frequent(expr) };
        let name = self.symbol(frame.unit, name);
        let get = if optional { member::get_or_null } else { member::get };
        let found = match self.local(frame, base) {
            Some(slot) => get(&self.stack[frame.base + slot.index()], name),
            None => self.borrowed(frame, base, |_, base| get(base, name))?,
        };
        let result = found.and_then(|found| self.member_value(frame.unit, found, name));
        result.map_err(|raise| self.leave_at(frame, expr.span, raise).into())
    }

    /// The left side of `??`: a missing key directly there is null.
    fn or_null(&mut self, frame: &Frame<'p>, id: ExprId) -> Eval {
        let expr = &frame.program[id];
        match &expr.kind {
            ExprKind::Index { base, index } => self.index(frame, expr, *base, *index, true),
            ExprKind::Field { base, name, .. } => {
                let base = self.eval(frame, *base)?;
                let name = self.symbol(frame.unit, *name);
                let found = member::get_or_null(&base, name).and_then(|found| self.member_value(frame.unit, found, name));
                found.map_err(|raise| self.leave_at(frame, expr.span, raise).into())
            }
            ExprKind::OptChain(inner) if matches!(frame.program[*inner].kind, ExprKind::Index { .. } | ExprKind::Field { .. }) => {
                match self.or_null(frame, *inner) {
                    Err(Signal::Jump) if self.chain_left => {
                        self.chain_left = false;
                        Ok(Value::Null)
                    }
                    other => other,
                }
            }
            _ => self.eval(frame, id),
        }
    }
}

/// The payload of `Ok` or `Some`, or the whole value of `Err` and `None`.
fn unwrap(value: Value) -> Result<Result<Value, Value>, Raise> {
    let success = match (&value, value.as_variant()) {
        (_, Some(view)) if view.decl == DeclId::RESULT || view.decl == DeclId::OPTION => view.payload.first().filter(|_| {
            let name = crate::value::shapes::decl(view.decl).as_enum().map(|body| body.variants[view.variant as usize].name.as_str());
            matches!(name, Some("Ok" | "Some"))
        }),
        _ => return Err(faults::type_error("?", format_args!("needs a Result or an Option, got {}", value.type_name()))),
    };
    Ok(match success {
        Some(payload) => Ok(payload.clone()),
        None => Err(value),
    })
}

/// The value of an integer literal of any size.
fn big_literal(digits: &str) -> Value {
    digits.parse().map(Value::int_from).unwrap_or_default()
}
