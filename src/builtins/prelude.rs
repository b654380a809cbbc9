//! Where engines get the bodies of builtins that are written in Ruff.
//!
//! The bodies stand in `prelude/*.ruff`, a module of their own that the driver resolves (and for the VM compiles) at the
//! first call of one of them. A function of it is called like the builtin; its frames are hidden from traces.
use super::{Body, BuiltinId, all};

/// The files of the prelude: name and text. Together they are one module.
pub const FILES: &[(&str, &str)] =
    &[("higher.ruff", include_str!("prelude/higher.ruff")), ("outcome.ruff", include_str!("prelude/outcome.ruff"))];

/// The text of the prelude as one module.
pub fn source() -> String {
    FILES.iter().map(|(_, text)| *text).collect::<Vec<_>>().join("\n")
}

/// The builtins whose bodies the prelude must define.
pub fn bodies() -> impl Iterator<Item = (BuiltinId, &'static str)> {
    all().filter(|(_, row)| matches!(row.body, Body::Prelude)).map(|(id, row)| (id, row.name))
}
