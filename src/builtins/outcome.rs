//! Result and Option: what they are and how to get the payload. Combinators that call back stand in
//! `prelude/outcome.ruff`.
use super::Engine;
use super::arg::{Any, Callable};
use super::table::builtins;
use crate::semantics::display;
use crate::semantics::fault::{Raise, faults};
use crate::value::{DeclId, Value};

builtins! {
    /// Result and Option.
    pub(super) ROWS:

    /// Is it `Ok(…)`?
    ///
    /// ```ruff
    /// assert(is_ok(Ok(1)) && !is_ok(Err(1)))
    /// ```
    [pure, may_fault] is_ok(value: Any) -> bool = native is_ok;

    /// Is it `Err(…)`?
    ///
    /// ```ruff
    /// assert(is_err(Err("bad")))
    /// ```
    [pure, may_fault] is_err(value: Any) -> bool = native is_err;

    /// Is it `Some(…)`?
    ///
    /// ```ruff
    /// assert(is_some(Some(1)) && !is_some(None))
    /// ```
    [pure, may_fault] is_some(value: Any) -> bool = native is_some;

    /// Is it `None`?
    ///
    /// ```ruff
    /// assert(is_none(None))
    /// ```
    [pure, may_fault] is_none(value: Any) -> bool = native is_none;

    /// The payload of `Ok` or `Some`; of `Err` and `None` an error.
    ///
    /// ```ruff
    /// assert_equal(unwrap(Some(1)), 1)
    /// assert_throws(() => unwrap(Err("bad")), "bad")
    /// ```
    [may_fault, may_call] unwrap(value: Any) -> any = native unwrap;

    /// The payload of `Ok` or `Some`, else `default`.
    ///
    /// ```ruff
    /// assert_equal(unwrap_or(None, 5), 5)
    /// ```
    [pure, may_fault] unwrap_or(value: Any, default: Any) -> any = native unwrap_or;

    /// The payload of `Ok` or `Some`, else an error with this message.
    ///
    /// ```ruff
    /// assert_equal(expect(Ok(1), "a number"), 1)
    /// ```
    [may_fault, may_call] expect(value: Any, message: Any) -> any = native expect;

    /// `Some(v)` of `Ok(v)`, `None` of `Err`.
    ///
    /// ```ruff
    /// assert_equal(ok(Ok(1)), Some(1))
    /// ```
    [pure, may_fault] ok(value: Any) -> option = native ok;

    /// `Some(e)` of `Err(e)`, `None` of `Ok`.
    ///
    /// ```ruff
    /// assert_equal(err(Err("bad")), Some("bad"))
    /// ```
    [pure, may_fault] err(value: Any) -> option = native err;

    /// The payload of `Ok` or `Some`, else what `f` gives for the error (or for nothing).
    ///
    /// ```ruff
    /// assert_equal(unwrap_or_else(Err(2), e => e * 10), 20)
    /// ```
    [may_fault, may_call] unwrap_or_else(value: Any, f: Callable) -> any = prelude;

    /// The same, with `f(e)` for the error `e`.
    ///
    /// ```ruff
    /// assert_equal(map_err(Err(1), e => e + 1), Err(2))
    /// ```
    [may_fault, may_call] map_err(value: Any, f: Callable) -> any = prelude;

    /// `f(v)` of `Ok(v)` or `Some(v)`, else the same.
    ///
    /// ```ruff
    /// assert_equal(and_then(Some(2), x => Some(x * 2)), Some(4))
    /// ```
    [may_fault, may_call] and_then(value: Any, f: Callable) -> any = prelude;

    /// What `f` gives for the error (or for nothing); `Ok` and `Some` stay.
    ///
    /// ```ruff
    /// assert_equal(or_else(None, () => Some(1)), Some(1))
    /// ```
    [may_fault, may_call] or_else(value: Any, f: Callable) -> any = prelude;

    /// Checks the arguments of a combinator: 0 for `None`, 1 for `Some`, 2 for `Err`, 3 for `Ok`.
    [pure, may_fault] __outcome(name: &str, value: Any, f: Any) -> int = native outcome;
    /// The same number for a Result or an Option, -1 for anything else.
    [pure] __case(value: Any) -> int = native case;
    /// `Ok` as a function.
    [pure] __Ok(value: Any) -> result = native make_ok;
    /// `Err` as a function.
    [pure] __Err(value: Any) -> result = native make_err;
    /// `Some` as a function.
    [pure] __Some(value: Any) -> option = native make_some;
    /// The payload of any variant that has one.
    [pure] __payload(value: Any) -> any = native payload;
}

type Fallible<T = Value> = Result<T, Raise>;

