//! Earlier reports by name, under the user's data folder, and comparing with them.
use std::io;
use std::path::{Path, PathBuf};

use super::others;
use super::record::{Baseline, Report};
use super::stats::{self, Verdict};

/// Where reports are kept: `$XDG_DATA_HOME/rufflang/bench`, by default below `~/.local/share`.
pub fn folder() -> Option<PathBuf> {
    let absolute = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")))?;
    Some(data.join("rufflang").join("bench"))
}

/// The file of a name, which must be one path component of plain characters.
pub fn file(folder: &Path, name: &str) -> Result<PathBuf, String> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(format!("'{name}' is no name for a result: use letters, digits, '-', '_' and '.'"));
    }
    Ok(folder.join(format!("{name}.json")))
}

/// Keeps a report under a name; an earlier one is replaced as a whole or not at all.
pub fn save(report: &Report, file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let draft = file.with_extension(format!("{}.draft", std::process::id()));
    std::fs::write(&draft, format!("{:#}\n", report.to_json()))?;
    std::fs::rename(&draft, file)
}

/// Reads a kept report; the text says why that is impossible.
pub fn load(file: &Path) -> Result<Report, String> {
    let text = std::fs::read_to_string(file).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "nothing is saved under this name".to_owned(),
        _ => error.to_string(),
    })?;
    let json = serde_json::from_str(&text).map_err(|error| format!("it is damaged: {error}"))?;
    Report::from_json(&json)
}

/// Sets every row beside the same row of an earlier report.
pub fn compare(report: &mut Report, earlier: &Report, name: &str) {
    let mut warnings = Vec::new();
    let (now, before) = (&report.machine, &earlier.machine);
    if (&now.processor, now.cores, &now.system) != (&before.processor, before.cores, &before.system) {
        warnings.push(format!("'{name}' was measured on another machine: {}", before.line()));
    }
    if now.optimised != before.optimised {
        warnings
            .push(format!("'{name}' was measured with {} build", if before.optimised { "an optimised" } else { "a debug" }));
    }
    if now.processor_time != before.processor_time {
        warnings.push(format!("'{name}' has {} time", if before.processor_time { "processor" } else { "wall" }));
    }
    if let Some((now, before)) = others::difference(report.others, earlier.others) {
        warnings
            .push(format!("other programs had {now:.0} % of the processors, and {before:.0} % when '{name}' was measured"));
    }
    for row in report.rows.iter_mut().filter(|row| row.passed()) {
        let same = earlier.find(&row.script, &row.engine).filter(|row| row.passed());
        row.comparison = same.map(|same| stats::compare_groups(&same.groups(), &row.groups()));
    }
    report.baseline = Some(Baseline { name: name.to_owned(), warnings });
}

/// Rows that have become slower by more than `share` (0.05 is 5 %), significantly.
pub fn regressions(report: &Report, share: f64) -> Vec<String> {
    let slower = report.rows.iter().filter_map(|row| {
        let comparison = row.comparison?;
        let regressed = comparison.verdict == Verdict::Slower && comparison.ratio > 1.0 + share;
        regressed.then(|| format!("{} on {}: {}", row.script, row.engine, super::units::change(comparison.ratio)))
    });
    slower.collect()
}

/// `5%`, `5 %` or `0.05` as a share. What is 1 or more needs its `%`: `10` is meant as ten per cent, and would be ten times as much.
pub fn parse_share(text: &str) -> Result<f64, String> {
    let wrong = || "a share like 5% or 0.05".to_owned();
    let number = |digits: &str| digits.trim().parse::<f64>().map_err(|_| wrong());
    let share = match text.trim().strip_suffix('%') {
        Some(percent) => number(percent)? * 0.01,
        None => match number(text)? {
            share if share >= 1.0 => return Err(format!("is that {share}%? A share is written like 5% or 0.05")),
            share => share,
        },
    };
    if share.is_finite() && share >= 0.0 { Ok(share) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmarks::record::{Machine, Row};

    fn report(times: impl Iterator<Item = u64>) -> Report {
        let row = Row { script: "fib".into(), engine: "vm".into(), times: times.collect(), ..Row::default() };
        Report { machine: Machine::here(), rows: vec![row], ..Report::default() }
    }

    #[test]
    fn a_saved_report_shows_a_regression() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path(), "before").unwrap();
        save(&report((0..20).map(|i| 1000 + i)), &file).unwrap();
        let earlier = load(&file).unwrap();
        let mut now = report((0..20).map(|i| 1200 + i));
        compare(&mut now, &earlier, "before");
        assert_eq!(now.rows[0].comparison.unwrap().verdict, Verdict::Slower);
        assert_eq!(regressions(&now, 0.05).len(), 1);
        assert_eq!(regressions(&now, 0.25).len(), 0);
        assert_eq!(now.baseline.unwrap().warnings, [""; 0]);
    }

    #[test]
    fn names_stay_inside_the_folder() {
        let folder = Path::new("data");
        assert_eq!(file(folder, "v1.2-fast").unwrap(), folder.join("v1.2-fast.json"));
        for name in ["", "..", "a/b", ".hidden", "a b"] {
            assert!(file(folder, name).is_err(), "{name}");
        }
    }

    #[test]
    fn missing_and_damaged_files_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.json");
        assert_eq!(load(&path).unwrap_err(), "nothing is saved under this name");
        std::fs::write(&path, "{").unwrap();
        assert!(load(&path).unwrap_err().starts_with("it is damaged"));
    }

    #[test]
    fn shares() {
        assert_eq!(parse_share("5%"), Ok(0.05));
        assert_eq!(parse_share("0.1"), Ok(0.1));
        assert_eq!(parse_share("150 %"), Ok(1.5));
        assert!(parse_share("10").is_err_and(|reason| reason.contains("10%")));
        assert!(parse_share("-3%").is_err());
        assert!(parse_share("much").is_err());
    }
}
