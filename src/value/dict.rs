//! Dicts: look-up and change. Entries stay in insertion order; up to eight are searched one by one,
//! more through an index table at a load of at most 3/4.
//!
//! The index is searched by groups of eight places, which lie in one line of the cache: first the group of the hash, then the
//! next one as long as there is no free place. All places of a group are looked at at once. Which one it is then no branch depends
//! on; one that did would be guessed wrongly each second time, and while the processor waits for the memory to tell, it could
//! not begin the next search.
//!
//! A place of the index holds the position of an entry in its low bits, as many as the size of the table has, and above
//! them those bits of the entry's hash that did not choose the place: entries of other hashes are hardly ever looked at,
//! which in a large table is a miss of the cache each.
//!
//! Ints that come as first, first + 1, first + 2 … need no index, however many: the key says the position. This is so as
//! long as a dict of ints has more than eight entries and no index.
//!
//! A removed entry keeps its place until more than half the entries are removed, and an int's its number. The kind of the
//! keys (ints, strings, anything) stands in the shape word and selects the fast path.

use super::Value;
use super::heap::{Dict, Entry, Ref, Str, look};
use super::key::{self, NotAKey};
use super::layout::{dict as at, shape as ids};
use crate::limits::OutOfMemory;

/// A counted pointer to a dict.
pub type DictRef = Ref<Dict>;

/// Why an entry could not be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InsertError {
    /// The key cannot be a key.
    NotAKey(NotAKey),
    /// No memory.
    Memory(OutOfMemory),
}

impl From<NotAKey> for InsertError {
    fn from(error: NotAKey) -> InsertError {
        InsertError::NotAKey(error)
    }
}

impl From<OutOfMemory> for InsertError {
    fn from(error: OutOfMemory) -> InsertError {
        InsertError::Memory(error)
    }
}

const INTS: u32 = 1;
const STRINGS: u32 = 2;
const ANY: u32 = 3;
/// How far behind a full group the search goes on: to a group of another four, since those next to it are as full if many
/// neighbours were entered. An odd number of groups, so that the search comes to all.
const FURTHER: usize = 5 * at::GROUP;
/// While an index is made, the processor is told of the places so many entries ahead.
const AHEAD: usize = 16;

/// An empty dict.
#[inline]
pub fn new() -> DictRef {
    Ref::made(|| Dict::empty(ids::DICT_EMPTY))
}

/// An empty dict with room for `n` entries.
pub fn with_capacity(n: usize) -> Result<DictRef, OutOfMemory> {
    let mut table = Dict::empty(ids::DICT_EMPTY);
    table.reserve_entries(n)?;
    Ok(Ref::new(table))
}

/// The dict for changing; copied first if others hold it. Positions stay the same.
#[inline(always)]
pub fn make_unique(this: &mut DictRef) -> Result<&mut Dict, OutOfMemory> {
    if !this.own() {
        *this = duplicate(this)?;
    }
    Ok(this.get_mut().expect("the only reference after the copy"))
}

/// A copy that refers to the same keys and values.
#[inline(never)]
pub(super) fn duplicate(table: &Dict) -> Result<DictRef, OutOfMemory> {
    Ok(Ref::new(table.duplicate(table.shape())?))
}

impl Value {
    /// A dict of these entries; later duplicates win and keep the first position.
    pub fn dict(entries: impl IntoIterator<Item = (Value, Value)>) -> Result<Value, InsertError> {
        let entries = entries.into_iter();
        let mut made = new();
        let table = make_unique(&mut made)?;
        let expected = entries.size_hint().0;
        if expected > 0 {
            table.reserve_entries(expected)?;
        }
        for (key, value) in entries {
            table.enter(key, value)?;
        }
        Ok(Value::Dict(made))
    }
}

/// What a search has come to.
#[derive(Clone, Copy)]
enum Spot {
    /// The entry at this position.
    Entry(u32),
    /// No entry; this place of the index, where one would be noted.
    Free(u32),
    /// No entry; where one would be noted was not looked for, or there is no index.
    Nowhere,
}

