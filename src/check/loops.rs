//! `for i, x in pairs`: two names give position and item, and do not take the items apart.
use super::Checker;
use crate::builtins;
use crate::diagnostics::Code;
use crate::resolve::hir::{Args, ExprId, ExprKind, For, Item, PatternKind, Receiver, StmtKind};

/// Builtins whose items are pairs.
const GIVE_PAIRS: &[&str] = &["zip", "enumerate", "items"];

impl Checker<'_> {
    pub(super) fn loops(&mut self) {
        for stmt in self.stmts() {
            if let StmtKind::For(found) = &stmt.kind {
                self.two_names(found);
            }
        }
    }

    fn two_names(&mut self, found: &For) {
        let program = self.program;
        let Some(second) = found.second else { return };
        let names = [found.first, second].map(|pattern| match program[pattern].kind {
            PatternKind::Bind { name, .. } => Some(&program[name]),
            PatternKind::Wildcard => Some("_"),
            _ => None,
        });
        let [Some(first), Some(second)] = names else { return };
        if !self.gives_pairs(found.iterable) {
            return;
        }
        let message = format!("`{first}` is the position here and `{second}` a whole pair");
        let help = format!("to take the pairs apart write `for [{first}, {second}] in …`");
        self.warn(Code::PairsInLoop, program[found.iterable].span, message, help);
    }

    fn gives_pairs(&self, iterable: ExprId) -> bool {
        let program = self.program;
        match &program[iterable].kind {
            ExprKind::Array(items) => {
                let is_pair = |item: &Item| match item {
                    Item::One(item) => matches!(&program[*item].kind, ExprKind::Array(parts) if parts.len() == 2),
                    Item::Spread(_) => false,
                };
                !items.is_empty() && items.iter().all(is_pair)
            }
            ExprKind::CallBuiltin { builtin, args } => {
                GIVE_PAIRS.contains(&builtins::info(*builtin).name) && is_two_at_most(args)
            }
            ExprKind::Method { recv: Receiver::Value(_) | Receiver::Place(_), name, args, .. } => {
                let row = builtins::function(&program[*name]).map(|id| builtins::info(id).name);
                row.is_some_and(|row| GIVE_PAIRS.contains(&row)) && is_two_at_most(args) && !self.is_member(*name)
            }
            _ => false,
        }
    }
}

/// `zip` of three gives triples.
fn is_two_at_most(args: &Args) -> bool {
    args.is_plain() && args.positional.len() <= 2
}
