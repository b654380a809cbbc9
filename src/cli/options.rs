//! Options that several commands share: engine, limits, permissions.
use std::sync::LazyLock;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::exit;
use crate::driver::engine::{EngineKind, Form, JitMode, Mode, RunOptions};
use crate::driver::thread::end_process;
use crate::host::{Capabilities, Capability, UnknownCapability};

/// What a run may use.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Limits")]
pub struct LimitOptions {
    /// Most function calls in one another
    #[arg(long, value_name = "N")]
    pub max_depth: Option<u64>,
    /// End the program after this time: 500ms, 2s, 1m
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub timeout: Option<Duration>,
    /// Most memory: 256M, 2G (default: three quarters of the machine's)
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    pub max_memory: Option<u64>,
    /// Most loop turns and calls
    #[arg(long, value_name = "N")]
    pub fuel: Option<u64>,
}

impl LimitOptions {
    pub fn apply(&self, options: &mut RunOptions) {
        options.max_depth = self.max_depth;
        options.timeout = self.timeout;
        options.max_memory = self.max_memory;
        options.fuel = self.fuel;
        options.last_resort = Some(end_on_timeout);
    }
}

/// What a program that ran out of time is told; `how` says more about it.
pub fn timeout_message(after: Duration, how: &str) -> String {
    format!("ruff: ended after {after:?} (--timeout){how}\n")
}

/// The last resort of a command-line process.
fn end_on_timeout(after: Duration) {
    end_process(exit::TIMEOUT, &timeout_message(after, ", inside a single operation that went on for too long"))
}

/// What annotations mean.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Types")]
pub struct TypeOptions {
    /// Enforce type annotations while the program runs
    #[arg(long)]
    pub strict_types: bool,
}

/// Which engine, and how.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Engine")]
pub struct EngineOptions {
    /// The tree walker (short for `--engine interp`)
    #[arg(long, conflicts_with = "engine")]
    pub interpreter: bool,
    /// interp, vm, jit, or all: run them all and report the first difference
    #[arg(long, value_name = "ENGINE", value_parser = parse_engine)]
    pub engine: Option<EngineChoice>,
    /// Compile to machine code: off, sync (at once) or bg (in the background)
    #[arg(long, value_name = "WHEN", value_parser = parse_jit)]
    pub jit: Option<JitMode>,
    /// Print what the compiler makes: ir, clif, asm
    #[arg(long, value_name = "STAGES", value_delimiter = ',', value_parser = Form::ALL.map(Form::name))]
    pub jit_dump: Vec<String>,
    /// Compile only this function
    #[arg(long, value_name = "NAME")]
    pub jit_only: Option<String>,
    /// Print the compiler's statistics at the end
    #[arg(long)]
    pub jit_stats: bool,
}

/// An engine in some mode, or all to compare them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineChoice {
    One(Box<Mode>),
    All,
}

impl EngineOptions {
    pub fn compares_all(&self) -> bool {
        self.engine == Some(EngineChoice::All)
    }

    pub fn mode(&self) -> Mode {
        let mut mode = match &self.engine {
            Some(EngineChoice::One(mode)) => (**mode).clone(),
            _ if self.interpreter => Mode::new(EngineKind::Interp),
            Some(EngineChoice::All) | None => Mode::new(EngineKind::Jit),
        };
        match self.jit {
            Some(JitMode::Off) if mode.kind == EngineKind::Jit => mode.kind = EngineKind::Vm,
            Some(when) => mode.jit.mode = when,
            None => {}
        }
        mode.jit.dump.extend(self.jit_dump.iter().filter_map(|name| Form::named(name)));
        mode.jit.only = self.jit_only.clone();
        mode.jit.stats = self.jit_stats;
        mode
    }
}

fn parse_engine(text: &str) -> Result<EngineChoice, String> {
    match text {
        "all" => Ok(EngineChoice::All),
        _ => match Mode::parse(text) {
            Some(mode) => Ok(EngineChoice::One(Box::new(mode))),
            None => Err("one of interp, vm, jit, all".to_owned()),
        },
    }
}

