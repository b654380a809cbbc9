//! Operations on whole values that compiled code leaves to a function of the runtime: what they take and give.
//!
//! Always holds: an operation gets borrowed values, runs no user code and raises nothing. If it cannot do what it is asked for,
//! it has done nothing, and the instruction leaves compiled code; the VM executes it then, with its overloads and errors.
use super::inst::Heaps;
use super::types::Type;
use crate::bytecode::op::{ArithCode, CompareCode};

/// See the [module](self). "Place" is the home of a value that the operation changes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Operation {
    /// `a op b` → owned.
    Arith(ArithCode),
    /// The place becomes `place op b`, in place if nobody else has its object.
    Amend(ArithCode),
    /// `a op b` → bool.
    Compare(CompareCode),
    /// Container, item: whether it contains the item → bool.
    Contains,
    /// Dict (pointer), key → the address of its value in the dict, for as long as no dict changes; 0 if there is no such key.
    Find,
    /// Index (unboxed int): the place, an array, loses that element → owned.
    RemoveAt,
    /// Index (unboxed int), value: the place, an array, gets the value there.
    InsertAt,
    /// Two indices (unboxed ints): the place, an array, has these elements exchanged.
    Swap,
    /// `base[index]` → owned.
    Item,
    /// `base[index]`, null for a missing key of a dict → owned.
    ItemOrNull,
    /// The place, unless it is in use, becomes the value.
    Assign,
    /// `place[key] = value`.
    SetItem,
    /// `place[key] op= value`.
    UpdateItem(ArithCode),
    /// Key, value, dict (pointer), address: `place[key] = value` where the place holds that dict, and the address is what [`Operation::Find`]
    /// has given for this key.
    SetFound,
    /// `place[key] op= value` in the same way.
    UpdateFound(ArithCode),
    /// `place[key].push(value)`, where the place is a dict.
    PushItem,
    /// Key: the address of what is under it in the place, an unshared dict from now on.
    EntryAt,
    /// Base, start, end ("missing" where open), of a kind of `bytecode::op::slice_kind` → owned.
    Slice(u8),
    /// Values: the interpolated string of a template → owned.
    Text(Site),
    /// Values: the place, a string, is followed by the interpolated string of a template.
    AppendText(Site),
    /// Code of an ASCII character (unboxed int): `place += chr(code)`.
    AppendChar,
    /// A word (unboxed int): the integer of 64 bits without a sign → owned.
    FromWord,
    /// Items: an array of them → owned.
    Array,
    /// Keys and values in turn: a dict of them → owned.
    Dict,
    /// Payload: an enum value of a variant → owned.
    Variant(Site),
    /// Whether a value passes a test of a pattern → bool.
    Passes(Site),
    /// A part of a value, or "missing" → owned.
    Part(Site),
    /// Whether a value is one of this enum → bool.
    OfEnum(u32),
    /// Base: its field of a field site, with `or_null` null for a missing key of a dict → owned.
    Field { site: Site, or_null: bool },
    /// The place's field of a field site becomes the value.
    SetField(Site),
    /// The place's field of a field site: `op=` the value.
    UpdateField(ArithCode, Site),
    /// Index keys, value: what the path leads to from the place becomes the value.
    SetPlace(Site),
    /// Index keys, value: what the path leads to from the place: `op=` the value.
    UpdatePlace(ArithCode, Site),
    /// Start, end; inclusive → a range, owned.
    Range(bool),
    /// Whether a value can be taken apart by elements, or (true) by fields → bool.
    HasParts(bool),
    /// A new variable with this value, which may be missing → owned.
    Cell,
    /// Root, index keys: what stands at the place that a path of the function leads to → borrowed from the root.
    Place(Site),
    /// Dict or set (pointer), cursor (unboxed int) → the cursor behind the next entry, or 0 at the end.
    NextEntry { set: bool },
}

/// An entry of one of the tables of a function: its `FnId` and the index.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Site {
    pub function: u32,
    pub index: u16,
}

