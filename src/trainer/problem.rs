//! Whether a model chooses one class for each example, or gives any number of labels.

use super::Classifier;
use crate::dataloader::{DataLoader, Dataset, Targets};
use crate::dataset::{Labels, MultiLabels};
use crate::error::{Error, Result};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tch::nn::{VarStore, Variables};

/// What trainings have taught the models that have no place for it.
static TAUGHT: Mutex<Vec<(Weak<Mutex<Variables>>, bool)>> = Mutex::new(Vec::new());

/// Tells a model what it has learned.
pub fn teach<F>(model: &impl Classifier<F>, multi_label: bool) {
    model.set_multi_label(multi_label);
    let variables = &model.var_store().variables_;
    let mut taught = TAUGHT.lock().unwrap_or_else(PoisonError::into_inner);
    taught
        .retain(|(other, _)| other.upgrade().is_some_and(|other| !Arc::ptr_eq(&other, variables)));
    taught.push((Arc::downgrade(variables), multi_label));
}

/// What it has learned, if it or anybody knows.
fn learned<F>(model: &impl Classifier<F>) -> Option<bool> {
    let of_store = |store: &VarStore| {
        let taught = TAUGHT.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |other: &Weak<_>| other.ptr_eq(&Arc::downgrade(&store.variables_));
        taught.iter().find(|(other, _)| is_same(other)).map(|(_, multi_label)| *multi_label)
    };
    model.is_multi_label().or_else(|| of_store(model.var_store()))
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
