//! Checks of arguments: of builtin methods that put them into a variable, and of functions that an annotation describes.
use super::place::Known;
use crate::resolve::hir::*;
use crate::resolve::place::PlaceDraft;
use crate::resolve::state::*;

/// What a builtin method puts into the place it is called on.
#[derive(Clone, Copy)]
enum Puts {
    /// The first argument, by this name.
    Item(&'static str),
    /// The first, which is a key if the place is a dict, and the second.
    Keyed,
    /// What is in the first argument.
    All,
    /// What is in each argument.
    Each,
}

fn puts(method: &str) -> Option<Puts> {
    Some(match method {
        "push" | "append" | "fill" => Puts::Item("value"),
        "add" => Puts::Item("item"),
        "insert" | "set" | "get_or_insert" => Puts::Keyed,
        "extend" => Puts::All,
        "update" | "merge" => Puts::Each,
        _ => return None,
    })
}

/// The places of arguments in a call.
fn given(args: &Args, at: usize, name: &str, program: &Program) -> Option<Given> {
    match args.positional.get(at) {
        Some(&Item::One(value)) if args.positional[..at].iter().all(|item| matches!(item, Item::One(_))) => {
            Some(Given::Positional(at, value))
        }
        _ => {
            let at = args.named.iter().position(|&(text, _)| &program[text] == name)?;
            Some(Given::Named(at, args.named[at].1))
        }
    }
}

#[derive(Clone, Copy)]
enum Given {
    Positional(usize, ExprId),
    Named(usize, ExprId),
}

impl Given {
    fn value(self) -> ExprId {
        match self {
            Given::Positional(_, value) | Given::Named(_, value) => value,
        }
    }

    fn replace(self, args: &mut Args, value: ExprId) {
        match self {
            Given::Positional(at, _) => args.positional[at] = Item::One(value),
            Given::Named(at, _) => args.named[at].1 = value,
        }
    }
}

impl Resolver<'_> {
    /// The arguments of a builtin method that puts them into the place it is called on.
    pub fn typed_arguments(&mut self, draft: &PlaceDraft, method: TextId, args: &mut Args) {
        if !self.strict_types {
            return;
        }
        let Some(puts) = puts(&self.program[method]) else { return };
        let known = self.known_place(draft);
        if matches!(known, Known::Free) || matches!(known, Known::Nothing) && !draft.has_field() {
            return;
        }
        match puts {
            Puts::Item(name) => {
                self.typed_item(draft, known, 0, name, args);
                self.typed_spread(draft, known, args);
            }
            Puts::Keyed => {
                self.typed_dict_key(draft, known, args);
                self.typed_item(draft, known, 1, "value", args);
            }
            Puts::All => {
                if let Some(given) = given(args, 0, "more", &self.program) {
                    let value = self.typed_items(draft, known, given.value());
                    given.replace(args, value);
                }
            }
            Puts::Each => {
                for at in 0..args.positional.len() {
                    if let Item::One(value) = args.positional[at] {
                        args.positional[at] = Item::One(self.typed_items(draft, known, value));
                    }
                }
            }
        }
    }

    /// One argument that becomes an item of the place.
    fn typed_item(&mut self, draft: &PlaceDraft, known: Known, at: usize, name: &str, args: &mut Args) {
        let Some(given) = given(args, at, name, &self.program) else { return };
        let whole = format!("an item of {}", self.written(draft));
        let value = match known {
            Known::Annotated(annotation) => match self.program[annotation] {
                Annotation::Array(item) | Annotation::Set(item) | Annotation::Dict(_, item) => {
                    self.typed(given.value(), Some(item), &whole)
                }
                _ => return,
            },
            Known::Free | Known::Nothing => {
                let span = self.program[given.value()].span;
                let first = self.expr(ExprKind::Int(0), span);
                self.typed_part(draft, Some(first), given.value(), &whole)
            }
        };
        given.replace(args, value);
    }

    fn typed_dict_key(&mut self, draft: &PlaceDraft, known: Known, args: &mut Args) {
        let Known::Annotated(annotation) = known else { return };
        let Annotation::Dict(key, _) = self.program[annotation] else { return };
        let Some(given) = given(args, 0, "key", &self.program) else { return };
        let whole = format!("a key of {}", self.written(draft));
        let value = self.typed(given.value(), Some(key), &whole);
        given.replace(args, value);
    }

    /// `xs.push(...values)`.
    fn typed_spread(&mut self, draft: &PlaceDraft, known: Known, args: &mut Args) {
        for at in 0..args.positional.len() {
            if let Item::Spread(values) = args.positional[at] {
                args.positional[at] = Item::Spread(self.typed_items(draft, known, values));
            }
        }
    }

    /// A value whose items are put into the place.
    fn typed_items(&mut self, draft: &PlaceDraft, known: Known, value: ExprId) -> ExprId {
        let span = self.program[value].span;
        let number = match known {
            Known::Annotated(annotation) => self.number_of(annotation, span),
            Known::Free | Known::Nothing => self.expr(ExprKind::Null, span),
        };
        let whole = self.written(draft);
        let whole = self.text_value(&whole, span);
        let mut args = vec![value, whole, number];
        args.extend(self.root_and_keys(draft, span));
        self.internal_call("__typed_items", args, span)
    }

    fn written(&self, draft: &PlaceDraft) -> String {
        draft.whole().of(self.sources.text(self.here())).to_owned()
    }

    // ------------------------------------------------------------------------- functions that are described

    /// What is known of the function in a field, if `place.method` is one.
    pub fn field_annotation(&self, draft: &PlaceDraft, method: TextId) -> Option<AnnotationId> {
        if !self.strict_types {
            return None;
        }
        match self.known_field(draft, method) {
            Known::Annotated(annotation) => Some(annotation),
            Known::Free | Known::Nothing => None,
        }
    }

    /// A call of a function with an annotation: arguments before it, and what it gives.
    pub fn typed_call(&mut self, annotation: Option<AnnotationId>, whole: &str, args: &mut Args) -> Option<AnnotationId> {
        let (params, result) = match &self.program[annotation?] {
            Annotation::Func(params, result) => (params.clone(), *result),
            _ => return None,
        };
        for (at, &param) in params.iter().enumerate() {
            let Some(&Item::One(value)) = args.positional.get(at) else { break };
            let whole = format!("argument {} of {whole}", at + 1);
            args.positional[at] = Item::One(self.typed(value, Some(param), &whole));
        }
        (!matches!(self.program[result], Annotation::Any)).then_some(result)
    }

    /// The value of a call, held against what the function is to give.
    pub fn typed_call_result(&mut self, call: ExprId, result: Option<AnnotationId>, whole: &str) -> ExprId {
        match result {
            Some(result) => self.check_with("__typed_call", call, result, &format!("the result of {whole}")),
            None => call,
        }
    }
}
