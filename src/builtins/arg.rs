//! Arguments and results: from the slots of a call to the Rust types of a row, and back.
//!
//! A type that implements [`FromValue`] says what a parameter accepts, how a fault names that, and whether the argument
//! may be left out. All faults about arguments read `FUNCTION: PARAMETER must be EXPECTED, got GOT`.
use std::fmt::Display;

use dashu_int::IBig;

use super::{Capability, Engine, ParamKind, Type};
use crate::limits::{self, OutOfMemory};
use crate::semantics::arith::{self, ArithOp};
use crate::semantics::fault::{Raise, faults};
use crate::semantics::step::NoCallback;
use crate::value::type_name;
use crate::value::{Array, Dict, Ref, Value};

use super::table::Outcome;

/// A Rust type that arguments convert to.
pub trait FromValue<'a>: Sized {
    /// For documentation, and for callers that infer types.
    const TYPE: Type;
    /// What may be left out.
    const KIND: ParamKind = ParamKind::Required;
    /// The converted argument; a slot of a missing one holds `Uninit`.
    fn from_value(slot: &'a mut Value) -> Result<Self, Mismatch>;
}

/// Why an argument does not convert.
#[derive(Clone, Copy, Debug)]
pub enum Mismatch {
    /// Another type was expected: `an int`.
    Type(&'static str),
    /// The type is right, the value is not: `a non-negative int`.
    Value(&'static str),
}

impl Mismatch {
    /// The fault, with the function, the parameter and what came.
    #[cold]
    pub fn fault(self, function: &str, parameter: &str, got: &Value) -> Raise {
        if matches!(got, Value::Uninit) {
            return faults::missing_argument(function, parameter);
        }
        match self {
            Mismatch::Type(expected) if is_lazy(got) => {
                let got = format!("{} (collect() it first)", type_name(got));
                faults::argument_type(function, parameter, expected, got)
            }
            Mismatch::Type(expected) => faults::argument_type(function, parameter, expected, type_name(got)),
            Mismatch::Value(expected) => faults::argument_value(function, parameter, expected, describe(got)),
        }
    }
}

/// A short description of a value for a fault: small ones as they are written, others by type.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Unit { .. } => debug_text(value),
        Value::Str(text) if text.len() <= 40 => debug_text(value),
        Value::BigInt(x) if dashu_int::ops::BitTest::bit_len(x.get()) <= 128 => debug_text(value),
        _ => type_name(value).to_string(),
    }
}

/// The debug form of a value that needs no user code.
fn debug_text(value: &Value) -> String {
    crate::semantics::display::debug(value, &mut NoCallback).unwrap_or_default()
}

/// A float as `print` shows it.
pub fn show_float(x: f64) -> String {
    let mut text = String::new();
    crate::value::show::float(x, crate::value::show::Form::Display, &mut text);
    text
}

/// Iterators and generators: consumed once, never an array.
pub fn is_lazy(value: &Value) -> bool {
    matches!(value, Value::Iter(_) | Value::Gen(_))
}

/// Any value; the slot itself, so that the value may be taken.
pub type Any<'a> = &'a mut Value;

impl<'a> FromValue<'a> for &'a mut Value {
    const TYPE: Type = Type::any;

    #[inline]
    fn from_value(slot: &'a mut Value) -> Result<Self, Mismatch> {
        if matches!(slot, Value::Uninit) { Err(Mismatch::Type("a value")) } else { Ok(slot) }
    }
}

/// Any value, or nothing.
pub struct Missing<'a>(pub Option<&'a mut Value>);

impl<'a> FromValue<'a> for Missing<'a> {
    const TYPE: Type = Type::any;
    const KIND: ParamKind = ParamKind::Optional;

    #[inline]
    fn from_value(slot: &'a mut Value) -> Result<Self, Mismatch> {
        Ok(Missing(if matches!(slot, Value::Uninit) { None } else { Some(slot) }))
    }
}

/// Left out, or null, is `None`.
impl<'a, T: FromValue<'a>> FromValue<'a> for Option<T> {
    const TYPE: Type = T::TYPE;
    const KIND: ParamKind = ParamKind::Optional;

    #[inline]
    fn from_value(slot: &'a mut Value) -> Result<Self, Mismatch> {
        if matches!(slot, Value::Uninit | Value::Null) { Ok(None) } else { T::from_value(slot).map(Some) }
    }
}

