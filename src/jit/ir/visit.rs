//! Uniform access to the operands and frame states of instructions and terminators.
use super::inst::InstKind::*;
use super::{BlockId, InstKind, StateId, Terminator, ValueId};

/// Calls `$f` for each operand of an instruction, by reference as `$iter` and `$each` say.
macro_rules! operands {
    ($of:expr, $f:ident, $iter:ident, $each:ident) => {
        match $of {
            ConstI(_) | ConstF(_) | ConstB(_) | ConstBoxed(..) | ConstPool(..) => {}
            RunningClosure | LoadSlot(_) | ClearSlot(_) | MoveSlot { .. } => {}
            LoadModule { .. } | LoadConstant { .. } | LoadCell { .. } | Fallback { .. } => {}
            Poll { counter, sums, .. } => counter.$iter().chain(sums).for_each($f),
            StoreSlot(_, v) | StoreSlotRetain(_, v) | ReplaceSlot(_, v) | StoreSlotOwned(_, v) => $f(v),
            StoreModule { value, .. } | StoreCell { value, .. } => $f(value),
            LoadCapture { closure, .. } | LoadCaptureCell { closure, .. } => closure.$iter().for_each($f),
            StoreCaptureCell { closure, value, .. } => {
                closure.$iter().for_each(&mut $f);
                $f(value);
            }
            LoadPart(_) => {}
            GuardTag { value, .. }
            | GuardParts { value, .. }
            | GuardNotTag { value, .. }
            | GuardSmall { value, .. }
            | GuardTrue { value, .. }
            | GuardFunction { value, .. } => $f(value),
            GuardShape { pointer, .. }
            | GuardUnique { pointer, .. }
            | GuardClosure { pointer, .. }
            | IsShape { pointer, .. }
            | IsClosure { pointer, .. } => $f(pointer),
            Unshare { home, pointer, .. } => {
                home.$each(&mut $f);
                $f(pointer);
            }
            Generalise { pointer, .. } | Settle { pointer, .. } => $f(pointer),
            ToFloat { value, .. } | LowWord { value, .. } => $f(value),
            LoadItem { pointer, index } | LoadByte { pointer, index } => {
                $f(pointer);
                $f(index);
            }
            StoreOwned { home, value } => {
                home.$each(&mut $f);
                $f(value);
            }
            GuardBounds { index, length, .. } => {
                $f(index);
                $f(length);
            }
            Retain(v)
            | Release(v)
            | IsFunction { value: v, .. }
            | IsRaised(v)
            | Throw { value: v, .. }
            | EqualsNull { value: v, .. }
            | EqualsText { value: v, .. }
            | TagOf(v)
            | VariantOf(v)
            | CharOf(v)
            | Box(v)
            | NotI(v)
            | IntToFloat(v)
            | NotB(v)
            | Truthy(v)
            | LoadLength(v)
            | LoadStart(v)
            | LoadStep(v)
            | LoadData(v) => $f(v),
            Unbox { value, .. } => $f(value),
            Int { a, b, .. }
            | DivI { a, b, .. }
            | ModI { a, b, .. }
            | Bit { a, b, .. }
            | Low { a, b, .. }
            | ShlI { a, b, .. }
            | ShrI { a, b, .. } => {
                $f(a);
                $f(b);
            }
            NegI { a, .. } | FloatUnary { a, .. } | GuardNonZeroF { a, .. } | FloatToInt { a, .. } => $f(a),
            Float { a, b, .. } | CallFloat { a, b, .. } | CmpI { a, b, .. } | CmpF { a, b, .. } | CmpPtr { a, b, .. } => {
                $f(a);
                $f(b);
            }
            Select { cond, a, b } => {
                $f(cond);
                $f(a);
                $f(b);
            }
            LoadElement { data, index, .. } => {
                $f(data);
                $f(index);
            }
            StoreElement { data, index, value, .. } | StoreElementValue { data, index, value, .. } => {
                $f(data);
                $f(index);
                $f(value);
            }
            Exchange { data, a, b } => [data, a, b].into_iter().for_each($f),
            LoadEntry { table, next, .. } => {
                $f(table);
                $f(next);
            }
            LoadFound { address, default, .. } => {
                $f(address);
                default.$iter().for_each($f);
            }
            LoadField { pointer, .. } | LoadPayload { pointer, .. } => $f(pointer),
            StoreField { pointer, value, .. } => {
                $f(pointer);
                $f(value);
            }
            CallCompiled { closure, args, drops, gives_back, .. } => {
                closure.$iter().chain(args).chain(drops).for_each(&mut $f);
                gives_back.$iter().for_each(|home| home.$each(&mut $f));
            }
            CallBuiltin { .. } => {}
            Caught { thrown, .. } => thrown.$iter().for_each($f),
            TakePart { home, value, .. } => {
                home.$each(&mut $f);
                $f(value);
            }
            GivePart { home, .. } => home.$each($f),
            CallMutating { place, .. } => place.$each($f),
            Push { home, pointer, value, .. } => {
                home.$each(&mut $f);
                $f(pointer);
                $f(value);
            }
            Pop { home, pointer, .. } => {
                home.$each(&mut $f);
                $f(pointer);
            }
            MakeClosure { captures: values, .. } | MakeInstance { values, .. } | GiveParts(values) => {
                values.$iter().for_each($f)
            }
            CallHelper { args, .. } => args.$iter().for_each($f),
            Operate { home, args, .. } => {
                home.$iter().for_each(|home| home.$each(&mut $f));
                args.$iter().for_each($f);
            }
        }
    };
}

