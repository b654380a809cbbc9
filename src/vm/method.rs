//! Method calls: look-up, calls on values, calls on places with their exclusive use.
use super::compiled::{needs_no_binding, never_changes, padded};
use super::feedback::{FieldCache, seen};
use super::function::{Target, receiver_key};
use super::stack::{FnRef, Fp, Home};
use super::{After, Loan, LoanHome, SharedRoot, Vm, flag};
use crate::builtins::methods::Names;
use crate::builtins::{self, BuiltinId};
use crate::bytecode::chunk::{Access, Path, Root, Segment};
use crate::semantics::call::{SelfMode, bind_args};
use crate::semantics::fault::{Raise, faults};
use crate::semantics::member::{self, Method};
use crate::semantics::place::{self, Key};
use crate::value::{FieldSlot, Rep, Symbol, Value, array, dict, instance};

/// Has the row a body that changes its receiver? It runs only where the fixed table of the receiver's type lists the name:
/// `reverse` changes an array, but not a string.
fn is_mutating(id: u16) -> bool {
    builtins::info(BuiltinId(id)).mutating().is_some()
}

/// Where the field lies that a struct's method call has found instead of a method.
fn called_field(receiver: &Value, name: Symbol) -> Option<FieldSlot> {
    let Value::Struct(object) = receiver else { return None };
    object.info().field(name).copied().filter(|slot| slot.rep() == Rep::Value)
}

fn held_field<'a>(receiver: &'a Value, slot: &FieldSlot) -> Option<&'a Value> {
    let Value::Struct(object) = receiver else { return None };
    object.held(slot)
}

/// A place as it is written, with `…` for computed keys.
fn place_text(func: FnRef, path: &Path) -> String {
    let mut text = func.chunk.names[usize::from(path.name)].to_string();
    for segment in &path.segments {
        match segment {
            Segment::Index => text.push_str("[…]"),
            Segment::Field(name, _) => {
                text.push('.');
                text.push_str(&func.chunk.names[usize::from(*name)]);
            }
        }
    }
    text
}

/// What stands at a place inside of a value; see [`Vm::call_on_part`].
fn peek_part<'a>(fp: Fp, path: &Path, root: &'a Value, base: u16, caches: &[FieldCache]) -> Option<&'a Value> {
    let (mut here, mut key) = (root, base);
    for (segment, cache) in path.segments.iter().zip(caches) {
        here = match (segment, here) {
            (Segment::Field(..), Value::Struct(object)) => object.held(&cache.find(object.shape())?)?,
            (Segment::Index, Value::Array(items)) => items.as_val_slice()?.get(usize::try_from(fp.int(key)?).ok()?)?,
            (Segment::Index, Value::Dict(table)) => table.get(fp.get(key)).ok()??,
            _ => return None,
        };
        key += u16::from(matches!(segment, Segment::Index));
    }
    Some(here)
}

/// The same for changing: every container on the way becomes unshared.
fn reach_part<'a>(fp: Fp, path: &Path, root: &'a mut Value, base: u16, caches: &[FieldCache]) -> Option<&'a mut Value> {
    let (mut here, mut key) = (root, base);
    for (segment, cache) in path.segments.iter().zip(caches) {
        here = match (segment, here) {
            (Segment::Field(..), Value::Struct(object)) => {
                let slot = cache.find(object.shape())?;
                instance::make_unique(object).ok()?.place_mut(&slot)?
            }
            (Segment::Index, Value::Array(items)) => {
                let items = array::make_unique(items).ok()?;
                // A copy may have unboxed its elements.
                items.as_val_slice()?;
                items.get_mut(usize::try_from(fp.int(key)?).ok()?)?
            }
            (Segment::Index, Value::Dict(table)) => {
                let at = table.find(fp.get(key)).ok()??;
                dict::make_unique(table).ok()?.at_mut(at)?
            }
            _ => return None,
        };
        key += u16::from(matches!(segment, Segment::Index));
    }
    Some(here)
}

