//! Handles: promises, channels, tasks, files, sockets … – the things with identity that others define.

use std::any::Any;
use std::sync::Arc;

use super::Value;
use super::heap::{Hdr, Ref, Slot, Tracked};
use super::layout::shape;

/// What stands behind a handle.
pub trait HandleObject: Any {
    /// What `type(x)` says, and what display shows in angle brackets.
    fn type_name(&self) -> &'static str;

    /// Shows every value it holds, for the cycle collector.
    fn trace(&self, _visit: &mut dyn FnMut(&Value)) {}

    /// Gives up every value it holds, when the collector found it in a dead cycle.
    fn clear(&self) {}

    /// For look-up of the concrete type.
    fn as_any(&self) -> &dyn Any;
}

/// A handle belongs to its thread, or is common to all.
pub enum HandleKind {
    /// Promises, and what else refers to values of its thread.
    Local(Box<dyn HandleObject>),
    /// Channels, tasks, files: may cross threads. Values inside must be `share::Parcel`s.
    Common(Arc<dyn HandleObject + Send + Sync>),
}

/// A handle.
#[repr(C)]
pub struct Han {
    hdr: Hdr,
    slot: Slot,
    kind: HandleKind,
}

impl Tracked for Han {
    #[inline(always)]
    fn slot(&self) -> &Slot {
        &self.slot
    }
}

impl Han {
    /// A handle of this thread; known to its cycle collector.
    pub fn local(object: Box<dyn HandleObject>) -> Ref<Han> {
        super::cycles::collect_if_due();
        Ref::new(Han { hdr: Hdr::new(shape::HANDLE), slot: Slot::detached(), kind: HandleKind::Local(object) }).tracked()
    }

    /// A handle that may cross threads.
    pub fn common(object: Arc<dyn HandleObject + Send + Sync>) -> Ref<Han> {
        Ref::new(Han { hdr: Hdr::new(shape::HANDLE), slot: Slot::detached(), kind: HandleKind::Common(object) })
    }

    /// Where it belongs.
    pub fn kind(&self) -> &HandleKind {
        &self.kind
    }

    /// What stands behind it.
    pub fn object(&self) -> &dyn HandleObject {
        match &self.kind {
            HandleKind::Local(object) => &**object,
            HandleKind::Common(object) => &**object,
        }
    }

    /// What stands behind it, as its concrete type.
    pub fn downcast<T: HandleObject>(&self) -> Option<&T> {
        self.object().as_any().downcast_ref()
    }

    /// The object in common, if it may cross threads.
    pub fn shared_object(&self) -> Option<&Arc<dyn HandleObject + Send + Sync>> {
        if let HandleKind::Common(object) = &self.kind { Some(object) } else { None }
    }

    /// Identity: two handles are equal if they stand for the same object.
    pub fn same(&self, other: &Han) -> bool {
        match (&self.kind, &other.kind) {
            (HandleKind::Common(a), HandleKind::Common(b)) => Arc::ptr_eq(a, b),
            _ => std::ptr::eq(self, other),
        }
    }
}

impl Value {
    /// The object behind a handle, as its concrete type.
    pub fn as_handle<T: HandleObject>(&self) -> Option<&T> {
        if let Value::Handle(handle) = self { handle.downcast() } else { None }
    }
}
