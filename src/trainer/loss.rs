//! What a training makes small.

use super::Trainer;
use super::names::of_outputs;
use crate::dataloader::Targets;
use crate::dataset::{MultiLabels, list};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use tch::{Device, Reduction, Tensor};

/// How much the examples of each class count in a training.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum ClassWeights {
    /// All the same.
    #[default]
    Equal,
    /// Those of a rare class more, so that all classes together count the same: n / (k · nᵢ) for
    /// class i, with n examples, nᵢ of them in that class, and k classes. Scikit-learn's
    /// `class_weight="balanced"`. Where an example may have several labels, those that have label i
    /// count (n - nᵢ) / nᵢ, so that together they count as much as those that don't.
    Balanced,
    /// These, that of class 0 first: PyTorch's `CrossEntropyLoss(weight=...)`, or, where an example may
    /// have several labels, `BCEWithLogitsLoss(pos_weight=...)`.
    Given(Vec<f64>),
}

/// The cross entropy, as PyTorch's `CrossEntropyLoss(weight, label_smoothing)` defines it, or the binary
/// one of examples with several labels, as `BCEWithLogitsLoss(pos_weight)` does.
pub struct Loss {
    /// What the classes are called.
    pub names: Vec<String>,
    multi_label: bool,
    weights: Option<Vec<f64>>,
    smoothing: f64,
}

impl Loss {
    /// The plain one of such labels.
    pub fn new(names: Vec<String>, labels: &Targets) -> Loss {
        Loss { names, multi_label: labels.is_multi_label(), weights: None, smoothing: 0.0 }
    }

    /// That of a training on examples with these labels.
    pub fn of_training(trainer: &Trainer, names: Vec<String>, labels: &Targets) -> Result<Loss> {
        let multi_label = labels.is_multi_label();
        if multi_label && trainer.label_smoothing > 0.0 {
            let remedy = "several labels share no answer that could be smoothed: take 0";
            return Err(Error::argument("label_smoothing", trainer.label_smoothing, remedy));
        }
        let weights = match &trainer.class_weights {
            ClassWeights::Equal => None,
            ClassWeights::Balanced => Some(match labels {
                Targets::Single(labels) => balanced(labels, &names)?,
                Targets::Multi(labels) => positive(labels)?,
            }),
            ClassWeights::Given(weights) if multi_label && weights.len() > names.len() => {
                let remedy = format!("give one for each of the {} classes", names.len());
                return Err(Error::argument("class_weights", format!("{weights:?}"), remedy));
            }
            ClassWeights::Given(weights) if weights.len() < names.len() => {
                let remedy = format!("give one for each of the {} classes", names.len());
                return Err(Error::argument("class_weights", format!("{weights:?}"), remedy));
            }
            ClassWeights::Given(weights) => Some(weights.clone()),
        };
        Ok(Loss { names, multi_label, weights, smoothing: trainer.label_smoothing })
    }

    /// The mean over some examples by their weights, a tensor without dimensions, from their logits,
    /// shape (examples, classes), and labels, shape (examples), or (examples, classes) of several.
    pub fn of(&self, logits: &Tensor, labels: &Tensor) -> Result<Tensor> {
        let outputs = logits.size().last().copied().unwrap_or_default() as usize;
        of_outputs(&self.names, outputs)?;
        if self.multi_label && outputs != self.names.len() {
            let (classes, names) = (self.names.len(), list(&self.names));
            return Err(Error::Data(format!(
                "the model has {outputs} outputs, and there are {classes} classes ({names}): give it \
                 {classes}"
            )));
        }
        let weights = match &self.weights {
            None => None,
            Some(weights) if weights.len() > outputs => {
                let remedy = format!("the model has {outputs} outputs: give one for each");
                return Err(Error::argument("class_weights", format!("{weights:?}"), remedy));
            }
            Some(weights) => {
                let mut weights = weights.clone();
                weights.resize(outputs, 1.0); // No example has the other classes.
                let weights = Tensor::f_from_slice(&weights)?.f_to_kind(logits.kind())?;
                Some(weights.f_to_device(logits.device())?)
            }
        };
        if self.multi_label {
            let labels = labels.f_to_kind(logits.kind())?;
            let mean = Reduction::Mean;
            return Ok(logits.f_binary_cross_entropy_with_logits(&labels, None, weights, mean)?);
        }
        let smoothing = self.smoothing;
        Ok(logits.f_cross_entropy_loss(labels, weights, Reduction::Mean, -100, smoothing)?)
    }

    /// The same as a number, of all labels in memory.
    pub fn mean(&self, logits: &Tensor, labels: &Targets) -> Result<f64> {
        let rows: Vec<usize> = (0..labels.len()).collect();
        Ok(f64::try_from(self.of(logits, &labels.tensor(&rows, Device::Cpu)?)?)?)
    }

    /// The weights of the examples in some rows together: without any, their number, and so with
    /// those of single labels.
    pub fn weight(&self, labels: &Targets, rows: &[usize]) -> f64 {
        match (&self.weights, labels) {
            (Some(weights), Targets::Single(labels)) => {
                rows.iter().map(|&row| weights[labels[row] as usize]).sum()
            }
            _ => rows.len() as f64,
        }
    }
}

