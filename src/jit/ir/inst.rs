//! Instructions of the IR. Operand and result kinds are in each doc comment; effects in `effects.rs`.
//!
//! A field `exit: StateId` means: leaves compiled code with that state if the check fails. `Option<StateId>`: `None` if the
//! check was proven superfluous.
pub use super::cell::Cell;
pub use super::effects::{Effects, Heaps, SlotWrites};
pub use super::home::{Home, Variable};
use super::{BlockId, Operation, SlotIx, StateId, ValueId};
pub use crate::bytecode::op::CompareCode as Cmp;

/// An instruction and the value it defines.
#[derive(Clone, Debug, PartialEq)]
pub struct Inst {
    pub kind: InstKind,
    pub result: Option<ValueId>,
    pub origin: Origin,
}

/// The bytecode instruction that something was made for, for source positions and dumps.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Origin {
    /// `FnId` of the function, which may be an inlined one.
    pub function: u32,
    pub pc: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum IntOp {
    Add,
    Sub,
    Mul,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BitOp {
    And,
    Or,
    Xor,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FloatOp {
    Add,
    Sub,
    Mul,
    /// The divisor was checked to be other than zero.
    Div,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FloatUnary {
    Neg,
    Abs,
    Sqrt,
    Floor,
    Ceil,
    Trunc,
}

/// A text of at most 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShortText {
    length: u8,
    bytes: [u8; 16],
}

impl ShortText {
    /// The text, if it is short.
    pub fn new(text: &str) -> Option<ShortText> {
        let mut bytes = [0; 16];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(ShortText { length: text.len() as u8, bytes })
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl std::fmt::Debug for ShortText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&String::from_utf8_lossy(self.as_bytes()), f)
    }
}

/// A function of one float or two that the runtime computes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FloatFunction {
    Sin,
    Cos,
    Tan,
    Atan,
    Exp,
    /// Of a number that was checked to be greater than zero.
    Log,
    Atan2,
    /// Base and exponent were checked to have a power.
    Power,
    /// The divisor was checked to be other than zero.
    Remainder,
}

impl FloatFunction {
    pub const ALL: [FloatFunction; 9] = {
        use FloatFunction::*;
        [Sin, Cos, Tan, Atan, Exp, Log, Atan2, Power, Remainder]
    };
}

/// What a call calls.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Callee {
    /// The code being made, with its unboxed parameters in registers.
    Own,
    /// The code of a function (`FnId`), with all arguments in slots.
    Entry(u32),
    /// Whatever the value in the slot below the callee's frame is, with so many arguments in slots. Code is called if it is that of a
    /// function which takes them as they are, everything else is left to the VM; the slot is emptied or stays as it is.
    Below(u16),
}

