//! Assertions. A failure shows the source text, what came on both sides, and where they differ.
use super::Engine;
use super::arg::{Any, Callable, Float, Missing};
use super::table::builtins;
use crate::semantics::compare::CompareOp;
use crate::semantics::display;
use crate::semantics::fault::{Raise, faults};
use crate::value::{Dict, Value};

builtins! {
    /// Assertions.
    pub(super) ROWS:

    /// Throws an `AssertionError` unless `cond` is true.
    ///
    /// ```ruff
    /// assert(1 < 2, "order")
    /// ```
    [may_fault, may_call] assert(cond: Any, msg: Missing) -> null = native assert_true;

    /// Throws an `AssertionError` unless both are equal; shows where they differ.
    ///
    /// ```ruff
    /// assert_equal(1 + 1, 2)
    /// ```
    [may_fault, may_call] assert_equal(actual: Any, expected: Any, msg: Missing) -> null = native assert_equal;

    /// Throws an `AssertionError` if both are equal.
    ///
    /// ```ruff
    /// assert_not_equal(1, "1")
    /// ```
    [may_fault, may_call] assert_not_equal(actual: Any, unexpected: Any, msg: Missing) -> null = native assert_not_equal;

    /// Throws an `AssertionError` unless the value is `true` itself.
    ///
    /// ```ruff
    /// assert_true(2 > 1)
    /// ```
    [may_fault, may_call] assert_true(value: Any, msg: Missing) -> null = native assert_is_true;

    /// Throws an `AssertionError` unless the value is `false` itself.
    ///
    /// ```ruff
    /// assert_false(2 < 1)
    /// ```
    [may_fault, may_call] assert_false(value: Any, msg: Missing) -> null = native assert_is_false;

    /// Throws an `AssertionError` unless `item in whole`.
    ///
    /// ```ruff
    /// assert_contains("haystack", "hay")
    /// assert_contains([1, 2], 2)
    /// ```
    [may_fault, may_call] assert_contains(whole: Any, item: Any, msg: Missing) -> null = native assert_contains;

    /// Calls `f` and gives the error it throws; throws an `AssertionError` if it throws none, or one whose message and kind
    /// do not contain `pattern`.
    ///
    /// ```ruff
    /// e := assert_throws(() => 1 / 0, "zero")
    /// assert_equal(e.kind, "ArithmeticError")
    /// ```
    [may_fault, may_call] assert_throws(f: Callable, pattern: Option<&str>) -> error = native assert_throws;

    /// Throws an `AssertionError` unless the numbers are approximately equal, see `approx_equal`.
    ///
    /// ```ruff
    /// assert_approx(0.1 + 0.2, 0.3)
    /// ```
    [may_fault, may_call] assert_approx(a: Float, b: Float, eps: Float = Float(1e-9)) -> null = native assert_approx;
}

type Fallible<T = ()> = Result<T, Raise>;

/// The complete message: the user's own or the standard one, the source text, then the details.
fn failed(engine: &mut dyn Engine, standard: &str, msg: Missing, details: &str) -> Raise {
    let headline = match msg.0 {
        Some(msg) => match display::display(msg, engine) {
            Ok(text) => text,
            Err(raise) => return raise,
        },
        None => standard.to_owned(),
    };
    let source = engine.site().text;
    let source = if source.is_empty() { String::new() } else { format!("\n  in: {}", first_line(&source)) };
    faults::assertion(format_args!("{headline}{source}{details}"))
}

fn first_line(source: &str) -> String {
    let mut lines = source.lines();
    let first = lines.next().unwrap_or_default().to_owned();
    if lines.next().is_some() { first + " …" } else { first }
}

/// Both sides in debug form, and where they differ.
fn sides(engine: &mut dyn Engine, left: &Value, right: &Value) -> Result<String, Raise> {
    let left_text = display::debug(left, engine)?;
    let right_text = display::debug(right, engine)?;
    let mut out = format!("\n  left:  {left_text}\n  right: {right_text}");
    if let Some(difference) = first_difference(engine, left, right)? {
        out.push_str("\n  differ ");
        out.push_str(&difference);
    } else if let Some(at) = first_different_char(&left_text, &right_text) {
        out.push_str(&format!("\n         {}^", " ".repeat(at)));
    }
    Ok(out)
}

/// Where two texts of one line part; nothing if that is obvious.
fn first_different_char(left: &str, right: &str) -> Option<usize> {
    let at = left.chars().zip(right.chars()).take_while(|(a, b)| a == b).count();
    (at > 0 && left.len() > 12 && !left.contains('\n')).then_some(at)
}

/// The path to the first difference within arrays and dicts, in words.
fn first_difference(engine: &mut dyn Engine, left: &Value, right: &Value) -> Result<Option<String>, Raise> {
    let (mut left, mut right) = (left.clone(), right.clone());
    let mut path = String::new();
    for _ in 0..100 {
        let Some((step, inner_left, inner_right)) = descend(engine, &left, &right)? else { break };
        path.push_str(&step);
        (left, right) = (inner_left, inner_right);
    }
    if path.is_empty() {
        return Ok(None);
    }
    let (left, right) = (side_text(engine, &left)?, side_text(engine, &right)?);
    Ok(Some(format!("at {path}: {left} and {right}")))
}

