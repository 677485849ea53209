//! What the process of the cells says, and what it is answered.

use super::cell::{Cell, Stream};
use super::message::Message;
use super::{Processes, Proxy, To};
use crate::link::{Kind, LONGEST, Packet};
use serde_json::json;

impl<P: Processes> Proxy<P> {
    /// The cells' process says something.
    pub fn packet(&mut self, packet: Packet) {
        match packet.kind {
            Kind::Hello => {
                self.parts.clear();
                self.close_widgets();
                self.processes.started(packet.process);
            }
            Kind::Start => {
                if let Some(cell) = self.cell.as_mut().filter(|cell| cell.is_with_evcxr) {
                    cell.runs = true;
                }
            }
            Kind::End => {
                self.read_output();
                let marks = self.writing().map(Cell::end_run);
                self.processes.answer(&packet, marks.unwrap_or_default().as_bytes());
            }
            Kind::Input => self.ask_for_input(packet),
            Kind::Panic | Kind::ThreadPanic => {
                self.read_output();
                if let Some(cell) = self.writing() {
                    cell.panic(without_stack(&packet.text()), packet.kind == Kind::Panic);
                }
            }
            Kind::Show | Kind::Replace => self.display(&packet),
            Kind::Widget => self.widget_packet(&packet),
            Kind::Note => self.note(&packet.text()),
        }
    }

    fn ask_for_input(&mut self, packet: Packet) {
        self.read_output();
        if !self.typed.is_empty() {
            return self.hand_input(&packet);
        }
        let Some(cell) = &mut self.cell else { return self.processes.answer(&packet, &[]) };
        let (prompt, password) = cell.take_prompt().unwrap_or_default();
        if !cell.request.flag("allow_stdin", false) {
            cell.say(Stream::Stderr, "[no input here: the cell reads the end of its input]\n");
            return self.processes.answer(&packet, &[]);
        }
        let content = json!({"prompt": prompt, "password": password});
        let mut question = cell.request.child("input_request", content);
        question.identities.clone_from(&cell.request.identities);
        self.flush();
        self.send(To::Stdin, question.clone());
        self.end_input();
        self.asked = Some((packet, question));
    }

    /// Whoever still waits for input gets the end of it: a thread that nobody answers would keep all
    /// others from asking.
    pub(super) fn end_input(&mut self) {
        self.typed.clear();
        if let Some((packet, _)) = self.asked.take() {
            self.processes.answer(&packet, &[]);
        }
    }

    /// The user has typed a line. A front end that says to which question is taken at its word: the
    /// box of an older one may still stand there.
    pub fn input(&mut self, reply: &Message) {
        let is_older = |(_, question): &(Packet, Message)| {
            reply.parent["msg_id"].is_string() && !reply.belongs_to(question)
        };
        if self.asked.as_ref().is_some_and(is_older) {
            return;
        }
        if let Some((question, _)) = self.asked.take() {
            let line = reply.content["value"].as_str().unwrap_or_default();
            self.typed = format!("{line}\n").into_bytes();
            self.hand_input(&question);
        }
    }

    /// As much of what was typed as fits into an answer.
    fn hand_input(&mut self, question: &Packet) {
        let rest = self.typed.split_off(self.typed.len().min(LONGEST));
        let part = std::mem::replace(&mut self.typed, rest);
        self.processes.answer(question, &part);
    }
}

/// libtorch appends the stack of its C++ code to its messages.
fn without_stack(message: &str) -> String {
    let message = message.split("Exception raised from").next().unwrap_or_default();
    message.trim_end().trim_end_matches("\\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_libtorch_loses_its_stack() {
        assert_eq!(without_stack("size 3\\nException raised from x"), "size 3");
        assert_eq!(without_stack("index out of bounds"), "index out of bounds");
    }
}
