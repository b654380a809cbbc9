//! A function as this VM runs it: its chunk with what belongs to the isolate: constants as values, caches, feedback, heat.
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::sync::Arc;

use super::call::TURNS_AFTER_EXIT;
use super::feedback::{FieldCache, MOST_FUNCTIONS, MethodSeen, Overload, WAYS, seen};
use super::stack::{FnRef, Ip, Table};
use super::tier::{Entry, Patience};
use super::unit::Unit;
use crate::builtins;
use crate::bytecode::chunk::{Chunk, Const, Template, TemplatePart};
use crate::bytecode::op::Op;
use crate::semantics::call::{FnInfo, ParamKind, SelfMode};
use crate::semantics::fault::Raise;
use crate::value::layout::UNIT_KEY;
use crate::value::{self, FieldSlot, FnId, IBig, Symbol, Value};

/// Calls between two looks at the tier and the poll word.
pub const CALL_INTERVAL: u32 = 256;
/// Turns that tell whether the next error comes at once.
const LEAST_AFTER_RAISE: u32 = 2;
/// Instructions of a loop whose turns are quicker in the VM than a way into compiled code and out of it.
const SHORT_LOOP: usize = 16;

/// See the module documentation.
#[derive(Debug)]
pub struct Activation {
    pub id: FnId,
    pub unit: Arc<Unit>,
    pub chunk: Arc<Chunk>,
    /// The first instruction.
    pub start: Ip,
    pub info: Arc<FnInfo>,
    pub constants: Table<Value>,
    pub names: Table<Symbol>,
    /// Per function a call site can name: the function itself, once called.
    pub callees: Table<Cell<Option<FnRef>>>,
    pub fields: Table<FieldCache>,
    pub methods: Table<MethodCache>,
    /// Per place and segment: where the field lies.
    pub places: Table<Box<[FieldCache]>>,
    /// Per literal site: it gives every field of its struct once, in order.
    pub ordered: Table<Cell<Option<bool>>>,
    pub specs: Table<Box<[Option<crate::semantics::format::Spec>]>>,
    /// One word per instruction.
    pub feedback: Table<Cell<u32>>,
    /// Callees of the call sites that have met several, by instruction.
    pub several: RefCell<Vec<(usize, Vec<u32>)>>,
    /// Errors that its handlers have caught.
    caught: Cell<u32>,
    /// How many those were when compiled code was last left for an error, and the turns the VM made after that.
    after_raise: Cell<(u32, u32)>,
    loops_of_code: Box<[CodeLoop]>,
    /// The methods that operators have called, by offset and shape.
    pub overloads: RefCell<Vec<Overload>>,
    pub registers: u16,
    pub locals: u16,
    /// The number of positional arguments that need no binding at all; `u16::MAX` if there is none.
    pub exact: u16,
    /// The same where it is called as a value, which methods are not without binding.
    pub exact_value: u16,
    /// Calls so far.
    pub heat: Cell<u32>,
    /// At this heat the slow path of calls is taken: to poll, to report heat, or to enter compiled code.
    pub trigger: Cell<u32>,
    /// The heat at which the tier is asked again; `None` for never.
    pub ask: Cell<Option<u32>>,
    pub entry: Cell<Option<Entry>>,
    /// Compiled loops by the instruction they begin with.
    pub loops: RefCell<Vec<(usize, Entry)>>,
}

