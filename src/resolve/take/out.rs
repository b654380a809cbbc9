//! Arguments that read the place which the result of their call is stored to ([`ExprKind::TakeOut`]).
//!
//! Within the value of `place = value`, liveness has one more member: what the place holds. Whatever asks for the place's root from the
//! moment of the read to the store makes it live, and so do ways on which the store is not reached but the root is asked for: `break`,
//! `continue`, handlers. Leaving the function needs nothing, since a plain local is seen by nobody else; what is `self` is no such local.
use super::TakePass;
use crate::resolve::hir::*;
use crate::resolve::state::Home;

/// The place whose new value is being walked.
pub(super) struct Stored {
    place: PlaceId,
    root: u32,
    /// Locals among the keys.
    keys: Vec<u32>,
    /// One of them is assigned by the value, so that reading them again might give something else.
    assigned: bool,
    /// Arguments that take the place's value.
    taken: Vec<ExprId>,
}

impl TakePass<'_, '_> {
    /// The value of `place = value`.
    pub(super) fn stored(&mut self, place: PlaceId, value: ExprId) {
        let Some(stored) = self.watched_place(place) else { return self.expr(value, true) };
        let content = self.content();
        self.live.remove(content);
        self.stored = Some(stored);
        self.expr(value, true);
        self.live.remove(content);
        let Some(stored) = self.stored.take().filter(|stored| stored.assigned) else { return };
        stored.taken.into_iter().for_each(|id| self.leave_in(id));
    }

    /// The member of [`super::Live`] that stands for what the place holds.
    pub(super) fn content(&self) -> u32 {
        self.counts[self.func.index()]
    }

    /// A place that may give its value to a call: in a local that no handler asks for, by keys that are the same whenever they are read.
    fn watched_place(&self, id: PlaceId) -> Option<Stored> {
        let place = &self.resolver.program[id];
        let root = self.candidate(place.root).filter(|&root| self.stored.is_none() && self.pins[root as usize] == 0)?;
        let mut keys = Vec::new();
        for segment in &place.path {
            let PathSegment::Index(key) = *segment else { continue };
            if !self.is_lasting(key, &mut keys) {
                return None;
            }
        }
        Some(Stored { place: id, root, keys, assigned: false, taken: Vec::new() })
    }

    /// Is it a literal, a variable, or a field of one? Reading it again has no effect, and gives the same as long as the locals stay as they are,
    /// which are noted.
    fn is_lasting(&self, key: ExprId, locals: &mut Vec<u32>) -> bool {
        match self.resolver.program[key].kind {
            ExprKind::Int(_) | ExprKind::Str(_) | ExprKind::Bool(_) => true,
            ExprKind::Unary(UnaryOp::Neg, number) => matches!(self.resolver.program[number].kind, ExprKind::Int(_)),
            ExprKind::Var { var, .. } => {
                let local = self.candidate(var);
                locals.extend(local);
                local.is_some() || self.is_constant(var)
            }
            ExprKind::Field { base, optional: false, .. } => {
                let is_path = matches!(self.resolver.program[base].kind, ExprKind::Var { .. } | ExprKind::Field { .. });
                is_path && self.is_lasting(base, locals)
            }
            _ => false,
        }
    }

    /// A variable of a module that is never changed.
    fn is_constant(&self, var: Var) -> bool {
        let Some(reference) = self.resolver.ref_of(var) else { return false };
        let binding = &self.resolver.bindings[reference.binding];
        matches!(binding.home, Home::Table(_)) && !binding.written && !binding.written_inside
    }

    /// The operand of a call: if it reads the place that is being stored to, and nothing asks for that any more, it may take what is there.
    pub(super) fn argument(&mut self, id: ExprId) {
        let content = self.content();
        let Some(stored) = &self.stored else { return };
        if self.live.contains(content) || !self.is_place(id, stored.place) {
            return;
        }
        let place = stored.place;
        let span = self.resolver.program[id].span;
        let kind = std::mem::replace(&mut self.resolver.program.exprs[id.index()].kind, ExprKind::Null);
        let read = self.resolver.expr(kind, span);
        self.resolver.program.exprs[id.index()].kind = ExprKind::TakeOut { read, place };
        self.taken_out.push(id);
        self.stored.iter_mut().for_each(|stored| stored.taken.push(id));
    }

