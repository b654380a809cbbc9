//! A profile for people: plain text for the terminal, and Markdown.
use std::fmt::Write as _;

use crate::benchmarks::report::Paint;
use crate::benchmarks::units;
use crate::source::SourceMap;

use super::{JitStats, Measure, Profile, Share, tier_name};

/// Lines of a table.
const MOST: usize = 15;

/// The report for a terminal.
pub fn render(profile: &Profile, sources: &SourceMap, paint: Paint) -> String {
    let mut text = format!("{}\n", paint.strong(&title(profile)));
    for line in facts(profile) {
        let _ = writeln!(text, "{line}");
    }
    for section in sections(profile) {
        let _ = writeln!(text, "\n{}", paint.dim(&format!("   own  total  {}", section.title)));
        for share in section.shares.iter().take(MOST) {
            let (own, total) = (percent(share.own, section.sum), percent(share.total, section.sum));
            let source = if section.lines { source_line(&share.name, sources) } else { String::new() };
            let line = format!("{own:>5}  {total:>5}  {}  {}", share.name, paint.dim(&source));
            let _ = writeln!(text, " {}", line.trim_end());
        }
    }
    text
}

/// The report as Markdown.
pub fn markdown(profile: &Profile, sources: &SourceMap) -> String {
    let mut text = format!("# Profile of {}\n\n", title(profile));
    for line in facts(profile) {
        let _ = writeln!(text, "* {line}");
    }
    for section in sections(profile) {
        let _ = writeln!(text, "\n## {}\n\n| own | total | where | source |\n| ---: | ---: | --- | --- |", section.title);
        for share in section.shares.iter().take(MOST) {
            let source = if section.lines { source_line(&share.name, sources) } else { String::new() };
            let source =
                if source.is_empty() { source } else { format!("`{}`", source.replace('|', "\\|").replace('`', "'")) };
            let (own, total) = (percent(share.own, section.sum), percent(share.total, section.sum));
            let _ = writeln!(text, "| {own} | {total} | {} | {source} |", share.name.replace('|', "\\|"));
        }
    }
    text
}

fn title(profile: &Profile) -> String {
    format!("{} on {}: {}", profile.script, profile.engine, units::duration(profile.wall.as_nanos() as f64))
}

fn facts(profile: &Profile) -> Vec<String> {
    let sum = profile.sum(Measure::Nanoseconds);
    let tiers: Vec<String> =
        profile.tiers().iter().map(|(tier, time)| format!("{} {}", tier_name(*tier), percent(*time, sum))).collect();
    let samples = profile.samples();
    let mut facts = vec![match samples {
        0 => "no samples: it ended before the first millisecond".to_owned(),
        _ => format!("{samples} samples: {}", tiers.join(", ")),
    }];
    if let Some(peak) = profile.peak_memory {
        facts.push(format!("peak memory {}", units::size(peak)));
    }
    if let Some(made) = profile.allocations {
        facts.push(format!("allocated {} blocks, {}", units::count(made.count), units::size(made.bytes)));
    }
    facts.extend(profile.jit.iter().flat_map(jit_facts));
    facts
}

/// What was compiled, how it was entered and left, and what compiling took.
fn jit_facts(stats: &JitStats) -> Vec<String> {
    let refused: u64 = stats.refused.values().sum();
    let mut facts = vec![format!(
        "compiled {} functions and {} loops, {} of code, in {}; {refused} refused, {} discarded",
        stats.functions,
        stats.loops,
        units::size(stats.code_bytes),
        units::duration(stats.times.total().as_nanos() as f64),
        stats.discarded
    )];
    if let Some(share) = stats.cache_success() {
        facts.push(format!(
            "inline caches of the VM where it was watched: {} hits, {} misses ({:.2}% hits)",
            units::count(stats.cache_hits),
            units::count(stats.cache_misses),
            share * 100.0
        ));
    }
    if let Some(share) = stats.guard_success() {
        facts.push(format!(
            "compiled code was entered {} times and left {} times by a check ({:.2}% guard success)",
            units::count(stats.entered),
            units::count(stats.exits),
            share * 100.0
        ));
    }
    facts
}

struct Section {
    title: &'static str,
    shares: Vec<Share>,
    sum: u64,
    /// Names are `file:line`.
    lines: bool,
}

fn sections(profile: &Profile) -> Vec<Section> {
    let section = |title, measure: Measure, lines: bool| {
        let shares = if lines { profile.lines(measure) } else { profile.functions(measure) };
        Section { title, shares, sum: profile.sum(measure), lines }
    };
    let mut sections = vec![
        section("functions by time", Measure::Nanoseconds, false),
        section("lines by time", Measure::Nanoseconds, true),
        section("functions by memory allocated", Measure::Bytes, false),
        section("lines by memory allocated", Measure::Bytes, true),
    ];
    sections.retain(|section| !section.shares.is_empty());
    sections
}

fn percent(part: u64, whole: u64) -> String {
    format!("{:.1}%", part as f64 * 100.0 / whole.max(1) as f64)
}

/// The text of a `file:line`.
fn source_line(position: &str, sources: &SourceMap) -> String {
    let Some((file, line)) = position.rsplit_once(':') else { return String::new() };
    let (Ok(line), Some((_, source))) = (line.parse(), sources.iter().find(|(_, source)| source.name() == file)) else {
        return String::new();
    };
    source.line_text(line).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_stand_beside_source_lines() {
        let mut sources = SourceMap::new();
        sources.add("a.ruff", "\n\n    return fib(n - 1) + fib(n - 2)\n");
        let profile = super::super::tests::profile();
        let text = render(&profile, &sources, Paint(false));
        assert!(text.starts_with("a.ruff on jit: 101 ms\n100 samples: vm 60.0%, builtin 30.0%, compiled 10.0%\n"), "{text}");
        assert!(text.contains(" 60.0%  60.0%  a.ruff:3  return fib(n - 1) + fib(n - 2)\n"), "{text}");
        assert!(text.contains("100.0%  100.0%  sort\n"), "{text}");
        assert!(markdown(&profile, &sources).contains("| 60.0% | 60.0% | a.ruff:3 | `return fib(n - 1) + fib(n - 2)` |"));
    }
}
