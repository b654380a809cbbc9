//! Expressions: sugar goes, names become variables, callees known before execution become direct calls.
//!
//! Left spines (`a + b + …`, `a.b().c()…`) are as deep as the text is long, so [`Resolver::lower_spine`] walks them with a
//! loop. What it carries upward is a [`Lowered`]: a value, something known before execution, or a place still growing.
use super::hir::*;
use super::place::PlaceDraft;
use super::scope::Found;
use super::state::*;
use crate::builtins::{self, BuiltinId, BuiltinTypeId, ConstantId, NamespaceId, PreludeName};
use crate::diagnostics::Code;
use crate::source::Span;
use crate::syntax::ast;

/// What a name or path is, known before execution.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entity {
    Func(FuncId),
    Struct(StructId),
    Enum(EnumId),
    Variant(EnumId, u32),
    Module(ModuleId),
    Builtin(BuiltinId),
    BuiltinType(BuiltinTypeId),
    Constant(ConstantId),
    Namespace(NamespaceId),
    NameError(TextId),
}

/// A lowered expression, before it is known how it is used.
#[derive(Debug)]
pub(super) enum Lowered {
    Value(ExprId),
    Static(Entity, Span),
    Place(PlaceDraft),
}

impl<'a> Resolver<'a> {
    pub fn lower_expr(&mut self, id: ast::ExprId) -> ExprId {
        let lowered = self.lower_spine(id);
        self.value_of(lowered)
    }

    /// The value of what was lowered.
    pub fn value_of(&mut self, lowered: Lowered) -> ExprId {
        match lowered {
            Lowered::Value(expr) => expr,
            Lowered::Static(entity, span) => self.entity_value(entity, span),
            Lowered::Place(draft) => self.place_value(draft),
        }
    }

    fn entity_value(&mut self, entity: Entity, span: Span) -> ExprId {
        let kind = match entity {
            Entity::Func(func) => ExprKind::Func(func),
            Entity::Struct(decl) => ExprKind::Struct(decl),
            Entity::Enum(decl) => ExprKind::Enum(decl),
            Entity::Variant(decl, variant) => ExprKind::Variant(decl, variant),
            Entity::Module(module) => ExprKind::Module(module),
            Entity::Builtin(builtin) => ExprKind::Builtin(builtin),
            Entity::BuiltinType(ty) => ExprKind::BuiltinType(ty),
            Entity::Constant(constant) => ExprKind::Constant(constant),
            Entity::Namespace(namespace) => ExprKind::Namespace(namespace),
            Entity::NameError(message) => ExprKind::NameError(message),
        };
        self.expr(kind, span)
    }

    /// The operand that is evaluated first and may lie arbitrarily deep.
    fn left_of(&self, id: ast::ExprId) -> Option<ast::ExprId> {
        use ast::ExprKind::*;
        match self.ast()[id].kind {
            Binary { left, .. } | Logical { left, .. } => Some(left),
            Pipe { value, .. } => Some(value),
            Call { callee, .. } => Some(callee),
            MethodCall { receiver, .. } => Some(receiver),
            Field { base, .. } | Variant { base, .. } | Index { base, .. } => Some(base),
            Paren(inner) | OptionalChain(inner) | Try(inner) => Some(inner),
            _ => None,
        }
    }

    pub fn lower_spine(&mut self, id: ast::ExprId) -> Lowered {
        let mut spine = Vec::new();
        let mut leaf = id;
        while let Some(left) = self.left_of(leaf) {
            spine.push(leaf);
            leaf = left;
        }
        let mut lowered = self.lower_leaf(leaf);
        while let Some(node) = spine.pop() {
            lowered = self.lower_over(node, lowered);
        }
        lowered
    }

