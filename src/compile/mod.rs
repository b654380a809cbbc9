//! From the resolved tree to bytecode, one function at a time, when it is first called.
//!
//! * [`emit`] writes instructions, labels and tables; [`expr`], [`operator`], [`call`], [`literal`], [`place`], [`stmt`],
//!   [`control`], [`pattern`] translate the constructs of their names; [`assigns`] tells which locals an expression may change.
//! * Locals of the tree are registers of the same number. Hidden locals come behind them, temporaries behind those; while a
//!   function is being compiled a temporary's number carries [`TEMP`], because the number of hidden locals is not known yet.
//! * Temporaries are used in stack discipline. An operand that is a local is used where it is; if a later operand of the same
//!   instruction may assign it, it is copied first.
//! * A local is written by the last instruction of the expression assigned to it, so that a fault before leaves it alone.
//! * Every jump is first written in its short form; if a function is too long for that, it is compiled again with long ones.
mod assigns;
mod call;
mod control;
mod emit;
mod expr;
mod fold;
mod literal;
mod operator;
mod pattern;
mod place;
mod scalars;
mod stmt;
#[cfg(test)]
mod tests;

use ahash::AHashMap;

use crate::bytecode::chunk::{Chunk, Const, Handler, SelfKind};
use crate::bytecode::op::Op;
use crate::resolve::hir::{self, ExprId, FuncId, Function, LoopId, Program, SelfMode, TextId, Var};
use crate::semantics::fault::Missing;
use crate::source::Span;

/// How to compile.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Charge fuel at calls and back edges.
    pub fuel: bool,
    /// Values may come from units compiled earlier (REPL): their structs may have mutating methods of any name.
    pub open: bool,
}

/// A function that cannot be compiled, because it is larger than any instruction can address or nested too deep.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    pub message: String,
    pub span: Span,
}

/// A register while its function is being compiled.
type Reg = u16;

/// Marks the number of a temporary.
const TEMP: Reg = 0x8000;

fn is_temp(register: Reg) -> bool {
    register & TEMP != 0
}

/// Compiles one function.
pub fn compile(program: &Program, func: FuncId, options: Options) -> Result<Chunk, Refusal> {
    let build = |long: bool, scalars: Vec<bool>| {
        let mut builder = Builder::new(program, func, options, long);
        builder.scalars = scalars;
        builder.function();
        builder
    };
    let mut builder = build(false, Vec::new());
    if builder.refusal.is_none() {
        // Known only when all is written: which locals need no clearing. Then it is written again without.
        let scalars = scalars::scalar_locals(&builder.chunk);
        if scalars.iter().any(|scalar| *scalar) {
            builder = build(false, scalars.clone());
        }
        if builder.far {
            builder = build(true, scalars);
        }
    }
    builder.finish()
}

/// What a jump out of nested constructs has to leave, from the innermost outward.
enum Scope {
    /// Locals to clear.
    Slots(Vec<hir::Slot>),
    Loop(LoopScope),
    Finally(FinallyScope),
}

struct LoopScope {
    id: LoopId,
    /// A `for` with its state and whether its iterator is closed when it is left early.
    state: Option<(Reg, bool)>,
    breaks: Vec<usize>,
    continues: Vec<usize>,
}

struct FinallyScope {
    state: Reg,
    /// Jumps to the `finally` body.
    entries: Vec<usize>,
    /// Completions besides falling out and throwing: what to do after the body. Their codes count from 2.
    exits: Vec<Leave>,
}

/// A jump out of constructs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Leave {
    Return,
    Break(LoopId),
    Continue(LoopId),
}

struct Builder<'p> {
    program: &'p Program,
    function: &'p Function,
    options: Options,
    chunk: Chunk,
    /// Conditional jumps are written in their long form.
    long: bool,
    /// A short jump did not reach its target.
    far: bool,
    refusal: Option<Refusal>,
    next_temp: u16,
    most_temps: u16,
    next_hidden: u16,
    most_hidden: u16,
    scopes: Vec<Scope>,
    /// Jumps of `?.` out of the enclosing chains, innermost last.
    chains: Vec<Vec<usize>>,
    constants: AHashMap<ConstKey, u32>,
    names: AHashMap<TextId, u16>,
    /// Locals that need no clearing.
    scalars: Vec<bool>,
    /// Slots of blocks, loops and matches since the innermost enclosing `try` began.
    touched: Vec<hir::Slot>,
    assigned: AHashMap<ExprId, assigns::Assigned>,
    /// The span of the code being written.
    span: Span,
}

#[derive(PartialEq, Eq, Hash)]
enum ConstKey {
    Int(i64),
    Float(u64),
    Text(TextId),
    Other(u8, u32, u32),
}

