//! The thread that asks a running program where it is.
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::limits::sample;

/// Asks until it is dropped.
pub(super) struct Sampler {
    cancel: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Asks every `interval`, and every second one once there are enough stacks. Without a thread the profile is empty.
pub(super) fn start(interval: Duration) -> Sampler {
    let (cancel, cancelled) = channel::<()>();
    let mut asking =
        Asking { interval, cancelled, last: Instant::now(), asked: 0, watches: true, random: Random(0x2545_F491_4F6C_DD1D) };
    let watch = move || while asking.turn() {};
    let thread = thread::Builder::new().name("ruff-sampler".into()).stack_size(256 << 10).spawn(watch).ok();
    Sampler { cancel: Some(cancel), thread }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        self.cancel.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        // A last wish that nobody granted.
        crate::limits::take_sample();
    }
}

/// The longest time after which a program that watches for it is asked.
const SOON: Duration = Duration::from_micros(20);

/// After so many wishes they become rarer: a share of a tenth is known to a fiftieth by then, and each costs some time.
const ENOUGH: u32 = 250;

struct Asking {
    interval: Duration,
    cancelled: Receiver<()>,
    last: Instant,
    /// Wishes until now.
    asked: u32,
    /// The program did when it was last looked at.
    watches: bool,
    random: Random,
}

impl Asking {
    /// One wish, and if the program then watches for the next one, soon that one too. False once it is cancelled.
    fn turn(&mut self) -> bool {
        // A little earlier or later each time, so that nothing in the program keeps step with it.
        self.asked += 1;
        let intervals = if self.asked > ENOUGH { 2.0 } else { 1.0 };
        let wait = self.interval.mul_f64(intervals * (0.75 + self.random.share() / 2.0));
        if !self.wait(wait) {
            return false;
        }
        if sample::watched().is_none() {
            sample::want();
            // Compiled code and the tree walker never watch: for them it would be a waste to wake up twice.
            if !self.watches {
                return true;
            }
            let soon = SOON.mul_f64(self.random.share());
            if !self.wait(soon) {
                return false;
            }
        }
        let unseen = sample::watched();
        self.watches = unseen.is_some();
        unseen.into_iter().for_each(|unseen| self.ask_watching(unseen));
        true
    }

    /// The program watches for as long as it had not been seen before, on average: what it does in that time is as mixed.
    fn ask_watching(&mut self, unseen: u64) {
        let intervals = unseen as f64 / self.interval.as_nanos() as f64;
        if self.random.share() * intervals < 4.0 {
            sample::want();
        }
    }

    /// False once it is cancelled.
    fn wait(&mut self, time: Duration) -> bool {
        let cancelled = self.cancelled.recv_timeout(time) != Err(RecvTimeoutError::Timeout);
        let now = Instant::now();
        sample::pass((now - self.last).as_nanos() as u64);
        self.last = now;
        !cancelled
    }
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