    /// The node `id` over its already lowered left operand.
    fn lower_over(&mut self, id: ast::ExprId, left: Lowered) -> Lowered {
        use ast::ExprKind as K;
        let ast::Expr { kind, span } = self.ast()[id];
        match kind {
            K::Paren(_) => left,
            K::Binary { op, right, .. } => {
                let left = self.value_of(left);
                let right = self.lower_expr(right);
                self.check_type_comparison(op, left, right, span);
                Lowered::Value(self.expr(ExprKind::Binary(binary_op(op), left, right), span))
            }
            K::Logical { op: ast::LogicalOp::Coalesce, right, .. } => {
                let first = self.value_of(left);
                let operands = self.lower_coalesce(first, right);
                Lowered::Value(self.expr(ExprKind::Coalesce(operands), span))
            }
            K::Logical { op, right, .. } => {
                let left = self.value_of(left);
                let right = self.lower_expr(right);
                let and = op == ast::LogicalOp::And;
                Lowered::Value(self.expr(if and { ExprKind::And(left, right) } else { ExprKind::Or(left, right) }, span))
            }
            K::Pipe { target, .. } => {
                let value = self.value_of(left);
                self.lower_pipe(value, target)
            }
            K::Call { args, .. } => {
                let callee = self.fix_callee(left);
                let args = self.lower_args(args, None);
                Lowered::Value(self.call(callee, args, span))
            }
            K::MethodCall { method, args, optional, .. } => self.lower_method(left, method, args, None, optional, span),
            K::Field { name, optional, .. } => self.lower_field(left, name, optional, span),
            K::Variant { name, .. } => self.lower_variant_path(left, name, span),
            K::Index { index, .. } => self.lower_index(left, index, span),
            K::OptionalChain(_) => {
                let inner = self.value_of(left);
                Lowered::Value(self.expr(ExprKind::OptChain(inner), span))
            }
            K::Try(_) => {
                let inner = self.value_of(left);
                let inner = self.typed_exit(inner);
                Lowered::Value(self.expr(ExprKind::Try(inner), span))
            }
            _ => left,
        }
    }

    /// The operands of `first ?? rest`, where `rest` may go on with `??`.
    fn lower_coalesce(&mut self, first: ExprId, mut rest: ast::ExprId) -> Box<[ExprId]> {
        let mut operands = vec![first];
        while let ast::ExprKind::Logical { op: ast::LogicalOp::Coalesce, left, right } = self.ast()[rest].kind {
            operands.push(self.lower_expr(left));
            rest = right;
        }
        operands.push(self.lower_expr(rest));
        operands.into()
    }

    /// A callee is evaluated before its arguments, so a place is read now.
    fn fix_callee(&mut self, callee: Lowered) -> Lowered {
        match callee {
            Lowered::Place(draft) => Lowered::Value(self.place_value(draft)),
            other => other,
        }
    }

    fn lower_pipe(&mut self, value: ExprId, target: ast::ExprId) -> Lowered {
        use ast::ExprKind as K;
        let ast::Expr { kind, span } = self.ast()[target];
        match kind {
            K::Call { callee, args } => {
                let callee = self.lower_spine(callee);
                let callee = self.fix_callee(callee);
                let args = self.lower_args(args, Some(value));
                Lowered::Value(self.call(callee, args, span))
            }
            K::MethodCall { receiver, method, args, optional } => {
                let receiver = self.lower_spine(receiver);
                self.lower_method(receiver, method, args, Some(value), optional, span)
            }
            K::Return(_) | K::Break(_) | K::Continue(_) | K::Throw(_) | K::Yield(_) | K::YieldFrom(_) => {
                let value_span = self.program[value].span;
                let first = self.stmt(StmtKind::Expr(value), value_span);
                let jump = self.lower_expr(target);
                let block = self.block(vec![first], Some(jump));
                Lowered::Value(self.expr(ExprKind::Block(block), span))
            }
            _ => {
                let callee = self.lower_spine(target);
                let callee = self.fix_callee(callee);
                let args = Args { positional: Box::new([Item::One(value)]), named: Box::new([]) };
                Lowered::Value(self.call(callee, args, span))
            }
        }
    }

    /// A call of `callee`, direct if it is known before execution.
    pub fn call(&mut self, callee: Lowered, mut args: Args, span: Span) -> ExprId {
        let kind = match callee {
            Lowered::Static(Entity::Func(func), _) => ExprKind::CallFunc { func, args },
            Lowered::Static(Entity::Builtin(builtin), _) => ExprKind::CallBuiltin { builtin, args },
            Lowered::Static(Entity::Struct(decl), _) => ExprKind::Construct { decl, args },
            Lowered::Static(Entity::Variant(decl, variant), _) if self.has_payload(decl, variant) => {
                ExprKind::MakeVariant { decl, variant, args }
            }
            other => {
                let callee = self.value_of(other);
                let described = self.annotation_of(callee);
                let whole = self.program[callee].span.of(self.sources.text(self.here())).to_owned();
                let result = self.typed_call(described, &whole, &mut args);
                let call = self.expr(ExprKind::Call { callee, args }, span);
                return self.typed_call_result(call, result, &whole);
            }
        };
        self.expr(kind, span)
    }

