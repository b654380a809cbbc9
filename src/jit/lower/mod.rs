//! IR → Cranelift IR: each instruction to its machine operations, without decisions.
//!
//! Convention of compiled code: `fn(fp, closure, unboxed parameters…) -> (tag, payload)`; `fp` is the frame's first slot,
//! `closure` the running closure object or 0; code with unboxed parameters has an entry in front of it that takes all of them
//! from their slots; the pinned register holds the [`Context`](super::context) of the isolate. A check that fails jumps to
//! a cold block that stores what the frame state names to the context's exit buffer, calls the exit helper, and returns what
//! that returns: the result of the function, which the VM has finished.
mod array;
mod blocks;
mod calls;
mod copies;
mod entries;
mod entry;
mod exits;
mod helper;
mod indices;
mod instance;
mod insts;
mod integers;
mod leaving;
mod numbers;
mod operate;
mod parts;
mod room;
mod sharing;
mod slots;
mod text;
mod values;

use std::cmp::Ordering;

use ahash::{AHashMap, AHashSet};
use cranelift_codegen::ir::condcodes::{CondCode, IntCC};
use cranelift_codegen::ir::{self as clif, BlockArg, InstBuilder, MemFlagsData, types};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::ir::cfg::{Cfg, Loop};
use super::ir::types::Type;
use super::ir::{BlockId, Function, InstKind, Origin, Repr, SlotIx, StateId, Terminator, ValueId};
use crate::value::layout::tag;
use blocks::End;
pub use entry::{Way, lent_signature, lower_entry, signature, takes_lent};
use exits::CallExit;
pub use exits::{Check, ExitInfo, ExitKind, SlotValue, Where};
pub use helper::Helper;

/// Byte offsets of the fields of the isolate's context that compiled code reads.
pub mod context {
    /// Lowest address the native stack may reach.
    pub const STACK_LIMIT: i32 = 0;
    /// First address behind the slots of the VM's stack.
    pub const SLOTS_END: i32 = 8;
    /// Address of the module table.
    pub const MODULE_TABLE: i32 = 16;
    /// Address of the table of entry points, by `FnId`.
    pub const ENTRIES: i32 = 24;
    /// Address of the table of constants, by function and index (see `ConstPool`).
    pub const CONSTANTS: i32 = 32;
    /// Checks to be made until one fails on purpose.
    pub const COUNTDOWN: i32 = 48;
    /// Number of the exit being taken.
    pub const EXIT_NUMBER: i32 = 56;
    /// Words that exits leave their values in.
    pub const EXIT_BUFFER: i32 = 64;
    /// Number of words there.
    pub const EXIT_WORDS: usize = 1024;
    /// Bytecode instructions executed, in code that counts them.
    pub const EXECUTED: i32 = EXIT_BUFFER + 8 * EXIT_WORDS as i32;
    /// Address of the first free block of each size, and of the number of objects alive.
    pub const FREE_BLOCKS: i32 = EXECUTED + 8;
    pub const LIVE_OBJECTS: i32 = FREE_BLOCKS + 8;
    /// What a helper that keeps all registers has given.
    pub const RESULT: i32 = LIVE_OBJECTS + 8;
    /// Address of the table of argument counts, by `FnId`: 16 bits each, one more than the count; 0 for functions that do not take their
    /// arguments as they are. The system makes pages of zeros only when they are written to.
    pub const ARITIES: i32 = RESULT + 8;
    /// Address of the table of entry points that take what is lent in registers, by `FnId`.
    pub const LENT_ENTRIES: i32 = ARITIES + 8;
    /// Parts of an array that a function returns: tags and payloads.
    pub const PARTS: i32 = LENT_ENTRIES + 8;
    /// Most of them.
    pub const MOST_PARTS: usize = 4;
    /// Functions with a place in the tables; others are called through the VM.
    pub const MAX_FUNCTIONS: usize = 1 << 16;
}

/// Calls of compiled code carry their state's number as location, by which the return address gets its frames.
fn call_location(kind: &InstKind) -> Option<clif::SourceLoc> {
    match kind {
        InstKind::CallCompiled { exit, .. } => Some(clif::SourceLoc::new(exit.0)),
        _ => None,
    }
}

