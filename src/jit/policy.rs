//! When hot code is compiled, when code is given up, and when trying stops. Every number of it is here.
//!
//! A *place* is where compiled code can be entered: the start of a function, or the head of one of its loops.
use std::time::Duration;

use ahash::{AHashMap, AHashSet};

use super::foresight::Foresight;
use super::options::Options;
use super::profile::{FRONT, LARGE};
use super::queue;
use crate::bytecode::op::Op;
use crate::vm::function::CALL_INTERVAL;
use crate::vm::tier::{Entry, Patience};

/// The numbers.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    pub patience: Patience,
    /// Reports of a hot loop before it is compiled.
    pub loop_reports: u32,
    /// The same for a loop in others that have hardly turned: once it has ended, the outer one can be compiled, without a copy of the inner one
    /// that only does the rest of one turn.
    pub inner_reports: u32,
    /// Reports of a hot function that is small enough to become part of its callers: the loop that calls it is compiled before.
    pub small_reports: u32,
    /// How many times as many once it is part of a caller: most of its calls may be none any more.
    pub inlined_reports: u32,
    /// How many times as many if most of its work is the runtime's: that does not become faster.
    pub runtime_reports: u32,
    /// Turns after which a loop around a hot one is compiled instead of that, and reports of the hot one to wait for its end.
    pub outer_turns: u32,
    pub outer_reports: u32,
    /// Instructions of a loop that is compiled as part of the loops around it as well, while those have made few turns. If one of them has made
    /// many, the code of a loop goes on in it, however long.
    pub twice_size: usize,
    /// A small function of that many calls is compiled as part of the loop that calls it instead of its own loop, if that makes fewer than so many
    /// turns in one call.
    pub many_calls: u32,
    pub few_turns: u32,
    /// A function of that many calls is compiled instead of its loop if that makes fewer than so many turns in one call: the next call comes
    /// sooner than the code of the loop would be worth its time, and has all loops of the function.
    pub several_calls: u32,
    pub some_turns: u32,
    /// Failed checks at one instruction after which the code that contains it is given up.
    pub storm: u32,
    /// The same where a call meets another function: it will meet it again, and the next code knows both.
    pub callee_storm: u32,
    /// The same for all instructions of one code together.
    pub storms: u32,
    /// Compilations of one place. The last one leaves every instruction that ever failed a check to the VM.
    pub most_compiles: u32,
    /// The first ones, which guess what loops meet under branches and add to their counters.
    pub guessing_compiles: u32,
    /// Instructions that must be compiled for each one left to the VM: entering the VM costs about as much as they save.
    pub worth: usize,
    /// Codes of one loop for variables of different kinds.
    pub variants: usize,
    /// Calls until a function whose code was given up for the second time is compiled again; four times as many each time.
    pub rest: u32,
    /// When compiling begins.
    pub begins: Foresight,
    /// How long a program waits for code.
    pub waits: queue::Waiting,
}

impl Policy {
    pub fn new(options: &Options) -> Policy {
        let usual = Policy {
            patience: Patience { calls: CALL_INTERVAL, turns: CALL_INTERVAL },
            loop_reports: 3,
            inner_reports: 12,
            small_reports: 4,
            inlined_reports: 4,
            runtime_reports: 4,
            outer_turns: 2,
            twice_size: 12,
            outer_reports: 12,
            many_calls: 32,
            few_turns: 32,
            several_calls: 4,
            some_turns: 512,
            storm: 50,
            callee_storm: 6,
            storms: 200,
            most_compiles: 5,
            guessing_compiles: 2,
            worth: 4,
            variants: 4,
            rest: 1000,
            begins: Foresight { run: Duration::from_millis(1), left: Duration::from_millis(2) },
            waits: queue::Waiting { once: Duration::from_millis(5), allowance: Duration::from_millis(20), share: 2.0 },
        };
        let hostile = Policy {
            loop_reports: 1,
            inner_reports: 1,
            small_reports: 1,
            inlined_reports: 1,
            runtime_reports: 1,
            outer_turns: u32::MAX,
            storm: 5,
            callee_storm: 1,
            storms: 20,
            worth: 0,
            rest: 2,
            begins: Foresight::AT_ONCE,
            ..usual
        };
        let policy = if options.eager {
            Policy { patience: Patience { calls: 1, turns: 1 }, ..hostile }
        } else if options.churn || options.exit_every.is_some() {
            Policy { patience: Patience { calls: 3, turns: 3 }, ..hostile }
        } else if options.background {
            usual
        } else {
            Policy { begins: Foresight::AT_ONCE, ..usual }
        };
        Policy { begins: options.begins.unwrap_or(policy.begins), ..policy }
    }
}