    fn has_payload(&self, decl: EnumId, variant: u32) -> bool {
        !self.program[decl].variants[variant as usize].payload.is_empty()
    }

    pub fn lower_args(&mut self, list: ast::List<ast::Arg>, first: Option<ExprId>) -> Args {
        let mut positional: Vec<Item> = first.map(Item::One).into_iter().collect();
        let mut named: Vec<(TextId, ExprId)> = Vec::new();
        for &arg in self.ast().list(list) {
            match arg {
                ast::Arg::Positional(value) => positional.push(Item::One(self.lower_expr(value))),
                ast::Arg::Spread(value) => positional.push(Item::Spread(self.lower_expr(value))),
                ast::Arg::Named { name, value } => {
                    let text = self.name(name);
                    if named.iter().any(|&(earlier, _)| earlier == text) {
                        let shown = self.program[text].to_string();
                        self.stop(Code::Duplicate, name.span, format!("argument '{shown}' is given twice"));
                    }
                    let value = self.lower_expr(value);
                    named.push((text, value));
                }
            }
        }
        Args { positional: positional.into(), named: named.into() }
    }

    fn lower_method(
        &mut self,
        receiver: Lowered,
        method: ast::Name,
        args: ast::List<ast::Arg>,
        first: Option<ExprId>,
        optional: bool,
        span: Span,
    ) -> Lowered {
        let name = self.name(method);
        let span = Span::new(method.span.start, span.end);
        if let Lowered::Static(entity, base_span) = receiver {
            return self.lower_static_method(entity, base_span, name, method.span, args, first, span);
        }
        let call = match receiver {
            Lowered::Place(mut draft) => {
                if optional {
                    draft.check_here();
                }
                self.lower_place_method(draft, name, args, first, span)
            }
            other => {
                let mut value = self.value_of(other);
                if optional {
                    let value_span = self.program[value].span;
                    value = self.expr(ExprKind::OptCheck(value), value_span);
                }
                let args = self.lower_args(args, first);
                let recv = Receiver::Value(value);
                self.expr(ExprKind::Method { recv, name, args, used: true }, span)
            }
        };
        Lowered::Value(call)
    }

    /// `m.f(…)`, `math.sqrt(…)`, `Shape.Circle(…)`, `Account.open(…)`: the receiver is known before execution.
    #[allow(clippy::too_many_arguments)]
    fn lower_static_method(
        &mut self,
        entity: Entity,
        base_span: Span,
        name: TextId,
        name_span: Span,
        args: ast::List<ast::Arg>,
        first: Option<ExprId>,
        span: Span,
    ) -> Lowered {
        if let Some(member) = self.member(entity, name, name_span) {
            let callee = self.fix_callee(member);
            let args = self.lower_args(args, first);
            return Lowered::Value(self.call(callee, args, span));
        }
        let base = self.entity_value(entity, base_span);
        let args = self.lower_args(args, first);
        let call = self.expr(ExprKind::Method { recv: Receiver::Value(base), name, args, used: true }, span);
        let owner = match entity {
            Entity::Struct(decl) => Some(Owner::Struct(decl)),
            Entity::Enum(decl) => Some(Owner::Enum(decl)),
            _ => None,
        };
        if let Some(&func) = owner.and_then(|owner| self.methods.get(&(owner, name))) {
            self.static_calls.push((call, func));
        }
        Lowered::Value(call)
    }

