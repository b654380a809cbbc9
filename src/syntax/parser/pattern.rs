//! Targets of bindings and assignments, and the patterns of `case`.

use super::*;
use TokenKind as T;

impl Parser<'_> {
    // ------------------------------------------------------------------------------------------------ targets

    pub(super) fn target(&mut self) -> TargetId {
        self.nested(Self::target_within, Self::error_target)
    }

    fn error_target(&mut self) -> TargetId {
        let span = Span::at(self.prev_end());
        self.ast.add(Target { kind: TargetKind::Error, span })
    }

    fn name_target(&mut self, name: Name) -> TargetId {
        let kind = if name.symbol == self.underscore { TargetKind::Ignored } else { TargetKind::Name(name.symbol) };
        self.ast.add(Target { kind, span: name.span })
    }

    fn target_within(&mut self) -> TargetId {
        let start = self.token().start;
        match self.kind() {
            T::OpenBracket => {
                let mut elements = Vec::new();
                self.list(T::CloseBracket, Context::BRACKET, |parser| parser.target_element(&mut elements));
                let list = self.ast.add_list(&mut elements, 0);
                let span = self.span_from(start);
                self.ast.add(Target { kind: TargetKind::Array(list), span })
            }
            T::OpenBrace => {
                let mut entries = Vec::new();
                self.list(T::CloseBrace, Context::BRACKET, |parser| parser.target_entry(&mut entries));
                let list = self.ast.add_list(&mut entries, 0);
                let span = self.span_from(start);
                self.ast.add(Target { kind: TargetKind::Dict(list), span })
            }
            T::Ident => {
                let name = self.take_name();
                self.name_target(name)
            }
            _ => {
                if let Some(name) = self.expect_name("a variable") {
                    return self.name_target(name);
                }
                self.error_target()
            }
        }
    }

    fn target_default(&mut self) -> Option<ExprId> {
        self.eat(T::Eq).then(|| self.expression())
    }

    /// `...name`, which must be the last.
    fn rest_name(&mut self) -> Option<Name> {
        self.bump();
        let name = self.expect_name("the rest")?;
        if self.at(T::Comma) && !matches!(self.peek(1).kind, T::CloseBracket | T::CloseBrace) {
            let span = name.span;
            self.report_with_help(
                Code::BadTarget,
                span,
                "`...` must come last here",
                "only the patterns of `case` may have elements after it",
            );
        }
        Some(name)
    }

    fn target_element(&mut self, elements: &mut Vec<TargetElement>) {
        if self.at(T::Ellipsis) {
            elements.extend(self.rest_name().map(TargetElement::Rest));
            return;
        }
        if self.place_in_target() {
            return;
        }
        let target = self.target();
        let default = self.target_default();
        elements.push(TargetElement::Item { target, default });
    }

    /// `[a[0], b] = …` and the like: only names can be bound by a pattern.
    fn place_in_target(&mut self) -> bool {
        let place = matches!(self.kind(), T::Ident | T::SelfWord)
            && matches!(self.peek(1).kind, T::Dot | T::OpenBracket | T::OpenParen);
        if !place && !matches!(self.kind(), T::Int | T::Float | T::Str | T::StrBegin | T::OpenParen | T::Minus) {
            return false;
        }
        let value = self.expression();
        let span = self.ast.span_of(value);
        let help = "a pattern on the left binds names; assign elements and fields in statements of their own";
        self.report_with_help(Code::BadTarget, span, "only names can stand in a pattern that is assigned to", help);
        true
    }

    fn target_entry(&mut self, entries: &mut Vec<TargetEntry>) {
        if self.at(T::Ellipsis) {
            entries.extend(self.rest_name().map(TargetEntry::Rest));
            return;
        }
        let Some((key, quoted)) = self.pattern_key() else { return };
        let target = if self.eat(T::Colon) {
            self.target()
        } else if quoted {
            self.expected_with_help("`:` after the key", "a key in quotes needs a name: `\"key\": name`");
            self.error_target()
        } else {
            self.name_target(key)
        };
        let default = self.target_default();
        entries.push(TargetEntry::Item { key, target, default });
    }

    /// The key of a dict pattern, and whether it was in quotes.
    fn pattern_key(&mut self) -> Option<(Name, bool)> {
        if !self.at(T::Str) {
            return self.expect_key("a key").map(|name| (name, false));
        }
        let token = self.token();
        let literal = self.string_literal(token);
        self.bump();
        let ExprKind::Str(text) = literal else { return None };
        let key = self.ast.str(text).to_string();
        Some((Name { symbol: self.ast.names.intern(&key), span: token.span() }, true))
    }

    /// The target of `e := …` if `e` is a place; `errors` is the count before `e` was read.
    pub(super) fn place_target(&mut self, place: ExprId, errors: usize) -> TargetId {
        let span = self.ast.span_of(place);
        if let ExprKind::Name(symbol) = self.ast[place].kind {
            return self.name_target(Name { symbol, span });
        }
        if self.check_place(place) {
            return self.ast.add(Target { kind: TargetKind::Place(place), span });
        }
        if self.errors == errors {
            let (message, help) = self.why_not_a_place(place);
            self.report_with_help(Code::BadTarget, span, message, help);
        }
        self.ast.add(Target { kind: TargetKind::Error, span })
    }

    /// Whether `expr` is a name or `self`, or a field or element of one.
    pub(super) fn check_place(&self, mut expr: ExprId) -> bool {
        loop {
            match self.ast[expr].kind {
                ExprKind::Name(_) | ExprKind::SelfValue => return true,
                ExprKind::Field { base, optional: false, .. } => expr = base,
                ExprKind::Index { base, index } if !self.is_open_slice(index) => expr = base,
                _ => return false,
            }
        }
    }

    fn is_open_slice(&self, index: ExprId) -> bool {
        matches!(self.ast[index].kind, ExprKind::Range { start, end, .. } if start.is_none() || end.is_none())
    }

    fn why_not_a_place(&self, expr: ExprId) -> (&'static str, &'static str) {
        let help = "left of `=` stand a variable, an element (`xs[i]`), a field (`p.x`) or a pattern of names";
        match self.ast[expr].kind {
            ExprKind::OptionalChain(_) => ("cannot assign through `?.`", "test for null first: `if x != null { x.y = … }`"),
            ExprKind::Call { .. } | ExprKind::MethodCall { .. } => ("cannot assign to the result of a call", help),
            ExprKind::Index { .. } => {
                ("cannot assign to a slice", "assign to single elements, or join slices: `xs[..i] + ys + xs[j..]`")
            }
            ExprKind::Binary { .. } | ExprKind::Logical { .. } => {
                ("cannot assign to the result of an operator", "to compare write `==`")
            }
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Str(_) | ExprKind::Bool(_) | ExprKind::Null => {
                ("cannot assign to a literal", "to compare write `==`")
            }
            _ => ("cannot assign to this", help),
        }
    }

    // ----------------------------------------------------------------------------------------------- patterns

    pub(super) fn pattern(&mut self) -> PatternId {
        self.nested(Self::pattern_within, Self::error_pattern)
    }

    fn error_pattern(&mut self) -> PatternId {
        let span = Span::at(self.prev_end());
        self.ast.add(Pattern { kind: PatternKind::Error, span })
    }

    fn add_pattern(&mut self, kind: PatternKind, start: u32) -> PatternId {
        let span = self.span_from(start);
        self.ast.add(Pattern { kind, span })
    }

    fn pattern_within(&mut self) -> PatternId {
        let start = self.token().start;
        let mut pattern = self.simple_pattern();
        if self.at(T::Pipe) || self.at(T::PipePipe) || self.at(T::Or) {
            let from = self.stacks.patterns.len();
            self.stacks.patterns.push(pattern);
            while self.pattern_alternative() {
                let next = self.simple_pattern();
                self.stacks.patterns.push(next);
            }
            let list = self.ast.add_list(&mut self.stacks.patterns, from);
            pattern = self.add_pattern(PatternKind::Or(list), start);
        }
        if self.eat(T::As)
            && let Some(name) = self.expect_name("what was matched")
        {
            pattern = self.add_pattern(PatternKind::As { pattern, name }, start);
        }
        pattern
    }

    fn simple_pattern(&mut self) -> PatternId {
        let token = self.token();
        match token.kind {
            T::Ident => self.name_pattern(),
            T::Int | T::Float | T::Str | T::Minus => self.literal_or_range(),
            T::DotDot | T::DotDotEq => {
                self.bump();
                let end = self.range_bound();
                self.add_pattern(PatternKind::Range { start: None, end, inclusive: token.kind == T::DotDotEq }, token.start)
            }
            T::True | T::False | T::Null => {
                let value = self.pattern_word(token.kind);
                self.add_pattern(PatternKind::Literal(value), token.start)
            }
            T::OpenBracket => self.array_pattern(),
            T::OpenBrace => self.fields_pattern(List::EMPTY, token.start),
            T::OpenParen => {
                let open = self.pos;
                self.bump();
                let inner = self.within(Context::BRACKET, |parser| parser.pattern());
                self.close(open, T::CloseParen);
                inner
            }
            T::Invalid => {
                self.bump();
                self.error_pattern()
            }
            _ => {
                self.odd_pattern();
                self.error_pattern()
            }
        }
    }

    fn pattern_word(&mut self, kind: TokenKind) -> ExprId {
        let start = self.bump().start;
        let kind = match kind {
            T::True => ExprKind::Bool(true),
            T::False => ExprKind::Bool(false),
            _ => ExprKind::Null,
        };
        self.expr(kind, start)
    }

    fn name_pattern(&mut self) -> PatternId {
        let start = self.token().start;
        let from = self.stacks.names.len();
        let name = self.take_name();
        if name.symbol == self.underscore {
            return self.add_pattern(PatternKind::Ignored, start);
        }
        self.stacks.names.push(name);
        while matches!(self.kind(), T::Dot | T::ColonColon) {
            self.bump();
            match self.expect_key("a name") {
                Some(name) => self.stacks.names.push(name),
                None => break,
            }
        }
        let path = self.ast.add_list(&mut self.stacks.names, from);
        match self.kind() {
            T::OpenParen => {
                let from = self.stacks.patterns.len();
                self.list(T::CloseParen, Context::BRACKET, |parser| {
                    let pattern = parser.pattern();
                    parser.stacks.patterns.push(pattern);
                });
                let payload = self.ast.add_list(&mut self.stacks.patterns, from);
                self.add_pattern(PatternKind::Variant { path, payload }, start)
            }
            T::OpenBrace => self.fields_pattern(path, start),
            _ => self.add_pattern(PatternKind::Name(path), start),
        }
    }

    fn fields_pattern(&mut self, path: List<Name>, start: u32) -> PatternId {
        let mut entries = Vec::new();
        self.list(T::CloseBrace, Context::BRACKET, |parser| parser.pattern_entry(&mut entries));
        let entries = self.ast.add_list(&mut entries, 0);
        self.add_pattern(PatternKind::Fields { path, entries }, start)
    }

    fn pattern_entry(&mut self, entries: &mut Vec<PatternEntry>) {
        if self.eat(T::Ellipsis) {
            entries.extend(self.expect_name("the rest").map(PatternEntry::Rest));
            return;
        }
        let Some((key, quoted)) = self.pattern_key() else { return };
        let pattern = if self.eat(T::Colon) {
            Some(self.pattern())
        } else {
            if quoted {
                self.expected_with_help("`:` after the key", "a key in quotes needs a pattern: `\"key\": pattern`");
            }
            None
        };
        let default = self.target_default();
        entries.push(PatternEntry::Item { key, pattern, default });
    }

    fn array_pattern(&mut self) -> PatternId {
        let start = self.token().start;
        let mut elements = Vec::new();
        self.list(T::CloseBracket, Context::BRACKET, |parser| parser.pattern_element(&mut elements));
        let elements = self.ast.add_list(&mut elements, 0);
        self.add_pattern(PatternKind::Array(elements), start)
    }

    fn pattern_element(&mut self, elements: &mut Vec<PatternElement>) {
        let token = self.token();
        if !self.eat(T::Ellipsis) {
            let pattern = self.pattern();
            return elements.push(PatternElement::Item(pattern));
        }
        let Some(name) = self.expect_name("the rest") else { return };
        let span = self.span_from(token.start);
        if elements.iter().any(|element| matches!(element, PatternElement::Rest { .. })) {
            let diagnostic = self.problem(Code::BadPattern, span, "second `...` in this pattern");
            self.report(diagnostic);
        }
        let name = (name.symbol != self.underscore).then_some(name);
        elements.push(PatternElement::Rest { name, span });
    }

    fn literal_or_range(&mut self) -> PatternId {
        let start = self.token().start;
        let Some(first) = self.range_bound() else {
            return self.error_pattern();
        };
        let inclusive = self.at(T::DotDotEq);
        if !inclusive && !self.at(T::DotDot) {
            return self.add_pattern(PatternKind::Literal(first), start);
        }
        self.bump();
        let end = if matches!(self.kind(), T::Int | T::Float | T::Str | T::Minus) { self.range_bound() } else { None };
        self.add_pattern(PatternKind::Range { start: Some(first), end, inclusive }, start)
    }

    /// A number with an optional `-`, or a string without interpolation.
    fn range_bound(&mut self) -> Option<ExprId> {
        let start = self.token().start;
        let negative = self.eat(T::Minus);
        let token = self.token();
        let kind = match token.kind {
            T::Int => self.int_literal(token),
            T::Float => self.float_literal(token),
            T::Str if !negative => self.string_literal(token),
            _ => {
                self.expected_with_help(
                    "a number or a string",
                    "other values are compared after `if`: `case x if x == limit:`",
                );
                return None;
            }
        };
        self.bump();
        let literal = self.ast.add(Expr { kind, span: token.span() });
        if !negative {
            return Some(literal);
        }
        Some(self.expr(ExprKind::Unary { op: UnaryOp::Neg, operand: literal }, start))
    }
}
