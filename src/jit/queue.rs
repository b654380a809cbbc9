//! Between the program's thread and the compiler: jobs go one way, finished code comes back, in the same order.
//!
//! The thread is started with the first job and ends with the queue. It never touches values, so a program does not notice
//! it but for the code that is there one day.
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::compiler::{Compiler, Finished, Job, Refusal};
use super::options::Options;

/// Native stack of the compile thread. Its depth follows the nesting of loops and calls, not the size of functions.
const STACK: usize = 8 << 20;

/// Where jobs are done.
pub enum Queue {
    /// At once.
    Here { compiler: Box<Compiler>, done: VecDeque<Finished> },
    /// On a thread of their own; nothing of it is there before the first job.
    Behind { options: Options, thread: Option<Link> },
}

/// Both ways to and from the thread.
pub struct Link {
    jobs: Sender<Job>,
    done: Receiver<Finished>,
}

impl Queue {
    pub fn new(options: Options) -> Queue {
        if options.background {
            Queue::Behind { options, thread: None }
        } else {
            Queue::Here { compiler: Box::new(Compiler::new(options)), done: VecDeque::new() }
        }
    }

    pub fn submit(&mut self, job: Job) {
        match self {
            Queue::Here { compiler, done } => done.push_back(compiler.run(job)),
            Queue::Behind { options, thread } => {
                if thread.is_none() {
                    *thread = Link::start(options.clone());
                }
                // Without a thread the job stays undone, and its place in the VM.
                if let Some(link) = thread {
                    let _ = link.jobs.send(job);
                }
            }
        }
    }

    /// The next finished job, if there is one.
    pub fn finished(&mut self) -> Option<Finished> {
        match self {
            Queue::Here { done, .. } => done.pop_front(),
            Queue::Behind { thread, .. } => thread.as_ref()?.done.try_recv().ok(),
        }
    }
}

impl Link {
    fn start(options: Options) -> Option<Link> {
        let (jobs, to_do) = channel::<Job>();
        let (results, done) = channel();
        let work = move || {
            let mut compiler = Compiler::new(options);
            while let Ok(job) = to_do.recv() {
                let place = job.place;
                let ran = catch_unwind(AssertUnwindSafe(|| compiler.run(job)));
                let panicked = ran.is_err();
                let refused = |_| Finished { place, functions: Vec::new(), result: Err(Refusal::Panicked) };
                // After a panic the compiler is in no known state: its code stays, nothing is added.
                if results.send(ran.unwrap_or_else(refused)).is_err() || panicked {
                    break;
                }
            }
            // Code lives as long as the queue.
            while to_do.recv().is_ok() {}
        };
        std::thread::Builder::new().name("ruff-jit".to_owned()).stack_size(STACK).spawn(work).ok()?;
        Some(Link { jobs, done })
    }
}
