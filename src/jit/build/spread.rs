//! Instances spread in struct literals: `P { ...p, x: 1 }` takes the fields it does not name from an instance of the shape met.
use super::Builder;
use super::memory::cell_of;
use super::state::{Scalar, Slot};
use super::virtuals::Part;
use crate::jit::ir::{InstKind, Made, Type, ValueId};
use crate::jit::profile::FieldFrom;
use crate::value::FieldSlot;
use crate::value::layout::tag;

/// The instance whose fields a literal takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread {
    None,
    /// It does not exist: it owns no object.
    Virtual(u32),
    Instance(ValueId),
}

impl Builder<'_> {
    /// The instance spread in a literal whose items begin at `base`, checked to be of the shape that is made; nothing if that is the VM's
    /// business.
    pub(super) fn spread(&mut self, base: u16, fields: &[FieldFrom], shape: u32) -> Option<Spread> {
        let of = fields.iter().find_map(|from| if let FieldFrom::Spread(item) = from { Some(base + item) } else { None });
        let Some(register) = of else { return Some(Spread::None) };
        let slot = self.slot(register);
        if let Slot::Virtual(at) = self.state.get(slot) {
            let object = &self.virtuals[at as usize];
            let is_whole = |position: usize| matches!(object.part(position), Part::Value(_));
            if object.form.made == Made::Struct(shape) && (0..fields.len()).all(is_whole) {
                return Some(Spread::Virtual(at));
            }
            self.settle(slot);
        }
        if self.context().profile.storms(self.pc) > 0 || !self.holds_object(register) {
            return None;
        }
        Some(Spread::Instance(self.guarded(register, tag::STRUCT, shape)))
    }

    /// The field at a position of what is spread, lent; nothing if it is not of the kind that is wanted.
    pub(super) fn spread_field(
        &mut self,
        from: Spread,
        position: usize,
        field: &FieldSlot,
        wanted: Option<Scalar>,
    ) -> Option<ValueId> {
        let value = match from {
            Spread::None => return None,
            Spread::Virtual(at) => match self.virtuals[at as usize].part(position) {
                Part::Value(value) => value,
                Part::Object(_) | Part::Lent(..) => return None,
            },
            Spread::Instance(pointer) => {
                let load = InstKind::LoadField { cell: cell_of(field.rep()), pointer, offset: field.offset() };
                self.emit(load, wanted.map_or(Type::ANY, Scalar::ty))
            }
        };
        (wanted.is_none() || self.scalar_kind(value) == wanted).then_some(value)
    }
}
