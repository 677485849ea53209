//! How fast a model learns and answers on the machine at hand.

use super::guard::forward;
use super::loss::Loss;
use super::optimizer::Steps;
use super::{Classifier, Trainer};
use crate::dataloader::{DataLoader, Dataset, rows_at_once};
use crate::display::{Bar, Html, Show};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::mode::Mode;
use std::time::Instant;
use tch::{Device, Tensor};

/// Each of the two measurements goes on for so many seconds.
const MEASURED: f64 = 0.8;
const WHAT: &str = "measuring the speed";

/// How fast a model is on this machine, see [`Trainer::speed`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    /// Examples per second in a training: forward, backward, and their share of a step.
    pub training: f64,
    /// Examples per second without gradients: in an evaluation, or in the frozen encoder.
    pub evaluation: f64,
}

impl Speed {
    /// Shows both in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

impl Show for Speed {
    fn to_html(&self) -> Html {
        let [training, evaluation] = [self.training, self.evaluation].map(two_digits);
        format!("{training} examples/s in training, {evaluation} examples/s without gradients")
            .to_html()
    }
}

/// `1200`, `46`, `3.5`, `0.032`
fn two_digits(rate: f64) -> String {
    let unit = 10f64.powf(rate.log10().floor() - 1.0);
    let decimals = (-unit.log10().round()).max(0.0) as usize;
    format!("{:.decimals$}", (rate / unit).round() * unit)
}

impl Trainer {
    /// Measures for a few seconds how many examples a second this trainer's [`fit`](Self::fit) and
    /// [`evaluate`](Self::evaluate) take in here, so that one can choose how many to train on. `data`
    /// stands for all that will be learned: some dozens of examples are enough, of which those of
    /// usual length are measured. The model stays as it is; dropout draws from libtorch's random
    /// numbers, as in a training.
    ///
    /// # Errors
    /// As [`fit`](Self::fit) without its files, and [`Error::Stopped`] by the stop button.
    pub fn speed<D: Dataset, M: Classifier<D::Batch>>(
        &self,
        model: &M,
        data: &DataLoader<D>,
    ) -> Result<Speed> {
        self.check()?;
        let device = model.var_store().device();
        let mut steps = Steps::new(self.optimizer, self.weight_decay, model.var_store())?;
        let plain = Loss::new(data.class_names().to_vec(), data.labels());
        let loss = |rows: &[usize], train: bool| {
            let batch = data.gather(rows, device)?;
            let mode = Mode { train, precision: self.precision };
            let logits = forward(model, &batch.features, rows.len(), mode)?; // (rows, classes)
            plain.of(&logits, &batch.labels)
        };
        let rows = of_usual_length(data.data());
        let mut measuring = Measuring::start(device);
        let at_once = rows_at_once(data.data(), rows[0]).min(rows.len());
        let evaluation = measuring.rate(&rows[..at_once], |rows| {
            let _no_grad = tch::no_grad_guard();
            loss(rows, false).map(drop)
        })?;
        let at_once = data.batch_size().min(rows.len());
        let mut gradients = Vec::new();
        let learning = measuring.rate(&rows[..at_once], |rows| {
            gradients.clear(); // a training has no two of them either
            gradients = steps.gradients(&loss(rows, true)?)?;
            Ok(())
        })?;
        let step = measuring.seconds_of_a_step(&mut steps, gradients)?;
        measuring.bar.done("done");
        let examples = at_once as f64 * self.accumulation_steps as f64;
        Ok(Speed { training: 1.0 / (1.0 / learning + step / examples), evaluation })
    }
}

/// All rows, those first that are as long as the mean.
fn of_usual_length(data: &impl Dataset) -> Vec<usize> {
    let length = |row: usize| data.length_of(row).unwrap_or(1);
    let mut rows: Vec<usize> = (0..data.len()).collect();
    let mean = rows.iter().map(|&row| length(row)).sum::<usize>() / rows.len().max(1);
    rows.sort_by_key(|&row| length(row).abs_diff(mean));
    rows
}

struct Measuring {
    device: Device,
    interrupt: Interrupt,
    bar: Bar,
    /// The seconds that were measured, in both measurements.
    measured: f64,
}

impl Measuring {
    fn start(device: Device) -> Measuring {
        let (interrupt, bar) = (Interrupt::listen(), Bar::start(WHAT));
        Measuring { device, interrupt, bar, measured: 0.0 }
    }

