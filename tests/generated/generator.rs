//! A generator of programs that end, mostly well-typed, that lean towards what engines get wrong: ints at the border of
//! 64 bits, NaN and -0.0, values shared and then changed, closures in loops, faults in loops, code hot enough to be
//! compiled.
//!
//! Always holds: the work of a program is bounded. Every statement adds to `spent` as often as it may run, and a loop or a
//! call is chosen only if `limit` leaves room; values that loops could blow up are cut down where they are stored.
use super::choices::Choices;
use super::tree::Tree;
use super::types::{Enum, Struct, Type, Variable};

pub struct Generator<'c> {
    choices: &'c mut dyn Choices,
    /// For names not used before.
    fresh: u32,
    pub scope: Vec<Variable>,
    pub structs: Vec<Struct>,
    pub enums: Vec<Enum>,
    pub frame: Frame,
    /// How deep statements are nested.
    pub nesting: u32,
    /// The expression made last may give a giant.
    pub grown: bool,
}

/// The function whose body is made.
#[derive(Clone, Default)]
pub struct Frame {
    /// How often the place may run for one call.
    pub turns: u64,
    pub spent: u64,
    pub limit: u64,
    /// What `return` must give; `None` at the top level.
    pub result: Option<Type>,
    /// The loops around the place, with their labels.
    pub loops: Vec<Option<String>>,
    /// In a `finally`, which jumps may not leave.
    pub sealed: bool,
}

/// Statements that a program may run, about.
const PROGRAM_LIMIT: u64 = 60_000;

impl<'c> Generator<'c> {
    pub fn new(choices: &'c mut dyn Choices) -> Generator<'c> {
        Generator {
            choices,
            fresh: 0,
            scope: Vec::new(),
            structs: Vec::new(),
            enums: Vec::new(),
            frame: Frame { turns: 1, limit: PROGRAM_LIMIT, ..Frame::default() },
            nesting: 0,
            grown: false,
        }
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.choices.below(n.max(1))
    }

    /// True in `n` of `of` cases.
    pub fn chance(&mut self, n: u64, of: u64) -> bool {
        // The last numbers, so that an exhausted source says no.
        self.below(of) >= of - n
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize].clone()
    }

    /// An index into `weights`.
    pub fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum());
        for (index, weight) in weights.enumerate() {
            if left < weight {
                return index;
            }
            left -= weight;
        }
        0
    }

    pub fn name(&mut self, prefix: &str) -> String {
        self.fresh += 1;
        format!("{prefix}{}", self.fresh)
    }

    /// A name for a parameter or a loop variable, which sometimes hides another variable.
    pub fn shadowing_name(&mut self, prefix: &str) -> String {
        let known: Vec<String> = self.scope.iter().filter(|v| v.name.starts_with('v')).map(|v| v.name.clone()).collect();
        if !known.is_empty() && self.chance(1, 16) { self.pick(&known) } else { self.name(prefix) }
    }

    pub fn declare(&mut self, name: &str, is: Type, changes: bool) {
        self.scope.push(Variable { name: name.to_owned(), is, changes, cost: 0 });
    }

    /// The variables that `wanted` accepts and no other hides.
    pub fn variables(&self, wanted: impl Fn(&Variable) -> bool) -> Vec<Variable> {
        let hidden = |at: usize| self.scope[at + 1..].iter().any(|later| later.name == self.scope[at].name);
        (0..self.scope.len()).filter(|&at| wanted(&self.scope[at]) && !hidden(at)).map(|at| self.scope[at].clone()).collect()
    }

    /// Runs `make` with what it declares gone afterwards.
    pub fn scoped<R>(&mut self, make: impl FnOnce(&mut Self) -> R) -> R {
        let known = self.scope.len();
        self.nesting += 1;
        let made = make(self);
        self.nesting -= 1;
        self.scope.truncate(known);
        made
    }

    /// Runs `make` in a function of its own that may run about `limit` statements; also gives how many it may run.
    pub fn in_function<R>(&mut self, result: Type, limit: u64, make: impl FnOnce(&mut Self) -> R) -> (R, u64) {
        let inner = Frame { turns: 1, limit, result: Some(result), ..Frame::default() };
        let outer = std::mem::replace(&mut self.frame, inner);
        let made = self.scoped(make);
        let inner = std::mem::replace(&mut self.frame, outer);
        (made, inner.spent + 1)
    }

    /// Is there room for `cost` statements, each as often as the place runs?
    pub fn affords(&self, cost: u64) -> bool {
        self.frame.spent + self.frame.turns * cost <= self.frame.limit
    }

    pub fn spend(&mut self, cost: u64) {
        self.frame.spent += self.frame.turns * cost;
    }

    /// A block of up to `most` statements.
    pub fn block(&mut self, most: u64) -> Vec<Tree> {
        let count = 1 + self.below(most);
        self.scoped(|this| (0..count).map(|_| this.statement()).collect())
    }

    /// A type for a variable; containers hold others down to `depth`.
    pub fn some_type(&mut self, depth: u32) -> Type {
        if depth == 0 || self.chance(1, 2) {
            let scalars = [Type::Int, Type::Int, Type::Int, Type::Float, Type::Number, Type::Text, Type::Bool, Type::Maybe];
            return self.pick(&scalars);
        }
        match self.below(7) {
            0 | 1 => Type::array(self.some_type(depth - 1)),
            2 => Type::array(Type::Int),
            3 => Type::TextDict(self.some_type(depth - 1).into()),
            4 => Type::IntDict(self.some_type(depth - 1).into()),
            5 if !self.enums.is_empty() => Type::Enum(self.below(self.enums.len() as u64) as usize),
            _ if !self.structs.is_empty() => Type::Struct(self.below(self.structs.len() as u64) as usize),
            _ => Type::array(Type::Float),
        }
    }
}
