//! Control flow of a function: order, predecessors, dominators, loops. Computed once, valid while no edge changes.
use super::{BlockId, Function};

/// A natural loop.
#[derive(PartialEq, Eq, Debug)]
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
#[derive(PartialEq, Eq, Debug)]
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
    /// When a walk over the dominator tree enters and leaves each block.
    visits: Vec<(u32, u32)>,
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
        let visits = visits(order[0], &children);
        let mut cfg = Cfg { order, position, preds, idom, children, visits, loops: Vec::new() };
        cfg.loops = cfg.find_loops(function);
        cfg
    }

    pub fn is_reachable(&self, block: BlockId) -> bool {
        self.position[block.index()] != u32::MAX
    }

    /// Does `a` dominate `b`?
    pub fn dominates(&self, a: BlockId, b: BlockId) -> bool {
        let ((enter, leave), (at, _)) = (self.visits[a.index()], self.visits[b.index()]);
        enter <= at && at <= leave
    }

    /// Does every turn of a loop that goes on come through `block`? Where the block in front of a loop is the head of another, both were
    /// one loop, and ways back to the outer head end a turn as well.
    pub fn is_in_each_turn(&self, function: &Function, block: BlockId, looped: &Loop) -> bool {
        let front = looped.preheader.filter(|front| function.blocks[front.index()].loop_head.is_some());
        let around = front.and_then(|front| self.loops.iter().find(|around| around.header == front));
        let latches = looped.latches.iter().chain(around.iter().flat_map(|around| &around.latches));
        latches.into_iter().all(|&latch| self.dominates(block, latch))
    }

    /// Is there no loop inside of a loop?
    pub fn is_innermost(&self, looped: &Loop) -> bool {
        let is_header = |block: BlockId| self.preds[block.index()].iter().any(|&from| self.dominates(block, from));
        !looped.blocks.iter().any(|&block| block != looped.header && is_header(block))
    }

    fn find_loops(&self, function: &Function) -> Vec<Loop> {
        let mut loops = Vec::new();
        // Which loop a block was last seen in: one list for all loops.
        let mut inside = vec![BlockId(u32::MAX); self.position.len()];
        for &header in self.order.iter().rev() {
            let latches: Vec<_> =
                self.preds[header.index()].iter().copied().filter(|&from| self.dominates(header, from)).collect();
            if !latches.is_empty() {
                loops.push(self.natural_loop(function, header, latches, &mut inside));
            }
        }
        loops
    }

    fn natural_loop(&self, function: &Function, header: BlockId, latches: Vec<BlockId>, inside: &mut [BlockId]) -> Loop {
        inside[header.index()] = header;
        let mut blocks = vec![header];
        let mut work = latches.clone();
        while let Some(block) = work.pop() {
            if std::mem::replace(&mut inside[block.index()], header) != header {
                blocks.push(block);
                work.extend(&self.preds[block.index()]);
            }
        }
        blocks.sort_by_key(|block| self.position[block.index()]);
        let outside: Vec<_> = self.preds[header.index()].iter().filter(|from| inside[from.index()] != header).collect();
        let preheader = match outside[..] {
            [&only] if function.blocks[only.index()].preheader.is_some() => Some(only),
            _ => None,
        };
        Loop { header, preheader, blocks, latches }
    }
}

/// Numbers of a walk over the dominator tree: when it enters a block, and the last one it enters below it.
fn visits(entry: BlockId, children: &[Vec<BlockId>]) -> Vec<(u32, u32)> {
    let mut visits = vec![(u32::MAX, 0); children.len()];
    let mut count = 0;
    let mut work = vec![(entry, false)];
    while let Some((block, done)) = work.pop() {
        if done {
            visits[block.index()].1 = count - 1;
        } else {
            visits[block.index()].0 = count;
            count += 1;
            work.push((block, true));
            work.extend(children[block.index()].iter().map(|child| (*child, false)));
        }
    }
    visits
}

fn reverse_postorder(function: &Function) -> Vec<BlockId> {
    let mut seen = vec![false; function.blocks.len()];
    let mut order = Vec::with_capacity(function.blocks.len());
    // A block leads to two others at most. They are visited from the last one on.
    let successor = |block: BlockId, at: usize| {
        let term = function.blocks[block.index()].term.as_ref()?;
        term.successors().nth(at).map(|(to, _)| to)
    };
    seen[0] = true;
    let mut stack = vec![(BlockId(0), 2_usize)];
    while let Some((block, left)) = stack.last_mut() {
        match left.checked_sub(1) {
            Some(at) => {
                *left = at;
                if let Some(next) = successor(*block, at).filter(|next| !std::mem::replace(&mut seen[next.index()], true)) {
                    stack.push((next, 2));
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
