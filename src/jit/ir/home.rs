//! Where values stand that instructions change or move.
use super::InstKind;
use super::inst::{Cell, Heaps};
use super::{SlotIx, ValueId};

/// Where a container keeps a heap value that may have to become unshared.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Home {
    Slot(SlotIx),
    /// A value element of an unshared array: storage and checked index.
    Element {
        data: ValueId,
        index: ValueId,
    },
    /// A value field of an unshared instance.
    Field {
        pointer: ValueId,
        offset: u32,
    },
    /// The value of an entry of an unshared dict, at an address that [`Operation::Find`](super::Operation::Find) has given.
    Entry(ValueId),
    /// A variable that was checked to be assigned and not in use, or is only stored to.
    Variable(Variable),
}

/// A variable that several functions share.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Variable {
    /// Entry of the isolate's module table.
    Module(u32),
    /// The cell in a slot.
    Cell(SlotIx),
    /// The captured cell `n` of a closure (`None`: the one passed to the code).
    Capture { closure: Option<ValueId>, index: u32 },
}

impl Home {
    pub fn each_operand(&mut self, mut f: impl FnMut(&mut ValueId)) {
        match self {
            Home::Slot(_) => {}
            Home::Element { data, index } => {
                f(data);
                f(index);
            }
            Home::Field { pointer: held, .. } | Home::Entry(held) => f(held),
            Home::Variable(Variable::Capture { closure, .. }) => closure.iter_mut().for_each(f),
            Home::Variable(Variable::Module(_) | Variable::Cell(_)) => {}
        }
    }

    /// The same for who only looks.
    pub fn operands(&self, f: impl FnMut(&ValueId)) {
        self.values().iter().flatten().for_each(f);
    }

    /// Reads what stands in a container's place.
    pub fn load(self) -> Option<InstKind> {
        match self {
            Home::Slot(_) | Home::Entry(_) | Home::Variable(_) => None,
            Home::Element { data, index } => Some(InstKind::LoadElement { cell: Cell::Value, data, index }),
            Home::Field { pointer, offset } => Some(InstKind::LoadField { cell: Cell::Value, pointer, offset }),
        }
    }

    /// The values that say where it is.
    pub fn values(self) -> [Option<ValueId>; 2] {
        match self {
            Home::Slot(_) | Home::Variable(Variable::Module(_) | Variable::Cell(_)) => [None; 2],
            Home::Element { data, index } => [Some(data), Some(index)],
            Home::Field { pointer: held, .. } | Home::Entry(held) => [Some(held), None],
            Home::Variable(Variable::Capture { closure, .. }) => [closure, None],
        }
    }

    pub fn heap(self) -> Heaps {
        match self {
            Home::Slot(_) => Heaps::SLOTS,
            Home::Element { .. } => Heaps::VALUES,
            Home::Field { .. } => Heaps::FIELDS,
            Home::Entry(_) => Heaps::DICTS,
            Home::Variable(Variable::Module(_)) => Heaps::MODULE,
            Home::Variable(_) => Heaps::CELLS,
        }
    }
}
