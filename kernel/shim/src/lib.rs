//! Loaded before all else into the process that runs a notebook's cells.
//!
//! evcxr talks to that process through its standard input and output, line by line, and the cells
//! share both: text that does not end in a newline hides evcxr's marks, and a cell that reads its
//! input takes evcxr's commands. So this library keeps the two apart. What evcxr itself says stays on
//! the old pipes; cells, and what they start, get pipes of the kernel's own:
//!
//! - standard output and error are pipes that the kernel reads, byte by byte;
//! - standard input is empty for programs that a cell starts, and for C's `FILE *stdin`; where the
//!   cell itself reads it, the kernel is asked, and it asks the user;
//! - a cell's start, its end and its panics are told to the kernel, and the end waits until the
//!   kernel has read all that the cell wrote;
//! - a library that a cell uses can show things and replace them by others, at any time and from any
//!   thread: it finds `notebook_kernel_display` by `dlsym`;
//! - a thread starts also where the kernel's limit leaves no memory for it.
//!
//! evcxr is told from the cells by the address that a call of `read` or `write` comes from: evcxr's
//! are those of the program itself, the cells' come from libraries.

mod calls;
mod display;
mod link;
mod panics;
mod threads;
mod widgets;

use std::sync::OnceLock;

/// What is known once the process runs cells.
struct Process {
    link: link::Link,
    /// Where evcxr's commands come from.
    commands: libc::c_int,
    /// Where evcxr's marks go to.
    marks: libc::c_int,
    program: calls::Program,
}

/// The variable that names a library to be loaded ahead.
const LIBRARY: &str = "NOTEBOOK_KERNEL_LIBRARY";

static PROCESS: OnceLock<Process> = OnceLock::new();

// The loader calls what stands here before `main`.
#[used]
#[unsafe(link_section = ".init_array")]
static START: extern "C" fn() = start;

extern "C" fn start() {
    // evcxr_jupyter loads this library, too, to hand it on to the process that it starts.
    if std::env::var_os("EVCXR_IS_RUNTIME").is_none() {
        return;
    }
    let Some(link) = link::Link::from_environment() else { return };
    // SAFETY: no other thread runs yet, neither changing the environment nor using descriptors.
    unsafe {
        std::env::remove_var("LD_PRELOAD");
        std::env::remove_var(link::VARIABLE);
        // Programs that a cell starts are ended with it, as one group.
        libc::setpgid(0, 0);
        let commands = libc::fcntl(0, libc::F_DUPFD_CLOEXEC, 10);
        let marks = libc::fcntl(1, libc::F_DUPFD_CLOEXEC, 10);
        let nothing = libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        if commands < 0 || marks < 0 || nothing < 0 {
            return;
        }
        libc::dup2(nothing, 0);
        libc::dup2(link.output, 1);
        libc::dup2(link.error, 2);
        libc::close(nothing);
        let program = calls::Program::find();
        link.tell(b'H', &[]);
        let _ = PROCESS.set(Process { link, commands, marks, program });
    }
    panics::tell_of_panics();
    load_ahead();
}

/// Loads what the first cell with the library would wait for, while the compiler works on that cell.
fn load_ahead() {
    let library = std::env::var(LIBRARY).ok().and_then(|path| std::ffi::CString::new(path).ok());
    // SAFETY: as at the start.
    unsafe { std::env::remove_var(LIBRARY) };
    if let Some(library) = library {
        std::thread::spawn(move || {
            // SAFETY: the name is a C string. What can't be loaded here is loaded by the cell, which
            // says what is wrong.
            unsafe { libc::dlopen(library.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        });
    }
}