/// The state whose number a location is, if there are as many.
pub fn state_of(location: clif::SourceLoc) -> Option<StateId> {
    (!location.is_default()).then(|| StateId(location.bits()))
}

/// What lowering asks of the module that will own the code.
pub trait Imports {
    /// A helper as callable from the function at hand, by the way that keeps all registers if that is wanted and there is one.
    fn helper(&mut self, helper: Helper, keeps: bool, function: &mut clif::Function) -> clif::FuncRef;
    /// The function at hand as callable from itself, with its arguments in slots but for those lent.
    fn own_entry(&mut self, function: &mut clif::Function) -> clif::FuncRef;
    /// The function at hand as callable from itself.
    fn own(&mut self, function: &mut clif::Function) -> clif::FuncRef;
    /// Number of the first exit of this code; exit `n` of it gets this plus `n`.
    fn first_exit(&self) -> u64;
    /// Whether checks of this kind fail on purpose every now and then.
    fn counts_checks(&self, kind: ExitKind) -> bool;
    /// Whether bytecode instructions are counted.
    fn counts_work(&self) -> bool;
    /// The location of what is made for an instruction that is no call of compiled code: none, or a number above those of states.
    fn location(&mut self, origin: Origin) -> clif::SourceLoc;
}

/// How an IR value is held.
#[derive(Clone, Copy, Debug)]
enum Held {
    One(clif::Value),
    /// Tag, payload.
    Pair(clif::Value, clif::Value),
}

/// Lowers a function into `target` (empty, with its signature set). Gives the description of its exits, in number order.
pub fn lower(
    function: &Function,
    cfg: &Cfg,
    own_id: Option<u32>,
    target: &mut clif::Function,
    builder_context: &mut FunctionBuilderContext,
    imports: &mut dyn Imports,
    frontend: cranelift_codegen::isa::TargetFrontendConfig,
) -> Vec<ExitInfo> {
    let builder = FunctionBuilder::new(target, builder_context);
    let mut lowering = Lowering {
        function,
        own_id,
        b: builder,
        imports,
        held: vec![None; function.values.len()],
        blocks: Vec::new(),
        joined: Vec::new(),
        ends: Vec::new(),
        depths: vec![0; function.blocks.len()],
        positions: vec![0; function.blocks.len()],
        inverted: AHashMap::new(),
        texts: AHashSet::new(),
        indices: indices::folded(function),
        exits: Vec::new(),
        exit_blocks: AHashMap::new(),
        call_exits: Vec::new(),
        check: Check::Other,
        checks: AHashMap::new(),
        fronts: function.blocks.iter().filter_map(|block| block.preheader).collect(),
        unless_unique: None,
        way_out: None,
        fp: clif::Value::from_u32(0),
        closure: clif::Value::from_u32(0),
        helpers: AHashMap::new(),
        own_entry: None,
        own: None,
        around_loops: Vec::new(),
        around: false,
        vm_results: Vec::new(),
        catches: false,
        is_checked_next: false,
        unless_raised: None,
        known_slots: Vec::new(),
        kept_table: None,
        kind_is_next: false,
        rooms: Vec::new(),
        has_room: false,
        copies: sharing::Copies::of(function, cfg),
        signatures: Vec::new(),
    };
    lowering.run(cfg);
    let Lowering { b, exits, .. } = lowering;
    b.finalize(frontend);
    exits
}

