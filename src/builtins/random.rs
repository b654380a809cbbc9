//! Random numbers: one documented generator per isolate, the same sequence for a seed on every machine and version.
//!
//! The generator is xoshiro256++ (Blackman and Vigna), its four words filled from the seed by SplitMix64:
//!
//! ```text
//! next():  result = rotl(s0 + s3, 23) + s0;  t = s1 << 17;
//!          s2 ^= s0; s3 ^= s1; s1 ^= s2; s0 ^= s3; s2 ^= t; s3 = rotl(s3, 45)
//! seed(x): x += 0x9E3779B97F4A7C15; z = x; z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
//!          z = (z ^ z >> 27) * 0x94D049BB133111EB; word = z ^ z >> 31          (four times)
//! ```
//!
//! A float in `0 .. 1` is the upper 53 bits over 2^53. An int below `n` is the upper half of the 128-bit product of `n`
//! and a word, drawn again while the lower half is below `2^64 mod n` (Lemire). `shuffle` is Fisher-Yates from the end.
use super::Engine;
use super::arg::{ArraySlot, Float, Integer, Iterable, Size, new_array};
use super::table::{Outcome, builtins};
use crate::semantics::fault::{Raise, faults};
use crate::value::Value;

builtins! {
    /// Random numbers.
    pub(super) ROWS:

    /// A float from 0 to below 1.
    ///
    /// ```ruff
    /// set_random_seed(1)
    /// x := random()
    /// assert(0 <= x && x < 1)
    /// ```
    [io(Random)] random() -> float = native random;

    /// An int from `lo` to `hi`, both included.
    ///
    /// ```ruff
    /// n := random_int(1, 6)
    /// assert(1 <= n && n <= 6)
    /// ```
    [io(Random), may_fault] random_int(lo: i64, hi: i64) -> int = native random_int;

    /// A float from `lo` to below `hi`.
    ///
    /// ```ruff
    /// x := random_float(2, 3)
    /// assert(2 <= x && x <= 3)
    /// ```
    [io(Random), may_fault] random_float(lo: Float, hi: Float) -> float = native random_float;

    /// One of the items; null if there are none.
    ///
    /// ```ruff
    /// assert([1, 2, 3].contains(random_choice([1, 2, 3])))
    /// ```
    [io(Random), may_call] random_choice(items: Iterable) -> any = native random_choice;

    /// `k` different places of the items, in random order.
    ///
    /// ```ruff
    /// assert_equal(random_sample([1, 2, 3], 3).sort(), [1, 2, 3])
    /// ```
    [io(Random), may_call] random_sample(items: Iterable, k: Size) -> array = native random_sample;

    /// The items in random order.
    ///
    /// ```ruff
    /// assert_equal(shuffle([3, 1, 2]).sort(), [1, 2, 3])
    /// ```
    [io(Random)] shuffle(items: ArraySlot) -> array = place shuffle;

    /// A text of `n` letters and digits.
    ///
    /// ```ruff
    /// assert_equal(len(random_id(8)), 8)
    /// ```
    [io(Random), may_fault] random_id(n: Size) -> string = native random_id;

    /// A random UUID (version 4).
    ///
    /// ```ruff
    /// assert_equal(len(uuid_v4()), 36)
    /// ```
    [io(Random)] uuid_v4() -> string = native uuid_v4;

    /// A UUID that begins with the time in milliseconds (version 7): later ones compare greater.
    ///
    /// ```ruff
    /// assert_equal(uuid_v7()[14], "7")
    /// ```
    [io(Random)] uuid_v7() -> string = native uuid_v7;

    /// Begins the sequence that belongs to a seed.
    ///
    /// ```ruff
    /// set_random_seed(42)
    /// a := random_int(1, 1000000)
    /// set_random_seed(42)
    /// assert_equal(random_int(1, 1000000), a)
    /// ```
    [io(Random)] set_random_seed(seed: Integer) -> null = native set_random_seed;

    /// Goes on with a sequence that nobody can repeat.
    ///
    /// ```ruff
    /// clear_random_seed()
    /// ```
    [io(Random)] clear_random_seed() -> null = native clear_random_seed;
}

type Fallible<T = Value> = Result<T, Raise>;

/// The four words for a seed.
fn seeded(seed: u64) -> [u64; 4] {
    let mut x = seed;
    [(); 4].map(|()| {
        x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    })
}

/// One step of xoshiro256++.
fn step(s: &mut [u64; 4]) -> u64 {
    let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
    let t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s[3].rotate_left(45);
    result
}

/// The next word of the isolate's sequence.
fn next(engine: &mut dyn Engine) -> u64 {
    if engine.isolate().random.is_none() {
        let seed = engine.host().random_seed();
        engine.isolate().random = Some(seeded(seed));
    }
    engine.isolate().random.as_mut().map_or(0, step)
}

