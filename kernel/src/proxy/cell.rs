//! One cell while it runs, and what Jupyter is told of it.

use super::failure::Failure;
use super::hints;
use super::message::Message;
use super::output::{Cutter, ErrorCutter, ErrorPiece, Piece};
use super::prompt;
use serde_json::{Map, Value, json};
use std::time::Instant;

/// Text beyond this many bytes is counted, not shown: a browser would stand still.
const MOST_TEXT: usize = 1_000_000;

/// Which of a cell's two streams.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Stream {
    fn name(self) -> &'static str {
        match self {
            Stream::Stdout => "stdout",
            Stream::Stderr => "stderr",
        }
    }
}

/// The marks by which a cell's code tells evcxr that it ended before its end.
const PANICKED: &str = "EVCXR_PANIC_NOTIFICATION";
const FAILED: &str = "EVCXR_ERROR_OCCURRED";

/// What is known of one run of a cell's code.
#[derive(Default)]
struct Run {
    /// What evcxr is to know at the end.
    marks: Vec<String>,
    failed: Option<String>,
    panicked: Option<String>,
    thread_panicked: Option<String>,
}

impl Run {
    fn has(&self, mark: &str) -> bool {
        self.marks.iter().any(|found| found == mark)
    }
}

/// A cell that has been handed to evcxr.
pub struct Cell {
    /// The request that it answers.
    pub request: Message,
    /// Its number in the notebook.
    pub count: u32,
    /// Whether evcxr has it.
    pub is_with_evcxr: bool,
    /// Whether its code runs, rather than being compiled.
    pub runs: bool,
    /// When it was stopped last.
    pub stopped: Option<Instant>,
    /// Whether it has been said that a second stop would end it.
    pub told: bool,
    /// Whether a second stop has ended its process.
    pub killed: bool,
    /// evcxr's reply, when it has come.
    pub reply: Option<Value>,
    /// When evcxr said that it is idle again.
    pub idle: Option<Instant>,
    /// What evcxr found wrong.
    pub failures: Vec<Failure>,
    run: Run,
    /// The run that came to its end last.
    ended: Run,
    stdout: Cutter,
    stderr: ErrorCutter,
    text: String,
    stream: Stream,
    bundle: Map<String, Value>,
    shown: usize,
    bytes: usize,
    messages: Vec<Message>,
}

impl Cell {
    /// A cell that is about to run. Marks of evcxr's begin with the token.
    pub fn new(request: Message, count: u32, token: &str) -> Cell {
        Cell {
            request,
            count,
            is_with_evcxr: false,
            runs: false,
            stopped: None,
            told: false,
            killed: false,
            reply: None,
            idle: None,
            failures: Vec::new(),
            run: Run::default(),
            ended: Run::default(),
            stdout: Cutter::new(token.to_owned()),
            stderr: ErrorCutter::default(),
            text: String::new(),
            stream: Stream::Stdout,
            bundle: Map::new(),
            shown: 0,
            bytes: 0,
            messages: Vec::new(),
        }
    }

    /// Its code has run to the end: gives the marks that evcxr is to see. It may run the code once
    /// more then, as after a type has changed, and nothing of this run is true of that one.
    pub fn end_run(&mut self) -> String {
        self.runs = false;
        self.write(Stream::Stdout, &[], true);
        self.ended = std::mem::take(&mut self.run);
        if !self.ended.has(PANICKED)
            && let Some(caught) = self.ended.panicked.take()
        {
            self.say(Stream::Stderr, &format!("panicked, and was caught: {caught}\n"));
        }
        if !self.ended.has(FAILED) {
            let printed = self.ended.failed.take();
            self.say_printed(printed);
        }
        self.ended.marks.iter().map(|mark| format!("{mark}\n")).collect()
    }

    /// Takes what the cell has written. At the end of it, nothing waits for more.
    pub fn write(&mut self, stream: Stream, bytes: &[u8], last: bool) {
        match stream {
            Stream::Stdout => {
                let mut pieces = self.stdout.push(bytes);
                if last {
                    pieces.extend(self.stdout.finish());
                }
                pieces.into_iter().for_each(|piece| self.add(piece));
            }
            Stream::Stderr => {
                for piece in self.stderr.push(bytes, last) {
                    match piece {
                        ErrorPiece::Text(text) => self.say(Stream::Stderr, &text),
                        ErrorPiece::Failure(text) => {
                            let before = self.run.failed.replace(text);
                            self.say_printed(before);
                        }
                    }
                }
            }
        }
    }

