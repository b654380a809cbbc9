//! `ruff bench`: how long scripts take on each engine, and whether that has changed.
//!
//! ```text
//!  discover (scripts, `bench` blocks)
//!     └──► runner ──► processes per script or block, and engine (worker: timer around a subject) ──► record (rows, JSON)
//!                                                                                                      │
//!                                 saved (earlier runs) ──► stats · student (verdict) ──► report · markdown · svg
//! ```
//!
//! Always holds: a script that fails, hangs or crashes is a row that says so; nothing that it does reaches another row.
//! Nothing here parses command-line arguments or decides about colour.
pub mod discover;
pub mod markdown;
pub mod others;
pub mod record;
pub mod report;
pub mod runner;
pub mod saved;
pub mod stats;
mod student;
pub mod svg;
pub mod timer;
pub mod units;
pub mod worker;
