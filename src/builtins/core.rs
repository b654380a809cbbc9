//! Core: output and input, types and conversions, and what ends or fails on purpose.
use super::Engine;
use super::annotated::{holds_struct, typed, typed_call, typed_exit, typed_items, typed_part, typed_update};
use super::arg::{Any, Integer, Missing, Rest, new_string, out_of_memory};
use super::table::builtins;
use crate::semantics::convert;
use crate::semantics::display;
use crate::semantics::fault::{Raise, Stop, faults};
use crate::value::{HandleObject, IBig, Value};

builtins! {
    /// Output, input, types, conversions.
    pub(super) ROWS:

    /// Writes the values, separated by `sep` and ended by `end`, to standard output.
    ///
    /// ```ruff
    /// print("a", 1, [2], sep="-")
    /// ```
    [console, may_fault, may_call] print | println (values: Rest, sep: &str = " ", end: &str = "\n") -> null = native print;

    /// Writes like `print`, to standard error.
    ///
    /// ```ruff
    /// eprint("careful")
    /// ```
    [console, may_fault, may_call] eprint(values: Rest, sep: &str = " ", end: &str = "\n") -> null = native eprint;

    /// The next line of standard input without its end, null at the end of input; writes `prompt` first.
    ///
    /// ```ruff
    /// line := input()
    /// assert(line == null || is_string(line))
    /// ```
    [console, may_fault, may_call] input(prompt: Missing) -> any = native input;

    /// All that is left of standard input.
    ///
    /// ```ruff
    /// assert(is_string(read_stdin()))
    /// ```
    [console, may_fault] read_stdin() -> string = native read_stdin;

    /// The lines that are left of standard input, one at a time.
    ///
    /// ```ruff
    /// for line in stdin_lines() { print(line) }
    /// ```
    [console] stdin_lines() -> iterator = native stdin_lines;

    /// Writes the debug forms of the values to standard error.
    ///
    /// ```ruff
    /// debug("a", 1.0)
    /// ```
    [console, may_fault, may_call] debug(values: Rest) -> null = native debug;

    /// The debug form of a value: strings quoted, whole floats with `.0`.
    ///
    /// ```ruff
    /// assert_equal(inspect(["a", 1.0]), "[\"a\", 1.0]")
    /// ```
    [may_fault, may_call] inspect(x: Any) -> string = native inspect;

    /// Writes place, source text and value to standard error, and gives the value.
    ///
    /// ```ruff
    /// assert_equal(dbg(1 + 1), 2)
    /// ```
    [console, may_fault, may_call] dbg(x: Any) -> any = native dbg;

    /// The name of a value's type.
    ///
    /// ```ruff
    /// assert_equal(type(1.5), "float")
    /// ```
    [pure] type | type_of (x: Any) -> string = native type_of;

    /// Is it an int?
    ///
    /// ```ruff
    /// assert(is_int(2 ** 100) && !is_int(1.0))
    /// ```
    [pure] is_int(x: Any) -> bool = native is_int;

    /// Is it a float?
    ///
    /// ```ruff
    /// assert(is_float(1.0))
    /// ```
    [pure] is_float(x: Any) -> bool = native is_float;

    /// Is it an int or a float?
    ///
    /// ```ruff
    /// assert(is_number(1) && !is_number("1"))
    /// ```
    [pure] is_number(x: Any) -> bool = native is_number;

    /// Is it a string?
    ///
    /// ```ruff
    /// assert(is_string("a"))
    /// ```
    [pure] is_string(x: Any) -> bool = native is_string;

    /// Is it `true` or `false`?
    ///
    /// ```ruff
    /// assert(is_bool(false))
    /// ```
    [pure] is_bool(x: Any) -> bool = native is_bool;

    /// Is it an array?
    ///
    /// ```ruff
    /// assert(is_array([]) && is_array(1..3))
    /// ```
    [pure] is_array(x: Any) -> bool = native is_array;

    /// Is it a dict?
    ///
    /// ```ruff
    /// assert(is_dict({}))
    /// ```
    [pure] is_dict(x: Any) -> bool = native is_dict;

    /// Is it a set?
    ///
    /// ```ruff
    /// assert(is_set(set([1])))
    /// ```
    [pure] is_set(x: Any) -> bool = native is_set;

    /// Is it null?
    ///
    /// ```ruff
    /// assert(is_null(null))
    /// ```
    [pure] is_null(x: Any) -> bool = native is_null;

    /// Is it a function, also a builtin or a lambda?
    ///
    /// ```ruff
    /// assert(is_function(len) && is_function(x => x))
    /// ```
    [pure] is_function(x: Any) -> bool = native is_function;

    /// Is it an instance of a struct?
    ///
    /// ```ruff
    /// struct P { x: int }
    /// assert(is_struct(P(1)) && !is_struct({x: 1}))
    /// ```
    [pure] is_struct(x: Any) -> bool = native is_struct;

    /// Does it count as true in a condition?
    ///
    /// ```ruff
    /// assert(is_truthy([0]) && !is_truthy(0))
    /// ```
    [pure] is_truthy(x: Any) -> bool = native is_truthy;

    /// The int nearer to zero of a float, the int that a text or a bool stands for.
    ///
    /// ```ruff
    /// assert_equal(to_int("42"), 42)
    /// assert_equal(to_int(-2.7), -2)
    /// ```
    [pure, may_fault] to_int(x: Any) -> int = native to_int;

    /// The float nearest to an int, or the one a text stands for.
    ///
    /// ```ruff
    /// assert_equal(to_float("2.5"), 2.5)
    /// ```
    [pure, may_fault] to_float(x: Any) -> float = native to_float;

    /// The text that `print` shows.
    ///
    /// ```ruff
    /// assert_equal(to_string([1, "a"]), "[1, a]")
    /// ```
    [may_fault, may_call] to_string | str (x: Any) -> string = native to_string;

    /// Does it count as true?
    ///
    /// ```ruff
    /// assert_equal(to_bool(""), false)
    /// ```
    [pure] to_bool(x: Any) -> bool = native is_truthy;

    /// The int that a text stands for, in a base from 2 to 36; underscores between digits are allowed.
    ///
    /// ```ruff
    /// assert_equal(parse_int("ff", 16), 255)
    /// ```
    [pure, may_fault] parse_int(s: &str, base: i64 = 10) -> int = native parse_int;

    /// The float that a text stands for.
    ///
    /// ```ruff
    /// assert_equal(parse_float("1e3"), 1000.0)
    /// ```
    [pure, may_fault] parse_float(s: &str) -> float = native parse_float;

    /// An int in base 16, with the prefix `0x`; of bytes, two digits each.
    ///
    /// ```ruff
    /// assert_equal(hex(255), "0xff")
    /// assert_equal(hex(bytes([1, 255])), "01ff")
    /// ```
    [pure, may_fault] hex(x: Any) -> string = native hex;

    /// An int in base 2, with the prefix `0b`.
    ///
    /// ```ruff
    /// assert_equal(bin(5), "0b101")
    /// ```
    [pure] bin(x: Integer) -> string = native bin;

    /// An int in base 8, with the prefix `0o`.
    ///
    /// ```ruff
    /// assert_equal(oct(8), "0o10")
    /// ```
    [pure] oct(x: Integer) -> string = native oct;

    /// A fixed hash of a key: equal keys have equal hashes, on every machine and in every run.
    ///
    /// Ints and floats of one value agree, NaN and the zeros are normalised; text is FNV-1a over its UTF-8 bytes, all else
    /// SplitMix64 steps over the parts, of which arrays of more than 8192 items count only their length and the first and last
    /// 4096; dicts and sets add up their entries, so order does not count. The result is the
    /// 64-bit hash without its lowest bit, halved, so that it is an int that is not negative.
    ///
    /// ```ruff
    /// assert_equal(hash(1), hash(1.0))
    /// assert_equal(hash([1, "a"]), hash([1, "a"]))
    /// ```
    [pure, may_fault] hash(x: Any) -> int = native hash;

    /// The value itself: values are never shared, so a copy needs no function, but some like to see it.
    ///
    /// ```ruff
    /// assert_equal(clone([1, 2]), [1, 2])
    /// ```
    [pure] clone(x: Any) -> any = native clone;

    /// Equal and of one kind: like `==`, but int and float differ, and NaN is the same as NaN.
    ///
    /// ```ruff
    /// assert(same(NAN, NAN) && !same(1, 1.0))
    /// ```
    [may_fault, may_call] same(a: Any, b: Any) -> bool = native same;

    /// The ints from 0, or `start`, up to before `stop`, as a compact array.
    ///
    /// ```ruff
    /// assert_equal(range(3), [0, 1, 2])
    /// assert_equal(range(10, 0, -4), [10, 6, 2])
    /// ```
    [pure, may_fault] range(start: Integer, stop: Option<Integer>, step: Integer = Integer::Small(1)) -> array = native range;

    /// `int(x)`: like `to_int`; 0 without an argument.
    ///
    /// ```ruff
    /// assert_equal(int("3"), 3)
    /// ```
    [pure, may_fault] int(x: Missing) -> int = native make_int;

    /// `float(x)`: like `to_float`; 0.0 without an argument.
    ///
    /// ```ruff
    /// assert_equal(float(1), 1.0)
    /// ```
    [pure, may_fault] float(x: Missing) -> float = native make_float;

    /// `string(x)`: like `to_string`; "" without an argument.
    ///
    /// ```ruff
    /// assert_equal(string(1), "1")
    /// ```
    [may_fault, may_call] string(x: Missing) -> string = native make_string;

    /// `bool(x)`: like `to_bool`; false without an argument.
    ///
    /// ```ruff
    /// assert_equal(bool([]), false)
    /// ```
    [pure] bool(x: Missing) -> bool = native make_bool;

    /// `array(items)`: the items of any iterable.
    ///
    /// ```ruff
    /// assert_equal(array("ab"), ["a", "b"])
    /// ```
    [may_fault, may_call] array(items: Missing) -> array = native make_array;

    /// `dict(pairs)`: of `[key, value]` pairs, or a dict itself; empty without an argument.
    ///
    /// ```ruff
    /// assert_equal(dict([["a", 1]]), {a: 1})
    /// ```
    [may_fault, may_call] dict(pairs: Missing) -> dict = native make_dict;

    /// `set(items)`: the items of any iterable; empty without an argument.
    ///
    /// ```ruff
    /// assert_equal(len(set([1, 1])), 1)
    /// ```
    [may_fault, may_call] set | Set (items: Missing) -> set = native make_set;

    /// `bytes(x)`: of ints from 0 to 255, or the UTF-8 form of a string.
    ///
    /// ```ruff
    /// assert_equal(len(bytes("é")), 2)
    /// ```
    [may_fault, may_call] bytes(x: Missing) -> bytes = native make_bytes;

    /// `Error(message)`: an error value, to be thrown or looked at.
    ///
    /// ```ruff
    /// assert_equal(Error("bad").message, "bad")
    /// ```
    [may_fault, may_call] Error(message: Any, cause: Missing) -> error = native make_error;

    /// Throws an error of kind `Error`.
    ///
    /// ```ruff
    /// assert_throws(() => error("bad"), "bad")
    /// ```
    [may_fault, may_call] error(message: Any) -> never = native error;

    /// Throws an error of kind `Error`, for what should be impossible.
    ///
    /// ```ruff
    /// assert_throws(() => panic("impossible"), "impossible")
    /// ```
    [may_fault, may_call] panic(message: Any) -> never = native error;

    [may_fault] __typed(value: Any, number: i64, whole: &str) -> any = native typed;

    [may_fault] __typed_exit(value: Any, number: i64, whole: &str) -> any = native typed_exit;

    [may_fault] __typed_part(value: Any, whole: &str, root: Any, keys: Rest) -> any = native typed_part;

    [may_fault] __typed_update(value: Any, whole: &str, op: &str, number: Option<i64>, root: Any, keys: Rest) -> any
        = native typed_update;

    [may_fault, may_call] __typed_items(value: Any, whole: &str, number: Option<i64>, root: Any, keys: Rest) -> any
        = native typed_items;

    [may_fault] __typed_call(value: Any, number: i64, whole: &str) -> any = native typed_call;

    [may_fault] __holds_struct(root: Any, keys: Rest) -> bool = native holds_struct;
}

