//! Where a script is in the file system.
//!
//! The folder belongs to the [`Host`] rather than to the process: threads of one program share it, and programs that run side by
//! side in one process (tests, engines that are compared) have one each. Relative paths mean it.
use std::borrow::Cow;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::{Capability, Host, HostError};

/// A folder to come back to; by default where the program began.
#[derive(Clone, Default, Debug)]
pub struct Folder(Option<PathBuf>);

impl Host {
    /// Where the script is, as an absolute path.
    pub fn folder(&self) -> Result<PathBuf, HostError> {
        let folder = self.environment().folder.clone();
        let folder = folder.map_or_else(std::env::current_dir, Ok)?;
        self.capabilities.check_target(Capability::FsRead, &folder)?;
        Ok(folder)
    }

    /// Goes to another folder, which must exist.
    pub fn change_folder(&self, path: &str) -> Result<(), HostError> {
        let target = self.may(Capability::FsRead, path)?;
        let folder = fs::canonicalize(target)?;
        // Through its `.`, which only those see who may enter it.
        if !fs::metadata(folder.join("."))?.is_dir() {
            return Err(io::Error::from(ErrorKind::NotADirectory).into());
        }
        self.environment().folder = Some(folder);
        Ok(())
    }

    /// The folder that the script is in now, for [`Host::go_back`].
    pub fn place(&self) -> Folder {
        Folder(self.environment().folder.clone())
    }

    pub fn go_back(&self, folder: Folder) {
        self.environment().folder = folder.0;
    }

    /// What a path means to the script, if it may be used so.
    pub(super) fn may<'p>(&self, capability: Capability, path: &'p str) -> Result<Cow<'p, Path>, HostError> {
        let meant = match &self.environment().folder {
            // No path at all means nothing, rather than the folder.
            Some(folder) if !path.is_empty() => Cow::Owned(folder.join(path)),
            _ => Cow::Borrowed(Path::new(path)),
        };
        self.capabilities.check_target(capability, &*meant)?;
        Ok(meant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Capabilities;

    #[test]
    fn paths_mean_the_folder_and_the_process_stays() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir(root.join("sub")).unwrap();
        fs::write(root.join("sub/a.txt"), "a").unwrap();
        let before = std::env::current_dir().unwrap();
        let host = Host::captured("");
        let start = host.place();
        host.change_folder(root.to_str().unwrap()).unwrap();
        assert!(host.file_exists("sub/a.txt").unwrap());
        host.change_folder("sub").unwrap();
        assert!(host.file_exists("a.txt").unwrap());
        assert_eq!(host.folder().unwrap(), root.join("sub"));
        host.change_folder("..").unwrap();
        assert_eq!(host.folder().unwrap(), root);
        assert!(matches!(host.change_folder("sub/a.txt"), Err(HostError::Io(_))));
        assert!(matches!(host.change_folder("missing"), Err(HostError::Io(_))));
        assert!(matches!(host.change_folder(""), Err(HostError::Io(_))));
        assert_eq!(host.folder().unwrap(), root);
        assert_eq!(std::env::current_dir().unwrap(), before);
        host.go_back(start);
        assert_eq!(host.folder().unwrap(), before);
    }

    #[test]
    fn rules_hold_from_wherever_the_script_is() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(root.join("open/sub")).unwrap();
        fs::write(root.join("secret.txt"), "s").unwrap();
        let mut policy = Capabilities::none();
        policy.allow("fs-read", Some(root.join("open").to_str().unwrap())).unwrap();
        let host = Host::captured("").with_capabilities(policy);
        assert!(matches!(host.change_folder(root.to_str().unwrap()), Err(HostError::Refused(_))));
        host.change_folder(root.join("open/sub").to_str().unwrap()).unwrap();
        assert!(host.file_exists("../nothing").is_ok());
        assert!(matches!(host.file_exists("../../secret.txt"), Err(HostError::Refused(_))));
        assert!(matches!(host.change_folder("../.."), Err(HostError::Refused(_))));
    }

    /// Its text would name a folder that does not exist, below which there are no links.
    #[cfg(unix)]
    #[test]
    fn rules_hold_in_a_folder_whose_name_is_no_text() {
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let strange = root.join("open").join(std::ffi::OsStr::from_bytes(b"\xff"));
        if fs::create_dir_all(&strange).is_err() {
            return;
        }
        fs::write(root.join("secret.txt"), "s").unwrap();
        fs::write(strange.join("own.txt"), "o").unwrap();
        symlink(&strange, root.join("open/way")).unwrap();
        symlink(&root, strange.join("out")).unwrap();
        let mut policy = Capabilities::none();
        policy.allow("fs-read", Some(root.join("open").to_str().unwrap())).unwrap();
        let host = Host::captured("").with_capabilities(policy);
        host.change_folder(root.join("open/way").to_str().unwrap()).unwrap();
        assert!(host.file_exists("own.txt").unwrap());
        assert!(matches!(host.file_exists("out/secret.txt"), Err(HostError::Refused(_))));
        assert!(matches!(host.change_folder("out"), Err(HostError::Refused(_))));
    }
}
