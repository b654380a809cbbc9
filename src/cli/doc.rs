//! `ruff doc [NAME]`: what the built-in functions do, from their table.
use std::fmt::Write as _;

use clap::Args;

use super::{exit, print_result};
use crate::builtins::{self, BuiltinInfo, GROUPS, ParamKind, PreludeName};
use crate::diagnostics::did_you_mean;

#[derive(Args, Debug)]
pub struct DocArgs {
    /// A function, constant, type or namespace; without it, the list of all
    name: Option<String>,
}

pub fn run(args: DocArgs) -> i32 {
    let Some(name) = args.name else {
        print_result(&list());
        return exit::OK;
    };
    match describe(&name) {
        Some(text) => {
            print_result(&text);
            exit::OK
        }
        None => {
            let hint = did_you_mean(&name, builtins::names()).map(|near| format!("; did you mean {near}?"));
            eprintln!("ruff: there is no builtin called {name}{}", hint.unwrap_or_default());
            exit::GATE
        }
    }
}

fn describe(name: &str) -> Option<String> {
    if let Some((space, member)) = name.split_once('.') {
        let PreludeName::Namespace(space) = builtins::lookup(space)? else { return None };
        return describe_name(member, builtins::namespace_member(space, member)?);
    }
    describe_name(name, builtins::lookup(name)?)
}

fn describe_name(name: &str, meaning: PreludeName) -> Option<String> {
    Some(match meaning {
        PreludeName::Function(id) => page(builtins::info(id)),
        PreludeName::Constant(id) => {
            let value = crate::semantics::display::structural(&builtins::constant(id));
            format!("{name}: a constant, {value}\n")
        }
        PreludeName::Namespace(id) => {
            let members: Vec<_> = builtins::namespace_members(id).map(|member| format!("{name}.{member}")).collect();
            format!("{name}: a group of builtins\n\n  {}\n", members.join("\n  "))
        }
        PreludeName::Type(_) => format!("{name}: a type\n"),
        PreludeName::Variant { decl, .. } => format!("{name}: a variant of {}\n", outcome(decl)),
        PreludeName::Enum(decl) => format!("{}\n", outcome(decl)),
    })
}

/// An enum of the prelude, by its number.
fn outcome(decl: u32) -> &'static str {
    if decl == 0 { "Result: Ok(value) or Err(error)" } else { "Option: Some(value) or None" }
}

/// `round(x: number, digits: int = 0) -> number`
fn signature(row: &BuiltinInfo) -> String {
    let params = row.params.iter().map(|param| match param.kind {
        ParamKind::Required => format!("{}: {}", param.name, param.ty.name()),
        ParamKind::Optional => format!("{}?: {}", param.name, param.ty.name()),
        ParamKind::Default(value) => format!("{}: {} = {value}", param.name, param.ty.name()),
        ParamKind::Rest => format!("...{}", param.name),
    });
    format!("{}({}) -> {}", row.name, params.collect::<Vec<_>>().join(", "), row.result.name())
}

fn page(row: &BuiltinInfo) -> String {
    let mut text = signature(row);
    if !row.aliases.is_empty() {
        let _ = write!(text, "\nalso: {}", row.aliases.join(", "));
    }
    text.push_str("\n\n");
    for line in row.doc.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        if !line.starts_with("```") {
            let _ = writeln!(text, "{line}");
        }
    }
    text
}

fn list() -> String {
    let mut text = String::new();
    for group in GROUPS {
        let rows = group.rows.iter().filter(|row| !row.is_internal());
        let _ = writeln!(text, "{}", group.title);
        for row in rows {
            let first = row.doc.trim().lines().next().unwrap_or_default();
            let _ = writeln!(text, "  {:<22} {first}", row.name);
        }
        text.push('\n');
    }
    text
}
