//! Where our options end and the script's arguments begin.
//!
//! What stands before the script is ours, what follows it is the script's, `--` ends ours. Which of our options take a
//! value is asked from the declared command, so nothing is said twice. A first word that is no command means `run`.
use std::ffi::{OsStr, OsString};

use clap::{Arg, Command};

use crate::diagnostics::did_you_mean;

use super::exit;

/// The arguments as clap wants them: a command first, and `--` before what belongs to the script.
pub fn complete(mut args: Vec<OsString>, command: &Command) -> Result<Vec<OsString>, i32> {
    match args.first().and_then(|first| first.to_str()) {
        None if args.is_empty() && super::stdin_is_terminal() => args.push("--help".into()),
        Some("--help" | "-h" | "--version" | "-V" | "help") => {}
        Some(first) if is_command(command, first) => {}
        _ => {
            unknown_command(&args, command)?;
            let globals = leading_globals(&args, command);
            if !args.get(globals).and_then(|word| word.to_str()).is_some_and(|word| is_command(command, word)) {
                args.insert(globals, "run".into());
            }
        }
    }
    let at = leading_globals(&args, command);
    let Some(run) = command.find_subcommand("run") else { return Ok(args) };
    if args.get(at).is_some_and(|word| word == "run") {
        let end = script_position(&args[at + 1..], run, command) + at + 1;
        if args.get(end).is_some_and(|word| word != "--") {
            args.insert(end, "--".into());
        }
    }
    Ok(args)
}

fn is_command(command: &Command, word: &str) -> bool {
    command.find_subcommand(word).is_some()
}

/// Options of all commands may come before the command.
fn leading_globals(args: &[OsString], command: &Command) -> usize {
    let mut at = 0;
    while let Some(option) = args.get(at).and_then(|word| find_option(word, &[command])) {
        at += 1 + usize::from(takes_next(&args[at], option));
    }
    at.min(args.len())
}

/// A word that is neither command nor file, but nearly a command.
fn unknown_command(args: &[OsString], command: &Command) -> Result<(), i32> {
    let Some(word) = args.first().and_then(|word| word.to_str()) else { return Ok(()) };
    if word.starts_with('-') || word.contains(['.', '/', '\\']) || std::path::Path::new(word).exists() {
        return Ok(());
    }
    let names: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
    let hint = did_you_mean(word, names).map(|name| format!(" Did you mean `ruff {name}`?")).unwrap_or_default();
    eprintln!("ruff: '{word}' is neither a command nor a file.{hint} `ruff --help` lists the commands.");
    Err(exit::USAGE)
}

/// The index of the first word that is not one of our options or its value.
fn script_position(args: &[OsString], run: &Command, command: &Command) -> usize {
    let mut at = 0;
    while at < args.len() {
        if args[at] == "--" || args[at] == "-" || !args[at].as_encoded_bytes().starts_with(b"-") {
            return at;
        }
        at += 1 + find_option(&args[at], &[run, command]).map_or(0, |option| usize::from(takes_next(&args[at], option)));
    }
    args.len()
}

fn find_option<'c>(word: &OsStr, commands: &[&'c Command]) -> Option<&'c Arg> {
    let word = word.to_str()?;
    let arguments = || commands.iter().flat_map(|command| command.get_arguments());
    if let Some(long) = word.strip_prefix("--") {
        let name = long.split('=').next().filter(|name| !name.is_empty())?;
        return arguments().find(|arg| arg.get_long() == Some(name));
    }
    let short = word.strip_prefix('-')?.chars().next()?;
    arguments().find(|arg| arg.get_short() == Some(short))
}

/// Whether the option's value is the next word: it takes one, and none is attached.
fn takes_next(word: &OsStr, option: &Arg) -> bool {
    let word = word.to_str().unwrap_or_default();
    let attached = word.contains('=') || (!word.starts_with("--") && word.chars().count() > 2);
    option.get_action().takes_values() && !option.is_require_equals_set() && !attached
}

#[cfg(test)]
mod tests {
    use super::super::Cli;
    use super::*;
    use clap::CommandFactory;

    #[track_caller]
    fn check(args: &str, expected: &str) {
        let words = args.split_whitespace().map(OsString::from).collect();
        let split = complete(words, &Cli::command()).expect("a known command or a file");
        let split: Vec<_> = split.iter().map(|word| word.to_str().unwrap_or("?")).collect();
        assert_eq!(split.join(" "), expected);
    }

    #[test]
    fn what_follows_the_script_is_its_own() {
        check("run a.ruff -x --engine vm", "run -- a.ruff -x --engine vm");
        check("a.ruff --help", "run -- a.ruff --help");
        check("--engine vm a.ruff -v", "run --engine vm -- a.ruff -v");
        check("run --fuel=3 --max-depth 9 - -- x", "run --fuel=3 --max-depth 9 -- - -- x");
        check("run -e code -- -x", "run -e code -- -x");
        check("-ecode x", "run -ecode -- x");
        check("run --allow-env --untrusted s.ruff", "run --allow-env --untrusted -- s.ruff");
        check("--color never check a.ruff", "--color never check a.ruff");
        check("--color never a.ruff", "--color never run -- a.ruff");
    }
}
