//! Liveness over expressions, and the last reads that move their variable ([`Take::Dead`]).
use super::{MatchParts, TakePass};
use crate::builtins;
use crate::resolve::hir::*;
use crate::resolve::state::*;

impl TakePass<'_, '_> {
    pub(super) fn expr(&mut self, id: ExprId, consume: bool) {
        self.expr_for(id, consume, None);
    }

    /// `target`: the binding that receives the value.
    pub(super) fn expr_for(&mut self, id: ExprId, consume: bool, target: Option<BindingId>) {
        if self.too_deep() {
            return;
        }
        match self.resolver.program[id].kind {
            ExprKind::Var { var, .. } => self.var(id, var, consume),
            ExprKind::Binary(..) => self.binary(id, target),
            ExprKind::And(..) | ExprKind::Or(..) => self.logical(id),
            ExprKind::Coalesce(ref operands) => {
                let operands = operands.clone();
                self.skippable += 1;
                operands[1..].iter().rev().for_each(|&operand| self.expr(operand, consume));
                self.skippable -= 1;
                self.expr(operands[0], consume);
            }
            ExprKind::If { cond, then, otherwise } => self.conditional(cond, then, otherwise, consume),
            ExprKind::Match(ref node) => {
                let parts = MatchParts::of(node);
                self.matching(&parts, consume);
            }
            ExprKind::Block(block) => self.block(block, consume),
            ExprKind::OptChain(inner) => {
                self.skippable += 1;
                self.expr(inner, consume);
                self.skippable -= 1;
            }
            ExprKind::Throw(value) => {
                self.jump(None);
                self.expr(value, true);
            }
            ExprKind::Return(value) => {
                self.jump(None);
                value.into_iter().for_each(|value| self.expr(value, true));
            }
            ExprKind::Break(id) => {
                let live = self.loop_sets(id, true);
                self.jump(live);
            }
            ExprKind::Continue(id) => {
                let live = self.loop_sets(id, false);
                self.jump(live);
            }
            ExprKind::Method { recv: Receiver::Place(place), .. } => self.place_method(id, place),
            _ => self.chain(id),
        }
    }

    fn var(&mut self, id: ExprId, var: Var, consume: bool) {
        let Some(local) = self.candidate(var) else { return };
        if consume && !self.live.contains(local) && self.pins[local as usize] == 0 {
            self.set_take(id, Take::Dead);
        }
        self.asked_by(local, id);
        self.note_read(local);
    }

    /// Operands of other nodes; walks a spine of first operands with a loop.
    fn chain(&mut self, id: ExprId) {
        let mut current = id;
        loop {
            let mut operands = self.operands(current);
            if operands.is_empty() {
                return;
            }
            let call = self.calls(current);
            let (first, consume) = operands.remove(0);
            for (operand, consume) in operands.into_iter().rev() {
                if call && consume {
                    self.argument(operand);
                }
                self.expr(operand, consume);
            }
            if call && consume {
                self.argument(first);
            }
            self.note_apart(current);
            match self.resolver.program[first].kind {
                ExprKind::Call { .. }
                | ExprKind::Index { .. }
                | ExprKind::Slice { .. }
                | ExprKind::Field { .. }
                | ExprKind::Path { .. }
                | ExprKind::Try(_)
                | ExprKind::CallFunc { .. }
                | ExprKind::CallBuiltin { .. }
                | ExprKind::Method { recv: Receiver::Value(_), .. } => current = first,
                _ => return self.expr(first, consume),
            }
        }
    }

    fn binary(&mut self, id: ExprId, target: Option<BindingId>) {
        let mut spine = Vec::new();
        let mut leaf = id;
        while let ExprKind::Binary(op, left, right) = self.resolver.program[leaf].kind {
            spine.push((op, right));
            leaf = left;
        }
        let adds = spine.iter().all(|&(op, _)| op == BinaryOp::Add);
        let program = &self.resolver.program;
        let grows = spine
            .iter()
            .any(|&(_, right)| matches!(program[right].kind, ExprKind::Str(_) | ExprKind::Interp(_) | ExprKind::Array(_)));
        let same = match (&program[leaf].kind, target) {
            (&ExprKind::Var { var, .. }, Some(target)) => {
                self.resolver.ref_of(var).is_some_and(|reference| reference.binding == target)
            }
            _ => false,
        };
        for (_, right) in spine {
            self.expr(right, false);
        }
        self.expr(leaf, adds && (grows || same));
    }

    fn logical(&mut self, id: ExprId) {
        let mut leaf = id;
        while let ExprKind::And(left, right) | ExprKind::Or(left, right) = self.resolver.program[leaf].kind {
            self.skippable += 1;
            self.expr(right, false);
            self.skippable -= 1;
            leaf = left;
        }
        self.expr(leaf, false);
    }

