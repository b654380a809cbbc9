//! Type annotations.

use super::*;

impl Parser<'_> {
    /// `: type`, if there is one.
    pub(super) fn annotation(&mut self) -> Option<TypeId> {
        self.eat(TokenKind::Colon).then(|| self.ty())
    }

    /// `-> type`, if there is one.
    pub(super) fn result_type(&mut self) -> Option<TypeId> {
        self.eat(TokenKind::Arrow).then(|| self.ty())
    }

    pub(super) fn ty(&mut self) -> TypeId {
        self.nested(Self::union_type, Self::error_type)
    }

    fn error_type(&mut self) -> TypeId {
        let span = Span::at(self.prev_end());
        self.ast.add(Type { kind: TypeKind::Error, span })
    }

    fn add_type(&mut self, kind: TypeKind, start: u32) -> TypeId {
        let span = self.span_from(start);
        self.ast.add(Type { kind, span })
    }

    fn union_type(&mut self) -> TypeId {
        let start = self.token().start;
        let first = self.single_type();
        if !self.at(TokenKind::Pipe) {
            return first;
        }
        let from = self.stacks.types.len();
        self.stacks.types.push(first);
        while self.eat(TokenKind::Pipe) {
            let next = self.single_type();
            self.stacks.types.push(next);
        }
        let list = self.ast.add_list(&mut self.stacks.types, from);
        self.add_type(TypeKind::Union(list), start)
    }

    fn single_type(&mut self) -> TypeId {
        let start = self.token().start;
        let mut ty = match self.kind() {
            TokenKind::Ident => self.named_type(),
            TokenKind::Null => {
                self.bump();
                self.add_type(TypeKind::Null, start)
            }
            TokenKind::OpenParen => {
                let open = self.pos;
                self.bump();
                let inner = self.ty();
                self.close(open, TokenKind::CloseParen);
                inner
            }
            TokenKind::Func => self.func_type(),
            _ => {
                self.expected("a type");
                return self.error_type();
            }
        };
        loop {
            match self.kind() {
                TokenKind::Question => {
                    self.bump();
                }
                // `T??=` and `T??` are read as two tokens here.
                TokenKind::QuestionQuestion => self.split(1, TokenKind::Question),
                TokenKind::QuestionQuestionEq => self.split(2, TokenKind::Eq),
                _ => return ty,
            }
            ty = self.add_type(TypeKind::Optional(ty), start);
        }
    }

    fn named_type(&mut self) -> TypeId {
        let start = self.token().start;
        let from = self.stacks.names.len();
        let name = self.take_name();
        self.stacks.names.push(name);
        while self.at(TokenKind::Dot) && self.peek(1).kind == TokenKind::Ident {
            self.bump();
            let name = self.take_name();
            self.stacks.names.push(name);
        }
        let path = self.ast.add_list(&mut self.stacks.names, from);
        let args = match self.kind() {
            TokenKind::Less => self.type_arguments(),
            TokenKind::OpenBracket if self.on_same_line() => {
                self.bracket_type();
                List::EMPTY
            }
            _ => List::EMPTY,
        };
        self.add_type(TypeKind::Path { path, args }, start)
    }

    fn type_arguments(&mut self) -> List<TypeId> {
        let open = self.token();
        self.bump();
        let from = self.stacks.types.len();
        loop {
            let ty = self.ty();
            self.stacks.types.push(ty);
            if !self.eat(TokenKind::Comma) {
                break;
            }
        }
        match self.kind() {
            TokenKind::Greater => {
                self.bump();
            }
            TokenKind::Shr => self.split(1, TokenKind::Greater),
            TokenKind::GreaterEq => self.split(1, TokenKind::Eq),
            TokenKind::ShrEq => self.split(1, TokenKind::GreaterEq),
            _ => {
                let diagnostic = self.problem(Code::Unclosed, open.span(), "`<` without its `>`");
                self.report(diagnostic);
            }
        }
        self.ast.add_list(&mut self.stacks.types, from)
    }

    /// Takes the first `length` bytes off the next token, which leaves `rest`.
    fn split(&mut self, length: u32, rest: TokenKind) {
        let token = &mut self.tokens[self.pos];
        token.start += length;
        token.kind = rest;
        token.flags = 0;
        // `prev_end` of what follows is where the rest starts; for a type's span that is near enough.
    }

    fn func_type(&mut self) -> TypeId {
        let start = self.token().start;
        self.bump();
        let from = self.stacks.types.len();
        if self.at(TokenKind::OpenParen) {
            self.list(TokenKind::CloseParen, Context::BRACKET, |parser| {
                let ty = parser.ty();
                parser.stacks.types.push(ty);
            });
        } else {
            self.expected("`(` of a function type");
        }
        let params = self.ast.add_list(&mut self.stacks.types, from);
        let result = self.result_type();
        self.add_type(TypeKind::Func { params, result }, start)
    }
}
