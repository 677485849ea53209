//! Runs as pictures: their curves over each other, and what a hyperparameter does.

use super::run::SEED;
use super::summary::{has_several_data, notes};
use super::table::metric_text;
use super::value::{same, written};
use super::{Run, Runs, Summary, counted, goodness};
use crate::display::Html;
use crate::error::{Error, Result};
use crate::metrics::EpochMetrics;
use crate::plots::{
    MOST_NAMES, MOST_OF_GRID, Series, Side, Spread, grid_chart, has_magnitudes, line_chart,
    scatter_chart, side_by_side, spread_chart,
};
use serde_json::Value;
use std::cmp::Ordering;

/// More curves can't be followed.
const MOST_CURVES: usize = 8;

impl Runs {
    /// Their curves over each other, validation accuracy and loss over the epochs; of more than eight
    /// runs, the best eight.
    pub fn figures(&self) -> Html {
        let metric = self.judged_by().to_string();
        let mut drawn: Vec<&Run> =
            self.iter().filter(|run| !run.history.epochs.is_empty()).collect();
        let all = drawn.len();
        let mut which = counted(all);
        if all > MOST_CURVES {
            drawn.sort_by(|a, b| goodness(b, &metric).total_cmp(&goodness(a, &metric)));
            drawn.truncate(MOST_CURVES);
            which = format!("the best {MOST_CURVES} of {which}, by {metric}");
        }
        let several = !drawn.is_empty() && drawn.iter().all(|run| run.history.multi_label);
        let (title, shares) = match several {
            true => ("Validation subset accuracy", "all labels right (%)"),
            false => ("Validation accuracy", "accuracy (%)"),
        };
        let series = |value: fn(&EpochMetrics) -> f64| -> Vec<Series> {
            let points = |run: &Run| {
                run.history.epochs.iter().map(|epoch| (epoch.epoch as f64, value(epoch))).collect()
            };
            drawn.iter().map(|run| Series::new(run.name.as_str(), points(run))).collect()
        };
        let accuracies = series(|epoch| 100.0 * epoch.val_accuracy);
        let losses = series(|epoch| epoch.val_loss);
        side_by_side(&[
            line_chart(&format!("{title}: {which}"), "epoch", shares, &accuracies),
            line_chart(&format!("Validation loss: {which}"), "epoch", "loss", &losses),
        ])
    }

    /// What one or two hyperparameters do to a metric. Over the values of one: the mean over the seeds,
    /// and as bars the standard deviation, a line for each choice of the others. For the pairs of two:
    /// the mean of all runs that have them. See [`Run::metric`] for the names of metrics.
    ///
    /// # Errors
    /// [`Error::Argument`] if no run has the metric or such a hyperparameter, or if there are none or
    /// more than two.
    pub fn figure_over(&self, hyperparameters: &[&str], metric: &str) -> Result<Html> {
        let summaries = self.over_seeds(metric)?.summaries;
        for name in hyperparameters {
            if !summaries.iter().any(|summary| summary.hyperparameters.contains_key(*name)) {
                let differing = self.differing();
                let names: Vec<&str> = differing.into_iter().filter(|name| *name != SEED).collect();
                let remedy = format!("those that differ are {}", names.join(", "));
                return Err(Error::argument("hyperparameter", format!("{name:?}"), remedy));
            }
        }
        match hyperparameters {
            [one] => Ok(self.over_one(one, metric, &summaries)),
            [rows, columns] => Ok(self.over_two((rows, columns), metric, &summaries)),
            _ => {
                let count = hyperparameters.len();
                Err(Error::argument("hyperparameters", count, "name one or two of them"))
            }
        }
    }