impl Spot {
    #[inline(always)]
    fn at(position: Option<usize>) -> Spot {
        position.map_or(Spot::Nowhere, |position| Spot::Entry(position as u32))
    }

    #[inline(always)]
    fn position(self) -> Option<usize> {
        match self {
            Spot::Entry(position) => Some(position as usize),
            _ => None,
        }
    }
}

/// Whether an entry has this key; of those with the same hash.
#[inline(always)]
fn has_key(entry: &Entry, key: &Value) -> bool {
    !entry.is_removed() && key::same_key(&entry.key(), key)
}

impl Dict {
    /// The entry for which `same` holds, among those with this hash.
    #[inline(always)]
    fn search(&self, hash: u32, same: impl Fn(&Entry) -> bool) -> Spot {
        let entries = self.entries();
        let mask = self.mask();
        let mut start = hash as usize;
        let Some(mut group) = self.group(start) else {
            return Spot::at(entries.iter().position(|entry| entry.hash() == hash && same(entry)));
        };
        loop {
            let (first, words) = group;
            let (mut agreeing, free) = look(words, hash, mask);
            while agreeing != 0 {
                let position = words[agreeing.trailing_zeros() as usize % at::GROUP] & mask;
                if let Some(entry) = entries.get(position as usize)
                    && entry.hash() == hash
                    && same(entry)
                {
                    return Spot::Entry(position);
                }
                agreeing &= agreeing - 1;
            }
            if free != 0 {
                return Spot::Free(first as u32 + free.trailing_zeros());
            }
            start = first + FURTHER;
            let Some(next) = self.group(start) else { return Spot::Nowhere };
            group = next;
        }
    }

    /// What [`Dict::search`] says, if the first look at the index tells: there is one candidate that it is, or none.
    #[inline(always)]
    fn search_at_once(&self, hash: u32, same: impl Fn(&Entry) -> bool) -> Option<Spot> {
        let (first, words) = self.group(hash as usize)?;
        let (agreeing, free) = look(words, hash, self.mask());
        if agreeing == 0 {
            return (free != 0).then(|| Spot::Free(first as u32 + free.trailing_zeros()));
        }
        let position = words[agreeing.trailing_zeros() as usize % at::GROUP] & self.mask();
        let entry = self.entries().get(position as usize)?;
        (entry.hash() == hash && same(entry)).then_some(Spot::Entry(position))
    }

    /// Whether the keys are consecutive ints and say the positions of their entries.
    #[inline(always)]
    fn is_dense(&self) -> bool {
        self.key_kind() == INTS && self.index().is_empty() && self.entries().len() > at::LINEAR
    }

    /// Position of an int in a dict of ints without an index.
    #[inline(always)]
    fn find_unindexed(&self, key: i64) -> Option<usize> {
        let entries = self.entries();
        let guess = key.wrapping_sub(entries.first()?.number()) as usize;
        if entries.get(guess).is_some_and(|entry| entry.is_int(key)) {
            return Some(guess);
        }
        if entries.len() > at::LINEAR { None } else { entries.iter().position(|entry| entry.is_int(key)) }
    }

    /// Position of any key in a dict of consecutive ints.
    #[cold]
    fn find_dense(&self, key: &Value) -> Option<usize> {
        let int = match *key {
            Value::Int(int) => Some(int),
            Value::Float(x) => Some(x as i64).filter(|&int| int as f64 == x && x < -(i64::MIN as f64)),
            _ => None,
        };
        int.and_then(|int| self.find_unindexed(int))
    }

    /// Position of the `n`th live entry with the hash of this key, for comparisons that cannot be done at once.
    pub(super) fn candidate(&self, key: &Value, hash: u32, n: usize) -> Option<usize> {
        if self.is_dense() {
            return self.find_dense(key).filter(|_| n == 0);
        }
        let seen = std::cell::Cell::new(0);
        let found = self.search(hash, |entry| {
            seen.set(seen.get() + usize::from(!entry.is_removed()));
            seen.get() > n
        });
        found.position()
    }

