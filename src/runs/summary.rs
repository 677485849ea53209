//! The mean and the spread of what several seeds gave.

use super::run::{SEED, get};
use super::table::{MOST_ROWS, metric_text};
use super::value::{number, written};
use super::{Run, Runs, counted, is_better_small};
use crate::display::{Html, Mark, Show, marked_table, thousands};
use crate::error::Result;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Runs that differ in nothing but their seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    pub(super) hyperparameters: BTreeMap<String, Value>,
    /// On which data.
    pub(super) data: String,
    /// How many are the same training once more, and are not counted.
    repeated: usize,
    /// Whether a seed has several models.
    has_models: bool,
    /// The metric of each run that has it.
    pub values: Vec<f64>,
    /// How many have failed or don't have it.
    pub missing: usize,
    /// The mean of the values; NaN without any.
    pub mean: f64,
    /// Their standard deviation, with n - 1 for n runs; `None` of fewer than two.
    pub std: Option<f64>,
}

impl Summary {
    fn of(group: &[&Run], metric: &str) -> Summary {
        let runs = once_each(group, metric);
        let seed = |run: &Run| run.hyperparameters.get(SEED).map(Value::to_string);
        let seeds: BTreeSet<_> = runs.iter().map(|run| seed(run)).collect();
        let mut hyperparameters = runs[0].hyperparameters.clone();
        hyperparameters.remove(SEED);
        let values: Vec<f64> = runs.iter().filter_map(|run| run.metric(metric)).collect();
        let (mean, std) = mean_and_std(&values);
        Summary {
            hyperparameters,
            data: runs[0].fingerprints.data(),
            repeated: group.len() - runs.len(),
            has_models: seeds.len() < runs.len(),
            missing: runs.len() - values.len(),
            values,
            mean,
            std,
        }
    }

    /// A hyperparameter that they have in common, as [`Run::get`].
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) if there is none of this name, or if it is of another
    /// type.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        get(&self.hyperparameters, name)
    }

    /// `82.40 % ± 0.31 %`
    fn written(&self, metric: &str) -> String {
        let mean = match self.values.is_empty() {
            true => String::new(),
            false => metric_text(metric, self.mean),
        };
        match self.std {
            Some(std) => format!("{mean} ± {}", metric_text(metric, std)),
            None => mean,
        }
    }
}

/// Each training once: of those that were done again, the first one that has the metric.
fn once_each<'a>(group: &[&'a Run], metric: &str) -> Vec<&'a Run> {
    let mut once: Vec<&Run> = Vec::new();
    for &run in group {
        match once.iter_mut().find(|other| other.is_like(run)) {
            None => once.push(run),
            Some(other) if other.metric(metric).is_none() => *other = run,
            Some(_) => {}
        }
    }
    once
}

/// Whether the choices are of one set of data or of several.
pub fn has_several_data(summaries: &[Summary]) -> bool {
    summaries.iter().any(|summary| summary.data != summaries[0].data)
}

/// What is to be known of the means.
pub fn notes(summaries: &[Summary]) -> Vec<String> {
    let mut notes = Vec::new();
    let repeated: usize = summaries.iter().map(|summary| summary.repeated).sum();
    if repeated > 0 {
        notes.push(format!("{} done again, not counted twice", counted(repeated)));
    }
    if summaries.iter().any(|summary| summary.has_models) {
        let remedy = "tell them apart by with(\"model\", …)";
        notes.push(format!("one seed has several models: {remedy}"));
    }
    notes
}

/// Mean and standard deviation (n - 1).
fn mean_and_std(values: &[f64]) -> (f64, Option<f64>) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (values.len() > 1).then(|| (squares / (count - 1.0)).sqrt()))
}

/// What the seeds of each choice of hyperparameters gave, in the order of the runs. As the last line of
/// a cell it shows itself as a table.
#[derive(Clone, Debug, PartialEq)]
pub struct OverSeeds {
    /// The metric.
    pub metric: String,
    /// One for each choice of hyperparameters.
    pub summaries: Vec<Summary>,
    /// The hyperparameters that differ.
    pub(super) differing: Vec<String>,
}

