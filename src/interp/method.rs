//! Method calls: look-up, mutating methods on their places, exclusive use.
use super::call::Arguments;
use super::{Eval, Frame, Interp};
use crate::builtins::methods::Names;
use crate::builtins::{self, BuiltinId};
use crate::resolve::hir::{Access, Args, Place, PlaceId, Receiver, TextId, Var};
use crate::semantics::call::SelfMode;
use crate::semantics::fault::{Raise, faults};
use crate::semantics::member::{self, Method};
use crate::semantics::place::{Key, place_get, with_place};
use crate::source::Span;
use crate::value::{FnId, Symbol, Value};

impl<'p> Interp<'p> {
    pub(super) fn method(&mut self, frame: &Frame<'p>, span: Span, receiver: Receiver, name: TextId, args: &'p Args, used: bool) -> Eval {
        let symbol = self.symbol(frame.unit, name);
        let result = match receiver {
            Receiver::Value(receiver) => {
                let receiver = self.eval(frame, receiver)?;
                let arguments = self.arguments(frame, args)?;
                self.method_on_value(frame, span, receiver, symbol, arguments, used)
            }
            Receiver::Place(place) => {
                let keys = self.place_keys(frame, place)?;
                let arguments = self.arguments(frame, args)?;
                self.method_on_place(frame, span, place, &keys, symbol, arguments, used)
            }
        };
        result.map_err(|raise| self.leave_at(frame, span, raise).into())
    }

    /// A temporary: a mutating method changes the temporary.
    fn method_on_value(&mut self, frame: &Frame<'p>, span: Span, mut receiver: Value, name: Symbol, arguments: Arguments, used: bool) -> Result<Value, Raise> {
        match member::find_method(&receiver, name, &Names)? {
            Method::User { func, .. } => self.call_with(frame, func, None, Some(receiver), arguments),
            Method::Builtin(id) if builtins::info(BuiltinId(id)).mutating().is_some() => {
                let mut slots = self.bind(builtins::method_info(BuiltinId(id)), frame, arguments)?;
                self.run_mutating(frame, span, BuiltinId(id), &mut receiver, &mut slots, used)
            }
            found => self.plain_method(frame, span, receiver, name, found, arguments),
        }
    }

    /// What takes its receiver as a value, or not at all.
    fn plain_method(&mut self, frame: &Frame<'p>, span: Span, receiver: Value, name: Symbol, found: Method, mut arguments: Arguments) -> Result<Value, Raise> {
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
    fn method_on_place(&mut self, frame: &Frame<'p>, span: Span, id: PlaceId, keys: &[Key], name: Symbol, arguments: Arguments, used: bool) -> Result<Value, Raise> {
        let place = &frame.program[id];
        let root = self.read(frame, place.root, place.name)?;
        let receiver = self.finish(place_get(&root, keys)?)?;
        drop(root);
        match member::find_method(&receiver, name, &Names)? {
            Method::User { func, mutating: true } => {
                drop(receiver);
                let slots = self.bind(&self.info(func), frame, arguments)?;
                self.user_method_on_place(frame, place, keys, name, func, slots)
            }
            Method::Builtin(builtin) if builtins::info(BuiltinId(builtin)).mutating().is_some() => {
                drop(receiver);
                self.check_access(frame, place, name)?;
                let mut slots = self.bind(builtins::method_info(BuiltinId(builtin)), frame, arguments)?;
                self.in_place(frame, place, keys, name, |this, leaf| {
                    this.run_mutating(frame, span, BuiltinId(builtin), leaf, &mut slots, used)
                })
            }
            found => self.plain_method(frame, span, receiver, name, found, arguments),
        }
    }

    fn user_method_on_place(&mut self, frame: &Frame<'p>, place: &'p Place, keys: &[Key], name: Symbol, func: FnId, slots: Vec<Value>) -> Result<Value, Raise> {
        if self.info(func).self_mode == SelfMode::MaybeMutating && !self.is_changeable(frame, place) {
            let root = self.read(frame, place.root, place.name)?;
            let receiver = self.finish(place_get(&root, keys)?)?;
            drop(root);
            return self.call_bound(func, None, Some(receiver), slots, true).map(|(result, _)| result);
        }
        self.check_access(frame, place, name)?;
        self.in_place(frame, place, keys, name, |this, leaf| {
            match this.call_bound(func, None, Some(leaf.take()), slots, false) {
                Ok((result, receiver)) => {
                    *leaf = receiver;
                    Ok(result)
                }
                Err(raise) => {
                    *leaf = this.lost_self.take();
                    Err(raise)
                }
            }
        })
    }

    /// Runs a builtin mutating method on a value that nobody else can see.
    fn run_mutating(&mut self, frame: &Frame<'p>, span: Span, id: BuiltinId, place: &mut Value, slots: &mut [Value], used: bool) -> Result<Value, Raise> {
        let Some(method) = builtins::info(id).mutating() else { return Err(Raise::bug("not a mutating method")) };
        let before = self.site.replace((frame.unit, frame.function, span));
        if self.units[frame.unit].hidden && before.is_some() {
            self.site = before;
        }
        let result = method(self, place, slots, used);
        self.site = before;
        result
    }

    /// Gives `change` the value at a place, whose root variable is in use meanwhile.
    fn in_place(&mut self, frame: &Frame<'p>, place: &'p Place, keys: &[Key], name: Symbol, change: impl FnOnce(&mut Self, &mut Value) -> Result<Value, Raise>) -> Result<Value, Raise> {
        let shared = !matches!(place.root, Var::Local(_));
        let mut root = self.exchange(frame, place.root, if shared { Value::InUse } else { Value::Null });
        if shared {
            self.uses.push((frame.program[place.name].to_string(), self.use_text(frame, place, name)));
        }
        let result = with_place(&mut root, keys, |leaf| change(self, leaf));
        if shared {
            self.uses.pop();
        }
        self.initialise(frame, place.root, root);
        result
    }

    fn use_text(&self, frame: &Frame<'p>, place: &Place, name: Symbol) -> String {
        let unit = &self.units[frame.unit];
        let text = unit.sources.text(frame.program[frame.function.module].source);
        let place = text.get(place.span.start as usize..place.span.end as usize).unwrap_or_default();
        format!("{place}.{}()", name.as_str())
    }

    /// The fault for a variable that a mutating method is working on.
    #[cold]
    pub(super) fn in_use(&self, name: &str) -> Raise {
        let by = self.uses.iter().rev().find(|(user, _)| user == name).or(self.uses.last());
        faults::in_use(name, by.map_or("another call", |(_, by)| by))
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
        let unit = &self.units[frame.unit];
        let text = unit.sources.text(frame.program[frame.function.module].source);
        let shown = text.get(place.span.start as usize..place.span.end as usize).unwrap_or_default();
        Err(match place.access {
            Access::ReadonlySelf => {
                let declare = frame.program[frame.function.name].rsplit('.').next().unwrap_or_default();
                faults::readonly_self(method.as_str(), shown, declare)
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
