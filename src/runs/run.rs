//! One training and what it was made of.

use super::time;
use super::value::{self, written};
use crate::dataloader::{DataLoader, Dataset};
use crate::error::{Error, Result};
use crate::metrics::{EpochMetrics, History, Metric};
use crate::trainer::{Classifier, Trainer, of_parameters};
use serde::de::{DeserializeOwned, IntoDeserializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// That of the records; fields that are added don't change it.
pub const FORMAT: usize = 1;
/// What of a trainer has no influence on the numbers.
const NO_HYPERPARAMETERS: [&str; 3] = ["quiet", "save_dir", "checkpoint_steps"];
pub const BATCH_SIZE: &str = "batch_size";
pub const SEED: &str = "seed";
/// What is known of each training besides its results.
pub const OF_HISTORY: [&str; 6] =
    ["val accuracy", "val loss", "val macro F1", "train accuracy", "train loss", "seconds"];

/// A training that is kept: its hyperparameters, where they come from, and what came of it. As the last
/// line of a cell it shows itself.
///
/// ```
/// use unit8::Run;
///
/// let run = Run::new("two blocks, lr 1e-3").with("max_length", 128).with("layers", "last two");
/// assert_eq!(run.get::<usize>("max_length")?, 128);
/// let run = run.note("as on page 3").result("test accuracy", 0.874);
/// assert_eq!(run.metric("test accuracy"), Some(0.874));
/// # Ok::<(), unit8::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub(super) format: usize,
    /// What it is called. Two may have the same name.
    pub name: String,
    /// What is to be remembered of it.
    #[serde(default)]
    pub note: String,
    /// When it started, in UTC: `2026-11-26T17:43:40.123Z`.
    pub started: String,
    /// How long the training took, where [`Runs::fit`](super::Runs::fit) has measured it.
    #[serde(default)]
    pub seconds: Option<f64>,
    /// Where it ran: `Cpu` or `Cuda(0)`.
    #[serde(default)]
    pub device: String,
    /// The version of this library.
    #[serde(default)]
    pub library: String,
    /// The folder with the trained parameters, if the trainer had one.
    #[serde(default)]
    pub save_dir: Option<String>,
    /// Of which data, and of which model before its first step.
    #[serde(default)]
    pub fingerprints: Fingerprints,
    #[serde(default)]
    pub(super) hyperparameters: BTreeMap<String, Value>,
    /// What came out besides the history: `run.results["test accuracy"]`.
    #[serde(default, with = "value::numbers")]
    pub results: BTreeMap<String, f64>,
    /// Why there is no history, or not the whole: a training that diverged, say.
    #[serde(default)]
    pub error: Option<String>,
    /// The epochs.
    #[serde(default)]
    pub history: History,
    /// Its record, once it is kept.
    #[serde(skip)]
    pub(super) file: Option<PathBuf>,
    /// A hyperparameter that a record can't hold, and why.
    #[serde(skip)]
    pub(super) refused: Option<(String, String)>,
}

/// Hashes (SHA-256) of what a training began with; empty where they are not known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fingerprints {
    /// Of the examples to learn from: texts, labels, names of the classes.
    pub train: String,
    /// Of those to validate on.
    pub val: String,
    /// Of all parameters before the first step, and of which of them are trained.
    pub model: String,
}

impl Fingerprints {
    /// The data in short, to be told from others: `4f2a1c/99a0b1`.
    pub(super) fn data(&self) -> String {
        let short = |hash: &str| hash.chars().take(6).collect::<String>();
        [short(&self.train), short(&self.val)].join("/")
    }
}

impl From<&str> for Run {
    fn from(name: &str) -> Run {
        Run::new(name)
    }
}

impl From<String> for Run {
    fn from(name: String) -> Run {
        Run::new(name)
    }
}

impl Run {
    /// A training that is to come, for [`Runs::fit`](super::Runs::fit).
    pub fn new(name: impl Into<String>) -> Run {
        Run {
            format: FORMAT,
            name: name.into(),
            note: String::new(),
            started: time::now(),
            seconds: None,
            device: String::new(),
            library: env!("CARGO_PKG_VERSION").to_owned(),
            save_dir: None,
            fingerprints: Fingerprints::default(),
            hyperparameters: BTreeMap::new(),
            results: BTreeMap::new(),
            error: None,
            history: History::default(),
            file: None,
            refused: None,
        }
    }

