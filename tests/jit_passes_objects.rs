//! What compiled code does with objects, in its optimised IR: each on the smallest program that shows it, and on a twin in which it
//! must not happen.
use std::process::Command;

/// The optimised IR of the function `f` of a program, as it is made at last, without its states.
fn ir(text: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_ruff"))
        .args(["run", "--jit", "sync", "--jit-only", "f", "--jit-dump", "ir", "-e", text])
        .output()
        .expect("it was built for this test");
    let stderr = String::from_utf8(output.stderr).expect("our texts are UTF-8");
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let last = stderr.split("[jit] f optimised").last().expect("there is a first part");
    last.split("\n!0:").next().unwrap_or(last).to_owned()
}

fn count(ir: &str, instruction: &str) -> usize {
    ir.matches(instruction).count()
}

#[test]
fn elements_are_exchanged_without_counting_unless_one_may_have_changed() {
    let program = |body: &str| {
        format!(
            "struct P {{ k }}\nfunc f(xs, i) {{\n    {body}\n    return xs\n}}\nmut a := [P(1), P(2), P(3)]\nfor i in 0..1200 {{ a = f(a, i % 3) }}"
        )
    };
    let exchanged = ir(&program("if i >= 0 {\nt := xs[i]\nxs[i] = xs[0]\nxs[0] = t\n}"));
    let found = ["Exchange", "StoreOwned", "Retain", "ClearSlot"].map(|instruction| count(&exchanged, instruction));
    assert_eq!(found, [1, 0, 0, 0], "{exchanged}");
    let kept = ir(&program("t := xs[i]\nxs[i] = xs[0]\nxs[0] = t\nif t.k > 5 { print(t) }"));
    assert_eq!((count(&kept, "Exchange"), count(&kept, "StoreSlotRetain")), (1, 1), "{kept}");
    for other in ["xs[1] = t", "xs[0] = t\nxs[1] = t", "xs[2] = xs[1]\nxs[0] = t"] {
        let body = format!("t := xs[i]\nxs[i] = xs[0]\nxs[1] = xs[2]\n{other}");
        let stored = ir(&program(&body));
        assert_eq!(count(&stored, "Exchange"), 0, "{stored}");
    }
}

#[test]
fn an_entry_of_a_dict_in_a_field_is_found_by_instructions_unless_it_is_deeper_inside() {
    let program = |place: &str| {
        format!(
            "struct C {{ d }}\nfunc f(c, i) {{\n    {place} = i\n    return c\n}}\nmut c := C({{0: {{}}}})\nfor i in 0..1200 {{ c = f(c, i) }}"
        )
    };
    let found = ir(&program("c.d[i]"));
    assert_eq!((count(&found, "SetItem"), count(&found, "SetPlace")), (1, 0), "{found}");
    let deeper = ir(&program("c.d[0][i]"));
    assert_eq!((count(&deeper, "SetItem"), count(&deeper, "SetPlace")), (0, 1), "{deeper}");
}

#[test]
fn a_temporary_is_changed_in_its_slot_unless_the_method_is_its_own() {
    let program = |make: &str| {
        format!(
            "struct S {{ n = 0\n    func pop(mut self) {{ self.n += 1\n        return self.n }} }}\nfunc f(i) {{\n    xs := {make}\n    return xs.pop()\n}}\nfor i in 0..1200 {{ f(i) }}"
        )
    };
    let popped = ir(&program("[i, 2]"));
    assert_eq!((count(&popped, "Pop {"), count(&popped, "Fallback")), (1, 0), "{popped}");
    let called = ir(&program("S {}"));
    assert_eq!(count(&called, "Pop {"), 0, "{called}");
}

#[test]
fn a_field_is_called_as_a_value_unless_the_site_meets_methods_as_well() {
    let program = |things: &str| {
        format!(
            "struct A {{ op }}\nstruct B {{\n    k\n    func op(self, n) {{ return n }}\n}}\nfunc g(n) {{ return n + 1 }}\nfunc f(a, n) {{ return a.op(n) }}\nxs := {things}\nfor i in 0..1200 {{ f(xs[i % 2], i) }}"
        )
    };
    let one = ir(&program("[A(g), A(g)]"));
    assert_eq!(["GuardFunction", "CallCompiled", "Fallback"].map(|found| count(&one, found)), [1, 0, 0], "{one}");
    let closures = ir(&program("[A(g), A((k => n => n + k)(2))]"));
    assert_eq!(["IsFunction", "GuardClosure", "Fallback"].map(|found| count(&closures, found)), [1, 1, 0], "{closures}");
    let mixed = ir(&program("[A(g), B(1)]"));
    assert_eq!((count(&mixed, "GuardFunction"), count(&mixed, "Fallback")), (0, 1), "{mixed}");
}

#[test]
fn elements_are_swapped_and_appended_to_entries_by_operations_unless_that_is_refused() {
    let program = |change: &str| {
        format!(
            "func f(n) {{\n xs := [1, 2, 3]\n d := {{0: [], 1: [], 2: 5}}\n for i in 0..n {{\n try {{ {change} }} except e {{}}\n }}\n return [xs, d] }}\nfor i in 0..9 {{ f(900) }}"
        )
    };
    let swapped = ir(&program("xs.swap(0, i % 3)"));
    assert_eq!((count(&swapped, "Swap") > 0, count(&swapped, "CallMutating")), (true, 0), "{swapped}");
    let refused = ir(&program("xs.swap(0, i)"));
    assert_eq!((count(&refused, "Swap"), count(&refused, "CallMutating")), (0, 1), "{refused}");
    let appended = ir(&program("d[i % 2].push(i)"));
    assert_eq!((count(&appended, "PushItem") > 0, count(&appended, "Fallback")), (true, 0), "{appended}");
    let refused = ir(&program("d[2 - i % 2].push(i)"));
    assert_eq!(count(&refused, "PushItem"), 0, "{refused}");
}

