//! Global value numbering with guard and load elimination, in one walk over the dominator tree.
//!
//! An instruction that computes what a dominating one has computed is replaced by its result. Loads carry the version of
//! the memory they read; a store makes a new version and makes its value known to later loads of the same place.
//! Where a value was found to be a certain variant, checks of that need not be made: what rests on the branch instead stays behind it.
//! Relies on: a guard's result is the only way to its unchecked operand, so a load through it cannot move above it.
//! Must not: merge loads across a write that may change them, calls included; merge anything that allocates or counts.
use super::memory::{DimensionSet, Memory, block_writes};
use crate::jit::ir::cfg::Cfg;
use crate::jit::ir::ids::{IdMap, IdSet};
use crate::jit::ir::inst::{Cmp, Home};
use crate::jit::ir::{BlockId, Function, InstKind, Operation, SlotIx, StateId, Terminator, ValueId};
use crate::jit::ir::{Inst, Origin, Repr, Type};
use crate::value::layout::tag;
use crate::value::shapes::{Layout, shape_info};

mod carry;
mod entries;

/// How many blocks are searched for writes between a block and its dominator before everything counts as written.
const REGION_LIMIT: usize = 256;

/// Returns the number of instructions removed.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    walk(function, cfg, |_| {})
}

/// The same; also carries what is known at the end of a turn over to the next one.
pub fn run_carrying(function: &mut Function, cfg: &Cfg) -> usize {
    walk(function, cfg, carry::run)
}

fn walk(function: &mut Function, cfg: &Cfg, then: impl FnOnce(&mut Pass)) -> usize {
    let memory = Memory::new(function, cfg);
    let writes = block_writes(function, cfg, &memory);
    let mut pass = Pass {
        replace: (0..function.values.len() as u32).map(ValueId).collect(),
        boxes: IdMap::default(),
        variants: IdMap::default(),
        objects: IdMap::default(),
        shaped: IdMap::default(),
        known: IdMap::with_capacity_and_hasher(function.values.len() / 2, Default::default()),
        hasher: ahash::RandomState::new(),
        holds: IdMap::default(),
        matched: IdMap::default(),
        branched: IdMap::default(),
        conditions: IdMap::default(),
        at: cfg.order[0],
        home: super::homes(function, cfg),
        stored: IdMap::default(),
        copies: IdMap::default(),
        versions_at_end: vec![Vec::new(); function.blocks.len()],
        next_version: 1,
        removed: 0,
        function,
        cfg,
        memory: &memory,
        writes: &writes,
        scratch: DimensionSet::empty(&memory),
    };
    pass.walk();
    then(&mut pass);
    let (replace, removed) = (pass.replace, pass.removed);
    super::rewrite(function, &replace);
    removed
}

/// An instruction without its exits, and the versions of what it reads. Constants are the program's choice, so it is hashed as such
/// things are, once.
struct Key {
    hash: u64,
    kind: InstKind,
    reads: Reads,
}

/// Versions, of which there is mostly one.
#[derive(Default, PartialEq, Eq, Hash)]
struct Reads {
    first: Option<u32>,
    others: Vec<u32>,
}

impl Reads {
    fn push(&mut self, version: u32) {
        match self.first {
            None => self.first = Some(version),
            Some(_) => self.others.push(version),
        }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.hash == other.hash && self.kind == other.kind && self.reads == other.reads
    }
}

impl Eq for Key {}