fn parse_jit(text: &str) -> Result<JitMode, String> {
    match text {
        "off" => Ok(JitMode::Off),
        "sync" => Ok(JitMode::Sync),
        "bg" => Ok(JitMode::Background),
        _ => Err("one of off, sync, bg".to_owned()),
    }
}

/// `500ms`, `2s`, `1.5s`, `1m`, `1h`; a bare number is seconds.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "ms" => 0.001,
        "s" | "" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err("a time like 500ms, 2s, 1m".to_owned()),
    };
    let amount: f64 = digits.parse().map_err(|_| "a time like 500ms, 2s, 1m".to_owned())?;
    Duration::try_from_secs_f64(amount * factor).map_err(|_| "a time like 500ms, 2s, 1m".to_owned())
}

/// `4096`, `64k`, `256M`, `2G`, also `256MiB`.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = || "a size like 64k, 256M, 2G".to_owned();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let shift = match text[digits.len()..].to_ascii_lowercase().trim_end_matches('b').trim_end_matches('i') {
        "" => 0,
        "k" => 10,
        "m" => 20,
        "g" => 30,
        "t" => 40,
        _ => return Err(wrong()),
    };
    let amount: u64 = digits.parse().map_err(|_| wrong())?;
    amount.checked_mul(1 << shift).filter(|&bytes| bytes > 0).ok_or_else(wrong)
}

/// `--untrusted`, `--allow-X[=value]`, `--deny-X[=value]` for every capability.
#[derive(Clone, Debug)]
pub struct Permissions(pub Capabilities);

impl Default for Permissions {
    fn default() -> Permissions {
        Permissions(Capabilities::all())
    }
}

/// Changes a policy by the name and values of a capability.
type Change = fn(&mut Capabilities, &str, Option<&str>) -> Result<(), UnknownCapability>;

/// An option, what it changes, and its help.
type PermissionOption = (String, Capability, Change, String);

/// Made from the list of capabilities, since clap keeps names by reference.
static OPTIONS: LazyLock<Vec<PermissionOption>> = LazyLock::new(|| {
    let verbs: [(&str, &str, Change); 2] = [("allow", "Allow", Capabilities::allow), ("deny", "Refuse", Capabilities::deny)];
    let option = |(verb, says, change): (&str, &str, Change), capability: Capability| {
        (format!("{verb}-{}", capability.name()), capability, change, format!("{says} {}", capability.name()))
    };
    verbs.into_iter().flat_map(|verb| Capability::ALL.map(|capability| option(verb, capability))).collect()
});

impl Args for Permissions {
    fn augment_args(mut command: Command) -> Command {
        let heading = "Permissions";
        let untrusted = Arg::new("untrusted").long("untrusted").action(ArgAction::SetTrue);
        command = command.arg(untrusted.help("Allow nothing that touches the world").help_heading(heading));
        for (name, _, _, help) in OPTIONS.iter() {
            let arg = Arg::new(name.as_str()).long(name.as_str()).value_name("VALUES").help(help.as_str());
            let arg = arg.help_heading(heading).action(ArgAction::Append).num_args(0..=1);
            command = command.arg(arg.require_equals(true).default_missing_value(""));
        }
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Permissions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Permissions, clap::Error> {
        let untrusted = matches.get_flag("untrusted");
        let mut policy = if untrusted { Capabilities::none() } else { Capabilities::all() };
        for (name, capability, change, _) in OPTIONS.iter() {
            for value in matches.get_many::<String>(name).into_iter().flatten() {
                let value = Some(value.as_str()).filter(|value| !value.is_empty());
                change(&mut policy, capability.name(), value)
                    .map_err(|unknown| clap::Error::raw(ErrorKind::InvalidValue, format!("{unknown}\n")))?;
            }
        }
        Ok(Permissions(policy))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Permissions::from_arg_matches(matches)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes() {
        assert_eq!(parse_duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("3"), Ok(Duration::from_secs(3)));
        assert!(parse_duration("soon").is_err() && parse_duration("-1s").is_err());
        assert_eq!(parse_size("256M"), Ok(256 << 20));
        assert_eq!(parse_size("64KiB"), Ok(64 << 10));
        assert!(parse_size("0").is_err() && parse_size("1X").is_err() && parse_size("99999999T").is_err());
    }
}
