//! What to write instead of a name that was found nowhere when the program ran: `ruff run` says nothing of it before.
use super::Loaded;
use super::report::Failure;
use crate::builtins;
use crate::diagnostics::did_you_mean;
use crate::source::{SourceId, Span};
use crate::syntax::unknown_member_hint;

/// Help for the report of an uncaught error at this place.
pub(super) fn help(failure: &Failure, loaded: &Loaded, source: SourceId, span: Span) -> Vec<String> {
    if failure.kind != "NameError" {
        return Vec::new();
    }
    let known = loaded.hints.iter().find(|hint| hint.source == source && hint.span == span);
    match known {
        Some(hint) => hint.help.clone(),
        None => member_help(&failure.message, loaded).into_iter().collect(),
    }
}

/// For `array has no method size` and `Point has no field z`; a list of fields in the message is help enough.
fn member_help(message: &str, loaded: &Loaded) -> Option<String> {
    let (owner, name) = message.split_once(" has no method ").or_else(|| message.split_once(" has no field "))?;
    if let Some(hint) = unknown_member_hint(name) {
        return Some(hint.to_owned());
    }
    let near = did_you_mean(name, methods_of(owner, loaded)).or_else(|| did_you_mean(name, builtins::names()))?;
    Some(format!("did you mean `{near}`?"))
}

/// Methods of a declared type.
fn methods_of<'a>(owner: &'a str, loaded: &'a Loaded) -> impl Iterator<Item = &'a str> {
    let program = &loaded.program;
    let structs = program.structs.iter().map(|decl| (decl.name, &decl.methods));
    let enums = program.enums.iter().map(|decl| (decl.name, &decl.methods));
    let owned = structs.chain(enums).filter(move |(name, _)| &program[*name] == owner);
    owned.flat_map(move |(_, methods)| methods.iter().map(move |method| &program[method.name]))
}
