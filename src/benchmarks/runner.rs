//! Runs each script or benchmark block on each engine in several processes of its own, which are ended if they do not listen.
//!
//! The processes of a row do not follow each other: every row has its first one, then every row its second. So what changes
//! while all this runs (other programs, the processor's clock) lies between the processes of each row, and its interval knows.
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::discover::{Candidate, readable};
use super::others::{Others, Ticks};
use super::record::{Machine, Problem, ProblemKind, Report, Row};
use super::record::{allocations_from_json, number, stages_from_json};
use super::timer::{Plan, Time, Turns};
use super::worker::{Task, timed_out};

/// What is to be measured, and how.
#[derive(Clone, Debug)]
pub struct Job {
    /// The program to start for each row, and its arguments before the task.
    pub program: PathBuf,
    pub program_args: Vec<String>,
    /// Modes as the driver names them.
    pub engines: Vec<String>,
    /// Arguments of the scripts.
    pub args: Vec<String>,
    pub plan: Plan,
    /// Processes that share the turns of a row.
    pub processes: u32,
    pub time: Time,
    pub fresh: bool,
    pub memory: bool,
    pub timeout: Option<Duration>,
    pub max_memory: Option<u64>,
}

/// Hears how far the work is.
pub trait Progress {
    /// A process of a row begins; `index` and `total` count processes.
    fn row(&mut self, _name: &str, _engine: &str, _index: usize, _total: usize) {}
    /// Turns the row's process has measured so far.
    fn turns(&mut self, _count: usize) {}
    /// In the order of rows.
    fn row_done(&mut self, _row: &Row) {}
}

/// Hears nothing.
pub struct Silent;

impl Progress for Silent {}

/// What a stopped worker gets beyond its timeout to say so itself.
const GRACE: Duration = Duration::from_millis(300);

/// The last of a worker's standard error that is kept, in bytes.
const KEPT_ERRORS: usize = 4096;

/// Runs everything; never fails as a whole.
pub fn run(job: &Job, scripts: &[Candidate], progress: &mut dyn Progress) -> Report {
    let parts = job.plan.turns.shared(job.processes);
    let subjects: Vec<_> =
        scripts.iter().flat_map(|script| job.engines.iter().map(move |engine| (script, engine.as_str()))).collect();
    let mut rows: Vec<Row> = subjects.iter().map(|(script, engine)| empty_row(script, engine)).collect();
    let mut others = vec![Others::default(); rows.len()];
    let total = subjects.len() * parts.len();
    for (round, &turns) in parts.iter().enumerate() {
        for (at, ((script, engine), row)) in subjects.iter().zip(&mut rows).enumerate() {
            progress.row(&script.name, engine, round * subjects.len() + at, total);
            if row.passed() {
                let before = Ticks::now();
                run_process(job, script, turns, row, progress);
                others[at] = others[at].and(Others::between(before, Ticks::now()));
            }
            if round + 1 == parts.len() {
                row.others = others[at].share();
                progress.row_done(row);
            }
        }
    }
    let others = others.into_iter().fold(Others::default(), Others::and);
    Report { machine: machine(job), rows, others: others.share(), ..Report::default() }
}

fn empty_row(script: &Candidate, engine: &str) -> Row {
    Row {
        script: script.name.clone(),
        path: script.path.to_string_lossy().into_owned(),
        engine: engine.to_owned(),
        ..Row::default()
    }
}

fn machine(job: &Job) -> Machine {
    Machine { processor_time: job.time == Time::Processor, ..Machine::here() }
}

/// One more process of a row. What the first one has found out, the others are told.
fn run_process(job: &Job, script: &Candidate, turns: Turns, row: &mut Row, progress: &mut dyn Progress) {
    if let Err(why) = readable(&script.path) {
        row.problem = Some(Problem::new(ProblemKind::Unreadable, why));
        return;
    }
    let first = row.processes.is_empty();
    let task = Task {
        script: script.path.clone(),
        bench: script.bench,
        mode: row.engine.clone(),
        args: job.args.clone(),
        plan: Plan { turns, ..job.plan },
        time: job.time,
        fresh: job.fresh || row.fresh,
        repeat: u32::try_from(row.repeat).ok().filter(|&repeat| repeat > 0),
        stages: first,
        memory: job.memory && first,
        timeout: job.timeout,
        max_memory: job.max_memory,
    };
    let before = row.times.len();
    match Worker::start(job, &task) {
        Ok(worker) => worker.follow(row, before, job.timeout, progress),
        Err(error) => row.problem = Some(Problem::new(ProblemKind::Crash, format!("no process to run it in: {error}"))),
    }
    row.processes.push(row.times.len() - before);
}

/// A running worker and what it writes.
struct Worker {
    child: Child,
    events: Receiver<Value>,
    errors: thread::JoinHandle<Vec<u8>>,
}

