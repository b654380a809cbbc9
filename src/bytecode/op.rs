//! The instruction table: every instruction once, with its meaning, operands and effects.
//!
//! [`for_each_op!`] hands the table to a macro of the caller; [`Op`], [`OpInfo`], the disassembler, the verifier and
//! `notes/bytecode.md` are made from it. The two places with real content per instruction, the dispatch loop and the JIT's
//! builder, are matches without a catch-all arm.
//!
//! The machine has registers. A frame is `[self?, parameters | locals | temporaries]`; a register below `Chunk::locals` is a
//! *local*, one from there on is a *temporary*. Always holds:
//! * an operand read from a local is borrowed; one read from a temporary is consumed, and the temporary is left without a
//!   reference. So temporaries never keep anything alive, and every temporary is written before it is read;
//! * writing a register drops what it held, after all operands have been read; `dst` may be one of the operands;
//! * where `dst` is the first operand, arithmetic and concatenation work in place if the operand's object is unique;
//! * an instruction that faults leaves its local operands (a local that is also its `dst` included) as they were;
//! * jump offsets count instructions from the one after the jump. A backward jump leads to the instruction after a
//!   [`Op::LoopHead`], where no temporary is live; nor is one at the entry of a handler.
//!
//! Legend of operand kinds: see [`OperandKind`]. Legend of flags:
//! `fault` may raise · `call` may run user code (a frame is pushed or `run` nested) · `jump` may continue elsewhere ·
//! `end` never continues with the next instruction.

