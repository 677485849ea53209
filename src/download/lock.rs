//! One kernel downloads a file, the others wait for it.

use crate::error::{Error, Result};
use crate::network::{Client, LOOK};
use std::fs::{File, TryLockError};
use std::path::Path;

/// Waits until no other kernel holds the lock. Jupyter's stop button ends the wait.
pub fn wait_for(lock: &File, path: &Path, client: &Client) -> Result<()> {
    let mut told = false;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => {
                if !std::mem::replace(&mut told, true) {
                    println!("another kernel downloads {}: waiting for it", path.display());
                }
                client
                    .wait(LOOK)
                    .map_err(|_| Error::Stopped(format!("the wait for {}", path.display())))?;
            }
            Err(TryLockError::Error(error)) => {
                println!(
                    "{} can't be locked ({error}): download with one kernel at a time",
                    path.display()
                );
                return Ok(());
            }
        }
    }
}
