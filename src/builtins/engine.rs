//! What a builtin may ask of the engine that runs it, and the shape of its Rust bodies.
use std::sync::Arc;

use crate::host::Host;
use crate::semantics::call::FnInfo;
use crate::semantics::fault::Raise;
use crate::semantics::step::Callback;
use crate::value::isolate::Isolate;
use crate::value::{FnId, Value};

/// The engine as builtins see it: tree walker and VM implement it, so that a builtin exists once.
pub trait Engine: Callback {
    /// The isolate that runs: its random state lives there.
    fn isolate(&mut self) -> &mut Isolate;
    /// The outside: output, input, arguments, clock, files, capabilities.
    fn host(&mut self) -> &mut Host;
    /// Name and parameters of a function.
    fn fn_info(&self, function: FnId) -> Arc<FnInfo>;
    /// The call that is being executed.
    fn site(&self) -> Site;
}

/// Where a call stands in the program.
#[derive(Clone, Debug, Default)]
pub struct Site {
    pub file: Arc<str>,
    /// Counts from 1.
    pub line: u32,
    /// Counts from 1, in code points.
    pub column: u32,
    /// The source text of the whole call, e.g. `assert(x > 1)`.
    pub text: Arc<str>,
}

/// A builtin in Rust. There is one slot for every parameter; a missing one holds `Uninit`, a rest parameter an array.
/// Arguments may be taken; on `Err` they are as they came.
pub type NativeFn = fn(&mut dyn Engine, &mut [Value]) -> Result<Value, Raise>;

/// A mutating method: the place, slots for the parameters after the first, and whether the result is used.
/// On `Err` the place is as it was.
pub type MutatingFn = fn(&mut dyn Engine, &mut Value, &mut [Value], bool) -> Result<Value, Raise>;
