//! Queue, Stack and PriorityQueue: structs declared here, values like all others.
//!
//! A queue keeps its items in one array whose first `taken` places are used up; they are squeezed out when they are half
//! of it, so that taking one costs constant time on average. A priority queue is a binary heap of
//! `[priority, number, item]`, where the number keeps the order of items with equal priorities.
use std::sync::OnceLock;

use super::Engine;
use super::arg::{Any, FromValue, Mismatch, Missing, Within, new_array};
use super::iter::items_of;
use super::math::holds;
use super::table::{Outcome, ParamKind, builtins};
use super::types::Type;
use crate::semantics::compare::CompareOp;
use crate::semantics::fault::{Raise, faults};
use crate::value::shapes::{self, Contents, Field};
use crate::value::symbol::symbol;
use crate::value::{ArrRef, DeclId, InstRef, Value, array, instance};

builtins! {
    /// Queues and stacks.
    pub(super) ROWS:

    /// A queue of the items: the first in is the first out.
    ///
    /// ```ruff
    /// q := Queue()
    /// q.enqueue(1)
    /// q.enqueue(2)
    /// assert_equal(q.dequeue(), 1)
    /// assert_equal(q.size(), 1)
    /// ```
    [may_fault, may_call] queue | Queue (items: Missing) -> any = native queue;

    /// A stack of the items: the last in is the first out.
    ///
    /// ```ruff
    /// s := Stack()
    /// s.push(1)
    /// s.push(2)
    /// assert_equal(s.pop(), 2)
    /// assert_equal(s.peek(), 1)
    /// ```
    [may_fault, may_call] stack | Stack (items: Missing) -> any = native stack;

    /// An empty queue in which the item with the smallest priority is the first out; the first in of equal ones.
    ///
    /// ```ruff
    /// q := PriorityQueue()
    /// q.push("wash up", 2)
    /// q.push("cook", 1)
    /// assert_equal(q.pop(), "cook")
    /// ```
    [may_fault] priority_queue | PriorityQueue () -> any = native priority_queue;

    /// The queue with an item at its end.
    ///
    /// ```ruff
    /// assert_equal(enqueue(Queue(), 1).to_array(), [1])
    /// ```
    [may_fault] enqueue | queue_enqueue (q: QueueSlot, item: Any) -> any = place enqueue;

    /// Takes the first item away: the method gives the item (null if there is none), the function `[rest, item]`.
    ///
    /// ```ruff
    /// q := Queue([1, 2])
    /// assert_equal(q.dequeue(), 1)
    /// ```
    [may_fault] dequeue | queue_dequeue (q: QueueSlot) -> any = both dequeue;

    /// The stack with an item on top, or the priority queue with an item (which is its own priority if none is given).
    ///
    /// ```ruff
    /// assert_equal(stack_push(Stack(), 1).to_array(), [1])
    /// ```
    [may_fault, may_call] stack_push(s: StackSlot, item: Any, priority: Missing) -> any = place stack_push;

    /// Takes the item on top, or the one with the smallest priority, away: the method gives the item (null if there is
    /// none), the function `[rest, item]`.
    ///
    /// ```ruff
    /// s := Stack([1, 2])
    /// assert_equal(s.pop(), 2)
    /// ```
    [may_fault, may_call] stack_pop(s: StackSlot) -> any = both stack_pop;

    /// The item that would be taken next; null if there is none.
    ///
    /// ```ruff
    /// assert_equal(peek(Queue([1, 2])), 1)
    /// assert_equal(peek(Stack([1, 2])), 2)
    /// ```
    [may_fault] peek | queue_peek | stack_peek (q: AnySlot) -> any = native peek;

    /// The number of items.
    ///
    /// ```ruff
    /// assert_equal(size(Queue([1, 2])), 2)
    /// ```
    [may_fault] size | queue_size | stack_size (q: AnySlot) -> int = native size;

    /// Is there no item?
    ///
    /// ```ruff
    /// assert(queue_is_empty(Queue()))
    /// ```
    [may_fault] queue_is_empty | stack_is_empty (q: AnySlot) -> bool = native queue_is_empty;

    /// The items: of a queue in the order in which they would be taken, of a stack from the bottom up.
    ///
    /// ```ruff
    /// assert_equal(queue_to_array(Queue([1, 2])), [1, 2])
    /// ```
    [may_fault, may_call] queue_to_array | stack_to_array (q: Any) -> array = native queue_to_array;

    /// Without items.
    ///
    /// ```ruff
    /// q := Queue([1, 2])
    /// q.clear()
    /// assert_equal(q.size(), 0)
    /// ```
    [may_fault] queue_clear | stack_clear (q: AnySlot) -> any = place queue_clear;
}

