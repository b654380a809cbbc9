//! Ways out of compiled code, and their descriptions for the runtime.
use std::sync::Arc;

use cranelift_codegen::ir::{self as clif, InstBuilder, types};

use super::{Lowering, context};
use crate::jit::ir::{Form, FrameInfo, InstKind, SlotIx, StateId};
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
            InstKind::LowWord { .. } => Check::Tag(crate::value::layout::tag::INT as u8),
            InstKind::GuardBounds { .. } => Check::Bounds,
            InstKind::Operate { .. } => Check::Operation,
            InstKind::GuardFunction { .. } | InstKind::GuardClosure { .. } => Check::Callee,
            InstKind::Int { .. } | InstKind::NegI { .. } | InstKind::ShlI { .. } | InstKind::FloatToInt { .. } => {
                Check::Overflow
            }
            InstKind::GuardSmall { high: SMALL, .. } => Check::Small,
            InstKind::GuardSmall { .. } => Check::Sum,
            InstKind::DivI { .. } | InstKind::ModI { .. } | InstKind::GuardNonZeroF { .. } => Check::Divisor,
            InstKind::LoadModule { .. }
            | InstKind::LoadConstant { .. }
            | InstKind::LoadCell { .. }
            | InstKind::LoadCaptureCell { .. } => Check::Variable,
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
    /// Nowhere: it is always this one, which owns nothing.
    Constant { tag: u64, payload: u64 },
    /// Word of the exit buffer holding the payload of a value of a known kind; `owned`: moved to the slot, else retained.
    Payload { word: u16, tag: u64, owned: bool },
    /// Words of the exit buffer holding tag and payload; `owned`: as above.
    Pair { word: u16, owned: bool },
    /// In its slot already, since the exit buffer was full; `owned`: as above.
    Slot { owned: bool },
}

/// A slot that must be written when leaving.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SlotValue {
    pub slot: SlotIx,
    pub value: Where,
}

/// An object that must be made when leaving.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InstanceWords {
    pub slot: SlotIx,
    pub form: Arc<Form>,
    /// Where each field or capture is, in order.
    pub fields: Vec<Where>,
}

/// What the runtime needs to continue in the VM.
#[derive(Clone, PartialEq, Debug)]
pub struct ExitInfo {
    pub kind: ExitKind,
    /// Outermost first.
    pub frames: Vec<FrameInfo>,
    pub slots: Vec<SlotValue>,
    pub instances: Vec<InstanceWords>,
    /// First slots of frames whose `self` is a part of a local, each with the word that holds the address it goes back to.
    pub parts: Vec<(SlotIx, u16)>,
    /// What may have failed.
    pub checks: Vec<Check>,
    /// Checks of later instructions leave here too.
    pub merged: bool,
    /// Some of them only guess, in front of a loop.
    pub guessed: bool,
}

/// An exit behind a call that has raised or given something of a kind that was not expected: which of them, what it has given tells.
#[derive(Clone, Copy)]
pub(super) struct CallExit {
    pub block: clif::Block,
    /// State and kind if the call has not raised.
    pub state: StateId,
    pub kind: ExitKind,
    /// State if it has.
    pub raised: StateId,
    /// Tag of what it has given.
    pub tag: clif::Value,
    pub check: Check,
}

impl Lowering<'_> {
    /// What the exits asked for next are the checks of.
    pub(super) fn checks_of(&mut self, kind: &InstKind) {
        self.check = Check::of(kind);
    }

    /// Continues in a new block unless `bad`, which goes to the exit.
    pub(super) fn leave_if(&mut self, bad: clif::Value, state: StateId, kind: ExitKind) {
        let exit = self.exit_block(state, kind);
        if kind != ExitKind::Raise {
            self.count_check(exit, kind);
        }
        let next = self.b.create_block();
        self.b.ins().brif(bad, exit, &[], next, &[]);
        self.b.switch_to_block(next);
    }

    pub(super) fn leave_unless(&mut self, good: clif::Value, state: StateId) {
        let exit = self.exit_block(state, ExitKind::Execute);
        self.count_check(exit, ExitKind::Execute);
        let next = self.b.create_block();
        self.b.ins().brif(good, next, &[], exit, &[]);
        self.b.switch_to_block(next);
    }

    /// For tests of exits: leaves here when the countdown has run out.
    pub(super) fn count_check(&mut self, exit: clif::Block, kind: ExitKind) {
        if !self.imports.counts_checks(kind) {
            return;
        }
        let context = self.context();
        let left = self.load(types::I64, context, context::COUNTDOWN);
        let fewer = self.b.ins().iadd_imm_s(left, -1);
        self.store(fewer, context, context::COUNTDOWN);
        let next = self.b.create_block();
        self.b.ins().brif(fewer, next, &[], exit, &[]);
        self.b.switch_to_block(next);
    }

    /// The block of an exit behind a call, filled at the end.
    pub(super) fn call_exit(&mut self, state: StateId, raised: StateId, tag: clif::Value) -> clif::Block {
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        let (kind, check) = (self.place_of(state, ExitKind::Execute), self.check);
        self.call_exits.push(CallExit { block, state, kind, raised, tag, check });
        block
    }

    /// A check may stand in front of a loop.
    fn place_of(&self, state: StateId, kind: ExitKind) -> ExitKind {
        let is_front = kind == ExitKind::Execute && self.fronts.contains(&state);
        if is_front { ExitKind::Front } else { kind }
    }

    /// The block of an exit, made at its first use and filled at the end.
    pub(super) fn exit_block(&mut self, state: StateId, kind: ExitKind) -> clif::Block {
        let kind = self.place_of(state, kind);
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
}
