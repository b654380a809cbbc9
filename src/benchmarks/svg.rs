//! A report as a picture: bars per script and engine on a logarithmic scale, with the interval of each median.
use std::fmt::Write as _;

use super::record::Report;
use super::stats::Summary;
use super::units;

const LABELS: f64 = 190.0;
const BARS: f64 = 560.0;
const VALUES: f64 = 150.0;
const BAR: f64 = 15.0;
const GAP: f64 = 14.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 48.0;

/// One colour per engine, readable on white, distinct also without colour vision.
const COLOURS: [&str; 5] = ["#9aa5b1", "#3b7dd8", "#d9622b", "#2a9d8f", "#7b4fa3"];

/// The picture as an SVG document of its own.
pub fn render(report: &Report) -> String {
    let (scripts, engines) = (report.scripts(), report.engines());
    let scale = Scale::of(report);
    let group = engines.len() as f64 * BAR + GAP;
    let (width, height) = (LABELS + BARS + VALUES, TOP + scripts.len() as f64 * group + BOTTOM);
    let mut svg = String::new();
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"white\"/>\n\
         <text x=\"12\" y=\"22\" font-size=\"16\" font-weight=\"bold\">ruff bench: median time, less is better</text>"
    );
    legend(&mut svg, &engines);
    axis(&mut svg, &scale, TOP - 6.0, height - BOTTOM + 6.0);
    for (at, script) in scripts.iter().enumerate() {
        let top = TOP + at as f64 * group + GAP / 2.0;
        let middle = top + engines.len() as f64 * BAR / 2.0 + 4.0;
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{middle}\" text-anchor=\"end\">{}</text>",
            LABELS - 8.0,
            escape(&shorten(script))
        );
        for (number, engine) in engines.iter().enumerate() {
            let y = top + number as f64 * BAR;
            let Some(row) = report.find(script, engine) else { continue };
            match row.summary() {
                Some(summary) => bar(&mut svg, &scale, y, COLOURS[number % COLOURS.len()], &summary, script, engine),
                None => {
                    let why = row.problem.as_ref().map(|problem| problem.line()).unwrap_or_default();
                    let _ = writeln!(
                        svg,
                        "<text x=\"{}\" y=\"{}\" fill=\"#b00020\">✗ {engine}: {}</text>",
                        LABELS + 4.0,
                        y + BAR - 4.0,
                        escape(&why)
                    );
                }
            }
        }
    }
    let _ = writeln!(
        svg,
        "<text x=\"12\" y=\"{}\" font-size=\"11\" fill=\"#555\">{}</text>\n</svg>",
        height - 10.0,
        escape(&report.machine.line())
    );
    svg
}

/// Powers of ten around all medians.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn of(report: &Report) -> Scale {
        let medians: Vec<f64> = report.rows.iter().filter_map(|row| row.summary()).map(|s| s.median.max(1.0)).collect();
        let least = medians.iter().copied().fold(f64::INFINITY, f64::min);
        let most = medians.iter().copied().fold(1.0, f64::max);
        if !least.is_finite() {
            return Scale { low: 3.0, high: 9.0 };
        }
        // A bar of the least value must still be seen.
        let low = (least / 1.5).log10().floor();
        Scale { low, high: most.log10().ceil().max(low + 1.0) }
    }

    fn x(&self, nanoseconds: f64) -> f64 {
        let share = (nanoseconds.max(1.0).log10() - self.low) / (self.high - self.low);
        LABELS + BARS * share.clamp(0.0, 1.0)
    }
}

fn legend(svg: &mut String, engines: &[&str]) {
    for (number, engine) in engines.iter().enumerate() {
        let x = LABELS + number as f64 * 90.0;
        let colour = COLOURS[number % COLOURS.len()];
        let _ = writeln!(
            svg,
            "<rect x=\"{x}\" y=\"34\" width=\"12\" height=\"12\" fill=\"{colour}\"/><text x=\"{}\" y=\"44\">{}</text>",
            x + 17.0,
            escape(engine)
        );
    }
}

fn axis(svg: &mut String, scale: &Scale, top: f64, bottom: f64) {
    for exponent in scale.low as i32..=scale.high as i32 {
        let value = 10f64.powi(exponent);
        let x = scale.x(value);
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#dde1e6\"/>\
             <text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#555\" font-size=\"11\">{}</text>",
            bottom + 14.0,
            units::duration(value).replace(".00", "").replace(".0", "")
        );
    }
}

fn bar(svg: &mut String, scale: &Scale, y: f64, colour: &str, summary: &Summary, script: &str, engine: &str) {
    let end = scale.x(summary.median);
    let (low, high) = (scale.x(summary.interval.0), scale.x(summary.interval.1));
    let (middle, value) = (y + BAR / 2.0 - 1.0, units::duration(summary.median));
    let _ = writeln!(
        svg,
        "<rect x=\"{LABELS}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{}\" fill=\"{colour}\"><title>{} on {}: {value}</title></rect>\
         <path d=\"M{low:.1} {middle:.1}H{high:.1}M{low:.1} {:.1}v6M{high:.1} {:.1}v6\" stroke=\"#222\" fill=\"none\"/>\
         <text x=\"{:.1}\" y=\"{:.1}\" font-size=\"11\">{value}</text>",
        (end - LABELS).max(1.0),
        BAR - 2.0,
        escape(script),
        escape(engine),
        middle - 3.0,
        middle - 3.0,
        end.max(high) + 5.0,
        y + BAR - 4.0,
    );
}

fn shorten(name: &str) -> String {
    const MOST: usize = 28;
    let count = name.chars().count();
    if count <= MOST { name.to_owned() } else { format!("…{}", name.chars().skip(count - MOST + 1).collect::<String>()) }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmarks::record::{Problem, ProblemKind, Row};

    #[test]
    fn every_row_is_in_the_picture() {
        let good = Row { script: "a<b".into(), engine: "vm".into(), times: vec![1500; 10], ..Row::default() };
        let bad = Row { problem: Some(Problem::new(ProblemKind::Error, "x & y")), engine: "jit".into(), ..good.clone() };
        let svg = render(&Report { rows: vec![good, bad], ..Report::default() });
        assert!(svg.contains("a&lt;b on vm: 1.50 µs"), "{svg}");
        assert!(svg.contains("✗ jit: x &amp; y"), "{svg}");
        assert!(svg.trim_end().ends_with("</svg>"));
    }

    #[test]
    fn an_empty_report_is_still_a_picture() {
        assert!(render(&Report::default()).contains("</svg>"));
    }
}
