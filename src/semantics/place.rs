//! Places: a variable's value and a path of evaluated keys into it, as in `a[i][j].x = v` and `a[i].push(v)`.
//!
//! The path is walked by `&mut`, making each level unique on the way without a temporary reference that would force a copy.
//! Unboxed elements and fields are loaded, modified and stored. A path that does not exist changes nothing: levels that
//! were copied to become unique mean the same as before.
use super::arith::{ArithOp, binary_in_place};
use super::fault::{Raise, faults};
use super::index::{self, not_a_key, position};
use super::step::Step;
use super::{member, memory};
use crate::limits::OutOfMemory;
use crate::value::{FieldSlot, InstRef, Symbol, Value, array, dict, instance};

/// One evaluated step of a path.
#[derive(Clone)]
pub enum Key {
    Index(Value),
    Field(Symbol),
}

/// The value at the end of a path.
pub fn place_get(root: &Value, keys: &[Key]) -> Result<Step, Raise> {
    let Some((last, path)) = keys.split_last() else { return Ok(Step::Done(root.clone())) };
    let mut here = root.clone();
    for key in path {
        // `op_index` of a struct gives no place, so a path never needs user code before its last key.
        here = match get_key(&here, key)? {
            Step::Done(value) => value,
            _ => return Err(faults::cannot_assign_index(here.type_name())),
        };
    }
    get_key(&here, last)
}

fn get_key(base: &Value, key: &Key) -> Result<Step, Raise> {
    match key {
        Key::Index(index) => index::get(base, index),
        Key::Field(name) => member::get_value(base, *name).map(Step::Done),
    }
}

/// `root.path = value`.
pub fn place_set(root: &mut Value, keys: &[Key], value: Value) -> Result<(), Raise> {
    let Some((last, _)) = keys.split_last() else {
        *root = value;
        return Ok(());
    };
    set_key(walk(root, keys, Purpose::Store)?, last, value)
}

fn set_key(base: &mut Value, key: &Key, value: Value) -> Result<(), Raise> {
    match key {
        Key::Index(index) => index::set(base, index, value),
        Key::Field(name) => member::set(base, *name, value),
    }
}

/// `root.path op= value`, read, operated and stored in one step. A step that comes back must be run by the engine, and
/// its result stored with [`place_set`].
pub fn place_update(root: &mut Value, keys: &[Key], op: ArithOp, value: Value) -> Result<Option<Step>, Raise> {
    with_place(root, keys, |place| binary_in_place(op, place, value))
}

/// `base[key] op= value` where `base` is a dict that nobody else holds, the key is there, and both operands are numbers: one
/// look-up. False if it is not so; nothing has happened then.
#[inline]
pub fn update_entry(base: &mut Value, key: &Value, op: ArithOp, value: &Value) -> bool {
    if let Value::Dict(table) = base
        && let Some(table) = table.get_mut()
        && let Ok(Some(place)) = table.get_mut(key)
        && let Some(new) = super::arith::simple(op, place, value)
    {
        *place = new;
        return true;
    }
    false
}

/// Updates a field of an instance by one look-up. False if that takes more, as where `update` gives nothing; nothing has
/// happened then.
#[inline]
pub fn update_field(base: &mut Value, name: Symbol, update: impl FnOnce(&Value) -> Option<Value>) -> bool {
    let Value::Struct(object) = base else { return false };
    let Some(&slot) = object.info().field(name) else { return false };
    update_slot(object, &slot, update)
}

/// [`update_field`] for a field that has been found.
#[inline(always)]
pub fn update_slot(object: &mut InstRef, slot: &FieldSlot, update: impl FnOnce(&Value) -> Option<Value>) -> bool {
    let Some(new) = object.load(slot).and_then(|old| update(&old)) else { return false };
    instance::make_unique(object).is_ok_and(|object| object.store(slot, new).is_ok())
}

/// An element of an array that nobody else holds, stored as a value: for changing.
#[inline]
pub fn item_mut<'a>(base: &'a mut Value, at: &Value) -> Option<&'a mut Value> {
    let (Value::Array(items), Value::Int(at)) = (base, at) else { return None };
    let at = position(*at, items.len())?;
    items.get_mut()?.as_val_slice_mut()?.get_mut(at)
}

