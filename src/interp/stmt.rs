//! Statements, blocks and control flow.
use super::{Eval, Exec, Flow, Frame, Interp, Signal};
use crate::resolve::hir::{
    BlockId, ExprId, ExprKind, For, LoopId, Match, ModuleId, PatternKind, Stmt, StmtId, StmtKind, Take, Try, Var,
};
use crate::semantics::arith::{self, ArithOp};
use crate::semantics::fault::{Fault, Raise, faults};
use crate::value::{CellRef, Value};

/// The value of an expression inside a function that gives a [`Flow`].
macro_rules! value {
    ($self:ident, $eval:expr) => {
        match $eval {
            Ok(value) => value,
            Err($crate::interp::Signal::Raise(raise)) => return Err(raise),
            Err($crate::interp::Signal::Jump) => return Ok(std::mem::replace(&mut $self.flow, Flow::Next)),
        }
    };
}
pub(super) use value;

impl<'p> Interp<'p> {
    /// Runs a block; its value, if it has one, is not wanted.
    pub(super) fn block(&mut self, frame: &Frame<'p>, id: BlockId) -> Exec {
        let block = &frame.program[id];
        self.enter_block(frame, id);
        for &stmt in &block.stmts {
            match self.stmt(frame, stmt) {
                Ok(Flow::Next) => {}
                other => {
                    self.leave_block(frame, id);
                    return other;
                }
            }
        }
        let last = match block.value {
            Some(value) => self.discard(frame, value),
            None => Ok(Flow::Next),
        };
        self.leave_block(frame, id);
        last
    }

    /// Runs a block for its value.
    pub(super) fn block_value(&mut self, frame: &Frame<'p>, id: BlockId) -> Eval {
        let block = &frame.program[id];
        self.enter_block(frame, id);
        let result = self.block_body_value(frame, &block.stmts, block.value);
        self.leave_block(frame, id);
        result
    }

    fn block_body_value(&mut self, frame: &Frame<'p>, stmts: &'p [StmtId], value: Option<ExprId>) -> Eval {
        for &stmt in stmts {
            match self.stmt(frame, stmt)? {
                // A `?.` in the statement left the chain around this block.
                Flow::Next if self.chain_left => return Err(Signal::Jump),
                Flow::Next => {}
                jump => {
                    self.flow = jump;
                    return Err(Signal::Jump);
                }
            }
        }
        value.map_or(Ok(Value::Null), |value| self.eval(frame, value))
    }

    fn enter_block(&mut self, frame: &Frame<'p>, id: BlockId) {
        for slot in &frame.program[id].cells {
            self.stack[frame.base + slot.index()] = Value::Cell(crate::value::cell::Cell::alloc(Value::Uninit));
        }
    }

    fn leave_block(&mut self, frame: &Frame<'p>, id: BlockId) {
        for slot in &frame.program[id].slots {
            self.stack[frame.base + slot.index()] = Value::Null;
        }
    }

    fn discard(&mut self, frame: &Frame<'p>, id: ExprId) -> Exec {
        value!(self, self.eval(frame, id));
        Ok(Flow::Next)
    }

