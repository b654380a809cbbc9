//! What the VM has noted → plain data for one compilation.
use std::sync::Arc;

use ahash::{AHashMap, AHashSet};

use super::ir::Kinds;
use super::lower::context::MAX_FUNCTIONS;
use super::profile::{Constant, FieldCase, FieldFrom, FunctionProfile, Site, Target, Tested};
use crate::builtins::N_BUILTINS;
use crate::bytecode::chunk::{Callee, Chunk, Const, LiteralSite, Part, Root, Test};
use crate::bytecode::op::Op;
use crate::source::Span;
use crate::value::layout::{shape, tag, variant_number};
use crate::value::{FnId, Symbol, Value, shapes};
use crate::vm::Vm;
use crate::vm::feedback::{MethodSeen, Overload, Snapshot, seen, snapshot};
use crate::vm::function::Activation;

/// How far callees are followed: beyond what is inlined, so that the calls there are of functions known.
const DEPTH: usize = 5;
/// Functions after which none further away are asked for.
const MANY: usize = 64;

/// The bodies of builtins written in Ruff that have been called.
pub fn prelude(vm: &Vm) -> AHashMap<u16, u32> {
    (0..N_BUILTINS as u16).filter_map(|builtin| Some((builtin, vm.prelude_id(builtin)?))).collect()
}

/// Profiles of a function and of those it may call, by `FnId`.
pub fn profiles(
    vm: &Vm,
    root: &Activation,
    params: Vec<Kinds>,
    poisoned: &AHashMap<u32, Vec<u32>>,
) -> AHashMap<u32, Arc<FunctionProfile>> {
    let mut found = AHashMap::new();
    let mut ring = vec![root.id.0];
    for _ in 0..=DEPTH {
        let mut next = Vec::new();
        for id in ring {
            if found.contains_key(&id) {
                continue;
            }
            // What has no place in the tables that compiled code reads is left to the VM.
            let Some(activation) = vm.activation(id).filter(|_| (id as usize) < MAX_FUNCTIONS) else { continue };
            let params = if id == root.id.0 { params.clone() } else { Vec::new() };
            let profile = profile(vm, activation, params, poisoned.get(&id).cloned().unwrap_or_default());
            next.extend(callees(vm, &profile));
            found.insert(id, Arc::new(profile));
        }
        if found.len() > MANY {
            break;
        }
        ring = next;
    }
    found
}

fn callees(vm: &Vm, profile: &FunctionProfile) -> Vec<u32> {
    let known = profile.chunk.functions.iter().map(|func| profile.unit_base + func);
    let closures = profile.chunk.closures.iter().map(|site| profile.unit_base + site.func);
    let constants = profile.chunk.constants.iter().filter_map(|constant| match constant {
        Const::Func(func) => Some(profile.unit_base + func),
        _ => None,
    });
    let known = known.chain(closures).chain(constants);
    let prelude = profile.chunk.code.iter().filter_map(|op| match op {
        Op::CallBuiltin { builtin, .. } => vm.prelude_id(*builtin),
        _ => None,
    });
    let methods = profile.sites.values().flat_map(|site| match site {
        Site::Callees(targets) | Site::Called { functions: targets, .. } => {
            targets.iter().map(|target| body(vm, target.function)).collect()
        }
        _ => Vec::new(),
    });
    let overloads = profile.overloads.values().flatten().map(|overload| overload.method);
    known.chain(prelude).chain(methods).chain(overloads).collect()
}

/// The function that runs when this one is called: another one for builtins written in Ruff.
fn body(vm: &Vm, function: u32) -> u32 {
    let builtin = u16::try_from(function).ok().filter(|id| usize::from(*id) < N_BUILTINS);
    builtin.and_then(|id| vm.prelude_id(id)).unwrap_or(function)
}

