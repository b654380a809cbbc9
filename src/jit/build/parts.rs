//! Short arrays that a function returns and its caller takes apart: `return [low, high]`, `[low, high] := bounds(xs)`.
//!
//! Code of such a function hands over the elements instead of an array ([`InstKind::GiveParts`]). Who calls it as code knows that and binds
//! them, returns them in turn, or has the array made ([`Outcome`]); everybody else calls it by an entry that makes it. Whether a function does
//! so depends on its instructions alone, so that callers and callee agree whenever they are compiled.
//!
//! Must not: hand over what is returned by code that the VM has entered at a loop, or by a function that is inlined.
use super::Builder;
use super::arith::Source;
use super::calls::Call;
use super::flow::{self, RegisterSet};
use super::lending::is_short;
use super::memory::scalar_of;
use super::state::{Scalar, Slot};
use crate::bytecode::chunk::{Chunk, Part};
use crate::bytecode::op::Op;
use crate::jit::ir::inst::Outcome;
use crate::jit::ir::{InstKind, Terminator, Type, ValueId};
use crate::jit::lower::context::MOST_PARTS;
use crate::value::Rep;
use crate::value::layout::tag;
use crate::vm::After;

/// What instructions behind a call bind of the array that it gives.
pub(super) struct Taken {
    /// Elements of the array.
    count: u8,
    /// Registers, with the element that each gets and the instruction that would get it.
    names: Vec<(u16, u8, u32)>,
    /// The first instruction behind.
    end: u32,
}

/// The number of parts in which a function returns arrays: that of the elements in its array literals at a `return`, if all have as many and
/// nothing returned is known to be no array.
pub(super) fn returned(chunk: &Chunk) -> Option<u8> {
    let code = &chunk.code;
    if chunk.self_kind.changes() || is_short(code) {
        return None;
    }
    let mut found = None;
    let mut targets = None;
    for (at, op) in code.iter().enumerate() {
        let value = match *op {
            Op::Return { value } => value,
            Op::ReturnNull {} if falls_to(code, at) => return None,
            Op::ReturnNull {} if targets.get_or_insert_with(|| targets_of(chunk)).contains(at) => return None,
            _ => continue,
        };
        match code[..at].last() {
            Some(Op::MakeArray { dst, count, .. }) if *dst == value => {
                if found.is_some_and(|other| other != *count) {
                    return None;
                }
                found = Some(*count);
            }
            Some(Op::LoadNull { .. } | Op::LoadInt { .. } | Op::LoadBool { .. } | Op::LoadConst { .. }) => return None,
            _ => {}
        }
    }
    found.filter(|count| (2..=MOST_PARTS).contains(&usize::from(*count))).map(|count| count as u8)
}

/// Does the instruction in front lead to this one?
fn falls_to(code: &[Op], at: usize) -> bool {
    code[..at].last().is_none_or(|before| !before.info().effects.end)
}

/// The instructions that jumps and handlers lead to.
fn targets_of(chunk: &Chunk) -> RegisterSet {
    let code = &chunk.code;
    let mut targets = RegisterSet::empty(code.len() + 1);
    let jumps = code.iter().enumerate().filter_map(|(at, op)| op.jump().map(|offset| flow::target(at, offset)));
    let handlers = chunk.handlers.iter().map(|handler| handler.target);
    jumps.chain(handlers).for_each(|target| targets.insert(target as usize));
    targets
}

