//! Where instructions stand in their program's text: the trace entries of those that errors came from lately.
//!
//! An entry is made once, and kept until another one that shares its place here is asked for.
use crate::semantics::fault::TraceEntry;

/// Entries: 2 to this.
const BITS: u32 = 7;

/// Entries made lately, by function and offset; without memory until the first is.
#[derive(Debug, Default)]
pub struct Places {
    known: Vec<Option<(u32, u32, TraceEntry)>>,
}

impl Places {
    /// The entry of an instruction, made by `make` if it is not known.
    pub fn find(&mut self, function: u32, pc: u32, make: impl FnOnce() -> TraceEntry) -> TraceEntry {
        if self.known.is_empty() {
            self.known.resize(1 << BITS, None);
        }
        let mixed = (function ^ pc.rotate_left(16)).wrapping_mul(0x9E37_79B9);
        let known = &mut self.known[(mixed >> (u32::BITS - BITS)) as usize];
        match *known {
            Some((its_function, its_pc, entry)) if (its_function, its_pc) == (function, pc) => entry,
            _ => known.insert((function, pc, make())).2,
        }
    }
}