/// Calls `$then! { rows }` with all instructions.
#[macro_export]
macro_rules! for_each_op {
    ($then:ident) => {
        $then! {
            // ---- moving values ----
            /// Does nothing.
            Nop {} [];
            /// Copies a register.
            Move { dst: Write, src: Keep } [];
            /// Moves a register's value out of it, leaving null.
            Take { dst: Write, src: Empty } [];
            /// Null.
            LoadNull { dst: Write } [];
            /// False for 0, true for 1.
            LoadBool { value: Flag, dst: Write } [];
            /// A small integer.
            LoadInt { dst: Write, value: Int32 } [];
            /// Constant `value`.
            LoadConst { dst: Write, value: Const32 } [];
            /// Drops what `count` locals from `first` hold and makes them null: their block has ended.
            Clear { first: Local, count: Count16 } [];
            /// Drops what register `a` holds and makes it null.
            Discard { a: Empty } [];
            /// The running closure (or captureless function) itself.
            LoadSelfFn { dst: Write } [];

            // ---- cells, captures, module variables ----
            /// Puts a fresh, uninitialised cell into a local.
            NewCell { slot: Local } [];
            /// Moves a parameter's value into a fresh cell that takes its place.
            CellParam { slot: Local } [];
            /// Value of the cell in a local; faults if uninitialised or in use.
            CellGet { dst: Write, cell: Local, name: Name } [fault];
            /// Stores to the cell in a local; faults if it is in use.
            CellSet { cell: Local, value: Read, name: Name } [fault];
            /// Captured value `index` of the running closure.
            CaptureGet { dst: Write, index: Index } [];
            /// Value of captured cell `index`; faults if uninitialised or in use.
            CaptureCellGet { dst: Write, index: Index, name: Name } [fault];
            /// Stores to captured cell `index`; faults if it is in use.
            CaptureCellSet { index: Index, value: Read, name: Name } [fault];
            /// Module variable `var` of this unit; faults if uninitialised or in use.
            ModuleGet { dst: Write, var: ModuleVar } [fault];
            /// Stores to a module variable; faults if it is in use.
            ModuleSet { value: Read, var: ModuleVar } [fault];
            /// A new closure as `Chunk::closures[closure]` says.
            MakeClosure { dst: Write, closure: Closure } [fault];

            // ---- arithmetic: dst = a op b ----
            /// `a + b`
            Add { dst: Write, a: Read, b: Read } [fault, call];
            /// `a - b`
            Sub { dst: Write, a: Read, b: Read } [fault, call];
            /// `a * b`
            Mul { dst: Write, a: Read, b: Read } [fault, call];
            /// `a / b`
            Div { dst: Write, a: Read, b: Read } [fault, call];
            /// `a % b`
            Mod { dst: Write, a: Read, b: Read } [fault, call];
            /// `a + k`
            AddK { dst: Write, a: Read, k: Int16 } [fault, call];
            /// `a - k`
            SubK { dst: Write, a: Read, k: Int16 } [fault, call];
            /// `a * k`
            MulK { dst: Write, a: Read, k: Int16 } [fault, call];
            /// `a / k`
            DivK { dst: Write, a: Read, k: Int16 } [fault, call];
            /// `a % k`
            ModK { dst: Write, a: Read, k: Int16 } [fault, call];
            /// `a + c`
            AddC { dst: Write, a: Read, c: Const16 } [fault, call];
            /// `a - c`
            SubC { dst: Write, a: Read, c: Const16 } [fault, call];
            /// `a * c`
            MulC { dst: Write, a: Read, c: Const16 } [fault, call];
            /// `a / c`
            DivC { dst: Write, a: Read, c: Const16 } [fault, call];
            /// The other operators (`** & | ^ << >>`): `op` is an `ArithOp`.
            Arith { op: ArithOp, dst: Write, a: Read, b: Read } [fault, call];
            /// The other operators with a small right operand.
            ArithK { op: ArithOp, dst: Write, a: Read, k: Int16 } [fault, call];
            /// `-a`
            Neg { dst: Write, a: Read } [fault, call];
            /// `!a`: false if `a` is truthy (or as `op_not` says).
            Not { dst: Write, a: Read } [fault, call];
            /// `~a`
            BitNot { dst: Write, a: Read } [fault, call];
            /// Whether `a` is truthy.
            Truthy { dst: Write, a: Read } [];

            // ---- comparisons as values ----
            /// `a == b`, and so on: `op` is a `CompareOp`.
            Compare { op: CompareOp, dst: Write, a: Read, b: Read } [fault, call];
            /// `a == c`, and so on, with a constant.
            CompareC { op: CompareOp, dst: Write, a: Read, c: Const16 } [fault, call];
            /// `a in b`; with `negate`, `a not in b`.
            Contains { negate: Flag, dst: Write, a: Read, b: Read } [fault, call];

            // ---- jumps ----
            /// Always.
            Jump { to: Jump32 } [jump, end];
            /// If `a` is truthy.
            JumpIf { a: Read, to: Jump32 } [jump];
            /// If `a` is not truthy.
            JumpIfNot { a: Read, to: Jump32 } [jump];
            /// If local or temporary `a` is null; it keeps its value.
            JumpIfNull { a: Peek, to: Jump32 } [jump];
            /// If `a` is not null; it keeps its value.
            JumpIfNotNull { a: Peek, to: Jump32 } [jump];
            /// If `a` is not the mark of a missing argument or element; it keeps its value.
            JumpIfPresent { a: Peek, to: Jump32 } [jump];
            /// If `a == b`. Here and in the next ones `ne` tells that the source says `!=`, which matters to overloads only.
            JumpIfEq { ne: Flag, a: Read, b: Read, to: Jump16 } [fault, call, jump];
            /// If not `a == b`.
            JumpIfNe { ne: Flag, a: Read, b: Read, to: Jump16 } [fault, call, jump];
            /// If `a < b`.
            JumpIfLt { a: Read, b: Read, to: Jump16 } [fault, call, jump];
            /// If not `a < b` (which is not `a >= b` for NaN).
            JumpIfNotLt { a: Read, b: Read, to: Jump16 } [fault, call, jump];
            /// If `a <= b`.
            JumpIfLe { a: Read, b: Read, to: Jump16 } [fault, call, jump];
            /// If not `a <= b`.
            JumpIfNotLe { a: Read, b: Read, to: Jump16 } [fault, call, jump];
            /// If `a > b`.
            JumpIfGt { a: Read, b: Read, to: Jump16 } [fault, call, jump];
            /// If not `a > b`.
            JumpIfNotGt { a: Read, b: Read, to: Jump16 } [fault, call, jump];
            /// If `a >= b`.
            JumpIfGe { a: Read, b: Read, to: Jump16 } [fault, call, jump];
            /// If not `a >= b`.
            JumpIfNotGe { a: Read, b: Read, to: Jump16 } [fault, call, jump];
            /// If `a == k`.
            JumpIfEqK { ne: Flag, a: Read, k: Int16, to: Jump16 } [fault, call, jump];
            /// If not `a == k`.
            JumpIfNeK { ne: Flag, a: Read, k: Int16, to: Jump16 } [fault, call, jump];
            /// If `a < k`.
            JumpIfLtK { a: Read, k: Int16, to: Jump16 } [fault, call, jump];
            /// If not `a < k`.
            JumpIfNotLtK { a: Read, k: Int16, to: Jump16 } [fault, call, jump];
            /// If `a <= k`.
            JumpIfLeK { a: Read, k: Int16, to: Jump16 } [fault, call, jump];
            /// If not `a <= k`.
            JumpIfNotLeK { a: Read, k: Int16, to: Jump16 } [fault, call, jump];
            /// If `a > k`.
            JumpIfGtK { a: Read, k: Int16, to: Jump16 } [fault, call, jump];
            /// If not `a > k`.
            JumpIfNotGtK { a: Read, k: Int16, to: Jump16 } [fault, call, jump];
            /// If `a >= k`.
            JumpIfGeK { a: Read, k: Int16, to: Jump16 } [fault, call, jump];
            /// If not `a >= k`.
            JumpIfNotGeK { a: Read, k: Int16, to: Jump16 } [fault, call, jump];
            /// If `a == c`, a constant.
            JumpIfEqC { ne: Flag, a: Read, c: Const16, to: Jump16 } [fault, call, jump];
            /// If not `a == c`.
            JumpIfNeC { ne: Flag, a: Read, c: Const16, to: Jump16 } [fault, call, jump];

            // ---- loops ----
            /// Marks a loop: its back edges lead to the next instruction, and the feedback word of this instruction counts them.
            /// Does nothing when run; most loops are entered behind it, at their test.
            LoopHead {} [];
            /// Charges one unit of fuel; exists only in code compiled for `--fuel`.
            Fuel {} [fault];
            /// Checks that `state` and `state + 1` hold the int bounds of a range (end included if `inclusive`), turns the first
            /// into the position before it and the second into an exclusive end, and goes to the loop's [`Op::ForRangeNext`].
            ForRange { inclusive: Flag, state: State, to: Jump32 } [fault, jump, end];
            /// Steps an int range: sets `dst` and jumps to the loop's start, or goes on after the last item.
            ForRangeNext { state: State, dst: Write, to: Jump16 } [jump];
            /// Turns start, end and step of a call of `range` in `state .. state + 3` into the position before the first number, end and step –
            /// or, unless all are small, into the range itself – and goes to the loop's [`Op::ForStepsNext`].
            ForSteps { state: State, to: Jump32 } [fault, jump, end];
            /// Steps by what [`Op::ForSteps`] has left: sets `dst` and jumps to the loop's start, or goes on after the last number.
            ForStepsNext { state: State, dst: Write, to: Jump16 } [jump];
            /// Starts the iteration of `state`'s value (`pairs`: for two names) and goes to the loop's [`Op::ForNext`].
            /// Before it, `state` holds the iterable; after it `state .. state + 3` belong to the loop.
            ForPrep { pairs: Flag, state: State, to: Jump32 } [fault, call, jump, end];
            /// The next item into `dst` and a jump to the loop's start, or goes on after the last item, with the state cleared.
            ForNext { state: State, dst: Write, to: Jump16 } [fault, call, jump];
            /// The next key or position into `dst` and its item into `dst + 1`; otherwise as [`Op::ForNext`].
            ForNextPair { state: State, dst: WritePair, to: Jump16 } [fault, call, jump];
            /// Closes the iterator of a loop that is left early.
            ForClose { state: State } [fault, call];

            // ---- elements and fields ----
            /// `a[b]`
            IndexGet { dst: Write, a: Read, b: Read } [fault, call];
            /// `a[k]` with a small int.
            IndexGetK { dst: Write, a: Read, k: Int16 } [fault, call];
            /// `a[c]` with a constant.
            IndexGetC { dst: Write, a: Read, c: Const16 } [fault, call];
            /// `a[b]`, or null if `a` is a dict without that key.
            IndexGetOrNull { dst: Write, a: Read, b: Read } [fault, call];
            /// `a[start..end]`: bounds in temporaries `bounds` and `bounds + 1`, "missing" where open.
            Slice { kind: Flag, dst: Write, a: Read, bounds: Window } [fault];
            /// `a[b] = value`, in place.
            IndexSet { a: Local, b: Read, value: Read } [fault];
            /// `a[b] op= value`, in place; the old value is read by this instruction.
            IndexUpdate { op: BinaryOp, a: Local, b: Read, value: Read } [fault, call];
            /// `a.name` at field site `site`.
            FieldGet { dst: Write, a: Read, site: FieldSite } [fault];
            /// `a.name = value`, in place.
            FieldSet { a: Local, site: FieldSite, value: Read } [fault];
            /// `a.name op= value`, in place.
            FieldUpdate { op: BinaryOp, a: Local, site: FieldSite, value: Read } [fault, call];
            /// `a::name`
            PathGet { dst: Write, a: Read, name: Name } [fault];
            /// Stores to a place: `path` says its root and segments, its index keys stand in consecutive temporaries.
            PlaceSet { path: Path, keys: Window, value: Read } [fault];
            /// `place op= value` in one step.
            PlaceUpdate { op: BinaryOp, path: Path, keys: Window, value: Read } [fault, call];
            /// Reads a place for `??=`: a missing dict key at its end is null. The keys stay.
            PlaceGetOrNull { dst: Write, path: Path, keys: PeekWindow } [fault];
            /// `held` is what was read from the place `path` a moment ago, and the place is assigned before anything looks at it again: if all
            /// containers on the way have one holder, null takes its place, so that `held` is the only reference. May do nothing at all.
            TakeOut { held: Peek, path: Path, keys: Window } [];
            /// `x = old op value` where the root of `path` (a cell or module variable) was read into `old` before `value` was
            /// evaluated: if the variable still holds the same object, its own reference does not hinder working in place.
            RootUpdate { op: BinaryOp, path: Path, old: Read, value: Read } [fault, call];

            // ---- building values ----
            /// `a..b`, `a..=b`
            Range { inclusive: Flag, dst: Write, a: Read, b: Read } [fault];
            /// An array of `count` temporaries.
            MakeArray { dst: Write, base: Window, count: Count16 } [fault];
            /// Appends `count` temporaries to the array in temporary `array`.
            ArrayAppend { array: Modify, base: Window, count: Count16 } [fault];
            /// Appends all items of `value` to the array in temporary `array`.
            ArrayExtend { array: Modify, value: Read } [fault, call];
            /// A dict of `count` key-value pairs in consecutive temporaries.
            MakeDict { dst: Write, base: Window, count: Count16 } [fault];
            /// Inserts `count` pairs into the dict in temporary `dict`.
            DictAppend { dict: Modify, base: Window, count: Count16 } [fault];
            /// Inserts all entries of `value` into the dict in temporary `dict`.
            DictExtend { dict: Modify, value: Read } [fault];
            /// `ty { … }` as literal site `site` says: the type, then the values of fields and spreads in consecutive temporaries.
            MakeStruct { dst: Write, base: Window, site: LiteralSite } [fault, call];
            /// The display forms of template `template`'s values, which stand in consecutive temporaries, joined.
            Interp { dst: Write, base: Window, template: Template } [fault, call];
            /// `x = "${x}…"`: appends the rest of a template to the text in local `dst`, which is the template's first value.
            InterpAppend { dst: Modify, base: Window, template: Template } [fault, call];
            /// `x = [...x, e]`, `x = {...x, k: e}`, `x = P { ...x, f: e }`, of fields also `x = x + e`, `x = "${x}…"`: changes the
            /// place `path` in place by the values of literal site `site` in consecutive temporaries; on a fault it is as before. Unless `path` is a plain local, the first
            /// temporary holds a copy read before the items, which is what they are added to.
            LiteralUpdate { path: Path, base: Window, site: LiteralSite } [fault, call];

            // ---- calls: arguments in consecutive temporaries, which become the callee's frame ----
            /// Calls function `func` of `Chunk::functions`, known to accept `argc` positional arguments; `base` is its slot 0.
            CallFunc { argc: Count8, dst: Write, base: Window, func: Function } [fault, call];
            /// Calls the value in temporary `base - 1`.
            CallValue { argc: Count8, dst: Write, base: Window } [fault, call];
            /// Calls builtin `builtin`.
            CallBuiltin { argc: Count8, dst: Write, base: Window, builtin: Builtin } [fault, call];
            /// `x = f(x, e)` with a builtin: temporary `base` is filled from the local `path` by moving it out. Where `path` is
            /// something else, `base` already holds a copy read earlier, and the place only gives up its reference to the same
            /// object. If the call faults, the value goes back. The result is left in temporary `base`; the place is empty until
            /// assigned.
            CallBuiltinUpdate { argc: Count8, base: Window, builtin: Builtin, path: Path } [fault, call];
            /// `receiver.name(args)`: the receiver in temporary `base`, then `argc` arguments.
            CallMethod { argc: Count8, dst: Write, base: Window, site: MethodSite } [fault, call];
            /// `place.name(args)`: the place's index keys, one free temporary for `self`, then `argc` arguments, from `base` on.
            CallMethodPlace { argc: Count8, dst: Write, base: Window, site: MethodSite } [fault, call];
            /// Any call with spreads or named arguments, or more than 255 arguments; `site` describes it.
            CallArgs { dst: Write, base: Window, site: CallSite } [fault, call];
            /// A struct by position.
            Construct { argc: Count8, dst: Write, base: Window, decl: Struct } [fault, call];
            /// An enum value with `argc` payload values.
            MakeVariant { argc: Count8, dst: Write, base: Window, variant: Variant } [fault];
            /// Leaves the function with `value` (moved, also out of a local).
            Return { value: Last } [end];
            /// Leaves the function with null.
            ReturnNull {} [end];

            // ---- errors ----
            /// Throws `value`.
            Throw { value: Read } [fault, end];
            /// Continues the unwinding that entered a `finally` handler; `error` is what the handler received.
            Rethrow { error: Local } [fault, end];
            /// The error in local `error` was thrown in a `finally` whose completion is in `state` (1: an error was on its way,
            /// see [`Op::Rethrow`], in `state + 1`): continues to unwind, with that error as its cause.
            RethrowFrom { error: Local, state: State } [fault, end];
            /// Raises `NameError` with a complete message.
            RaiseName { message: Text } [fault, end];
            /// Raises `ImportError` with a complete message.
            RaiseImport { message: Text } [fault, end];
            /// Raises the `MatchError` of a match expression without a fitting arm.
            RaiseNoMatch { subject: Local } [fault, end];
            /// Raises the error for something the virtual machine does not do yet: generators (0), `async` (1), `spawn` (2).
            RaiseMissing { feature: Flag } [fault, end];
            /// `e?`: the payload of `Ok` or `Some` into `dst` and a jump; for `Err` and `None` the whole value.
            Unwrap { dst: Write, a: Read, to: Jump16 } [fault, jump];
            /// `e?` has met `Err` or `None` at top level.
            RaiseEarlyReturn { value: Read } [fault, end];
            /// Runs a module of this unit once.
            Import { module: Module } [fault, call];

            // ---- patterns ----
            /// Jumps unless the value in a local passes `test`.
            Test { a: Peek, test: Test, to: Jump16 } [fault, jump];
            /// A part of the value in `a` (which it keeps) as `Chunk::parts[part]` says, or "missing".
            Part { dst: Write, a: Peek, part: Part } [fault];
            /// "missing" becomes null.
            NullIfMissing { a: Modify } [];
            /// Destructuring needs `a` to be an array (for element patterns) or to have fields; raises `TypeError`.
            CheckKind { fields: Flag, a: Peek } [fault];
            /// The mark of a missing value, for open slice bounds and unfilled optional arguments.
            LoadMissing { dst: Write } [];
        }
    };
}

