//! Tables by ids: numbers that the compiler gives itself, close together, so that spreading them takes one multiplication.
//!
//! Must not: hold what a program can choose, such as constants, which could be made to fall together.
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

pub type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<IdHasher>>;
pub type IdSet<K> = HashSet<K, BuildHasherDefault<IdHasher>>;

/// Twice as many as there are numbers up to the golden section of them, and odd.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// Takes what is hashed as it comes.
#[derive(Clone, Copy, Default, Debug)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(SPREAD);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jit::ir::{BlockId, ValueId};

    #[test]
    fn ids_in_a_row_fall_on_places_of_their_own() {
        let mut low: IdSet<u64> = IdSet::default();
        let hash = |id: u32| {
            let mut hasher = IdHasher::default();
            std::hash::Hash::hash(&ValueId(id), &mut hasher);
            hasher.finish()
        };
        low.extend((0..1024).map(|id| hash(id) & 1023));
        assert_eq!(low.len(), 1024);
    }

    #[test]
    fn pairs_are_told_apart() {
        let pairs = (0..30).flat_map(|value| (0..30).map(move |block| (ValueId(value), BlockId(block))));
        let map: IdMap<_, _> = pairs.clone().map(|pair| (pair, pair)).collect();
        assert!(map.len() == 900 && pairs.into_iter().all(|pair| map[&pair] == pair));
    }
}