impl std::hash::Hash for Key {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

struct Pass<'a> {
    function: &'a mut Function,
    cfg: &'a Cfg,
    memory: &'a Memory,
    writes: &'a [DimensionSet],
    /// For what one instruction writes.
    scratch: DimensionSet,
    replace: Vec<ValueId>,
    /// What a boxed value was made of.
    boxes: IdMap<ValueId, ValueId>,
    /// The values of which the numbers of variants were asked.
    variants: IdMap<ValueId, ValueId>,
    /// The pointer that the result of a check of an object goes back to.
    objects: IdMap<ValueId, ValueId>,
    /// The version of headers for which a pointer's shape is known.
    shaped: IdMap<ValueId, u32>,
    /// With the block in which each is known: there, and in those it dominates.
    known: IdMap<Key, (ValueId, BlockId)>,
    hasher: ahash::RandomState,
    /// Truths that have been checked, each with the block where.
    holds: IdMap<ValueId, BlockId>,
    /// The variants and instances that values were found to be, by their shapes, each with the block where.
    matched: IdMap<ValueId, (u32, BlockId)>,
    /// The shapes that instances were found to have by branching, each with the block where.
    branched: IdMap<ValueId, (u32, BlockId)>,
    /// What branches may ask, by the value that is the answer.
    conditions: IdMap<ValueId, InstKind>,
    at: BlockId,
    /// The block that each value is defined in.
    home: Vec<BlockId>,
    /// What slots hold that a value was stored to, by slot and version.
    stored: IdMap<(SlotIx, u32), ValueId>,
    /// The value that was stored where another was read.
    copies: IdMap<ValueId, ValueId>,
    versions_at_end: Vec<Vec<u32>>,
    next_version: u32,
    removed: usize,
}

