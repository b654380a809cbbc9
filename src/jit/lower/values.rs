//! Values as Cranelift holds them: one word, or tag and payload.
use cranelift_codegen::ir::{self as clif, InstBuilder, MemFlagsData, types};

use super::{Held, Lowering, tag_of};
use crate::jit::ir::{Repr, ValueId};

impl Lowering<'_> {
    /// How a value is held wherever it was made.
    pub(super) fn made(&self, value: ValueId) -> Held {
        self.held[value.index()].unwrap_or_else(|| panic!("v{} has been lowered before its use", value.0))
    }

    /// A value for the block at hand. Constants are made again in each: they would take registers from there to here.
    pub(super) fn held(&mut self, value: ValueId) -> Held {
        let held = match self.made(value) {
            Held::One(value) => Held::One(self.here(value)),
            Held::Pair(tag, payload) => Held::Pair(self.here(tag), self.here(payload)),
        };
        self.held[value.index()] = Some(held);
        held
    }

    /// A value, or the same constant made in the block at hand.
    fn here(&mut self, value: clif::Value) -> clif::Value {
        let Some(made) = self.b.func.dfg.value_def(value).inst() else { return value };
        match self.b.func.dfg.insts[made] {
            _ if self.b.func.layout.inst_block(made) == self.b.current_block() => value,
            clif::InstructionData::UnaryImm { imm, .. } => {
                let ty = self.b.func.dfg.value_type(value);
                self.b.ins().iconst(ty, imm)
            }
            clif::InstructionData::UnaryIeee64 { imm, .. } => self.b.ins().f64const(imm),
            _ => value,
        }
    }

    pub(super) fn one(&mut self, value: ValueId) -> clif::Value {
        match self.held(value) {
            Held::One(value) => value,
            Held::Pair(..) => panic!("v{} is boxed where one word is wanted", value.0),
        }
    }

    /// Tag and payload of any value.
    pub(super) fn boxed(&mut self, value: ValueId) -> (clif::Value, clif::Value) {
        let ty = self.function.ty(value);
        match self.held(value) {
            Held::Pair(tag, payload) => (tag, payload),
            Held::One(held) => {
                let payload = self.word(held, ty.repr);
                (self.b.ins().iconst(types::I64, tag_of(ty) as i64), payload)
            }
        }
    }

    /// A scalar as 64 bits in a general register.
    pub(super) fn word(&mut self, held: clif::Value, repr: Repr) -> clif::Value {
        match repr {
            Repr::F64 => self.b.ins().bitcast(types::I64, MemFlagsData::new(), held),
            Repr::Bool => self.b.ins().uextend(types::I64, held),
            Repr::I64 | Repr::Ptr | Repr::Raw | Repr::Boxed => held,
        }
    }

    pub(super) fn define(&mut self, result: Option<ValueId>, value: clif::Value) {
        let result = result.expect("the instruction gives a value");
        self.held[result.index()] = Some(Held::One(value));
    }

    pub(super) fn define_pair(&mut self, result: Option<ValueId>, tag: clif::Value, payload: clif::Value) {
        let result = result.expect("the instruction gives a value");
        self.held[result.index()] = Some(Held::Pair(tag, payload));
    }
}
