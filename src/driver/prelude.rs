//! The bodies of builtins that are written in Ruff: parsed and resolved once per process, when one is first called.
use std::sync::{Arc, OnceLock};

use super::{Loaded, SCRIPT_BASE};
use crate::builtins::{BuiltinId, N_BUILTINS, prelude};
use crate::diagnostics::{RenderOptions, render_all};
use crate::interp;
use crate::resolve::{self, hir::FuncId};
use crate::source::SourceMap;

/// The prelude, loaded.
#[derive(Debug)]
pub struct Prelude {
    pub loaded: Loaded,
    /// By builtin.
    bodies: Vec<Option<FuncId>>,
}

/// The prelude, loaded at the first question.
pub fn get() -> &'static Arc<Prelude> {
    static PRELUDE: OnceLock<Arc<Prelude>> = OnceLock::new();
    PRELUDE.get_or_init(|| Arc::new(Prelude::load()))
}

impl Prelude {
    fn load() -> Prelude {
        let mut sources = SourceMap::new();
        let source = sources.add("<prelude>", prelude::source());
        let resolved = resolve::resolve_prelude(source, &mut sources);
        if crate::diagnostics::has_errors(&resolved.diagnostics) {
            panic!("the prelude is wrong: {}", render_all(&sources, &resolved.diagnostics, RenderOptions::default()));
        }
        let loaded = Loaded::new(resolved.program, sources, true);
        let mut bodies = vec![None; N_BUILTINS];
        for (id, name) in prelude::bodies() {
            bodies[usize::from(id.0)] = function_named(&loaded, name);
        }
        Prelude { loaded, bodies }
    }

    /// The function with the body of a builtin.
    pub fn body(&self, builtin: BuiltinId) -> Option<FuncId> {
        self.bodies.get(usize::from(builtin.0)).copied().flatten()
    }
}

fn function_named(loaded: &Loaded, name: &str) -> Option<FuncId> {
    let functions = loaded.program.functions.iter();
    let at = functions.clone().position(|function| {
        &loaded.program[function.name] == name && function.kind == crate::resolve::hir::FunctionKind::Function
    });
    at.map(|index| FuncId(index as u32))
}

/// Gives the tree walker what it runs.
pub struct Provider;

impl<'p> interp::Provider<'p> for Provider {
    fn prelude(&self, base: u32) -> interp::Unit<'p> {
        unit(&get().loaded, base)
    }
}

/// A loaded program as the tree walker holds it.
pub fn unit(loaded: &Loaded, base: u32) -> interp::Unit<'_> {
    debug_assert!(base >= SCRIPT_BASE);
    interp::Unit::new(&loaded.program, &loaded.sources, base, &loaded.structs, &loaded.enums, &loaded.infos, loaded.hidden)
}