impl Builder<'_> {
    /// Is the array of so many elements in a temporary returned next, by code that returns it in parts?
    pub(super) fn is_given_in_parts(&self, dst: u16, count: u16) -> bool {
        self.contexts.len() == 1 && self.out.parts.is_some_and(|parts| u16::from(parts) == count) && self.is_returned(dst)
    }

    /// Returns so many temporaries as the parts of an array.
    pub(super) fn give_parts(&mut self, base: u16, count: u16) {
        let values: Box<[ValueId]> = (base..base + count).map(|register| self.own(register)).collect();
        (base..base + count).for_each(|register| self.consume(register));
        self.out.blocks[self.block.index()].work += 1;
        self.give(values);
    }

    /// Returns what a register stands for in parts, if that is an array of as many which does not exist; false if not.
    pub(super) fn gives_virtual(&mut self, register: u16) -> bool {
        let (slot, count) = (self.slot(register), self.virtual_length(register));
        let (Slot::Virtual(at), Some(count)) = (self.state.get(slot), count) else { return false };
        if self.out.parts.is_none_or(|parts| usize::from(parts) != count) {
            return false;
        }
        let object = self.virtuals[at as usize].clone();
        let values = (0..count).map(|at| self.made_part(Rep::Value, object.part(at))).collect();
        self.give(values);
        true
    }

    /// Returns parts, owned; everything else of the frame is given up.
    fn give(&mut self, values: Box<[ValueId]>) {
        let count = values.len() as u64;
        self.give_up_frame();
        self.effect(InstKind::GiveParts(values));
        let given = self.emit(InstKind::ConstBoxed(tag::PARTS, count), Type::ANY);
        self.terminate(Terminator::Return(given));
        self.ends = Vec::new();
    }

    /// What becomes of the result of a call of code, and of its parts if they are bound here. `whole`: it is wanted as a value.
    pub(super) fn outcome(&mut self, call: &Call, whole: bool) -> (Outcome, Option<Taken>) {
        let Some(count) = self.flows.parts(call.function, &self.request.functions) else { return (Outcome::Value, None) };
        if whole || call.meets || call.after != After::Store || self.pc + 1 >= self.context().flow.at(self.live.0).end {
            return (Outcome::Joined, None);
        }
        if self.is_given_in_parts(call.dst, u16::from(count)) {
            return (Outcome::Parts, None);
        }
        match self.taken(call.dst, count) {
            Some(taken) => (Outcome::Parts, Some(taken)),
            None => (Outcome::Joined, None),
        }
    }

    /// What the next instructions bind of an array in a register, if they do nothing else with it.
    fn taken(&self, array: u16, count: u8) -> Option<Taken> {
        let context = self.context();
        let chunk = &context.profile.chunk;
        let end = context.flow.at(self.live.0).end as usize;
        let mut rest = chunk.code[..end].iter().copied().enumerate().skip(self.pc as usize + 1).peekable();
        let is_kind = |op: Op| matches!(op, Op::CheckKind { fields: 0, a } if a == array);
        let (first, _) = rest.next().filter(|(_, op)| is_kind(*op))?;
        if context.profile.storms(first as u32) > 0 {
            return None;
        }
        let mut names = Vec::new();
        while let Some((at, Op::Part { dst, a, part })) = rest.next_if(|(_, op)| matches!(op, Op::Part { .. })) {
            let Part::Element(element) = chunk.parts[usize::from(part)] else { return None };
            let checked = rest.next().is_some_and(|(_, op)| matches!(op, Op::NullIfMissing { a } if a == dst));
            if a != array || !checked || element >= u32::from(count) {
                return None;
            }
            names.push((dst, element as u8, at as u32));
        }
        let behind = rest.peek().map(|(at, _)| *at as u32)?;
        let clears = |op: &Op| match *op {
            Op::Clear { first, count } => Some((first..first + count).contains(&array)),
            Op::Discard { a } => Some(a == array),
            _ => None,
        };
        let is_cleared = rest.map_while(|(_, op)| clears(&op)).any(|array| array);
        (is_cleared && !names.is_empty()).then_some(Taken { count, names, end: behind })
    }

    /// Binds the parts of the array in `dst`, which a call has given as `result`.
    pub(super) fn take_parts(&mut self, dst: u16, result: ValueId, taken: Taken) {
        let exit = self.state_behind();
        self.effect(InstKind::GuardParts { value: result, count: taken.count, exit });
        self.put(self.slot(dst), Slot::Clean);
        let parts: Vec<ValueId> = (0..taken.count).map(|at| self.emit(InstKind::LoadPart(at), Type::ANY)).collect();
        for (at, part) in parts.iter().enumerate() {
            if !taken.names.iter().any(|(_, element, _)| usize::from(*element) == at) {
                self.effect(InstKind::Release(*part));
            }
        }
        for (name, element, _) in &taken.names {
            self.write_owned(*name, parts[usize::from(*element)]);
        }
        self.guess_parts(&taken);
        self.fused = taken.end - self.pc - 1;
    }

    /// Parts of arrays that have held scalars of one kind are taken to be of it, checked behind the instructions that bind them.
    fn guess_parts(&mut self, taken: &Taken) {
        let pc = self.pc;
        if self.context().profile.storms(taken.end) == 0 {
            for (name, _, at) in &taken.names {
                self.pc = *at;
                let Some(scalar) = self.kind_of_part() else { continue };
                (self.pc, self.exit) = (taken.end, None);
                self.scalar(Source::Register(*name), scalar);
            }
        }
        (self.pc, self.exit) = (pc, None);
    }

    /// The only kind of scalar that the instruction at hand has got out of arrays.
    fn kind_of_part(&self) -> Option<Scalar> {
        let (_, cell, values) = self.array_kind()?;
        scalar_of(cell).or_else(|| Scalar::only(values))
    }
}
