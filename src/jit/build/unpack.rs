//! Instances that a loop makes anew in each turn (`position = position.plus(step)`), but finds made at its start: their fields are read
//! in front of the loop, and stand for them from then on.
//!
//! Which they are is known once a way back stands for an object that does not exist; then building starts again. What is no such instance in
//! front of the loop leaves there, as checks do that were moved out of it.
use std::sync::Arc;

use super::blocks::{Param, Passed};
use super::flow::RegisterSet;
use super::memory::cell_of;
use super::state::{Scalar, Slot};
use super::virtuals::{Part, Virtual};
use super::{Builder, Edge};
use crate::jit::ir::{Form, InstKind, Made, SlotIx, StateId, Terminator, Type, ValueId};
use crate::jit::profile::Entry;
use crate::value::layout::tag;
use crate::value::shapes::shape_info;

/// What is read in front of a loop: the form of an instance, and the kinds of its fields.
#[derive(Clone)]
pub struct Unpacked {
    form: Arc<Form>,
    kinds: Vec<Scalar>,
}

impl Builder<'_> {
    /// A way back to the loop at `pc` stands for an instance that the head expects made; true if it is to be read in front from now on.
    pub(super) fn learn_to_unpack(&mut self, pc: u32, slot: SlotIx, held: Slot) -> bool {
        let (Slot::Memory | Slot::Borrowed { .. }, Slot::Virtual(at)) = (held, self.state.get(slot)) else { return false };
        let base = self.context().base;
        let is_wanted = slot.0 < base || self.live_at(pc).contains((slot.0 - base) as usize);
        is_wanted && self.note_to_unpack(pc, slot, at)
    }

    /// True if it is new that the instance is to be read in front of the loop, like this one.
    fn note_to_unpack(&mut self, pc: u32, slot: SlotIx, like: u32) -> bool {
        let Virtual { form, fields, .. } = &self.virtuals[like as usize];
        let kinds: Option<Vec<Scalar>> = fields.iter().map(|field| self.scalar_kind(*field)).collect();
        let Some(kinds) = kinds.filter(|_| is_readable(form)) else { return false };
        let (key, unpacked) = ((self.context().chain.clone(), pc, slot), Unpacked { form: form.clone(), kinds });
        let is_new = !self.learned.unpacked.contains_key(&key);
        if is_new {
            self.learned.unpacked.insert(key, Some(unpacked));
        }
        is_new
    }

    /// Where ways meet in a loop of which some stand for an instance that others have found made (`if far(at, best) { best = at }`), it is to
    /// be read in front of the loop as well. `met`: where slots are behind the meeting.
    pub(super) fn learn_where_ways_differ(&mut self, ways: &[Edge], met: &[Slot], live: &RegisterSet) {
        let (Some(pc), base) = (self.context().head, self.context().base as usize) else { return };
        for at in (base..met.len()).filter(|at| met[*at] == Slot::Memory && live.contains(at - base)) {
            let slot = SlotIx(at as u32);
            let held = || ways.iter().map(|way| way.state.get(slot));
            let Some(like) = held().find_map(|held| if let Slot::Virtual(at) = held { Some(at) } else { None }) else {
                continue;
            };
            let is_found = |held: Slot| matches!(held, Slot::Memory | Slot::Borrowed { .. });
            let fits = held().any(is_found) && held().all(|held| is_found(held) || self.is_like_but(like, held, |_| true));
            if fits && self.note_to_unpack(pc, slot, like) {
                self.again = true;
            }
        }
    }

    /// Another way back disagrees: it stays made.
    pub(super) fn unlearn_to_unpack(&mut self, pc: u32, slot: SlotIx) {
        if let Some(known) = self.learned.unpacked.get_mut(&(self.context().chain.clone(), pc, slot)) {
            *known = None;
        }
    }

    /// What is to be read in front of the loop at `pc`, where it may be an instance.
    pub(super) fn to_unpack(&self, pc: u32, ways: &[Edge]) -> Vec<(SlotIx, Unpacked)> {
        if self.learned.unpacked.is_empty() {
            return Vec::new();
        }
        let chain = &self.context().chain;
        let found = self.learned.unpacked.iter().filter(|((of, at, _), _)| of == chain && *at == pc);
        let is_object = |way: &Edge, slot: SlotIx| {
            matches!(way.state.get(slot), Slot::Memory | Slot::Borrowed { .. } | Slot::Owned { .. })
        };
        let may_be = |slot: SlotIx| ways.iter().all(|way| is_object(way, slot)) && self.may_hold_instance(pc, slot);
        let mut found: Vec<_> = found
            .filter_map(|((_, _, slot), unpacked)| Some((*slot, unpacked.clone()?)))
            .filter(|(slot, _)| may_be(*slot))
            .collect();
        found.sort_by_key(|(slot, _)| slot.0);
        found
    }

    /// Does a variable hold an instance where the loop is entered, as far as that has been looked at?
    fn may_hold_instance(&self, pc: u32, slot: SlotIx) -> bool {
        match &self.request.entry {
            Entry::Loop { pc: head, tags, .. } if *head == pc && self.contexts.len() == 1 => {
                tags.get(slot.index()).is_none_or(|found| *found == tag::STRUCT)
            }
            _ => true,
        }
    }

    /// Reads instances in front of a loop, in the block at hand; `state` enters the loop in the VM. Gives their fields, as further parameters
    /// of the loop's head. The block goes on to a new one.
    pub(super) fn unpack(&mut self, wanted: Vec<(SlotIx, Unpacked)>, state: StateId) -> Vec<Param> {
        let (mut read, mut fields) = (Vec::new(), 0);
        for (slot, unpacked) in wanted {
            debug_assert!(self.state.get(slot) == Slot::Memory, "the ways disagree");
            fields += unpacked.kinds.len();
            if !self.has_room_for_all(fields) {
                break;
            }
            self.exit = Some(state);
            let value = self.emit(InstKind::LoadSlot(slot), Type::ANY);
            let object = self.fields_of(value, &unpacked.form, &mut unpacked.kinds.iter().copied());
            read.push((slot, object, unpacked.kinds));
        }
        let mut params = Vec::new();
        for (slot, object, kinds) in read {
            self.release(slot);
            self.virtuals.push(object);
            self.put(slot, Slot::Virtual(self.virtuals.len() as u32 - 1));
            params.extend(kinds.into_iter().enumerate().map(|(at, scalar)| Param {
                slot,
                field: Some(at),
                passed: Passed::Scalar(scalar),
            }));
        }
        let next = self.out.new_block();
        self.terminate(Terminator::Jump(next, Box::new([])));
        (self.block, self.ended, self.exit) = (next, false, None);
        params
    }

    fn fields_of(&mut self, value: ValueId, form: &Form, kinds: &mut impl Iterator<Item = Scalar>) -> Virtual {
        let Made::Struct(shape) = form.made else { unreachable!("only instances are read") };
        let pointer = self.guarded_value(value, tag::STRUCT, shape);
        let mut parts = Vec::new();
        for (field, inner) in shape_info(shape).slots().iter().zip(&form.parts) {
            let cell = cell_of(field.rep());
            let load = InstKind::LoadField { cell, pointer, offset: field.offset() };
            parts.push(match inner {
                Some(inner) => {
                    let value = self.emit(load, Type::ANY);
                    Part::Object(self.fields_of(value, inner, kinds))
                }
                None => {
                    let kind = kinds.next().expect("each field has a kind");
                    Part::Value(self.read(load, cell, kind.kinds()).0)
                }
            });
        }
        Virtual::new(form.made, parts)
    }
}

/// Instances, with nothing inside but instances?
fn is_readable(form: &Form) -> bool {
    matches!(form.made, Made::Struct(_)) && form.parts.iter().flatten().all(|inner| is_readable(inner))
}
