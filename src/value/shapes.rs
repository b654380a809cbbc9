//! Declarations of structs and enums, and the shapes of their objects: process-wide, append-only.
//!
//! A shape says where the fields of an object lie and how they are stored; its number stands in the
//! object's header, so one compare tells engines all they need. Reading the registry takes no lock and
//! the references it gives live as long as the process.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

use super::annotation::Annotation;
use super::function::FnId;
use super::heap::Registry;
use super::layout::{object, shape as ids};
use super::symbol::{Symbol, known};
use super::{TypeId, Value};

/// A struct or enum declaration.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct DeclId(pub u32);

impl DeclId {
    /// The prelude enum `Result`: `Ok(value)` is variant 0, `Err(error)` variant 1.
    pub const RESULT: DeclId = DeclId(0);
    /// The prelude enum `Option`: `None` is variant 0, `Some(value)` variant 1.
    pub const OPTION: DeclId = DeclId(1);
}

/// A method as look-up by name finds it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Method {
    /// Its code.
    pub func: FnId,
    /// Whether it takes `self`; others are called on the type.
    pub has_self: bool,
    /// Whether it may change `self`.
    pub mutating: bool,
}

/// A declaration of either kind.
pub struct Decl {
    /// Its number.
    pub id: DeclId,
    /// Its name.
    pub name: Symbol,
    /// What it declares.
    pub body: DeclBody,
    methods: RwLock<Vec<(Symbol, Method)>>,
    has_methods: AtomicU32,
    own_equality: AtomicBool,
    annotations: OnceLock<Annotations>,
}

/// What the fields of a struct (in one list), or the payloads of an enum's variants (a list for each), are held against.
pub type Annotations = Box<[Box<[Option<&'static Annotation>]>]>;

/// What a declaration declares.
pub enum DeclBody {
    /// `struct`
    Struct(StructDecl),
    /// `enum`
    Enum(EnumDecl),
}

/// A declared field.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// Its name.
    pub name: Symbol,
    /// Whether it is annotated `float`, and so starts unboxed.
    pub float: bool,
}

/// What the instances of a struct are shown and compared as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Contents {
    /// Their fields.
    Fields,
    /// The items of the array in the first field, from the position in the second, if there is one.
    Items,
    /// Compared by their fields, shown as the last items of the arrays in the array in the first field.
    Entries,
}

/// The fields of a struct and the shapes of its instances.
pub struct StructDecl {
    /// In declaration order.
    pub fields: Box<[Field]>,
    /// What stands for the value of an instance.
    pub contents: Contents,
    /// Shape for the next new instance; 0 before the first.
    current: AtomicU32,
    shapes: Mutex<Vec<u32>>,
}

/// The variants of an enum.
pub struct EnumDecl {
    /// In declaration order.
    pub variants: Box<[VariantDecl]>,
}

/// One variant of an enum.
pub struct VariantDecl {
    /// Its name.
    pub name: Symbol,
    /// Names of the payload values; empty for a unit variant.
    pub payload: Box<[Symbol]>,
    /// Shape of its objects; 0 for a unit variant.
    pub shape: u32,
}

/// How a field is stored.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum Rep {
    /// 8 bytes, always a float.
    F64,
    /// 8 bytes, always a 64-bit integer.
    I64,
    /// 16 bytes, anything.
    Value,
}

impl Rep {
    /// The narrowest representation of a value.
    #[inline]
    pub fn of(value: &Value) -> Rep {
        match value {
            Value::Float(_) => Rep::F64,
            Value::Int(_) => Rep::I64,
            _ => Rep::Value,
        }
    }

    /// Whether a value can be stored so.
    #[inline]
    pub fn fits(self, value: &Value) -> bool {
        self == Rep::Value || self == Rep::of(value)
    }

    fn size(self) -> u32 {
        if self == Rep::Value { 16 } else { 8 }
    }
}

/// Where one field of one shape lies. Made by the registry only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FieldSlot {
    pub(super) shape: u32,
    pub(super) offset: u32,
    pub(super) rep: Rep,
}

impl FieldSlot {
    /// The shape it belongs to.
    pub fn shape(&self) -> u32 {
        self.shape
    }
    /// Bytes from the start of the object.
    pub fn offset(&self) -> u32 {
        self.offset
    }
    /// How the field is stored.
    pub fn rep(&self) -> Rep {
        self.rep
    }
}

