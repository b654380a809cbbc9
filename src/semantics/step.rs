//! How an operator asks its engine to run user code.
//!
//! A struct operand of a *direct* operator (`op_add`, `op_index`, `op_iter` …) gives [`Step::Call`]: the engine performs
//! the call, the VM by pushing a frame, and applies [`Then`] to the result. What user code is needed in the depth of data
//! (`op_eq` of an element, `to_string` in an array) runs through [`Callback`], a nested run that the engine checks for depth.
use std::sync::Arc;

use super::fault::{Raise, faults};
use super::truth::truthy;
use crate::value::{FnId, ModuleId, Value};

/// What an operator came to.
pub enum Step {
    Done(Value),
    /// Call this method, then apply `then` to its result.
    Call {
        method: FnId,
        receiver: Value,
        args: SmallArgs,
        then: Then,
    },
    /// One side is a string and the display form of the other may run user code: [`super::arith::concat`] does it.
    Concat {
        left: Value,
        right: Value,
    },
}

impl Step {
    #[inline]
    pub fn bool(value: bool) -> Result<Step, Raise> {
        Ok(Step::Done(Value::from(value)))
    }

    /// Runs the call, if there is one, through `callback`: for operators applied by builtins.
    #[inline]
    pub fn finish(self, callback: &mut dyn Callback) -> Result<Value, Raise> {
        match self {
            Step::Done(value) => Ok(value),
            Step::Call { method, receiver, mut args, then } => {
                let result = callback.call_method(method, receiver, args.as_mut_slice())?;
                then.apply(result)
            }
            Step::Concat { left, right } => super::arith::concat(&left, &right, callback),
        }
    }
}

/// The arguments of an overload besides its receiver: none or one.
#[derive(Default)]
pub struct SmallArgs(Option<Value>);

impl SmallArgs {
    pub fn none() -> SmallArgs {
        SmallArgs(None)
    }

    pub fn one(value: Value) -> SmallArgs {
        SmallArgs(Some(value))
    }

    pub fn len(&self) -> usize {
        usize::from(self.0.is_some())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The argument, if there is one.
    pub fn into_value(self) -> Option<Value> {
        self.0
    }

    pub fn as_mut_slice(&mut self) -> &mut [Value] {
        self.0.as_mut_slice()
    }
}

/// What is to be done with the result of the method that [`Step::Call`] names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Then {
    /// It is the operator's result.
    Value,
    /// The operator's result is its truth.
    Truthy,
    /// The operator's result is the opposite of its truth.
    NotTruthy,
    /// It must be a string (`to_string`).
    String,
    /// `for` goes on to iterate over it (`op_iter`).
    Iterate,
}

impl Then {
    /// The operator's result, made from the method's.
    #[inline]
    pub fn apply(self, result: Value) -> Result<Value, Raise> {
        match self {
            Then::Value | Then::Iterate => Ok(result),
            Then::Truthy => Ok(Value::from(truthy(&result))),
            Then::NotTruthy => Ok(Value::from(!truthy(&result))),
            Then::String if matches!(result, Value::Str(_)) => Ok(result),
            Then::String => Err(faults::to_string_result("struct", result.type_name())),
        }
    }
}

/// What the deep operations may ask of the engine that runs them.
pub trait Callback {
    /// Calls a method of a struct or enum with `receiver` as `self`; arguments may be taken.
    fn call_method(&mut self, method: FnId, receiver: Value, args: &mut [Value]) -> Result<Value, Raise>;
    /// Calls any callable value; arguments may be taken.
    fn call(&mut self, function: &Value, args: &mut [Value]) -> Result<Value, Raise>;
    /// The name of a function as `<func name>` shows it.
    fn function_name(&self, function: FnId) -> Arc<str>;
    /// Whether it is a builtin, shown as `<builtin name>`.
    fn is_builtin(&self, function: FnId) -> bool;
    /// The name of a module.
    fn module_name(&self, _module: ModuleId) -> Arc<str> {
        Arc::from("module")
    }
    /// The next item of a generator, channel or other handle; `None` at its end.
    fn resume(&mut self, source: &Value) -> Result<Option<Value>, Raise> {
        Err(faults::cannot_iterate(source.type_name()))
    }
    /// Closes a generator or other handle that will not be asked again.
    fn close(&mut self, _source: &Value) -> Result<(), Raise> {
        Ok(())
    }
    /// To be asked every millisecond or so of long work.
    fn poll(&mut self) -> Result<(), Raise>;
}

/// For places without an engine: the report of an uncaught error, dumps. No user code runs; `to_string` and `op_eq` count
/// as absent.
#[derive(Debug, Default)]
pub struct NoCallback;

impl Callback for NoCallback {
    fn call_method(&mut self, _: FnId, _: Value, _: &mut [Value]) -> Result<Value, Raise> {
        Err(Raise::bug("user code asked for where none may run"))
    }

    fn call(&mut self, _: &Value, _: &mut [Value]) -> Result<Value, Raise> {
        Err(Raise::bug("user code asked for where none may run"))
    }

    fn function_name(&self, _: FnId) -> Arc<str> {
        Arc::from("")
    }

    fn is_builtin(&self, _: FnId) -> bool {
        false
    }

    fn poll(&mut self) -> Result<(), Raise> {
        Ok(())
    }
}
