//! Key equality and hashing (LANGUAGE §3, Keys): structural, `op_eq` ignored, NaN equals NaN, -0.0 equals
//! 0.0, int and float by exact numeric value.
//!
//! Two hashes agree with it: the one inside dicts is randomised per process, [`stable_hash`] is the same
//! everywhere and for ever. Both, and the comparison, walk nested data with a list instead of recursion.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use dashu_int::IBig;

use super::layout::{Borrowed, View};
use super::shapes::{Contents, Layout};
use super::{Array, Dict, Inst, Str, Value};

/// A value that cannot be a key: `TypeError: a function cannot be a key`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotAKey(pub &'static str);

impl std::fmt::Display for NotAKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let article = if self.0.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        write!(f, "{article} {} cannot be a key", self.0)
    }
}

/// The seed of this process; 0 until somebody asks or pins it.
static SEED: AtomicU64 = AtomicU64::new(0);

/// The factor that [`hash_int`] folds with.
pub const FOLD: u64 = 0x9E37_79B9_7F4A_7C15;

/// An odd factor without short patterns, other than [`FOLD`].
const SPREAD: u64 = 0xD6E8_FEB8_6659_FD93;

/// The seed of the hash inside dicts. Does not change any more once asked for.
#[inline(always)]
pub fn seed() -> u64 {
    let seed = SEED.load(Relaxed);
    if seed != 0 { seed } else { choose_seed() }
}

#[cold]
fn choose_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    let random = std::collections::hash_map::RandomState::new().build_hasher().finish() | 1;
    SEED.compare_exchange(0, random, Relaxed, Relaxed).map_or_else(|chosen| chosen, |_| random)
}

/// Pins the seed, for tests that need the same run twice. False if a seed is in use already.
pub fn pin_seed(seed: u64) -> bool {
    SEED.compare_exchange(0, seed | 1, Relaxed, Relaxed).is_ok()
}

#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// The hash of a small integer.
#[inline(always)]
pub fn hash_int(key: i64) -> u32 {
    // One product keeps some of the order of keys in steps, most of all in steps near powers of two; two do not.
    let spread = ((key >> 2) as u64).wrapping_mul(SPREAD);
    let common = fold(spread ^ seed(), FOLD);
    of_neighbours(common ^ common >> 32, key as u32)
}

/// The low half of a hash for a key that is one of up to four neighbours, which have all but two bits in common: `common` is
/// the hash of what they have in common, the low bits of `own` are their own.
///
/// Neighbours are often entered and looked for one after another. In the index of a dict they lie in four neighbouring groups,
/// which are two lines of the cache, and in different ones. So four that are there crowd no group more than four strangers do,
/// and nobody can find more than four keys whose hashes have to do with each other.
#[inline(always)]
fn of_neighbours(common: u64, own: u32) -> u32 {
    const { assert!(super::layout::dict::GROUP == 8) }
    (common as u32 ^ (own & 3) << 3) & u32::MAX >> 2 | own << 30
}

/// The hash of bytes, never 0. Texts that differ in two bits of the last byte are neighbours, as `item12` and `item13`.
pub(super) fn hash_bytes(bytes: &[u8]) -> u64 {
    let (&last, rest) = bytes.split_last().unwrap_or((&0, bytes));
    let common = match pieces(rest) {
        Some([first, second]) => {
            let seed = seed();
            let both = fold(first ^ seed, second ^ seed.rotate_left(17));
            fold(both ^ (bytes.len() as u64) << 8 ^ u64::from(last >> 2), seed.rotate_left(41) ^ FOLD)
        }
        None => hash_of_many(rest, last >> 2),
    };
    (common & !u64::from(u32::MAX) | u64::from(of_neighbours(common, u32::from(last)))).max(1)
}

/// Up to sixteen bytes as two numbers that, with the length, say them all.
#[inline(always)]
fn pieces(bytes: &[u8]) -> Option<[u64; 2]> {
    #[inline(always)]
    fn ends<const N: usize>(bytes: &[u8]) -> Option<[[u8; N]; 2]> {
        Some([*bytes.first_chunk()?, *bytes.last_chunk()?])
    }
    if bytes.len() > 16 {
        return None;
    }
    if let Some(ends) = ends::<8>(bytes) {
        return Some(ends.map(u64::from_le_bytes));
    }
    if let Some(ends) = ends::<4>(bytes) {
        return Some(ends.map(|end| u32::from_le_bytes(end).into()));
    }
    Some(match *bytes {
        [a, .., c] => [u16::from_le_bytes([a, bytes[bytes.len() / 2]]).into(), c.into()],
        [a] => [a.into(), 0],
        [] => [0, 0],
    })
}

