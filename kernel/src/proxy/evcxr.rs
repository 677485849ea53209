//! What evcxr says, and what it fails to say.

use super::cell::{Cell, Stream};
use super::failure::Failure;
use super::message::Message;
use super::{Processes, Proxy, To, cursor, hints};
use std::time::{Duration, Instant};

/// Begin the lines by which evcxr says that a part of it has panicked: it answers no cell any more.
const BROKEN: [&str; 3] =
    ["execution error:", "shell error:", "Error handling shell message `execute_request`"];

/// After its last word on a cell, evcxr's reply is late by no more than this.
const LATE: Duration = Duration::from_secs(30);

impl<P: Processes> Proxy<P> {
    /// evcxr replies to a request.
    pub fn evcxr_replies(&mut self, reply: Message) {
        let passed = self.passed.iter().position(|(passed, _)| reply.belongs_to(passed));
        if let Some(place) = passed {
            let (_, request) = self.passed.remove(place);
            let content = match request.kind() {
                "inspect_request" => {
                    let hover = reply.content["data"]["text/plain"].as_str();
                    self.inspect(&request, hover)
                }
                _ => cursor::completions(request.code(), reply.content),
            };
            self.answered(&request, Some((To::Shell, request.reply(content))));
        } else if let Some(cell) = self.cell.as_mut().filter(|cell| reply.belongs_to(&cell.request))
        {
            cell.reply = Some(reply.content);
            self.finish_if_ended();
        }
    }

    /// evcxr says something to all front ends.
    pub fn evcxr_says(&mut self, message: Message) {
        let Some(cell) = self.cell.as_mut().filter(|cell| message.belongs_to(&cell.request)) else {
            return;
        };
        let content = message.content;
        match message.header["msg_type"].as_str().unwrap_or_default() {
            "status" if content["execution_state"] == "idle" => {
                cell.idle = Some(Instant::now());
                self.finish_if_ended();
            }
            "error" => cell.failures.push(Failure::of_evcxr(&content)),
            // What evcxr's own commands have to show; a cell's value comes from the cell itself.
            "execute_result" => {
                for (mime, data) in content["data"].as_object().into_iter().flatten() {
                    let text = data.as_str().map_or_else(|| data.to_string(), str::to_owned);
                    cell.show(mime, text);
                }
            }
            "stream" => {
                let text = content["text"].as_str().unwrap_or_default();
                let error = content["name"] == "stderr";
                cell.say(if error { Stream::Stderr } else { Stream::Stdout }, text);
            }
            _ => {}
        }
    }

    fn finish_if_ended(&mut self) {
        if self.cell.as_ref().is_some_and(|cell| cell.idle.is_some() && cell.reply.is_some()) {
            self.read_output();
            let mut failure = self.cell.as_mut().and_then(Cell::end);
            if let Some(failure) = failure.as_mut().filter(|failure| failure.loses_variables) {
                failure.note_lost(&self.processes.moved_variables());
            }
            if let (Some(failure), Some(cell)) = (&mut failure, &self.cell) {
                hints::explain_path(failure, cell.request.code(), self.processes.library());
            }
            self.finish(failure);
        }
    }

    /// A line that evcxr writes for itself; what it says of crates being compiled is for the user.
    pub fn evcxr_notes(&mut self, line: &str) {
        if BROKEN.iter().any(|words| line.starts_with(words)) {
            self.give_up(line);
        } else if let Some(cell) = self.cell.as_mut()
            && line.trim().starts_with("Compiling ")
        {
            cell.say(Stream::Stderr, &format!("{}\n", line.trim_end()));
        }
    }

    /// A cell to which evcxr gives no reply would be busy for ever.
    pub(super) fn look_for_reply(&mut self) {
        let idle =
            self.cell.as_ref().filter(|cell| cell.reply.is_none()).and_then(|cell| cell.idle);
        if idle.is_some_and(|since| since.elapsed() > LATE) {
            self.give_up("it did not answer");
        }
    }

    /// evcxr can't run cells any more. Jupyter starts a new kernel when this one ends.
    fn give_up(&mut self, why: &str) {
        let text =
            format!("the kernel has to start again, without its variables: evcxr failed ({why})");
        self.finish(Some(Failure::new("Ended", &text)));
        self.ends = Some(1);
    }
}
