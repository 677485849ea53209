//! Weights from the files of a checkpoint, and back.

use super::architecture::Architecture;
use super::config::Config;
use super::pytorch::Checkpoint;
use super::reading::Reading;
use crate::cache::bytes_of;
use crate::error::{Error, Result};
use crate::files::{cannot_write, write_whole};
use crate::hub::folder::{WEIGHTS, is_index, weight_files};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use safetensors::{SafeTensorError, serialize_to_file};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::f64::consts::SQRT_2;
use std::path::{Path, PathBuf};
use tch::nn::VarStore;
use tch::{Kind, Tensor};

/// What becomes of last layers whose size is not the one that is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mismatched {
    /// They are an error.
    Refused,
    /// They are drawn at random, like those that the checkpoint does not have.
    Replaced,
}

/// What became of the weights of a checkpoint.
pub struct Loaded {
    /// Parameters that it does not have: they are random, and have to be trained.
    pub new: Vec<String>,
    /// Of these, the ones that it has in another size.
    pub replaced: Vec<String>,
    /// What it has and the model does not need.
    pub unused: Vec<String>,
}

impl Loaded {
    /// Whether the layer that gives the logits is new.
    pub fn has_new_head(&self, config: &Config) -> bool {
        self.new.iter().any(|name| is_last(name, config.architecture))
    }
}

/// Fills the variables of a model from the files in a folder; with a new head, all but the layer
/// that gives the logits.
pub fn load(
    folder: &Path,
    config: &Config,
    store: &VarStore,
    (mismatched, new_head): (Mismatched, bool),
) -> Result<Loaded> {
    let _no_grad = tch::no_grad_guard();
    let variables: BTreeMap<String, Tensor> = store.variables().into_iter().collect();
    let (mut found, mut replaced) = (BTreeSet::new(), BTreeSet::new());
    let mut unused = BTreeSet::new();
    let files = files(folder)?;
    let mut reading = Reading::start(&files)?;
    for path in &files {
        each_tensor(path, &mut reading, &mut |key, tensor| {
            let name = name_of(key, config.architecture, &variables);
            match variables.get(&name) {
                // Of two copies that one counts which has the very name.
                Some(_) if found.contains(&name) && *key != name => {
                    unused.insert(key.to_owned());
                }
                Some(variable) => {
                    let wrong = |message| Error::file(path, format!("{key}: {message}"));
                    let weight = tensor.map_err(wrong)?;
                    let other_size = weight.size() != variable.size()
                        && mismatched == Mismatched::Replaced
                        && !is_encoder(&name, config.architecture);
                    if other_size || (new_head && is_last(&name, config.architecture)) {
                        replaced.insert(name);
                    } else {
                        fill(variable, &weight, config).map_err(wrong)?;
                        found.insert(name);
                    }
                }
                // The numbers 0, 1, 2, ..., which older versions kept as if they were weights.
                None if key.ends_with("position_ids") => {}
                None => {
                    unused.insert(key.to_owned());
                }
            }
            Ok(())
        })?;
    }
    let new: Vec<String> =
        variables.keys().filter(|name| !found.contains(*name)).cloned().collect();
    let lacking = new.iter().find(|name| is_encoder(name, config.architecture));
    if let Some(name) = lacking {
        return Err(Error::file(
            folder,
            format!("the weights lack {name}: are they of the model that config.json describes?"),
        ));
    }
    for name in &new {
        initialize(&variables[name], name, config)?;
    }
    reading.done();
    let [replaced, unused] = [replaced, unused].map(|names| names.into_iter().collect());
    Ok(Loaded { new, replaced, unused })
}

/// Whether a parameter belongs to the encoder, not to the last layers.
pub fn is_encoder(name: &str, architecture: Architecture) -> bool {
    name.starts_with(&format!("{}.", architecture.names().prefix))
        && !name.starts_with("bert.pooler.")
}

/// Whether a parameter belongs to the layer that gives the logits.
fn is_last(name: &str, architecture: Architecture) -> bool {
    let [_, last] = architecture.names().last_layers;
    name.strip_prefix(last).is_some_and(|rest| rest.starts_with('.'))
}

