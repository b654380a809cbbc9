//! Calls: arguments, frames, constructors.
#![allow(improper_ctypes_definitions)]

use std::sync::Arc;

use super::ClosureRef;
use super::expr::Updated;
use super::unit::Entry;
use super::{Eval, Flow, Frame, Interp, Signal};
use crate::builtins::{self, BuiltinId};
use crate::resolve::hir::{Args, EnumId, Expr, ExprKind, FuncId, FunctionKind, Item, StructId, TextId, Var};
use crate::semantics::annotated;
use crate::semantics::call::{FnInfo, ParamInfo, ParamKind, SelfMode, bind_args, missing_self};
use crate::semantics::fault::{Missing, Raise, faults};
use crate::semantics::member;
use crate::source::Span;
use crate::value::cell::Cell;
use crate::value::{BuiltinType, DeclId, FnId, Symbol, TypeId, Value};

/// Arguments as they were evaluated: positional ones, named ones.
pub(super) type Arguments = (Vec<Value>, Vec<(TextId, Value)>);

impl<'p> Interp<'p> {
    /// `f(…)` of a function known before execution.
    #[inline(never)]
    pub(super) extern "C-unwind" fn call_func(&mut self, frame: &Frame<'p>, expr: &'p Expr) -> Eval {
        let ExprKind::CallFunc { func, args } = &expr.kind else { return self.elsewhere(expr) };
        let func = *func;
        if self.units[frame.unit].entries[func.index()].exact == Some(args.positional.len()) && args.is_plain() {
            let base = self.stack.len();
            if let Err(signal) = self.push_arguments(frame, &args.positional) {
                self.drop_to(base);
                return Err(signal);
            }
            return match self.run_function(frame.unit, func, None, base, false) {
                Err(_) => Err(self.pass(frame, expr.span)),
                done => done,
            };
        }
        let id = self.units[frame.unit].fn_id(func);
        let arguments = self.arguments(frame, expr.span, args)?;
        let result = self.call_with(frame, id, None, None, arguments);
        result.map_err(|raise| self.leave_at(frame, expr.span, raise))
    }

    /// `f(…)` of a value.
    #[inline(never)]
    pub(super) extern "C-unwind" fn call_value(&mut self, frame: &Frame<'p>, expr: &'p Expr) -> Eval {
        let ExprKind::Call { callee, args } = &expr.kind else { return self.elsewhere(expr) };
        let callee = self.operand(frame, *callee)?;
        let (id, closure) = match &callee {
            Value::Closure(closure) if !closure.is_bound() => (Some(closure.func()), Some(closure)),
            Value::Fn0(id) => (Some(*id), None),
            _ => (None, None),
        };
        if let Some((unit, func)) = id.and_then(|id| self.user(id))
            && args.is_plain()
            && self.units[unit].entries[func.index()].takes(args.positional.len())
        {
            let base = self.stack.len();
            if let Err(signal) = self.push_arguments(frame, &args.positional) {
                self.drop_to(base);
                return Err(signal);
            }
            return match self.run_function(unit, func, closure.cloned(), base, false) {
                Err(_) => Err(self.pass(frame, expr.span)),
                done => done,
            };
        }
        let arguments = self.arguments(frame, expr.span, args)?;
        let result = self.call_any(frame, &callee, arguments);
        result.map_err(|raise| self.leave_at(frame, expr.span, raise))
    }

    /// `Point(…)`, `Shape::Circle(…)`
    pub(super) fn construct_expr(&mut self, frame: &Frame<'p>, expr: &'p Expr) -> Eval {
        let result = match &expr.kind {
            ExprKind::Construct { decl, args } => {
                let arguments = self.arguments(frame, expr.span, args)?;
                self.construct(frame, frame.unit, *decl, arguments)
            }
            ExprKind::MakeVariant { decl, variant, args } => {
                let arguments = self.arguments(frame, expr.span, args)?;
                let decl = self.units[frame.unit].enums[decl.index()];
                self.make_variant(frame, decl, *variant, arguments)
            }
            _ => return self.elsewhere(expr),
        };
        result.map_err(|raise| self.leave_at(frame, expr.span, raise))
    }

