//! What the names of the prelude scope stand for: a table that is there when the program starts.
//!
//! Always holds: each name is entered once; the slots between where a name belongs and where its number stands are taken.
use super::{
    BuiltinId, BuiltinTypeId, CONSTANTS, ConstantId, N_BUILTINS, NAMESPACES, NamespaceId, PreludeName, TABLE, outcome,
};
use crate::value::BuiltinType;

type Entry = (&'static str, PreludeName);

/// Names of variants and of their enums.
const OUTCOMES: [Entry; 6] = [
    ("Ok", PreludeName::Variant { decl: 0, variant: outcome::OK }),
    ("Err", PreludeName::Variant { decl: 0, variant: outcome::ERR }),
    ("Some", PreludeName::Variant { decl: 1, variant: outcome::SOME }),
    ("None", PreludeName::Variant { decl: 1, variant: outcome::NONE }),
    ("Result", PreludeName::Enum(0)),
    ("Option", PreludeName::Enum(1)),
];

/// How many names there are at most.
const MOST: usize = {
    let (mut count, mut row) = (N_BUILTINS, 0);
    while row < N_BUILTINS {
        count += TABLE[row].aliases.len();
        row += 1;
    }
    count + CONSTANTS.len() + NAMESPACES.len() + BuiltinType::ALL.len() + OUTCOMES.len()
};

/// A third of the slots is taken at most.
const SLOTS: usize = (3 * MOST).next_power_of_two();

struct Table {
    entries: [Entry; MOST],
    len: usize,
    /// Where a name's hash leads to, or behind it: the upper half of the hash, and the entry's number from one.
    slots: [(u16, u16); SLOTS],
}

static NAMES: Table = Table::filled();

impl Table {
    const fn filled() -> Table {
        let mut table = Table { entries: [("", PreludeName::Enum(0)); MOST], len: 0, slots: [(0, 0); SLOTS] };
        table.enter_functions();
        table.enter_types();
        let mut at = 0;
        while at < CONSTANTS.len() {
            table.enter(CONSTANTS[at], PreludeName::Constant(ConstantId(at as u16)));
            at += 1;
        }
        at = 0;
        while at < NAMESPACES.len() {
            table.enter(NAMESPACES[at].name, PreludeName::Namespace(NamespaceId(at as u16)));
            at += 1;
        }
        at = 0;
        while at < OUTCOMES.len() {
            table.enter(OUTCOMES[at].0, OUTCOMES[at].1);
            at += 1;
        }
        table
    }

    /// A row that a type is called through is the type's.
    const fn enter_functions(&mut self) {
        let mut row = 0;
        while row < N_BUILTINS {
            let (info, meaning) = (TABLE[row], PreludeName::Function(BuiltinId(row as u16)));
            if type_named(info.name).is_none() {
                self.enter(info.name, meaning);
            }
            let mut alias = 0;
            while alias < info.aliases.len() {
                self.enter(info.aliases[alias], meaning);
                alias += 1;
            }
            row += 1;
        }
    }

    const fn enter_types(&mut self) {
        let mut number = 0;
        while number < BuiltinType::ALL.len() {
            let ty = BuiltinType::ALL[number];
            if is_visible_type(ty) {
                self.enter(ty.name(), PreludeName::Type(BuiltinTypeId(number as u8)));
            }
            number += 1;
        }
    }

    const fn enter(&mut self, name: &'static str, meaning: PreludeName) {
        assert!(self.find(name).is_none(), "two names of the prelude are the same");
        let hash = hash(name);
        let mut slot = hash as usize % SLOTS;
        while self.slots[slot].1 != 0 {
            slot = (slot + 1) % SLOTS;
        }
        self.entries[self.len] = (name, meaning);
        self.len += 1;
        self.slots[slot] = ((hash >> 16) as u16, self.len as u16);
    }

    const fn find(&self, name: &str) -> Option<PreludeName> {
        let hash = hash(name);
        let mut slot = hash as usize % SLOTS;
        while self.slots[slot].1 != 0 {
            let (upper, number) = self.slots[slot];
            if upper == (hash >> 16) as u16 {
                let (known, meaning) = self.entries[number as usize - 1];
                if is_same(known, name) {
                    return Some(meaning);
                }
            }
            slot = (slot + 1) % SLOTS;
        }
        None
    }
}

/// FNV-1a.
const fn hash(name: &str) -> u32 {
    let (bytes, mut hash, mut at) = (name.as_bytes(), 0x811c_9dc5_u32, 0);
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    hash
}

const fn is_same(a: &str, b: &str) -> bool {
    let (a, b, mut at) = (a.as_bytes(), b.as_bytes(), 0);
    if a.len() != b.len() {
        return false;
    }
    while at < a.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len()
}

/// The type that is visible under this name.
const fn type_named(name: &str) -> Option<BuiltinType> {
    let mut at = 0;
    while at < BuiltinType::ALL.len() {
        let ty = BuiltinType::ALL[at];
        if is_visible_type(ty) && is_same(ty.name(), name) {
            return Some(ty);
        }
        at += 1;
    }
    None
}

/// The rows that types are called through, by the types' numbers: those named like a type.
static CONSTRUCTORS: [Option<BuiltinId>; BuiltinType::ALL.len()] = {
    let (mut constructors, mut row) = ([None; BuiltinType::ALL.len()], 0);
    while row < N_BUILTINS {
        if let Some(ty) = type_named(TABLE[row].name) {
            constructors[ty as usize] = Some(BuiltinId(row as u16));
        }
        row += 1;
    }
    constructors
};

/// What `name` means in the prelude scope.
pub fn lookup(name: &str) -> Option<PreludeName> {
    NAMES.find(name)
}

/// Every name of the prelude scope that programs are meant to use, for "did you mean" and completion; in the order of the alphabet.
pub fn names() -> impl Iterator<Item = &'static str> {
    let mut names: Vec<_> =
        NAMES.entries[..NAMES.len].iter().map(|(name, _)| *name).filter(|name| !name.starts_with("__")).collect();
    names.sort_unstable();
    names.into_iter()
}

