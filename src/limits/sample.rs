//! What a profiler collects while a program runs: stacks of functions and positions, with the time and the memory they
//! stand for.
//!
//! A profiler calls [`start`] on the program's thread; its own thread asks for a stack with [`want`] every so often and may sleep
//! until it is [`answered`]. Engines that are set up while a recording is [`active`] hand over their stack with [`record`], which
//! stands for all time since the stack before it.
//!
//! An engine that notices a wish late cannot say where it was when the wish came. It then runs in a way that notices the next
//! one at once ([`watch`]), and the profiler asks again soon: where the program is at that moment, which nothing in the program
//! has chosen, stands for the unseen time too.
//! While nothing records, nothing here is reached.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::atomic::{
    AtomicBool, AtomicU64,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::{Interrupt, pending, raise};

/// What was running when a stack was taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Tier {
    /// The tree walker.
    Walker,
    /// Bytecode in the VM.
    Vm,
    /// Machine code.
    Compiled,
    /// A builtin in Rust; its stack begins with the builtin.
    Builtin,
    /// Freeing what the last reference has left, whoever gave it up.
    References,
}

/// A running function and where in its source it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Frame {
    /// The function's id among values.
    pub function: u32,
    /// Number of the source; [`NO_SOURCE`] for builtins.
    pub source: u32,
    /// Byte offset in it.
    pub offset: u32,
}

/// The source of what has none.
pub const NO_SOURCE: u32 = u32::MAX;

/// Deeper frames of a stack than this are left out, those at the foot.
pub const MOST_FRAMES: usize = 256;

/// A stack, innermost frame first.
pub type Stack = (Tier, Box<[Frame]>);

/// What a stack stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Weight {
    pub samples: u64,
    pub nanoseconds: u64,
    /// Bytes allocated.
    pub bytes: u64,
}

/// Every stack that was met.
pub type Samples = HashMap<Stack, Weight>;

/// What times are counted from.
static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Until when all time belongs to stacks, in nanoseconds.
static BOOKED: AtomicU64 = AtomicU64::new(0);

/// The thread that sleeps until its wish is answered.
static ASLEEP: Mutex<Option<Thread>> = Mutex::new(None);

/// Whether there is one.
static SLEEPS: AtomicBool = AtomicBool::new(false);

/// Reminds of a wish.
pub fn raise_wish() {
    raise(Interrupt::Sample);
}

/// Whether a stack that stands for time is wanted.
static WANTED: AtomicBool = AtomicBool::new(false);

/// Whether the program was freeing when the stack was wanted.
static FREEING: AtomicBool = AtomicBool::new(false);

/// When the stack was wanted.
static WANTED_AT: AtomicU64 = AtomicU64::new(0);

/// Much longer than from one poll of an engine to the next, in nanoseconds.
const LONG: u64 = 100_000;

/// While an engine watches for the next wish: what was due when it began, at least 1.
static UNSEEN: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static SAMPLES: RefCell<Option<Samples>> = const { RefCell::new(None) };
    static BYTES_DUE: Cell<u64> = const { Cell::new(0) };
}

/// Begins a recording on this thread.
pub fn start() {
    BOOKED.store(now(), Relaxed);
    WANTED.store(false, Relaxed);
    UNSEEN.store(0, Relaxed);
    BYTES_DUE.set(0);
    SAMPLES.with(|samples| *samples.borrow_mut() = Some(Samples::new()));
}

/// Ends this thread's recording and gives what it has collected.
pub fn stop() -> Samples {
    SAMPLES.with(|samples| samples.borrow_mut().take()).unwrap_or_default()
}

/// Whether this thread records.
pub fn active() -> bool {
    SAMPLES.with(|samples| samples.borrow().is_some())
}

fn now() -> u64 {
    EPOCH.elapsed().as_nanos() as u64
}

/// The time since the last stack.
fn due() -> u64 {
    now().saturating_sub(BOOKED.load(Relaxed))
}

/// Asks for a stack that stands for the time that is due; called by the profiler's thread, which knows whether the program is
/// freeing something.
pub fn want(freeing: bool) {
    FREEING.store(freeing, Relaxed);
    WANTED_AT.store(now(), Relaxed);
    WANTED.store(true, Release);
    raise(Interrupt::Sample);
}

/// Whether the program was freeing when the stack was wanted, and still was long after: until so much was due.
pub fn freed_until(due: u64) -> bool {
    FREEING.load(Relaxed) && BOOKED.load(Relaxed) + due > WANTED_AT.load(Relaxed) + LONG
}

