//! Time: the wall clock, the program's monotonic clock, and sleeping that can be interrupted.
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a sleeping program may take to notice that it is to end.
const SLICE: Duration = Duration::from_millis(10);

/// The clocks of one program run.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A monotonic clock that begins now.
    pub fn start() -> Clock {
        Clock { start: Instant::now() }
    }

    /// Time since 1970, negative before.
    pub fn unix(&self) -> f64 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_secs_f64(),
            Err(before) => -before.duration().as_secs_f64(),
        }
    }

    /// Nanoseconds since 1970, negative before.
    pub fn unix_nanos(&self) -> i128 {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_nanos() as i128,
            Err(before) => -(before.duration().as_nanos() as i128),
        }
    }

    /// Time since the program began; never goes back.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

/// Sleeps, asking `poll` every few milliseconds; its error ends the sleep.
pub fn sleep<E>(duration: Duration, mut poll: impl FnMut() -> Result<(), E>) -> Result<(), E> {
    let begin = Instant::now();
    loop {
        poll()?;
        let Some(left) = duration.checked_sub(begin.elapsed()).filter(|left| !left.is_zero()) else {
            return Ok(());
        };
        std::thread::sleep(left.min(SLICE));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sleep_ends_when_poll_says_so() {
        let begin = Instant::now();
        let mut polls = 0;
        let result = sleep(Duration::from_secs(3600), || {
            polls += 1;
            if polls < 3 { Ok(()) } else { Err("stop") }
        });
        assert_eq!(result, Err("stop"));
        assert!(begin.elapsed() < Duration::from_secs(10));
    }
}
