//! Calls: arguments, frames, constructors.
use std::sync::Arc;

use super::stmt::value;
use super::{Eval, Exec, Flow, Frame, Interp};
use crate::builtins::{self, BuiltinId};
use crate::resolve::hir::{Args, EnumId, Expr, ExprKind, FuncId, FunctionKind, Item, StructId, TextId, Var};
use crate::semantics::call::{FnInfo, ParamInfo, ParamKind, SelfMode, arity_fault, bind_args};
use crate::semantics::fault::{Raise, faults};
use crate::semantics::member;
use super::ClosureRef;
use crate::value::cell::Cell;
use crate::value::{BuiltinType, DeclId, FnId, Symbol, TypeId, Value};

/// Arguments as they were evaluated: positional ones, named ones.
pub(super) type Arguments = (Vec<Value>, Vec<(TextId, Value)>);

impl<'p> Interp<'p> {
    pub(super) fn call_expr(&mut self, frame: &Frame<'p>, expr: &'p Expr) -> Eval {
        let result = match &expr.kind {
            ExprKind::CallFunc { func, args } => {
                let id = self.units[frame.unit].fn_id(*func);
                let exact = frame.program[*func].params.len() == args.positional.len() && args.is_plain();
                if exact && self.units[frame.unit].infos[func.index()].is_exactly(args.positional.len()) {
                    return self.call_exact(frame, expr, id, args);
                }
                let arguments = self.arguments(frame, args)?;
                self.call_with(frame, id, None, None, arguments)
            }
            ExprKind::CallBuiltin { builtin, args } => return self.call_builtin_expr(frame, expr, *builtin, args),
            ExprKind::Construct { decl, args } => {
                let arguments = self.arguments(frame, args)?;
                self.construct(frame, frame.unit, *decl, arguments)
            }
            ExprKind::MakeVariant { decl, variant, args } => {
                let arguments = self.arguments(frame, args)?;
                let decl = self.units[frame.unit].enums[decl.index()];
                self.make_variant(frame, decl, *variant, arguments)
            }
            ExprKind::Call { callee, args } => {
                let callee = self.eval(frame, *callee)?;
                let arguments = self.arguments(frame, args)?;
                self.call_any(frame, &callee, arguments)
            }
            _ => Err(Raise::bug("not a call")),
        };
        result.map_err(|raise| self.leave_at(frame, expr.span, raise).into())
    }

    /// A function that takes exactly these arguments: they are evaluated where its frame begins.
    fn call_exact(&mut self, frame: &Frame<'p>, expr: &'p Expr, id: FnId, args: &'p Args) -> Eval {
        let base = self.stack.len();
        for item in &args.positional {
            let Item::One(argument) = item else { continue };
            match self.eval(frame, *argument) {
                Ok(value) => self.stack.push(value),
                Err(signal) => {
                    self.stack.truncate(base);
                    return Err(signal);
                }
            }
        }
        let result = self.run_user(id, None, base, false).map(|(result, _)| result);
        result.map_err(|raise| self.leave_at(frame, expr.span, raise).into())
    }

    pub(super) fn arguments(&mut self, frame: &Frame<'p>, args: &'p Args) -> Eval<Arguments> {
        let mut positional = Vec::with_capacity(args.positional.len());
        for item in &args.positional {
            match item {
                Item::One(argument) => positional.push(self.eval(frame, *argument)?),
                Item::Spread(argument) => {
                    let value = self.eval(frame, *argument)?;
                    let span = frame.program[*argument].span;
                    let items = self.collect(value).map_err(|raise| self.leave_at(frame, span, raise))?;
                    positional.extend(items);
                }
            }
        }
        let mut named = Vec::with_capacity(args.named.len());
        for (name, argument) in &args.named {
            named.push((*name, self.eval(frame, *argument)?));
        }
        Ok((positional, named))
    }

    // ---- builtins ----

