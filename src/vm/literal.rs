//! Arrays, dicts, structs and interpolated strings.
use super::Vm;
use super::function::Activation;
use crate::bytecode::chunk::{Format, LiteralSite, Size, TemplatePart};
use crate::semantics::annotated;
use crate::semantics::call::{FnInfo, ParamInfo, ParamKind, bind_args};
use crate::semantics::display;
use crate::semantics::fault::{Raise, faults};
use crate::semantics::format::{self, Align, Spec};
use crate::semantics::index::insert_fault;
use crate::semantics::member;
use crate::semantics::memory;
use crate::semantics::step::Callback;
use crate::value::{DeclId, Symbol, Value, array, dict};

/// A format spec; computed sizes are filled in when it runs.
pub(super) fn spec_of(format: &Format) -> Spec {
    let fixed = |size: Size| match size {
        Size::Fixed(size) => Some(size as usize),
        Size::None | Size::Computed => None,
    };
    Spec {
        fill: format.fill,
        align: format.align.map(|align| match align {
            '<' => Align::Left,
            '^' => Align::Center,
            _ => Align::Right,
        }),
        plus: format.plus,
        alternate: format.alternate,
        zero: format.zero,
        width: fixed(format.width),
        group: format.group,
        precision: fixed(format.precision),
        kind: format.kind,
    }
}

impl Vm {
    #[inline(never)]
    pub(super) fn make_array(&mut self, dst: u16, base: u16, count: u16) -> Result<(), Raise> {
        let items = self.take_all(base, usize::from(count));
        let made = array::from_vec(items).map_err(|refused| memory("array", refused))?;
        self.note(1 << (made.shape() & 31));
        self.here.fp.set(dst, Value::Array(made));
        Ok(())
    }

    #[inline(never)]
    pub(super) fn array_append(&mut self, target: u16, base: u16, count: u16) -> Result<(), Raise> {
        let values = self.take_all(base, usize::from(count));
        self.append_all(target, values)
    }

    fn append_all(&mut self, target: u16, values: Vec<Value>) -> Result<(), Raise> {
        let Value::Array(items) = self.here.fp.get_mut(target) else { return Err(Raise::bug("an append to no array")) };
        let refused = |refused| memory("array", refused);
        let items = array::make_unique(items).map_err(refused)?;
        for value in values {
            items.push(value).map_err(refused)?;
        }
        Ok(())
    }

    #[inline(never)]
    pub(super) fn array_extend(&mut self, target: u16, value: u16) -> Result<(), Raise> {
        let value = self.operand(value);
        let mut items = Vec::new();
        self.spread_into(&mut items, value)?;
        self.append_all(target, items)
    }

    #[inline(never)]
    pub(super) fn make_dict(&mut self, dst: u16, base: u16, count: u16) -> Result<(), Raise> {
        let mut table = dict::with_capacity(usize::from(count)).map_err(|refused| memory("dict", refused))?;
        let made = dict::make_unique(&mut table).map_err(|refused| memory("dict", refused))?;
        let fp = self.here.fp;
        for n in 0..count {
            let (key, value) = (fp.take(base + 2 * n), fp.take(base + 2 * n + 1));
            made.enter(key, value).map_err(insert_fault)?;
        }
        fp.set(dst, Value::Dict(table));
        Ok(())
    }

    #[inline(never)]
    pub(super) fn dict_append(&mut self, target: u16, base: u16, count: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        let entries = (0..count).map(|n| (fp.take(base + 2 * n), fp.take(base + 2 * n + 1))).collect();
        self.extend_dict(fp.get_mut(target), entries)
    }

    #[inline(never)]
    pub(super) fn dict_extend(&mut self, target: u16, value: u16) -> Result<(), Raise> {
        let value = self.operand(value);
        if let (Value::Dict(made), Value::Dict(source)) = (self.here.fp.get_mut(target), &value)
            && made.is_empty()
        {
            // Copied by the first of the entries that follow, as a whole.
            *made = source.clone();
            return Ok(());
        }
        let entries = spread_entries(value)?;
        self.extend_dict(self.here.fp.get_mut(target), entries)
    }

    /// The entries of a dict literal's items.
    pub(super) fn dict_entries(&mut self, spreads: &[bool], values: Vec<Value>) -> Result<Vec<(Value, Value)>, Raise> {
        let mut values = values.into_iter();
        let mut entries = Vec::with_capacity(spreads.len());
        for spread in spreads {
            let first = values.next().unwrap_or_default();
            if *spread {
                entries.extend(spread_entries(first)?);
            } else {
                entries.push((first, values.next().unwrap_or_default()));
            }
        }
        Ok(entries)
    }

