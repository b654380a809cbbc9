//! Cells, captured values, module variables, closures.
use super::{SharedRoot, Vm};
use crate::bytecode::chunk::Root;
use crate::semantics::fault::{Raise, faults};
use crate::value::{Cell, CellRef, FnId, Value};

impl Vm {
    #[cold]
    #[inline(never)]
    pub(super) fn load_self_function(&mut self, dst: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        let func = self.here.func;
        let own = match self.running_closure() {
            Some(closure) => closure,
            None => Value::function(func.id),
        };
        fp.set(dst, own);
        Ok(())
    }

    /// The closure whose frame is running.
    fn running_closure(&self) -> Option<Value> {
        if self.here.fp == self.stack.start() {
            return None;
        }
        match self.here.fp.below().get(0) {
            closure @ Value::Closure(object) if object.func() == self.here.func.id => Some(closure.clone()),
            _ => None,
        }
    }

    #[inline(never)]
    pub(super) fn new_cell(&mut self, slot: u16) -> Result<(), Raise> {
        self.here.fp.set(slot, Value::Cell(Cell::alloc(Value::Uninit)));
        Ok(())
    }

    #[inline(never)]
    pub(super) fn cell_param(&mut self, slot: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        let value = fp.take(slot);
        fp.set(slot, Value::Cell(Cell::alloc(value)));
        Ok(())
    }