/// One file, or those that the index names.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let name = WEIGHTS.into_iter().find(|name| folder.join(name).is_file()).unwrap_or(WEIGHTS[0]);
    let path = folder.join(name);
    if !is_index(name) {
        return Ok(vec![path]);
    }
    let shards = weight_files(&path)?;
    Ok(shards.into_iter().map(|shard| folder.join(shard)).collect())
}

/// A tensor of a file, or what is wrong with it.
pub type Found = std::result::Result<Tensor, String>;

/// Calls a function with each tensor of a file and its key.
pub fn each_tensor(
    path: &Path,
    reading: &mut Reading,
    call: &mut dyn FnMut(&str, Found) -> Result<()>,
) -> Result<()> {
    // In the cache of Hugging Face it is a link, and what it leads to must go.
    let wrong = |what: String| {
        let file = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        Error::file(file, format!("{what}; delete it, and load the model again"))
    };
    let bytes = reading.read(path)?;
    let mut tell = |key: &str, tensor: Found| {
        let size = tensor.as_ref().map_or(0, |t| t.numel() * t.kind().elt_size_in_bytes());
        call(key, tensor)?;
        reading.step(size)
    };
    if bytes.starts_with(LFS) {
        let what = "a pointer of Git LFS instead of the weights: `git lfs pull` brings them";
        return Err(Error::file(path, what));
    }
    if path.extension().is_some_and(|kind| kind == "bin") {
        let checkpoint = Checkpoint::open(&bytes)
            .map_err(|error| wrong(format!("not a whole checkpoint of PyTorch ({error})")))?;
        return checkpoint.tensors().try_for_each(|(key, tensor)| tell(key, tensor));
    }
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| match unknown_kind(&bytes) {
        Some(kind) => Error::file(
            path,
            format!(
                "it has numbers of the kind {kind}, which is not known here: in Python, save the model with \
                 float32, and without what does not belong to it"
            ),
        ),
        None => wrong(format!("not a whole safetensors file ({error})")),
    })?;
    // Which of several misfits is named must not be chance.
    let mut tensors = tensors.tensors();
    tensors.sort_by(|(key, _), (other, _)| key.cmp(other));
    tensors.into_iter().try_for_each(|(key, view)| tell(&key, tensor_of(&view)))
}

/// A kind of number that newer versions of the format have.
fn unknown_kind(file: &[u8]) -> Option<String> {
    let (size, rest) = file.split_first_chunk()?;
    let header = rest.get(..usize::try_from(u64::from_le_bytes(*size)).ok()?)?;
    let header: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(header).ok()?;
    let mut kinds = header.values().filter_map(|tensor| tensor.get("dtype"));
    let unknown = kinds.find(|kind| serde_json::from_value::<Dtype>((*kind).clone()).is_err())?;
    unknown.as_str().map(str::to_owned)
}

/// How the files begin that Git keeps in the place of large ones.
const LFS: &[u8] = b"version https://git-lfs";

fn tensor_of(view: &TensorView<'_>) -> Found {
    let shape: Vec<i64> = view.shape().iter().map(|&size| size as i64).collect();
    let kind = match view.dtype() {
        Dtype::F64 => Kind::Double,
        Dtype::F32 => Kind::Float,
        Dtype::F16 => Kind::Half,
        Dtype::BF16 => Kind::BFloat16,
        other => return Err(format!("its numbers are {other:?}: weights are floating-point")),
    };
    let tensor = Tensor::f_from_data_size(view.data(), &shape, kind);
    tensor.map_err(|error| Error::from(error).to_string())
}

/// What training tools leave in front of a name.
const WRAPPERS: [&str; 3] = ["module.", "_orig_mod.", "model."];

/// The name that a key has here: checkpoints of an encoder alone leave its prefix out, and old ones
/// have TensorFlow's names for the layer norms.
fn name_of(key: &str, architecture: Architecture, known: &BTreeMap<String, Tensor>) -> String {
    let mut key = key;
    while let Some(rest) = WRAPPERS.iter().find_map(|wrapper| key.strip_prefix(wrapper)) {
        key = rest;
    }
    let name = match key.rsplit_once('.') {
        Some((module, "gamma")) => format!("{module}.weight"),
        Some((module, "beta")) => format!("{module}.bias"),
        _ => key.to_owned(),
    };
    let prefixed = format!("{}.{name}", architecture.names().prefix);
    if !known.contains_key(&name) && known.contains_key(&prefixed) { prefixed } else { name }
}

