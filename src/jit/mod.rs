//! Machine code for hot code: ties the stages together and answers the VM.
//!
//! ```text
//!  policy ─► feedback ─► compiler (build ─► opt ─► lower ─► code) ─► entered by the VM, left through exit ─► policy
//! ```
//!
//! [`Jit`] lives on the program's thread and knows the VM; [`compiler`] works on plain data.
mod advice;
mod asm;
pub mod build;
pub mod code;
pub mod compiler;
mod dump;
pub mod exit;
pub mod explain;
pub mod feedback;
pub mod foresight;
pub mod helpers;
pub mod ir;
mod layout;
pub mod listing;
pub mod lower;
pub mod opt;
pub mod options;
pub mod perf_map;
pub mod policy;
pub mod profile;
pub mod queue;
pub mod runtime;
pub mod stats;
pub mod trace;

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;
use std::time::Instant;

use ahash::{AHashMap, AHashSet};

use crate::bytecode::chunk::Const;
use crate::bytecode::op::{Op, OperandKind};
use crate::semantics::fault::Raise;
use crate::value::layout::tag;
use crate::vm::After;
use crate::vm::Vm;
use crate::vm::compiled::LeftFrame;
use crate::vm::function::Activation;
use crate::vm::stack::{FnRef, Fp};
use crate::vm::tier::{Entry, Outcome, Patience, Tier, Verdict};
use compiler::{Finished, Job, Product, Refusal};
use ir::Kinds;
use lower::context::MAX_FUNCTIONS;
pub use options::Options;
use policy::{Decision, Ledger, Place, Policy, State};
use profile::{BuildLimits, Request};
use queue::Queue;
use runtime::{Code, Context, Exit};
use stats::Stats;
use trace::Trace;

/// The JIT of one isolate. Nothing of Cranelift is set up before the first hot function.
pub struct Jit {
    options: Options,
    policy: Policy,
    context: RefCell<Box<Context>>,
    queue: RefCell<Queue>,
    ledger: RefCell<Ledger>,
    /// The loops of each function that has had a hot one.
    loops: RefCell<AHashMap<u32, Box<[Range<u32>]>>>,
    /// When something was hot first.
    waiting_since: Cell<Option<Instant>>,
    has_begun: Cell<bool>,
    /// Functions that are part of some code of others.
    inlined: RefCell<AHashSet<u32>>,
    stats: RefCell<Stats>,
    trace: Trace,
    /// What was shown of code, if that is kept.
    dumped: RefCell<dump::Dumped>,
    /// Address of the way into compiled code.
    trampoline: Cell<usize>,
}

impl Jit {
    pub fn new(options: Options) -> Jit {
        let policy = Policy::new(&options);
        let mut context = Context::new();
        (context.storm, context.callee_storm, context.storms_in_all) = (policy.storm, policy.callee_storm, policy.storms);
        context.exit_every = options.exit_every.map_or(0, u64::from);
        context.countdown = context.exit_every;
        if options.churn {
            (context.churns, context.countdown) = (true, 1);
        }
        context.listens = options.counts();
        Jit {
            queue: RefCell::new(Queue::new(options.clone(), policy.waits)),
            policy,
            context: RefCell::new(context),
            ledger: RefCell::default(),
            loops: RefCell::default(),
            waiting_since: Cell::new(None),
            has_begun: Cell::new(false),
            inlined: RefCell::default(),
            stats: RefCell::default(),
            trace: Trace::new(options.trace, options.explain),
            dumped: RefCell::default(),
            trampoline: Cell::new(0),
            options,
        }
    }

    /// Counters so far.
    pub fn stats(&self, vm: &Vm) -> Stats {
        let mut stats = self.stats.borrow().clone();
        let context = self.context.borrow();
        // Answering an interrupt says nothing about the code.
        let by_itself = context.exits.iter().filter(|exit| exit.info.kind != lower::ExitKind::Poll);
        stats.exits = by_itself.map(|exit| u64::from(exit.taken)).sum();
        stats.forced_exits = context.forced;
        (stats.work_compiled, stats.work_vm) = (context.executed, vm.instructions());
        let caches = vm.caches();
        (stats.cache_hits, stats.cache_misses) = (caches.asked.saturating_sub(caches.missed), caches.missed);
        stats
    }

