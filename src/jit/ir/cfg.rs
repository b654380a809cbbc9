//! Control flow of a function: order, predecessors, dominators, loops. Computed once, valid while no edge changes.
use super::{BlockId, Function};

/// A natural loop.
#[derive(Debug)]
pub struct Loop {
    pub header: BlockId,
    /// The block in front of it, if the builder made one.
    pub preheader: Option<BlockId>,
    /// Its blocks, header included, in reverse postorder.
    pub blocks: Vec<BlockId>,
    /// Sources of its back edges.
    pub latches: Vec<BlockId>,
}

/// Facts about the control flow; indexed by block number where not said otherwise.
#[derive(Debug)]
pub struct Cfg {
    /// Reachable blocks in reverse postorder.
    pub order: Vec<BlockId>,
    /// Position in `order`; `u32::MAX` for unreachable blocks.
    pub position: Vec<u32>,
    pub preds: Vec<Vec<BlockId>>,
    /// Immediate dominator; the entry is its own.
    pub idom: Vec<BlockId>,
    /// Children in the dominator tree.
    pub children: Vec<Vec<BlockId>>,
    /// Inner loops come before the loops around them.
    pub loops: Vec<Loop>,
}

impl Cfg {
    pub fn new(function: &Function) -> Cfg {
        let order = reverse_postorder(function);
        let count = function.blocks.len();
        let mut position = vec![u32::MAX; count];
        for (at, block) in order.iter().enumerate() {
            position[block.index()] = at as u32;
        }
        let mut preds = vec![Vec::new(); count];
        for &block in &order {
            for (to, _) in function.blocks[block.index()].term.iter().flat_map(|term| term.successors()) {
                preds[to.index()].push(block);
            }
        }
        let idom = dominators(&order, &position, &preds);
        let mut children = vec![Vec::new(); count];
        for &block in order.iter().skip(1) {
            children[idom[block.index()].index()].push(block);
        }
        let mut cfg = Cfg { order, position, preds, idom, children, loops: Vec::new() };
        cfg.loops = cfg.find_loops(function);
        cfg
    }

    pub fn is_reachable(&self, block: BlockId) -> bool {
        self.position[block.index()] != u32::MAX
    }

    /// Does `a` dominate `b`?
    pub fn dominates(&self, a: BlockId, mut b: BlockId) -> bool {
        while self.position[b.index()] > self.position[a.index()] {
            b = self.idom[b.index()];
        }
        a == b
    }

    fn find_loops(&self, function: &Function) -> Vec<Loop> {
        let mut loops = Vec::new();
        for &header in self.order.iter().rev() {
            let latches: Vec<_> =
                self.preds[header.index()].iter().copied().filter(|&from| self.dominates(header, from)).collect();
            if !latches.is_empty() {
                loops.push(self.natural_loop(function, header, latches));
            }
        }
        loops
    }

    fn natural_loop(&self, function: &Function, header: BlockId, latches: Vec<BlockId>) -> Loop {
        let mut inside = vec![false; self.position.len()];
        inside[header.index()] = true;
        let mut work = latches.clone();
        while let Some(block) = work.pop() {
            if !std::mem::replace(&mut inside[block.index()], true) {
                work.extend(&self.preds[block.index()]);
            }
        }
        let outside: Vec<_> = self.preds[header.index()].iter().filter(|from| !inside[from.index()]).collect();
        let preheader = match outside[..] {
            [&only] if function.blocks[only.index()].preheader.is_some() => Some(only),
            _ => None,
        };
        let blocks = self.order.iter().copied().filter(|block| inside[block.index()]).collect();
        Loop { header, preheader, blocks, latches }
    }
}

fn reverse_postorder(function: &Function) -> Vec<BlockId> {
    let mut seen = vec![false; function.blocks.len()];
    let mut order = Vec::with_capacity(function.blocks.len());
    let successors = |block: BlockId| -> Vec<BlockId> {
        function.blocks[block.index()].term.iter().flat_map(|term| term.successors()).map(|(to, _)| to).collect()
    };
    seen[0] = true;
    let mut stack = vec![(BlockId(0), successors(BlockId(0)))];
    while let Some((block, rest)) = stack.last_mut() {
        match rest.pop() {
            Some(next) => {
                if !std::mem::replace(&mut seen[next.index()], true) {
                    stack.push((next, successors(next)));
                }
            }
            None => {
                order.push(*block);
                stack.pop();
            }
        }
    }
    order.reverse();
    order
}

/// Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm".
fn dominators(order: &[BlockId], position: &[u32], preds: &[Vec<BlockId>]) -> Vec<BlockId> {
    let none = BlockId(u32::MAX);
    let mut idom = vec![none; position.len()];
    idom[order[0].index()] = order[0];
    let mut changed = true;
    while changed {
        changed = false;
        for &block in &order[1..] {
            let mut best = none;
            for &pred in preds[block.index()].iter().filter(|pred| idom[pred.index()] != none) {
                best = if best == none { pred } else { common(&idom, position, best, pred) };
            }
            if best != idom[block.index()] {
                idom[block.index()] = best;
                changed = true;
            }
        }
    }
    idom
}

fn common(idom: &[BlockId], position: &[u32], mut a: BlockId, mut b: BlockId) -> BlockId {
    while a != b {
        while position[a.index()] > position[b.index()] {
            a = idom[a.index()];
        }
        while position[b.index()] > position[a.index()] {
            b = idom[b.index()];
        }
    }
    a
}
