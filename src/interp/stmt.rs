//! Statements, blocks and control flow.
use super::expr::Updated;
use super::walk::Walk;
use super::{Eval, Flow, Frame, Interp, Signal};
use crate::resolve::hir::{
    Block, BlockId, ElementPattern, ExprId, ExprKind, For, Item, LoopId, Match, ModuleId, PatId, PatternKind, Stmt, StmtId,
    StmtKind, Take, Try, Var,
};
use crate::semantics::arith::{self, ArithOp};
use crate::semantics::fault::{Fault, Raise, faults};
use crate::semantics::index;
use crate::source::Span;
use crate::value::{CellRef, Value};

impl<'p> Interp<'p> {
    /// Runs a block; its value, if it has one, is not wanted.
    pub(super) fn block(&mut self, frame: &Frame<'p>, id: BlockId) -> Eval<()> {
        let block = &frame.program[id];
        self.enter_block(frame, block);
        let outcome = self.body(frame, block);
        self.leave_block(frame, block);
        outcome
    }

    /// What stands in a block whose cells are made.
    #[inline(always)]
    pub(super) fn body(&mut self, frame: &Frame<'p>, block: &'p Block) -> Eval<()> {
        for &stmt in &block.stmts {
            self.stmt(frame, stmt)?;
        }
        match block.value {
            Some(value) => self.eval(frame, value).map(Value::discard),
            None => Ok(()),
        }
    }

    /// Runs a block for its value.
    pub(super) fn block_value(&mut self, frame: &Frame<'p>, id: BlockId) -> Eval {
        let block = &frame.program[id];
        self.enter_block(frame, block);
        let result = self.body_value(frame, block);
        self.leave_block(frame, block);
        result
    }

    fn body_value(&mut self, frame: &Frame<'p>, block: &'p Block) -> Eval {
        for &stmt in &block.stmts {
            self.stmt(frame, stmt)?;
        }
        block.value.map_or(Ok(Value::Null), |value| self.eval(frame, value))
    }

    #[inline]
    pub(super) fn enter_block(&mut self, frame: &Frame<'p>, block: &Block) {
        for slot in &block.cells {
            self.stack[frame.base + slot.index()].assign(Value::Cell(crate::value::cell::Cell::alloc(Value::Uninit)));
        }
    }

    #[inline]
    fn leave_block(&mut self, frame: &Frame<'p>, block: &Block) {
        for slot in &block.slots {
            self.stack[frame.base + slot.index()].assign(Value::Null);
        }
    }

    #[inline(never)]
    fn stmt(&mut self, frame: &Frame<'p>, id: StmtId) -> Eval<()> {
        let stmt: &'p Stmt = &frame.program[id];
        if self.trail.on {
            self.move_trail(stmt.span);
        }
        match &stmt.kind {
            StmtKind::Expr(value) => self.eval(frame, *value).map(Value::discard),
            StmtKind::Assign { var: Var::Local(slot), value, .. } => {
                let value = self.operand(frame, *value)?;
                self.stack[frame.base + slot.index()].assign(value);
                Ok(())
            }
            StmtKind::If { cond, then, otherwise } => {
                if self.truth(frame, *cond)? {
                    self.block(frame, *then)
                } else {
                    otherwise.map_or(Ok(()), |block| self.block(frame, block))
                }
            }
            StmtKind::Store { place, value, update: false } => self.store_stmt(frame, *place, *value),
            StmtKind::Update { place, op, value } => self.update(frame, *place, *op, *value),
            StmtKind::Return(Some(value)) => {
                let value = self.operand(frame, *value)?;
                self.result.assign(value);
                self.jump(Flow::Return)
            }
            _ => self.other_stmt(frame, stmt),
        }
    }