/// Calls `$f` for each frame state that an instruction may leave with.
macro_rules! exits {
    ($of:expr, $f:ident, $iter:ident) => {
        match $of {
            LoadModule { exit, .. } | StoreModule { exit, .. } | LoadCell { exit, .. } | StoreCell { exit, .. } => $f(exit),
            GuardParts { exit, .. } => $f(exit),
            GuardTag { exit, .. } | GuardNotTag { exit, .. } | GuardShape { exit, .. } | GuardUnique { exit, .. } => {
                $f(exit)
            }
            EqualsNull { exit, .. } | EqualsText { exit, .. } | GuardTrue { exit, .. } => $f(exit),
            GuardFunction { exit, .. } | GuardClosure { exit, .. } => $f(exit),
            Operate { exit, .. } | Unshare { exit, .. } | Generalise { exit, .. } | ToFloat { exit, .. } => $f(exit),
            LowWord { exit, .. } | ShlI { exit, .. } | FloatToInt { exit, .. } | StoreElementValue { exit, .. } => $f(exit),
            LoadCaptureCell { exit, .. } | StoreCaptureCell { exit, .. } => $f(exit),
            CallCompiled { exit, .. }
            | CallBuiltin { exit, .. }
            | CallMutating { exit, .. }
            | Push { exit, .. }
            | Pop { exit, .. }
            | Fallback { exit, .. }
            | Caught { exit, .. }
            | Throw { exit, .. }
            | Poll { exit, .. } => $f(exit),
            GuardSmall { exit, .. }
            | GuardNonZeroF { exit, .. }
            | GuardBounds { exit, .. }
            | Int { exit, .. }
            | ShrI { exit, .. }
            | NegI { exit, .. }
            | LoadConstant { exit, .. }
            | LoadFound { exit, .. }
            | CallHelper { exit, .. } => exit.$iter().for_each($f),
            ModI { zero, .. } => zero.$iter().for_each($f),
            DivI { zero, overflow, .. } => zero.$iter().chain(overflow.$iter()).for_each($f),
            ConstI(_)
            | ConstF(_)
            | ConstB(_)
            | ConstBoxed(..)
            | ConstPool(..)
            | LoadSlot(_)
            | StoreSlot(..)
            | ClearSlot(_)
            | LoadEntry { .. }
            | LoadItem { .. }
            | Settle { .. }
            | MakeInstance { .. }
            | MakeClosure { .. }
            | GiveParts(_)
            | LoadPart(_)
            | Retain(_)
            | Release(_)
            | StoreOwned { .. }
            | StoreSlotRetain(..)
            | ReplaceSlot(..)
            | MoveSlot { .. }
            | StoreSlotOwned(..)
            | RunningClosure
            | LoadCapture { .. }
            | IsShape { .. }
            | IsClosure { .. }
            | IsFunction { .. }
            | IsRaised(_)
            | TagOf(_)
            | VariantOf(_)
            | CharOf(_)
            | LoadByte { .. }
            | LoadPayload { .. }
            | Unbox { .. }
            | Box(_)
            | Bit { .. }
            | Low { .. }
            | NotI(_)
            | Float { .. }
            | FloatUnary { .. }
            | CallFloat { .. }
            | IntToFloat(_)
            | CmpI { .. }
            | CmpF { .. }
            | NotB(_)
            | CmpPtr { .. }
            | Truthy(_)
            | Select { .. }
            | LoadLength(_)
            | LoadStart(_)
            | LoadStep(_)
            | LoadData(_)
            | LoadElement { .. }
            | StoreElement { .. }
            | Exchange { .. }
            | LoadField { .. }
            | StoreField { .. }
            | TakePart { .. }
            | GivePart { .. } => {}
        }
    };
}

/// Calls `$f` for each operand of what ends a block.
macro_rules! passed {
    ($of:expr, $f:ident, $iter:ident) => {
        match $of {
            Terminator::Jump(_, args) => args.$iter().for_each($f),
            Terminator::Branch { cond, then, otherwise } => {
                $f(cond);
                then.1.$iter().chain(otherwise.1.$iter()).for_each($f);
            }
            Terminator::Return(value) => $f(value),
            Terminator::Exit(_) => {}
        }
    };
}

impl InstKind {
    /// Calls `f` for each operand, in order.
    pub fn each_operand(&mut self, mut f: impl FnMut(&mut ValueId)) {
        operands!(self, f, iter_mut, each_operand);
    }

    /// The same for who only looks.
    pub fn operands(&self, mut f: impl FnMut(ValueId)) {
        let mut f = |value: &ValueId| f(*value);
        operands!(self, f, iter, operands);
    }

    /// Calls `f` for each frame state that the instruction may leave with.
    pub fn each_exit(&mut self, mut f: impl FnMut(&mut StateId)) {
        exits!(self, f, iter_mut);
    }

    /// The same for who only looks.
    pub fn exits(&self, mut f: impl FnMut(StateId)) {
        let mut f = |state: &StateId| f(*state);
        exits!(self, f, iter);
    }
}

impl Terminator {
    /// Calls `f` for each operand.
    pub fn each_operand(&mut self, mut f: impl FnMut(&mut ValueId)) {
        passed!(self, f, iter_mut);
    }

    /// The same for who only looks.
    pub fn operands(&self, mut f: impl FnMut(ValueId)) {
        let mut f = |value: &ValueId| f(*value);
        passed!(self, f, iter);
    }

    /// The blocks it may continue at, with the arguments it passes.
    pub fn successors(&self) -> impl Iterator<Item = (BlockId, &[ValueId])> {
        let ways = match self {
            Terminator::Jump(block, args) => [Some((*block, &args[..])), None],
            Terminator::Branch { then, otherwise, .. } => [then, otherwise].map(|way| Some((way.0, &way.1[..]))),
            Terminator::Return(_) | Terminator::Exit(_) => [None, None],
        };
        ways.into_iter().flatten()
    }
}
