//! Faults: what a running program can fail with.
//!
//! One table holds every fault of the language: its id, its kind (LANGUAGE §10), its text and the parameters of the
//! text. Engines and builtins raise through the constructor functions that the table generates
//! (`faults::division_by_zero()`, `faults::invalid_operands("+", &a, &b)` …), never by free text, and the reference
//! page is generated from the same rows.
//!
//! Always holds: a [`Fault`] is boxed, so that the result of everything that runs stays small; its trace is empty until
//! the frame that raised it pushes its entry, and the first entry is the fault's position.
use std::fmt::{self, Display, Write as _};

use super::step::Callback;
use crate::value::Value;
use crate::value::error::{Err, ErrorData, ErrorKind as StoredKind};
pub use crate::value::error::{Excerpt, TraceEntry};
use crate::value::heap::Ref;

/// The error type of everything that runs.
#[derive(Debug)]
pub enum Raise {
    /// An error of the script; `try` sees it.
    Fault(Box<Fault>),
    /// The program ends; no handler and no `finally` sees it.
    Stop(Stop),
}

/// Why a program ends without its handlers being asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// `exit(code)`.
    Exit(i32),
    /// Ctrl-C.
    Interrupted,
    /// `--timeout` has passed.
    Timeout,
    /// `--fuel` is used up.
    Fuel,
    /// Nobody reads what the program prints.
    PipeClosed,
    /// A mistake of this implementation: what to report.
    Bug(Box<str>),
}

/// What the language has and the engines do not run yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Missing {
    Generators,
    AsyncFunctions,
    SpawnBlocks,
}

impl Missing {
    pub const ALL: [Missing; 3] = [Missing::Generators, Missing::AsyncFunctions, Missing::SpawnBlocks];

    #[cold]
    pub fn raise(self) -> Raise {
        let what = match self {
            Missing::Generators => "generators",
            Missing::AsyncFunctions => "async functions",
            Missing::SpawnBlocks => "spawn blocks",
        };
        faults::not_available(what)
    }
}

/// Results stay three words.
const _: () = assert!(size_of::<Result<Value, Raise>>() <= 24);

impl Raise {
    /// A mistake of this implementation, with what to report.
    #[cold]
    pub fn bug(report: impl Into<Box<str>>) -> Raise {
        Raise::Stop(Stop::Bug(report.into()))
    }

    /// Adds the entry of a frame that the fault leaves; nothing to do for a stop.
    pub fn push_frame(&mut self, entry: TraceEntry) {
        if let Raise::Fault(fault) = self {
            fault.push_frame(entry);
        }
    }

    /// The fault, if handlers may see it.
    pub fn as_fault(&self) -> Option<&Fault> {
        match self {
            Raise::Fault(fault) => Some(fault),
            Raise::Stop(_) => None,
        }
    }
}

impl From<Box<Fault>> for Raise {
    fn from(fault: Box<Fault>) -> Raise {
        Raise::Fault(fault)
    }
}

impl From<Fault> for Raise {
    fn from(fault: Fault) -> Raise {
        Raise::Fault(Box::new(fault))
    }
}

impl From<Stop> for Raise {
    fn from(stop: Stop) -> Raise {
        Raise::Stop(stop)
    }
}

macro_rules! kinds {
    ($($kind:ident),* $(,)?) => {
        /// The kinds of errors (LANGUAGE §10).
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum ErrorKind { $($kind),* }

        impl ErrorKind {
            /// Every kind, in the order of the language reference.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$kind),*];

            /// The name that `e.kind` gives.
            pub fn name(self) -> &'static str {
                match self { $(ErrorKind::$kind => stringify!($kind)),* }
            }
        }
    };
}

kinds! {
    NameError, TypeError, ValueError, IndexError, KeyError, ArithmeticError, ArityError, ImmutableError, InUseError,
    MatchError, AssertionError, StackOverflow, MemoryError, ImportError, IOError, ParseError, CapabilityError,
    TimeoutError, CancelledError, ChannelError, NetworkError, DatabaseError, Error,
}