    fn stmt(&mut self, frame: &Frame<'p>, id: StmtId) -> Exec {
        let program = frame.program;
        let stmt: &'p Stmt = &program[id];
        if self.trail.is_some() {
            self.move_trail(stmt.span);
        }
        match &stmt.kind {
            StmtKind::Expr(value) => self.discard(frame, *value),
            StmtKind::Assign { var, name, value, .. } => {
                let value = value!(self, self.eval(frame, *value));
                self.write(frame, *var, *name, value).map_err(|raise| self.leave_at(frame, stmt.span, raise))?;
                Ok(Flow::Next)
            }
            StmtKind::Destructure { pattern, value } => self.destructure(frame, *pattern, *value),
            StmtKind::Store { place, value } => {
                let keys = value!(self, self.place_keys(frame, *place));
                let value = value!(self, self.eval(frame, *value));
                self.store(frame, *place, &keys, value).map_err(|raise| self.leave_at(frame, program[*place].span, raise))?;
                Ok(Flow::Next)
            }
            StmtKind::Update { place, op, value } => self.update(frame, *place, *op, *value),
            StmtKind::If { cond, then, otherwise } => {
                if value!(self, self.eval(frame, *cond)).is_truthy() {
                    self.block(frame, *then)
                } else {
                    otherwise.map_or(Ok(Flow::Next), |block| self.block(frame, block))
                }
            }
            StmtKind::Match(found) => self.match_stmt(frame, found),
            StmtKind::Block(block) => self.block(frame, *block),
            StmtKind::While { id, cond, body } => self.while_loop(frame, *id, *cond, *body),
            StmtKind::Loop { id, body } => loop {
                if let Some(flow) = turn(self.block(frame, *body)?, *id) {
                    return Ok(flow);
                }
                self.charge()?;
            },
            StmtKind::For(found) => self.for_loop(frame, found),
            StmtKind::Try(found) => self.try_stmt(frame, found),
            StmtKind::Return(value) => {
                self.result = match value {
                    Some(value) => value!(self, self.eval(frame, *value)),
                    None => Value::Null,
                };
                Ok(Flow::Return)
            }
            StmtKind::Break(id) => Ok(Flow::Break(*id)),
            StmtKind::Continue(id) => Ok(Flow::Continue(*id)),
            StmtKind::Import(module) => {
                self.import(*module).map_err(|raise| self.leave_at(frame, stmt.span, raise))?;
                Ok(Flow::Next)
            }
            StmtKind::ImportError(message) => {
                Err(self.leave_at(frame, stmt.span, faults::import(&program[*message])))
            }
        }
    }

    fn while_loop(&mut self, frame: &Frame<'p>, id: LoopId, cond: ExprId, body: BlockId) -> Exec {
        while value!(self, self.eval(frame, cond)).is_truthy() {
            if let Some(flow) = turn(self.block(frame, body)?, id) {
                return Ok(flow);
            }
            self.charge()?;
        }
        Ok(Flow::Next)
    }

    /// Runs a module's top level, once.
    fn import(&mut self, module: ModuleId) -> Result<(), Raise> {
        if std::mem::replace(&mut self.modules_run[module.index()], true) {
            return Ok(());
        }
        self.run_module(module.0).map(|_| ())
    }

    // ---- for ----

    fn for_loop(&mut self, frame: &Frame<'p>, found: &'p For) -> Exec {
        let iterable = value!(self, self.eval(frame, found.iterable));
        let span = frame.program[found.iterable].span;
        if let (Value::Array(items), None) = (&iterable, found.second) {
            let items = items.clone();
            drop(iterable);
            for at in 0..items.len() {
                let item = items.get(at).unwrap_or_default();
                if let Some(flow) = self.for_turn(frame, found, item, None)? {
                    return Ok(flow);
                }
            }
            return Ok(Flow::Next);
        }
        let mut state = self.walk(iterable).map_err(|raise| self.leave_at(frame, span, raise))?;
        loop {
            let next = self.step(&mut state, found.second.is_some()).map_err(|raise| self.leave_at(frame, span, raise))?;
            let Some((first, second)) = next else { return Ok(Flow::Next) };
            let turned = self.for_turn(frame, found, first, second);
            if !matches!(turned, Ok(None)) && found.close {
                let closed = self.close(state).map_err(|raise| self.leave_at(frame, span, raise));
                return turned.and_then(|flow| closed.map(|()| flow.unwrap_or(Flow::Next)));
            }
            if let Some(flow) = turned? {
                return Ok(flow);
            }
        }
    }

    fn for_turn(&mut self, frame: &Frame<'p>, found: &'p For, first: Value, second: Option<Value>) -> Result<Option<Flow>, Raise> {
        // The body's cells hold the loop's names, so they are made before those are bound.
        self.enter_block(frame, found.body);
        let flow = self.for_body(frame, found, first, second);
        self.leave_block(frame, found.body);
        if let Some(flow) = turn(flow?, found.id) {
            return Ok(Some(flow));
        }
        self.charge()?;
        Ok(None)
    }

    fn for_body(&mut self, frame: &Frame<'p>, found: &'p For, first: Value, second: Option<Value>) -> Exec {
        value!(self, self.bind_pattern(frame, found.first, first));
        if let (Some(pattern), Some(value)) = (found.second, second) {
            value!(self, self.bind_pattern(frame, pattern, value));
        }
        let block = &frame.program[found.body];
        for &stmt in &block.stmts {
            match self.stmt(frame, stmt)? {
                Flow::Next => {}
                other => return Ok(other),
            }
        }
        block.value.map_or(Ok(Flow::Next), |value| self.discard(frame, value))
    }

