//! Ways to helpers that keep every register, for calls that hot code makes rarely: a value that lives across such a call can stay
//! in its register, and need not be reloaded in each turn of a loop around it.
//!
//! Promises the code rests on:
//! * **convention**: Cranelift's `preserve_all` passes arguments as the C convention does and gives nothing back; a result is left
//!   in the context.
//! * **pinned**: all compiled code keeps the address of its context in `r15`, which the C convention makes helpers keep as well.
//! * Compiled code uses no more than the low halves of vector registers. What the C convention saves is saved by the helper.
#![allow(unsafe_code)]

use super::super::lower::Helper;

#[cfg(not(all(target_arch = "x86_64", unix)))]
pub fn address(_: Helper) -> Option<*const u8> {
    None
}

/// The ways to helpers that some code calls rarely, and `address`, which finds them.
#[cfg(all(target_arch = "x86_64", unix))]
macro_rules! preserving {
    ($($helper:ident => $name:ident = $function:path;)*) => {
        /// The way to a helper, if there is one.
        pub fn address(helper: Helper) -> Option<*const u8> {
            match helper {
                $(Helper::$helper => Some($name as *const u8),)*
                _ => None,
            }
        }
        $(
            /// # Safety
            /// Called by compiled code as its helper (**convention**, **pinned**).
            #[unsafe(naked)]
            unsafe extern "C" fn $name() {
                std::arch::naked_asm!(
                    "push rbp",
                    "mov rbp, rsp",
                    "push rax", "push rcx", "push rdx", "push rsi", "push rdi", "push r8", "push r9", "push r10", "push r11",
                    // Sixteen vector registers, and the stack stays aligned to 16 bytes.
                    "sub rsp, 264",
                    ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15",
                    "movups [rsp + 16 * \\n], xmm\\n",
                    ".endr",
                    "call {helper}",
                    "mov [r15 + {result}], rax",
                    ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15",
                    "movups xmm\\n, [rsp + 16 * \\n]",
                    ".endr",
                    "add rsp, 264",
                    "pop r11", "pop r10", "pop r9", "pop r8", "pop rdi", "pop rsi", "pop rdx", "pop rcx", "pop rax",
                    "pop rbp",
                    "ret",
                    helper = sym $function,
                    result = const super::super::lower::context::RESULT,
                )
            }
        )*
    };
}

#[cfg(all(target_arch = "x86_64", unix))]
preserving! {
    Fallback => fallback = super::fallback;
    Poll => poll = super::super::exit::poll;
    Room => room = super::super::exit::room;
    Release => release = super::release;
    Push => push = super::push;
    Truthy => truthy = super::truthy;
    Unshare => unshare = super::unshare;
    Generalise => generalise = super::generalise;
    Settle => settle = super::settle;
    NewObject => new_object = super::new_object;
    AppendChar => append_char = super::operate::append_char;
}
