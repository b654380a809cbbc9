//! Lets checks leave with the state of an earlier one where nothing has changed memory between: the VM repeats what was
//! computed since, which has no effect. Fewer states to keep and to write back.
//!
//! Only checks that fail rarely are merged, since the instruction that a merged one failed at is not known. Code that had to be
//! given up is compiled again without this pass.
//! Relies on: what an instruction without effects on memory computes, the VM computes again.
//! Must not: go back over a write, a call or the start of a loop, or change the state of a check in front of a loop.
use crate::jit::ir::cfg::Cfg;
use crate::jit::ir::inst::Heaps;
use crate::jit::ir::{BlockId, Function, InstKind, StateId};

/// Instructions that may be repeated: values of the state must be kept as long.
const MOST_REPEATED: usize = 48;

/// A state that is still valid, and the instructions since.
#[derive(Clone, Copy)]
struct Earlier {
    state: StateId,
    since: usize,
}

/// Returns the number of checks that have got another state; those states are listed in `Function::merged`.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    let mut at_end: Vec<Option<Earlier>> = vec![None; function.blocks.len()];
    let mut merged = 0;
    for &block in &cfg.order {
        let earlier = match cfg.preds[block.index()][..] {
            [only] => at_end[only.index()],
            _ => None,
        };
        at_end[block.index()] = walk(function, block, earlier, &mut merged);
    }
    function.merged.sort_unstable();
    function.merged.dedup();
    merged
}

fn walk(function: &mut Function, block: BlockId, mut earlier: Option<Earlier>, merged: &mut usize) -> Option<Earlier> {
    let front = function.blocks[block.index()].preheader;
    for at in 0..function.blocks[block.index()].insts.len() {
        let kind = &mut function.blocks[block.index()].insts[at].kind;
        let effects = kind.effects();
        if fails_rarely(kind) {
            let mut own = None;
            kind.each_exit(|exit| {
                match earlier {
                    Some(earlier) if earlier.since < MOST_REPEATED && Some(*exit) != front && *exit != earlier.state => {
                        *exit = earlier.state;
                        *merged += 1;
                        function.merged.push(earlier.state);
                    }
                    _ => {}
                }
                own = Some(*exit);
            });
            if let Some(state) =
                own.filter(|state| Some(*state) != front && earlier.is_none_or(|earlier| earlier.state != *state))
            {
                earlier = Some(Earlier { state, since: 0 });
            }
        }
        earlier = match earlier {
            Some(_) if effects.calls || effects.writes != Heaps::NONE => None,
            Some(Earlier { state, since }) => Some(Earlier { state, since: since + 1 }),
            None => None,
        };
    }
    earlier
}

fn fails_rarely(kind: &InstKind) -> bool {
    use InstKind::*;
    matches!(
        kind,
        Int { .. }
            | NegI { .. }
            | DivI { .. }
            | ModI { .. }
            | ShlI { .. }
            | ShrI { .. }
            | FloatToInt { .. }
            | GuardBounds { .. }
            | GuardNonZeroF { .. }
    )
}
