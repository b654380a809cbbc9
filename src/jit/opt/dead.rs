//! Removes instructions whose results nobody uses and which change nothing.
//!
//! A value that only a frame state names counts as used: leaving must be able to rebuild it.
//! Must not remove: anything that writes, calls, counts or may leave.
use crate::jit::ir::cfg::Cfg;
use crate::jit::ir::inst::Heaps;
use crate::jit::ir::{FrameState, Function, StateId, ValueId};

/// Returns the number of instructions removed.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    let mut used = vec![false; function.values.len()];
    let mut removed = 0;
    // Uses are met before definitions when blocks are walked backwards, except around loops: block parameters are kept.
    for &block in cfg.order.iter().rev() {
        let data = &mut function.blocks[block.index()];
        data.term.iter_mut().for_each(|term| term.each_operand(|value| used[value.index()] = true));
        if let Some(crate::jit::ir::Terminator::Exit(state)) = data.term {
            mark_state(&function.states[state.index()], &mut used);
        }
        if let Some(state) = data.preheader {
            mark_state(&function.states[state.index()], &mut used);
        }
    }
    loop {
        let mut changed = false;
        for &block in cfg.order.iter().rev() {
            for at in (0..function.blocks[block.index()].insts.len()).rev() {
                let mut kind = function.blocks[block.index()].insts[at].kind.clone();
                let result = function.blocks[block.index()].insts[at].result;
                let effects = kind.effects();
                let needed = effects.exits || effects.calls || effects.writes != Heaps::NONE;
                if !needed && !result.is_some_and(|result| used[result.index()]) {
                    continue;
                }
                let mut mark = |value: &mut ValueId| changed |= !std::mem::replace(&mut used[value.index()], true);
                kind.each_operand(&mut mark);
                let mut states: Vec<StateId> = Vec::new();
                kind.each_exit(|state| states.push(*state));
                for state in states {
                    for value in function.states[state.index()].values() {
                        changed |= !std::mem::replace(&mut used[value.index()], true);
                    }
                }
            }
        }
        if !changed {
            break;
        }
    }
    for &block in &cfg.order {
        let insts = &mut function.blocks[block.index()].insts;
        let before = insts.len();
        insts.retain(|inst| {
            let effects = inst.kind.effects();
            effects.exits || effects.calls || effects.writes != Heaps::NONE || inst.result.is_some_and(|r| used[r.index()])
        });
        removed += before - insts.len();
    }
    removed
}

fn mark_state(state: &FrameState, used: &mut [bool]) {
    for value in state.values() {
        used[value.index()] = true;
    }
}
