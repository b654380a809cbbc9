//! Bytecode: what the compiler makes, the VM runs and the JIT reads.
//!
//! [`op`] is the instruction table, [`chunk`] a compiled function, `verify` checks the invariants of both,
//! [`disasm`] shows them.
pub mod chunk;
pub mod disasm;
pub mod op;
pub mod reference;
pub mod verify;

pub use chunk::Chunk;
pub use op::Op;