fn profile(vm: &Vm, activation: &Activation, params: Vec<Kinds>, poisoned: Vec<u32>) -> FunctionProfile {
    let seen = snapshot(activation);
    let (mut sites, mut places, mut reached) = (AHashMap::new(), AHashMap::new(), AHashSet::new());
    for (pc, op) in activation.chunk.code.iter().enumerate() {
        let is_reached = match activation.chunk.method_site(op) {
            Some(site) => seen.methods[usize::from(site)].is_some(),
            None => matches!(op, Op::FieldGet { .. } | Op::FieldSet { .. } | Op::FieldUpdate { .. }) && seen.words[pc] != 0,
        };
        reached.extend(is_reached.then_some(pc as u32));
        if let Some(path) = activation.chunk.receiver(op) {
            places.insert(pc as u32, place(path, seen.words[pc], &seen));
        }
        if let Some(site) = site(&activation.chunk, op, pc, &seen) {
            sites.insert(pc as u32, site);
        }
    }
    FunctionProfile {
        chunk: activation.chunk.clone(),
        unit_base: activation.unit.base,
        module_base: activation.unit.first_var,
        constants: constants(vm, activation),
        params,
        sites,
        places,
        overloads: overloads(&activation.chunk, &seen),
        reached,
        info: activation.info.clone(),
        captures: captures(&activation.chunk),
        tests: activation.chunk.tests.iter().map(|test| tested(activation, test)).collect(),
        variants: activation.chunk.variants.iter().map(|made| variant_made(activation, *made)).collect(),
        literals: activation.chunk.literals.iter().map(|site| fields_from(vm, activation, site)).collect(),
        defaults: activation.chunk.structs.iter().map(|local| defaults(vm, activation, *local)).collect(),
        units: activation.chunk.constants.iter().map(|constant| unit(activation, constant)).collect(),
        names: (0..activation.chunk.names.len()).map(|at| text_of(*activation.names.at(at))).collect(),
        poisoned,
    }
}

/// The address of a name as a text.
fn text_of(name: Symbol) -> u64 {
    name.value().address().map_or(0, |address| address as u64)
}

/// What the variables that a function reads hold, of those that never change.
fn constants(vm: &Vm, activation: &Activation) -> AHashMap<u32, Constant> {
    let unit = &activation.unit;
    let read = activation.chunk.code.iter().filter_map(|op| match op {
        Op::ModuleGet { var, .. } if unit.constant[*var as usize] => Some(*var),
        _ => None,
    });
    read.map(|var| (var, vm.module_variable(unit.first_var + var).map_or(Constant::Any, constant))).collect()
}

fn constant(value: &Value) -> Constant {
    match value {
        Value::Int(value) => Constant::Int(*value),
        Value::Float(value) => Constant::Float(value.to_bits()),
        Value::Bool(value) => Constant::Bool(value.get()),
        Value::BigInt(big) if matches!(big.words(), (false, [_])) => Constant::Word(big.low_word()),
        other if (tag::HEAP_FIRST..=tag::HEAP_LAST).contains(&other.tag()) => Constant::Object(other.tag()),
        _ => Constant::Any,
    }
}

/// Where the fields of a struct literal come from: its items in any order, an instance that is spread, and defaults that need no code.
fn fields_from(vm: &Vm, activation: &Activation, site: &LiteralSite) -> Option<Box<[FieldFrom]>> {
    let LiteralSite::Struct { decl: Some(local), items } = site else { return None };
    let entry = &activation.unit.structs[*local as usize];
    let declared = shapes::decl(entry.decl);
    let fields = &declared.as_struct().filter(|_| !declared.is_annotated())?.fields;
    let name = |item: &Option<(u16, Span)>| item.map(|(name, _)| *activation.names.at(usize::from(name)));
    let names: Vec<_> = items.iter().map(name).collect();
    let is_known = |name| fields.iter().any(|field| field.name == name);
    let mut spreads = (0..).zip(&names).filter(|(_, name)| name.is_none()).map(|(item, _)| FieldFrom::Spread(item));
    let spread = spreads.next();
    if spreads.next().is_some() || !names.iter().flatten().all(|name| is_known(*name)) {
        return None;
    }
    let from = |(at, field): (usize, &shapes::Field)| match names.iter().position(|name| *name == Some(field.name)) {
        Some(item) => Some(FieldFrom::Item(item as u16)),
        None if spread.is_some() => spread,
        None => known_default(vm.activation(entry.defaults.get(at).copied()??.0)?),
    };
    fields.iter().enumerate().map(from).collect()
}

