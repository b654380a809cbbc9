//! An engine with a loaded program in it: the only place that knows how each engine is made.
use std::rc::Rc;
use std::sync::Arc;

use super::engine::{DEFAULT_MAX_DEPTH, EngineKind, JitMode, RunOptions};
use super::prelude::{self, Provider};
use super::{Loaded, SCRIPT_BASE};
use crate::builtins::{BuiltinId, Engine};
use crate::bytecode::Chunk;
use crate::compile;
use crate::host::Host;
use crate::interp::{self, Interp};
use crate::jit::{self, Jit};
use crate::resolve::hir::{self, FuncId};
use crate::semantics::fault::Raise;
use crate::source::{LineColumn, SourceId, SourceMap, Span};
use crate::value::isolate::Isolate;
use crate::value::symbol::symbol;
use crate::value::{FnId, ModuleId, Value};
use crate::vm::{self, Vm};

/// What the driver asks of an engine.
pub trait Machine {
    /// Runs the script's top level.
    fn run_main(&mut self) -> Result<Value, Raise>;
    /// The engine as builtins see it: to call functions, to reach isolate and host.
    fn engine(&mut self) -> &mut dyn Engine;
    /// What its compiler to machine code did, if it has one.
    fn jit_report(&self) -> Option<jit::explain::Report> {
        None
    }
    /// What was to be shown of compiled code, if that is kept.
    fn jit_dump(&self) -> Option<String> {
        None
    }
}

impl Machine for Interp<'_> {
    fn run_main(&mut self) -> Result<Value, Raise> {
        Interp::run_main(self)
    }

    fn engine(&mut self) -> &mut dyn Engine {
        self
    }
}

/// A VM and the script it runs.
struct VmMachine {
    vm: Vm,
    script: Arc<vm::Unit>,
    jit: Option<Rc<Jit>>,
}

impl Machine for VmMachine {
    fn run_main(&mut self) -> Result<Value, Raise> {
        self.vm.run_module(&self.script, 0)
    }

    fn engine(&mut self) -> &mut dyn Engine {
        &mut self.vm
    }

    fn jit_report(&self) -> Option<jit::explain::Report> {
        self.jit.as_ref().map(|jit| jit.explain(&self.vm))
    }

    fn jit_dump(&self) -> Option<String> {
        self.jit.as_ref().map(|jit| jit.dump(&self.vm))
    }
}

/// Makes the engine, lets `work` use it, and takes it apart if `options.tidy` asks for that.
pub fn with_machine<R>(
    loaded: &Arc<Loaded>,
    options: &RunOptions,
    host: Host,
    work: impl FnOnce(&mut dyn Machine) -> Result<R, Raise>,
) -> Result<R, Raise> {
    let max_depth = options.max_depth.unwrap_or(DEFAULT_MAX_DEPTH);
    match options.mode.kind {
        EngineKind::Interp => {
            let limits = interp::Limits { max_depth: Some(max_depth), fuel: options.fuel };
            let mut machine = Interp::new(prelude::unit(loaded, SCRIPT_BASE), &Provider, host, limits);
            finish(work(&mut machine), machine, options)
        }
        EngineKind::Vm | EngineKind::Jit => {
            let mut machine = new_vm(loaded, options, max_depth, host)?;
            let result = work(&mut machine);
            if let Some(jit) = &machine.jit {
                jit.report(&machine.vm);
            }
            finish(result, machine, options)
        }
    }
}

/// A process about to end leaves its memory to the system.
fn finish<R>(result: R, machine: impl Machine, options: &RunOptions) -> R {
    if options.tidy {
        drop(machine);
    } else {
        std::mem::forget(machine);
    }
    result
}

fn new_vm(loaded: &Arc<Loaded>, options: &RunOptions, max_depth: u64, host: Host) -> Result<VmMachine, Raise> {
    let script = Arc::new(vm_unit(loaded, SCRIPT_BASE, 0));
    let code = Code { loaded: loaded.clone(), options: compile::Options { fuel: options.fuel.is_some(), open: false } };
    let max_depth = usize::try_from(max_depth).unwrap_or(usize::MAX);
    let set_up = vm::Options { max_depth, fuel: options.fuel, verify: options.mode.verify || cfg!(debug_assertions) };
    let mut vm = Vm::new(Box::new(code), Isolate::new(0), Box::new(host), set_up)?;
    vm.load(script.clone());
    let jit = (options.mode.kind == EngineKind::Jit && options.mode.jit.mode != JitMode::Off).then(|| new_jit(options));
    if let Some(jit) = &jit {
        vm.set_tier(jit.clone());
    }
    Ok(VmMachine { vm, script, jit })
}

