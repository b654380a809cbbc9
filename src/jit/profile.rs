//! What the VM has seen, as plain data: the compile thread works on this snapshot alone and never touches values.
use std::sync::Arc;

use ahash::{AHashMap, AHashSet};

use super::ir::Kinds;
use super::ir::inst::Cell;
use crate::bytecode::chunk::Chunk;
use crate::semantics::call::FnInfo;
use crate::value::shapes::ShapeInfo;
use crate::value::{FieldSlot, Rep};
use crate::vm::feedback::Overload;

/// One request to compile.
#[derive(Debug)]
pub struct Request {
    /// `FnId` of the function.
    pub function: u32,
    pub entry: Entry,
    /// Everything known of the function and of those it may call, by `FnId`.
    pub functions: AHashMap<u32, Arc<FunctionProfile>>,
    /// `FnId`s of the bodies of builtins written in Ruff, as far as they have been called.
    pub prelude: AHashMap<u16, u32>,
    pub limits: BuildLimits,
    /// Each check leaves with the state of its own instruction.
    pub exact_exits: bool,
    /// Guesses in front of loops are not made any more.
    pub careful: bool,
}

/// Where compiled code is entered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// At the start; parameters are in the first slots.
    Call,
    /// At the loop whose back edges lead to `pc`; `tags` of the slots at that moment, those that held ints below zero, and the functions in
    /// parameters that the code is made for.
    Loop { pc: u32, tags: Vec<u64>, negative: Vec<u16>, functions: Vec<(u16, u32)> },
}

/// How much the builder may do.
#[derive(Clone, Copy, Debug)]
pub struct BuildLimits {
    /// Instructions of a function that may be inlined.
    pub inline_size: usize,
    /// The same once there is IR of that many values, unless an instance that need not exist is handed over, or an innermost loop calls.
    pub small_size: usize,
    pub lean_ir: usize,
    /// IR values after which an innermost loop that calls a function which calls others is no reason any more: most of such a turn's work
    /// is in those.
    pub calling_ir: usize,
    pub inline_depth: usize,
    /// Copies of one function in a chain of inlined calls, the outermost one included.
    pub inline_copies: usize,
    /// Instructions of a function with a loop that may be inlined.
    pub loop_size: usize,
    /// Instructions of all copies of a function inlined in itself, on one way down.
    pub recursive_size: usize,
    /// Values of the whole IR after which nothing more is inlined.
    pub ir_size: usize,
    /// Leave where the VM has never been, so that it sees what it meets there; otherwise let it execute single instructions.
    pub leaves_unreached: bool,
    /// Instructions of a loop entered in the middle of others that are built twice at most: once more as a part of them. A longer one is
    /// built alone.
    pub twice_size: usize,
}

impl Default for BuildLimits {
    fn default() -> BuildLimits {
        BuildLimits {
            inline_size: 60,
            small_size: 24,
            lean_ir: 100,
            calling_ir: 300,
            inline_depth: 4,
            inline_copies: 3,
            loop_size: 24,
            recursive_size: 32,
            ir_size: 1500,
            leaves_unreached: true,
            twice_size: usize::MAX,
        }
    }
}

/// What a variable holds that gets a value once: it holds that as long as the program runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Constant {
    /// Nothing yet, or what is neither of the others.
    Any,
    Int(i64),
    /// Its bits.
    Float(u64),
    Bool(bool),
    /// A big integer of 64 bits without a sign.
    Word(u64),
    /// Another object, with this tag.
    Object(u64),
}

/// A function as the builder sees it.
#[derive(Debug)]
pub struct FunctionProfile {
    pub chunk: Arc<Chunk>,
    /// Added to a unit-local function number to get its `FnId`.
    pub unit_base: u32,
    /// Added to a unit-local module variable to get its index in the isolate's table.
    pub module_base: u32,
    /// What is known of those module variables that it reads, by number in the unit, that get a value once and are never changed.
    pub constants: AHashMap<u32, Constant>,
    /// Tags of the arguments of recent calls; `ANY` where they differ.
    pub params: Vec<Kinds>,
    pub sites: AHashMap<u32, Site>,
    /// The places that method calls go to, as [`Site::Place`].
    pub places: AHashMap<u32, Site>,
    /// The methods that operators have called, by offset.
    pub overloads: AHashMap<u32, Vec<Overload>>,
    /// Field instructions and method calls that the VM has executed.
    pub reached: AHashSet<u32>,
    /// How it is called.
    pub info: Arc<FnInfo>,
    /// It reads captures: values that call it are closures.
    pub captures: bool,
    /// What passes each test of a pattern, if that is one variant or struct.
    pub tests: Vec<Option<Tested>>,
    /// The shape of each enum value made here, unless its payload has to be looked at.
    pub variants: Vec<Option<u32>>,
    /// Where the fields of each struct literal come from, unless that is the VM's business.
    pub literals: Vec<Option<Box<[FieldFrom]>>>,
    /// Of each struct made by its constructor the defaults of its fields, as far as they are known.
    pub defaults: Vec<Box<[Option<FieldFrom>]>>,
    /// The variant without payload that each constant is, as `value::layout::variant_number`, unless its enum has an equality of its own.
    pub units: Vec<Option<i64>>,
    /// The address of each name of the function as a text, which is interned and never freed.
    pub names: Vec<u64>,
    /// Instructions that left compiled code too often: they are left to the VM.
    pub poisoned: Vec<u32>,
}