    #[inline(always)]
    fn search_int(&self, key: i64, hash: u32) -> Spot {
        match self.key_kind() {
            INTS if self.index().is_empty() => Spot::at(self.find_unindexed(key)),
            INTS => self.search(hash, |entry| entry.is_int(key)),
            ANY => self.search(hash, |entry| entry.is_int(key) || has_key(entry, &Value::Int(key))),
            _ => Spot::Nowhere,
        }
    }

    #[inline(never)]
    fn search_str(&self, key: &Str) -> Spot {
        if self.key_kind() < STRINGS {
            return Spot::Nowhere;
        }
        let hash = key::hash_str(key);
        let found = self.search_at_once(hash, |entry| entry.text().is_some_and(|text| text.has_short_text_of(key)));
        found.unwrap_or_else(|| self.search_str_on(key, hash))
    }

    /// All of the search, out of the way of those that find at once: this one calls functions and keeps registers for that.
    #[inline(never)]
    fn search_str_on(&self, key: &Str, hash: u32) -> Spot {
        self.search(hash, |entry| entry.text().is_some_and(|text| text.has_text_of(key)))
    }

    /// The hash of a key, and what [`Dict::search`] says.
    #[inline(always)]
    fn locate(&self, key: &Value) -> Result<(u32, Spot), NotAKey> {
        if let Value::Str(key) = key {
            let found = self.search_str(key);
            return Ok((key::hash_str(key), found));
        }
        let hash = key::hash(key)?;
        let found = match key {
            Value::Int(key) => self.search_int(*key, hash),
            _ if self.is_dense() => Spot::at(self.find_dense(key)),
            _ => self.search(hash, |entry| has_key(entry, key)),
        };
        Ok((hash, found))
    }

    /// Position of a small integer's entry.
    #[inline]
    pub fn find_int(&self, key: i64) -> Option<usize> {
        self.search_int(key, key::hash_int(key)).position()
    }

    /// Position of a string's entry.
    #[inline]
    pub fn find_str(&self, key: &Str) -> Option<usize> {
        self.search_str(key).position()
    }

    /// Position of the entry with this text as key.
    pub fn find_text(&self, key: &str) -> Option<usize> {
        if self.key_kind() < STRINGS {
            return None;
        }
        self.search(key::hash_text(key), |entry| entry.text().is_some_and(|text| text.as_str() == key)).position()
    }

    /// Position of any key's entry.
    #[inline]
    pub fn find(&self, key: &Value) -> Result<Option<usize>, NotAKey> {
        Ok(self.locate(key)?.1.position())
    }

    /// The value of a small integer.
    #[inline]
    pub fn get_int(&self, key: i64) -> Option<&Value> {
        self.at(self.find_int(key)?)
    }

    /// The value of a text.
    #[inline]
    pub fn get_str(&self, key: &str) -> Option<&Value> {
        self.at(self.find_text(key)?)
    }

    /// The value of any key.
    #[inline]
    pub fn get(&self, key: &Value) -> Result<Option<&Value>, NotAKey> {
        let position = match key {
            Value::Str(key) => self.find_str(key),
            _ => self.find(key)?,
        };
        Ok(position.and_then(|position| self.at(position)))
    }

    /// Whether a key is there.
    #[inline]
    pub fn contains(&self, key: &Value) -> Result<bool, NotAKey> {
        Ok(self.find(key)?.is_some())
    }

    /// The value at a position that a `find` gave.
    #[inline(always)]
    pub fn at(&self, position: usize) -> Option<&Value> {
        self.entries().get(position).map(|entry| &entry.value)
    }

    /// The value at a position that a `find` gave, for changing.
    #[inline(always)]
    pub fn at_mut(&mut self, position: usize) -> Option<&mut Value> {
        self.entries_mut().get_mut(position).map(|entry| &mut entry.value)
    }