/// Lets `change` work on the value at the end of a path, in place. On an error of `change` the place keeps what `change`
/// left in it, unless the element is stored unboxed, where it keeps its old value.
pub fn with_place<R>(
    root: &mut Value,
    keys: &[Key],
    change: impl FnOnce(&mut Value) -> Result<R, Raise>,
) -> Result<R, Raise> {
    let Some((last, _)) = keys.split_last() else { return change(root) };
    let base = walk(root, keys, Purpose::Change)?;
    if !is_boxed(base, last) {
        let mut value = match get_key(base, last)? {
            Step::Done(value) => value,
            _ => return Err(faults::cannot_assign_index(base.type_name())),
        };
        let result = change(&mut value)?;
        set_key(base, last, value)?;
        return Ok(result);
    }
    change(descend(base, last, |_| Raise::bug("a boxed number that is none"))?)
}

/// Empties a place if it holds the very object that `held` is: an operation that is about to replace it may then work on that
/// object, of which `held` is the only reference if nobody else has one.
pub fn release(root: &mut Value, keys: &[Key], held: &Value) -> Result<bool, Raise> {
    with_place(root, keys, |place| {
        let same = held.address().is_some() && held.address() == place.address();
        if same {
            place.assign(Value::Null);
        }
        Ok(same)
    })
}

/// The same where nobody looks at the place before it is assigned, if it is reached by containers that have one holder each; nothing is
/// copied for it.
pub fn take_out(root: &mut Value, keys: &[Key], held: &Value) {
    let mut here = root;
    for key in keys {
        match own_part(here, key) {
            Some(part) => here = part,
            None => return,
        }
    }
    if held.address().is_some() && held.address() == here.address() {
        here.assign(Value::Null);
    }
}

/// A part of a container that nobody else holds, if it is there and stored as a value.
pub fn own_part<'a>(base: &'a mut Value, key: &Key) -> Option<&'a mut Value> {
    match (base, key) {
        (base @ Value::Array(_), Key::Index(at)) => item_mut(base, at),
        (Value::Dict(table), Key::Index(index)) => own_entry(table, index),
        (Value::Dict(table), Key::Field(name)) => own_entry(table, &name.value()),
        (Value::Struct(object), Key::Field(name)) => {
            let slot = *object.info().field(*name)?;
            object.get_mut()?.place_mut(&slot)
        }
        _ => None,
    }
}

/// The value of an entry of a dict that nobody else holds.
pub fn own_entry<'a>(table: &'a mut dict::DictRef, key: &Value) -> Option<&'a mut Value> {
    let at = table.find(key).ok()??;
    table.get_mut()?.at_mut(at)
}

/// What a path is walked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// The last key is stored to.
    Store,
    /// What is there is changed.
    Change,
}

/// All keys but the last of a path; each level becomes unique.
fn walk<'a>(root: &'a mut Value, keys: &[Key], purpose: Purpose) -> Result<&'a mut Value, Raise> {
    let mut here = root;
    for (at, key) in keys.iter().enumerate().take(keys.len() - 1) {
        here = descend(here, key, |number| through_number(number, &keys[at + 1..], purpose))?;
    }
    Ok(here)
}

/// A path goes on behind a number that is stored unboxed: the same error as behind any other.
#[cold]
fn through_number(mut number: Value, rest: &[Key], purpose: Purpose) -> Raise {
    let outcome = match rest {
        [last] if purpose == Purpose::Store => set_key(&mut number, last, Value::Null),
        [next, ..] => descend(&mut number, next, |_| Raise::bug("a number within a number")).map(|_| ()),
        [] => Ok(()),
    };
    outcome.err().unwrap_or_else(|| Raise::bug("a path through a number"))
}

/// Whether the element or field is stored as a value, so that it can be changed where it is.
fn is_boxed(base: &Value, key: &Key) -> bool {
    match (base, key) {
        (Value::Array(items), Key::Index(_)) => items.as_val_slice().is_some(),
        (Value::Struct(object), Key::Field(name)) => {
            object.info().field(*name).is_some_and(|slot| slot.rep() == crate::value::Rep::Value)
        }
        _ => true,
    }
}

