//! Runs as a table: what differs, and what came of it.

use super::run::{OF_HISTORY, SEED};
use super::value::{line, number, same, written};
use super::{Run, Runs, counted, goodness, is_better_small};
use crate::dataset::list;
use crate::display::{Html, Mark, Show, escape, marked_table, seconds, table, thousands};
use serde_json::Value;
use std::collections::BTreeSet;

/// More rows than this are no table to be read.
pub const MOST_ROWS: usize = 100;
/// The letters of a name or a note.
const LETTERS: usize = 60;
/// Of what each run has, what a table of runs shows.
const SHOWN: [&str; 3] = ["val accuracy", "val loss", "val macro F1"];

/// One column: its header, and a cell and its mark for each row.
struct Column {
    header: String,
    cells: Vec<(String, Mark)>,
}

impl Column {
    /// Texts without marks.
    fn plain(header: &str, shown: &[&Run], cell: impl Fn(&Run) -> String) -> Column {
        let cells = shown.iter().map(|run| (cell(run), Mark::default())).collect();
        Column { header: header.to_owned(), cells }
    }
}

impl Runs {
    /// Shows the table in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }

    /// The hyperparameters that are not the same in all runs; a seed stands last.
    pub(super) fn differing(&self) -> Vec<&str> {
        let names: BTreeSet<&str> =
            self.iter().flat_map(|run| run.hyperparameters.keys().map(String::as_str)).collect();
        let first = self.runs.first();
        let differs = |name: &&str| {
            let value = |run: &Run| run.hyperparameters.get(*name).cloned();
            let first = first.and_then(value);
            self.iter().any(|run| !is_same(&value(run), &first))
        };
        let mut names: Vec<&str> = names.into_iter().filter(differs).collect();
        names.sort_by_key(|name| *name == SEED);
        names
    }

    /// Those that are, with their values.
    fn common(&self) -> Vec<Vec<String>> {
        let differing = self.differing();
        let Some(first) = self.runs.first() else { return Vec::new() };
        let common =
            first.hyperparameters.iter().filter(|(name, _)| !differing.contains(&name.as_str()));
        common.map(|(name, value)| vec![name.clone(), written(value)]).collect()
    }

    /// At most a hundred of them, the first ones and the best.
    fn some(&self) -> Vec<&Run> {
        let mut some: Vec<&Run> = self.iter().take(MOST_ROWS).collect();
        let is_missing = |best: &&Run| !some.iter().any(|run| std::ptr::eq(*run, *best));
        if let Some(best) = self.best().ok().filter(is_missing) {
            some.push(best);
        }
        some
    }

    fn columns(&self, shown: &[&Run]) -> Vec<Column> {
        let mut columns = vec![
            Column::plain("name", shown, |run| line(&run.name, LETTERS)),
            Column::plain("started (UTC)", shown, |run| {
                run.started.chars().take(16).collect::<String>().replace('T', " ")
            }),
        ];
        if !self.iter().all(Run::is_done) {
            columns.push(Column::plain("ended", shown, |run| line(&run.ending(), 2 * LETTERS)));
        }
        columns.extend(self.differing().into_iter().map(|name| self.hyperparameter(name, shown)));
        if self.iter().any(|run| run.fingerprints.data() != self.runs[0].fingerprints.data()) {
            columns.push(Column::plain("data", shown, |run| run.fingerprints.data()));
        }
        let known = self.metrics();
        let metrics = known.iter().filter(|metric| is_shown(metric));
        columns.extend(metrics.map(|metric| self.metric_column(metric, shown)));
        if known.contains(&"seconds") {
            let time = |run: &Run| run.seconds.map(seconds).unwrap_or_default();
            columns.push(Column::plain("time", shown, time));
        }
        if self.iter().any(|run| !run.note.is_empty()) {
            columns.push(Column::plain("note", shown, |run| line(&run.note, LETTERS)));
        }
        columns
    }

    /// The values that differ from those of the run that began before it are marked.
    fn hyperparameter(&self, name: &str, shown: &[&Run]) -> Column {
        let value = |run: &Run| run.hyperparameters.get(name).cloned();
        let mut in_time: Vec<&Run> = self.iter().collect();
        in_time.sort_by(|a, b| (&a.started, &a.file).cmp(&(&b.started, &b.file)));
        let changed: Vec<&Run> = in_time
            .windows(2)
            .filter(|pair| !is_same(&value(pair[0]), &value(pair[1])))
            .map(|pair| pair[1])
            .collect();
        let cell = |run: &&Run| {
            let changed = changed.iter().any(|other| std::ptr::eq(*other, *run));
            let text = value(run).as_ref().map(written).unwrap_or_default();
            (line(&text, LETTERS), Mark { changed, best: false })
        };
        Column { header: name.to_owned(), cells: shown.iter().map(cell).collect() }
    }

