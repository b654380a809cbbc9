//! `ruff dump`: a program as each stage sees it.
//!
//! Only what the compiler to machine code makes needs a run of the program: it compiles what has run, by what was seen.
use std::path::Path;
use std::sync::Arc;

use clap::Args;

use super::jit::unheard_run;
use super::options::{LimitOptions, Permissions, TypeOptions};
use super::{Context, cannot_read, exit, internal_fault, print_result, run};
use crate::diagnostics::did_you_mean;
use crate::driver::engine::{self, Form};
use crate::driver::thread::handle_interrupts;
use crate::driver::{Loaded, Script, Text, dump};

#[derive(Args, Debug)]
#[command(
    group = clap::ArgGroup::new("stage").required(true).multiple(true),
    after_help = "--ir, --clif and --asm run the script, its output not shown and without input: machine code is made for what \
        has run, from what was seen of it. What did not become hot is compiled at the end. --deny-… and --untrusted hold for \
        that run; if the script fails, what was made before is shown, and the exit code is the script's."
)]
pub struct DumpArgs {
    /// What the lexer makes of the text
    #[arg(long, group = "stage")]
    tokens: bool,
    /// What the parser makes of the tokens
    #[arg(long, group = "stage")]
    ast: bool,
    /// The tree after names became slots
    #[arg(long, group = "stage")]
    resolved: bool,
    /// The instructions of the virtual machine
    #[arg(long, group = "stage")]
    bytecode: bool,
    /// What the compiler to machine code makes of the bytecode: as built, and optimised (runs the script)
    #[arg(long, group = "stage")]
    ir: bool,
    /// The same for its code generator, Cranelift (runs the script)
    #[arg(long, group = "stage")]
    clif: bool,
    /// The instructions of the machine (runs the script)
    #[arg(long, group = "stage")]
    asm: bool,
    /// A file (`-` is standard input), with `:NAME` only that function of it
    #[arg(value_name = "FILE[:FUNCTION]")]
    file: String,
    /// The script's arguments, where it is run
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    args: Vec<String>,
    #[command(flatten)]
    limits: LimitOptions,
    #[command(flatten)]
    permissions: Permissions,
    #[command(flatten)]
    types: TypeOptions,
}

impl DumpArgs {
    /// What is wanted of compiled code.
    fn forms(&self) -> Vec<Form> {
        let wanted = [(self.ir, Form::Ir), (self.clif, Form::Clif), (self.asm, Form::Asm)];
        wanted.into_iter().filter_map(|(wanted, form)| wanted.then_some(form)).collect()
    }
}

pub fn run(args: DumpArgs, context: Context) -> i32 {
    let (file, function) = match args.file.rsplit_once(':') {
        Some((file, function)) if !Path::new(&args.file).exists() => (file, Some(function)),
        _ => (args.file.as_str(), None),
    };
    let text = if file == "-" { Text::stdin() } else { Text::file(Path::new(file)) };
    let text = match text {
        Ok(text) => text,
        Err(error) => return cannot_read(file, &error),
    };
    if args.tokens {
        print_result(&dump::tokens(&text));
    }
    if args.ast {
        print_result(&dump::ast(&text));
    }
    let forms = args.forms();
    if !args.resolved && !args.bytecode && forms.is_empty() {
        return exit::OK;
    }
    let script = Script::resolve(text.strict(args.types.strict_types));
    if script.has_errors() {
        return run::refuse(&script, context);
    }
    if let Some(name) = function.filter(|name| !dump::functions(&script).contains(name)) {
        return unknown_function(file, name, &dump::functions(&script));
    }
    if args.resolved {
        print_result(&dump::resolved(&script, function));
    }
    if args.bytecode {
        print_result(&dump::bytecode(&script, function));
    }
    if forms.is_empty() {
        return exit::OK;
    }
    match script.load() {
        Ok(loaded) => compiled(&args, forms, &Arc::new(loaded), function, context),
        Err(_) => internal_fault("a script without errors was not loaded"),
    }
}

fn unknown_function(file: &str, name: &str, functions: &[&str]) -> i32 {
    let near = did_you_mean(name, functions.iter().copied());
    let hint = near.map_or_else(|| format!("; it has {}", functions.join(", ")), |near| format!("; did you mean {near}?"));
    eprintln!("ruff: {file} has no function {name}{hint}");
    exit::USAGE
}

/// Runs the script and shows what was compiled.
fn compiled(args: &DumpArgs, forms: Vec<Form>, loaded: &Arc<Loaded>, function: Option<&str>, context: Context) -> i32 {
    let mut options = unheard_run(&args.args, &args.permissions, &args.limits);
    options.mode.jit.dump = forms;
    options.mode.jit.keeps_dump = true;
    options.mode.jit.only = function.map(str::to_owned);
    handle_interrupts();
    let outcome = engine::run(loaded, &options);
    let dump = outcome.dump.unwrap_or_default();
    print_result(&dump);
    let code = run::report_end(&outcome.end, loaded, &options, context);
    if let (true, exit::OK, Some(name)) = (dump.is_empty(), code, function) {
        eprintln!("ruff: {name} was not called, so that there is nothing to compile it from");
        return exit::GATE;
    }
    code
}
