//! What stands between Jupyter and evcxr_jupyter: it knows when a cell runs, what it wrote and how it
//! ended, and answers for evcxr when that can't.
//!
//! [`Proxy`] is told what happens, and says what is to be sent and done. It touches neither sockets
//! nor processes itself (see [`crate::start`]).

mod answers;
pub mod cell;
mod comms;
mod cursor;
mod display;
mod evcxr;
mod failure;
mod hints;
pub mod message;
mod output;
mod packets;
mod parts;
mod prompt;
mod requests;
pub mod sockets;
mod stop;
mod widgets;

use crate::link::Packet;
use crate::sources::{Word, is_rust};
use cell::{Cell, Stream};
use display::Displays;
use failure::Failure;
use message::Message;
use parts::Parts;
use serde_json::{Value, json};
use std::collections::VecDeque;
use widgets::Widgets;

/// So many cells' code is looked through for what the notebook defines.
const MOST_CELLS: usize = 200;

/// Where a message goes to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum To {
    /// A front end, as a reply.
    Shell,
    /// A front end, as a reply to what came over the control channel.
    Control,
    /// A front end, as a question.
    Stdin,
    /// All front ends.
    Iopub,
    /// evcxr, as a request.
    Evcxr,
}

/// What the proxy can do to processes.
pub trait Processes {
    /// What the cells have written and nobody has read yet.
    fn read_output(&mut self) -> Vec<(Stream, Vec<u8>)>;
    /// Answers a question of the cells' process.
    fn answer(&mut self, question: &Packet, text: &[u8]);
    /// Wakes whoever waits there for the value of a widget to change.
    fn ring(&mut self);
    /// Sends SIGINT to the cells' process.
    fn interrupt(&mut self);
    /// Whether something in the cells' process waits for a SIGINT.
    fn listens(&self) -> bool;
    /// Ends the cells' process and all that it started.
    fn kill(&mut self);
    /// Ends the programs that compile a cell.
    fn stop_compiler(&mut self);
    /// The cells' process is this one from now on.
    fn started(&mut self, process: u32);
    /// The variables that the cell compiled last moves away, and loses if it fails.
    fn moved_variables(&mut self) -> Vec<String>;
    /// The library's name, and where it lies.
    fn library(&self) -> (&str, &str);
    /// What is known of a word; `hover` is what evcxr says of it, `own` the code that was run.
    fn inspect(&mut self, word: &Word, hover: Option<&str>, own: &str) -> Option<Value>;
}

/// evcxr, as the proxy sees it.
enum Evcxr {
    Starting,
    Ready,
    /// It can't be had: why, and what to do.
    Missing(String),
}

/// The kernel's state.
pub struct Proxy<P> {
    /// The processes behind it.
    pub processes: P,
    evcxr: Evcxr,
    waiting: VecDeque<Message>,
    cell: Option<Cell>,
    /// The cell before, to which belongs what its threads still write.
    before: Option<Cell>,
    count: u32,
    /// The code of the cells that ran, the last one first: evcxr forgets the comments in it.
    own: VecDeque<String>,
    token: String,
    /// The question that the user has not answered yet: the cells', and as it was passed on.
    asked: Option<(Packet, Message)>,
    /// What the user has typed, and the cells have not taken yet.
    typed: Vec<u8>,
    /// What is to be known, and no cell was there to say it.
    notes: Vec<String>,
    parts: Parts,
    displays: Displays,
    widgets: Widgets,
    /// Requests that evcxr answers beside the cells: as they were passed on, and as they came.
    passed: Vec<(Message, Message)>,
    out: Vec<(To, Message)>,
    /// The status with which the kernel ends, when it is to end.
    pub ends: Option<u8>,
}

impl<P: Processes> Proxy<P> {
    /// A kernel whose evcxr is about to start. Marks of evcxr's begin with the token.
    pub fn new(processes: P, token: String) -> Proxy<P> {
        Proxy {
            processes,
            evcxr: Evcxr::Starting,
            waiting: VecDeque::new(),
            cell: None,
            before: None,
            count: 0,
            own: VecDeque::new(),
            token,
            asked: None,
            typed: Vec::new(),
            notes: Vec::new(),
            parts: Parts::default(),
            displays: Displays::new(),
            widgets: Widgets::default(),
            passed: Vec::new(),
            out: Vec::new(),
            ends: None,
        }
    }

    /// What evcxr's marks begin with.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The messages to be sent, in order.
    pub fn out(&mut self) -> Vec<(To, Message)> {
        std::mem::take(&mut self.out)
    }

    fn send(&mut self, to: To, message: Message) {
        self.out.push((to, message));
    }

    fn status(&mut self, request: &Message, state: &str) {
        self.send(To::Iopub, request.child("status", json!({"execution_state": state})));
    }

    /// The answer to a request that is no cell. A kernel that is busy with a cell is so afterwards,
    /// too, for a page that was loaded meanwhile.
    fn answered(&mut self, request: &Message, answer: impl IntoIterator<Item = (To, Message)>) {
        self.status(request, "busy");
        self.out.extend(answer);
        self.status(request, "idle");
        if let Some(cell) = &self.cell {
            let cell = cell.request.clone();
            self.status(&cell, "busy");
        }
    }

