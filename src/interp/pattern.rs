//! Patterns: of `match`, where a mismatch tries the next arm, and of destructuring, where missing parts are null.
use super::{Eval, Frame, Interp};
use crate::resolve::hir::{ElementPattern, ExprId, FieldPattern, PatId, Pattern, PatternKind, RestPattern};
use crate::semantics::compare::{self, CompareOp};
use crate::semantics::fault::faults;
use crate::semantics::member;
use crate::value::{DeclId, Value, array};

impl<'p> Interp<'p> {
    /// Destructuring: takes `value` apart and binds every name.
    pub(super) fn bind_pattern(&mut self, frame: &Frame<'p>, id: PatId, value: Value) -> Eval<()> {
        let program = frame.program;
        let pattern: &'p Pattern = &program[id];
        match &pattern.kind {
            PatternKind::Wildcard => Ok(()),
            PatternKind::Bind { var, name, declare } => {
                if *declare {
                    self.initialise(frame, *var, value);
                    return Ok(());
                }
                self.write(frame, *var, *name, value).map_err(|raise| self.leave_at(frame, pattern.span, raise))
            }
            PatternKind::Array { before, rest, after } => {
                self.bind_array(frame, pattern, value, (before, rest.as_ref(), after))
            }
            PatternKind::Fields { entries, rest, .. } => self.bind_fields(frame, pattern, &value, entries, rest.as_ref()),
            _ => match self.matches(frame, id, &value)? {
                true => Ok(()),
                false => {
                    let raise = faults::cannot_destructure(value.type_name(), "this pattern");
                    Err(self.leave_at(frame, pattern.span, raise))
                }
            },
        }
    }

