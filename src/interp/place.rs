//! Assignments to places: index expressions first, then the value, then the walk.
use super::expr::{Operation, Updated, operation, simple};
use super::{Eval, Frame, Interp};
use crate::resolve::hir::{BinaryOp, ExprId, ExprKind, PathSegment, PlaceId, UpdateOp, Var};
use crate::semantics::arith::{self, ArithOp};
use crate::semantics::fault::Raise;
use crate::semantics::place::{
    Key, item_mut, place_get, place_set, release, take_out, update_field, update_slot, with_place,
};
use crate::semantics::{index, member};
use crate::value::Value;

/// The evaluated keys of a place: rarely more than two.
pub(super) enum Keys {
    None,
    One([Key; 1]),
    Two([Key; 2]),
    Many(Vec<Key>),
}

impl std::ops::Deref for Keys {
    type Target = [Key];

    fn deref(&self) -> &[Key] {
        match self {
            Keys::None => &[],
            Keys::One(key) => key,
            Keys::Two(keys) => keys,
            Keys::Many(keys) => keys,
        }
    }
}

impl<'p> Interp<'p> {
    /// Evaluates the index expressions of a place.
    pub(super) fn place_keys(&mut self, frame: &Frame<'p>, id: PlaceId) -> Eval<Keys> {
        match &*frame.program[id].path {
            [] => Ok(Keys::None),
            [segment] => Ok(Keys::One([self.place_key(frame, segment)?])),
            [first, second] => Ok(Keys::Two([self.place_key(frame, first)?, self.place_key(frame, second)?])),
            path => path.iter().map(|segment| self.place_key(frame, segment)).collect::<Eval<_>>().map(Keys::Many),
        }
    }

    fn place_key(&mut self, frame: &Frame<'p>, segment: &PathSegment) -> Eval<Key> {
        match segment {
            PathSegment::Index(index) => self.operand(frame, *index).map(Key::Index),
            PathSegment::Field(name, _) => Ok(Key::Field(self.symbol(frame.unit, *name))),
        }
    }

    /// Lets `change` work on a variable's own value.
    fn on_root<R>(
        &mut self,
        frame: &Frame<'p>,
        id: PlaceId,
        change: impl FnOnce(&mut Self, &mut Value) -> Result<R, Raise>,
    ) -> Result<R, Raise> {
        let place = &frame.program[id];
        if !matches!(place.root, Var::Local(_)) {
            // Uninitialised or in use?
            drop(self.read(frame, place.root, place.name)?);
        }
        let mut root = self.exchange(frame, place.root, Value::Null);
        let result = change(self, &mut root);
        self.initialise(frame, place.root, root);
        result
    }

    /// `a[i].x = e`
    #[inline(never)]
    pub(super) fn store_stmt(&mut self, frame: &Frame<'p>, id: PlaceId, value: ExprId) -> Eval<()> {
        let place = &frame.program[id];
        let stored = match (place.root, &*place.path) {
            (Var::Local(slot), [PathSegment::Index(at)]) => {
                let at = self.operand(frame, *at)?;
                let value = self.operand(frame, value)?;
                index::set(&mut self.stack[frame.base + slot.index()], &at, value)
            }
            (Var::Local(slot), _) => {
                let keys = self.place_keys(frame, id)?;
                let value = self.operand(frame, value)?;
                place_set(&mut self.stack[frame.base + slot.index()], &keys, value)
            }
            _ => {
                let keys = self.place_keys(frame, id)?;
                let value = self.operand(frame, value)?;
                self.on_root(frame, id, |_, root| place_set(root, &keys, value))
            }
        };
        stored.map_err(|raise| self.leave_at(frame, place.span, raise))
    }

