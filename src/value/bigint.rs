//! Integers beyond 64 bits. A `Value::BigInt` never holds one that would fit in 64.
//!
//! Forms of one number: the arithmetic library's, made when somebody asks for it, and words of our own: those of a sum, which the
//! next addition changes in place, or the few of a short one. At least one of them is there, and if both are they say the same.

use std::cell::Cell;
use std::sync::OnceLock;

pub use dashu_int::{IBig, Word};
use dashu_int::{Sign, UBig};

use super::Value;
use super::heap::{Hdr, Ref, words};
use super::layout::shape;
use crate::limits;

/// A big integer.
#[repr(C)]
pub struct Big {
    hdr: Hdr,
    whole: OnceLock<IBig>,
    own: Own,
    /// Bytes charged to the memory account.
    charged: usize,
}

/// What there is besides the library's form.
enum Own {
    Nothing,
    Sum(Sum),
    Short(Short),
}

/// A number of at most 128 bits: sign and words of the magnitude as in a sum, without a buffer.
struct Short {
    negative: bool,
    len: u8,
    words: [Word; SHORT_WORDS],
}

const SHORT_WORDS: usize = (u128::BITS / Word::BITS) as usize;

impl Short {
    #[inline]
    fn of(value: i128) -> Short {
        let magnitude = value.unsigned_abs();
        let words = std::array::from_fn(|at| (magnitude >> (at as u32 * Word::BITS)) as Word);
        let len = (u128::BITS - magnitude.leading_zeros()).div_ceil(Word::BITS) as u8;
        Short { negative: value < 0, len, words }
    }

    fn words(&self) -> &[Word] {
        &self.words[..usize::from(self.len)]
    }
}

/// Sign and words of the magnitude, lowest first; the last one is not zero.
struct Sum {
    negative: bool,
    buffer: Vec<Word>,
    /// Where the words begin in the buffer: at a border of the cache's lines, if it was made for a sum.
    from: u8,
}

impl Sum {
    fn words(&self) -> &[Word] {
        &self.buffer[usize::from(self.from)..]
    }
}

impl Big {
    /// The integer.
    #[inline]
    pub fn get(&self) -> &IBig {
        self.whole.get_or_init(|| {
            let (negative, words) = self.own_words().unwrap_or_default();
            IBig::from_parts(Sign::from(negative), UBig::from_words(words))
        })
    }

    /// Whether it is negative, and the words of its magnitude, lowest first.
    #[inline]
    pub fn words(&self) -> (bool, &[Word]) {
        self.own_words().unwrap_or_else(|| {
            let (sign, words) = self.get().as_sign_words();
            (sign == Sign::Negative, words)
        })
    }

    /// The lowest 64 bits, of a negative one as if it were infinitely long (two's complement).
    pub fn low_word(&self) -> u64 {
        let (negative, words) = self.words();
        let per_word = (u64::BITS / Word::BITS) as usize;
        let low = words.iter().take(per_word).rev().fold(0, |low: u128, &word| low << Word::BITS | u128::from(word)) as u64;
        if negative { low.wrapping_neg() } else { low }
    }

    #[inline]
    fn own_words(&self) -> Option<(bool, &[Word])> {
        match &self.own {
            Own::Nothing => None,
            Own::Sum(sum) => Some((sum.negative, sum.words())),
            Own::Short(short) => Some((short.negative, short.words())),
        }
    }

    /// The integer, moved out if nobody else holds it, else a copy.
    pub fn into_inner(mut this: Ref<Big>) -> IBig {
        match this.get_mut().and_then(|big| big.whole.take()) {
            Some(whole) => {
                if let Some(big) = this.get_mut() {
                    limits::release(std::mem::take(&mut big.charged));
                }
                whole
            }
            None => this.get().clone(),
        }
    }

