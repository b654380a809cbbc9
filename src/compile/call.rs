//! Calls. Arguments are evaluated straight into the consecutive temporaries that become the callee's frame.
use super::{Builder, Reg, plain_local};
use crate::builtins::{self, BuiltinId, ParamKind as BuiltinParam};
use crate::bytecode::chunk::{CallSite, Callee, MethodSite};
use crate::bytecode::op::Op;
use crate::resolve::hir::{
    Args, EnumId, ExprId, ExprKind, FuncId, FunctionKind, Item, ParamKind, PathSegment, PlaceId, Receiver, SelfMode,
    StructId, Take, TextId, Var,
};

/// Most arguments of the compact call instructions.
const MOST: usize = 255;

impl Builder<'_> {
    pub(super) fn call_value_to(&mut self, expr: ExprId, callee: ExprId, args: &Args, dst: Reg) {
        let function = self.temp();
        self.expr_to(callee, function);
        if args.is_plain() && args.positional.len() <= MOST {
            let base = self.plain_args(args);
            self.span = self.program[expr].span;
            self.emit(Op::CallValue { argc: args.positional.len() as u8, dst, base });
        } else {
            self.general_call(expr, Callee::Value, function, args, dst);
        }
    }

    /// Evaluates plain arguments into new temporaries; gives the first (or where it would be).
    fn plain_args(&mut self, args: &Args) -> Reg {
        let base = super::TEMP | self.mark();
        for item in &args.positional {
            let (Item::One(value) | Item::Spread(value)) = item;
            let register = self.temp();
            self.expr_to(*value, register);
        }
        base
    }

    /// A call that only the callee's parameters can sort out; the window from `base` on already holds what `callee` says.
    fn general_call(&mut self, expr: ExprId, callee: Callee, base: Reg, args: &Args, dst: Reg) {
        let mut spread = Vec::with_capacity(args.positional.len());
        for item in &args.positional {
            let (Item::One(value) | Item::Spread(value)) = item;
            spread.push(matches!(item, Item::Spread(_)));
            let register = self.temp();
            self.expr_to(*value, register);
        }
        let mut named = Vec::with_capacity(args.named.len());
        for (name, value) in &args.named {
            named.push(self.name(*name));
            let register = self.temp();
            self.expr_to(*value, register);
        }
        let site = self.table_index(self.chunk.calls.len(), "calls");
        self.chunk.calls.push(CallSite { callee, spread: spread.into(), named: named.into() });
        self.span = self.program[expr].span;
        self.emit(Op::CallArgs { dst, base, site });
    }

    fn next_base(&self) -> Reg {
        super::TEMP | self.mark()
    }

    pub(super) fn call_func_to(&mut self, expr: ExprId, func: FuncId, args: &Args, dst: Reg) {
        let base = self.next_base();
        let Some(plan) = self.plan_for(func, args) else {
            return self.general_call(expr, Callee::Func(func.0), base, args, dst);
        };
        let argc = plan.slots as u8;
        self.planned_args(&plan, args, 0);
        self.span = self.program[expr].span;
        let entry = func.0;
        let func = self.shared_entry(|builder| &mut builder.chunk.functions, entry, "functions");
        self.emit(Op::CallFunc { argc, dst, base, func });
    }

    /// How the arguments fill the parameters of a function known now; `None` if that is not certain to be without fault.
    fn plan_for(&self, func: FuncId, args: &Args) -> Option<Plan> {
        let function = &self.program[func];
        if function.self_mode != SelfMode::None || matches!(function.kind, FunctionKind::VariantConstructor(..)) {
            return None;
        }
        let kinds: Vec<Slot<'_>> = function
            .params
            .iter()
            .map(|param| Slot {
                name: &self.program[param.name],
                rest: param.kind == ParamKind::Rest,
                named_only: param.kind == ParamKind::NamedOnly,
                optional: param.default.is_some(),
            })
            .collect();
        self.plan(&kinds, args)
    }

    fn plan(&self, params: &[Slot<'_>], args: &Args) -> Option<Plan> {
        if args.positional.iter().any(|item| matches!(item, Item::Spread(_))) || params.len() > MOST {
            return None;
        }
        let given = args.positional.len();
        let rest = params.iter().position(|param| param.rest);
        let positional = rest.unwrap_or_else(|| params.iter().filter(|param| !param.named_only).count());
        if given > positional && rest.is_none() {
            return None;
        }
        let mut named = vec![None; params.len()];
        for (n, (name, _)) in args.named.iter().enumerate() {
            let at = params.iter().position(|param| param.name == &self.program[*name] && !param.rest)?;
            let taken = at < given.min(positional) || named[at].is_some();
            if taken {
                return None;
            }
            named[at] = Some(n);
        }
        let missing = |at: usize, param: &Slot<'_>| !param.rest && !param.optional && named[at].is_none();
        if params.iter().enumerate().skip(given.min(positional)).any(|(at, param)| missing(at, param)) {
            return None;
        }
        Some(Plan { slots: params.len(), direct: given.min(positional), rest, named })
    }

    /// Arguments are evaluated in source order, each into the slot of its parameter; the first `skip` are left out.
    fn planned_args(&mut self, plan: &Plan, args: &Args, skip: usize) {
        let registers: Vec<Reg> = (0..plan.slots).map(|_| self.temp()).collect();
        for (item, register) in args.positional.iter().zip(&registers[..plan.direct]).skip(skip) {
            let (Item::One(value) | Item::Spread(value)) = item;
            self.expr_to(*value, *register);
        }
        if let Some(rest) = plan.rest {
            self.array_of(&args.positional[plan.direct..], registers[rest]);
        }
        for (n, (_, value)) in args.named.iter().enumerate() {
            if let Some(at) = plan.named.iter().position(|named| *named == Some(n)) {
                self.expr_to(*value, registers[at]);
            }
        }
        for (at, register) in registers.iter().enumerate().skip(plan.direct) {
            if plan.rest != Some(at) && plan.named[at].is_none() {
                self.emit(Op::LoadMissing { dst: *register });
            }
        }
    }

    pub(super) fn call_builtin_to(&mut self, expr: ExprId, builtin: BuiltinId, args: &Args, dst: Reg) {
        let base = self.next_base();
        let Some(plan) = self.plan_builtin(builtin, args) else {
            return self.general_call(expr, Callee::Builtin(builtin.0), base, args, dst);
        };
        self.planned_args(&plan, args, 0);
        self.span = self.program[expr].span;
        self.emit(Op::CallBuiltin { argc: plan.slots as u8, dst, base, builtin: builtin.0 });
    }

    fn plan_builtin(&self, builtin: BuiltinId, args: &Args) -> Option<Plan> {
        let params = builtins::info(builtin).params;
        let after_rest = params.iter().position(|param| param.kind == BuiltinParam::Rest).unwrap_or(params.len());
        let slots: Vec<Slot<'_>> = params
            .iter()
            .enumerate()
            .map(|(at, param)| Slot {
                name: param.name,
                rest: param.kind == BuiltinParam::Rest,
                named_only: at > after_rest,
                optional: !matches!(param.kind, BuiltinParam::Required | BuiltinParam::Rest),
            })
            .collect();
        self.plan(&slots, args)
    }

    /// `x = f(x, e)` with a builtin: works on the variable's own value. Gives the register of the result, or `None` if the
    /// call is not of that form.
    pub(super) fn call_builtin_update(&mut self, expr: ExprId, var: Var) -> Option<Reg> {
        let ExprKind::CallBuiltin { builtin, args } = &self.program[expr].kind else { return None };
        let Some(Item::One(first)) = args.positional.first() else { return None };
        let ExprKind::Var { var: read, name, take: Take::Update { deferred } } = self.program[*first].kind else {
            return None;
        };
        if read != var {
            return None;
        }
        let path = self.root_path(var, name);
        self.builtin_update(expr, *builtin, args, path, usize::from(deferred))
    }

    /// The call of a builtin whose first argument is the value at `path`; it is not evaluated if it is among the `skipped`.
    pub(super) fn builtin_update(
        &mut self,
        expr: ExprId,
        builtin: BuiltinId,
        args: &Args,
        path: u16,
        skipped: usize,
    ) -> Option<Reg> {
        let plan = self.plan_builtin(builtin, args).filter(|plan| plan.direct > 0)?;
        let base = self.next_base();
        self.planned_args(&plan, args, skipped);
        self.span = self.program[expr].span;
        self.emit(Op::CallBuiltinUpdate { argc: plan.slots as u8, base, builtin: builtin.0, path });
        self.release(base & !super::TEMP);
        Some(self.temp())
    }

    pub(super) fn construct_to(&mut self, expr: ExprId, decl: StructId, args: &Args, dst: Reg) {
        let base = self.next_base();
        let argc = match self.plan_fields(decl, args) {
            Some(plan) => {
                self.planned_args(&plan, args, 0);
                plan.slots
            }
            None if args.is_plain() && args.positional.len() <= MOST => {
                self.plain_args(args);
                args.positional.len()
            }
            None => return self.general_call(expr, Callee::Construct(decl.0), base, args, dst),
        };
        self.span = self.program[expr].span;
        let entry = decl.0;
        let decl = self.shared_entry(|builder| &mut builder.chunk.structs, entry, "structs");
        self.emit(Op::Construct { argc: argc as u8, dst, base, decl });
    }

    /// How arguments, some of them named, fill all fields of a struct.
    fn plan_fields(&self, decl: StructId, args: &Args) -> Option<Plan> {
        if args.named.is_empty() {
            return None;
        }
        let field = |name: TextId| Slot { name: &self.program[name], rest: false, named_only: false, optional: false };
        let fields: Vec<Slot<'_>> = self.program[decl].fields.iter().map(|found| field(found.name)).collect();
        self.plan(&fields, args)
    }

    pub(super) fn make_variant_to(&mut self, expr: ExprId, decl: EnumId, variant: u32, args: &Args, dst: Reg) {
        let base = self.next_base();
        if !args.is_plain() || args.positional.len() > MOST {
            return self.general_call(expr, Callee::Variant(decl.0, variant), base, args, dst);
        }
        self.plain_args(args);
        self.span = self.program[expr].span;
        let entry = (decl.0, variant);
        let variant = self.shared_entry(|builder| &mut builder.chunk.variants, entry, "variants");
        self.emit(Op::MakeVariant { argc: args.positional.len() as u8, dst, base, variant });
    }

    // ---- methods ----

    pub(super) fn method_to(&mut self, expr: ExprId, recv: Receiver, name: TextId, args: &Args, used: bool, dst: Reg) {
        match recv {
            Receiver::Value(value) => {
                let base = self.temp();
                self.expr_to(value, base);
                self.method_on(expr, base, name, args, used, dst, None);
            }
            Receiver::Place(place) => self.method_on_place(expr, place, name, args, used, dst),
        }
    }

    pub(super) fn method_site(&mut self, name: TextId, path: Option<u16>, keys: u16, used: bool) -> u16 {
        let site = MethodSite { name: self.name(name), path, keys, used };
        let index = self.table_index(self.chunk.methods.len(), "method calls");
        self.chunk.methods.push(site);
        index
    }

    /// A call on a value: in `base`, or read from a place after the arguments.
    #[allow(clippy::too_many_arguments)]
    fn method_on(
        &mut self,
        expr: ExprId,
        base: Reg,
        name: TextId,
        args: &Args,
        used: bool,
        dst: Reg,
        place: Option<PlaceId>,
    ) {
        let site = self.method_site(name, None, 0, used);
        if args.is_plain() && args.positional.len() < MOST {
            self.plain_args(args);
            if let Some(place) = place {
                self.read_fields_to(place, base);
            }
            self.span = self.program[expr].span;
            self.emit(Op::CallMethod { argc: args.positional.len() as u8, dst, base, site });
        } else {
            self.general_call(expr, Callee::Method(site), base, args, dst);
        }
    }

    fn method_on_place(&mut self, expr: ExprId, id: PlaceId, name: TextId, args: &Args, used: bool, dst: Reg) {
        let place = &self.program[id];
        let simple = args.is_plain() && args.positional.len() < MOST;
        if place.is_keyless() && simple && !self.may_mutate(name) {
            let base = self.temp();
            return self.method_on(expr, base, name, args, used, dst, Some(id));
        }
        let base = self.next_base();
        let keys = self.keys(place);
        let path = self.place_path(place);
        let site = self.method_site(name, Some(path), keys, used);
        // The self slot.
        self.temp();
        if simple {
            self.plain_args(args);
            self.span = self.program[expr].span;
            self.emit(Op::CallMethodPlace { argc: args.positional.len() as u8, dst, base, site });
        } else {
            self.general_call(expr, Callee::Place(site), base, args, dst);
        }
    }

    /// Whether some method of this name changes its receiver.
    pub(super) fn may_mutate(&self, name: TextId) -> bool {
        self.options.open || self.program.may_mutate(name)
    }

    /// Reads a place whose path has only fields.
    pub(super) fn read_fields_to(&mut self, id: PlaceId, dst: Reg) {
        let place = &self.program[id];
        let mut from = match plain_local(place.root) {
            Some(local) if !place.path.is_empty() => local,
            _ => {
                self.span = place.span;
                self.variable_to(place.root, place.name, Take::No, dst);
                dst
            }
        };
        for segment in &place.path {
            let PathSegment::Field(name, span) = segment else { continue };
            self.span = *span;
            let site = self.field_site(*name, false);
            self.emit(Op::FieldGet { dst, a: from, site });
            from = dst;
        }
    }
}

/// A parameter as far as filling it goes.
struct Slot<'a> {
    name: &'a str,
    rest: bool,
    named_only: bool,
    optional: bool,
}

/// Which argument goes to which parameter.
struct Plan {
    slots: usize,
    /// The first arguments go to the first parameters.
    direct: usize,
    /// The parameter that collects the other positional arguments.
    rest: Option<usize>,
    /// For each parameter the named argument it receives.
    named: Vec<Option<usize>>,
}
