//! Functions as values: an id and captures, never code. Each engine keeps its own table from id to body.

use super::Value;
use super::heap::{Clo, Ref};

/// A function of a loaded program. Builtins and user functions share one id space, local to the program.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct FnId(pub u32);

/// How a function appears in text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FnName<'a> {
    /// Its name; `None` for lambdas.
    pub name: Option<&'a str>,
    /// Whether it is a builtin.
    pub builtin: bool,
}

/// Where names of functions (and modules) come from when values are shown: the loaded program.
pub trait FnNames {
    /// The name of a function.
    fn function(&self, id: FnId) -> FnName<'_>;
    /// The name of a module.
    fn module(&self, id: super::ModuleId) -> &str;
}

/// For text that has no program at hand: no function has a name.
pub struct NoNames;

impl FnNames for NoNames {
    fn function(&self, _: FnId) -> FnName<'_> {
        FnName { name: None, builtin: false }
    }
    fn module(&self, _: super::ModuleId) -> &str {
        "?"
    }
}

impl Value {
    /// A function without captures, or a builtin.
    #[inline(always)]
    pub fn function(func: FnId) -> Value {
        Value::Fn0(func)
    }

    /// A function with captured values; shared variables are given as `Value::Cell`.
    #[inline]
    pub fn closure(func: FnId, captures: impl IntoIterator<Item = Value, IntoIter: ExactSizeIterator>) -> Value {
        Value::Closure(Clo::build(func, false, captures.into_iter()))
    }

    /// A method together with its receiver.
    #[inline]
    pub fn bound_method(func: FnId, receiver: Value) -> Value {
        Value::Closure(Clo::build(func, true, std::iter::once(receiver)))
    }

    /// The code a function value runs.
    #[inline]
    pub fn as_function(&self) -> Option<FnId> {
        match self {
            Value::Fn0(func) => Some(*func),
            Value::Closure(closure) => Some(closure.func()),
            _ => None,
        }
    }
}

/// Whether two closures are equal: the same evaluation, which is the same object.
///
/// Two bound methods are equal if method and receiver object are the same.
pub fn same_closure(a: &Ref<Clo>, b: &Ref<Clo>) -> bool {
    if a.ptr_eq(b) {
        return true;
    }
    let receiver = |clo: &Ref<Clo>| clo.captures().first().and_then(Value::address);
    a.func() == b.func() && a.is_bound() && b.is_bound() && receiver(a).is_some() && receiver(a) == receiver(b)
}
