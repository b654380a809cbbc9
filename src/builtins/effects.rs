//! What calling a builtin may do, as words of its row in the table.
//!
//! A row without words promises nothing: it may fault, call back and touch anything. A row with words does
//! exactly what they say. Faults for arguments of a wrong type are not counted: a caller that knows the types
//! of the arguments knows that they cannot happen.

pub use crate::host::Capability;

/// The effect words of one row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Effects {
    declared: bool,
    pure: bool,
    fault: bool,
    call: bool,
    output: bool,
    capability: Option<Capability>,
}

impl Default for Effects {
    fn default() -> Effects {
        Effects::new()
    }
}

impl Effects {
    /// No words yet.
    pub const fn new() -> Effects {
        Effects { declared: false, pure: false, fault: false, call: false, output: false, capability: None }
    }

    /// The result depends on the arguments only, and nothing else is changed.
    pub const fn pure(mut self) -> Effects {
        self.declared = true;
        self.pure = true;
        self
    }

    /// It may raise although the arguments have the declared types.
    pub const fn may_fault(mut self) -> Effects {
        self.declared = true;
        self.fault = true;
        self
    }

    /// It may call functions of the program: callbacks, `to_string`, `op_eq`.
    pub const fn may_call(mut self) -> Effects {
        self.declared = true;
        self.call = true;
        self
    }

    /// It reads or writes the standard streams, or ends the program.
    pub const fn console(mut self) -> Effects {
        self.declared = true;
        self.output = true;
        self
    }

    /// It needs a capability, checked before the call.
    pub const fn io(mut self, capability: Capability) -> Effects {
        self.declared = true;
        self.capability = Some(capability);
        self
    }

    /// Calls with equal arguments give equal results and have no effect: foldable, reusable, movable.
    pub const fn is_pure(self) -> bool {
        self.pure
    }

    /// May a call with arguments of the declared types raise?
    pub const fn can_fault(self) -> bool {
        !self.declared || self.fault || self.call || self.capability.is_some()
    }

    /// May a call run code of the program?
    pub const fn can_call(self) -> bool {
        !self.declared || self.call
    }

    /// The capability that a call needs.
    pub const fn capability(self) -> Option<Capability> {
        self.capability
    }
}
