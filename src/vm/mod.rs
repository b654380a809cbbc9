//! The virtual machine: runs bytecode on one contiguous stack of registers.
//!
//! ```text
//!  unit (loaded programs) ──► function (chunk + caches + feedback)
//!                                   │
//!  dispatch (the loop) ── fast paths on stack (raw registers)
//!     │ cold: operate · access · place · literal · pattern · iterate · call · method · unwind
//!     └ tier (the border to the JIT)
//! ```
//!
//! * The running frame is [`Here`]: function, next instruction, registers. Suspended frames are [`Frame`] records.
//! * Everything rare is a method of [`Vm`] that finds the frame in `self.here` and may change it (a call pushes a frame); the
//!   dispatch loop keeps `here` in local variables and saves it before, loads it after such a method.
//! * User code that a builtin or a deep operation calls runs in a nested `run`; operators and calls push a frame instead.
mod access;
mod call;
mod cells;
pub mod compiled;
mod dispatch;
mod engine;
mod fast;
pub mod feedback;
pub mod function;
mod iterate;
mod literal;
mod method;
pub(crate) mod operate;
pub mod pattern;
mod place;
mod places;
mod run;
mod sample;
mod single;
pub mod stack;
pub mod tier;
mod unit;
mod unwind;

use std::sync::Arc;

use crate::builtins;
use crate::host::Host;
use crate::limits;
use crate::semantics::fault::{Fault, Raise, faults};
use crate::value::isolate::Isolate;
use crate::value::{CellRef, FnId, Value};
use function::Activation;
pub(crate) use iterate::STEPPED;
use stack::{FnRef, Fp, Home, Ip, Stack};
use tier::Tier;
pub use unit::{Code, EnumUnit, Export, ModuleUnit, StructUnit, Unit};

/// Registers reserved per frame of the depth limit, and the least that is reserved.
const SLOTS_PER_FRAME: usize = 64;
const LEAST_SLOTS: usize = (64 << 20) / size_of::<Value>();
/// Frames above the limit that a handler of `Stack overflow` may use.
const RESERVE_FRAMES: usize = 256;

/// How a VM is set up.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Most frames.
    pub max_depth: usize,
    /// Units of fuel; `None` for no limit.
    pub fuel: Option<u64>,
    /// Check each chunk before it runs; debug builds always do.
    pub verify: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { max_depth: 20_000, fuel: None, verify: cfg!(debug_assertions) }
    }
}

/// The running frame.
#[derive(Clone, Copy, Debug)]
struct Here {
    func: FnRef,
    ip: Ip,
    fp: Fp,
}

/// A frame that waits for the one above it.
struct Frame {
    here: Here,
    /// Receives the result.
    dst: u16,
    /// What else there is to do with it; 0 for nothing.
    flags: u8,
    after: After,
}

/// Flags of a frame: what the call it waits for needs when it ends.
mod flag {
    /// The frame is the foot of a nested `run`.
    pub const FOOT: u8 = 1;
    /// The called closure, in the register below the callee's frame, is dropped.
    pub const CLOSURE: u8 = 2;
    /// The callee's `self` goes back to the place of the last loan.
    pub const LOAN: u8 = 4;
    /// The result goes through `after`.
    pub const AFTER: u8 = 8;
    /// The result is dropped.
    pub const DROP: u8 = 16;
    /// The callee's `self` is a copy from a place that may not be changed.
    pub const READONLY: u8 = 32;
    /// The callee's `self` stays in its register 0: compiled code has lent it and takes it back from there.
    pub const KEEP: u8 = 64;
}

/// What an operator does with the result of the method that overloads it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum After {
    Store,
    Truthy,
    NotTruthy,
    /// A fused comparison jumps by it.
    Branch,
    /// The opposite of its truth decides a fused comparison.
    BranchNot,
}

/// A `self` away from its place.
struct Loan {
    /// Where it goes back to.
    home: LoanHome,
    /// The variable whose value the place is part of, if others could reach it meanwhile, and its value.
    root: Option<(SharedRoot, Value)>,
    /// Function and method site of the call, for faults of those who touch the variable meanwhile; none of a register, which nobody can.
    by: Option<(FnRef, u16)>,
}

