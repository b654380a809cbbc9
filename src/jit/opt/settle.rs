//! Lets generic arrays that a loop fills with numbers become arrays of numbers behind it, and loops that fill them find them so.
//!
//! An array that a loop stores scalars of one kind to *settles* where the loop ends ([`InstKind::Settle`]): `[0] * n` filled with floats
//! stores floats from then on. A loop that would have its elements stored as values again (`Generalise` in front of it) is made
//! twice: once for an array that has settled, which stays as it is, once as it was.
//! Relies on: the array is unshared, so only what comes from the same slot, or from the same depth of containers, leads to it as well.
//! Must not: settle where something is in use behind the loop that knows the array by its old kind: the address of its elements, or a
//! pointer checked to be one to values. Runs behind `hoist`, for which there is one array all through the loop.
use super::copy;
use super::memory::Memory;
use crate::jit::ir::cfg::{Cfg, Loop};
use crate::jit::ir::ids::{IdMap, IdSet};
use crate::jit::ir::inst::{Cell, Heaps, Origin};
use crate::jit::ir::{Block, BlockId, Function, Inst, InstKind, Repr, Terminator, Type, ValueId};
use crate::value::layout::{shape, tag};

/// Arrays of one function that settle at most.
const MOST: usize = 8;
/// Instructions of a loop that is made twice at most.
const MOST_COPIED: usize = 160;

/// How scalars of one kind are stored, boxed and unboxed.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Scalar {
    repr: Repr,
    tag: u64,
    shape: u32,
    cell: Cell,
}

const SCALARS: [Scalar; 3] = [
    Scalar { repr: Repr::I64, tag: tag::INT, shape: shape::ARR_I64, cell: Cell::I64 },
    Scalar { repr: Repr::F64, tag: tag::FLOAT, shape: shape::ARR_F64, cell: Cell::F64 },
    Scalar { repr: Repr::Bool, tag: tag::BOOL, shape: shape::ARR_BOOL, cell: Cell::Bool },
];

impl Scalar {
    fn ty(self) -> Type {
        match self.repr {
            Repr::F64 => Type::FLOAT,
            Repr::Bool => Type::BOOL,
            _ => Type::INT,
        }
    }
}

/// An array that a loop stores scalars of one kind to.
struct Plan {
    array: ValueId,
    /// Where in the program that array is first stored to.
    origin: Origin,
    scalar: Scalar,
    front: BlockId,
    blocks: Vec<BlockId>,
    /// Edges out of the loop, but for those where compiled code ends.
    ends: Vec<(BlockId, BlockId)>,
    version: Option<Version>,
}

/// How the loop is made twice.
struct Version {
    /// The array before its elements were stored as values.
    source: ValueId,
    /// Blocks in which compiled code ends, reached from the loop.
    leaving: Vec<BlockId>,
    /// Instructions in front of the loop that stay in front of both.
    kept: Vec<bool>,
    /// Values of the loop that are used behind it, and where.
    live: Vec<ValueId>,
    users: Vec<BlockId>,
}

/// Returns the number of arrays that may settle.
pub fn run(function: &mut Function, cfg: &mut Cfg) -> usize {
    let mut seen = IdSet::default();
    let mut count = 0;
    while count < MOST && stores(function).next().is_some() {
        let memory = Memory::new(function, cfg);
        let facts = Facts::new(function, cfg, &memory);
        let Some(plan) = cfg.loops.iter().find_map(|looped| facts.plan(looped, &mut seen)) else { break };
        apply(function, plan);
        *cfg = Cfg::new(function);
        count += 1;
    }
    count
}

/// Scalars stored to elements that are values, with the address of the elements.
fn stores(function: &Function) -> impl Iterator<Item = (ValueId, ValueId)> {
    function.blocks.iter().flat_map(|block| &block.insts).filter_map(stored)
}

