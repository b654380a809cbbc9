//! Between the program's thread and the compiler: jobs go one way, finished code comes back, in the same order.
//!
//! The thread is started with the first job and ends with the queue. It never touches values, so a program does not notice
//! it but for the code that is there one day. Most code is there so soon that the program waits for it: until then it would
//! get nowhere, and take a second core for that. How long it may wait is bounded, see [`Waiting`].
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::compiler::{Compiler, Finished, Job, Refusal};
use super::options::Options;

/// Native stack of the compile thread. Its depth follows the nesting of loops and calls, not the size of functions.
const STACK: usize = 8 << 20;

/// Where jobs are done.
pub enum Queue {
    /// At once.
    Here { compiler: Box<Compiler>, done: VecDeque<Finished> },
    /// On a thread of their own; nothing of it is there before the first job.
    Behind { options: Options, thread: Option<Link>, waiting: Waiting },
}

/// How long a program waits for code instead of going on in the VM.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// For one job at most.
    pub once: Duration,
    /// In all at most this long, and this share of the time since the first job.
    pub allowance: Duration,
    pub share: f64,
}

/// Time spent waiting.
struct Waited {
    since: Instant,
    total: Duration,
}

impl Waited {
    /// How long to wait now.
    fn left(&self, waiting: &Waiting) -> Duration {
        let allowed = waiting.allowance + self.since.elapsed().mul_f64(waiting.share);
        allowed.saturating_sub(self.total).min(waiting.once)
    }
}

/// Both ways to and from the thread.
pub struct Link {
    jobs: Sender<Job>,
    results: Receiver<Finished>,
    /// Results not asked for yet, and jobs without a result.
    done: VecDeque<Finished>,
    open: usize,
    waited: Waited,
}

impl Queue {
    pub fn new(options: Options, waiting: Waiting) -> Queue {
        if options.background {
            Queue::Behind { options, thread: None, waiting }
        } else {
            Queue::Here { compiler: Box::new(Compiler::new(options)), done: VecDeque::new() }
        }
    }

    pub fn submit(&mut self, job: Job) {
        match self {
            Queue::Here { compiler, done } => done.push_back(compiler.run(job)),
            Queue::Behind { options, thread, waiting } => {
                if thread.is_none() {
                    *thread = Link::start(options.clone());
                }
                // Without a thread the job stays undone, and its place in the VM.
                if let Some(link) = thread {
                    link.submit(job, waiting);
                }
            }
        }
    }

    /// The next finished job, if there is one.
    pub fn finished(&mut self) -> Option<Finished> {
        match self {
            Queue::Here { done, .. } => done.pop_front(),
            Queue::Behind { thread, .. } => thread.as_mut()?.finished(),
        }
    }
}

impl Link {
    fn start(options: Options) -> Option<Link> {
        let (jobs, to_do) = channel::<Job>();
        let (done, results) = channel();
        let work = move || {
            let mut compiler = Compiler::new(options);
            while let Ok(job) = to_do.recv() {
                let place = job.place;
                let ran = catch_unwind(AssertUnwindSafe(|| compiler.run(job)));
                let panicked = ran.is_err();
                let refused =
                    |_| Finished { place, functions: Vec::new(), listings: Vec::new(), result: Err(Refusal::Panicked) };
                // After a panic the compiler is in no known state: its code stays, nothing is added.
                if done.send(ran.unwrap_or_else(refused)).is_err() || panicked {
                    break;
                }
            }
            // Code lives as long as the queue.
            while to_do.recv().is_ok() {}
        };
        std::thread::Builder::new().name("ruff-jit".to_owned()).stack_size(STACK).spawn(work).ok()?;
        let waited = Waited { since: Instant::now(), total: Duration::ZERO };
        Some(Link { jobs, results, done: VecDeque::new(), open: 0, waited })
    }

    fn submit(&mut self, job: Job, waiting: &Waiting) {
        if self.jobs.send(job).is_err() {
            return;
        }
        self.open += 1;
        let (started, most) = (Instant::now(), self.waited.left(waiting));
        while self.open > 0 {
            match self.results.recv_timeout(most.saturating_sub(started.elapsed())) {
                Ok(finished) => self.keep(finished),
                Err(_) => break,
            }
        }
        self.waited.total += started.elapsed();
    }

    fn finished(&mut self) -> Option<Finished> {
        while let Ok(finished) = self.results.try_recv() {
            self.keep(finished);
        }
        self.done.pop_front()
    }

    fn keep(&mut self, finished: Finished) {
        self.open -= 1;
        self.done.push_back(finished);
    }
}
