//! Which methods change their `self` (LANGUAGE §7): a least fixpoint over the methods of all modules.
//!
//! A method is mutating for sure if it says `mut self`, assigns to a path of `self`, calls a mutating builtin method on one, or
//! calls such a method of its own type on `self`. If only the *name* of a method called on a path of `self` is that of some
//! mutating method, it may be mutating.
use ahash::AHashMap;

use super::hir::*;
use super::state::*;
use crate::builtins;
use crate::diagnostics::Code;
use crate::source::Span;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Changes {
    No,
    ByName,
    Yes,
}

struct Classes {
    /// By function; `No` for all that are no methods.
    states: Vec<Changes>,
    /// Methods that call this method on their own `self`.
    callers: AHashMap<FuncId, Vec<FuncId>>,
    /// Methods that call a method of this name on a path of their `self`.
    by_name: AHashMap<TextId, Vec<FuncId>>,
    /// Methods whose state rose and whose dependents are to be told.
    changed: Vec<FuncId>,
}

impl Classes {
    fn raise(&mut self, func: FuncId, to: Changes) {
        let state = &mut self.states[func.index()];
        if *state < to {
            *state = to;
            self.changed.push(func);
        }
    }
}

impl Resolver<'_> {
    pub fn classify_methods(&mut self) {
        let reach = self.reachable_modules();
        let mut classes = Classes {
            states: vec![Changes::No; self.facts.len()],
            callers: AHashMap::new(),
            by_name: AHashMap::new(),
            changed: Vec::new(),
        };
        for index in 0..self.facts.len() {
            if self.facts[index].owner.is_some() {
                self.classify(FuncId(index as u32), &mut classes);
            }
        }
        let names: AHashMap<FuncId, TextId> = self.methods.iter().map(|(&(_, name), &func)| (func, name)).collect();
        while let Some(method) = classes.changed.pop() {
            let state = classes.states[method.index()];
            for caller in classes.callers.get(&method).cloned().unwrap_or_default() {
                classes.raise(caller, state);
            }
            let Some(&name) = names.get(&method) else { continue };
            self.changing.insert(name);
            let module = self.program[method].module;
            for caller in classes.by_name.get(&name).cloned().unwrap_or_default() {
                if reach[self.program[caller].module.index()].contains(&module) {
                    classes.raise(caller, Changes::ByName);
                }
            }
        }
        self.set_modes(&classes.states);
    }

    /// For each module itself and what it imports, directly or not.
    fn reachable_modules(&self) -> Vec<Vec<ModuleId>> {
        let direct = |module: usize| {
            self.targets[module].iter().filter_map(|(_, target)| match target {
                super::modules::Target::Module(target) => Some(*target),
                _ => None,
            })
        };
        let reach = |start: usize| {
            let mut seen = vec![start];
            let mut next = 0;
            while next < seen.len() {
                for target in direct(seen[next]) {
                    if !seen.contains(&target) {
                        seen.push(target);
                    }
                }
                next += 1;
            }
            seen.into_iter().map(|module| ModuleId(module as u32)).collect()
        };
        (0..self.modules.len()).map(reach).collect()
    }

    fn classify(&self, func: FuncId, classes: &mut Classes) {
        let facts = &self.facts[func.index()];
        if facts.mut_self || facts.changes_self.is_some() {
            classes.raise(func, Changes::Yes);
        }
        let Some(owner) = facts.owner else { return };
        for &(name, on_self, _) in &facts.self_calls {
            match self.methods.get(&(owner, name)) {
                Some(&own) if on_self => classes.callers.entry(own).or_default().push(func),
                _ if builtins::is_mutating_method(&self.program[name]) => classes.raise(func, Changes::Yes),
                _ => classes.by_name.entry(name).or_default().push(func),
            }
        }
    }

    fn set_modes(&mut self, states: &[Changes]) {
        for (index, &state) in states.iter().enumerate() {
            let func = FuncId(index as u32);
            if self.facts[index].owner.is_none() || !self.facts[index].instance {
                continue;
            }
            let node = &self.program[func];
            let suspends = node.is_async || node.is_generator;
            if suspends && state == Changes::Yes {
                self.report_coroutine(func);
            }
            self.program.functions[index].self_mode = match state {
                Changes::No => SelfMode::Value,
                _ if suspends => SelfMode::Value,
                Changes::ByName => SelfMode::MaybeMutating,
                Changes::Yes => SelfMode::Mutating,
            };
        }
        for (place, method) in std::mem::take(&mut self.self_places) {
            let read_only = self.program[method].self_mode == SelfMode::Value;
            self.program.places[place.index()].access = if read_only { Access::ReadonlySelf } else { Access::SelfPlace };
        }
    }

    fn report_coroutine(&mut self, func: FuncId) {
        let node = &self.program[func];
        let what = if node.is_async { "an async" } else { "a generator" };
        let name = self.program[node.name].to_string();
        let (span, module) = (self.where_changed(func), node.module);
        self.at.module = module;
        let diagnostic =
            self.stop(Code::MutatingCoroutine, span, format!("{name} changes self, which {what} method cannot do"));
        diagnostic.help.push("its self is a copy: return the new value and let the caller store it".into());
    }

    /// Where a mutating method changes `self`.
    fn where_changed(&self, func: FuncId) -> Span {
        let facts = &self.facts[func.index()];
        let call = facts.self_calls.iter().map(|&(_, _, span)| span);
        facts.changes_self.into_iter().chain(call).next().unwrap_or(self.program[func].name_span)
    }

    /// May a method of this name change the variable it is called on?
    pub fn may_change(&self, name: TextId) -> bool {
        self.changing.contains(&name) || builtins::is_mutating_method(&self.program[name])
    }
}