fn new_jit(options: &RunOptions) -> Rc<Jit> {
    let wanted = &options.mode.jit;
    let set_up = jit::Options {
        trace: 0,
        dump: wanted.dump.clone(),
        keeps_dump: wanted.keeps_dump,
        only: wanted.only.clone(),
        stats: wanted.stats,
        perf_map: wanted.perf_map,
        explain: wanted.explain,
        background: wanted.mode == JitMode::Background,
        eager: wanted.eager,
        exit_every: wanted.exit_every,
        churn: wanted.churn,
        begins: wanted.begins,
    };
    Rc::new(Jit::new(set_up.from_environment()))
}

fn vm_unit(loaded: &Loaded, base: u32, first_var: u32) -> vm::Unit {
    let program = &loaded.program;
    let id = |func: FuncId| FnId(base + func.0);
    let structs = program.structs.iter().zip(&loaded.structs).map(|(decl, &id_of_decl)| vm::StructUnit {
        decl: id_of_decl,
        defaults: decl.fields.iter().map(|field| field.default.map(id)).collect(),
    });
    let enums = program.enums.iter().zip(&loaded.enums).map(|(decl, &id_of_decl)| vm::EnumUnit {
        decl: id_of_decl,
        constructors: decl.variants.iter().map(|variant| variant.constructor.map(id)).collect(),
    });
    let export = |export: &hir::Export| match *export {
        hir::Export::Var(var) => vm::Export::Var(var.0),
        hir::Export::Func(func) => vm::Export::Func(id(func)),
        hir::Export::Struct(decl) => vm::Export::Type(loaded.structs[decl.index()]),
        hir::Export::Enum(decl) => vm::Export::Type(loaded.enums[decl.index()]),
    };
    let modules = program.modules.iter().enumerate().map(|(index, module)| vm::ModuleUnit {
        id: ModuleId(index as u32),
        name: Box::from(&program[module.name]),
        body: id(module.body),
        exports: module.exports.iter().map(|(name, what)| (symbol(&program[*name]), export(what))).collect(),
    });
    vm::Unit {
        base,
        infos: loaded.infos.clone(),
        field_defaults: program.functions.iter().map(|f| f.kind == hir::FunctionKind::FieldDefault).collect(),
        structs: structs.collect(),
        enums: enums.collect(),
        first_var,
        vars: program.module_vars.iter().map(|var| Box::from(&program[var.name])).collect(),
        constant: program.module_vars.iter().map(|var| var.constant).collect(),
        modules: modules.collect(),
    }
}

/// Compiles functions of a script, and of the prelude, at their first call.
struct Code {
    loaded: Arc<Loaded>,
    options: compile::Options,
}

/// The source of functions of the prelude: no script has that many.
const PRELUDE_SOURCE: SourceId = SourceId(u32::MAX);

impl Code {
    /// The prelude's functions come after the script's.
    fn prelude_base(&self) -> u32 {
        SCRIPT_BASE + self.loaded.infos.len() as u32
    }

    fn compile(&self, loaded: &Loaded, func: u32) -> Result<Chunk, Box<str>> {
        compile::compile(&loaded.program, FuncId(func), self.options).map_err(|refusal| Box::from(refusal.message))
    }

    fn sources(&self, source: SourceId) -> (&SourceMap, SourceId) {
        if source == PRELUDE_SOURCE { (&prelude::get().loaded.sources, SourceId(0)) } else { (&self.loaded.sources, source) }
    }
}

impl vm::Code for Code {
    fn chunk(&self, function: FnId) -> Result<Arc<Chunk>, Box<str>> {
        if function.0 < self.prelude_base() {
            return self.compile(&self.loaded, function.0 - SCRIPT_BASE).map(Arc::new);
        }
        let mut chunk = self.compile(&prelude::get().loaded, function.0 - self.prelude_base())?;
        chunk.source = PRELUDE_SOURCE;
        Ok(Arc::new(chunk))
    }

    fn prelude(&self, builtin: BuiltinId) -> Result<(FnId, Arc<vm::Unit>), Box<str>> {
        let prelude = prelude::get();
        let body = prelude.body(builtin).ok_or("the prelude lacks the body of a builtin")?;
        let vars = self.loaded.program.module_vars.len() as u32;
        let unit = vm_unit(&prelude.loaded, self.prelude_base(), vars);
        Ok((FnId(self.prelude_base() + body.0), Arc::new(unit)))
    }

    fn file_name(&self, source: SourceId) -> Arc<str> {
        let (sources, source) = self.sources(source);
        Arc::from(sources.name(source))
    }

    fn position(&self, source: SourceId, offset: u32) -> LineColumn {
        let (sources, source) = self.sources(source);
        sources.line_column(source, offset)
    }

    fn excerpt(&self, source: SourceId, start: u32, end: u32) -> Arc<str> {
        let (sources, source) = self.sources(source);
        Arc::from(Span::new(start, end).of(sources.text(source)))
    }

    fn line_text(&self, source: SourceId, line: u32) -> Arc<str> {
        let (sources, source) = self.sources(source);
        Arc::from(sources.get(source).line_text(line).unwrap_or_default())
    }
}