/// The fields' defaults that need no code.
fn defaults(vm: &Vm, activation: &Activation, local: u32) -> Box<[Option<FieldFrom>]> {
    let known = |default: &Option<FnId>| known_default(vm.activation((*default)?.0)?);
    activation.unit.structs[local as usize].defaults.iter().map(known).collect()
}

/// The default that a function gives, if it only gives it.
fn known_default(function: &Activation) -> Option<FieldFrom> {
    let code = &function.chunk.code;
    let (first, Op::Return { value }) = (*code.first()?, *code.get(1)?) else { return None };
    let (dst, from) = match first {
        Op::LoadNull { dst } => (dst, FieldFrom::Null),
        Op::LoadBool { value, dst } => (dst, FieldFrom::Bool(value != 0)),
        Op::LoadInt { dst, value } => (dst, FieldFrom::Int(i64::from(value))),
        Op::MakeArray { dst, count: 0, .. } => (dst, FieldFrom::NoElements),
        Op::ModuleGet { dst, var } => (dst, FieldFrom::Variable(function.unit.first_var + var)),
        Op::LoadConst { dst, value } => match &function.chunk.constants[value as usize] {
            Const::Int(value) => (dst, FieldFrom::Int(*value)),
            Const::Float(value) => (dst, FieldFrom::Float(*value)),
            constant => (dst, FieldFrom::Unit(unit(function, constant)?)),
        },
        _ => return None,
    };
    (dst == value).then_some(from)
}

/// The variant without payload that a constant is, if values of its enum are compared as they are.
fn unit(activation: &Activation, constant: &Const) -> Option<i64> {
    let Const::Variant(local, variant) = *constant else { return None };
    let owner = shapes::decl(activation.unit.enums[local as usize].decl);
    let declared = owner.as_enum()?.variants.get(variant as usize)?;
    (declared.shape == 0 && !owner.has_own_equality()).then(|| variant_number(owner.id.0, variant, 0))
}

/// The variant or struct that passes a test.
fn tested(activation: &Activation, test: &Test) -> Option<Tested> {
    match *test {
        Test::Variant(local, variant) => {
            let owner = activation.unit.enums[local as usize].decl;
            let declared = shapes::decl(owner).as_enum()?.variants.get(variant as usize)?;
            Some(Tested::Variant(variant_number(owner.0, variant, declared.shape)))
        }
        Test::Struct(local) => {
            // Asked first, so that of the shapes below it none is missing.
            let end = shapes::next_shape();
            let declared = shapes::decl(activation.unit.structs[local as usize].decl).as_struct()?;
            Some(Tested::Struct { shapes: declared.shapes(), end })
        }
        Test::Fields => Some(Tested::Fields),
        _ => None,
    }
}

/// The shape of a variant with payload, whose values have no annotations that are enforced.
fn variant_made(activation: &Activation, (local, variant): (u32, u32)) -> Option<u32> {
    let owner = shapes::decl(activation.unit.enums[local as usize].decl);
    let declared = owner.as_enum()?.variants.get(variant as usize)?;
    (declared.shape != 0 && owner.annotations(variant as usize).is_empty()).then_some(declared.shape)
}

