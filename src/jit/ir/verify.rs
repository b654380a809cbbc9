//! Checks what every pass must keep: definitions dominate uses, edges pass what blocks take, states name known values.
use super::cfg::Cfg;
use super::{BlockId, Function, StateId, ValueId};

/// The first violation found, as a sentence.
pub fn verify(function: &Function) -> Result<(), String> {
    let cfg = Cfg::new(function);
    let defined = definitions(function, &cfg)?;
    for &block in &cfg.order {
        check_block(function, &cfg, &defined, block)?;
    }
    Ok(())
}

/// Where each value is defined: block, and position in it (0 for parameters).
type Definitions = Vec<Option<(BlockId, usize)>>;

fn definitions(function: &Function, cfg: &Cfg) -> Result<Definitions, String> {
    let mut defined: Definitions = vec![None; function.values.len()];
    let mut define = |value: ValueId, block: BlockId, at: usize| match defined[value.index()].replace((block, at)) {
        None => Ok(()),
        Some(_) => Err(format!("v{} is defined twice", value.0)),
    };
    for (_, value) in &function.params {
        define(*value, BlockId(0), 0)?;
    }
    for &block in &cfg.order {
        let data = &function.blocks[block.index()];
        for param in &data.params {
            define(*param, block, 0)?;
        }
        for (at, inst) in data.insts.iter().enumerate() {
            if let Some(result) = inst.result {
                define(result, block, at + 1)?;
            }
        }
    }
    Ok(defined)
}

fn check_block(function: &Function, cfg: &Cfg, defined: &Definitions, block: BlockId) -> Result<(), String> {
    let data = &function.blocks[block.index()];
    let visible = |value: ValueId, at: usize| match defined.get(value.index()).copied().flatten() {
        Some((home, position)) if home == block => position <= at,
        Some((home, _)) => cfg.dominates(home, block),
        None => false,
    };
    // What an instruction makes is there when its check fails.
    let check_state = |state: StateId, at: usize, made: Option<ValueId>| {
        let there = |value: ValueId| visible(value, at) || made == Some(value);
        let wanted = |value: ValueId| match function.late.get(&value) {
            Some(late) => there(late.a) && there(late.b),
            None => visible(value, at),
        };
        let state_data = function.states.get(state.index()).ok_or(format!("b{}: no state !{}", block.0, state.0))?;
        match state_data.values().find(|value| !wanted(*value)) {
            Some(value) => Err(format!("b{}: state !{} wants v{}, not defined here", block.0, state.0, value.0)),
            None => Ok(()),
        }
    };
    for (at, inst) in data.insts.iter().enumerate() {
        let mut wrong = None;
        inst.kind.operands(|value| {
            if !visible(value, at) {
                wrong = Some(value);
            }
        });
        if let Some(value) = wrong {
            return Err(format!("b{}: {:?} uses v{} before its definition", block.0, inst.kind, value.0));
        }
        let mut exits = Vec::new();
        inst.kind.exits(|state| exits.push(state));
        for state in exits {
            check_state(state, at, inst.result)?;
        }
    }
    let end = data.insts.len();
    if let Some(state) = data.preheader {
        check_state(state, end, None)?;
    }
    let term = data.term.as_ref().ok_or(format!("b{} does not end", block.0))?;
    let mut wrong = None;
    term.operands(|value| {
        if !visible(value, end) {
            wrong = Some(value);
        }
    });
    if let Some(value) = wrong {
        return Err(format!("b{}: its end uses v{} before its definition", block.0, value.0));
    }
    if let super::Terminator::Exit(state) = term {
        check_state(*state, end, None)?;
    }
    for (to, args) in term.successors() {
        let params = &function.blocks[to.index()].params;
        if params.len() != args.len() {
            return Err(format!("b{} passes {} values to b{}, which takes {}", block.0, args.len(), to.0, params.len()));
        }
        for (param, arg) in params.iter().zip(args) {
            if function.ty(*param).repr != function.ty(*arg).repr {
                return Err(format!("b{} passes v{} to v{} of another representation", block.0, arg.0, param.0));
            }
        }
    }
    Ok(())
}
