//! What the VM notes for the JIT: one word per instruction, and the caches of field and method sites.
//!
//! Words are written off the fast paths only: the int path of an operator writes nothing, any other sets its bit once. Loop
//! heads count their back edges. [`Snapshot`] is all of it as plain data for a compile thread.
use std::cell::Cell;

use super::function::Activation;
use crate::semantics::arith::{self, ArithOp};
use crate::semantics::step::Then;
use crate::value::{FieldSlot, Value};

/// Bits of an operator's or index site's word: kinds of operands met besides two small ints.
pub mod seen {
    pub const FLOAT: u32 = 1;
    /// Int with float.
    pub const MIXED: u32 = 2;
    pub const STRING: u32 = 4;
    pub const OTHER: u32 = 8;
    /// Small ints whose result is a big one.
    pub const OVERFLOW: u32 = 16;
    /// A struct or enum value, which may have overloads.
    pub const DECLARED: u32 = 32;
    /// Ints one of which is big.
    pub const BIG: u32 = 64;
    /// Base of an index site or what a loop runs over: for arrays, the bit whose number is their shape; dicts; text; bytes.
    pub const DICT: u32 = 1 << 17;
    pub const TEXT: u32 = 1 << 14;
    pub const BYTES: u32 = 1 << 15;
    /// What a loop runs over; other sites do not tell sets apart.
    pub const SET: u32 = 1 << 18;
    /// Segment `n` of a place has led to an entry of a dict and further on, for the first few segments.
    const FIRST_ENTRY: u32 = 19;
    const MOST_ENTRIES: usize = 5;

    /// The bit for that; none for segments too far out.
    pub fn entry(segment: usize) -> u32 {
        if segment < MOST_ENTRIES { 1 << (FIRST_ENTRY + segment as u32) } else { 0 }
    }

    /// The segments of a place that have, as bits.
    pub fn entries(word: u32) -> u32 {
        word >> FIRST_ENTRY & ((1 << MOST_ENTRIES) - 1)
    }

    /// Elements that a pattern has taken out of arrays.
    pub const INT_ITEM: u32 = 1 << 24;
    pub const FLOAT_ITEM: u32 = 1 << 25;
    pub const BOOL_ITEM: u32 = 1 << 26;
    pub const OTHER_ITEM: u32 = 1 << 27;
    /// A loop over ints.
    pub const STEPS: u32 = 1 << 16;
    /// Word of a call site with several callees, which `Activation::several` lists; with one the word is its `FnId` plus 1.
    pub const POLYMORPHIC: u32 = u32::MAX - 1;
    /// Word of a call site with more callees than are listed, and of an instruction that has made or taken apart instances of several
    /// shapes.
    pub const MEGAMORPHIC: u32 = u32::MAX;
}

/// Shapes remembered per site: as many as a hierarchy of structs has mostly, since what is compiled for the shapes met leaves for others.
pub const WAYS: usize = 8;

/// Functions remembered per site that calls values.
pub const MOST_FUNCTIONS: usize = 4;

/// A field site: where the field lies in the shapes met, the latest first.
#[derive(Debug)]
pub struct FieldCache {
    ways: [Cell<Option<FieldSlot>>; WAYS],
    /// More shapes than ways were met.
    pub megamorphic: Cell<bool>,
}

impl Default for FieldCache {
    fn default() -> FieldCache {
        FieldCache { ways: Default::default(), megamorphic: Cell::new(false) }
    }
}

impl FieldCache {
    #[inline(always)]
    pub fn first(&self) -> Option<FieldSlot> {
        self.ways[0].get()
    }

    /// The slot for a shape, moved to the front.
    pub fn find(&self, shape: u32) -> Option<FieldSlot> {
        let at = self.ways.iter().position(|way| way.get().is_some_and(|slot| slot.shape() == shape))?;
        self.ways[0].swap(&self.ways[at]);
        self.ways[0].get()
    }

    pub fn add(&self, slot: FieldSlot) {
        if self.ways[WAYS - 1].get().is_some() {
            self.megamorphic.set(true);
        }
        for way in (1..WAYS).rev() {
            self.ways[way].set(self.ways[way - 1].get());
        }
        self.ways[0].set(Some(slot));
    }

