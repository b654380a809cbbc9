//! The `builtins!` macro: one row declares a builtin for everybody who needs to know about it.
//!
//! ```text
//! /// One sentence of documentation, then a runnable example in a ruff block.
//! [effect words] name | alias (parameter: Type, parameter: Type = default) -> result = body;
//! ```
//!
//! Legend of bodies (`engine` is `&mut dyn Engine`, arguments arrive converted to the declared types):
//! * `prelude`: a function of that name in `prelude/*.ruff`;
//! * `native f`: `f(engine, arguments…) -> Result<impl IntoResult, Raise>`;
//! * `place f`: the first parameter is a place; `f(engine, &mut place, arguments…) -> Result<Outcome, Raise>` is the
//!   mutating method of that name, all-or-nothing; the function form is derived from it and gives the changed value;
//! * `both f`: the same, but the function form gives `[changed value, item]`;
//! * `native f, method g`: the function form is `f`, the mutating method `g` is written like a `place`.
//!
//! A parameter's Rust type decides what it accepts, how a fault names it and whether it may be left out (`arg.rs`).
use super::effects::Effects;
use super::types::Type;
use super::{Engine, MutatingFn, NativeFn};
use crate::semantics::fault::Raise;
use crate::value::Value;

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

impl BuiltinInfo {
    /// Rows whose names begin with two underscores serve the prelude only.
    pub fn is_internal(&self) -> bool {
        self.name.starts_with("__")
    }

    /// The function form, unless its body is written in Ruff.
    #[inline]
    pub fn native(&self) -> Option<NativeFn> {
        match self.body {
            Body::Native { call, .. } => Some(call),
            Body::Prelude => None,
        }
    }

    /// The mutating method of this name.
    #[inline]
    pub fn mutating(&self) -> Option<MutatingFn> {
        match self.body {
            Body::Native { method, .. } => method,
            Body::Prelude => None,
        }
    }
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

impl ParamKind {
    /// The kind of a parameter whose row gives a default.
    pub const fn with_default(self, text: &'static str) -> ParamKind {
        match self {
            ParamKind::Rest => ParamKind::Rest,
            ParamKind::Required | ParamKind::Optional | ParamKind::Default(_) => ParamKind::Default(text),
        }
    }
}

/// Where the meaning of a builtin stands.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// A function of that name in `prelude/*.ruff`.
    Prelude,
    Native {
        call: NativeFn,
        method: Option<MutatingFn>,
    },
}

/// What a mutating method has done to its place.
pub enum Outcome {
    /// The place is changed; that value is also the result.
    Changed,
    /// The place may be changed; this is the result.
    Item(Value),
}

/// A call with another number of slots than the row has parameters is a mistake of the engine.
#[cold]
pub(super) fn wrong_slots(name: &str) -> Raise {
    Raise::bug(format!("{name}: called with the wrong number of argument slots"))
}

/// The function form of a mutating method: works on the argument, which is taken while it runs.
#[inline]
pub(super) fn run_on_argument(
    engine: &mut dyn Engine,
    argument: &mut Value,
    run: impl FnOnce(&mut dyn Engine, &mut Value) -> Result<Outcome, Raise>,
) -> Result<(Value, Outcome), Raise> {
    let mut place = std::mem::take(argument);
    match run(engine, &mut place) {
        Ok(outcome) => Ok((place, outcome)),
        Err(raise) => {
            *argument = place;
            Err(raise)
        }
    }
}

