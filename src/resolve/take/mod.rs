//! Take flags: which reads may empty their variable, and which loops may borrow what they iterate over.
//!
//! Liveness of the plain locals of each function, computed backward over the tree. Three simplifications, all on the safe side:
//! * at a loop's back edge everything is live that the loop reads and that outlives an iteration;
//! * a local that a handler or `finally` reads is *pinned* in the blocks they protect: no read there is its last one;
//! * where code may be skipped (`a && b`, `?.`), assignments do not end a life.
mod expr;
mod out;
mod update;

use ahash::{AHashMap, AHashSet};

use super::hir::*;
use super::state::*;
use crate::limits::stack;

impl Resolver<'_> {
    pub fn mark_takes(&mut self) {
        let mut pass = TakePass::new(self);
        for func in 0..pass.resolver.program.functions.len() {
            pass.run(FuncId(func as u32));
        }
    }
}

/// A set of the running function's locals.
#[derive(Clone, Default, Debug)]
struct Live {
    words: Vec<u64>,
}

impl Live {
    fn contains(&self, local: u32) -> bool {
        self.words[local as usize / 64] & (1 << (local % 64)) != 0
    }

    fn insert(&mut self, local: u32) {
        self.words[local as usize / 64] |= 1 << (local % 64);
    }

    fn remove(&mut self, local: u32) {
        self.words[local as usize / 64] &= !(1 << (local % 64));
    }

    fn add(&mut self, other: &Live) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    fn clear(&mut self) {
        self.words.fill(0);
    }

    fn members(&self) -> Vec<u32> {
        let bits = self.words.iter().enumerate();
        let bits = bits
            .flat_map(|(at, &word)| (0..64).filter(move |bit| word & (1 << bit) != 0).map(move |bit| at as u32 * 64 + bit));
        bits.collect()
    }
}

struct LoopSets {
    id: LoopId,
    exit: Live,
    back: Live,
}

struct TakePass<'p, 'a> {
    resolver: &'p mut Resolver<'a>,
    func: FuncId,
    /// Number of each binding among its function's candidates; `u32::MAX` for others.
    local: Vec<u32>,
    /// Candidates of each function.
    counts: Vec<u32>,
    /// Bindings that a loop reads and that outlive an iteration.
    loop_reads: AHashMap<LoopMeta, Vec<BindingId>>,
    loop_writes: AHashSet<(LoopMeta, BindingId)>,
    /// Moments at which a binding is assigned or changed.
    writes: AHashMap<BindingId, Vec<Time>>,
    live: Live,
    pins: Vec<u32>,
    /// Receivers whose arguments are being walked, and whether these read or assign them.
    watched: Vec<(u32, bool)>,
    /// How many pins there are in all.
    pinned: u32,
    loops: Vec<LoopSets>,
    /// Greater than zero where code may be skipped.
    skippable: u32,
    /// What this function's marks can be undone by, should the native stack be used up.
    marked: Vec<ExprId>,
    moved: Vec<(ExprId, PlaceId)>,
    taken_out: Vec<ExprId>,
    gave_up: bool,
    stored: Option<out::Stored>,
    /// The variable, as an operand, of a read that does not ask for what is stored to.
    apart: Option<ExprId>,
}

impl<'p, 'a> TakePass<'p, 'a> {
    fn new(resolver: &'p mut Resolver<'a>) -> Self {
        let mut local = vec![u32::MAX; resolver.bindings.len()];
        let mut counts = vec![0; resolver.program.functions.len()];
        for (id, binding) in resolver.bindings.iter().enumerate() {
            let plain = binding.home == Home::Slot && binding.slot != u32::MAX && !resolver.captured[id];
            if plain && binding.kind != BindingKind::SelfParam {
                local[id] = counts[binding.func.index()];
                counts[binding.func.index()] += 1;
            }
        }
        let mut pass = TakePass {
            resolver,
            func: FuncId(0),
            local,
            counts,
            loop_reads: AHashMap::new(),
            loop_writes: AHashSet::new(),
            writes: AHashMap::new(),
            live: Live::default(),
            pins: Vec::new(),
            watched: Vec::new(),
            pinned: 0,
            loops: Vec::new(),
            skippable: 0,
            marked: Vec::new(),
            moved: Vec::new(),
            taken_out: Vec::new(),
            gave_up: false,
            stored: None,
            apart: None,
        };
        pass.read_refs();
        pass
    }