    pub fn slots(&self) -> Vec<FieldSlot> {
        self.ways.iter().filter_map(Cell::get).collect()
    }
}

/// How often the caches of field and method sites were asked in a watched loop, and did not know the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CacheCounts {
    pub asked: u64,
    pub missed: u64,
}

/// What one function has met, as plain data.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub calls: u32,
    /// One word per instruction.
    pub words: Vec<u32>,
    /// Per field site the slots of the shapes met; `None` if they were too many.
    pub fields: Vec<Option<Vec<FieldSlot>>>,
    /// Per place and segment the same; nothing for index segments.
    pub places: Vec<Vec<Option<Vec<FieldSlot>>>>,
    /// Callees of the call sites that have met several.
    pub several: Vec<(usize, Vec<u32>)>,
    /// Per method site what receivers were resolved to; `None` if it was never executed.
    pub methods: Vec<Option<Vec<MethodSeen>>>,
    /// By offset and shape.
    pub overloads: Vec<Overload>,
}

/// An operator that called the method overloading it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Overload {
    pub pc: u32,
    /// Shape of the left operand, which alone decides what is called.
    pub shape: u32,
    pub method: u32,
    pub then: Then,
}

/// A resolved method call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MethodSeen {
    Method {
        /// Shape of the receiver, or its tag for built-in kinds.
        key: u32,
        /// The method: a user function, or a builtin (ids below the number of builtins).
        target: u32,
    },
    /// A field of the receiver, which was called without it.
    Field(FieldSlot),
}

/// Takes a copy of a function's feedback.
pub fn snapshot(function: &Activation) -> Snapshot {
    let field = |cache: &FieldCache| (!cache.megamorphic.get()).then(|| cache.slots());
    Snapshot {
        calls: function.heat.get(),
        words: function.feedback.as_slice().iter().map(Cell::get).collect(),
        fields: function.fields.as_slice().iter().map(field).collect(),
        places: function.places.as_slice().iter().map(|caches| caches.iter().map(field).collect()).collect(),
        several: function.several.borrow().clone(),
        methods: function.methods.as_slice().iter().map(|cache| cache.seen()).collect(),
        overloads: function.overloads.borrow().clone(),
    }
}

/// The bit for the operands of an arithmetic operator: none for two small ints with a small result, wherever that was computed.
pub fn arith_bits(op: ArithOp, a: &Value, b: &Value) -> u32 {
    let small = matches!((a, b), (Value::Int(_), Value::Int(_))) && arith::simple(op, a, b).is_some();
    if small { 0 } else { operand_bits(a, b) }
}

/// The bit for a pair of operands.
pub fn operand_bits(a: &Value, b: &Value) -> u32 {
    match (a, b) {
        (Value::Int(_), Value::Int(_)) => seen::OVERFLOW,
        (Value::Float(_), Value::Float(_)) => seen::FLOAT,
        (Value::Int(_), Value::Float(_)) | (Value::Float(_), Value::Int(_)) => seen::MIXED,
        (Value::Int(_) | Value::BigInt(_), Value::Int(_) | Value::BigInt(_)) => seen::BIG,
        _ if is_declared(a) || is_declared(b) => seen::DECLARED,
        (Value::Str(_), _) | (_, Value::Str(_)) => seen::STRING,
        _ => seen::OTHER,
    }
}

/// The bit for an element that a pattern has taken out.
pub fn item_bit(item: &Value) -> u32 {
    match item {
        Value::Int(_) => seen::INT_ITEM,
        Value::Float(_) => seen::FLOAT_ITEM,
        Value::Bool(_) => seen::BOOL_ITEM,
        _ => seen::OTHER_ITEM,
    }
}

/// The operands of a comparison, which has no result that could be too large for an int.
pub fn comparison_bits(a: &Value, b: &Value) -> u32 {
    match (a, b) {
        (Value::Int(_), Value::Int(_)) => 0,
        _ => operand_bits(a, b),
    }
}

fn is_declared(value: &Value) -> bool {
    matches!(value, Value::Struct(_) | Value::Variant(_) | Value::Unit { .. })
}