    /// `base.name` or `base::name` for a base known before execution, if the member is known too (or is known to be missing
    /// from a module or namespace).
    fn member(&mut self, entity: Entity, name: TextId, span: Span) -> Option<Lowered> {
        match entity {
            Entity::Module(module) => {
                let found = self.modules[module.index()].exports.get(&name).copied();
                Some(match found {
                    Some(exported) => self.exported(exported, name, span),
                    None => Lowered::Static(self.missing_member(module, name, span), span),
                })
            }
            Entity::Namespace(namespace) => {
                let found = builtins::namespace_member(namespace, &self.program[name]);
                Some(match found {
                    Some(prelude) => Lowered::Static(prelude_entity(prelude), span),
                    None => {
                        let member = self.program[name].to_string();
                        let space = builtins::namespace_name(namespace);
                        let message = format!("Undefined variable: {space}.{member}");
                        self.warn_undefined(span, &message, &member, builtins::namespace_members(namespace));
                        Lowered::Static(Entity::NameError(self.text(&message)), span)
                    }
                })
            }
            Entity::Enum(decl) => {
                self.variant_of(decl, name).map(|variant| Lowered::Static(Entity::Variant(decl, variant), span))
            }
            _ => None,
        }
    }

    fn missing_member(&mut self, module: ModuleId, name: TextId, span: Span) -> Entity {
        let member = self.program[name].to_string();
        let module_name = self.program[self.program[module].name].to_string();
        let message = format!("Undefined variable: {module_name}.{member} (the module has no export of this name)");
        let names: Vec<String> =
            self.modules[module.index()].exports.keys().map(|&export| self.program[export].to_string()).collect();
        self.warn_undefined(span, &message, &member, names.iter().map(String::as_str));
        Entity::NameError(self.text(&message))
    }

    pub fn variant_of(&self, decl: EnumId, name: TextId) -> Option<u32> {
        let variants = &self.program[decl].variants;
        variants.iter().position(|variant| variant.name == name).map(|index| index as u32)
    }

    /// An export of another module, as seen from this one.
    fn exported(&mut self, exported: Exported, name: TextId, span: Span) -> Lowered {
        let entity = match exported {
            Exported::Binding(binding) => {
                let var = self.refer(binding, RefKind::Read);
                return Lowered::Place(PlaceDraft::new(var, name, span, Access::Import));
            }
            Exported::Func(func) => Entity::Func(func),
            Exported::Struct(decl) => Entity::Struct(decl),
            Exported::Enum(decl) => Entity::Enum(decl),
            Exported::Module(module) => Entity::Module(module),
        };
        Lowered::Static(entity, span)
    }

    pub fn lower_field(&mut self, base: Lowered, name: ast::Name, optional: bool, span: Span) -> Lowered {
        let text = self.name(name);
        let span = Span::new(name.span.start, span.end);
        match base {
            Lowered::Static(entity, base_span) => {
                if let Some(member) = self.member(entity, text, name.span) {
                    return member;
                }
                let base = self.entity_value(entity, base_span);
                Lowered::Value(self.expr(ExprKind::Field { base, name: text, optional }, span))
            }
            Lowered::Place(mut draft) => {
                if optional {
                    draft.check_here();
                }
                draft.push_field(text, span);
                Lowered::Place(draft)
            }
            Lowered::Value(mut base) => {
                if optional {
                    let base_span = self.program[base].span;
                    base = self.expr(ExprKind::OptCheck(base), base_span);
                }
                Lowered::Value(self.expr(ExprKind::Field { base, name: text, optional }, span))
            }
        }
    }

    fn lower_variant_path(&mut self, base: Lowered, name: ast::Name, span: Span) -> Lowered {
        let text = self.name(name);
        if let Lowered::Static(entity, _) = base
            && let Some(member) = self.member(entity, text, name.span)
        {
            return match member {
                Lowered::Static(entity, _) => Lowered::Static(entity, span),
                other => other,
            };
        }
        let base = self.value_of(base);
        let span = Span::new(name.span.start, span.end);
        Lowered::Value(self.expr(ExprKind::Path { base, name: text }, span))
    }

    fn lower_index(&mut self, base: Lowered, index: ast::ExprId, span: Span) -> Lowered {
        let is_target = std::mem::replace(&mut self.at.in_target, false);
        let lowered = self.lower_index_in(base, index, span, is_target);
        self.at.in_target = is_target;
        lowered
    }

