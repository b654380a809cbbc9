//! Statistics of measured times: summaries, intervals, outliers, and whether two samples differ.
//!
//! Times of programs are skewed and have outliers on one side, so turns are summed up by their median and Tukey's fences.
//! Turns of one process share its layout of memory, the state of its allocator and the moment its code was compiled, so
//! they are not independent, and their spread says little about the next process. With [`LEAST_GROUPS`] processes or more,
//! what decides are therefore the medians of the processes, without the quarter at either end, which a machine busy with
//! other things makes worthless: the result is their mean, its interval comes from their spread by Student's t, and Welch's
//! test compares them (trimmed means with Winsorised variances, as Yuen has them). With fewer there are only turns: order statistics give the
//! interval and the Mann–Whitney test compares. Nothing here is random.
use super::student::{self, Middle};

/// Confidence of intervals.
pub const CONFIDENCE: f64 = 0.95;

/// Chance of calling two equal samples different.
pub const SIGNIFICANCE: f64 = 0.01;

/// Medians closer than this are never called different: alignment of code alone, or the state the machine is in for a minute,
/// moves times by as much. No interval of several processes is narrower on either side.
pub const LEAST_EFFECT: f64 = 0.01;

/// How much longer the same work takes, at most, for the share of the machine that others have: they use the caches and often the
/// units of the same processor. What they do for a whole run cannot be seen in its processes, and the next run may be without it.
pub const BESIDE_OTHERS: f64 = 0.5;

/// What a sample says, in the unit of its values.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Summary {
    pub count: usize,
    pub mean: f64,
    /// The median of the turns; of several processes, the mean of the middle half of their medians.
    pub median: f64,
    /// Standard deviation of the sample; 0 for a single value.
    pub deviation: f64,
    pub min: f64,
    pub max: f64,
    /// Of several processes: holds the median of a second run of the same kind with [`CONFIDENCE`]. Of one process:
    /// holds that process's true median with [`CONFIDENCE`], as far as the number of values allows.
    pub interval: (f64, f64),
    pub outliers: Outliers,
}

/// Values outside Tukey's fences: 1.5 times the interquartile range beyond the quartiles, severe ones 3 times.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Outliers {
    pub low: usize,
    pub high: usize,
    /// How many of both are severe.
    pub severe: usize,
}

impl Outliers {
    pub fn count(&self) -> usize {
        self.low + self.high
    }
}

impl Summary {
    /// `None` without values.
    pub fn of(values: &[f64]) -> Option<Summary> {
        let sorted = sorted(values);
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let mean = sorted.iter().sum::<f64>() / sorted.len() as f64;
        Some(Summary {
            count: sorted.len(),
            mean,
            median: quantile(&sorted, 0.5),
            deviation: deviation(&sorted, mean),
            min,
            max,
            interval: median_interval(&sorted),
            outliers: outliers(&sorted),
        })
    }

    /// The turns of several processes; those without turns do not count. `others` is the share of the machine that other
    /// programs had meanwhile.
    pub fn of_groups(groups: &[Vec<f64>], others: f64) -> Option<Summary> {
        let all: Vec<f64> = groups.concat();
        let mut summary = Summary::of(&all)?;
        let medians = medians(groups);
        if medians.len() >= LEAST_GROUPS {
            let middle = Middle::of(&medians);
            summary.median = middle.mean;
            summary.interval = second_run(&medians, middle, LEAST_EFFECT.max(BESIDE_OTHERS * others));
        }
        Some(summary)
    }

