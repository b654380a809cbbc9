//! Expressions.
//!
//! What runs for every node has the C calling convention: by it a value comes back in two registers, by Rust's own through
//! memory (measured: a tenth of the time of `fib`).
#![allow(improper_ctypes_definitions)]

use super::{Eval, Flow, Frame, Interp, Signal};
use crate::builtins;
use crate::resolve::hir::{BinaryOp, Expr, ExprId, ExprKind, PlaceId, Take, TextId, UnaryOp, Var};
use crate::semantics::arith::{self, ArithOp};
use crate::semantics::compare::{self, CompareOp};
use crate::semantics::fault::{Missing, Raise, faults};
use crate::semantics::{index, member};
use crate::value::{CellRef, DeclId, FnId, InstRef, Symbol, Value};

/// What an operation reads as its first operand and an assignment gives its result to.
#[derive(Clone, Copy)]
pub(super) enum Updated {
    /// A variable; `deferred`: read after the other operands.
    Variable { var: Var, name: TextId, deferred: bool },
    /// A place of fields, and the expression that reads it.
    Place { place: PlaceId, read: ExprId },
}

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

/// The result for immediates and strings, unless there is more to it: one jump, then the operation itself.
#[inline(always)]
pub(super) fn simple(op: BinaryOp, a: &Value, b: &Value) -> Option<Value> {
    match op {
        BinaryOp::Add => arith::simple(ArithOp::Add, a, b),
        BinaryOp::Sub => arith::simple(ArithOp::Sub, a, b),
        BinaryOp::Mul => arith::simple(ArithOp::Mul, a, b),
        BinaryOp::Div => arith::simple(ArithOp::Div, a, b),
        BinaryOp::Mod => arith::simple(ArithOp::Mod, a, b),
        BinaryOp::BitAnd => arith::simple(ArithOp::BitAnd, a, b),
        BinaryOp::BitOr => arith::simple(ArithOp::BitOr, a, b),
        BinaryOp::BitXor => arith::simple(ArithOp::BitXor, a, b),
        BinaryOp::Shl => arith::simple(ArithOp::Shl, a, b),
        BinaryOp::Shr => arith::simple(ArithOp::Shr, a, b),
        BinaryOp::Eq => compare::simple(CompareOp::Eq, a, b).map(Value::bool),
        BinaryOp::Ne => compare::simple(CompareOp::Ne, a, b).map(Value::bool),
        BinaryOp::Lt => compare::simple(CompareOp::Lt, a, b).map(Value::bool),
        BinaryOp::Le => compare::simple(CompareOp::Le, a, b).map(Value::bool),
        BinaryOp::Gt => compare::simple(CompareOp::Gt, a, b).map(Value::bool),
        BinaryOp::Ge => compare::simple(CompareOp::Ge, a, b).map(Value::bool),
        BinaryOp::Pow | BinaryOp::In | BinaryOp::NotIn => None,
    }
}

impl<'p> Interp<'p> {
    /// The value of an expression. Recursion is bounded by the parser's limit on nesting, and for chains by the stack check.
    pub(super) extern "C-unwind" fn eval(&mut self, frame: &Frame<'p>, id: ExprId) -> Eval {
        let expr: &'p Expr = &frame.program[id];
        match &expr.kind {
            ExprKind::Int(value) => Ok(Value::Int(*value)),
            ExprKind::Float(value) => Ok(Value::Float(*value)),
            ExprKind::Var { var: Var::Local(slot), take: Take::No, .. } => Ok(self.stack[frame.base + slot.index()].clone()),
            ExprKind::Var { var: Var::Local(slot), .. } => Ok(self.stack[frame.base + slot.index()].take()),
            ExprKind::Var { .. } => self.variable(frame, expr),
            ExprKind::Binary(..) => self.binary(frame, expr),
            ExprKind::And(..) | ExprKind::Or(..) => self.logic(frame, expr),
            ExprKind::Index { .. } => self.index(frame, expr),
            ExprKind::Field { .. } => self.field(frame, expr),
            ExprKind::CallFunc { .. } => self.call_func(frame, expr),
            ExprKind::CallBuiltin { .. } => self.call_builtin_expr(frame, expr),
            ExprKind::Call { .. } => self.call_value(frame, expr),
            ExprKind::Method { .. } => self.method(frame, expr),
            _ => self.other(frame, expr),
        }
    }

