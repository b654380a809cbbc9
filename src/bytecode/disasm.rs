//! A chunk as text: one line per instruction, under the source line it comes from. Made from the instruction table.
use std::fmt::Write as _;

use super::chunk::{Chunk, Const};
use super::op::{ArithCode, CompareCode, Op, OperandKind};
use crate::source::Source;

/// The whole function.
pub fn disassemble(chunk: &Chunk, source: &Source) -> String {
    let mut text =
        format!("func {} ({} params, {} locals, {} registers)\n", chunk.name, chunk.params, chunk.locals, chunk.registers);
    let targets: Vec<usize> = (0..chunk.code.len()).filter_map(|pc| target(chunk, pc)).collect();
    let mut shown_line = 0;
    for (pc, op) in chunk.code.iter().enumerate() {
        let line = source.line_column(chunk.span(pc).start).line;
        if line != shown_line {
            let _ = writeln!(text, "{line:>5} | {}", source.line_text(line).unwrap_or_default().trim_end());
            shown_line = line;
        }
        let mark = if targets.contains(&pc) { '>' } else { ' ' };
        let _ = writeln!(text, "     {mark}{pc:>5}  {}", instruction(chunk, pc, op));
    }
    for handler in &chunk.handlers {
        let _ = writeln!(text, "      handler {}..{} at {}", handler.start, handler.end, handler.target);
    }
    text
}

fn target(chunk: &Chunk, pc: usize) -> Option<usize> {
    let offset = chunk.code[pc].jump()?;
    usize::try_from(pc as i64 + 1 + offset).ok()
}

/// One instruction, with what its operands stand for.
pub fn instruction(chunk: &Chunk, pc: usize, op: &Op) -> String {
    let info = op.info();
    let mut text = format!("{:<16}", info.name);
    let mut names = info.operands.iter();
    op.operands(|kind, value| {
        let name = names.next().map_or("", |(name, _)| name);
        let _ = write!(text, " {name}={}", operand(chunk, pc, kind, value));
    });
    text.trim_end().to_owned()
}

fn operand(chunk: &Chunk, pc: usize, kind: OperandKind, value: i64) -> String {
    let index = usize::try_from(value).unwrap_or(usize::MAX);
    match kind {
        kind if kind.is_register() => register(chunk, index),
        OperandKind::Jump16 | OperandKind::Jump32 => format!("->{}", pc as i64 + 1 + value),
        OperandKind::Const16 | OperandKind::Const32 => chunk.constants.get(index).map_or_else(|| "?".to_owned(), constant),
        OperandKind::Name | OperandKind::Text => {
            chunk.names.get(index).map_or_else(|| "?".to_owned(), |name| format!("{name:?}"))
        }
        OperandKind::ArithOp | OperandKind::BinaryOp => {
            ArithCode::ALL.get(index).map_or_else(|| "?".to_owned(), |code| format!("{code:?}"))
        }
        OperandKind::CompareOp => CompareCode::ALL.get(index).map_or_else(|| "?".to_owned(), |code| format!("{code:?}")),
        OperandKind::Builtin => u16::try_from(index).map_or_else(|_| "?".to_owned(), builtin),
        OperandKind::Function => {
            chunk.functions.get(index).map_or_else(|| "?".to_owned(), |function| format!("f{function}"))
        }
        _ => value.to_string(),
    }
}

fn builtin(id: u16) -> String {
    format!("b{id}")
}

fn register(chunk: &Chunk, index: usize) -> String {
    match chunk.local_names.get(index) {
        Some(Some(name)) if index < usize::from(chunk.locals) => format!("{name}.{index}"),
        _ if index < usize::from(chunk.locals) => format!("l{index}"),
        _ => format!("t{index}"),
    }
}

fn constant(constant: &Const) -> String {
    format!("{constant:?}")
}