    /// The best of all values is marked, if they differ.
    fn metric_column(&self, metric: &str, shown: &[&Run]) -> Column {
        let all = || self.iter().map(|run| goodness(run, metric)).filter(|value| value.is_finite());
        let (best, least) =
            (all().fold(f64::NEG_INFINITY, f64::max), all().fold(f64::INFINITY, f64::min));
        let cell = |run: &&Run| {
            let text = run.metric(metric).map(|value| metric_text(metric, value));
            let is_best = best > least && goodness(run, metric) == best;
            (text.unwrap_or_default(), Mark { best: is_best, changed: false })
        };
        Column { header: metric.to_owned(), cells: shown.iter().map(cell).collect() }
    }
}

impl Show for Runs {
    fn to_html(&self) -> Html {
        let folder = self.folder.display();
        if self.is_empty() {
            return format!("no runs in {folder}: runs.fit(\"a name\", …) keeps one").to_html();
        }
        let shown = self.some();
        let columns = self.columns(&shown);
        let header: Vec<&str> = columns.iter().map(|column| column.header.as_str()).collect();
        let row =
            |number: usize| columns.iter().map(|column| column.cells[number].0.clone()).collect();
        let rows: Vec<Vec<String>> = (0..shown.len()).map(row).collect();
        let mark = |row: usize, column: usize| columns[column].cells[row].1;
        let mut caption = format!("{} in {folder}", counted(self.len()));
        if shown.len() < self.len() {
            caption += &format!(" ({} shown)", thousands(shown.len()));
        }
        if self.len() > 1 {
            let known = self.metrics().into_iter().filter(is_shown);
            let small: Vec<&str> = known.filter(|metric| is_better_small(metric)).collect();
            let small = match small.is_empty() {
                true => String::new(),
                false => format!(" (the smallest of {})", list(small)),
            };
            caption += &format!(
                "; bold or *: the best of a column{small}; shaded or ~: not as in the run before in time"
            );
        }
        let table = marked_table(&caption, &header, &rows, mark);
        let common = self.common();
        let same = if self.len() > 1 { "the same in all runs" } else { "its hyperparameters" };
        let folded = self::table("", &["hyperparameter", "value"], &common);
        let html = format!(
            "{}<details><summary>{}</summary>{}</details>",
            table.html(),
            escape(same),
            folded.html()
        );
        Html::new(html).with_text(table.text())
    }
}

impl Show for Run {
    fn to_html(&self) -> Html {
        let row =
            |name: &str, value: String| (!value.is_empty()).then(|| vec![name.to_owned(), value]);
        let mut rows: Vec<Vec<String>> = [
            row("name", line(&self.name, 5 * LETTERS)),
            row("note", line(&self.note, 50 * LETTERS)),
            row("started (UTC)", self.started.replace('T', " ").replace('Z', "")),
            row("ended", line(&self.ending(), 2 * LETTERS)),
            row("seconds", self.seconds.map(seconds).unwrap_or_default()),
            row("device", self.device.clone()),
            row("library", self.library.clone()),
            row("saved in", self.save_dir.clone().unwrap_or_default()),
        ]
        .into_iter()
        .flatten()
        .collect();
        let results = self.results.iter().map(|(name, value)| (name, metric_text(name, *value)));
        rows.extend(results.filter_map(|(name, value)| row(&line(name, LETTERS), value)));
        let settings = self.hyperparameters.iter();
        rows.extend(settings.filter_map(|(name, value)| row(name, line(&written(value), LETTERS))));
        let about = table("", &["of the run", ""], &rows);
        let history = self.history.to_html();
        let html = format!(
            "{}<details><summary>{}: all that is known</summary>{}</details>",
            history.html(),
            escape(&line(&self.name, LETTERS)),
            about.html()
        );
        Html::new(html).with_text(format!("{}\n{}", history.text(), about.text()))
    }
}

impl Run {
    /// Shows curves, table and hyperparameters in the notebook.
    pub fn evcxr_display(&self) {
        self.to_html().evcxr_display();
    }
}

/// Whether a metric has a column of its own kind.
fn is_shown(metric: &&str) -> bool {
    SHOWN.contains(metric) || !OF_HISTORY.contains(metric)
}

/// A metric as it stands in a table.
pub fn metric_text(metric: &str, value: f64) -> String {
    match metric {
        "val accuracy" | "train accuracy" | "val macro F1" => format!("{:.2} %", 100.0 * value),
        _ if (1e-3..1e5).contains(&value.abs()) => format!("{value:.4}"),
        _ => number(value),
    }
}

fn is_same(one: &Option<Value>, other: &Option<Value>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => same(one, other),
        _ => one.is_none() && other.is_none(),
    }
}