/// A Result or an Option taken apart.
enum Outcome<'a> {
    Ok(&'a Value),
    Err(&'a Value),
    Some(&'a Value),
    None,
}

fn view(value: &Value) -> Option<Outcome<'_>> {
    let parts = value.as_variant()?;
    match (parts.decl, parts.variant, parts.payload) {
        (DeclId::RESULT, OK, [payload]) => Some(Outcome::Ok(payload)),
        (DeclId::RESULT, ERR, [payload]) => Some(Outcome::Err(payload)),
        (DeclId::OPTION, SOME, [payload]) => Some(Outcome::Some(payload)),
        (DeclId::OPTION, NONE, []) => Some(Outcome::None),
        _ => None,
    }
}

pub(super) const OK: u32 = 0;
pub(super) const ERR: u32 = 1;
pub(super) const SOME: u32 = 1;
pub(super) const NONE: u32 = 0;

fn checked<'a>(function: &str, value: &'a Value) -> Fallible<Outcome<'a>> {
    view(value).ok_or_else(|| faults::argument_type(function, "value", "a Result or Option", value.type_name()))
}

/// Is it a Result or an Option?
pub(super) fn is_outcome(value: &Value) -> bool {
    view(value).is_some()
}

fn is_ok(_: &mut dyn Engine, value: Any) -> Fallible<bool> {
    Ok(matches!(checked("is_ok", value)?, Outcome::Ok(_)))
}

fn is_err(_: &mut dyn Engine, value: Any) -> Fallible<bool> {
    Ok(matches!(checked("is_err", value)?, Outcome::Err(_)))
}

fn is_some(_: &mut dyn Engine, value: Any) -> Fallible<bool> {
    Ok(matches!(checked("is_some", value)?, Outcome::Some(_)))
}

fn is_none(_: &mut dyn Engine, value: Any) -> Fallible<bool> {
    Ok(matches!(checked("is_none", value)?, Outcome::None))
}

fn unwrap(engine: &mut dyn Engine, value: Any) -> Fallible {
    match checked("unwrap", value)? {
        Outcome::Ok(payload) | Outcome::Some(payload) => Ok(payload.clone()),
        Outcome::Err(_) | Outcome::None => Err(faults::unwrap_failed("unwrap", display::debug(value, engine)?)),
    }
}

fn unwrap_or(_: &mut dyn Engine, value: Any, default: Any) -> Fallible {
    match checked("unwrap_or", value)? {
        Outcome::Ok(payload) | Outcome::Some(payload) => Ok(payload.clone()),
        Outcome::Err(_) | Outcome::None => Ok(default.take()),
    }
}

fn expect(engine: &mut dyn Engine, value: Any, message: Any) -> Fallible {
    match checked("expect", value)? {
        Outcome::Ok(payload) | Outcome::Some(payload) => Ok(payload.clone()),
        Outcome::Err(error) => {
            let (message, error) = (display::display(message, engine)?, display::debug(error, engine)?);
            Err(faults::raised(format_args!("{message}: {error}")))
        }
        Outcome::None => Err(faults::raised(display::display(message, engine)?)),
    }
}

fn ok(_: &mut dyn Engine, value: Any) -> Fallible {
    match checked("ok", value)? {
        Outcome::Ok(payload) => Ok(Value::some(payload.clone())),
        Outcome::Err(_) => Ok(Value::none()),
        Outcome::Some(_) | Outcome::None => Err(faults::argument_type("ok", "value", "a Result", "Option")),
    }
}

fn err(_: &mut dyn Engine, value: Any) -> Fallible {
    match checked("err", value)? {
        Outcome::Err(payload) => Ok(Value::some(payload.clone())),
        Outcome::Ok(_) => Ok(Value::none()),
        Outcome::Some(_) | Outcome::None => Err(faults::argument_type("err", "value", "a Result", "Option")),
    }
}

fn outcome(_: &mut dyn Engine, name: &str, value: Any, f: Any) -> Fallible<i64> {
    if !f.is_callable() {
        return Err(faults::argument_type(name, "f", "a function", f.type_name()));
    }
    checked(name, value).map(|outcome| number(&outcome))
}

fn case(_: &mut dyn Engine, value: Any) -> Fallible<i64> {
    Ok(view(value).map_or(-1, |outcome| number(&outcome)))
}

fn number(outcome: &Outcome<'_>) -> i64 {
    match outcome {
        Outcome::None => 0,
        Outcome::Some(_) => 1,
        Outcome::Err(_) => 2,
        Outcome::Ok(_) => 3,
    }
}

fn make_ok(_: &mut dyn Engine, value: Any) -> Fallible {
    Ok(Value::ok(value.take()))
}

fn make_err(_: &mut dyn Engine, value: Any) -> Fallible {
    Ok(Value::err(value.take()))
}

fn make_some(_: &mut dyn Engine, value: Any) -> Fallible {
    Ok(Value::some(value.take()))
}

fn payload(_: &mut dyn Engine, value: Any) -> Fallible {
    Ok(value.as_variant().and_then(|parts| parts.payload.first().cloned()).unwrap_or_default())
}