    /// The value of a key, for changing in place.
    #[inline]
    pub fn get_mut(&mut self, key: &Value) -> Result<Option<&mut Value>, NotAKey> {
        Ok(self.find(key)?.and_then(|position| self.at_mut(position)))
    }

    /// The value of a key for changing, after entering `default` if there was none.
    pub fn get_mut_or_insert(&mut self, key: Value, default: Value) -> Result<&mut Value, InsertError> {
        let position = match self.locate(&key)? {
            (_, Spot::Entry(position)) => position as usize,
            (hash, spot) => self.append(key, hash, default, spot)?,
        };
        Ok(self.at_mut(position).expect("the position was found or made just now"))
    }

    /// Enters a value; gives the one it replaces. The key inserted first stays.
    #[inline]
    pub fn insert(&mut self, key: Value, value: Value) -> Result<Option<Value>, InsertError> {
        match self.locate(&key)? {
            (_, Spot::Entry(position)) => {
                Ok(Some(std::mem::replace(&mut self.entries_mut()[position as usize].value, value)))
            }
            (hash, spot) => {
                self.append(key, hash, value, spot)?;
                Ok(None)
            }
        }
    }

    /// [`Dict::insert`] while a dict is made, whose keys mostly are few texts that differ.
    #[inline]
    pub fn enter(&mut self, key: Value, value: Value) -> Result<(), InsertError> {
        if let Value::Str(text) = &key
            && self.entries().len() < at::LINEAR
            && self.key_kind() & INTS == 0
            && self.index().is_empty()
            && let hash = key::hash_str(text)
            && self.entries().iter().all(|entry| entry.hash() != hash)
        {
            self.set_key_kind(STRINGS);
            return Ok(self.push_entry(Entry::new(key, hash, value))?);
        }
        self.insert(key, value).map(drop)
    }

    /// [`Dict::insert`] of a key that is taken only if it is new.
    #[inline]
    pub fn set(&mut self, key: &Value, value: Value) -> Result<(), InsertError> {
        match self.locate(key)? {
            (_, Spot::Entry(position)) => self.entries_mut()[position as usize].value.assign(value),
            (hash, spot) => {
                self.append(key.clone(), hash, value, spot)?;
            }
        }
        Ok(())
    }

    /// [`Dict::set`] of a string.
    #[inline(never)]
    pub fn set_str(&mut self, key: &Ref<Str>, value: Value) -> Result<(), OutOfMemory> {
        match self.search_str(key) {
            Spot::Entry(position) => self.entries_mut()[position as usize].value.assign(value),
            spot => {
                self.append(Value::Str(key.clone()), key::hash_str(key), value, spot)?;
            }
        }
        Ok(())
    }

    /// Enters a value under a small integer; gives the one it replaces.
    #[inline]
    pub fn insert_int(&mut self, key: i64, value: Value) -> Result<Option<Value>, OutOfMemory> {
        let hash = key::hash_int(key);
        match self.search_int(key, hash) {
            Spot::Entry(position) => Ok(Some(std::mem::replace(&mut self.entries_mut()[position as usize].value, value))),
            spot => {
                self.append(Value::Int(key), hash, value, spot)?;
                Ok(None)
            }
        }
    }

    /// Enters a value under a text.
    pub fn insert_str(&mut self, key: &str, value: Value) -> Result<Option<Value>, InsertError> {
        self.insert(Value::try_str(key)?, value)
    }

    /// Appends an entry whose key is not there yet; gives its position. `spot` is what a search for it has come to.
    #[inline(never)]
    fn append(&mut self, key: Value, hash: u32, value: Value, mut spot: Spot) -> Result<usize, OutOfMemory> {
        let kind = match key {
            Value::Int(_) => INTS,
            Value::Str(_) => STRINGS,
            _ => ANY,
        };
        if self.key_kind() != kind {
            self.set_key_kind(if self.key_kind() == 0 { kind } else { ANY });
        }
        let next = self.entries().len();
        if next >= at::LINEAR && (next + 1) * 4 > self.index().len() * 3 && !self.goes_on_with(&key) {
            self.grow_index()?;
            spot = Spot::Nowhere;
        }
        let position = self.entries().len();
        self.push_entry(Entry::new(key, hash, value))?;
        self.note(hash, position as u32, spot);
        Ok(position)
    }

