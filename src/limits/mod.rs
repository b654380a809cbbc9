//! What a run may use: memory, native stack, time. The lowest layer; everything may ask it.
//!
//! * `reserve(bytes)` comes before every allocation whose size depends on data. It only *checks*: the
//!   allocation itself is charged by whoever makes it (the value heap does so for all its blocks;
//!   other large temporaries may use [`account`] and [`release`], or the guard [`Charge`]).
//! * The account is process-wide. Threads charge it in batches of 64 KiB, so it is exact to
//!   64 KiB per thread.
//! * Small objects are never refused: running over the limit raises the poll flag instead, and the
//!   engine turns that into a `MemoryError` at its next poll.
//! * `poll` is one word that engines test on back edges and calls.

pub mod sample;
pub mod stack;

mod machine;
mod poll;

use std::cell::Cell;
use std::fmt;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

pub use poll::{Interrupt, clear_interrupts, interrupt, pending, poll_word, raise, take_interrupt, take_sample};

/// What an error handler may still use after the limit was hit.
pub const HANDLER_RESERVE: u64 = 64 << 10;

/// Below this total nobody asks the system how much memory there is.
const FREE_PASS: u64 = 64 << 20;

/// Bytes a thread may charge or release before the common account hears of it.
const BATCH: i64 = 64 << 10;

/// Bytes in use, as far as the threads have reported.
static USED: AtomicI64 = AtomicI64::new(0);

/// Total above which [`over_limit`] looks closer: `FREE_PASS` until the limit is known.
static CHECK_FROM: AtomicU64 = AtomicU64::new(FREE_PASS);

/// The limit; 0 while nobody has asked for it.
static LIMIT: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static PENDING: Cell<i64> = const { Cell::new(0) };
    static IN_HANDLER: Cell<bool> = const { Cell::new(false) };
}

/// An allocation that the memory limit does not allow, or that the system refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OutOfMemory {
    needed: NonZeroU64,
}

impl OutOfMemory {
    /// The refusal of an allocation of `needed` bytes.
    #[cold]
    pub fn new(needed: u64) -> OutOfMemory {
        OutOfMemory { needed: NonZeroU64::new(needed).unwrap_or(NonZeroU64::MIN) }
    }

    /// Bytes that were asked for.
    pub fn needed(self) -> u64 {
        self.needed.get()
    }

    /// The limit they did not fit in.
    pub fn limit(self) -> u64 {
        memory_limit()
    }
}

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "needs {}, limit {}", HumanBytes(self.needed()), HumanBytes(self.limit()))
    }
}

impl std::error::Error for OutOfMemory {}

/// A number of bytes as people write it: `3.5 PiB`, `12 GiB`, `100 bytes`.
pub struct HumanBytes(pub u64);

impl fmt::Display for HumanBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
        if self.0 < 1024 {
            return write!(f, "{} bytes", self.0);
        }
        let mut amount = self.0 as f64 / 1024.0;
        let mut unit = 0;
        while amount >= 1024.0 && unit + 1 < UNITS.len() {
            amount /= 1024.0;
            unit += 1;
        }
        let tenths = (amount * 10.0).round() / 10.0;
        write!(f, "{tenths} {}", UNITS[unit])
    }
}

/// Says whether `bytes` more may be allocated. Charges nothing.
#[inline]
pub fn reserve(bytes: usize) -> Result<(), OutOfMemory> {
    let total = used().saturating_add(bytes as u64);
    if total <= CHECK_FROM.load(Relaxed) { Ok(()) } else { reserve_slow(bytes as u64, total) }
}

/// `count * size` bytes, checked; the usual first step of an allocation of `count` elements.
#[inline]
pub fn reserve_array(count: usize, size: usize) -> Result<usize, OutOfMemory> {
    let Some(bytes) = count.checked_mul(size) else {
        return Err(OutOfMemory::new((count as u64).saturating_mul(size as u64)));
    };
    reserve(bytes)?;
    Ok(bytes)
}

