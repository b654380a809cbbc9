//! Assignments to variables and places.
use super::{Builder, Reg, TEMP, plain_local};
use crate::bytecode::op::{ArithCode, Op};
use crate::resolve::hir::{
    BinaryOp, ElementPattern, ExprId, ExprKind, PatId, PathSegment, PatternKind, Place, PlaceId, Take, TextId, UpdateOp, Var,
};
use crate::source::Span;

use super::operator::arith_code;

impl Builder<'_> {
    /// `x := e`, `x = e`.
    pub(super) fn assign(&mut self, var: Var, name: TextId, value: ExprId) {
        let (mark, statement) = (self.mark(), self.span);
        if !self.literal_update(var, value) && !self.interp_update(var, value) && !self.operator_update(var, value) {
            match (self.call_builtin_update(value, var), plain_local(var)) {
                (Some(result), _) => {
                    self.span = statement;
                    self.store(var, name, result);
                }
                (None, Some(local)) => self.expr_to(value, local),
                (None, None) => {
                    let register = self.expr(value);
                    self.span = statement;
                    self.store(var, name, register);
                }
            }
        }
        self.release(mark);
    }

    /// Stores a register to a variable; a temporary is consumed.
    pub(super) fn store(&mut self, var: Var, name: TextId, value: Reg) {
        match var {
            Var::Local(slot) => {
                let dst = slot.0 as u16;
                if super::is_temp(value) {
                    self.take_to(value, dst);
                } else if value != dst {
                    self.emit(Op::Move { dst, src: value });
                }
            }
            Var::LocalCell(slot) => {
                let name = self.name(name);
                self.emit(Op::CellSet { cell: slot.0 as u16, value, name });
            }
            Var::CaptureCell(index) => {
                let name = self.name(name);
                self.emit(Op::CaptureCellSet { index: index as u16, value, name });
            }
            Var::Module(var) => self.emit(Op::ModuleSet { value, var: var.0 }),
            Var::Capture(_) | Var::SelfFn => self.refuse("an assignment to a captured value"),
        }
    }

    /// `x = x + e` of a cell or module variable, in place where nobody else holds the object.
    fn operator_update(&mut self, var: Var, value: ExprId) -> bool {
        let ExprKind::Binary(op, first, second) = self.program[value].kind else { return false };
        let Some(code) = arith_code(op) else { return false };
        let ExprKind::Var { var: read, name, take: Take::Update { deferred: false } } = self.program[first].kind else {
            return false;
        };
        if read != var || plain_local(var).is_some() {
            return false;
        }
        let old = self.temp();
        self.span = self.program[first].span;
        self.variable_to(var, name, Take::No, old);
        let second = self.expr(second);
        let path = self.root_path(var, name);
        self.span = self.program[value].span;
        self.emit(Op::RootUpdate { op: code as u8, path, old, value: second });
        true
    }

    /// `p.x = f(p.x, e)` and its kin, where a path of fields leads to the operand: works on the place's own value.
    pub(super) fn update_store(&mut self, id: PlaceId, value: ExprId) {
        let place = &self.program[id];
        let mark = self.mark();
        let Some(first) = self.program.first_operand(value) else { return self.refuse("an update without an operand") };
        let path = self.place_path(place);
        match &self.program[value].kind {
            ExprKind::CallBuiltin { builtin, args } => match self.builtin_update(value, *builtin, args, path, 0) {
                Some(result) => {
                    self.span = place.span;
                    self.store_at(place, result);
                }
                None => self.store_place(id, value),
            },
            _ if self.literal_on(path, value, Some(first)) => {}
            _ => self.refuse("an update that is none"),
        }
        self.release(mark);
    }

    /// A register to a place of fields.
    fn store_at(&mut self, place: &Place, value: Reg) {
        match (plain_local(place.root), &*place.path) {
            (Some(local), [PathSegment::Field(name, _)]) => {
                let site = self.field_site(*name, false);
                self.emit(Op::FieldSet { a: local, site, value });
            }
            _ => {
                let path = self.place_path(place);
                let keys = TEMP | self.mark();
                self.emit(Op::PlaceSet { path, keys, value });
            }
        }
    }

    /// What a place holds, which gives up its reference where nobody can tell.
    pub(super) fn take_out_to(&mut self, read: ExprId, id: PlaceId, dst: Reg) {
        self.expr_to(read, dst);
        let place = &self.program[id];
        let mark = self.mark();
        self.keys(place);
        let path = self.place_path(place);
        self.emit(Op::TakeOut { held: dst, path, keys: TEMP | mark });
        self.release(mark);
    }

    /// Evaluates the index keys of a place into new temporaries; gives their number.
    pub(super) fn keys(&mut self, place: &Place) -> u16 {
        let before = self.mark();
        for segment in &place.path {
            if let PathSegment::Index(key) = segment {
                let register = self.temp();
                self.expr_to(*key, register);
            }
        }
        self.mark() - before
    }

    /// The value of an assignment into `place`.
    fn value_beside(&mut self, place: &Place, value: ExprId) -> Reg {
        let value = self.expr(value);
        self.beside(place, value)
    }

    /// An operand that is the root of `place` itself gets a reference of its own: the assignment must not write into the
    /// object that it stores (`xs[0] = xs`).
    fn beside(&mut self, place: &Place, operand: Reg) -> Reg {
        if plain_local(place.root) != Some(operand) {
            return operand;
        }
        let copy = self.temp();
        self.emit(Op::Move { dst: copy, src: operand });
        copy
    }

    /// `a[i].x = e`
    pub(super) fn store_place(&mut self, id: PlaceId, value: ExprId) {
        let place = &self.program[id];
        let mark = self.mark();
        match (plain_local(place.root), &*place.path) {
            (Some(local), [PathSegment::Index(key)]) => {
                let b = self.operand_before(*key, &[value]);
                let b = self.beside(place, b);
                let value = self.value_beside(place, value);
                self.span = place.span;
                self.emit(Op::IndexSet { a: local, b, value });
            }
            (Some(local), [PathSegment::Field(name, _)]) => {
                let value = self.value_beside(place, value);
                self.span = place.span;
                let site = self.field_site(*name, false);
                self.emit(Op::FieldSet { a: local, site, value });
            }
            _ => {
                let keys = TEMP | self.mark();
                self.keys(place);
                let value = self.value_beside(place, value);
                let path = self.place_path(place);
                self.span = place.span;
                self.emit(Op::PlaceSet { path, keys, value });
            }
        }
        self.release(mark);
    }

    /// `place op= e`
    pub(super) fn update_place(&mut self, id: PlaceId, op: UpdateOp, value: ExprId, span: Span) {
        let mark = self.mark();
        match op {
            UpdateOp::Coalesce => self.coalesce_place(&self.program[id], value, span),
            UpdateOp::Binary(op) => self.operate_on_place(&self.program[id], op, value, self.program[id].span),
        }
        self.release(mark);
    }

    fn operate_on_place(&mut self, place: &Place, op: BinaryOp, value: ExprId, span: Span) {
        let code = arith_code(op).unwrap_or(ArithCode::Add) as u8;
        match (plain_local(place.root), &*place.path) {
            (Some(local), []) => self.update_local(local, op, value, span),
            (Some(local), [PathSegment::Index(key)]) => {
                let b = self.operand_before(*key, &[value]);
                let b = self.beside(place, b);
                let value = self.value_beside(place, value);
                self.span = span;
                self.emit(Op::IndexUpdate { op: code, a: local, b, value });
            }
            (Some(local), [PathSegment::Field(name, _)]) => {
                let value = self.value_beside(place, value);
                self.span = span;
                let site = self.field_site(*name, false);
                self.emit(Op::FieldUpdate { op: code, a: local, site, value });
            }
            _ => {
                let keys = TEMP | self.mark();
                self.keys(place);
                let value = self.value_beside(place, value);
                let path = self.place_path(place);
                self.span = span;
                self.emit(Op::PlaceUpdate { op: code, path, keys, value });
            }
        }
    }

    /// `place ??= e`: keys, then the old value; `e` only if that is null.
    fn coalesce_place(&mut self, place: &Place, value: ExprId, span: Span) {
        if let (Some(local), []) = (plain_local(place.root), &*place.path) {
            self.span = span;
            let present = self.emit_jump(Op::JumpIfNotNull { a: local, to: 0 });
            self.expr_to(value, local);
            return self.land(present);
        }
        let first = self.mark();
        let keys = TEMP | first;
        let count = self.keys(place);
        let path = self.place_path(place);
        let old = self.temp();
        self.span = place.span;
        self.emit(Op::PlaceGetOrNull { dst: old, path, keys });
        let present = self.emit_jump(Op::JumpIfNotNull { a: old, to: 0 });
        let value = self.value_beside(place, value);
        self.span = span;
        if place.path.is_empty() {
            self.store(place.root, place.name, value);
        } else {
            self.emit(Op::PlaceSet { path, keys, value });
        }
        let end = self.emit_jump(Op::Jump { to: 0 });
        self.land(present);
        self.discard(old);
        for n in 0..count {
            self.discard(TEMP | (first + n));
        }
        self.land(end);
    }

    /// `[a, b] := e`
    pub(super) fn destructure(&mut self, pattern: PatId, value: ExprId) {
        let mark = self.mark();
        if !self.destructure_literal(pattern, value) {
            let hidden = self.hidden_mark();
            let whole = self.hidden(1);
            match self.updated_variable(value) {
                Some(var) => match self.call_builtin_update(value, var) {
                    Some(result) => self.take_to(result, whole),
                    None => self.expr_to(value, whole),
                },
                None => self.expr_to(value, whole),
            }
            self.bind(pattern, whole);
            self.clear_hidden(hidden);
            self.free_hidden(hidden);
        }
        self.release(mark);
    }

    /// The variable whose value a builtin call takes over (`[x, y] := pop(x)`).
    fn updated_variable(&self, value: ExprId) -> Option<Var> {
        let ExprKind::CallBuiltin { args, .. } = &self.program[value].kind else { return None };
        let crate::resolve::hir::Item::One(first) = args.positional.first()? else { return None };
        match self.program[*first].kind {
            ExprKind::Var { var, take: Take::Update { .. }, .. } => Some(var),
            _ => None,
        }
    }

    /// `[a, b] := [b, a + b]` builds no array.
    fn destructure_literal(&mut self, pattern: PatId, value: ExprId) -> bool {
        use crate::resolve::hir::Item;
        let PatternKind::Array { before, rest: None, after } = &self.program[pattern].kind else { return false };
        let ExprKind::Array(items) = &self.program[value].kind else { return false };
        let plain = |pattern: PatId| matches!(self.program[pattern].kind, PatternKind::Bind { .. } | PatternKind::Wildcard);
        let fits = after.is_empty()
            && items.iter().all(|item| matches!(item, Item::One(_)))
            && before.iter().all(|element| element.default.is_none() && plain(element.pattern));
        if !fits {
            return false;
        }
        let own = self.last_target(before, items.len());
        let mut values = Vec::with_capacity(items.len());
        for (n, item) in items.iter().enumerate() {
            let (Item::One(value) | Item::Spread(value)) = item;
            let register = own.filter(|_| n + 1 == items.len()).unwrap_or_else(|| self.temp());
            self.expr_to(*value, register);
            values.push(register);
        }
        self.span = self.program[pattern].span;
        for (n, element) in before.iter().enumerate() {
            let register = values.get(n).copied().unwrap_or_else(|| {
                let register = self.temp();
                self.emit(Op::LoadNull { dst: register });
                register
            });
            match self.program[element.pattern].kind {
                PatternKind::Bind { .. } if own == Some(register) => {}
                PatternKind::Bind { var, name, .. } => self.store(var, name, register),
                _ => self.discard(register),
            }
        }
        for register in values.iter().skip(before.len()) {
            self.discard(*register);
        }
        true
    }

    /// The local that the last of `count` items goes to. Nothing is evaluated after that item, and no other target has its
    /// name, so it needs no temporary.
    fn last_target(&self, targets: &[ElementPattern], count: usize) -> Option<Reg> {
        let last = targets.last().filter(|_| targets.len() == count)?;
        match self.program[last.pattern].kind {
            PatternKind::Bind { var, .. } => plain_local(var),
            _ => None,
        }
    }
}
