//! Scopes: which variable a name means (LANGUAGE §5), decided from the text alone.
//!
//! A function is walked in textual order, and its bindings enter their scopes as the walk meets them; bodies of nested
//! functions wait until the functions around them are complete. So a look-up in the own function sees what stands
//! before it, and a look-up from a nested function sees everything around the nested function's definition.
use super::hir::*;
use super::state::*;
use crate::builtins::{self, PreludeName};
use crate::diagnostics::Code;
use crate::source::Span;

/// What a name that is read means.
#[derive(Clone, Debug)]
pub(super) enum Found {
    Binding(BindingId),
    /// A local of a function around, seen from where nothing can be captured.
    Barred,
    /// A field of the struct whose method (without `self`) this function is or stands in.
    Field(FuncId),
    Import(Imported),
    Prelude(PreludeName),
    Nothing,
}

/// What `x := e` does.
#[derive(Clone, Copy, Debug)]
pub(super) enum AssignTo {
    Existing(BindingId),
    Barred,
    New,
}

impl Resolver<'_> {
    pub fn new_scope(&mut self, parent: Option<ScopeId>, func: FuncId) -> ScopeId {
        let scope = Scope { parent, func, bindings: Vec::new(), enums: Vec::new(), hidden: 0, module_level: false };
        self.scopes.push(scope);
        self.scopes.len() - 1
    }

    /// Enters a scope within the current one; the caller puts the old one back with [`Self::leave_scope`].
    pub fn enter_scope(&mut self) -> ScopeId {
        let outer = self.at.scope;
        self.at.scope = self.new_scope(Some(outer), self.at.func);
        outer
    }

    pub fn leave_scope(&mut self, outer: ScopeId) {
        self.at.scope = outer;
    }

    /// A scope for `count` hidden slots; scopes entered until it is left lie within it.
    pub fn enter_hidden(&mut self, count: u32) -> (Slot, ScopeId) {
        let outer = self.enter_scope();
        self.scopes[self.at.scope].hidden = count;
        (Slot(self.at.scope as u32), outer)
    }

    /// Adds a binding to the current scope.
    pub fn bind(&mut self, name: TextId, span: Span, kind: BindingKind) -> BindingId {
        let binding = self.bind_unnamed(name, span, kind);
        self.names.insert((self.at.scope, name), binding);
        binding
    }

    /// Adds a binding that no look-up finds.
    pub fn bind_unnamed(&mut self, name: TextId, span: Span, kind: BindingKind) -> BindingId {
        let id = self.bindings.len();
        let scope = self.at.scope;
        let init = self.tick();
        let home = match kind {
            BindingKind::Struct(_) | BindingKind::Enum(_) => Home::Declaration,
            _ => Home::Unknown,
        };
        self.bindings.push(Binding {
            name,
            span,
            scope,
            func: self.at.func,
            module: self.at.module,
            kind,
            module_level: self.scopes[scope].module_level,
            exported: false,
            in_loop: self.at.in_loop,
            init,
            annotation: None,
            literal: None,
            last_write: 0,
            written: false,
            written_inside: false,
            home,
            slot: u32::MAX,
        });
        self.scopes[scope].bindings.push(id);
        id
    }

    /// Adds a binding that a declaration asks for; a second one in the same scope is an error.
    pub fn declare(&mut self, name: TextId, span: Span, kind: BindingKind) -> BindingId {
        if let Some(&earlier) = self.names.get(&(self.at.scope, name)) {
            self.duplicate(earlier, name, span, kind);
        }
        self.bind(name, span, kind)
    }

    fn duplicate(&mut self, earlier: BindingId, name: TextId, span: Span, kind: BindingKind) {
        let first = self.bindings[earlier].span;
        let (module, earlier_kind) = (self.bindings[earlier].module, self.bindings[earlier].kind);
        let line = self.line_of(module, first);
        let text = self.program[name].to_string();
        let is_variable = |kind| matches!(kind, BindingKind::Let | BindingKind::Mut | BindingKind::Const);
        let message = format!("'{text}' is already declared in this scope (line {line})");
        let keyword = self.keyword_before(span).filter(|_| earlier_kind.is_mutable());
        let diagnostic = self.stop(Code::Duplicate, span, message);
        diagnostic.label = "declared again".into();
        let note = diagnostic.clone().with_related(first, "first declared here");
        *diagnostic = note;
        if let Some(keyword) = keyword {
            *diagnostic = diagnostic.clone().with_fix("assign instead of declaring", keyword, "");
        }
        if is_variable(kind) && is_variable(earlier_kind) {
            diagnostic.help.push(format!("declare it once with `mut {text} := …` and assign with `{text} := …` afterwards"));
        } else if is_variable(kind) && earlier_kind.is_mutable() {
            diagnostic.help.push(format!("assign with `{text} := …`, without the keyword"));
        } else {
            diagnostic.help.push("use another name".into());
        }
    }

    /// The `let`, `mut` or `const` that stands directly before a name, with the blanks between.
    fn keyword_before(&self, name: Span) -> Option<Span> {
        let text = self.sources.text(self.here()).get(..name.start as usize)?;
        let before = text.trim_end();
        let keyword = ["let", "mut", "const"].into_iter().find(|keyword| before.ends_with(keyword))?;
        Some(Span::new((before.len() - keyword.len()) as u32, name.start))
    }

    /// What reading `name` here means (rule 1).
    pub fn find(&self, name: TextId) -> Found {
        let mut scope = Some(self.at.scope);
        let mut func = self.at.func;
        let mut barred = false;
        while let Some(id) = scope {
            let here = &self.scopes[id];
            if here.func != func {
                if self.is_field_of(func, name) {
                    return Found::Field(func);
                }
                barred |= self.facts[func.index()].barred;
                func = here.func;
            }
            if let Some(&binding) = self.names.get(&(id, name)) {
                return if barred && self.needs_frame(binding) { Found::Barred } else { Found::Binding(binding) };
            }
            scope = here.parent;
        }
        if let Some(imported) = self.modules[self.at.module.index()].imports.get(&name) {
            return Found::Import(imported.clone());
        }
        match builtins::lookup(&self.program[name]) {
            Some(prelude) => Found::Prelude(prelude),
            None => Found::Nothing,
        }
    }

    /// Does `binding` live in a frame? Functions may turn out to need no storage, which [`super::finish`] finds out.
    fn needs_frame(&self, binding: BindingId) -> bool {
        let found = &self.bindings[binding];
        !found.module_level && found.home != Home::Declaration && !matches!(found.kind, BindingKind::Func(_))
    }

    /// Is `func` a method without a written `self` whose struct has a field `name`?
    fn is_field_of(&self, func: FuncId, name: TextId) -> bool {
        let facts = &self.facts[func.index()];
        match facts.owner {
            Some(Owner::Struct(decl)) => !facts.self_written && self.fields[decl.index()].contains(&name),
            Some(Owner::Enum(_)) | None => false,
        }
    }

    /// What `name := e` here means (rule 2).
    pub fn find_assigned(&self, name: TextId) -> AssignTo {
        let own = self.at.func;
        let start = self.facts[own.index()].start;
        let mut scope = Some(self.at.scope);
        let mut func = own;
        let mut barred = false;
        while let Some(id) = scope {
            let here = &self.scopes[id];
            if here.func != func {
                if self.is_field_of(func, name) {
                    return AssignTo::New;
                }
                barred |= self.facts[func.index()].barred;
                func = here.func;
            }
            if let Some(&binding) = self.names.get(&(id, name)) {
                let found = &self.bindings[binding];
                if func == own || found.span.start < start {
                    let barred = barred && self.needs_frame(binding);
                    return if barred { AssignTo::Barred } else { AssignTo::Existing(binding) };
                }
            }
            scope = here.parent;
        }
        AssignTo::New
    }

    /// Records a mention of `binding` and gives the provisional variable for it.
    pub fn refer(&mut self, binding: BindingId, kind: RefKind) -> Var {
        let time = self.tick();
        let id = self.refs.len() as u32;
        self.refs.push(Ref { binding, func: self.at.func, time, in_loop: self.at.in_loop, kind });
        Var::Local(Slot(id))
    }

    /// The reference that a provisional variable stands for.
    pub fn ref_of(&self, var: Var) -> Option<Ref> {
        match var {
            Var::Local(slot) => Some(self.refs[slot.index()]),
            _ => None,
        }
    }

    /// Notes that the current statement reads an outer binding that stands below this function (rule 4).
    pub fn note_later_read(&mut self, binding: BindingId) {
        let found = &self.bindings[binding];
        let start = self.facts[self.at.func.index()].start;
        if found.func != self.at.func && found.module == self.at.module && found.span.start >= start {
            self.at.later_reads.push(binding);
        }
    }

    /// The provisional variable that `name := …` at `span` stores to, and whether that creates it.
    /// `None` after a diagnostic, or where a name error stands instead.
    pub fn assigned_var(&mut self, name: TextId, span: Span) -> Option<(Var, bool)> {
        match self.find_assigned(name) {
            AssignTo::Existing(binding) => {
                if !self.check_assignable(binding, span) {
                    return None;
                }
                let var = self.refer(binding, RefKind::Write);
                if self.bindings[binding].kind == BindingKind::SelfParam {
                    self.note_self_change(binding, span);
                }
                Some((var, false))
            }
            AssignTo::Barred => None,
            AssignTo::New => {
                self.check_later_reads(name, span);
                let binding = self.bind(name, span, BindingKind::Created);
                Some((self.refer(binding, RefKind::Declare), true))
            }
        }
    }

    fn check_later_reads(&mut self, name: TextId, span: Span) {
        let later = self.at.later_reads.iter().copied().find(|&binding| self.bindings[binding].name == name);
        let Some(binding) = later else { return };
        let (module, first) = (self.bindings[binding].module, self.bindings[binding].span);
        let line = self.line_of(module, first);
        let text = self.program[name].to_string();
        let message = format!(
            "'{text}' would be a new local here, but its own value reads the outer '{text}' (line {line}), which stands below this function"
        );
        let diagnostic = self.stop(Code::ReadsLater, span, message);
        *diagnostic = diagnostic.clone().with_related(first, "the outer variable").with_help(format!(
            "move `{text}` of line {line} above the function to change it, or write `let {text} := …` for a new variable"
        ));
    }

    /// Reports an assignment to an immutable binding (rule 3).
    pub fn check_assignable(&mut self, binding: BindingId, span: Span) -> bool {
        let found = &self.bindings[binding];
        if found.kind.is_mutable() {
            return true;
        }
        let (module, first) = (found.module, found.span);
        let text = self.program[found.name].to_string();
        let line = self.line_of(module, first);
        let message = format!("Cannot assign to immutable binding: {text} (line {line}); use let or mut for a new variable");
        let diagnostic = self.stop(Code::Immutable, span, message);
        *diagnostic = diagnostic.clone().with_related(first, "bound here");
        false
    }

    /// Reports a change in place of an immutable binding.
    pub fn check_changeable(&mut self, binding: BindingId, span: Span) -> bool {
        let found = &self.bindings[binding];
        if found.kind.is_mutable() {
            return true;
        }
        let first = found.span;
        let text = self.program[found.name].to_string();
        let keyword = if found.kind == BindingKind::Let { "let" } else { "it" };
        let diagnostic = self.stop(Code::Immutable, span, format!("Cannot mutate immutable binding: {text}"));
        *diagnostic = diagnostic.clone().with_related(first, "bound here");
        if keyword == "let" {
            diagnostic.help.push(format!("declare it with `mut {text}` or `{text} := …`"));
        }
        false
    }

    /// The `self` of the method around, if there is one; reports `self` out of place.
    pub fn self_binding(&mut self, span: Span) -> Option<BindingId> {
        let mut func = Some(self.at.func);
        while let Some(id) = func {
            let facts = &self.facts[id.index()];
            if facts.owner.is_some() {
                if let (true, Some(binding)) = (facts.self_written || facts.instance, facts.self_binding) {
                    return Some(binding);
                }
                let name = self.program[self.program[id].name].to_string();
                let method = name.rsplit('.').next().unwrap_or(&name).to_string();
                let diagnostic = self.stop(Code::Misplaced, span, format!("{name} has no self parameter"));
                diagnostic.help.push(format!("write `func {method}(self, …)`"));
                return None;
            }
            if facts.barred {
                break;
            }
            func = facts.parent;
        }
        self.stop(Code::Misplaced, span, "'self' outside a method");
        None
    }

    /// The method that `binding`, a `self`, belongs to now changes it.
    pub fn note_self_change(&mut self, binding: BindingId, span: Span) {
        let method = self.bindings[binding].func;
        let changes = &mut self.facts[method.index()].changes_self;
        if changes.is_none() {
            *changes = Some(span);
        }
    }

    /// Enums whose variants can be named without them here: innermost first, each once.
    pub fn visible_enums(&self) -> Vec<EnumId> {
        let mut found = Vec::new();
        let mut scope = Some(self.at.scope);
        while let Some(id) = scope {
            found.extend(self.scopes[id].enums.iter().copied());
            scope = self.scopes[id].parent;
        }
        for &decl in &self.modules[self.at.module.index()].enums {
            if !found.contains(&decl) {
                found.push(decl);
            }
        }
        found
    }
}
