//! What compiled code and its helpers share while running: one per isolate.
use std::ops::Range;
use std::rc::Rc;

use ahash::AHashMap;

use super::helpers::Pair;
use super::ir::Expected;
use super::lower::{Check, ExitInfo, context};
use super::policy::Place;
use crate::semantics::fault::Raise;
use crate::value::Value;
use crate::value::layout::tag;
use crate::vm::stack::Fp;

/// The context that compiled code reaches through its pinned register. Offsets are those of `lower::context`.
#[repr(C)]
pub struct Context {
    pub stack_limit: u64,
    pub slots_end: u64,
    pub module_table: u64,
    pub entries: u64,
    pub constants: u64,
    /// Address of the VM while compiled code runs.
    pub vm: u64,
    /// Checks to be made until one fails on purpose, where code counts them.
    pub countdown: u64,
    /// Number of the exit being taken.
    pub exit_number: u64,
    pub exit_buffer: [u64; context::EXIT_WORDS],
    /// Bytecode instructions executed, in code that counts them.
    pub executed: u64,
    /// Addresses of this thread's free blocks by size, and of its count of objects.
    pub free_blocks: u64,
    pub live_objects: u64,
    /// What a helper that keeps all registers has given.
    pub result: u64,
    pub arities: u64,
    pub lent_entries: u64,
    /// Tags and payloads of the parts of an array that a function has returned: values whose owner is whoever takes them.
    pub parts: [Pair; context::MOST_PARTS],
    /// Frame that compiled code was entered with from the VM.
    pub entered_frame: u64,
    /// What a helper has raised.
    pub raised: Option<Raise>,
    /// Where interpolated strings are put together.
    pub text: String,
    /// The exit that has left the code entered from the VM.
    pub left: Option<usize>,
    tables: Tables,
    /// By exit number.
    pub exits: Vec<Exit>,
    /// By number of the code.
    pub codes: Vec<Code>,
    /// Frames of calls of compiled code by compiled code, by return address.
    pub calls: AHashMap<u64, Box<[(u32, u32)]>>,
    /// Numbers of codes that are to be given up.
    pub storms: Vec<u32>,
    /// Exits taken because the countdown had run out.
    pub forced: u64,
    /// Failed checks at one instruction, at a call of functions, and in one code, after which it is given up.
    pub storm: u32,
    pub callee_storm: u32,
    pub storms_in_all: u32,
    /// The tier hears of every failed check.
    pub listens: bool,
    /// What the countdown starts from; 0 if nothing is counted.
    pub exit_every: u64,
    /// Polls fail at random, and code is given up there.
    pub churns: bool,
    random: u64,
}

/// What code asks of functions by their numbers.
#[derive(Default)]
pub struct Tables {
    /// Addresses of code; behind them those for callers that lend arguments, and those of constants: one block, of which the system
    /// makes what is written.
    entries: Box<[u64]>,
    /// How many arguments a function with code takes, as [`context::ARITIES`] says.
    arities: Box<[u16]>,
}

impl Tables {
    fn new() -> Tables {
        let entries = vec![0; 3 * context::MAX_FUNCTIONS].into_boxed_slice();
        Tables { entries, arities: vec![0; context::MAX_FUNCTIONS].into_boxed_slice() }
    }

    fn lent_entries(&self) -> &[u64] {
        &self.entries[context::MAX_FUNCTIONS..]
    }

    fn constants(&self) -> &[u64] {
        &self.entries[2 * context::MAX_FUNCTIONS..]
    }

    /// Where a function's code is entered, with its arguments in slots and with some lent; 0 if it has none.
    pub fn set_entry(&mut self, function: u32, address: u64, lent_address: u64) {
        self.entries[function as usize] = address;
        self.entries[context::MAX_FUNCTIONS + function as usize] = lent_address;
    }

    pub fn set_constants(&mut self, function: u32, address: u64) {
        self.entries[2 * context::MAX_FUNCTIONS + function as usize] = address;
    }

    pub fn set_arity(&mut self, function: u32, arity: u16) {
        self.arities[function as usize] = arity;
    }
}

/// An exit of finished code.
pub struct Exit {
    /// Shared with the one who is leaving by it.
    pub info: Rc<ExitInfo>,
    /// Number of the code.
    pub code: u32,
    /// How often it was taken.
    pub taken: u32,
}