    // ---- match ----

    fn match_stmt(&mut self, frame: &Frame<'p>, found: &'p Match) -> Exec {
        let chosen = value!(self, self.choose(frame, found));
        match chosen {
            Some(block) => self.chosen_block(frame, block),
            None => Ok(Flow::Next),
        }
    }

    /// A chosen arm's block: its cells were made before the pattern bound.
    fn chosen_block(&mut self, frame: &Frame<'p>, (block, bound): (BlockId, bool)) -> Exec {
        if !bound {
            return self.block(frame, block);
        }
        let data = &frame.program[block];
        let mut flow = Ok(Flow::Next);
        for &stmt in &data.stmts {
            flow = self.stmt(frame, stmt);
            if !matches!(flow, Ok(Flow::Next)) {
                break;
            }
        }
        if let (Ok(Flow::Next), Some(value)) = (&flow, data.value) {
            flow = self.discard(frame, value);
        }
        self.leave_block(frame, block);
        flow
    }

    pub(super) fn match_value(&mut self, frame: &Frame<'p>, found: &'p Match) -> Eval {
        match self.choose(frame, found)? {
            Some((block, false)) => self.block_value(frame, block),
            Some((block, true)) => {
                let data = &frame.program[block];
                let result = self.block_body_value(frame, &data.stmts, data.value);
                self.leave_block(frame, block);
                result
            }
            None => {
                let subject = self.stack[frame.base + found.slot.index()].take();
                let text = crate::semantics::display::debug(&subject, self)?;
                Err(self.leave_at(frame, found.span, faults::no_match(text)).into())
            }
        }
    }

    /// The block of the first fitting arm; true if its cells are made and its names are bound.
    fn choose(&mut self, frame: &Frame<'p>, found: &'p Match) -> Eval<Option<(BlockId, bool)>> {
        let subject = self.eval(frame, found.subject)?;
        self.stack[frame.base + found.slot.index()] = subject.clone();
        for arm in &found.arms {
            self.enter_block(frame, arm.body);
            let fits = self.matches(frame, arm.pattern, &subject)?
                && match arm.guard {
                    Some(guard) => self.eval(frame, guard)?.is_truthy(),
                    None => true,
                };
            if fits {
                self.stack[frame.base + found.slot.index()] = Value::Null;
                return Ok(Some((arm.body, true)));
            }
            self.leave_block(frame, arm.body);
        }
        if found.default.is_some() || !found.value {
            self.stack[frame.base + found.slot.index()] = Value::Null;
        }
        Ok(found.default.map(|block| (block, false)))
    }

    // ---- try ----

    fn try_stmt(&mut self, frame: &Frame<'p>, found: &'p Try) -> Exec {
        let (height, depth) = (self.stack.len(), self.depth);
        let mut outcome = self.block(frame, found.body);
        if let Some(except) = &found.except
            && let Err(Raise::Fault(fault)) = outcome
        {
            self.stack.truncate(height);
            self.depth = depth;
            outcome = self.handle(frame, *fault, except.var, except.body);
        }
        let Some(finally) = found.finally else { return outcome };
        if let Err(Raise::Stop(_)) = outcome {
            return outcome;
        }
        self.stack.truncate(height);
        self.depth = depth;
        let result = self.result.take();
        match self.block(frame, finally) {
            Ok(_) => {
                self.result = result;
                outcome
            }
            Err(Raise::Fault(mut replaced)) => {
                if let Err(Raise::Fault(pending)) = outcome
                    && replaced.cause.is_none()
                {
                    replaced.cause = Some(pending.into_error_value());
                }
                Err(Raise::Fault(replaced))
            }
            stopped => stopped,
        }
    }