    /// Prints what is still to be shown, and the counters, if that was asked for.
    pub fn report(&self, vm: &Vm) {
        if !self.options.dump.is_empty() {
            self.collect(vm);
        }
        if self.options.stats || self.options.trace > 0 {
            eprintln!("{}", self.stats(vm));
        }
    }

    /// Something is hot, a loop or the start of a function: will the program run long enough for code to be worth its time?
    fn begins(&self, vm: &Vm, hot: Option<(FnRef, usize)>) -> bool {
        if self.waiting_since.get().is_none() {
            self.waiting_since.set(Some(Instant::now()));
        }
        if let Some(since) = self.waiting_since.get().filter(|_| !self.has_begun.get()) {
            self.has_begun.set(self.policy.begins.sees_enough(vm, since, hot));
        }
        self.has_begun.get()
    }

    /// A place is hot: what the VM is to do there.
    fn ask(&self, vm: &Vm, function: FnRef, place: Place, entry: impl FnOnce() -> profile::Entry) -> Verdict {
        if place.0 as usize >= MAX_FUNCTIONS || !self.options.compiles(&function.info.name) {
            return Verdict::Never;
        }
        self.collect(vm);
        let code = self.fitting_code(vm, place);
        let decision = self.ledger.borrow_mut().report(place, self.reports(&function, place), &self.policy, code);
        match decision {
            Decision::Enter(entry) => Verdict::Entry(entry),
            Decision::Wait(more) => Verdict::Later(more),
            Decision::Never => Verdict::Never,
            Decision::Compile => {
                let entry = entry();
                let params = self.params(vm, &function, &entry);
                self.submit(vm, place, self.request(vm, &function, entry, params));
                // Only what is compiled at once is there already.
                match self.ledger.borrow().state(place) {
                    State::Code(entry) => Verdict::Entry(self.fitting_code(vm, place).unwrap_or(entry)),
                    State::Pending | State::Resting => Verdict::Later(self.policy.patience.calls),
                    State::Refused => Verdict::Never,
                }
            }
        }
    }

    /// The code of a place that can be entered on the running frame.
    fn fitting_code(&self, vm: &Vm, place: Place) -> Option<Entry> {
        let (context, frame) = (self.context.borrow(), vm.current_frame());
        self.ledger.borrow().fitting(place, |entry| context.codes[entry.0 as usize].expects(frame))
    }

    /// Publishes what the compiler has finished.
    fn collect(&self, vm: &Vm) {
        loop {
            let finished = self.queue.borrow_mut().finished();
            let Some(finished) = finished else { return };
            self.publish(vm, finished);
        }
    }

    fn submit(&self, vm: &Vm, place: Place, request: Request) {
        self.queue.borrow_mut().submit(Job { place, request, worth: self.policy.worth });
        self.collect(vm);
    }

    /// What parameters of the running function are to be speculated to be.
    fn params(&self, vm: &Vm, function: &Activation, entry: &profile::Entry) -> Vec<Kinds> {
        let any = self.ledger.borrow().takes_any_params(function.id.0) || self.options.eager;
        let frame = vm.current_frame();
        let kinds = (0..function.chunk.params).map(|at| match frame.tag(at) {
            found if found < 32 && !any && *entry == profile::Entry::Call => Kinds::of_tag(found),
            _ => Kinds::ANY,
        });
        kinds.collect()
    }

    fn request(&self, vm: &Vm, function: &Activation, entry: profile::Entry, params: Vec<Kinds>) -> Request {
        let id = function.id.0;
        let ledger = self.ledger.borrow();
        let functions = feedback::profiles(vm, function, params, ledger.poisoned());
        let head = match &entry {
            profile::Entry::Call => None,
            profile::Entry::Loop { pc, .. } => Some(*pc),
        };
        let turning = head.is_some_and(|head| self.running_around(function, head).is_some());
        let limits = BuildLimits {
            leaves_unreached: !ledger.is_last((id, head), &self.policy),
            twice_size: if turning { usize::MAX } else { self.policy.twice_size },
            ..BuildLimits::default()
        };
        let exact_exits = ledger.is_exact((id, head));
        let careful = ledger.is_careful((id, head), &self.policy);
        Request { function: id, entry, functions, prelude: feedback::prelude(vm), limits, exact_exits, careful }
    }

