//! Blocks and statements.
use super::expr::Lowered;
use super::expr::binary_op;
use super::hir::*;
use super::pattern::TargetMode;
use super::place::PlaceDraft;
use super::state::*;
use crate::source::Span;
use crate::syntax::ast;

impl Resolver<'_> {
    /// A block with a scope of its own. `value`: its last statement, if an expression, is its value.
    pub fn lower_block(&mut self, id: ast::BlockId, value: bool) -> BlockId {
        let at_top = std::mem::replace(&mut self.at.at_top, false);
        let outer = self.enter_scope();
        let block = self.lower_statements(self.ast()[id].stmts, value);
        self.leave_scope(outer);
        self.at.at_top = at_top;
        block
    }

    /// Statements in the current scope, as a block.
    pub fn lower_statements(&mut self, list: ast::List<ast::StmtId>, value: bool) -> BlockId {
        let ast = self.ast();
        let scope = self.at.scope;
        let hoisted = self.hoist(ast.list(list));
        let (mut stmts, mut times) = (Vec::new(), Vec::new());
        let mut result = None;
        let last = list.len().wrapping_sub(1);
        for (index, &id) in ast.list(list).iter().enumerate() {
            if let ast::Stmt { kind: ast::StmtKind::Expr(expr), span } = ast[id]
                && value
                && index == last
                && self.deeper(span)
            {
                result = Some(self.lower_expr(expr));
                break;
            }
            self.lower_stmt(id, &mut stmts);
            let end = self.tick();
            times.resize(stmts.len(), end);
        }
        let block = self.block(stmts, result);
        self.block_scopes.push((block, scope));
        if !hoisted.is_empty() {
            self.hoists.push(HoistBlock { block, times, bindings: hoisted });
        }
        block
    }

    pub fn lower_stmt(&mut self, id: ast::StmtId, out: &mut Vec<StmtId>) {
        use ast::StmtKind as K;
        let ast::Stmt { kind, span } = self.ast()[id];
        if !self.deeper(span) {
            return;
        }
        match kind {
            K::Error => {}
            K::Expr(expr) => self.lower_expr_stmt(expr, span, out),
            K::Bind { kind, target, ty, value, .. } => {
                let kind = match kind {
                    ast::BindKind::Let => BindingKind::Let,
                    ast::BindKind::Mut => BindingKind::Mut,
                    ast::BindKind::Const => BindingKind::Const,
                };
                self.lower_binding_stmt(target, ty, value, TargetMode::Declare(kind), span, out);
            }
            K::Assign { target, ty, value, .. } => self.lower_assign(target, ty, value, span, out),
            K::Update { op, place, value } => self.lower_update(op, place, value, span, out),
            K::Func(func) => self.declared_here(func),
            K::Struct(_) | K::Enum(_) => {}
            K::Impl(implementation) => self.check_impl(implementation, span, out),
            K::While { label, condition, body } => {
                let outer = self.enter_loop();
                let cond = self.lower_expr(condition);
                let id = self.open_loop(label);
                let body = self.lower_block(body, false);
                self.close_loop(outer);
                out.push(self.stmt(StmtKind::While { id, cond, body }, span));
            }
            K::Loop { label, body } => {
                let outer = self.enter_loop();
                let id = self.open_loop(label);
                let body = self.lower_block(body, false);
                self.close_loop(outer);
                out.push(self.stmt(StmtKind::Loop { id, body }, span));
            }
            K::For { label, first, second, iterable, body } => {
                let lowered = self.lower_for(label, first, second, iterable, body);
                out.push(self.stmt(StmtKind::For(Box::new(lowered)), span));
            }
            K::Try { body, handler, finally } => {
                let lowered = self.lower_try(body, handler, finally);
                out.push(self.stmt(StmtKind::Try(Box::new(lowered)), span));
            }
            K::Import { .. } | K::ImportFrom { .. } | K::ImportAll { .. } => self.lower_import(id, span, out),
            K::Export(inner) => self.lower_export(inner, span, out),
            K::ExportNames(names) => self.lower_export_names(names, span, out),
            K::Test { word, name, body } => self.lower_test(word, name, body, span),
        }
    }

    fn lower_expr_stmt(&mut self, expr: ast::ExprId, span: Span, out: &mut Vec<StmtId>) {
        use ast::ExprKind as K;
        let kind = match self.ast()[expr].kind {
            K::If { arms, otherwise } => self.lower_if_stmt(arms, otherwise),
            K::Match { subject, arms } => StmtKind::Match(Box::new(self.lower_match(subject, arms, span, false))),
            K::Error => return,
            _ => {
                let lowered = self.lower_expr(expr);
                self.discard(lowered);
                match self.program[lowered].kind {
                    ExprKind::Return(value) => StmtKind::Return(value),
                    ExprKind::Break(id) => StmtKind::Break(id),
                    ExprKind::Continue(id) => StmtKind::Continue(id),
                    _ => StmtKind::Expr(lowered),
                }
            }
        };
        out.push(self.stmt(kind, span));
    }

    /// The value of `expr` is thrown away: a method call directly in it needs to give none.
    fn discard(&mut self, expr: ExprId) {
        let inner = match &mut self.program.exprs[expr.index()].kind {
            ExprKind::Method { used, .. } => {
                *used = false;
                None
            }
            ExprKind::OptChain(inner) => Some(*inner),
            &mut ExprKind::Block(block) => self.program[block].value,
            _ => None,
        };
        if let Some(inner) = inner {
            self.discard(inner);
        }
    }

    // ---------------------------------------------------------------------------------------- assignment

    /// `let`, `mut`, `const`.
    fn lower_binding_stmt(
        &mut self,
        target: ast::TargetId,
        ty: Option<ast::TypeId>,
        value: ast::ExprId,
        mode: TargetMode,
        span: Span,
        out: &mut Vec<StmtId>,
    ) {
        let outer_reads = std::mem::take(&mut self.at.later_reads);
        let literal = self.function_literal(value);
        self.at.value_depth += 1;
        let value = self.lower_expr(value);
        self.at.value_depth -= 1;
        let annotation = self.annotation(ty);
        let patterns = self.program.patterns.len();
        let kind = match (self.ast()[target].kind, mode) {
            (ast::TargetKind::Name(symbol), _) => {
                let name = self.symbol(symbol);
                self.assign_name(name, self.ast()[target].span, annotation, value, mode, literal)
            }
            (ast::TargetKind::Ignored | ast::TargetKind::Error | ast::TargetKind::Place(_), _) => {
                Some(StmtKind::Expr(self.typed(value, annotation, "_")))
            }
            (ast::TargetKind::Array(_) | ast::TargetKind::Dict(_), _) => {
                let value = self.typed(value, annotation, "the value");
                let pattern = self.lower_target(target, mode, &mut Vec::new());
                Some(StmtKind::Destructure { pattern, value })
            }
        };
        // What this statement reads is read by a statement around it, too.
        if self.at.value_depth == 0 {
            self.at.later_reads.clear();
        }
        self.at.later_reads.extend(outer_reads);
        let mut assignments = Vec::new();
        self.typed_targets(patterns, &mut assignments);
        out.extend(kind.map(|kind| self.stmt(kind, span)));
        out.append(&mut assignments);
    }

    fn assign_name(
        &mut self,
        name: TextId,
        span: Span,
        annotation: Option<AnnotationId>,
        value: ExprId,
        mode: TargetMode,
        literal: bool,
    ) -> Option<StmtKind> {
        let (var, declare) = match mode {
            TargetMode::Declare(kind) => {
                let binding = self.declare(name, span, kind);
                (self.refer(binding, RefKind::Declare), true)
            }
            TargetMode::Assign => match self.assigned_var(name, span) {
                Some(found) => found,
                None => return Some(self.unassignable(name, span, value)),
            },
        };
        if literal && declare {
            self.bind_literal(var, value);
        }
        let value = self.typed_variable(var, annotation, value);
        Some(StmtKind::Assign { var, name, value, declare })
    }

    /// What stands for an assignment that cannot be made.
    fn unassignable(&mut self, name: TextId, span: Span, value: ExprId) -> StmtKind {
        match self.find_assigned(name) {
            super::scope::AssignTo::Barred => {
                let lowered = self.lower_name(name, span);
                StmtKind::Expr(self.value_of(lowered))
            }
            _ => StmtKind::Expr(value),
        }
    }

    /// The binding behind `var` has the function literal `value` as its only value, unless it is assigned again.
    fn bind_literal(&mut self, var: Var, value: ExprId) {
        let (ExprKind::Closure(func), Some(reference)) = (&self.program[value].kind, self.ref_of(var)) else { return };
        let func = *func;
        self.bindings[reference.binding].literal = Some(func);
        self.facts[func.index()].bound_to = Some(reference.binding);
    }

    /// Is the value directly a function literal?
    fn function_literal(&self, value: ast::ExprId) -> bool {
        let ast = self.ast();
        matches!(ast[ast.unparenthesised(value)].kind, ast::ExprKind::Func(_))
    }

    fn lower_assign(
        &mut self,
        target: ast::TargetId,
        ty: Option<ast::TypeId>,
        value: ast::ExprId,
        span: Span,
        out: &mut Vec<StmtId>,
    ) {
        let ast::TargetKind::Place(place) = self.ast()[target].kind else {
            return self.lower_binding_stmt(target, ty, value, TargetMode::Assign, span, out);
        };
        let place_span = self.ast()[place].span;
        let lowered = self.lower_target_place(place);
        let kind = match lowered {
            Lowered::Place(mut draft) => {
                self.typed_key(&mut draft);
                self.settle_indices(&mut draft, out);
                let value = self.lower_expr(value);
                if !self.note_store(&draft) {
                    return;
                }
                let value = self.typed_store(&draft, value, place_span);
                out.push(self.store(draft, value, span));
                return;
            }
            other => match self.not_a_place(other, place) {
                Some(expr) => StmtKind::Expr(expr),
                None => return,
            },
        };
        out.push(self.stmt(kind, span));
    }

    /// Stores a value that is checked to a place that may be stored to.
    pub fn store(&mut self, draft: PlaceDraft, value: ExprId, span: Span) -> StmtId {
        let kind = if draft.is_variable() {
            StmtKind::Assign { var: draft.root(), name: draft.name(), value, declare: false }
        } else {
            StmtKind::Store { place: self.finish_place(draft), value, update: false }
        };
        self.stmt(kind, span)
    }

    fn lower_target_place(&mut self, place: ast::ExprId) -> Lowered {
        self.at.in_target = true;
        let lowered = self.lower_spine(place);
        self.at.in_target = false;
        lowered
    }

    /// What stands for a store to something that is no place: a name error, or nothing after a diagnostic.
    fn not_a_place(&mut self, lowered: Lowered, place: ast::ExprId) -> Option<ExprId> {
        let span = self.ast()[place].span;
        match lowered {
            Lowered::Static(super::expr::Entity::NameError(_), _) => Some(self.value_of(lowered)),
            Lowered::Value(value) if self.holds_name_error(value) => Some(value),
            Lowered::Value(value) if matches!(self.program[value].kind, ExprKind::Null) => None,
            _ => {
                let text = self.sources.get(self.here()).slice(self.place_root(place)).to_string();
                let message = format!("Cannot mutate immutable binding: {text}");
                self.stop(crate::diagnostics::Code::Immutable, span, message);
                None
            }
        }
    }

    fn place_root(&self, mut place: ast::ExprId) -> Span {
        loop {
            place = match self.ast()[place].kind {
                ast::ExprKind::Field { base, .. } | ast::ExprKind::Index { base, .. } => base,
                _ => return self.ast()[place].span,
            };
        }
    }

    /// Does the chain of fields and indices begin with a name error?
    fn holds_name_error(&self, mut value: ExprId) -> bool {
        loop {
            value = match self.program[value].kind {
                ExprKind::Field { base, .. } | ExprKind::Index { base, .. } | ExprKind::Slice { base, .. } => base,
                ExprKind::NameError(_) => return true,
                _ => return false,
            };
        }
    }

    fn lower_update(
        &mut self,
        op: ast::UpdateOp,
        place: ast::ExprId,
        value: ast::ExprId,
        span: Span,
        out: &mut Vec<StmtId>,
    ) {
        let op = match op {
            ast::UpdateOp::Binary(op) => UpdateOp::Binary(binary_op(op)),
            ast::UpdateOp::Coalesce => UpdateOp::Coalesce,
        };
        let is_name = matches!(self.ast()[place].kind, ast::ExprKind::Name(_));
        let lowered = self.lower_target_place(place);
        let kind = match lowered {
            Lowered::Place(draft) if is_name && !draft.is_variable() => return self.updates_field(place),
            Lowered::Place(mut draft) => {
                self.typed_key(&mut draft);
                self.settle_indices(&mut draft, out);
                let value = self.lower_expr(value);
                if !self.note_store(&draft) {
                    return;
                }
                let place_span = self.ast()[place].span;
                return self.typed_update_statement(draft, op, value, (place_span, span), out);
            }
            Lowered::Static(entity, _) if is_name && !matches!(entity, super::expr::Entity::NameError(_)) => {
                return self.updates_declaration(place);
            }
            other => match self.not_a_place(other, place) {
                Some(expr) => StmtKind::Expr(expr),
                None => return,
            },
        };
        out.push(self.stmt(kind, span));
    }

    /// `balance += n` in a method without `self`: a bare name is never assigned as a field.
    fn updates_field(&mut self, place: ast::ExprId) {
        let span = self.ast()[place].span;
        let name = self.sources.get(self.here()).slice(span).to_string();
        let message = format!("Cannot assign to immutable binding: {name} (a field; a bare name only reads it)");
        let diagnostic = self.stop(crate::diagnostics::Code::Immutable, span, message);
        diagnostic.help.push(format!("give the method a `self` parameter and write `self.{name}`"));
    }

    fn updates_declaration(&mut self, place: ast::ExprId) {
        let span = self.ast()[place].span;
        let name = self.sources.get(self.here()).slice(span).to_string();
        let message = format!("Cannot assign to immutable binding: {name}; use let or mut for a new variable");
        self.stop(crate::diagnostics::Code::Immutable, span, message);
    }

    // -------------------------------------------------------------------------------------------- control

    /// Conditions and bodies in textual order.
    fn lower_arms(&mut self, arms: ast::List<ast::IfArm>, value: bool) -> Vec<(ExprId, BlockId, Span)> {
        let ast = self.ast();
        let lowered = ast.list(arms).iter().map(|arm| {
            let cond = self.lower_expr(arm.condition);
            let body = self.lower_block(arm.body, value);
            (cond, body, ast.span_of(arm.condition).to(ast[arm.body].span))
        });
        lowered.collect()
    }

    fn lower_if_stmt(&mut self, arms: ast::List<ast::IfArm>, otherwise: Option<ast::BlockId>) -> StmtKind {
        let mut arms = self.lower_arms(arms, false);
        let mut otherwise = otherwise.map(|block| self.lower_block(block, false));
        let (cond, then, _) = arms.remove(0);
        for (cond, then, span) in arms.into_iter().rev() {
            let inner = self.stmt(StmtKind::If { cond, then, otherwise }, span);
            otherwise = Some(self.block(vec![inner], None));
        }
        StmtKind::If { cond, then, otherwise }
    }

    pub fn lower_if_value(&mut self, arms: ast::List<ast::IfArm>, otherwise: Option<ast::BlockId>) -> ExprKind {
        let mut arms = self.lower_arms(arms, true);
        let mut otherwise = otherwise.map(|block| self.lower_block(block, true));
        let (cond, then, _) = arms.remove(0);
        for (cond, then, span) in arms.into_iter().rev() {
            let inner = self.expr(ExprKind::If { cond, then, otherwise }, span);
            otherwise = Some(self.block(Vec::new(), Some(inner)));
        }
        ExprKind::If { cond, then, otherwise }
    }

    /// From here on things happen once per iteration.
    fn enter_loop(&mut self) -> Option<LoopMeta> {
        let outer = self.at.in_loop;
        let end = self.tick();
        self.loops.push(LoopInfo { parent: outer, end });
        self.at.in_loop = Some(self.loops.len() - 1);
        outer
    }

    /// From here on `break` and `continue` mean this loop.
    fn open_loop(&mut self, label: Option<ast::Name>) -> LoopId {
        let facts = &mut self.facts[self.at.func.index()];
        let id = LoopId(facts.loops);
        facts.loops += 1;
        if let Some(meta) = self.at.in_loop {
            self.loop_ids.insert((self.at.func, id), meta);
        }
        let label = label.map(|label| self.name(label));
        self.at.loops.push(LoopFrame { label, id, finally_depth: self.at.finally_depth });
        id
    }

    fn close_loop(&mut self, outer: Option<LoopMeta>) {
        self.at.loops.pop();
        let end = self.tick();
        if let Some(meta) = self.at.in_loop {
            self.loops[meta].end = end;
        }
        self.at.in_loop = outer;
    }

    fn lower_for(
        &mut self,
        label: Option<ast::Name>,
        first: ast::TargetId,
        second: Option<ast::TargetId>,
        iterable: ast::ExprId,
        body: ast::BlockId,
    ) -> For {
        // The ends of a range are evaluated straight into the state, and may have loops of their own.
        let (state, outside) = self.enter_hidden(3);
        let lowered = self.lower_spine(iterable);
        let close = !matches!(lowered, Lowered::Place(_)) && !self.is_place(iterable);
        let iterable = self.value_of(lowered);
        let outer_loop = self.enter_loop();
        let id = self.open_loop(label);
        let outer = self.enter_scope();
        let scope = self.at.scope;
        let mut seen = Vec::new();
        let mode = TargetMode::Declare(BindingKind::Loop);
        let first = self.lower_target(first, mode, &mut seen);
        let second = second.map(|second| self.lower_target(second, mode, &mut seen));
        let body = self.lower_block(body, false);
        self.block_scopes.push((body, scope));
        self.leave_scope(outer);
        self.close_loop(outer_loop);
        self.leave_scope(outside);
        For { id, first, second, iterable, body, state, close, borrow: false }
    }

    /// Is the iterable written as a variable or a path into one?
    fn is_place(&self, mut expr: ast::ExprId) -> bool {
        let ast = self.ast();
        loop {
            expr = match ast[ast.unparenthesised(expr)].kind {
                ast::ExprKind::Name(_) | ast::ExprKind::SelfValue => return true,
                ast::ExprKind::Field { base, .. } => base,
                ast::ExprKind::Index { base, index } if !matches!(ast[index].kind, ast::ExprKind::Range { .. }) => base,
                _ => return false,
            };
        }
    }

    fn lower_try(&mut self, body: ast::BlockId, handler: Option<ast::Handler>, finally: Option<ast::BlockId>) -> Try {
        let (state, outside) = self.enter_hidden(3);
        let body = self.lower_block(body, false);
        let except = handler.map(|handler| {
            let outer = self.enter_scope();
            let scope = self.at.scope;
            let var = handler.name.map(|name| {
                let text = self.name(name);
                let binding = self.bind(text, name.span, BindingKind::Except);
                self.refer(binding, RefKind::Declare)
            });
            let body = self.lower_block(handler.body, false);
            self.block_scopes.push((body, scope));
            self.leave_scope(outer);
            Except { var, body }
        });
        let finally = finally.map(|finally| {
            self.at.finally_depth += 1;
            let finally = self.lower_block(finally, false);
            self.at.finally_depth -= 1;
            finally
        });
        self.leave_scope(outside);
        Try { body, except, finally, state }
    }
}