    /// Nothing waits for more.
    pub fn end_streams(&mut self) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            self.write(stream, &[], true);
        }
    }

    fn add(&mut self, piece: Piece) {
        match piece {
            Piece::Text(text) => self.say(Stream::Stdout, &text),
            Piece::Mark(mark) => self.run.marks.push(mark),
            Piece::Content(mime, content) => self.show(&mime, content),
        }
    }

    /// Adds text to a stream, in order.
    pub fn say(&mut self, stream: Stream, text: &str) {
        self.show_bundle("display_data");
        if stream != self.stream {
            self.flush();
            self.stream = stream;
        }
        self.bytes += text.len();
        let mut end = text.len().min(MOST_TEXT.saturating_sub(self.shown));
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.shown += end;
        self.text.push_str(&text[..end]);
    }

    /// What looked like the error of a `?`, and was printed.
    fn say_printed(&mut self, text: Option<String>) {
        if let Some(text) = text {
            self.say(Stream::Stderr, &format!("{text}\n"));
        }
    }

    /// Several MIME types of one thing come one after the other; a type that is there already begins
    /// the next thing.
    pub fn show(&mut self, mime: &str, content: String) {
        self.flush();
        if self.bundle.contains_key(mime) {
            self.show_bundle("display_data");
        }
        let json = mime.contains("json").then(|| serde_json::from_str(&content).ok()).flatten();
        self.bundle.insert(mime.to_owned(), json.unwrap_or(Value::String(content)));
    }

    /// Shows a thing that can be replaced later.
    pub fn display(&mut self, content: Value) {
        self.show_bundle("display_data");
        self.flush();
        self.messages.push(self.request.child("display_data", content));
    }

    fn show_bundle(&mut self, kind: &str) {
        if self.bundle.is_empty() {
            return;
        }
        let data = std::mem::take(&mut self.bundle);
        let mut content = json!({"data": data, "metadata": {}});
        match kind {
            "execute_result" => content["execution_count"] = self.count.into(),
            _ => content["transient"] = json!({}),
        }
        self.messages.push(self.request.child(kind, content));
    }

    /// Makes messages of the text that has come so far.
    pub fn flush(&mut self) {
        if self.text.is_empty() {
            return;
        }
        let text = std::mem::take(&mut self.text);
        let content = json!({"name": self.stream.name(), "text": text});
        self.messages.push(self.request.child("stream", content));
    }

    /// The prompt that the cell has printed last, and whether a password is asked for.
    pub fn take_prompt(&mut self) -> Option<(String, bool)> {
        prompt::take(&mut self.text)
    }

    /// Whether it has printed a prompt, whose question is still to come.
    pub fn is_about_to_ask(&self) -> bool {
        prompt::start(&self.text).is_some()
    }

    /// Whether text or messages wait to be sent.
    pub fn has_more(&self) -> bool {
        !self.text.is_empty() || !self.messages.is_empty()
    }

    /// The messages that are ready to be sent.
    pub fn messages(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.messages)
    }

    /// A thread of the cell panics; the cell's own thread does so silently, as it may be caught.
    pub fn panic(&mut self, text: String, own_thread: bool) {
        if own_thread {
            self.run.panicked = Some(text);
        } else {
            self.say(Stream::Stderr, &format!("a thread panicked: {text}\n"));
            self.run.thread_panicked = Some(text);
        }
    }

    /// Ends the cell: its last messages, and how it failed, if it did.
    pub fn end(&mut self) -> Option<Failure> {
        self.end_streams();
        if self.bytes > self.shown {
            let left = self.bytes - self.shown;
            self.shown = 0; // this line still fits
            let line = format!("\n[{left} bytes of further output are not shown]\n");
            self.say(Stream::Stderr, &line);
        }
        let printed = self.run.failed.take();
        self.say_printed(printed);
        let failure = self.failure();
        self.flush();
        // A cell whose value is nothing shows nothing.
        let is_nothing =
            self.bundle.len() == 1 && self.bundle.get("text/plain") == Some(&"()".into());
        if !is_nothing && !self.request.flag("silent", false) {
            self.show_bundle("execute_result");
        }
        failure
    }

    fn failure(&mut self) -> Option<Failure> {
        if self.killed {
            let text = "the cell was ended by a second stop. All variables were lost with it: \
                        run the cells above again.";
            return Some(Failure::new("Stopped", text));
        }
        if self.ended.has(PANICKED) {
            let text = self.ended.panicked.take().or(self.ended.thread_panicked.take());
            let text = text.unwrap_or_else(|| "a thread of the cell panicked".to_owned());
            return Some(Failure::midway("panicked", &text));
        }
        if self.ended.has(FAILED) {
            let text = self.ended.failed.take();
            let text = text.unwrap_or_else(|| "a `?` found an error".to_owned());
            return Some(Failure::midway("Error", &text));
        }
        if self.stopped.is_some() && !self.runs && self.has_compiler_failure() {
            let text = "the cell was stopped while it was compiled; all variables are as before";
            return Some(Failure::new("Stopped", text));
        }
        let mut failures = std::mem::take(&mut self.failures).into_iter();
        let mut first = failures.next()?;
        for failure in failures {
            first.traceback.push(String::new());
            first.traceback.extend(failure.traceback);
        }
        hints::explain(&mut first);
        Some(first)
    }

    /// What evcxr says when its compiler is gone, which names no place in the code.
    fn has_compiler_failure(&self) -> bool {
        const GONE: [&str; 3] = ["no parsable errors", "cargo metadata", "signal: 9"];
        self.failures.iter().any(|failure| GONE.iter().any(|words| failure.value.contains(words)))
    }
}

#[cfg(test)]
mod tests;