#[inline(never)]
fn hash_of_many(bytes: &[u8], last: u8) -> u64 {
    use std::hash::Hasher;
    let seed = seed();
    let state = ahash::RandomState::with_seeds(seed, seed.rotate_left(17), !seed, seed ^ FOLD);
    let mut hasher = std::hash::BuildHasher::build_hasher(&state);
    hasher.write(bytes);
    hasher.write_u8(last);
    hasher.finish()
}

/// The hash of a string, cached in it.
#[inline]
pub fn hash_str(string: &Str) -> u32 {
    let cached = string.cached_hash();
    if cached != 0 { cached as u32 } else { hash_str_slow(string) }
}

#[cold]
#[inline(never)]
fn hash_str_slow(string: &Str) -> u32 {
    let hash = hash_bytes(string.as_bytes());
    string.cache_hash(hash);
    hash as u32
}

/// The hash of text that is no string value (yet).
#[inline]
pub fn hash_text(text: &str) -> u32 {
    hash_bytes(text.as_bytes()) as u32
}

/// The hash of any key, as dicts use it.
#[inline]
pub fn hash(key: &Value) -> Result<u32, NotAKey> {
    match key {
        Value::Int(i) => Ok(hash_int(*i)),
        Value::Str(s) => Ok(hash_str(s)),
        _ => hash_other(key),
    }
}

/// Kept out of the way of numbers and texts.
#[inline(never)]
fn hash_other(key: &Value) -> Result<u32, NotAKey> {
    let known = if let Value::Array(items) = key { flat::<Randomised>(Parts::Array(items), ARRAY_SEED) } else { None };
    known.map_or_else(|| walk::<Randomised>(key), Ok).map(|hash| hash as u32)
}

/// The hash that `hash(x)` gives: the same in every process. Ints and floats of one value agree, NaN and
/// the zeros are normalised; text is FNV-1a over its UTF-8 bytes, all else SplitMix64 steps over the parts;
/// dicts and sets add up their entries, so order does not count.
pub fn stable_hash(key: &Value) -> Result<u64, NotAKey> {
    walk::<Stable>(key)
}

/// What differs between the two hashes.
trait Scheme {
    fn int(i: i64) -> u64;
    fn bytes(bytes: &[u8]) -> u64;
    fn string(string: &Str) -> u64;
    fn mix(a: u64, b: u64) -> u64;
    /// The hash of an entry's key if it need not be computed.
    fn known(hash: u32) -> Option<u64>;
}

struct Randomised;
impl Scheme for Randomised {
    fn int(i: i64) -> u64 {
        u64::from(hash_int(i))
    }
    fn bytes(bytes: &[u8]) -> u64 {
        hash_bytes(bytes)
    }
    fn string(string: &Str) -> u64 {
        u64::from(hash_str(string))
    }
    fn mix(a: u64, b: u64) -> u64 {
        fold(a ^ b.rotate_left(29) ^ seed(), FOLD).wrapping_add(b)
    }
    fn known(hash: u32) -> Option<u64> {
        Some(u64::from(hash))
    }
}

struct Stable;
impl Scheme for Stable {
    fn int(i: i64) -> u64 {
        Stable::mix(2, i as u64)
    }
    fn bytes(bytes: &[u8]) -> u64 {
        bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01B3))
    }
    fn string(string: &Str) -> u64 {
        Stable::bytes(string.as_bytes())
    }
    fn mix(a: u64, b: u64) -> u64 {
        let mut z = a.wrapping_mul(FOLD).wrapping_add(b).wrapping_add(FOLD);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    fn known(_: u32) -> Option<u64> {
        None
    }
}

fn float<S: Scheme>(x: f64) -> u64 {
    match whole(x) {
        Some(i) => S::int(i),
        None if x.is_nan() => S::mix(3, 0),
        None => S::mix(3, x.to_bits()),
    }
}

/// The 64-bit integer that a float is exactly.
#[inline]
pub fn whole(x: f64) -> Option<i64> {
    let i = x as i64;
    // 2^63 as i64 saturates to MAX, which as a float is 2^63 again.
    if i as f64 == x && i != i64::MAX { Some(i) } else { None }
}