    /// Whether the key is the next of consecutive ints, so that no index is needed.
    #[inline]
    fn goes_on_with(&self, key: &Value) -> bool {
        let (Value::Int(key), entries) = (key, self.entries()) else { return false };
        let Some(first) = entries.first().map(Entry::number).filter(|_| self.key_kind() == INTS) else { return false };
        let follows = |number: i64, at: usize| number.checked_sub(first) == Some(at as i64);
        self.index().is_empty()
            && follows(*key, entries.len())
            && (entries.len() > at::LINEAR || entries.iter().enumerate().all(|(at, entry)| follows(entry.number(), at)))
    }

    /// Notes the position of an entry in the index, if there is one, at a free place for its hash.
    #[inline]
    fn note(&mut self, hash: u32, position: u32, spot: Spot) {
        let mask = self.mask();
        let place = match spot {
            Spot::Free(place) => Some(place as usize),
            _ => self.free_place(hash),
        };
        if let Some(place) = place.and_then(|place| self.index_mut().get_mut(place)) {
            *place = hash & !mask | position;
        }
    }

    /// The first free place for a hash, if there is an index.
    #[inline]
    fn free_place(&self, hash: u32) -> Option<usize> {
        let mut start = hash as usize;
        loop {
            let (first, words) = self.group(start)?;
            let (_, free) = look(words, hash, self.mask());
            if free != 0 {
                return Some(first + free.trailing_zeros() as usize);
            }
            start = first + FURTHER;
        }
    }

    /// Makes room in the index for more entries, squeezing out removed ones first.
    #[cold]
    #[inline(never)]
    fn grow_index(&mut self) -> Result<(), OutOfMemory> {
        let places = if self.len() < at::LINEAR { 0 } else { (self.len() * 2 + 1).next_power_of_two().max(16) };
        self.rebuild(places)
    }

    fn rebuild(&mut self, places: usize) -> Result<(), OutOfMemory> {
        // The index is made first: if that fails, nothing has changed.
        self.reset_index(places)?;
        if self.len() < self.entries().len() {
            self.compact();
        }
        for position in 0..self.entries().len() {
            if let Some(ahead) = self.entries().get(position + AHEAD) {
                self.expect(ahead.hash());
            }
            let hash = self.entries()[position].hash();
            self.note(hash, position as u32, Spot::Nowhere);
        }
        Ok(())
    }

    /// Removes a key; gives its value. The order of the others stays.
    pub fn remove(&mut self, key: &Value) -> Result<Option<Value>, NotAKey> {
        let Some(position) = self.find(key)? else { return Ok(None) };
        Ok(self.remove_at(position).map(|(_, value)| value))
    }

    /// Removes the entry at a position; gives key and value. Later positions may change.
    pub fn remove_at(&mut self, position: usize) -> Option<(Value, Value)> {
        let parts = self.remove_entry(position)?;
        if self.entries().len() > 2 * self.len() + at::LINEAR {
            // The smaller index fits in memory if the larger one did; should it fail, nothing is lost.
            let places = if self.len() <= at::LINEAR { 0 } else { (self.len() * 2).next_power_of_two().max(16) };
            let _ = self.rebuild(places);
        }
        Some(parts)
    }

    /// Removes everything.
    pub fn clear(&mut self) {
        self.reset();
    }

    /// The entry at or behind a position, with its position: iteration that skips removed entries.
    #[inline]
    pub fn next_entry(&self, from: usize) -> Option<(usize, &Entry)> {
        let rest = self.entries().get(from..)?;
        rest.iter().position(|entry| !entry.is_removed()).map(|at| (from + at, &rest[at]))
    }

