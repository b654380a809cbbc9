//! Calls that cannot succeed, struct literals with wrong fields, and results that are thrown away.
use ahash::AHashSet;

use super::Checker;
use crate::builtins::{self, BuiltinId};
use crate::diagnostics::Code;
use crate::resolve::hir::{
    Args, DictItem, EnumDecl, Expr, ExprId, ExprKind, FieldItem, Item, PathSegment, Receiver, StmtId, StmtKind, StructDecl,
    TextId,
};
use crate::semantics::call::{FnInfo, ParamInfo, ParamKind, bind_args};
use crate::source::Span;
use crate::value::Value;

impl Checker<'_> {
    pub(super) fn calls(&mut self) {
        for expr in self.exprs() {
            self.call(expr);
        }
        let attempts = self.attempted();
        let program = self.program;
        for index in program[self.module].stmts.clone() {
            let tried = attempts.contains(&StmtId(index as u32));
            if let StmtKind::Expr(value) = program.stmts[index].kind {
                self.discarded(value, tried);
            }
        }
    }

    fn call(&mut self, expr: &Expr) {
        let program = self.program;
        match &expr.kind {
            ExprKind::CallFunc { func, args } => self.arguments(&(self.describe)(*func), args, expr.span),
            ExprKind::CallBuiltin { builtin, args } => self.arguments(builtins::fn_info(*builtin), args, expr.span),
            ExprKind::Construct { decl, args } => self.arguments(&constructor(self, &program[*decl]), args, expr.span),
            ExprKind::MakeVariant { decl, variant, args } => {
                if let Some(function) = program[*decl].variants[*variant as usize].constructor {
                    self.arguments(&(self.describe)(function), args, expr.span);
                }
            }
            ExprKind::Path { base, name } | ExprKind::Field { base, name, .. } => {
                if let ExprKind::Enum(decl) = program[*base].kind {
                    self.variant(&program[decl], *name, expr.span);
                }
            }
            ExprKind::StructLit { ty, items } => {
                if let ExprKind::Struct(decl) = program[*ty].kind {
                    self.fields(&program[decl], items, expr.span);
                }
            }
            _ => {}
        }
    }

    /// Whether the arguments meet the parameters, whatever their values.
    fn arguments(&mut self, info: &FnInfo, args: &Args, span: Span) {
        if args.positional.iter().any(|item| matches!(item, Item::Spread(_))) {
            return;
        }
        let positional = vec![Value::Null; args.positional.len()];
        let named = args.named.iter().map(|&(name, _)| (&self.program[name], Value::Null)).collect();
        if let Err(raise) = bind_args(info, positional, named)
            && let Some(fault) = raise.as_fault()
        {
            self.error(Code::WrongArguments, span, fault.message());
        }
    }

    /// A member of an enum that is neither a method nor (or it would have been found before) a variant.
    fn variant(&mut self, decl: &EnumDecl, name: TextId, span: Span) {
        let program = self.program;
        if decl.methods.iter().any(|method| method.name == name) {
            return;
        }
        let variants: Vec<&str> = decl.variants.iter().map(|variant| &program[variant.name]).collect();
        let (ty, name) = (&program[decl.name], &program[name]);
        let message = format!("{ty} has no variant {name}: its variants are {}", variants.join(", "));
        self.error(Code::UndefinedName, span, message);
    }

    fn fields(&mut self, decl: &StructDecl, items: &[FieldItem], span: Span) {
        let program = self.program;
        let ty = &program[decl.name];
        let mut given = AHashSet::new();
        let mut has_base = false;
        for item in items {
            match *item {
                FieldItem::Spread(_) => has_base = true,
                FieldItem::Field { name, span, .. } => {
                    given.insert(name);
                    if decl.fields.iter().all(|field| field.name != name) {
                        let fields: Vec<&str> = decl.fields.iter().map(|field| &program[field.name]).collect();
                        let message = format!("{ty} has no field {}: its fields are {}", &program[name], fields.join(", "));
                        self.error(Code::WrongArguments, span, message);
                    }
                }
            }
        }
        let missing = decl.fields.iter().find(|field| field.default.is_none() && !given.contains(&field.name));
        if let (Some(field), false) = (missing, has_base) {
            self.error(Code::WrongArguments, span, format!("{ty} needs a value for the field {}", &program[field.name]));
        }
    }

    /// The statements that stand directly in a `try`: whether they fail may be all that is asked.
    fn attempted(&self) -> AHashSet<StmtId> {
        let program = self.program;
        let bodies = self.stmts().iter().filter_map(|stmt| match &stmt.kind {
            StmtKind::Try(found) => Some(found.body),
            _ => None,
        });
        bodies.flat_map(|body| program[body].stmts.iter().copied()).collect()
    }

    /// A call of a pure builtin as a statement.
    fn discarded(&mut self, value: ExprId, tried: bool) {
        let program = self.program;
        let (builtin, method) = match program[value].kind {
            ExprKind::CallBuiltin { builtin, .. } => (builtin, false),
            ExprKind::Method { name, used: false, ref args, recv } => match self.builtin_method(name, args, recv) {
                Some(builtin) => (builtin, true),
                None => return,
            },
            _ => return,
        };
        let row = builtins::info(builtin);
        let changes_nothing = row.mutating().is_some() && !method;
        if !changes_nothing && (!row.effects.is_pure() || tried && row.effects.can_fault()) {
            return;
        }
        let span = program[value].span;
        if self.found.iter().any(|found| found.span == span) {
            // It never gives one.
            return;
        }
        let name = row.name;
        let message = format!("the result of {name} is thrown away, and {name} changes nothing");
        let help = match row.mutating() {
            Some(_) => format!("the method changes its place: `x.{name}(…)`; or use the result: `x := {name}(…)`"),
            None => format!("use the result: `x := …{name}(…)`"),
        };
        self.warn(Code::DiscardedResult, span, message, help);
    }

    /// The pure builtin that a method call runs, if nothing else can be meant.
    fn builtin_method(&self, name: TextId, args: &Args, receiver: Receiver) -> Option<BuiltinId> {
        let text = &self.program[name];
        let function = builtins::function(text)?;
        let given = args.positional.len() + args.named.len() + 1;
        let fits = builtins::fn_info(function).at_most().is_none_or(|most| given <= most);
        let on_module = matches!(receiver, Receiver::Value(base) if self.is_namespace(base));
        (fits && !on_module && !builtins::is_mutating_method(text) && !self.is_member(name)).then_some(function)
    }

    fn is_namespace(&self, base: ExprId) -> bool {
        matches!(self.program[base].kind, ExprKind::Module(_) | ExprKind::Namespace(_))
    }

    /// Whether the program uses `name` as a method, a field or the key of an entry.
    pub(super) fn is_member(&self, name: TextId) -> bool {
        let program = self.program;
        let methods = program.structs.iter().flat_map(|decl| &decl.methods);
        let enum_methods = program.enums.iter().flat_map(|decl| &decl.methods);
        let fields = program.structs.iter().flat_map(|decl| &decl.fields);
        let is_key = |item: &DictItem| match item {
            DictItem::Pair(key, _) => matches!(program[*key].kind, ExprKind::Str(key) if key == name),
            DictItem::Spread(_) => false,
        };
        let in_dict = |expr: &Expr| matches!(&expr.kind, ExprKind::Dict(items) if items.iter().any(is_key));
        let in_path = |segment: &PathSegment| match *segment {
            PathSegment::Field(field, _) => field == name,
            PathSegment::Index(index) => matches!(program[index].kind, ExprKind::Str(key) if key == name),
        };
        methods.chain(enum_methods).any(|method| method.name == name)
            || fields.into_iter().any(|field| field.name == name)
            || program.exprs.iter().any(in_dict)
            || program.places.iter().any(|place| place.path.iter().any(in_path))
    }
}

/// `Point(1, 2)` takes the fields in their order.
fn constructor(checker: &Checker<'_>, decl: &StructDecl) -> FnInfo {
    let program = checker.program;
    let params = decl.fields.iter().map(|field| ParamInfo {
        name: program[field.name].into(),
        kind: ParamKind::Positional,
        has_default: field.default.is_some(),
    });
    FnInfo { name: program[decl.name].into(), params: params.collect(), ..FnInfo::default() }
}
