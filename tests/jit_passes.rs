//! Each optimisation of compiled code on the smallest program that shows it, and on a twin in which it must not happen.
//!
//! What is compared is the optimised IR of one function, by how often instructions occur in it.
use std::process::Command;

/// The optimised IR of the function `f` of a program, as it is made first.
fn ir(text: &str) -> String {
    irs(text).swap_remove(0)
}

/// The same, as it is made at last.
fn last_ir(text: &str) -> String {
    irs(text).pop().expect("there is a first one")
}

/// Each as often as it is made.
fn irs(text: &str) -> Vec<String> {
    // The states at the end name no instructions.
    let body = |dump: &str| dump.split("\n!0:").next().unwrap_or(dump).to_owned();
    irs_with_states(text).iter().map(|dump| body(dump)).collect()
}

fn irs_with_states(text: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_ruff"))
        .args(["run", "--jit", "sync", "--jit-only", "f", "--jit-dump", "ir", "-e", text])
        .output()
        .expect("it was built for this test");
    let stderr = String::from_utf8(output.stderr).expect("our texts are UTF-8");
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let found: Vec<String> = stderr.split("[jit] f optimised").skip(1).map(str::to_owned).collect();
    assert!(!found.is_empty(), "f was not compiled: {stderr}");
    found
}

fn count(ir: &str, instruction: &str) -> usize {
    ir.matches(instruction).count()
}

/// The blocks from the head of the first loop on, without those in front of a loop.
fn looped(ir: &str) -> String {
    let blocks = ir.split("\nb").skip_while(|block| !block.contains(" loop@"));
    blocks.filter(|block| !block.contains(" preheader!")).collect::<Vec<_>>().join("\nb")
}

/// The number of parameters of the first loop's head.
fn loop_params(ir: &str) -> usize {
    let head = ir.lines().find(|line| line.contains(" loop@")).unwrap_or_else(|| panic!("no loop in {ir}"));
    head.matches(": ").count()
}

#[test]
fn a_second_read_is_merged_unless_something_is_written_between() {
    let program = |body: &str| format!("func f(xs, i) {{\n{body}\n}}\nfor i in 0..1200 {{ f([1, 2, 3], i % 3) }}");
    let merged = ir(&program("return xs[0] + xs[0]"));
    assert_eq!((count(&merged, "LoadElement"), count(&merged, "GuardShape")), (1, 1), "{merged}");
    let written = ir(&program("a := xs[0]\nxs[i] = 7\nreturn a + xs[0]"));
    assert_eq!(count(&written, "LoadElement"), 2, "{written}");
}

#[test]
fn a_check_of_what_a_loop_does_not_change_stands_in_front_of_it() {
    let program = |body: &str| {
        format!(
            "func f(xs, ys) {{\n    s := 0\n    a := xs\n    for i in 0..40 {{\n        {body}\n    }}\n    return s\n}}\nfor i in 0..1200 {{ f([1, 2], [3, 4]) }}"
        )
    };
    let kept = ir(&program("s = s + a[0]"));
    assert_eq!(count(&looped(&kept), "GuardShape"), 0, "{kept}");
    assert!(count(&kept, "GuardShape") >= 1, "{kept}");
    let changed = ir(&program("s = s + a[0]\na = ys"));
    assert!(count(&looped(&changed), "GuardShape") >= 1, "{changed}");
}

#[test]
fn arrays_are_looked_up_in_front_of_a_loop_that_appends_to_another_unless_it_may_be_the_same() {
    let program = |before: &str, after: &str| {
        format!(
            "func f(xs) {{\n    ys := []\n    {before}\n    i := 0\n    while i < xs.len() {{\n        ys.push(xs[i])\n        i += 1\n        {after}\n    }}\n    return ys\n}}\nfor i in 0..1200 {{ f([1, 2, 3, 4]) }}"
        )
    };
    let found = |ir: &str| {
        let looped = looped(ir);
        (count(&looped, "GuardShape"), count(&looped, "LoadData"), count(&looped, "LoadLength"))
    };
    let another = ir(&program("", ""));
    assert_eq!(found(&another), (0, 0, 0), "{another}");
    let stored = ir(&program("ys = xs", "if i > 3 { break }"));
    assert_ne!(found(&stored), (0, 0, 0), "{stored}");
    let itself = ir(&program("", "xs.push(i)\n        if i > 3 { break }"));
    assert_ne!(found(&itself), (0, 0, 0), "{itself}");
}

#[test]
fn an_array_that_a_loop_appends_to_is_looked_up_in_front_of_it_unless_it_is_shared_there() {
    let program = |more: &str| {
        format!(
            "func f(n) {{\n    xs := []\n    ys := []\n    for i in 0..n {{\n        if i % 3 > 0 {{ xs.push(i) }}\n        {more}\n    }}\n    return [xs, ys]\n}}\nfor i in 0..1200 {{ f(9) }}"
        )
    };
    let kept = ir(&program("xs.push(i * 2)"));
    assert_eq!((count(&looped(&kept), "GuardTag"), count(&looped(&kept), "Unshare")), (0, 0), "{kept}");
    let shared = ir(&program("ys = xs"));
    assert!(count(&looped(&shared), "GuardTag") >= 1 && count(&looped(&shared), "Unshare") >= 1, "{shared}");
    // What is pushed may be the array itself.
    let itself = ir(&program("if i == 5 { xs.push(ys) }"));
    assert!(count(&looped(&itself), "GuardTag") >= 1, "{itself}");
}

#[test]
fn a_bound_that_the_loop_keeps_is_not_checked() {
    let program = |index: &str| {
        format!(
            "func f(xs) {{\n    s := 0\n    for i in 0..len(xs) {{ s = s + xs[{index}] }}\n    return s\n}}\nys := [1, 2, 3]\nfor i in 0..1200 {{ f(ys) }}"
        )
    };
    let kept = ir(&program("i"));
    assert_eq!(checked(&kept), 0, "{kept}");
    let beyond = ir(&program("i * 2 - i"));
    assert_eq!(checked(&beyond), 1, "{beyond}");
}