    /// Notes which loops read and write which bindings.
    fn read_refs(&mut self) {
        let mut seen = AHashSet::new();
        for index in 0..self.resolver.refs.len() {
            let reference = self.resolver.refs[index];
            let write = self.resolver.is_write(&reference);
            if write {
                self.writes.entry(reference.binding).or_default().push(reference.time);
            }
            if reference.kind == RefKind::Declare {
                continue;
            }
            let binding = &self.resolver.bindings[reference.binding];
            if binding.func != reference.func {
                continue;
            }
            let mut around = reference.in_loop;
            while let Some(meta) = around {
                if Some(meta) == binding.in_loop {
                    break;
                }
                if write {
                    self.loop_writes.insert((meta, reference.binding));
                }
                if self.local[reference.binding] != u32::MAX && seen.insert((meta, reference.binding)) {
                    self.loop_reads.entry(meta).or_default().push(reference.binding);
                }
                around = self.resolver.loops[meta].parent;
            }
        }
    }

    fn run(&mut self, func: FuncId) {
        let count = self.counts[func.index()] as usize;
        self.func = func;
        // The last member is what a place holds (`out`).
        self.live = Live { words: vec![0; (count + 1).div_ceil(64)] };
        self.pins = vec![0; count + 1];
        self.pinned = 0;
        self.watched.clear();
        self.loops.clear();
        self.skippable = 0;
        self.marked.clear();
        self.moved.clear();
        self.taken_out.clear();
        self.stored = None;
        self.gave_up = false;
        let function = &self.resolver.program[func];
        let defaults: Vec<ExprId> = function.params.iter().filter_map(|param| param.default).collect();
        self.block(function.body, false);
        // A default may be skipped, and whatever it reads may be read again by the body.
        self.skippable += 1;
        for default in defaults.into_iter().rev() {
            self.expr(default, false);
        }
        if self.gave_up {
            for id in std::mem::take(&mut self.marked) {
                self.set_take(id, Take::No);
            }
            for (call, place) in std::mem::take(&mut self.moved) {
                self.set_receiver(call, Receiver::Place(place));
            }
            std::mem::take(&mut self.taken_out).into_iter().for_each(|id| self.leave_in(id));
        }
    }

    fn set_take(&mut self, id: ExprId, flag: Take) {
        if let ExprKind::Var { take, .. } = &mut self.resolver.program.exprs[id.index()].kind {
            *take = flag;
            self.marked.push(id);
        }
    }

    fn set_receiver(&mut self, call: ExprId, receiver: Receiver) {
        if let ExprKind::Method { recv, .. } = &mut self.resolver.program.exprs[call.index()].kind {
            *recv = receiver;
        }
    }

    fn too_deep(&mut self) -> bool {
        if stack::check().is_err() {
            self.gave_up = true;
            self.resolver.too_deep = true;
        }
        self.gave_up
    }

    /// The candidate that a provisional variable stands for.
    fn candidate(&self, var: Var) -> Option<u32> {
        let reference = self.resolver.ref_of(var)?;
        if reference.func != self.func || self.resolver.bindings[reference.binding].func != self.func {
            return None;
        }
        Some(self.local[reference.binding]).filter(|&local| local != u32::MAX)
    }

    fn kill(&mut self, var: Var) {
        let Some(local) = self.candidate(var) else { return };
        self.touch_receiver(local);
        self.assigns(local);
        if self.skippable == 0 && self.pins[local as usize] == 0 {
            self.live.remove(local);
        }
    }

    fn reads(&mut self, var: Var) {
        if let Some(local) = self.candidate(var) {
            self.asks(local);
            self.note_read(local);
        }
    }

    fn note_read(&mut self, local: u32) {
        self.live.insert(local);
        self.touch_receiver(local);
    }

