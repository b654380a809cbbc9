//! What the resolver decides: which variable a name means, what closures keep, which reads take, which methods mutate, and what
//! stops a program before it runs. Each "does" has a "must not" beside it.
use std::collections::HashMap;

use ruff::resolve::{LoadedText, Loader, NoModules, Resolved, print, resolve};
use ruff::source::{SourceId, SourceMap};

struct Files(HashMap<&'static str, &'static str>);

impl Loader for Files {
    fn load(&mut self, _from: SourceId, path: &[&str]) -> Result<LoadedText, String> {
        let key = path.join(".");
        match self.0.get(key.as_str()) {
            Some(text) => Ok(LoadedText { name: format!("{key}.ruff"), key, text: text.to_string() }),
            None => Err(format!("Module not found: {key}")),
        }
    }

    fn root_key(&mut self, _root: SourceId) -> Option<String> {
        Some("main".into())
    }
}

fn run(text: &str, loader: &mut dyn Loader) -> Resolved {
    let mut sources = SourceMap::new();
    let root = sources.add("main.ruff", text);
    resolve(root, &mut sources, loader)
}

fn run_alone(text: &str) -> Resolved {
    run(text, &mut NoModules)
}

/// The resolved tree; the program must have no diagnostics.
fn dump(text: &str) -> String {
    let resolved = run_alone(text);
    let messages: Vec<&String> = resolved.diagnostics.iter().map(|diagnostic| &diagnostic.message).collect();
    assert!(messages.is_empty(), "{messages:?} in\n{text}");
    print::print(&resolved.program)
}

/// Each of `lines` stands in the dump of `text` as a whole line, leaving indentation aside.
fn check(text: &str, lines: &[&str]) {
    check_dump(&dump(text), lines);
}

fn check_dump(dump: &str, lines: &[&str]) {
    for line in lines {
        assert!(dump.lines().any(|each| each.trim() == *line), "no line `{line}` in\n{dump}");
    }
}

/// The messages of what stops `text`.
fn stops(text: &str) -> Vec<String> {
    run_alone(text).diagnostics.into_iter().map(|diagnostic| diagnostic.message).collect()
}

fn check_stop(text: &str, message: &str) {
    let found = stops(text);
    assert!(found.iter().any(|each| each.contains(message)), "expected `{message}`, found {found:?} in\n{text}");
}

fn runs(text: &str) {
    let found = stops(text);
    assert!(found.is_empty(), "{found:?} in\n{text}");
}

// ------------------------------------------------------------------------------------------------- scopes

#[test]
fn creating_and_assigning_are_told_apart() {
    check("x := 1\nx := 2\nif x { x = 3; y := 4 }", &["x@s0 := 1", "x@s0 = 2", "x@s0 = 3", "y@s1 := 4"]);
}