/// Finished code.
pub struct Code {
    pub place: Place,
    pub address: u64,
    /// For a loop: what it expects in variables.
    pub expected: Box<[(u16, Expected)]>,
    /// For a loop: variables that it does not want, to be emptied before.
    pub emptied: Box<[u16]>,
    /// Its exits, by number.
    pub exits: Range<usize>,
    /// Checks that failed in it.
    pub failed: u32,
    pub given_up: bool,
}

impl Code {
    /// Is it made for certain functions in parameters?
    pub fn is_special(&self) -> bool {
        self.expected.iter().any(|(_, expected)| matches!(expected, Expected::Function(_)))
    }

    /// May it be entered on this frame?
    pub fn expects(&self, frame: Fp) -> bool {
        self.expected.iter().all(|(register, expected)| {
            let found = frame.tag(*register);
            match expected {
                Expected::Scalar(tag) => found == *tag,
                Expected::Function(function) => function_of(frame.get(*register)) == Some(*function),
                Expected::Other => !(tag::BOOL..=tag::FLOAT).contains(&found),
            }
        })
    }
}

/// The function that a value is or is a closure of.
pub fn function_of(value: &Value) -> Option<u32> {
    match value {
        Value::Fn0(function) => Some(function.0),
        Value::Closure(closure) => (!closure.is_bound()).then(|| closure.func().0),
        _ => None,
    }
}

const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(Context, stack_limit) == context::STACK_LIMIT as usize);
    assert!(offset_of!(Context, slots_end) == context::SLOTS_END as usize);
    assert!(offset_of!(Context, module_table) == context::MODULE_TABLE as usize);
    assert!(offset_of!(Context, entries) == context::ENTRIES as usize);
    assert!(offset_of!(Context, constants) == context::CONSTANTS as usize);
    assert!(offset_of!(Context, countdown) == context::COUNTDOWN as usize);
    assert!(offset_of!(Context, free_blocks) == context::FREE_BLOCKS as usize);
    assert!(offset_of!(Context, live_objects) == context::LIVE_OBJECTS as usize);
    assert!(offset_of!(Context, result) == context::RESULT as usize);
    assert!(offset_of!(Context, arities) == context::ARITIES as usize);
    assert!(offset_of!(Context, lent_entries) == context::LENT_ENTRIES as usize);
    assert!(offset_of!(Context, parts) == context::PARTS as usize);
    assert!(offset_of!(Context, exit_number) == context::EXIT_NUMBER as usize);
    assert!(offset_of!(Context, executed) == context::EXECUTED as usize);
    assert!(offset_of!(Context, exit_buffer) == context::EXIT_BUFFER as usize);
};

const TAG_CLOSURE: u8 = tag::CLOSURE as u8;

impl Context {
    pub fn new() -> Box<Context> {
        Box::new(Context {
            stack_limit: 0,
            slots_end: 0,
            module_table: 0,
            entries: 0,
            constants: 0,
            vm: 0,
            countdown: 0,
            exit_number: 0,
            exit_buffer: [0; context::EXIT_WORDS],
            executed: 0,
            free_blocks: 0,
            live_objects: 0,
            result: 0,
            arities: 0,
            lent_entries: 0,
            parts: [Pair::NULL; context::MOST_PARTS],
            entered_frame: 0,
            raised: None,
            text: String::new(),
            left: None,
            tables: Tables::default(),
            exits: Vec::new(),
            codes: Vec::new(),
            calls: AHashMap::new(),
            storms: Vec::new(),
            forced: 0,
            storm: u32::MAX,
            callee_storm: u32::MAX,
            storms_in_all: u32::MAX,
            listens: false,
            exit_every: 0,
            churns: false,
            random: 0x9e37_79b9_7f4a_7c15,
        })
    }

    /// The tables, to be written: they are made when code is published first, since only code reads them.
    pub fn tables(&mut self) -> &mut Tables {
        if self.entries == 0 {
            self.tables = Tables::new();
            self.entries = self.tables.entries.as_ptr() as u64;
            self.lent_entries = self.tables.lent_entries().as_ptr() as u64;
            self.constants = self.tables.constants().as_ptr() as u64;
            self.arities = self.tables.arities.as_ptr() as u64;
        }
        &mut self.tables
    }

    /// Failures of an exit's check after which its code is given up.
    pub fn patience(&self, info: &ExitInfo) -> u32 {
        let is_callee = |check: &Check| matches!(check, Check::Callee | Check::Tag(TAG_CLOSURE));
        let calls = !info.merged && info.checks.contains(&Check::Callee) && info.checks.iter().all(is_callee);
        if calls { self.callee_storm } else { self.storm }
    }

    /// For tests: the next number, always the same ones.
    pub fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }
}