type Fallible<T = Value> = Result<T, Raise>;

/// The display forms with `sep` between and `end` behind.
fn joined(engine: &mut dyn Engine, values: Rest, sep: &str, end: &str) -> Fallible<String> {
    let mut line = String::new();
    for (i, value) in values.into_values().iter().enumerate() {
        if i > 0 {
            line.push_str(sep);
        }
        display::display_into(&mut line, value, engine)?;
    }
    line.push_str(end);
    Ok(line)
}

/// A failure of a standard stream. When nobody reads any more the program ends without a word.
fn stream_fault(function: &str, error: std::io::Error) -> Raise {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => Raise::Stop(Stop::PipeClosed),
        _ => faults::io_stream(function, error),
    }
}

fn print(engine: &mut dyn Engine, values: Rest, sep: &str, end: &str) -> Fallible<()> {
    let line = joined(engine, values, sep, end)?;
    engine.host().output.write(line.as_bytes()).map_err(|error| stream_fault("print", error))
}

fn eprint(engine: &mut dyn Engine, values: Rest, sep: &str, end: &str) -> Fallible<()> {
    let line = joined(engine, values, sep, end)?;
    engine.host().output.write_error(line.as_bytes()).map_err(|error| stream_fault("eprint", error))
}

fn input(engine: &mut dyn Engine, prompt: Missing) -> Fallible {
    let host = engine.host().clone();
    if let Some(prompt) = prompt.0 {
        let prompt = display::display(prompt, engine)?;
        host.output.write(prompt.as_bytes()).map_err(|error| stream_fault("input", error))?;
    }
    host.output.flush().map_err(|error| stream_fault("input", error))?;
    match host.input.read_line().map_err(|error| stream_fault("input", error))? {
        Some(line) => new_string(&line),
        None => Ok(Value::Null),
    }
}

