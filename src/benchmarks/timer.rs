//! Repeats a piece of work: first to warm up, then measured, a fixed number of times or as long as a budget lasts.
//!
//! A measured turn reads the clock twice and writes one number into memory that exists already; nothing else happens
//! between the two readings. What the turn leaves behind is cleared after the second one.
use std::time::{Duration, Instant};

/// Where the time comes from; tests count the readings.
pub trait Clock {
    /// Nanoseconds since some moment.
    fn now(&mut self) -> u64;
}

/// The machine's monotonic clock.
pub struct SystemClock(Instant);

impl SystemClock {
    pub fn start() -> SystemClock {
        SystemClock(Instant::now())
    }
}

impl Clock for SystemClock {
    #[inline]
    fn now(&mut self) -> u64 {
        self.0.elapsed().as_nanos() as u64
    }
}

/// Processor time of all threads of this process: what a busy machine does meanwhile is not in it. Reading it costs a
/// system call.
pub struct ProcessorClock;

impl Clock for ProcessorClock {
    fn now(&mut self) -> u64 {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
        time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
    }
}

/// Which clock measures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Time {
    Wall,
    Processor,
}

impl Time {
    pub fn clock(self) -> Box<dyn Clock> {
        match self {
            Time::Wall => Box::new(SystemClock::start()),
            Time::Processor => Box::new(ProcessorClock),
        }
    }
}

/// How often to repeat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    pub warm_up: u32,
    pub turns: Turns,
}

/// How many turns are measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turns {
    Exactly(u32),
    /// As many as fit, but at least [`LEAST_TURNS`] and at most [`MOST_TURNS`].
    Within(Duration),
    /// One process' part of that, of so many: also its part of the least and the most.
    Part(Duration, u32),
}

/// Without a fixed number this many turns are measured, however long they take.
pub const LEAST_TURNS: u32 = 10;
/// With a fixed number of turns, each process gets this many or more.
pub const LEAST_PART: u32 = 5;
/// More values do not make the median better.
pub const MOST_TURNS: u32 = 5000;

impl Turns {
    fn most(self) -> u32 {
        match self {
            Turns::Exactly(count) => count,
            Turns::Within(_) => MOST_TURNS,
            Turns::Part(_, parts) => MOST_TURNS / parts.max(1),
        }
    }

    fn least(self) -> u32 {
        match self {
            Turns::Exactly(count) => count,
            Turns::Within(_) => LEAST_TURNS,
            Turns::Part(_, parts) => LEAST_TURNS.div_ceil(parts.max(1)),
        }
    }

    fn done(self, count: u32, spent: u64) -> bool {
        let budget = match self {
            Turns::Exactly(_) => Duration::ZERO,
            Turns::Within(budget) => budget,
            Turns::Part(budget, parts) => budget / parts.max(1),
        };
        count >= self.most() || count >= self.least() && u128::from(spent) >= budget.as_nanos()
    }

    /// Whether so many nanoseconds warm a process up, in however many turns: a slow program has warmed up in its first turn,
    /// and each of its processes would pay for the others.
    fn warm(self, spent: u64) -> bool {
        match self {
            Turns::Part(budget, parts) => u128::from(spent) > (budget / parts.max(1)).as_nanos(),
            _ => false,
        }
    }

    /// What each process does when `processes` share the work; how many they are is settled for a fixed number of turns.
    /// Fewer than [`LEAST_PART`] turns are not worth a process.
    pub fn shared(self, processes: u32) -> Vec<Turns> {
        match self {
            Turns::Exactly(count) => {
                let parts = (count / LEAST_PART).clamp(1, processes.max(1));
                (0..parts).map(|part| Turns::Exactly(count / parts + u32::from(part < count % parts))).collect()
            }
            Turns::Within(budget) if processes > 1 => vec![Turns::Part(budget, processes); processes as usize],
            other => vec![other],
        }
    }
}

