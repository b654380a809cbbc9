//! The Ruff language: from source text to result.
//!
//! ```text
//!  text ──► syntax ──► resolve ──┬──► interp ───────────────┐
//!           (AST)      (slots,   │                          ├──► value · semantics · builtins · host
//!                       scopes)  └──► compile ──► vm ◄─┄┄ jit┘        (shared meaning)
//!                                     (bytecode)   └─ Tier trait ─┄┄┘
//! ```
//!
//! Under everything lies `limits`: memory, native stack, time. Data flows along the arrows and never
//! back; `notes/architecture.md` says which layer may know which.
#![deny(unsafe_code)]

pub mod benchmarks;
pub mod builtins;
pub mod bytecode;
pub mod check;
pub mod cli;
pub mod compile;
pub mod diagnostics;
pub mod driver;
pub mod host;
pub mod interp;
pub mod jit;
pub mod limits;
pub mod profiler;
pub mod resolve;
pub mod semantics;
pub mod source;
pub mod syntax;
pub mod value;
pub mod vm;