/// What an instruction that the runtime does takes, in instructions of the VM.
const RUNTIME_WORK: usize = 10;

/// Is most of the work of these instructions the runtime's, compiled or not?
pub fn is_runtime_work(code: &[Op]) -> bool {
    let by_runtime =
        |op: &&Op| matches!(op, Op::MakeArray { .. } | Op::MakeDict { .. } | Op::Interp { .. } | Op::InterpAppend { .. });
    let count = code.iter().filter(by_runtime).count();
    count * RUNTIME_WORK > code.len() - count
}

/// A place: `FnId` of the function; offset behind the loop's head, or nothing for the function's start.
pub type Place = (u32, Option<u32>);

/// What is known of a place.
#[derive(Clone, Debug, Default)]
struct Record {
    /// Reports of heat since the last compilation.
    reports: u32,
    compiles: u32,
    /// Several for a loop entered with variables of different kinds or other functions. Asked from the end on: what is made for certain
    /// functions, the newest last, stands behind what is made for any.
    codes: Vec<Entry>,
    refused: bool,
    pending: bool,
    /// Reports to wait for after it was refused.
    resting: u32,
    /// Checks leave with the state of their own instruction.
    exact: bool,
    /// A loop inside is hot.
    wanted: bool,
    /// Reports for which a loop around this one was asked for instead.
    yielded: u32,
}

/// What to do with a hot place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision {
    Enter(Entry),
    Compile,
    Wait(u32),
    Never,
}

/// How far a place is that was to be compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    Code(Entry),
    Pending,
    /// Refused, for now.
    Resting,
    Refused,
}

/// What happened at each place so far.
#[derive(Debug, Default)]
pub struct Ledger {
    places: AHashMap<Place, Record>,
    /// Instructions of a function that left compiled code too often: they are left to the VM.
    poisoned: AHashMap<u32, Vec<u32>>,
    /// Instructions that have failed a check at all.
    failed: AHashMap<u32, AHashSet<u32>>,
    /// Functions whose parameters are of several kinds.
    any_params: AHashSet<u32>,
}

impl Ledger {
    /// A place is hot; `reports`: that many are wanted before it is compiled first; `code`: what it can be entered by now.
    pub fn report(&mut self, place: Place, reports: u32, policy: &Policy, code: Option<Entry>) -> Decision {
        if let Some(entry) = code {
            return Decision::Enter(entry);
        }
        let record = self.places.entry(place).or_default();
        if record.refused {
            return Decision::Never;
        }
        if record.pending {
            return Decision::Wait(policy.patience.calls);
        }
        if record.codes.len() >= policy.variants {
            return Decision::Wait(policy.patience.calls);
        }
        if record.resting > 0 {
            record.resting -= 1;
            return Decision::Wait(policy.rest);
        }
        record.reports += 1;
        let is_variant = !record.codes.is_empty();
        let wanted = match place.1 {
            None if record.compiles == 0 => reports,
            None => 1,
            Some(_) if is_variant => policy.loop_reports,
            Some(_) => reports << (2 * record.compiles.min(8)),
        };
        if record.reports < wanted && !std::mem::take(&mut record.wanted) {
            return Decision::Wait(1);
        }
        record.reports = 0;
        record.compiles += u32::from(!is_variant);
        record.pending = true;
        if place.1.is_some() {
            self.forget_call(place.0);
        }
        Decision::Compile
    }

    /// A loop of a function is compiled: its start is wanted no more than before.
    fn forget_call(&mut self, function: u32) {
        if let Some(start) = self.places.get_mut(&(function, None)).filter(|start| start.compiles == 0) {
            start.wanted = false;
        }
    }

