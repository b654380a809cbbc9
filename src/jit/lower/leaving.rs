//! What compiled code does at its exits: values that the VM wants go to the exit buffer, then the exit helper is called.
//!
//! A value has the same words of the buffer at all exits of a function, so that exits share the code that stores what they have
//! in common: an exit that wants `a, b, c` stores `c` and goes on where one that wants `a, b` begins. What an exit computes by
//! itself, and fields of instances that find no room, have words at the end of the buffer.
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{self as clif, InstBuilder, InstructionData, types};

use super::exits::{CallExit, Check, ExitInfo, ExitKind, InstanceWords, SlotValue, Where};
use super::{Held, Helper, Lowering, context, slot_offset, tag_of};
use crate::jit::ir::{Repr, SlotIx, StateId, ValueId};
use crate::value::layout::tag;

/// Exits that may share code: bounds the work of finding out.
const TOGETHER: usize = 64;

/// What there is to be stored for a value.
#[derive(Clone, Copy)]
enum Form {
    Constant { tag: u64, payload: u64 },
    Payload { tag: u64 },
    Pair,
}

impl Form {
    fn words(self) -> u16 {
        match self {
            Form::Constant { .. } => 0,
            Form::Payload { .. } => 1,
            Form::Pair => 2,
        }
    }

    /// Where a value of this form is that has these words; nothing if it has none and needs some.
    fn at(self, word: Option<u16>, owned: bool) -> Option<Where> {
        Some(match self {
            Form::Constant { tag, payload } => Where::Constant { tag, payload },
            Form::Payload { tag } => Where::Payload { word: word?, tag, owned },
            Form::Pair => Where::Pair { word: word?, owned },
        })
    }
}

/// An exit to be made.
struct Plan {
    block: clif::Block,
    state: StateId,
    info: ExitInfo,
    /// Values that only this exit stores, with their words.
    own: Vec<(ValueId, u16)>,
    /// Values that others may store as well, in order.
    shared: Vec<ValueId>,
    /// Values that are stored to their slots, since the buffer is full.
    spilled: Vec<(ValueId, i32)>,
    /// The next of its own words at the end of the buffer.
    next_own: u16,
    /// What the runtime is told if the call before has raised, and the tag of what that has given.
    raised: Option<(ExitInfo, clif::Value)>,
}

impl Plan {
    /// Does it only store what others may store as well?
    fn is_shared(&self) -> bool {
        self.own.is_empty() && self.spilled.is_empty() && self.info.parts.is_empty() && self.info.instances.is_empty()
    }

    /// Stores what both want, and tells the runtime of the one or the other.
    fn or_raised(mut self, raised: Plan, tag: clif::Value) -> Plan {
        self.shared.extend(raised.shared);
        self.sort();
        self.raised = Some((raised.info, tag));
        self
    }

    fn sort(&mut self) {
        self.shared.sort_unstable_by_key(|value| value.0);
        self.shared.dedup();
    }

    /// The first of some words that only this exit has, for a value.
    fn own_words(&mut self, value: ValueId, count: u16) -> u16 {
        let word = self.next_own;
        self.own.push((value, word));
        self.next_own += count;
        word
    }
}

/// Code that stores some values and leaves.
struct Tail {
    values: Vec<ValueId>,
    /// The tail that stores most of them; the first one stores nothing.
    rest: usize,
    /// Exits and tails that go on here.
    users: u32,
    block: Option<clif::Block>,
}

/// Words of the exit buffer, by value.
struct Words {
    of: Vec<Option<u16>>,
    next: u16,
    /// The first word that exits have for themselves.
    end: u16,
}

impl Words {
    /// The first word of a value, if there is room for it.
    fn of(&mut self, value: ValueId, form: Form) -> Option<u16> {
        let known = &mut self.of[value.index()];
        if known.is_none() && self.next + form.words() <= self.end {
            *known = Some(self.next);
            self.next += form.words();
        }
        *known
    }
}