enum LoanHome {
    /// A register, or a place inside a value that the caller owns alone.
    Place(Home),
    /// The whole variable.
    Root(SharedRoot),
}

/// A variable that several functions can reach.
#[derive(Clone)]
enum SharedRoot {
    Cell(CellRef),
    /// Index in the isolate's table.
    Module(usize),
}

/// The virtual machine of one isolate.
pub struct Vm {
    here: Here,
    frames: Vec<Frame>,
    loans: Vec<Loan>,
    depth_limit: usize,
    max_depth: usize,
    stack_end: Fp,
    units: Vec<Arc<Unit>>,
    code: Box<dyn Code>,
    isolate: Isolate,
    host: Box<Host>,
    tier: Option<std::rc::Rc<dyn Tier>>,
    /// Errors that `finally` blocks hold up.
    pending: Vec<Option<Box<Fault>>>,
    /// Where errors were raised.
    places: places::Places,
    /// The next fault has its entry for the frame it is raised in already.
    traced: bool,
    fuel: Option<u64>,
    verify: bool,
    /// What compiled code has returned from the foot of a nested run.
    finished: Option<Value>,
    /// The head of the loop that a cold instruction has jumped back to, when it was counted often.
    hot_edge: Option<stack::Ip>,
    functions: Vec<Option<Box<Activation>>>,
    /// Bodies of builtins written in Ruff, once called.
    prelude: Vec<Option<FnId>>,
    /// Module bodies that have run.
    imported: Vec<bool>,
    /// Whether a profiler recorded when this VM was made: its wishes are then looked for.
    sampled: bool,
    /// Whether the running loop is the watched one, which counts what its caches know.
    watched: bool,
    /// What was due when the running method that may take long began, if a wish was there already. A nested run may have taken it.
    wanted: Option<u64>,
    /// The loop has ended only to go on as one that looks for wishes in the other way.
    switches: bool,
    /// The loop is to be left with the raise that is about to be unwound: it has been already, or is none.
    leaves: bool,
    /// The builtin that compiled code was in when a wish came; granted when compiled code polls.
    late: Option<sample::Late>,
    /// Whether instructions are counted, which takes the slower loop.
    counts: bool,
    /// Instructions that loop has executed.
    instructions: u64,
    caches: feedback::CacheCounts,
    /// Keeps `here` valid between runs.
    _idle: Box<Activation>,
    // Dropped last: frames and caches point into it.
    stack: Stack,
}

impl Vm {
    pub fn new(code: Box<dyn Code>, isolate: Isolate, host: Box<Host>, options: Options) -> Result<Vm, Raise> {
        let slots = LEAST_SLOTS.max(options.max_depth.saturating_mul(SLOTS_PER_FRAME));
        let Some(stack) = Stack::reserve(slots) else { return Err(faults::stack_overflow()) };
        let idle = Box::new(idle()?);
        let func = FnRef::new(&idle);
        Ok(Vm {
            here: Here { func, ip: Ip::start(idle.code()), fp: stack.start() },
            frames: Vec::with_capacity(64),
            loans: Vec::new(),
            depth_limit: options.max_depth,
            max_depth: options.max_depth,
            // A function's frame may begin right before the end; its size is checked against it.
            stack_end: stack.end(),
            units: Vec::new(),
            code,
            isolate,
            host,
            tier: None,
            pending: Vec::new(),
            places: places::Places::default(),
            traced: false,
            fuel: options.fuel,
            verify: options.verify,
            finished: None,
            hot_edge: None,
            functions: Vec::new(),
            prelude: vec![None; builtins::N_BUILTINS],
            imported: Vec::new(),
            sampled: limits::sample::active(),
            watched: false,
            wanted: None,
            switches: false,
            leaves: false,
            late: None,
            counts: false,
            instructions: 0,
            caches: feedback::CacheCounts::default(),
            _idle: idle,
            stack,
        })
    }

    /// Lets a tier compile what becomes hot.
    pub fn set_tier(&mut self, tier: std::rc::Rc<dyn Tier>) {
        self.counts = tier.counts_work();
        self.tier = Some(tier);
    }

