//! Counters of the JIT, for `--jit-stats` and tests.
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::compiler::{Product, Refusal, Times};
use super::lower::Check;

/// What was compiled and how it went.
#[derive(Clone, Default, Debug)]
pub struct Stats {
    /// Starts of functions, and loops, compiled.
    pub functions: u64,
    pub loops: u64,
    /// Calls inlined into them: functions.
    pub inlined: u64,
    /// Places that stay in the VM, by reason.
    pub refused: BTreeMap<String, u64>,
    /// Code given up because it left too often.
    pub discarded: u64,
    /// Times the VM has entered compiled code.
    pub entered: u64,
    /// Times it was left otherwise than by returning or raising.
    pub exits: u64,
    /// Those because of checks that have failed, by what was checked; counted only if statistics are wanted.
    pub failed: BTreeMap<&'static str, u64>,
    /// Exits taken on purpose, in tests.
    pub forced_exits: u64,
    /// Bytecode instructions executed by compiled code and by the VM, what compiled code leaves to it included.
    pub work_compiled: u64,
    pub work_vm: u64,
    /// Field and method sites executed by the VM: those whose cache knew the shape met, and the others; counted only for
    /// profiles and statistics. Compiled code has checks instead.
    pub cache_hits: u64,
    pub cache_misses: u64,
    pub code_bytes: u64,
    pub times: Times,
}

impl Stats {
    pub fn count(&mut self, product: &Product, is_loop: bool) {
        let counter = if is_loop { &mut self.loops } else { &mut self.functions };
        *counter += 1;
        self.inlined += product.inlined.len() as u64;
        self.code_bytes += product.sizes.code as u64;
        self.times.build += product.times.build;
        self.times.optimise += product.times.optimise;
        self.times.generate += product.times.generate;
    }

    pub fn refuse(&mut self, reason: &Refusal) {
        *self.refused.entry(reason.to_string()).or_default() += 1;
    }

    pub fn left(&mut self, check: Check) {
        *self.failed.entry(check.name()).or_default() += 1;
    }

    pub fn compiled(&self) -> u64 {
        self.functions + self.loops
    }

    /// Share of the times compiled code was entered in which it was not left by a check; `None` if it was never entered.
    pub fn guard_success(&self) -> Option<f64> {
        (self.entered > 0).then(|| 1.0 - (self.exits as f64 / self.entered as f64).min(1.0))
    }

    /// Share of the fields and methods that the caches knew; `None` if they were never asked.
    pub fn cache_success(&self) -> Option<f64> {
        let asked = self.cache_hits + self.cache_misses;
        (asked > 0).then(|| self.cache_hits as f64 / asked as f64)
    }

    /// Share of all instructions that compiled code has executed.
    pub fn share(&self) -> f64 {
        let all = self.work_compiled + self.work_vm;
        if all == 0 { 0.0 } else { self.work_compiled as f64 / all as f64 }
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refused: u64 = self.refused.values().sum();
        writeln!(
            f,
            "[jit] compiled {} functions and {} loops, inlined {}, refused {refused}, discarded {}",
            self.functions, self.loops, self.inlined, self.discarded
        )?;
        for (reason, count) in &self.refused {
            writeln!(f, "[jit]   refused {count}: {reason}")?;
        }
        writeln!(f, "[jit] entered {}, left {}", self.entered, self.exits)?;
        for (check, count) in &self.failed {
            writeln!(f, "[jit]   left {count}: {check}")?;
        }
        writeln!(
            f,
            "[jit] {:.1}% of {} instructions ran compiled",
            100.0 * self.share(),
            self.work_compiled + self.work_vm
        )?;
        let us = |time: Duration| time.as_micros();
        write!(
            f,
            "[jit] code {} bytes, compile time {} us (build {} optimise {} generate {})",
            self.code_bytes,
            us(self.times.total()),
            us(self.times.build),
            us(self.times.optimise),
            us(self.times.generate)
        )
    }
}