impl<'p> Builder<'p> {
    fn new(program: &'p Program, func: FuncId, options: Options, long: bool) -> Builder<'p> {
        let function = &program[func];
        Builder {
            program,
            function,
            options,
            chunk: empty_chunk(program, func),
            long,
            far: false,
            refusal: None,
            next_temp: 0,
            most_temps: 0,
            next_hidden: 0,
            most_hidden: 0,
            scopes: Vec::new(),
            chains: Vec::new(),
            constants: AHashMap::new(),
            names: AHashMap::new(),
            scalars: Vec::new(),
            touched: Vec::new(),
            assigned: AHashMap::new(),
            span: function.name_span,
        }
    }

    /// Prologue, body, and the end that every function has.
    fn function(&mut self) {
        if self.function.slots >= u32::from(TEMP) {
            self.refuse("too many local variables");
            return;
        }
        if self.options.fuel {
            self.emit(Op::Fuel {});
        }
        if self.function.is_generator || self.function.is_async {
            let feature = if self.function.is_generator { Missing::Generators } else { Missing::AsyncFunctions };
            self.emit(Op::RaiseMissing { feature: feature as u8 });
            return;
        }
        if let hir::FunctionKind::VariantConstructor(decl, variant) = self.function.kind {
            return self.variant_constructor(decl, variant);
        }
        self.parameters();
        let body = &self.program[self.function.body];
        self.new_cells(body);
        for &stmt in &body.stmts {
            self.stmt(stmt);
        }
        match body.value {
            Some(value) => self.return_value(Some(value)),
            None => self.emit(Op::ReturnNull {}),
        }
    }

    /// Each parameter in turn: its default if the argument is missing, then its cell.
    fn parameters(&mut self) {
        let first = u16::from(self.function.self_mode != SelfMode::None);
        for (slot, param) in (first..).zip(&self.function.params) {
            if let Some(default) = param.default {
                self.span = param.span;
                let given = self.emit_jump(Op::JumpIfPresent { a: slot, to: 0 });
                self.expr_to(default, slot);
                self.land(given);
            }
            self.cell_parameter(slot);
        }
        if first == 1 {
            self.cell_parameter(0);
        }
    }

    fn cell_parameter(&mut self, slot: u16) {
        if self.function.cell_params.iter().any(|cell| cell.0 == u32::from(slot)) {
            self.emit(Op::CellParam { slot });
        }
    }

    /// The constructor function of a variant: its payload is its parameters.
    fn variant_constructor(&mut self, decl: hir::EnumId, variant: u32) {
        let argc = self.function.params.len() as u8;
        let base = TEMP | self.mark();
        for slot in 0..self.function.params.len() as u16 {
            let dst = self.temp();
            self.emit(Op::Take { dst, src: slot });
        }
        self.chunk.variants.push((decl.0, variant));
        self.emit(Op::MakeVariant { argc, dst: base, base, variant: 0 });
        self.emit(Op::Return { value: base });
    }

    /// Whether `self` goes back to the caller's place, so that its slot must never be emptied.
    fn lends_self(&self) -> bool {
        matches!(self.function.self_mode, SelfMode::Mutating | SelfMode::MaybeMutating)
    }

    /// Records why the function cannot be compiled; the first reason counts.
    fn refuse(&mut self, what: &str) {
        if self.refusal.is_none() {
            let message = format!("{} is too large: {what}", &self.program[self.function.name]);
            self.refusal = Some(Refusal { message, span: self.span });
        }
    }

    fn finish(mut self) -> Result<Chunk, Refusal> {
        let locals = self.function.slots as usize + usize::from(self.most_hidden);
        if locals >= usize::from(TEMP) || locals + usize::from(self.most_temps) >= usize::from(u16::MAX) {
            self.refuse("too many variables and intermediate values");
        }
        if let Some(refusal) = self.refusal {
            return Err(refusal);
        }
        let locals = locals as u16;
        let place = |register: Reg| if is_temp(register) { locals + (register & !TEMP) } else { register };
        for op in &mut self.chunk.code {
            op.map_registers(place);
        }
        self.chunk.locals = locals;
        self.chunk.registers = locals + self.most_temps;
        self.chunk.local_names.resize(usize::from(locals), None);
        Ok(self.chunk)
    }
}

fn empty_chunk(program: &Program, func: FuncId) -> Chunk {
    let function = &program[func];
    let own = u16::from(function.self_mode != SelfMode::None);
    let name = |text: &Option<TextId>| text.map(|text| Box::from(&program[text]));
    Chunk {
        name: Box::from(&program[function.name]),
        func: func.0,
        source: program[function.module].source,
        name_span: function.name_span,
        code: Vec::new(),
        spans: Vec::new(),
        params: own + function.params.len() as u16,
        locals: 0,
        registers: 0,
        self_kind: match function.self_mode {
            SelfMode::None => SelfKind::None,
            SelfMode::Value => SelfKind::Value,
            SelfMode::Mutating => SelfKind::Mutating,
            SelfMode::MaybeMutating => SelfKind::MaybeMutating,
        },
        handlers: Vec::<Handler>::new(),
        constants: Vec::<Const>::new(),
        names: Vec::new(),
        functions: Vec::new(),
        closures: Vec::new(),
        fields: Vec::new(),
        methods: Vec::new(),
        calls: Vec::new(),
        literals: Vec::new(),
        paths: Vec::new(),
        templates: Vec::new(),
        structs: Vec::new(),
        variants: Vec::new(),
        tests: Vec::new(),
        parts: Vec::new(),
        local_names: function.slot_names.iter().map(name).collect(),
    }
}

/// The slot, if a variable is a plain local.
fn plain_local(var: Var) -> Option<Reg> {
    match var {
        Var::Local(slot) => Some(slot.0 as u16),
        Var::LocalCell(_) | Var::Capture(_) | Var::CaptureCell(_) | Var::Module(_) | Var::SelfFn => None,
    }
}
