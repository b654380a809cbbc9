//! Which bindings closures capture, and how: a copy of the value where nothing is assigned after the closure is made, a shared
//! cell otherwise. Functions that capture nothing need no closure at all, and a closure that names itself needs no cell.
use ahash::AHashMap;

use super::hir::*;
use super::state::*;

impl Resolver<'_> {
    /// Decides the home of every binding.
    pub fn settle_captures(&mut self) {
        self.count_writes();
        self.settle_hoisting();
        let capturing = self.capturing_functions();
        self.settle_homes(&capturing);
        self.insert_closures();
    }

    /// Does this reference change its binding after the declaration?
    pub fn is_write(&self, reference: &Ref) -> bool {
        match reference.kind {
            RefKind::Read | RefKind::Declare => false,
            RefKind::Write => true,
            RefKind::Method(name) => self.bindings[reference.binding].kind.is_mutable() && self.may_change(name),
        }
    }

    fn count_writes(&mut self) {
        for index in 0..self.refs.len() {
            let reference = self.refs[index];
            if !self.is_write(&reference) {
                continue;
            }
            let until = self.latest(&reference);
            let binding = &mut self.bindings[reference.binding];
            if binding.func == reference.func {
                binding.written = true;
                binding.last_write = binding.last_write.max(until);
            } else {
                binding.written_inside = true;
            }
        }
    }

    /// The latest moment at which a write may happen: the end of the outermost loop around it that the binding outlives.
    fn latest(&self, reference: &Ref) -> Time {
        let mut latest = reference.time;
        let mut around = reference.in_loop;
        while let Some(meta) = around {
            if Some(meta) == self.bindings[reference.binding].in_loop {
                break;
            }
            latest = latest.max(self.loops[meta].end);
            around = self.loops[meta].parent;
        }
        latest
    }

    /// The function on the way out from `inner` that `outer` makes.
    fn child_of(&self, outer: FuncId, inner: FuncId) -> Option<FuncId> {
        let mut func = inner;
        loop {
            let parent = self.facts[func.index()].parent?;
            if parent == outer {
                return Some(func);
            }
            func = parent;
        }
    }

    /// Makes the closure of a nested `func` early enough for everything that mentions it.
    fn settle_hoisting(&mut self) {
        let mut mentions: Vec<(FuncId, Time, Option<FuncId>)> = Vec::new();
        for reference in &self.refs {
            let binding = &self.bindings[reference.binding];
            let BindingKind::Func(func) = binding.kind else { continue };
            if reference.func == binding.func {
                mentions.push((func, reference.time, None));
            } else if let Some(child) = self.child_of(binding.func, reference.func)
                && child != func
            {
                mentions.push((func, 0, Some(child)));
            }
        }
        let mut changed = true;
        while changed {
            changed = false;
            for &(func, time, child) in &mentions {
                let time = child.map_or(time, |child| self.facts[child.index()].made);
                let made = &mut self.facts[func.index()].made;
                if time < *made {
                    *made = time;
                    changed = true;
                }
            }
        }
        for binding in &mut self.bindings {
            if let BindingKind::Func(func) = binding.kind {
                binding.init = self.facts[func.index()].made;
            }
        }
    }

    /// The only function that `binding` ever holds.
    pub fn only_function(&self, binding: BindingId) -> Option<FuncId> {
        let binding = &self.bindings[binding];
        match binding.kind {
            BindingKind::Func(func) => Some(func),
            _ if binding.written || binding.written_inside => None,
            _ => binding.literal,
        }
    }

    /// Is `binding` certain to be initialised where `reference` reads it?
    fn surely_initialised(&self, reference: &Ref) -> bool {
        let binding = &self.bindings[reference.binding];
        if reference.func == binding.func || matches!(binding.kind, BindingKind::Func(_)) {
            return true;
        }
        match self.child_of(binding.func, reference.func) {
            // A function at the top of a module or a method exists before anything runs.
            Some(child) if self.exists_early(child) => binding.literal == Some(child),
            Some(child) => self.facts[child.index()].made > binding.init || binding.literal == Some(child),
            None => false,
        }
    }

    fn exists_early(&self, func: FuncId) -> bool {
        match self.program[func].kind {
            FunctionKind::Lambda | FunctionKind::SpawnBlock | FunctionKind::Main => false,
            FunctionKind::Function => {
                self.facts[func.index()].bound_to.is_none_or(|binding| self.bindings[binding].module_level)
            }
            FunctionKind::Method
            | FunctionKind::FieldDefault
            | FunctionKind::VariantConstructor(..)
            | FunctionKind::Test => true,
        }
    }

    /// By function: does it capture anything?
    fn capturing_functions(&self) -> Vec<bool> {
        let mut capturing = vec![false; self.facts.len()];
        // Functions that capture if the key does.
        let mut users: AHashMap<FuncId, Vec<FuncId>> = AHashMap::new();
        let mut pending = Vec::new();
        for reference in &self.refs {
            let binding = &self.bindings[reference.binding];
            if binding.func == reference.func || binding.module_level || binding.home == Home::Declaration {
                continue;
            }
            let function = self.only_function(reference.binding);
            let known = function.filter(|_| reference.kind == RefKind::Read || matches!(reference.kind, RefKind::Method(_)));
            let known = known.filter(|_| self.surely_initialised(reference));
            for func in self.between(reference.func, binding.func) {
                if Some(func) == function {
                    break;
                }
                match known {
                    Some(known) => users.entry(known).or_default().push(func),
                    None => pending.push(func),
                }
            }
        }
        while let Some(func) = pending.pop() {
            if !std::mem::replace(&mut capturing[func.index()], true) {
                pending.extend(users.remove(&func).unwrap_or_default());
            }
        }
        capturing
    }

    /// The functions from `inner` outward, without `outer`.
    fn between(&self, inner: FuncId, outer: FuncId) -> impl Iterator<Item = FuncId> {
        let next = |&func: &FuncId| self.facts[func.index()].parent;
        std::iter::successors(Some(inner), next).take_while(move |&func| func != outer)
    }

    /// The function that stands for this reference, which then needs no variable.
    pub fn known_function(&self, reference: &Ref) -> Option<FuncId> {
        if matches!(reference.kind, RefKind::Write | RefKind::Declare) {
            return None;
        }
        let func = self.only_function(reference.binding)?;
        let free = !self.capturing[func.index()];
        (free && self.surely_initialised(reference)).then_some(func)
    }

    fn settle_homes(&mut self, capturing: &[bool]) {
        self.capturing = capturing.to_vec();
        let mut mentioned = vec![false; self.bindings.len()];
        let mut cells = vec![false; self.bindings.len()];
        self.captured = vec![false; self.bindings.len()];
        for reference in &self.refs {
            let id = reference.binding;
            let binding = &self.bindings[id];
            if reference.func == binding.func || self.known_function(reference).is_some() {
                continue;
            }
            mentioned[id] = true;
            let own = self.only_function(id);
            if own.is_some_and(|own| self.between(reference.func, binding.func).any(|func| func == own)) {
                continue;
            }
            self.captured[id] = true;
            let Some(child) = self.child_of(binding.func, reference.func) else { continue };
            let made = self.facts[child.index()].made;
            cells[id] |= binding.written_inside || made <= binding.init || made <= binding.last_write;
        }
        for id in 0..self.bindings.len() {
            self.bindings[id].home = self.home(id, mentioned[id], cells[id]);
        }
    }

    fn home(&mut self, id: BindingId, mentioned: bool, cell: bool) -> Home {
        let binding = &self.bindings[id];
        match binding.kind {
            BindingKind::Struct(_) | BindingKind::Enum(_) => return Home::Declaration,
            BindingKind::Func(func) if !self.capturing[func.index()] => return Home::Static(func),
            _ => {}
        }
        if binding.module_level && (binding.exported || mentioned) {
            let var = ModuleVar(self.program.module_vars.len() as u32);
            let constant = !binding.written && !binding.written_inside;
            let (module, name, span) = (binding.module, binding.name, binding.span);
            self.program.module_vars.push(ModuleVarInfo { module, name, span, constant });
            return Home::Table(var);
        }
        if cell { Home::Cell } else { Home::Slot }
    }

    /// Puts the statements that make closures of nested functions where they are needed first.
    fn insert_closures(&mut self) {
        for hoist in std::mem::take(&mut self.hoists) {
            let mut made: Vec<(usize, Time, StmtId)> = Vec::new();
            for binding in hoist.bindings {
                let BindingKind::Func(func) = self.bindings[binding].kind else { continue };
                if matches!(self.bindings[binding].home, Home::Static(_)) {
                    continue;
                }
                let time = self.bindings[binding].init;
                let index = hoist.times.partition_point(|&end| end <= time);
                made.push((index, time, self.closure_stmt(binding, func)));
            }
            made.sort_by_key(|&(index, time, _)| (index, time));
            if made.is_empty() {
                continue;
            }
            let old = std::mem::take(&mut self.program.blocks[hoist.block.index()].stmts);
            let mut stmts = Vec::with_capacity(old.len() + made.len());
            let mut made = made.into_iter().peekable();
            for (index, &stmt) in old.iter().enumerate() {
                while let Some((_, _, closure)) = made.next_if(|&(at, _, _)| at <= index) {
                    stmts.push(closure);
                }
                stmts.push(stmt);
            }
            stmts.extend(made.map(|(_, _, closure)| closure));
            self.program.blocks[hoist.block.index()].stmts = stmts.into();
        }
    }

    fn closure_stmt(&mut self, binding: BindingId, func: FuncId) -> StmtId {
        let owner = &self.bindings[binding];
        let (name, span, outer, time, in_loop) = (owner.name, owner.span, owner.func, owner.init, owner.in_loop);
        let var = Var::Local(Slot(self.refs.len() as u32));
        self.refs.push(Ref { binding, func: outer, time, in_loop, kind: RefKind::Declare });
        let value = self.expr(ExprKind::Closure(func), span);
        self.stmt(StmtKind::Assign { var, name, value, declare: true }, span)
    }
}
