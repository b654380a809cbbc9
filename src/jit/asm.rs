//! Machine code as text, below the source lines it was made for.
//!
//! Code for x86-64 is decoded from its bytes, so that what is shown is what runs; for other machines the text is Cranelift's, which
//! knows no source lines: all of them stand above it.
use cranelift_codegen::CompiledCode;

use super::ir::Origin;
use super::listing::Listing;
use super::options::Form;

/// What is known about finished code.
pub struct Known<'a> {
    pub code: &'a CompiledCode,
    /// What is called or referred to from an offset on, by name; in the order of offsets.
    pub names: Vec<(u32, String)>,
    /// The instruction that a location stands for.
    pub origin: &'a dyn Fn(u32) -> Option<Origin>,
}

/// Whether Cranelift has to write its text.
pub const WANTS_TEXT: bool = cfg!(not(target_arch = "x86_64"));

#[cfg(not(target_arch = "x86_64"))]
pub fn listing(known: Known) -> Listing {
    let mut listing = Listing::new(Form::Asm, "");
    let locations = known.code.buffer.get_srclocs_sorted();
    let mut origins: Vec<_> = locations.iter().filter_map(|found| (known.origin)(found.loc.bits())).collect();
    origins.sort_unstable_by_key(|origin| (origin.function, origin.pc));
    origins.into_iter().for_each(|origin| listing.origin(origin));
    // Marks of loops for `layout` are no instructions.
    let is_mark = |line: &str| line.contains("sequence_point") || line.contains("; ^-- debug @");
    let text = known.code.vcode.as_deref().unwrap_or_default();
    text.split_inclusive('\n').filter(|line| !is_mark(line)).for_each(|line| listing.text(line));
    listing
}

#[cfg(target_arch = "x86_64")]
pub fn listing(known: Known) -> Listing {
    decoded::listing(&known)
}

#[cfg(target_arch = "x86_64")]
mod decoded {
    use std::collections::BTreeSet;

    use iced_x86::{Decoder, DecoderOptions, Formatter, Instruction, IntelFormatter, Mnemonic, OpKind};
    use iced_x86::{SymbolResolver, SymbolResult};

    use super::{Form, Known, Listing};

    /// Jumps lead to offsets, which are written as labels.
    struct Labels;

    impl SymbolResolver for Labels {
        fn symbol(
            &mut self,
            instruction: &Instruction,
            _operand: u32,
            _part: Option<u32>,
            address: u64,
            _size: u32,
        ) -> Option<SymbolResult<'_>> {
            let is_constant = instruction.is_ip_rel_memory_operand();
            let is_label = is_constant || jumps(instruction);
            is_label.then(|| SymbolResult::with_string(address, label(address, is_constant)))
        }
    }

    fn label(offset: u64, is_constant: bool) -> String {
        format!("{}{offset:x}", if is_constant { "constant_" } else { "at_" })
    }

    fn jumps(instruction: &Instruction) -> bool {
        instruction.op0_kind() == OpKind::NearBranch64 && instruction.mnemonic() != Mnemonic::Call
    }

    pub fn listing(known: &Known) -> Listing {
        let bytes = known.code.code_buffer();
        let (instructions, end) = decode(bytes);
        let targets: BTreeSet<u64> =
            instructions.iter().filter(|found| jumps(found)).map(Instruction::near_branch_target).collect();
        let locations = known.code.buffer.get_srclocs_sorted();
        let mut formatter = IntelFormatter::with_options(Some(Box::new(Labels)), None);
        formatter.options_mut().set_space_after_operand_separator(true);
        let mut listing = Listing::new(Form::Asm, "");
        for instruction in &instructions {
            let offset = instruction.ip();
            let location = locations.partition_point(|location| u64::from(location.end) <= offset);
            let location = locations.get(location).filter(|location| u64::from(location.start) <= offset);
            location.and_then(|found| (known.origin)(found.loc.bits())).into_iter().for_each(|at| listing.origin(at));
            if targets.contains(&offset) {
                listing.text(&format!("{}:\n", label(offset, false)));
            }
            let mut text = String::new();
            formatter.format(instruction, &mut text);
            let name = name_in(known, offset, instruction.next_ip());
            listing.text(&format!("  {text}{}\n", name.map(|name| format!("  ; {name}")).unwrap_or_default()));
        }
        constants(bytes, end, &instructions, &mut listing);
        listing
    }

    /// What an instruction refers to by name.
    fn name_in<'a>(known: &'a Known, from: u64, to: u64) -> Option<&'a str> {
        let at = known.names.partition_point(|(offset, _)| u64::from(*offset) < from);
        known.names.get(at).filter(|(offset, _)| u64::from(*offset) < to).map(|(_, name)| &**name)
    }

    /// Instructions, and where the constants that they read begin: these follow the code.
    fn decode(bytes: &[u8]) -> (Vec<Instruction>, usize) {
        let mut decoder = Decoder::with_ip(64, bytes, 0, DecoderOptions::NONE);
        let (mut instructions, mut end) = (Vec::new(), bytes.len());
        while decoder.position() < end {
            let rest = &bytes[decoder.position()..end];
            if end < bytes.len() && rest.iter().all(|byte| *byte == 0) {
                break;
            }
            let instruction = decoder.decode();
            if instruction.is_ip_rel_memory_operand() {
                end = end.min(instruction.ip_rel_memory_address() as usize);
            }
            instructions.push(instruction);
        }
        (instructions, end)
    }

    /// The constants, each up to the next one that is read.
    fn constants(bytes: &[u8], end: usize, instructions: &[Instruction], listing: &mut Listing) {
        let read = instructions.iter().filter(|found| found.is_ip_rel_memory_operand());
        let starts: BTreeSet<usize> = read.map(|found| found.ip_rel_memory_address() as usize).collect();
        let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
        for (start, end) in starts.iter().zip(ends).filter(|(start, _)| **start >= end) {
            let words = bytes[*start..end].chunks(8).map(|word| {
                let word = word.iter().rev().map(|byte| format!("{byte:02x}"));
                format!(" 0x{}", word.collect::<String>())
            });
            listing.text(&format!("{}:{}\n", label(*start as u64, true), words.collect::<String>()));
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn constants_behind_the_code_are_no_instructions() {
            // mov rax, [rip + 9]; ret; padding; the constant.
            let mut bytes = vec![0x48, 0x8b, 0x05, 0x09, 0, 0, 0, 0xc3];
            bytes.extend([0; 8]);
            bytes.extend([1, 2, 3, 4, 5, 6, 7, 8]);
            let (instructions, end) = decode(&bytes);
            assert_eq!((instructions.len(), end), (2, 16));
            let mut listing = Listing::new(Form::Asm, "");
            constants(&bytes, end, &instructions, &mut listing);
            assert_eq!(listing.plain(), "constant_10: 0x0807060504030201\n");
        }
    }
}