    fn call_builtin_expr(&mut self, frame: &Frame<'p>, expr: &'p Expr, builtin: BuiltinId, args: &'p Args) -> Eval {
        let first = match args.positional.first() {
            Some(Item::One(first)) => self.update_operand(frame, *first),
            _ => None,
        };
        let Some(operand) = first else {
            let arguments = self.arguments(frame, args)?;
            let result = self.call_builtin(frame, expr, builtin, arguments);
            return result.map_err(|raise| self.leave_at(frame, expr.span, raise).into());
        };
        let early = self.update_early(frame, expr, operand)?;
        let mut positional = vec![Value::Null];
        for item in &args.positional[1..] {
            match item {
                Item::One(argument) => positional.push(self.eval(frame, *argument)?),
                Item::Spread(_) => return Err(Raise::bug("a spread in an update").into()),
            }
        }
        let (target, home) = self.update_take(frame, operand.0, early);
        positional[0] = target;
        let mut slots = match bind_args(builtins::fn_info(builtin), positional, Vec::new()) {
            Ok(slots) => slots,
            // Binding has consumed the values: what failed is the number of arguments, which is known before.
            Err(raise) => return Err(self.leave_at(frame, expr.span, raise).into()),
        };
        let result = self.run_builtin(frame, expr.span, builtin, &mut slots);
        result.map_err(|raise| {
            if home {
                self.initialise(frame, operand.0, slots[0].take());
            }
            self.leave_at(frame, expr.span, raise).into()
        })
    }

    fn call_builtin(&mut self, frame: &Frame<'p>, expr: &'p Expr, builtin: BuiltinId, arguments: Arguments) -> Result<Value, Raise> {
        let mut slots = self.bind(builtins::fn_info(builtin), frame, arguments)?;
        self.run_builtin(frame, expr.span, builtin, &mut slots)
    }

    /// Runs a builtin on bound arguments: its Rust body, or its body in Ruff.
    pub(super) fn run_builtin(&mut self, frame: &Frame<'p>, span: crate::source::Span, builtin: BuiltinId, slots: &mut [Value]) -> Result<Value, Raise> {
        match builtins::info(builtin).native() {
            Some(native) => {
                let before = self.site.replace((frame.unit, frame.function, span));
                // A site in the prelude means the call that led there.
                if self.units[frame.unit].hidden && before.is_some() {
                    self.site = before;
                }
                self.sample_walker();
                let result = native(self, slots);
                self.sample_builtin(builtin);
                self.site = before;
                result
            }
            None => {
                let before = self.site.replace((frame.unit, frame.function, span));
                let result = self.run_prelude(builtin, slots);
                self.site = before;
                result
            }
        }
    }

    fn run_prelude(&mut self, builtin: BuiltinId, slots: &mut [Value]) -> Result<Value, Raise> {
        let id = self.prelude_function(builtin)?;
        let base = self.stack.len();
        self.stack.extend(slots.iter_mut().map(Value::take));
        self.run_user(id, None, base, false).map(|(result, _)| result)
    }

    /// The function of the prelude that is a builtin's body; the prelude is loaded at the first one.
    fn prelude_function(&mut self, builtin: BuiltinId) -> Result<FnId, Raise> {
        if self.units.len() == 1 {
            let base = self.units[0].base + self.units[0].program.functions.len() as u32;
            let unit = self.provider.prelude(base);
            self.units.push(unit);
        }
        let unit = &self.units[1];
        let name = builtins::info(builtin).name;
        let found = unit.program.functions.iter().position(|function| {
            function.kind == FunctionKind::Function && &unit.program[function.name] == name
        });
        match found {
            Some(func) => Ok(unit.fn_id(FuncId(func as u32))),
            None => Err(Raise::bug(format!("the prelude has no body for {name}"))),
        }
    }

    // ---- user functions ----

    /// Names to parameters.
    pub(super) fn bind(&mut self, info: &FnInfo, frame: &Frame<'p>, (positional, named): Arguments) -> Result<Vec<Value>, Raise> {
        let program = frame.program;
        bind_args(info, positional, named.into_iter().map(|(name, value)| (&program[name], value)).collect())
    }

    pub(super) fn info(&self, id: FnId) -> Arc<FnInfo> {
        match self.user(id) {
            Some((unit, func)) => self.units[unit].infos[func.index()].clone(),
            None => builtins::fn_info(BuiltinId(id.0 as u16)).clone(),
        }
    }

