//! Instances, enum values, pairs and elements: what is not made, counted or looked for again.
use crate::ir::{VECS, count, ir, last_ir, looped, made_ir};

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
fn results_of_many_ways_are_not_made_though_one_way_does_not_know_unless_they_are_kept() {
    let program = |keep: &str| {
        format!(
            "enum E {{ A(n), B(n), C }}\nfunc far(i) {{\nif i < 2 {{ return E::A(i) }}\nreturn far(i - 2)\n}}\nfunc g(i) {{\nif i == 0 {{ return E::A(i) }}\nif i == 1 {{ return E::B(i) }}\nif i == 2 {{ return E::C }}\nif i == 3 {{ return E::A(2) }}\nif i == 4 {{ return E::B(3) }}\nif i == 5 {{ return E::A(4) }}\nreturn far(i)\n}}\nfunc f(i) {{\ne := g(i)\nmatch e {{\ncase E::A(n): {{ return n }}\ncase E::B(n): {{ {keep} }}\ncase _: {{ return 0 }}\n}}\n}}\nfor i in 0..2400 {{ f(i % 7) }}"
        )
    };
    let read = ir(&program("return n + 1"));
    assert_eq!((count(&read, "MakeInstance"), count(&read, "CallCompiled")), (0, 1), "{read}");
    let kept = ir(&program("return e"));
    assert_eq!(count(&kept, "MakeInstance"), 5, "{kept}");
}

