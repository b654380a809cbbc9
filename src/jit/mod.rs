//! Machine code for hot code.
pub mod build;
pub mod ir;
pub mod lower;
pub mod opt;
pub mod profile;