type Fallible<T = Value> = Result<T, Raise>;

/// The declarations of the three structs.
struct Declared {
    queue: DeclId,
    stack: DeclId,
    priority: DeclId,
}

/// Positions of fields.
const ITEMS: usize = 0;
const TAKEN: usize = 1;
const NEXT_NUMBER: usize = 1;

fn declared() -> &'static Declared {
    static DECLARED: OnceLock<Declared> = OnceLock::new();
    // The names are none that a script can write.
    let declare = |name: &str, fields: &[&str], contents| {
        let field = |name: &&str| Field { name: symbol(name), float: false };
        shapes::declare_collection(symbol(name), fields.iter().map(field).collect::<Vec<_>>(), contents)
    };
    DECLARED.get_or_init(|| Declared {
        queue: declare("Queue", &["(items)", "(taken)"], Contents::Items),
        stack: declare("Stack", &["(items)"], Contents::Items),
        priority: declare("PriorityQueue", &["(entries)", "(next number)"], Contents::Entries),
    })
}

fn declaration(value: &Value) -> Option<DeclId> {
    if let Value::Struct(object) = value { Some(object.decl_id()) } else { None }
}

macro_rules! slots {
    ($($(#[$doc:meta])* $name:ident, $expected:literal, $($kind:ident)|+;)*) => {$(
        $(#[$doc])*
        struct $name<'a>(&'a mut InstRef);

        impl<'a> FromValue<'a> for $name<'a> {
            const TYPE: Type = Type::collection;
            const KIND: ParamKind = ParamKind::Required;

            fn from_value(slot: &'a mut Value) -> Result<Self, Mismatch> {
                let known = declared();
                match slot {
                    Value::Struct(object) if $(object.decl_id() == known.$kind)||+ => Ok($name(object)),
                    _ => Err(Mismatch::Type($expected)),
                }
            }
        }
    )*};
}

slots! {
    /// A queue.
    QueueSlot, "a Queue", queue;
    /// A stack or priority queue.
    StackSlot, "a Stack or PriorityQueue", stack | priority;
    /// Any of the three.
    AnySlot, "a Queue, Stack or PriorityQueue", queue | stack | priority;
}

/// The array of items.
fn items(object: &InstRef) -> ArrRef {
    match object.get(ITEMS) {
        Some(Value::Array(items)) => items,
        _ => array::new(),
    }
}

/// The second field: places used up, or the next number.
fn counter(object: &InstRef) -> usize {
    object.get(TAKEN).and_then(|value| value.as_int()).map_or(0, |n| n as usize)
}

/// Changes the array of items in its place; nobody else holds it meanwhile.
fn change<R>(object: &mut InstRef, change: impl FnOnce(&mut ArrRef) -> Fallible<R>) -> Fallible<R> {
    let unique = instance::make_unique(object).within("queue")?;
    match unique.field_mut(ITEMS) {
        Some(Value::Array(items)) => change(items),
        _ => Err(Raise::bug("the items of a queue are an array")),
    }
}