    /// Evaluates arguments onto the stack, spreads not being among them. On a signal the caller drops what lies there.
    #[inline]
    pub(super) fn push_arguments(&mut self, frame: &Frame<'p>, items: &'p [Item]) -> Eval<()> {
        for item in items {
            let Item::One(argument) = item else { return Err(self.raise(Raise::bug("a spread where none may be"))) };
            let value = self.operand(frame, *argument)?;
            self.stack.push(value);
        }
        Ok(())
    }

    /// Drops what lies above `height`.
    #[inline]
    pub(super) fn drop_to(&mut self, height: usize) {
        while self.stack.len() > height
            && let Some(value) = self.stack.pop()
        {
            value.discard();
        }
    }

    /// Lets `run` have the values above `base`, which are gone afterwards.
    pub(super) fn with_slots<R>(&mut self, base: usize, run: impl FnOnce(&mut Self, &mut [Value]) -> R) -> R {
        const FEW: usize = 4;
        let count = self.stack.len() - base;
        if count > FEW {
            let mut slots: Vec<Value> = self.stack.drain(base..).collect();
            return run(self, &mut slots);
        }
        let mut slots = [const { Value::Null }; FEW];
        for slot in slots[..count].iter_mut().rev() {
            *slot = self.stack.pop().unwrap_or_default();
        }
        run(self, &mut slots[..count])
    }

    /// All arguments are evaluated before spread ones are taken apart; `span` is what an error in that is reported at.
    pub(super) fn arguments(&mut self, frame: &Frame<'p>, span: Span, args: &'p Args) -> Eval<Arguments> {
        let mut given = Vec::with_capacity(args.positional.len());
        for item in &args.positional {
            let (Item::One(argument) | Item::Spread(argument)) = item;
            given.push(self.eval(frame, *argument)?);
        }
        let mut named = Vec::with_capacity(args.named.len());
        for (name, argument) in &args.named {
            named.push((*name, self.eval(frame, *argument)?));
        }
        if args.positional.iter().all(|item| matches!(item, Item::One(_))) {
            return Ok((given, named));
        }
        let mut positional = Vec::with_capacity(given.len());
        for (item, value) in args.positional.iter().zip(given) {
            match item {
                Item::One(_) => positional.push(value),
                Item::Spread(_) => {
                    positional.extend(self.collect(value).map_err(|raise| self.leave_at(frame, span, raise))?)
                }
            }
        }
        Ok((positional, named))
    }

    // ---- builtins ----

    #[inline(never)]
    pub(super) extern "C-unwind" fn call_builtin_expr(&mut self, frame: &Frame<'p>, expr: &'p Expr) -> Eval {
        let ExprKind::CallBuiltin { builtin, args } = &expr.kind else { return self.elsewhere(expr) };
        let builtin = *builtin;
        let first = match args.positional.first() {
            Some(Item::One(first)) => self.update_operand(frame, *first),
            _ => None,
        };
        let Some(operand) = first else {
            if args.is_plain() && builtins::fn_info(builtin).is_exactly(args.positional.len()) {
                let base = self.stack.len();
                if let Err(signal) = self.push_arguments(frame, &args.positional) {
                    self.drop_to(base);
                    return Err(signal);
                }
                let result = self.with_slots(base, |this, slots| this.run_builtin(frame, expr.span, builtin, slots));
                return result.map_err(|raise| self.leave_at(frame, expr.span, raise));
            }
            let arguments = self.arguments(frame, expr.span, args)?;
            let result = self.call_builtin(frame, expr, builtin, arguments);
            return result.map_err(|raise| self.leave_at(frame, expr.span, raise));
        };
        self.update_by_builtin(frame, expr, builtin, args, operand)
    }