    /// A training that was not started by [`Runs::fit`](super::Runs::fit), to be
    /// [kept](super::Runs::keep): without fingerprints, device and seconds, which only that one knows.
    pub fn trained(name: impl Into<String>, trainer: &Trainer, history: &History) -> Run {
        let mut run = Run::new(name);
        run.hyperparameters = hyperparameters_of(trainer).into_iter().collect();
        run.save_dir = trainer.save_dir.as_ref().map(|folder| folder.display().to_string());
        Run { history: history.clone(), ..run }
    }

    /// The same with a hyperparameter that the trainer doesn't know: a number, a text, a yes or no. One
    /// that a record can't hold is an error when the run is trained or kept.
    pub fn with(mut self, name: impl Into<String>, value: impl Serialize) -> Run {
        let name = name.into();
        match value::of(value) {
            Ok(value) => drop(self.hyperparameters.insert(name, value)),
            Err(error) => self.refused = Some((name, error.to_string())),
        }
        self
    }

    /// The same with a result: the accuracy on the test split, say.
    pub fn result(mut self, name: impl Into<String>, value: f64) -> Run {
        self.results.insert(name.into(), value);
        self
    }

    /// The same with a note.
    pub fn note(self, note: impl Into<String>) -> Run {
        Run { note: note.into(), ..self }
    }

