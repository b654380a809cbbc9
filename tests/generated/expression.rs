//! Expressions of a wanted type.
use std::rc::Rc;

use super::forms::{self, Form, Operand};
use super::generator::Generator;
use super::tree::{Part, Tree, list};
use super::types::{Signature, Type, Variable};

const EDGE_INTS: &[&str] = &[
    "9223372036854775807",
    "(-9223372036854775808)",
    "9223372036854775806",
    "(-9223372036854775807)",
    "4611686018427387904",
    "(-4611686018427387905)",
    "4294967296",
    "2147483647",
    "9007199254740993",
    "3037000500",
    "18446744073709551616",
    "(-1)",
    "63",
];
const FLOATS: &[&str] = &[
    "0.5",
    "1.0",
    "2.5",
    "-0.0",
    "0.0",
    "NAN",
    "INF",
    "-INF",
    "1e308",
    "5e-324",
    "0.1",
    "9007199254740993.0",
    "9.3e18",
    "-3.75",
    "1e21",
];
const TEXTS: &[&str] = &["\"a\"", "\"\"", "\"abc\"", "\"b\"", "\"äöü€\"", "\"x\\ny\"", "\"10\"", "\"zz top\""];
const KEYS: &[&str] = &["\"a\"", "\"b\"", "\"c\"", "\"k1\"", "\"\""];

