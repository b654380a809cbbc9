//! Counters of the JIT, for `--jit-stats` and tests.
use std::fmt;
use std::time::Duration;

/// What was compiled and how it went.
#[derive(Clone, Copy, Default, Debug)]
pub struct Stats {
    /// Functions and loops compiled.
    pub compiled: u64,
    pub refused: u64,
    /// Code given up because it left too often.
    pub discarded: u64,
    /// Times the VM has entered compiled code.
    pub entered: u64,
    /// Checks that failed.
    pub exits: u64,
    pub code_bytes: u64,
    pub compile_time: Duration,
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[jit] compiled {} refused {} discarded {}", self.compiled, self.refused, self.discarded)?;
        writeln!(f, "[jit] entered {} exits {}", self.entered, self.exits)?;
        write!(f, "[jit] code {} bytes, compile time {} us", self.code_bytes, self.compile_time.as_micros())
    }
}
