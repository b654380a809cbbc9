//! Calls of functions, closures, builtins, constructors; what a call does besides pushing its frame.
use std::sync::Arc;

use super::function::{Activation, CALL_INTERVAL};
use super::stack::{FnRef, Fp, Ip};
use super::tier::{Outcome, Verdict};
use super::{After, Frame, Here, Loan, Vm, flag};
use crate::builtins::{self, Body, BuiltinId};
use crate::bytecode::chunk::Callee;
use crate::limits::{self, OutOfMemory};
use crate::semantics::call::{FnInfo, SelfMode, bind_args, missing_self};
use crate::semantics::fault::{Raise, Stop, faults};
use crate::semantics::step::Callback;
use crate::semantics::{iterate, member, memory};
use crate::value::symbol::known;
use crate::value::{DeclId, FnId, ModuleId, TypeId, Value};

/// What a value calls.
pub(super) enum Target {
    User(FnId),
    Builtin(u16),
    /// A bound method: the method, with the closure that holds the receiver.
    Bound(FnId),
    Construct(DeclId),
    /// `op_call` of a struct.
    Overload(FnId),
}

/// Turns of a loop in the VM before it is reported again, once compiled code has left.
pub(super) const TURNS_AFTER_EXIT: u32 = 8;

impl Vm {
    /// A function that was called before.
    #[inline(always)]
    pub(super) fn known(&self, id: FnId) -> Option<FnRef> {
        match self.functions.get(id.0 as usize) {
            Some(Some(found)) => Some(FnRef::new(found)),
            _ => None,
        }
    }

    /// A call through the slow path: the depth limit, the end of the stack, or a counter asks for it.
    #[cold]
    #[inline(never)]
    pub(super) fn enter_slowly(&mut self, callee: FnRef, window: Fp, dst: u16, flags: u8) -> Result<(), Raise> {
        self.enter(callee, window, dst, flags, After::Store)
    }

    /// Pushes the running frame and makes `callee` the running one; its parameters stand at `window`.
    pub(super) fn enter(&mut self, callee: FnRef, window: Fp, dst: u16, flags: u8, after: After) -> Result<(), Raise> {
        if self.frames.len() >= self.depth_limit || window.above(usize::from(callee.registers)) > self.stack_end {
            if window.above(usize::from(callee.chunk.params)) <= self.stack_end {
                // A `self` on loan goes back as it was.
                if flags & flag::LOAN != 0 {
                    let own = window.take(0);
                    self.end_loan(own);
                }
                window.wipe(u16::from(flags & flag::KEEP != 0), callee.chunk.params);
            }
            if flags & flag::CLOSURE != 0 {
                window.below().set_null(0);
            }
            // The handler gets some room above the limit.
            self.depth_limit = self.max_depth + super::RESERVE_FRAMES;
            return Err(faults::stack_overflow());
        }
        let flags = if after == After::Store { flags } else { flags | flag::AFTER };
        self.frames.push(Frame { here: self.here, dst, flags, after });
        self.here = Here { func: callee, ip: Ip::start(callee.code()), fp: window };
        if callee.heat.get() >= callee.trigger.get() { self.called_often(callee) } else { Ok(()) }
    }

    /// Looks at the poll word and the tier every so many calls; enters compiled code. The callee's frame is pushed.
    #[cold]
    fn called_often(&mut self, callee: FnRef) -> Result<(), Raise> {
        if let Some(entry) = callee.entry.get() {
            if callee.heat.get().is_multiple_of(CALL_INTERVAL) {
                self.poll_word()?;
            }
            return self.enter_compiled(entry, callee);
        }
        let heat = callee.heat.get();
        callee.trigger.set(heat.saturating_add(CALL_INTERVAL));
        self.poll_word()?;
        if callee.ask.get().is_some_and(|ask| heat >= ask)
            && let Some(tier) = self.tier.clone()
        {
            let verdict = tier.hot_function(self, callee);
            match verdict {
                Verdict::Entry(entry) => {
                    callee.entry.set(Some(entry));
                    callee.trigger.set(0);
                    return self.enter_compiled(entry, callee);
                }
                Verdict::Later(more) => callee.ask.set(Some(heat.saturating_add(more))),
                Verdict::Never => callee.ask.set(None),
            }
        }
        Ok(())
    }