/// What a shape is a shape of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// Instances of a struct.
    Struct {
        /// The struct.
        decl: DeclId,
    },
    /// Values of an enum variant.
    Variant {
        /// The enum.
        decl: DeclId,
        /// Position of the variant in it.
        variant: u32,
        /// Number of payload values.
        count: u32,
    },
}

/// Everything known about a shape.
pub struct ShapeInfo {
    /// The number in the header.
    pub id: u32,
    /// Bytes of an object.
    pub size: u32,
    /// What it is a shape of.
    pub layout: Layout,
    slots: Box<[FieldSlot]>,
    value_offsets: Box<[u32]>,
}

static DECLS: Registry<Decl> = Registry::new();
static SHAPES: Registry<ShapeInfo> = Registry::new();
static OWN_EQUALITY: AtomicBool = AtomicBool::new(false);
static PRELUDE: OnceLock<()> = OnceLock::new();

/// The prelude enums come first, so that their numbers are fixed.
#[inline]
fn ensure_prelude() {
    PRELUDE.get_or_init(|| {
        let result = add_enum(known::RESULT, &[(known::OK, &[known::VALUE]), (known::ERR, &[known::VALUE])]);
        let option = add_enum(known::OPTION, &[(known::NONE, &[]), (known::SOME, &[known::VALUE])]);
        assert!(result == DeclId::RESULT && option == DeclId::OPTION);
    });
}

/// Shapes of the prelude variants, fixed because they come first.
pub mod prelude {
    use super::ids::FIRST_DECLARED;
    /// `Ok(v)`
    pub const OK: u32 = FIRST_DECLARED;
    /// `Err(e)`
    pub const ERR: u32 = FIRST_DECLARED + 1;
    /// `Some(v)`
    pub const SOME: u32 = FIRST_DECLARED + 2;
}

/// Declares a struct.
pub fn declare_struct(name: Symbol, fields: impl IntoIterator<Item = Field>) -> DeclId {
    declare_collection(name, fields, Contents::Fields)
}

/// Declares a struct whose instances stand for the contents of an array.
pub fn declare_collection(name: Symbol, fields: impl IntoIterator<Item = Field>, contents: Contents) -> DeclId {
    ensure_prelude();
    let decl = StructDecl {
        fields: fields.into_iter().collect(),
        contents,
        current: AtomicU32::new(0),
        shapes: Mutex::new(Vec::new()),
    };
    add_decl(name, DeclBody::Struct(decl))
}

/// Declares an enum: each variant with the names of its payload.
pub fn declare_enum(name: Symbol, variants: &[(Symbol, &[Symbol])]) -> DeclId {
    ensure_prelude();
    add_enum(name, variants)
}

fn add_enum(name: Symbol, variants: &[(Symbol, &[Symbol])]) -> DeclId {
    // The shapes need the number of the declaration, and enum variants are listed in it.
    let id = DeclId(DECLS.push_with(|id| {
        let decl = DeclId(id);
        let variants = variants.iter().enumerate().map(|(variant, (name, payload))| VariantDecl {
            name: *name,
            payload: (*payload).into(),
            shape: if payload.is_empty() { 0 } else { add_variant_shape(decl, variant as u32, payload.len()) },
        });
        new_decl(decl, name, DeclBody::Enum(EnumDecl { variants: variants.collect() }))
    }));
    debug_assert!(DECLS.len() > id.0);
    id
}

fn add_decl(name: Symbol, body: DeclBody) -> DeclId {
    DeclId(DECLS.push_with(|id| new_decl(DeclId(id), name, body)))
}

fn new_decl(id: DeclId, name: Symbol, body: DeclBody) -> Decl {
    Decl {
        id,
        name,
        body,
        methods: RwLock::new(Vec::new()),
        has_methods: AtomicU32::new(0),
        own_equality: AtomicBool::new(false),
        annotations: OnceLock::new(),
    }
}

fn add_variant_shape(decl: DeclId, variant: u32, count: usize) -> u32 {
    add_shape(Layout::Variant { decl, variant, count: count as u32 }, &vec![Rep::Value; count])
}

