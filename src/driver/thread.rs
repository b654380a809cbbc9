//! The threads that programs run on: a large reserved stack, a deadline, and a way to end what does not listen.
//!
//! Reserving is not committing: of 16 GiB of address space only what is touched takes memory. Parsing, resolving and
//! compiling run on the same thread as the program, since hostile source is as deep as hostile data.
use std::any::Any;
use std::cell::Cell;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::host::Output;
use crate::limits::{self, Interrupt};
use crate::value::heap;

/// Reserved for the thread of a program.
const PROGRAM_STACK: usize = 16 << 30;
/// Reserved for threads of further isolates.
const ISOLATE_STACK: usize = 1 << 30;
/// With less than this we do not run.
const LEAST_STACK: usize = 64 << 20;

/// What a stopped program gets to end by itself, before it is ended from outside.
const GRACE: Duration = Duration::from_millis(700);

thread_local! {
    static LARGE: Cell<bool> = const { Cell::new(false) };
}

/// A panic: a mistake of ours, as text to report.
#[derive(Debug)]
pub struct Panicked(pub String);

/// Runs `work` on a thread with a large stack; on the spot, if this is one.
pub fn with_large_stack<R: Send>(work: impl FnOnce() -> R + Send) -> Result<R, Panicked> {
    if LARGE.with(Cell::get) { guarded(work) } else { on_new_thread(PROGRAM_STACK, work) }
}

/// Runs `work` on a new thread, whose isolate shares nothing with others.
pub fn on_isolate_thread<R: Send>(work: impl FnOnce() -> R + Send) -> Result<R, Panicked> {
    on_new_thread(ISOLATE_STACK, work)
}

fn on_new_thread<R: Send>(most: usize, work: impl FnOnce() -> R + Send) -> Result<R, Panicked> {
    // A refused `spawn` drops its closure, so the work waits outside.
    let work = Mutex::new(Some(work));
    let run = |size: usize| {
        LARGE.with(|large| large.set(true));
        limits::stack::set_stack_limit(size);
        let work = work.lock().unwrap_or_else(PoisonError::into_inner).take();
        let result = work.map(guarded);
        limits::flush();
        result
    };
    let run = &run;
    heap::share_pool();
    thread::scope(|scope| {
        let mut size = most;
        let handle = loop {
            match thread::Builder::new().name("ruff".into()).stack_size(size).spawn_scoped(scope, move || run(size)) {
                Ok(handle) => break handle,
                Err(_) if size > LEAST_STACK => size /= 2,
                Err(error) => return Err(Panicked(format!("no thread to run on: {error}"))),
            }
        };
        match handle.join() {
            Ok(Some(result)) => result,
            Ok(None) => Err(Panicked("the work was gone".to_owned())),
            Err(payload) => Err(Panicked(panic_text(&*payload))),
        }
    })
}

/// A panic in `work` is a mistake of ours; what it touched is not used afterwards.
fn guarded<R>(work: impl FnOnce() -> R) -> Result<R, Panicked> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| Panicked(panic_text(&*payload)))
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_owned())
}

/// Raises the timeout when its time has passed; dropping it takes it back.
#[derive(Debug)]
pub struct Deadline {
    _cancel: Sender<()>,
}

impl Deadline {
    /// `last_resort` is called if the program is still there some time after the deadline: it waits for the outside.
    pub fn start(after: Duration, last_resort: Option<fn(Duration)>) -> io::Result<Deadline> {
        let (cancel, cancelled) = channel::<()>();
        let watch = move || {
            if cancelled.recv_timeout(after) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            limits::raise(Interrupt::Timeout);
            if let Some(end) = last_resort
                && cancelled.recv_timeout(GRACE) == Err(RecvTimeoutError::Timeout)
            {
                end(after);
            }
        };
        thread::Builder::new().name("ruff-deadline".into()).stack_size(256 << 10).spawn(watch)?;
        Ok(Deadline { _cancel: cancel })
    }
}

/// The output of the process's only program, for those who end it from outside.
static OUTPUT: Mutex<Option<Output>> = Mutex::new(None);

/// Names the output to hand on before the process is ended from outside.
pub fn set_process_output(output: &Output) {
    *OUTPUT.lock().unwrap_or_else(PoisonError::into_inner) = Some(output.clone());
}

/// Ends the process, handing on what the program has written, and after it `last_words` on standard error. If the program is
/// just writing, that is given up.
pub fn end_process(code: i32, last_words: &str) -> ! {
    within_grace(|| {
        if let Some(output) = OUTPUT.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            let _ = output.flush();
        }
    });
    let last_words = last_words.to_owned();
    within_grace(move || drop(std::io::stderr().write_all(last_words.as_bytes())));
    std::process::exit(code)
}

/// Waits for `work` for a while only: a stream may be full, or held by somebody who is stuck.
fn within_grace(work: impl FnOnce() + Send + 'static) {
    let (done, wait) = channel();
    let _ = thread::Builder::new().spawn(move || {
        work();
        let _ = done.send(());
    });
    let _ = wait.recv_timeout(GRACE);
}

/// Ctrl-C ends the running program with exit code 130: at its next poll, after a while by force, at the second time at
/// once. For the command line only: the handler belongs to the process.
pub fn handle_interrupts() {
    // Without the handler Ctrl-C still ends the process.
    let _ = ctrlc::set_handler(|| {
        if limits::interrupt() == Some(Interrupt::Stop) {
            std::process::exit(130);
        }
        limits::raise(Interrupt::Stop);
        let _ = thread::Builder::new().spawn(|| {
            thread::sleep(GRACE);
            end_process(130, "")
        });
    });
}

/// Largest amount of memory that this process has had, in bytes, where the system tells.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deep(n: u64) -> u64 {
        if n == 0 || limits::stack::check().is_err() { n } else { std::hint::black_box(deep(n - 1)) }
    }

    #[test]
    fn the_stack_is_large_and_inner_work_stays_on_it() {
        let left = with_large_stack(|| {
            let outer = thread::current().id();
            assert_eq!(with_large_stack(|| thread::current().id()).unwrap(), outer);
            deep(1_000_000)
        });
        assert_eq!(left.unwrap(), 0);
    }

    #[test]
    fn a_panic_is_a_report() {
        let Err(Panicked(text)) = with_large_stack(|| {
            if true {
                panic!("lost count")
            }
        }) else {
            panic!("no panic")
        };
        assert_eq!(text, "lost count");
    }
}
