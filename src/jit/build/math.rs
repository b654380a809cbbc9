//! Functions of numbers as instructions, for the kinds of argument met.
use super::Builder;
use super::arith::Source;
use super::state::{Scalar, Slot};
use crate::builtins::{self, BuiltinId};
use crate::bytecode::op::Op;
use crate::jit::ir::inst::{Cmp, FloatFunction, FloatUnary};
use crate::jit::ir::{InstKind, Type, ValueId};
use crate::jit::profile::Site;

/// Most arguments of `min` and `max`, after the first two, that are compared inline.
const MOST_COMPARED: u16 = 4;

impl Builder<'_> {
    /// A builtin by its name, if it is a function of numbers that can be built.
    pub(super) fn number_function(
        &mut self,
        name: &str,
        count: u16,
        base: u16,
        first: Option<u64>,
    ) -> Option<(ValueId, Scalar)> {
        match (name, count) {
            ("sqrt", 1) => self.root(base, first),
            ("abs", 1) => self.magnitude(base, first),
            ("floor", 1) => self.rounded(base, first, FloatUnary::Floor),
            ("ceil", 1) => self.rounded(base, first, FloatUnary::Ceil),
            ("trunc" | "int" | "to_int", 1) => self.rounded(base, first, FloatUnary::Trunc),
            ("float" | "to_float", 1) => self.as_float(base, first).map(|value| (value, Scalar::Float)),
            ("sin", 1) => self.float_function(FloatFunction::Sin, base, first),
            ("cos", 1) => self.float_function(FloatFunction::Cos, base, first),
            ("tan", 1) => self.float_function(FloatFunction::Tan, base, first),
            ("atan", 1) => self.float_function(FloatFunction::Atan, base, first),
            ("exp", 1) => self.float_function(FloatFunction::Exp, base, first),
            ("log", 1) => self.logarithm(base, first),
            ("atan2", 2) => {
                let (a, b) = (self.as_float(base, first)?, self.as_float(base + 1, None)?);
                Some((self.call_float(FloatFunction::Atan2, a, b), Scalar::Float))
            }
            _ => None,
        }
    }

    /// An argument as a scalar: known, or of the kind met so far and checked.
    fn argument(&mut self, register: u16, met: Option<u64>) -> Option<(ValueId, Scalar)> {
        if let Slot::Scalar { value, scalar, .. } = self.state.get(self.slot(register)) {
            return Some((value, scalar));
        }
        let scalar = [Scalar::Int, Scalar::Float].into_iter().find(|scalar| Some(scalar.tag()) == met)?;
        self.scalar(Source::Register(register), scalar).map(|value| (value, scalar))
    }

    /// Whether a number is below zero.
    pub(super) fn is_negative(&mut self, register: u16, met: Option<u64>) -> Option<ValueId> {
        match self.argument(register, met)? {
            (a, Scalar::Int) => {
                let b = self.int(0);
                Some(self.emit(InstKind::CmpI { op: Cmp::Lt, a, b }, Type::BOOL))
            }
            (a, Scalar::Float) => {
                let b = self.emit(InstKind::ConstF(0), Type::FLOAT);
                Some(self.emit(InstKind::CmpF { op: Cmp::Lt, a, b }, Type::BOOL))
            }
            (_, Scalar::Bool) => None,
        }
    }

    pub(super) fn call_float(&mut self, function: FloatFunction, a: ValueId, b: ValueId) -> ValueId {
        self.emit(InstKind::CallFloat { function, a, b }, Type::FLOAT)
    }

    fn float_function(&mut self, function: FloatFunction, register: u16, met: Option<u64>) -> Option<(ValueId, Scalar)> {
        let a = self.as_float(register, met)?;
        Some((self.call_float(function, a, a), Scalar::Float))
    }

    /// `log`: what has none is the builtin's own business.
    fn logarithm(&mut self, register: u16, met: Option<u64>) -> Option<(ValueId, Scalar)> {
        let a = self.as_float(register, met)?;
        self.check_float(Cmp::Gt, a);
        Some((self.call_float(FloatFunction::Log, a, a), Scalar::Float))
    }

    /// Leaves unless the comparison of a float with zero holds.
    pub(super) fn check_float(&mut self, op: Cmp, a: ValueId) {
        let zero = self.emit(InstKind::ConstF(0), Type::FLOAT);
        let value = self.emit(InstKind::CmpF { op, a, b: zero }, Type::BOOL);
        let exit = self.exit();
        self.effect(InstKind::GuardTrue { value, exit });
    }

    /// `min` and `max` of numbers of one kind, if that is what the array of `count` temporaries from `base` on is made for by this
    /// instruction: the next one passes it as the arguments after the second.
    pub(super) fn extreme_of(&mut self, array: u16, base: u16, count: u16) -> bool {
        let next = self.context().profile.chunk.code.get(self.pc as usize + 1);
        let Some(&Op::CallBuiltin { argc: 3, dst, base: first, builtin }) = next else { return false };
        let op = match builtins::info(BuiltinId(builtin)).name {
            "min" => Cmp::Lt,
            "max" => Cmp::Gt,
            _ => return false,
        };
        if array != first + 2 || count > MOST_COMPARED || self.context().profile.storms(self.pc) > 0 {
            return false;
        }
        let arguments: Vec<u16> = [first, first + 1].into_iter().chain(base..base + count).collect();
        let Some(kind) = self.kind_of_all(&arguments) else { return false };
        let Some((best, kind)) = self.best(op, kind, &arguments) else { return false };
        arguments.into_iter().for_each(|register| self.consume(register));
        self.write_scalar(dst, best, kind);
        true
    }

    /// The kind of all arguments of the next instruction: what is known of one, or what the first has been so far.
    fn kind_of_all(&self, arguments: &[u16]) -> Option<Scalar> {
        let met = match self.context().profile.sites.get(&(self.pc + 1)) {
            Some(Site::Argument(kinds)) => kinds.single(),
            _ => None,
        };
        let kinds = [Scalar::Int, Scalar::Float];
        let known = arguments.iter().find_map(|register| self.known(Source::Register(*register)));
        let kind = known.or_else(|| kinds.into_iter().find(|kind| Some(kind.tag()) == met))?;
        let fits = |register: &u16| match self.state.get(self.slot(*register)) {
            Slot::Scalar { scalar, .. } => scalar == kind,
            found => matches!(found, Slot::Memory | Slot::Borrowed { .. } | Slot::Owned { .. }),
        };
        (kinds.contains(&kind) && arguments.iter().all(fits)).then_some(kind)
    }

    /// Another argument replaces the best so far if `op` holds between the other and it.
    fn best(&mut self, op: Cmp, kind: Scalar, arguments: &[u16]) -> Option<(ValueId, Scalar)> {
        let mut best = self.scalar(Source::Register(arguments[0]), kind)?;
        for register in &arguments[1..] {
            let other = self.scalar(Source::Register(*register), kind)?;
            best = if kind == Scalar::Int { self.better_int(op, best, other) } else { self.better_float(op, best, other) };
        }
        Some((best, kind))
    }

    fn better_int(&mut self, op: Cmp, best: ValueId, other: ValueId) -> ValueId {
        let cond = self.emit(InstKind::CmpI { op, a: other, b: best }, Type::BOOL);
        self.emit(InstKind::Select { cond, a: other, b: best }, Type::INT)
    }

    /// What is no number stays, and replaces every number.
    fn better_float(&mut self, op: Cmp, best: ValueId, other: ValueId) -> ValueId {
        let keeps = if op == Cmp::Lt { Cmp::Ge } else { Cmp::Le };
        let cond = self.emit(InstKind::CmpF { op: keeps, a: other, b: best }, Type::BOOL);
        let better = self.emit(InstKind::Select { cond, a: best, b: other }, Type::FLOAT);
        let cond = self.emit(InstKind::CmpF { op: Cmp::Eq, a: best, b: best }, Type::BOOL);
        self.emit(InstKind::Select { cond, a: better, b: best }, Type::FLOAT)
    }

    fn as_float(&mut self, register: u16, met: Option<u64>) -> Option<ValueId> {
        match self.argument(register, met)? {
            (value, Scalar::Float) => Some(value),
            (value, Scalar::Int) => Some(self.emit(InstKind::IntToFloat(value), Type::FLOAT)),
            (_, Scalar::Bool) => None,
        }
    }

    /// `sqrt`: a negative number is the builtin's own business.
    fn root(&mut self, register: u16, met: Option<u64>) -> Option<(ValueId, Scalar)> {
        let a = self.as_float(register, met)?;
        self.check_float(Cmp::Ge, a);
        Some((self.emit(InstKind::FloatUnary { op: FloatUnary::Sqrt, a }, Type::FLOAT), Scalar::Float))
    }

    fn magnitude(&mut self, register: u16, met: Option<u64>) -> Option<(ValueId, Scalar)> {
        match self.argument(register, met)? {
            (a, Scalar::Float) => {
                Some((self.emit(InstKind::FloatUnary { op: FloatUnary::Abs, a }, Type::FLOAT), Scalar::Float))
            }
            (a, Scalar::Int) => {
                let exit = Some(self.exit());
                let negative = self.emit(InstKind::NegI { a, exit }, Type::INT);
                let zero = self.int(0);
                let cond = self.emit(InstKind::CmpI { op: Cmp::Lt, a, b: zero }, Type::BOOL);
                Some((self.emit(InstKind::Select { cond, a: negative, b: a }, Type::INT), Scalar::Int))
            }
            (_, Scalar::Bool) => None,
        }
    }

    /// `floor`, `ceil`, `trunc`, `int` of a number: an int.
    fn rounded(&mut self, register: u16, met: Option<u64>, op: FloatUnary) -> Option<(ValueId, Scalar)> {
        match self.argument(register, met)? {
            (value, Scalar::Int) => Some((value, Scalar::Int)),
            (a, Scalar::Float) => {
                let whole = self.emit(InstKind::FloatUnary { op, a }, Type::FLOAT);
                let exit = self.exit();
                Some((self.emit(InstKind::FloatToInt { a: whole, exit }, Type::INT), Scalar::Int))
            }
            (_, Scalar::Bool) => None,
        }
    }
}