    /// A variable that has no value now.
    #[cold]
    fn variable_fault(&self, value: &Value, root: &SharedRoot, name: &str) -> Raise {
        match value {
            Value::InUse => {
                let same = |other: &SharedRoot| match (other, root) {
                    (SharedRoot::Cell(a), SharedRoot::Cell(b)) => a.ptr_eq(b),
                    (SharedRoot::Module(a), SharedRoot::Module(b)) => a == b,
                    _ => false,
                };
                let loan = self.loans.iter().rev().find(|loan| match (&loan.root, &loan.home) {
                    (Some((root, _)), _) | (None, super::LoanHome::Root(root)) => same(root),
                    _ => false,
                });
                let by = loan.and_then(|loan| Self::use_text(loan.by?));
                faults::in_use(name, by.as_deref().unwrap_or("another use"))
            }
            _ => faults::undefined_variable(name),
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn cell_fault(&mut self, cell: u16, name: u16) -> Result<(), Raise> {
        let name = *self.here.func.names.at(usize::from(name));
        match self.here.fp.get(cell) {
            Value::Cell(cell) => Err(self.variable_fault(&cell.get(), &SharedRoot::Cell(cell.clone()), name.as_str())),
            _ => Err(faults::undefined_variable(name)),
        }
    }

    #[cold]
    #[inline(never)]
    pub(super) fn capture_fault(&mut self, index: u16, name: u16) -> Result<(), Raise> {
        let name = *self.here.func.names.at(usize::from(name));
        match self.captured_cell(index) {
            Some(cell) => Err(self.variable_fault(&cell.get(), &SharedRoot::Cell(cell), name.as_str())),
            None => Err(Raise::bug("a captured variable that is no cell")),
        }
    }

    pub(super) fn captured_cell(&self, index: u16) -> Option<CellRef> {
        match self.here.fp.below().get(0) {
            Value::Closure(closure) => match closure.captures().get(usize::from(index)) {
                Some(Value::Cell(cell)) => Some(cell.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    /// Stores to a variable that others can reach.
    fn store_shared(&mut self, root: &SharedRoot, value: Value, name: &str) -> Result<(), Raise> {
        let in_use = match root {
            SharedRoot::Cell(cell) => cell.with(|old| matches!(old, Value::InUse)),
            SharedRoot::Module(index) => matches!(self.isolate.table[*index], Value::InUse),
        };
        if in_use {
            return Err(self.variable_fault(&Value::InUse, root, name));
        }
        self.put_shared(root, value);
        Ok(())
    }

    /// Stores without a check.
    pub(super) fn put_shared(&mut self, root: &SharedRoot, value: Value) {
        match root {
            SharedRoot::Cell(cell) => cell.set(value),
            SharedRoot::Module(index) => self.isolate.table[*index] = value,
        }
    }

    /// Exchanges the value of a variable.
    pub(super) fn replace_shared(&mut self, root: &SharedRoot, value: Value) -> Value {
        match root {
            SharedRoot::Cell(cell) => cell.replace(value),
            SharedRoot::Module(index) => std::mem::replace(&mut self.isolate.table[*index], value),
        }
    }

    /// Takes the value of a variable, leaving the mark of exclusive use.
    pub(super) fn borrow_shared(&mut self, root: &SharedRoot, name: &str) -> Result<Value, Raise> {
        let value = self.replace_shared(root, Value::InUse);
        if matches!(value, Value::Uninit | Value::InUse) {
            let raise = self.variable_fault(&value, root, name);
            self.put_shared(root, value);
            return Err(raise);
        }
        Ok(value)
    }

    /// A copy of the value of a variable.
    pub(super) fn read_shared(&mut self, root: &SharedRoot, name: &str) -> Result<Value, Raise> {
        let value = match root {
            SharedRoot::Cell(cell) => cell.get(),
            SharedRoot::Module(index) => self.isolate.table[*index].clone(),
        };
        if matches!(value, Value::Uninit | Value::InUse) {
            return Err(self.variable_fault(&value, root, name));
        }
        Ok(value)
    }

    /// The root of a place, if others can reach it; `None` for a plain local.
    pub(super) fn shared_root(&self, root: Root) -> Option<SharedRoot> {
        match root {
            Root::Local(_) | Root::Capture(_) | Root::SelfFn => None,
            Root::LocalCell(slot) => match self.here.fp.get(slot) {
                Value::Cell(cell) => Some(SharedRoot::Cell(cell.clone())),
                _ => None,
            },
            Root::CaptureCell(index) => self.captured_cell(index).map(SharedRoot::Cell),
            Root::Module(var) => Some(SharedRoot::Module(self.module_index(var))),
        }
    }

    /// Value of a captured value or of the running function, for places that are only read.
    pub(super) fn constant_root(&self, root: Root) -> Value {
        match root {
            Root::Capture(index) => match self.here.fp.below().get(0) {
                Value::Closure(closure) => closure.captures().get(usize::from(index)).cloned().unwrap_or_default(),
                _ => Value::Null,
            },
            _ => self.running_closure().unwrap_or(Value::function(self.here.func.id)),
        }
    }

    #[inline(never)]
    pub(super) fn cell_set(&mut self, cell: u16, value: u16, name: u16) -> Result<(), Raise> {
        let value = self.operand(value);
        let name = *self.here.func.names.at(usize::from(name));
        match self.here.fp.get(cell) {
            Value::Cell(cell) => self.store_shared(&SharedRoot::Cell(cell.clone()), value, name.as_str()),
            _ => Err(Raise::bug("a captured local that is no cell")),
        }
    }

    #[inline(never)]
    pub(super) fn capture_set(&mut self, index: u16, value: u16, name: u16) -> Result<(), Raise> {
        let value = self.operand(value);
        let name = *self.here.func.names.at(usize::from(name));
        match self.captured_cell(index) {
            Some(cell) => self.store_shared(&SharedRoot::Cell(cell), value, name.as_str()),
            None => Err(Raise::bug("a captured variable that is no cell")),
        }
    }

    pub(super) fn module_index(&self, var: u32) -> usize {
        (self.here.func.unit.first_var + var) as usize
    }

    #[cold]
    #[inline(never)]
    pub(super) fn module_fault(&mut self, var: u32) -> Result<(), Raise> {
        let index = self.module_index(var);
        let unit = self.here.func.unit.clone();
        let value = self.isolate.table[index].clone();
        Err(self.variable_fault(&value, &SharedRoot::Module(index), &unit.vars[var as usize]))
    }

    #[inline(never)]
    pub(super) fn module_set(&mut self, value: u16, var: u32) -> Result<(), Raise> {
        let value = self.operand(value);
        let index = self.module_index(var);
        if matches!(self.isolate.table[index], Value::InUse) {
            let unit = self.here.func.unit.clone();
            return Err(self.variable_fault(&Value::InUse, &SharedRoot::Module(index), &unit.vars[var as usize]));
        }
        self.isolate.table[index] = value;
        Ok(())
    }

    #[inline(never)]
    pub(super) fn make_closure(&mut self, dst: u16, closure: u16) -> Result<(), Raise> {
        let func = self.here.func;
        let site = &func.chunk.closures[usize::from(closure)];
        let captures = site.captures.iter().map(|root| self.captured(*root));
        let value = Value::closure(FnId(func.unit.base + site.func), captures);
        self.here.fp.set(dst, value);
        Ok(())
    }

    /// What a closure takes along: of a plain local its value, of a cell the cell.
    fn captured(&self, root: Root) -> Value {
        match root {
            Root::Local(slot) | Root::LocalCell(slot) => self.here.fp.get(slot).clone(),
            Root::Capture(_) | Root::SelfFn => self.constant_root(root),
            Root::CaptureCell(index) => self.captured_cell(index).map_or(Value::Uninit, Value::Cell),
            Root::Module(_) => Value::Uninit,
        }
    }
}