    /// Runs compiled code on the running frame, unless its `self` is read-only, which code does not look at.
    fn enter_compiled(&mut self, entry: super::tier::Entry, func: FnRef) -> Result<(), Raise> {
        if self.self_is_readonly() {
            return Ok(());
        }
        let Some(tier) = self.tier.clone() else { return Ok(()) };
        let outcome = tier.enter(self, entry, self.here.fp);
        if self.sampled && !matches!(outcome, Outcome::Left { .. }) {
            self.sample_compiled(func);
        }
        match outcome {
            Outcome::Returned(value) => {
                self.finished = self.leave_specially(value)?;
                Ok(())
            }
            Outcome::Raised(raise) => {
                self.traced = true;
                Err(raise)
            }
            Outcome::Left { frames, raise, ended } => {
                let raises = super::compiled::raises(&frames, raise.as_ref());
                let turns = if raises {
                    func.turns_after_raise(frames.first().map_or(0, |frame| frame.pc))
                } else {
                    TURNS_AFTER_EXIT
                };
                func.report_loops_after(tier.patience().turns.min(turns));
                if let Some(head) = ended.filter(|_| !raises) {
                    func.report_loop_next(head);
                }
                self.stand_up(&frames, raise.is_some())?;
                if self.sampled {
                    self.sample_compiled(self.here.func);
                }
                raise.map_or(Ok(()), Err)
            }
        }
    }

    /// A back edge was counted often: polls, and asks the tier for the loop.
    #[cold]
    #[inline(never)]
    pub(super) fn back_edge(&mut self) -> Result<(), Raise> {
        self.poll_word()?;
        let func = self.here.func;
        let pc = self.here.ip.index(func.code());
        let compiled = func.loops.borrow().iter().find(|(start, _)| *start == pc).map(|(_, entry)| *entry);
        if let Some(entry) = compiled {
            return self.enter_compiled(entry, func);
        }
        if let Some(tier) = self.tier.clone() {
            let verdict = tier.hot_loop(self, func, pc);
            if let Verdict::Entry(entry) = verdict {
                func.loops.borrow_mut().push((pc, entry));
                return self.enter_compiled(entry, func);
            }
        }
        Ok(())
    }

    // ---- known functions ----

    /// The first call from this site.
    #[cold]
    #[inline(never)]
    pub(super) fn call_first(&mut self, site: u16, dst: u16, base: u16) -> Result<(), Raise> {
        let func = self.here.func;
        let id = FnId(func.unit.base + func.chunk.functions[usize::from(site)]);
        let callee = self.function(id)?;
        func.callees.at(usize::from(site)).set(Some(callee));
        self.count_call(callee);
        self.enter(callee, self.here.fp.window(base), dst, 0, After::Store)
    }

    pub(super) fn count_call(&self, callee: FnRef) {
        callee.heat.set(callee.heat.get().wrapping_add(1));
    }

    /// Pushes a frame for the overload of an operator.
    pub(super) fn push_overload(
        &mut self,
        method: FnId,
        receiver: Value,
        arg: Option<Value>,
        dst: u16,
        after: After,
    ) -> Result<(), Raise> {
        let window = self.free_window();
        let mut args = vec![receiver];
        args.extend(arg);
        self.call_user(method, args, Vec::new(), window, dst, 0, after)
    }

