//! Ways out of compiled code, and their descriptions for the runtime.
use cranelift_codegen::ir::{self as clif, InstBuilder};

use super::{Held, Helper, Lowering, context};
use crate::jit::ir::{FrameInfo, Repr, SlotIx, StateId};

/// Why an exit is taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ExitKind {
    /// A check failed: the VM executes the instruction at the state's pc.
    Execute,
    /// The call at the state's pc has raised: the VM unwinds from there.
    Raise,
    /// Something wants attention: the VM goes on at the state's pc, where it polls.
    Poll,
    /// The stack is full: raised by the VM before the function's first instruction.
    StackOverflow,
}

/// Where an exit finds a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Where {
    /// Word of the exit buffer holding an int, float or bool.
    Scalar { word: u16, tag: u8 },
    /// Words of the exit buffer holding tag and payload; `owned`: moved to the slot, else retained.
    Boxed { word: u16, owned: bool },
}

/// A slot that must be written when leaving.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SlotValue {
    pub slot: SlotIx,
    pub value: Where,
}

/// What the runtime needs to continue in the VM.
#[derive(Clone, PartialEq, Debug)]
pub struct ExitInfo {
    pub kind: ExitKind,
    /// Outermost first.
    pub frames: Vec<FrameInfo>,
    pub slots: Vec<SlotValue>,
}

impl Lowering<'_> {
    /// The block of an exit, made at its first use and filled at the end.
    pub(super) fn exit_block(&mut self, state: StateId, kind: ExitKind) -> clif::Block {
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
            let slots = self.store_values(state);
            let frames = self.function.states[state.index()].frames.clone();
            self.leave(ExitInfo { kind, frames, slots });
        }
    }

    /// Calls the exit helper and returns what it gives.
    pub(super) fn leave(&mut self, info: ExitInfo) {
        let number = self.imports.first_exit() + self.exits.len() as u64;
        self.exits.push(info);
        let context = self.context();
        let number = self.b.ins().iconst(clif::types::I64, number as i64);
        let helper = self.helper(Helper::Exit);
        let call = self.b.ins().call(helper, &[context, number, self.fp, self.closure]);
        let results = self.b.inst_results(call).to_vec();
        self.b.ins().return_(&results);
    }

    /// Stores the values of a state to the exit buffer.
    fn store_values(&mut self, state: StateId) -> Vec<SlotValue> {
        let data = &self.function.states[state.index()];
        let mut stored = Vec::with_capacity(data.slots.len());
        let mut word = 0u16;
        let base = self.context();
        for (slot, value) in &data.slots {
            let repr = self.function.ty(*value).repr;
            let at = context::EXIT_BUFFER + 8 * i32::from(word);
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
