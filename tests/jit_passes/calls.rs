//! Calls, methods and results: what becomes part of the caller, and what is lent.
use crate::ir::{VECS, count, ir, last_ir, looped, made_ir};

#[test]
fn small_callees_become_part_of_the_caller_and_large_ones_do_not() {
    let program = |body: &str| {
        format!("func g(x) {{\n{body}\nreturn x\n}}\nfunc f(x) {{ return g(x) * 2 }}\nfor i in 0..1200 {{ f(i) }}")
    };
    let small = ir(&program("x = x + 1"));
    assert_eq!(count(&small, "CallCompiled"), 0, "{small}");
    let large = ir(&program(&"x = x + 1\nx = x - 2\n".repeat(200)));
    assert_eq!(count(&large, "CallCompiled"), 1, "{large}");
}

#[test]
fn returns_of_several_kinds_do_not_meet_unless_they_would_release_much() {
    let program = |locals: &str, n: u32| {
        format!(
            "func f(n) {{\n{locals}\nreturn if n == 0 {{ true }} else {{ g(n - 1) }}\n}}\nfunc g(n) {{ return if n < 0 {{ null }} else {{ f(n) }} }}\nfor i in 0..3000 {{ f({n}) }}"
        )
    };
    let returns = |ir: &str| count(ir, "  return v");
    let apart = ir(&program("", 3));
    assert!(returns(&apart) > 2 && count(&apart, "MoveSlot") == 0, "{apart}");
    let locals: Vec<String> =
        (0..12).map(|at| format!("a{at} := [n, {at}, 0, 0, 0]\nif n < 0 {{ print(a{at}) }}")).collect();
    let meet = ir(&program(&locals.join("\n"), 3));
    assert_eq!(returns(&meet), 1, "{meet}");
}

#[test]
fn a_result_passed_on_in_recursion_goes_in_a_register_unless_it_was_of_several_kinds() {
    let program = |other: &str| {
        format!(
            "func f(m, n) {{\nif m == 0 {{ return n + 1 }}\nif n == 0 {{ return f(m - 1, 1) }}\nreturn f(m - 1, f(m, n - 1))\n}}\nfor i in 0..2000 {{ f(2, {other}) }}"
        )
    };
    let in_slots = |ir: &str| count(ir, "callee: Entry");
    let ints = last_ir(&program("i % 4"));
    assert_eq!(in_slots(&ints), 0, "{ints}");
    let mixed = last_ir(&program("if i % 2 == 0 { 3 } else { 3.0 }"));
    assert!(in_slots(&mixed) > 0, "{mixed}");
}

#[test]
fn a_small_method_of_a_part_becomes_part_of_what_calls_it_unless_it_is_large() {
    let program = |body: &str| {
        format!(
            "struct A {{\n x = 0\n func g(mut self, k) {{\n{body}\n return k }}\n}}\nfunc f(n) {{\n mut xs := [A {{}}, A {{}}]\n for i in 0..n {{ xs[i % 2].g(i) }}\n return xs }}\nfor i in 0..5 {{ f(900) }}"
        )
    };
    let small = last_ir(&program("self.x += k"));
    assert_eq!((count(&small, "TakePart"), count(&small, "GivePart"), count(&small, "CallCompiled")), (1, 1, 0), "{small}");
    let large = last_ir(&program(&"self.x += k\nself.x -= 1\n".repeat(100)));
    assert_eq!((count(&large, "TakePart"), count(&large, "CallCompiled")), (0, 1), "{large}");
}

