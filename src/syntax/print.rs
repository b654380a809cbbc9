//! The tree and the tokens as text, for `ruff dump` and snapshots.
//!
//! A node is a line: what it is, its own words, and its place as `start..end`; children follow, indented. Works off a
//! list instead of recursing, so trees of any depth can be printed; beyond 60 levels the indentation stays.

use std::fmt::Write;

use super::ast::*;
use super::lexer::Tokens;
use super::token::{ARROW, ASSIGN, TokenClass};
use crate::source::{LineColumn, LineTable, Span};

const DEEPEST_INDENT: usize = 60;

/// The tokens of `text`, one per line: `line:column kind text`.
pub fn tokens_text(text: &str, tokens: &Tokens) -> String {
    let lines = LineTable::new(text);
    let mut out = String::new();
    let mut last = 0;
    let mut at = LineColumn { line: 1, column: 1 };
    for token in &tokens.list {
        // Counted on from the token before, as a line may be very long.
        if lines.line(token.start) == at.line && last > 0 {
            at.column += Span::new(last, token.start).of(text).chars().count() as u32;
        } else {
            at = lines.line_column(text, token.start);
        }
        last = token.start;
        let class = match token.kind.class() {
            TokenClass::Keyword => "keyword ",
            TokenClass::Symbol => "symbol ",
            TokenClass::Varying => "",
        };
        let mut line = format!("{}:{} {class}{:?}", at.line, at.column, token.kind);
        if token.kind.class() == TokenClass::Varying && token.end > token.start {
            let _ = write!(line, " {:?}", token.span().of(text));
        }
        for (flag, word) in [(ARROW, " before-arrow"), (ASSIGN, " before-assign")] {
            if token.flags & flag != 0 {
                line.push_str(word);
            }
        }
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// The tree of `ast` as indented text.
pub fn ast_text(ast: &Ast) -> String {
    let mut printer = Printer { ast, out: String::new(), tasks: Vec::new(), depth: 0, line: Vec::new() };
    for &stmt in ast[ast.body].iter().rev() {
        printer.tasks.push(Task { depth: 0, label: "", node: Node::Stmt(stmt) });
    }
    while let Some(task) = printer.tasks.pop() {
        printer.print(task);
    }
    printer.out
}

#[derive(Clone, Copy)]
enum Node {
    Expr(ExprId),
    Stmt(StmtId),
    Block(BlockId),
    Target(TargetId),
    Pattern(PatternId),
    Type(TypeId),
    Func(FuncId),
    Format(FormatId),
    Param(Param),
    Arm(MatchArm),
    Variant(Variant),
    /// A line of its own without children: a name.
    Name(Name),
    Text(Text),
    Rest(Span),
}

#[derive(Clone, Copy)]
struct Task {
    depth: usize,
    label: &'static str,
    node: Node,
}

struct Printer<'a> {
    ast: &'a Ast,
    out: String,
    tasks: Vec<Task>,
    depth: usize,
    /// Children of the node being printed, in order.
    line: Vec<Task>,
}

impl Printer<'_> {
    fn print(&mut self, task: Task) {
        self.depth = task.depth;
        for _ in 0..task.depth.min(DEEPEST_INDENT) {
            self.out.push_str("  ");
        }
        if !task.label.is_empty() {
            self.out.push_str(task.label);
            self.out.push_str(": ");
        }
        let span = match task.node {
            Node::Expr(id) => self.expr(id),
            Node::Stmt(id) => self.stmt(id),
            Node::Block(id) => self.block(id),
            Node::Target(id) => self.target(id),
            Node::Pattern(id) => self.pattern(id),
            Node::Type(id) => self.ty(id),
            Node::Func(id) => self.func(id),
            Node::Format(id) => self.format(id),
            Node::Param(param) => self.param(param),
            Node::Arm(arm) => self.arm(arm),
            Node::Variant(variant) => self.variant(variant),
            Node::Name(name) => {
                self.say(&format!("Name {}", self.ast.name(name)));
                name.span
            }
            Node::Text(text) => {
                self.say(&format!("Text {:?}", self.ast.str(text)));
                Span::default()
            }
            Node::Rest(span) => {
                self.say("Rest");
                span
            }
        };
        if !matches!(task.node, Node::Text(_)) {
            let _ = write!(self.out, " {span:?}");
        }
        self.out.push('\n');
        while let Some(child) = self.line.pop() {
            self.tasks.push(child);
        }
    }

    fn say(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn child(&mut self, label: &'static str, node: Node) {
        self.line.push(Task { depth: self.depth + 1, label, node });
    }

    fn expr_child(&mut self, label: &'static str, id: ExprId) {
        self.child(label, Node::Expr(id));
    }

    fn optional(&mut self, label: &'static str, id: Option<ExprId>) {
        if let Some(id) = id {
            self.expr_child(label, id);
        }
    }

    fn path(&self, path: List<Name>) -> String {
        let names: Vec<&str> = self.ast[path].iter().map(|&name| self.ast.name(name)).collect();
        names.join(".")
    }

    fn label_text(&self, label: Option<Name>) -> String {
        label.map_or(String::new(), |label| format!(" {}", self.ast.name(label)))
    }

    // -------------------------------------------------------------------------------------------- expressions

    fn expr(&mut self, id: ExprId) -> Span {
        let ast = self.ast;
        let Expr { kind, span } = ast[id];
        match kind {
            ExprKind::Error => self.say("Error"),
            ExprKind::Null => self.say("Null"),
            ExprKind::Bool(value) => self.say(&format!("Bool {value}")),
            ExprKind::Int(value) => self.say(&format!("Int {value}")),
            ExprKind::BigInt(text) => self.say(&format!("BigInt {}", ast.str(text))),
            ExprKind::Float(value) => self.say(&format!("Float {value:?}")),
            ExprKind::Str(text) => self.say(&format!("Str {:?}", ast.str(text))),
            ExprKind::Name(symbol) => self.say(&format!("Name {}", ast.text_of(symbol))),
            ExprKind::SelfValue => self.say("Self"),
            ExprKind::Interpolated(parts) => self.interpolated(parts),
            ExprKind::Paren(inner) => self.wrap("Paren", inner),
            ExprKind::OptionalChain(inner) => self.wrap("OptionalChain", inner),
            ExprKind::Try(inner) => self.wrap("Try", inner),
            ExprKind::Await(inner) => self.wrap("Await", inner),
            ExprKind::YieldFrom(inner) => self.wrap("YieldFrom", inner),
            ExprKind::Throw(inner) => self.wrap("Throw", inner),
            ExprKind::Yield(value) => self.wrap_optional("Yield", value),
            ExprKind::Return(value) => self.wrap_optional("Return", value),
            ExprKind::Break(label) => self.say(&format!("Break{}", self.label_text(label))),
            ExprKind::Continue(label) => self.say(&format!("Continue{}", self.label_text(label))),
            ExprKind::Array(elements) => {
                self.say("Array");
                for &element in &ast[elements] {
                    match element {
                        Element::Item(item) => self.expr_child("", item),
                        Element::Spread(item) => self.expr_child("spread", item),
                    }
                }
            }
            ExprKind::Dict(entries) => self.dict(entries),
            ExprKind::StructLiteral { path, fields } => {
                self.say(&format!("StructLiteral {}", self.path(path)));
                for &field in &ast[fields] {
                    match field {
                        FieldInit::Field { name, value } => {
                            self.child("field", Node::Name(name));
                            self.expr_child("value", value);
                        }
                        FieldInit::Spread(value) => self.expr_child("spread", value),
                    }
                }
            }
            ExprKind::Unary { op, operand } => self.wrap(&format!("Unary {}", op.text()), operand),
            ExprKind::Binary { op, left, right, .. } => self.two(&format!("Binary {}", op.text()), left, right),
            ExprKind::Logical { op, left, right } => self.two(&format!("Logical {}", op.text()), left, right),
            ExprKind::Pipe { value, target } => self.two("Pipe", value, target),
            ExprKind::Index { base, index } => self.two("Index", base, index),
            ExprKind::Range { start, end, inclusive } => self.range(start, end, inclusive),
            ExprKind::Call { callee, args } => {
                self.say("Call");
                self.expr_child("", callee);
                self.args(args);
            }
            ExprKind::MethodCall { receiver, method, args, optional } => {
                self.say(&format!("MethodCall {}{}", if optional { "?." } else { "." }, ast.name(method)));
                self.expr_child("", receiver);
                self.args(args);
            }
            ExprKind::Field { base, name, optional } => {
                self.wrap(&format!("Field {}{}", if optional { "?." } else { "." }, ast.name(name)), base);
            }
            ExprKind::Variant { base, name } => self.wrap(&format!("Variant ::{}", ast.name(name)), base),
            ExprKind::Func(func) => self.wrap_node("Func", Node::Func(func)),
            ExprKind::Spawn(body) => self.wrap_node("Spawn", Node::Block(body)),
            ExprKind::If { arms, otherwise } => {
                self.say("If");
                for arm in &ast[arms] {
                    self.expr_child("condition", arm.condition);
                    self.child("then", Node::Block(arm.body));
                }
                if let Some(body) = otherwise {
                    self.child("else", Node::Block(body));
                }
            }
            ExprKind::Match { subject, arms } => {
                self.say("Match");
                self.expr_child("", subject);
                for &arm in &ast[arms] {
                    self.child("", Node::Arm(arm));
                }
            }
        }
        span
    }

    fn wrap(&mut self, what: &str, inner: ExprId) {
        self.wrap_node(what, Node::Expr(inner));
    }

    fn wrap_node(&mut self, what: &str, inner: Node) {
        self.say(what);
        self.child("", inner);
    }

    fn wrap_optional(&mut self, what: &str, inner: Option<ExprId>) {
        self.say(what);
        self.optional("", inner);
    }

    fn two(&mut self, what: &str, left: ExprId, right: ExprId) {
        self.say(what);
        self.expr_child("", left);
        self.expr_child("", right);
    }

    fn range(&mut self, start: Option<ExprId>, end: Option<ExprId>, inclusive: bool) {
        self.say(if inclusive { "Range ..=" } else { "Range .." });
        self.optional("start", start);
        self.optional("end", end);
    }

    fn interpolated(&mut self, parts: List<Part>) {
        self.say("Interpolated");
        for &part in &self.ast[parts] {
            match part {
                Part::Text(text) => self.child("", Node::Text(text)),
                Part::Value { value, format } => {
                    self.expr_child("", value);
                    if let Some(format) = format {
                        self.child("", Node::Format(format));
                    }
                }
            }
        }
    }

    fn dict(&mut self, entries: List<DictEntry>) {
        self.say("Dict");
        for &entry in &self.ast[entries] {
            match entry {
                DictEntry::Pair { key, value } => {
                    match key {
                        DictKey::Name(name) => self.child("key", Node::Name(name)),
                        DictKey::Expr(key) => self.expr_child("key", key),
                    }
                    self.expr_child("value", value);
                }
                DictEntry::Shorthand { name, .. } => self.child("shorthand", Node::Name(name)),
                DictEntry::Spread(value) => self.expr_child("spread", value),
            }
        }
    }

    fn args(&mut self, args: List<Arg>) {
        for &arg in &self.ast[args] {
            match arg {
                Arg::Positional(value) => self.expr_child("arg", value),
                Arg::Spread(value) => self.expr_child("spread", value),
                Arg::Named { name, value } => {
                    self.child("named", Node::Name(name));
                    self.expr_child("value", value);
                }
            }
        }
    }

    fn format(&mut self, id: FormatId) -> Span {
        let format = self.ast[id];
        self.say("Format");
        if let Some(align) = format.align {
            self.say(&format!(" {align:?}"));
        }
        if let Some(fill) = format.fill {
            self.say(&format!(" fill {fill:?}"));
        }
        for (is, word) in [(format.sign, " sign"), (format.alternate, " alternate"), (format.zero, " zero")] {
            if is {
                self.say(word);
            }
        }
        for (size, word) in [(format.width, "width"), (format.precision, "precision")] {
            match size {
                Some(FormatSize::Fixed(size)) => self.say(&format!(" {word} {size}")),
                Some(FormatSize::Expr(size)) => self.expr_child(word, size),
                None => {}
            }
        }
        if let Some(group) = format.group {
            self.say(&format!(" group {group:?}"));
        }
        if let Some(kind) = format.kind {
            self.say(&format!(" {kind:?}"));
        }
        format.span
    }

    fn arm(&mut self, arm: MatchArm) -> Span {
        match arm.pattern {
            Some(pattern) => self.wrap_node("Case", Node::Pattern(pattern)),
            None => self.say("Default"),
        }
        self.optional("guard", arm.guard);
        self.child("", Node::Block(arm.body));
        arm.span
    }

    // --------------------------------------------------------------------------------------------- statements

    fn block(&mut self, id: BlockId) -> Span {
        let block = self.ast[id];
        self.say("Block");
        for &stmt in &self.ast[block.stmts] {
            self.child("", Node::Stmt(stmt));
        }
        block.span
    }

    fn stmt(&mut self, id: StmtId) -> Span {
        let ast = self.ast;
        let Stmt { kind, span } = ast[id];
        match kind {
            StmtKind::Error => self.say("Error"),
            StmtKind::Expr(value) => self.wrap("Expr", value),
            StmtKind::Bind { kind, target, ty, value } => self.assigned(&format!("Bind {}", kind.text()), target, ty, value),
            StmtKind::Assign { target, ty, value } => self.assigned("Assign", target, ty, value),
            StmtKind::Update { op, place, value } => {
                let sign = match op {
                    UpdateOp::Binary(op) => op.text(),
                    UpdateOp::Coalesce => "??",
                };
                self.two(&format!("Update {sign}="), place, value);
            }
            StmtKind::Func(func) => self.wrap_node("Declare", Node::Func(func)),
            StmtKind::Struct(id) => self.structure(id),
            StmtKind::Enum(id) => self.enumeration(id),
            StmtKind::Impl(id) => {
                let Impl { name, methods, .. } = ast[id];
                self.say(&format!("Impl {}", ast.name(name)));
                self.methods(methods);
            }
            StmtKind::While { label, condition, body } => {
                self.say(&format!("While{}", self.label_text(label)));
                self.expr_child("condition", condition);
                self.child("", Node::Block(body));
            }
            StmtKind::Loop { label, body } => self.wrap_node(&format!("Loop{}", self.label_text(label)), Node::Block(body)),
            StmtKind::For { label, first, second, iterable, body } => {
                self.say(&format!("For{}", self.label_text(label)));
                self.child("", Node::Target(first));
                if let Some(second) = second {
                    self.child("", Node::Target(second));
                }
                self.expr_child("in", iterable);
                self.child("", Node::Block(body));
            }
            StmtKind::Try { body, handler, finally } => {
                self.wrap_node("Try", Node::Block(body));
                if let Some(Handler { name, body }) = handler {
                    if let Some(name) = name {
                        self.child("except", Node::Name(name));
                    }
                    self.child("except", Node::Block(body));
                }
                if let Some(body) = finally {
                    self.child("finally", Node::Block(body));
                }
            }
            StmtKind::Import { path, alias } => {
                let alias = alias.map_or(String::new(), |alias| format!(" as {}", ast.name(alias)));
                self.say(&format!("Import {}{alias}", self.path(path)));
            }
            StmtKind::ImportFrom { path, items } => {
                self.say(&format!("ImportFrom {}", self.path(path)));
                for item in &ast[items] {
                    self.child("", Node::Name(item.name));
                    if let Some(alias) = item.alias {
                        self.child("as", Node::Name(alias));
                    }
                }
            }
            StmtKind::ImportAll { path } => self.say(&format!("ImportAll {}", self.path(path))),
            StmtKind::Export(stmt) => self.wrap_node("Export", Node::Stmt(stmt)),
            StmtKind::ExportNames(names) => {
                self.say("ExportNames");
                for &name in &ast[names] {
                    self.child("", Node::Name(name));
                }
            }
            StmtKind::Test { word, name, body } if word.is_named() => {
                self.wrap_node(&format!("{word:?} {:?}", ast.str(name)), Node::Block(body));
            }
            StmtKind::Test { word, body, .. } => self.wrap_node(&format!("{word:?}"), Node::Block(body)),
        }
        span
    }

    fn assigned(&mut self, what: &str, target: TargetId, ty: Option<TypeId>, value: ExprId) {
        self.say(what);
        self.child("", Node::Target(target));
        self.type_child("type", ty);
        self.expr_child("", value);
    }

    fn type_child(&mut self, label: &'static str, ty: Option<TypeId>) {
        if let Some(ty) = ty {
            self.child(label, Node::Type(ty));
        }
    }

    // ------------------------------------------------------------------------------------------- declarations

    fn func(&mut self, id: FuncId) -> Span {
        let func = self.ast[id];
        let mut what = String::new();
        for (is, word) in [(func.is_async, "async "), (func.is_generator, "generator "), (func.is_lambda, "lambda ")] {
            if is {
                what.push_str(word);
            }
        }
        what.push_str(func.name.map_or("func", |name| self.ast.name(name)));
        self.say(&what);
        for &param in &self.ast[func.params] {
            self.child("", Node::Param(param));
        }
        self.type_child("result", func.result);
        match func.body {
            FuncBody::Block(body) => self.child("", Node::Block(body)),
            FuncBody::Expr(value) => self.expr_child("", value),
        }
        func.span
    }

    fn param(&mut self, param: Param) -> Span {
        self.say(&format!("Param {:?} {}", param.kind, self.ast.name(param.name)));
        self.type_child("type", param.ty);
        self.optional("default", param.default);
        param.span
    }

    fn methods(&mut self, methods: List<FuncId>) {
        for &method in &self.ast[methods] {
            self.child("method", Node::Func(method));
        }
    }

    fn structure(&mut self, id: StructId) {
        let Struct { name, fields, methods, .. } = self.ast[id];
        self.say(&format!("Struct {}", self.ast.name(name)));
        for field in &self.ast[fields] {
            self.child("field", Node::Name(field.name));
            self.type_child("type", field.ty);
            self.optional("default", field.default);
        }
        self.methods(methods);
    }

    fn enumeration(&mut self, id: EnumId) {
        let Enum { name, variants, methods, .. } = self.ast[id];
        self.say(&format!("Enum {}", self.ast.name(name)));
        for &variant in &self.ast[variants] {
            self.child("", Node::Variant(variant));
        }
        self.methods(methods);
    }

    fn variant(&mut self, variant: Variant) -> Span {
        self.say(&format!("Variant {}", self.ast.name(variant.name)));
        for payload in &self.ast[variant.payload] {
            self.child("", Node::Name(payload.name));
            self.type_child("type", payload.ty);
        }
        variant.span
    }

    // ------------------------------------------------------------------------------ targets, patterns, types

    fn target(&mut self, id: TargetId) -> Span {
        let ast = self.ast;
        let Target { kind, span } = ast[id];
        match kind {
            TargetKind::Error => self.say("Error"),
            TargetKind::Ignored => self.say("Ignored"),
            TargetKind::Name(symbol) => self.say(&format!("Name {}", ast.text_of(symbol))),
            TargetKind::Place(place) => self.wrap("Place", place),
            TargetKind::Array(elements) => {
                self.say("Array");
                for &element in &ast[elements] {
                    match element {
                        TargetElement::Item { target, default } => {
                            self.child("", Node::Target(target));
                            self.optional("default", default);
                        }
                        TargetElement::Rest(name) => self.child("rest", Node::Name(name)),
                    }
                }
            }
            TargetKind::Dict(entries) => {
                self.say("Dict");
                for &entry in &ast[entries] {
                    match entry {
                        TargetEntry::Item { key, target, default } => {
                            self.child("key", Node::Name(key));
                            self.child("", Node::Target(target));
                            self.optional("default", default);
                        }
                        TargetEntry::Rest(name) => self.child("rest", Node::Name(name)),
                    }
                }
            }
        }
        span
    }

    fn pattern(&mut self, id: PatternId) -> Span {
        let ast = self.ast;
        let Pattern { kind, span } = ast[id];
        match kind {
            PatternKind::Error => self.say("Error"),
            PatternKind::Ignored => self.say("Ignored"),
            PatternKind::Literal(value) => self.wrap("Literal", value),
            PatternKind::Range { start, end, inclusive } => self.range(start, end, inclusive),
            PatternKind::Name(path) => self.say(&format!("Name {}", self.path(path))),
            PatternKind::Variant { path, payload } => {
                self.say(&format!("Variant {}", self.path(path)));
                for &pattern in &ast[payload] {
                    self.child("", Node::Pattern(pattern));
                }
            }
            PatternKind::Fields { path, entries } => self.fields_pattern(path, entries),
            PatternKind::Array(elements) => {
                self.say("Array");
                for &element in &ast[elements] {
                    match element {
                        PatternElement::Item(pattern) => self.child("", Node::Pattern(pattern)),
                        PatternElement::Rest { name: Some(name), .. } => self.child("rest", Node::Name(name)),
                        PatternElement::Rest { name: None, span } => self.child("", Node::Rest(span)),
                    }
                }
            }
            PatternKind::Or(patterns) => {
                self.say("Or");
                for &pattern in &ast[patterns] {
                    self.child("", Node::Pattern(pattern));
                }
            }
            PatternKind::As { pattern, name } => {
                self.wrap_node("As", Node::Pattern(pattern));
                self.child("as", Node::Name(name));
            }
        }
        span
    }

    fn fields_pattern(&mut self, path: List<Name>, entries: List<PatternEntry>) {
        self.say(format!("Fields {}", self.path(path)).trim_end());
        for &entry in &self.ast[entries] {
            match entry {
                PatternEntry::Item { key, pattern, default } => {
                    self.child("key", Node::Name(key));
                    if let Some(pattern) = pattern {
                        self.child("", Node::Pattern(pattern));
                    }
                    self.optional("default", default);
                }
                PatternEntry::Rest(name) => self.child("rest", Node::Name(name)),
            }
        }
    }

    fn ty(&mut self, id: TypeId) -> Span {
        let ast = self.ast;
        let Type { kind, span } = ast[id];
        match kind {
            TypeKind::Error => self.say("Error"),
            TypeKind::Null => self.say("Null"),
            TypeKind::Path { path, args } => {
                self.say(&self.path(path));
                self.types(args);
            }
            TypeKind::Func { params, result } => {
                self.say("func");
                self.types(params);
                self.type_child("result", result);
            }
            TypeKind::Optional(inner) => self.wrap_node("Optional", Node::Type(inner)),
            TypeKind::Union(types) => {
                self.say("Union");
                self.types(types);
            }
        }
        span
    }

    fn types(&mut self, types: List<TypeId>) {
        for &ty in &self.ast[types] {
            self.child("", Node::Type(ty));
        }
    }
}
