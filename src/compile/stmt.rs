//! Statements and blocks.
use super::{Builder, Leave, Scope};
use crate::bytecode::op::Op;
use crate::limits;
use crate::resolve::hir::{BlockId, ExprId, ExprKind, StmtId, StmtKind};

impl Builder<'_> {
    pub(super) fn stmt(&mut self, stmt: StmtId) {
        if limits::stack::check().is_err() {
            self.refuse("nesting too deep");
            return;
        }
        if self.refusal.is_some() {
            return;
        }
        let node = &self.program[stmt];
        self.span = node.span;
        match &node.kind {
            StmtKind::Expr(expr) => self.effect(*expr),
            StmtKind::Assign { var, name, value, declare: _ } => self.assign(*var, *name, *value),
            StmtKind::Destructure { pattern, value } => self.destructure(*pattern, *value),
            StmtKind::Store { place, value, update: false } => self.store_place(*place, *value),
            StmtKind::Store { place, value, .. } => self.update_store(*place, *value),
            StmtKind::Update { place, op, value } => self.update_place(*place, *op, *value, node.span),
            StmtKind::If { cond, then, otherwise } => self.if_statement(*cond, *then, *otherwise),
            StmtKind::Match(node) => self.match_to(node, None),
            StmtKind::Block(block) => self.block(*block),
            StmtKind::While { id, cond, body } => self.while_loop(*id, *cond, *body),
            StmtKind::Loop { id, body } => self.endless_loop(*id, *body),
            StmtKind::For(node) => self.for_loop(node),
            StmtKind::Try(node) => self.try_statement(node),
            StmtKind::Return(value) => self.return_value(*value),
            StmtKind::Break(id) => self.leave(Leave::Break(*id)),
            StmtKind::Continue(id) => self.leave(Leave::Continue(*id)),
            StmtKind::Import(module) => self.emit(Op::Import { module: module.0 }),
            StmtKind::ImportError(text) => {
                let message = self.name(*text);
                self.emit(Op::RaiseImport { message });
            }
        }
    }

    /// `else if` chains are walked by a loop.
    pub(super) fn if_statement(&mut self, cond: ExprId, then: BlockId, otherwise: Option<BlockId>) {
        let (mut cond, mut then, mut otherwise) = (cond, then, otherwise);
        let mut ends = Vec::new();
        loop {
            let not = self.jumps_if(cond, false);
            self.block(then);
            if otherwise.is_some() {
                ends.push(self.emit_jump(Op::Jump { to: 0 }));
            }
            self.land_all(not);
            match otherwise.map(|block| (block, self.only_if(block))) {
                None => {}
                Some((block, None)) => self.block(block),
                Some((_, Some(next))) => {
                    (cond, then, otherwise) = next;
                    continue;
                }
            }
            break;
        }
        self.land_all(ends);
    }

    /// The `if` that is all there is in an `else` block.
    fn only_if(&self, block: BlockId) -> Option<(ExprId, BlockId, Option<BlockId>)> {
        let block = &self.program[block];
        if !block.cells.is_empty() || !block.slots.is_empty() {
            return None;
        }
        match (&*block.stmts, block.value) {
            ([stmt], None) => match self.program[*stmt].kind {
                StmtKind::If { cond, then, otherwise } => Some((cond, then, otherwise)),
                _ => None,
            },
            ([], Some(value)) => match self.program[value].kind {
                ExprKind::If { cond, then, otherwise } => Some((cond, then, otherwise)),
                _ => None,
            },
            _ => None,
        }
    }

    /// A block whose value nobody wants.
    pub(super) fn block(&mut self, block: BlockId) {
        self.enter_block(block);
        if let Some(value) = self.program[block].value {
            self.effect(value);
        }
        self.leave_block(block);
    }

    /// Cells and statements of a block.
    pub(super) fn enter_block(&mut self, id: BlockId) {
        self.open_block(id);
        self.block_statements(id);
    }

    /// The cells of a block; from here on jumps out of it clear its slots.
    pub(super) fn open_block(&mut self, id: BlockId) {
        let block = &self.program[id];
        self.touched.extend(&block.slots);
        self.scopes.push(Scope::Slots(block.slots.to_vec()));
        self.new_cells(block);
    }

    pub(super) fn block_statements(&mut self, id: BlockId) {
        for stmt in &self.program[id].stmts {
            self.stmt(*stmt);
        }
    }

    /// The end of a block: its variables are dropped.
    pub(super) fn leave_block(&mut self, id: BlockId) {
        self.scopes.pop();
        self.clear_slots(&self.program[id].slots);
    }
}
