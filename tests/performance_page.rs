//! The generated tables of notes/performance.md say what is so.
//!
//! `UPDATE_NOTES=1 cargo test --test performance_page` writes the table of sizes; with `RUFF=target/release/ruff` also the
//! table of costs, which depends on the machine. Otherwise the sizes must be what is measured, and the costs those of the
//! blocks there are.
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use ruff::benchmarks::units;
use ruff::driver::engine::{End, EngineKind, Mode, RunOptions};
use ruff::driver::repeat::on_one_machine;
use ruff::driver::{Script, Text, testing};
use ruff::value::{Allocations, count_allocations};

/// What a value is called, and how it is made anew for each `i`.
const KINDS: &[(&str, &str)] = &[
    ("`null`, bool, integer, float", "i"),
    ("integer of 100 bits", "big + i"),
    ("text of 5 characters", "\"n${i + 1000}\""),
    ("text of 100 characters", "\"${long}${i + 1000}\""),
    ("empty array", "[]"),
    ("array of 10 integers", "[i, 2, 3, 4, 5, 6, 7, 8, 9, 10]"),
    ("array of 10 floats", "[i * 0.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]"),
    ("array of 10 values of several kinds", "[i, true, null, 2.5, 5, 6, 7, 8, 9, 10]"),
    ("range", "1..i"),
    ("empty dict", "{}"),
    ("dict of 2 pairs", "{x: i, y: 2}"),
    ("dict of 10 pairs", "{a: i, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8, i: 9, j: 10}"),
    ("set of 3", "set(three)"),
    ("instance with 2 integer fields", "Point { x: i, y: 2 }"),
    ("instance with 5 fields", "Item { id: i, name: \"n\", price: 1.5, tags: null, left: 3 }"),
    ("`Some(1)`, `Ok(1)`", "Some(i)"),
    ("enum value with 2 payload values", "Shape.Box(i, 2)"),
    ("enum value without payload", "Shape.Dot"),
    ("function without captures", "add"),
    ("closure over one variable", "x => x + i"),
    ("closure over one variable that changes", "counter(i)"),
    ("error", "Error(\"no\")"),
    ("iterator", "iter(three)"),
];

const DECLARATIONS: &str = "three := [1, 2, 3]
big := 2 ** 99
long := \"0123456789ab\" * 8
struct Point { x: int, y: int }
struct Item { id, name, price, tags, left }
enum Shape { Dot, Box(w, h) }
func add(a, b) { return a + b }
func counter(i) { n := i; return () => { n += 1; return n } }
";

fn page_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("notes/performance.md")
}

fn updating() -> bool {
    std::env::var_os("UPDATE_NOTES").is_some()
}

/// What stands between the markers of a generated table.
fn generated(page: &str, name: &str) -> std::ops::Range<usize> {
    let begin = format!("<!-- {name} -->\n\n");
    let start = page.find(&begin).unwrap_or_else(|| panic!("the page has no table `{name}`")) + begin.len();
    let end = page[start..].find("\n<!-- end -->").expect("a table has an end");
    start..start + end
}

fn replace_table(name: &str, table: &str) {
    let mut page = std::fs::read_to_string(page_path()).expect("the page is part of the project");
    let range = generated(&page, name);
    page.replace_range(range, table);
    std::fs::write(page_path(), page).expect("the page can be written");
}

/// Values made per run, so that what happens once does not count.
const MADE: u64 = 1000;

/// Blocks and bytes for one value of an expression.
fn made_by(expression: &str) -> Allocations {
    let program = format!(
        "{DECLARATIONS}func make(i) {{ return {expression} }}\nfunc all() {{ for i in 0..{MADE} {{ make(i) }} }}\nall()\n"
    );
    let script = Script::resolve(Text::inline("sizes.ruff", program));
    assert!(!script.has_errors(), "{expression}: {:?}", script.diagnostics);
    let loaded = Arc::new(script.load().expect("it has no errors"));
    let mut options = RunOptions::new(Mode::new(EngineKind::Vm));
    options.captured = Some(String::new());
    let counted = on_one_machine(&loaded, &options, |machine| {
        // What is made only once is made in the first run.
        let first = machine.run();
        assert!(matches!(first, End::Done), "{expression}: {first:?}");
        let before = count_allocations(true);
        machine.run();
        let after = count_allocations(false);
        Allocations { count: after.count - before.count, bytes: after.bytes - before.bytes }
    });
    let all = counted.unwrap_or_else(|end| panic!("{expression}: {end:?}"));
    Allocations { count: all.count / MADE, bytes: all.bytes / MADE }
}

fn table_of_sizes() -> String {
    let mut table = "| value | bytes | blocks |\n| --- | ---: | ---: |\n".to_owned();
    for (name, expression) in KINDS {
        let Allocations { count, bytes } = made_by(expression);
        table += &format!("| {name} | {bytes} | {count} |\n");
    }
    table
}

#[test]
fn the_table_of_sizes_is_true() {
    let table = table_of_sizes();
    if updating() {
        return replace_table("sizes", &table);
    }
    let page = std::fs::read_to_string(page_path()).expect("the page is part of the project");
    assert_eq!(&page[generated(&page, "sizes")], table, "UPDATE_NOTES=1 cargo test --test performance_page");
}

// ---- costs ----

const COSTS: &str = "benchmarks/costs/costs.ruff";

fn blocks() -> Vec<String> {
    let text = Text::file(&Path::new(env!("CARGO_MANIFEST_DIR")).join(COSTS)).expect("the script is part of the project");
    let loaded = Script::resolve(text).load().expect("it has no errors");
    testing::benches(&loaded).into_iter().map(|bench| bench.name).collect()
}

fn measured_costs(ruff: &OsStr) -> String {
    let output = Command::new(ruff)
        .args(["bench", "--json", "--cpu", "--time", "200ms", COSTS])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("the optimised program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    let report = ruff::benchmarks::record::Report::from_json(&json).expect("it is a report");
    let mut table = format!(
        "{}.\n\n| nanoseconds per operation | interp | vm | jit |\n| --- | ---: | ---: | ---: |\n",
        report.machine.line()
    );
    for script in report.scripts() {
        let name = script.split_once(testing::SEPARATOR).map_or(script, |(_, name)| name);
        let cell = |engine| {
            let median =
                report.find(script, engine).and_then(|row| row.summary()).map_or(f64::NAN, |summary| summary.median);
            // A block does its operation 1000 times, except the one that does nothing.
            let per_operation = if name == "call a block" { median } else { median / 1000.0 };
            if per_operation < 10.0 { format!("{per_operation:.1}") } else { units::count(per_operation.round() as u64) }
        };
        table += &format!("| {name} | {} | {} | {} |\n", cell("interp"), cell("vm"), cell("jit"));
    }
    table
}

#[test]
fn every_cost_has_a_row() {
    if updating()
        && let Some(ruff) = std::env::var_os("RUFF")
    {
        return replace_table("costs", &measured_costs(&ruff));
    }
    let page = std::fs::read_to_string(page_path()).expect("the page is part of the project");
    let table = &page[generated(&page, "costs")];
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let rows: Vec<&str> = rows.filter(|name| *name != "---" && *name != "nanoseconds per operation").collect();
    assert_eq!(rows, blocks(), "UPDATE_NOTES=1 RUFF=target/release/ruff cargo test --test performance_page");
}