    /// The functions in parameters that are called and never assigned: a loop gets code for these, unless it is the last code that it may have.
    fn functions_in(&self, function: &Activation, pc: u32, frame: Fp) -> Vec<(u16, u32)> {
        let place = (function.id.0, Some(pc));
        if self.ledger.borrow().codes(place).len() + 1 >= self.policy.variants {
            return Vec::new();
        }
        let held = |register| Some((register, runtime::function_of(frame.get(register))?));
        (0..function.chunk.params).filter(|register| is_callee(function.code(), *register)).filter_map(held).collect()
    }

    /// The frames of the exit that was taken.
    fn left_frames(&self, vm: &mut Vm, entry: Entry, fp: Fp, raise: Option<Raise>) -> Outcome {
        let info = {
            let mut context = self.context.borrow_mut();
            context.left.take().map(|number| {
                let info = context.exits[number].info.clone();
                let parts = exit::parts(&context, &info);
                (info, parts)
            })
        };
        let ends = info.as_ref().is_some_and(|(info, _)| info.kind == lower::ExitKind::Never);
        let ended = if ends { self.context.borrow().codes[entry.0 as usize].place.1 } else { None };
        match info.map(|(info, parts)| exit::left_frames(vm, &info, &parts, fp)) {
            Some(Ok(frames)) => Outcome::Left { frames, raise, ended },
            Some(Err(raise)) => Outcome::Raised(raise),
            None => Outcome::Raised(Raise::bug("left without an exit")),
        }
    }

    /// Makes finished code known to the VM and to other code.
    fn publish(&self, vm: &Vm, finished: Finished) {
        let Finished { place, functions, listings, result } = finished;
        self.show(vm, place, &listings);
        match result {
            Ok(product) => {
                self.trace.compiled(vm, place, &product);
                self.stats.borrow_mut().count(&product, place.1.is_some());
                if self.options.perf_map {
                    perf_map::note(product.address, product.sizes.code, &trace::name(vm, place));
                }
                let entry = self.install(vm, place, &functions, product);
                let is_special = self.context.borrow().codes[entry.0 as usize].is_special();
                self.ledger.borrow_mut().compiled(place, entry, is_special);
            }
            Err(reason) => {
                assert!(!cfg!(debug_assertions) || reason != Refusal::Panicked, "the compile thread has panicked");
                self.refuse(vm, place, &reason);
            }
        }
    }

    fn refuse(&self, vm: &Vm, place: Place, reason: &Refusal) {
        // What the VM has not met yet is left to it, and it may meet it later.
        let for_good = !matches!(reason, Refusal::MostlyVm(_));
        self.ledger.borrow_mut().refused(place, for_good, &self.policy);
        self.stats.borrow_mut().refuse(reason);
        self.trace.refused(vm, place, reason);
        self.show_refusal(vm, place, reason);
    }

    fn install(&self, vm: &Vm, place: Place, functions: &[u32], product: Product) -> Entry {
        self.trampoline.set(product.trampoline);
        self.inlined.borrow_mut().extend(product.inlined.iter().map(|(function, _)| *function));
        let mut context = self.context.borrow_mut();
        let tables = context.tables();
        for &known in functions {
            if let Some(activation) = vm.activation(known).filter(|_| (known as usize) < MAX_FUNCTIONS) {
                tables.set_constants(known, activation.constants.as_slice().as_ptr() as u64);
            }
        }
        let number = context.codes.len() as u32;
        let first = product.first_exit as usize;
        debug_assert_eq!(first, context.exits.len(), "code is published in the order of its exits");
        let exits = first..first + product.exits.len();
        context.exits.extend(product.exits.into_iter().map(|info| Exit { info: Rc::new(info), code: number, taken: 0 }));
        context.codes.push(Code {
            place,
            address: product.address,
            expected: product.expected,
            emptied: product.emptied,
            exits,
            failed: 0,
            given_up: false,
        });
        context.calls.extend(product.calls.into_iter().map(|call| (call.address, call.frames)));
        if place.1.is_none() {
            let arity = vm.activation(place.0).map_or(0, |function| function.exact_value.wrapping_add(1));
            context.tables().set_entry(place.0, product.address, product.lent_address);
            context.tables().set_arity(place.0, arity);
        }
        Entry(number)
    }

