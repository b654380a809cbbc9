//! Places: a root variable and a path into it, as receivers of method calls and as targets of assignments.
use super::hir::*;
use super::state::*;
use crate::source::Span;
use crate::syntax::ast;

/// A place that is still growing while the walk goes up its expression.
#[derive(Debug)]
pub(super) struct PlaceDraft {
    root: Var,
    name: TextId,
    access: Access,
    path: Vec<PathSegment>,
    /// The span of the root, then of the place up to and including each segment.
    spans: Vec<Span>,
    /// Lengths of the path at which `?.` stands.
    checks: Vec<usize>,
}

impl PlaceDraft {
    pub fn new(root: Var, name: TextId, span: Span, access: Access) -> PlaceDraft {
        PlaceDraft { root, name, access, path: Vec::new(), spans: vec![span], checks: Vec::new() }
    }

    pub fn push_field(&mut self, name: TextId, span: Span) {
        self.path.push(PathSegment::Field(name, span));
        self.spans.push(span);
    }

    pub fn push_index(&mut self, index: ExprId, span: Span) {
        self.path.push(PathSegment::Index(index));
        self.spans.push(span);
    }

    /// The next segment (or the method) is written with `?.`.
    pub fn check_here(&mut self) {
        self.checks.push(self.path.len());
    }

    pub fn is_variable(&self) -> bool {
        self.path.is_empty()
    }

    pub fn path(&self) -> &[PathSegment] {
        &self.path
    }

    pub fn path_mut(&mut self) -> &mut [PathSegment] {
        &mut self.path
    }

    pub fn has_field(&self) -> bool {
        self.path.iter().any(|segment| matches!(segment, PathSegment::Field(..)))
    }

    pub fn name(&self) -> TextId {
        self.name
    }

    pub fn root(&self) -> Var {
        self.root
    }

    pub fn whole(&self) -> Span {
        let last = self.spans[self.spans.len() - 1];
        Span::new(self.spans[0].start, last.end)
    }

    /// The place without its last segment.
    pub fn container(&self) -> Span {
        let last = self.spans[self.spans.len().saturating_sub(2)];
        Span::new(self.spans[0].start, last.end)
    }
}