impl Generator<'_> {
    /// An expression of type `of` whose operators nest at most `depth` deep.
    pub fn expression(&mut self, of: &Type, depth: u32) -> Tree {
        if self.chance(1, 150) && !matches!(of, Type::Depth(_)) {
            let other = self.some_type(1);
            return Tree::expression(of, "@", vec![self.well_typed(&other, depth).into()]);
        }
        self.well_typed(of, depth)
    }

    fn well_typed(&mut self, of: &Type, depth: u32) -> Tree {
        if depth == 0 || self.chance(1, 4) {
            return self.simple(of);
        }
        if self.chance(1, 6)
            && let Some(call) = self.call_giving(of, depth - 1)
        {
            return call;
        }
        if self.chance(1, 5)
            && let Some(part) = self.part_of_variable(of)
        {
            return part;
        }
        match of {
            Type::Int => self.formed(of, &[forms::INT], depth),
            Type::Float => self.formed(of, &[forms::FLOAT], depth),
            Type::Number => {
                let is = self.pick(&[Type::Int, Type::Float]);
                self.well_typed(&is, depth)
            }
            Type::Bool => self.formed(of, &[forms::BOOL], depth),
            Type::Text => self.formed(of, &[forms::TEXT], depth),
            Type::Maybe => self.formed(of, &[forms::MAYBE], depth),
            Type::Array(item) => match **item {
                Type::Int => self.formed(of, &[forms::ARRAY, forms::INTS], depth),
                Type::Text => self.formed(of, &[forms::ARRAY, forms::TEXTS], depth),
                _ => self.formed(of, &[forms::ARRAY], depth),
            },
            Type::TextDict(_) => self.formed(of, &[forms::TEXT_DICT], depth),
            Type::IntDict(_) => self.formed(of, &[forms::INT_DICT], depth),
            Type::Struct(index) => self.structure(*index, depth),
            Type::Enum(index) => self.variant(*index, depth),
            Type::Function(signature) => self.lambda(signature, 6),
            Type::Depth(_) => self.literal(of),
            Type::Any => {
                let is = self.some_type(1);
                self.well_typed(&is, depth)
            }
        }
    }

    /// A variable, or the simplest that makes a value.
    pub fn simple(&mut self, of: &Type) -> Tree {
        let fitting = self.variables(|variable| of.takes(&variable.is) && !matches!(variable.is, Type::Function(_)));
        if !fitting.is_empty() && self.chance(7, 8) {
            let variable = self.pick(&fitting);
            return Tree::expression(of, "@", vec![variable.name.into()]);
        }
        self.literal(of)
    }

    pub fn literal(&mut self, of: &Type) -> Tree {
        let text = match of {
            Type::Int | Type::Any if self.chance(1, 4) => self.pick(EDGE_INTS).to_owned(),
            Type::Int | Type::Any => self.below(12).to_string(),
            Type::Float => self.pick(FLOATS).to_owned(),
            Type::Number | Type::Maybe if self.chance(1, 2) => if *of == Type::Maybe { "null" } else { "1.5" }.to_owned(),
            Type::Number | Type::Maybe => self.below(9).to_string(),
            Type::Bool => self.pick(&["false", "true"]).to_owned(),
            Type::Text => self.pick(TEXTS).to_owned(),
            Type::Array(_) if self.chance(1, 4) => "[]".to_owned(),
            Type::TextDict(_) | Type::IntDict(_) if self.chance(1, 4) => "({})".to_owned(),
            Type::Array(item) => {
                let items = (0..1 + self.below(3)).map(|_| self.literal(item)).collect();
                return Tree::expression(of, "[@]", vec![list(items, ", ").into()]);
            }
            Type::TextDict(item) => {
                return Tree::expression(of, "({@: @})", vec![self.pick(KEYS).into(), self.literal(item).into()]);
            }
            Type::IntDict(item) => {
                let key = self.below(5).to_string();
                return Tree::expression(of, "({@: @})", vec![key.into(), self.literal(item).into()]);
            }
            Type::Struct(index) => return self.structure(*index, 0),
            Type::Enum(index) => return self.variant(*index, 0),
            Type::Function(signature) => return self.lambda(signature, 1),
            Type::Depth(most) => self.below(*most).to_string(),
        };
        Tree::expression(of, "@", vec![text.into()])
    }

    fn formed(&mut self, of: &Type, tables: &[&'static [Form]], depth: u32) -> Tree {
        let choices = tables.iter().flat_map(|table| table.iter());
        let chosen = self.weighted(choices.clone().map(|form| form.weight));
        let Some(form) = choices.clone().nth(chosen) else { return self.simple(of) };
        self.grown |= form.grows;
        let operands = form.operands.iter().map(|operand| self.operand(*operand, of, depth - 1).into()).collect();
        Tree::expression(of, form.text, operands)
    }

    fn operand(&mut self, operand: Operand, of: &Type, depth: u32) -> Tree {
        let element = match of {
            Type::Array(item) | Type::TextDict(item) | Type::IntDict(item) => (**item).clone(),
            _ => Type::Int,
        };
        let function = |from: &[Type], to: Type| Type::Function(Rc::new(Signature { params: from.to_vec(), result: to }));
        let wanted = match operand {
            Operand::Exponent => return self.number_below(5),
            Operand::Width => return self.number_below(71),
            Operand::Count => return self.number_below(7),
            Operand::Index => return self.index(),
            Operand::Int => Type::Int,
            Operand::Float => Type::Float,
            Operand::Number => Type::Number,
            Operand::Bool => Type::Bool,
            Operand::Text => Type::Text,
            Operand::Maybe => Type::Maybe,
            Operand::Any => Type::Any,
            Operand::Ints => Type::array(Type::Int),
            Operand::Floats => Type::array(Type::Float),
            Operand::Numbers => Type::array(Type::Number),
            Operand::Texts => Type::array(Type::Text),
            Operand::IntDict => Type::IntDict(Type::Int.into()),
            Operand::TextDict => Type::TextDict(Type::Int.into()),
            Operand::Same => of.clone(),
            Operand::Element => element,
            Operand::IntToInt => function(&[Type::Int], Type::Int),
            Operand::IntToBool => function(&[Type::Int], Type::Bool),
            Operand::IntsToInt => function(&[Type::Int, Type::Int], Type::Int),
            Operand::ElementToElement => function(std::slice::from_ref(&element), element.clone()),
            Operand::ElementToBool => function(&[element], Type::Bool),
            Operand::ElementToInt => function(&[element], Type::Int),
        };
        match &wanted {
            Type::Function(signature) => self.callback(signature, depth),
            _ => self.expression(&wanted, depth),
        }
    }

    fn number_below(&mut self, n: u64) -> Tree {
        Tree::other("@", vec![self.below(n).to_string().into()])
    }

    /// An index that mostly lies within.
    pub fn index(&mut self) -> Tree {
        let counters = self.variables(|variable| variable.is == Type::Int && variable.name.starts_with('i'));
        if !counters.is_empty() && self.chance(1, 2) {
            let counter = self.pick(&counters).name;
            let size = 1 + self.below(3);
            return Tree::expression(&Type::Int, "@ % @", vec![counter.into(), size.to_string().into()]);
        }
        if self.chance(1, 12) {
            return self.expression(&Type::Int, 1);
        }
        let text = self.pick(&["0", "0", "0", "0", "-1", "-1", "1", "2"]);
        Tree::expression(&Type::Int, "@", vec![text.into()])
    }

    /// A key of a dict with strings as keys.
    pub fn text_key(&mut self) -> Tree {
        if self.chance(1, 6) {
            return self.expression(&Type::Text, 1);
        }
        Tree::expression(&Type::Text, "@", vec![self.pick(KEYS).into()])
    }

    /// A function for a builtin that calls it about ten times.
    fn callback(&mut self, signature: &Rc<Signature>, depth: u32) -> Tree {
        let of = Type::Function(signature.clone());
        let known = self.variables(|variable| variable.is == of);
        if !known.is_empty() && self.chance(1, 3) {
            let function = self.pick(&known);
            if self.affords(10 * function.cost) {
                self.spend(10 * function.cost);
                return Tree::expression(&of, "@", vec![function.name.into()]);
            }
        }
        self.spend(10);
        self.lambda(signature, u64::from(depth))
    }

    /// A lambda; with a block as body if `limit` leaves room for statements.
    pub fn lambda(&mut self, signature: &Rc<Signature>, limit: u64) -> Tree {
        let names: Vec<String> = signature.params.iter().map(|_| self.shadowing_name("p")).collect();
        let distinct = names.iter().enumerate().all(|(at, name)| !names[..at].contains(name));
        let names: Vec<String> = if distinct { names } else { names.iter().map(|_| self.name("p")).collect() };
        let outer_grown = self.grown;
        let (body, _) = self.in_function(signature.result.clone(), limit, |this| {
            for (name, is) in names.iter().zip(&signature.params) {
                this.declare(name, is.clone(), true);
            }
            if limit >= 4 && this.chance(1, 3) { this.body_with_return(2) } else { this.kept(&signature.result, 2).into() }
        });
        self.grown = outer_grown;
        let plain = names.len() == 1 && self.chance(1, 2);
        let template = if plain { "(@ => @)" } else { "((@) => @)" };
        Tree::expression(&Type::Function(signature.clone()), template, vec![names.join(", ").into(), body])
    }

    /// A block that ends by returning what the function must give.
    pub fn body_with_return(&mut self, most: u64) -> Part {
        let mut body: Vec<Tree> = (0..1 + self.below(most)).map(|_| self.statement()).collect();
        let result = self.frame.result.clone().unwrap_or(Type::Any);
        let value = self.kept(&result, 2);
        body.push(Tree::statement("return @", vec![value.into()]));
        body.into()
    }

    /// An expression to be kept in a variable or returned: cut down if it could be a giant.
    pub fn kept(&mut self, of: &Type, depth: u32) -> Tree {
        let outer = std::mem::replace(&mut self.grown, false);
        let value = self.expression(of, depth);
        let grown = std::mem::replace(&mut self.grown, outer);
        if grown { self.cut(of, value) } else { value }
    }

    fn cut(&mut self, of: &Type, value: Tree) -> Tree {
        let template = match of {
            Type::Int | Type::Number | Type::Maybe => match self.below(4) {
                0 => "clamp(@, INT64_MIN, INT64_MAX)",
                1 => "(@ % 18446744073709551557)",
                2 => "(@ % 1000003)",
                _ => "clamp(@, -(2 ** 64), 2 ** 64)",
            },
            Type::Text => "@[..24]",
            Type::Array(_) => "@[..12]",
            _ => "@",
        };
        let template = if *of == Type::Maybe { "(@ ?? 0) % 1000003" } else { template };
        Tree::expression(of, template, vec![value.into()])
    }

    /// `Name { … }`, `Name(…)`, or one made from another.
    fn structure(&mut self, index: usize, depth: u32) -> Tree {
        let of = Type::Struct(index);
        let (name, fields) = (self.structs[index].name.clone(), self.structs[index].fields.clone());
        let depth = depth.saturating_sub(1);
        if depth > 0 && self.chance(1, 4) {
            let (field, is) = self.pick(&fields);
            let parts = vec![name.into(), self.expression(&of, depth).into(), field.into(), self.kept(&is, depth).into()];
            return Tree::expression(&of, "(@ { ...@, @: @ })", parts);
        }
        if depth > 0 && self.structs[index].adds && self.chance(1, 4) {
            let parts = vec![self.expression(&of, depth).into(), self.expression(&of, depth).into()];
            return Tree::expression(&of, "(@ + @)", parts);
        }
        let value = |this: &mut Self, is: &Type| if depth == 0 { this.literal(is) } else { this.kept(is, depth) };
        if self.chance(1, 2) {
            let values = fields.iter().map(|(_, is)| value(self, is)).collect();
            return Tree::expression(&of, "@(@)", vec![name.into(), list(values, ", ").into()]);
        }
        let values = fields.iter().map(|(field, is)| {
            let value = value(self, is);
            Tree::other("@: @", vec![field.clone().into(), value.into()])
        });
        let values = values.collect();
        Tree::expression(&of, "(@ { @ })", vec![name.into(), list(values, ", ").into()])
    }

    fn variant(&mut self, index: usize, depth: u32) -> Tree {
        let of = Type::Enum(index);
        let name = self.enums[index].name.clone();
        let variants = self.enums[index].variants.clone();
        let (variant, payload) = self.pick(&variants);
        let depth = depth.saturating_sub(1);
        let values: Vec<Tree> =
            payload.iter().map(|is| if depth == 0 { self.literal(is) } else { self.kept(is, depth) }).collect();
        if values.is_empty() {
            return Tree::expression(&of, "@::@", vec![name.into(), variant.into()]);
        }
        Tree::expression(&of, "@::@(@)", vec![name.into(), variant.into(), list(values, ", ").into()])
    }

    /// A call of a function or method that gives `of`.
    fn call_giving(&mut self, of: &Type, depth: u32) -> Option<Tree> {
        if self.chance(1, 3) {
            return self.method_call_giving(of, depth);
        }
        let fits = |variable: &Variable| matches!(&variable.is, Type::Function(signature) if of.takes(&signature.result));
        let known = self.variables(fits);
        if known.is_empty() {
            return None;
        }
        let function = self.pick(&known);
        self.call(&function, depth)
    }

    /// A call of `function`, if there is time for it.
    pub fn call(&mut self, function: &Variable, depth: u32) -> Option<Tree> {
        let Type::Function(signature) = &function.is else { return None };
        if !self.affords(function.cost.max(1)) {
            return None;
        }
        self.spend(function.cost.max(1));
        let arguments = self.arguments(&signature.params, depth);
        Some(Tree::expression(&signature.result, "@(@)", vec![function.name.clone().into(), arguments.into()]))
    }

    pub fn arguments(&mut self, params: &[Type], depth: u32) -> Tree {
        let arguments = params.iter().map(|is| self.kept(is, depth)).collect();
        list(arguments, ", ")
    }

    fn method_call_giving(&mut self, of: &Type, depth: u32) -> Option<Tree> {
        let holders = self.variables(|variable| matches!(variable.is, Type::Struct(_)));
        if holders.is_empty() {
            return None;
        }
        let holder = self.pick(&holders);
        let Type::Struct(index) = holder.is else { return None };
        let fitting = |cost: bool, gives: bool, may: bool| cost && gives && may;
        let methods: Vec<_> = self.structs[index].methods.clone();
        let methods: Vec<_> = methods
            .into_iter()
            .filter(|m| fitting(self.affords(m.cost), of.takes(&m.signature.result), holder.changes || !m.mutates))
            .collect();
        if methods.is_empty() {
            return None;
        }
        let method = self.pick(&methods);
        self.spend(method.cost);
        let arguments = self.arguments(&method.signature.params, depth);
        let parts = vec![holder.name.into(), method.name.into(), arguments.into()];
        Some(Tree::expression(of, "@.@(@)", parts))
    }

    /// A part of a variable: `v.a[0].b`.
    fn part_of_variable(&mut self, of: &Type) -> Option<Tree> {
        for _ in 0..4 {
            let (place, is) = self.place(false)?;
            if of.takes(&is) {
                return Some(Tree::expression(of, "@", vec![place.into()]));
            }
        }
        None
    }

    /// A variable that holds parts, and a way into it; one that may change if `changes`.
    pub fn place(&mut self, changes: bool) -> Option<(Tree, Type)> {
        let roots = self.variables(|variable| variable.is.is_container() && (variable.changes || !changes));
        if roots.is_empty() {
            return None;
        }
        let root = self.pick(&roots);
        let (mut place, mut is) = (Tree::other("@", vec![root.name.into()]), root.is);
        for _ in 0..self.below(4) {
            let Some((step, inner)) = self.step_into(&is) else { break };
            place = Tree::other("@@", vec![place.into(), step.into()]);
            is = inner;
        }
        Some((place, is))
    }

    fn step_into(&mut self, is: &Type) -> Option<(Tree, Type)> {
        match is {
            Type::Array(item) => Some((Tree::other("[@]", vec![self.index().into()]), (**item).clone())),
            Type::TextDict(item) if self.chance(1, 3) => Some((Tree::other(".a", vec![]), (**item).clone())),
            Type::TextDict(item) => Some((Tree::other("[@]", vec![self.text_key().into()]), (**item).clone())),
            Type::IntDict(item) => Some((Tree::other("[@]", vec![self.index().into()]), (**item).clone())),
            Type::Struct(index) => {
                let fields = self.structs[*index].fields.clone();
                let (field, is) = self.pick(&fields);
                Some((Tree::other(".@", vec![field.into()]), is))
            }
            _ => None,
        }
    }
}
