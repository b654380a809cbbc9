//! JSON: straight from text to values and back, without a tree in between.
//!
//! Order is kept, ints have any size, floats are read and written with the shortest text that gives the same number, an
//! error tells line and column. Nesting of any depth is walked with a stack of its own.
mod read;
mod write;

use super::Engine;
use super::arg::{Any, Size, Within};
use super::table::builtins;
use crate::semantics::fault::{Raise, faults};
use crate::value::Value;

builtins! {
    /// JSON.
    pub(super) ROWS:

    /// The value that a JSON text stands for; a `ParseError` tells line and column.
    ///
    /// ```ruff
    /// assert_equal(parse_json("{\"a\": [1, 2.5, null]}"), {"a": [1, 2.5, null]})
    /// ```
    [pure, may_fault] parse_json(text: &str) -> any = native parse_json;

    /// A value as JSON text. Structs become objects, sets arrays, `Some(x)` is `x` and `None` null; keys that are numbers,
    /// bools or null become strings. What JSON cannot say (NaN, functions, bytes) is an error.
    ///
    /// ```ruff
    /// assert_equal(to_json({a: [1, "x", null]}), "{\"a\":[1,\"x\",null]}")
    /// ```
    [pure, may_fault] to_json(value: Any) -> string = native to_json;

    /// A value as JSON text over several lines.
    ///
    /// ```ruff
    /// assert_equal(to_json_pretty({a: 1}), "{\n  \"a\": 1\n}")
    /// ```
    [pure, may_fault] to_json_pretty(value: Any, indent: Size = Size(2)) -> string = native to_json_pretty;
}

type Fallible<T = Value> = Result<T, Raise>;

fn parse_json(engine: &mut dyn Engine, text: &str) -> Fallible {
    read::parse(engine, text)
}

fn to_json(engine: &mut dyn Engine, value: Any) -> Fallible {
    let text = write::text(engine, "to_json", value, None)?;
    Value::try_str(&text).within("to_json")
}

fn to_json_pretty(engine: &mut dyn Engine, value: Any, indent: Size) -> Fallible {
    if indent.0 > 100 {
        return Err(faults::argument_value("to_json_pretty", "indent", "an int from 0 to 100", indent.0));
    }
    let text = write::text(engine, "to_json_pretty", value, Some(indent.0))?;
    Value::try_str(&text).within("to_json_pretty")
}
