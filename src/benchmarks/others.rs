//! How busy other programs kept the machine while we measured: what they do is in our times, and if it lasts for the whole run,
//! not in the spread of a row.
use std::fs;

/// From this share of all processors on, others make results of two runs differ.
const NOTABLE: f64 = 0.1;

/// Ticks of the clock since the machine started, of all processors together.
#[derive(Clone, Copy, Debug)]
pub struct Ticks {
    passed: u64,
    worked: u64,
    /// Worked for this process and those it has waited for.
    ours: u64,
}

impl Ticks {
    /// Where the system says so (Linux).
    pub fn now() -> Option<Ticks> {
        Ticks::parse(&fs::read_to_string("/proc/stat").ok()?, &fs::read_to_string("/proc/self/stat").ok()?)
    }

    fn parse(machine: &str, process: &str) -> Option<Ticks> {
        // user nice system idle iowait irq softirq steal; guests are part of the first two.
        let all = numbers(machine.lines().next()?.strip_prefix("cpu ")?);
        let [_, _, _, idle, waiting, ..] = all[..] else { return None };
        let passed: u64 = all.iter().take(8).sum();
        // The second field is a name in parentheses, which may hold anything; times follow as the 14th to 17th.
        let (_, fields) = process.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ours = fields.get(11..15)?.iter().map(|field| field.parse::<u64>().unwrap_or(0)).sum();
        Some(Ticks { passed, worked: passed - idle - waiting, ours })
    }
}

/// What others had of the processors in some stretches of time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Others {
    ticks: u64,
    passed: u64,
}

impl Others {
    /// The stretch between two moments.
    pub fn between(before: Option<Ticks>, after: Option<Ticks>) -> Others {
        let Some((before, after)) = before.zip(after) else { return Others::default() };
        let passed = after.passed.saturating_sub(before.passed);
        let ours = after.ours.saturating_sub(before.ours);
        let ticks = after.worked.saturating_sub(before.worked).saturating_sub(ours).min(passed);
        Others { ticks, passed }
    }

    pub fn and(self, more: Others) -> Others {
        Others { ticks: self.ticks + more.ticks, passed: self.passed + more.passed }
    }

    /// The share of all processors that others had, if any time is known to have passed.
    pub fn share(self) -> Option<f64> {
        (self.passed > 0).then(|| self.ticks as f64 / self.passed as f64)
    }
}

fn numbers(words: &str) -> Vec<u64> {
    words.split_whitespace().map_while(|word| word.parse().ok()).collect()
}

/// What a reader of the results has to know about others, if they had much.
pub fn note(share: Option<f64>) -> Option<String> {
    let share = share.filter(|share| *share >= NOTABLE)?;
    Some(format!(
        "other programs had {:.0} % of the processors meanwhile: the intervals hold what the same work takes without them too",
        share * 100.0
    ))
}

/// Why results cannot be compared, if others had much more at one time than at the other.
pub fn difference(now: Option<f64>, before: Option<f64>) -> Option<(f64, f64)> {
    let (now, before) = (now?, before?);
    ((now - before).abs() >= NOTABLE).then_some((now * 100.0, before * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(user: u64, idle: u64, ours: u64) -> Ticks {
        let machine = format!("cpu  {user} 0 10 {idle} 5 0 0 1 7 0\ncpu0 1 2 3\n");
        let process = format!("77 (a ) b) S 1 2 3 4 5 6 7 8 9 10 {ours} 1 1 1 20 0 1 0");
        Ticks::parse(&machine, &process).expect("that is what the system writes")
    }

    #[test]
    fn what_neither_is_ours_nor_idle_is_of_others() {
        let (before, after) = (ticks(100, 1000, 20), ticks(180, 1020, 60));
        let others = Others::between(Some(before), Some(after));
        assert_eq!(others.share(), Some(0.4));
        assert_eq!(others.and(Others { ticks: 100, passed: 100 }).share(), Some(0.7));
        assert_eq!(Others::between(Some(before), Some(before)).share(), None);
        assert_eq!(Others::between(None, Some(before)).share(), None);
        assert!(Ticks::parse("cpu 1 2\n", "1 (a) S").is_none());
    }

    #[test]
    fn only_much_is_said() {
        assert_eq!(note(Some(0.05)), None);
        assert_eq!(note(None), None);
        assert!(note(Some(0.634)).expect("that is much").starts_with("other programs had 63 % of the processors"));
        assert_eq!(difference(Some(0.5), Some(0.45)), None);
        assert_eq!(difference(Some(0.5), Some(0.25)), Some((50.0, 25.0)));
    }
}