#[test]
fn a_name_ends_with_its_block() {
    let resolved = run_alone("if true { y := 1 }\nprint(y)");
    check_dump(
        &print::print(&resolved.program),
        &[r#"print(name-error "Undefined variable: y (line 1 creates it inside a block; create it before the block)")"#],
    );
    assert_eq!(resolved.warnings.len(), 1);
}

#[test]
fn reading_sees_only_what_stands_before() {
    let dump = dump("print(x)\nx := 1");
    assert!(dump.contains("Undefined variable: x (it is created further down, in line 2)"), "{dump}");
}

#[test]
fn shadowing_reads_the_outer_name_on_the_right() {
    check("x := 1\nif x { let x := x + 1; print(x) }", &["x@s1 := (x@s0 + 1)", "print(x@s1!)"]);
}

#[test]
fn a_function_sees_later_bindings_of_the_module() {
    check("func f() { return later }\nlater := 1\nf()", &["return later@m0", "later@m0 := 1"]);
}

#[test]
fn a_function_assigns_what_stands_above_it() {
    check("count := 0\nfunc bump() { count := count + 1 }\nbump()", &["count@m0 = (count@m0!update-shared + 1)"]);
}

#[test]
fn a_function_does_not_assign_what_stands_below_it() {
    check("func f() { total := 5; return total }\ntotal := 1\nf()", &["total@s0 := 5", "total@s0 := 1"]);
}

#[test]
fn a_local_that_reads_its_later_namesake_stops() {
    check_stop("func bump() { count := count + 1 }\ncount := 0", "would be a new local here");
    runs("count := 0\nfunc bump() { count := count + 1 }");
    runs("func bump() { let count := count + 1 }\ncount := 0");
}

#[test]
fn update_never_creates() {
    let dump = dump("n += 1");
    assert!(dump.contains("name-error \"Undefined variable: n"), "{dump}");
}

#[test]
fn immutable_bindings_are_not_assigned() {
    check_stop("let x := 1\nx := 2", "Cannot assign to immutable binding: x (line 1); use let or mut for a new variable");
    check_stop("const N := 1\nfunc f() { N = 2 }", "Cannot assign to immutable binding: N (line 1)");
    check_stop("func f() {}\nf = 1", "Cannot assign to immutable binding: f");
    check_stop("let a := [1]\na[0] = 2", "Cannot mutate immutable binding: a");
    check_stop("let a := 1\na += 2", "Cannot assign to immutable binding: a");
    runs("let x := 1\nfunc f() { let x := 2; mut y := 1; y = 2 }");
    runs("mut a := [1]\na[0] = 2");
}

#[test]
fn an_immutable_binding_below_is_not_the_one_assigned() {
    runs("func f() { x := 2; return x }\nlet x := 1");
}

#[test]
fn prelude_names_may_be_shadowed() {
    check("print := 5\nlen := 3", &["print@s0 := 5", "len@s1 := 3"]);
}

#[test]
fn redeclaring_in_one_scope_stops() {
    check_stop("let x := 1\nlet x := 2", "'x' is already declared in this scope (line 1)");
    check_stop("x := 1\nlet x := 2", "already declared");
    check_stop("func f() {}\nfunc f() {}", "already declared");
    check_stop("struct S {}\nenum S { A }", "already declared");
    runs("let x := 1\nif x { let x := 2 }");
    runs("x := 1\nx := 2");
}

#[test]
fn slots_are_reused_after_a_block() {
    check("if true { a := 1; print(a) }\nif true { b := 2; print(b) }", &["a@s0 := 1", "b@s0 := 2"]);
}

#[test]
fn loop_variables_and_handlers_bind() {
    check(
        "for i, [a, b] in [[1, 2]] { print(i, a, b) }\ntry { print(1) } except e { print(e) }",
        &["for L0 i@s3, [a@s4, b@s5] in [[1, 2]] state s0 close", "except s3"],
    );
}

#[test]
fn destructuring_assigns_per_name() {
    check("x := 1\n[x, y] := [y0(), x]\nfunc y0() { return 1 }", &["[=x@s0, y@s1] := [y0#f4(), x@s0!]"]);
}

#[test]
fn functions_are_hoisted_and_called_directly() {
    check(
        "print(even(3))\nfunc even(n) { return n == 0 || odd(n - 1) }\nfunc odd(n) { return n != 0 && even(n - 1) }",
        &["print(even#f4(3))", "return ((n@s0 == 0) || odd#f5((n@s0 - 1)))"],
    );
}

// ----------------------------------------------------------------------------------------------- captures

#[test]
fn what_is_never_assigned_is_captured_by_value() {
    check("func make(k) { return x => x * k }", &["f5 <lambda>(x) slots=1 captures [k=s0]", "return (x@s0 * k@c0)"]);
}

#[test]
fn what_is_assigned_later_is_captured_in_a_cell() {
    check(
        "func counter() { n := 0\n return () => { n += 1; return n } }",
        &["cells s0", "n@cell0 := 0", "f5 <lambda>() slots=0 captures [n=cell0]", "n@ccell0 += 1"],
    );
    check("func f() { n := 0; g := () => n; n = 1; return g }", &["n@cell0 := 0", "n@cell0 = 1"]);
    check("func f() { n := 0; n = 1; g := () => n; return g }", &["n@s0 := 0", "n@s0 = 1"]);
}

#[test]
fn an_assignment_earlier_in_the_loop_needs_a_cell() {
    check(
        "func f() { n := 0; fs := []; while c() { n = n + 1; fs.push(() => n) }; return fs }\nfunc c() { return false }",
        &["n@cell0 := 0"],
    );
    check(
        "func f() { fs := []; while c() { n := 0; n = n + 1; fs.push(() => n) }; return fs }\nfunc c() { return false }",
        &["n@s1 := 0"],
    );
}

#[test]
fn assigned_parameters_that_are_captured_become_cells() {
    check("func f(n) { g := () => n; n = 2; return g }", &["f4 f(n) slots=2 cells=s0"]);
}

#[test]
fn captures_pass_through_functions_between() {
    check(
        "func f(a) { return () => () => a }",
        &["f5 <lambda>() slots=0 captures [a=s0]", "f6 <lambda>() slots=0 captures [a=c0]"],
    );
}

#[test]
fn a_nested_function_names_itself_without_a_cell() {
    check(
        "func outer(k) { func down(n) { if n > k { return down(n - 1) } return n }\n return down(9) }",
        &["down@s1 := closure f5", "f5 down(n) slots=1 captures [k=s0]", "return call down@self-fn((n@s0 - 1))"],
    );
}

#[test]
fn nested_functions_without_captures_are_static() {
    check(
        "func outer() { func a(n) { return b(n) }\n func b(n) { return a(n) }\n return a(1) }",
        &["f4 outer() slots=0", "return a#f5(1)", "return b#f6(n@s0!)"],
    );
}

#[test]
fn a_name_bound_once_to_a_lambda_is_called_directly() {
    check("double := x => x * 2\nprint(double(4))", &["print(<lambda>#f4(4))"]);
    check("double := x => x * 2\ndouble = 3\nprint(double(4))", &["print(call double@s0(4))"]);
    check("fact := n => n * fact(n - 1)", &["return (n@s0 * <lambda>#f4((n@s0 - 1)))"]);
}

#[test]
fn a_function_above_reads_a_lambda_binding_through_the_table() {
    check("func f() { return g() }\ng := () => 1\nf()", &["return call g@m0()"]);
}

#[test]
fn closures_are_made_before_their_first_mention() {
    check("func f(k) { x := g()\n func g() { return k }\n return x }", &["g@s1 := closure f5", "x@s2 := call g@s1()"]);
    let dump = dump("func f(k) { x := g()\n func g() { return k }\n return x }");
    let made = dump.find("closure f5").expect("the closure is made");
    assert!(made < dump.find("x@s2 :=").expect("x is bound"), "{dump}");
}

#[test]
fn loop_bodies_make_fresh_cells() {
    check(
        "fs := []\nfor i in 0..3 { fs.push(() => { i += 1; return i }) }",
        &["cells s4", "for L0 i@cell4 in (0..3) state s1 close"],
    );
}

#[test]
fn module_variables_are_slots_unless_mentioned() {
    check("a := 1\nb := 2\nfunc f() { return b }\nprint(a)", &["a@s0 := 1", "b@m0 := 2"]);
}

// -------------------------------------------------------------------------------------------------- takes

#[test]
fn the_last_read_takes() {
    check("func f(xs) { return sort(xs) }", &["return sort(xs@s0!)"]);
    check("func f(xs) { g(xs); return g(xs) }\nfunc g(a) { return a }", &["g#f5(xs@s0)", "return g#f5(xs@s0!)"]);
}

#[test]
fn a_second_reader_keeps_the_value() {
    check("func f(xs) { return [xs, xs] }", &["return [xs@s0, xs@s0!]"]);
}

#[test]
fn a_handler_that_reads_keeps_the_value() {
    check("func f(xs) { try { g(xs) } except e { print(xs) } }\nfunc g(a) { return a }", &["g#f5(xs@s0)", "print(xs@s0!)"]);
    check("func f(xs) { try { g(xs) } finally { print(xs) } }\nfunc g(a) { return a }", &["g#f5(xs@s0)"]);
    check("func f(xs) { try { g(xs) } except e { print(e) } }\nfunc g(a) { return a }", &["g#f5(xs@s0!)"]);
}

#[test]
fn a_finally_that_reads_keeps_what_is_returned() {
    check("func f(xs) { try { return xs } finally { print(xs) } }", &["return xs@s0"]);
}

#[test]
fn what_the_next_iteration_reads_is_kept() {
    check("func f(xs) { loop { g(xs) } }\nfunc g(a) { return a }", &["g#f5(xs@s0)"]);
    check("func f() { loop { xs := [1]; g(xs) } }\nfunc g(a) { return a }", &["g#f5(xs@s0!)"]);
    check("func f(xs) { loop { g(xs); xs = [] } }\nfunc g(a) { return a }", &["g#f5(xs@s0!)"]);
}

#[test]
fn a_branch_takes_what_the_other_reads() {
    check(
        "func f(c, xs) { if c { return g(xs) } else { g(xs) }\n return xs }\nfunc g(a) { return a }",
        &["return g#f5(xs@s1!)", "g#f5(xs@s1)", "return xs@s1!"],
    );
}

#[test]
fn a_captured_variable_is_not_taken() {
    check("func f(xs) { g := () => xs\n return [g, xs] }", &["return [g@s1!, xs@s0]"]);
}

#[test]
fn updates_consume_their_first_operand() {
    check(
        "func f(x, e) { x = x + e; x = push(x, e); x = [...x, e]; x = {...x, k: e}; x = \"${x}!\"; [x, y] := pop(x); return [x, y] }",
        &[
            "x@s0 = (x@s0!update + e@s1)",
            "x@s0 = push(x@s0!update, e@s1)",
            "x@s0 = [...x@s0!update, e@s1]",
            "x@s0 = {...x@s0!update, \"k\": e@s1!}",
            "x@s0 = interpolate(x@s0!update, \"!\")",
            "[=x@s0, y@s2] := pop(x@s0!update)",
        ],
    );
    check("struct P { x }\nfunc f(p) { p = P { ...p, x: 1 }\n return p }", &["p@s0 = struct P { ...p@s0!update, x: 1 }"]);
}

#[test]
fn an_update_that_assigns_its_variable_meanwhile_is_none() {
    check("func f(x) { x = x + if x { x = 2; 3 } else { 4 }\n return x }", &[]);
    let dump = dump("func f(x) { x = x + if x { x = 2; 3 } else { 4 }\n return x }");
    assert!(!dump.contains("!update"), "{dump}");
}

#[test]
fn calls_that_cannot_be_bound_update_nothing() {
    check("func f(x) { x = push(x); return x }", &["x@s0 = push(x@s0!)"]);
    check("func f(x, ys) { x = push(x, ...ys); return x }", &["x@s0 = push(x@s0!, ...ys@s1!)"]);
}

#[test]
fn builtins_written_in_ruff_and_callbacks_update_nothing() {
    check("func f(x, g) { x = map(x, g); return x }", &["x@s0 = map(x@s0!, g@s1!)"]);
    check("func f(x, g) { x = sort(x, g); return x }", &["x@s0 = sort(x@s0!update, g@s1!)"]);
    check("x := []\nfunc f(g) { x = sort(x, g) }", &["x@m0 = sort(x@m0, g@s0!)"]);
}

#[test]
fn captured_and_module_variables_update_with_care() {
    check("s := \"\"\nfunc add(t) { s = s + t }\nadd(\"x\")", &["s@m0 = (s@m0!update-shared + t@s0)"]);
    check("func f() { s := \"\"\n return t => { s = s + t } }", &["s@ccell0 = (s@ccell0!update-shared + t@s0)"]);
}

#[test]
fn chains_grow_in_place() {
    check("func f(s, t) { s = s + \",\" + t\n return s }", &["s@s0 = ((s@s0! + \",\") + t@s1)"]);
    check("func f(a, b) { return a + b }", &["return (a@s0 + b@s1)"]);
}

#[test]
fn the_last_method_call_on_a_local_moves_it() {
    check("func f(xs) { return xs.push(1) }", &["return (xs@s0!).push(1)"]);
    check("func f(xs) { xs.push(1); return xs }", &["(place xs@s0).push(1) unused"]);
    check("func f(xs) { xs = xs.push(1); return xs }", &["xs@s0 = (xs@s0!).push(1)"]);
    check("func f(xs) { return xs.push(xs.len()) }", &["return (place xs@s0).push((place xs@s0).len())"]);
    check("func f() { let xs := [1]\n return xs.push(1) }", &["return (place xs@s0 immutable).push(1)"]);
}

#[test]
fn loops_borrow_what_they_do_not_change() {
    check("func f(xs) { for x in xs { print(x) } }", &["for L0 x@s4 in xs@s0 state s1 borrow"]);
    check("func f(xs) { for x in xs { xs.push(x) } }", &["for L0 x@s4 in xs@s0 state s1"]);
    check("func f(xs) { for x in xs { return xs } }", &["return xs@s0"]);
    check("func f(xs) { for x in xs.map(y => y) { print(x) } }", &["for L0 x@s4 in (xs@s0!).map(f5) state s1 close"]);
}

// ----------------------------------------------------------------------------------------------- mutating

#[test]
fn methods_that_change_self_are_mutating() {
    check(
        "struct A { n, xs
            func set_n(self, v) { self.n = v }
            func add(self, v) { self.xs.push(v) }
            func both(self) { self.add(1) }
            func named(self, o) { self.xs[0].set_n(o) }
            func get(self) { return self.n }
            func declared(mut self) { }
            func closure(self) { return () => { self.n = 1 } }
         }",
        &[
            "f4 A.set_n(v) mut self slots=2",
            "f5 A.add(v) mut self slots=2",
            "f6 A.both() mut self slots=1",
            "f7 A.named(o) maybe mut self slots=2",
            "f8 A.get() self slots=1",
            "f9 A.declared() mut self slots=1",
            "f10 A.closure() mut self slots=1 cells=s0",
        ],
    );
}

