//! Slots: a scope's variables follow those of the scopes around it, so that scopes side by side share slots.
use super::hir::*;
use super::state::*;

impl Resolver<'_> {
    pub fn assign_slots(&mut self) {
        self.slot_bases = vec![0; self.scopes.len()];
        let mut ends = vec![0; self.scopes.len()];
        for scope in 0..self.scopes.len() {
            let Scope { parent, func, hidden, .. } = self.scopes[scope];
            let base = match parent {
                Some(parent) if self.scopes[parent].func == func => ends[parent],
                _ => 0,
            };
            self.slot_bases[scope] = base;
            let end = self.assign_in(scope, base + hidden);
            ends[scope] = end;
            let function = &mut self.program.functions[func.index()];
            function.slots = function.slots.max(end);
        }
        for function in &mut self.program.functions {
            function.slot_names.resize(function.slots as usize, None);
        }
        self.fill_blocks();
        self.fill_cell_params();
    }

    fn assign_in(&mut self, scope: ScopeId, mut next: u32) -> u32 {
        for index in 0..self.scopes[scope].bindings.len() {
            let id = self.scopes[scope].bindings[index];
            let binding = &mut self.bindings[id];
            let instance = self.facts[binding.func.index()].instance;
            let stored = match binding.home {
                Home::Slot | Home::Cell => binding.kind != BindingKind::SelfParam || instance,
                Home::Static(_) | Home::Table(_) | Home::Declaration | Home::Unknown => false,
            };
            if !stored {
                continue;
            }
            binding.slot = next;
            let names = &mut self.program.functions[binding.func.index()].slot_names;
            names.resize(names.len().max(next as usize + 1), None);
            names[next as usize].get_or_insert(binding.name);
            next += 1;
        }
        next
    }

    /// Tells each block which slots and cells are its own.
    fn fill_blocks(&mut self) {
        for (block, scope) in std::mem::take(&mut self.block_scopes) {
            let (mut slots, mut cells) = (Vec::new(), Vec::new());
            for &id in &self.scopes[scope].bindings {
                let binding = &self.bindings[id];
                if binding.slot == u32::MAX || self.facts[binding.func.index()].root == scope && !binding.module_level {
                    continue;
                }
                slots.push(Slot(binding.slot));
                if binding.home == Home::Cell {
                    cells.push(Slot(binding.slot));
                }
            }
            let node = &mut self.program.blocks[block.index()];
            node.slots = node.slots.iter().copied().chain(slots).collect();
            node.cells = node.cells.iter().copied().chain(cells).collect();
        }
    }

    fn fill_cell_params(&mut self) {
        for func in 0..self.facts.len() {
            let root = self.facts[func].root;
            if self.scopes[root].module_level {
                continue;
            }
            let bindings = self.scopes[root].bindings.iter().map(|&id| &self.bindings[id]);
            let cells = bindings.filter(|binding| binding.home == Home::Cell && binding.slot != u32::MAX);
            self.program.functions[func].cell_params = cells.map(|binding| Slot(binding.slot)).collect();
        }
    }
}