    fn over_one(&self, name: &str, metric: &str, summaries: &[Summary]) -> Html {
        let (factor, label) = scale(metric);
        let mut values = values_of(name, summaries);
        let others = self.others(&[name]);
        let (joined, data) = (are_numbers(&values), has_several_data(summaries));
        if joined {
            values.sort_by(by_value);
        }
        let mut series: Vec<Spread> = Vec::new();
        let mut in_order: Vec<&Summary> = summaries.iter().collect();
        in_order.sort_by(|a, b| by_values(&others, a, b));
        for summary in in_order.into_iter().filter(|summary| !summary.values.is_empty()) {
            let Some(value) = summary.hyperparameters.get(name) else { continue };
            let place = values.iter().position(|other| same(other, value)).unwrap_or(0);
            let x = if joined { value.as_f64().unwrap_or(f64::NAN) } else { place as f64 };
            let point = (x, factor * summary.mean, factor * summary.std.unwrap_or(f64::NAN));
            let choice = described(&others, data, summary);
            match series.iter_mut().find(|series| series.name == choice) {
                Some(series) => series.points.push(point),
                None => series.push(Spread { name: choice, points: vec![point], joined }),
            }
        }
        let mut notes = [vec![self.about_seeds(summaries)], notes(summaries)].concat();
        let count: usize = series.iter().map(|series| series.points.len()).sum();
        let is_one_each = !joined && series.len() > 1 && count == values.len();
        if series.len() > MOST_CURVES || is_one_each {
            // Joined, they would look like one curve.
            let points = series.into_iter().flat_map(|series| series.points).collect();
            series = vec![Spread { name: String::new(), points, joined: false }];
            notes.push(format!("the points differ in {}, too", named(&others, data)));
        }
        series.iter_mut().for_each(|series| series.points.sort_by(|a, b| a.0.total_cmp(&b.0)));
        let names = (!joined).then(|| values.iter().map(written).collect());
        let title = format!("{metric} over {name}");
        spread_chart((&title, name, &label), names, &series, &notes)
    }