impl Vm {
    fn method_name(&self, site: u16) -> Symbol {
        let func = self.here.func;
        *func.names.at(usize::from(func.chunk.methods[usize::from(site)].name))
    }

    /// A cache of the watched loop did not know.
    pub(super) fn note_miss(&mut self) {
        self.caches.missed += u64::from(self.watched);
    }

    /// Looks a method up and remembers what depends on the kind of receiver only.
    fn look_up(&mut self, receiver: &Value, site: u16) -> Result<Method, Raise> {
        self.note_miss();
        self.here.func.methods.at(usize::from(site)).note_asked();
        let name = self.method_name(site);
        let found = member::find_method(receiver, name, &Names)?;
        let target = match &found {
            Method::User { func, mutating } => Some(Target::User { func: self.function(*func)?, mutating: *mutating }),
            Method::Builtin(id) => Some(Target::Builtin { id: *id, mutating: is_mutating(*id) }),
            Method::Field(_) => called_field(receiver, name).map(Target::Field),
            // For dicts and structs the next receiver may have an entry or field of that name.
            Method::Function(id) if !matches!(receiver, Value::Dict(_) | Value::Struct(_) | Value::Error(_)) => {
                Some(Target::Builtin { id: *id, mutating: false })
            }
            _ => None,
        };
        if let Some(target) = target
            && !matches!(receiver, Value::Type(_) | Value::Module(_))
        {
            self.here.func.methods.at(usize::from(site)).add(receiver_key(receiver), target);
        }
        Ok(found)
    }

    /// The method as cached or looked up.
    fn resolve(&mut self, receiver: &Value, site: u16) -> Result<Method, Raise> {
        match self.here.func.methods.at(usize::from(site)).find(receiver_key(receiver)) {
            Some(Target::User { func, mutating }) => Ok(Method::User { func: func.id, mutating }),
            Some(Target::Builtin { id, mutating: true }) => Ok(Method::Builtin(id)),
            Some(Target::Builtin { id, mutating: false }) => Ok(Method::Function(id)),
            Some(Target::Field(slot)) => match held_field(receiver, &slot) {
                Some(function) => Ok(Method::Field(function.clone())),
                None => self.look_up(receiver, site),
            },
            None => self.look_up(receiver, site),
        }
    }

    /// A call on the value in `base`; `found` is what the site's cache says.
    #[inline(never)]
    pub(super) fn call_method_on_value(
        &mut self,
        found: Option<Target>,
        argc: u8,
        dst: u16,
        base: u16,
        site: u16,
    ) -> Result<(), Raise> {
        if let Some(Target::Builtin { id, .. }) = found
            && self.call_builtin_method_here(id, argc, dst, base)?
        {
            return Ok(());
        }
        if let Some(Target::Field(slot)) = found
            && let Some(function) = held_field(self.here.fp.get(base), &slot)
        {
            // It takes the place of the receiver, below its arguments.
            let function = function.clone();
            self.note_called(&function);
            self.here.fp.set(base, function);
            return self.call_value(argc, dst, base + 1);
        }
        let args = self.take_all(base + 1, usize::from(argc));
        let receiver = self.here.fp.take(base);
        self.method_general(receiver, site, args, Vec::new(), dst)
    }

    /// A builtin method on a temporary with all its arguments in place; false if they have to be bound first.
    fn call_builtin_method_here(&mut self, id: u16, argc: u8, dst: u16, base: u16) -> Result<bool, Raise> {
        let info = builtins::info(BuiltinId(id));
        let (sig, count) = (builtins::fn_info(BuiltinId(id)), usize::from(argc) + 1);
        if info.mutating().is_some() && !never_changes(self.here.fp.tag(base)) {
            return Ok(false);
        }
        if sig.is_exactly(count) {
            return self.call_builtin(argc + 1, dst, base, id).map(|()| true);
        }
        let Some(call) = info.native().filter(|_| needs_no_binding(sig, count)) else { return Ok(false) };
        let result = padded(self.here.fp.slice(base, count), sig.params.len(), |args| call(self, args))?;
        self.here.fp.clear_nulling(base, argc as u16 + 1);
        self.here.fp.set(dst, result);
        Ok(true)
    }

