//! The native stack of this thread: how much is left, and when to stop recursing.
//!
//! The thread that runs a program states its size once ([`set_stack_limit`]); every recursive path of
//! ours asks [`check`]. `HEADROOM` bytes stay free for helpers that do not ask. On a thread that
//! stated nothing one mebibyte below the first question is assumed.

use std::cell::Cell;
use std::fmt;
use std::hint::black_box;

/// Kept free below the limit, for code that does not check.
pub const HEADROOM: usize = 256 << 10;

/// Assumed for threads that never said how large their stack is.
const ASSUMED: usize = 1 << 20;

const UNKNOWN: usize = usize::MAX;

thread_local! {
    /// Lowest address that checked code may reach.
    static LIMIT: Cell<usize> = const { Cell::new(UNKNOWN) };
}

/// The native stack is used up; engines raise `Stack overflow`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StackExhausted;

impl fmt::Display for StackExhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stack overflow")
    }
}

impl std::error::Error for StackExhausted {}

/// States that this thread's stack has `bytes` below the caller's frame. Returns the previous limit
/// address for [`restore_stack_limit`].
#[inline(never)]
pub fn set_stack_limit(bytes: usize) -> usize {
    let limit = address().saturating_sub(bytes).saturating_add(HEADROOM);
    LIMIT.with(|cell| cell.replace(limit))
}

/// Puts back a limit that [`set_stack_limit`] replaced.
pub fn restore_stack_limit(limit: usize) {
    LIMIT.with(|cell| cell.set(limit));
}

/// The limit address itself, for compiled code that compares its stack pointer with it.
pub fn stack_limit() -> usize {
    LIMIT.with(|cell| if cell.get() == UNKNOWN { assume(cell) } else { cell.get() })
}

/// Bytes left above the limit.
#[inline]
pub fn remaining() -> usize {
    address().saturating_sub(stack_limit())
}

/// Fails if less than the headroom is left.
#[inline]
pub fn check() -> Result<(), StackExhausted> {
    LIMIT.with(|cell| if address() >= cell.get() { Ok(()) } else { check_slow(cell) })
}

#[cold]
fn check_slow(cell: &Cell<usize>) -> Result<(), StackExhausted> {
    if cell.get() == UNKNOWN && address() >= assume(cell) { Ok(()) } else { Err(StackExhausted) }
}

fn assume(cell: &Cell<usize>) -> usize {
    let limit = address().saturating_sub(ASSUMED).saturating_add(HEADROOM);
    cell.set(limit);
    limit
}

/// Address of something in the current frame.
#[inline(always)]
fn address() -> usize {
    let here = 0u8;
    black_box(&raw const here) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(n: usize) -> usize {
        let frame = black_box([n; 16]);
        match check() {
            Ok(()) => depth(n + 1) + black_box(frame[0]) - n,
            Err(StackExhausted) => n,
        }
    }

    #[test]
    fn recursion_stops_before_the_end() {
        let run = || {
            set_stack_limit(4 << 20);
            depth(0)
        };
        let reached = std::thread::Builder::new().stack_size(4 << 20).spawn(run).unwrap().join().unwrap();
        assert!(reached > 1000);
    }

    #[test]
    fn unknown_threads_get_an_assumption() {
        let reached = std::thread::spawn(|| (depth(0), remaining())).join().unwrap();
        assert!(reached.0 > 100 && reached.1 > 0);
    }
}
