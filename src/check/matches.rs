//! `match`: arms that are never tried, and variants of a declared enum that no arm takes.
use super::Checker;
use crate::builtins;
use crate::diagnostics::Code;
use crate::resolve::hir::{Arm, EnumId, ExprId, ExprKind, Match, OPTION_ENUM, PatId, PatternKind, Program, StmtKind};
use crate::source::Span;

impl Checker<'_> {
    pub(super) fn matches(&mut self) {
        for expr in self.exprs() {
            if let ExprKind::Match(found) = &expr.kind {
                self.arms(found);
            }
        }
        for stmt in self.stmts() {
            if let StmtKind::Match(found) = &stmt.kind {
                self.arms(found);
            }
        }
    }

    fn arms(&mut self, found: &Match) {
        let program = self.program;
        // What earlier arms take for certain.
        let mut taken: Vec<PatId> = Vec::new();
        for arm in &found.arms {
            let span = program[arm.pattern].span;
            if let Some(&earlier) = taken.iter().find(|&&earlier| covers(program, earlier, arm.pattern)) {
                self.unreachable(span, program[earlier].span);
            }
            if arm.guard.is_none() {
                alternatives(program, arm.pattern, &mut taken);
            }
        }
        let all = taken.iter().copied().find(|&pattern| takes_all(program, pattern));
        if let (Some(all), Some(default)) = (all, found.default) {
            let body = &program[default];
            let first = body.stmts.first().map(|&stmt| program[stmt].span).or(body.value.map(|value| program[value].span));
            self.unreachable(first.unwrap_or(found.span), program[all].span);
        }
        if all.is_none() && found.default.is_none() {
            self.missing_variants(found, &taken);
        }
    }

    fn unreachable(&mut self, span: Span, earlier: Span) {
        let help = "remove it, or put it before the other";
        self.warn(Code::UnreachableArm, span, "this arm is never reached", help);
        if let Some(warning) = self.found.last_mut() {
            *warning = warning.clone().with_related(earlier, "takes all of it");
        }
    }

    /// Variants that no arm takes, if every arm is about one enum of the program.
    fn missing_variants(&mut self, found: &Match, taken: &[PatId]) {
        let program = self.program;
        let Some(decl) = subject(program, &found.arms).filter(|&decl| decl > OPTION_ENUM) else { return };
        let takes = |variant: usize| {
            taken.iter().any(|&pattern| match bare(program, pattern) {
                PatternKind::Enum(_) => true,
                PatternKind::Variant { variant: found, args, .. } => {
                    *found as usize == variant && args.iter().flatten().all(|&payload| takes_all(program, payload))
                }
                _ => false,
            })
        };
        let variants = program[decl].variants.iter().enumerate();
        let missing: Vec<&str> = variants.filter(|(at, _)| !takes(*at)).map(|(_, variant)| &program[variant.name]).collect();
        if missing.is_empty() {
            return;
        }
        let name = &program[program[decl].name];
        let message = format!("the match does not cover all of {name}: {} is missing", missing.join(", "));
        let help = format!("add `case {}: …`, or `default: …` for the rest", missing[0]);
        self.warn(Code::MissingVariants, program[found.subject].span, message, help);
    }
}

/// The enum that all arms are about.
fn subject(program: &Program, arms: &[Arm]) -> Option<EnumId> {
    let mut all = Vec::new();
    for arm in arms {
        alternatives(program, arm.pattern, &mut all);
    }
    let decl = |pattern: &PatId| match bare(program, *pattern) {
        PatternKind::Variant { decl, .. } | PatternKind::Enum(decl) => Some(*decl),
        _ => None,
    };
    let first = decl(all.first()?)?;
    all.iter().all(|pattern| decl(pattern) == Some(first)).then_some(first)
}

/// The alternatives of a pattern, without `as`.
fn alternatives(program: &Program, pattern: PatId, out: &mut Vec<PatId>) {
    match &program[pattern].kind {
        PatternKind::Or(parts) => parts.iter().for_each(|&part| alternatives(program, part, out)),
        PatternKind::As(inner, _) => alternatives(program, *inner, out),
        _ => out.push(pattern),
    }
}

/// The pattern without `as`.
fn bare(program: &Program, pattern: PatId) -> &PatternKind {
    match &program[pattern].kind {
        PatternKind::As(inner, _) => bare(program, *inner),
        kind => kind,
    }
}

fn takes_all(program: &Program, pattern: PatId) -> bool {
    match bare(program, pattern) {
        PatternKind::Wildcard | PatternKind::Bind { .. } => true,
        PatternKind::Or(parts) => parts.iter().any(|&part| takes_all(program, part)),
        _ => false,
    }
}

/// Whether every value that `later` takes is taken by `earlier`, as far as one can tell.
fn covers(program: &Program, earlier: PatId, later: PatId) -> bool {
    if takes_all(program, earlier) {
        return true;
    }
    match (bare(program, earlier), bare(program, later)) {
        (_, PatternKind::Or(parts)) => parts.iter().all(|&part| covers(program, earlier, part)),
        (PatternKind::Literal(a), PatternKind::Literal(b)) => same_literal(program, *a, *b),
        (PatternKind::BuiltinType(a), PatternKind::BuiltinType(b)) => a == b,
        (PatternKind::BuiltinType(ty), PatternKind::Literal(value)) => {
            let name = match program[*value].kind {
                ExprKind::Int(_) | ExprKind::BigInt(_) => "int",
                ExprKind::Float(_) => "float",
                ExprKind::Str(_) => "string",
                ExprKind::Bool(_) => "bool",
                _ => return false,
            };
            builtins::BUILTIN_TYPES[usize::from(ty.0)] == name
        }
        (PatternKind::Struct(a), PatternKind::Struct(b) | PatternKind::Fields { ty: Some(b), .. }) => a == b,
        (PatternKind::Enum(a), PatternKind::Enum(b) | PatternKind::Variant { decl: b, .. }) => a == b,
        (
            PatternKind::Variant { decl: a, variant: first, args },
            PatternKind::Variant { decl: b, variant: second, args: later },
        ) => {
            let payloads = |args: &[PatId], later: &[PatId]| {
                args.iter().zip(later).all(|(&earlier, &later)| covers(program, earlier, later))
            };
            a == b
                && first == second
                && match (args, later) {
                    (None, _) => true,
                    (Some(args), Some(later)) => payloads(args, later),
                    (Some(args), None) => args.iter().all(|&payload| takes_all(program, payload)),
                }
        }
        _ => false,
    }
}

fn same_literal(program: &Program, a: ExprId, b: ExprId) -> bool {
    match (&program[a].kind, &program[b].kind) {
        (ExprKind::Null, ExprKind::Null) => true,
        (ExprKind::Bool(a), ExprKind::Bool(b)) => a == b,
        (ExprKind::Int(a), ExprKind::Int(b)) => a == b,
        (ExprKind::Float(a), ExprKind::Float(b)) => a == b,
        (ExprKind::Str(a), ExprKind::Str(b)) => program[*a] == program[*b],
        (ExprKind::Unary(op, a), ExprKind::Unary(other, b)) => op == other && same_literal(program, *a, *b),
        _ => false,
    }
}
