//! Ways out of compiled code, and their descriptions for the runtime.
use cranelift_codegen::ir::{self as clif, InstBuilder, types};

use super::{Held, Helper, Lowering, context, slot_offset};
use crate::jit::ir::{FrameInfo, InstKind, Repr, SlotIx, StateId, ValueId};
use crate::jit::opt::narrow::SMALL;

/// Why an exit is taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ExitKind {
    /// A check failed: the VM executes the instruction at the state's pc.
    Execute,
    /// A check in front of a loop failed: the VM goes on at the loop head, which is the state's pc.
    Front,
    /// What comes next is never compiled: the VM executes it.
    Never,
    /// What comes next was never reached when this was compiled: the VM executes it and sees what it meets.
    Unreached,
    /// The call at the state's pc has raised: the VM unwinds from there.
    Raise,
    /// Something wants attention: the VM goes on at the state's pc, where it polls.
    Poll,
    /// The stack is full: raised by the VM before the function's first instruction.
    StackOverflow,
}

/// What a check looks at.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Check {
    /// A value has this tag.
    Tag(u8),
    /// A value does not have this tag.
    OtherThan(u8),
    /// An object has this shape.
    Shape(u32),
    /// Nobody else holds the object that is to be changed.
    Unique,
    Bounds,
    /// An integer result has at most 64 bits.
    Overflow,
    /// A bound of a loop is at most 2 to the 30 in magnitude.
    Small,
    /// Sums that are only looked at now and then cannot get beyond 64 bits.
    Sum,
    /// A divisor is not zero.
    Divisor,
    /// A variable has been assigned and is not on loan.
    Variable,
    /// A variable or element that is overwritten holds no object.
    Overwrite,
    /// The function called is the one met before.
    Callee,
    /// What comes next has been reached before.
    Reached,
    /// An operation is one that the runtime does by itself.
    Operation,
    /// Anything else.
    Other,
}

impl Check {
    /// What has failed, in words.
    pub fn name(self) -> &'static str {
        match self {
            Check::Tag(_) => "a value of another kind",
            Check::OtherThan(_) => "a value of the kind that was excluded",
            Check::Shape(_) => "an object of another shape",
            Check::Unique => "an object to be changed that is shared",
            Check::Bounds => "an index out of bounds",
            Check::Overflow => "an integer beyond 64 bits",
            Check::Small => "a large number as bound of a loop",
            Check::Sum => "a large number summed up in a loop",
            Check::Divisor => "a division by zero",
            Check::Variable => "a variable not assigned or on loan",
            Check::Overwrite => "an object to be overwritten",
            Check::Callee => "another function called",
            Check::Reached => "code that had not been reached before",
            Check::Operation => "an operation that takes the VM",
            Check::Other => "another check",
        }
    }

    fn of(kind: &InstKind) -> Check {
        match kind {
            InstKind::GuardTag { tag, .. } => Check::Tag(*tag as u8),
            InstKind::GuardNotTag { tag, .. } => Check::OtherThan(*tag as u8),
            InstKind::GuardShape { shape, .. } => Check::Shape(*shape),
            InstKind::GuardUnique { .. } | InstKind::Unshare { .. } => Check::Unique,
            InstKind::ToFloat { .. } => Check::Tag(crate::value::layout::tag::FLOAT as u8),
            InstKind::GuardBounds { .. } => Check::Bounds,
            InstKind::Operate { .. } => Check::Operation,
            InstKind::GuardFunction { .. } | InstKind::GuardClosure { .. } => Check::Callee,
            InstKind::Int { .. } | InstKind::NegI { .. } | InstKind::ShlI { .. } | InstKind::FloatToInt { .. } => {
                Check::Overflow
            }
            InstKind::GuardSmall { high: SMALL, .. } => Check::Small,
            InstKind::GuardSmall { .. } => Check::Sum,
            InstKind::DivI { .. } | InstKind::ModI { .. } | InstKind::GuardNonZeroF { .. } => Check::Divisor,
            InstKind::LoadModule { .. } | InstKind::LoadCell { .. } | InstKind::LoadCaptureCell { .. } => Check::Variable,
            InstKind::StoreModule { .. } | InstKind::StoreCell { .. } | InstKind::StoreCaptureCell { .. } => {
                Check::Overwrite
            }
            InstKind::StoreElementValue { .. } => Check::Overwrite,
            _ => Check::Other,
        }
    }
}