/// An even choice among `0 .. n`; `n` is not 0.
fn below(engine: &mut dyn Engine, n: u64) -> u64 {
    let threshold = n.wrapping_neg() % n;
    loop {
        let product = u128::from(next(engine)) * u128::from(n);
        if product as u64 >= threshold {
            return (product >> 64) as u64;
        }
    }
}

fn random(engine: &mut dyn Engine) -> Fallible<f64> {
    Ok((next(engine) >> 11) as f64 / (1u64 << 53) as f64)
}

fn random_int(engine: &mut dyn Engine, lo: i64, hi: i64) -> Fallible<i64> {
    if lo > hi {
        return Err(faults::value_error("random_int", format_args!("lo must not be greater than hi, got {lo} and {hi}")));
    }
    let span = (hi as u64).wrapping_sub(lo as u64);
    let offset = if span == u64::MAX { next(engine) } else { below(engine, span + 1) };
    Ok(lo.wrapping_add(offset as i64))
}

fn random_float(engine: &mut dyn Engine, lo: Float, hi: Float) -> Fallible<f64> {
    if lo.0 > hi.0 || !(hi.0 - lo.0).is_finite() {
        return Err(faults::value_error("random_float", "lo and hi must be finite, lo not greater than hi"));
    }
    Ok(lo.0 + (hi.0 - lo.0) * random(engine)?)
}

fn random_choice(engine: &mut dyn Engine, items: Iterable) -> Fallible {
    let mut items = super::iter::items_of(engine, "random_choice", "items", items.0)?;
    if items.is_empty() {
        return Ok(Value::Null);
    }
    let index = below(engine, items.len() as u64) as usize;
    Ok(items.swap_remove(index))
}

fn random_sample(engine: &mut dyn Engine, items: Iterable, k: Size) -> Fallible {
    let mut items = super::iter::items_of(engine, "random_sample", "items", items.0)?;
    if k.0 > items.len() {
        let expected = format!("at most the number of items ({})", items.len());
        return Err(faults::argument_value("random_sample", "k", expected, k.0));
    }
    for i in 0..k.0 {
        let other = i + below(engine, (items.len() - i) as u64) as usize;
        items.swap(i, other);
    }
    items.truncate(k.0);
    new_array(items)
}

fn shuffle(engine: &mut dyn Engine, mut items: ArraySlot) -> Fallible<Outcome> {
    super::arg::reserve_items("shuffle", items.object().len())?;
    let order: Vec<usize> = (1..items.object().len()).rev().map(|i| below(engine, i as u64 + 1) as usize).collect();
    super::array::reorder(&mut items, |array| {
        for (i, other) in (1..array.len()).rev().zip(order) {
            array.swap(i, other);
        }
    })?;
    Ok(Outcome::Changed)
}

fn random_id(engine: &mut dyn Engine, n: Size) -> Fallible<String> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    super::arg::reserve_text("random_id", Some(n.0))?;
    Ok((0..n.0).map(|_| char::from(LETTERS[below(engine, LETTERS.len() as u64) as usize])).collect())
}

/// The text of a UUID of 128 bits with version and variant put in.
fn uuid(bits: u128, version: u128) -> String {
    let bits = bits & !(0xf << 76) | version << 76;
    let bits = bits & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

fn random_bits(engine: &mut dyn Engine) -> u128 {
    u128::from(next(engine)) << 64 | u128::from(next(engine))
}

fn uuid_v4(engine: &mut dyn Engine) -> Fallible<String> {
    Ok(uuid(random_bits(engine), 4))
}

fn uuid_v7(engine: &mut dyn Engine) -> Fallible<String> {
    let milliseconds = (engine.host().clock.unix_nanos() / 1_000_000).max(0) as u128;
    Ok(uuid(milliseconds << 80 | random_bits(engine) >> 48, 7))
}

fn set_random_seed(engine: &mut dyn Engine, seed: Integer) -> Fallible<()> {
    let seed = match seed {
        Integer::Small(seed) => seed as u64,
        Integer::Big(seed) => seed.as_sign_words().1.iter().fold(0, |mixed: u64, word| mixed.rotate_left(1) ^ *word),
    };
    engine.isolate().random = Some(seeded(seed));
    Ok(())
}

fn clear_random_seed(engine: &mut dyn Engine) -> Fallible<()> {
    engine.isolate().random = None;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_of_a_seed_is_fixed() {
        let mut state = [1, 2, 3, 4];
        let words: Vec<u64> = (0..3).map(|_| step(&mut state)).collect();
        assert_eq!(words, [41943041, 58720359, 3588806011781223]);
    }
}
