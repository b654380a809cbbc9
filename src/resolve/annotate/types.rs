//! Annotations as nodes, and what is known of a value's type before execution.
use crate::builtins::{self, BUILTIN_TYPES, PreludeName};
use crate::diagnostics::{Code, Diagnostic};
use crate::resolve::expr::Entity;
use crate::resolve::hir::*;
use crate::resolve::state::*;
use crate::syntax::ast::{self, TypeKind};

impl Resolver<'_> {
    /// What an annotation enforces; nothing without `--strict-types`, and nothing by `any`.
    pub fn annotation(&mut self, ty: Option<ast::TypeId>) -> Option<AnnotationId> {
        let ty = ty.filter(|_| self.strict_types)?;
        let annotation = self.lower_type(ty);
        (!matches!(self.program[annotation], Annotation::Any)).then_some(annotation)
    }

    pub(super) fn new_annotation(&mut self, annotation: Annotation) -> AnnotationId {
        self.program.annotations.push(annotation);
        AnnotationId(self.program.annotations.len() as u32 - 1)
    }

    fn named(&mut self, name: &str) -> AnnotationId {
        let name = self.text(name);
        self.new_annotation(Annotation::Named(name))
    }

    fn lower_type(&mut self, mut ty: ast::TypeId) -> AnnotationId {
        let ast = self.ast();
        let mut optional = false;
        while let TypeKind::Optional(inner) = ast[ty].kind {
            optional = true;
            ty = inner;
        }
        let annotation = match ast[ty].kind {
            _ if !self.deeper(ast[ty].span) => self.new_annotation(Annotation::Any),
            TypeKind::Error | TypeKind::Optional(_) => self.new_annotation(Annotation::Any),
            TypeKind::Null => self.named("null"),
            TypeKind::Func { params, result } => {
                let params = ast.list(params).iter().map(|&ty| self.lower_type(ty)).collect();
                let result = match result {
                    Some(result) => self.lower_type(result),
                    None => self.new_annotation(Annotation::Any),
                };
                self.new_annotation(Annotation::Func(params, result))
            }
            TypeKind::Union(types) => {
                let types = ast.list(types).iter().map(|&ty| self.lower_type(ty)).collect();
                self.union(types)
            }
            TypeKind::Path { path, args } => self.lower_type_path(path, args, ty),
        };
        if !optional {
            return annotation;
        }
        let null = self.named("null");
        self.union(vec![annotation, null])
    }

    fn union(&mut self, types: Vec<AnnotationId>) -> AnnotationId {
        let any = types.iter().any(|&ty| matches!(self.program[ty], Annotation::Any));
        self.new_annotation(if any { Annotation::Any } else { Annotation::Union(types.into()) })
    }

    fn lower_type_path(
        &mut self,
        path: ast::List<ast::Name>,
        args: ast::List<ast::TypeId>,
        ty: ast::TypeId,
    ) -> AnnotationId {
        let parts = self.ast().list(path);
        let args: Vec<AnnotationId> = self.ast().list(args).iter().map(|&arg| self.lower_type(arg)).collect();
        let entity = match parts {
            [name] => {
                let name = self.name(*name);
                self.declared_type(name)
            }
            _ => self.path_entity(path),
        };
        match entity {
            Some(Entity::Struct(decl)) => return self.new_annotation(Annotation::Struct(decl)),
            Some(Entity::Enum(decl)) => return self.new_annotation(Annotation::Enum(decl, args.into())),
            _ => {}
        }
        let name = self.path_text(path);
        let arg = |resolver: &mut Self, at: usize| match args.get(at) {
            Some(&arg) => arg,
            None => resolver.new_annotation(Annotation::Any),
        };
        let annotation = match &*name {
            "any" => Annotation::Any,
            "array" => Annotation::Array(arg(self, 0)),
            "set" => Annotation::Set(arg(self, 0)),
            "dict" => Annotation::Dict(arg(self, 0), arg(self, 1)),
            _ => {
                if !is_type_name(&name) {
                    self.warn_undefined(self.ast()[ty].span, &format!("Undefined type: {name}"), &name, type_names());
                }
                Annotation::Named(self.text(&name))
            }
        };
        self.new_annotation(annotation)
    }

    // --------------------------------------------------------------------------------- declared types

    /// Annotations of fields and payloads: every type of the block is known by now.
    pub fn annotate_declarations(&mut self, declared: &[ast::StmtKind]) {
        let ast = self.ast();
        for &kind in declared {
            match kind {
                ast::StmtKind::Struct(id) => self.annotate_struct(ast[id]),
                ast::StmtKind::Enum(id) => self.annotate_enum(ast[id]),
                _ => {}
            }
        }
    }

    fn annotate_struct(&mut self, node: ast::Struct) {
        let name = self.name(node.name);
        let Some(Entity::Struct(decl)) = self.declared_type(name) else { return };
        for field in self.ast().list(node.fields) {
            let name = self.name(field.name);
            let annotation = self.annotation(field.ty);
            let fields = &mut self.program.structs[decl.index()].fields;
            if let Some(field) = fields.iter_mut().find(|field| field.name == name && field.annotation.is_none()) {
                field.annotation = annotation;
            }
        }
    }

    fn annotate_enum(&mut self, node: ast::Enum) {
        let name = self.name(node.name);
        let Some(Entity::Enum(decl)) = self.declared_type(name) else { return };
        for variant in self.ast().list(node.variants) {
            let name = self.name(variant.name);
            let annotations = self.ast().list(variant.payload).iter().map(|item| self.annotation(item.ty)).collect();
            let variants = &mut self.program.enums[decl.index()].variants;
            if let Some(variant) = variants.iter_mut().find(|variant| variant.name == name && variant.annotations.is_empty())
            {
                variant.annotations = annotations;
            }
        }
    }

    // ---------------------------------------------------------------------------- what is known of values

    /// The annotation of the variable that the expression reads.
    pub fn annotation_of(&self, value: ExprId) -> Option<AnnotationId> {
        let ExprKind::Var { var, .. } = self.program[value].kind else { return None };
        self.bindings[self.ref_of(var)?.binding].annotation
    }

    /// Does the value fit, as far as is known before execution?
    pub(super) fn certainly_fits(&self, value: ExprId, annotation: AnnotationId) -> Option<bool> {
        if self.annotation_of(value) == Some(annotation) {
            return Some(true);
        }
        self.name_fits(self.type_of(value)?, annotation)
    }

    fn name_fits(&self, name: &str, annotation: AnnotationId) -> Option<bool> {
        let of_items = |items: &[AnnotationId]| items.iter().all(|&item| matches!(self.program[item], Annotation::Any));
        match &self.program[annotation] {
            Annotation::Any => Some(true),
            Annotation::Named(expected) => {
                let expected = Some(&self.program[*expected]).filter(|name| is_type_name(name))?;
                Some(expected == name || (expected == "float" && name == "int"))
            }
            Annotation::Struct(_) | Annotation::Enum(..) => Some(false),
            Annotation::Array(item) if name == "array" => of_items(&[*item]).then_some(true),
            Annotation::Dict(key, value) if name == "dict" => of_items(&[*key, *value]).then_some(true),
            Annotation::Array(_) | Annotation::Set(_) | Annotation::Dict(..) => Some(false),
            Annotation::Func(..) => Some(name == "function"),
            Annotation::Union(types) => {
                let mut all_known = true;
                for &ty in types {
                    match self.name_fits(name, ty) {
                        Some(true) => return Some(true),
                        Some(false) => {}
                        None => all_known = false,
                    }
                }
                all_known.then_some(false)
            }
        }
    }

    /// The name of the type that the value certainly has.
    fn type_of(&self, value: ExprId) -> Option<&str> {
        Some(match self.program[value].kind {
            ExprKind::Null => "null",
            ExprKind::Bool(_) => "bool",
            ExprKind::Int(_) | ExprKind::BigInt(_) => "int",
            ExprKind::Float(_) => "float",
            ExprKind::Str(_) | ExprKind::Interp(_) => "string",
            ExprKind::Array(_) => "array",
            ExprKind::Dict(_) => "dict",
            ExprKind::Func(_) | ExprKind::Closure(_) => "function",
            ExprKind::Binary(BinaryOp::Add, ..) => return self.sum_type(value),
            ExprKind::Var { .. } => match self.program[self.annotation_of(value)?] {
                Annotation::Named(name) => Some(&self.program[name]).filter(|&name| name != "float")?,
                _ => return None,
            },
            _ => return None,
        })
    }

    /// Text in front makes text of a sum, ints only make an int; the left operands are walked with a loop.
    fn sum_type(&self, value: ExprId) -> Option<&str> {
        let (mut leaf, mut ints) = (value, true);
        while let ExprKind::Binary(BinaryOp::Add, left, right) = self.program[leaf].kind {
            let is_int = matches!(self.program[right].kind, ExprKind::Int(_) | ExprKind::Var { .. });
            ints &= is_int && self.type_of(right) == Some("int");
            leaf = left;
        }
        if matches!(self.program[leaf].kind, ExprKind::Binary(..)) {
            return None;
        }
        self.type_of(leaf).filter(|&name| name == "string" || name == "int" && ints)
    }

    /// `ruff check --strict-types` reports what cannot fit.
    pub(super) fn warn_misfit(&mut self, value: ExprId, annotation: AnnotationId, whole: &str) {
        let Some(found) = self.type_of(value) else { return };
        let message = format!("{whole} must be {}, got {found}", self.annotation_text(annotation));
        let span = self.program[value].span;
        self.warnings.push(Diagnostic::error(Code::WrongType, self.here(), span, message));
    }

    fn annotation_text(&self, annotation: AnnotationId) -> String {
        let with = |name: &str, types: &[AnnotationId]| {
            let types: Vec<String> = types.iter().map(|&ty| self.annotation_text(ty)).collect();
            let plain = types.iter().all(|ty| ty == "any");
            if plain { name.to_owned() } else { format!("{name}<{}>", types.join(", ")) }
        };
        match &self.program[annotation] {
            Annotation::Any => "any".to_owned(),
            Annotation::Named(name) => self.program[*name].to_owned(),
            Annotation::Struct(decl) => self.program[self.program[*decl].name].to_owned(),
            Annotation::Enum(decl, types) => with(&self.program[self.program[*decl].name], types),
            Annotation::Array(item) => with("array", &[*item]),
            Annotation::Set(item) => with("set", &[*item]),
            Annotation::Dict(key, value) => with("dict", &[*key, *value]),
            Annotation::Func(params, result) => {
                let params: Vec<String> = params.iter().map(|&ty| self.annotation_text(ty)).collect();
                match self.annotation_text(*result).as_str() {
                    "any" => format!("func({})", params.join(", ")),
                    result => format!("func({}) -> {result}", params.join(", ")),
                }
            }
            Annotation::Union(types) => {
                let types: Vec<String> = types.iter().map(|&ty| self.annotation_text(ty)).collect();
                types.join(" | ")
            }
        }
    }
}

/// What `type(x)` can give beside names of structs and enums.
fn is_type_name(name: &str) -> bool {
    BUILTIN_TYPES.contains(&name)
        || name.starts_with(char::is_uppercase) && matches!(builtins::lookup(name), Some(PreludeName::Function(_)))
}

fn type_names() -> impl Iterator<Item = &'static str> {
    BUILTIN_TYPES.iter().copied()
}
