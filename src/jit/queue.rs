//! Between the program and the compiler: jobs go one way, finished code comes back, in the same order.
//!
//! Most code is there so soon that the program waits for it: until then it would get nowhere, and take a second core for that. How
//! long it may wait is bounded, see [`Waiting`]. What it would wait for anyway is compiled on its own thread, as long as all that
//! comes is small: many programs never need another one. The first job that is not starts the compile thread, which takes the
//! compiler over and ends with the queue. It never touches values, so a program does not notice it but for the code that is there
//! one day.
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::compiler::{Compiler, Finished, Job, Refusal};
use super::options::Options;
use crate::limits::stack;

/// Native stack of the compile thread. Its depth follows the nesting of loops and calls, not the size of functions.
const STACK: usize = 8 << 20;

/// A function of more instructions takes longer to compile than a program should stand still for; the time that one of so many takes, and
/// the native stack.
const SMALL: usize = 128;
const SMALL_TIME: Duration = Duration::from_millis(4);
const SMALL_STACK: usize = 1 << 20;

/// Where jobs are done.
pub enum Queue {
    /// At once.
    Here { compiler: Box<Compiler>, done: VecDeque<Finished> },
    /// While the program waits, or on a thread of their own.
    Behind(Behind),
}

/// Jobs that the program need not wait for.
pub struct Behind {
    options: Options,
    waiting: Waiting,
    /// Nothing is there before the first job.
    worker: Worker,
    waited: Waited,
    done: VecDeque<Finished>,
}

/// Who compiles.
enum Worker {
    None,
    /// The program, while it waits.
    Own(Box<Compiler>),
    Thread(Link),
    /// Nobody any more, after a panic: the code of the compiler stays, nothing is added.
    Broken {
        _compiler: Box<Compiler>,
    },
}

/// How long a program waits for code instead of going on in the VM.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// For one job at most.
    pub once: Duration,
    /// In all at most this long, and this share of the time that it has run since the first job.
    pub allowance: Duration,
    pub share: f64,
}

/// Time spent waiting.
#[derive(Default)]
struct Waited {
    /// When the first job came.
    since: Option<Instant>,
    total: Duration,
}

impl Waited {
    /// How long to wait now.
    fn left(&mut self, waiting: &Waiting) -> Duration {
        let since = self.since.get_or_insert_with(Instant::now);
        let running = since.elapsed().saturating_sub(self.total);
        let allowed = waiting.allowance + running.mul_f64(waiting.share);
        allowed.saturating_sub(self.total).min(waiting.once)
    }
}

/// Both ways to and from the thread.
struct Link {
    jobs: Sender<Job>,
    results: Receiver<Finished>,
    /// Jobs without a result.
    open: usize,
}

impl Queue {
    pub fn new(options: Options, waiting: Waiting) -> Queue {
        if options.background {
            let (worker, waited, done) = (Worker::None, Waited::default(), VecDeque::new());
            Queue::Behind(Behind { options, waiting, worker, waited, done })
        } else {
            Queue::Here { compiler: Box::new(Compiler::new(options)), done: VecDeque::new() }
        }
    }

    pub fn submit(&mut self, job: Job) {
        match self {
            Queue::Here { compiler, done } => done.push_back(compiler.run(job)),
            Queue::Behind(behind) => behind.submit(job),
        }
    }

    /// The next finished job, if there is one.
    pub fn finished(&mut self) -> Option<Finished> {
        match self {
            Queue::Here { done, .. } => done.pop_front(),
            Queue::Behind(behind) => behind.finished(),
        }
    }
}

impl Behind {
    fn submit(&mut self, job: Job) {
        let (started, most) = (Instant::now(), self.waited.left(&self.waiting));
        let fits = most >= SMALL_TIME && job.size() <= SMALL && stack::remaining() >= SMALL_STACK;
        let worker = std::mem::replace(&mut self.worker, Worker::None);
        self.worker = match worker {
            Worker::None if fits => self.run(Box::new(Compiler::new(self.options.clone())), job),
            Worker::Own(compiler) if fits => self.run(compiler, job),
            Worker::None => self.hand_over(Box::new(Compiler::new(self.options.clone())), job, most),
            Worker::Own(compiler) => self.hand_over(compiler, job, most),
            Worker::Thread(mut link) => {
                link.submit(job, most, &mut self.done);
                Worker::Thread(link)
            }
            broken @ Worker::Broken { .. } => broken,
        };
        self.waited.total += started.elapsed();
    }

    /// Does a job at once.
    fn run(&mut self, mut compiler: Box<Compiler>, job: Job) -> Worker {
        let finished = attempt(&mut compiler, job);
        let panicked = matches!(finished.result, Err(Refusal::Panicked));
        self.done.push_back(finished);
        if panicked { Worker::Broken { _compiler: compiler } } else { Worker::Own(compiler) }
    }

    /// Starts the thread. Without one the job stays undone, and its place in the VM.
    fn hand_over(&mut self, compiler: Box<Compiler>, job: Job, most: Duration) -> Worker {
        match Link::start(compiler) {
            Ok(mut link) => {
                link.submit(job, most, &mut self.done);
                Worker::Thread(link)
            }
            Err(compiler) => Worker::Own(compiler),
        }
    }

    fn finished(&mut self) -> Option<Finished> {
        if let Worker::Thread(link) = &mut self.worker {
            link.collect(&mut self.done);
        }
        self.done.pop_front()
    }
}

/// Does a job. After a panic the compiler is in no known state.
fn attempt(compiler: &mut Compiler, job: Job) -> Finished {
    let place = job.place;
    let ran = catch_unwind(AssertUnwindSafe(|| compiler.run(job)));
    let refused = |_| Finished { place, functions: Vec::new(), listings: Vec::new(), result: Err(Refusal::Panicked) };
    ran.unwrap_or_else(refused)
}

impl Link {
    /// Gives the compiler back if there can be no thread: its code may be in use.
    fn start(compiler: Box<Compiler>) -> Result<Link, Box<Compiler>> {
        let (jobs, to_do) = channel::<Job>();
        let (done, results) = channel();
        let (give, given) = channel::<Box<Compiler>>();
        let work = move || {
            let Ok(mut compiler) = given.recv() else { return };
            while let Ok(job) = to_do.recv() {
                let finished = attempt(&mut compiler, job);
                let panicked = matches!(finished.result, Err(Refusal::Panicked));
                if done.send(finished).is_err() || panicked {
                    break;
                }
            }
            // Code lives as long as the queue.
            while to_do.recv().is_ok() {}
        };
        if std::thread::Builder::new().name("ruff-jit".to_owned()).stack_size(STACK).spawn(work).is_err() {
            return Err(compiler);
        }
        give.send(compiler).map_err(|unsent| unsent.0)?;
        Ok(Link { jobs, results, open: 0 })
    }

    /// Sends a job, and waits for all that are open, but not longer than `most`.
    fn submit(&mut self, job: Job, most: Duration, done: &mut VecDeque<Finished>) {
        if self.jobs.send(job).is_err() {
            return;
        }
        self.open += 1;
        let started = Instant::now();
        while self.open > 0 {
            match self.results.recv_timeout(most.saturating_sub(started.elapsed())) {
                Ok(finished) => self.keep(finished, done),
                Err(_) => break,
            }
        }
    }

    fn collect(&mut self, done: &mut VecDeque<Finished>) {
        while let Ok(finished) = self.results.try_recv() {
            self.keep(finished, done);
        }
    }

    fn keep(&mut self, finished: Finished, done: &mut VecDeque<Finished>) {
        self.open -= 1;
        done.push_back(finished);
    }
}
