//! Calls: of functions the builder knows, and of values whose function it can guess; inlined, or of their compiled code.
use std::sync::Arc;

use super::arguments::{Given, Order};
use super::arith::Source;
use super::passing::Passed;
use super::place_call::At;
use super::several::Receiving;
use super::state::{Lender, Slot};
use super::{Builder, Built, Edge, Lent, Running};
use crate::builtins::N_BUILTINS;
use crate::bytecode::chunk::{Access, Root, SelfKind};
use crate::bytecode::op::Op;
use crate::jit::ir::inst::{Callee, Home};
use crate::jit::ir::{BlockId, InstKind, Made, SlotIx, StateId, Terminator, Type, ValueId};
use crate::jit::profile::{FunctionProfile, Site, Target};
use crate::value::DeclId;
use crate::value::layout::{UNIT_KEY, shape, tag};
use crate::value::shapes::{Layout, shape_info};
use crate::vm::After;
use crate::vm::feedback::{MOST_FUNCTIONS, WAYS};

/// A function without `self`, and how arguments meet its parameters.
type Plain = (u32, Arc<FunctionProfile>, Order);

/// A call about to be built: its arguments stand in the window, or come there behind its last check.
#[derive(Clone)]
pub struct Call {
    pub function: u32,
    /// Arguments, the receiver included.
    pub count: u16,
    pub dst: u16,
    pub window: SlotIx,
    /// Receiver and argument of an operator, which are elsewhere still.
    pub operands: Option<(u16, Option<Source>)>,
    /// How the arguments meet the parameters, unless they are in their places.
    pub order: Option<Order>,
    pub running: Running,
    pub after: After,
    pub own: Option<Lent>,
    /// The part of a local that is the `self` of a mutating method: where it stands, and what was read there.
    pub part: Option<(Home, ValueId)>,
    /// How the receiver comes from its place, if one of several calls gets it.
    pub receiving: Option<Receiving>,
    /// The field called, which takes the place of its receiver below the arguments.
    pub field: Option<(ValueId, Lender)>,
    /// One of several calls whose results meet.
    pub meets: bool,
}

impl Call {
    /// A call of a function that is no closure, with its arguments in their places.
    pub fn new(function: u32, count: u16, dst: u16, window: SlotIx) -> Call {
        let (running, after) = (Running::Nothing, After::Store);
        let (operands, order, own, part, receiving, field) = (None, None, None, None, None, None);
        let meets = false;
        Call { function, count, dst, window, operands, order, running, after, own, part, receiving, field, meets }
    }
}

/// Stands for the function of a call where it is only known when it runs.
const UNKNOWN: u32 = u32::MAX;

/// Shapes of one site that are told apart.
pub(super) const MOST_CASES: usize = WAYS;

/// What decides which function a site calls.
#[derive(Clone, Copy)]
pub(super) enum Test {
    Shape(ValueId, u32),
    /// Of a boxed value.
    Function {
        value: ValueId,
        function: u32,
    },
    Closure {
        value: ValueId,
        function: u32,
    },
    /// None of those before: any value.
    Other,
}

