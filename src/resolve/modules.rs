//! Modules: the import graph, namespaces, and what imports make visible (LANGUAGE §12).
//!
//! All modules are loaded and parsed before any is resolved. They are resolved in the order in which they end when run, so
//! that what a module exports is known to its importers; an import that closes a cycle is an error where it stands.
use std::collections::HashMap;

use super::hir::*;
use super::state::*;
use crate::diagnostics::{Code, Diagnostic};
use crate::source::{SourceId, SourceMap, Span};
use crate::syntax::{Ast, ast};

/// A module's text, as a [`Loader`] found it.
#[derive(Clone, Debug)]
pub struct LoadedText {
    /// Names the file: two imports of the same module give equal keys (a canonical path).
    pub key: String,
    /// The name that messages show.
    pub name: String,
    pub text: String,
}

/// Brings the text of imported modules. The driver implements it over the file system.
pub trait Loader {
    /// The module `path` (`a.b` is `["a", "b"]`), imported by the source `from`. The error says why there is none, as in
    /// `Module not found: a.b`.
    fn load(&mut self, from: SourceId, path: &[&str]) -> Result<LoadedText, String>;

    /// The key under which an import would find the script itself.
    fn root_key(&mut self, _root: SourceId) -> Option<String> {
        None
    }
}

/// A loader for programs that import nothing.
#[derive(Debug, Default)]
pub struct NoModules;

impl Loader for NoModules {
    fn load(&mut self, _from: SourceId, path: &[&str]) -> Result<LoadedText, String> {
        Err(format!("Module not found: {}", path.join(".")))
    }
}

/// What an import statement leads to.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Module(usize),
    Missing(String),
    /// The chain of modules that comes back to its beginning.
    Cycle(String),
}

/// One loaded module.
#[derive(Debug)]
pub(super) struct Loaded {
    pub ast: Ast,
    pub name: String,
    /// Imports in textual order: the statement and where it leads.
    pub imports: Vec<(ast::StmtId, Target)>,
}

/// All modules of a program. The script is the first; `order` is the order in which they end.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub modules: Vec<Loaded>,
    pub order: Vec<usize>,
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Running,
    Done,
}

/// Loads and parses the script and everything it imports.
pub(super) fn load(root: SourceId, sources: &mut SourceMap, loader: &mut dyn Loader) -> Graph {
    let mut graph = Graph::default();
    let mut keys: HashMap<String, usize> = HashMap::new();
    add_module(&mut graph, sources, root, main_name(sources.name(root)));
    keys.extend(loader.root_key(root).map(|key| (key, 0)));
    let mut progress = vec![Progress::Running];
    // The modules being run, each with the number of its next import.
    let mut running: Vec<(usize, usize)> = vec![(0, 0)];
    while let Some(&mut (module, ref mut next)) = running.last_mut() {
        let Some((stmt, _)) = graph.modules[module].imports.get(*next) else {
            progress[module] = Progress::Done;
            graph.order.push(module);
            running.pop();
            continue;
        };
        let (stmt, index) = (*stmt, *next);
        *next += 1;
        let path = import_path(&graph.modules[module].ast, stmt);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let from = graph.modules[module].ast.source;
        let target = match loader.load(from, &path) {
            Err(message) => Target::Missing(message),
            Ok(loaded) => match keys.get(&loaded.key) {
                Some(&known) if progress[known] == Progress::Running => Target::Cycle(chain(&graph, &running, known)),
                Some(&known) => Target::Module(known),
                None => {
                    let source = sources.add(loaded.name, loaded.text);
                    let name = path.join(".");
                    let id = add_module(&mut graph, sources, source, name);
                    keys.insert(loaded.key, id);
                    progress.push(Progress::Running);
                    running.push((id, 0));
                    Target::Module(id)
                }
            },
        };
        graph.modules[module].imports[index].1 = target;
    }
    graph
}

fn main_name(file: &str) -> String {
    let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
    base.strip_suffix(".ruff").unwrap_or(base).to_string()
}

fn add_module(graph: &mut Graph, sources: &SourceMap, source: SourceId, name: String) -> usize {
    let parsed = crate::syntax::parse(source, sources.text(source));
    graph.diagnostics.extend(parsed.diagnostics);
    let ast = parsed.ast;
    let unknown = || Target::Missing(String::new());
    let is_import = |&&id: &&ast::StmtId| {
        matches!(
            ast[id].kind,
            ast::StmtKind::Import { .. } | ast::StmtKind::ImportFrom { .. } | ast::StmtKind::ImportAll { .. }
        )
    };
    let imports = ast.list(ast.body).iter().filter(is_import).map(|&id| (id, unknown())).collect();
    graph.modules.push(Loaded { ast, name, imports });
    graph.modules.len() - 1
}

fn import_names(ast: &Ast, stmt: ast::StmtId) -> &[ast::Name] {
    match ast[stmt].kind {
        ast::StmtKind::Import { path, .. } | ast::StmtKind::ImportFrom { path, .. } | ast::StmtKind::ImportAll { path } => {
            ast.list(path)
        }
        _ => &[],
    }
}

fn import_path(ast: &Ast, stmt: ast::StmtId) -> Vec<String> {
    import_names(ast, stmt).iter().map(|&name| ast.name(name).to_string()).collect()
}

