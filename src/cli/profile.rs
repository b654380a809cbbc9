//! `ruff profile`: runs a script and says where its time and memory go.
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::options::{EngineOptions, LimitOptions, Permissions};
use super::run::{load_for_report, report_end};
use super::{Context, exit, print_result};
use crate::benchmarks::report::Paint;
use crate::diagnostics::Style;
use crate::driver::Loaded;
use crate::driver::engine::RunOptions;
use crate::driver::thread::handle_interrupts;
use crate::profiler::{self, Measure, Profile, formats, text};

#[derive(Args, Debug)]
#[command(
    after_help = "The script's own output is not shown, so that the report can be used; --output shows it on standard error.\n\
The report is written even if the script fails; the exit code is the script's."
)]
pub struct ProfileArgs {
    /// Draw a flame graph into this file
    #[arg(long, value_name = "FILE")]
    flamegraph: Option<PathBuf>,
    /// How to print the report
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    format: Format,
    /// Print the report as JSON
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Also count allocations and say where they are made; a flame graph then shows bytes
    #[arg(long)]
    memory: bool,
    /// Write /tmp/perf-PID.map, by which `perf` knows compiled code; for other commands set RUFFLANG_PERF_MAP=1
    #[arg(long)]
    perf_map: bool,
    /// Show what the script prints, on standard error
    #[arg(long)]
    output: bool,
    #[command(flatten)]
    engine: EngineOptions,
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

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Format {
    Text,
    Md,
    Json,
    Speedscope,
    Folded,
}

pub fn run(args: ProfileArgs, context: Context) -> i32 {
    let loaded = match load_for_report(&args.file, context) {
        Ok(loaded) => loaded,
        Err(code) => return code,
    };
    let mut options = RunOptions::new(args.engine.mode());
    options.mode.jit.perf_map |= args.perf_map;
    options.args = args.args.clone();
    options.capabilities = args.permissions.0.clone();
    options.tidy = false;
    args.limits.apply(&mut options);
    handle_interrupts();
    let profile = profiler::run(&loaded, &options, args.memory);
    if args.output {
        let mut stderr = std::io::stderr().lock();
        let _ = stderr.write_all(&profile.output.stdout).and_then(|()| stderr.write_all(&profile.output.stderr));
    }
    print_result(&rendered(&args, &profile, &loaded, context));
    if let Some(file) = &args.flamegraph {
        let bytes = args.memory && profile.sum(Measure::Bytes) > 0;
        let measure = if bytes { Measure::Bytes } else { Measure::Nanoseconds };
        if let Err(error) = draw(&profile, measure, file) {
            eprintln!("ruff: cannot write {}: {error}", file.display());
            return exit::IO;
        }
    }
    report_end(&profile.end, &loaded, &options, context)
}

fn rendered(args: &ProfileArgs, profile: &Profile, loaded: &Loaded, context: Context) -> String {
    let format = if args.json { Format::Json } else { args.format };
    match format {
        Format::Text => {
            let paint = Paint(context.colour.on_stdout().style == Style::Coloured);
            text::render(profile, &loaded.sources, paint)
        }
        Format::Md => text::markdown(profile, &loaded.sources),
        Format::Json => format!("{:#}\n", formats::json(profile)),
        Format::Speedscope => format!("{}\n", formats::speedscope(profile)),
        Format::Folded => formats::folded(profile, Measure::Nanoseconds),
    }
}

/// A graph without samples leaves no file behind.
fn draw(profile: &Profile, measure: Measure, file: &Path) -> std::io::Result<()> {
    let mut picture = Vec::new();
    formats::flame_graph(profile, measure, &mut picture)?;
    let mut out = BufWriter::new(File::create(file)?);
    out.write_all(&picture)?;
    out.flush()
}