impl Activation {
    pub fn new(id: FnId, unit: Arc<Unit>, chunk: Arc<Chunk>, patience: Option<Patience>) -> Result<Activation, Raise> {
        let info = unit.infos[(id.0 - unit.base) as usize].clone();
        let constants: Result<Vec<Value>, Raise> =
            chunk.constants.iter().map(|constant| constant_value(constant, &unit)).collect();
        let plain = info.params.iter().all(|param| param.kind == ParamKind::Positional && !param.has_default);
        let exact = if plain { info.params.len() as u16 } else { u16::MAX };
        let calls = patience.map(|patience| patience.calls);
        let made = Activation {
            id,
            constants: Table::new(constants?),
            names: Table::new(chunk.names.iter().map(|name| value::symbol::symbol(name))),
            callees: Table::new(chunk.functions.iter().map(|_| Cell::new(None))),
            fields: Table::new(chunk.fields.iter().map(|_| FieldCache::default())),
            methods: Table::new(chunk.methods.iter().map(|_| MethodCache::default())),
            places: Table::new(chunk.paths.iter().map(|path| path.segments.iter().map(|_| FieldCache::default()).collect())),
            ordered: Table::new(chunk.literals.iter().map(|_| Cell::new(None))),
            specs: Table::new(chunk.templates.iter().map(template_specs)),
            start: Ip::start(&chunk.code),
            feedback: Table::new(chunk.code.iter().map(|_| Cell::new(0))),
            several: RefCell::default(),
            overloads: RefCell::default(),
            caught: Cell::new(0),
            after_raise: Cell::new((0, TURNS_AFTER_EXIT)),
            loops_of_code: loops_of(&chunk.code),
            registers: chunk.registers,
            locals: chunk.locals,
            exact,
            exact_value: if info.self_mode == SelfMode::None { exact } else { u16::MAX },
            heat: Cell::new(0),
            trigger: Cell::new(calls.unwrap_or(CALL_INTERVAL)),
            ask: Cell::new(calls),
            entry: Cell::new(None),
            loops: RefCell::new(Vec::new()),
            unit,
            chunk,
            info,
        };
        made.report_loops_after(patience.map_or(CALL_INTERVAL, |patience| patience.turns));
        Ok(made)
    }

    /// Lets every loop be reported after so many more turns.
    pub fn report_loops_after(&self, turns: u32) {
        if turns >= CALL_INTERVAL {
            return;
        }
        self.loops_of_code.iter().for_each(|own| self.feedback.at(own.code.start).set(CALL_INTERVAL - turns));
    }

    pub fn count_caught(&self) {
        self.caught.set(self.caught.get().wrapping_add(1));
    }

    /// Turns of a loop in the VM, once compiled code was left for an error at `pc`: few, since no check has failed. Where the VM
    /// catches more errors meanwhile, a short loop would enter and leave all the time, and stays in the VM for longer.
    pub fn turns_after_raise(&self, pc: usize) -> u32 {
        if !self.loops_of_code.iter().rfind(|own| own.code.contains(&pc)).is_some_and(|own| own.is_short) {
            return LEAST_AFTER_RAISE;
        }
        let ((before, turns), caught) = (self.after_raise.get(), self.caught.get());
        let is_rare = caught.wrapping_sub(before) <= 1;
        let turns = if is_rare { (turns / 2).max(LEAST_AFTER_RAISE) } else { (turns * 2).min(CALL_INTERVAL) };
        self.after_raise.set((caught, turns));
        turns
    }

    /// Lets the loop with its head at `pc` be reported at its next turn.
    pub fn report_loop_next(&self, pc: u32) {
        let word = self.feedback.at(pc as usize - 1);
        word.set(word.get() | (CALL_INTERVAL - 1));
    }

    /// Lets the function be reported at its next call, unless there is nothing to report any more.
    pub fn report_call_next(&self) {
        if self.ask.get().is_some() {
            self.ask.set(Some(0));
            self.trigger.set(0);
        }
    }

    /// Turns of the loop with its head at `pc`.
    pub fn turns(&self, pc: u32) -> u32 {
        self.feedback.at(pc as usize - 1).get()
    }

    #[inline(always)]
    pub fn code(&self) -> &[Op] {
        &self.chunk.code
    }

    /// Whether its `self` goes back to the caller's place.
    pub fn mutating(&self) -> bool {
        self.chunk.self_kind.changes()
    }

    /// Notes a callee that is not the first one of its site.
    #[cold]
    #[inline(never)]
    pub fn note_another(&self, pc: usize, callee: FnId) {
        let word = self.feedback.at(pc);
        let first = word.get();
        if first == 0 {
            word.set(callee.0 + 1);
            return;
        }
        let mut several = self.several.borrow_mut();
        if first != seen::POLYMORPHIC {
            several.push((pc, vec![first - 1]));
            word.set(seen::POLYMORPHIC);
        }
        let Some((_, callees)) = several.iter_mut().find(|(site, _)| *site == pc) else { return };
        if !callees.contains(&callee.0) {
            callees.push(callee.0);
        }
        if callees.len() > MOST_FUNCTIONS {
            word.set(seen::MEGAMORPHIC);
        }
    }

