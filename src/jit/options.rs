//! What to compile and what to show of it.

/// Settings of a run's JIT.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `DEBUG_JIT`: 1 a line per event, 2 also the IR after each pass, 3 also Cranelift IR and machine code.
    pub trace: u8,
    /// Forms to print: `ir`, `clif`, `asm`.
    pub dump: Vec<String>,
    /// Only functions of this name.
    pub only: Option<String>,
    /// Print the counters at the end.
    pub stats: bool,
    /// Tell `perf` the names of compiled code; also with `RUFFLANG_PERF_MAP` set.
    pub perf_map: bool,
    /// Keep what happens to each function and loop, to explain it.
    pub explain: bool,
    /// Compile on a thread of its own.
    pub background: bool,
    /// Compile everything at once, before there is any feedback.
    pub eager: bool,
    /// Every so many checks that are made, one fails on purpose.
    pub exit_every: Option<u32>,
    /// Give code up at random.
    pub churn: bool,
}

impl Options {
    /// With what the environment says.
    pub fn from_environment(self) -> Options {
        let trace = std::env::var("DEBUG_JIT").ok().and_then(|level| level.parse().ok()).unwrap_or(self.trace);
        let perf_map = self.perf_map || std::env::var_os("RUFFLANG_PERF_MAP").is_some_and(|value| value != "0");
        Options { trace, perf_map, ..self }
    }

    pub fn compiles(&self, name: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == name)
    }

    /// Whether anything is counted that costs time.
    pub fn counts(&self) -> bool {
        self.stats || self.explain || self.trace > 0
    }

    fn dumps(&self, form: &str) -> bool {
        self.dump.iter().any(|wanted| wanted == form)
    }

    pub fn shows_ir(&self) -> bool {
        self.dumps("ir")
    }

    pub fn lists_code(&self) -> bool {
        self.trace > 2 || self.dumps("clif") || self.dumps("asm")
    }

    pub fn show_code(&self, clif: &str, asm: &str) {
        if self.trace > 2 || self.dumps("clif") {
            eprintln!("{clif}");
        }
        if self.trace > 2 || self.dumps("asm") {
            eprintln!("{asm}");
        }
    }
}
