//! One pool of memory for all threads.

/// By default the C library gives each thread a pool of its own, which grows page by page, and what one thread has freed is nothing
/// to the next: the compiler of machine code begins with fresh memory each time. Threads that have a pool already keep it.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn share_pool() {
    // SAFETY: a setting of the allocator, which it makes under its lock and may refuse.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn share_pool() {}