fn stored(inst: &Inst) -> Option<(ValueId, ValueId)> {
    match inst.kind {
        InstKind::StoreElement { cell: Cell::Value, data, value, .. } | InstKind::StoreElementValue { data, value, .. } => {
            Some((data, value))
        }
        _ => None,
    }
}

struct Facts<'a> {
    function: &'a Function,
    cfg: &'a Cfg,
    memory: &'a Memory,
    /// Where each value is defined, and by which instruction.
    home: Vec<BlockId>,
    made: IdMap<ValueId, &'a Inst>,
    /// The blocks that use each value; frame states are told apart, since they know nothing of an array's kind.
    used: IdMap<ValueId, Vec<BlockId>>,
    named: IdMap<ValueId, Vec<BlockId>>,
}

impl<'a> Facts<'a> {
    fn new(function: &'a Function, cfg: &'a Cfg, memory: &'a Memory) -> Facts<'a> {
        let (mut made, mut used, mut named) =
            (IdMap::default(), IdMap::<_, Vec<_>>::default(), IdMap::<_, Vec<_>>::default());
        for &at in &cfg.order {
            let block = &function.blocks[at.index()];
            let mut states: Vec<_> = block.preheader.into_iter().collect();
            for inst in &block.insts {
                made.extend(inst.result.map(|result| (result, inst)));
                inst.kind.operands(|value| used.entry(value).or_default().push(at));
                inst.kind.exits(|state| states.push(state));
            }
            if let Some(term) = &block.term {
                term.operands(|value| used.entry(value).or_default().push(at));
                if let Terminator::Exit(state) = term {
                    states.push(*state);
                }
            }
            let values = states.iter().flat_map(|state| function.states[state.index()].values());
            values.for_each(|value| named.entry(value).or_default().push(at));
        }
        Facts { function, cfg, memory, home: super::homes(function, cfg), made, used, named }
    }

    fn plan(&self, looped: &Loop, seen: &mut IdSet<ValueId>) -> Option<Plan> {
        let front = looped.preheader.filter(|front| self.function.blocks[front.index()].loop_head.is_none())?;
        let insts = looped.blocks.iter().flat_map(|block| &self.function.blocks[block.index()].insts);
        let stores: Vec<_> =
            insts.filter_map(stored).filter_map(|(data, value)| Some((self.array_at(data)?, value))).collect();
        let mut arrays = stores.iter().map(|(array, _)| *array).filter(|array| self.home[array.index()] == front);
        arrays.find_map(|array| if seen.insert(array) { self.plan_for(array, front, looped, &stores) } else { None })
    }

    fn plan_for(&self, array: ValueId, front: BlockId, looped: &Loop, stores: &[(ValueId, ValueId)]) -> Option<Plan> {
        let mut kinds = stores.iter().filter(|(to, _)| *to == array).map(|(_, value)| self.function.ty(*value).repr);
        let repr = kinds.next()?;
        let scalar = SCALARS.into_iter().find(|scalar| scalar.repr == repr).filter(|_| kinds.all(|other| other == repr))?;
        let (leaving, ends) = self.edges_out(looped);
        if ends.iter().any(|(_, end)| self.is_known_at(array, *end)) {
            return None;
        }
        let mut plan = Plan {
            array,
            origin: self.made[&array].origin,
            scalar,
            front,
            blocks: looped.blocks.clone(),
            ends,
            version: None,
        };
        plan.version = self.version(&plan, leaving);
        Some(plan)
    }

    /// The array whose elements are at an address.
    fn array_at(&self, data: ValueId) -> Option<ValueId> {
        match self.made.get(&data)?.kind {
            InstKind::LoadData(array) => Some(array),
            _ => None,
        }
    }

    /// Blocks behind a loop in which compiled code ends, and the edges to others.
    fn edges_out(&self, looped: &Loop) -> (Vec<BlockId>, Vec<(BlockId, BlockId)>) {
        let inside: IdSet<BlockId> = looped.blocks.iter().copied().collect();
        let (mut leaving, mut ends) = (Vec::new(), Vec::new());
        for &from in &looped.blocks {
            let term = &self.function.blocks[from.index()].term;
            for (to, _) in term.iter().flat_map(Terminator::successors).filter(|(to, _)| !inside.contains(to)) {
                if matches!(self.function.blocks[to.index()].term, Some(Terminator::Exit(_))) {
                    leaving.push(to);
                } else {
                    ends.push((from, to));
                }
            }
        }
        leaving.sort();
        leaving.dedup();
        ends.sort();
        ends.dedup();
        (leaving, ends)
    }

    /// Is anything in use from a block on that may know the array as one of values?
    fn is_known_at(&self, array: ValueId, block: BlockId) -> bool {
        self.used.keys().any(|&value| {
            let pointer = self.array_at(value).unwrap_or(value);
            let knows = self.function.ty(pointer).shape == shape::ARR_VAL && self.memory.may_be_same(array, pointer);
            knows && self.is_live(value, block)
        })
    }

    /// Is a value used on a way from a block on?
    fn is_live(&self, value: ValueId, from: BlockId) -> bool {
        let home = self.home[value.index()];
        let uses = &self.used[&value];
        let mut seen = IdSet::from_iter([home]);
        let mut work = vec![from];
        while let Some(block) = work.pop() {
            if !seen.insert(block) {
                continue;
            }
            if uses.contains(&block) {
                return true;
            }
            work.extend(self.function.blocks[block.index()].term.iter().flat_map(Terminator::successors).map(|(to, _)| to));
        }
        false
    }

    fn version(&self, plan: &Plan, leaving: Vec<BlockId>) -> Option<Version> {
        let InstKind::Generalise { pointer: source, .. } = self.made[&plan.array].kind else { return None };
        let region: IdSet<BlockId> = plan.blocks.iter().chain(&leaving).copied().collect();
        let size = |block: &BlockId| self.function.blocks[block.index()].insts.len();
        if region.iter().chain([&plan.front]).map(size).sum::<usize>() > MOST_COPIED || !self.is_plain(plan) {
            return None;
        }
        let kept = self.kept(plan.front);
        let moved = self.function.blocks[plan.front.index()].insts.iter().zip(&kept).filter(|(_, kept)| !**kept);
        // Which loop it is to be is asked in front of what moves.
        if moved.clone().any(|(inst, _)| inst.result == Some(source)) {
            return None;
        }
        let values = region.iter().flat_map(|block| super::defined(&self.function.blocks[block.index()]));
        let values = values.chain(moved.filter_map(|(inst, _)| inst.result));
        let is_outside = |block: &BlockId| !region.contains(block) && *block != plan.front;
        let uses = |value: &ValueId| {
            let all = self.used.get(value).into_iter().chain(self.named.get(value)).flatten();
            all.copied().filter(is_outside).collect::<Vec<_>>()
        };
        let mut live: Vec<ValueId> = values.filter(|value| !uses(value).is_empty()).collect();
        live.sort();
        let mut users: Vec<BlockId> = live.iter().flat_map(uses).collect();
        users.sort();
        users.dedup();
        let one_end = !plan.ends.is_empty() && plan.ends.windows(2).all(|pair| pair[0].1 == pair[1].1);
        (live.is_empty() || one_end).then_some(Version { source, leaving, kept, live, users })
    }

    /// Which instructions in front of a loop need not come behind those that store elements as values?
    fn kept(&self, front: BlockId) -> Vec<bool> {
        let mut moved = IdSet::default();
        let mut keep = |inst: &Inst| {
            let effects = inst.kind.effects();
            let mut stays = !effects.reads.overlaps(Heaps::HEADERS) && effects.writes == Heaps::NONE && !effects.calls;
            inst.kind.operands(|value| stays &= !moved.contains(&value));
            if !stays {
                moved.extend(inst.result);
            }
            stays
        };
        let insts = &self.function.blocks[front.index()].insts;
        let first = insts.iter().position(|inst| matches!(inst.kind, InstKind::Generalise { .. })).unwrap_or(0);
        std::iter::repeat_n(true, first).chain(insts[first..].iter().map(&mut keep)).collect()
    }

    /// Is a value defined in the loop or in front of it?
    fn is_part(&self, plan: &Plan, value: ValueId) -> bool {
        let home = self.home[value.index()];
        home == plan.front || plan.blocks.contains(&home)
    }

    /// Is the array only measured, and its elements only read and scalars stored to them? And does nothing else read or change an array
    /// that may be the same, when that has settled?
    fn is_plain(&self, plan: &Plan) -> bool {
        let array = plan.array;
        let insts = self.cfg.order.iter().flat_map(|block| &self.function.blocks[block.index()].insts);
        insts.filter(|inst| inst.result != Some(array)).all(|inst| {
            let (mut names_array, mut names_data) = (false, false);
            inst.kind.operands(|value| {
                names_array |= value == array;
                names_data |= self.array_at(value) == Some(array);
            });
            match inst.kind {
                InstKind::LoadData(_) | InstKind::LoadLength(_) => true,
                InstKind::LoadElement { cell: Cell::Value, .. } => !names_array,
                InstKind::LoadElement { cell, data, .. } | InstKind::StoreElement { cell, data, .. }
                    if cell == plan.scalar.cell =>
                {
                    !self.memory.may_be_same(array, data)
                }
                InstKind::Generalise { pointer, .. } if inst.result.is_some_and(|other| self.is_part(plan, other)) => {
                    !self.memory.may_be_same(array, pointer)
                }
                _ => !names_array && (!names_data || stored(inst).is_some()),
            }
        })
    }
}

fn apply(function: &mut Function, mut plan: Plan) {
    if let Some(version) = plan.version.take() {
        make_twice(function, &mut plan, version);
    }
    for &(from, to) in &plan.ends {
        let params = parameters(function, &function.blocks[to.index()].params.clone());
        let settle =
            Inst { kind: InstKind::Settle { pointer: plan.array, tag: plan.scalar.tag }, result: None, origin: plan.origin };
        let term = Some(Terminator::Jump(to, params.iter().copied().collect()));
        let made = function.new_block();
        function.blocks[made.index()] = Block { params, insts: vec![settle], term, ..Block::default() };
        redirect(function, from, to, made, &[]);
    }
}

/// The loop for an array that has settled, next to the one at hand; both are entered from the block in front.
fn make_twice(function: &mut Function, plan: &mut Plan, version: Version) {
    let generic = split_front(function, plan.front, &version.kept);
    let mut region = vec![generic];
    region.extend(plan.blocks.iter().chain(&version.leaving));
    if !version.live.is_empty() {
        pass_on(function, plan, &version.live, &version.users);
    }
    let copied = copy::blocks(function, &region);
    unbox(function, copied.blocks.values().copied(), plan.scalar, copied.values[&plan.array], version.source);
    let is_settled = function.new_value(Type::BOOL);
    let kind = InstKind::IsShape { pointer: version.source, shape: plan.scalar.shape };
    let front = &mut function.blocks[plan.front.index()];
    front.insts.push(Inst { kind, result: Some(is_settled), origin: plan.origin });
    let ways = (copied.blocks[&generic], generic);
    front.term = Some(Terminator::Branch { cond: is_settled, then: (ways.0, [].into()), otherwise: (ways.1, [].into()) });
}

/// Moves what must come behind `Generalise` to a block of its own, which is the one in front of the loop then.
fn split_front(function: &mut Function, front: BlockId, kept: &[bool]) -> BlockId {
    let made = function.new_block();
    let block = &mut function.blocks[front.index()];
    let (mut stay, mut go) = (Vec::new(), Vec::new());
    for (inst, kept) in std::mem::take(&mut block.insts).into_iter().zip(kept) {
        if *kept { stay.push(inst) } else { go.push(inst) }
    }
    block.insts = stay;
    let (term, preheader) = (block.term.take(), block.preheader.take());
    function.blocks[made.index()] = Block { insts: go, term, preheader, ..Block::default() };
    made
}

/// What the loop's values are used for behind it gets them as parameters of a block at its only end, as both loops will have their own.
fn pass_on(function: &mut Function, plan: &mut Plan, live: &[ValueId], users: &[BlockId]) {
    let end = plan.ends[0].1;
    let own = parameters(function, &function.blocks[end.index()].params.clone());
    let values = parameters(function, live);
    let renamed = live.iter().copied().zip(values.iter().copied()).collect();
    copy::rename(function, users, renamed);
    let made = function.new_block();
    let term = Some(Terminator::Jump(end, own.iter().copied().collect()));
    let params = own.into_iter().chain(values).collect();
    function.blocks[made.index()] = Block { params, term, ..Block::default() };
    for (from, to) in &mut plan.ends {
        redirect(function, *from, *to, made, live);
        *to = made;
    }
}

fn parameters(function: &mut Function, like: &[ValueId]) -> Vec<ValueId> {
    like.iter().map(|value| function.new_value(function.ty(*value))).collect()
}

/// Ways from a block to `to` go to `new`, with further arguments.
fn redirect(function: &mut Function, block: BlockId, to: BlockId, new: BlockId, more: &[ValueId]) {
    let change = |target: &mut BlockId, args: &mut Box<[ValueId]>| {
        if *target == to {
            *target = new;
            *args = args.iter().chain(more).copied().collect();
        }
    };
    match &mut function.blocks[block.index()].term {
        Some(Terminator::Jump(target, args)) => change(target, args),
        Some(Terminator::Branch { then, otherwise, .. }) => {
            [then, otherwise].into_iter().for_each(|way| change(&mut way.0, &mut way.1));
        }
        _ => {}
    }
}

/// In the blocks of the loop for an array that has settled, its elements are scalars.
fn unbox(function: &mut Function, blocks: impl Iterator<Item = BlockId>, scalar: Scalar, array: ValueId, source: ValueId) {
    let blocks: Vec<BlockId> = blocks.collect();
    let insts = blocks.iter().flat_map(|block| &function.blocks[block.index()].insts);
    let data: IdSet<ValueId> = insts
        .filter(|inst| matches!(inst.kind, InstKind::LoadData(of) if of == array))
        .filter_map(|inst| inst.result)
        .collect();
    for block in blocks {
        let mut changed = Vec::new();
        for mut inst in std::mem::take(&mut function.blocks[block.index()].insts) {
            match inst.kind {
                InstKind::Generalise { exit, .. } if inst.result == Some(array) => {
                    function.values[array.index()] = Type::pointer(tag::ARRAY, scalar.shape);
                    inst.kind = InstKind::GuardShape { pointer: source, shape: scalar.shape, exit };
                }
                InstKind::StoreElement { data: to, index, value, .. }
                | InstKind::StoreElementValue { data: to, index, value, .. }
                    if data.contains(&to) =>
                {
                    inst.kind = InstKind::StoreElement { cell: scalar.cell, data: to, index, value };
                }
                InstKind::LoadElement { data: from, index, .. } if data.contains(&from) => {
                    let unboxed = function.new_value(scalar.ty());
                    let kind = InstKind::LoadElement { cell: scalar.cell, data: from, index };
                    changed.push(Inst { kind, result: Some(unboxed), origin: inst.origin });
                    inst.kind = InstKind::Box(unboxed);
                }
                _ => {}
            }
            changed.push(inst);
        }
        function.blocks[block.index()].insts = changed;
    }
}
