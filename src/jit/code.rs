//! Owns finished machine code: the Cranelift module, and the only way into it.
//!
//! Promises: **entry**: an address in `Compiled` is that of a function compiled here by the convention of `lower`; code lives
//! as long as its store, which the JIT keeps until its VM is gone.
#![allow(unsafe_code)]

use std::mem::ManuallyDrop;

use cranelift_codegen::ir::{self as clif, AbiParam, InstBuilder, Signature, types};
use cranelift_codegen::isa::{CallConv, TargetFrontendConfig};
use cranelift_codegen::{CompiledCode, Context as CodegenContext, FinalizedRelocTarget};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{ArenaMemoryProvider, JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module, ModuleReloc, default_libcall_names};

use super::asm;
use super::helpers::{self, Pair, preserving};
use super::ir::cfg::Cfg;
use super::ir::{FrameState, Function, Origin};
use super::layout;
use super::listing::Listing;
use super::lower::{self, ExitInfo, ExitKind, Helper, Imports, Way};
use super::options::Form;
use super::runtime::Context;
use crate::vm::stack::Fp;

/// Address space for code.
const RESERVED: usize = 256 << 20;
/// Code beyond this is not compiled any more.
pub const BUDGET: usize = 64 << 20;

/// The module and what lowering needs again and again.
pub struct CodeStore {
    module: ManuallyDrop<JITModule>,
    builder: FunctionBuilderContext,
    codegen: CodegenContext,
    trampoline: FuncId,
    count: u32,
    pub bytes: usize,
    /// Whether checks, or polls, fail on purpose every now and then.
    pub counts_checks: bool,
    pub counts_polls: bool,
    /// Whether code counts the bytecode instructions it executes.
    pub counts_work: bool,
}

/// A call of compiled code by compiled code, for walking the frames between.
#[derive(Debug)]
pub struct CallSite {
    /// Where it returns to.
    pub address: u64,
    /// Functions, and the instruction each is at; the innermost first.
    pub frames: Box<[(u32, u32)]>,
}

/// Code of the module, not finished yet.
struct Defined {
    id: FuncId,
    bytes: usize,
    /// By offset.
    calls: Vec<CallSite>,
    listings: Vec<Listing>,
}

/// The code being made.
#[derive(Clone, Copy)]
struct Made {
    own: FuncId,
    /// As callable with its arguments in slots but for those lent.
    entry: FuncId,
    first_exit: u64,
}

/// One finished function.
pub struct Compiled {
    pub address: u64,
    /// Where callers enter that lend arguments in registers; as above if nothing is lent.
    pub lent_address: u64,
    pub exits: Vec<ExitInfo>,
    pub bytes: usize,
    pub calls: Vec<CallSite>,
    /// Cranelift IR and machine code, if asked for.
    pub listings: Vec<Listing>,
}

impl CodeStore {
    pub fn new() -> Result<CodeStore, String> {
        let verify = if cfg!(debug_assertions) { "true" } else { "false" };
        let flags = [
            // Our passes have been there before; looking again takes a fifth of the time to compile (`notes/decisions/what-cranelift-is-asked.md`).
            ("opt_level", "none"),
            ("enable_verifier", verify),
            ("enable_pinned_reg", "true"),
            ("preserve_frame_pointers", "true"),
            ("enable_probestack", "false"),
            ("unwind_info", "false"),
            ("machine_code_cfg_info", "true"),
        ];
        let mut builder = JITBuilder::with_flags(&flags, default_libcall_names()).map_err(|error| error.to_string())?;
        builder.symbol_lookup_fn(Box::new(address_of));
        let memory = ArenaMemoryProvider::new_with_size(RESERVED).map_err(|error| error.to_string())?;
        builder.memory_provider(Box::new(memory));
        let module = JITModule::new(builder);
        let codegen = module.make_context();
        let module = ManuallyDrop::new(module);
        let mut store = CodeStore {
            module,
            builder: FunctionBuilderContext::new(),
            codegen,
            trampoline: FuncId::from_u32(0),
            count: 0,
            bytes: 0,
            counts_checks: false,
            counts_polls: false,
            counts_work: false,
        };
        store.trampoline = store.make_trampoline()?;
        Ok(store)
    }

