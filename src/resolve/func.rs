//! Functions: literals, declarations, and the bodies that wait until everything around them is known.
use super::hir::*;
use super::state::*;
use crate::diagnostics::Code;
use crate::source::Span;
use crate::syntax::ast;

/// What a new function is.
pub(super) struct NewFunction {
    pub name: TextId,
    pub kind: FunctionKind,
    pub span: Span,
    pub name_span: Span,
    pub is_async: bool,
    pub is_generator: bool,
}

impl Resolver<'_> {
    /// Adds a function whose body follows later.
    pub fn new_function(&mut self, new: NewFunction) -> FuncId {
        let id = FuncId(self.program.functions.len() as u32);
        self.program.functions.push(Function {
            name: new.name,
            kind: new.kind,
            module: self.at.module,
            is_async: new.is_async,
            is_generator: new.is_generator,
            self_mode: SelfMode::None,
            params: Box::new([]),
            cell_params: Box::new([]),
            captures: Box::new([]),
            slots: 0,
            loops: 0,
            body: BlockId(0),
            slot_names: Vec::new(),
            span: new.span,
            name_span: new.name_span,
            doc: None,
        });
        let made = self.tick();
        let root = self.new_scope(Some(self.at.scope), id);
        self.facts.push(FuncFacts { parent: Some(self.at.func), root, start: new.span.start, made, ..FuncFacts::default() });
        id
    }

    /// A function whose body is lowered once everything around it is complete.
    fn new_from(&mut self, func: ast::FuncId, name: TextId, kind: FunctionKind) -> FuncId {
        let node = self.ast()[func];
        let name_span = node.name.map_or(node.span, |name| name.span);
        let id = self.new_function(NewFunction {
            name,
            kind,
            span: node.span,
            name_span,
            is_async: node.is_async,
            is_generator: node.is_generator,
        });
        self.jobs.push_back((id, self.at.module, Job::Func(func)));
        id
    }

    pub fn lower_function_literal(&mut self, func: ast::FuncId) -> ExprKind {
        let name = self.text("<lambda>");
        ExprKind::Closure(self.new_from(func, name, FunctionKind::Lambda))
    }

    pub fn lower_spawn(&mut self, body: ast::BlockId, span: Span) -> ExprKind {
        let name = self.text("<spawn>");
        let kind = FunctionKind::SpawnBlock;
        let new = NewFunction { name, kind, span, name_span: span, is_async: false, is_generator: false };
        let id = self.new_function(new);
        self.jobs.push_back((id, self.at.module, Job::Spawn(body)));
        ExprKind::Spawn(id)
    }

    /// A declared function, hoisted: its binding exists, its body waits.
    pub fn declare_function(&mut self, func: ast::FuncId, start: u32) -> Option<BindingId> {
        let node = self.ast()[func];
        let name = node.name?;
        let text = self.name(name);
        let id = self.new_from(func, text, FunctionKind::Function);
        self.program.functions[id.index()].doc = self.doc(start);
        let binding = self.declare(text, name.span, BindingKind::Func(id));
        self.facts[id.index()].bound_to = Some(binding);
        Some(binding)
    }

    /// The place of a `func` declaration: the latest moment its closure is made.
    pub fn declared_here(&mut self, func: ast::FuncId) {
        let Some(name) = self.ast()[func].name else { return };
        let text = self.name(name);
        let time = self.tick();
        let Some(&binding) = self.names.get(&(self.at.scope, text)) else { return };
        if let BindingKind::Func(id) = self.bindings[binding].kind {
            self.facts[id.index()].made = time;
            self.bindings[binding].init = time;
        }
    }

    pub fn declare_method(&mut self, func: ast::FuncId, owner: Owner, owner_name: TextId) -> Option<MethodDecl> {
        let node = self.ast()[func];
        let name = node.name?;
        let text = self.name(name);
        let full = format!("{}.{}", &self.program[owner_name], &self.program[text]);
        let full = self.text(&full);
        let id = self.new_from(func, full, FunctionKind::Method);
        self.program.functions[id.index()].doc = self.doc(node.span.start);
        let first = self.ast().list(node.params).first().map(|param| param.kind);
        let operator = self.program[text].starts_with("op_") || &self.program[text] == "to_string";
        let facts = &mut self.facts[id.index()];
        facts.barred = true;
        facts.owner = Some(owner);
        facts.self_written = matches!(first, Some(ast::ParamKind::SelfValue | ast::ParamKind::MutSelf));
        facts.mut_self = first == Some(ast::ParamKind::MutSelf);
        facts.instance = operator || facts.self_written;
        Some(MethodDecl { name: text, func: id })
    }

    /// A function that gives the value of a field default.
    pub fn declare_default(&mut self, value: ast::ExprId, owner_name: TextId) -> FuncId {
        let span = self.ast().span_of(value);
        let kind = FunctionKind::FieldDefault;
        let new = NewFunction { name: owner_name, kind, span, name_span: span, is_async: false, is_generator: false };
        let id = self.new_function(new);
        self.facts[id.index()].barred = true;
        self.jobs.push_back((id, self.at.module, Job::FieldDefault(value)));
        id
    }

    // -------------------------------------------------------------------------------------------- bodies

    /// Lowers the bodies that wait, and those that they add.
    pub fn run_jobs(&mut self) {
        while let Some((func, module, job)) = self.jobs.pop_front() {
            self.run_job(func, module, job);
        }
    }

    fn run_job(&mut self, func: FuncId, module: ModuleId, job: Job) {
        let root = self.facts[func.index()].root;
        let node = &self.program[func];
        let spawns = matches!(node.kind, FunctionKind::SpawnBlock | FunctionKind::Test);
        self.at = Position {
            func,
            module,
            scope: root,
            in_loop: None,
            loops: Vec::new(),
            finally_depth: 0,
            await_ok: node.is_async || spawns,
            yield_ok: node.is_generator,
            at_top: false,
            later_reads: Vec::new(),
            value_depth: 0,
            in_target: false,
            group: None,
        };
        let body = match job {
            Job::Func(id) => self.lower_function(func, id),
            Job::FieldDefault(value) => {
                let value = self.lower_expr(value);
                self.return_block(value)
            }
            Job::Spawn(body) => self.lower_spawn_body(body),
            Job::Test(body) => self.lower_block(body, false),
        };
        let loops = self.facts[func.index()].loops;
        let node = &mut self.program.functions[func.index()];
        node.body = body;
        node.loops = loops;
    }

    fn lower_function(&mut self, func: FuncId, id: ast::FuncId) -> BlockId {
        let node = self.ast()[id];
        if self.facts[func.index()].owner.is_some() {
            let name = self.text("self");
            let binding = self.bind_unnamed(name, node.span, BindingKind::SelfParam);
            self.bindings[binding].init = 0;
            self.facts[func.index()].self_binding = Some(binding);
        }
        let mut checks = Vec::new();
        let params = self.lower_params(node.params, &mut checks);
        self.program.functions[func.index()].params = params;
        // What a call of a generator gives is no result of its body.
        self.facts[func.index()].result =
            node.result.filter(|_| !node.is_generator).and_then(|ty| self.annotation(Some(ty)));
        let body = match node.body {
            ast::FuncBody::Block(block) => self.lower_block(block, false),
            ast::FuncBody::Expr(value) => {
                let value = self.lower_expr(value);
                self.return_block(value)
            }
        };
        self.checked_body(checks, body)
    }

    /// A block that returns `value`; a jump stands for itself.
    fn return_block(&mut self, value: ExprId) -> BlockId {
        let span = self.program[value].span;
        let kind = match self.program[value].kind {
            ExprKind::Return(inner) => StmtKind::Return(inner),
            _ => StmtKind::Return(Some(value)),
        };
        let stmt = self.stmt(kind, span);
        self.block(vec![stmt], None)
    }

    /// The value of a task is its block's last expression.
    fn lower_spawn_body(&mut self, body: ast::BlockId) -> BlockId {
        let block = self.lower_block(body, true);
        let node = &mut self.program.blocks[block.index()];
        if let Some(value) = node.value.take() {
            let mut stmts = std::mem::take(&mut node.stmts).into_vec();
            let span = self.program[value].span;
            stmts.push(self.stmt(StmtKind::Return(Some(value)), span));
            self.program.blocks[block.index()].stmts = stmts.into();
        }
        block
    }

    /// `checks`: the statements that enforce annotations.
    fn lower_params(&mut self, list: ast::List<ast::Param>, checks: &mut Vec<StmtId>) -> Box<[Param]> {
        let mut params = Vec::new();
        let mut after_rest = false;
        for &param in self.ast().list(list) {
            if matches!(param.kind, ast::ParamKind::SelfValue | ast::ParamKind::MutSelf) {
                if self.facts[self.at.func.index()].owner.is_none() {
                    self.stop(Code::Misplaced, param.span, "'self' is only a parameter of methods");
                }
                continue;
            }
            let name = self.name(param.name);
            let default = param.default.map(|default| self.lower_expr(default));
            let binding = match param.kind {
                ast::ParamKind::Ignored => self.bind_unnamed(name, param.name.span, BindingKind::Param),
                _ => self.bind_param(name, param.name.span),
            };
            self.bindings[binding].init = 0;
            let kind = match param.kind {
                ast::ParamKind::Rest => ParamKind::Rest,
                _ if after_rest => ParamKind::NamedOnly,
                _ => ParamKind::Positional,
            };
            after_rest |= kind == ParamKind::Rest;
            self.check_param(&param, binding, checks);
            params.push(Param { name, kind, default, span: param.span });
        }
        params.into()
    }

    fn bind_param(&mut self, name: TextId, span: Span) -> BindingId {
        if let Some(&earlier) = self.names.get(&(self.at.scope, name)) {
            let text = self.program[name].to_string();
            let first = self.bindings[earlier].span;
            let diagnostic = self.stop(Code::Duplicate, span, format!("parameter '{text}' is declared twice"));
            *diagnostic = diagnostic.clone().with_related(first, "first declared here");
        }
        self.bind(name, span, BindingKind::Param)
    }
}
