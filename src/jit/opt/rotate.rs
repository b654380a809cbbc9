//! Puts the test of a loop at its end: each way to the head makes the test itself, and goes on behind it or past the loop.
//!
//! A turn then takes one jump instead of two, and what the head computes – the next number of a range – is what lives through the
//! turn, where before the last one did as well. Runs last: other passes find the test at the head.
//! Where the way past the loop and one out of its midst meet again (`while j >= 0 && xs[j] > x`), what is wanted of the head there comes as
//! a parameter.
//! Must not: copy heads that call or are long, nor those whose values are wanted where more ways meet.
use crate::jit::ir::cfg::Cfg;
use crate::jit::ir::ids::IdMap;
use crate::jit::ir::{BlockId, Function, Inst, StateId, Terminator, ValueId};

/// Instructions of a head that is copied, at most.
const MOST_COPIED: usize = 6;
/// Ways to a head that is copied, at most.
const MOST_WAYS: usize = 4;
/// Loops rotated in one function at most: each changes the control flow, which is looked at anew.
const MOST_ROTATED: usize = 16;

/// Where the values of a head are used.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Side {
    Inside,
    Behind,
}

/// A loop to be rotated.
struct Plan {
    head: BlockId,
    ways: Vec<BlockId>,
    /// The block behind the test, which becomes the head, and what lies past the loop; false: others come there as well.
    inside: BlockId,
    behind: (BlockId, bool),
    /// The head's values that are used elsewhere.
    wanted: IdMap<(Side, ValueId), ValueId>,
}

/// Returns the number of loops rotated.
pub fn run(function: &mut Function, cfg: &mut Cfg) -> usize {
    let mut done = Vec::new();
    while done.len() < MOST_ROTATED {
        let heads: Vec<BlockId> = cfg.loops.iter().map(|looped| looped.header).collect();
        let Some(plan) = heads.into_iter().filter(|head| !done.contains(head)).find_map(|head| plan(function, cfg, head))
        else {
            break;
        };
        done.push(plan.inside);
        apply(function, cfg, plan);
        *cfg = Cfg::new(function);
    }
    done.len()
}

fn plan(function: &mut Function, cfg: &Cfg, head: BlockId) -> Option<Plan> {
    let block = &function.blocks[head.index()];
    let ways = cfg.preds[head.index()].clone();
    let short = block.insts.len() <= MOST_COPIED && ways.len() <= MOST_WAYS && head != BlockId(0);
    let jump = |way: &BlockId| matches!(function.blocks[way.index()].term, Some(Terminator::Jump(..)));
    if !short || block.insts.iter().any(|inst| inst.kind.effects().calls) || !ways.iter().all(jump) {
        return None;
    }
    let Some(Terminator::Branch { then, otherwise, .. }) = &block.term else { return None };
    let stays = |to: BlockId| cfg.preds[head.index()].iter().any(|way| cfg.dominates(to, *way));
    let (inside, behind) = match (stays(then.0), stays(otherwise.0)) {
        (true, false) => (then.0, otherwise.0),
        (false, true) => (otherwise.0, then.0),
        _ => return None,
    };
    let only = |block: BlockId| cfg.preds[block.index()][..] == [head];
    if inside == head || !only(inside) {
        return None;
    }
    let mut plan = Plan { head, ways, inside, behind: (behind, only(behind)), wanted: IdMap::default() };
    pass_on(function, cfg, &plan);
    find_wanted(function, cfg, &mut plan).then_some(plan)
}

