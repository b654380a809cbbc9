//! Checks of what is stored to fields and items of variables.
//!
//! What a place holds follows from the annotation of its root where that says it. Otherwise, if there is a field on the path,
//! the struct that is met there when the program runs knows: the check is told the root and the keys.
use crate::resolve::hir::*;
use crate::resolve::place::PlaceDraft;
use crate::resolve::state::*;
use crate::source::Span;

/// What is known of a place before execution.
#[derive(Clone, Copy)]
pub(super) enum Known {
    Annotated(AnnotationId),
    /// A field without annotation.
    Free,
    Nothing,
}

impl Resolver<'_> {
    /// The value of `place = value`.
    pub fn typed_store(&mut self, draft: &PlaceDraft, value: ExprId, span: Span) -> ExprId {
        if !self.strict_types {
            return value;
        }
        let whole = span.of(self.sources.text(self.here())).to_owned();
        match self.known_place(draft) {
            Known::Annotated(annotation) => self.typed(value, Some(annotation), &whole),
            Known::Free => value,
            Known::Nothing => self.typed_part(draft, None, value, &whole),
        }
    }

    /// A value for a field or an item of it, or for `item` of what is there, if the program finds such a field.
    pub(super) fn typed_part(&mut self, draft: &PlaceDraft, item: Option<ExprId>, value: ExprId, whole: &str) -> ExprId {
        if !draft.has_field() {
            return value;
        }
        let span = self.program[value].span;
        let whole = self.text_value(whole, span);
        let mut args = vec![value, whole];
        args.extend(self.root_and_keys(draft, span));
        args.extend(item);
        self.internal_call("__typed_part", args, span)
    }

    /// The last key of a place that is assigned to, if that is in a dict.
    pub fn typed_key(&mut self, draft: &mut PlaceDraft) {
        let Some(&PathSegment::Index(index)) = draft.path().last().filter(|_| self.strict_types) else { return };
        let Known::Annotated(annotation) = self.known_path(draft, draft.path().len() - 1) else { return };
        let Annotation::Dict(key, _) = self.program[annotation] else { return };
        let whole = format!("a key of {}", draft.container().of(self.sources.text(self.here())));
        let index = self.typed(index, Some(key), &whole);
        if let Some(last) = draft.path_mut().last_mut() {
            *last = PathSegment::Index(index);
        }
    }

    /// Index expressions that may not be evaluated twice go to variables.
    pub fn settle_indices(&mut self, draft: &mut PlaceDraft, out: &mut Vec<StmtId>) {
        if !self.strict_types || self.repeatable(draft) {
            return;
        }
        for segment in draft.path_mut() {
            let PathSegment::Index(index) = segment else { continue };
            let span = self.program[*index].span;
            let name = self.text("<index>");
            let binding = self.bind_unnamed(name, span, BindingKind::Let);
            let var = self.refer(binding, RefKind::Declare);
            out.push(self.stmt(StmtKind::Assign { var, name, value: *index, declare: true }, span));
            let var = self.refer(binding, RefKind::Read);
            *index = self.expr(ExprKind::Var { var, name, take: Take::No }, span);
        }
    }

    /// The root of a place and its keys, as values.
    pub(super) fn root_and_keys(&mut self, draft: &PlaceDraft, span: Span) -> Vec<ExprId> {
        let mut values = vec![self.read_root(draft)];
        for segment in draft.path() {
            values.push(match *segment {
                PathSegment::Field(name, _) => self.expr(ExprKind::Str(name), span),
                PathSegment::Index(index) => self.copy_simple(index),
            });
        }
        values
    }

    pub(super) fn known_place(&self, draft: &PlaceDraft) -> Known {
        self.known_path(draft, draft.path().len())
    }

    /// What is known of a field of what is there.
    pub(super) fn known_field(&self, draft: &PlaceDraft, name: TextId) -> Known {
        match self.known_place(draft) {
            Known::Annotated(annotation) => match self.program[annotation] {
                Annotation::Struct(decl) => self.field_of(decl, name),
                _ => Known::Nothing,
            },
            _ => Known::Nothing,
        }
    }

    /// What is known of the first `length` segments.
    fn known_path(&self, draft: &PlaceDraft, length: usize) -> Known {
        let Some(reference) = self.ref_of(draft.root()) else { return Known::Nothing };
        let binding = &self.bindings[reference.binding];
        let mut path = draft.path()[..length].iter();
        let start = match (binding.kind, self.facts[binding.func.index()].owner) {
            (BindingKind::SelfParam, Some(Owner::Struct(decl))) => match path.next() {
                Some(&PathSegment::Field(name, _)) => self.field_of(decl, name),
                _ => Known::Nothing,
            },
            _ => binding.annotation.map_or(Known::Nothing, Known::Annotated),
        };
        path.fold(start, |known, segment| match known {
            Known::Annotated(annotation) => self.part_of(annotation, segment),
            Known::Free | Known::Nothing => Known::Nothing,
        })
    }

    fn part_of(&self, annotation: AnnotationId, segment: &PathSegment) -> Known {
        match (&self.program[annotation], segment) {
            (&Annotation::Struct(decl), &PathSegment::Field(name, _)) => self.field_of(decl, name),
            (&Annotation::Array(item), PathSegment::Index(_)) | (&Annotation::Dict(_, item), _) => {
                if matches!(self.program[item], Annotation::Any) { Known::Nothing } else { Known::Annotated(item) }
            }
            _ => Known::Nothing,
        }
    }

    pub(super) fn field_of(&self, decl: StructId, name: TextId) -> Known {
        let field = self.program[decl].fields.iter().find(|field| field.name == name);
        field.map_or(Known::Nothing, |field| field.annotation.map_or(Known::Free, Known::Annotated))
    }
}