fn big<S: Scheme>(value: &IBig) -> u64 {
    match exact_float(value) {
        Some(x) => float::<S>(x),
        None => S::mix(4, S::bytes(&value.to_le_bytes())),
    }
}

/// The float that a big integer is exactly.
pub fn exact_float(value: &IBig) -> Option<f64> {
    use dashu_int::ops::BitTest;
    if value.bit_len() > 1024 {
        return None;
    }
    let x = value.to_f64().value();
    if x.is_finite() && IBig::try_from(x).is_ok_and(|back| back == *value) { Some(x) } else { None }
}

/// Parts of an object in a fixed order.
#[derive(Clone, Copy)]
enum Parts<'a> {
    Array(&'a Array),
    Struct(&'a Inst),
    /// The items of an array from a position on.
    Items(&'a Array, usize),
    Payload(&'a [Value]),
}

/// Of an array of more than twice as many items only so many at each end count for its hash, so that a range of any
/// length is hashed at once.
const HASHED_AT_AN_END: usize = 4096;

impl<'a> Parts<'a> {
    /// What an instance counts for as a key.
    fn of(object: &'a Inst) -> Parts<'a> {
        match object.collection() {
            Some(found) if found.contents == Contents::Items => Parts::Items(found.items, found.from),
            _ => Parts::Struct(object),
        }
    }

    /// Whether the part at this position counts for the hash.
    fn counts(self, at: usize) -> bool {
        at < HASHED_AT_AN_END || at + HASHED_AT_AN_END >= self.len()
    }

    /// The part to look at after the one at `at`: all must be keys, but only values of any kind can fail to be.
    fn after(self, at: usize) -> usize {
        match self {
            Parts::Array(array) if !self.counts(at + 1) && array.as_val_slice().is_none() => array.len() - HASHED_AT_AN_END,
            _ => at + 1,
        }
    }

    fn len(self) -> usize {
        match self {
            Parts::Array(array) => array.len(),
            Parts::Struct(object) => object.len(),
            Parts::Items(array, from) => array.len() - from,
            Parts::Payload(values) => values.len(),
        }
    }

    fn get(self, at: usize) -> Option<Borrowed<'a>> {
        match self {
            Parts::Array(array) => array.borrow(at),
            Parts::Struct(object) => object.borrow(at),
            Parts::Items(array, from) => array.borrow(from + at),
            Parts::Payload(values) => values.get(at).map(Borrowed::of),
        }
    }
}

/// What the hash of an array begins with.
const ARRAY_SEED: u64 = 7;

/// Parts that are looked at one by one, without a list of what is still to be done, before anything else.
const FEW: usize = 64;

/// The hash of a few parts, if none of them has parts itself.
#[inline]
fn flat<S: Scheme>(parts: Parts<'_>, seed: u64) -> Option<u64> {
    if let Parts::Array(array) = parts
        && let Some(items) = array.as_i64_slice()
        && items.len() <= FEW
    {
        return Some(items.iter().fold(seed, |hash, item| S::mix(hash, S::int(*item))));
    }
    if parts.len() > FEW {
        return None;
    }
    let (mut hash, mut at) = (seed, 0);
    while let Some(part) = parts.get(at) {
        hash = S::mix(hash, scalar::<S>(&part)?);
        at += 1;
    }
    Some(hash)
}

enum Hashing<'a> {
    Parts { parts: Parts<'a>, at: usize, hash: u64 },
    Table { table: &'a Dict, at: usize, sum: u64, key: Option<u64>, values: bool },
}

fn walk<S: Scheme>(root: &Value) -> Result<u64, NotAKey> {
    let mut stack: Vec<Hashing<'_>> = Vec::new();
    let mut done = begin::<S>(&Borrowed::of(root), &mut stack)?;
    while let Some(frame) = stack.last_mut() {
        let next = match frame {
            Hashing::Parts { parts, at, hash } => {
                if let Some(part) = done.take() {
                    if parts.counts(*at) {
                        *hash = S::mix(*hash, part);
                    }
                    *at = parts.after(*at);
                }
                parts.get(*at)
            }
            Hashing::Table { table, at, sum, key, values } => {
                if let Some(part) = done.take() {
                    match (key.take(), *values) {
                        (None, true) => *key = Some(part),
                        (first, _) => {
                            *sum = sum.wrapping_add(S::mix(first.unwrap_or(5), part));
                            *at += 1;
                        }
                    }
                }
                let entries = table.entries();
                while entries.get(*at).is_some_and(super::Entry::is_removed) {
                    *at += 1;
                }
                match entries.get(*at) {
                    None => None,
                    Some(entry) if key.is_some() => Some(Borrowed::of(&entry.value)),
                    Some(entry) => match S::known(entry.hash()) {
                        Some(hash) => {
                            done = Some(hash);
                            continue;
                        }
                        None => Some(entry.key()),
                    },
                }
            }
        };
        match next {
            Some(part) => done = begin::<S>(&part, &mut stack)?,
            None => {
                done = match stack.pop() {
                    Some(Hashing::Parts { hash, .. }) => Some(hash),
                    Some(Hashing::Table { table, sum, .. }) => Some(S::mix(sum, table.len() as u64)),
                    None => None,
                }
            }
        }
    }
    Ok(done.unwrap_or_default())
}

/// The hash of what has no parts and may be a key.
#[inline]
fn scalar<S: Scheme>(value: &Borrowed<'_>) -> Option<u64> {
    Some(match value.get() {
        Value::Null => S::mix(1, 0),
        Value::Bool(b) => S::mix(1, 1 + *b as u64),
        Value::Int(i) => S::int(*i),
        Value::Float(x) => float::<S>(*x),
        Value::Unit { decl, variant } => enum_seed::<S>(decl.0, *variant),
        _ => match value.object() {
            View::Str(s) => S::string(s),
            View::BigInt(i) => big::<S>(i.get()),
            View::Bytes(b) => S::mix(6, S::bytes(b.as_slice())),
            _ => return None,
        },
    })
}

/// The hash of what has no parts that have parts, or a new frame.
fn begin<'a, S: Scheme>(value: &Borrowed<'a>, stack: &mut Vec<Hashing<'a>>) -> Result<Option<u64>, NotAKey> {
    if let Some(hash) = scalar::<S>(value) {
        return Ok(Some(hash));
    }
    let (parts, hash) = match value.object() {
        View::Array(array) if array.len() > 2 * HASHED_AT_AN_END => {
            (Parts::Array(array), S::mix(ARRAY_SEED, array.len() as u64))
        }
        View::Array(array) => (Parts::Array(array), ARRAY_SEED),
        View::Struct(object) => (Parts::of(object), S::mix(8, name_seed::<S>(object.decl_id().0))),
        View::Variant(object) => match object.info().layout {
            Layout::Variant { decl, variant, .. } => (Parts::Payload(object.payload()), enum_seed::<S>(decl.0, variant)),
            Layout::Struct { .. } => return Err(NotAKey(value.type_name())),
        },
        View::Dict(table) => {
            stack.push(Hashing::Table { table, at: 0, sum: 9, key: None, values: true });
            return Ok(None);
        }
        View::Set(table) => {
            stack.push(Hashing::Table { table, at: 0, sum: 10, key: None, values: false });
            return Ok(None);
        }
        _ => return Err(NotAKey(value.type_name())),
    };
    let known = flat::<S>(parts, hash);
    if known.is_none() {
        stack.push(Hashing::Parts { parts, at: 0, hash });
    }
    Ok(known)
}

/// Declarations are hashed by name, since their numbers depend on what was loaded before.
fn name_seed<S: Scheme>(decl: u32) -> u64 {
    S::bytes(super::shapes::decl(super::DeclId(decl)).name.as_str().as_bytes())
}

fn enum_seed<S: Scheme>(decl: u32, variant: u32) -> u64 {
    S::mix(name_seed::<S>(decl), u64::from(variant))
}

/// Whether two numbers are the same by exact value; `None` if they are not both numbers.
#[inline]
pub fn same_number(a: &Value, b: &Value) -> Option<bool> {
    Some(match (a, b) {
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Float(a), Value::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
        (Value::Int(i), Value::Float(x)) | (Value::Float(x), Value::Int(i)) => whole(*x) == Some(*i),
        (Value::BigInt(a), Value::BigInt(b)) => a.get() == b.get(),
        (Value::BigInt(i), Value::Float(x)) | (Value::Float(x), Value::BigInt(i)) => {
            exact_float(i.get()).is_some_and(|exact| exact == *x)
        }
        (Value::Int(_), Value::BigInt(_)) | (Value::BigInt(_), Value::Int(_)) => false,
        _ => return None,
    })
}

/// Key equality of two values.
#[inline]
pub fn same_key(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a == b,
        (Value::Str(a), Value::Str(b)) => a.ptr_eq(b) || **a == **b,
        _ => compare(a, b),
    }
}

enum Comparing<'a> {
    Parts {
        a: Parts<'a>,
        b: Parts<'a>,
        at: usize,
    },
    /// `at` is the entry of `a` being looked for; `candidate` the place in `b` being tried.
    Table {
        a: &'a Dict,
        b: &'a Dict,
        at: usize,
        candidate: usize,
        value: bool,
    },
}

fn compare(a: &Value, b: &Value) -> bool {
    let mut stack: Vec<Comparing<'_>> = Vec::new();
    let mut result = start(&Borrowed::of(a), &Borrowed::of(b), &mut stack);
    loop {
        let Some(frame) = stack.last_mut() else { return result.unwrap_or(true) };
        let (x, y) = match frame {
            Comparing::Parts { a, b, at } => {
                if let Some(same) = result.take() {
                    if !same {
                        stack.pop();
                        result = Some(false);
                        continue;
                    }
                    *at += 1;
                }
                match (a.get(*at), b.get(*at)) {
                    (Some(x), Some(y)) => (x, y),
                    _ => {
                        stack.pop();
                        result = Some(true);
                        continue;
                    }
                }
            }
            Comparing::Table { a, b, at, candidate, value } => {
                match (result.take(), *value) {
                    (None, _) => {}
                    (Some(true), false) => *value = true,
                    (Some(false), false) => *candidate += 1,
                    (Some(true), true) => {
                        (*at, *candidate, *value) = (*at + 1, 0, false);
                    }
                    (Some(false), true) => {
                        stack.pop();
                        result = Some(false);
                        continue;
                    }
                }
                while a.entries().get(*at).is_some_and(super::Entry::is_removed) {
                    *at += 1;
                }
                let Some(entry) = a.entries().get(*at) else {
                    stack.pop();
                    result = Some(true);
                    continue;
                };
                let Some(position) = b.candidate(entry.key().get(), entry.hash(), *candidate) else {
                    stack.pop();
                    result = Some(false);
                    continue;
                };
                let other = &b.entries()[position];
                if *value { (Borrowed::of(&entry.value), Borrowed::of(&other.value)) } else { (entry.key(), other.key()) }
            }
        };
        result = start(&x, &y, &mut stack);
    }
}

/// The answer for scalars and obvious cases, or a new frame.
fn start<'a>(a: &Borrowed<'a>, b: &Borrowed<'a>, stack: &mut Vec<Comparing<'a>>) -> Option<bool> {
    if let Some(same) = same_number(a, b) {
        return Some(same);
    }
    if a.tag() != b.tag() {
        return Some(false);
    }
    if let (Some(x), Some(y)) = (a.address(), b.address())
        && x == y
    {
        return Some(true);
    }
    let frame = match (a.object(), b.object()) {
        (View::Str(x), View::Str(y)) => return Some(x == y),
        (View::Bytes(x), View::Bytes(y)) => return Some(x.as_slice() == y.as_slice()),
        (View::Array(x), View::Array(y)) => {
            if let (Some(x), Some(y)) = (x.as_i64_slice(), y.as_i64_slice()) {
                return Some(x == y);
            }
            if let (Some((x, by, length)), Some((y, other_by, other_length))) = (x.as_range(), y.as_range()) {
                return Some(length == other_length && (length == 0 || (x == y && (length == 1 || by == other_by))));
            }
            Comparing::Parts { a: Parts::Array(x), b: Parts::Array(y), at: 0 }
        }
        (View::Struct(x), View::Struct(y)) => {
            if x.decl_id() != y.decl_id() {
                return Some(false);
            }
            Comparing::Parts { a: Parts::of(x), b: Parts::of(y), at: 0 }
        }
        (View::Variant(x), View::Variant(y)) => {
            if x.info().id != y.info().id {
                return Some(false);
            }
            Comparing::Parts { a: Parts::Payload(x.payload()), b: Parts::Payload(y.payload()), at: 0 }
        }
        (View::Dict(x), View::Dict(y)) | (View::Set(x), View::Set(y)) => {
            if x.len() != y.len() {
                return Some(false);
            }
            Comparing::Table { a: x, b: y, at: 0, candidate: 0, value: false }
        }
        _ => {
            return Some(match (a.get(), b.get()) {
                (Value::Null, Value::Null) => true,
                (Value::Bool(x), Value::Bool(y)) => x == y,
                (Value::Unit { decl: d, variant: v }, Value::Unit { decl: e, variant: w }) => (d, v) == (e, w),
                _ => false,
            });
        }
    };
    if let Comparing::Parts { a, b, .. } = &frame {
        if a.len() != b.len() {
            return Some(false);
        }
        if let Some(same) = same_parts(*a, *b) {
            return Some(same);
        }
    }
    stack.push(frame);
    None
}