/// Bounds checks in loops that are still made.
fn checked(ir: &str) -> usize {
    looped(ir).lines().filter(|line| line.contains("GuardBounds") && !line.contains("exit: None")).count()
}

#[test]
fn a_counter_that_falls_from_a_checked_start_is_not_checked_unless_it_may_rise() {
    let program = |step: &str| {
        format!(
            "func f(xs, k) {{\n    i := 0\n    j := k\n    while i < j {{\n        x := xs[i]\n        xs[i] = xs[j]\n        xs[j] = x\n        i += 1\n        {step}\n    }}\n}}\nfor i in 0..1200 {{ f([1, 2, 3, 4], i % 4) }}"
        )
    };
    let falls = ir(&program("j -= 1"));
    assert_eq!(checked(&falls), 0, "{falls}");
    let some_turns = ir(&program("if i > 1 { j -= 1 } else { j -= 2 }"));
    assert_eq!(checked(&some_turns), 0, "{some_turns}");
    let rises = ir(&program("if i > 1 { j -= 1 } else { j = k - i }"));
    assert_eq!(checked(&rises), 2, "{rises}");
}

#[test]
fn differences_and_next_elements_are_not_checked_where_their_limit_is_known() {
    let program = |index: &str| {
        format!(
            "func f(xs, n) {{\n    s := 0\n    for i in 0..n {{ s += xs[{index}] }}\n    return s\n}}\nfor i in 0..1200 {{ f([1, 2, 3, 4], 3) }}"
        )
    };
    for known in ["i + 1", "n - 1 - i", "n - i", "i + 2 - 1"] {
        let ir = ir(&program(known));
        assert_eq!(checked(&ir), 0, "{known}: {ir}");
    }
    for unknown in ["i * 2 - i", "n - 2 - i", "i - n"] {
        let ir = ir(&program(unknown));
        assert_eq!(checked(&ir), 1, "{unknown}: {ir}");
    }
}

#[test]
fn the_element_behind_one_that_falls_is_not_checked_against_what_it_fell_from() {
    let program = |index: &str| {
        format!(
            "func f(xs) {{\n    for i in 1..xs.len() {{\n        v := xs[i]\n        j := i - 1\n        while j >= 0 && xs[j] > v {{\n            xs[{index}] = xs[j]\n            j -= 1\n        }}\n    }}\n}}\nfor i in 0..1200 {{ f([4, 3, 2, 1, 0]) }}"
        )
    };
    let known = ir(&program("j + 1"));
    assert!(checked(&known) <= 1, "at most `xs[i]`: {known}");
    let beyond = ir(&program("(j + 2) % 5"));
    assert!(checked(&beyond) > 0 && beyond.contains("ModI"), "{beyond}");
}

#[test]
fn a_row_is_not_counted_while_its_index_is_computed_unless_that_may_write() {
    let program = |element: &str| {
        format!(
            "rows := [[1, 2], [3, 4]]\nfunc g(i) {{ rows[i] = [i, i]\nreturn i }}\nfunc f(xs) {{\n    s := 0\n    for i in 0..2 {{ s += {element} }}\n    return s\n}}\nfor i in 0..1200 {{ f([[1, 2], [3, 4]]) }}"
        )
    };
    let lent = ir(&program("rows[i][1 - i]"));
    assert_eq!(count(&looped(&lent), "StoreSlotRetain"), 0, "{lent}");
    let counted = ir(&program("rows[i][g(i)]"));
    assert!(count(&looped(&counted), "StoreSlotRetain") >= 1, "{counted}");
    // Nobody else can change what a local holds.
    let local = ir(&program("xs[i][g(i)]"));
    assert_eq!(count(&looped(&local), "StoreSlotRetain"), 0, "{local}");
}

#[test]
fn a_variable_of_a_module_is_read_in_front_of_a_loop_that_does_not_assign_it() {
    let program = |body: &str| {
        format!(
            "by := 3\nfunc f(n) {{\n    s := 0\n    for i in 0..n {{ {body} }}\n    return s\n}}\nfor i in 0..1200 {{ f(9) }}"
        )
    };
    let kept = ir(&program("if i % 2 == 0 { s += by }"));
    assert_eq!(count(&looped(&kept), "LoadModule"), 0, "{kept}");
    let assigned = ir(&program("if i % 2 == 0 { s += by; by = i }"));
    assert!(count(&looped(&assigned), "LoadModule") >= 1, "{assigned}");
}

#[test]
fn a_value_that_a_loop_does_not_change_is_no_parameter_of_it() {
    let program = |body: &str| {
        format!("func f(n) {{\n    i := 0\n    while i < n {{ {body} }}\n    return i\n}}\nfor i in 0..1200 {{ f(40) }}")
    };
    // The counter, and the turns that are left.
    let kept = ir(&program("i = i + 1"));
    assert_eq!(loop_params(&kept), 2, "{kept}");
    let changed = ir(&program("i = i + 1\nn = n - 1"));
    assert_eq!(loop_params(&changed), 2, "{changed}");
}

#[test]
fn sums_are_looked_at_in_polls_if_a_turn_adds_little() {
    let program = |body: &str| {
        format!(
            "func f(n, x) {{\n    s := 0\n    for i in 0..n {{ {body} }}\n    return s\n}}\nfor i in 0..3000 {{ f(9, i * 1_000_000) }}"
        )
    };
    let checked = |ir: &str| ir.lines().filter(|line| line.contains("Int {") && line.contains("exit: Some")).count();
    let polled = |ir: &str| ir.lines().filter(|line| line.contains("Poll {") && !line.contains("sums: []")).count();
    for little in ["s += i * i - i", "if i % 2 == 0 { s += 3 } else { s -= i % 7 }", "s = 5 + s + i"] {
        let ir = ir(&program(little));
        assert_eq!((checked(&ir), polled(&ir) > 0), (0, true), "{little}: {ir}");
    }
    for much in ["s += x", "s += i * i * i", "s += s + 1", "s = i - s", "s += x - i"] {
        let ir = ir(&program(much));
        assert_eq!((checked(&ir) > 0, polled(&ir)), (true, 0), "{much}: {ir}");
    }
}

