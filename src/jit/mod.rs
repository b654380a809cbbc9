//! Machine code for hot code.
pub mod build;
pub mod ir;
pub mod opt;
pub mod profile;