impl Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A row of the table, as the reference page shows it.
#[derive(Debug)]
pub struct FaultInfo {
    pub id: &'static str,
    pub kind: ErrorKind,
    /// The text, with `{parameter}` where a parameter stands.
    pub template: &'static str,
    pub parameters: &'static [&'static str],
}

/// Rows: `constructor(kind) { parameters } template;`. A parameter is anything that displays; type names of values come
/// from `member::type_name`.
macro_rules! faults {
    ($($id:ident($kind:ident) $({ $($parameter:ident),* $(,)? })? $template:literal;)*) => {
        /// The table's rows as constructors.
        pub mod faults {
            use super::*;
            $(
                #[doc = concat!(stringify!($kind), ": `", $template, "`")]
                #[cold]
                pub fn $id($($($parameter: impl Display),*)?) -> Raise {
                    Raise::Fault(Box::new(Fault::plain(ErrorKind::$kind, format!($template $($(, $parameter = $parameter)*)?))))
                }
            )*
        }

        /// The table as data.
        pub const TABLE: &[FaultInfo] = &[$(FaultInfo {
            id: stringify!($id),
            kind: ErrorKind::$kind,
            template: $template,
            parameters: &[$($(stringify!($parameter)),*)?],
        }),*];
    };
}

faults! {
    // Names and bindings
    undefined_variable(NameError) { name } "Undefined variable: {name}";
    name_error(NameError) { message } "{message}";
    no_field(NameError) { owner, field, known } "{owner} has no field {field}{known}";
    no_field_of_variant(NameError) { owner, field } "{owner} has no field {field}: write (e?).{field}";
    no_method(NameError) { owner, method } "{owner} has no method {method}";
    no_variant(NameError) { owner, variant, known } "{owner} has no variant {variant}{known}";
    no_member(NameError) { module, name } "module {module} exports no {name}";
    ambiguous_name(NameError) { name, first, second } "{name} is exported by {first} and by {second}: write {first}.{name}";
    cannot_mutate(ImmutableError) { name } "Cannot mutate immutable binding: {name}";
    cannot_assign(ImmutableError) { name } "Cannot assign to immutable binding: {name}";
    readonly_self(ImmutableError) { method, place, declare } "{method} changes {place}: declare func {declare}(mut self)";
    cannot_mutate_builtin(ImmutableError) { what } "Cannot change {what}";
    in_use(InUseError) { name, by } "Variable '{name}' is in use by {by}";

    // Operators
    invalid_operands(TypeError) { operator, left, right } "Invalid operands for {operator}: {left} and {right}";
    invalid_operand(TypeError) { operator, operand } "Invalid operand for {operator}: {operand}";
    cannot_compare(TypeError) { left, right } "Cannot compare {left} and {right}";
    division_by_zero(ArithmeticError) "Division by zero";
    modulo_by_zero(ArithmeticError) "Modulo by zero";
    domain_error(ArithmeticError) { what } "domain error: {what}";
    negative_shift(ValueError) { operator, count } "Negative shift count: {operator} {count}";
    repeat_count(TypeError) { found } "repeat count must be an int, got {found}";
    overload_result(TypeError) { method, expected, found } "{method} must return {expected}, got {found}";

    // Indexing, keys and iteration
    index_out_of_bounds(IndexError) { index, length } "Index out of bounds: index {index}, length {length}";
    missing_key(KeyError) { key } "Missing key: {key}";
    not_a_key(TypeError) { what } "{what} cannot be a key";
    cannot_index(TypeError) { what } "Cannot index {what}";
    bad_index(TypeError) { base, index } "Cannot index {base} with {index}";
    cannot_slice(TypeError) { what } "Cannot slice {what}";
    slice_end(TypeError) { found } "slice ends must be ints, got {found}";
    assign_slice(TypeError) { base } "Cannot assign to a slice of {base}";
    cannot_assign_index(TypeError) { base } "Cannot assign to an element of {base}";
    cannot_assign_field(TypeError) { field, base } "Cannot assign field {field} of {base}";
    range_end(TypeError) { found } "range ends must be ints, got {found}";
    range_bounds(ValueError) { what } "range is too large: {what}";
    zero_step(ValueError) "range: step must not be 0";
    cannot_iterate(TypeError) { what } "Cannot iterate over {what}";
    cannot_search(TypeError) { what } "Cannot search in {what}";
    search_text(TypeError) { found } "in: a string contains strings, not {found}";
    not_an_array(TypeError) { what, found } "{what} must be an array, got {found}: collect() it first";
    cannot_spread(TypeError) { what, into } "Cannot spread {what} into {into}";
    cannot_destructure(TypeError) { what, pattern } "Cannot destructure {what} with {pattern}";

    // Calls
    arity(ArityError) { name, expected, given } "{name} expects {expected}, got {given}";
    unknown_argument(ArityError) { name, argument, candidates } "{name} has no parameter {argument}{candidates}";
    repeated_argument(ArityError) { name, argument } "{name} got several values for parameter {argument}";
    missing_argument(ArityError) { name, parameter } "{name} needs the argument {parameter}";
    not_callable(TypeError) { what } "Cannot call {what}";
    instance_method(TypeError) { owner, method } "{owner}.{method} is an instance method: call it on a value, as in value.{method}(…)";
    static_method(TypeError) { owner, method } "{method} has no self: call it as {owner}.{method}(…)";
    bound_mutating(TypeError) { method } "{method} is a mutating method and cannot be bound: call it directly";
    missing_self(ArityError) { owner, method } "{owner}.{method} needs a {owner} as its first argument";

    // Structs and enums
    unknown_field(NameError) { owner, field, known } "{owner} has no field {field}{known}";
    missing_field(ArityError) { owner, field } "{owner} needs a value for the field {field}";
    duplicate_field(ArityError) { owner, field } "{owner} got several values for the field {field}";
    not_a_struct(TypeError) { found } "{found} is not a struct";
    spread_base(TypeError) { owner, found } "{owner} {{ ...base }} needs a {owner} as base, got {found}";
    payload_count(ArityError) { variant, expected, given } "{variant} expects {expected}, got {given}";
    no_match(MatchError) { value } "No match for {value}";
    uncaught_early_return(Error) { value } "? at top level: {value}";

    // Conversions and display
    to_string_result(TypeError) { owner, found } "{owner}.to_string must return a string, got {found}";
    cannot_convert(TypeError) { found, target } "Cannot convert {found} to {target}";
    bad_number(ValueError) { target, text } "Cannot convert {text} to {target}";
    not_finite(ValueError) { function, value } "{function}: cannot convert {value} to int";
    format_type(ValueError) { spec, found } "format spec '{spec}' does not fit {found}";
    format_spec(ValueError) { spec } "invalid format spec '{spec}'";
    format_size(TypeError) { part, found } "format {part} must be a non-negative int, got {found}";

    // Annotations under --strict-types
    annotated(TypeError) { place, expected, found } "{place} must be {expected}, got {found}";

    // Arguments of builtins
    argument_type(TypeError) { function, parameter, expected, found } "{function}: {parameter} must be {expected}, got {found}";
    argument_value(ValueError) { function, parameter, expected, found } "{function}: {parameter} must be {expected}, got {found}";
    empty_input(ValueError) { function } "{function}: nothing to take from an empty collection";
    callback_result(TypeError) { function, expected, found } "{function}: the callback must return {expected}, got {found}";
    value_error(ValueError) { function, message } "{function}: {message}";
    type_error(TypeError) { function, message } "{function}: {message}";
    arithmetic_error(ArithmeticError) { function, message } "{function}: {message}";
    index_error(IndexError) { function, message } "{function}: {message}";
    not_found(KeyError) { function, key } "{function}: missing key {key}";
    unwrap_failed(Error) { function, value } "{function}: called on {value}";
    raised(Error) { message } "{message}";
    not_available(Error) { what } "{what} are not available yet";
    assertion(AssertionError) { message } "{message}";

    // Limits
    stack_overflow(StackOverflow) "Stack overflow";
    memory(MemoryError) { what, needed, limit } "\"{what}\" needs {needed}, limit {limit}";

    // The outside
    import(ImportError) { message } "{message}";
    io(IOError) { function, path, reason } "{function}: {path}: {reason}";
    io_stream(IOError) { function, reason } "{function}: {reason}";
    closed(IOError) { function } "{function}: the file is closed";
    parse(ParseError) { format, line, column, message } "{format}: line {line}, column {column}: {message}";
    capability(CapabilityError) { capability, flag } "needs the capability {capability}: allow it with {flag}";
    capability_target(CapabilityError) { capability, target, flag } "needs the capability {capability} for {target}: allow it with {flag}";
    timeout(TimeoutError) { what, limit } "{what} took longer than {limit}";
    cancelled(CancelledError) "cancelled";
    channel(ChannelError) { message } "{message}";
    network(NetworkError) { function, reason } "{function}: {reason}";
    database(DatabaseError) { function, reason } "{function}: {reason}";
    wrong_thread(TypeError) { what } "{what} belongs to the thread that made it and cannot be sent";
}