    /// A method called on a place. A mutable local that nobody reads afterwards is moved into the call instead.
    fn place_method(&mut self, id: ExprId, place: PlaceId) {
        let ExprKind::Method { name, .. } = self.resolver.program[id].kind else { return };
        let node = &self.resolver.program[place];
        let (root, root_name, access) = (node.root, node.name, node.access);
        let span = node.span;
        let whole = node.path.is_empty();
        let fixed = !(access == Access::Mutable || access == Access::Immutable && !self.resolver.may_change(name));
        let local = self.candidate(root).filter(|&local| whole && !fixed && self.pins[local as usize] == 0);
        let Some(local) = local.filter(|&local| !self.live.contains(local)) else {
            self.changes(place);
            self.args(id);
            self.path(place);
            return;
        };
        // The place is read after the arguments, so these must not take it; nor may they touch it if it is to go first.
        self.live.insert(local);
        self.watched.push((local, false));
        self.args(id);
        let (_, touched) = self.watched.pop().unwrap_or((local, true));
        if !touched && !self.gave_up {
            let value = self.resolver.expr(ExprKind::Var { var: root, name: root_name, take: Take::Dead }, span);
            self.set_receiver(id, Receiver::Value(value));
            self.moved.push((id, place));
        }
        self.changes(place);
    }

    /// Does a call get its operands that are used up, and may it change them? Most builtins change nothing.
    fn calls(&self, id: ExprId) -> bool {
        match self.resolver.program[id].kind {
            ExprKind::Call { .. } | ExprKind::CallFunc { .. } | ExprKind::Method { .. } => true,
            ExprKind::CallBuiltin { builtin, .. } => builtins::info(builtin).mutating().is_some(),
            _ => false,
        }
    }

    fn args(&mut self, id: ExprId) {
        for (operand, consume) in self.operands(id).into_iter().rev() {
            if consume {
                self.argument(operand);
            }
            self.expr(operand, consume);
        }
    }

    /// The direct operands in the order of their evaluation, and whether the operation can use up their values.
    pub(super) fn operands(&self, id: ExprId) -> Vec<(ExprId, bool)> {
        let item = |item: &Item| match *item {
            Item::One(value) | Item::Spread(value) => (value, true),
        };
        let args = |out: &mut Vec<(ExprId, bool)>, args: &Args| {
            out.extend(args.positional.iter().map(item));
            out.extend(args.named.iter().map(|&(_, value)| (value, true)));
        };
        let mut out = Vec::new();
        match &self.resolver.program[id].kind {
            ExprKind::Array(items) => out.extend(items.iter().map(item)),
            ExprKind::Dict(items) => {
                for item in items {
                    match *item {
                        DictItem::Pair(key, value) => out.extend([(key, true), (value, true)]),
                        DictItem::Spread(value) => out.push((value, true)),
                    }
                }
            }
            ExprKind::StructLit { ty, items } => {
                out.push((*ty, false));
                for item in items {
                    match *item {
                        FieldItem::Field { value, .. } | FieldItem::Spread(value) => out.push((value, true)),
                    }
                }
            }
            ExprKind::Interp(parts) => {
                for part in parts {
                    match part {
                        Part::Text(_) => {}
                        Part::Value(value) => out.push((*value, false)),
                        Part::Formatted { value, spec } => {
                            out.push((*value, false));
                            for size in [spec.width, spec.precision].into_iter().flatten() {
                                if let SpecSize::Computed(size) = size {
                                    out.push((size, false));
                                }
                            }
                        }
                    }
                }
            }
            ExprKind::Unary(_, value) => out.push((*value, false)),
            ExprKind::Binary(_, left, right) => out.extend([(*left, false), (*right, false)]),
            ExprKind::Range { start, end, .. } => out.extend([(*start, false), (*end, false)]),
            ExprKind::Index { base, index } => out.extend([(*base, false), (*index, false)]),
            ExprKind::Slice { base, start, end, .. } => {
                out.push((*base, false));
                out.extend(start.iter().chain(end).map(|&bound| (bound, false)));
            }
            ExprKind::Field { base, .. } | ExprKind::Path { base, .. } => out.push((*base, false)),
            ExprKind::OptCheck(value) | ExprKind::TakeOut { read: value, .. } => out.push((*value, false)),
            ExprKind::Await(value) | ExprKind::Try(value) | ExprKind::YieldFrom(value) => out.push((*value, true)),
            ExprKind::Yield(value) => out.extend(value.map(|value| (value, true))),
            ExprKind::Call { callee, args: list } => {
                out.push((*callee, false));
                args(&mut out, list);
            }
            ExprKind::CallFunc { args: list, .. }
            | ExprKind::CallBuiltin { args: list, .. }
            | ExprKind::Construct { args: list, .. }
            | ExprKind::MakeVariant { args: list, .. } => args(&mut out, list),
            ExprKind::Method { recv, args: list, .. } => {
                if let Receiver::Value(value) = recv {
                    out.push((*value, true));
                }
                args(&mut out, list);
            }
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::BigInt(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Constant(_)
            | ExprKind::Var { .. }
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
            | ExprKind::And(..)
            | ExprKind::Or(..)
            | ExprKind::Coalesce(..)
            | ExprKind::OptChain(_)
            | ExprKind::If { .. }
            | ExprKind::Match(_)
            | ExprKind::Block(_)
            | ExprKind::Throw(_)
            | ExprKind::Return(_)
            | ExprKind::Break(_)
            | ExprKind::Continue(_)
            | ExprKind::Spawn(_) => {}
        }
        out
    }
}
