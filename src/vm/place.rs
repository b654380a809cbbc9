//! Stores to places and updates of them.
use super::feedback::{FieldCache, seen};
use super::operate::arith_op;
use super::stack::{FnRef, Fp};
use super::{Here, SharedRoot, Vm};
use crate::bytecode::chunk::{LiteralSite, Path, Root, Segment};
use crate::bytecode::op::ArithCode;
use crate::semantics::arith;
use crate::semantics::display;
use crate::semantics::fault::Raise;
use crate::semantics::index;
use crate::semantics::member;
use crate::semantics::place::{self, Key};
use crate::value::{CellRef, FieldSlot, Value, array};

impl Vm {
    fn path_name(&self, path: &Path) -> Box<str> {
        self.here.func.chunk.names[usize::from(path.name)].clone()
    }

    /// Lets `change` work on the value of a place's root variable. User code cannot reach the variable meanwhile.
    fn with_root<R>(
        &mut self,
        path: &Path,
        change: impl FnOnce(&mut Vm, &mut Value) -> Result<R, Raise>,
    ) -> Result<R, Raise> {
        match (self.shared_root(path.root), path.root) {
            (Some(root), _) => {
                let name = self.path_name(path);
                let mut value = self.borrow_shared(&root, &name)?;
                let result = change(self, &mut value);
                self.put_shared(&root, value);
                result
            }
            (None, Root::Local(slot)) => {
                let value = self.here.fp.get_mut(slot);
                change(self, value)
            }
            (None, _) => Err(Raise::bug("a store to a captured value")),
        }
    }

    #[inline(never)]
    pub(super) fn place_set(&mut self, path: u16, keys: u16, value: u16) -> Result<(), Raise> {
        let func = self.here.func;
        let caches = func.places.at(usize::from(path));
        let path = &func.chunk.paths[usize::from(path)];
        let value = self.operand(value);
        let value = match self.direct(path, caches, keys, value, set_end) {
            None => {
                self.here.fp.clear_nulling(keys, path.keys() as u16);
                return Ok(());
            }
            Some(value) => value,
        };
        let keys = self.path_keys(path, keys);
        self.with_root(path, |_, root| place::place_set(root, &keys, value))
    }

    #[inline(never)]
    pub(super) fn place_update(&mut self, code: ArithCode, path: u16, keys: u16, value: u16) -> Result<(), Raise> {
        let func = self.here.func;
        let caches = func.places.at(usize::from(path));
        let path = &func.chunk.paths[usize::from(path)];
        let value = self.operand(value);
        let op = arith_op(code);
        if path.segments.is_empty() {
            self.note_update(&value);
            return self.update_root(path, op, value);
        }
        let value = match self.direct(path, caches, keys, value, |end, value| update_end(op, end, value)) {
            None => {
                self.here.fp.clear_nulling(keys, path.keys() as u16);
                return Ok(());
            }
            Some(value) => value,
        };
        let keys = self.path_keys(path, keys);
        let step = self.with_root(path, |_, root| place::place_update(root, &keys, op, value))?;
        match step {
            None => Ok(()),
            Some(step) => {
                let result = step.finish(self)?;
                self.with_root(path, |_, root| place::place_set(root, &keys, result))
            }
        }
    }

    /// `x op= value` for a whole variable that others can reach.
    fn update_root(&mut self, path: &Path, op: arith::ArithOp, value: Value) -> Result<(), Raise> {
        if let Root::CaptureCell(index) = path.root
            && let Value::Closure(closure) = self.here.fp.below().get(0)
            && let Some(Value::Cell(cell)) = closure.captures().get(usize::from(index))
            && let Some((result, is_int)) =
                cell.with(|old| Some((arith::simple(op, old, &value)?, matches!(old, Value::Int(_)))))
        {
            if !is_int {
                self.note(seen::FLOAT);
            }
            cell.set(result);
            return Ok(());
        }
        let step = self.with_root(path, |_, root| arith::binary_in_place(op, root, value))?;
        match step {
            None => Ok(()),
            Some(step) => {
                let result = step.finish(self)?;
                self.with_root(path, |_, root| {
                    *root = result;
                    Ok(())
                })
            }
        }
    }

