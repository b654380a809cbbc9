//! Writing instructions: code with spans, registers, labels, tables.
use super::{Builder, ConstKey, Reg, TEMP, is_temp};
use crate::bytecode::chunk::{Const, Path, Root, Segment};
use crate::bytecode::op::Op;
use crate::resolve::hir::{self, Block, Slot, TextId, Var};

/// A position in the code to jump back to.
pub(super) type Label = usize;

impl Builder<'_> {
    // ---- code ----

    pub(super) fn emit(&mut self, op: Op) {
        let pc = self.chunk.code.len() as u32;
        if self.chunk.spans.last().is_none_or(|(_, span)| *span != self.span) {
            self.chunk.spans.push((pc, self.span));
        }
        self.chunk.code.push(op);
    }

    pub(super) fn here(&self) -> Label {
        self.chunk.code.len()
    }

    /// Writes a jump that [`Builder::land`] or [`Builder::land_at`] will complete; gives its position.
    pub(super) fn emit_jump(&mut self, op: Op) -> usize {
        let short = op.info().operands.iter().any(|(_, kind)| *kind == crate::bytecode::op::OperandKind::Jump16);
        if short && self.long {
            let mut over = op;
            over.set_jump(1);
            self.emit(over);
            self.emit(Op::Jump { to: 1 });
            self.emit(Op::Jump { to: 0 });
        } else {
            self.emit(op);
        }
        self.here() - 1
    }

    /// The jump at `jump` leads here.
    pub(super) fn land(&mut self, jump: usize) {
        self.land_at(jump, self.here());
    }

    pub(super) fn land_all(&mut self, jumps: Vec<usize>) {
        for jump in jumps {
            self.land(jump);
        }
    }

    pub(super) fn land_at(&mut self, jump: usize, target: Label) {
        let offset = target as i64 - jump as i64 - 1;
        if !self.chunk.code[jump].set_jump(offset) {
            self.far = true;
        }
    }

    /// Writes a jump back to `target`.
    pub(super) fn emit_back(&mut self, op: Op, target: Label) {
        let jump = self.emit_jump(op);
        self.land_at(jump, target);
    }

    // ---- registers ----

    pub(super) fn temp(&mut self) -> Reg {
        let register = TEMP | self.next_temp;
        if self.next_temp >= TEMP - 1 {
            self.refuse("too many intermediate values");
            return register;
        }
        self.next_temp += 1;
        self.most_temps = self.most_temps.max(self.next_temp);
        register
    }

    /// The number the next temporary will have.
    pub(super) fn mark(&self) -> u16 {
        self.next_temp
    }

    /// Frees the temporaries from `mark` on.
    pub(super) fn release(&mut self, mark: u16) {
        self.next_temp = mark;
    }

    /// `count` hidden locals, consecutive; freed by [`Builder::free_hidden`].
    pub(super) fn hidden(&mut self, count: u16) -> Reg {
        let first = self.function.slots + u32::from(self.next_hidden);
        if first + u32::from(count) >= u32::from(TEMP) {
            self.refuse("too many variables");
            return 0;
        }
        self.next_hidden += count;
        self.most_hidden = self.most_hidden.max(self.next_hidden);
        first as u16
    }

    pub(super) fn hidden_mark(&self) -> u16 {
        self.next_hidden
    }

    pub(super) fn free_hidden(&mut self, mark: u16) {
        self.next_hidden = mark;
    }

    /// Drops the hidden locals from `mark` on.
    pub(super) fn clear_hidden(&mut self, mark: u16) {
        let count = self.next_hidden - mark;
        if count > 0 {
            let first = self.function.slots as u16 + mark;
            self.emit(Op::Clear { first, count });
        }
    }

    /// Moves all temporaries in use to hidden locals, so that loops and handlers can be entered.
    pub(super) fn spill(&mut self) -> Spilled {
        let count = self.next_temp;
        let mark = self.hidden_mark();
        let first = if count > 0 { self.hidden(count) } else { 0 };
        for n in 0..count {
            self.emit(Op::Take { dst: first + n, src: TEMP | n });
        }
        self.next_temp = 0;
        Spilled { first, count, mark }
    }

    /// Moves spilled temporaries back.
    pub(super) fn unspill(&mut self, spilled: Spilled) {
        self.next_temp = spilled.count;
        for n in 0..spilled.count {
            self.emit(Op::Take { dst: TEMP | n, src: spilled.first + n });
        }
        self.free_hidden(spilled.mark);
    }

    // ---- blocks ----

    pub(super) fn new_cells(&mut self, block: &Block) {
        for slot in &block.cells {
            self.emit(Op::NewCell { slot: slot.0 as u16 });
        }
    }

    /// Drops the values of variables whose block ends, runs of neighbours together.
    pub(super) fn clear_slots(&mut self, slots: &[Slot]) {
        let mut sorted: Vec<u16> = slots.iter().map(|slot| slot.0 as u16).collect();
        sorted.retain(|slot| !self.scalars.get(usize::from(*slot)).is_some_and(|scalar| *scalar));
        sorted.sort_unstable();
        sorted.dedup();
        for run in sorted.chunk_by(|a, b| a + 1 == *b) {
            self.emit(Op::Clear { first: run[0], count: run.len() as u16 });
        }
    }

    // ---- tables ----

    pub(super) fn constant(&mut self, constant: Const) -> u32 {
        let key = match &constant {
            Const::Null => ConstKey::Other(0, 0, 0),
            Const::Bool(value) => ConstKey::Other(1, u32::from(*value), 0),
            Const::Int(value) => ConstKey::Int(*value),
            Const::Float(value) => ConstKey::Float(value.to_bits()),
            Const::BigInt(_) | Const::Str(_) | Const::Array(_) => return self.add_constant(constant),
            Const::Func(id) => ConstKey::Other(2, *id, 0),
            Const::Builtin(id) => ConstKey::Other(3, u32::from(*id), 0),
            Const::BuiltinType(id) => ConstKey::Other(4, u32::from(*id), 0),
            Const::Struct(id) => ConstKey::Other(5, *id, 0),
            Const::Enum(id) => ConstKey::Other(6, *id, 0),
            Const::Variant(decl, variant) => ConstKey::Other(7, *decl, *variant),
            Const::Module(id) => ConstKey::Other(8, *id, 0),
            Const::Namespace(id) => ConstKey::Other(9, u32::from(*id), 0),
            Const::Prelude(id) => ConstKey::Other(10, u32::from(*id), 0),
        };
        if let Some(found) = self.constants.get(&key) {
            return *found;
        }
        let index = self.add_constant(constant);
        self.constants.insert(key, index);
        index
    }

    pub(super) fn text_constant(&mut self, text: TextId) -> u32 {
        if let Some(found) = self.constants.get(&ConstKey::Text(text)) {
            return *found;
        }
        let index = self.add_constant(Const::Str(Box::from(&self.program[text])));
        self.constants.insert(ConstKey::Text(text), index);
        index
    }

    fn add_constant(&mut self, constant: Const) -> u32 {
        self.chunk.constants.push(constant);
        self.chunk.constants.len() as u32 - 1
    }

    pub(super) fn name(&mut self, text: TextId) -> u16 {
        if let Some(found) = self.names.get(&text) {
            return *found;
        }
        let index = self.table_index(self.chunk.names.len(), "names");
        self.chunk.names.push(Box::from(&self.program[text]));
        self.names.insert(text, index);
        index
    }

    /// The index of the entry that is about to be added to a table.
    pub(super) fn table_index(&mut self, length: usize, what: &str) -> u16 {
        u16::try_from(length).unwrap_or_else(|_| {
            self.refuse(&format!("too many {what}"));
            0
        })
    }

    /// The index of an equal entry, or of a new one.
    pub(super) fn shared_entry<T: PartialEq>(&mut self, table: fn(&mut Self) -> &mut Vec<T>, entry: T, what: &str) -> u16 {
        /// Tables are searched from the end and not far: equal entries stand close together.
        const REACH: usize = 16;
        let entries = table(self);
        let length = entries.len();
        if let Some(back) = entries.iter().rev().take(REACH).position(|other| *other == entry) {
            return (length - 1 - back) as u16;
        }
        entries.push(entry);
        self.table_index(length, what)
    }

    pub(super) fn root(&mut self, var: Var) -> Root {
        match var {
            Var::Local(slot) => Root::Local(slot.0 as u16),
            Var::LocalCell(slot) => Root::LocalCell(slot.0 as u16),
            Var::Capture(index) => Root::Capture(index as u16),
            Var::CaptureCell(index) => Root::CaptureCell(index as u16),
            Var::Module(var) => Root::Module(var.0),
            Var::SelfFn => Root::SelfFn,
        }
    }

    /// The table entry of a whole variable as a place.
    pub(super) fn root_path(&mut self, var: Var, name: TextId) -> u16 {
        let path = Path {
            root: self.root(var),
            name: self.name(name),
            segments: Box::default(),
            access: crate::bytecode::chunk::Access::Mutable,
        };
        self.shared_entry(|builder| &mut builder.chunk.paths, path, "places")
    }

    pub(super) fn place_path(&mut self, place: &hir::Place) -> u16 {
        let mut segments = Vec::with_capacity(place.path.len());
        for segment in &place.path {
            segments.push(match segment {
                hir::PathSegment::Index(_) => Segment::Index,
                hir::PathSegment::Field(name, span) => Segment::Field(self.name(*name), *span),
            });
        }
        use crate::bytecode::chunk::Access;
        let access = match place.access {
            hir::Access::Mutable => Access::Mutable,
            hir::Access::Immutable => Access::Immutable,
            hir::Access::Import => Access::Import,
            hir::Access::ReadonlySelf => Access::ReadonlySelf,
            hir::Access::SelfPlace => Access::SelfPlace,
        };
        let path = Path { root: self.root(place.root), name: self.name(place.name), segments: segments.into(), access };
        self.shared_entry(|builder| &mut builder.chunk.paths, path, "places")
    }

    /// Drops a temporary's value; nothing to do for a local.
    pub(super) fn discard(&mut self, register: Reg) {
        if is_temp(register) {
            self.emit(Op::Discard { a: register });
        }
    }
}

/// Temporaries waiting in hidden locals.
pub(super) struct Spilled {
    first: Reg,
    count: u16,
    mark: u16,
}