impl Site {
    fn word(self) -> u64 {
        u64::from(self.function) | u64::from(self.index) << 32
    }
}

/// What comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gives {
    Nothing,
    Bool,
    /// Not negative.
    Int,
    /// A boxed value that compiled code owns.
    Owned,
    /// A boxed value that an argument keeps alive.
    Borrowed,
}

impl Operation {
    pub fn gives(self) -> Gives {
        match self {
            Operation::Arith(_) | Operation::Item | Operation::ItemOrNull | Operation::Slice(_) => Gives::Owned,
            Operation::RemoveAt
            | Operation::Text(_)
            | Operation::Array
            | Operation::Dict
            | Operation::Variant(_)
            | Operation::Part(_)
            | Operation::Field { .. }
            | Operation::Range(_)
            | Operation::FromWord
            | Operation::Cell => Gives::Owned,
            Operation::Compare(_)
            | Operation::Contains
            | Operation::Passes(_)
            | Operation::OfEnum(_)
            | Operation::HasParts(_) => Gives::Bool,
            Operation::Place(_) => Gives::Borrowed,
            Operation::NextEntry { .. } | Operation::EntryAt | Operation::Find => Gives::Int,
            Operation::Assign
            | Operation::Amend(_)
            | Operation::InsertAt
            | Operation::Swap
            | Operation::SetItem
            | Operation::UpdateItem(_)
            | Operation::SetFound
            | Operation::UpdateFound(_)
            | Operation::PushItem
            | Operation::AppendText(_)
            | Operation::AppendChar
            | Operation::SetField(_)
            | Operation::UpdateField(..)
            | Operation::SetPlace(_)
            | Operation::UpdatePlace(..) => Gives::Nothing,
        }
    }

    /// Type of the result, if there is one.
    pub fn result(self) -> Option<Type> {
        match self.gives() {
            Gives::Nothing => None,
            Gives::Bool => Some(Type::BOOL),
            Gives::Int => Some(Type::int_in(0, 1 << 48)),
            Gives::Owned | Gives::Borrowed => Some(Type::ANY),
        }
    }

    /// What it reads and writes besides its place. What walks values of any kind counts as a write, so that nothing merges it.
    pub fn effects(self) -> (Heaps, Heaps) {
        match self {
            Operation::Find | Operation::NextEntry { .. } => (Heaps::DICTS, Heaps::NONE),
            // Enum values never change.
            Operation::OfEnum(_) | Operation::HasParts(_) => (Heaps::NONE, Heaps::NONE),
            Operation::FromWord => (Heaps::NONE, Heaps::COUNTS),
            Operation::Arith(_)
            | Operation::Compare(_)
            | Operation::Contains
            | Operation::Item
            | Operation::ItemOrNull
            | Operation::Slice(_)
            | Operation::Text(_)
            | Operation::AppendChar
            | Operation::Array
            | Operation::Dict
            | Operation::Variant(_)
            | Operation::Passes(_)
            | Operation::Part(_)
            | Operation::Place(_)
            | Operation::Field { .. }
            | Operation::Range(_)
            | Operation::Cell => (Heaps::ALL, Heaps::COUNTS),
            Operation::RemoveAt | Operation::InsertAt | Operation::Swap => {
                let items = Heaps::BOOLS.with(Heaps::INTS).with(Heaps::FLOATS).with(Heaps::VALUES);
                (Heaps::ALL, items.with(Heaps::HEADERS).with(Heaps::COUNTS))
            }
            Operation::Assign
            | Operation::Amend(_)
            | Operation::SetItem
            | Operation::UpdateItem(_)
            | Operation::SetFound
            | Operation::UpdateFound(_)
            | Operation::PushItem
            | Operation::EntryAt
            | Operation::AppendText(_)
            | Operation::SetField(_)
            | Operation::UpdateField(..)
            | Operation::SetPlace(_)
            | Operation::UpdatePlace(..) => {
                let items = Heaps::BOOLS.with(Heaps::INTS).with(Heaps::FLOATS).with(Heaps::VALUES);
                let headers = Heaps::HEADERS.with(Heaps::SHAPES);
                (Heaps::ALL, items.with(headers).with(Heaps::COUNTS).with(Heaps::DICTS).with(Heaps::FIELDS))
            }
        }
    }