#[test]
fn equal_names_alone_do_not_make_a_method_mutating() {
    check(
        "struct A { n\n func size(self) { return self.n.length() } }\nstruct B { n\n func length(self) { return self.n } }",
        &["f4 A.size() self slots=1"],
    );
}

#[test]
fn bare_field_names_make_instance_methods() {
    check(
        "struct P { x, y\n func sum() { return x + y }\n func zero() { return P(0, 0) }\n func grow() { xs.push(1) } xs }\nprint(P.zero(), P(1, 2, []).sum())",
        &[
            "f4 P.sum() self slots=1",
            "return (self@s0.x + self@s0.y)",
            "f5 P.zero() slots=0",
            "f6 P.grow() mut self slots=1",
            "print(P.zero#f5(), (new P(1, 2, [])).sum())",
        ],
    );
}

#[test]
fn bare_field_names_are_never_assigned() {
    check("struct P { x\n func f() { x := x + 1\n return x } }", &["x@s1 := (self@s0.x + 1)", "return x@s1!"]);
    check_stop("struct P { x\n func f() { x += 1 } }", "Cannot assign to immutable binding: x");
}

#[test]
fn places_know_whether_they_may_change() {
    check(
        "let a := [1]\na.push(2)\nb := [1]\nb[0].push(2)\nprint(a, b)",
        &["(place a@s0 immutable).push(2) unused", "(place b@s1[0]).push(2) unused"],
    );
}