/// Where an exit finds a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Where {
    /// Word of the exit buffer holding an int, float or bool.
    Scalar { word: u16, tag: u8 },
    /// Words of the exit buffer holding tag and payload; `owned`: moved to the slot, else retained.
    Boxed { word: u16, owned: bool },
    /// In its slot already, since the exit buffer was full; `owned`: as above.
    Slot { owned: bool },
}

/// A slot that must be written when leaving.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SlotValue {
    pub slot: SlotIx,
    pub value: Where,
}

/// An instance that must be made when leaving.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InstanceWords {
    pub slot: SlotIx,
    pub shape: u32,
    /// Words of the exit buffer: tag and payload of each field.
    pub word: u16,
}

/// What the runtime needs to continue in the VM.
#[derive(Clone, PartialEq, Debug)]
pub struct ExitInfo {
    pub kind: ExitKind,
    /// Outermost first.
    pub frames: Vec<FrameInfo>,
    pub slots: Vec<SlotValue>,
    pub instances: Vec<InstanceWords>,
    /// What may have failed.
    pub checks: Vec<Check>,
    /// Checks of later instructions leave here too.
    pub merged: bool,
    /// Some of them only guess, in front of a loop.
    pub guessed: bool,
}

impl Lowering<'_> {
    /// What the exits asked for next are the checks of.
    pub(super) fn checks_of(&mut self, kind: &InstKind) {
        self.check = Check::of(kind);
    }

    /// The block of an exit, made at its first use and filled at the end.
    pub(super) fn exit_block(&mut self, state: StateId, kind: ExitKind) -> clif::Block {
        let is_front = kind == ExitKind::Execute && self.fronts.contains(&state);
        let kind = if is_front { ExitKind::Front } else { kind };
        if matches!(kind, ExitKind::Execute | ExitKind::Front) {
            let checks = self.checks.entry(state).or_default();
            if !checks.contains(&self.check) {
                checks.push(self.check);
            }
        }
        if let Some(block) = self.exit_blocks.get(&(state, kind)) {
            return *block;
        }
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        self.exit_blocks.insert((state, kind), block);
        block
    }

    pub(super) fn emit_exits(&mut self) {
        let mut blocks: Vec<_> = self.exit_blocks.iter().map(|(key, block)| (*key, *block)).collect();
        blocks.sort_by_key(|(_, block)| block.as_u32());
        for ((state, kind), block) in blocks {
            self.b.switch_to_block(block);
            self.compute_late(state);
            let (mut word, base) = (0, self.context());
            let instances = self.store_instances(state, base, &mut word);
            let slots = self.store_values(state, base, word);
            let frames = self.function.states[state.index()].frames.clone();
            let checks = match kind {
                ExitKind::Execute | ExitKind::Front => self.checks.remove(&state).unwrap_or_default(),
                ExitKind::Unreached => vec![Check::Reached],
                _ => Vec::new(),
            };
            let merged = self.function.merged.binary_search(&state).is_ok();
            let guessed = self.function.guessed.contains(&state);
            self.leave(ExitInfo { kind, frames, slots, instances, checks, merged, guessed });
        }
        self.emit_way_out();
    }

    /// A value that Cranelift does not know where it comes from: it would undo what it was made by, and keep the old one for that.
    fn hidden(&mut self, value: ValueId) -> clif::Value {
        let (value, context) = (self.one(value), self.context());
        self.store(value, context, context::EXIT_BUFFER);
        self.b.ins().sequence_point();
        self.load(types::I64, context, context::EXIT_BUFFER)
    }

    /// Values of a state that are computed here.
    fn compute_late(&mut self, state: StateId) {
        let function = self.function;
        for value in function.states[state.index()].values() {
            if let Some(late) = function.late.get(&value) {
                let (a, b) = (self.hidden(late.a), self.one(late.b));
                let computed = if late.adds { self.b.ins().iadd(a, b) } else { self.b.ins().isub(a, b) };
                self.held[value.index()] = Some(Held::One(computed));
            }
        }
    }

    /// Goes to the block that calls the exit helper and returns what it gives; all exits share it.
    pub(super) fn leave(&mut self, info: ExitInfo) {
        let number = self.imports.first_exit() + self.exits.len() as u64;
        self.exits.push(info);
        let number = self.b.ins().iconst(clif::types::I64, number as i64);
        let out = match self.way_out {
            Some(out) => out,
            None => self.b.create_block(),
        };
        if self.way_out.is_none() {
            self.way_out = Some(out);
            self.b.set_cold_block(out);
            self.b.append_block_param(out, clif::types::I64);
        }
        self.b.ins().jump(out, &[clif::BlockArg::Value(number)]);
    }

    fn emit_way_out(&mut self) {
        let Some(out) = self.way_out else { return };
        self.b.switch_to_block(out);
        let number = self.b.block_params(out)[0];
        let context = self.context();
        let native = self.b.ins().get_frame_pointer(clif::types::I64);
        let helper = self.helper(Helper::Exit);
        let call = self.b.ins().call(helper, &[context, number, self.fp, self.closure, native]);
        let results = self.b.inst_results(call).to_vec();
        self.b.ins().return_(&results);
    }

    /// Stores the fields of a state's instances to the exit buffer, which has room for them; `base`: the context.
    fn store_instances(&mut self, state: StateId, base: clif::Value, word: &mut u16) -> Vec<InstanceWords> {
        let data = &self.function.states[state.index()];
        let mut stored = Vec::with_capacity(data.instances.len());
        for instance in &data.instances {
            stored.push(InstanceWords { slot: instance.slot, shape: instance.shape, word: *word });
            for field in &instance.fields {
                let (tag, payload) = self.boxed(*field);
                let at = context::EXIT_BUFFER + 8 * i32::from(*word);
                self.store(tag, base, at);
                self.store(payload, base, at + 8);
                *word += 2;
            }
        }
        stored
    }

    /// Stores the values of a state to the exit buffer, from a word on; `base`: the context.
    fn store_values(&mut self, state: StateId, base: clif::Value, mut word: u16) -> Vec<SlotValue> {
        let data = &self.function.states[state.index()];
        let mut stored = Vec::with_capacity(data.slots.len());
        for (slot, value) in &data.slots {
            let repr = self.function.ty(*value).repr;
            let at = context::EXIT_BUFFER + 8 * i32::from(word);
            if usize::from(word) + 2 > context::EXIT_WORDS {
                self.store_value(*value, self.fp, slot_offset(*slot));
                let owned = !matches!(repr, Repr::Boxed | Repr::Ptr) || data.owned.contains(slot);
                stored.push(SlotValue { slot: *slot, value: Where::Slot { owned } });
                continue;
            }
            let place = match (self.held(*value), repr) {
                (Held::One(held), Repr::I64 | Repr::F64 | Repr::Bool) => {
                    let held = if repr == Repr::Bool { self.word(held, repr) } else { held };
                    self.store(held, base, at);
                    let tag = match repr {
                        Repr::Bool => 1,
                        Repr::I64 => 2,
                        _ => 3,
                    };
                    word += 1;
                    Where::Scalar { word: word - 1, tag }
                }
                _ => {
                    let (tag, payload) = self.boxed(*value);
                    self.store(tag, base, at);
                    self.store(payload, base, at + 8);
                    word += 2;
                    Where::Boxed { word: word - 2, owned: data.owned.contains(slot) }
                }
            };
            stored.push(SlotValue { slot: *slot, value: place });
        }
        stored
    }
}