impl OverSeeds {
    /// Shows the table in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

impl Runs {
    /// Mean and standard deviation (n - 1) of a metric over the seeds of each choice of hyperparameters,
    /// the best mean first. See [`Run::metric`] for the names.
    ///
    /// # Errors
    /// [`Error::Argument`](crate::Error::Argument) if no run has the metric.
    pub fn over_seeds(&self, metric: &str) -> Result<OverSeeds> {
        self.check_metric(metric)?;
        let mut groups: Vec<Vec<&Run>> = Vec::new();
        let mut places = BTreeMap::new();
        for run in self {
            let place = *places.entry(without_seed(run)).or_insert(groups.len());
            if place == groups.len() {
                groups.push(Vec::new());
            }
            groups[place].push(run);
        }
        let mut summaries: Vec<Summary> =
            groups.iter().map(|group| Summary::of(group, metric)).collect();
        let sign = if is_better_small(metric) { -1.0 } else { 1.0 };
        let goodness = |summary: &Summary| match summary.mean.is_nan() {
            true => f64::NEG_INFINITY,
            false => sign * summary.mean,
        };
        summaries.sort_by(|a, b| goodness(b).total_cmp(&goodness(a)));
        let differing = self.differing().into_iter().filter(|name| *name != SEED);
        let differing = differing.map(str::to_owned).collect();
        Ok(OverSeeds { metric: metric.to_owned(), summaries, differing })
    }
}

/// What the runs have in common that differ in nothing but their seeds: other data is another thing,
/// and the model before its first step is that of the seed.
fn without_seed(run: &Run) -> (String, String) {
    let mut hyperparameters = run.hyperparameters.clone();
    hyperparameters.remove(SEED);
    let texts: Vec<String> = hyperparameters.iter().map(|(n, v)| format!("{n:?}={v}")).collect();
    (texts.join(","), run.fingerprints.train.clone() + &run.fingerprints.val)
}

impl Show for OverSeeds {
    fn to_html(&self) -> Html {
        let mut header: Vec<&str> = self.differing.iter().map(String::as_str).collect();
        let data = has_several_data(&self.summaries);
        header.extend(data.then_some("data"));
        let best_column = header.len();
        header.extend([self.metric.as_str(), "values", "runs", "failed"]);
        let row = |summary: &Summary| -> Vec<String> {
            let value = |name: &String| summary.hyperparameters.get(name).map(written);
            let mut row: Vec<String> =
                self.differing.iter().map(|name| value(name).unwrap_or_default()).collect();
            let values = summary.values.iter().map(|value| number((value * 1e4).round() / 1e4));
            row.extend(data.then(|| summary.data.clone()));
            row.extend([
                summary.written(&self.metric),
                values.collect::<Vec<_>>().join(", "),
                summary.values.len().to_string(),
                summary.missing.to_string(),
            ]);
            row
        };
        let rows: Vec<Vec<String>> = self.summaries.iter().take(MOST_ROWS).map(row).collect();
        let best = |row: usize, column: usize| Mark {
            best: row == 0 && rows.len() > 1 && column == best_column,
            changed: false,
        };
        let mut caption = "mean ± standard deviation over the seeds".to_owned();
        if rows.len() < self.summaries.len() {
            let (shown, all) = (thousands(rows.len()), thousands(self.summaries.len()));
            caption += &format!(" (the first {shown} of {all})");
        }
        notes(&self.summaries).iter().for_each(|note| caption += &format!("; {note}"));
        marked_table(&caption, &header, &rows, best)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_spread_are_those_of_numpy() {
        // >>> a = [0.82, 0.84, 0.815, 0.83]; np.mean(a), np.std(a, ddof=1)
        // (np.float64(0.82625), np.float64(0.011086778913041736))
        let (mean, std) = mean_and_std(&[0.82, 0.84, 0.815, 0.83]);
        assert!((mean - 0.82625).abs() < 1e-15);
        assert!((std.unwrap() - 0.011086778913041736).abs() < 1e-15);
        assert_eq!(mean_and_std(&[0.5]), (0.5, None));
        assert!(mean_and_std(&[]).0.is_nan());
    }
}
