//! Integers beyond 64 bits. A `Value::BigInt` never holds one that would fit in 64.
//!
//! Two forms of one number: the arithmetic library's, made when somebody asks for it, and a sum's own words, which the
//! next addition changes in place. At least one of them is there, and if both are they say the same.

use std::cell::Cell;
use std::sync::OnceLock;

pub use dashu_int::{IBig, Word};
use dashu_int::{Sign, UBig};

use super::Value;
use super::heap::{Hdr, Ref};
use super::layout::shape;
use crate::limits;

/// A big integer.
#[repr(C)]
pub struct Big {
    hdr: Hdr,
    whole: OnceLock<IBig>,
    sum: Option<Sum>,
    /// Bytes charged to the memory account.
    charged: usize,
}

/// Sign and words of the magnitude, lowest first; the last one is not zero.
struct Sum {
    negative: bool,
    words: Vec<Word>,
}

impl Big {
    /// The integer.
    #[inline]
    pub fn get(&self) -> &IBig {
        self.whole.get_or_init(|| match &self.sum {
            Some(sum) => IBig::from_parts(Sign::from(sum.negative), UBig::from_words(&sum.words)),
            None => IBig::ZERO,
        })
    }

    /// Whether it is negative, and the words of its magnitude, lowest first.
    #[inline]
    pub fn words(&self) -> (bool, &[Word]) {
        match &self.sum {
            Some(sum) => (sum.negative, &sum.words),
            None => {
                let (sign, words) = self.get().as_sign_words();
                (sign == Sign::Negative, words)
            }
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
        let mut sum = match big.sum.take() {
            Some(sum) => sum,
            None => {
                let (sign, own) = big.get().as_sign_words();
                Sum { negative: sign == Sign::Negative, words: own.to_vec() }
            }
        };
        big.whole.take();
        add_words(&mut sum.words, words);
        let size = sum.words.len() * size_of::<Word>();
        if size > big.charged {
            limits::account(size - big.charged);
            big.charged = size;
        }
        big.sum = Some(sum);
        true
    }
}

/// Buffers up to this many words are kept for the next sum.
const SPARE_WORDS: usize = 64 << 10;

thread_local! {
    /// The buffer of a sum that was dropped: adding in turns frees one for every one it makes.
    static SPARE: Cell<Vec<Word>> = const { Cell::new(Vec::new()) };
}

/// A buffer with room for `words` words, of any content and length.
fn take_spare(words: usize) -> Vec<Word> {
    let spare = if words <= SPARE_WORDS { SPARE.try_with(Cell::take).unwrap_or_default() } else { Vec::new() };
    if spare.capacity() >= words { spare } else { Vec::with_capacity(words + words / 8) }
}

fn keep_spare(words: Vec<Word>) {
    if words.capacity() <= SPARE_WORDS {
        let _ = SPARE.try_with(|spare| spare.set(words));
    }
}

/// Words that are added without a look at the carry between them.
const BLOCK: usize = 16;

/// `out = a + b` for slices of one length; gives the carry.
///
/// The blocks of fixed length become chains of add-with-carry, as in [`add_words`]. Not inlined: there the compiler no
/// longer knows that the slices are apart, and the loop takes twice as long.
#[inline(never)]
fn add_into(out: &mut [Word], a: &[Word], b: &[Word]) -> bool {
    let mut carry = false;
    let (mut outs, mut xs, mut ys) = (out.chunks_exact_mut(BLOCK), a.chunks_exact(BLOCK), b.chunks_exact(BLOCK));
    for ((out, x), y) in (&mut outs).zip(&mut xs).zip(&mut ys) {
        if let (Ok(out), Ok(x), Ok(y)) = (
            <&mut [Word; BLOCK]>::try_from(out),
            <&[Word; BLOCK]>::try_from(x),
            <&[Word; BLOCK]>::try_from(y),
        ) {
            for at in 0..BLOCK {
                (out[at], carry) = add_word(x[at], y[at], carry);
            }
        }
    }
    for ((out, x), y) in outs.into_remainder().iter_mut().zip(xs.remainder()).zip(ys.remainder()) {
        (*out, carry) = add_word(*x, *y, carry);
    }
    carry
}

/// `sum += words`.
///
/// The blocks of fixed length become chains of add-with-carry: three times as fast as a loop over words.
#[inline(never)]
fn add_words(sum: &mut Vec<Word>, words: &[Word]) {
    if sum.len() < words.len() {
        sum.resize(words.len(), 0);
    }
    let (low, high) = sum.split_at_mut(words.len());
    let mut carry = false;
    let mut blocks = low.chunks_exact_mut(BLOCK);
    let mut others = words.chunks_exact(BLOCK);
    for (block, other) in (&mut blocks).zip(&mut others) {
        if let (Ok(block), Ok(other)) = (<&mut [Word; BLOCK]>::try_from(block), <&[Word; BLOCK]>::try_from(other)) {
            for at in 0..BLOCK {
                (block[at], carry) = add_word(block[at], other[at], carry);
            }
        }
    }
    for (word, other) in blocks.into_remainder().iter_mut().zip(others.remainder()) {
        (*word, carry) = add_word(*word, *other, carry);
    }
    for word in high {
        if !carry {
            return;
        }
        (*word, carry) = word.overflowing_add(1);
    }
    if carry {
        sum.push(1);
    }
}

#[inline(always)]
fn add_word(a: Word, b: Word, carry: bool) -> (Word, bool) {
    let (sum, first) = a.overflowing_add(b);
    let (sum, second) = sum.overflowing_add(Word::from(carry));
    (sum, first | second)
}

/// Bytes of an integer's digits, as charged to the memory account.
fn size(value: &IBig) -> usize {
    use dashu_int::ops::BitTest;
    value.bit_len() / 8
}

impl Drop for Big {
    fn drop(&mut self) {
        limits::release(self.charged);
        if let Some(sum) = self.sum.take() {
            keep_spare(sum.words);
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
                let whole = OnceLock::from(value);
                Value::BigInt(Ref::new(Big { hdr: Hdr::new(shape::BIGINT), whole, sum: None, charged }))
            }
        }
    }

    /// The sum of two magnitudes of one sign; the first is the longer one and has at least two words.
    pub fn magnitude_sum(negative: bool, long: &[Word], short: &[Word]) -> Value {
        let mut words = take_spare(long.len() + 1);
        words.resize(long.len(), 0);
        let (low, high) = words.split_at_mut(short.len());
        let mut carry = add_into(low, &long[..short.len()], short);
        high.copy_from_slice(&long[short.len()..]);
        for word in high {
            if !carry {
                break;
            }
            (*word, carry) = word.overflowing_add(1);
        }
        if carry {
            words.push(1);
        }
        let charged = words.len() * size_of::<Word>();
        limits::account(charged);
        let sum = Some(Sum { negative, words });
        Value::BigInt(Ref::new(Big { hdr: Hdr::new(shape::BIGINT), whole: OnceLock::new(), sum, charged }))
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
            Err(_) => Value::int_from(IBig::from(value)),
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