fn push_item(object: &mut InstRef, item: Value) -> Fallible<()> {
    change(object, |items| array::make_unique(items).within("push")?.push(item).within("push"))
}

fn build(engine: &mut dyn Engine, function: &str, decl: DeclId, given: Missing, fields: usize) -> Fallible {
    let given = match given.0 {
        Some(given) => items_of(engine, function, "items", given)?,
        None => Vec::new(),
    };
    let mut values = vec![new_array(given)?];
    values.resize(fields, Value::Int(0));
    Value::instance(decl, values).within(function)
}

fn queue(engine: &mut dyn Engine, items: Missing) -> Fallible {
    build(engine, "queue", declared().queue, items, 2)
}

fn stack(engine: &mut dyn Engine, items: Missing) -> Fallible {
    build(engine, "stack", declared().stack, items, 1)
}

fn priority_queue(engine: &mut dyn Engine) -> Fallible {
    build(engine, "priority_queue", declared().priority, Missing(None), 2)
}

fn enqueue(_: &mut dyn Engine, q: QueueSlot, item: Any) -> Fallible<Outcome> {
    push_item(q.0, item.clone())?;
    Ok(Outcome::Changed)
}

fn dequeue(_: &mut dyn Engine, q: QueueSlot) -> Fallible<Outcome> {
    let taken = counter(q.0);
    let (item, left, squeezed) = change(q.0, |items| {
        let array = array::make_unique(items).within("dequeue")?;
        let Some(item) = array.get(taken) else { return Ok((Value::Null, taken, false)) };
        let now = taken + 1;
        if now * 2 >= array.len() {
            array.remove_range(0, now).within("dequeue")?;
            return Ok((item, 0, true));
        }
        Ok((item, now, false))
    })?;
    if left != taken || squeezed {
        instance::set(q.0, TAKEN, Value::Int(left as i64)).within("dequeue")?;
    }
    Ok(Outcome::Item(item))
}

fn is_priority(object: &InstRef) -> bool {
    object.decl_id() == declared().priority
}

fn stack_push(engine: &mut dyn Engine, s: StackSlot, item: Any, priority: Missing) -> Fallible<Outcome> {
    if is_priority(s.0) {
        let priority = priority.0.map_or_else(|| item.clone(), |priority| priority.clone());
        heap_push(engine, s.0, priority, item.clone())?;
    } else if priority.0.is_some() {
        return Err(faults::type_error("stack_push", "a Stack has no priorities"));
    } else {
        push_item(s.0, item.clone())?;
    }
    Ok(Outcome::Changed)
}

fn stack_pop(engine: &mut dyn Engine, s: StackSlot) -> Fallible<Outcome> {
    if is_priority(s.0) {
        return heap_pop(engine, s.0).map(Outcome::Item);
    }
    let item = change(s.0, |items| Ok(array::make_unique(items).within("pop")?.pop()))?;
    Ok(Outcome::Item(item.unwrap_or_default()))
}

/// A part of an entry of the heap.
fn part(entry: &Value, at: usize) -> Value {
    if let Value::Array(parts) = entry { parts.get(at).unwrap_or_default() } else { Value::Null }
}

/// Does entry `a` leave the heap before entry `b`?
fn before(engine: &mut dyn Engine, a: &Value, b: &Value) -> Fallible<bool> {
    let (left, right) = (part(a, 0), part(b, 0));
    if holds(engine, CompareOp::Lt, &left, &right)? {
        return Ok(true);
    }
    if holds(engine, CompareOp::Lt, &right, &left)? {
        return Ok(false);
    }
    Ok(part(a, 1).as_int() < part(b, 1).as_int())
}