/// See the module documentation.
macro_rules! builtins {
    ($(#[$meta:meta])* $vis:vis $table:ident:
     $( $(#[doc = $doc:literal])*
        [$($effect:ident $(($capability:ident))?),*]
        $name:ident $(| $alias:ident)* ($($param:ident : $ty:ty $(= $default:expr)?),* $(,)?) -> $result:ident
        = $kind:ident $($body:ident)? $(, method $method:ident)?;
     )*) => {
        $(#[$meta])*
        $vis const $table: &[$crate::builtins::BuiltinInfo] = &[$({
            const EFFECTS: $crate::builtins::Effects =
                $crate::builtins::Effects::new() $(.$effect($($crate::builtins::Capability::$capability)?))*;
            $crate::builtins::BuiltinInfo {
                name: stringify!($name),
                aliases: &[$(stringify!($alias)),*],
                params: &[$($crate::builtins::ParamInfo {
                    name: stringify!($param),
                    ty: <$ty as $crate::builtins::arg::FromValue>::TYPE,
                    kind: <$ty as $crate::builtins::arg::FromValue>::KIND $(.with_default(stringify!($default)))?,
                }),*],
                result: $crate::builtins::Type::$result,
                effects: EFFECTS,
                doc: concat!($($doc, "\n"),*),
                body: $crate::builtins::table::body!($kind $name ($($param : $ty $(= $default)?),*) $($body)? $(, $method)?),
            }
        }),*];
    };
}
pub(super) use builtins;

/// One argument slot as a value of its parameter's type, or the fault that names function and parameter.
macro_rules! convert {
    ($name:ident, $param:ident, $ty:ty, $default:expr) => {
        if matches!($param, $crate::value::Value::Uninit) {
            $default
        } else {
            $crate::builtins::table::convert!($name, $param, $ty)
        }
    };
    ($name:ident, $param:ident, $ty:ty) => {
        match <$ty as $crate::builtins::arg::FromValue>::from_value(&mut *$param) {
            Ok(value) => value,
            Err(mismatch) => return Err(mismatch.fault(stringify!($name), stringify!($param), $param)),
        }
    };
}
pub(super) use convert;

/// The body of a row as data.
macro_rules! body {
    (prelude $name:ident ($($params:tt)*)) => { $crate::builtins::Body::Prelude };
    (native $name:ident ($($params:tt)*) $f:ident) => {
        $crate::builtins::Body::Native { call: $crate::builtins::table::body!(@call $name ($($params)*) $f), method: None }
    };
    (native $name:ident ($($params:tt)*) $f:ident, $g:ident) => {
        $crate::builtins::Body::Native {
            call: $crate::builtins::table::body!(@call $name ($($params)*) $f),
            method: Some($crate::builtins::table::body!(@method $name ($($params)*) $g)),
        }
    };
    (place $name:ident ($($params:tt)*) $g:ident) => {
        $crate::builtins::Body::Native {
            call: $crate::builtins::table::body!(@derived $name ($($params)*) $g, |place, _outcome| Ok(place)),
            method: Some($crate::builtins::table::body!(@method $name ($($params)*) $g)),
        }
    };
    (both $name:ident ($($params:tt)*) $g:ident) => {
        $crate::builtins::Body::Native {
            call: $crate::builtins::table::body!(@derived $name ($($params)*) $g, $crate::builtins::arg::changed_and_item),
            method: Some($crate::builtins::table::body!(@method $name ($($params)*) $g)),
        }
    };
    (@call $name:ident ($($param:ident : $ty:ty $(= $default:expr)?),*) $f:ident) => {
        |engine, args| {
            let [$($param),*] = args else { return Err($crate::builtins::table::wrong_slots(stringify!($name))) };
            if let Some(capability) = EFFECTS.capability() {
                $crate::builtins::arg::check_capability(engine, capability)?;
            }
            $(let $param = $crate::builtins::table::convert!($name, $param, $ty $(, $default)?);)*
            $crate::builtins::arg::IntoResult::of($f(engine, $($param),*))
        }
    };
    (@derived $name:ident ($place:ident : $place_ty:ty $(, $param:ident : $ty:ty $(= $default:expr)?)*) $g:ident,
     $result:expr) => {
        |engine, args| {
            let [$place $(, $param)*] = args else { return Err($crate::builtins::table::wrong_slots(stringify!($name))) };
            $(let $param = $crate::builtins::table::convert!($name, $param, $ty $(, $default)?);)*
            let _: $place_ty = $crate::builtins::table::convert!($name, $place, $place_ty);
            let (place, outcome) = $crate::builtins::table::run_on_argument(engine, $place, |engine, place| {
                let $place = $crate::builtins::table::convert!($name, place, $place_ty);
                $g(engine, $place $(, $param)*)
            })?;
            let finish: fn($crate::value::Value, $crate::builtins::table::Outcome)
                -> Result<$crate::value::Value, $crate::semantics::fault::Raise> = $result;
            finish(place, outcome)
        }
    };
    (@method $name:ident ($place:ident : $place_ty:ty $(, $param:ident : $ty:ty $(= $default:expr)?)*) $g:ident) => {
        |engine, place, args, wanted| {
            let [$($param),*] = args else { return Err($crate::builtins::table::wrong_slots(stringify!($name))) };
            $(let $param = $crate::builtins::table::convert!($name, $param, $ty $(, $default)?);)*
            let outcome = {
                let $place = $crate::builtins::table::convert!($name, place, $place_ty);
                $g(engine, $place $(, $param)*)?
            };
            Ok(match outcome {
                $crate::builtins::table::Outcome::Item(item) => item,
                $crate::builtins::table::Outcome::Changed if wanted => place.clone(),
                $crate::builtins::table::Outcome::Changed => $crate::value::Value::Null,
            })
        }
    };
}
pub(super) use body;