/// What is repeated.
pub trait Work {
    type Error;
    /// Before every turn, not measured.
    fn before(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
    /// The part that is measured.
    fn turn(&mut self) -> Result<(), Self::Error>;
    /// After every turn, not measured; `nanoseconds` is what it took.
    fn after(&mut self, warm: bool, nanoseconds: u64) -> Result<(), Self::Error>;
}

/// Nanoseconds of every measured turn; on an error, those so far.
pub fn measure<W: Work>(plan: Plan, clock: &mut dyn Clock, work: &mut W) -> (Vec<u64>, Result<(), W::Error>) {
    let mut times = Vec::with_capacity(plan.turns.most() as usize);
    let result = repeat(plan, clock, work, &mut times);
    (times, result)
}

fn repeat<W: Work>(plan: Plan, clock: &mut dyn Clock, work: &mut W, times: &mut Vec<u64>) -> Result<(), W::Error> {
    let mut warmed = 0;
    for turn in 0..plan.warm_up {
        if turn > 0 && plan.turns.warm(warmed) {
            break;
        }
        work.before()?;
        let start = clock.now();
        work.turn()?;
        let time = clock.now().saturating_sub(start);
        work.after(false, time)?;
        warmed += time;
    }
    let mut spent = 0;
    while !plan.turns.done(times.len() as u32, spent) {
        work.before()?;
        let start = clock.now();
        work.turn()?;
        let end = clock.now();
        let time = end.saturating_sub(start);
        times.push(time);
        spent += time;
        work.after(true, time)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that a reading moves by one nanosecond.
    struct Counting(u64);

    impl Clock for Counting {
        fn now(&mut self) -> u64 {
            self.0 += 1;
            self.0
        }
    }

    #[derive(Default)]
    struct Body {
        turns: u32,
        after: u32,
        fail_at: Option<u32>,
    }

    impl Work for Body {
        type Error = u32;

        fn turn(&mut self) -> Result<(), u32> {
            self.turns += 1;
            if self.fail_at == Some(self.turns) { Err(self.turns) } else { Ok(()) }
        }

        fn after(&mut self, _: bool, _: u64) -> Result<(), u32> {
            self.after += 1;
            Ok(())
        }
    }

    fn plan(warm_up: u32, turns: Turns) -> Plan {
        Plan { warm_up, turns }
    }

    #[test]
    fn a_turn_costs_two_readings_of_the_clock() {
        let (mut clock, mut body) = (Counting(0), Body::default());
        let (times, result) = measure(plan(3, Turns::Exactly(1000)), &mut clock, &mut body);
        assert_eq!((times.len(), result), (1000, Ok(())));
        assert_eq!((body.turns, body.after), (1003, 1003));
        assert_eq!(clock.0, 2 * 1003);
        // Nothing lies between a turn's two readings but the turn; and nothing was allocated for the results.
        assert!(times.iter().all(|&time| time == 1));
        assert_eq!(times.capacity(), 1000);
    }

    #[test]
    fn two_readings_are_below_one_percent_of_a_millisecond() {
        // Generous by a factor of 20 and more, so that it also holds on a busy machine.
        let mut clock = SystemClock::start();
        let start = Instant::now();
        for _ in 0..1000 {
            std::hint::black_box(clock.now());
            std::hint::black_box(clock.now());
        }
        assert!(start.elapsed() < Duration::from_millis(10), "{:?}", start.elapsed());
    }

    #[test]
    fn a_budget_gives_at_least_ten_turns() {
        let (times, _) = measure(plan(0, Turns::Within(Duration::ZERO)), &mut Counting(0), &mut Body::default());
        assert_eq!(times.len(), LEAST_TURNS as usize);
        let (times, _) = measure(plan(0, Turns::Within(Duration::from_nanos(60))), &mut Counting(0), &mut Body::default());
        assert_eq!(times.len(), 60);
    }

    #[test]
    fn processes_share_the_turns() {
        assert_eq!(Turns::Exactly(4).shared(8), [Turns::Exactly(4)]);
        assert_eq!(Turns::Exactly(17).shared(8), [Turns::Exactly(6), Turns::Exactly(6), Turns::Exactly(5)]);
        assert_eq!(Turns::Within(Duration::from_secs(1)).shared(1), [Turns::Within(Duration::from_secs(1))]);
        let parts = Turns::Within(Duration::from_nanos(60)).shared(3);
        assert_eq!(parts.len(), 3);
        let (times, _) = measure(plan(0, parts[0]), &mut Counting(0), &mut Body::default());
        assert_eq!(times.len(), 20);
        let (slow, mut body) = (Turns::Part(Duration::ZERO, 3), Body::default());
        let (times, _) = measure(plan(9, slow), &mut Counting(0), &mut body);
        assert_eq!((times.len(), body.turns), (4, 1 + 4));
    }

    #[test]
    fn an_error_ends_it_with_the_times_so_far() {
        let mut body = Body { fail_at: Some(4), ..Body::default() };
        let (times, result) = measure(plan(1, Turns::Exactly(9)), &mut Counting(0), &mut body);
        assert_eq!((times.len(), result), (2, Err(4)));
    }
}
