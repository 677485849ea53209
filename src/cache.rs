//! Results that take long, kept on disk by what they were made of.

use crate::error::Result;
use crate::files::{data_dir, write_whole};
use sha2::{Digest, Sha256};
use std::path::PathBuf;
use tch::{Device, Tensor};

/// What a result is made of.
#[derive(Clone)]
pub struct Key(Sha256);

impl Key {
    pub fn new() -> Key {
        // Other versions may calculate differently.
        let mut key = Key(Sha256::new());
        key.add(env!("CARGO_PKG_VERSION").as_bytes());
        key
    }

    pub fn add(&mut self, bytes: &[u8]) {
        // With its length, so that two parts can't run into each other.
        self.0.update(bytes.len().to_le_bytes());
        self.0.update(bytes);
    }

    fn file(self, kind: &str) -> Result<PathBuf> {
        let hash: String = self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(data_dir()?.join(kind).join(format!("{hash}.safetensors")))
    }
}

/// Tensors that may be kept. A cache that can't be read or written costs time, no more.
pub struct Kept(Result<PathBuf>);

impl Kept {
    pub fn of(kind: &str, key: Key) -> Kept {
        Kept(key.file(kind))
    }

    /// Those that were made of the same things before.
    pub fn find(&self) -> Option<Vec<(String, Tensor)>> {
        self.0.as_ref().ok().and_then(|file| Tensor::read_safetensors(file).ok())
    }

    /// Keeps them for the next time.
    pub fn keep(self, made: &[(String, Tensor)]) {
        let written = self
            .0
            .and_then(|file| write_whole(&file, |part| Ok(Tensor::write_safetensors(made, part)?)));
        if let Err(error) = written {
            println!("not kept for the next time: {error}");
        }
    }
}

/// The numbers of a tensor, as they are in memory.
pub fn bytes_of(tensor: &Tensor) -> Result<Vec<u8>> {
    let tensor = tensor.f_to_device(Device::Cpu)?.f_contiguous()?;
    let mut bytes = vec![0; tensor.kind().elt_size_in_bytes() * tensor.numel()];
    tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
    Ok(bytes)
}
