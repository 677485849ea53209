//! Trainings that are kept, to be compared with each other, also with those of yesterday.

mod csv;
mod events;
mod figures;
mod glob;
mod record;
mod run;
mod summary;
mod table;
mod tensorboard;
#[cfg(test)]
mod tests;
mod time;
pub(crate) mod value;

use crate::dataloader::{DataLoader, Dataset};
use crate::dataset::list;
use crate::display::thousands;
use crate::error::{Error, Result};
use crate::metrics::{History, Metric};
use crate::trainer::{Classifier, Trainer};
use glob::is_like;
pub use run::{Fingerprints, Run};
pub(crate) use run::{SEED, get};
use std::path::{Path, PathBuf};
use std::time::Instant;
pub use summary::{OverSeeds, Summary};

/// The runs of a folder, or some of them. As the last line of a cell they show themselves as a table:
/// the hyperparameters that differ, and the results, the best in bold.
///
/// ```no_run
/// use unit8::Runs;
/// # fn example(trainer: unit8::Trainer, model: unit8::AutoModelForSequenceClassification,
/// #            train: unit8::DataLoader<unit8::Encodings>, val: unit8::DataLoader<unit8::Encodings>)
/// #            -> unit8::Result<()> {
///
/// let mut runs = Runs::open("logs/runs")?;
/// runs.fit("learning rate 1e-3", &trainer, &model, &train, &val)?;
/// runs.figures(); // their curves over each other
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Runs {
    folder: PathBuf,
    runs: Vec<Run>,
}

impl Runs {
    /// The runs that are kept in a folder, the newest first; without such a folder, none: the first
    /// one that is kept makes it. Each is a file of its own, whose name begins with the time in UTC.
    /// Files that are no records of runs, or damaged ones, are left out and named in a printed line.
    ///
    /// # Errors
    /// [`Error::File`] if it can't be read.
    pub fn open(folder: impl AsRef<Path>) -> Result<Runs> {
        let folder = folder.as_ref().to_owned();
        let mut runs = Runs { runs: record::read_all(&folder)?, folder };
        runs.sort();
        Ok(runs)
    }

    /// Trains the model as [`Trainer::fit`] does, and keeps the run with all hyperparameters, and
    /// hashes of data and model. The name may be that of another run. What the trainer doesn't know is
    /// added by [`Run::with`]: `runs.fit(Run::new("a name").with("max_length", 128), …)`.
    ///
    /// A training that fails is kept with its message, one that is stopped with what there is. If the
    /// record can't be written at the end, that is printed, and the run comes back all the same.
    ///
    /// # Errors
    /// As [`Trainer::fit`]; before it begins, [`Error::File`] if the folder can't be written to,
    /// [`Error::Argument`] if the name is empty, or a hyperparameter was added that the trainer, the model
    /// or the data has, with another value.
    pub fn fit<D: Dataset, M: Classifier<D::Batch>>(
        &mut self,
        run: impl Into<Run>,
        trainer: &Trainer,
        model: &M,
        train: &DataLoader<D>,
        val: &DataLoader<D>,
    ) -> Result<Run> {
        let run = run.into();
        run.check()?;
        self.check_writable()?;
        let run = run.of(trainer, model, train, val)?;
        let (run, trained) = fitted(run, || trainer.fit(model, train, val));
        let kept = self.keep(run.clone());
        if let Err(error) = &kept {
            println!("the run is not kept ({error}): runs.keep(run) tries it again");
        }
        trained?;
        Ok(kept.unwrap_or(run))
    }

    /// Writes a run to the folder: a new one, or one of this folder that has changed, by
    /// [`Run::result`], say. It is written whole or not at all, and never over another one.
    ///
    /// # Errors
    /// [`Error::File`] if it can't be written, [`Error::Argument`] if its name is empty, its history
    /// has numbers that are not finite, or a result is named as one of the history's.
    pub fn keep(&mut self, run: Run) -> Result<Run> {
        let run = record::write(run, &self.folder)?;
        match self.runs.iter_mut().find(|other| other.file == run.file) {
            Some(older) => *older = run.clone(),
            None => self.runs.insert(0, run.clone()),
        }
        self.sort();
        Ok(run)
    }

    /// The runs with this in their names, or, with `*` for any letters and `?` for one, those whose
    /// names are such.
    pub fn named(&self, pattern: &str) -> Runs {
        let matches = |run: &&Run| match pattern.contains(['*', '?']) {
            true => is_like(&run.name, pattern),
            false => run.name.contains(pattern),
        };
        Runs { runs: self.runs.iter().filter(matches).cloned().collect(), ..self.none() }
    }

    /// The runs in the order of a metric, the best first; those without it last. See
    /// [`Run::metric`] for the names.
    ///
    /// # Errors
    /// [`Error::Argument`] if no run has it.
    pub fn sorted_by(&self, metric: &str) -> Result<Runs> {
        self.check_metric(metric)?;
        let mut sorted = self.clone();
        sorted.runs.sort_by(|a, b| goodness(b, metric).total_cmp(&goodness(a, metric)));
        Ok(sorted)
    }

    /// The best of them, by what their trainings were judged by: the validation accuracy, or
    /// [`Trainer::best_by`] if that is another one of all of them. Of equals it is the first one of the
    /// table.
    ///
    /// # Errors
    /// [`Error::Data`] if none has ended an epoch.
    pub fn best(&self) -> Result<&Run> {
        let metric = self.judged_by().to_string();
        let able = self.runs.iter().filter(|run| goodness(run, &metric) > f64::NEG_INFINITY);
        let better = |best, run| match goodness(run, &metric) > goodness(best, &metric) {
            true => run,
            false => best,
        };
        let none = || Error::Data(format!("none of {} has ended an epoch", counted(self.len())));
        able.reduce(better).ok_or_else(none)
    }