    /// [`Interp::eval`] with the commonest operands decided on the spot.
    #[inline(always)]
    pub(super) fn operand(&mut self, frame: &Frame<'p>, id: ExprId) -> Eval {
        let expr = &frame.program[id];
        match &expr.kind {
            ExprKind::Int(value) => Ok(Value::Int(*value)),
            ExprKind::Var { var: Var::Local(slot), take: Take::No, .. } => Ok(self.stack[frame.base + slot.index()].clone()),
            ExprKind::Binary(..) => self.binary(frame, expr),
            ExprKind::Field { .. } => self.field(frame, expr),
            _ => self.eval(frame, id),
        }
    }

    /// The value of a local variable, where it stands.
    #[inline(always)]
    fn local(&self, frame: &Frame<'p>, id: ExprId) -> Option<&Value> {
        match &frame.program[id].kind {
            ExprKind::Var { var: Var::Local(slot), take: Take::No, .. } => Some(&self.stack[frame.base + slot.index()]),
            _ => None,
        }
    }

    /// An int that is read without effects: a literal or a local variable.
    #[inline(always)]
    fn known_int(&self, frame: &Frame<'p>, id: ExprId) -> Option<i64> {
        match &frame.program[id].kind {
            ExprKind::Int(value) => Some(*value),
            _ => match self.local(frame, id)? {
                Value::Int(value) => Some(*value),
                _ => None,
            },
        }
    }

    /// What a local variable, or an element of one that is an array, holds, where it stands: nothing need be counted to look
    /// into it. Nothing if it takes more to find it.
    #[inline(always)]
    fn lent(&self, frame: &Frame<'p>, id: ExprId) -> Option<&Value> {
        let &ExprKind::Index { base, index } = &frame.program[id].kind else { return self.local(frame, id) };
        let Value::Array(items) = self.local(frame, base)? else { return None };
        let at = usize::try_from(self.known_int(frame, index)?).ok()?;
        items.as_val_slice()?.get(at)
    }

    /// The rarer kinds, out of the way of the frequent ones' stack frame.
    #[inline(never)]
    extern "C-unwind" fn other(&mut self, frame: &Frame<'p>, expr: &'p Expr) -> Eval {
        let program = frame.program;
        let unit = frame.unit;
        match &expr.kind {
            ExprKind::Construct { .. } | ExprKind::MakeVariant { .. } => self.construct_expr(frame, expr),
            ExprKind::Null => Ok(Value::Null),
            ExprKind::Bool(value) => Ok(Value::bool(*value)),
            ExprKind::BigInt(digits) => Ok(big_literal(&program[*digits])),
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
            ExprKind::Namespace(namespace) => Err(self.leave_at(
                frame,
                expr.span,
                faults::name_error(format_args!("{0} is a namespace: write {0}.name", builtins::namespace_name(*namespace))),
            )),
            ExprKind::NameError(message) => Err(self.leave_at(frame, expr.span, faults::name_error(&program[*message]))),

            ExprKind::Array(items) => self.array(frame, expr.span, items),
            ExprKind::Dict(items) => self.dict(frame, expr.span, items),
            ExprKind::StructLit { ty, items } => self.struct_literal(frame, expr.span, *ty, items),
            ExprKind::Interp(parts) => self.interp(frame, expr.span, parts),

            ExprKind::Unary(op, value) => self.unary(frame, expr, *op, *value),
            ExprKind::Coalesce(operands) => self.first_present(frame, operands),
            ExprKind::Range { start, end, inclusive } => {
                let (start, end) = (self.eval(frame, *start)?, self.eval(frame, *end)?);
                let range = index::range(&start, &end, *inclusive);
                range.map_err(|raise| self.leave_at(frame, expr.span, raise))
            }
            ExprKind::Slice { .. } => self.slice(frame, expr, index::slice),
            ExprKind::TakeOut { read, place } => self.take_out(frame, *read, *place),
            ExprKind::OptChain(inner) => {
                let chain = self.eval(frame, *inner);
                self.end_chain(chain)
            }
            ExprKind::OptCheck(receiver) => match self.eval(frame, *receiver)? {
                Value::Null => self.jump(Flow::Chain),
                value => Ok(value),
            },
            ExprKind::Path { base, name } => {
                let base = self.eval(frame, *base)?;
                let name = self.symbol(unit, *name);
                let found = member::variant(&base, name).and_then(|found| self.member_value(unit, found, name));
                found.map_err(|raise| self.leave_at(frame, expr.span, raise))
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
                Err(self.leave_at(frame, expr.span, raise))
            }
            ExprKind::Return(value) => {
                self.result = value.map_or(Ok(Value::Null), |value| self.eval(frame, value))?;
                self.jump(Flow::Return)
            }
            ExprKind::Break(id) => self.jump(Flow::Break(*id)),
            ExprKind::Continue(id) => self.jump(Flow::Continue(*id)),
            ExprKind::Await(value) => self.eval(frame, *value),
            ExprKind::Yield(_) | ExprKind::YieldFrom(_) => Err(self.leave_at(frame, expr.span, Missing::Generators.raise())),
            ExprKind::Spawn(_) => Err(self.leave_at(frame, expr.span, Missing::SpawnBlocks.raise())),

            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Var { .. }
            | ExprKind::Binary(..)
            | ExprKind::And(..)
            | ExprKind::Or(..)
            | ExprKind::Index { .. }
            | ExprKind::Field { .. }
            | ExprKind::CallFunc { .. }
            | ExprKind::CallBuiltin { .. }
            | ExprKind::Call { .. }
            | ExprKind::Method { .. } => self.elsewhere(expr),
        }
    }

