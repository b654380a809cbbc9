//! Method calls: look-up, mutating methods on their places, exclusive use.
#![allow(improper_ctypes_definitions)]

use super::call::Arguments;
use super::remembered::Direct;
use super::{Eval, Frame, Interp};
use crate::builtins::{self, BuiltinId};
use crate::resolve::hir::{
    Access, Args, Expr, ExprId, ExprKind, Item, PathSegment, Place, PlaceId, Program, Receiver, TextId, Var,
};
use crate::semantics::call::SelfMode;
use crate::semantics::fault::{Raise, faults};
use crate::semantics::member::{self, Method};
use crate::semantics::place::{Key, place_get, with_place};
use crate::source::Span;
use crate::value::{FnId, Symbol, Value};

/// A variable that a mutating method is working on, and the call that does so.
pub(super) struct Use<'p> {
    unit: usize,
    place: &'p Place,
    method: Symbol,
}

/// A place as it is written, with `…` for computed keys.
fn place_text(program: &Program, place: &Place) -> String {
    let mut text = program[place.name].to_owned();
    for segment in &place.path {
        match segment {
            PathSegment::Field(name, ..) => text.extend([".", &program[*name]]),
            PathSegment::Index(..) => text.push_str("[…]"),
        }
    }
    text
}

impl<'p> Interp<'p> {
    #[inline(never)]
    pub(super) extern "C-unwind" fn method(&mut self, frame: &Frame<'p>, expr: &'p Expr) -> Eval {
        let ExprKind::Method { recv, name, args, used } = &expr.kind else { return self.elsewhere(expr) };
        let (span, receiver, name, used) = (expr.span, *recv, *name, *used);
        let symbol = self.symbol(frame.unit, name);
        let result = match receiver {
            Receiver::Value(receiver) => {
                let receiver = self.operand(frame, receiver)?;
                if args.is_plain() {
                    self.plain_method_on_value(frame, span, receiver, symbol, &args.positional, used)?
                } else {
                    let arguments = self.arguments(frame, span, args)?;
                    self.method_on_value(frame, span, receiver, symbol, arguments, used)
                }
            }
            Receiver::Place(place) => {
                if let Some(done) = self.direct_method(frame, span, place, name, args, used) {
                    return done;
                }
                let keys = self.place_keys(frame, place)?;
                if args.is_plain() {
                    self.plain_method_on_place(frame, span, place, &keys, name, &args.positional, used)?
                } else {
                    let arguments = self.arguments(frame, span, args)?;
                    self.method_on_place(frame, span, place, &keys, symbol, arguments, used)
                }
            }
        };
        result.map_err(|raise| self.leave_at(frame, span, raise))
    }

    /// A call with one argument or none on a local variable. Nothing if it is another call, of which nothing has run then.
    #[inline]
    fn direct_method(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        id: PlaceId,
        method: TextId,
        args: &'p Args,
        used: bool,
    ) -> Option<Eval> {
        let place = &frame.program[id];
        let (Var::Local(slot), [], []) = (place.root, &*place.path, &*args.named) else { return None };
        let (variable, name) = (frame.base + slot.index(), self.symbol(frame.unit, method));
        match *args.positional {
            [] => match self.names.direct(&self.stack[variable], name) {
                Direct::Reads(builtin, 0) => {
                    let receiver = self.stack[variable].clone();
                    Some(self.run_direct(frame, span, builtin, &mut [receiver]))
                }
                _ => None,
            },
            [Item::One(argument)] => {
                let argument = match self.operand(frame, argument) {
                    Ok(argument) => argument,
                    Err(signal) => return Some(Err(signal)),
                };
                Some(match self.names.direct(&self.stack[variable], name) {
                    Direct::Reads(builtin, 1) => {
                        let receiver = self.stack[variable].clone();
                        self.run_direct(frame, span, builtin, &mut [receiver, argument])
                    }
                    Direct::Changes(builtin, 1) if self.is_changeable(frame, place) => {
                        self.change_direct(frame, span, builtin, variable, argument, used)
                    }
                    _ => {
                        let base = self.stack.len();
                        self.stack.extend([Value::Null, argument]);
                        let result = self.method_on_pushed(frame, span, id, &[], method, base, used);
                        result.and_then(|result| result.map_err(|raise| self.leave_at(frame, span, raise)))
                    }
                })
            }
            _ => None,
        }
    }

