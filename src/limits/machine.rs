//! How much memory this machine, or the container we run in, has.

use std::fs;

/// Physical memory or the smallest control-group limit above this process, in bytes.
pub(super) fn memory() -> u64 {
    let info = rustix::system::sysinfo();
    let physical = (info.totalram as u64).saturating_mul(u64::from(info.mem_unit.max(1)));
    let physical = if physical == 0 { 4 << 30 } else { physical };
    control_group().map_or(physical, |limit| limit.min(physical))
}

fn control_group() -> Option<u64> {
    let mut smallest = number("/sys/fs/cgroup/memory.max");
    let mut consider = |limit: Option<u64>| smallest = smallest.into_iter().chain(limit).min();
    consider(number("/sys/fs/cgroup/memory/memory.limit_in_bytes"));
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    for path in groups.lines().filter_map(|line| line.strip_prefix("0::")) {
        let mut path = path.trim_end_matches('/');
        while !path.is_empty() {
            consider(number(&format!("/sys/fs/cgroup{path}/memory.max")));
            path = &path[..path.rfind('/').unwrap_or(0)];
        }
    }
    smallest
}

fn number(file: &str) -> Option<u64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}
