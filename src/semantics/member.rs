//! Members: fields, methods, variants, and the order in which a method call looks for its target (LANGUAGE §6).
use super::fault::{Raise, faults, kind_name, stack_value};
use super::index::missing_key;
use super::memory;
use crate::value::error::ErrorData;
use crate::value::shapes::{self, Decl};
use crate::value::symbol::known;
use crate::value::{DeclId, FnId, Inst, ModuleId, Symbol, TypeId, Value, dict, instance};

pub use crate::value::type_name;

/// What `base.name` is.
pub enum Member {
    Value(Value),
    /// An export of a module: the engine looks there.
    Module(ModuleId),
    /// The constructor function of a variant with payload.
    Constructor {
        decl: DeclId,
        variant: u32,
    },
}

/// The declaration of a struct's or enum's instance.
pub fn declaration(value: &Value) -> Option<&'static Decl> {
    match value {
        Value::Struct(object) => Some(object.info().decl()),
        Value::Variant(object) => Some(object.info().decl()),
        Value::Unit { decl, .. } => Some(shapes::decl(*decl)),
        _ => None,
    }
}

/// The method that overloads an operator for this left operand.
#[inline]
pub fn overload(value: &Value, name: Symbol) -> Option<FnId> {
    let method = declaration(value)?.method(name)?;
    method.has_self.then_some(method.func)
}

/// `base.name`, without a call.
pub fn get(base: &Value, name: Symbol) -> Result<Member, Raise> {
    match base {
        Value::Struct(object) => struct_member(object, base, name).map(Member::Value),
        Value::Dict(table) => match table.get(&name.value()) {
            Ok(Some(value)) => Ok(Member::Value(value.clone())),
            _ => Err(missing_key(&name.value())),
        },
        Value::Error(error) => error_field(error.data(), name).map(Member::Value),
        Value::Module(id) => Ok(Member::Module(*id)),
        Value::Type(id) => type_member(*id, name),
        Value::Unit { .. } | Value::Variant(_) => variant_member(base, name).map(Member::Value),
        _ => Err(no_field(base, name)),
    }
}

/// `base.name` of anything but modules and constructors.
pub fn get_value(base: &Value, name: Symbol) -> Result<Value, Raise> {
    match get(base, name)? {
        Member::Value(value) => Ok(value),
        Member::Module(_) | Member::Constructor { .. } => Err(no_field(base, name)),
    }
}

/// `base?.name`, and `base.name` directly left of `??`: a missing key of a dict is null.
pub fn get_or_null(base: &Value, name: Symbol) -> Result<Member, Raise> {
    match base {
        Value::Dict(table) => Ok(Member::Value(table.get(&name.value()).ok().flatten().cloned().unwrap_or(Value::Null))),
        _ => get(base, name),
    }
}

#[inline]
fn struct_member(object: &Inst, base: &Value, name: Symbol) -> Result<Value, Raise> {
    match object.field(name) {
        Some(value) => Ok(value),
        None => bound_method(base, name),
    }
}

/// A function that holds a copy of its receiver.
fn bound_method(base: &Value, name: Symbol) -> Result<Value, Raise> {
    let Some(decl) = declaration(base) else { return Err(no_field(base, name)) };
    match decl.method(name) {
        None => Err(no_field(base, name)),
        Some(method) if !method.has_self => Err(faults::static_method(decl.name, name)),
        Some(method) if method.mutating => Err(faults::bound_mutating(name)),
        Some(method) => Ok(Value::bound_method(method.func, base.clone())),
    }
}

fn variant_member(base: &Value, name: Symbol) -> Result<Value, Raise> {
    let decl = declaration(base).map(|decl| decl.id);
    let prelude = decl == Some(DeclId::OPTION) || decl == Some(DeclId::RESULT);
    if prelude && let Some(view) = base.as_variant() {
        return Err(faults::no_field_of_variant(view.declared().name, name));
    }
    bound_method(base, name)
}

fn type_member(id: TypeId, name: Symbol) -> Result<Member, Raise> {
    let owner = Value::Type(id);
    let Some(decl) = id.decl().map(shapes::decl) else { return Err(no_field(&owner, name)) };
    if let Some(found) = variant_of(decl, name) {
        return Ok(found);
    }
    match decl.method(name) {
        Some(method) => Ok(Member::Value(Value::Fn0(method.func))),
        None => Err(no_member_of_type(decl, name)),
    }
}

