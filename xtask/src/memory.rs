//! How much memory a kernel may take.
//!
//! Linux promises more memory than it has, and when the promise breaks it kills a process, the
//! variables of a notebook with it. With a limit, it is libtorch that is refused, and that is an
//! error like others: the kernel lives.

use crate::process::has_gpu;
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The limits of containers, by version 2 and 1 of Linux's control groups.
const CONTAINER: [&str; 2] =
    ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/// With less than this a kernel could not even compile a cell: then Linux has to find the rest.
const LEAST: u64 = 2_000_000_000;

/// Lets a program take what is free now, and not more.
pub fn limit(command: &mut Command) {
    // The driver of a graphics card reserves addresses without end.
    if has_gpu() {
        return;
    }
    let Some(bytes) = free().map(|bytes| bytes.max(LEAST)) else { return };
    unsafe {
        command.pre_exec(move || {
            let mut limit: libc::rlimit = std::mem::zeroed();
            if libc::getrlimit(libc::RLIMIT_DATA, &mut limit) == 0 {
                limit.rlim_cur = limit.rlim_cur.min(bytes);
                libc::setrlimit(libc::RLIMIT_DATA, &limit);
            }
            Ok(())
        });
    }
}

/// The free memory in bytes, without what would have to be swapped.
fn free() -> Option<u64> {
    let machine = available(&fs::read_to_string("/proc/meminfo").ok()?)?;
    let container = CONTAINER.into_iter().filter_map(|file| fs::read_to_string(file).ok());
    let container = container.filter_map(|limit| limit.trim().parse().ok());
    Some(container.fold(machine, u64::min))
}

fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_memory_is_read_from_linux() {
        let text = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    300 kB\n";
        assert_eq!(available(text), Some(300 * 1024));
        assert_eq!(available("MemTotal: 1000 kB\n"), None);
        assert!(free().is_some_and(|bytes| bytes > 100_000_000));
    }

    #[test]
    fn a_program_is_limited() {
        let mut shell = Command::new("sh");
        limit(shell.args(["-c", "ulimit -d"]));
        let said = String::from_utf8(shell.output().unwrap().stdout).unwrap();
        match said.trim().parse::<u64>() {
            Ok(kilobytes) => assert!(kilobytes * 1024 <= 2 * free().unwrap().max(LEAST)),
            Err(_) => assert!(has_gpu(), "{said}"),
        }
    }
}
