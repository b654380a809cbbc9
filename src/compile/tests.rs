//! Programs whose code is peculiar by its size or shape; what they compute is tested in `tests/lang`.
use super::{Options, Refusal, compile};
use crate::bytecode::chunk::Chunk;
use crate::bytecode::op::Op;
use crate::bytecode::verify::verify;
use crate::resolve::{NoModules, hir::FuncId, resolve};
use crate::source::SourceMap;

/// All functions of a script, verified.
fn chunks(text: &str) -> Vec<Result<Chunk, Refusal>> {
    let mut sources = SourceMap::new();
    let root = sources.add("test.ruff", text);
    let program = resolve(root, &mut sources, &mut NoModules).program;
    let compiled = (0..program.functions.len()).map(|func| compile(&program, FuncId(func as u32), Options::default()));
    let compiled: Vec<_> = compiled.collect();
    for chunk in compiled.iter().flatten() {
        assert_eq!(verify(chunk), Ok(()), "{}", chunk.name);
    }
    compiled
}

fn function(text: &str, name: &str) -> Chunk {
    chunks(text).into_iter().flatten().find(|chunk| &*chunk.name == name).expect("the function is there")
}

#[test]
fn five_thousand_locals_need_no_other_instructions() {
    let mut text = String::from("func f(p) {\n");
    for n in 0..5000 {
        text.push_str(&format!("let v{n} := p + {n}\n"));
    }
    text.push_str("return v4999\n}");
    let chunk = function(&text, "f");
    assert!(chunk.locals > 5000 && chunk.code.len() < 5010, "{} locals, {} instructions", chunk.locals, chunk.code.len());
}

#[test]
fn a_loop_longer_than_a_short_jump_is_written_with_long_ones() {
    let mut text = String::from("func f(n) {\nx := 0\nwhile x < n {\n");
    for _ in 0..40_000 {
        text.push_str("x += n\n");
    }
    text.push_str("}\nreturn x\n}");
    let chunk = function(&text, "f");
    assert!(chunk.code.iter().any(|op| matches!(op, Op::Jump { to } if *to < -32_768)));
}

#[test]
fn operands_wait_in_locals_while_a_loop_runs_inside_an_expression() {
    let text = "func f(g, xs) { return g(1, if xs { for x in xs { g(x) } 2 } else { 3 }, 4) }";
    function(text, "f");
}

#[test]
fn a_local_is_copied_only_where_a_later_operand_assigns_it() {
    let moves = |text| function(text, "f").code.iter().filter(|op| matches!(op, Op::Move { .. })).count();
    assert_eq!(moves("func f(x, y) { return x + y * x }"), 0);
    assert_eq!(moves("func f(x) { return x + if x { x = 2\n 1 } else { 3 } }"), 1);
}

#[test]
fn loop_variables_over_ints_are_not_cleared() {
    let clears = |text| function(text, "f").code.iter().any(|op| matches!(op, Op::Clear { .. }));
    assert!(!clears("func f(n) { t := 0\n for i in 0..n { j := i * 2\n t += j }\n return t }"));
    assert!(clears("func f(n) { t := 0\n for i in 0..n { row := n[i]\n t += row }\n return t }"));
}