#[test]
fn what_a_place_holds_is_taken_out_for_a_call_unless_something_asks_for_it() {
    let program = |step: &str| {
        format!(
            "struct B {{ items, n = 0 }}\nfunc add(items, v) {{\n items.push(v)\n return items }}\nfunc next(n, v) {{ return n + v }}\nfunc f(b, n) {{\n for i in 0..n {{ {step} }}\n return b }}\nfor i in 0..5 {{ f(B {{ items: [] }}, 900) }}"
        )
    };
    let taken = |step: &str| count(&last_ir(&program(step)), "TakePart");
    for out in ["b.items = add(b.items, i)", "b.items = add(b.items, b.n)", "b.n = i\nb.items = add(add(b.items, 1), 2)"] {
        assert_eq!(taken(out), 1, "{out}");
    }
    let in_handler = "try { b.items = add(b.items, i) } except { b.n += 1 }";
    for kept in ["b.items = add(b.items, b)", "b.items = add(b.items, b.items.len())", "b.n = next(b.n, i)", in_handler] {
        assert_eq!(taken(kept), 0, "{kept}");
    }
}

#[test]
fn a_method_of_an_entry_becomes_part_of_what_calls_it_unless_the_key_is_missing_often() {
    let program = |dict: &str, key: &str| {
        format!(
            "struct A {{\n x = 0\n func g(mut self, k) {{ self.x += k }}\n}}\nstruct B {{ d = {{}} }}\nfunc f(n) {{\n mut b := B {{ d: {{0: A {{}}, 1: A {{}}}} }}\n mut d := {{0: A {{}}, 1: A {{}}}}\n for i in 0..n {{ try {{ {dict}[{key}].g(i) }} except {{}} }}\n return [b, d] }}\nfor i in 0..5 {{ f(900) }}"
        )
    };
    for dict in ["d", "b.d"] {
        let found = last_ir(&program(dict, "i % 2"));
        assert_eq!((count(&found, "EntryAt") > 0, count(&found, "Fallback")), (true, 0), "{found}");
        let missing = last_ir(&program(dict, "i % 4"));
        assert_eq!(count(&missing, "EntryAt"), 0, "{missing}");
    }
}

#[test]
fn a_method_mutating_by_name_is_called_unless_self_is_read_only() {
    let program = |kind: &str| {
        format!(
            "struct A {{\n x = 0\n func g(self, k) {{ return self.x + k }}\n}}\nstruct B {{\n x = 0\n func g(mut self, k) {{ self.x += k }}\n}}\nstruct P {{\n a = A {{}}\n func both(self, k) {{ return self.a.g(k) }}\n}}\nfunc f(n) {{\n {kind} p := P {{}}\n s := 0\n for i in 0..n {{ s += p.both(i) }}\n return s }}\nfor i in 0..5 {{ f(900) }}"
        )
    };
    let changeable = last_ir(&program("mut"));
    assert_eq!(count(&looped(&changeable), "Fallback"), 0, "{changeable}");
    let fixed = last_ir(&program("let"));
    assert_eq!(count(&looped(&fixed), "Fallback"), 1, "{fixed}");
}

#[test]
fn a_variable_of_a_module_that_never_changes_is_lent_unless_it_may_change() {
    let program = |change: &str| {
        format!(
            "{VECS}mut fixed := Vec(1, 2)\n{change}\nfunc f(o) {{ return fixed.plus(o).y }}\nfor i in 0..1200 {{ f(Vec(i, 1)) }}"
        )
    };
    let lent = ir(&program(""));
    assert_eq!((count(&lent, "LoadConstant"), count(&lent, "StoreSlotRetain")), (1, 0), "{lent}");
    let changes = ir(&program("func change() { fixed.x = 7 }"));
    assert_eq!((count(&changes, "LoadConstant"), count(&changes, "LoadModule")), (0, 1), "{changes}");
}

