//! How fast a model learns and answers on the machine at hand.

use super::guard::forward;
use super::optimizer::Steps;
use super::{Classifier, Trainer, cross_entropy};
use crate::dataloader::{DataLoader, Dataset, rows_at_once};
use crate::display::{Html, Show};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::mode::Mode;
use std::time::{Duration, Instant};
use tch::{Device, Tensor};

/// Each of the two measurements goes on for so long.
const MEASURED: Duration = Duration::from_millis(800);

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
        let [training, evaluation] = [self.training, self.evaluation].map(per_second);
        format!("{training} examples/s in training, {evaluation} examples/s without gradients")
            .to_html()
    }
}

/// Two digits of it.
fn per_second(rate: f64) -> String {
    match rate {
        _ if rate < 9.95 => format!("{rate:.1}"),
        _ if rate < 99.5 => format!("{rate:.0}"),
        _ => {
            let unit = 10f64.powf(rate.log10().floor() - 1.0);
            format!("{:.0}", (rate / unit).round() * unit)
        }
    }
}

impl Trainer {
    /// Measures for a few seconds how many examples a second this trainer's [`fit`](Self::fit) and
    /// [`evaluate`](Self::evaluate) take in here, so that one can choose how many to train on. `data`
    /// stands for all that will be learned: some dozens of examples are enough. The model stays as it
    /// is; dropout draws from libtorch's random numbers, as in a training.
    ///
    /// # Errors
    /// As [`fit`](Self::fit), and [`Error::Stopped`] by the stop button.
    pub fn speed<D: Dataset, M: Classifier<D::Batch>>(
        &self,
        model: &M,
        data: &DataLoader<D>,
    ) -> Result<Speed> {
        self.check()?;
        let device = model.var_store().device();
        let mut steps = Steps::new(self.optimizer, self.weight_decay, model.var_store())?;
        let logits = |rows: &[usize], train: bool| {
            let batch = data.gather(rows, device)?;
            let mode = Mode { train, precision: self.precision };
            let logits = forward(model, &batch.features, rows.len(), mode)?; // (rows, classes)
            let loss = cross_entropy(&logits, &batch.labels, data.num_classes())?;
            f64::try_from(&loss)?; // waits for the graphics card
            Ok(loss)
        };
        let rows = of_usual_length(data.data());
        let (for_evaluation, for_training) =
            (rows_at_once(data.data(), rows[0]), data.batch_size().min(rows.len()));
        let evaluation = rate(&rows[..for_evaluation.min(rows.len())], |rows| {
            let _no_grad = tch::no_grad_guard();
            logits(rows, false).map(drop)
        })?;
        let mut gradients = Vec::new();
        let learning = rate(&rows[..for_training], |rows| {
            gradients = steps.gradients(&logits(rows, true)?)?;
            wait_for(device);
            Ok(())
        })?;
        let step = seconds_of_a_step(&mut steps, &gradients, device)?;
        let examples = (for_training * self.accumulation_steps) as f64;
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

/// Rows per second: of as many of them at once as don't take much longer than is measured.
fn rate(rows: &[usize], mut work: impl FnMut(&[usize]) -> Result<()>) -> Result<f64> {
    let interrupt = Interrupt::listen();
    let mut seconds = |rows: &[usize]| {
        if interrupt.happened() {
            return Err(Error::Stopped("the measuring".to_owned()));
        }
        let started = Instant::now();
        work(rows)?;
        Ok(started.elapsed().as_secs_f64().max(1e-9))
    };
    let fitting = MEASURED.as_secs_f64() / seconds(&rows[..1])?;
    let rows = &rows[..(fitting as usize).clamp(1, rows.len())];
    seconds(rows)?; // The first time, libtorch prepares itself for a shape.
    let (mut times, mut sum) = (0.0, 0.0);
    while sum < MEASURED.as_secs_f64() {
        sum += seconds(rows)?;
        times += 1.0;
    }
    Ok(times * rows.len() as f64 / sum)
}

/// The time that the optimizer takes, by steps of length 0: without a gradient, at a learning rate
/// of 0.
fn seconds_of_a_step(steps: &mut Steps, gradients: &[Tensor], device: Device) -> Result<f64> {
    let zeros: Vec<Tensor> =
        gradients.iter().map(|gradient| Ok(gradient.f_zeros_like()?)).collect::<Result<_>>()?;
    steps.step(0.0, &zeros)?; // the first one touches new memory
    wait_for(device);
    let started = Instant::now();
    steps.step(0.0, &zeros)?;
    wait_for(device);
    Ok(started.elapsed().as_secs_f64())
}

/// A graphics card works on while the program goes on.
fn wait_for(device: Device) {
    if let Device::Cuda(card) = device {
        tch::Cuda::synchronize(card as i64);
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
        assert_eq!([0.04, 9.96, 99.4, 99.6].map(per_second), ["0.0", "10", "99", "100"]);
    }
}