/// Where both sides meet, and what they lead to, the head's values become parameters of the meeting, as long as only ways of one side each
/// lead there.
fn pass_on(function: &mut Function, cfg: &Cfg, plan: &Plan) {
    let own: Vec<ValueId> = super::defined(&function.blocks[plan.head.index()]).collect();
    let is_met = |block: BlockId| block != plan.head && cfg.dominates(plan.head, block) && plan.side(cfg, block).is_none();
    let mut wanted = Vec::new();
    let mut users = Vec::new();
    for &block in cfg.order.iter().filter(|block| is_met(**block)) {
        let before = wanted.len();
        each_use(function, block, |value| wanted.extend(Some(value).filter(|value| own.contains(value))));
        users.extend(Some(block).filter(|_| wanted.len() > before));
    }
    let leads_to_all = |meeting: &BlockId| is_met(*meeting) && users.iter().all(|user| cfg.dominates(*meeting, *user));
    let Some(meeting) = cfg.order.iter().copied().find(leads_to_all).filter(|_| !users.is_empty()) else { return };
    if cfg.preds[meeting.index()].iter().any(|pred| *pred != plan.head && plan.side(cfg, *pred).is_none()) {
        return;
    }
    wanted.sort_unstable_by_key(|value| value.0);
    wanted.dedup();
    let params: Vec<ValueId> = wanted.iter().map(|value| function.new_value(function.ty(*value))).collect();
    for &pred in &cfg.preds[meeting.index()] {
        add_arguments(function, pred, meeting, &wanted);
    }
    function.blocks[meeting.index()].params.extend(&params);
    let mut renaming = Renaming { values: wanted.into_iter().zip(params).collect(), states: IdMap::default() };
    for &block in cfg.order.iter().filter(|block| cfg.dominates(meeting, **block)) {
        renaming.block(function, block);
    }
}

/// Adds arguments to each way from `pred` to a block.
fn add_arguments(function: &mut Function, pred: BlockId, to: BlockId, more: &[ValueId]) {
    let with = |args: &mut Box<[ValueId]>| *args = args.iter().chain(more).copied().collect();
    match &mut function.blocks[pred.index()].term {
        Some(Terminator::Jump(_, args)) => with(args),
        Some(Terminator::Branch { then, otherwise, .. }) => {
            [then, otherwise].into_iter().filter(|edge| edge.0 == to).for_each(|edge| with(&mut edge.1));
        }
        _ => unreachable!("a block that leads elsewhere jumps or branches"),
    }
}

/// Gives each of the head's values a new one for either side on which it is used. False if one is used where both have met.
fn find_wanted(function: &mut Function, cfg: &Cfg, plan: &mut Plan) -> bool {
    let own: Vec<ValueId> = super::defined(&function.blocks[plan.head.index()]).collect();
    let mut wanted = Vec::new();
    // Others cannot use what the head defines.
    for &block in cfg.order.iter().filter(|block| **block != plan.head && cfg.dominates(plan.head, **block)) {
        let before = wanted.len();
        each_use(function, block, |value| {
            if own.contains(&value) {
                wanted.push(value);
            }
        });
        let Some(side) = plan.side(cfg, block) else {
            if wanted.len() > before {
                return false;
            }
            continue;
        };
        for value in wanted.drain(..) {
            let ty = function.values[value.index()];
            plan.wanted.entry((side, value)).or_insert_with(|| function.new_value(ty));
        }
    }
    true
}

impl Plan {
    fn side(&self, cfg: &Cfg, block: BlockId) -> Option<Side> {
        if cfg.dominates(self.inside, block) {
            Some(Side::Inside)
        } else {
            Some(Side::Behind).filter(|_| self.behind.1 && cfg.dominates(self.behind.0, block))
        }
    }

    /// The head's values wanted on a side, and the parameters that they become, in a fixed order.
    fn wanted_on(&self, side: Side) -> Vec<(ValueId, ValueId)> {
        let on = self.wanted.iter().filter(|((at, _), _)| *at == side);
        let mut wanted: Vec<_> = on.map(|((_, value), param)| (*value, *param)).collect();
        wanted.sort_unstable_by_key(|(value, _)| value.0);
        wanted
    }
}

/// Calls `f` for each value that a block uses, its states included.
fn each_use(function: &Function, block: BlockId, mut f: impl FnMut(ValueId)) {
    let data = &function.blocks[block.index()];
    let mut states: Vec<StateId> = data.preheader.into_iter().collect();
    for inst in &data.insts {
        inst.kind.operands(&mut f);
        inst.kind.exits(|exit| states.push(exit));
    }
    if let Some(term) = &data.term {
        term.operands(&mut f);
        if let Terminator::Exit(state) = term {
            states.push(*state);
        }
    }
    states.iter().flat_map(|state| function.states[state.index()].values()).for_each(f);
}