fn read_stdin(engine: &mut dyn Engine) -> Fallible<String> {
    engine.host().input.read_all().map_err(|error| stream_fault("read_stdin", error))
}

/// The lines of standard input as a source of items.
pub struct StdinLines(crate::host::Input);

impl HandleObject for StdinLines {
    fn type_name(&self) -> &'static str {
        "iterator"
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

impl StdinLines {
    /// The next line; `None` at the end of input.
    pub fn next(&self) -> Fallible<Option<Value>> {
        match self.0.read_line().map_err(|error| stream_fault("stdin_lines", error))? {
            Some(line) => new_string(&line).map(Some),
            None => Ok(None),
        }
    }
}

fn stdin_lines(engine: &mut dyn Engine) -> Fallible {
    let lines = StdinLines(engine.host().input.clone());
    let handle = Value::Handle(crate::value::Han::local(Box::new(lines)));
    Ok(Value::iterator(crate::value::IterState::Source(handle)))
}

fn write_error(engine: &mut dyn Engine, function: &str, line: &str) -> Fallible<()> {
    engine.host().output.write_error(line.as_bytes()).map_err(|error| stream_fault(function, error))
}

fn debug(engine: &mut dyn Engine, values: Rest) -> Fallible<()> {
    let texts: Fallible<Vec<String>> = values.into_values().iter().map(|value| display::debug(value, engine)).collect();
    write_error(engine, "debug", &(texts?.join(" ") + "\n"))
}

fn inspect(engine: &mut dyn Engine, x: Any) -> Fallible<String> {
    display::debug(x, engine)
}

fn dbg(engine: &mut dyn Engine, x: Any) -> Fallible {
    let site = engine.site();
    let text = display::debug(x, engine)?;
    let source = site.text.strip_prefix("dbg(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(&site.text);
    let line = format!("[{}:{}] {source} = {text}\n", site.file, site.line);
    write_error(engine, "dbg", &line)?;
    Ok(std::mem::take(x))
}

fn type_of(_: &mut dyn Engine, x: Any) -> Fallible {
    Ok(Value::literal(x.type_name()))
}

fn is_int(_: &mut dyn Engine, x: Any) -> Fallible<bool> {
    Ok(x.is_int())
}

fn is_float(_: &mut dyn Engine, x: Any) -> Fallible<bool> {
    Ok(matches!(x, Value::Float(_)))
}

fn is_number(_: &mut dyn Engine, x: Any) -> Fallible<bool> {
    Ok(matches!(x, Value::Int(_) | Value::Float(_) | Value::BigInt(_)))
}

fn is_string(_: &mut dyn Engine, x: Any) -> Fallible<bool> {
    Ok(matches!(x, Value::Str(_)))
}

fn is_bool(_: &mut dyn Engine, x: Any) -> Fallible<bool> {
    Ok(matches!(x, Value::Bool(_)))
}

fn is_array(_: &mut dyn Engine, x: Any) -> Fallible<bool> {
    Ok(matches!(x, Value::Array(_)))
}

fn is_dict(_: &mut dyn Engine, x: Any) -> Fallible<bool> {
    Ok(matches!(x, Value::Dict(_)))
}

fn is_set(_: &mut dyn Engine, x: Any) -> Fallible<bool> {
    Ok(matches!(x, Value::Set(_)))
}

fn is_null(_: &mut dyn Engine, x: Any) -> Fallible<bool> {
    Ok(x.is_null())
}

fn is_function(_: &mut dyn Engine, x: Any) -> Fallible<bool> {
    Ok(matches!(x, Value::Fn0(_) | Value::Closure(_)))
}

fn is_struct(_: &mut dyn Engine, x: Any) -> Fallible<bool> {
    Ok(matches!(x, Value::Struct(_)))
}

fn is_truthy(_: &mut dyn Engine, x: Any) -> Fallible<bool> {
    Ok(x.is_truthy())
}

fn to_int(_: &mut dyn Engine, x: Any) -> Fallible {
    convert::to_int(x)
}

fn to_float(_: &mut dyn Engine, x: Any) -> Fallible {
    convert::to_float(x)
}

fn to_string(engine: &mut dyn Engine, x: Any) -> Fallible {
    match x {
        Value::Str(_) => return Ok(std::mem::take(x)),
        Value::Int(number) => return new_string(itoa::Buffer::new().format(*number)),
        _ => {}
    }
    new_string(&display::display(x, engine)?)
}

/// The digits of a number without sign, prefix and underscores; `None` if underscores stand where they may not.
fn clean_digits(text: &str) -> Option<String> {
    let misplaced = text.starts_with('_') || text.ends_with('_') || text.contains("__");
    (!text.is_empty() && !misplaced).then(|| text.replace('_', ""))
}

/// The number of a row of digits, if it is a small one.
fn small_int(digits: &str, base: u32) -> Option<i64> {
    let only_digits = digits.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if only_digits { i64::from_str_radix(digits, base).ok() } else { None }
}

fn parse_int(_: &mut dyn Engine, s: &str, base: i64) -> Fallible {
    match convert::plain_int(s) {
        Some(number) if base == 10 => Ok(Value::Int(number)),
        _ => parse_any_int(s, base),
    }
}

#[inline(never)]
fn parse_any_int(s: &str, base: i64) -> Fallible {
    let base = match u32::try_from(base) {
        Ok(base @ 2..=36) => base,
        _ => return Err(faults::argument_value("parse_int", "base", "an int from 2 to 36", base)),
    };
    let bad = || faults::argument_value("parse_int", "s", format_args!("an int in base {base}"), format_args!("\"{s}\""));
    let text = s.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let prefix = match base {
        16 => ["0x", "0X"],
        8 => ["0o", "0O"],
        2 => ["0b", "0B"],
        _ => ["", ""],
    };
    let digits = prefix.iter().find_map(|prefix| digits.strip_prefix(prefix)).unwrap_or(digits);
    if let Some(magnitude) = small_int(digits, base) {
        return Ok(Value::Int(if negative { -magnitude } else { magnitude }));
    }
    let digits = clean_digits(digits).filter(|digits| digits.chars().all(|c| c.is_digit(base))).ok_or_else(bad)?;
    let magnitude = IBig::from_str_radix(&digits, base).map_err(|_| bad())?;
    Ok(Value::int_from(if negative { -magnitude } else { magnitude }))
}

fn parse_float(_: &mut dyn Engine, s: &str) -> Fallible {
    let text = Value::try_str(s).map_err(|error| out_of_memory("parse_float", error))?;
    convert::to_float(&text)
}

/// An int in a base, with its prefix after the sign.
fn in_base(x: Integer, prefix: &str, base: u8) -> String {
    let text = x.to_big().in_radix(base).to_string();
    match text.strip_prefix('-') {
        Some(magnitude) => format!("-{prefix}{magnitude}"),
        None => format!("{prefix}{text}"),
    }
}

fn hex(_: &mut dyn Engine, x: Any) -> Fallible<String> {
    match x {
        Value::Int(x) => Ok(in_base(Integer::Small(*x), "0x", 16)),
        Value::BigInt(x) => Ok(in_base(Integer::Big(x.get()), "0x", 16)),
        Value::Bytes(bytes) => Ok(super::bytes::hex_of(bytes.as_slice())),
        _ => Err(faults::argument_type("hex", "x", "an int or bytes", x.type_name())),
    }
}

fn bin(_: &mut dyn Engine, x: Integer) -> Fallible<String> {
    Ok(in_base(x, "0b", 2))
}

fn oct(_: &mut dyn Engine, x: Integer) -> Fallible<String> {
    Ok(in_base(x, "0o", 8))
}

fn clone(_: &mut dyn Engine, x: Any) -> Fallible {
    Ok(std::mem::take(x))
}

fn same(engine: &mut dyn Engine, a: Any, b: Any) -> Fallible<bool> {
    crate::semantics::compare::same(a, b, engine)
}

fn range(_: &mut dyn Engine, start: Integer, stop: Option<Integer>, step: Integer) -> Fallible {
    let (start, stop) = match stop {
        Some(stop) => (start, stop),
        None => (Integer::Small(0), start),
    };
    let (Integer::Small(start), Integer::Small(stop), Integer::Small(step)) = (start, stop, step) else {
        return Err(faults::range_bounds("its ends and step must fit 64 bits"));
    };
    if step == 0 {
        return Err(faults::zero_step());
    }
    let distance = i128::from(stop) - i128::from(start);
    let step_wide = i128::from(step);
    let length = if (distance > 0) == (step > 0) { (distance.abs() + step_wide.abs() - 1) / step_wide.abs() } else { 0 };
    let length = u64::try_from(length).ok().and_then(|length| usize::try_from(length).ok());
    let length = length.ok_or_else(|| faults::range_bounds("it has more than 2**64 items"))?;
    Value::range(start, step, length).ok_or_else(|| faults::range_bounds("its items and its length must fit 64 bits"))
}

fn error(engine: &mut dyn Engine, message: Any) -> Fallible<()> {
    Err(faults::raised(display::display(message, engine)?))
}

fn hash(_: &mut dyn Engine, x: Any) -> Fallible<i64> {
    Ok((crate::value::key::stable_hash(x).map_err(super::dict::not_a_key)? >> 1) as i64)
}

fn make_int(_: &mut dyn Engine, x: Missing) -> Fallible {
    x.0.map_or(Ok(Value::Int(0)), |x| convert::to_int(x))
}

fn make_float(_: &mut dyn Engine, x: Missing) -> Fallible {
    x.0.map_or(Ok(Value::Float(0.0)), |x| convert::to_float(x))
}

fn make_string(engine: &mut dyn Engine, x: Missing) -> Fallible {
    x.0.map_or_else(|| new_string(""), |x| to_string(engine, x))
}

fn make_bool(_: &mut dyn Engine, x: Missing) -> Fallible<bool> {
    Ok(x.0.is_some_and(|x| x.is_truthy()))
}

fn make_array(engine: &mut dyn Engine, items: Missing) -> Fallible {
    match items.0 {
        Some(items @ Value::Array(_)) => Ok(items.take()),
        Some(items) => super::arg::new_array(super::iter::items_of(engine, "array", "items", items)?),
        None => super::arg::new_array(Vec::new()),
    }
}

fn make_dict(engine: &mut dyn Engine, pairs: Missing) -> Fallible {
    match pairs.0 {
        Some(pairs) => super::iter::dict_of(engine, "dict", pairs),
        None => Ok(Value::Dict(crate::value::dict::new())),
    }
}

fn make_set(engine: &mut dyn Engine, items: Missing) -> Fallible {
    match items.0 {
        Some(items) => super::dict::set_of(engine, "set", "items", items),
        None => Ok(Value::Set(crate::value::set::new())),
    }
}

fn make_bytes(engine: &mut dyn Engine, x: Missing) -> Fallible {
    match x.0 {
        None => Ok(Value::bytes(Vec::new())),
        Some(x @ Value::Bytes(_)) => Ok(x.take()),
        Some(Value::Str(text)) => Ok(Value::bytes(text.as_bytes().to_vec())),
        Some(x) => {
            let items = super::iter::items_of(engine, "bytes", "x", x)?;
            let byte = |item: &Value| match item {
                Value::Int(byte @ 0..=255) => Ok(*byte as u8),
                Value::Int(_) | Value::BigInt(_) => {
                    Err(faults::argument_value("bytes", "x", "ints from 0 to 255", super::arg::describe(item)))
                }
                _ => Err(faults::argument_type("bytes", "x", "ints from 0 to 255", item.type_name())),
            };
            Ok(Value::bytes(items.iter().map(byte).collect::<Fallible<_>>()?))
        }
    }
}

fn make_error(engine: &mut dyn Engine, message: Any, cause: Missing) -> Fallible {
    use crate::value::error::{ErrorData, ErrorKind};
    let message = new_string(&display::display(message, engine)?)?;
    let known = crate::semantics::fault::ErrorKind::Error as u16;
    let mut data = ErrorData::new(ErrorKind::Known(known), message);
    data.cause = cause.0.map(Value::take).unwrap_or_default();
    Ok(Value::error(data))
}
