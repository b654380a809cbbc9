//! Expressions: variables, constants, elements, control flow with a value.
use super::{Builder, Leave, Reg, is_temp, plain_local};
use crate::bytecode::chunk::{ClosureSite, Const, FieldSite};
use crate::bytecode::op::{Op, slice_kind};
use crate::limits;
use crate::resolve::hir::{BlockId, Capture, ExprId, ExprKind, FuncId, FunctionKind, Take, TextId, UnaryOp, Var};
use crate::semantics::fault::Missing;

impl Builder<'_> {
    /// Evaluates to a register of its choice: the local itself for a plain variable, else a new temporary.
    pub(super) fn expr(&mut self, expr: ExprId) -> Reg {
        if let ExprKind::Var { var: Var::Local(slot), .. } = self.program[expr].kind {
            return slot.0 as u16;
        }
        let register = self.temp();
        self.expr_to(expr, register);
        register
    }

    /// As [`Builder::expr`], for an operand that is read after `later` has been evaluated.
    pub(super) fn operand_before(&mut self, expr: ExprId, later: &[ExprId]) -> Reg {
        if let ExprKind::Var { var, .. } = self.program[expr].kind
            && let Some(local) = plain_local(var)
            // A later operand that is a variable itself is used where it is, too.
            && later.iter().any(|later| !self.is_variable(*later) && self.assigns(*later).may_change(local))
        {
            let copy = self.temp();
            self.emit(Op::Move { dst: copy, src: local });
            return copy;
        }
        self.expr(expr)
    }

    fn is_variable(&self, expr: ExprId) -> bool {
        matches!(self.program[expr].kind, ExprKind::Var { .. })
    }

    /// Evaluates for its effects.
    pub(super) fn effect(&mut self, expr: ExprId) {
        let mark = self.mark();
        match &self.program[expr].kind {
            ExprKind::If { cond, then, otherwise } => self.if_statement(*cond, *then, *otherwise),
            ExprKind::Match(node) => self.match_to(node, None),
            ExprKind::Block(block) => self.block(*block),
            ExprKind::Return(value) => self.return_value(*value),
            ExprKind::Break(id) => self.leave(Leave::Break(*id)),
            ExprKind::Continue(id) => self.leave(Leave::Continue(*id)),
            _ => {
                let register = self.expr(expr);
                self.discard(register);
            }
        }
        self.release(mark);
    }

    /// Evaluates into a register. A local is written last, when nothing can fault any more.
    pub(super) fn expr_to(&mut self, expr: ExprId, dst: Reg) {
        if limits::stack::check().is_err() {
            self.refuse("nesting too deep");
            return;
        }
        let mark = self.mark();
        self.expr_into(expr, dst);
        self.release(mark);
    }

    fn expr_into(&mut self, expr: ExprId, dst: Reg) {
        let node = &self.program[expr];
        self.span = node.span;
        match &node.kind {
            ExprKind::Null => self.emit(Op::LoadNull { dst }),
            ExprKind::Bool(value) => self.emit(Op::LoadBool { value: u8::from(*value), dst }),
            ExprKind::Int(value) => self.int_to(*value, dst),
            ExprKind::BigInt(text) => {
                let digits = Const::BigInt(Box::from(&self.program[*text]));
                self.const_to(digits, dst);
            }
            ExprKind::Float(value) => self.const_to(Const::Float(*value), dst),
            ExprKind::Str(text) => {
                let value = self.text_constant(*text);
                self.emit(Op::LoadConst { dst, value });
            }
            ExprKind::Constant(id) => self.const_to(Const::Prelude(id.0), dst),
            ExprKind::Var { var, name, take } => self.variable_to(*var, *name, *take, dst),
            ExprKind::Func(id) => self.const_to(Const::Func(id.0), dst),
            ExprKind::Closure(id) => self.closure_to(*id, dst),
            ExprKind::Builtin(id) => self.const_to(Const::Builtin(id.0), dst),
            ExprKind::BuiltinType(id) => self.const_to(Const::BuiltinType(id.0), dst),
            ExprKind::Struct(id) => self.const_to(Const::Struct(id.0), dst),
            ExprKind::Enum(id) => self.const_to(Const::Enum(id.0), dst),
            ExprKind::Variant(decl, variant) => self.const_to(Const::Variant(decl.0, *variant), dst),
            ExprKind::Module(id) => self.const_to(Const::Module(id.0), dst),
            ExprKind::Namespace(id) => self.const_to(Const::Namespace(id.0), dst),
            ExprKind::NameError(text) => {
                let message = self.name(*text);
                self.emit(Op::RaiseName { message });
            }
            ExprKind::Array(items) => self.array_to(expr, items, dst),
            ExprKind::Dict(items) => self.dict_to(expr, items, dst),
            ExprKind::StructLit { ty, items } => self.struct_to(expr, *ty, items, dst),
            ExprKind::Interp(parts) => self.interp_to(expr, parts, dst),
            ExprKind::Unary(op, a) => self.unary_to(expr, *op, *a, dst),
            ExprKind::Binary(..) => self.binary_to(expr, dst),
            ExprKind::And(..) | ExprKind::Or(..) => self.logic_to(expr, dst),
            ExprKind::Coalesce(operands) => self.coalesce_to(operands, dst),
            ExprKind::Range { start, end, inclusive } => {
                let a = self.operand_before(*start, &[*end]);
                let b = self.expr(*end);
                self.span = node.span;
                self.emit(Op::Range { inclusive: u8::from(*inclusive), dst, a, b });
            }
            ExprKind::Index { base, index } => self.index_to(expr, *base, *index, dst),
            ExprKind::Slice { .. } => self.slice_to(expr, 0, dst),
            ExprKind::Field { base, name, optional } => {
                let a = self.expr(*base);
                self.span = node.span;
                let site = self.field_site(*name, *optional);
                self.emit(Op::FieldGet { dst, a, site });
            }
            ExprKind::TakeOut { read, place } => self.take_out_to(*read, *place, dst),
            ExprKind::OptChain(inner) => self.chain_to(*inner, dst),
            ExprKind::OptCheck(receiver) => {
                let register = if is_temp(dst) { dst } else { self.temp() };
                self.expr_to(*receiver, register);
                self.null_leaves_chain(register);
                self.take_to(register, dst);
            }
            ExprKind::Call { callee, args } => self.call_value_to(expr, *callee, args, dst),
            ExprKind::CallFunc { func, args } => self.call_func_to(expr, *func, args, dst),
            ExprKind::CallBuiltin { builtin, args } => self.call_builtin_to(expr, *builtin, args, dst),
            ExprKind::Construct { decl, args } => self.construct_to(expr, *decl, args, dst),
            ExprKind::MakeVariant { decl, variant, args } => self.make_variant_to(expr, *decl, *variant, args, dst),
            ExprKind::Method { recv, name, args, used } => self.method_to(expr, *recv, *name, args, *used, dst),
            ExprKind::Path { base, name } => {
                let a = self.expr(*base);
                self.span = node.span;
                let name = self.name(*name);
                self.emit(Op::PathGet { dst, a, name });
            }
            ExprKind::If { cond, then, otherwise } => self.if_to(*cond, *then, *otherwise, dst),
            ExprKind::Match(node) => self.match_to(node, Some(dst)),
            ExprKind::Block(block) => self.block_to(*block, dst),
            ExprKind::Try(inner) => self.unwrap_to(expr, *inner, dst),
            ExprKind::Throw(value) => {
                let value = self.expr(*value);
                self.span = node.span;
                self.emit(Op::Throw { value });
            }
            ExprKind::Return(value) => self.return_value(*value),
            ExprKind::Break(id) => self.leave(Leave::Break(*id)),
            ExprKind::Continue(id) => self.leave(Leave::Continue(*id)),
            // There are no promises yet, and `await` of anything else is the value itself.
            ExprKind::Await(value) => self.expr_to(*value, dst),
            ExprKind::Yield(_) | ExprKind::YieldFrom(_) => {
                self.emit(Op::RaiseMissing { feature: Missing::Generators as u8 })
            }
            ExprKind::Spawn(_) => self.emit(Op::RaiseMissing { feature: Missing::SpawnBlocks as u8 }),
        }
    }

    pub(super) fn int_to(&mut self, value: i64, dst: Reg) {
        match i32::try_from(value) {
            Ok(value) => self.emit(Op::LoadInt { dst, value }),
            Err(_) => self.const_to(Const::Int(value), dst),
        }
    }

    pub(super) fn const_to(&mut self, constant: Const, dst: Reg) {
        let value = self.constant(constant);
        self.emit(Op::LoadConst { dst, value });
    }

    /// Moves a temporary's value to where it belongs.
    pub(super) fn take_to(&mut self, src: Reg, dst: Reg) {
        if src != dst {
            self.emit(Op::Take { dst, src });
        }
    }

    pub(super) fn variable_to(&mut self, var: Var, name: TextId, take: Take, dst: Reg) {
        match var {
            Var::Local(slot) => {
                let src = slot.0 as u16;
                match take {
                    _ if src == dst => {}
                    Take::Dead if src > 0 || !self.lends_self() => self.emit(Op::Take { dst, src }),
                    Take::Dead | Take::No | Take::Update { .. } => self.emit(Op::Move { dst, src }),
                }
            }
            Var::LocalCell(slot) => {
                let name = self.name(name);
                self.emit(Op::CellGet { dst, cell: slot.0 as u16, name });
            }
            Var::Capture(index) => self.emit(Op::CaptureGet { dst, index: index as u16 }),
            Var::CaptureCell(index) => {
                let name = self.name(name);
                self.emit(Op::CaptureCellGet { dst, index: index as u16, name });
            }
            Var::Module(var) => self.emit(Op::ModuleGet { dst, var: var.0 }),
            Var::SelfFn => self.emit(Op::LoadSelfFn { dst }),
        }
    }

    fn closure_to(&mut self, func: FuncId, dst: Reg) {
        let captures: Vec<_> = self.program[func].captures.iter().map(|Capture { from, .. }| self.root(*from)).collect();
        let closure = self.table_index(self.chunk.closures.len(), "closures");
        self.chunk.closures.push(ClosureSite { func: func.0, captures: captures.into() });
        self.emit(Op::MakeClosure { dst, closure });
    }

    pub(super) fn field_site(&mut self, name: TextId, optional: bool) -> u16 {
        let site = FieldSite { name: self.name(name), optional };
        let index = self.table_index(self.chunk.fields.len(), "field accesses");
        self.chunk.fields.push(site);
        index
    }

    fn unary_to(&mut self, expr: ExprId, op: UnaryOp, operand: ExprId, dst: Reg) {
        if let Some(constant) = self.folded(expr) {
            return self.const_to_small(constant, dst);
        }
        let a = self.expr(operand);
        self.span = self.program[expr].span;
        self.emit(match op {
            UnaryOp::Neg => Op::Neg { dst, a },
            UnaryOp::Not => Op::Not { dst, a },
            UnaryOp::BitNot => Op::BitNot { dst, a },
        });
    }

    pub(super) fn const_to_small(&mut self, constant: Const, dst: Reg) {
        match constant {
            Const::Int(value) => self.int_to(value, dst),
            Const::Bool(value) => self.emit(Op::LoadBool { value: u8::from(value), dst }),
            other => self.const_to(other, dst),
        }
    }

    /// A slice; `kind` holds what is to be added to its [`slice_kind`].
    fn slice_to(&mut self, expr: ExprId, kind: u8, dst: Reg) {
        let ExprKind::Slice { base, start, end, inclusive } = self.program[expr].kind else { return };
        let later: Vec<ExprId> = start.into_iter().chain(end).collect();
        let a = self.operand_before(base, &later);
        let bounds = self.temp();
        self.bound_to(start, bounds);
        let last = self.temp();
        self.bound_to(end, last);
        self.span = self.program[expr].span;
        let kind = if inclusive { kind | slice_kind::INCLUSIVE } else { kind };
        self.emit(Op::Slice { kind, dst, a, bounds });
    }

    fn coalesce_to(&mut self, operands: &[ExprId], dst: Reg) {
        let Some((last, others)) = operands.split_last() else { return };
        let register = if is_temp(dst) { dst } else { self.temp() };
        let mut present = Vec::new();
        for operand in others {
            self.or_null_to(*operand, register);
            present.push(self.emit_jump(Op::JumpIfNotNull { a: register, to: 0 }));
        }
        self.expr_to(*last, register);
        self.land_all(present);
        self.take_to(register, dst);
    }

    /// As [`Builder::expr_to`], but a missing dict key directly in this node is null.
    fn or_null_to(&mut self, expr: ExprId, dst: Reg) {
        let node = &self.program[expr];
        let mark = self.mark();
        match &node.kind {
            ExprKind::Index { base, index } => {
                let a = self.operand_before(*base, &[*index]);
                let b = self.expr(*index);
                self.span = node.span;
                self.emit(Op::IndexGetOrNull { dst, a, b });
            }
            ExprKind::Field { base, name, .. } => {
                let a = self.expr(*base);
                self.span = node.span;
                let site = self.field_site(*name, true);
                self.emit(Op::FieldGet { dst, a, site });
            }
            ExprKind::Slice { .. } => self.slice_to(expr, slice_kind::OR_NULL, dst),
            ExprKind::OptChain(inner) => {
                self.chains.push(Vec::new());
                self.or_null_to(*inner, dst);
                self.end_chain(dst);
            }
            _ => self.expr_to(expr, dst),
        }
        self.release(mark);
    }

    fn chain_to(&mut self, inner: ExprId, dst: Reg) {
        self.chains.push(Vec::new());
        self.expr_to(inner, dst);
        self.end_chain(dst);
    }

    fn end_chain(&mut self, dst: Reg) {
        let leaving = self.chains.pop().unwrap_or_default();
        let end = self.emit_jump(Op::Jump { to: 0 });
        self.land_all(leaving);
        self.emit(Op::LoadNull { dst });
        self.land(end);
    }

    fn null_leaves_chain(&mut self, register: Reg) {
        let jump = self.emit_jump(Op::JumpIfNull { a: register, to: 0 });
        if let Some(chain) = self.chains.last_mut() {
            chain.push(jump);
        }
    }

    fn bound_to(&mut self, bound: Option<ExprId>, dst: Reg) {
        match bound {
            Some(bound) => self.expr_to(bound, dst),
            None => self.emit(Op::LoadMissing { dst }),
        }
    }

    fn index_to(&mut self, expr: ExprId, base: ExprId, index: ExprId, dst: Reg) {
        let a = self.operand_before(base, &[index]);
        let span = self.program[expr].span;
        match &self.program[index].kind {
            ExprKind::Int(value) if i16::try_from(*value).is_ok() => {
                self.span = span;
                self.emit(Op::IndexGetK { dst, a, k: *value as i16 });
            }
            ExprKind::Str(text) => {
                let constant = self.text_constant(*text);
                self.span = span;
                match u16::try_from(constant) {
                    Ok(c) => self.emit(Op::IndexGetC { dst, a, c }),
                    Err(_) => {
                        let b = self.temp();
                        self.emit(Op::LoadConst { dst: b, value: constant });
                        self.emit(Op::IndexGet { dst, a, b });
                    }
                }
            }
            _ => {
                let b = self.expr(index);
                self.span = span;
                self.emit(Op::IndexGet { dst, a, b });
            }
        }
    }

    fn if_to(&mut self, cond: ExprId, then: BlockId, otherwise: Option<BlockId>, dst: Reg) {
        let (mut cond, mut then, mut otherwise) = (cond, then, otherwise);
        let mut ends = Vec::new();
        loop {
            let not = self.jumps_if(cond, false);
            self.block_to(then, dst);
            ends.push(self.emit_jump(Op::Jump { to: 0 }));
            self.land_all(not);
            match otherwise.map(|block| (block, self.else_if(block))) {
                None => self.emit(Op::LoadNull { dst }),
                Some((block, None)) => self.block_to(block, dst),
                Some((_, Some(next))) => {
                    (cond, then, otherwise) = next;
                    continue;
                }
            }
            break;
        }
        self.land_all(ends);
    }

    /// The `if` that is all there is in an `else` block, as value.
    fn else_if(&self, block: BlockId) -> Option<(ExprId, BlockId, Option<BlockId>)> {
        let block = &self.program[block];
        if !block.stmts.is_empty() || !block.cells.is_empty() || !block.slots.is_empty() {
            return None;
        }
        match self.program[block.value?].kind {
            ExprKind::If { cond, then, otherwise } => Some((cond, then, otherwise)),
            _ => None,
        }
    }

    /// A block whose value is wanted.
    pub(super) fn block_to(&mut self, block: BlockId, dst: Reg) {
        let node = &self.program[block];
        self.enter_block(block);
        match node.value {
            Some(value) => self.expr_to(value, dst),
            None => self.emit(Op::LoadNull { dst }),
        }
        self.leave_block(block);
    }

    fn unwrap_to(&mut self, expr: ExprId, inner: ExprId, dst: Reg) {
        let register = if is_temp(dst) { dst } else { self.temp() };
        let mark = self.mark();
        let a = self.expr(inner);
        self.span = self.program[expr].span;
        let fine = self.emit_jump(Op::Unwrap { dst: register, a, to: 0 });
        self.release(mark);
        if self.function.kind == FunctionKind::Main {
            self.emit(Op::RaiseEarlyReturn { value: register });
        } else {
            self.leave_with(register);
        }
        self.land(fine);
        self.take_to(register, dst);
    }
}