    /// Half the interval's width as a share of the median.
    pub fn uncertainty(&self) -> f64 {
        if self.median > 0.0 { (self.interval.1 - self.interval.0) / 2.0 / self.median } else { 0.0 }
    }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Linear interpolation between the values next to the quantile.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = share * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

/// The median of some values; 0 without any.
pub fn median(values: &[f64]) -> f64 {
    let sorted = sorted(values);
    if sorted.is_empty() { 0.0 } else { quantile(&sorted, 0.5) }
}

fn deviation(values: &[f64], mean: f64) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

/// With fewer processes than this, nothing is concluded from what lies between them.
pub const LEAST_GROUPS: usize = 3;

fn medians(groups: &[Vec<f64>]) -> Vec<f64> {
    groups.iter().filter(|group| !group.is_empty()).map(|group| median(group)).collect()
}

/// Where the mean of the middle half is for a second run of as many processes.
///
/// Student's t knows nothing of what it leaves out: where a machine has two states and some processes were in the second one, a
/// few more of them next time move the middle half there. Therefore the interval also holds what the middle half would be if
/// it had lain as much lower or higher in the order as the middles of two samples are apart, with the same confidence.
///
/// `unseen` is the share of the result by which a run as a whole may be shifted.
fn second_run(medians: &[f64], middle: Middle, unseen: f64) -> (f64, f64) {
    // A second result varies as much as this one; and what shifts a run as a whole is not to be seen inside it.
    let spread = student::quantile(CONFIDENCE, middle.freedom) * (2.0 * middle.variance).sqrt();
    let margin = spread.hypot(unseen * middle.mean);
    let sorted = sorted(medians);
    let count = sorted.len() as f64;
    // The share of values below a median has the deviation 1/2 of the root of their number; the difference of two, times the root of 2.
    // Numbers of values are whole: half of one is added.
    let shift = CONFIDENCE_DEVIATIONS * (0.5 / count).sqrt() + 0.5 / count;
    let out = (student::left_out(sorted.len()) as f64 / count + shift).min(1.0 - 1.0 / count);
    let low = mean_between(&sorted, 0.0, 1.0 - out).min(middle.mean - margin);
    (low.max(0.0), mean_between(&sorted, out, 1.0).max(middle.mean + margin))
}

/// Standard deviations to either side that hold a normal value with [`CONFIDENCE`].
const CONFIDENCE_DEVIATIONS: f64 = 1.96;

/// The mean of the sorted values from one share of their number to another; those at the ends count in part.
fn mean_between(sorted: &[f64], from: f64, to: f64) -> f64 {
    let count = sorted.len() as f64;
    let part = |at: usize| (to * count).min(at as f64 + 1.0) - (from * count).max(at as f64);
    let sum: f64 = sorted.iter().enumerate().map(|(at, value)| value * part(at).max(0.0)).sum();
    sum / ((to - from) * count)
}

/// Order statistics around the median, whatever the distribution: the narrowest symmetric pair of ranks that holds it with
/// [`CONFIDENCE`]. Fewer than six values cannot promise that much; they give their whole range.
fn median_interval(sorted: &[f64]) -> (f64, f64) {
    let count = sorted.len();
    let mut skipped = 0;
    let mut tail = 0.0;
    // The chance that at most `skipped` of `count` values lie below the median, a binomial with one half.
    for rank in 0..count / 2 {
        tail += (ln_choose(count, rank) - count as f64 * std::f64::consts::LN_2).exp();
        if 2.0 * tail > 1.0 - CONFIDENCE {
            break;
        }
        skipped = rank + 1;
    }
    let low = skipped.saturating_sub(1);
    (sorted[low], sorted[count - 1 - low])
}

fn ln_choose(n: usize, k: usize) -> f64 {
    (0..k).map(|i| ((n - i) as f64 / (i + 1) as f64).ln()).sum()
}

fn outliers(sorted: &[f64]) -> Outliers {
    let (low, high) = (quantile(sorted, 0.25), quantile(sorted, 0.75));
    let range = high - low;
    let beyond = |fence: f64| {
        let below = sorted.iter().filter(|&&value| value < low - fence * range).count();
        let above = sorted.iter().filter(|&&value| value > high + fence * range).count();
        (below, above)
    };
    let ((low, high), severe) = (beyond(1.5), beyond(3.0));
    Outliers { low, high, severe: severe.0 + severe.1 }
}

/// What comparing with an earlier sample says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Faster,
    Slower,
    NoDifference,
    /// Too few values to say anything.
    Unknown,
}

impl Verdict {
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Faster => "faster",
            Verdict::Slower => "slower",
            Verdict::NoDifference => "no difference",
            Verdict::Unknown => "too few values",
        }
    }
}

/// A sample beside an earlier one.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Comparison {
    pub verdict: Verdict,
    /// Median now by median before.
    pub ratio: f64,
    /// Chance that equal programs differ this much.
    pub p: f64,
}

/// With fewer values on a side even a complete separation is not significant.
const LEAST_VALUES: usize = 5;

