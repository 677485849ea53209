//! Which learning rate a training may take.

use super::checkpoint::fill;
use super::learner::Learner;
use super::names::of_training;
use super::{Classifier, Trainer, problem};
use crate::dataloader::{DataLoader, Dataset};
use crate::display::{Bar, Html, Show, escape, remark};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::plots::{Series, ringed_semilogx};
use std::collections::BTreeMap;
use tch::Tensor;
use tch::nn::VarStore;

const WHAT: &str = "the search for a learning rate";
/// fastai's: the first and the last rate, and how many there are.
const RATES: (f64, f64) = (1e-7, 10.0);
const STEPS: i32 = 100;
/// The share of a smoothed loss that comes from those before.
const SMOOTHING: f64 = 0.98;
/// A loss so many times as large as the least one has diverged.
const DIVERGED: f64 = 4.0;
/// So many losses at the beginning and at the end are left out when a rate is chosen: those are
/// noise, and these rise already.
const SKIPPED: (usize, usize) = (10, 5);
/// A loss that falls by a smaller share than this tells nothing.
const FLAT: f64 = 0.005;

/// The loss at each of many learning rates, see [`Trainer::find_learning_rate`].
#[derive(Clone, Debug, PartialEq)]
pub struct LearningRates {
    /// The rates that were tried, ascending.
    pub rates: Vec<f64>,
    /// The loss at each of them, smoothed over those before.
    pub losses: Vec<f64>,
    /// The rate to train with; none if no rate made the loss fall.
    pub suggestion: Option<f64>,
}

impl Trainer {
    /// Looks for the learning rate: takes 100 steps, each with a larger one, from 1e-7 to 10, and ends
    /// where the loss diverges, at four times its least value. The model stays as it is.
    ///
    /// The method is Smith's (2017, <https://arxiv.org/abs/1506.01186>), its numbers and the suggestion
    /// are fastai's (`lr_find` with `valley`): the longest valley is looked for, the longest series
    /// of ever smaller losses, and the suggestion lies in the middle of its steep part, half of the
    /// way down. Small enough to go on with for epochs, and large enough to get somewhere. Where that
    /// can't be said, since the loss hardly falls, one line says so. All other settings of the trainer
    /// are at work, but the schedule; of blocks that are unfrozen gradually, the first one alone.
    ///
    /// # Errors
    /// As [`fit`](Self::fit) without its files, [`Error::Data`] if the loss is NaN from the beginning,
    /// and [`Error::Stopped`] by the stop button.
    pub fn find_learning_rate<D: Dataset, M: Classifier<D::Batch>>(
        &self,
        model: &M,
        train: &DataLoader<D>,
    ) -> Result<LearningRates> {
        self.check()?;
        problem::of_training(model, train, train)?;
        let names = of_training(train.class_names(), train.class_names())?;
        let mut learner = Learner::new(self, model, train, names)?;
        learner.steps.hold();
        let before = copied(variables(model.var_store()))?;
        let tried = try_rates(&mut learner);
        fill(&variables(model.var_store()), &before)?;
        let found = LearningRates::of(tried?);
        if found.suggestion.is_none() {
            remark(NO_SUGGESTION);
        }
        Ok(found)
    }
}

const NO_SUGGESTION: &str = "no learning rate is suggested: the loss hardly falls at any of them";