impl Builder<'_> {
    pub(super) fn call_func(&mut self, op: Op, argc: u8, dst: u16, base: u16, func: u16) -> Built {
        let profile = &self.context().profile;
        let function = profile.unit_base + profile.chunk.functions[usize::from(func)];
        let window = self.slot(base);
        let count = u16::from(argc);
        self.call_known(op, Call::new(function, count, dst, window))
    }

    /// The only thing a method site has met.
    pub(super) fn only_target(&self) -> Option<Target> {
        match self.context().profile.sites.get(&self.pc)? {
            Site::Callees(targets) if targets.len() == 1 => Some(targets[0]),
            Site::Callees(targets) => method_of_enum(targets),
            _ => None,
        }
    }

    pub(super) fn callee(&self, function: u32) -> Option<Arc<FunctionProfile>> {
        self.request.functions.get(&function).cloned()
    }

    /// A method of the shapes the site has met, which does not change its receiver.
    pub(super) fn call_method(&mut self, op: Op, given: Given, dst: u16, base: u16) -> Built {
        if let (Op::CallMethod { .. }, Some(Site::Called { .. })) = (op, self.context().profile.sites.get(&self.pc)) {
            return self.call_field(op, given, dst, base);
        }
        let Some(target) = self.only_target() else { return self.call_method_of_several(op, given, dst, base) };
        if (target.function as usize) < N_BUILTINS {
            let Some(argc) = given.all_positional() else { return self.fallback(op) };
            return self.call_builtin_method(op, target, argc, dst, base);
        }
        let Some(call) = self.method_call(target, given, dst, base) else { return self.fallback(op) };
        if !self.guard_instance(call.window, target) {
            return self.fallback(op);
        }
        self.call_known(op, call)
    }

    /// The call of a method that does not change its receiver.
    pub(super) fn method_call(&self, target: Target, given: Given, dst: u16, base: u16) -> Option<Call> {
        let callee = self.callee(target.function).filter(|callee| callee.chunk.self_kind == SelfKind::Value)?;
        let order = Some(self.order_of(&callee, given)?);
        let (function, count, window) = (target.function, callee.chunk.params, self.slot(base));
        Some(Call { order, ..Call::new(function, count, dst, window) })
    }

    /// A site that has met instances of several shapes: a way for each.
    fn call_method_of_several(&mut self, op: Op, given: Given, dst: u16, base: u16) -> Built {
        let Some(Site::Callees(targets)) = self.context().profile.sites.get(&self.pc).cloned() else {
            return self.fallback(op);
        };
        let call = |target: &Target| {
            let is_struct = target.shape >= shape::FIRST_DECLARED && enum_of(target.shape).is_none();
            self.method_call(*target, given, dst, base).filter(|_| is_struct)
        };
        let calls: Option<Vec<Call>> = targets.iter().map(call).collect();
        let Some(calls) = calls.filter(|calls| (2..=MOST_CASES).contains(&calls.len())) else { return self.fallback(op) };
        if matches!(self.state.get(self.slot(base)), Slot::Scalar { .. } | Slot::Immediate { .. } | Slot::Clean) {
            return self.fallback(op);
        }
        let exit = self.exit();
        let boxed = self.boxed(base);
        let pointer = self.emit(InstKind::GuardTag { value: boxed, tag: tag::STRUCT, exit }, Type::pointer(tag::STRUCT, 0));
        let tests = targets.iter().map(|target| Test::Shape(pointer, target.shape));
        self.call_one_of(op, tests.zip(calls).collect(), exit)
    }

    /// Calls the function of the first case that holds; the last one is checked and leaves, unless it is for any value.
    pub(super) fn call_one_of(&mut self, op: Op, cases: Vec<(Test, Call)>, exit: StateId) -> Built {
        let (count, dst) = (cases.len(), cases[0].1.dst);
        let is_plain = cases.iter().all(|(_, call)| call.operands.is_none());
        let is_open = matches!(cases[count - 1].0, Test::Other);
        let mut live = self.live_after_call(dst);
        live.insert(usize::from(dst));
        let mut ways = Vec::with_capacity(count);
        for (at, (test, mut call)) in cases.into_iter().enumerate() {
            let before = self.state.clone();
            call.meets = true;
            // What is none of the functions without captures is a closure, unless it may be any value.
            let closure = if let Test::Closure { value, .. } = test { Some(value) } else { None };
            if let Some(value) = closure.filter(|_| !is_open) {
                call.running = self.running_closure(value, exit);
            }
            let otherwise = if at + 1 < count { Some(self.branch_on(test, &call)) } else { None };
            if otherwise.is_none() {
                self.check(test, &call, exit);
            }
            if let Some(value) = closure.filter(|_| is_open) {
                call.running = self.running_closure(value, exit);
            }
            match test {
                Test::Other => self.call_code(&call, Callee::Below(call.count), Passed::default()),
                _ => self.call_known(op, call)?,
            }
            let apart = std::mem::take(&mut self.apart);
            if apart.is_empty() && !self.ended {
                ways.push(Edge { from: self.block, state: self.state.clone() });
            }
            ways.extend(apart);
            if let Some(block) = otherwise {
                (self.block, self.state, self.exit, self.ended) = (block, before, None, false);
            }
        }
        self.ends = Vec::new();
        self.ended = ways.is_empty();
        if self.ended {
            return Ok(());
        }
        if is_plain && !self.is_returned(dst) && self.is_tested(dst, self.slot(dst), &ways) {
            ways = self.meet_but_known(self.slot(dst), ways, &live);
        } else if !(is_plain && self.is_returned(dst)) {
            self.join(ways, &live);
            return Ok(());
        }
        self.apart = ways;
        Ok(())
    }

    fn running_closure(&mut self, value: ValueId, exit: StateId) -> Running {
        let ty = Type::pointer(tag::CLOSURE, 0);
        Running::Below(Some(self.emit(InstKind::GuardTag { value, tag: tag::CLOSURE, exit }, ty)))
    }

    /// Goes on where the test holds; gives the block for where it does not.
    fn branch_on(&mut self, test: Test, call: &Call) -> BlockId {
        let kind = match (test, call.running) {
            (Test::Shape(pointer, shape), _) => InstKind::IsShape { pointer, shape },
            (Test::Closure { function, .. }, Running::Below(Some(pointer))) => InstKind::IsClosure { pointer, function },
            (Test::Closure { value, function }, _) => InstKind::IsFunction { value, function, captures: true },
            (Test::Function { value, function }, _) => InstKind::IsFunction { value, function, captures: false },
            (Test::Other, _) => unreachable!("what is for any value is the last"),
        };
        let cond = self.emit(kind, Type::BOOL);
        let (then, otherwise) = (self.out.new_block(), self.out.new_block());
        self.terminate(Terminator::Branch { cond, then: (then, Box::new([])), otherwise: (otherwise, Box::new([])) });
        (self.block, self.ended, self.exit) = (then, false, None);
        otherwise
    }

    fn check(&mut self, test: Test, call: &Call, exit: StateId) {
        match (test, call.running) {
            (Test::Shape(pointer, shape), _) => {
                self.emit(InstKind::GuardShape { pointer, shape, exit }, Type::pointer(tag::STRUCT, shape));
            }
            (Test::Closure { function, .. }, Running::Below(Some(pointer))) => {
                self.emit(InstKind::GuardClosure { pointer, function, exit }, Type::pointer(tag::CLOSURE, 0));
            }
            (Test::Closure { value, function } | Test::Function { value, function }, _) => {
                self.effect(InstKind::GuardFunction { value, function, exit });
            }
            (Test::Other, _) => {}
        }
    }

    /// Checks that a slot holds an instance of the shape; false if it is known that it does not.
    pub(super) fn guard_instance(&mut self, slot: SlotIx, target: Target) -> bool {
        if let Some(decl) = enum_of(target.shape) {
            return self.guard_enum(slot, decl);
        }
        if target.shape < shape::FIRST_DECLARED
            || matches!(self.state.get(slot), Slot::Scalar { .. } | Slot::Immediate { .. } | Slot::Clean)
        {
            return false;
        }
        if self.virtual_shape(slot) == Some(target.shape) {
            return true;
        }
        let exit = self.exit();
        let boxed = self.boxed_slot(slot);
        let pointer = self.emit(InstKind::GuardTag { value: boxed, tag: tag::STRUCT, exit }, Type::pointer(tag::STRUCT, 0));
        self.emit(InstKind::GuardShape { pointer, shape: target.shape, exit }, Type::pointer(tag::STRUCT, target.shape));
        true
    }

    /// Checks that a slot holds a value of an enum, whose methods are the same for all variants.
    pub(super) fn guard_enum(&mut self, slot: SlotIx, decl: DeclId) -> bool {
        if matches!(self.state.get(slot), Slot::Scalar { .. } | Slot::Clean) {
            return false;
        }
        if let Some(Made::Variant(shape)) = self.made_in(slot)
            && enum_of(shape) == Some(decl)
        {
            return true;
        }
        let enum_value = self.boxed_slot(slot);
        self.guard_enum_value(enum_value, decl);
        true
    }

    pub(super) fn guard_enum_value(&mut self, value: ValueId, decl: DeclId) {
        let (value, exit) = (self.is_of_enum(value, decl), self.exit());
        self.effect(InstKind::GuardTrue { value, exit });
    }

    /// A method called on a local variable.
    pub(super) fn call_method_place(&mut self, op: Op, given: Given, dst: u16, base: u16, site: u16) -> Built {
        let chunk = self.context().profile.chunk.clone();
        let method = &chunk.methods[usize::from(site)];
        let path = method.path.map(|path| &chunk.paths[usize::from(path)]);
        if path.is_some_and(|path| !path.segments.is_empty() || !matches!(path.root, Root::Local(_))) {
            return self.call_method_at(op, given, dst, base, site);
        }
        let (Some(path), Some(at)) = (path, method.path) else { return self.fallback(op) };
        let Root::Local(local) = path.root else { return self.fallback(op) };
        // Only the VM runs methods on a read-only `self`.
        let mutable = path.access == Access::Mutable || (path.access == Access::SelfPlace && chunk.self_kind.changes());
        let Some(target) = self.only_target() else {
            let at = At { path: at, root: path.root, base, keys: 0, given, dst, used: method.used };
            return self.call_place_of_several(op, at, mutable);
        };
        if (target.function as usize) < N_BUILTINS {
            let Some(argc) = given.all_positional() else { return self.fallback(op) };
            return self.call_builtin_on_local(op, target, (mutable, method.used), argc, dst, base, local);
        }
        let Some(callee) = self.callee(target.function) else { return self.fallback(op) };
        let Some(order) = self.order_of(&callee, given) else { return self.fallback(op) };
        let (window, order) = (self.slot(base), Some(order));
        let (function, count) = (target.function, callee.chunk.params);
        let mut call = Call { order, ..Call::new(function, count, dst, window) };
        match callee.chunk.self_kind {
            SelfKind::Value if self.guard_instance(self.slot(local), target) => {
                self.copy(base, local);
                self.call_known(op, call)
            }
            SelfKind::Mutating | SelfKind::MaybeMutating if mutable && !keeps_self_in_cell(&callee) => {
                let slot = self.slot(local);
                if self.virtual_shape(slot) != Some(target.shape) {
                    self.settle(slot);
                }
                if !matches!(self.state.get(slot), Slot::Memory | Slot::Virtual(_)) || !self.guard_instance(slot, target) {
                    return self.fallback(op);
                }
                self.release(window);
                let home = SlotIx(self.context().base + u32::from(local));
                call.own = Some(Lent { slot, home });
                self.call_known(op, call)
            }
            _ => self.fallback(op),
        }
    }

    // ---- values ----

    /// Calls the value below the arguments, if it is known or guessed which function that is.
    pub(super) fn call_value(&mut self, op: Op, given: Given, dst: u16, base: u16) -> Built {
        let below = SlotIx(self.slot(base).0 - 1);
        if let Slot::Borrowed { value, .. } = self.state.get(below)
            && let Some(&builtin) = self.constructors.get(&value)
        {
            let Some(argc) = given.all_positional() else { return self.fallback(op) };
            return self.call_constructor(op, builtin, argc, dst, base);
        }
        let Some(function) = self.expected_function(below) else { return self.call_one_of_functions(op, given, dst, base) };
        let Some((callee, order)) = self.plain_function(function, given) else { return self.call_any(op, given, dst, base) };
        let running = match self.state.get(below) {
            Slot::Virtual(at) => Some(Running::Virtual(at)),
            _ => self.guard_function(below, function, callee.captures).map(Running::Below),
        };
        let Some(running) = running else { return self.fallback(op) };
        let (window, count, order) = (self.slot(base), callee.chunk.params, Some(order));
        self.call_known(op, Call { order, running, ..Call::new(function, count, dst, window) })
    }

    /// A function without `self`, and how the arguments meet its parameters.
    fn plain_function(&self, function: u32, given: Given) -> Option<(Arc<FunctionProfile>, Order)> {
        let callee = self.callee(function).filter(|callee| callee.chunk.self_kind == SelfKind::None)?;
        let order = self.order_of(&callee, given)?;
        Some((callee, order))
    }

    /// A site that has met several functions: a way for each, those without captures first.
    fn call_one_of_functions(&mut self, op: Op, given: Given, dst: u16, base: u16) -> Built {
        let targets = match self.context().profile.sites.get(&self.pc).cloned() {
            Some(Site::Callees(targets)) => targets,
            Some(Site::ManyCallees) => return self.call_any(op, given, dst, base),
            _ => return self.fallback(op),
        };
        let Some(callees) = self.plain_functions(&targets, given) else { return self.call_any(op, given, dst, base) };
        let window = self.slot(base);
        let below = SlotIx(window.0 - 1);
        if callees.len() < 2 || matches!(self.state.get(below), Slot::Scalar { .. } | Slot::Immediate { .. } | Slot::Clean) {
            return self.fallback(op);
        }
        let exit = self.exit();
        let value = self.boxed_slot(below);
        let mut cases = cases(value, callees, Call::new(UNKNOWN, 0, dst, window));
        if let Some(count) = given.all_positional().filter(|_| self.expects_others(&op)) {
            cases.push((
                Test::Other,
                Call { running: Running::Below(None), ..Call::new(UNKNOWN, u16::from(count), dst, window) },
            ));
        }
        self.call_one_of(op, cases, exit)
    }

    /// Will a site that has met several functions meet more? In a body of the prelude, which the whole program shares, and where code has left
    /// for that too often.
    fn expects_others(&self, op: &Op) -> bool {
        let profile = &self.context().profile;
        matches!(op, Op::CallValue { .. }) && (profile.info.hidden || profile.storms(self.pc) > 0)
    }

    /// Functions without `self` that a site has met, not too many.
    fn plain_functions(&self, targets: &[Target], given: Given) -> Option<Vec<Plain>> {
        let plain = |target: &Target| {
            let (callee, order) = self.plain_function(target.function, given)?;
            Some((target.function, callee, order))
        };
        let callees: Vec<Plain> = targets.iter().map(plain).collect::<Option<_>>()?;
        (1..=MOST_FUNCTIONS).contains(&callees.len()).then_some(callees)
    }

    /// `self.less(a, b)`, where `less` is a field of the only struct that the site has met.
    fn call_field(&mut self, op: Op, given: Given, dst: u16, base: u16) -> Built {
        let Some(Site::Called { fields, functions }) = self.context().profile.sites.get(&self.pc).cloned() else {
            return self.fallback(op);
        };
        let callees = self.plain_functions(&functions, given);
        let (Some(callees), &[field]) = (callees, &fields[..]) else { return self.fallback(op) };
        if !self.holds_object(base) {
            return self.fallback(op);
        }
        if let Slot::Virtual(_) = self.state.get(self.slot(base)) {
            self.settle(self.slot(base));
        }
        let (lender, exit) = (self.lender_of_part(base), self.exit());
        let pointer = self.guarded(base, tag::STRUCT, field.shape);
        let load = InstKind::LoadField { cell: field.cell, pointer, offset: field.offset };
        let value = self.emit(load, Type::ANY);
        let call = Call { field: Some((value, lender)), ..Call::new(UNKNOWN, 0, dst, self.slot(base + 1)) };
        self.call_one_of(op, cases(value, callees, call), exit)
    }

    /// Puts the field called where its receiver stands.
    fn place_field(&mut self, slot: SlotIx, value: ValueId, lender: Lender) {
        match self.state.get(slot) {
            // Nothing else may hold it.
            Slot::Memory | Slot::Owned { .. } => self.replace(slot, value),
            _ => {
                self.release(slot);
                self.put(slot, Slot::Borrowed { value, lender });
            }
        }
    }

    /// Calls the value below the arguments, whatever it is.
    pub(super) fn call_any(&mut self, op: Op, given: Given, dst: u16, base: u16) -> Built {
        let window = self.slot(base);
        let is_none = matches!(
            self.state.get(SlotIx(window.0 - 1)),
            Slot::Scalar { .. } | Slot::Immediate { .. } | Slot::Clean | Slot::Virtual(_)
        );
        let Some(argc) = given.all_positional().filter(|_| !is_none) else { return self.fallback(op) };
        let count = u16::from(argc);
        let call = Call { running: Running::Below(None), ..Call::new(UNKNOWN, count, dst, window) };
        self.call_code(&call, Callee::Below(count), Passed::default());
        Ok(())
    }

    /// The function that a slot probably holds: a constant, a closure made here, or what the site has met.
    fn expected_function(&self, slot: SlotIx) -> Option<u32> {
        match self.state.get(slot) {
            Slot::Immediate { value, .. } => return self.functions.get(&value).copied(),
            Slot::Virtual(at) => return self.virtual_function(at),
            _ => {}
        }
        let guess = self.hints.get(&slot).copied();
        guess.or_else(|| self.only_target().map(|target| target.function))
    }

    /// Checks that a slot holds this function; gives the closure, if it has captures. Nothing if it is known to be another.
    fn guard_function(&mut self, slot: SlotIx, function: u32, captures: bool) -> Option<Option<ValueId>> {
        match self.state.get(slot) {
            Slot::Immediate { value, .. } => return (self.functions.get(&value) == Some(&function)).then_some(None),
            Slot::Scalar { .. } | Slot::Clean => return None,
            _ => {}
        }
        let exit = self.exit();
        let boxed = self.boxed_slot(slot);
        if !captures {
            self.effect(InstKind::GuardFunction { value: boxed, function, exit });
            return Some(None);
        }
        let ty = Type::pointer(tag::CLOSURE, 0);
        let pointer = self.emit(InstKind::GuardTag { value: boxed, tag: tag::CLOSURE, exit }, ty);
        Some(Some(self.emit(InstKind::GuardClosure { pointer, function, exit }, ty)))
    }

    // ---- captures ----

    /// The closure that captures are read from (`None`: the one passed to the code), if this context has one.
    pub(super) fn captures(&self) -> Option<Option<ValueId>> {
        match self.context().running {
            Running::Outermost => Some(None),
            Running::Below(Some(pointer)) => Some(Some(pointer)),
            Running::Below(None) | Running::Nothing | Running::Virtual(_) => None,
        }
    }

    pub(super) fn capture_get(&mut self, op: Op, dst: u16, index: u16) -> Built {
        if let Running::Virtual(at) = self.context().running {
            self.virtual_capture(dst, at, index);
            return Ok(());
        }
        let Some(closure) = self.captures() else { return self.fallback(op) };
        let value = self.emit(InstKind::LoadCapture { closure, index: u32::from(index) }, Type::ANY);
        // The closure stays below its frame.
        let lender = if closure.is_some() { Lender::Slot(SlotIx(self.context().base - 1)) } else { Lender::Constant };
        self.write_lent(dst, value, lender);
        Ok(())
    }

    /// The closure that runs, by which a function inside of another calls itself.
    pub(super) fn self_function(&mut self, op: Op, dst: u16) -> Built {
        let captures = self.context().profile.captures;
        let Some(closure) = self.captures().filter(|_| captures) else { return self.fallback(op) };
        match closure {
            Some(pointer) => self.write_lent(dst, pointer, Lender::Slot(SlotIx(self.context().base - 1))),
            None => {
                let pointer = self.emit(InstKind::RunningClosure, Type::pointer(tag::CLOSURE, 0));
                self.write_lent(dst, pointer, Lender::Constant);
            }
        }
        Ok(())
    }

    pub(super) fn capture_cell_get(&mut self, op: Op, dst: u16, index: u16) -> Built {
        let Some(closure) = self.captures() else { return self.fallback(op) };
        let exit = self.exit();
        self.read_variable(dst, InstKind::LoadCaptureCell { closure, index: u32::from(index), exit });
        Ok(())
    }

    pub(super) fn capture_cell_set(&mut self, op: Op, index: u16, value: u16) -> Built {
        let (Some(closure), Some(scalar)) = (self.captures(), self.known_scalar(value)) else {
            return self.assign_variable(op, Root::CaptureCell(index), value);
        };
        let exit = self.exit();
        self.effect(InstKind::StoreCaptureCell { closure, index: u32::from(index), value: scalar, exit });
        self.consume(value);
        Ok(())
    }

    // ---- known functions ----

    /// Calls a function with its arguments in place.
    pub(super) fn call_known(&mut self, op: Op, call: Call) -> Built {
        let Some(callee) = self.callee(call.function) else { return self.fallback(op) };
        if callee.chunk.params != call.count {
            return self.fallback(op);
        }
        if let Some(receiving) = call.receiving {
            self.receive(call.window, receiving);
        }
        if let Some((receiver, argument)) = call.operands {
            self.place_operands(call.window, receiver, argument);
        }
        if let Some((value, lender)) = call.field {
            self.place_field(SlotIx(call.window.0 - 1), value, lender);
        }
        if let Some(order) = &call.order {
            let own = u32::from(call.count) - order.len() as u32;
            self.put_in_order(SlotIx(call.window.0 + own), order);
        }
        if self.inlines(&call, &callee) {
            return self.inline(&call, callee);
        }
        let in_place = call.order.is_none() && call.operands.is_none() && call.part.is_none();
        if in_place && self.context().profile.storms(self.pc) == 0 {
            self.guess_arguments(&call);
        }
        self.call_compiled(&call);
        Ok(())
    }

    pub(super) fn write_owned(&mut self, register: u16, value: ValueId) {
        let slot = self.slot(register);
        self.release(slot);
        self.put(slot, Slot::Owned { value });
    }
}