struct Lowering<'a> {
    function: &'a Function,
    own_id: Option<u32>,
    b: FunctionBuilder<'a>,
    imports: &'a mut dyn Imports,
    held: Vec<Option<Held>>,
    blocks: Vec<clif::Block>,
    /// Blocks that are made as the rest of the one before them.
    joined: Vec<bool>,
    /// Where to jump instead of each block.
    ends: Vec<End>,
    /// Number of loops around each block.
    depths: Vec<u32>,
    /// The place of each block in the order that blocks are made in.
    positions: Vec<u32>,
    /// Bools that are the negation of another.
    inverted: AHashMap<ValueId, ValueId>,
    /// Values of literals and names, of which there is one object for each text.
    texts: AHashSet<ValueId>,
    /// Indices that are addressed by what they are the sum of.
    indices: indices::Folded,
    exits: Vec<ExitInfo>,
    exit_blocks: AHashMap<(StateId, ExitKind), clif::Block>,
    call_exits: Vec<CallExit>,
    /// What the instruction at hand checks.
    check: Check,
    checks: AHashMap<StateId, Vec<Check>>,
    /// States of checks in front of loops.
    fronts: AHashSet<StateId>,
    /// Where the next `Push` leaves if others hold the array as well.
    unless_unique: Option<StateId>,
    /// Calls the exit helper.
    way_out: Option<clif::Block>,
    fp: clif::Value,
    closure: clif::Value,
    helpers: AHashMap<(Helper, bool), clif::FuncRef>,
    /// The function at hand, as callable with its arguments in slots but for those lent, and as it is.
    own_entry: Option<clif::FuncRef>,
    own: Option<clif::FuncRef>,
    /// Blocks that run less often than a loop inside of the loop, or function, that they belong to.
    around_loops: Vec<bool>,
    /// The block at hand is one.
    around: bool,
    /// Slots that the VM has filled in the block at hand, by its last instruction there.
    vm_results: Vec<SlotIx>,
    /// The code at hand catches what the instruction at hand raises.
    catches: bool,
    /// The next instruction checks the kind of what the call at hand gives.
    is_checked_next: bool,
    /// The state to leave with if what is checked next is no value.
    unless_raised: Option<StateId>,
    /// Words that slots are known to hold in the block at hand.
    known_slots: Vec<(SlotIx, clif::Value, clif::Value)>,
    /// The table of variables, where the block at hand has loaded it.
    kept_table: Option<clif::Value>,
    /// The instruction behind the one at hand checks the kind of what that loads.
    kind_is_next: bool,
    /// Blocks to which every way has made sure that there is room for calls, and whether that is so at the instruction at hand.
    rooms: Vec<bool>,
    has_room: bool,
    copies: sharing::Copies,
    /// Signatures of compiled code, by the number of arguments lent.
    signatures: Vec<(usize, clif::SigRef)>,
}

