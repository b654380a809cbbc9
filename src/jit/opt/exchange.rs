//! Exchanges two elements of an array where a program says so in three steps: `t := a[i]`, `a[i] = a[j]`, `a[j] = t`.
//!
//! Each step counts a reference and gives one up, but in the end every object is held as often as before. So the two stores become one
//! instruction that counts nothing, and if nobody looks at `t`, it is not stored either.
//! Relies on: an array with one holder is no element of itself, so exchanging its elements leaves it with one holder.
//! Must not: exchange what may have changed since it was read, or what leaving between the two stores would show.
use super::checked::{Place, leaving};
use super::{copy_state, rewrite};
use crate::jit::ir::cfg::Cfg;
use crate::jit::ir::ids::IdMap;
use crate::jit::ir::inst::{Cell, Heaps, Home, Inst, Origin};
use crate::jit::ir::{BlockId, Function, InstKind, SlotIx, StateId, Type, ValueId};

/// Blocks that are looked at between a load and the stores.
const MOST_BLOCKS: usize = 8;

/// Blocks that are searched in one function: each search looks through all of it.
const MOST_SEARCHES: usize = 64;

/// Returns the number of pairs of stores that became one.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    let (mut count, mut searches) = (0, 0);
    for &block in &cfg.order {
        let stores = |inst: &&Inst| stored_element(inst).is_some();
        while searches < MOST_SEARCHES && function.blocks[block.index()].insts.iter().filter(stores).count() >= 2 {
            searches += 1;
            let Some(found) = Search::new(function, cfg, block).find() else { break };
            found.apply(function, block);
            count += 1;
        }
    }
    count
}

/// Array data, index and value of an owned value stored to an element.
fn stored_element(inst: &Inst) -> Option<(ValueId, ValueId, ValueId)> {
    match inst.kind {
        InstKind::StoreOwned { home: Home::Element { data, index }, value } => Some((data, index, value)),
        _ => None,
    }
}

/// Does an instruction only compute something?
fn is_quiet(inst: &Inst) -> bool {
    let effects = inst.kind.effects();
    !effects.exits && !effects.calls && effects.writes == Heaps::NONE
}

/// Two stores that exchange two elements; positions in their block.
#[derive(Debug)]
struct Exchange {
    stores: [usize; 2],
    counts: [usize; 2],
    data: ValueId,
    indices: [ValueId; 2],
    /// What the first store stores: once counted, and as it was read.
    first: (ValueId, ValueId),
    /// Checks in front of the first store, which may leave with that value.
    checks: Vec<(usize, StateId)>,
    /// Checks between the stores, which hold since those before: what they give, and what those have given.
    again: Vec<(usize, ValueId, ValueId)>,
    /// Checks between the stores of an index that an element was read at.
    proven: Vec<usize>,
    /// The variable that keeps the other value, if nobody looks at it.
    kept: Option<Kept>,
}

/// A slot that is filled and cleared again: with what, and where.
#[derive(Clone, Copy, Debug)]
struct Kept {
    slot: SlotIx,
    value: ValueId,
    filled: usize,
    cleared: usize,
}

struct Search<'f> {
    function: &'f Function,
    cfg: &'f Cfg,
    block: BlockId,
    insts: &'f [Inst],
    leaving: Vec<Vec<Place>>,
    made: IdMap<ValueId, &'f InstKind>,
}