    /// `x = f(x, e)`: the builtin works on the variable's own value.
    pub(super) fn update_by_builtin(
        &mut self,
        frame: &Frame<'p>,
        expr: &'p Expr,
        builtin: BuiltinId,
        args: &'p Args,
        operand: Updated,
    ) -> Eval {
        let early = self.update_early(frame, expr, operand)?;
        let mut positional = vec![Value::Null];
        for item in &args.positional[1..] {
            match item {
                Item::One(argument) => positional.push(self.eval(frame, *argument)?),
                Item::Spread(_) => return Err(self.raise(Raise::bug("a spread in an update"))),
            }
        }
        let (target, home) = self.update_take(frame, operand, early);
        positional[0] = target;
        let mut slots = match bind_args(builtins::fn_info(builtin), positional, Vec::new()) {
            Ok(slots) => slots,
            // Binding has consumed the values: what failed is the number of arguments, which is known before.
            Err(raise) => return Err(self.leave_at(frame, expr.span, raise)),
        };
        let result = self.run_builtin(frame, expr.span, builtin, &mut slots);
        result.map_err(|raise| {
            self.give_back(frame, operand, home, slots[0].take());
            self.leave_at(frame, expr.span, raise)
        })
    }

    fn call_builtin(
        &mut self,
        frame: &Frame<'p>,
        expr: &'p Expr,
        builtin: BuiltinId,
        arguments: Arguments,
    ) -> Result<Value, Raise> {
        let mut slots = self.bind(builtins::fn_info(builtin), frame, arguments)?;
        self.run_builtin(frame, expr.span, builtin, &mut slots)
    }

    /// Runs a builtin on bound arguments: its Rust body, or its body in Ruff.
    pub(super) fn run_builtin(
        &mut self,
        frame: &Frame<'p>,
        span: crate::source::Span,
        builtin: BuiltinId,
        slots: &mut [Value],
    ) -> Result<Value, Raise> {
        match builtins::info(builtin).native() {
            Some(native) => self.in_builtin(frame, span, builtin, |this| native(this, slots)),
            None => {
                let before = self.site.replace((frame.unit, frame.function, span));
                let result = self.run_prelude(builtin, slots);
                self.site = before;
                result
            }
        }
    }

    /// Runs the Rust body of a builtin, which then knows where it was called; its time is its own for a profiler.
    pub(super) fn in_builtin(
        &mut self,
        frame: &Frame<'p>,
        span: crate::source::Span,
        builtin: BuiltinId,
        body: impl FnOnce(&mut Self) -> Result<Value, Raise>,
    ) -> Result<Value, Raise> {
        let before = self.site.replace((frame.unit, frame.function, span));
        // A site in the prelude means the call that led there.
        if self.units[frame.unit].hidden && before.is_some() {
            self.site = before;
        }
        if self.trail.on {
            self.begin_builtin(builtin);
        }
        let result = body(self);
        if self.trail.on {
            self.end_builtin();
        }
        self.site = before;
        result
    }

    fn run_prelude(&mut self, builtin: BuiltinId, slots: &mut [Value]) -> Result<Value, Raise> {
        let id = self.prelude_function(builtin)?;
        let base = self.stack.len();
        self.stack.extend(slots.iter_mut().map(Value::take));
        let outcome = self.run_user(id, None, base, false);
        self.settle(outcome)
    }

    /// The function of the prelude that is a builtin's body; the prelude is loaded at the first one.
    fn prelude_function(&mut self, builtin: BuiltinId) -> Result<FnId, Raise> {
        if self.units.len() == 1 {
            let base = self.units[0].base + self.units[0].program.functions.len() as u32;
            let unit = self.provider.prelude(base);
            self.units.push(unit);
        }
        if let Some(found) = self.bodies.get(&builtin.0) {
            return Ok(*found);
        }
        let unit = &self.units[1];
        let name = builtins::info(builtin).name;
        let found = unit
            .program
            .functions
            .iter()
            .position(|function| function.kind == FunctionKind::Function && &unit.program[function.name] == name);
        let Some(func) = found else { return Err(Raise::bug(format!("the prelude has no body for {name}"))) };
        let id = unit.fn_id(FuncId(func as u32));
        self.bodies.insert(builtin.0, id);
        Ok(id)
    }

