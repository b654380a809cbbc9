//! `ruff bench`: how long scripts take on each engine, and whether that has changed.
//!
//! ```text
//!  runner ──► one process per script and engine (worker: timer around an engine) ──► record (rows, JSON)
//!                                                                          │
//!                        saved (earlier runs) ──► stats (verdict) ──► report · markdown · svg
//! ```
//!
//! Always holds: a script that fails, hangs or crashes is a row that says so; nothing that it does reaches another row.
//! Nothing here parses command-line arguments or decides about colour.
pub mod markdown;
pub mod record;
pub mod report;
pub mod runner;
pub mod saved;
pub mod stats;
pub mod svg;
pub mod timer;
pub mod units;
pub mod worker;
