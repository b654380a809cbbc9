//! A loaded program as the tree walker holds it: ids of values, and literals made once.
use std::sync::Arc;

use crate::resolve::hir::{FuncId, Program, TextId};
use crate::semantics::call::FnInfo;
use crate::source::SourceMap;
use crate::value::symbol::symbol;
use crate::value::{DeclId, FnId, Symbol, Value};

/// Where the bodies of builtins written in Ruff come from.
pub trait Provider<'p> {
    /// The prelude's program as a unit whose functions begin at `base`.
    fn prelude(&self, base: u32) -> Unit<'p>;
}

/// A resolved program made known to the value layer.
pub struct Unit<'p> {
    pub program: &'p Program,
    pub sources: &'p SourceMap,
    /// `FnId` of function 0.
    pub base: u32,
    pub structs: &'p [DeclId],
    pub enums: &'p [DeclId],
    /// By function.
    pub infos: &'p [Arc<FnInfo>],
    /// Bodies of builtins: their frames stay out of traces.
    pub hidden: bool,
    texts: Vec<Option<Value>>,
    symbols: Vec<Option<Symbol>>,
}

impl<'p> Unit<'p> {
    pub fn new(
        program: &'p Program,
        sources: &'p SourceMap,
        base: u32,
        structs: &'p [DeclId],
        enums: &'p [DeclId],
        infos: &'p [Arc<FnInfo>],
        hidden: bool,
    ) -> Unit<'p> {
        let texts = vec![None; program.texts.len()];
        let symbols = vec![None; program.texts.len()];
        Unit { program, sources, base, structs, enums, infos, hidden, texts, symbols }
    }

    /// The function's id in values.
    pub fn fn_id(&self, func: FuncId) -> FnId {
        FnId(self.base + func.0)
    }

    /// A text as a string value, made once.
    pub fn text(&mut self, id: TextId) -> Value {
        let program = self.program;
        self.texts[id.index()].get_or_insert_with(|| Value::literal(&program[id])).clone()
    }

    /// A text as a member name.
    pub fn symbol(&mut self, id: TextId) -> Symbol {
        let program = self.program;
        *self.symbols[id.index()].get_or_insert_with(|| symbol(&program[id]))
    }
}