    /// Compiles a function; its exits get numbers from `first_exit` on.
    pub fn compile(
        &mut self,
        function: &Function,
        cfg: &Cfg,
        own_id: Option<u32>,
        first_exit: u64,
        listing: bool,
    ) -> Result<Compiled, String> {
        let convention = self.module.target_config().default_call_conv;
        let own = self.declare(lower::signature(convention, function))?;
        let way = |store: &mut CodeStore, way: Way| store.declare(way.signature(convention, function));
        // From slots alone come those that want values, and none in parts.
        let entry = if function.params.is_empty() && function.parts.is_none() { own } else { way(self, Way::Slots)? };
        let by_lent = match function.lent.is_empty() && function.parts.is_none() {
            true => entry,
            false if lower::takes_lent(function) => own,
            false => way(self, Way::Lent)?,
        };
        let made = Made { own, entry: by_lent, first_exit };
        let signature = lower::signature(convention, function);
        let (mut exits, code) =
            self.define(own, made, &function.states, signature, listing, |target, builder, imports, frontend| {
                lower::lower(function, cfg, own_id, target, builder, imports, frontend)
            })?;
        let mut parts = vec![code];
        let mut ways = vec![(entry, Way::Slots)];
        ways.extend((by_lent != entry).then_some((by_lent, Way::Lent)));
        for (id, way) in ways.into_iter().filter(|(id, _)| *id != own) {
            let number = first_exit + exits.len() as u64;
            let signature = way.signature(convention, function);
            let (exit, code) = self.define(id, made, &[], signature, false, |target, builder, imports, frontend| {
                lower::lower_entry(function, way, number, target, builder, imports, frontend)
            })?;
            exits.push(exit);
            parts.push(code);
        }
        self.module.finalize_definitions().map_err(|error| error.to_string())?;
        let bytes = parts.iter().map(|part| part.bytes).sum();
        self.bytes += bytes;
        let address = self.module.get_finalized_function(entry) as u64;
        let lent_address = self.module.get_finalized_function(by_lent) as u64;
        let listings = std::mem::take(&mut parts[0].listings);
        let calls = parts.into_iter().flat_map(|part| self.calls_of(part)).collect();
        Ok(Compiled { address, lent_address, exits, bytes, calls, listings })
    }

    /// With the addresses that finished code has.
    fn calls_of(&self, part: Defined) -> impl Iterator<Item = CallSite> + use<> {
        let base = self.module.get_finalized_function(part.id) as u64;
        part.calls.into_iter().map(move |call| CallSite { address: base + call.address, ..call })
    }

    fn declare(&mut self, signature: Signature) -> Result<FuncId, String> {
        self.count += 1;
        let name = format!("f{}", self.count);
        self.module.declare_function(&name, Linkage::Local, &signature).map_err(|error| error.to_string())
    }

