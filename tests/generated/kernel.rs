//! Hot loops over a few variables, as programs that are worth compiling have them: numbers, an array of each kind, a struct
//! or dict. Somewhere on the way something unusual happens, so that what compiled code relies on no longer holds.
use super::generator::Generator;
use super::tree::{Part, Tree, list};
use super::types::Type;

/// The variables of one loop.
struct Names {
    ints: [String; 3],
    floats: [String; 2],
    /// Arrays of ints and of floats, eight items each.
    array: String,
    others: String,
    table: String,
    counter: String,
}

impl Generator<'_> {
    /// Variables, a hot loop over them, and what became of them.
    pub fn kernel(&mut self) -> Option<Tree> {
        let turns = self.pick(&[400, 1100, 1100, 2600]);
        if !self.affords(10 * turns) {
            return None;
        }
        self.spend(10 * turns);
        let mut name = || self.name("w");
        let names = Names {
            ints: [name(), name(), name()],
            floats: [name(), name()],
            array: name(),
            others: name(),
            table: name(),
            counter: self.name("i"),
        };
        let mut all = self.kernel_start(&names);
        let body = self.kernel_body(&names, turns);
        let heads = [format!("0..{turns}"), format!("{turns}"), format!("range({turns}, 0, -1)")];
        let head = self.pick(&heads);
        let run = Tree::statement("for @ in @ @", vec![names.counter.clone().into(), head.into(), body.into()]);
        all.push(if self.chance(1, 3) { self.kernel_guard(run) } else { run });
        let shown: Vec<Tree> = names.all().map(|name| Tree::other("@", vec![name.into()])).collect();
        all.push(Tree::statement("print(@)", vec![list(shown, ", ").into()]));
        // A function of its own, or in the way of everything else.
        if self.chance(1, 2) {
            let function = self.name("f");
            let parts = vec![function.clone().into(), all.into(), function.into()];
            return Some(Tree::statement("func @() @\n@()", parts));
        }
        Some(Tree::statement("if true @", vec![all.into()]))
    }

    fn kernel_guard(&mut self, run: Tree) -> Tree {
        let error = self.name("e");
        let report = Tree::statement("print(@.message, @.line, @.column)", vec![error.clone().into(); 3]);
        let finish = Tree::statement("print(\"finally\")", vec![]);
        let parts: Vec<Part> = vec![vec![run].into(), error.into(), vec![report].into(), vec![finish].into()];
        Tree::statement("try @ except @ @ finally @", parts)
    }

    fn kernel_start(&mut self, names: &Names) -> Vec<Tree> {
        let declare = |name: &String, value: Tree| Tree::statement("mut @ := @", vec![name.clone().into(), value.into()]);
        let mut all = Vec::new();
        for name in &names.ints {
            all.push(declare(name, self.literal(&Type::Int)));
        }
        for name in &names.floats {
            all.push(declare(name, self.literal(&Type::Float)));
        }
        let ints = (0..8).map(|_| self.literal(&Type::Int)).collect();
        all.push(declare(&names.array, Tree::other("[@]", vec![list(ints, ", ").into()])));
        let start = self.pick(&[
            "[0.5] * 8",
            "[0] * 8",
            "[1.5, 2.5, -0.0, 1e300, 3.0, 4.0, 5.0, 6.0]",
            "(0..8).map(x => x)",
            "0..8",
        ]);
        all.push(declare(&names.others, Tree::other(start, vec![])));
        all.push(declare(&names.table, Tree::other("({})", vec![])));
        all
    }

    fn kernel_body(&mut self, names: &Names, turns: u64) -> Vec<Tree> {
        let mut body: Vec<Tree> = (0..2 + self.below(5)).map(|_| self.kernel_step(names)).collect();
        if self.chance(2, 3) {
            let at = turns / 2 + self.below(turns / 2);
            let event = self.kernel_event(names);
            let parts = vec![names.counter.clone().into(), at.to_string().into(), vec![event].into()];
            let place = self.below(body.len() as u64 + 1) as usize;
            body.insert(place, Tree::statement("if @ == @ @", parts));
        }
        body
    }

    fn kernel_step(&mut self, names: &Names) -> Tree {
        let int = self.pick(&names.ints);
        let float = self.pick(&names.floats);
        let (array, others, table) = (names.array.clone(), names.others.clone(), names.table.clone());
        let statement = |template: &str, parts: Vec<Part>| Tree::statement(template, parts);
        match self.below(13) {
            0 | 1 => {
                let value = self.kernel_int(names, 2);
                let template = self.pick(&["@ = clamp(@, INT64_MIN, INT64_MAX)", "@ = @ % 1000003", "@ = @ & 0xffffffff"]);
                statement(template, vec![int.into(), value.into()])
            }
            2 => {
                let operator = self.pick(&["+=", "-=", "+=", "^="]);
                let value = self.kernel_int(names, 1);
                statement("@ @ @ % 65537", vec![int.into(), operator.into(), value.into()])
            }
            3 | 4 => statement("@ = @", vec![float.into(), self.kernel_float(names, 2).into()]),
            5 | 6 => {
                let parts = vec![array.into(), self.kernel_index(names).into(), self.kernel_int(names, 1).into()];
                let template =
                    self.pick(&["@[@] = @ % 4294967311", "@[@] += @ % 4294967311", "@[@] = clamp(@, INT64_MIN, INT64_MAX)"]);
                statement(template, parts)
            }
            7 | 8 => {
                let parts = vec![others.into(), self.kernel_index(names).into(), self.kernel_float(names, 1).into()];
                let template = self.pick(&["@[@] = @", "@[@] += @", "@[@] = 1 * @"]);
                statement(template, parts)
            }
            9 => {
                let key = self.kernel_index(names);
                let parts = vec![
                    table.clone().into(),
                    key.clone().into(),
                    table.into(),
                    key.into(),
                    self.kernel_int(names, 1).into(),
                ];
                statement("@[@] = (@[@] ?? 0) + @ % 1009", parts)
            }
            10 => {
                let parts = vec![
                    self.kernel_condition(names).into(),
                    vec![self.kernel_step(names)].into(),
                    vec![self.kernel_step(names)].into(),
                ];
                statement("if @ @ else @", parts)
            }
            11 => {
                let parts = vec![self.kernel_condition(names).into(), vec![self.kernel_step(names)].into()];
                let template = self.pick(&["if @ @", "if @ { continue }\nif true @"]);
                statement(template, parts)
            }
            _ => {
                let inner = self.name("i");
                let step = self.kernel_step(names);
                statement("for @ in 0..3 @", vec![inner.into(), vec![step].into()])
            }
        }
    }

    /// What no turn before has done.
    fn kernel_event(&mut self, names: &Names) -> Tree {
        let int = self.pick(&names.ints);
        let array = names.array.clone();
        let text = match self.below(12) {
            0 => format!("{int} = 9223372036854775807"),
            1 => format!("{int} = 0.5"),
            2 => format!("{int} = \"text\""),
            3 => format!("{array} = [{int}, 1.5, \"a\", null, true, 2, 3, 4]"),
            4 => format!("{array} = []"),
            5 => format!("{array}.push({array})"),
            6 => format!("{} = {array}", names.others),
            7 => "throw \"event\"".to_owned(),
            8 => format!("{} = null", names.floats[0]),
            9 => "break".to_owned(),
            10 => format!("{}[\"key\"] = {int}", names.table),
            _ => format!("{int} = 2 ** 70"),
        };
        Tree::statement("@", vec![text.into()])
    }

    fn kernel_index(&mut self, names: &Names) -> Tree {
        let int = self.pick(&names.ints);
        let text = match self.below(6) {
            0 => self.below(8).to_string(),
            1 => format!("abs({int}) % 8"),
            2 => format!("-1 - {} % 8", names.counter),
            3 => format!("({} * 3 + 1) % 8", names.counter),
            _ => format!("{} % 8", names.counter),
        };
        Tree::expression(&Type::Int, "@", vec![text.into()])
    }

    fn kernel_condition(&mut self, names: &Names) -> Tree {
        let template = self.pick(&["@ < @", "@ % 3 == 0 || @ > 5", "@ == @", "@ <= 100 && @ != 7", "@ >= @"]);
        if self.chance(1, 3) {
            let parts = vec![self.kernel_float(names, 1).into(), self.kernel_float(names, 1).into()];
            return Tree::expression(&Type::Bool, self.pick(&["@ < @", "@ >= @", "@ == @", "!(@ > @)"]), parts);
        }
        let parts = vec![self.kernel_int(names, 1).into(), self.kernel_int(names, 1).into()];
        Tree::expression(&Type::Bool, template, parts)
    }

    fn kernel_int(&mut self, names: &Names, depth: u32) -> Tree {
        let of = Type::Int;
        if depth == 0 || self.chance(1, 4) {
            let text = match self.below(6) {
                0 | 1 => self.pick(&names.ints),
                2 => names.counter.clone(),
                3 => {
                    return Tree::expression(&of, "@[@]", vec![names.array.clone().into(), self.kernel_index(names).into()]);
                }
                4 => self.below(20).to_string(),
                _ => return self.literal(&of),
            };
            return Tree::expression(&of, "@", vec![text.into()]);
        }
        let template = self.pick(&[
            "(@ + @)",
            "(@ - @)",
            "(@ * @)",
            "(@ + @)",
            "(@ & @)",
            "(@ | @)",
            "(@ ^ @)",
            "min(@, @)",
            "max(@, @)",
            "(@ / (@ | 1))",
            "(@ % (@ | 1))",
        ]);
        let parts = vec![self.kernel_int(names, depth - 1).into(), self.kernel_int(names, depth - 1).into()];
        Tree::expression(&of, template, parts)
    }

    fn kernel_float(&mut self, names: &Names, depth: u32) -> Tree {
        let of = Type::Float;
        if depth == 0 || self.chance(1, 4) {
            let text = match self.below(5) {
                0 | 1 => self.pick(&names.floats),
                2 => {
                    return Tree::expression(
                        &of,
                        "@[@]",
                        vec![names.others.clone().into(), self.kernel_index(names).into()],
                    );
                }
                3 => format!("{} * 0.5", names.counter),
                _ => return self.literal(&of),
            };
            return Tree::expression(&of, "@", vec![text.into()]);
        }
        let template = self.pick(&[
            "(@ + @)",
            "(@ - @)",
            "(@ * @)",
            "(@ / (1.5 + @ * 0))",
            "(@ * 0.5 + @)",
            "max(@, @)",
            "(@ - @) * 0.25",
        ]);
        let parts = vec![self.kernel_float(names, depth - 1).into(), self.kernel_float(names, depth - 1).into()];
        Tree::expression(&of, template, parts)
    }
}

impl Names {
    fn all(&self) -> impl Iterator<Item = String> {
        let own = [&self.array, &self.others, &self.table];
        self.ints.iter().chain(&self.floats).chain(own).cloned().collect::<Vec<_>>().into_iter()
    }
}