/// The table as a Markdown page.
pub fn reference_page() -> String {
    let mut page = String::from("# Errors\n\nEvery error that the language and its builtins raise, by kind.\n");
    for kind in ErrorKind::ALL {
        let rows: Vec<_> = TABLE.iter().filter(|row| row.kind == *kind).collect();
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(page, "\n## {kind}\n\n| text | parameters |\n|---|---|");
        for row in rows {
            let text = row.template.replace("{{", "{").replace("}}", "}").replace('|', "\\|");
            let _ = writeln!(page, "| `{text}` | {} |", row.parameters.join(", "));
        }
    }
    page
}

/// An error of the script on its way to a handler.
pub struct Fault {
    error: Ref<Err>,
    /// The error is thrown again: it keeps its position and stack.
    again: bool,
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind_name(), self.message())
    }
}

impl Fault {
    /// A fault of the table.
    pub fn plain(kind: ErrorKind, message: impl AsRef<str>) -> Fault {
        Fault::new(ErrorData::new(StoredKind::Known(kind as u16), Value::str(message.as_ref())))
    }

    fn new(data: ErrorData) -> Fault {
        Fault { error: Err::alloc(data), again: false }
    }

    /// `throw value`, where a display form that needs user code is replaced by the structural one; see [`throw`].
    pub fn from_thrown(value: Value) -> Fault {
        let message = thrown_message(&value).unwrap_or_else(|| structural_message(&value));
        Fault::thrown_with(value, message)
    }

