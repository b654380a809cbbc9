//! Arrays, dicts, struct literals and interpolated strings.
use super::expr::Updated;
use super::{Eval, Frame, Interp};
use crate::resolve::hir::{
    Align, DictItem, ExprId, ExprKind, FieldDecl, FieldItem, FormatSpec, Item, Part, SpecSize, StructId,
};
use crate::semantics::annotated;
use crate::semantics::fault::{Raise, faults};
use crate::semantics::format::{self, Spec};
use crate::semantics::index::insert_fault;
use crate::semantics::{LITERAL_BATCH, display, memory};
use crate::source::Span;
use crate::value::{Value, array, dict};

impl<'p> Interp<'p> {
    pub(super) fn array(&mut self, frame: &Frame<'p>, span: Span, items: &'p [Item]) -> Eval {
        if let Some(Item::Spread(first)) = items.first()
            && let Some(operand) = self.update_operand(frame, *first)
        {
            return self.array_update(frame, span, *first, operand, &items[1..]);
        }
        let mut values = Vec::with_capacity(items.len());
        self.items(frame, items, &mut values)?;
        let array = array::from_vec(values).map(Value::Array).map_err(|refused| memory("array", refused));
        array.map_err(|raise| self.leave_at(frame, span, raise))
    }

    fn items(&mut self, frame: &Frame<'p>, items: &'p [Item], values: &mut Vec<Value>) -> Eval<()> {
        for item in items {
            match item {
                Item::One(item) => values.push(self.eval(frame, *item)?),
                Item::Spread(item) => {
                    let value = self.eval(frame, *item)?;
                    let span = frame.program[*item].span;
                    let more = self.collect(value).map_err(|raise| self.leave_at(frame, span, raise))?;
                    values.extend(more);
                }
            }
        }
        Ok(())
    }

    /// `x = [...x, e]`
    pub(super) fn array_update(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        first: ExprId,
        operand: Updated,
        rest: &'p [Item],
    ) -> Eval {
        let early = self.update_early(frame, &frame.program[first], operand)?;
        let mut values = Vec::with_capacity(rest.len());
        self.items(frame, rest, &mut values)?;
        let (target, home) = self.update_take(frame, operand, early);
        let mut target = match target {
            Value::Array(items) => items,
            other => {
                self.give_back(frame, operand, home, other.clone());
                let spread = frame.program[first].span;
                let items = self.collect(other).map_err(|raise| self.leave_at(frame, spread, raise))?;
                array::from_vec(items).map_err(|refused| self.raise(memory("array", refused)))?
            }
        };
        match append(&mut target, values) {
            Ok(()) => Ok(Value::Array(target)),
            Err(raise) => {
                self.give_back(frame, operand, home, Value::Array(target));
                Err(self.leave_at(frame, span, raise))
            }
        }
    }

    pub(super) fn dict(&mut self, frame: &Frame<'p>, span: Span, items: &'p [DictItem]) -> Eval {
        if let Some(DictItem::Spread(first)) = items.first()
            && let Some(operand) = self.update_operand(frame, *first)
        {
            return self.dict_update(frame, span, *first, operand, &items[1..]);
        }
        let mut table = dict::new();
        let mut rest = items;
        while let Some(first) = rest.first() {
            let run = rest.iter().take(LITERAL_BATCH).take_while(|item| matches!(item, DictItem::Pair(..))).count();
            for (key, value) in self.dict_entries(frame, span, &rest[..run])? {
                insert(&mut table, key, value).map_err(|raise| self.leave_at(frame, span, raise))?;
            }
            rest = &rest[run..];
            if let (0, DictItem::Spread(other)) = (run, first) {
                let other_span = frame.program[*other].span;
                let other = self.eval(frame, *other)?;
                extend_by(&mut table, &other).map_err(|raise| self.leave_at(frame, other_span, raise))?;
                rest = &rest[1..];
            }
        }
        Ok(Value::Dict(table))
    }