    /// Inserts entries; nothing changes on an error.
    pub(super) fn extend_dict(&mut self, root: &mut Value, entries: Vec<(Value, Value)>) -> Result<(), Raise> {
        for (key, _) in &entries {
            crate::semantics::index::check_key(key)?;
        }
        let Value::Dict(table) = root else { return Err(faults::cannot_spread(root.type_name(), "a dict")) };
        let table = dict::make_unique(table).map_err(|refused| memory("dict", refused))?;
        for (key, value) in entries {
            table.insert(key, value).map_err(insert_fault)?;
        }
        Ok(())
    }

    // ---- structs ----

    #[inline(never)]
    pub(super) fn make_struct(&mut self, dst: u16, base: u16, site: u16) -> Result<(), Raise> {
        let func = self.here.func;
        let LiteralSite::Struct { decl, items } = &func.chunk.literals[usize::from(site)] else {
            return Err(Raise::bug("a struct literal that is none"));
        };
        let (decl, first) = match decl {
            Some(decl) => {
                let decl = func.unit.structs[*decl as usize].decl;
                let ordered = func.ordered.at(usize::from(site));
                if ordered.get().unwrap_or_else(|| self.learn_literal(decl, items, site)) {
                    let values = self.here.fp.slice(base, items.len());
                    let value = Value::instance_taking(decl, values).map_err(|refused| memory("instance", refused))?;
                    func.note_shape(self.here.ip.pc(func.start), value.shape());
                    self.here.fp.set(dst, value);
                    return Ok(());
                }
                (decl, base)
            }
            None => (self.struct_of(self.here.fp.take(base))?, base + 1),
        };
        let values = self.take_all(first, items.len());
        let names: Vec<_> = items.iter().map(|item| item.map(|(name, _)| *func.names.at(usize::from(name)))).collect();
        let fields = self.literal_fields(decl, &names, values)?;
        let value = self.new_instance(decl, fields)?;
        func.note_shape(self.here.ip.pc(func.start), value.shape());
        self.here.fp.set(dst, value);
        Ok(())
    }

    /// Whether a literal gives every field of its struct once, in order, and no field is held against an annotation.
    #[cold]
    fn learn_literal(&self, decl: DeclId, items: &[Option<(u16, crate::source::Span)>], site: u16) -> bool {
        let func = self.here.func;
        let declared = crate::value::shapes::decl(decl);
        let fields = declared.as_struct().filter(|_| !declared.is_annotated()).map(|body| &body.fields);
        let ordered = fields.is_some_and(|fields| {
            let own = |item: &Option<(u16, crate::source::Span)>| item.map(|(name, _)| *func.names.at(usize::from(name)));
            fields.len() == items.len() && fields.iter().zip(items).all(|(field, item)| own(item) == Some(field.name))
        });
        func.ordered.at(usize::from(site)).set(Some(ordered));
        ordered
    }

    fn struct_of(&self, ty: Value) -> Result<DeclId, Raise> {
        if let Value::Type(id) = &ty
            && let Some(decl) = id.decl()
            && crate::value::shapes::decl(decl).as_struct().is_some()
        {
            return Ok(decl);
        }
        Err(faults::not_a_struct(display::structural(&ty)))
    }

    /// The fields that a literal's items give; `Uninit` for those that it leaves out.
    fn literal_fields(&self, decl: DeclId, names: &[Option<Symbol>], values: Vec<Value>) -> Result<Vec<Value>, Raise> {
        let declared = crate::value::shapes::decl(decl);
        let Some(body) = declared.as_struct() else { return Err(Raise::bug("an instance of no struct")) };
        let mut fields: Vec<Value> = body.fields.iter().map(|_| Value::Uninit).collect();
        let mut base = None;
        for (name, value) in names.iter().zip(values) {
            match (name, value) {
                (Some(name), value) => match body.position(*name) {
                    Some(at) => fields[at] = value,
                    None => return Err(unknown_field(decl, *name)),
                },
                (None, Value::Struct(object)) if object.decl_id() == decl => base = Some(object),
                (None, other) => return Err(faults::spread_base(declared.name, other.type_name())),
            }
        }
        // What is named comes before the base, wherever that stands.
        for (at, field) in fields.iter_mut().enumerate().filter(|(_, field)| matches!(field, Value::Uninit)) {
            if let Some(base) = &base {
                *field = base.get(at).unwrap_or_default();
            }
        }
        Ok(fields)
    }