    /// A method call with arguments to be bound, on a value.
    pub(super) fn method_general(
        &mut self,
        receiver: Value,
        site: u16,
        mut args: Vec<Value>,
        named: Vec<(&str, Value)>,
        dst: u16,
    ) -> Result<(), Raise> {
        let window = self.free_window();
        let found = self.resolve(&receiver, site)?;
        match found {
            Method::User { func, mutating } => {
                args.insert(0, receiver);
                let callee = self.function(func)?;
                if mutating || callee.mutating() {
                    // On a temporary: the changed value is dropped with the frame.
                }
                self.call_user(func, args, named, window, dst, 0, After::Store)
            }
            Method::Builtin(id) | Method::Function(id) => {
                let changes = matches!(found, Method::Builtin(_));
                if let Some(method) = builtins::info(BuiltinId(id)).mutating().filter(|_| changes) {
                    let mut slots = bind_args(builtins::method_info(BuiltinId(id)), args, named)?;
                    let used = self.here.func.chunk.methods[usize::from(site)].used;
                    let mut temporary = receiver;
                    let result = method(self, &mut temporary, &mut slots, used)?;
                    self.here.fp.set(dst, result);
                    return Ok(());
                }
                args.insert(0, receiver);
                self.call_builtin_with(id, args, named, dst)
            }
            other => self.call_found(other, site, args, named, window, dst),
        }
    }

    /// Calls what is called without the receiver.
    fn call_found(
        &mut self,
        found: Method,
        site: u16,
        args: Vec<Value>,
        named: Vec<(&str, Value)>,
        window: Fp,
        dst: u16,
    ) -> Result<(), Raise> {
        match found {
            Method::Field(value) | Method::Entry(value) => self.call_with(value, args, named, window, dst),
            Method::Static(func) => self.call_user(func, args, named, window, dst, 0, After::Store),
            Method::Constructor { decl, variant } => {
                let constructor = self.constructor(decl, variant)?;
                self.call_with(constructor, args, named, window, dst)
            }
            Method::Module(id) => {
                let name = self.method_name(site);
                let value = self.export(id, name)?;
                self.call_with(value, args, named, window, dst)
            }
            Method::User { .. } | Method::Builtin(_) | Method::Function(_) => {
                Err(Raise::bug("a method that takes its receiver"))
            }
        }
    }

    // ---- places ----

    /// The keys of a place, moved out of their temporaries.
    pub(super) fn path_keys(&self, path: &Path, first: u16) -> Vec<Key> {
        let func = self.here.func;
        let mut at = first;
        let key = |segment: &Segment| match segment {
            Segment::Index => {
                at += 1;
                Key::Index(self.here.fp.take(at - 1))
            }
            Segment::Field(name, _) => Key::Field(*func.names.at(usize::from(*name))),
        };
        path.segments.iter().map(key).collect()
    }

    #[inline(never)]
    pub(super) fn call_method_on_place(&mut self, argc: u8, dst: u16, base: u16, site: u16) -> Result<(), Raise> {
        let func = self.here.func;
        let method = &func.chunk.methods[usize::from(site)];
        let Some(path) = method.path.map(|path| &func.chunk.paths[usize::from(path)]) else {
            return Err(Raise::bug("a method call on no place"));
        };
        let fp = self.here.fp;
        if let (Root::Local(slot), true) = (path.root, path.segments.is_empty()) {
            let receiver = fp.get(slot);
            match func.methods.at(usize::from(site)).find(receiver_key(receiver)) {
                Some(Target::User { func: callee, mutating: true })
                    if callee.takes(usize::from(argc)) && self.may_change(path) =>
                {
                    return self.lend_local(callee, slot, dst, base);
                }
                Some(Target::User { func: callee, mutating: false }) if callee.takes(usize::from(argc)) => {
                    fp.set(base, receiver.clone());
                    self.count_call(callee);
                    return self.enter(callee, fp.window(base), dst, 0, After::Store);
                }
                Some(Target::Builtin { id, mutating: true }) if self.may_change(path) => {
                    let row = builtins::info(BuiltinId(id));
                    let (sig, count) = (builtins::method_info(BuiltinId(id)), usize::from(argc));
                    if let Some(change) = row.mutating()
                        && needs_no_binding(sig, count)
                    {
                        let args = fp.slice(base + 1, count);
                        let result =
                            padded(args, sig.params.len(), |args| change(self, fp.get_mut(slot), args, method.used))?;
                        fp.clear_nulling(base + 1, u16::from(argc));
                        fp.set(dst, result);
                        return Ok(());
                    }
                }
                _ => {}
            }
        }
        if let (Root::Local(slot), false) = (path.root, path.segments.is_empty())
            && self.call_on_part(path, slot, argc, dst, base, site)?
        {
            return Ok(());
        }
        if let Root::Module(var) = path.root
            && self.call_on_variable(path, var, argc, dst, base, site)?
        {
            return Ok(());
        }
        let args = self.take_all(base + method.keys + 1, usize::from(argc));
        self.place_call(path, site, base, args, Vec::new(), dst)
    }