    /// The entries that items add: all are evaluated before spread ones are taken apart.
    fn dict_entries(&mut self, frame: &Frame<'p>, span: Span, items: &'p [DictItem]) -> Eval<Vec<(Value, Value)>> {
        let mut given = Vec::with_capacity(items.len());
        for item in items {
            given.push(match item {
                DictItem::Pair(key, value) => (self.eval(frame, *key)?, self.eval(frame, *value)?),
                DictItem::Spread(other) => (self.eval(frame, *other)?, Value::Null),
            });
        }
        let mut entries = Vec::with_capacity(items.len());
        for (item, (first, second)) in items.iter().zip(given) {
            match (item, first) {
                (DictItem::Pair(..), key) => entries.push((key, second)),
                (DictItem::Spread(_), Value::Dict(other)) => {
                    entries.extend(other.iter().map(|(key, value)| (key, value.clone())));
                }
                (DictItem::Spread(_), other) => {
                    let raise = faults::cannot_spread(other.type_name(), "a dict");
                    return Err(self.leave_at(frame, span, raise));
                }
            }
        }
        Ok(entries)
    }

    /// `x = {...x, k: e}`
    pub(super) fn dict_update(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        first: ExprId,
        operand: Updated,
        rest: &'p [DictItem],
    ) -> Eval {
        let early = self.update_early(frame, &frame.program[first], operand)?;
        let mut added = dict::new();
        for (key, value) in self.dict_entries(frame, span, rest)? {
            insert(&mut added, key, value).map_err(|raise| self.leave_at(frame, span, raise))?;
        }
        let (target, home) = self.update_take(frame, operand, early);
        let Value::Dict(mut table) = target else {
            let raise = faults::cannot_spread(target.type_name(), "a dict");
            self.give_back(frame, operand, home, target);
            return Err(self.leave_at(frame, span, raise));
        };
        match extend(&mut table, &added) {
            Ok(()) => Ok(Value::Dict(table)),
            Err(raise) => {
                self.give_back(frame, operand, home, Value::Dict(table));
                Err(self.leave_at(frame, span, raise))
            }
        }
    }

    /// All values are evaluated before the first of them is looked at; errors name the whole literal.
    pub(super) fn struct_literal(&mut self, frame: &Frame<'p>, span: Span, ty: ExprId, items: &'p [FieldItem]) -> Eval {
        if let ExprKind::Struct(decl) = frame.program[ty].kind
            && gives_all_in_order(&frame.program[decl].fields, items)
        {
            return self.ordered_literal(frame, span, decl, items);
        }
        let ty = self.eval(frame, ty)?;
        let mut given = Vec::with_capacity(items.len());
        for item in items {
            given.push(match item {
                FieldItem::Field { value, .. } => self.eval(frame, *value)?,
                FieldItem::Spread(value) => match self.update_operand(frame, *value) {
                    Some(Updated::Variable { var, name, .. }) => {
                        self.read(frame, var, name).map_err(|raise| self.raise(raise))?
                    }
                    _ => self.eval(frame, *value)?,
                },
            });
        }
        self.make_struct(frame, &ty, items, given).map_err(|raise| self.leave_at(frame, span, raise))
    }

    /// A literal whose values are the fields as they stand.
    fn ordered_literal(&mut self, frame: &Frame<'p>, span: Span, decl: StructId, items: &'p [FieldItem]) -> Eval {
        let base = self.stack.len();
        for item in items {
            let (FieldItem::Field { value, .. } | FieldItem::Spread(value)) = item;
            match self.operand(frame, *value) {
                Ok(value) => self.stack.push(value),
                Err(signal) => {
                    self.drop_to(base);
                    return Err(signal);
                }
            }
        }
        let id = self.units[frame.unit].structs[decl.index()];
        let values = &mut self.stack[base..];
        let made = annotated::check_fields(crate::value::shapes::decl(id), values).and_then(|()| {
            let name = &frame.program[frame.program[decl].name];
            Value::instance_taking(id, values).map_err(|refused| crate::semantics::memory(name, refused))
        });
        self.drop_to(base);
        made.map_err(|raise| self.leave_at(frame, span, raise))
    }

