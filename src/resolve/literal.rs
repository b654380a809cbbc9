//! Literals made of parts: arrays, dicts, struct instances, interpolated strings.
use super::expr::{Entity, Lowered};
use super::hir::*;
use super::scope::Found;
use super::state::*;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::ast;

impl Resolver<'_> {
    pub fn lower_array(&mut self, elements: ast::List<ast::Element>) -> ExprKind {
        let ast = self.ast();
        let items = ast.list(elements).iter().map(|&element| match element {
            ast::Element::Item(value) => Item::One(self.lower_expr(value)),
            ast::Element::Spread(value) => Item::Spread(self.lower_expr(value)),
        });
        ExprKind::Array(items.collect())
    }

    pub fn lower_dict(&mut self, entries: ast::List<ast::DictEntry>) -> ExprKind {
        let ast = self.ast();
        let items = ast.list(entries).iter().map(|&entry| match entry {
            ast::DictEntry::Pair { key, value } => {
                self.warn_of_variable(key, value);
                let key = self.lower_key(key);
                DictItem::Pair(key, self.lower_expr(value))
            }
            ast::DictEntry::Shorthand { name, value } => {
                let key = self.lower_key(ast::DictKey::Name(name));
                DictItem::Pair(key, self.lower_expr(value))
            }
            ast::DictEntry::Spread(value) => DictItem::Spread(self.lower_expr(value)),
        });
        ExprKind::Dict(items.collect())
    }

    /// `{name: 1}` beside a variable `name`; that `{name: trim(name)}` means the string is plain to see.
    fn warn_of_variable(&mut self, key: ast::DictKey, value: ast::ExprId) {
        let ast::DictKey::Name(name) = key else { return };
        let value = self.ast()[value].span.of(self.sources.text(self.here()));
        let mut words = value.split(|c: char| !c.is_alphanumeric() && c != '_');
        if words.any(|word| word == self.ast().name(name)) {
            return;
        }
        let text = self.name(name);
        let Found::Binding(binding) = self.find(text) else { return };
        if matches!(self.bindings[binding].kind, BindingKind::Func(_) | BindingKind::Struct(_) | BindingKind::Enum(_)) {
            return;
        }
        let text = &self.program[text];
        let message = format!("the key is the string \"{text}\", not the value of the variable {text}");
        let help = format!("for the variable's value write `({text})`");
        let warning = Diagnostic::warning(Code::KeyIsVariable, self.here(), name.span, message).with_help(help);
        self.warnings.push(warning);
    }

    fn lower_key(&mut self, key: ast::DictKey) -> ExprId {
        match key {
            ast::DictKey::Name(name) => {
                let text = self.name(name);
                self.expr(ExprKind::Str(text), name.span)
            }
            ast::DictKey::Expr(value) => self.lower_expr(value),
        }
    }

    pub fn lower_struct_literal(&mut self, path: ast::List<ast::Name>, fields: ast::List<ast::FieldInit>) -> ExprKind {
        let ty = self.lower_path(path);
        let ty = self.value_of(ty);
        let mut items = Vec::new();
        let mut seen = Vec::new();
        for &field in self.ast().list(fields) {
            items.push(match field {
                ast::FieldInit::Field { name, value } => {
                    let text = self.name(name);
                    self.check_field_once(&mut seen, text, name.span);
                    FieldItem::Field { name: text, value: self.lower_expr(value), span: name.span }
                }
                ast::FieldInit::Spread(value) => FieldItem::Spread(self.lower_expr(value)),
            });
        }
        ExprKind::StructLit { ty, items: items.into() }
    }

    fn check_field_once(&mut self, seen: &mut Vec<TextId>, name: TextId, span: Span) {
        if seen.contains(&name) {
            let text = self.program[name].to_string();
            self.stop(Code::Duplicate, span, format!("field '{text}' is given twice"));
        }
        seen.push(name);
    }

    /// A dotted path of names, as a struct literal begins with.
    pub fn lower_path(&mut self, path: ast::List<ast::Name>) -> Lowered {
        let names = self.ast().list(path);
        let first = names[0];
        let text = self.name(first);
        let mut lowered = self.lower_name(text, first.span);
        for &name in &names[1..] {
            lowered = self.lower_field(lowered, name, false, name.span);
        }
        lowered
    }

    /// What a path is, if that is known before execution.
    pub fn path_entity(&mut self, path: ast::List<ast::Name>) -> Option<Entity> {
        match self.lower_path(path) {
            Lowered::Static(entity, _) => Some(entity),
            Lowered::Value(_) | Lowered::Place(_) => None,
        }
    }

    pub fn lower_parts(&mut self, parts: ast::List<ast::Part>) -> ExprKind {
        let ast = self.ast();
        let parts = ast.list(parts).iter().map(|&part| match part {
            ast::Part::Text(text) => Part::Text(self.literal(text)),
            ast::Part::Value { value, format } => {
                let value = self.lower_expr(value);
                match format {
                    Some(format) => Part::Formatted { value, spec: Box::new(self.lower_format(ast[format])) },
                    None => Part::Value(value),
                }
            }
        });
        ExprKind::Interp(parts.collect())
    }

    fn lower_format(&mut self, format: ast::Format) -> FormatSpec {
        let align = format.align.map(|align| match align {
            ast::Align::Left => Align::Left,
            ast::Align::Center => Align::Center,
            ast::Align::Right => Align::Right,
        });
        let kind = format.kind.map(|kind| match kind {
            ast::FormatKind::HexLower => 'x',
            ast::FormatKind::HexUpper => 'X',
            ast::FormatKind::Octal => 'o',
            ast::FormatKind::Binary => 'b',
            ast::FormatKind::ExpLower => 'e',
            ast::FormatKind::ExpUpper => 'E',
            ast::FormatKind::Debug => '?',
            ast::FormatKind::Percent => '%',
        });
        FormatSpec {
            fill: format.fill.unwrap_or(' '),
            align,
            plus: format.sign,
            alternate: format.alternate,
            zero: format.zero,
            width: format.width.map(|size| self.lower_size(size)),
            group: format.group,
            precision: format.precision.map(|size| self.lower_size(size)),
            kind,
        }
    }

    fn lower_size(&mut self, size: ast::FormatSize) -> SpecSize {
        match size {
            ast::FormatSize::Fixed(size) => SpecSize::Fixed(size),
            ast::FormatSize::Expr(value) => SpecSize::Computed(self.lower_expr(value)),
        }
    }
}
