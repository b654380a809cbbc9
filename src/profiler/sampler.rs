//! The thread that asks a running program where it is.
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool, AtomicU32,
    Ordering::{Relaxed, SeqCst},
};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crate::limits::sample;

/// Asks until it is dropped.
pub(super) struct Sampler<'s> {
    cancelled: Arc<AtomicBool>,
    thread: Option<ScopedJoinHandle<'s, ()>>,
}

/// Asks every `interval`, and more rarely once there are enough stacks; `freeing` is not 0 while the program frees something.
/// Without a thread the profile is empty.
pub(super) fn start<'s>(scope: &'s Scope<'s, '_>, interval: Duration, freeing: &'s AtomicU32) -> Sampler<'s> {
    let cancelled = Arc::new(AtomicBool::new(false));
    let seen = cancelled.clone();
    let random = Random(0x2545_F491_4F6C_DD1D);
    let mut asking = Asking { interval, cancelled: seen, freeing, asked: 0, unwatched: 0, random };
    let watch = move || while asking.turn() {};
    let thread = thread::Builder::new().name("ruff-sampler".into()).stack_size(256 << 10).spawn_scoped(scope, watch).ok();
    Sampler { cancelled, thread }
}

impl Drop for Sampler<'_> {
    fn drop(&mut self) {
        self.cancelled.store(true, SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
        // A last wish that nobody granted.
        crate::limits::take_sample();
    }
}

/// The longest time after which a program that watches for it is asked: long enough to come to other code than that which polls.
const SOON: Duration = Duration::from_micros(200);

/// A wish is granted within this time but by long builtins: too short for a sleep.
const SHORTLY: Duration = Duration::from_micros(10);

/// The same for one that answers while it is waited for: then it runs beside this thread, and so short a sleep would last longer.
const SOON_BESIDE: Duration = Duration::from_micros(60);

/// After so many wishes they become half as frequent each time: what counts is how many there are, and each costs the time in
/// which a thread wakes up, which may be a thirtieth of a millisecond on virtual machines.
const ENOUGH: [u32; 2] = [50, 150];

/// The same for a program that has to watch, which costs it more.
const ENOUGH_WATCHED: [u32; 3] = [20, 60, 120];

/// A program that has not watched for so many wishes is taken for one that does not.
const FORGOTTEN: u32 = 8;

/// How often a watching program is asked in a row.
const MOST_ASKED: u32 = 64;

struct Asking<'s> {
    interval: Duration,
    cancelled: Arc<AtomicBool>,
    freeing: &'s AtomicU32,
    /// Wishes until now.
    asked: u32,
    /// Wishes since the program was last seen watching.
    unwatched: u32,
    random: Random,
}

impl Asking<'_> {
    /// One wish, and if the program then watches for the next one, soon that one too. False once it is cancelled.
    fn turn(&mut self) -> bool {
        // A little earlier or later each time, so that nothing in the program keeps step with it.
        self.asked += 1;
        let wait = self.interval.mul_f64(f64::from(self.intervals()) * (0.75 + self.random.share() / 2.0));
        if !self.wait(wait) {
            return false;
        }
        let watches = self.watches();
        self.unwatched += 1;
        if sample::watched().is_none() {
            self.want();
            // Compiled code and the tree walker never watch: for them it would be a waste to wait.
            if !watches {
                return true;
            }
        }
        self.grant().is_some_and(|grant| self.ask_watching(grant))
    }

    fn want(&self) {
        sample::want(self.freeing.load(Relaxed) != 0);
    }

    /// It did not long ago.
    fn watches(&self) -> bool {
        self.unwatched < FORGOTTEN
    }

    fn intervals(&self) -> u32 {
        let enough = if self.watches() { &ENOUGH_WATCHED[..] } else { &ENOUGH };
        1 << enough.iter().filter(|enough| self.asked > **enough).count()
    }

    /// Waits until the program has granted the wish, or watches for the next one. `None` once cancelled.
    fn grant(&mut self) -> Option<Grant> {
        if spin(SHORTLY, sample::unanswered) {
            return Some(Grant::Beside);
        }
        let mut most = self.interval;
        while sample::unanswered() {
            sample::sleep_unanswered(most);
            if self.is_cancelled() {
                return None;
            }
            if sample::unanswered() {
                // Whoever takes interrupts of another kind may have taken this one along.
                sample::raise_wish();
                most *= 2;
            }
        }
        Some(Grant::Later)
    }

    /// Asks a watching program after a short random time, and again if that was in a method that took long. It watches for as long as it
    /// had not been seen before, on average: what it does in that time is as mixed. False once cancelled.
    fn ask_watching(&mut self, mut grant: Grant) -> bool {
        for _ in 0..MOST_ASKED {
            let Some(unseen) = sample::watched() else { break };
            self.unwatched = 0;
            let intervals = unseen as f64 / (f64::from(self.intervals()) * self.interval.as_nanos() as f64);
            if self.random.share() * intervals >= 4.0 {
                break;
            }
            let share = self.random.share();
            match grant {
                Grant::Beside => drop(spin(SOON_BESIDE.mul_f64(share), || true)),
                Grant::Later if !self.wait(SOON.mul_f64(share)) => return false,
                Grant::Later => {}
            }
            self.want();
            let Some(next) = self.grant() else { return false };
            grant = next;
        }
        true
    }

    /// False once it is cancelled.
    fn wait(&mut self, time: Duration) -> bool {
        let start = Instant::now();
        while !self.is_cancelled() {
            let Some(rest) = time.checked_sub(start.elapsed()).filter(|rest| !rest.is_zero()) else { return true };
            thread::park_timeout(rest);
        }
        false
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(SeqCst)
    }
}

/// How the program has answered a wish.
#[derive(Clone, Copy)]
enum Grant {
    /// While this thread was waiting for it on another processor.
    Beside,
    /// While this thread slept: they may share a processor, and then the program only runs while this thread sleeps.
    Later,
}

/// Waits without a sleep as long as it is so, for at most that time. Whether it is no longer so.
fn spin(most: Duration, is_so: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while is_so() {
        if start.elapsed() >= most {
            return false;
        }
        std::hint::spin_loop();
    }
    true
}

/// Xorshift.
struct Random(u64);

impl Random {
    /// At least 0, below 1.
    fn share(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % 1024) as f64 / 1024.0
    }
}
