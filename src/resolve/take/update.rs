//! Reads that are the first operand of an operation whose result goes back to the same variable ([`Take::Update`]).
use super::TakePass;
use crate::builtins::{self, BuiltinId, ParamKind};
use crate::resolve::hir::*;
use crate::resolve::state::*;

impl TakePass<'_, '_> {
    /// The value of `var = value`.
    pub(super) fn assigned(&mut self, var: Var, value: ExprId) {
        let binding = self.resolver.ref_of(var).map(|reference| (reference.binding, reference.time));
        if let Some((binding, time)) = binding
            && let Some(operand) = self.first_operand(value, binding)
        {
            return self.updated(operand, value, binding, time);
        }
        self.expr_for(value, true, binding.map(|(binding, _)| binding));
    }

    pub(super) fn destructured(&mut self, pattern: PatId, value: ExprId) {
        let PatternKind::Array { before, .. } = &self.resolver.program[pattern].kind else {
            return self.expr(value, true);
        };
        let targets = before.iter().filter_map(|element| match self.resolver.program[element.pattern].kind {
            PatternKind::Bind { var, declare: false, .. } => self.resolver.ref_of(var),
            _ => None,
        });
        let targets: Vec<Ref> = targets.collect();
        if matches!(self.resolver.program[value].kind, ExprKind::CallBuiltin { .. }) {
            for target in targets {
                if let Some(operand) = self.first_operand(value, target.binding) {
                    return self.updated(operand, value, target.binding, target.time);
                }
            }
        }
        self.expr(value, true);
    }

    /// The variable read that is the first operand of an operation whose result goes to `binding`.
    fn first_operand(&self, value: ExprId, binding: BindingId) -> Option<ExprId> {
        let program = &self.resolver.program;
        let operand = program.first_operand(value).filter(|_| self.gives_back(value))?;
        let ExprKind::Var { var, .. } = program[operand].kind else { return None };
        (self.resolver.ref_of(var)?.binding == binding).then_some(operand)
    }

    /// A builtin has to give the value back if it fails.
    fn gives_back(&self, value: ExprId) -> bool {
        match &self.resolver.program[value].kind {
            ExprKind::CallBuiltin { builtin, args } => takes(*builtin, args.positional.len()),
            _ => true,
        }
    }

    /// Is the first operand of `value` this very place, by a path of fields, and does the operation make it longer? (Numbers in
    /// fields are better off with plain reads and stores; `P { ...p.q, x: 1 }` copies as many fields as there are.)
    pub(super) fn updates_place(&self, place: PlaceId, value: ExprId) -> bool {
        let program = &self.resolver.program;
        let place = &program[place];
        let Some(mut read) = program.first_operand(value).filter(|_| self.gives_back(value)) else { return false };
        let longer = match &program[value].kind {
            ExprKind::Binary(_, _, second) => self.is_longer(*second),
            ExprKind::CallBuiltin { builtin, .. } => {
                builtins::info(*builtin).mutating().is_some() && !self.calls_back(value)
            }
            ExprKind::StructLit { .. } => false,
            _ => true,
        };
        if !longer {
            return false;
        }
        for segment in place.path.iter().rev() {
            match (segment, &program[read].kind) {
                (PathSegment::Field(name, _), ExprKind::Field { base, name: read_name, optional: false })
                    if name == read_name =>
                {
                    read = *base
                }
                _ => return false,
            }
        }
        let ExprKind::Var { var, .. } = program[read].kind else { return false };
        match (self.resolver.ref_of(var), self.resolver.ref_of(place.root)) {
            (Some(read), Some(root)) => read.binding == root.binding,
            _ => false,
        }
    }

    /// Is it certainly text or an array?
    fn is_longer(&self, expr: ExprId) -> bool {
        matches!(self.resolver.program[expr].kind, ExprKind::Str(_) | ExprKind::Interp(_) | ExprKind::Array(_))
    }

    fn updated(&mut self, operand: ExprId, value: ExprId, binding: BindingId, assigned: Time) {
        let ExprKind::Var { var, .. } = self.resolver.program[operand].kind else { return };
        let Some(read) = self.resolver.ref_of(var) else { return };
        let found = &self.resolver.bindings[binding];
        let local = found.home == Home::Slot && found.func == self.func;
        let writes = self.writes.get(&binding).map_or(&[][..], |times| times);
        let assigned_between = writes.iter().any(|&time| read.time < time && time < assigned);
        let take = match local {
            true if assigned_between => Take::No,
            // A callback may look at the variable while the builtin works on its value.
            false if self.calls_back(value) => Take::No,
            local => Take::Update { deferred: local },
        };
        if take == (Take::Update { deferred: true }) {
            self.reads(var);
        }
        self.expr_except(value, operand);
        self.reads(var);
        self.set_take(operand, take);
    }

    fn calls_back(&self, value: ExprId) -> bool {
        match self.resolver.program[value].kind {
            ExprKind::CallBuiltin { builtin, .. } => builtins::info(builtin).effects.can_call(),
            _ => false,
        }
    }

    /// All operands but `operand`.
    fn expr_except(&mut self, value: ExprId, operand: ExprId) {
        for (child, consume) in self.operands(value).into_iter().rev() {
            if child != operand {
                self.expr(child, consume);
            }
        }
    }
}

/// Can the builtin change a value in place, and give it back as it was if it fails? That is what a mutating method does; other
/// builtins gain nothing by holding the value alone, and may have used it up when they fail. Nor if it does not take this many
/// arguments, which is found out before it runs.
fn takes(builtin: BuiltinId, count: usize) -> bool {
    let info = builtins::info(builtin);
    if info.mutating().is_none() {
        return false;
    }
    let params = info.params;
    let required = params.iter().filter(|param| matches!(param.kind, ParamKind::Required)).count();
    let most = params.iter().position(|param| matches!(param.kind, ParamKind::Rest)).map_or(params.len(), |_| usize::MAX);
    (required..=most).contains(&count)
}