    /// The instance that a literal's values make; those named in it come before those of a base.
    fn make_struct(
        &mut self,
        frame: &Frame<'p>,
        ty: &Value,
        items: &'p [FieldItem],
        given: Vec<Value>,
    ) -> Result<Value, Raise> {
        let decl = match ty {
            Value::Type(id) => id.decl().and_then(|decl| Some((decl, self.struct_of(decl)?))),
            _ => None,
        };
        let Some((id, (unit, decl))) = decl else { return Err(faults::not_a_struct(display::structural(ty))) };
        let declared = crate::value::shapes::decl(id);
        let Some(fields) = declared.as_struct() else { return Err(Raise::bug("a struct without fields")) };
        let mut values = vec![Value::Uninit; fields.fields.len()];
        let mut base = None;
        for (item, value) in items.iter().zip(given) {
            match item {
                FieldItem::Field { name, .. } => {
                    let name = self.symbol(frame.unit, *name);
                    let at = fields.position(name).ok_or_else(|| unknown_field(declared, name))?;
                    values[at] = value;
                }
                FieldItem::Spread(_) => match &value {
                    Value::Struct(object) if object.decl_id() == id => base = Some(value),
                    other => return Err(faults::spread_base(declared.name, other.type_name())),
                },
            }
        }
        self.complete(unit, decl, values, base)
    }

    /// Fields not named come from the base, else from their defaults.
    fn complete(
        &mut self,
        unit: usize,
        decl: crate::resolve::hir::StructId,
        mut values: Vec<Value>,
        base: Option<Value>,
    ) -> Result<Value, Raise> {
        let program = self.units[unit].program;
        for (at, field) in program[decl].fields.iter().enumerate() {
            if !matches!(values[at], Value::Uninit) {
                continue;
            }
            match &base {
                Some(Value::Struct(object)) => values[at] = object.get(at).unwrap_or_default(),
                _ if field.default.is_none() => {
                    return Err(faults::missing_field(&program[program[decl].name], &program[field.name]));
                }
                _ => {}
            }
        }
        self.instance(unit, decl, values)
    }

    // ---- strings ----

    pub(super) fn interp(&mut self, frame: &Frame<'p>, span: Span, parts: &'p [Part]) -> Eval {
        let operand = match parts.first() {
            Some(Part::Value(first)) => self.update_operand(frame, *first).map(|operand| (*first, operand)),
            _ => None,
        };
        let Some((first, operand)) = operand else {
            let text = self.parts(frame, span, parts)?;
            return self.string(frame, span, &text);
        };
        self.interp_update(frame, span, first, operand, &parts[1..])
    }

    /// `x = "${x}…"`
    pub(super) fn interp_update(
        &mut self,
        frame: &Frame<'p>,
        span: Span,
        first: ExprId,
        operand: Updated,
        rest: &'p [Part],
    ) -> Eval {
        let early = self.update_early(frame, &frame.program[first], operand)?;
        let rest = self.parts(frame, span, rest)?;
        let (mut target, home) = self.update_take(frame, operand, early);
        if !matches!(target, Value::Str(_)) {
            self.give_back(frame, operand, home, target.clone());
            let shown = display::display(&target, self).map_err(|raise| self.leave_at(frame, span, raise))?;
            return self.string(frame, span, &(shown + &rest));
        }
        match target.push_str(&rest) {
            Ok(_) => Ok(target),
            Err(refused) => {
                self.give_back(frame, operand, home, target);
                Err(self.leave_at(frame, span, memory("string", refused)))
            }
        }
    }

    fn string(&mut self, frame: &Frame<'p>, span: Span, text: &str) -> Eval {
        Value::try_str(text).map_err(|refused| self.leave_at(frame, span, memory("string", refused)))
    }

