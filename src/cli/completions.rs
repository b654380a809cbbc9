//! `ruff completions SHELL`: a script that teaches the shell our commands and options.
use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, exit, print_result};

#[derive(Args, Debug)]
pub struct CompletionArgs {
    shell: Shell,
}

pub fn run(args: CompletionArgs) -> i32 {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ruff", &mut script);
    print_result(&String::from_utf8_lossy(&script));
    exit::OK
}