    fn thrown_with(value: Value, message: Value) -> Fault {
        match value {
            Value::Error(mut error) => {
                let again = error.data().trace.position().is_some();
                // One that `Error(…)` built and nobody has thrown yet gets its position now.
                if !again {
                    Err::make_unique(&mut error);
                }
                Fault { error, again }
            }
            value => {
                let mut data = ErrorData::new(thrown_kind(&value), message);
                data.value = value;
                Fault::new(data)
            }
        }
    }

    fn data(&self) -> &ErrorData {
        self.error.data()
    }

    /// The name of its kind.
    pub fn kind_name(&self) -> &str {
        kind_name(self.data())
    }

    pub fn message(&self) -> &str {
        self.data().message().as_str().unwrap_or_default()
    }

    /// The error this one replaced or was built from.
    pub fn cause(&self) -> Option<&Value> {
        Some(&self.data().cause).filter(|cause| !cause.is_null())
    }

    /// Does it keep the trace it has?
    pub fn is_again(&self) -> bool {
        self.again
    }

    /// Adds the entry of a frame that the fault leaves; an error thrown again keeps the trace it has.
    pub fn push_frame(&mut self, entry: TraceEntry) {
        if !self.again {
            Err::make_unique(&mut self.error).trace.push(entry);
        }
    }

    /// An error raised while `pending` was on its way through a `finally` replaces it; the older one becomes the cause
    /// unless this one has another already.
    pub fn replace(&mut self, pending: Fault) {
        if self.cause().is_none() {
            Err::make_unique(&mut self.error).cause = pending.into_error_value();
        }
    }

    /// What `except` receives.
    pub fn into_error_value(self) -> Value {
        Value::Error(self.error)
    }

