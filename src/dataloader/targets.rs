//! What a model is to answer.

use crate::cache::Key;
use crate::dataset::{Labels, MultiLabels};
use crate::error::Result;
use tch::{Device, Tensor};

/// What a model is to answer for each example: one class, or any number of labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Targets {
    /// One class each.
    Single(Labels),
    /// Any number of labels each.
    Multi(MultiLabels),
}

impl Targets {
    /// How many examples there are.
    pub fn len(&self) -> usize {
        match self {
            Targets::Single(labels) => labels.len(),
            Targets::Multi(labels) => labels.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What class 0, 1, 2, ... is called; its number, if it has no name.
    pub fn class_names(&self) -> Vec<String> {
        match self {
            Targets::Single(labels) => labels.class_names(),
            Targets::Multi(labels) => labels.class_names().to_vec(),
        }
    }

    /// Whether an example may have several labels.
    pub fn is_multi_label(&self) -> bool {
        matches!(self, Targets::Multi(_))
    }

    /// As a loss takes those of some rows: i64, shape (rows), or f32, shape (rows, classes).
    pub(crate) fn tensor(&self, rows: &[usize], device: Device) -> Result<Tensor> {
        let tensor = match self {
            Targets::Single(labels) => {
                let labels: Vec<i64> = rows.iter().map(|&row| labels[row]).collect();
                Tensor::f_from_slice(&labels)?
            }
            Targets::Multi(labels) => {
                let values = rows.iter().flat_map(|&row| &labels.rows()[row]);
                let values: Vec<f32> = values.map(|&has| f32::from(u8::from(has))).collect();
                let shape = [rows.len() as i64, labels.class_names().len() as i64];
                Tensor::f_from_slice(&values)?.f_view(shape)?
            }
        };
        Ok(tensor.f_to_device(device)?)
    }

    /// Adds all of them to a fingerprint.
    pub(crate) fn add_to(&self, key: &mut Key) {
        match self {
            Targets::Single(labels) => key.add_all(labels.iter().map(|label| label.to_le_bytes())),
            Targets::Multi(labels) => {
                key.add_all(labels.rows().iter().flatten().map(|&has| [u8::from(has)]));
            }
        }
    }
}

impl From<Labels> for Targets {
    fn from(labels: Labels) -> Targets {
        Targets::Single(labels)
    }
}

impl From<Vec<i64>> for Targets {
    fn from(labels: Vec<i64>) -> Targets {
        Targets::Single(labels.into())
    }
}

impl From<MultiLabels> for Targets {
    fn from(labels: MultiLabels) -> Targets {
        Targets::Multi(labels)
    }
}