fn variant_of(decl: &Decl, name: Symbol) -> Option<Member> {
    let body = decl.as_enum()?;
    let variant = body.position(name)?;
    Some(if body.variants[variant as usize].payload.is_empty() {
        Member::Value(Value::Unit { decl: decl.id, variant })
    } else {
        Member::Constructor { decl: decl.id, variant }
    })
}

#[cold]
fn no_member_of_type(decl: &Decl, name: Symbol) -> Raise {
    match decl.as_enum() {
        Some(body) => {
            let names: Vec<_> = body.variants.iter().map(|variant| variant.name.as_str()).collect();
            faults::no_variant(decl.name, name, known_list("variants", &names))
        }
        None => faults::no_method(decl.name, name),
    }
}

/// `Enum::name`: a variant only.
pub fn variant(base: &Value, name: Symbol) -> Result<Member, Raise> {
    match base {
        Value::Type(_) | Value::Module(_) => get(base, name),
        other => Err(faults::no_variant(type_name(other), name, "")),
    }
}

/// A field of an `Error`; names that it has not read the thrown struct.
fn error_field(data: &ErrorData, name: Symbol) -> Result<Value, Raise> {
    let place = || data.trace.place().unwrap_or((known::FILE, 0, 0));
    let number = |number: u32| if number == 0 { Value::Null } else { Value::Int(i64::from(number)) };
    Ok(match name {
        known::MESSAGE => data.message().clone(),
        known::KIND => Value::str(kind_name(data)),
        known::VALUE => data.value.clone(),
        known::FILE => data.trace.place().map_or(Value::Null, |(file, ..)| file.value()),
        known::LINE => number(place().1),
        known::COLUMN => number(place().2),
        known::STACK => stack_value(data)?,
        known::CAUSE => data.cause.clone(),
        _ => match &data.value {
            Value::Struct(object) => return struct_member(object, &data.value, name),
            _ => return Err(faults::no_field("Error", name, "")),
        },
    })
}

/// The fault for a field that is not there.
#[cold]
pub fn no_field(base: &Value, name: Symbol) -> Raise {
    let known = match base {
        Value::Struct(object) if object.collection().is_none() => {
            let names: Vec<_> = object.struct_decl().fields.iter().map(|field| field.name.as_str()).collect();
            known_list("fields", &names)
        }
        _ => String::new(),
    };
    faults::no_field(type_name(base), name, known)
}

fn known_list(what: &str, names: &[&str]) -> String {
    if names.is_empty() { String::new() } else { format!(": its {what} are {}", names.join(", ")) }
}

/// `base.name = value` on a variable's own value; nothing changes on an error.
pub fn set(base: &mut Value, name: Symbol, value: Value) -> Result<(), Raise> {
    match base {
        Value::Struct(object) => match object.struct_decl().position(name) {
            Some(at) => {
                super::annotated::check_field(shapes::decl(object.decl_id()), at, &value)?;
                instance::set(object, at, value).map_err(|refused| memory("instance", refused))
            }
            None => Err(no_field(base, name)),
        },
        Value::Dict(table) => {
            let table = dict::make_unique(table).map_err(|refused| memory("dict", refused))?;
            table.insert(name.value(), value).map(|_| ()).map_err(super::index::insert_fault)
        }
        other => Err(faults::cannot_assign_field(name, type_name(other))),
    }
}

/// Where a method call goes.
pub enum Method {
    /// A method of the struct or enum, with the receiver as `self`.
    User { func: FnId, mutating: bool },
    /// A field of a struct that holds a function: called without the receiver.
    Field(Value),
    /// The builtin method of the receiver's type, called with the receiver.
    Builtin(u16),
    /// An entry of a dict: called without the receiver.
    Entry(Value),
    /// A builtin function, called with the receiver as first argument.
    Function(u16),
    /// `Type.f(…)`: a static method, called without the receiver.
    Static(FnId),
    /// `Shape.Circle(…)`.
    Constructor { decl: DeclId, variant: u32 },
    /// An export of a module, called without the receiver; if the module has none of this name, look no further.
    Module(ModuleId),
}

/// The builtins, as the engine knows them, by number.
pub trait BuiltinNames {
    /// The builtin method of the receiver's type (a fixed table).
    fn method(&self, receiver: &Value, name: Symbol) -> Option<u16>;
    /// The builtin function of this name, asked after [`BuiltinNames::method`].
    fn function(&self, receiver: &Value, name: Symbol) -> Option<u16>;
}