#[test]
fn coroutine_methods_cannot_mutate() {
    check_stop("struct A { n\n async func f(self) { self.n = 1 } }", "changes self, which an async method cannot do");
    check_stop("struct A { n\n func* f(self) { self.n = 1; yield 1 } }", "changes self, which a generator method");
    runs("struct A { n\n async func f(self) { return self.n } }");
}

// ------------------------------------------------------------------------------------------------- sugar

#[test]
fn pipes_become_calls() {
    check("v := [1]\nprint(v |> len)", &["print(len(v@s0!))"]);
    check("v := [1]\nprint(v |> push(2) |> len())", &["print(len(push(v@s0!, 2)))"]);
}

#[test]
fn optional_chains_are_left_by_checks() {
    check("func f(a) { return a?.b.c }", &["return chain(check(a@s0)?.b.c)"]);
    check("func f(a) { return a?.m(1) }", &["=> (a@s0!).m(1)"]);
}

#[test]
fn variants_and_constructors_are_direct() {
    check(
        "enum Shape { Circle(r), Empty }\nprint(Shape::Circle(2), Shape.Empty, Ok(1), None)",
        &["print(Shape::Circle(2), Shape::Empty, Result::Ok(1), Option::None)"],
    );
}

#[test]
fn patterns_are_resolved_by_name() {
    check(
        "enum Shape { Circle(r), Empty }\nstruct P { x }
         match 1 { case Circle(r): print(r)\n case Shape::Empty: print(0)\n case Empty: print(1)\n case int as n: print(n)
         case P: print(2)\n case P { x: 0 }: print(3)\n case Ok(v): print(v)\n case None: print(4)\n case Nope: print(5)\n case other: print(other) }",
        &[
            "case Shape::Circle(r@s1)",
            "case Shape::Empty",
            "case type int as n@s1",
            "case struct P",
            "case P {x: 0}",
            "case Result::Ok(v@s1)",
            "case Option::None",
            "case name-error \"Undefined variable: Nope\"",
            "case other@s1",
        ],
    );
}

