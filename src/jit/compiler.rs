//! From a request to finished code: one after the other, on whichever thread.
//!
//! Always holds: no value of the running program is touched here; a request is plain data, and so is what comes out.
use std::time::{Duration, Instant};

use ahash::AHashSet;

use super::code::{self, CallSite, CodeStore};
use super::ir::Expected;
use super::ir::{self, Kinds};
use super::listing::Listing;
use super::lower::ExitInfo;
use super::options::{Form, Options};
use super::policy::Place;
use super::profile::{Entry, Request};
use super::{build, opt};
use crate::bytecode::op::Op;

/// IR values of one code. Time to compile grows a little faster than this, and a function as long as that has its time in loops.
const MOST_VALUES: usize = 40_000;

/// Why a place stays in the VM.
#[derive(Clone, PartialEq, Debug)]
pub enum Refusal {
    /// Too many of its instructions would be left to the VM; these, by function and offset.
    MostlyVm(Vec<(u32, u32)>),
    /// It was given up too often.
    TooOften,
    /// The budget for code is used up.
    Budget,
    /// Its code would be too large.
    TooLarge,
    /// Building found no stable form.
    Build(&'static str),
    /// Cranelift would not.
    Backend(String),
    /// The compiler has a mistake.
    Panicked,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refusal::MostlyVm(_) => f.write_str("most of its work would be left to the VM"),
            Refusal::TooOften => f.write_str("its code was given up too often"),
            Refusal::Budget => f.write_str("the budget for code is used up"),
            Refusal::Build(reason) => f.write_str(reason),
            Refusal::TooLarge => f.write_str("its code would be too large; hot loops in it are compiled for themselves"),
            Refusal::Panicked => f.write_str("the compiler has a mistake"),
            Refusal::Backend(reason) => write!(f, "the code generator refused: {reason}"),
        }
    }
}

/// Finished code.
#[derive(Debug)]
pub struct Product {
    pub address: u64,
    /// Where callers enter that lend arguments in registers.
    pub lent_address: u64,
    /// Address of the way into it.
    pub trampoline: usize,
    /// Number of its first exit.
    pub first_exit: u64,
    /// For a loop: what its variables must hold where it is entered.
    pub expected: Box<[(u16, Expected)]>,
    /// For a loop: variables to be emptied before.
    pub emptied: Box<[u16]>,
    pub exits: Vec<ExitInfo>,
    pub calls: Vec<CallSite>,
    pub sizes: Sizes,
    pub times: Times,
    pub passes: opt::Summary,
    /// Instructions left to the VM, by function and offset.
    pub fallbacks: Vec<(u32, u32)>,
    /// Inlined calls: the function and how many instructions it has.
    pub inlined: Vec<(u32, usize)>,
    /// Kinds the parameters were speculated to be, or the slots of the loop.
    pub params: Vec<Kinds>,
}

#[derive(Clone, Copy, Default, Debug)]
pub struct Sizes {
    /// Bytecode instructions of the function.
    pub ops: usize,
    /// IR values.
    pub ir: usize,
    /// Bytes of machine code.
    pub code: usize,
}

/// Time of each phase.
#[derive(Clone, Copy, Default, Debug)]
pub struct Times {
    pub build: Duration,
    pub optimise: Duration,
    pub generate: Duration,
}

impl Times {
    pub fn total(&self) -> Duration {
        self.build + self.optimise + self.generate
    }
}

/// One request, and how it is to be treated.
#[derive(Debug)]
pub struct Job {
    pub place: Place,
    pub request: Request,
    /// See [`Policy::worth`](super::policy::Policy::worth).
    pub worth: usize,
}

impl Job {
    /// Instructions of the function to be compiled.
    pub fn size(&self) -> usize {
        self.request.functions.get(&self.request.function).map_or(0, |profile| profile.chunk.code.len())
    }
}

/// What came of a job.
#[derive(Debug)]
pub struct Finished {
    pub place: Place,
    /// What the code relies on: functions whose constants it may load.
    pub functions: Vec<u32>,
    /// What is to be shown of the code, as far as it came.
    pub listings: Vec<Listing>,
    pub result: Result<Product, Refusal>,
}

/// Makes code. Nothing of Cranelift is set up before the first job that gets as far.
pub struct Compiler {
    options: Options,
    store: Option<Box<CodeStore>>,
    next_exit: u64,
    flows: build::Flows,
}

impl Compiler {
    pub fn new(options: Options) -> Compiler {
        Compiler { options, store: None, next_exit: 0, flows: build::Flows::default() }
    }

    pub fn run(&mut self, job: Job) -> Finished {
        let functions = job.request.functions.keys().copied().collect();
        let mut listings = Vec::new();
        let result = self.compile(&job, &mut listings);
        Finished { place: job.place, functions, listings, result }
    }