#[test]
fn defaults_of_a_constructor_are_known_unless_they_run_code() {
    let program = |default: &str| {
        format!(
            "func next() {{ return 1 }}\nstruct P {{\n    x\n    list = []\n    y = {default}\n}}\nfunc f(i) {{ return P(i) }}\nfor i in 0..1200 {{ f(i) }}"
        )
    };
    let known = ir(&program("2.5"));
    assert_eq!((count(&known, "MakeInstance"), count(&known, "Fallback")), (1, 0), "{known}");
    let run = ir(&program("next()"));
    assert_eq!((count(&run, "MakeInstance"), count(&run, "Fallback")), (0, 1), "{run}");
}

#[test]
fn a_set_is_run_over_by_its_entries_unless_they_are_numbered() {
    let program = |names: &str| {
        format!(
            "func f(s) {{\n    sum := 0\n    for {names} in s {{ sum += x }}\n    return sum\n}}\nfor i in 0..90 {{ f(set([1, 2, 3, 4, 5])) }}"
        )
    };
    let entries = ir(&program("x"));
    assert_eq!((count(&entries, "NextEntry") > 0, count(&entries, "Fallback")), (true, 0), "{entries}");
    let numbered = ir(&program("at, x"));
    assert_eq!(count(&numbered, "NextEntry"), 0, "{numbered}");
}

#[test]
fn a_method_of_a_character_gets_the_character_unless_the_text_is_not_ascii() {
    let program =
        |text: &str| format!("func f(text, i) {{ return text[i % 4].is_alpha() }}\nfor i in 0..9000 {{ f(\"{text}\", i) }}");
    let ascii = ir(&program("a1b2"));
    assert_eq!((count(&ascii, "LoadByte"), count(&ascii, "Fallback")), (1, 0), "{ascii}");
    let other = ir(&program("ä1b2"));
    assert_eq!(count(&other, "LoadByte"), 0, "{other}");
}

#[test]
fn a_loop_over_what_is_lent_takes_no_reference_unless_it_is_changed_meanwhile() {
    let program = |body: &str| {
        format!(
            "let table := [[1, 2], [3, 4]]\nmut n := 0\nfunc f(rows, by) {{\n    mut sum := 0\n    {body}\n    return sum + (if by < 0 {{ f(rows, by + 1) }} else {{ 0 }})\n}}\nrows := [[1, 2], [3, 4]]\nfor i in 0..1200 {{ f(rows, i % 3) }}"
        )
    };
    let lent = ir(&program("for row in rows { sum += row[0] * by }"));
    assert_eq!(["StoreSlotRetain", "ClearSlot"].map(|instruction| count(&lent, instruction)), [0, 0], "{lent}");
    let constant = ir(&program("for row in table { sum += row[0] * by + rows[0][1] }"));
    assert_eq!(["StoreSlotRetain", "ClearSlot"].map(|instruction| count(&constant, instruction)), [0, 0], "{constant}");
    let changed = ir(&program("for row in rows { rows[0] = [by]\nsum += row[0] * by }"));
    assert!(count(&changed, "StoreSlotRetain") > 0, "{changed}");
}

#[test]
fn a_store_to_a_variable_of_a_known_kind_does_not_look_unless_something_is_called_between() {
    let program = |between: &str| {
        format!(
            "mut n := 0\nfunc g(k) {{ if k == 2000 {{ n = null }}\n    return k > 0 and g(k - 1) }}\nfunc f(i) {{\n    a := n + i\n    {between}\n    n = a\n    return a\n}}\nfor i in 0..1200 {{ f(i % 3) }}"
        )
    };
    let known = ir(&program("b := a * 2"));
    assert_eq!((count(&known, "known: true"), count(&known, "known: false")), (1, 0), "{known}");
    let called = ir(&program("g(i)"));
    assert_eq!((count(&called, "known: true"), count(&called, "known: false")), (0, 1), "{called}");
    let ways = ir(&program("if i == 1 { n = 0.5 }"));
    // The way without the float is one of its own.
    assert_eq!((count(&ways, "known: true"), count(&ways, "known: false")), (1, 2), "{ways}");
}

#[test]
fn a_variable_that_is_never_changed_is_a_constant_once_it_has_its_value() {
    let program = |variable: &str, later: &str| {
        format!(
            "{variable}\nfunc f(i) {{ return i % size + rows[i % 2][0] }}\nlet rows := [[1], [2]]\nfor i in 0..1200 {{ f(i) }}\n{later}"
        )
    };
    let found = |ir: &str| ["LoadModule", "LoadConstant { index: 1, exit: None", "GuardTag"].map(|part| count(ir, part));
    let constant = ir(&program("let size := 7", ""));
    assert_eq!((found(&constant), count(&constant, "ConstI(7)")), ([0, 1, 1], 1), "{constant}");
    let changed = ir(&program("mut size := 7", "size = 8"));
    assert_eq!((found(&changed), count(&changed, "ConstI(7)")), ([1, 1, 2], 0), "{changed}");
}