    /// The position and stack that a report shows: those of the error thrown again, else of the trace.
    pub fn report(&self) -> FaultReport {
        let excerpt = |entry: &TraceEntry| if self.again { Excerpt::default() } else { entry.excerpt };
        let trace = &self.data().trace;
        let stack = trace.iter().map(|entry| TraceEntry { excerpt: excerpt(entry), ..*entry }).collect();
        FaultReport { stack, left_out: trace.gap().map_or(0, |(left_out, _)| left_out) }
    }
}

/// What the report of an uncaught error shows besides its text.
#[derive(Debug, Clone)]
pub struct FaultReport {
    /// Innermost first. The excerpt of an error that was caught and thrown again is empty: find it by file and line.
    pub stack: Vec<TraceEntry>,
    /// Frames left out after the first 100.
    pub left_out: usize,
}

/// `throw value`: the fault. Its message is the display form, or the structural one if `to_string` fails.
pub fn throw(value: Value, callback: &mut dyn Callback) -> Raise {
    let message = match thrown_message(&value) {
        Some(message) => message,
        None if super::display::is_settled(&value) => return settled(value).into(),
        None => match super::display::display(&value, callback) {
            Ok(text) => Value::str(&text),
            // What is wrong with its `to_string` must not hide what was thrown.
            Err(Raise::Fault(_)) => structural_message(&value),
            Err(stop) => return stop,
        },
    };
    Fault::thrown_with(value, message).into()
}

/// `throw value`, if that takes no user code; else the value is given back.
pub fn throw_simply(value: Value) -> Result<Fault, Value> {
    match thrown_message(&value) {
        Some(message) => Ok(Fault::thrown_with(value, message)),
        None if super::display::is_settled(&value) => Ok(settled(value)),
        None => Err(value),
    }
}

/// The fault of a value whose display form is the same whenever it is made.
fn settled(value: Value) -> Fault {
    Fault::new(ErrorData::thrown(thrown_kind(&value), value, structural_message))
}

fn structural_message(value: &Value) -> Value {
    Value::str(&super::display::structural(value))
}

fn thrown_kind(value: &Value) -> StoredKind {
    match value {
        Value::Struct(_) => StoredKind::Thrown,
        _ => StoredKind::Known(ErrorKind::Error as u16),
    }
}

/// The message of a thrown value, unless it is the display form.
fn thrown_message(value: &Value) -> Option<Value> {
    let message = match value {
        Value::Str(_) => value.clone(),
        Value::Error(error) => error.data().message().clone(),
        Value::Struct(object) => object.field(crate::value::symbol::known::MESSAGE)?,
        _ => return None,
    };
    message.as_str().is_some().then_some(message)
}

/// The name of an error's kind.
pub fn kind_name(data: &ErrorData) -> &str {
    match data.kind {
        StoredKind::Known(number) => ErrorKind::ALL.get(usize::from(number)).map_or("Error", |kind| kind.name()),
        StoredKind::Thrown => data.value.type_name(),
    }
}

/// `Error(message, cause: e)`: an error value that gets its position when it is thrown.
pub fn new_error(message: Value, cause: Value) -> Value {
    let kind = StoredKind::Known(ErrorKind::Error as u16);
    let mut data = ErrorData::new(kind, message);
    data.cause = cause;
    Value::error(data)
}

/// The `stack` field of an error: dicts with `function`, `file`, `line`, `column`, innermost first. Where frames were
/// left out one entry says how many.
pub fn stack_value(data: &ErrorData) -> Result<Value, Raise> {
    let mut frames = Vec::new();
    for (index, entry) in data.trace.iter().enumerate() {
        if let Some((left_out, _)) = data.trace.gap().filter(|(_, behind)| index == *behind) {
            let text = format!("… {left_out} frames left out");
            frames.push(frame_value(Value::str(&text), Value::str(""), (0, 0))?);
        }
        frames.push(frame_value(entry.function.value(), entry.file.value(), (entry.line, entry.column))?);
    }
    Ok(Value::array(frames))
}