/// What passes a test of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tested {
    /// A variant, by its `value::layout::variant_number`.
    Variant(i64),
    /// The instances of a struct: its shapes with numbers below `end`. Shapes with larger ones may have been made for it since.
    Struct { shapes: Vec<u32>, end: u32 },
    /// What has entries or fields.
    Fields,
}

/// Where a field of a struct literal comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FieldFrom {
    /// The literal's item of this number.
    Item(u16),
    /// The field of the instance that is the item of this number.
    Spread(u16),
    /// A default that is known: one of these, an array without elements, or what a variable of the isolate's table holds.
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// By its `value::layout::variant_number`.
    Unit(i64),
    NoElements,
    Variable(u32),
}

/// What one instruction has met.
#[derive(Clone, Debug, PartialEq)]
pub enum Site {
    /// Kinds of both operands together; whether an integer result needed more than 64 bits.
    Operands {
        kinds: Kinds,
        overflow: bool,
    },
    /// Header shapes of the bases; kinds of the values read or written.
    Elements {
        shapes: Vec<u32>,
        values: Kinds,
    },
    Fields(Vec<FieldCase>),
    /// Per segment of a place: the field's cases (none for index segments), and the shapes of the array at its end. `entries` has a bit for
    /// each segment that has led to an entry of a dict and further on.
    Place {
        fields: Vec<Vec<FieldCase>>,
        shapes: Vec<u32>,
        entries: u32,
    },
    Callees(Vec<Target>),
    /// A method site that has called fields of its receivers, and the functions they held, if these were few.
    Called {
        fields: Vec<FieldCase>,
        functions: Vec<Target>,
    },
    /// More functions than are noted.
    ManyCallees,
    /// The only shape of the instances made here.
    Made(u32),
    /// Kinds of the first argument of a builtin.
    Argument(Kinds),
}

/// Marks in a list of poisoned instructions the head of a loop whose checks in front of it failed too often.
pub const FRONT: u32 = 1 << 31;

/// Marks one whose bounds and sums were taken for smaller than they are.
pub const LARGE: u32 = 1 << 30;

/// A field of one shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldCase {
    pub shape: u32,
    pub cell: Cell,
    /// Byte offset in the object.
    pub offset: u32,
    /// Kinds of the values met, for `Cell::Value`.
    pub values: Kinds,
}

impl FieldCase {
    /// Where a field of a shape lies; values of any kind may have been met.
    pub fn of(slot: &FieldSlot) -> FieldCase {
        let cell = match slot.rep() {
            Rep::F64 => Cell::F64,
            Rep::I64 => Cell::I64,
            Rep::Value => Cell::Value,
        };
        FieldCase { shape: slot.shape(), cell, offset: slot.offset(), values: Kinds::ANY }
    }

    /// Where the field of this name lies in instances of a shape.
    pub fn named(info: &ShapeInfo, name: &str) -> Option<FieldCase> {
        let fields = &info.decl().as_struct()?.fields;
        let position = fields.iter().position(|field| field.name.as_str() == name)?;
        info.slots().get(position).map(FieldCase::of)
    }
}

/// A method or function called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Shape of the receiver, or its tag for built-in kinds; 0 for plain calls.
    pub shape: u32,
    /// `FnId`, of a builtin too.
    pub function: u32,
}

impl FunctionProfile {
    /// Kinds of the operands of an arithmetic instruction; ints if it took only its fastest path so far.
    pub fn operands(&self, pc: u32) -> (Kinds, bool) {
        match self.sites.get(&pc) {
            Some(Site::Operands { kinds, overflow }) => (*kinds, *overflow),
            _ => (Kinds::INT, false),
        }
    }

    /// How often code was given up for leaving at this instruction.
    pub fn storms(&self, pc: u32) -> usize {
        self.poisoned.iter().filter(|other| **other == pc).count()
    }
}
