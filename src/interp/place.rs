//! Assignments to places: index expressions first, then the value, then the walk.
use super::stmt::value;
use super::expr::{Operation, operation};
use super::{Eval, Exec, Flow, Frame, Interp};
use crate::resolve::hir::{ExprId, PathSegment, PlaceId, UpdateOp, Var};
use crate::semantics::arith::{self, ArithOp};
use crate::semantics::fault::Raise;
use crate::semantics::member;
use crate::semantics::place::{Key, place_get, place_set, with_place};
use crate::value::Value;

impl<'p> Interp<'p> {
    /// Evaluates the index expressions of a place.
    pub(super) fn place_keys(&mut self, frame: &Frame<'p>, id: PlaceId) -> Eval<Vec<Key>> {
        let place = &frame.program[id];
        let mut keys = Vec::with_capacity(place.path.len());
        for segment in &place.path {
            keys.push(match segment {
                PathSegment::Index(index) => Key::Index(self.eval(frame, *index)?),
                PathSegment::Field(name, _) => Key::Field(self.symbol(frame.unit, *name)),
            });
        }
        Ok(keys)
    }

    /// Lets `change` work on a variable's own value.
    fn on_root<R>(&mut self, frame: &Frame<'p>, id: PlaceId, change: impl FnOnce(&mut Self, &mut Value) -> Result<R, Raise>) -> Result<R, Raise> {
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

    pub(super) fn store(&mut self, frame: &Frame<'p>, id: PlaceId, keys: &[Key], value: Value) -> Result<(), Raise> {
        self.on_root(frame, id, |_, root| place_set(root, keys, value))
    }

    /// `place op= e`
    pub(super) fn update(&mut self, frame: &Frame<'p>, id: PlaceId, op: UpdateOp, operand: ExprId) -> Exec {
        let keys = value!(self, self.place_keys(frame, id));
        let place = &frame.program[id];
        let result = match op {
            UpdateOp::Coalesce => return self.coalesce(frame, id, &keys, operand),
            UpdateOp::Binary(op) => {
                let operand = value!(self, self.eval(frame, operand));
                let Operation::Arith(op) = operation(op) else { return Err(Raise::bug("not an operator of op=")) };
                self.update_value(frame, id, &keys, op, operand)
            }
        };
        result.map_err(|raise| self.leave_at(frame, place.span, raise))?;
        Ok(Flow::Next)
    }

    fn update_value(&mut self, frame: &Frame<'p>, id: PlaceId, keys: &[Key], op: ArithOp, operand: Value) -> Result<(), Raise> {
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
    fn coalesce(&mut self, frame: &Frame<'p>, id: PlaceId, keys: &[Key], operand: ExprId) -> Exec {
        let place = &frame.program[id];
        let old = self.coalesced(frame, id, keys).map_err(|raise| self.leave_at(frame, place.span, raise))?;
        if !old.is_null() {
            return Ok(Flow::Next);
        }
        let new = value!(self, self.eval(frame, operand));
        if keys.is_empty() {
            self.write(frame, place.root, place.name, new).map_err(|raise| self.leave_at(frame, place.span, raise))?;
        } else {
            self.store(frame, id, keys, new).map_err(|raise| self.leave_at(frame, place.span, raise))?;
        }
        Ok(Flow::Next)
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

/// Might the operator call a method of the program?
fn needs_user_code(op: ArithOp, a: &Value, b: &Value) -> bool {
    matches!(a, Value::Struct(_)) || (op == ArithOp::Add && matches!(a, Value::Str(_)) && arith::simple(op, a, b).is_none() && holds_structs(b))
}

fn holds_structs(value: &Value) -> bool {
    !matches!(value, Value::Str(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_) | Value::Null)
}