/// The rates and the smoothed losses.
fn try_rates<D: Dataset, M: Classifier<D::Batch>>(
    learner: &mut Learner<'_, M, D>,
) -> Result<Vec<(f64, f64)>> {
    let (interrupt, mut bar) = (Interrupt::listen(), Bar::start(WHAT));
    let (mut tried, mut steps) = (Vec::new(), Vec::new());
    let (mut mean, mut least) = (0.0, f64::INFINITY);
    for step in 0..STEPS {
        if steps.is_empty() {
            steps = learner.epoch(step as usize);
        }
        let share = f64::from(step) / f64::from(STEPS - 1);
        let rate = RATES.0 * (RATES.1 / RATES.0).powf(share);
        let batches = steps.pop().unwrap_or_default();
        let Some(sums) = learner.step(&batches, rate, &interrupt)? else {
            return Err(Error::Stopped(WHAT.to_owned()));
        };
        let (loss, _) = sums.mean();
        if step == 0 && !loss.is_finite() {
            return Err(Error::Data(format!(
                "the loss is {loss} before the first step: make or load the model anew"
            )));
        }
        // A mean over the steps, in which an early one counts less and less; the divisor makes up for
        // its beginning at 0.
        mean = SMOOTHING * mean + (1.0 - SMOOTHING) * loss;
        let smoothed = mean / (1.0 - SMOOTHING.powi(step + 1));
        least = smoothed.min(least);
        if !smoothed.is_finite() || smoothed > DIVERGED * least {
            break;
        }
        tried.push((rate, smoothed));
        bar.at(share, || format!("rate {rate:.1e}"));
    }
    bar.done(&format!("{} rates", tried.len()));
    Ok(tried)
}

/// All that the store holds: a model may change more in a forward pass than what is trained.
fn variables(store: &VarStore) -> BTreeMap<String, Tensor> {
    store.variables().into_iter().collect()
}

fn copied(variables: BTreeMap<String, Tensor>) -> Result<BTreeMap<String, Tensor>> {
    let _no_grad = tch::no_grad_guard();
    variables.into_iter().map(|(name, tensor)| Ok((name, tensor.f_detach_copy()?))).collect()
}

impl LearningRates {
    fn of(tried: Vec<(f64, f64)>) -> LearningRates {
        let (rates, losses): (Vec<f64>, Vec<f64>) = tried.into_iter().unzip();
        let end = losses.len().saturating_sub(SKIPPED.1);
        let considered = losses.get(SKIPPED.0..end).unwrap_or_default();
        let suggestion = valley(considered).map(|place| rates[SKIPPED.0 + place]);
        LearningRates { rates, losses, suggestion }
    }

    /// Shows the curve and the suggestion in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }

    /// How many of the losses are drawn: where they rise further than they have fallen, they soon rise
    /// so steeply that all else would be flat.
    fn drawn(&self) -> usize {
        let first = self.losses.get(SKIPPED.0).or(self.losses.first()).copied().unwrap_or_default();
        let least = self.losses.iter().copied().fold(first, f64::min);
        let valley = self.losses.iter().position(|loss| *loss == least).unwrap_or_default();
        let most = first + (first - least).max(0.02 * first);
        let rises = self.losses.iter().skip(valley).position(|loss| *loss > most);
        rises.map_or(self.losses.len(), |after| valley + after + 1)
    }

    fn line(&self) -> String {
        match self.suggestion {
            Some(rate) => format!("suggestion: learning_rate = {rate:.1e}"),
            None => NO_SUGGESTION.to_owned(),
        }
    }
}

impl Show for LearningRates {
    fn to_html(&self) -> Html {
        let points: Vec<(f64, f64)> =
            self.rates.iter().copied().zip(self.losses.iter().copied()).collect();
        let ring = self.suggestion.and_then(|rate| {
            points.iter().copied().find(|point| point.0 == rate).map(|point| ("suggestion", point))
        });
        let series = [Series::new("", points[..self.drawn()].to_vec())];
        let labels = ("Loss while the learning rate grows", "learning rate", "loss, smoothed");
        let chart = ringed_semilogx(labels, &series, ring);
        let line = self.line();
        Html::new(format!("{}<div>{}</div>", chart.html(), escape(&line)))
            .with_text(format!("{}\n{line}", chart.text()))
    }
}

