//! Machine code for hot code.
pub mod ir;
pub mod opt;
