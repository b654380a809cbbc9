//! What is read once: merged reads, hoisted checks, rows and variables.
use crate::ir::{count, ir, irs_with_states, last_ir, looped, made_ir};

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
fn defaults_of_a_constructor_are_known_unless_they_run_code() {
    let program = |default: &str| {
        format!(
            "func next() {{ return 1 }}\nstruct P {{\n    x\n    list = []\n    y = {default}\n}}\nfunc f(i) {{ return P(i) }}\nfor i in 0..1200 {{ f(i) }}"
        )
    };
    let known = made_ir(&program("2.5"));
    assert_eq!((count(&known, "MakeInstance"), count(&known, "Fallback")), (1, 0), "{known}");
    let run = made_ir(&program("next()"));
    assert_eq!((count(&run, "MakeInstance"), count(&run, "Fallback")), (0, 1), "{run}");
}

#[test]
fn a_set_is_run_over_by_its_entries_unless_they_are_numbered() {
    let program = |names: &str| {
        format!(
            "func f(s) {{\n    sum := 0\n    for {names} in s {{ sum += x }}\n    return sum\n}}\nfor i in 0..90 {{ f(set([1, 2, 3, 4, 5])) }}"
        )
    };
    let entries = made_ir(&program("x"));
    assert_eq!((count(&entries, "NextEntry") > 0, count(&entries, "Fallback")), (true, 0), "{entries}");
    let numbered = made_ir(&program("at, x"));
    assert_eq!(count(&numbered, "NextEntry"), 0, "{numbered}");
}

#[test]
fn a_variable_that_is_never_changed_is_a_constant_once_it_has_its_value() {
    let program = |variable: &str, later: &str| {
        format!(
            "{variable}\nfunc f(i) {{ return i % size + rows[i % 2][0] }}\nlet rows := [[1], [2]]\nfor i in 0..1200 {{ f(i) }}\n{later}"
        )
    };
    let found = |ir: &str| ["LoadModule", "LoadConstant { index: 1, exit: None", "GuardTag"].map(|part| count(ir, part));
    let constant = made_ir(&program("let size := 7", ""));
    assert_eq!((found(&constant), count(&constant, "ConstI(7)")), ([0, 1, 1], 1), "{constant}");
    let changed = made_ir(&program("mut size := 7", "size = 8"));
    assert_eq!((found(&changed), count(&changed, "ConstI(7)")), ([1, 1, 2], 0), "{changed}");
}

#[test]
fn a_key_is_looked_up_once_unless_dict_or_key_may_have_changed_in_between() {
    let program = |body: &str| {
        format!(
            "func f(keys) {{\n    d := {{}}\n    for key in keys {{\n        {body}\n    }}\n    return d\n}}\nkeys := range(2000).map(i => \"k${{i % 5}}\")\nf(keys)\nf(keys)"
        )
    };
    let found = |ir: &str| ["op: Find", "op: SetFound", "op: UpdateFound", "op: SetItem"].map(|part| count(ir, part));
    let got = last_ir(&program("d[key] = d.get(key, 0) + 1"));
    assert_eq!(found(&got), [1, 1, 0, 0], "{got}");
    let asked = last_ir(&program("if key in d { d[key] += 1 } else { d[key] = 1 }"));
    assert_eq!(found(&asked), [1, 1, 1, 0], "{asked}");
    let other = last_ir(&program("n := d.get(key, 0)\n        d[keys[0]] = n\n        d[key] = n + 1"));
    assert_eq!((found(&other)[1], found(&other)[3]), (0, 2), "{other}");
    let changed = last_ir(&program("n := d.get(key, 0)\n        key += \"x\"\n        d[key] = n + 1"));
    assert_eq!(found(&changed), [1, 0, 0, 1], "{changed}");
    let another = last_ir(&program("n := d.get(key, 0)\n        if n > 300 { d = {} }\n        d[key] = n + 1"));
    assert_eq!((found(&another)[1], found(&another)[3]), (0, 1), "{another}");
}

#[test]
fn what_is_under_a_name_or_a_literal_is_changed_where_it_is_found_unless_it_is_no_dict_or_another_key() {
    let program = |made: &str, body: &str| {
        format!(
            "func f(r, key) {{\n    for i in 0..90 {{ {body} }}\n    return r\n}}\nfor i in 0..60 {{ f({made}, \"m\") }}"
        )
    };
    let found = |ir: &str| ["op: Find", "op: SetFound", "op: UpdateFound", "op: SetItem"].map(|part| count(ir, part));
    let record = last_ir(&program("{n: 0, m: 0}", "r.n += 1\n r[\"m\"] = i"));
    assert_eq!(found(&record)[1..], [1, 1, 0], "{record}");
    let inside = last_ir(&program("[{n: 0}]", "r[0].n += 1"));
    assert_eq!(found(&inside)[1..], [0, 1, 0], "{inside}");
    let other = last_ir(&program("{n: 0, m: 0}", "r[key] = i"));
    assert_eq!(found(&other)[1..], [0, 0, 1], "{other}");
    let instance = last_ir(&format!("struct S {{ n }}\n{}", program("S(0)", "r.n += 1")));
    assert_eq!(found(&instance), [0; 4], "{instance}");
}

