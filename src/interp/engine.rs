//! The tree walker as builtins and deep operations see it.
use std::sync::Arc;

use super::{Frame, Interp};
use crate::builtins::{self, Engine, Site};
use crate::host::Host;
use crate::semantics::call::FnInfo;
use crate::semantics::fault::Raise;
use crate::semantics::step::Callback;
use crate::value::isolate::Isolate;
use crate::value::{FnId, ModuleId, Value};

impl<'p> Interp<'p> {
    /// The frame that stands for native code calling back: the script's top level.
    fn outer(&self) -> Frame<'p> {
        let program = self.units[0].program;
        let body = program.modules[0].body;
        let (unit, function) = self.site.map_or((0, &program[body]), |(unit, function, _)| (unit, function));
        let program = self.units[unit].program;
        Frame {
            unit,
            program,
            function,
            id: self.units[0].fn_id(body),
            base: self.stack.len(),
            closure: None,
            readonly_self: false,
        }
    }
}

impl Callback for Interp<'_> {
    fn call_method(&mut self, method: FnId, receiver: Value, args: &mut [Value]) -> Result<Value, Raise> {
        let positional = args.iter_mut().map(Value::take).collect();
        let frame = self.outer();
        self.call_with(&frame, method, None, Some(receiver), (positional, Vec::new()))
    }

    fn call(&mut self, function: &Value, args: &mut [Value]) -> Result<Value, Raise> {
        let positional = args.iter_mut().map(Value::take).collect();
        let frame = self.outer();
        self.call_any(&frame, function, (positional, Vec::new()))
    }

    fn function_name(&self, function: FnId) -> Arc<str> {
        self.info(function).name.clone()
    }

    fn is_builtin(&self, function: FnId) -> bool {
        self.user(function).is_none()
    }

    fn module_name(&self, module: ModuleId) -> Arc<str> {
        if let Some(namespace) = builtins::namespace_of(module) {
            return Arc::from(builtins::namespace_name(namespace));
        }
        let program = self.units[0].program;
        program.modules.get(module.0 as usize).map_or_else(|| Arc::from("module"), |data| Arc::from(&program[data.name]))
    }

    fn poll(&mut self) -> Result<(), Raise> {
        if crate::limits::pending() { self.attend() } else { Ok(()) }
    }
}

impl Engine for Interp<'_> {
    fn isolate(&mut self) -> &mut Isolate {
        &mut self.isolate
    }

    fn host(&mut self) -> &mut Host {
        &mut self.host
    }

    fn fn_info(&self, function: FnId) -> Arc<FnInfo> {
        self.info(function)
    }

    fn site(&self) -> Site {
        self.current_site()
    }
}