    fn compile(&mut self, job: &Job, listings: &mut Vec<Listing>) -> Result<Product, Refusal> {
        let started = Instant::now();
        let mut ir = build::build(&job.request, &mut self.flows).map_err(Refusal::Build)?;
        let built = started.elapsed();
        if ir.values.len() > MOST_VALUES {
            return Err(Refusal::TooLarge);
        }
        let shows_ir = self.options.shows(Form::Ir);
        listings.extend(shows_ir.then(|| ir::print::list(&ir, "built")));
        let fallbacks = weigh(&ir, job.worth)?;
        ir.polls_often = self.options.fails_polls();
        let trace = self.options.trace;
        let (passes, cfg) = opt::optimise(&mut ir, |pass, ir| {
            if trace > 1 {
                eprintln!("[jit] after {pass}:\n{}", ir::print::print(ir));
            }
        });
        let optimised = started.elapsed();
        listings.extend(shows_ir.then(|| ir::print::list(&ir, "optimised")));
        let lists_code = self.options.lists_code();
        // Only code entered at the start may be called by itself.
        let own = (job.request.entry == Entry::Call).then_some(job.request.function);
        let first_exit = self.next_exit;
        let store = self.store()?;
        let compiled = store.compile(&ir, &cfg, own, first_exit, lists_code).map_err(|reason| {
            debug_assert!(!reason.contains("VerifierError"), "{reason}");
            Refusal::Backend(reason)
        })?;
        let trampoline = store.trampoline();
        self.next_exit += compiled.exits.len() as u64;
        listings.extend(compiled.listings.into_iter().filter(|listing| self.options.shows(listing.form)));
        let times = Times { build: built, optimise: optimised - built, generate: started.elapsed() - optimised };
        let sizes = Sizes { ops: job.size(), ir: ir.values.len(), code: compiled.bytes };
        let inlined = inlined(&ir, &job.request);
        let params = speculated(&job.request);
        Ok(Product {
            address: compiled.address,
            lent_address: compiled.lent_address,
            trampoline,
            first_exit,
            expected: ir.expected.into(),
            emptied: ir.emptied.into(),
            exits: compiled.exits,
            calls: compiled.calls,
            sizes,
            times,
            passes,
            fallbacks,
            inlined,
            params,
        })
    }

    fn store(&mut self) -> Result<&mut CodeStore, Refusal> {
        if self.store.is_none() {
            self.store = Some(self.new_store()?);
        }
        match self.store.as_mut() {
            Some(store) if store.bytes <= code::BUDGET => Ok(store),
            _ => Err(Refusal::Budget),
        }
    }

    /// A store takes pages, which are to be on the stack only while it is made.
    #[cold]
    #[inline(never)]
    fn new_store(&self) -> Result<Box<CodeStore>, Refusal> {
        let mut store = Box::new(CodeStore::new().map_err(Refusal::Backend)?);
        store.counts_checks = self.options.exit_every.is_some();
        store.counts_polls = self.options.fails_polls();
        store.counts_work = self.options.counts();
        Ok(store)
    }
}

/// Would the code spend its time entering the VM? Judged by the loop it is entered at; else by its loops, or by all of it if
/// it has none. Gives the instructions left to the VM there.
fn weigh(ir: &ir::Function, worth: usize) -> Result<Vec<(u32, u32)>, Refusal> {
    let insts = |block: &ir::BlockId| &ir.blocks[block.index()].insts;
    let is_left = |inst: &ir::Inst| matches!(inst.kind, ir::InstKind::Fallback { .. });
    if !ir.blocks.iter().flat_map(|block| &block.insts).any(is_left) {
        return Ok(Vec::new());
    }
    let cfg = ir::cfg::Cfg::new(ir);
    let hot = |found: &&ir::cfg::Loop| ir.entry.is_none() || ir.blocks[found.header.index()].loop_head == ir.entry;
    let looped: AHashSet<_> = cfg.loops.iter().filter(hot).flat_map(|found| found.blocks.iter().copied()).collect();
    let blocks = cfg.order.iter().filter(|block| looped.is_empty() || looped.contains(block));
    let (mut fallbacks, mut instructions) = (Vec::new(), AHashSet::new());
    for inst in blocks.flat_map(insts) {
        if let ir::InstKind::Fallback { exit, .. } = inst.kind
            && let Some(frame) = ir.states[exit.index()].frames.last()
        {
            fallbacks.push((frame.function, frame.pc));
        }
        instructions.insert(inst.origin.pc);
    }
    if instructions.len() < worth * fallbacks.len() { Err(Refusal::MostlyVm(fallbacks)) } else { Ok(fallbacks) }
}

/// What the entry expects of parameters, or of the slots of a loop.
fn speculated(request: &Request) -> Vec<Kinds> {
    match &request.entry {
        Entry::Call => request.functions.get(&request.function).map_or_else(Vec::new, |profile| profile.params.clone()),
        Entry::Loop { tags, .. } => tags.iter().map(|&tag| if tag < 32 { Kinds::of_tag(tag) } else { Kinds::ANY }).collect(),
    }
}

/// Functions that have become part of the code.
fn inlined(ir: &ir::Function, request: &Request) -> Vec<(u32, usize)> {
    let frames = ir.states.iter().flat_map(|state| state.frames.iter().skip(1));
    let mut functions: Vec<u32> = frames.map(|frame| frame.function).collect();
    functions.sort_unstable();
    functions.dedup();
    let size = |function: &u32| request.functions.get(function).map_or(0, |profile| profile.chunk.code.len());
    functions.iter().map(|function| (*function, size(function))).collect()
}

/// The name of an instruction left to the VM.
pub fn op_name(op: &Op) -> &'static str {
    op.info().name
}
