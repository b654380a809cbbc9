//! Makes the annotations of a program known to the value layer (`--strict-types`).
use crate::resolve::hir::{self, Annotation as Node, AnnotationId as NodeId, ExprKind};
use crate::value::DeclId;
use crate::value::annotation::{Annotation, AnnotationId, annotation, register};
use crate::value::shapes::{Annotations, decl};

/// The annotations of a program and what its declarations are called in the value layer.
struct Known<'a> {
    program: &'a hir::Program,
    structs: &'a [DeclId],
    enums: &'a [DeclId],
}

/// Registers all annotations, gives them to the declarations, and writes their numbers into the program.
pub fn enforce(program: &mut hir::Program, structs: &[DeclId], enums: &[DeclId]) {
    if program.annotations.is_empty() {
        return;
    }
    let known = Known { program, structs, enums };
    let nodes = 0..program.annotations.len() as u32;
    let numbers: Vec<AnnotationId> = nodes.map(|node| register(known.annotation(NodeId(node)))).collect();
    known.annotate(&numbers);
    for literal in std::mem::take(&mut program.annotation_numbers) {
        let literal = &mut program.exprs[literal.index()].kind;
        if let ExprKind::Int(node) = literal {
            *node = numbers.get(*node as usize).map_or(-1, |number| i64::from(number.0));
        }
    }
}

impl Known<'_> {
    fn annotation(&self, id: NodeId) -> Annotation {
        let boxed = |id: &NodeId| Box::new(self.annotation(*id));
        let all = |ids: &[NodeId]| ids.iter().map(|&id| self.annotation(id)).collect();
        match &self.program[id] {
            Node::Any => Annotation::Any,
            Node::Named(name) => Annotation::Named(self.program[*name].into()),
            Node::Struct(decl) => Annotation::Declared(self.structs[decl.index()], Box::new([])),
            Node::Enum(decl, types) => Annotation::Declared(self.enums[decl.index()], all(types)),
            Node::Array(item) => Annotation::Array(boxed(item)),
            Node::Set(item) => Annotation::Set(boxed(item)),
            Node::Dict(key, value) => Annotation::Dict(Box::new([self.annotation(*key), self.annotation(*value)])),
            Node::Func(params, result) => Annotation::Func(all(params), boxed(result)),
            Node::Union(types) => Annotation::Union(all(types)),
        }
    }

    fn annotate(&self, numbers: &[AnnotationId]) {
        let registered = |id: &Option<NodeId>| id.and_then(|id| annotation(numbers[id.index()]));
        for (node, &id) in self.program.structs.iter().zip(self.structs) {
            let fields: Box<[_]> = node.fields.iter().map(|field| registered(&field.annotation)).collect();
            give(id, Box::new([fields]));
        }
        for (node, &id) in self.program.enums.iter().zip(self.enums) {
            give(id, node.variants.iter().map(|variant| variant.annotations.iter().map(registered).collect()).collect());
        }
    }
}

/// A declaration without annotations stays without a list of them.
fn give(id: DeclId, annotations: Annotations) {
    if annotations.iter().flatten().any(Option::is_some) {
        decl(id).annotate(annotations);
    }
}