impl Worker {
    fn start(job: &Job, task: &Task) -> io::Result<Worker> {
        let mut child = Command::new(&job.program)
            .args(&job.program_args)
            .arg(task.to_json().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("a process without streams"));
        };
        let (send, events) = channel();
        // Neither thread is waited for when the worker was ended: a process that the script started may hold the streams.
        thread::spawn(move || {
            for line in BufReader::new(stdout).split(b'\n').map_while(Result::ok) {
                // Whatever else writes to the worker's standard output is not for us.
                let event = serde_json::from_slice::<Value>(&line).ok().filter(|event| event["bench"].is_string());
                if event.is_some_and(|event| send.send(event).is_err()) {
                    break;
                }
            }
        });
        let errors = thread::spawn(move || last_of(stderr));
        Ok(Worker { child, events, errors })
    }

    /// Collects what the worker says until it ends or is ended.
    /// The row has `before` turns of other processes.
    fn follow(mut self, row: &mut Row, before: usize, timeout: Option<Duration>, progress: &mut dyn Progress) {
        loop {
            let event = match timeout {
                Some(timeout) => self.events.recv_timeout(timeout.saturating_add(GRACE)),
                None => self.events.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match event {
                Ok(event) => {
                    if hear(row, before, &event, progress) {
                        break;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    row.problem = Some(timed_out(timeout.unwrap_or_default()));
                    break;
                }
                Err(RecvTimeoutError::Disconnected) => {
                    row.problem = Some(self.death());
                    return;
                }
            }
        }
        // What it had to say is said; a worker that hangs at its end is not waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Why the worker is gone without a word.
    fn death(mut self) -> Problem {
        let status = self.child.wait();
        let errors = self.errors.join().unwrap_or_default();
        let errors = String::from_utf8_lossy(&errors);
        let last = errors.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        let how = status.map_or_else(|error| error.to_string(), |status| describe(&status));
        let message = if last.is_empty() { how } else { format!("{how}: {last}") };
        Problem::new(ProblemKind::Crash, message)
    }
}

/// Takes over what an event says; whether it was the last one.
fn hear(row: &mut Row, before: usize, event: &Value, progress: &mut dyn Progress) -> bool {
    match event["bench"].as_str() {
        Some("repeat") => row.repeat = number(&event["count"]).max(1),
        // The later processes measure them only once.
        Some("loaded") if before == 0 => row.stages = stages_from_json(&event["stages"]),
        Some("turns") => {
            row.times.extend(event["times"].as_array().into_iter().flatten().map(number));
            progress.turns(row.times.len() - before);
        }
        Some("again") => {
            row.times.truncate(before);
            row.fresh = true;
        }
        Some("done") => {
            row.output = number(&event["output"]);
            row.peak_memory = row.peak_memory.max(event["peak_memory"].as_u64());
            row.allocations = row.allocations.or(allocations_from_json(&event["allocations"]));
            for note in event["notes"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                if !row.notes.iter().any(|known| known == note) {
                    row.notes.push(note.to_owned());
                }
            }
            return true;
        }
        Some("failed") => {
            row.peak_memory = event["peak_memory"].as_u64();
            let problem = Problem::from_json(&event["problem"]);
            row.problem = problem.or_else(|| Some(Problem::new(ProblemKind::Crash, "failed without a reason")));
            return true;
        }
        _ => {}
    }
    false
}

fn describe(status: &ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt;
        if let Some(signal) = status.signal() {
            return format!("crashed (signal {signal})");
        }
    }
    match status.code() {
        Some(code) => format!("the process ended with code {code}"),
        None => "the process ended".to_owned(),
    }
}

/// Reads to the end and keeps the last part.
fn last_of(mut stream: impl Read) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut part = [0; 4096];
    while let Ok(count) = stream.read(&mut part) {
        if count == 0 {
            break;
        }
        kept.extend_from_slice(&part[..count]);
        if kept.len() > 2 * KEPT_ERRORS {
            kept.drain(..kept.len() - KEPT_ERRORS);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_fill_a_row() {
        let mut row = Row::default();
        let mut tell = |text: &str| hear(&mut row, 0, &serde_json::from_str(text).unwrap(), &mut Silent);
        assert!(!tell(r#"{"bench":"loaded","stages":{"parse":1,"resolve":2,"compile":3}}"#));
        assert!(!tell(r#"{"bench":"turns","times":[5,6]}"#));
        assert!(!tell(r#"{"bench":"turns","times":[7]}"#));
        assert!(tell(r#"{"bench":"done","output":9,"peak_memory":4096,"allocations":null,"notes":["n"]}"#));
        assert_eq!((row.times, row.output, row.peak_memory), (vec![5, 6, 7], 9, Some(4096)));
        assert_eq!(row.stages.compile, 3);
    }
}