    /// A user's method that changes a variable of a module or a part of it, under the conditions of [`Vm::call_on_part`].
    fn call_on_variable(&mut self, path: &Path, var: u32, argc: u8, dst: u16, base: u16, site: u16) -> Result<bool, Raise> {
        let (func, fp, index) = (self.here.func, self.here.fp, self.module_index(var));
        let method = &func.chunk.methods[usize::from(site)];
        let caches = method.path.map_or(&[][..], |path| func.places.at(usize::from(path)));
        let Some(receiver) = peek_part(fp, path, &self.isolate.table[index], base, caches) else { return Ok(false) };
        if matches!(receiver, Value::Uninit | Value::InUse) {
            return Ok(false);
        }
        let found = func.methods.at(usize::from(site)).find(receiver_key(receiver));
        let Some(Target::User { func: callee, mutating: true }) = found else { return Ok(false) };
        let window = fp.window(base + method.keys);
        let has_room = window.above(usize::from(callee.registers)) <= self.stack_end;
        if !callee.takes(usize::from(argc)) || !has_room || !self.may_change(path) {
            return Ok(false);
        }
        let mut whole = std::mem::replace(&mut self.isolate.table[index], Value::InUse);
        let (shared, by) = (SharedRoot::Module(index), Some((func, site)));
        let (own, loan) = if path.segments.is_empty() {
            (whole, Loan { home: LoanHome::Root(shared), root: None, by })
        } else {
            let Some(place) = reach_part(fp, path, &mut whole, base, caches) else {
                self.isolate.table[index] = whole;
                return Ok(false);
            };
            let (own, home) = (place.take(), LoanHome::Place(Home::of(place)));
            (own, Loan { home, root: Some((shared, whole)), by })
        };
        self.push_loan(loan);
        window.set(0, own);
        fp.clear_nulling(base, method.keys);
        self.count_call(callee);
        self.enter(callee, window, dst, flag::LOAN, After::Store).map(|()| true)
    }

    /// The fast form of a mutating user method on a whole local.
    fn lend_local(&mut self, callee: FnRef, slot: u16, dst: u16, base: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        fp.set(base, fp.take(slot));
        self.loans.push(Loan { home: LoanHome::Place(Home::register(fp, slot)), root: None, by: None });
        self.count_call(callee);
        self.enter(callee, fp.window(base), dst, flag::LOAN, After::Store)
    }

