//! The `builtins!` macro: one row declares a builtin for everybody who needs to know about it.
//!
//! ```text
//! /// One sentence of documentation, then a runnable example in a ```ruff block.
//! [effect words] name | alias (parameter: Type, parameter: Type = default) -> result = body;
//! ```
//!
//! Legend of bodies:
//! * `= prelude`: a function of that name in `prelude/*.ruff`;
//! * `= f`: the Rust function `f(engine, converted arguments…)`;
//! * `= f, method g`: `g(engine, place, converted arguments…)` is the mutating method of the same name, called on a
//!   place; `= place g` derives the function form from it: it works on the first argument and gives the changed value;
//!   `= place g, both` gives `[changed value, item]`;
//! * `…, fast h`: `h` is `f` on unboxed values (a claim that `tests/builtins.rs` checks).
//!
//! A parameter's Rust type decides what it accepts, how a fault names it and whether it is optional ([`super::arg`]).
use super::effects::Effects;
use super::types::Type;

/// Everything known about one builtin.
#[derive(Debug)]
pub struct BuiltinInfo {
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    pub params: &'static [ParamInfo],
    pub result: Type,
    pub effects: Effects,
    /// The documentation, Markdown, with its example.
    pub doc: &'static str,
    pub body: Body,
}

/// One parameter of a builtin.
#[derive(Debug)]
pub struct ParamInfo {
    pub name: &'static str,
    pub ty: Type,
    pub kind: ParamKind,
}

/// How a parameter may be left out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ParamKind {
    Required,
    /// Missing is told apart from every value.
    Optional,
    /// The default as the documentation shows it.
    Default(&'static str),
    /// Collects the remaining positional arguments into an array; parameters after it go by name only.
    Rest,
}

/// Where the meaning of a builtin stands.
#[derive(Debug)]
pub enum Body {
    /// A function of that name in `prelude/*.ruff`.
    Prelude,
}

/// See the module documentation.
macro_rules! builtins {
    ($(#[$meta:meta])* $vis:vis $table:ident:
     $( $(#[doc = $doc:literal])*
        [$($effect:ident $(($capability:ident))?),*]
        $name:ident $(| $alias:ident)* ($($param:ident : $ty:ident $(= $default:expr)?),* $(,)?) -> $result:ident = prelude;
     )*) => {
        $(#[$meta])*
        $vis const $table: &[$crate::builtins::BuiltinInfo] = &[$($crate::builtins::BuiltinInfo {
            name: stringify!($name),
            aliases: &[$(stringify!($alias)),*],
            params: &[$($crate::builtins::ParamInfo {
                name: stringify!($param),
                ty: $crate::builtins::Type::$ty,
                kind: $crate::builtins::ParamKind::Required $(.default(stringify!($default)))?,
            }),*],
            result: $crate::builtins::Type::$result,
            effects: $crate::builtins::Effects::new() $(.$effect($($crate::builtins::Capability::$capability)?))*,
            doc: concat!($($doc, "\n"),*),
            body: $crate::builtins::Body::Prelude,
        }),*];
    };
}
pub(super) use builtins;

impl ParamKind {
    /// The kind of a parameter for whose row gives a default.
    pub const fn default(self, text: &'static str) -> ParamKind {
        match self {
            ParamKind::Rest => ParamKind::Rest,
            ParamKind::Required | ParamKind::Optional | ParamKind::Default(_) => ParamKind::Default(text),
        }
    }
}
