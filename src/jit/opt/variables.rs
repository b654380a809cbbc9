//! Lets a store to a variable of a module write the number alone where the variable is known to hold one of that kind.
//!
//! A store leaves to the VM if the variable holds an object, so it looks at what is there. Behind a check of what was loaded from the
//! variable, and behind another store, that is known until something is called.
//! Relies on: nothing but this code writes the table of variables, as long as it calls nothing.
//! Must not: know a variable behind what may have written it, nor by one of several ways only.
use crate::jit::ir::cfg::Cfg;
use crate::jit::ir::ids::{IdMap, IdSet};
use crate::jit::ir::inst::Heaps;
use crate::jit::ir::{Function, Inst, InstKind, ValueId};

/// Variables that are looked at, the first that the function stores to: bounds the work of long functions.
const MOST: usize = 32;

/// What is known of one variable.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Fact {
    /// What was loaded from it and is still there.
    loaded: Option<ValueId>,
    /// The kind of what it holds.
    tag: Option<u64>,
}

/// By index in the table.
type Facts = IdMap<u32, Fact>;

/// Returns the number of stores that need not look.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    let stored = stored(function, cfg);
    if stored.is_empty() {
        return 0;
    }
    let starts = starts(function, cfg, &stored);
    let mut found = 0;
    for &block in &cfg.order {
        let mut facts = starts[block.index()].clone().unwrap_or_default();
        for at in 0..function.blocks[block.index()].insts.len() {
            let held = match function.blocks[block.index()].insts[at].kind {
                InstKind::StoreModule { index, value, .. } => {
                    let tag = facts.get(&index).and_then(|fact| fact.tag);
                    tag.is_some() && tag == function.ty(value).kinds.single()
                }
                _ => false,
            };
            if let InstKind::StoreModule { known, .. } = &mut function.blocks[block.index()].insts[at].kind {
                *known |= held;
                found += usize::from(held);
            }
            learn(function, &function.blocks[block.index()].insts[at], &stored, &mut facts);
        }
    }
    found
}

/// The variables looked at.
fn stored(function: &Function, cfg: &Cfg) -> IdSet<u32> {
    let mut stored = IdSet::default();
    for inst in cfg.order.iter().flat_map(|block| &function.blocks[block.index()].insts) {
        if let InstKind::StoreModule { index, .. } = inst.kind
            && stored.len() < MOST
        {
            stored.insert(index);
        }
    }
    stored
}

/// What is known where each block begins, whichever way leads there.
fn starts(function: &Function, cfg: &Cfg, stored: &IdSet<u32>) -> Vec<Option<Facts>> {
    let mut starts: Vec<Option<Facts>> = vec![None; function.blocks.len()];
    let mut ends = starts.clone();
    let mut changed = true;
    while changed {
        changed = false;
        for &block in &cfg.order {
            let ways = cfg.preds[block.index()].iter().filter_map(|pred| ends[pred.index()].as_ref());
            let mut facts = ways.cloned().reduce(|a, b| common(&a, &b)).unwrap_or_default();
            starts[block.index()] = Some(facts.clone());
            function.blocks[block.index()].insts.iter().for_each(|inst| learn(function, inst, stored, &mut facts));
            if ends[block.index()].as_ref() != Some(&facts) {
                ends[block.index()] = Some(facts);
                changed = true;
            }
        }
    }
    starts
}

fn common(a: &Facts, b: &Facts) -> Facts {
    let both = a.iter().filter_map(|(index, a)| {
        let b = b.get(index)?;
        let fact = Fact { loaded: a.loaded.filter(|_| a.loaded == b.loaded), tag: a.tag.filter(|_| a.tag == b.tag) };
        (fact != Fact::default()).then_some((*index, fact))
    });
    both.collect()
}

fn learn(function: &Function, inst: &Inst, stored: &IdSet<u32>, facts: &mut Facts) {
    match inst.kind {
        InstKind::LoadModule { index, .. } | InstKind::StoreModule { index, .. } if !stored.contains(&index) => {}
        InstKind::LoadModule { index, .. } => facts.entry(index).or_default().loaded = inst.result,
        InstKind::GuardTag { value, tag, .. } | InstKind::Unbox { value, tag } => {
            let of_it = facts.values_mut().filter(|fact| fact.loaded == Some(value));
            of_it.for_each(|fact| fact.tag = Some(tag));
        }
        InstKind::StoreModule { index, value, .. } => {
            facts.insert(index, Fact { loaded: None, tag: function.ty(value).kinds.single() });
        }
        _ => {
            let effects = inst.kind.effects();
            if effects.calls || effects.writes.overlaps(Heaps::MODULE) {
                facts.clear();
            }
        }
    }
}
