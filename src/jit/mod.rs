//! Machine code for hot code: ties the stages together and answers the VM.
//!
//! ```text
//!  feedback ─► build ─► opt ─► lower ─► code ─► entered by the VM, left through exit
//! ```
pub mod build;
pub mod code;
pub mod exit;
pub mod feedback;
pub mod helpers;
pub mod ir;
pub mod lower;
pub mod opt;
pub mod options;
pub mod profile;
pub mod runtime;
pub mod stats;

use std::cell::{Cell, RefCell};
use std::time::Instant;

use ahash::AHashMap;

use crate::semantics::fault::Raise;
use crate::value::layout::tag;
use crate::vm::Vm;
use crate::vm::stack::{FnRef, Fp};
use crate::vm::tier::{Entry, Outcome, Tier, Verdict};
use code::CodeStore;
use ir::Kinds;
pub use options::Options;
use profile::{BuildLimits, Request};
use runtime::{Context, Exit, MAX_FUNCTIONS};
use stats::Stats;

/// Compilations of one function after which it stays in the VM.
const MOST_COMPILES: u32 = 6;
/// Reports of a hot loop before it is compiled (the VM reports every 256 turns).
const LOOP_REPORTS: u32 = 3;

/// The JIT of one isolate. Nothing of Cranelift is set up before the first hot function.
pub struct Jit {
    options: Options,
    context: RefCell<Box<Context>>,
    store: RefCell<Option<CodeStore>>,
    /// Code addresses by [`Entry`].
    codes: RefCell<Vec<u64>>,
    compiles: RefCell<AHashMap<u32, u32>>,
    poisoned: RefCell<AHashMap<u32, Vec<u32>>>,
    /// Functions whose parameters were of other kinds than speculated.
    any_params: RefCell<Vec<u32>>,
    reports: RefCell<AHashMap<(u32, usize), u32>>,
    stats: RefCell<Stats>,
    broken: Cell<bool>,
}

impl Jit {
    pub fn new(options: Options) -> Jit {
        let mut context = Context::new();
        context.trace = options.trace > 0;
        Jit {
            options,
            context: RefCell::new(context),
            store: RefCell::new(None),
            codes: RefCell::new(Vec::new()),
            compiles: RefCell::new(AHashMap::new()),
            poisoned: RefCell::new(AHashMap::new()),
            any_params: RefCell::new(Vec::new()),
            reports: RefCell::new(AHashMap::new()),
            stats: RefCell::new(Stats::default()),
            broken: Cell::new(false),
        }
    }

    /// Counters so far.
    pub fn stats(&self) -> Stats {
        let mut stats = *self.stats.borrow();
        stats.exits = self.context.borrow().exit_counts.values().map(|count| u64::from(*count)).sum();
        stats
    }

    /// Prints the counters, if that was asked for.
    pub fn report(&self) {
        if self.options.stats || self.options.trace > 0 {
            eprintln!("{}", self.stats());
        }
    }

    fn compile(&self, vm: &Vm, function: FnRef, entry: profile::Entry) -> Verdict {
        let id = function.id.0;
        if self.broken.get() || id as usize >= MAX_FUNCTIONS || !self.options.compiles(&function.info.name) {
            return Verdict::Never;
        }
        let count = {
            let mut compiles = self.compiles.borrow_mut();
            let count = compiles.entry(id).or_insert(0);
            *count += 1;
            *count
        };
        if count > MOST_COMPILES {
            self.refuse(function, "it was compiled too often");
            return Verdict::Never;
        }
        match self.compile_now(vm, function, entry) {
            Ok(entry) => Verdict::Entry(entry),
            Err(reason) => {
                self.refuse(function, &reason);
                Verdict::Never
            }
        }
    }

    fn refuse(&self, function: FnRef, reason: &str) {
        self.stats.borrow_mut().refused += 1;
        if self.options.trace > 0 {
            eprintln!("[jit] refuse f#{} {}: {reason}", function.id.0, function.info.name);
        }
    }

