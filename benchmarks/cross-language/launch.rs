//! Runs one command and writes down what it cost.
//!
//! `launch REPORT COMMAND ARGS…` starts the command with this process's own standard streams, waits for it and writes
//! `wall_us user_us system_us peak_kib status` to the file REPORT. The peak is that of the command alone: Linux lets a
//! new program inherit the peak of the process that started it, so the starter has to be smaller than anything measured,
//! which rules out a script interpreter.

use std::{env, fs, os::raw::c_int, process, time::Instant};

#[repr(C)]
#[derive(Default)]
struct TimeVal {
    seconds: i64,
    micros: i64,
}

impl TimeVal {
    fn micros(&self) -> i64 {
        self.seconds * 1_000_000 + self.micros
    }
}

/// `struct rusage` of 64-bit Linux.
#[repr(C)]
#[derive(Default)]
struct Usage {
    user: TimeVal,
    system: TimeVal,
    peak_kib: i64,
    rest: [i64; 13],
}

extern "C" {
    fn wait4(pid: c_int, status: *mut c_int, options: c_int, usage: *mut Usage) -> c_int;
}

fn main() {
    let mut words = env::args_os().skip(1);
    let (Some(report), Some(command)) = (words.next(), words.next()) else {
        eprintln!("usage: launch REPORT COMMAND ARGS…");
        process::exit(2);
    };
    let start = Instant::now();
    let child = match process::Command::new(&command).args(words).spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("{}: {error}", command.to_string_lossy());
            process::exit(127);
        }
    };
    let mut status = 0;
    let mut usage = Usage::default();
    // SAFETY: both pointers are to live locals of the layout that the kernel fills in, and the child is ours.
    let waited = unsafe { wait4(child.id() as c_int, &mut status, 0, &mut usage) };
    let wall = start.elapsed().as_micros();
    if waited < 0 {
        eprintln!("cannot wait for the command");
        process::exit(127);
    }
    let line = format!("{wall} {} {} {} {status}\n", usage.user.micros(), usage.system.micros(), usage.peak_kib);
    if let Err(error) = fs::write(&report, line) {
        eprintln!("{}: {error}", report.to_string_lossy());
        process::exit(127);
    }
    process::exit(if status & 0x7f == 0 { status >> 8 & 0xff } else { 128 + (status & 0x7f) });
}
