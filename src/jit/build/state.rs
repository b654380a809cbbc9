//! The abstract frame while building: where the newest value of each slot is.
use crate::jit::ir::{Kinds, SlotIx, Type, ValueId};
use crate::value::shapes::shape_info;

/// A scalar kind a slot may have at a block's start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Scalar {
    Int,
    Float,
    Bool,
}

impl Scalar {
    /// The only one of such kinds, if there is nothing else among them.
    pub fn only(kinds: Kinds) -> Option<Scalar> {
        [Scalar::Int, Scalar::Float, Scalar::Bool].into_iter().find(|scalar| scalar.kinds() == kinds)
    }

    pub fn ty(self) -> Type {
        match self {
            Scalar::Int => Type::INT,
            Scalar::Float => Type::FLOAT,
            Scalar::Bool => Type::BOOL,
        }
    }
    pub fn kinds(self) -> Kinds {
        self.ty().kinds
    }
    pub fn tag(self) -> u64 {
        match self {
            Scalar::Bool => 1,
            Scalar::Int => 2,
            Scalar::Float => 3,
        }
    }
}

/// What keeps a borrowed value alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lender {
    /// A container or variable that stays as it is until something is written, but for what takes the value itself.
    Passing,
    /// A slot that has counted it, or what it is a part of, as long as it is not written. A slot that is lent its own value lends
    /// nothing: what is a part of that has the same lender. But for the closure that runs, whose slot stays as it is until it ends.
    Slot(SlotIx),
    /// A slot, by what one field of the struct that it holds leads to: as long as neither the slot nor what is at or below that field is
    /// written. If others hold the struct, writing another field makes a copy of it, which leads to the same.
    Field(SlotIx, Field),
    /// Something that lives as long as the code runs: a constant, a capture of the running closure, what a caller lends a parameter, or
    /// a part of that.
    Constant,
}

/// A field of a struct: number of the declaration, and position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    pub owner: u32,
    pub position: u16,
}

impl Field {
    /// The field that an instance of a shape has at an offset.
    pub fn at(shape: u32, offset: u32) -> Option<Field> {
        let info = shape_info(shape);
        let position = info.slots().iter().position(|slot| slot.offset() == offset)?;
        Some(Field { owner: info.decl().id.0, position: position as u16 })
    }

    /// Do writes at or below this field leave alone what the other one leads to? Names of fields tell them apart within one struct only.
    pub fn spares(self, other: Field) -> bool {
        self.owner == other.owner && self.position != other.position
    }
}

impl Lender {
    /// The slot that lends.
    pub fn slot(self) -> Option<SlotIx> {
        match self {
            Lender::Slot(slot) | Lender::Field(slot, _) => Some(slot),
            Lender::Passing | Lender::Constant => None,
        }
    }

    /// Does the loan end when the object in a slot is changed, at or below a field if that is known?
    pub fn ends_with(self, changed: SlotIx, field: Option<Field>) -> bool {
        match (self, field) {
            (Lender::Field(slot, lending), Some(field)) => slot == changed && !field.spares(lending),
            _ => self.slot() == Some(changed),
        }
    }

    /// Who lends what is lent by one of two, past the meeting of ways; nothing if that depends on the way.
    pub fn and(self, other: Lender) -> Option<Lender> {
        match (self, other) {
            (Lender::Passing, _) | (_, Lender::Passing) => None,
            (Lender::Constant, lender) | (lender, Lender::Constant) => Some(lender),
            _ if self == other => Some(self),
            _ => self.slot().filter(|slot| other.slot() == Some(*slot)).map(Lender::Slot),
        }
    }
}

/// Where the newest value of a slot is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slot {
    /// Nobody wants it; memory holds no heap value.
    Clean,
    /// In an SSA value. Memory holds no heap value; if not `dirty`, it holds this very value.
    Scalar { value: ValueId, scalar: Scalar, dirty: bool },
    /// An immediate (null, a function …) as SSA value; memory holds no heap value.
    Immediate { value: ValueId, dirty: bool },
    /// A value that something else keeps alive; memory holds no heap value.
    Borrowed { value: ValueId, lender: Lender },
    /// An owned boxed value, the result of a call; memory holds no heap value.
    Owned { value: ValueId },
    /// An object that does not exist: its fields or captures are known.
    Virtual(u32),
    /// In memory.
    Memory,
}

impl Slot {
    /// Who lends the value, if it is lent; an immediate lives for ever.
    pub fn lender(self) -> Option<Lender> {
        match self {
            Slot::Borrowed { lender, .. } => Some(lender),
            Slot::Immediate { .. } => Some(Lender::Constant),
            _ => None,
        }
    }
}

/// The slots of all active frames, outermost first.
#[derive(Clone, Debug, Default)]
pub struct State {
    pub slots: Vec<Slot>,
}

impl State {
    pub fn new(count: usize) -> State {
        State { slots: vec![Slot::Clean; count] }
    }
    pub fn get(&self, slot: SlotIx) -> Slot {
        self.slots.get(slot.index()).copied().unwrap_or(Slot::Clean)
    }
    pub fn set(&mut self, slot: SlotIx, to: Slot) {
        if slot.index() >= self.slots.len() {
            self.slots.resize(slot.index() + 1, Slot::Clean);
        }
        self.slots[slot.index()] = to;
    }
    /// Slots whose owned value is not in memory.
    pub fn owned(&self) -> impl Iterator<Item = SlotIx> {
        self.slots.iter().enumerate().filter(|(_, slot)| matches!(slot, Slot::Owned { .. })).map(|(at, _)| SlotIx(at as u32))
    }
    /// Slots that hold objects which do not exist.
    pub fn virtuals(&self) -> impl Iterator<Item = (SlotIx, u32)> {
        self.slots.iter().enumerate().filter_map(|(at, slot)| match *slot {
            Slot::Virtual(instance) => Some((SlotIx(at as u32), instance)),
            _ => None,
        })
    }
    /// What must be written back when leaving.
    pub fn dirty(&self) -> impl Iterator<Item = (SlotIx, ValueId)> {
        self.slots.iter().enumerate().filter_map(|(at, slot)| match *slot {
            Slot::Scalar { value, dirty: true, .. }
            | Slot::Immediate { value, dirty: true }
            | Slot::Borrowed { value, .. }
            | Slot::Owned { value } => Some((SlotIx(at as u32), value)),
            _ => None,
        })
    }
}
