//! Durations, sizes and ratios as people read them.

/// `812 ns`, `12.3 µs`, `4.56 ms`, `1.20 s`: three figures.
pub fn duration(nanoseconds: f64) -> String {
    const UNITS: [(&str, f64); 3] = [("s", 1e9), ("ms", 1e6), ("µs", 1e3)];
    // A value that would be rounded up to 1000 of a unit is shown in the next one.
    match UNITS.iter().find(|(_, size)| nanoseconds >= size * 0.9995) {
        Some((unit, size)) => format!("{} {unit}", three_figures(nanoseconds / size)),
        None => format!("{nanoseconds:.0} ns"),
    }
}

fn three_figures(value: f64) -> String {
    match value {
        _ if value >= 99.95 => format!("{value:.0}"),
        _ if value >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// `640 B`, `12.0 KiB`, `3.50 MiB`.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut amount = bytes as f64 / 1024.0;
    let mut unit = 0;
    while amount >= 1023.95 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    format!("{} {}", three_figures(amount), UNITS[unit])
}

/// `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `0.25x`, `4.1x`, `120x`.
pub fn factor(value: f64) -> String {
    match value {
        _ if value >= 99.5 => format!("{value:.0}x"),
        _ if value >= 9.95 => format!("{value:.1}x"),
        _ => format!("{value:.2}x"),
    }
}

/// `+4.2 %`, `-13.0 %`: how far a ratio is from 1.
pub fn change(ratio: f64) -> String {
    let percent = (ratio - 1.0) * 100.0;
    let percent = if percent.abs() < 0.05 { 0.0 } else { percent };
    format!("{percent:+.1} %")
}

/// A line of blocks: how many values lie in each of `width` equal parts of their range. Values far above the rest share the
/// last part.
pub fn histogram(values: &[f64], width: usize) -> String {
    const BLOCKS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let mut sorted: Vec<f64> = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (Some(&low), Some(&high)) = (sorted.first(), sorted.get(sorted.len() * 95 / 100).or(sorted.last())) else {
        return String::new();
    };
    let step = (high - low) / width as f64;
    let mut counts = vec![0usize; width];
    for value in &sorted {
        let at = if step > 0.0 { ((value - low) / step) as usize } else { 0 };
        counts[at.min(width - 1)] += 1;
    }
    let most = counts.iter().copied().max().unwrap_or(1).max(1);
    counts.iter().map(|&count| BLOCKS[(count * 8).div_ceil(most)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_three_figures() {
        let cases = [
            (0.0, "0 ns"),
            (812.4, "812 ns"),
            (999.7, "1.00 µs"),
            (12_345.0, "12.3 µs"),
            (999_960.0, "1.00 ms"),
            (4_560_000.0, "4.56 ms"),
            (123_456_789.0, "123 ms"),
            (1.2e9, "1.20 s"),
            (125e9, "125 s"),
        ];
        for (nanoseconds, text) in cases {
            assert_eq!(duration(nanoseconds), text);
        }
    }

    #[test]
    fn sizes_counts_factors_and_changes() {
        assert_eq!(size(640), "640 B");
        assert_eq!(size(12 << 10), "12.0 KiB");
        assert_eq!(size(7 << 19), "3.50 MiB");
        assert_eq!(size((1 << 20) - 1), "1.00 MiB");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
        assert_eq!(factor(4.123), "4.12x");
        assert_eq!(factor(120.4), "120x");
        assert_eq!(change(1.042), "+4.2 %");
        assert_eq!(change(0.9999), "+0.0 %");
    }

    #[test]
    fn histograms_show_where_values_lie() {
        let mut values = vec![1.0; 10];
        values.extend([2.0; 5]);
        assert_eq!(histogram(&values, 4), "█  ▄");
        assert_eq!(histogram(&[3.0], 3), "█  ");
        assert_eq!(histogram(&[], 3), "");
    }
}