    fn compile_now(&self, vm: &Vm, function: FnRef, entry: profile::Entry) -> Result<Entry, String> {
        let id = function.id.0;
        let started = Instant::now();
        let request = self.request(vm, function, entry.clone());
        let mut ir = build::build(&request)?;
        let built = started.elapsed();
        if is_mostly_left_to_the_vm(&ir) {
            return Err("most of its work would be left to the VM".to_owned());
        }
        self.dump(function, "built", &ir);
        let summary = opt::optimise(&mut ir, |pass, ir| {
            if self.options.trace > 1 {
                eprintln!("[jit] after {pass}:\n{}", ir::print::print(ir));
            }
        });
        let optimised = started.elapsed();
        self.dump(function, "optimised", &ir);
        let mut store = self.store.borrow_mut();
        if store.is_none() {
            *store = Some(CodeStore::new().inspect_err(|_| self.broken.set(true))?);
        }
        let Some(store) = store.as_mut() else { return Err("no code store".to_owned()) };
        if store.bytes > code::BUDGET {
            return Err("the budget for code is used up".to_owned());
        }
        let mut context = self.context.borrow_mut();
        let first_exit = context.exits.len() as u64;
        let listing = self.options.lists_code();
        // Only code entered at the start may be called by itself.
        let own = (entry == profile::Entry::Call).then_some(id);
        let compiled = store.compile(&ir, own, first_exit, listing)?;
        let exits = compiled.exits.len();
        context.exits.extend(compiled.exits.into_iter().map(|info| Exit { info, owner: id }));
        for &known in request.functions.keys() {
            if let Some(activation) = vm.activation(known).filter(|_| (known as usize) < MAX_FUNCTIONS) {
                context.constant_table[known as usize] = activation.constants.as_slice().as_ptr() as u64;
            }
        }
        if entry == profile::Entry::Call {
            context.entry_table[id as usize] = compiled.address;
        }
        if let Some((clif, asm)) = compiled.listing {
            self.options.show_code(&clif, &asm);
        }
        let total = started.elapsed();
        let mut stats = self.stats.borrow_mut();
        stats.compiled += 1;
        stats.code_bytes += compiled.bytes as u64;
        stats.compile_time += total;
        if self.options.trace > 0 {
            let place = match &entry {
                profile::Entry::Call => "call".to_owned(),
                profile::Entry::Loop { pc, .. } => format!("osr@{pc}"),
            };
            eprintln!(
                "[jit] compile f#{id} {} {place} ops={} ir={} exits={exits} code={} merged={} proven={} hoisted={} dead={} t=build {} opt {} cg {} us",
                function.info.name,
                function.chunk.code.len(),
                ir.values.len(),
                compiled.bytes,
                summary.merged,
                summary.proven,
                summary.hoisted,
                summary.dead,
                built.as_micros(),
                (optimised - built).as_micros(),
                (total - optimised).as_micros(),
            );
        }
        let mut codes = self.codes.borrow_mut();
        codes.push(compiled.address);
        Ok(Entry(codes.len() as u32 - 1))
    }

    fn request(&self, vm: &Vm, function: FnRef, entry: profile::Entry) -> Request {
        let id = function.id.0;
        let any = self.any_params.borrow().contains(&id);
        let frame = vm.current_frame();
        let params = (0..function.chunk.params).map(|at| match frame.tag(at) {
            found if found < 32 && !any && entry == profile::Entry::Call => Kinds::of_tag(found),
            _ => Kinds::ANY,
        });
        let params = params.collect();
        let functions = feedback::profiles(vm, &function, params, &self.poisoned.borrow());
        Request { function: id, entry, functions, limits: BuildLimits::default() }
    }

    fn dump(&self, function: FnRef, stage: &str, ir: &ir::Function) {
        if self.options.shows_ir() {
            eprintln!("[jit] {} {stage}:\n{}", function.info.name, ir::print::print(ir));
        }
    }

    /// Gives up code that has left too often; it is compiled again without what it left at.
    fn discard(&self, vm: &Vm) {
        let storms = std::mem::take(&mut self.context.borrow_mut().storms);
        for (owner, function, pc) in storms {
            self.poisoned.borrow_mut().entry(function).or_default().push(pc);
            if pc == 0 {
                self.any_params.borrow_mut().push(owner);
            }
            self.context.borrow_mut().entry_table[owner as usize] = 0;
            self.stats.borrow_mut().discarded += 1;
            if self.options.trace > 0 {
                eprintln!("[jit] discard f#{owner} (left at f#{function} pc={pc})");
            }
            if let Some(activation) = vm.activation(owner) {
                activation.entry.set(None);
                activation.loops.borrow_mut().clear();
                activation.ask.set(Some(activation.heat.get().saturating_add(1000)));
            }
        }
    }
}