/// The element or field itself, made reachable for changing. `unboxed` is the fault for a number that is stored as such.
fn descend<'a>(base: &'a mut Value, key: &Key, unboxed: impl FnOnce(Value) -> Raise) -> Result<&'a mut Value, Raise> {
    let no_room = |refused: OutOfMemory| memory("copy", refused);
    match (base, key) {
        (Value::Array(items), Key::Index(Value::Int(at))) => {
            let Some(at) = position(*at, items.len()) else {
                return Err(faults::index_out_of_bounds(at, items.len()));
            };
            if items.as_val_slice().is_none() {
                let found = items.get(at).unwrap_or_default();
                return Err(unboxed(found));
            }
            let items = array::make_unique(items).map_err(no_room)?;
            // Copying may have unboxed the elements; the path goes through one, so they are values.
            items.generalise().map_err(no_room)?;
            items.get_mut(at).ok_or_else(|| Raise::bug("an element vanished while its array was copied"))
        }
        (Value::Dict(table), Key::Index(index)) => entry_mut(table, index),
        (Value::Dict(table), Key::Field(name)) => entry_mut(table, &name.value()),
        (Value::Struct(object), Key::Field(name)) => {
            let Some(at) = object.struct_decl().position(*name) else {
                return Err(member::no_field(&Value::Struct(object.clone()), *name));
            };
            if object.info().slots()[at].rep() != crate::value::Rep::Value {
                let found = object.get(at).unwrap_or_default();
                return Err(unboxed(found));
            }
            let object = instance::make_unique(object).map_err(no_room)?;
            object.field_mut(at).ok_or_else(|| Raise::bug("a field vanished while its instance was copied"))
        }
        (base, Key::Index(index)) => Err(match index::get(base, index) {
            Err(raise) if !matches!(base, Value::Str(_) | Value::Bytes(_)) => raise,
            _ => faults::cannot_assign_index(base.type_name()),
        }),
        (base, Key::Field(name)) => Err(match member::get_value(base, *name) {
            Err(raise) => raise,
            Ok(_) => faults::cannot_assign_field(name, base.type_name()),
        }),
    }
}

fn entry_mut<'a>(table: &'a mut dict::DictRef, key: &Value) -> Result<&'a mut Value, Raise> {
    // Found before the copy: a missing key must not cost one.
    let Some(at) = table.find(key).map_err(not_a_key)? else { return Err(index::missing_key(key)) };
    let table = dict::make_unique(table).map_err(|refused| memory("copy", refused))?;
    table.at_mut(at).ok_or_else(|| Raise::bug("an entry vanished while its dict was copied"))
}

#[cfg(test)]
mod tests {
    use super::super::display::structural_debug;
    use super::*;
    use crate::value::symbol::symbol;

    fn at(index: i64) -> Key {
        Key::Index(Value::Int(index))
    }

    fn ints(items: &[i64]) -> Value {
        Value::array(items.iter().map(|&item| Value::Int(item)).collect())
    }

    fn message<T>(result: Result<T, Raise>) -> String {
        match result {
            Ok(_) => "fine".to_owned(),
            Err(raise) => raise.as_fault().unwrap().message().to_owned(),
        }
    }

    #[test]
    fn a_store_reaches_the_end_of_its_path_in_place() {
        let row = ints(&[1, 2]);
        let mut grid = Value::array(vec![row, ints(&[3, 4])]);
        let address = |grid: &Value| match grid {
            Value::Array(rows) => rows.get(1).unwrap().address(),
            _ => None,
        };
        let before = address(&grid);
        place_set(&mut grid, &[at(1), at(0)], Value::Int(9)).unwrap();
        assert_eq!(structural_debug(&grid), "[[1, 2], [9, 4]]");
        assert_eq!(address(&grid), before, "an unshared row is not copied");
    }

