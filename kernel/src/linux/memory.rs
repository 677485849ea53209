//! How much memory a kernel may take.
//!
//! Linux promises more memory than it has, and when the promise breaks it kills a process, the
//! variables of a notebook with it. With a limit, it is the allocation that is refused, and a library
//! such as libtorch makes an error of that: the kernel lives.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const GROUPS: &str = "/sys/fs/cgroup";
/// With less than this a kernel could not even compile a cell: then Linux has to find the rest.
const LEAST: u64 = 2_000_000_000;

/// Lets a program take what is free now, and not more.
pub fn limit(command: &mut Command) {
    // The driver of a graphics card reserves addresses without end.
    if super::has_gpu() {
        return;
    }
    let Some(bytes) = free().map(|bytes| bytes.max(LEAST)) else { return };
    // SAFETY: these functions may be called between fork and exec.
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

/// The free memory in bytes, without what would have to be swapped: that of the machine, or of the
/// narrowest container around this process.
fn free() -> Option<u64> {
    let machine = available(&fs::read_to_string("/proc/meminfo").ok()?)?;
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    Some(free_in_groups(Path::new(GROUPS), &own).into_iter().fold(machine, u64::min))
}

fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? * 1024)
}

/// What is left in each of the control groups, from the process's own to the outermost.
/// `own` is the text of /proc/self/cgroup: `0::/a/b` in version 2, `7:memory:/a/b` in version 1.
fn free_in_groups(mount: &Path, own: &str) -> Vec<u64> {
    let mut left = Vec::new();
    for line in own.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let (root, limit, used) = if controllers.is_empty() {
            (mount.to_owned(), "memory.max", "memory.current")
        } else if controllers.split(',').any(|name| name == "memory") {
            (mount.join("memory"), "memory.limit_in_bytes", "memory.usage_in_bytes")
        } else {
            continue;
        };
        // In a container the path may be that of the machine outside: then only the root is there.
        let own = root.join(path.trim_start_matches('/'));
        let groups = own.ancestors().take_while(|group| group.starts_with(&root));
        left.extend(groups.filter_map(|group| left_in(group, limit, used)));
    }
    left
}

/// A group's limit less what it uses, where files that are only cached don't count.
fn left_in(group: &Path, limit: &str, used: &str) -> Option<u64> {
    let number = |file: PathBuf| fs::read_to_string(file).ok()?.trim().parse::<u64>().ok();
    let limit = number(group.join(limit))?;
    let used = number(group.join(used)).unwrap_or(0);
    let cached = fs::read_to_string(group.join("memory.stat")).ok().and_then(|stat| {
        let line = stat.lines().find_map(|line| line.strip_prefix("inactive_file "));
        line?.trim().parse::<u64>().ok()
    });
    Some(limit.saturating_sub(used.saturating_sub(cached.unwrap_or(0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_memory_is_read_from_linux() {
        let text = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    300 kB\n";
        assert_eq!(available(text), Some(300 * 1024));
        assert_eq!(available("MemTotal: 1000 kB\n"), None);
        assert!(free().is_some());
    }

    #[test]
    fn the_narrowest_of_nested_groups_counts() {
        let root = std::env::temp_dir().join(format!("kernel-groups-{}", std::process::id()));
        let put = |path: &str, text: &str| {
            let file = root.join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        put("memory.max", "max\n");
        put("a/memory.max", "8000\n");
        put("a/memory.current", "3000\n");
        put("a/memory.stat", "anon 1\ninactive_file 1000\n");
        put("a/b/memory.max", "9000\n");
        put("a/b/memory.current", "0\n");
        assert_eq!(free_in_groups(&root, "0::/a/b\n"), [9000, 6000]);
        put("memory/x/memory.limit_in_bytes", "500\n");
        assert_eq!(free_in_groups(&root, "4:cpu:/x\n3:memory:/x\n"), [500]);
        assert_eq!(free_in_groups(&root, "0::/not/here\n"), [0; 0]);
        fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_program_is_limited() {
        let mut shell = Command::new("sh");
        limit(shell.args(["-c", "ulimit -d"]));
        let said = String::from_utf8(shell.output().unwrap().stdout).unwrap();
        match said.trim().parse::<u64>() {
            Ok(kilobytes) => assert!(kilobytes * 1024 <= 2 * free().unwrap().max(LEAST)),
            Err(_) => assert!(super::super::has_gpu(), "{said}"),
        }
    }
}
