//! Products of which a mask keeps some bits: `(k * 0xcc9e2d51) & 0xFFFFFFFF`.
//!
//! Of a product that has left 64 bits before, the bits of a mask are had without the whole of it. The product is masked at once, and
//! once more where the program does it: what leaves in between goes on with fewer bits, of which the mask keeps the same.
use super::arith::Source;
use super::state::Scalar;
use super::{Builder, Built};
use crate::bytecode::chunk::Const;
use crate::bytecode::op::{ArithCode, Op};
use crate::jit::ir::inst::{BitOp, IntOp};
use crate::jit::ir::{InstKind, Kinds, Type};
use crate::jit::profile::{Constant, FunctionProfile};

/// Instructions between a product and its mask.
const FARTHEST_MASK: usize = 4;

impl Builder<'_> {
    /// `a * b`, of which nothing but the bits of a mask is looked at; nothing if it is no such product, or was met as something else.
    pub(super) fn masked_product(&mut self, code: ArithCode, dst: u16, a: Source, b: Source) -> Option<Built> {
        let (seen, overflow) = self.context().profile.operands(self.pc);
        if code != ArithCode::Mul || !overflow || !seen.is_subset(Kinds::INT) || !self.is_temporary(dst) {
            return None;
        }
        let mask = mask_behind(&self.context().profile, self.pc, dst)?;
        let (left, right) = (self.scalar(a, Scalar::Int)?, self.scalar(b, Scalar::Int)?);
        let product = self.emit(InstKind::Low { op: IntOp::Mul, a: left, b: right }, Type::INT);
        let kept = self.int(mask);
        let masked = self.emit(InstKind::Bit { op: BitOp::And, a: product, b: kept }, Type::int_in(0, mask));
        self.consume_source(a);
        self.consume_source(b);
        self.write_scalar(dst, masked, Scalar::Int);
        Some(Ok(()))
    }
}

/// The mask put on what an instruction has written to a temporary, with nothing done to it before but constants added.
fn mask_behind(profile: &FunctionProfile, pc: u32, product: u16) -> Option<i64> {
    let chunk = &profile.chunk;
    let int = |constant: u32| match chunk.constants[constant as usize] {
        Const::Int(value) => Some(value),
        _ => None,
    };
    let masks = |code: u8| ArithCode::ALL[usize::from(code)] == ArithCode::BitAnd;
    let is_temporary = |register: u16| register >= chunk.locals;
    let (mut held, mut added, mut loaded) = (product, false, None);
    for op in chunk.code.iter().skip(pc as usize + 1).take(FARTHEST_MASK) {
        match *op {
            Op::AddK { dst, a, .. } | Op::SubK { dst, a, .. } if a == held && is_temporary(dst) => {
                (held, added) = (dst, true);
            }
            Op::AddC { dst, a, c } | Op::SubC { dst, a, c } if a == held && is_temporary(dst) => {
                int(u32::from(c))?;
                (held, added) = (dst, true);
            }
            Op::LoadInt { dst, value } if dst != held => loaded = Some((dst, i64::from(value))),
            Op::LoadConst { dst, value } if dst != held => loaded = Some((dst, int(value)?)),
            Op::ModuleGet { dst, var } if dst != held => match profile.constants.get(&var) {
                Some(Constant::Int(value)) => loaded = Some((dst, *value)),
                _ => return None,
            },
            Op::ArithK { op, a, k, .. } if a == held && masks(op) => return usable(i64::from(k), added),
            Op::Arith { op, a, b, .. } if masks(op) => {
                let (register, mask) = loaded?;
                return if (a, b) == (held, register) || (b, a) == (held, register) { usable(mask, added) } else { None };
            }
            _ => return None,
        }
    }
    None
}

/// What carries into the bits of a mask must be kept as well where something is added: all below its highest.
fn usable(mask: i64, added: bool) -> Option<i64> {
    (mask >= 0 && (!added || (mask as u64 + 1).is_power_of_two())).then_some(mask)
}