    /// Binds arguments (with the receiver first, for a method) and enters the function.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn call_user(
        &mut self,
        id: FnId,
        mut args: Vec<Value>,
        named: Vec<(&str, Value)>,
        window: Fp,
        dst: u16,
        flags: u8,
        after: After,
    ) -> Result<(), Raise> {
        let callee = self.function(id)?;
        let info = callee.info.clone();
        let has_self = info.self_mode != SelfMode::None;
        let own = if has_self {
            if args.is_empty() {
                return Err(missing_self(&info));
            }
            Some(args.remove(0))
        } else {
            None
        };
        let slots = bind_args(&info, args, named)?;
        self.check_room(window, callee)?;
        for (at, value) in (0..).zip(own.into_iter().chain(slots)) {
            window.set(at, value);
        }
        self.count_call(callee);
        self.enter(callee, window, dst, flags, after)
    }

    fn check_room(&mut self, window: Fp, callee: FnRef) -> Result<(), Raise> {
        if window.above(usize::from(callee.registers)) > self.stack_end {
            return Err(faults::stack_overflow());
        }
        Ok(())
    }

    // ---- values ----

    /// What a value calls; a fault if it cannot be called.
    pub(super) fn target(&self, callee: &Value) -> Result<Target, Raise> {
        let function = |id: FnId| {
            if (id.0 as usize) < builtins::N_BUILTINS { Target::Builtin(id.0 as u16) } else { Target::User(id) }
        };
        match callee {
            Value::Fn0(id) => Ok(function(*id)),
            Value::Closure(closure) if closure.is_bound() => Ok(Target::Bound(closure.func())),
            Value::Closure(closure) => Ok(function(closure.func())),
            Value::Type(id) => self.constructor_of(*id),
            _ => match member::overload(callee, known::OP_CALL) {
                Some(method) => Ok(Target::Overload(method)),
                None => Err(faults::not_callable(callee.type_name())),
            },
        }
    }

    fn constructor_of(&self, id: TypeId) -> Result<Target, Raise> {
        if let Some(decl) = id.decl()
            && crate::value::shapes::decl(decl).as_struct().is_some()
        {
            return Ok(Target::Construct(decl));
        }
        match id.builtin().and_then(builtins::constructor) {
            Some(builtin) => Ok(Target::Builtin(builtin.0)),
            None if id.decl().is_some() => Err(faults::not_callable(format!("the enum {}", id.name()))),
            None => Err(faults::not_callable(format!("the type {}", id.name()))),
        }
    }

    /// Calls the value in the register below `base`.
    #[inline(never)]
    pub(super) fn call_value(&mut self, argc: u8, dst: u16, base: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        let window = fp.window(base);
        if let Target::User(id) = self.target(window.below().get(0))? {
            // The closure stays below the frame, which reads its captures there.
            let callee = self.function(id)?;
            if callee.exact_value != u16::from(argc) {
                let args = self.take_all(base, usize::from(argc));
                let flags = flag::CLOSURE;
                return self.call_user(id, args, Vec::new(), window, dst, flags, After::Store);
            }
            self.count_call(callee);
            return self.enter(callee, window, dst, flag::CLOSURE, After::Store);
        }
        let args = self.take_all(base, usize::from(argc));
        let callee = window.below().take(0);
        self.call_with(callee, args, Vec::new(), window, dst)
    }

    /// Notes which function a value calls.
    pub(super) fn note_called(&self, callee: &Value) {
        if let Ok(Target::User(id)) = self.target(callee)
            && let Some(callee) = self.known(id)
        {
            super::dispatch::note_callee(self.here.func, self.here.ip, callee);
        }
    }

    pub(super) fn take_all(&self, base: u16, count: usize) -> Vec<Value> {
        let fp = self.here.fp;
        (0..count).map(|n| fp.take(base + n as u16)).collect()
    }

    /// Calls a value with arguments that still have to meet the parameters; the result goes to `dst`.
    pub(super) fn call_with(
        &mut self,
        callee: Value,
        mut args: Vec<Value>,
        named: Vec<(&str, Value)>,
        window: Fp,
        dst: u16,
    ) -> Result<(), Raise> {
        match self.target(&callee)? {
            Target::User(id) => {
                // The frame begins behind the closure it belongs to.
                let window = window.above(1);
                if window > self.stack_end {
                    return Err(faults::stack_overflow());
                }
                window.below().set(0, callee);
                self.call_user(id, args, named, window, dst, flag::CLOSURE, After::Store)
            }
            Target::Bound(id) => {
                let Value::Closure(closure) = &callee else { return Err(Raise::bug("a bound method of no closure")) };
                args.insert(0, closure.captures().first().cloned().unwrap_or_default());
                self.call_user(id, args, named, window, dst, 0, After::Store)
            }
            Target::Overload(id) => {
                args.insert(0, callee);
                self.call_user(id, args, named, window, dst, 0, After::Store)
            }
            Target::Builtin(id) => self.call_builtin_with(id, args, named, dst),
            Target::Construct(decl) => {
                let value = self.construct_struct(decl, args, named)?;
                self.here.fp.set(dst, value);
                Ok(())
            }
        }
    }

    // ---- builtins ----

    #[inline(never)]
    pub(super) fn call_builtin(&mut self, argc: u8, dst: u16, base: u16, builtin: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        if argc > 0 {
            self.note(1 << (fp.tag(base) & 31));
        }
        match builtins::info(BuiltinId(builtin)).body {
            Body::Native { call, .. } => {
                let args = fp.slice(base, usize::from(argc));
                let result = call(self, args)?;
                fp.clear_nulling(base, u16::from(argc));
                fp.set(dst, result);
                Ok(())
            }
            Body::Prelude => {
                let id = self.prelude_function(builtin)?;
                let callee = self.function(id)?;
                self.count_call(callee);
                self.enter(callee, fp.window(base), dst, 0, After::Store)
            }
        }
    }

    /// The function with the body of a builtin written in Ruff.
    pub(super) fn prelude_function(&mut self, builtin: u16) -> Result<FnId, Raise> {
        if let Some(id) = self.prelude[usize::from(builtin)] {
            return Ok(id);
        }
        let (id, unit) = self.code.prelude(BuiltinId(builtin)).map_err(Raise::bug)?;
        if !self.units.iter().any(|known| known.base == unit.base) {
            let body = unit.modules.first().map(|module| module.body);
            self.load(unit);
            // Constants and enums of the prelude come into being.
            if let Some(body) = body {
                self.call_function(body, &mut [])?;
            }
        }
        self.prelude[usize::from(builtin)] = Some(id);
        Ok(id)
    }

    pub(super) fn call_builtin_with(
        &mut self,
        builtin: u16,
        args: Vec<Value>,
        named: Vec<(&str, Value)>,
        dst: u16,
    ) -> Result<(), Raise> {
        let id = BuiltinId(builtin);
        let mut slots = bind_args(builtins::fn_info(id), args, named)?;
        match builtins::info(id).body {
            Body::Native { call, .. } => {
                let result = call(self, &mut slots)?;
                self.here.fp.set(dst, result);
                Ok(())
            }
            Body::Prelude => {
                let function = self.prelude_function(builtin)?;
                let callee = self.function(function)?;
                let window = self.free_window();
                self.check_room(window, callee)?;
                for (at, value) in slots.into_iter().enumerate() {
                    window.set(at as u16, value);
                }
                self.count_call(callee);
                self.enter(callee, window, dst, 0, After::Store)
            }
        }
    }

    /// `x = f(x, e)`: see the instruction.
    #[inline(never)]
    pub(super) fn call_builtin_update(&mut self, argc: u8, base: u16, builtin: u16, path: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        let func = self.here.func;
        let path = &func.chunk.paths[usize::from(path)];
        let Body::Native { call, .. } = builtins::info(BuiltinId(builtin)).body else {
            // A body in Ruff may call user code, which must find the variable as it was.
            if let (true, crate::bytecode::chunk::Root::Local(slot)) = (path.is_local(), path.root) {
                fp.set(base, fp.get(slot).clone());
            }
            return self.call_builtin(argc, base, base, builtin);
        };
        let effects = builtins::info(BuiltinId(builtin)).effects;
        match (path.is_local(), path.root) {
            (true, crate::bytecode::chunk::Root::Local(slot)) => {
                fp.set(base, fp.take(slot));
                match call(self, fp.slice(base, usize::from(argc))) {
                    Ok(result) => {
                        fp.clear_nulling(base, u16::from(argc));
                        fp.set(base, result);
                        Ok(())
                    }
                    Err(raise) => {
                        fp.set(slot, fp.take(base));
                        Err(raise)
                    }
                }
            }
            _ if !effects.can_call() => {
                let emptied = self.give_up_same(path, fp.get(base));
                let result = call(self, fp.slice(base, usize::from(argc)));
                if result.is_err() && emptied {
                    self.take_back(path, emptied, fp.take(base));
                }
                let result = result?;
                fp.clear_nulling(base, u16::from(argc));
                fp.set(base, result);
                Ok(())
            }
            _ => self.call_builtin(argc, base, base, builtin),
        }
    }

    // ---- structs and variants ----

    #[inline(never)]
    pub(super) fn construct(&mut self, argc: u8, dst: u16, base: u16, decl: u16) -> Result<(), Raise> {
        let func = self.here.func;
        let decl = func.unit.structs[func.chunk.structs[usize::from(decl)] as usize].decl;
        let args = self.take_all(base, usize::from(argc));
        let pc = self.here.ip.pc(func.start);
        let value = self.construct_struct(decl, args, Vec::new())?;
        // Compiled code makes instances of shapes it has seen made without looking at annotations.
        if !crate::value::shapes::decl(decl).is_annotated() {
            func.note_shape(pc, value.shape());
        }
        self.here.fp.set(dst, value);
        Ok(())
    }

    #[inline(never)]
    pub(super) fn make_variant(&mut self, argc: u8, dst: u16, base: u16, variant: u16) -> Result<(), Raise> {
        let func = self.here.func;
        let (decl, variant) = func.chunk.variants[usize::from(variant)];
        let decl = func.unit.enums[decl as usize].decl;
        let payload = self.take_all(base, usize::from(argc));
        let value = member::make_variant(decl, variant, payload)?;
        self.here.fp.set(dst, value);
        Ok(())
    }

    /// The constructor function of a variant with payload.
    #[cold]
    pub(super) fn constructor(&mut self, decl: DeclId, variant: u32) -> Result<Value, Raise> {
        let entry = self.units.iter().flat_map(|unit| &unit.enums).find(|entry| entry.decl == decl);
        match entry.and_then(|entry| entry.constructors.get(variant as usize).copied().flatten()) {
            Some(id) => Ok(Value::function(id)),
            None => Err(Raise::bug("a variant without a constructor")),
        }
    }

    // ---- calls with spreads and names ----

    #[inline(never)]
    pub(super) fn call_args(&mut self, dst: u16, base: u16, site: u16) -> Result<(), Raise> {
        let func = self.here.func;
        let site = &func.chunk.calls[usize::from(site)];
        let before: u16 = match site.callee {
            Callee::Value | Callee::Method(_) => 1,
            Callee::Place(method) => func.chunk.methods[usize::from(method)].keys + 1,
            Callee::Func(_) | Callee::Builtin(_) | Callee::Construct(_) | Callee::Variant(..) => 0,
        };
        let mut at = base + before;
        let mut args = Vec::with_capacity(site.spread.len());
        for spread in &site.spread {
            let value = self.here.fp.take(at);
            if *spread {
                self.spread_into(&mut args, value)?;
            } else {
                args.push(value);
            }
            at += 1;
        }
        let mut named = Vec::with_capacity(site.named.len());
        for name in &site.named {
            named.push((&*func.chunk.names[usize::from(*name)], self.here.fp.take(at)));
            at += 1;
        }
        let window = self.here.fp.window(base);
        match site.callee {
            Callee::Value => {
                let callee = self.here.fp.take(base);
                self.note_called(&callee);
                self.call_with(callee, args, named, window, dst)
            }
            Callee::Func(id) => {
                let id = FnId(func.unit.base + id);
                self.call_user(id, args, named, self.free_window(), dst, 0, After::Store)
            }
            Callee::Builtin(id) => self.call_builtin_with(id, args, named, dst),
            Callee::Construct(decl) => {
                let decl = func.unit.structs[decl as usize].decl;
                let value = self.construct_struct(decl, args, named)?;
                self.here.fp.set(dst, value);
                Ok(())
            }
            Callee::Variant(decl, variant) => {
                let entry = &func.unit.enums[decl as usize];
                if let (false, Some(Some(constructor))) = (named.is_empty(), entry.constructors.get(variant as usize)) {
                    args = bind_args(&self.function(*constructor)?.info, args, named)?;
                }
                let value = member::make_variant(entry.decl, variant, args)?;
                self.here.fp.set(dst, value);
                Ok(())
            }
            Callee::Method(method) => {
                let receiver = self.here.fp.take(base);
                self.method_general(receiver, method, args, named, dst)
            }
            Callee::Place(method) => self.place_method_general(method, base, args, named, dst),
        }
    }

    /// All items of an iterable.
    pub(super) fn spread_into(&mut self, items: &mut Vec<Value>, value: Value) -> Result<(), Raise> {
        iterate::reserve_spread(items.len(), &value)?;
        self.for_each_item(value, |vm, item| {
            items.push(item);
            if items.len().is_multiple_of(iterate::CHECK_EVERY) {
                Callback::poll(vm)?;
                iterate::reserve_spread(items.len(), &Value::Null)?;
            }
            Ok(())
        })
    }

    // ---- modules ----

    #[cold]
    #[inline(never)]
    pub(super) fn import(&mut self, module: u32) -> Result<(), Raise> {
        let unit = self.here.func.unit.clone();
        let module = &unit.modules[module as usize];
        let number = module.id.0 as usize;
        if self.imported.len() <= number {
            self.imported.resize(number + 1, false);
        }
        if std::mem::replace(&mut self.imported[number], true) {
            return Ok(());
        }
        let callee = self.function(module.body)?;
        let window = self.free_window();
        self.check_room(window, callee)?;
        self.count_call(callee);
        self.enter(callee, window, 0, flag::DROP | flag::AFTER, After::Store)
    }

    /// What a module exports under a name.
    #[cold]
    pub(super) fn export(&mut self, id: crate::value::ModuleId, name: crate::value::Symbol) -> Result<Value, Raise> {
        use super::unit::Export;
        if let Some(namespace) = builtins::namespace_of(id) {
            return match builtins::namespace_member(namespace, name.as_str()) {
                Some(member) => Ok(builtins::member_value(member)),
                None => Err(faults::no_member(builtins::namespace_name(namespace), name)),
            };
        }
        let found = self.units.iter().find_map(|unit| {
            let module = unit.modules.iter().find(|module| module.id == id)?;
            Some((unit.clone(), module.exports.get(&name).copied(), module.name.clone()))
        });
        match found {
            Some((_, Some(Export::Func(id)), _)) => Ok(Value::function(id)),
            Some((_, Some(Export::Type(decl)), _)) => Ok(Value::Type(TypeId::of_decl(decl))),
            Some((unit, Some(Export::Var(var)), _)) => {
                let root = super::SharedRoot::Module((unit.first_var + var) as usize);
                self.read_shared(&root, name.as_str())
            }
            Some((_, None, module)) => Err(faults::no_member(module, name)),
            None => Err(Raise::bug("a module of no unit")),
        }
    }

    pub(super) fn push_loan(&mut self, loan: Loan) {
        self.loans.push(loan);
    }

    /// A nested run of a function whose parameters stand at `window`.
    pub(super) fn run_nested(&mut self, callee: FnRef, window: Fp, flags: u8) -> Result<Value, Raise> {
        crate::limits::stack::check().map_err(|_| faults::stack_overflow())?;
        self.count_call(callee);
        let outside = self.here;
        match self.enter(callee, window, 0, flags | flag::FOOT, After::Store) {
            Ok(()) => match self.finished.take() {
                Some(value) => Ok(value),
                None => self.run(),
            },
            Err(raise) => {
                // Entering has failed, or what it has polled: the frame may stand already.
                if self.here.fp != outside.fp || self.here.func != outside.func {
                    match self.unwind(raise) {
                        Ok(()) => self.run(),
                        Err(raise) => Err(raise),
                    }
                } else {
                    Err(raise)
                }
            }
        }
    }
}

