//! Updates of variables that several functions share: captured ones and those of modules.
use super::arith::Source;
use super::state::{Lender, Scalar};
use super::{Builder, Built};
use crate::bytecode::chunk::Root;
use crate::bytecode::op::{ArithCode, Op};
use crate::jit::ir::inst::{Heaps, Home, Variable};
use crate::jit::ir::{InstKind, Kinds, Operation, StateId, Type, ValueId};
use crate::jit::profile::Constant;
use crate::value::layout::tag;

/// Instructions that are searched for a store to the variable that is read.
const FARTHEST_STORE: usize = 32;

impl Builder<'_> {
    /// `x op= value` for numbers; `old`: a register that holds the variable's value read before.
    pub(super) fn variable_update(&mut self, op: Op, code: ArithCode, path: u16, old: Option<u16>, value: u16) -> Built {
        let root = self.context().profile.chunk.paths[usize::from(path)].root;
        let (seen, overflow) = self.context().profile.operands(self.pc);
        if overflow || !seen.is_subset(Kinds::INT.union(Kinds::FLOAT)) || !self.is_numeric(code) {
            return self.amend_variable(op, code, root, old, value);
        }
        let scalar = if seen.intersect(Kinds::FLOAT) == Kinds::NEVER { Scalar::Int } else { Scalar::Float };
        let Some(right) = self.scalar(Source::Register(value), scalar) else { return self.fallback(op) };
        let exit = self.exit();
        let left = match old {
            Some(old) => self.scalar(Source::Register(old), scalar),
            None => self
                .variable(root, exit)
                .map(|value| self.emit(InstKind::GuardTag { value, tag: scalar.tag(), exit }, scalar.ty())),
        };
        let Some(left) = left else { return self.fallback(op) };
        let result = match scalar {
            Scalar::Float => self.float_arith(code, left, right),
            _ => self.int_arith(code, left, right),
        };
        let Some(result) = result else { return self.fallback(op) };
        let exit = self.exit();
        if !self.store_variable(root, result, exit) {
            return self.fallback(op);
        }
        if let Some(old) = old {
            self.consume(old);
        }
        self.consume(value);
        Ok(())
    }

    fn is_numeric(&self, code: ArithCode) -> bool {
        !matches!(code, ArithCode::Pow | ArithCode::Concat)
    }

    /// The value of a variable that functions share.
    pub(super) fn variable(&mut self, root: Root, exit: StateId) -> Option<ValueId> {
        let kind = match root {
            Root::CaptureCell(index) => {
                InstKind::LoadCaptureCell { closure: self.captures()?, index: u32::from(index), exit }
            }
            Root::LocalCell(local) => InstKind::LoadCell { slot: self.slot(local), exit },
            Root::Module(var) => InstKind::LoadModule { index: self.context().profile.module_base + var, exit },
            Root::Local(_) | Root::Capture(_) | Root::SelfFn => return None,
        };
        match self.stored(&kind) {
            Some((value, _)) => Some(self.emit(InstKind::Box(value), Type::ANY)),
            None => Some(self.emit(kind, Type::ANY)),
        }
    }

    /// Reads a variable; `load`: the load of it.
    pub(super) fn read_variable(&mut self, dst: u16, load: InstKind) {
        if let Some((value, scalar)) = self.stored(&load) {
            self.write_scalar(dst, value, scalar);
            return;
        }
        let value = self.emit(load, Type::ANY);
        self.write_borrowed(dst, value);
    }

    pub(super) fn read_module_variable(&mut self, dst: u16, var: u32) {
        let profile = &self.context().profile;
        let (index, constant) = (profile.module_base + var, profile.constants.get(&var).copied());
        if let Some(constant) = constant {
            return self.read_constant(dst, index, constant);
        }
        let exit = self.exit();
        self.read_variable(dst, InstKind::LoadModule { index, exit });
    }

    /// Reads a variable that is never changed: a number that it holds already is as good as written there.
    fn read_constant(&mut self, dst: u16, index: u32, constant: Constant) {
        let (kind, scalar) = match constant {
            Constant::Int(value) => (InstKind::ConstI(value), Scalar::Int),
            Constant::Float(bits) => (InstKind::ConstF(bits), Scalar::Float),
            Constant::Bool(value) => (InstKind::ConstB(value), Scalar::Bool),
            Constant::Any => {
                let exit = Some(self.exit());
                let value = self.emit(InstKind::LoadConstant { index, exit }, Type::ANY);
                return self.write_lent(dst, value, Lender::Constant);
            }
            Constant::Word(number) => {
                let pointer = self.constant_object(index, tag::BIGINT);
                let word = self.int(number as i64);
                self.words.insert(pointer, word);
                return self.write_lent(dst, pointer, Lender::Constant);
            }
            Constant::Object(tag) => {
                let pointer = self.constant_object(index, tag);
                return self.write_lent(dst, pointer, Lender::Constant);
            }
        };
        let ty = if let Constant::Int(value) = constant { Type::int_in(value, value) } else { scalar.ty() };
        let value = self.emit(kind, ty);
        self.write_scalar(dst, value, scalar);
    }

    fn constant_object(&mut self, index: u32, tag: u64) -> ValueId {
        let value = self.emit(InstKind::LoadConstant { index, exit: None }, Type::ANY);
        self.emit(InstKind::Unbox { value, tag }, Type::pointer(tag, 0))
    }

    /// The number that a variable holds since an instruction shortly before.
    fn stored(&self, load: &InstKind) -> Option<(ValueId, Scalar)> {
        let insts = &self.out.blocks[self.block.index()].insts;
        for inst in insts.iter().rev().take(FARTHEST_STORE) {
            if let Some(value) = value_of_store(load, &inst.kind) {
                return self.scalar_kind(value).map(|scalar| (value, scalar));
            }
            let effects = inst.kind.effects();
            let another_cell = matches!(load, InstKind::LoadCell { slot, .. } if inst.kind.slot_writes().contains(*slot));
            if another_cell || effects.calls || effects.writes.overlaps(Heaps::CELLS.with(Heaps::MODULE)) {
                return None;
            }
        }
        None
    }

    /// False if the variable is of no kind that compiled code stores to.
    fn store_variable(&mut self, root: Root, value: ValueId, exit: StateId) -> bool {
        let kind = match root {
            Root::CaptureCell(index) => match self.captures() {
                Some(closure) => InstKind::StoreCaptureCell { closure, index: u32::from(index), value, exit },
                None => return false,
            },
            Root::LocalCell(local) => InstKind::StoreCell { slot: self.slot(local), value, exit },
            Root::Module(var) => {
                let index = self.context().profile.module_base + var;
                InstKind::StoreModule { index, value, known: false, exit }
            }
            Root::Local(_) | Root::Capture(_) | Root::SelfFn => return false,
        };
        self.effect(kind);
        true
    }

    /// A variable as the home of its value.
    pub(super) fn variable_home(&self, root: Root) -> Option<Variable> {
        match root {
            Root::CaptureCell(index) => Some(Variable::Capture { closure: self.captures()?, index: u32::from(index) }),
            Root::LocalCell(local) => Some(Variable::Cell(self.slot(local))),
            Root::Module(var) => Some(Variable::Module(self.context().profile.module_base + var)),
            Root::Local(_) | Root::Capture(_) | Root::SelfFn => None,
        }
    }

    /// The value of a variable, checked to be there, and where it stands.
    pub(super) fn present_variable(&mut self, root: Root) -> Option<(ValueId, Home)> {
        let home = self.variable_home(root)?;
        let exit = self.exit();
        Some((self.variable(root, exit)?, Home::Variable(home)))
    }

    /// `x op= value` in place, for what is no number.
    fn amend_variable(&mut self, op: Op, code: ArithCode, root: Root, old: Option<u16>, value: u16) -> Built {
        let seen = self.context().profile.operands(self.pc).0;
        if old.is_some() || !seen.is_subset(Kinds::PLAIN) {
            return self.fallback(op);
        }
        let Some((held, home)) = self.present_variable(root) else { return self.fallback(op) };
        if code == ArithCode::Concat {
            let exit = self.exit();
            self.emit(InstKind::GuardTag { value: held, tag: tag::STR, exit }, Type::pointer(tag::STR, 0));
        }
        let (operation, operand) = self.amendment(code, Source::Register(value));
        self.change_home(operation, home, &[operand]);
        self.consume(value);
        Ok(())
    }

    /// Stores any value to a variable.
    pub(super) fn assign_variable(&mut self, op: Op, root: Root, value: u16) -> Built {
        let Some(home) = self.variable_home(root) else { return self.fallback(op) };
        let new = self.boxed(value);
        self.change_home(Operation::Assign, Home::Variable(home), &[new]);
        self.consume(value);
        Ok(())
    }
}

/// What a store has written to the variable that `load` reads, if it is one to that.
fn value_of_store(load: &InstKind, store: &InstKind) -> Option<ValueId> {
    match (load, store) {
        (InstKind::LoadCell { slot, .. }, InstKind::StoreCell { slot: to, value, .. }) => (slot == to).then_some(*value),
        (InstKind::LoadModule { index, .. }, InstKind::StoreModule { index: to, value, .. }) => {
            (index == to).then_some(*value)
        }
        (
            InstKind::LoadCaptureCell { closure, index, .. },
            InstKind::StoreCaptureCell { closure: of, index: to, value, .. },
        ) => ((closure, index) == (of, to)).then_some(*value),
        _ => None,
    }
}