fn frame_value(function: Value, file: Value, (line, column): (u32, u32)) -> Result<Value, Raise> {
    use crate::value::symbol::known;
    let entries = [
        (known::FUNCTION.value(), function),
        (known::FILE.value(), file),
        (known::LINE.value(), Value::Int(i64::from(line))),
        (known::COLUMN.value(), Value::Int(i64::from(column))),
    ];
    Value::dict(entries).map_err(super::index::insert_fault)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::symbol::symbol;

    fn entry(line: u32) -> TraceEntry {
        TraceEntry { function: symbol("f"), file: symbol("a.ruff"), line, column: 1, excerpt: Excerpt::default() }
    }

    fn fault(raise: Raise) -> Fault {
        match raise {
            Raise::Fault(fault) => *fault,
            Raise::Stop(stop) => panic!("{stop:?}"),
        }
    }

    fn data(value: &Value) -> &ErrorData {
        let Value::Error(error) = value else { panic!("an error") };
        error.data()
    }

    #[test]
    fn texts_of_the_reference() {
        let check = |raise, kind: ErrorKind, text: &str| {
            let fault = fault(raise);
            assert_eq!((fault.kind_name(), fault.message()), (kind.name(), text));
        };
        check(faults::division_by_zero(), ErrorKind::ArithmeticError, "Division by zero");
        check(faults::invalid_operands("+", "int", "null"), ErrorKind::TypeError, "Invalid operands for +: int and null");
        check(faults::index_out_of_bounds(5, 3), ErrorKind::IndexError, "Index out of bounds: index 5, length 3");
        check(faults::in_use("c", "c.inc()"), ErrorKind::InUseError, "Variable 'c' is in use by c.inc()");
        check(faults::memory("x", "3.5 PiB", "12 GiB"), ErrorKind::MemoryError, "\"x\" needs 3.5 PiB, limit 12 GiB");
        check(faults::not_a_key("a function"), ErrorKind::TypeError, "a function cannot be a key");
    }

    #[test]
    fn long_traces_keep_both_ends() {
        let mut fault = fault(faults::stack_overflow());
        (1..=5000).for_each(|line| fault.push_frame(entry(line)));
        let error = fault.into_error_value();
        let data = data(&error);
        let lines: Vec<_> = data.trace.iter().map(|entry| entry.line).collect();
        assert_eq!((lines.len(), data.trace.gap()), (120, Some((4880, 100))));
        assert_eq!((lines[0], lines[99], lines[100]), (1, 100, 4981));
    }

    #[test]
    fn short_traces_are_whole() {
        let mut fault = fault(faults::stack_overflow());
        (1..=120).for_each(|line| fault.push_frame(entry(line)));
        let error = fault.into_error_value();
        assert_eq!((data(&error).trace.iter().count(), data(&error).trace.gap()), (120, None));
    }

    #[test]
    fn an_error_thrown_again_keeps_its_position() {
        let mut first = Fault::from_thrown(Value::str("bad"));
        first.push_frame(entry(7));
        let error = first.into_error_value();
        let mut again = Fault::from_thrown(error);
        again.push_frame(entry(99));
        assert_eq!(again.message(), "bad");
        let error = again.into_error_value();
        assert_eq!(data(&error).trace.iter().map(|entry| entry.line).collect::<Vec<_>>(), [7]);
        assert_eq!(data(&error).value.as_str(), Some("bad"));
    }

    #[test]
    fn a_built_error_gets_its_position_when_thrown() {
        let cause = Fault::from_thrown(Value::Int(1)).into_error_value();
        let mut thrown = Fault::from_thrown(new_error(Value::str("outer"), cause));
        thrown.push_frame(entry(3));
        let error = thrown.into_error_value();
        assert_eq!(data(&error).trace.position().map(|entry| entry.line), Some(3));
        assert!(matches!(data(&error).cause, Value::Error(_)));
    }

    #[test]
    fn an_error_in_finally_gets_the_pending_one_as_cause() {
        let mut newer = Fault::from_thrown(Value::str("newer"));
        newer.replace(Fault::from_thrown(Value::str("older")));
        let error = newer.into_error_value();
        assert_eq!(data(&data(&error).cause).message().as_str(), Some("older"));
    }

    #[test]
    fn the_table_is_consistent_and_documented() {
        let page = reference_page();
        let mut ids: Vec<_> = TABLE.iter().map(|row| row.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), TABLE.len());
        assert!(page.contains("| `Invalid operands for {operator}: {left} and {right}` | operator, left, right |"));
    }
}
