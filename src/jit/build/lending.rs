//! Which parameters a function's compiled callers lend it instead of giving them away.
//!
//! A parameter that is only looked at need not be counted for the call: whoever calls holds it meanwhile, through a variable, a
//! part of one, or what was lent to the caller itself. In the callee it is a value that lives as long as the code runs
//! ([`super::state::Lender::Constant`]): what stores, captures or returns it after all counts it, leaving does so for the VM's frame, and
//! changing it in place finds it shared. So the choice decides about speed alone; but callers and callee are compiled at different times
//! and must agree, so that it is made once for each function ([`super::Flows::lent`]).
//!
//! Must not: lend what the function may change in place or give away, nor what it takes apart to do so with a part. An array that is
//! handed on from its last use to a `push` would be copied by it each time, and so would one out of a state that is handed on.
use std::sync::Arc;

use ahash::AHashMap;

use super::ops::is_arithmetic;
use crate::builtins::{self, BuiltinId, N_BUILTINS};
use crate::bytecode::chunk::{Access, Chunk, Root};
use crate::bytecode::op::{Op, OperandKind};
use crate::jit::profile::{FunctionProfile, Site};

/// Parameters lent at most: two words each in registers.
const MOST_LENT: usize = 3;

/// A function without calls that is not longer is mostly inlined.
const SHORT: usize = 24;

/// Functions that are looked at for one: those that it calls, those that they call, and so on.
const MOST_FUNCTIONS: usize = 16;

/// What is known of functions, by `FnId`.
type Functions = AHashMap<u32, Arc<FunctionProfile>>;

/// The parameters that are lent, in order.
pub fn lent(function: u32, functions: &Functions) -> Arc<[u16]> {
    let Some(profile) = functions.get(&function) else { return Arc::default() };
    let code = &profile.chunk.code;
    if is_short(code) {
        return Arc::default();
    }
    // One that is handed on depends on those that get it: all are taken to be lent until one is not.
    let mut lent = reached(function, functions);
    while (0..lent.len()).any(|at| {
        let profile = &functions[&lent[at].0];
        let is_lent = |param: &u16| {
            let uses = Uses::of(profile, *param, &lent);
            uses.are_reads() && !uses.parts_are_kept()
        };
        let kept: Vec<u16> = lent[at].1.iter().copied().filter(is_lent).collect();
        let fewer = kept.len() < lent[at].1.len();
        lent[at].1 = kept;
        fewer
    }) {}
    lent[0].1.iter().copied().take(MOST_LENT).collect()
}

/// Is a function so short that it is mostly inlined?
pub(super) fn is_short(code: &[Op]) -> bool {
    code.len() <= SHORT && !code.iter().any(|op| op.info().effects.call && window(op).is_some())
}

/// The function and those that it may hand something on to, each with the parameters that could be lent.
fn reached(function: u32, functions: &Functions) -> Vec<(u32, Vec<u16>)> {
    let mut found: Vec<(u32, Vec<u16>)> = Vec::new();
    let mut next = vec![function];
    while let Some(function) = next.pop() {
        let Some(profile) = functions.get(&function) else { continue };
        if found.len() == MOST_FUNCTIONS || found.iter().any(|(known, _)| *known == function) {
            continue;
        }
        let first = u16::from(profile.chunk.self_kind.changes());
        found.push((function, (first..profile.chunk.params).collect()));
        next.extend((0..profile.chunk.code.len()).flat_map(|at| callees(profile, at)));
    }
    found
}

/// The functions that an instruction calls, as far as met; none if that is not known.
fn callees(profile: &FunctionProfile, at: usize) -> Vec<u32> {
    match (&profile.chunk.code[at], profile.sites.get(&(at as u32))) {
        (Op::CallFunc { func, .. }, _) => vec![profile.unit_base + profile.chunk.functions[usize::from(*func)]],
        (Op::CallMethod { .. } | Op::CallMethodPlace { .. }, Some(Site::Callees(targets))) => {
            targets.iter().map(|target| target.function).collect()
        }
        _ => Vec::new(),
    }
}

/// The first of the temporaries that an instruction takes for itself.
fn window(op: &Op) -> Option<u16> {
    let mut window = None;
    op.operands(|kind, value| {
        if kind == OperandKind::Window {
            window = Some(value as u16);
        }
    });
    window
}