    /// Generates the code of `id` as `lower` says.
    #[allow(clippy::type_complexity)]
    fn define<R>(
        &mut self,
        id: FuncId,
        made: Made,
        states: &[FrameState],
        signature: Signature,
        listing: bool,
        lower: impl FnOnce(&mut clif::Function, &mut FunctionBuilderContext, &mut dyn Imports, TargetFrontendConfig) -> R,
    ) -> Result<(R, Defined), String> {
        self.module.clear_context(&mut self.codegen);
        self.codegen.func.signature = signature;
        self.codegen.func.name = clif::UserFuncName::user(0, id.as_u32());
        let frontend = self.module.target_config();
        let mut imports = ModuleImports {
            module: &mut self.module,
            made,
            counts_checks: self.counts_checks,
            counts_polls: self.counts_polls,
            counts_work: self.counts_work,
            locations: listing.then(|| Locations { first: states.len() as u32, origins: Vec::new() }),
        };
        let result = lower(&mut self.codegen.func, &mut self.builder, &mut imports, frontend);
        let locations = imports.locations;
        let clif = locations.as_ref().map(|locations| clif_listing(&self.codegen.func, states, locations));
        self.codegen.set_disasm(listing && asm::WANTS_TEXT);
        self.place(id)?;
        let compiled = self.codegen.compiled_code();
        let bytes = compiled.map_or(0, |code| code.code_info().total_size as usize);
        let calls = compiled.map(|code| call_sites(code, states)).unwrap_or_default();
        let asm = compiled.zip(locations).map(|(code, locations)| {
            let names = names_of(code, &self.codegen.func, &self.module);
            let origin = |location| locations.origin(location, states);
            asm::listing(asm::Known { code, names, origin: &origin })
        });
        Ok((result, Defined { id, bytes, calls, listings: clif.into_iter().chain(asm).collect() }))
    }

    /// Generates the code of `id` and puts it where its loops lie well.
    fn place(&mut self, id: FuncId) -> Result<(), String> {
        self.codegen.compile(self.module.isa(), &mut Default::default()).map_err(|error| format!("{:?}", error.inner))?;
        let CodegenContext { func, .. } = &self.codegen;
        let code = self.codegen.compiled_code().ok_or("no code was made")?;
        let relocations = code.buffer.relocs().iter().map(|found| ModuleReloc::from_mach_reloc(found, func, id));
        let relocations: Vec<ModuleReloc> = relocations.collect();
        let offset = layout::offset(code);
        let define = |module: &mut JITModule, id, align: u32, bytes: &[u8], relocations: &[ModuleReloc]| {
            let align = u64::from(align.max(code.buffer.alignment));
            module.define_function_bytes(id, align, bytes, relocations).map_err(|error| format!("{error:?}"))
        };
        if offset == 0 {
            return define(&mut self.module, id, layout::LINE, code.code_buffer(), &relocations);
        }
        let room = self.module.declare_anonymous_function(&func.signature).map_err(|error| error.to_string())?;
        define(&mut self.module, room, layout::LINE, &vec![0; offset as usize], &[])?;
        define(&mut self.module, id, layout::STEP, code.code_buffer(), &relocations)
    }

    /// `fn(context, fp, closure, code) -> pair`: sets the pinned register around the call.
    fn make_trampoline(&mut self) -> Result<FuncId, String> {
        let mut signature = self.module.make_signature();
        signature.params.extend([AbiParam::new(types::I64); 4]);
        signature.returns.extend([AbiParam::new(types::I64); 2]);
        let id = self.module.declare_function("enter", Linkage::Local, &signature).map_err(|error| error.to_string())?;
        if cfg!(all(target_arch = "x86_64", unix)) {
            self.module.define_function_bytes(id, u64::from(layout::LINE), ENTER, &[])
        } else {
            self.generate_trampoline(signature);
            self.module.define_function(id, &mut self.codegen)
        }
        .map_err(|error| format!("{error:?}"))?;
        Ok(id)
    }

    /// The same by way of Cranelift.
    fn generate_trampoline(&mut self, signature: Signature) {
        self.module.clear_context(&mut self.codegen);
        self.codegen.func.signature = signature;
        let mut inner = Signature::new(self.codegen.func.signature.call_conv);
        inner.params.extend([AbiParam::new(types::I64); 2]);
        inner.returns.extend([AbiParam::new(types::I64); 2]);
        let frontend = self.module.target_config();
        let mut builder = FunctionBuilder::new(&mut self.codegen.func, &mut self.builder);
        let block = builder.create_block();
        builder.append_block_params_for_function_params(block);
        builder.switch_to_block(block);
        let params = builder.block_params(block).to_vec();
        let inner = builder.import_signature(inner);
        let outside = builder.ins().get_pinned_reg(types::I64);
        builder.ins().set_pinned_reg(params[0]);
        let call = builder.ins().call_indirect(inner, params[3], &[params[1], params[2]]);
        let results = builder.inst_results(call).to_vec();
        builder.ins().set_pinned_reg(outside);
        builder.ins().return_(&results);
        builder.seal_all_blocks();
        builder.finalize(frontend);
    }