    /// Notes what an operator has called.
    pub fn note_overload(&self, overload: Overload) {
        let mut known = self.overloads.borrow_mut();
        let key = (overload.pc, overload.shape);
        if let Err(at) = known.binary_search_by_key(&key, |other| (other.pc, other.shape)) {
            known.insert(at, overload);
        }
    }

    /// Notes the shape of an instance that an instruction has made or taken apart.
    #[inline]
    pub fn note_shape(&self, pc: usize, shape: u32) {
        let word = self.feedback.at(pc);
        if word.get() != shape {
            word.set(if word.get() == 0 { shape } else { seen::MEGAMORPHIC });
        }
    }

    /// Notes what an instruction has met.
    #[inline]
    pub fn note(&self, pc: usize, bits: u32) {
        let word = self.feedback.at(pc);
        if word.get() & bits != bits {
            word.set(word.get() | bits);
        }
    }
}

/// A loop in the code of a function.
#[derive(Debug)]
struct CodeLoop {
    /// From its `LoopHead` to the last jump back there.
    code: Range<usize>,
    /// A turn takes the VM no longer than entering compiled code and leaving it takes.
    is_short: bool,
}

/// All loops, those inside of others behind them.
fn loops_of(code: &[Op]) -> Box<[CodeLoop]> {
    let heads = code.iter().enumerate().filter(|(_, op)| matches!(op, Op::LoopHead {})).map(|(pc, _)| pc);
    let mut ends: Vec<(usize, usize)> = heads.map(|pc| (pc, pc + 1)).collect();
    if ends.is_empty() {
        return Box::default();
    }
    for (pc, op) in code.iter().enumerate() {
        let Some(target) = op.jump().and_then(|offset| (pc + 1).checked_add_signed(offset as isize)) else { continue };
        if let Ok(at) = ends.binary_search_by_key(&target, |(head, _)| head + 1) {
            ends[at].1 = ends[at].1.max(pc + 1);
        }
    }
    let is_call = |op: &Op| {
        matches!(
            op,
            Op::CallFunc { .. }
                | Op::CallValue { .. }
                | Op::CallMethod { .. }
                | Op::CallMethodPlace { .. }
                | Op::CallArgs { .. }
        )
    };
    let of = |(start, end): (usize, usize)| {
        let is_short = end - start <= SHORT_LOOP && !code[start..end].iter().any(is_call);
        CodeLoop { code: start..end, is_short }
    };
    ends.into_iter().map(of).collect()
}

/// A constant as a value.
fn constant_value(constant: &Const, unit: &Unit) -> Result<Value, Raise> {
    Ok(match constant {
        Const::Null => Value::Null,
        Const::Bool(value) => Value::bool(*value),
        Const::Int(value) => Value::Int(*value),
        Const::Float(value) => Value::Float(*value),
        Const::BigInt(digits) => match digits.parse::<IBig>() {
            Ok(number) => Value::int_from(number),
            Err(_) => return Err(Raise::bug("a malformed integer literal")),
        },
        Const::Str(text) => Value::literal(text),
        Const::Array(items) => {
            Value::array(items.iter().map(|item| constant_value(item, unit)).collect::<Result<Vec<_>, _>>()?)
        }
        Const::Func(func) => Value::function(FnId(unit.base + func)),
        Const::Builtin(id) => Value::Fn0(FnId(u32::from(*id))),
        Const::BuiltinType(id) => builtins::type_value(builtins::BuiltinTypeId(*id)),
        Const::Struct(id) => Value::Type(value::TypeId::of_decl(unit.structs[*id as usize].decl)),
        Const::Enum(id) => Value::Type(value::TypeId::of_decl(unit.enums[*id as usize].decl)),
        Const::Variant(decl, variant) => variant_value(unit, *decl, *variant)?,
        Const::Module(id) => Value::Module(unit.modules[*id as usize].id),
        Const::Namespace(id) => builtins::namespace_value(builtins::NamespaceId(*id)),
        Const::Prelude(id) => builtins::constant_value(builtins::ConstantId(*id)),
    })
}