fn add_shape(layout: Layout, reps: &[Rep]) -> u32 {
    let number = SHAPES.push_with(|number| {
        let shape = number + ids::FIRST_DECLARED;
        let mut offset = object::FIELDS as u32;
        let mut slots = Vec::with_capacity(reps.len());
        for &rep in reps {
            slots.push(FieldSlot { shape, offset, rep });
            offset += rep.size();
        }
        let values = slots.iter().filter(|slot| slot.rep == Rep::Value);
        let value_offsets = values.map(|slot| slot.offset).collect();
        ShapeInfo { id: shape, size: offset.max(16), layout, slots: slots.into(), value_offsets }
    });
    number + ids::FIRST_DECLARED
}

/// Whether any declaration has an equality of its own. Until then no instance equals null.
#[inline]
pub fn own_equality() -> bool {
    OWN_EQUALITY.load(Ordering::Acquire)
}

/// Where [`own_equality`] stands, as a byte, for compiled code.
pub fn own_equality_address() -> *const u8 {
    OWN_EQUALITY.as_ptr().cast()
}

/// The declaration with this number.
#[inline]
pub fn decl(id: DeclId) -> &'static Decl {
    ensure_prelude();
    DECLS.get(id.0).expect("declarations are made by this registry")
}

/// Shapes made from now on have numbers from here on up.
pub fn next_shape() -> u32 {
    SHAPES.len() + ids::FIRST_DECLARED
}

/// The shape with this number (64 and up).
#[inline]
pub fn shape_info(id: u32) -> &'static ShapeInfo {
    match SHAPES.get(id.wrapping_sub(ids::FIRST_DECLARED)) {
        Some(info) => info,
        None => late_shape(id),
    }
}

#[cold]
#[inline(never)]
fn late_shape(id: u32) -> &'static ShapeInfo {
    ensure_prelude();
    SHAPES.get(id.wrapping_sub(ids::FIRST_DECLARED)).expect("shape numbers come from this registry")
}

impl ShapeInfo {
    /// The slots of fields or payload values, in declaration order.
    #[inline(always)]
    pub fn slots(&self) -> &[FieldSlot] {
        &self.slots
    }

    /// Number of fields or payload values.
    #[inline(always)]
    pub fn slot_count(&self) -> usize {
        self.slots.len()
    }

    /// Offsets of the slots that hold values, for freeing and tracing.
    #[inline(always)]
    pub fn value_offsets(&self) -> &[u32] {
        &self.value_offsets
    }

    /// The declaration it belongs to.
    pub fn decl(&self) -> &'static Decl {
        match self.layout {
            Layout::Struct { decl: id } | Layout::Variant { decl: id, .. } => decl(id),
        }
    }

    /// Slot of the field with this name (structs).
    pub fn field(&self, name: Symbol) -> Option<&FieldSlot> {
        let DeclBody::Struct(body) = &self.decl().body else { return None };
        self.slots.get(body.position(name)?)
    }

    /// Whether every value can be stored in its slot.
    pub fn fits(&self, values: &[Value]) -> bool {
        self.slots.len() == values.len() && self.slots.iter().zip(values).all(|(slot, value)| slot.rep.fits(value))
    }

    /// The variant, for shapes of enum values.
    pub fn variant(&self) -> Option<&'static VariantDecl> {
        let Layout::Variant { variant, .. } = self.layout else { return None };
        let DeclBody::Enum(body) = &self.decl().body else { return None };
        body.variants.get(variant as usize)
    }
}

impl Decl {
    /// The struct, if it is one.
    pub fn as_struct(&self) -> Option<&StructDecl> {
        if let DeclBody::Struct(body) = &self.body { Some(body) } else { None }
    }

    /// The enum, if it is one.
    pub fn as_enum(&self) -> Option<&EnumDecl> {
        if let DeclBody::Enum(body) = &self.body { Some(body) } else { None }
    }

    /// The type value of the declaration.
    pub fn type_id(&self) -> TypeId {
        TypeId::of_decl(self.id)
    }

