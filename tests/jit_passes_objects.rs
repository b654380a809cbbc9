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
