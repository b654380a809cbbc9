//! Files, arguments, environment, time, and the end of the program.
use std::time::Duration;

use super::Engine;
use super::arg::{Float, new_array, new_string, out_of_memory};
use super::table::builtins;
use crate::host::{self, Capability, HostError};
use crate::limits;
use crate::semantics::fault::{Raise, Stop, faults};
use crate::value::Value;

builtins! {
    /// Files, arguments, environment, time.
    pub(super) ROWS:

    /// The text of a file; what is not UTF-8 is an `IOError`.
    ///
    /// ```ruff
    /// write_file("example.txt", "hello")
    /// assert_equal(read_file("example.txt"), "hello")
    /// delete_file("example.txt")
    /// ```
    [io(FsRead)] read_file(path: &str) -> string = native read_file;

    /// Writes a file anew, whole or not at all; with `overwrite: false` an existing one is an `IOError`.
    ///
    /// ```ruff
    /// write_file("example.txt", "hello")
    /// assert_throws(() => write_file("example.txt", "again", overwrite: false))
    /// delete_file("example.txt")
    /// ```
    [io(FsWrite)] write_file(path: &str, text: &str, overwrite: bool = true) -> null = native write_file;

    /// Adds text to the end of a file, which is created if it does not exist.
    ///
    /// ```ruff
    /// write_file("example.txt", "a")
    /// append_file("example.txt", "b")
    /// assert_equal(read_file("example.txt"), "ab")
    /// delete_file("example.txt")
    /// ```
    [io(FsWrite)] append_file(path: &str, text: &str) -> null = native append_file;

    /// Is there a file (not a directory) of this name?
    ///
    /// ```ruff
    /// assert(!file_exists("no such file"))
    /// ```
    [io(FsRead)] file_exists(path: &str) -> bool = native file_exists;

    /// Removes a file.
    ///
    /// ```ruff
    /// write_file("example.txt", "")
    /// delete_file("example.txt")
    /// assert(!file_exists("example.txt"))
    /// ```
    [io(FsWrite)] delete_file(path: &str) -> null = native delete_file;

    /// The folder that the script is in, as an absolute path: where relative paths begin.
    ///
    /// ```ruff
    /// write_file("example.txt", "")
    /// assert(file_exists(os_getcwd() + "/example.txt"))
    /// delete_file("example.txt")
    /// ```
    [io(FsRead)] os_getcwd() -> string = native os_getcwd;

    /// Goes to another folder, for all threads of the program. Imports do not depend on it.
    ///
    /// ```ruff
    /// before := os_getcwd()
    /// os_chdir("..")
    /// assert(os_getcwd() != before)
    /// os_chdir(before)
    /// assert_equal(os_getcwd(), before)
    /// ```
    [io(FsRead)] os_chdir(path: &str) -> null = native os_chdir;

    /// The arguments that the script was started with.
    ///
    /// ```ruff
    /// assert(is_array(args()))
    /// ```
    [console] args() -> array = native args;

    /// An environment variable; null (or `default`) if it is not set.
    ///
    /// ```ruff
    /// assert_equal(env("NO_SUCH_VARIABLE_HERE"), null)
    /// assert_equal(env("NO_SUCH_VARIABLE_HERE", "x"), "x")
    /// ```
    [io(Env)] env(name: &str, default: Option<&str>) -> any = native env;

    /// Ends the program at once, with an exit code from 0 to 255.
    ///
    /// ```ruff
    /// if false { exit(3) }
    /// ```
    [console, may_fault] exit(code: i64 = 0) -> never = native exit;

    /// The time as seconds since 1970, with fractions.
    ///
    /// ```ruff
    /// assert(now() > 1_600_000_000)
    /// ```
    [io(Clock)] now() -> float = native now;

    /// Milliseconds since the program began, with fractions; never goes back.
    ///
    /// ```ruff
    /// start := performance_now()
    /// assert(performance_now() >= start)
    /// ```
    [io(Clock)] performance_now() -> float = native performance_now;

    /// Waits for some milliseconds.
    ///
    /// ```ruff
    /// sleep(1)
    /// ```
    [io(Clock), may_fault] sleep(ms: Float) -> null = native sleep;
}

type Fallible<T = Value> = Result<T, Raise>;

/// What reading a file can run into.
enum ReadError {
    Host(HostError),
    Memory(limits::OutOfMemory),
}

