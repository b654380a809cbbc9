//! Elements and fields off the fast path.
use super::Vm;
use super::feedback::seen;
use super::operate::arith_op;
use crate::bytecode::op::{ArithCode, slice_kind};
use crate::semantics::arith;
use crate::semantics::fault::Raise;
use crate::semantics::index;
use crate::semantics::member::{self, Member};
use crate::semantics::place::{self, Key};
use crate::semantics::step::Step;
use crate::value::{Symbol, Value};

impl Vm {
    #[inline(never)]
    pub(super) fn index_get(&mut self, dst: u16, a: u16, b: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        self.note_base(fp.get(a));
        let step = index::get(fp.get(a), fp.get(b))?;
        self.release(a);
        self.release(b);
        self.step_to(step, dst)
    }

    #[inline(never)]
    pub(super) fn index_get_value(&mut self, dst: u16, a: u16, b: Value) -> Result<(), Raise> {
        let fp = self.here.fp;
        self.note_base(fp.get(a));
        let step = index::get(fp.get(a), &b)?;
        self.release(a);
        self.step_to(step, dst)
    }

    pub(super) fn note_base(&self, base: &Value) {
        self.note(match base {
            Value::Int(_) => seen::STEPS,
            Value::Array(items) => 1 << (items.shape() & 31),
            Value::Dict(_) => seen::DICT,
            Value::Str(_) => seen::TEXT,
            Value::Bytes(_) => seen::BYTES,
            _ => seen::OTHER,
        });
    }

    /// What a name is looked up in.
    fn note_named(&self, base: &Value) {
        self.note(if let Value::Dict(_) = base { seen::DICT } else { seen::OTHER });
    }

    /// What a loop runs over.
    pub(super) fn note_source(&self, source: &Value) {
        match source {
            Value::Set(_) => self.note(seen::SET),
            _ => self.note_base(source),
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn index_get_or_null(&mut self, dst: u16, a: u16, b: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        let step = index::get_or_null(fp.get(a), fp.get(b))?;
        self.release(a);
        self.release(b);
        self.step_to(step, dst)
    }

    #[cold]
    #[inline(never)]
    pub(super) fn slice(&mut self, kind: u8, dst: u16, a: u16, bounds: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        let bound = |register| Some(fp.get(register)).filter(|bound| !matches!(bound, Value::Uninit));
        let slice = if kind & slice_kind::OR_NULL != 0 { index::slice_or_null } else { index::slice };
        let step = slice(fp.get(a), bound(bounds), bound(bounds + 1), kind & slice_kind::INCLUSIVE != 0)?;
        fp.set_null(bounds);
        fp.set_null(bounds + 1);
        self.release(a);
        self.step_to(step, dst)
    }

    #[inline(never)]
    pub(super) fn index_set(&mut self, a: u16, b: u16, value: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        self.note_base(fp.get(a));
        let value = self.operand(value);
        let result = index::set(fp.get_mut(a), fp.get(b), value);
        self.release(b);
        result
    }

    /// An element has no room.
    #[cold]
    pub(super) fn no_room(&mut self, refused: crate::limits::OutOfMemory) -> Result<(), Raise> {
        Err(crate::semantics::memory("store", refused))
    }

    #[inline(never)]
    pub(super) fn index_update(&mut self, code: ArithCode, a: u16, b: u16, value: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        self.note_base(fp.get(a));
        let value = self.operand(value);
        if let Value::Array(items) = fp.get_mut(a)
            && let Some(at) = fp.int(b)
            && let Some(old) = items.get(at as usize)
            && !old.is_heap()
            && let Some(new) = arith::simple(arith_op(code), &old, &value)
            && let Some(items) = items.get_mut()
        {
            return items.set(at as usize, new).map(|_| ()).map_err(|refused| crate::semantics::memory("store", refused));
        }
        if place::update_entry(fp.get_mut(a), fp.get(b), arith_op(code), &value) {
            self.release(b);
            return Ok(());
        }
        let key = Key::Index(self.operand(b));
        self.update_at(code, a, key, value)
    }

    /// `local.key op= value` in one step.
    fn update_at(&mut self, code: ArithCode, a: u16, key: Key, value: Value) -> Result<(), Raise> {
        let root = self.here.fp.get_mut(a);
        let keys = [key];
        match place::place_update(root, &keys, arith_op(code), value)? {
            None => Ok(()),
            Some(step) => {
                let result = step.finish(self)?;
                place::place_set(self.here.fp.get_mut(a), &keys, result)
            }
        }
    }

    // ---- fields ----

    fn field_name(&self, site: u16) -> Symbol {
        let func = self.here.func;
        *func.names.at(usize::from(func.chunk.fields[usize::from(site)].name))
    }

    /// Remembers where the field lies in this object's shape.
    fn learn_field(&mut self, base: &Value, site: u16, name: Symbol) {
        let func = self.here.func;
        let cache = func.fields.at(usize::from(site));
        let Value::Struct(object) = base else {
            self.note_miss();
            return;
        };
        if cache.find(object.shape()).is_none() {
            self.note_miss();
            object.info().field(name).into_iter().for_each(|slot| cache.add(*slot));
        }
    }

    #[inline(never)]
    pub(super) fn field_get(&mut self, dst: u16, a: u16, site: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        let name = self.field_name(site);
        self.note_named(fp.get(a));
        self.learn_field(fp.get(a), site, name);
        let optional = self.here.func.chunk.fields[usize::from(site)].optional;
        let found = if optional { member::get_or_null(fp.get(a), name)? } else { member::get(fp.get(a), name)? };
        let value = self.member_value(found, name)?;
        self.release(a);
        fp.set(dst, value);
        Ok(())
    }

    /// `Enum::name`, `module::name`.
    #[cold]
    #[inline(never)]
    pub(super) fn path_get(&mut self, dst: u16, a: u16, name: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        let name = *self.here.func.names.at(usize::from(name));
        let found = member::variant(fp.get(a), name)?;
        let value = self.member_value(found, name)?;
        self.release(a);
        fp.set(dst, value);
        Ok(())
    }

    pub(super) fn member_value(&mut self, found: Member, name: Symbol) -> Result<Value, Raise> {
        match found {
            Member::Value(value) => Ok(value),
            Member::Module(id) => self.export(id, name),
            Member::Constructor { decl, variant } => self.constructor(decl, variant),
        }
    }

    #[inline(never)]
    pub(super) fn field_set(&mut self, a: u16, site: u16, value: u16) -> Result<(), Raise> {
        let value = self.operand(value);
        self.field_set_value(a, site, value)
    }

    #[inline(never)]
    pub(super) fn field_set_value(&mut self, a: u16, site: u16, value: Value) -> Result<(), Raise> {
        let fp = self.here.fp;
        let name = self.field_name(site);
        self.note_named(fp.get(a));
        member::set(fp.get_mut(a), name, value)?;
        // Storing may have changed the shape; the new one is what the next object will have.
        self.learn_field(fp.get(a), site, name);
        Ok(())
    }

    #[inline(never)]
    pub(super) fn field_update(&mut self, code: ArithCode, a: u16, site: u16, value: u16) -> Result<(), Raise> {
        let name = self.field_name(site);
        self.note_named(self.here.fp.get(a));
        let value = self.operand(value);
        self.update_at(code, a, Key::Field(name), value)?;
        self.learn_field(self.here.fp.get(a), site, name);
        Ok(())
    }

    /// A step that must be a value now.
    pub(super) fn finish(&mut self, step: Step) -> Result<Value, Raise> {
        step.finish(self)
    }
}