/// What a function does with a parameter.
struct Uses<'c> {
    profile: &'c FunctionProfile,
    chunk: &'c Chunk,
    /// Parameters that are taken to be lent, by function.
    lent: &'c [(u32, Vec<u16>)],
    /// Locals that may hold it.
    names: Vec<u16>,
    /// Something looks at it, or a copy of it is handed on.
    looks: bool,
    /// Something may change it, or wants it for itself.
    keeps: bool,
}

impl<'c> Uses<'c> {
    fn of(profile: &'c FunctionProfile, param: u16, lent: &'c [(u32, Vec<u16>)]) -> Uses<'c> {
        let mut uses = Uses { profile, chunk: &profile.chunk, lent, names: vec![param], looks: false, keeps: false };
        while uses.find_name() {}
        (0..uses.chunk.code.len()).for_each(|at| uses.instruction(at));
        uses
    }

    fn are_reads(&self) -> bool {
        self.looks && !self.keeps
    }

    /// Another local that it is moved or copied to; false if there is none.
    fn find_name(&mut self) -> bool {
        let another = |op: &Op| match *op {
            Op::Move { dst, src } | Op::Take { dst, src } if self.is_it(src) && !self.is_it(dst) => Some(dst),
            _ => None,
        };
        let found = self.chunk.code.iter().filter_map(another).find(|dst| *dst < self.chunk.locals);
        self.names.extend(found);
        found.is_some()
    }

    fn is_it(&self, register: u16) -> bool {
        self.names.contains(&register)
    }

    fn is_at(&self, root: Root) -> bool {
        matches!(root, Root::Local(local) | Root::LocalCell(local) if self.is_it(local))
    }

    fn instruction(&mut self, at: usize) {
        let op = &self.chunk.code[at];
        match *op {
            Op::Move { dst, src } if self.is_it(src) => self.looks |= dst >= self.chunk.locals,
            Op::Take { dst, src } if self.is_it(src) && dst >= self.chunk.locals => self.taken(at, dst),
            Op::Take { .. } | Op::Clear { .. } | Op::Discard { .. } | Op::RaiseNoMatch { .. } => {}
            Op::ForPrep { state, .. } => self.looks |= self.is_it(state),
            Op::ForNext { .. } | Op::ForNextPair { .. } | Op::ForClose { .. } => {}
            _ => op.operands(|kind, value| self.operand(op, kind, value as u16)),
        }
    }

    /// Its last use is to go to a temporary: what for?
    fn taken(&mut self, at: usize, temporary: u16) {
        let uses = |op: &Op| {
            let mut uses = window(op).is_some_and(|first| first <= temporary + 1);
            op.operands(|kind, value| {
                uses |= kind == OperandKind::PeekWindow && value as u16 <= temporary;
                uses |= kind.is_register() && value as u16 == temporary;
            });
            uses
        };
        let Some(user) = (at + 1..self.chunk.code.len()).find(|at| uses(&self.chunk.code[*at])) else { return };
        match self.chunk.code[user] {
            // The function that is called.
            Op::CallValue { base, .. } if temporary + 1 == base => self.looks = true,
            op if is_look(&op) => self.looks = true,
            _ => self.keeps |= !self.is_lent_on(user, temporary),
        }
    }

    /// Does a call hand it on to functions that are all lent it?
    fn is_lent_on(&self, at: usize, temporary: u16) -> bool {
        let (first, callees) = (self.first_argument(at), callees(self.profile, at));
        let Some(position) = first.and_then(|first| temporary.checked_sub(first)) else { return false };
        // Another method of that name may come by later.
        if position > 0 && !matches!(self.chunk.code[at], Op::CallFunc { .. }) {
            return false;
        }
        let takes = |function: &u32| self.lent.iter().any(|(known, params)| known == function && params.contains(&position));
        !callees.is_empty() && callees.iter().all(takes)
    }

    /// The temporary that becomes the first register of the function called.
    fn first_argument(&self, at: usize) -> Option<u16> {
        match self.chunk.code[at] {
            Op::CallFunc { base, .. } | Op::CallMethod { base, .. } => Some(base),
            Op::CallMethodPlace { base, site, .. } => Some(base + self.chunk.methods[usize::from(site)].keys),
            _ => None,
        }
    }

    /// May something change a part that was read of it, or get one that it may change? Then the part must be alone once the whole is
    /// given up.
    fn parts_are_kept(&self) -> bool {
        let code = &self.chunk.code;
        let mut whole = self.names.clone();
        whole.extend(code.iter().filter_map(|op| moved(op).filter(|(_, from)| self.is_it(*from)).map(|(to, _)| to)));
        let mut parts: Vec<u16> = Vec::new();
        while let Some(another) = code.iter().find_map(|op| another_part(op, &whole, &parts)) {
            parts.push(another);
        }
        !parts.is_empty() && (0..code.len()).any(|at| self.keeps_part(at, &parts))
    }

    /// Does an instruction do more with a part than look at it or hand it on to who only looks?
    fn keeps_part(&self, at: usize, parts: &[u16]) -> bool {
        let op = &self.chunk.code[at];
        let is_part = |register: u16| parts.contains(&register);
        let is_in = |root: Root| matches!(root, Root::Local(local) | Root::LocalCell(local) if is_part(local));
        // What runs through a part has parts of it.
        if steps(op).is_some() || matches!(op, Op::ForPrep { .. } | Op::ForClose { .. }) {
            return false;
        }
        let arguments = |base: u16, count: u8| (base..base + u16::from(count)).filter(|register| is_part(*register));
        match *op {
            Op::CallFunc { argc, base, .. } | Op::CallMethod { argc, base, .. } => {
                return !arguments(base, argc).all(|argument| self.is_lent_on(at, argument));
            }
            Op::CallBuiltin { argc, base, builtin, .. } => {
                let changes = builtins::info(BuiltinId(builtin)).mutating().is_some();
                return changes && arguments(base, argc).next().is_some();
            }
            Op::Return { .. } | Op::Clear { .. } | Op::Discard { .. } | Op::RaiseNoMatch { .. } => return false,
            _ if moved(op).is_some() || is_look(op) => return false,
            _ => {}
        }
        let (mut kept, mut read, mut written) = (false, false, false);
        op.operands(|kind, value| {
            let register = value as u16;
            match kind {
                // A temporary gets something else.
                OperandKind::Write | OperandKind::WritePair => written |= register < self.chunk.locals && is_part(register),
                OperandKind::Read | OperandKind::Peek => read |= is_part(register),
                OperandKind::Path => kept |= is_in(self.chunk.paths[usize::from(register)].root),
                OperandKind::MethodSite => kept |= self.changes_receiver(at, register, &is_in),
                OperandKind::CallSite => {
                    kept |= self.chunk.receiver(op).is_some_and(|path| is_in(self.chunk.paths[usize::from(path)].root))
                }
                OperandKind::Closure => {
                    kept |= self.chunk.closures[usize::from(register)].captures.iter().any(|root| is_in(*root));
                }
                OperandKind::Window | OperandKind::PeekWindow => kept |= parts.iter().any(|part| *part >= register),
                _ => kept |= kind.is_register() && is_part(register),
            }
        });
        kept || (read && (written || !self.is_asked(op)))
    }

    /// May a method called on a part, by a path, change it?
    fn changes_receiver(&self, at: usize, site: u16, is_in: &dyn Fn(Root) -> bool) -> bool {
        let place = self.chunk.methods[usize::from(site)].path.map(|path| &self.chunk.paths[usize::from(path)]);
        if !place.is_some_and(|path| is_in(path.root)) {
            return false;
        }
        let targets = callees(self.profile, at);
        let looks = |function: &u32| match *function < N_BUILTINS as u32 {
            true => builtins::info(BuiltinId(*function as u16)).mutating().is_none(),
            false => self.lent.iter().any(|(known, params)| known == function && params.contains(&0)),
        };
        targets.is_empty() || !targets.iter().all(looks)
    }

    fn operand(&mut self, op: &Op, kind: OperandKind, value: u16) {
        let path = |path: u16| &self.chunk.paths[usize::from(path)];
        match kind {
            OperandKind::Write | OperandKind::WritePair => {}
            OperandKind::Read | OperandKind::Peek if self.is_it(value) => {
                self.looks |= is_look(op);
                self.keeps |= !is_look(op) && !self.is_asked(op);
            }
            OperandKind::State => self.keeps |= (value..value + 3).any(|register| self.is_it(register)),
            OperandKind::Path => {
                let reads = matches!(op, Op::PlaceGetOrNull { .. });
                self.keeps |= !reads && self.is_at(path(value).root);
            }
            OperandKind::MethodSite => self.receiver(op, self.chunk.methods[usize::from(value)].path),
            OperandKind::CallSite => self.receiver(op, self.chunk.receiver(op)),
            OperandKind::Closure => {
                let captures = &self.chunk.closures[usize::from(value)].captures;
                self.keeps |= captures.iter().any(|root| self.is_at(*root));
            }
            _ => self.keeps |= kind.is_register() && self.is_it(value),
        }
    }

    /// A method is called on it or a part of it, which changes neither where it may not be changed.
    fn receiver(&mut self, op: &Op, place: Option<u16>) {
        let Some(path) = place.map(|path| &self.chunk.paths[usize::from(path)]) else { return };
        if matches!(op, Op::CallMethodPlace { .. } | Op::CallArgs { .. }) && self.is_at(path.root) {
            let stays = matches!(path.access, Access::Immutable | Access::ReadonlySelf);
            self.looks |= stays;
            self.keeps |= !stays;
        }
    }

    /// Is it an operand of an instruction that only asks for it, and does not change it for having the same register as the result?
    fn is_asked(&self, op: &Op) -> bool {
        let mut writes = false;
        op.operands(|kind, value| writes |= kind == OperandKind::Write && self.is_it(value as u16));
        match op {
            Op::Truthy { .. } | Op::Not { .. } | Op::Contains { .. } => true,
            Op::JumpIf { .. } | Op::JumpIfNot { .. } | Op::JumpIfNull { .. } | Op::JumpIfNotNull { .. } => true,
            Op::JumpIfPresent { .. } => false,
            _ => (is_arithmetic(op) && !writes) || op.info().operands.iter().any(|(_, kind)| *kind == OperandKind::Jump16),
        }
    }
}