    #[cold]
    pub(super) fn elsewhere(&mut self, expr: &Expr) -> Eval {
        Err(self.raise(Raise::bug(format!("tree walker: {:?} is handled elsewhere", expr.kind))))
    }

    #[inline(never)]
    extern "C-unwind" fn variable(&mut self, frame: &Frame<'p>, expr: &'p Expr) -> Eval {
        let ExprKind::Var { var, name, .. } = expr.kind else { return self.elsewhere(expr) };
        if let (Var::Capture(at), Some(closure)) = (var, &frame.closure) {
            return Ok(closure.captures()[at as usize].clone());
        }
        self.read(frame, var, name).map_err(|raise| self.leave_at(frame, expr.span, raise))
    }

    /// `a && b`, `a || b`
    #[inline(never)]
    extern "C-unwind" fn logic(&mut self, frame: &Frame<'p>, expr: &'p Expr) -> Eval {
        match expr.kind {
            ExprKind::And(a, b) => Ok(Value::bool(self.truth(frame, a)? && self.truth(frame, b)?)),
            ExprKind::Or(a, b) => Ok(Value::bool(self.truth(frame, a)? || self.truth(frame, b)?)),
            _ => self.elsewhere(expr),
        }
    }

    #[inline(always)]
    pub(super) fn jump<T>(&mut self, flow: Flow) -> Eval<T> {
        self.flow = flow;
        Err(Signal::Jump)
    }

    /// What an optional chain came to: null if it was left.
    fn end_chain(&self, chain: Eval) -> Eval {
        match chain {
            Err(Signal::Jump) if self.flow == Flow::Chain => Ok(Value::Null),
            other => other,
        }
    }

