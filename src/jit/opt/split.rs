//! Gives loops of which some turns call, and others do not, an inner loop for those that do not.
//!
//! A call may change anything, so what such a loop knows of its variables – shapes, lengths, addresses – is lost at its head, also for
//! turns that called nothing: searches with `if visited[next] { … }` around a recursive call are like that. Ways back without calls go to
//! the head as before; the others go to a new head in front of it, which is the head of the loop around. Where both meet in the loop's last
//! block, that block is made twice. The inner loop calls nothing, so everything that is moved out of loops is moved out of it, to be
//! done again after each call.
//! Must not: split if all ways back may have called, or none.
use crate::jit::ir::cfg::{Cfg, Loop};
use crate::jit::ir::ids::IdMap;
use crate::jit::ir::{Block, BlockId, Function, Terminator, ValueId};

/// Instructions of the last block that are made twice at most.
const MOST_COPIED: usize = 24;
/// Loops split in one function at most.
const MOST_SPLIT: usize = 8;

/// Where a loop is split.
struct Plan {
    header: BlockId,
    front: BlockId,
    /// Sources of back edges that may have called something.
    calling: Vec<BlockId>,
    /// The last block, if it is the only one, with the ways into it that may have called something.
    shared: Option<(BlockId, Vec<BlockId>)>,
}

/// Returns the number of loops split. Runs first: the block in front of a loop still has a parameter for each of the head's.
pub fn run(function: &mut Function, cfg: &mut Cfg) -> usize {
    let mut split = Vec::new();
    while split.len() < 2 * MOST_SPLIT && !cfg.loops.is_empty() {
        let calls: Vec<bool> = function.blocks.iter().map(calls).collect();
        if !calls.contains(&true) {
            break;
        }
        let mut fresh = cfg.loops.iter().filter(|looped| !split.contains(&looped.header));
        let Some(plan) = fresh.find_map(|looped| plan(function, cfg, looped, &calls)) else { break };
        split.extend([plan.header, apply(function, &plan)]);
        *cfg = Cfg::new(function);
    }
    // Each has two heads.
    split.len() / 2
}

fn calls(block: &Block) -> bool {
    block.insts.iter().any(|inst| inst.kind.effects().calls)
}

fn plan(function: &Function, cfg: &Cfg, looped: &Loop, calls: &[bool]) -> Option<Plan> {
    let (header, front) = (looped.header, looped.preheader?);
    if function.blocks[front.index()].params.len() != function.blocks[header.index()].params.len() {
        return None;
    }
    let may_have_called = after_calls(cfg, looped, calls);
    let calling = |blocks: &[BlockId]| blocks.iter().copied().filter(|from| may_have_called[from]).collect::<Vec<_>>();
    let back = calling(&looped.latches);
    let shared = match looped.latches[..] {
        [latch] if !back.is_empty() && is_copied(function, latch, header, calls) => {
            let ways = &cfg.preds[latch.index()];
            Some((latch, calling(ways))).filter(|(_, calling)| !calling.is_empty() && calling.len() < ways.len())
        }
        _ => None,
    };
    let splits = shared.is_some() || (!back.is_empty() && back.len() < looped.latches.len());
    splits.then_some(Plan { header, front, calling: back, shared })
}

/// May the last block of a loop be made twice? It only goes back to the head, so its values are used nowhere else.
fn is_copied(function: &Function, latch: BlockId, header: BlockId, calls: &[bool]) -> bool {
    let last = &function.blocks[latch.index()];
    let goes_back = matches!(last.term, Some(Terminator::Jump(to, _)) if to == header);
    latch != header && goes_back && last.insts.len() <= MOST_COPIED && !calls[latch.index()]
}

/// For each block of a loop: may the turn have called something by its end?
fn after_calls(cfg: &Cfg, looped: &Loop, calls: &[bool]) -> IdMap<BlockId, bool> {
    let mut after: IdMap<BlockId, bool> = looped.blocks.iter().map(|block| (*block, calls[block.index()])).collect();
    let mut changed = true;
    while changed {
        changed = false;
        for &block in looped.blocks.iter().filter(|block| **block != looped.header) {
            let before = cfg.preds[block.index()].iter().any(|from| after.get(from) == Some(&true));
            if before && after.insert(block, true) == Some(false) {
                changed = true;
            }
        }
    }
    after
}

/// Gives the new head.
fn apply(function: &mut Function, plan: &Plan) -> BlockId {
    let outer = new_head(function, plan);
    redirect(function, plan.front, plan.header, outer);
    match &plan.shared {
        Some((latch, calling)) => {
            let copy = super::copy::blocks(function, &[*latch]).blocks[latch];
            redirect(function, copy, plan.header, outer);
            for &from in calling {
                redirect(function, from, *latch, copy);
            }
        }
        None => plan.calling.iter().for_each(|&from| redirect(function, from, plan.header, outer)),
    }
    outer
}

/// The head of the loop around, which is also the block in front of the inner one.
fn new_head(function: &mut Function, plan: &Plan) -> BlockId {
    let (front, header) = (&function.blocks[plan.front.index()], &function.blocks[plan.header.index()]);
    let (from, types) = (front.params.clone(), header.params.iter().map(|param| function.ty(*param)).collect::<Vec<_>>());
    let loop_head = header.loop_head;
    let mut state = function.states[front.preheader.expect("a loop's preheader has a state").index()].clone();
    let params: Vec<ValueId> = types.into_iter().map(|ty| function.new_value(ty)).collect();
    let renamed: IdMap<ValueId, ValueId> = from.into_iter().zip(params.iter().copied()).collect();
    state.each_value(|value| *value = renamed.get(value).copied().unwrap_or(*value));
    let state = function.new_state(state);
    let head = function.new_block();
    let term = Some(Terminator::Jump(plan.header, params.iter().copied().collect()));
    function.blocks[head.index()] = Block { params, term, loop_head, preheader: Some(state), ..Block::default() };
    head
}

/// Ways from one block to `from` go to `to`, which takes the same arguments.
fn redirect(function: &mut Function, block: BlockId, from: BlockId, to: BlockId) {
    let change = |target: &mut BlockId| {
        if *target == from {
            *target = to;
        }
    };
    match &mut function.blocks[block.index()].term {
        Some(Terminator::Jump(target, _)) => change(target),
        Some(Terminator::Branch { then, otherwise, .. }) => [then, otherwise].into_iter().for_each(|way| change(&mut way.0)),
        _ => {}
    }
}