    /// Gives up code that has left too often; it is compiled again without what it left at.
    fn settle(&self, vm: &Vm) {
        let storms = std::mem::take(&mut self.context.borrow_mut().storms);
        for number in storms {
            let (place, left) = self.left_too_often(number);
            self.give_up(vm, number, place, &left);
        }
    }

    /// The place of a code, and the instructions that it left at too often, those with a mark in front of loops.
    /// If it is not known which, the next code of the place will know.
    fn left_too_often(&self, number: u32) -> (Place, Vec<(u32, u32)>) {
        let context = self.context.borrow();
        let code = &context.codes[number as usize];
        let often = context.exits[code.exits.clone()].iter().filter(|exit| exit.taken * 4 >= context.patience(&exit.info));
        let mut left = Vec::new();
        for exit in often {
            let Some(frame) = exit.info.frames.last() else { continue };
            match exit.info.kind {
                _ if exit.info.merged => self.ledger.borrow_mut().wants_exact(code.place),
                lower::ExitKind::Execute => left.push((frame.function, frame.pc)),
                lower::ExitKind::Front => {
                    let large = exit.info.guessed || exit.info.checks.contains(&lower::Check::Sum);
                    left.push((frame.function, frame.pc | if large { profile::LARGE } else { profile::FRONT }));
                }
                _ => {}
            }
        }
        (code.place, left)
    }

    fn give_up(&self, vm: &Vm, number: u32, place: Place, left: &[(u32, u32)]) {
        {
            let mut context = self.context.borrow_mut();
            let exits = context.codes[number as usize].exits.clone();
            let failed = context.exits[exits]
                .iter()
                .filter(|exit| exit.taken > 0 && exit.info.kind == lower::ExitKind::Execute && !exit.info.merged);
            let mut ledger = self.ledger.borrow_mut();
            failed.filter_map(|exit| exit.info.frames.last()).for_each(|frame| ledger.failed(frame.function, frame.pc));
            context.codes[number as usize].given_up = true;
            if place.1.is_none() {
                context.tables().set_entry(place.0, 0, 0);
            }
        }
        let rest = self.ledger.borrow_mut().discarded(place, Entry(number), left, &self.policy);
        self.stats.borrow_mut().discarded += 1;
        self.trace.given_up(vm, place, left, rest);
        if rest.is_none() {
            self.stats.borrow_mut().refuse(&Refusal::TooOften);
            self.trace.refused(vm, place, &Refusal::TooOften);
        }
        let Some(activation) = vm.activation(place.0) else { return };
        match place.1 {
            None => {
                activation.entry.set(None);
                activation.ask.set(rest.map(|rest| activation.heat.get().saturating_add(rest)));
            }
            Some(head) => activation.loops.borrow_mut().retain(|(pc, _)| *pc != head as usize),
        }
    }

    /// Reports of many calls before a function is compiled first.
    fn call_reports(&self, function: u32, code: &[Op]) -> u32 {
        match is_small(code) {
            true if self.inlined.borrow().contains(&function) => self.policy.small_reports * self.policy.inlined_reports,
            true => self.policy.small_reports,
            false => 1,
        }
    }

    /// Reports of heat before a place is compiled first.
    fn reports(&self, function: &Activation, place: Place) -> u32 {
        let code = function.code();
        let Some(head) = place.1 else { return self.call_reports(place.0, code) };
        let mut loops = self.loops.borrow_mut();
        let loops = loops.entry(place.0).or_insert_with(|| build::loops(code).collect());
        let found = loops.iter().find(|range| range.start == head);
        let range = found.map_or(0..0, |range| range.start as usize..range.end as usize);
        let is_runtime_work = policy::is_runtime_work(&code[range]);
        let is_inner = loops.iter().any(|range| range.start < head && range.contains(&head));
        let reports = if is_inner { self.policy.inner_reports } else { self.policy.loop_reports };
        reports * if is_runtime_work { self.policy.runtime_reports } else { 1 }
    }

    /// The outermost loop around the one with its head at `pc` that has made some turns.
    fn running_around(&self, function: &Activation, pc: u32) -> Option<u32> {
        if self.policy.outer_turns == u32::MAX {
            return None;
        }
        let mut loops = self.loops.borrow_mut();
        let loops = loops.entry(function.id.0).or_insert_with(|| build::loops(function.code()).collect());
        let around = loops.iter().take_while(|range| range.start < pc).filter(|range| range.contains(&pc));
        around.map(|range| range.start).find(|head| function.turns(*head) >= self.policy.outer_turns)
    }