#[test]
fn a_poll_is_rare_only_if_one_counter_counts_on_all_ways_back() {
    let program = |body: &str| {
        format!(
            "func f(n) {{\n    i := 0\n    j := 0\n    k := 0\n    while k < n {{\n        k += 2\n        {body}\n    }}\n    return i + j\n}}\nfor i in 0..3000 {{ f(20) }}"
        )
    };
    let each_turn = |ir: &str| count(ir, "Poll { counter: None");
    let both = ir(&program("if k % 4 == 0 { i += 1; j = 0; continue }\ni += 1; j += 1"));
    assert_eq!((each_turn(&both), count(&both, "Poll { counter: Some")), (0, 2), "{both}");
    // Each way back sets back what the other one counts.
    let neither = ir(&program("if k % 4 == 0 { i += 1; j = 0; continue }\ni = 0; j += 1"));
    assert_eq!((each_turn(&neither), count(&neither, "Poll { counter: Some")), (2, 0), "{neither}");
    // Down on all ways, and up on one but down on the other.
    let falls = ir(&program("if k % 4 == 0 { i -= 1; continue }\ni -= 1"));
    assert_eq!((each_turn(&falls), count(&falls, "Poll { counter: Some")), (0, 2), "{falls}");
    let wanders = ir(&program("if k % 4 == 0 { i += 1; continue }\ni -= 1"));
    assert_eq!((each_turn(&wanders), count(&wanders, "Poll { counter: Some")), (2, 0), "{wanders}");
}

#[test]
fn counted_loops_run_in_stretches_unless_the_poll_would_move_over_an_effect() {
    let program = |head: &str, body: &str| {
        format!(
            "func f(n, xs) {{\n    s := 0.5\n    i := 0\n    {head} {{ {body} }}\n    return s + i\n}}\nfor i in 0..3000 {{ f(9, [1.5] * 10) }}"
        )
    };
    let cold = |ir: &str| ir.matches("() cold:").count();
    let stretches = ir(&program("for j in 0..n", "s += xs[j]"));
    assert_eq!(cold(&stretches), 1, "{stretches}");
    let counted = ir(&program("while i < n", "s += xs[i]\ni += 1"));
    assert_eq!(cold(&counted), 1, "{counted}");
    for (head, body) in [("while i < n", "i += 2"), ("while n > i", "n -= 1"), ("while i < n", "i += xs.len()")] {
        let ir = ir(&program(head, body));
        assert_eq!(cold(&ir), 1, "{head} {{ {body} }}: {ir}");
    }
    // A limit that changes, a way back before the end, steps that change or go the other way, and a test of something else.
    for (head, body) in [
        ("while i < n", "n -= 1\ni += 1"),
        ("while i < n", "i += 1\nif i % 3 == 0 { continue }\ns += 1.0"),
        ("while i < n", "i += i + 1"),
        ("while i < n and i > -30", "i -= 1"),
        ("while s < 100.0", "s += 1.0\ni += 1"),
    ] {
        let ir = ir(&program(head, body));
        assert_eq!(cold(&ir), 0, "{head} {{ {body} }}: {ir}");
    }
}

#[test]
fn what_nobody_uses_goes_unless_it_may_fail() {
    let program = |body: &str, arg: &str| format!("func f(a) {{\n{body}\n}}\nfor i in 0..1200 {{ f({arg}) }}");
    let unused = ir(&program("b := a * 0.5\nreturn a", "1.5"));
    assert_eq!(count(&unused, "Float {"), 0, "{unused}");
    let used = ir(&program("b := a * 0.5\nreturn b", "1.5"));
    assert_eq!(count(&used, "Float {"), 1, "{used}");
    let fails = ir(&program("b := 10 / a\nreturn a", "3"));
    assert_eq!(count(&fails, "DivI"), 1, "{fails}");
}

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
fn arithmetic_with_counters_is_not_checked_unless_their_bounds_were_large() {
    let program = |arg: &str| {
        format!(
            "func f(n) {{\n    s := 0\n    for i in 0..n {{\n        s = (i * i - i) % 7\n        if s == 6 {{ break }}\n    }}\n    return s\n}}\nfor i in 0..3000 {{ f({arg}) }}"
        )
    };
    let checked = |ir: &str| ir.lines().filter(|line| line.contains("op: Mul") && !line.contains("exit: None")).count();
    let small = ir(&program("9"));
    assert_eq!((checked(&small), count(&small, "GuardSmall") > 0), (0, true), "{small}");
    let large = last_ir(&program("3_000_000_000"));
    assert_eq!((checked(&large), count(&large, "GuardSmall")), (1, 0), "{large}");
}

#[test]
fn what_is_added_to_counters_is_looked_at_in_front_of_a_loop_unless_it_was_huge() {
    let program = |arg: &str| {
        format!(
            "func f(n, row, size) {{\n    s := 0\n    for i in 0..n {{\n        if row + i > 3 {{ s = (row - i + size) % 7 }}\n    }}\n    return s\n}}\nfor i in 0..3000 {{ f(9, {arg}, i) }}"
        )
    };
    let checked =
        |ir: &str| looped(ir).lines().filter(|line| line.contains("Int {") && !line.contains("exit: None")).count();
    let usual = ir(&program("i"));
    assert_eq!(checked(&usual), 0, "{usual}");
    let huge = last_ir(&program("2 ** 62 - 1 + i"));
    assert_eq!(checked(&huge), 3, "{huge}");
    // The bound of the counter is still taken to be small.
    assert_eq!(count(&huge, "high: 1073741824, exit: Some"), 1, "{huge}");
}