/// What `receiver.name(…)` calls.
pub fn find_method(receiver: &Value, name: Symbol, builtins: &dyn BuiltinNames) -> Result<Method, Raise> {
    if let Some(found) = declared_method(receiver, name)? {
        return Ok(found);
    }
    if let Some(id) = builtins.method(receiver, name) {
        return Ok(Method::Builtin(id));
    }
    if let Value::Dict(table) = receiver
        && let Ok(Some(entry)) = table.get(&name.value())
    {
        return Ok(Method::Entry(entry.clone()));
    }
    match builtins.function(receiver, name) {
        Some(id) => Ok(Method::Function(id)),
        None => Err(no_method(receiver, name)),
    }
}

/// Methods and fields of declared types, static methods, variants, exports: what goes before every builtin.
pub fn declared_method(receiver: &Value, name: Symbol) -> Result<Option<Method>, Raise> {
    match receiver {
        Value::Module(id) => return Ok(Some(Method::Module(*id))),
        Value::Type(id) => return static_method(*id, name),
        _ => {}
    }
    if let Some(decl) = declaration(receiver)
        && let Some(method) = decl.method(name)
    {
        if !method.has_self {
            return Err(faults::static_method(decl.name, name));
        }
        return Ok(Some(Method::User { func: method.func, mutating: method.mutating }));
    }
    match receiver {
        Value::Struct(object) => Ok(object.field(name).map(Method::Field)),
        Value::Error(error) => match &error.data().value {
            // Members of the thrown struct are read through the error, also to be called.
            thrown @ Value::Struct(object) if object.struct_decl().position(name).is_some() || has_method(thrown, name) => {
                struct_member(object, thrown, name).map(|function| Some(Method::Field(function)))
            }
            _ => Ok(None),
        },
        _ => Ok(None),
    }
}

fn has_method(value: &Value, name: Symbol) -> bool {
    declaration(value).is_some_and(|decl| decl.method(name).is_some())
}

fn static_method(id: TypeId, name: Symbol) -> Result<Option<Method>, Raise> {
    let Some(decl) = id.decl().map(shapes::decl) else { return Ok(None) };
    if let Some(found) = variant_of(decl, name) {
        return Ok(Some(match found {
            Member::Constructor { decl, variant } => Method::Constructor { decl, variant },
            Member::Value(value) => Method::Field(value),
            Member::Module(id) => Method::Module(id),
        }));
    }
    match decl.method(name) {
        Some(method) if method.has_self => Err(faults::instance_method(decl.name, name)),
        Some(method) => Ok(Some(Method::Static(method.func))),
        None => Ok(None),
    }
}

/// The fault for a method that is nowhere.
#[cold]
pub fn no_method(receiver: &Value, name: Symbol) -> Raise {
    match receiver {
        Value::Type(id) => match id.decl().map(shapes::decl) {
            Some(decl) => no_member_of_type(decl, name),
            None => faults::no_method(id.name(), name),
        },
        other => faults::no_method(type_name(other), name),
    }
}