    /// Adds to the magnitude in place. False, and nothing happens, if others hold the number.
    pub fn add_magnitude(this: &mut Ref<Big>, words: &[Word]) -> bool {
        let Some(big) = this.get_mut() else { return false };
        let mut sum = match std::mem::replace(&mut big.own, Own::Nothing) {
            Own::Sum(sum) => sum,
            Own::Short(short) => Sum { negative: short.negative, buffer: short.words().to_vec(), from: 0 },
            Own::Nothing => {
                let (sign, words) = big.get().as_sign_words();
                Sum { negative: sign == Sign::Negative, buffer: words.to_vec(), from: 0 }
            }
        };
        big.whole.take();
        add_words(&mut sum, words);
        let size = std::mem::size_of_val(sum.words());
        if size > big.charged {
            limits::account(size - big.charged);
            big.charged = size;
        }
        big.own = Own::Sum(sum);
        true
    }
}

/// Buffers up to this many words are kept for the next sum.
const SPARE_WORDS: usize = 64 << 10;

thread_local! {
    /// The buffer of a sum that was dropped: adding in turns frees one for every one it makes.
    static SPARE: Cell<Vec<Word>> = const { Cell::new(Vec::new()) };
}

/// Bytes of a line of the cache.
const LINE: usize = 64;

/// A buffer of any content and length, and the position from which on it has room for `words` words.
fn take_spare(words: usize) -> (Vec<Word>, u8) {
    let line = LINE / size_of::<Word>();
    let total = words + line;
    let spare = if total <= SPARE_WORDS { SPARE.try_with(Cell::take).unwrap_or_default() } else { Vec::new() };
    let buffer = if spare.capacity() >= total { spare } else { Vec::with_capacity(total + words / 8) };
    let from = buffer.as_ptr().align_offset(LINE);
    (buffer, if from < line { from as u8 } else { 0 })
}

fn keep_spare(words: Vec<Word>) {
    if words.capacity() <= SPARE_WORDS {
        let _ = SPARE.try_with(|spare| spare.set(words));
    }
}

/// `sum += words`.
fn add_words(sum: &mut Sum, words: &[Word]) {
    if sum.words().len() < words.len() {
        sum.buffer.resize(usize::from(sum.from) + words.len(), 0);
    }
    let (low, high) = sum.buffer[usize::from(sum.from)..].split_at_mut(words.len());
    if words::add_to(low, words) && words::add_one(high) {
        sum.buffer.push(1);
    }
}

/// Bytes of an integer's digits, as charged to the memory account.
fn size(value: &IBig) -> usize {
    use dashu_int::ops::BitTest;
    value.bit_len() / 8
}

impl Drop for Big {
    fn drop(&mut self) {
        if self.charged > 0 {
            limits::release(self.charged);
        }
        if let Own::Sum(sum) = std::mem::replace(&mut self.own, Own::Nothing) {
            keep_spare(sum.buffer);
        }
    }
}

impl Value {
    /// An integer of any size: `Int` if it fits in 64 bits, else `BigInt`.
    #[inline]
    pub fn int_from(value: IBig) -> Value {
        match i64::try_from(&value) {
            Ok(small) => Value::Int(small),
            Err(_) => {
                let charged = size(&value);
                limits::account(charged);
                Value::big(OnceLock::from(value), Own::Nothing, charged)
            }
        }
    }

    /// The sum of two magnitudes of one sign; the first is the longer one and has at least two words.
    pub fn magnitude_sum(negative: bool, long: &[Word], short: &[Word]) -> Value {
        let (mut buffer, from) = take_spare(long.len() + 1);
        buffer.resize(usize::from(from) + long.len(), 0);
        let (low, high) = buffer[usize::from(from)..].split_at_mut(short.len());
        high.copy_from_slice(&long[short.len()..]);
        if words::add(low, &long[..short.len()], short) && words::add_one(high) {
            buffer.push(1);
        }
        let charged = (buffer.len() - usize::from(from)) * size_of::<Word>();
        limits::account(charged);
        Value::big(OnceLock::new(), Own::Sum(Sum { negative, buffer, from }), charged)
    }

