//! Annotations under `--strict-types`: the checks that are written around values.
//!
//! ```text
//! types   annotations as nodes, and what is known of a value before execution
//! mod     variables, parameters, results
//! place   parts of variables: fields, items
//! update  `place op= value`
//! call    arguments of methods that put them into a place, calls of functions that are described
//! ```
//!
//! A check is a call of an internal builtin around the value, so that no engine knows about them. What an expression
//! certainly fits is not checked. Without the option nothing here does anything: no binding has an annotation.
//!
//! Always holds: a value is checked before it is stored.
mod call;
mod place;
mod types;
mod update;

use super::hir::*;
use super::state::*;
use crate::builtins::{self, BuiltinId};
use crate::source::Span;
use crate::syntax::ast;

/// The builtin of this name, which the table has.
fn internal(name: &str) -> BuiltinId {
    builtins::function(name).expect("the table has the builtins that the resolver writes")
}

impl Resolver<'_> {
    /// The value, checked if it is not known to fit; `whole` is what a fault calls it.
    pub fn typed(&mut self, value: ExprId, annotation: Option<AnnotationId>, whole: &str) -> ExprId {
        let Some(annotation) = annotation else { return value };
        match self.certainly_fits(value, annotation) {
            Some(true) => value,
            Some(false) => {
                self.warn_misfit(value, annotation, whole);
                self.checked(value, annotation, whole)
            }
            None if self.checked_by_item(value, annotation, whole) => value,
            None => self.checked(value, annotation, whole),
        }
    }

    fn checked(&mut self, value: ExprId, annotation: AnnotationId, whole: &str) -> ExprId {
        self.check_with("__typed", value, annotation, whole)
    }

    fn check_with(&mut self, builtin: &str, value: ExprId, annotation: AnnotationId, whole: &str) -> ExprId {
        let span = self.program[value].span;
        let number = self.number_of(annotation, span);
        let whole = self.text_value(whole, span);
        self.internal_call(builtin, vec![value, number, whole], span)
    }

    /// The number that loading gives an annotation.
    fn number_of(&mut self, annotation: AnnotationId, span: Span) -> ExprId {
        let number = self.expr(ExprKind::Int(i64::from(annotation.0)), span);
        self.program.annotation_numbers.push(number);
        number
    }

    fn text_value(&mut self, text: &str, span: Span) -> ExprId {
        let text = self.text(text);
        self.expr(ExprKind::Str(text), span)
    }

    fn internal_call(&mut self, builtin: &str, args: Vec<ExprId>, span: Span) -> ExprId {
        let positional = args.into_iter().map(Item::One).collect();
        let args = Args { positional, named: Box::new([]) };
        self.expr(ExprKind::CallBuiltin { builtin: internal(builtin), args }, span)
    }

    /// Checks the items of an array literal one by one instead of the array, if it consists of nothing else but what the
    /// variable holds already: `xs = [...xs, v]` stays one that works in place.
    fn checked_by_item(&mut self, value: ExprId, annotation: AnnotationId, whole: &str) -> bool {
        let (ExprKind::Array(items), &Annotation::Array(item)) = (&self.program[value].kind, &self.program[annotation])
        else {
            return false;
        };
        let known = |item: &Item| match *item {
            Item::One(_) => true,
            Item::Spread(spread) => self.annotation_of(spread) == Some(annotation),
        };
        if !items.iter().all(known) {
            return false;
        }
        let values: Vec<(usize, ExprId)> = items
            .iter()
            .enumerate()
            .filter_map(|(at, item)| if let Item::One(value) = *item { Some((at, value)) } else { None })
            .collect();
        let spreads = values.len() < items.len();
        for (at, one) in values {
            let whole = if spreads { format!("an item of {whole}") } else { format!("{whole}[{at}]") };
            let one = self.typed(one, Some(item), &whole);
            if let ExprKind::Array(items) = &mut self.program.exprs[value.index()].kind {
                items[at] = Item::One(one);
            }
        }
        true
    }

    // ------------------------------------------------------------------------------------------ variables

    /// A name's own annotation and the one that stands at this statement: the value has to fit both.
    pub fn typed_variable(&mut self, var: Var, written: Option<AnnotationId>, value: ExprId) -> ExprId {
        if !self.strict_types {
            return value;
        }
        let Some(reference) = self.ref_of(var) else { return value };
        let binding = &mut self.bindings[reference.binding];
        if reference.kind == RefKind::Declare {
            binding.annotation = written;
        }
        let (own, name) = (binding.annotation, binding.name);
        let name = self.program[name].to_string();
        let value = self.typed(value, written, &name);
        if own == written { value } else { self.typed(value, own, &name) }
    }

    /// Variables with annotations that the pattern, made since there were `from` patterns, assigns: it binds others instead,
    /// whose values they get if these fit.
    pub fn typed_targets(&mut self, from: usize, out: &mut Vec<StmtId>) {
        for index in from..self.program.patterns.len() {
            let Pattern { kind, span } = &self.program.patterns[index];
            let (&PatternKind::Bind { var, name, declare: false }, span) = (kind, *span) else { continue };
            let Some(reference) = self.ref_of(var) else { continue };
            let Some(annotation) = self.bindings[reference.binding].annotation else { continue };
            let taken = self.bind_unnamed(name, span, BindingKind::Let);
            let bound = self.refer(taken, RefKind::Declare);
            self.program.patterns[index].kind = PatternKind::Bind { var: bound, name, declare: true };
            let read = self.refer(taken, RefKind::Read);
            let value = self.expr(ExprKind::Var { var: read, name, take: Take::No }, span);
            let whole = self.program[name].to_string();
            let value = self.checked(value, annotation, &whole);
            out.push(self.stmt(StmtKind::Assign { var, name, value, declare: false }, span));
        }
    }

    // ------------------------------------------------------------------------------------------ functions

    /// The annotation of a parameter, and the statement that enforces it at the start of the body.
    pub fn check_param(&mut self, param: &ast::Param, binding: BindingId, out: &mut Vec<StmtId>) {
        let Some(annotation) = self.annotation(param.ty) else { return };
        let name = self.bindings[binding].name;
        let mut whole = self.program[name].to_string();
        let function = &self.program[self.program[self.at.func].name];
        if !function.starts_with('<') {
            whole = format!("{function}: {whole}");
        }
        let is_rest = param.kind == ast::ParamKind::Rest;
        let annotation = if is_rest { self.new_annotation(Annotation::Array(annotation)) } else { annotation };
        self.bindings[binding].annotation = Some(annotation);
        let var = self.refer(binding, RefKind::Read);
        let value = self.expr(ExprKind::Var { var, name, take: Take::No }, param.span);
        let check = self.checked(value, annotation, &whole);
        out.push(self.stmt(StmtKind::Expr(check), param.span));
    }

    /// A function's body with the checks of its parameters before it, and that of null behind it if it may not end there.
    pub fn checked_body(&mut self, mut checks: Vec<StmtId>, body: BlockId) -> BlockId {
        let span = self.program[self.at.func].name_span;
        let null = self.expr(ExprKind::Null, span);
        let result = self.facts[self.at.func.index()].result;
        let end = result.filter(|&result| self.certainly_fits(null, result) != Some(true)).map(|result| {
            let whole = self.result_name();
            let value = self.checked(null, result, &whole);
            self.stmt(StmtKind::Return(Some(value)), span)
        });
        if checks.is_empty() && end.is_none() {
            return body;
        }
        checks.push(self.stmt(StmtKind::Block(body), span));
        checks.extend(end);
        self.block(checks, None)
    }

    /// The value of a `return`.
    pub fn typed_result(&mut self, value: Option<ExprId>, span: Span) -> Option<ExprId> {
        let Some(annotation) = self.facts[self.at.func.index()].result else { return value };
        let value = value.unwrap_or_else(|| self.expr(ExprKind::Null, span));
        let whole = self.result_name();
        Some(self.typed(value, Some(annotation), &whole))
    }

    /// The operand of `?`, which may leave the function.
    pub fn typed_exit(&mut self, value: ExprId) -> ExprId {
        let Some(annotation) = self.facts[self.at.func.index()].result else { return value };
        let whole = self.result_name();
        self.check_with("__typed_exit", value, annotation, &whole)
    }

    fn result_name(&self) -> String {
        let function = &self.program[self.program[self.at.func].name];
        if function.starts_with('<') { "the result".to_owned() } else { format!("the result of {function}") }
    }
}