#[test]
fn an_instance_with_fields_of_another_is_made_at_once_unless_there_are_two() {
    let program = |literal: &str| {
        format!(
            "struct P {{ x, y, name }}\nfunc f(p, q) {{ return P {{ {literal} }} }}\np := P {{ x: 1, y: 2, name: \"n\" }}\nfor i in 0..1200 {{ f(p, p) }}"
        )
    };
    let one = ir(&program("...p, x: p.x + 1"));
    assert_eq!((count(&one, "MakeInstance"), count(&one, "Fallback")), (1, 0), "{one}");
    let two = ir(&program("...p, ...q, x: 1"));
    assert_eq!((count(&two, "MakeInstance"), count(&two, "Fallback")), (0, 1), "{two}");
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
fn elements_are_exchanged_without_counting_unless_one_may_have_changed() {
    let program = |body: &str| {
        format!(
            "struct P {{ k }}\nfunc f(xs, i) {{\n    {body}\n    return xs\n}}\nmut a := [P(1), P(2), P(3)]\nfor i in 0..1200 {{ a = f(a, i % 3) }}"
        )
    };
    let exchanged = made_ir(&program("if i >= 0 {\nt := xs[i]\nxs[i] = xs[0]\nxs[0] = t\n}"));
    let found = ["Exchange", "StoreOwned", "Retain", "ClearSlot"].map(|instruction| count(&exchanged, instruction));
    assert_eq!(found, [1, 0, 0, 0], "{exchanged}");
    let kept = made_ir(&program("t := xs[i]\nxs[i] = xs[0]\nxs[0] = t\nif t.k > 5 { print(t) }"));
    assert_eq!((count(&kept, "Exchange"), count(&kept, "StoreSlotRetain")), (1, 1), "{kept}");
    for other in ["xs[1] = t", "xs[0] = t\nxs[1] = t", "xs[2] = xs[1]\nxs[0] = t"] {
        let body = format!("t := xs[i]\nxs[i] = xs[0]\nxs[1] = xs[2]\n{other}");
        let stored = made_ir(&program(&body));
        assert_eq!(count(&stored, "Exchange"), 0, "{stored}");
    }
}

#[test]
fn an_entry_of_a_dict_inside_is_found_by_instructions_unless_it_is_an_element_too() {
    let program = |place: &str, second: &str| {
        format!(
            "struct C {{ d }}\nfunc f(c, i) {{\n    {place} = i\n    return c\n}}\nmut c := C({{0: {{}}, 1: {second}}})\nfor i in 0..1200 {{ c = f(c, i) }}"
        )
    };
    let found = |ir: &str| ["op: Find", "op: SetItem", "op: SetPlace"].map(|part| count(ir, part));
    let in_field = made_ir(&program("c.d[i]", "{}"));
    assert_eq!(found(&in_field), [0, 1, 0], "{in_field}");
    let deeper = made_ir(&program("c.d[i % 2][i]", "{}"));
    assert_eq!(found(&deeper), [1, 1, 0], "{deeper}");
    let mixed = made_ir(&program("c.d[i % 2][i % 3]", "[0, 0, 0]"));
    assert_eq!(found(&mixed), [0, 0, 1], "{mixed}");
}

#[test]
fn a_field_of_an_entry_is_changed_by_instructions_unless_the_key_is_missing_often() {
    let program = |keys: usize| {
        format!(
            "struct C {{ n = 0 }}\nfunc f(d, i) {{\n    d[i % {keys}].n += 1\n    return d\n}}\nmut d := {{0: C(), 1: C()}}\nfor i in 0..6000 {{ try {{ d = f(d, i) }} except e {{ d = {{0: C(), 1: C()}} }} }}"
        )
    };
    let found = |ir: &str| ["op: Find", "StoreField", "Fallback"].map(|part| count(ir, part));
    let changed = last_ir(&program(2));
    assert_eq!(found(&changed), [1, 1, 0], "{changed}");
    let missing = last_ir(&program(3));
    assert_eq!(found(&missing), [0, 0, 1], "{missing}");
}

#[test]
fn what_an_entry_has_inside_is_appended_to_by_instructions_unless_it_is_an_element_too() {
    let program = |place: &str, second: &str| {
        format!(
            "struct C {{ xs = [] }}\nfunc f(d, i) {{\n    {place}.push(i)\n    return d\n}}\nmut d := {{0: {{xs: []}}, 1: {second}}}\nfor i in 0..1200 {{ d = f(d, i) }}"
        )
    };
    let found = |ir: &str| ["op: Find", "op: PushItem", "Push {", "Fallback"].map(|part| count(ir, part));
    let entry = made_ir(&program("d[i % 2][\"xs\"]", "{xs: [1]}"));
    assert_eq!(found(&entry), [1, 1, 0, 0], "{entry}");
    let field = made_ir(&program("d[1].xs", "C([1])"));
    assert_eq!(found(&field), [1, 0, 1, 0], "{field}");
    let mixed = made_ir(&program("d[i % 2][if i % 2 == 0 { \"xs\" } else { 0 }]", "[[1]]"));
    assert_eq!(found(&mixed), [0, 0, 0, 1], "{mixed}");
}

#[test]
fn a_temporary_is_changed_in_its_slot_unless_the_method_is_its_own() {
    let program = |make: &str| {
        format!(
            "struct S {{ n = 0\n    func pop(mut self) {{ self.n += 1\n        return self.n }} }}\nfunc f(i) {{\n    xs := {make}\n    return xs.pop()\n}}\nfor i in 0..1200 {{ f(i) }}"
        )
    };
    let popped = made_ir(&program("[i, 2]"));
    assert_eq!((count(&popped, "Pop {"), count(&popped, "Fallback")), (1, 0), "{popped}");
    let called = made_ir(&program("S {}"));
    assert_eq!(count(&called, "Pop {"), 0, "{called}");
}

#[test]
fn a_field_is_called_as_a_value_unless_the_site_meets_methods_as_well() {
    let program = |things: &str| {
        format!(
            "struct A {{ op }}\nstruct B {{\n    k\n    func op(self, n) {{ return n }}\n}}\nfunc g(n) {{ return n + 1 }}\nfunc f(a, n) {{ return a.op(n) }}\nxs := {things}\nfor i in 0..1200 {{ f(xs[i % 2], i) }}"
        )
    };
    let one = made_ir(&program("[A(g), A(g)]"));
    assert_eq!(["GuardFunction", "CallCompiled", "Fallback"].map(|found| count(&one, found)), [1, 0, 0], "{one}");
    let closures = made_ir(&program("[A(g), A((k => n => n + k)(2))]"));
    assert_eq!(["IsFunction", "GuardClosure", "Fallback"].map(|found| count(&closures, found)), [1, 1, 0], "{closures}");
    let mixed = made_ir(&program("[A(g), B(1)]"));
    assert_eq!((count(&mixed, "GuardFunction"), count(&mixed, "Fallback")), (0, 1), "{mixed}");
}

#[test]
fn elements_are_swapped_and_appended_to_entries_by_operations_unless_that_is_refused() {
    let program = |change: &str| {
        format!(
            "func f(n) {{\n xs := [1, 2, 3]\n d := {{0: [], 1: [], 2: 5}}\n for i in 0..n {{\n try {{ {change} }} except e {{}}\n }}\n return [xs, d] }}\nfor i in 0..9 {{ f(900) }}"
        )
    };
    let swapped = made_ir(&program("xs.swap(0, i % 3)"));
    assert_eq!((count(&swapped, "Swap") > 0, count(&swapped, "CallMutating")), (true, 0), "{swapped}");
    let refused = made_ir(&program("xs.swap(0, i)"));
    assert_eq!((count(&refused, "Swap"), count(&refused, "CallMutating")), (0, 1), "{refused}");
    let appended = made_ir(&program("d[i % 2].push(i)"));
    assert_eq!((count(&appended, "PushItem") > 0, count(&appended, "Fallback")), (true, 0), "{appended}");
    let refused = made_ir(&program("d[2 - i % 2].push(i)"));
    assert_eq!(count(&refused, "PushItem"), 0, "{refused}");
}

#[test]
fn a_variable_that_walks_counts_nothing_unless_its_holder_changes_or_it_changes_itself() {
    let program = |step: &str| {
        format!(
            "struct N {{ value, next = null }}\nfunc f(list, m) {{\n n := 0\n for i in 0..m {{\n node := list\n while node != null {{\n n += node.value\n {step}\n node = node.next\n }} }}\n return n + list.value }}\nfor i in 0..1200 {{ f(N(1, N(2, N(3))), 3) }}"
        )
    };
    let counted = |ir: &str| {
        ["StoreSlotRetain", "ReplaceSlot", "= Retain"].map(|instruction| count(ir, instruction)).iter().sum::<usize>()
    };
    let walks = last_ir(&program(""));
    assert_eq!(counted(&walks), 0, "{walks}");
    let branches = last_ir(&program("if n % 2 == 0 { node = node.next ?? node }"));
    assert_eq!(counted(&branches), 0, "{branches}");
    for change in ["node.value += 1", "list = N(4)"] {
        let changes = last_ir(&program(change));
        assert!(counted(&changes) > 0, "{changes}");
    }
}

#[test]
fn a_field_of_a_few_shapes_is_read_where_it_lies_unless_there_are_many() {
    let program = |shapes: usize| {
        let structs: String = (0..shapes).map(|n| format!("struct S{n} {{ a{n}, x }}\n")).collect();
        let things: Vec<String> = (0..shapes).map(|n| format!("S{n}({n}, [{n}])")).collect();
        format!(
            "{structs}func f(t) {{ return t.x }}\nthings := [{}]\nfor i in 0..1200 {{ f(things[i % {shapes}]) }}",
            things.join(", ")
        )
    };
    for shapes in [2, 8] {
        let few = ir(&program(shapes));
        assert_eq!((count(&few, "LoadField"), count(&few, "Operate")), (shapes, 0), "{few}");
    }
    let many = ir(&program(9));
    assert_eq!((count(&many, "LoadField"), count(&many, "Operate")), (0, 1), "{many}");
}

#[test]
fn structs_are_told_apart_by_their_shapes_unless_one_has_too_many() {
    let program = |values: &str| {
        format!(
            "struct N {{ v }}\nstruct A {{ a, b }}\nstruct W {{ a, b, c, d, e }}\nfunc f(n) {{\n match n {{\n case N {{ v }}: {{ return v }}\n case W {{ a }}: {{ return 1 }}\n case A {{ a, b }}: {{ return a + b }}\n default: {{ return 0 }}\n}} }}\nvs := [{values}]\nfor i in 0..1200 {{ f(vs[i % vs.len()]) }}"
        )
    };
    let few = ir(&program("N(1), A(1, 2), 7"));
    assert_eq!((count(&few, "Operate"), count(&few, "LoadField"), count(&few, "GuardShape")), (0, 3, 0), "{few}");
    // What has one more shape than is told apart is left to the runtime.
    let wide = (0..5).map(|at| (0..5).map(|of| if of < at { "null" } else { "1" }).collect::<Vec<_>>().join(", "));
    let wide: Vec<String> = wide.map(|fields| format!("W({fields})")).collect();
    let many = ir(&program(&format!("N(1), A(1, 2), {}", wide.join(", "))));
    assert_eq!(count(&many, "Passes"), 1, "{many}");
}

#[test]
fn fields_that_a_pattern_names_are_read_where_they_lie_unless_there_are_several_shapes() {
    let program = |values: &str| {
        format!(
            "struct P {{ x, y }}\nfunc f(p) {{\n {{x, y}} := p\n return x + y }}\nvs := [{values}]\nfor i in 0..1200 {{ f(vs[i % 2]) }}"
        )
    };
    let one = ir(&program("P(1, 2), P(2, 3)"));
    assert_eq!((count(&one, "Operate"), count(&one, "LoadField")), (0, 2), "{one}");
    for several in ["P(1, 2), P(2, 0.5)", "P(1, 2), {x: 1, y: 2}"] {
        let several = ir(&program(several));
        assert_eq!((count(&several, "Operate"), count(&several, "LoadField")), (3, 0), "{several}");
    }
}

#[test]
fn the_shape_of_an_instance_is_checked_once_unless_it_is_another_instance() {
    let program = |then: &str| {
        format!(
            "struct S {{ x, y }}\nfunc g(n) {{ if n == 0 {{ return 0 }}\n return 1 + g(n - 1) }}\nfunc h(s, n) {{ if n == 0 {{ return s }}\n return h(s, n - 1) }}\nfunc f(s) {{\n s.x += 1\n {then}\n s.y += 1\n return s }}\nfor i in 0..1200 {{ f(S(i, 1)) }}"
        )
    };
    let same = ir(&program("g(3)"));
    assert_eq!((count(&same, "CallCompiled"), count(&same, "GuardShape")), (1, 1), "{same}");
    let other = ir(&program("s = h(s, 3)"));
    assert_eq!((count(&other, "CallCompiled"), count(&other, "GuardShape")), (1, 2), "{other}");
}

#[test]
fn what_a_branch_has_told_of_an_instance_is_not_checked_again() {
    let program = |then: &str| {
        format!(
            "struct A {{ x\n func m(self) {{ return self.x }} }}\nstruct B {{ y, x\n func m(self) {{ return self.x + self.y }} }}\nfunc f(t) {{ return {then} }}\nvs := [A(1), B(1, 2)]\nfor i in 0..1200 {{ f(vs[i % 2]) }}"
        )
    };
    // The last way is for the only shape that is left, and checks it.
    let once = ir(&program("t.m()"));
    assert_eq!((count(&once, "IsShape"), count(&once, "GuardShape")), (1, 1), "{once}");
    let twice = ir(&program("t.m() + t.m()"));
    assert_eq!((count(&twice, "IsShape"), count(&twice, "GuardShape")), (1, 2), "{twice}");
}

#[test]
fn methods_of_a_hierarchy_of_structs_are_calls_unless_it_is_large() {
    let program = |shapes: usize| {
        let declared = |n| format!("struct S{n} {{ a{n}, x\n func m(self) {{ return self.x + {n} }} }}\n");
        let things: Vec<String> = (0..shapes).map(|n| format!("S{n}({n}, {n})")).collect();
        format!(
            "{}func f(t) {{ return t.m() }}\nthings := [{}]\nfor i in 0..3000 {{ f(things[i % {shapes}]) }}",
            (0..shapes).map(declared).collect::<String>(),
            things.join(", ")
        )
    };
    let some = ir(&program(7));
    assert_eq!((count(&some, "IsShape"), count(&some, "GuardShape"), count(&some, "Fallback")), (6, 1, 0), "{some}");
    // Eight are told apart; it leaves for others.
    let many = ir(&program(9));
    assert_eq!((count(&many, "IsShape"), count(&many, "GuardShape")), (7, 1), "{many}");
}

#[test]
fn values_of_an_enum_are_told_from_others_by_a_look_at_their_numbers_unless_there_are_other_enums() {
    let program = |value: &str| {
        format!(
            "enum E {{ A(a), B(b), C(c), D(d), F(f), G\n func m(self) {{ return 1 }} }}\nenum O {{ P(a)\n func m(self) {{ return 2 }} }}\nfunc f(e) {{ return e.m() }}\nvs := [E::A(1), E::F(2), E::G, {value}]\nfor i in 0..1200 {{ f(vs[i % 4]) }}"
        )
    };
    let one = ir(&program("E::D(1)"));
    assert_eq!((count(&one, "Operate"), count(&one, "CmpI"), count(&one, "Fallback")), (0, 3, 0), "{one}");
    let two = made_ir(&program("O::P(1)"));
    assert_eq!(count(&two, "VariantOf"), 0, "{two}");
}

#[test]
fn a_field_that_comes_in_another_shape_later_is_read_of_both_and_by_name_of_many() {
    let program = |more: &str| {
        format!(
            "struct A {{ p }}\nstruct B {{ q, p }}\nstruct C {{ q, r, p }}\nstruct D {{ q, r, s, p }}\nstruct E {{ a, b, c, d, p }}\nstruct F {{ a, b, c, d, e, p }}\nfunc f(xs) {{\n    s := 0\n    for x in xs {{ s += x.p }}\n    return s\n}}\nfor i in 0..1200 {{ f([A(1), A(2)]) }}\nfor i in 0..1200 {{ f({more}) }}\nfor i in 0..1200 {{ f({more}) }}"
        )
    };
    let two = last_ir(&program("[A(1), B(2, 3)]"));
    assert_eq!((count(&two, "Fallback"), count(&two, "IsShape")), (0, 1), "{two}");
    let many =
        last_ir(&program("[A(1), B(2, 3), C(1, 2, 3), D(1, 2, 3, 4), E(1, 2, 3, 4, 5), F(1, 2, 3, 4, 5, 6), { p: 5 }]"));
    assert_eq!((count(&many, "Fallback"), count(&many, "Field {")), (0, 1), "{many}");
}

#[test]
fn an_index_that_comes_in_another_container_later_is_read_of_both_unless_it_fails_in_one_kind_alone() {
    let program = |more: &str| {
        format!(
            "func f(xs, at) {{ return xs[at] }}\nfor i in 0..1200 {{ f([1, 2], 1) }}\nfor i in 0..9000 {{ try {{ f({more}) }} except e {{}} }}"
        )
    };
    for more in ["range(4), 1", "bytes([1, 2]), 1", "(if i % 2 == 0 { [0.5, 1] } else { [1, 2] }), 1"] {
        let both = last_ir(&program(more));
        assert_eq!((count(&both, "Fallback"), count(&both, "Item") >= 1), (0, true), "{both}");
    }
    let beyond = last_ir(&program("[1, 2], 5"));
    assert_eq!(count(&beyond, "Item"), 0, "{beyond}");
}
