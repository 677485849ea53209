//! The tensors of a `pytorch_model.bin`, as `torch.save(model.state_dict(), ...)` writes it: since
//! PyTorch 1.6 a zip archive, before that several pickles one after the other. Nothing in the file
//! is run: of what a pickle can name, only tensors and dictionaries become something here.

mod pickle;
mod zip;

use pickle::{Pickle, Storage, Value, View};
use std::collections::HashMap;
use tch::{Kind, Tensor};

/// How a file before PyTorch 1.6 begins: the pickle of this number.
const MAGIC: i128 = 0x1950_a86a_20f9_469c_fc6c;

/// What a wrapper may have put around the tensors.
const INSIDE: [&str; 3] = ["state_dict", "model_state_dict", "model"];

/// The tensors of a file, which are made one by one: they may be larger than what is free.
pub struct Checkpoint<'a> {
    /// By their names.
    views: Vec<(String, View)>,
    storages: HashMap<String, &'a [u8]>,
}

impl Checkpoint<'_> {
    /// Looks at a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn open(file: &[u8]) -> Result<Checkpoint<'_>, String> {
        let (top, storages) = read(file)?;
        Ok(Checkpoint { views: tensors(&top)?, storages })
    }

    /// Each tensor with its name, or what is wrong with it.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, Result<Tensor, String>)> {
        self.views.iter().map(|(name, view)| {
            let tensor = match self.storages.get(&view.storage.key) {
                Some(bytes) => tensor_of(view, bytes),
                None => Err(format!("its numbers, {}, are missing", view.storage.key)),
            };
            (name.as_str(), tensor)
        })
    }
}

/// What the file describes, and the bytes of its storages.
fn read(file: &[u8]) -> Result<(Value, HashMap<String, &[u8]>), String> {
    let Some(archive) = zip::entries(file)? else { return read_old(file) };
    let (name, text) = archive
        .iter()
        .find(|(name, _)| name.ends_with("/data.pkl"))
        .ok_or("a zip archive without data.pkl")?;
    let folder = name.trim_end_matches("data.pkl");
    if archive.get(&format!("{folder}byteorder")).is_some_and(|order| *order == b"big") {
        return Err("its numbers are those of a big-endian machine".to_owned());
    }
    let top = Pickle::new(text).read()?;
    let data = format!("{folder}data/");
    let storages = archive
        .iter()
        .filter_map(|(name, bytes)| Some((name.strip_prefix(&data)?.to_owned(), *bytes)));
    Ok((top, storages.collect()))
}

/// A magic number, a version, a description of the machine, the tensors, the names of the storages, and
/// the storages, each with its count.
fn read_old(file: &[u8]) -> Result<(Value, HashMap<String, &[u8]>), String> {
    let mut pickle = Pickle::new(file);
    if !matches!(pickle.read(), Ok(Value::Int(MAGIC))) {
        return Err("neither a zip archive nor an older file of torch.save".to_owned());
    }
    pickle.read()?;
    pickle.read()?;
    let top = pickle.read()?;
    let Value::List(keys) = pickle.read()? else { return Err("it names no storages".to_owned()) };
    let mut storages = HashMap::new();
    for key in keys.borrow().iter() {
        let Value::Text(key) = key else { return Err("a storage without a name".to_owned()) };
        let count = pickle.take(8)?.try_into().map(u64::from_le_bytes).unwrap_or_default();
        let size = pickle.element_size(key).ok_or("a storage that no tensor has")?;
        let length = usize::try_from(count).ok().and_then(|count| count.checked_mul(size));
        storages.insert(key.clone(), pickle.take(length.ok_or("a storage without end")?)?);
    }
    Ok((top, storages))
}