/// Whether `after` takes longer or shorter than `before`: significant by ranks, and large enough to matter.
pub fn compare(before: &[f64], after: &[f64]) -> Comparison {
    let (before, after) = (sorted(before), sorted(after));
    if before.len() < LEAST_VALUES || after.len() < LEAST_VALUES {
        let ratio = median(&after) / median(&before);
        return Comparison { verdict: Verdict::Unknown, ratio: if ratio.is_finite() { ratio } else { 1.0 }, p: 1.0 };
    }
    let ratio = quantile(&after, 0.5) / quantile(&before, 0.5);
    let p = mann_whitney(&before, &after);
    Comparison { verdict: verdict(ratio, p), ratio, p }
}

/// [`compare`] for the turns of several processes on both sides; with fewer it is that of the turns.
pub fn compare_groups(before: &[Vec<f64>], after: &[Vec<f64>]) -> Comparison {
    let (first, second) = (medians(before), medians(after));
    if first.len() < LEAST_GROUPS || second.len() < LEAST_GROUPS {
        return compare(&before.concat(), &after.concat());
    }
    let (before, after) = (Middle::of(&first), Middle::of(&second));
    let ratio = after.mean / before.mean;
    if !ratio.is_finite() {
        return Comparison { verdict: Verdict::Unknown, ratio: 1.0, p: 1.0 };
    }
    let p = student::welch(before, after);
    Comparison { verdict: verdict(ratio, p), ratio, p }
}

fn verdict(ratio: f64, p: f64) -> Verdict {
    match ratio {
        _ if p >= SIGNIFICANCE => Verdict::NoDifference,
        _ if ratio < 1.0 - LEAST_EFFECT => Verdict::Faster,
        _ if ratio > 1.0 + LEAST_EFFECT => Verdict::Slower,
        _ => Verdict::NoDifference,
    }
}

/// Two-sided p of the Mann–Whitney test, by the normal approximation with corrections for ties and continuity.
pub fn mann_whitney(a: &[f64], b: &[f64]) -> f64 {
    let mut all: Vec<(f64, bool)> = a.iter().map(|&x| (x, true)).chain(b.iter().map(|&x| (x, false))).collect();
    all.sort_by(|x, y| x.0.total_cmp(&y.0));
    let (n, m) = (a.len() as f64, b.len() as f64);
    let total = n + m;
    let (mut rank_sum, mut ties, mut start) = (0.0, 0.0, 0);
    for group in all.chunk_by(|x, y| x.0 == y.0) {
        let size = group.len() as f64;
        let rank = start as f64 + (size + 1.0) / 2.0;
        rank_sum += rank * group.iter().filter(|(_, first)| *first).count() as f64;
        ties += size.powi(3) - size;
        start += group.len();
    }
    let u = rank_sum - n * (n + 1.0) / 2.0;
    let variance = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    if variance <= 0.0 {
        return 1.0;
    }
    let z = ((u - n * m / 2.0).abs() - 0.5).max(0.0) / variance.sqrt();
    2.0 * upper_tail(z)
}

