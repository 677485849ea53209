//! Trainings over a grid of hyperparameters, or at random, with several seeds each.

mod point;
#[cfg(test)]
mod tests;

use crate::dataloader::{DataLoader, Dataset};
use crate::display::Bar;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::runs::{Run, Runs, counted, fitted, value};
use crate::trainer::{Classifier, Trainer};
use point::Choice;
pub use point::Point;
use serde::Serialize;
use std::borrow::Borrow;
use std::path::Path;

/// Which hyperparameters to try. What is printed on the way is a bar; what comes back are the [`Runs`].
///
/// ```no_run
/// use unit8::{Sweep, Trainer, Trial};
/// # fn example(train: unit8::DataLoader<unit8::HiddenStates>, val: unit8::DataLoader<unit8::HiddenStates>)
/// #            -> unit8::Result<()> {
/// # let new_model = || unit8::AutoModelForSequenceClassification::from_pretrained("name", 2);
///
/// let sweep = Sweep::grid().over("learning_rate", [1e-4, 1e-3, 1e-2]).seeds(3);
/// let runs = sweep.run("logs/sweep", |point| {
///     let model = new_model()?; // a new one each time
///     let trainer = Trainer { learning_rate: point.get("learning_rate")?, ..Default::default() };
///     Ok(Trial { trainer, model, train: &train, val: &val })
/// })?;
/// runs.figure_over(&["learning_rate"], "val accuracy")?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    parameters: Vec<(String, Choice)>,
    /// Of a search at random: how many, and its seed.
    random: Option<(usize, u32)>,
    seeds: usize,
}

/// One training of a sweep: what its closure makes. The model has to be a new one each time; the data may
/// be borrowed, `train: &train`.
#[derive(Clone, Debug)]
pub struct Trial<M, T, V> {
    /// How to train. The sweep sets its seed, and `quiet`; `save_dir` is not used.
    pub trainer: Trainer,
    /// A model that has not been trained yet.
    pub model: M,
    /// The examples to learn from.
    pub train: T,
    /// Those to validate on.
    pub val: V,
}

/// What became of a point.
enum Outcome {
    Trained(Run),
    ThereBefore(Run),
    Stopped,
}

impl Sweep {
    /// Each value of each hyperparameter with each of the others.
    pub fn grid() -> Sweep {
        Sweep { parameters: Vec::new(), random: None, seeds: 1 }
    }

    /// So many choices at random (Bergstra and Bengio 2012,
    /// <https://www.jmlr.org/papers/v13/bergstra12a.html>). The same seed gives the same ones; with more
    /// trials, the same ones first.
    pub fn random(trials: usize, seed: u32) -> Sweep {
        Sweep { random: Some((trials, seed)), ..Sweep::grid() }
    }

    /// The values of a hyperparameter, numbers, texts, or what a trainer has, such as
    /// [`Optimizer`](crate::Optimizer): all of them, or at random one of them.
    pub fn over<T: Serialize>(self, name: &str, values: impl IntoIterator<Item = T>) -> Sweep {
        // One more than is allowed tells that there are too many, also of those that have no end.
        let some = values.into_iter().take(point::MOST_POINTS + 1);
        let values = some.map(value::of).collect::<serde_json::Result<_>>();
        self.and(name, values.map_or_else(|e| Choice::Refused(e.to_string()), Choice::Values))
    }

    /// At random, any number between two.
    pub fn between(self, name: &str, low: f64, high: f64) -> Sweep {
        self.and(name, Choice::Between(low, high))
    }

    /// At random, any number between two, each magnitude as often as the others: a learning rate, say.
    pub fn log_between(self, name: &str, low: f64, high: f64) -> Sweep {
        self.and(name, Choice::LogBetween(low, high))
    }

    /// Trains each choice so many times, with the seeds 1, 2, 3, …
    pub fn seeds(self, seeds: usize) -> Sweep {
        Sweep { seeds, ..self }
    }

    fn and(mut self, name: &str, choice: Choice) -> Sweep {
        self.parameters.push((name.to_owned(), choice));
        self
    }

    /// What is going to be trained: all choices with the first seed, then with the second one, and so on.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is nothing to choose from, or too much: more than 10,000 trainings.
    pub fn points(&self) -> Result<Vec<Point>> {
        point::all(&self.parameters, self.random, self.seeds)
    }

