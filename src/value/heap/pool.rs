//! One pool of memory for all threads, and what it keeps.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
use std::sync::Once;

/// By default the C library gives each thread a pool of its own, which grows page by page, and what one thread has freed is nothing
/// to the next: the compiler of machine code begins with fresh memory each time. Threads that have a pool already keep it.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn share_pool() {
    // SAFETY: a setting of the allocator, which it makes under its lock and may refuse.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
}

/// Large blocks are made by the system, which can move them as they grow, until a program frees one: it will want more of them, and
/// pages that it has touched are better than fresh ones.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[inline(never)]
pub(super) fn keep_large() {
    /// The largest block that comes from the pool; the library allows no more.
    const LARGEST: i32 = 32 << 20;
    /// Free memory at the end of the pool that is not given back.
    const KEPT: i32 = 64 << 20;
    static KEEP: Once = Once::new();
    KEEP.call_once(|| {
        // SAFETY: as above.
        unsafe { libc::mallopt(libc::M_MMAP_THRESHOLD, LARGEST) };
        // SAFETY: as above.
        unsafe { libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT) };
    });
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn share_pool() {}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(super) fn keep_large() {}