    /// A hyperparameter, one of the trainer's fields, `batch_size`, `lora_rank` and its like of a model with
    /// LoRA, or one that was [added](Self::with):
    /// `let rate: f64 = run.get("learning_rate")?`.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is none of this name, or if it is of another type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        get(&self.hyperparameters, name)
    }

    /// A number by its name in tables: a result, or, of the best epoch, `val accuracy`, `val loss`,
    /// `val macro F1`, `train accuracy` or `train loss`; or `seconds`.
    pub fn metric(&self, name: &str) -> Option<f64> {
        let of_best = |value: fn(&EpochMetrics) -> f64| self.history.best().map(value);
        match name {
            "val accuracy" => of_best(|epoch| epoch.val_accuracy),
            "val loss" => of_best(|epoch| epoch.val_loss),
            "val macro F1" => self.history.best()?.val_macro_f1,
            "train accuracy" => of_best(|epoch| epoch.train_accuracy),
            "train loss" => of_best(|epoch| epoch.train_loss),
            "seconds" => self.seconds,
            other => self.results.get(other).copied(),
        }
    }

    /// The metric that it is judged by.
    pub(super) fn best_by(&self) -> Metric {
        self.history.best_by
    }

    /// Whether the training came to its end.
    pub(crate) fn is_done(&self) -> bool {
        self.error.is_none() && !self.history.stopped
    }

    /// Whether it did as planned: `done`, `stopped` or `failed: …`.
    pub(super) fn ending(&self) -> String {
        match &self.error {
            Some(error) => format!("failed: {error}"),
            None if self.history.stopped => "stopped".to_owned(),
            None => "done".to_owned(),
        }
    }

    /// Says how a training is going to be done, and on what. Of a run that was trained before, only its
    /// name, note and hyperparameters are taken.
    ///
    /// # Errors
    /// [`Error::Argument`] if a hyperparameter was added that the trainer, the model or the data has, with
    /// another value.
    pub(crate) fn of<D: Dataset, M: Classifier<D::Batch>>(
        self,
        trainer: &Trainer,
        model: &M,
        train: &DataLoader<D>,
        val: &DataLoader<D>,
    ) -> Result<Run> {
        let store = model.var_store();
        let Run { name, note, hyperparameters, .. } = self;
        let mut run = Run { note, hyperparameters, ..Run::new(name) };
        let of_model = model.hyperparameters();
        let of_data = (BATCH_SIZE.to_owned(), train.batch_size().into());
        let known = hyperparameters_of(trainer).into_iter().chain([of_data]);
        for (name, value) in known.chain(of_model.clone()) {
            let added = run.hyperparameters.get(&name).filter(|added| !value::same(added, &value));
            if let Some(added) = added {
                let whose = match name.as_str() {
                    BATCH_SIZE => "training data has",
                    name if of_model.contains_key(name) => "model has",
                    _ => "trainer has",
                };
                let remedy = format!("the {whose} {}: take one of them for both", written(&value));
                let value = format!("{name} = {}", written(added));
                return Err(Error::argument("hyperparameter", value, remedy));
            }
            run.hyperparameters.insert(name, value);
        }
        run.fingerprints = Fingerprints {
            train: train.fingerprint()?,
            val: val.fingerprint()?,
            model: of_parameters(store)?,
        };
        run.device = format!("{:?}", store.device());
        run.save_dir = trainer.save_dir.as_ref().map(|folder| folder.display().to_string());
        Ok(run)
    }

    /// Whether it is the same training: the same hyperparameters, the seed among them, data and model.
    pub(crate) fn is_like(&self, other: &Run) -> bool {
        self.fingerprints == other.fingerprints && self.hyperparameters == other.hyperparameters
    }

    /// # Errors
    /// [`Error::Argument`] for what a record can't hold or a table not tell apart.
    pub(super) fn check(&self) -> Result<()> {
        if self.name.trim().is_empty() {
            return Err(Error::argument("name", format!("{:?}", self.name), "give the run a name"));
        }
        if let Some((name, error)) = &self.refused {
            let remedy = format!("a record can't hold it ({error}): take a number or a text");
            return Err(Error::argument("hyperparameter", name, remedy));
        }
        if let Some(name) = self.results.keys().find(|name| OF_HISTORY.contains(&name.as_str())) {
            let remedy = "the history has a number of this name: give the result another one";
            return Err(Error::argument("result", name, remedy));
        }
        let epochs = self.history.epochs.iter().flat_map(|epoch| {
            let shares = [epoch.train_accuracy, epoch.val_accuracy];
            let f1 = epoch.val_macro_f1.unwrap_or(0.0);
            shares.into_iter().chain([epoch.train_loss, epoch.val_loss, f1])
        });
        let steps = self.history.steps.iter();
        let steps = steps.flat_map(|step| [step.epoch, step.train_loss, step.train_accuracy]);
        match epochs.chain(steps).find(|number| !number.is_finite()) {
            None => Ok(()),
            Some(number) => {
                let remedy = "take the epochs and steps with such numbers out of it";
                Err(Error::argument("history", format!("… {number} …"), remedy))
            }
        }
    }
}

/// What a trainer decides of the numbers.
fn hyperparameters_of(trainer: &Trainer) -> Map<String, Value> {
    // A folder whose name is no text could not be written.
    let trainer = Trainer { save_dir: None, ..trainer.clone() };
    let mut known = match serde_json::to_value(trainer) {
        Ok(Value::Object(known)) => known,
        _ => Map::new(),
    };
    NO_HYPERPARAMETERS.iter().for_each(|name| drop(known.remove(*name)));
    known
}

/// A hyperparameter by its name.
pub fn get<T: DeserializeOwned>(of: &BTreeMap<String, Value>, name: &str) -> Result<T> {
    let Some(value) = of.get(name) else {
        let names: Vec<&str> = of.keys().map(String::as_str).collect();
        let remedy = match names.is_empty() {
            true => "there are none".to_owned(),
            false => format!("there are {}", names.join(", ")),
        };
        return Err(Error::argument("hyperparameter", format!("{name:?}"), remedy));
    };
    let not_finite = || value.as_str()?.parse::<f64>().ok().filter(|number| !number.is_finite());
    let number =
        |number: f64| -> serde_json::Result<T> { T::deserialize(number.into_deserializer()) };
    serde_json::from_value(value.clone()).or_else(|e| not_finite().map_or(Err(e), number)).map_err(
        |error: serde_json::Error| {
            let value = format!("{name} = {}", written(value));
            Error::argument("hyperparameter", value, format!("it is of another type: {error}"))
        },
    )
}
