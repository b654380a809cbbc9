//! Strings: making, joining, and finding characters by number in any text.

use std::collections::HashSet;
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};

use super::heap::{Ref, Str};
use super::share::Shared;
use super::{Value, key};
use crate::limits::OutOfMemory;

/// A counted pointer to a string.
pub type StrRef = Ref<Str>;

/// Every how many characters the side table notes an offset.
const STRIDE: usize = 64;

/// Number of characters, and the byte offset of every 64th: finds a character of long text at once.
pub struct IndexTable {
    offsets: Vec<usize>,
    chars: usize,
    /// Bytes that are counted already.
    bytes: usize,
}

impl IndexTable {
    fn new(text: &str) -> IndexTable {
        let mut table = IndexTable { offsets: Vec::new(), chars: 0, bytes: 0 };
        table.extend(text);
        table
    }

    /// Counts what was appended since.
    pub(super) fn extend(&mut self, text: &str) {
        for (at, byte) in text.as_bytes().iter().enumerate().skip(self.bytes) {
            if is_start(*byte) {
                if self.chars.is_multiple_of(STRIDE) {
                    self.offsets.push(at);
                }
                self.chars += 1;
            }
        }
        self.bytes = text.len();
    }

    fn offset(&self, text: &str, at: usize) -> usize {
        if at >= self.chars {
            return text.len();
        }
        let from = self.offsets[at / STRIDE];
        from + walk(&text.as_bytes()[from..], at % STRIDE)
    }

    fn position(&self, text: &str, byte: usize) -> usize {
        let block = self.offsets.partition_point(|&offset| offset <= byte).saturating_sub(1);
        let from = self.offsets.get(block).copied().unwrap_or(0);
        block * STRIDE + count(&text.as_bytes()[from..byte])
    }
}

#[inline]
fn is_start(byte: u8) -> bool {
    (byte as i8) >= -0x40
}

fn count(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&byte| is_start(byte)).count()
}

/// Byte offset of the character number `at`, or the end.
fn walk(bytes: &[u8], at: usize) -> usize {
    let mut at = at;
    let mut from = 0;
    for word in bytes.chunks_exact(8) {
        // A byte continues a character if its two top bits are 10.
        let word = u64::from_le_bytes(word.try_into().unwrap_or_default());
        let continued = (word >> 7) & !(word >> 6) & 0x0101_0101_0101_0101;
        let starts = 8 - continued.count_ones() as usize;
        if starts > at {
            break;
        }
        at -= starts;
        from += 8;
    }
    from + walk_bytes(&bytes[from..], at)
}

fn walk_bytes(bytes: &[u8], at: usize) -> usize {
    let mut starts = bytes.iter().enumerate().filter(|(_, byte)| is_start(**byte)).map(|(offset, _)| offset);
    starts.nth(at).unwrap_or(bytes.len())
}

/// The 256 strings of one character below U+0100, each made once for the process.
static SINGLE: [OnceLock<Shared>; 256] = [const { OnceLock::new() }; 256];

/// One of them.
#[inline]
fn latin(byte: u8) -> Value {
    let made = || Shared::literal(char::from(byte).encode_utf8(&mut [0; 4]));
    SINGLE[usize::from(byte)].get_or_init(made).get()
}

/// Addresses of the strings of one ASCII character, which are never freed.
static ASCII: LazyLock<Vec<usize>> =
    LazyLock::new(|| (0..128).map(|byte| latin(byte).address().unwrap_or_default()).collect());

/// Address of the table that leads from an ASCII character to its string.
pub fn ascii_strings() -> usize {
    ASCII.as_ptr() as usize
}

/// The string made once, if the text is one of those.
#[inline(never)]
fn single(text: &str) -> Option<Value> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => u8::try_from(c).ok().map(latin),
        _ => None,
    }
}

static LITERALS: LazyLock<Mutex<HashSet<Literal>>> = LazyLock::new(Mutex::default);

/// An interned string, found by its text.
struct Literal(Shared);

impl std::borrow::Borrow<str> for Literal {
    fn borrow(&self) -> &str {
        self.0.value().as_str().unwrap_or_default()
    }
}
impl PartialEq for Literal {
    fn eq(&self, other: &Literal) -> bool {
        self.0.value().as_str() == other.0.value().as_str()
    }
}
impl Eq for Literal {}
impl std::hash::Hash for Literal {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.value().as_str().unwrap_or_default().hash(state);
    }
}