#[test]
fn kinds_met_under_a_branch_are_looked_at_in_front_of_a_loop_unless_they_differ() {
    let program = |test: &str, args: &str| {
        format!(
            "func f(xs, ys, n) {{\n    s := 0\n    for i in 0..n {{\n        if {test} {{ s += ys[0] }}\n        s += xs[0]\n    }}\n    return s\n}}\nfor i in 0..3000 {{ f([1, 2], {args}, 9) }}"
        )
    };
    let guards = |ir: &str| count(&looped(ir), "GuardShape");
    let kept = ir(&program("i % 2 == 0", "[3, 4]"));
    assert_eq!(guards(&kept), 0, "{kept}");
    let asked = ir(&program("ys != null and i > 2", "[3, 4]"));
    assert_eq!(guards(&asked), 1, "{asked}");
    // What fails under a branch that is not taken then: the loop is made again, with everything else in front of it.
    let differ = last_ir(
        &program("xs[0] == 1 and n < 50", "if i < 600 { [3, 4] } else { null }")
            .replace(", 9) }", ", if i < 600 { 9 } else { 60 }) }"),
    );
    assert_eq!(guards(&differ), 1, "{differ}");
}

#[test]
fn checks_leave_together_unless_something_is_written_between() {
    let states = |ir: &str| {
        let exits = ir.lines().filter(|line| line.contains("Int {")).filter_map(|line| line.split("exit: Some(").nth(1));
        exits.collect::<std::collections::BTreeSet<_>>().len()
    };
    let program = |body: &str| format!("func f(a, b, xs) {{\n{body}\n}}\nfor i in 0..1200 {{ f(i, 3, [1]) }}");
    let together = ir(&program("c := a * b\nd := c * c\nreturn d + a"));
    assert_eq!(states(&together), 1, "{together}");
    let apart = ir(&program("c := a * b\nxs[0] = c\nd := c * c\nreturn d + a"));
    assert_eq!(states(&apart), 2, "{apart}");
}

#[test]
fn a_row_is_looked_up_in_front_of_a_loop_that_stores_to_it_unless_rows_are_exchanged() {
    let program = |body: &str| {
        format!(
            "func f(c, b) {{\n    for i in 0..4 {{\n        for j in 0..40 {{\n            {body}\n        }}\n    }}\n    return c\n}}\n\
             b := [[0.5] * 40] * 4\nfor i in 0..1200 {{ f([[0] * 40, [0] * 40, [0] * 40, [0] * 40], b) }}"
        )
    };
    let inner = |ir: &str| looped(ir).rsplit(" loop@").next().expect("there is a loop").to_owned();
    let stored = last_ir(&program("c[i][j] += b[i][j]"));
    assert_eq!((count(&inner(&stored), "GuardTag"), count(&inner(&stored), "Generalise")), (0, 0), "{stored}");
    let exchanged = last_ir(&program("c[i][j] += b[i][j]; c[3] = c[i]"));
    assert!(count(&inner(&exchanged), "GuardTag") > 0, "{exchanged}");
}

#[test]
fn bounds_are_checked_in_front_of_a_loop_unless_the_length_may_change() {
    let program = |body: &str| {
        format!(
            "func f(xs, n) {{\n    s := 0\n    for i in 0..n {{\n        {body}\n    }}\n    return s\n}}\n\
             for i in 0..1200 {{ f([3] * 40, 30) }}"
        )
    };
    let checked = |ir: &str| looped(ir).lines().filter(|line| line.contains("GuardBounds") && line.contains("Some")).count();
    let reads = last_ir(&program("s += xs[i]"));
    assert_eq!((checked(&reads), count(&looped(&reads), "GuardBounds")), (0, 1), "{reads}");
    let grows = last_ir(&program("s += xs[i]; if s % 2 == 0 { xs.push(s) }"));
    assert_eq!(checked(&grows), 1, "{grows}");
    let sometimes = last_ir(&program("if i % 2 == 0 { s += xs[i] }"));
    assert_eq!(checked(&sometimes), 1, "{sometimes}");
}

#[test]
fn a_divisor_made_of_a_counter_is_not_zero_unless_it_may_be() {
    let program = |body: &str| {
        format!(
            "func f(n) {{\n    s := 0.0\n    for i in 0..n {{\n        {body}\n    }}\n    return s\n}}\nfor i in 0..1200 {{ f(20) }}"
        )
    };
    let checked =
        |ir: &str| looped(ir).lines().filter(|line| line.contains("GuardNonZeroF") && !line.contains("None")).count();
    let above = last_ir(&program("s += 1.0 / (i + 1)"));
    assert_eq!(checked(&above), 0, "{above}");
    let through = last_ir(&program("s += 1.0 / (i - 50)"));
    assert_eq!(checked(&through), 1, "{through}");
}

#[test]
fn turns_that_call_nothing_have_a_loop_of_their_own() {
    let program = |body: &str| {
        format!(
            "func f(seen, ys) {{\n    n := 0\n    for i in 0..4 {{\n        {body}\n    }}\n    return n + 1\n}}\nfor i in 0..1200 {{ f([true, true, i % 2 == 0, true], [\"a\"]) }}"
        )
    };
    // The head of the loop around stands in front of the inner one.
    let split = |ir: &str| ir.lines().filter(|line| line.contains(" loop@") && line.contains(" preheader!")).count();
    let call = "n += ys.join(\",\").len()";
    for body in [format!("if not seen[i] {{ {call} }}"), format!("if seen[i] {{ continue }}\n        {call}")] {
        let found = ir(&program(&body));
        assert_eq!((split(&found), count(&found, "CallBuiltin")), (1, 1), "{found}");
    }
    // All ways to the next turn may have called.
    let called = ir(&program(&format!("if ys.join(\"\").len() < 9 {{ {call} }}")));
    assert_eq!(split(&called), 0, "{called}");
    // No way calls.
    let calm = ir(&program("if not seen[i] { n += i }"));
    assert_eq!(split(&calm), 0, "{calm}");
}

