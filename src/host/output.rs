//! Standard output and standard error of a program.
//!
//! Always holds: one call's text is never split by another thread's; stdout is buffered when it is not a terminal, and
//! flushed before anything is written to stderr. Callers flush before `input`, before a process starts and at every way
//! out ([`Output::flush`]); dropping does not flush, since an exit without a word is a bug one wants to see.
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Buffered text is handed on when it passes this size.
const BUFFER: usize = 64 * 1024;

/// Both output streams, shared by all threads of a program.
#[derive(Clone, Debug)]
pub struct Output {
    streams: Arc<Mutex<Streams>>,
}

#[derive(Debug)]
enum Streams {
    Process { pending: Vec<u8>, terminal: bool },
    Captured { captured: Captured, limit: Option<usize> },
}

/// What a captured program wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

impl Output {
    /// The process's own streams.
    pub fn process() -> Output {
        Output::new(Streams::Process { pending: Vec::new(), terminal: io::stdout().is_terminal() })
    }

    /// Streams kept in memory.
    pub fn captured() -> Output {
        Output::new(Streams::Captured { captured: Captured::default(), limit: None })
    }

    /// As [`Output::captured`], but the write that takes stdout beyond `limit` bytes fails: to find out which one that is.
    pub fn captured_up_to(limit: usize) -> Output {
        Output::new(Streams::Captured { captured: Captured::default(), limit: Some(limit) })
    }

    fn new(streams: Streams) -> Output {
        Output { streams: Arc::new(Mutex::new(streams)) }
    }

    /// Writes to stdout. A closed pipe is `ErrorKind::BrokenPipe`: the program then ends without a word.
    pub fn write(&self, text: &[u8]) -> io::Result<()> {
        self.with(|streams| match streams {
            Streams::Captured { captured, limit } => {
                captured.stdout.extend_from_slice(text);
                if limit.is_some_and(|limit| captured.stdout.len() > limit) {
                    return Err(io::ErrorKind::StorageFull.into());
                }
                Ok(())
            }
            Streams::Process { pending, terminal } => {
                pending.extend_from_slice(text);
                if *terminal && text.contains(&b'\n') || pending.len() >= BUFFER { hand_on(pending) } else { Ok(()) }
            }
        })
    }

    /// Writes to stderr, after what stdout still holds.
    pub fn write_error(&self, text: &[u8]) -> io::Result<()> {
        self.with(|streams| match streams {
            Streams::Captured { captured, .. } => {
                captured.stderr.extend_from_slice(text);
                Ok(())
            }
            Streams::Process { pending, .. } => {
                hand_on(pending)?;
                io::stderr().lock().write_all(text)
            }
        })
    }

    /// Hands everything written so far to the system.
    pub fn flush(&self) -> io::Result<()> {
        self.with(|streams| match streams {
            Streams::Captured { .. } => Ok(()),
            Streams::Process { pending, .. } => hand_on(pending),
        })
    }

    /// What was captured so far; it is taken away.
    pub fn take_captured(&self) -> Captured {
        self.with(|streams| match streams {
            Streams::Captured { captured, .. } => std::mem::take(captured),
            Streams::Process { .. } => Captured::default(),
        })
    }

    /// Whether stdout is a terminal.
    pub fn is_terminal(&self) -> bool {
        self.with(|streams| matches!(streams, Streams::Process { terminal: true, .. }))
    }

    /// A panic elsewhere never leaves half a write behind, so a poisoned lock is still good.
    fn with<R>(&self, work: impl FnOnce(&mut Streams) -> R) -> R {
        work(&mut self.streams.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Empties the buffer into stdout, past the standard library's own line buffering.
fn hand_on(pending: &mut Vec<u8>) -> io::Result<()> {
    if pending.is_empty() {
        return Ok(());
    }
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(pending).and_then(|()| stdout.flush());
    pending.clear();
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captured_streams_keep_apart_and_are_shared_by_clones() {
        let output = Output::captured();
        let other = output.clone();
        output.write(b"a\n").unwrap();
        other.write(b"b\n").unwrap();
        other.write_error(b"e\n").unwrap();
        assert_eq!(output.take_captured(), Captured { stdout: b"a\nb\n".to_vec(), stderr: b"e\n".to_vec() });
        assert_eq!(output.take_captured(), Captured::default());
    }
}