impl From<HostError> for ReadError {
    fn from(error: HostError) -> ReadError {
        ReadError::Host(error)
    }
}

/// A failure of the outside as a fault.
pub(super) fn host_fault(function: &str, path: &str, error: HostError) -> Raise {
    match error {
        HostError::Refused(refusal) => match &refusal.target {
            Some(target) => faults::capability_target(refusal.capability.name(), target, refusal.flag()),
            None => faults::capability(refusal.capability.name(), refusal.flag()),
        },
        HostError::Io(error) => faults::io(function, path, reason(&error)),
    }
}

/// The system's own words, without its error number.
fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

fn read_file(engine: &mut dyn Engine, path: &str) -> Fallible<String> {
    let content = engine.host().read_file(path, |bytes| limits::reserve(bytes).map_err(ReadError::Memory));
    let content = content.map_err(|error| match error {
        ReadError::Host(error) => host_fault("read_file", path, error),
        ReadError::Memory(error) => out_of_memory(format_args!("read_file: {path}"), error),
    })?;
    String::from_utf8(content).map_err(|_| faults::io("read_file", path, "the file is not UTF-8 text"))
}

fn write_file(engine: &mut dyn Engine, path: &str, text: &str, overwrite: bool) -> Fallible<()> {
    let fault = |error| host_fault("write_file", path, error);
    if !overwrite && engine.host().path_exists(path).map_err(fault)? {
        return Err(faults::io("write_file", path, "the file exists already"));
    }
    engine.host().write_file(path, text.as_bytes()).map_err(fault)
}

fn append_file(engine: &mut dyn Engine, path: &str, text: &str) -> Fallible<()> {
    engine.host().append_file(path, text.as_bytes()).map_err(|error| host_fault("append_file", path, error))
}

fn file_exists(engine: &mut dyn Engine, path: &str) -> Fallible<bool> {
    engine.host().file_exists(path).map_err(|error| host_fault("file_exists", path, error))
}

fn delete_file(engine: &mut dyn Engine, path: &str) -> Fallible<()> {
    engine.host().delete_file(path).map_err(|error| host_fault("delete_file", path, error))
}

fn os_getcwd(engine: &mut dyn Engine) -> Fallible<String> {
    let folder = engine.host().folder().map_err(|error| host_fault("os_getcwd", ".", error))?;
    folder.into_os_string().into_string().map_err(|_| faults::io("os_getcwd", ".", "the path is not Unicode text"))
}

fn os_chdir(engine: &mut dyn Engine, path: &str) -> Fallible<()> {
    engine.host().change_folder(path).map_err(|error| host_fault("os_chdir", path, error))
}

fn args(engine: &mut dyn Engine) -> Fallible {
    let args = engine.host().args.clone();
    let args: Fallible<Vec<Value>> = args.iter().map(|arg| new_string(arg)).collect();
    new_array(args?)
}

fn env(engine: &mut dyn Engine, name: &str, default: Option<&str>) -> Fallible {
    let allowed = engine.host().capabilities.check_target(Capability::Env, name);
    allowed.map_err(|refusal| host_fault("env", name, HostError::Refused(refusal)))?;
    match engine.host().env(name) {
        Some(value) => new_string(&value),
        None => default.map_or(Ok(Value::Null), new_string),
    }
}

fn exit(_: &mut dyn Engine, code: i64) -> Fallible<()> {
    match u8::try_from(code) {
        Ok(code) => Err(Raise::Stop(Stop::Exit(i32::from(code)))),
        Err(_) => Err(faults::argument_value("exit", "code", "an int from 0 to 255", code)),
    }
}

fn now(engine: &mut dyn Engine) -> Fallible<f64> {
    Ok(engine.host().clock.unix())
}

fn performance_now(engine: &mut dyn Engine) -> Fallible<f64> {
    Ok(engine.host().clock.elapsed().as_secs_f64() * 1000.0)
}

fn sleep(engine: &mut dyn Engine, ms: Float) -> Fallible<()> {
    if ms.0.is_nan() || ms.0 < 0.0 {
        return Err(faults::argument_value("sleep", "ms", "a number that is not negative", super::arg::show_float(ms.0)));
    }
    let duration = Duration::try_from_secs_f64(ms.0 / 1000.0).unwrap_or(Duration::MAX);
    let _ = engine.host().output.flush();
    host::sleep(duration, || engine.poll())
}
