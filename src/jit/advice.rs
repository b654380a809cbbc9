//! What would help code that was refused or left, in the user's words. Only where the program can do something about it: what the
//! compiler mends by itself (code compiled again with what it has learnt) has no advice.
use super::compiler::Refusal;
use super::lower::Check;

/// For a place that stays in the VM.
pub fn for_refusal(reason: &Refusal) -> Option<&'static str> {
    match reason {
        Refusal::MostlyVm(_) => Some("put the loops that calculate into functions of their own"),
        Refusal::TooOften => Some("give variables, fields and elements one kind of value each"),
        Refusal::TooLarge => Some("split the function"),
        Refusal::Budget => Some("call fewer functions often"),
        Refusal::Build(_) | Refusal::Backend(_) | Refusal::Panicked => None,
    }
}

/// For code that was left by this check.
pub fn for_check(check: Check) -> Option<&'static str> {
    match check {
        Check::Tag(_) | Check::OtherThan(_) => Some("give it one kind of value, or call a function for each kind"),
        Check::Shape(_) => Some("let one place see at most four types of objects or elements"),
        Check::Unique => Some("change it where no other variable holds it: each change of a shared one copies it first"),
        Check::Bounds => Some("test the index first, or write `xs[i] ?? default`"),
        Check::Overflow => Some("keep integers within 64 bits, for instance by `% m`; larger ones are exact, but slow"),
        Check::Divisor => Some("test the divisor first"),
        Check::Callee => Some("let one place call at most four functions"),
        Check::Small
        | Check::Sum
        | Check::Variable
        | Check::Overwrite
        | Check::Reached
        | Check::Operation
        | Check::Other => None,
    }
}

/// As the end of a line.
pub fn appended(advice: Option<&str>) -> String {
    advice.map(|advice| format!("; help: {advice}")).unwrap_or_default()
}
