//! One arm per instruction: build it, or leave it to the VM.
use super::arguments::Given;
use super::arith::Source;
use super::state::{Lender, Scalar, Slot};
use super::{Builder, Built, Edge};
use crate::builtins::{self, BuiltinTypeId};
use crate::bytecode::chunk::{Const, Root};
use crate::bytecode::op::{ArithCode, CompareCode, Op, OperandKind};
use crate::jit::feedback::{BYTES, TEXT};
use crate::jit::ir::inst::{Cmp, IntOp};
use crate::jit::ir::{InstKind, Range, SlotIx, Terminator, Type, ValueId};
use crate::jit::profile::Site;
use crate::value::layout::{UNIT_MARK, tag};

impl Builder<'_> {
    /// Builds the instruction at the current offset; `last`: it ends its block.
    pub(super) fn instruction(&mut self, op: Op, last: bool, returns: &mut Vec<Edge>) -> Built {
        self.end_passing(&op);
        self.before_instruction(&op);
        // An instruction that changes something in place is first built without the guess that nobody else holds it.
        let in_place = matches!(
            op,
            Op::IndexSet { .. }
                | Op::IndexUpdate { .. }
                | Op::FieldSet { .. }
                | Op::FieldUpdate { .. }
                | Op::PlaceSet { .. }
                | Op::PlaceUpdate { .. }
                | Op::TakeOut { .. }
        );
        // A call is built again for all callees that its site has met by then, one of a builtin by its Rust function, one of the code itself
        // with its arguments as they are, a loop for all that it has run over, empty arrays included, or by steps of the other sign,
        // characters of text without the guess that it is ASCII, elements of all kinds of containers met, membership in anything, an operator
        // for operands of any kind, and a field for all shapes met, then by its name.
        let call = matches!(
            op,
            Op::CallFunc { .. }
                | Op::CallValue { .. }
                | Op::CallMethod { .. }
                | Op::CallMethodPlace { .. }
                | Op::CallArgs { .. }
                | Op::CallBuiltin { .. }
                | Op::MakeArray { .. }
                | Op::ForPrep { .. }
                | Op::ForSteps { .. }
                | Op::ForStepsNext { .. }
                | Op::Contains { .. }
                | Op::FieldGet { .. }
        ) || self.context().profile.overloads.contains_key(&self.pc)
            || is_arithmetic(&op)
            || is_compared(&op)
            || self.is_of_many(op);
        let storms = self.context().profile.storms(self.pc);
        if let (Op::FieldGet { dst, a, .. }, 2) = (op, storms) {
            return self.field_by_name(op, dst, a);
        }
        if storms > usize::from(in_place || call) && !matches!(op, Op::Return { .. } | Op::ReturnNull {} | Op::LoopHead {}) {
            return match op {
                Op::CallValue { argc, dst, base } => self.call_any(op, Given::plain(argc), dst, base),
                _ => self.fallback(op),
            };
        }
        if self.request.limits.leaves_unreached && self.is_unreached(&op) {
            self.leave_unreached();
            return Ok(());
        }
        match op {
            Op::Nop {} | Op::LoopHead {} => {}
            Op::Move { dst, src } => self.copy(dst, src),
            Op::Take { dst, src } => self.take(dst, src),
            Op::Discard { a } => {
                let slot = self.slot(a);
                self.release(slot);
            }
            Op::LoadNull { dst } => {
                let value = self.null();
                self.write_immediate(dst, value);
            }
            Op::LoadBool { value, dst } => {
                let value = self.emit(InstKind::ConstB(value != 0), Type::BOOL);
                self.write_scalar(dst, value, Scalar::Bool);
            }
            Op::LoadInt { dst, value } => {
                let value = self.int(i64::from(value));
                self.write_scalar(dst, value, Scalar::Int);
            }
            Op::LoadConst { dst, value } => self.constant(dst, value),
            Op::LoadMissing { dst } => {
                let value = self.emit(InstKind::ConstBoxed(tag::UNINIT, 0), Type::ANY);
                self.write_immediate(dst, value);
            }
            Op::Clear { first, count } => {
                let slots = (first..first + count).map(|register| self.slot(register)).collect::<Vec<_>>();
                self.release_all(&slots);
            }
            Op::CellGet { dst, cell, .. } => {
                let (slot, exit) = (self.slot(cell), self.exit());
                self.read_variable(dst, InstKind::LoadCell { slot, exit });
            }
            Op::CaptureGet { dst, index } => return self.capture_get(op, dst, index),
            Op::CaptureCellGet { dst, index, .. } => return self.capture_cell_get(op, dst, index),
            Op::ModuleGet { dst, var } => {
                self.read_module_variable(dst, var);
            }
            Op::CellSet { cell, value, .. } => {
                let Some(scalar) = self.known_scalar(value) else {
                    return self.assign_variable(op, Root::LocalCell(cell), value);
                };
                let (slot, exit) = (self.slot(cell), self.exit());
                self.effect(InstKind::StoreCell { slot, value: scalar, exit });
                self.consume(value);
            }
            Op::CaptureCellSet { index, value, .. } => return self.capture_cell_set(op, index, value),
            Op::ModuleSet { value, var } => {
                let Some(scalar) = self.known_scalar(value) else {
                    return self.assign_variable(op, Root::Module(var), value);
                };
                let (index, exit) = (self.context().profile.module_base + var, self.exit());
                self.effect(InstKind::StoreModule { index, value: scalar, known: false, exit });
                self.consume(value);
            }

            Op::Add { dst, a, b } => return self.arith(op, ArithCode::Add, dst, Source::Register(a), Source::Register(b)),
            Op::Sub { dst, a, b } => return self.arith(op, ArithCode::Sub, dst, Source::Register(a), Source::Register(b)),
            Op::Mul { dst, a, b } => return self.arith(op, ArithCode::Mul, dst, Source::Register(a), Source::Register(b)),
            Op::Div { dst, a, b } => return self.arith(op, ArithCode::Div, dst, Source::Register(a), Source::Register(b)),
            Op::Mod { dst, a, b } => return self.arith(op, ArithCode::Mod, dst, Source::Register(a), Source::Register(b)),
            Op::AddK { dst, a, k } => return self.arith(op, ArithCode::Add, dst, Source::Register(a), Source::Small(k)),
            Op::SubK { dst, a, k } => return self.arith(op, ArithCode::Sub, dst, Source::Register(a), Source::Small(k)),
            Op::MulK { dst, a, k } => return self.arith(op, ArithCode::Mul, dst, Source::Register(a), Source::Small(k)),
            Op::DivK { dst, a, k } => return self.arith(op, ArithCode::Div, dst, Source::Register(a), Source::Small(k)),
            Op::ModK { dst, a, k } => return self.arith(op, ArithCode::Mod, dst, Source::Register(a), Source::Small(k)),
            Op::AddC { dst, a, c } => return self.arith(op, ArithCode::Add, dst, Source::Register(a), Source::Constant(c)),
            Op::SubC { dst, a, c } => return self.arith(op, ArithCode::Sub, dst, Source::Register(a), Source::Constant(c)),
            Op::MulC { dst, a, c } => return self.arith(op, ArithCode::Mul, dst, Source::Register(a), Source::Constant(c)),
            Op::DivC { dst, a, c } => return self.arith(op, ArithCode::Div, dst, Source::Register(a), Source::Constant(c)),
            Op::Arith { op: code, dst, a, b } => {
                return self.arith(op, ArithCode::ALL[usize::from(code)], dst, Source::Register(a), Source::Register(b));
            }
            Op::ArithK { op: code, dst, a, k } => {
                return self.arith(op, ArithCode::ALL[usize::from(code)], dst, Source::Register(a), Source::Small(k));
            }
            Op::Neg { dst, a } => return self.negate(op, dst, a),
            Op::Not { dst, a } => return self.not(op, dst, a),
            Op::BitNot { dst, a } => return self.bit_not(op, dst, a),
            Op::Truthy { dst, a } => {
                let value = self.truth(a);
                self.consume(a);
                self.write_scalar(dst, value, Scalar::Bool);
            }
            Op::Compare { op: code, dst, a, b } => {
                return self.compare(op, CompareCode::ALL[usize::from(code)], dst, Source::Register(a), Source::Register(b));
            }
            Op::CompareC { op: code, dst, a, c } => {
                return self.compare(op, CompareCode::ALL[usize::from(code)], dst, Source::Register(a), Source::Constant(c));
            }

            Op::Jump { .. } => self.jump(),
            Op::JumpIf { a, .. } => {
                let cond = self.truth(a);
                self.consume(a);
                self.branch(cond);
            }
            Op::JumpIfNot { a, .. } => {
                let cond = self.truth(a);
                self.consume(a);
                let cond = self.emit(InstKind::NotB(cond), Type::BOOL);
                self.branch(cond);
            }
            Op::JumpIfNull { a, .. } => self.jump_if_tag(a, tag::NULL, Cmp::Eq),
            Op::JumpIfNotNull { a, .. } => self.jump_if_tag(a, tag::NULL, Cmp::Ne),
            Op::JumpIfPresent { a, .. } if self.is_present(a) => {
                self.settle_passing();
                self.jump()
            }
            Op::JumpIfPresent { a, .. } => self.jump_if_tag(a, tag::UNINIT, Cmp::Ne),
            Op::JumpIfEq { a, b, .. } => return self.jump_if(op, Cmp::Eq, true, Source::Register(a), Source::Register(b)),
            Op::JumpIfNe { a, b, .. } => return self.jump_if(op, Cmp::Eq, false, Source::Register(a), Source::Register(b)),
            Op::JumpIfLt { a, b, .. } => return self.jump_if(op, Cmp::Lt, true, Source::Register(a), Source::Register(b)),
            Op::JumpIfNotLt { a, b, .. } => {
                return self.jump_if(op, Cmp::Lt, false, Source::Register(a), Source::Register(b));
            }
            Op::JumpIfLe { a, b, .. } => return self.jump_if(op, Cmp::Le, true, Source::Register(a), Source::Register(b)),
            Op::JumpIfNotLe { a, b, .. } => {
                return self.jump_if(op, Cmp::Le, false, Source::Register(a), Source::Register(b));
            }
            Op::JumpIfGt { a, b, .. } => return self.jump_if(op, Cmp::Gt, true, Source::Register(a), Source::Register(b)),
            Op::JumpIfNotGt { a, b, .. } => {
                return self.jump_if(op, Cmp::Gt, false, Source::Register(a), Source::Register(b));
            }
            Op::JumpIfGe { a, b, .. } => return self.jump_if(op, Cmp::Ge, true, Source::Register(a), Source::Register(b)),
            Op::JumpIfNotGe { a, b, .. } => {
                return self.jump_if(op, Cmp::Ge, false, Source::Register(a), Source::Register(b));
            }
            Op::JumpIfEqK { a, k, .. } => return self.jump_if(op, Cmp::Eq, true, Source::Register(a), Source::Small(k)),
            Op::JumpIfNeK { a, k, .. } => return self.jump_if(op, Cmp::Eq, false, Source::Register(a), Source::Small(k)),
            Op::JumpIfLtK { a, k, .. } => return self.jump_if(op, Cmp::Lt, true, Source::Register(a), Source::Small(k)),
            Op::JumpIfNotLtK { a, k, .. } => return self.jump_if(op, Cmp::Lt, false, Source::Register(a), Source::Small(k)),
            Op::JumpIfLeK { a, k, .. } => return self.jump_if(op, Cmp::Le, true, Source::Register(a), Source::Small(k)),
            Op::JumpIfNotLeK { a, k, .. } => return self.jump_if(op, Cmp::Le, false, Source::Register(a), Source::Small(k)),
            Op::JumpIfGtK { a, k, .. } => return self.jump_if(op, Cmp::Gt, true, Source::Register(a), Source::Small(k)),
            Op::JumpIfNotGtK { a, k, .. } => return self.jump_if(op, Cmp::Gt, false, Source::Register(a), Source::Small(k)),
            Op::JumpIfGeK { a, k, .. } => return self.jump_if(op, Cmp::Ge, true, Source::Register(a), Source::Small(k)),
            Op::JumpIfNotGeK { a, k, .. } => return self.jump_if(op, Cmp::Ge, false, Source::Register(a), Source::Small(k)),
            Op::JumpIfEqC { a, c, .. } => return self.jump_if(op, Cmp::Eq, true, Source::Register(a), Source::Constant(c)),
            Op::JumpIfNeC { a, c, .. } => return self.jump_if(op, Cmp::Eq, false, Source::Register(a), Source::Constant(c)),
            Op::ForRange { inclusive, state, .. } => return self.for_range(op, inclusive != 0, state),
            Op::ForRangeNext { state, dst, .. } => return self.for_range_next(op, state, dst),
            Op::ForSteps { state, .. } => return self.for_steps(op, state),
            Op::ForStepsNext { state, dst, .. } => return self.for_steps_next(op, state, dst),
            Op::ForPrep { pairs, state, .. } => return self.for_prep(op, pairs != 0, state),
            Op::ForNext { state, dst, .. } => return self.for_next(op, state, dst, false),
            Op::ForClose { state } => self.for_close(state),
            Op::ForNextPair { state, dst, .. } => return self.for_next(op, state, dst, true),

            Op::IndexGet { dst, a, b } => return self.index_get(op, dst, a, Source::Register(b)),
            Op::IndexGetC { dst, a, c } => return self.index_get(op, dst, a, Source::Constant(c)),
            Op::IndexGetOrNull { dst, a, b } => return self.index_get_or_null(op, dst, a, b),
            Op::Slice { kind, dst, a, bounds } => return self.slice(op, kind, dst, a, bounds),
            Op::Contains { negate, dst, a, b } => return self.contains(op, negate != 0, dst, a, b),
            Op::IndexGetK { dst, a, k } => return self.index_get(op, dst, a, Source::Small(k)),
            Op::IndexSet { a, b, value } => return self.index_set(op, a, b, value),
            Op::IndexUpdate { op: code, a, b, value } => {
                return self.index_update(op, ArithCode::ALL[usize::from(code)], a, b, value);
            }
            Op::FieldGet { dst, a, .. } => return self.field_get(op, dst, a),
            Op::FieldSet { a, value, .. } => return self.field_set(op, a, value),
            Op::FieldUpdate { op: code, a, value, .. } => {
                return self.field_update(op, ArithCode::ALL[usize::from(code)], a, value);
            }
            Op::PlaceSet { path, keys, value } => return self.place_set(op, path, keys, value),
            Op::PlaceUpdate { op: code, path, value, .. }
                if self.context().profile.chunk.paths[usize::from(path)].segments.is_empty() =>
            {
                return self.variable_update(op, ArithCode::ALL[usize::from(code)], path, None, value);
            }
            Op::PlaceUpdate { op: code, path, keys, value } => {
                return self.place_update(op, ArithCode::ALL[usize::from(code)], path, keys, value);
            }

            Op::TakeOut { held, path, keys } => return self.take_out(op, held, path, keys),

            Op::Interp { dst, base, template } => return self.text(op, last, dst, base, template),
            Op::InterpAppend { dst, base, template } => return self.append_text(op, dst, base, template),
            Op::MakeArray { dst, base, count } => return self.make_array(op, last, dst, base, count),
            Op::MakeDict { dst, base, count } => return self.make_dict(op, dst, base, count),
            Op::MakeVariant { argc, dst, base, variant } => {
                return self.make_variant(op, u16::from(argc), dst, base, variant);
            }
            Op::Test { a, test, .. } => return self.test(op, a, test),
            Op::Part { dst, a, part } => return self.part(op, dst, a, part),
            Op::Unwrap { dst, a, .. } => return self.unwrap_value(op, dst, a),
            Op::NullIfMissing { a } => return self.null_if_missing(op, a),

            Op::Range { inclusive, dst, a, b } => self.range(inclusive != 0, dst, a, b),
            Op::CheckKind { fields, a } => return self.check_kind(op, fields != 0, a),
            Op::NewCell { slot } => self.new_cell(slot),
            Op::CellParam { slot } => self.cell_param(slot),
            Op::CallBuiltinUpdate { argc, base, builtin, path } => {
                return self.call_builtin_update(op, argc, base, builtin, path);
            }

            Op::CallFunc { argc, dst, base, func } => return self.call_func(op, argc, dst, base, func),
            Op::CallMethod { argc, dst, base, .. } => return self.call_method(op, Given::plain(argc), dst, base),
            Op::Return { value } => return self.return_value(value, returns),
            Op::ReturnNull {} => {
                let value = self.null();
                return self.return_boxed(value, returns);
            }

            Op::Throw { value } => return self.throw(op, value),

            Op::Rethrow { .. }
            | Op::RethrowFrom { .. }
            | Op::RaiseName { .. }
            | Op::RaiseImport { .. }
            | Op::RaiseNoMatch { .. }
            | Op::RaiseMissing { .. }
            | Op::RaiseEarlyReturn { .. } => {
                self.settle_all();
                self.leave();
            }

            Op::RootUpdate { op: code, path, old, value } => {
                return self.variable_update(op, ArithCode::ALL[usize::from(code)], path, Some(old), value);
            }
            Op::CallValue { argc, dst, base } => return self.call_value(op, Given::plain(argc), dst, base),
            Op::CallBuiltin { dst, base, builtin, .. } => return self.call_builtin(op, last, dst, base, builtin),
            Op::CallMethodPlace { argc, dst, base, site } => {
                return self.call_method_place(op, Given::plain(argc), dst, base, site);
            }
            Op::CallArgs { dst, base, site } => return self.call_args(op, dst, base, site),
            Op::MakeStruct { dst, base, site } => return self.make_struct(op, dst, base, site),
            Op::Construct { argc, dst, base, decl } => {
                return self.construct(op, dst, base, usize::from(argc), decl);
            }
            Op::LoadSelfFn { dst } => return self.self_function(op, dst),
            Op::MakeClosure { dst, closure } => return self.make_closure(op, dst, closure),

            Op::Fuel {}
            | Op::PathGet { .. }
            | Op::PlaceGetOrNull { .. }
            | Op::ArrayAppend { .. }
            | Op::ArrayExtend { .. }
            | Op::DictAppend { .. }
            | Op::DictExtend { .. }
            | Op::LiteralUpdate { .. }
            | Op::Import { .. } => return self.fallback(op),
        }
        Ok(())
    }

    /// Has the site of an index met several kinds of containers, text or bytes?
    fn is_of_many(&self, op: Op) -> bool {
        let index = matches!(op, Op::IndexGet { .. } | Op::IndexGetK { .. } | Op::IndexGetC { .. });
        index && (self.met().len() > 1 || matches!(self.met(), [TEXT | BYTES]))
    }

    /// Has the VM never executed the instruction? Known of those that always note what they meet.
    fn is_unreached(&self, op: &Op) -> bool {
        let profile = &self.context().profile;
        if profile.chunk.method_site(op).is_some() {
            return !profile.reached.contains(&self.pc) && !super::flow::is_around_loops(&profile.chunk.code, self.pc);
        }
        let notes = matches!(
            op,
            Op::IndexGet { .. }
                | Op::IndexGetK { .. }
                | Op::IndexGetC { .. }
                | Op::IndexSet { .. }
                | Op::IndexUpdate { .. }
                | Op::ForPrep { .. }
        );
        notes && matches!(profile.sites.get(&self.pc), Some(Site::Elements { shapes, .. }) if shapes.is_empty())
    }

    /// Can the instruction take operands that are borrowed?
    pub(super) fn uses_borrowed(&self, op: &Op) -> bool {
        let mut reads = false;
        let effects = op.info().effects;
        op.operands(|kind, value| {
            let is_read = matches!(kind, OperandKind::Read | OperandKind::Peek);
            reads |= is_read && matches!(self.state.get(self.slot(value as u16)), Slot::Borrowed { .. });
        });
        let native = matches!(
            op,
            Op::IndexGet { .. }
                | Op::IndexGetK { .. }
                | Op::IndexGetC { .. }
                | Op::IndexGetOrNull { .. }
                | Op::Contains { .. }
                | Op::IndexUpdate { .. }
                | Op::Test { .. }
                | Op::Part { .. }
                | Op::CheckKind { .. }
                | Op::NullIfMissing { .. }
                | Op::Unwrap { .. }
                | Op::FieldGet { .. }
                | Op::IndexSet { .. }
                | Op::FieldSet { .. }
                | Op::PlaceSet { .. }
                | Op::TakeOut { .. }
                | Op::Truthy { .. }
                | Op::JumpIf { .. }
                | Op::JumpIfNot { .. }
        );
        reads
            && (native || op.info().operands.iter().any(|(_, kind)| *kind == OperandKind::Jump16) || is_arithmetic(op))
            && !effects.end
    }

    // ---- moving values ----

    pub(super) fn write_scalar(&mut self, register: u16, value: ValueId, scalar: Scalar) {
        let slot = self.slot(register);
        self.release(slot);
        self.put(slot, Slot::Scalar { value, scalar, dirty: true });
    }

    pub(super) fn write_immediate(&mut self, register: u16, value: ValueId) {
        let slot = self.slot(register);
        self.release(slot);
        self.put(slot, Slot::Immediate { value, dirty: true });
    }

    /// A value borrowed from memory that stays as it is until the next instruction.
    pub(super) fn write_borrowed(&mut self, register: u16, value: ValueId) {
        self.write_lent(register, value, Lender::Passing);
    }

    pub(super) fn write_lent(&mut self, register: u16, value: ValueId, lender: Lender) {
        let slot = self.slot(register);
        let stays = lender.slot() != Some(slot) && (lender != Lender::Passing || self.is_temporary(register));
        if stays {
            self.release(slot);
            self.put(slot, Slot::Borrowed { value, lender });
        } else {
            self.replace(slot, value);
        }
    }

    /// Stores a borrowed value, which may live inside what the slot holds.
    pub(super) fn replace(&mut self, slot: SlotIx, value: ValueId) {
        self.before_write(slot);
        match self.state.get(slot) {
            Slot::Memory => self.effect(InstKind::ReplaceSlot(slot, value)),
            Slot::Owned { .. } => {
                self.settle(slot);
                self.effect(InstKind::ReplaceSlot(slot, value));
            }
            _ => self.effect(InstKind::StoreSlotRetain(slot, value)),
        }
        self.put(slot, Slot::Memory);
    }

    pub(super) fn copy(&mut self, dst: u16, src: u16) {
        let from = self.slot(src);
        if let Some(function) = self.hints.get(&from).copied() {
            let to = self.slot(dst);
            self.copy_value(dst, from);
            self.hints.insert(to, function);
            return;
        }
        self.copy_value(dst, from);
    }

    pub(super) fn copy_value(&mut self, dst: u16, from: SlotIx) {
        match self.state.get(from) {
            Slot::Scalar { value, scalar, .. } => self.write_scalar(dst, value, scalar),
            Slot::Immediate { value, .. } => self.write_immediate(dst, value),
            Slot::Borrowed { value, lender } => self.write_lent(dst, value, lender),
            Slot::Virtual(at) => self.copy_virtual(dst, from, at),
            Slot::Owned { .. } => {
                self.settle(from);
                self.copy_value(dst, from);
            }
            Slot::Memory | Slot::Clean => {
                let value = self.emit(InstKind::LoadSlot(from), Type::ANY);
                self.write_lent(dst, value, Lender::Slot(from));
            }
        }
    }

    pub(super) fn take(&mut self, dst: u16, src: u16) {
        let (from, to) = (self.slot(src), self.slot(dst));
        match self.state.get(from) {
            Slot::Borrowed { value, lender } if from != to => {
                self.put(from, Slot::Clean);
                self.write_lent(dst, value, lender);
            }
            _ => self.move_value(to, from),
        }
    }

    pub(super) fn constant(&mut self, dst: u16, index: u32) {
        let context = self.context();
        let (chunk, function, base) = (context.profile.chunk.clone(), context.function, context.profile.unit_base);
        match &chunk.constants[index as usize] {
            Const::Null => {
                let value = self.null();
                self.write_immediate(dst, value);
            }
            Const::Bool(value) => {
                let value = self.emit(InstKind::ConstB(*value), Type::BOOL);
                self.write_scalar(dst, value, Scalar::Bool);
            }
            Const::Int(value) => {
                let value = self.int(*value);
                self.write_scalar(dst, value, Scalar::Int);
            }
            Const::Float(value) => {
                let value = self.emit(InstKind::ConstF(value.to_bits()), Type::FLOAT);
                self.write_scalar(dst, value, Scalar::Float);
            }
            Const::Func(func) => {
                let value = self.emit(InstKind::ConstBoxed(tag::FN0, u64::from(base + func)), Type::ANY);
                self.functions.insert(value, base + func);
                self.write_immediate(dst, value);
            }
            Const::Builtin(id) => {
                let value = self.emit(InstKind::ConstBoxed(tag::FN0, u64::from(*id)), Type::ANY);
                self.write_immediate(dst, value);
            }
            Const::BuiltinType(id) if builtins::constructor_of_id(BuiltinTypeId(*id)).is_some() => {
                let value = self.emit(InstKind::ConstPool(function, index), Type::ANY);
                self.constructors.extend(builtins::constructor_of_id(BuiltinTypeId(*id)).map(|builtin| (value, builtin.0)));
                self.write_lent(dst, value, Lender::Constant);
            }
            Const::Variant(..) if self.context().profile.units[index as usize].is_some() => {
                let number = self.context().profile.units[index as usize].unwrap_or_default();
                let value = self.unit(number);
                self.write_immediate(dst, value);
            }
            Const::BigInt(_)
            | Const::Str(_)
            | Const::Array(_)
            | Const::BuiltinType(_)
            | Const::Struct(_)
            | Const::Enum(_)
            | Const::Variant(..)
            | Const::Module(_)
            | Const::Namespace(_)
            | Const::Prelude(_) => {
                let value = self.emit(InstKind::ConstPool(function, index), Type::ANY);
                if let Some(code) = self.code_of_constant(index) {
                    self.codes.insert(value, code);
                }
                self.texts.extend(self.short_constant(index).map(|text| (value, text)));
                self.note_word(value, &chunk.constants[index as usize]);
                self.write_lent(dst, value, Lender::Constant);
            }
        }
    }

    /// A variant without payload, by its number.
    pub(super) fn unit(&mut self, number: i64) -> ValueId {
        let value = self.emit(InstKind::ConstBoxed(tag::UNIT, (number & !UNIT_MARK) as u64), Type::ANY);
        self.units.insert(value, number);
        value
    }

    /// The scalar that a register holds, if that is known without a check.
    pub(super) fn known_scalar(&self, register: u16) -> Option<ValueId> {
        match self.state.get(self.slot(register)) {
            Slot::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    /// After its last use: a temporary gives up what it held; a local keeps it.
    pub(super) fn consume(&mut self, register: u16) {
        if self.is_temporary(register) {
            let slot = self.slot(register);
            self.release(slot);
        }
    }

    // ---- jumps and loops ----

    fn jump_if_tag(&mut self, register: u16, wanted: u64, op: Cmp) {
        match self.state.get(self.slot(register)) {
            Slot::Scalar { .. } if op == Cmp::Ne => self.jump(),
            Slot::Scalar { .. } => self.fall_through(),
            _ => {
                let value = self.boxed(register);
                let (found, wanted) = (self.emit(InstKind::TagOf(value), Type::INT), self.int(wanted as i64));
                self.settle_passing();
                let cond = self.emit(InstKind::CmpI { op, a: found, b: wanted }, Type::BOOL);
                self.branch(cond);
            }
        }
    }

    fn for_range(&mut self, op: Op, inclusive: bool, state: u16) -> Built {
        let (Some(start), Some(end)) = (self.int_or_guess(state), self.int_or_guess(state + 1)) else {
            return self.fallback(op);
        };
        let exit = Some(self.exit());
        let one = self.int(1);
        // What is known of the bounds is known of the counter: a loop that begins below zero must not be guessed to begin above.
        let (first, last, by) = (self.out.ty(start).range, self.out.ty(end).range, Range::exactly(1));
        let ty = |range: Option<Range>| range.map_or(Type::INT, |range| Type::int_in(range.low, range.high));
        let before = self.emit(InstKind::Int { op: IntOp::Sub, a: start, b: one, exit }, ty(first.checked_sub(by)));
        let after = if inclusive {
            self.emit(InstKind::Int { op: IntOp::Add, a: end, b: one, exit }, ty(last.checked_add(by)))
        } else {
            end
        };
        self.write_scalar(state, before, Scalar::Int);
        self.write_scalar(state + 1, after, Scalar::Int);
        self.jump();
        Ok(())
    }

    pub(super) fn for_range_next(&mut self, op: Op, state: u16, dst: u16) -> Built {
        let (Some(position), Some(end)) = (self.int_or_guess(state), self.int_or_guess(state + 1)) else {
            return self.fallback(op);
        };
        let one = self.int(1);
        // The position is before the end, or one before the start: the next one always fits.
        let next = self.emit(InstKind::Int { op: IntOp::Add, a: position, b: one, exit: None }, Type::INT);
        let more = self.emit(InstKind::CmpI { op: Cmp::Lt, a: next, b: end }, Type::BOOL);
        self.write_scalar(state, next, Scalar::Int);
        self.write_scalar(dst, next, Scalar::Int);
        self.branch(more);
        Ok(())
    }

    fn int_or_guess(&mut self, register: u16) -> Option<ValueId> {
        self.scalar(Source::Register(register), Scalar::Int)
    }

    // ---- returns ----

    fn return_value(&mut self, register: u16, returns: &mut Vec<Edge>) -> Built {
        let slot = self.slot(register);
        if self.contexts.len() > 1 {
            return self.return_inlined(register, returns);
        }
        if self.gives_virtual(register) {
            return Ok(());
        }
        match self.state.get(slot) {
            Slot::Scalar { value, .. } | Slot::Immediate { value, .. } | Slot::Owned { value } => {
                self.put(slot, Slot::Clean);
                self.return_boxed(value, returns)
            }
            Slot::Borrowed { value, .. } => {
                let value = self.emit(InstKind::Retain(value), Type::ANY);
                self.put(slot, Slot::Clean);
                self.return_boxed(value, returns)
            }
            _ => {
                self.settle(slot);
                let value = self.emit(InstKind::LoadSlot(slot), Type::ANY);
                let null = self.null();
                self.effect(InstKind::StoreSlot(slot, null));
                self.put(slot, Slot::Clean);
                self.return_boxed(value, returns)
            }
        }
    }

    /// Returns a scalar, an immediate or an owned value; nothing else stays owned.
    fn return_boxed(&mut self, value: ValueId, returns: &mut Vec<Edge>) -> Built {
        if self.contexts.len() > 1 {
            return self.return_null_inlined(value, returns);
        }
        self.give_up_frame();
        self.terminate(Terminator::Return(value));
        self.ends = Vec::new();
        Ok(())
    }

    /// The outermost function ends. The `self` of a mutating method stays in its slot: the VM gives it back to the caller's place.
    pub(super) fn give_up_frame(&mut self) {
        let keeps_self = self.context().profile.chunk.self_kind.changes();
        if keeps_self {
            self.settle(SlotIx(0));
        }
        let slots: Vec<SlotIx> = (u32::from(keeps_self)..self.state.slots.len() as u32).map(SlotIx).collect();
        self.release_all(&slots);
    }

    // ---- the VM's business ----

    /// Lets the VM execute the instruction on the frame in memory.
    pub(super) fn fallback(&mut self, op: Op) -> Built {
        let work = &mut self.out.blocks[self.block.index()].work;
        *work = work.saturating_sub(1);
        self.settle_all();
        if op.info().effects.end && op.jump().is_none() {
            self.leave();
            return Ok(());
        }
        let exit = self.exit();
        let writes = self.written_by(&op);
        let handling = self.catches().filter(|_| op.info().effects.fault);
        let catches = handling.is_some();
        let next = self.emit(InstKind::Fallback { writes: writes.clone().into(), catches, exit }, Type::INT);
        if let Some(handling) = handling {
            let zero = self.int(0);
            let raised = self.emit(InstKind::CmpI { op: Cmp::Lt, a: next, b: zero }, Type::BOOL);
            let before = self.state.clone();
            self.doubt(&writes);
            self.catch_raised(handling, raised, exit);
            self.state = before;
        }
        self.forget_operands(&op);
        for slot in writes {
            self.put(slot, Slot::Memory);
        }
        match op.jump() {
            Some(_) if op.info().effects.end => self.jump(),
            Some(offset) => {
                let target = self.int(i64::from(super::flow::target(self.pc as usize, offset)));
                let cond = self.emit(InstKind::CmpI { op: Cmp::Eq, a: next, b: target }, Type::BOOL);
                self.branch(cond);
            }
            None => {}
        }
        Ok(())
    }

    /// Slots that the VM may have changed after executing the instruction, other than temporaries it has emptied.
    fn written_by(&self, op: &Op) -> Vec<SlotIx> {
        let mut slots: Vec<SlotIx> = self.roots(op).into_iter().map(|register| self.slot(register)).collect();
        op.operands(|kind, value| {
            let register = value as u16;
            match kind {
                OperandKind::Write | OperandKind::Modify | OperandKind::Local => slots.push(self.slot(register)),
                OperandKind::WritePair => slots.extend([self.slot(register), self.slot(register + 1)]),
                OperandKind::State => slots.extend((register..register + 3).map(|r| self.slot(r))),
                _ => {}
            }
        });
        if let Op::CallBuiltinUpdate { base, .. } = op {
            slots.push(self.slot(*base));
        }
        slots.sort();
        slots.dedup();
        slots
    }

    /// Locals that are roots of places which the instruction may change.
    pub(super) fn roots(&self, op: &Op) -> Vec<u16> {
        let chunk = &self.context().profile.chunk;
        let mut paths: Vec<u16> = chunk.receiver(op).into_iter().collect();
        op.operands(|kind, value| {
            if kind == OperandKind::Path {
                paths.push(value as u16);
            }
        });
        let local = |path: &u16| match chunk.paths[usize::from(*path)].root {
            crate::bytecode::chunk::Root::Local(local) | crate::bytecode::chunk::Root::LocalCell(local) => Some(local),
            _ => None,
        };
        paths.iter().filter_map(local).collect()
    }

    /// Temporaries that the instruction has consumed.
    fn forget_operands(&mut self, op: &Op) {
        let registers = self.context().profile.chunk.registers;
        let mut gone: Vec<u16> = Vec::new();
        op.operands(|kind, value| {
            let register = value as u16;
            match kind {
                OperandKind::Read if self.is_temporary(register) => gone.push(register),
                OperandKind::Empty => gone.push(register),
                OperandKind::Window => {
                    let callee = matches!(op, Op::CallValue { .. }) as u16;
                    gone.extend(register - callee..registers);
                }
                _ => {}
            }
        });
        for register in gone {
            let slot = self.slot(register);
            self.put(slot, Slot::Clean);
        }
    }
}

pub(super) fn is_arithmetic(op: &Op) -> bool {
    matches!(
        op,
        Op::Add { .. }
            | Op::Sub { .. }
            | Op::Mul { .. }
            | Op::Div { .. }
            | Op::Mod { .. }
            | Op::AddK { .. }
            | Op::SubK { .. }
            | Op::MulK { .. }
            | Op::DivK { .. }
            | Op::ModK { .. }
            | Op::AddC { .. }
            | Op::SubC { .. }
            | Op::MulC { .. }
            | Op::DivC { .. }
            | Op::Arith { .. }
            | Op::ArithK { .. }
            | Op::Compare { .. }
            | Op::CompareC { .. }
            | Op::Neg { .. }
    )
}

/// Does an instruction jump by how two operands compare?
fn is_compared(op: &Op) -> bool {
    let mut operands = 0;
    let compares = |kind| matches!(kind, OperandKind::Read | OperandKind::Int16 | OperandKind::Const16);
    op.operands(|kind, _| operands += u8::from(compares(kind)));
    op.jump().is_some() && operands == 2
}