fn side_text(engine: &mut dyn Engine, side: &Value) -> Result<String, Raise> {
    if matches!(side, Value::Uninit) { Ok("nothing".to_owned()) } else { display::debug(side, engine) }
}

/// The first different part of two containers of one kind; `Uninit` stands for a missing part.
fn descend(engine: &mut dyn Engine, left: &Value, right: &Value) -> Result<Option<(String, Value, Value)>, Raise> {
    match (left, right) {
        (Value::Array(a), Value::Array(b)) => {
            for at in 0..a.len().max(b.len()) {
                let (x, y) = (a.get(at).unwrap_or(Value::Uninit), b.get(at).unwrap_or(Value::Uninit));
                if is_different(engine, &x, &y)? {
                    return Ok(Some((format!("[{at}]"), x, y)));
                }
            }
            Ok(None)
        }
        (Value::Dict(a), Value::Dict(b)) => {
            let missing_in_left = b.keys().filter(|key| !matches!(a.contains(key), Ok(true)));
            for key in a.keys().chain(missing_in_left) {
                let (x, y) = (entry_or_uninit(a, &key)?, entry_or_uninit(b, &key)?);
                if is_different(engine, &x, &y)? {
                    return Ok(Some((format!("[{}]", display::debug(&key, engine)?), x, y)));
                }
            }
            Ok(None)
        }
        _ => Ok(None),
    }
}

fn entry_or_uninit(entries: &Dict, key: &Value) -> Fallible<Value> {
    Ok(super::dict::get(entries, key)?.cloned().unwrap_or(Value::Uninit))
}

fn is_different(engine: &mut dyn Engine, left: &Value, right: &Value) -> Result<bool, Raise> {
    match (left, right) {
        (Value::Uninit, _) | (_, Value::Uninit) => Ok(true),
        _ => super::math::holds(engine, CompareOp::Ne, left, right),
    }
}

fn assert_true(engine: &mut dyn Engine, cond: Any, msg: Missing) -> Fallible {
    if cond.is_truthy() {
        return Ok(());
    }
    let got =
        if matches!(cond, Value::Bool(_)) { String::new() } else { format!("\n  got: {}", display::debug(cond, engine)?) };
    Err(failed(engine, "assertion failed", msg, &got))
}

fn assert_equal(engine: &mut dyn Engine, actual: Any, expected: Any, msg: Missing) -> Fallible {
    if super::math::holds(engine, CompareOp::Eq, actual, expected)? {
        return Ok(());
    }
    let details = sides(engine, actual, expected)?;
    Err(failed(engine, "assertion failed: the values are not equal", msg, &details))
}

fn assert_not_equal(engine: &mut dyn Engine, actual: Any, unexpected: Any, msg: Missing) -> Fallible {
    if !super::math::holds(engine, CompareOp::Eq, actual, unexpected)? {
        return Ok(());
    }
    let details = format!("\n  both: {}", display::debug(actual, engine)?);
    Err(failed(engine, "assertion failed: the values are equal", msg, &details))
}

fn assert_is(engine: &mut dyn Engine, wanted: bool, value: Any, msg: Missing) -> Fallible {
    if value.as_bool() == Some(wanted) {
        return Ok(());
    }
    let details = format!("\n  got: {}", display::debug(value, engine)?);
    Err(failed(engine, &format!("assertion failed: the value is not {wanted}"), msg, &details))
}

fn assert_is_true(engine: &mut dyn Engine, value: Any, msg: Missing) -> Fallible {
    assert_is(engine, true, value, msg)
}

fn assert_is_false(engine: &mut dyn Engine, value: Any, msg: Missing) -> Fallible {
    assert_is(engine, false, value, msg)
}

fn assert_contains(engine: &mut dyn Engine, whole: Any, item: Any, msg: Missing) -> Fallible {
    if super::sequence::contains_item(engine, whole, item)? {
        return Ok(());
    }
    let details = format!("\n  whole: {}\n  item:  {}", display::debug(whole, engine)?, display::debug(item, engine)?);
    Err(failed(engine, "assertion failed: the item is not contained", msg, &details))
}

fn assert_throws(engine: &mut dyn Engine, f: Callable, pattern: Option<&str>) -> Fallible<Value> {
    let fault = match engine.call(f.0, &mut []) {
        Ok(_) => return Err(failed(engine, "assertion failed: nothing was thrown", Missing(None), "")),
        Err(Raise::Fault(fault)) => fault,
        Err(stop) => return Err(stop),
    };
    let text = format!("{}: {}", fault.kind_name(), fault.message());
    if pattern.is_some_and(|pattern| !text.contains(pattern)) {
        let details = format!("\n  pattern: {}\n  thrown:  {text}", pattern.unwrap_or_default());
        return Err(failed(engine, "assertion failed: another error was thrown", Missing(None), &details));
    }
    Ok(fault.into_error_value())
}

fn assert_approx(engine: &mut dyn Engine, a: Float, b: Float, eps: Float) -> Fallible {
    if super::math::is_close(a.0, b.0, eps.0) {
        return Ok(());
    }
    let details = format!(
        "\n  left:  {}\n  right: {}\n  eps:   {}",
        super::arg::show_float(a.0),
        super::arg::show_float(b.0),
        super::arg::show_float(eps.0)
    );
    Err(failed(engine, "assertion failed: the numbers are too far apart", Missing(None), &details))
}
