//! Things that the cells show and replace by others: `display_data` with a `display_id`, and
//! `update_display_data`, which every front end redraws in place.
//!
//! A page that is loaded anew has forgotten which cell runs, and drops what that cell still says. It
//! knows the cells that are run from it: so the first of these shows the things, too, while it waits.

use super::message::Message;
use super::{Processes, Proxy, To};
use crate::link::{Kind, Packet};
use serde_json::{Value, json};
use std::collections::HashMap;

/// A larger thing would take the browser down.
const LARGEST: usize = 16 << 20;

/// So many things of a cell are lent to another one.
const MOST_LENT: usize = 8;

/// The things that were shown.
pub struct Displays {
    /// No two kernels may give two things the same name: a front end can show both.
    kernel: String,
    /// Those that have not come whole yet, by their process and the number of their packets.
    begun: HashMap<(u32, u32), Vec<u8>>,
    /// What the cell that runs has shown, as it is now.
    shown: Vec<Value>,
    /// Whether a front end has come while it runs, to which nothing is lent yet.
    has_new_page: bool,
    /// The waiting cell below which they stand, too.
    lent_to: Option<String>,
    /// What was replaced while no cell ran: a front end without a page listened to none.
    late: Vec<Value>,
}

impl Displays {
    /// Nothing has been shown.
    pub fn new() -> Displays {
        Displays {
            kernel: uuid::Uuid::new_v4().simple().to_string(),
            begun: HashMap::new(),
            shown: Vec::new(),
            has_new_page: false,
            lent_to: None,
            late: Vec::new(),
        }
    }

    /// A front end asks for the first time while a cell runs.
    pub fn new_page(&mut self) {
        self.has_new_page = true;
    }

    /// The process of the cells is another one now.
    pub fn clear(&mut self) {
        self.begun.clear();
    }

    /// Adds a part; gives the number of the thing and the thing when it is whole.
    fn add(&mut self, packet: &Packet) -> Option<(u64, Value)> {
        let (id, rest) = packet.bytes.split_first_chunk()?;
        let (is_last, part) = rest.split_first()?;
        let number = (packet.process, packet.question);
        let begun = self.begun.entry(number).or_default();
        // One that is too large stays a part, and is not shown.
        if begun.len() + part.len() <= LARGEST {
            begun.extend(part);
        }
        if *is_last == 0 {
            return None;
        }
        let bytes = self.begun.remove(&number)?;
        Some((u64::from_ne_bytes(*id), serde_json::from_slice(&bytes).ok()?))
    }
}

impl<P: Processes> Proxy<P> {
    /// A part of a thing has come.
    pub(super) fn display(&mut self, packet: &Packet) {
        let is_last = packet.bytes.get(8).is_some_and(|last| *last != 0);
        if let Some((id, data)) = self.displays.add(packet) {
            let id = format!("{}-{}-{id}", self.displays.kernel, packet.process);
            let content = json!({"data": data, "metadata": {}, "transient": {"display_id": id}});
            match packet.kind {
                Kind::Show => self.show(content),
                _ => self.replace(content),
            }
        }
        if is_last && packet.kind == Kind::Show {
            self.processes.answer(packet, &[]);
        }
    }

    /// A cell waits for the one that runs: what that one has shown stands below it meanwhile.
    pub(super) fn lend_displays(&mut self, request: &Message) {
        if !self.displays.has_new_page || self.displays.shown.is_empty() {
            return;
        }
        self.displays.has_new_page = false;
        self.displays.lent_to = Some(request.id().to_owned());
        for content in &self.displays.shown {
            self.out.push((To::Iopub, request.child("display_data", content.clone())));
        }
    }

    /// The cell begins: what was lent to it goes, and what came while no cell ran is said once more.
    pub(super) fn begin_displays(&mut self, request: &Message) {
        self.displays.shown.clear();
        self.displays.has_new_page = false;
        if self.displays.lent_to.take_if(|id| id == request.id()).is_some() {
            self.send(To::Iopub, request.child("clear_output", json!({"wait": false})));
        }
        for content in std::mem::take(&mut self.displays.late) {
            self.send(To::Iopub, request.child("update_display_data", content));
        }
    }

    /// The process has been ended: nothing will change any more.
    pub(super) fn end_displays(&mut self) {
        const LINE: &str = "(ended by a second stop)";
        for mut content in std::mem::take(&mut self.displays.shown) {
            if let Some(Value::String(html)) = content["data"].get_mut("text/html") {
                html.push_str(&format!("<div>{LINE}</div>"));
            }
            if let Some(Value::String(text)) = content["data"].get_mut("text/plain") {
                text.push_str(&format!("\n{LINE}"));
            }
            self.replace(content);
        }
    }

    fn show(&mut self, content: Value) {
        self.displays.shown.retain(|shown| shown["transient"] != content["transient"]);
        if self.displays.shown.len() == MOST_LENT {
            self.displays.shown.remove(0);
        }
        self.displays.shown.push(content.clone());
        self.read_output();
        let Some(cell) = self.writing() else { return };
        cell.display(content);
        let messages = cell.messages();
        self.out.extend(messages.into_iter().map(|message| (To::Iopub, message)));
    }

    /// In the name of the cell that runs: that is the one whose messages a front end without a page
    /// listens to.
    fn replace(&mut self, content: Value) {
        let is_same = |other: &Value| other["transient"] == content["transient"];
        if let Some(shown) = self.displays.shown.iter_mut().find(|shown| is_same(shown)) {
            shown.clone_from(&content);
        }
        if self.cell.is_none() {
            self.displays.late.retain(|late| !is_same(late));
            self.displays.late.push(content.clone());
        }
        if let Some(cell) = self.cell.as_ref().or(self.before.as_ref()) {
            let message = cell.request.child("update_display_data", content);
            self.send(To::Iopub, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(question: u32, last: u8, text: &str) -> Packet {
        let bytes = [&7u64.to_ne_bytes()[..], &[last], text.as_bytes()].concat();
        Packet { kind: Kind::Show, process: 1, question, bytes }
    }

    #[test]
    fn parts_of_two_things_come_in_any_order() {
        let mut displays = Displays::new();
        assert_eq!(displays.add(&packet(1, 0, "{\"text/plain\": \"a")), None);
        assert_eq!(displays.add(&packet(2, 0, "{\"text/plain\": \"\u{fc}")), None);
        assert_eq!(displays.add(&packet(1, 1, "b\"}")), Some((7, json!({"text/plain": "ab"}))));
        assert_eq!(displays.add(&packet(2, 1, "\"}")), Some((7, json!({"text/plain": "\u{fc}"}))));
        assert_eq!(displays.add(&packet(3, 1, "no JSON")), None);
        assert_eq!(displays.add(&Packet { bytes: vec![1], ..packet(4, 1, "") }), None);
        assert!(displays.begun.is_empty());
        let megabyte = "1".repeat(1 << 20);
        (0..20).for_each(|_| assert_eq!(displays.add(&packet(5, 0, &megabyte)), None));
        assert_eq!(displays.begun[&(1, 5)].len(), LARGEST);
    }
}
