//! Values that others keep alive: for how long, and what must happen before that ends.
//!
//! A slot may hold a value that another slot owns ([`Lender::Slot`]). Before that other slot is written or its object changed
//! in place, the borrowed value is counted and stored ([`Builder::before_write`]), so that writing finds the object shared,
//! as in the VM.
use super::arith::Source;
use super::blocks::Param;
use super::ops::is_arithmetic;
use super::state::{Field, Lender, Slot};
use super::{Builder, Edge};
use crate::builtins::{self, BuiltinId, N_BUILTINS};
use crate::bytecode::chunk::SelfKind;
use crate::bytecode::op::{Op, OperandKind};
use crate::jit::ir::{InstKind, Kinds, SlotIx, Type};
use crate::jit::profile::Site;

impl Builder<'_> {
    /// Counts what is borrowed only as long as nothing is written.
    pub(super) fn settle_passing(&mut self) {
        self.settle_lent(|lender| lender == Lender::Passing);
    }

    /// Before an instruction that may write: counts what is borrowed in passing, but for what the instruction takes as it is.
    /// So the row of `rows[y][x + 1]` is not counted while its index is computed.
    pub(super) fn end_passing(&mut self, op: &Op) {
        if self.is_quiet(op) {
            return;
        }
        let mut taken = Vec::new();
        if self.uses_borrowed(op) {
            op.operands(|kind, value| {
                if matches!(kind, OperandKind::Read | OperandKind::Peek) {
                    taken.push(self.slot(value as u16));
                }
            });
        }
        for at in 0..self.state.slots.len() {
            let slot = SlotIx(at as u32);
            if matches!(self.state.slots[at], Slot::Borrowed { lender: Lender::Passing, .. }) && !taken.contains(&slot) {
                self.settle(slot);
            }
        }
    }

    /// Is it an instruction that only reads, and writes no register that holds an object? It releases and calls nothing, unless it
    /// is left to the VM, before which everything is settled.
    fn is_quiet(&self, op: &Op) -> bool {
        let reads = match op {
            Op::LoadNull { .. }
            | Op::LoadBool { .. }
            | Op::LoadInt { .. }
            | Op::LoadConst { .. }
            | Op::Move { .. }
            | Op::ModuleGet { .. } => true,
            Op::IndexGet { .. } | Op::IndexGetK { .. } | Op::IndexGetC { .. } => self.array_kind().is_some(),
            Op::FieldGet { .. } => true,
            _ => is_arithmetic(op) && self.is_of_numbers() && !self.reads_text(op),
        };
        reads && !self.context().profile.overloads.contains_key(&self.pc) && self.writes_no_object(op)
    }

    /// Has the operator met nothing but numbers?
    fn is_of_numbers(&self) -> bool {
        let (seen, overflow) = self.context().profile.operands(self.pc);
        !overflow && seen.is_subset(Kinds::INT.union(Kinds::FLOAT))
    }

    /// Is one of the operands a text, whatever the operator has met?
    fn reads_text(&self, op: &Op) -> bool {
        let mut found = false;
        op.operands(|kind, value| {
            found |= match kind {
                OperandKind::Read | OperandKind::Peek => self.short_text(Source::Register(value as u16)).is_some(),
                OperandKind::Const16 | OperandKind::Const32 => self.short_constant(value as u32).is_some(),
                _ => false,
            };
        });
        found
    }

    /// A temporary is free when it is written, or is the base whose part it receives.
    fn writes_no_object(&self, op: &Op) -> bool {
        let mut none = true;
        op.operands(|kind, value| {
            let register = value as u16;
            if kind == OperandKind::Write && !self.is_temporary(register) {
                none &= matches!(
                    self.state.get(self.slot(register)),
                    Slot::Clean | Slot::Scalar { .. } | Slot::Immediate { .. }
                );
            }
        });
        none
    }

    /// Counts what is borrowed from a slot that is about to change.
    pub(super) fn before_write(&mut self, slot: SlotIx) {
        self.settle_lent(|lender| lender.slot() == Some(slot));
    }

    fn settle_lent(&mut self, ends: impl Fn(Lender) -> bool) {
        self.settle_lent_but(None, ends);
    }

    fn settle_lent_but(&mut self, kept: Option<SlotIx>, ends: impl Fn(Lender) -> bool) {
        for at in 0..self.state.slots.len() {
            let slot = SlotIx(at as u32);
            if kept != Some(slot) && self.is_lent(self.state.slots[at], &ends) {
                self.settle(slot);
            }
        }
    }

    /// What an instruction changes in place is owned by its slot, and lent to nobody.
    pub(super) fn before_instruction(&mut self, op: &Op) {
        if !self.state.slots.iter().any(|slot| self.is_lent(*slot, |_| true)) {
            return;
        }
        self.hold_stored(op);
        // What the instruction takes out of its place has no other owner then.
        let taken = if let Op::TakeOut { held, .. } = *op { Some(self.slot(held)) } else { None };
        let steps = matches!(op, Op::ForPrep { .. } | Op::ForNext { .. } | Op::ForNextPair { .. } | Op::ForClose { .. });
        for slot in self.changed_in_place(op) {
            if steps && self.lives_on(slot) {
                continue;
            }
            let field = self.changed_field(op);
            self.forget_unwanted(slot, field);
            self.settle_lent_but(taken, |lender| lender.ends_with(slot, field));
            if let Slot::Borrowed { .. } = self.state.get(slot) {
                self.settle(slot);
            }
        }
    }

    /// Does the slot hold what something lends for as long as the code runs?
    pub(super) fn lives_on(&self, slot: SlotIx) -> bool {
        matches!(self.state.get(slot), Slot::Borrowed { lender: Lender::Constant, .. })
    }

    /// What is lent to a temporary that is stored in a place is counted first: its lender may be what changes.
    fn hold_stored(&mut self, op: &Op) {
        let (Op::IndexSet { value, .. } | Op::FieldSet { value, .. } | Op::PlaceSet { value, .. }) = *op else { return };
        let slot = self.slot(value);
        if let (true, Slot::Borrowed { value, .. }) = (self.is_temporary(value), self.state.get(slot)) {
            let value = self.emit(InstKind::Retain(value), Type::ANY);
            self.put(slot, Slot::Owned { value });
            self.exit = None;
        }
    }

    /// What a slot has lent to variables that nothing asks for any more needs no count: whether their values were copied is nothing that a
    /// program sees. Only between two instructions: it is known then what is asked for.
    fn forget_unwanted(&mut self, lender: SlotIx, field: Option<Field>) {
        for at in 0..self.state.slots.len() {
            let slot = SlotIx(at as u32);
            if self.is_lent(self.state.slots[at], |by| by.ends_with(lender, field)) && !self.is_wanted(slot) {
                self.put(slot, Slot::Clean);
                self.hints.remove(&slot);
            }
        }
    }

    /// Is it a call of a method on a place that, as far as met, leaves the place as it is?
    fn only_reads(&self, op: &Op) -> bool {
        matches!(op, Op::CallMethodPlace { .. } | Op::CallArgs { .. })
            && match self.context().profile.sites.get(&self.pc) {
                Some(Site::Callees(targets)) => {
                    !targets.is_empty() && targets.iter().all(|target| self.is_reader(target.function))
                }
                _ => false,
            }
    }

    /// Does a method leave what it is called on as it is?
    fn is_reader(&self, function: u32) -> bool {
        match u16::try_from(function).ok().filter(|id| usize::from(*id) < N_BUILTINS) {
            Some(builtin) => builtins::info(BuiltinId(builtin)).mutating().is_none(),
            None => self.callee(function).is_some_and(|callee| callee.chunk.self_kind == SelfKind::Value),
        }
    }

    /// Slots whose object the instruction may change.
    fn changed_in_place(&self, op: &Op) -> Vec<SlotIx> {
        // They give up what is there, whatever that is, or nothing but the mark of a missing value.
        if matches!(op, Op::Clear { .. } | Op::NullIfMissing { .. }) {
            return Vec::new();
        }
        let roots = if self.only_reads(op) { Vec::new() } else { self.roots(op) };
        let mut slots: Vec<SlotIx> = roots.into_iter().map(|register| self.slot(register)).collect();
        op.operands(|kind, value| match kind {
            OperandKind::Modify | OperandKind::Local => slots.push(self.slot(value as u16)),
            OperandKind::State => slots.extend((0..3).map(|n| self.slot(value as u16 + n))),
            _ => {}
        });
        slots
    }

    /// The field of the struct in its only root at or below which an instruction changes something, if that is known.
    fn changed_field(&self, op: &Op) -> Option<Field> {
        let cases = match (op, self.context().profile.sites.get(&self.pc)) {
            (Op::FieldSet { .. } | Op::FieldUpdate { .. }, Some(Site::Fields(cases))) => cases,
            (Op::PlaceSet { .. } | Op::PlaceUpdate { .. } | Op::CallMethodPlace { .. }, _) => {
                self.place_site()?.0.first()?
            }
            _ => return None,
        };
        match cases[..] {
            [case] => Field::at(case.shape, case.offset),
            _ => None,
        }
    }

    /// The slot's value, if all ways have the same one without owning it, or stand for the same object but for fields that are `params`.
    pub(super) fn same_on_all(&self, ways: &[Edge], slot: SlotIx, params: &[Param]) -> Option<Slot> {
        let first = ways.first()?.state.get(slot);
        let same = ways.iter().all(|way| is_same(first, way.state.get(slot)));
        let varies = |field| params.iter().any(|param| param.is(slot, Some(field)));
        match first {
            Slot::Borrowed { lender, .. } if same && lender != Lender::Passing => Some(first),
            Slot::Virtual(at) => {
                let same = ways.iter().all(|way| self.is_like_but(at, way.state.get(slot), varies));
                same.then_some(first)
            }
            Slot::Immediate { value, .. } if same => Some(Slot::Immediate { value, dirty: true }),
            _ => None,
        }
    }
}

/// Do two states of a slot say the same?
pub fn is_same(a: Slot, b: Slot) -> bool {
    match (a, b) {
        (Slot::Immediate { value: a, .. }, Slot::Immediate { value: b, .. }) => a == b,
        _ => a == b,
    }
}
