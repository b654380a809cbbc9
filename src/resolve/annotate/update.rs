//! Checks of `place op= value`.
//!
//! The result is known before it is stored: numbers are calculated once more, text and arrays stay what they are. What an
//! overload of a struct gives is known only when it has run: where there may be one, the statement becomes
//! `place = check(place op value)`, for the value that is there when the program runs.
use super::place::Known;
use crate::resolve::hir::*;
use crate::resolve::place::PlaceDraft;
use crate::resolve::print::binary_text;
use crate::resolve::state::*;
use crate::source::Span;

impl Resolver<'_> {
    /// The statements of `place op= value`.
    pub fn typed_update_statement(
        &mut self,
        draft: PlaceDraft,
        op: UpdateOp,
        value: ExprId,
        spans: (Span, Span),
        out: &mut Vec<StmtId>,
    ) {
        let (place_span, span) = spans;
        let overloads = match op {
            UpdateOp::Binary(op) if self.strict_types => self.may_overload_place(&draft).map(|sure| (op, sure)),
            _ => None,
        };
        let Some((binary, sure)) = overloads else {
            let value = self.typed_update(&draft, op, value, place_span);
            let update = StmtKind::Update { place: self.finish_place(draft), op, value };
            out.push(self.stmt(update, span));
            return;
        };
        let value_span = self.program[value].span;
        let name = self.text("<value>");
        let binding = self.bind_unnamed(name, value_span, BindingKind::Let);
        let var = self.refer(binding, RefKind::Declare);
        out.push(self.stmt(StmtKind::Assign { var, name, value, declare: true }, value_span));
        let read = |resolver: &mut Self| {
            let var = resolver.refer(binding, RefKind::Read);
            resolver.expr(ExprKind::Var { var, name, take: Take::No }, value_span)
        };
        let right = read(self);
        let again = self.place_again(&draft);
        let store = self.overloaded_store(again, binary, right, (place_span, span));
        if sure {
            out.push(store);
            return;
        }
        let place = self.root_and_keys(&draft, place_span);
        let cond = self.internal_call("__holds_struct", place, place_span);
        let then = self.block(vec![store], None);
        let value = read(self);
        let value = self.typed_update(&draft, op, value, place_span);
        let update = StmtKind::Update { place: self.finish_place(draft), op, value };
        let update = self.stmt(update, span);
        let otherwise = Some(self.block(vec![update], None));
        out.push(self.stmt(StmtKind::If { cond, then, otherwise }, span));
    }

    /// `place = check(place op value)`.
    fn overloaded_store(&mut self, draft: PlaceDraft, op: BinaryOp, right: ExprId, spans: (Span, Span)) -> StmtId {
        let (place_span, span) = spans;
        let left = self.read_again(&draft);
        let result = self.expr(ExprKind::Binary(op, left, right), span);
        let value = self.typed_store(&draft, result, place_span);
        self.store(draft, value, span)
    }

    /// The operand of `place op= value`.
    fn typed_update(&mut self, draft: &PlaceDraft, op: UpdateOp, value: ExprId, span: Span) -> ExprId {
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

    /// May the place hold a struct, which may overload the operator? `Some(true)` if it holds nothing else.
    fn may_overload_place(&self, draft: &PlaceDraft) -> Option<bool> {
        match self.known_place(draft) {
            Known::Annotated(annotation) if matches!(self.program[annotation], Annotation::Struct(_)) => Some(true),
            Known::Annotated(annotation) => self.may_be_struct(annotation).then_some(false),
            Known::Nothing => draft.has_field().then_some(false),
            Known::Free => None,
        }
    }

    fn may_be_struct(&self, annotation: AnnotationId) -> bool {
        match &self.program[annotation] {
            Annotation::Struct(_) | Annotation::Func(..) => true,
            Annotation::Union(types) => types.iter().any(|&ty| self.may_be_struct(ty)),
            Annotation::Any
            | Annotation::Named(_)
            | Annotation::Enum(..)
            | Annotation::Array(_)
            | Annotation::Set(_)
            | Annotation::Dict(..) => false,
        }
    }
}
