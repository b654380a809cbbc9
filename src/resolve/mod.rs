//! From the tree of the source to the resolved tree that both engines run.
pub mod hir;
