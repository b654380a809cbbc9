//! What compiled code and its helpers share while running: one per isolate.
use ahash::AHashMap;

use super::lower::{ExitInfo, context};
use crate::semantics::fault::Raise;

/// Functions with a place in the entry and constant tables; others are called through the VM.
pub const MAX_FUNCTIONS: usize = 1 << 16;

/// The context that compiled code reaches through its pinned register. Offsets are those of `lower::context`.
#[repr(C)]
pub struct Context {
    /// Address of the poll word.
    pub poll: u64,
    pub stack_limit: u64,
    pub slots_end: u64,
    pub module_table: u64,
    pub entries: u64,
    pub constants: u64,
    /// Address of the VM while compiled code runs.
    pub vm: u64,
    _reserved: u64,
    pub exit_buffer: [u64; context::EXIT_WORDS],
    /// Frame that compiled code was entered with from the VM.
    pub entered_frame: u64,
    /// What a helper has raised.
    pub raised: Option<Raise>,
    /// A panic of a helper: a mistake of ours, raised as such when compiled code has been left.
    pub entry_table: Box<[u64]>,
    pub constant_table: Box<[u64]>,
    /// By exit number.
    pub exits: Vec<Exit>,
    /// How often an instruction was left at.
    pub exit_counts: AHashMap<(u32, u32), u32>,
    /// Functions whose code is to be given up, with the function and instruction that left too often.
    pub storms: Vec<(u32, u32, u32)>,
    pub trace: bool,
}

/// An exit of finished code.
pub struct Exit {
    pub info: ExitInfo,
    /// `FnId` of the function that was compiled.
    pub owner: u32,
}

const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(Context, poll) == context::POLL as usize);
    assert!(offset_of!(Context, stack_limit) == context::STACK_LIMIT as usize);
    assert!(offset_of!(Context, slots_end) == context::SLOTS_END as usize);
    assert!(offset_of!(Context, module_table) == context::MODULE_TABLE as usize);
    assert!(offset_of!(Context, entries) == context::ENTRIES as usize);
    assert!(offset_of!(Context, constants) == context::CONSTANTS as usize);
    assert!(offset_of!(Context, exit_buffer) == context::EXIT_BUFFER as usize);
};

impl Context {
    pub fn new() -> Box<Context> {
        let mut context = Box::new(Context {
            poll: std::ptr::from_ref(crate::limits::poll_word()) as u64,
            stack_limit: 0,
            slots_end: 0,
            module_table: 0,
            entries: 0,
            constants: 0,
            vm: 0,
            _reserved: 0,
            exit_buffer: [0; context::EXIT_WORDS],
            entered_frame: 0,
            raised: None,
            entry_table: vec![0; MAX_FUNCTIONS].into_boxed_slice(),
            constant_table: vec![0; MAX_FUNCTIONS].into_boxed_slice(),
            exits: Vec::new(),
            exit_counts: AHashMap::new(),
            storms: Vec::new(),
            trace: false,
        });
        context.entries = context.entry_table.as_ptr() as u64;
        context.constants = context.constant_table.as_ptr() as u64;
        context
    }
}