/// Where in the longest valley of the losses fastai's suggestion lies, if the loss falls there.
fn valley(losses: &[f64]) -> Option<usize> {
    // The length of the longest series of ever smaller losses that ends at each of them.
    let mut lengths = vec![1; losses.len()];
    for end in 1..losses.len() {
        let before = (0..end).filter(|&start| losses[end] < losses[start]);
        lengths[end] = before.map(|start| lengths[start] + 1).max().unwrap_or(1);
    }
    let longest = lengths.iter().copied().max()?;
    let end = lengths.iter().position(|&length| length == longest)?;
    let first = losses.first()?;
    if first - losses[end] <= FLAT * first.abs() {
        return None;
    }
    // fastai takes the valley to be as wide as its series is long.
    let third = longest as f64 / 3.0;
    Some((end + third as usize + (third / 2.0) as usize).saturating_sub(longest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Optimizer;
    use crate::interrupt::PRETENDED;
    use crate::plots::tests::texts;
    use crate::trainer::tests::{Model, alone, by_word, data};

    // >>> from fastai.callback.schedule import valley
    // >>> i = torch.arange(80.); losses = 1 - i / 100 * (i < 60) + (i >= 60) * ((i - 60) / 10) ** 2
    // >>> valley(10 ** (i / 10), losses, 80)
    #[test]
    fn the_suggestion_lies_in_the_valley() {
        let falls_and_rises: Vec<f64> = (0..80)
            .map(f64::from)
            .map(|i| if i < 60.0 { 1.0 - i / 100.0 } else { 1.0 + ((i - 60.0) / 10.0).powi(2) })
            .collect();
        // The series of 60 ends at 59: -1 + 20 + 10.
        assert_eq!(valley(&falls_and_rises), Some(29));
        assert_eq!(valley(&[0.7; 80]), None);
        let rises: Vec<f64> = (0..80).map(f64::from).collect();
        assert_eq!(valley(&rises), None);
        assert_eq!(valley(&[]), None);
    }

    #[test]
    fn a_rate_is_found_and_the_model_stays_as_it_is() {
        let _alone = alone();
        for optimizer in [Optimizer::Sgd, Optimizer::Adam, Optimizer::AdamW] {
            let (model, data) = (Model::new(3, 2), data(by_word));
            let before = model.weights();
            let trainer = Trainer { optimizer, ..Default::default() };
            let found = trainer.find_learning_rate(&model, &data).unwrap();
            assert_eq!(model.weights(), before);
            assert_eq!(found.rates.len(), found.losses.len());
            let rate = found.suggestion.unwrap();
            assert!((1e-3..10.0).contains(&rate), "{optimizer:?} {rate}");
            // It is one to learn with.
            let trainer = Trainer { learning_rate: rate, num_epochs: 20, ..trainer };
            let history = trainer.fit(&model, &data, &data).unwrap();
            assert_eq!(history.best().unwrap().val_accuracy, 1.0, "{optimizer:?} {rate}");
            let shown = found.to_html();
            assert!(texts(&shown).contains(&"suggestion".to_owned()));
            assert!(shown.text().contains(&format!("learning_rate = {rate:.1e}")));
        }
    }

    #[test]
    fn the_search_is_the_same_each_time_and_ends_where_the_loss_diverges() {
        let _alone = alone();
        let (model, data) = (Model::new(3, 2), data(|text| text as i64 % 3 % 2));
        let find = || Trainer::default().find_learning_rate(&model, &data).unwrap();
        let found = find();
        assert_eq!(found, find());
        let least = found.losses.iter().copied().fold(f64::INFINITY, f64::min);
        assert!(found.losses.iter().all(|loss| *loss <= DIVERGED * least));
    }

    #[test]
    fn a_stop_and_an_error_leave_the_model_as_it_was() {
        let _alone = alone();
        let (model, data) = (Model::new(3, 2), data(by_word));
        let before = model.weights();
        PRETENDED.set(Some(true));
        let stopped = Trainer::default().find_learning_rate(&model, &data);
        PRETENDED.set(None);
        assert!(matches!(stopped, Err(Error::Stopped(_))), "{stopped:?}");
        assert_eq!(model.weights(), before);
        assert!(Trainer::default().find_learning_rate(&Model::new(4, 2), &data).is_err());
    }

    #[test]
    fn where_nothing_can_be_learned_nothing_is_suggested() {
        let found = LearningRates::of((0..90).map(|i| (f64::from(i), 0.69)).collect());
        assert_eq!(found.suggestion, None);
        assert!(found.to_html().text().contains("no learning rate is suggested"));
        assert_eq!(LearningRates::of(Vec::new()).suggestion, None);
        let _ = LearningRates::of(vec![(1.0, 1.0)]).to_html();
    }
}