    /// The cell to which belongs what is written now. What evcxr tries out at its start is nobody's.
    fn writing(&mut self) -> Option<&mut Cell> {
        self.cell.as_mut().filter(|cell| cell.is_with_evcxr).or(self.before.as_mut())
    }

    fn is_free(&self) -> bool {
        matches!(self.evcxr, Evcxr::Ready) && self.cell.is_none() && self.waiting.is_empty()
    }

    /// evcxr has answered its first question.
    pub fn ready(&mut self) {
        self.evcxr = Evcxr::Ready;
        self.hand_over();
    }

    /// evcxr can't be had: each cell will say so.
    pub fn missing(&mut self, why: String) {
        self.evcxr = Evcxr::Missing(why);
        self.hand_over();
    }

    /// Begins with the next cell, if nothing runs. A kernel whose evcxr is still to come is busy with
    /// it, too.
    fn start_next(&mut self) {
        if self.cell.is_some() {
            return;
        }
        let Some(request) = self.waiting.pop_front() else { return };
        let silent = request.flag("silent", false);
        if !silent && request.flag("store_history", true) {
            self.count += 1;
        }
        self.status(&request, "busy");
        self.begin_displays(&request);
        if !silent {
            let input = json!({"code": request.code(), "execution_count": self.count});
            self.send(To::Iopub, request.child("execute_input", input));
        }
        // What its threads still write, is the next one's from now on.
        self.before.iter_mut().for_each(Cell::end_streams);
        self.flush();
        self.before = None;
        self.cell = Some(Cell::new(request, self.count, &self.token));
        std::mem::take(&mut self.notes).iter().for_each(|note| self.note(note));
        self.hand_over();
    }

    /// Hands the cell to evcxr.
    fn hand_over(&mut self) {
        let Some(cell) = &mut self.cell else { return };
        match &self.evcxr {
            Evcxr::Starting => {}
            Evcxr::Missing(why) => {
                let text = format!("{why}\nRestart the kernel when that is mended.");
                let failure = Failure::new("no kernel", &text);
                self.finish(Some(failure));
            }
            Evcxr::Ready if cell.request.code().trim().is_empty() => self.finish(None),
            Evcxr::Ready => {
                cell.is_with_evcxr = true;
                let request = Message { identities: Vec::new(), ..cell.request.clone() };
                self.send(To::Evcxr, request);
            }
        }
    }

    /// Tells Jupyter how the cell ended, and goes on with the next one.
    fn finish(&mut self, failure: Option<Failure>) {
        let Some(mut cell) = self.cell.take() else { return };
        self.out.extend(cell.messages().into_iter().map(|message| (To::Iopub, message)));
        let request = cell.request.clone();
        let mut reply = json!({
            "status": "ok", "execution_count": cell.count, "payload": [],
            "user_expressions": answers::expressions(&request),
        });
        if let Some(failure) = &failure {
            self.send(To::Iopub, request.child("error", failure.content()));
            reply = failure.content();
            reply["status"] = "error".into();
            reply["execution_count"] = cell.count.into();
        } else if is_rust(request.code()) {
            self.own.retain(|code| code != request.code());
            self.own.push_front(request.code().to_owned());
            self.own.truncate(MOST_CELLS);
        }
        self.send(To::Shell, request.reply(reply));
        self.status(&request, "idle");
        // Those of a front end's own, in silence, are no cells.
        let is_silent = request.flag("silent", false);
        let stops = failure.is_some() && request.flag("stop_on_error", true) && !is_silent;
        if stops || cell.stopped.is_some() {
            self.abort_waiting();
        }
        self.end_input();
        self.before = Some(cell);
        self.start_next();
    }

    /// Cells that wait behind one that failed or was stopped don't run.
    fn abort_waiting(&mut self) {
        for request in std::mem::take(&mut self.waiting) {
            self.status(&request, "busy");
            self.send(To::Shell, request.reply(json!({"status": "aborted"})));
            self.status(&request, "idle");
        }
    }

    /// Something to know while evcxr starts: for the cell that waits for it, or the first to come.
    pub fn note(&mut self, text: &str) {
        match &mut self.cell {
            Some(cell) => cell.say(Stream::Stderr, &format!("{}\n", text.trim_end())),
            None => self.notes.push(text.to_owned()),
        }
    }

    /// Reads all that the cells have written so far.
    pub fn read_output(&mut self) {
        for (stream, bytes) in self.processes.read_output() {
            if let Some(cell) = self.writing() {
                cell.write(stream, &bytes, false);
            }
        }
    }

    /// Whether [`Proxy::tick`] has something to do.
    pub fn is_busy(&self) -> bool {
        self.cell.is_some() || self.before.as_ref().is_some_and(Cell::has_more)
    }

    fn flush(&mut self) {
        if let Some(cell) = self.cell.as_mut().or(self.before.as_mut()) {
            cell.flush();
            self.out.extend(cell.messages().into_iter().map(|message| (To::Iopub, message)));
        }
    }
}

#[cfg(test)]
mod tests;