impl Activation {
    /// Whether it takes `argc` arguments without any binding.
    pub fn takes(&self, argc: usize) -> bool {
        usize::from(self.exact) == argc
    }
}

impl Callback for Vm {
    fn call_method(&mut self, method: FnId, receiver: Value, args: &mut [Value]) -> Result<Value, Raise> {
        let callee = self.function(method)?;
        let window = self.free_window();
        let mut values = vec![receiver];
        values.extend(args.iter_mut().map(std::mem::take));
        self.run_with(callee, window, values, 0)
    }

    fn call(&mut self, function: &Value, args: &mut [Value]) -> Result<Value, Raise> {
        let window = self.free_window();
        if let Some(id) = function.as_function()
            && !matches!(function, Value::Closure(closure) if closure.is_bound())
            && id.0 as usize >= builtins::N_BUILTINS
        {
            let callee = self.function(id)?;
            let window = window.above(1);
            if window > self.stack_end {
                return Err(faults::stack_overflow());
            }
            if callee.takes(args.len()) && callee.info.self_mode == SelfMode::None {
                self.check_room(window, callee)?;
                window.below().set(0, function.clone());
                for (at, value) in args.iter_mut().enumerate() {
                    window.set(at as u16, std::mem::take(value));
                }
                return self.run_nested(callee, window, flag::CLOSURE);
            }
            let values = args.iter_mut().map(std::mem::take).collect();
            window.below().set(0, function.clone());
            return self.run_with(callee, window, values, flag::CLOSURE);
        }
        let mut values: Vec<Value> = args.iter_mut().map(std::mem::take).collect();
        match self.target(function)? {
            Target::Builtin(id) => self.builtin_result(id, values),
            Target::Construct(decl) => self.construct_struct(decl, values, Vec::new()),
            Target::Bound(id) => {
                if let Value::Closure(closure) = function {
                    values.insert(0, closure.captures().first().cloned().unwrap_or_default());
                }
                let callee = self.function(id)?;
                self.run_with(callee, window, values, 0)
            }
            Target::Overload(id) => {
                values.insert(0, function.clone());
                let callee = self.function(id)?;
                self.run_with(callee, window, values, 0)
            }
            Target::User(_) => Err(Raise::bug("a function that is none")),
        }
    }

