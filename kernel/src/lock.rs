//! Locks on files. The system releases them however their owner ends. Some file systems have none:
//! then everything goes on without, with one line that says so.

use crate::error::{Context, Result};
use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::sync::Once;

/// A lock, held until this value goes.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// Waits until nobody else holds the file.
    ///
    /// # Errors
    /// A file that can't be made or opened.
    pub fn exclusive(path: &Path) -> Result<Lock> {
        let file = open(path)?;
        tolerate(path, file.lock())?;
        Ok(Lock(file))
    }

    /// Takes the file if nobody else holds it.
    ///
    /// # Errors
    /// As [`Lock::exclusive`].
    pub fn if_free(path: &Path) -> Result<Option<Lock>> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock(file))),
            Err(std::fs::TryLockError::WouldBlock) => Ok(None),
            Err(std::fs::TryLockError::Error(error)) => {
                tolerate(path, Err(error)).map(|()| Some(Lock(file)))
            }
        }
    }

    /// Holds the file together with others who share it.
    ///
    /// # Errors
    /// As [`Lock::exclusive`].
    pub fn shared(path: &Path) -> Result<Lock> {
        let file = open(path)?;
        tolerate(path, file.lock_shared())?;
        Ok(Lock(file))
    }

    /// Lets others share the file.
    ///
    /// # Errors
    /// A file system that fails.
    pub fn share(self, path: &Path) -> Result<Lock> {
        tolerate(path, self.0.lock_shared())?;
        Ok(self)
    }
}

/// Takes a file that is certainly held by nobody: without locks, none is.
pub fn abandoned(path: &Path) -> Option<Lock> {
    let file = File::open(path).ok()?;
    file.try_lock().is_ok().then_some(Lock(file))
}

/// For reading only, where a folder belongs to somebody else.
fn open(path: &Path) -> Result<File> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    file.or_else(|_| File::open(path)).context(format!("can't open {}", path.display()))
}

fn tolerate(path: &Path, outcome: io::Result<()>) -> Result<()> {
    static SAID: Once = Once::new();
    match outcome {
        Err(error) if has_no_locks(&error) => {
            SAID.call_once(|| {
                eprintln!(
                    "note: the file system of {} has no locks ({error}): don't start two kernels \
                     at one moment, and don't run the set-up while one runs",
                    path.display()
                );
            });
            Ok(())
        }
        other => other.context(format!("can't lock {}", path.display())),
    }
}

fn has_no_locks(error: &io::Error) -> bool {
    let codes = [libc::ENOLCK, libc::ENOSYS, libc::ENOTSUP, libc::EOPNOTSUPP, libc::EINVAL];
    error.kind() == io::ErrorKind::Unsupported
        || error.raw_os_error().is_some_and(|code| codes.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_holds_until_it_goes() {
        let path = std::env::temp_dir().join(format!("kernel-lock-{}", std::process::id()));
        let held = Lock::exclusive(&path).unwrap();
        assert!(abandoned(&path).is_none());
        assert!(Lock::if_free(&path).unwrap().is_none());
        let shared = held.share(&path).unwrap();
        let other = Lock::shared(&path).unwrap();
        drop((shared, other));
        assert!(abandoned(&path).is_some());
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_file_system_without_locks_is_no_error() {
        for code in [libc::ENOLCK, libc::ENOTSUP] {
            tolerate(Path::new("x"), Err(io::Error::from_raw_os_error(code))).unwrap();
        }
        assert!(tolerate(Path::new("x"), Err(io::Error::from_raw_os_error(libc::EIO))).is_err());
    }
}
