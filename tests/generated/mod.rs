//! Generated programs: made from decisions, run in every engine mode, compared, and made smaller when they disagree.
//!
//! ```text
//!  Choices ──► Generator ──► trees ──► text ──► check (all modes) ──► shrink while modes disagree
//! ```
pub mod check;
pub mod choices;
mod expression;
mod forms;
mod generator;
mod kernel;
mod program;
pub mod shrink;
mod statement;
pub mod tree;
mod types;

pub use generator::Generator;