impl Resolver<'_> {
    /// Reads the place.
    pub fn place_value(&mut self, draft: PlaceDraft) -> ExprId {
        let length = draft.path.len();
        let value = self.prefix_value(&draft, draft.root, length, false);
        if draft.checks.last() == Some(&length) {
            let span = self.program[value].span;
            return self.expr(ExprKind::OptCheck(value), span);
        }
        value
    }

    /// Reads the first `length` segments. `again`: the place itself is used, too, so that indices are copied.
    fn prefix_value(&mut self, draft: &PlaceDraft, root: Var, length: usize, again: bool) -> ExprId {
        let mut value = self.expr(ExprKind::Var { var: root, name: draft.name, take: Take::No }, draft.spans[0]);
        for (at, segment) in draft.path[..length].iter().enumerate() {
            let optional = draft.checks.contains(&at);
            if optional {
                let span = self.program[value].span;
                value = self.expr(ExprKind::OptCheck(value), span);
            }
            let span = draft.spans[at + 1];
            let kind = match *segment {
                PathSegment::Field(name, _) => ExprKind::Field { base: value, name, optional },
                PathSegment::Index(index) => {
                    let index = if again { self.copy_simple(index) } else { index };
                    ExprKind::Index { base: value, index }
                }
            };
            value = self.expr(kind, span);
        }
        value
    }

    /// Makes the place a node.
    pub fn finish_place(&mut self, draft: PlaceDraft) -> PlaceId {
        let span = draft.whole();
        let id = PlaceId(self.program.places.len() as u32);
        if draft.access == Access::SelfPlace
            && let Some(reference) = self.ref_of(draft.root)
        {
            self.self_places.push((id, self.bindings[reference.binding].func));
        }
        let place = Place { root: draft.root, name: draft.name, path: draft.path.into(), access: draft.access, span };
        self.program.places.push(place);
        id
    }

    /// `place.name(args)`.
    pub fn lower_place_method(
        &mut self,
        draft: PlaceDraft,
        name: TextId,
        args: ast::List<ast::Arg>,
        first: Option<ExprId>,
        span: Span,
    ) -> ExprId {
        if !draft.checks.is_empty() && !self.repeatable(&draft) {
            let value = self.place_value(draft);
            let args = self.lower_args(args, first);
            return self.expr(ExprKind::Method { recv: Receiver::Value(value), name, args, used: true }, span);
        }
        let checks = self.check_statements(&draft);
        let mut args = self.lower_args(args, first);
        self.typed_arguments(&draft, name, &mut args);
        let described = self.field_annotation(&draft, name);
        let whole =
            described.map(|_| format!("{}.{}", draft.whole().of(self.sources.text(self.here())), &self.program[name]));
        let whole = whole.unwrap_or_default();
        let result = self.typed_call(described, &whole, &mut args);
        self.note_method(&draft, name, span);
        let place = self.finish_place(draft);
        let call = self.expr(ExprKind::Method { recv: Receiver::Place(place), name, args, used: true }, span);
        let call = self.typed_call_result(call, result, &whole);
        if checks.is_empty() {
            return call;
        }
        let block = self.block(checks, Some(call));
        self.expr(ExprKind::Block(block), span)
    }

    /// Can the path be read twice with the same meaning?
    pub fn repeatable(&self, draft: &PlaceDraft) -> bool {
        draft.path.iter().all(|segment| match segment {
            PathSegment::Field(..) => true,
            PathSegment::Index(index) => matches!(
                self.program[*index].kind,
                ExprKind::Var { .. } | ExprKind::Int(_) | ExprKind::Str(_) | ExprKind::Bool(_) | ExprKind::Null
            ),
        })
    }

    /// For every `?.` of the path a statement that leaves the chain if the value before it is null.
    fn check_statements(&mut self, draft: &PlaceDraft) -> Vec<StmtId> {
        let mut statements = Vec::new();
        for &length in &draft.checks {
            let root = self.same_again(draft.root);
            let value = self.prefix_value(draft, root, length, true);
            let span = self.program[value].span;
            let check = self.expr(ExprKind::OptCheck(value), span);
            statements.push(self.stmt(StmtKind::Expr(check), span));
        }
        statements
    }

    /// A second node for an expression that [`Self::repeatable`] admits.
    pub fn copy_simple(&mut self, id: ExprId) -> ExprId {
        let Expr { ref kind, span } = self.program[id];
        let kind = match *kind {
            ExprKind::Var { var, name, take } => ExprKind::Var { var: self.same_again(var), name, take },
            ExprKind::Int(value) => ExprKind::Int(value),
            ExprKind::Str(text) => ExprKind::Str(text),
            ExprKind::Bool(value) => ExprKind::Bool(value),
            _ => ExprKind::Null,
        };
        self.expr(kind, span)
    }

    /// The place in other nodes, to be stored to as well.
    pub fn place_again(&mut self, draft: &PlaceDraft) -> PlaceDraft {
        let path = draft.path.iter().map(|segment| match *segment {
            PathSegment::Field(name, span) => PathSegment::Field(name, span),
            PathSegment::Index(index) => PathSegment::Index(self.copy_simple(index)),
        });
        let path = path.collect();
        let root = self.same_again(draft.root);
        let again = PlaceDraft { root, path, spans: draft.spans.clone(), checks: draft.checks.clone(), ..*draft };
        self.note_store(&again);
        again
    }

    /// Reads the place in another node than the one that stores to it.
    pub fn read_again(&mut self, draft: &PlaceDraft) -> ExprId {
        let root = self.same_again(draft.root);
        self.prefix_value(draft, root, draft.path.len(), true)
    }

    /// Reads the root in another node.
    pub fn read_root(&mut self, draft: &PlaceDraft) -> ExprId {
        let root = self.same_again(draft.root);
        self.prefix_value(draft, root, 0, true)
    }

    fn same_again(&mut self, var: Var) -> Var {
        match self.ref_of(var) {
            Some(reference) => self.refer(reference.binding, RefKind::Read),
            None => var,
        }
    }

    /// Notes that `name` is called on the place: it may change the root.
    fn note_method(&mut self, draft: &PlaceDraft, name: TextId, span: Span) {
        let Some(reference) = self.ref_of(draft.root) else { return };
        let time = self.tick();
        let Var::Local(slot) = draft.root else { return };
        let entry = &mut self.refs[slot.index()];
        entry.kind = RefKind::Method(name);
        entry.time = time;
        let binding = &self.bindings[reference.binding];
        if binding.kind == BindingKind::SelfParam {
            let method = binding.func;
            self.facts[method.index()].self_calls.push((name, draft.path.is_empty(), span));
        }
    }

    /// Checks that the place may be assigned to, and notes that it is. False after a diagnostic.
    pub fn note_store(&mut self, draft: &PlaceDraft) -> bool {
        let Some(reference) = self.ref_of(draft.root) else { return true };
        let span = draft.whole();
        if draft.access == Access::Import {
            let name = self.program[draft.name].to_string();
            let message = format!("Cannot mutate immutable binding: {name} (it is imported)");
            self.stop(crate::diagnostics::Code::Immutable, span, message);
            return false;
        }
        let allowed = if draft.path.is_empty() {
            self.check_assignable(reference.binding, span)
        } else {
            self.check_changeable(reference.binding, span)
        };
        if !allowed {
            return false;
        }
        let time = self.tick();
        if let Var::Local(slot) = draft.root {
            let entry = &mut self.refs[slot.index()];
            entry.kind = RefKind::Write;
            entry.time = time;
        }
        if self.bindings[reference.binding].kind == BindingKind::SelfParam {
            self.note_self_change(reference.binding, span);
        }
        true
    }
}
