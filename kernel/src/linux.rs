//! What only Linux knows: /proc, prctl, control groups. Another system gets a module of its own.

pub mod memory;

use std::fs;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lets a program, and what it starts, have these descriptors.
pub fn inherit(command: &mut Command, descriptors: Vec<RawFd>) {
    // SAFETY: fcntl may be called between fork and exec.
    unsafe {
        command.pre_exec(move || {
            for descriptor in &descriptors {
                if libc::fcntl(*descriptor, libc::F_SETFD, 0) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
            }
            Ok(())
        });
    }
}

/// Starts a program that ends with this one, in a group of its own, and that no stop reaches: an
/// ignored signal stays ignored in all that the program starts, until something asks for it.
pub fn shield(command: &mut Command) {
    tie(command).process_group(0);
    // SAFETY: this function may be called between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::signal(libc::SIGINT, libc::SIG_IGN);
            Ok(())
        });
    }
}

/// Starts a program that ends with the thread that starts it, which is to wait for it.
pub fn tie(command: &mut Command) -> &mut Command {
    // SAFETY: this function may be called between fork and exec.
    unsafe {
        command.pre_exec(|| {
            end_with_parent();
            Ok(())
        })
    }
}

/// Lets this program end with the one that has started it.
pub fn end_with_parent() {
    // SAFETY: numbers only.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
}

/// Starts a program that outlives this one.
pub fn detach(command: &mut Command) {
    // SAFETY: these functions may be called between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::setsid();
            for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
                libc::signal(signal, libc::SIG_IGN);
            }
            Ok(())
        });
    }
}

/// Puts this program at the head of a group, so that it can be ended with all that it starts.
pub fn lead_a_group() {
    // SAFETY: numbers only.
    unsafe { libc::setpgid(0, 0) };
}

/// Sends SIGINT to a process.
pub fn interrupt(process: u32) {
    // SAFETY: numbers only.
    unsafe { libc::kill(process as i32, libc::SIGINT) };
}

/// Whether a process does something of its own at a SIGINT: it neither ignores it nor ends.
pub fn catches_interrupts(process: u32) -> bool {
    let about = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let caught = about.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & (1 << (libc::SIGINT - 1)) != 0)
}

/// The file of the program that a process runs.
pub fn program(process: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{process}/exe")).ok()
}

/// Ends a process and the group that it leads.
pub fn kill_group(leader: u32) {
    // SAFETY: numbers only. Never 0 or 1: those are groups of others.
    if leader > 1 {
        unsafe {
            libc::kill(-(leader as i32), libc::SIGKILL);
            libc::kill(leader as i32, libc::SIGKILL);
        }
    }
}

/// The processes that a process has started and that still run.
pub fn children(process: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
        .flat_map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|child| child.parse().ok())
        .collect()
}

/// Whether a process is there. One that has ended and that nobody has asked about counts as gone.
pub fn is_alive(process: u32) -> bool {
    let Ok(about) = fs::read_to_string(format!("/proc/{process}/stat")) else { return false };
    // The name of the program stands in brackets, and may hold anything.
    !about.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
}

/// Two ends of a connection on which packets stay whole, and whose one end learns that the other is
/// gone.
pub fn pair() -> std::io::Result<(UnixDatagram, UnixDatagram)> {
    let mut ends = [0; 2];
    // SAFETY: there is room for two descriptors.
    let made = unsafe {
        libc::socketpair(
            libc::AF_UNIX,
            libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC,
            0,
            &raw mut ends[0],
        )
    };
    if made < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: both are new, and nobody else's.
    let [one, other] = ends.map(|end| unsafe { OwnedFd::from_raw_fd(end) });
    Ok((one.into(), other.into()))
}

/// Sends one packet to a socket.
pub fn send(socket: RawFd, packet: &[u8]) {
    // SAFETY: the packet outlives the call.
    unsafe { libc::send(socket, packet.as_ptr().cast(), packet.len(), libc::MSG_NOSIGNAL) };
}

/// Reads what is there, from a descriptor that does not wait; None where nothing is.
pub fn read(descriptor: &impl AsRawFd, bytes: &mut [u8]) -> Option<usize> {
    // SAFETY: the slice is as long as is said.
    let count =
        unsafe { libc::read(descriptor.as_raw_fd(), bytes.as_mut_ptr().cast(), bytes.len()) };
    usize::try_from(count).ok()
}

/// Makes room in a pipe, so that a cell that writes much waits less often.
pub fn widen(pipe: &impl AsRawFd) {
    // SAFETY: numbers only; a system that refuses keeps the usual size.
    unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETPIPE_SZ, 1 << 20) };
}

/// Whether there is NVIDIA's driver, that of Windows below WSL 2 included.
pub fn has_gpu() -> bool {
    ["/dev/nvidiactl", "/dev/dxg"].iter().any(|device| Path::new(device).exists())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Stdio;

    #[test]
    fn who_waits_for_an_answer_learns_that_the_other_end_is_gone() {
        let (one, other) = pair().unwrap();
        let mut bytes = [0; 8];
        one.send(b"a").unwrap();
        one.send(b"bc").unwrap();
        assert_eq!((other.recv(&mut bytes).unwrap(), other.recv(&mut bytes).unwrap()), (1, 2));
        drop(one);
        assert_eq!(other.recv(&mut bytes).unwrap(), 0);
        send(other.as_raw_fd(), b"nobody there, and no signal");
    }

    #[test]
    fn a_process_that_listens_is_told_from_one_that_does_not() {
        let listens = |script: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("{script} echo; read x")]);
            // A shell can't catch what was ignored when it started, as in a job in the background.
            // SAFETY: this function may be called between fork and exec.
            unsafe {
                shell.pre_exec(|| {
                    libc::signal(libc::SIGINT, libc::SIG_DFL);
                    Ok(())
                });
            }
            let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let mut line = [0];
            std::io::Read::read_exact(&mut shell.stdout.take().unwrap(), &mut line).unwrap();
            let listens = catches_interrupts(shell.id());
            assert_ne!(program(shell.id()), program(std::process::id()));
            drop(shell.stdin.take());
            shell.wait().unwrap();
            listens
        };
        assert!(listens("trap 'echo stopped' INT;"));
        assert!(!listens("trap '' INT;"));
        assert!(!catches_interrupts(0));
    }

    #[test]
    fn a_group_ends_with_its_leader() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "sleep 60 & sleep 60"]).stdout(Stdio::null()).process_group(0);
        let mut shell = shell.spawn().unwrap();
        let sleepers = (0..100)
            .find_map(|_| {
                std::thread::sleep(std::time::Duration::from_millis(20));
                Some(children(shell.id())).filter(|sleepers| sleepers.len() == 2)
            })
            .expect("two children");
        assert!(sleepers.iter().all(|sleeper| is_alive(*sleeper)));
        kill_group(shell.id());
        shell.wait().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert!(!sleepers.iter().any(|sleeper| is_alive(*sleeper)));
    }
}
