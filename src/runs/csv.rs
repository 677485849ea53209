//! Runs as a CSV file.

use super::Runs;
use crate::dataset::quoted;
use crate::error::Result;
use crate::files::{cannot_write, write_whole};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

impl Runs {
    /// Writes them to a CSV file, a line for each run in the order of the table: what it is called, all
    /// hyperparameters, the numbers of its best epoch, its results, what it was made of. Numbers come
    /// back to the last bit; shares are from 0 to 1. The epochs of a run are written by
    /// `run.history.write_csv(path)`.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if it can't be written; an older file is then still there.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let names: BTreeSet<&str> =
            self.iter().flat_map(|run| run.hyperparameters.keys().map(String::as_str)).collect();
        let metrics = self.metrics();
        let mut header = vec!["name", "started", "ended", "note"];
        header.extend(names.iter().copied());
        header.extend(metrics.iter().copied());
        header.extend(["epochs", "device", "library", "save_dir", "train", "val", "model"]);
        let mut lines = vec![line(header.into_iter())];
        for run in self {
            let mut fields =
                vec![run.name.clone(), run.started.clone(), run.ending(), run.note.clone()];
            fields.extend(
                names
                    .iter()
                    .map(|name| run.hyperparameters.get(*name).map(field).unwrap_or_default()),
            );
            fields.extend(metrics.iter().map(|metric| {
                run.metric(metric).map(|number| number.to_string()).unwrap_or_default()
            }));
            fields.extend([
                run.history.epochs.len().to_string(),
                run.device.clone(),
                run.library.clone(),
                run.save_dir.clone().unwrap_or_default(),
                run.fingerprints.train.clone(),
                run.fingerprints.val.clone(),
                run.fingerprints.model.clone(),
            ]);
            lines.push(line(fields.iter().map(String::as_str)));
        }
        let (path, text) = (path.as_ref(), lines.concat());
        write_whole(path, |part| std::fs::write(part, text).map_err(|e| cannot_write(path, &e)))
    }
}

fn line<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    fields.map(quoted).collect::<Vec<_>>().join(",") + "\n"
}

/// Missing values are empty fields.
fn field(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
