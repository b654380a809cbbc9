//! Which checks of arithmetic, bounds and kinds of numbers go.
use crate::ir::{count, ir, irs, last_ir, looped};

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
fn what_an_index_is_below_its_counter_by_counts_in_front_of_the_loop() {
    // The limit is the length and one more: compared with the length alone, the check in front would never hold.
    let program = |index: &str| {
        format!(
            "func f(xs) {{\n    s := 0\n    for i in range(1, xs.len() + 1) {{ s += xs[{index}] }}\n    return s\n}}\nfor i in 0..1200 {{ f([1, 2, 3, 4]) }}"
        )
    };
    let below = irs(&program("i - 1"));
    assert_eq!((below.len(), checked(&below[0])), (1, 0), "{below:?}");
    let beside = program("i - 1] + xs[i - 2");
    let never_below = "for i in range(2, xs.len() + 1)";
    let beside = irs(&beside.replace("for i in range(1, xs.len() + 1)", never_below));
    assert_eq!((beside.len(), checked(&beside[0])), (1, 0), "{beside:?}");
    let twice = last_ir(&program("i / 2"));
    assert_eq!(checked(&twice), 1, "{twice}");
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
fn numbers_of_kinds_that_change_are_added_where_they_are_unless_others_come() {
    let program = |other: &str| {
        format!(
            "func f(a, b) {{\nc := a + b\nreturn [c, a < b]\n}}\nfor i in 0..400 {{ f(i, 1) }}\nfor i in 0..9000 {{ f(i, if i % 2 == 0 {{ 0.5 }} else {{ {other} }}) }}"
        )
    };
    let numbers = last_ir(&program("1"));
    assert_eq!((count(&numbers, "Operate { op: Arith"), count(&numbers, "Fallback")), (1, 0), "{numbers}");
    let ints = last_ir(&program("2.5"));
    assert_eq!((count(&ints, "Operate { op: Arith"), count(&ints, "op: Add")), (0, 1), "{ints}");
}

#[test]
fn a_divisor_made_of_a_counter_is_not_checked_unless_it_may_be_zero() {
    let program = |divisor: &str| {
        format!("func f(n) {{\n    s := 0.0\n    for i in 0..n {{ s += 1.0 / {divisor} }}\n    return s\n}}\nf(5000)")
    };
    for divisor in ["(i + 1)", "(i * (i + 1) / 2 + i + 1)"] {
        let ir = ir(&program(divisor));
        assert_eq!(divisors_checked(&ir), 0, "{divisor}: {ir}");
    }
    let program = program("(i - 5000)");
    assert_eq!(divisors_checked(&ir(&program)), 1, "{program}");
}

fn divisors_checked(ir: &str) -> usize {
    looped(ir).lines().filter(|line| line.contains("GuardNonZeroF") && !line.contains("exit: None")).count()
}

#[test]
fn of_a_product_beyond_64_bits_a_mask_wants_the_low_bits() {
    let program = |body: &str| {
        format!("M := 0xFFFFFFFF\nfunc f(a, b) {{\nreturn {body}\n}}\nfor i in 0..1200 {{ f(4000000000 + i, 0xcc9e2d51) }}")
    };
    for masked in ["(a * b) & M", "(a * b + 7) & 0xFF00", "(a * b - 7) & 0x7FFFFFFFFFFFFFFF"] {
        let low = ir(&program(masked));
        assert_eq!((count(&low, "Low { op: Mul"), count(&low, "Operate")), (1, 0), "{low}");
    }
    for whole in ["(a * b) & -2", "(a * b) % 1000"] {
        assert_eq!(count(&ir(&program(whole)), "Low {"), 0, "{whole}");
    }
    let small = ir(&program("(a * 5) & M"));
    assert_eq!((count(&small, "Low {"), count(&small, "Mul")), (0, 1), "{small}");
}

#[test]
fn what_a_mask_keeps_of_large_numbers_is_computed_by_words_and_nothing_else() {
    let program = |turn: &str| {
        format!(
            "M := 0xFFFFFFFFFFFFFFFF\nfunc f(n) {{\n    h := 0xcbf29ce484222325\n    x := 0\n    for i in 0..n {{ {turn} }}\n    return [h, x]\n}}\nfor i in 0..1200 {{ f(30) }}"
        )
    };
    let objects = |ir: &str| (count(ir, "FromWord"), count(ir, "Operate { op: Arith") + count(ir, "Operate { op: Amend"));
    for masked in [
        "h = ((h ^ i) * 0x100000001b3) & 0xFFFFFFFFFFFFFFFF",
        "h = (h * 31 - i + (h << 7)) & 0xFFFFFFFFFFFFFFFF",
        "h = (h | i) & 0xFFFFFFFFFFFFFFFF",
        "h = (h * 31 + i) & M",
    ] {
        let ir = last_ir(&program(masked));
        assert_eq!(objects(&ir), (1, 0), "{masked}: {ir}");
    }
    let low = last_ir(&program("x = (h * h + i) & 0xFFFF"));
    assert_eq!(objects(&low), (0, 0), "{low}");
    // More than the mask is made of what is between, what is divided depends on all bits, and a mask may be any number.
    for whole in [
        "y := h * 31\nx = y & 0xFFFFFFFFFFFFFFFF\nx = y % 7",
        "x = (h * 31 / 3) & 0xFFFFFFFFFFFFFFFF",
        "x = (h * 31) & 0x1FFFFFFFFFFFFFFFF",
        "x = (h * 31) & (0 - i - 1)",
    ] {
        let ir = last_ir(&program(whole));
        assert!(objects(&ir).1 > 0, "{whole}: {ir}");
    }
}