/// Where an instruction that only moves or copies a value puts it, and from where.
fn moved(op: &Op) -> Option<(u16, u16)> {
    match *op {
        Op::Move { dst, src } | Op::Take { dst, src } => Some((dst, src)),
        _ => None,
    }
}

/// What a loop runs through, and the registers that get what comes next.
fn steps(op: &Op) -> Option<(u16, Vec<u16>)> {
    match *op {
        Op::ForNext { state, dst, .. } => Some((state, vec![dst])),
        Op::ForNextPair { state, dst, .. } => Some((state, vec![dst, dst + 1])),
        _ => None,
    }
}

/// A register that an instruction puts a part in, which is not known to be one.
fn another_part(op: &Op, whole: &[u16], parts: &[u16]) -> Option<u16> {
    let from = |register: u16| parts.contains(&register) || (is_look(op) && whole.contains(&register));
    let (mut reads, mut to) = (false, None);
    if let Some((state, items)) = steps(op) {
        let is_whole = whole.contains(&state) || parts.contains(&state);
        return items.into_iter().find(|item| is_whole && !parts.contains(item));
    }
    if let Some((dst, src)) = moved(op) {
        (reads, to) = (from(src), Some(dst));
    } else if is_look(op) {
        op.operands(|kind, value| match kind {
            OperandKind::Read | OperandKind::Peek => reads |= from(value as u16),
            OperandKind::Write => to = Some(value as u16),
            _ => {}
        });
    }
    to.filter(|to| reads && !parts.contains(to))
}

/// Does the instruction look into its operand?
fn is_look(op: &Op) -> bool {
    matches!(
        op,
        Op::FieldGet { .. }
            | Op::IndexGet { .. }
            | Op::IndexGetK { .. }
            | Op::IndexGetC { .. }
            | Op::IndexGetOrNull { .. }
            | Op::Slice { .. }
            | Op::Test { .. }
            | Op::Part { .. }
            | Op::CheckKind { .. }
    )
}
