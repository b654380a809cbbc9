//! The one gate for values that cross threads.
//!
//! * [`Shared`]: a value that any number of threads may read and copy: constants, interned text. It is
//!   *frozen*: all it reaches is marked shared (counted atomically), and no variable can be reached.
//! * [`Parcel`]: values on their way to one other thread. What reaches no variable is frozen and costs
//!   no copy; closures with variables are copied together with them, once per parcel, so that functions
//!   that shared a variable before still do.
//!
//! Iterators, generators and local handles are refused: they belong to their thread.

use std::collections::HashMap;

use super::cell::Cell;
use super::heap::{Clo, Var, install_children};
use super::heap::{Crossing, Hdr};
use super::{Err, Ref, Value, array, dict, instance, trace};
use crate::limits::OutOfMemory;

/// Why a value cannot cross.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refused {
    /// It contains something that belongs to its thread: the name of the type.
    Belongs(&'static str),
    /// The copy needs more memory than allowed.
    Memory(OutOfMemory),
}

impl From<OutOfMemory> for Refused {
    fn from(refused: OutOfMemory) -> Refused {
        Refused::Memory(refused)
    }
}

/// A frozen value that any thread may read and copy.
pub struct Shared(Crossing<Value>);

impl Shared {
    /// Freezes a value. Refuses closures with variables and what belongs to its thread.
    pub fn new(value: Value) -> Result<Shared, Refused> {
        match freeze(&value) {
            Frozen::Yes => Ok(Shared(Crossing(value))),
            Frozen::HasCells => Err(Refused::Belongs("function")),
            Frozen::Refused(name) => Err(Refused::Belongs(name)),
        }
    }

    /// A value that was made immortal.
    pub(super) fn immortal(value: Value) -> Shared {
        debug_assert!(value.hdr().is_none_or(|header| header.count() == 0));
        Shared(Crossing(value))
    }

    /// Looks at the value.
    #[inline]
    pub fn value(&self) -> &Value {
        &self.0.0
    }

    /// A copy (an increment).
    #[inline]
    pub fn get(&self) -> Value {
        self.0.0.clone()
    }
}

impl Clone for Shared {
    fn clone(&self) -> Shared {
        Shared(Crossing(self.get()))
    }
}

/// Values on their way to another thread.
pub struct Parcel(Crossing<Contents>);

struct Contents {
    values: Vec<Value>,
    /// Variables that the receiver's collector has to know.
    cells: Vec<Ref<Cell>>,
}

/// Packs a value for another thread.
pub fn pack(value: Value) -> Result<Parcel, Refused> {
    pack_all(vec![value])
}

/// Packs several values, keeping what they share among each other.
pub fn pack_all(mut values: Vec<Value>) -> Result<Parcel, Refused> {
    let mut copier = Copier::default();
    for value in &mut values {
        match freeze(value) {
            Frozen::Yes => {}
            Frozen::Refused(name) => return Err(Refused::Belongs(name)),
            Frozen::HasCells => copier.replace(value)?,
        }
    }
    copier.run()?;
    Ok(Parcel(Crossing(Contents { values, cells: copier.cells })))
}

/// Packs a table of variables. One whose value belongs to its thread arrives not initialised.
pub fn pack_table(mut values: Vec<Value>) -> Parcel {
    let mut copier = Copier { lenient: true, ..Copier::default() };
    for value in &mut values {
        // In this mode nothing is refused but for memory, and then the variable is left out as well.
        if copier.replace(value).is_err() {
            *value = Value::Uninit;
        }
    }
    if copier.run().is_err() {
        values.iter_mut().for_each(|value| *value = Value::Uninit);
    }
    Parcel(Crossing(Contents { values, cells: copier.cells }))
}

impl Parcel {
    /// Unpacks on the receiving thread.
    pub fn open_all(self) -> Vec<Value> {
        let Contents { values, cells } = self.0.0;
        for cell in cells {
            drop(cell.tracked());
        }
        values
    }

    /// Unpacks a single value.
    pub fn open(self) -> Value {
        self.open_all().pop().unwrap_or_default()
    }
}

