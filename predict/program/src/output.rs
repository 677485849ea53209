//! Lines of JSON.

use serde::{Serialize, Serializer};
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::thread;
use unit8::{
    AutoModelForSequenceClassification as Model, Encodings, MultiLabelPredictions, Predictions,
    Trainer,
};

/// The standard output that the program was given.
pub struct Output(BufWriter<File>);

/// What a model says of some texts: a class for each, or any number of labels.
pub enum Said {
    OneOf(Predictions),
    AnyOf(MultiLabelPredictions),
}

impl Said {
    pub fn by(trainer: &Trainer, model: &Model, texts: &Encodings) -> unit8::Result<Said> {
        Ok(match model.is_multi_label() {
            Some(true) => Said::AnyOf(trainer.predict_multi_label(model, texts)?),
            _ => Said::OneOf(trainer.predict(model, texts)?),
        })
    }
}

/// Whether somebody still reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reader {
    There,
    Gone,
}

impl Output {
    /// Standard output, which is the results' alone from now on: what the library says of the model
    /// goes to standard error.
    pub fn of_process() -> io::Result<Output> {
        // SAFETY: dup and dup2 on descriptors that this process has.
        let ours = unsafe { libc::dup(1) };
        if ours < 0 || unsafe { libc::dup2(2, 1) } < 0 {
            return Err(io::Error::last_os_error());
        }
        thread::spawn(move || end_with_reader(ours));
        // SAFETY: it is new, and nobody else has it.
        Ok(Output(BufWriter::new(File::from(unsafe { OwnedFd::from_raw_fd(ours) }))))
    }

    /// Whether it is a terminal.
    pub fn is_seen(&self) -> bool {
        self.0.get_ref().is_terminal()
    }

    /// A line for each text.
    pub fn write(&mut self, said: &Said) -> io::Result<Reader> {
        match write_lines(&mut self.0, said).and_then(|()| self.0.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Reader::Gone),
            other => other.map(|()| Reader::There),
        }
    }
}

/// Ends the process in the middle of a window, which may take minutes, when nobody reads its results any
/// more.
fn end_with_reader(results: RawFd) {
    // Only errors are waited for: that a pipe has lost its reader is one.
    let mut asked = libc::pollfd { fd: results, events: 0, revents: 0 };
    // SAFETY: it is given one descriptor.
    while unsafe { libc::poll(&mut asked, 1, -1) } < 0 {
        if io::Error::last_os_error().kind() != ErrorKind::Interrupted {
            return;
        }
    }
    if asked.revents & (libc::POLLERR | libc::POLLHUP) != 0 {
        // SAFETY: ends the process, whatever its other threads do; there is nothing left to write.
        unsafe { libc::_exit(0) };
    }
}

/// The library says nothing more: its lines would stand in the middle of the progress bar.
pub fn silence_library() -> io::Result<()> {
    let nowhere = File::options().write(true).open("/dev/null")?;
    // SAFETY: dup2 on descriptors that this process has.
    if unsafe { libc::dup2(nowhere.as_raw_fd(), 1) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// What is said of a text.
#[derive(Serialize)]
#[serde(untagged)]
enum Answer<'a> {
    OneOf { label: String, score: f32, scores: Scores<'a> },
    AnyOf { labels: Vec<String>, scores: Scores<'a> },
}

/// The probability of each class, in the order of the classes.
struct Scores<'a> {
    names: &'a [String],
    probabilities: &'a [f32],
}

impl Serialize for Scores<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.names.iter().zip(self.probabilities))
    }
}

/// Numbers are as short as they can be to be read back as they are.
fn write_lines(output: &mut impl Write, said: &Said) -> io::Result<()> {
    let mut write = |answer: Answer<'_>| {
        serde_json::to_writer(&mut *output, &answer)?;
        output.write_all(b"\n")
    };
    match said {
        Said::OneOf(all) => {
            let names = &all.class_names;
            let labels = all.names().into_iter().zip(all.confidences());
            labels.zip(&all.probabilities).try_for_each(|((label, score), probabilities)| {
                write(Answer::OneOf { label, score, scores: Scores { names, probabilities } })
            })
        }
        Said::AnyOf(all) => {
            let names = &all.class_names;
            let mut labels = all.names().into_iter().zip(&all.probabilities);
            labels.try_for_each(|(labels, probabilities)| {
                write(Answer::AnyOf { labels, scores: Scores { names, probabilities } })
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_label_and_the_probabilities_to_the_last_digit() {
        let probabilities = vec![vec![0.1, 0.9], vec![1.0 - f32::EPSILON, 1e-20]];
        let class_names = vec!["so \"so\"".to_owned(), "good".to_owned()];
        let predictions = Predictions { probabilities, class_names };
        let mut written = Vec::new();
        write_lines(&mut written, &Said::OneOf(predictions.clone())).unwrap();
        let expected = [
            r#"{"label":"good","score":0.9,"scores":{"so \"so\"":0.1,"good":0.9}}"#,
            r#"{"label":"so \"so\"","score":0.9999999,"scores":{"so \"so\"":0.9999999,"good":1e-20}}"#,
        ];
        let written = String::from_utf8(written).unwrap();
        assert_eq!(written.lines().collect::<Vec<_>>(), expected);
        for (line, row) in written.lines().zip(&predictions.probabilities) {
            let read: serde_json::Value = serde_json::from_str(line).unwrap();
            let largest = row.iter().copied().fold(0.0, f32::max);
            assert_eq!(read["score"].as_f64().map(|score| score as f32), Some(largest));
        }
    }

    #[test]
    fn a_text_with_any_number_of_labels_has_a_list_of_them() {
        let said = Said::AnyOf(MultiLabelPredictions {
            probabilities: vec![vec![0.75, 0.5], vec![0.25, 0.125]],
            class_names: vec!["ham".to_owned(), "egg".to_owned()],
            threshold: 0.5,
        });
        let mut written = Vec::new();
        write_lines(&mut written, &said).unwrap();
        let expected = [
            r#"{"labels":["ham","egg"],"scores":{"ham":0.75,"egg":0.5}}"#,
            r#"{"labels":[],"scores":{"ham":0.25,"egg":0.125}}"#,
        ];
        assert_eq!(String::from_utf8(written).unwrap().lines().collect::<Vec<_>>(), expected);
    }
}