    #[inline(always)]
    pub(super) fn truth(&mut self, frame: &Frame<'p>, id: ExprId) -> Eval<bool> {
        match self.operand(frame, id)? {
            Value::Bool(truth) => Ok(truth.get()),
            value => Ok(value.is_truthy()),
        }
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

    pub(super) fn read(&mut self, frame: &Frame<'p>, var: Var, name: TextId) -> Result<Value, Raise> {
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
    pub(super) fn write(&mut self, frame: &Frame<'p>, var: Var, name: TextId, value: Value) -> Result<(), Raise> {
        if let Var::Local(slot) = var {
            self.stack[frame.base + slot.index()].assign(value);
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

    #[inline(never)]
    extern "C-unwind" fn binary(&mut self, frame: &Frame<'p>, expr: &'p Expr) -> Eval {
        let ExprKind::Binary(op, a, b) = expr.kind else { return self.elsewhere(expr) };
        let left = match &frame.program[a].kind {
            ExprKind::Int(value) => Value::Int(*value),
            ExprKind::Var { var: Var::Local(slot), take: Take::No, .. } => self.stack[frame.base + slot.index()].clone(),
            ExprKind::Var { var, name, take: Take::Update { deferred } } => {
                let operand = Updated::Variable { var: *var, name: *name, deferred: *deferred };
                return self.update_binary(frame, expr, op, operand, b);
            }
            ExprKind::Field { .. } => self.field(frame, &frame.program[a])?,
            _ => {
                // A chain of operators leans to the left, and may be longer than brackets may be deep.
                if crate::limits::stack::check().is_err() {
                    return Err(self.leave_at(frame, expr.span, faults::stack_overflow()));
                }
                self.eval(frame, a)?
            }
        };
        let right = match self.operand(frame, b) {
            Ok(right) => right,
            Err(signal) => {
                left.discard();
                return Err(signal);
            }
        };
        match simple(op, &left, &right) {
            Some(result) => {
                left.discard();
                right.discard();
                Ok(result)
            }
            None => self.binary_rest(frame, expr, op, left, right),
        }
    }

    /// Operators on what is not simple: big numbers, containers, overloads.
    #[inline(never)]
    fn binary_rest(&mut self, frame: &Frame<'p>, expr: &'p Expr, op: BinaryOp, a: Value, b: Value) -> Eval {
        let result = match operation(op) {
            Operation::Arith(op) => self.arith(op, a, b),
            Operation::Compare(op) => compare::compare(op, &a, &b, self).and_then(|step| self.finish(step)),
            Operation::In => index::contains(&b, &a, self).map(Value::bool),
            Operation::NotIn => index::contains(&b, &a, self).map(|found| Value::bool(!found)),
        };
        result.map_err(|raise| self.leave_at(frame, expr.span, raise))
    }

    fn arith(&mut self, op: ArithOp, mut a: Value, b: Value) -> Result<Value, Raise> {
        self.operate(op, &mut a, b)?;
        Ok(a)
    }

    /// `x = x op e`: works in place on the variable's own value.
    #[inline(never)]
    pub(super) fn update_binary(
        &mut self,
        frame: &Frame<'p>,
        expr: &'p Expr,
        op: BinaryOp,
        operand: Updated,
        b: ExprId,
    ) -> Eval {
        let early = self.update_early(frame, expr, operand)?;
        let b = self.operand(frame, b)?;
        if let (Updated::Variable { var: Var::Local(slot), deferred: true, .. }, Value::Int(_) | Value::Float(_)) =
            (operand, &b)
            && let Some(result) = simple(op, &self.stack[frame.base + slot.index()], &b)
        {
            return Ok(result);
        }
        let Operation::Arith(op) = operation(op) else {
            return Err(self.raise(Raise::bug("only arithmetic updates its variable")));
        };
        // User code must find the variable as it was.
        if let Some(target @ Value::Struct(_)) = &early {
            let result = self.arith(op, target.clone(), b);
            return result.map_err(|raise| self.leave_at(frame, expr.span, raise));
        }
        let (mut target, home) = self.update_take(frame, operand, early);
        if matches!(target, Value::Struct(_)) {
            self.give_back(frame, operand, home, target.clone());
            let result = self.arith(op, target, b);
            return result.map_err(|raise| self.leave_at(frame, expr.span, raise));
        }
        match self.operate(op, &mut target, b) {
            Ok(()) => Ok(target),
            Err(raise) => {
                self.give_back(frame, operand, home, target);
                Err(self.leave_at(frame, expr.span, raise))
            }
        }
    }

    /// A copy of what is to be updated, unless reading it is deferred.
    pub(super) fn update_early(&mut self, frame: &Frame<'p>, expr: &Expr, operand: Updated) -> Eval<Option<Value>> {
        match operand {
            Updated::Variable { deferred: true, .. } => Ok(None),
            Updated::Variable { var, name, .. } => {
                self.read(frame, var, name).map(Some).map_err(|raise| self.leave_at(frame, expr.span, raise))
            }
            Updated::Place { read, .. } => self.eval(frame, read).map(Some),
        }
    }

    /// The operand itself; true if its home was emptied, since it still held the same object.
    pub(super) fn update_take(&mut self, frame: &Frame<'p>, operand: Updated, early: Option<Value>) -> (Value, bool) {
        let home = match (operand, &early) {
            (Updated::Variable { var, .. }, None) => return (self.exchange(frame, var, Value::Null), true),
            (Updated::Variable { var, .. }, Some(early)) => self.release_variable(frame, var, early),
            (Updated::Place { place, .. }, Some(early)) => self.release_place(frame, place, early),
            (Updated::Place { .. }, None) => false,
        };
        (early.unwrap_or_default(), home)
    }

    fn release_variable(&mut self, frame: &Frame<'p>, var: Var, early: &Value) -> bool {
        let current = self.exchange(frame, var, Value::Null);
        let same = early.address().is_some() && early.address() == current.address();
        if !same {
            self.initialise(frame, var, current);
        }
        same
    }

    /// Puts the operand of a failed operation back where it was taken from.
    pub(super) fn give_back(&mut self, frame: &Frame<'p>, operand: Updated, home: bool, value: Value) {
        match operand {
            Updated::Variable { var, .. } if home => self.initialise(frame, var, value),
            Updated::Place { place, .. } if home => self.restore_place(frame, place, value),
            Updated::Variable { .. } | Updated::Place { .. } => {}
        }
    }

    fn unary(&mut self, frame: &Frame<'p>, expr: &'p Expr, op: UnaryOp, value: ExprId) -> Eval {
        let value = self.eval(frame, value)?;
        let op = match op {
            UnaryOp::Neg => arith::UnaryOp::Neg,
            UnaryOp::Not => arith::UnaryOp::Not,
            UnaryOp::BitNot => arith::UnaryOp::BitNot,
        };
        let result = arith::unary(op, &value).and_then(|step| self.finish(step));
        result.map_err(|raise| self.leave_at(frame, expr.span, raise))
    }

    /// `e?`
    fn early_return(&mut self, frame: &Frame<'p>, expr: &'p Expr, value: ExprId) -> Eval {
        let value = self.eval(frame, value)?;
        match unwrap(value) {
            Ok(Ok(inner)) => Ok(inner),
            Ok(Err(whole)) if frame.function.kind == crate::resolve::hir::FunctionKind::Main => {
                let text = crate::semantics::display::display(&whole, self).map_err(|raise| self.raise(raise))?;
                Err(self.leave_at(frame, expr.span, faults::uncaught_early_return(text)))
            }
            Ok(Err(whole)) => {
                self.result = whole;
                self.jump(Flow::Return)
            }
            Err(raise) => Err(self.leave_at(frame, expr.span, raise)),
        }
    }

    // ---- elements and fields ----

    #[inline(never)]
    extern "C-unwind" fn index(&mut self, frame: &Frame<'p>, expr: &'p Expr) -> Eval {
        let ExprKind::Index { base, index: at } = expr.kind else { return self.elsewhere(expr) };
        if let (Some(Value::Array(items)), Some(at)) = (self.local(frame, base), self.known_int(frame, at))
            && let Some(item) = usize::try_from(at).ok().and_then(|at| items.get(at))
        {
            return Ok(item);
        }
        let base = self.operand(frame, base)?;
        let at = match self.operand(frame, at) {
            Ok(at) => at,
            Err(signal) => {
                base.discard();
                return Err(signal);
            }
        };
        if let (Value::Array(items), Value::Int(position)) = (&base, &at)
            && let Some(item) = usize::try_from(*position).ok().and_then(|position| items.get(position))
        {
            base.discard();
            return Ok(item);
        }
        self.index_rest(frame, expr, base, at)
    }

    #[inline(never)]
    fn index_rest(&mut self, frame: &Frame<'p>, expr: &'p Expr, base: Value, at: Value) -> Eval {
        let result = index::get(&base, &at).and_then(|step| self.finish(step));
        result.map_err(|raise| self.leave_at(frame, expr.span, raise))
    }

    #[inline(never)]
    extern "C-unwind" fn field(&mut self, frame: &Frame<'p>, expr: &'p Expr) -> Eval {
        let ExprKind::Field { base, name, optional } = expr.kind else { return self.elsewhere(expr) };
        let name = self.symbol(frame.unit, name);
        if let Some(Value::Struct(object)) = self.lent(frame, base)
            && let Some(value) = self.field_of(object, name)
        {
            return Ok(value);
        }
        let base = self.operand(frame, base)?;
        if let Value::Struct(object) = &base
            && let Some(value) = self.field_of(object, name)
        {
            base.discard();
            return Ok(value);
        }
        self.field_rest(frame, expr, base, name, optional)
    }

    #[inline(always)]
    fn field_of(&self, object: &InstRef, name: Symbol) -> Option<Value> {
        object.load(&self.names.field(object, name)?)
    }

    #[inline(never)]
    fn field_rest(&mut self, frame: &Frame<'p>, expr: &'p Expr, base: Value, name: Symbol, optional: bool) -> Eval {
        let get = if optional { member::get_or_null } else { member::get };
        let result = get(&base, name).and_then(|found| self.member_value(frame.unit, found, name));
        result.map_err(|raise| self.leave_at(frame, expr.span, raise))
    }

    fn slice(&mut self, frame: &Frame<'p>, expr: &Expr, slice: index::Slice) -> Eval {
        let ExprKind::Slice { base, start, end, inclusive } = expr.kind else { return Ok(Value::Null) };
        let base = self.eval(frame, base)?;
        let start = start.map(|start| self.eval(frame, start)).transpose()?;
        let end = end.map(|end| self.eval(frame, end)).transpose()?;
        let sliced = slice(&base, start.as_ref(), end.as_ref(), inclusive).and_then(|step| self.finish(step));
        sliced.map_err(|raise| self.leave_at(frame, expr.span, raise))
    }

    /// `a ?? b ?? …`: the first operand that is not null, or the last one.
    fn first_present(&mut self, frame: &Frame<'p>, operands: &[ExprId]) -> Eval {
        let Some((last, others)) = operands.split_last() else { return Ok(Value::Null) };
        for operand in others {
            match self.or_null(frame, *operand)? {
                Value::Null => {}
                value => return Ok(value),
            }
        }
        self.eval(frame, *last)
    }

    /// The left side of `??`: a missing key directly there is null.
    fn or_null(&mut self, frame: &Frame<'p>, id: ExprId) -> Eval {
        let expr = &frame.program[id];
        match &expr.kind {
            ExprKind::Index { base, index } => {
                let base = self.eval(frame, *base)?;
                let at = self.eval(frame, *index)?;
                let result = index::get_or_null(&base, &at).and_then(|step| self.finish(step));
                result.map_err(|raise| self.leave_at(frame, expr.span, raise))
            }
            ExprKind::Field { base, name, .. } => {
                let base = self.eval(frame, *base)?;
                let name = self.symbol(frame.unit, *name);
                let found = member::get_or_null(&base, name).and_then(|found| self.member_value(frame.unit, found, name));
                found.map_err(|raise| self.leave_at(frame, expr.span, raise))
            }
            ExprKind::Slice { .. } => self.slice(frame, expr, index::slice_or_null),
            ExprKind::OptChain(inner)
                if matches!(
                    frame.program[*inner].kind,
                    ExprKind::Index { .. } | ExprKind::Slice { .. } | ExprKind::Field { .. }
                ) =>
            {
                let chain = self.or_null(frame, *inner);
                self.end_chain(chain)
            }
            _ => self.eval(frame, id),
        }
    }
}

/// The payload of `Ok` or `Some`, or the whole value of `Err` and `None`.
fn unwrap(value: Value) -> Result<Result<Value, Value>, Raise> {
    let success = match (&value, value.as_variant()) {
        (_, Some(view)) if view.decl == DeclId::RESULT || view.decl == DeclId::OPTION => view.payload.first().filter(|_| {
            let name = crate::value::shapes::decl(view.decl)
                .as_enum()
                .map(|body| body.variants[view.variant as usize].name.as_str());
            matches!(name, Some("Ok" | "Some"))
        }),
        _ => return Err(faults::type_error("?", format_args!("needs a Result or Option, got {}", value.type_name()))),
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