enum Frozen {
    Yes,
    HasCells,
    Refused(&'static str),
}

/// Marks everything reachable as shared; if it meets a variable or something that must stay, takes
/// all its marks back (nobody else has seen them).
fn freeze(value: &Value) -> Frozen {
    let mut marked: Vec<Value> = Vec::new();
    let mut work: Vec<Value> = Vec::new();
    let mut outcome = visit(value, &mut marked, &mut work);
    while let (Frozen::Yes, Some(next)) = (&outcome, work.pop()) {
        trace::children(&next, &mut |child| {
            if matches!(outcome, Frozen::Yes) {
                outcome = visit(child, &mut marked, &mut work);
            }
        });
    }
    if !matches!(outcome, Frozen::Yes) {
        marked.iter().filter_map(Value::hdr).for_each(Hdr::unmark_shared);
    }
    outcome
}

/// Marks one object; its children are left to the caller. Order matters in `marked`: the reference kept
/// there is taken before the mark, so it counts locally.
fn visit(value: &Value, marked: &mut Vec<Value>, work: &mut Vec<Value>) -> Frozen {
    let Some(header) = value.hdr() else { return Frozen::Yes };
    if header.is_shared() {
        return Frozen::Yes;
    }
    match value {
        Value::Cell(_) => return Frozen::HasCells,
        Value::Iter(_) | Value::Gen(_) => return Frozen::Refused(value.type_name()),
        Value::Handle(handle) if handle.shared_object().is_none() => return Frozen::Refused(value.type_name()),
        _ => {}
    }
    // What is made when somebody asks for it is made now.
    match value {
        Value::Str(string) => {
            super::key::hash_str(string);
        }
        Value::Error(error) => {
            error.data().message();
        }
        _ => {}
    }
    if trace::has_children(value) {
        work.push(value.clone());
    }
    marked.push(value.clone());
    header.mark_shared();
    Frozen::Yes
}

/// Copies what reaches a variable. Everything is copied shallowly first, then each child of a copy is
/// replaced by its own copy, found by address if there is one already: so cycles and sharing survive.
#[derive(Default)]
struct Copier {
    copies: HashMap<usize, Value>,
    /// Originals are kept alive, so that addresses stay theirs.
    originals: Vec<Value>,
    work: Vec<Value>,
    cells: Vec<Ref<Cell>>,
    /// Whether what belongs to its thread is left out instead of refusing the whole.
    lenient: bool,
}

impl Copier {
    fn replace(&mut self, value: &mut Value) -> Result<(), Refused> {
        let Some(address) = value.address() else { return Ok(()) };
        if let Some(copy) = self.copies.get(&address) {
            *value = copy.clone();
            return Ok(());
        }
        match freeze(value) {
            Frozen::Yes => return Ok(()),
            Frozen::Refused(_) if self.lenient => {
                *value = Value::Uninit;
                return Ok(());
            }
            Frozen::Refused(name) => return Err(Refused::Belongs(name)),
            Frozen::HasCells => {}
        }
        let copy = shallow(value)?;
        if let Value::Cell(cell) = &copy {
            self.cells.push(cell.clone());
        }
        self.copies.insert(address, copy.clone());
        self.work.push(copy.clone());
        self.originals.push(std::mem::replace(value, copy));
        Ok(())
    }

