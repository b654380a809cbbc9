//! Lazy iterators: the state only. What `next` does stands in `semantics` and `builtins`.

use std::cell::RefCell;

use super::Value;
use super::heap::{Hdr, Ref};
use super::layout::shape;

/// Where an iterator gets its items from, and how far it is.
pub enum IterState {
    /// Nothing left, also after `close`.
    Done,
    /// Taken out while a callback runs; `next` on it is an error.
    Busy,
    /// Elements of an array or compact range.
    Array {
        /// The array as it was.
        items: Value,
        /// Position of the next element.
        at: usize,
    },
    /// 0 … n-1, or any other run of integers without an array.
    Count {
        /// The next item.
        next: i64,
        /// One past the last item.
        end: i64,
    },
    /// Characters of a string.
    Chars {
        /// The string.
        text: Value,
        /// Byte offset of the next character.
        at: usize,
    },
    /// Bytes of a byte string.
    Bytes {
        /// The byte string.
        bytes: Value,
        /// Position of the next byte.
        at: usize,
    },
    /// Keys of a dict, or elements of a set.
    Keys {
        /// The dict or set.
        table: Value,
        /// Position of the next entry.
        at: usize,
    },
    /// `[key, value]` of a dict.
    Items {
        /// The dict.
        table: Value,
        /// Position of the next entry.
        at: usize,
    },
    /// Values of a dict.
    Values {
        /// The dict.
        table: Value,
        /// Position of the next entry.
        at: usize,
    },
    /// What remains of a generator, channel, handle or struct with `next`.
    Source(Value),
    /// `f(item)`
    Map {
        /// Where items come from.
        source: Value,
        /// The callback.
        f: Value,
    },
    /// Items for which the callback is true.
    Filter {
        /// Where items come from.
        source: Value,
        /// The callback.
        f: Value,
    },
    /// Calls `f(item)` and passes the item on.
    Tap {
        /// Where items come from.
        source: Value,
        /// The callback.
        f: Value,
    },
    /// The first items.
    Take {
        /// Where items come from.
        source: Value,
        /// How many are still to come.
        left: u64,
    },
    /// All but the first items.
    Skip {
        /// Where items come from.
        source: Value,
        /// How many are still to be skipped.
        left: u64,
    },
    /// Items up to the first for which the callback is false.
    TakeWhile {
        /// Where items come from.
        source: Value,
        /// The callback.
        f: Value,
    },
    /// Items from the first for which the callback is false.
    SkipWhile {
        /// Where items come from.
        source: Value,
        /// The callback; null once items pass.
        f: Value,
    },
    /// Arrays of one item of each source.
    Zip {
        /// Where items come from.
        sources: Vec<Value>,
    },
    /// `[position, item]`
    Enumerate {
        /// Where items come from.
        source: Value,
        /// The next position.
        at: i64,
    },
    /// The items of `f(item)`, one after the other.
    FlatMap {
        /// Where items come from.
        source: Value,
        /// The callback; null for `flatten`.
        f: Value,
        /// The iterator in progress; null between items.
        inner: Value,
    },
    /// Arrays of `size` items, the last may be shorter.
    Chunk {
        /// Where items come from.
        source: Value,
        /// Items per chunk.
        size: usize,
    },
    /// Arrays of `size` neighbours.
    Window {
        /// Where items come from.
        source: Value,
        /// Items per window.
        size: usize,
        /// The last window: an array.
        last: Value,
    },
    /// Items not seen before.
    Unique {
        /// Where items come from.
        source: Value,
        /// What was seen: a set.
        seen: Value,
    },
    /// The items of each source in turn.
    Chain {
        /// Where items come from; the first is in progress.
        sources: Vec<Value>,
    },
    /// Every `step`th item, beginning with the first.
    StepBy {
        /// Where items come from.
        source: Value,
        /// The distance.
        step: u64,
        /// Whether the first item has been given.
        started: bool,
    },
    /// A source that was looked at one item ahead.
    Peeked {
        /// Where items come from.
        source: Value,
        /// The item that was looked at.
        item: Value,
    },
}

impl IterState {
    /// Shows every value it holds.
    pub fn trace(&self, visit: &mut dyn FnMut(&Value)) {
        use IterState as S;
        match self {
            S::Done | S::Busy | S::Count { .. } => {}
            S::Array { items: a, .. }
            | S::Chars { text: a, .. }
            | S::Bytes { bytes: a, .. }
            | S::Keys { table: a, .. }
            | S::Items { table: a, .. }
            | S::Values { table: a, .. }
            | S::Source(a)
            | S::Take { source: a, .. }
            | S::Skip { source: a, .. }
            | S::Enumerate { source: a, .. }
            | S::Chunk { source: a, .. }
            | S::StepBy { source: a, .. } => visit(a),
            S::Map { source: a, f: b }
            | S::Filter { source: a, f: b }
            | S::Tap { source: a, f: b }
            | S::TakeWhile { source: a, f: b }
            | S::SkipWhile { source: a, f: b }
            | S::Window { source: a, last: b, .. }
            | S::Unique { source: a, seen: b }
            | S::Peeked { source: a, item: b } => {
                visit(a);
                visit(b);
            }
            S::FlatMap { source, f, inner } => {
                visit(source);
                visit(f);
                visit(inner);
            }
            S::Zip { sources } | S::Chain { sources } => sources.iter().for_each(visit),
        }
    }

    /// The iterators or generators it reads from, which `close` closes too.
    pub fn sources(&self) -> Vec<Value> {
        use IterState as S;
        match self {
            S::Done
            | S::Busy
            | S::Count { .. }
            | S::Array { .. }
            | S::Chars { .. }
            | S::Bytes { .. }
            | S::Keys { .. }
            | S::Items { .. }
            | S::Values { .. } => Vec::new(),
            S::Source(a)
            | S::Take { source: a, .. }
            | S::Skip { source: a, .. }
            | S::Enumerate { source: a, .. }
            | S::Chunk { source: a, .. }
            | S::StepBy { source: a, .. }
            | S::Map { source: a, .. }
            | S::Filter { source: a, .. }
            | S::Tap { source: a, .. }
            | S::TakeWhile { source: a, .. }
            | S::SkipWhile { source: a, .. }
            | S::Window { source: a, .. }
            | S::Unique { source: a, .. }
            | S::Peeked { source: a, .. } => vec![a.clone()],
            S::FlatMap { source, inner, .. } => vec![inner.clone(), source.clone()],
            S::Zip { sources } | S::Chain { sources } => sources.clone(),
        }
    }
}

/// A lazy iterator. Has identity; belongs to its thread.
#[repr(C)]
pub struct Iter {
    hdr: Hdr,
    /// How far it is. Take the state out (leaving `Busy`) before running a callback.
    pub state: RefCell<IterState>,
}

impl Iter {
    /// A new iterator.
    pub fn alloc(state: IterState) -> Ref<Iter> {
        Ref::new(Iter { hdr: Hdr::new(shape::ITER), state: RefCell::new(state) })
    }

    /// Takes the state out for the time of a step; nobody else can step meanwhile.
    pub fn begin(&self) -> IterState {
        self.state.replace(IterState::Busy)
    }

    /// Puts the state back after a step.
    pub fn end(&self, state: IterState) {
        self.state.replace(state);
    }
}

impl Value {
    /// A new lazy iterator.
    pub fn iterator(state: IterState) -> Value {
        Value::Iter(Iter::alloc(state))
    }
}
