//! A report as text for people: a line per row while the work goes on, tables at its end.
use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr;

use super::others;
use super::record::{Report, Row};
use super::stats::{Verdict, geometric_mean};
use super::units;

/// Whether text is coloured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Paint(pub bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    pub fn good(self, text: &str) -> String {
        self.with("32", text)
    }

    pub fn bad(self, text: &str) -> String {
        self.with("1;31", text)
    }

    pub fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    pub fn dim(self, text: &str) -> String {
        self.with("2", text)
    }
}

/// Parts of a histogram line.
const HISTOGRAM: usize = 12;

/// The lines of one row, with the script's name before its first engine.
pub fn row_lines(row: &Row, first: bool, paint: Paint) -> String {
    let mut text = String::new();
    if first {
        let _ = writeln!(text, "{}", paint.strong(&row.script));
    }
    match (&row.problem, row.summary()) {
        (Some(problem), _) => {
            let _ = writeln!(text, "  {} {:<9} {}", paint.bad("✗"), row.engine, problem.line());
        }
        (None, None) => {
            let _ = writeln!(text, "  {} {:<9} nothing was measured", paint.bad("✗"), row.engine);
        }
        (None, Some(summary)) => {
            let median = format!("{:>8} ±{:>4.1} %", units::duration(summary.median), summary.uncertainty() * 100.0);
            let _ = writeln!(
                text,
                "  {} {:<9} {}  mean {:>8}  sd {:>8}  min {:>8}  max {:>8}  n {:>4}  {}",
                paint.good("✓"),
                row.engine,
                paint.strong(&median),
                units::duration(summary.mean),
                units::duration(summary.deviation),
                units::duration(summary.min),
                units::duration(summary.max),
                summary.count,
                units::histogram(&row.values(), HISTOGRAM),
            );
            text.push_str(&details(row, &paint));
        }
    }
    text
}

/// What is not the same for every row: interval, outliers, memory, stages, notes.
fn details(row: &Row, paint: &Paint) -> String {
    let Some(summary) = row.summary() else { return String::new() };
    let interval = format!("95 % [{}, {}]", units::duration(summary.interval.0), units::duration(summary.interval.1));
    let mut parts = vec![match row.processes.len() {
        0 | 1 => interval,
        count => format!("{interval} by {count} processes"),
    }];
    let outliers = summary.outliers;
    if outliers.count() > 0 {
        let severe = if outliers.severe > 0 { format!(", {} severe", outliers.severe) } else { String::new() };
        parts.push(format!("outliers {} low, {} high{severe}", outliers.low, outliers.high));
    }
    parts.push(format!("parse {}", units::duration(row.stages.parse as f64)));
    parts.push(format!("resolve {}", units::duration(row.stages.resolve as f64)));
    if row.stages.compile > 0 {
        parts.push(format!("compile {}", units::duration(row.stages.compile as f64)));
    }
    if let Some(peak) = row.peak_memory {
        parts.push(format!("peak {}", units::size(peak)));
    }
    if let Some(allocations) = row.allocations {
        let (count, bytes) = (units::count(allocations.count), units::size(allocations.bytes));
        parts.push(format!("allocated {count} blocks, {bytes}"));
    }
    if row.output > 0 {
        parts.push(format!("printed {}", units::size(row.output)));
    }
    let mut text = format!("    {}\n", paint.dim(&parts.join(" · ")));
    for note in &row.notes {
        let _ = writeln!(text, "    {}", paint.dim(&format!("note: {note}")));
    }
    text
}

/// The tables at the end: medians and speed-ups, then the comparison with an earlier report.
pub fn tables(report: &Report, paint: Paint) -> String {
    let mut text = String::new();
    if report.engines().len() > 1 {
        text.push_str(&render(&speed_table(report), paint));
        text.push('\n');
    }
    if let Some(baseline) = &report.baseline {
        let _ = writeln!(text, "Compared with '{}':", baseline.name);
        for warning in &baseline.warnings {
            let _ = writeln!(text, "  {warning}");
        }
        text.push_str(&render(&comparison_table(report), paint));
        text.push('\n');
    }
    let failed = report.rows.iter().filter(|row| !row.passed()).count();
    let _ = writeln!(text, "{}", paint.dim(&report.machine.line()));
    if let Some(note) = others::note(report.others) {
        let _ = writeln!(text, "{note}");
    }
    if failed > 0 {
        let _ = writeln!(text, "{}", paint.bad(&format!("{failed} of {} rows failed", report.rows.len())));
    }
    text
}

/// How a cell is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    Plain,
    Good,
    Bad,
}

/// A cell of a table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cell {
    pub text: String,
    pub tone: Tone,
}

impl Cell {
    fn plain(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), tone: Tone::Plain }
    }
}

/// Rows of cells; the first is the head. The first column is left-aligned, the others right-aligned.
pub type Table = Vec<Vec<Cell>>;

/// Pairs of engines whose ratio has a column: each against the first, and the last two.
fn pairs(engines: &[&str]) -> Vec<(usize, usize)> {
    let mut pairs: Vec<_> = (1..engines.len()).map(|at| (0, at)).collect();
    if engines.len() > 2 {
        pairs.push((engines.len() - 2, engines.len() - 1));
    }
    pairs
}

