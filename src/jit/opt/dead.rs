//! Removes instructions whose results nobody uses and which change nothing, and parameters of blocks that nobody uses.
//!
//! A value that only a frame state names counts as used: leaving must be able to rebuild it. What is passed for a parameter is used if
//! the parameter is.
//! Must not remove: anything that writes, calls, counts or may leave.
use crate::jit::ir::cfg::Cfg;
use crate::jit::ir::inst::Heaps;
use crate::jit::ir::{Block, Function, Inst, StateId, Terminator, ValueId};

/// Returns the number of instructions removed.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    let used = used(function, cfg);
    if cfg.order.iter().flat_map(|block| &function.blocks[block.index()].params).any(|param| !used[param.index()]) {
        super::params::drop_params(function, cfg, |param| used[param.index()]);
    }
    let mut removed = 0;
    for &block in &cfg.order {
        let insts = &mut function.blocks[block.index()].insts;
        let before = insts.len();
        insts.retain(|inst| is_needed(inst, &used));
        removed += before - insts.len();
    }
    removed
}

/// Is an instruction needed for what it does, or for its result?
fn is_needed(inst: &Inst, used: &[bool]) -> bool {
    let effects = inst.kind.effects();
    let acts = effects.exits || effects.calls || effects.writes != Heaps::NONE;
    acts || inst.result.is_some_and(|result| used[result.index()])
}

/// The values that something needs.
fn used(function: &Function, cfg: &Cfg) -> Vec<bool> {
    let mut uses = Uses { function, used: vec![false; function.values.len()], changed: true };
    while std::mem::take(&mut uses.changed) {
        // Uses are met before definitions when blocks are walked backwards, except around loops.
        for &block in cfg.order.iter().rev() {
            uses.block(&function.blocks[block.index()]);
        }
    }
    uses.used
}

struct Uses<'a> {
    function: &'a Function,
    used: Vec<bool>,
    changed: bool,
}

impl Uses<'_> {
    fn mark(&mut self, value: ValueId) {
        self.changed |= !std::mem::replace(&mut self.used[value.index()], true);
    }

    fn state(&mut self, state: StateId) {
        let function = self.function;
        function.states[state.index()].values().for_each(|value| self.mark(value));
    }

    fn block(&mut self, block: &Block) {
        block.preheader.iter().for_each(|state| self.state(*state));
        block.term.iter().for_each(|term| self.term(term));
        for inst in block.insts.iter().rev() {
            if is_needed(inst, &self.used) {
                inst.kind.operands(|value| self.mark(value));
                inst.kind.exits(|state| self.state(state));
            }
        }
    }

    fn term(&mut self, term: &Terminator) {
        match term {
            Terminator::Branch { cond: value, .. } | Terminator::Return(value) => self.mark(*value),
            Terminator::Exit(state) => self.state(*state),
            Terminator::Jump(..) => {}
        }
        let function = self.function;
        for (to, args) in term.successors() {
            for (param, arg) in function.blocks[to.index()].params.iter().zip(args) {
                if self.used[param.index()] {
                    self.mark(*arg);
                }
            }
        }
    }
}