impl Pass<'_> {
    fn walk(&mut self) {
        let cfg = self.cfg;
        let mut work = vec![cfg.order[0]];
        while let Some(block) = work.pop() {
            self.block(block);
            work.extend(cfg.children[block.index()].iter().rev());
        }
    }

    fn block(&mut self, block: BlockId) {
        self.at = block;
        let mut versions = self.versions_on_entry(block);
        self.matched.extend(self.match_in_front(block));
        self.branched.extend(self.shape_in_front(block));
        let insts = std::mem::take(&mut self.function.blocks[block.index()].insts);
        let mut kept = Vec::with_capacity(insts.len());
        for mut inst in insts {
            inst.kind.each_operand(|value| *value = self.replace[value.index()]);
            if self.holds_already(&inst.kind) {
                self.removed += 1;
                continue;
            }
            self.trust_match(&mut inst);
            self.trust_branch(&mut inst.kind);
            self.use_found(&mut inst.kind, &versions);
            let key = (inst.result.is_some() && !inst.kind.effects().calls).then(|| self.key(&inst.kind, &versions));
            if key.as_ref().is_some_and(|key| self.is_known(&inst, key, &versions)) {
                self.removed += 1;
                continue;
            }
            let moved = self.moved(&inst.kind, &versions);
            let plain = Memory::is_plain(&inst.kind);
            if !plain {
                self.bump(&mut versions, &inst.kind);
            }
            self.note_stored(&inst, moved, &versions);
            if let Some(result) = inst.result {
                self.learn_result(&inst.kind, result, &versions);
                if let Some(key) = key.filter(|_| plain) {
                    self.learn(key, result);
                }
            }
            if let Some((load, value)) = forwarded(&inst.kind, self.function) {
                self.learn(self.key(&load, &versions), value);
            }
            let unshared = match inst.kind {
                InstKind::Unshare { home, .. } => inst.result.map(|pointer| (home, pointer, inst.origin)),
                _ => None,
            };
            kept.push(inst);
            if let Some((home, pointer, origin)) = unshared {
                kept.extend(self.learn_unshared(home, pointer, origin, &versions));
            }
        }
        self.function.blocks[block.index()].insts = kept;
        self.versions_at_end[block.index()] = versions;
    }

    /// What is true in a block because of the branch that is the only way to it.
    fn truth_in_front(&self, block: BlockId) -> Option<&InstKind> {
        let before = self.cfg.idom[block.index()];
        if self.cfg.preds[block.index()][..] != [before] {
            return None;
        }
        let Some(Terminator::Branch { cond, then, otherwise }) = &self.function.blocks[before.index()].term else {
            return None;
        };
        let (truth, where_true) = match self.conditions.get(&self.replace[cond.index()])? {
            InstKind::NotB(cond) => (self.conditions.get(cond)?, otherwise.0),
            truth => (truth, then.0),
        };
        (where_true == block && then.0 != otherwise.0).then_some(truth)
    }

    /// The value that the only way into a block has found to be a variant with payload, or an instance.
    fn match_in_front(&self, block: BlockId) -> Option<(ValueId, (u32, BlockId))> {
        let InstKind::CmpI { op: Cmp::Eq, a, b } = *self.truth_in_front(block)? else { return None };
        let (value, number) = (self.variants.get(&a)?, self.function.ty(b).range);
        let shape = u32::try_from(number.low).ok().filter(|_| number.low == number.high)?;
        Some((*value, (shape, block)))
    }

    /// The instance that the only way into a block has found to have a shape.
    fn shape_in_front(&self, block: BlockId) -> Option<(ValueId, (u32, BlockId))> {
        match *self.truth_in_front(block)? {
            InstKind::IsShape { pointer, shape } if self.is_instance(pointer) => Some((pointer, (shape, block))),
            _ => None,
        }
    }

    /// Is it a pointer to an instance? Those keep their shapes as long as they live.
    fn is_instance(&self, pointer: ValueId) -> bool {
        let ty = self.function.ty(pointer);
        ty.repr == Repr::Ptr && ty.kinds.single() == Some(tag::STRUCT)
    }

    /// A check of a shape by which a branch has told an instance from others is none.
    fn trust_branch(&mut self, kind: &mut InstKind) {
        let InstKind::GuardShape { pointer, shape, .. } = *kind else { return };
        if let Some((found, block)) = self.branched.get(&pointer)
            && *found == shape
            && self.cfg.dominates(*block, self.at)
        {
            *kind = InstKind::Unbox { value: pointer, tag: tag::STRUCT };
        }
    }

    /// A check that a value is an object of a tag which it was found to have becomes a plain reading of its pointer, of the shape found.
    fn trust_match(&mut self, inst: &mut Inst) {
        let (InstKind::GuardTag { value, tag, .. }, Some(result)) = (&inst.kind, inst.result) else { return };
        let (value, tag, found) = (*value, *tag, self.matched.get(value).copied());
        if let Some((shape, block)) = found
            && tag == tag_of(shape)
            && self.cfg.dominates(block, self.at)
            && self.function.ty(value).repr == Repr::Boxed
        {
            inst.kind = InstKind::Unbox { value, tag };
            self.function.values[result.index()] = Type::pointer(tag, shape);
        }
    }

    /// Is this a check of what has been checked to be true? From now on it is known to be.
    fn holds_already(&mut self, kind: &InstKind) -> bool {
        let InstKind::GuardTrue { value, .. } = *kind else { return false };
        let known = self.holds.get(&value).is_some_and(|block| self.cfg.dominates(*block, self.at));
        if !known {
            self.holds.insert(value, self.at);
        }
        known
    }

    /// What a result tells of the object it leads to, or of the value it was made of.
    fn learn_result(&mut self, kind: &InstKind, result: ValueId, versions: &[u32]) {
        match *kind {
            InstKind::GuardShape { pointer, .. } | InstKind::GuardUnique { pointer, .. } => {
                _ = self.objects.insert(result, self.object(pointer));
            }
            InstKind::Unbox { value, .. } if self.is_instance(value) => {
                _ = self.objects.insert(result, self.object(value));
            }
            _ => {}
        }
        if self.function.ty(result).shape != 0 {
            self.shaped.insert(result, versions[self.memory.shape_of(self.function, result)]);
        }
        match kind {
            InstKind::Box(of) => _ = self.boxes.insert(result, *of),
            InstKind::VariantOf(of) => _ = self.variants.insert(result, *of),
            InstKind::NotB(_) | InstKind::IsShape { .. } | InstKind::CmpI { op: Cmp::Eq, .. } => {
                self.conditions.insert(result, kind.clone());
            }
            _ => {}
        }
    }

    /// Replaces the result of an instruction that gives what is known already; true if it is not needed.
    fn is_known(&mut self, inst: &Inst, key: &Key, versions: &[u32]) -> bool {
        let Some(result) = inst.result else { return false };
        let known = self.find(&inst.kind, key, versions, self.at);
        if let Some(known) = known {
            self.replace[result.index()] = known;
        }
        known.is_some()
    }

    /// What is known, at a place in a block where memory has these versions, to be what an instruction would give.
    fn find(&self, kind: &InstKind, key: &Key, versions: &[u32], at: BlockId) -> Option<ValueId> {
        match *kind {
            InstKind::GuardTag { value, tag, .. }
                if self.boxes.get(&value).is_some_and(|of| self.function.ty(*of).kinds.single() == Some(tag)) =>
            {
                Some(self.boxes[&value])
            }
            InstKind::GuardTag { value, tag, .. }
                if self.function.ty(value).repr == Repr::Ptr && self.function.ty(value).kinds.single() == Some(tag) =>
            {
                Some(value)
            }
            InstKind::ToFloat { value, .. }
                if self.boxes.get(&value).is_some_and(|of| self.function.ty(*of) == Type::FLOAT) =>
            {
                Some(self.boxes[&value])
            }
            InstKind::GuardShape { pointer, shape, .. }
                if self.function.ty(pointer).shape == shape
                    && (self.is_instance(pointer)
                        || self.shaped.get(&pointer) == Some(&versions[self.memory.shape_of(self.function, pointer)])) =>
            {
                Some(pointer)
            }
            _ => self.known.get(key).filter(|(_, block)| self.cfg.dominates(*block, at)).map(|(value, _)| *value),
        }
    }

    /// After making an object unshared: it is so until its uniqueness may be lost, and its home holds this very pointer.
    fn learn_unshared(&mut self, home: Home, pointer: ValueId, origin: Origin, versions: &[u32]) -> Option<Inst> {
        let again = InstKind::Unshare { home, pointer, guess: false, exit: StateId(0) };
        self.learn(self.key(&again, versions), pointer);
        if let Home::Slot(slot) = home {
            let guard = InstKind::GuardUnique { slot: Some(slot), pointer, exit: StateId(0) };
            self.learn(self.key(&guard, versions), pointer);
        }
        let load = load_of(home)?;
        let boxed = self.function.new_value(Type::ANY);
        self.replace.push(boxed);
        self.boxes.insert(boxed, pointer);
        self.learn(self.key(&load, versions), boxed);
        Some(Inst { kind: InstKind::Box(pointer), result: Some(boxed), origin })
    }

    /// Makes a value known in the block at hand and in those it dominates. What another block has made known under the same key is
    /// not asked for any more: the blocks it dominates have been walked.
    fn learn(&mut self, key: Key, value: ValueId) {
        self.known.insert(key, (value, self.at));
    }

    fn key(&self, kind: &InstKind, versions: &[u32]) -> Key {
        let mut reads = Reads::default();
        // An instance keeps its shape.
        let keeps = matches!(*kind, InstKind::GuardShape { pointer, .. } | InstKind::IsShape { pointer, .. } if self.is_instance(pointer));
        if !keeps {
            self.memory.each_read(self.function, kind, |dimension| reads.push(versions[dimension]));
        }
        let kind = match *kind {
            // What has been checked of an object does not change where it has its words, and an array has its length in the same place
            // whatever its kind.
            InstKind::LoadLength(pointer) => InstKind::LoadLength(self.object(pointer)),
            InstKind::LoadData(pointer) => InstKind::LoadData(self.object(pointer)),
            InstKind::LoadField { cell, pointer, offset } => {
                InstKind::LoadField { cell, pointer: self.object(pointer), offset }
            }
            InstKind::Operate { op: Operation::Find, .. } => self.of_same_key(without_exits(kind)),
            _ => without_exits(kind),
        };
        Key { hash: self.hasher.hash_one((&kind, &reads)), kind, reads }
    }

    /// The pointer before checks of the object it leads to.
    fn object(&self, pointer: ValueId) -> ValueId {
        self.objects.get(&pointer).copied().unwrap_or(pointer)
    }

    fn bump(&mut self, versions: &mut [u32], kind: &InstKind) {
        self.scratch.clear();
        self.memory.add_writes(self.function, kind, &mut self.scratch);
        bump_set(versions, &self.scratch, &mut self.next_version);
    }

    fn versions_on_entry(&mut self, block: BlockId) -> Vec<u32> {
        let idom = self.cfg.idom[block.index()];
        if idom == block {
            return vec![0; self.memory.dimensions()];
        }
        let mut versions = self.versions_at_end[idom.index()].clone();
        if self.cfg.preds[block.index()][..] == [idom] {
            return versions;
        }
        match self.written_between(idom, block) {
            Some(set) => bump_set(&mut versions, &set, &mut self.next_version),
            None => {
                versions.fill(self.next_version);
                self.next_version += 1;
            }
        }
        versions
    }

    /// What the blocks on the ways from `from` to `to` write, `to` included if it lies on a cycle.
    fn written_between(&self, from: BlockId, to: BlockId) -> Option<DimensionSet> {
        let mut set = DimensionSet::empty(self.memory);
        let mut seen = IdSet::from_iter([from]);
        let mut work: Vec<_> = self.cfg.preds[to.index()].clone();
        while let Some(block) = work.pop() {
            if !seen.insert(block) {
                continue;
            }
            if seen.len() > REGION_LIMIT {
                return None;
            }
            set.union(&self.writes[block.index()]);
            work.extend(&self.cfg.preds[block.index()]);
        }
        Some(set)
    }
}