    /// The rarer statements, and those that take long anyway.
    #[inline(never)]
    fn other_stmt(&mut self, frame: &Frame<'p>, stmt: &'p Stmt) -> Eval<()> {
        match &stmt.kind {
            StmtKind::Assign { var, name, value, .. } => {
                let value = self.eval(frame, *value)?;
                self.write(frame, *var, *name, value).map_err(|raise| self.leave_at(frame, stmt.span, raise))
            }
            StmtKind::Store { place, value, .. } => self.update_store(frame, *place, *value),
            StmtKind::Destructure { pattern, value } => self.destructure(frame, *pattern, *value),
            StmtKind::Match(found) => self.match_stmt(frame, found),
            StmtKind::Block(block) => self.block(frame, *block),
            StmtKind::While { id, cond, body } => self.while_loop(frame, stmt.span, (*id, *cond, *body)),
            StmtKind::Loop { id, body } => loop {
                self.charge_turn(frame, stmt.span)?;
                let turn = self.block(frame, *body);
                if self.turned(turn, *id)? {
                    return Ok(());
                }
            },
            StmtKind::For(found) => self.for_loop(frame, found),
            StmtKind::Try(found) => self.try_stmt(frame, found),
            StmtKind::Return(_) => {
                self.result.assign(Value::Null);
                self.jump(Flow::Return)
            }
            StmtKind::Break(id) => self.jump(Flow::Break(*id)),
            StmtKind::Continue(id) => self.jump(Flow::Continue(*id)),
            StmtKind::Import(module) => self.import(*module).map_err(|raise| self.leave_at(frame, stmt.span, raise)),
            StmtKind::ImportError(message) => Err(self.leave_at(frame, stmt.span, faults::import(&frame.program[*message]))),
            StmtKind::Expr(_) | StmtKind::Update { .. } | StmtKind::If { .. } => {
                Err(self.raise(Raise::bug(format!("tree walker: {:?} is handled elsewhere", stmt.kind))))
            }
        }
    }

    fn while_loop(&mut self, frame: &Frame<'p>, span: Span, (id, cond, body): (LoopId, ExprId, BlockId)) -> Eval<()> {
        while self.truth(frame, cond)? {
            self.charge_turn(frame, span)?;
            let turn = self.block(frame, body);
            if self.turned(turn, id)? {
                break;
            }
        }
        Ok(())
    }

    /// What a turn means for its loop: true ends it.
    #[inline(always)]
    fn turned(&mut self, turn: Eval<()>, id: LoopId) -> Eval<bool> {
        match turn {
            Err(Signal::Jump) if self.flow == Flow::Break(id) => Ok(true),
            Err(Signal::Jump) if self.flow == Flow::Continue(id) => Ok(false),
            Err(signal) => Err(signal),
            Ok(()) => Ok(false),
        }
    }

    /// Runs a module's top level, once.
    fn import(&mut self, module: ModuleId) -> Result<(), Raise> {
        if std::mem::replace(&mut self.modules_run[module.index()], true) {
            return Ok(());
        }
        self.run_module(module.0).map(|_| ())
    }

    // ---- for ----

    fn for_loop(&mut self, frame: &Frame<'p>, found: &'p For) -> Eval<()> {
        let span = frame.program[found.iterable].span;
        let iterable = match (&frame.program[found.iterable].kind, found.second) {
            (ExprKind::Range { start, end, inclusive }, None) => {
                let (start, end) = (self.eval(frame, *start)?, self.eval(frame, *end)?);
                if let Some(steps) = index::steps(&start, &end, *inclusive) {
                    return self.for_items(frame, found, steps.map(Value::Int));
                }
                index::range(&start, &end, *inclusive).map_err(|raise| self.leave_at(frame, span, raise))?
            }
            _ => self.iterable(frame, found.iterable)?,
        };
        if let (Value::Array(items), None) = (&iterable, found.second) {
            let items = (0..items.len()).map(|at| items.get(at).unwrap_or_default());
            return self.for_items(frame, found, items);
        }
        let mut state = self.walk(iterable).map_err(|raise| self.leave_at(frame, span, raise))?;
        loop {
            let next = self.step(&mut state, found.second.is_some()).map_err(|raise| self.leave_at(frame, span, raise))?;
            let Some((first, second)) = next else { return Ok(()) };
            let turned = self.for_turn(frame, found, first, second);
            if turned == Ok(false) {
                continue;
            }
            if found.close {
                self.close_early(frame, span, state, turned)?;
            }
            return turned.map(|_| ());
        }
    }

