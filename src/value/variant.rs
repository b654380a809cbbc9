//! Enum values.

use super::heap::{Ref, Var};
use super::shapes::{DeclId, Layout, VariantDecl, decl, prelude, shape_info};
use super::{Symbol, Value};

/// A counted pointer to an enum value with payload.
pub type VarRef = Ref<Var>;

/// An enum value taken apart, with or without payload.
#[derive(Clone, Copy)]
pub struct VariantView<'a> {
    /// The enum.
    pub decl: DeclId,
    /// Position of the variant in it.
    pub variant: u32,
    /// The payload.
    pub payload: &'a [Value],
}

impl VariantView<'_> {
    /// The declaration of the variant.
    pub fn declared(&self) -> &'static VariantDecl {
        let body = decl(self.decl).as_enum().expect("variants belong to enums");
        &body.variants[self.variant as usize]
    }

    /// Name of the enum.
    pub fn enum_name(&self) -> Symbol {
        decl(self.decl).name
    }
}

impl Value {
    /// `Some(v)`
    #[inline]
    pub fn some(value: Value) -> Value {
        Value::Variant(Var::prelude(prelude::SOME, value))
    }

    /// `None`
    #[inline]
    pub fn none() -> Value {
        Value::Unit { decl: DeclId::OPTION, variant: 0 }
    }

    /// `Ok(v)`
    #[inline]
    pub fn ok(value: Value) -> Value {
        Value::Variant(Var::prelude(prelude::OK, value))
    }

    /// `Err(e)`
    #[inline]
    pub fn err(value: Value) -> Value {
        Value::Variant(Var::prelude(prelude::ERR, value))
    }

    /// An enum value with payload, by the shape of its variant (`VariantDecl::shape`).
    #[inline]
    pub fn variant(shape: u32, payload: impl IntoIterator<Item = Value, IntoIter: ExactSizeIterator>) -> Value {
        Value::Variant(Var::build(shape_info(shape), payload.into_iter()))
    }

    /// An enum value of any variant; the payload count was checked by the caller.
    pub fn enum_value(id: DeclId, variant: u32, payload: Vec<Value>) -> Value {
        let body = decl(id).as_enum().expect("the declaration of an enum");
        match body.variants[variant as usize].shape {
            0 => Value::Unit { decl: id, variant },
            shape => Value::variant(shape, payload),
        }
    }

    /// The parts of an enum value.
    pub fn as_variant(&self) -> Option<VariantView<'_>> {
        match self {
            Value::Unit { decl, variant } => Some(VariantView { decl: *decl, variant: *variant, payload: &[] }),
            Value::Variant(object) => {
                let Layout::Variant { decl, variant, .. } = object.info().layout else { return None };
                Some(VariantView { decl, variant, payload: object.payload() })
            }
            _ => None,
        }
    }
}

/// The payload for changing; the object is copied first if others hold it.
pub fn make_unique(object: &mut VarRef) -> &mut [Value] {
    if !object.own() {
        let copies: Vec<Value> = object.payload().to_vec();
        *object = Var::build(object.info(), copies.into_iter());
    }
    object.get_mut().expect("the only reference after the copy").payload_mut()
}