    /// A receiver that arguments read or assign is not moved out before them.
    fn touch_receiver(&mut self, local: u32) {
        for (watched, touched) in &mut self.watched {
            *touched |= *watched == local;
        }
    }

    /// Control goes elsewhere from here: only `live` matters.
    fn jump(&mut self, live: Option<Live>) {
        if self.skippable == 0 {
            self.live.clear();
        }
        if let Some(live) = live {
            self.live.add(&live);
        }
        if self.pinned > 0 {
            let pinned = self.pins.iter().enumerate().filter(|&(_, &pins)| pins > 0);
            pinned.for_each(|(local, _)| self.live.insert(local as u32));
        }
        self.asks_elsewhere();
    }

    fn loop_sets(&self, id: LoopId, exit: bool) -> Option<Live> {
        let sets = self.loops.iter().rev().find(|sets| sets.id == id)?;
        Some(if exit { sets.exit.clone() } else { sets.back.clone() })
    }

    // --------------------------------------------------------------------------------------------- blocks

    fn block(&mut self, id: BlockId, consume: bool) {
        if let Some(value) = self.resolver.program[id].value {
            self.expr(value, consume);
        }
        for at in (0..self.resolver.program[id].stmts.len()).rev() {
            self.stmt(self.resolver.program[id].stmts[at]);
        }
    }

    fn branch(&mut self, id: Option<BlockId>, after: &Live, consume: bool) -> Live {
        self.live.clone_from(after);
        if let Some(id) = id {
            self.block(id, consume);
        }
        std::mem::take(&mut self.live)
    }

    /// Conditions, their blocks, and the last `else`, of a chain of `else if`.
    fn arms(&self, cond: ExprId, then: BlockId, otherwise: Option<BlockId>) -> (Vec<(ExprId, BlockId)>, Option<BlockId>) {
        let program = &self.resolver.program;
        let mut arms = vec![(cond, then)];
        let mut last = otherwise;
        while let Some(block) = last {
            let block = &program[block];
            let next = match (&block.stmts[..], block.value) {
                (&[stmt], None) => match program[stmt].kind {
                    StmtKind::If { cond, then, otherwise } => (cond, then, otherwise),
                    _ => break,
                },
                (&[], Some(value)) => match program[value].kind {
                    ExprKind::If { cond, then, otherwise } => (cond, then, otherwise),
                    _ => break,
                },
                _ => break,
            };
            arms.push((next.0, next.1));
            last = next.2;
        }
        (arms, last)
    }

    fn conditional(&mut self, cond: ExprId, then: BlockId, otherwise: Option<BlockId>, consume: bool) {
        let after = self.live.clone();
        let (arms, last) = self.arms(cond, then, otherwise);
        let mut rest = self.branch(last, &after, consume);
        for (cond, then) in arms.into_iter().rev() {
            let mut taken = self.branch(Some(then), &after, consume);
            taken.add(&rest);
            self.live = taken;
            self.expr(cond, false);
            rest = std::mem::take(&mut self.live);
        }
        self.live = rest;
    }

    fn matching(&mut self, node: &MatchParts, consume: bool) {
        let after = self.live.clone();
        let mut rest = self.branch(node.default, &after, consume);
        for &(pattern, guard, body) in node.arms.iter().rev() {
            self.live.clone_from(&after);
            self.block(body, consume);
            self.live.add(&rest);
            if let Some(guard) = guard {
                self.expr(guard, false);
            }
            self.skippable += 1;
            self.pattern(pattern);
            self.skippable -= 1;
            rest = std::mem::take(&mut self.live);
        }
        self.live = rest;
        self.expr(node.subject, true);
    }