/// The names and views of the dictionary that has tensors.
fn tensors(top: &Value) -> Result<Vec<(String, View)>, String> {
    let Value::Dict(pairs) = top else { return Err("not a dictionary of tensors".to_owned()) };
    let pairs = pairs.borrow();
    let found: Vec<(String, View)> = pairs
        .iter()
        .filter_map(|pair| match pair {
            (Value::Text(name), Value::Tensor(view)) => Some((name.clone(), view.clone())),
            _ => None,
        })
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let inside = |name: &str| {
        pairs.iter().find_map(|(key, value)| match key {
            Value::Text(key) if key == name => Some(value),
            _ => None,
        })
    };
    match INSIDE.iter().find_map(|name| inside(name)) {
        Some(inner) => tensors(inner),
        None => Err("it holds no tensors".to_owned()),
    }
}

fn tensor_of(view: &View, bytes: &[u8]) -> Result<Tensor, String> {
    let Storage { kind, .. } = view.storage;
    let count = bytes.len() / kind.elt_size_in_bytes();
    // The last number that the view reaches.
    let last =
        view.shape.iter().zip(&view.strides).try_fold(view.offset, |last, (size, stride)| {
            let steps = size.checked_sub(1).filter(|steps| *steps >= 0)?;
            last.checked_add(steps.checked_mul(*stride).filter(|way| *way >= 0)?)
        });
    let is_empty = view.shape.contains(&0);
    let fits = last.is_some_and(|last| (0..count as i64).contains(&last));
    if view.shape.len() != view.strides.len() || view.offset < 0 || !(fits || is_empty) {
        return Err("it reaches beyond its numbers: the file is damaged".to_owned());
    }
    if is_empty {
        return Tensor::f_zeros(&view.shape[..], (kind, tch::Device::Cpu))
            .map_err(|e| e.to_string());
    }
    let used = count * kind.elt_size_in_bytes();
    Tensor::f_from_data_size(&bytes[..used], &[count as i64], kind)
        .and_then(|all| all.f_as_strided(&view.shape[..], &view.strides[..], view.offset))
        .map_err(|error| error.to_string())
}

/// The numbers of a class of storages.
fn kind_of(class: &str) -> Option<Kind> {
    Some(match class {
        "FloatStorage" => Kind::Float,
        "HalfStorage" => Kind::Half,
        "BFloat16Storage" => Kind::BFloat16,
        "DoubleStorage" => Kind::Double,
        "LongStorage" => Kind::Int64,
        "IntStorage" => Kind::Int,
        "ShortStorage" => Kind::Int16,
        "CharStorage" => Kind::Int8,
        "ByteStorage" => Kind::Uint8,
        "BoolStorage" => Kind::Bool,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that nobody has chosen.
    fn noise(seed: u32, count: usize) -> Vec<u8> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn no_bytes_whatever_bring_it_down() {
        // `{"w": tensor}` in the protocol of torch.save, by hand
        let good = b"\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storage\
                     ctorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQK\x00K\x02K\x02\x86K\x02\
                     K\x01\x86tRs.";
        let top = Pickle::new(good).read().unwrap();
        let views = tensors(&top).unwrap();
        assert_eq!((views[0].0.as_str(), &views[0].1.shape[..]), ("w", &[2, 2][..]));
        let numbers: Vec<u8> = [1f32, 2.0, 3.0, 4.0].iter().flat_map(|n| n.to_le_bytes()).collect();
        assert_eq!(tensor_of(&views[0].1, &numbers).unwrap().double_value(&[1, 0]), 3.0);
        assert!(tensor_of(&views[0].1, &numbers[..8]).is_err(), "two numbers are not enough");
        for seed in 0..20_000 {
            let noise = noise(seed, 1 + seed as usize % 90);
            let mut bytes = good.to_vec();
            bytes[noise[0] as usize % good.len()] = *noise.last().unwrap_or(&0);
            for bytes in [bytes, noise.clone(), [b"PK\x03\x04", &noise[..]].concat()] {
                let _ = Checkpoint::open(&bytes);
                let Ok(views) = Pickle::new(&bytes).read().and_then(|top| tensors(&top)) else {
                    continue;
                };
                views.iter().for_each(|(_, view)| drop(tensor_of(view, &numbers)));
            }
        }
    }
}