/// Chance of a standard normal value above `z` (`z` not negative); Abramowitz and Stegun 26.2.17, good to 7.5e-8.
fn upper_tail(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let terms = [1.330_274_429, -1.821_255_978, 1.781_477_937, -0.356_563_782, 0.319_381_530];
    let polynomial = terms.iter().fold(0.0, |sum, term| (sum + term) * t);
    (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * polynomial
}

/// Geometric mean of positive values; `None` without any.
pub fn geometric_mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let logarithms: Vec<f64> = values.into_iter().filter(|value| *value > 0.0).map(f64::ln).collect();
    let count = logarithms.len();
    (count > 0).then(|| (logarithms.iter().sum::<f64>() / count as f64).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deterministic numbers in [0, 1).
    struct Random(u64);

    impl Random {
        fn next(&mut self) -> f64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 11) as f64 / (1u64 << 53) as f64
        }

        /// Times as programs have them: normal noise of 2 %, and one run in ten held up by something else.
        fn time(&mut self, centre: f64) -> f64 {
            let normal = (0..12).map(|_| self.next()).sum::<f64>() - 6.0;
            let held_up = if self.next() < 0.1 { self.next() * 0.3 } else { 0.0 };
            centre * (1.0 + 0.02 * normal + held_up)
        }

        fn times(&mut self, centre: f64, count: usize) -> Vec<f64> {
            (0..count).map(|_| self.time(centre)).collect()
        }
    }

    fn right_verdicts(change: f64, expected: Verdict) -> usize {
        let mut random = Random(0x9E37_79B9_7F4A_7C15);
        (0..100)
            .filter(|_| {
                let (before, after) = (random.times(1e6, 30), random.times(1e6 * change, 30));
                compare(&before, &after).verdict == expected
            })
            .count()
    }

    #[test]
    fn verdicts_are_right_in_95_of_100_repetitions() {
        for (change, expected) in [(0.95, Verdict::Faster), (1.05, Verdict::Slower), (1.0, Verdict::NoDifference)] {
            let right = right_verdicts(change, expected);
            assert!(right >= 95, "{expected:?}: right {right} times of 100");
        }
    }

    /// Turns of processes that differ by themselves by 1 %; if they are many, one in twenty has half a processor.
    fn processes(random: &mut Random, centre: f64, count: usize) -> Vec<Vec<f64>> {
        let own = |random: &mut Random| centre * (1.0 + 0.01 * ((0..12).map(|_| random.next()).sum::<f64>() - 6.0));
        let held_up = |random: &mut Random| if random.next() < 0.05 { 2.0 } else { 1.0 };
        (0..count)
            .map(|_| {
                let centre = own(random) * if count < 8 { 1.0 } else { held_up(random) };
                random.times(centre, 40)
            })
            .collect()
    }

    #[test]
    fn verdicts_on_processes_are_right_in_95_of_100_repetitions() {
        for (change, expected) in [(0.95, Verdict::Faster), (1.05, Verdict::Slower), (1.0, Verdict::NoDifference)] {
            let mut random = Random(0x9E37_79B9_7F4A_7C15);
            let right = (0..100).filter(|_| {
                let (before, after) = (processes(&mut random, 1e6, 10), processes(&mut random, 1e6 * change, 10));
                compare_groups(&before, &after).verdict == expected
            });
            let right = right.count();
            assert!(right >= 95, "{expected:?}: right {right} times of 100");
        }
    }

    /// And as the turns of one process they would not be: its interval knows nothing of other processes.
    #[test]
    fn a_second_run_is_inside_the_interval_as_often_as_it_says() {
        let mut random = Random(7);
        for count in [3, 5, 10] {
            let (mut inside, mut inside_turns, mut widths) = (0, 0, Vec::new());
            for _ in 0..1000 {
                let (first, second) = (processes(&mut random, 1000.0, count), processes(&mut random, 1000.0, count));
                let holds = |interval: (f64, f64), value: f64| usize::from((interval.0..=interval.1).contains(&value));
                let again = Summary::of_groups(&second, 0.0).unwrap().median;
                let summary = Summary::of_groups(&first, 0.0).unwrap();
                widths.push(summary.uncertainty());
                inside += holds(summary.interval, again);
                inside_turns += holds(Summary::of(&first[0]).unwrap().interval, Summary::of(&second[0]).unwrap().median);
            }
            assert!(inside >= 940, "{count} processes: {inside} of 1000");
            assert!(count < 10 || median(&widths) < 0.025, "±{}", median(&widths));
            assert!(inside_turns < 800, "one process: {inside_turns} of 1000");
        }
    }

    /// A machine whose processors are shared: some of the processes take half as long again, and which ones is chance.
    #[test]
    fn two_states_of_a_machine_are_inside_the_interval_and_no_difference() {
        let mut random = Random(11);
        for share in [0.1, 0.2, 0.3, 0.5] {
            let mut run = || -> Vec<Vec<f64>> {
                let process = |random: &mut Random| {
                    let state = if random.next() < share { 1.5 } else { 1.0 };
                    random.times(1000.0 * state, 10)
                };
                (0..10).map(|_| process(&mut random)).collect()
            };
            let (mut inside, mut same) = (0, 0);
            for _ in 0..500 {
                let (first, second) = (run(), run());
                let interval = Summary::of_groups(&first, 0.0).unwrap().interval;
                let again = Summary::of_groups(&second, 0.0).unwrap().median;
                inside += usize::from((interval.0..=interval.1).contains(&again));
                same += usize::from(compare_groups(&first, &second).verdict == Verdict::NoDifference);
            }
            assert!(inside >= 475 && same >= 475, "{share}: {inside} inside, {same} without a difference, of 500");
        }
    }

    /// A neighbour who is there for a whole run or not at all: nothing within one run tells.
    #[test]
    fn what_others_do_for_a_whole_run_is_inside_the_interval() {
        let mut random = Random(5);
        let alone = processes(&mut random, 1000.0, 10);
        for share in [0.3, 0.6, 1.0] {
            let beside = processes(&mut random, 1000.0 * (1.0 + BESIDE_OTHERS * share), 10);
            let interval = |others| Summary::of_groups(&beside, others).unwrap().interval;
            let again = Summary::of_groups(&alone, 0.0).unwrap().median;
            assert!(interval(share).0 <= again && again < interval(0.0).0, "{share}: {again}, {:?}", interval(share));
        }
    }

    #[test]
    fn a_mean_between_shares_takes_parts_of_values() {
        let sorted = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(mean_between(&sorted, 0.0, 1.0), 3.75);
        assert_eq!(mean_between(&sorted, 0.5, 1.0), 6.0);
        assert_eq!(mean_between(&sorted, 0.625, 1.0), (4.0 * 0.5 + 8.0) / 1.5);
    }

    #[test]
    fn few_processes_are_their_turns() {
        let groups = vec![vec![4.0, 1.0], vec![3.0, 2.0]];
        assert_eq!(Summary::of_groups(&groups, 0.0), Summary::of(&[1.0, 2.0, 3.0, 4.0]));
        assert_eq!(Summary::of_groups(&[], 0.0), None);
        let three = Summary::of_groups(&[vec![1.0], vec![1.0, 1.0], vec![1.0], vec![]], 0.0).unwrap();
        assert_eq!((three.count, three.median, three.interval), (4, 1.0, (0.99, 1.01)));
    }

    #[test]
    fn intervals_hold_the_median_as_often_as_they_say() {
        let mut random = Random(42);
        let mut values = random.times(1000.0, 100_001);
        let true_median = median(&values);
        values.clear();
        for count in [10, 11, 25, 60] {
            let inside = (0..1000)
                .filter(|_| {
                    let interval = Summary::of(&random.times(1000.0, count)).unwrap().interval;
                    (interval.0..=interval.1).contains(&true_median)
                })
                .count();
            assert!(inside >= 940, "{count} values: {inside} of 1000");
        }
    }

    #[test]
    fn a_summary_of_known_numbers() {
        let summary = Summary::of(&[4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((summary.count, summary.mean, summary.median), (4, 2.5, 2.5));
        assert_eq!((summary.min, summary.max), (1.0, 4.0));
        assert!((summary.deviation - 1.290_994).abs() < 1e-6);
        assert_eq!(summary.interval, (1.0, 4.0));
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[7.0]).unwrap().deviation, 0.0);
    }

    #[test]
    fn intervals_of_ten_values_leave_out_the_ends() {
        let values: Vec<f64> = (1..=10).map(f64::from).collect();
        assert_eq!(Summary::of(&values).unwrap().interval, (2.0, 9.0));
    }

    #[test]
    fn outliers_are_counted_by_side() {
        let mut values: Vec<f64> = (100..120).map(f64::from).collect();
        values.push(140.0);
        values.push(1000.0);
        let outliers = Summary::of(&values).unwrap().outliers;
        assert_eq!(outliers, Outliers { low: 0, high: 2, severe: 1 });
    }

    #[test]
    fn equal_samples_do_not_differ_and_few_values_say_nothing() {
        let same = [5.0; 20];
        assert_eq!(compare(&same, &same).verdict, Verdict::NoDifference);
        assert_eq!(compare(&[1.0, 2.0], &[5.0, 6.0]).verdict, Verdict::Unknown);
    }

    #[test]
    fn a_significant_change_below_one_percent_is_no_difference() {
        let before: Vec<f64> = (0..1000).map(|i| 1000.0 + f64::from(i % 10) * 0.1).collect();
        let after: Vec<f64> = before.iter().map(|time| time * 1.005).collect();
        let comparison = compare(&before, &after);
        assert!(comparison.p < SIGNIFICANCE);
        assert_eq!(comparison.verdict, Verdict::NoDifference);
    }

    #[test]
    fn the_normal_tail() {
        for (z, p) in [(0.0, 0.5), (1.959_964, 0.025), (2.575_829, 0.005)] {
            assert!((upper_tail(z) - p).abs() < 1e-6);
        }
    }
}
