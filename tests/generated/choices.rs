//! Where the generator takes its decisions from: a seed, or the bytes of a fuzzer.

pub trait Choices {
    /// A number below `n`, which is not 0. A source that is used up says 0, which leads to the simplest form.
    fn below(&mut self, n: u64) -> u64;
}
