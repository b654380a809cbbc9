//! Operators and conditions.
use super::{Builder, Reg, is_temp, plain_local};
use crate::bytecode::chunk::Const;
use crate::bytecode::op::{ArithCode, CompareCode, Op};
use crate::resolve::hir::{BinaryOp, ExprId, ExprKind, Take, UnaryOp};

/// The right operand of an instruction.
#[derive(Clone, Copy)]
enum Right {
    Register(Reg),
    Small(i16),
    Constant(u16),
}

pub(super) fn arith_code(op: BinaryOp) -> Option<ArithCode> {
    Some(match op {
        BinaryOp::Add => ArithCode::Add,
        BinaryOp::Sub => ArithCode::Sub,
        BinaryOp::Mul => ArithCode::Mul,
        BinaryOp::Div => ArithCode::Div,
        BinaryOp::Mod => ArithCode::Mod,
        BinaryOp::Pow => ArithCode::Pow,
        BinaryOp::BitAnd => ArithCode::BitAnd,
        BinaryOp::BitOr => ArithCode::BitOr,
        BinaryOp::BitXor => ArithCode::BitXor,
        BinaryOp::Shl => ArithCode::Shl,
        BinaryOp::Shr => ArithCode::Shr,
        BinaryOp::Eq
        | BinaryOp::Ne
        | BinaryOp::Lt
        | BinaryOp::Le
        | BinaryOp::Gt
        | BinaryOp::Ge
        | BinaryOp::In
        | BinaryOp::NotIn => return None,
    })
}

fn compare_code(op: BinaryOp) -> Option<CompareCode> {
    Some(match op {
        BinaryOp::Eq => CompareCode::Eq,
        BinaryOp::Ne => CompareCode::Ne,
        BinaryOp::Lt => CompareCode::Lt,
        BinaryOp::Le => CompareCode::Le,
        BinaryOp::Gt => CompareCode::Gt,
        BinaryOp::Ge => CompareCode::Ge,
        _ => return None,
    })
}

