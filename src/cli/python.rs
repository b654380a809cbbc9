//! Another program of the same name checks Python. Those who plainly want that one are told so in one line.
use std::ffi::OsString;

use super::exit;

/// Commands that only the other program has.
const ITS_COMMANDS: &[&str] = &["server", "linter", "config", "analyze", "format"];

/// Says that this is not the Python linter, if it is asked for.
pub fn refuse(args: &[OsString]) -> Option<i32> {
    let first = args.first()?.to_str()?;
    let python_file = |word: &OsString| {
        let name = word.to_string_lossy();
        [".py", ".pyi", ".ipynb"].iter().any(|ending| name.ends_with(ending))
    };
    let its_command = ITS_COMMANDS.contains(&first) && !std::path::Path::new(first).exists();
    let on_python = matches!(first, "check" | "lint" | "fmt" | "format" | "rule") && args[1..].iter().any(python_file);
    let runs_python = python_file(&args[0]);
    if !(its_command || on_python || runs_python) {
        return None;
    }
    eprintln!("ruff: this is the Ruff programming language, not the Python linter of the same name");
    Some(exit::USAGE)
}