    /// The unit and function of an id that is no builtin's.
    pub(super) fn user(&self, id: FnId) -> Option<(usize, FuncId)> {
        if (id.0 as usize) < builtins::N_BUILTINS {
            return None;
        }
        let unit = self.units.iter().rposition(|unit| unit.base <= id.0)?;
        Some((unit, FuncId(id.0 - self.units[unit].base)))
    }

    /// Calls a function that is no builtin with any arguments.
    pub(super) fn call_with(&mut self, frame: &Frame<'p>, id: FnId, closure: Option<ClosureRef>, receiver: Option<Value>, arguments: Arguments) -> Result<Value, Raise> {
        let slots = self.bind(&self.info(id), frame, arguments)?;
        self.call_bound(id, closure, receiver, slots, false).map(|(result, _)| result)
    }

    /// Calls with bound arguments; gives the result and what has become of `self`.
    pub(super) fn call_bound(&mut self, id: FnId, closure: Option<ClosureRef>, receiver: Option<Value>, slots: Vec<Value>, readonly: bool) -> Result<(Value, Value), Raise> {
        let base = self.stack.len();
        self.stack.extend(receiver);
        self.stack.extend(slots);
        self.run_user(id, closure, base, readonly)
    }

    /// Runs a function whose `self` and parameters lie on the stack from `base` on. They are gone afterwards.
    pub(super) fn run_user(&mut self, id: FnId, closure: Option<ClosureRef>, base: usize, readonly_self: bool) -> Result<(Value, Value), Raise> {
        let Some((unit, func)) = self.user(id) else { return Err(Raise::bug("a builtin has no frame")) };
        let program = self.units[unit].program;
        let function = &program[func];
        if let Err(raise) = self.enter() {
            let receiver = if function.self_mode == crate::resolve::hir::SelfMode::None { Value::Null } else { self.stack[base].take() };
            self.stack.truncate(base);
            self.lost_self = receiver;
            return Err(raise);
        }
        let frame = Frame { unit, program, function, id, base, closure, readonly_self };
        self.begin_trail(&frame);
        let result = self.run_frame(&frame);
        self.end_trail();
        self.depth -= 1;
        let receiver = match function.self_mode {
            crate::resolve::hir::SelfMode::None => Value::Null,
            _ => match self.stack[base].take() {
                Value::Cell(cell) => cell.get(),
                value => value,
            },
        };
        self.stack.truncate(base);
        match result {
            Ok(value) => Ok((value, receiver)),
            Err(raise) => {
                self.lost_self = receiver;
                Err(raise)
            }
        }
    }

    fn run_frame(&mut self, frame: &Frame<'p>) -> Result<Value, Raise> {
        let function = frame.function;
        if let FunctionKind::VariantConstructor(decl, variant) = function.kind {
            let payload = self.stack[frame.base..].iter_mut().map(Value::take).collect();
            return member::make_variant(self.units[frame.unit].enums[decl.index()], variant, payload);
        }
        if function.is_generator || function.is_async {
            let what = if function.is_generator { "generators" } else { "async functions" };
            return Err(faults::raised(format_args!("{what} are not available yet")));
        }
        self.stack.resize_with(frame.base + function.slots as usize, || Value::Null);
        match self.function_body(frame)? {
            Flow::Return => Ok(self.result.take()),
            _ => Ok(Value::Null),
        }
    }

    fn function_body(&mut self, frame: &Frame<'p>) -> Exec {
        let function = frame.function;
        let first = usize::from(function.self_mode != crate::resolve::hir::SelfMode::None);
        for (at, param) in function.params.iter().enumerate() {
            let slot = frame.base + first + at;
            if let (Some(default), Value::Uninit) = (param.default, &self.stack[slot]) {
                self.stack[slot] = value!(self, self.eval(frame, default));
            }
            if function.cell_params.iter().any(|cell| cell.index() == first + at) {
                let value = self.stack[slot].take();
                self.stack[slot] = Value::Cell(Cell::alloc(value));
            }
        }
        if first == 1 && function.cell_params.iter().any(|cell| cell.index() == 0) {
            let value = self.stack[frame.base].take();
            self.stack[frame.base] = Value::Cell(Cell::alloc(value));
        }
        let block = &frame.program[function.body];
        if block.value.is_none() {
            return self.block(frame, function.body);
        }
        self.result = value!(self, self.block_value(frame, function.body));
        Ok(Flow::Return)
    }