    /// Keys and values in insertion order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Value, &Value)> + '_ {
        self.live_entries().map(|entry| (entry.key().get().clone(), &entry.value))
    }

    /// Live entries in insertion order.
    pub fn live_entries(&self) -> impl DoubleEndedIterator<Item = &Entry> + '_ {
        self.entries().iter().filter(|entry| !entry.is_removed())
    }

    /// Keys in insertion order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = Value> + '_ {
        self.live_entries().map(|entry| entry.key().get().clone())
    }

    /// Values in insertion order.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Value> + '_ {
        self.live_entries().map(|entry| &entry.value)
    }

    /// Enters all entries of another dict.
    pub fn extend(&mut self, other: &Dict) -> Result<(), InsertError> {
        for entry in other.live_entries() {
            self.insert(entry.key().get().clone(), entry.value.clone())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(table: &Dict) -> Vec<i64> {
        table.keys().map(|key| key.as_int().unwrap()).collect()
    }

    #[test]
    fn order_survives_growth_and_removal() {
        let mut d = new();
        let table = make_unique(&mut d).unwrap();
        for i in 0..1000 {
            table.insert(Value::Int(i * 7919), Value::Int(i)).unwrap();
        }
        for i in (0..1000).filter(|i| i % 3 != 0) {
            assert_eq!(table.remove(&Value::Int(i * 7919)).unwrap().unwrap().as_int(), Some(i));
        }
        let expected: Vec<i64> = (0..1000).filter(|i| i % 3 == 0).map(|i| i * 7919).collect();
        assert_eq!(keys(table), expected);
        for i in 0..1000 {
            assert_eq!(table.get_int(i * 7919).is_some(), i % 3 == 0);
        }
        table.insert(Value::Int(7919), Value::Null).unwrap();
        assert_eq!(*keys(table).last().unwrap(), 7919, "a removed key comes back at the end");
    }

    #[test]
    fn the_first_key_stays() {
        let mut d = new();
        let table = make_unique(&mut d).unwrap();
        table.insert(Value::Int(1), Value::str("aa")).unwrap();
        let old = table.insert(Value::Float(1.0), Value::str("bb")).unwrap();
        assert_eq!(old.unwrap().as_str(), Some("aa"));
        assert_eq!((table.len(), keys(table)), (1, vec![1]));
        assert_eq!(table.get(&Value::Float(1.0)).unwrap().unwrap().as_str(), Some("bb"));
    }

    /// The dict against a plain list of pairs, through every way of finding a key.
    fn agrees(table: &Dict, expected: &[(i64, i64)]) {
        assert_eq!(keys(table), expected.iter().map(|pair| pair.0).collect::<Vec<_>>());
        for &(key, value) in expected {
            assert_eq!(table.get_int(key).and_then(Value::as_int), Some(value), "{key}");
            let float = Value::Float(key as f64);
            assert_eq!(table.get(&float).unwrap().and_then(Value::as_int), Some(value), "{key}.0");
        }
        let absent = (-3..60).filter(|key| !expected.iter().any(|pair| pair.0 == *key));
        for key in absent {
            assert!(table.get_int(key).is_none() && table.get(&Value::Float(key as f64)).unwrap().is_none(), "{key}");
            assert!(table.get(&Value::Float(key as f64 + 0.5)).unwrap().is_none());
        }
    }

    #[test]
    fn consecutive_ints_need_no_index() {
        let mut d = new();
        let table = make_unique(&mut d).unwrap();
        let mut expected: Vec<(i64, i64)> = (3..43).map(|i| (i, i * i)).collect();
        for &(key, value) in &expected {
            table.insert(Value::Int(key), Value::Int(value)).unwrap();
        }
        assert!(table.index().is_empty());
        agrees(table, &expected);
        assert!(table.get(&Value::str("3")).unwrap().is_none() && table.get(&Value::Null).unwrap().is_none());
        // Holes stay, the end goes away and comes back.
        for key in [3, 20, 42, 41] {
            assert!(table.remove(&Value::Int(key)).unwrap().is_some());
            expected.retain(|pair| pair.0 != key);
            agrees(table, &expected);
        }
        table.insert(Value::Int(41), Value::Int(1)).unwrap();
        expected.push((41, 1));
        assert!(table.index().is_empty());
        agrees(table, &expected);
        // Out of the row, and then as before.
        for key in [20, 50, 42] {
            table.insert(Value::Int(key), Value::Int(7)).unwrap();
            expected.push((key, 7));
            assert!(!table.index().is_empty());
            agrees(table, &expected);
        }
    }

    #[test]
    fn ints_at_the_ends_are_no_neighbours() {
        let mut d = new();
        let table = make_unique(&mut d).unwrap();
        for i in 0..12 {
            table.insert(Value::Int(i64::MAX - 5 + i.min(5)), Value::Null).unwrap();
            table.insert(Value::Int(i64::MIN + i), Value::Null).unwrap();
        }
        assert_eq!(table.len(), 18);
        assert!((0..12).all(|i| table.get_int(i64::MIN + i).is_some()) && table.get_int(0).is_none());
    }

    #[test]
    fn floats_first_are_found_by_ints() {
        let mut d = new();
        let table = make_unique(&mut d).unwrap();
        table.insert(Value::Float(2.0), Value::Null).unwrap();
        assert!(table.get_int(2).is_some());
        table.insert(Value::str("text of a key"), Value::Null).unwrap();
        assert!(table.get_str("text of a key").is_some() && table.get_str("other").is_none());
    }

    #[test]
    fn key_kinds_follow_the_keys() {
        let mut d = new();
        let table = make_unique(&mut d).unwrap();
        assert_eq!(table.shape(), ids::DICT_EMPTY);
        table.insert_str("a key of text", Value::Null).unwrap();
        assert_eq!(table.shape(), ids::DICT_STR);
        table.insert(Value::Int(1), Value::Null).unwrap();
        assert_eq!(table.shape(), ids::DICT_ANY);
        table.clear();
        assert_eq!(table.shape(), ids::DICT_EMPTY);
    }

    #[test]
    fn a_queue_stays_small() {
        let mut d = new();
        let table = make_unique(&mut d).unwrap();
        for i in 0..10_000 {
            table.insert(Value::Int(i), Value::Int(i)).unwrap();
            if i >= 20 {
                table.remove(&Value::Int(i - 20)).unwrap();
            }
        }
        assert_eq!(table.len(), 20);
        assert!(table.entries().len() <= 60);
        assert_eq!(keys(table), (9980..10_000).collect::<Vec<_>>());
    }

    #[test]
    fn a_second_holder_keeps_the_old_entries() {
        let mut d = new();
        make_unique(&mut d).unwrap().insert_str("kk", Value::Int(1)).unwrap();
        let old = d.clone();
        make_unique(&mut d).unwrap().insert_str("kk", Value::Int(2)).unwrap();
        assert_eq!(old.get_str("kk").unwrap().as_int(), Some(1));
        assert_eq!(d.get_str("kk").unwrap().as_int(), Some(2));
    }

    #[test]
    fn values_are_changed_in_place() {
        let mut d = new();
        let table = make_unique(&mut d).unwrap();
        for word in ["to", "be", "or", "not", "to", "be"] {
            let place = table.get_mut_or_insert(Value::str(word), Value::Int(0)).unwrap();
            *place = Value::Int(place.as_int().unwrap() + 1);
        }
        assert_eq!((table.len(), table.get_str("be").unwrap().as_int()), (4, Some(2)));
    }

    #[test]
    fn iteration_by_position_skips_removed_entries() {
        let mut d = new();
        let table = make_unique(&mut d).unwrap();
        for i in 0..6 {
            table.insert(Value::Int(i), Value::Null).unwrap();
        }
        table.remove(&Value::Int(0)).unwrap();
        table.remove(&Value::Int(3)).unwrap();
        let mut seen = Vec::new();
        let mut from = 0;
        while let Some((at, entry)) = table.next_entry(from) {
            seen.push(entry.key().as_int().unwrap());
            from = at + 1;
        }
        assert_eq!(seen, [1, 2, 4, 5]);
    }

    #[test]
    fn functions_are_refused_as_keys() {
        let mut d = new();
        let f = Value::function(super::super::FnId(3));
        let table = make_unique(&mut d).unwrap();
        assert_eq!(table.insert(f.clone(), Value::Null).err(), Some(InsertError::NotAKey(NotAKey("function"))));
        assert!(table.get(&f).is_err() && table.is_empty());
    }

    /// How many groups are looked at for each key that is there, on average, in an index that is as full as one gets.
    fn groups_looked_at(keys: impl Iterator<Item = Value>) -> f64 {
        let mut d = new();
        let table = make_unique(&mut d).unwrap();
        // Not one of consecutive ints.
        table.insert(Value::Int(i64::MIN), Value::Null).unwrap();
        let mut looked = 0;
        for key in keys.take((1 << 14) * 3 / 4 - 1) {
            table.insert(key, Value::Null).unwrap();
        }
        assert_eq!(table.index().len(), 1 << 14);
        for entry in table.entries() {
            let mut place = entry.hash() as usize;
            loop {
                let (first, words) = table.group(place).unwrap();
                looked += 1;
                let (agreeing, _) = look(words, entry.hash(), table.mask());
                let positions = (0..at::GROUP).filter(|n| agreeing >> n & 1 != 0).map(|n| words[n] & table.mask());
                if positions.into_iter().any(|position| std::ptr::eq(&table.entries()[position as usize], entry)) {
                    break;
                }
                place = first + FURTHER;
            }
        }
        f64::from(looked) / table.len() as f64
    }

    #[test]
    fn no_regular_keys_crowd_the_index() {
        // Independent keys give 1.10; the seed makes it a little more or less.
        let most = 1.25;
        let small = [1, 2, 3, 4, 5, 7, 8, 16, 1000, -1, -4, 7919];
        let powers = [10, 16, 20, 32, 33, 40, 48].map(|power| 1 << power);
        let beside = powers.iter().flat_map(|step| [step - 1, *step, step + 1, 4 * step - 4, 4 * step + 4]);
        for step in small.into_iter().chain(beside) {
            let looked = groups_looked_at((0..).map(|i: i64| Value::Int(i.wrapping_mul(step))));
            assert!(looked < most, "in steps of {step}: {looked}");
        }
        let grid = groups_looked_at((0..).map(|i| Value::Int(i / 100 * 1000 + i % 100)));
        assert!(grid < most, "grid: {grid}");
        for (name, step) in [("", 1), ("k", 1), ("item number ", 1), ("a name that is longer than sixteen ", 1), ("k", 10)] {
            let looked = groups_looked_at((0..).map(|i| Value::str(&format!("{name}{}", i * step))));
            assert!(looked < most, "{name}: {looked}");
            let looked = groups_looked_at((0..).map(|i| Value::str(&format!("{}{name}", i * step))));
            assert!(looked < most, "before {name}: {looked}");
        }
        let floats = groups_looked_at((0..).map(|i| Value::Float(f64::from(i) + 0.5)));
        assert!(floats < most, "floats: {floats}");
    }

    #[test]
    fn strings_with_equal_text_are_one_key() {
        let mut d = new();
        let table = make_unique(&mut d).unwrap();
        for i in 0..100 {
            table.insert(Value::str(&format!("key number {}", i % 50)), Value::Int(i)).unwrap();
        }
        assert_eq!(table.len(), 50);
        assert_eq!(table.get(&Value::str("key number 7")).unwrap().unwrap().as_int(), Some(57));
    }
}