/// Checks the number of payload values: `Shape::Circle expects 1 argument, got 2`.
pub fn make_variant(decl: DeclId, variant: u32, payload: Vec<Value>) -> Result<Value, Raise> {
    let owner = shapes::decl(decl);
    let declared = owner.as_enum().and_then(|body| body.variants.get(variant as usize));
    let expected = declared.map_or(0, |variant| variant.payload.len());
    if payload.len() == expected {
        super::annotated::check_payload(owner, variant, &payload)?;
        return Ok(Value::enum_value(decl, variant, payload));
    }
    let mut name = String::new();
    crate::value::show::variant_name(decl, variant, &mut name);
    Err(faults::payload_count(name, super::call::expected_arguments(expected, Some(expected)), payload.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::shapes::{Field, Method as Declared, declare_enum, declare_struct};
    use crate::value::symbol::symbol;

    struct Table;
    impl BuiltinNames for Table {
        fn method(&self, receiver: &Value, name: Symbol) -> Option<u16> {
            (matches!(receiver, Value::Dict(_)) && name.as_str() == "keys").then_some(1)
        }
        fn function(&self, _: &Value, name: Symbol) -> Option<u16> {
            (name.as_str() == "len").then_some(2)
        }
    }

    fn text(result: Result<Method, Raise>) -> String {
        match result {
            Ok(Method::User { func, mutating }) => format!("user {} {mutating}", func.0),
            Ok(Method::Field(value)) => format!("field {}", super::super::display::structural(&value)),
            Ok(Method::Builtin(id)) => format!("builtin {id}"),
            Ok(Method::Entry(_)) => "entry".to_owned(),
            Ok(Method::Function(id)) => format!("function {id}"),
            Ok(Method::Static(func)) => format!("static {}", func.0),
            Ok(Method::Constructor { variant, .. }) => format!("constructor {variant}"),
            Ok(Method::Module(_)) => "module".to_owned(),
            Err(raise) => raise.as_fault().unwrap().message().to_owned(),
        }
    }

    fn account() -> (DeclId, Value) {
        let field = |name| Field { name: symbol(name), float: false };
        let id = declare_struct(symbol("Acct"), [field("owner"), field("callback")]);
        let method = |func, has_self, mutating| Declared { func: FnId(func), has_self, mutating };
        shapes::decl(id).add_methods([
            (symbol("deposit"), method(70, true, true)),
            (symbol("show"), method(71, true, false)),
            (symbol("open"), method(72, false, false)),
        ]);
        (id, Value::instance(id, vec![Value::str("bo"), Value::Fn0(FnId(3))]).unwrap())
    }

    #[test]
    fn methods_are_found_in_order() {
        let (id, account) = account();
        let find = |receiver: &Value, name: &str| text(find_method(receiver, symbol(name), &Table));
        assert_eq!(find(&account, "deposit"), "user 70 true");
        assert_eq!(find(&account, "callback"), "field <func>");
        assert_eq!(find(&account, "len"), "function 2");
        assert_eq!(find(&account, "open"), "open has no self: call it as Acct.open(…)");
        assert_eq!(find(&account, "nothing"), "Acct has no method nothing");
        let ty = Value::Type(TypeId::of_decl(id));
        assert_eq!(find(&ty, "open"), "static 72");
        assert!(find(&ty, "show").starts_with("Acct.show is an instance method"));
        let d = Value::dict([(Value::str("keys"), Value::Int(1)), (Value::str("f"), Value::Fn0(FnId(1)))]).unwrap();
        assert_eq!(find(&d, "keys"), "builtin 1");
        assert_eq!(find(&d, "f"), "entry");
        assert_eq!(find(&d, "len"), "function 2");
    }

    fn message(result: Result<Member, Raise>) -> String {
        match result {
            Ok(Member::Value(value)) => super::super::display::structural_debug(&value),
            Ok(Member::Constructor { variant, .. }) => format!("constructor {variant}"),
            Ok(Member::Module(_)) => "module".to_owned(),
            Err(raise) => raise.as_fault().unwrap().message().to_owned(),
        }
    }

    #[test]
    fn members_without_a_call() {
        let (_, account) = account();
        let read = |base: &Value, name: &str| message(get(base, symbol(name)));
        assert_eq!(read(&account, "owner"), "\"bo\"");
        assert_eq!(read(&account, "show"), "<func>");
        assert_eq!(read(&account, "deposit"), "deposit is a mutating method and cannot be bound: call it directly");
        assert_eq!(read(&account, "nothing"), "Acct has no field nothing: its fields are owner, callback");
        let d = Value::dict([(Value::str("a"), Value::Int(1))]).unwrap();
        assert_eq!(read(&d, "a"), "1");
        assert_eq!(read(&d, "b"), "Missing key: \"b\"");
        assert_eq!(message(get_or_null(&d, symbol("b"))), "null");
        assert_eq!(read(&Value::some(Value::Int(1)), "x"), "Some has no field x: write (e?).x");
        assert_eq!(read(&Value::Int(1), "x"), "int has no field x");
    }

    #[test]
    fn variants_of_an_enum() {
        let id = declare_enum(symbol("Shp"), &[(symbol("Circle"), &[symbol("r")]), (symbol("Empty"), &[])]);
        let ty = Value::Type(TypeId::of_decl(id));
        assert_eq!(message(get(&ty, symbol("Circle"))), "constructor 0");
        assert_eq!(message(get(&ty, symbol("Empty"))), "Shp::Empty");
        assert_eq!(message(get(&ty, symbol("Square"))), "Shp has no variant Square: its variants are Circle, Empty");
        let fault = make_variant(id, 0, vec![]).unwrap_err();
        assert_eq!(fault.as_fault().unwrap().message(), "Shp::Circle expects 1 argument, got 0");
    }
}