impl Tier for Jit {
    fn hot_function(&self, vm: &Vm, function: FnRef) -> Verdict {
        self.compile(vm, function, profile::Entry::Call)
    }

    fn hot_loop(&self, vm: &Vm, function: FnRef, pc: usize) -> Verdict {
        let mut reports = self.reports.borrow_mut();
        let count = reports.entry((function.id.0, pc)).or_insert(0);
        *count += 1;
        if *count < LOOP_REPORTS {
            return Verdict::Later(1);
        }
        *count = 0;
        drop(reports);
        let frame = vm.current_frame();
        let tags = (0..function.chunk.registers).map(|at| frame.tag(at)).collect();
        self.compile(vm, function, profile::Entry::Loop { pc: pc as u32, tags })
    }

    fn enter(&self, vm: &mut Vm, entry: Entry, function: FnRef, fp: Fp) -> Outcome {
        let code = self.codes.borrow()[entry.0 as usize];
        let Some(enter) = self.store.borrow().as_ref().map(CodeStore::enter) else {
            return Outcome::Raised(Raise::bug("compiled code without a store"));
        };
        let closure = closure_below(fp);
        let (context, outside) = {
            let mut context = self.context.borrow_mut();
            let outside = (context.vm, context.entered_frame);
            context.vm = std::ptr::from_mut(vm) as u64;
            context.entered_frame = fp.address(0) as u64;
            context.stack_limit = crate::limits::stack::stack_limit() as u64 + STACK_MARGIN;
            context.slots_end = vm.registers_end(fp).address(0) as u64;
            context.module_table = vm.module_table() as u64;
            (std::ptr::from_mut(&mut **context), outside)
        };
        self.stats.borrow_mut().entered += 1;
        let pair = enter(context, fp, closure, code);
        let raised = {
            let mut context = self.context.borrow_mut();
            (context.vm, context.entered_frame) = outside;
            context.raised.take()
        };
        if !self.context.borrow().storms.is_empty() {
            self.discard(vm);
        }
        let _ = function;
        match pair.tag {
            tag::EXC => Outcome::Raised(raised.unwrap_or_else(|| Raise::bug("raised without an error"))),
            tag::EXIT => {
                let pc = (pair.payload & !exit::RAISED) as usize;
                match raised {
                    Some(raise) => Outcome::RaisedAt { pc, raise },
                    None => Outcome::Exit { pc },
                }
            }
            _ => Outcome::Returned(helpers::returned(pair)),
        }
    }
}

/// Instructions that must be compiled for each one left to the VM: entering the VM costs about as much as they save.
const WORTH: usize = 8;

/// Would the code spend its time entering the VM? Judged by its loops, or by all of it if it has none.
fn is_mostly_left_to_the_vm(ir: &ir::Function) -> bool {
    let cfg = ir::cfg::Cfg::new(ir);
    let looped: ahash::AHashSet<_> = cfg.loops.iter().flat_map(|found| found.blocks.iter().copied()).collect();
    let blocks = cfg.order.iter().filter(|block| looped.is_empty() || looped.contains(block));
    let (mut fallbacks, mut instructions) = (0, ahash::AHashSet::new());
    for inst in blocks.flat_map(|block| &ir.blocks[block.index()].insts) {
        fallbacks += usize::from(matches!(inst.kind, ir::InstKind::Fallback { .. }));
        instructions.insert(inst.pc);
    }
    instructions.len() < WORTH * fallbacks
}

/// Native stack that compiled code leaves to helpers.
const STACK_MARGIN: u64 = 64 << 10;

/// The closure object below a frame, if one is there.
fn closure_below(fp: Fp) -> u64 {
    match fp.below().get(0) {
        crate::value::Value::Closure(closure) => closure.address() as u64,
        _ => 0,
    }
}
