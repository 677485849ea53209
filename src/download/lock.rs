//! One kernel downloads a file, the others wait for it.

use crate::error::{Error, Result};
use crate::network::{Client, LOOK};
use std::fs::{File, TryLockError};
use std::path::Path;

/// Waits until no other kernel holds the lock; whether it is ours then, which it can't be on a file
/// system without locks. Jupyter's stop button ends the wait.
pub fn wait_for(lock: &File, path: &Path, client: &Client) -> Result<bool> {
    let mut told = false;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => {
                if !std::mem::replace(&mut told, true) {
                    println!("another kernel downloads {}: waiting for it", path.display());
                }
                client
                    .wait(LOOK)
                    .map_err(|_| Error::Stopped(format!("the wait for {}", path.display())))?;
            }
            Err(TryLockError::Error(error)) => {
                println!("{} can't be locked ({error}): each kernel downloads it", path.display());
                return Ok(false);
            }
        }
    }
}