    fn function_name(&self, function: FnId) -> std::sync::Arc<str> {
        self.info_of(function).name.clone()
    }

    fn poll(&mut self) -> Result<(), Raise> {
        if !limits::pending() {
            return Ok(());
        }
        match limits::interrupt() {
            Some(limits::Interrupt::Stop) => Err(Raise::Stop(Stop::Interrupted)),
            Some(limits::Interrupt::Timeout) => Err(Raise::Stop(Stop::Timeout)),
            Some(limits::Interrupt::Memory) => {
                limits::take_interrupt();
                Err(memory("program", OutOfMemory::new(limits::used())))
            }
            // A profiler's wish is granted between instructions, and stays until then.
            Some(limits::Interrupt::Sample) if self.sampled => Ok(()),
            Some(limits::Interrupt::Code | limits::Interrupt::Events | limits::Interrupt::Sample) => {
                limits::take_interrupt();
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn is_builtin(&self, function: FnId) -> bool {
        (function.0 as usize) < builtins::N_BUILTINS
    }

    fn module_name(&self, module: ModuleId) -> Arc<str> {
        let modules = self.units.iter().flat_map(|unit| &unit.modules);
        match (builtins::namespace_of(module), modules.into_iter().find(|entry| entry.id == module)) {
            (Some(namespace), _) => Arc::from(builtins::namespace_name(namespace)),
            (None, Some(entry)) => Arc::from(&*entry.name),
            (None, None) => Arc::from("module"),
        }
    }
}

impl Vm {
    /// Binds and runs, nested.
    fn run_with(&mut self, callee: FnRef, window: Fp, mut values: Vec<Value>, flags: u8) -> Result<Value, Raise> {
        let info = callee.info.clone();
        let own = match info.self_mode {
            SelfMode::None => None,
            _ if values.is_empty() => return Err(missing_self(&info)),
            _ => Some(values.remove(0)),
        };
        let slots = bind_args(&info, values, Vec::new())?;
        self.check_room(window, callee)?;
        for (at, value) in own.into_iter().chain(slots).enumerate() {
            window.set(at as u16, value);
        }
        self.run_nested(callee, window, flags)
    }

    /// Calls a builtin from Rust.
    pub(super) fn builtin_result(&mut self, builtin: u16, args: Vec<Value>) -> Result<Value, Raise> {
        let id = BuiltinId(builtin);
        let mut slots = bind_args(builtins::fn_info(id), args, Vec::new())?;
        match builtins::info(id).body {
            Body::Native { call, .. } => call(self, &mut slots),
            Body::Prelude => {
                let function = self.prelude_function(builtin)?;
                let callee = self.function(function)?;
                let window = self.free_window();
                self.check_room(window, callee)?;
                for (at, value) in slots.into_iter().enumerate() {
                    window.set(at as u16, value);
                }
                self.run_nested(callee, window, 0)
            }
        }
    }

    pub(super) fn info_of(&self, function: FnId) -> std::sync::Arc<FnInfo> {
        if (function.0 as usize) < builtins::N_BUILTINS {
            return builtins::fn_info(BuiltinId(function.0 as u16)).clone();
        }
        match self.unit_of(function) {
            Some(unit) => unit.infos[(function.0 - unit.base) as usize].clone(),
            None => std::sync::Arc::default(),
        }
    }
}