/// The remaining positional arguments.
pub struct Rest<'a>(&'a mut Value);

impl<'a> FromValue<'a> for Rest<'a> {
    const TYPE: Type = Type::any;
    const KIND: ParamKind = ParamKind::Rest;

    #[inline]
    fn from_value(slot: &'a mut Value) -> Result<Self, Mismatch> {
        match slot {
            Value::Array(_) | Value::Uninit | Value::Null => Ok(Rest(slot)),
            _ => Err(Mismatch::Type("an array")),
        }
    }
}

impl Rest<'_> {
    /// The arguments, copied out.
    pub fn into_values(self) -> Vec<Value> {
        if let Value::Array(items) = &*self.0 { items.iter().collect() } else { Vec::new() }
    }
}

impl<'a> FromValue<'a> for bool {
    const TYPE: Type = Type::bool;

    #[inline]
    fn from_value(slot: &'a mut Value) -> Result<Self, Mismatch> {
        slot.as_bool().ok_or(Mismatch::Type("a bool"))
    }
}

/// An int of 64 bits.
impl<'a> FromValue<'a> for i64 {
    const TYPE: Type = Type::int;

    #[inline]
    fn from_value(slot: &'a mut Value) -> Result<Self, Mismatch> {
        match slot {
            Value::Int(x) => Ok(*x),
            Value::BigInt(_) => Err(Mismatch::Value("an int of at most 64 bits")),
            _ => Err(Mismatch::Type("an int")),
        }
    }
}

/// A count, size or width: an int that is not negative. What does not fit is the greatest size there is, which no limit
/// allows.
#[derive(Clone, Copy)]
pub struct Size(pub usize);

impl<'a> FromValue<'a> for Size {
    const TYPE: Type = Type::int;

    #[inline]
    fn from_value(slot: &'a mut Value) -> Result<Self, Mismatch> {
        match slot {
            Value::Int(x) => usize::try_from(*x).map(Size).map_err(|_| Mismatch::Value("a non-negative int")),
            Value::BigInt(x) if x.get() > &IBig::ZERO => Ok(Size(usize::MAX)),
            Value::BigInt(_) => Err(Mismatch::Value("a non-negative int")),
            _ => Err(Mismatch::Type("a non-negative int")),
        }
    }
}

/// An int of any size.
#[derive(Clone, Copy)]
pub enum Integer<'a> {
    Small(i64),
    Big(&'a IBig),
}

impl<'a> FromValue<'a> for Integer<'a> {
    const TYPE: Type = Type::int;

    #[inline]
    fn from_value(slot: &'a mut Value) -> Result<Self, Mismatch> {
        match slot {
            Value::Int(x) => Ok(Integer::Small(*x)),
            Value::BigInt(x) => Ok(Integer::Big(x.get())),
            _ => Err(Mismatch::Type("an int")),
        }
    }
}

impl Integer<'_> {
    pub fn to_big(self) -> IBig {
        match self {
            Integer::Small(x) => IBig::from(x),
            Integer::Big(x) => x.clone(),
        }
    }

    pub fn value(self) -> Value {
        match self {
            Integer::Small(x) => Value::Int(x),
            Integer::Big(x) => Value::int_from(x.clone()),
        }
    }
}

/// An int of any size, or a float.
#[derive(Clone, Copy)]
pub enum Number<'a> {
    Int(i64),
    Float(f64),
    Big(&'a IBig),
}

impl<'a> FromValue<'a> for Number<'a> {
    const TYPE: Type = Type::number;

    #[inline]
    fn from_value(slot: &'a mut Value) -> Result<Self, Mismatch> {
        match slot {
            Value::Int(x) => Ok(Number::Int(*x)),
            Value::Float(x) => Ok(Number::Float(*x)),
            Value::BigInt(x) => Ok(Number::Big(x.get())),
            _ => Err(Mismatch::Type("a number")),
        }
    }
}

impl Number<'_> {
    /// The nearest float.
    pub fn to_float(self) -> f64 {
        match self {
            Number::Int(x) => x as f64,
            Number::Float(x) => x,
            Number::Big(x) => arith::big_to_f64(x),
        }
    }

    pub fn value(self) -> Value {
        match self {
            Number::Int(x) => Value::Int(x),
            Number::Float(x) => Value::Float(x),
            Number::Big(x) => Value::int_from(x.clone()),
        }
    }
}