macro_rules! operand_kinds {
    ($($(#[$doc:meta])* $name:ident : $ty:ty),* $(,)?) => {
        /// What an operand names and how the instruction uses it.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum OperandKind { $($(#[$doc])* $name),* }
        /// The types of operands, by kind.
        pub mod kinds { $($(#[$doc])* pub type $name = $ty;)* }
    };
}

operand_kinds! {
    /// Register that receives the result.
    Write: u16,
    /// Register that receives the result, and the next one.
    WritePair: u16,
    /// Register read: borrowed if a local, consumed if a temporary.
    Read: u16,
    /// Register read and kept, also if it is a temporary.
    Peek: u16,
    /// Register copied from; a local.
    Keep: u16,
    /// Register moved from.
    Empty: u16,
    /// Register moved from by the last instruction of a function.
    Last: u16,
    /// Register changed in place.
    Modify: u16,
    /// A local, changed in place where the instruction says so.
    Local: u16,
    /// First of three consecutive locals of a loop.
    State: u16,
    /// First of consecutive temporaries, all consumed.
    Window: u16,
    /// First of consecutive temporaries that are kept.
    PeekWindow: u16,
    /// A number of registers.
    Count8: u8,
    /// A number of registers.
    Count16: u16,
    /// 0 or 1 (or a small number that the instruction explains).
    Flag: u8,
    /// An arithmetic operator ([`ArithCode`]).
    ArithOp: u8,
    /// A comparison ([`CompareCode`]).
    CompareOp: u8,
    /// An operator of `op=` ([`ArithCode`]).
    BinaryOp: u8,
    /// Small int.
    Int16: i16,
    /// Int.
    Int32: i32,
    /// Constant.
    Const16: u16,
    /// Constant.
    Const32: u32,
    /// Jump offset.
    Jump16: i16,
    /// Jump offset.
    Jump32: i32,
    /// Captured variable number.
    Index: u16,
    /// `Chunk::names`.
    Name: u16,
    /// `Chunk::names`.
    Text: u16,
    /// Module variable of the unit.
    ModuleVar: u32,
    /// `Chunk::closures`.
    Closure: u16,
    /// `Chunk::functions`.
    Function: u16,
    /// Builtin id.
    Builtin: u16,
    /// `Chunk::fields`.
    FieldSite: u16,
    /// `Chunk::methods`.
    MethodSite: u16,
    /// `Chunk::calls`.
    CallSite: u16,
    /// `Chunk::literals`.
    LiteralSite: u16,
    /// `Chunk::paths`.
    Path: u16,
    /// `Chunk::templates`.
    Template: u16,
    /// `Chunk::structs`.
    Struct: u16,
    /// `Chunk::variants`.
    Variant: u16,
    /// Module of the unit.
    Module: u32,
    /// `Chunk::tests`.
    Test: u16,
    /// `Chunk::parts`.
    Part: u16,
}

impl OperandKind {
    /// Whether the operand names a register.
    pub fn is_register(self) -> bool {
        use OperandKind::*;
        matches!(self, Write | WritePair | Read | Peek | Keep | Empty | Last | Modify | Local | State | Window | PeekWindow)
    }
}

/// What `kind` of a slice says, added up.
pub mod slice_kind {
    /// `a..=b`.
    pub const INCLUSIVE: u8 = 1;
    /// Directly on the left of `??`: a range that a dict lacks as a key gives null.
    pub const OR_NULL: u8 = 2;
}

/// Operators as operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum ArithCode {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    BitAnd,
    BitOr,
    BitXor,
    Shl,
    Shr,
    /// Only in updates: the display form of the left operand, followed by the right one, a string.
    Concat,
}

impl ArithCode {
    pub const ALL: [ArithCode; 12] = [
        ArithCode::Add,
        ArithCode::Sub,
        ArithCode::Mul,
        ArithCode::Div,
        ArithCode::Mod,
        ArithCode::Pow,
        ArithCode::BitAnd,
        ArithCode::BitOr,
        ArithCode::BitXor,
        ArithCode::Shl,
        ArithCode::Shr,
        ArithCode::Concat,
    ];
}

/// Comparisons as operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum CompareCode {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl CompareCode {
    pub const ALL: [CompareCode; 6] =
        [CompareCode::Eq, CompareCode::Ne, CompareCode::Lt, CompareCode::Le, CompareCode::Gt, CompareCode::Ge];
}

/// What an instruction may do besides computing its result.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Effects {
    /// May raise.
    pub fault: bool,
    /// May run user code.
    pub call: bool,
    /// May continue elsewhere.
    pub jump: bool,
    /// Never continues with the next instruction.
    pub end: bool,
}

impl Effects {
    /// It computes its result and nothing else.
    pub const NONE: Effects = Effects { fault: false, call: false, jump: false, end: false };
}

/// One row of the table.
#[derive(Debug)]
pub struct OpInfo {
    pub name: &'static str,
    pub doc: &'static [&'static str],
    pub operands: &'static [(&'static str, OperandKind)],
    pub effects: Effects,
}

