//! The loop: one short arm per instruction. Ints and floats, arrays, fields, calls and loops are handled here; everything else is
//! a cold method that works on `self.here`.
use super::fast::{equality, holds, small_bits};
use super::function::{CALL_INTERVAL, Target, receiver_key};
use super::stack::{Bits, FnRef};
use super::{After, Frame, Here, Vm, flag, iterate};
use crate::bytecode::op::{ArithCode, CompareCode, Op};
use crate::semantics::compare::equal_null;
use crate::semantics::fault::Raise;
use crate::value::Value;
use crate::value::layout::tag;

use super::feedback::seen;

impl Vm {
    /// The loop. `WATCHED`: before every instruction it is looked at what a profiler wishes, and instructions are counted; else
    /// only after cold methods. `one`: only one instruction is wanted, of a watched loop.
    pub(super) fn dispatch<const WATCHED: bool>(&mut self, one: bool) -> Result<Value, Raise> {
        let mut executed = false;
        let Here { mut func, mut ip, mut fp } = self.here;
        let mut last = ip;

        // Runs a cold method: the frame is saved before and loaded after; a raise is unwound to its handler.
        macro_rules! settle {
            ($here:ident, $call:expr) => {{
                self.here = $here;
                let done: Result<(), Raise> = $call;
                if let Err(raise) = done {
                    if WATCHED && one {
                        return Err(raise);
                    }
                    self.unwind(raise)?;
                }
                Here { func, ip, fp } = self.here;
            }};
        }
        macro_rules! cold {
            ($method:ident($($arg:expr),*)) => {{
                let here = Here { func, ip, fp };
                settle!(here, self.$method($($arg),*));
            }};
        }
        // The same for a poll, and for one that may take long: what a profiler wishes meanwhile is granted after it.
        macro_rules! long {
            ($method:ident($($arg:expr),*)) => {{
                let here = Here { func, ip, fp };
                if WATCHED && one {
                    settle!(here, self.$method($($arg),*));
                } else {
                    settle!(here, self.long(move |vm| vm.$method($($arg),*)));
                }
            }};
        }
        // Notes what kind of operands an instruction has met.
        macro_rules! note {
            ($bits:expr) => {
                func.note(ip.pc(func.start), $bits)
            };
        }
        // The cache of a field or method is asked; counted for the profiler.
        macro_rules! ask_cache {
            () => {
                if WATCHED {
                    self.caches.asked += 1;
                }
            };
        }
        // Takes a jump; back edges are counted at the loop's head.
        macro_rules! jump {
            ($to:expr) => {{
                ip.jump(i32::from($to));
                if !(WATCHED && one) && $to < 0 {
                    let head = func.feedback.at(ip.pc(func.start));
                    let count = head.get().wrapping_add(1);
                    head.set(count);
                    if count % CALL_INTERVAL == 0 {
                        long!(back_edge());
                        if let Some(value) = self.finished.take() {
                            return Ok(value);
                        }
                    }
                }
            }};
        }
        // The same where the method may jump: a back edge that is hot asks for the loop's code.
        macro_rules! cold_jump {
            ($method:ident($($arg:expr),*)) => {{
                long!($method($($arg),*));
                if self.hot_edge.take() == Some(ip) && !(WATCHED && one) {
                    long!(back_edge());
                    if let Some(value) = self.finished.take() {
                        return Ok(value);
                    }
                }
            }};
        }
        macro_rules! arith {
            ($dst:ident, $a:ident, $b:ident, $int:ident, $float:tt, $code:ident) => {{
                if let Some((x, y)) = fp.ints($a, $b)
                    && let Some(result) = x.$int(y)
                {
                    fp.set_int($dst, result);
                } else if let Some((x, y)) = fp.floats($a, $b) {
                    note!(seen::FLOAT);
                    fp.set_float($dst, x $float y);
                } else {
                    long!(arith(ArithCode::$code, $dst, $a, $b));
                }
            }};
        }
        macro_rules! arith_k {
            ($dst:ident, $a:ident, $k:ident, $int:ident, $float:tt, $code:ident) => {{
                if let Some(x) = fp.int($a)
                    && let Some(result) = x.$int(i64::from($k))
                {
                    fp.set_int($dst, result);
                } else if let Some(x) = fp.float($a) {
                    note!(seen::MIXED);
                    fp.set_float($dst, x $float f64::from($k));
                } else {
                    long!(arith_value(ArithCode::$code, $dst, $a, Value::Int(i64::from($k))));
                }
            }};
        }
        macro_rules! arith_c {
            ($dst:ident, $a:ident, $c:ident, $int:ident, $float:tt, $code:ident) => {{
                let constant = func.constants.at(usize::from($c));
                if let (Some(x), Value::Float(y)) = (fp.float($a), constant) {
                    note!(seen::FLOAT);
                    fp.set_float($dst, x $float *y);
                } else if let (Some(x), Value::Int(y)) = (fp.int($a), constant)
                    && let Some(result) = x.$int(*y)
                {
                    fp.set_int($dst, result);
                } else {
                    long!(arith_value(ArithCode::$code, $dst, $a, constant.clone()));
                }
            }};
        }
        // `$want`: the jump is taken if the comparison is so.
        macro_rules! compare {
            ($a:ident, $b:ident, $to:ident, $op:tt, $code:ident, $want:literal) => {{
                let holds = if let Some((x, y)) = fp.ints($a, $b) {
                    x $op y
                } else if let Some((x, y)) = fp.floats($a, $b) {
                    note!(seen::FLOAT);
                    x $op y
                } else {
                    cold_jump!(compare_jump(CompareCode::$code, $want, $a, $b, i32::from($to)));
                    continue;
                };
                if holds == $want {
                    jump!($to);
                }
            }};
        }
        macro_rules! compare_k {
            ($a:ident, $k:ident, $to:ident, $op:tt, $code:ident, $want:literal) => {{
                let holds = if let Some(x) = fp.int($a) {
                    x $op i64::from($k)
                } else if let Some(x) = fp.float($a) {
                    note!(seen::MIXED);
                    x $op f64::from($k)
                } else {
                    cold_jump!(compare_jump_value(CompareCode::$code, $want, $a, Value::Int(i64::from($k)), i32::from($to)));
                    continue;
                };
                if holds == $want {
                    jump!($to);
                }
            }};
        }
        // Jumps if a register is equal to a small int, or is not.
        macro_rules! equal_k {
            ($a:ident, $k:ident, $to:ident, $ne:ident, $want:literal) => {{
                let k = i64::from($k);
                if let Some(x) = fp.int($a) {
                    if (x == k) == $want {
                        jump!($to);
                    }
                } else {
                    let want = ($ne == 0) == $want;
                    cold_jump!(compare_jump_value(equality($ne), want, $a, Value::Int(k), i32::from($to)));
                }
            }};
        }
        // The same with a constant.
        macro_rules! equal_c {
            ($a:ident, $c:ident, $to:ident, $ne:ident, $want:literal) => {{
                let constant = func.constants.at(usize::from($c));
                let is_null = if constant.is_null() { equal_null(fp.get($a)) } else { None };
                if let Some(is_null) = is_null {
                    note!(seen::OTHER);
                    if $a >= func.locals {
                        fp.free_temp($a);
                    }
                    if is_null == $want {
                        jump!($to);
                    }
                } else {
                    let constant = constant.clone();
                    cold_jump!(compare_jump_value(equality($ne), ($ne == 0) == $want, $a, constant, i32::from($to)));
                }
            }};
        }
        // Leaves the running frame with a value.
        macro_rules! leave {
            ($value:expr) => {{
                let value: Bits = $value;
                let Some(below) = self.frames.len().checked_sub(1) else {
                    return Err(Raise::bug("a frame without a caller"));
                };
                let frame = &self.frames[below];
                let (flags, dst) = (frame.flags, frame.dst);
                if flags & !flag::CLOSURE == 0 {
                    fp.clear_nulling(0, func.locals);
                    if flags != 0 {
                        fp.below().free(0);
                    }
                    func = frame.here.func;
                    ip = frame.here.ip;
                    fp = frame.here.fp;
                    self.frames.truncate(below);
                    fp.put(dst, value);
                } else {
                    self.here = Here { func, ip, fp };
                    let foot = flags & flag::FOOT != 0;
                    match self.leave_specially(value.into_value()) {
                        Ok(Some(value)) => return Ok(value),
                        Ok(None) => {}
                        Err(raise) if foot => return Err(raise),
                        Err(raise) => self.unwind(raise)?,
                    }
                    Here { func, ip, fp } = self.here;
                }
            }};
        }
        // Enters a function whose parameters are in place.
        macro_rules! enter {
            ($callee:expr, $base:expr, $dst:expr, $flags:expr) => {{
                let callee: FnRef = $callee;
                let window = $base;
                let heat = callee.heat.get().wrapping_add(1);
                callee.heat.set(heat);
                if self.frames.len() >= self.depth_limit
                    || window.above(usize::from(callee.registers)) > self.stack_end
                    || heat >= callee.trigger.get()
                {
                    long!(enter_slowly(callee, window, $dst, $flags));
                } else {
                    self.frames.push(Frame { here: Here { func, ip, fp }, dst: $dst, flags: $flags, after: After::Store });
                    func = callee;
                    fp = window;
                    ip = callee.start;
                }
            }};
        }

        loop {
            if WATCHED {
                if one && executed {
                    self.here = Here { func, ip, fp };
                    return Ok(Value::Null);
                }
                executed = true;
                self.instructions += 1;
            }
            if WATCHED && self.sampled && !one {
                if crate::limits::pending() {
                    self.here = Here { func, ip, fp };
                    if self.sample(last) && !self.counts {
                        self.switches = true;
                        return Ok(Value::Null);
                    }
                }
                last = ip;
            }
            match ip.fetch() {
                Op::Nop {} | Op::LoopHead {} => {}
                Op::Move { dst, src } => fp.copy(dst, src),
                Op::Take { dst, src } => fp.put(dst, fp.take_bits(src)),
                Op::LoadNull { dst } => fp.set_null(dst),
                Op::LoadBool { value, dst } => fp.set_bool(dst, value != 0),
                Op::LoadInt { dst, value } => fp.set_int(dst, i64::from(value)),
                Op::LoadConst { dst, value } => fp.copy_from(dst, func.constants.at(value as usize)),
                Op::LoadMissing { dst } => fp.set(dst, Value::Uninit),
                Op::Clear { first, count } => {
                    fp.clear_nulling(first, count);
                }
                Op::Discard { a } => fp.free_temp(a),
                Op::LoadSelfFn { dst } => cold!(load_self_function(dst)),

                Op::NewCell { slot } => cold!(new_cell(slot)),
                Op::CellParam { slot } => cold!(cell_param(slot)),
                Op::CellGet { dst, cell, name } => {
                    if let Value::Cell(cell) = fp.get(cell)
                        && let value = cell.get()
                        && !matches!(value, Value::Uninit | Value::InUse)
                    {
                        fp.set(dst, value);
                    } else {
                        cold!(cell_fault(cell, name));
                    }
                }
                Op::CellSet { cell, value, name } => cold!(cell_set(cell, value, name)),
                Op::CaptureGet { dst, index } => {
                    if let Value::Closure(closure) = fp.below().get(0) {
                        fp.copy_from(dst, &closure.captures()[usize::from(index)]);
                    }
                }
                Op::CaptureCellGet { dst, index, name } => {
                    if let Value::Closure(closure) = fp.below().get(0)
                        && let Value::Cell(cell) = &closure.captures()[usize::from(index)]
                        && let value = cell.get()
                        && !matches!(value, Value::Uninit | Value::InUse)
                    {
                        fp.set(dst, value);
                    } else {
                        cold!(capture_fault(index, name));
                    }
                }
                Op::CaptureCellSet { index, value, name } => cold!(capture_set(index, value, name)),
                Op::ModuleGet { dst, var } => {
                    let value = &self.isolate.table[func.unit.first_var as usize + var as usize];
                    if matches!(value, Value::Uninit | Value::InUse) {
                        cold!(module_fault(var));
                    } else {
                        fp.copy_from(dst, value);
                    }
                }
                Op::ModuleSet { value, var } => cold!(module_set(value, var)),
                Op::MakeClosure { dst, closure } => cold!(make_closure(dst, closure)),

                Op::Add { dst, a, b } => arith!(dst, a, b, checked_add, +, Add),
                Op::Sub { dst, a, b } => arith!(dst, a, b, checked_sub, -, Sub),
                Op::Mul { dst, a, b } => arith!(dst, a, b, checked_mul, *, Mul),
                Op::Div { dst, a, b } => {
                    if let Some((x, y)) = fp.floats(a, b)
                        && y != 0.0
                    {
                        note!(seen::FLOAT);
                        fp.set_float(dst, x / y);
                    } else if let Some((x, y)) = fp.ints(a, b)
                        && let Some(result) = x.checked_div(y)
                    {
                        fp.set_int(dst, result);
                    } else {
                        long!(arith(ArithCode::Div, dst, a, b));
                    }
                }
                Op::Mod { dst, a, b } => {
                    if let Some((x, y)) = fp.ints(a, b)
                        && let Some(result) = x.checked_rem(y)
                    {
                        fp.set_int(dst, result);
                    } else {
                        long!(arith(ArithCode::Mod, dst, a, b));
                    }
                }
                Op::AddK { dst, a, k } => arith_k!(dst, a, k, checked_add, +, Add),
                Op::SubK { dst, a, k } => arith_k!(dst, a, k, checked_sub, -, Sub),
                Op::MulK { dst, a, k } => arith_k!(dst, a, k, checked_mul, *, Mul),
                Op::DivK { dst, a, k } => {
                    if let Some(x) = fp.int(a)
                        && let Some(result) = x.checked_div(i64::from(k))
                    {
                        fp.set_int(dst, result);
                    } else {
                        long!(arith_value(ArithCode::Div, dst, a, Value::Int(i64::from(k))));
                    }
                }
                Op::ModK { dst, a, k } => {
                    if let Some(x) = fp.int(a)
                        && let Some(result) = x.checked_rem(i64::from(k))
                    {
                        fp.set_int(dst, result);
                    } else {
                        long!(arith_value(ArithCode::Mod, dst, a, Value::Int(i64::from(k))));
                    }
                }
                Op::AddC { dst, a, c } => arith_c!(dst, a, c, checked_add, +, Add),
                Op::SubC { dst, a, c } => arith_c!(dst, a, c, checked_sub, -, Sub),
                Op::MulC { dst, a, c } => arith_c!(dst, a, c, checked_mul, *, Mul),
                Op::DivC { dst, a, c } => {
                    let constant = func.constants.at(usize::from(c));
                    if let (Some(x), Value::Float(y)) = (fp.float(a), constant)
                        && *y != 0.0
                    {
                        note!(seen::FLOAT);
                        fp.set_float(dst, x / *y);
                    } else if let (Some(x), Value::Int(y)) = (fp.int(a), constant)
                        && let Some(result) = x.checked_div(*y)
                    {
                        fp.set_int(dst, result);
                    } else {
                        long!(arith_value(ArithCode::Div, dst, a, constant.clone()));
                    }
                }
                Op::Arith { op, dst, a, b } => {
                    if let Some((x, y)) = fp.ints(a, b)
                        && let Some(result) = small_bits(op, x, y)
                    {
                        fp.set_int(dst, result);
                    } else {
                        long!(arith(ArithCode::ALL[usize::from(op)], dst, a, b));
                    }
                }
                Op::ArithK { op, dst, a, k } => {
                    if let Some(x) = fp.int(a)
                        && let Some(result) = small_bits(op, x, i64::from(k))
                    {
                        fp.set_int(dst, result);
                    } else {
                        let k = Value::Int(i64::from(k));
                        long!(arith_value(ArithCode::ALL[usize::from(op)], dst, a, k));
                    }
                }
                Op::Neg { dst, a } => {
                    if let Some(x) = fp.int(a)
                        && let Some(result) = x.checked_neg()
                    {
                        fp.set_int(dst, result);
                    } else if let Some(x) = fp.float(a) {
                        note!(seen::FLOAT);
                        fp.set_float(dst, -x);
                    } else {
                        cold!(unary(crate::semantics::arith::UnaryOp::Neg, dst, a));
                    }
                }
                Op::Not { dst, a } => {
                    if let Some(x) = fp.bool(a) {
                        fp.set_bool(dst, !x);
                    } else {
                        cold!(unary(crate::semantics::arith::UnaryOp::Not, dst, a));
                    }
                }
                Op::BitNot { dst, a } => cold!(unary(crate::semantics::arith::UnaryOp::BitNot, dst, a)),
                Op::Truthy { dst, a } => {
                    let truth = fp.get(a).is_truthy();
                    if a >= func.locals {
                        fp.free_temp(a);
                    }
                    fp.set_bool(dst, truth);
                }

                Op::Compare { op, dst, a, b } => {
                    if let Some((x, y)) = fp.ints(a, b) {
                        fp.set_bool(dst, holds(op, &x, &y));
                    } else if let Some((x, y)) = fp.floats(a, b) {
                        note!(seen::FLOAT);
                        fp.set_bool(dst, holds(op, &x, &y));
                    } else {
                        long!(compare(CompareCode::ALL[usize::from(op)], dst, a, b));
                    }
                }
                Op::CompareC { op, dst, a, c } => {
                    if let (Some(x), Value::Int(y)) = (fp.int(a), func.constants.at(usize::from(c))) {
                        fp.set_bool(dst, holds(op, &x, y));
                    } else {
                        let constant = func.constants.at(usize::from(c)).clone();
                        long!(compare_value(CompareCode::ALL[usize::from(op)], dst, a, constant));
                    }
                }
                Op::Contains { negate, dst, a, b } => long!(contains(negate != 0, dst, a, b)),

                Op::Jump { to } => jump!(to),
                Op::JumpIf { a, to } => {
                    let truth = match fp.bool(a) {
                        Some(truth) => truth,
                        None => {
                            let truth = fp.get(a).is_truthy();
                            if a >= func.locals {
                                fp.free_temp(a);
                            }
                            truth
                        }
                    };
                    if truth {
                        jump!(to);
                    }
                }
                Op::JumpIfNot { a, to } => {
                    let truth = match fp.bool(a) {
                        Some(truth) => truth,
                        None => {
                            let truth = fp.get(a).is_truthy();
                            if a >= func.locals {
                                fp.free_temp(a);
                            }
                            truth
                        }
                    };
                    if !truth {
                        jump!(to);
                    }
                }
                Op::JumpIfNull { a, to } => {
                    if fp.tag(a) == tag::NULL {
                        jump!(to);
                    }
                }
                Op::JumpIfNotNull { a, to } => {
                    if fp.tag(a) != tag::NULL {
                        jump!(to);
                    }
                }
                Op::JumpIfPresent { a, to } => {
                    if fp.tag(a) != tag::UNINIT {
                        jump!(to);
                    }
                }
                Op::JumpIfEq { ne, a, b, to } => {
                    if let Some((x, y)) = fp.ints(a, b) {
                        if x == y {
                            jump!(to);
                        }
                    } else {
                        cold_jump!(compare_jump(equality(ne), ne == 0, a, b, i32::from(to)));
                    }
                }
                Op::JumpIfNe { ne, a, b, to } => {
                    if let Some((x, y)) = fp.ints(a, b) {
                        if x != y {
                            jump!(to);
                        }
                    } else {
                        cold_jump!(compare_jump(equality(ne), ne != 0, a, b, i32::from(to)));
                    }
                }
                Op::JumpIfLt { a, b, to } => compare!(a, b, to, <, Lt, true),
                Op::JumpIfNotLt { a, b, to } => compare!(a, b, to, <, Lt, false),
                Op::JumpIfLe { a, b, to } => compare!(a, b, to, <=, Le, true),
                Op::JumpIfNotLe { a, b, to } => compare!(a, b, to, <=, Le, false),
                Op::JumpIfGt { a, b, to } => compare!(a, b, to, >, Gt, true),
                Op::JumpIfNotGt { a, b, to } => compare!(a, b, to, >, Gt, false),
                Op::JumpIfGe { a, b, to } => compare!(a, b, to, >=, Ge, true),
                Op::JumpIfNotGe { a, b, to } => compare!(a, b, to, >=, Ge, false),
                Op::JumpIfEqK { ne, a, k, to } => equal_k!(a, k, to, ne, true),
                Op::JumpIfNeK { ne, a, k, to } => equal_k!(a, k, to, ne, false),
                Op::JumpIfLtK { a, k, to } => compare_k!(a, k, to, <, Lt, true),
                Op::JumpIfNotLtK { a, k, to } => compare_k!(a, k, to, <, Lt, false),
                Op::JumpIfLeK { a, k, to } => compare_k!(a, k, to, <=, Le, true),
                Op::JumpIfNotLeK { a, k, to } => compare_k!(a, k, to, <=, Le, false),
                Op::JumpIfGtK { a, k, to } => compare_k!(a, k, to, >, Gt, true),
                Op::JumpIfNotGtK { a, k, to } => compare_k!(a, k, to, >, Gt, false),
                Op::JumpIfGeK { a, k, to } => compare_k!(a, k, to, >=, Ge, true),
                Op::JumpIfNotGeK { a, k, to } => compare_k!(a, k, to, >=, Ge, false),
                Op::JumpIfEqC { ne, a, c, to } => equal_c!(a, c, to, ne, true),
                Op::JumpIfNeC { ne, a, c, to } => equal_c!(a, c, to, ne, false),

                Op::Fuel {} => long!(burn()),
                Op::ForRange { inclusive, state, to } => {
                    if let Some((start, end)) = fp.ints(state, state + 1)
                        && let (Some(before), Some(end)) = (start.checked_sub(1), end.checked_add(i64::from(inclusive)))
                    {
                        fp.set_int(state, before);
                        fp.set_int(state + 1, end);
                        ip.jump(to);
                    } else {
                        cold!(for_range(inclusive != 0, state, to));
                    }
                }
                Op::ForRangeNext { state, dst, to } => {
                    let next = fp.raw_int(state).wrapping_add(1);
                    if fp.tag(state) == tag::INT {
                        if next < fp.raw_int(state + 1) {
                            fp.put_raw_int(state, next);
                            fp.set_int(dst, next);
                            jump!(to);
                        }
                    } else {
                        cold_jump!(for_next(state, dst, to, false));
                    }
                }
                Op::ForSteps { state, to } => cold!(for_steps(state, to)),
                Op::ForStepsNext { state, dst, to } => {
                    if fp.tag(state) != tag::INT {
                        cold_jump!(for_next(state, dst, to, false));
                    } else if iterate::steps(fp, state, dst) {
                        jump!(to);
                    }
                }
                Op::ForPrep { pairs, state, to } => cold!(for_prep(pairs != 0, state, to)),
                Op::ForNext { state, dst, to } => {
                    if fp.tag(state) == tag::INT {
                        let next = fp.raw_int(state).wrapping_add(1);
                        if next < fp.raw_int(state + 1) {
                            note!(seen::STEPS);
                            fp.put_raw_int(state, next);
                            fp.set_int(dst, next);
                            jump!(to);
                        }
                    } else if let Value::Array(items) = fp.get(state)
                        && let at = fp.raw_int(state + 1)
                        && fp.load_item(dst, items, at)
                    {
                        note!(1 << (items.shape() & 31));
                        fp.put_raw_int(state + 1, at + 1);
                        jump!(to);
                    } else {
                        cold_jump!(for_next(state, dst, to, false));
                    }
                }
                Op::ForNextPair { state, dst, to } => {
                    if let Value::Array(items) = fp.get(state)
                        && let at = fp.raw_int(state + 1)
                        && fp.load_item(dst + 1, items, at)
                    {
                        note!(1 << (items.shape() & 31));
                        fp.put_raw_int(state + 1, at + 1);
                        fp.set_int(dst, at);
                        jump!(to);
                    } else {
                        cold_jump!(for_next(state, dst, to, true));
                    }
                }
                Op::ForClose { state } => cold!(for_close(state)),

                Op::IndexGet { dst, a, b } => {
                    if let Some(at) = fp.int(b)
                        && a < func.locals
                        && let Value::Array(items) = fp.get(a)
                        && (a != dst)
                        && fp.load_item(dst, items, at)
                    {
                        note!(1 << (items.shape() & 31));
                    } else if a >= func.locals
                        && let Some(at) = fp.int(b)
                        && let Some(shape) = fp.load_from_temp(dst, a, at)
                    {
                        note!(1 << (shape & 31));
                    } else {
                        cold!(index_get(dst, a, b));
                    }
                }
                Op::IndexGetK { dst, a, k } => {
                    if a < func.locals
                        && let Value::Array(items) = fp.get(a)
                        && (a != dst)
                        && fp.load_item(dst, items, i64::from(k))
                    {
                        note!(1 << (items.shape() & 31));
                    } else {
                        cold!(index_get_value(dst, a, Value::Int(i64::from(k))));
                    }
                }
                Op::IndexGetC { dst, a, c } => {
                    let constant = func.constants.at(usize::from(c)).clone();
                    cold!(index_get_value(dst, a, constant));
                }
                Op::IndexGetOrNull { dst, a, b } => cold!(index_get_or_null(dst, a, b)),
                Op::Slice { kind, dst, a, bounds } => long!(slice(kind, dst, a, bounds)),
                Op::IndexSet { a, b, value } => {
                    if let Value::Array(items) = fp.get_mut(a)
                        && let Some(at) = fp.int(b)
                        && (at as u64) < items.len() as u64
                        && let shape = items.shape()
                        && let Some(items) = items.get_mut()
                    {
                        note!(1 << (shape & 31));
                        let value = if value >= func.locals { fp.take(value) } else { fp.get(value).clone() };
                        if let Err(refused) = items.set(at as usize, value) {
                            cold!(no_room(refused));
                        }
                    } else {
                        cold!(index_set(a, b, value));
                    }
                }
                Op::IndexUpdate { op, a, b, value } => {
                    cold!(index_update(ArithCode::ALL[usize::from(op)], a, b, value))
                }
                Op::FieldGet { dst, a, site } => {
                    ask_cache!();
                    if let Value::Struct(object) = fp.get(a)
                        && let Some(slot) = func.fields.at(usize::from(site)).first()
                        && object.shape() == slot.shape()
                    {
                        if a < func.locals && a != dst {
                            fp.load_field(dst, object, &slot);
                        } else {
                            // Released as what it is, not by way of all kinds of values.
                            if let Value::Struct(object) = fp.take(a) {
                                fp.load_field(dst, &object, &slot);
                            }
                        }
                    } else {
                        cold!(field_get(dst, a, site));
                    }
                }
                Op::FieldSet { a, site, value } => {
                    ask_cache!();
                    if let Value::Struct(object) = fp.get_mut(a)
                        && let Some(slot) = func.fields.at(usize::from(site)).first()
                        && object.shape() == slot.shape()
                        && let Some(object) = object.get_mut()
                    {
                        let taken = if value >= func.locals { fp.take(value) } else { fp.get(value).clone() };
                        if let Err(taken) = object.store(&slot, taken) {
                            cold!(field_set_value(a, site, taken));
                        }
                    } else {
                        cold!(field_set(a, site, value));
                    }
                }
                Op::FieldUpdate { op, a, site, value } => {
                    ask_cache!();
                    if let Value::Struct(object) = fp.get_mut(a)
                        && let Some(slot) = func.fields.at(usize::from(site)).first()
                        && let Some(object) = object.get_mut()
                        && let Some(old) = object.peek(&slot)
                        && let Some(new) = super::operate::simple(op, &old, fp.get(value))
                        && object.store(&slot, new).is_ok()
                    {
                    } else {
                        cold!(field_update(ArithCode::ALL[usize::from(op)], a, site, value));
                    }
                }
                Op::PathGet { dst, a, name } => cold!(path_get(dst, a, name)),
                Op::PlaceSet { path, keys, value } => cold!(place_set(path, keys, value)),
                Op::PlaceUpdate { op, path, keys, value } => {
                    cold!(place_update(ArithCode::ALL[usize::from(op)], path, keys, value))
                }
                Op::TakeOut { held, path, keys } => cold!(take_out(held, path, keys)),
                Op::PlaceGetOrNull { dst, path, keys } => cold!(place_get_or_null(dst, path, keys)),
                Op::RootUpdate { op, path, old, value } => {
                    cold!(root_update(ArithCode::ALL[usize::from(op)], path, old, value))
                }

                Op::Range { inclusive, dst, a, b } => cold!(range(inclusive != 0, dst, a, b)),
                Op::MakeArray { dst, base, count } => cold!(make_array(dst, base, count)),
                Op::ArrayAppend { array, base, count } => cold!(array_append(array, base, count)),
                Op::ArrayExtend { array, value } => long!(array_extend(array, value)),
                Op::MakeDict { dst, base, count } => cold!(make_dict(dst, base, count)),
                Op::DictAppend { dict, base, count } => cold!(dict_append(dict, base, count)),
                Op::DictExtend { dict, value } => long!(dict_extend(dict, value)),
                Op::MakeStruct { dst, base, site } => cold!(make_struct(dst, base, site)),
                Op::Interp { dst, base, template } => long!(interp(dst, base, template)),
                Op::InterpAppend { dst, base, template } => long!(interp_append(dst, base, template)),
                Op::LiteralUpdate { path, base, site } => cold!(literal_update(path, base, site)),

                Op::CallFunc { argc: _, dst, base, func: callee } => match func.callees.at(usize::from(callee)).get() {
                    Some(callee) => enter!(callee, fp.window(base), dst, 0),
                    None => long!(call_first(callee, dst, base)),
                },
                Op::CallValue { argc, dst, base } => {
                    let window = fp.window(base);
                    let callee = match window.below().get(0) {
                        Value::Closure(closure) if !closure.is_bound() => self.known(closure.func()),
                        Value::Fn0(id) => self.known(*id),
                        _ => None,
                    };
                    match callee {
                        Some(callee) if callee.exact_value == u16::from(argc) => {
                            note_callee(func, ip, callee);
                            enter!(callee, window, dst, flag::CLOSURE);
                        }
                        _ => long!(call_value(argc, dst, base)),
                    }
                }
                Op::CallBuiltin { argc, dst, base, builtin } => long!(call_builtin(argc, dst, base, builtin)),
                Op::CallBuiltinUpdate { argc, base, builtin, path } => {
                    long!(call_builtin_update(argc, base, builtin, path))
                }
                Op::CallMethod { argc, dst, base, site } => {
                    ask_cache!();
                    let cache = func.methods.at(usize::from(site));
                    match cache.find(receiver_key(fp.get(base))) {
                        Some(Target::User { func: callee, mutating: false }) if callee.exact == u16::from(argc) => {
                            enter!(callee, fp.window(base), dst, 0);
                        }
                        found => long!(call_method_on_value(found, argc, dst, base, site)),
                    }
                }
                Op::CallMethodPlace { argc, dst, base, site } => {
                    ask_cache!();
                    if func.methods.at(usize::from(site)).latest_is_user() {
                        cold!(call_method_on_place(argc, dst, base, site));
                    } else {
                        long!(call_method_on_place(argc, dst, base, site));
                    }
                }
                Op::CallArgs { dst, base, site } => long!(call_args(dst, base, site)),
                Op::Construct { argc, dst, base, decl } => cold!(construct(argc, dst, base, decl)),
                Op::MakeVariant { argc, dst, base, variant } => cold!(make_variant(argc, dst, base, variant)),
                Op::Return { value } => leave!(fp.take_bits(value)),
                Op::ReturnNull {} => leave!(Bits::of(Value::Null)),

                Op::Throw { value } => cold!(throw(value)),
                Op::Rethrow { error } => cold!(rethrow(error)),
                Op::RethrowFrom { error, state } => cold!(rethrow_from(error, state)),
                Op::RaiseName { message } => cold!(raise_name(message)),
                Op::RaiseImport { message } => cold!(raise_import(message)),
                Op::RaiseNoMatch { subject } => cold!(raise_no_match(subject)),
                Op::RaiseMissing { feature } => cold!(raise_missing(feature)),
                Op::RaiseEarlyReturn { value } => cold!(raise_early_return(value)),
                Op::Unwrap { dst, a, to } => cold!(unwrap_value(dst, a, i32::from(to))),
                Op::Import { module } => long!(import(module)),

                Op::Test { a, test, to } => cold!(test(a, test, i32::from(to))),
                Op::Part { dst, a, part } => cold!(part(dst, a, part)),
                Op::NullIfMissing { a } => {
                    if fp.tag(a) == tag::UNINIT {
                        fp.set_null(a);
                    }
                }
                Op::CheckKind { fields, a } => cold!(check_kind(fields != 0, a)),
            }
        }
    }
}

/// A call site's word is its callee's id plus 1, until it meets another.
#[inline(always)]
pub(super) fn note_callee(func: FnRef, ip: super::stack::Ip, callee: FnRef) {
    let pc = ip.pc(func.start);
    let word = func.feedback.at(pc).get();
    if word != callee.id.0 + 1 && word != seen::MEGAMORPHIC {
        func.note_another(pc, callee.id);
    }
}
