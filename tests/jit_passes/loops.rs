//! Polls, sums, stretches, and what is made in front of loops or behind them.
use crate::ir::{VECS, count, ir, irs, irs_with_states, last_ir, loop_params, looped};

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
    // Behind a stretch nothing is made of what the counter was before its last step.
    let (front, behind) = stretches.split_once("() cold:").expect("a poll behind a stretch");
    let test = front.rsplit("CmpI { op: Lt, a: ").next().expect("the loop's own test");
    let next = test.split(',').next().expect("the counter");
    assert!(!behind.contains(&format!("Add, a: {next},")), "{stretches}");
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
fn a_loop_around_short_ones_polls_now_and_then_unless_those_are_around_others() {
    let program = |body: &str| {
        format!("func f(n) {{\ntotal := 0\nfor i in 0..n {{ {body} }}\nreturn total\n}}\nfor _ in 0..40 {{ f(40) }}")
    };
    let two = ir(&program("for j in 0..i { total += j }"));
    assert_eq!((count(&two, "every: 32"), count(&two, "every: 1,")), (1, 1), "{two}");
    let three = ir(&program("for j in 0..3 { for k in 0..i { total += j } }"));
    assert_eq!((count(&three, "every: 32"), count(&three, "every: 1,")), (1, 2), "{three}");
}

#[test]
fn loops_over_calls_of_range_make_no_range() {
    let program = |head: &str| {
        format!(
            "func f(n) {{\n    s := 0\n    xs := range(n)\n    {head} {{ s += i }}\n    return s\n}}\nfor i in 0..3000 {{ f(i % 9) }}"
        )
    };
    let calls = |head: &str| count(&ir(&program(head)), "CallBuiltin");
    for head in ["for i in range(n)", "for i in range(2, n)", "for i in range(n, 0, -1)", "for i in range(0, n, 2)"] {
        assert_eq!(calls(head), 1, "{head}");
    }
    // Pairs have positions of their own, and what a variable holds was made in front of the loop.
    assert_eq!(calls("for k, i in range(n)"), 2);
    assert_eq!(calls("ys := range(1, n)\n    for i in ys"), 2);
    // What a loop by steps changes: where it is, and the sum; of the step it is known that it leads to the end.
    let stepped = ir(&program("for i in range(0, n, 2)"));
    assert_eq!(count(&looped(&stepped), "GuardSmall"), 0, "{stepped}");
}

#[test]
fn where_a_loop_over_an_array_stands_is_not_checked_unless_it_is_no_position() {
    let once =
        |body: &str| format!("func f(xs) {{\n    s := 0\n    j := 0\n    {body}\n    return s\n}}\nf((0..5000).to_array())");
    let checked = |ir: &str| {
        let insts = looped(ir);
        insts.lines().filter(|line| line.contains("GuardBounds") && !line.contains("exit: None")).count()
    };
    for body in ["for x in xs { s += x }", "for i, x in xs { s += x * (i % 3) }"] {
        let ir = ir(&once(body));
        assert_eq!(checked(&ir), 0, "{body}: {ir}");
    }
    let by_itself = ir(&once("loop {\n    s += xs[j]\n    if j == 4999 { break }\n    j += 1\n}"));
    assert_eq!(checked(&by_itself), 1, "{by_itself}");
}

#[test]
fn counters_that_begin_below_zero_are_not_guessed_to_be_positions() {
    let made = |start: &str| {
        let turn = "t += x * y % 5 + x * x";
        irs(&format!(
            "func f(n) {{\n    t := 0\n    for y in {start}..n {{\n        for x in {start}..n {{ {turn} }}\n    }}\n    return t\n}}\nf(400)"
        ))
    };
    let least = |irs: &[String], low: &str| irs.iter().map(|ir| count(ir, low)).sum::<usize>();
    // What was below zero, or had its sign turned, would fail in front of the loop each time.
    let below = made("-n");
    assert_eq!((least(&below, "low: -1,"), least(&below, "low: 0,")), (0, 0), "{below:?}");
    let above = made("n / 99");
    assert!(least(&above, "low: 0,") > 0, "{above:?}");
}
