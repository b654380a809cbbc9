//! Checks everything that the VM and the JIT take for granted about a chunk.
//!
//! * Registers, constants and table entries that instructions name exist; windows lie within the frame.
//! * Jumps land on instructions; backward ones right behind a `LoopHead`; the last instruction does not go on.
//! * Temporaries: none holds a value at a `LoopHead` or at the entry of a handler, and each is written before it is read,
//!   on every path.
//!
//! Unreachable code obeys too, as far as operands go, since it has several readers.
use super::chunk::{Callee, Chunk, LiteralSite, Root, Segment, Test};
use super::op::{Op, OperandKind};

/// What is wrong, and at which instruction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Violation {
    pub pc: usize,
    pub what: String,
}

/// Checks a chunk.
pub fn verify(chunk: &Chunk) -> Result<(), Violation> {
    let checker = Checker { chunk };
    checker.tables()?;
    for pc in 0..chunk.code.len() {
        checker.operands(pc)?;
        checker.jump(pc)?;
    }
    match chunk.code.last() {
        Some(last) if last.info().effects.end => {}
        _ => return checker.fail(chunk.code.len().saturating_sub(1), "code runs past its end"),
    }
    checker.handlers()?;
    checker.temporaries()
}

struct Checker<'a> {
    chunk: &'a Chunk,
}

/// A set of temporaries.
#[derive(Clone, PartialEq, Eq)]
struct Temps(Vec<u64>);

impl Temps {
    fn none(count: usize) -> Temps {
        Temps(vec![0; count.div_ceil(64)])
    }

    fn insert(&mut self, temp: usize) {
        self.0[temp / 64] |= 1 << (temp % 64);
    }

    fn remove(&mut self, temp: usize) {
        self.0[temp / 64] &= !(1 << (temp % 64));
    }

    fn contains(&self, temp: usize) -> bool {
        self.0[temp / 64] & (1 << (temp % 64)) != 0
    }

    fn first(&self) -> Option<usize> {
        let word = self.0.iter().position(|word| *word != 0)?;
        Some(word * 64 + self.0[word].trailing_zeros() as usize)
    }

    /// Keeps what both hold; says whether that changed `self`.
    fn intersect(&mut self, other: &Temps) -> bool {
        let mut changed = false;
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            changed |= *own & !other != 0;
            *own &= other;
        }
        changed
    }

    /// Adds what the other holds; says whether that changed `self`.
    fn unite(&mut self, other: &Temps) -> bool {
        let mut changed = false;
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            changed |= other & !*own != 0;
            *own |= other;
        }
        changed
    }
}

/// Temporaries before an instruction: written on every path, and holding a value on some path.
#[derive(Clone, PartialEq, Eq)]
struct State {
    written: Temps,
    full: Temps,
}

