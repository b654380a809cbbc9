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
#[cfg(all(target_arch = "x86_64", unix))]
use super::super::lower::context;

/// The way to a helper that some code calls rarely.
#[cfg(all(target_arch = "x86_64", unix))]
pub fn address(helper: Helper) -> Option<*const u8> {
    Some(match helper {
        Helper::Fallback => fallback as *const u8,
        Helper::Poll => poll as *const u8,
        Helper::Release => release as *const u8,
        Helper::Push => push as *const u8,
        Helper::Generalise => generalise as *const u8,
        Helper::NewObject => new_object as *const u8,
        _ => return None,
    })
}

#[cfg(not(all(target_arch = "x86_64", unix)))]
pub fn address(_: Helper) -> Option<*const u8> {
    None
}

#[cfg(all(target_arch = "x86_64", unix))]
macro_rules! preserving {
    ($($name:ident => $helper:path;)*) => {$(
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
                "movups [rsp], xmm0", "movups [rsp + 16], xmm1", "movups [rsp + 32], xmm2", "movups [rsp + 48], xmm3",
                "movups [rsp + 64], xmm4", "movups [rsp + 80], xmm5", "movups [rsp + 96], xmm6", "movups [rsp + 112], xmm7",
                "movups [rsp + 128], xmm8", "movups [rsp + 144], xmm9", "movups [rsp + 160], xmm10", "movups [rsp + 176], xmm11",
                "movups [rsp + 192], xmm12", "movups [rsp + 208], xmm13", "movups [rsp + 224], xmm14", "movups [rsp + 240], xmm15",
                "call {helper}",
                "mov [r15 + {result}], rax",
                "movups xmm0, [rsp]", "movups xmm1, [rsp + 16]", "movups xmm2, [rsp + 32]", "movups xmm3, [rsp + 48]",
                "movups xmm4, [rsp + 64]", "movups xmm5, [rsp + 80]", "movups xmm6, [rsp + 96]", "movups xmm7, [rsp + 112]",
                "movups xmm8, [rsp + 128]", "movups xmm9, [rsp + 144]", "movups xmm10, [rsp + 160]", "movups xmm11, [rsp + 176]",
                "movups xmm12, [rsp + 192]", "movups xmm13, [rsp + 208]", "movups xmm14, [rsp + 224]", "movups xmm15, [rsp + 240]",
                "add rsp, 264",
                "pop r11", "pop r10", "pop r9", "pop r8", "pop rdi", "pop rsi", "pop rdx", "pop rcx", "pop rax",
                "pop rbp",
                "ret",
                helper = sym $helper,
                result = const context::RESULT,
            )
        }
    )*};
}

#[cfg(all(target_arch = "x86_64", unix))]
preserving! {
    fallback => super::fallback;
    poll => super::super::exit::poll;
    release => super::release;
    push => super::push;
    generalise => super::generalise;
    new_object => super::new_object;
}