    #[inline(never)]
    extern "C-unwind" fn run_direct(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        builtin: BuiltinId,
        slots: &mut [Value],
    ) -> Eval {
        self.run_builtin(frame, span, builtin, slots).map_err(|raise| self.leave_at(frame, span, raise))
    }

    #[inline(never)]
    extern "C-unwind" fn change_direct(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        builtin: BuiltinId,
        variable: usize,
        argument: Value,
        used: bool,
    ) -> Eval {
        let mut root = self.stack[variable].take();
        let result = self.run_mutating(frame, span, builtin, &mut root, &mut [argument], used);
        self.stack[variable] = root;
        result.map_err(|raise| self.leave_at(frame, span, raise))
    }

    /// Arguments without names and spreads: they are evaluated where the method's frame would begin.
    #[allow(clippy::too_many_arguments)]
    fn plain_method_on_place(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        id: PlaceId,
        keys: &[Key],
        method: TextId,
        args: &'p [Item],
        used: bool,
    ) -> Eval<Result<Value, Raise>> {
        let base = self.stack.len();
        self.stack.push(Value::Null);
        if let Err(signal) = self.push_arguments(frame, args) {
            self.drop_to(base);
            return Err(signal);
        }
        self.method_on_pushed(frame, span, id, keys, method, base, used)
    }

    /// The arguments stand on the stack from `base + 1` on; the receiver gets the place before them.
    #[allow(clippy::too_many_arguments)]
    #[inline(never)]
    fn method_on_pushed(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        id: PlaceId,
        keys: &[Key],
        method: TextId,
        base: usize,
        used: bool,
    ) -> Eval<Result<Value, Raise>> {
        let (place, name) = (&frame.program[id], self.symbol(frame.unit, method));
        let given = self.stack.len() - base - 1;
        let receiver = match self.receiver(frame, place, keys) {
            Ok(receiver) => receiver,
            Err(raise) => {
                self.drop_to(base);
                return match self.reader_span(frame, place, keys, method) {
                    Some(at) => Err(self.leave_at(frame, at, raise)),
                    None => Ok(Err(raise)),
                };
            }
        };
        let found = self.names.find(&receiver, name).map(|found| (found, receiver));
        let (found, receiver) = match found {
            Ok(found) => found,
            Err(raise) => {
                self.drop_to(base);
                return Ok(Err(raise));
            }
        };
        Ok(match found {
            Method::User { func, mutating: false } if self.takes(func, given) => {
                self.stack[base] = receiver;
                let outcome = self.run_user(func, None, base, false);
                self.settle(outcome)
            }
            Method::User { func, mutating: true } if self.takes(func, given) && self.is_changeable(frame, place) => {
                receiver.discard();
                self.in_place(frame, place, keys, name, base, |this, leaf| {
                    this.stack[base] = leaf.take();
                    let outcome = this.run_method(func, base);
                    *leaf = this.left_self.take();
                    this.settle(outcome)
                })
            }
            Method::Builtin(builtin)
                if builtins::info(BuiltinId(builtin)).mutating().is_some()
                    && builtins::method_info(BuiltinId(builtin)).is_exactly(given) =>
            {
                receiver.discard();
                if let Err(raise) = self.check_access(frame, place, name) {
                    self.drop_to(base);
                    return Ok(Err(raise));
                }
                self.in_place(frame, place, keys, name, base, |this, leaf| {
                    this.with_slots(base + 1, |this, slots| {
                        this.run_mutating(frame, span, BuiltinId(builtin), leaf, slots, used)
                    })
                })
            }
            Method::Builtin(builtin) | Method::Function(builtin)
                if (matches!(found, Method::Function(_)) || builtins::info(BuiltinId(builtin)).mutating().is_none())
                    && builtins::fn_info(BuiltinId(builtin)).is_exactly(given + 1) =>
            {
                self.stack[base] = receiver;
                self.with_slots(base, |this, slots| this.run_builtin(frame, span, BuiltinId(builtin), slots))
            }
            _ => {
                receiver.discard();
                let arguments = self.stack.drain(base + 1..).collect();
                self.drop_to(base);
                self.method_on_place(frame, span, id, keys, name, (arguments, Vec::new()), used)
            }
        })
    }