fn chain(graph: &Graph, running: &[(usize, usize)], known: usize) -> String {
    let from = running.iter().position(|&(module, _)| module == known).unwrap_or(0);
    let mut names: Vec<&str> = running[from..].iter().map(|&(module, _)| graph.modules[module].name.as_str()).collect();
    names.push(&graph.modules[known].name);
    format!("Import cycle: {}", names.join(" -> "))
}

impl Resolver<'_> {
    /// Makes what the imports of the current module bring visible, wherever in it they stand.
    pub fn bind_imports(&mut self, imports: &[(ast::StmtId, Target)]) {
        // Names asked for one by one win over those that come in bulk.
        for (stmt, target) in imports {
            self.bind_named(*stmt, target);
        }
        for (stmt, target) in imports {
            self.bind_bulk(*stmt, target);
        }
    }

    fn bind_import(&mut self, name: TextId, imported: Imported) {
        let module = &mut self.modules[self.at.module.index()];
        module.imports.insert(name, imported);
    }

    fn see_enum(&mut self, exported: Exported) {
        let module = &mut self.modules[self.at.module.index()];
        if let Exported::Enum(decl) = exported
            && !module.enums.contains(&decl)
        {
            module.enums.push(decl);
        }
    }

    fn bind_named(&mut self, stmt: ast::StmtId, target: &Target) {
        let ast = self.ast();
        match ast[stmt].kind {
            ast::StmtKind::Import { path, alias } => {
                let Some(&last) = ast.list(path).last() else { return };
                let name = self.name(alias.unwrap_or(last));
                let imported = match target {
                    Target::Module(module) => Imported::Named(Exported::Module(ModuleId(*module as u32))),
                    Target::Missing(_) | Target::Cycle(_) => Imported::Missing,
                };
                self.bind_import(name, imported);
            }
            ast::StmtKind::ImportFrom { items, .. } => {
                for item in ast.list(items) {
                    let (wanted, name) = (self.name(item.name), self.name(item.alias.unwrap_or(item.name)));
                    let found = match target {
                        Target::Module(module) => self.modules[*module].exports.get(&wanted).copied(),
                        Target::Missing(_) | Target::Cycle(_) => None,
                    };
                    let imported = found.map_or(Imported::Missing, Imported::Named);
                    self.bind_import(name, imported);
                    found.into_iter().for_each(|exported| self.see_enum(exported));
                }
            }
            _ => {}
        }
    }

    fn bind_bulk(&mut self, stmt: ast::StmtId, target: &Target) {
        let bulk = match self.ast()[stmt].kind {
            ast::StmtKind::Import { alias, .. } => alias.is_none(),
            ast::StmtKind::ImportAll { .. } => true,
            _ => false,
        };
        if !bulk {
            return;
        }
        let Target::Module(from) = *target else {
            self.modules[self.at.module.index()].incomplete = true;
            return;
        };
        let exports: Vec<(TextId, Exported)> =
            self.modules[from].exports.iter().map(|(&name, &exported)| (name, exported)).collect();
        for (name, exported) in exports {
            let module = ModuleId(from as u32);
            let imports = &self.modules[self.at.module.index()].imports;
            let imported = match imports.get(&name) {
                None => Imported::Bulk(exported, module),
                Some(Imported::Bulk(earlier, other)) if *earlier != exported => Imported::Ambiguous(*other, module),
                Some(_) => continue,
            };
            self.bind_import(name, imported);
            self.see_enum(exported);
        }
    }

    pub fn lower_import(&mut self, id: ast::StmtId, span: Span, out: &mut Vec<StmtId>) {
        let keyword = if matches!(self.ast()[id].kind, ast::StmtKind::Import { .. }) { "import" } else { "from" };
        if !self.at.at_top {
            let keyword = Span::new(span.start, span.start + keyword.len() as u32);
            self.stop(Code::Misplaced, keyword, "'import' stands only at the top level of a module");
            return;
        }
        let imports = &self.targets[self.at.module.index()];
        let Some((_, target)) = imports.iter().find(|(stmt, _)| *stmt == id) else { return };
        let target = &target.clone();
        let kind = match target {
            Target::Module(module) => StmtKind::Import(ModuleId(*module as u32)),
            Target::Missing(message) => self.import_error(Code::ModuleNotFound, message, span),
            Target::Cycle(message) => self.import_error(Code::ImportCycle, message, span),
        };
        out.push(self.stmt(kind, span));
        if let (Target::Module(module), ast::StmtKind::ImportFrom { items, .. }) = (target, self.ast()[id].kind) {
            self.check_items(*module, items, out);
        }
    }

    fn import_error(&mut self, code: Code, message: &str, span: Span) -> StmtKind {
        let source = self.here();
        self.warnings.push(Diagnostic::error(code, source, span, message));
        StmtKind::ImportError(self.text(message))
    }

    /// Names that the module does not export raise where the import stands.
    fn check_items(&mut self, module: usize, items: ast::List<ast::ImportItem>, out: &mut Vec<StmtId>) {
        for item in self.ast().list(items) {
            let name = self.name(item.name);
            if self.modules[module].exports.contains_key(&name) {
                continue;
            }
            let module_name = self.program[self.program.modules[module].name].to_string();
            let name = self.program[name].to_string();
            let message = format!("Module {module_name} has no export '{name}'");
            let exports: Vec<String> =
                self.modules[module].exports.keys().map(|&export| self.program[export].to_string()).collect();
            self.warn_undefined(item.name.span, &message, &name, exports.iter().map(String::as_str));
            let message = self.text(&message);
            out.push(self.stmt(StmtKind::ImportError(message), item.name.span));
        }
    }
}