impl Shared {
    /// The one immortal string with this text: for literals, names of fields and functions, never for
    /// data. Such strings are equal if their pointers are.
    pub fn literal(text: &str) -> Shared {
        let mut literals = LITERALS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = literals.get(text) {
            return found.0.clone();
        }
        let string = Str::with_room(text, text.len()).expect("as large as a literal in a source that was read");
        key::hash_str(&string);
        string.hdr().make_immortal();
        let shared = Shared::immortal(Value::Str(string));
        literals.insert(Literal(shared.clone()));
        shared
    }
}

impl Value {
    /// A string. For text whose size nobody has checked use [`Value::try_str`]: over the memory limit
    /// this one succeeds and raises the poll flag.
    #[inline]
    pub fn str(text: &str) -> Value {
        Value::try_str(text).unwrap_or_else(|_| Value::Str(Str::unlimited(text)))
    }

    /// A string, within the memory limit.
    #[inline]
    pub fn try_str(text: &str) -> Result<Value, OutOfMemory> {
        if text.len() <= 2
            && let Some(single) = single(text)
        {
            return Ok(single);
        }
        Ok(Value::Str(Str::of(text)?))
    }

    /// The string of one character, as [`Value::char`].
    pub fn try_char(c: char) -> Result<Value, OutOfMemory> {
        u8::try_from(c).map_or_else(|_| Value::try_str(c.encode_utf8(&mut [0; 4])), |byte| Ok(latin(byte)))
    }

    /// The string of these texts one after another, which have `length` bytes together.
    #[inline]
    pub fn concat(length: usize, texts: &[&str]) -> Result<Value, OutOfMemory> {
        if length <= 2 { Value::try_str(&texts.concat()) } else { Ok(Value::Str(Str::concat_all(length, texts)?)) }
    }

    /// A string of one character.
    #[inline]
    pub fn char(c: char) -> Value {
        match u8::try_from(c) {
            Ok(byte) => latin(byte),
            Err(_) => Value::str(c.encode_utf8(&mut [0; 4])),
        }
    }

    /// The interned string of a literal or name in a source; process-wide and never freed.
    pub fn literal(text: &str) -> Value {
        Shared::literal(text).get()
    }

    /// That string, if some source has the text. As a key it is found by its address.
    pub fn existing_literal(text: &str) -> Option<Value> {
        let literals = LITERALS.lock().unwrap_or_else(PoisonError::into_inner);
        literals.get(text).map(|found| found.0.get())
    }

    /// Appends to a string in place if nobody else holds it, else to a copy. False if it is no string.
    #[inline]
    pub fn push_str(&mut self, text: &str) -> Result<bool, OutOfMemory> {
        let Value::Str(string) = self else { return Ok(false) };
        Str::append(string, text)?;
        Ok(true)
    }
}

impl Str {
    /// Both texts in one.
    pub fn concat(a: &str, b: &str) -> Result<StrRef, OutOfMemory> {
        Str::concat_all(a.len().saturating_add(b.len()), &[a, b])
    }

    /// `text` over and over.
    pub fn repeat(text: &str, times: usize) -> Result<StrRef, OutOfMemory> {
        let bytes = crate::limits::reserve_array(text.len(), times)?;
        let mut repeated = Str::with_room("", bytes)?;
        for _ in 0..if text.is_empty() { 0 } else { times } {
            Str::append(&mut repeated, text)?;
        }
        Ok(repeated)
    }

    /// Appends in place if nobody else holds the string, else to a copy; the pointer may change.
    #[inline]
    pub fn push_str(this: &mut StrRef, text: &str) -> Result<(), OutOfMemory> {
        Str::append(this, text)
    }

    /// Number of characters.
    #[inline]
    pub fn char_len(&self) -> usize {
        if self.is_ascii() {
            return self.len();
        }
        match self.index_table(IndexTable::new) {
            Some(table) => table.chars,
            None => count(self.as_bytes()),
        }
    }

    /// Byte offset of character number `at`; the end if there are not so many.
    #[inline]
    pub fn byte_offset(&self, at: usize) -> usize {
        if self.is_ascii() {
            return at.min(self.len());
        }
        match self.index_table(IndexTable::new) {
            Some(table) => table.offset(self.as_str(), at),
            None => walk(self.as_bytes(), at),
        }
    }

    /// Number of the character that begins at a byte offset.
    pub fn char_position(&self, byte: usize) -> usize {
        let byte = byte.min(self.len());
        if self.is_ascii() {
            return byte;
        }
        match self.index_table(IndexTable::new) {
            Some(table) => table.position(self.as_str(), byte),
            None => count(&self.as_bytes()[..byte]),
        }
    }