#[test]
fn what_is_only_looked_at_is_lent_to_calls() {
    let program = |body: &str| {
        format!(
            "struct N {{ v, next }}\nfunc made(n) {{ return if n == 0 {{ null }} else {{ N {{ v: n, next: made(n - 1) }} }} }}\n\
             func f(list, d) {{\n{body}\n}}\nlist := made(20)\nfor i in 0..600 {{ f(list, i % 3) }}"
        )
    };
    let counted = |ir: &str| count(ir, "Retain") + count(ir, "MoveSlot") + count(ir, "ClearSlot");
    let lent = ir(&program("if list == null || list.v < 0 { return 0 }\nreturn list.v + f(list.next, d)"));
    assert!(lent.contains("param s0 = v0: boxed") && counted(&lent) == 0, "{lent}");
    let returned = ir(&program("if d == 0 || list.v < 0 { return list }\nf(list, d - 1)\nreturn list"));
    assert!(!returned.contains("param s0"), "{returned}");
    let changed = ir(&program("mut mine := list\nif d == 0 { return mine.v }\nmine.v += 1\nreturn f(mine, d - 1)"));
    assert!(!changed.contains("param s0"), "{changed}");
    let captured = ir(&program("if d == 0 { return list.v }\nf(list, d - 1)\nreturn () => list"));
    assert!(!captured.contains("param s0"), "{captured}");
    // A part that is changed must be alone when the whole has been given away.
    for body in ["[v, n] := [list.v, list.next]\nm := n\nm.v += 1", "n := list.next\nn.v += 1"] {
        let part = ir(&program(&format!(
            "if d == 0 || d == null {{ return list }}\nif list.next == null {{ return list.v }}\n{body}\nreturn f(list, d - 1)"
        )));
        assert!(!part.contains("param s0"), "{part}");
    }
}

#[test]
fn what_only_a_call_owns_is_given_up_behind_it() {
    let program = "struct N { v, next }\nfunc f(list, d) {\nif d == 0 { return list.v }\nreturn f(N { v: d, next: list }, d - 1) + list.v\n}\n\
                   for i in 0..600 { f(N { v: i, next: null }, i % 4) }";
    let made = ir(program);
    assert!(made.contains("drops: [v("), "{made}");
}

#[test]
fn results_are_checked_behind_the_call_unless_it_does_not_always_come_to_that() {
    let program = |body: &str| format!("func f(n) {{\nif n < 2 {{ return n }}\n{body}\n}}\nfor _ in 0..20 {{ f(12) }}");
    let behind = |ir: &str| {
        let lines: Vec<&str> = ir.lines().filter(|line| line.starts_with("  v")).collect();
        lines.windows(2).filter(|pair| pair[0].contains("CallCompiled") && pair[1].contains("GuardTag")).count()
    };
    let both = ir(&program("return f(n - 1) + f(n - 2)"));
    assert_eq!(behind(&both), count(&both, "CallCompiled"), "{both}");
    let one = ir(&program("x := f(n - 1)\nif n < 500 { return f(n - 2) }\nreturn x + f(n - 2)"));
    assert!(behind(&one) < count(&one, "CallCompiled"), "{one}");
}

#[test]
fn a_method_of_a_character_gets_the_character_unless_the_text_is_not_ascii() {
    let program =
        |text: &str| format!("func f(text, i) {{ return text[i % 4].is_alpha() }}\nfor i in 0..9000 {{ f(\"{text}\", i) }}");
    let ascii = made_ir(&program("a1b2"));
    assert_eq!((count(&ascii, "LoadByte"), count(&ascii, "Fallback")), (1, 0), "{ascii}");
    let other = made_ir(&program("ä1b2"));
    assert_eq!(count(&other, "LoadByte"), 0, "{other}");
}

#[test]
fn a_loop_over_what_is_lent_takes_no_reference_unless_it_is_changed_meanwhile() {
    let program = |body: &str| {
        format!(
            "let table := [[1, 2], [3, 4]]\nmut n := 0\nfunc f(rows, by) {{\n    mut sum := 0\n    {body}\n    return sum + (if by < 0 {{ f(rows, by + 1) }} else {{ 0 }})\n}}\nrows := [[1, 2], [3, 4]]\nfor i in 0..1200 {{ f(rows, i % 3) }}"
        )
    };
    let lent = made_ir(&program("for row in rows { sum += row[0] * by }"));
    assert_eq!(["StoreSlotRetain", "ClearSlot"].map(|instruction| count(&lent, instruction)), [0, 0], "{lent}");
    let constant = made_ir(&program("for row in table { sum += row[0] * by + rows[0][1] }"));
    assert_eq!(["StoreSlotRetain", "ClearSlot"].map(|instruction| count(&constant, instruction)), [0, 0], "{constant}");
    let changed = made_ir(&program("for row in rows { rows[0] = [by]\nsum += row[0] * by }"));
    assert!(count(&changed, "StoreSlotRetain") > 0, "{changed}");
}

