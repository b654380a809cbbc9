//! Indices that are a constant more than another value: `xs[i + 1]` is addressed by `i`, with the constant in the instruction.
//!
//! Relies on: addresses are computed modulo 2 to the 64, as sums are.
//! Must not: keep `i` alive for a sum that is wanted for anything else, which would take one register more.
use crate::jit::ir::ids::{IdMap, IdSet};
use crate::jit::ir::inst::IntOp;
use crate::jit::ir::{Function, InstKind, Repr, ValueId};

/// The largest constant that is folded, in elements.
const MOST: i64 = 1 << 20;

/// For an index: what is added to which value.
pub type Folded = IdMap<ValueId, (ValueId, i32)>;

/// The indices of elements that are sums with a constant and serve as nothing else.
pub fn folded(function: &Function) -> Folded {
    let mut folded = sums(function);
    if folded.is_empty() {
        return folded;
    }
    let mut wanted = IdSet::default();
    for block in &function.blocks {
        block.term.iter().for_each(|term| term.operands(|value| _ = wanted.insert(value)));
        for inst in &block.insts {
            match inst.kind {
                InstKind::LoadElement { data, .. } => _ = wanted.insert(data),
                InstKind::StoreElement { data, value, .. } => wanted.extend([data, value]),
                InstKind::GuardBounds { length, exit: None, .. } => _ = wanted.insert(length),
                ref kind => kind.operands(|value| _ = wanted.insert(value)),
            }
        }
    }
    share(function, &mut folded, &mut wanted);
    folded.retain(|index, _| !wanted.contains(index));
    folded
}

/// Sums whose overflow nobody asks for.
fn sums(function: &Function) -> Folded {
    let constant = |value: ValueId| {
        let range = function.ty(value).range;
        let small = function.ty(value).repr == Repr::I64 && range.low == range.high && range.low.abs() <= MOST;
        small.then_some(range.low as i32)
    };
    let insts = function.blocks.iter().flat_map(|block| &block.insts);
    let sum = |kind: &InstKind| match *kind {
        InstKind::Int { op: IntOp::Add, a, b, exit: None } => {
            constant(b).map(|more| (a, more)).or_else(|| constant(a).map(|more| (b, more)))
        }
        InstKind::Int { op: IntOp::Sub, a, b, exit: None } => constant(b).map(|less| (a, -less)),
        _ => None,
    };
    insts.filter_map(|inst| Some((inst.result?, sum(&inst.kind)?))).collect()
}

/// A checked index is the index: what is wanted of one is wanted of the other.
fn share(function: &Function, folded: &mut Folded, wanted: &mut IdSet<ValueId>) {
    let insts = || function.blocks.iter().flat_map(|block| &block.insts);
    let checked = || {
        insts().filter_map(|inst| match inst.kind {
            InstKind::GuardBounds { index, exit: None, .. } => Some((index, inst.result?)),
            _ => None,
        })
    };
    for (index, result) in checked() {
        if wanted.contains(&result) {
            wanted.insert(index);
        }
    }
    for (index, result) in checked() {
        match folded.get(&index) {
            Some(&sum) if !wanted.contains(&index) => _ = folded.insert(result, sum),
            _ => _ = folded.remove(&result),
        }
    }
}