/// Whether parts of one number are the same, if they are few, and numbers or texts as far as must be looked at.
fn same_parts(a: Parts<'_>, b: Parts<'_>) -> Option<bool> {
    if a.len() > FEW {
        return None;
    }
    for at in 0..a.len() {
        let (x, y) = (a.get(at)?, b.get(at)?);
        let same = match same_number(&x, &y) {
            Some(same) => same,
            None => match (x.object(), y.object()) {
                (View::Str(x), View::Str(y)) => x == y,
                _ => return None,
            },
        };
        if !same {
            return Some(false);
        }
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::super::dict;
    use super::*;

    fn same(a: &Value, b: &Value) -> bool {
        let equal = same_key(a, b);
        assert_eq!(equal, same_key(b, a), "symmetric");
        if equal {
            assert_eq!(hash(a), hash(b));
            assert_eq!(stable_hash(a), stable_hash(b));
        }
        equal
    }

    fn big(exponent: u32) -> Value {
        Value::int_from(IBig::from(10).pow(exponent as usize))
    }

    #[test]
    fn long_ranges_are_hashed_and_compared_at_once() {
        let range = |len| Value::range(3, 2, len).unwrap();
        assert!(same(&range(1 << 40), &range(1 << 40)));
        assert!(!same(&range(1 << 40), &range(1 << 41)));
        let array = |len: i64| (0..len).map(|i| Value::Int(3 + 2 * i)).collect::<Vec<_>>();
        for len in [8191, 8192, 8193, 20_000] {
            assert!(same(&range(len as usize), &Value::array(array(len))));
            let mut other = array(len);
            other[len as usize / 2] = Value::Null;
            assert!(!same(&range(len as usize), &Value::array(other)));
        }
    }

    #[test]
    fn numbers_by_exact_value() {
        assert!(same(&Value::Int(1), &Value::Float(1.0)));
        assert!(same(&Value::Float(-0.0), &Value::Float(0.0)));
        assert!(same(&Value::Float(-0.0), &Value::Int(0)));
        assert!(same(&Value::Float(f64::NAN), &Value::Float(-f64::NAN)));
        assert!(!same(&Value::Int(i64::MAX), &Value::Float(i64::MAX as f64)));
        assert!(same(&Value::Int(i64::MIN), &Value::Float(i64::MIN as f64)));
        assert!(!same(&Value::Int(1), &Value::str("1")));
        assert!(!same(&Value::Int(1), &Value::bool(true)));
    }

    #[test]
    fn big_integers_and_floats() {
        assert!(same(&big(22), &Value::Float(1e22)));
        assert!(!same(&big(23), &Value::Float(1e23)));
        assert!(same(&big(40), &big(40)));
        assert!(!same(&big(40), &big(41)));
        assert!(!same(&big(400), &Value::Float(f64::INFINITY)));
        let two63 = Value::int_from(IBig::from(1) << 63);
        assert!(same(&two63, &Value::Float(9223372036854775808.0)));
    }

    #[test]
    fn ranges_equal_arrays_and_kinds_do_not_count() {
        let range = Value::range(0, 1, 3).unwrap();
        let ints = Value::array(vec![Value::Int(0), Value::Int(1), Value::Int(2)]);
        let floats = Value::array(vec![Value::Float(0.0), Value::Float(1.0), Value::Float(2.0)]);
        assert!(same(&range, &ints) && same(&ints, &floats) && same(&range, &floats));
        assert!(!same(&range, &Value::range(0, 1, 4).unwrap()));
    }

    #[test]
    fn dicts_regardless_of_order() {
        let dict = |pairs: &[(i64, &str)]| {
            let mut table = dict::new();
            for (key, value) in pairs {
                dict::make_unique(&mut table).unwrap().insert(Value::Int(*key), Value::str(value)).unwrap();
            }
            Value::Dict(table)
        };
        assert!(same(&dict(&[(1, "aa"), (2, "bb")]), &dict(&[(2, "bb"), (1, "aa")])));
        assert!(!same(&dict(&[(1, "aa"), (2, "bb")]), &dict(&[(1, "bb"), (2, "aa")])));
        assert!(!same(&dict(&[(1, "aa")]), &dict(&[(2, "aa")])));
    }

    #[test]
    fn deep_keys_do_not_recurse() {
        let deep = || (0..300_000).fold(Value::Int(1), |inner, _| Value::array(vec![inner, Value::Null]));
        assert!(same(&deep(), &deep()));
        let mut table = dict::new();
        dict::make_unique(&mut table).unwrap().insert(deep(), Value::Int(5)).unwrap();
        assert_eq!(table.get(&deep()).unwrap().unwrap().as_int(), Some(5));
    }

    #[test]
    fn functions_are_no_keys_at_any_depth() {
        let f = Value::function(super::super::FnId(1));
        assert_eq!(hash(&f), Err(NotAKey("function")));
        assert_eq!(hash(&Value::array(vec![Value::Int(1), f])), Err(NotAKey("function")));
        assert_eq!(NotAKey("iterator").to_string(), "an iterator cannot be a key");
    }

    #[test]
    fn enum_values_compare_by_variant_and_payload() {
        assert!(same(&Value::some(Value::Int(1)), &Value::some(Value::Float(1.0))));
        assert!(!same(&Value::ok(Value::Int(1)), &Value::some(Value::Int(1))));
        assert!(same(&Value::none(), &Value::none()));
    }

    /// What of a hash chooses a group in an index of so many places.
    fn group(hash: u32, places: u32) -> usize {
        ((hash & (places - 1)) / crate::value::layout::dict::GROUP as u32) as usize
    }

    #[test]
    fn neighbours_lie_in_different_groups_of_two_lines() {
        let texts = |name: &str| (0..4).map(|n| hash_text(&format!("{name}{n}"))).collect::<Vec<_>>();
        let mut all: Vec<_> = (-3..3).map(|n| (0..4).map(|own| hash_int(4 * n + own)).collect()).collect();
        all.extend(["", "k", "key", "item1", "a longer name ", "a name that is longer than that of 16 "].map(texts));
        for four in all {
            let mut groups: Vec<_> = four.iter().map(|&hash| group(hash, 1 << 20)).collect();
            assert!(groups.iter().all(|group| group / 4 == groups[0] / 4), "{groups:?}");
            groups.sort_unstable();
            groups.dedup();
            assert_eq!(groups.len(), 4, "{groups:?}");
            // Above what chooses the place they differ, too.
            let mut tops: Vec<_> = four.iter().map(|hash| hash >> 29).collect();
            tops.sort_unstable();
            tops.dedup();
            assert_eq!(tops.len(), 4);
        }
    }

    #[test]
    fn texts_of_all_lengths_and_changes_hash_differently() {
        let mut seen = std::collections::HashMap::new();
        let text = "The quick brown fox jumps over the lazy dog";
        for length in 0..=text.len() {
            for changed in 0..=length {
                let mut bytes = text.as_bytes()[..length].to_vec();
                if let Some(byte) = bytes.get_mut(changed) {
                    *byte ^= 1;
                }
                if let Some(other) = seen.insert(hash_bytes(&bytes), bytes.clone()) {
                    assert_eq!(other, bytes);
                }
            }
        }
        // Of one byte and of two there are none alike.
        let short =
            (0..=u16::MAX).map(|pair| hash_bytes(&pair.to_le_bytes())).chain((0..=u8::MAX).map(|byte| hash_bytes(&[byte])));
        assert_eq!(short.collect::<std::collections::HashSet<_>>().len(), 65_536 + 256);
    }

    #[test]
    fn the_stable_hash_is_fixed() {
        assert_eq!(stable_hash(&Value::str("")), Ok(0xCBF2_9CE4_8422_2325));
        assert_eq!(stable_hash(&Value::str("a")), Ok(0xAF63_DC4C_8601_EC8C));
    }
}