    /// Takes back what [`TakePass::argument`] has done.
    pub(super) fn leave_in(&mut self, id: ExprId) {
        let ExprKind::TakeOut { read, .. } = self.resolver.program[id].kind else { return };
        let kind = std::mem::replace(&mut self.resolver.program.exprs[read.index()].kind, ExprKind::Null);
        self.resolver.program.exprs[id.index()].kind = kind;
    }

    /// Does the expression read this very place?
    fn is_place(&self, id: ExprId, place: PlaceId) -> bool {
        let program = &self.resolver.program;
        let place = &program[place];
        let mut read = id;
        for segment in place.path.iter().rev() {
            read = match (segment, &program[read].kind) {
                (PathSegment::Field(name, _), ExprKind::Field { base, name: other, optional: false }) if name == other => {
                    *base
                }
                (PathSegment::Index(key), ExprKind::Index { base, index }) if self.is_same_key(*key, *index) => *base,
                _ => return false,
            }
        }
        self.is_root(read, place.root)
    }

    fn is_root(&self, id: ExprId, root: Var) -> bool {
        let ExprKind::Var { var, .. } = self.resolver.program[id].kind else { return false };
        self.candidate(var).is_some_and(|local| self.candidate(root) == Some(local))
    }

    fn is_same_key(&self, a: ExprId, b: ExprId) -> bool {
        let program = &self.resolver.program;
        match (&program[a].kind, &program[b].kind) {
            (ExprKind::Int(a), ExprKind::Int(b)) => a == b,
            (ExprKind::Bool(a), ExprKind::Bool(b)) => a == b,
            (ExprKind::Str(a), ExprKind::Str(b)) => a == b,
            (ExprKind::Unary(UnaryOp::Neg, a), ExprKind::Unary(UnaryOp::Neg, b)) => self.is_same_key(*a, *b),
            (ExprKind::Var { var: a, .. }, ExprKind::Var { var: b, .. }) => {
                let binding = |var: Var| self.resolver.ref_of(var).map(|reference| reference.binding);
                binding(*a).is_some() && binding(*a) == binding(*b)
            }
            (
                ExprKind::Field { base: a, name: first, optional: false },
                ExprKind::Field { base: b, name: second, optional: false },
            ) => first == second && self.is_same_key(*a, *b),
            _ => false,
        }
    }

    /// Is a field of the root, by which a read or a place begins, another one than that by which the stored place begins? Then what is
    /// there is not asked for.
    fn is_apart(&self, name: TextId) -> bool {
        let Some(stored) = &self.stored else { return false };
        matches!(self.resolver.program[stored.place].path[0], PathSegment::Field(first, _) if first != name)
    }

    /// Notes a read of a field of the root that is apart.
    pub(super) fn note_apart(&mut self, id: ExprId) {
        let ExprKind::Field { base, name, optional: false } = self.resolver.program[id].kind else { return };
        if self.is_apart(name) {
            self.apart = Some(base);
        }
    }

    /// A place that is stored to, or that a method is called on.
    pub(super) fn changes(&mut self, id: PlaceId) {
        let place = &self.resolver.program[id];
        let Some(local) = self.candidate(place.root) else { return };
        let apart = matches!(place.path.first(), Some(&PathSegment::Field(name, _)) if self.is_apart(name));
        if let Some(stored) = &mut self.stored {
            stored.assigned |= stored.keys.contains(&local);
        }
        if !apart {
            self.asks(local);
        }
        self.note_read(local);
    }

    /// A read of a local by the expression `by`.
    pub(super) fn asked_by(&mut self, local: u32, by: ExprId) {
        if self.apart != Some(by) {
            self.asks(local);
        }
    }

    /// Something asks for a local.
    pub(super) fn asks(&mut self, local: u32) {
        if self.stored.as_ref().is_some_and(|stored| stored.root == local) {
            self.live.insert(self.content());
        }
    }

    /// An assignment to a local.
    pub(super) fn assigns(&mut self, local: u32) {
        if let Some(stored) = &mut self.stored {
            stored.assigned |= stored.keys.contains(&local);
        }
        self.asks(local);
    }

    /// Where control goes elsewhere the root may be asked for, and what the place holds with it.
    pub(super) fn asks_elsewhere(&mut self) {
        let root = self.stored.as_ref().map(|stored| stored.root);
        if let Some(root) = root.filter(|&root| self.live.contains(root)) {
            self.asks(root);
        }
    }
}
