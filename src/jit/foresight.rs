//! Whether a program will run long enough for machine code to be worth its time.
//!
//! Compiling takes milliseconds, and most scripts are over before: so nothing is compiled until a program has run for a while, which is
//! the best guess that it goes on for as long again. What is known is not guessed: a loop that counts, or goes through an array, tells
//! how many turns are left, and its turns so far tell what one takes.
use std::time::{Duration, Instant};

use super::build;
use crate::bytecode::op::Op;
use crate::value::Value;
use crate::vm::Vm;
use crate::vm::stack::{FnRef, Fp};

/// When compiling may begin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Foresight {
    /// The program has run so long since something was hot first.
    pub run: Duration,
    /// Loops have so much left.
    pub left: Duration,
}

/// Frames that are looked at, the innermost first.
const FRAMES: usize = 8;

impl Foresight {
    pub const AT_ONCE: Foresight = Foresight { run: Duration::ZERO, left: Duration::ZERO };

    /// `since`: when something was hot first; `hot`: the loop that is, by its function and head.
    pub fn sees_enough(&self, vm: &Vm, since: Instant, hot: Option<(FnRef, usize)>) -> bool {
        let run = since.elapsed();
        let hot = hot.map(|(function, head)| (function, head, vm.current_frame()));
        let mut frames = hot.into_iter().chain(vm.callers()).take(FRAMES);
        run >= self.run || frames.any(|(function, pc, fp)| left(function, pc, fp, run) >= self.left)
    }
}

/// The most that a loop around an instruction has left, if all the time so far was its.
fn left(function: FnRef, pc: usize, fp: Fp, run: Duration) -> Duration {
    let around = build::loops(function.code()).filter(|range| range.contains(&(pc as u32)));
    let left = around.filter_map(|range| {
        let turns = turns_left(&function.code()[range.end as usize - 1], fp)?;
        Some(run.mul_f64(turns.max(0) as f64 / f64::from(function.turns(range.start).max(1))))
    });
    left.max().unwrap_or_default()
}

/// The turns that a loop has left, if its last instruction and its state tell.
fn turns_left(step: &Op, fp: Fp) -> Option<i64> {
    match *step {
        Op::ForRangeNext { state, .. } => fp.int(state + 1)?.checked_sub(fp.int(state)?),
        Op::ForStepsNext { state, .. } => {
            let (at, end, step) = (fp.int(state)?, fp.int(state + 1)?, fp.int(state + 2)?);
            end.checked_sub(at)?.checked_div(step)
        }
        Op::ForNext { state, .. } | Op::ForNextPair { state, .. } => match fp.get(state) {
            Value::Int(at) => fp.int(state + 1)?.checked_sub(*at),
            Value::Array(items) => Some(items.len() as i64 - fp.int(state + 1)?),
            _ => None,
        },
        _ => None,
    }
}
