//! What to compile and what to show of it.

use super::foresight::Foresight;

/// A form that code has on its way from bytecode to the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Ir,
    Clif,
    Asm,
}

impl Form {
    pub const ALL: [Form; 3] = [Form::Ir, Form::Clif, Form::Asm];

    pub fn name(self) -> &'static str {
        match self {
            Form::Ir => "ir",
            Form::Clif => "clif",
            Form::Asm => "asm",
        }
    }

    pub fn named(name: &str) -> Option<Form> {
        Form::ALL.into_iter().find(|form| form.name() == name)
    }
}

/// Settings of a run's JIT.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `DEBUG_JIT`: 1 a line per event, 2 also the IR after each pass, 3 also Cranelift IR and machine code.
    pub trace: u8,
    /// What to show of each code that is made.
    pub dump: Vec<Form>,
    /// Keep what is to be shown instead of printing it.
    pub keeps_dump: bool,
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
    /// When compiling begins, if that is not to be as usual.
    pub begins: Option<Foresight>,
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

    /// Whether polls fail on purpose now and then.
    pub fn fails_polls(&self) -> bool {
        self.exit_every.is_some() || self.churn
    }

    /// Whether anything is counted that costs time.
    pub fn counts(&self) -> bool {
        self.stats || self.explain || self.trace > 0
    }

    /// Whether a form is to be shown.
    pub fn shows(&self, form: Form) -> bool {
        self.dump.contains(&form) || self.trace > 2 && form != Form::Ir
    }

    /// Whether a form is shown that the code generator makes.
    pub fn lists_code(&self) -> bool {
        self.shows(Form::Clif) || self.shows(Form::Asm)
    }
}