/// The weights of the examples that have a label: how many don't have it, for each that does.
fn positive(labels: &MultiLabels) -> Result<Vec<f64>> {
    let all = labels.len();
    let weight = |(name, count): (&String, usize)| {
        if count > 0 && count < all {
            return Ok((all - count) as f64 / count as f64);
        }
        let examples =
            if count == 0 { "no training example has" } else { "all training examples have" };
        Err(Error::Data(format!(
            "{examples} the label {name}, so there is no balanced weight for it: leave the class out, \
             or take ClassWeights::Given"
        )))
    };
    labels.class_names().iter().zip(labels.class_counts()).map(weight).collect()
}

fn balanced(labels: &[i64], names: &[String]) -> Result<Vec<f64>> {
    let mut counts = vec![0; names.len()];
    labels.iter().for_each(|&label| counts[label as usize] += 1);
    if let Some(absent) = counts.iter().position(|&count| count == 0) {
        return Err(Error::Data(format!(
            "class {} has no training example, so there is no balanced weight for it: take data with \
             some of each class, as stratified_split does, or ClassWeights::Given",
            names[absent]
        )));
    }
    let share = labels.len() as f64 / names.len() as f64;
    Ok(counts.into_iter().map(|count| share / f64::from(count)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::numbered;

    fn logits() -> Tensor {
        Tensor::from_slice(&[0.5f32, -1.0, 2.0, 0.0, 0.25, -0.5, 1.5, 1.0, -2.0]).view([3, 3])
    }

    fn loss(class_weights: ClassWeights, label_smoothing: f64) -> Result<Loss> {
        let trainer = Trainer { class_weights, label_smoothing, ..Trainer::default() };
        Loss::of_training(&trainer, numbered(3), &vec![0, 2, 1, 0].into())
    }

    // >>> logits = torch.tensor([[0.5, -1, 2], [0, 0.25, -0.5], [1.5, 1, -2]])
    // >>> CrossEntropyLoss(weight=torch.tensor([1., 2, 0.5]), label_smoothing=0.1)(logits, [0, 2, 1])
    #[test]
    fn weights_and_smoothing_are_those_of_pytorch() {
        let labels = Tensor::from_slice(&[0i64, 2, 1]);
        for (weights, smoothing, expected) in [
            (ClassWeights::Equal, 0.0, 1.4318198),
            (ClassWeights::Equal, 0.1, 1.4457086),
            (ClassWeights::Given(vec![1.0, 2.0, 0.5]), 0.0, 1.2878382),
            (ClassWeights::Given(vec![1.0, 2.0, 0.5]), 0.1, 1.3141412),
        ] {
            let ours = loss(weights, smoothing).unwrap().of(&logits(), &labels).unwrap();
            assert!((ours.double_value(&[]) - expected).abs() < 1e-6, "{ours} {expected}");
        }
    }

    // >>> compute_class_weight("balanced", classes=[0, 1, 2], y=[0, 2, 1, 0])
    #[test]
    fn balanced_weights_are_those_of_scikit_learn() {
        let ours = loss(ClassWeights::Balanced, 0.0).unwrap().weights.unwrap();
        for (ours, theirs) in ours.iter().zip([2.0 / 3.0, 4.0 / 3.0, 4.0 / 3.0]) {
            assert!((ours - theirs).abs() < 1e-12, "{ours} {theirs}");
        }
        let error = balanced(&[0, 2], &numbered(3)).unwrap_err().to_string();
        assert!(error.starts_with("class 1 has no training example"), "{error}");
    }

    #[test]
    fn parts_have_the_mean_of_the_whole() {
        let loss = loss(ClassWeights::Given(vec![1.0, 2.0, 0.5]), 0.1).unwrap();
        let part = |rows: std::ops::Range<usize>| {
            let labels = Targets::from(vec![0, 2, 1]);
            let logits = logits().narrow(0, rows.start as i64, rows.len() as i64);
            let rows: Vec<usize> = rows.collect();
            let tensor = labels.tensor(&rows, Device::Cpu).unwrap();
            let mean = loss.of(&logits, &tensor).unwrap().double_value(&[]);
            (mean, loss.weight(&labels, &rows))
        };
        let ((first, a), (second, b), (whole, all)) = (part(0..1), part(1..3), part(0..3));
        assert_eq!((a, b, all), (1.0, 2.5, 3.5));
        assert!(((a * first + b * second) / (a + b) - whole).abs() < 1e-6);
    }

    #[test]
    fn there_is_a_weight_for_each_class() {
        let error = loss(ClassWeights::Given(vec![1.0, 2.0]), 0.0).err().unwrap().to_string();
        assert_eq!(error, "class_weights = [1.0, 2.0]: give one for each of the 3 classes");
        let (three, two) =
            (ClassWeights::Given(vec![1.0; 3]), Tensor::zeros([1, 2], tch::kind::FLOAT_CPU));
        assert!(loss(three, 0.0).unwrap().of(&two, &Tensor::from_slice(&[0i64])).is_err());
    }
}