/// A number as the nearest float.
#[derive(Clone, Copy)]
pub struct Float(pub f64);

impl<'a> FromValue<'a> for Float {
    const TYPE: Type = Type::number;

    #[inline]
    fn from_value(slot: &'a mut Value) -> Result<Self, Mismatch> {
        if let Value::Float(x) = slot {
            return Ok(Float(*x));
        }
        Number::from_value(slot).map(|x| Float(x.to_float()))
    }
}

impl<'a> FromValue<'a> for &'a str {
    const TYPE: Type = Type::string;

    #[inline]
    fn from_value(slot: &'a mut Value) -> Result<Self, Mismatch> {
        slot.as_str().ok_or(Mismatch::Type("a string"))
    }
}

/// Something that can be called.
#[derive(Clone, Copy)]
pub struct Callable<'a>(pub &'a Value);

impl<'a> FromValue<'a> for Callable<'a> {
    const TYPE: Type = Type::function;

    #[inline]
    fn from_value(slot: &'a mut Value) -> Result<Self, Mismatch> {
        if slot.is_callable() { Ok(Callable(slot)) } else { Err(Mismatch::Type("a function")) }
    }
}

/// Anything that `for` loops over; of a struct it is seen where the loop begins.
pub struct Iterable<'a>(pub &'a mut Value);

impl<'a> FromValue<'a> for Iterable<'a> {
    const TYPE: Type = Type::iterable;

    #[inline]
    fn from_value(slot: &'a mut Value) -> Result<Self, Mismatch> {
        if super::iter::is_iterable(slot) { Ok(Iterable(slot)) } else { Err(Mismatch::Type("iterable")) }
    }
}

macro_rules! slots_of {
    ($($(#[$doc:meta])* $name:ident, $variant:ident, $object:ty, $ty:ident, $expected:literal;)*) => {$(
        $(#[$doc])*
        pub struct $name<'a>(pub &'a mut Value);

        impl<'a> FromValue<'a> for $name<'a> {
            const TYPE: Type = Type::$ty;

            #[inline]
            fn from_value(slot: &'a mut Value) -> Result<Self, Mismatch> {
                if matches!(slot, Value::$variant(_)) { Ok($name(slot)) } else { Err(Mismatch::Type($expected)) }
            }
        }

        impl $name<'_> {
            /// The object.
            #[inline]
            pub fn object(&mut self) -> &mut Ref<$object> {
                match self.0 {
                    Value::$variant(object) => object,
                    _ => unreachable!("checked by from_value"),
                }
            }
        }
    )*};
}

slots_of! {
    /// The slot of an array, so that it may be changed or taken.
    ArraySlot, Array, Array, array, "an array";
    /// The slot of a dict.
    DictSlot, Dict, Dict, dict, "a dict";
    /// The slot of a set.
    SetSlot, Set, crate::value::Set, set, "a set";
    /// The slot of bytes.
    BytesSlot, Bytes, crate::value::Bytes, bytes, "bytes";
}

/// What bodies may give.
pub trait IntoResult: Sized {
    fn into_result(self) -> Result<Value, Raise>;

    /// The same for what may have failed.
    #[inline]
    fn of(result: Result<Self, Raise>) -> Result<Value, Raise> {
        result.and_then(Self::into_result)
    }
}

impl IntoResult for Value {
    #[inline]
    fn into_result(self) -> Result<Value, Raise> {
        Ok(self)
    }

    /// What is a value already is not copied once more.
    #[inline]
    fn of(result: Result<Value, Raise>) -> Result<Value, Raise> {
        result
    }
}

impl IntoResult for () {
    fn into_result(self) -> Result<Value, Raise> {
        Ok(Value::Null)
    }
}

impl IntoResult for bool {
    #[inline]
    fn into_result(self) -> Result<Value, Raise> {
        Ok(Value::from(self))
    }
}

impl IntoResult for i64 {
    #[inline]
    fn into_result(self) -> Result<Value, Raise> {
        Ok(Value::Int(self))
    }
}

impl IntoResult for usize {
    #[inline]
    fn into_result(self) -> Result<Value, Raise> {
        Ok(Value::Int(self as i64))
    }
}

impl IntoResult for f64 {
    #[inline]
    fn into_result(self) -> Result<Value, Raise> {
        Ok(Value::Float(self))
    }
}

