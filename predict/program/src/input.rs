//! The texts, read and encoded beside the model's work.

use crate::arguments::Arguments;
use std::fs::File;
use std::io::{IsTerminal, Read, stdin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use unit8::dataloader::{Dataset, PREDICTED_TOGETHER};
use unit8::{CsvOptions, Encodings, Error, Result, TextStream, Tokenizer};

/// So many texts are encoded before more are read, or fewer of so many bytes: these are all texts that
/// are in memory.
const ENCODED_AT_ONCE: usize = 512;
const BYTES_AT_ONCE: usize = 1 << 24;

/// Where the texts come from.
pub struct Input {
    texts: TextStream,
    /// How many bytes there are, if that can be known, and how many have been read.
    pub size: Option<u64>,
    bytes: Arc<AtomicU64>,
    /// How many texts are classified together.
    at_once: usize,
    /// How many texts have been encoded.
    encoded: usize,
}

/// Texts that are classified together.
pub struct Window {
    pub encodings: Encodings,
    /// How much of the input has been read so far.
    pub bytes: u64,
    /// What was found out about the input.
    pub notes: Vec<String>,
}

/// Counts the bytes that are read.
struct Counted<R> {
    inner: R,
    bytes: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Input {
    pub fn open(arguments: &Arguments) -> Result<Input> {
        let (inner, name, size): (Box<dyn Read + Send>, _, _) = match &arguments.file {
            None => (Box::new(stdin()), "standard input".to_owned(), None),
            Some(path) => {
                let refuse = |message| Error::File { path: path.clone(), message };
                let file = File::open(path).map_err(|error| refuse(error.to_string()))?;
                let about = file.metadata().map_err(|error| refuse(error.to_string()))?;
                if about.is_dir() {
                    return Err(refuse("a folder: give a file of it".to_owned()));
                }
                let size = Some(about.len()).filter(|_| about.is_file());
                (Box::new(file), path.display().to_string(), size)
            }
        };
        let has_all = size.is_some();
        let is_typed = arguments.file.is_none() && stdin().is_terminal();
        let at_once = if is_typed || arguments.line_buffered { 1 } else { PREDICTED_TOGETHER };
        let CsvOptions { header, separator, .. } = arguments.options;
        if at_once == 1 && !has_all && !header && separator.is_none() {
            let message = "the rows that tell what stands between the columns are still to come: with \
                 --no-header, give --separator, too";
            return Err(Error::Data(message.to_owned()));
        }
        let bytes = Arc::new(AtomicU64::new(0));
        let input = Counted { inner, bytes: bytes.clone() };
        let texts = match &arguments.column {
            None => TextStream::lines(input, &name),
            Some(column) => TextStream::column(input, &name, column, &arguments.options)?,
        };
        Ok(Input { texts, size, bytes, at_once, encoded: 0 })
    }

    /// Reads and encodes, one window ahead of whoever takes them. The thread ends with the input, with
    /// the first error, which comes after the texts before it, or when nobody takes its windows.
    pub fn encode(
        mut self,
        tokenizer: Tokenizer,
        max_length: usize,
    ) -> (Receiver<Result<Window>>, JoinHandle<()>) {
        let (sender, windows) = sync_channel(1);
        let send_all = move || {
            while let Some(true) = self.send_window(&tokenizer, max_length, &sender) {}
        };
        (windows, thread::spawn(send_all))
    }

    /// Whether there may be more. None: nobody takes it.
    fn send_window(
        &mut self,
        tokenizer: &Tokenizer,
        max_length: usize,
        sender: &SyncSender<Result<Window>>,
    ) -> Option<bool> {
        let mut encodings = match tokenizer.encode::<String>(&[], max_length) {
            Ok(none) => none,
            Err(error) => return sender.send(Err(error)).ok().map(|()| false),
        };
        let mut outcome = Ok(true);
        while encodings.len() < self.at_once && matches!(outcome, Ok(true)) {
            let texts;
            (texts, outcome) = self.some(self.at_once - encodings.len());
            if let Err(error) = self.add(&texts, &mut encodings, tokenizer, max_length) {
                outcome = Err(error);
            }
        }
        if !encodings.is_empty() {
            let bytes = self.bytes.load(Ordering::Relaxed);
            let notes = self.texts.take_notes();
            sender.send(Ok(Window { encodings, bytes, notes })).ok()?;
        }
        match outcome {
            Ok(more) => Some(more),
            Err(error) => sender.send(Err(error)).ok().map(|()| false),
        }
    }

    /// Encodes more texts; if one can't be, those before it.
    fn add(
        &mut self,
        texts: &[String],
        encodings: &mut Encodings,
        tokenizer: &Tokenizer,
        max_length: usize,
    ) -> Result<()> {
        if let Ok(more) = tokenizer.encode(texts, max_length) {
            self.encoded += texts.len();
            return encodings.append(&more);
        }
        for text in texts {
            self.encoded += 1;
            let one = tokenizer.encode(&[text], max_length);
            encodings.append(&one.map_err(|error| of_text(error, self.encoded))?)?;
        }
        Ok(())
    }

    /// The next texts, `most` or fewer, and whether there may be more, or why there are none.
    fn some(&mut self, most: usize) -> (Vec<String>, Result<bool>) {
        let (mut texts, mut bytes) = (Vec::new(), 0);
        while texts.len() < most.min(ENCODED_AT_ONCE) && bytes < BYTES_AT_ONCE {
            match self.texts.next() {
                Some(Ok(text)) => {
                    bytes += text.len();
                    texts.push(text);
                }
                Some(Err(error)) => return (texts, Err(error)),
                None => return (texts, Ok(false)),
            }
        }
        (texts, Ok(true))
    }
}

/// The library counts the texts of each call.
fn of_text(error: Error, number: usize) -> Error {
    match error {
        Error::Data(message) => Error::Data(match message.strip_prefix("row 0 (from 0) ") {
            Some(has) => format!("text {number} {has}"),
            None => format!("text {number}: {message}"),
        }),
        other => other,
    }
}
