//! Declarations: hoisting, structs, enums, `impl`, exports, tests.
use super::func::NewFunction;
use super::hir::*;
use super::state::*;
use crate::diagnostics::Code;
use crate::source::Span;
use crate::syntax::ast::{self, TestWord};

impl Resolver<'_> {
    /// Makes the declarations of a block known before its first statement. Gives the bindings of its functions that may need
    /// a closure.
    pub fn hoist(&mut self, stmts: &[ast::StmtId]) -> Vec<BindingId> {
        use ast::StmtKind as K;
        let mut functions = Vec::new();
        let ast = self.ast();
        // With the offset before which a doc comment stands.
        let unexported = |&id: &ast::StmtId| match ast[id].kind {
            K::Export(inner) => (inner, ast[id].span.start),
            _ => (id, ast[id].span.start),
        };
        // Types first, so that `impl` and methods find them.
        for (id, start) in stmts.iter().map(unexported) {
            match ast[id].kind {
                K::Struct(decl) => self.declare_struct(decl, start),
                K::Enum(decl) => self.declare_enum(decl, start),
                _ => {}
            }
        }
        if self.strict_types {
            let declared: Vec<K> = stmts.iter().map(unexported).map(|(id, _)| ast[id].kind).collect();
            self.annotate_declarations(&declared);
        }
        for (id, start) in stmts.iter().map(unexported) {
            match ast[id].kind {
                K::Func(func) => functions.extend(self.declare_function(func, start)),
                K::Impl(implementation) => self.declare_impl(implementation),
                _ => {}
            }
        }
        functions.retain(|&binding| !self.bindings[binding].module_level);
        functions
    }

    /// The doc comment before the declaration that starts at `start`.
    pub fn doc(&mut self, start: u32) -> Option<TextId> {
        let ast = self.ast();
        ast.doc(start).map(|doc| self.text(doc))
    }

    fn declare_struct(&mut self, id: ast::StructId, start: u32) {
        let node = self.ast()[id];
        let name = self.name(node.name);
        let decl = StructId(self.program.structs.len() as u32);
        let doc = self.doc(start);
        let module = self.at.module;
        self.program.structs.push(StructDecl {
            name,
            module,
            fields: Box::new([]),
            methods: Vec::new(),
            span: node.span,
            doc,
        });
        self.fields.push(Default::default());
        self.declare(name, node.name.span, BindingKind::Struct(decl));
        let mut fields = Vec::new();
        for field in self.ast().list(node.fields) {
            let field_name = self.name(field.name);
            if !self.fields[decl.index()].insert(field_name) {
                let text = self.program[field_name].to_string();
                self.stop(Code::Duplicate, field.name.span, format!("field '{text}' is declared twice"));
                continue;
            }
            let default = field.default.map(|default| self.declare_default(default, name));
            fields.push(FieldDecl { name: field_name, default, float: self.is_float(field.ty), annotation: None });
        }
        self.program.structs[decl.index()].fields = fields.into();
        self.declare_methods(node.methods, Owner::Struct(decl), name);
    }

    fn is_float(&self, ty: Option<ast::TypeId>) -> bool {
        let ast = self.ast();
        let Some(ty) = ty else { return false };
        match ast[ty].kind {
            ast::TypeKind::Path { path, args } => {
                args.is_empty() && path.len() == 1 && ast.name(ast.list(path)[0]) == "float"
            }
            _ => false,
        }
    }

    fn declare_enum(&mut self, id: ast::EnumId, start: u32) {
        let node = self.ast()[id];
        let name = self.name(node.name);
        let decl = EnumId(self.program.enums.len() as u32);
        let doc = self.doc(start);
        let module = self.at.module;
        self.program.enums.push(EnumDecl {
            name,
            module,
            variants: Box::new([]),
            methods: Vec::new(),
            span: node.span,
            doc,
        });
        self.declare(name, node.name.span, BindingKind::Enum(decl));
        self.scopes[self.at.scope].enums.push(decl);
        let mut variants: Vec<VariantDecl> = Vec::new();
        for variant in self.ast().list(node.variants) {
            let variant_name = self.name(variant.name);
            if variants.iter().any(|earlier| earlier.name == variant_name) {
                let text = self.program[variant_name].to_string();
                self.stop(Code::Duplicate, variant.name.span, format!("variant '{text}' is declared twice"));
                continue;
            }
            let payload = self.payload(variant.payload);
            let index = variants.len() as u32;
            let full = format!("{}::{}", &self.program[name], &self.program[variant_name]);
            let full = self.text(&full);
            let constructor = self.constructor(decl, index, full, &payload, variant.span);
            variants.push(VariantDecl { name: variant_name, payload, annotations: Box::new([]), constructor });
        }
        self.program.enums[decl.index()].variants = variants.into();
        self.declare_methods(node.methods, Owner::Enum(decl), name);
    }

    fn payload(&mut self, list: ast::List<ast::Payload>) -> Box<[TextId]> {
        let mut payload: Vec<TextId> = Vec::new();
        for item in self.ast().list(list) {
            let name = self.name(item.name);
            if payload.contains(&name) && &self.program[name] != "_" {
                let text = self.program[name].to_string();
                self.stop(Code::Duplicate, item.name.span, format!("'{text}' is declared twice"));
            }
            payload.push(name);
        }
        payload.into()
    }

    /// The function that makes a variant with payload, for its use as a value.
    pub fn constructor(
        &mut self,
        decl: EnumId,
        variant: u32,
        name: TextId,
        payload: &[TextId],
        span: Span,
    ) -> Option<FuncId> {
        if payload.is_empty() {
            return None;
        }
        let kind = FunctionKind::VariantConstructor(decl, variant);
        let new = NewFunction { name, kind, span, name_span: span, is_async: false, is_generator: false };
        let id = self.new_function(new);
        let body = self.block(Vec::new(), None);
        let root = self.facts[id.index()].root;
        let outer = std::mem::replace(&mut self.at.scope, root);
        let outer_func = std::mem::replace(&mut self.at.func, id);
        for &name in payload {
            self.bind_unnamed(name, span, BindingKind::Param);
        }
        self.at.scope = outer;
        self.at.func = outer_func;
        let param = |&name: &TextId| Param { name, kind: ParamKind::Positional, default: None, span };
        let node = &mut self.program.functions[id.index()];
        node.params = payload.iter().map(param).collect();
        node.body = body;
        Some(id)
    }

    fn declare_impl(&mut self, id: ast::ImplId) {
        let node = self.ast()[id];
        let name = self.name(node.name);
        if let Some(owner) = self.impl_owner(name) {
            self.declare_methods(node.methods, owner, name);
        }
    }

    fn impl_owner(&self, name: TextId) -> Option<Owner> {
        let super::scope::Found::Binding(binding) = self.find(name) else { return None };
        match self.bindings[binding].kind {
            BindingKind::Struct(decl) => Some(Owner::Struct(decl)),
            BindingKind::Enum(decl) => Some(Owner::Enum(decl)),
            _ => None,
        }
    }

    /// An `impl` of something that is no struct or enum of this module raises when reached.
    pub fn check_impl(&mut self, id: ast::ImplId, span: Span, out: &mut Vec<StmtId>) {
        let node = self.ast()[id];
        let name = self.name(node.name);
        if self.impl_owner(name).is_some() {
            return;
        }
        let text = &self.program[name];
        let message = format!("impl {text}: no struct or enum '{text}' is declared in this module");
        let source = self.here();
        let warning = crate::diagnostics::Diagnostic::error(Code::UndefinedName, source, node.name.span, &*message);
        self.warnings.push(warning);
        let message = self.text(&message);
        let error = self.expr(ExprKind::NameError(message), node.name.span);
        out.push(self.stmt(StmtKind::Expr(error), span));
    }

    fn declare_methods(&mut self, list: ast::List<ast::FuncId>, owner: Owner, owner_name: TextId) {
        for &func in self.ast().list(list) {
            let Some(method) = self.declare_method(func, owner, owner_name) else { continue };
            let span = self.program[method.func].name_span;
            let text = self.program[method.name].to_string();
            if self.methods.insert((owner, method.name), method.func).is_some() {
                self.stop(Code::Duplicate, span, format!("method '{text}' is declared twice"));
                continue;
            }
            let clash = match owner {
                Owner::Struct(decl) => self.fields[decl.index()].contains(&method.name),
                Owner::Enum(decl) => self.variant_of(decl, method.name).is_some(),
            };
            if clash {
                let what = if matches!(owner, Owner::Struct(_)) { "field" } else { "variant" };
                self.stop(Code::Duplicate, span, format!("'{text}' is both a {what} and a method"));
            }
            match owner {
                Owner::Struct(decl) => self.program.structs[decl.index()].methods.push(method),
                Owner::Enum(decl) => self.program.enums[decl.index()].methods.push(method),
            }
        }
    }

    // -------------------------------------------------------------------------------------------- exports

    pub fn lower_export(&mut self, inner: ast::StmtId, span: Span, out: &mut Vec<StmtId>) {
        if !self.check_at_top(span, "export") {
            return;
        }
        let ast = self.ast();
        self.lower_stmt(inner, out);
        match ast[inner].kind {
            ast::StmtKind::Func(func) => self.export_named(ast[func].name),
            ast::StmtKind::Struct(decl) => self.export_named(Some(ast[decl].name)),
            ast::StmtKind::Enum(decl) => self.export_named(Some(ast[decl].name)),
            ast::StmtKind::Bind { target, .. } | ast::StmtKind::Assign { target, .. } => {
                self.export_target(target);
            }
            _ => {}
        }
    }

    fn export_named(&mut self, name: Option<ast::Name>) {
        let Some(name) = name else { return };
        let text = self.name(name);
        if let Some(&binding) = self.names.get(&(self.at.scope, text)) {
            self.export_binding(text, binding);
        }
    }

    /// Every name of the target, whether new or assigned again.
    fn export_target(&mut self, target: ast::TargetId) {
        let mut pending = vec![target];
        while let Some(id) = pending.pop() {
            let ast = self.ast();
            match ast[id].kind {
                ast::TargetKind::Name(symbol) => {
                    self.export_named(Some(ast::Name { symbol, span: ast[id].span }));
                }
                ast::TargetKind::Array(elements) => {
                    for &element in ast.list(elements) {
                        match element {
                            ast::TargetElement::Item { target, .. } => pending.push(target),
                            ast::TargetElement::Rest(name) => self.export_named(Some(name)),
                        }
                    }
                }
                ast::TargetKind::Dict(entries) => {
                    for &entry in ast.list(entries) {
                        match entry {
                            ast::TargetEntry::Item { target, .. } => pending.push(target),
                            ast::TargetEntry::Rest(name) => self.export_named(Some(name)),
                        }
                    }
                }
                ast::TargetKind::Error | ast::TargetKind::Ignored | ast::TargetKind::Place(_) => {}
            }
        }
    }

    pub fn export_binding(&mut self, name: TextId, binding: BindingId) {
        let exported = match self.bindings[binding].kind {
            BindingKind::Func(func) => Exported::Func(func),
            BindingKind::Struct(decl) => Exported::Struct(decl),
            BindingKind::Enum(decl) => Exported::Enum(decl),
            _ => {
                self.bindings[binding].exported = true;
                Exported::Binding(binding)
            }
        };
        self.modules[self.at.module.index()].exports.insert(name, exported);
    }

    /// `export a, b`: the names may be bound further down, so they are looked up at the module's end.
    pub fn lower_export_names(&mut self, names: ast::List<ast::Name>, span: Span, out: &mut Vec<StmtId>) {
        if !self.check_at_top(span, "export") {
            return;
        }
        for &name in self.ast().list(names) {
            let text = self.name(name);
            let message = format!("Undefined variable: {}", &self.program[text]);
            let message = self.text(&message);
            let error = self.expr(ExprKind::NameError(message), name.span);
            out.push(self.stmt(StmtKind::Expr(error), name.span));
            self.pending_exports.push((text, name.span, error));
        }
    }

    /// Gives the names of `export a, b` their meaning; the statement then does nothing.
    pub fn finish_exports(&mut self) {
        for (name, span, error) in std::mem::take(&mut self.pending_exports) {
            let module = &self.modules[self.at.module.index()];
            if let Some(&binding) = self.names.get(&(module.top, name)) {
                self.export_binding(name, binding);
            } else if let Some(Imported::Named(exported) | Imported::Bulk(exported, _)) = module.imports.get(&name) {
                let exported = *exported;
                self.modules[self.at.module.index()].exports.insert(name, exported);
            } else {
                let text = self.program[name].to_string();
                self.warn_undefined(span, &format!("Undefined variable: {text}"), &text, []);
                continue;
            }
            self.program.exprs[error.index()].kind = ExprKind::Null;
        }
    }

    // ---------------------------------------------------------------------------------------------- tests

    fn new_test(&mut self, name: TextId, body: ast::BlockId, span: Span) -> FuncId {
        let kind = FunctionKind::Test;
        let new = NewFunction { name, kind, span, name_span: span, is_async: false, is_generator: false };
        let id = self.new_function(new);
        self.facts[id.index()].barred = true;
        self.jobs.push_back((id, self.at.module, Job::Test(body)));
        id
    }

    pub fn lower_test(&mut self, word: TestWord, name: ast::Text, body: ast::BlockId, span: Span) {
        let kind = match word {
            TestWord::TestGroup | TestWord::BenchGroup => return self.lower_test_group(word, name, body, span),
            TestWord::Test => {
                let (name, body) = self.named_test(word, name, body, span);
                TestKind::Test { name, body }
            }
            TestWord::Bench => {
                let (name, body) = self.named_test(word, name, body, span);
                TestKind::Bench { name, body }
            }
            TestWord::TestSetup => TestKind::Setup { body: self.test_hook(word, body, span) },
            TestWord::TestTeardown => TestKind::Teardown { body: self.test_hook(word, body, span) },
            TestWord::BenchSetup => TestKind::BenchSetup { body: self.test_hook(word, body, span) },
        };
        self.push_test(kind, span);
    }

    fn named_test(&mut self, word: TestWord, name: ast::Text, body: ast::BlockId, span: Span) -> (TextId, FuncId) {
        let name = self.literal(name);
        let shown = self.shown_test(word, name);
        (name, self.new_test(shown, body, span))
    }

    /// The name of a test's function in stacks.
    fn shown_test(&mut self, word: TestWord, name: TextId) -> TextId {
        let shown = format!("{} \"{}\"", word.text(), &self.program[name]);
        self.text(&shown)
    }

    fn test_hook(&mut self, word: TestWord, body: ast::BlockId, span: Span) -> FuncId {
        let name = self.text(word.text());
        self.new_test(name, body, span)
    }

    fn push_test(&mut self, kind: TestKind, span: Span) {
        let (module, group) = (self.at.module, self.at.group);
        self.program.tests.push(TestItem { kind, module, group, span });
    }

    /// A group is no function: what it binds beside its tests are module variables, set before each of its tests
    /// and before each turn of its benchmarks.
    fn lower_test_group(&mut self, word: TestWord, name: ast::Text, body: ast::BlockId, span: Span) {
        let name = self.literal(name);
        let shown = self.shown_test(word, name);
        let group = self.program.tests.len();
        self.push_test(TestKind::Group { name }, span);
        let outer_group = self.at.group.replace(group);
        let outer_top = std::mem::replace(&mut self.at.at_top, false);
        let outer = self.enter_scope();
        self.scopes[self.at.scope].module_level = self.scopes[outer].module_level;
        self.lower_group_body(shown, body, span);
        self.leave_scope(outer);
        self.at.at_top = outer_top;
        self.at.group = outer_group;
    }

    fn lower_group_body(&mut self, name: TextId, body: ast::BlockId, span: Span) {
        let kind = FunctionKind::Test;
        let new = NewFunction { name, kind, span, name_span: span, is_async: false, is_generator: false };
        let setup = self.new_function(new);
        let outer_func = std::mem::replace(&mut self.at.func, setup);
        self.scopes[self.at.scope].func = setup;
        let outer_loops = std::mem::take(&mut self.at.loops);
        self.push_test(TestKind::GroupBody { body: setup }, span);
        let block = self.lower_statements(self.ast()[body].stmts, false);
        self.at.func = outer_func;
        self.at.loops = outer_loops;
        self.program.functions[setup.index()].body = block;
        self.program.functions[setup.index()].loops = self.facts[setup.index()].loops;
    }
}