    /// `is_target`: of an assignment, where a range is a key and not a slice.
    fn lower_index_in(&mut self, base: Lowered, index: ast::ExprId, span: Span, is_target: bool) -> Lowered {
        if let ast::ExprKind::Range { start, end, inclusive } = self.ast()[index].kind
            && !is_target
        {
            let base = self.value_of(base);
            let start = start.map(|start| self.lower_expr(start));
            let end = end.map(|end| self.lower_expr(end));
            return Lowered::Value(self.expr(ExprKind::Slice { base, start, end, inclusive }, span));
        }
        if let Lowered::Place(mut draft) = base {
            let index = self.lower_expr(index);
            draft.push_index(index, span);
            return Lowered::Place(draft);
        }
        let base = self.value_of(base);
        let index = self.lower_expr(index);
        Lowered::Value(self.expr(ExprKind::Index { base, index }, span))
    }

    /// An expression without a left operand.
    fn lower_leaf(&mut self, id: ast::ExprId) -> Lowered {
        use ast::ExprKind as K;
        let ast::Expr { kind, span } = self.ast()[id];
        if !self.deeper(span) {
            return Lowered::Value(self.expr(ExprKind::Null, span));
        }
        match kind {
            K::Name(symbol) => {
                let name = self.symbol(symbol);
                return self.lower_name(name, span);
            }
            K::SelfValue => {
                return match self.self_binding(span) {
                    Some(binding) => Lowered::Place(self.self_place(binding, span)),
                    None => Lowered::Value(self.expr(ExprKind::Null, span)),
                };
            }
            _ => {}
        }
        let (kind, span) = self.lower_leaf_kind(kind, span);
        Lowered::Value(self.expr(kind, span))
    }

    pub fn self_place(&mut self, binding: BindingId, span: Span) -> PlaceDraft {
        let var = self.refer(binding, RefKind::Read);
        let name = self.text("self");
        PlaceDraft::new(var, name, span, Access::SelfPlace)
    }

    fn lower_leaf_kind(&mut self, kind: ast::ExprKind, span: Span) -> (ExprKind, Span) {
        use ast::ExprKind as K;
        let keyword = |length| Span::new(span.start, span.start + length);
        let lowered = match kind {
            K::Error | K::Null => ExprKind::Null,
            K::Bool(value) => ExprKind::Bool(value),
            K::Int(value) => ExprKind::Int(value),
            K::Float(value) => ExprKind::Float(value),
            K::BigInt(digits) => self.big_int(digits),
            K::Str(text) => ExprKind::Str(self.literal(text)),
            K::Interpolated(parts) => self.lower_parts(parts),
            K::Array(elements) => self.lower_array(elements),
            K::Dict(entries) => self.lower_dict(entries),
            K::StructLiteral { path, fields } => self.lower_struct_literal(path, fields),
            K::Unary { op, operand } => self.lower_unary(op, operand),
            K::Range { start, end, inclusive } => {
                let (start, end) = (self.range_end(start, span), self.range_end(end, span));
                ExprKind::Range { start, end, inclusive }
            }
            K::Await(operand) => {
                self.check_await(keyword(5));
                ExprKind::Await(self.lower_expr(operand))
            }
            K::Yield(value) => {
                self.check_yield(keyword(5));
                ExprKind::Yield(value.map(|value| self.lower_expr(value)))
            }
            K::YieldFrom(value) => {
                self.check_yield(keyword(5));
                ExprKind::YieldFrom(self.lower_expr(value))
            }
            K::Throw(value) => {
                let value = self.lower_expr(value);
                return (ExprKind::Throw(value), keyword(5));
            }
            K::Func(func) => self.lower_function_literal(func),
            K::If { arms, otherwise } => self.lower_if_value(arms, otherwise),
            K::Match { subject, arms } => ExprKind::Match(Box::new(self.lower_match(subject, arms, span, true))),
            K::Spawn(body) => self.lower_spawn(body, span),
            K::Return(value) => {
                self.check_return(keyword(6));
                let value = value.map(|value| self.lower_expr(value));
                ExprKind::Return(self.typed_result(value, span))
            }
            K::Break(label) => self.find_loop(label, keyword(5), "break").map_or(ExprKind::Null, ExprKind::Break),
            K::Continue(label) => self.find_loop(label, keyword(8), "continue").map_or(ExprKind::Null, ExprKind::Continue),
            K::Name(_) | K::SelfValue | K::Paren(_) | K::Binary { .. } | K::Logical { .. } | K::Pipe { .. } => {
                unreachable!("names and left spines are lowered elsewhere")
            }
            K::Call { .. } | K::MethodCall { .. } | K::Field { .. } | K::Variant { .. } | K::Index { .. } => {
                unreachable!("left spines are lowered elsewhere")
            }
            K::OptionalChain(_) | K::Try(_) => unreachable!("left spines are lowered elsewhere"),
        };
        (lowered, span)
    }

