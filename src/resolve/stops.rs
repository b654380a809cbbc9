//! What stands where it may not (LANGUAGE §15), and the texts about names found nowhere.
use ahash::AHashMap;

use super::hir::*;
use super::state::*;
use crate::builtins;
use crate::diagnostics::{Code, Diagnostic, did_you_mean};
use crate::source::Span;
use crate::syntax::ast;

/// Unknown names that get a suggestion; further ones are only reported.
const MAX_SUGGESTIONS: usize = 100;

impl Resolver<'_> {
    pub fn check_at_top(&mut self, span: Span, what: &str) -> bool {
        if !self.at.at_top {
            let keyword = Span::new(span.start, span.start + what.len() as u32);
            self.stop(Code::Misplaced, keyword, format!("'{what}' stands only at the top level of a module"));
        }
        self.at.at_top
    }

    pub fn check_await(&mut self, span: Span) {
        if self.at.await_ok {
            return;
        }
        let node = &self.program[self.at.func];
        let name = self.program[node.name].to_string();
        let kind = node.kind;
        let diagnostic = self.stop(Code::Misplaced, span, "'await' outside an async function");
        diagnostic.help.push(match kind {
            FunctionKind::Lambda => "mark the lambda as async: `async x => …`".to_string(),
            FunctionKind::FieldDefault => "await the value before and pass it".to_string(),
            _ => format!("mark `{name}` as async"),
        });
    }

    pub fn check_yield(&mut self, span: Span) {
        if self.at.yield_ok {
            return;
        }
        let kind = self.program[self.at.func].kind;
        let diagnostic = self.stop(Code::Misplaced, span, "'yield' outside a generator");
        diagnostic.help.push(match kind {
            FunctionKind::Function | FunctionKind::Method => "make it a generator: `func* name(…) { … }`".to_string(),
            _ => "a generator is written `func* name(…) { … }` or `func*(…) { … }`".to_string(),
        });
    }

    pub fn check_return(&mut self, span: Span) {
        if self.at.finally_depth > 0 {
            self.leaves_finally(span, "return");
        }
    }

    fn leaves_finally(&mut self, span: Span, what: &str) {
        self.stop(Code::LeavesFinally, span, format!("'{what}' may not leave a finally block"));
    }

    /// The loop that `break` or `continue` means.
    pub fn find_loop(&mut self, label: Option<ast::Name>, span: Span, what: &str) -> Option<LoopId> {
        let name = label.map(|label| self.name(label));
        let frames = self.at.loops.iter().rev();
        let found = frames.copied().find(|frame| name.is_none() || frame.label == name);
        match (found, label) {
            (Some(frame), _) => {
                if frame.finally_depth < self.at.finally_depth {
                    self.leaves_finally(span, what);
                }
                Some(frame.id)
            }
            (None, Some(label)) if !self.at.loops.is_empty() => {
                self.unknown_label(label);
                None
            }
            (None, _) => {
                self.stop(Code::Misplaced, span, format!("'{what}' outside a loop"));
                None
            }
        }
    }

    fn unknown_label(&mut self, label: ast::Name) {
        let text = self.ast().name(label).to_string();
        let labels = self.at.loops.iter().filter_map(|frame| frame.label);
        let labels: Vec<String> = labels.map(|label| self.program[label].to_string()).collect();
        let suggestion = did_you_mean(&text, labels.iter().map(String::as_str)).map(str::to_string);
        let diagnostic = self.stop(Code::UnknownLabel, label.span, format!("no enclosing loop is labelled '{text}'"));
        diagnostic.help.push(match suggestion {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("label a loop with `{text}: for …`"),
        });
    }

    /// Reports a name that `ruff check` complains about.
    pub fn warn_undefined<'n>(
        &mut self,
        span: Span,
        message: &str,
        name: &str,
        candidates: impl IntoIterator<Item = &'n str>,
    ) {
        let mut diagnostic = Diagnostic::error(Code::UndefinedName, self.here(), span, message);
        if let Some(near) = did_you_mean(name, candidates) {
            diagnostic.help.push(format!("did you mean `{near}`?"));
        }
        self.warnings.push(diagnostic);
    }

    /// Completes the messages of names found nowhere: where such a variable was created, or what may be meant.
    pub fn finish_unknowns(&mut self) {
        let unknowns = std::mem::take(&mut self.unknowns);
        if unknowns.is_empty() {
            return;
        }
        let mut by_name = AHashMap::<(FuncId, TextId), Vec<BindingId>>::new();
        for (id, binding) in self.bindings.iter().enumerate() {
            by_name.entry((binding.func, binding.name)).or_default().push(id);
        }
        for all in by_name.values_mut() {
            all.sort_by_key(|&id| self.bindings[id].span.start);
        }
        let mut suggestions: AHashMap<TextId, Option<String>> = AHashMap::new();
        for unknown in &unknowns {
            let name = self.program[unknown.name].to_string();
            let elsewhere = by_name.get(&(unknown.func, unknown.name)).and_then(|all| self.created_at(unknown, all));
            let mut message = format!("Undefined variable: {name}");
            if let Some(note) = &elsewhere {
                message.push_str(note);
            }
            self.program.texts[unknown.message.index()] = message.clone().into();
            if self.modules[unknown.module.index()].incomplete {
                continue;
            }
            let source = self.source(unknown.module);
            let mut diagnostic = Diagnostic::error(Code::UndefinedName, source, unknown.span, message);
            if let Some(hint) = crate::syntax::undefined_name_hint(&name) {
                diagnostic.help.push(hint.to_string());
            } else if elsewhere.is_none() {
                let room = suggestions.len() < MAX_SUGGESTIONS;
                let near = suggestions
                    .entry(unknown.name)
                    .or_insert_with(|| if room { self.suggestion(unknown, &name) } else { None });
                diagnostic.help.extend(near.iter().map(|near| format!("did you mean `{near}`?")));
            }
            self.warnings.push(diagnostic);
        }
    }

    /// Where the same function created a variable of this name that cannot be seen.
    fn created_at(&self, unknown: &Unknown, all: &[BindingId]) -> Option<String> {
        let start = |id: BindingId| self.bindings[id].span.start;
        let after = all.partition_point(|&id| start(id) < unknown.span.start);
        let around = all[after.saturating_sub(1)..].iter().take(2);
        let best = around.min_by_key(|&&id| start(id).abs_diff(unknown.span.start))?;
        let best = &self.bindings[*best];
        let line = self.line_of(unknown.module, best.span);
        if self.is_around(best.scope, unknown.scope) {
            return Some(format!(" (it is created further down, in line {line})"));
        }
        Some(format!(" (line {line} creates it inside a block; create it before the block)"))
    }

    /// Is `outer` the scope `inner` or one around it?
    fn is_around(&self, outer: ScopeId, inner: ScopeId) -> bool {
        let mut scope = Some(inner);
        while let Some(id) = scope {
            if id == outer {
                return true;
            }
            scope = self.scopes[id].parent;
        }
        false
    }

    fn suggestion(&self, unknown: &Unknown, name: &str) -> Option<String> {
        let mut candidates: Vec<&str> = Vec::new();
        let mut scope = Some(unknown.scope);
        while let Some(id) = scope {
            let bindings = self.scopes[id].bindings.iter();
            candidates.extend(bindings.map(|&binding| &self.program[self.bindings[binding].name]));
            scope = self.scopes[id].parent;
        }
        let imports = &self.modules[unknown.module.index()].imports;
        candidates.extend(imports.keys().map(|&name| &self.program[name]));
        candidates.sort_unstable();
        let prelude: Vec<&str> = builtins::names().collect();
        did_you_mean(name, candidates.into_iter().chain(prelude)).map(str::to_string)
    }
}
