//! From the tree of the source to the resolved tree that both engines run.
//!
//! ```text
//! modules   load and parse the script and what it imports          LANGUAGE §12
//! lower     expr · literal · place · pattern · stmt · func · decl  tree → nodes with provisional variables
//!           scope: which variable a name means                     §5
//!           stops: what may not stand where it stands              §15
//! mutating  which methods change their self                        §7
//! capture   what closures keep; slots, cells, module table
//! take      which reads may empty their variable
//! annotate  the checks of `--strict-types`
//! finish    provisional variables → final ones
//! ```
//!
//! Always holds: the program is complete even if there are diagnostics, but must not be run if any is an error.
mod annotate;
mod capture;
mod decl;
mod expr;
mod finish;
mod func;
pub mod hir;
mod literal;
mod modules;
mod mutating;
mod pattern;
mod place;
pub mod print;
mod scope;
mod slots;
mod state;
mod stmt;
mod stops;
mod take;

use std::collections::VecDeque;

use ahash::{AHashMap, AHashSet};

pub use modules::{LoadedText, Loader, NoModules};

use crate::builtins;
use crate::diagnostics::Diagnostic;
use crate::limits::stack;
use crate::source::{SourceId, SourceMap, Span};
use hir::*;
use state::*;

/// A resolved program and what there is to say about it.
#[derive(Debug)]
pub struct Resolved {
    pub program: Program,
    /// From lexer, parser and resolver, of all modules. If any is an error the program must not run.
    pub diagnostics: Vec<Diagnostic>,
    /// What `ruff check` reports beyond that: unknown names, modules that cannot be imported. Nothing here stops a program.
    pub warnings: Vec<Diagnostic>,
}

/// Resolves the script `root` and everything it imports.
pub fn resolve(root: SourceId, sources: &mut SourceMap, loader: &mut dyn Loader) -> Resolved {
    let graph = modules::load(root, sources, loader);
    run(graph, sources, Options::default())
}

/// The same, with the annotations of all of it enforced (`--strict-types`).
pub fn resolve_strict(root: SourceId, sources: &mut SourceMap, loader: &mut dyn Loader) -> Resolved {
    let graph = modules::load(root, sources, loader);
    run(graph, sources, Options { strict_types: true, ..Options::default() })
}

/// Resolves the prelude: a unit of functions that are all exported. Its names see each other and the builtins.
pub fn resolve_prelude(source: SourceId, sources: &mut SourceMap) -> Resolved {
    let graph = modules::load(source, sources, &mut NoModules);
    run(graph, sources, Options { export_all: true, ..Options::default() })
}

/// How the modules of a graph are resolved.
#[derive(Clone, Copy, Default)]
struct Options {
    export_all: bool,
    strict_types: bool,
}

/// Deep programs are resolved on a stack of their own; of it only what is touched is used.
const DEEP_STACKS: [usize; 3] = [1 << 30, 256 << 20, 64 << 20];

fn run(graph: modules::Graph, sources: &SourceMap, options: Options) -> Resolved {
    let (resolved, too_deep) = try_run(&graph, sources, options);
    if !too_deep {
        return resolved;
    }
    let deeper = |&size: &usize| {
        let body = || {
            stack::set_stack_limit(size);
            try_run(&graph, sources, options).0
        };
        std::thread::scope(|scope| std::thread::Builder::new().stack_size(size).spawn_scoped(scope, body).ok()?.join().ok())
    };
    // Without such a thread the limit of this one stands.
    DEEP_STACKS.iter().find_map(deeper).unwrap_or(resolved)
}

/// Also says whether this thread's stack was too small.
fn try_run(graph: &modules::Graph, sources: &SourceMap, options: Options) -> (Resolved, bool) {
    let mut resolver = Resolver::new(graph, sources, options);
    for &module in &graph.order {
        resolver.lower_module(ModuleId(module as u32));
    }
    resolver.finish_unknowns();
    resolver.classify_methods();
    resolver.settle_captures();
    resolver.assign_slots();
    resolver.mark_takes();
    resolver.finish();
    let mut diagnostics = graph.diagnostics.clone();
    diagnostics.extend(std::mem::take(&mut resolver.diagnostics));
    diagnostics.sort_by_key(|diagnostic| (diagnostic.source, diagnostic.span.start));
    let mut warnings = std::mem::take(&mut resolver.warnings);
    warnings.sort_by_key(|diagnostic| (diagnostic.source, diagnostic.span.start));
    let too_deep = resolver.too_deep;
    (Resolved { program: resolver.program, diagnostics, warnings }, too_deep)
}

