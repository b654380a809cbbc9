//! The instruction table as a page, `notes/bytecode.md`.
use std::fmt::Write as _;

use super::op::{OPS, OpInfo};

const INTRODUCTION: &str = "\
# Bytecode

Generated from `src/bytecode/op.rs` (`UPDATE=1 cargo test bytecode::reference` writes it anew).

A frame has registers: `[self?, parameters | locals | temporaries]`. An operand read from a local is borrowed; one read from a
temporary is consumed. A window is a run of temporaries that an instruction consumes; in a call it becomes the first registers of
the callee's frame. Instructions are 8 bytes, jump offsets count instructions from the next one. The invariants stand in
`src/bytecode/verify.rs`, the reasons for registers in `notes/decisions/register-bytecode.md`.

Effects: `fault` may raise, `call` may run user code, `jump` may continue elsewhere, `end` never goes on.

| instruction | operands | effects | meaning |
|---|---|---|---|
";

/// The page.
pub fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    for op in OPS {
        let _ = writeln!(page, "| `{}` | {} | {} | {} |", op.name, operands(op), effects(op), meaning(op));
    }
    page
}

fn operands(op: &OpInfo) -> String {
    let operand = |(name, kind): &(&str, super::op::OperandKind)| format!("{name}: {kind:?}");
    op.operands.iter().map(operand).collect::<Vec<_>>().join(", ")
}

fn effects(op: &OpInfo) -> String {
    let effects = op.effects;
    let words = [(effects.fault, "fault"), (effects.call, "call"), (effects.jump, "jump"), (effects.end, "end")];
    words.iter().filter(|(on, _)| *on).map(|(_, word)| *word).collect::<Vec<_>>().join(" ")
}

fn meaning(op: &OpInfo) -> String {
    op.doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_the_table_as_it_is() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/notes/bytecode.md");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, page()).expect("notes/ is writable");
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == page(), "notes/bytecode.md is out of date: run UPDATE=1 cargo test bytecode::reference");
    }

    #[test]
    fn every_instruction_says_what_it_does() {
        for op in OPS {
            assert!(!op.doc.is_empty(), "{} has no sentence", op.name);
        }
    }
}