impl Lowering<'_> {
    pub(super) fn emit_exits(&mut self) {
        let mut blocks: Vec<_> = self.exit_blocks.iter().map(|((state, kind), block)| (*block, *state, *kind)).collect();
        blocks.sort_by_key(|(block, ..)| block.as_u32());
        let call_exits = std::mem::take(&mut self.call_exits);
        let states =
            blocks.iter().map(|(_, state, _)| *state).chain(call_exits.iter().flat_map(|exit| [exit.state, exit.raised]));
        let own = states.map(|state| self.own_words(state)).max().unwrap_or(0);
        let end = (context::EXIT_WORDS as u16).checked_sub(own).expect("the buffer has room for instances");
        let mut words = Words { of: vec![None; self.function.values.len()], next: 0, end };
        let mut plans: Vec<_> =
            blocks.iter().map(|(block, state, kind)| self.plan(*block, *state, *kind, &mut words)).collect();
        for exit in call_exits {
            self.plan_behind_call(exit, &mut words, &mut plans);
        }
        let mut plans = plans.into_iter().peekable();
        while plans.peek().is_some() {
            let together = plans.by_ref().take(TOGETHER).collect();
            self.emit_together(together, &words);
        }
        self.emit_way_out();
    }

    /// One exit for both if they can be told apart by nothing but their numbers, else two.
    fn plan_behind_call(&mut self, exit: CallExit, words: &mut Words, plans: &mut Vec<Plan>) {
        let mut other = self.plan(exit.block, exit.state, exit.kind, words);
        other.info.checks = vec![exit.check];
        let mut raised = self.plan(exit.block, exit.raised, ExitKind::Raise, words);
        if raised.is_shared() {
            plans.push(other.or_raised(raised, exit.tag));
            return;
        }
        [raised.block, other.block] = [self.b.create_block(), self.b.create_block()];
        [raised.block, other.block].into_iter().for_each(|block| self.b.set_cold_block(block));
        self.b.switch_to_block(exit.block);
        let has_raised = self.is_raised(exit.tag);
        self.b.ins().brif(has_raised, raised.block, &[], other.block, &[]);
        plans.extend([raised, other]);
    }

    /// Words at the end of the buffer that an exit needs for itself.
    fn own_words(&self, state: StateId) -> u16 {
        let data = &self.function.states[state.index()];
        let fields: usize = data.instances.iter().map(|instance| instance.fields.len()).sum();
        let late = data.slots.iter().filter(|(_, value)| self.function.late.contains_key(value)).count();
        (2 * fields + data.parts.len() + late) as u16
    }

    fn plan(&mut self, block: clif::Block, state: StateId, kind: ExitKind, words: &mut Words) -> Plan {
        let info = self.describe(state, kind);
        let data = &self.function.states[state.index()];
        let (own, shared, spilled) = (Vec::new(), Vec::new(), Vec::new());
        let mut plan = Plan { block, state, info, own, shared, spilled, next_own: words.end, raised: None };
        plan.info.parts = data.parts.iter().zip(words.end..).map(|(part, word)| (part.base, word)).collect();
        plan.next_own += data.parts.len() as u16;
        for (slot, value) in &data.slots {
            let owned = !matches!(self.function.ty(*value).repr, Repr::Boxed | Repr::Ptr) || data.owned.contains(slot);
            let place = self.place(*value, owned, words, &mut plan);
            if let Where::Slot { .. } = place {
                plan.spilled.push((*value, slot_offset(*slot)));
            }
            plan.info.slots.push(SlotValue { slot: *slot, value: place });
        }
        for instance in &data.instances {
            let fields = instance.fields.iter().map(|field| self.place_field(*field, words, &mut plan)).collect();
            plan.info.instances.push(InstanceWords { slot: instance.slot, form: instance.form.clone(), fields });
        }
        plan.sort();
        plan
    }

    /// Where an exit leaves a value.
    fn place(&self, value: ValueId, owned: bool, words: &mut Words, plan: &mut Plan) -> Where {
        if self.function.late.contains_key(&value) {
            return Where::Payload { word: plan.own_words(value, 1), tag: tag::INT, owned };
        }
        let form = self.form(value);
        let word = words.of(value, form);
        if word.is_some() && form.words() > 0 {
            plan.shared.push(value);
        }
        form.at(word, owned).unwrap_or(Where::Slot { owned })
    }

    /// Where an exit leaves a field of an object that it makes.
    fn place_field(&self, value: ValueId, words: &mut Words, plan: &mut Plan) -> Where {
        let owned = !matches!(self.function.ty(value).repr, Repr::Boxed | Repr::Ptr);
        match self.place(value, owned, words, plan) {
            Where::Slot { .. } => {
                let form = self.form(value);
                let word = plan.own_words(value, form.words());
                form.at(Some(word), owned).expect("it has words")
            }
            place => place,
        }
    }

    /// What the runtime is told, but for where values are left.
    pub(super) fn describe(&mut self, state: StateId, kind: ExitKind) -> ExitInfo {
        let checks = match kind {
            ExitKind::Execute | ExitKind::Front => self.checks.remove(&state).unwrap_or_default(),
            ExitKind::Unreached => vec![Check::Reached],
            _ => Vec::new(),
        };
        let data = &self.function.states[state.index()];
        let merged = self.function.merged.binary_search(&state).is_ok();
        let guessed = self.function.guessed.contains(&state);
        let (slots, instances, parts) = (Vec::new(), Vec::new(), Vec::new());
        ExitInfo { kind, frames: data.frames.clone(), slots, instances, parts, checks, merged, guessed }
    }

    fn form(&self, value: ValueId) -> Form {
        let ty = self.function.ty(value);
        match (self.made(value), ty.repr) {
            (Held::Pair(tag, _), _) => match self.constant(tag) {
                Some(0) => Form::Constant { tag: 0, payload: 0 },
                Some(tag) => Form::Payload { tag },
                None => Form::Pair,
            },
            (Held::One(held), repr) => {
                let tag = tag_of(ty);
                match self.constant(held) {
                    Some(payload) if repr != Repr::Ptr => Form::Constant { tag, payload },
                    _ => Form::Payload { tag },
                }
            }
        }
    }

    /// The bits of a value that is written down as a constant.
    pub(super) fn constant(&self, value: clif::Value) -> Option<u64> {
        let made = self.b.func.dfg.value_def(value).inst()?;
        match self.b.func.dfg.insts[made] {
            InstructionData::UnaryImm { imm, .. } => Some(imm.bits() as u64),
            InstructionData::UnaryIeee64 { imm, .. } => Some(imm.bits()),
            _ => None,
        }
    }

    /// Emits exits and the tails that they share.
    fn emit_together(&mut self, mut plans: Vec<Plan>, words: &Words) {
        plans.sort_by_key(|plan| plan.shared.len());
        let mut tails = vec![Tail { values: Vec::new(), rest: 0, users: 1, block: Some(self.way_out()) }];
        let ends: Vec<_> = plans.iter_mut().map(|plan| tail_of(std::mem::take(&mut plan.shared), &mut tails)).collect();
        for (plan, end) in plans.into_iter().zip(ends) {
            let base = self.begin_exit(plan);
            self.go_on(end, base, &mut tails, words);
        }
        for at in (1..tails.len()).rev() {
            if let Some(block) = tails[at].block {
                self.b.switch_to_block(block);
                let base = self.context();
                self.store_step(&tails[at], base, &tails, words);
                self.go_on(tails[at].rest, base, &mut tails, words);
            }
        }
    }

    /// What an exit does by itself. Gives the context.
    fn begin_exit(&mut self, plan: Plan) -> clif::Value {
        self.b.switch_to_block(plan.block);
        self.compute_late(plan.state);
        let base = self.context();
        self.store_parts(plan.state, base, &plan.info.parts);
        for (value, offset) in plan.spilled {
            self.store_value(value, self.fp, offset);
        }
        for (value, word) in plan.own {
            self.store_words(value, word, base);
        }
        let number = match plan.raised {
            Some((raised, tag)) => self.number_of_both(raised, plan.info, tag),
            None => self.number_of(plan.info),
        };
        self.store(number, base, context::EXIT_NUMBER);
        base
    }

    /// Ends a block with what a tail does, in place if nothing else goes on there; `base`: the context.
    fn go_on(&mut self, mut at: usize, base: clif::Value, tails: &mut [Tail], words: &Words) {
        while at > 0 && tails[at].users == 1 {
            self.store_step(&tails[at], base, tails, words);
            at = tails[at].rest;
        }
        let block = *tails[at].block.get_or_insert_with(|| {
            let block = self.b.create_block();
            self.b.set_cold_block(block);
            block
        });
        self.b.ins().jump(block, &[]);
    }

    /// Stores what a tail stores and the rest of it does not.
    fn store_step(&mut self, tail: &Tail, base: clif::Value, tails: &[Tail], words: &Words) {
        let rest = &tails[tail.rest].values;
        for value in tail.values.iter().filter(|value| rest.binary_search_by_key(&value.0, |value| value.0).is_err()) {
            self.store_words(*value, words.of[value.index()].expect("it has words"), base);
        }
    }

    /// Stores a value to the exit buffer.
    fn store_words(&mut self, value: ValueId, word: u16, base: clif::Value) {
        let at = context::EXIT_BUFFER + 8 * i32::from(word);
        match (self.form(value), self.held(value)) {
            (Form::Pair, Held::Pair(tag, payload)) => {
                self.store(tag, base, at);
                self.store(payload, base, at + 8);
            }
            (_, Held::One(payload) | Held::Pair(_, payload)) => self.store(payload, base, at),
        }
    }

    /// Stores the addresses that parts of locals go back to.
    fn store_parts(&mut self, state: StateId, base: clif::Value, parts: &[(SlotIx, u16)]) {
        let function = self.function;
        for (part, (_, word)) in function.states[state.index()].parts.iter().zip(parts) {
            let address = self.home_address(part.home);
            self.store(address, base, context::EXIT_BUFFER + 8 * i32::from(*word));
        }
    }

    /// Values of a state that are computed here.
    fn compute_late(&mut self, state: StateId) {
        let function = self.function;
        for value in function.states[state.index()].values() {
            if let Some(late) = function.late.get(&value) {
                let (a, b) = (self.one(late.a), self.one(late.b));
                let computed = if late.adds { self.b.ins().iadd(a, b) } else { self.b.ins().isub(a, b) };
                self.held[value.index()] = Some(Held::One(computed));
            }
        }
    }

    /// Leaves from the block at hand, with nothing in the buffer.
    pub(super) fn leave(&mut self, info: ExitInfo) {
        let (base, out) = (self.context(), self.way_out());
        let number = self.number_of(info);
        self.store(number, base, context::EXIT_NUMBER);
        self.b.ins().jump(out, &[]);
    }

    /// By which the runtime finds what it is told.
    pub(super) fn number_of(&mut self, info: ExitInfo) -> clif::Value {
        let number = self.imports.first_exit() + self.exits.len() as u64;
        self.exits.push(info);
        self.word_of(number as i64)
    }

    /// The number of the first if a call has raised, else that of the second, which is the next.
    fn number_of_both(&mut self, raised: ExitInfo, other: ExitInfo, tag: clif::Value) -> clif::Value {
        let first = self.number_of(raised);
        self.exits.push(other);
        let has_given = self.b.ins().icmp_imm_u(IntCC::UnsignedLessThan, tag, tag::EXC as i64);
        let step = self.b.ins().uextend(types::I64, has_given);
        self.b.ins().iadd(first, step)
    }

    /// The block that calls the exit helper and returns what it gives.
    fn way_out(&mut self) -> clif::Block {
        *self.way_out.get_or_insert_with(|| {
            let out = self.b.create_block();
            self.b.set_cold_block(out);
            out
        })
    }

    fn emit_way_out(&mut self) {
        let Some(out) = self.way_out else { return };
        self.b.switch_to_block(out);
        let context = self.context();
        let number = self.load(types::I64, context, context::EXIT_NUMBER);
        let native = self.b.ins().get_frame_pointer(types::I64);
        let helper = self.helper(Helper::Exit);
        let call = self.b.ins().call(helper, &[context, number, self.fp, native]);
        let results = self.b.inst_results(call).to_vec();
        self.b.ins().return_(&results);
    }
}

/// The tail that stores these values, made if there is none.
fn tail_of(values: Vec<ValueId>, tails: &mut Vec<Tail>) -> usize {
    let is_part =
        |tail: &Tail| tail.values.iter().all(|value| values.binary_search_by_key(&value.0, |value| value.0).is_ok());
    // Later ones store as many or more.
    let largest = tails.iter().rposition(is_part).expect("the first stores nothing");
    tails[largest].users += 1;
    if tails[largest].values.len() == values.len() {
        return largest;
    }
    tails.push(Tail { values, rest: largest, users: 1, block: None });
    tails.len() - 1
}