/// The builtin that runs when a built-in type is called (`int("3")`); the other types cannot be called.
pub fn constructor(ty: BuiltinType) -> Option<BuiltinId> {
    CONSTRUCTORS[ty as usize]
}

/// Types that are visible under their name. Those that also have a row are called through it.
const fn is_visible_type(ty: BuiltinType) -> bool {
    match ty {
        BuiltinType::Bool
        | BuiltinType::Int
        | BuiltinType::Float
        | BuiltinType::String
        | BuiltinType::Bytes
        | BuiltinType::Array
        | BuiltinType::Dict
        | BuiltinType::Set
        | BuiltinType::Function
        | BuiltinType::Error => true,
        BuiltinType::Null
        | BuiltinType::Type
        | BuiltinType::Iterator
        | BuiltinType::Generator
        | BuiltinType::Module
        | BuiltinType::Promise
        | BuiltinType::Channel
        | BuiltinType::Task
        | BuiltinType::File
        | BuiltinType::Any => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_others_are_not() {
        for (name, meaning) in &NAMES.entries[..NAMES.len] {
            assert_eq!(lookup(name), Some(*meaning), "{name}");
        }
        for (row, info) in TABLE.iter().enumerate() {
            assert!(info.aliases.iter().all(|alias| lookup(alias) == Some(PreludeName::Function(BuiltinId(row as u16)))));
        }
        assert!(["", "no such name", "prin", "printt", "null"].iter().all(|name| lookup(name).is_none()));
    }

    #[test]
    fn types_are_called_through_the_rows_of_their_names() {
        let named = |ty: BuiltinType| constructor(ty).map(|id| TABLE[usize::from(id.0)].name);
        assert_eq!(named(BuiltinType::Int), Some("int"));
        assert_eq!(named(BuiltinType::Task), None);
        assert!(BuiltinType::ALL.iter().all(|ty| named(*ty).is_none_or(|name| name == ty.name())));
    }
}