    /// Where the error of a receiver that is not there is reported if the call can only read it: at the variable or the field
    /// that fails. Nothing for other calls, which are reported whole.
    fn reader_span(&mut self, frame: &Frame<'p>, place: &Place, keys: &[Key], method: TextId) -> Option<Span> {
        let only_fields = place.is_keyless();
        if !only_fields || frame.program.may_mutate(method) {
            return None;
        }
        let mut at = place.span;
        let mut found = self.read(frame, place.root, place.name);
        for (segment, key) in place.path.iter().zip(keys) {
            let Ok(value) = &found else { break };
            if let PathSegment::Field(_, field) = segment {
                at = *field;
            }
            found = place_get(value, std::slice::from_ref(key)).and_then(|step| self.finish(step));
        }
        Some(at)
    }

    /// The value at a place that a method is called on.
    #[inline]
    fn receiver(&mut self, frame: &Frame<'p>, place: &Place, keys: &[Key]) -> Result<Value, Raise> {
        let root = self.read(frame, place.root, place.name)?;
        if keys.is_empty() {
            return Ok(root);
        }
        self.finish(place_get(&root, keys)?)
    }

    /// What a loop goes over: of a text, its characters as it is, without the list that `chars` would make.
    pub(super) fn iterable(&mut self, frame: &Frame<'p>, iterable: ExprId) -> Eval {
        let Some(asked) = frame.program.chars_of(iterable) else { return self.eval(frame, iterable) };
        let place = match asked {
            Receiver::Value(value) => return self.iterable_of(frame, iterable, value),
            Receiver::Place(place) => place,
        };
        let keys = self.place_keys(frame, place)?;
        match self.receiver(frame, &frame.program[place], &keys) {
            Ok(text @ Value::Str(_)) => Ok(text),
            _ => self.eval(frame, iterable),
        }
    }

    /// The same where `chars` is called on a temporary.
    fn iterable_of(&mut self, frame: &Frame<'p>, iterable: ExprId, value: ExprId) -> Eval {
        let found = &frame.program[iterable];
        let ExprKind::Method { name, .. } = found.kind else { return self.eval(frame, iterable) };
        let receiver = self.operand(frame, value)?;
        if let Value::Str(_) = receiver {
            return Ok(receiver);
        }
        let symbol = self.symbol(frame.unit, name);
        let result = self.plain_method_on_value(frame, found.span, receiver, symbol, &[], true)?;
        result.map_err(|raise| self.leave_at(frame, found.span, raise))
    }

    /// A temporary with arguments that need no binding for a method of its struct.
    fn plain_method_on_value(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        receiver: Value,
        name: Symbol,
        args: &'p [Item],
        used: bool,
    ) -> Eval<Result<Value, Raise>> {
        let base = self.stack.len();
        self.stack.push(receiver);
        if let Err(signal) = self.push_arguments(frame, args) {
            self.drop_to(base);
            return Err(signal);
        }
        Ok(match self.names.find(&self.stack[base], name) {
            Ok(Method::User { func, .. }) if self.takes(func, args.len()) => {
                let outcome = self.run_user(func, None, base, false);
                self.settle(outcome)
            }
            _ => {
                let arguments = self.stack.drain(base + 1..).collect();
                let receiver = self.stack.pop().unwrap_or_default();
                self.method_on_value(frame, span, receiver, name, (arguments, Vec::new()), used)
            }
        })
    }

