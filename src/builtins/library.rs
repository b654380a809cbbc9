//! The reference page of the library, generated from the table (`notes/library.md`).
use std::fmt::Write as _;

use super::{BuiltinInfo, CONSTANTS, GROUPS, ParamKind};

/// The signature of a builtin as documentation shows it: `round(x: int | float, digits: int = 0) -> int | float`.
pub fn signature(row: &BuiltinInfo) -> String {
    let mut after_rest = false;
    let params: Vec<String> = row
        .params
        .iter()
        .map(|param| {
            let text = match param.kind {
                ParamKind::Rest => format!("...{}", param.name),
                ParamKind::Required => format!("{}: {}", param.name, param.ty.name()),
                ParamKind::Optional => format!("{}?: {}", param.name, param.ty.name()),
                ParamKind::Default(default) => format!("{}: {} = {}", param.name, param.ty.name(), plain(default)),
            };
            after_rest |= param.kind == ParamKind::Rest;
            text
        })
        .collect();
    format!("{}({}) -> {}", row.name, params.join(", "), row.result.name())
}

/// A default as Ruff writes it: `Size(2)` is `2`.
fn plain(default: &str) -> &str {
    match default.split_once('(') {
        Some((_, inner)) => inner.strip_suffix(')').unwrap_or(inner),
        None => default,
    }
}

/// The whole page.
pub fn page() -> String {
    let mut page = String::from(
        "# The built-in library\n\nGenerated from the table in `src/builtins`; every example runs as a test. \
         Each function is also a method: `xs.map(f)` is `map(xs, f)`.\n",
    );
    for group in GROUPS {
        let _ = writeln!(page, "\n## {}", group.title);
        for row in group.rows.iter().filter(|row| !row.is_internal()) {
            push_row(&mut page, row);
        }
    }
    let _ = writeln!(page, "\n## Constants\n\n`{}`", CONSTANTS.join("` `"));
    page
}

fn push_row(page: &mut String, row: &BuiltinInfo) {
    let _ = writeln!(page, "\n### `{}`\n", signature(row));
    if !row.aliases.is_empty() {
        let _ = writeln!(page, "Also: `{}`.\n", row.aliases.join("` `"));
    }
    for line in row.doc.lines() {
        let _ = writeln!(page, "{}", line.strip_prefix(' ').unwrap_or(line));
    }
    if let Some(capability) = row.effects.capability() {
        let _ = writeln!(page, "\nNeeds the capability `{}`.", capability.name());
    }
}

/// The programs in the documentation of a row.
pub fn examples(row: &BuiltinInfo) -> Vec<String> {
    let mut examples = Vec::new();
    let mut current: Option<String> = None;
    for line in row.doc.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)) {
        match (&mut current, line.trim()) {
            (None, "```ruff") => current = Some(String::new()),
            (Some(_), "```") => examples.extend(current.take()),
            (Some(text), _) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, _) => {}
        }
    }
    examples
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtins::{all, lookup, prelude};

    #[test]
    fn every_row_is_documented_and_has_an_example() {
        for (_, row) in all().filter(|(_, row)| !row.is_internal()) {
            assert!(row.doc.trim().len() > 10, "{} has no documentation", row.name);
            assert!(!examples(row).is_empty(), "{} has no example", row.name);
        }
    }

    #[test]
    fn the_prelude_defines_its_bodies() {
        let source = prelude::source();
        for (_, name) in prelude::bodies() {
            assert!(source.contains(&format!("func {name}(")), "the prelude has no {name}");
        }
    }

    #[test]
    fn type_names_follow_the_value_layer() {
        let names: Vec<&str> = crate::value::BuiltinType::ALL.iter().map(|ty| ty.name()).collect();
        assert_eq!(names, crate::builtins::BUILTIN_TYPES);
    }

    #[test]
    fn names_are_found() {
        for name in ["print", "type", "push", "append", "Ok", "None", "PI", "math", "int", "Set"] {
            assert!(lookup(name).is_some(), "{name}");
        }
    }
}