    /// The word that tells the runtime more, if it wants one.
    pub fn detail(self) -> Option<u64> {
        match self {
            Operation::Arith(code) | Operation::Amend(code) | Operation::UpdateItem(code) | Operation::UpdateFound(code) => {
                Some(code as u64)
            }
            Operation::Compare(code) => Some(code as u64),
            Operation::Field { site, or_null } => Some(site.word() | u64::from(or_null) << 48),
            Operation::SetField(site) | Operation::SetPlace(site) => Some(site.word()),
            Operation::UpdateField(code, site) | Operation::UpdatePlace(code, site) => {
                Some(site.word() | (code as u64) << 48)
            }
            Operation::Range(flag) | Operation::HasParts(flag) => Some(u64::from(flag)),
            Operation::OfEnum(decl) => Some(u64::from(decl)),
            Operation::NextEntry { set } => Some(u64::from(set)),
            Operation::Slice(kind) => Some(u64::from(kind)),
            Operation::Text(site)
            | Operation::AppendText(site)
            | Operation::Variant(site)
            | Operation::Passes(site)
            | Operation::Part(site)
            | Operation::Place(site) => Some(site.word()),
            Operation::Contains
            | Operation::Find
            | Operation::Item
            | Operation::ItemOrNull
            | Operation::RemoveAt
            | Operation::InsertAt
            | Operation::Swap
            | Operation::SetItem
            | Operation::SetFound
            | Operation::PushItem
            | Operation::EntryAt
            | Operation::AppendChar
            | Operation::FromWord
            | Operation::Array
            | Operation::Dict
            | Operation::Cell
            | Operation::Assign => None,
        }
    }

    /// May it write fields of the place or of what is inside of it?
    pub fn writes_fields(self) -> bool {
        matches!(
            self,
            Operation::SetField(_) | Operation::UpdateField(..) | Operation::SetPlace(_) | Operation::UpdatePlace(..)
        )
    }

    /// Does it change where the elements of the one array lie that is its place, and how many they are?
    pub fn resizes(self) -> bool {
        matches!(self, Operation::RemoveAt | Operation::InsertAt | Operation::Swap)
    }

    /// Is an argument of one kind always, a dict, a position or a code, and passed without its tag?
    pub fn takes_bare(self, argument: usize) -> bool {
        match self {
            Operation::Find => argument == 0,
            Operation::RemoveAt | Operation::InsertAt => argument == 0,
            Operation::NextEntry { .. } | Operation::AppendChar | Operation::Swap | Operation::FromWord => true,
            _ => false,
        }
    }

    /// Are the arguments, of any number, passed in an array?
    pub fn takes_array(self) -> bool {
        matches!(
            self,
            Operation::Text(_)
                | Operation::AppendText(_)
                | Operation::Array
                | Operation::Dict
                | Operation::Variant(_)
                | Operation::Place(_)
                | Operation::SetPlace(_)
                | Operation::UpdatePlace(..)
        )
    }

    /// Does it look something up in the tables of a function, which the context leads to?
    pub fn takes_context(self) -> bool {
        matches!(
            self,
            Operation::Text(_)
                | Operation::AppendText(_)
                | Operation::Variant(_)
                | Operation::Passes(_)
                | Operation::Part(_)
                | Operation::Place(_)
                | Operation::Field { .. }
                | Operation::SetField(_)
                | Operation::UpdateField(..)
                | Operation::SetPlace(_)
                | Operation::UpdatePlace(..)
        )
    }

    /// Does it neither change anything nor take a reference, so that doing it once is as good as twice?
    pub fn is_mergeable(self) -> bool {
        self.effects().1 == Heaps::NONE
    }
}
