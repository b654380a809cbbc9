//! The thread that asks a running program where it is.
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::limits::sample;

/// Asks until it is dropped.
pub(super) struct Sampler {
    cancel: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Asks every `interval`, a little earlier or later each time, so that nothing in the program keeps step with it.
/// Without a thread the profile is empty.
pub(super) fn start(interval: Duration) -> Sampler {
    let (cancel, cancelled) = channel::<()>();
    let watch = move || {
        let mut last = Instant::now();
        let mut random = 0x2545_F491_4F6C_DD1D_u64;
        loop {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let wait = interval.mul_f64(0.75 + (random % 512) as f64 / 1024.0);
            if cancelled.recv_timeout(wait) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let now = Instant::now();
            sample::tick((now - last).as_nanos() as u64);
            last = now;
        }
    };
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