    /// Is this a loop of fewer turns in a call in a function of so many calls? Then the calls to come are worth more than the one at hand.
    fn is_short(&self, function: FnRef, pc: u32, (many_calls, few_turns): (u32, u32)) -> bool {
        let (calls, turns) = (function.heat.get(), function.turns(pc));
        self.policy.outer_turns != u32::MAX
            && calls >= many_calls
            && turns / calls < few_turns
            && self.options.compiles(&function.info.name)
    }

    /// Is the function small enough to become part of a loop that calls it and has made some turns? Then that is compiled instead,
    /// and the function perhaps never.
    fn caller_comes_first(&self, vm: &Vm, function: FnRef, pc: u32) -> bool {
        let Some((caller, at)) = vm.caller().filter(|(caller, _)| may_be_inlined(&function, caller)) else { return false };
        let Some(head) = self.running_around(&caller, at as u32).filter(|_| caller.id != function.id) else { return false };
        if !self.options.compiles(&caller.info.name) {
            return false;
        }
        let (inner, outer) = ((function.id.0, Some(pc)), (caller.id.0, Some(head)));
        let waits = self.ledger.borrow_mut().yields(inner, outer, &self.policy);
        if waits {
            caller.report_loop_next(head);
        }
        waits
    }

    /// The code to enter on a frame: another one of the same loop, if its variables are of other kinds than this one expects;
    /// nothing if there is none, and then the VM asks at the next turn that is counted.
    fn fitting(&self, vm: &Vm, entry: Entry, fp: Fp) -> Option<Entry> {
        let context = self.context.borrow();
        let code = &context.codes[entry.0 as usize];
        if code.expects(fp) {
            return Some(entry);
        }
        let (function, head) = code.place;
        if let (Some(activation), Some(head)) = (vm.activation(function), head) {
            activation.loops.borrow_mut().retain(|(pc, _)| *pc != head as usize);
        }
        self.ledger.borrow().fitting(code.place, |other| context.codes[other.0 as usize].expects(fp))
    }

    /// The frame as it is, to go on with in the VM.
    fn not_entered(&self, vm: &mut Vm, entry: Entry, fp: Fp) -> Outcome {
        let (function, head) = self.context.borrow().codes[entry.0 as usize].place;
        match vm.function_ref(function) {
            Ok(function) => Outcome::Left {
                frames: vec![LeftFrame { function, fp, pc: head.unwrap_or(0) as usize, after: After::Store, lent: None }],
                raise: None,
                ended: None,
            },
            Err(raise) => Outcome::Raised(raise),
        }
    }

    /// For tests: gives up the code just left.
    fn churn(&self, vm: &Vm, entry: Entry) {
        let place = self.context.borrow().codes[entry.0 as usize].place;
        if self.ledger.borrow().has_code(place, entry) {
            self.give_up(vm, entry.0, place, &[]);
        }
    }
}

impl Tier for Jit {
    fn patience(&self) -> Patience {
        self.policy.patience
    }

    fn counts_work(&self) -> bool {
        self.options.counts()
    }

    fn hot_function(&self, vm: &Vm, function: FnRef) -> Verdict {
        if !self.begins(vm, None) {
            return Verdict::Later(1);
        }
        self.ask(vm, function, (function.id.0, None), || profile::Entry::Call)
    }

    fn hot_loop(&self, vm: &Vm, function: FnRef, pc: usize) -> Verdict {
        if !self.begins(vm, Some((function, pc))) {
            return Verdict::Later(1);
        }
        let pc = pc as u32;
        let Policy { many_calls, few_turns, several_calls, some_turns, .. } = self.policy;
        if self.is_short(function, pc, (many_calls, few_turns)) && self.caller_comes_first(vm, function, pc) {
            return Verdict::Later(1);
        }
        if self.is_short(function, pc, (several_calls, some_turns))
            && self.ledger.borrow_mut().yields_to_call((function.id.0, Some(pc)), &self.policy)
        {
            function.report_call_next();
            return Verdict::Later(1);
        }
        if let Some(head) = self.running_around(&function, pc) {
            let id = function.id.0;
            if self.ledger.borrow_mut().yields((id, Some(pc)), (id, Some(head)), &self.policy) {
                function.report_loop_next(head);
                return Verdict::Later(1);
            }
        }
        self.ask(vm, function, (function.id.0, Some(pc)), || {
            let frame = vm.current_frame();
            let registers = 0..function.chunk.registers;
            let negative = registers.clone().filter(|at| frame.int(*at).is_some_and(|int| int < 0)).collect();
            let tags = registers.map(|at| frame.tag(at)).collect();
            profile::Entry::Loop { pc, tags, negative, functions: self.functions_in(&function, pc, frame) }
        })
    }