    fn pattern(&mut self, id: PatId) {
        if self.too_deep() {
            return;
        }
        let (mut children, mut defaults, mut bind) = (Vec::new(), Vec::new(), None);
        match &self.resolver.program[id].kind {
            PatternKind::Bind { var, .. } => bind = Some(*var),
            PatternKind::Variant { args: Some(args), .. } | PatternKind::Or(args) => children.extend(args.iter().copied()),
            PatternKind::As(inner, name) => children.extend([*inner, *name]),
            PatternKind::Array { before, rest, after } => {
                for element in before.iter().chain(after) {
                    children.push(element.pattern);
                    defaults.extend(element.default);
                }
                children.extend(rest.as_ref().and_then(|rest| rest.bind));
            }
            PatternKind::Fields { entries, rest, .. } => {
                for entry in entries {
                    children.push(entry.pattern);
                    defaults.extend(entry.default);
                }
                children.extend(rest.as_ref().and_then(|rest| rest.bind));
            }
            PatternKind::Wildcard
            | PatternKind::Literal(_)
            | PatternKind::Range { .. }
            | PatternKind::BuiltinType(_)
            | PatternKind::Struct(_)
            | PatternKind::Enum(_)
            | PatternKind::Variant { args: None, .. }
            | PatternKind::NameError(_) => {}
        }
        if let Some(var) = bind {
            self.kill(var);
        }
        for child in children.into_iter().rev() {
            self.pattern(child);
        }
        self.skippable += 1;
        for default in defaults.into_iter().rev() {
            self.expr(default, false);
        }
        self.skippable -= 1;
    }

    // ----------------------------------------------------------------------------------------- statements

    fn stmt(&mut self, id: StmtId) {
        if self.too_deep() {
            return;
        }
        match self.resolver.program[id].kind {
            StmtKind::Expr(value) => self.expr(value, false),
            StmtKind::Assign { var, value, .. } => {
                self.kill(var);
                self.assigned(var, value);
            }
            StmtKind::Destructure { pattern, value } => {
                self.pattern(pattern);
                self.destructured(pattern, value);
            }
            StmtKind::Store { place, value, .. } => {
                self.changes(place);
                if self.updates_place(place, value) {
                    self.resolver.program.stmts[id.index()].kind = StmtKind::Store { place, value, update: true };
                    self.expr(value, true);
                } else {
                    self.stored(place, value);
                }
                self.path(place);
            }
            StmtKind::Update { place, op, value } => {
                self.changes(place);
                let skippable = u32::from(op == UpdateOp::Coalesce);
                self.skippable += skippable;
                self.expr(value, op == UpdateOp::Coalesce);
                self.skippable -= skippable;
                self.path(place);
            }
            StmtKind::If { cond, then, otherwise } => self.conditional(cond, then, otherwise, false),
            StmtKind::Match(ref node) => {
                let parts = MatchParts::of(node);
                self.matching(&parts, false);
            }
            StmtKind::Block(block) => self.block(block, false),
            StmtKind::While { id, cond, body } => self.looping(id, |pass, exit| {
                pass.block(body, false);
                pass.live.add(exit);
                pass.expr(cond, false);
            }),
            StmtKind::Loop { id, body } => self.looping(id, |pass, _| pass.block(body, false)),
            StmtKind::For(_) => self.for_loop(id),
            StmtKind::Try(ref node) => {
                let (body, finally) = (node.body, node.finally);
                let except = node.except.as_ref().map(|except| (except.var, except.body));
                self.protected(body, except, finally);
            }
            StmtKind::Return(value) => {
                self.jump(None);
                value.into_iter().for_each(|value| self.expr(value, true));
            }
            StmtKind::Break(id) => {
                let live = self.loop_sets(id, true);
                self.jump(live);
            }
            StmtKind::Continue(id) => {
                let live = self.loop_sets(id, false);
                self.jump(live);
            }
            StmtKind::Import(_) | StmtKind::ImportError(_) => {}
        }
    }

    fn looping(&mut self, id: LoopId, body: impl FnOnce(&mut Self, &Live)) {
        let exit = self.live.clone();
        let mut back = exit.clone();
        let meta = self.resolver.loop_ids.get(&(self.func, id));
        let reads = meta.and_then(|meta| self.loop_reads.get(meta));
        for &binding in reads.into_iter().flatten() {
            if self.local[binding] != u32::MAX && self.resolver.bindings[binding].func == self.func {
                back.insert(self.local[binding]);
            }
        }
        self.live.clone_from(&back);
        self.asks_elsewhere();
        back.clone_from(&self.live);
        self.loops.push(LoopSets { id, exit: exit.clone(), back });
        body(self, &exit);
        self.loops.pop();
    }

