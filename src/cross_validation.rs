//! What models say about examples that they have not learned from, for all examples.

use crate::dataloader::{DataLoader, Dataset, Targets};
use crate::dataset::{Labels, permutation};
use crate::display::{Bar, quietly};
use crate::error::{Error, Result};
use crate::metrics::{Evaluation, Predictions};
use crate::trainer::{Classifier, Trainer};
use tch::Device;

/// Of the examples to learn from, so many have one to choose the best epoch by.
const ONE_OF: usize = 10;

impl Trainer {
    /// Judges all examples by models that have not seen them: the data is cut into `folds` parts of
    /// like size, in each of which every class has its share, and a new model for each part learns
    /// from nine tenths of the others, while the last tenth chooses the epoch. As scikit-learn's
    /// `cross_val_predict` with a `StratifiedKFold`.
    ///
    /// `new_model` makes a model, each time the same one. Nothing is shown while the models learn but
    /// a bar, and `save_dir` is not used.
    ///
    /// # Errors
    /// [`Error::Argument`] if there are fewer than 2 folds, or more than half as many as examples;
    /// [`Error::Data`] if an example may have several labels, [`Error::Stopped`] by the stop button;
    /// also as [`fit`](Self::fit) and [`evaluate`](Self::evaluate).
    pub fn cross_validate<D: Dataset, M: Classifier<D::Batch>>(
        &self,
        data: &DataLoader<D>,
        folds: usize,
        new_model: impl Fn() -> Result<M>,
    ) -> Result<Evaluation> {
        if data.len() < 4 {
            let message = format!("{} examples are too few to cut them into parts", data.len());
            return Err(Error::Data(message));
        }
        if folds < 2 || folds > data.len() / 2 {
            let remedy = format!("take 2 to {}; 5 is usual", data.len() / 2);
            return Err(Error::argument("folds", folds, remedy));
        }
        let Targets::Single(labels) = data.labels() else {
            let message =
                "an example may have several labels: cross_validate is for one class each";
            return Err(Error::Data(message.to_owned()));
        };
        let trainer = Trainer { quiet: true, save_dir: None, ..self.clone() };
        let order = by_class(labels, self.seed);
        let mut bar = Bar::start("the cross-validation");
        let (mut loss, mut class_names) = (0.0, Vec::new());
        let mut probabilities = vec![Vec::new(); data.len()];
        for fold in 0..folds {
            let (others, held_out) = cut(&order, |at| at % folds == fold);
            let (val, train) = cut(&others, |at| at % ONE_OF != 0);
            let model = new_model()?;
            let (train, val) = (part(data, labels, train)?, part(data, labels, val)?);
            let history = trainer.fit(&model, &train, &val)?;
            if history.stopped {
                return Err(Error::Stopped("the cross-validation".to_owned()));
            }
            let held = part(data, labels, held_out.clone())?;
            let result = quietly(|| trainer.evaluate(&model, &held))?;
            loss += result.loss * held_out.len() as f64 / data.len() as f64;
            class_names = result.predictions.class_names;
            for (row, shares) in held_out.into_iter().zip(result.predictions.probabilities) {
                probabilities[row] = shares;
            }
            let done = fold + 1;
            bar.at(done as f64 / folds as f64, || format!("{done} of {folds} models"));
        }
        bar.done(&format!("{folds} models"));
        let predictions = Predictions { probabilities, class_names };
        Ok(Evaluation::new(loss, labels.to_vec(), predictions))
    }
}

/// The rows class by class, shuffled within each: every n-th of them has the classes in their shares.
fn by_class(labels: &[i64], seed: u32) -> Vec<usize> {
    let mut rows = permutation(labels.len(), seed);
    rows.sort_by_key(|row| labels[*row]);
    rows
}

/// The rows at the other places, and those at the places that are chosen.
fn cut(rows: &[usize], chosen: impl Fn(usize) -> bool) -> (Vec<usize>, Vec<usize>) {
    let places = |wanted: bool| {
        let at = (0..rows.len()).filter(|&at| chosen(at) == wanted);
        at.map(|at| rows[at]).collect()
    };
    (places(false), places(true))
}

/// Some rows of a data set.
struct Part<'a, D> {
    data: &'a D,
    rows: Vec<usize>,
}