fn variant_value(unit: &Unit, decl: u32, variant: u32) -> Result<Value, Raise> {
    let entry = &unit.enums[decl as usize];
    Ok(match entry.constructors.get(variant as usize) {
        Some(Some(constructor)) => Value::function(*constructor),
        Some(None) => Value::Unit { decl: entry.decl, variant },
        None => return Err(Raise::bug("a variant that its enum does not have")),
    })
}

/// Format specs whose sizes are fixed are made once.
fn template_specs(template: &Template) -> Box<[Option<crate::semantics::format::Spec>]> {
    template
        .parts
        .iter()
        .map(|part| match part {
            TemplatePart::Formatted(format) => Some(super::literal::spec_of(format)),
            TemplatePart::Text(_) | TemplatePart::Value => None,
        })
        .collect()
}

/// What a method site resolves to for one kind of receiver.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// A user method.
    User { func: FnRef, mutating: bool },
    /// A builtin method of the receiver's type, or a builtin called as `f(a, args)`.
    Builtin { id: u16, mutating: bool },
    /// A field of a struct that is stored as a value, which is called without the receiver.
    Field(FieldSlot),
}

/// What a method site has met.
#[derive(Debug, Default)]
pub struct MethodCache {
    /// Key of the receiver (see [`receiver_key`]) and target, the latest first.
    ways: [Cell<Option<(u32, Target)>>; WAYS],
    /// Whether a method was ever looked up here, remembered or not.
    asked: Cell<bool>,
}

impl MethodCache {
    #[inline(always)]
    pub fn find(&self, key: u32) -> Option<Target> {
        match self.ways[0].get() {
            Some((first, target)) if first == key => Some(target),
            _ => self.find_further(key),
        }
    }

    fn find_further(&self, key: u32) -> Option<Target> {
        let at = self.ways.iter().position(|way| way.get().is_some_and(|(other, _)| other == key))?;
        self.ways[0].swap(&self.ways[at]);
        self.ways[0].get().map(|(_, target)| target)
    }

    /// The builtin it has called last, if it was one.
    pub fn latest_builtin(&self) -> Option<u16> {
        match self.ways[0].get()? {
            (_, Target::Builtin { id, .. }) => Some(id),
            (_, Target::User { .. } | Target::Field(_)) => None,
        }
    }

    /// Whether the last receiver's method that was looked up is a function.
    #[inline]
    pub fn latest_is_user(&self) -> bool {
        matches!(self.ways[0].get(), Some((_, Target::User { .. })))
    }

    pub fn add(&self, key: u32, target: Target) {
        for way in (1..WAYS).rev() {
            self.ways[way].set(self.ways[way - 1].get());
        }
        self.ways[0].set(Some((key, target)));
    }

    pub fn note_asked(&self) {
        self.asked.set(true);
    }

    /// `None` if no method was ever looked up.
    pub fn seen(&self) -> Option<Vec<MethodSeen>> {
        let seen = |(key, target)| match target {
            Target::User { func, .. } => MethodSeen::Method { key, target: FnRef::id(func).0 },
            Target::Builtin { id, .. } => MethodSeen::Method { key, target: u32::from(id) },
            Target::Field(slot) => MethodSeen::Field(slot),
        };
        self.asked.get().then(|| self.ways.iter().filter_map(Cell::get).map(seen).collect())
    }
}

impl FnRef {
    pub fn id(self) -> FnId {
        self.id
    }
}

/// What decides method look-up: the shape of instances and enum values, the enum of those without payload, the tag of everything else.
#[inline(always)]
pub fn receiver_key(receiver: &Value) -> u32 {
    match receiver {
        Value::Struct(object) => object.shape(),
        Value::Variant(object) => object.shape(),
        Value::Unit { decl, .. } => UNIT_KEY | decl.0,
        other => other.tag() as u32,
    }
}