impl IntoResult for String {
    fn into_result(self) -> Result<Value, Raise> {
        new_string(&self)
    }
}

impl IntoResult for &str {
    fn into_result(self) -> Result<Value, Raise> {
        new_string(self)
    }
}

impl<T: IntoResult> IntoResult for Option<T> {
    fn into_result(self) -> Result<Value, Raise> {
        self.map_or(Ok(Value::Null), T::into_result)
    }
}

/// An allocation that the limit forbids, as a fault that names what needed it.
#[cold]
pub fn out_of_memory(what: impl Display, error: OutOfMemory) -> Raise {
    crate::semantics::memory(what, error)
}

/// Results of allocations, with the fault that names what needed the memory.
pub trait Within<T> {
    fn within(self, what: &str) -> Result<T, Raise>;
}

impl<T> Within<T> for Result<T, OutOfMemory> {
    #[inline]
    fn within(self, what: &str) -> Result<T, Raise> {
        self.map_err(|error| out_of_memory(what, error))
    }
}

/// Checks that a text of so many bytes may be made; `None` is more than a machine can count.
pub fn reserve_text(function: &str, bytes: Option<usize>) -> Result<(), Raise> {
    limits::reserve(bytes.unwrap_or(usize::MAX / 2)).map_err(|error| out_of_memory(function, error))
}

/// Checks that an array of so many items may be made.
pub fn reserve_items(function: &str, count: usize) -> Result<(), Raise> {
    limits::reserve_array(count, size_of::<Value>()).map(|_| ()).map_err(|error| out_of_memory(function, error))
}

/// Adds an item to a vector whose length depends on data: every growth asks for the memory first.
#[inline]
pub fn push_item(items: &mut Vec<Value>, item: Value, function: &str) -> Result<(), Raise> {
    if items.len() == items.capacity() {
        reserve_items(function, 2 * items.len().max(4))?;
    }
    items.push(item);
    Ok(())
}

/// An array of items that are made one by one, within the memory limit.
pub fn array_of_items(function: &str, made: impl IntoIterator<Item = Result<Value, Raise>>) -> Result<Value, Raise> {
    let mut items = Vec::new();
    for item in made {
        push_item(&mut items, item?, function)?;
    }
    new_array(items)
}

/// A string value.
#[inline]
pub fn new_string(text: &str) -> Result<Value, Raise> {
    Value::try_str(text).within("string")
}

/// An array value; the kind of its items decides how they are stored.
pub fn new_array(items: Vec<Value>) -> Result<Value, Raise> {
    Ok(Value::Array(crate::value::array::from_vec(items).within("array")?))
}

/// An array of two items.
#[inline]
pub fn new_pair(first: Value, second: Value) -> Value {
    Value::Array(crate::value::array::pair(first, second))
}

/// A dict of pairs; a later key replaces the value of an equal earlier one.
pub fn new_dict(pairs: impl IntoIterator<Item = Result<(Value, Value), Raise>>) -> Result<Value, Raise> {
    let mut dict = crate::value::dict::new();
    for pair in pairs {
        let (key, value) = pair?;
        super::dict::insert(&mut dict, key, value)?;
    }
    Ok(Value::Dict(dict))
}

/// The function form of a method that gives an item: `[changed value, item]`.
pub fn changed_and_item(place: Value, outcome: Outcome) -> Result<Value, Raise> {
    match outcome {
        Outcome::Item(item) => Ok(new_pair(place, item)),
        Outcome::Changed => Ok(place),
    }
}

/// `a op b` by the language's rules.
pub fn arithmetic(engine: &mut dyn Engine, op: ArithOp, left: Value, right: Value) -> Result<Value, Raise> {
    arith::binary(op, &left, &right)?.finish(engine)
}

/// An int as the nearest float, so that a division keeps its decimals.
pub fn as_float(value: Value) -> Value {
    match &value {
        Value::Int(x) => Value::Float(*x as f64),
        Value::BigInt(x) => Value::Float(arith::big_to_f64(x.get())),
        _ => value,
    }
}

/// The one check of a capability, before the call.
pub fn check_capability(engine: &mut dyn Engine, capability: Capability) -> Result<(), Raise> {
    engine
        .host()
        .capabilities
        .check(capability)
        .map_err(|refusal| faults::capability(refusal.capability.name(), refusal.flag()))
}
