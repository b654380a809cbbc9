//! Interned identifiers: each distinct text once, named by a `Symbol`.
//!
//! The words that the parser itself asks for are interned first, in a fixed order, so that asking "is this name
//! `test`?" compares two numbers.

use std::hash::{BuildHasher, Hasher};
use std::num::NonZeroU32;

use super::ast::Symbol;

/// All identifiers of one tree.
#[derive(Debug, Clone)]
pub struct Names {
    text: String,
    /// Where the text of each symbol ends; it starts where the one before ends.
    ends: Vec<u32>,
    /// Open addressing, a power of two in size: 0 is free, otherwise a symbol's number.
    slots: Vec<u32>,
    hasher: ahash::RandomState,
}

impl Names {
    pub fn new() -> Names {
        // Fixed keys: only identifiers of one program meet here, and the order of symbols never depends on them.
        let hasher = ahash::RandomState::with_seeds(1, 2, 3, 4);
        Names { text: String::new(), ends: Vec::new(), slots: vec![0; 256], hasher }
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of `symbol`, which must come from this table.
    pub fn get(&self, symbol: Symbol) -> &str {
        self.at(symbol.0.get())
    }

    fn at(&self, number: u32) -> &str {
        let index = number as usize - 1;
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.text[start..self.ends[index] as usize]
    }

    fn hash(&self, text: &str) -> usize {
        let mut hasher = self.hasher.build_hasher();
        hasher.write(text.as_bytes());
        hasher.finish() as usize
    }

    /// The symbol of `text` if it occurs in the program.
    pub fn find(&self, text: &str) -> Option<Symbol> {
        let mask = self.slots.len() - 1;
        let mut slot = self.hash(text) & mask;
        loop {
            let number = NonZeroU32::new(self.slots[slot])?;
            if self.at(number.get()) == text {
                return Some(Symbol(number));
            }
            slot = (slot + 1) & mask;
        }
    }

    /// The symbol of `text`, new if need be.
    pub fn intern(&mut self, text: &str) -> Symbol {
        let mask = self.slots.len() - 1;
        let mut slot = self.hash(text) & mask;
        while let Some(number) = NonZeroU32::new(self.slots[slot]) {
            if self.at(number.get()) == text {
                return Symbol(number);
            }
            slot = (slot + 1) & mask;
        }
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
        let number = self.ends.len() as u32;
        self.slots[slot] = number;
        if self.ends.len() * 2 > self.slots.len() {
            self.grow();
        }
        Symbol(NonZeroU32::MIN.saturating_add(number - 1))
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 4;
        let mut slots = vec![0; size];
        for number in 1..=self.ends.len() as u32 {
            let mut slot = self.hash(self.at(number)) & (size - 1);
            while slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            slots[slot] = number;
        }
        self.slots = slots;
    }
}

impl Default for Names {
    fn default() -> Names {
        Names::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_share_a_symbol() {
        let mut names = Names::new();
        let symbols: Vec<Symbol> = (0..1000).map(|i| names.intern(&format!("name{i}"))).collect();
        for (i, &symbol) in symbols.iter().enumerate() {
            assert_eq!(names.intern(&format!("name{i}")), symbol);
            assert_eq!(names.get(symbol), format!("name{i}"));
        }
        assert_eq!(names.find("name7"), Some(symbols[7]));
        assert_eq!(names.find("other"), None);
    }
}