    /// Runs a module's top level.
    pub(super) fn run_module(&mut self, module: u32) -> Result<Value, Raise> {
        self.modules_run[module as usize] = true;
        let body = self.units[0].program.modules[module as usize].body;
        let (id, base) = (self.units[0].fn_id(body), self.stack.len());
        self.run_user(id, None, base, false).map(|(result, _)| result)
    }

    pub(super) fn closure(&mut self, frame: &Frame<'p>, func: FuncId) -> Value {
        let captures: Vec<Value> = frame.program[func]
            .captures
            .iter()
            .map(|capture| match capture.from {
                Var::Local(slot) | Var::LocalCell(slot) => self.stack[frame.base + slot.index()].clone(),
                Var::Capture(at) | Var::CaptureCell(at) => match &frame.closure {
                    Some(closure) => closure.captures()[at as usize].clone(),
                    None => Value::Null,
                },
                Var::SelfFn => frame.closure.clone().map_or(Value::function(frame.id), Value::Closure),
                Var::Module(var) => self.isolate.table[var.index()].clone(),
            })
            .collect();
        Value::closure(self.units[frame.unit].fn_id(func), captures)
    }

    // ---- any callable ----

    /// Calls a value with the arguments of a call expression.
    pub(super) fn call_any(&mut self, frame: &Frame<'p>, callee: &Value, arguments: Arguments) -> Result<Value, Raise> {
        match callee {
            Value::Fn0(id) if self.user(*id).is_none() => {
                let builtin = BuiltinId(id.0 as u16);
                let mut slots = self.bind(builtins::fn_info(builtin), frame, arguments)?;
                let span = self.site.map_or(frame.function.span, |(_, _, span)| span);
                self.run_builtin(frame, span, builtin, &mut slots)
            }
            Value::Fn0(id) => {
                self.check_unbound(*id)?;
                let mut arguments = arguments;
                let receiver = self.first_as_self(*id, &mut arguments)?;
                self.call_with(frame, *id, None, receiver, arguments)
            }
            Value::Closure(closure) if closure.is_bound() => {
                let (id, receiver) = (closure.func(), closure.captures()[0].clone());
                if self.user(id).is_none() {
                    let mut arguments = arguments;
                    arguments.0.insert(0, receiver);
                    return self.call_any(frame, &Value::Fn0(id), arguments);
                }
                self.call_with(frame, id, None, Some(receiver), arguments)
            }
            Value::Closure(closure) => self.call_with(frame, closure.func(), Some(closure.clone()), None, arguments),
            Value::Type(ty) => self.call_type(frame, *ty, arguments),
            Value::Struct(_) => match member::overload(callee, crate::value::symbol::symbol("op_call")) {
                Some(method) => self.call_with(frame, method, None, Some(callee.clone()), arguments),
                None => Err(faults::not_callable(callee.type_name())),
            },
            other => Err(faults::not_callable(other.type_name())),
        }
    }

    /// `Type.method` called as a plain function: its first argument is `self`.
    fn first_as_self(&mut self, id: FnId, (positional, _): &mut Arguments) -> Result<Option<Value>, Raise> {
        let info = self.info(id);
        if info.self_mode == SelfMode::None {
            return Ok(None);
        }
        if positional.is_empty() {
            return Err(arity_fault(&info, 0));
        }
        Ok(Some(positional.remove(0)))
    }

    fn check_unbound(&self, _: FnId) -> Result<(), Raise> {
        Ok(())
    }

    fn call_type(&mut self, frame: &Frame<'p>, ty: TypeId, arguments: Arguments) -> Result<Value, Raise> {
        if let Some(decl) = ty.decl() {
            return match self.struct_of(decl) {
                Some((unit, decl)) => self.construct(frame, unit, decl, arguments),
                None => Err(faults::not_callable(format_args!("the enum {}", ty.name()))),
            };
        }
        let builtin = BuiltinType::ALL.iter().find(|builtin| builtin.id() == ty).and_then(|builtin| builtins::constructor(*builtin));
        match builtin {
            Some(builtin) => self.call_any(frame, &Value::Fn0(FnId(u32::from(builtin.0))), arguments),
            None => Err(faults::not_callable(format_args!("the type {}", ty.name()))),
        }
    }