    fn enter(&self, vm: &mut Vm, entry: Entry, fp: Fp) -> Outcome {
        let Some(entry) = self.fitting(vm, entry, fp) else { return self.not_entered(vm, entry, fp) };
        let closure = closure_below(fp);
        let (context, outside, address) = {
            let mut context = self.context.borrow_mut();
            let outside = (context.vm, context.entered_frame);
            context.vm = std::ptr::from_mut(vm) as u64;
            context.entered_frame = fp.address(0) as u64;
            context.stack_limit = crate::limits::stack::stack_limit() as u64 + STACK_MARGIN;
            context.slots_end = vm.registers_end(fp).address(0) as u64;
            context.module_table = vm.module_table() as u64;
            let lists = crate::value::heap::free_lists();
            (context.free_blocks, context.live_objects) = (lists.heads as u64, lists.live as u64);
            let code = &context.codes[entry.0 as usize];
            code.emptied.iter().for_each(|register| fp.clear_nulling(*register, 1));
            let address = code.address;
            (std::ptr::from_mut(&mut **context), outside, address)
        };
        self.stats.borrow_mut().entered += 1;
        let pair = code::enter(self.trampoline.get(), context, fp, closure, address);
        let raised = {
            let mut context = self.context.borrow_mut();
            (context.vm, context.entered_frame) = outside;
            context.raised.take()
        };
        if self.options.churn && self.context.borrow_mut().random().is_multiple_of(4) {
            self.churn(vm, entry);
        }
        match pair.tag {
            tag::EXC => Outcome::Raised(raised.unwrap_or_else(|| Raise::bug("raised without an error"))),
            tag::EXIT => self.left_frames(vm, entry, fp, raised),
            _ => Outcome::Returned(helpers::returned(pair)),
        }
    }

    fn left(&self, vm: &Vm, exit: usize, fp: Fp) {
        let context = self.context.borrow();
        let taken = &context.exits[exit];
        if context.listens
            && matches!(taken.info.kind, lower::ExitKind::Execute | lower::ExitKind::Front | lower::ExitKind::Unreached)
        {
            let (check, why) = trace::failed_check(vm, &taken.info, fp);
            self.stats.borrow_mut().left(check);
            self.trace.left(vm, context.codes[taken.code as usize].place, exit, taken, check, &why);
        }
        drop(context);
        self.settle(vm);
    }
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

/// Is what the register holds called, and never another value?
fn is_callee(code: &[Op], register: u16) -> bool {
    let copied = |op: &Op| match *op {
        Op::Move { dst, src } if src == register => Some(dst),
        _ => None,
    };
    let copies: AHashSet<u16> = code.iter().filter_map(copied).collect();
    let calls_copy = |op: &Op| matches!(*op, Op::CallValue { base, .. } if base > 0 && copies.contains(&(base - 1)));
    let is_written = |op: &Op| {
        let mut found = false;
        op.operands(|kind, value| found |= kind == OperandKind::Write && value == i64::from(register));
        found
    };
    code.iter().any(calls_copy) && !code.iter().any(is_written)
}

/// May a function with a loop become part of this caller? A longer one only if it is handed a function that the caller knows.
fn may_be_inlined(function: &Activation, caller: &Activation) -> bool {
    let chunk = &caller.chunk;
    let knows = || !chunk.closures.is_empty() || chunk.constants.iter().any(|constant| matches!(constant, Const::Func(_)));
    let code = function.code();
    is_small(code) && (code.len() <= BuildLimits::default().loop_size || knows())
}

/// May the function become part of its callers?
fn is_small(code: &[Op]) -> bool {
    code.len() <= BuildLimits::default().inline_size
}