    /// Trains all of it and keeps each run in a folder. Before a run, `prepare` is given the point: it
    /// makes the trainer by [`Point::get`], a new model, and the data. The sweep has set libtorch's seed by
    /// then, and sets the trainer's, to that of the point.
    ///
    /// A run that is in the folder already, with the same hyperparameters, seed, data and model before its
    /// first step, is not trained again: after Jupyter's stop button, which keeps what is done, the same
    /// cell goes on. (What `prepare` does besides is not known: a model whose own code has changed wants
    /// another folder.) A training that fails is kept with its message, and the others go on; it is tried
    /// again the next time. Those of this sweep come back.
    ///
    /// # Errors
    /// As [`points`](Self::points); [`Error::Argument`] if `prepare` asks for a hyperparameter that is not
    /// swept, does not ask for one that is, or gives the trainer another value: at the first point, before
    /// anything is trained, or, if it does so only there, at a later one (what is done is kept);
    /// [`Error::File`] if the folder can't be read or written to.
    pub fn run<D, M, T, V>(
        &self,
        folder: impl AsRef<Path>,
        mut prepare: impl FnMut(&Point) -> Result<Trial<M, T, V>>,
    ) -> Result<Runs>
    where
        D: Dataset,
        M: Classifier<D::Batch>,
        T: Borrow<DataLoader<D>>,
        V: Borrow<DataLoader<D>>,
    {
        let points = self.points()?;
        let mut all = Runs::open(folder)?;
        all.check_writable()?;
        let interrupt = Interrupt::listen();
        let mut bar = Bar::start("the sweep");
        let (mut ours, mut before) = (all.none(), 0);
        for (number, point) in (1..).zip(&points) {
            let outcome = one(&mut all, point, &mut prepare, &interrupt)?;
            match outcome {
                Outcome::Trained(run) => ours.add(run),
                Outcome::ThereBefore(run) => {
                    before += 1;
                    ours.add(run);
                }
                Outcome::Stopped => break,
            }
            let share = number as f64 / points.len() as f64;
            bar.at(share, || format!("{number} of {}{}", points.len(), ours.best_in_words()));
        }
        if ours.len() == points.len() {
            bar.done(&format!("{}{}", counted(points.len()), ours.best_in_words()));
        }
        report(&ours, before, points.len());
        Ok(ours)
    }
}

/// Prepares a point and trains it, unless that was done before.
fn one<D, M, T, V>(
    all: &mut Runs,
    point: &Point,
    prepare: &mut impl FnMut(&Point) -> Result<Trial<M, T, V>>,
    interrupt: &Interrupt,
) -> Result<Outcome>
where
    D: Dataset,
    M: Classifier<D::Batch>,
    T: Borrow<DataLoader<D>>,
    V: Borrow<DataLoader<D>>,
{
    if interrupt.happened() {
        return Ok(Outcome::Stopped);
    }
    // The model's new layers are drawn by it.
    tch::manual_seed(point.seed().into());
    let prepared = prepare(point);
    point.check_asked(prepared.is_ok())?;
    let trial = match prepared {
        Ok(trial) => trial,
        Err(Error::Stopped(_)) => return Ok(Outcome::Stopped),
        Err(error) => {
            let mut run = point.run();
            run.error = Some(error.to_string());
            return Ok(Outcome::Trained(all.keep_instead_of_failed(run)?));
        }
    };
    let (model, train, val) = (&trial.model, trial.train.borrow(), trial.val.borrow());
    let seed = point.seed();
    let trainer =
        Trainer { seed, quiet: true, save_dir: None, checkpoint_steps: None, ..trial.trainer };
    let run = point.run().of(&trainer, model, train, val)?;
    if let Some(before) = all.iter().find(|other| other.is_done() && other.is_like(&run)) {
        return Ok(Outcome::ThereBefore(before.clone()));
    }
    if interrupt.happened() {
        return Ok(Outcome::Stopped); // While it was prepared: the training would not know.
    }
    let (run, _) = fitted(run, || trainer.fit(model, train, val));
    if run.history.stopped {
        return Ok(Outcome::Stopped);
    }
    Ok(Outcome::Trained(all.keep_instead_of_failed(run)?))
}

/// What the bar doesn't say.
fn report(ours: &Runs, before: usize, planned: usize) {
    if before > 0 {
        println!("{} kept before, not trained again", counted(before));
    }
    let failed: Vec<&Run> = ours.iter().filter(|run| run.error.is_some()).collect();
    if let Some(run) = failed.first() {
        let error = run.error.as_deref().unwrap_or_default();
        println!("{} failed, the last one ({}): {error}", counted(failed.len()), run.name);
    }
    if ours.len() < planned {
        let done = ours.len();
        println!(
            "stopped: {done} of {planned} runs are kept, and the same cell goes on with the others"
        );
    }
}