    // ---- user functions ----

    /// Names to parameters.
    pub(super) fn bind(
        &mut self,
        info: &FnInfo,
        frame: &Frame<'p>,
        (positional, named): Arguments,
    ) -> Result<Vec<Value>, Raise> {
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
        let unit = if self.units.len() > 1 && self.units[1].base <= id.0 { 1 } else { 0 };
        Some((unit, FuncId(id.0 - self.units[unit].base)))
    }

    /// Calls a function that is no builtin with any arguments.
    pub(super) fn call_with(
        &mut self,
        frame: &Frame<'p>,
        id: FnId,
        closure: Option<ClosureRef>,
        receiver: Option<Value>,
        arguments: Arguments,
    ) -> Result<Value, Raise> {
        let slots = self.bind(&self.info(id), frame, arguments)?;
        self.call_bound(id, closure, receiver, slots, false)
    }

    /// Calls with bound arguments.
    pub(super) fn call_bound(
        &mut self,
        id: FnId,
        closure: Option<ClosureRef>,
        receiver: Option<Value>,
        slots: Vec<Value>,
        readonly: bool,
    ) -> Result<Value, Raise> {
        let base = self.stack.len();
        self.stack.extend(receiver);
        self.stack.extend(slots);
        let outcome = self.run_user(id, closure, base, readonly);
        self.settle(outcome)
    }

    /// Does a function take so many arguments as they are?
    pub(super) fn takes(&self, id: FnId, count: usize) -> bool {
        self.user(id).is_some_and(|(unit, func)| self.units[unit].entries[func.index()].exact == Some(count))
    }

    /// Runs a function whose `self` and parameters lie on the stack from `base` on. They are gone afterwards.
    pub(super) fn run_user(&mut self, id: FnId, closure: Option<ClosureRef>, base: usize, readonly_self: bool) -> Eval {
        let Some((unit, func)) = self.user(id) else { return Err(self.raise(Raise::bug("a builtin has no frame"))) };
        let outcome = self.run_function(unit, func, closure, base, readonly_self);
        // Nobody asks what has become of `self`, and it must not be held.
        self.left_self.assign(Value::Null);
        outcome
    }

    /// Runs a mutating method; what has become of `self` is in `left_self`.
    pub(super) fn run_method(&mut self, id: FnId, base: usize) -> Eval {
        match self.user(id) {
            Some((unit, func)) => self.run_function(unit, func, None, base, false),
            None => Err(self.raise(Raise::bug("a builtin has no frame"))),
        }
    }

    /// Runs a function of a unit as [`Interp::run_user`] does.
    fn run_function(
        &mut self,
        unit: usize,
        func: FuncId,
        closure: Option<ClosureRef>,
        base: usize,
        readonly_self: bool,
    ) -> Eval {
        let home = &self.units[unit];
        let (id, program) = (home.fn_id(func), home.program);
        let Entry { function, simple, keeps_self, .. } = home.entries[func.index()];
        if let Err(raise) = self.enter() {
            self.end_frame(base, keeps_self);
            return Err(self.raise(raise));
        }
        let frame = Frame { unit, program, function, id, base, closure, readonly_self };
        if self.trail.on {
            self.begin_trail(&frame);
        }
        let outcome = if simple { self.function_body(&frame) } else { self.run_frame(&frame) };
        if self.trail.on {
            self.end_trail();
        }
        self.depth -= 1;
        self.end_frame(base, keeps_self);
        match outcome {
            Ok(()) => Ok(Value::Null),
            Err(Signal::Jump) => Ok(self.result.take()),
            Err(Signal::Raise) => Err(Signal::Raise),
        }
    }

    /// Drops a frame, but for the `self` of a mutating method.
    #[inline]
    fn end_frame(&mut self, base: usize, keeps_self: bool) {
        if keeps_self {
            self.left_self = match self.stack[base].take() {
                Value::Cell(cell) => cell.get(),
                value => value,
            };
        }
        self.drop_to(base);
    }

