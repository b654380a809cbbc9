//! The optimised IR of small programs, and what occurs in it.
use std::process::Command;

/// Structs that the tests of what need not exist use.
pub const VECS: &str =
    "struct Vec {\n x\n y\n func plus(self, o) { return Vec(self.x + o.x, self.y + o.y) }\n}\nstruct Ray { base, way }\n";

/// The optimised IR of the function `f` of a program, as it is made first.
pub fn ir(text: &str) -> String {
    irs(text).swap_remove(0)
}

/// The same, as it is made at last.
pub fn last_ir(text: &str) -> String {
    irs(text).pop().expect("there is a first one")
}

/// Each as often as it is made.
pub fn irs(text: &str) -> Vec<String> {
    // The states at the end name no instructions.
    let body = |dump: &str| dump.split("\n!0:").next().unwrap_or(dump).to_owned();
    irs_with_states(text).iter().map(|dump| body(dump)).collect()
}

pub fn irs_with_states(text: &str) -> Vec<String> {
    let stderr = dumps(text);
    let found: Vec<String> = stderr.split("[jit] f optimised").skip(1).map(str::to_owned).collect();
    assert!(!found.is_empty(), "f was not compiled: {stderr}");
    found
}

/// The same, as it is made at last, or as it was built if it was not worth more.
pub fn made_ir(text: &str) -> String {
    let stderr = dumps(text);
    let last = stderr.split("[jit] f optimised").last().expect("there is a first part");
    last.split("\n!0:").next().unwrap_or(last).to_owned()
}

fn dumps(text: &str) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_ruff"))
        .args(["run", "--jit", "sync", "--jit-only", "f", "--jit-dump", "ir", "-e", text])
        .output()
        .expect("it was built for this test");
    let stderr = String::from_utf8(output.stderr).expect("our texts are UTF-8");
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    stderr
}

pub fn count(ir: &str, instruction: &str) -> usize {
    ir.matches(instruction).count()
}

/// The blocks from the head of the first loop on, without those in front of a loop.
pub fn looped(ir: &str) -> String {
    let blocks = ir.split("\nb").skip_while(|block| !block.contains(" loop@"));
    blocks.filter(|block| !block.contains(" preheader!")).collect::<Vec<_>>().join("\nb")
}

/// The number of parameters of the first loop's head.
pub fn loop_params(ir: &str) -> usize {
    let head = ir.lines().find(|line| line.contains(" loop@")).unwrap_or_else(|| panic!("no loop in {ir}"));
    head.matches(": ").count()
}
