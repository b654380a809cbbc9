//! What operators, calls and conversions mean: the one definition for all engines and builtins.
//!
//! ```text
//!  arith compare index member iterate convert display format     the operations, on values
//!  annotated                                                      what values are held against under --strict-types
//!           │                       │
//!         step: "call this method first"      call: how arguments meet parameters
//!           └───────► fault: the table of errors ◄──────┘          place: paths into variables
//! ```
//!
//! Always holds: nothing here knows an engine. User code that an operator needs is either asked for by [`step::Step`] or
//! called through [`step::Callback`]. What depends on sizes is checked before it is computed; data of any depth is walked
//! with worklists. Every operation on two small numbers is decided in an inlined function that does nothing else.
pub mod annotated;
pub mod arith;
pub mod call;
pub mod compare;
pub mod convert;
pub mod display;
pub mod fault;
pub mod format;
pub mod index;
pub mod iterate;
pub mod member;
pub mod place;
pub mod step;
pub mod truth;

/// So many items of an array or dict literal are evaluated before they go into the array or dict.
pub const LITERAL_BATCH: usize = 64;

use std::fmt::Display;

use crate::limits::{HumanBytes, OutOfMemory};
use fault::{Raise, faults};

/// The catchable error for a refused allocation; `what` names the operation.
#[cold]
pub fn memory(what: impl Display, refused: OutOfMemory) -> Raise {
    faults::memory(what, HumanBytes(refused.needed()), HumanBytes(refused.limit()))
}

/// `a function`, `an int`: the type's name with its article.
pub fn with_article(name: &str) -> String {
    let vowel = name.starts_with(['a', 'e', 'i', 'o', 'u', 'A', 'E', 'I', 'O']);
    format!("{} {name}", if vowel { "an" } else { "a" })
}
