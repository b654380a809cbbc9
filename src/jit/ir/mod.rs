//! The JIT's intermediate representation: typed SSA with block parameters.
//!
//! **Ownership model.** A compiled function has an ordinary VM frame: slot `n` is the 16-byte `Value` at `fp + 16 n`
//! (`fp` is the frame's first slot; an inlined callee's frame is the window of temporaries that the bytecode gave its
//! arguments, so its slots are slots of the same numbering). Heap values are *owned by their slots*, exactly as in the VM.
//! SSA values are unboxed scalars, or *borrowed* pointers and boxed pairs whose owner is a slot, a container held by a slot,
//! or a constant. So compiled code counts references only where the VM would move ownership between slots and containers,
//! and never for reads.
//!
//! Always holds:
//! * a slot whose newest value is an SSA scalar is *dirty*: memory holds something older that is not a heap value;
//! * a [`FrameState`] lists the dirty slots; leaving compiled code writes them back, then the VM continues at its `pc`;
//! * a borrowed pointer is used only while its owner is unchanged (the builder reloads after anything that may write it);
//! * all checks of one bytecode instruction that may leave come before its first effect.
pub mod cell;
pub mod cfg;
mod effects;
mod form;
pub mod home;
pub mod ids;
pub mod inst;
pub mod operation;
pub mod print;
pub mod types;
pub mod verify;
mod visit;

pub use form::{Form, Made};
use home::Home;
pub use inst::{Inst, InstKind, Origin, Terminator};
pub use operation::Operation;
pub use types::{Kinds, Range, Repr, Type};

use std::sync::Arc;

use ahash::{AHashMap, AHashSet};

use crate::vm::After;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(pub u32);
        impl $name {
            pub fn index(self) -> usize { self.0 as usize }
        }
    )*};
}

ids! {
    /// An SSA value.
    ValueId,
    /// A basic block; 0 is the entry.
    BlockId,
    /// A frame state.
    StateId,
    /// A slot relative to the outermost frame of the compiled code.
    SlotIx,
}

/// One compilation: a function, or a function from a loop head on.
#[derive(Debug, Default)]
pub struct Function {
    pub name: String,
    /// `FnId` of the function.
    pub id: u32,
    /// The offset it is entered at, if not at its start.
    pub entry: Option<u32>,
    pub blocks: Vec<Block>,
    pub values: Vec<Type>,
    pub states: Vec<FrameState>,
    /// States of exits to code never reached so far.
    pub unreached: Vec<StateId>,
    /// The states behind calls, by what they give: of the instruction that comes next. Used by `opt::returned`, and not kept.
    pub behind_calls: AHashMap<ValueId, StateId>,
    /// For code entered at a loop: what the variables in use must hold; checked by whoever enters.
    pub expected: Vec<(u16, Expected)>,
    /// The other variables, which must hold no object then.
    pub emptied: Vec<u16>,
    /// States that checks of several instructions leave with.
    pub merged: Vec<StateId>,
    /// Each check leaves with the state of its own instruction.
    pub exact_exits: bool,
    /// Kinds under branches and addends are not guessed.
    pub careful: bool,
    /// Rare polls come after a few turns already.
    pub polls_often: bool,
    /// Heads of loops in front of which guesses failed, as that bounds or sums are small.
    pub large: AHashSet<Origin>,
    /// Variables that held ints below zero when code for the middle of a loop was asked for.
    pub negative: Vec<SlotIx>,
    /// States in front of loops of checks that only guess: code that fails there is made again without them.
    pub guessed: AHashSet<StateId>,
    /// Parameters in registers in order, with the slot each belongs to: scalars, and boxed those that the caller lends. Empty for OSR
    /// entries, which load from slots.
    pub params: Vec<(SlotIx, ValueId)>,
    /// The slots of the parameters that callers from compiled code lend, in order: all of them are in registers.
    pub lent: Vec<SlotIx>,
    /// Which of their parameters functions called by their entries are lent.
    pub lends: AHashMap<u32, Arc<[u16]>>,
    /// So many parts of an array its code hands over when it returns one of as many elements; callers from compiled code take them.
    pub parts: Option<u8>,
    /// The slot of `self` in a method that changes it.
    pub own: Option<SlotIx>,
    /// Values that only states name: they are computed where code is left.
    pub late: AHashMap<ValueId, Late>,
    /// Highest slot used plus one, inlined frames included.
    pub frame_slots: u32,
}

/// An int that is computed from two others where code is left, modulo 2 to the 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Late {
    /// `a + b` instead of `a - b`.
    pub adds: bool,
    pub a: ValueId,
    pub b: ValueId,
}

