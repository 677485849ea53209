//! The threads with which libtorch shares out its work.

use std::ffi::c_int;
use std::sync::OnceLock;

/// OpenMP's `omp_pause_soft`: what is let go is had again when it is needed.
const SOFT: c_int = 1;

/// Ends the helpers that OpenMP keeps for the next computation of this thread; that one then waits for
/// new ones, some 0.1 ms. Each thread that has computed has helpers of its own, and as soon as they all are
/// more than there are processors, none of them waits awake any more: while a figure follows its controls,
/// each small operation, of a cell, too, would take three times as long.
pub fn let_go() {
    static PAUSE: OnceLock<Option<extern "C" fn(c_int) -> c_int>> = OnceLock::new();
    let pause = PAUSE.get_or_init(|| {
        // SAFETY: the name is a C string, and OpenMP's function of that name, which libraries older than
        // OpenMP 5 don't have, has this type.
        unsafe {
            let found = libc::dlsym(libc::RTLD_DEFAULT, c"omp_pause_resource_all".as_ptr());
            (!found.is_null()).then(|| {
                std::mem::transmute::<*mut libc::c_void, extern "C" fn(c_int) -> c_int>(found)
            })
        }
    });
    if let Some(pause) = pause {
        pause(SOFT);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::collections::BTreeSet;
    use std::ffi::OsString;
    use std::fs::read_dir;
    use std::time::Duration;
    use tch::{Device, Kind, Tensor};

    fn sum() -> f64 {
        Tensor::ones([10_000_000], (Kind::Float, Device::Cpu)).sum(Kind::Float).double_value(&[])
    }

    fn threads() -> BTreeSet<OsString> {
        read_dir("/proc/self/task").unwrap().flatten().map(|task| task.file_name()).collect()
    }

    /// Whether the helpers of a thread that has not computed before end when it says so.
    fn helpers_go() -> bool {
        let before = threads();
        assert_eq!(sum(), 1e7);
        let helpers = &threads() - &before;
        super::let_go();
        std::thread::sleep(Duration::from_millis(20));
        let left = threads().intersection(&helpers).count();
        assert_eq!(sum(), 1e7, "others are had");
        left == 0 && !helpers.is_empty()
    }

    #[test]
    fn a_thread_that_has_computed_lets_its_helpers_go() {
        // The threads of other tests come and go meanwhile: it need not be seen at once.
        let seen = (0..100).any(|_| std::thread::spawn(helpers_go).join().unwrap());
        assert!(seen || tch::get_num_threads() == 1);
    }
}