#[test]
fn what_a_field_leads_to_is_lent_while_other_fields_are_written_unless_it_is_that_field() {
    let program = |body: &str| {
        format!(
            "struct M {{\n    code\n    pc = 0\n    stack = []\n    func step(mut self, i) {{\n        op := self.code[i % 2]\n        {body}\n        return op[0]\n    }}\n}}\nfunc f(n) {{\n    mut m := M([[1], [2]])\n    s := 0\n    for i in 0..n {{ s += m.step(i) }}\n    return s\n}}\nfor i in 0..30 {{ f(90) }}"
        )
    };
    let counted = |ir: &str| count(ir, "StoreSlotRetain") + count(ir, "Retain(");
    let lent = last_ir(&program("self.pc += 1\n        self.stack = []"));
    assert_eq!(counted(&lent), 0, "{lent}");
    let own = last_ir(&program("self.code = [[i], [i]]"));
    assert!(counted(&own) >= 1, "{own}");
    let inside = last_ir(&program("self.code[0] = [i]"));
    assert!(counted(&inside) >= 1, "{inside}");
}

#[test]
fn an_instance_is_checked_once_beside_appending_to_what_its_fields_hold_unless_it_is_assigned() {
    let program = |more: &str| {
        format!(
            "struct M {{\n    stack\n    pc = 0\n}}\nfunc f(n) {{\n    mut m := M([1, 2])\n    mut kept := M([3])\n    for i in 0..n {{\n        b := m.stack.pop()\n        a := m.stack.pop()\n        m.stack.push(a + b)\n        m.stack.push(i)\n        {more}\n    }}\n    return [m, kept]\n}}\nfor i in 0..30 {{ f(90) }}"
        )
    };
    let once = last_ir(&program("m.pc += 1"));
    assert_eq!(count(&looped(&once), "GuardShape"), 0, "{once}");
    let assigned = last_ir(&program("if i % 40 == 39 { m = M([i, i]) }"));
    assert!(count(&looped(&assigned), "GuardShape") >= 1, "{assigned}");
}

#[test]
fn what_stores_to_an_element_of_a_captured_variable_is_no_operation_unless_it_is_a_dict() {
    let program = |made: &str, body: &str| {
        format!(
            "func f(n) {{\n    xs := {made}\n    read := () => xs\n    for i in 0..n {{ {body} }}\n    return read()\n}}\nfor i in 0..1200 {{ f(9) }}"
        )
    };
    let walked = ir(&program("[[0] * 9, [0] * 9]", "xs[i % 2][i] = i"));
    assert_eq!((count(&looped(&walked), "Operate"), count(&looped(&walked), "LoadCell")), (0, 0), "{walked}");
    let assigned = ir(&program("[0] * 9", "if i == 3 { xs = [1] * 9 }\n xs[i] = i"));
    assert!(count(&looped(&assigned), "LoadCell") >= 1, "{assigned}");
    let entry = ir(&program("{}", "xs[i] = i"));
    assert!(count(&looped(&entry), "Operate") >= 1, "{entry}");
}

#[test]
fn what_is_compared_with_null_before_it_was_reached_is_no_number() {
    let found = ir(
        "func f(xs, limit) {\n    best := null\n    for x in xs { if x > limit && (best == null || x > best) { best = x } }\n    return best\n}\nxs := [1, 2, 3]\nfor i in 0..1200 { f(xs, 9) }",
    );
    assert!(count(&found, "EqualsNull") >= 1, "{found}");
}

#[test]
fn bytes_are_loaded_where_they_are_unless_the_site_meets_other_things() {
    let program = |body: &str, other: &str| {
        format!(
            "func f(data) {{\n    s := 0\n    {body}\n    return s\n}}\nxs := bytes([1, 2, 3, 4])\nfor i in 0..1200 {{ f(xs)\n{other} }}"
        )
    };
    let looked_up = |ir: &str| count(ir, "Operate { op: Item") + count(ir, "Fallback");
    for body in ["for x in data { s += x }", "for i in 0..4 { s += data[i] }", "for i, x in data { s += i * x }"] {
        let bytes = last_ir(&program(body, ""));
        assert_eq!((count(&bytes, "LoadByte"), looked_up(&bytes)), (1, 0), "{body}: {bytes}");
    }
    let both = last_ir(&program("for i in 0..4 { s += data[i] }", "f([1, 2, 3, 4])"));
    assert_eq!(count(&both, "LoadByte"), 0, "{both}");
}