    /// A store into or update of a place, where each level is unique and plainly there. Gives the value back if that is not so:
    /// nothing has happened then.
    #[inline(always)]
    fn direct(
        &mut self,
        path: &Path,
        caches: &[FieldCache],
        keys: u16,
        value: Value,
        change: impl FnOnce(End<'_>, Value) -> Option<Value>,
    ) -> Option<Value> {
        let fp = self.here.fp;
        let root = match path.root {
            Root::Local(slot) => fp.get_mut(slot),
            Root::Module(var) => &mut self.isolate.table[(self.here.func.unit.first_var + var) as usize],
            Root::LocalCell(_) | Root::CaptureCell(_) => {
                let function = fp.below();
                let Some(cell) = shared_cell(&fp, &function, path.root) else { return Some(value) };
                return cell.with_mut(|root| direct_in(&self.here, root, path, caches, keys, value, change));
            }
            Root::Capture(_) | Root::SelfFn => return Some(value),
        };
        direct_in(&self.here, root, path, caches, keys, value, change)
    }

    /// The place gives up its reference to what has been read from it, where all on the way have one holder.
    #[inline(never)]
    pub(super) fn take_out(&mut self, held: u16, path: u16, keys: u16) -> Result<(), Raise> {
        let (func, fp) = (self.here.func, self.here.fp);
        let caches = func.places.at(usize::from(path));
        let path = &func.chunk.paths[usize::from(path)];
        let held = fp.get(held);
        // What is a number or null now may be an object next time: the way there is noted.
        if let Root::Local(slot) = path.root
            && let Some(part) = self.own_part(path, caches, keys, fp.get_mut(slot))
            && part.address() == held.address()
            && held.address().is_some()
        {
            part.assign(Value::Null);
        }
        fp.clear_nulling(keys, path.keys() as u16);
        Ok(())
    }

    /// What a path leads to, if no container on the way has another holder.
    fn own_part<'a>(&self, path: &Path, caches: &[FieldCache], keys: u16, root: &'a mut Value) -> Option<&'a mut Value> {
        let (func, fp) = (self.here.func, self.here.fp);
        let (mut here, mut key) = (root, keys);
        for (at, (segment, cache)) in path.segments.iter().zip(caches).enumerate() {
            match (segment, &*here) {
                (Segment::Index, base) if at + 1 == path.segments.len() => self.note_base(base),
                (Segment::Index, Value::Dict(_)) => self.note(seen::entry(at)),
                _ => {}
            }
            here = match (segment, here) {
                (Segment::Field(name, _), Value::Struct(object)) => {
                    let slot = cached_slot(func, cache, object, *name)?;
                    object.get_mut()?.place_mut(&slot)?
                }
                (Segment::Field(name, _), base) => place::own_part(base, &Key::Field(*func.names.at(usize::from(*name))))?,
                (Segment::Index, base) => place::own_part(base, &Key::Index(fp.get(key).clone()))?,
            };
            key += u16::from(*segment == Segment::Index);
        }
        Some(here)
    }

    #[cold]
    #[inline(never)]
    pub(super) fn place_get_or_null(&mut self, dst: u16, path: u16, keys: u16) -> Result<(), Raise> {
        let func = self.here.func;
        let path = &func.chunk.paths[usize::from(path)];
        let mut at = keys;
        let mut found = Vec::with_capacity(path.segments.len());
        for segment in &path.segments {
            found.push(match segment {
                crate::bytecode::chunk::Segment::Index => {
                    at += 1;
                    Key::Index(self.here.fp.get(at - 1).clone())
                }
                crate::bytecode::chunk::Segment::Field(name, _) => Key::Field(*func.names.at(usize::from(*name))),
            });
        }
        let shared = self.shared_root(path.root);
        let value = match found.pop() {
            None => self.place_value(path, shared.as_ref(), &[], &[])?,
            Some(last) => {
                let base = self.place_value(path, shared.as_ref(), &found, &[])?;
                match last {
                    Key::Index(index) => {
                        let step = index::get_or_null(&base, &index)?;
                        self.finish(step)?
                    }
                    Key::Field(name) => {
                        let found = member::get_or_null(&base, name)?;
                        self.member_value(found, name)?
                    }
                }
            }
        };
        self.here.fp.set(dst, value);
        Ok(())
    }

    /// `x = old op value` for a variable that others can reach: see the instruction.
    #[inline(never)]
    pub(super) fn root_update(&mut self, code: ArithCode, path: u16, old: u16, value: u16) -> Result<(), Raise> {
        let func = self.here.func;
        let path = &func.chunk.paths[usize::from(path)];
        let value = self.operand(value);
        let left = self.here.fp.take(old);
        self.operate_on_copy(path, code, left, value)
    }

    /// Operates on `left`, a copy read from the place `path`, where the result goes.
    fn operate_on_copy(&mut self, path: &Path, code: ArithCode, mut left: Value, value: Value) -> Result<(), Raise> {
        if code == ArithCode::Concat {
            return self.root_concat(path, left, value);
        }
        if let Some(result) = arith::simple(arith_op(code), &left, &value) {
            self.note_update(&left);
            self.note_update(&value);
            return self.replace_whole(path, result);
        }
        self.note(super::feedback::operand_bits(&left, &value));
        let emptied = self.give_up_same(path, &left);
        match arith::binary_in_place(arith_op(code), &mut left, value) {
            Ok(None) => self.replace_whole(path, left),
            Ok(Some(step)) => {
                self.take_back(path, emptied, left);
                let result = step.finish(self)?;
                self.replace_whole(path, result)
            }
            Err(raise) => {
                self.take_back(path, emptied, left);
                Err(raise)
            }
        }
    }

    /// Notes an operand of an update of a variable, if it is no int.
    fn note_update(&self, operand: &Value) {
        match operand {
            Value::Int(_) => {}
            Value::Float(_) => self.note(seen::FLOAT),
            Value::Struct(_) | Value::Variant(_) | Value::Unit { .. } => self.note(seen::DECLARED),
            _ => self.note(seen::OTHER),
        }
    }

    /// If the place still holds the object that `held` is, its own reference is dropped.
    pub(super) fn give_up_same(&mut self, path: &Path, held: &Value) -> bool {
        if held.address().is_none() {
            return false;
        }
        if let (true, Some(root)) = (path.segments.is_empty(), self.shared_root(path.root)) {
            let own = self.replace_shared(&root, Value::Null);
            let same = own.address() == held.address();
            if !same {
                self.put_shared(&root, own);
            }
            return same;
        }
        let keys = self.path_keys(path, 0);
        self.with_root(path, |_, root| place::release(root, &keys, held)).unwrap_or(false)
    }

    /// Puts the operand of a failed operation back where it was taken from.
    pub(super) fn take_back(&mut self, path: &Path, emptied: bool, value: Value) {
        if emptied {
            let _ = self.replace_whole(path, value);
        }
    }

    /// Stores to a variable that others can reach, or to a place of fields.
    fn replace_whole(&mut self, path: &Path, value: Value) -> Result<(), Raise> {
        if let (true, Some(root)) = (path.segments.is_empty(), self.shared_root(path.root)) {
            return self.store_root(path, &root, value);
        }
        let keys = self.path_keys(path, 0);
        self.with_root(path, |_, root| place::place_set(root, &keys, value))
    }

    fn store_root(&mut self, path: &Path, root: &SharedRoot, value: Value) -> Result<(), Raise> {
        // The mark of exclusive use must not be overwritten.
        let old = self.replace_shared(root, value);
        if matches!(old, Value::InUse) {
            let new = self.replace_shared(root, old);
            drop(new);
            let name = self.path_name(path);
            return self.read_shared(root, &name).map(drop);
        }
        Ok(())
    }

    /// `x = "${x}…"` with the rest in `text`.
    fn root_concat(&mut self, path: &Path, mut left: Value, text: Value) -> Result<(), Raise> {
        if !matches!(left, Value::Str(_)) {
            let shown = display::display(&left, self)?;
            left = Value::try_str(&shown).map_err(|refused| crate::semantics::memory("string", refused))?;
        }
        let emptied = self.give_up_same(path, &left);
        match arith::binary_in_place(arith::ArithOp::Add, &mut left, text) {
            Ok(_) => self.replace_whole(path, left),
            Err(raise) => {
                self.take_back(path, emptied, left);
                Err(raise)
            }
        }
    }

    /// `x = [...x, e]` and its kin: see the instruction.
    #[inline(never)]
    pub(super) fn literal_update(&mut self, path: u16, base: u16, site: u16) -> Result<(), Raise> {
        let func = self.here.func;
        let path = &func.chunk.paths[usize::from(path)];
        let site = &func.chunk.literals[usize::from(site)];
        let mut values = self.take_all(base, site.values() + usize::from(!path.is_local()));
        let early = (!path.is_local()).then(|| values.remove(0));
        match site {
            LiteralSite::Array(spreads) => {
                let mut added = Vec::with_capacity(values.len());
                for (spread, value) in spreads.iter().zip(values) {
                    if *spread { self.spread_into(&mut added, value)? } else { added.push(value) }
                }
                self.change_whole(path, early, |vm, root| vm.extend_array(root, added))
            }
            LiteralSite::Dict(spreads) => {
                let entries = self.dict_entries(spreads, values)?;
                self.change_whole(path, early, |vm, root| vm.extend_dict(root, entries))
            }
            LiteralSite::Struct { decl, items } => {
                let items: Vec<_> =
                    items.iter().map(|item| item.map(|(name, _)| *func.names.at(usize::from(name)))).collect();
                let decl = decl.map(|decl| func.unit.structs[decl as usize].decl);
                let Some(decl) = decl else { return Err(Raise::bug("a struct update of no struct")) };
                self.change_whole(path, early, |vm, root| vm.update_struct(root, decl, &items, values))
            }
            LiteralSite::Add | LiteralSite::Text => {
                let (Some(early), Some(value)) = (early, values.pop()) else {
                    return Err(Raise::bug("an update of nothing"));
                };
                let code = if *site == LiteralSite::Add { ArithCode::Add } else { ArithCode::Concat };
                self.operate_on_copy(path, code, early, value)
            }
        }
    }

    /// Changes a plain local, or the copy `early` that was read from the place `path` and goes back there.
    fn change_whole(
        &mut self,
        path: &Path,
        early: Option<Value>,
        change: impl FnOnce(&mut Vm, &mut Value) -> Result<(), Raise>,
    ) -> Result<(), Raise> {
        let Some(mut early) = early else { return self.with_root(path, change) };
        // Spreading anything else may run user code, which must find the place as it was.
        let emptied = matches!(early, Value::Array(_) | Value::Dict(_)) && self.give_up_same(path, &early);
        match change(self, &mut early) {
            Ok(()) => self.replace_whole(path, early),
            Err(raise) => {
                self.take_back(path, emptied, early);
                Err(raise)
            }
        }
    }

    fn extend_array(&mut self, root: &mut Value, added: Vec<Value>) -> Result<(), Raise> {
        if !matches!(root, Value::Array(_)) {
            let mut items = Vec::new();
            self.spread_into(&mut items, root.clone())?;
            items.extend(added);
            *root = Value::array(items);
            return Ok(());
        }
        let Value::Array(items) = root else { return Ok(()) };
        let refused = |refused| crate::semantics::memory("array", refused);
        let items = array::make_unique(items).map_err(refused)?;
        for value in added {
            items.push(value).map_err(refused)?;
        }
        Ok(())
    }
}