impl Lowering<'_> {
    fn run(&mut self, cfg: &Cfg) {
        let entry = self.b.create_block();
        self.b.append_block_params_for_function_params(entry);
        self.b.switch_to_block(entry);
        let params = self.b.block_params(entry).to_vec();
        (self.fp, self.closure) = (params[0], params[1]);
        self.hold_params(params[2..].iter().copied());
        let Cfg { order, loops, .. } = cfg;
        loops.iter().flat_map(|looped| &looped.blocks).for_each(|block| self.depths[block.index()] += 1);
        order.iter().zip(0..).for_each(|(block, at)| self.positions[block.index()] = at);
        self.around_loops = blocks::around_loops(self.function.blocks.len(), loops);
        self.blocks = vec![entry; self.function.blocks.len()];
        self.joined = blocks::joined(self.function, cfg);
        self.ends = blocks::ends(self.function, cfg, &self.joined, self.imports.counts_work());
        for &block in
            order.iter().filter(|block| !self.joined[block.index()] && self.ends[block.index()] == End::Block(**block))
        {
            let target = self.b.create_block();
            self.blocks[block.index()] = target;
            if self.function.blocks[block.index()].cold {
                self.b.set_cold_block(target);
            }
            for param in &self.function.blocks[block.index()].params {
                let held = match self.function.ty(*param).repr {
                    Repr::Boxed => {
                        let tag = self.b.append_block_param(target, types::I64);
                        Held::Pair(tag, self.b.append_block_param(target, types::I64))
                    }
                    repr => Held::One(self.b.append_block_param(target, machine_type(repr))),
                };
                self.held[param.index()] = Some(held);
            }
        }
        self.rooms = room::at_starts(self.function, cfg);
        if self.rooms[0] {
            self.prologue();
        }
        if !self.joined[0] {
            self.b.ins().jump(self.blocks[0], &[]);
        }
        let ends = self.ends.clone();
        for &block in order.iter().filter(|block| ends[block.index()] == End::Block(**block)) {
            let head = loops.iter().position(|looped| looped.header == block);
            let ends = |looped: &Loop| looped.latches.contains(&block) && !self.function.blocks[block.index()].cold;
            let end = loops.iter().position(ends);
            self.block(block, head, end);
        }
        self.emit_exits();
        self.b.seal_all_blocks();
    }

    /// One block; `head` and `end` are the numbers of the loops that begin and end with it.
    fn block(&mut self, block: BlockId, head: Option<usize>, end: Option<usize>) {
        if !self.joined[block.index()] {
            self.b.switch_to_block(self.blocks[block.index()]);
        }
        if let Some(looped) = head {
            self.tag_loop(looped, false);
        }
        self.around = self.around_loops[block.index()];
        self.vm_results.clear();
        self.known_slots.clear();
        self.kept_table = None;
        self.has_room = self.rooms[block.index()];
        let data = &self.function.blocks[block.index()];
        self.count_work(i64::from(data.work));
        let mut insts = &data.insts[..];
        while let [inst, rest @ ..] = insts {
            insts = rest;
            if let Some((pointer, exit)) = calls::checked_by_push(inst, rest.first()) {
                let pointer = self.one(pointer);
                self.define(inst.result, pointer);
                self.unless_unique = Some(exit);
                continue;
            }
            if let Some(both) = array::checked_at_once(inst, rest) {
                let location = self.imports.location(inst.origin);
                self.b.set_srcloc(location);
                self.shape_and_unique(&both);
                insts = &rest[1..];
                continue;
            }
            self.checks_of(&inst.kind);
            let location = call_location(&inst.kind).unwrap_or_else(|| self.imports.location(inst.origin));
            self.b.set_srcloc(location);
            self.catches = inst.kind.catches();
            self.is_checked_next = self.checks_at_once(inst, rest.first());
            self.kind_is_next = slots::is_kind_next(inst, rest.first());
            self.forget_slots(&inst.kind);
            self.inst(inst);
        }
        self.b.set_srcloc(clif::SourceLoc::default());
        if let Some(looped) = end {
            self.tag_loop(looped, true);
        }
        match data.term.as_ref().expect("every reachable block ends") {
            Terminator::Jump(to, args) if self.joined[to.index()] => {
                for (param, arg) in self.function.blocks[to.index()].params.iter().zip(args) {
                    self.held[param.index()] = Some(self.held(*arg));
                }
            }
            Terminator::Jump(to, args) => {
                let (target, args) = self.edge(*to, args);
                self.b.ins().jump(target, &args);
            }
            Terminator::Branch { cond, then, otherwise } => {
                let (cond, swapped) = self.condition(*cond);
                let (then, otherwise) = if swapped { (otherwise, then) } else { (then, otherwise) };
                let other_first = self.is_laid_out_before(block, otherwise.0, then.0);
                let (cond, then, otherwise) =
                    if other_first { (self.inverse(cond), otherwise, then) } else { (cond, then, otherwise) };
                let (then, then_args) = self.edge(then.0, &then.1);
                let (otherwise, otherwise_args) = self.edge(otherwise.0, &otherwise.1);
                self.b.ins().brif(cond, then, &then_args, otherwise, &otherwise_args);
            }
            Terminator::Return(value) => {
                let (tag, payload) = self.boxed(*value);
                self.b.ins().return_(&[tag, payload]);
            }
            Terminator::Exit(state) => {
                let exit = self.way_to_exit(*state);
                self.b.ins().jump(exit, &[]);
            }
        }
    }

    /// Is a block to be the first way of a branch, rather than another one? Cranelift lays out what the first way leads to behind all that
    /// the second one does, and takes blocks between the head of a loop and its last way back for parts of the loop. So what leaves
    /// a loop is the first way, and what may lead to the other one. At the end of a loop what stays in it is: moves on the way back are then followed by its jump, and what leaves jumps
    /// over them.
    fn is_laid_out_before(&self, from: BlockId, block: BlockId, other: BlockId) -> bool {
        let [block, other] = [block, other].map(|way| match self.ends[way.index()] {
            End::Block(block) => block,
            End::Exit(_) => way,
        });
        let (depth, depth_of_other) = (self.depths[block.index()], self.depths[other.index()]);
        let stays = if depth > depth_of_other { block } else { other };
        let position = |block: BlockId| self.positions[block.index()];
        match depth.cmp(&depth_of_other) {
            Ordering::Equal => position(block) < position(other),
            order if position(stays) <= position(from) => order.is_gt(),
            order => order.is_lt(),
        }
    }

    /// The exit that a block ends with.
    fn way_to_exit(&mut self, state: StateId) -> clif::Block {
        let unreached = self.function.unreached.contains(&state);
        self.exit_block(state, if unreached { ExitKind::Unreached } else { ExitKind::Never })
    }

    fn edge(&mut self, to: BlockId, args: &[ValueId]) -> (clif::Block, Vec<BlockArg>) {
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            match self.held(*arg) {
                Held::One(value) => values.push(BlockArg::Value(value)),
                Held::Pair(tag, payload) => values.extend([BlockArg::Value(tag), BlockArg::Value(payload)]),
            }
        }
        let target = match self.ends[to.index()] {
            End::Block(block) => self.blocks[block.index()],
            End::Exit(state) => self.way_to_exit(state),
        };
        (target, values)
    }

    /// A bool to branch on, looking through negations; true if the branch must be turned round.
    fn condition(&mut self, mut cond: ValueId) -> (clif::Value, bool) {
        let mut swapped = false;
        while let Some(&inner) = self.inverted.get(&cond) {
            cond = inner;
            swapped = !swapped;
        }
        (self.one(cond), swapped)
    }

    /// The opposite of a condition.
    fn inverse(&mut self, cond: clif::Value) -> clif::Value {
        let made = self.b.func.dfg.value_def(cond).inst().map(|made| self.b.func.dfg.insts[made]);
        match made {
            Some(clif::InstructionData::IntCompare { cond, args: [a, b], .. }) => self.b.ins().icmp(cond.complement(), a, b),
            Some(clif::InstructionData::FloatCompare { cond, args: [a, b], .. }) => {
                self.b.ins().fcmp(cond.complement(), a, b)
            }
            _ => self.b.ins().icmp_imm_s(IntCC::Equal, cond, 0),
        }
    }

    fn load(&mut self, ty: clif::Type, address: clif::Value, offset: i32) -> clif::Value {
        self.b.ins().load(ty, MemFlagsData::trusted(), address, offset)
    }

    fn store(&mut self, value: clif::Value, address: clif::Value, offset: i32) {
        self.b.ins().store(MemFlagsData::trusted(), value, address, offset);
    }

    fn moved(&mut self, address: clif::Value, offset: i32) -> clif::Value {
        if offset == 0 { address } else { self.b.ins().iadd_imm_s(address, i64::from(offset)) }
    }

    fn context(&mut self) -> clif::Value {
        self.b.ins().get_pinned_reg(types::I64)
    }

    /// Runs `body` in a block of its own if `cond`, then goes on.
    fn when(&mut self, cond: clif::Value, cold: bool, body: impl FnOnce(&mut Self)) {
        let (inside, next) = (self.b.create_block(), self.b.create_block());
        if cold {
            self.b.set_cold_block(inside);
        }
        self.b.ins().brif(cond, inside, &[], next, &[]);
        self.b.switch_to_block(inside);
        body(self);
        self.b.ins().jump(next, &[]);
        self.b.switch_to_block(next);
    }
}

/// The tag of values that are held in one word.
fn tag_of(ty: Type) -> u64 {
    match ty.repr {
        Repr::Bool => tag::BOOL,
        Repr::I64 => tag::INT,
        Repr::F64 => tag::FLOAT,
        Repr::Ptr => ty.kinds.single().expect("a pointer's kind is known"),
        Repr::Raw | Repr::Boxed => panic!("an address inside of an object is no value"),
    }
}

fn machine_type(repr: Repr) -> clif::Type {
    match repr {
        Repr::F64 => types::F64,
        Repr::Bool => types::I8,
        Repr::I64 | Repr::Ptr | Repr::Raw | Repr::Boxed => types::I64,
    }
}

/// Byte offset of a slot.
fn slot_offset(slot: super::ir::SlotIx) -> i32 {
    i32::try_from(slot.0 * 16).expect("frames are small")
}

/// Is this value used only as a condition? Lets negations stay branches.
#[allow(clippy::needless_pass_by_value)]
fn negation(kind: &InstKind) -> Option<ValueId> {
    match kind {
        InstKind::NotB(value) => Some(*value),
        _ => None,
    }
}
