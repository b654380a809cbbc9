//! What is known of a value: its representation in machine registers and a set of possible kinds.
//!
//! A [`Type`] only ever narrows along a path; `Type::NEVER` marks unreachable code. Integer types carry a range, which is
//! what lets overflow and bounds checks disappear.

use crate::value::layout::{shape, tag};

/// How a value is held by compiled code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Repr {
    /// A 64-bit integer in a general register.
    I64,
    /// An IEEE double in a vector register.
    F64,
    /// 0 or 1 in a general register.
    Bool,
    /// Address of a heap object (its `Hdr`) of known kind; borrowed from a slot or container that keeps it alive.
    Ptr,
    /// Raw address inside a heap object (element storage); never lives across a write that may move it.
    Raw,
    /// Tag and payload in two general registers.
    Boxed,
}

/// A set of value kinds, one bit for each tag below 32 (the tag numbers of `value::layout`).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kinds(pub u32);

impl Kinds {
    pub const NEVER: Kinds = Kinds(0);
    pub const NULL: Kinds = Kinds(1 << 0);
    pub const BOOL: Kinds = Kinds(1 << 1);
    pub const INT: Kinds = Kinds(1 << 2);
    pub const FLOAT: Kinds = Kinds(1 << 3);
    pub const BIGINT: Kinds = Kinds(1 << tag::BIGINT);
    /// Everything that has no overloads: neither structs nor enum values.
    pub const PLAIN: Kinds = Kinds(!(1 << tag::UNIT | 1 << tag::STRUCT | 1 << tag::VARIANT));
    pub const ANY: Kinds = Kinds(u32::MAX);

    pub fn of_tag(tag: u64) -> Kinds {
        Kinds(1 << tag)
    }
    pub fn union(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }
    pub fn intersect(self, other: Kinds) -> Kinds {
        Kinds(self.0 & other.0)
    }
    pub fn is_subset(self, other: Kinds) -> bool {
        self.0 & !other.0 == 0
    }
    /// The tag, if only one kind is left.
    pub fn single(self) -> Option<u64> {
        self.0.is_power_of_two().then(|| u64::from(self.0.trailing_zeros()))
    }
}

impl std::fmt::Debug for Kinds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match *self {
            Kinds::NEVER => f.write_str("never"),
            Kinds::ANY => f.write_str("any"),
            Kinds::NULL => f.write_str("null"),
            Kinds::BOOL => f.write_str("bool"),
            Kinds::INT => f.write_str("int"),
            Kinds::FLOAT => f.write_str("float"),
            Kinds(bits) => write!(f, "kinds:{bits:x}"),
        }
    }
}

/// Inclusive bounds of an integer value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Range {
    pub low: i64,
    pub high: i64,
}

impl Range {
    pub const FULL: Range = Range { low: i64::MIN, high: i64::MAX };

    pub fn exactly(value: i64) -> Range {
        Range { low: value, high: value }
    }
    pub fn union(self, other: Range) -> Range {
        Range { low: self.low.min(other.low), high: self.high.max(other.high) }
    }
    /// Values in both; an empty intersection (contradictory facts, unreachable code) keeps `self`.
    pub fn intersect(self, other: Range) -> Range {
        let (low, high) = (self.low.max(other.low), self.high.min(other.high));
        if low <= high { Range { low, high } } else { self }
    }
    pub fn checked_add(self, other: Range) -> Option<Range> {
        Some(Range { low: self.low.checked_add(other.low)?, high: self.high.checked_add(other.high)? })
    }
    pub fn checked_sub(self, other: Range) -> Option<Range> {
        Some(Range { low: self.low.checked_sub(other.high)?, high: self.high.checked_sub(other.low)? })
    }
    pub fn checked_mul(self, other: Range) -> Option<Range> {
        let corners = [
            self.low.checked_mul(other.low)?,
            self.low.checked_mul(other.high)?,
            self.high.checked_mul(other.low)?,
            self.high.checked_mul(other.high)?,
        ];
        Some(Range { low: *corners.iter().min()?, high: *corners.iter().max()? })
    }
    pub fn is_non_negative(self) -> bool {
        self.low >= 0
    }
}

/// Everything known of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Type {
    pub kinds: Kinds,
    pub repr: Repr,
    /// Meaningful for integers (`Repr::I64`); `FULL` otherwise.
    pub range: Range,
    /// Header shape of the object a `Ptr` refers to, once guarded. 0: unknown.
    pub shape: u32,
}

impl Type {
    pub const INT: Type = Type { kinds: Kinds::INT, repr: Repr::I64, range: Range::FULL, shape: 0 };
    pub const FLOAT: Type = Type { kinds: Kinds::FLOAT, repr: Repr::F64, range: Range::FULL, shape: 0 };
    pub const BOOL: Type = Type { kinds: Kinds::BOOL, repr: Repr::Bool, range: Range::FULL, shape: 0 };
    pub const ANY: Type = Type { kinds: Kinds::ANY, repr: Repr::Boxed, range: Range::FULL, shape: 0 };
    pub const RAW: Type = Type { kinds: Kinds::NEVER, repr: Repr::Raw, range: Range::FULL, shape: 0 };

    pub fn int_in(low: i64, high: i64) -> Type {
        Type { range: Range { low, high }, ..Type::INT }
    }
    pub fn pointer(tag: u64, shape: u32) -> Type {
        Type { kinds: Kinds::of_tag(tag), repr: Repr::Ptr, range: Range::FULL, shape }
    }
    /// The lengths that such an object may have: what is in memory is bounded by that, ranges are not.
    pub fn lengths(self) -> Range {
        let may_be_range = self.kinds.single() == Some(tag::ARRAY) && matches!(self.shape, 0 | shape::ARR_RANGE);
        Range { low: 0, high: if may_be_range { i64::MAX } else { 1 << 48 } }
    }
}
