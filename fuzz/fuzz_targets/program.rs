//! Any program gives the same on all engines, within small limits: text that begins with `#` is one as it stands, other
//! bytes are the decisions of the generator of `tests/generated`.
#![no_main]

use std::time::Duration;

#[allow(dead_code)]
#[path = "../../tests/generated/mod.rs"]
mod generated;

use generated::Generator;
use generated::check::{Verdict, check_within};
use generated::choices::Choices;
use libfuzzer_sys::fuzz_target;

/// The tree walker, and the others in the set-ups that leave and enter compiled code most.
const MODES: &[&str] = &["interp", "vm-verify", "jit", "jit-eager", "jit-exit=3"];

const MOST_TIME: Duration = Duration::from_secs(2);

/// Decisions from bytes; when they are used up every decision is the first choice.
struct Bytes<'a>(&'a [u8]);

impl Choices for Bytes<'_> {
    fn below(&mut self, n: u64) -> u64 {
        let wanted = if n <= 256 { 1 } else { 2 };
        let (head, rest) = self.0.split_at(self.0.len().min(wanted));
        self.0 = rest;
        head.iter().fold(0, |number, &byte| number << 8 | u64::from(byte)) % n
    }
}

fuzz_target!(|data: &[u8]| {
    let text = match std::str::from_utf8(data) {
        Ok(text) if text.starts_with('#') => text.to_owned(),
        _ => generated::tree::print(&Generator::new(&mut Bytes(data)).program()),
    };
    if let Verdict::Differ { mode, what } = check_within(&text, MODES, MOST_TIME) {
        panic!("{mode}: {what}\n{text}");
    }
});