    fn over_two(&self, (row, column): (&str, &str), metric: &str, summaries: &[Summary]) -> Html {
        let data = has_several_data(summaries);
        let mut title = format!("{metric} over {row} and {column}");
        if data {
            title += ", on several data";
        }
        let [rows, columns] = [row, column].map(|name| {
            let mut values = values_of(name, summaries);
            values.sort_by(by_value);
            values
        });
        if rows.len().max(columns.len()) > MOST_OF_GRID
            && are_numbers(&rows)
            && are_numbers(&columns)
        {
            return scattered(&title, (column, &columns), (row, &rows), metric, summaries);
        }
        let mut note = "means of all runs with these values; the larger, the stronger".to_owned();
        let [rows, columns] = [(row, rows), (column, columns)].map(|(name, mut values)| {
            if values.len() > MOST_OF_GRID {
                note += &format!("; the first {MOST_OF_GRID} of {} values of {name}", values.len());
            }
            values.truncate(MOST_OF_GRID);
            values
        });
        let mean = |row_value: &Value, column_value: &Value| -> Option<f64> {
            let has = |summary: &&Summary, name: &str, value: &Value| {
                summary.hyperparameters.get(name).is_some_and(|other| same(other, value))
            };
            let pair =
                summaries.iter().filter(|s| has(s, row, row_value) && has(s, column, column_value));
            let values: Vec<f64> = pair.flat_map(|summary| &summary.values).copied().collect();
            (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
        };
        let values: Vec<Vec<Option<f64>>> =
            rows.iter().map(|r| columns.iter().map(|c| mean(r, c)).collect()).collect();
        let side =
            |label, values: &[Value]| Side { label, names: values.iter().map(written).collect() };
        let others = self.others(&[row, column]);
        if data || !others.is_empty() {
            note += &format!("; the runs differ in {}, too", named(&others, data));
        }
        notes(summaries).iter().for_each(|more| note += &format!("; {more}"));
        let written = |value| metric_text(metric, value);
        grid_chart(&title, (&side(row, &rows), &side(column, &columns)), &values, written, &note)
    }

    /// The hyperparameters that differ besides these and the seed.
    fn others(&self, names: &[&str]) -> Vec<&str> {
        let differing = self.differing().into_iter();
        differing.filter(|name| *name != SEED && !names.contains(name)).collect()
    }

    fn about_seeds(&self, summaries: &[Summary]) -> String {
        let counts = || summaries.iter().map(|summary| summary.values.len());
        let (least, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
        let missing: usize = summaries.iter().map(|summary| summary.missing).sum();
        let mut note = match most {
            0 | 1 => "one seed each".to_owned(),
            _ if least == most => format!("mean ± standard deviation over {most} seeds"),
            _ => format!("mean ± standard deviation over up to {most} seeds"),
        };
        if missing > 0 {
            note += &format!("; {} failed", counted(missing));
        }
        note
    }
}

/// Points where two hyperparameters have many values, as after a search at random.
fn scattered(
    title: &str,
    (x, x_values): (&str, &[Value]),
    (y, y_values): (&str, &[Value]),
    metric: &str,
    summaries: &[Summary],
) -> Html {
    let axis = |name: &str, values: &[Value]| {
        let is_power = has_magnitudes(values.iter().filter_map(Value::as_f64));
        let label = if is_power { format!("log10 of {name}") } else { name.to_owned() };
        (is_power, label)
    };
    let [(x_is_power, x_label), (y_is_power, y_label)] = [axis(x, x_values), axis(y, y_values)];
    let place = |summary: &Summary, name: &str, is_power: bool| {
        let value = summary.hyperparameters.get(name).and_then(Value::as_f64)?;
        Some(if is_power { value.log10() } else { value })
    };
    let point = |summary: &Summary| {
        let at = (place(summary, x, x_is_power)?, place(summary, y, y_is_power)?);
        (!summary.values.is_empty()).then(|| (metric_text(metric, summary.mean), at.0, at.1))
    };
    let mut points: Vec<(String, f64, f64)> = summaries.iter().filter_map(point).collect();
    // The best come first; a cloud without names would say nothing of the metric.
    let title = match points.len() {
        ..=MOST_NAMES => title.to_owned(),
        all => format!("{title}: the best {MOST_NAMES} of {all}"),
    };
    points.truncate(MOST_NAMES);
    scatter_chart(&title, &x_label, &y_label, &points)
}

/// The values of a hyperparameter in the order of the summaries, that of the best one first.
fn values_of(name: &str, summaries: &[Summary]) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::new();
    for value in summaries.iter().filter_map(|summary| summary.hyperparameters.get(name)) {
        if !values.iter().any(|other| same(other, value)) {
            values.push(value.clone());
        }
    }
    values
}

/// Numbers in their order, after all else.
fn by_value(one: &Value, other: &Value) -> Ordering {
    let number = |value: &Value| value.as_f64().unwrap_or(f64::NEG_INFINITY);
    let by_number = number(one).total_cmp(&number(other));
    by_number.then_with(|| written(one).cmp(&written(other)))
}

/// By some of their hyperparameters, one after the other.
fn by_values(names: &[&str], one: &Summary, other: &Summary) -> Ordering {
    let value =
        |summary: &Summary, name| summary.hyperparameters.get(name).cloned().unwrap_or(Value::Null);
    let orders = names.iter().map(|name| by_value(&value(one, *name), &value(other, *name)));
    orders.fold(Ordering::Equal, Ordering::then)
}

fn are_numbers(values: &[Value]) -> bool {
    values.iter().all(Value::is_number)
}

/// `batch_size, optimizer, data`
fn named(others: &[&str], data: bool) -> String {
    let names: Vec<&str> = others.iter().copied().chain(data.then_some("data")).collect();
    names.join(", ")
}

/// `batch_size 16, optimizer Sgd, data 4f2a1c/99a0b1`
fn described(names: &[&str], data: bool, summary: &Summary) -> String {
    let value =
        |name: &&str| Some(format!("{name} {}", written(summary.hyperparameters.get(*name)?)));
    let data = data.then(|| format!("data {}", summary.data));
    names.iter().filter_map(value).chain(data).collect::<Vec<_>>().join(", ")
}

/// What a metric is multiplied with in a figure, and what stands beside the axis.
fn scale(metric: &str) -> (f64, String) {
    match metric {
        "val accuracy" | "train accuracy" | "val macro F1" => (100.0, format!("{metric} (%)")),
        other => (1.0, other.to_owned()),
    }
}
