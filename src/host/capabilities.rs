//! What a script may touch: the policy behind `--untrusted`, `--allow-X[=value]` and `--deny-X[=value]`.
//!
//! A denial always wins over a permission; a value (a path, a host, a variable, a program) narrows either. A path that is
//! allowed or denied stands for everything under it; paths are compared after links and `..` are resolved.
use std::ffi::OsStr;
use std::fmt;
use std::path::{Component, Path, PathBuf};

/// A part of the world.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Capability {
    FsRead,
    FsWrite,
    Process,
    NetClient,
    NetServer,
    Env,
    Db,
    Clock,
    Random,
}

impl Capability {
    pub const ALL: [Capability; 9] = [
        Capability::FsRead,
        Capability::FsWrite,
        Capability::Process,
        Capability::NetClient,
        Capability::NetServer,
        Capability::Env,
        Capability::Db,
        Capability::Clock,
        Capability::Random,
    ];

    /// As options name it.
    pub fn name(self) -> &'static str {
        match self {
            Capability::FsRead => "fs-read",
            Capability::FsWrite => "fs-write",
            Capability::Process => "process",
            Capability::NetClient => "net-client",
            Capability::NetServer => "net-server",
            Capability::Env => "env",
            Capability::Db => "db",
            Capability::Clock => "clock",
            Capability::Random => "random",
        }
    }

    pub fn from_name(name: &str) -> Option<Capability> {
        Capability::ALL.into_iter().find(|capability| capability.name() == name)
    }

    fn is_path(self) -> bool {
        matches!(self, Capability::FsRead | Capability::FsWrite)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The policy of a run.
#[derive(Clone, Debug)]
pub struct Capabilities {
    rules: [Rules; 9],
}

#[derive(Clone, Debug)]
struct Rules {
    /// What no rule mentions.
    allowed: bool,
    allow: Vec<String>,
    deny: Vec<String>,
}

/// An option named a capability that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownCapability(pub String);

impl fmt::Display for UnknownCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<_> = Capability::ALL.iter().map(|capability| capability.name()).collect();
        write!(f, "unknown capability '{}': one of {}", self.0, known.join(", "))
    }
}

/// Why an operation may not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub capability: Capability,
    pub target: Option<String>,
}

impl Refusal {
    /// The option that would allow it.
    pub fn flag(&self) -> String {
        match &self.target {
            Some(target) => format!("--allow-{}={target}", self.capability),
            None => format!("--allow-{}", self.capability),
        }
    }
}

impl Capabilities {
    /// Everything is allowed.
    pub fn all() -> Capabilities {
        Capabilities::with_default(true)
    }

    /// Nothing is allowed (`--untrusted`).
    pub fn none() -> Capabilities {
        Capabilities::with_default(false)
    }

    fn with_default(allowed: bool) -> Capabilities {
        Capabilities { rules: std::array::from_fn(|_| Rules { allowed, allow: Vec::new(), deny: Vec::new() }) }
    }

    /// `--allow-NAME[=value]`. Several values are separated by commas.
    pub fn allow(&mut self, name: &str, value: Option<&str>) -> Result<(), UnknownCapability> {
        let rules = self.rules_of(name)?;
        match value {
            None => rules.allowed = true,
            Some(values) => rules.allow.extend(values.split(',').map(str::to_owned)),
        }
        Ok(())
    }

    /// `--deny-NAME[=value]`.
    pub fn deny(&mut self, name: &str, value: Option<&str>) -> Result<(), UnknownCapability> {
        let rules = self.rules_of(name)?;
        match value {
            None => {
                rules.allowed = false;
                rules.allow.clear();
            }
            Some(values) => rules.deny.extend(values.split(',').map(str::to_owned)),
        }
        Ok(())
    }

    fn rules_of(&mut self, name: &str) -> Result<&mut Rules, UnknownCapability> {
        let capability = Capability::from_name(name).ok_or_else(|| UnknownCapability(name.to_owned()))?;
        Ok(&mut self.rules[capability as usize])
    }