/// The variable that closures share at the root of a place; `below`: where the function itself stands.
fn shared_cell<'a>(fp: &'a Fp, below: &'a Fp, root: Root) -> Option<&'a CellRef> {
    match root {
        Root::LocalCell(slot) => match fp.get(slot) {
            Value::Cell(cell) => Some(cell),
            _ => None,
        },
        Root::CaptureCell(index) => match below.get(0) {
            Value::Closure(closure) => match closure.captures().get(usize::from(index)) {
                Some(Value::Cell(cell)) => Some(cell),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// What [`Vm::direct`] does, from the value of the root on.
#[inline(always)]
fn direct_in(
    here: &Here,
    root: &mut Value,
    path: &Path,
    caches: &[FieldCache],
    keys: u16,
    value: Value,
    change: impl FnOnce(End<'_>, Value) -> Option<Value>,
) -> Option<Value> {
    let Some((last, inner)) = path.segments.split_last() else { return Some(value) };
    let (func, fp) = (here.func, here.fp);
    let mut base = root;
    let mut key = keys;
    for (at, (segment, cache)) in inner.iter().zip(caches).enumerate() {
        let part = match (base, segment) {
            (Value::Array(items), Segment::Index) => {
                key += 1;
                let Some(at) = fp.int(key - 1) else { return Some(value) };
                items.get_mut().and_then(|items| items.get_mut(at as usize))
            }
            (Value::Struct(object), Segment::Field(name, _)) => {
                let slot = cached_slot(func, cache, object, *name);
                slot.and_then(|slot| object.get_mut()?.place_mut(&slot))
            }
            (Value::Dict(table), Segment::Index) => {
                key += 1;
                func.note(here.ip.pc(func.start), seen::entry(at));
                place::own_entry(table, fp.get(key - 1))
            }
            _ => None,
        };
        base = match part {
            Some(part) => part,
            None => return Some(value),
        };
    }
    match (base, last) {
        (Value::Array(items), Segment::Index) => {
            let shape = items.shape();
            let (Some(at), Some(items)) = (fp.int(key), items.get_mut()) else { return Some(value) };
            if at as u64 >= items.len() as u64 {
                return Some(value);
            }
            func.note(here.ip.pc(func.start), 1 << (shape & 31));
            change(End::Item(items, at as usize), value)
        }
        (Value::Struct(object), Segment::Field(name, _)) => {
            let Some(slot) = caches.last().and_then(|cache| cached_slot(func, cache, object, *name)) else {
                return Some(value);
            };
            let Some(object) = object.get_mut() else { return Some(value) };
            change(End::Field(object, &slot), value)
        }
        (base @ Value::Dict(_), Segment::Index) => {
            func.note(here.ip.pc(func.start), seen::DICT);
            change(End::Entry(base, fp.get(key)), value)
        }
        (base @ Value::Dict(_), Segment::Field(name, _)) => {
            func.note(here.ip.pc(func.start), seen::DICT);
            change(End::Entry(base, &func.names.at(usize::from(*name)).value()), value)
        }
        _ => Some(value),
    }
}

/// Where a field lies in an object, remembered at its place.
#[inline(always)]
fn cached_slot(func: FnRef, cache: &FieldCache, object: &crate::value::InstRef, name: u16) -> Option<FieldSlot> {
    let shape = object.shape();
    match cache.first() {
        Some(slot) if slot.shape() == shape => Some(slot),
        _ => cache.find(shape).or_else(|| {
            let slot = object.info().field(*func.names.at(usize::from(name)))?;
            cache.add(*slot);
            Some(*slot)
        }),
    }
}

/// What a path ends in, in a container that nobody else holds; a dict may have other holders.
enum End<'a> {
    Item(&'a mut crate::value::Array, usize),
    Field(&'a mut crate::value::Inst, &'a FieldSlot),
    Entry(&'a mut Value, &'a Value),
}

// What `direct` does at the end of a path: `None` when done, the value back otherwise.

#[inline(always)]
fn set_end(end: End<'_>, value: Value) -> Option<Value> {
    match end {
        End::Item(items, at) => set_item(items, at, value),
        End::Field(object, slot) => set_field(object, slot, value),
        End::Entry(..) => Some(value),
    }
}

#[inline(always)]
fn update_end(op: arith::ArithOp, end: End<'_>, value: Value) -> Option<Value> {
    match end {
        End::Item(items, at) => update_item(op, items, at, value),
        End::Field(object, slot) => update_field(op, object, slot, value),
        End::Entry(base, key) => (!place::update_entry(base, key, op, &value)).then_some(value),
    }
}

#[inline(always)]
fn set_item(items: &mut crate::value::Array, at: usize, value: Value) -> Option<Value> {
    use crate::value::Kind;
    match (items.kind(), &value) {
        (Kind::I64, Value::Int(_)) | (Kind::F64, Value::Float(_)) | (Kind::Bool, Value::Bool(_)) | (Kind::Val, _) => {
            let stored = items.set(at, value);
            debug_assert!(matches!(stored, Ok(true)));
            None
        }
        _ => Some(value),
    }
}

#[inline(always)]
fn set_field(object: &mut crate::value::Inst, slot: &FieldSlot, value: Value) -> Option<Value> {
    object.store(slot, value).err()
}

#[inline(always)]
fn update_item(op: arith::ArithOp, items: &mut crate::value::Array, at: usize, value: Value) -> Option<Value> {
    let new = items.borrow(at).and_then(|old| arith::simple(op, &old, &value));
    match new {
        Some(new) => set_item(items, at, new).map(|_| value),
        None => Some(value),
    }
}

#[inline(always)]
fn update_field(op: arith::ArithOp, object: &mut crate::value::Inst, slot: &FieldSlot, value: Value) -> Option<Value> {
    let new = object.peek(slot).and_then(|old| arith::simple(op, &old, &value));
    match new {
        Some(new) => object.store(slot, new).err().map(|_| value),
        None => Some(value),
    }
}