/// Copies a weight, whatever its numbers are, if it fits.
fn fill(variable: &Tensor, weight: &Tensor, config: &Config) -> std::result::Result<(), String> {
    if weight.size() != variable.size() {
        return Err(format!(
            "its shape is {:?}, but {:?} by config.json and num_classes = {}: take the number of \
             classes, or the config.json, that belongs to these weights; if only the last layers \
             don't fit, from_pretrained_with_new_head draws new ones",
            weight.size(),
            variable.size(),
            config.num_classes
        ));
    }
    if !weight.is_floating_point() {
        return Err(format!("its numbers are {:?}: weights are floating-point", weight.kind()));
    }
    let copied = variable.shallow_clone().f_copy_(weight);
    match copied.and_then(|()| variable.f_isfinite()?.f_all()) {
        Ok(finite) if finite.int64_value(&[]) == 1 => Ok(()),
        Ok(_) => Err("it has NaN or infinite numbers: the checkpoint is damaged".to_owned()),
        Err(error) => Err(Error::from(error).to_string()),
    }
}

/// Draws all variables at random, in the order of their names.
pub fn draw(config: &Config, store: &VarStore) -> Result<()> {
    let _no_grad = tch::no_grad_guard();
    let variables: BTreeMap<String, Tensor> = store.variables().into_iter().collect();
    variables.iter().try_for_each(|(name, variable)| initialize(variable, name, config))
}

/// As transformers does: weights are normal, those of layer norms 1, biases and the vector of the
/// padding 0.
fn initialize(variable: &Tensor, name: &str, config: &Config) -> Result<()> {
    let mut variable = variable.shallow_clone();
    if name.ends_with(".bias") {
        let _ = variable.f_zero_()?;
    } else if name.to_lowercase().ends_with("norm.weight") {
        let _ = variable.f_fill_(1.0)?;
    } else if config.architecture == Architecture::ModernBert {
        let deviation = if is_last(name, config.architecture) {
            1.0 / (config.width as f64).sqrt()
        } else {
            config.initializer_range / (2.0 * config.layers as f64).sqrt()
        };
        let cutoff = config.json["initializer_cutoff_factor"].as_f64().unwrap_or(2.0);
        fill_cut_off(&mut variable, deviation, cutoff)?;
    } else {
        let _ = variable.f_normal_(0.0, config.initializer_range)?;
    }
    if name.ends_with("word_embeddings.weight") {
        let _ = variable.f_get(config.padding_id)?.f_zero_()?;
    }
    Ok(())
}

/// Draws from the part of a normal distribution that is no further than so many deviations from 0,
/// by the inverse of its distribution function.
fn fill_cut_off(variable: &mut Tensor, deviation: f64, cutoff: f64) -> Result<()> {
    let edge = Tensor::from(cutoff / SQRT_2).f_erf()?.f_double_value(&[])?;
    let _ = variable.f_uniform_(-edge, edge)?.f_erfinv_()?.f_mul_scalar_(deviation * SQRT_2)?;
    let _ = variable.f_clamp_(-cutoff * deviation, cutoff * deviation)?;
    Ok(())
}

/// Writes parameters as transformers would, f32, on the CPU, and what is to be said about them.
pub fn save(path: &Path, named: Vec<(String, Tensor)>, said: &[(&str, String)]) -> Result<()> {
    let _no_grad = tch::no_grad_guard();
    let mut bytes: BTreeMap<String, (Vec<usize>, Vec<u8>)> = BTreeMap::new();
    for (name, parameter) in named {
        let shape = parameter.size().iter().map(|&size| size as usize).collect();
        bytes.insert(name, (shape, bytes_of(&parameter)?));
    }
    let failed = |error: SafeTensorError| match error {
        SafeTensorError::IoError(error) => cannot_write(path, &error),
        other => Error::file(path, other),
    };
    let views = bytes
        .iter()
        .map(|(name, (shape, data))| Ok((name, TensorView::new(Dtype::F32, shape.clone(), data)?)))
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(failed)?;
    let said = said.iter().map(|(name, text)| ((*name).to_owned(), text.clone()));
    let metadata: HashMap<String, String> =
        said.chain([("format".to_owned(), "pt".to_owned())]).collect();
    write_whole(path, |part| serialize_to_file(views, &Some(metadata), part).map_err(failed))
}