impl Builder<'_> {
    /// A chain of left operands is walked by a loop: `a + b + c + …` may be very long.
    pub(super) fn binary_to(&mut self, expr: ExprId, dst: Reg) {
        let mut spine = vec![expr];
        let mut innermost = expr;
        while let ExprKind::Binary(_, left, _) = self.program[innermost].kind {
            if innermost != expr {
                spine.push(innermost);
            }
            innermost = left;
        }
        // Below the last foldable node everything is a constant.
        let folded = spine.iter().position(|node| self.folded(*node).is_some());
        let (mut left, gathers, steps) = match folded {
            Some(0) => {
                let constant = self.folded(expr).unwrap_or(Const::Null);
                return self.const_to_small(constant, dst);
            }
            Some(at) => {
                let register = self.temp();
                let constant = self.folded(spine[at]).unwrap_or(Const::Null);
                self.const_to_small(constant, register);
                (register, false, &spine[..at])
            }
            None => {
                let ExprKind::Binary(_, first, second) = self.program[spine[spine.len() - 1]].kind else { return };
                let gathers = self.gathers(first, &spine, dst);
                (if gathers { dst } else { self.operand_before(first, &[second]) }, gathers, &spine[..])
            }
        };
        for (rest, node) in steps.iter().enumerate().rev() {
            let ExprKind::Binary(op, _, right) = self.program[*node].kind else { return };
            let target = match rest {
                0 => dst,
                _ if gathers || is_temp(left) => left,
                _ => self.temp(),
            };
            let mark = self.mark();
            self.binary_step(*node, op, left, right, target);
            self.release(mark);
            left = target;
        }
    }

    /// `x = x + a + b`, and nobody reads `x` before it has the sum: what has been added up so far stands in `x`, so that a text is not copied
    /// for each part.
    fn gathers(&mut self, first: ExprId, spine: &[ExprId], dst: Reg) -> bool {
        let ExprKind::Var { var, take: Take::Dead, .. } = self.program[first].kind else { return false };
        plain_local(var) == Some(dst)
            && spine.iter().all(|node| match self.program[*node].kind {
                ExprKind::Binary(_, _, right) => !self.assigns(right).may_change(dst),
                _ => false,
            })
    }

    fn binary_step(&mut self, node: ExprId, op: BinaryOp, a: Reg, right: ExprId, dst: Reg) {
        let b = self.right_operand(op, right);
        self.span = self.program[node].span;
        if let Some(code) = arith_code(op) {
            return self.arith(code, dst, a, b);
        }
        if let Some(code) = compare_code(op) {
            let compare = match b {
                Right::Register(b) => Op::Compare { op: code as u8, dst, a, b },
                Right::Small(k) => match self.small_constant(k) {
                    Right::Constant(c) => Op::CompareC { op: code as u8, dst, a, c },
                    Right::Register(b) => Op::Compare { op: code as u8, dst, a, b },
                    Right::Small(_) => return,
                },
                Right::Constant(c) => Op::CompareC { op: code as u8, dst, a, c },
            };
            return self.emit(compare);
        }
        if let Right::Register(b) = b {
            self.emit(Op::Contains { negate: u8::from(op == BinaryOp::NotIn), dst, a, b });
        }
    }

    fn small_constant(&mut self, k: i16) -> Right {
        let index = self.constant(Const::Int(i64::from(k)));
        match u16::try_from(index) {
            Ok(c) => Right::Constant(c),
            Err(_) => {
                let b = self.temp();
                self.emit(Op::LoadInt { dst: b, value: i32::from(k) });
                Right::Register(b)
            }
        }
    }

    /// The right operand in the most compact form that the instructions of `op` have.
    fn right_operand(&mut self, op: BinaryOp, right: ExprId) -> Right {
        let constants = !matches!(
            op,
            BinaryOp::Mod
                | BinaryOp::Pow
                | BinaryOp::BitAnd
                | BinaryOp::BitOr
                | BinaryOp::BitXor
                | BinaryOp::Shl
                | BinaryOp::Shr
                | BinaryOp::In
                | BinaryOp::NotIn
        );
        let small = !matches!(op, BinaryOp::In | BinaryOp::NotIn);
        let constant = self.folded(right);
        match constant {
            Some(Const::Int(value)) if small && i16::try_from(value).is_ok() => Right::Small(value as i16),
            Some(constant) if constants => {
                let index = match &self.program[right].kind {
                    ExprKind::Str(text) => self.text_constant(*text),
                    _ => self.constant(constant),
                };
                match u16::try_from(index) {
                    Ok(index) => Right::Constant(index),
                    Err(_) => Right::Register(self.expr(right)),
                }
            }
            _ => Right::Register(self.expr(right)),
        }
    }

    fn arith(&mut self, code: ArithCode, dst: Reg, a: Reg, b: Right) {
        let op = code as u8;
        let op = match (code, b) {
            (ArithCode::Add, Right::Register(b)) => Op::Add { dst, a, b },
            (ArithCode::Sub, Right::Register(b)) => Op::Sub { dst, a, b },
            (ArithCode::Mul, Right::Register(b)) => Op::Mul { dst, a, b },
            (ArithCode::Div, Right::Register(b)) => Op::Div { dst, a, b },
            (ArithCode::Mod, Right::Register(b)) => Op::Mod { dst, a, b },
            (_, Right::Register(b)) => Op::Arith { op, dst, a, b },
            (ArithCode::Add, Right::Small(k)) => Op::AddK { dst, a, k },
            (ArithCode::Sub, Right::Small(k)) => Op::SubK { dst, a, k },
            (ArithCode::Mul, Right::Small(k)) => Op::MulK { dst, a, k },
            (ArithCode::Div, Right::Small(k)) => Op::DivK { dst, a, k },
            (ArithCode::Mod, Right::Small(k)) => Op::ModK { dst, a, k },
            (_, Right::Small(k)) => Op::ArithK { op, dst, a, k },
            (ArithCode::Add, Right::Constant(c)) => Op::AddC { dst, a, c },
            (ArithCode::Sub, Right::Constant(c)) => Op::SubC { dst, a, c },
            (ArithCode::Mul, Right::Constant(c)) => Op::MulC { dst, a, c },
            (ArithCode::Div, Right::Constant(c)) => Op::DivC { dst, a, c },
            (_, Right::Constant(c)) => {
                let b = self.temp();
                self.emit(Op::LoadConst { dst: b, value: u32::from(c) });
                Op::Arith { op, dst, a, b }
            }
        };
        self.emit(op);
    }

    /// `x op= value` of a plain local: the old value is read after `value`.
    pub(super) fn update_local(&mut self, local: Reg, op: BinaryOp, value: ExprId, span: crate::source::Span) {
        let mark = self.mark();
        let b = self.right_operand(op, value);
        self.span = span;
        match arith_code(op) {
            Some(code) => self.arith(code, local, local, b),
            None => self.refuse("an operator that cannot update"),
        }
        self.release(mark);
    }

    /// `&&` and `||` as values.
    pub(super) fn logic_to(&mut self, expr: ExprId, dst: Reg) {
        let no = self.jumps_if(expr, false);
        self.emit(Op::LoadBool { value: 1, dst });
        let end = self.emit_jump(Op::Jump { to: 0 });
        self.land_all(no);
        self.emit(Op::LoadBool { value: 0, dst });
        self.land(end);
    }

    /// Code that jumps if the truth of `cond` is `sense` and goes on otherwise; the jumps are still to land.
    pub(super) fn jumps_if(&mut self, cond: ExprId, sense: bool) -> Vec<usize> {
        let mut jumps = Vec::new();
        self.condition(cond, sense, &mut jumps);
        jumps
    }

    fn condition(&mut self, cond: ExprId, sense: bool, jumps: &mut Vec<usize>) {
        if crate::limits::stack::check().is_err() {
            self.refuse("nesting too deep");
            return;
        }
        let mark = self.mark();
        self.condition_into(cond, sense, jumps);
        self.release(mark);
    }

    fn condition_into(&mut self, cond: ExprId, sense: bool, jumps: &mut Vec<usize>) {
        match self.program[cond].kind {
            ExprKind::Bool(value) => {
                if value == sense {
                    self.span = self.program[cond].span;
                    jumps.push(self.emit_jump(Op::Jump { to: 0 }));
                }
            }
            // `op_not` decides for structs, so that `!e` is only a jump the other way round where `e` gives a bool.
            ExprKind::Unary(UnaryOp::Not, inner) if self.gives_bool(inner) => self.condition(inner, !sense, jumps),
            ExprKind::And(..) => self.chain(cond, true, sense, jumps),
            ExprKind::Or(..) => self.chain(cond, false, sense, jumps),
            ExprKind::Binary(op, a, b) => match compare_code(op) {
                Some(code) if self.folded(cond).is_none() => {
                    let a = self.operand_before(a, &[b]);
                    let b = self.right_operand(op, b);
                    self.span = self.program[cond].span;
                    let jump = self.compare_jump(code, sense, a, b);
                    jumps.push(jump);
                }
                _ => self.truth_jump(cond, sense, jumps),
            },
            _ => self.truth_jump(cond, sense, jumps),
        }
    }

    fn gives_bool(&self, expr: ExprId) -> bool {
        matches!(
            self.program[expr].kind,
            ExprKind::And(..)
                | ExprKind::Or(..)
                | ExprKind::Bool(_)
                | ExprKind::Binary(BinaryOp::In | BinaryOp::NotIn, ..)
                | ExprKind::Binary(BinaryOp::Eq | BinaryOp::Ne, ..)
                | ExprKind::Binary(BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge, ..)
        )
    }

    fn truth_jump(&mut self, cond: ExprId, sense: bool, jumps: &mut Vec<usize>) {
        let a = self.expr(cond);
        self.span = self.program[cond].span;
        let jump = if sense { Op::JumpIf { a, to: 0 } } else { Op::JumpIfNot { a, to: 0 } };
        jumps.push(self.emit_jump(jump));
    }

    /// `a && b && …` (`and`) or `a || b || …`, the left operands by a loop.
    fn chain(&mut self, cond: ExprId, and: bool, sense: bool, jumps: &mut Vec<usize>) {
        let mut operands = Vec::new();
        let mut left = cond;
        loop {
            match self.program[left].kind {
                ExprKind::And(a, b) if and => {
                    operands.push(b);
                    left = a;
                }
                ExprKind::Or(a, b) if !and => {
                    operands.push(b);
                    left = a;
                }
                _ => break,
            }
        }
        operands.push(left);
        operands.reverse();
        let Some((last, init)) = operands.split_last() else { return };
        if sense == and {
            // Only the last operand can decide for a jump; the others leave the chain.
            let mut out = Vec::new();
            for operand in init {
                self.condition(*operand, !and, &mut out);
            }
            self.condition(*last, sense, jumps);
            self.land_all(out);
        } else {
            for operand in &operands {
                self.condition(*operand, sense, jumps);
            }
        }
    }

    fn compare_jump(&mut self, code: CompareCode, sense: bool, a: Reg, b: Right) -> usize {
        use CompareCode::{Eq, Ge, Gt, Le, Lt, Ne};
        let (to, yes, ne) = (0, sense, u8::from(code == Ne));
        let op = match b {
            Right::Register(b) => match (code, yes) {
                (Eq, true) | (Ne, false) => Op::JumpIfEq { ne, a, b, to },
                (Eq, false) | (Ne, true) => Op::JumpIfNe { ne, a, b, to },
                (Lt, true) => Op::JumpIfLt { a, b, to },
                (Lt, false) => Op::JumpIfNotLt { a, b, to },
                (Le, true) => Op::JumpIfLe { a, b, to },
                (Le, false) => Op::JumpIfNotLe { a, b, to },
                (Gt, true) => Op::JumpIfGt { a, b, to },
                (Gt, false) => Op::JumpIfNotGt { a, b, to },
                (Ge, true) => Op::JumpIfGe { a, b, to },
                (Ge, false) => Op::JumpIfNotGe { a, b, to },
            },
            Right::Small(k) => match (code, yes) {
                (Eq, true) | (Ne, false) => Op::JumpIfEqK { ne, a, k, to },
                (Eq, false) | (Ne, true) => Op::JumpIfNeK { ne, a, k, to },
                (Lt, true) => Op::JumpIfLtK { a, k, to },
                (Lt, false) => Op::JumpIfNotLtK { a, k, to },
                (Le, true) => Op::JumpIfLeK { a, k, to },
                (Le, false) => Op::JumpIfNotLeK { a, k, to },
                (Gt, true) => Op::JumpIfGtK { a, k, to },
                (Gt, false) => Op::JumpIfNotGtK { a, k, to },
                (Ge, true) => Op::JumpIfGeK { a, k, to },
                (Ge, false) => Op::JumpIfNotGeK { a, k, to },
            },
            Right::Constant(c) => match (code, yes) {
                (Eq, true) | (Ne, false) => Op::JumpIfEqC { ne, a, c, to },
                (Eq, false) | (Ne, true) => Op::JumpIfNeC { ne, a, c, to },
                _ => {
                    let b = self.temp();
                    self.emit(Op::LoadConst { dst: b, value: u32::from(c) });
                    return self.compare_jump(code, sense, a, Right::Register(b));
                }
            },
        };
        self.emit_jump(op)
    }
}