    /// A loop is hot, and a loop around it is to be compiled instead: whether to wait for that.
    pub fn yields(&mut self, inner: Place, outer: Place, policy: &Policy) -> bool {
        let around = self.places.entry(outer).or_default();
        if around.refused || around.resting > 0 {
            return false;
        }
        if around.pending {
            return true;
        }
        around.wanted = true;
        let record = self.places.entry(inner).or_default();
        record.yielded += 1;
        record.yielded <= policy.outer_reports && record.codes.is_empty() && !record.pending
    }

    /// A loop is hot in a function that is called so often that the code of its start is worth more, which is to be compiled, or is there
    /// for the next call: whether to wait for that. If no call comes soon, the loop is compiled.
    pub fn yields_to_call(&mut self, (function, head): Place, policy: &Policy) -> bool {
        let start = self.places.entry((function, None)).or_default();
        if start.codes.is_empty() {
            if start.refused || (start.compiles > 0 && !start.wanted) {
                return false;
            }
            start.wanted = true;
        }
        let record = self.places.entry((function, head)).or_default();
        record.yielded += 1;
        record.yielded <= policy.outer_reports && record.codes.is_empty() && !record.pending
    }

    /// `is_special`: it is made for certain functions.
    pub fn compiled(&mut self, place: Place, entry: Entry, is_special: bool) {
        let record = self.places.entry(place).or_default();
        let at = if is_special { record.codes.len() } else { 0 };
        record.codes.insert(at, entry);
        record.pending = false;
    }

    /// A place stays in the VM: for good, or until it has been reported so many more times.
    pub fn refused(&mut self, place: Place, for_good: bool, policy: &Policy) {
        let record = self.places.entry(place).or_default();
        record.pending = false;
        record.refused = for_good || record.compiles >= policy.most_compiles;
        record.resting = 1 << (2 * record.compiles.clamp(1, 8));
    }

    /// Code of a place is given up; `left` are the instructions it left at too often. Gives the number of calls to wait
    /// before it is compiled again; nothing if it is not.
    pub fn discarded(&mut self, place: Place, code: Entry, left: &[(u32, u32)], policy: &Policy) -> Option<u32> {
        for &at in left {
            self.left_too_often(place, at);
        }
        let record = self.places.entry(place).or_default();
        record.codes.retain(|other| *other != code);
        record.reports = 0;
        if record.compiles + 1 == policy.most_compiles {
            for (function, instructions) in &self.failed {
                self.poisoned.entry(*function).or_default().extend(instructions);
            }
        }
        record.refused |= record.compiles >= policy.most_compiles;
        // Where it left to what the VM had not reached before, nothing was guessed wrong: the VM knows it by now.
        // The first time, the next code at once knows better: meanwhile the VM would be slow, and have loops compiled for themselves.
        let is_known = left.is_empty() || record.compiles == 1;
        record.wanted |= is_known;
        let rest = if is_known { 0 } else { policy.rest.saturating_mul(1 << (2 * record.compiles.clamp(1, 8) - 2)) };
        (!record.refused).then_some(rest)
    }

    fn left_too_often(&mut self, place: Place, (function, pc): (u32, u32)) {
        let compiles = self.places.get(&place).map_or(0, |record| record.compiles);
        match place.1 {
            // Where code begins, what it expects of parameters or of a loop's variables has failed first of all.
            None if function == place.0 && pc == 0 && self.any_params.insert(function) => {}
            Some(head) if function == place.0 && pc == head && compiles < 2 => {}
            _ => {
                let poisoned = self.poisoned.entry(function).or_default();
                // Where taking numbers for large did not help, nothing is checked in front of the loop any more.
                let fails_again = pc & LARGE != 0 && poisoned.contains(&pc);
                poisoned.push(if fails_again { pc & !LARGE | FRONT } else { pc });
            }
        }
    }

    /// A check at this instruction has failed.
    pub fn failed(&mut self, function: u32, pc: u32) {
        self.failed.entry(function).or_default().insert(pc);
    }

    /// Is this the last time that the place is compiled?
    pub fn is_last(&self, place: Place, policy: &Policy) -> bool {
        self.places.get(&place).is_some_and(|record| record.compiles >= policy.most_compiles)
    }

    /// The code of a place left too often, and it is not known at which instruction.
    pub fn wants_exact(&mut self, place: Place) {
        self.places.entry(place).or_default().exact = true;
    }