#[test]
fn a_store_to_a_variable_of_a_known_kind_does_not_look_unless_something_is_called_between() {
    let program = |between: &str| {
        format!(
            "mut n := 0\nfunc g(k) {{ if k == 2000 {{ n = null }}\n    return k > 0 and g(k - 1) }}\nfunc f(i) {{\n    a := n + i\n    {between}\n    n = a\n    return a\n}}\nfor i in 0..1200 {{ f(i % 3) }}"
        )
    };
    let known = made_ir(&program("b := a * 2"));
    assert_eq!((count(&known, "known: true"), count(&known, "known: false")), (1, 0), "{known}");
    let called = made_ir(&program("g(i)"));
    assert_eq!((count(&called, "known: true"), count(&called, "known: false")), (0, 1), "{called}");
    let ways = made_ir(&program("if i == 1 { n = 0.5 }"));
    // The way without the float is one of its own.
    assert_eq!((count(&ways, "known: true"), count(&ways, "known: false")), (1, 2), "{ways}");
}

#[test]
fn pairs_returned_and_taken_apart_are_not_made_unless_they_are_kept() {
    let program = |taken: &str, other: &str| {
        format!(
            "func f(n) {{\nif n < 1 {{ return [{other}, 1] }}\n{taken}\nreturn [b, a + n]\n}}\nfor i in 0..1500 {{ f(i % 9) }}"
        )
    };
    let made = |ir: &str| count(ir, "MakeInstance") + count(ir, "Operate") + count(ir, "outcome: Joined");
    let ints = last_ir(&program("[a, b] := f(n - 1)", "0"));
    assert_eq!((count(&ints, "GiveParts"), count(&ints, "LoadPart"), made(&ints)), (2, 2, 0), "{ints}");
    let mixed = last_ir(&program("[a, b] := f(n - 1)", "0.5"));
    assert_eq!((count(&mixed, "GiveParts"), count(&mixed, "LoadPart")), (2, 2), "{mixed}");
    let kept = last_ir(&program("p := f(n - 1)\na := p[0]\nb := p[1]", "0"));
    assert_eq!((count(&kept, "LoadPart"), count(&kept, "outcome: Joined")), (0, 1), "{kept}");
    let caught = last_ir(&program("a := 0\nb := 1\ntry { [a, b] = f(n - 1) } except e { a = 3 }", "0"));
    assert_eq!((count(&caught, "LoadPart"), count(&caught, "outcome: Joined")), (0, 1), "{caught}");
}

#[test]
fn arrays_are_returned_in_parts_unless_something_else_may_be_returned() {
    let program = |last: &str| {
        format!(
            "func f(n) {{\nif n > 100 {{ return f(n - 1) }}\nif n % 2 == 0 {{ return [n, n] }}\n{last} }}\nfor i in 0..1500 {{ f(i % 9) }}"
        )
    };
    let parts = |last: &str| count(&last_ir(&program(last)), "GiveParts");
    let (plain, named) = (parts("return [n, n]"), parts("whole := [n, n]\nn += 1\nreturn whole"));
    assert!(plain >= 2 && named == plain, "{plain} {named}");
    assert!(parts("whole := [n, n]\nwhole.push(1)\nreturn whole") < plain);
    assert_eq!((parts("return [n, n, n]"), parts("return null"), parts("n += 1")), (0, 0, 0));
}

#[test]
fn a_function_inside_of_another_calls_itself_without_the_vm() {
    let recursive = last_ir(
        "func made(n) {\n    count := 0\n    func f(k) {\n        count += 1\n        if k == 0 { return 0 }\n        return f(k - 1) + f(k - 1)\n    }\n    return f(n) + count\n}\nfor i in 0..300 { made(5) }",
    );
    assert_eq!((count(&recursive, "Fallback"), count(&recursive, "RunningClosure") >= 1), (0, true), "{recursive}");
}