/// What a loop's code expects in a variable where it is entered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expected {
    /// A value with this tag: an int, a float or a bool.
    Scalar(u64),
    /// This function, or a closure of it.
    Function(u32),
    /// Anything else.
    Other,
}

#[derive(Debug, Default)]
pub struct Block {
    pub params: Vec<ValueId>,
    pub insts: Vec<Inst>,
    pub term: Option<Terminator>,
    pub cold: bool,
    /// The bytecode offset of the loop this block heads, if it does.
    pub loop_head: Option<u32>,
    /// For the block in front of a loop (it ends in a jump to the head): the state that enters the loop in the VM. Checks
    /// moved here leave with it, since executing from the loop head is always valid.
    pub preheader: Option<StateId>,
    /// Bytecode instructions built here, those left to the VM aside.
    pub work: u32,
}

/// Where the VM continues, and what it does not find in memory.
#[derive(Clone, Debug, PartialEq)]
pub struct FrameState {
    /// Active frames, outermost first; the last one continues at `pc`.
    pub frames: Vec<FrameInfo>,
    /// Dirty slots: their values are SSA values (scalars), or borrowed references that are retained when leaving.
    pub slots: Vec<(SlotIx, ValueId)>,
    /// Those of `slots` whose boxed value is owned (a call's result): it is moved, not retained.
    pub owned: Vec<SlotIx>,
    /// Slots whose object does not exist yet.
    pub instances: Vec<Instance>,
    /// Parts of locals that are the `self` of inlined methods.
    pub parts: Vec<Part>,
}

/// What an inlined method was called on, which stands in the first slot of its frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// First slot of the frame.
    pub base: SlotIx,
    /// Where it goes back to.
    pub home: Home,
}

/// An object to be made when leaving.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    pub slot: SlotIx,
    pub form: Arc<Form>,
    /// Fields or captures, those of objects inside of it included: scalars, immediates as boxed values, and values that are counted for it.
    pub fields: Vec<ValueId>,
}

impl FrameState {
    /// All values that leaving needs.
    pub fn values(&self) -> impl Iterator<Item = ValueId> {
        self.slots
            .iter()
            .map(|(_, value)| *value)
            .chain(self.instances.iter().flat_map(|instance| instance.fields.iter().copied()))
            .chain(self.parts.iter().flat_map(|part| part.home.values().into_iter().flatten()))
    }

    pub fn each_value(&mut self, mut f: impl FnMut(&mut ValueId)) {
        self.slots.iter_mut().for_each(|(_, value)| f(value));
        self.instances.iter_mut().flat_map(|instance| &mut instance.fields).for_each(&mut f);
        self.parts.iter_mut().for_each(|part| part.home.each_operand(&mut f));
    }

    /// The instruction to execute next.
    pub fn origin(&self) -> Origin {
        let frame = self.frames.last().expect("a state has a frame");
        Origin { function: frame.function, pc: frame.pc }
    }

    /// Where the `self` of the innermost frame is, if it is lent, and where that frame would have it.
    pub fn home(&self) -> Option<(SlotIx, SlotIx)> {
        let innermost = self.frames.last()?;
        let mut home = innermost.lent?;
        // A method that lends its own `self` on has it from its caller.
        for frame in self.frames.iter().rev().skip(1) {
            match frame.lent {
                Some(outer) if frame.base == home => home = outer,
                _ => break,
            }
        }
        Some((home, innermost.base))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameInfo {
    /// `FnId` of the function.
    pub function: u32,
    /// First slot of its frame.
    pub base: SlotIx,
    /// For the innermost frame: the instruction to execute next (re-execute). For outer ones: the call being executed.
    pub pc: u32,
    /// What becomes of the result of the call being executed.
    pub after: After,
    /// For an inlined mutating method: the slot of the caller that `self` stands in. Its own slot 0 holds nothing.
    pub lent: Option<SlotIx>,
}

impl Function {
    pub fn new_value(&mut self, ty: Type) -> ValueId {
        self.values.push(ty);
        ValueId(self.values.len() as u32 - 1)
    }
    pub fn new_block(&mut self) -> BlockId {
        self.blocks.push(Block::default());
        BlockId(self.blocks.len() as u32 - 1)
    }
    pub fn new_state(&mut self, state: FrameState) -> StateId {
        self.states.push(state);
        StateId(self.states.len() as u32 - 1)
    }
    pub fn ty(&self, value: ValueId) -> Type {
        self.values[value.index()]
    }
}