#[test]
fn payload_counts_are_checked_when_the_arm_is_tried() {
    let dump = dump("enum S { A(x, y) }\nmatch 1 { case A(x): print(x) }");
    assert!(dump.contains("name-error \"A has 2 values, but the pattern names 1\""), "{dump}");
}

#[test]
fn own_variants_hide_those_of_the_prelude_where_they_fit() {
    check(
        "enum Status { Ok, Failed(why) }\nmatch 1 { case Ok: print(1)\n case Ok(v): print(v)\n case Err(e): print(e) }",
        &["case Status::Ok", "case Result::Ok(v@s1)", "case Result::Err(e@s1)"],
    );
}

#[test]
fn variants_of_several_enums_are_ambiguous() {
    let text = "enum A { Red, low }\nenum B { Red, low }\nmatch 1 { case Red: print(1)\n case low: print(low) }";
    let dump = dump(text);
    assert!(dump.contains("'Red' is a variant of several enums: write A::Red or B::Red"), "{dump}");
    check_dump(&dump, &["case low@s1"]);
}

#[test]
fn structs_match_by_position() {
    check("struct P { x, y }\nmatch 1 { case P(a, 0): print(a) }", &["case P {x: a@s1, y: 0}"]);
}

#[test]
fn alternatives_share_their_bindings() {
    check("match 1 { case [x] | {x}: print(x) }", &["case [x@s1] | {x: x@s1}"]);
}

