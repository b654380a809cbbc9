//! Foreign notation in declarations, and in imports and exports.

use super::*;
use crate::syntax::token::BLOCK;
use TokenKind as T;

impl Parser<'_> {
    // ---------------------------------------------------------------------------------------------- functions

    pub(in super::super) fn missing_params(&mut self, name: Option<Name>) {
        let what = if name.is_some() { "`(` and the parameters" } else { "a name or `(`" };
        self.expected_with_help(what, "a function without parameters is `func name() { … }`");
    }

    /// `func f(x): int {`.
    pub(in super::super) fn foreign_result_type(&mut self) -> Option<TypeId> {
        let next = self.peek(1);
        if !self.at(T::Colon)
            || next.on_new_line()
            || !matches!(next.kind, T::Ident | T::Null)
            || self.peek(2).kind == T::OpenParen
        {
            return None;
        }
        self.habit("`:` before the result type", "write `-> type`");
        self.bump();
        Some(self.ty())
    }

    /// `func f(x) = e`, `func f(x) => e`.
    pub(in super::super) fn foreign_function_body(&mut self) -> Option<ExprId> {
        if !matches!(self.kind(), T::FatArrow | T::Eq | T::ColonEq) {
            return None;
        }
        let message = format!("`{}` before the body of a `func`", self.kind().text());
        self.habit(message, "write `func f(x) { return … }`, or a lambda: `f := x => …`");
        self.bump();
        if self.at(T::OpenBrace) {
            return None;
        }
        Some(self.nested(Self::expression_or_jump, Self::error_expr))
    }

    /// `int x` for `x: int`, as a parameter or field; gives the name.
    pub(in super::super) fn typed_like_c(&mut self, name: Name) -> Name {
        if !self.at(T::Ident) || self.token().on_new_line() {
            return name;
        }
        let ty = self.ast.name(name).to_string();
        if self.context.newlines && !is_type_word(&ty) {
            // Fields need no comma between them.
            return name;
        }
        let real = self.text_at(self.token());
        let help = format!("write `{}: {}`", recover::shorten(real), recover::shorten(&ty));
        self.report_with_help(Code::Habit, name.span, "the type stands behind the name", help);
        self.take_name()
    }

    /// `*args`, `&x`, destructuring in a parameter list.
    pub(in super::super) fn foreign_param(&mut self) -> bool {
        match self.kind() {
            T::Star | T::StarStar => {
                let message = format!("`{}` before a parameter", self.kind().text());
                self.habit(message, "the rest of the arguments is collected by `...rest`");
                self.bump();
                self.eat(T::Ident);
                true
            }
            T::Amp => {
                self.habit("`&` before a parameter", "there are no references: leave it out, or write `mut self`");
                self.bump();
                self.eat(T::Mut);
                if self.at_key() {
                    let name = self.take_name();
                    let kind = if self.ast.name(name) == "self" { ParamKind::MutSelf } else { ParamKind::Plain };
                    self.annotation();
                    self.stacks.params.push(Param { kind, name, ty: None, default: None, span: name.span });
                }
                true
            }
            T::OpenBracket | T::OpenBrace => {
                self.habit("a pattern as a parameter", "take the value by name, and apart in the body: `[a, b] := pair`");
                self.target();
                true
            }
            T::Let | T::Const => {
                let message = format!("`{}` before a parameter", self.kind().text());
                self.habit(message, "leave it out");
                self.bump();
                self.eat(T::Ident);
                true
            }
            T::Int | T::Float | T::Str | T::StrBegin => {
                self.expected_with_help("a parameter", "parameters are names; defaults are `name = value`");
                self.expression();
                true
            }
            _ => false,
        }
    }

    // ---------------------------------------------------------------------------------------- structs, enums

    /// `struct P(x, y) {`, `class A extends B {`, `struct A<T> {`.
    pub(in super::super) fn foreign_struct_head(&mut self) {
        if self.at(T::OpenBrace) || !self.on_same_line() {
            return;
        }
        let place = self.pos;
        let found = self.skip_on_line_to(T::OpenBrace);
        let end = std::mem::replace(&mut self.pos, place);
        let (message, help) = match self.kind() {
            T::OpenParen => ("fields stand in braces", "write `struct Point { x, y }`"),
            T::Less => ("structs have no type parameters", "leave them out: fields take any value"),
            _ => ("structs have no parents", "put what is shared into a field, or into functions"),
        };
        self.habit(message, help);
        if found {
            self.pos = end;
        }
    }

    /// Methods written otherwise: `def f()`, `area() {`, `static func f()`.
    pub(in super::super) fn foreign_method(&mut self) -> Option<FuncId> {
        let token = self.token();
        let next = self.peek(1);
        if token.kind != T::Ident || next.on_new_line() {
            return None;
        }
        let word = self.text_at(token);
        match next.kind {
            T::Ident if matches!(word, "def" | "fn" | "fun" | "function" | "method" | "sub") => {
                self.habit(format!("`{word}` does not declare a method"), "write `func name(self) { … }`");
                let word = self.bump();
                Some(self.function_after_word(word, Some("the method"), false))
            }
            T::OpenParen if next.flags & BLOCK != 0 => {
                self.habit("a method without `func`", format!("write `func {}(…) {{ … }}`", recover::shorten(word)));
                Some(self.function_after_word(token, Some("the method"), false))
            }
            T::Func if is_modifier(word) => {
                self.habit(format!("there is no `{word}`"), "leave it out; a method without `self` is static");
                self.bump();
                Some(self.function(Some("the method")))
            }
            _ => None,
        }
    }

    /// `let x: int` as a field.
    pub(in super::super) fn foreign_field_word(&mut self) {
        let token = self.token();
        let next = self.peek(1);
        if next.kind != T::Ident || next.on_new_line() {
            return;
        }
        let word = matches!(token.kind, T::Let | T::Mut | T::Const)
            || token.kind == T::Ident
                && matches!(
                    self.text_at(token),
                    "var" | "val" | "pub" | "public" | "private" | "static" | "final" | "readonly"
                );
        if word {
            let message = format!("`{}` before a field", self.text_at(token));
            self.habit(message, "write `name: type = default`");
            self.bump();
        }
    }

    /// `impl Trait for Type {`.
    pub(in super::super) fn foreign_impl_head(&mut self) {
        if self.at(T::OpenBrace) || !self.on_same_line() {
            return;
        }
        self.habit("there are no traits", "write `impl Name { func … }`");
        self.skip_on_line_to(T::OpenBrace);
    }

    /// `case red` within an enum.
    pub(in super::super) fn foreign_variant_word(&mut self) {
        if self.at(T::Case) {
            self.habit("`case` before a variant", "variants are names separated by commas: `enum E { A, B(x) }`");
            self.bump();
        }
    }

    /// `A = 1` or `A { x, y }` within an enum.
    pub(in super::super) fn foreign_variant_value(&mut self) {
        match self.kind() {
            T::Eq | T::ColonEq => {
                self.habit("variants have no numbers", "leave the number out, or match on the variant to give one");
                self.bump();
                self.expression();
            }
            T::OpenBrace if self.on_same_line() => {
                self.habit("the values of a variant stand in parentheses", "write `Rect(w, h)`");
                self.skip_bracket();
            }
            _ => {}
        }
    }

    // ------------------------------------------------------------------------------------- imports and exports

    fn bad_import(&mut self, message: impl Into<String>, help: &str) {
        let span = self.place();
        self.report_with_help(Code::BadImport, span, message, help);
    }

    /// Paths in quotes, lists before `from`, relative paths; says whether the statement is done with.
    pub(in super::super) fn foreign_import(&mut self) -> bool {
        match self.kind() {
            T::Str | T::StrBegin => {
                self.bad_import("a module path in quotes", "paths are names joined by points: `import lib.text`")
            }
            T::OpenBrace | T::OpenParen => self.bad_import("a list behind `import`", "write `from module import a, b`"),
            T::Star => self.bad_import("`*` behind `import`", "write `from module import *`"),
            T::Dot | T::DotDot | T::Ellipsis => {
                self.bad_import(
                    "a relative module path",
                    "modules are looked for from the importing file's folder on: `import lib.text`",
                );
            }
            _ => return false,
        }
        self.skip_statement();
        true
    }

    /// `import a, b` and `import a from b`.
    pub(in super::super) fn foreign_import_tail(&mut self) {
        if self.at(T::From) {
            self.bad_import("`from` behind `import`", "write `from module import name`");
        } else {
            self.bad_import("`,` in an import", "one `import` per module; names come with `from module import a, b`");
        }
        self.skip_statement();
    }

    /// `from m import (a, b)`.
    pub(in super::super) fn wrapped_import_items(&mut self) -> bool {
        let wrapped = matches!(self.kind(), T::OpenParen | T::OpenBrace);
        if wrapped {
            let message = format!("`{}` in an import", self.kind().text());
            self.bad_import(message, "write the names without brackets; after a comma the line may end");
            self.bump();
        }
        wrapped
    }

    /// `a::b`, `a/b`.
    pub(in super::super) fn foreign_path_separator(&mut self) -> bool {
        let foreign = matches!(self.kind(), T::ColonColon | T::Slash) && self.on_same_line();
        if foreign {
            let message = format!("`{}` in a module path", self.kind().text());
            self.bad_import(message, "the names of a path are joined by points: `import a.b`");
            self.bump();
        }
        foreign
    }

    /// `export default x`.
    pub(in super::super) fn foreign_export(&mut self) {
        if self.at(T::Default) {
            self.bad_import("there is no default export", "export it by its name");
            self.bump();
        }
    }
}