    /// Has the place been compiled so often that nothing more is guessed in front of its loops? There are only so many compilations, and
    /// each loop may fail in a phase of its own.
    pub fn is_careful(&self, place: Place, policy: &Policy) -> bool {
        self.places.get(&place).is_some_and(|record| record.compiles > policy.guessing_compiles)
    }

    pub fn is_exact(&self, place: Place) -> bool {
        self.places.get(&place).is_some_and(|record| record.exact)
    }

    pub fn poisoned(&self) -> &AHashMap<u32, Vec<u32>> {
        &self.poisoned
    }

    pub fn takes_any_params(&self, function: u32) -> bool {
        self.any_params.contains(&function)
    }

    pub fn state(&self, place: Place) -> State {
        match self.places.get(&place) {
            Some(Record { pending: true, .. }) => State::Pending,
            Some(Record { codes, refused, .. }) => match codes.last() {
                Some(entry) => State::Code(*entry),
                None if *refused => State::Refused,
                None => State::Resting,
            },
            None => State::Refused,
        }
    }

    pub fn is_compiled(&self, place: Place) -> bool {
        self.places.get(&place).is_some_and(|record| !record.codes.is_empty())
    }

    /// The code of a place to enter, of those that fit.
    pub fn fitting(&self, place: Place, fits: impl Fn(Entry) -> bool) -> Option<Entry> {
        self.codes(place).iter().rev().copied().find(|entry| fits(*entry))
    }

    /// The codes of a place.
    pub fn codes(&self, place: Place) -> &[Entry] {
        self.places.get(&place).map_or(&[], |record| &record.codes)
    }

