//! Threads that start although memory is full.
//!
//! The kernel limits what the cells may allocate, so that libtorch gets an error which a cell can
//! show. The stack of a new thread is memory, too, and where libgomp can't start one, it ends the
//! process, and all variables with it.

use libc::{c_int, c_void, pthread_attr_t, pthread_t, rlimit};
use std::sync::{Mutex, OnceLock};

type Create = unsafe extern "C" fn(
    *mut pthread_t,
    *const pthread_attr_t,
    extern "C" fn(*mut c_void) -> *mut c_void,
    *mut c_void,
) -> c_int;

#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_create(
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    start: extern "C" fn(*mut c_void) -> *mut c_void,
    argument: *mut c_void,
) -> c_int {
    let Some(create) = next() else { return libc::EAGAIN };
    // SAFETY: the arguments are the caller's own.
    let attempt = || unsafe { create(thread, attributes, start, argument) };
    match attempt() {
        libc::EAGAIN => without_limit(attempt),
        result => result,
    }
}

/// The C library's own.
fn next() -> Option<Create> {
    static NEXT: OnceLock<Option<Create>> = OnceLock::new();
    *NEXT.get_or_init(|| {
        // SAFETY: the function of this name has that type.
        unsafe {
            let found = libc::dlsym(libc::RTLD_NEXT, c"pthread_create".as_ptr());
            std::mem::transmute::<*mut c_void, Option<Create>>(found)
        }
    })
}

/// Does something while this process may allocate all that there is.
fn without_limit(action: impl FnOnce() -> c_int) -> c_int {
    // Another thread must not take the raised limit for the one to put back.
    static RAISED: Mutex<()> = Mutex::new(());
    let _one = RAISED.lock();
    let mut limit = rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: there is room for the limits.
    if unsafe { libc::getrlimit(libc::RLIMIT_DATA, &mut limit) } < 0 {
        return libc::EAGAIN;
    }
    let raised = rlimit { rlim_cur: limit.rlim_max, ..limit };
    // SAFETY: sets limits that are allowed.
    unsafe {
        libc::setrlimit(libc::RLIMIT_DATA, &raised);
        let result = action();
        libc::setrlimit(libc::RLIMIT_DATA, &limit);
        result
    }
}
