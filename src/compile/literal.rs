//! Literals of arrays, dicts and structs, and interpolated strings.
use super::{Builder, Reg, TEMP, is_temp};
use crate::bytecode::chunk::{Format, LiteralSite, Size, Template, TemplatePart};
use crate::bytecode::op::Op;
use crate::resolve::hir::{Align, BinaryOp, DictItem, ExprId, ExprKind, FieldItem, Item, Part, SpecSize, Take, Var};
use crate::semantics::LITERAL_BATCH;

impl Builder<'_> {
    pub(super) fn array_to(&mut self, expr: ExprId, items: &[Item], dst: Reg) {
        let direct = items.len() <= LITERAL_BATCH && items.iter().all(|item| matches!(item, Item::One(_)));
        let register = if direct || is_temp(dst) { dst } else { self.temp() };
        self.span = self.program[expr].span;
        let span = self.span;
        self.array_of(items, register);
        self.span = span;
        self.take_to(register, dst);
    }

    /// An array of items; the batches of a long one go to `dst`, a temporary, as they come.
    pub(super) fn array_of(&mut self, items: &[Item], dst: Reg) {
        let span = self.span;
        let mut made = false;
        let mut rest = items;
        loop {
            let run = rest.iter().take(LITERAL_BATCH).take_while(|item| matches!(item, Item::One(_))).count();
            if run > 0 || !made {
                let mark = self.mark();
                let base = TEMP | mark;
                for item in &rest[..run] {
                    let (Item::One(value) | Item::Spread(value)) = item;
                    let register = self.temp();
                    self.expr_to(*value, register);
                }
                self.span = span;
                let count = run as u16;
                self.emit(if made {
                    Op::ArrayAppend { array: dst, base, count }
                } else {
                    Op::MakeArray { dst, base, count }
                });
                self.release(mark);
                made = true;
                rest = &rest[run..];
            }
            match rest.first() {
                None => return,
                Some(Item::Spread(value)) => {
                    let mark = self.mark();
                    let register = self.expr(*value);
                    self.span = self.program[*value].span;
                    self.emit(Op::ArrayExtend { array: dst, value: register });
                    self.span = span;
                    self.release(mark);
                    rest = &rest[1..];
                }
                Some(Item::One(_)) => {}
            }
        }
    }

    pub(super) fn dict_to(&mut self, expr: ExprId, items: &[DictItem], dst: Reg) {
        let direct = items.len() <= LITERAL_BATCH && items.iter().all(|item| matches!(item, DictItem::Pair(..)));
        let register = if direct || is_temp(dst) { dst } else { self.temp() };
        let span = self.program[expr].span;
        let mut made = false;
        let mut rest = items;
        loop {
            let run = rest.iter().take(LITERAL_BATCH).take_while(|item| matches!(item, DictItem::Pair(..))).count();
            if run > 0 || !made {
                let mark = self.mark();
                let base = TEMP | mark;
                for item in &rest[..run] {
                    let DictItem::Pair(key, value) = item else { continue };
                    let register = self.temp();
                    self.expr_to(*key, register);
                    let register = self.temp();
                    self.expr_to(*value, register);
                }
                self.span = span;
                let (dict, count) = (register, run as u16);
                self.emit(if made {
                    Op::DictAppend { dict, base, count }
                } else {
                    Op::MakeDict { dst: register, base, count }
                });
                self.release(mark);
                made = true;
                rest = &rest[run..];
            }
            match rest.first() {
                None => break,
                Some(DictItem::Spread(value)) => {
                    let mark = self.mark();
                    let added = self.expr(*value);
                    self.span = self.program[*value].span;
                    self.emit(Op::DictExtend { dict: register, value: added });
                    self.span = span;
                    self.release(mark);
                    rest = &rest[1..];
                }
                Some(DictItem::Pair(..)) => {}
            }
        }
        self.take_to(register, dst);
    }

    pub(super) fn struct_to(&mut self, expr: ExprId, ty: ExprId, items: &[FieldItem], dst: Reg) {
        let base = TEMP | self.mark();
        let decl = match self.program[ty].kind {
            ExprKind::Struct(decl) => Some(decl.0),
            _ => {
                let register = self.temp();
                self.expr_to(ty, register);
                None
            }
        };
        let site = self.struct_site(decl, items, 0);
        self.span = self.program[expr].span;
        self.emit(Op::MakeStruct { dst, base, site });
    }

    /// Evaluates the items from `first` on and describes them.
    fn struct_site(&mut self, decl: Option<u32>, items: &[FieldItem], first: usize) -> u16 {
        let mut names = Vec::with_capacity(items.len());
        for item in &items[first..] {
            let register = self.temp();
            match item {
                FieldItem::Field { name, value, span } => {
                    self.expr_to(*value, register);
                    names.push(Some((self.name(*name), *span)));
                }
                FieldItem::Spread(value) => {
                    self.expr_to(*value, register);
                    names.push(None);
                }
            }
        }
        self.literal_site(LiteralSite::Struct { decl, items: names.into() })
    }

    fn literal_site(&mut self, site: LiteralSite) -> u16 {
        let index = self.table_index(self.chunk.literals.len(), "literals");
        self.chunk.literals.push(site);
        index
    }

    /// `x = [...x, e]` and its kin for dicts and structs; false if `value` is none of them.
    pub(super) fn literal_update(&mut self, var: Var, value: ExprId) -> bool {
        let node = &self.program[value];
        let first = match &node.kind {
            ExprKind::Array(items) => match items.first() {
                Some(Item::Spread(first)) => *first,
                _ => return false,
            },
            ExprKind::Dict(items) => match items.first() {
                Some(DictItem::Spread(first)) => *first,
                _ => return false,
            },
            ExprKind::StructLit { ty, items } => match (items.first(), &self.program[*ty].kind) {
                (Some(FieldItem::Spread(first)), ExprKind::Struct(_)) => *first,
                _ => return false,
            },
            _ => return false,
        };
        let ExprKind::Var { var: read, name, take: Take::Update { .. } } = self.program[first].kind else { return false };
        if read != var {
            return false;
        }
        let path = self.root_path(var, name);
        let shared = super::plain_local(var).is_none().then_some(first);
        self.literal_on(path, value, shared)
    }

    /// A literal whose first spread is the value at `path`. Where others can reach that, `early` reads a copy before the items.
    pub(super) fn literal_on(&mut self, path: u16, value: ExprId, early: Option<ExprId>) -> bool {
        let node = &self.program[value];
        let mark = self.mark();
        let base = TEMP | mark;
        if let Some(early) = early {
            let register = self.temp();
            self.expr_to(early, register);
        }
        let site = match &node.kind {
            ExprKind::Array(items) => {
                let mut spreads = Vec::with_capacity(items.len());
                for item in &items[1..] {
                    let (Item::One(value) | Item::Spread(value)) = item;
                    let register = self.temp();
                    self.expr_to(*value, register);
                    spreads.push(matches!(item, Item::Spread(_)));
                }
                self.literal_site(LiteralSite::Array(spreads.into()))
            }
            ExprKind::Dict(items) => {
                let mut spreads = Vec::with_capacity(items.len());
                for item in &items[1..] {
                    let register = self.temp();
                    match item {
                        DictItem::Pair(key, value) => {
                            self.expr_to(*key, register);
                            let register = self.temp();
                            self.expr_to(*value, register);
                        }
                        DictItem::Spread(value) => self.expr_to(*value, register),
                    }
                    spreads.push(matches!(item, DictItem::Spread(_)));
                }
                self.literal_site(LiteralSite::Dict(spreads.into()))
            }
            ExprKind::StructLit { ty, items } => {
                let ExprKind::Struct(decl) = self.program[*ty].kind else { return false };
                self.struct_site(Some(decl.0), items, 1)
            }
            ExprKind::Binary(BinaryOp::Add, _, second) => {
                let register = self.temp();
                self.expr_to(*second, register);
                self.literal_site(LiteralSite::Add)
            }
            ExprKind::Interp(parts) => {
                let register = self.temp();
                self.text_to(value, &parts[1..], register);
                self.literal_site(LiteralSite::Text)
            }
            _ => return false,
        };
        self.span = node.span;
        self.emit(Op::LiteralUpdate { path, base, site });
        self.release(mark);
        true
    }

    // ---- interpolated strings ----

    pub(super) fn interp_to(&mut self, expr: ExprId, parts: &[Part], dst: Reg) {
        let base = TEMP | self.mark();
        let template = self.template(parts);
        self.span = self.program[expr].span;
        self.emit(Op::Interp { dst, base, template });
    }

    /// Evaluates the values of a template into new temporaries and describes it.
    fn template(&mut self, parts: &[Part]) -> u16 {
        let mut pieces = Vec::with_capacity(parts.len());
        for part in parts {
            pieces.push(match part {
                Part::Text(text) => TemplatePart::Text(Box::from(&self.program[*text])),
                Part::Value(value) => {
                    let register = self.temp();
                    self.expr_to(*value, register);
                    TemplatePart::Value
                }
                Part::Formatted { value, spec } => {
                    let register = self.temp();
                    self.expr_to(*value, register);
                    TemplatePart::Formatted(Box::new(Format {
                        fill: spec.fill,
                        align: spec.align.map(|align| match align {
                            Align::Left => '<',
                            Align::Center => '^',
                            Align::Right => '>',
                        }),
                        plus: spec.plus,
                        alternate: spec.alternate,
                        zero: spec.zero,
                        width: self.size(spec.width),
                        group: spec.group,
                        precision: self.size(spec.precision),
                        kind: spec.kind,
                    }))
                }
            });
        }
        let template = self.table_index(self.chunk.templates.len(), "interpolated strings");
        self.chunk.templates.push(Template { parts: pieces.into() });
        template
    }

    fn size(&mut self, size: Option<SpecSize>) -> Size {
        match size {
            None => Size::None,
            Some(SpecSize::Fixed(size)) => Size::Fixed(size),
            Some(SpecSize::Computed(expr)) => {
                let register = self.temp();
                self.expr_to(expr, register);
                Size::Computed
            }
        }
    }

    /// `x = "${x}…"`: appends to the variable's own text; false if `value` is not of that form.
    pub(super) fn interp_update(&mut self, var: Var, value: ExprId) -> bool {
        let node = &self.program[value];
        let ExprKind::Interp(parts) = &node.kind else { return false };
        let Some((Part::Value(first), rest)) = parts.split_first() else { return false };
        let ExprKind::Var { var: read, name, take: Take::Update { deferred } } = self.program[*first].kind else {
            return false;
        };
        if read != var {
            return false;
        }
        let mark = self.mark();
        match var {
            Var::Local(slot) if deferred => {
                let base = TEMP | mark;
                let template = self.template(rest);
                self.span = node.span;
                self.emit(Op::InterpAppend { dst: slot.0 as u16, base, template });
            }
            _ => {
                let old = self.temp();
                self.span = self.program[*first].span;
                self.variable_to(var, name, Take::No, old);
                let text = self.temp();
                self.text_to(value, rest, text);
                let path = self.root_path(var, name);
                let op = crate::bytecode::op::ArithCode::Concat as u8;
                self.emit(Op::RootUpdate { op, path, old, value: text });
            }
        }
        self.release(mark);
        true
    }

    /// The text of some parts of the interpolated string `value`.
    fn text_to(&mut self, value: ExprId, parts: &[Part], text: Reg) {
        let mark = self.mark();
        let base = TEMP | mark;
        let template = self.template(parts);
        self.span = self.program[value].span;
        self.emit(Op::Interp { dst: text, base, template });
        self.release(mark);
    }
}