impl Checker<'_> {
    fn fail<T>(&self, pc: usize, what: impl Into<String>) -> Result<T, Violation> {
        Err(Violation { pc, what: what.into() })
    }

    fn check(&self, holds: bool, pc: usize, what: &str) -> Result<(), Violation> {
        if holds { Ok(()) } else { self.fail(pc, what) }
    }

    fn tables(&self) -> Result<(), Violation> {
        let chunk = self.chunk;
        self.check(chunk.params <= chunk.locals && chunk.locals <= chunk.registers, 0, "registers out of order")?;
        let name = |index: u16| usize::from(index) < chunk.names.len();
        let local = |slot: u16| slot < chunk.locals;
        let root = |root: Root| match root {
            Root::Local(slot) | Root::LocalCell(slot) => local(slot),
            Root::Capture(_) | Root::CaptureCell(_) | Root::SelfFn | Root::Module(_) => true,
        };
        for path in &chunk.paths {
            let segment = |segment: &Segment| match segment {
                Segment::Index => true,
                Segment::Field(field, _) => name(*field),
            };
            self.check(root(path.root) && name(path.name) && path.segments.iter().all(segment), 0, "a bad place")?;
        }
        let captures = chunk.closures.iter().flat_map(|closure| &closure.captures);
        self.check(captures.copied().all(root), 0, "a bad capture")?;
        self.check(chunk.fields.iter().all(|site| name(site.name)), 0, "a bad field site")?;
        for method in &chunk.methods {
            let path = method.path.is_none_or(|path| usize::from(path) < chunk.paths.len());
            self.check(name(method.name) && path, 0, "a bad method site")?;
        }
        for call in &chunk.calls {
            let callee = match call.callee {
                Callee::Method(site) | Callee::Place(site) => usize::from(site) < chunk.methods.len(),
                Callee::Value | Callee::Func(_) | Callee::Builtin(_) | Callee::Construct(_) | Callee::Variant(..) => true,
            };
            self.check(callee && call.named.iter().copied().all(name), 0, "a bad call site")?;
        }
        for literal in &chunk.literals {
            if let LiteralSite::Struct { items, .. } = literal {
                self.check(items.iter().flatten().all(|(field, _)| name(*field)), 0, "a bad literal")?;
            }
        }
        let constant = |index: Option<u16>| index.is_none_or(|index| usize::from(index) < chunk.constants.len());
        for test in &chunk.tests {
            if let Test::Range { low, high, .. } = test {
                self.check(constant(*low) && constant(*high), 0, "a bad pattern bound")?;
            }
        }
        Ok(())
    }

    fn operands(&self, pc: usize) -> Result<(), Violation> {
        let chunk = self.chunk;
        let op = chunk.code[pc];
        let mut bad = None;
        op.operands(|kind, value| {
            let value = value as usize;
            let (locals, registers) = (usize::from(chunk.locals), usize::from(chunk.registers));
            let fits = match kind {
                OperandKind::Write
                | OperandKind::Read
                | OperandKind::Peek
                | OperandKind::Keep
                | OperandKind::Empty
                | OperandKind::Last
                | OperandKind::Modify => value < registers,
                OperandKind::WritePair => value + 1 < registers,
                OperandKind::Local => value < locals,
                OperandKind::State => value + 2 < locals,
                OperandKind::Window | OperandKind::PeekWindow => {
                    value + self.window(op) <= registers && (self.window(op) == 0 || value >= locals)
                }
                OperandKind::Const16 | OperandKind::Const32 => value < chunk.constants.len(),
                OperandKind::Name | OperandKind::Text => value < chunk.names.len(),
                OperandKind::Closure => value < chunk.closures.len(),
                OperandKind::Function => value < chunk.functions.len(),
                OperandKind::FieldSite => value < chunk.fields.len(),
                OperandKind::MethodSite => value < chunk.methods.len(),
                OperandKind::CallSite => value < chunk.calls.len(),
                OperandKind::LiteralSite => value < chunk.literals.len(),
                OperandKind::Path => value < chunk.paths.len(),
                OperandKind::Template => value < chunk.templates.len(),
                OperandKind::Struct => value < chunk.structs.len(),
                OperandKind::Variant => value < chunk.variants.len(),
                OperandKind::Test => value < chunk.tests.len(),
                OperandKind::Part => value < chunk.parts.len(),
                OperandKind::ArithOp | OperandKind::BinaryOp => value < super::op::ArithCode::ALL.len(),
                OperandKind::CompareOp => value < super::op::CompareCode::ALL.len(),
                OperandKind::Count8
                | OperandKind::Count16
                | OperandKind::Flag
                | OperandKind::Int16
                | OperandKind::Int32
                | OperandKind::Jump16
                | OperandKind::Jump32
                | OperandKind::Index
                | OperandKind::ModuleVar
                | OperandKind::Builtin
                | OperandKind::Module => true,
            };
            if !fits {
                bad.get_or_insert((kind, value));
            }
        });
        match bad {
            Some((kind, value)) => self.fail(pc, format!("{}: operand {kind:?} {value} is out of range", op.info().name)),
            None => self.ranges(pc),
        }
    }

    /// Operands that belong together.
    fn ranges(&self, pc: usize) -> Result<(), Violation> {
        match self.chunk.code[pc] {
            Op::Clear { first, count } => self.check(
                first.checked_add(count).is_some_and(|end| end <= self.chunk.locals),
                pc,
                "clears beyond the locals",
            ),
            Op::CallValue { base, .. } => self.check(base > self.chunk.locals, pc, "a call without room for the callee"),
            _ => Ok(()),
        }
    }

    /// How many temporaries the window of an instruction has.
    fn window(&self, op: Op) -> usize {
        let chunk = self.chunk;
        let keys = |path: u16| chunk.paths.get(usize::from(path)).map_or(0, super::chunk::Path::keys);
        match op {
            Op::Slice { .. } => 2,
            Op::PlaceSet { path, .. }
            | Op::PlaceUpdate { path, .. }
            | Op::PlaceGetOrNull { path, .. }
            | Op::TakeOut { path, .. } => keys(path),
            Op::MakeArray { count, .. } | Op::ArrayAppend { count, .. } => usize::from(count),
            Op::MakeDict { count, .. } | Op::DictAppend { count, .. } => 2 * usize::from(count),
            Op::MakeStruct { site, .. } => match chunk.literals.get(usize::from(site)) {
                Some(site @ LiteralSite::Struct { decl: None, .. }) => site.values() + 1,
                Some(site) => site.values(),
                None => 0,
            },
            Op::LiteralUpdate { site, path, .. } => {
                let early = chunk.paths.get(usize::from(path)).is_some_and(|path| !path.is_local());
                chunk.literals.get(usize::from(site)).map_or(0, LiteralSite::values) + usize::from(early)
            }
            Op::Interp { template, .. } | Op::InterpAppend { template, .. } => {
                chunk.templates.get(usize::from(template)).map_or(0, super::chunk::Template::values)
            }
            Op::CallFunc { argc, .. }
            | Op::CallValue { argc, .. }
            | Op::CallBuiltin { argc, .. }
            | Op::CallBuiltinUpdate { argc, .. }
            | Op::Construct { argc, .. }
            | Op::MakeVariant { argc, .. } => usize::from(argc),
            Op::CallMethod { argc, .. } => usize::from(argc) + 1,
            Op::CallMethodPlace { argc, site, .. } => {
                usize::from(argc) + 1 + chunk.methods.get(usize::from(site)).map_or(0, |site| usize::from(site.keys))
            }
            Op::CallArgs { site, .. } => {
                let Some(call) = chunk.calls.get(usize::from(site)) else { return 0 };
                let before = match call.callee {
                    Callee::Value | Callee::Method(_) => 1,
                    Callee::Place(method) => {
                        1 + chunk.methods.get(usize::from(method)).map_or(0, |site| usize::from(site.keys))
                    }
                    Callee::Func(_) | Callee::Builtin(_) | Callee::Construct(_) | Callee::Variant(..) => 0,
                };
                before + call.spread.len() + call.named.len()
            }
            _ => 0,
        }
    }

    /// Registers of a window that the instruction does not read.
    fn hole(&self, op: Op) -> Option<usize> {
        let keys = |site: u16| usize::from(self.chunk.methods[usize::from(site)].keys);
        match op {
            Op::CallMethodPlace { site, .. } => Some(keys(site)),
            Op::CallArgs { site, .. } => match self.chunk.calls[usize::from(site)].callee {
                Callee::Place(method) => Some(keys(method)),
                _ => None,
            },
            // The first argument is moved there from a plain local.
            Op::CallBuiltinUpdate { path, .. } => self.chunk.paths[usize::from(path)].is_local().then_some(0),
            _ => None,
        }
    }

    fn target(&self, pc: usize) -> Option<i64> {
        self.chunk.code[pc].jump().map(|offset| pc as i64 + 1 + offset)
    }

    fn jump(&self, pc: usize) -> Result<(), Violation> {
        let Some(target) = self.target(pc) else { return Ok(()) };
        let inside = (0..self.chunk.code.len() as i64).contains(&target);
        self.check(inside, pc, "a jump out of the code")?;
        if target > pc as i64 {
            return Ok(());
        }
        let head = usize::try_from(target - 1).ok().map(|head| self.chunk.code[head]);
        self.check(matches!(head, Some(Op::LoopHead {})), pc, "a backward jump that does not lead behind a loop head")
    }

    fn handlers(&self) -> Result<(), Violation> {
        for handler in &self.chunk.handlers {
            let code = self.chunk.code.len() as u32;
            let sane = handler.start < handler.end && handler.end <= code && handler.target < code;
            self.check(sane && handler.error < self.chunk.locals, handler.target as usize, "a bad handler")?;
        }
        Ok(())
    }

    /// Follows all paths with the temporaries that are written and full.
    fn temporaries(&self) -> Result<(), Violation> {
        let chunk = self.chunk;
        let count = usize::from(chunk.registers - chunk.locals);
        let empty = State { written: Temps::none(count), full: Temps::none(count) };
        let mut states: Vec<Option<State>> = vec![None; chunk.code.len()];
        let mut work = vec![0];
        states[0] = Some(empty.clone());
        for handler in &chunk.handlers {
            states[handler.target as usize] = Some(empty.clone());
            work.push(handler.target as usize);
        }
        while let Some(pc) = work.pop() {
            let Some(mut state) = states[pc].clone() else { continue };
            let op = chunk.code[pc];
            if matches!(op, Op::LoopHead {})
                && let Some(temp) = state.full.first()
            {
                return self.fail(pc, format!("temporary {temp} holds a value at a loop head"));
            }
            self.step(pc, op, &mut state)?;
            let mut next = Vec::with_capacity(2);
            next.extend((!op.info().effects.end).then_some((pc + 1, matches!(op, Op::JumpIfNotNull { .. }))));
            next.extend(self.target(pc).map(|target| (target as usize, matches!(op, Op::JumpIfNull { .. }))));
            for (target, found_null) in next {
                let mut state = state.clone();
                if found_null && let Some(temp) = self.tested_temporary(op) {
                    state.full.remove(temp);
                }
                let changed = match &mut states[target] {
                    Some(known) => known.written.intersect(&state.written) | known.full.unite(&state.full),
                    unknown => {
                        *unknown = Some(state.clone());
                        true
                    }
                };
                if changed {
                    work.push(target);
                }
            }
        }
        Ok(())
    }

    /// The temporary that a jump asks for null.
    fn tested_temporary(&self, op: Op) -> Option<usize> {
        match op {
            Op::JumpIfNull { a, .. } | Op::JumpIfNotNull { a, .. } => {
                usize::from(a).checked_sub(usize::from(self.chunk.locals))
            }
            _ => None,
        }
    }

    fn step(&self, pc: usize, op: Op, state: &mut State) -> Result<(), Violation> {
        let locals = usize::from(self.chunk.locals);
        let temp = |register: i64| (register as usize).checked_sub(locals);
        let (mut unwritten, mut writes) = (None, Vec::new());
        let mut read = |state: &mut State, temp: usize, consume: bool| {
            if !state.written.contains(temp) {
                unwritten.get_or_insert(temp);
            }
            if consume {
                state.full.remove(temp);
            }
        };
        op.operands(|kind, value| match kind {
            OperandKind::Write | OperandKind::WritePair => writes.extend(temp(value)),
            OperandKind::Read | OperandKind::Empty | OperandKind::Last => {
                if let Some(temp) = temp(value) {
                    // A register may be emptied whether or not this path has filled it.
                    if !matches!(op, Op::Discard { .. } | Op::Take { .. }) {
                        read(state, temp, true);
                    }
                    state.full.remove(temp);
                }
            }
            OperandKind::Peek | OperandKind::Keep | OperandKind::Modify => {
                if let Some(temp) = temp(value) {
                    read(state, temp, false);
                }
            }
            OperandKind::Window | OperandKind::PeekWindow => {
                let hole = self.hole(op);
                let callee = usize::from(matches!(op, Op::CallValue { .. }));
                if let Some(first) = temp(value) {
                    for n in 0..self.window(op) {
                        if hole != Some(n) {
                            read(state, first + n, kind == OperandKind::Window);
                        }
                        if kind == OperandKind::Window {
                            state.full.remove(first + n);
                        }
                    }
                    if callee == 1 {
                        read(state, first - 1, true);
                    }
                }
            }
            _ => {}
        });
        if let Some(temp) = unwritten {
            return self.fail(pc, format!("{}: temporary {temp} is read before it is written", op.info().name));
        }
        if let Op::CallBuiltinUpdate { base, .. } = op {
            writes.extend(temp(i64::from(base)));
        }
        for temp in writes {
            state.written.insert(temp);
            if matches!(op, Op::LoadNull { .. } | Op::LoadBool { .. } | Op::LoadInt { .. }) {
                state.full.remove(temp);
            } else {
                state.full.insert(temp);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytecode::chunk::SelfKind;
    use crate::source::{SourceId, Span};

    /// A function of two locals and two temporaries.
    fn chunk(code: &[Op]) -> Chunk {
        Chunk {
            name: Box::from("f"),
            func: 0,
            source: SourceId::default(),
            name_span: Span::default(),
            code: code.to_vec(),
            spans: Vec::new(),
            params: 1,
            locals: 2,
            registers: 4,
            self_kind: SelfKind::None,
            handlers: Vec::new(),
            constants: Vec::new(),
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
            local_names: Vec::new(),
        }
    }

    #[track_caller]
    fn check(code: &[Op], expected: &str) {
        let text = verify(&chunk(code)).map_or_else(|violation| violation.what, |()| "fine".to_owned());
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn sound_code_passes() {
        check(&[Op::AddK { dst: 2, a: 0, k: 1 }, Op::Return { value: 2 }], "fine");
        let rotated = [
            Op::Jump { to: 2 },
            Op::LoopHead {},
            Op::AddK { dst: 0, a: 0, k: 1 },
            Op::JumpIfLtK { a: 0, k: 10, to: -2 },
            Op::ReturnNull {},
        ];
        check(&rotated, "fine");
    }

    #[test]
    fn unsound_code_is_found() {
        check(&[Op::Return { value: 9 }], "out of range");
        check(&[Op::LoadNull { dst: 0 }], "past its end");
        check(&[Op::LoadConst { dst: 0, value: 0 }, Op::ReturnNull {}], "out of range");
        check(&[Op::Return { value: 2 }], "read before it is written");
        check(&[Op::Jump { to: 7 }, Op::ReturnNull {}], "out of the code");
        check(&[Op::Jump { to: -1 }], "behind a loop head");
        let full = [Op::AddK { dst: 2, a: 0, k: 1 }, Op::LoopHead {}, Op::Jump { to: -1 }];
        check(&full, "holds a value at a loop head");
    }
}