    /// Deletes the runs of this name and their records; with `*` for any letters and `?` for one, all
    /// whose names are such. Says how many those were. What a trainer has saved stays.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such run, [`Error::File`] if one can't be deleted.
    pub fn delete(&mut self, name: &str) -> Result<usize> {
        let exact = self.runs.iter().any(|run| run.name == name);
        let goes = |run: &Run| if exact { run.name == name } else { is_like(&run.name, name) };
        if !self.runs.iter().any(goes) {
            let names = list(self.runs.iter().map(|run| run.name.as_str()));
            let there = if names.is_empty() { "none".to_owned() } else { names };
            return Err(Error::argument("name", format!("{name:?}"), format!("there are {there}")));
        }
        let mut count = 0;
        while let Some(place) = self.runs.iter().position(goes) {
            record::remove(&self.runs[place])?;
            self.runs.remove(place);
            count += 1;
        }
        println!("{} deleted", counted(count));
        Ok(count)
    }

    /// Keeps a run; the same one that failed before makes room for it, also one that failed before its
    /// data and model were known.
    pub(crate) fn keep_instead_of_failed(&mut self, run: Run) -> Result<Run> {
        let has_failed = |other: &&Run| {
            let known = [&run.fingerprints, &Fingerprints::default()];
            other.error.is_some() && other.name == run.name && known.contains(&&other.fingerprints)
        };
        let file = self.runs.iter().find(has_failed).and_then(|failed| failed.file.clone());
        self.keep(Run { file, ..run })
    }

    /// # Errors
    /// [`Error::File`] if the folder can't be written to.
    pub(crate) fn check_writable(&self) -> Result<()> {
        record::check_writable(&self.folder)
    }

    /// The same folder without runs.
    pub(crate) fn none(&self) -> Runs {
        Runs { folder: self.folder.clone(), runs: Vec::new() }
    }

    /// Counts one among them that is kept already.
    pub(crate) fn add(&mut self, run: Run) {
        self.runs.push(run);
        self.sort();
    }

    /// ` | best val accuracy 82.40 %`
    pub(crate) fn best_in_words(&self) -> String {
        let metric = self.judged_by().to_string();
        let value = self.best().ok().and_then(|best| best.metric(&metric));
        value.map_or(String::new(), |value| {
            format!(" | best {metric} {}", table::metric_text(&metric, value))
        })
    }

    /// The runs, in the order of the table.
    pub fn iter(&self) -> std::slice::Iter<'_, Run> {
        self.runs.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// The newest first.
    fn sort(&mut self) {
        self.runs.sort_by(|a, b| (&b.started, &b.file).cmp(&(&a.started, &a.file)));
    }

    /// What they are judged by.
    fn judged_by(&self) -> Metric {
        let mut metrics = self.runs.iter().filter(|run| run.is_done()).map(Run::best_by);
        let first = metrics.next().unwrap_or_default();
        if metrics.all(|metric| metric == first) { first } else { Metric::default() }
    }

    /// The metrics that at least one has, in the order of the table.
    fn metrics(&self) -> Vec<&str> {
        let has = |name: &str| self.runs.iter().any(|run| run.metric(name).is_some());
        let mut names: Vec<&str> = run::OF_HISTORY.into_iter().filter(|name| has(name)).collect();
        let mut results: Vec<&str> =
            self.runs.iter().flat_map(|run| run.results.keys().map(String::as_str)).collect();
        results.sort_unstable();
        results.dedup();
        names.extend(results);
        names
    }

    fn check_metric(&self, metric: &str) -> Result<()> {
        let names = self.metrics();
        if names.contains(&metric) {
            return Ok(());
        }
        let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Err(Error::argument("metric", format!("{metric:?}"), format!("the runs have {there}")))
    }
}

impl<'a> IntoIterator for &'a Runs {
    type Item = &'a Run;
    type IntoIter = std::slice::Iter<'a, Run>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A training with its clock: what it came to, and its error, if it has failed.
pub(crate) fn fitted(run: Run, train: impl FnOnce() -> Result<History>) -> (Run, Result<()>) {
    let clock = Instant::now();
    let run = Run { started: time::now(), ..run };
    let outcome = train();
    let run = Run { seconds: Some(clock.elapsed().as_secs_f64()), ..run };
    match outcome {
        Ok(history) => (Run { history, ..run }, Ok(())),
        Err(error) => (Run { error: Some(error.to_string()), ..run }, Err(error)),
    }
}

/// More is better; what is not known is the worst.
fn goodness(run: &Run, metric: &str) -> f64 {
    let value = run.metric(metric).filter(|value| !value.is_nan());
    let sign = if is_better_small(metric) { -1.0 } else { 1.0 };
    value.map_or(f64::NEG_INFINITY, |value| sign * value)
}

/// Of a result that a notebook has named, the name tells it.
fn is_better_small(metric: &str) -> bool {
    const SMALL: [&str; 9] =
        ["loss", "logloss", "error", "errors", "second", "seconds", "time", "times", "perplexity"];
    let name = metric.to_lowercase();
    // Whole words: "sentiment" has a "time" in it.
    name.split(|letter: char| !letter.is_alphanumeric()).any(|word| SMALL.contains(&word))
}

/// `1 run`, `1,000 runs`
pub(crate) fn counted(count: usize) -> String {
    format!("{} run{}", thousands(count), if count == 1 { "" } else { "s" })
}