#[test]
fn operators_always_have_a_self() {
    check("struct P { x\n func to_string() { return self.x } }", &["f4 P.to_string() self slots=1"]);
    check_stop("struct P { x\n func f() { return self.x } }", "P.f has no self parameter");
}

#[test]
fn groups_of_tests_share_what_stands_beside_them() {
    let resolved = run_alone("n := 1\ntest_group \"g\" { k := n\n test \"t\" { assert(k == n) } }");
    assert!(resolved.diagnostics.is_empty() && resolved.warnings.is_empty(), "{:?}", resolved.warnings);
    assert_eq!(resolved.program.tests.len(), 3);
    check_dump(&print::print(&resolved.program), &["k@m1 := n@m0", "assert((k@m1 == n@m0))"]);
}

#[test]
fn the_prelude_exports_its_functions() {
    let mut sources = SourceMap::new();
    let source = sources.add("prelude", "func twice(x) { return helper(x) }\nfunc helper(x) { return x * 2 }");
    let resolved = ruff::resolve::resolve_prelude(source, &mut sources);
    let module = &resolved.program.modules[0];
    let names: Vec<&str> = module.exports.iter().map(|&(name, _)| &resolved.program[name]).collect();
    assert_eq!(names, ["helper", "twice"]);
}

#[test]
fn struct_methods_do_not_capture() {
    let dump = dump("func f() { k := 1\n struct S { x\n func g(self) { return k } }\n return S(1) }");
    assert!(dump.contains("name-error \"Undefined variable: k (methods"), "{dump}");
}

