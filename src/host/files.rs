//! Files, under the policy of the run.
//!
//! Writing a whole file is atomic: a temporary file beside it is written, synchronised in name only by the rename, and
//! takes its place. Reads say how much they need before they take memory.
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Capability, Host, Refusal};

/// Why an operation on the outside failed.
#[derive(Debug)]
pub enum HostError {
    Refused(Refusal),
    Io(io::Error),
}

impl From<io::Error> for HostError {
    fn from(error: io::Error) -> HostError {
        HostError::Io(error)
    }
}

impl From<Refusal> for HostError {
    fn from(refusal: Refusal) -> HostError {
        HostError::Refused(refusal)
    }
}

impl Host {
    /// The whole content. `reserve` is told the size of each piece before memory is taken.
    pub fn read_file<E: From<HostError>>(
        &self,
        path: &str,
        reserve: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<Vec<u8>, E> {
        let path = self.may(Capability::FsRead, path)?;
        let mut file = File::open(path).map_err(HostError::Io)?;
        read_limited(&mut file, reserve)
    }

    /// Replaces the file's content, or creates it. Links are followed; permissions of an existing file stay.
    pub fn write_file(&self, path: &str, content: &[u8]) -> Result<(), HostError> {
        let path = self.may(Capability::FsWrite, path)?;
        let target = fs::canonicalize(&path).unwrap_or_else(|_| path.into_owned());
        let metadata = fs::metadata(&target).ok();
        if metadata.as_ref().is_some_and(|metadata| !metadata.is_file()) {
            // A device or a pipe cannot be replaced, only written to. A directory gives the system's own error.
            return Ok(OpenOptions::new().write(true).open(&target)?.write_all(content)?);
        }
        let temporary = temporary_beside(&target);
        let written = write_and_rename(&temporary, &target, content, metadata.map(|metadata| metadata.permissions()));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        Ok(written?)
    }

    /// Adds to the end of the file, or creates it.
    pub fn append_file(&self, path: &str, content: &[u8]) -> Result<(), HostError> {
        let path = self.may(Capability::FsWrite, path)?;
        Ok(OpenOptions::new().append(true).create(true).open(path)?.write_all(content)?)
    }

    /// Whether a file (not a directory) is there.
    pub fn file_exists(&self, path: &str) -> Result<bool, HostError> {
        let path = self.may(Capability::FsRead, path)?;
        Ok(path.is_file())
    }

    /// Whether anything is there.
    pub fn path_exists(&self, path: &str) -> Result<bool, HostError> {
        let path = self.may(Capability::FsRead, path)?;
        Ok(path.exists())
    }

    pub fn delete_file(&self, path: &str) -> Result<(), HostError> {
        let path = self.may(Capability::FsWrite, path)?;
        Ok(fs::remove_file(path)?)
    }
}

/// Reads to the end in pieces that double, each reserved before it is taken.
pub fn read_limited<E: From<HostError>>(
    reader: &mut impl Read,
    mut reserve: impl FnMut(usize) -> Result<(), E>,
) -> Result<Vec<u8>, E> {
    const FIRST: usize = 64 * 1024;
    let mut content = Vec::new();
    loop {
        let piece = content.len().max(FIRST);
        reserve(piece)?;
        content.try_reserve(piece).map_err(|_| HostError::Io(io::ErrorKind::OutOfMemory.into()))?;
        let read = reader.by_ref().take(piece as u64).read_to_end(&mut content).map_err(HostError::Io)?;
        if read < piece {
            return Ok(content);
        }
    }
}

fn temporary_beside(target: &Path) -> PathBuf {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{}-{count}.tmp", std::process::id()))
}

fn write_and_rename(
    temporary: &Path,
    target: &Path,
    content: &[u8],
    permissions: Option<fs::Permissions>,
) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(temporary)?;
    file.write_all(content)?;
    if let Some(permissions) = permissions {
        file.set_permissions(permissions)?;
    }
    drop(file);
    fs::rename(temporary, target)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Capabilities;

    fn content(host: &Host, path: &str) -> Result<Vec<u8>, HostError> {
        host.read_file(path, |_| Ok(()))
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let path = path.to_str().unwrap();
        let host = Host::captured("");
        host.write_file(path, b"one").unwrap();
        host.write_file(path, b"two").unwrap();
        host.append_file(path, b"!").unwrap();
        assert_eq!(content(&host, path).unwrap(), b"two!");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(host.file_exists(path).unwrap());
        host.delete_file(path).unwrap();
        assert!(!host.path_exists(path).unwrap());
    }

    #[test]
    fn a_refused_write_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let host = Host::captured("").with_capabilities(Capabilities::none());
        assert!(matches!(host.write_file(path.to_str().unwrap(), b"x"), Err(HostError::Refused(_))));
        assert!(!path.exists());
    }

    #[test]
    fn a_read_is_announced_before_it_takes_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("big");
        fs::write(&path, vec![7; 1_000_000]).unwrap();
        let mut announced = 0;
        let result = Host::captured("").read_file(path.to_str().unwrap(), |size| {
            announced += size;
            if announced > 500_000 { Err(HostError::Io(io::ErrorKind::OutOfMemory.into())) } else { Ok(()) }
        });
        assert!(result.is_err());
    }
}
