//! `read` and `write`, as the whole process sees them.

use crate::PROCESS;
use libc::{c_int, c_void, size_t, ssize_t};
use std::arch::naked_asm;
use std::io::Write;
use std::time::Duration;

/// The mark with which evcxr ends a cell.
const END: &[u8] = b"EVCXR_EXECUTION_COMPLETE";

/// Goes on in another function, with the address to return to as its fourth argument.
#[cfg(target_arch = "x86_64")]
macro_rules! go_on_in {
    ($function:path) => {
        naked_asm!("mov rcx, [rsp]", "jmp {}", sym $function)
    };
}
#[cfg(target_arch = "aarch64")]
macro_rules! go_on_in {
    ($function:path) => {
        naked_asm!("mov x3, x30", "b {}", sym $function)
    };
}

#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn read(descriptor: c_int, buffer: *mut c_void, count: size_t) -> ssize_t {
    go_on_in!(read_from)
}

#[unsafe(naked)]
#[unsafe(no_mangle)]
unsafe extern "C" fn write(descriptor: c_int, buffer: *const c_void, count: size_t) -> ssize_t {
    go_on_in!(write_from)
}

/// Where the program itself lies in memory, without its libraries.
pub struct Program {
    first: usize,
    last: usize,
}

impl Program {
    pub fn find() -> Program {
        unsafe extern "C" fn note(
            about: *mut libc::dl_phdr_info,
            _size: size_t,
            found: *mut c_void,
        ) -> c_int {
            // SAFETY: the loader passes a valid description, and we pass a Program.
            let (about, found) = unsafe { (&*about, &mut *found.cast::<Program>()) };
            let headers =
                unsafe { std::slice::from_raw_parts(about.dlpi_phdr, about.dlpi_phnum.into()) };
            for header in headers.iter().filter(|header| header.p_type == libc::PT_LOAD) {
                let start = about.dlpi_addr as usize + header.p_vaddr as usize;
                found.first = found.first.min(start);
                found.last = found.last.max(start + header.p_memsz as usize);
            }
            1 // the program comes first: no further one
        }
        let mut program = Program { first: usize::MAX, last: 0 };
        // SAFETY: `note` gets the Program that it expects.
        unsafe { libc::dl_iterate_phdr(Some(note), (&raw mut program).cast()) };
        program
    }

    fn has(&self, address: usize) -> bool {
        (self.first..self.last).contains(&address)
    }
}

unsafe extern "C" fn read_from(
    descriptor: c_int,
    buffer: *mut c_void,
    count: size_t,
    caller: usize,
) -> ssize_t {
    let Some(process) = PROCESS.get().filter(|_| descriptor == 0) else {
        // SAFETY: the arguments are the caller's own.
        return unsafe { libc::syscall(libc::SYS_read, descriptor, buffer, count) as ssize_t };
    };
    if process.program.has(caller) {
        // SAFETY: as above, from the pipe on which evcxr's commands come.
        let got = unsafe { libc::syscall(libc::SYS_read, process.commands, buffer, count) };
        if got > 0 {
            process.link.tell(b'S', &[]);
        }
        return got as ssize_t;
    }
    let input = process.link.input(count);
    // SAFETY: the caller's buffer has room for `count` bytes, and there are no more.
    unsafe { std::ptr::copy_nonoverlapping(input.as_ptr(), buffer.cast(), input.len()) };
    input.len() as ssize_t
}

unsafe extern "C" fn write_from(
    descriptor: c_int,
    buffer: *const c_void,
    count: size_t,
    caller: usize,
) -> ssize_t {
    let ours = PROCESS.get().filter(|process| descriptor == 1 && process.program.has(caller));
    let Some(process) = ours else {
        // SAFETY: the arguments are the caller's own.
        return unsafe { libc::syscall(libc::SYS_write, descriptor, buffer, count) as ssize_t };
    };
    // SAFETY: the caller's buffer holds `count` bytes.
    let text = unsafe { std::slice::from_raw_parts(buffer.cast::<u8>(), count) };
    if text.starts_with(END) {
        crate::display::cell_ends();
        flush();
        write_marks(process.marks, &process.link.end_of_cell());
    }
    write_marks(process.marks, text);
    count as ssize_t
}

/// What a cell printed without a newline still lies in buffers. A thread of the cell may hold the
/// locks on them for as long as it lives: then it goes on, and the cell ends nevertheless.
pub fn flush() {
    const LONGEST: Duration = Duration::from_secs(1);
    let (done, wait) = std::sync::mpsc::channel();
    let flushing = std::thread::Builder::new().spawn(move || {
        let _ = std::io::stdout().flush();
        // SAFETY: flushes all of C's streams.
        unsafe { libc::fflush(std::ptr::null_mut()) };
        let _ = done.send(());
    });
    if flushing.is_ok() {
        let _ = wait.recv_timeout(LONGEST);
    }
}

fn write_marks(descriptor: c_int, mut text: &[u8]) {
    while !text.is_empty() {
        // SAFETY: the slice is as long as is said.
        let count =
            unsafe { libc::syscall(libc::SYS_write, descriptor, text.as_ptr(), text.len()) };
        match usize::try_from(count) {
            Ok(count) => text = &text[count..],
            Err(_) if crate::link::was_interrupted() => {}
            Err(_) => return,
        }
    }
}
