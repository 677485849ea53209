//! Whether a model chooses one class for each example, or gives any number of labels.

use super::Classifier;
use crate::dataloader::{DataLoader, Dataset, Targets};
use crate::dataset::{Labels, MultiLabels, are_names};
use crate::error::{Error, Result};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tch::nn::{VarStore, Variables};

/// What a training has taught a model.
#[derive(Clone)]
struct Learned {
    /// The parameters, by which the model is known as long as there is one.
    of: Weak<Mutex<Variables>>,
    multi_label: bool,
    names: Vec<String>,
}

/// What trainings have taught models, most of which have no place for it.
static TAUGHT: Mutex<Vec<Learned>> = Mutex::new(Vec::new());

/// Tells a model what it has learned, and what the classes are called, if they have names.
pub fn teach<F>(model: &impl Classifier<F>, multi_label: bool, names: &[String]) {
    let names = if are_names(names) { names.to_vec() } else { class_names(model) };
    model.set_multi_label(multi_label);
    model.set_class_names(&names);
    let of = Arc::downgrade(&model.var_store().variables_);
    let mut taught = TAUGHT.lock().unwrap_or_else(PoisonError::into_inner);
    taught.retain(|other| other.of.strong_count() > 0 && !other.of.ptr_eq(&of));
    taught.push(Learned { of, multi_label, names });
}

fn taught(store: &VarStore) -> Option<Learned> {
    let taught = TAUGHT.lock().unwrap_or_else(PoisonError::into_inner);
    let of = Arc::downgrade(&store.variables_);
    taught.iter().find(|learned| learned.of.ptr_eq(&of)).cloned()
}

/// What the model's classes are called, if it or anybody knows.
pub fn class_names<F>(model: &impl Classifier<F>) -> Vec<String> {
    let names = model.class_names();
    if !names.is_empty() {
        return names;
    }
    taught(model.var_store()).map(|learned| learned.names).unwrap_or_default()
}

/// Whether it gives any number of labels, if it or anybody knows.
pub fn learned<F>(model: &impl Classifier<F>) -> Option<bool> {
    model.is_multi_label().or_else(|| Some(taught(model.var_store())?.multi_label))
}

/// Whether the examples may have several labels.
///
/// # Errors
/// [`Error::Data`] if only some do, or the model has learned the other thing.
pub fn of_training<D: Dataset, M: Classifier<D::Batch>>(
    model: &M,
    train: &DataLoader<D>,
    val: &DataLoader<D>,
) -> Result<bool> {
    let [multi_label, of_val] = [train, val].map(|data| data.labels().is_multi_label());
    if multi_label != of_val {
        let [of_train, of_val] = [multi_label, of_val].map(described);
        return Err(Error::Data(format!(
            "the training data has {of_train} for each example, the validation data {of_val}: take \
             both from one split"
        )));
    }
    fits(model, multi_label)?;
    Ok(multi_label)
}

/// The classes of examples that have one each, for a model that chooses one.
pub fn single<'a, F>(model: &impl Classifier<F>, labels: &'a Targets) -> Result<&'a Labels> {
    let Targets::Single(single) = labels else {
        return Err(Error::Data(
            "these examples have any number of labels each, and this is for one class each: \
             evaluate_multi_label says how the model does on them"
                .to_owned(),
        ));
    };
    fits(model, false)?;
    Ok(single)
}

/// The labels of examples that have any number, for a model that gives any number.
pub fn multi<'a, F>(model: &impl Classifier<F>, labels: &'a Targets) -> Result<&'a MultiLabels> {
    let Targets::Multi(multi) = labels else {
        return Err(Error::Data(
            "these examples have one class each, and this is for any number of labels each: evaluate \
             says how the model does on them"
                .to_owned(),
        ));
    };
    fits(model, true)?;
    Ok(multi)
}

/// # Errors
/// [`Error::Data`] if the model is known to give other answers than these.
pub fn answers<F>(model: &impl Classifier<F>, multi_label: bool) -> Result<()> {
    match learned(model) {
        Some(learned) if learned != multi_label => Err(Error::Data(format!(
            "the model gives {} for each example: {} asks for it",
            described(learned),
            if learned { "predict_multi_label" } else { "predict" }
        ))),
        _ => Ok(()),
    }
}

fn fits<F>(model: &impl Classifier<F>, multi_label: bool) -> Result<()> {
    match learned(model) {
        Some(learned) if learned != multi_label => Err(Error::Data(format!(
            "the model has learned to give {} for each example, and the data has {}: take data of the \
             former kind; to train the model anew for the latter, call model.set_multi_label({multi_label}) \
             before fit, or make a model of your own once more",
            described(learned),
            described(multi_label)
        ))),
        _ => Ok(()),
    }
}

fn described(multi_label: bool) -> &'static str {
    if multi_label { "any number of labels" } else { "one class" }
}