impl Search<'_> {
    fn new<'f>(function: &'f Function, cfg: &'f Cfg, block: BlockId) -> Search<'f> {
        let insts = &function.blocks[block.index()].insts;
        let all = cfg.order.iter().flat_map(|block| &function.blocks[block.index()].insts);
        let made = all.filter_map(|inst| Some((inst.result?, &inst.kind))).collect();
        Search { function, cfg, block, insts, leaving: leaving(function, cfg), made }
    }

    fn find(&self) -> Option<Exchange> {
        (0..self.insts.len()).find_map(|at| self.exchange_at(at))
    }

    /// The exchange whose first store stands here.
    fn exchange_at(&self, at: usize) -> Option<Exchange> {
        let (data, index, counted) = stored_element(&self.insts[at])?;
        let next = (at + 1..self.insts.len()).find(|next| stored_element(&self.insts[*next]).is_some())?;
        let (other_data, other_index, other_counted) = stored_element(&self.insts[next])?;
        let (count, value) = self.count_of(counted, 0..at)?;
        let (other_count, named) = self.count_of(other_counted, at + 1..next)?;
        let name = self.name(named, next);
        let other = name.map_or(named, |(_, _, value)| value);
        let is_whole = data == other_data
            && self.is_element(value, data, other_index, at)
            && self.is_element(other, data, index, at)
            && self.is_used_once(counted, count..at)
            && self.is_used_once(other_counted, 0..0);
        if !is_whole {
            return None;
        }
        let kept = name.and_then(|(slot, filled, value)| self.kept(named, Kept { slot, value, filled, cleared: next }));
        let mut found = Exchange {
            stores: [at, next],
            counts: [count, other_count],
            data,
            indices: [index, other_index],
            first: (counted, value),
            checks: Vec::new(),
            again: Vec::new(),
            proven: Vec::new(),
            kept,
        };
        self.look_between(&mut found).then_some(found)
    }

    /// Where in a part of the block a value was counted, and what it was.
    fn count_of(&self, counted: ValueId, part: std::ops::Range<usize>) -> Option<(usize, ValueId)> {
        part.rev().find_map(|at| match self.insts[at].kind {
            InstKind::Retain(value) if self.insts[at].result == Some(counted) => Some((at, value)),
            _ => None,
        })
    }

    /// The slot that a value was read from, where it was filled in this block, and with what.
    fn name(&self, value: ValueId, before: usize) -> Option<(SlotIx, usize, ValueId)> {
        let at = (0..before).rev().find(|at| self.insts[*at].result == Some(value))?;
        let InstKind::LoadSlot(slot) = self.insts[at].kind else { return None };
        let filled = (0..at).rev().find(|at| self.insts[*at].kind.slot_writes().contains(slot))?;
        match self.insts[filled].kind {
            InstKind::StoreSlotRetain(_, value) => Some((slot, filled, value)),
            _ => None,
        }
    }

    /// Is a value what the element at an index still is in front of an instruction of the block?
    fn is_element(&self, value: ValueId, data: ValueId, index: ValueId, before: usize) -> bool {
        let mut place = (self.block, before);
        for _ in 0..MOST_BLOCKS {
            let insts = &self.function.blocks[place.0.index()].insts[..place.1];
            for inst in insts.iter().rev() {
                if inst.result == Some(value) {
                    return matches!(inst.kind, InstKind::LoadElement { cell: Cell::Value, data: from, index: at }
                        if self.array_of(from) == self.array_of(data) && self.unchecked(at) == self.unchecked(index));
                }
                let effects = inst.kind.effects();
                if effects.calls || effects.writes.overlaps(Heaps::VALUES.with(Heaps::HEADERS)) {
                    return false;
                }
            }
            let &[pred] = self.cfg.preds[place.0.index()].as_slice() else { return false };
            place = (pred, self.function.blocks[pred.index()].insts.len());
        }
        false
    }

    /// An index as it was before its bounds were checked.
    fn unchecked(&self, index: ValueId) -> ValueId {
        match self.made.get(&index) {
            Some(InstKind::GuardBounds { index, .. }) => self.unchecked(*index),
            _ => index,
        }
    }

    /// The array that data belongs to, as it was before it was made unshared: a copy has the same elements.
    fn array_of(&self, data: ValueId) -> ValueId {
        match self.made.get(&data) {
            Some(InstKind::LoadData(pointer)) => self.unguarded(*pointer),
            _ => data,
        }
    }

    fn unguarded(&self, pointer: ValueId) -> ValueId {
        match self.made.get(&pointer) {
            Some(
                InstKind::Unshare { pointer, .. }
                | InstKind::GuardUnique { pointer, .. }
                | InstKind::GuardShape { pointer, .. },
            ) => self.unguarded(*pointer),
            _ => pointer,
        }
    }

    /// Is it the check of an index that an element was read at, in the length of the array?
    fn is_checked(&self, index: ValueId, length: ValueId, found: &Exchange) -> bool {
        let is_length = match self.made.get(&length) {
            Some(InstKind::LoadLength(pointer)) => self.unguarded(*pointer) == self.array_of(found.data),
            _ => false,
        };
        is_length && self.unchecked(index) == self.unchecked(found.indices[1])
    }

    /// Does only one instruction want a value, and no exit but those in a part of the block?
    fn is_used_once(&self, value: ValueId, part: std::ops::Range<usize>) -> bool {
        let mut uses = 0;
        for &block in &self.cfg.order {
            let data = &self.function.blocks[block.index()];
            data.insts.iter().for_each(|inst| inst.kind.operands(|operand| uses += usize::from(operand == value)));
            data.term.iter().for_each(|term| term.operands(|operand| uses += usize::from(operand == value)));
        }
        let is_near = |place: &Place| place.0 == self.block && part.contains(&place.1);
        let left = self.function.states.iter().zip(&self.leaving);
        uses == 1
            && left.filter(|(state, _)| state.values().any(|named| named == value)).all(|(_, at)| at.iter().all(is_near))
    }

    /// The slot, if it is cleared behind the stores and nobody looks at it until then.
    fn kept(&self, named: ValueId, kept: Kept) -> Option<Kept> {
        let cleared = (kept.cleared + 1..self.insts.len()).find(|at| !is_quiet(&self.insts[*at]))?;
        let is_cleared = matches!(self.insts[cleared].kind, InstKind::ClearSlot(slot) if slot == kept.slot);
        let reads = |inst: &&Inst| matches!(inst.kind, InstKind::LoadSlot(slot) if slot == kept.slot);
        let once = self.insts[kept.filled..cleared].iter().filter(reads).count() == 1;
        (is_cleared && once && self.is_used_once(named, 0..0)).then_some(Kept { cleared, ..kept })
    }

    /// Is there nothing around the first store that could tell that both happen at once? Notes the checks on the way.
    fn look_between(&self, found: &mut Exchange) -> bool {
        let [at, next] = found.stores;
        let filled = found.kept.map(|kept| kept.filled);
        let first = filled.map_or(found.counts[0], |filled| filled.min(found.counts[0]));
        for place in first..next {
            let inst = &self.insts[place];
            if place > at && inst.kind.effects().reads.overlaps(Heaps::VALUES) {
                return false;
            }
            if is_quiet(inst) || place == at || found.counts.contains(&place) || filled == Some(place) {
                continue;
            }
            match inst.kind {
                InstKind::GuardUnique { .. } | InstKind::Unshare { .. } | InstKind::GuardBounds { .. } if place < at => {
                    inst.kind.exits(|exit| found.checks.push((place, exit)));
                }
                InstKind::GuardBounds { index, length, .. } if self.is_checked(index, length, found) => {
                    found.proven.push(place)
                }
                InstKind::GuardUnique { slot, pointer, .. } => {
                    let Some((result, before)) = inst.result.zip(self.checked_before(found, slot, pointer)) else {
                        return false;
                    };
                    found.again.push((place, result, before));
                }
                // It counts one more reference, whatever becomes of the others.
                InstKind::StoreSlotRetain(..) if place < at => {}
                _ => return false,
            }
        }
        true
    }

    /// What the check of a pointer in front of the first store has given.
    fn checked_before(&self, found: &Exchange, slot: Option<SlotIx>, pointer: ValueId) -> Option<ValueId> {
        let is_same = |inst: &&Inst| matches!(inst.kind, InstKind::GuardUnique { slot: of, pointer: checked, .. } if of == slot && checked == pointer);
        found.checks.iter().map(|(place, _)| &self.insts[*place]).find(is_same)?.result
    }
}