fn apply(function: &mut Function, cfg: &Cfg, plan: Plan) {
    rename_uses(function, cfg, &plan);
    let head = std::mem::take(&mut function.blocks[plan.head.index()]);
    let (inside, behind) = (plan.wanted_on(Side::Inside), plan.wanted_on(Side::Behind));
    function.blocks[plan.inside.index()].params.extend(inside.iter().map(|(_, param)| *param));
    function.blocks[plan.inside.index()].loop_head = head.loop_head;
    function.blocks[plan.behind.0.index()].params.extend(behind.iter().map(|(_, param)| *param));
    for &way in &plan.ways {
        let mut copy = Renaming::of_way(function, &head.params, way);
        let mut insts = head.insts.clone();
        insts.iter_mut().for_each(|inst| copy.inst(function, inst, true));
        let mut term = head.term.clone().expect("a head ends");
        if let Terminator::Branch { then, otherwise, .. } = &mut term {
            for (to, args) in [then, otherwise] {
                let more = if *to == plan.inside { &inside } else { &behind };
                *args = args.iter().copied().chain(more.iter().map(|(value, _)| *value)).collect();
            }
        }
        term.each_operand(|value| copy.value(value));
        let block = &mut function.blocks[way.index()];
        block.insts.append(&mut insts);
        block.term = Some(term);
        block.work += head.work;
    }
}

/// What was used of the head are parameters now.
fn rename_uses(function: &mut Function, cfg: &Cfg, plan: &Plan) {
    let renaming = |side| Renaming { values: plan.wanted_on(side).into_iter().collect(), states: IdMap::default() };
    let (mut inside, mut behind) = (renaming(Side::Inside), renaming(Side::Behind));
    for &block in cfg.order.iter().filter(|block| **block != plan.head) {
        let renaming = match plan.side(cfg, block) {
            Some(Side::Inside) => &mut inside,
            Some(Side::Behind) => &mut behind,
            None => continue,
        };
        renaming.block(function, block);
    }
}

/// New values for old ones; states that name an old one are made again.
struct Renaming {
    values: IdMap<ValueId, ValueId>,
    states: IdMap<StateId, StateId>,
}

impl Renaming {
    /// For a copy of the head at the end of a block that jumps there.
    fn of_way(function: &Function, params: &[ValueId], way: BlockId) -> Renaming {
        let Some(Terminator::Jump(_, args)) = &function.blocks[way.index()].term else {
            unreachable!("ways to a head that is copied are jumps")
        };
        Renaming { values: params.iter().copied().zip(args.iter().copied()).collect(), states: IdMap::default() }
    }

    /// All that a block uses.
    fn block(&mut self, function: &mut Function, block: BlockId) {
        let mut data = std::mem::take(&mut function.blocks[block.index()]);
        data.insts.iter_mut().for_each(|inst| self.inst(function, inst, false));
        if let Some(state) = &mut data.preheader {
            self.state(function, state);
        }
        if let Some(term) = &mut data.term {
            term.each_operand(|value| self.value(value));
            if let Terminator::Exit(state) = term {
                self.state(function, state);
            }
        }
        function.blocks[block.index()] = data;
    }

    fn value(&self, value: &mut ValueId) {
        if let Some(new) = self.values.get(value) {
            *value = *new;
        }
    }

    fn inst(&mut self, function: &mut Function, inst: &mut Inst, copied: bool) {
        inst.kind.each_operand(|value| self.value(value));
        inst.kind.each_exit(|exit| self.state(function, exit));
        if let Some(result) = inst.result.as_mut().filter(|_| copied) {
            let new = function.new_value(function.ty(*result));
            self.values.insert(*result, new);
            *result = new;
        }
    }

    fn state(&mut self, function: &mut Function, state: &mut StateId) {
        if function.states[state.index()].values().any(|value| self.values.contains_key(&value)) {
            let values = &self.values;
            let rename = |value: &mut ValueId| *value = values.get(value).copied().unwrap_or(*value);
            *state = *self.states.entry(*state).or_insert_with(|| super::copy_state(function, *state, rename));
        }
    }
}
