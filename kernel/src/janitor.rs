//! Cleans up after a kernel, however it ended: a process that waits until the kernel is gone, then
//! ends what the cells have started and removes the kernel's folder.

use crate::error::{Context, Result};
use crate::linux;
use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};

/// The kernel's side.
pub struct Janitor {
    input: ChildStdin,
}

impl Janitor {
    /// Starts the process. It ends, with its work done, when the value goes or the kernel ends.
    pub fn start(folder: &Path) -> Result<Janitor> {
        let program = std::env::current_exe().context("where is this program?")?;
        let mut command = Command::new(program);
        command.arg("janitor").arg(folder).stdin(Stdio::piped());
        linux::detach(&mut command);
        let child = command.current_dir("/").spawn().context("can't start the janitor")?;
        child.stdin.map(|input| Janitor { input }).context("the janitor has no input")
    }

    /// A process that leads a group, to be ended with the kernel. A later one of the same name takes
    /// its place: the number of a process that has ended may be another's by then.
    pub fn note(&mut self, name: &str, leader: u32) {
        let _ = writeln!(self.input, "{name} {leader}");
    }
}

/// The process: reads the numbers of processes until the kernel is gone.
pub fn run(folder: &Path) {
    let lines = std::io::stdin().lock().lines().map_while(std::result::Result::ok);
    let groups: HashMap<String, u32> = lines
        .filter_map(|line| {
            let (name, leader) = line.split_once(' ')?;
            Some((name.to_owned(), leader.parse().ok()?))
        })
        .collect();
    groups.into_values().for_each(linux::kill_group);
    // What was just ended may still write a moment.
    for _ in 0..20 {
        if std::fs::remove_dir_all(folder).is_ok() || !folder.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let _ = std::fs::remove_file(folder.with_extension("lock"));
}