/// Whether a stack that stands for time is wanted.
pub fn wanted() -> bool {
    pending() && WANTED.load(Relaxed)
}

/// Whether a wish is still to be granted: nobody has handed over a stack for it, nor begun to watch.
pub fn unanswered() -> bool {
    WANTED.load(Acquire)
}

/// Sleeps until the wish is granted or somebody watches, at most that long; or for a moment, without a reason. Called by the
/// profiler's thread.
pub fn sleep_unanswered(most: Duration) {
    *ASLEEP.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current());
    SLEEPS.store(true, SeqCst);
    if WANTED.load(SeqCst) {
        thread::park_timeout(most);
    }
    SLEEPS.store(false, SeqCst);
}

/// The wish is granted, or somebody watches.
fn answered() {
    WANTED.store(false, SeqCst);
    if SLEEPS.load(SeqCst)
        && let Some(thread) = &*ASLEEP.lock().unwrap_or_else(PoisonError::into_inner)
    {
        thread.unpark();
    }
}

/// The time that is due, if a stack that stands for it is wanted.
#[cold]
#[inline(never)]
pub fn wanted_for() -> Option<u64> {
    wanted().then(due)
}

/// Instead of granting a wish: from now on the next one is noticed at once. `unseen` is the time due.
#[cold]
pub fn watch(unseen: u64) {
    UNSEEN.store(unseen.max(1), Relaxed);
    answered();
}

/// Whether an engine watches, and what was due when it began.
pub fn watched() -> Option<u64> {
    Some(UNSEEN.load(Relaxed)).filter(|unseen| *unseen > 0)
}

/// Asks for a stack that stands for `bytes` allocated on this thread.
pub fn allocated(bytes: u64) {
    BYTES_DUE.set(BYTES_DUE.get() + bytes);
    raise(Interrupt::Sample);
}

/// Hands over the stack that was asked for; `frames` come innermost first. Nobody watches any more.
#[cold]
pub fn record(tier: Tier, frames: impl Iterator<Item = Frame>) {
    let (mut tier, mut nanoseconds) = (tier, 0);
    if WANTED.load(Acquire) {
        if FREEING.load(Relaxed) {
            tier = Tier::References;
        }
        UNSEEN.store(0, Relaxed);
        let now = now();
        nanoseconds = now.saturating_sub(BOOKED.swap(now, Relaxed));
        answered();
    }
    add(tier, frames, nanoseconds);
}

/// Hands over a stack for what has become due since `before` was; the rest is still due.
#[cold]
pub fn record_since(before: u64, tier: Tier, frames: impl Iterator<Item = Frame>) {
    let nanoseconds = due().saturating_sub(before);
    BOOKED.fetch_add(nanoseconds, Relaxed);
    add(tier, frames, nanoseconds);
}

fn add(tier: Tier, frames: impl Iterator<Item = Frame>, nanoseconds: u64) {
    let bytes = BYTES_DUE.replace(0);
    if nanoseconds == 0 && bytes == 0 {
        return;
    }
    SAMPLES.with(|samples| {
        let Ok(mut samples) = samples.try_borrow_mut() else { return };
        let Some(samples) = samples.as_mut() else { return };
        let weight = samples.entry((tier, frames.take(MOST_FRAMES).collect())).or_default();
        weight.samples += u64::from(nanoseconds > 0);
        weight.nanoseconds += nanoseconds;
        weight.bytes += bytes;
    });
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A process has one profiler.
    pub(crate) static ALONE: Mutex<()> = Mutex::new(());

    #[test]
    fn stacks_add_up_and_nothing_is_kept_without_a_recording() {
        let _alone = ALONE.lock();
        let wait = || thread::sleep(Duration::from_millis(2));
        let frame = Frame { function: 1, source: 0, offset: 5 };
        record(Tier::Vm, std::iter::once(frame));
        assert!(!active());
        start();
        for _ in 0..2 {
            wait();
            WANTED.store(true, Relaxed);
            record(Tier::Vm, std::iter::once(frame));
        }
        // Bytes do not take the time along for which no stack is wanted yet.
        wait();
        BYTES_DUE.set(64);
        record(Tier::Vm, std::iter::once(frame));
        assert!(due() >= 2_000_000);
        let samples = stop();
        let Weight { samples: count, nanoseconds, bytes } = samples[&(Tier::Vm, Box::from([frame]))];
        assert_eq!((count, bytes), (2, 64));
        assert!(nanoseconds >= 4_000_000);
        assert_eq!(samples.len(), 1);
        assert!(!active());
    }
}