    fn for_loop(&mut self, stmt: StmtId) {
        let StmtKind::For(node) = &self.resolver.program[stmt].kind else { return };
        let (id, first, second, iterable, body) = (node.id, node.first, node.second, node.iterable, node.body);
        let borrow = self.may_borrow(id, iterable);
        let borrowed = self.iterated(iterable).filter(|_| borrow);
        self.looping(id, |pass, exit| {
            // What is borrowed stays where it is, also on a way out of the loop.
            let borrowed = borrowed.as_slice();
            pass.pin(borrowed);
            pass.block(body, false);
            pass.unpin(borrowed);
            second.into_iter().for_each(|second| pass.pattern(second));
            pass.pattern(first);
            pass.live.add(exit);
        });
        if let StmtKind::For(node) = &mut self.resolver.program.stmts[stmt.index()].kind {
            node.borrow = borrow;
        }
        self.expr(iterable, !borrow);
    }

    fn iterated(&self, iterable: ExprId) -> Option<u32> {
        match self.resolver.program[iterable].kind {
            ExprKind::Var { var, .. } => self.candidate(var),
            _ => None,
        }
    }

    /// Is the iterable a variable that nothing in the loop can change?
    fn may_borrow(&self, id: LoopId, iterable: ExprId) -> bool {
        let ExprKind::Var { var, .. } = self.resolver.program[iterable].kind else { return false };
        let Some(reference) = self.resolver.ref_of(var) else { return false };
        let binding = &self.resolver.bindings[reference.binding];
        match binding.home {
            Home::Slot if binding.func != self.func => true,
            Home::Slot => match self.resolver.loop_ids.get(&(self.func, id)) {
                Some(&meta) => !self.loop_writes.contains(&(meta, reference.binding)),
                None => false,
            },
            Home::Table(_) => !binding.written && !binding.written_inside,
            Home::Cell | Home::Static(_) | Home::Declaration | Home::Unknown => false,
        }
    }

    fn protected(&mut self, body: BlockId, except: Option<(Option<Var>, BlockId)>, finally: Option<BlockId>) {
        let after = self.live.clone();
        if let Some(finally) = finally {
            // After `finally` the pending jump goes on, perhaps to a loop around.
            for sets in &self.loops {
                self.live.add(&sets.exit);
                self.live.add(&sets.back);
            }
            self.block(finally, false);
        }
        let finally_live = std::mem::replace(&mut self.live, after);
        let always = if finally.is_some() { finally_live.members() } else { Vec::new() };
        self.pin(&always);
        self.live.add(&finally_live);
        let normal = self.live.clone();
        let mut handler = Vec::new();
        if let Some((var, block)) = except {
            self.block(block, false);
            var.into_iter().for_each(|var| self.kill(var));
            handler = self.live.members();
        }
        self.live = normal;
        self.pin(&handler);
        self.block(body, false);
        self.unpin(&handler);
        self.unpin(&always);
    }

    fn pin(&mut self, locals: &[u32]) {
        for &local in locals {
            self.pins[local as usize] += 1;
            self.pinned += 1;
            self.live.insert(local);
        }
    }

    fn unpin(&mut self, locals: &[u32]) {
        for &local in locals {
            self.pins[local as usize] -= 1;
            self.pinned -= 1;
            self.live.insert(local);
        }
    }

    fn path(&mut self, place: PlaceId) {
        for at in (0..self.resolver.program[place].path.len()).rev() {
            if let PathSegment::Index(index) = self.resolver.program[place].path[at] {
                self.expr(index, false);
            }
        }
    }
}

/// The parts of a `match` that liveness looks at.
struct MatchParts {
    subject: ExprId,
    arms: Vec<(PatId, Option<ExprId>, BlockId)>,
    default: Option<BlockId>,
}

impl MatchParts {
    fn of(node: &Match) -> MatchParts {
        let arms = node.arms.iter().map(|arm| (arm.pattern, arm.guard, arm.body)).collect();
        MatchParts { subject: node.subject, arms, default: node.default }
    }
}