    /// Address of the way into compiled code, for [`enter`]; there once something has been compiled.
    pub fn trampoline(&self) -> usize {
        self.module.get_finalized_function(self.trampoline) as usize
    }
}

/// What [`CodeStore::generate_trampoline`] makes for x86-64 and the System V convention, by hand: the first thing that Cranelift compiles
/// takes long, and most programs compile little else.
#[rustfmt::skip]
const ENTER: &[u8] = &[
    0x55,                   // push rbp
    0x48, 0x89, 0xe5,       // mov rbp, rsp
    0x41, 0x57,             // push r15
    0x48, 0x83, 0xec, 0x08, // sub rsp, 8
    0x49, 0x89, 0xff,       // mov r15, rdi
    0x48, 0x89, 0xf7,       // mov rdi, rsi
    0x48, 0x89, 0xd6,       // mov rsi, rdx
    0xff, 0xd1,             // call rcx
    0x48, 0x83, 0xc4, 0x08, // add rsp, 8
    0x41, 0x5f,             // pop r15
    0x5d,                   // pop rbp
    0xc3,                   // ret
];

impl Drop for CodeStore {
    fn drop(&mut self) {
        // SAFETY: taken once, here. **entry**: nobody runs its code any more.
        unsafe { ManuallyDrop::take(&mut self.module).free_memory() };
    }
}

/// Runs compiled code on a frame. `trampoline` is that of the store which made the code.
pub fn enter(trampoline: usize, context: *mut Context, fp: Fp, closure: u64, code: u64) -> Pair {
    // SAFETY: **entry**; the trampoline has this signature.
    let trampoline = unsafe { std::mem::transmute::<usize, extern "C" fn(*mut Context, Fp, u64, u64) -> Pair>(trampoline) };
    trampoline(context, fp, closure, code)
}

/// The calls of compiled code in finished code, by offset. Code without states has no frames of its own.
fn call_sites(code: &CompiledCode, states: &[FrameState]) -> Vec<CallSite> {
    let locations = code.buffer.get_srclocs_sorted();
    let frames = |offset: u32| {
        if states.is_empty() {
            return Some(Box::default());
        }
        let before = locations.partition_point(|location| location.end < offset);
        let location = locations.get(before).filter(|location| location.start < offset)?;
        let state = states.get(lower::state_of(location.loc)?.index())?;
        Some(state.frames.iter().rev().map(|frame| (frame.function, frame.pc)).collect())
    };
    let offsets = code.buffer.call_sites().map(|call| call.ret_addr);
    offsets.filter_map(|offset| Some(CallSite { address: u64::from(offset), frames: frames(offset)? })).collect()
}

/// Address of the helper that a symbol names.
fn address_of(symbol: &str) -> Option<*const u8> {
    let named = |name: &str| Helper::ALL.iter().copied().find(|helper| helper.symbol() == name);
    match symbol.strip_suffix(KEEPING) {
        Some(name) => preserving::address(named(name)?),
        None => named(symbol).map(helpers::address),
    }
}

fn declare_helper(module: &mut JITModule, helper: Helper) -> FuncId {
    let mut signature = module.make_signature();
    let (params, results) = helper.signature();
    signature.params.extend(vec![AbiParam::new(types::I64); params]);
    signature.returns.extend(vec![AbiParam::new(types::I64); results]);
    module.declare_function(helper.symbol(), Linkage::Import, &signature).expect("one signature for each helper")
}

/// The way to a helper that keeps all registers.
fn declare_keeping(module: &mut JITModule, helper: Helper) -> Option<FuncId> {
    preserving::address(helper)?;
    let mut signature = module.make_signature();
    signature.call_conv = CallConv::PreserveAll;
    signature.params.extend(vec![AbiParam::new(types::I64); helper.signature().0]);
    module.declare_function(&keeping_symbol(helper), Linkage::Import, &signature).ok()
}