/// Median per engine, and how many times faster the later engines are; the last row has geometric means.
pub fn speed_table(report: &Report) -> Table {
    let engines = report.engines();
    let pairs = pairs(&engines);
    let mut head = vec![Cell::plain("script")];
    head.extend(engines.iter().map(|engine| Cell::plain(*engine)));
    head.extend(pairs.iter().map(|&(slow, fast)| Cell::plain(format!("{} : {}", engines[fast], engines[slow]))));
    let mut table = vec![head];
    for script in report.scripts() {
        let mut cells = vec![Cell::plain(script)];
        cells.extend(engines.iter().map(|engine| median_cell(report.find(script, engine))));
        cells.extend(pairs.iter().map(|&(slow, fast)| factor_cell(report.speed_up(script, engines[slow], engines[fast]))));
        table.push(cells);
    }
    if report.scripts().len() > 1 {
        let mut cells = vec![Cell::plain("geometric mean")];
        cells.extend(engines.iter().map(|_| Cell::plain("")));
        cells.extend(pairs.iter().map(|&(slow, fast)| {
            let scripts = report.scripts();
            let factors = scripts.iter().filter_map(|script| report.speed_up(script, engines[slow], engines[fast]));
            factor_cell(geometric_mean(factors))
        }));
        table.push(cells);
    }
    table
}

fn median_cell(row: Option<&Row>) -> Cell {
    match row.map(|row| (row.passed(), row.summary())) {
        Some((true, Some(summary))) => Cell::plain(units::duration(summary.median)),
        Some(_) => Cell { text: "✗".to_owned(), tone: Tone::Bad },
        None => Cell::plain(""),
    }
}

fn factor_cell(factor: Option<f64>) -> Cell {
    match factor {
        Some(factor) => {
            let tone = if factor >= 1.05 {
                Tone::Good
            } else if factor < 0.95 {
                Tone::Bad
            } else {
                Tone::Plain
            };
            Cell { text: units::factor(factor), tone }
        }
        None => Cell::plain("-"),
    }
}

/// Per row of a compared report: the change of the median and the verdict.
pub fn comparison_table(report: &Report) -> Table {
    let head = ["script", "engine", "median", "change", "p", "verdict"];
    let mut table = vec![head.map(Cell::plain).to_vec()];
    for row in &report.rows {
        let Some(summary) = row.summary() else { continue };
        let mut cells =
            vec![Cell::plain(&row.script), Cell::plain(&row.engine), Cell::plain(units::duration(summary.median))];
        match row.comparison {
            Some(comparison) => {
                let tone = match comparison.verdict {
                    Verdict::Faster => Tone::Good,
                    Verdict::Slower => Tone::Bad,
                    Verdict::NoDifference | Verdict::Unknown => Tone::Plain,
                };
                cells.push(Cell { text: units::change(comparison.ratio), tone });
                cells.push(Cell::plain(format!("{:.3}", comparison.p)));
                cells.push(Cell { text: comparison.verdict.words().to_owned(), tone });
            }
            None => cells.extend(["", "", "not in it"].map(Cell::plain)),
        }
        table.push(cells);
    }
    table
}

/// A table with aligned columns.
pub fn render(table: &Table, paint: Paint) -> String {
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let width_of = |column: usize| table.iter().filter_map(|row| row.get(column)).map(|cell| cell.text.width()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width_of(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for (index, row) in table.iter().enumerate() {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let gap = " ".repeat(widths[column].saturating_sub(cell.text.width()));
            let shown = match cell.tone {
                _ if index == 0 => paint.dim(&cell.text),
                Tone::Plain => cell.text.clone(),
                Tone::Good => paint.good(&cell.text),
                Tone::Bad => paint.bad(&cell.text),
            };
            let separator = if column == 0 { "" } else { "  " };
            let _ =
                if column == 0 { write!(line, "{separator}{shown}{gap}") } else { write!(line, "{separator}{gap}{shown}") };
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmarks::record::{Problem, ProblemKind};

    fn row(script: &str, engine: &str, median: u64) -> Row {
        Row { script: script.into(), engine: engine.into(), times: vec![median; 10], ..Row::default() }
    }

    fn report() -> Report {
        let mut broken = row("sort", "jit", 1);
        broken.problem = Some(Problem::new(ProblemKind::Error, "TypeError: no"));
        let rows = vec![
            row("fib", "interp", 8_000_000),
            row("fib", "vm", 2_000_000),
            row("fib", "jit", 500_000),
            row("sort", "interp", 9_000),
            row("sort", "vm", 3_000),
            broken,
        ];
        Report { rows, ..Report::default() }
    }

    #[test]
    fn speed_ups_stand_beside_medians() {
        let text = render(&speed_table(&report()), Paint(false));
        let expected = "\
script           interp       vm     jit  vm : interp  jit : interp  jit : vm
fib             8.00 ms  2.00 ms  500 µs        4.00x         16.0x     4.00x
sort            9.00 µs  3.00 µs       ✗        3.00x             -         -
geometric mean                                  3.46x         16.0x     4.00x
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_failing_row_says_why() {
        let report = report();
        let text = row_lines(report.rows.last().unwrap(), true, Paint(false));
        assert_eq!(text, "sort\n  ✗ jit       TypeError: no\n");
    }

    #[test]
    fn without_colour_there_are_no_escapes() {
        let report = report();
        let all: String = report.rows.iter().map(|row| row_lines(row, true, Paint(false))).collect();
        assert!(!(all + &tables(&report, Paint(false))).contains('\x1b'));
        assert!(tables(&report, Paint(true)).contains("\x1b[32m"));
    }
}
