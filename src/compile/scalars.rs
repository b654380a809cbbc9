//! Locals that never hold a counted reference worth dropping: clearing them at the end of their block would do nothing.
//!
//! Computed on the finished code: a register is scalar if every instruction that writes it gives a bool or number. (Numbers
//! may be big; nothing can be made to copy a big integer by holding it, so it may stay.)
use super::{Reg, TEMP, is_temp};
use crate::bytecode::chunk::{Chunk, Const};
use crate::bytecode::op::{Op, OperandKind};

/// Which locals that a chunk clears are scalar; its temporaries are still marked. Empty if it clears none.
pub(super) fn scalar_locals(chunk: &Chunk) -> Vec<bool> {
    let cleared = || {
        chunk.code.iter().flat_map(|op| match op {
            Op::Clear { first, count } => *first..first + count,
            _ => 0..0,
        })
    };
    let Some(last) = cleared().max() else { return Vec::new() };
    let mut scalars = Scalars { locals: Vec::new(), temps: Vec::new() };
    for parameter in 0..chunk.params {
        scalars.spoil(parameter);
    }
    for handler in &chunk.handlers {
        scalars.spoil(handler.error);
    }
    while chunk.code.iter().filter(|op| scalars.visit(chunk, **op)).count() > 0 {}
    let mut found = vec![false; usize::from(last) + 1];
    cleared().for_each(|local| found[usize::from(local)] = scalars.holds(local));
    found
}

/// Whether each register is scalar, up to the last one that is not.
struct Scalars {
    locals: Vec<bool>,
    temps: Vec<bool>,
}

impl Scalars {
    fn holds(&self, register: Reg) -> bool {
        let known = if is_temp(register) { &self.temps } else { &self.locals };
        known.get(usize::from(register & !TEMP)).copied().unwrap_or(true)
    }

    /// Says whether that is new.
    fn spoil(&mut self, register: Reg) -> bool {
        let known = if is_temp(register) { &mut self.temps } else { &mut self.locals };
        let at = usize::from(register & !TEMP);
        if known.len() <= at {
            known.resize(at + 1, true);
        }
        std::mem::replace(&mut known[at], false)
    }

    /// Follows one instruction; says whether that spoiled a register.
    fn visit(&mut self, chunk: &Chunk, op: Op) -> bool {
        let scalar_result = match op {
            Op::LoadNull { .. }
            | Op::LoadBool { .. }
            | Op::LoadInt { .. }
            | Op::ForRangeNext { .. }
            | Op::ForStepsNext { .. }
            | Op::Compare { .. }
            | Op::CompareC { .. }
            | Op::Contains { .. }
            | Op::Truthy { .. } => true,
            Op::LoadConst { value, .. } => {
                matches!(chunk.constants[value as usize], Const::Int(_) | Const::Float(_) | Const::Bool(_) | Const::Null)
            }
            Op::Move { src, .. } | Op::Take { src, .. } => self.holds(src),
            Op::Add { a, b, .. }
            | Op::Sub { a, b, .. }
            | Op::Mul { a, b, .. }
            | Op::Div { a, b, .. }
            | Op::Mod { a, b, .. }
            | Op::Arith { a, b, .. } => self.holds(a) && self.holds(b),
            Op::AddK { a, .. }
            | Op::SubK { a, .. }
            | Op::MulK { a, .. }
            | Op::DivK { a, .. }
            | Op::ModK { a, .. }
            | Op::ArithK { a, .. }
            | Op::Neg { a, .. }
            | Op::Not { a, .. }
            | Op::BitNot { a, .. } => self.holds(a),
            Op::AddC { a, c, .. } | Op::SubC { a, c, .. } | Op::MulC { a, c, .. } | Op::DivC { a, c, .. } => {
                self.holds(a) && matches!(chunk.constants[usize::from(c)], Const::Int(_) | Const::Float(_))
            }
            _ => false,
        };
        let mut changed = false;
        op.operands(|kind, value| {
            let register = value as Reg;
            match kind {
                OperandKind::Write if scalar_result => {}
                OperandKind::Write | OperandKind::Modify => changed |= self.spoil(register),
                OperandKind::WritePair | OperandKind::State => {
                    for n in 0..3 {
                        changed |= (kind == OperandKind::State || n < 2) && self.spoil(register + n);
                    }
                }
                OperandKind::Local if !matches!(op, Op::Clear { .. }) => changed |= self.spoil(register),
                _ => {}
            }
        });
        if let Op::CallBuiltinUpdate { base, .. } = op {
            changed |= self.spoil(base);
        }
        changed
    }
}