/// What operators have called, where they have met nothing but structs on the left.
fn overloads(chunk: &Chunk, seen: &Snapshot) -> AHashMap<u32, Vec<Overload>> {
    let mut found: AHashMap<u32, Vec<Overload>> = AHashMap::new();
    for overload in &seen.overloads {
        let at = overload.pc as usize;
        let is_index = matches!(chunk.code[at], Op::IndexGet { .. } | Op::IndexGetK { .. } | Op::IndexGetC { .. });
        let only = if is_index { seen::OTHER } else { seen::DECLARED };
        if seen.words[at] & !only == 0 {
            found.entry(overload.pc).or_default().push(*overload);
        }
    }
    found
}

/// Does a function read what its closure has captured?
fn captures(chunk: &Chunk) -> bool {
    let captured = |root: &Root| matches!(root, Root::Capture(_) | Root::CaptureCell(_));
    let reads = |op: &Op| matches!(op, Op::CaptureGet { .. } | Op::CaptureCellGet { .. } | Op::CaptureCellSet { .. });
    chunk.code.iter().any(reads)
        || chunk.paths.iter().any(|path| captured(&path.root))
        || chunk.closures.iter().flat_map(|site| &site.captures).any(captured)
}

fn site(chunk: &Chunk, op: &Op, pc: usize, seen: &Snapshot) -> Option<Site> {
    let word = seen.words[pc];
    match *op {
        Op::IndexGet { .. } | Op::IndexGetK { .. } | Op::IndexGetC { .. } | Op::IndexSet { .. } | Op::IndexUpdate { .. } => {
            Some(elements(word))
        }
        Op::FieldGet { .. } | Op::FieldSet { .. } | Op::FieldUpdate { .. } if word == seen::DICT => Some(elements(word)),
        Op::FieldGet { site, .. } | Op::FieldSet { site, .. } | Op::FieldUpdate { site, .. } => {
            let cases = seen.fields[usize::from(site)].as_ref()?;
            Some(Site::Fields(cases.iter().map(FieldCase::of).collect()))
        }
        Op::ForPrep { .. } | Op::ForNext { .. } | Op::ForNextPair { .. } => Some(elements(word)),
        Op::PlaceSet { path, .. } | Op::PlaceUpdate { path, .. } | Op::TakeOut { path, .. } => Some(place(path, word, seen)),
        Op::CallMethod { site, .. } | Op::CallMethodPlace { site, .. } => Some(methods(site, pc, seen)),
        Op::CallArgs { site, .. } => match chunk.calls[usize::from(site)].callee {
            Callee::Method(site) | Callee::Place(site) => Some(methods(site, pc, seen)),
            Callee::Value => called(pc, seen),
            _ => None,
        },
        Op::CallValue { .. } => called(pc, seen),
        _ if word == 0 => None,
        Op::MakeArray { .. } | Op::Contains { .. } => Some(elements(word)),
        Op::Part { part, .. } if let Part::Key(name) = chunk.parts[usize::from(part)] => {
            let is_one = word != seen::MEGAMORPHIC;
            let case = is_one.then(|| FieldCase::named(shapes::shape_info(word), &chunk.names[usize::from(name)]))??;
            Some(Site::Fields(vec![case]))
        }
        Op::Part { .. } => Some(Site::Elements { shapes: shapes(word), values: items(word) }),
        Op::MakeStruct { .. } | Op::Construct { .. } => (word != seen::MEGAMORPHIC).then_some(Site::Made(word)),
        Op::CallBuiltin { .. } => Some(Site::Argument(Kinds(word))),
        _ => Some(operands(word)),
    }
}

/// What a method site was resolved to.
fn methods(site: u16, pc: usize, seen: &Snapshot) -> Site {
    let (mut targets, mut fields) = (Vec::new(), Vec::new());
    for met in seen.methods[usize::from(site)].iter().flatten() {
        match *met {
            MethodSeen::Method { key, target } => targets.push(Target { shape: key, function: target }),
            MethodSeen::Field(slot) => fields.push(FieldCase::of(&slot)),
        }
    }
    match (fields.is_empty(), called(pc, seen)) {
        (true, _) => Site::Callees(targets),
        (false, Some(Site::Callees(functions))) if targets.is_empty() => Site::Called { fields, functions },
        _ => Site::ManyCallees,
    }
}