// ------------------------------------------------------------------------------------------------- stops

#[test]
fn jumps_out_of_place_stop() {
    check_stop("break", "'break' outside a loop");
    check_stop("loop { func f() { continue } }", "'continue' outside a loop");
    check_stop("loop { break outer }", "no enclosing loop is labelled 'outer'");
    check_stop("func f() { yield 1 }", "'yield' outside a generator");
    check_stop("func* f() { g := () => { yield 1 } }", "'yield' outside a generator");
    check_stop("func f() { await g() }\nfunc g() {}", "'await' outside an async function");
    check_stop("func f() { return self }", "'self' outside a method");
    check_stop("if true { import m }", "only at the top level");
    runs("outer: for i in 3 { loop { break outer } }");
    runs("func* f() { yield 1 }");
    runs("await 1\nasync func f() { await 1 }\nx := spawn { await 1 }");
    runs("return");
}

#[test]
fn jumps_may_not_leave_finally() {
    check_stop("func f() { try { } finally { return 1 } }", "'return' may not leave a finally block");
    check_stop("loop { try { } finally { break } }", "'break' may not leave a finally block");
    check_stop("loop { try { } finally { continue } }", "'continue' may not leave a finally block");
    runs("try { } finally { for i in 3 { break } }");
    runs("try { } finally { f := () => { return 1 } }");
}

#[test]
fn duplicates_stop() {
    check_stop("func f(a, a) {}", "parameter 'a' is declared twice");
    check_stop("struct S { a\n a }", "field 'a' is declared twice");
    check_stop("struct S { a\n func a(self) {} }", "'a' is both a field and a method");
    check_stop("struct S { a }\nS { a: 1, a: 2 }", "field 'a' is given twice");
    check_stop("enum E { A, A }", "variant 'A' is declared twice");
    check_stop("struct S {}\nimpl S { func f(self) {} }\nimpl S { func f(self) {} }", "method 'f' is declared twice");
    check_stop("print(1, sep: 2, sep: 3)", "argument 'sep' is given twice");
    runs("func f(a, _, _) {}");
    runs("print({a: 1, a: 2})");
}

#[test]
fn pattern_names_stop() {
    check_stop("[a, a] := [1, 2]", "'a' is bound twice in this pattern");
    check_stop("match 1 { case [x, x]: print(x) }", "'x' is bound twice in this pattern");
    check_stop("match 1 { case [x] | {y}: print(1) }", "must bind the same names");
    runs("match 1 { case [x] | {x}: print(x) }");
    runs("[_, _] := [1, 2]");
}

#[test]
fn comparing_a_type_name_stops() {
    check_stop("x := 1\nprint(type(x) == int)", "type(x) is a string");
    check_stop("x := 1\nprint(string != type(x))", "type(x) is a string");
    runs("x := 1\nprint(type(x) == \"int\")");
    runs("func type(x) { return x }\nint2 := 1\nprint(type(1) == int)");
}

// ----------------------------------------------------------------------------------------------- modules

fn with_files(text: &str, files: &[(&'static str, &'static str)]) -> Resolved {
    run(text, &mut Files(files.iter().copied().collect()))
}

#[test]
fn imports_bind_the_namespace_and_the_exports() {
    let files = [("m", "export func f() { return 1 }\nexport n := 2\nhidden := 3")];
    let resolved = with_files("import m\nprint(f(), m.f(), n, m.n)", &files);
    assert!(resolved.diagnostics.is_empty() && resolved.warnings.is_empty(), "{resolved:?}");
    let dump = print::print(&resolved.program);
    check_dump(&dump, &["import m", "print(f#f4(), f#f4(), n@m0, n@m0)", "n@m0 := 2", "hidden@s0 := 3"]);
}

#[test]
fn own_bindings_win_over_imports() {
    let files = [("m", "export n := 2")];
    let resolved = with_files("from m import *\nprint(n)\nn := 5\nprint(n)", &files);
    check_dump(&print::print(&resolved.program), &["print(n@m0)", "n@s0 := 5", "print(n@s0!)"]);
}

