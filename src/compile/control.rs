//! Loops, `try`, and jumps out of them.
//!
//! Loops are rotated: the test stands at the bottom, where the back edge is, and is jumped to once. A `finally` body exists
//! once; what happens after it is a number in its state slot: 0 go on, 1 continue an error, from 2 on the jumps it holds up.
use super::emit::Label;
use super::{Builder, FinallyScope, Leave, LoopScope, Reg, Scope, TEMP};
use crate::builtins;
use crate::bytecode::chunk::{Handler, Test};
use crate::bytecode::op::Op;
use crate::resolve::hir::{
    BlockId, Except, ExprId, ExprKind, For, Item, LoopId, PatId, PatternKind, Receiver, Slot, Try, Var,
};
use crate::value::BuiltinType;

impl Builder<'_> {
    // ---- loops ----

    pub(super) fn while_loop(&mut self, id: LoopId, cond: ExprId, body: BlockId) {
        let spilled = self.spill();
        let enter = self.emit_jump(Op::Jump { to: 0 });
        let top = self.loop_head();
        self.push_loop(id, None);
        self.block(body);
        let scope = self.pop_loop();
        self.land_all(scope.continues);
        self.land(enter);
        for jump in self.jumps_if(cond, true) {
            self.land_at(jump, top);
        }
        self.land_all(scope.breaks);
        self.unspill(spilled);
    }

    pub(super) fn endless_loop(&mut self, id: LoopId, body: BlockId) {
        let spilled = self.spill();
        let top = self.loop_head();
        self.push_loop(id, None);
        self.block(body);
        let scope = self.pop_loop();
        self.land_all(scope.continues);
        self.emit_back(Op::Jump { to: 0 }, top);
        self.land_all(scope.breaks);
        self.unspill(spilled);
    }

    fn loop_head(&mut self) -> Label {
        self.emit(Op::LoopHead {});
        let top = self.here();
        if self.options.fuel {
            self.emit(Op::Fuel {});
        }
        top
    }

    fn push_loop(&mut self, id: LoopId, state: Option<(Reg, bool)>) {
        self.scopes.push(Scope::Loop(LoopScope { id, state, breaks: Vec::new(), continues: Vec::new() }));
    }

    fn pop_loop(&mut self) -> LoopScope {
        match self.scopes.pop() {
            Some(Scope::Loop(scope)) => scope,
            _ => LoopScope { id: LoopId(0), state: None, breaks: Vec::new(), continues: Vec::new() },
        }
    }

    pub(super) fn for_loop(&mut self, node: &For) {
        let spilled = self.spill();
        let state = node.state.0 as u16;
        self.touched.extend((0..3).map(|n| Slot(node.state.0 + n)));
        let hidden = self.hidden_mark();
        let (first, second) = (self.item_register(node.first), node.second.map(|second| self.item_register(second)));
        let (item, pair) = match second {
            None => (first.unwrap_or_else(|| self.hidden(1)), false),
            Some(second) => match (first, second) {
                (Some(first), Some(second)) if second == first + 1 => (first, true),
                _ => (self.hidden(2), true),
            },
        };
        let direct = if pair { first == Some(item) } else { first.is_some() };

        let enter = self.start_iteration(node, state, pair);
        let stepped = !pair && self.stepped(node.iterable).is_some();
        let ranged = !pair && (stepped || matches!(self.program[node.iterable].kind, ExprKind::Range { .. }));
        let top = self.loop_head();
        self.push_loop(node.id, Some((state, node.close)));
        self.open_block(node.body);
        // Numbers of a range that nobody wants hold nothing that would have to be dropped.
        if !(direct || ranged && matches!(self.program[node.first].kind, PatternKind::Wildcard)) {
            self.bind_item(node.first, item);
            if let Some(second) = node.second {
                self.bind_item(second, item + 1);
            }
        }
        self.block_statements(node.body);
        if let Some(value) = self.program[node.body].value {
            self.effect(value);
        }
        self.leave_block(node.body);
        let scope = self.pop_loop();
        self.land_all(scope.continues);
        self.land(enter);
        self.span = self.program[node.iterable].span;
        let next = match (ranged, pair) {
            _ if stepped => Op::ForStepsNext { state, dst: item, to: 0 },
            (true, _) => Op::ForRangeNext { state, dst: item, to: 0 },
            (false, false) => Op::ForNext { state, dst: item, to: 0 },
            (false, true) => Op::ForNextPair { state, dst: item, to: 0 },
        };
        self.emit_back(next, top);
        self.land_all(scope.breaks);
        self.free_hidden(hidden);
        self.unspill(spilled);
    }

    /// The local that receives the item directly.
    fn item_register(&self, pattern: PatId) -> Option<Reg> {
        match self.program[pattern].kind {
            PatternKind::Bind { var: Var::Local(slot), .. } => Some(slot.0 as u16),
            _ => None,
        }
    }

    /// Takes the item out of its hidden local.
    fn bind_item(&mut self, pattern: PatId, item: Reg) {
        match self.program[pattern].kind {
            PatternKind::Wildcard => self.emit(Op::Discard { a: item }),
            PatternKind::Bind { var, name, .. } => {
                let value = self.temp();
                self.span = self.program[pattern].span;
                self.emit(Op::Take { dst: value, src: item });
                self.store(var, name, value);
                self.release(value & !TEMP);
            }
            _ => {
                self.bind(pattern, item);
                self.emit(Op::Discard { a: item });
            }
        }
    }

    /// Evaluates the iterable into the loop's state; gives the jump to the loop's test.
    fn start_iteration(&mut self, node: &For, state: Reg, pair: bool) -> usize {
        let iterable = &self.program[node.iterable];
        if let (ExprKind::Range { start, end, inclusive }, false) = (&iterable.kind, pair) {
            self.expr_to(*start, state);
            self.expr_to(*end, state + 1);
            self.span = iterable.span;
            return self.emit_jump(Op::ForRange { inclusive: u8::from(*inclusive), state, to: 0 });
        }
        if let (Some(arguments), false) = (self.stepped(node.iterable), pair) {
            arguments.into_iter().zip(state..).for_each(|(argument, register)| self.expr_to(argument, register));
            self.span = iterable.span;
            return self.emit_jump(Op::ForSteps { state, to: 0 });
        }
        match (self.folded_array(node.iterable), self.program.chars_of(node.iterable)) {
            (Some(array), _) => self.const_to(array, state),
            (None, Some(asked)) => self.chars_to(node.iterable, asked, state),
            (None, None) => self.expr_to(node.iterable, state),
        }
        self.span = iterable.span;
        self.emit_jump(Op::ForPrep { pairs: u8::from(pair), state, to: 0 })
    }

    /// `e.chars()` for a loop: a text itself, whose characters the loop takes one by one, or what the method gives.
    fn chars_to(&mut self, iterable: ExprId, asked: Receiver, state: Reg) {
        let ExprKind::Method { name, .. } = self.program[iterable].kind else { return };
        if matches!(asked, Receiver::Place(_)) && self.may_mutate(name) {
            return self.expr_to(iterable, state);
        }
        let mark = self.mark();
        let base = self.temp();
        match asked {
            Receiver::Value(value) => self.expr_to(value, base),
            Receiver::Place(place) => self.read_fields_to(place, base),
        }
        self.span = self.program[iterable].span;
        let is_text =
            self.shared_entry(|builder| &mut builder.chunk.tests, Test::BuiltinType(BuiltinType::String as u8), "patterns");
        let other = self.emit_jump(Op::Test { a: base, test: is_text, to: 0 });
        self.emit(Op::Take { dst: state, src: base });
        let done = self.emit_jump(Op::Jump { to: 0 });
        self.land(other);
        let site = self.method_site(name, None, 0, true);
        self.emit(Op::CallMethod { argc: 0, dst: state, base, site });
        self.land(done);
        self.release(mark);
    }

    /// The arguments of a call of `range` with a step, whose numbers a loop counts.
    fn stepped(&self, iterable: ExprId) -> Option<[ExprId; 3]> {
        let ExprKind::CallBuiltin { builtin, args } = &self.program[iterable].kind else { return None };
        let [Item::One(start), Item::One(end), Item::One(step)] = args.positional[..] else { return None };
        let is_range = args.named.is_empty() && builtins::info(*builtin).name == "range";
        is_range.then_some([start, end, step])
    }

    // ---- leaving ----

    /// `return e`
    pub(super) fn return_value(&mut self, value: Option<ExprId>) {
        let mark = self.mark();
        let span = self.span;
        match value {
            None => self.leave(Leave::Return),
            Some(value) => {
                let register = match self.program[value].kind {
                    ExprKind::Var { var: Var::Local(slot), .. } if slot.0 > 0 || !self.lends_self() => slot.0 as u16,
                    _ => {
                        let register = self.temp();
                        self.expr_to(value, register);
                        register
                    }
                };
                self.span = span;
                self.leave_with(register);
            }
        }
        self.release(mark);
    }

    /// Returns the value in a register.
    pub(super) fn leave_with(&mut self, value: Reg) {
        self.unwind_scopes(Leave::Return, Some(value));
    }

    pub(super) fn leave(&mut self, leave: Leave) {
        self.unwind_scopes(leave, None);
    }

    /// Emits what leaving the enclosing constructs takes, from the innermost outward, and the jump itself.
    fn unwind_scopes(&mut self, leave: Leave, value: Option<Reg>) {
        for n in 0..self.next_temp {
            if value != Some(TEMP | n) {
                self.emit(Op::Discard { a: TEMP | n });
            }
        }
        let returning = leave == Leave::Return;
        for at in (0..self.scopes.len()).rev() {
            match &self.scopes[at] {
                Scope::Slots(slots) => {
                    // A function's locals are dropped when it returns, unless something in it runs before.
                    if !returning {
                        let slots = slots.clone();
                        self.clear_slots(&slots);
                    }
                }
                Scope::Loop(scope) => {
                    let (id, state) = (scope.id, scope.state);
                    if leave == Leave::Continue(id) {
                        return self.jump_to_loop(at, true);
                    }
                    if let Some((state, close)) = state {
                        if close {
                            self.emit(Op::ForClose { state });
                        } else if !returning {
                            self.emit(Op::Clear { first: state, count: 3 });
                        }
                    }
                    if leave == Leave::Break(id) {
                        return self.jump_to_loop(at, false);
                    }
                }
                Scope::Finally(_) => return self.enter_finally(at, leave, value),
            }
        }
        match value {
            Some(value) => self.emit(Op::Return { value }),
            None => self.emit(Op::ReturnNull {}),
        }
    }

    fn jump_to_loop(&mut self, at: usize, next: bool) {
        let jump = self.emit_jump(Op::Jump { to: 0 });
        if let Scope::Loop(scope) = &mut self.scopes[at] {
            if next { scope.continues.push(jump) } else { scope.breaks.push(jump) }
        }
    }

    /// The `finally` of scope `at` runs first; the jump goes on after it.
    fn enter_finally(&mut self, at: usize, leave: Leave, value: Option<Reg>) {
        let Scope::Finally(scope) = &mut self.scopes[at] else { return };
        let state = scope.state;
        let known = scope.exits.iter().position(|exit| *exit == leave);
        let exit = known.unwrap_or_else(|| {
            scope.exits.push(leave);
            scope.exits.len() - 1
        });
        if leave == Leave::Return {
            match value {
                Some(value) if super::is_temp(value) => self.emit(Op::Take { dst: state + 1, src: value }),
                Some(value) => self.emit(Op::Move { dst: state + 1, src: value }),
                None => self.emit(Op::LoadNull { dst: state + 1 }),
            }
        }
        self.emit(Op::LoadInt { dst: state, value: exit as i32 + 2 });
        let jump = self.emit_jump(Op::Jump { to: 0 });
        if let Scope::Finally(scope) = &mut self.scopes[at] {
            scope.entries.push(jump);
        }
    }

    // ---- try ----

    pub(super) fn try_statement(&mut self, node: &Try) {
        let spilled = self.spill();
        match node.finally {
            None => self.try_except(node.body, node.except.as_ref(), node.state.0 as u16),
            Some(finally) => self.try_finally(node, finally),
        }
        self.unspill(spilled);
    }

    fn try_except(&mut self, body: BlockId, except: Option<&Except>, error: Reg) {
        let Some(except) = except else { return self.block(body) };
        let (start, outside) = (self.here(), std::mem::take(&mut self.touched));
        self.block(body);
        let end = self.here();
        let done = self.emit_jump(Op::Jump { to: 0 });
        self.handler(start, end, error, false, outside);
        self.open_block(except.body);
        match except.var {
            Some(var) => {
                let value = self.temp();
                self.emit(Op::Take { dst: value, src: error });
                // A handler's variable is always initialised here: its name is never needed.
                self.store_new(var, value);
                self.release(value & !TEMP);
            }
            None => self.emit(Op::Discard { a: error }),
        }
        self.block_statements(except.body);
        if let Some(value) = self.program[except.body].value {
            self.effect(value);
        }
        self.leave_block(except.body);
        self.land(done);
    }

    fn store_new(&mut self, var: Var, value: Reg) {
        let name = self.function.name;
        self.store(var, name, value);
    }

    /// A handler for the code in `start..end` that continues here. It begins by dropping the variables of blocks that the
    /// error has left.
    fn handler(&mut self, start: Label, end: Label, error: Reg, cleanup: bool, outside: Vec<Slot>) {
        let inside = std::mem::replace(&mut self.touched, outside);
        if start < end {
            let target = self.here() as u32;
            self.chunk.handlers.push(Handler { start: start as u32, end: end as u32, target, error, cleanup });
        }
        self.clear_slots(&inside);
        self.touched.extend(inside);
    }

    fn try_finally(&mut self, node: &Try, finally: BlockId) {
        let state = node.state.0 as u16;
        let hidden = self.hidden_mark();
        let error = self.hidden(1);
        self.touched.extend((0..3).map(|n| Slot(node.state.0 + n)));
        self.scopes.push(Scope::Finally(FinallyScope { state, entries: Vec::new(), exits: Vec::new() }));
        let (start, outside) = (self.here(), std::mem::take(&mut self.touched));
        self.try_except(node.body, node.except.as_ref(), state + 2);
        let end = self.here();
        let Some(Scope::Finally(scope)) = self.scopes.pop() else { return };
        self.emit(Op::LoadInt { dst: state, value: 0 });
        let fall = self.emit_jump(Op::Jump { to: 0 });
        self.handler(start, end, state + 1, true, outside);
        self.emit(Op::LoadInt { dst: state, value: 1 });
        self.land(fall);
        self.land_all(scope.entries);

        let (start, outside) = (self.here(), std::mem::take(&mut self.touched));
        self.block(finally);
        let end = self.here();
        let over = self.emit_jump(Op::Jump { to: 0 });
        self.handler(start, end, error, true, outside);
        self.emit(Op::RethrowFrom { error, state });
        self.land(over);
        self.after_finally(state, &scope.exits);
        self.free_hidden(hidden);
    }

    /// Continues what the `finally` held up.
    fn after_finally(&mut self, state: Reg, exits: &[Leave]) {
        let not = self.emit_jump(Op::JumpIfNeK { ne: 1, a: state, k: 1, to: 0 });
        self.emit(Op::Rethrow { error: state + 1 });
        self.land(not);
        for (n, exit) in exits.iter().enumerate() {
            let not = self.emit_jump(Op::JumpIfNeK { ne: 1, a: state, k: n as i16 + 2, to: 0 });
            match exit {
                Leave::Return => {
                    let value = self.temp();
                    self.emit(Op::Take { dst: value, src: state + 1 });
                    self.leave_with(value);
                    self.release(value & !TEMP);
                }
                other => self.leave(*other),
            }
            self.land(not);
        }
    }
}