fn heap_push(engine: &mut dyn Engine, object: &mut InstRef, priority: Value, item: Value) -> Fallible<()> {
    let number = counter(object);
    let entry = new_array(vec![priority, Value::Int(number as i64), item])?;
    // Where the entry belongs is found before anything changes, since a comparison may fail.
    let heap = items(object);
    let mut path = vec![heap.len()];
    let mut at = heap.len();
    while at > 0 {
        let parent = (at - 1) / 2;
        if !before(engine, &entry, &heap.get(parent).unwrap_or_default())? {
            break;
        }
        path.push(parent);
        at = parent;
    }
    drop(heap);
    change(object, |items| {
        let heap = array::make_unique(items).within("push")?;
        heap.push(entry).within("push")?;
        for step in path.windows(2) {
            heap.swap(step[0], step[1]).within("push")?;
        }
        Ok(())
    })?;
    instance::set(object, NEXT_NUMBER, Value::Int(number as i64 + 1)).within("push")
}

fn heap_pop(engine: &mut dyn Engine, object: &mut InstRef) -> Fallible {
    let heap = items(object);
    let Some(length) = heap.len().checked_sub(1) else { return Ok(Value::Null) };
    let last = heap.get(length).unwrap_or_default();
    let mut path = vec![0];
    let mut at = 0;
    loop {
        let (left, right) = (2 * at + 1, 2 * at + 2);
        if left >= length {
            break;
        }
        let mut child = left;
        if right < length && before(engine, &heap.get(right).unwrap_or_default(), &heap.get(left).unwrap_or_default())? {
            child = right;
        }
        if !before(engine, &heap.get(child).unwrap_or_default(), &last)? {
            break;
        }
        path.push(child);
        at = child;
    }
    drop(heap);
    let first = change(object, |items| {
        let heap = array::make_unique(items).within("pop")?;
        heap.swap(0, length).within("pop")?;
        let first = heap.pop().unwrap_or_default();
        for step in path.windows(2) {
            heap.swap(step[0], step[1]).within("pop")?;
        }
        Ok(first)
    })?;
    Ok(part(&first, 2))
}

fn peek(_: &mut dyn Engine, q: AnySlot) -> Fallible {
    let items = items(q.0);
    let known = declared();
    let found = match q.0.decl_id() {
        decl if decl == known.queue => items.get(counter(q.0)),
        decl if decl == known.priority => items.get(0).map(|entry| part(&entry, 2)),
        _ => items.len().checked_sub(1).and_then(|last| items.get(last)),
    };
    Ok(found.unwrap_or_default())
}

fn size(_: &mut dyn Engine, q: AnySlot) -> Fallible<usize> {
    let taken = if q.0.decl_id() == declared().queue { counter(q.0) } else { 0 };
    Ok(items(q.0).len() - taken)
}

fn queue_is_empty(engine: &mut dyn Engine, q: AnySlot) -> Fallible<bool> {
    Ok(size(engine, q)? == 0)
}

fn queue_to_array(engine: &mut dyn Engine, q: Any) -> Fallible {
    let known = declared();
    match (declaration(q), &*q) {
        (Some(decl), Value::Struct(object)) if decl == known.queue => {
            Ok(Value::Array(items(object).slice_of(counter(object), usize::MAX).within("queue_to_array")?))
        }
        (Some(decl), Value::Struct(object)) if decl == known.stack => Ok(Value::Array(items(object))),
        (Some(decl), Value::Struct(object)) if decl == known.priority => {
            let mut rest = object.clone();
            let mut out = Vec::with_capacity(items(object).len());
            while !items(&rest).is_empty() {
                out.push(heap_pop(engine, &mut rest)?);
            }
            new_array(out)
        }
        // A struct with `op_iter`.
        _ => new_array(items_of(engine, "to_array", "items", q)?),
    }
}

fn queue_clear(_: &mut dyn Engine, q: AnySlot) -> Fallible<Outcome> {
    change(q.0, |items| {
        *items = array::new();
        Ok(())
    })?;
    if q.0.decl_id() == declared().queue {
        instance::set(q.0, TAKEN, Value::Int(0)).within("clear")?;
    }
    Ok(Outcome::Changed)
}