macro_rules! define_op {
    ($($(#[doc = $doc:literal])* $name:ident { $($field:ident : $kind:ident),* } [$($flag:ident),*];)*) => {
        /// One instruction, decoded.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Op { $($(#[doc = $doc])* $name { $($field: kinds::$kind),* }),* }

        /// Instructions without operands, for numbering.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        enum Opcode { $($name),* }

        /// All rows, in the order of [`Op`].
        pub static OPS: &[OpInfo] = &[$(OpInfo {
            name: stringify!($name),
            doc: &[$($doc),*],
            operands: &[$((stringify!($field), OperandKind::$kind)),*],
            effects: {
                #[allow(unused_mut)]
                let mut effects = Effects::NONE;
                $(effects.$flag = true;)*
                effects
            },
        }),*];

        impl Op {
            /// Position in [`OPS`].
            pub fn code(&self) -> u8 {
                match self { $(Op::$name { .. } => Opcode::$name as u8),* }
            }

            /// Calls `visit` for each operand with its kind and value.
            pub fn operands(&self, mut visit: impl FnMut(OperandKind, i64)) {
                match *self { $(Op::$name { $($field),* } => { $(visit(OperandKind::$kind, i64::from($field));)* let _ = &mut visit; }),* }
            }

            /// Lets `change` rewrite each register operand; the compiler places temporaries behind the locals with it.
            pub fn map_registers(&mut self, change: impl Fn(u16) -> u16) {
                match self { $(Op::$name { $($field),* } => { $(set_register(OperandKind::$kind, $field, &change);)* }),* }
            }

            /// Sets the jump offset, if there is one; false if it does not fit.
            pub fn set_jump(&mut self, offset: i64) -> bool {
                match self { $(Op::$name { $($field),* } => { true $(&& set_offset(OperandKind::$kind, $field, offset))* }),* }
            }
        }
    };
}

/// Operand types that may hold a jump offset or a register.
trait Offset {
    fn set(&mut self, offset: i64) -> bool;
    fn change_register(&mut self, _: impl Fn(u16) -> u16) {}
}
impl Offset for i16 {
    fn set(&mut self, offset: i64) -> bool {
        i16::try_from(offset).map(|offset| *self = offset).is_ok()
    }
}
impl Offset for i32 {
    fn set(&mut self, offset: i64) -> bool {
        i32::try_from(offset).map(|offset| *self = offset).is_ok()
    }
}
impl Offset for u8 {
    fn set(&mut self, _: i64) -> bool {
        false
    }
}
impl Offset for u16 {
    fn set(&mut self, _: i64) -> bool {
        false
    }
    fn change_register(&mut self, change: impl Fn(u16) -> u16) {
        *self = change(*self);
    }
}
impl Offset for u32 {
    fn set(&mut self, _: i64) -> bool {
        false
    }
}

fn set_register(kind: OperandKind, field: &mut impl Offset, change: impl Fn(u16) -> u16) {
    if kind.is_register() {
        field.change_register(change);
    }
}

fn set_offset(kind: OperandKind, field: &mut impl Offset, offset: i64) -> bool {
    match kind {
        OperandKind::Jump16 | OperandKind::Jump32 => field.set(offset),
        _ => true,
    }
}

for_each_op!(define_op);

const _: () = assert!(size_of::<Op>() == 8, "an instruction is one 8-byte word");

impl Op {
    pub fn info(&self) -> &'static OpInfo {
        &OPS[usize::from(self.code())]
    }

    /// The jump offset, if the instruction has one.
    pub fn jump(&self) -> Option<i64> {
        let mut found = None;
        self.operands(|kind, value| {
            if matches!(kind, OperandKind::Jump16 | OperandKind::Jump32) {
                found = Some(value);
            }
        });
        found
    }
}
