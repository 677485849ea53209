//! The launcher that the kernel spec names. It gives the kernel its own folder and settings, turns
//! Jupyter's stop into something a running `fit` can answer, and cleans up.

use crate::build::Build;
use crate::clone::Clone;
use crate::environment::Environment;
use crate::process::{Context, Result};
use crate::project::Project;
use crate::relay::{READY, Relay};
use crate::template::CELLS;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};
use std::time::{Duration, Instant};

/// A second stop within this time ends the cell, whatever it does.
const SECOND_STOP: Duration = Duration::from_secs(5);

/// `unit8-kernel <project> <environment> <connection file>`
pub fn run(args: &[String]) -> Result<ExitCode> {
    let [root, prefix, connection_file] = args else {
        return Err("usage: unit8-kernel <project> <environment> <connection file>".to_owned());
    };
    let project = Project::at(Path::new(root))?;
    let environment = Environment::at(PathBuf::from(prefix))
        .context(format!("{prefix} is gone: `cargo xtask setup` makes it again"))?;
    let build = Build::new(&project, &environment)?;
    // Before anything is cloned: from now on a signal waits until the loop below asks for it.
    let signals = Signals::block()?;
    let clone = Clone::of_template(&project)?;
    let relay = Relay::new(Path::new(connection_file), &clone.folder)?;
    let mut command = kernel(&project, &environment, &build, &clone.folder);
    command.arg("--control_file").arg(&relay.connection_file).env(READY, &relay.ready);
    relay.open_when_ready();
    let mut child = command.spawn().context(format!("can't run {}", project.evcxr().display()))?;
    let status = watch(&signals, &mut child, &project.evcxr())?;
    Ok(ExitCode::from(status))
}

/// evcxr_jupyter with all settings of a kernel.
fn kernel(project: &Project, environment: &Environment, build: &Build, folder: &Path) -> Command {
    let mut command = Command::new(project.evcxr());
    command
        .env("EVCXR_TMPDIR", folder.join(CELLS))
        .env("EVCXR_CONFIG_DIR", project.evcxr_config())
        .env("PATH", environment.path())
        .env("VIRTUAL_ENV", &environment.prefix)
        .env_remove("CONDA_PREFIX");
    build.set_variables(&mut command);
    tune(&mut command);
    crate::memory::limit(&mut command);
    command
        .env("CARGO", project.cargo_filter())
        .env(crate::metadata::REAL_CARGO, build.real_cargo());
    // An ignored signal stays ignored in all that the kernel starts: compilers go on, and only
    // `fit`, which asks for the signal, sees it.
    unsafe {
        command.pre_exec(|| {
            libc::signal(libc::SIGINT, libc::SIG_IGN);
            let mut none = std::mem::zeroed();
            libc::sigemptyset(&mut none);
            libc::sigprocmask(libc::SIG_SETMASK, &none, std::ptr::null_mut());
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    command
}

/// How libtorch waits and keeps its memory, unless the user has said so.
pub fn tune(command: &mut Command) {
    if std::env::var_os("GOMP_SPINCOUNT").is_none() {
        // libtorch's threads wait for each other in a loop that burns the processor, thirty times
        // longer than this by default. With several kernels on one machine that was a training
        // thirty times slower; alone, this one is as fast.
        command.env("GOMP_SPINCOUNT", "10000");
    }
    if std::env::var_os("GLIBC_TUNABLES").is_none() {
        // Memory of tensors that goes back to the system after each one has to be cleared by it
        // before the next: a third of a training step.
        let keep = "glibc.malloc.mmap_threshold=4294967296:glibc.malloc.trim_threshold=17179869184";
        command.env("GLIBC_TUNABLES", keep);
    }
}

/// Waits for the kernel to end and answers signals until then.
///
/// A compiler ends by itself when it is interrupted, and a training after its batch. A cell that
/// goes on after a first stop is ended by a second one, and its variables with it.
fn watch(signals: &Signals, child: &mut Child, evcxr: &Path) -> Result<u8> {
    let mut first_stop: Option<Instant> = None;
    loop {
        let signal = signals.wait(first_stop.map(|_| Duration::from_millis(100)));
        let running: Vec<u32> = running_cells(child.id(), evcxr);
        if running.is_empty() || first_stop.is_some_and(|stop| stop.elapsed() > SECOND_STOP) {
            first_stop = None;
        }
        match signal {
            Some(libc::SIGINT) if first_stop.is_some() => {
                send(libc::SIGKILL, &running);
            }
            Some(libc::SIGINT) => first_stop = Some(Instant::now()),
            Some(libc::SIGCHLD) => {
                if let Some(status) = child.try_wait().context("the kernel")? {
                    return Ok(status.code().map_or(1, |code| code as u8));
                }
            }
            Some(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return Ok(0);
            }
            // The first one may have come before `fit` listened.
            None => send(libc::SIGINT, &running),
        }
    }
}

fn send(signal: libc::c_int, processes: &[u32]) {
    for process in processes {
        unsafe { libc::kill(*process as i32, signal) };
    }
}

/// The process in which the cells run, unless it waits for the next one.
fn running_cells(kernel: u32, evcxr: &Path) -> Vec<u32> {
    let runs_cells = |child: &u32| {
        fs::read_link(format!("/proc/{child}/exe")).is_ok_and(|program| program == evcxr)
    };
    let mut processes = children(kernel);
    processes.retain(|child| runs_cells(child) && !waits_for_input(*child));
    processes
}

fn children(process: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else {
        return Vec::new();
    };
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
        .flat_map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
        .filter_map(|child| child.parse().ok())
        .collect()
}

/// Whether a process sits in read(0, ..).
fn waits_for_input(process: u32) -> bool {
    fs::read_to_string(format!("/proc/{process}/syscall"))
        .is_ok_and(|call| call.starts_with(&format!("{} 0x0 ", libc::SYS_read)))
}

/// The signals that the launcher answers, taken one by one.
struct Signals {
    set: libc::sigset_t,
}

impl Signals {
    fn block() -> Result<Signals> {
        let mut set = unsafe { std::mem::zeroed() };
        unsafe {
            libc::sigemptyset(&mut set);
            for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGCHLD] {
                libc::sigaddset(&mut set, signal);
            }
        }
        match unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()) } {
            0 => Ok(Signals { set }),
            code => Err(std::io::Error::from_raw_os_error(code).to_string()),
        }
    }

    /// The next signal, or None if none comes within the time.
    fn wait(&self, time: Option<Duration>) -> Option<libc::c_int> {
        let mut signal = 0;
        let time = time.map(|time| libc::timespec {
            tv_sec: time.as_secs() as libc::time_t,
            tv_nsec: time.subsec_nanos().into(),
        });
        match time {
            Some(time) => {
                signal = unsafe { libc::sigtimedwait(&self.set, std::ptr::null_mut(), &time) };
            }
            None => unsafe {
                libc::sigwait(&self.set, &mut signal);
            },
        }
        (signal > 0).then_some(signal)
    }
}