    fn range_end(&mut self, end: Option<ast::ExprId>, span: Span) -> ExprId {
        match end {
            Some(end) => self.lower_expr(end),
            None => self.expr(ExprKind::Null, span),
        }
    }

    pub fn literal(&mut self, text: ast::Text) -> TextId {
        let ast = self.ast();
        self.text(ast.str(text))
    }

    fn big_int(&mut self, digits: ast::Text) -> ExprKind {
        let written = self.ast().str(digits);
        ExprKind::BigInt(self.text(&decimal(written)))
    }

    fn lower_unary(&mut self, op: ast::UnaryOp, operand: ast::ExprId) -> ExprKind {
        let operand = self.lower_expr(operand);
        let op = match op {
            ast::UnaryOp::Neg => match &self.program[operand].kind {
                // A negative literal; a positive one always has a negative counterpart.
                ExprKind::Int(value) if *value >= 0 => return ExprKind::Int(-value),
                ExprKind::Float(value) => return ExprKind::Float(-value),
                ExprKind::BigInt(digits) if &self.program[*digits] == "9223372036854775808" => {
                    return ExprKind::Int(i64::MIN);
                }
                _ => UnaryOp::Neg,
            },
            ast::UnaryOp::Not => UnaryOp::Not,
            ast::UnaryOp::BitNot => UnaryOp::BitNot,
        };
        ExprKind::Unary(op, operand)
    }

    /// A name that is read.
    pub fn lower_name(&mut self, name: TextId, span: Span) -> Lowered {
        match self.find(name) {
            Found::Binding(binding) => self.lower_binding(binding, name, span),
            Found::Barred => {
                let text = &self.program[name];
                let message = format!(
                    "Undefined variable: {text} (methods, field defaults and tests cannot use the variables of a function around them)"
                );
                Lowered::Static(Entity::NameError(self.text(&message)), span)
            }
            Found::Field(method) => {
                self.facts[method.index()].instance = true;
                let binding = self.implicit_self(method);
                let mut draft = self.self_place(binding, span);
                draft.push_field(name, span);
                Lowered::Place(draft)
            }
            Found::Import(imported) => self.lower_imported(imported, name, span),
            Found::Prelude(prelude) => Lowered::Static(prelude_entity(prelude), span),
            Found::Nothing => Lowered::Static(self.undefined(name, span), span),
        }
    }

    fn lower_binding(&mut self, binding: BindingId, name: TextId, span: Span) -> Lowered {
        let found = &self.bindings[binding];
        match found.kind {
            BindingKind::Struct(decl) => return Lowered::Static(Entity::Struct(decl), span),
            BindingKind::Enum(decl) => return Lowered::Static(Entity::Enum(decl), span),
            BindingKind::Func(func) if found.module_level => return Lowered::Static(Entity::Func(func), span),
            _ => {}
        }
        let access = if found.kind.is_mutable() { Access::Mutable } else { Access::Immutable };
        self.note_later_read(binding);
        let var = self.refer(binding, RefKind::Read);
        Lowered::Place(PlaceDraft::new(var, name, span, access))
    }

    fn lower_imported(&mut self, imported: Imported, name: TextId, span: Span) -> Lowered {
        match imported {
            Imported::Named(exported) | Imported::Bulk(exported, _) => self.exported(exported, name, span),
            Imported::Ambiguous(one, other) => {
                let text = self.program[name].to_string();
                let (one, other) = (self.short_name(one), self.short_name(other));
                let message =
                    format!("'{text}' is exported by both {one} and {other}; write {one}.{text} or {other}.{text}");
                let source = self.here();
                let warning = crate::diagnostics::Diagnostic::error(Code::UndefinedName, source, span, &*message);
                self.warnings.push(warning);
                Lowered::Static(Entity::NameError(self.text(&message)), span)
            }
            Imported::Missing => {
                let message = format!("Undefined variable: {}", &self.program[name]);
                Lowered::Static(Entity::NameError(self.text(&message)), span)
            }
        }
    }