    /// A method of a place inside of a local, if it is known, its arguments need no binding, and the way there leads by fields that
    /// the caches know, elements and entries. False, with nothing done, if not so.
    fn call_on_part(&mut self, path: &Path, slot: u16, argc: u8, dst: u16, base: u16, site: u16) -> Result<bool, Raise> {
        let (func, fp) = (self.here.func, self.here.fp);
        let method = &func.chunk.methods[usize::from(site)];
        let caches = method.path.map_or(&[][..], |path| func.places.at(usize::from(path)));
        let Some(receiver) = peek_part(fp, path, fp.get(slot), base, caches) else { return Ok(false) };
        let (callee, mutating) = match func.methods.at(usize::from(site)).find(receiver_key(receiver)) {
            Some(Target::User { func, mutating }) => (func, mutating),
            Some(Target::Builtin { id, mutating: true }) if self.may_change(path) => {
                let place = || reach_part(fp, path, fp.get_mut(slot), base, caches);
                return self.change_part(id, place, argc, dst, (base, method.keys), method.used);
            }
            _ => return Ok(false),
        };
        let window = fp.window(base + method.keys);
        if !callee.takes(usize::from(argc)) || window.above(usize::from(callee.registers)) > self.stack_end {
            return Ok(false);
        }
        let lent = if mutating {
            if !self.may_change(path) {
                return Ok(false);
            }
            let Some(place) = reach_part(fp, path, fp.get_mut(slot), base, caches) else { return Ok(false) };
            let own = place.take();
            self.loans.push(Loan { home: LoanHome::Place(Home::of(place)), root: None, by: None });
            window.set(0, own);
            flag::LOAN
        } else {
            window.set(0, receiver.clone());
            0
        };
        fp.clear_nulling(base, method.keys);
        self.count_call(callee);
        self.enter(callee, window, dst, lent, After::Store).map(|()| true)
    }