    /// Whether the capability may be used at all.
    pub fn check(&self, capability: Capability) -> Result<(), Refusal> {
        let rules = &self.rules[capability as usize];
        if rules.allowed || !rules.allow.is_empty() {
            return Ok(());
        }
        Err(Refusal { capability, target: None })
    }

    /// Whether it may be used on `target`: a path, a host, a variable, a program. A path comes as it is: shown as text one
    /// that is not Unicode would be another, and what is checked would not be what is used.
    pub fn check_target(&self, capability: Capability, target: impl AsRef<OsStr>) -> Result<(), Refusal> {
        let target = target.as_ref();
        let rules = &self.rules[capability as usize];
        if rules.allowed && rules.deny.is_empty() {
            return Ok(());
        }
        let hit = |patterns: &[String]| patterns.iter().any(|pattern| covers(capability, pattern, target));
        if !hit(&rules.deny) && (rules.allowed || hit(&rules.allow)) {
            return Ok(());
        }
        Err(Refusal { capability, target: Some(target.to_string_lossy().into_owned()) })
    }
}

fn covers(capability: Capability, pattern: &str, target: &OsStr) -> bool {
    if capability.is_path() {
        return resolved(Path::new(target)).starts_with(resolved(Path::new(pattern)));
    }
    let target = target.to_string_lossy();
    let host = target.rsplit_once(':').map_or(&*target, |(host, _)| host);
    pattern == target || pattern == host
}

/// The absolute path without links and `..`: of a path that does not exist, the part that exists is resolved.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut existing = absolute.as_path();
    let mut missing = Vec::new();
    loop {
        if let Ok(real) = existing.canonicalize() {
            return append_plain(real, missing.iter().rev());
        }
        let Some(parent) = existing.parent() else {
            return absolute;
        };
        missing.extend(existing.components().next_back());
        existing = parent;
    }
}

/// Appends components, taking `..` as one step back: nothing there exists, so nothing there is a link.
fn append_plain<'a>(mut base: PathBuf, components: impl Iterator<Item = &'a Component<'a>>) -> PathBuf {
    for component in components {
        match component {
            Component::ParentDir => {
                base.pop();
            }
            Component::CurDir => {}
            other => base.push(other),
        }
    }
    base
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untrusted_allows_nothing_and_names_the_flag() {
        let refusal = Capabilities::none().check_target(Capability::FsRead, "notes.txt").unwrap_err();
        assert_eq!(refusal.flag(), "--allow-fs-read=notes.txt");
        assert_eq!(Capabilities::none().check(Capability::Clock).unwrap_err().flag(), "--allow-clock");
    }

    #[test]
    fn a_path_stands_for_what_is_under_it() {
        let mut policy = Capabilities::none();
        policy.allow("fs-read", Some("/data")).unwrap();
        policy.deny("fs-read", Some("/data/secret")).unwrap();
        assert!(policy.check_target(Capability::FsRead, "/data/a/b").is_ok());
        assert!(policy.check_target(Capability::FsRead, "/data/secret/key").is_err());
        assert!(policy.check_target(Capability::FsRead, "/data/../etc/passwd").is_err());
        assert!(policy.check_target(Capability::FsRead, "/database").is_err());
        assert!(policy.check_target(Capability::FsWrite, "/data/a").is_err());
    }

    #[test]
    fn hosts_match_with_and_without_port() {
        let mut policy = Capabilities::none();
        policy.allow("net-client", Some("example.org,other.org:80")).unwrap();
        assert!(policy.check_target(Capability::NetClient, "example.org:443").is_ok());
        assert!(policy.check_target(Capability::NetClient, "other.org:80").is_ok());
        assert!(policy.check_target(Capability::NetClient, "other.org:81").is_err());
    }

    #[test]
    fn an_unknown_capability_is_an_error() {
        assert!(Capabilities::all().allow("teleport", None).is_err());
    }
}