    /// Rows per second: of as many of them at once as don't take much longer than is measured.
    fn rate(
        &mut self,
        rows: &[usize],
        mut work: impl FnMut(&[usize]) -> Result<()>,
    ) -> Result<f64> {
        self.seconds(|| work(&rows[..1]))?; // libtorch loads what it needs.
        let one = self.seconds(|| work(&rows[..1]))?;
        let rows = &rows[..((MEASURED / one) as usize).clamp(1, rows.len())];
        self.seconds(|| work(rows))?; // libtorch prepares itself for the shape.
        let (mut times, mut sum) = (0.0, 0.0);
        while sum < MEASURED {
            let seconds = self.seconds(|| work(rows))?;
            (times, sum) = (times + 1.0, sum + seconds);
            self.measured += seconds;
            self.bar.at((self.measured / MEASURED / 2.0).min(1.0), String::new);
        }
        Ok(times * rows.len() as f64 / sum)
    }

    /// The time that the optimizer takes, by steps of length 0: without a gradient, at a learning rate
    /// of 0.
    fn seconds_of_a_step(&mut self, steps: &mut Steps, gradients: Vec<Tensor>) -> Result<f64> {
        let zeros = gradients.into_iter().map(|gradient| Ok(gradient.f_zeros_like()?));
        let zeros: Vec<Tensor> = zeros.collect::<Result<_>>()?;
        self.seconds(|| steps.step(0.0, &zeros))?; // The first one touches new memory.
        self.seconds(|| steps.step(0.0, &zeros))
    }

    fn seconds(&self, work: impl FnOnce() -> Result<()>) -> Result<f64> {
        let started = Instant::now();
        work()?;
        if let Device::Cuda(card) = self.device {
            tch::Cuda::synchronize(card as i64); // It works on while the program goes on.
        }
        match self.interrupt.happened() {
            true => Err(Error::Stopped(WHAT.to_owned())),
            false => Ok(started.elapsed().as_secs_f64().max(1e-9)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Optimizer;
    use crate::trainer::tests::{Model, alone, by_word, data};

    #[test]
    fn the_speed_is_measured_and_the_model_stays_as_it_is() {
        let _alone = alone();
        for optimizer in [Optimizer::Sgd, Optimizer::Adam, Optimizer::AdamW] {
            let (model, data) = (Model::new(3, 2), data(by_word));
            let before = model.weights();
            let speed = Trainer { optimizer, ..Default::default() }.speed(&model, &data).unwrap();
            assert!(speed.training > 0.0 && speed.evaluation > 0.0, "{speed:?}");
            assert_eq!(model.weights(), before);
            assert!(model.var_store().trainable_variables().iter().all(Tensor::requires_grad));
        }
    }

    #[test]
    fn what_cannot_be_trained_has_no_speed() {
        let _alone = alone();
        let data = data(by_word);
        let mut frozen = Model::new(3, 2);
        frozen.store.freeze();
        let error = Trainer::default().speed(&frozen, &data).unwrap_err().to_string();
        assert!(error.starts_with("all parameters are frozen"), "{error}");
        assert!(Trainer::default().speed(&Model::new(3, 1), &data).is_err());
        let wrong = Trainer { learning_rate: -1.0, ..Default::default() };
        assert!(wrong.speed(&Model::new(3, 2), &data).is_err());
    }

    #[test]
    fn a_speed_has_two_digits() {
        let speed = Speed { training: 3.456, evaluation: 1234.5 };
        let shown = speed.to_html();
        assert_eq!(shown.text(), "3.5 examples/s in training, 1200 examples/s without gradients");
        assert_eq!([0.032, 0.4, 46.4, 99.6].map(two_digits), ["0.032", "0.40", "46", "100"]);
    }
}
