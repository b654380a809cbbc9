//! The word that engines test on back edges and calls: is there a reason to stop and look?

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// Why an engine should leave its loop and look around.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Interrupt {
    /// Ctrl-C or a termination signal: the program ends. Stays raised.
    Stop = 1,
    /// `--timeout` has passed: the program ends. Stays raised.
    Timeout = 2,
    /// More memory is in use than allowed: a catchable `MemoryError`. Cleared when taken.
    Memory = 4,
    /// Compiled code was invalidated: running code leaves. Cleared when taken.
    Code = 8,
    /// Timers or finished operations wait for the scheduler. Cleared when taken.
    Events = 16,
    /// A profiler wants to know where the program is. Cleared when taken.
    Sample = 32,
}

/// In the order in which they are taken.
const ALL: [Interrupt; 6] =
    [Interrupt::Stop, Interrupt::Timeout, Interrupt::Memory, Interrupt::Code, Interrupt::Events, Interrupt::Sample];

/// Raised reasons, as bits.
struct Word(AtomicU32);

impl Word {
    const fn new() -> Word {
        Word(AtomicU32::new(0))
    }

    fn raise(&self, reason: Interrupt) {
        self.0.fetch_or(reason as u32, Relaxed);
    }

    fn interrupt(&self) -> Option<Interrupt> {
        let word = self.0.load(Relaxed);
        if word == 0 { None } else { ALL.into_iter().find(|&reason| word & reason as u32 != 0) }
    }

    fn take(&self) -> Option<Interrupt> {
        let reason = self.interrupt()?;
        if !matches!(reason, Interrupt::Stop | Interrupt::Timeout) {
            self.0.fetch_and(!(reason as u32), Relaxed);
        }
        Some(reason)
    }

    fn clear(&self) {
        self.0.store(0, Relaxed);
    }
}

/// The process's.
static POLL: Word = Word::new();

/// The word itself, for engines that test it inline.
#[inline]
pub fn poll_word() -> &'static AtomicU32 {
    &POLL.0
}

/// Whether anything is raised.
#[inline]
pub fn pending() -> bool {
    POLL.0.load(Relaxed) != 0
}

/// Raises a reason; safe to call from a signal handler or another thread.
pub fn raise(reason: Interrupt) {
    POLL.raise(reason);
}

/// Takes a profiler's wish, if there is one.
#[cold]
pub fn take_sample() -> bool {
    POLL.0.fetch_and(!(Interrupt::Sample as u32), Relaxed) & Interrupt::Sample as u32 != 0
}

/// The most urgent reason, left as it is. Long builtins ask this.
#[inline]
pub fn interrupt() -> Option<Interrupt> {
    POLL.interrupt()
}

/// The most urgent reason; those that do not end the program are cleared.
#[cold]
pub fn take_interrupt() -> Option<Interrupt> {
    POLL.take()
}

/// Forgets everything raised; between programs of one process.
pub fn clear_interrupts() {
    POLL.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a word of its own: other tests run programs meanwhile.
    #[test]
    fn urgent_first_and_final_ones_stay() {
        let word = Word::new();
        word.raise(Interrupt::Code);
        word.raise(Interrupt::Events);
        assert_eq!(word.take(), Some(Interrupt::Code));
        assert_eq!(word.take(), Some(Interrupt::Events));
        word.raise(Interrupt::Timeout);
        assert_eq!(word.take(), Some(Interrupt::Timeout));
        assert_eq!(word.interrupt(), Some(Interrupt::Timeout));
        word.clear();
        assert_eq!(word.take(), None);
    }
}
