//! A loaded program as the tree walker holds it: ids of values, and literals made once.
use std::sync::Arc;

use crate::resolve::hir::{FuncId, Function, FunctionKind, Program, SelfMode, TextId};
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
    /// By function.
    pub(super) entries: Box<[Entry<'p>]>,
    texts: Vec<Option<Value>>,
    symbols: Vec<Option<Symbol>>,
}

/// What calls need to know about a function, worked out once.
#[derive(Clone, Copy)]
pub(super) struct Entry<'p> {
    pub function: &'p Function,
    /// How many arguments it takes if they need no binding: all parameters positional, none with a default.
    pub exact: Option<usize>,
    /// What has become of its `self` is of interest: it is mutating.
    pub keeps_self: bool,
    /// Nothing is to be done on entry: neither defaults nor cells, and it has a body that runs at once.
    pub simple: bool,
}

impl<'p> Entry<'p> {
    /// Does it take so many arguments as they are, without a receiver?
    pub fn takes(&self, count: usize) -> bool {
        self.exact == Some(count) && self.function.self_mode == SelfMode::None
    }

    fn of(function: &'p Function, info: &FnInfo) -> Entry<'p> {
        let exact = info.is_exactly(function.params.len()).then_some(function.params.len());
        let runs =
            !function.is_generator && !function.is_async && !matches!(function.kind, FunctionKind::VariantConstructor(..));
        let simple = runs && function.cell_params.is_empty() && function.params.iter().all(|param| param.default.is_none());
        let keeps_self = matches!(function.self_mode, SelfMode::Mutating | SelfMode::MaybeMutating);
        Entry { function, exact, keeps_self, simple }
    }
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
        let entries = program.functions.iter().zip(infos).map(|(function, info)| Entry::of(function, info)).collect();
        Unit { program, sources, base, structs, enums, infos, hidden, entries, texts, symbols }
    }

    /// The function's id in values.
    pub fn fn_id(&self, func: FuncId) -> FnId {
        FnId(self.base + func.0)
    }

    /// A text as a string value, made once.
    #[inline]
    pub fn text(&mut self, id: TextId) -> Value {
        let program = self.program;
        self.texts[id.index()].get_or_insert_with(|| Value::literal(&program[id])).clone()
    }

    /// A text as a member name.
    #[inline]
    pub fn symbol(&mut self, id: TextId) -> Symbol {
        let program = self.program;
        *self.symbols[id.index()].get_or_insert_with(|| symbol(&program[id]))
    }
}
