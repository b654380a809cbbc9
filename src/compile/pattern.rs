//! Patterns: tests and parts. Parts that are looked into wait in hidden locals, so that a failed test leaves nothing behind in
//! temporaries; the arm clears them.
use super::{Builder, Reg};
use crate::bytecode::chunk::{Const, Part, Test};
use crate::bytecode::op::Op;
use crate::resolve::hir::{
    ElementPattern, ExprId, FieldPattern, Match, PatId, PatternKind, RestPattern, StructId, TextId, Var,
};

/// Whether a pattern may fail, and where it goes then.
enum Failing<'a> {
    /// `match`: collects the jumps taken when the value does not fit.
    Jump(&'a mut Vec<usize>),
    /// Destructuring: missing parts are null, a wrong kind is an error.
    Never,
}

impl Builder<'_> {
    /// `match`, as a statement or with its value in `dst`.
    pub(super) fn match_to(&mut self, node: &Match, dst: Option<Reg>) {
        let subject = node.slot.0 as u16;
        self.touched.push(node.slot);
        self.expr_to(node.subject, subject);
        let mut ends = Vec::new();
        for arm in &node.arms {
            let hidden = self.hidden_mark();
            let mut failed = Vec::new();
            self.open_block(arm.body);
            self.pattern(arm.pattern, subject, &mut Failing::Jump(&mut failed));
            self.drop_parts(hidden);
            let mut unmet = Vec::new();
            if let Some(guard) = arm.guard {
                unmet = self.jumps_if(guard, false);
            }
            self.emit(Op::Discard { a: subject });
            self.block_statements(arm.body);
            self.arm_value(self.program[arm.body].value, dst);
            self.leave_block(arm.body);
            ends.push(self.emit_jump(Op::Jump { to: 0 }));
            if !unmet.is_empty() {
                self.land_all(unmet);
                self.clear_slots(&self.program[arm.body].slots);
            }
            self.land_all(failed);
            self.drop_parts(hidden);
            self.free_hidden(hidden);
        }
        self.span = node.span;
        match node.default {
            Some(default) => {
                self.emit(Op::Discard { a: subject });
                match dst {
                    Some(dst) => self.block_to(default, dst),
                    None => self.block(default),
                }
            }
            None if node.value => self.emit(Op::RaiseNoMatch { subject }),
            None => self.emit(Op::Discard { a: subject }),
        }
        self.land_all(ends);
    }

    fn arm_value(&mut self, value: Option<ExprId>, dst: Option<Reg>) {
        match (value, dst) {
            (Some(value), Some(dst)) => self.expr_to(value, dst),
            (Some(value), None) => self.effect(value),
            (None, Some(dst)) => self.emit(Op::LoadNull { dst }),
            (None, None) => {}
        }
    }

    fn drop_parts(&mut self, hidden: u16) {
        self.clear_hidden(hidden);
    }

    /// Destructures the value in a local.
    pub(super) fn bind(&mut self, pattern: PatId, value: Reg) {
        let hidden = self.hidden_mark();
        self.pattern(pattern, value, &mut Failing::Never);
        self.clear_hidden(hidden);
        self.free_hidden(hidden);
    }

    fn pattern(&mut self, pattern: PatId, value: Reg, failing: &mut Failing<'_>) {
        if crate::limits::stack::check().is_err() {
            self.refuse("nesting too deep");
            return;
        }
        let node = &self.program[pattern];
        self.span = node.span;
        match &node.kind {
            PatternKind::Wildcard => {}
            PatternKind::Bind { var, name, .. } => self.bind_copy(*var, *name, value),
            PatternKind::Literal(literal) => self.literal_test(*literal, value, failing),
            PatternKind::Range { low, high, inclusive } => {
                let test = Test::Range { low: self.bound(*low), high: self.bound(*high), inclusive: *inclusive };
                self.test(test, value, failing);
            }
            PatternKind::BuiltinType(id) => self.test(Test::BuiltinType(id.0), value, failing),
            PatternKind::Struct(id) => self.test(Test::Struct(id.0), value, failing),
            PatternKind::Enum(id) => self.test(Test::Enum(id.0), value, failing),
            PatternKind::Variant { decl, variant, args } => {
                self.test(Test::Variant(decl.0, *variant), value, failing);
                for (n, arg) in args.iter().flat_map(|args| args.iter()).enumerate() {
                    self.part_pattern(Part::Payload(n as u32), *arg, None, value, failing);
                }
            }
            PatternKind::Array { before, rest, after } => self.array_pattern(before, rest.as_ref(), after, value, failing),
            PatternKind::Fields { ty, entries, rest } => self.fields_pattern(*ty, entries, rest.as_ref(), value, failing),
            PatternKind::Or(alternatives) => self.alternatives(alternatives, value, failing),
            PatternKind::As(inner, name) => {
                self.pattern(*inner, value, failing);
                self.pattern(*name, value, failing);
            }
            PatternKind::NameError(text) => {
                let message = self.name(*text);
                self.emit(Op::RaiseName { message });
            }
        }
    }

    /// Copies the value to the variable that a pattern names.
    fn bind_copy(&mut self, var: Var, name: TextId, value: Reg) {
        self.store(var, name, value);
    }

    fn test(&mut self, test: Test, value: Reg, failing: &mut Failing<'_>) {
        let test = self.shared_entry(|builder| &mut builder.chunk.tests, test, "patterns");
        if let Failing::Jump(jumps) = failing {
            jumps.push(self.emit_jump(Op::Test { a: value, test, to: 0 }));
        }
    }

    fn literal_test(&mut self, literal: ExprId, value: Reg, failing: &mut Failing<'_>) {
        let Failing::Jump(jumps) = failing else { return };
        let constant = match self.folded(literal) {
            Some(Const::Str(_)) | None => {
                let register = self.temp();
                self.expr_to(literal, register);
                let jump = self.emit_jump(Op::JumpIfNe { ne: 0, a: value, b: register, to: 0 });
                self.release(register & !super::TEMP);
                jumps.push(jump);
                return;
            }
            Some(constant) => constant,
        };
        if let Const::Int(wanted) = constant
            && let Ok(k) = i16::try_from(wanted)
        {
            jumps.push(self.emit_jump(Op::JumpIfNeK { ne: 0, a: value, k, to: 0 }));
            return;
        }
        let index = self.constant(constant);
        match u16::try_from(index) {
            Ok(c) => jumps.push(self.emit_jump(Op::JumpIfNeC { ne: 0, a: value, c, to: 0 })),
            Err(_) => self.refuse("too many constants"),
        }
    }

    fn bound(&mut self, bound: Option<ExprId>) -> Option<u16> {
        use crate::resolve::hir::ExprKind;
        let bound = bound?;
        let index = match (&self.program[bound].kind, self.folded(bound)) {
            (ExprKind::Str(text), _) => self.text_constant(*text),
            (ExprKind::BigInt(text), _) => self.constant(Const::BigInt(Box::from(&self.program[*text]))),
            (_, Some(constant)) => self.constant(constant),
            (_, None) => {
                self.refuse("a pattern bound that is no literal");
                0
            }
        };
        Some(self.table_index(index as usize, "constants"))
    }

    fn alternatives(&mut self, alternatives: &[PatId], value: Reg, failing: &mut Failing<'_>) {
        let Some((last, init)) = alternatives.split_last() else { return };
        let mut fits = Vec::new();
        for alternative in init {
            let mut next = Vec::new();
            self.pattern(*alternative, value, &mut Failing::Jump(&mut next));
            fits.push(self.emit_jump(Op::Jump { to: 0 }));
            self.land_all(next);
        }
        self.pattern(*last, value, failing);
        self.land_all(fits);
    }

    // ---- parts ----

    fn part_index(&mut self, part: Part) -> u16 {
        self.shared_entry(|builder| &mut builder.chunk.parts, part, "patterns")
    }

    /// Takes a part out of `value` and matches it. A missing part takes the default; without one it is null in
    /// destructuring and a failure in `match`.
    fn part_pattern(&mut self, part: Part, pattern: PatId, default: Option<ExprId>, value: Reg, failing: &mut Failing<'_>) {
        let optional = matches!(part, Part::Key(_)) || matches!(failing, Failing::Never);
        let part = self.part_index(part);
        let span = self.program[pattern].span;
        let register = match self.program[pattern].kind {
            PatternKind::Bind { var: Var::Local(slot), .. } => slot.0 as u16,
            _ => self.hidden(1),
        };
        self.span = span;
        self.emit(Op::Part { dst: register, a: value, part });
        if optional {
            self.fill_missing(default, register, failing);
        }
        match self.program[pattern].kind {
            PatternKind::Bind { var: Var::Local(_), .. } => {}
            _ => self.pattern(pattern, register, failing),
        }
    }

    fn fill_missing(&mut self, default: Option<ExprId>, register: Reg, failing: &mut Failing<'_>) {
        match (default, failing) {
            (Some(default), _) => {
                let present = self.emit_jump(Op::JumpIfPresent { a: register, to: 0 });
                self.expr_to(default, register);
                self.land(present);
            }
            (None, Failing::Never) => self.emit(Op::NullIfMissing { a: register }),
            (None, Failing::Jump(jumps)) => {
                let present = self.emit_jump(Op::JumpIfPresent { a: register, to: 0 });
                // A variable must not keep the mark of a missing value.
                self.emit(Op::NullIfMissing { a: register });
                jumps.push(self.emit_jump(Op::Jump { to: 0 }));
                self.land(present);
            }
        }
    }

    fn array_pattern(
        &mut self,
        before: &[ElementPattern],
        rest: Option<&RestPattern>,
        after: &[ElementPattern],
        value: Reg,
        failing: &mut Failing<'_>,
    ) {
        let (front, back) = (before.len() as u32, after.len() as u32);
        match failing {
            Failing::Never => self.emit(Op::CheckKind { fields: 0, a: value }),
            Failing::Jump(_) => {
                let test = Test::Array { length: front + back, open: rest.is_some() };
                self.test(test, value, failing);
            }
        }
        for (n, element) in before.iter().enumerate() {
            self.part_pattern(Part::Element(n as u32), element.pattern, element.default, value, failing);
        }
        if let Some(bind) = rest.and_then(|rest| rest.bind) {
            self.part_pattern(Part::Rest { before: front, after: back }, bind, None, value, failing);
        }
        for (n, element) in after.iter().enumerate() {
            let part = Part::FromEnd { index: n as u32, before: front, after: back };
            self.part_pattern(part, element.pattern, element.default, value, failing);
        }
    }

    fn fields_pattern(
        &mut self,
        ty: Option<StructId>,
        entries: &[FieldPattern],
        rest: Option<&RestPattern>,
        value: Reg,
        failing: &mut Failing<'_>,
    ) {
        match (ty, &failing) {
            (_, Failing::Never) => self.emit(Op::CheckKind { fields: 1, a: value }),
            (Some(ty), Failing::Jump(_)) => self.test(Test::Struct(ty.0), value, failing),
            (None, Failing::Jump(_)) => self.test(Test::Fields, value, failing),
        }
        for entry in entries {
            let key = self.name(entry.key);
            self.part_pattern(Part::Key(key), entry.pattern, entry.default, value, failing);
        }
        if let Some(bind) = rest.and_then(|rest| rest.bind) {
            let keys: Vec<u16> = entries.iter().map(|entry| self.name(entry.key)).collect();
            self.part_pattern(Part::OtherKeys(keys.into()), bind, None, value, failing);
        }
    }
}