    #[test]
    fn other_holders_keep_the_old_state_at_every_level() {
        let row = ints(&[1, 2]);
        let mut grid = Value::array(vec![row.clone(), row.clone()]);
        let held = grid.clone();
        place_set(&mut grid, &[at(0), at(0)], Value::Int(9)).unwrap();
        assert_eq!(structural_debug(&grid), "[[9, 2], [1, 2]]");
        assert_eq!(structural_debug(&held), "[[1, 2], [1, 2]]");
        assert_eq!(structural_debug(&row), "[1, 2]");
    }

    #[test]
    fn updates_read_operate_and_store() {
        let mut d = Value::dict([(Value::str("n"), Value::Int(1)), (Value::str("s"), Value::str("a"))]).unwrap();
        place_update(&mut d, &[Key::Field(symbol("n"))], ArithOp::Add, Value::Int(i64::MAX)).unwrap();
        place_update(&mut d, &[Key::Index(Value::str("s"))], ArithOp::Add, Value::str("b")).unwrap();
        assert_eq!(structural_debug(&d), "{\"n\": 9223372036854775808, \"s\": \"ab\"}");
        let mut xs = ints(&[1, 2]);
        place_update(&mut xs, &[at(-1)], ArithOp::Mul, Value::Float(0.5)).unwrap();
        assert_eq!(structural_debug(&xs), "[1, 1.0]");
        assert_eq!(message(place_update(&mut xs, &[at(0)], ArithOp::Div, Value::Int(0))), "Division by zero");
        assert_eq!(structural_debug(&xs), "[1, 1.0]");
    }

    #[test]
    fn a_missing_key_is_entered_by_a_store_only() {
        let mut d = Value::dict([]).unwrap();
        let path = |name: &str| vec![Key::Index(Value::str(name))];
        assert_eq!(message(place_update(&mut d, &path("k"), ArithOp::Add, Value::Int(1))), "Missing key: \"k\"");
        place_set(&mut d, &path("k"), ints(&[1])).unwrap();
        with_place(&mut d, &path("k"), |place| binary_in_place(ArithOp::Add, place, ints(&[2]))).unwrap();
        assert_eq!(structural_debug(&d), "{\"k\": [1, 2]}");
        let deep = [Key::Field(symbol("q")), at(0)];
        assert_eq!(message(place_set(&mut d, &deep, Value::Null)), "Missing key: \"q\"");
    }

    #[test]
    fn paths_through_what_has_no_parts() {
        let mut xs = Value::array(vec![Value::Int(1), Value::str("text")]);
        assert_eq!(message(place_set(&mut xs, &[at(0), at(0)], Value::Null)), "Cannot assign to an element of int");
        assert_eq!(message(place_set(&mut xs, &[at(1), at(0)], Value::Null)), "Cannot assign to an element of string");
        assert_eq!(message(place_set(&mut xs, &[at(7), at(0)], Value::Null)), "Index out of bounds: index 7, length 2");
        let mut ys = ints(&[1]);
        assert_eq!(message(place_set(&mut ys, &[at(0), at(0), at(0)], Value::Null)), "Cannot index int");
    }

    #[test]
    fn fields_change_and_unboxed_ones_keep_their_kind() {
        use crate::value::shapes::{Field, declare_struct};
        let field = |name| Field { name: symbol(name), float: false };
        let id = declare_struct(symbol("PlacePoint"), [field("x"), field("tags")]);
        let point = Value::instance(id, vec![Value::Float(1.5), ints(&[])]).unwrap();
        let mut points = Value::array(vec![point.clone(), Value::Null]);
        let x = [at(0), Key::Field(symbol("x"))];
        place_update(&mut points, &x, ArithOp::Add, Value::Int(1)).unwrap();
        place_set(&mut points, &[at(0), Key::Field(symbol("tags"))], ints(&[7])).unwrap();
        assert_eq!(structural_debug(&points), "[PlacePoint { x: 2.5, tags: [7] }, null]");
        assert_eq!(structural_debug(&point), "PlacePoint { x: 1.5, tags: [] }");
        let missing = place_set(&mut points, &[at(0), Key::Field(symbol("y"))], Value::Null);
        assert!(message(missing).starts_with("PlacePoint has no field y"));
    }
}