    /// An instance; missing fields get their defaults.
    pub(super) fn new_instance(&mut self, decl: DeclId, mut fields: Vec<Value>) -> Result<Value, Raise> {
        for at in (0..fields.len()).filter(|at| matches!(fields[*at], Value::Uninit)) {
            self.field_default(decl, at)?;
        }
        for (at, field) in fields.iter_mut().enumerate() {
            if matches!(field, Value::Uninit) {
                *field = self.default_field(decl, at)?;
            }
        }
        annotated::check_fields(crate::value::shapes::decl(decl), &fields)?;
        Value::instance(decl, fields).map_err(|refused| memory("instance", refused))
    }

    fn default_field(&mut self, decl: DeclId, at: usize) -> Result<Value, Raise> {
        let default = self.field_default(decl, at)?;
        self.call_function(default, &mut [])
    }

    /// The function that computes the default of a field.
    fn field_default(&self, decl: DeclId, at: usize) -> Result<crate::value::FnId, Raise> {
        let entry = self.units.iter().flat_map(|unit| &unit.structs).find(|entry| entry.decl == decl);
        entry.and_then(|entry| entry.defaults.get(at).copied().flatten()).ok_or_else(|| {
            let declared = crate::value::shapes::decl(decl);
            let name = declared.as_struct().map(|body| body.fields[at].name);
            match name {
                Some(name) => faults::missing_field(declared.name, name),
                None => Raise::bug("an instance of no struct"),
            }
        })
    }

    /// Construction by position and name.
    pub(super) fn construct_struct(
        &mut self,
        decl: DeclId,
        args: Vec<Value>,
        named: Vec<(&str, Value)>,
    ) -> Result<Value, Raise> {
        let declared = crate::value::shapes::decl(decl);
        let Some(body) = declared.as_struct() else { return Err(Raise::bug("an instance of no struct")) };
        if named.is_empty() && args.len() == body.fields.len() {
            annotated::check_fields(declared, &args)?;
            return Value::instance(decl, args).map_err(|refused| memory("instance", refused));
        }
        let defaults = self.units.iter().flat_map(|unit| &unit.structs).find(|entry| entry.decl == decl);
        let has_default = |at: usize| defaults.is_some_and(|entry| entry.defaults.get(at).copied().flatten().is_some());
        let params = body.fields.iter().enumerate().map(|(at, field)| ParamInfo {
            name: field.name.as_str().into(),
            kind: ParamKind::Positional,
            has_default: has_default(at),
        });
        let info = FnInfo { name: declared.name.as_str().into(), params: params.collect(), ..FnInfo::default() };
        let fields = bind_args(&info, args, named)?;
        self.new_instance(decl, fields)
    }

    /// `P { ...x, f: e }` on the variable's own value.
    pub(super) fn update_struct(
        &mut self,
        root: &mut Value,
        decl: DeclId,
        names: &[Option<Symbol>],
        values: Vec<Value>,
    ) -> Result<(), Raise> {
        let own = matches!(root, Value::Struct(object) if object.decl_id() == decl);
        if !own {
            let declared = crate::value::shapes::decl(decl);
            return Err(faults::spread_base(declared.name, root.type_name()));
        }
        if names.iter().any(Option::is_none) {
            // A second spread replaces every field.
            let mut all = vec![None];
            all.extend_from_slice(names);
            let mut items = vec![root.clone()];
            items.extend(values);
            let fields = self.literal_fields(decl, &all, items)?;
            *root = self.new_instance(decl, fields)?;
            return Ok(());
        }
        let Some(body) = crate::value::shapes::decl(decl).as_struct() else { return Ok(()) };
        if let Some(unknown) = names.iter().flatten().find(|name| body.position(**name).is_none()) {
            return Err(unknown_field(decl, *unknown));
        }
        for (name, value) in names.iter().flatten().zip(values) {
            member::set(root, *name, value)?;
        }
        Ok(())
    }

    // ---- text ----

    #[inline(never)]
    pub(super) fn interp(&mut self, dst: u16, base: u16, template: u16) -> Result<(), Raise> {
        let fp = self.here.fp;
        let count = self.here.func.values_in(template);
        if let Some(value) = self.here.func.plain_text(template, fp.slice(base, count)) {
            fp.slice(base, count).iter_mut().for_each(|used| drop(std::mem::take(used)));
            fp.set(dst, value);
            return Ok(());
        }
        let mut text = String::new();
        self.fill_template(&mut text, base, template)?;
        let value = Value::try_str(&text).map_err(|refused| memory("string", refused))?;
        self.here.fp.set(dst, value);
        Ok(())
    }

    #[inline(never)]
    pub(super) fn interp_append(&mut self, dst: u16, base: u16, template: u16) -> Result<(), Raise> {
        let mut text = String::new();
        let fp = self.here.fp;
        if !matches!(fp.get(dst), Value::Str(_)) {
            let own = fp.get(dst).clone();
            display::display_into(&mut text, &own, self)?;
            self.fill_template(&mut text, base, template)?;
            let value = Value::try_str(&text).map_err(|refused| memory("string", refused))?;
            fp.set(dst, value);
            return Ok(());
        }
        self.fill_template(&mut text, base, template)?;
        fp.get_mut(dst).push_str(&text).map(|_| ()).map_err(|refused| memory("string", refused))
    }