    /// Adds methods; a later one replaces an earlier of the same name.
    pub fn add_methods(&self, added: impl IntoIterator<Item = (Symbol, Method)>) {
        let mut methods = self.methods.write().unwrap_or_else(PoisonError::into_inner);
        for (name, method) in added {
            if method.has_self && matches!(name, known::OP_EQ | known::OP_NE) {
                OWN_EQUALITY.store(true, Ordering::Release);
                self.own_equality.store(true, Ordering::Release);
            }
            match methods.binary_search_by_key(&name, |&(name, _)| name) {
                Ok(at) => methods[at].1 = method,
                Err(at) => methods.insert(at, (name, method)),
            }
        }
        self.has_methods.store(u32::from(!methods.is_empty()), Ordering::Release);
    }

    /// The method of this name. Engines keep what they found per call site.
    pub fn method(&self, name: Symbol) -> Option<Method> {
        if self.has_methods.load(Ordering::Acquire) == 0 {
            return None;
        }
        let methods = self.methods.read().unwrap_or_else(PoisonError::into_inner);
        methods.binary_search_by_key(&name, |&(name, _)| name).ok().map(|at| methods[at].1)
    }

    /// Whether `==` and `!=` with an instance on the left may be its methods.
    #[inline]
    pub fn has_own_equality(&self) -> bool {
        self.own_equality.load(Ordering::Acquire)
    }

    /// Says what fields or payloads are held against; only the first time counts.
    pub fn annotate(&self, annotations: Annotations) {
        let _ = self.annotations.set(annotations);
    }

    /// Are its fields or payloads held against annotations?
    #[inline]
    pub fn is_annotated(&self) -> bool {
        self.annotations.get().is_some()
    }

    /// What the fields (`variant` 0) or the payload of a variant are held against.
    pub fn annotations(&self, variant: usize) -> &[Option<&'static Annotation>] {
        self.annotations.get().and_then(|all| all.get(variant)).map_or(&[], |of| of)
    }

    /// All methods, by name number.
    pub fn methods(&self) -> Vec<(Symbol, Method)> {
        self.methods.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl EnumDecl {
    /// Position of the variant with this name.
    pub fn position(&self, name: Symbol) -> Option<u32> {
        self.variants.iter().position(|variant| variant.name == name).map(|at| at as u32)
    }
}

/// A struct has at most this many shapes with unboxed fields; then all its fields are values.
const MAX_SHAPES: usize = 4;

impl StructDecl {
    /// Position of the field with this name.
    pub fn position(&self, name: Symbol) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The shapes that there are by now, all of those with numbers below what [`next_shape`] has given before.
    pub fn shapes(&self) -> Vec<u32> {
        self.shapes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The shape for a new instance with these values: the one instances start with now, or a more
    /// general one if they do not fit.
    pub fn shape_for(&self, id: DeclId, values: &[Value]) -> &'static ShapeInfo {
        let current = self.current.load(Ordering::Acquire);
        if current != 0 {
            let info = shape_info(current);
            if info.fits(values) {
                return info;
            }
        }
        self.shape_slow(id, values, current)
    }

    #[cold]
    fn shape_slow(&self, id: DeclId, values: &[Value], current: u32) -> &'static ShapeInfo {
        let seen = values.iter().map(Rep::of);
        let reps: Vec<Rep> = if current == 0 {
            seen.collect()
        } else {
            seen.zip(shape_info(current).slots()).map(|(rep, slot)| join(rep, slot.rep)).collect()
        };
        let info = self.intern(id, &reps);
        // An int in a field annotated `float` says nothing about the instances to come.
        let start: Vec<Rep> = reps
            .iter()
            .zip(&self.fields)
            .zip(values)
            .map(|((&rep, field), value)| {
                if field.float && matches!(value, Value::Int(_)) && self.starts_float(current, field.name) {
                    Rep::F64
                } else {
                    rep
                }
            })
            .collect();
        let start = if start == *reps { info } else { self.intern(id, &start) };
        self.current.store(start.id, Ordering::Release);
        info
    }

    /// Whether new instances begin with this field as a float, or nothing was seen yet.
    fn starts_float(&self, current: u32, field: Symbol) -> bool {
        current == 0 || self.position(field).is_some_and(|at| shape_info(current).slots()[at].rep == Rep::F64)
    }

    /// The shape to move an instance of `from` to, so that `value` fits in field `at`.
    pub fn generalise(&self, from: &ShapeInfo, at: usize, value: &Value) -> &'static ShapeInfo {
        let Layout::Struct { decl: id } = from.layout else { return late_shape(from.id) };
        let mut reps: Vec<Rep> = from.slots().iter().map(|slot| slot.rep).collect();
        reps[at] = join(reps[at], Rep::of(value));
        let info = self.intern(id, &reps);
        let current = self.current.load(Ordering::Acquire);
        let hinted = self.fields[at].float && matches!(value, Value::Int(_));
        if current == from.id && !hinted {
            self.current.store(info.id, Ordering::Release);
        }
        info
    }