/// What the symbol of such a way ends with.
const KEEPING: &str = "_keeping";

fn keeping_symbol(helper: Helper) -> String {
    format!("{}{KEEPING}", helper.symbol())
}

struct ModuleImports<'a> {
    module: &'a mut JITModule,
    made: Made,
    counts_checks: bool,
    counts_polls: bool,
    counts_work: bool,
    /// If the code is to be listed.
    locations: Option<Locations>,
}

/// Where instructions come from, as the locations that Cranelift carries along: behind the numbers of the states.
struct Locations {
    first: u32,
    origins: Vec<Origin>,
}

impl Locations {
    fn of(&mut self, origin: Origin) -> clif::SourceLoc {
        if self.origins.last() != Some(&origin) {
            self.origins.push(origin);
        }
        clif::SourceLoc::new(self.first + self.origins.len() as u32 - 1)
    }

    fn origin(&self, location: u32, states: &[FrameState]) -> Option<Origin> {
        match location.checked_sub(self.first) {
            None => states.get(location as usize).map(FrameState::origin),
            Some(number) => self.origins.get(number as usize).copied(),
        }
    }
}

/// What Cranelift writes in front of each line of a function with locations: the location, and spaces.
const MARGIN: usize = 32;

fn clif_listing(function: &clif::Function, states: &[FrameState], locations: &Locations) -> Listing {
    let mut listing = Listing::new(Form::Clif, "");
    for line in function.display().to_string().lines() {
        let (margin, text) = line.split_at_checked(MARGIN).unwrap_or(("", line));
        let location = margin.strip_prefix('@').and_then(|hex| u32::from_str_radix(hex.trim_end(), 16).ok());
        location.and_then(|location| locations.origin(location, states)).into_iter().for_each(|at| listing.origin(at));
        let has_margin = location.is_some() || margin.trim_start().is_empty();
        listing.text(&format!("{}\n", if has_margin { text } else { line }));
    }
    listing
}

/// The names of what code refers to, by offset.
fn names_of(code: &CompiledCode, function: &clif::Function, module: &JITModule) -> Vec<(u32, String)> {
    let name = |target: &FinalizedRelocTarget| match target {
        FinalizedRelocTarget::ExternalName(clif::ExternalName::User(reference)) => {
            let id = FuncId::from_u32(function.params.user_named_funcs()[*reference].index);
            Some(module.declarations().get_function_decl(id).linkage_name(id).into_owned())
        }
        _ => None,
    };
    code.buffer.relocs().iter().filter_map(|found| Some((found.offset, name(&found.target)?))).collect()
}

impl Imports for ModuleImports<'_> {
    fn helper(&mut self, helper: Helper, keeps: bool, function: &mut clif::Function) -> clif::FuncRef {
        let keeping = if keeps { declare_keeping(self.module, helper) } else { None };
        let id = keeping.unwrap_or_else(|| declare_helper(self.module, helper));
        self.module.declare_func_in_func(id, function)
    }

    fn own_entry(&mut self, function: &mut clif::Function) -> clif::FuncRef {
        self.module.declare_func_in_func(self.made.entry, function)
    }

    fn own(&mut self, function: &mut clif::Function) -> clif::FuncRef {
        self.module.declare_func_in_func(self.made.own, function)
    }

    fn first_exit(&self) -> u64 {
        self.made.first_exit
    }

    fn counts_checks(&self, kind: ExitKind) -> bool {
        if kind == ExitKind::Poll { self.counts_polls } else { self.counts_checks }
    }

    fn counts_work(&self) -> bool {
        self.counts_work
    }

    fn location(&mut self, origin: Origin) -> clif::SourceLoc {
        self.locations.as_mut().map_or_else(clif::SourceLoc::default, |locations| locations.of(origin))
    }
}
