//! `ruff jit explain`: runs a script and shows its source with what became of each loop and function.
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use super::options::{LimitOptions, Permissions};
use super::run::{load_for_report, report_end};
use super::{Context, internal_fault, print_result};
use crate::benchmarks::report::Paint;
use crate::diagnostics::Style;
use crate::driver::engine::jit_report::{Fate, Report, Tier};
use crate::driver::engine::{self, JitMode, RunOptions};
use crate::driver::thread::handle_interrupts;

#[derive(Args, Debug)]
pub struct JitArgs {
    #[command(subcommand)]
    command: JitCommand,
}

#[derive(Subcommand, Debug)]
enum JitCommand {
    /// Run a script, then show its source with what was compiled to machine code, and why the rest was not
    Explain(ExplainArgs),
}

#[derive(Args, Debug)]
#[command(
    after_help = "The script's own output is not shown. The report is written even if the script fails; the exit code is the script's."
)]
struct ExplainArgs {
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    limits: LimitOptions,
    #[command(flatten)]
    permissions: Permissions,
    /// The script
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The script's arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    args: Vec<String>,
}

/// Options of a run for what the compiler makes of the script: its output is not shown, and code is made at once, so that it is the
/// same each time.
pub(super) fn unheard_run(args: &[String], permissions: &Permissions, limits: &LimitOptions) -> RunOptions {
    let mut options = RunOptions::new(engine::Mode::new(engine::EngineKind::Jit));
    options.mode.jit.mode = JitMode::Sync;
    options.args = args.to_vec();
    options.capabilities = permissions.0.clone();
    options.captured = Some(String::new());
    options.tidy = false;
    limits.apply(&mut options);
    options
}

pub fn run(args: JitArgs, context: Context) -> i32 {
    let JitCommand::Explain(args) = args.command;
    let loaded = match load_for_report(&args.file, context) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let mut options = unheard_run(&args.args, &args.permissions, &args.limits);
    options.mode.jit.explain = true;
    handle_interrupts();
    let outcome = engine::run(&loaded, &options);
    let Some(report) = outcome.jit else { return internal_fault("a run without a report of its compiler") };
    let name = args.file.to_string_lossy();
    print_result(&if args.json {
        format!("{:#}\n", as_json(&report))
    } else {
        let paint = Paint(context.colour.on_stdout().style == Style::Coloured);
        annotated(&name, loaded.sources.text(crate::source::SourceId(0)), &report, paint)
    });
    report_end(&outcome.end, &loaded, &options, context)
}

fn as_json(report: &Report) -> Json {
    let fate = |fate: &Fate| {
        json!({
            "file": fate.file, "line": fate.line, "function": fate.function, "loop": fate.is_loop,
            "tier": fate.tier.name(), "remarks": fate.remarks,
        })
    };
    json!({
        "schema": "rufflang.jit-explain/1",
        "places": report.fates.iter().map(fate).collect::<Vec<_>>(),
        "compiled": report.stats.compiled(), "compiled_share": report.stats.share(),
    })
}

/// The source, with a comment below each line that has a function or loop.
fn annotated(file: &str, source: &str, report: &Report, paint: Paint) -> String {
    let mut out = String::new();
    let width = source.lines().count().to_string().len();
    for (index, line) in source.lines().enumerate() {
        let number = index as u32 + 1;
        out += &format!("{number:>width$} | {line}\n");
        let indent: String = line.chars().take_while(|c| c.is_whitespace()).collect();
        for fate in report.fates.iter().filter(|fate| fate.file == file && fate.line == number) {
            for line in described(fate) {
                let line = match fate.tier {
                    Tier::Compiled => paint.good(&line),
                    Tier::Vm => paint.dim(&line),
                };
                out += &format!("{:>width$} | {indent}{line}\n", "");
            }
        }
    }
    let elsewhere: Vec<&Fate> = report.fates.iter().filter(|fate| fate.file != file).collect();
    if !elsewhere.is_empty() {
        out += "\nIn other files\n";
    }
    for fate in elsewhere {
        out += &format!("{}:{}\n", fate.file, fate.line);
        described(fate).iter().for_each(|line| out += &format!("    {line}\n"));
    }
    let stats = &report.stats;
    let all = stats.work_compiled + stats.work_vm;
    out + &format!("\n{:.1}% of {all} instructions ran compiled\n", 100.0 * stats.share())
}

/// `^ loop: compiled after 768 turns, …`, further remarks below.
fn described(fate: &Fate) -> Vec<String> {
    let what = if fate.is_loop { "loop".to_owned() } else { format!("func {}", fate.function) };
    let first = format!("^ {what} [{}] {}", fate.tier.name(), fate.remarks.first().map_or("", String::as_str));
    std::iter::once(first).chain(fate.remarks.iter().skip(1).map(|remark| format!("    {remark}"))).collect()
}