    /// The same of a mutating builtin method; `keys`: register and number of the keys of the place.
    fn change_part<'a>(
        &mut self,
        id: u16,
        place: impl FnOnce() -> Option<&'a mut Value>,
        argc: u8,
        dst: u16,
        (base, keys): (u16, u16),
        used: bool,
    ) -> Result<bool, Raise> {
        let (sig, count) = (builtins::method_info(BuiltinId(id)), usize::from(argc));
        let Some(change) = builtins::info(BuiltinId(id)).mutating().filter(|_| needs_no_binding(sig, count)) else {
            return Ok(false);
        };
        let Some(place) = place() else { return Ok(false) };
        let fp = self.here.fp;
        let args = fp.slice(base + keys + 1, count);
        let result = padded(args, sig.params.len(), |args| change(self, place, args, used))?;
        fp.clear_nulling(base, keys + 1 + u16::from(argc));
        fp.set(dst, result);
        Ok(true)
    }

    pub(super) fn place_method_general(
        &mut self,
        site: u16,
        base: u16,
        args: Vec<Value>,
        named: Vec<(&str, Value)>,
        dst: u16,
    ) -> Result<(), Raise> {
        let func = self.here.func;
        let Some(path) = func.chunk.methods[usize::from(site)].path.map(|path| &func.chunk.paths[usize::from(path)]) else {
            return Err(Raise::bug("a method call on no place"));
        };
        self.place_call(path, site, base, args, named, dst)
    }

    /// Any method call on a place: the path is walked, the method looked up; only if it is mutating does exclusive use begin.
    fn place_call(
        &mut self,
        path: &Path,
        site: u16,
        base: u16,
        mut args: Vec<Value>,
        named: Vec<(&str, Value)>,
        dst: u16,
    ) -> Result<(), Raise> {
        let keys = self.path_keys(path, base);
        let shared = self.shared_root(path.root);
        let func = self.here.func;
        let caches = func.chunk.methods[usize::from(site)].path.map_or(&[][..], |path| func.places.at(usize::from(path)));
        let receiver = self.place_value(path, shared.as_ref(), &keys, caches)?;
        let found = self.resolve(&receiver, site)?;
        let window = self.free_window();
        match found {
            Method::User { func, mutating: false } => {
                args.insert(0, receiver);
                self.call_user(func, args, named, window, dst, 0, After::Store)
            }
            Method::User { func, mutating: true } => self.lend(func, path, shared, keys, receiver, args, named, dst, site),
            Method::Builtin(id) if is_mutating(id) => {
                drop(receiver);
                self.change_place(id, path, shared, keys, args, named, dst, site)
            }
            Method::Builtin(id) | Method::Function(id) => {
                args.insert(0, receiver);
                self.call_builtin_with(id, args, named, dst)
            }
            other => self.call_found(other, site, args, named, window, dst),
        }
    }

    /// A copy of the value at a place.
    /// `caches` remember where the fields on the way lie, one for each segment.
    pub(super) fn place_value(
        &mut self,
        path: &Path,
        shared: Option<&SharedRoot>,
        keys: &[Key],
        caches: &[FieldCache],
    ) -> Result<Value, Raise> {
        let root = match (shared, path.root) {
            (Some(root), _) => {
                let name = self.here.func.chunk.names[usize::from(path.name)].clone();
                self.read_shared(root, &name)?
            }
            (None, Root::Local(slot)) => self.here.fp.get(slot).clone(),
            (None, root) => self.constant_root(root),
        };
        if keys.is_empty() {
            return Ok(root);
        }
        let mut here = root;
        for (at, key) in keys.iter().enumerate() {
            match (key, &here, caches.get(at)) {
                (Key::Index(_), Value::Dict(_), Some(_)) if at + 1 < keys.len() => self.note(seen::entry(at)),
                (Key::Index(_), Value::Array(_), Some(_)) if at + 1 < keys.len() => {}
                (Key::Index(_), base, Some(_)) => self.note_base(base),
                (Key::Field(name), Value::Struct(object), Some(cache)) if cache.find(object.shape()).is_none() => {
                    object.info().field(*name).into_iter().for_each(|slot| cache.add(*slot));
                }
                _ => {}
            }
            let step = match key {
                Key::Index(index) => crate::semantics::index::get(&here, index)?,
                Key::Field(name) => {
                    let found = member::get(&here, *name)?;
                    crate::semantics::step::Step::Done(self.member_value(found, *name)?)
                }
            };
            here = self.finish(step)?;
        }
        Ok(here)
    }

    /// Whether a mutating method may be run on this place now.
    fn may_change(&self, path: &Path) -> bool {
        match path.access {
            Access::Mutable => true,
            Access::SelfPlace => !self.self_is_readonly(),
            Access::Immutable | Access::Import | Access::ReadonlySelf => false,
        }
    }

    /// A method mutating by names only runs on a read-only `self` unless its caller has lent it a place.
    pub(super) fn self_is_readonly(&self) -> bool {
        use crate::bytecode::chunk::SelfKind;
        self.here.func.chunk.self_kind == SelfKind::MaybeMutating
            && self.frames.last().is_none_or(|frame| frame.flags & flag::LOAN == 0)
            && self.frames.last().is_some_and(|frame| frame.flags & flag::READONLY != 0)
    }

    /// The error for changing a place that may not be changed.
    #[cold]
    fn access_fault(&self, path: &Path, site: u16) -> Raise {
        let func = self.here.func;
        let name = &func.chunk.names[usize::from(path.name)];
        match path.access {
            Access::ReadonlySelf | Access::SelfPlace => {
                let text = place_text(self.here.func, path);
                let running = func.chunk.name.rsplit('.').next().unwrap_or(&func.chunk.name);
                faults::readonly_self(self.method_name(site), text, running)
            }
            Access::Mutable | Access::Immutable | Access::Import => faults::cannot_mutate(name),
        }
    }

    /// `c.inc()`: a call of a method on a place.
    pub(super) fn use_text((func, site): (FnRef, u16)) -> Option<String> {
        let method = &func.chunk.methods[usize::from(site)];
        let path = &func.chunk.paths[usize::from(method.path?)];
        Some(format!("{}.{}()", place_text(func, path), func.names.at(usize::from(method.name))))
    }

    /// A mutating builtin method on a place: all or nothing.
    #[allow(clippy::too_many_arguments)]
    fn change_place(
        &mut self,
        id: u16,
        path: &Path,
        shared: Option<SharedRoot>,
        keys: Vec<Key>,
        args: Vec<Value>,
        named: Vec<(&str, Value)>,
        dst: u16,
        site: u16,
    ) -> Result<(), Raise> {
        if !self.may_change(path) {
            return Err(self.access_fault(path, site));
        }
        let row = builtins::info(BuiltinId(id));
        let Some(change) = row.mutating() else { return Err(Raise::bug("a method that changes nothing")) };
        let mut slots = bind_args(builtins::method_info(BuiltinId(id)), args, named)?;
        let used = self.here.func.chunk.methods[usize::from(site)].used;
        let result = match shared {
            None => {
                let Root::Local(slot) = path.root else { return Err(self.access_fault(path, site)) };
                let root = self.here.fp.get_mut(slot);
                place::with_place(root, &keys, |place| change(self, place, &mut slots, used))
            }
            Some(root) => {
                let name = self.here.func.chunk.names[usize::from(path.name)].clone();
                let mut value = self.borrow_shared(&root, &name)?;
                let by = Some((self.here.func, site));
                self.loans.push(Loan { home: LoanHome::Root(root.clone()), root: None, by });
                let result = place::with_place(&mut value, &keys, |place| change(self, place, &mut slots, used));
                self.loans.pop();
                self.put_shared(&root, value);
                result
            }
        }?;
        self.here.fp.set(dst, result);
        Ok(())
    }

    /// A mutating user method on a place: `self` is on loan during the call.
    #[allow(clippy::too_many_arguments)]
    fn lend(
        &mut self,
        func: crate::value::FnId,
        path: &Path,
        shared: Option<SharedRoot>,
        keys: Vec<Key>,
        receiver: Value,
        mut args: Vec<Value>,
        named: Vec<(&str, Value)>,
        dst: u16,
        site: u16,
    ) -> Result<(), Raise> {
        let callee = self.function(func)?;
        let maybe = callee.info.self_mode == SelfMode::MaybeMutating;
        if !self.may_change(path) {
            if !maybe {
                return Err(self.access_fault(path, site));
            }
            // No change may come of it: the error comes when one is really reached.
            args.insert(0, receiver);
            let window = self.free_window();
            return self.call_user(func, args, named, window, dst, flag::READONLY, After::Store);
        }
        drop(receiver);
        // Binding comes before the loan: a wrong number of arguments leaves the place alone.
        let slots = bind_args(&callee.info.clone(), args, named)?;
        let by = Some((self.here.func, site));
        let (own, loan) = self.take_place(path, shared, &keys, by)?;
        let window = self.free_window();
        if window.above(usize::from(callee.registers)) > self.stack_end {
            self.loans.push(loan);
            self.end_loan(own);
            return Err(faults::stack_overflow());
        }
        self.push_loan(loan);
        window.set(0, own);
        for (at, value) in slots.into_iter().enumerate() {
            window.set(at as u16 + 1, value);
        }
        self.count_call(callee);
        self.enter(callee, window, dst, flag::LOAN, After::Store)
    }

    /// Takes the value out of a place, and says where it goes back to.
    fn take_place(
        &mut self,
        path: &Path,
        shared: Option<SharedRoot>,
        keys: &[Key],
        by: Option<(FnRef, u16)>,
    ) -> Result<(Value, Loan), Raise> {
        let Some(root) = shared else {
            let Root::Local(slot) = path.root else { return Err(Raise::bug("a place in no variable")) };
            let mut home = Home::register(self.here.fp, slot);
            let value = place::with_place(self.here.fp.get_mut(slot), keys, |place| {
                home = Home::of(place);
                Ok(place.take())
            })?;
            return Ok((value, Loan { home: LoanHome::Place(home), root: None, by }));
        };
        let name = self.here.func.chunk.names[usize::from(path.name)].clone();
        let mut whole = self.borrow_shared(&root, &name)?;
        if keys.is_empty() {
            return Ok((whole, Loan { home: LoanHome::Root(root), root: None, by }));
        }
        let mut home = Home::register(self.here.fp, 0);
        let taken = place::with_place(&mut whole, keys, |place| {
            home = Home::of(place);
            Ok(place.take())
        });
        match taken {
            Ok(value) => Ok((value, Loan { home: LoanHome::Place(home), root: Some((root, whole)), by })),
            Err(raise) => {
                self.put_shared(&root, whole);
                Err(raise)
            }
        }
    }
}
