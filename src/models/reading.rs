//! The bytes of a checkpoint, with a bar, and an ear for the stop button.

use crate::display::Bar;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Bytes that are read between two looks at the stop button.
const AT_ONCE: u64 = 1 << 24;

/// How far the reading is. Each byte counts twice: when it comes from the disk, and when it has
/// become a number of the model.
pub struct Reading {
    bar: Bar,
    interrupt: Interrupt,
    done: usize,
    /// The size of all files.
    size: usize,
}

impl Reading {
    pub fn start(files: &[PathBuf]) -> Result<Reading> {
        let mut size = 0;
        for path in files {
            size += path.metadata().map_err(|error| Error::file(path, error))?.len() as usize;
        }
        let bar = Bar::start("loading the weights");
        Ok(Reading { bar, interrupt: Interrupt::listen(), done: 0, size })
    }

    /// The whole file.
    pub fn read(&mut self, path: &Path) -> Result<Vec<u8>> {
        let failed = |error| Error::file(path, error);
        let mut file = File::open(path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len() as usize;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(size).map_err(|_| {
            Error::Memory(format!("no room for the {} MB of {}", size / 1_000_000, path.display()))
        })?;
        loop {
            let count = (&mut file).take(AT_ONCE).read_to_end(&mut bytes).map_err(failed)?;
            if count == 0 {
                return Ok(bytes);
            }
            self.step(count)?;
        }
    }

    /// So many bytes are read, or are numbers now.
    pub fn step(&mut self, bytes: usize) -> Result<()> {
        if self.interrupt.happened() {
            return Err(Error::Stopped("the loading of the model".to_owned()));
        }
        self.done += bytes;
        // A tensor that several names share counts for each of them.
        let share = self.done as f64 / (2 * self.size).max(1) as f64;
        let megabytes = self.size as f64 / 1e6;
        self.bar.at(share.min(1.0), || format!("{megabytes:.0} MB"));
        Ok(())
    }

    pub fn done(self) {
        self.bar.done(&format!("{:.0} MB", self.size as f64 / 1e6));
    }
}
