//! The border between VM and JIT: the VM reports heat, the tier answers with an entry or a refusal.
//!
//! The VM knows nothing about machine code. A compiled function is a handle that the tier can enter; the VM keeps it with the
//! function and enters it at the next call, or at the next counted back edge for a loop.
use super::Vm;
use super::compiled::LeftFrame;
use super::stack::{FnRef, Fp};
use crate::semantics::fault::Raise;
use crate::value::Value;

/// Compiled code of a function or of one of its loops, as the tier numbers it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry(pub u32);

/// How long the VM waits before it reports heat for the first time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// Calls of a function.
    pub calls: u32,
    /// Turns of a loop; after a report the VM counts [`INTERVAL`](super::function::CALL_INTERVAL) turns to the next one.
    pub turns: u32,
}

/// What the tier says to a report of heat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Enter this from now on.
    Entry(Entry),
    /// Ask again after so many more calls or back edges.
    Later(u32),
    Never,
}

/// How compiled code has ended.
pub enum Outcome {
    /// The function has returned; its registers are cleared.
    Returned(Value),
    /// It has raised; its registers are cleared and its trace entries pushed.
    Raised(Raise),
    /// It has left to the VM: its frames (the one entered, then those of inlined calls) stand in the VM's registers. The
    /// innermost goes on at its instruction; with `raise` that instruction has raised, and no handler has been asked.
    /// `ended`: the head of the loop whose code it was, if that only ended where its loop does.
    Left { frames: Vec<LeftFrame>, raise: Option<Raise>, ended: Option<u32> },
}

/// Something that compiles hot functions.
pub trait Tier {
    fn patience(&self) -> Patience;
    /// Whether the VM is to count the instructions it executes.
    fn counts_work(&self) -> bool;
    /// A function has been called often.
    fn hot_function(&self, vm: &Vm, function: FnRef) -> Verdict;
    /// A loop (the instruction after its `LoopHead`) has run often.
    fn hot_loop(&self, vm: &Vm, function: FnRef, pc: usize) -> Verdict;
    /// Runs compiled code on the frame at `fp`, whose arguments (or, for a loop, registers) are in place.
    fn enter(&self, vm: &mut Vm, entry: Entry, fp: Fp) -> Outcome;
    /// Compiled code on the frame at `fp`, which is rebuilt, has left by exit `exit` of the tier's own numbering.
    fn left(&self, vm: &Vm, exit: usize, fp: Fp);
}