#[cold]
fn reserve_slow(bytes: u64, total: u64) -> Result<(), OutOfMemory> {
    if total <= memory_limit().saturating_add(handler_extra()) { Ok(()) } else { Err(OutOfMemory::new(bytes)) }
}

/// Charges `bytes` that have been allocated.
#[inline]
pub fn account(bytes: usize) {
    charge(bytes as i64);
}

/// Takes back a charge.
#[inline]
pub fn release(bytes: usize) {
    charge(-(bytes as i64));
}

#[inline]
fn charge(bytes: i64) {
    PENDING.with(|pending| {
        let sum = pending.get().saturating_add(bytes);
        pending.set(sum);
        if !(-BATCH..=BATCH).contains(&sum) {
            flush();
        }
    });
}

/// Reports this thread's charges to the common account; also called when a thread ends.
#[cold]
pub fn flush() {
    let batch = PENDING.with(|pending| pending.replace(0));
    let total = USED.fetch_add(batch, Relaxed) + batch;
    if batch > 0 && total > CHECK_FROM.load(Relaxed) as i64 && over_limit() {
        raise(Interrupt::Memory);
    }
}

/// Bytes in use now, this thread's unreported ones included.
#[inline]
pub fn used() -> u64 {
    (USED.load(Relaxed) + PENDING.with(Cell::get)).max(0) as u64
}

/// Whether more is in use than the limit allows.
pub fn over_limit() -> bool {
    used() > memory_limit().saturating_add(handler_extra())
}

/// The limit in bytes. The first call asks the system, unless [`set_memory_limit`] came before.
pub fn memory_limit() -> u64 {
    let known = LIMIT.load(Relaxed);
    if known != 0 {
        return known;
    }
    let limit = machine::memory() / 4 * 3;
    set_memory_limit(limit);
    limit
}

/// Sets the limit (`--max-memory`).
pub fn set_memory_limit(bytes: u64) {
    let bytes = bytes.max(1);
    LIMIT.store(bytes, Relaxed);
    CHECK_FROM.store(bytes, Relaxed);
}

/// Whether this thread runs a handler on the reserve; the caller keeps track of second strikes.
pub fn set_in_handler(on: bool) -> bool {
    IN_HANDLER.with(|flag| flag.replace(on))
}

fn handler_extra() -> u64 {
    if IN_HANDLER.with(Cell::get) { HANDLER_RESERVE } else { 0 }
}

/// A charge that ends with its scope, for large temporaries outside the value heap.
pub struct Charge(usize);

impl Charge {
    /// Checks and charges `bytes`.
    pub fn new(bytes: usize) -> Result<Charge, OutOfMemory> {
        reserve(bytes)?;
        account(bytes);
        Ok(Charge(bytes))
    }

    /// Charges more to the same guard.
    pub fn grow(&mut self, bytes: usize) -> Result<(), OutOfMemory> {
        reserve(bytes)?;
        account(bytes);
        self.0 += bytes;
        Ok(())
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        release(self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_name_both_numbers() {
        let text = OutOfMemory::new(7 << 49).to_string();
        assert!(text.starts_with("needs 3.5 PiB, limit "), "{text}");
    }

    #[test]
    fn absurd_sizes_are_refused_and_small_ones_not() {
        assert!(reserve(usize::MAX).is_err());
        assert!(reserve_array(usize::MAX / 2, 16).is_err());
        assert!(reserve(1000).is_ok());
    }

    #[test]
    fn human_numbers() {
        let text = |n| HumanBytes(n).to_string();
        assert_eq!(text(100), "100 bytes");
        assert_eq!(text(12 << 30), "12 GiB");
        assert_eq!(text(1536), "1.5 KiB");
    }

    #[test]
    fn a_refusal_fits_in_a_register() {
        assert_eq!(size_of::<Result<(), OutOfMemory>>(), 8);
    }

    #[test]
    fn charges_come_back() {
        let before = used();
        let charge = Charge::new(10 << 20).unwrap();
        assert!(used() >= before.saturating_sub(1 << 20) + (9 << 20));
        drop(charge);
    }
}