impl Exchange {
    fn apply(self, function: &mut Function, block: BlockId) {
        let null = function.new_value(Type::ANY);
        let states: Vec<(usize, StateId)> =
            self.checks.iter().map(|&(place, state)| (place, self.state_before(function, place, state))).collect();
        let mut insts = Vec::new();
        for (place, mut inst) in std::mem::take(&mut function.blocks[block.index()].insts).into_iter().enumerate() {
            if let Some((_, state)) = states.iter().find(|(check, _)| *check == place) {
                inst.kind.each_exit(|exit| *exit = *state);
            }
            match self.kept {
                Some(kept) if kept.filled == place => continue,
                Some(kept) if kept.cleared == place => {
                    insts.push(made(InstKind::ConstBoxed(0, 0), Some(null), inst.origin));
                    inst.kind = InstKind::StoreSlot(kept.slot, null);
                }
                _ => {}
            }
            if let (true, InstKind::GuardBounds { exit, .. }) = (self.proven.contains(&place), &mut inst.kind) {
                *exit = None;
            }
            if place == self.stores[1] {
                // The other index may be computed behind the first store.
                let [a, b] = self.indices;
                inst.kind = InstKind::Exchange { data: self.data, a, b };
            }
            let is_again = self.again.iter().any(|(check, ..)| *check == place);
            let is_gone = place == self.stores[0] || self.counts.contains(&place) || is_again;
            if !is_gone {
                insts.push(inst);
            }
        }
        function.blocks[block.index()].insts = insts;
        let mut replace: Vec<ValueId> = (0..function.values.len() as u32).map(ValueId).collect();
        self.again.iter().for_each(|(_, result, before)| replace[result.index()] = *before);
        rewrite(function, &replace);
    }

    /// The state of a check, for which nothing has been counted yet.
    fn state_before(&self, function: &mut Function, place: usize, state: StateId) -> StateId {
        let (counted, value) = self.first;
        let new = copy_state(function, state, |_| {});
        let state = &mut function.states[new.index()];
        let of_first: Vec<SlotIx> =
            state.slots.iter().filter(|(_, value)| *value == counted).map(|(slot, _)| *slot).collect();
        state.owned.retain(|slot| !of_first.contains(slot));
        state.each_value(|named| {
            if *named == counted {
                *named = value;
            }
        });
        if let Some(kept) = self.kept.filter(|kept| kept.filled < place) {
            state.slots.push((kept.slot, kept.value));
        }
        new
    }
}

fn made(kind: InstKind, result: Option<ValueId>, origin: Origin) -> Inst {
    Inst { kind, result, origin }
}