    /// Makes the functions of a unit callable and its module variables known.
    pub fn load(&mut self, unit: Arc<Unit>) {
        let end = unit.base as usize + unit.infos.len();
        if self.functions.len() < end {
            self.functions.resize_with(end, || None);
        }
        self.isolate.grow(unit.first_var as usize + unit.vars.len());
        self.units.push(unit);
    }

    /// Runs the top level of module `module` of the last unit loaded.
    pub fn run_module(&mut self, unit: &Arc<Unit>, module: usize) -> Result<Value, Raise> {
        self.call_function(unit.modules[module].body, &mut [])
    }

    /// Calls a function of a loaded unit with arguments for all its parameters.
    pub fn call_function(&mut self, function: FnId, args: &mut [Value]) -> Result<Value, Raise> {
        crate::semantics::step::Callback::call(self, &Value::function(function), args)
    }

    pub fn isolate_mut(&mut self) -> &mut Isolate {
        &mut self.isolate
    }

    pub fn host_mut(&mut self) -> &mut Host {
        &mut self.host
    }

    /// Ends the VM, giving back what it was made with.
    pub fn into_parts(self) -> (Isolate, Box<Host>) {
        (self.isolate, self.host)
    }

    /// The function with this id, compiled now if it was never called.
    fn function(&mut self, id: FnId) -> Result<FnRef, Raise> {
        if let Some(Some(found)) = self.functions.get(id.0 as usize) {
            return Ok(FnRef::new(found));
        }
        self.new_function(id)
    }

    #[cold]
    #[inline(never)]
    fn new_function(&mut self, id: FnId) -> Result<FnRef, Raise> {
        limits::stack::check().map_err(|_| faults::stack_overflow())?;
        let Some(unit) = self.unit_of(id) else { return Err(Raise::bug(format!("function {} is in no unit", id.0))) };
        let chunk = self.code.chunk(id).map_err(faults::raised)?;
        if self.verify
            && let Err(violation) = crate::bytecode::verify::verify(&chunk)
        {
            return Err(Raise::bug(format!("{}, instruction {}: {}", chunk.name, violation.pc, violation.what)));
        }
        let patience = self.tier.as_ref().map(|tier| tier.patience());
        let activation = Box::new(Activation::new(id, unit, chunk, patience)?);
        let found = FnRef::new(&activation);
        self.functions[id.0 as usize] = Some(activation);
        Ok(found)
    }

    fn unit_of(&self, id: FnId) -> Option<Arc<Unit>> {
        let inside =
            |unit: &&Arc<Unit>| (unit.base as usize..unit.base as usize + unit.infos.len()).contains(&(id.0 as usize));
        self.units.iter().find(inside).cloned()
    }

    /// The registers above everything the running frame uses.
    fn free_window(&self) -> Fp {
        self.here.fp.above(usize::from(self.here.func.registers))
    }

    /// Charges fuel.
    fn burn(&mut self) -> Result<(), Raise> {
        match &mut self.fuel {
            Some(0) => Err(Raise::Stop(crate::semantics::fault::Stop::Fuel)),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// A function that is never run, for `here` to point at while nothing runs.
fn idle() -> Result<Activation, Raise> {
    use crate::bytecode::chunk::{Chunk, SelfKind};
    use crate::bytecode::op::Op;
    let chunk = Chunk {
        name: Box::from("<idle>"),
        func: 0,
        source: crate::source::SourceId::default(),
        name_span: crate::source::Span::default(),
        code: vec![Op::ReturnNull {}],
        spans: Vec::new(),
        params: 0,
        locals: 0,
        registers: 0,
        self_kind: SelfKind::None,
        handlers: Vec::new(),
        constants: Vec::new(),
        names: Vec::new(),
        functions: Vec::new(),
        closures: Vec::new(),
        fields: Vec::new(),
        methods: Vec::new(),
        calls: Vec::new(),
        literals: Vec::new(),
        paths: Vec::new(),
        templates: Vec::new(),
        structs: Vec::new(),
        variants: Vec::new(),
        tests: Vec::new(),
        parts: Vec::new(),
        local_names: Vec::new(),
    };
    let unit = Unit { infos: Box::new([Arc::default()]), ..Unit::default() };
    Activation::new(FnId(0), Arc::new(unit), Arc::new(chunk), None)
}