/// The functions that a call of a value has met.
fn called(pc: usize, seen: &Snapshot) -> Option<Site> {
    let functions = match seen.words[pc] {
        0 => return None,
        seen::MEGAMORPHIC => return Some(Site::ManyCallees),
        seen::POLYMORPHIC => &seen.several.iter().find(|(site, _)| *site == pc)?.1,
        word => &vec![word - 1],
    };
    Some(Site::Callees(functions.iter().map(|&function| Target { shape: 0, function }).collect()))
}

/// What the segments of a place have met.
fn place(path: u16, word: u32, seen: &Snapshot) -> Site {
    let cases = |slots: &Option<Vec<crate::value::FieldSlot>>| slots.iter().flatten().map(FieldCase::of).collect();
    let fields = seen.places[usize::from(path)].iter().map(cases).collect();
    Site::Place { fields, shapes: shapes(word), entries: seen::entries(word) }
}

fn operands(word: u32) -> Site {
    let mut kinds = Kinds::NEVER;
    if word & seen::FLOAT != 0 {
        kinds = kinds.union(Kinds::FLOAT);
    }
    if word & seen::MIXED != 0 {
        kinds = kinds.union(Kinds::INT).union(Kinds::FLOAT);
    }
    if word & seen::BIG != 0 {
        kinds = kinds.union(Kinds::INT).union(Kinds::BIGINT);
    }
    if word & (seen::STRING | seen::OTHER) != 0 {
        kinds = kinds.union(Kinds::PLAIN);
    }
    if word & seen::DECLARED != 0 {
        kinds = Kinds::ANY;
    }
    if kinds == Kinds::NEVER {
        kinds = Kinds::INT;
    }
    Site::Operands { kinds, overflow: word & seen::OVERFLOW != 0 }
}

/// Stands for "an int" among the shapes that a loop has met.
pub const STEPS: u32 = u32::MAX;

/// Stand for a dict, text, a set, bytes and anything else among the shapes that an index site or a loop has met.
pub const DICT: u32 = u32::MAX - 1;
pub const TEXT: u32 = u32::MAX - 2;
pub const SET: u32 = u32::MAX - 3;
pub const BYTES: u32 = u32::MAX - 4;
pub const OTHER: u32 = 0;

/// Array sites note the shape's number as a bit; everything else has bits of its own.
fn elements(word: u32) -> Site {
    Site::Elements { shapes: shapes(word), values: Kinds::ANY }
}

/// The kinds of the elements that a pattern has taken out.
fn items(word: u32) -> Kinds {
    let scalars = [(seen::INT_ITEM, Kinds::INT), (seen::FLOAT_ITEM, Kinds::FLOAT), (seen::BOOL_ITEM, Kinds::BOOL)];
    let met = scalars.iter().filter(|(bit, _)| word & bit != 0).fold(Kinds::NEVER, |all, (_, kind)| all.union(*kind));
    if word & seen::OTHER_ITEM != 0 { Kinds::ANY } else { met }
}

fn shapes(word: u32) -> Vec<u32> {
    let mut shapes: Vec<u32> = (shape::ARR_EMPTY..=shape::ARR_RANGE).filter(|shape| word >> shape & 1 == 1).collect();
    if word & seen::STEPS != 0 {
        shapes.push(STEPS);
    }
    let others = [(seen::DICT, DICT), (seen::TEXT, TEXT), (seen::SET, SET), (seen::BYTES, BYTES), (seen::OTHER, OTHER)];
    for (bit, kind) in others {
        if word & bit != 0 {
            shapes.push(kind);
        }
    }
    shapes
}