    #[inline]
    fn big(whole: OnceLock<IBig>, own: Own, charged: usize) -> Value {
        Value::BigInt(Ref::made(|| Big { hdr: Hdr::new(shape::BIGINT), whole, own, charged }))
    }

    /// The integer, if it is one of any size.
    pub fn to_ibig(&self) -> Option<IBig> {
        match self {
            Value::Int(i) => Some(IBig::from(*i)),
            Value::BigInt(big) => Some(big.get().clone()),
            _ => None,
        }
    }

    /// Whether it is an integer of any size.
    #[inline]
    pub fn is_int(&self) -> bool {
        matches!(self, Value::Int(_) | Value::BigInt(_))
    }

    /// An integer of 128 bits, for sums and products of two small ones.
    #[inline]
    pub fn int_from_i128(value: i128) -> Value {
        match i64::try_from(value) {
            Ok(small) => Value::Int(small),
            Err(_) => Value::big(OnceLock::new(), Own::Short(Short::of(value)), 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_normalise() {
        let big = Value::int_from(IBig::from(i64::MAX) + IBig::from(1));
        assert!(matches!(big, Value::BigInt(_)));
        let back = Value::int_from(big.to_ibig().unwrap() - IBig::from(1));
        assert_eq!(back.as_int(), Some(i64::MAX));
        assert_eq!(Value::int_from(IBig::from(i64::MIN)).as_int(), Some(i64::MIN));
    }

    #[test]
    fn short_ones_have_the_words_of_the_library() {
        for value in [i128::MIN, i128::MAX, -(1 << 64), (1 << 64) - 1, 1 << 63, -(1 << 63) - 1, 0xF000_0000_0000_0001 << 32]
        {
            let expected = IBig::from(value);
            let Value::BigInt(mut big) = Value::int_from_i128(value) else { panic!("{value} is a big integer") };
            let (sign, words) = expected.as_sign_words();
            assert_eq!(big.words(), (sign == Sign::Negative, words));
            assert_eq!(big.low_word(), value as u64);
            let more = IBig::from_parts(sign, UBig::from_words(&[Word::MAX]));
            assert!(Big::add_magnitude(&mut big, &[Word::MAX]));
            assert_eq!(*big.get(), &expected + more);
            assert_eq!(Value::int_from_i128(value).to_ibig(), Some(expected));
        }
    }

    #[test]
    fn sums_in_place_and_apart_agree_with_the_library() {
        let number = |words: usize, seed: u64| -> IBig {
            let words: Vec<Word> = (1..=words as u64).map(|i| i.wrapping_mul(seed) as Word | 1).collect();
            IBig::from(UBig::from_words(&words))
        };
        for a_words in [2, 3, 15, 16, 17, 40] {
            for b_words in [1, 2, 16, 33, 64] {
                let (a, b) = (number(a_words, u64::MAX), number(b_words, 0xF000_0000_0000_0001));
                let expected = &a + &b;
                let (a_words, b_words) = (a.as_sign_words().1, b.as_sign_words().1);
                let longer_first = if a_words.len() >= b_words.len() { (a_words, b_words) } else { (b_words, a_words) };
                let apart = Value::magnitude_sum(false, longer_first.0, longer_first.1);
                assert_eq!(apart.to_ibig(), Some(expected.clone()));
                let Value::BigInt(mut big) = Value::int_from(a) else { panic!("a big integer") };
                assert!(Big::add_magnitude(&mut big, b_words));
                assert_eq!(*big.get(), expected);
                let held = big.clone();
                assert!(!Big::add_magnitude(&mut big, b_words), "others hold it");
                assert_eq!(Big::into_inner(held), expected);
            }
        }
    }

    #[test]
    fn a_carry_runs_through_all_words() {
        let ones = vec![Word::MAX; 40];
        let sum = Value::magnitude_sum(true, &ones, &[1]);
        assert_eq!(sum.to_ibig(), Some(-(IBig::from(1) << (40 * Word::BITS as usize))));
    }
}