    /// A loop over an array or the ints of a range: the loop holds the array, so it stays as it is.
    fn for_items(&mut self, frame: &Frame<'p>, found: &'p For, items: impl Iterator<Item = Value>) -> Eval<()> {
        let block = &frame.program[found.body];
        for item in items {
            self.charge_turn(frame, frame.program[found.iterable].span)?;
            self.enter_block(frame, block);
            let bound = self.bind_item(frame, found.first, item);
            let turn = bound.and_then(|()| self.body(frame, block));
            self.leave_block(frame, block);
            if self.turned(turn, found.id)? {
                break;
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn bind_item(&mut self, frame: &Frame<'p>, pattern: PatId, item: Value) -> Eval<()> {
        match &frame.program[pattern].kind {
            PatternKind::Bind { var: Var::Local(slot), .. } => {
                self.stack[frame.base + slot.index()].assign(item);
                Ok(())
            }
            _ => self.bind_pattern(frame, pattern, item),
        }
    }

    /// One turn; true ends the loop.
    fn for_turn(&mut self, frame: &Frame<'p>, found: &'p For, first: Value, second: Option<Value>) -> Eval<bool> {
        let block = &frame.program[found.body];
        self.charge_turn(frame, frame.program[found.iterable].span)?;
        // The body's cells hold the loop's names, so they are made before those are bound.
        self.enter_block(frame, block);
        let turn = self.for_body(frame, found, block, first, second);
        self.leave_block(frame, block);
        self.turned(turn, found.id)
    }

    fn for_body(
        &mut self,
        frame: &Frame<'p>,
        found: &'p For,
        block: &'p Block,
        first: Value,
        second: Option<Value>,
    ) -> Eval<()> {
        self.bind_item(frame, found.first, first)?;
        if let (Some(pattern), Some(value)) = (found.second, second) {
            self.bind_pattern(frame, pattern, value)?;
        }
        self.body(frame, block)
    }

    /// Closes the iterator of a loop that is left early. An error on its way is not replaced by one of closing.
    fn close_early(&mut self, frame: &Frame<'p>, span: Span, state: Walk, turned: Eval<bool>) -> Eval<()> {
        let (flow, raised, result) = (self.flow, self.raised.take(), self.result.take());
        let closed = self.close(state);
        (self.flow, self.result) = (flow, result);
        match (closed, turned) {
            (Err(raise), Ok(_) | Err(Signal::Jump)) => Err(self.leave_at(frame, span, raise)),
            _ => {
                self.raised = raised;
                Ok(())
            }
        }
    }

    // ---- match ----

    fn match_stmt(&mut self, frame: &Frame<'p>, found: &'p Match) -> Eval<()> {
        match self.choose(frame, found)? {
            Some(chosen) => self.chosen_block(frame, chosen),
            None => Ok(()),
        }
    }

    /// A chosen arm's block: its cells were made before the pattern bound.
    fn chosen_block(&mut self, frame: &Frame<'p>, (id, bound): (BlockId, bool)) -> Eval<()> {
        if !bound {
            return self.block(frame, id);
        }
        let block = &frame.program[id];
        let outcome = self.body(frame, block);
        self.leave_block(frame, block);
        outcome
    }

    pub(super) fn match_value(&mut self, frame: &Frame<'p>, found: &'p Match) -> Eval {
        match self.choose(frame, found)? {
            Some((block, false)) => self.block_value(frame, block),
            Some((block, true)) => {
                let block = &frame.program[block];
                let result = self.body_value(frame, block);
                self.leave_block(frame, block);
                result
            }
            None => {
                let subject = self.stack[frame.base + found.slot.index()].take();
                let text = crate::semantics::display::debug(&subject, self).map_err(|raise| self.raise(raise))?;
                Err(self.leave_at(frame, found.span, faults::no_match(text)))
            }
        }
    }

    /// The block of the first fitting arm; true if its cells are made and its names are bound.
    fn choose(&mut self, frame: &Frame<'p>, found: &'p Match) -> Eval<Option<(BlockId, bool)>> {
        let subject = self.eval(frame, found.subject)?;
        self.stack[frame.base + found.slot.index()] = subject.clone();
        for arm in &found.arms {
            let body = &frame.program[arm.body];
            self.enter_block(frame, body);
            let fits = self.matches(frame, arm.pattern, &subject)?
                && match arm.guard {
                    Some(guard) => self.eval(frame, guard)?.is_truthy(),
                    None => true,
                };
            if fits {
                self.stack[frame.base + found.slot.index()] = Value::Null;
                return Ok(Some((arm.body, true)));
            }
            self.leave_block(frame, body);
        }
        if found.default.is_some() || !found.value {
            self.stack[frame.base + found.slot.index()] = Value::Null;
        }
        Ok(found.default.map(|block| (block, false)))
    }

    // ---- try ----

    fn try_stmt(&mut self, frame: &Frame<'p>, found: &'p Try) -> Eval<()> {
        let (height, depth) = (self.stack.len(), self.depth);
        let mut outcome = self.block(frame, found.body);
        if let Some(except) = &found.except
            && outcome == Err(Signal::Raise)
            && let Some(fault) = self.caught()
        {
            self.stack.truncate(height);
            self.depth = depth;
            outcome = self.handle(frame, *fault, except.var, except.body);
        }
        let Some(finally) = found.finally else { return outcome };
        if matches!(self.raised, Some(Raise::Stop(_))) {
            return outcome;
        }
        self.stack.truncate(height);
        self.depth = depth;
        let (flow, pending, result) = (self.flow, self.raised.take(), self.result.take());
        let finished = self.block(frame, finally);
        if finished == Err(Signal::Raise) {
            self.add_cause(pending);
            return finished;
        }
        (self.flow, self.raised, self.result) = (flow, pending, result);
        outcome
    }

    /// The fault on its way, taken; a stop goes on.
    fn caught(&mut self) -> Option<Box<Fault>> {
        match self.raised.take() {
            Some(Raise::Fault(fault)) => Some(fault),
            other => {
                self.raised = other;
                None
            }
        }
    }

    /// A fault of a `finally` replaces the one that was on its way, which becomes its cause.
    fn add_cause(&mut self, pending: Option<Raise>) {
        if let Some(Raise::Fault(replaced)) = &mut self.raised
            && let Some(Raise::Fault(pending)) = pending
        {
            replaced.replace(*pending);
        }
    }

    fn handle(&mut self, frame: &Frame<'p>, fault: Fault, var: Option<Var>, id: BlockId) -> Eval<()> {
        let before = crate::limits::set_in_handler(true);
        let error = fault.into_error_value();
        crate::limits::set_in_handler(before);
        let block = &frame.program[id];
        self.enter_block(frame, block);
        if let Some(var) = var {
            self.initialise(frame, var, error);
        }
        let outcome = self.body(frame, block);
        self.leave_block(frame, block);
        outcome
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
            Var::Local(slot) => self.stack[frame.base + slot.index()].assign(value),
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
    fn destructure(&mut self, frame: &Frame<'p>, pattern: PatId, value: ExprId) -> Eval<()> {
        let program = frame.program;
        if let (PatternKind::Array { before, rest: None, after }, ExprKind::Array(items)) =
            (&program[pattern].kind, &program[value].kind)
            && after.is_empty()
            && before.len() == items.len()
            && before.iter().all(|element| element.default.is_none())
            && items.iter().all(|item| matches!(item, Item::One(_)))
        {
            return self.destructure_items(frame, before, items);
        }
        let value = self.eval(frame, value)?;
        self.bind_pattern(frame, pattern, value)
    }

    /// `[a, b] := [c, d]` without an array.
    fn destructure_items(&mut self, frame: &Frame<'p>, names: &'p [ElementPattern], items: &'p [Item]) -> Eval<()> {
        let base = self.stack.len();
        let pushed = self.push_arguments(frame, items);
        if pushed.is_ok() {
            for (at, name) in names.iter().enumerate() {
                let value = self.stack[base + at].take();
                if let Err(signal) = self.bind_pattern(frame, name.pattern, value) {
                    self.drop_to(base);
                    return Err(signal);
                }
            }
        }
        self.drop_to(base);
        pushed
    }

    /// Does an assignment read its own variable as the operand that is consumed?
    pub(super) fn update_operand(&self, frame: &Frame<'p>, id: ExprId) -> Option<Updated> {
        match frame.program[id].kind {
            ExprKind::Var { var, name, take: Take::Update { deferred } } => Some(Updated::Variable { var, name, deferred }),
            _ => None,
        }
    }
}