    /// `p.x = f(p.x, e)` and its kin: the operation works on the place's own value.
    pub(super) fn update_store(&mut self, frame: &Frame<'p>, id: PlaceId, value: ExprId) -> Eval<()> {
        let (program, expr) = (frame.program, &frame.program[value]);
        let Some(read) = program.first_operand(value) else { return self.store_stmt(frame, id, value) };
        let operand = Updated::Place { place: id, read };
        let result = match &expr.kind {
            ExprKind::Binary(op, _, second) => self.update_binary(frame, expr, *op, operand, *second)?,
            ExprKind::CallBuiltin { builtin, args } => self.update_by_builtin(frame, expr, *builtin, args, operand)?,
            ExprKind::Array(items) => self.array_update(frame, expr.span, read, operand, &items[1..])?,
            ExprKind::Dict(items) => self.dict_update(frame, expr.span, read, operand, &items[1..])?,
            ExprKind::Interp(parts) => self.interp_update(frame, expr.span, read, operand, &parts[1..])?,
            _ => return self.store_stmt(frame, id, value),
        };
        let keys = self.place_keys(frame, id)?;
        // Where a VM does both in one instruction, it reports both at one place.
        let span = if matches!(expr.kind, ExprKind::CallBuiltin { .. }) { program[id].span } else { expr.span };
        self.on_root(frame, id, |_, root| place_set(root, &keys, result)).map_err(|raise| self.leave_at(frame, span, raise))
    }

    /// Empties a place if it still holds the same object as `early`.
    pub(super) fn release_place(&mut self, frame: &Frame<'p>, id: PlaceId, early: &Value) -> bool {
        let Ok(keys) = self.place_keys(frame, id) else { return false };
        self.on_root(frame, id, |_, root| release(root, &keys, early)).unwrap_or(false)
    }

    /// What `read` gives; the place that it reads gives up its reference to it.
    pub(super) fn take_out(&mut self, frame: &Frame<'p>, read: ExprId, id: PlaceId) -> Eval {
        let value = self.eval(frame, read)?;
        if let (Var::Local(slot), true) = (frame.program[id].root, value.address().is_some()) {
            let keys = self.place_keys(frame, id)?;
            take_out(&mut self.stack[frame.base + slot.index()], &keys, &value);
        }
        Ok(value)
    }

    /// Puts back what [`Interp::release_place`] has taken.
    pub(super) fn restore_place(&mut self, frame: &Frame<'p>, id: PlaceId, value: Value) {
        if let Ok(keys) = self.place_keys(frame, id) {
            let _ = self.on_root(frame, id, |_, root| place_set(root, &keys, value));
        }
    }

    /// `place op= e`
    #[inline(never)]
    pub(super) fn update(&mut self, frame: &Frame<'p>, id: PlaceId, op: UpdateOp, operand: ExprId) -> Eval<()> {
        let place = &frame.program[id];
        if let (Var::Local(slot), [], UpdateOp::Binary(op)) = (place.root, &*place.path, op) {
            let operand = self.operand(frame, operand)?;
            let variable = &mut self.stack[frame.base + slot.index()];
            if let Some(result) = simple(op, variable, &operand) {
                variable.assign(result);
                operand.discard();
                return Ok(());
            }
            return self.update_rest(frame, id, &[], op, operand);
        }
        if let (Var::Local(slot), UpdateOp::Binary(op)) = (place.root, op) {
            let variable = frame.base + slot.index();
            match *place.path {
                [PathSegment::Field(name, _)] => {
                    let (name, operand) = (self.symbol(frame.unit, name), self.operand(frame, operand)?);
                    if let Value::Struct(object) = &mut self.stack[variable]
                        && let Some(slot) = self.names.field(object, name)
                        && update_slot(object, &slot, |old| simple(op, old, &operand))
                    {
                        return Ok(());
                    }
                    return self.update_rest(frame, id, &[Key::Field(name)], op, operand);
                }
                [PathSegment::Index(at), PathSegment::Field(name, _)] => {
                    let (name, at) = (self.symbol(frame.unit, name), self.operand(frame, at)?);
                    let operand = self.operand(frame, operand)?;
                    if let Some(item) = item_mut(&mut self.stack[variable], &at)
                        && update_field(item, name, |old| simple(op, old, &operand))
                    {
                        return Ok(());
                    }
                    return self.update_rest(frame, id, &[Key::Index(at), Key::Field(name)], op, operand);
                }
                _ => {}
            }
        }
        let keys = self.place_keys(frame, id)?;
        match op {
            UpdateOp::Coalesce => self.coalesce(frame, id, &keys, operand),
            UpdateOp::Binary(op) => {
                let operand = self.operand(frame, operand)?;
                if let Var::Local(slot) = place.root
                    && update_numbers(op, &mut self.stack[frame.base + slot.index()], &keys, &operand)
                {
                    return Ok(());
                }
                self.update_rest(frame, id, &keys, op, operand)
            }
        }
    }

