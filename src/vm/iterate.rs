//! Loops over anything: ints and arrays are stepped by the dispatch loop, the rest here.
//!
//! State of a loop: `state` holds the collection (or, for ints and ranges, the int before the next one), `state + 1` the
//! cursor (or the end), `state + 2` the count of a loop with two names, or null.
use super::Vm;
use super::stack::Fp;
use crate::builtins;
use crate::semantics::fault::Raise;
use crate::semantics::iterate::{self, Start};
use crate::value::Value;

/// Starts, ends and steps that loops count with: a step from what lies between two of them fits 64 bits.
pub(crate) const STEPPED: std::ops::RangeInclusive<i64> = -(1 << 61)..=1 << 61;

/// Steps by what [`Op::ForSteps`](crate::bytecode::op::Op::ForSteps) has left; false behind the last number.
#[inline(always)]
pub(super) fn steps(fp: Fp, state: u16, dst: u16) -> bool {
    let (step, end) = (fp.raw_int(state + 2), fp.raw_int(state + 1));
    let next = fp.raw_int(state).wrapping_add(step);
    let is_more = if step > 0 { next < end } else { next > end };
    if is_more {
        fp.put_raw_int(state, next);
        fp.set_int(dst, next);
    }
    is_more
}

impl Vm {
    /// Bounds that are no small ints.
    #[cold]
    #[inline(never)]
    pub(super) fn for_range(&mut self, inclusive: bool, state: u16, to: i32) -> Result<(), Raise> {
        let fp = self.here.fp;
        let range = crate::semantics::index::range(fp.get(state), fp.get(state + 1), inclusive)?;
        fp.set(state, range);
        self.begin(state, false)?;
        self.here.ip.jump(to);
        Ok(())
    }

    /// Numbers so small that no step leaves 64 bits are counted; of all others the range is made, as a call would.
    #[inline(never)]
    pub(super) fn for_steps(&mut self, state: u16, to: i32) -> Result<(), Raise> {
        let fp = self.here.fp;
        let small = |register| fp.int(register).filter(|number| STEPPED.contains(number));
        match (small(state), small(state + 1), small(state + 2)) {
            (Some(start), Some(_), Some(step)) if step != 0 => fp.set_int(state, start - step),
            _ => {
                let range = builtins::function("range").and_then(|id| builtins::info(id).native());
                let range = range.ok_or_else(|| Raise::bug("no builtin makes ranges"))?;
                let made = range(self, fp.slice(state, 3))?;
                fp.set(state, made);
                fp.set_int(state + 1, 0);
                fp.set_null(state + 2);
            }
        }
        self.here.ip.jump(to);
        Ok(())
    }

    #[inline(never)]
    pub(super) fn for_prep(&mut self, pairs: bool, state: u16, to: i32) -> Result<(), Raise> {
        self.begin(state, pairs)?;
        self.note_source(self.here.fp.get(state));
        self.here.ip.jump(to);
        Ok(())
    }

    fn begin(&mut self, state: u16, pairs: bool) -> Result<(), Raise> {
        let fp = self.here.fp;
        let mut value = fp.take(state);
        loop {
            match iterate::start(value)? {
                Start::Collection(Value::Int(end)) if !pairs => {
                    fp.set_int(state, -1);
                    fp.set_int(state + 1, end);
                    return Ok(());
                }
                Start::Collection(Value::Array(items))
                    if !pairs && items.as_range().is_some_and(|(_, step, _)| step == 1) =>
                {
                    let (start, _, length) = items.as_range().unwrap_or((0, 1, 0));
                    match (start.checked_sub(1), i64::try_from(length).ok().and_then(|length| start.checked_add(length))) {
                        (Some(before), Some(end)) => {
                            fp.set_int(state, before);
                            fp.set_int(state + 1, end);
                        }
                        _ => {
                            fp.set(state, Value::Array(items));
                            fp.set_int(state + 1, 0);
                        }
                    }
                    fp.set_null(state + 2);
                    return Ok(());
                }
                Start::Collection(collection) => {
                    fp.set(state, collection);
                    fp.set_int(state + 1, 0);
                    fp.set_int(state + 2, 0);
                    return Ok(());
                }
                Start::Lazy(source) => {
                    fp.set(state, source);
                    fp.set_int(state + 1, 0);
                    fp.set_int(state + 2, 0);
                    return Ok(());
                }
                Start::Call(step) => value = step.finish(self)?,
            }
        }
    }

    /// Steps a loop: sets the item (and key or position) and jumps back, or clears the state.
    #[inline(never)]
    pub(super) fn for_next(&mut self, state: u16, dst: u16, to: i16, pair: bool) -> Result<(), Raise> {
        let fp = self.here.fp;
        let source = fp.get(state);
        self.note_source(source);
        let found = match source {
            Value::Iter(_) | Value::Gen(_) | Value::Handle(_) => {
                let source = source.clone();
                self.lazy_next(&source)?.map(|item| (self.next_count(state, pair), item))
            }
            _ => {
                let mut cursor = fp.raw_int(state + 1) as usize;
                let found = if pair {
                    let mut count = fp.raw_int(state + 2);
                    let found = iterate::next_pair(source, &mut cursor, &mut count);
                    fp.put_raw_int(state + 2, count);
                    found
                } else {
                    iterate::next(source, &mut cursor).map(|item| (Value::Null, item))
                };
                fp.put_raw_int(state + 1, cursor as i64);
                found
            }
        };
        match found {
            Some((key, item)) => {
                if pair {
                    fp.set(dst, key);
                    fp.set(dst + 1, item);
                } else {
                    fp.set(dst, item);
                }
                self.branch(true, i32::from(to))
            }
            None => {
                fp.set_null(state);
                Ok(())
            }
        }
    }

    fn next_count(&self, state: u16, pair: bool) -> Value {
        if !pair {
            return Value::Null;
        }
        let count = self.here.fp.raw_int(state + 2);
        self.here.fp.put_raw_int(state + 2, count + 1);
        Value::Int(count)
    }

    /// The next item of something with identity.
    fn lazy_next(&mut self, source: &Value) -> Result<Option<Value>, Raise> {
        builtins::iter::next(self, source)
    }

    #[cold]
    #[inline(never)]
    pub(super) fn for_close(&mut self, state: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        let source = fp.take(state);
        fp.set_null(state + 1);
        fp.set_null(state + 2);
        match source {
            Value::Iter(_) | Value::Gen(_) => builtins::iter::close_all(self, source),
            _ => Ok(()),
        }
    }

    /// Runs `visit` for each item of an iterable.
    pub(super) fn for_each_item(
        &mut self,
        value: Value,
        mut visit: impl FnMut(&mut Vm, Value) -> Result<(), Raise>,
    ) -> Result<(), Raise> {
        let mut value = value;
        loop {
            match iterate::start(value)? {
                Start::Collection(collection) => {
                    let mut cursor = 0;
                    while let Some(item) = iterate::next(&collection, &mut cursor) {
                        visit(self, item)?;
                    }
                    return Ok(());
                }
                Start::Lazy(source) => {
                    while let Some(item) = self.lazy_next(&source)? {
                        visit(self, item)?;
                    }
                    return Ok(());
                }
                Start::Call(step) => value = step.finish(self)?,
            }
        }
    }
}