/// What becomes of the result of a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Outcome {
    /// The code called gives a value.
    #[default]
    Value,
    /// It hands over the parts of an array ([`InstKind::GiveParts`]) or gives a value: which of them, the result says to
    /// [`InstKind::GuardParts`] or to who called the code at hand.
    Parts,
    /// It does, and the array is made of them.
    Joined,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum InstKind {
    /// An integer constant → int.
    ConstI(i64),
    /// A float constant (bits) → float.
    ConstF(u64),
    /// A bool constant → bool.
    ConstB(bool),
    /// An immediate value that is not counted (null, function, type, unit): tag, payload → boxed.
    ConstBoxed(u64, u64),
    /// Entry `n` of the constant pool of the function at hand (`FnId`, index) → boxed, borrowed for ever.
    ConstPool(u32, u32),

    /// Reads a slot → boxed, borrowed while the slot is unchanged.
    LoadSlot(SlotIx),
    /// Writes a scalar or an immediate to a slot that holds no heap value.
    StoreSlot(SlotIx, ValueId),
    /// Releases what the slot holds and makes it null.
    ClearSlot(SlotIx),
    /// Retains a boxed or pointer value and stores it to a slot that holds no heap value.
    StoreSlotRetain(SlotIx, ValueId),
    /// Retains a boxed or pointer value, releases what the slot holds, and stores the new value.
    ReplaceSlot(SlotIx, ValueId),
    /// Moves a slot's value to another that holds no heap value; the source becomes null.
    MoveSlot {
        from: SlotIx,
        to: SlotIx,
    },
    /// Stores an owned boxed value (a call's result) to a slot that holds no heap value.
    StoreSlotOwned(SlotIx, ValueId),

    /// Module-table entry of the isolate → boxed, borrowed until the next write or call. Fails on `Uninit`/`InUse`.
    LoadModule {
        index: u32,
        exit: StateId,
    },
    /// Module-table entry that gets its value once → boxed, borrowed for ever. Fails on `Uninit`, unless it is known to have it.
    LoadConstant {
        index: u32,
        exit: Option<StateId>,
    },
    /// Writes a scalar to a module-table entry that holds a scalar; otherwise leaves. `known`: it holds one of the same kind.
    StoreModule {
        index: u32,
        value: ValueId,
        known: bool,
        exit: StateId,
    },
    /// Value in the cell that a slot holds → boxed, borrowed until the next write or call.
    LoadCell {
        slot: SlotIx,
        exit: StateId,
    },
    /// Writes a scalar to the cell that a slot holds, if that holds a scalar; otherwise leaves.
    StoreCell {
        slot: SlotIx,
        value: ValueId,
        exit: StateId,
    },
    /// The closure passed to the code, borrowed for as long as it runs.
    RunningClosure,
    /// Capture `n` of a closure (`None`: the one passed to the code) → boxed, borrowed.
    LoadCapture {
        closure: Option<ValueId>,
        index: u32,
    },
    /// Value in captured cell `n` of a closure → boxed, borrowed until the next write or call.
    LoadCaptureCell {
        closure: Option<ValueId>,
        index: u32,
        exit: StateId,
    },
    /// Writes a scalar to captured cell `n`, if that holds a scalar; otherwise leaves.
    StoreCaptureCell {
        closure: Option<ValueId>,
        index: u32,
        value: ValueId,
        exit: StateId,
    },

    /// Boxed value has this tag → its payload in the representation of that kind.
    GuardTag {
        value: ValueId,
        tag: u64,
        exit: StateId,
    },
    /// Boxed value is not this tag.
    GuardNotTag {
        value: ValueId,
        tag: u64,
        exit: StateId,
    },
    /// Header shape of a pointer is this one → pointer.
    GuardShape {
        pointer: ValueId,
        shape: u32,
        exit: StateId,
    },
    /// The count of what a slot holds (`None`: an element or field of an unshared object) is one → pointer.
    GuardUnique {
        slot: Option<SlotIx>,
        pointer: ValueId,
        exit: StateId,
    },
    /// The object that `pointer` refers to, from `home`, for changing: if others hold it, a copy takes its place there → pointer.
    /// Leaves if there is no room for a copy or it has another shape. `guess`: expected never to copy, may become a check.
    Unshare {
        home: Home,
        pointer: ValueId,
        guess: bool,
        exit: StateId,
    },
    /// The elements of an unshared array are stored as values from now on → pointer. Leaves if there is no room.
    Generalise {
        pointer: ValueId,
        exit: StateId,
    },
    /// The elements of an unshared array are stored unboxed from now on if all have the kind of `tag`, as the last one has; how often that
    /// is looked at is the runtime's affair. Nothing that is known of the array's kind or address holds any more.
    Settle {
        pointer: ValueId,
        tag: u64,
    },
    /// Element of an array of any kind at a checked index → boxed, borrowed from the array.
    LoadItem {
        pointer: ValueId,
        index: ValueId,
    },
    /// A boxed int or float as a float; leaves for other kinds.
    ToFloat {
        value: ValueId,
        exit: StateId,
    },
    /// A new instance or array of a shape; fields or elements as it stores them, boxed ones are moved there → pointer, owned.
    MakeInstance {
        shape: u32,
        values: Box<[ValueId]>,
    },
    /// A new closure of a function (`FnId`) with captured values, cells included, which are moved there → pointer, owned.
    MakeClosure {
        function: u32,
        captures: Box<[ValueId]>,
    },
    /// Counts one more reference to a boxed value → the same value, owned.
    Retain(ValueId),
    /// Gives up an owned boxed value.
    Release(ValueId),
    /// Moves an owned boxed value to its place in a container and releases what was there.
    StoreOwned {
        home: Home,
        value: ValueId,
    },
    /// `0 <= index < length` → the index. Without `exit` it was proven.
    GuardBounds {
        index: ValueId,
        length: ValueId,
        exit: Option<StateId>,
    },
    /// An int of at least `low` and at most `high` → the same.
    GuardSmall {
        value: ValueId,
        low: i64,
        high: i64,
        exit: Option<StateId>,
    },
    /// A bool is true.
    GuardTrue {
        value: ValueId,
        exit: StateId,
    },
    /// Boxed value is this function, without captures.
    GuardFunction {
        value: ValueId,
        function: u32,
        exit: StateId,
    },
    /// Closure is one of this function → the closure.
    GuardClosure {
        pointer: ValueId,
        function: u32,
        exit: StateId,
    },
    /// Header shape of a pointer is this one → bool.
    IsShape {
        pointer: ValueId,
        shape: u32,
    },
    /// Closure is one of this function → bool.
    IsClosure {
        pointer: ValueId,
        function: u32,
    },
    /// Boxed value is this function – a closure of it, if it has captures – → bool.
    IsFunction {
        value: ValueId,
        function: u32,
        captures: bool,
    },
    /// Boxed value is null → bool. Leaves if it may have an equality of its own: once any declaration has.
    EqualsNull {
        value: ValueId,
        exit: StateId,
    },
    /// Boxed value is this text → bool. Leaves if it is an instance or enum value, which may have an equality of its own.
    EqualsText {
        value: ValueId,
        text: ShortText,
        exit: StateId,
    },
    /// Tag of a boxed value → int.
    TagOf(ValueId),
    /// Variant of a boxed value → int: its `value::layout::variant_number`; the shape of an instance, and 0 of all else.
    VariantOf(ValueId),
    /// Payload value of an enum value that has it → boxed, borrowed from it. Enum values never change.
    LoadPayload {
        pointer: ValueId,
        index: u32,
    },
    /// Unboxes without a check (the kind is known).
    Unbox {
        value: ValueId,
        tag: u64,
    },
    /// Boxes an unboxed value (tag implied by its type) → boxed.
    Box(ValueId),

    /// Integer arithmetic; leaves on overflow.
    Int {
        op: IntOp,
        a: ValueId,
        b: ValueId,
        exit: Option<StateId>,
    },
    /// Truncating division. `zero`: leaves on a zero divisor; `overflow`: on MIN / -1.
    DivI {
        a: ValueId,
        b: ValueId,
        zero: Option<StateId>,
        overflow: Option<StateId>,
    },
    /// Remainder with the sign of the dividend.
    ModI {
        a: ValueId,
        b: ValueId,
        zero: Option<StateId>,
    },
    Bit {
        op: BitOp,
        a: ValueId,
        b: ValueId,
    },
    /// The lowest 64 bits of a sum, difference or product.
    Low {
        op: IntOp,
        a: ValueId,
        b: ValueId,
    },
    /// The lowest 64 bits of an integer of any size; leaves for anything else.
    LowWord {
        value: ValueId,
        exit: StateId,
    },
    /// `a << b`; leaves unless `0 <= b < 64` and no significant bit is lost.
    ShlI {
        a: ValueId,
        b: ValueId,
        exit: StateId,
    },
    /// `a >> b` (arithmetic); leaves if `b < 0`; beyond 63 like 63.
    ShrI {
        a: ValueId,
        b: ValueId,
        exit: Option<StateId>,
    },
    NegI {
        a: ValueId,
        exit: Option<StateId>,
    },
    NotI(ValueId),
    Float {
        op: FloatOp,
        a: ValueId,
        b: ValueId,
    },
    FloatUnary {
        op: FloatUnary,
        a: ValueId,
    },
    /// A function of one float takes it twice.
    CallFloat {
        function: FloatFunction,
        a: ValueId,
        b: ValueId,
    },
    /// Leaves if the float is zero → the float. Without `exit` it was proven.
    GuardNonZeroF {
        a: ValueId,
        exit: Option<StateId>,
    },
    IntToFloat(ValueId),
    /// Truncation of a float known or checked to fit; otherwise leaves.
    FloatToInt {
        a: ValueId,
        exit: StateId,
    },
    CmpI {
        op: Cmp,
        a: ValueId,
        b: ValueId,
    },
    CmpF {
        op: Cmp,
        a: ValueId,
        b: ValueId,
    },
    NotB(ValueId),
    /// Same address, for kinds compared by identity or interned strings.
    CmpPtr {
        equal: bool,
        a: ValueId,
        b: ValueId,
    },
    /// Truth of a boxed value (helper for heap kinds) → bool.
    Truthy(ValueId),
    /// `cond ? a : b` without a branch; a and b of one scalar representation.
    Select {
        cond: ValueId,
        a: ValueId,
        b: ValueId,
    },

    /// Length word of an array, string (bytes) → int ≥ 0.
    LoadLength(ValueId),
    /// First number of a range → int.
    LoadStart(ValueId),
    /// What a range adds from number to number → int.
    LoadStep(ValueId),
    /// Address of an array's elements → raw.
    LoadData(ValueId),
    /// Element → int, float, bool, or boxed (borrowed from the array).
    LoadElement {
        cell: Cell,
        data: ValueId,
        index: ValueId,
    },
    /// Stores a scalar of the element kind; to a value element, over a scalar.
    StoreElement {
        cell: Cell,
        data: ValueId,
        index: ValueId,
        value: ValueId,
    },
    /// Value element that holds a scalar or immediate before and after; leaves if it holds a heap value.
    StoreElementValue {
        data: ValueId,
        index: ValueId,
        value: ValueId,
        exit: StateId,
    },
    /// Exchanges two value elements of an array that nobody else holds.
    Exchange {
        data: ValueId,
        a: ValueId,
        b: ValueId,
    },
    /// Key or value of the entry before a cursor (from [`Operation::NextEntry`]) → boxed, borrowed from the dict or set.
    LoadEntry {
        table: ValueId,
        next: ValueId,
        key: bool,
    },
    /// Value at an address that [`Operation::Find`] has given → boxed, borrowed from the dict. Where it is 0: the default, borrowed (null if it
    /// was left out), or else it leaves.
    LoadFound {
        address: ValueId,
        default: Option<ValueId>,
        exit: Option<StateId>,
    },
    /// Field at a byte offset of an instance whose shape was guarded.
    LoadField {
        cell: Cell,
        pointer: ValueId,
        offset: u32,
    },
    StoreField {
        cell: Cell,
        pointer: ValueId,
        offset: u32,
        value: ValueId,
    },

    /// Calls compiled code; the callee's frame starts at slot `base`, where its arguments are, but for those passed in registers: of the
    /// code at hand its parameters, of others what is lent to them. What is owned of that, `drops`, is given up afterwards. The
    /// `self` of a mutating method is moved to `gives_back` afterwards; a part of something unshared is taken from there before, and
    /// null stands there meanwhile. Result boxed, owned; a raise leaves with `exit`, unless the code `catches` it: then the result is no
    /// value, and the next instruction asks for that.
    CallCompiled {
        callee: Callee,
        base: SlotIx,
        args: Box<[ValueId]>,
        drops: Box<[ValueId]>,
        closure: Option<ValueId>,
        gives_back: Option<Home>,
        outcome: Outcome,
        catches: bool,
        exit: StateId,
    },
    /// Hands the elements of an array that is returned, owned, to the caller: right before the return.
    GiveParts(Box<[ValueId]>),
    /// Checks that a call has handed over so many parts ([`Outcome::Parts`]); of an array with as many elements the runtime takes them apart.
    GuardParts {
        value: ValueId,
        count: u8,
        exit: StateId,
    },
    /// One of the parts handed over → boxed, owned. Each is taken once, and before anything that calls.
    LoadPart(u8),
    /// Moves the struct that something unshared keeps in `home`, which is `value`, to a slot that holds no heap value; null stands there
    /// meanwhile.
    TakePart {
        home: Home,
        value: ValueId,
        to: SlotIx,
    },
    /// Moves it back.
    GivePart {
        home: Home,
        from: SlotIx,
    },
    /// Calls the function form of a builtin on the arguments in slots from `base` on → boxed, owned. A raise leaves or is caught.
    CallBuiltin {
        builtin: u16,
        base: SlotIx,
        count: u16,
        catches: bool,
        exit: StateId,
    },
    /// Calls the mutating form of a builtin on the value in `place` → boxed, owned. A raise leaves or is caught.
    CallMutating {
        builtin: u16,
        place: Home,
        base: SlotIx,
        count: u16,
        used: bool,
        catches: bool,
        exit: StateId,
    },
    /// Appends a value (moved there if `owned`) to the array in `home`, whose address is `pointer`. A raise leaves. `stays`: the array
    /// was made unshared and the value is no object, so the home keeps this very array.
    Push {
        builtin: u16,
        home: Home,
        pointer: ValueId,
        value: ValueId,
        owned: bool,
        stays: bool,
        exit: StateId,
    },
    /// Takes the last element, or null, from the array in `home`, whose address is `pointer` → boxed, owned. A raise leaves.
    Pop {
        builtin: u16,
        home: Home,
        pointer: ValueId,
        exit: StateId,
    },
    /// Byte at a checked index of a string of ASCII characters, or behind an address → int.
    LoadByte {
        pointer: ValueId,
        index: ValueId,
    },
    /// The string of one character of an ASCII code → boxed, borrowed for ever.
    CharOf(ValueId),
    /// An operation of the runtime on borrowed values (and the place it changes), with the result it names. Leaves if it is not done.
    Operate {
        op: Operation,
        home: Option<Home>,
        args: Box<[ValueId]>,
        exit: StateId,
    },
    /// Calls a runtime helper by its index in the helper table. `writes`: the slots of this frame that it may change
    /// (its dirty slots were written back and the ones it writes are read again afterwards).
    CallHelper {
        helper: u16,
        args: Box<[ValueId]>,
        writes: Box<[SlotIx]>,
        exit: Option<StateId>,
    },
    /// Lets the VM execute the one instruction at the state's pc on the frame in memory (all slots it reads have been written
    /// back by the builder), calls that it makes included → int, the offset of the instruction that comes next. An exception
    /// leaves, with the unwinding pending; if the code `catches` it, the result is below 0.
    Fallback {
        writes: Box<[SlotIx]>,
        catches: bool,
        exit: StateId,
    },
    /// Is what a call has given no value, since it has raised? → bool
    IsRaised(ValueId),
    /// What the handler of the frame `from` (counted from the outermost) gets, for an error that was raised by the state's instruction or is
    /// `thrown` there, a borrowed value → boxed, owned. Frames from that one on become part of its trace. What is raised and no error
    /// leaves; what is thrown and has a display form of its own as well, for the VM to throw it. `cleanup`: the handler is a `finally`.
    Caught {
        thrown: Option<ValueId>,
        from: u16,
        cleanup: bool,
        exit: StateId,
    },
    /// Makes an error of a borrowed value, which has left all frames of the state, and leaves it for who called the code. Leaves as above.
    Throw {
        value: ValueId,
        exit: StateId,
    },
    /// Back-edge poll of the interrupt word; leaves if set. With a `counter` only in turns in which that is a multiple of
    /// `every`, a power of two. Leaves as well if one of the `sums` is beyond `opt::sums::MOST`.
    Poll {
        counter: Option<ValueId>,
        every: i64,
        sums: Box<[ValueId]>,
        exit: StateId,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Terminator {
    Jump(BlockId, Box<[ValueId]>),
    Branch {
        cond: ValueId,
        then: (BlockId, Box<[ValueId]>),
        otherwise: (BlockId, Box<[ValueId]>),
    },
    /// Returns a scalar or an owned boxed value; all slots hold no heap value by then.
    Return(ValueId),
    /// Leaves unconditionally (an operation that is never compiled, or code never reached).
    Exit(StateId),
}