    #[inline(never)]
    fn update_rest(&mut self, frame: &Frame<'p>, id: PlaceId, keys: &[Key], op: BinaryOp, operand: Value) -> Eval<()> {
        let place = &frame.program[id];
        let result = match operation(op) {
            Operation::Arith(op) => self.update_value(frame, id, keys, op, operand),
            _ => Err(Raise::bug("not an operator of op=")),
        };
        result.map_err(|raise| self.leave_at(frame, place.span, raise))
    }

    fn update_value(
        &mut self,
        frame: &Frame<'p>,
        id: PlaceId,
        keys: &[Key],
        op: ArithOp,
        operand: Value,
    ) -> Result<(), Raise> {
        let place = &frame.program[id];
        let old = self.read(frame, place.root, place.name)?;
        let user = self.finish(place_get(&old, keys)?).map(|old| needs_user_code(op, &old, &operand))?;
        if user {
            // User code must find the place as it was.
            let mut new = self.finish(place_get(&old, keys)?)?;
            drop(old);
            self.operate(op, &mut new, operand)?;
            return self.on_root(frame, id, |_, root| place_set(root, keys, new));
        }
        drop(old);
        self.on_root(frame, id, |this, root| with_place(root, keys, |leaf| this.operate(op, leaf, operand)))
    }

    /// `place ??= e`
    fn coalesce(&mut self, frame: &Frame<'p>, id: PlaceId, keys: &[Key], operand: ExprId) -> Eval<()> {
        let place = &frame.program[id];
        let old = self.coalesced(frame, id, keys).map_err(|raise| self.leave_at(frame, place.span, raise))?;
        if !old.is_null() {
            return Ok(());
        }
        let new = self.eval(frame, operand)?;
        let stored = if keys.is_empty() {
            self.write(frame, place.root, place.name, new)
        } else {
            self.on_root(frame, id, |_, root| place_set(root, keys, new))
        };
        stored.map_err(|raise| self.leave_at(frame, place.span, raise))
    }

    /// The value of a place whose last key may be missing in a dict.
    fn coalesced(&mut self, frame: &Frame<'p>, id: PlaceId, keys: &[Key]) -> Result<Value, Raise> {
        let place = &frame.program[id];
        let root = self.read(frame, place.root, place.name)?;
        let Some((last, path)) = keys.split_last() else { return Ok(root) };
        let base = self.finish(place_get(&root, path)?)?;
        match last {
            Key::Index(index) => {
                let step = crate::semantics::index::get_or_null(&base, index)?;
                self.finish(step)
            }
            Key::Field(name) => {
                let found = member::get_or_null(&base, *name)?;
                self.member_value(frame.unit, found, *name)
            }
        }
    }
}

/// Updates a number at a place. False if it is not one, or is not there: then nothing has changed.
#[inline]
fn update_numbers(op: BinaryOp, root: &mut Value, keys: &[Key], operand: &Value) -> bool {
    let change = |leaf: &mut Value| {
        let result = simple(op, leaf, operand);
        Ok(result.map(|result| leaf.assign(result)).is_some())
    };
    matches!(with_place(root, keys, change), Ok(true))
}

/// Might the operator call a method of the program?
fn needs_user_code(op: ArithOp, a: &Value, b: &Value) -> bool {
    matches!(a, Value::Struct(_))
        || (op == ArithOp::Add && matches!(a, Value::Str(_)) && arith::simple(op, a, b).is_none() && holds_structs(b))
}

fn holds_structs(value: &Value) -> bool {
    !matches!(value, Value::Str(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Null)
}
