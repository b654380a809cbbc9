//! The outside world of a running program: output, input, arguments, environment, clock, randomness, files.
//!
//! Everything that a builtin does to the world goes through a [`Host`], so that tests and `ruff bench` can capture output
//! and feed input, and so that one policy ([`Capabilities`]) decides what a script may touch. A host is shared by all
//! threads of a program: cloning one shares its streams, its environment and its policy.
//!
//! Nothing here knows values or faults: operations give `io::Result` or a [`Refusal`]; builtins word the error.
mod capabilities;
mod clock;
mod files;
mod folder;
mod input;
mod output;

pub use capabilities::{Capabilities, Capability, Refusal, UnknownCapability};
pub use clock::{Clock, sleep};
pub use files::{HostError, read_limited};
pub use folder::Folder;
pub use input::Input;
pub use output::{Captured, Output};

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The outside of one program run.
#[derive(Clone, Debug)]
pub struct Host {
    pub output: Output,
    pub input: Input,
    pub clock: Clock,
    /// The script's own arguments.
    pub args: Arc<[String]>,
    pub capabilities: Arc<Capabilities>,
    environment: Arc<Mutex<Environment>>,
    fixed_seed: Option<u64>,
}

/// Changes that the script made to its environment; the process's own is never written.
#[derive(Debug, Default)]
struct Environment {
    changes: BTreeMap<String, Option<String>>,
    /// Where it is, once it has gone elsewhere than it began; absolute, without links.
    folder: Option<PathBuf>,
}

impl Host {
    /// The process's own streams and arguments, everything allowed.
    pub fn process(args: Vec<String>) -> Host {
        Host::with_streams(Output::process(), Input::process(), args)
    }

    /// Output kept in memory and input from a text: for tests and benchmarks.
    pub fn captured(input: &str) -> Host {
        Host::with_streams(Output::captured(), Input::from_text(input), Vec::new())
    }

    fn with_streams(output: Output, input: Input, args: Vec<String>) -> Host {
        Host {
            output,
            input,
            clock: Clock::start(),
            args: args.into(),
            capabilities: Arc::new(Capabilities::all()),
            environment: Arc::default(),
            fixed_seed: None,
        }
    }

    /// The same host under another policy.
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Host {
        self.capabilities = Arc::new(capabilities);
        self
    }

    /// The same host with a seed of its own for `random()`, so that a run can be repeated.
    pub fn with_seed(mut self, seed: u64) -> Host {
        self.fixed_seed = Some(seed);
        self
    }

    fn environment(&self) -> MutexGuard<'_, Environment> {
        self.environment.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An environment variable as the script sees it; one that is not Unicode is shown with replacement characters.
    pub fn env(&self, name: &str) -> Option<String> {
        match self.environment().changes.get(name) {
            Some(change) => change.clone(),
            None if name.is_empty() || name.contains(['=', '\0']) => None,
            None => std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()),
        }
    }

    /// Sets (or with `None` removes) a variable for this script and the processes it starts.
    pub fn set_env(&self, name: &str, value: Option<String>) {
        self.environment().changes.insert(name.to_owned(), value);
    }

    /// All variables by name.
    pub fn env_all(&self) -> BTreeMap<String, String> {
        let mut all: BTreeMap<String, String> = std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .collect();
        for (name, change) in &self.environment().changes {
            match change {
                Some(value) => all.insert(name.clone(), value.clone()),
                None => all.remove(name),
            };
        }
        all
    }

    /// A seed for a thread's random generator: the fixed one, else from the system.
    pub fn random_seed(&self) -> u64 {
        use std::hash::{BuildHasher, RandomState};
        self.fixed_seed.unwrap_or_else(|| RandomState::new().hash_one(std::process::id()))
    }
}