    // ---- structs and enums ----

    pub(super) fn struct_type(&self, unit: usize, decl: StructId) -> Value {
        Value::Type(TypeId::of_decl(self.units[unit].structs[decl.index()]))
    }

    pub(super) fn enum_type(&self, unit: usize, decl: EnumId) -> Value {
        Value::Type(TypeId::of_decl(self.units[unit].enums[decl.index()]))
    }

    /// The unit and number of a declared struct.
    pub(super) fn struct_of(&self, decl: DeclId) -> Option<(usize, StructId)> {
        self.units.iter().enumerate().find_map(|(unit, data)| {
            let at = data.structs.iter().position(|other| *other == decl)?;
            Some((unit, StructId(at as u32)))
        })
    }

    /// A variant as a value: itself, or its constructor function.
    pub(super) fn variant(&self, unit: usize, decl: EnumId, variant: u32) -> Value {
        let id = self.units[unit].enums[decl.index()];
        self.variant_value(id, variant)
    }

    pub(super) fn variant_value(&self, id: DeclId, variant: u32) -> Value {
        let Some(declared) = crate::value::shapes::decl(id).as_enum().map(|body| &body.variants[variant as usize]) else {
            return Value::Null;
        };
        if declared.payload.is_empty() {
            return Value::Unit { decl: id, variant };
        }
        if let Some(builtin) = builtins::function(declared.name.as_str()).filter(|_| id == DeclId::RESULT || id == DeclId::OPTION) {
            return Value::Fn0(FnId(u32::from(builtin.0)));
        }
        let constructor = self.units.iter().find_map(|unit| {
            let at = unit.enums.iter().position(|other| *other == id)?;
            unit.program.enums[at].variants[variant as usize].constructor.map(|func| unit.fn_id(func))
        });
        constructor.map_or(Value::Null, Value::function)
    }

    pub(super) fn make_variant(&mut self, frame: &Frame<'p>, decl: DeclId, variant: u32, arguments: Arguments) -> Result<Value, Raise> {
        if arguments.1.is_empty() {
            return member::make_variant(decl, variant, arguments.0);
        }
        let declared = crate::value::shapes::decl(decl);
        let Some(body) = declared.as_enum().map(|body| &body.variants[variant as usize]) else {
            return Err(Raise::bug("a variant of no enum"));
        };
        let mut name = String::new();
        crate::value::show::variant_name(decl, variant, &mut name);
        let params = body.payload.iter().map(|field| parameter(*field, false)).collect();
        let info = FnInfo { name: name.into(), params, ..FnInfo::default() };
        let payload = self.bind(&info, frame, arguments)?;
        member::make_variant(decl, variant, payload)
    }

    /// `Point(1, y: 2)`
    pub(super) fn construct(&mut self, frame: &Frame<'p>, unit: usize, decl: StructId, arguments: Arguments) -> Result<Value, Raise> {
        let program = self.units[unit].program;
        let declared = &program[decl];
        let params = declared.fields.iter().map(|field| ParamInfo {
            name: Arc::from(&program[field.name]),
            kind: ParamKind::Positional,
            has_default: field.default.is_some(),
        });
        let info = FnInfo { name: Arc::from(&program[declared.name]), params: params.collect(), ..FnInfo::default() };
        let values = self.bind(&info, frame, arguments)?;
        self.instance(unit, decl, values)
    }

    /// An instance from field values; `Uninit` ones get their defaults, in order.
    pub(super) fn instance(&mut self, unit: usize, decl: StructId, mut values: Vec<Value>) -> Result<Value, Raise> {
        let program = self.units[unit].program;
        for (at, field) in program[decl].fields.iter().enumerate() {
            if let (Value::Uninit, Some(default)) = (&values[at], field.default) {
                let (id, base) = (self.units[unit].fn_id(default), self.stack.len());
                values[at] = self.run_user(id, None, base, false)?.0;
            }
        }
        let id = self.units[unit].structs[decl.index()];
        Value::instance(id, values).map_err(|refused| crate::semantics::memory(&program[program[decl].name], refused))
    }
}

fn parameter(name: Symbol, has_default: bool) -> ParamInfo {
    ParamInfo { name: Arc::from(name.as_str()), kind: ParamKind::Positional, has_default }
}