#[test]
fn an_array_is_not_copied_for_a_loop_that_may_never_write_it() {
    let program = |turn: &str| {
        format!(
            "func f(xs, ys, n) {{\n    i := 0\n    loop {{\n        i += 1\n        if i > n {{ return xs }}\n        {turn}\n    }}\n}}\nfor i in 0..1200 {{ f([1, 2], [\"a\"], 4) }}"
        )
    };
    let moved = |ir: &str| {
        let front = ir.split("\nb").filter(|block| block.lines().next().is_some_and(|line| line.contains(" preheader!")));
        front.map(|block| count(block, "Unshare")).sum::<usize>()
    };
    assert_eq!(moved(&ir(&program("xs[0] = i"))), 1);
    // Turns that call write nothing, and there may be no others.
    let calls = ir(&program("if i % 2 == 0 { ys.join(\",\") } else { xs[0] = i }"));
    assert_eq!(moved(&calls), 0, "{calls}");
}

#[test]
fn the_test_of_a_loop_stands_at_its_end_unless_its_head_calls() {
    let program = |test: &str| {
        format!(
            "func f(xs, n) {{\n    i := 0\n    while {test} {{ i += i + 2 }}\n    return i\n}}\nfor i in 0..1200 {{ f([\"a\", \"b\"], 4) }}"
        )
    };
    // Both ways to the loop, from in front of it and from its end, choose between it and what lies behind.
    let branches = |ir: &str| count(ir, "  branch ");
    let counted = ir(&program("i < n"));
    assert_eq!((branches(&counted), count(&counted, "CmpI")), (2, 2), "{counted}");
    // Where what is found and the bound meet again, the counter is wanted.
    let two = ir(&program("i < n and xs[i % 2] != \"c\""));
    assert_eq!(count(&two, "CmpI { op: Lt"), 2, "{two}");
    let calls = ir(&program("i < n and xs.join(\"\").len() > i"));
    assert_eq!(count(&calls, "CallBuiltin"), 1, "{calls}");
}

#[test]
fn exits_compute_an_old_sum_unless_the_turn_uses_it() {
    let program = |body: &str| {
        format!(
            "func f(xs) {{\n    s := 0\n    last := 0\n    for x in xs {{\n        {body}\n    }}\n    return s + last\n}}\nfor i in 0..1200 {{ f([3, 4, 5]) }}"
        )
    };
    let late = |body: &str| irs_with_states(&program(body)).swap_remove(0).matches("\nlate v").count();
    assert_eq!(late("s += x"), 1);
    assert_eq!(late("s = s - x"), 1);
    // The old value lives on beside the new one.
    assert_eq!(late("before := s\n        s += x\n        last = before"), 0);
    // A product does not say what its factors were.
    assert_eq!(late("s *= x"), 0);
}

#[test]
fn an_array_that_a_loop_fills_settles_behind_it_unless_it_is_filled_with_objects() {
    let program = |body: &str| {
        format!(
            "func f(n, z) {{\n    xs := [0] * n\n    for t in 0..4 {{\n        for i in 0..n {{ {body} }}\n    }}\n    return xs\n}}\n\
             for i in 0..1200 {{ f(40, \"a text\") }}"
        )
    };
    let filled = last_ir(&program("xs[i] = i * 0.5"));
    assert!(count(&filled, "Settle") > 0, "{filled}");
    let objects = last_ir(&program("xs[i] = z"));
    assert_eq!(count(&objects, "Settle"), 0, "{objects}");
}

/// Rows that settle are met as arrays of values, and as arrays of numbers.
#[test]
fn a_loop_over_rows_that_settle_is_made_twice_unless_it_reads_another_of_the_rows() {
    let program = |read: &str| {
        format!(
            "func f(n, m, b) {{\n    c := []\n    for _ in 0..m {{ c.push([0] * n) }}\n    for k in 0..3 {{\n        for i in 0..m {{\n            \
             for j in 0..n {{ c[i][j] += {read} * 0.5 }}\n        }}\n    }}\n    return c\n}}\n\
             b := [0.5] * 40\nfor i in 0..1200 {{ f(40, 4, b) }}"
        )
    };
    let twice = last_ir(&program("b[j]"));
    assert_eq!(count(&twice, "IsShape"), count(&twice, "Generalise"), "{twice}");
    assert!(count(&twice, "IsShape") > 0 && count(&twice, "StoreElement { cell: F64") > 0, "{twice}");
    let once = last_ir(&program("(if k > 0 { c[m - 1][j] } else { 0.5 })"));
    assert_eq!(count(&once, "IsShape"), 0, "{once}");
}

/// Which of the two loops it is to be is asked each time the inner one begins: its first run may have filled the array.
#[test]
fn whether_an_array_has_settled_is_asked_in_each_turn_around_the_loop_that_fills_it() {
    let ir = last_ir(
        "func f(n, m, b) {\n    c := [0] * n\n    for k in 0..m {\n        for j in 0..n { c[j] += b[j] * 0.5 }\n    }\n    return c\n}\n\
         b := [0.5] * 40\nfor i in 0..1200 { f(40, 4, b) }",
    );
    assert_eq!(count(&ir, "IsShape"), 1, "{ir}");
    let turns = looped(&ir);
    assert!(turns.contains("IsShape") || turns.contains("Generalise"), "{ir}");
}

#[test]
fn the_smallest_of_numbers_is_selected_unless_they_are_of_two_kinds() {
    let program = |c: &str| format!("func f(a, b) {{ return min(a, b, {c}) }}\nfor i in 0..1200 {{ f(i, 7) }}");
    let inline = ir(&program("a + b"));
    assert_eq!((count(&inline, "Select"), count(&inline, "CallBuiltin"), count(&inline, "Array")), (2, 0, 0), "{inline}");
    let called = ir(&program("0.5"));
    assert_eq!((count(&called, "Select"), count(&called, "CallBuiltin")), (0, 1), "{called}");
}

#[test]
fn a_square_is_a_product_and_other_powers_of_floats_are_calls() {
    let program = |power: &str| format!("func f(x) {{ return {power} }}\nfor i in 0..1200 {{ f(i + 0.5) }}");
    let square = ir(&program("x ** 2"));
    assert_eq!((count(&square, "op: Mul"), count(&square, "CallFloat")), (1, 0), "{square}");
    let cube = ir(&program("x ** 3"));
    assert_eq!((count(&cube, "Power"), count(&cube, "GuardTrue")), (1, 0), "{cube}");
    let root = ir(&program("x ** 0.5"));
    assert_eq!((count(&root, "Power"), count(&root, "GuardTrue")), (1, 1), "{root}");
}