#[test]
fn names_of_two_modules_are_ambiguous() {
    let files = [("a", "export x := 1"), ("b", "export x := 2")];
    let resolved = with_files("import a\nimport b\nprint(x)\nprint(a.x)", &files);
    let dump = print::print(&resolved.program);
    assert!(dump.contains("'x' is exported by both a and b; write a.x or b.x"), "{dump}");
    check_dump(&dump, &["print(x@m0)"]);
}

#[test]
fn missing_modules_and_cycles_raise_when_reached() {
    let resolved = with_files("import nope\nprint(1)", &[]);
    assert!(resolved.diagnostics.is_empty());
    check_dump(&print::print(&resolved.program), &["import error \"Module not found: nope\""]);
    let resolved = with_files("import a", &[("a", "import b"), ("b", "import a")]);
    check_dump(&print::print(&resolved.program), &["import error \"Import cycle: a -> b -> a\""]);
    let resolved = with_files("import a", &[("a", "import main"), ("main", "")]);
    check_dump(&print::print(&resolved.program), &["import error \"Import cycle: main -> a -> main\""]);
}

#[test]
fn what_stops_a_module_stops_the_program() {
    let resolved = with_files("import a", &[("a", "break")]);
    assert_eq!(resolved.diagnostics.len(), 1);
}

#[test]
fn unknown_exports_are_reported() {
    let resolved = with_files("from a import thingy", &[("a", "export thing := 1")]);
    assert_eq!(resolved.warnings.len(), 1);
    assert!(resolved.warnings[0].help[0].contains("thing"), "{:?}", resolved.warnings);
}

#[test]
fn imported_variables_are_not_changed_in_place() {
    let resolved = with_files("import a\nxs[0] = 1", &[("a", "export xs := [1]")]);
    assert_eq!(resolved.diagnostics.len(), 1);
    let resolved = with_files("import a\nxs.push(1)", &[("a", "export xs := [1]")]);
    check_dump(&print::print(&resolved.program), &["(place xs@m0 import).push(1) unused"]);
}

#[test]
fn near_names_are_suggested() {
    let resolved = run_alone("counter := 1\nprint(countr)");
    assert_eq!(resolved.warnings[0].help, ["did you mean `counter`?"]);
}

// ------------------------------------------------------------------------------------------------- depth

fn on_small_stack(text: String) {
    let body = move || runs(&text);
    std::thread::Builder::new().stack_size(2 << 20).spawn(body).unwrap().join().unwrap();
}

#[test]
fn long_chains_do_not_overflow() {
    on_small_stack(format!("x := 1{}", " + 1".repeat(100_000)));
    on_small_stack(format!("x := true{}", " && true".repeat(100_000)));
    on_small_stack(format!("x := []{}", ".map(y => y)".repeat(20_000)));
    on_small_stack(format!("x := 1{}", " |> abs".repeat(20_000)));
    on_small_stack(format!("x := 1\nif x == 0 {{ }}{}", " else if x == 1 { print(x) }".repeat(20_000)));
}

#[test]
fn deep_nesting_does_not_overflow() {
    on_small_stack(format!("x := {}1{}", "[".repeat(1900), "]".repeat(1900)));
    on_small_stack(format!("{}{}", "if true { ".repeat(1900), "}".repeat(1900)));
    on_small_stack(format!("f := {}1", "x => ".repeat(1900)));
}

#[test]
fn long_programs_take_linear_time() {
    let now = || rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let [short, long] = [2_000, 20_000].map(|lines| {
        let text: String = (0..lines).map(|i| format!("v{i} := {i}\nif v{i} > 3 {{ w := v{i} + 1; print(w) }}\n")).collect();
        let before = now();
        runs(&text);
        let after = now();
        (after.tv_sec - before.tv_sec) as f64 + (after.tv_nsec - before.tv_nsec) as f64 / 1e9
    });
    assert!(long < 40.0 * short, "2000 lines took {short:.3} s, 20 000 {long:.3} s");
}
