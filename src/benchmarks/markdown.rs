//! A report as Markdown: for a README, an issue, a CI summary.
use std::fmt::Write as _;

use super::others;
use super::record::Report;
use super::report::{Table, comparison_table, speed_table};
use super::units;

/// The whole report.
pub fn render(report: &Report) -> String {
    let mut text = String::from("# Benchmarks\n\n");
    let _ = writeln!(text, "{}.\n", report.machine.line());
    if let Some(note) = others::note(report.others) {
        let _ = writeln!(text, "{note}.\n");
    }
    text.push_str(&table(&speed_table(report)));
    text.push_str("\nMedians; `a : b` says how many times faster a is than b.\n\n## Rows\n\n");
    text.push_str(&table(&rows(report)));
    if let Some(baseline) = &report.baseline {
        let _ = writeln!(text, "\n## Compared with {}\n", escape(&baseline.name));
        for warning in &baseline.warnings {
            let _ = writeln!(text, "{}\n", escape(warning));
        }
        text.push_str(&table(&comparison_table(report)));
    }
    let failed: Vec<_> = report.rows.iter().filter_map(|row| Some((row, row.problem.as_ref()?))).collect();
    if !failed.is_empty() {
        text.push_str("\n## Failures\n\n");
        for (row, problem) in failed {
            let _ = writeln!(text, "* {} on {}: {}", escape(&row.script), row.engine, escape(&problem.line()));
        }
    }
    text
}

/// Every number of every row.
fn rows(report: &Report) -> Table {
    use super::report::{Cell, Tone};
    let cell = |text: String| Cell { text, tone: Tone::Plain };
    let head =
        ["script", "engine", "median", "95 % interval", "mean", "sd", "min", "max", "n", "peak memory", "allocations"];
    let mut table = vec![head.map(|name| cell(name.to_owned())).to_vec()];
    for row in &report.rows {
        let Some(summary) = row.summary() else { continue };
        let time = |nanoseconds: f64| cell(units::duration(nanoseconds));
        table.push(vec![
            cell(row.script.clone()),
            cell(row.engine.clone()),
            time(summary.median),
            cell(format!("{} – {}", units::duration(summary.interval.0), units::duration(summary.interval.1))),
            time(summary.mean),
            time(summary.deviation),
            time(summary.min),
            time(summary.max),
            cell(summary.count.to_string()),
            cell(row.peak_memory.map(units::size).unwrap_or_default()),
            cell(row.allocations.map(|allocations| units::count(allocations.count)).unwrap_or_default()),
        ]);
    }
    table
}

/// A table; its first row is the head.
pub fn table(table: &Table) -> String {
    let mut text = String::new();
    for (index, row) in table.iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|cell| escape(&cell.text)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
        if index == 0 {
            let rules: Vec<&str> = (0..row.len()).map(|column| if column == 0 { "---" } else { "---:" }).collect();
            let _ = writeln!(text, "| {} |", rules.join(" | "));
        }
    }
    text
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '<' | '[' => escaped.extend(['\\', c]),
            '\n' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmarks::record::{Problem, ProblemKind, Row};

    #[test]
    fn rows_and_failures_are_listed() {
        let good = Row { script: "a|b".into(), engine: "vm".into(), times: vec![1000; 10], ..Row::default() };
        let bad = Row { problem: Some(Problem::new(ProblemKind::Error, "no")), engine: "jit".into(), ..good.clone() };
        let text = render(&Report { rows: vec![good, bad], ..Report::default() });
        assert!(text.contains("| a\\|b | vm | 1.00 µs | 1.00 µs – 1.00 µs |"), "{text}");
        assert!(text.contains("* a\\|b on jit: no\n"), "{text}");
    }
}