    /// What is not simple: constructors, defaults, parameters in cells.
    fn run_frame(&mut self, frame: &Frame<'p>) -> Eval<()> {
        let function = frame.function;
        if let FunctionKind::VariantConstructor(decl, variant) = function.kind {
            let payload = self.stack[frame.base..].iter_mut().take(function.params.len()).map(Value::take).collect();
            let made = member::make_variant(self.units[frame.unit].enums[decl.index()], variant, payload);
            self.result = made.map_err(|raise| self.leave_at(frame, function.span, raise))?;
            return self.jump(Flow::Return);
        }
        if function.is_generator || function.is_async {
            let feature = if function.is_generator { Missing::Generators } else { Missing::AsyncFunctions };
            return Err(self.leave_at(frame, function.name_span, feature.raise()));
        }
        self.stack.resize_with(frame.base + function.slots as usize, || Value::Null);
        self.parameters(frame)?;
        self.function_body(frame)
    }

    /// Defaults of missing arguments, and parameters into their cells.
    fn parameters(&mut self, frame: &Frame<'p>) -> Eval<()> {
        let function = frame.function;
        let first = usize::from(function.self_mode != crate::resolve::hir::SelfMode::None);
        for (at, param) in function.params.iter().enumerate() {
            let slot = frame.base + first + at;
            if let (Some(default), Value::Uninit) = (param.default, &self.stack[slot]) {
                self.stack[slot] = self.eval(frame, default)?;
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
        Ok(())
    }

    /// Runs a body. Its slots are dropped with the frame.
    #[inline]
    fn function_body(&mut self, frame: &Frame<'p>) -> Eval<()> {
        let height = frame.base + frame.function.slots as usize;
        if self.stack.len() < height {
            self.stack.resize_with(height, || Value::Null);
        }
        let block = &frame.program[frame.function.body];
        self.enter_block(frame, block);
        self.body(frame, block)
    }

    /// Runs a module's top level.
    pub(super) fn run_module(&mut self, module: u32) -> Result<Value, Raise> {
        self.modules_run[module as usize] = true;
        let body = self.units[0].program.modules[module as usize].body;
        let base = self.stack.len();
        let outcome = self.run_function(0, body, None, base, false);
        self.settle(outcome)
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
            return Err(missing_self(&info));
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
        let builtin =
            BuiltinType::ALL.iter().find(|builtin| builtin.id() == ty).and_then(|builtin| builtins::constructor(*builtin));
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
        if let Some(builtin) =
            builtins::function(declared.name.as_str()).filter(|_| id == DeclId::RESULT || id == DeclId::OPTION)
        {
            return Value::Fn0(FnId(u32::from(builtin.0)));
        }
        let constructor = self.units.iter().find_map(|unit| {
            let at = unit.enums.iter().position(|other| *other == id)?;
            unit.program.enums[at].variants[variant as usize].constructor.map(|func| unit.fn_id(func))
        });
        constructor.map_or(Value::Null, Value::function)
    }

    pub(super) fn make_variant(
        &mut self,
        frame: &Frame<'p>,
        decl: DeclId,
        variant: u32,
        arguments: Arguments,
    ) -> Result<Value, Raise> {
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
    pub(super) fn construct(
        &mut self,
        frame: &Frame<'p>,
        unit: usize,
        decl: StructId,
        arguments: Arguments,
    ) -> Result<Value, Raise> {
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
                let outcome = self.run_user(id, None, base, false);
                values[at] = self.settle(outcome)?;
            }
        }
        let id = self.units[unit].structs[decl.index()];
        annotated::check_fields(crate::value::shapes::decl(id), &values)?;
        Value::instance(id, values).map_err(|refused| crate::semantics::memory(&program[program[decl].name], refused))
    }
}

fn parameter(name: Symbol, has_default: bool) -> ParamInfo {
    ParamInfo { name: Arc::from(name.as_str()), kind: ParamKind::Positional, has_default }
}