    /// All values first, in order, then their text.
    fn parts(&mut self, frame: &Frame<'p>, span: Span, parts: &'p [Part]) -> Eval<String> {
        let mut pieces = Vec::with_capacity(parts.len());
        for part in parts {
            pieces.push(match part {
                Part::Text(text) => Piece::Text(&frame.program[*text]),
                Part::Value(value) => Piece::Value(self.eval(frame, *value)?),
                Part::Formatted { value, spec } => {
                    let value = self.eval(frame, *value)?;
                    let width = self.size(frame, spec.width)?;
                    let precision = self.size(frame, spec.precision)?;
                    Piece::Formatted(value, spec, width, precision)
                }
            });
        }
        let mut text = String::new();
        for piece in pieces {
            let written = match piece {
                Piece::Text(piece) => {
                    text.push_str(piece);
                    Ok(())
                }
                Piece::Value(value) => display::display_into(&mut text, &value, self),
                Piece::Formatted(value, spec, width, precision) => spec_of(spec, width, precision)
                    .and_then(|spec| format::format(&value, &spec, self))
                    .map(|shown| text.push_str(&shown)),
            };
            written.map_err(|raise| self.leave_at(frame, span, raise))?;
        }
        Ok(text)
    }

    fn size(&mut self, frame: &Frame<'p>, size: Option<SpecSize>) -> Eval<Option<Value>> {
        match size {
            None => Ok(None),
            Some(SpecSize::Fixed(size)) => Ok(Some(Value::Int(i64::from(size)))),
            Some(SpecSize::Computed(size)) => self.eval(frame, size).map(Some),
        }
    }
}

enum Piece<'p> {
    Text(&'p str),
    Value(Value),
    Formatted(Value, &'p FormatSpec, Option<Value>, Option<Value>),
}

fn spec_of(spec: &FormatSpec, width: Option<Value>, precision: Option<Value>) -> Result<Spec, Raise> {
    let align = spec.align.map(|align| match align {
        Align::Left => format::Align::Left,
        Align::Center => format::Align::Center,
        Align::Right => format::Align::Right,
    });
    let width = width.map(|width| format::size("width", &width)).transpose()?;
    let precision = precision.map(|precision| format::size("precision", &precision)).transpose()?;
    Ok(Spec {
        fill: spec.fill,
        align,
        plus: spec.plus,
        alternate: spec.alternate,
        zero: spec.zero,
        width,
        group: spec.group,
        precision,
        kind: spec.kind,
    })
}

fn append(target: &mut array::ArrRef, values: Vec<Value>) -> Result<(), Raise> {
    let items = array::make_unique(target).map_err(|refused| memory("array", refused))?;
    for value in values {
        items.push(value).map_err(|refused| memory("array", refused))?;
    }
    Ok(())
}

fn unknown_field(decl: &crate::value::shapes::Decl, name: crate::value::Symbol) -> Raise {
    let names: Vec<&str> =
        decl.as_struct().into_iter().flat_map(|body| body.fields.iter().map(|field| field.name.as_str())).collect();
    let known = if names.is_empty() { String::new() } else { format!(": its fields are {}", names.join(", ")) };
    faults::unknown_field(decl.name, name, known)
}

fn insert(table: &mut dict::DictRef, key: Value, value: Value) -> Result<(), Raise> {
    let table = dict::make_unique(table).map_err(|refused| memory("dict", refused))?;
    table.insert(key, value).map(|_| ()).map_err(insert_fault)
}

fn extend_by(table: &mut dict::DictRef, other: &Value) -> Result<(), Raise> {
    match other {
        Value::Dict(other) => extend(table, other),
        other => Err(faults::cannot_spread(other.type_name(), "a dict")),
    }
}

fn extend(table: &mut dict::DictRef, other: &crate::value::Dict) -> Result<(), Raise> {
    let table = dict::make_unique(table).map_err(|refused| memory("dict", refused))?;
    table.extend(other).map_err(insert_fault)
}

/// Does a literal give every field once, in the order of the declaration?
#[inline]
fn gives_all_in_order(fields: &[FieldDecl], items: &[FieldItem]) -> bool {
    let same =
        |(field, item): (&FieldDecl, &FieldItem)| matches!(item, FieldItem::Field { name, .. } if *name == field.name);
    fields.len() == items.len() && fields.iter().zip(items).all(same)
}
