//! What names of members mean on the values they were last asked of: tables that are searched by text, and shapes, are asked once.
//!
//! Always holds: an entry depends on name and tag, or name and shape, only, and neither ever changes its meaning.
use std::cell::Cell;

use crate::builtins::methods::Names;
use crate::builtins::{self, BuiltinId};
use crate::semantics::fault::Raise;
use crate::semantics::member::{self, BuiltinNames, Method};
use crate::value::{FieldSlot, FnId, InstRef, Symbol, Value};

/// What names mean, remembered.
pub(super) struct Remembered {
    meanings: Box<[Cell<Meaning>]>,
    directs: Box<[Cell<(u64, Direct)>]>,
    fields: Box<[Cell<Option<Field>>]>,
    methods: Box<[Cell<Option<Declared>>]>,
}

/// A field of a struct, by its name; the slot knows the shape.
type Field = (Symbol, FieldSlot);

/// A method of a struct.
#[derive(Clone, Copy)]
struct Declared {
    name: Symbol,
    shape: u32,
    func: FnId,
    mutating: bool,
}

/// What a name means on receivers with a tag, as a method and as a function.
#[derive(Clone, Copy, Default)]
struct Meaning {
    /// Name and tag; none before the first use.
    of: Option<(Symbol, u64)>,
    method: Option<u16>,
    function: Option<u16>,
}

/// What a method of a local variable runs if nothing but the variable's kind and the number of arguments matters.
#[derive(Clone, Copy, Default)]
pub(super) enum Direct {
    #[default]
    Nothing,
    /// A builtin that changes the variable, with exactly so many arguments.
    Changes(BuiltinId, u8),
    /// A builtin whose first argument the variable is, with exactly so many others.
    Reads(BuiltinId, u8),
}

impl Direct {
    fn new(receiver: &Value, name: Symbol) -> Direct {
        if !matches!(receiver, Value::Array(_) | Value::Str(_) | Value::Set(_) | Value::Bytes(_)) {
            return Direct::Nothing;
        }
        let method = Names.method(receiver, name);
        let Some(id) = method.or_else(|| Names.function(receiver, name)).map(BuiltinId) else { return Direct::Nothing };
        let changes = method.is_some() && builtins::info(id).mutating().is_some();
        let described = if changes { builtins::method_info(id) } else { builtins::fn_info(id) };
        match described.params.len() {
            count @ 0..=2 if changes && described.is_exactly(count) => Direct::Changes(id, count as u8),
            count @ 1..=2 if described.is_exactly(count) => Direct::Reads(id, count as u8 - 1),
            _ => Direct::Nothing,
        }
    }
}

impl Remembered {
    const ROOM: usize = 64;

    pub(super) fn new() -> Remembered {
        let meanings = (0..Remembered::ROOM).map(|_| Cell::default()).collect();
        let directs = (0..Remembered::ROOM).map(|_| Cell::new((u64::MAX, Direct::Nothing))).collect();
        let fields = (0..Remembered::ROOM).map(|_| Cell::default()).collect();
        let methods = (0..Remembered::ROOM).map(|_| Cell::default()).collect();
        Remembered { meanings, directs, fields, methods }
    }

    /// Where a field of an instance lies.
    #[inline(always)]
    pub(super) fn field(&self, object: &InstRef, name: Symbol) -> Option<FieldSlot> {
        let place = &self.fields[(name.0 as usize * 31 + object.shape() as usize) % Remembered::ROOM];
        if let Some((known, slot)) = place.get()
            && known == name
            && slot.shape() == object.shape()
        {
            return Some(slot);
        }
        let slot = *object.info().field(name)?;
        place.set(Some((name, slot)));
        Some(slot)
    }

    /// What `receiver.name(…)` calls.
    #[inline]
    pub(super) fn find(&self, receiver: &Value, name: Symbol) -> Result<Method, Raise> {
        let Value::Struct(object) = receiver else { return member::find_method(receiver, name, self) };
        let shape = object.shape();
        let place = &self.methods[(name.0 as usize * 31 + shape as usize) % Remembered::ROOM];
        if let Some(known) = place.get()
            && known.name == name
            && known.shape == shape
        {
            return Ok(Method::User { func: known.func, mutating: known.mutating });
        }
        let found = member::find_method(receiver, name, self)?;
        if let Method::User { func, mutating } = found {
            place.set(Some(Declared { name, shape, func, mutating }));
        }
        Ok(found)
    }

    #[inline]
    pub(super) fn direct(&self, receiver: &Value, name: Symbol) -> Direct {
        let of = u64::from(name.0) << 32 | receiver.tag();
        let place = &self.directs[(name.0 as usize * 31 + receiver.tag() as usize) % Remembered::ROOM];
        let (known, direct) = place.get();
        if known == of {
            return direct;
        }
        let direct = Direct::new(receiver, name);
        place.set((of, direct));
        direct
    }

    #[inline]
    fn meaning(&self, receiver: &Value, name: Symbol) -> Meaning {
        let of = (name, receiver.tag());
        let place = &self.meanings[(name.0 as usize * 31 + receiver.tag() as usize) % Remembered::ROOM];
        if place.get().of != Some(of) {
            place.set(Meaning {
                of: Some(of),
                method: Names.method(receiver, name),
                function: Names.function(receiver, name),
            });
        }
        place.get()
    }
}

impl BuiltinNames for Remembered {
    fn method(&self, receiver: &Value, name: Symbol) -> Option<u16> {
        self.meaning(receiver, name).method
    }

    fn function(&self, receiver: &Value, name: Symbol) -> Option<u16> {
        self.meaning(receiver, name).function
    }
}
