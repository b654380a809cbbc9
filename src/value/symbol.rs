//! Names of members as small numbers: process-wide, append-only, never freed.
//!
//! Only names that stand in programs come here (fields, methods, variants, functions), so the table is as
//! large as the sources that were loaded.

use std::sync::{LazyLock, Mutex, PoisonError};

use ahash::AHashMap;

use super::Value;
use super::heap::Registry;

/// An interned name. Equal names have equal numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Symbol(pub u32);

macro_rules! well_known {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// Names the language itself looks for; their numbers are fixed.
        #[allow(missing_docs)]
        pub mod known {
            use super::Symbol;
            #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
            enum Number { $($name),* }
            $(pub const $name: Symbol = Symbol(Number::$name as u32);)*
        }
        const KNOWN: &[&str] = &[$($text),*];
    };
}

well_known! {
    SELF = "self", TO_STRING = "to_string",
    OP_ADD = "op_add", OP_SUB = "op_sub", OP_MUL = "op_mul", OP_DIV = "op_div", OP_MOD = "op_mod",
    OP_POW = "op_pow", OP_EQ = "op_eq", OP_NE = "op_ne", OP_LT = "op_lt", OP_LE = "op_le", OP_GT = "op_gt",
    OP_GE = "op_ge", OP_NEG = "op_neg", OP_NOT = "op_not", OP_INDEX = "op_index", OP_CALL = "op_call",
    OP_ITER = "op_iter",
    MESSAGE = "message", KIND = "kind", VALUE = "value", FILE = "file", LINE = "line", COLUMN = "column",
    STACK = "stack", CAUSE = "cause", FUNCTION = "function",
    OK = "Ok", ERR = "Err", SOME = "Some", NONE = "None", RESULT = "Result", OPTION = "Option",
    NEXT = "next", CLOSE = "close", ITER = "iter",
}

struct Name {
    text: &'static str,
    value: Interned,
}

/// The immortal string value of a name.
struct Interned(super::share::Shared);

static NAMES: Registry<Name> = Registry::new();
static NUMBERS: LazyLock<Mutex<AHashMap<&'static str, u32>>> = LazyLock::new(|| {
    let mut numbers = AHashMap::new();
    for text in KNOWN {
        enter(&mut numbers, text);
    }
    Mutex::new(numbers)
});

fn enter(numbers: &mut AHashMap<&'static str, u32>, text: &'static str) -> Symbol {
    let value = Interned(super::share::Shared::literal(text));
    let number = NAMES.push(Name { text, value });
    numbers.insert(text, number);
    Symbol(number)
}

/// The symbol of a name.
pub fn symbol(text: &str) -> Symbol {
    let mut numbers = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
    match numbers.get(text) {
        Some(&number) => Symbol(number),
        None => enter(&mut numbers, Box::leak(Box::from(text))),
    }
}

/// The symbol of a name that some program has mentioned; others are no member of anything.
pub fn existing(text: &str) -> Option<Symbol> {
    let numbers = NUMBERS.lock().unwrap_or_else(PoisonError::into_inner);
    numbers.get(text).copied().map(Symbol)
}

impl Symbol {
    fn name(self) -> &'static Name {
        if let Some(name) = NAMES.get(self.0) {
            return name;
        }
        LazyLock::force(&NUMBERS);
        NAMES.get(self.0).expect("symbols are made by `symbol`")
    }

    /// The name.
    pub fn as_str(self) -> &'static str {
        self.name().text
    }

    /// The name as an interned string value.
    pub fn value(self) -> Value {
        self.name().value.0.get()
    }
}

impl std::fmt::Debug for Symbol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}`", self.as_str())
    }
}

impl std::fmt::Display for Symbol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_have_equal_numbers() {
        assert_eq!(symbol("colour"), symbol("colour"));
        assert_ne!(symbol("colour"), symbol("color"));
        assert_eq!(symbol("colour").as_str(), "colour");
        assert_eq!(existing("never mentioned anywhere"), None);
    }

    #[test]
    fn known_names_keep_their_numbers() {
        assert_eq!(known::OP_ADD.as_str(), "op_add");
        assert_eq!(symbol("to_string"), known::TO_STRING);
        assert_eq!(symbol("iter"), known::ITER);
    }
}
