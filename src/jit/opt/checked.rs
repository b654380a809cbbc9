//! Lets exits name what a value was found to be instead of the value itself.
//!
//! A boxed value takes two registers, its tag one of them. Behind a check of that tag the exits need not be given it: what the check
//! gives has the same payload, and one tag. Often only an exit wants the tag, all through a loop.
//! Relies on: the VM finds the same value in its slot either way.
//! Must not: change a state that anything leaves with in front of the check.
use crate::jit::ir::cfg::Cfg;
use crate::jit::ir::ids::IdMap;
use crate::jit::ir::{BlockId, Function, InstKind, Repr, StateId, Terminator, ValueId};

/// A place in the function: a block, and how many of its instructions come before.
pub(super) type Place = (BlockId, usize);

/// What boxed values are checked to be, each with the place of the check.
type Checks = IdMap<ValueId, Vec<(Place, ValueId)>>;

/// Checks of one value that are looked at.
const MOST: usize = 8;

/// Returns the number of values that states no longer name.
pub fn run(function: &mut Function, cfg: &Cfg) -> usize {
    let checks = checks(function, cfg);
    if checks.is_empty() {
        return 0;
    }
    let mut changed = 0;
    for (state, places) in leaving(function, cfg).into_iter().enumerate() {
        if !function.states[state].values().any(|value| checks.contains_key(&value)) {
            continue;
        }
        let renames = renames(function, cfg, &checks, StateId(state as u32), &places);
        function.states[state].each_value(|value| {
            *value = renames.iter().find(|(from, _)| from == value).map_or(*value, |(_, to)| *to);
        });
        changed += renames.len();
    }
    changed
}

/// The values of a state that have been checked wherever it is left with, and what they are then.
fn renames(function: &Function, cfg: &Cfg, checks: &Checks, state: StateId, places: &[Place]) -> Vec<(ValueId, ValueId)> {
    let known = |value: ValueId| {
        let found = checks.get(&value)?;
        let is_known = |check: Place| !places.is_empty() && places.iter().all(|place| is_behind(cfg, *place, check));
        found.iter().find(|(check, _)| is_known(*check)).map(|(_, result)| (value, *result))
    };
    function.states[state.index()].values().filter_map(known).collect()
}

/// All checks of boxed values.
fn checks(function: &Function, cfg: &Cfg) -> Checks {
    let mut checks = Checks::default();
    for &block in &cfg.order {
        for (at, inst) in function.blocks[block.index()].insts.iter().enumerate() {
            if let (InstKind::GuardTag { value, .. }, Some(result)) = (&inst.kind, inst.result)
                && function.ty(*value).repr == Repr::Boxed
                && function.ty(result).kinds.single().is_some()
            {
                let known = checks.entry(*value).or_default();
                if known.len() < MOST {
                    known.push(((block, at), result));
                }
            }
        }
    }
    checks
}

/// Where each state is left with.
pub(super) fn leaving(function: &Function, cfg: &Cfg) -> Vec<Vec<Place>> {
    let mut leaving = vec![Vec::new(); function.states.len()];
    for &block in &cfg.order {
        let data = &function.blocks[block.index()];
        for (at, inst) in data.insts.iter().enumerate() {
            inst.kind.exits(|state| leaving[state.index()].push((block, at)));
        }
        let end = (block, data.insts.len());
        data.preheader.iter().for_each(|state| leaving[state.index()].push(end));
        if let Some(Terminator::Exit(state)) = &data.term {
            leaving[state.index()].push(end);
        }
    }
    leaving
}

/// Does a place come behind the check at another one, whichever way it is reached?
fn is_behind(cfg: &Cfg, (block, at): Place, (checked, by): Place) -> bool {
    if block == checked { by < at } else { cfg.dominates(checked, block) }
}