    fn bind_array(
        &mut self,
        frame: &Frame<'p>,
        pattern: &'p Pattern,
        value: Value,
        parts: (&'p [ElementPattern], Option<&'p RestPattern>, &'p [ElementPattern]),
    ) -> Eval<()> {
        let Value::Array(items) = value else {
            let raise = faults::cannot_destructure(value.type_name(), "an array pattern");
            return Err(self.leave_at(frame, pattern.span, raise));
        };
        let (before, rest, after) = parts;
        for (at, element) in before.iter().enumerate() {
            self.bind_part(frame, element.pattern, items.get(at), element.default)?;
        }
        let Some(rest) = rest else { return Ok(()) };
        let tail = items.len().saturating_sub(after.len()).max(before.len().min(items.len()));
        if let Some(bind) = rest.bind {
            let middle = items
                .slice_of(before.len().min(tail), tail)
                .map_err(|refused| self.raise(crate::semantics::memory("rest", refused)))?;
            self.bind_pattern(frame, bind, Value::Array(middle))?;
        }
        for (at, element) in after.iter().enumerate() {
            self.bind_part(frame, element.pattern, items.get(tail + at), element.default)?;
        }
        Ok(())
    }

    fn bind_part(&mut self, frame: &Frame<'p>, pattern: PatId, part: Option<Value>, default: Option<ExprId>) -> Eval<()> {
        let value = match (part, default) {
            (Some(value), _) => value,
            (None, Some(default)) => self.eval(frame, default)?,
            (None, None) => Value::Null,
        };
        self.bind_pattern(frame, pattern, value)
    }

    fn bind_fields(
        &mut self,
        frame: &Frame<'p>,
        pattern: &'p Pattern,
        value: &Value,
        entries: &'p [FieldPattern],
        rest: Option<&'p RestPattern>,
    ) -> Eval<()> {
        if !matches!(value, Value::Dict(_) | Value::Struct(_) | Value::Error(_)) {
            let raise = faults::cannot_destructure(value.type_name(), "a dict pattern");
            return Err(self.leave_at(frame, pattern.span, raise));
        }
        for entry in entries {
            let part = self.part(frame, value, entry);
            self.bind_part(frame, entry.pattern, part, entry.default)?;
        }
        self.bind_other_fields(frame, value, entries, rest).map(|_| ())
    }

    /// The entry or field that a field pattern names.
    fn part(&mut self, frame: &Frame<'p>, value: &Value, entry: &FieldPattern) -> Option<Value> {
        let name = self.symbol(frame.unit, entry.key);
        match value {
            Value::Dict(table) => table.get(&name.value()).ok().flatten().cloned(),
            Value::Struct(object) => object.field(name),
            Value::Error(_) => member::get_value(value, name).ok(),
            _ => None,
        }
    }

    /// `...rest` of a field pattern: everything else as a dict.
    fn bind_other_fields(
        &mut self,
        frame: &Frame<'p>,
        value: &Value,
        entries: &'p [FieldPattern],
        rest: Option<&'p RestPattern>,
    ) -> Eval<bool> {
        let Some(bind) = rest.and_then(|rest| rest.bind) else { return Ok(true) };
        let taken: Vec<Value> = entries.iter().map(|entry| self.text(frame.unit, entry.key)).collect();
        let is_other = |key: &Value| !taken.iter().any(|name| name.as_str().is_some() && name.as_str() == key.as_str());
        let all: Vec<(Value, Value)> = match value {
            Value::Dict(table) => table.iter().map(|(key, value)| (key, value.clone())).collect(),
            Value::Struct(object) => {
                let fields = object.struct_decl().fields.iter().enumerate();
                fields.filter_map(|(at, field)| Some((field.name.value(), object.get(at)?))).collect()
            }
            _ => Vec::new(),
        };
        let others = Value::dict(all.into_iter().filter(|(key, _)| is_other(key)))
            .map_err(|refused| self.raise(crate::semantics::index::insert_fault(refused)))?;
        self.bind_pattern(frame, bind, others)?;
        Ok(true)
    }

    /// `match`: whether `value` fits; binds names on the way.
    pub(super) fn matches(&mut self, frame: &Frame<'p>, id: PatId, value: &Value) -> Eval<bool> {
        let program = frame.program;
        let pattern: &'p Pattern = &program[id];
        match &pattern.kind {
            PatternKind::Wildcard => Ok(true),
            PatternKind::Bind { var, .. } => {
                self.initialise(frame, *var, value.clone());
                Ok(true)
            }
            PatternKind::Literal(literal) => {
                let literal = self.eval(frame, *literal)?;
                compare::equal(value, &literal, self).map_err(|raise| self.leave_at(frame, pattern.span, raise))
            }
            PatternKind::Range { low, high, inclusive } => self.in_range(frame, value, *low, *high, *inclusive),
            PatternKind::BuiltinType(ty) => Ok(value.type_name() == crate::builtins::BUILTIN_TYPES[usize::from(ty.0)]),
            PatternKind::Struct(decl) => Ok(is_declared(value, self.units[frame.unit].structs[decl.index()])),
            PatternKind::Enum(decl) => Ok(is_declared(value, self.units[frame.unit].enums[decl.index()])),
            PatternKind::Variant { decl, variant, args } => {
                let decl = self.units[frame.unit].enums[decl.index()];
                self.matches_variant(frame, value, decl, *variant, args.as_deref())
            }
            PatternKind::Array { before, rest, after } => self.matches_array(frame, value, before, rest.as_ref(), after),
            PatternKind::Fields { ty, entries, rest } => {
                if ty.is_some_and(|ty| !is_declared(value, self.units[frame.unit].structs[ty.index()])) {
                    return Ok(false);
                }
                self.matches_fields(frame, value, entries, rest.as_ref())
            }
            PatternKind::Or(alternatives) => {
                for alternative in alternatives {
                    if self.matches(frame, *alternative, value)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            PatternKind::As(inner, name) => Ok(self.matches(frame, *inner, value)? && self.matches(frame, *name, value)?),
            PatternKind::NameError(message) => {
                Err(self.leave_at(frame, pattern.span, faults::name_error(&program[*message])))
            }
        }
    }

    fn in_range(
        &mut self,
        frame: &Frame<'p>,
        value: &Value,
        low: Option<ExprId>,
        high: Option<ExprId>,
        inclusive: bool,
    ) -> Eval<bool> {
        let comparable = |bound: &Value| match bound {
            Value::Str(_) => matches!(value, Value::Str(_)),
            _ => matches!(value, Value::Int(_) | Value::Float(_) | Value::BigInt(_)),
        };
        let upper = if inclusive { CompareOp::Le } else { CompareOp::Lt };
        for (bound, op) in [(low, CompareOp::Ge), (high, upper)] {
            let Some(bound) = bound else { continue };
            let bound = self.eval(frame, bound)?;
            if !comparable(&bound) {
                return Ok(false);
            }
            let compared = compare::compare(op, value, &bound, self).and_then(|step| self.finish(step));
            if !compared.map_err(|raise| self.raise(raise))?.is_truthy() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn matches_variant(
        &mut self,
        frame: &Frame<'p>,
        value: &Value,
        decl: DeclId,
        variant: u32,
        args: Option<&'p [PatId]>,
    ) -> Eval<bool> {
        let payload: Vec<Value> = match value {
            Value::Unit { decl: found, variant: which } if *found == decl && *which == variant => Vec::new(),
            Value::Variant(object) => match value.as_variant() {
                Some(view) if view.decl == decl && view.variant == variant => object.payload().to_vec(),
                _ => return Ok(false),
            },
            _ => return Ok(false),
        };
        let Some(args) = args else { return Ok(true) };
        for (pattern, part) in args.iter().zip(&payload) {
            if !self.matches(frame, *pattern, part)? {
                return Ok(false);
            }
        }
        Ok(args.len() == payload.len())
    }

    fn matches_array(
        &mut self,
        frame: &Frame<'p>,
        value: &Value,
        before: &'p [ElementPattern],
        rest: Option<&'p RestPattern>,
        after: &'p [ElementPattern],
    ) -> Eval<bool> {
        let Value::Array(items) = value else { return Ok(false) };
        let named = before.len() + after.len();
        if items.len() < named || (rest.is_none() && items.len() != named) {
            return Ok(false);
        }
        let items: array::ArrRef = items.clone();
        let tail = items.len() - after.len();
        let positions = (0..before.len()).chain(tail..items.len());
        for (element, at) in before.iter().chain(after).zip(positions) {
            if !self.matches(frame, element.pattern, &items.get(at).unwrap_or_default())? {
                return Ok(false);
            }
        }
        if let Some(bind) = rest.and_then(|rest| rest.bind) {
            let middle = items
                .slice_of(before.len(), tail)
                .map_err(|refused| self.raise(crate::semantics::memory("rest", refused)))?;
            return self.matches(frame, bind, &Value::Array(middle));
        }
        Ok(true)
    }

    fn matches_fields(
        &mut self,
        frame: &Frame<'p>,
        value: &Value,
        entries: &'p [FieldPattern],
        rest: Option<&'p RestPattern>,
    ) -> Eval<bool> {
        if !matches!(value, Value::Dict(_) | Value::Struct(_) | Value::Error(_)) {
            return Ok(false);
        }
        for entry in entries {
            let part = match (self.part(frame, value, entry), entry.default) {
                (Some(part), _) => part,
                (None, Some(default)) => self.eval(frame, default)?,
                (None, None) => return Ok(false),
            };
            if !self.matches(frame, entry.pattern, &part)? {
                return Ok(false);
            }
        }
        self.bind_other_fields(frame, value, entries, rest)
    }
}

fn is_declared(value: &Value, decl: DeclId) -> bool {
    member::declaration(value).is_some_and(|found| found.id == decl)
}
