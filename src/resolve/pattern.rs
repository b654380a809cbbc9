//! Patterns of `match` (LANGUAGE §8) and targets of destructuring.
//!
//! A name in a `match` pattern is looked up first: variants and types match, everything else binds. All alternatives of an
//! or-pattern share the bindings of the first.
use super::expr::Entity;
use super::hir::*;
use super::state::*;
use crate::builtins::BuiltinTypeId;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast;

/// Built-in types that a bare name in a pattern can mean.
const PATTERN_TYPES: &[&str] = &["int", "float", "string", "bool", "array", "dict", "set", "bytes", "function"];

/// Names bound so far by the pattern of one arm.
#[derive(Default, Debug)]
pub(super) struct PatternNames {
    /// Binding by name, of all alternatives.
    all: Vec<(TextId, BindingId)>,
    /// Names bound by the alternative at hand.
    bound: Vec<TextId>,
}

/// How the names of a destructuring target come to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TargetMode {
    /// New bindings of this kind, declared.
    Declare(BindingKind),
    /// `:=`: existing variables are assigned, others created.
    Assign,
}

impl Resolver<'_> {
    // ------------------------------------------------------------------------------------------ targets

    /// The pattern of a destructuring target or loop variable. Names are checked to stand once.
    pub fn lower_target(&mut self, id: ast::TargetId, mode: TargetMode, seen: &mut Vec<TextId>) -> PatId {
        let ast::Target { kind, span } = self.ast()[id];
        if !self.deeper(span) {
            return self.pattern(PatternKind::Wildcard, span);
        }
        let kind = match kind {
            ast::TargetKind::Name(symbol) => {
                let name = self.symbol(symbol);
                self.target_name(name, span, mode, seen)
            }
            ast::TargetKind::Array(elements) => self.target_array(elements, mode, seen),
            ast::TargetKind::Dict(entries) => self.target_dict(entries, mode, seen),
            ast::TargetKind::Ignored | ast::TargetKind::Error | ast::TargetKind::Place(_) => PatternKind::Wildcard,
        };
        self.pattern(kind, span)
    }

    fn target_name(&mut self, name: TextId, span: Span, mode: TargetMode, seen: &mut Vec<TextId>) -> PatternKind {
        if seen.contains(&name) {
            let text = self.program[name].to_string();
            self.stop(Code::PatternNames, span, format!("'{text}' is bound twice in this pattern"));
            return PatternKind::Wildcard;
        }
        seen.push(name);
        match mode {
            TargetMode::Declare(kind) => {
                let binding = self.declare(name, span, kind);
                PatternKind::Bind { var: self.refer(binding, RefKind::Declare), name, declare: true }
            }
            TargetMode::Assign => match self.assigned_var(name, span) {
                Some((var, declare)) => PatternKind::Bind { var, name, declare },
                None => PatternKind::Wildcard,
            },
        }
    }

    fn target_rest(&mut self, name: ast::Name, mode: TargetMode, seen: &mut Vec<TextId>) -> RestPattern {
        let text = self.name(name);
        if &self.program[text] == "_" {
            return RestPattern { bind: None };
        }
        let kind = self.target_name(text, name.span, mode, seen);
        RestPattern { bind: Some(self.pattern(kind, name.span)) }
    }

    fn target_array(
        &mut self,
        elements: ast::List<ast::TargetElement>,
        mode: TargetMode,
        seen: &mut Vec<TextId>,
    ) -> PatternKind {
        let (mut before, mut after, mut rest) = (Vec::new(), Vec::new(), None);
        for &element in self.ast().list(elements) {
            match element {
                ast::TargetElement::Item { target, default } => {
                    let default = default.map(|default| self.lower_expr(default));
                    let pattern = self.lower_target(target, mode, seen);
                    let side = if rest.is_none() { &mut before } else { &mut after };
                    side.push(ElementPattern { pattern, default });
                }
                ast::TargetElement::Rest(name) => rest = Some(self.target_rest(name, mode, seen)),
            }
        }
        PatternKind::Array { before: before.into(), rest, after: after.into() }
    }

    fn target_dict(
        &mut self,
        entries: ast::List<ast::TargetEntry>,
        mode: TargetMode,
        seen: &mut Vec<TextId>,
    ) -> PatternKind {
        let (mut fields, mut rest) = (Vec::new(), None);
        for &entry in self.ast().list(entries) {
            match entry {
                ast::TargetEntry::Item { key, target, default } => {
                    let key = self.name(key);
                    let default = default.map(|default| self.lower_expr(default));
                    let pattern = self.lower_target(target, mode, seen);
                    fields.push(FieldPattern { key, pattern, default });
                }
                ast::TargetEntry::Rest(name) => rest = Some(self.target_rest(name, mode, seen)),
            }
        }
        PatternKind::Fields { ty: None, entries: fields.into(), rest }
    }

    // ------------------------------------------------------------------------------------------- match

    pub fn lower_match(&mut self, subject: ast::ExprId, arms: ast::List<ast::MatchArm>, span: Span, value: bool) -> Match {
        let subject = self.lower_expr(subject);
        let (slot, outer) = self.enter_hidden(1);
        let (mut lowered, mut default) = (Vec::new(), None);
        for arm in self.ast().list(arms) {
            let outer = self.enter_scope();
            let scope = self.at.scope;
            match arm.pattern {
                Some(pattern) => {
                    let pattern = self.lower_pattern(pattern, &mut PatternNames::default());
                    let guard = arm.guard.map(|guard| self.lower_expr(guard));
                    let body = self.lower_block(arm.body, value);
                    self.block_scopes.push((body, scope));
                    lowered.push(Arm { pattern, guard, body });
                }
                None => default = Some(self.lower_block(arm.body, value)),
            }
            self.leave_scope(outer);
        }
        self.leave_scope(outer);
        Match { subject, slot, arms: lowered.into(), default, value, span }
    }

    fn lower_pattern(&mut self, id: ast::PatternId, names: &mut PatternNames) -> PatId {
        let ast::Pattern { kind, span } = self.ast()[id];
        if !self.deeper(span) {
            return self.pattern(PatternKind::Wildcard, span);
        }
        let kind = self.lower_pattern_kind(kind, span, names);
        self.pattern(kind, span)
    }

    fn lower_pattern_kind(&mut self, kind: ast::PatternKind, span: Span, names: &mut PatternNames) -> PatternKind {
        use ast::PatternKind as K;
        match kind {
            K::Error | K::Ignored => PatternKind::Wildcard,
            K::Literal(value) => PatternKind::Literal(self.lower_expr(value)),
            K::Range { start, end, inclusive } => PatternKind::Range {
                low: start.map(|start| self.lower_expr(start)),
                high: end.map(|end| self.lower_expr(end)),
                inclusive,
            },
            K::Name(path) => self.pattern_name(path, span, names),
            K::Variant { path, payload } => self.pattern_payload(path, payload, span, names),
            K::Fields { path, entries } => self.pattern_fields(path, entries, names),
            K::Array(elements) => self.pattern_array(elements, names),
            K::Or(alternatives) => self.pattern_or(alternatives, names),
            K::As { pattern, name } => {
                let inner = self.lower_pattern(pattern, names);
                let kind = self.pattern_bind(name, names);
                PatternKind::As(inner, self.pattern(kind, name.span))
            }
        }
    }

    fn pattern_bind(&mut self, name: ast::Name, names: &mut PatternNames) -> PatternKind {
        let text = self.name(name);
        if &self.program[text] == "_" {
            return PatternKind::Wildcard;
        }
        if names.bound.contains(&text) {
            let shown = self.program[text].to_string();
            self.stop(Code::PatternNames, name.span, format!("'{shown}' is bound twice in this pattern"));
            return PatternKind::Wildcard;
        }
        names.bound.push(text);
        let known = names.all.iter().find(|&&(known, _)| known == text).map(|&(_, binding)| binding);
        let binding = known.unwrap_or_else(|| {
            let binding = self.bind(text, name.span, BindingKind::Pattern);
            names.all.push((text, binding));
            binding
        });
        PatternKind::Bind { var: self.refer(binding, RefKind::Declare), name: text, declare: true }
    }

    fn pattern_or(&mut self, alternatives: ast::List<ast::PatternId>, names: &mut PatternNames) -> PatternKind {
        let before = names.bound.clone();
        let mut first: Option<Vec<TextId>> = None;
        let mut lowered = Vec::new();
        for &alternative in self.ast().list(alternatives) {
            names.bound.clone_from(&before);
            lowered.push(self.lower_pattern(alternative, names));
            let mut bound = names.bound[before.len()..].to_vec();
            bound.sort_unstable();
            match &first {
                None => first = Some(bound),
                Some(expected) if *expected != bound => {
                    let span = self.ast()[alternative].span;
                    self.different_names(expected.clone(), bound, span);
                }
                Some(_) => {}
            }
        }
        PatternKind::Or(lowered.into())
    }

    fn different_names(&mut self, expected: Vec<TextId>, bound: Vec<TextId>, span: Span) {
        let differs = |name: &&TextId| expected.contains(name) != bound.contains(name);
        let name = expected.iter().chain(&bound).find(differs).copied();
        let shown = name.map_or(String::new(), |name| self.program[name].to_string());
        let diagnostic = self.stop(Code::PatternNames, span, "the alternatives of a pattern must bind the same names");
        diagnostic.label = format!("'{shown}' is bound on one side only");
    }

    fn pattern_array(&mut self, elements: ast::List<ast::PatternElement>, names: &mut PatternNames) -> PatternKind {
        let (mut before, mut after, mut rest) = (Vec::new(), Vec::new(), None);
        for &element in self.ast().list(elements) {
            match element {
                ast::PatternElement::Item(pattern) => {
                    let pattern = self.lower_pattern(pattern, names);
                    let side = if rest.is_none() { &mut before } else { &mut after };
                    side.push(ElementPattern { pattern, default: None });
                }
                ast::PatternElement::Rest { name, .. } => rest = Some(self.pattern_rest(name, names)),
            }
        }
        PatternKind::Array { before: before.into(), rest, after: after.into() }
    }

    fn pattern_rest(&mut self, name: Option<ast::Name>, names: &mut PatternNames) -> RestPattern {
        let bind = name.map(|name| {
            let kind = self.pattern_bind(name, names);
            self.pattern(kind, name.span)
        });
        RestPattern { bind }
    }

    fn pattern_fields(
        &mut self,
        path: ast::List<ast::Name>,
        entries: ast::List<ast::PatternEntry>,
        names: &mut PatternNames,
    ) -> PatternKind {
        let mut ty = None;
        let mut error = None;
        if !path.is_empty() {
            match self.path_entity(path) {
                Some(Entity::Struct(decl)) => ty = Some(decl),
                Some(Entity::NameError(message)) => error = Some(message),
                _ => {
                    let shown = self.path_text(path);
                    error = Some(self.text(&format!("{shown} is not a struct, so it cannot stand before a pattern's {{")));
                }
            }
        }
        let (mut fields, mut rest) = (Vec::new(), None);
        for &entry in self.ast().list(entries) {
            match entry {
                ast::PatternEntry::Item { key, pattern, default } => {
                    let text = self.name(key);
                    let pattern = match pattern {
                        Some(pattern) => self.lower_pattern(pattern, names),
                        None => {
                            let kind = self.pattern_bind(key, names);
                            self.pattern(kind, key.span)
                        }
                    };
                    let default = default.map(|default| self.lower_expr(default));
                    fields.push(FieldPattern { key: text, pattern, default });
                }
                ast::PatternEntry::Rest(name) => rest = Some(self.pattern_rest(Some(name), names)),
            }
        }
        match error {
            Some(message) => PatternKind::NameError(message),
            None => PatternKind::Fields { ty, entries: fields.into(), rest },
        }
    }

    pub fn path_text(&self, path: ast::List<ast::Name>) -> String {
        let ast = self.ast();
        let names: Vec<&str> = ast.list(path).iter().map(|&name| ast.name(name)).collect();
        names.join(".")
    }

    /// A name or path without payload: a variant, a type, or a binding.
    fn pattern_name(&mut self, path: ast::List<ast::Name>, span: Span, names: &mut PatternNames) -> PatternKind {
        let parts = self.ast().list(path);
        if parts.len() > 1 {
            let entity = self.path_entity(path);
            return self.entity_pattern(entity, path, span);
        }
        let name = parts[0];
        let text = self.name(name);
        match self.pattern_meaning(text, None) {
            NameMeaning::Entity(entity) => self.entity_pattern(Some(entity), path, span),
            NameMeaning::Several(message) => PatternKind::NameError(self.report_pattern(message, name.span)),
            NameMeaning::Nothing if starts_upper(&self.program[text]) => {
                let Entity::NameError(message) = self.undefined(text, name.span) else { return PatternKind::Wildcard };
                PatternKind::NameError(message)
            }
            NameMeaning::Nothing => self.pattern_bind(name, names),
        }
    }

    fn report_pattern(&mut self, message: String, span: Span) -> TextId {
        let source = self.here();
        self.warnings.push(Diagnostic::error(Code::UndefinedName, source, span, &*message));
        self.text(&message)
    }

    fn entity_pattern(&mut self, entity: Option<Entity>, path: ast::List<ast::Name>, span: Span) -> PatternKind {
        match entity {
            Some(Entity::Struct(decl)) => PatternKind::Struct(decl),
            Some(Entity::Enum(decl)) => PatternKind::Enum(decl),
            Some(Entity::BuiltinType(ty)) => PatternKind::BuiltinType(ty),
            Some(Entity::Variant(decl, variant)) => PatternKind::Variant { decl, variant, args: None },
            Some(Entity::NameError(message)) => PatternKind::NameError(message),
            _ => {
                let shown = self.path_text(path);
                let message = format!("{shown} is neither a variant nor a type, so it cannot be a pattern");
                PatternKind::NameError(self.report_pattern(message, span))
            }
        }
    }

    /// `Circle(r)`, `Shape::Rect(w, h)`, `Point(x, y)`.
    fn pattern_payload(
        &mut self,
        path: ast::List<ast::Name>,
        payload: ast::List<ast::PatternId>,
        span: Span,
        names: &mut PatternNames,
    ) -> PatternKind {
        let parts = self.ast().list(path);
        let entity = if parts.len() > 1 {
            self.path_entity(path)
        } else {
            let text = self.name(parts[0]);
            match self.pattern_meaning(text, Some(payload.len())) {
                NameMeaning::Entity(entity) => Some(entity),
                NameMeaning::Several(message) => Some(Entity::NameError(self.report_pattern(message, parts[0].span))),
                NameMeaning::Nothing => Some(self.undefined(text, parts[0].span)),
            }
        };
        let ast = self.ast();
        let args: Vec<PatId> = ast.list(payload).iter().map(|&arg| self.lower_pattern(arg, names)).collect();
        match entity {
            Some(Entity::Variant(decl, variant)) => self.variant_pattern(decl, variant, args, span),
            Some(Entity::Struct(decl)) => self.positional_pattern(decl, args, span),
            other => match self.entity_pattern(other, path, span) {
                PatternKind::NameError(message) => PatternKind::NameError(message),
                _ => {
                    let shown = self.path_text(path);
                    let message = format!("{shown} has no payload: write `case {shown}`");
                    PatternKind::NameError(self.report_pattern(message, span))
                }
            },
        }
    }

    fn variant_pattern(&mut self, decl: EnumId, variant: u32, args: Vec<PatId>, span: Span) -> PatternKind {
        let declared = &self.program[decl].variants[variant as usize];
        let expected = declared.payload.len();
        if expected == args.len() {
            return PatternKind::Variant { decl, variant, args: Some(args.into()) };
        }
        let shown = self.program[declared.name].to_string();
        let values = if expected == 1 { "value" } else { "values" };
        let message = format!("{shown} has {expected} {values}, but the pattern names {}", args.len());
        PatternKind::NameError(self.report_pattern(message, span))
    }

    /// `Point(x, y)`: the fields in the order of their declaration.
    fn positional_pattern(&mut self, decl: StructId, args: Vec<PatId>, span: Span) -> PatternKind {
        let fields = &self.program[decl].fields;
        if fields.len() != args.len() {
            let shown = self.program[self.program[decl].name].to_string();
            let message = format!("{shown} has {} fields, but the pattern names {}", fields.len(), args.len());
            return PatternKind::NameError(self.report_pattern(message, span));
        }
        let entries = fields.iter().zip(args);
        let entries = entries.map(|(field, pattern)| FieldPattern { key: field.name, pattern, default: None }).collect();
        PatternKind::Fields { ty: Some(decl), entries, rest: None }
    }

    /// What a single name means in a pattern; `count`: with this many values in parentheses.
    fn pattern_meaning(&mut self, name: TextId, count: Option<usize>) -> NameMeaning {
        if let Some(entity) = self.declared_type(name) {
            return NameMeaning::Entity(entity);
        }
        let mut found: Vec<(EnumId, u32)> = Vec::new();
        for decl in self.visible_enums() {
            found.extend(self.variant_of(decl, name).map(|variant| (decl, variant)));
        }
        if found.len() > 1 {
            self.keep_fitting(&mut found, count);
        }
        let prelude = crate::builtins::lookup(&self.program[name]);
        if let Some(crate::builtins::PreludeName::Variant { decl, variant }) = prelude {
            let prelude = (EnumId(decl), variant);
            let fits = |&(decl, variant): &(EnumId, u32)| self.fits(decl, variant, count);
            if found.is_empty() || (fits(&prelude) && !found.iter().any(fits)) {
                return NameMeaning::Entity(Entity::Variant(prelude.0, prelude.1));
            }
        }
        match found[..] {
            [(decl, variant)] => return NameMeaning::Entity(Entity::Variant(decl, variant)),
            [_, _, ..] if starts_upper(&self.program[name]) => return NameMeaning::Several(self.several(name, &found)),
            _ => {}
        }
        let text = &self.program[name];
        match crate::builtins::BUILTIN_TYPES.iter().position(|&ty| ty == text) {
            Some(ty) if PATTERN_TYPES.contains(&text) => NameMeaning::Entity(Entity::BuiltinType(BuiltinTypeId(ty as u8))),
            Some(ty) if starts_upper(text) => NameMeaning::Entity(Entity::BuiltinType(BuiltinTypeId(ty as u8))),
            _ => NameMeaning::Nothing,
        }
    }

    fn fits(&self, decl: EnumId, variant: u32, count: Option<usize>) -> bool {
        count.is_none_or(|count| self.program[decl].variants[variant as usize].payload.len() == count)
    }

    fn keep_fitting(&self, found: &mut Vec<(EnumId, u32)>, count: Option<usize>) {
        if found.iter().any(|&(decl, variant)| self.fits(decl, variant, count)) {
            found.retain(|&(decl, variant)| self.fits(decl, variant, count));
        }
    }

    fn several(&self, name: TextId, found: &[(EnumId, u32)]) -> String {
        let name = &self.program[name];
        let candidates: Vec<String> =
            found.iter().map(|&(decl, _)| format!("{}::{name}", &self.program[self.program[decl].name])).collect();
        format!("'{name}' is a variant of several enums: write {}", candidates.join(" or "))
    }

    /// A struct or enum that `name` means here.
    pub fn declared_type(&self, name: TextId) -> Option<Entity> {
        use super::scope::Found;
        match self.find(name) {
            Found::Prelude(crate::builtins::PreludeName::Enum(decl)) => Some(Entity::Enum(EnumId(decl))),
            Found::Binding(binding) => match self.bindings[binding].kind {
                BindingKind::Struct(decl) => Some(Entity::Struct(decl)),
                BindingKind::Enum(decl) => Some(Entity::Enum(decl)),
                _ => None,
            },
            Found::Import(Imported::Named(exported) | Imported::Bulk(exported, _)) => match exported {
                Exported::Struct(decl) => Some(Entity::Struct(decl)),
                Exported::Enum(decl) => Some(Entity::Enum(decl)),
                Exported::Binding(_) | Exported::Func(_) | Exported::Module(_) => None,
            },
            _ => None,
        }
    }
}

/// What a single name means in a pattern.
#[derive(Debug)]
enum NameMeaning {
    Entity(Entity),
    /// A variant of several enums; the message says which.
    Several(String),
    Nothing,
}

fn starts_upper(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_uppercase)
}
