//! Blocks made twice: with values, states and edges among them of their own.
use crate::jit::ir::ids::IdMap;
use crate::jit::ir::{Block, BlockId, Function, Inst, StateId, Terminator, ValueId};

/// What became of the blocks, and of the values they define.
#[derive(Debug, Default)]
pub struct Copied {
    pub blocks: IdMap<BlockId, BlockId>,
    pub values: IdMap<ValueId, ValueId>,
}

/// The blocks once more. Edges to other blocks, and what the blocks use of others, are the same.
pub fn blocks(function: &mut Function, originals: &[BlockId]) -> Copied {
    let mut copied = Copied::default();
    for &block in originals {
        copied.blocks.insert(block, function.new_block());
        for value in super::defined(&function.blocks[block.index()]).collect::<Vec<_>>() {
            copied.values.insert(value, function.new_value(function.ty(value)));
        }
    }
    for block in originals {
        let made = copied.block(function, *block);
        function.blocks[copied.blocks[block].index()] = made;
    }
    copied
}

/// In these blocks and the states they leave with, other values instead of some.
pub fn rename(function: &mut Function, blocks: &[BlockId], values: IdMap<ValueId, ValueId>) {
    let renamed = Copied { values, ..Copied::default() };
    for block in blocks {
        function.blocks[block.index()] = renamed.block(function, *block);
    }
}

impl Copied {
    fn rename(&self, value: &mut ValueId) {
        *value = self.values.get(value).copied().unwrap_or(*value);
    }

    fn block(&self, function: &mut Function, block: BlockId) -> Block {
        let original = &function.blocks[block.index()];
        let (cold, work, loop_head, preheader) = (original.cold, original.work, original.loop_head, original.preheader);
        let (mut params, mut insts, mut term) = (original.params.clone(), original.insts.clone(), original.term.clone());
        params.iter_mut().for_each(|param| self.rename(param));
        for Inst { kind, result, .. } in &mut insts {
            kind.each_operand(|value| self.rename(value));
            result.iter_mut().for_each(|result| self.rename(result));
            kind.each_exit(|exit| *exit = self.state(function, *exit));
        }
        if let Some(term) = &mut term {
            term.each_operand(|value| self.rename(value));
            match term {
                Terminator::Jump(to, _) => self.redirect(to),
                Terminator::Branch { then, otherwise, .. } => {
                    [then, otherwise].into_iter().for_each(|way| self.redirect(&mut way.0))
                }
                Terminator::Exit(state) => *state = self.state(function, *state),
                Terminator::Return(_) => {}
            }
        }
        let preheader = preheader.map(|state| self.state(function, state));
        Block { params, insts, term, cold, loop_head, preheader, work }
    }

    fn redirect(&self, to: &mut BlockId) {
        *to = self.blocks.get(to).copied().unwrap_or(*to);
    }

    fn state(&self, function: &mut Function, state: StateId) -> StateId {
        super::copy_state(function, state, |value| self.rename(value))
    }
}
