//! Declarations: functions and their parameters, structs, enums, `impl`.

use super::*;
use TokenKind as T;

impl Parser<'_> {
    pub(super) fn func_statement(&mut self) -> StmtId {
        let start = self.token().start;
        let func = self.nested(|parser| Some(parser.function(Some("the function"))), |_| None);
        match func {
            Some(func) => self.stmt(StmtKind::Func(func), start),
            None => self.stmt(StmtKind::Error, start),
        }
    }

    /// `[async] func [*] [name] params [-> type] block`; `what` describes the name if there must be one.
    pub(super) fn function(&mut self, what: Option<&str>) -> FuncId {
        let word = self.token();
        let is_async = self.eat(T::Async);
        self.bump();
        self.function_after_word(word, what, is_async)
    }

    /// As `function`, behind the word `func` (or what was written for it).
    pub(super) fn function_after_word(&mut self, word: Token, what: Option<&str>, is_async: bool) -> FuncId {
        let star = self.token();
        let is_generator = self.eat(T::Star);
        if is_generator && is_async {
            let help = "leave out `async` or `*`; an async function may return a generator";
            self.report_with_help(Code::Unexpected, star.span(), "a generator cannot be async", help);
        }
        let name = match what {
            Some(what) => self.expect_name(what),
            None if self.at(T::Ident) => Some(self.take_name()),
            None => None,
        };
        let params = if self.at(T::OpenParen) {
            self.params()
        } else {
            self.missing_params(name);
            List::EMPTY
        };
        let result = self.function_result();
        let body = self.function_body(word);
        let span = self.span_from(word.start);
        self.ast.add(Func { name, params, result, body, is_async, is_generator, is_lambda: false, span })
    }

    fn function_result(&mut self) -> Option<TypeId> {
        if let Some(ty) = self.result_type() {
            return Some(ty);
        }
        self.foreign_result_type()
    }

    fn function_body(&mut self, word: Token) -> FuncBody {
        if let Some(value) = self.foreign_function_body() {
            return FuncBody::Expr(value);
        }
        FuncBody::Block(self.block_after(word, "the parameters"))
    }

    // --------------------------------------------------------------------------------------------- parameters

    /// `( … )`
    pub(super) fn params(&mut self) -> List<Param> {
        let from = self.stacks.params.len();
        let closed = self.token().flags & MATCHED != 0;
        self.list(T::CloseParen, Context::BRACKET, |parser| {
            // `func f( {`: the brace is that of the body.
            if closed || !parser.at(T::OpenBrace) {
                parser.param(from);
            }
        });
        self.ast.add_list(&mut self.stacks.params, from)
    }

    fn param(&mut self, from: usize) {
        let start = self.token().start;
        let (kind, name) = match self.kind() {
            T::Ellipsis => {
                self.bump();
                let Some(name) = self.expect_name("the rest of the arguments") else { return };
                if self.stacks.params[from..].iter().any(|param| param.kind == ParamKind::Rest) {
                    let diagnostic = self.problem(Code::BadParameter, name.span, "second `...` parameter");
                    self.report(diagnostic);
                }
                (ParamKind::Rest, name)
            }
            T::Mut if self.peek(1).kind == T::SelfWord => {
                self.bump();
                (ParamKind::MutSelf, self.take_name())
            }
            T::SelfWord => (ParamKind::SelfValue, self.take_name()),
            T::Mut => {
                let span = self.token().span();
                self.report_with_help(
                    Code::BadParameter,
                    span,
                    "`mut` before a parameter",
                    "parameters are mutable anyway; leave it out",
                );
                self.bump();
                let Some(name) = self.expect_name("a parameter") else { return };
                (ParamKind::Plain, name)
            }
            T::Ident => {
                let name = self.take_name();
                let kind = if name.symbol == self.underscore { ParamKind::Ignored } else { ParamKind::Plain };
                (kind, self.typed_like_c(name))
            }
            _ => {
                if self.foreign_param() {
                    return;
                }
                let Some(name) = self.expect_name("a parameter") else { return };
                (ParamKind::Plain, name)
            }
        };
        let is_self = matches!(kind, ParamKind::SelfValue | ParamKind::MutSelf);
        if is_self && self.stacks.params.len() > from {
            let diagnostic = self.problem(Code::BadParameter, name.span, "`self` must be the first parameter");
            self.report(diagnostic);
        }
        let ty = self.annotation();
        let default = if self.at(T::Eq) || self.at(T::ColonEq) { self.param_default(kind) } else { None };
        let span = self.span_from(start);
        self.stacks.params.push(Param { kind, name, ty, default, span });
    }

    fn param_default(&mut self, kind: ParamKind) -> Option<ExprId> {
        let sign = self.bump();
        if kind != ParamKind::Plain && kind != ParamKind::Ignored {
            let diagnostic = self.problem(Code::BadParameter, sign.span(), "this parameter cannot have a default");
            self.report(diagnostic);
        } else if sign.kind == T::ColonEq {
            self.report_with_help(Code::BadParameter, sign.span(), "`:=` in a parameter list", "write `name = default`");
        }
        Some(self.expression())
    }

    // ------------------------------------------------------------------------------------------------ structs

    pub(super) fn struct_statement(&mut self) -> StmtId {
        let word = self.bump();
        self.struct_after_word(word)
    }

    pub(super) fn struct_after_word(&mut self, word: Token) -> StmtId {
        let Some(name) = self.expect_name("the struct") else {
            self.skip_declaration();
            return self.stmt(StmtKind::Error, word.start);
        };
        self.foreign_struct_head();
        let (mut fields, mut methods) = (Vec::new(), Vec::new());
        self.members("struct", |parser| parser.struct_member(&mut fields, &mut methods));
        let fields = self.ast.add_list(&mut fields, 0);
        let methods = self.ast.add_list(&mut methods, 0);
        let span = self.span_from(word.start);
        let id = self.ast.add(Struct { name, fields, methods, span });
        self.stmt(StmtKind::Struct(id), word.start)
    }

    /// Skips what remains of a declaration that could not be read: to the end of its braces or of the line.
    fn skip_declaration(&mut self) {
        if self.skip_on_line_to(T::OpenBrace) {
            self.skip_bracket();
        } else {
            self.skip_statement();
        }
    }

    /// `{ member … }` of a struct or `impl`.
    fn members(&mut self, what: &str, mut member: impl FnMut(&mut Self)) {
        let open = self.pos;
        if !self.at(T::OpenBrace) {
            self.expected(&format!("`{{` of the {what}"));
            let before = self.tokens[self.pos.saturating_sub(1)];
            if self.on_same_line() || self.indent(self.token()) <= self.indent(before) {
                return self.skip_declaration();
            }
        } else {
            self.bump();
        }
        let inside = |parser: &mut Self| {
            parser.within(Context::BLOCK, |parser| {
                loop {
                    while parser.eat(T::Semicolon) || parser.eat(T::Comma) {}
                    if parser.eat(T::CloseBrace) {
                        return;
                    }
                    if parser.at(T::Eof) {
                        return parser.unclosed_block(open);
                    }
                    let (before, errors) = (parser.pos, parser.errors);
                    parser.item_start = before;
                    member(parser);
                    if parser.errors > errors {
                        parser.skip_member();
                    }
                    if parser.pos == before {
                        parser.bump();
                    }
                }
            });
        };
        self.nested(inside, |_| ());
    }

    /// Skips to the next line or comma within a declaration.
    fn skip_member(&mut self) {
        while !self.at(T::Comma) && !self.at(T::CloseBrace) && !self.at(T::Eof) && self.on_same_line() {
            if matches!(self.kind(), T::OpenParen | T::OpenBracket | T::OpenBrace) {
                self.skip_bracket();
            } else {
                self.bump();
            }
        }
    }

    fn struct_member(&mut self, fields: &mut Vec<Field>, methods: &mut Vec<FuncId>) {
        if self.at_method() {
            return methods.push(self.function(Some("the method")));
        }
        if let Some(method) = self.foreign_method() {
            return methods.push(method);
        }
        let start = self.token().start;
        self.foreign_field_word();
        let Some(name) = self.expect_key("a field or `func`") else { return };
        let name = self.typed_like_c(name);
        let ty = self.annotation();
        if self.at(T::ColonEq) {
            let span = self.token().span();
            self.report_with_help(Code::Habit, span, "`:=` in a struct declaration", "write `name: type = default`");
        }
        let default = (self.eat(T::Eq) || self.eat(T::ColonEq)).then(|| self.expression());
        let span = self.span_from(start);
        fields.push(Field { name, ty, default, span });
        self.member_border();
    }

    /// After a field: a comma, a new line, or the next member on the same line.
    fn member_border(&mut self) {
        let fine =
            matches!(self.kind(), T::Comma | T::Semicolon | T::CloseBrace | T::Eof) || !self.on_same_line() || self.at_key();
        if !fine {
            self.expected("`,` or a new line after the field");
        }
    }

    /// Whether a method starts here; `func: int` is a field.
    fn at_method(&self) -> bool {
        let next = self.peek(1).kind;
        match self.kind() {
            T::Func => matches!(next, T::Ident | T::Star | T::OpenParen) || next.is_keyword(),
            T::Async => next == T::Func,
            _ => false,
        }
    }

    fn method_member(&mut self, methods: &mut Vec<FuncId>) {
        if self.at_method() {
            return methods.push(self.function(Some("the method")));
        }
        match self.foreign_method() {
            Some(method) => methods.push(method),
            None => self.expected("`func`"),
        }
    }

    pub(super) fn impl_statement(&mut self) -> StmtId {
        let word = self.bump();
        let Some(name) = self.expect_name("the struct or enum") else {
            self.skip_declaration();
            return self.stmt(StmtKind::Error, word.start);
        };
        self.foreign_impl_head();
        let mut methods = Vec::new();
        self.members("`impl`", |parser| parser.method_member(&mut methods));
        let methods = self.ast.add_list(&mut methods, 0);
        let span = self.span_from(word.start);
        let id = self.ast.add(Impl { name, methods, span });
        self.stmt(StmtKind::Impl(id), word.start)
    }

    // -------------------------------------------------------------------------------------------------- enums

    pub(super) fn enum_statement(&mut self) -> StmtId {
        let word = self.bump();
        let Some(name) = self.expect_name("the enum") else {
            self.skip_declaration();
            return self.stmt(StmtKind::Error, word.start);
        };
        let (mut variants, mut methods) = (Vec::new(), Vec::new());
        if self.at(T::OpenBrace) {
            // Variants are a list, so a method may follow the last one without a comma.
            let mut comma = true;
            self.members("enum", |parser| {
                if parser.at_method() {
                    return methods.push(parser.function(Some("the method")));
                }
                if let Some(method) = parser.foreign_method() {
                    return methods.push(method);
                }
                if !comma && parser.tokens[parser.pos - 1].kind != T::Comma && !variants.is_empty() {
                    parser.expected_with_help("`,` between variants", "variants are separated by commas");
                    parser.last_error = parser.pos;
                    parser.errors -= 1;
                }
                comma = false;
                if let Some(variant) = parser.variant() {
                    variants.push(variant);
                }
            });
        } else {
            self.expected("`{` of the enum");
            self.skip_declaration();
        }
        let variants = self.ast.add_list(&mut variants, 0);
        let methods = self.ast.add_list(&mut methods, 0);
        let span = self.span_from(word.start);
        let id = self.ast.add(Enum { name, variants, methods, span });
        self.stmt(StmtKind::Enum(id), word.start)
    }

    fn variant(&mut self) -> Option<Variant> {
        let start = self.token().start;
        self.foreign_variant_word();
        let name = self.expect_name("a variant")?;
        let mut payload = Vec::new();
        if self.at(T::OpenParen) {
            self.list(T::CloseParen, Context::BRACKET, |parser| {
                if let Some(name) = parser.expect_name("a value of the variant") {
                    let ty = parser.annotation();
                    payload.push(Payload { name, ty });
                }
            });
        }
        let payload = self.ast.add_list(&mut payload, 0);
        self.foreign_variant_value();
        let span = self.span_from(start);
        Some(Variant { name, payload, span })
    }
}
