//! `ruff explain CODE`: the long explanation of a diagnostic code, or what raises a kind of error.
use std::fmt::Write as _;

use clap::Args;

use super::{Context, exit, print_result};
use crate::diagnostics::{CODES, Code, did_you_mean};
use crate::semantics::fault::{ErrorKind, TABLE};

#[derive(Args, Debug)]
pub struct ExplainArgs {
    /// `E103`, or a kind of error such as `IndexError`; without it, the list of all
    code: Option<String>,
}

pub fn run(args: ExplainArgs, _: Context) -> i32 {
    let Some(code) = args.code else {
        print_result(&list());
        return exit::OK;
    };
    match explain(&code) {
        Some(text) => {
            print_result(&text);
            exit::OK
        }
        None => {
            let names = CODES.iter().map(|info| info.id).chain(ErrorKind::ALL.iter().map(|kind| kind.name()));
            let hint = did_you_mean(&code, names).map(|name| format!("; did you mean {name}?")).unwrap_or_default();
            eprintln!("ruff: there is no code {code}{hint}");
            exit::USAGE
        }
    }
}

fn explain(code: &str) -> Option<String> {
    if let Some(code) = Code::find(code) {
        let info = code.info();
        return Some(format!("{}: {}\n\n{}\n", info.id, info.title, info.explanation));
    }
    let kind = ErrorKind::ALL.iter().find(|kind| kind.name().eq_ignore_ascii_case(code))?;
    let mut text = format!("{kind}: a kind of error; `except e` sees it as e.kind == \"{kind}\".\n");
    let rows: Vec<_> = TABLE.iter().filter(|row| row.kind == *kind).collect();
    if !rows.is_empty() {
        text.push_str("\nIts messages:\n");
    }
    for row in rows {
        let _ = writeln!(text, "  {}", row.template.replace("{{", "{").replace("}}", "}"));
    }
    Some(text)
}

fn list() -> String {
    let mut text = String::new();
    for info in CODES {
        let _ = writeln!(text, "{}  {}", info.id, info.title);
    }
    let _ = writeln!(text, "\nKinds of errors at run time:");
    for kind in ErrorKind::ALL {
        let _ = writeln!(text, "{kind}");
    }
    text
}