/// What a set of dimensions holds is new.
fn bump_set(versions: &mut [u32], set: &DimensionSet, next_version: &mut u32) {
    set.iter().for_each(|dimension| versions[dimension] = *next_version);
    *next_version += 1;
}

/// The tag of objects of a shape that a declaration has.
fn tag_of(shape: u32) -> u64 {
    match shape_info(shape).layout {
        Layout::Struct { .. } => tag::STRUCT,
        Layout::Variant { .. } => tag::VARIANT,
    }
}

/// The load that would read back what a store has written, and the value it would give.
fn forwarded(kind: &InstKind, function: &Function) -> Option<(InstKind, ValueId)> {
    use crate::jit::ir::inst::Cell;
    match *kind {
        InstKind::StoreElement { cell: cell @ (Cell::I64 | Cell::F64 | Cell::Bool), data, index, value } => {
            Some((InstKind::LoadElement { cell, data, index }, value))
        }
        InstKind::StoreField { cell: cell @ (Cell::I64 | Cell::F64), pointer, offset, value } => {
            let repr = function.ty(value).repr;
            let fits =
                matches!((cell, repr), (Cell::I64, crate::jit::ir::Repr::I64) | (Cell::F64, crate::jit::ir::Repr::F64));
            fits.then_some((InstKind::LoadField { cell, pointer, offset }, value))
        }
        InstKind::TakePart { value, to, .. } => Some((InstKind::LoadSlot(to), value)),
        _ => None,
    }
}

/// The load that reads what a place holds.
fn load_of(home: Home) -> Option<InstKind> {
    use crate::jit::ir::inst::Cell;
    match home {
        Home::Slot(slot) => Some(InstKind::LoadSlot(slot)),
        Home::Element { data, index } => Some(InstKind::LoadElement { cell: Cell::Value, data, index }),
        Home::Variable(_) => None,
        Home::Entry(address) => Some(InstKind::LoadFound { address, default: None, exit: Some(StateId(0)) }),
        Home::Field { pointer, offset } => Some(InstKind::LoadField { cell: Cell::Value, pointer, offset }),
    }
}

fn without_exits(kind: &InstKind) -> InstKind {
    let mut kind = kind.clone();
    if let InstKind::Unshare { guess, .. } = &mut kind {
        *guess = false;
    }
    kind.each_exit(|state| *state = StateId(0));
    kind
}
