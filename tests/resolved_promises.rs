//! What `resolve/hir.rs` promises, checked on the resolved tree of every program in the repository:
//! * slots and captures are in range, and a capture is a cell exactly where the creating function has one;
//! * a plain local is initialised wherever it is read, and no two living variables share a slot;
//! * what a `Take` empties is not read again before it is assigned.
//!
//! Also: static checking stops exactly the programs that say so, on the lines that say so.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ruff::resolve::hir::*;
use ruff::resolve::{LoadedText, Loader, print, resolve};
use ruff::source::{SourceId, SourceMap};

struct Folder(PathBuf);

impl Loader for Folder {
    fn load(&mut self, _from: SourceId, path: &[&str]) -> Result<LoadedText, String> {
        let path = path.join("/");
        for file in [self.0.join(format!("{path}.ruff")), self.0.join(&path).join("mod.ruff")] {
            if let Ok(text) = std::fs::read_to_string(&file) {
                let key = file.display().to_string();
                return Ok(LoadedText { name: key.clone(), key, text });
            }
        }
        Err(format!("Module not found: {path}"))
    }
}

fn programs() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("tests/lang"), root.join("examples"), root.join("benchmarks")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match path.is_dir() {
                _ if name.starts_with('_') => {}
                true => folders.push(path),
                false if name.ends_with(".ruff") => found.push(path),
                false => {}
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_program_keeps_the_promises() {
    // The checker recurses, and some programs are as deep as the language allows.
    let thread = std::thread::Builder::new().stack_size(4 << 30).spawn(check_programs);
    thread.expect("the stack is only reserved").join().expect("every program keeps the promises");
}

fn check_programs() {
    let programs = programs();
    assert!(programs.len() > 100);
    let mut problems = Vec::new();
    for path in &programs {
        let text = std::fs::read_to_string(path).expect("the file was listed");
        let mut sources = SourceMap::new();
        let root = sources.add(path.display().to_string(), text.as_str());
        let folder = path.parent().expect("files lie in folders").to_path_buf();
        let resolved = resolve(root, &mut sources, &mut Folder(folder));
        let stops = resolved.diagnostics.iter().filter(|diagnostic| diagnostic.is_error() && diagnostic.source == root);
        let found: BTreeSet<u32> = stops.map(|stop| sources.line_column(root, stop.span.start).line).collect();
        let lines = text.lines().zip(1..).filter(|(line, _)| line.contains("// error:") || line.contains("// error@"));
        let expected: BTreeSet<u32> = lines.map(|(_, number)| number).collect();
        if found != expected {
            problems.push(format!("{}: stops on lines {found:?}, expected {expected:?}", path.display()));
        }
        if resolved.diagnostics.iter().any(|diagnostic| diagnostic.is_error()) {
            continue;
        }
        for problem in verify(&resolved.program) {
            problems.push(format!("{}: {problem}\n{}", path.display(), print::print(&resolved.program)));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Makes functions that move three arrays about in all kinds of control flow.
struct Generator {
    state: u64,
    loops: u32,
}

impl Generator {
    fn below(&mut self, n: u64) -> u64 {
        self.state = self.state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.state >> 33) % n
    }

    fn name(&mut self) -> char {
        ['a', 'b', 'c'][self.below(3) as usize]
    }

    fn value(&mut self) -> String {
        let (x, y) = (self.name(), self.name());
        match self.below(9) {
            0 => format!("[{x}, {y}]"),
            1 => format!("push({x}, {y})"),
            2 => format!("g({x})"),
            3 => format!("[...{x}, 1]"),
            4 => format!("{x}.push({y})"),
            5 => format!("{x} + [{y}]"),
            6 => format!("if g({x}) {{ {y} }} else {{ {x} }}"),
            7 => format!("{x} ?? {y}"),
            _ => x.to_string(),
        }
    }

    fn block(&mut self, depth: u32) -> String {
        let count = self.below(4) + 1;
        let mut statements: Vec<String> = Vec::new();
        for _ in 0..count {
            statements.push(self.statement(depth));
            // What follows a jump never runs; the checker takes all it sees to run.
            if ["return", "break", "continue"].iter().any(|jump| statements[statements.len() - 1].starts_with(jump)) {
                break;
            }
        }
        statements.join("\n")
    }

    fn looped(&mut self, depth: u32) -> String {
        self.loops += 1;
        let block = self.block(depth);
        self.loops -= 1;
        block
    }

    fn statement(&mut self, depth: u32) -> String {
        let (x, y) = (self.name(), self.name());
        match self.below(if depth == 0 { 8 } else { 15 }) {
            0..3 => format!("{x} = {}", self.value()),
            3 => format!("g({})", self.value()),
            4 => format!("[{x}, d] := pop({y})"),
            5 => format!("return {}", self.value()),
            6 if self.loops > 0 => "break".into(),
            7 if self.loops > 0 => "continue".into(),
            6 | 7 => format!("{x}.push({y})"),
            8 | 9 => format!("if g({x}) {{ {} }} else {{ {} }}", self.block(depth - 1), self.block(depth - 1)),
            10 => format!("while g({x}) {{ {} }}", self.looped(depth - 1)),
            11 => format!("for e in {} {{ {} }}", self.value(), self.looped(depth - 1)),
            12 => format!("loop {{ {}\n if g({x}) {{ break }} }}", self.looped(depth - 1)),
            13 => format!("try {{ {} }} except e {{ {} }}", self.block(depth - 1), self.block(depth - 1)),
            _ => {
                // Jumps may not leave a `finally`.
                let loops = std::mem::take(&mut self.loops);
                let last = format!("{x} = g({y})");
                self.loops = loops;
                format!("try {{ {} }} finally {{ {last} }}", self.block(depth - 1))
            }
        }
    }
}

#[test]
fn generated_functions_keep_the_promises() {
    let (mut takes, mut shortest) = (0, None);
    for seed in 0..3000 {
        let mut generator = Generator { state: seed, loops: 0 };
        let body = generator.block(1 + (seed % 4) as u32);
        let text = format!("func g(x) {{ return x }}\nfunc f(a, b, c) {{\n{body}\nreturn [a, b] }}");
        let mut sources = SourceMap::new();
        let root = sources.add("main.ruff", text.as_str());
        let resolved = resolve(root, &mut sources, &mut Folder(PathBuf::new()));
        assert!(resolved.diagnostics.is_empty(), "{:?} in\n{text}", resolved.diagnostics);
        let problems = verify(&resolved.program);
        if !problems.is_empty() && shortest.as_ref().is_none_or(|(known, _): &(usize, String)| text.len() < *known) {
            let report = format!("seed {seed}: {problems:?} in\n{text}\n{}", print::print(&resolved.program));
            shortest = Some((text.len(), report));
        }
        let taken = |expr: &&Expr| matches!(expr.kind, ExprKind::Var { take: Take::Dead, .. });
        takes += resolved.program.exprs.iter().filter(taken).count();
    }
    if let Some((_, report)) = shortest {
        panic!("{report}");
    }
    assert!(takes > 3000, "only {takes} reads take");
}

#[test]
fn a_broken_tree_is_noticed() {
    let mut sources = SourceMap::new();
    let root = sources.add("main.ruff", "func f(x) { y := x\n return y }");
    let mut program = resolve(root, &mut sources, &mut Folder(PathBuf::new())).program;
    assert!(verify(&program).is_empty());
    let found = program.exprs.iter_mut().find_map(|expr| match &mut expr.kind {
        ExprKind::Var { var, .. } if *var == Var::Local(Slot(1)) => Some(var),
        _ => None,
    });
    *found.expect("y is read") = Var::Local(Slot(9));
    assert!(!verify(&program).is_empty());
}

fn verify(program: &Program) -> Vec<String> {
    let mut checker =
        Checker { program, problems: Vec::new(), func: FuncId(0), state: Vec::new(), loops: Vec::new(), taken: Vec::new() };
    for func in 0..program.functions.len() {
        checker.function(FuncId(func as u32));
    }
    checker.problems
}

/// What is known of a slot at some place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// No variable, or one that has no value.
    Empty,
    Full,
    /// Emptied by a take on some path.
    Taken,
}

fn join(into: &mut [State], other: &[State]) {
    for (state, other) in into.iter_mut().zip(other) {
        if *state != *other {
            *state = if State::Empty == *state || State::Empty == *other { State::Empty } else { State::Taken };
        }
    }
}

/// One of the ways that a program may go on.
type Alternative<'a, C> = Box<dyn FnOnce(&mut C) + 'a>;

struct Checker<'p> {
    program: &'p Program,
    problems: Vec<String>,
    func: FuncId,
    state: Vec<State>,
    /// The loops around: what holds where they are left, and where their next round begins.
    loops: Vec<(LoopId, Vec<State>, Vec<State>)>,
    /// Slots taken so far in each protected block around.
    taken: Vec<BTreeSet<usize>>,
}

impl Checker<'_> {
    fn problem(&mut self, text: String) {
        let name = &self.program[self.program[self.func].name];
        self.problems.push(format!("f{} {name}: {text}", self.func.0));
    }

    fn function(&mut self, id: FuncId) {
        let function = &self.program[id];
        self.func = id;
        self.state = vec![State::Empty; function.slots as usize];
        let arrived = function.params.len() + usize::from(function.self_mode != SelfMode::None);
        for slot in 0..arrived {
            self.fill(Slot(slot as u32));
        }
        for param in &function.params {
            param.default.into_iter().for_each(|default| self.expr(default));
        }
        self.block(function.body);
    }

    fn fill(&mut self, slot: Slot) {
        match self.state.get_mut(slot.index()) {
            Some(state) => *state = State::Full,
            None => self.problem(format!("slot {} is out of range", slot.0)),
        }
    }

    fn read(&mut self, var: Var, name: TextId) {
        let captures = self.program[self.func].captures.len() as u32;
        let name = &self.program[name];
        match var {
            Var::Local(slot) => match self.state.get(slot.index()) {
                Some(State::Full) => {}
                Some(state) => self.problem(format!("{name} is read while {state:?}")),
                None => self.problem(format!("{name} is out of range")),
            },
            Var::LocalCell(slot) if slot.0 >= self.program[self.func].slots => {
                self.problem(format!("{name} is out of range"));
            }
            Var::Capture(index) | Var::CaptureCell(index) if index >= captures => {
                self.problem(format!("{name} is not captured"));
            }
            Var::Capture(index) | Var::CaptureCell(index) => {
                let from = self.program[self.func].captures[index as usize].from;
                let shared = matches!(from, Var::LocalCell(_) | Var::CaptureCell(_));
                if shared != matches!(var, Var::CaptureCell(_)) {
                    self.problem(format!("{name} is captured as {from:?} and read as {var:?}"));
                }
            }
            Var::LocalCell(_) | Var::Module(_) | Var::SelfFn => {}
        }
    }

    fn write(&mut self, var: Var) {
        if let Var::Local(slot) = var {
            self.fill(slot);
        }
    }

    fn merge(&mut self, other: &[State]) {
        join(&mut self.state, other);
    }

    /// Runs the alternatives from the same state and joins what they leave.
    fn either(&mut self, alternatives: Vec<Alternative<'_, Self>>) {
        let before = self.state.clone();
        let mut joined: Option<Vec<State>> = None;
        for alternative in alternatives {
            self.state.clone_from(&before);
            alternative(self);
            if let Some(joined) = &joined {
                self.merge(&joined.clone());
            }
            joined = Some(self.state.clone());
        }
    }

    fn block(&mut self, id: BlockId) {
        let block = &self.program[id];
        for cell in &block.cells {
            if !block.slots.contains(cell) {
                self.problem(format!("cell {} is no slot of its block", cell.0));
            }
        }
        for &stmt in &block.stmts {
            self.stmt(stmt);
        }
        block.value.into_iter().for_each(|value| self.expr(value));
        for slot in &block.slots {
            if let Some(state) = self.state.get_mut(slot.index()) {
                *state = State::Empty;
            }
        }
    }

    fn unreachable(&mut self) {
        // Nothing follows a jump; whatever joins it knows nothing from here.
        self.state.fill(State::Full);
    }

    fn stmt(&mut self, id: StmtId) {
        match &self.program[id].kind {
            StmtKind::Expr(value) => self.expr(*value),
            StmtKind::Assign { var, name, value, declare } => {
                self.expr(*value);
                if let (Var::Local(slot), true) = (*var, *declare)
                    && self.state.get(slot.index()) == Some(&State::Full)
                {
                    let name = &self.program[*name];
                    self.problem(format!("{name} is created in slot {}, which is in use", slot.0));
                }
                self.write(*var);
            }
            StmtKind::Destructure { pattern, value } => {
                self.expr(*value);
                self.pattern(*pattern);
            }
            StmtKind::Store { place, value, .. } | StmtKind::Update { place, value, .. } => {
                self.path(*place);
                self.expr(*value);
                self.root(*place);
                self.write(self.program[*place].root);
            }
            StmtKind::If { cond, then, otherwise } => self.conditional(*cond, *then, *otherwise),
            StmtKind::Match(node) => self.matching(node),
            StmtKind::Block(block) => self.block(*block),
            StmtKind::While { id, cond, body } => {
                let (id, cond, body) = (*id, *cond, *body);
                self.rounds(id, false, |checker| checker.expr(cond), |checker| checker.block(body));
            }
            StmtKind::Loop { id, body } => {
                let body = *body;
                self.rounds(*id, true, |_| {}, |checker| checker.block(body));
            }
            StmtKind::For(node) => {
                self.expr(node.iterable);
                let round = |checker: &mut Self| {
                    checker.pattern(node.first);
                    node.second.into_iter().for_each(|second| checker.pattern(second));
                    checker.block(node.body);
                };
                self.rounds(node.id, false, |_| {}, round);
            }
            StmtKind::Try(node) => self.protected(node),
            StmtKind::Return(value) => {
                value.iter().for_each(|&value| self.expr(value));
                self.unreachable();
            }
            StmtKind::Break(id) => self.leave(*id, true),
            StmtKind::Continue(id) => self.leave(*id, false),
            StmtKind::Import(_) | StmtKind::ImportError(_) => {}
        }
    }

    fn leave(&mut self, id: LoopId, exit: bool) {
        let state = self.state.clone();
        if let Some((_, exits, backs)) = self.loops.iter_mut().rev().find(|(known, ..)| *known == id) {
            join(if exit { exits } else { backs }, &state);
        }
        self.unreachable();
    }

    /// Two rounds, so that what the first takes is missed by the second. `endless`: only `break` ends the loop.
    fn rounds(&mut self, id: LoopId, endless: bool, mut head: impl FnMut(&mut Self), mut round: impl FnMut(&mut Self)) {
        let full = vec![State::Full; self.state.len()];
        self.loops.push((id, full.clone(), full));
        let outside = self.state.clone();
        head(self);
        let mut ends = if endless { vec![State::Full; self.state.len()] } else { self.state.clone() };
        for _ in 0..2 {
            let before = self.state.clone();
            round(self);
            let back = self.loops.last().expect("the loop was just pushed").2.clone();
            join(&mut self.state, &back);
            self.after_loop(&before);
            head(self);
            if !endless {
                join(&mut ends, &self.state);
            }
        }
        let (_, exits, _) = self.loops.pop().expect("the loop was just pushed");
        self.state = ends;
        join(&mut self.state, &exits);
        self.after_loop(&outside);
    }

    /// Unreachable ends say that everything is full; a slot that was empty before is so again.
    fn after_loop(&mut self, before: &[State]) {
        for (state, before) in self.state.iter_mut().zip(before) {
            if *before == State::Empty {
                *state = State::Empty;
            }
        }
    }

    fn conditional(&mut self, cond: ExprId, then: BlockId, otherwise: Option<BlockId>) {
        self.expr(cond);
        self.either(vec![
            Box::new(move |checker| checker.scoped(then)),
            Box::new(move |checker| otherwise.into_iter().for_each(|block| checker.scoped(block))),
        ]);
    }

    /// A block after which slots that were empty before it are empty again, however it ends.
    fn scoped(&mut self, block: BlockId) {
        let before = self.state.clone();
        self.block(block);
        self.after_loop(&before);
    }

    fn matching(&mut self, node: &Match) {
        self.expr(node.subject);
        let mut alternatives: Vec<Alternative<'_, Self>> = Vec::new();
        for arm in &node.arms {
            alternatives.push(Box::new(move |checker| {
                let before = checker.state.clone();
                checker.pattern(arm.pattern);
                arm.guard.into_iter().for_each(|guard| checker.expr(guard));
                checker.block(arm.body);
                checker.after_loop(&before);
            }));
        }
        let default = node.default;
        alternatives.push(Box::new(move |checker| default.into_iter().for_each(|block| checker.scoped(block))));
        self.either(alternatives);
    }

    fn protected(&mut self, node: &Try) {
        let before = self.state.clone();
        // A handler may start after any expression: everything the body takes may be gone.
        self.taken.push(BTreeSet::new());
        self.scoped(node.body);
        let mut taken = self.taken.pop().expect("the block was just entered");
        let mut after = self.state.clone();
        if let Some(except) = &node.except {
            self.state.clone_from(&before);
            self.lose(&taken);
            except.var.into_iter().for_each(|var| self.write(var));
            self.taken.push(BTreeSet::new());
            self.scoped(except.body);
            taken.extend(self.taken.pop().expect("the block was just entered"));
            join(&mut after, &self.state);
            self.state.clone_from(&after);
            self.after_loop(&before);
        }
        if let Some(finally) = node.finally {
            let normal = self.state.clone();
            self.state.clone_from(&before);
            self.lose(&taken);
            self.scoped(finally);
            // The same block again, on the way that goes on behind it.
            self.state = normal;
            self.scoped(finally);
        }
        if let Some(outer) = self.taken.last_mut() {
            outer.extend(taken);
        }
    }

    fn lose(&mut self, taken: &BTreeSet<usize>) {
        for &slot in taken {
            if self.state[slot] == State::Full {
                self.state[slot] = State::Taken;
            }
        }
    }

    fn pattern(&mut self, id: PatId) {
        let program = self.program;
        match &program[id].kind {
            PatternKind::Bind { var, .. } => self.write(*var),
            PatternKind::Variant { args: Some(args), .. } => args.iter().for_each(|&arg| self.pattern(arg)),
            PatternKind::Or(alternatives) => alternatives.iter().for_each(|&alternative| self.pattern(alternative)),
            PatternKind::As(inner, name) => [*inner, *name].into_iter().for_each(|inner| self.pattern(inner)),
            PatternKind::Array { before, rest, after } => {
                for element in before.iter().chain(after) {
                    element.default.into_iter().for_each(|default| self.expr(default));
                    self.pattern(element.pattern);
                }
                rest.iter().filter_map(|rest| rest.bind).for_each(|bind| self.pattern(bind));
            }
            PatternKind::Fields { entries, rest, .. } => {
                for entry in entries {
                    entry.default.into_iter().for_each(|default| self.expr(default));
                    self.pattern(entry.pattern);
                }
                rest.iter().filter_map(|rest| rest.bind).for_each(|bind| self.pattern(bind));
            }
            _ => {}
        }
    }

    fn path(&mut self, place: PlaceId) {
        for segment in &self.program[place].path {
            if let PathSegment::Index(index) = segment {
                self.expr(*index);
            }
        }
    }

    fn root(&mut self, place: PlaceId) {
        let place = &self.program[place];
        self.read(place.root, place.name);
    }

    fn args(&mut self, args: &Args) {
        for item in &args.positional {
            self.item(item);
        }
        args.named.iter().for_each(|&(_, value)| self.expr(value));
    }

    fn item(&mut self, item: &Item) {
        match *item {
            Item::One(value) | Item::Spread(value) => self.expr(value),
        }
    }

    fn skippable(&mut self, id: ExprId) {
        self.either(vec![Box::new(move |checker| checker.expr(id)), Box::new(|_| {})]);
    }

    fn expr(&mut self, id: ExprId) {
        let program = self.program;
        match &program[id].kind {
            ExprKind::Var { var, name, take } => {
                self.read(*var, *name);
                if let (Var::Local(slot), Take::Dead) = (*var, *take)
                    && let Some(state) = self.state.get_mut(slot.index())
                {
                    *state = State::Taken;
                    if let Some(taken) = self.taken.last_mut() {
                        taken.insert(slot.index());
                    }
                }
            }
            ExprKind::Closure(func) | ExprKind::Spawn(func) => {
                for capture in &program[*func].captures {
                    self.read(capture.from, capture.name);
                }
            }
            ExprKind::Array(items) => items.iter().for_each(|item| self.item(item)),
            ExprKind::Dict(items) => {
                for item in items {
                    match *item {
                        DictItem::Pair(key, value) => [key, value].into_iter().for_each(|each| self.expr(each)),
                        DictItem::Spread(value) => self.expr(value),
                    }
                }
            }
            ExprKind::StructLit { ty, items } => {
                self.expr(*ty);
                for item in items {
                    match *item {
                        FieldItem::Field { value, .. } | FieldItem::Spread(value) => self.expr(value),
                    }
                }
            }
            ExprKind::Interp(parts) => {
                for part in parts {
                    match part {
                        Part::Text(_) => {}
                        Part::Value(value) | Part::Formatted { value, .. } => self.expr(*value),
                    }
                }
            }
            ExprKind::Unary(_, value) => self.expr(*value),
            ExprKind::Binary(_, left, right) | ExprKind::Range { start: left, end: right, .. } => {
                self.expr(*left);
                self.expr(*right);
            }
            ExprKind::And(left, right) | ExprKind::Or(left, right) => {
                self.expr(*left);
                self.skippable(*right);
            }
            ExprKind::Coalesce(operands) => {
                self.expr(operands[0]);
                operands[1..].iter().for_each(|operand| self.skippable(*operand));
            }
            ExprKind::Index { base, index } => {
                self.expr(*base);
                self.expr(*index);
            }
            ExprKind::Slice { base, start, end, .. } => {
                self.expr(*base);
                start.iter().chain(end).for_each(|&bound| self.expr(bound));
            }
            ExprKind::Field { base, .. } | ExprKind::Path { base, .. } => self.expr(*base),
            ExprKind::TakeOut { read, place } => {
                self.expr(*read);
                self.path(*place);
            }
            ExprKind::OptChain(inner) => self.skippable(*inner),
            ExprKind::OptCheck(inner) | ExprKind::Try(inner) | ExprKind::Await(inner) => self.expr(*inner),
            ExprKind::Call { callee, args } => {
                self.expr(*callee);
                self.args(args);
            }
            ExprKind::CallFunc { args, .. }
            | ExprKind::CallBuiltin { args, .. }
            | ExprKind::Construct { args, .. }
            | ExprKind::MakeVariant { args, .. } => self.args(args),
            ExprKind::Method { recv, args, .. } => match *recv {
                Receiver::Value(value) => {
                    self.expr(value);
                    self.args(args);
                }
                Receiver::Place(place) => {
                    self.path(place);
                    self.args(args);
                    self.root(place);
                }
            },
            ExprKind::If { cond, then, otherwise } => self.conditional(*cond, *then, *otherwise),
            ExprKind::Match(node) => self.matching(node),
            ExprKind::Block(block) => self.block(*block),
            ExprKind::Throw(value) | ExprKind::YieldFrom(value) => {
                self.expr(*value);
                if matches!(program[id].kind, ExprKind::Throw(_)) {
                    self.unreachable();
                }
            }
            ExprKind::Return(value) => {
                value.iter().for_each(|&value| self.expr(value));
                self.unreachable();
            }
            ExprKind::Yield(value) => value.iter().for_each(|&value| self.expr(value)),
            ExprKind::Break(id) => self.leave(*id, true),
            ExprKind::Continue(id) => self.leave(*id, false),
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::BigInt(_)
            | ExprKind::Float(_)
            | ExprKind::Str(_)
            | ExprKind::Constant(_)
            | ExprKind::Func(_)
            | ExprKind::Builtin(_)
            | ExprKind::BuiltinType(_)
            | ExprKind::Struct(_)
            | ExprKind::Enum(_)
            | ExprKind::Variant(..)
            | ExprKind::Module(_)
            | ExprKind::Namespace(_)
            | ExprKind::NameError(_) => {}
        }
    }
}
