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
