//! Whole programs: declarations, then sections that use them, then what has become of the variables.
use std::rc::Rc;

use super::generator::Generator;
use super::tree::{Kind, Part, Tree};
use super::types::{Enum, Method, Signature, Struct, Type, Variable};

/// Names of methods: few, so that several structs share them.
const METHODS: &[&str] = &["step", "total", "mix", "scale"];
const FIELDS: &[&str] = &["a", "b", "c", "d"];

impl Generator<'_> {
    pub fn program(&mut self) -> Vec<Tree> {
        let mut all = Vec::new();
        for _ in 0..self.below(2) {
            all.push(self.enumeration());
        }
        for _ in 0..self.below(3) {
            all.push(self.struct_declaration());
        }
        for is in [Type::Int, Type::Float, Type::Text, Type::array(Type::Int), Type::TextDict(Type::Int.into())] {
            all.push(self.global(is));
        }
        for _ in 0..1 + self.below(4) {
            let is = self.some_type(2);
            all.push(self.global(is));
        }
        for _ in 0..1 + self.below(4) {
            all.push(self.function());
        }
        for _ in 0..2 + self.below(4) {
            all.push(self.section());
            if self.chance(1, 4) {
                all.push(self.function());
            }
        }
        all.extend(self.last_words());
        all
    }

    fn global(&mut self, is: Type) -> Tree {
        // A program that ends here is of no use.
        let value = if self.chance(1, 8) { self.kept(&is, 2) } else { self.literal(&is) };
        let name = self.name("v");
        self.declare(&name, is, true);
        Tree::statement("mut @ := @", vec![name.into(), value.into()])
    }

    fn enumeration(&mut self) -> Tree {
        let name = self.name("E");
        let count = 2 + self.below(3);
        let variants: Vec<(String, Vec<Type>)> = (0..count)
            .map(|at| {
                let payload = (0..self.below(3)).map(|_| self.some_type(1)).collect();
                (format!("{name}{}", ["A", "B", "C", "D"][at as usize]), payload)
            })
            .collect();
        let text = |(variant, payload): &(String, Vec<Type>)| {
            let names: Vec<String> = (0..payload.len()).map(|at| format!("x{at}")).collect();
            if names.is_empty() { variant.clone() } else { format!("{variant}({})", names.join(", ")) }
        };
        let texts: Vec<String> = variants.iter().map(text).collect();
        let text = format!("enum {name} {{ {} }}", texts.join(", "));
        self.enums.push(Enum { name, variants });
        Tree::statement("@", vec![text.into()])
    }

    fn struct_declaration(&mut self) -> Tree {
        let name = self.name("S");
        let index = self.structs.len();
        let count = 1 + self.below(FIELDS.len() as u64) as usize;
        let fields: Vec<(String, Type)> =
            FIELDS[..count].iter().map(|&field| (field.to_owned(), self.some_type(2))).collect();
        self.structs.push(Struct { name: name.clone(), fields: fields.clone(), ..Struct::default() });
        let mut body: Vec<Tree> = fields.iter().map(|(field, is)| self.field(field, is)).collect();
        for name in METHODS.iter().take(self.below(METHODS.len() as u64) as usize) {
            body.push(self.method(index, name));
        }
        if self.chance(1, 2) {
            body.extend(self.overloads(index));
        }
        Tree::statement("struct @ @", vec![name.into(), body.into()])
    }

    fn field(&mut self, name: &str, is: &Type) -> Tree {
        let note = match is {
            Type::Float if self.chance(1, 2) => ": float",
            Type::Int if self.chance(1, 2) => ": int",
            _ => "",
        };
        Tree { kind: Kind::Other, ..Tree::statement("@@", vec![name.into(), note.into()]) }
    }

    fn method(&mut self, of: usize, name: &str) -> Tree {
        let result = self.some_type(1);
        let params: Vec<Type> = (0..self.below(3)).map(|_| self.some_type(1)).collect();
        let names: Vec<String> = params.iter().map(|_| self.name("v")).collect();
        let mutates = self.chance(2, 3);
        let limit = self.pick(&[10, 30, 400]);
        let (body, cost) = self.in_function(result.clone(), limit, |this| {
            this.declare("self", Type::Struct(of), mutates);
            names.iter().zip(&params).for_each(|(name, is)| this.declare(name, is.clone(), true));
            this.body_with_return(3)
        });
        let word = if mutates { "mut self" } else { "self" };
        let names: Vec<String> = [word.to_owned()].into_iter().chain(names).collect();
        let signature = Signature { params, result };
        self.structs[of].methods.push(Method { name: name.to_owned(), signature, mutates, cost });
        Tree::statement("func @(@) @", vec![name.into(), names.join(", ").into(), body])
    }

    /// Some of `op_add`, `op_eq`, `op_lt` and `to_string`.
    fn overloads(&mut self, of: usize) -> Vec<Tree> {
        let (field, is) = self.structs[of].fields[0].clone();
        let mut made = Vec::new();
        if matches!(is, Type::Int | Type::Float | Type::Number | Type::Text) {
            self.structs[of].adds = true;
            let cut = match is {
                Type::Text => "[..9]",
                Type::Int => " % 100003",
                _ => "",
            };
            let parts = vec![field.clone().into(), field.clone().into(), field.clone().into(), cut.into()];
            let text = "func op_add(self, o) { mut r := self\n r.@ = (self.@ + o.@)@\n return r }";
            made.push(Tree::statement(text, parts));
            let text = "func op_lt(self, o) { return self.@ < o.@ }";
            made.push(Tree::statement(text, vec![field.clone().into(), field.clone().into()]));
        }
        if self.chance(1, 2) {
            let text = "func op_eq(self, o) { return self.@ == o.@ }";
            made.push(Tree::statement(text, vec![field.clone().into(), field.clone().into()]));
        }
        if self.chance(1, 3) {
            let text = "func to_string(self) { return \"<${self.@}>\" }";
            made.push(Tree::statement(text, vec![field.into()]));
        }
        made
    }

    fn function(&mut self) -> Tree {
        match self.below(8) {
            0 | 1 => self.recursive_function(),
            2 => self.function_with_default(),
            3 => self.function_of_a_function(),
            _ => {
                let params = (0..self.below(4)).map(|_| self.some_type(2)).collect();
                let result = self.some_type(2);
                self.plain_function(params, result)
            }
        }
    }

    fn declare_function(&mut self, name: &str, params: Vec<Type>, result: Type, cost: u64) {
        let is = Type::Function(Rc::new(Signature { params, result }));
        self.scope.push(Variable { name: name.to_owned(), is, changes: false, cost });
    }

    fn plain_function(&mut self, params: Vec<Type>, result: Type) -> Tree {
        let name = self.name("f");
        let names: Vec<String> = params.iter().map(|_| self.name("v")).collect();
        let limit = self.pick(&[6, 20, 60, 4000]);
        let (body, cost) = self.in_function(result.clone(), limit, |this| {
            names.iter().zip(&params).for_each(|(name, is)| this.declare(name, is.clone(), true));
            this.body_with_return(4)
        });
        self.declare_function(&name, params, result, cost);
        Tree::statement("func @(@) @", vec![name.into(), names.join(", ").into(), body])
    }

    /// `func f(n, …) { if n <= 0 { return … } … f(n - 1, …) … }`, which calls itself once or twice.
    fn recursive_function(&mut self) -> Tree {
        let (name, depth) = (self.name("f"), self.name("n"));
        let result = self.pick(&[Type::Int, Type::Int, Type::Float, Type::Text, Type::array(Type::Int)]);
        let twice = self.chance(1, 2);
        let other = self.some_type(1);
        let param = self.name("v");
        let (mut body, cost) = self.in_function(result.clone(), 8, |this| {
            this.declare(&depth, Type::Int, false);
            this.declare(&param, other.clone(), true);
            let base = this.kept(&result, 1);
            let leave = Tree::statement("if @ <= 0 { return @ }", vec![depth.clone().into(), base.into()]);
            [vec![Tree { kind: Kind::Other, ..leave }], this.block(2)].concat()
        });
        let (template, calls) = if twice { ("(@ + @)", 2) } else { ("(@ + @)", 1) };
        let call = |this: &mut Self, less: u64| {
            let argument = this.literal(&other);
            let parts = vec![name.clone().into(), depth.clone().into(), less.to_string().into(), argument.into()];
            Tree::expression(&result, "@(@ - @, @)", parts)
        };
        let first = call(self, 1);
        let second = if twice { call(self, 2) } else { self.literal(&result) };
        let sum = Tree::expression(&result, template, vec![first.into(), second.into()]);
        let cut = match result {
            Type::Text | Type::Array(_) => "@[..9]",
            _ => "@",
        };
        body.push(Tree::statement("return @", vec![Tree::expression(&result, cut, vec![sum.into()]).into()]));
        let most = if calls == 2 { 12 } else { 150 };
        let calls = if calls == 2 { 500 } else { 150 };
        self.declare_function(&name, vec![Type::Depth(most), other], result, cost * calls);
        Tree::statement("func @(@, @) @", vec![name.into(), depth.into(), param.into(), body.into()])
    }

    /// The last parameter has a default and stands in calls by name or not at all.
    fn function_with_default(&mut self) -> Tree {
        let inner = self.plain_function(vec![Type::Int, Type::Number], Type::Int);
        let Some(Variable { name: called, cost, .. }) = self.scope.last().cloned() else { return inner };
        let (name, a, b) = (self.name("f"), self.name("v"), self.name("v"));
        let default = self.literal(&Type::Int);
        self.declare_function(&name, vec![Type::Int], Type::Int, 2 * cost + 4);
        let helper = self.name("f");
        let first = vec![
            helper.clone().into(),
            a.clone().into(),
            b.clone().into(),
            default.into(),
            called.into(),
            a.into(),
            b.into(),
        ];
        let first = Tree::statement("func @(@, @ = @, ...rest) { return @(@, @) + rest.len() }", first);
        let a = self.name("v");
        let value = self.literal(&Type::Number);
        let second = vec![
            name.into(),
            a.clone().into(),
            helper.clone().into(),
            a.clone().into(),
            helper.into(),
            a.clone().into(),
            value.into(),
            a.into(),
        ];
        let second = Tree::statement("func @(@) { return clamp(@(@) - @(@, @, 1, ...[@]), -(2 ** 63), 2 ** 63) }", second);
        Tree::statement("@\n@\n@", vec![inner.into(), first.into(), second.into()])
    }

    fn function_of_a_function(&mut self) -> Tree {
        let (name, inner) = (self.name("f"), self.name("g"));
        let result = self.pick(&[Type::Int, Type::Text, Type::Float]);
        let signature = Signature { params: vec![Type::Int], result: result.clone() };
        let taken = Type::Function(Rc::new(signature));
        let (body, cost) = self.in_function(result.clone(), 60, |this| {
            this.scope.push(Variable { name: inner.clone(), is: taken.clone(), changes: false, cost: 8 });
            this.body_with_return(3)
        });
        self.declare_function(&name, vec![taken], result, cost);
        Tree::statement("func @(@) @", vec![name.into(), inner.into(), body])
    }

    /// Statements of the top level, mostly with a handler around them.
    fn section(&mut self) -> Tree {
        if self.chance(1, 12) {
            return self.statement();
        }
        if self.chance(1, 40) {
            return self.endless_recursion();
        }
        let error = self.name("e");
        let mut body = Vec::new();
        if self.chance(2, 3) {
            body.extend(self.kernel());
        }
        body.extend(self.block(5));
        let report = "print(\"section\", @.kind, @.message, @.stack.map(f => \"${f.function}:${f.line}:${f.column}\"))";
        let report = Tree::statement(report, vec![error.clone().into(); 3]);
        Tree::statement("try @ except @ @", vec![body.into(), error.into(), vec![report].into()])
    }

    fn endless_recursion(&mut self) -> Tree {
        let name = self.name("f");
        let template = "func @(n) { return 1 + @(n + 1) }\ntry { @(0) } except e { print(e.kind) }";
        Tree::statement(template, vec![name.clone().into(), name.clone().into(), name.into()])
    }

    /// Shows every variable of the top level.
    fn last_words(&mut self) -> Vec<Tree> {
        let known = self.variables(|v| !matches!(v.is, Type::Function(_)));
        let show = |variable: &Variable| {
            let name = || Part::from(variable.name.clone());
            let value =
                if matches!(variable.is, Type::Text) { "print(\"@\", @.len(), @[..300])" } else { "print(\"@\", @)" };
            let parts = (0..value.matches('@').count()).map(|_| name()).collect();
            Tree::statement("try { @ } except e { print(e.message) }", vec![Tree::other(value, parts).into()])
        };
        known.iter().map(show).collect()
    }
}