impl<'a> Resolver<'a> {
    fn new(graph: &'a modules::Graph, sources: &'a SourceMap, options: Options) -> Resolver<'a> {
        let at = Position {
            func: FuncId(0),
            module: ModuleId(0),
            scope: 0,
            in_loop: None,
            loops: Vec::new(),
            finally_depth: 0,
            await_ok: true,
            yield_ok: false,
            at_top: true,
            later_reads: Vec::new(),
            value_depth: 0,
            in_target: false,
            group: None,
        };
        let mut resolver = Resolver {
            program: Program::default(),
            text_ids: AHashMap::new(),
            scopes: Vec::new(),
            names: AHashMap::new(),
            bindings: Vec::new(),
            refs: Vec::new(),
            loops: Vec::new(),
            loop_ids: AHashMap::new(),
            facts: Vec::new(),
            modules: Vec::new(),
            targets: graph.modules.iter().map(|module| module.imports.clone()).collect(),
            jobs: VecDeque::new(),
            fields: Vec::new(),
            methods: AHashMap::new(),
            block_scopes: Vec::new(),
            hoists: Vec::new(),
            static_calls: Vec::new(),
            self_places: Vec::new(),
            unknowns: Vec::new(),
            pending_exports: Vec::new(),
            clock: 0,
            at,
            sources,
            diagnostics: Vec::new(),
            warnings: Vec::new(),
            too_deep: false,
            export_all: options.export_all,
            strict_types: options.strict_types,
            type_builtin: builtins::function("type"),
            changing: AHashSet::new(),
            capturing: Vec::new(),
            captured: Vec::new(),
            slot_bases: Vec::new(),
            capture_ids: AHashMap::new(),
            rootless: Vec::new(),
        };
        resolver.add_modules(graph);
        resolver.add_prelude_enums();
        resolver
    }

    fn add_modules(&mut self, graph: &'a modules::Graph) {
        for module in &graph.modules {
            let name = self.text(&module.name);
            let source = module.ast.source;
            self.program.modules.push(Module {
                name,
                source,
                body: FuncId(0),
                exports: Vec::new(),
                exprs: 0..0,
                stmts: 0..0,
            });
            self.modules.push(ModuleState {
                ast: &module.ast,
                symbols: Vec::new(),
                top: 0,
                imports: AHashMap::new(),
                exports: AHashMap::new(),
                incomplete: false,
                enums: Vec::new(),
            });
        }
    }

    /// `Result` and `Option` are the first enums of every program.
    fn add_prelude_enums(&mut self) {
        self.new_scope(None, FuncId(0));
        let result: [(&str, &[&str]); 2] = [("Ok", &["value"]), ("Err", &["error"])];
        self.add_prelude_enum("Result", result);
        self.add_prelude_enum("Option", [("None", &[]), ("Some", &["value"])]);
        for facts in &mut self.facts {
            facts.parent = None;
        }
    }

    fn add_prelude_enum(&mut self, name: &str, variants: [(&str, &[&str]); 2]) {
        let decl = EnumId(self.program.enums.len() as u32);
        let name = self.text(name);
        let mut lowered = Vec::new();
        for (index, (variant, payload)) in variants.into_iter().enumerate() {
            let variant = self.text(variant);
            let payload: Box<[TextId]> = payload.iter().map(|name| self.text(name)).collect();
            let constructor = self.constructor(decl, index as u32, variant, &payload, Span::default());
            lowered.push(VariantDecl { name: variant, payload, annotations: Box::new([]), constructor });
        }
        let module = ModuleId(0);
        let (variants, methods) = (lowered.into(), Vec::new());
        self.program.enums.push(EnumDecl { name, module, variants, methods, span: Span::default(), doc: None });
    }

    fn lower_module(&mut self, module: ModuleId) {
        self.at.module = module;
        let (first_expr, first_stmt) = (self.program.exprs.len(), self.program.stmts.len());
        let (func, top) = self.new_main(module);
        self.at = Position {
            func,
            module,
            scope: top,
            in_loop: None,
            loops: Vec::new(),
            finally_depth: 0,
            await_ok: true,
            yield_ok: false,
            at_top: true,
            later_reads: Vec::new(),
            value_depth: 0,
            in_target: false,
            group: None,
        };
        let imports = self.targets[module.index()].clone();
        self.bind_imports(&imports);
        let statements = self.ast().body;
        let body = self.lower_statements(statements, false);
        self.finish_exports();
        if self.export_all {
            self.export_everything(top);
        }
        let loops = self.facts[func.index()].loops;
        let node = &mut self.program.functions[func.index()];
        node.body = body;
        node.loops = loops;
        self.run_jobs();
        let (exprs, stmts) = (first_expr..self.program.exprs.len(), first_stmt..self.program.stmts.len());
        let node = &mut self.program.modules[module.index()];
        (node.exprs, node.stmts) = (exprs, stmts);
    }

    fn new_main(&mut self, module: ModuleId) -> (FuncId, ScopeId) {
        let func = FuncId(self.program.functions.len() as u32);
        let top = self.new_scope(None, func);
        self.scopes[top].module_level = true;
        self.modules[module.index()].top = top;
        let name = self.text("<main>");
        let span = self.ast().span;
        self.program.functions.push(Function {
            name,
            kind: FunctionKind::Main,
            module,
            is_async: false,
            is_generator: false,
            self_mode: SelfMode::None,
            params: Box::new([]),
            cell_params: Box::new([]),
            captures: Box::new([]),
            slots: 0,
            loops: 0,
            body: BlockId(0),
            slot_names: Vec::new(),
            span,
            name_span: span,
            doc: None,
        });
        self.facts.push(FuncFacts { root: top, ..FuncFacts::default() });
        self.program.modules[module.index()].body = func;
        (func, top)
    }

    fn export_everything(&mut self, top: ScopeId) {
        for binding in self.scopes[top].bindings.clone() {
            let name = self.bindings[binding].name;
            self.export_binding(name, binding);
        }
    }
}