    fn run(&mut self) -> Result<(), Refused> {
        while let Some(copy) = self.work.pop() {
            let mut children = Vec::new();
            trace::children(&copy, &mut |child| children.push(child.clone()));
            for child in &mut children {
                self.replace(child)?;
            }
            install_children(&copy, children);
        }
        // The copies now own each other; what the table and lists hold goes away with `self`.
        self.copies.clear();
        Ok(())
    }
}

/// A copy of one object that refers to the same children.
fn shallow(value: &Value) -> Result<Value, OutOfMemory> {
    Ok(match value {
        Value::Array(items) => Value::Array(array::duplicate(items)?),
        Value::Dict(table) => Value::Dict(dict::duplicate(table)?),
        Value::Struct(object) => Value::Struct(instance::duplicate(object)?),
        Value::Variant(object) => Value::Variant(Var::build(object.info(), object.payload().to_vec().into_iter())),
        Value::Closure(closure) => {
            Value::Closure(Clo::build(closure.func(), closure.is_bound(), closure.captures().to_vec().into_iter()))
        }
        Value::Error(error) => Value::Error(Err::alloc(error.data().clone())),
        Value::Cell(cell) => Value::Cell(Cell::alloc_detached(cell.get())),
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::FnId;
    use super::*;

    fn across(values: Vec<Value>, f: impl FnOnce(Vec<Value>) + Send + 'static) {
        let parcel = pack_all(values).unwrap();
        std::thread::spawn(move || f(parcel.open_all())).join().unwrap();
    }

    fn numbers() -> Value {
        Value::array(vec![Value::Int(1), Value::str("two words"), Value::array(vec![Value::Null])])
    }

    #[test]
    fn plain_data_crosses_without_a_copy() {
        let original = numbers();
        let address = original.address();
        across(vec![original.clone()], move |values| {
            assert_eq!(values[0].address(), address);
            let Value::Array(items) = &values[0] else { panic!("an array") };
            assert_eq!(items.get(1).unwrap().as_str(), Some("two words"));
        });
        let Value::Array(mut items) = original else { panic!("an array") };
        assert!(items.is_unique(), "the last holder owns it again");
        array::make_unique(&mut items).unwrap().push(Value::Int(2)).unwrap();
        assert_eq!(items.len(), 4);
    }

    #[test]
    fn both_threads_change_their_own() {
        let mut mine = numbers();
        let parcel = pack(mine.clone()).unwrap();
        let other = std::thread::spawn(move || {
            let Value::Array(mut items) = parcel.open() else { panic!("an array") };
            array::make_unique(&mut items).unwrap().set(0, Value::Int(99)).unwrap();
            items.get(0).unwrap().as_int()
        });
        if let Value::Array(items) = &mut mine {
            array::make_unique(items).unwrap().set(0, Value::Int(7)).unwrap();
            assert_eq!(items.get(0).unwrap().as_int(), Some(7));
        }
        assert_eq!(other.join().unwrap(), Some(99));
    }

    #[test]
    fn closures_take_copies_of_their_variables_and_stay_siblings() {
        let cell = Cell::alloc(Value::Int(1));
        let get = Value::closure(FnId(1), [Value::Cell(cell.clone())]);
        let set = Value::closure(FnId(2), [Value::Cell(cell.clone())]);
        across(vec![get, Value::array(vec![set])], |values| {
            let Value::Closure(get) = &values[0] else { panic!("a closure") };
            let Value::Array(list) = &values[1] else { panic!("an array") };
            let Value::Closure(set) = list.get(0).unwrap() else { panic!("a closure") };
            let (Value::Cell(a), Value::Cell(b)) = (&get.captures()[0], &set.captures()[0]) else { panic!("cells") };
            assert!(a.ptr_eq(b));
            b.set(Value::Int(2));
            assert_eq!(a.get().as_int(), Some(2));
        });
        assert_eq!(cell.get().as_int(), Some(1));
    }

    #[test]
    fn a_cycle_through_a_variable_crosses() {
        let cell = Cell::alloc(Value::Null);
        let closure = Value::closure(FnId(1), [Value::Cell(cell.clone())]);
        cell.set(closure.clone());
        across(vec![closure], |values| {
            let Value::Closure(closure) = &values[0] else { panic!("a closure") };
            let Value::Cell(cell) = &closure.captures()[0] else { panic!("a cell") };
            assert_eq!(cell.get().address(), values[0].address());
            cell.set(Value::Null);
        });
        cell.set(Value::Null);
    }

    #[test]
    fn what_belongs_to_its_thread_is_refused_and_unmarked() {
        let inner = Value::str("longer than one");
        let iter = Value::iterator(super::super::IterState::Done);
        let list = Value::array(vec![inner.clone(), iter]);
        assert_eq!(pack(list.clone()).err(), Some(Refused::Belongs("iterator")));
        assert!(!list.hdr().unwrap().is_shared() && !inner.hdr().unwrap().is_shared());
    }

    #[test]
    fn frozen_values_are_read_by_many() {
        let shared = Shared::new(Value::str(&"ä".repeat(500))).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let Value::Str(text) = shared.get() else { panic!("a string") };
                    assert_eq!(text.char_len(), 500);
                });
            }
        });
    }
}
