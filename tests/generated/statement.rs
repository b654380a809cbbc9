//! Statements.
use std::rc::Rc;

use super::generator::Generator;
use super::tree::{Kind, Part, Tree, list};
use super::types::{Signature, Type};

/// Shown of an error that a program has caught.
const REPORT: &str = "print(\"caught\", @.kind, @.message, @.line, @.column)";

impl Generator<'_> {
    pub fn statement(&mut self) -> Tree {
        self.spend(1);
        // Deep inside only what contains no other statements.
        let simple = self.nesting > 4 || !self.affords(2);
        let made = match self.below(if simple { 34 } else { 64 }) {
            0..=4 => Some(self.declaration()),
            5..=10 => self.assignment(),
            11..=17 => self.change_of_a_part(),
            18..=22 => self.mutating_call(),
            23..=24 => self.shared_and_changed(),
            25..=26 => self.destructuring(),
            27..=28 => self.call_statement(),
            29..=30 => Some(self.output()),
            31 => self.jump(),
            32 => Some(self.unlikely_throw()),
            33 => self.update_by_builtin(),
            34..=37 => Some(self.choice()),
            38..=49 => self.counted_loop(),
            50..=52 => self.loop_over_items(),
            53..=54 => self.while_loop(),
            55..=58 => Some(self.guarded()),
            59..=60 => self.matching(),
            61..=62 => self.closures_in_a_loop(),
            _ => self.objects_of_many_kinds(),
        };
        match made {
            Some(statement) => statement,
            None => self.declaration(),
        }
    }

    /// A new variable.
    pub fn declaration(&mut self) -> Tree {
        let is = self.some_type(2);
        self.declaration_of(is)
    }

    pub fn declaration_of(&mut self, is: Type) -> Tree {
        let value = self.kept(&is, 3);
        let name = self.name("v");
        let word = self.pick(&["mut ", "mut ", "", "let "]);
        self.declare(&name, is, word != "let ");
        Tree::statement("@@ := @", vec![word.into(), name.into(), value.into()])
    }

    fn assignment(&mut self) -> Option<Tree> {
        let known = self.variables(|v| v.changes && !matches!(v.is, Type::Function(_) | Type::Any));
        if known.is_empty() {
            return None;
        }
        let variable = self.pick(&known);
        if self.chance(1, 2)
            && let Some(update) = self.update(variable.name.clone().into(), &variable.is)
        {
            return Some(update);
        }
        let value = self.kept(&variable.is, 3);
        Some(Tree::statement("@ = @", vec![variable.name.into(), value.into()]))
    }

    /// `place op= value`.
    fn update(&mut self, place: Part, is: &Type) -> Option<Tree> {
        let operator = match is {
            Type::Int | Type::Number => self.pick(&["+=", "+=", "+=", "-=", "/=", "%=", "*=", "^=", "&=", "|="]),
            Type::Float => self.pick(&["+=", "-=", "*=", "/="]),
            Type::Text => "+=",
            Type::Maybe => "??=",
            Type::Array(_) => "+=",
            _ => return None,
        };
        let value = match (is, operator) {
            (Type::Int | Type::Number, "*=") => self.literal(&Type::Bool),
            (Type::Number, "^=" | "&=" | "|=") => self.literal(&Type::Int),
            (Type::Text | Type::Array(_), _) => self.literal(is),
            (Type::Maybe, _) => self.kept(&Type::Int, 2),
            _ => self.kept(is, 2),
        };
        let value = if operator == "*=" {
            Tree::expression(&Type::Int, "(if @ { 3 } else { -1 })", vec![value.into()])
        } else {
            value
        };
        Some(Tree::statement("@ @ @", vec![place, operator.into(), value.into()]))
    }

    /// `v.a[i] = …` and `v.a[i] += …`.
    fn change_of_a_part(&mut self) -> Option<Tree> {
        let (place, is) = self.place(true)?;
        if self.chance(1, 2)
            && let Some(update) = self.update(place.clone().into(), &is)
        {
            return Some(update);
        }
        let value = self.kept(&is, 2);
        Some(Tree::statement("@ = @", vec![place.into(), value.into()]))
    }

    /// A builtin or user method that changes its place.
    fn mutating_call(&mut self) -> Option<Tree> {
        let (place, is) = (0..4).find_map(|_| self.place(true).filter(|(_, is)| is.is_container()))?;
        let call = match &is {
            Type::Array(item) => self.array_change(item),
            Type::TextDict(item) | Type::IntDict(item) => {
                let key = if matches!(is, Type::TextDict(_)) { self.text_key() } else { self.index() };
                let value = self.kept(item, 2);
                let template = self.pick(&["insert(@, @)", "remove(@)", "get_or_insert(@, @)", "set(@, @)", "clear()"]);
                let parts: Vec<Part> = vec![key.into(), value.into()];
                Tree::other(template, parts.into_iter().take(template.matches('@').count()).collect())
            }
            Type::Struct(index) => {
                let methods = self.structs[*index].methods.clone();
                let methods: Vec<_> = methods.into_iter().filter(|method| self.affords(method.cost)).collect();
                if methods.is_empty() {
                    return None;
                }
                let method = self.pick(&methods);
                self.spend(method.cost);
                let arguments = self.arguments(&method.signature.params, 2);
                Tree::other("@(@)", vec![method.name.into(), arguments.into()])
            }
            _ => return None,
        };
        // Growth in hot places is bounded.
        let pushes = self.frame.turns > 100 && self.chance(7, 8) && matches!(is, Type::Array(_));
        let template = if pushes { "if len(@) < 40 { @.@ } else { @.clear() }" } else { "@.@" };
        let mut parts: Vec<Part> = vec![place.clone().into(), call.into()];
        if pushes {
            parts.insert(0, place.clone().into());
            parts.push(place.into());
        }
        Some(Tree::statement(template, parts))
    }

    fn array_change(&mut self, item: &Type) -> Tree {
        let value = self.kept(item, 2);
        match self.below(12) {
            0..=4 => Tree::other("push(@)", vec![value.into()]),
            5 => Tree::other("pop()", vec![]),
            6 => Tree::other("insert(@, @)", vec![self.index().into(), value.into()]),
            7 => Tree::other("remove_at(@)", vec![self.index().into()]),
            8 => Tree::other("reverse()", vec![]),
            9 => Tree::other("swap(@, @)", vec![self.index().into(), self.index().into()]),
            10 => Tree::other("extend([@, @])", vec![value.clone().into(), value.into()]),
            _ => Tree::other("sort()", vec![]),
        }
    }

    /// `v = push(v, …)` and its like, which happen in place.
    fn update_by_builtin(&mut self) -> Option<Tree> {
        let known = self
            .variables(|v| v.changes && v.name != "self" && matches!(v.is, Type::Array(_) | Type::TextDict(_) | Type::Text));
        if known.is_empty() {
            return None;
        }
        let variable = self.pick(&known);
        let name = || Part::from(variable.name.clone());
        let (template, item) = match &variable.is {
            Type::Array(item) => (self.pick(&["@ = push(@, @)", "@ = [...@, @]", "@ = @[..9] + [@]"]), (**item).clone()),
            Type::TextDict(item) => (self.pick(&["@ = {...@, \"k\": @}", "@ = {...@, b: @}"]), (**item).clone()),
            _ => (self.pick(&["@ = \"${@}${@}\"", "@ = @ + \"${@}\""]), Type::Int),
        };
        let value = self.literal(&item);
        Some(Tree::statement(template, vec![name(), name(), value.into()]))
    }

    /// A second holder of a value; then one of them is changed, and both are shown.
    fn shared_and_changed(&mut self) -> Option<Tree> {
        let (place, is) = (0..4).find_map(|_| self.place(true).filter(|(_, is)| is.is_container()))?;
        let name = self.name("v");
        let copy = Tree::statement("mut @ := @", vec![name.clone().into(), place.clone().into()]);
        self.declare(&name, is, true);
        let mut body = vec![copy];
        for _ in 0..2 {
            body.extend(self.change_of_a_part());
            body.extend(self.mutating_call());
        }
        if self.frame.turns <= 10 {
            body.push(Tree::statement("print(@, @)", vec![name.clone().into(), place.into()]));
        }
        self.scope.pop();
        self.spend(4);
        Some(Tree::statement("if true @", vec![body.into()]))
    }

    fn destructuring(&mut self) -> Option<Tree> {
        let is = self.pick(&[Type::Int, Type::Int, Type::Text, Type::array(Type::Int)]);
        let known = self.variables(|v| v.changes && v.is == is && v.name != "self");
        if known.len() >= 2 && self.chance(2, 3) {
            let (a, b) = (self.pick(&known).name, self.pick(&known).name);
            if a != b {
                let value = self.kept(&is, 1);
                let parts = vec![a.clone().into(), b.clone().into(), b.into(), value.into()];
                return Some(Tree::statement("[@, @] = [@, @]", parts));
            }
        }
        let structs = self.variables(|v| matches!(v.is, Type::Struct(_)));
        if !structs.is_empty() && self.chance(1, 2) {
            let holder = self.pick(&structs);
            let Type::Struct(index) = holder.is else { return None };
            let fields = self.structs[index].fields.clone();
            let (field, is) = self.pick(&fields);
            let name = self.name("v");
            self.declare(&name, is, true);
            return Some(Tree::statement("{@: @} := @", vec![field.into(), name.into(), holder.name.into()]));
        }
        let (first, rest) = (self.name("v"), self.name("v"));
        let value = self.kept(&Type::array(Type::Int), 2);
        self.declare(&first, Type::Maybe, true);
        self.declare(&rest, Type::array(Type::Int), true);
        Some(Tree::statement("[@, ...@] := @", vec![first.into(), rest.into(), value.into()]))
    }

    fn call_statement(&mut self) -> Option<Tree> {
        let known = self.variables(|v| matches!(v.is, Type::Function(_)));
        if known.is_empty() {
            return None;
        }
        let function = self.pick(&known);
        let call = self.call(&function, 2)?;
        Some(Tree::statement("@", vec![call.into()]))
    }

    /// `print`, seldom where it would run often.
    pub fn output(&mut self) -> Tree {
        let values = (0..1 + self.below(2)).map(|_| self.expression(&Type::Any, 2)).collect();
        let print = Tree::statement("print(@)", vec![list(values, ", ").into()]);
        if self.frame.turns <= 10 {
            return print;
        }
        let counters = self.variables(|v| v.is == Type::Int && v.name.starts_with('i'));
        match counters.last() {
            Some(counter) => Tree::statement("if @ % 211 == 7 @", vec![counter.name.clone().into(), vec![print].into()]),
            None => self.declaration(),
        }
    }

    /// `break`, `continue` or `return`, under a condition.
    fn jump(&mut self) -> Option<Tree> {
        let condition = self.rare_condition();
        let in_loop = !self.frame.loops.is_empty();
        let jump = match (self.frame.result.clone(), self.frame.sealed) {
            (Some(result), false) if !in_loop || self.chance(1, 3) => {
                Tree::statement("return @", vec![self.kept(&result, 2).into()])
            }
            _ if in_loop => {
                let word = self.pick(&["break", "continue", "continue"]);
                let labels: Vec<String> = self.frame.loops.iter().flatten().cloned().collect();
                let label =
                    if labels.is_empty() || self.chance(1, 2) { String::new() } else { format!(" {}", self.pick(&labels)) };
                Tree::statement("@@", vec![word.into(), label.into()])
            }
            _ => return None,
        };
        Some(Tree::statement("if @ @", vec![condition.into(), vec![jump].into()]))
    }

    /// A condition that does not hold often.
    fn rare_condition(&mut self) -> Tree {
        let counters = self.variables(|v| v.is == Type::Int && v.name.starts_with('i'));
        if counters.is_empty() || self.chance(1, 4) {
            return self.expression(&Type::Bool, 2);
        }
        let counter = self.pick(&counters).name;
        let at = self.pick(&["5", "17", "400", "830"]);
        Tree::expression(&Type::Bool, "@ % 900 == @", vec![counter.into(), at.into()])
    }

    fn unlikely_throw(&mut self) -> Tree {
        let condition = self.rare_condition();
        let throw = match self.below(4) {
            0 => Tree::statement("throw @", vec![self.expression(&Type::Any, 1).into()]),
            1 => Tree::statement("print([1][9])", vec![]),
            2 => Tree::statement("print(1 / (@ * 0))", vec![self.expression(&Type::Int, 1).into()]),
            _ => Tree::statement("throw \"thrown ${@}\"", vec![self.expression(&Type::Int, 1).into()]),
        };
        Tree::statement("if @ @", vec![condition.into(), vec![throw].into()])
    }

    fn choice(&mut self) -> Tree {
        let condition = self.expression(&Type::Bool, 3);
        let mut template = "if @ @".to_owned();
        let mut parts: Vec<Part> = vec![condition.into(), self.block(3).into()];
        if self.chance(1, 3) {
            template.push_str(" else if @ @");
            parts.extend([self.expression(&Type::Bool, 2).into(), self.block(2).into()]);
        }
        if self.chance(1, 2) {
            template.push_str(" else @");
            parts.push(self.block(3).into());
        }
        Tree::statement(&template, parts)
    }

    /// Runs `make` as the body of a loop that turns `turns` times.
    fn in_loop<R>(&mut self, turns: u64, label: Option<String>, make: impl FnOnce(&mut Self) -> R) -> R {
        self.frame.loops.push(label);
        self.frame.turns *= turns;
        let made = self.scoped(make);
        self.frame.turns /= turns;
        self.frame.loops.pop();
        made
    }

    /// A number of turns that there is time for.
    fn turns(&mut self) -> Option<u64> {
        let wanted = self.pick(&[3, 12, 100, 1000, 1000, 1000, 2500]);
        [wanted, 100, 3].into_iter().find(|&turns| self.affords(4 * turns))
    }

    fn label(&mut self) -> (String, Option<String>) {
        if !self.chance(1, 8) {
            return (String::new(), None);
        }
        let label = self.name("outer");
        (format!("{label}: "), Some(label))
    }

    /// `for i in 0..n { … }`.
    fn counted_loop(&mut self) -> Option<Tree> {
        let turns = self.turns()?;
        let (prefix, label) = self.label();
        let range = match self.below(6) {
            0 => format!("{turns}"),
            1 => format!("1..={turns}"),
            2 => format!("range(0, {}, 3)", 3 * turns),
            3 => format!("range({turns}, 0, -1)"),
            _ => format!("0..{turns}"),
        };
        let counter = self.name("i");
        let body = self.in_loop(turns, label, |this| {
            let changes = this.chance(1, 8);
            this.declare(&counter, Type::Int, changes);
            this.block(5)
        });
        Some(Tree::statement("@for @ in @ @", vec![prefix.into(), counter.into(), range.into(), body.into()]))
    }

    /// `for x in items { … }` and `for k, x in items { … }`.
    fn loop_over_items(&mut self) -> Option<Tree> {
        if !self.affords(60) {
            return None;
        }
        let (prefix, label) = self.label();
        let item = self.pick(&[Type::Int, Type::Text, Type::Number, Type::Maybe]);
        let (items, key, item) = match self.below(4) {
            0 => (Type::TextDict(item.clone().into()), Type::Text, item),
            1 => (Type::Text, Type::Int, Type::Text),
            2 => (Type::IntDict(item.clone().into()), Type::Int, item),
            _ => (Type::array(item.clone()), Type::Int, item),
        };
        let value = self.kept(&items, 2);
        // In hot places only the first items.
        let cut = if self.frame.turns > 1 && !matches!(items, Type::TextDict(_) | Type::IntDict(_)) { "[..5]" } else { "" };
        let keyed = cut.is_empty() && matches!(items, Type::TextDict(_) | Type::IntDict(_)) || self.chance(1, 2);
        let (key_name, name) = (self.shadowing_name("i"), self.name("v"));
        let body = self.in_loop(12, label, |this| {
            if keyed {
                this.declare(&key_name, key, true);
            }
            this.declare(&name, item, true);
            this.block(3)
        });
        let head = if keyed { format!("{key_name}, {name}") } else { name };
        Some(Tree::statement("@for @ in @@ @", vec![prefix.into(), head.into(), value.into(), cut.into(), body.into()]))
    }

    fn while_loop(&mut self) -> Option<Tree> {
        let turns = self.turns()?;
        let (prefix, label) = self.label();
        let counter = self.name("i");
        self.declare(&counter, Type::Int, false);
        let body = self.in_loop(turns, label, |this| {
            let mut body = this.block(4);
            let step = Tree { kind: Kind::Other, ..Tree::statement("@ += 1", vec![counter.clone().into()]) };
            body.insert(0, step);
            body
        });
        let condition = if self.chance(1, 2) { format!("while {counter} < {turns}") } else { "loop".to_owned() };
        let mut body = body;
        if condition == "loop" {
            let leave = Tree::other("if @ > @ { break }", vec![counter.clone().into(), turns.to_string().into()]);
            body.insert(1, leave);
        }
        let start = Tree::other("mut @ := 0", vec![counter.into()]);
        // Both lines go together.
        Some(Tree::statement("@\n@@ @", vec![start.into(), prefix.into(), condition.into(), body.into()]))
    }

    /// `try` with what it takes.
    pub fn guarded(&mut self) -> Tree {
        let body = self.block(3);
        let error = self.name("e");
        let mut handler = self.scoped(|this| this.handler(&error));
        handler.extend(if self.chance(1, 2) { self.block(2) } else { Vec::new() });
        if self.chance(1, 2) {
            return Tree::statement("try @ except @ @", vec![body.into(), error.into(), handler.into()]);
        }
        let sealed = std::mem::replace(&mut self.frame.sealed, true);
        let loops = std::mem::take(&mut self.frame.loops);
        let last = self.block(2);
        self.frame.loops = loops;
        self.frame.sealed = sealed;
        if self.chance(1, 4) {
            return Tree::statement("try @ finally @", vec![body.into(), last.into()]);
        }
        Tree::statement("try @ except @ @ finally @", vec![body.into(), error.into(), handler.into(), last.into()])
    }

    /// What is done with a caught error: shown where that is not too often, else kept.
    fn handler(&mut self, error: &str) -> Vec<Tree> {
        let texts = self.variables(|v| v.changes && v.is == Type::Text);
        if self.frame.turns <= 10 {
            return vec![Tree::statement(REPORT, vec![error.into(); 4])];
        }
        let Some(kept) = texts.first() else { return Vec::new() };
        let parts = vec![kept.name.clone().into(), error.into(), error.into(), error.into()];
        vec![Tree::statement("@ = \"${@.message} ${@.line}:${@.column}\"", parts)]
    }

    fn matching(&mut self) -> Option<Tree> {
        let known = self.variables(|v| matches!(v.is, Type::Enum(_)));
        if known.is_empty() || self.chance(1, 2) {
            return Some(self.matching_of_anything());
        }
        let Type::Enum(index) = self.pick(&known).is else { return None };
        let value = self.expression(&Type::Enum(index), 1);
        let (name, variants) = (self.enums[index].name.clone(), self.enums[index].variants.clone());
        let mut template = "match @ {".to_owned();
        let mut parts: Vec<Part> = vec![value.into()];
        for (variant, payload) in &variants[..1 + self.below(variants.len() as u64) as usize] {
            let names: Vec<String> = payload.iter().map(|_| self.name("v")).collect();
            let body = self.scoped(|this| {
                names.iter().zip(payload).for_each(|(name, is)| this.declare(name, is.clone(), true));
                this.block(2)
            });
            let payload = if names.is_empty() { String::new() } else { format!("({})", names.join(", ")) };
            template.push_str(" case @::@@: @");
            parts.extend([name.clone().into(), variant.clone().into(), payload.into(), body.into()]);
        }
        template.push_str(" }");
        Some(Tree::statement(&template, parts))
    }

    fn matching_of_anything(&mut self) -> Tree {
        let value = self.expression(&Type::Any, 2);
        let (a, b) = (self.name("v"), self.name("v"));
        let arm = |this: &mut Self, names: &[(&String, Type)]| {
            this.scoped(|this| {
                names.iter().for_each(|(name, is)| this.declare(name, is.clone(), true));
                Part::from(this.block(2))
            })
        };
        let condition = self.expression(&Type::Bool, 1);
        let bodies = [
            arm(self, &[(&a, Type::Any), (&b, Type::Any)]),
            arm(self, &[(&a, Type::Int)]),
            arm(self, &[]),
            arm(self, &[(&a, Type::Any)]),
            arm(self, &[]),
        ];
        let [pair, int, texts, dict, other] = bodies;
        let template = "match @ { case [@, ...@]: @ case int as @ if @: @ case \"a\"..=\"c\" | true | 0.5: @ \
                        case {a: @, b = 1}: @ default: @ }";
        let b = (b.clone(), a.clone());
        let parts = vec![
            value.into(),
            a.clone().into(),
            b.0.into(),
            pair,
            a.into(),
            condition.into(),
            int,
            texts,
            b.1.into(),
            dict,
            other,
        ];
        Tree::statement(template, parts)
    }

    /// Closures made in a loop that keep its variables, called after it.
    fn closures_in_a_loop(&mut self) -> Option<Tree> {
        if !self.affords(40) {
            return None;
        }
        let (list, counter, own) = (self.name("fs"), self.name("i"), self.name("v"));
        let signature = Rc::new(Signature { params: vec![Type::Int], result: Type::Int });
        let start = self.kept(&Type::Int, 2);
        let lambda = self.in_loop(4, None, |this| {
            this.declare(&counter, Type::Int, true);
            this.declare(&own, Type::Int, true);
            this.lambda(&signature, 8)
        });
        let sum = self.name("v");
        let make = Tree::statement(
            "mut @ := []\nfor @ in 0..4 { mut @ := @\n @.push(@)\n @ += 1 }",
            vec![
                list.clone().into(),
                counter.into(),
                own.clone().into(),
                start.into(),
                list.clone().into(),
                lambda.into(),
                own.into(),
            ],
        );
        self.spend(40);
        self.declare(&sum, Type::Int, true);
        let parts = vec![make.into(), sum.clone().into(), list.into(), sum.clone().into(), sum.into()];
        Some(Tree::statement("@\nmut @ := 0\nfor f in [...@] { @ = (@ + f(3)) % 99991 }", parts))
    }

    /// Several structs and other values at one call site.
    fn objects_of_many_kinds(&mut self) -> Option<Tree> {
        let structs: Vec<usize> = (0..self.structs.len()).filter(|&at| !self.structs[at].methods.is_empty()).collect();
        if structs.is_empty() {
            return None;
        }
        let method = {
            let of = self.pick(&structs);
            let methods = self.structs[of].methods.clone();
            self.pick(&methods)
        };
        if !self.affords(8 * (method.cost + 4)) {
            return None;
        }
        self.spend(8 * (method.cost + 4));
        let objects = (0..2 + self.below(4)).map(|_| {
            let is = Type::Struct(self.pick(&structs));
            self.expression(&is, 1)
        });
        let objects = objects.collect();
        let arguments = self.arguments(&method.signature.params, 1);
        let (items, seen) = (self.name("v"), self.name("v"));
        let parts = vec![
            items.clone().into(),
            list(objects, ", ").into(),
            seen.clone().into(),
            items.clone().into(),
            seen.clone().into(),
            items.into(),
            method.name.into(),
            arguments.into(),
            seen.clone().into(),
        ];
        self.declare(&seen, Type::Text, true);
        let template = "mut @ := [@]\nmut @ := \"\"\nfor at in 0..len(@) { try { @ += \"${@[at].@(@)};\" } except e { @ += e.message } }";
        Some(Tree::statement(template, parts))
    }
}
