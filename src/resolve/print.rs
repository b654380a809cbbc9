//! The resolved tree as indented text, for `ruff dump --resolved` and for tests. Deep trees are cut, not overflowed.
use std::fmt::Write;

use super::hir::*;
use crate::builtins;
use crate::limits::stack;

/// The whole program: one paragraph per function, after the declarations.
pub fn print(program: &Program) -> String {
    let mut printer = Printer { program, out: String::new(), indent: 0 };
    printer.declarations();
    for index in 0..program.functions.len() {
        if !matches!(program.functions[index].kind, FunctionKind::VariantConstructor(..)) {
            printer.function(FuncId(index as u32));
        }
    }
    printer.out
}

/// One function.
pub fn print_function(program: &Program, func: FuncId) -> String {
    let mut printer = Printer { program, out: String::new(), indent: 0 };
    printer.function(func);
    printer.out
}

struct Printer<'p> {
    program: &'p Program,
    out: String,
    indent: usize,
}

impl Printer<'_> {
    fn line(&mut self, text: impl AsRef<str>) {
        for _ in 0..self.indent {
            self.out.push_str("  ");
        }
        self.out.push_str(text.as_ref());
        self.out.push('\n');
    }

    fn text(&self, id: TextId) -> String {
        self.program[id].to_string()
    }

    fn declarations(&mut self) {
        for decl in &self.program.structs {
            let fields: Vec<String> = decl.fields.iter().map(|field| self.text(field.name)).collect();
            let name = self.text(decl.name);
            self.line(format!("struct {name} {{{}}}", fields.join(", ")));
        }
        for decl in self.program.enums.iter().skip(2) {
            let variants: Vec<String> = decl.variants.iter().map(|variant| self.text(variant.name)).collect();
            let name = self.text(decl.name);
            self.line(format!("enum {name} {{{}}}", variants.join(", ")));
        }
        for (index, var) in self.program.module_vars.iter().enumerate() {
            let name = self.text(var.name);
            let constant = if var.constant { " constant" } else { "" };
            self.line(format!("module variable m{index} {name}{constant}"));
        }
    }

    fn function(&mut self, id: FuncId) {
        let function = &self.program[id];
        let params: Vec<String> = function.params.iter().map(|param| self.param(param)).collect();
        let mut head = format!("f{} {}({})", id.0, self.text(function.name), params.join(", "));
        match function.self_mode {
            SelfMode::None => {}
            SelfMode::Value => head.push_str(" self"),
            SelfMode::Mutating => head.push_str(" mut self"),
            SelfMode::MaybeMutating => head.push_str(" maybe mut self"),
        }
        if function.is_async {
            head.push_str(" async");
        }
        if function.is_generator {
            head.push_str(" generator");
        }
        let _ = write!(head, " slots={}", function.slots);
        if !function.cell_params.is_empty() {
            let _ = write!(head, " cells={}", slots(&function.cell_params));
        }
        let captures: Vec<String> =
            function.captures.iter().map(|capture| format!("{}={}", self.text(capture.name), var(capture.from))).collect();
        if !captures.is_empty() {
            let _ = write!(head, " captures [{}]", captures.join(", "));
        }
        self.line(head);
        for param in &function.params {
            if let Some(default) = param.default {
                self.indent += 1;
                let text = format!("default {} = {}", self.text(param.name), self.expr(default));
                self.line(text);
                self.indent -= 1;
            }
        }
        self.block(function.body);
    }

    fn param(&self, param: &Param) -> String {
        let name = self.text(param.name);
        match param.kind {
            ParamKind::Positional => name,
            ParamKind::Rest => format!("...{name}"),
            ParamKind::NamedOnly => format!("{name}:"),
        }
    }

    fn block(&mut self, id: BlockId) {
        self.indent += 1;
        if stack::check().is_err() {
            self.line("…");
            self.indent -= 1;
            return;
        }
        let block = &self.program[id];
        if !block.cells.is_empty() {
            self.line(format!("cells {}", slots(&block.cells)));
        }
        for &stmt in &block.stmts {
            self.stmt(stmt);
        }
        if let Some(value) = block.value {
            let text = self.expr(value);
            self.line(format!("=> {text}"));
        }
        self.indent -= 1;
    }

    fn stmt(&mut self, id: StmtId) {
        match &self.program[id].kind {
            StmtKind::Expr(value) => {
                let text = self.expr(*value);
                self.line(text);
            }
            StmtKind::Assign { var: target, name, value, declare } => {
                let text =
                    format!("{} {} {}", self.var(*target, *name), if *declare { ":=" } else { "=" }, self.expr(*value));
                self.line(text);
            }
            StmtKind::Destructure { pattern, value } => {
                let text = format!("{} := {}", self.pattern(*pattern), self.expr(*value));
                self.line(text);
            }
            StmtKind::Store { place, value, update } => {
                let mark = if *update { "!update" } else { "" };
                let text = format!("{}{mark} = {}", self.place(*place), self.expr(*value));
                self.line(text);
            }
            StmtKind::Update { place, op, value } => {
                let op = match op {
                    UpdateOp::Binary(op) => binary_text(*op),
                    UpdateOp::Coalesce => "??",
                };
                let text = format!("{} {op}= {}", self.place(*place), self.expr(*value));
                self.line(text);
            }
            StmtKind::If { cond, then, otherwise } => self.conditional(*cond, *then, *otherwise),
            StmtKind::Match(node) => self.matching(node),
            StmtKind::Block(block) => {
                self.line("block");
                self.block(*block);
            }
            StmtKind::While { id, cond, body } => {
                let text = format!("while L{} {}", id.0, self.expr(*cond));
                self.line(text);
                self.block(*body);
            }
            StmtKind::Loop { id, body } => {
                self.line(format!("loop L{}", id.0));
                self.block(*body);
            }
            StmtKind::For(node) => self.for_loop(node),
            StmtKind::Try(node) => self.protected(node),
            StmtKind::Return(value) => {
                let value = value.map_or(String::new(), |value| format!(" {}", self.expr(value)));
                self.line(format!("return{value}"));
            }
            StmtKind::Break(id) => self.line(format!("break L{}", id.0)),
            StmtKind::Continue(id) => self.line(format!("continue L{}", id.0)),
            StmtKind::Import(module) => {
                let name = self.text(self.program[*module].name);
                self.line(format!("import {name}"));
            }
            StmtKind::ImportError(message) => {
                let message = self.text(*message);
                self.line(format!("import error {message:?}"));
            }
        }
    }

    fn conditional(&mut self, cond: ExprId, then: BlockId, otherwise: Option<BlockId>) {
        let text = self.expr(cond);
        self.line(format!("if {text}"));
        self.block(then);
        if let Some(otherwise) = otherwise {
            self.line("else");
            self.block(otherwise);
        }
    }

    fn matching(&mut self, node: &Match) {
        let text = self.expr(node.subject);
        self.line(format!("match {text} in {}", slot(node.slot)));
        self.indent += 1;
        for arm in &node.arms {
            let guard = arm.guard.map_or(String::new(), |guard| format!(" if {}", self.expr(guard)));
            let text = format!("case {}{guard}", self.pattern(arm.pattern));
            self.line(text);
            self.block(arm.body);
        }
        if let Some(default) = node.default {
            self.line("default");
            self.block(default);
        }
        self.indent -= 1;
    }

    fn for_loop(&mut self, node: &For) {
        let second = node.second.map_or(String::new(), |second| format!(", {}", self.pattern(second)));
        let close = if node.close { " close" } else { "" };
        let borrow = if node.borrow { " borrow" } else { "" };
        let text = format!(
            "for L{} {}{second} in {} state {}{close}{borrow}",
            node.id.0,
            self.pattern(node.first),
            self.expr(node.iterable),
            slot(node.state)
        );
        self.line(text);
        self.block(node.body);
    }

    fn protected(&mut self, node: &Try) {
        self.line(format!("try state {}", slot(node.state)));
        self.block(node.body);
        if let Some(except) = &node.except {
            let name = except.var.map_or(String::new(), |name| format!(" {}", var(name)));
            self.line(format!("except{name}"));
            self.block(except.body);
        }
        if let Some(finally) = node.finally {
            self.line("finally");
            self.block(finally);
        }
    }

    // ---------------------------------------------------------------------------------------- expressions

    fn var(&self, place: Var, name: TextId) -> String {
        match place {
            Var::SelfFn => format!("{}@self-fn", self.text(name)),
            place => format!("{}@{}", self.text(name), var(place)),
        }
    }

    /// Runs a printer for nested blocks and gives what it wrote, to stand within an expression.
    fn nested(&self, write: impl FnOnce(&mut Printer<'_>)) -> String {
        let mut printer = Printer { program: self.program, out: String::new(), indent: self.indent + 1 };
        write(&mut printer);
        let mut text = format!("{{\n{}", printer.out);
        for _ in 0..self.indent {
            text.push_str("  ");
        }
        text.push('}');
        text
    }

    fn list(&self, ids: impl IntoIterator<Item = ExprId>) -> String {
        let texts: Vec<String> = ids.into_iter().map(|id| self.expr(id)).collect();
        texts.join(", ")
    }

    fn item(&self, item: &Item) -> String {
        match *item {
            Item::One(value) => self.expr(value),
            Item::Spread(value) => format!("...{}", self.expr(value)),
        }
    }

    fn args(&self, args: &Args) -> String {
        let mut texts: Vec<String> = args.positional.iter().map(|item| self.item(item)).collect();
        texts.extend(args.named.iter().map(|&(name, value)| format!("{}: {}", self.text(name), self.expr(value))));
        texts.join(", ")
    }

    fn expr(&self, id: ExprId) -> String {
        if stack::check().is_err() {
            return "…".to_string();
        }
        // Left spines are longer than the native stack allows.
        let mut spine = Vec::new();
        let mut leaf = id;
        while let ExprKind::Binary(op, left, right) = self.program[leaf].kind {
            spine.push((op, right));
            leaf = left;
        }
        let mut text = self.simple(leaf);
        if !spine.is_empty() {
            text.insert_str(0, &"(".repeat(spine.len()));
        }
        while let Some((op, right)) = spine.pop() {
            let _ = write!(text, " {} {})", binary_text(op), self.expr(right));
        }
        text
    }

    fn simple(&self, id: ExprId) -> String {
        match &self.program[id].kind {
            ExprKind::Null => "null".into(),
            ExprKind::Bool(value) => value.to_string(),
            ExprKind::Int(value) => value.to_string(),
            ExprKind::BigInt(digits) => self.text(*digits),
            ExprKind::Float(value) => format!("{value:?}"),
            ExprKind::Str(text) => format!("{:?}", &self.program[*text]),
            ExprKind::Constant(id) => builtins::CONSTANTS[usize::from(id.0)].to_string(),
            ExprKind::Var { var, name, take } => {
                let take = match take {
                    Take::No => "",
                    Take::Dead => "!",
                    Take::Update { deferred: true } => "!update",
                    Take::Update { deferred: false } => "!update-shared",
                };
                format!("{}{take}", self.var(*var, *name))
            }
            ExprKind::Func(func) => format!("f{}", func.0),
            ExprKind::Closure(func) => format!("closure f{}", func.0),
            ExprKind::Builtin(id) => format!("builtin {}", builtins::info(*id).name),
            ExprKind::BuiltinType(ty) => format!("type {}", builtins::BUILTIN_TYPES[usize::from(ty.0)]),
            ExprKind::Struct(decl) => format!("struct {}", self.text(self.program[*decl].name)),
            ExprKind::Enum(decl) => format!("enum {}", self.text(self.program[*decl].name)),
            ExprKind::Variant(decl, variant) => self.variant(*decl, *variant),
            ExprKind::Module(module) => format!("module {}", self.text(self.program[*module].name)),
            ExprKind::Namespace(id) => format!("namespace {}", builtins::namespace_name(*id)),
            ExprKind::NameError(message) => format!("name-error {:?}", &self.program[*message]),
            ExprKind::Array(items) => {
                let items: Vec<String> = items.iter().map(|item| self.item(item)).collect();
                format!("[{}]", items.join(", "))
            }
            ExprKind::Dict(items) => {
                let item = |item: &DictItem| match *item {
                    DictItem::Pair(key, value) => format!("{}: {}", self.expr(key), self.expr(value)),
                    DictItem::Spread(value) => format!("...{}", self.expr(value)),
                };
                let items: Vec<String> = items.iter().map(item).collect();
                format!("{{{}}}", items.join(", "))
            }
            ExprKind::StructLit { ty, items } => {
                let item = |item: &FieldItem| match *item {
                    FieldItem::Field { name, value, .. } => format!("{}: {}", self.text(name), self.expr(value)),
                    FieldItem::Spread(value) => format!("...{}", self.expr(value)),
                };
                let items: Vec<String> = items.iter().map(item).collect();
                format!("{} {{ {} }}", self.expr(*ty), items.join(", "))
            }
            ExprKind::Interp(parts) => self.parts(parts),
            ExprKind::Unary(op, value) => {
                let op = match op {
                    UnaryOp::Neg => "-",
                    UnaryOp::Not => "!",
                    UnaryOp::BitNot => "~",
                };
                format!("{op}{}", self.expr(*value))
            }
            ExprKind::Binary(..) => unreachable!("the spine was walked by the caller"),
            ExprKind::And(left, right) => format!("({} && {})", self.expr(*left), self.expr(*right)),
            ExprKind::Or(left, right) => format!("({} || {})", self.expr(*left), self.expr(*right)),
            ExprKind::Coalesce(operands) => {
                let shown: Vec<String> = operands.iter().map(|&operand| self.expr(operand)).collect();
                format!("({})", shown.join(" ?? "))
            }
            ExprKind::Range { start, end, inclusive } => {
                format!("({}{}{})", self.expr(*start), dots(*inclusive), self.expr(*end))
            }
            ExprKind::Index { base, index } => format!("{}[{}]", self.expr(*base), self.expr(*index)),
            ExprKind::Slice { base, start, end, inclusive } => {
                let bound = |bound: &Option<ExprId>| bound.map_or(String::new(), |bound| self.expr(bound));
                format!("{}[{}{}{}]", self.expr(*base), bound(start), dots(*inclusive), bound(end))
            }
            ExprKind::Field { base, name, optional } => {
                format!("{}{}{}", self.expr(*base), if *optional { "?." } else { "." }, self.text(*name))
            }
            ExprKind::TakeOut { read, .. } => format!("out({})", self.expr(*read)),
            ExprKind::OptChain(inner) => format!("chain({})", self.expr(*inner)),
            ExprKind::OptCheck(inner) => format!("check({})", self.expr(*inner)),
            ExprKind::Call { callee, args } => format!("call {}({})", self.expr(*callee), self.args(args)),
            ExprKind::CallFunc { func, args } => {
                format!("{}#f{}({})", self.text(self.program[*func].name), func.0, self.args(args))
            }
            ExprKind::CallBuiltin { builtin, args } => {
                format!("{}({})", builtins::info(*builtin).name, self.args(args))
            }
            ExprKind::Construct { decl, args } => {
                format!("new {}({})", self.text(self.program[*decl].name), self.args(args))
            }
            ExprKind::MakeVariant { decl, variant, args } => {
                format!("{}({})", self.variant(*decl, *variant), self.args(args))
            }
            ExprKind::Method { recv, name, args, used } => {
                let recv = match recv {
                    Receiver::Value(value) => self.expr(*value),
                    Receiver::Place(place) => format!("place {}", self.place(*place)),
                };
                let unused = if *used { "" } else { " unused" };
                format!("({recv}).{}({}){unused}", self.text(*name), self.args(args))
            }
            ExprKind::Path { base, name } => format!("{}::{}", self.expr(*base), self.text(*name)),
            ExprKind::If { cond, then, otherwise } => self.nested(|printer| printer.conditional(*cond, *then, *otherwise)),
            ExprKind::Match(node) => self.nested(|printer| printer.matching(node)),
            ExprKind::Block(block) => self.nested(|printer| printer.block(*block)),
            ExprKind::Try(value) => format!("{}?", self.expr(*value)),
            ExprKind::Throw(value) => format!("throw {}", self.expr(*value)),
            ExprKind::Return(value) => format!("return {}", self.list(*value)),
            ExprKind::Break(id) => format!("break L{}", id.0),
            ExprKind::Continue(id) => format!("continue L{}", id.0),
            ExprKind::Await(value) => format!("await {}", self.expr(*value)),
            ExprKind::Yield(value) => format!("yield {}", self.list(*value)),
            ExprKind::YieldFrom(value) => format!("yield* {}", self.expr(*value)),
            ExprKind::Spawn(func) => format!("spawn f{}", func.0),
        }
    }

    fn variant(&self, decl: EnumId, variant: u32) -> String {
        let decl = &self.program[decl];
        format!("{}::{}", self.text(decl.name), self.text(decl.variants[variant as usize].name))
    }

    fn parts(&self, parts: &[Part]) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => format!("{:?}", &self.program[*text]),
            Part::Value(value) => self.expr(*value),
            Part::Formatted { value, .. } => format!("{}:format", self.expr(*value)),
        };
        let parts: Vec<String> = parts.iter().map(part).collect();
        format!("interpolate({})", parts.join(", "))
    }

    fn place(&self, id: PlaceId) -> String {
        let place = &self.program[id];
        let mut text = self.var(place.root, place.name);
        for segment in &place.path {
            let _ = match segment {
                PathSegment::Index(index) => write!(text, "[{}]", self.expr(*index)),
                PathSegment::Field(name, _) => write!(text, ".{}", self.text(*name)),
            };
        }
        match place.access {
            Access::Mutable => {}
            Access::Immutable => text.push_str(" immutable"),
            Access::Import => text.push_str(" import"),
            Access::ReadonlySelf => text.push_str(" readonly"),
            Access::SelfPlace => text.push_str(" self-place"),
        }
        text
    }

    // ------------------------------------------------------------------------------------------- patterns

    fn pattern(&self, id: PatId) -> String {
        if stack::check().is_err() {
            return "…".to_string();
        }
        match &self.program[id].kind {
            PatternKind::Wildcard => "_".into(),
            PatternKind::Bind { var, name, declare } => {
                let existing = if *declare { "" } else { "=" };
                format!("{existing}{}", self.var(*var, *name))
            }
            PatternKind::Literal(value) => self.expr(*value),
            PatternKind::Range { low, high, inclusive } => {
                format!("{}{}{}", self.list(*low), dots(*inclusive), self.list(*high))
            }
            PatternKind::BuiltinType(ty) => format!("type {}", builtins::BUILTIN_TYPES[usize::from(ty.0)]),
            PatternKind::Struct(decl) => format!("struct {}", self.text(self.program[*decl].name)),
            PatternKind::Enum(decl) => format!("enum {}", self.text(self.program[*decl].name)),
            PatternKind::Variant { decl, variant, args } => {
                let args = args.as_ref().map_or(String::new(), |args| format!("({})", self.patterns(args)));
                format!("{}{args}", self.variant(*decl, *variant))
            }
            PatternKind::Array { before, rest, after } => {
                let mut parts: Vec<String> = before.iter().map(|element| self.element(element)).collect();
                parts.extend(rest.as_ref().map(|rest| self.rest(rest)));
                parts.extend(after.iter().map(|element| self.element(element)));
                format!("[{}]", parts.join(", "))
            }
            PatternKind::Fields { ty, entries, rest } => {
                let ty = ty.map_or(String::new(), |ty| format!("{} ", self.text(self.program[ty].name)));
                let entry = |entry: &FieldPattern| {
                    let default = entry.default.map_or(String::new(), |default| format!(" = {}", self.expr(default)));
                    format!("{}: {}{default}", self.text(entry.key), self.pattern(entry.pattern))
                };
                let mut parts: Vec<String> = entries.iter().map(entry).collect();
                parts.extend(rest.as_ref().map(|rest| self.rest(rest)));
                format!("{ty}{{{}}}", parts.join(", "))
            }
            PatternKind::Or(alternatives) => {
                let parts: Vec<String> = alternatives.iter().map(|&pattern| self.pattern(pattern)).collect();
                parts.join(" | ")
            }
            PatternKind::As(pattern, name) => format!("{} as {}", self.pattern(*pattern), self.pattern(*name)),
            PatternKind::NameError(message) => format!("name-error {:?}", &self.program[*message]),
        }
    }

    fn patterns(&self, ids: &[PatId]) -> String {
        let parts: Vec<String> = ids.iter().map(|&id| self.pattern(id)).collect();
        parts.join(", ")
    }

    fn element(&self, element: &ElementPattern) -> String {
        let default = element.default.map_or(String::new(), |default| format!(" = {}", self.expr(default)));
        format!("{}{default}", self.pattern(element.pattern))
    }

    fn rest(&self, rest: &RestPattern) -> String {
        format!("...{}", rest.bind.map_or(String::new(), |bind| self.pattern(bind)))
    }
}

fn dots(inclusive: bool) -> &'static str {
    if inclusive { "..=" } else { ".." }
}

fn slot(slot: Slot) -> String {
    format!("s{}", slot.0)
}

fn slots(list: &[Slot]) -> String {
    let texts: Vec<String> = list.iter().map(|&each| slot(each)).collect();
    texts.join(",")
}

fn var(var: Var) -> String {
    match var {
        Var::Local(slot) => format!("s{}", slot.0),
        Var::LocalCell(slot) => format!("cell{}", slot.0),
        Var::Capture(index) => format!("c{index}"),
        Var::CaptureCell(index) => format!("ccell{index}"),
        Var::Module(var) => format!("m{}", var.0),
        Var::SelfFn => "self-fn".into(),
    }
}

pub(super) fn binary_text(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::Mod => "%",
        BinaryOp::Pow => "**",
        BinaryOp::BitAnd => "&",
        BinaryOp::BitOr => "|",
        BinaryOp::BitXor => "^",
        BinaryOp::Shl => "<<",
        BinaryOp::Shr => ">>",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
        BinaryOp::In => "in",
        BinaryOp::NotIn => "not in",
    }
}