    /// The name under which `import a.b` binds a module: `b`.
    fn short_name(&self, module: ModuleId) -> String {
        let name = &self.program[self.program[module].name];
        name.rsplit('.').next().unwrap_or(name).to_string()
    }

    /// The `self` of a method that does not write it.
    pub fn implicit_self(&mut self, method: FuncId) -> BindingId {
        self.facts[method.index()].self_binding.expect("every method has a self, written or not")
    }

    /// A name found nowhere. Its text is unique, so that it can be completed later.
    pub fn undefined(&mut self, name: TextId, span: Span) -> Entity {
        let message = TextId(self.program.texts.len() as u32);
        self.program.texts.push(format!("Undefined variable: {}", &self.program[name]).into());
        let (module, func, scope) = (self.at.module, self.at.func, self.at.scope);
        self.unknowns.push(Unknown { message, name, span, module, func, scope });
        Entity::NameError(message)
    }

    fn check_type_comparison(&mut self, op: ast::BinaryOp, left: ExprId, right: ExprId, span: Span) {
        if !matches!(op, ast::BinaryOp::Eq | ast::BinaryOp::Ne) {
            return;
        }
        let Some(ty) = self.compared_type(left, right).or_else(|| self.compared_type(right, left)) else { return };
        let name = builtins::BUILTIN_TYPES[usize::from(ty.0)];
        let message = format!(
            "type(x) is a string and never equals the type {name}: write `type(x) {} \"{name}\"` or `is_{name}(x)`",
            op.text()
        );
        self.stop(Code::TypeComparison, span, message);
    }

    fn compared_type(&self, call: ExprId, ty: ExprId) -> Option<BuiltinTypeId> {
        match (&self.program[call].kind, &self.program[ty].kind) {
            (ExprKind::CallBuiltin { builtin, .. }, &ExprKind::BuiltinType(ty)) if Some(*builtin) == self.type_builtin => {
                Some(ty)
            }
            _ => None,
        }
    }
}

pub(super) fn prelude_entity(prelude: PreludeName) -> Entity {
    match prelude {
        PreludeName::Function(id) => Entity::Builtin(id),
        PreludeName::Constant(id) => Entity::Constant(id),
        PreludeName::Type(id) => Entity::BuiltinType(id),
        PreludeName::Namespace(id) => Entity::Namespace(id),
        PreludeName::Variant { decl, variant } => Entity::Variant(EnumId(decl), variant),
        PreludeName::Enum(decl) => Entity::Enum(EnumId(decl)),
    }
}

pub(super) fn binary_op(op: ast::BinaryOp) -> BinaryOp {
    match op {
        ast::BinaryOp::Add => BinaryOp::Add,
        ast::BinaryOp::Sub => BinaryOp::Sub,
        ast::BinaryOp::Mul => BinaryOp::Mul,
        ast::BinaryOp::Div => BinaryOp::Div,
        ast::BinaryOp::Mod => BinaryOp::Mod,
        ast::BinaryOp::Pow => BinaryOp::Pow,
        ast::BinaryOp::BitAnd => BinaryOp::BitAnd,
        ast::BinaryOp::BitOr => BinaryOp::BitOr,
        ast::BinaryOp::BitXor => BinaryOp::BitXor,
        ast::BinaryOp::Shl => BinaryOp::Shl,
        ast::BinaryOp::Shr => BinaryOp::Shr,
        ast::BinaryOp::Eq => BinaryOp::Eq,
        ast::BinaryOp::Ne => BinaryOp::Ne,
        ast::BinaryOp::Lt => BinaryOp::Lt,
        ast::BinaryOp::Le => BinaryOp::Le,
        ast::BinaryOp::Gt => BinaryOp::Gt,
        ast::BinaryOp::Ge => BinaryOp::Ge,
        ast::BinaryOp::In => BinaryOp::In,
        ast::BinaryOp::NotIn => BinaryOp::NotIn,
    }
}

/// The decimal digits of an integer literal.
fn decimal(written: &str) -> String {
    let radix = match written.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => return written.to_string(),
    };
    match dashu_int::UBig::from_str_radix(&written[2..], radix) {
        Ok(value) => value.to_string(),
        Err(_) => "0".to_string(),
    }
}