    /// Whether this is one of the codes that the place is entered with.
    pub fn has_code(&self, place: Place, entry: Entry) -> bool {
        self.places.get(&place).is_some_and(|record| record.codes.contains(&entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> Policy {
        Policy::new(&Options::default())
    }

    fn wanted(place: Place) -> u32 {
        if place.1.is_none() { 1 } else { policy().loop_reports }
    }

    #[test]
    fn a_loop_is_compiled_at_its_third_report_once_more_at_once_and_rests_longer_from_then_on() {
        let (policy, place, mut ledger) = (policy(), (900, Some(4)), Ledger::default());
        let mut reports = Vec::new();
        for _ in 0..3 {
            let count = (1..).find(|_| {
                ledger.report(place, wanted(place), &policy, ledger.fitting(place, |_| true)) == Decision::Compile
            });
            reports.push(count.unwrap_or(0));
            ledger.compiled(place, Entry(0), false);
            assert_eq!(
                ledger.report(place, wanted(place), &policy, ledger.fitting(place, |_| true)),
                Decision::Enter(Entry(0))
            );
            assert!(ledger.discarded(place, Entry(0), &[(900, 9)], &policy).is_some());
        }
        assert_eq!(reports, [3, 1, 48]);
        assert_eq!(ledger.poisoned()[&900], [9, 9, 9]);
    }

    #[test]
    fn a_loop_has_several_codes_for_variables_of_other_kinds() {
        let (policy, place, mut ledger) = (policy(), (900, Some(4)), Ledger::default());
        for code in 0..policy.variants as u32 {
            let count = (1..).find(|_| ledger.report(place, wanted(place), &policy, None) == Decision::Compile);
            assert_eq!(count, Some(policy.loop_reports));
            ledger.compiled(place, Entry(code), false);
        }
        assert!(matches!(ledger.report(place, wanted(place), &policy, None), Decision::Wait(_)));
        assert_eq!(
            ledger.report(place, wanted(place), &policy, ledger.fitting(place, |entry| entry == Entry(1))),
            Decision::Enter(Entry(1))
        );
    }

    #[test]
    fn a_loop_waits_for_a_call_for_some_time_only() {
        let (policy, place, mut ledger) = (policy(), (900, Some(4)), Ledger::default());
        let waits = (0..).take_while(|_| ledger.yields_to_call(place, &policy)).count();
        assert_eq!(waits, policy.outer_reports as usize);
        while ledger.report(place, wanted(place), &policy, ledger.fitting(place, |_| true)) != Decision::Compile {}
        assert_eq!(ledger.report((900, None), 2, &policy, ledger.fitting((900, None), |_| true)), Decision::Wait(1));
        assert!(ledger.yields_to_call((901, Some(4)), &policy));
        assert_eq!(ledger.report((901, None), 2, &policy, ledger.fitting((901, None), |_| true)), Decision::Compile);
        assert!(!ledger.yields_to_call((901, Some(4)), &policy));
        // Once the code is there, the next call enters it.
        ledger.compiled((901, None), Entry(0), false);
        let waits = (0..).take_while(|_| ledger.yields_to_call((901, Some(8)), &policy)).count();
        assert_eq!(waits, policy.outer_reports as usize);
    }

    #[test]
    fn code_for_certain_functions_comes_before_code_for_any() {
        let (place, mut ledger) = ((900, Some(4)), Ledger::default());
        for (code, is_special) in [(0, true), (1, true), (2, false)] {
            ledger.compiled(place, Entry(code), is_special);
        }
        assert_eq!(ledger.fitting(place, |entry| entry != Entry(1)), Some(Entry(0)));
        assert_eq!(ledger.fitting(place, |entry| entry == Entry(2)), Some(Entry(2)));
    }

    #[test]
    fn trying_stops() {
        let (policy, place, mut ledger) = (policy(), (900, None), Ledger::default());
        let mut rests = Vec::new();
        while ledger.report(place, wanted(place), &policy, ledger.fitting(place, |_| true)) == Decision::Compile {
            ledger.compiled(place, Entry(0), false);
            rests.push(ledger.discarded(place, Entry(0), &[(900, 9)], &policy));
        }
        assert_eq!(rests, [Some(0), Some(4000), Some(16000), Some(64000), None]);
        assert_eq!(ledger.report(place, wanted(place), &policy, ledger.fitting(place, |_| true)), Decision::Never);
    }

    #[test]
    fn code_that_only_left_to_what_was_new_is_made_again_at_once() {
        let (policy, place, mut ledger) = (policy(), (900, Some(4)), Ledger::default());
        while ledger.report(place, wanted(place), &policy, ledger.fitting(place, |_| true)) != Decision::Compile {}
        ledger.compiled(place, Entry(0), false);
        assert_eq!(ledger.discarded(place, Entry(0), &[], &policy), Some(0));
        assert_eq!(ledger.report(place, wanted(place), &policy, ledger.fitting(place, |_| true)), Decision::Compile);
    }

    #[test]
    fn what_was_left_to_the_vm_for_now_is_tried_again() {
        let (policy, place, mut ledger) = (policy(), (900, None), Ledger::default());
        let mut waited = Vec::new();
        for _ in 0..policy.most_compiles {
            waited.push((0..).find(|_| {
                ledger.report(place, wanted(place), &policy, ledger.fitting(place, |_| true)) == Decision::Compile
            }));
            ledger.refused(place, false, &policy);
        }
        assert_eq!(waited, [0, 4, 16, 64, 256].map(Some));
        assert_eq!(ledger.report(place, wanted(place), &policy, ledger.fitting(place, |_| true)), Decision::Never);
    }

    #[test]
    fn before_the_last_time_all_that_ever_failed_is_poisoned() {
        let (policy, place, mut ledger) = (policy(), (900, None), Ledger::default());
        ledger.failed(901, 7);
        for compile in 1..policy.most_compiles {
            assert_eq!(ledger.report(place, wanted(place), &policy, ledger.fitting(place, |_| true)), Decision::Compile);
            ledger.compiled(place, Entry(0), false);
            ledger.discarded(place, Entry(0), &[], &policy);
            assert_eq!(ledger.poisoned().contains_key(&901), compile + 1 == policy.most_compiles);
        }
    }

    #[test]
    fn parameters_that_differ_are_not_speculated_before_an_instruction_is_given_up() {
        let (policy, place, mut ledger) = (policy(), (900, None), Ledger::default());
        ledger.report(place, wanted(place), &policy, ledger.fitting(place, |_| true));
        ledger.discarded(place, Entry(0), &[(900, 0)], &policy);
        assert!(ledger.takes_any_params(900) && ledger.poisoned().is_empty());
        ledger.discarded(place, Entry(0), &[(900, 0)], &policy);
        assert_eq!(ledger.poisoned()[&900], [0]);
    }
}