    /// Character number `at`, as a string.
    #[inline]
    pub fn char_at(&self, at: usize) -> Option<Value> {
        if self.is_ascii() {
            return self.as_bytes().get(at).map(|byte| latin(*byte));
        }
        let from = self.byte_offset(at);
        self.as_str().get(from..)?.chars().next().map(Value::char)
    }

    /// The characters from number `from` up to before number `to`; clamped.
    #[inline]
    pub fn slice(&self, from: usize, to: usize) -> Result<Value, OutOfMemory> {
        let (from, to) = (self.byte_offset(from), self.byte_offset(to));
        Value::try_str(self.as_str().get(from..to).unwrap_or_default())
    }
}

impl std::fmt::Debug for Str {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl PartialEq for Str {
    #[inline]
    fn eq(&self, other: &Str) -> bool {
        self.has_text_of(other)
    }
}
impl Eq for Str {}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> StrRef {
        let Value::Str(string) = Value::str(text) else { panic!("a string") };
        string
    }

    #[test]
    fn mixed_text_is_indexed_by_character() {
        let text: String = (0..5000).map(|i| if i % 3 == 0 { 'ä' } else { char::from(b'a' + (i % 26) as u8) }).collect();
        let s = string(&text);
        assert_eq!(s.char_len(), 5000);
        for (at, c) in text.chars().enumerate().step_by(37) {
            assert_eq!(s.char_at(at).unwrap().as_str(), Some(c.to_string().as_str()));
            assert_eq!(s.char_position(s.byte_offset(at)), at);
        }
        assert!(s.char_at(5000).is_none());
        assert_eq!(s.slice(4998, 9000).unwrap().as_str().unwrap().chars().count(), 2);
    }

    #[test]
    fn short_text_needs_no_table() {
        let s = string("aé€😀z");
        assert_eq!((s.char_len(), s.len()), (5, 11));
        assert_eq!(s.char_at(3).unwrap().as_str(), Some("😀"));
        assert_eq!(s.slice(1, 3).unwrap().as_str(), Some("é€"));
    }

    #[test]
    fn appending_in_place_keeps_the_pointer_while_there_is_room() {
        let mut s = Str::with_room("", 100).unwrap();
        let before = s.address();
        for _ in 0..20 {
            Str::push_str(&mut s, "abcde").unwrap();
        }
        assert_eq!((s.address(), s.len()), (before, 100));
        for _ in 0..100_000 {
            Str::push_str(&mut s, "x").unwrap();
        }
        assert_eq!(s.len(), 100_100);
    }

    #[test]
    fn a_second_holder_keeps_the_old_text() {
        let mut s = string("abc");
        let old = s.clone();
        Str::push_str(&mut s, "def").unwrap();
        assert_eq!((old.as_str(), s.as_str()), ("abc", "abcdef"));
    }

    #[test]
    fn appending_keeps_the_table_true() {
        let mut s = string(&"é".repeat(100));
        assert_eq!(s.char_len(), 100);
        for i in 0..500 {
            Str::push_str(&mut s, if i % 2 == 0 { "€" } else { "b" }).unwrap();
            assert_eq!(s.char_len(), 101 + i);
        }
        assert_eq!(s.char_at(599).unwrap().as_str(), Some("b"));
    }

    #[test]
    fn ascii_becomes_utf8_by_appending() {
        let mut s = string("plain");
        assert!(s.is_ascii());
        Str::push_str(&mut s, "ü").unwrap();
        assert!(!s.is_ascii());
        assert_eq!(s.char_len(), 6);
    }

    #[test]
    fn hash_follows_the_text() {
        let mut s = string("some text");
        let before = key::hash_str(&s);
        Str::push_str(&mut s, "!").unwrap();
        assert_ne!(key::hash_str(&s), before);
        assert_eq!(key::hash_str(&s), key::hash_str(&string("some text!")));
    }

    #[test]
    fn literals_and_single_characters_are_interned() {
        assert_eq!(Value::literal("interned").address(), Value::literal("interned").address());
        assert_eq!(Value::str("x").address(), Value::char('x').address());
        assert_eq!(Value::str("é").address(), Value::char('é').address());
        let mut x = Value::str("x");
        x.push_str("y").unwrap();
        assert_eq!((x.as_str(), Value::str("x").as_str()), (Some("xy"), Some("x")));
    }

    #[test]
    fn repeat_checks_its_size_first() {
        assert!(Str::repeat("ab", usize::MAX / 2).is_err());
        assert_eq!(Str::repeat("ab", 3).unwrap().as_str(), "ababab");
        assert_eq!(Str::repeat("", usize::MAX).unwrap().as_str(), "");
    }
}