    fn intern(&self, id: DeclId, reps: &[Rep]) -> &'static ShapeInfo {
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |info: &&'static ShapeInfo| info.slots().iter().map(FieldSlot::rep).eq(reps.iter().copied());
        if let Some(info) = shapes.iter().map(|&shape| shape_info(shape)).find(same) {
            return info;
        }
        let boxed = vec![Rep::Value; reps.len()];
        let layout = Layout::Struct { decl: id };
        if shapes.len() < MAX_SHAPES {
            shapes.push(add_shape(layout, reps));
        } else {
            if let Some(info) = shapes
                .iter()
                .map(|&shape| shape_info(shape))
                .find(|info| info.slots().iter().all(|slot| slot.rep == Rep::Value))
            {
                return info;
            }
            shapes.push(add_shape(layout, &boxed));
        }
        shape_info(*shapes.last().expect("a shape was pushed"))
    }
}

fn join(a: Rep, b: Rep) -> Rep {
    if a == b { a } else { Rep::Value }
}

#[cfg(test)]
mod tests {
    use super::super::symbol::symbol;
    use super::*;

    fn point(name: &str) -> DeclId {
        let field = |name| Field { name: symbol(name), float: false };
        declare_struct(symbol(name), [field("x"), field("y")])
    }

    #[test]
    fn prelude_enums_have_fixed_numbers() {
        let option = decl(DeclId::OPTION).as_enum().unwrap();
        assert_eq!(option.variants[1].shape, prelude::SOME);
        assert_eq!(decl(DeclId::RESULT).as_enum().unwrap().variants[1].shape, prelude::ERR);
        assert_eq!(option.position(known::NONE), Some(0));
    }

    #[test]
    fn first_instance_decides_and_others_generalise() {
        let id = point("First");
        let body = decl(id).as_struct().unwrap();
        let ints = body.shape_for(id, &[Value::Int(1), Value::Int(2)]);
        assert_eq!(ints.size, 24);
        let mixed = body.shape_for(id, &[Value::Float(1.0), Value::Int(2)]);
        assert_eq!(mixed.size, 32);
        let again = body.shape_for(id, &[Value::Int(1), Value::Int(2)]);
        assert_eq!(again.id, mixed.id, "new instances start general");
    }

    #[test]
    fn at_most_four_shapes_then_all_values() {
        let fields = (0..8).map(|i| Field { name: symbol(&format!("f{i}")), float: false });
        let id = declare_struct(symbol("Wide"), fields);
        let body = decl(id).as_struct().unwrap();
        let mut values = vec![Value::Int(0); 8];
        let mut last = body.shape_for(id, &values);
        for at in 0..8 {
            values[at] = Value::Null;
            last = body.shape_for(id, &values);
        }
        assert!(last.slots().iter().all(|slot| slot.rep == Rep::Value));
        assert!(body.shapes.lock().unwrap().len() <= MAX_SHAPES + 1);
    }

    #[test]
    fn a_float_hint_survives_a_first_int() {
        let id = declare_struct(symbol("Hinted"), [Field { name: symbol("w"), float: true }]);
        let body = decl(id).as_struct().unwrap();
        assert_eq!(body.shape_for(id, &[Value::Int(0)]).slots()[0].rep, Rep::I64);
        assert_eq!(body.shape_for(id, &[Value::Float(0.5)]).slots()[0].rep, Rep::F64);
    }

    #[test]
    fn tables_keep_their_items_while_growing() {
        let table: Registry<u32> = Registry::new();
        for i in 0..1000 {
            assert_eq!(table.push(i * 2), i);
        }
        assert_eq!(table.get(999), Some(&1998));
        assert_eq!(table.get(1000), None);
    }
}
