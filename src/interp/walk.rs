//! Iteration as loops, spreads and destructuring need it: collections by cursor, iterators by asking for each item.
use super::Interp;
use crate::builtins::iter;
use crate::semantics::fault::Raise;
use crate::semantics::iterate::{self, Start};
use crate::semantics::step::Callback;
use crate::value::Value;

/// How far a loop is.
pub(super) enum Walk {
    Collection { items: Value, cursor: usize, count: i64 },
    Lazy { source: Value, count: i64 },
}

impl Interp<'_> {
    pub(super) fn walk(&mut self, value: Value) -> Result<Walk, Raise> {
        match iterate::start(value)? {
            Start::Collection(items) => Ok(Walk::Collection { items, cursor: 0, count: 0 }),
            Start::Lazy(source) => Ok(Walk::Lazy { source: iter::start(self, source)?, count: 0 }),
            Start::Call(step) => {
                let inner = self.finish(step)?;
                self.walk(inner)
            }
        }
    }

    /// The next item, or with `pairs` the next key or position and its item.
    pub(super) fn step(&mut self, walk: &mut Walk, pairs: bool) -> Result<Option<(Value, Option<Value>)>, Raise> {
        match walk {
            Walk::Collection { items, cursor, count } if pairs => {
                Ok(iterate::next_pair(items, cursor, count).map(|(first, second)| (first, Some(second))))
            }
            Walk::Collection { items, cursor, .. } => Ok(iterate::next(items, cursor).map(|item| (item, None))),
            Walk::Lazy { source, count } => {
                let Some(item) = iter::next(self, source)? else { return Ok(None) };
                *count += 1;
                Ok(Some(if pairs { (Value::Int(*count - 1), Some(item)) } else { (item, None) }))
            }
        }
    }

    /// Closes the iterator of a loop that is left early.
    pub(super) fn close(&mut self, walk: Walk) -> Result<(), Raise> {
        match walk {
            Walk::Lazy { source, .. } => iter::close_all(self, source),
            Walk::Collection { .. } => Ok(()),
        }
    }

    /// All items of an iterable.
    pub(super) fn collect(&mut self, value: Value) -> Result<Vec<Value>, Raise> {
        iterate::reserve_spread(0, &value)?;
        let mut walk = self.walk(value)?;
        let mut items = Vec::new();
        while let Some((item, _)) = self.step(&mut walk, false)? {
            items.push(item);
            if items.len() % iterate::CHECK_EVERY == 0 {
                Callback::poll(self)?;
                iterate::reserve_spread(items.len(), &Value::Null)?;
            }
        }
        Ok(items)
    }
}
