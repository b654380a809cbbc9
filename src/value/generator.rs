//! Suspended frames: generators, and the async calls that the scheduler holds.

use std::cell::RefCell;

use super::heap::{Hdr, Ref, Slot, Tracked};
use super::layout::shape;
use super::{FnId, Value};

/// Whether a suspended frame can go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum GenStatus {
    /// Created, or waiting behind a `yield` or `await`.
    Suspended,
    /// On some stack now.
    Running,
    /// Returned, threw or was closed.
    Done,
}

/// What a suspended frame consists of.
pub struct GenState {
    /// Whether it can go on.
    pub status: GenStatus,
    /// Its code.
    pub func: FnId,
    /// Where to go on: an offset or node that the engine understands.
    pub resume: u32,
    /// Locals and operands, moved here and back.
    pub frame: Vec<Value>,
    /// The closure it runs in, for captures; or null.
    pub closure: Value,
    /// What `yield*` delegates to; or null.
    pub delegate: Value,
    /// What an engine adds: nested scopes, pending handlers.
    pub extra: Vec<Value>,
}

/// A generator. Has identity; belongs to its thread.
#[repr(C)]
pub struct Gen {
    hdr: Hdr,
    slot: Slot,
    /// The frame; borrowed only for moments, never while it runs.
    pub state: RefCell<GenState>,
}

impl Tracked for Gen {
    #[inline(always)]
    fn slot(&self) -> &Slot {
        &self.slot
    }
}

impl Gen {
    /// A frame that has not started.
    pub fn alloc(func: FnId, closure: Value, frame: Vec<Value>) -> Ref<Gen> {
        super::cycles::collect_if_due();
        let state = GenState {
            status: GenStatus::Suspended,
            func,
            resume: 0,
            frame,
            closure,
            delegate: Value::Null,
            extra: Vec::new(),
        };
        Ref::new(Gen { hdr: Hdr::new(shape::GEN), slot: Slot::detached(), state: RefCell::new(state) }).tracked()
    }

    /// Empties the frame; what it held is given to the caller.
    pub(super) fn take_content(&self) -> Vec<Value> {
        let Ok(mut state) = self.state.try_borrow_mut() else { return Vec::new() };
        state.status = GenStatus::Done;
        let mut content = std::mem::take(&mut state.frame);
        content.append(&mut state.extra);
        content.push(state.closure.take());
        content.push(state.delegate.take());
        content
    }
}
