//! Replaces provisional variables by final ones, and what turned out to be known before execution by direct forms.
use super::hir::*;
use super::state::*;

impl Resolver<'_> {
    pub fn finish(&mut self) {
        self.finish_exprs();
        self.finish_stmts();
        self.finish_patterns();
        self.finish_places();
        self.finish_calls();
        self.finish_functions();
        self.finish_modules();
    }

    /// The variable as `func` sees `binding`; none where it would have to be captured and cannot.
    fn view(&mut self, binding: BindingId, func: FuncId) -> Option<Var> {
        let found = &self.bindings[binding];
        let slot = Slot(found.slot);
        match found.home {
            Home::Table(var) => return Some(Var::Module(var)),
            Home::Slot if found.func == func => return Some(Var::Local(slot)),
            Home::Cell if found.func == func => return Some(Var::LocalCell(slot)),
            Home::Slot | Home::Cell => {}
            Home::Static(_) | Home::Declaration | Home::Unknown => return None,
        }
        if self.only_function(binding) == Some(func) {
            return Some(Var::SelfFn);
        }
        let kind = |index: usize, from: Var| match from {
            Var::LocalCell(_) | Var::CaptureCell(_) => Var::CaptureCell(index as u32),
            Var::Local(_) | Var::Capture(_) | Var::Module(_) | Var::SelfFn => Var::Capture(index as u32),
        };
        if let Some(&index) = self.capture_ids.get(&(func, binding)) {
            return Some(kind(index, self.facts[func.index()].captures[index].1.from));
        }
        let facts = &self.facts[func.index()];
        if facts.barred {
            return None;
        }
        let parent = facts.parent?;
        let from = self.view(binding, parent)?;
        let name = self.bindings[binding].name;
        let captures = &mut self.facts[func.index()].captures;
        let index = captures.len();
        captures.push((binding, Capture { from, name }));
        self.capture_ids.insert((func, binding), index);
        Some(kind(index, from))
    }

    fn view_of(&mut self, var: Var) -> Option<Var> {
        let Var::Local(slot) = var else { return Some(var) };
        let reference = self.refs[slot.index()];
        self.view(reference.binding, reference.func)
    }

    /// For a variable that is certainly stored: of a declaration, an assignment, a pattern.
    fn stored(&mut self, var: Var) -> Var {
        self.view_of(var).unwrap_or(Var::Local(Slot(0)))
    }

    fn finish_exprs(&mut self) {
        for index in 0..self.program.exprs.len() {
            match self.program.exprs[index].kind {
                ExprKind::Var { var: Var::Local(slot), name, take } => {
                    let kind = self.finish_var(slot, name, take);
                    self.program.exprs[index].kind = kind;
                }
                ExprKind::Closure(func) if !self.capturing[func.index()] => {
                    self.program.exprs[index].kind = ExprKind::Func(func);
                }
                ExprKind::Match(ref mut node) => node.slot = Slot(self.slot_bases[node.slot.index()]),
                _ => {}
            }
        }
    }

    fn finish_var(&mut self, slot: Slot, name: TextId, take: Take) -> ExprKind {
        let reference = self.refs[slot.index()];
        if let Some(func) = self.known_function(&reference) {
            return ExprKind::Func(func);
        }
        match self.view(reference.binding, reference.func) {
            Some(var) => ExprKind::Var { var, name, take },
            None => {
                let message = format!(
                    "Undefined variable: {} (methods, field defaults and tests cannot use the variables of a function around them)",
                    &self.program[name]
                );
                ExprKind::NameError(self.text(&message))
            }
        }
    }

    fn finish_stmts(&mut self) {
        for index in 0..self.program.stmts.len() {
            match &mut self.program.stmts[index].kind {
                StmtKind::Assign { var, .. } => {
                    let var = *var;
                    let stored = self.stored(var);
                    if let StmtKind::Assign { var, .. } = &mut self.program.stmts[index].kind {
                        *var = stored;
                    }
                }
                StmtKind::Match(node) => node.slot = Slot(self.slot_bases[node.slot.index()]),
                StmtKind::For(node) => node.state = Slot(self.slot_bases[node.state.index()]),
                StmtKind::Try(node) => {
                    node.state = Slot(self.slot_bases[node.state.index()]);
                    let var = node.except.as_ref().and_then(|except| except.var);
                    let stored = var.map(|var| self.stored(var));
                    if let StmtKind::Try(node) = &mut self.program.stmts[index].kind
                        && let Some(except) = &mut node.except
                    {
                        except.var = stored;
                    }
                }
                _ => {}
            }
        }
    }

    fn finish_patterns(&mut self) {
        for index in 0..self.program.patterns.len() {
            if let PatternKind::Bind { var, name, declare } = self.program.patterns[index].kind {
                let var = self.stored(var);
                self.program.patterns[index].kind = PatternKind::Bind { var, name, declare };
            }
        }
    }

    fn finish_places(&mut self) {
        for index in 0..self.program.places.len() {
            let root = self.program.places[index].root;
            match self.view_of(root) {
                Some(var) => self.program.places[index].root = var,
                None => self.rootless.push(PlaceId(index as u32)),
            }
        }
    }

    /// Calls whose callee turned out to be known.
    fn finish_calls(&mut self) {
        self.finish_rootless();
        for index in 0..self.program.exprs.len() {
            let ExprKind::Call { callee, .. } = self.program.exprs[index].kind else { continue };
            let ExprKind::Func(func) = self.program[callee].kind else { continue };
            if let ExprKind::Call { args, .. } = &mut self.program.exprs[index].kind {
                let args = std::mem::take(args);
                self.program.exprs[index].kind = ExprKind::CallFunc { func, args };
            }
        }
        for (call, func) in std::mem::take(&mut self.static_calls) {
            if self.facts[func.index()].instance {
                continue;
            }
            if let ExprKind::Method { args, .. } = &mut self.program.exprs[call.index()].kind {
                let args = std::mem::take(args);
                self.program.exprs[call.index()].kind = ExprKind::CallFunc { func, args };
            }
        }
    }

    /// Method calls on functions that need no variable: their receivers become values.
    fn finish_rootless(&mut self) {
        if self.rootless.is_empty() {
            return;
        }
        let rootless: ahash::AHashSet<PlaceId> = std::mem::take(&mut self.rootless).into_iter().collect();
        for index in 0..self.program.exprs.len() {
            let ExprKind::Method { recv: Receiver::Place(place), .. } = self.program.exprs[index].kind else { continue };
            if !rootless.contains(&place) {
                continue;
            }
            let value = self.rootless_value(place);
            if let ExprKind::Method { recv, .. } = &mut self.program.exprs[index].kind {
                *recv = Receiver::Value(value);
            }
        }
    }

    fn rootless_value(&mut self, id: PlaceId) -> ExprId {
        let place = &mut self.program.places[id.index()];
        let (root, name, span) = (place.root, place.name, place.span);
        let path = std::mem::take(&mut place.path);
        let kind = match root {
            Var::Local(slot) => self.finish_var(slot, name, Take::No),
            var => ExprKind::Var { var, name, take: Take::No },
        };
        let mut value = self.expr(kind, span);
        for segment in path {
            let kind = match segment {
                PathSegment::Index(index) => ExprKind::Index { base: value, index },
                PathSegment::Field(name, _) => ExprKind::Field { base: value, name, optional: false },
            };
            value = self.expr(kind, span);
        }
        value
    }

    fn finish_functions(&mut self) {
        for (function, facts) in self.program.functions.iter_mut().zip(&self.facts) {
            function.captures = facts.captures.iter().map(|&(_, capture)| capture).collect();
        }
    }

    fn finish_modules(&mut self) {
        for index in 0..self.modules.len() {
            let mut exports = Vec::new();
            for (&name, &exported) in &self.modules[index].exports {
                let export = match exported {
                    Exported::Func(func) => Export::Func(func),
                    Exported::Struct(decl) => Export::Struct(decl),
                    Exported::Enum(decl) => Export::Enum(decl),
                    Exported::Binding(binding) => match self.bindings[binding].home {
                        Home::Table(var) => Export::Var(var),
                        _ => continue,
                    },
                    Exported::Module(_) => continue,
                };
                exports.push((name, export));
            }
            exports.sort_by(|(one, _), (other, _)| self.program[*one].cmp(&self.program[*other]));
            self.program.modules[index].exports = exports;
        }
    }
}
