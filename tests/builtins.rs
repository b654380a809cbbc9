//! What the table of builtins promises, checked for every row on every engine: the examples of the documentation run,
//! too few and too many arguments are an `ArityError`, an argument of a wrong type is a `TypeError` that names function and
//! parameter. And `notes/library.md` is the page that the table generates (`UPDATE=1` writes it).
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::{env, fs};

use libtest_mimic::{Arguments, Failed, Trial};
use ruff::builtins::{self, BuiltinInfo, ParamKind, Type, library};

/// The engines every program runs on.
const ENGINES: &[&str] = &["interp", "vm"];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = vec![Trial::test("library_page", library_page)];
    for engine in ENGINES {
        for (_, row) in builtins::all().filter(|(_, row)| !row.is_internal()) {
            trials.push(Trial::test(format!("example::{}::{engine}", row.name), move || examples_run(engine, row)));
        }
        trials.push(Trial::test(format!("arity::{engine}"), move || arity(engine)));
        trials.push(Trial::test(format!("types::{engine}"), move || types(engine)));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn library_page() -> Result<(), Failed> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("notes/library.md");
    let page = library::page();
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, &page)?;
    }
    match fs::read_to_string(&path) {
        Ok(written) if written == page => Ok(()),
        _ => Err("notes/library.md is out of date: UPDATE=1 cargo test --test builtins library_page".into()),
    }
}

/// Runs a program in an empty folder; gives what it printed.
fn run(engine: &str, program: &str) -> Result<String, Failed> {
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("script.ruff");
    fs::write(&script, program)?;
    let output = Command::new(env!("CARGO_BIN_EXE_ruff"))
        .args(["run", "--engine", engine, "script.ruff"])
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let report = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}\n{report}\nprogram:\n{program}", output.status).into())
}

fn examples_run(engine: &str, row: &BuiltinInfo) -> Result<(), Failed> {
    for example in library::examples(row) {
        run(engine, &example)?;
    }
    Ok(())
}

/// Rows in batches that make one program each; a row becomes a line `name ok` or `name what came instead`.
fn check_rows(engine: &str, lines: impl Fn(&BuiltinInfo) -> Vec<String>) -> Result<(), Failed> {
    let mut program = String::new();
    for (_, row) in builtins::all().filter(|(_, row)| !row.is_internal()) {
        lines(row).iter().for_each(|line| program.push_str(line));
    }
    let output = run(engine, &program)?;
    let wrong: Vec<&str> = output.lines().filter(|line| !line.ends_with(" ok")).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// A call that must throw an error of `kind` whose message begins with `message`.
fn must_throw(call: &str, kind: &str, message: &str) -> String {
    format!(
        "try {{ {call}\n print(r\"{call}\", \"threw nothing\") }} except e {{\n\
         if e.kind == \"{kind}\" && e.message.starts_with(r\"{message}\") {{ print(r\"{call}\", \"ok\") }} \
         else {{ print(r\"{call}\", e.kind, e.message) }} }}\n"
    )
}

fn arity(engine: &str) -> Result<(), Failed> {
    check_rows(engine, |row| {
        let mut lines = Vec::new();
        let message = format!("{} expects ", row.name);
        if row.params.iter().any(|param| param.kind == ParamKind::Required) {
            lines.push(must_throw(&format!("{}()", row.name), "ArityError", &message));
        }
        if row.params.iter().all(|param| param.kind != ParamKind::Rest) {
            let arguments = vec!["1"; row.params.len() + 1].join(", ");
            lines.push(must_throw(&format!("{}({arguments})", row.name), "ArityError", &message));
        }
        lines
    })
}

/// A value that a parameter of this type accepts.
fn fitting(ty: Type) -> &'static str {
    match ty {
        Type::any | Type::int | Type::number => "1",
        Type::float => "1.5",
        Type::bool => "true",
        Type::string => "'a'",
        Type::bytes => "bytes('a')",
        Type::array | Type::iterable | Type::collection => "[1]",
        Type::dict => "{'a': 1}",
        Type::set => "set([1])",
        Type::function => "is_null",
        Type::iterator => "[1].iter()",
        Type::null => "null",
        Type::result => "Ok(1)",
        Type::option => "Some(1)",
        Type::error => "Error('a')",
        Type::type_ => "int",
        Type::never => "null",
    }
}

/// A value that it does not accept; nothing fits less than anything.
fn unfitting(ty: Type) -> Option<&'static str> {
    match ty {
        Type::any => None,
        Type::function => Some("1.5"),
        _ => Some("is_null"),
    }
}

fn types(engine: &str) -> Result<(), Failed> {
    check_rows(engine, |row| {
        let mut lines = Vec::new();
        for (wrong, param) in row.params.iter().enumerate() {
            let Some(bad) = unfitting(param.ty).filter(|_| param.kind != ParamKind::Rest) else { continue };
            let before_rest = row.params.iter().all(|param| param.kind != ParamKind::Rest);
            let arguments: Vec<String> = row
                .params
                .iter()
                .enumerate()
                .filter(|(at, param)| {
                    *at == wrong || *at < wrong && param.kind != ParamKind::Rest || param.kind == ParamKind::Required
                })
                .map(|(at, param)| {
                    let value = if at == wrong { bad } else { fitting(param.ty) };
                    if before_rest || at < wrong { value.to_owned() } else { format!("{}: {value}", param.name) }
                })
                .collect();
            let call = format!("{}({})", row.name, arguments.join(", "));
            lines.push(must_throw(&call, "TypeError", &format!("{}: {} must be ", row.name, param.name)));
        }
        lines
    })
}