/// A way for each function that a value may be, those without captures first.
fn cases(value: ValueId, callees: Vec<Plain>, call: Call) -> Vec<(Test, Call)> {
    let case = |(function, callee, order): Plain| {
        let test = if callee.captures { Test::Closure { value, function } } else { Test::Function { value, function } };
        let (running, count) = (Running::Below(None), callee.chunk.params);
        (test, Call { function, count, order: Some(order), running, ..call.clone() })
    };
    let mut cases: Vec<(Test, Call)> = callees.into_iter().map(case).collect();
    cases.sort_by_key(|(test, _)| matches!(test, Test::Closure { .. }));
    cases
}

/// The enum whose values have this shape or key.
pub(super) fn enum_of(id: u32) -> Option<DeclId> {
    if id & UNIT_KEY != 0 {
        return Some(DeclId(id & !UNIT_KEY));
    }
    let layout = (id >= shape::FIRST_DECLARED).then(|| shape_info(id).layout)?;
    match layout {
        Layout::Variant { decl, .. } => Some(decl),
        Layout::Struct { .. } => None,
    }
}

/// The only method that values of one enum have been asked for, with the key of some of them.
fn method_of_enum(targets: &[Target]) -> Option<Target> {
    let first = targets.first()?;
    let decl = enum_of(first.shape)?;
    let same = |target: &Target| target.function == first.function && enum_of(target.shape) == Some(decl);
    targets.iter().all(same).then_some(*first)
}

/// Closures have captured the `self` of the method.
pub(super) fn keeps_self_in_cell(callee: &FunctionProfile) -> bool {
    callee.chunk.code.iter().any(|op| matches!(op, Op::CellParam { slot: 0 }))
}
