//! Instructions that are no more than one method of the VM, executed for compiled code without starting the loop.
use super::Vm;
use crate::bytecode::op::{ArithCode, CompareCode, Op};
use crate::semantics::fault::Raise;

impl Vm {
    /// Executes an instruction of the running frame, which stands behind it already. Nothing if it takes the loop.
    pub(super) fn execute_directly(&mut self, op: Op) -> Option<Result<(), Raise>> {
        let code = |op: u8| ArithCode::ALL[usize::from(op)];
        Some(match op {
            Op::Add { dst, a, b } => self.arith(ArithCode::Add, dst, a, b),
            Op::Mul { dst, a, b } => self.arith(ArithCode::Mul, dst, a, b),
            Op::Arith { op, dst, a, b } => self.arith(code(op), dst, a, b),
            Op::Compare { op, dst, a, b } => self.compare(CompareCode::ALL[usize::from(op)], dst, a, b),
            Op::Contains { negate, dst, a, b } => self.contains(negate != 0, dst, a, b),
            Op::NewCell { slot } => self.new_cell(slot),
            Op::CellParam { slot } => self.cell_param(slot),
            Op::CellSet { cell, value, name } => self.cell_set(cell, value, name),
            Op::CaptureCellSet { index, value, name } => self.capture_set(index, value, name),
            Op::ModuleSet { value, var } => self.module_set(value, var),
            Op::MakeClosure { dst, closure } => self.make_closure(dst, closure),
            Op::IndexGet { dst, a, b } => self.index_get(dst, a, b),
            Op::IndexGetOrNull { dst, a, b } => self.index_get_or_null(dst, a, b),
            Op::Slice { kind, dst, a, bounds } => self.slice(kind, dst, a, bounds),
            Op::IndexSet { a, b, value } => self.index_set(a, b, value),
            Op::IndexUpdate { op, a, b, value } => self.index_update(code(op), a, b, value),
            Op::FieldSet { a, site, value } => self.field_set(a, site, value),
            Op::FieldUpdate { op, a, site, value } => self.field_update(code(op), a, site, value),
            Op::PlaceSet { path, keys, value } => self.place_set(path, keys, value),
            Op::PlaceUpdate { op, path, keys, value } => self.place_update(code(op), path, keys, value),
            Op::TakeOut { held, path, keys } => self.take_out(held, path, keys),
            Op::RootUpdate { op, path, old, value } => self.root_update(code(op), path, old, value),
            Op::MakeArray { dst, base, count } => self.make_array(dst, base, count),
            Op::MakeDict { dst, base, count } => self.make_dict(dst, base, count),
            Op::MakeStruct { dst, base, site } => self.make_struct(dst, base, site),
            Op::Interp { dst, base, template } => self.interp(dst, base, template),
            Op::InterpAppend { dst, base, template } => self.interp_append(dst, base, template),
            Op::LiteralUpdate { path, base, site } => self.literal_update(path, base, site),
            Op::CallBuiltinUpdate { argc, base, builtin, path } => self.call_builtin_update(argc, base, builtin, path),
            Op::CallMethodPlace { argc, dst, base, site } => self.call_method_on_place(argc, dst, base, site),
            Op::Construct { argc, dst, base, decl } => self.construct(argc, dst, base, decl),
            Op::MakeVariant { argc, dst, base, variant } => self.make_variant(argc, dst, base, variant),
            Op::Unwrap { dst, a, to } => self.unwrap_value(dst, a, i32::from(to)),
            Op::Test { a, test, to } => self.test(a, test, i32::from(to)),
            Op::Part { dst, a, part } => self.part(dst, a, part),
            _ => return None,
        })
    }
}