#[test]
fn a_range_is_counted_through_unless_arrays_were_met_as_well() {
    let program = |other: &str| {
        format!(
            "func f(xs) {{\n    s := 0\n    for x in xs {{ s += x }}\n    return s\n}}\nfor i in 0..1200 {{\n    f(0..5)\n    f({other})\n}}"
        )
    };
    let counted = ir(&program("3..9"));
    assert_eq!((count(&counted, "LoadStart"), count(&counted, "Fallback")), (1, 0), "{counted}");
    assert_eq!(count(&looped(&counted), "LoadStart"), 0, "{counted}");
    let steps = ir(&program("range(9, 0, -2)"));
    assert_eq!((count(&steps, "LoadItem"), count(&steps, "LoadStart"), count(&steps, "Fallback")), (0, 1, 0), "{steps}");
    let items = ir(&program("[1, 2]"));
    assert_eq!((count(&items, "LoadItem"), count(&items, "LoadStart"), count(&items, "Fallback")), (1, 0, 0), "{items}");
}

#[test]
fn shifts_to_the_left_and_large_constants_are_instructions_unless_they_have_overflowed() {
    let program = |body: &str| format!("func f(a) {{ return {body} }}\nfor i in 0..1200 {{ f(i) }}");
    for (body, instruction) in [("a << 3", "ShlI"), ("a * 1103515245", "op: Mul"), ("a + 1013904223", "op: Add")] {
        let inline = ir(&program(body));
        assert_eq!((count(&inline, instruction), count(&inline, "Operate")), (1, 0), "{inline}");
    }
    for body in ["(a + 1) << 62", "(a + 9) * 1152921504606846976"] {
        let large = ir(&program(body));
        assert_eq!(count(&large, "Operate"), 1, "{large}");
    }
}

#[test]
fn a_method_of_an_item_reads_the_item_unless_it_is_found_by_a_key() {
    let program =
        |held: &str, key: &str| format!("func f(xs, k) {{ return xs[k].len() }}\nfor i in 0..1200 {{ f({held}, {key}) }}");
    let item = ir(&program("[[1], [2, 3]]", "i % 2"));
    assert_eq!((count(&item, "Operate"), count(&item, "LoadElement")), (0, 1), "{item}");
    let entry = ir(&program("{a: [1]}", "\"a\""));
    assert_eq!((count(&entry, "Operate"), count(&entry, "LoadElement")), (1, 0), "{entry}");
}

#[test]
fn comparisons_with_short_texts_are_instructions_unless_values_have_an_equality_of_their_own() {
    let program = |text: &str, values: &str| {
        format!(
            "struct S {{ x\n    func op_eq(self, o) {{ return self.x == o }} }}\nfunc f(a) {{ return a == \"{text}\" }}\nvs := {values}\nfor i in 0..1200 {{ f(vs[i % 2]) }}"
        )
    };
    for values in ["[\"ab\", \"abc\"]", "[1, \"abc\"]"] {
        let short = ir(&program("abc", values));
        assert_eq!((count(&short, "EqualsText"), count(&short, "Operate")), (1, 0), "{short}");
    }
    let long = ir(&program("abcdefghijklmnopq", "[\"ab\", \"abc\"]"));
    assert_eq!((count(&long, "EqualsText"), count(&long, "Operate")), (0, 1), "{long}");
    let own = ir(&program("abc", "[S { x: \"abc\" }, \"abc\"]"));
    assert_eq!(count(&own, "EqualsText"), 0, "{own}");
}

#[test]
fn a_row_that_each_turn_changes_is_unshared_in_front_of_the_loop_unless_it_is_another_one_each_time() {
    let program = |row: &str| {
        format!(
            "func f(m, r, n) {{\n    for k in 0..n {{ m[{row}][0] += m[0][k] }}\n    return m\n}}\nfor i in 0..1200 {{ f([[1, 2], [3, 4]], 1, 2) }}"
        )
    };
    let fixed = ir(&program("r"));
    assert_eq!((count(&fixed, "= Unshare"), count(&looped(&fixed), "= Unshare")), (2, 0), "{fixed}");
    assert_eq!(count(&looped(&fixed), "GuardUnique"), 0, "{fixed}");
    let varying = ir(&program("k"));
    assert_eq!((count(&varying, "= Unshare"), count(&looped(&varying), "GuardUnique")), (1, 1), "{varying}");
}

#[test]
fn an_item_that_goes_to_another_place_stays_out_of_memory_unless_it_is_a_variable() {
    let program = |moved: &str| {
        format!(
            "func f(xs, i, j) {{\n    {moved}\n    return len(xs)\n}}\nfor i in 0..1200 {{ f([\"a\", \"b\", \"c\"], i % 3, 1) }}"
        )
    };
    let direct = ir(&program("xs[i] = xs[j]"));
    assert_eq!((count(&direct, "StoreSlotRetain"), count(&direct, "= Retain")), (0, 1), "{direct}");
    let variable = ir(&program("t := xs[j]\n    xs[i] = t"));
    assert_eq!(count(&variable, "StoreSlotRetain"), 1, "{variable}");
}

