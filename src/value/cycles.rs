//! The cycle collector: trial deletion over variables, suspended frames and local handles.
//!
//! Plain data cannot form cycles, so only those three are listed (per thread). A collection counts, for
//! every local object that they reach, the references from within; what has more references than that is
//! held from outside and keeps alive what it reaches. The rest is garbage: it is emptied, and the counts
//! do what remains. No user code runs. Shared objects are outside: nothing shared leads to a variable.

use std::cell::Cell;
use std::collections::HashMap;

use super::heap::{tracked_len, tracked_values};
use super::{Value, trace};

/// No collection with fewer listed objects than this.
const MIN_DUE: usize = 10_000;

thread_local! {
    static DUE: Cell<usize> = const { Cell::new(MIN_DUE) };
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

/// Collects if the number of listed objects has doubled since the last time.
#[inline]
pub fn collect_if_due() {
    if DUE.with(Cell::get) <= tracked_len() {
        collect();
    }
}

/// Collects now; gives the number of objects that were emptied.
#[cold]
pub fn collect() -> usize {
    if BUSY.with(|busy| busy.replace(true)) {
        return 0;
    }
    let garbage = find_garbage();
    let emptied = garbage.len();
    let contents: Vec<Value> = garbage.iter().flat_map(empty).collect();
    drop(garbage);
    drop(contents);
    DUE.with(|due| due.set((tracked_len() * 2).max(MIN_DUE)));
    BUSY.with(|busy| busy.set(false));
    emptied
}

/// A local object that listed objects reach, and the references to it that were found on the way.
struct Node {
    value: Value,
    internal: i64,
    listed: bool,
    live: bool,
}

/// Listed objects that nothing outside holds.
fn find_garbage() -> Vec<Value> {
    let mut nodes: Vec<Node> = Vec::new();
    let mut numbers: HashMap<usize, usize, ahash::RandomState> = HashMap::default();
    for value in tracked_values() {
        if let Some(address) = value.address() {
            numbers.insert(address, nodes.len());
            nodes.push(Node { value, internal: 0, listed: true, live: false });
        }
    }
    let mut at = 0;
    while at < nodes.len() {
        let parent = nodes[at].value.clone();
        trace::children(&parent, &mut |child| {
            if let Some(number) = number_of(child, &mut nodes, &mut numbers) {
                nodes[number].internal += 1;
            }
        });
        at += 1;
    }
    mark_live(&mut nodes, &numbers);
    nodes.into_iter().filter(|node| node.listed && !node.live).map(|node| node.value).collect()
}

fn number_of(
    child: &Value,
    nodes: &mut Vec<Node>,
    numbers: &mut HashMap<usize, usize, ahash::RandomState>,
) -> Option<usize> {
    if !trace::has_children(child) || child.hdr()?.is_shared() {
        return None;
    }
    let number = *numbers.entry(child.address()?).or_insert(nodes.len());
    if number == nodes.len() {
        nodes.push(Node { value: child.clone(), internal: 0, listed: false, live: false });
    }
    Some(number)
}

/// Marks what is held from outside and everything it reaches. One reference of each count is ours.
fn mark_live(nodes: &mut [Node], numbers: &HashMap<usize, usize, ahash::RandomState>) {
    let held = |node: &Node| node.value.hdr().is_none_or(|header| i64::from(header.count()) - 1 > node.internal);
    let mut work: Vec<usize> = (0..nodes.len()).filter(|&at| held(&nodes[at])).collect();
    work.iter().for_each(|&at| nodes[at].live = true);
    while let Some(at) = work.pop() {
        let parent = nodes[at].value.clone();
        trace::children(&parent, &mut |child| {
            let number = child.address().and_then(|address| numbers.get(&address));
            if let Some(&number) = number
                && !std::mem::replace(&mut nodes[number].live, true)
            {
                work.push(number);
            }
        });
    }
}

/// Empties a dead object; gives what it held.
fn empty(value: &Value) -> Vec<Value> {
    match value {
        Value::Cell(cell) => vec![cell.replace(Value::Null)],
        Value::Gen(frame) => frame.take_content(),
        Value::Handle(handle) => {
            handle.object().clear();
            Vec::new()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::heap::live_objects;
    use super::super::{FnId, Gen, Value, cell};
    use super::*;

    fn self_referring() -> (cell::CellRef, Value) {
        let variable = cell::Cell::alloc(Value::Null);
        let closure = Value::closure(FnId(1), [Value::Cell(variable.clone())]);
        variable.set(Value::array(vec![closure.clone(), Value::str("some long text")]));
        (variable, closure)
    }

    #[test]
    fn a_dead_cycle_is_freed() {
        let before = live_objects();
        drop(self_referring());
        assert!(live_objects() > before || !cfg!(debug_assertions));
        assert_eq!(collect(), 1);
        assert_eq!(live_objects(), before);
    }

    #[test]
    fn a_held_cycle_stays() {
        let (variable, closure) = self_referring();
        drop(variable);
        assert_eq!(collect(), 0);
        let Value::Closure(held) = &closure else { panic!("a closure") };
        let Value::Cell(variable) = &held.captures()[0] else { panic!("a cell") };
        assert!(matches!(variable.get(), Value::Array(_)));
        drop(closure);
        assert_eq!(collect(), 1);
    }

    #[test]
    fn what_a_held_variable_reaches_stays() {
        let inner = cell::Cell::alloc(Value::Int(7));
        let outer = cell::Cell::alloc(Value::closure(FnId(1), [Value::Cell(inner)]));
        assert_eq!(collect(), 0);
        let Value::Closure(closure) = outer.get() else { panic!("a closure") };
        let Value::Cell(inner) = &closure.captures()[0] else { panic!("a cell") };
        assert_eq!(inner.get().as_int(), Some(7));
    }

    #[test]
    fn two_variables_and_a_frame_in_a_ring() {
        let before = live_objects();
        let (a, b) = (cell::Cell::alloc(Value::Null), cell::Cell::alloc(Value::Null));
        let frame = Gen::alloc(FnId(2), Value::Null, vec![Value::Cell(b.clone())]);
        a.set(Value::Gen(frame));
        b.set(Value::closure(FnId(1), [Value::Cell(a.clone())]));
        drop((a, b));
        assert_eq!(collect(), 3);
        assert_eq!(live_objects(), before);
    }

    #[test]
    fn many_dead_cycles_start_the_collector() {
        for _ in 0..50_000 {
            drop(self_referring());
        }
        assert!(tracked_len() < 25_000);
        collect();
        assert_eq!(tracked_len(), 0);
    }
}