    /// A temporary: a mutating method changes the temporary.
    fn method_on_value(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        mut receiver: Value,
        name: Symbol,
        arguments: Arguments,
        used: bool,
    ) -> Result<Value, Raise> {
        match self.names.find(&receiver, name)? {
            Method::User { func, .. } => self.call_with(frame, func, None, Some(receiver), arguments),
            Method::Builtin(id) if builtins::info(BuiltinId(id)).mutating().is_some() => {
                let mut slots = self.bind(builtins::method_info(BuiltinId(id)), frame, arguments)?;
                self.run_mutating(frame, span, BuiltinId(id), &mut receiver, &mut slots, used)
            }
            found => self.plain_method(frame, span, receiver, name, found, arguments),
        }
    }

    /// What takes its receiver as a value, or not at all.
    fn plain_method(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        receiver: Value,
        name: Symbol,
        found: Method,
        mut arguments: Arguments,
    ) -> Result<Value, Raise> {
        match found {
            Method::User { func, .. } => self.call_with(frame, func, None, Some(receiver), arguments),
            Method::Field(callee) | Method::Entry(callee) => self.call_any(frame, &callee, arguments),
            Method::Builtin(id) | Method::Function(id) => {
                arguments.0.insert(0, receiver);
                let mut slots = self.bind(builtins::fn_info(BuiltinId(id)), frame, arguments)?;
                self.run_builtin(frame, span, BuiltinId(id), &mut slots)
            }
            Method::Static(func) => self.call_with(frame, func, None, None, arguments),
            Method::Constructor { decl, variant } => self.make_variant(frame, decl, variant, arguments),
            Method::Module(module) => {
                let callee = self.module_member(frame.unit, module.0, name)?;
                self.call_any(frame, &callee, arguments)
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn method_on_place(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        id: PlaceId,
        keys: &[Key],
        name: Symbol,
        arguments: Arguments,
        used: bool,
    ) -> Result<Value, Raise> {
        let place = &frame.program[id];
        let receiver = self.receiver(frame, place, keys)?;
        match self.names.find(&receiver, name)? {
            Method::User { func, mutating: true } => {
                drop(receiver);
                let slots = self.bind(&self.info(func), frame, arguments)?;
                self.user_method_on_place(frame, place, keys, name, func, slots)
            }
            Method::Builtin(builtin) if builtins::info(BuiltinId(builtin)).mutating().is_some() => {
                drop(receiver);
                self.check_access(frame, place, name)?;
                let mut slots = self.bind(builtins::method_info(BuiltinId(builtin)), frame, arguments)?;
                let height = self.stack.len();
                self.in_place(frame, place, keys, name, height, |this, leaf| {
                    this.run_mutating(frame, span, BuiltinId(builtin), leaf, &mut slots, used)
                })
            }
            found => self.plain_method(frame, span, receiver, name, found, arguments),
        }
    }

    fn user_method_on_place(
        &mut self,
        frame: &Frame<'p>,
        place: &'p Place,
        keys: &[Key],
        name: Symbol,
        func: FnId,
        slots: Vec<Value>,
    ) -> Result<Value, Raise> {
        if self.info(func).self_mode == SelfMode::MaybeMutating && !self.is_changeable(frame, place) {
            let receiver = self.receiver(frame, place, keys)?;
            return self.call_bound(func, None, Some(receiver), slots, true);
        }
        self.check_access(frame, place, name)?;
        let base = self.stack.len();
        self.in_place(frame, place, keys, name, base, |this, leaf| {
            this.stack.push(leaf.take());
            this.stack.extend(slots);
            let outcome = this.run_method(func, base);
            *leaf = this.left_self.take();
            this.settle(outcome)
        })
    }

    /// Runs a builtin mutating method on a value that nobody else can see.
    fn run_mutating(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        id: BuiltinId,
        place: &mut Value,
        slots: &mut [Value],
        used: bool,
    ) -> Result<Value, Raise> {
        let Some(method) = builtins::info(id).mutating() else { return Err(Raise::bug("not a mutating method")) };
        self.in_builtin(frame, span, id, |this| method(this, place, slots, used))
    }

    /// Gives `change` the value at a place, whose root variable is in use meanwhile. Afterwards the stack is `height` high.
    fn in_place(
        &mut self,
        frame: &Frame<'p>,
        place: &'p Place,
        keys: &[Key],
        method: Symbol,
        height: usize,
        change: impl FnOnce(&mut Self, &mut Value) -> Result<Value, Raise>,
    ) -> Result<Value, Raise> {
        let shared = !matches!(place.root, Var::Local(_));
        let mut root = self.exchange(frame, place.root, if shared { Value::InUse } else { Value::Null });
        if shared {
            self.uses.push(Use { unit: frame.unit, place, method });
        }
        let result = with_place(&mut root, keys, |leaf| change(self, leaf));
        if shared {
            self.uses.pop();
        }
        self.initialise(frame, place.root, root);
        self.drop_to(height);
        result
    }

    /// `xs[…].push()`: the call that uses a variable, as an error names it.
    fn use_text(&self, found: &Use<'p>) -> String {
        let text = place_text(self.units[found.unit].program, found.place);
        format!("{text}.{}()", found.method.as_str())
    }

    /// The fault for a variable that a mutating method is working on.
    #[cold]
    pub(super) fn in_use(&self, name: &str) -> Raise {
        let is_it = |found: &&Use<'p>| &self.units[found.unit].program[found.place.name] == name;
        let found = self.uses.iter().rev().find(is_it).or(self.uses.last());
        faults::in_use(name, found.map_or_else(|| "another call".to_owned(), |found| self.use_text(found)))
    }

    fn is_changeable(&self, frame: &Frame<'p>, place: &Place) -> bool {
        match place.access {
            Access::Mutable => true,
            Access::SelfPlace => !frame.readonly_self,
            Access::Immutable | Access::Import | Access::ReadonlySelf => false,
        }
    }

    /// May the place be changed?
    pub(super) fn check_access(&self, frame: &Frame<'p>, place: &Place, method: Symbol) -> Result<(), Raise> {
        if self.is_changeable(frame, place) {
            return Ok(());
        }
        Err(match place.access {
            Access::ReadonlySelf | Access::SelfPlace => {
                let declare = frame.program[frame.function.name].rsplit('.').next().unwrap_or_default();
                faults::readonly_self(method.as_str(), place_text(frame.program, place), declare)
            }
            _ => faults::cannot_mutate(&frame.program[place.name]),
        })
    }

    // ---- modules ----

    /// What `m.name` is for a module of a unit.
    pub(super) fn module_member(&mut self, unit: usize, module: u32, name: Symbol) -> Result<Value, Raise> {
        use crate::resolve::hir::Export;
        let program = self.units[unit].program;
        let data = &program.modules[module as usize];
        let export = data.exports.iter().find(|(export, _)| &program[*export] == name.as_str());
        match export.map(|(_, export)| *export) {
            Some(Export::Var(var)) => match self.isolate.table[var.index()].clone() {
                Value::Uninit => Err(faults::undefined_variable(name.as_str())),
                Value::InUse => Err(self.in_use(name.as_str())),
                value => Ok(value),
            },
            Some(Export::Func(func)) => Ok(Value::function(self.units[unit].fn_id(func))),
            Some(Export::Struct(decl)) => Ok(self.struct_type(unit, decl)),
            Some(Export::Enum(decl)) => Ok(self.enum_type(unit, decl)),
            None => Err(faults::no_member(&program[data.name], name.as_str())),
        }
    }

    /// A member as a value.
    pub(super) fn member_value(&mut self, unit: usize, found: member::Member, name: Symbol) -> Result<Value, Raise> {
        match found {
            member::Member::Value(value) => Ok(value),
            member::Member::Module(module) => self.module_member(unit, module.0, name),
            member::Member::Constructor { decl, variant } => Ok(self.variant_value(decl, variant)),
        }
    }
}