#[test]
fn counters_are_guessed_to_begin_at_zero_unless_they_are_known_not_to() {
    let program = |start: &str| {
        format!(
            "func f(xs, n) {{\n    s := 0\n    for d in {start}..=1 {{ s += xs[n + d] }}\n    return s\n}}\nfor i in 0..1200 {{ f([1, 2, 3, 4], 2) }}"
        )
    };
    let known = ir(&program("-1"));
    assert_eq!(count(&known, "low: -1,"), 0, "{known}");
    let guessed = ir(&program("n - 2"));
    assert_eq!(count(&guessed, "low: -1,"), 1, "{guessed}");
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
fn a_loop_passes_by_empty_arrays_unless_it_has_met_none() {
    let program = |lists: &str| {
        format!(
            "func f(xs) {{\nmut s := 0\nfor x in xs {{ s += x }}\nreturn s\n}}\nlists := {lists}\nfor i in 0..3000 {{ f(lists[i % 2]) }}"
        )
    };
    let ways = |ir: &str| count(ir, "  branch ");
    let (filled, mixed) = (last_ir(&program("[[1, 2], [3]]")), last_ir(&program("[[1, 2], []]")));
    assert_eq!(ways(&mixed), ways(&filled) + 1, "{filled}{mixed}");
    assert_eq!(count(&mixed, "Fallback"), 0, "{mixed}");
}

#[test]
fn what_was_checked_to_be_true_is_not_checked_again_unless_of_another_value() {
    let program = |test: &str| {
        format!(
            "enum K {{ A, B, C }}\nstruct P {{ k, l }}\nfunc f(p) {{ return {test} }}\nps := [P(K::A, K::C), P(K::B, K::C), P(K::C, K::C)]\n\
             for i in 0..1500 {{ f(ps[i % 3]) }}"
        )
    };
    let once = ir(&program("p.k == K::A or p.k == K::B"));
    assert_eq!(count(&once, "GuardTrue"), 1, "{once}");
    let twice = ir(&program("p.k == K::A or p.l == K::B"));
    assert_eq!(count(&twice, "GuardTrue"), 2, "{twice}");
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
fn elements_are_removed_by_an_operation_unless_it_is_refused() {
    let program = |at: &str| {
        format!(
            "func f(n) {{\n xs := [1, 2, 3]\n for i in 0..n {{\n try {{ xs.remove_at({at}) }} except e {{}}\n xs.push(i)\n }}\n return xs }}\nfor i in 0..9 {{ f(900) }}"
        )
    };
    let removed = last_ir(&program("i % 3"));
    assert_eq!((count(&removed, "RemoveAt"), count(&removed, "CallMutating")), (1, 0), "{removed}");
    let refused = last_ir(&program("i - 5000"));
    assert_eq!((count(&refused, "RemoveAt"), count(&refused, "CallMutating")), (0, 1), "{refused}");
}

/// Structs that the tests of what need not exist use.
const VECS: &str =
    "struct Vec {\n x\n y\n func plus(self, o) { return Vec(self.x + o.x, self.y + o.y) }\n}\nstruct Ray { base, way }\n";

#[test]
fn instances_within_instances_are_not_made_unless_they_are_kept() {
    let program = |then: &str| {
        format!(
            "{VECS}mut all := []\nfunc f(i) {{\nray := Ray(Vec(i, 1), Vec(2, i))\n{then}\nreturn ray.base.plus(ray.way).y\n}}\nfor i in 0..1200 {{ f(i) }}"
        )
    };
    let fields = ir(&program(""));
    assert_eq!(count(&fields, "MakeInstance"), 0, "{fields}");
    let kept = ir(&program("if i < 5000 { all.push(ray) }"));
    assert_eq!(count(&kept, "MakeInstance"), 3, "{kept}");
}

#[test]
fn what_ways_make_is_one_instance_unless_fields_are_of_several_kinds() {
    let program = |other: &str| {
        format!(
            "{VECS}func f(i) {{\nv := if i % 2 == 0 {{ Vec(i, 1) }} else {{ {other} }}\nreturn v.x + v.y\n}}\nfor i in 0..1200 {{ f(i) }}"
        )
    };
    let one = ir(&program("Vec(1, i)"));
    assert_eq!(count(&one, "MakeInstance"), 0, "{one}");
    let several = ir(&program("Vec(0.5, i)"));
    assert!(count(&several, "MakeInstance") > 0, "{several}");
}

#[test]
fn an_instance_made_anew_in_each_turn_is_fields_unless_others_see_it() {
    let program = |start: &str, turn: &str| {
        format!(
            "{VECS}func f(n, start) {{\nmut v := {start}\nfor i in 0..n {{\nv = v.plus(Vec(i, 1))\n{turn}\n}}\nreturn v\n}}\nfor i in 0..400 {{ f(10, Vec(1, 2)) }}"
        )
    };
    for start in ["Vec(0, 0)", "start"] {
        let fields = ir(&program(start, ""));
        assert_eq!(count(&looped(&fields), "MakeInstance"), 1, "behind the loop: {fields}");
        assert_eq!(count(&looped(&fields), "LoadField"), 0, "{fields}");
    }
    let seen = ir(&program("start", "print(len([v, v]) == 3 && v)"));
    assert!(count(&looped(&seen), "MakeInstance") > 1, "{seen}");
}

#[test]
fn pairs_taken_apart_are_not_made_unless_they_are_changed() {
    let program = |then: &str| {
        format!(
            "func g(a, b) {{ return if a < b {{ [a, b] }} else {{ [b, a] }} }}\nfunc f(i) {{\nmut pair := g(i, 600)\n{then}\n[low, high] := pair\nreturn high - low\n}}\nfor i in 0..1200 {{ f(i) }}"
        )
    };
    let apart = ir(&program(""));
    assert_eq!(count(&apart, "MakeInstance"), 0, "{apart}");
    let changed = ir(&program("pair[0] = 1"));
    assert!(count(&changed, "MakeInstance") > 0, "{changed}");
}

#[test]
fn results_that_are_matched_are_not_made_unless_they_are_kept() {
    let program = |of: &str| {
        format!(
            "func g(xs, i) {{ return if i < len(xs) {{ Some(xs[i]) }} else {{ None }} }}\nfunc f(xs, i) {{\nmatch {of} {{\ncase Some(v): {{ return v }}\ncase None: {{ return 0 }}\n}}\n}}\nfor i in 0..1200 {{ f([1, 2, 3], i % 4) }}"
        )
    };
    let matched = ir(&program("g(xs, i)"));
    assert_eq!((count(&matched, "MakeInstance"), count(&matched, "VariantOf")), (0, 0), "{matched}");
    let kept = ir(&program("[g(xs, i), 1, 2, 3, 4][0]"));
    assert!(count(&kept, "MakeInstance") > 0 && count(&kept, "VariantOf") > 0, "{kept}");
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
fn what_each_turn_passes_on_is_made_in_front_of_the_loop_unless_it_changes() {
    let program = |turn: &str| {
        format!(
            "{VECS}func g(v, n) {{ return if n == 0 {{ v[0] }} else {{ g(v, n - 1) }} }}\nfunc f(n) {{\nmut pair := [n, 2]\nmut total := 0\nfor i in 0..n {{\ntotal += g(pair, 3)\n{turn}\n}}\nreturn total\n}}\nfor i in 0..400 {{ f(10) }}"
        )
    };
    let once = ir(&program(""));
    assert_eq!((count(&once, "MakeInstance"), count(&looped(&once), "MakeInstance")), (1, 0), "{once}");
    let anew = ir(&program("pair = [i, 3]"));
    assert!(count(&looped(&anew), "MakeInstance") > 0, "{anew}");
}

#[test]
fn a_long_function_that_mostly_reads_fields_is_inlined_unless_it_branches() {
    let reads = vec!["p.x"; 40].join(" + ");
    let program = |first: &str| {
        format!(
            "{VECS}func g(p) {{\n{first}\nreturn {reads}\n}}\nfunc f(i) {{ return g(Vec(i, 1)) }}\nfor i in 0..1200 {{ f(i) }}"
        )
    };
    let straight = ir(&program(""));
    assert_eq!((count(&straight, "CallCompiled"), count(&straight, "MakeInstance")), (0, 0), "{straight}");
    let branches = ir(&program("if p.x < 0 { return 0 }"));
    assert_eq!(count(&branches, "CallCompiled"), 1, "{branches}");
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
fn a_variant_that_was_found_is_not_looked_for_again() {
    let program = |body: &str| {
        format!(
            "enum E {{ A(a, b), B(c), C }}\nfunc f(e) {{\n{body}\n}}\nfor i in 0..1200 {{ f(if i % 2 == 0 {{ E::A(i, 1) }} else {{ E::B(i) }}) }}"
        )
    };
    let told =
        ir(&program("match e {\ncase E::A(a, b): { return a + b }\ncase E::B(c): { return c }\ncase _: { return 0 }\n}"));
    assert_eq!((count(&told, "tag: 13, exit"), count(&told, "GuardShape")), (0, 0), "{told}");
}

#[test]
fn what_a_turn_knows_at_its_end_is_not_read_again_unless_a_call_comes_last() {
    let program = |turn: &str| {
        format!(
            "func f(xs, ys) {{\n    n := 0\n    for i in 0..4 {{\n        n += xs[0]\n        {turn}\n    }}\n    return n\n}}\nfor i in 0..1200 {{ f([1, 2, 3], [\"a\"]) }}"
        )
    };
    let reads = |ir: &str| count(looped(ir).split("CallBuiltin").next().unwrap_or_default(), "GuardShape");
    let known = ir(&program("m := ys.join(\",\").len()\n        xs[1] = m"));
    assert_eq!(reads(&known), 0, "{known}");
    let called = ir(&program("xs[1] = 3\n        n += ys.join(\",\").len()"));
    assert_eq!(reads(&called), 1, "{called}");
}

#[test]
fn exits_name_what_was_checked_unless_they_come_before() {
    // How many states name the first row that is read, and how many what it was checked to be.
    let named = |body: &str| {
        let program = format!("func f(xs, i) {{\n{body}\n}}\nfor i in 0..1200 {{ f([[1, 2], [3, 4]], i % 2) }}");
        let dump = irs_with_states(&program).swap_remove(0);
        let name = |line: &str| line.trim().split(':').next().expect("it gives a value").to_owned();
        let made = |what: &str| name(dump.lines().find(|line| line.contains(what)).expect("a row is read and checked"));
        let row = made("boxed = LoadElement");
        let array = made(&format!("GuardTag {{ value: v({})", &row[1..]));
        let states: Vec<_> = dump.lines().filter(|line| line.starts_with('!')).collect();
        [row, array].map(|value| {
            let names = |state: &str| state.split([' ', ']']).any(|slot| slot.ends_with(&format!("={value}")));
            states.iter().filter(|state| names(state)).count()
        })
    };
    let [row, array] = named("s := 0\nk := 0\nfor j in 0..2 {\ns += xs[i][k]\nk = 1 - k\n}\nreturn s");
    assert!(row == 0 && array > 0, "{row} {array}");
    let [row, array] = named("return xs[i][i]");
    assert!(row > 0 && array == 0, "{row} {array}");
}

#[test]
fn what_only_counts_is_not_checked_unless_its_start_or_its_steps_are_large() {
    // Its turns take memory: sums are not looked at in polls.
    let program = |start: &str, step: &str| {
        let body = format!("if i % 3 == 1 {{ count += {step}\nxs.push(i) }}");
        format!(
            "func f(n, s, xs) {{\ncount := {start}\nfor i in 0..n {{ {body} }}\nreturn count\n}}\nfor _ in 0..40 {{ f(100, 1, []) }}"
        )
    };
    let is_checked = |start: &str, step: &str| {
        let found = looped(&ir(&program(start, step)));
        found.lines().any(|line| line.contains("op: Add") && line.contains("exit: Some"))
    };
    assert!(!is_checked("0", "1") && !is_checked("-5000", "16"));
    assert!(is_checked("0", "17") && is_checked("0", "s") && is_checked("s", "1") && is_checked("1 << 62", "1"));
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
fn a_loop_around_short_ones_polls_now_and_then_unless_those_are_around_others() {
    let program = |body: &str| {
        format!("func f(n) {{\ntotal := 0\nfor i in 0..n {{ {body} }}\nreturn total\n}}\nfor _ in 0..40 {{ f(40) }}")
    };
    let two = ir(&program("for j in 0..i { total += j }"));
    assert_eq!((count(&two, "every: 32"), count(&two, "every: 1,")), (1, 1), "{two}");
    let three = ir(&program("for j in 0..3 { for k in 0..i { total += j } }"));
    assert_eq!((count(&three, "every: 32"), count(&three, "every: 1,")), (1, 2), "{three}");
}
