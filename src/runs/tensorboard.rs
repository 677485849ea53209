//! Runs as TensorBoard shows them.

use super::events::{Events, Message};
use super::value::written;
use super::{Run, Runs, time};
use crate::error::Result;
use crate::files::{cannot_write, write_whole};
use serde_json::Value;
use std::path::Path;

impl Runs {
    /// Writes event files for TensorBoard, a folder for each run: the curves, over the epochs and over the
    /// points within them, the results, the note, and the hyperparameters, for its table of them. It is
    /// then started by `tensorboard --logdir` and this folder. What was written there before of the same
    /// runs is replaced. Its numbers have seven digits.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) if they can't be written.
    pub fn write_tensorboard(&self, folder: impl AsRef<Path>) -> Result<()> {
        for run in self {
            let of_record = run.file.as_deref().and_then(Path::file_stem);
            let started = time::seconds(&run.started).unwrap_or(0.0);
            let name = format!("events.out.tfevents.{started:.0}.unit8");
            let path = folder.as_ref().join(of_record.unwrap_or("run".as_ref())).join(name);
            let bytes = events_of(run, started);
            write_whole(&path, |part| {
                std::fs::write(part, bytes).map_err(|error| cannot_write(&path, &error))
            })?;
        }
        Ok(())
    }
}

fn events_of(run: &Run, started: f64) -> Vec<u8> {
    let mut events = Events::new(started);
    let history = &run.history;
    let last = history.steps.last().map_or(0.0, |step| step.epoch);
    let epochs = last.max(history.epochs.len() as f64).max(1.0);
    let time = |epoch: f64| started + run.seconds.unwrap_or(0.0) * epoch / epochs;
    events.add(started, 0, &session_start(run, started));
    for epoch in &history.epochs {
        let (step, time) = (epoch.epoch as u64, time(epoch.epoch as f64));
        events.scalar(time, step, "loss/train", epoch.train_loss);
        events.scalar(time, step, "loss/val", epoch.val_loss);
        events.scalar(time, step, "accuracy/train", epoch.train_accuracy);
        events.scalar(time, step, "accuracy/val", epoch.val_accuracy);
        if let Some(f1) = epoch.val_macro_f1 {
            events.scalar(time, step, "macro F1/val", f1);
        }
    }
    for (step, point) in (1..).zip(&history.steps) {
        events.scalar(time(point.epoch), step, "within the epochs/loss", point.train_loss);
        events.scalar(time(point.epoch), step, "within the epochs/accuracy", point.train_accuracy);
    }
    let ended = time(epochs);
    for (name, value) in &run.results {
        events.scalar(ended, 0, &format!("results/{name}"), *value);
    }
    let said = [&run.name, &run.note].into_iter().chain(&run.error);
    let said: Vec<&str> = said.map(String::as_str).filter(|text| !text.is_empty()).collect();
    events.add(started, 0, &text("run", &said.join("\n\n")));
    events.add(ended, 0, &session_end(run, ended));
    events.into_bytes()
}

/// A value of a summary that belongs to a plugin, with that plugin's data.
fn of_plugin(tag: &str, plugin: &str, data: &Message) -> Message {
    let plugin = Message::default().text(1, plugin).message(2, data);
    Message::default().text(1, tag).message(9, &Message::default().message(1, &plugin))
}

/// A text, shown as Markdown: a tensor of strings (7), of no dimensions.
fn text(tag: &str, text: &str) -> Message {
    let tensor = Message::default().integer(1, 7).message(2, &Message::default()).text(8, text);
    of_plugin(tag, "text", &Message::default()).message(8, &tensor)
}

/// The hyperparameters, for the table of them (`plugins/hparams/plugin_data.proto`).
fn session_start(run: &Run, started: f64) -> Message {
    let mut session = Message::default();
    for (name, value) in &run.hyperparameters {
        let value = match value {
            Value::Bool(value) => Message::default().integer(4, u64::from(*value)),
            Value::Number(number) => {
                Message::default().double(2, number.as_f64().unwrap_or(f64::NAN))
            }
            other => Message::default().text(3, &written(other)),
        };
        session = session.message(1, &Message::default().text(1, name).message(2, &value));
    }
    let session = session.text(4, &run.name).double(5, started);
    of_plugin("_hparams_/session_start_info", "hparams", &Message::default().message(3, &session))
}

fn session_end(run: &Run, ended: f64) -> Message {
    let status = if run.error.is_none() { 1 } else { 2 }; // success, failure
    let session = Message::default().integer(1, status).double(2, ended);
    of_plugin("_hparams_/session_end_info", "hparams", &Message::default().message(4, &session))
}
