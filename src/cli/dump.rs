//! `ruff dump`: a program as each stage sees it.
use std::path::Path;

use clap::Args;

use super::options::TypeOptions;
use super::{Context, cannot_read, exit, print_result, run};
use crate::driver::{Script, Text, dump};

#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("stage").required(true).multiple(true))]
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
    /// A file (`-` is standard input), with `:NAME` only that function of it
    #[arg(value_name = "FILE[:FUNCTION]")]
    file: String,
    #[command(flatten)]
    types: TypeOptions,
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
    if !args.resolved && !args.bytecode {
        return exit::OK;
    }
    let script = Script::resolve(text.strict(args.types.strict_types));
    if script.has_errors() {
        return run::refuse(&script, context);
    }
    if let Some(name) = function.filter(|name| !dump::has_function(&script, name)) {
        eprintln!("ruff: {file} has no function {name}");
        return exit::USAGE;
    }
    if args.resolved {
        print_result(&dump::resolved(&script, function));
    }
    if args.bytecode {
        print_result(&dump::bytecode(&script, function));
    }
    exit::OK
}
