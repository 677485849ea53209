//! Results that take long, kept on disk by what they were made of.

use crate::error::Result;
use crate::files::{data_dir, write_whole};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;
use tch::{Device, Tensor};

/// What a result is made of.
#[derive(Clone, Default)]
pub struct Key(Sha256);

impl Key {
    pub fn add(&mut self, bytes: &[u8]) {
        // With its length, so that two parts can't run into each other.
        self.0.update(bytes.len().to_le_bytes());
        self.0.update(bytes);
    }

    pub fn add_all<const N: usize>(&mut self, numbers: impl Iterator<Item = [u8; N]>) {
        self.add(&numbers.flatten().collect::<Vec<u8>>());
    }

    pub fn finish(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Tensors that may be kept. A cache that can't be read or written costs time, no more.
pub struct Kept(Result<PathBuf>);

/// A hash of the library's sources, made by build.rs: other ones may calculate differently.
const BUILD: &str = env!("UNIT8_BUILD");

impl Kept {
    pub fn of(kind: &str, mut key: Key) -> Kept {
        key.add(BUILD.as_bytes());
        let name = format!("{}.safetensors", key.finish());
        Kept(data_dir().map(|folder| folder.join(kind).join(name)))
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

/// What parameters are, by their names, whatever their order.
pub fn fingerprint(parameters: impl Iterator<Item = (String, Tensor)>) -> Result<String> {
    let mut key = Key::default();
    for (name, tensor) in parameters.collect::<BTreeMap<_, _>>() {
        key.add(name.as_bytes());
        key.add(&bytes_of(&tensor)?);
    }
    Ok(key.finish())
}

/// The numbers of a tensor, as they are in memory.
pub fn bytes_of(tensor: &Tensor) -> Result<Vec<u8>> {
    let tensor = tensor.f_to_device(Device::Cpu)?.f_contiguous()?;
    let mut bytes = vec![0; tensor.kind().elt_size_in_bytes() * tensor.numel()];
    tensor.f_copy_data_u8(&mut bytes, tensor.numel())?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_of_these_sources() {
        let mut key = Key::default();
        key.add(b"a");
        let Ok(kept) = Kept::of("tests", key.clone()).0 else { return };
        assert_eq!(BUILD.len(), 16);
        assert!(!kept.display().to_string().contains(&key.clone().finish()));
        key.add(BUILD.as_bytes());
        assert!(kept.ends_with(format!("tests/{}.safetensors", key.finish())));
    }

    #[test]
    fn parts_of_a_key_do_not_run_into_each_other() {
        let key = |parts: &[&str]| {
            let mut key = Key::default();
            parts.iter().for_each(|part| key.add(part.as_bytes()));
            key.finish()
        };
        assert_ne!(key(&["ab", "c"]), key(&["a", "bc"]));
    }
}