    fn handle(&mut self, frame: &Frame<'p>, fault: Fault, var: Option<Var>, body: BlockId) -> Exec {
        let before = crate::limits::set_in_handler(true);
        let error = fault.into_error_value();
        crate::limits::set_in_handler(before);
        self.enter_block(frame, body);
        if let Some(var) = var {
            self.initialise(frame, var, error);
        }
        let data = &frame.program[body];
        let mut flow = Ok(Flow::Next);
        for &stmt in &data.stmts {
            flow = self.stmt(frame, stmt);
            if !matches!(flow, Ok(Flow::Next)) {
                break;
            }
        }
        if let (Ok(Flow::Next), Some(value)) = (&flow, data.value) {
            flow = self.discard(frame, value);
        }
        self.leave_block(frame, body);
        flow
    }

    // ---- variables ----

    /// The cell in a slot.
    pub(super) fn cell(&self, frame: &Frame<'p>, slot: usize) -> CellRef {
        match &self.stack[frame.base + slot] {
            Value::Cell(cell) => cell.clone(),
            other => unreachable!("a cell slot holds {}", other.type_name()),
        }
    }

    /// Stores to a variable that cannot be in use.
    pub(super) fn initialise(&mut self, frame: &Frame<'p>, var: Var, value: Value) {
        match var {
            Var::Local(slot) => self.stack[frame.base + slot.index()] = value,
            Var::LocalCell(slot) => self.cell(frame, slot.index()).set(value),
            Var::CaptureCell(at) => self.captured_cell(frame, at).set(value),
            Var::Module(var) => self.isolate.table[var.index()] = value,
            Var::Capture(_) | Var::SelfFn => unreachable!("captured values are never assigned"),
        }
    }

    /// Runs an operator that may be overloaded.
    pub(super) fn finish(&mut self, step: crate::semantics::step::Step) -> Result<Value, Raise> {
        step.finish(self)
    }

    /// `place op= value` and `x op= value`.
    pub(super) fn operate(&mut self, op: ArithOp, target: &mut Value, value: Value) -> Result<(), Raise> {
        if let (ArithOp::Add, Value::Str(_), _) | (ArithOp::Add, _, Value::Str(_)) = (op, &*target, &value)
            && !matches!((&*target, &value), (Value::Str(_), Value::Str(_)))
            && !matches!(target, Value::Struct(_))
        {
            *target = arith::concat(target, &value, self)?;
            return Ok(());
        }
        if let Some(step) = arith::binary_in_place(op, target, value)? {
            *target = self.finish(step)?;
        }
        Ok(())
    }

    /// `[a, b] := e`
    fn destructure(&mut self, frame: &Frame<'p>, pattern: crate::resolve::hir::PatId, value: ExprId) -> Exec {
        let program = frame.program;
        if let (PatternKind::Array { before, rest: None, after }, ExprKind::Array(items)) = (&program[pattern].kind, &program[value].kind)
            && after.is_empty()
            && before.len() == items.len()
            && before.iter().all(|element| element.default.is_none())
        {
            let mut values = Vec::with_capacity(items.len());
            for item in items {
                match item {
                    crate::resolve::hir::Item::One(item) => values.push(value!(self, self.eval(frame, *item))),
                    crate::resolve::hir::Item::Spread(_) => return self.destructure_value(frame, pattern, value),
                }
            }
            for (element, value) in before.iter().zip(values) {
                value!(self, self.bind_pattern(frame, element.pattern, value));
            }
            return Ok(Flow::Next);
        }
        self.destructure_value(frame, pattern, value)
    }

    fn destructure_value(&mut self, frame: &Frame<'p>, pattern: crate::resolve::hir::PatId, value: ExprId) -> Exec {
        let value = value!(self, self.eval(frame, value));
        value!(self, self.bind_pattern(frame, pattern, value));
        Ok(Flow::Next)
    }

    /// Does an assignment read its own variable as the operand that is consumed?
    pub(super) fn update_operand(&self, frame: &Frame<'p>, id: ExprId) -> Option<(Var, crate::resolve::hir::TextId, bool)> {
        match frame.program[id].kind {
            ExprKind::Var { var, name, take: Take::Update { deferred } } => Some((var, name, deferred)),
            _ => None,
        }
    }
}

/// What a finished turn means for the loop: `None` goes on.
fn turn(flow: Flow, id: LoopId) -> Option<Flow> {
    match flow {
        Flow::Next => None,
        Flow::Continue(target) if target == id => None,
        Flow::Break(target) if target == id => Some(Flow::Next),
        other => Some(other),
    }
}
