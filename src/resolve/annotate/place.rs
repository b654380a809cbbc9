//! Checks of what is stored to fields and items of variables.
//!
//! What a place holds follows from the annotation of its root where that says it. Otherwise, if there is a field on the path,
//! the struct that is met there when the program runs knows: the check is told the root and the keys.
use crate::resolve::hir::*;
use crate::resolve::place::PlaceDraft;
use crate::resolve::print::binary_text;
use crate::resolve::state::*;
use crate::source::Span;

/// What is known of a place before execution.
#[derive(Clone, Copy)]
enum Known {
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
    fn typed_part(&mut self, draft: &PlaceDraft, item: Option<ExprId>, value: ExprId, whole: &str) -> ExprId {
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

    /// The arguments of a builtin method that puts them into the place it is called on.
    pub fn typed_arguments(&mut self, draft: &PlaceDraft, method: TextId, args: &mut Args) {
        if !self.strict_types || !args.is_plain() {
            return;
        }
        let (key_at, value_at) = match &self.program[method] {
            "push" | "append" | "add" | "fill" => (None, 0),
            "insert" | "set" | "get_or_insert" => (Some(0), 1),
            _ => return,
        };
        let Some(&Item::One(value)) = args.positional.get(value_at) else { return };
        let container = draft.whole().of(self.sources.text(self.here()));
        let (item_name, key_name) = (format!("an item of {container}"), format!("a key of {container}"));
        let known = match self.known_place(draft) {
            Known::Annotated(annotation) => annotation,
            Known::Free => return,
            Known::Nothing => {
                let span = self.program[value].span;
                let first = self.expr(ExprKind::Int(0), span);
                args.positional[value_at] = Item::One(self.typed_part(draft, Some(first), value, &item_name));
                return;
            }
        };
        let (key, item) = match self.program[known] {
            Annotation::Array(item) | Annotation::Set(item) => (None, item),
            Annotation::Dict(key, item) => (Some(key), item),
            _ => return,
        };
        args.positional[value_at] = Item::One(self.typed(value, Some(item), &item_name));
        if let (Some(key), Some(&Item::One(given))) = (key, key_at.and_then(|at: usize| args.positional.get(at))) {
            args.positional[0] = Item::One(self.typed(given, Some(key), &key_name));
        }
    }

    /// The operand of `place op= value`.
    pub fn typed_update(&mut self, draft: &PlaceDraft, op: UpdateOp, value: ExprId, span: Span) -> ExprId {
        if !self.strict_types {
            return value;
        }
        let known = self.known_place(draft);
        let op = match (op, known) {
            (_, Known::Free) => return value,
            (_, Known::Nothing) if !draft.has_field() => return value,
            (UpdateOp::Coalesce, _) => return self.typed_store(draft, value, span),
            (UpdateOp::Binary(op), _) => op,
        };
        let number = match known {
            Known::Annotated(annotation) if self.stays(annotation, op, value) => return value,
            Known::Annotated(annotation) => self.number_of(annotation, span),
            Known::Free | Known::Nothing => self.expr(ExprKind::Null, span),
        };
        let whole = span.of(self.sources.text(self.here())).to_owned();
        let value_span = self.program[value].span;
        let (whole, op) = (self.text_value(&whole, value_span), self.text_value(binary_text(op), value_span));
        let mut args = vec![value, whole, op, number];
        args.extend(self.root_and_keys(draft, value_span));
        self.internal_call("__typed_update", args, value_span)
    }

    /// Text stays text whatever is added; ints stay ints.
    fn stays(&self, annotation: AnnotationId, op: BinaryOp, value: ExprId) -> bool {
        let Annotation::Named(name) = self.program[annotation] else { return false };
        match &self.program[name] {
            "string" => true,
            "int" => {
                let exact = matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod);
                exact && self.certainly_fits(value, annotation) == Some(true)
            }
            _ => false,
        }
    }

    /// Checks what an overload of a struct may have given, which was not known before.
    pub fn check_updated(&mut self, draft: &PlaceDraft, span: Span, out: &mut Vec<StmtId>) {
        let Known::Annotated(annotation) = self.known_place(draft) else { return };
        if !self.may_overload(annotation) {
            return;
        }
        let whole = span.of(self.sources.text(self.here())).to_owned();
        let value = self.read_again(draft);
        let check = self.checked(value, annotation, &whole);
        out.push(self.stmt(StmtKind::Expr(check), span));
    }

    fn may_overload(&self, annotation: AnnotationId) -> bool {
        match &self.program[annotation] {
            Annotation::Struct(_) => true,
            Annotation::Union(types) => types.iter().any(|&ty| self.may_overload(ty)),
            Annotation::Any
            | Annotation::Named(_)
            | Annotation::Enum(..)
            | Annotation::Array(_)
            | Annotation::Set(_)
            | Annotation::Dict(..) => false,
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
    fn root_and_keys(&mut self, draft: &PlaceDraft, span: Span) -> Vec<ExprId> {
        let mut values = vec![self.read_root(draft)];
        for segment in draft.path() {
            values.push(match *segment {
                PathSegment::Field(name, _) => self.expr(ExprKind::Str(name), span),
                PathSegment::Index(index) => self.copy_simple(index),
            });
        }
        values
    }

    fn known_place(&self, draft: &PlaceDraft) -> Known {
        self.known_path(draft, draft.path().len())
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

    fn field_of(&self, decl: StructId, name: TextId) -> Known {
        let field = self.program[decl].fields.iter().find(|field| field.name == name);
        field.map_or(Known::Nothing, |field| field.annotation.map_or(Known::Free, Known::Annotated))
    }
}
