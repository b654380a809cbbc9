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

/// Asks every `interval`, and more rarely once there are enough stacks. Without a thread the profile is empty.
pub(super) fn start(interval: Duration) -> Sampler {
    let (cancel, cancelled) = channel::<()>();
    let mut asking =
        Asking { interval, cancelled, last: Instant::now(), asked: 0, unwatched: 0, random: Random(0x2545_F491_4F6C_DD1D) };
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

/// The longest time after which a program that watches for it is asked: long enough to come to other code than that which polls.
const SOON: Duration = Duration::from_micros(200);

/// A wish is granted within this time but by long builtins.
const SHORTLY: Duration = Duration::from_micros(20);

/// After so many wishes they become rarer: a share of a tenth is known to a fiftieth by then, and each costs some time.
const ENOUGH: u32 = 250;

/// The same for a program that has to watch, which costs it more.
const ENOUGH_WATCHED: [u32; 2] = [40, 150];

/// A program that has not watched for so many wishes is taken for one that does not.
const FORGOTTEN: u32 = 8;

/// How often a watching program is asked in a row.
const MOST_ASKED: u32 = 64;

struct Asking {
    interval: Duration,
    cancelled: Receiver<()>,
    last: Instant,
    /// Wishes until now.
    asked: u32,
    /// Wishes since the program was last seen watching.
    unwatched: u32,
    random: Random,
}

impl Asking {
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
            sample::want();
            // Compiled code and the tree walker never watch: for them it would be a waste to wait.
            if !watches {
                return true;
            }
        }
        self.grant() && self.ask_watching()
    }

    /// It did not long ago.
    fn watches(&self) -> bool {
        self.unwatched < FORGOTTEN
    }

    fn intervals(&self) -> u32 {
        if self.watches() {
            let rarer = ENOUGH_WATCHED.iter().filter(|enough| self.asked > **enough).count();
            1 << rarer
        } else {
            1 + u32::from(self.asked > ENOUGH)
        }
    }

    /// Waits until the program has granted the wish, or watches for the next one. False once cancelled.
    fn grant(&mut self) -> bool {
        self.spin(SHORTLY, sample::unanswered);
        while sample::unanswered() {
            if !self.wait(SHORTLY) {
                return false;
            }
            // Whoever takes interrupts of another kind may have taken this one along.
            sample::raise_wish();
        }
        true
    }

    /// Asks a watching program after a short random time, and again if that was in a method that took long. It watches for as long as it
    /// had not been seen before, on average: what it does in that time is as mixed. False once cancelled.
    fn ask_watching(&mut self) -> bool {
        for _ in 0..MOST_ASKED {
            let Some(unseen) = sample::watched() else { break };
            self.unwatched = 0;
            let intervals = unseen as f64 / (f64::from(self.intervals()) * self.interval.as_nanos() as f64);
            if self.random.share() * intervals >= 4.0 {
                break;
            }
            let soon = SOON.mul_f64(self.random.share());
            if !self.wait(soon) {
                return false;
            }
            sample::want();
            if !self.grant() {
                return false;
            }
        }
        true
    }

    /// For at most that time, which is too short for a sleep.
    fn spin(&mut self, time: Duration, on: impl Fn() -> bool) {
        let start = Instant::now();
        while on() && start.elapsed() < time {
            std::hint::spin_loop();
        }
        self.pass(Instant::now());
    }

    /// False once it is cancelled.
    fn wait(&mut self, time: Duration) -> bool {
        let cancelled = self.cancelled.recv_timeout(time) != Err(RecvTimeoutError::Timeout);
        self.pass(Instant::now());
        !cancelled
    }

    fn pass(&mut self, now: Instant) {
        sample::pass((now - self.last).as_nanos() as u64);
        self.last = now;
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