impl<D: Dataset> Dataset for Part<'_, D> {
    type Batch = D::Batch;

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn gather(&self, rows: &[usize], device: Device) -> Result<D::Batch> {
        let rows: Vec<usize> = rows.iter().map(|&row| self.rows[row]).collect();
        self.data.gather(&rows, device)
    }

    fn length_of(&self, row: usize) -> Option<usize> {
        self.data.length_of(self.rows[row])
    }
}

fn part<'a, D: Dataset>(
    data: &'a DataLoader<D>,
    labels: &[i64],
    rows: Vec<usize>,
) -> Result<DataLoader<Part<'a, D>>> {
    let labels: Vec<i64> = rows.iter().map(|&row| labels[row]).collect();
    let labels = Labels::from(labels).called(data.class_names().to_vec());
    DataLoader::new(Part { data: data.data(), rows }, labels, data.batch_size())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use crate::trainer::Optimizer;
    use crate::trainer::tests::{Model, alone};
    use crate::vectorizer::{CountMatrix, CountVectorizer};
    use std::collections::BTreeSet;

    const WORDS: [&[&str]; 3] = [
        &["card", "lost", "stolen"],
        &["transfer", "money", "late"],
        &["rate", "exchange", "euro"],
    ];

    /// Texts of three classes, and the number of some whose label is another class's.
    fn planted(count: usize) -> (DataLoader<CountMatrix>, BTreeSet<usize>) {
        let mut state = 7;
        let mut next = |below: usize| (random::next(&mut state) % below as u64) as usize;
        let (mut texts, mut labels, mut wrong) = (Vec::new(), Vec::new(), BTreeSet::new());
        for row in 0..count {
            let class = row % 3;
            let words: Vec<&str> = (0..4).map(|_| WORDS[class][next(3)]).collect();
            texts.push(format!("{} please {}", words.join(" "), next(50) + 10));
            labels.push(class as i64);
            if next(20) == 0 {
                labels[row] = ((class + 1 + next(2)) % 3) as i64;
                wrong.insert(row);
            }
        }
        let (_, counts) = CountVectorizer::default().fit_transform(&texts).unwrap();
        (DataLoader::new(counts, labels, 8).unwrap(), wrong)
    }

    fn trainer() -> Trainer {
        let optimizer = Optimizer::Sgd;
        Trainer { num_epochs: 5, learning_rate: 0.2, optimizer, ..Default::default() }
    }

    fn model(data: &DataLoader<CountMatrix>) -> Result<Model> {
        Ok(Model::new(data.data().shape().1 as i64, data.num_classes() as i64))
    }

    #[test]
    fn planted_label_errors_are_found() {
        let _alone = alone();
        let (data, wrong) = planted(600);
        let result = trainer().cross_validate(&data, 5, || model(&data)).unwrap();
        assert_eq!(Targets::from(result.labels.clone()), *data.labels());
        let found: BTreeSet<usize> = result.label_issues().iter().map(|issue| issue.row).collect();
        let right = found.intersection(&wrong).count();
        assert!(wrong.len() > 15, "{}", wrong.len());
        assert!(right * 100 >= wrong.len() * 95, "{right} of {} found", wrong.len());
        assert!(right * 100 >= found.len() * 95, "{right} of {} are wrong", found.len());
        // A model that has learned the labels by heart would agree with them.
        let share = 1.0 - wrong.len() as f64 / 600.0;
        assert!((result.accuracy - share).abs() < 0.02, "{}", result.accuracy);
    }

    #[test]
    fn each_example_is_judged_once_by_a_model_that_has_not_seen_it() {
        let labels: Vec<i64> = (0..47).map(|row| i64::from(row % 5 == 0)).collect();
        let order = by_class(&labels, 1);
        let mut judged = Vec::new();
        for fold in 0..5 {
            let (others, held_out) = cut(&order, |at| at % 5 == fold);
            let positives = held_out.iter().filter(|row| labels[**row] == 1).count();
            assert!((1..=3).contains(&positives) && (9..=10).contains(&held_out.len()));
            assert!(others.iter().all(|row| !held_out.contains(row)));
            assert_eq!(others.len() + held_out.len(), 47);
            judged.extend(held_out);
        }
        judged.sort_unstable();
        assert_eq!(judged, (0..47).collect::<Vec<_>>());
    }

    #[test]
    fn folds_that_do_not_fit_are_refused() {
        let (data, _) = planted(9);
        for folds in [0, 1, 5] {
            let error = trainer().cross_validate(&data, folds, || model(&data)).unwrap_err();
            assert_eq!(error.to_string(), format!("folds = {folds}: take 2 to 4; 5 is usual"));
        }
    }
}