    fn fill_template(&mut self, text: &mut String, base: u16, template: u16) -> Result<(), Raise> {
        let func = self.here.func;
        let parts = &func.chunk.templates[usize::from(template)].parts;
        let specs = func.specs.at(usize::from(template));
        let mut at = base;
        for (part, spec) in parts.iter().zip(specs) {
            match (part, spec) {
                (TemplatePart::Text(piece), _) => text.push_str(piece),
                (TemplatePart::Formatted(format), Some(spec)) => {
                    let value = self.here.fp.take(at);
                    at += 1;
                    let mut spec = spec.clone();
                    if format.width == Size::Computed {
                        spec.width = Some(format::size("width", &self.here.fp.take(at))?);
                        at += 1;
                    }
                    if format.precision == Size::Computed {
                        spec.precision = Some(format::size("precision", &self.here.fp.take(at))?);
                        at += 1;
                    }
                    text.push_str(&format::format(&value, &spec, self)?);
                }
                (TemplatePart::Value | TemplatePart::Formatted(_), _) => {
                    let value = self.here.fp.take(at);
                    at += 1;
                    display::display_into(text, &value, self)?;
                }
            }
        }
        Ok(())
    }
}

#[cold]
fn unknown_field(decl: DeclId, name: Symbol) -> Raise {
    let declared = crate::value::shapes::decl(decl);
    let fields: Vec<_> =
        declared.as_struct().map(|body| body.fields.iter().map(|field| field.name.as_str()).collect()).unwrap_or_default();
    let known = if fields.is_empty() { String::new() } else { format!(": its fields are {}", fields.join(", ")) };
    faults::unknown_field(declared.name, name, known)
}

fn spread_entries(value: Value) -> Result<Vec<(Value, Value)>, Raise> {
    match value {
        Value::Dict(table) => Ok(table.iter().map(|(key, value)| (key, value.clone())).collect()),
        other => Err(faults::cannot_spread(other.type_name(), "a dict")),
    }
}

/// An interpolated string of at most so many pieces is made in one go.
const MOST_PIECES: usize = 8;

impl Activation {
    /// The values that an interpolated string shows as they are.
    fn values_in(&self, template: u16) -> usize {
        let parts = &self.chunk.templates[usize::from(template)].parts;
        parts.iter().filter(|part| matches!(part, TemplatePart::Value)).count()
    }

    /// An interpolated string of few pieces, if its values are strings and small ints, shown as they are, and there is memory.
    pub fn plain_text(&self, template: u16, values: &[Value]) -> Option<Value> {
        let parts = &self.chunk.templates[usize::from(template)].parts;
        let mut numbers = [itoa::Buffer::new(); MOST_PIECES];
        let mut pieces = [""; MOST_PIECES];
        let mut values = values.iter();
        let pieces = pieces.get_mut(..parts.len())?;
        let mut length = 0_usize;
        for ((piece, part), number) in pieces.iter_mut().zip(parts).zip(&mut numbers) {
            *piece = match part {
                TemplatePart::Text(text) => text,
                TemplatePart::Value => display::simple(values.next()?, number)?,
                TemplatePart::Formatted(_) => return None,
            };
            length = length.checked_add(piece.len())?;
        }
        Value::concat(length, pieces).ok()
    }

    /// Appends an interpolated string, if no part of it takes user code or a computed size; false otherwise, with any part of
    /// it appended.
    pub fn fill_plainly(&self, text: &mut String, template: u16, values: &[Value], callback: &mut dyn Callback) -> bool {
        let parts = &self.chunk.templates[usize::from(template)].parts;
        let mut values = values.iter();
        parts.iter().zip(self.specs.at(usize::from(template))).all(|(part, spec)| match (part, spec) {
            (TemplatePart::Text(piece), _) => {
                text.push_str(piece);
                true
            }
            (TemplatePart::Formatted(format), _) if format.width == Size::Computed || format.precision == Size::Computed => {
                false
            }
            (TemplatePart::Formatted(_), Some(spec)) => {
                values.next().is_some_and(|value| match format::format(value, spec, callback) {
                    Ok(shown) => {
                        text.push_str(&shown);
                        true
                    }
                    Err(_) => false,
                })
            }
            (TemplatePart::Value | TemplatePart::Formatted(_), _) => {
                values.next().is_some_and(|value| display::plain_into(text, value))
            }
        })
    }
}
